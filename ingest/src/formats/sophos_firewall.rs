//! Sophos Firewall (XG, SFOS): key=value, bare values with blanks; keys were renamed in the newer
//! style, which has one time with an offset instead of date, time and zone.
//!
//! Types of records: <https://docs.sophos.com/nsg/sophos-firewall/20.0/syslog/index.html>.

use super::lex;
use super::pairs::{self, QUOTED, Value};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "log_type, log_component", "`Content Filtering` of `HTTP` is read; others are counted by kind"),
    field(2, "log_subtype", "`Allowed`, `Denied`, `Warned`"),
    field(3, "timestamp", "newer style: time with offset"),
    field(4, "date, time, timezone", "older style; GMT, UTC, BST and offsets are known"),
    field(5, "user_name", "account"),
    field(6, "user_gp, user_group", "group of the account"),
    field(7, "src_ip", "client address"),
    field(8, "url, domain", "address, else host"),
    field(9, "category, http_category", "category word"),
    field(10, "contenttype, content_type", "MIME type"),
    field(11, "status_code, http_status", "HTTP status"),
    field(12, "recv_bytes, bytes_received", "bytes received"),
    field(13, "user_agent", "browser"),
    field(14, "override_name, override_authorizer", "where one is set, an override let the request through"),
    field(15, "reason", "why it was refused; not kept"),
];

pub(super) static FORMAT: Format = Format {
    id: "sophos-firewall",
    version: "1",
    title: "Sophos Firewall web filter",
    origin: "Sophos Firewall 15 to 21 (XG, XGS, SFOS), syslog",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const KEYS: [&[u8]; 23] = [
    b"log_type",
    b"log_component",
    b"log_subtype",
    b"timestamp",
    b"date",
    b"time",
    b"timezone",
    b"user_name",
    b"user_gp",
    b"user_group",
    b"src_ip",
    b"url",
    b"domain",
    b"category",
    b"http_category",
    b"contenttype",
    b"content_type",
    b"status_code",
    b"http_status",
    b"recv_bytes",
    b"bytes_received",
    b"user_agent",
    b"override_name",
];

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let [
        kind,
        component,
        subtype,
        timestamp,
        date,
        time,
        zone,
        user,
        group,
        newer_group,
        client,
        url,
        domain,
        category,
        newer_category,
        mime,
        newer_mime,
        status,
        newer_status,
        received,
        newer_received,
        agent,
        over,
    ] = pairs::values(record, QUOTED, &KEYS).map_err(|fault| fault.reject(record))?;
    if !kind.present() || !component.present() {
        return Err(kind.reject(Reason::Columns, record));
    }
    if let Some(kind) = other(kind.bytes(), component.bytes()) {
        return Ok(Parsed::Other(kind));
    }
    let time = when(record, timestamp, date, time, zone)?;
    if !url.present() && !domain.present() {
        return Err(url.reject(Reason::Address, record));
    }
    let status = status.or(newer_status);
    let code = match status.present() {
        true => Some(status.status().ok_or_else(|| status.reject(Reason::Status, record))?),
        false => None,
    };
    let action = match subtype.bytes() {
        b"Allowed" if over.present() => Action::Bypassed,
        b"Allowed" => Action::Allowed,
        b"Denied" => Action::Blocked,
        b"Warned" => Action::Warned,
        _ => Action::Unknown,
    };
    let mut fields = Fields {
        time,
        basis: TimeBasis::Unknown,
        user: user.text(),
        group: group.or(newer_group).text(),
        client_address: client.text(),
        status: code,
        response_bytes: received.or(newer_received).natural(),
        mime: mime.or(newer_mime).text(),
        user_agent: agent.text(),
        categories: category.or(newer_category).text(),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::Rule),
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    };
    if url.present() {
        fields.url = url.text();
    } else {
        fields.host = domain.text();
    }
    Ok(Parsed::Request(fields))
}

fn when(
    record: &[u8],
    timestamp: Value<'_>,
    date: Value<'_>,
    time: Value<'_>,
    zone: Value<'_>,
) -> Result<When, Reject> {
    if timestamp.present() {
        return lex::whole_of(timestamp.bytes(), lex::iso_time)
            .ok_or_else(|| timestamp.reject(Reason::Time, record));
    }
    let day =
        lex::whole_of(date.bytes(), lex::date('-')).ok_or_else(|| date.reject(Reason::Time, record))?;
    let clock = lex::whole_of(time.bytes(), lex::clock).ok_or_else(|| time.reject(Reason::Time, record))?;
    let local = day.to_datetime(clock);
    if !zone.present() {
        return Ok(When::Local(local));
    }
    let minutes = lex::zone_minutes(zone.bytes()).ok_or_else(|| zone.reject(Reason::Zone, record))?;
    Ok(lex::at_offset(local, minutes))
}

/// What a record of another type is; none for the web filter's own.
fn other(kind: &[u8], component: &[u8]) -> Option<OtherKind> {
    match (kind, component) {
        (b"Content Filtering", b"HTTP" | b"HTTPS") => None,
        (b"Firewall" | b"SSL", _) => Some(OtherKind::Traffic),
        // Words on a page and applications are logged beside the request that held them.
        (
            b"Content Filtering" | b"Anti-Virus" | b"Anti-Spam" | b"IDP" | b"IPS" | b"ATP" | b"WAF"
            | b"Sandbox" | b"Zero day protection" | b"Active threat response",
            _,
        ) => Some(OtherKind::Security),
        (b"Event" | b"System Health" | b"SD-WAN" | b"Heartbeat" | b"Wireless Protection", _) => {
            Some(OtherKind::System)
        }
        _ => Some(OtherKind::Foreign),
    }
}

fn sniff(line: &[u8]) -> Vote {
    if !pairs::begins(line) {
        return Vote::No;
    }
    let has = |key: &[u8]| pairs::has(line, key);
    if has(b"log_type=") && has(b"log_component=") && has(b"log_subtype=") {
        Vote::Yes
    } else if has(b"device=\"SFW\"") || has(b"device_name=\"SFW\"") {
        Vote::Fragment
    } else {
        Vote::No
    }
}

const fn request(
    user: Option<&'static str>,
    url: &'static str,
    status: Option<u32>,
    action: Action,
) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::Rule) } else { None };
    Expected::Request {
        user,
        url,
        status,
        action,
        block_reason,
        kind: crate::fields::RecordKind::Request,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page: older style, offset, letters beyond ASCII in the group",
        record: r#"device="SFW" date=2025-11-12 time=09:15:30 timezone="+00" device_name="XG" device_id=C1 log_id=050901616001 log_type="Content Filtering" log_component="HTTP" log_subtype="Allowed" status="" priority=Information fw_rule_id=6 user_name="m.taylor@school.example" user_gp="Élèves - Proxy" iap=13 category="Search Engines" category_type="Acceptable" url="https://www.example.org/a?b=c d" contenttype="text/html" override_token="" httpresponsecode="" src_ip=10.1.4.17 dst_ip=192.0.2.7 protocol="TCP" src_port=56332 dst_port=443 sent_bytes=310 recv_bytes=4563 domain=www.example.org exceptions= activityname="" reason="" user_agent="Mozilla/5.0 (X11)" status_code="200" transactionid= override_name="" override_authorizer="""#,
        expected: request(
            Some("m.taylor@school.example"),
            "https://www.example.org/a?b=c d",
            Some(200),
            Action::Allowed,
        ),
    },
    Example {
        shows: "a block in summer time",
        record: r#"device="SFW" date=2025-06-12 time=09:15:31 timezone="BST" device_name="XG" log_id=050902616002 log_type="Content Filtering" log_component="HTTP" log_subtype="Denied" priority=Information user_name="mtaylor" user_gp="Year 9" category="Gambling" category_type="Objectionable" url="https://bets.example/" src_ip=10.1.4.17 recv_bytes=0 domain=bets.example status_code="403" override_name="""#,
        expected: request(Some("mtaylor"), "https://bets.example/", Some(403), Action::Blocked),
    },
    Example {
        shows: "newer style with other keys, host only",
        record: r#"device_name="SFW" timestamp="2025-06-12T09:15:32+0100" device_model="XGS136" device_serial_id="X1" log_id="050901616001" log_type="Content Filtering" log_component="HTTP" log_subtype="Allowed" log_version=1 severity="Information" fw_rule_id="6" user_name="mtaylor" user_group="Year 9" http_category="Information Technology" http_category_type="Acceptable" url="" content_type="" src_ip="2001:db8::17" dst_ip="192.0.2.7" bytes_sent=340 bytes_received=893 domain="a.example" http_status="200""#,
        expected: request(Some("mtaylor"), "a.example", Some(200), Action::Allowed),
    },
    Example {
        shows: "a warning, no zone, no user",
        record: r#"date=2025-11-12 time=09:15:33 device_name="XG" log_id=050901616001 log_type="Content Filtering" log_component="HTTP" log_subtype="Warned" user_name="" category="Games" url="https://games.example/" src_ip=10.1.4.17 status_code="""#,
        expected: request(None, "https://games.example/", None, Action::Warned),
    },
    Example {
        shows: "an override by a teacher",
        record: r#"date=2025-11-12 time=09:15:34 timezone="GMT" log_type="Content Filtering" log_component="HTTP" log_subtype="Allowed" user_name="mtaylor" category="Games" url="https://games.example/" src_ip=10.1.4.17 status_code="200" override_name="chess club" override_authorizer="jreed""#,
        expected: request(Some("mtaylor"), "https://games.example/", Some(200), Action::Bypassed),
    },
    Example {
        shows: "an action that is not known",
        record: r#"date=2025-11-12 time=09:15:34 timezone="UTC" log_type="Content Filtering" log_component="HTTP" log_subtype="Delayed" user_name="mtaylor" url="https://games.example/" src_ip=10.1.4.17"#,
        expected: request(Some("mtaylor"), "https://games.example/", None, Action::Unknown),
    },
    Example {
        shows: "a packet, whose bare values hold blanks and brackets, in a zone that needs no reading",
        record: r#"date=2025-11-12 time=09:15:35 timezone="CET" device_name="XG" log_id=000000000001 log_type="Firewall" log_component="Invalid Traffic" log_subtype="Denied" status="Deny" ether_type=Unknown (0x0000) src_mac= src_ip=10.1.4.17 protocol="TCP""#,
        expected: Expected::Other(OtherKind::Traffic),
    },
    Example {
        shows: "a line that was measured",
        record: r#"timestamp="2025-11-12T09:15:36+0000" device_model="XGS136" log_id=1 log_type="SD-WAN" log_component="SLA" log_subtype="Information" severity="Information""#,
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "a word found on a page, beside the request",
        record: r#"timestamp="2025-11-12T09:15:36+0000" log_id=1 log_type="Content Filtering" log_component="Web Content Policy" log_subtype="Alert" user="mtaylor" src_ip="10.1.4.17""#,
        expected: Expected::Other(OtherKind::Security),
    },
    Example {
        shows: "a type that is not known",
        record: r#"timestamp="2025-11-12T09:15:36+0000" log_id=1 log_type="Novelty" log_component="Thing" log_subtype="Alert""#,
        expected: Expected::Other(OtherKind::Foreign),
    },
    Example {
        shows: "a zone that several countries call so",
        record: r#"date=2025-11-12 time=09:15:37 timezone="CST" log_type="Content Filtering" log_component="HTTP" log_subtype="Allowed" url="https://a.example/" src_ip=10.1.4.17"#,
        expected: Expected::Reject(Reason::Zone),
    },
    Example {
        shows: "neither address nor host",
        record: r#"date=2025-11-12 time=09:15:38 timezone="GMT" log_type="Content Filtering" log_component="HTTP" log_subtype="Allowed" url="" domain= src_ip=10.1.4.17"#,
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "no date",
        record: r#"time=09:15:38 timezone="GMT" log_type="Content Filtering" log_component="HTTP" log_subtype="Allowed" url="https://a.example/""#,
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "status is a word",
        record: r#"date=2025-11-12 time=09:15:39 timezone="GMT" log_type="Content Filtering" log_component="HTTP" log_subtype="Allowed" url="https://a.example/" status_code="OK""#,
        expected: Expected::Reject(Reason::Status),
    },
    Example {
        shows: "cut inside a value",
        record: r#"date=2025-11-12 time=09:15:39 timezone="GMT" log_type="Content Filtering" log_component="HTTP" log_subtype="Allowed" url="https://a.exa"#,
        expected: Expected::Reject(Reason::Truncated),
    },
];
