//! Squid, `logformat common` and `logformat combined`: a web server's layout with Squid's result at the
//! end. `combined` has two quoted columns more, in which the built-in layout leaves quotes as they are;
//! so the result is found from the right, and the quoted columns stand between.

use std::borrow::Cow;

use super::access::{self, Line};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex, squid};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "client", "client address"),
    field(2, "identity", "not kept"),
    field(3, "user", "account or `-`; `%xx` and doubled backslashes are undone"),
    field(4, "time", "end of the request, with its offset from UTC, between brackets"),
    field(5, "request", "method, address and version between quotes; CONNECT is a tunnel"),
    field(6, "status", "HTTP status; 0 when there was no answer"),
    field(7, "size", "bytes sent to the client"),
    field(8, "referer", "`combined` only; not kept"),
    field(9, "user agent", "`combined` only; browser or `-`"),
    field(
        10,
        "result",
        "result code and where it was fetched from; DENIED is a block unless the status is 401 or 407",
    ),
];

pub(super) static FORMAT: Format = Format {
    id: "squid-combined",
    version: "1",
    title: "Squid access log, common and combined",
    origin: "Squid, `logformat common` or `logformat combined`",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

/// What follows the size.
struct Rest<'a> {
    result: &'a [u8],
    agent: &'a [u8],
    /// Columns that neither layout has.
    extra: bool,
}

/// Finds the result, `TCP_MISS:HIER_DIRECT`, from the right.
fn rest<'a>(line: &Line<'a>) -> Option<Rest<'a>> {
    let word = line.rest.rsplit(|byte| *byte == b' ').find(|word| result(word).is_some())?;
    let begin = lex::offset(line.rest, word);
    let (agent, within) = agent(line.rest[..begin].trim_ascii_end());
    let behind = !line.rest[begin + word.len()..].trim_ascii().is_empty();
    Some(Rest { result: result(word)?, agent, extra: within || behind })
}

/// The code before the colon, where the word is a code, a colon and a code.
fn result(word: &[u8]) -> Option<&[u8]> {
    let (rest, code) = lex::code(word).ok()?;
    let (end, _) = lex::code(rest.strip_prefix(b":")?).ok()?;
    let known =
        [&b"TCP_"[..], b"UDP_", b"NONE", b"TAG_NONE", b"ERR_"].iter().any(|start| code.starts_with(start));
    (end.is_empty() && known).then_some(code)
}

/// The second of the quoted columns, and whether there are others.
fn agent(columns: &[u8]) -> (&[u8], bool) {
    const BETWEEN: &[u8] = b"\" \"";
    if columns.is_empty() {
        return (columns, false);
    }
    let none = &columns[..0];
    let (Some(open), Some(close)) =
        (memchr::memmem::find(columns, BETWEEN), memchr::memrchr(b'"', columns).filter(|close| *close > 0))
    else {
        return (none, true);
    };
    let begin = open + BETWEEN.len();
    if begin > close || columns.first() != Some(&b'"') {
        return (none, true);
    }
    let quoted = &columns[begin..close];
    let end = memchr::memmem::find(quoted, BETWEEN).unwrap_or(quoted.len());
    (&quoted[..end], end < quoted.len() || close + 1 < columns.len())
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let line = access::line(record).map_err(|fault| fault.reject(record))?;
    let at = |reason: Reason, column: &[u8]| Reject::at(reason, lex::offset(record, column));
    let time = time(&line).ok_or_else(|| at(Reason::Time, line.time))?;
    let Some(rest) = rest(&line) else {
        return Err(Reject::at(Reason::Truncated, record.len()));
    };
    let Some(asked) = access::asked(line.request) else {
        return Ok(Parsed::Other(OtherKind::NoRequest));
    };
    if let Some(kind) = squid::no_event(asked.url, rest.result) {
        return Ok(Parsed::Other(kind));
    }
    if asked.url == b"-" {
        return Err(at(Reason::Address, asked.url));
    }
    let status = lex::whole_of(line.status, lex::status).unwrap_or(0);
    let size = lex::whole_column(line.size);
    let action = squid::action(rest.result, status);
    let notice = if size.is_some_and(|size| size.odd) {
        Some(Notice::OddNumber)
    } else if rest.extra {
        Some(Notice::ExtraColumns)
    } else {
        None
    };
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::End,
        user: lex::text(line.user).map(|_| squid::unescape(line.user)),
        client_address: lex::text(line.client),
        method: lex::text(asked.method),
        url: Some(Cow::Borrowed(asked.url)),
        status: Some(status),
        response_bytes: size.and_then(lex::Whole::natural),
        user_agent: lex::text(rest.agent),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::Rule),
        kind: RecordKind::of(action, asked.method),
        unauthenticated: action == Action::Challenged,
        notice,
        ..Fields::default()
    }))
}

fn time(line: &Line<'_>) -> Option<When> {
    lex::whole_of(line.time, lex::server_time)
}

/// Whether the line has Squid's result.
pub(super) fn has_result(line: &Line<'_>) -> bool {
    rest(line).is_some()
}

fn sniff(record: &[u8]) -> Vote {
    match access::line(record) {
        Ok(line) if time(&line).is_some() && has_result(&line) => Vote::Yes,
        _ => Vote::No,
    }
}

const fn request(url: &'static str, status: u32, action: Action, kind: RecordKind) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::Rule) } else { None };
    Expected::Request { user: None, url, status: Some(status), action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "common: a page",
        record: r#"10.1.4.17 - mtaylor [10/Sep/2025:10:45:00 +0100] "GET http://www.example.org/a? HTTP/1.1" 200 10182 TCP_MISS:HIER_DIRECT"#,
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
        shows: "combined: a block by an access rule",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:01 +0100] "GET http://games.example/ HTTP/1.1" 403 3992 "http://a.example/?q=1" "Mozilla/5.0 (X11)" TCP_DENIED:HIER_NONE"#,
        expected: request("http://games.example/", 403, Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "raw quotes in address, referer and browser",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:01 +0100] "GET http://a.example/?q="two words" HTTP/1.1" 200 392 "http://a.example/?q="x"" "an "odd" browser" TCP_MISS:HIER_DIRECT"#,
        expected: request(r#"http://a.example/?q="two words""#, 200, Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "columns added before and behind the result",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:01 +0100] "GET http://a.example/ HTTP/1.1" 200 392 "-" "curl" "10.9.0.4" TCP_MISS:HIER_DIRECT 17 text/html"#,
        expected: request("http://a.example/", 200, Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "a sign-in challenge after a wrong password: not a block",
        record: r#"10.1.4.17 - jsmith [10/Sep/2025:10:45:02 +0100] "GET http://news.example/ HTTP/1.1" 407 4101 TCP_DENIED:HIER_NONE"#,
        expected: Expected::Request {
            user: Some("jsmith"),
            url: "http://news.example/",
            status: Some(407),
            action: Action::Challenged,
            block_reason: None,
            kind: RecordKind::Authentication,
        },
    },
    Example {
        shows: "a tunnel of a name with a domain and a blank",
        record: r#"2001:db8::17 - SCHOOL\\zo%c3%ab lund [10/Sep/2025:10:45:03 +0100] "CONNECT mail.example:443 HTTP/1.1" 200 2904 "-" "-" TCP_TUNNEL:HIER_DIRECT"#,
        expected: Expected::Request {
            user: Some("SCHOOL\\zoë lund"),
            url: "mail.example:443",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "the client left before the answer",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:03 +0100] "GET http://a.example/ HTTP/1.1" 0 0 TCP_MISS_ABORTED:HIER_DIRECT"#,
        expected: request("http://a.example/", 0, Action::Error, RecordKind::Request),
    },
    Example {
        shows: "the client left before it asked",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:04 +0100] "- error:transaction-end-before-headers NONE/0.0" 0 0 "-" "-" NONE_NONE:HIER_NONE"#,
        expected: Expected::Other(OtherKind::NoRequest),
    },
    Example {
        shows: "the proxy's own pages",
        record: r#"127.0.0.1 - - [10/Sep/2025:10:45:04 +0100] "GET cache_object://localhost/counters HTTP/1.0" 200 1342 NONE:HIER_NONE"#,
        expected: Expected::Other(OtherKind::Internal),
    },
    Example {
        shows: "cut before the result",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:00 +0100] "GET http://a.example/ HTTP/1.1" 200 10182 "-" "Mozilla/5.0 (X"#,
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "a day that does not exist",
        record: r#"10.1.4.17 - - [31/Sep/2025:10:45:00 +0100] "GET http://a.example/ HTTP/1.1" 200 10182 TCP_MISS:HIER_DIRECT"#,
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "an offset that no zone has",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:00 +9900] "GET http://a.example/ HTTP/1.1" 200 10182 TCP_MISS:HIER_DIRECT"#,
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "status is a word",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:00 +0100] "GET http://a.example/ HTTP/1.1" OK 10182 TCP_MISS:HIER_DIRECT"#,
        expected: Expected::Reject(Reason::Status),
    },
];

crate::event::redacted!(Rest);
