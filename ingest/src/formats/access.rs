//! The lexer of logs with brackets and quotes: a client, names, a time between brackets, a request line
//! between quotes, then columns that are bare or quoted.
//!
//! Not all writers escape a quote within quotes, so the end of a request line is known by what follows
//! it (status and size), and the end of another quoted column by the blank behind it.

use std::borrow::Cow;

use super::lex::{self, Fault};
use crate::report::Reason;

/// The part of a record that the whole family shares.
pub(super) struct Line<'a> {
    /// The server that was asked, with its port, where it stands before the client.
    pub(super) server: Option<&'a [u8]>,
    pub(super) client: &'a [u8],
    pub(super) user: &'a [u8],
    /// Between the brackets.
    pub(super) time: &'a [u8],
    /// Between the quotes.
    pub(super) request: &'a [u8],
    pub(super) status: &'a [u8],
    pub(super) size: &'a [u8],
    /// What follows the size, blanks taken off.
    pub(super) rest: &'a [u8],
}

/// What a request line asks for.
pub(super) struct Asked<'a> {
    pub(super) method: &'a [u8],
    pub(super) url: &'a [u8],
}

/// One column of the rest.
#[derive(Clone, Copy, Default)]
pub(super) struct Column<'a> {
    pub(super) text: &'a [u8],
    pub(super) quoted: bool,
}

/// Reads the shared part.
pub(super) fn line(record: &[u8]) -> Result<Line<'_>, Fault> {
    let Some(close) = memchr::memmem::find(record, b"] \"") else {
        let cut = memchr::memmem::find(record, b" [").is_some();
        return Err(Fault::new(if cut { Reason::Truncated } else { Reason::Columns }, &[]));
    };
    let Some(open) = memchr::memmem::rfind(&record[..close], b" [") else {
        return Err(Fault::new(Reason::Columns, record));
    };
    let (mut server, mut client, mut names) = (None, &record[..0], &record[..open]);
    for _ in 0..2 {
        let (word, rest) = split_word(names);
        names = rest;
        client = word;
        // Before the client: it, an identity and a user must still follow.
        if server.is_some() || !is_server(word) || rest.split(|byte| *byte == b' ').count() < 3 {
            break;
        }
        server = Some(word);
    }
    let (identity, user) = split_word(names);
    if identity.is_empty() || matches!(client.first(), None | Some(b'[' | b'"')) {
        return Err(Fault::new(Reason::Columns, record));
    }
    let quoted = &record[close + 3..];
    let (request, rest) = request_line(quoted)?;
    let (status, rest) = split_word(rest);
    let (size, rest) = split_word(rest);
    let time = &record[open + 2..close];
    Ok(Line { server, client, user, time, request, status, size, rest: rest.trim_ascii_start() })
}

/// The first word, and what follows its blank.
pub(super) fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', text) {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &text[text.len()..]),
    }
}

/// `www.school.example:443`, which is no IPv6 address.
fn is_server(word: &[u8]) -> bool {
    let Some(colon) = memchr::memrchr(b':', word) else { return false };
    let (host, port) = (&word[..colon], &word[colon + 1..]);
    let digits = (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit);
    digits && !host.is_empty() && (memchr::memchr(b':', host).is_none() || host.ends_with(b"]"))
}

/// Divides after the quote that closes the request line: the one that a status and a size follow.
fn request_line(quoted: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let mut closed = None;
    for at in memchr::memchr_iter(b'"', quoted) {
        let Some(rest) = quoted[at + 1..].strip_prefix(b" ") else { continue };
        let (status, after) = split_word(rest);
        if is_status(status) && is_size(split_word(after).0) {
            return Ok((&quoted[..at], rest));
        }
        if !after.is_empty() {
            closed.get_or_insert((status, after));
        }
    }
    Err(match closed {
        Some((status, after)) if is_status(status) => Fault::new(Reason::Number, after),
        Some((_, after)) => Fault::new(Reason::Status, after),
        None => Fault::new(Reason::Truncated, &[]),
    })
}

fn is_status(word: &[u8]) -> bool {
    word == b"-" || ((1..=5).contains(&word.len()) && word.iter().all(u8::is_ascii_digit))
}

fn is_size(word: &[u8]) -> bool {
    word == b"-" || lex::whole_column(word).is_some()
}

/// Takes a request line apart; none where the client never asked, or spoke another language.
pub(super) fn asked(request: &[u8]) -> Option<Asked<'_>> {
    let (method, rest) = split_word(request.trim_ascii());
    let spelt = method.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let last = memchr::memrchr(b' ', rest).map_or(0, |at| at + 1);
    let url = if is_version(&rest[last..]) { rest[..last].trim_ascii_end() } else { rest };
    (spelt && !method.is_empty() && !url.is_empty()).then_some(Asked { method, url })
}

/// `HTTP/1.1`, `HTTP/2`, `NONE/0.0`.
fn is_version(word: &[u8]) -> bool {
    let Ok((rest, _)) = lex::code(word) else { return false };
    let Some(number) = rest.strip_prefix(b"/") else { return false };
    !number.is_empty() && number.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// An address, rather than the path of a server that the record does not name.
pub(super) fn names_a_host(asked: &Asked<'_>) -> bool {
    !matches!(asked.url.first(), Some(b'/' | b'*')) && asked.url != b"-"
}

/// Splits columns, of which quoted ones may hold blanks, into at most `N`; the second value is how many
/// there are. None where a quote does not close.
pub(super) fn columns<const N: usize>(mut text: &[u8]) -> Option<([Column<'_>; N], usize)> {
    let mut columns = [Column::default(); N];
    let mut count = 0;
    loop {
        text = text.trim_ascii_start();
        let Some(first) = text.first() else { return Some((columns, count)) };
        let (column, rest) = if *first == b'"' {
            let end = closing_quote(&text[1..])?;
            (Column { text: &text[1..=end], quoted: true }, &text[end + 2..])
        } else {
            let (word, rest) = split_word(text);
            (Column { text: word, quoted: false }, rest)
        };
        if let Some(place) = columns.get_mut(count) {
            *place = column;
        }
        count += 1;
        text = rest;
    }
}

/// The first quote that a blank or nothing follows, and no backslash escapes.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text.get(at..)? {
            [b'\\', _, ..] => at += 2,
            [b'"', b' ', ..] | [b'"'] => return Some(at),
            [_, ..] => at += 1,
            [] => return None,
        }
    }
}

/// Undoes `\"`, `\\` and `\xc3`, as web servers write names.
pub(super) fn unescape(name: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'\\', name) else { return Cow::Borrowed(name) };
    let mut plain = name[..first].to_vec();
    let mut rest = &name[first..];
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    while let Some(byte) = rest.first() {
        let step = match rest {
            [b'\\', b'x', high, low, ..] if let (Some(high), Some(low)) = (digit(high), digit(low)) => {
                plain.push(high * 16 + low);
                4
            }
            [b'\\', escaped @ (b'\\' | b'"'), ..] => {
                plain.push(*escaped);
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

crate::event::redacted!(Line, Asked, Column);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_request_line_ends_where_status_and_size_follow() {
        let line =
            line(br#"10.1.4.17 - - [t] "GET http://a.example/?q="x" 9 HTTP/1.1" 200 5 "-" "agent""#).unwrap();
        assert_eq!(text(line.request), r#"GET http://a.example/?q="x" 9 HTTP/1.1"#);
        assert_eq!((text(line.status), text(line.size), text(line.rest)), ("200", "5", r#""-" "agent""#));
        let asked = asked(line.request).unwrap();
        assert_eq!((text(asked.method), text(asked.url)), ("GET", r#"http://a.example/?q="x" 9"#));
    }

    #[test]
    fn names_before_the_time() {
        let names = |record: &str| {
            let record = format!(r#"{record} [t] "GET / HTTP/1.1" 200 -"#);
            let line = line(record.as_bytes()).unwrap();
            (
                line.server.map(|name| text(name).to_owned()),
                text(line.client).to_owned(),
                text(line.user).to_owned(),
            )
        };
        let some = |server: Option<&str>, client: &str, user: &str| {
            (server.map(str::to_owned), client.to_owned(), user.to_owned())
        };
        assert_eq!(names("10.1.4.17 - Mary Taylor"), some(None, "10.1.4.17", "Mary Taylor"));
        assert_eq!(names("2001:db8::17 - -"), some(None, "2001:db8::17", "-"));
        assert_eq!(
            names("a.example:443 10.1.4.17 - mtaylor"),
            some(Some("a.example:443"), "10.1.4.17", "mtaylor")
        );
    }

    #[test]
    fn where_a_line_fails() {
        let reason = |record: &str| line(record.as_bytes()).err().unwrap().reason;
        assert_eq!(reason(r#"10.1.4.17 - - [10/Sep"#), Reason::Truncated);
        assert_eq!(reason(r#"10.1.4.17 - - [t] "GET http://a.exam"#), Reason::Truncated);
        assert_eq!(reason(r#"10.1.4.17 - - [t] "GET / HTTP/1.1" OK 5"#), Reason::Status);
        assert_eq!(reason(r#"10.1.4.17 - - [t] "GET / HTTP/1.1" 200 many"#), Reason::Number);
        assert_eq!(reason("words"), Reason::Columns);
    }

    #[test]
    fn requests_that_ask_for_nothing() {
        for nothing in ["", "-", r"\x16\x03\x01", "GET"] {
            assert!(asked(nothing.as_bytes()).is_none(), "{nothing}");
        }
    }

    #[test]
    fn bare_and_quoted_columns() {
        let (found, count) = columns::<3>(br#""a b " 7 "say \"x\" twice""#).unwrap();
        assert_eq!(count, 3);
        assert_eq!(
            found.map(|column| (text(column.text), column.quoted)),
            [("a b ", true), ("7", false), (r#"say \"x\" twice"#, true)]
        );
        assert!(columns::<2>(br#""-" "Mozilla/5.0 (c"#).is_none());
        assert_eq!(columns::<1>(b"  ").unwrap().1, 0);
    }

    #[test]
    fn names_of_web_servers() {
        assert_eq!(&*unescape(br#"zo\xc3\xab "#), "zoë ".as_bytes());
        assert_eq!(&*unescape(br#"a\\b\"c\"#), br#"a\b"c\"#);
    }
}
