//! A record's bytes as text: UTF-8, else Windows-1252 with a notice (log-formats Q40).

use std::borrow::Cow;

use crate::fields::Text;
use crate::report::{Notice, Tally};

/// The text of a column; none when it is missing, empty or a dash.
pub(crate) fn read<'a>(bytes: &'a Text<'_>, tally: &mut Tally) -> Option<Cow<'a, str>> {
    match decode(bytes.as_deref()?) {
        Decoded::Utf8(text) => present(text).map(Cow::Borrowed),
        Decoded::Windows(text) => {
            tally.notice(Notice::Encoding);
            present(&text).map(|text| Cow::Owned(text.to_owned()))
        }
    }
}

enum Decoded<'a> {
    Utf8(&'a str),
    Windows(String),
}

fn decode(bytes: &[u8]) -> Decoded<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded::Utf8(text),
        Err(_) => {
            let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes);
            Decoded::Windows(text.into_owned())
        }
    }
}

/// Bytes as text, without a notice: an address's percent-escapes.
pub(crate) fn lenient(bytes: &[u8]) -> String {
    match decode(bytes) {
        Decoded::Utf8(text) => text.to_owned(),
        Decoded::Windows(text) => text,
    }
}

fn present(text: &str) -> Option<&str> {
    let ends = [text.as_bytes().first(), text.as_bytes().last()];
    let bare = ends.into_iter().flatten().all(u8::is_ascii_graphic);
    let text = if bare { text } else { text.trim() };
    (!text.is_empty() && text != "-").then_some(text)
}

/// Small letters; the text itself when they are small already.
pub(crate) fn small_letters(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        text
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::*;

    #[test]
    fn dashes_and_blanks_are_nothing() {
        let mut tally = Tally::default();
        for bytes in [&b"-"[..], b"", b"  ", b" - "] {
            assert_eq!(read(&Some(Cow::Borrowed(bytes)), &mut tally), None);
        }
        assert_eq!(read(&None, &mut tally), None);
        assert!(tally.notices.is_empty());
    }

    #[test]
    fn windows_bytes_are_read_with_a_notice() {
        let mut tally = Tally::default();
        assert_eq!(read(&Some(Cow::Borrowed(b"Zo\xeb \x92")), &mut tally).unwrap(), "Zoë \u{2019}");
        assert_eq!(tally.notices.len(), 1);
        let field = Some(Cow::Borrowed("Zoë".as_bytes()));
        assert!(matches!(read(&field, &mut tally), Some(Cow::Borrowed("Zoë"))));
        assert_eq!(tally.notices.values().sum::<u64>(), 1);
    }
}
