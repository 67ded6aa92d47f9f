//! Olfeo SaaS, live log: one JSON object a line, for requests through the proxy and for look-ups of
//! names. Keys and the word `allow` are from real lines; `block` and `deny` were not seen.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, squid};
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

/// A value: text, a number, or the first of a list.
#[derive(Default)]
enum Value<'a> {
    #[default]
    Nothing,
    Text(Cow<'a, str>),
    Number(i64),
}

impl<'a> Value<'a> {
    fn text(self) -> Text<'a> {
        match self {
            Self::Text(text) if !matches!(&*text, "" | "-") => Some(match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            }),
            _ => None,
        }
    }

    fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            Self::Nothing => None,
        }
    }

    fn word(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(number).map_or(Value::Nothing, Value::Number))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Self::Value, S::Error> {
        let first = list.next_element()?.unwrap_or_default();
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Nothing)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Row<'a> {
    #[serde(borrow)]
    timestamp: Value<'a>,
    #[serde(borrow)]
    r#type: Value<'a>,
    #[serde(borrow)]
    display_name: Value<'a>,
    #[serde(borrow)]
    groups_name: Value<'a>,
    #[serde(borrow)]
    src_ip: Value<'a>,
    #[serde(borrow)]
    http_method: Value<'a>,
    #[serde(borrow)]
    url: Value<'a>,
    #[serde(borrow)]
    domain: Value<'a>,
    #[serde(borrow)]
    action: Value<'a>,
    #[serde(borrow)]
    category_label: Value<'a>,
    #[serde(borrow)]
    user_status_code: Value<'a>,
    #[serde(borrow)]
    user_received_bytes: Value<'a>,
    #[serde(borrow)]
    user_response_time_ms: Value<'a>,
}

fn row(record: &[u8]) -> Result<Row<'_>, Reject> {
    let text = std::str::from_utf8(record).map_err(|error| Reject::at(Reason::Bytes, error.valid_up_to()))?;
    serde_json::from_str(text).map_err(|error| {
        let reason = if error.is_eof() { Reason::Truncated } else { Reason::Columns };
        Reject::at(reason, error.column().saturating_sub(1).min(record.len()))
    })
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let row = row(record)?;
    let dns = match row.r#type.word() {
        "proxy" => false,
        "dns" => true,
        _ => return Ok(Parsed::Other(OtherKind::Foreign)),
    };
    // Anything before 2001 or far ahead is no count of milliseconds.
    let time =
        row.timestamp.number().filter(|millis| (1_000_000_000_000..10_000_000_000_000).contains(millis));
    let Some(millis) = time else {
        return Err(Reject::at(Reason::Time, 0));
    };
    let status = row.user_status_code.number().and_then(|status| u32::try_from(status).ok());
    let (action, notice) = match row.action.word() {
        _ if status == Some(407) => (Action::Challenged, None),
        "allow" => (Action::Allowed, None),
        "block" | "deny" => (Action::Blocked, None),
        _ => (Action::Unknown, Some(Notice::UnknownAction)),
    };
    let (url, domain) = (row.url.text(), row.domain.text());
    if url.is_none() && domain.is_none() {
        return Err(Reject::at(Reason::Address, 0));
    }
    let kind = if dns { RecordKind::Dns } else { RecordKind::of(action, row.http_method.word().as_bytes()) };
    let natural = |value: &Value<'_>| value.number().filter(|number| *number >= 0);
    Ok(Parsed::Request(Fields {
        time: When::Instant(millis * 1_000),
        basis: TimeBasis::Unknown,
        duration_ms: natural(&row.user_response_time_ms),
        response_bytes: natural(&row.user_received_bytes),
        user: row.display_name.text(),
        group: row.groups_name.text(),
        client_address: row.src_ip.text(),
        method: row.http_method.text(),
        host: domain.filter(|_| url.is_none()),
        url,
        status,
        categories: row.category_label.text(),
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

crate::event::redacted!(Value, Row);

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
