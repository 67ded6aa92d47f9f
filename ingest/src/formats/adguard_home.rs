//! AdGuard Home, `querylog.json`: one look-up a line.
//!
//! Keys and the numbers of the reasons are from the source (AdguardTeam/AdGuardHome,
//! `internal/querylog/entry.go` and `internal/filtering`); no real line was seen.

use serde::Deserialize;

use super::json::{self, Scalar};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex};
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "T", "time with offset and nanoseconds"),
    field(2, "QH", "the name that was asked for"),
    field(3, "IP", "client address"),
    field(4, "CID", "the client's own id, where it has one; kept as host name"),
    field(5, "Elapsed", "nanoseconds"),
    field(6, "Result.IsFiltered", "a block, unless the reason is safe search"),
    field(7, "Result.Reason", "which filter, as a number"),
];

pub(super) static FORMAT: Format = Format {
    id: "adguard-home",
    version: "1",
    title: "AdGuard Home query log",
    origin: "AdGuard Home, `querylog.json` and its rotated `querylog.json.1`",
    verified: Verified::Source,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow, default, rename = "T")]
    time: Scalar<'a>,
    #[serde(borrow, default, rename = "QH")]
    host: Scalar<'a>,
    #[serde(borrow, default, rename = "IP")]
    client: Scalar<'a>,
    #[serde(borrow, default, rename = "CID")]
    client_id: Scalar<'a>,
    #[serde(borrow, default, rename = "Elapsed")]
    elapsed: Scalar<'a>,
    #[serde(borrow, default, rename = "Result")]
    result: Outcome<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Outcome<'a> {
    #[serde(borrow, default)]
    is_filtered: Scalar<'a>,
    #[serde(borrow, default)]
    reason: Scalar<'a>,
}

fn sniff(line: &[u8]) -> Vote {
    if !json::names(line, &[b"\"T\":", b"\"QH\":", b"\"QT\":", b"\"QC\":"]) {
        Vote::No
    } else if line.trim_ascii_end().ends_with(b"}") {
        Vote::Yes
    } else {
        Vote::Fragment
    }
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let row: Row<'_> = json::object(record)?;
    let time = row.time.word().and_then(|text| lex::whole_of(text.as_bytes(), lex::iso_time));
    let time = time.ok_or_else(|| Reject::at(Reason::Time, 0))?;
    let host = row.host.text().ok_or_else(|| Reject::at(Reason::Address, record.len()))?;
    let elapsed = row.elapsed.whole();
    let filtered = row.result.is_filtered.truth().unwrap_or(false);
    let (action, block_reason) = action(filtered, row.result.reason.whole().unwrap_or(0));
    let notice = if action == Action::Unknown {
        Some(Notice::UnknownAction)
    } else {
        elapsed.is_some_and(|nanos| nanos < 0).then_some(Notice::OddNumber)
    };
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Unknown,
        duration_ms: elapsed.filter(|nanos| *nanos >= 0).map(|nanos| nanos / 1_000_000),
        client_address: row.client.text(),
        client_host: row.client_id.text(),
        host: Some(host),
        action,
        block_reason,
        kind: RecordKind::Dns,
        notice,
        ..Fields::default()
    }))
}

/// What the numbers of the reasons mean: 3 block list, 4 malware and phishing, 5 adult content,
/// 6 refused as invalid, 7 safe search (the answer is another), 8 a blocked service, 9 to 11 answers
/// of the school's own.
fn action(filtered: bool, reason: i64) -> (Action, Option<BlockReason>) {
    match (filtered, reason) {
        (_, 7 | 9..=11) | (false, 0 | 1) => (Action::Allowed, None),
        (false, 2) => (Action::Error, None),
        (true, 3 | 4 | 5 | 8) => (Action::Blocked, Some(BlockReason::List)),
        (true, _) => (Action::Blocked, Some(BlockReason::Rule)),
        (false, _) => (Action::Unknown, None),
    }
}

const fn request(url: &'static str, action: Action) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::List) } else { None };
    Expected::Request { user: None, url, status: None, action, block_reason, kind: RecordKind::Dns }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a look-up",
        record: r#"{"T":"2025-09-10T09:45:00.123456789+01:00","QH":"www.example.org","QT":"A","QC":"IN","CP":"","Upstream":"192.0.2.53:53","Answer":"AAAA","IP":"10.1.4.17","Result":{},"Elapsed":17000000,"Cached":true}"#,
        expected: request("www.example.org", Action::Allowed),
    },
    Example {
        shows: "a block, keys in another order",
        record: r#"{"Result":{"Rules":[{"Text":"||bets.example^","FilterListID":1}],"Reason":3,"IsFiltered":true},"IP":"10.1.4.17","CID":"pc17","QC":"IN","QT":"AAAA","QH":"bets.example","T":"2025-09-10T09:45:01.5+01:00","CP":"doh","Elapsed":42000}"#,
        expected: request("bets.example", Action::Blocked),
    },
    Example {
        shows: "safe search gives another answer and is no block",
        record: r#"{"T":"2025-09-10T09:45:02Z","QH":"search.example","QT":"A","QC":"IN","CP":"","IP":"2001:db8::17","Result":{"IsFiltered":true,"Reason":7},"Elapsed":42000}"#,
        expected: request("search.example", Action::Allowed),
    },
    Example {
        shows: "cut",
        record: r#"{"T":"2025-09-10T09:45:02Z","QH":"a.example","QT":"A","QC":"IN","CP":"","IP":"10.1."#,
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "time cannot be read",
        record: r#"{"T":"9:45","QH":"a.example","QT":"A","QC":"IN","IP":"10.1.4.17","Result":{}}"#,
        expected: Expected::Reject(Reason::Time),
    },
];
