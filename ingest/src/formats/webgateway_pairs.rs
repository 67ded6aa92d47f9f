//! McAfee Web Gateway: the key=value log that collectors ask for. It has no time, and the envelope's
//! counts.

use super::lex;
use super::pairs::{self, QUOTED, Value};
use super::web_gateway::{self, Row};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Parsed, RecordKind, When};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "status", "HTTP status, a slash, and the number of the page shown instead; 0 where none was"),
    field(2, "srcip", "client address"),
    field(3, "user", "account"),
    field(4, "dhost", "host, where there is no address"),
    field(5, "mtd", "HTTP method; CONNECT is a tunnel"),
    field(6, "urlc", "category words, commas between"),
    field(7, "mt", "MIME type"),
    field(8, "mlwr", "virus, where one was found"),
    field(9, "bytes", "from client, to server, from server, to client"),
    field(10, "ua", "browser"),
    field(11, "url", "address"),
];

pub(super) static FORMAT: Format = Format {
    id: "mcafee-webgateway-pairs",
    version: "1",
    title: "McAfee Web Gateway, key=value",
    origin: "McAfee / Skyhigh Web Gateway 7 to 9, log handler that writes key=value to syslog as `mwg`",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const KEYS: [&[u8]; 11] = [
    b"status",
    b"srcip",
    b"user",
    b"dhost",
    b"mtd",
    b"urlc",
    b"mt",
    b"mlwr",
    b"bytes",
    b"ua",
    b"url",
];

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let [status, client, user, host, method, categories, mime, virus, sizes, agent, url] =
        pairs::values(record, QUOTED, &KEYS).map_err(|fault| fault.reject(record))?;
    let (code, page) =
        both(status.bytes()).ok_or_else(|| status.reject(Reason::Status, record))?;
    // The address is the last of the columns that are read, and stands there empty in a tunnel: without
    // its key the record was cut.
    if !url.is_written() {
        return Err(url.reject(Reason::Truncated, record));
    }
    if !url.present() && !host.present() {
        return Err(url.reject(Reason::Address, record));
    }
    Ok(Parsed::Request(web_gateway::fields(Row {
        time: When::Missing,
        status: Some(code),
        page: Some(page),
        words: b"",
        virus,
        user,
        client,
        method,
        url,
        host,
        size: to_client(sizes),
        mime,
        agent,
        categories,
    })))
}

/// `403/80`.
fn both(status: &[u8]) -> Option<(u32, i64)> {
    let ([code, page], 2) = lex::columns::<2>(status, b"/") else { return None };
    Some((lex::whole_of(code, lex::status)?, lex::whole_column(page)?.natural()?))
}

/// `458/509/2813889/3001`: the last.
fn to_client(sizes: Value<'_>) -> Option<i64> {
    let (parts, count) = lex::columns::<4>(sizes.bytes(), b"/");
    sizes.part(parts[3]).natural().filter(|_| count == 4)
}

fn sniff(line: &[u8]) -> Vote {
    let Some(rest) = line.strip_prefix(b"status=\"") else { return Vote::No };
    let end = memchr::memchr(b'"', rest).unwrap_or(rest.len());
    if both(&rest[..end]).is_none() && !pairs::has(line, b"urlc=") {
        return Vote::No;
    }
    match (pairs::has(line, b"srcip="), pairs::has(line, b"url=")) {
        (true, true) => Vote::Yes,
        (true, false) => Vote::Fragment,
        _ => Vote::No,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page, and a key that a school appended",
        record: r#"status="200/0" srcip="10.1.4.17" user="mtaylor" dhost="www.example.org" urlp="443" proto="HTTPS/https" mtd="GET" urlc="Education/Reference, Business" rep="-31" mt="text/html" mlwr="-" app="-" bytes="458/509/2813/3001" ua="Chrome87-10.0" http_referrer="" lat="0/0/165/2638" rule="Allow" url="https://www.example.org/a?b=c d" file_name="a" destip="192.0.2.7" rep_level="Minimal Risk" ProductName="foo""#,
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "https://www.example.org/a?b=c d",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a virus, nobody's",
        record: r#"status="403/80" srcip="10.1.4.17" user="-" dhost="a.example" mtd="GET" urlc="Internet Services" mt="application/pdf" mlwr="Test-File" bytes="1/2/3/4" ua="x" url="http://a.example/b.pdf""#,
        expected: Expected::Request {
            user: None,
            url: "http://a.example/b.pdf",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::Virus),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a block",
        record: r#"status="403/10" srcip="10.1.4.17" user="mtaylor" dhost="bets.example" mtd="GET" urlc="Gambling" mlwr="-" url="http://bets.example/""#,
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "http://bets.example/",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::Rule),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a tunnel of which the host alone is known",
        record: r#"status="200/0" srcip="10.1.4.17" user="mtaylor" dhost="mail.example" mtd="CONNECT" urlc="Web Mail" url="""#,
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "mail.example",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a challenge",
        record: r#"status="407/81" srcip="10.1.4.17" user="-" dhost="a.example" mtd="GET" url="http://a.example/""#,
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
        shows: "neither address nor host",
        record: r#"status="200/0" srcip="10.1.4.17" user="-" dhost="" url="""#,
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "no page number",
        record: r#"status="200" srcip="10.1.4.17" urlc="x" url="http://a.example/""#,
        expected: Expected::Reject(Reason::Status),
    },
    Example {
        shows: "cut between two values: the host alone would look like a tunnel",
        record: r#"status="200/0" srcip="10.1.4.17" user="mtaylor" dhost="a.example" urlp="80" mtd="GET" ur"#,
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "cut inside the address",
        record: r#"status="200/0" srcip="10.1.4.17" urlc="x" url="http://a.exam"#,
        expected: Expected::Reject(Reason::Truncated),
    },
];
