//! Skyhigh Secure Web Gateway (McAfee Web Gateway): key=value with quotes, whole request lines.

use super::lex;
use super::pairs::{self, QUOTED, Value};
use super::web_gateway::{self, Row};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Parsed, RecordKind};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "date", "time with offset"),
    field(2, "username", "account"),
    field(3, "source_ip", "client address"),
    field(4, "http_status_code", "HTTP status; 407 is a challenge"),
    field(5, "media_type", "MIME type"),
    field(6, "destination_bytes", "bytes received"),
    field(7, "http_request_first_line", "method, address and version; CONNECT is a tunnel"),
    field(8, "destination_host", "host, where there is no request line"),
    field(9, "url_categories", "category words, commas between"),
    field(10, "block_id", "0 where nothing was refused; 81 asks to sign in"),
    field(11, "block_reason", "which rule"),
    field(12, "user_agent", "browser"),
];

pub(super) static FORMAT: Format = Format {
    id: "skyhigh-gateway",
    version: "1",
    title: "Skyhigh Secure Web Gateway, key=value",
    origin: "Skyhigh / McAfee Web Gateway 8 to 12, access log of key=value by a rule set",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const KEYS: [&[u8]; 12] = [
    b"date",
    b"username",
    b"source_ip",
    b"http_status_code",
    b"media_type",
    b"destination_bytes",
    b"http_request_first_line",
    b"destination_host",
    b"url_categories",
    b"block_id",
    b"block_reason",
    b"user_agent",
];

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let [time, user, client, status, mime, received, line, host, categories, page, words, agent] =
        pairs::values(record, QUOTED, &KEYS).map_err(|fault| fault.reject(record))?;
    let time =
        lex::whole_of(time.bytes(), lex::iso_time).ok_or_else(|| time.reject(Reason::Time, record))?;
    let (method, url) = pairs::request_line(line);
    // Both keys are always there, if need be without a value: without them the record was cut.
    if !line.is_written() || !page.is_written() {
        return Err(Reject::at(Reason::Truncated, record.len()));
    }
    if !url.present() && !host.present() {
        return Err(line.reject(Reason::Address, record));
    }
    let code = match status.present() {
        true => Some(status.status().ok_or_else(|| status.reject(Reason::Status, record))?),
        false => None,
    };
    Ok(Parsed::Request(web_gateway::fields(Row {
        time,
        status: code,
        page: page.natural(),
        words: words.bytes(),
        virus: Value::default(),
        user,
        client,
        method,
        url,
        host,
        size: received.natural(),
        mime,
        agent,
        categories,
    })))
}

fn sniff(line: &[u8]) -> Vote {
    if !line.starts_with(b"date=\"") {
        return Vote::No;
    }
    let has = |key: &[u8]| pairs::has(line, key);
    match (has(b"http_request_first_line="), has(b"block_id=")) {
        (true, true) => Vote::Yes,
        (true, false) => Vote::Fragment,
        _ => Vote::No,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: r#"date="2025-11-12T09:15:30.390Z" hostname="proxy1" username="mtaylor" source_ip=10.1.4.17 destination_ip=192.0.2.7 destination_host="www.example.org" http_status_code=200 media_type="text/html" source_bytes=127 destination_bytes=14678 http_request_first_line="GET https://www.example.org/a b HTTP/1.1" url_categories="Education/Reference, Business" url_reputation_string="Minimal Risk" ruleset_name="Default" rule_name="x" block_id=0 block_reason="" user_agent="Mozilla/5.0 (X11)""#,
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "https://www.example.org/a b",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a block by category, nobody's",
        record: r#"date="2025-11-12T09:15:31.390Z" username="" source_ip=10.1.4.17 http_status_code=403 media_type="" destination_bytes=0 http_request_first_line="GET http://bets.example/ HTTP/1.1" url_categories="Gambling" block_id=10 block_reason="Blocked by URL filtering" user_agent="""#,
        expected: Expected::Request {
            user: None,
            url: "http://bets.example/",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::List),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a challenge",
        record: r#"date="2025-11-12T09:15:32.390Z" username="" source_ip=10.1.4.17 http_status_code=407 http_request_first_line="CONNECT a.example:443 HTTP/1.1" url_categories="Business" block_id=81 block_reason="Authentication Required""#,
        expected: Expected::Request {
            user: None,
            url: "a.example:443",
            status: Some(407),
            action: Action::Challenged,
            block_reason: None,
            kind: RecordKind::Authentication,
        },
    },
    Example {
        shows: "a tunnel that nothing was decided about",
        record: r#"date="2025-11-12T09:15:33+00:00" username="mtaylor" source_ip=10.1.4.17 http_status_code= http_request_first_line="CONNECT mail.example:443 HTTP/1.1" block_id="#,
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "mail.example:443",
            status: None,
            action: Action::Unknown,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "no time",
        record: r#"date="" http_request_first_line="GET http://a.example/ HTTP/1.1" block_id=0"#,
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "neither request nor host",
        record: r#"date="2025-11-12T09:15:34.390Z" http_request_first_line="" block_id=0"#,
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "status is a word",
        record: r#"date="2025-11-12T09:15:34.390Z" http_status_code=OK http_request_first_line="GET http://a.example/ HTTP/1.1" block_id=0"#,
        expected: Expected::Reject(Reason::Status),
    },
    Example {
        shows: "cut between two values, before the decision",
        record: r#"date="2025-11-12T09:15:34.390Z" http_status_code=403 http_request_first_line="GET http://bets.example/ HTTP/1.1" url_cat"#,
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "cut inside the request",
        record: r#"date="2025-11-12T09:15:34.390Z" http_request_first_line="GET http://a.exam"#,
        expected: Expected::Reject(Reason::Truncated),
    },
];
