//! Blue Coat ProxySG, Edge SWG: the key=value log format that collectors ask for, behind a head with
//! the time in UTC and the proxy's name, sometimes without a blank between.

use super::edge_swg::{self, Row};
use super::lex;
use super::pairs::{self, QUOTED, Value};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Parsed, RecordKind, When};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "time", "end of the request, UTC, in the head"),
    field(2, "time-taken", "milliseconds; the start is time minus duration"),
    field(3, "c-ip", "client address"),
    field(4, "cs-username", "account"),
    field(5, "cs-auth-group, cs-auth-groups", "group of the account"),
    field(6, "sc-filter-result", "`OBSERVED`, `PROXIED`, `DENIED`; a status 407 is a challenge"),
    field(7, "x-exception-id", "which page was shown instead"),
    field(8, "cs-categories", "category words, semicolons between"),
    field(9, "sc-status", "HTTP status"),
    field(10, "cs-method", "HTTP method; CONNECT is a tunnel, and so are the schemes `ssl` and `tcp`"),
    field(11, "rs-Content-Type", "MIME type"),
    field(12, "cs-uri-scheme, cs-host, cs-uri-port, cs-uri-path, cs-uri-query", "address in parts"),
    field(13, "cs-user-agent, cs-User-Agent", "browser"),
    field(14, "sc-bytes", "bytes sent to the client"),
];

pub(super) static FORMAT: Format = Format {
    id: "bluecoat-pairs",
    version: "1",
    title: "Blue Coat ProxySG, key=value",
    origin: "SGOS 6 and 7, custom access log format with `bluecoat - ... -` before the pairs",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

/// The mark between the head and the name of the log.
const MARK: &[u8] = b" bluecoat - ";

/// Time, and the pairs behind the head.
fn head(record: &[u8]) -> Result<(When, &[u8]), Reject> {
    let Ok((rest, time)) = lex::iso_time(record) else { return Err(Reject::at(Reason::Time, 0)) };
    // Without an offset it is UTC all the same: it is put together from fields that are.
    let time = match time {
        When::Local(local) => lex::at_offset(local, 0),
        zoned => zoned,
    };
    let pairs = memchr::memmem::find(rest, MARK).map(|at| &rest[at + MARK.len()..]);
    let pairs = pairs.and_then(|rest| memchr::memmem::find(rest, b" - ").map(|at| &rest[at + 3..]));
    pairs.map(|pairs| (time, pairs)).ok_or(Reject::at(Reason::Columns, record.len()))
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let (time, body) = head(record)?;
    let columns = pairs::values_by(body, QUOTED, edge_swg::place).map_err(|fault| fault.reject(record))?;
    edge_swg::read(record, Row::new(time, columns.map(Value::text)))
}

fn sniff(line: &[u8]) -> Vote {
    match head(line) {
        Ok((_, pairs)) if pairs::has(pairs, b"sc-filter-result=") => Vote::Yes,
        Ok((_, pairs)) if pairs.starts_with(b"c-ip=") => Vote::Fragment,
        _ => Vote::No,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: r#"2025-11-12T09:15:30 proxy1.example bluecoat - access_log - c-ip=10.1.4.17 rs-Content-Type="text/html"  cs-auth-groups=Pupils cs-bytes=63 cs-categories="Education;Reference" cs-host=www.example.org cs-method=GET cs-uri-port=443 cs-uri-scheme=https cs-user-agent="Mozilla/5.0 (X11)" cs-username=mtaylor s-action=TCP_NC_MISS sc-bytes=3900 sc-filter-result=OBSERVED sc-status=200 time-taken=17 x-exception-id=- cs-uri-path=/a cs-uri-query="?b=c d""#,
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "https://www.example.org:443/a?b=c d",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a block by category, the head run together, blanks written as numbers in the account",
        record: r#"2025-11-12T09:15:31PROXY1 bluecoat - access_log - c-ip=10.1.4.17 cs-auth-groups=- cs-categories="Gambling" cs-host=bets.example cs-method=GET cs-uri-port=80 cs-uri-scheme=http cs-username=SCHOOL\mary%20taylor sc-bytes=39 sc-filter-result=DENIED sc-status=403 time-taken=1 x-exception-id=content_filter_denied cs-uri-path=/ cs-uri-query="-""#,
        expected: Expected::Request {
            user: Some("SCHOOL\\mary taylor"),
            url: "http://bets.example:80/",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::List),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a tunnel",
        record: r#"2025-11-12T09:15:32.250Z proxy1 bluecoat - main - c-ip=2001:db8::17 cs-categories="none" cs-host=mail.example cs-method=CONNECT cs-uri-port=443 cs-uri-scheme=tcp cs-username=- sc-filter-result=PROXIED sc-status=200 cs-uri-path=/"#,
        expected: Expected::Request {
            user: None,
            url: "tcp://mail.example:443/",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a challenge",
        record: "2025-11-12T09:15:33 proxy1 bluecoat - main - c-ip=10.1.4.17 cs-host=a.example cs-method=GET cs-uri-scheme=http cs-username=- sc-filter-result=DENIED sc-status=407 x-exception-id=authentication_failed cs-uri-path=/",
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
        shows: "a verdict that is not known",
        record: "2025-11-12T09:15:33 proxy1 bluecoat - main - c-ip=10.1.4.17 cs-host=a.example cs-method=GET cs-uri-scheme=http sc-filter-result=COACHED sc-status=200 cs-uri-path=/",
        expected: Expected::Request {
            user: None,
            url: "http://a.example/",
            status: Some(200),
            action: Action::Unknown,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "no host",
        record: "2025-11-12T09:15:34 proxy1 bluecoat - main - c-ip=10.1.4.17 cs-host=- sc-filter-result=OBSERVED sc-status=200",
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "status is a word",
        record: "2025-11-12T09:15:34 proxy1 bluecoat - main - c-ip=10.1.4.17 cs-host=a.example sc-filter-result=OBSERVED sc-status=OK",
        expected: Expected::Reject(Reason::Status),
    },
    Example {
        shows: "no verdict",
        record: "2025-11-12T09:15:34 proxy1 bluecoat - main - c-ip=10.1.4.17 cs-host=a.example sc-status=200",
        expected: Expected::Reject(Reason::Result),
    },
    Example {
        shows: "a month that does not exist",
        record: "2025-13-12T09:15:34 proxy1 bluecoat - main - c-ip=10.1.4.17 cs-host=a.example",
        expected: Expected::Reject(Reason::Time),
    },
];
