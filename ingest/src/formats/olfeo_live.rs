//! Olfeo SaaS, live log: one JSON object a line, for requests through the proxy and for look-ups of
//! names. Keys and the word `allow` are from real lines; `block` and `deny` were not seen.

use serde::Deserialize;

use super::json::{self, First, Scalar};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, Text, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "timestamp", "milliseconds since 1970, UTC; which moment is not documented"),
    field(2, "type", "`proxy` or `dns`"),
    field(3, "display_name", "name of the person"),
    field(4, "groups_name", "list of groups; the first is the filter group"),
    field(5, "src_ip", "client address"),
    field(6, "http_method", "HTTP method; CONNECT is a tunnel"),
    field(7, "url", "address; empty in a look-up"),
    field(8, "domain", "host; the name looked up"),
    field(9, "action", "`allow`; other words are read by what they say"),
    field(10, "category_label", "category, one"),
    field(11, "user_status_code", "HTTP status, as text; 407 is a challenge"),
    field(12, "user_received_bytes", "bytes sent to the client, as text"),
    field(13, "user_response_time_ms", "milliseconds, as text"),
];

pub(super) static FORMAT: Format = Format {
    id: "olfeo-live",
    version: "1",
    title: "Olfeo SaaS, live log",
    origin: "Olfeo SaaS, live log in JSON lines",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Row<'a> {
    #[serde(borrow)]
    timestamp: Scalar<'a>,
    #[serde(borrow)]
    r#type: Scalar<'a>,
    #[serde(borrow)]
    display_name: Scalar<'a>,
    #[serde(borrow)]
    groups_name: First<'a>,
    #[serde(borrow)]
    src_ip: Scalar<'a>,
    #[serde(borrow)]
    http_method: Scalar<'a>,
    #[serde(borrow)]
    url: Scalar<'a>,
    #[serde(borrow)]
    domain: Scalar<'a>,
    #[serde(borrow)]
    action: Scalar<'a>,
    #[serde(borrow)]
    category_label: Scalar<'a>,
    #[serde(borrow)]
    user_status_code: Scalar<'a>,
    #[serde(borrow)]
    user_received_bytes: Scalar<'a>,
    #[serde(borrow)]
    user_response_time_ms: Scalar<'a>,
}

/// A dash is nothing here.
fn said(value: Scalar<'_>) -> Text<'_> {
    value.text().filter(|text| text.as_ref() != b"-")
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let row: Row<'_> = json::object(record)?;
    let dns = match row.r#type.word().unwrap_or_default() {
        "proxy" => false,
        "dns" => true,
        _ => return Ok(Parsed::Other(OtherKind::Foreign)),
    };
    // Anything before 2001 or far ahead is no count of milliseconds.
    let time =
        row.timestamp.whole().filter(|millis| (1_000_000_000_000..10_000_000_000_000).contains(millis));
    let Some(millis) = time else {
        return Err(Reject::at(Reason::Time, 0));
    };
    let status = row.user_status_code.status();
    let (action, notice) = match row.action.word().unwrap_or_default() {
        _ if status == Some(407) => (Action::Challenged, None),
        "allow" => (Action::Allowed, None),
        "block" | "deny" => (Action::Blocked, None),
        _ => (Action::Unknown, Some(Notice::UnknownAction)),
    };
    let (url, domain) = (said(row.url), said(row.domain));
    if url.is_none() && domain.is_none() {
        return Err(Reject::at(Reason::Address, 0));
    }
    let kind = if dns { RecordKind::Dns } else { RecordKind::of(action, row.http_method.word().unwrap_or_default().as_bytes()) };
    let natural = |value: &Scalar<'_>| value.whole().filter(|number| *number >= 0);
    Ok(Parsed::Request(Fields {
        time: When::Instant(millis * 1_000),
        basis: TimeBasis::Unknown,
        duration_ms: natural(&row.user_response_time_ms),
        response_bytes: natural(&row.user_received_bytes),
        user: said(row.display_name),
        group: said(row.groups_name.0),
        client_address: said(row.src_ip),
        method: said(row.http_method),
        host: domain.filter(|_| url.is_none()),
        url,
        status,
        categories: said(row.category_label),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::Rule),
        kind,
        unauthenticated: action == Action::Challenged,
        notice,
        ..Fields::default()
    }))
}

fn sniff(line: &[u8]) -> Vote {
    let keys = ["\"category_label\":", "\"theme_label\":", "\"directory_name\":", "\"user_status_code\":"];
    let has = |key: &&str| memchr::memmem::find(line, key.as_bytes()).is_some();
    if line.starts_with(b"{") && keys.iter().all(has) { Vote::Yes } else { Vote::No }
}

crate::event::redacted!(Row);

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page, numbers as text",
        record: r#"{"display_name":"Mary Taylor","category_id":"1000","category_label":"Education","url":"https://www.example.org/a?","action":"allow","domain":"www.example.org","src_ip":"10.1.4.17","timestamp":1757497500123,"http_method":"GET","user_response_time_ms":"84","user_received_bytes":"4664","user_status_code":"200","theme_label":"School","groups_name":["Year 9","Pupils"],"directory_name":"School","type":"proxy","dns_answer":"","applications":null}"#,
        expected: Expected::Request {
            user: Some("Mary Taylor"),
            url: "https://www.example.org/a?",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a look-up, no groups",
        record: r#"{"display_name":"","category_label":"CDN","url":"","action":"allow","domain":"cdn.example","src_ip":"","timestamp":1757497500123,"http_method":"","user_status_code":"","theme_label":"Other","groups_name":null,"directory_name":"School","type":"dns","dns_answer":"cdn.example.\t3600\tIN\tA\t192.0.2.7"}"#,
        expected: Expected::Request {
            user: None,
            url: "cdn.example",
            status: None,
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Dns,
        },
    },
    Example {
        shows: "a block of a tunnel",
        record: r#"{"display_name":"Mary Taylor","category_label":"Gambling","url":"bets.example:443","action":"block","domain":"bets.example","timestamp":1757497500123,"http_method":"CONNECT","user_status_code":"403","theme_label":"Other","directory_name":"School","type":"proxy"}"#,
        expected: Expected::Request {
            user: Some("Mary Taylor"),
            url: "bets.example:443",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::Rule),
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "an action that is not known",
        record: r#"{"display_name":"Mary Taylor","category_label":"Gambling","url":"http://bets.example/","action":"zork","timestamp":1757497500123,"user_status_code":"200","theme_label":"Other","directory_name":"School","type":"proxy"}"#,
        expected: Expected::Request {
            user: Some("Mary Taylor"),
            url: "http://bets.example/",
            status: Some(200),
            action: Action::Unknown,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "another record type",
        record: r#"{"category_label":"","timestamp":1757497500123,"user_status_code":"","theme_label":"","directory_name":"School","type":"audit"}"#,
        expected: Expected::Other(OtherKind::Foreign),
    },
    Example {
        shows: "no address",
        record: r#"{"category_label":"","url":"","domain":"","action":"allow","timestamp":1757497500123,"user_status_code":"","theme_label":"","directory_name":"School","type":"proxy"}"#,
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "seconds in place of milliseconds",
        record: r#"{"category_label":"","url":"http://a.example/","timestamp":1757497500,"user_status_code":"","theme_label":"","directory_name":"School","type":"proxy"}"#,
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "cut",
        record: r#"{"category_label":"","user_status_code":"","theme_label":"","directory_name":"School","url":"http://a.exam"#,
        expected: Expected::Reject(Reason::Truncated),
    },
];
