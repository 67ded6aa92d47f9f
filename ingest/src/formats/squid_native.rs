//! Squid, `logformat squid`: ten columns between blanks.
//!
//! Blanks inside a user name or an address are written as they are, so a record is read from both
//! ends: six columns from the left, the peer by its shape, the rest between.

use std::borrow::Cow;

use nom::Parser;
use nom::character::complete::char;
use nom::sequence::terminated;

use super::lex::{self, Fault, Step, Whole};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "time", "end of the request: seconds since 1970 with milliseconds, UTC"),
    field(2, "elapsed", "milliseconds; the start is time minus elapsed"),
    field(3, "client", "client address"),
    field(4, "result", "result code and HTTP status; DENIED is a block unless the status is 401 or 407"),
    field(5, "size", "bytes sent to the client"),
    field(6, "method", "HTTP method; CONNECT is a tunnel"),
    field(7, "url", "address, `host:port` of a tunnel, or `error:...` when nothing was asked"),
    field(8, "user", "account or `-`; `%xx` and doubled backslashes are undone"),
    field(9, "peer", "where it was fetched from; not kept"),
    field(10, "mime", "MIME type or `-`; old logs lack the column"),
];

pub(super) static FORMAT: Format = Format {
    id: "squid-native",
    version: "1",
    title: "Squid access log",
    origin: "Squid 2 to 6, `logformat squid` (the default)",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

/// The six columns that never hold a blank.
struct Head<'a> {
    time: When,
    elapsed: Whole,
    client: &'a [u8],
    result: &'a [u8],
    status: u32,
    size: Whole,
    method: &'a [u8],
}

fn head(record: &[u8]) -> Step<'_, Head<'_>> {
    let time = lex::because(Reason::Time, terminated(lex::epoch, lex::blanks));
    let elapsed = lex::column(Reason::Number, terminated(lex::whole, lex::blanks));
    let client = lex::column(Reason::Columns, terminated(lex::word, lex::blanks));
    let result = lex::column(Reason::Result, terminated(lex::code, char('/')));
    let status = lex::column(Reason::Status, terminated(lex::status, lex::blanks));
    let size = lex::column(Reason::Number, terminated(lex::whole, lex::blanks));
    let method = lex::column(Reason::Columns, terminated(lex::word, lex::blanks));
    (time, elapsed, client, result, status, size, method)
        .map(|(time, elapsed, client, result, status, size, method)| Head {
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

/// Address, user, MIME type; and whether columns follow that the layout does not have.
struct Tail<'a> {
    url: &'a [u8],
    user: &'a [u8],
    mime: &'a [u8],
    extra: bool,
}

/// Takes the columns right of the method apart. The peer is the first word from the third on that
/// looks like one; a name may hold blanks, and so may an address where Squid is set to leave them.
fn tail(rest: &[u8]) -> Result<Tail<'_>, Fault> {
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
    Ok(Tail { url, user, mime: &after[..mime_end], extra: mime_end < after.len() })
}

fn is_peer(word: &[u8]) -> bool {
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

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let (rest, head) = head(record).map_err(|error| lex::rejected(error, record))?;
    if head.result.starts_with(b"UDP_") {
        // Questions of neighbouring caches; no person asked.
        return Ok(Parsed::Other(OtherKind::Internal));
    }
    let tail = tail(rest).map_err(|fault| fault.reject(record))?;
    if tail.url.starts_with(b"error:") || (tail.url == b"-" && head.result.starts_with(b"NONE")) {
        return Ok(Parsed::Other(OtherKind::NoRequest));
    }
    if is_internal(tail.url) {
        return Ok(Parsed::Other(OtherKind::Internal));
    }
    if tail.url == b"-" {
        return Err(Reject::at(Reason::Address, record.len() - rest.len()));
    }
    let action = action(head.result, head.status);
    let kind = if action == Action::Challenged {
        RecordKind::Authentication
    } else if head.method == b"CONNECT" {
        RecordKind::Tunnel
    } else {
        RecordKind::Request
    };
    let notice = if head.elapsed.odd || head.size.odd {
        Some(Notice::OddNumber)
    } else if tail.extra {
        Some(Notice::ExtraColumns)
    } else {
        None
    };
    Ok(Parsed::Request(Fields {
        time: head.time,
        basis: TimeBasis::End,
        duration_ms: head.elapsed.natural(),
        user: lex::text(tail.user).map(|_| unescape(tail.user)),
        client_address: lex::text(head.client),
        method: lex::text(head.method),
        url: Some(Cow::Borrowed(tail.url)),
        status: Some(head.status),
        response_bytes: head.size.natural(),
        mime: lex::text(tail.mime),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::Rule),
        kind,
        unauthenticated: action == Action::Challenged,
        notice,
        ..Fields::default()
    }))
}

fn is_internal(url: &[u8]) -> bool {
    url.starts_with(b"cache_object:") || memchr::memmem::find(url, b"/squid-internal-").is_some()
}

/// What Squid decided. The code is a set of words, so that words of later versions do no harm.
fn action(result: &[u8], status: u32) -> Action {
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
fn unescape(name: &[u8]) -> Cow<'_, [u8]> {
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

fn sniff(line: &[u8]) -> Vote {
    match head(line) {
        Ok((rest, head)) => match tail(rest) {
            // e2guardian's imitation, and a neighbour's log with its own columns in angle brackets.
            Ok(_) if head.method == b"-" && memchr::memmem::find(rest, b" DEFAULT_PARENT/").is_some() => Vote::No,
            Ok(_) if has_empty_peer(rest) => Vote::No,
            Ok(tail) if tail.extra && memchr::memmem::find(rest, b" <").is_some() => Vote::No,
            Ok(_) => Vote::Yes,
            Err(fault) if fault.reason == Reason::Truncated => Vote::Fragment,
            Err(_) => Vote::No,
        },
        Err(nom::Err::Error(fault)) if fault.reason == Reason::Truncated => Vote::Fragment,
        Err(_) if has_core(line) => Vote::Fragment,
        Err(_) => Vote::No,
    }
}

/// `DEFAULT_PARENT/` with nothing behind the slash is written by e2guardian only.
fn has_empty_peer(rest: &[u8]) -> bool {
    rest.split(|byte| *byte == b' ').any(|word| word == b"DEFAULT_PARENT/")
}

/// Whether result, status and size stand together somewhere: a record that lost its beginning.
fn has_core(line: &[u8]) -> bool {
    line.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).any(|word| {
        let core: Step<'_, _> = (lex::code, char('/'), lex::status).parse(word);
        core.is_ok_and(|(rest, (code, _, _))| rest.is_empty() && memchr::memchr(b'_', code).is_some())
    })
}

const fn request(url: &'static str, status: u32, action: Action, kind: RecordKind) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::Rule) } else { None };
    Expected::Request { user: None, url, status: Some(status), action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: "1757497500.123    245 10.1.4.17 TCP_MISS/200 10182 GET http://www.example.org/a? mtaylor HIER_DIRECT/192.0.2.7 text/html",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "http://www.example.org/a?",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a block by an access rule",
        record: "1757497501.000      0 10.1.4.17 TCP_DENIED/403 3992 GET http://games.example/ - HIER_NONE/- text/html",
        expected: request("http://games.example/", 403, Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "a block by redirect",
        record: "1757497501.000      0 10.1.4.17 TCP_DENIED/302 392 GET http://games.example/ - HIER_NONE/- text/html",
        expected: request("http://games.example/", 302, Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "a block on the reply",
        record: "1757497501.000    310 10.1.4.17 TCP_DENIED_REPLY/403 2411 GET http://video.example/v.mp4 - DIRECT/192.0.2.8 text/html",
        expected: request("http://video.example/v.mp4", 403, Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "the server itself refused: not a block",
        record: "1757497502.000     80 10.1.4.17 TCP_MISS/403 512 GET http://shop.example/staff - HIER_DIRECT/192.0.2.9 text/html",
        expected: request("http://shop.example/staff", 403, Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "a sign-in challenge: not a block",
        record: "1757497503.000      0 10.1.4.17 TCP_DENIED/407 4101 GET http://news.example/ - HIER_NONE/- text/html",
        expected: request("http://news.example/", 407, Action::Challenged, RecordKind::Authentication),
    },
    Example {
        shows: "a tunnel",
        record: "1757497504.000   9307 10.1.4.17 TCP_TUNNEL/200 2904 CONNECT mail.example:443 - HIER_DIRECT/192.0.2.10 -",
        expected: request("mail.example:443", 200, Action::Allowed, RecordKind::Tunnel),
    },
    Example {
        shows: "a server out of reach",
        record: "1757497504.000      1 10.1.4.17 TAG_NONE/503 0 CONNECT mail.example:443 - HIER_NONE/- -",
        expected: request("mail.example:443", 503, Action::Error, RecordKind::Tunnel),
    },
    Example {
        shows: "escaped name with domain, extra columns, IPv6",
        record: r#"1757497505.000     12 2001:db8::17 TCP_MEM_HIT/200 99 GET http://[::1]:8080/x SCHOOL\\zo%c3%ab.lund FIRSTUP_PARENT/::1 image/png "-" "curl""#,
        expected: Expected::Request {
            user: Some("SCHOOL\\zoë.lund"),
            url: "http://[::1]:8080/x",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "name with a blank",
        record: "1757497505.000     12 10.1.4.17 TCP_MISS/200 99 GET http://a.example/x Mary Taylor HIER_DIRECT/192.0.2.7 image/png",
        expected: Expected::Request {
            user: Some("Mary Taylor"),
            url: "http://a.example/x",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "address with blanks",
        record: "1757497505.000     12 10.1.4.17 TCP_MISS/200 99 GET http://a.example/my file.pdf - HIER_DIRECT/192.0.2.7 image/png",
        expected: request("http://a.example/my file.pdf", 200, Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "old log: nine-digit epoch, no MIME column",
        record: "872739963.061 1354 10.0.0.21 TCP_CLIENT_REFRESH/304 83 GET http://a.example/b.gif - DEFAULT_PARENT/proxy.example",
        expected: request("http://a.example/b.gif", 304, Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "whole seconds and a size below zero",
        record: "1757497505 12 10.1.4.17 TCP_MISS/200 -1 GET http://a.example/ - HIER_DIRECT/192.0.2.7 -",
        expected: request("http://a.example/", 200, Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "the client left before it asked",
        record: r#"1757497506.000      0 10.1.4.17 NONE_NONE/000 0 - error:transaction-end-before-headers - HIER_NONE/- - "-" "-""#,
        expected: Expected::Other(OtherKind::NoRequest),
    },
    Example {
        shows: "the proxy's own pages",
        record: "1757497506.000      0 127.0.0.1 NONE/200 1342 GET cache_object://localhost/counters - HIER_NONE/- text/plain",
        expected: Expected::Other(OtherKind::Internal),
    },
    Example {
        shows: "no time",
        record: "5006 10.1.4.17 TCP_MISS/200 19763 CONNECT mail.example:443 mtaylor DIRECT/192.0.2.10 -",
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "columns lost",
        record: "1757497506.343    TCP_REFRESH_HIT/304 214 GET http://a.example/styles.css mtaylor DIRECT/192.0.2.7 -",
        expected: Expected::Reject(Reason::Number),
    },
    Example {
        shows: "cut inside the result",
        record: "1757497506.780   1464 10.1.4.17 T",
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "cut inside the address",
        record: "1757497506.281   1465 10.1.4.17 TCP_REFRESH_HIT/304 215 GET http://www.exam",
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "status is a word",
        record: "1757497506.281   1465 10.1.4.17 TCP_HIT/OK 215 GET http://a.example/ - NONE/- -",
        expected: Expected::Reject(Reason::Status),
    },
];
