//! Forcepoint (Websense) Web Security, key=value without quotes: directory names stand in it with
//! blanks and equals signs, so only known keys end a value. It has no time, and the envelope's counts.

use super::pairs::{self, Grammar};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "action", "`permitted`, `blocked`"),
    field(2, "category", "number of the category"),
    field(3, "user", "account, or the name in the directory"),
    field(4, "src_host", "client address or host"),
    field(5, "policy", "policy"),
    field(6, "bytes_in", "bytes received"),
    field(7, "http_response", "HTTP status; 407 is a challenge"),
    field(8, "http_method", "HTTP method; CONNECT is a tunnel"),
    field(9, "http_content_type", "MIME type"),
    field(10, "http_user_agent", "browser"),
    field(11, "url, dst_host", "address, up to the first blank; else host"),
];

pub(super) static FORMAT: Format = Format {
    id: "forcepoint-pairs",
    version: "1",
    title: "Forcepoint (Websense) Web Security, key=value",
    origin: "Websense 7.7 to Forcepoint Web Security 8.5, SIEM integration `syslog/key-value pairs`",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const GRAMMAR: Grammar<'static> = Grammar {
    separator: b" ",
    quotes: false,
    escapes: b"",
    is_key: |word| KEYS.contains(&word) || OTHER_KEYS.contains(&word),
};

const KEYS: [&[u8]; 12] = [
    b"action",
    b"category",
    b"user",
    b"src_host",
    b"policy",
    b"bytes_in",
    b"http_response",
    b"http_method",
    b"http_content_type",
    b"http_user_agent",
    b"url",
    b"dst_host",
];

const OTHER_KEYS: &[&[u8]] = &[
    b"bytes_out",
    b"disposition",
    b"dst_ip",
    b"dst_port",
    b"duration",
    b"http_proxy_status_code",
    b"product",
    b"product_version",
    b"reason",
    b"role",
    b"severity",
    b"src_port",
    b"vendor",
];

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let [action, category, user, client, policy, received, status, method, mime, agent, url, host] =
        pairs::values(record, GRAMMAR, &KEYS).map_err(|fault| fault.reject(record))?;
    // Keys that a school appends are not known, and the address is the last that is.
    let url = url.part(url.bytes().split(|byte| *byte == b' ').next().unwrap_or_default());
    if !url.present() && !host.present() {
        return Err(url.reject(Reason::Address, record));
    }
    let code = match status.present() {
        true => Some(status.status().ok_or_else(|| status.reject(Reason::Status, record))?),
        false => None,
    };
    let action = match action.bytes() {
        _ if code == Some(407) => Action::Challenged,
        b"permitted" => Action::Allowed,
        b"blocked" => Action::Blocked,
        b"" => return Err(action.reject(Reason::Result, record)),
        _ => Action::Unknown,
    };
    let kind = RecordKind::of(action, method.bytes());
    Ok(Parsed::Request(Fields {
        time: When::Missing,
        basis: TimeBasis::Unknown,
        user: user.text(),
        group: policy.text(),
        client_address: client.text(),
        method: method.text(),
        url: url.text(),
        host: host.text(),
        status: code,
        response_bytes: received.natural(),
        mime: mime.text(),
        user_agent: agent.text(),
        categories: category.text(),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::Rule),
        kind,
        unauthenticated: action == Action::Challenged,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }))
}

fn sniff(line: &[u8]) -> Vote {
    let is_vendor = line.starts_with(b"vendor=Websense") || line.starts_with(b"vendor=Forcepoint");
    if !is_vendor || !pairs::has(line, b"product=Security") {
        return Vote::No;
    }
    let whole = pairs::has(line, b"action=") && pairs::has(line, b"user=");
    if whole { Vote::Yes } else { Vote::Fragment }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page: name in the directory, browser with blanks, a key that is not known at the end",
        record: r"vendor=Websense 9f product=Security product_version=7.7.0 action=permitted severity=7 category=76 user=LDAP://s OU=Users,OU=School,DC=example/TAYLOR\, MARY src_host=10.1.4.17 src_port=61435 dst_host=www.example.org dst_ip=192.0.2.7 dst_port=443 bytes_out=407 bytes_in=12328 http_response=200 http_method=GET http_content_type=text/html;charset=UTF-8 http_user_agent=Mozilla/5.0 (X11; a=b) http_proxy_status_code=200 reason=- disposition=1026 policy=role-8**Default role=4 duration=63 url=https://www.example.org/a?b=c unknown=-",
        expected: Expected::Request {
            user: Some(r"LDAP://s OU=Users,OU=School,DC=example/TAYLOR\, MARY"),
            url: "https://www.example.org/a?b=c",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a block, nobody's",
        record: "vendor=Websense product=Security product_version=7.7.0 action=blocked severity=7 category=11 user=- src_host=10.1.4.17 dst_host=bets.example bytes_in=0 http_response=403 http_method=GET disposition=1025 policy=- url=http://bets.example/",
        expected: Expected::Request {
            user: None,
            url: "http://bets.example/",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::Rule),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a tunnel of which the host alone is known, and an action that is not known",
        record: "vendor=Forcepoint product=Security product_version=8.5.4 action=quota category=9 user=WinNT://SCHOOL/mtaylor src_host=10.1.4.17 dst_host=mail.example http_response=- http_method=CONNECT url=-",
        expected: Expected::Request {
            user: Some("WinNT://SCHOOL/mtaylor"),
            url: "mail.example",
            status: None,
            action: Action::Unknown,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a challenge",
        record: "vendor=Websense product=Security action=permitted category=9 user=- src_host=10.1.4.17 http_response=407 http_method=GET url=http://a.example/",
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
        shows: "no address",
        record: "vendor=Websense product=Security action=permitted user=- url=-",
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "no action",
        record: "vendor=Websense product=Security action= user=- url=http://a.example/",
        expected: Expected::Reject(Reason::Result),
    },
    Example {
        shows: "status is a word",
        record: "vendor=Websense product=Security action=permitted user=- http_response=OK url=http://a.example/",
        expected: Expected::Reject(Reason::Status),
    },
];
