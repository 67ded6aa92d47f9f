//! Squid, `logformat squid`: ten columns between blanks; some sites write the time twice.

use std::borrow::Cow;

use nom::Parser;
use nom::character::complete::char;

use super::lex::{self, Step};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, squid};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis};
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

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let (rest, head) = squid::head(record).map_err(|error| lex::rejected(error, record))?;
    if head.result.starts_with(b"UDP_") {
        return Ok(Parsed::Other(OtherKind::Internal));
    }
    let tail = squid::tail(rest).map_err(|fault| fault.reject(record))?;
    if let Some(kind) = squid::no_event(tail.url, head.result) {
        return Ok(Parsed::Other(kind));
    }
    if tail.url == b"-" {
        return Err(Reject::at(Reason::Address, record.len() - rest.len()));
    }
    let action = squid::action(head.result, head.status);
    let notice = if head.elapsed.odd || head.size.odd {
        Some(Notice::OddNumber)
    } else if tail.after.is_empty() {
        None
    } else {
        Some(Notice::ExtraColumns)
    };
    Ok(Parsed::Request(Fields {
        time: head.time,
        basis: TimeBasis::End,
        duration_ms: head.elapsed.natural(),
        user: lex::text(tail.user).map(|_| squid::unescape(tail.user)),
        client_address: lex::text(head.client),
        method: lex::text(head.method),
        url: Some(Cow::Borrowed(tail.url)),
        status: Some(head.status),
        response_bytes: head.size.natural(),
        mime: lex::text(tail.mime),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::Rule),
        kind: RecordKind::of(action, head.method),
        unauthenticated: action == Action::Challenged,
        notice,
        ..Fields::default()
    }))
}

fn sniff(line: &[u8]) -> Vote {
    match squid::head(line) {
        Ok((rest, head)) => match squid::tail(rest) {
            // e2guardian's imitation, and an appliance's log with its verdict in angle brackets.
            Ok(tail) if squid::is_imitation(&head, &tail) => Vote::No,
            Ok(tail) if memchr::memchr(b'<', tail.after).is_some() => Vote::No,
            Ok(_) => Vote::Yes,
            Err(fault) if fault.reason == Reason::Truncated => Vote::Fragment,
            Err(_) => Vote::No,
        },
        Err(nom::Err::Error(fault)) if fault.reason == Reason::Truncated => Vote::Fragment,
        Err(_) if has_core(line) => Vote::Fragment,
        Err(_) => Vote::No,
    }
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
        shows: "the time a second time, between brackets",
        record: "1757497505.007 [10/Sep/2025:10:45:05 +0100] 12 10.1.4.17 TCP_MISS/200 99 GET http://a.example/x - HIER_DIRECT/192.0.2.7 image/png",
        expected: request("http://a.example/x", 200, Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "behind a parent proxy that is named in the old way",
        record: "1757497505.007     12 10.1.4.17 TCP_MISS/200 99 GET http://a.example/x - DEFAULT_PARENT/192.0.2.7 image/png",
        expected: request("http://a.example/x", 200, Action::Allowed, RecordKind::Request),
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
