//! What the logs of squidGuard and of its descendant ufdbGuard share: a local time, a number between
//! brackets, and the address lists whose names stand for categories.

use super::lex::{self, Fault};
use crate::fields::When;
use crate::report::Reason;

/// Reads `2025-09-10 10:45:00 [31277] ` and gives the time and the message.
pub(super) fn stamped(record: &[u8]) -> Result<(When, &[u8]), Fault> {
    let Ok((rest, time)) = lex::local_time('-')(record) else {
        return Err(Fault::new(Reason::Time, record));
    };
    let Some(inner) = rest.strip_prefix(b" [") else {
        return Err(Fault::new(if rest.is_empty() { Reason::Truncated } else { Reason::Columns }, rest));
    };
    let digits = inner.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match inner[digits..].strip_prefix(b"]") {
        Some(message) if digits > 0 => Ok((time, message.strip_prefix(b" ").unwrap_or(message))),
        _ => Err(Fault::new(if inner.len() == digits { Reason::Truncated } else { Reason::Columns }, inner)),
    }
}

/// The last word of a text and what stands before it.
pub(super) fn split_last(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_end();
    match memchr::memrchr(b' ', text) {
        Some(at) => (text[..at].trim_ascii_end(), &text[at + 1..]),
        None => (&text[..0], text),
    }
}

/// The list a rule is about. A firewall's package puts the archive that a list came from before its
/// name (`blk_BL_games`).
pub(super) fn list(name: &[u8]) -> &[u8] {
    [&b"blk_BL_"[..], b"blk_blacklists_"].iter().find_map(|start| name.strip_prefix(*start)).unwrap_or(name)
}
