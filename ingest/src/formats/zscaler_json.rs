//! Zscaler Nanolog feeds as JSON: `{"sourcetype": ..., "event": {...}}`. Real lines of web, look-up and
//! firewall feeds were seen; the words of a caution page were not.

use serde::Deserialize;

use super::json::{self, Scalar};
use super::zscaler::{self, Web};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "sourcetype", "the feed: `zscalernss-web`, `-dns`; others are other record types"),
    field(2, "datetime", "time without a zone, in one of two spellings; or epochtime, UTC"),
    field(3, "action, reason", "Allowed or Blocked; a caution page shows in the reason"),
    field(4, "requestmethod, protocol", "CONNECT, or SSL without a method, is a tunnel"),
    field(5, "url, hostname", "address without scheme; the host where it is missing"),
    field(6, "urlcategory", "category word"),
    field(7, "user", "account; `%20` and its like are undone"),
    field(8, "department", "group; `%20` and its like are undone"),
    field(9, "ClientIP, devicehostname, location", "client; `Road Warrior` is off-site"),
    field(10, "status", "HTTP status; 407 is a challenge"),
    field(11, "responsesize", "bytes sent to the client"),
    field(12, "contenttype, useragent", "MIME type and browser"),
    field(13, "threatname", "a block with a name in it is the virus scanner's"),
    field(14, "dns_req, reqaction, resaction, category, clt_sip", "look-ups: host, decision, category, client"),
];

pub(super) static FORMAT: Format = Format {
    id: "zscaler-nss-json",
    version: "1",
    title: "Zscaler NSS feed, JSON",
    origin: "Zscaler Internet Access, Nanolog Streaming Service, JSON templates with sourcetype and event",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    sourcetype: Scalar<'a>,
    #[serde(borrow)]
    event: Row<'a>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow, default)]
    datetime: Scalar<'a>,
    #[serde(borrow, default)]
    epochtime: Scalar<'a>,
    #[serde(borrow, default)]
    action: Scalar<'a>,
    #[serde(borrow, default)]
    reason: Scalar<'a>,
    #[serde(borrow, default)]
    protocol: Scalar<'a>,
    #[serde(borrow, default)]
    requestmethod: Scalar<'a>,
    #[serde(borrow, default)]
    url: Scalar<'a>,
    #[serde(borrow, default)]
    hostname: Scalar<'a>,
    #[serde(borrow, default)]
    urlcategory: Scalar<'a>,
    #[serde(borrow, default, rename = "ClientIP")]
    client: Scalar<'a>,
    #[serde(borrow, default)]
    devicehostname: Scalar<'a>,
    #[serde(borrow, default)]
    user: Scalar<'a>,
    #[serde(borrow, default)]
    department: Scalar<'a>,
    #[serde(borrow, default)]
    location: Scalar<'a>,
    #[serde(borrow, default)]
    status: Scalar<'a>,
    #[serde(borrow, default)]
    responsesize: Scalar<'a>,
    #[serde(borrow, default)]
    contenttype: Scalar<'a>,
    #[serde(borrow, default)]
    useragent: Scalar<'a>,
    #[serde(borrow, default)]
    threatname: Scalar<'a>,
    #[serde(borrow, default)]
    dns_req: Scalar<'a>,
    #[serde(borrow, default)]
    reqaction: Scalar<'a>,
    #[serde(borrow, default)]
    resaction: Scalar<'a>,
    #[serde(borrow, default)]
    category: Scalar<'a>,
    #[serde(borrow, default)]
    clt_sip: Scalar<'a>,
}

fn sniff(line: &[u8]) -> Vote {
    if !json::names(line, &[b"\"sourcetype\"", b"\"zscalernss-"]) {
        Vote::No
    } else if line.trim_ascii_end().ends_with(b"}") {
        Vote::Yes
    } else {
        Vote::Fragment
    }
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let Envelope { sourcetype, event } = json::object(record)?;
    let feed = sourcetype.word().unwrap_or_default();
    match feed {
        "zscalernss-web" | "zscalernss-dns" => {}
        "zscalernss-fw" | "zscalernss-tunnel" => return Ok(Parsed::Other(OtherKind::Traffic)),
        "zscalernss-audit" | "zscalernss-alerts" => return Ok(Parsed::Other(OtherKind::System)),
        _ => return Ok(Parsed::Other(OtherKind::Foreign)),
    }
    let written = event.datetime.word().and_then(|text| zscaler::time(text.as_bytes()));
    let time = event.epochtime.epoch().or(written);
    let time = time.ok_or_else(|| Reject::at(Reason::Time, 0))?;
    if feed == "zscalernss-dns" {
        return look_up(record, time, event);
    }
    // A template may leave the quotes of numbers away; Zscaler's own templates do not.
    let status = event.status.status();
    let bytes = event.responsesize.whole().filter(|bytes| *bytes >= 0);
    let web = Web {
        action: event.action.text(),
        reason: event.reason.text(),
        protocol: event.protocol.text(),
        method: event.requestmethod.text(),
        url: event.url.text(),
        host: event.hostname.text(),
        category: event.urlcategory.text(),
        client: event.client.text(),
        device: event.devicehostname.text(),
        user: event.user.text(),
        department: event.department.text(),
        location: event.location.text(),
        status: event.status.text(),
        bytes: None,
        mime: event.contenttype.text(),
        agent: event.useragent.text(),
        threat: event.threatname.text(),
    };
    let mut parsed = zscaler::web(record, time, web)?;
    if let Parsed::Request(fields) = &mut parsed {
        fields.status = fields.status.or(status);
        fields.response_bytes = bytes;
    }
    Ok(parsed)
}

/// A name that was asked for. Question and answer are judged each; one refusal is enough.
fn look_up<'a>(record: &[u8], time: crate::fields::When, event: Row<'a>) -> Result<Parsed<'a>, Reject> {
    let host = zscaler::text(event.dns_req.text()).ok_or_else(|| Reject::at(Reason::Address, record.len()))?;
    let words = [event.reqaction.word(), event.resaction.word()];
    let says = |part: &str| words.iter().flatten().any(|word| word.starts_with(part));
    let (action, block_reason) = if says("Block") || says("BLOCK") {
        (Action::Blocked, Some(BlockReason::Rule))
    } else if says("Allow") || says("ALLOW") {
        (Action::Allowed, None)
    } else {
        (Action::Unknown, None)
    };
    let plain = |value: Scalar<'a>| zscaler::text(value.text()).map(super::w3c::percent_decoded);
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Unknown,
        user: plain(event.user),
        group: plain(event.department),
        client_address: zscaler::text(event.clt_sip.text()),
        client_host: plain(event.devicehostname),
        host: Some(host),
        categories: zscaler::text(event.category.text()),
        action,
        block_reason,
        kind: RecordKind::Dns,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }))
}

const fn request(url: &'static str, status: Option<u32>, action: Action, kind: RecordKind) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::Rule) } else { None };
    Expected::Request { user: Some("mtaylor@school.example"), url, status, action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: r#"{"sourcetype": "zscalernss-web","event": {"datetime": "2025-09-10 09:45:00","reason": "Allowed","protocol": "HTTPS","action": "Allowed","responsesize": "5120","urlcategory": "News and Media","requestmethod": "GET","useragent": "Mozilla/5.0","ClientIP": "10.1.4.17","status": "200","user": "mtaylor@school.example","url": "news.example/today","hostname": "news.example","department": "Year 9","threatname": "None","contenttype": "text/html"}}"#,
        expected: request("news.example/today", Some(200), Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "a block, keys in another order",
        record: r#"{"event": {"user": "mtaylor@school.example","url": "bets.example/","action": "Blocked","reason": "Not allowed to browse this category","requestmethod": "GET","status": "403","datetime": "2025-09-10 09:45:01","urlcategory": "Gambling","threatname": "None"},"sourcetype": "zscalernss-web"}"#,
        expected: request("bets.example/", Some(403), Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "a caution page that was passed",
        record: r#"{"sourcetype": "zscalernss-web","event": {"datetime": "2025-09-10 09:45:01","reason": "Allowed - user cautioned","action": "Allowed","requestmethod": "GET","status": "200","user": "mtaylor@school.example","url": "games.example/"}}"#,
        expected: request("games.example/", Some(200), Action::Proceeded, RecordKind::Request),
    },
    Example {
        shows: "encrypted and not opened: host only, words for nothing",
        record: r#"{"sourcetype": "zscalernss-web","event": {"datetime": "2025-09-10 09:45:02","reason": "Allowed","protocol": "SSL","action": "Allowed","requestmethod": "NA","status": "NA","user": "mtaylor@school.example","url": "mail.example","devicehostname": " ","department": "None"}}"#,
        expected: request("mail.example", None, Action::Allowed, RecordKind::Tunnel),
    },
    Example {
        shows: "a look-up, time in the other spelling",
        record: r#"{"sourcetype": "zscalernss-dns","event": {"datetime": "Wed Sep 10 09:45:03 2025","user": "mtaylor@school.example","reqaction": "Block","resaction": "Allow","dns_reqtype": "A","dns_req": "bets.example","clt_sip": "10.1.4.17","category": "Gambling"}}"#,
        expected: request("bets.example", None, Action::Blocked, RecordKind::Dns),
    },
    Example {
        shows: "a session of the firewall",
        record: r#"{"sourcetype": "zscalernss-fw","event": {"datetime": "Wed Sep 10 09:45:04 2025","user": "mtaylor@school.example","action": "Allow","csip": "10.1.4.17"}}"#,
        expected: Expected::Other(OtherKind::Traffic),
    },
    Example {
        shows: "cut",
        record: r#"{"sourcetype": "zscalernss-web","event": {"datetime": "2025-09-10 09:45:00","reas"#,
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "no address",
        record: r#"{"sourcetype": "zscalernss-web","event": {"datetime": "2025-09-10 09:45:00","action": "Allowed","url": "None"}}"#,
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "time cannot be read",
        record: r#"{"sourcetype": "zscalernss-web","event": {"datetime": "yesterday","action": "Allowed","url": "a.example"}}"#,
        expected: Expected::Reject(Reason::Time),
    },
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    #[test]
    fn names_with_percent_signs_and_numbers_without_quotes() {
        let record = br#"{"sourcetype":"zscalernss-web","event":{"epochtime":1757497500,"action":"Allowed","url":"a.example/","status":200,"responsesize":"65","user":"Mary%20Taylor","department":"Year%209","devicehostname":" "}}"#;
        let Ok(Parsed::Request(fields)) = parse(record) else { panic!("a request") };
        assert_eq!(fields.time, crate::fields::When::Instant(1_757_497_500_000_000));
        assert_eq!((fields.status, fields.response_bytes), (Some(200), Some(65)));
        assert_eq!(fields.user.as_deref(), Some(&b"Mary Taylor"[..]));
        assert_eq!(fields.group.as_deref(), Some(&b"Year 9"[..]));
        assert_eq!(fields.client_host, None);
    }
}
