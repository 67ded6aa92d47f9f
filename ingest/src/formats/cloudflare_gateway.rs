//! Cloudflare Gateway, Logpush: JSON lines of HTTP requests, of look-ups and of network sessions, told
//! apart by their keys. They may share a file.
//!
//! Keys from the vendor's lists of `gateway_http`, `gateway_dns` and `gateway_network`
//! (<https://developers.cloudflare.com/logs/reference/log-fields/account/gateway_dns/>), decisions from
//! its list of resolver decisions; real lines of each were seen. A time is text or, by the job's
//! setting, a number of seconds to nanoseconds.

use serde::Deserialize;

use super::json::{self, LIST_SEPARATORS, List, Scalar};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, Text, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "Datetime", "time, UTC"),
    field(2, "Action", "HTTP and network: the decision"),
    field(3, "ResolverDecision", "look-ups: the decision"),
    field(4, "URL, HTTPHost", "address; the host where it is missing"),
    field(5, "QueryName", "the name that was asked for"),
    field(6, "SNI, DestinationPort", "network: the host of a tunnel; without one the session is traffic"),
    field(7, "HTTPMethod, HTTPStatusCode", "method and status"),
    field(8, "Email", "account; `non_identity@...` is nobody"),
    field(9, "SourceInternalIP, SourceIP, SrcIP", "client address, the inner one first"),
    field(10, "DeviceName", "client host name"),
    field(11, "CategoryNames, QueryCategoryNames, MatchedCategoryNames", "category words"),
    field(12, "BlockedFileReason", "a file that was stopped: by the virus scanner, or by its kind"),
    field(13, "UserAgent", "browser"),
];

pub(super) static FORMAT: Format = Format {
    id: "cloudflare-gateway",
    version: "1",
    title: "Cloudflare Gateway",
    origin: "Cloudflare Zero Trust, Logpush datasets gateway_http, gateway_dns and gateway_network",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row<'a> {
    #[serde(borrow, default)]
    datetime: Scalar<'a>,
    #[serde(borrow, default)]
    action: Scalar<'a>,
    #[serde(borrow, default)]
    resolver_decision: Scalar<'a>,
    #[serde(borrow, default, rename = "URL")]
    url: Scalar<'a>,
    #[serde(borrow, default, rename = "HTTPHost")]
    http_host: Scalar<'a>,
    #[serde(borrow, default, rename = "HTTPMethod")]
    method: Scalar<'a>,
    #[serde(borrow, default, rename = "HTTPStatusCode")]
    status: Scalar<'a>,
    #[serde(borrow, default)]
    query_name: Scalar<'a>,
    #[serde(borrow, default, rename = "SNI")]
    sni: Scalar<'a>,
    #[serde(borrow, default)]
    destination_port: Scalar<'a>,
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, default, rename = "SourceInternalIP")]
    inner_address: Scalar<'a>,
    #[serde(borrow, default, rename = "SourceIP")]
    source_address: Scalar<'a>,
    #[serde(borrow, default, rename = "SrcIP")]
    query_address: Scalar<'a>,
    #[serde(borrow, default)]
    device_name: Scalar<'a>,
    #[serde(borrow, default)]
    category_names: List<'a>,
    #[serde(borrow, default)]
    query_category_names: List<'a>,
    #[serde(borrow, default)]
    matched_category_names: List<'a>,
    #[serde(borrow, default)]
    blocked_file_reason: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
}

/// Keys that stand together in one of the three datasets and in nobody else's lines.
fn sniff(line: &[u8]) -> Vote {
    let ours = json::names(line, &[b"\"Datetime\"", b"\"QueryName\"", b"\"ResolverDecision\""])
        || json::names(line, &[b"\"Datetime\"", b"\"HTTPHost\"", b"\"IsIsolated\""])
        || json::names(line, &[b"\"Datetime\"", b"\"HTTPHost\"", b"\"PolicyID\""])
        || json::names(line, &[b"\"Datetime\"", b"\"SessionID\"", b"\"OverrideIP\""])
        || json::names(line, &[b"\"Datetime\"", b"\"Transport\"", b"\"SNI\""]);
    match ours {
        true if line.trim_ascii_end().ends_with(b"}") => Vote::Yes,
        true => Vote::Fragment,
        false => Vote::No,
    }
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let row: Row<'_> = json::object(record)?;
    let written = row.datetime.word().and_then(|text| lex::whole_of(text.as_bytes(), lex::iso_time));
    let time = written.or_else(|| row.datetime.epoch()).ok_or_else(|| Reject::at(Reason::Time, 0))?;
    let network = row.query_name.word().is_none() && row.http_host.word().is_none() && row.url.word().is_none();
    let look_up = row.query_name.text();
    let is_look_up = look_up.is_some();
    let sni = row.sni.text();
    if network && sni.is_none() {
        return Ok(Parsed::Other(OtherKind::Traffic));
    }
    let url = row.url.text();
    let host = look_up.or(sni).or_else(|| row.http_host.text()).filter(|_| url.is_none());
    if url.is_none() && host.is_none() {
        return Err(Reject::at(Reason::Address, record.len()));
    }
    let word = row.resolver_decision.word().or(row.action.word());
    let word = word.ok_or_else(|| Reject::at(Reason::Result, record.len()))?;
    let action = action(word);
    let method = row.method.text();
    let kind = if is_look_up {
        RecordKind::Dns
    } else if network || method.as_deref() == Some(b"CONNECT") {
        RecordKind::Tunnel
    } else {
        RecordKind::Request
    };
    let reason = match (row.blocked_file_reason.word().unwrap_or_default(), word) {
        ("avscan", _) => BlockReason::Virus,
        ("", "blockedByCategory" | "blockedAlwaysCategory" | "blockedByQueryName") => BlockReason::List,
        ("", _) => BlockReason::Rule,
        _ => BlockReason::FileKind,
    };
    let categories: Text<'_> = [row.category_names, row.query_category_names, row.matched_category_names]
        .into_iter()
        .find_map(|list| list.text(record));
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Unknown,
        user: row.email.text().filter(|email| !email.starts_with(b"non_identity@")),
        client_address: row
            .inner_address
            .text()
            .or_else(|| row.source_address.text())
            .or_else(|| row.query_address.text()),
        client_host: row.device_name.text(),
        method,
        url,
        port: row.destination_port.port().filter(|_| network),
        host,
        status: row.status.status(),
        user_agent: row.user_agent.text(),
        categories,
        category_separators: LIST_SEPARATORS,
        action,
        block_reason: (action == Action::Blocked).then_some(reason),
        kind,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }))
}

/// The decision. Answers that were rewritten (safe search, override) were let through; an isolated
/// page was shown from afar.
fn action(word: &str) -> Action {
    match word {
        "isolate" | "isolated" => Action::Monitored,
        "noIsolate" | "noisolate" | "noscan" | "off" | "overrideForSafeSearch" | "overrideApplied" => {
            Action::Allowed
        }
        _ if word.starts_with("allow") => Action::Allowed,
        _ if word.starts_with("block") || word == "quarantine" => Action::Blocked,
        _ => Action::Unknown,
    }
}

const fn request(url: &'static str, status: Option<u32>, action: Action, kind: RecordKind) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::Rule) } else { None };
    Expected::Request { user: Some("mtaylor@school.example"), url, status, action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page, several categories with a comma in one",
        record: r#"{"AccountID":"1d1e","Action":"allow","CategoryNames":["Education","News, Media"],"Datetime":"2025-09-10T08:45:00Z","DeviceName":"PC17","Email":"mtaylor@school.example","HTTPHost":"www.example.org","HTTPMethod":"GET","HTTPStatusCode":200,"IsIsolated":false,"PolicyID":"","SourceIP":"192.0.2.4","SourceInternalIP":"10.1.4.17","URL":"https://www.example.org/a?b=c","UserAgent":"Mozilla/5.0"}"#,
        expected: request("https://www.example.org/a?b=c", Some(200), Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "a download that the virus scanner stopped, time in nanoseconds, keys in another order",
        record: r#"{"URL":"https://files.example/a.zip","HTTPHost":"files.example","HTTPMethod":"GET","HTTPStatusCode":200,"IsIsolated":false,"Email":"mtaylor@school.example","BlockedFileReason":"avscan","Action":"block","Datetime":1757497501000000000}"#,
        expected: Expected::Request {
            user: Some("mtaylor@school.example"),
            url: "https://files.example/a.zip",
            status: Some(200),
            action: Action::Blocked,
            block_reason: Some(BlockReason::Virus),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a look-up that was refused",
        record: r#"{"Datetime":"2025-09-10T08:45:02Z","DeviceName":"","Email":"mtaylor@school.example","MatchedCategoryNames":["Gambling"],"QueryCategoryNames":[],"QueryName":"bets.example","QueryTypeName":"A","ResolverDecision":"blockedRule","SrcIP":"10.1.4.17"}"#,
        expected: request("bets.example", None, Action::Blocked, RecordKind::Dns),
    },
    Example {
        shows: "a look-up whose answer was made safe, by nobody in particular",
        record: r#"{"Datetime":"2025-09-10T08:45:02Z","Email":"non_identity@school.cloudflareaccess.example","QueryName":"search.example","ResolverDecision":"overrideForSafeSearch","SrcIP":"10.1.4.17"}"#,
        expected: Expected::Request {
            user: None,
            url: "search.example",
            status: None,
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Dns,
        },
    },
    Example {
        shows: "a network session with a host is a tunnel",
        record: r#"{"Action":"allowedOnNoRuleMatch","Datetime":"2025-09-10T08:45:03Z","DestinationIP":"192.0.2.7","DestinationPort":443,"Email":"mtaylor@school.example","OverrideIP":"","SNI":"mail.example","SessionID":"2727","SourceIP":"192.0.2.4","SourceInternalIP":"","Transport":"tcp"}"#,
        expected: request("mail.example:443", None, Action::Allowed, RecordKind::Tunnel),
    },
    Example {
        shows: "a network session without one",
        record: r#"{"Action":"allowedOnNoRuleMatch","Datetime":"2025-09-10T08:45:03Z","DestinationIP":"192.0.2.7","DestinationPort":123,"Email":"","OverrideIP":"","SNI":"","SessionID":"2728","Transport":"udp"}"#,
        expected: Expected::Other(OtherKind::Traffic),
    },
    Example {
        shows: "a word that no table knows",
        record: r#"{"Action":"ponder","Datetime":"2025-09-10T08:45:00Z","Email":"mtaylor@school.example","HTTPHost":"a.example","IsIsolated":false,"URL":"https://a.example/"}"#,
        expected: request("https://a.example/", None, Action::Unknown, RecordKind::Request),
    },
    Example {
        shows: "cut",
        record: r#"{"Datetime":"2025-09-10T08:45:02Z","QueryName":"bets.example","ResolverDecision":"blockedBy"#,
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "no time",
        record: r#"{"Datetime":"","QueryName":"a.example","ResolverDecision":"allowedRule"}"#,
        expected: Expected::Reject(Reason::Time),
    },
];
