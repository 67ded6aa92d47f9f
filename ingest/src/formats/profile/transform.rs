//! The closed list of what a profile may do to a value. A profile is data and cannot run code.

use std::borrow::Cow;

use serde::Deserialize;

/// One clean-up of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Transform {
    /// Blanks at both ends.
    Trim,
    /// Small letters (ASCII).
    Lower,
    /// `%41` becomes `A`.
    PercentDecode,
    /// `SCHOOL\name` becomes `name`.
    DomainPrefix,
    /// `name@school.example` becomes `name`.
    MailSuffix,
    /// The first of several words.
    First,
    /// `https://host:1/x` becomes `host`.
    HostOfUrl,
    /// Digits only.
    Digits,
    /// `mtaylor (Year 9)` becomes `mtaylor`.
    BeforeBrackets,
    /// `mtaylor (Year 9)` becomes `Year 9`.
    InsideBrackets,
    /// Nothing, unless the value looks like an address: no blank, and a dot or `://` in it.
    OnlyAddress,
    /// Nothing, if the value looks like an address.
    OnlyWords,
}

impl Transform {
    /// Applies it; borrowed stays borrowed where nothing has to be rewritten.
    pub(super) fn apply<'a>(self, value: Cow<'a, [u8]>, separators: &[u8]) -> Cow<'a, [u8]> {
        match self {
            Self::Trim => part(value, |value| value.trim_ascii()),
            Self::Lower if value.iter().any(u8::is_ascii_uppercase) => Cow::Owned(value.to_ascii_lowercase()),
            Self::Lower => value,
            Self::PercentDecode if memchr::memchr(b'%', &value).is_some() => {
                Cow::Owned(percent_encoding::percent_decode(&value).collect())
            }
            Self::PercentDecode => value,
            Self::DomainPrefix => {
                part(value, |value| memchr::memrchr(b'\\', value).map_or(value, |at| &value[at + 1..]))
            }
            Self::MailSuffix => {
                part(value, |value| memchr::memchr(b'@', value).map_or(value, |at| &value[..at]))
            }
            Self::First => part(value, |value| {
                value
                    .iter()
                    .position(|byte| separators.contains(byte))
                    .map_or(value, |at| &value[..at])
                    .trim_ascii()
            }),
            Self::HostOfUrl => part(value, host),
            Self::Digits if value.iter().all(u8::is_ascii_digit) => value,
            Self::BeforeBrackets => part(value, |value| brackets(value).map_or(value, |(before, _)| before)),
            Self::InsideBrackets => {
                part(value, |value| brackets(value).map_or(&b""[..], |(_, inside)| inside))
            }
            Self::OnlyAddress => part(value, |value| if is_address(value) { value } else { &[] }),
            Self::OnlyWords => part(value, |value| if is_address(value) { &[] } else { value }),
            Self::Digits => Cow::Owned(value.iter().copied().filter(u8::is_ascii_digit).collect()),
        }
    }
}

/// Keeps a part of a value, without a copy where it is borrowed.
fn part<'a>(value: Cow<'a, [u8]>, keep: impl FnOnce(&[u8]) -> &[u8]) -> Cow<'a, [u8]> {
    match value {
        Cow::Borrowed(value) => Cow::Borrowed(keep(value)),
        Cow::Owned(value) => Cow::Owned(keep(&value).to_vec()),
    }
}

/// What stands before and in the brackets at a value's end.
fn brackets(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = value.trim_ascii_end().strip_suffix(b")")?;
    let open = memchr::memchr(b'(', inner)?;
    Some((inner[..open].trim_ascii(), inner[open + 1..].trim_ascii()))
}

fn is_address(value: &[u8]) -> bool {
    let dotted = value.iter().skip(1).rev().skip(1).any(|byte| *byte == b'.');
    !value.iter().any(u8::is_ascii_whitespace) && (dotted || memchr::memmem::find(value, b"://").is_some())
}

fn host(url: &[u8]) -> &[u8] {
    let rest = memchr::memmem::find(url, b"://").map_or(url, |at| &url[at + 3..]);
    let rest = rest.iter().position(|byte| b"/?#".contains(byte)).map_or(rest, |at| &rest[..at]);
    let rest = memchr::memrchr(b'@', rest).map_or(rest, |at| &rest[at + 1..]);
    match rest {
        [b'[', inner @ ..] => memchr::memchr(b']', inner).map_or(inner, |at| &inner[..at]),
        _ => memchr::memchr(b':', rest).map_or(rest, |at| &rest[..at]),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    #[test]
    fn each_does_what_it_says() {
        for (transform, before, after) in [
            (Transform::Trim, " a ", "a"),
            (Transform::Lower, "AbÉ", "abÉ"),
            (Transform::PercentDecode, "a%20b%", "a b%"),
            (Transform::DomainPrefix, "SCHOOL\\mt", "mt"),
            (Transform::MailSuffix, "mt@school.example", "mt"),
            (Transform::First, "a ; b", "a"),
            (Transform::HostOfUrl, "https://u:p@host.example:81/x?y", "host.example"),
            (Transform::HostOfUrl, "http://[::1]:80/", "::1"),
            (Transform::HostOfUrl, "host.example", "host.example"),
            (Transform::Digits, "1,234", "1234"),
            (Transform::BeforeBrackets, "mt (Year 9 (set 2))", "mt"),
            (Transform::BeforeBrackets, "mt", "mt"),
            (Transform::InsideBrackets, "mt (Year 9 (set 2))", "Year 9 (set 2)"),
            (Transform::InsideBrackets, "mt", ""),
            (Transform::OnlyAddress, "a.example/x y", ""),
            (Transform::OnlyAddress, "a.example/x", "a.example/x"),
            (Transform::OnlyAddress, "end.", ""),
            (Transform::OnlyWords, "how to win", "how to win"),
            (Transform::OnlyWords, "http://intranet/", ""),
        ] {
            assert_eq!(
                transform.apply(Cow::Borrowed(before.as_bytes()), b";").as_ref(),
                after.as_bytes(),
                "{transform:?}"
            );
            assert_eq!(
                transform.apply(Cow::Owned(before.into()), b";").as_ref(),
                after.as_bytes(),
                "{transform:?}"
            );
        }
    }
}
