//! Zscaler Nanolog web feed as `key=value` between tabs behind a time, the vendor's template for
//! collectors of logs.

use std::borrow::Cow;

use super::zscaler::{self, Web};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex};
use crate::fields::{Action, BlockReason, Parsed, RecordKind};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "time", "time without a zone: a setting of the feed"),
    field(2, "action, reason", "Allowed or Blocked; a caution page shows in the reason"),
    field(3, "requestmethod, protocol", "CONNECT, or SSL without a method, is a tunnel"),
    field(4, "url, hostname", "address without scheme; the host where it is missing"),
    field(5, "urlcategory", "category word"),
    field(6, "user", "account; `%20` and its like are undone"),
    field(7, "department", "group"),
    field(8, "ClientIP, devicehostname, location", "client; `Road Warrior` is off-site"),
    field(9, "status", "HTTP status; 407 is a challenge"),
    field(10, "responsesize", "bytes sent to the client"),
    field(11, "contenttype, useragent", "MIME type and browser"),
    field(12, "threatname", "a block with a name in it is the virus scanner's"),
];

pub(super) static FORMAT: Format = Format {
    id: "zscaler-nss-tab",
    version: "1",
    title: "Zscaler NSS web feed, key=value",
    origin: "Zscaler Internet Access, Nanolog Streaming Service, template of `key=value` between tabs",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

fn head(line: &[u8]) -> Option<(&[u8], crate::fields::When)> {
    let (rest, time) = lex::local_time('-')(line).ok()?;
    rest.strip_prefix(b"\t").map(|rest| (rest, time))
}

/// The vendor's name stands in a key of its own, near the end.
fn sniff(line: &[u8]) -> Vote {
    let Some((rest, _)) = head(line) else { return Vote::No };
    if memchr::memmem::find(rest, b"\tproduct=NSS").is_some() || memchr::memmem::find(rest, b"\tvendor=Zscaler").is_some()
    {
        Vote::Yes
    } else if rest.starts_with(b"reason=") {
        Vote::Fragment
    } else {
        Vote::No
    }
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let (rest, time) = head(record).ok_or_else(|| Reject::at(Reason::Time, 0))?;
    let mut web = Web::default();
    let mut complete = false;
    for pair in rest.split(|byte| *byte == b'\t') {
        let Some(equals) = memchr::memchr(b'=', pair) else { continue };
        let (key, value) = (&pair[..equals], Some(Cow::Borrowed(&pair[equals + 1..])));
        let place = match key {
            b"action" => &mut web.action,
            b"reason" => &mut web.reason,
            b"protocol" => &mut web.protocol,
            b"requestmethod" => &mut web.method,
            b"url" => &mut web.url,
            b"hostname" => &mut web.host,
            b"urlcategory" => &mut web.category,
            b"ClientIP" => &mut web.client,
            b"devicehostname" => &mut web.device,
            b"user" => &mut web.user,
            b"department" => &mut web.department,
            b"location" => &mut web.location,
            b"status" => &mut web.status,
            b"responsesize" => &mut web.bytes,
            b"contenttype" => &mut web.mime,
            b"useragent" => &mut web.agent,
            b"threatname" => &mut web.threat,
            b"vendor" | b"product" => {
                complete = true;
                continue;
            }
            _ => continue,
        };
        // No key of the template comes twice: somebody wrote a tab and a key into a value before it.
        if place.is_some() {
            return Err(Reject::at(Reason::Columns, lex::offset(record, pair)));
        }
        *place = value;
    }
    let cut = !complete && web.url.is_none();
    zscaler::web(record, time, web)
        .map_err(|reject| if cut { Reject { reason: Reason::Truncated, ..reject } } else { reject })
}

const fn request(url: &'static str, status: Option<u32>, action: Action, kind: RecordKind) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::Rule) } else { None };
    Expected::Request { user: Some("mtaylor@school.example"), url, status, action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page; values hold blanks and commas",
        record: "2025-09-10 09:45:00\treason=Allowed\tevent_id=6748427317914894361\tprotocol=HTTPS\taction=Allowed\tresponsesize=5120\turlcategory=News and Media\trequestmethod=GET\trefererURL=None\tuseragent=Windows 11 Client/1.0\tproduct=NSS\tlocation=Main site->other\tClientIP=10.1.4.17\tstatus=200\tuser=mtaylor@school.example\turl=news.example/a?b=c\tvendor=Zscaler\thostname=news.example\tdepartment=Year 9, Form B\tthreatname=None",
        expected: request("news.example/a?b=c", Some(200), Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "a tunnel",
        record: "2025-09-10 09:45:01\treason=Allowed\tprotocol=HTTPS\taction=Allowed\trequestmethod=CONNECT\tproduct=NSS\tstatus=200\tuser=mtaylor@school.example\turl=mail.example:443\tvendor=Zscaler\tthreatname=None",
        expected: request("mail.example:443", Some(200), Action::Allowed, RecordKind::Tunnel),
    },
    Example {
        shows: "a block",
        record: "2025-09-10 09:45:02\treason=Not allowed to browse this category\tprotocol=HTTP\taction=Blocked\turlcategory=Gambling\trequestmethod=GET\tproduct=NSS\tstatus=403\tuser=mtaylor@school.example\turl=bets.example/\tvendor=Zscaler\tthreatname=None",
        expected: request("bets.example/", Some(403), Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "a caution page",
        record: "2025-09-10 09:45:02\treason=Caution page shown\taction=Blocked\trequestmethod=GET\tproduct=NSS\tstatus=403\tuser=mtaylor@school.example\turl=games.example/\tvendor=Zscaler",
        expected: request("games.example/", Some(403), Action::Warned, RecordKind::Request),
    },
    Example {
        shows: "a browser that calls itself by a tab and a decision",
        record: "2025-09-10 09:45:02\treason=Not allowed to browse this category\taction=Blocked\tuseragent=x\taction=Allowed\tproduct=NSS\tstatus=403\turl=bets.example/\tvendor=Zscaler",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "cut",
        record: "2025-09-10 09:45:00\treason=Allowed\tevent_id=67484273",
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "no decision",
        record: "2025-09-10 09:45:00\tproduct=NSS\turl=a.example\tvendor=Zscaler",
        expected: Expected::Reject(Reason::Result),
    },
];
