//! Symantec Cloud SWG (Blue Coat, WSS): one JSON object a line whose names are those of the W3C
//! fields, all values text, date and time in UTC.

use super::edge_swg::{self, Row};
use super::json::{self, Scalar};
use super::lex;
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Parsed, RecordKind};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "date, time", "end of the request, UTC"),
    field(2, "time-taken", "milliseconds; the start is time minus duration"),
    field(3, "c-ip", "client address"),
    field(4, "x-client-device-name", "client host"),
    field(5, "cs-userdn, cs-username", "account"),
    field(6, "cs-auth-groups, cs-auth-group", "group of the account"),
    field(7, "sc-filter-result", "`OBSERVED`, `PROXIED`, `DENIED`; a status 407 is a challenge"),
    field(8, "x-exception-id", "which page was shown instead"),
    field(9, "cs-categories", "category words, semicolons between"),
    field(10, "sc-status", "HTTP status; 0 where there was no answer"),
    field(11, "cs-method", "HTTP method; CONNECT is a tunnel, and so are the schemes `ssl` and `tcp`"),
    field(12, "rs(Content-Type)", "MIME type"),
    field(13, "cs-uri-scheme, cs-host, cs-uri-port, cs-uri-path, cs-uri-query", "address in parts"),
    field(14, "cs(User-Agent)", "browser"),
    field(15, "sc-bytes", "bytes sent to the client"),
];

pub(super) static FORMAT: Format = Format {
    id: "bluecoat-json",
    version: "1",
    title: "Symantec Cloud SWG (Blue Coat), JSON",
    origin: "Cloud SWG / Web Security Service, access log export as JSON",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

/// The places of the two halves of the time, behind those of a row.
const DATE: usize = edge_swg::READ;
const CLOCK: usize = DATE + 1;

fn place(name: &[u8]) -> Option<usize> {
    match name {
        b"date" => Some(DATE),
        b"time" => Some(CLOCK),
        name => edge_swg::place(name),
    }
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let [columns @ .., date, clock] = json::values_by::<{ CLOCK + 1 }>(record, place)?;
    let day = date.word().and_then(|date| lex::whole_of(date.as_bytes(), lex::date('-')));
    let clock = clock.word().and_then(|clock| lex::whole_of(clock.as_bytes(), lex::clock));
    let (Some(day), Some(clock)) = (day, clock) else {
        return Err(Reject::at(Reason::Time, record.len()));
    };
    let time = lex::at_offset(day.to_datetime(clock), 0);
    edge_swg::read(record, Row::new(time, columns.map(Scalar::written)))
}

fn sniff(line: &[u8]) -> Vote {
    if !line.starts_with(b"{") {
        return Vote::No;
    }
    let has = |word: &str| memchr::memmem::find(line, word.as_bytes()).is_some();
    match (has("\"x-bluecoat-"), has("\"sc-filter-result\":") && has("\"cs-host\":")) {
        (true, true) => Vote::Yes,
        (true, false) => Vote::Fragment,
        _ => Vote::No,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page, a doubled backslash in the account, an escaped line end in a name",
        record: r#"{"x-bluecoat-request-tenant-id":"1","date":"2025-11-12","time":"09:15:30","time-taken":"28","c-ip":"10.1.4.17","cs-userdn":"SCHOOL\\mtaylor","cs-auth-groups":"Pupils","sc-filter-result":"OBSERVED","cs-categories":"Education;Reference","sc-status":"200","cs-method":"GET","rs(Content-Type)":"text/html","cs-uri-scheme":"https","cs-host":"www.example.org","cs-uri-port":"443","cs-uri-path":"/a","cs-uri-query":"?b=c","cs(User-Agent)":"Mozilla/5.0 (X11)","sc-bytes":"3900","x-client-device-name":"pc17","x-bluecoat-transaction-uuid\r":"1\r"}"#,
        expected: Expected::Request {
            user: Some("SCHOOL\\mtaylor"),
            url: "https://www.example.org:443/a?b=c",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a tunnel that is not opened",
        record: r#"{"x-bluecoat-appliance-name":"x","date":"2025-11-12","time":"09:15:31","c-ip":"10.1.4.17","sc-filter-result":"OBSERVED","sc-status":"0","cs-method":"unknown","cs-uri-scheme":"ssl","cs-host":"mail.example","cs-uri-port":"443","cs-uri-path":"/"}"#,
        expected: Expected::Request {
            user: None,
            url: "ssl://mail.example:443/",
            status: Some(0),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a block",
        record: r#"{"x-bluecoat-appliance-name":"x","date":"2025-11-12","time":"09:15:32","c-ip":"10.1.4.17","cs-username":"mtaylor","sc-filter-result":"DENIED","x-exception-id":"policy_denied","sc-status":403,"cs-method":"GET","cs-uri-scheme":"http","cs-host":"bets.example","cs-uri-path":"/"}"#,
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "http://bets.example/",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::Rule),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a challenge",
        record: r#"{"x-bluecoat-appliance-name":"x","date":"2025-11-12","time":"09:15:33","c-ip":"10.1.4.17","sc-filter-result":"DENIED","sc-status":"407","cs-method":"GET","cs-uri-scheme":"http","cs-host":"a.example"}"#,
        expected: Expected::Request {
            user: None,
            url: "http://a.example",
            status: Some(407),
            action: Action::Challenged,
            block_reason: None,
            kind: RecordKind::Authentication,
        },
    },
    Example {
        shows: "no time",
        record: r#"{"x-bluecoat-appliance-name":"x","date":"2025-11-12","sc-filter-result":"OBSERVED","cs-host":"a.example"}"#,
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "cut inside a value",
        record: r#"{"x-bluecoat-appliance-name":"x","date":"2025-11-12","time":"09:15:34","sc-filter-result":"OBSERVED","cs-host":"a.exam"#,
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "no JSON",
        record: r#"{"x-bluecoat-appliance-name":"x","date""2025-11-12"}"#,
        expected: Expected::Reject(Reason::Quoting),
    },
];
