//! Whether a text speaks of an illegal-content list: the words that sources have for such a list.
//!
//! A record that could not be read has no category. If its text has such a word, the address beside it may
//! be one that nobody may keep, so the text is not kept either.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

use crate::error::{Error, Kind};

/// What stands in the place of an address that is not kept.
pub const NOT_KEPT: &str = "(address not kept)";

/// An address in free text: with a scheme, an IPv4 or bracketed IPv6 address, or a host with a dot and what
/// hangs on it. Wide on purpose: a sentence without a blank after its full stop is taken for one.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi) \b [a-z][a-z0-9+.-]* (?: :// | %3a%2f%2f | \[:\]// ) \S* | \[ [0-9a-f:]{3,} \] \S*
          | [\p{L}\p{N}_-]+ (?: (?: \[?\(?\.\)?\]? | \u{3002} ) [\p{L}\p{N}_-]{2,} )+ [^\s\u{22},;]*
          | \b [0-9]{1,3} (?: \. [0-9]{1,3} ){3} \S*",
    )
    .ok()
});

/// The words of all illegal lists.
#[derive(Clone, Debug)]
pub(crate) struct ListWords(AhoCorasick);

impl ListWords {
    /// From category words as data files write them.
    pub(crate) fn new(words: impl IntoIterator<Item = String>) -> Result<Self, Error> {
        let patterns = words.into_iter().map(|word| spaced(word.as_bytes())).filter(|word| word.len() > 2);
        AhoCorasick::new(patterns.collect::<std::collections::BTreeSet<_>>())
            .map(Self)
            .map_err(|error| Error::new(Kind::Configuration, "category_map.csv is too large").because(error))
    }

    /// Whether a word of a list stands in the text, as whole words and whatever stands between them.
    pub(crate) fn stand_in(&self, text: &[u8]) -> bool {
        self.0.is_match(&spaced(text))
    }
}

/// Small letters and digits, one blank for all else, blanks at both ends; `%20` is a blank too.
fn spaced(text: &[u8]) -> Vec<u8> {
    let mut spaced = vec![b' '];
    let decoded: Cow<'_, [u8]> = percent_encoding::percent_decode(text).into();
    for byte in decoded.iter() {
        if byte.is_ascii_alphanumeric() || !byte.is_ascii() {
            spaced.push(byte.to_ascii_lowercase());
        } else if spaced.last() != Some(&b' ') {
            spaced.push(b' ');
        }
    }
    if spaced.last() != Some(&b' ') {
        spaced.push(b' ');
    }
    spaced
}

/// The text with every address in it replaced; nothing at all where that cannot be done.
#[must_use]
pub fn without_addresses(text: &str) -> String {
    let Some(address) = ADDRESS.as_ref() else { return String::new() };
    address.replace_all(text, NOT_KEPT).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    #[test]
    fn words_of_a_list_are_found_whole_however_they_are_written() {
        let words = ["IWF", "Child Abuse (IWF)", "IW_cprn", "ILL-CSAM"].map(str::to_owned);
        let words = ListWords::new(words).unwrap();
        for text in [
            "1759737604.5 cut http://a.example/ IWF",
            "cat=\"Child%20Abuse%20(IWF)\"",
            "|iwf|",
            "a,iw_CPRN,b",
            "ill csam",
            "Child+Abuse+%28IWF%29",
        ] {
            assert!(words.stand_in(text.as_bytes()), "{text}");
        }
        for text in ["biwfx", "child abuse", "iw", "", "cprn"] {
            assert!(!words.stand_in(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn an_address_in_a_sentence_goes_and_the_sentence_stays() {
        for (text, left) in [
            ("saw http://bad.example/a?b=c at home", "saw (address not kept) at home"),
            ("bad.example/path, then told a teacher.", "(address not kept), then told a teacher."),
            ("bad[.]example and hxxp://bad.example:80/x", "(address not kept) and (address not kept)"),
            ("at 192.0.2.7/x and [2001:db8::1]/y", "at (address not kept) and (address not kept)"),
            ("m\u{fc}ller.example", "(address not kept)"),
            ("Told Mr. Jones. Nothing else.", "Told Mr. Jones. Nothing else."),
        ] {
            assert_eq!(without_addresses(text), left);
        }
    }
}
