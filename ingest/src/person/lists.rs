//! Lists of names as exports write them, taken apart.

use crate::error::Error;

/// Signs that separate names wherever they stand.
const SEPARATORS: [char; 4] = [';', '\n', '|', '\t'];

/// The list without the names of which `goes` is true; none where nobody is left. A comma separates names, or
/// a last name from the first: the pair is asked for first.
///
/// # Errors
/// What `goes` answers.
pub(crate) fn without(
    list: &str,
    goes: &mut dyn FnMut(&str) -> Result<bool, Error>,
) -> Result<Option<String>, Error> {
    let mut left = String::new();
    let mut somebody = false;
    let mut pieces = list.split(SEPARATORS);
    let mut position = 0;
    let mut took_out = false;
    for piece in &mut pieces {
        let separator = (position > 0).then(|| list[..position].chars().next_back()).flatten();
        position += piece.len() + 1;
        let kept = if named(piece, goes)? { None } else { of_commas(piece, goes)? };
        took_out |= kept.as_deref() != Some(piece);
        let Some(kept) = kept else { continue };
        if somebody {
            left.extend(separator);
        }
        left.push_str(&kept);
        somebody |= !kept.trim().is_empty();
    }
    if !took_out {
        return Ok(Some(list.to_owned()));
    }
    Ok(somebody.then(|| left.trim().to_owned()))
}

/// A piece in which nothing separates but commas.
fn of_commas(
    piece: &str,
    goes: &mut dyn FnMut(&str) -> Result<bool, Error>,
) -> Result<Option<String>, Error> {
    let parts: Vec<&str> = piece.split(',').collect();
    if parts.len() < 2 {
        return Ok(Some(piece.to_owned()));
    }
    // A last name alone may be somebody's account.
    let whole = |part: Option<&&str>| part.is_none_or(|part| part.trim().contains(char::is_whitespace));
    let mut kept: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(part) = parts.get(at) {
        if let Some(first) = parts.get(at + 1)
            && !first.trim().is_empty()
            && goes(&format!("{}, {}", part.trim(), first.trim()))?
        {
            at += 2;
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| parts.get(before));
        let alone = whole(Some(part)) || (whole(before) && whole(parts.get(at + 1)));
        if !(alone && named(part, goes)?) {
            kept.push(part);
        }
        at += 1;
    }
    Ok((!kept.is_empty()).then(|| kept.join(",")))
}

/// Whether a piece is a name that goes, or has one in its brackets: `A. Jones (ajones)`.
fn named(piece: &str, goes: &mut dyn FnMut(&str) -> Result<bool, Error>) -> Result<bool, Error> {
    let piece = piece.trim();
    if piece.is_empty() {
        return Ok(false);
    }
    if goes(piece)? {
        return Ok(true);
    }
    let inner = piece.split_once(['(', '<', '[']).map(|(_, rest)| rest.trim_end_matches([')', '>', ']']));
    match inner.map(str::trim).filter(|inner| !inner.is_empty()) {
        Some(inner) => goes(inner),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;
    use crate::normalise::account::{canonical, canonical_name};

    fn left(list: &str) -> Option<String> {
        without(list, &mut |name| Ok(canonical_name(name) == "ann lee" || canonical(name) == "alee")).unwrap()
    }

    #[test]
    fn one_name_goes_and_the_others_stay_as_they_were_written() {
        for (list, expected) in [
            ("Ann Lee", None),
            ("Lee, Ann (7B)", None),
            ("Tom Hill; Ann Lee", Some("Tom Hill")),
            ("Ann Lee; Tom Hill;Jo Fox", Some("Tom Hill;Jo Fox")),
            ("Hill, Tom (8B); Lee, Ann; Fox, Jo", Some("Hill, Tom (8B); Fox, Jo")),
            ("Hill, Tom, Lee, Ann", Some("Hill, Tom")),
            ("Tom Hill, Ann Lee, Jo Fox", Some("Tom Hill, Jo Fox")),
            ("Tom Hill\nOAK\\alee\n", Some("Tom Hill")),
            ("A. Lee (alee) ; Tom Hill", Some("Tom Hill")),
            ("Tom Hill, alee", Some("Tom Hill")),
            ("alee, Jo", Some("alee, Jo")),
            ("Joann Leeson; Tom Hill", Some("Joann Leeson; Tom Hill")),
            (" ; ", Some(" ; ")),
        ] {
            assert_eq!(left(list).as_deref(), expected, "{list}");
        }
    }
}
