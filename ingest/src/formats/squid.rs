//! What Squid and its relatives share: the columns of a native record, result codes, names.
//!
//! Blanks inside a user name or an address are written as they are, so a native record is read from
//! both ends: six columns from the left, the peer by its shape, the rest between.

use std::borrow::Cow;

use nom::Parser;
use nom::character::complete::char;
use nom::combinator::opt;
use nom::sequence::{delimited, terminated};

use super::lex::{self, Fault, Step, Whole};
use crate::fields::{Action, OtherKind, When};
use crate::report::Reason;

/// The columns of a native record that never hold a blank.
pub(super) struct Head<'a> {
    pub(super) time: When,
    pub(super) elapsed: Whole,
    pub(super) client: &'a [u8],
    pub(super) result: &'a [u8],
    pub(super) status: u32,
    pub(super) size: Whole,
    pub(super) method: &'a [u8],
}

/// Reads the left end of a native record; some sites write the time a second time, between brackets.
pub(super) fn head(record: &[u8]) -> Step<'_, Head<'_>> {
    let time = lex::because(Reason::Time, terminated(lex::epoch, lex::blanks));
    let elapsed = lex::column(Reason::Number, terminated(lex::whole, lex::blanks));
    let client = lex::column(Reason::Columns, terminated(lex::word, lex::blanks));
    let result = lex::column(Reason::Result, terminated(lex::code, char('/')));
    let status = lex::column(Reason::Status, terminated(lex::status, lex::blanks));
    let size = lex::column(Reason::Number, terminated(lex::whole, lex::blanks));
    let method = lex::column(Reason::Columns, terminated(lex::word, lex::blanks));
    (time, opt(bracketed_time), elapsed, client, result, status, size, method)
        .map(|(time, _, elapsed, client, result, status, size, method)| Head {
            time,
            elapsed,
            client,
            result,
            status,
            size,
            method,
        })
        .parse(record)
}

/// `[12/Nov/2025:09:15:30 +0100]` and the blanks behind it.
pub(super) fn bracketed_time(input: &[u8]) -> Step<'_, When> {
    terminated(delimited(char('['), lex::server_time, char(']')), lex::blanks).parse(input)
}

/// Address, user, peer and MIME type; and what follows that the layout does not have.
pub(super) struct Tail<'a> {
    pub(super) url: &'a [u8],
    pub(super) user: &'a [u8],
    pub(super) peer: &'a [u8],
    pub(super) mime: &'a [u8],
    pub(super) after: &'a [u8],
}

/// Takes the columns right of the method apart. The peer is the first word from the third on that
/// looks like one; a name may hold blanks, and so may an address where Squid is set to leave them.
pub(super) fn tail(rest: &[u8]) -> Result<Tail<'_>, Fault> {
    let trimmed = rest.trim_ascii_end();
    let mut words = 0;
    let mut peer = None;
    for word in trimmed.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        if words >= 2 && is_peer(word) {
            peer = Some(word);
            break;
        }
        words += 1;
    }
    let Some(peer) = peer else {
        // Three words are all that a whole record has before its peer is complete.
        let reason = if words <= 3 { Reason::Truncated } else { Reason::Columns };
        return Err(Fault::new(reason, &[]));
    };
    let begin = lex::offset(trimmed, peer);
    let before = trimmed[..begin].trim_ascii_end();
    let after = trimmed[begin + peer.len()..].trim_ascii_start();
    let (url, user) = url_and_user(before);
    let mime_end = memchr::memchr(b' ', after).unwrap_or(after.len());
    Ok(Tail { url, user, peer, mime: &after[..mime_end], after: after[mime_end..].trim_ascii_start() })
}

/// `HIER_DIRECT/192.0.2.7`: where it was fetched from.
pub(super) fn is_peer(word: &[u8]) -> bool {
    matches!(lex::code(word), Ok(([b'/', ..], _)))
}

/// Divides what stands between method and peer. Words with the marks of an address belong to the
/// address, the rest to the name.
fn url_and_user(between: &[u8]) -> (&[u8], &[u8]) {
    let first = memchr::memchr(b' ', between).unwrap_or(between.len());
    let last = memchr::memrchr(b' ', between).map_or(0, |at| at + 1);
    if &between[last..] == b"-" {
        return (between[..last].trim_ascii_end(), &between[last..]);
    }
    let mut end = first;
    let mut from = first;
    for word in between[first..].split(|byte| *byte == b' ').skip(1) {
        let to = from + 1 + word.len();
        if to < between.len() && word.iter().any(|byte| b"/?=&".contains(byte)) {
            end = to;
        }
        from = to;
    }
    (&between[..end], between[end..].trim_ascii_start())
}

/// Whether e2guardian wrote the record in its imitation of this layout. Its marks: no MIME type ever, the
/// parent always named in the old way and often left empty, a parent even where it refused, tunnels
/// with a scheme or without a method.
pub(super) fn is_imitation(head: &Head<'_>, tail: &Tail<'_>) -> bool {
    let Some(parent) = tail.peer.strip_prefix(b"DEFAULT_PARENT/") else { return false };
    let bare = tail.mime == b"-" && tail.after.is_empty();
    if !bare || !matches!(head.result, b"TCP_MISS" | b"TCP_HIT" | b"TCP_DENIED") {
        return false;
    }
    parent.is_empty()
        || matches!(head.method, b"-")
        || head.result == b"TCP_DENIED"
        || (head.method == b"CONNECT" && tail.url.starts_with(b"https://"))
        // A page of a true Squid has its type.
        || (head.status == 200 && head.size.value > 0 && matches!(head.method, b"GET" | b"POST"))
}

/// Why a record that was read is no request, going by its address and result code.
pub(super) fn no_event(url: &[u8], result: &[u8]) -> Option<OtherKind> {
    if url.starts_with(b"error:") || (url == b"-" && result.starts_with(b"NONE")) {
        return Some(OtherKind::NoRequest);
    }
    // Questions of neighbouring caches, which no person asked, and the proxy's own pages.
    let internal =
        result.starts_with(b"UDP_") || url.starts_with(b"cache_object:") || is_own_page(url, result);
    internal.then_some(OtherKind::Internal)
}

/// Whether an address is one of the proxy's own pages: its path begins so. Elsewhere in an address the words
/// are the user's. What was refused was asked of some site by somebody, unless the address names a port, as
/// that of the proxy's own manager does.
fn is_own_page(url: &[u8], result: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', url) else { return false };
    let Some(rest) = url[colon..].strip_prefix(b"://") else { return false };
    let Some(slash) = memchr::memchr(b'/', rest) else { return false };
    let (authority, path) = rest.split_at(slash);
    let denied = result.split(|byte| *byte == b'_').any(|word| word == b"DENIED");
    path.starts_with(b"/squid-internal-") && (!denied || authority.contains(&b':'))
}

/// What Squid decided. The code is a set of words, so that words of later versions do no harm.
pub(super) fn action(result: &[u8], status: u32) -> Action {
    let mut denied = false;
    let mut none = false;
    for word in result.split(|byte| *byte == b'_') {
        match word {
            b"DENIED" => denied = true,
            b"NONE" => none = true,
            _ => {}
        }
    }
    match status {
        407 => Action::Challenged,
        401 if denied => Action::Challenged,
        0 | 500.. => Action::Error,
        400 if denied => Action::Error,
        _ if denied => Action::Blocked,
        400.. if none => Action::Error,
        // A redirect that no server sent: a block page or a harmless rule, the log does not say.
        300..=303 | 305..=399 if none => Action::Unknown,
        _ => Action::Allowed,
    }
}

/// Undoes what Squid does to names: `\\` for a backslash and `%xx`, in small letters, for a byte.
pub(super) fn unescape(name: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr2(b'%', b'\\', name) else { return Cow::Borrowed(name) };
    let mut plain = name[..first].to_vec();
    let mut rest = &name[first..];
    while let Some(byte) = rest.first() {
        let step = match rest {
            [b'%', high, low, ..] if let (Some(high), Some(low)) = (small_hex(*high), small_hex(*low)) => {
                plain.push(high * 16 + low);
                3
            }
            [b'\\', b'\\', ..] => {
                plain.push(b'\\');
                2
            }
            _ => {
                plain.push(*byte);
                1
            }
        };
        rest = &rest[step..];
    }
    Cow::Owned(plain)
}

const fn small_hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

crate::event::redacted!(Head, Tail);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_proxys_own_pages_are_its_own() {
        let own = Some(OtherKind::Internal);
        for (url, result, kind) in [
            ("http://proxy.example:3128/squid-internal-static/icons/SN.png", "TCP_MEM_HIT", own),
            ("http://proxy.example/squid-internal-mgr/info", "TCP_MISS", own),
            ("cache_object://proxy.example/counters", "TCP_MISS", own),
            ("http://proxy.example:3128/squid-internal-mgr/info", "TCP_DENIED", own),
            // Written into an address by whoever asked.
            ("http://games.example/play?u=/squid-internal-static/x", "TCP_MISS", None),
            ("http://games.example/a/squid-internal-static/x", "TCP_MISS", None),
            ("http://games.example/squid-internal-a", "TCP_DENIED", None),
            ("http://games.example/squid-internal-a", "TCP_DENIED_REPLY", None),
            ("games.example:443", "TCP_TUNNEL", None),
        ] {
            assert_eq!(no_event(url.as_bytes(), result.as_bytes()), kind, "{url} {result}");
        }
    }
}
