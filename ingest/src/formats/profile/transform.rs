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
