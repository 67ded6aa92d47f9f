//! Squid with a layout of a site's own that names the client behind another proxy:
//! `%ts.%tu [%tl] %tr %>a %{X-Forwarded-For}>h %ui %rm %ru HTTP/%rv %mt %>Hs %<st %Ss %Sh/%<A %<pt`.
//!
//! Addresses and names may hold blanks, so the version of HTTP divides a record: method and address stand
//! left of it, MIME type to peer right of it.

use std::borrow::Cow;

use nom::Parser;
use nom::sequence::terminated;

use super::lex::{self, Fault, Step, Whole};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, squid};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(
        1,
        "time",
        "end of the request: seconds since 1970, milliseconds perhaps without leading zeros, UTC",
    ),
    field(2, "local time", "the same time between brackets; not kept"),
    field(3, "elapsed", "milliseconds; the start is time minus elapsed"),
    field(4, "client", "client address, of the other proxy where column 5 names a client"),
    field(5, "forwarded for", "the client behind another proxy, the first of several, or `-`"),
    field(6, "user", "account or `-`"),
    field(7, "method", "HTTP method; CONNECT is a tunnel"),
    field(8, "url", "address, or `host:port` of a tunnel"),
    field(9, "version", "not kept"),
    field(10, "mime", "MIME type or `-`"),
    field(11, "status", "HTTP status"),
    field(12, "size", "bytes sent to the client"),
    field(13, "result", "result code; DENIED is a block unless the status is 401 or 407"),
    field(14, "peer", "where it was fetched from; not kept"),
    field(15, "peer time", "not kept"),
];

pub(super) static FORMAT: Format = Format {
    id: "squid-forwarded",
    version: "1",
    title: "Squid access log with forwarded clients",
    origin: "Squid with a `logformat` that has `%{X-Forwarded-For}>h` in column 5",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

struct Head<'a> {
    time: When,
    elapsed: Whole,
    client: &'a [u8],
    forwarded: &'a [u8],
}

fn head(record: &[u8]) -> Step<'_, Head<'_>> {
    let time = lex::because(Reason::Time, terminated(lex::epoch, lex::blanks));
    let local = lex::column(Reason::Time, squid::bracketed_time);
    let elapsed = lex::column(Reason::Number, terminated(lex::whole, lex::blanks));
    let client = lex::column(Reason::Columns, terminated(lex::word, lex::blanks));
    let forwarded = lex::column(Reason::Columns, terminated(lex::word, lex::blanks));
    (time, local, elapsed, client, forwarded)
        .map(|(time, _, elapsed, client, forwarded)| Head { time, elapsed, client, forwarded })
        .parse(record)
}

/// What stands left of the version.
struct Asked<'a> {
    user: &'a [u8],
    method: &'a [u8],
    url: &'a [u8],
}

/// What stands right of the version.
struct Answer<'a> {
    mime: &'a [u8],
    status: u32,
    size: Whole,
    result: &'a [u8],
}

/// The words of a text with the place at which each begins.
fn words(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    text.split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .map(|word| (lex::offset(text, word), word))
}

/// Divides at the version of HTTP.
fn divide(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (begin, version) = words(rest).skip(3).find(|(_, word)| {
        [&b"HTTP/"[..], b"NONE/"].iter().any(|start| word.starts_with(start)) && word.len() <= 8
    })?;
    Some((rest[..begin].trim_ascii_end(), rest[begin + version.len()..].trim_ascii_start()))
}

/// The method is the first word in capitals behind the user, whose name may hold blanks.
fn asked(left: &[u8]) -> Option<Asked<'_>> {
    let (begin, method) = words(left)
        .skip(1)
        .find(|(_, word)| *word == b"-" || (word.len() > 2 && word.iter().all(u8::is_ascii_uppercase)))?;
    let url = left[begin + method.len()..].trim_ascii_start();
    (!url.is_empty()).then_some(Asked { user: left[..begin].trim_ascii_end(), method, url })
}

/// The MIME type may hold blanks too: it ends where status, size, code and peer follow.
fn answer(right: &[u8]) -> Option<Answer<'_>> {
    words(right).skip(1).find_map(|(begin, word)| {
        let status = lex::whole_of(word, lex::status)?;
        let mut after = words(&right[begin + word.len()..]).map(|(_, word)| word);
        let size = lex::whole_column(after.next()?)?;
        let result = after.next().filter(|word| matches!(lex::code(word), Ok(([], _))))?;
        after.next().filter(|word| squid::is_peer(word))?;
        Some(Answer { mime: right[..begin].trim_ascii_end(), status, size, result })
    })
}

fn body(rest: &[u8]) -> Result<(Asked<'_>, Answer<'_>), Fault> {
    let Some((left, right)) = divide(rest) else {
        return Err(Fault::new(Reason::Truncated, &[]));
    };
    let asked = asked(left).ok_or(Fault::new(Reason::Columns, rest))?;
    match answer(right) {
        Some(answer) => Ok((asked, answer)),
        // Type, status, size, code and peer.
        None if words(right).count() < 5 => Err(Fault::new(Reason::Truncated, &[])),
        None => Err(Fault::new(Reason::Columns, right)),
    }
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let (rest, head) = head(record).map_err(|error| lex::rejected(error, record))?;
    let (asked, answer) = body(rest).map_err(|fault| fault.reject(record))?;
    if let Some(kind) = squid::no_event(asked.url, answer.result) {
        return Ok(Parsed::Other(kind));
    }
    if asked.url == b"-" {
        return Err(Reject::at(Reason::Address, lex::offset(record, asked.url)));
    }
    let action = squid::action(answer.result, answer.status);
    let odd = head.elapsed.odd || answer.size.odd;
    let first = head.forwarded.split(|byte| *byte == b',').next().unwrap_or_default();
    Ok(Parsed::Request(Fields {
        time: head.time,
        basis: TimeBasis::End,
        duration_ms: head.elapsed.natural(),
        user: lex::text(asked.user).map(|_| squid::unescape(asked.user)),
        client_address: lex::text(first).or_else(|| lex::text(head.client)),
        method: lex::text(asked.method),
        url: Some(Cow::Borrowed(asked.url)),
        status: Some(answer.status),
        response_bytes: answer.size.natural(),
        mime: lex::text(answer.mime),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::Rule),
        kind: RecordKind::of(action, asked.method),
        unauthenticated: action == Action::Challenged,
        notice: odd.then_some(Notice::OddNumber),
        ..Fields::default()
    }))
}

fn sniff(line: &[u8]) -> Vote {
    match head(line) {
        Ok((rest, _)) => match body(rest) {
            Ok(_) => Vote::Yes,
            Err(_) => Vote::No,
        },
        Err(_) => Vote::No,
    }
}

crate::event::redacted!(Head, Asked, Answer);

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: "1757497500.7 [10/Sep/2025:10:45:00 +0100] 245 10.1.9.4 10.1.4.17 mtaylor GET http://www.example.org/a? HTTP/1.1 text/html;%20charset=utf-8 200 10182 TCP_MISS HIER_DIRECT/www.example.org 45",
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
        shows: "a tunnel through a parent, no other proxy, no peer time",
        record: "1757497500.123 [10/Sep/2025:10:45:00 +0100] 245 10.1.4.17 - - CONNECT mail.example:443 HTTP/1.1 - 200 5809 TCP_TUNNEL ROUNDROBIN_PARENT/upstream -",
        expected: Expected::Request {
            user: None,
            url: "mail.example:443",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a block; blanks in name, address and type",
        record: "1757497500.123 [10/Sep/2025:10:45:00 +0100] 0 10.1.9.4 10.1.4.17,10.1.8.2 Mary Taylor GET http://games.example/my file HTTP/1.1 text/html; charset=utf-8 403 3992 TCP_DENIED HIER_NONE/- -",
        expected: Expected::Request {
            user: Some("Mary Taylor"),
            url: "http://games.example/my file",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::Rule),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a sign-in challenge",
        record: "1757497500.123 [10/Sep/2025:10:45:00 +0100] 0 10.1.4.17 - - GET http://a.example/ HTTP/1.1 text/html 407 3992 TCP_DENIED HIER_NONE/- -",
        expected: Expected::Request {
            user: None,
            url: "http://a.example/",
            status: Some(407),
            action: Action::Challenged,
            block_reason: None,
            kind: RecordKind::Authentication,
        },
    },
    Example {
        shows: "the client left before it asked",
        record: "1757497500.123 [10/Sep/2025:10:45:00 +0100] 0 10.1.4.17 - - - error:transaction-end-before-headers HTTP/0.0 - 0 0 NONE_NONE HIER_NONE/- -",
        expected: Expected::Other(OtherKind::NoRequest),
    },
    Example {
        shows: "the proxy's own pages",
        record: "1757497500.123 [10/Sep/2025:10:45:00 +0100] 0 127.0.0.1 - - GET cache_object://localhost/counters HTTP/1.0 text/plain 200 1342 NONE HIER_NONE/- -",
        expected: Expected::Other(OtherKind::Internal),
    },
    Example {
        shows: "cut before the peer",
        record: "1757497500.123 [10/Sep/2025:10:45:00 +0100] 0 10.1.4.17 - - GET http://a.example/ HTTP/1.1 text/html 200 39",
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "status is a word",
        record: "1757497500.123 [10/Sep/2025:10:45:00 +0100] 0 10.1.4.17 - - GET http://a.example/ HTTP/1.1 text/html OK 3992 TCP_MISS HIER_DIRECT/192.0.2.7 -",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "a local time that does not exist",
        record: "1757497500.123 [10/Sep/2025:25:45:00 +0100] 0 10.1.4.17 - - GET http://a.example/ HTTP/1.1 text/html 200 3992 TCP_MISS HIER_DIRECT/192.0.2.7 -",
        expected: Expected::Reject(Reason::Time),
    },
];
