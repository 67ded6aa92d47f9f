//! Olfeo Secure Web Gateway: the common layout with a local time, the day first, and the category behind
//! it in words with blanks.
//!
//! The layout has no decision. The product refuses with status 403, and so may a site: such a record is
//! taken as a block, and the notice says that a site's refusals are among them.
//!
//! That the number before the category is the category's, and not a size, shows from the product's other
//! layout, where the same numbers stand beside the same words
//! (<https://github.com/SEKOIA-IO/intake-formats>, folder `Olfeo`).

use super::access::{self, Line, split_word};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "client", "client address"),
    field(2, "identity", "not kept"),
    field(3, "user", "account or `-`"),
    field(4, "time", "`dd/mm/yyyy hh:mm:ss`, local time without a zone; which moment is not documented"),
    field(5, "request", "method, address and version between quotes; CONNECT is a tunnel"),
    field(6, "status", "HTTP status; 403 is a block or a site's refusal, 407 a challenge"),
    field(7, "size", "always `-` where seen"),
    field(8, "unnamed", "always `-` where seen"),
    field(9, "category number", "not kept"),
    field(10, "category", "category in words, to the end of the record"),
];

pub(super) static FORMAT: Format = Format {
    id: "olfeo",
    version: "1",
    title: "Olfeo Secure Web Gateway",
    origin: "Olfeo Secure Web Gateway, network log; Squid with the same layout",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

/// The category of `- 1000 Business Services`.
fn category(rest: &[u8]) -> &[u8] {
    let (mark, rest) = split_word(rest);
    let (number, words) = split_word(rest.trim_ascii_start());
    if mark == b"-" && lex::whole_column(number).is_some() { words.trim_ascii() } else { &rest[..0] }
}

fn time(line: &Line<'_>) -> Option<When> {
    lex::whole_of(line.time, lex::day_first_time)
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let line = access::line(record.trim_ascii_start()).map_err(|fault| fault.reject(record))?;
    let Some(time) = time(&line) else {
        return Err(Reject::at(Reason::Time, lex::offset(record, line.time)));
    };
    let Some(asked) = access::asked(line.request) else {
        return Ok(Parsed::Other(OtherKind::NoRequest));
    };
    if !access::names_a_host(&asked) {
        return Ok(Parsed::Other(OtherKind::Internal));
    }
    let status = lex::whole_of(line.status, lex::status);
    let action = match status {
        Some(407) => Action::Challenged,
        Some(403) => Action::Blocked,
        None | Some(0 | 500..) => Action::Error,
        Some(_) => Action::Allowed,
    };
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Unknown,
        user: lex::text(line.user),
        client_address: lex::text(line.client),
        method: lex::text(asked.method),
        url: lex::text(asked.url),
        status,
        response_bytes: lex::whole_column(line.size).and_then(lex::Whole::natural),
        categories: lex::text(category(line.rest)),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::Rule),
        kind: RecordKind::of(action, asked.method),
        unauthenticated: action == Action::Challenged,
        notice: (action == Action::Blocked).then_some(Notice::RefusalsMixed),
        ..Fields::default()
    }))
}

fn sniff(record: &[u8]) -> Vote {
    match access::line(record.trim_ascii_start()) {
        Ok(line) if time(&line).is_some() && matches!(line.rest.first(), None | Some(b'-')) => Vote::Yes,
        _ => Vote::No,
    }
}

const fn request(url: &'static str, status: u32, action: Action, kind: RecordKind) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::Rule) } else { None };
    Expected::Request { user: Some("mtaylor"), url, status: Some(status), action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: r#"10.1.4.17 - mtaylor [10/09/2025 10:45:00] "GET https://www.example.org/a.png HTTP/1.1" 200 - - 1000 Business Services"#,
        expected: request("https://www.example.org/a.png", 200, Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "a refusal, the filter's or the site's",
        record: r#"10.1.4.17 - mtaylor [10/09/2025 10:45:00] "GET http://bets.example/ HTTP/1.1" 403 - - 21 Gambling"#,
        expected: request("http://bets.example/", 403, Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "a tunnel, no category, a blank at the beginning",
        record: r#" 10.1.4.17 - mtaylor [31/12/2025 10:45:00] "CONNECT https://mail.example:443 HTTP/1.1" 200 -"#,
        expected: request("https://mail.example:443", 200, Action::Allowed, RecordKind::Tunnel),
    },
    Example {
        shows: "a sign-in challenge",
        record: r#"10.1.4.17 - - [10/09/2025 10:45:00] "GET http://a.example/ HTTP/1.1" 407 - - 0 Unclassified URL"#,
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
        shows: "a request to the proxy itself",
        record: r#"10.1.4.17 - - [10/09/2025 10:45:00] "GET /proxy.pac HTTP/1.1" 200 -"#,
        expected: Expected::Other(OtherKind::Internal),
    },
    Example {
        shows: "the client left before it asked",
        record: r#"10.1.4.17 - - [10/09/2025 10:45:00] "-" 408 -"#,
        expected: Expected::Other(OtherKind::NoRequest),
    },
    Example {
        shows: "the month first",
        record: r#"10.1.4.17 - mtaylor [09/20/2025 10:45:00] "GET http://a.example/ HTTP/1.1" 200 -"#,
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "cut inside the address",
        record: r#"10.1.4.17 - mtaylor [10/09/2025 10:45:00] "GET http://www.exam"#,
        expected: Expected::Reject(Reason::Truncated),
    },
];
