//! Cisco Umbrella, log of the proxy (secure web gateway): 21 columns in the oldest version, about 50
//! in the newest.

use super::{Example, Expected, Field, Format, Reading, Verified, Vote, comma, field, lex, umbrella};
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "timestamp", "UTC"),
    field(2, "policy identity label", "account or device, by column 22"),
    field(3, "internal client IP", "client address; column 4, the site's, where it is missing"),
    field(6, "content type", "MIME type"),
    field(7, "action", "ALLOWED or BLOCKED"),
    field(8, "url", "address"),
    field(10, "user agent", "browser"),
    field(11, "status code", "HTTP status; 407 is a challenge"),
    field(13, "response size", "bytes sent to the client"),
    field(16, "categories", "category words, commas between"),
    field(17, "AV detections", "with a word in it a block is the virus scanner's"),
    field(22, "policy identity type", "an account if it is a user's; none in the oldest version"),
    field(23, "blocked categories", "with a word in it the block is one by list"),
    field(26, "request method", "CONNECT is a tunnel"),
];

pub(super) static FORMAT: Format = Format {
    id: "umbrella-proxy",
    version: "1",
    title: "Cisco Umbrella proxy log",
    origin: "Cisco Umbrella and Secure Access, proxylogs in a storage bucket, with or without header",
    verified: Verified::RealLines,
    fields: FIELDS,
    // No value holds a line end, and a row that was cut between quotes must not swallow the next.
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const LEAST: usize = 21;
const MOST: usize = 80;

fn sniff(line: &[u8]) -> Vote {
    if is_header(line) { Vote::Abstain } else { umbrella::sniff(line, 6, LEAST, MOST) }
}

fn is_header(line: &[u8]) -> bool {
    umbrella::is_header(line, b"policy identity label")
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    if is_header(record) {
        return Ok(Parsed::Directive);
    }
    let (values, count) = comma::values::<26>(record);
    if !(LEAST..=MOST).contains(&count) {
        return Err(Reject::at(Reason::Columns, record.len()));
    }
    let [time, name, inner, outer, _, mime, verdict, url, _, agent, status, _, size, _, _, categories, virus, ..] =
        &values;
    let time = umbrella::time(time).ok_or_else(|| Reject::at(Reason::Time, 0))?;
    let number = |value: &comma::Value<'_>, reason: Reason| match value.as_ref() {
        b"" => Ok(None),
        digits => lex::whole_column(digits).map(Some).ok_or_else(|| Reject::at(reason, record.len())),
    };
    let status = number(status, Reason::Status)?.and_then(lex::Whole::natural);
    let status = status.and_then(|status| u32::try_from(status).ok());
    let bytes = number(size, Reason::Number)?;
    let url = comma::text(url.clone()).ok_or_else(|| Reject::at(Reason::Address, record.len()))?;
    let action = if status == Some(407) { Action::Challenged } else { umbrella::verdict(verdict) };
    // The oldest version does not say what sort of identity it is: a device says nothing of a person.
    let (user, client_host) = umbrella::identity(name.clone(), &values[21]);
    let method = comma::text(values[25].clone());
    let kind = match (action, method.as_deref()) {
        (Action::Challenged, _) => RecordKind::Authentication,
        (_, Some(b"CONNECT")) => RecordKind::Tunnel,
        _ => RecordKind::Request,
    };
    let reason = match (virus.is_empty(), values[22].is_empty()) {
        (false, _) => BlockReason::Virus,
        (true, false) => BlockReason::List,
        (true, true) => BlockReason::Rule,
    };
    let notice = if action == Action::Unknown {
        Some(Notice::UnknownAction)
    } else {
        bytes.is_some_and(|bytes| bytes.odd).then_some(Notice::OddNumber)
    };
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Unknown,
        user,
        client_address: comma::text(inner.clone()).or_else(|| comma::text(outer.clone())),
        client_host,
        method,
        url: Some(url),
        status,
        response_bytes: bytes.and_then(lex::Whole::natural),
        mime: comma::text(mime.clone()),
        user_agent: comma::text(agent.clone()),
        categories: comma::text(categories.clone()),
        category_separators: b",",
        action,
        block_reason: (action == Action::Blocked).then_some(reason),
        kind,
        unauthenticated: action == Action::Challenged,
        notice,
        ..Fields::default()
    }))
}

const fn request(url: &'static str, status: Option<u32>, action: Action, kind: RecordKind) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::List) } else { None };
    Expected::Request { user: Some("mtaylor@school.example"), url, status, action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page, 26 columns",
        record: "\"2025-09-10 08:45:00\",\"Mary Taylor (mtaylor@school.example)\",\"10.1.4.17\",\"192.0.2.4\",\"192.0.2.7\",\"text/html\",\"ALLOWED\",\"https://www.example.org/a?b=c,d\",\"www.example.org\",\"Mozilla/5.0 (X11)\",\"200\",\"562\",\"1489\",\"1400\",\"\",\"Education,Reference\",\"\",\"\",\"\",\"\",\"\",\"AD Users\",\"\",\"Mary Taylor (mtaylor@school.example),PC17\",\"AD Users,Roaming Computers\",\"GET\"",
        expected: request("https://www.example.org/a?b=c,d", Some(200), Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "a block, more columns than any version known",
        record: "\"2025-09-10 08:45:01\",\"mtaylor@school.example\",\"10.1.4.17\",\"192.0.2.4\",\"\",\"\",\"BLOCKED\",\"http://bets.example/\",\"\",\"Mozilla/5.0\",\"403\",\"562\",\"0\",\"\",\"\",\"Gambling\",\"\",\"\",\"\",\"\",\"\",\"SAML Users\",\"Gambling\",\"mtaylor@school.example\",\"SAML Users\",\"GET\",\"\",\"\",\"\",\"1\",\"2\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"8234970\",\"new\"",
        expected: request("http://bets.example/", Some(403), Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "a tunnel",
        record: "\"2025-09-10 08:45:02\",\"mtaylor@school.example\",\"10.1.4.17\",\"192.0.2.4\",\"192.0.2.7\",\"\",\"ALLOWED\",\"mail.example:443\",\"\",\"\",\"200\",\"\",\"\",\"\",\"\",\"Webmail\",\"\",\"\",\"\",\"\",\"\",\"AD Users\",\"\",\"mtaylor@school.example\",\"AD Users\",\"CONNECT\"",
        expected: request("mail.example:443", Some(200), Action::Allowed, RecordKind::Tunnel),
    },
    Example {
        shows: "the oldest version, a blank before the first quote, quotes in the address doubled",
        record: " \"2025-09-10 08:45:03\",\"PC17\",\"\",\"192.0.2.4\",\"192.0.2.7\",\"image/gif\",\"ALLOWED\",\"https://a.example/trans.gif\",\"https://a.example/?x=\"\"y\"\"\",\" \",\"200\",\"\",\"319\",\"42\",\"123\",\"Infrastructure\",\"\",\"\",\"\",\"\",\"\"",
        expected: Expected::Request {
            user: None,
            url: "https://a.example/trans.gif",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "columns lost",
        record: "\"2025-09-10 08:45:00\",\"PC17\",\"10.1.4.17\",\"192.0.2.4\",\"192.0.2.7\",\"text/html\",\"ALLOWED\",\"https://a.exa",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "status is a word",
        record: "\"2025-09-10 08:45:03\",\"PC17\",\"\",\"192.0.2.4\",\"192.0.2.7\",\"\",\"ALLOWED\",\"https://a.example/\",\"\",\"\",\"OK\",\"\",\"319\",\"42\",\"123\",\"\",\"\",\"\",\"\",\"\",\"\"",
        expected: Expected::Reject(Reason::Status),
    },
];
