//! Somebody whom a row names: the roster's answer, and whether two names are two persons.

use std::borrow::Cow;

use super::{Roster, account};
use crate::event::Role;
use crate::filter_change::SchoolRole;
use crate::record::PersonName;
use crate::school::AcademicYear;

/// Looks a name up.
pub(crate) fn read<'a>(
    written: Option<Cow<'a, str>>,
    year: AcademicYear,
    roster: &mut dyn Roster,
) -> PersonName<'a> {
    let written = written.unwrap_or_default();
    let canonical = account::canonical_name(&written);
    let member = (!canonical.is_empty())
        .then(|| {
            roster.member_by_name(&canonical, year).or_else(|| {
                // Some exports name the account instead.
                roster.member(&account::canonical(&written), year)
            })
        })
        .flatten();
    PersonName { written, canonical, member }
}

/// What somebody is to the school: the row's own word, else the roster's.
pub(crate) fn school_role(written: Option<&str>, person: &PersonName<'_>) -> SchoolRole {
    match (written.map(SchoolRole::read).unwrap_or_default(), person.member.map(|member| member.role)) {
        (SchoolRole::Unknown, Some(Role::Pupil)) => SchoolRole::Pupil,
        (SchoolRole::Unknown, Some(Role::Staff)) => SchoolRole::Staff,
        (SchoolRole::Unknown, Some(Role::Guest)) => SchoolRole::Other,
        (role, _) => role,
    }
}

/// Whether two names are two persons; none where nobody can tell. A share of decisions by another person
/// is a promise to governors: what may be one person under two spellings is not counted as two.
pub(crate) fn is_another(one: &PersonName<'_>, other: &PersonName<'_>) -> Option<bool> {
    if one.canonical.is_empty() || other.canonical.is_empty() {
        return None;
    }
    if let (Some(one), Some(other)) = (one.member, other.member) {
        return Some(one.person != other.person);
    }
    let accounts = [one, other].map(|person| account::canonical(&person.written));
    if one.canonical == other.canonical || (!accounts[0].is_empty() && accounts[0] == accounts[1]) {
        return Some(false);
    }
    let full_name = |person: &PersonName<'_>| person.canonical.contains(' ');
    match (full_name(one), full_name(other)) {
        (true, true) => (!may_be_one_name(&one.canonical, &other.canonical)).then_some(true),
        (false, false) => {
            let (one, other) = (accounts[0].as_ref(), accounts[1].as_ref());
            // `smith` and `jsmith`.
            (!one.ends_with(other) && !other.ends_with(one)).then_some(true)
        }
        // An account and a name: `jsmith` and `Jane Smith`.
        _ => None,
    }
}

/// `j smith`, `mrs smith` and `jane smith`: the same last name, and nothing that speaks against the first.
fn may_be_one_name(one: &str, other: &str) -> bool {
    const TITLES: [&str; 6] = ["mr", "mrs", "ms", "miss", "mx", "dr"];
    let parts = |name: &str| -> Option<(String, String)> {
        let mut words: Vec<&str> = name
            .split(|letter: char| !letter.is_alphanumeric() && letter != '\'')
            .filter(|word| !word.is_empty() && !TITLES.contains(word))
            .collect();
        let last = words.pop()?.to_owned();
        Some((words.first().copied().unwrap_or_default().to_owned(), last))
    };
    let (Some((first, last)), Some((other_first, other_last))) = (parts(one), parts(other)) else {
        return true;
    };
    let fits = first.starts_with(other_first.as_str()) || other_first.starts_with(first.as_str());
    last == other_last && fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Member;

    fn person(written: &str, token: Option<i64>) -> PersonName<'_> {
        let member = token.map(|person| Member { person, role: Role::Staff, year_group: None });
        PersonName { written: written.into(), canonical: account::canonical_name(written), member }
    }

    #[test]
    fn two_spellings_are_not_counted_as_two_persons() {
        for (one, other, answer) in [
            ("Jane Smith", "Ann Lee", Some(true)),
            ("Jane Smith", "Smith, Jane", Some(false)),
            ("Jane Smith", "J Smith", None),
            ("J. Smith", "Jane Smith", None),
            ("Mrs Smith", "Jane Smith", None),
            ("Mrs Smith", "Mr Lee", Some(true)),
            ("Jane Smith", "Tom Smith", Some(true)),
            ("jsmith@oak.example", "OAK\\jsmith", Some(false)),
            ("jsmith@oak.example", "alee@oak.example", Some(true)),
            ("smith", "jsmith", None),
            ("jsmith@oak.example", "Jane Smith", None),
            ("Jane Smith", "", None),
            ("", "", None),
        ] {
            assert_eq!(is_another(&person(one, None), &person(other, None)), answer, "{one}, {other}");
            assert_eq!(is_another(&person(other, None), &person(one, None)), answer, "{other}, {one}");
        }
    }

    #[test]
    fn the_roster_knows_better_than_the_spelling() {
        let same = is_another(&person("Jane Smith", Some(7)), &person("jsmith", Some(7)));
        let two = is_another(&person("J Smith", Some(7)), &person("Jane Smith", Some(8)));
        assert_eq!((same, two), (Some(false), Some(true)));
        let known = person("jsmith", Some(7));
        assert_eq!(school_role(None, &known), SchoolRole::Staff);
        assert_eq!(school_role(Some("DSL"), &known), SchoolRole::Dsl);
        assert_eq!(school_role(None, &person("jsmith", None)), SchoolRole::Unknown);
    }
}
