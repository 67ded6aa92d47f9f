//! e2guardian, layout 3: an imitation of Squid's native layout, without group, category and reason.
//!
//! Every refusal with status 403 is written as `TCP_DENIED`, a site's own too, so a block cannot be told
//! from a site's refusal; the notice says so. How the imitation is told from Squid itself is in
//! [`squid::is_imitation`].

use std::borrow::Cow;

use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex, squid};
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "time", "end of the request: seconds since 1970 with milliseconds, UTC"),
    field(2, "elapsed", "milliseconds; the start is time minus elapsed"),
    field(3, "client", "client address"),
    field(
        4,
        "result",
        "`TCP_DENIED/403` for every refusal, the site's own too; 407 is a challenge, 0 no answer",
    ),
    field(5, "size", "bytes"),
    field(6, "method", "HTTP method; `-` where a secure connection was only looked at"),
    field(7, "url", "address; of a tunnel, with scheme and without path"),
    field(8, "user", "account, `-` or the client address again"),
    field(9, "parent", "`DEFAULT_PARENT/`, perhaps with the parent's address; not kept"),
    field(10, "mime", "always `-`"),
];

pub(super) static FORMAT: Format = Format {
    id: "e2guardian-3",
    version: "1",
    title: "e2guardian, Squid style",
    origin: "DansGuardian and e2guardian, `logfileformat = 3`",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let (rest, head) = squid::head(record).map_err(|error| lex::rejected(error, record))?;
    let tail = squid::tail(rest).map_err(|fault| fault.reject(record))?;
    if tail.url == b"-" {
        return Err(Reject::at(Reason::Address, lex::offset(record, tail.url)));
    }
    let tunnel = matches!(head.method, b"-" | b"CONNECT");
    let action = match head.status {
        // A tunnel has no status; bytes went through it unless the connection failed.
        0 if tunnel && head.size.value > 0 => Action::Allowed,
        status => squid::action(head.result, status),
    };
    let notice = if head.status == 403 {
        Some(Notice::RefusalsMixed)
    } else if head.elapsed.odd || head.size.odd {
        Some(Notice::OddNumber)
    } else {
        None
    };
    Ok(Parsed::Request(Fields {
        time: head.time,
        basis: TimeBasis::End,
        duration_ms: head.elapsed.natural(),
        user: lex::text(tail.user),
        client_address: lex::text(head.client),
        method: lex::text(head.method),
        url: Some(Cow::Borrowed(tail.url)),
        status: Some(head.status),
        response_bytes: head.size.natural(),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::Rule),
        kind: if tunnel && action != Action::Challenged {
            RecordKind::Tunnel
        } else {
            RecordKind::of(action, head.method)
        },
        unauthenticated: action == Action::Challenged,
        notice,
        ..Fields::default()
    }))
}

fn sniff(line: &[u8]) -> Vote {
    let Ok((rest, head)) = squid::head(line) else { return Vote::No };
    match squid::tail(rest) {
        Ok(tail) if squid::is_imitation(&head, &tail) => Vote::Yes,
        // A record that Squid could have written just so.
        Ok(tail) if tail.peer.starts_with(b"DEFAULT_PARENT/") && tail.mime == b"-" => Vote::Abstain,
        _ => Vote::No,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: "1757497500.123    245 10.1.4.17 TCP_MISS/200 10182 GET http://www.example.org/a?q=1 mtaylor DEFAULT_PARENT/127.0.0.1 -",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "http://www.example.org/a?q=1",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a refusal, the filter's or the site's",
        record: "1757497501.000      0 10.1.4.17 TCP_DENIED/403 0 GET http://games.example/ mtaylor DEFAULT_PARENT/127.0.0.1 -",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "http://games.example/",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::Rule),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a secure connection that was only looked at, the address as the user, no parent",
        record: "1757497501.000 120128 10.1.4.17 TCP_MISS/0 325 - https://mail.example 10.1.4.17 DEFAULT_PARENT/ -",
        expected: Expected::Request {
            user: Some("10.1.4.17"),
            url: "https://mail.example",
            status: Some(0),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a secure connection that carried nothing",
        record: "1757497501.000      0 10.1.4.17 TCP_MISS/0 0 - https://mail.example - DEFAULT_PARENT/ -",
        expected: Expected::Request {
            user: None,
            url: "https://mail.example",
            status: Some(0),
            action: Action::Error,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a tunnel",
        record: "1757497501.000   9307 10.1.4.17 TCP_MISS/200 2904 CONNECT https://mail.example:443 mtaylor DEFAULT_PARENT/127.0.0.1 -",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "https://mail.example:443",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a sign-in challenge",
        record: "1757497501.000      1 10.1.4.17 TCP_MISS/407 0 CONNECT https://mail.example:443 - DEFAULT_PARENT/127.0.0.1 -",
        expected: Expected::Request {
            user: None,
            url: "https://mail.example:443",
            status: Some(407),
            action: Action::Challenged,
            block_reason: None,
            kind: RecordKind::Authentication,
        },
    },
    Example {
        shows: "no address",
        record: "1757497501.000      1 10.1.4.17 TCP_MISS/400 0 - - - DEFAULT_PARENT/ -",
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "cut inside the address",
        record: "1757497501.000      1 10.1.4.17 TCP_MISS/200 325 GET http://www.exam",
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "status is a word",
        record: "1757497501.000      1 10.1.4.17 TCP_MISS/OK 325 - https://mail.example - DEFAULT_PARENT/ -",
        expected: Expected::Reject(Reason::Status),
    },
];
