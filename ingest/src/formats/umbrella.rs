//! What Cisco Umbrella's logs of look-ups and of the proxy share: quoted values without a header, new
//! columns at the end with each version of the log, times in UTC, an identity of some type.
//!
//! Columns from the vendor's pages on log formats
//! (<https://docs.umbrella.com/umbrella-user-guide/docs/dns-log-formats>,
//! <https://docs.umbrella.com/umbrella-user-guide/docs/web-log-formats>) and from real lines.

use std::borrow::Cow;

use super::comma::Value;
use super::{Vote, comma, lex};
use crate::fields::{Action, Text, When};

/// Time in the first column, UTC.
pub(super) fn time(value: &[u8]) -> Option<When> {
    match lex::whole_of(value, lex::local_time('-')) {
        Some(When::Local(utc)) => Some(lex::at_offset(utc, 0)),
        _ => None,
    }
}

/// Whether a line is a row of one of these logs, its time and its verdict in their places; `place` is
/// the verdict's. A quoted time alone is too common to make a broken row a piece of these.
pub(super) fn sniff(line: &[u8], place: usize, least: usize, most: usize) -> Vote {
    let rest = line.strip_prefix(b" ").unwrap_or(line);
    let Some(inner) = rest.strip_prefix(b"\"") else { return Vote::No };
    if !lex::local_time('-')(inner).is_ok_and(|(after, _)| after.starts_with(b"\",")) {
        return Vote::No;
    }
    let mut count = 0;
    let mut decided = false;
    for (index, value) in comma::Values::new(line).enumerate() {
        count = index + 1;
        decided |= index == place && verdict(&value) != Action::Unknown;
    }
    if decided && (least..=most).contains(&count) { Vote::Yes } else { Vote::No }
}

/// Whether a line is the header that can be asked for; names are written with or without quotes.
pub(super) fn is_header(line: &[u8], second: &[u8]) -> bool {
    let mut names = comma::Values::new(line);
    let is = |name: Option<Value<'_>>, wanted: &[u8]| {
        name.is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(wanted))
    };
    is(names.next(), b"timestamp") && is(names.next(), second)
}

/// The word of the verdict; the two logs differ in case.
pub(super) fn verdict(word: &[u8]) -> Action {
    let is = |wanted: &[u8]| word.eq_ignore_ascii_case(wanted);
    if is(b"allowed") || is(b"proxied") {
        Action::Allowed
    } else if is(b"blocked") {
        Action::Blocked
    } else if word.len() >= 4 && word[..4].eq_ignore_ascii_case(b"warn") {
        Action::Warned
    } else {
        Action::Unknown
    }
}

/// Who an identity is: an account, or a device or network, by its type. Of `NAME (name@school)` the
/// address in brackets is the account.
pub(super) fn identity<'a>(identity: Value<'a>, kind: &[u8]) -> (Text<'a>, Text<'a>) {
    let named = kind.windows(4).any(|part| part.eq_ignore_ascii_case(b"user"));
    let Some(identity) = comma::text(identity) else { return (None, None) };
    if !named {
        return (None, Some(identity));
    }
    let account = match identity {
        Cow::Borrowed(text) => Cow::Borrowed(bracketed(text)),
        Cow::Owned(text) => Cow::Owned(bracketed(&text).to_vec()),
    };
    (Some(account), None)
}

/// Whether the types of all identities, commas between, say that a roaming client was on no network or site of the
/// customer's.
pub(super) fn off_site(kinds: &[u8]) -> bool {
    let has = |wanted: &[u8]| kinds.windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted));
    has(b"roaming") && !has(b"network") && !has(b"site")
}

fn bracketed(text: &[u8]) -> &[u8] {
    let inner = text.strip_suffix(b")").and_then(|text| {
        let open = memchr::memrchr(b'(', text)?;
        text.get(open + 1..)
    });
    match inner {
        // Anything else in brackets belongs to the name.
        Some(inner) if memchr::memchr_iter(b'@', inner).count() == 1 && !inner.contains(&b':') => inner,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roaming_client_on_no_network_is_off_site() {
        assert!(off_site(b"Roaming Computers") && off_site(b"AD Users,Anyconnect Roaming Client"));
        assert!(!off_site(b"Roaming Computers,Sites") && !off_site(b"Roaming Computers,Networks"));
        assert!(!off_site(b"AD Users") && !off_site(b""));
    }

    #[test]
    fn identities() {
        let read = |text: &'static str, kind: &str| {
            let (user, host) = identity(Cow::Borrowed(text.as_bytes()), kind.as_bytes());
            let text = |text: Text<'_>| text.map(|text| String::from_utf8_lossy(&text).into_owned());
            (text(user), text(host))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            read("TAYLOR, MARY (mtaylor@school.example)", "AD Users"),
            (some("mtaylor@school.example"), None)
        );
        assert_eq!(read("Mary Taylor (Year 9)", "AD User"), (some("Mary Taylor (Year 9)"), None));
        assert_eq!(read("PC17", "Anyconnect Roaming Client"), (None, some("PC17")));
        assert_eq!(read("", "AD Users"), (None, None));
    }
}
