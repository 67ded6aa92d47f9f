//! Keyed tokens: HMAC-SHA-256 under a school's key of the year, cut to 64 bits.

use ring::hmac;

/// What a token stands for. Two domains never share a token, whatever their text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Domain {
    /// A person of the roster, by person key.
    Person,
    /// An account that no roster joins to a person, a shared or a machine account.
    Account,
    /// A device by host name or address.
    Device,
    /// A host that may be somebody's name.
    Host,
    /// Words searched for.
    Search,
    /// A vendor's category words.
    Category,
    /// A filter group or policy name.
    Group,
    /// A sub-folder of the inbox.
    Folder,
    /// An incident's reference.
    Incident,
    /// A change of the filter, by its reference or its row.
    Change,
    /// A test of the filter, by its reference or its row.
    FilterCheck,
    /// A person's name as an incident export writes it.
    Name,
    /// The address of a request on an illegal-content list.
    IllegalPage,
    /// A whole row of an export, to know it again in a later one.
    ExportRow,
    /// The key of the hashes of a file's lines.
    Lines,
    /// A whole roster, to name its sealed file.
    Roster,
    /// A name or account of somebody who was erased.
    Erased,
    /// The key's own check value.
    Check,
}

impl Domain {
    /// What separates the domains below one key; stored tokens depend on it.
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Person => b"watershed 1 person\0",
            Self::Account => b"watershed 1 account\0",
            Self::Device => b"watershed 1 device\0",
            Self::Host => b"watershed 1 host\0",
            Self::Search => b"watershed 1 search\0",
            Self::Category => b"watershed 1 category\0",
            Self::Group => b"watershed 1 group\0",
            Self::Folder => b"watershed 1 folder\0",
            Self::Incident => b"watershed 1 incident\0",
            Self::Change => b"watershed 1 change\0",
            Self::FilterCheck => b"watershed 1 filter check\0",
            Self::Name => b"watershed 1 name\0",
            Self::IllegalPage => b"watershed 1 illegal page\0",
            Self::ExportRow => b"watershed 1 export row\0",
            Self::Lines => b"watershed 1 lines\0",
            Self::Roster => b"watershed 1 roster\0",
            Self::Erased => b"watershed 1 erased\0",
            Self::Check => b"watershed 1 check\0",
        }
    }
}

/// The token of a text: the first 64 bits of its keyed hash, big endian.
pub(super) fn token(key: &hmac::Key, domain: Domain, text: &[u8]) -> i64 {
    let mut context = hmac::Context::with_key(key);
    context.update(domain.label());
    context.update(text);
    let tag = context.sign();
    let mut first = [0; 8];
    first.copy_from_slice(&tag.as_ref()[..8]);
    i64::from_be_bytes(first)
}

/// The token as people see it: 16 hexadecimal digits.
#[must_use]
pub fn written(token: i64) -> String {
    format!("{token:016x}")
}

/// Reads 16 hexadecimal digits.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    crate::keys::from_hex(text.trim()).map(i64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    #[test]
    fn a_token_is_the_first_quarter_of_the_standard_hash() {
        // RFC 4231, test case 2 gives HMAC-SHA-256("Jefe", "what do ya want for nothing?") =
        // 5bdcc146bf60754e...; with our label in front the text differs, so the construction is
        // checked against the one-shot function and the cut against the RFC's digits.
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
        let tag = hmac::sign(&key, b"what do ya want for nothing?");
        assert_eq!(crate::keys::to_hex(&tag.as_ref()[..8]), "5bdcc146bf60754e");
        let whole = hmac::sign(&key, b"watershed 1 person\0P-17");
        assert_eq!(written(token(&key, Domain::Person, b"P-17")), crate::keys::to_hex(&whole.as_ref()[..8]));
    }

    #[test]
    fn domains_do_not_share_tokens() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]);
        assert_ne!(token(&key, Domain::Person, b"x"), token(&key, Domain::Account, b"x"));
    }

    #[test]
    fn written_tokens_come_back_negative_ones_too() {
        for value in [0, 1, -1, i64::MIN, i64::MAX, 0x0123_4567_89ab_cdef] {
            let text = written(value);
            assert_eq!(text.len(), 16);
            assert_eq!(parse(&text), Some(value));
        }
        assert_eq!(written(-1), "ffffffffffffffff");
        assert_eq!(parse("not a token"), None);
    }
}
