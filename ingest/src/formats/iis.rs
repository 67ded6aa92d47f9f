//! Internet Information Services in W3C files, as far as they name the host that was asked for: with
//! Application Request Routing it forwards for others, and without that column nothing is there to count.
//!
//! A web server decides nothing: the action is unknown. Columns from real lines and from Microsoft's
//! list (<https://learn.microsoft.com/windows/win32/http/w3c-logging>).

use super::w3c::{self, Line, Product};
use super::{Directives, Example, Expected, Field, Format, Reading, Verified, field, lex};
use crate::fields::{Action, Fields, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "date, time", "UTC; `date-local, time-local` of Advanced Logging have no zone"),
    field(2, "cs-method", "HTTP method; CONNECT is a tunnel"),
    field(3, "cs-host, cs(Host)", "host; the layout is known only with this column"),
    field(4, "cs-uri-stem", "path, or the whole address of a forwarded request"),
    field(5, "cs-uri-query", "query or `-`"),
    field(6, "cs-username", "account or `-`"),
    field(7, "c-ip", "client address"),
    field(8, "cs(User-Agent)", "browser, `+` for blanks"),
    field(9, "sc-status", "HTTP status; 407 is a challenge"),
    field(10, "sc-substatus, sc-win32-status, s-port", "these tell the server from others; not kept"),
    field(11, "sc-bytes", "bytes sent to the client"),
    field(12, "time-taken, TimeTakenMS", "milliseconds"),
];

pub(super) static FORMAT: Format = Format {
    id: "iis-w3c",
    version: "1",
    title: "IIS with host names",
    origin: "Internet Information Services 5 and later with field cs-host, also as a proxy by Application Request Routing",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Directed { parse },
    examples: EXAMPLES,
};

/// `#Software` names the product.
const IIS: u8 = 1;
/// The module for advanced logging, which quotes its values.
const ADVANCED: u8 = 2;
const SUBSTATUS: u8 = w3c::OWN;

static PRODUCT: Product = Product {
    own: &[("sc-substatus", SUBSTATUS), ("sc-win32-status", SUBSTATUS)],
    claims,
    software: |value| match value {
        _ if value.starts_with(b"Microsoft Internet Information S") => IIS,
        _ if value.starts_with(b"IIS ") => ADVANCED,
        _ => 0,
    },
    // The server itself writes `+` for a blank and needs none.
    quotes: |named| named.product != IIS,
};

fn claims(named: &Directives) -> bool {
    let timed = named.has(w3c::TIME) || named.has(w3c::TIME_LOCAL);
    let address = named.has(w3c::HOST) && named.has(w3c::PATH);
    timed && address && (named.product != 0 || named.has(SUBSTATUS)) && named.has(w3c::STATUS)
}

fn parse<'a>(record: &'a [u8], directives: &mut Directives) -> Result<Parsed<'a>, Reject> {
    let row = match w3c::line(record, directives, &PRODUCT)? {
        Line::Directive => return Ok(Parsed::Directive),
        Line::Row(row) => row,
    };
    let time = row.time(directives)?;
    let status = row.whole(w3c::STATUS, Reason::Status)?.ok_or_else(|| row.lacks(Reason::Status))?;
    let status = status.natural().and_then(|status| u32::try_from(status).ok());
    let taken = row.whole(w3c::TAKEN, Reason::Number)?;
    let bytes = row.whole(w3c::BYTES, Reason::Number)?;
    let path = row.text(w3c::PATH).ok_or_else(|| row.lacks(Reason::Address))?;
    let whole = memchr::memmem::find(&path, b"://").is_some_and(|at| at < 8);
    let host = row.text(w3c::HOST);
    if host.is_none() && !whole {
        return Err(row.lacks(Reason::Address));
    }
    let method = row.text(w3c::METHOD);
    let (action, kind) = match (status, method.as_deref()) {
        (Some(407), _) => (Action::Challenged, RecordKind::Authentication),
        (_, Some(b"CONNECT")) => (Action::Unknown, RecordKind::Tunnel),
        _ => (Action::Unknown, RecordKind::Request),
    };
    let odd = [taken, bytes].into_iter().flatten().any(|number| number.odd);
    let notice = if row.extra { Some(Notice::ExtraColumns) } else { odd.then_some(Notice::OddNumber) };
    let (url, path) = if whole { (Some(path), None) } else { (None, Some(path)) };
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Unknown,
        duration_ms: taken.and_then(lex::Whole::natural),
        user: row.text(w3c::USER),
        client_address: row.text(w3c::CLIENT),
        method,
        url,
        host: host.filter(|_| !whole),
        path,
        query: row.text(w3c::QUERY).filter(|_| !whole),
        status,
        response_bytes: bytes.and_then(lex::Whole::natural),
        user_agent: row.text(w3c::AGENT),
        action,
        kind,
        unauthenticated: action == Action::Challenged,
        notice,
        ..Fields::default()
    }))
}

const fn request(user: Option<&'static str>, url: &'static str, status: u32) -> Expected {
    Expected::Request {
        user,
        url,
        status: Some(status),
        action: Action::Unknown,
        block_reason: None,
        kind: RecordKind::Request,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2025-09-10 00:32:17\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken\n2025-09-10 09:45:00 192.0.2.7 GET /maths/ a=b 443 SCHOOL\\mtaylor 10.1.4.17 Mozilla/5.0+(Windows+NT+10.0) - www.example.org 200 0 0 960 205 468",
        expected: request(Some("SCHOOL\\mtaylor"), "www.example.org/maths/?a=b", 200),
    },
    Example {
        shows: "a forwarded request with its whole address",
        record: "#Software: Microsoft Internet Information Services 8.5\n#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs-host sc-status sc-substatus time-taken\n2025-09-10 09:45:00 GET http://www.example.org/maths/ - 10.1.4.17 proxy.example 200 0 468",
        expected: request(None, "http://www.example.org/maths/", 200),
    },
    Example {
        shows: "Advanced Logging: blank lines between directives, local time, doubled quotes, runs of blanks",
        record: "#Software: IIS Advanced Logging Module\n#Start-Date: 2025-09-10 00:00:00.128\n#Fields:   date-local time-local   s-ip   cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Host) sc-status sc-substatus TimeTakenMS\n2025-09-10 09:45:00.675 192.0.2.7 GET /maths - 80 - \"10.1.4.17\" \"Agent \"\"of\"\" words\" \"www.example.org\" 404   0  359",
        expected: request(None, "www.example.org/maths", 404),
    },
    Example {
        shows: "columns are named again and differ",
        record: "#Software: Microsoft Internet Information Services 8.5\n#Fields: date time c-ip cs-host cs-uri-stem sc-status sc-substatus\n#Software: Microsoft Internet Information Services 8.5\n#Fields: date time cs-host cs-uri-stem sc-status sc-substatus c-ip\n2025-09-10 09:45:00 www.example.org /maths 200 0 10.1.4.17",
        expected: request(None, "www.example.org/maths", 200),
    },
    Example {
        shows: "a row wider than its columns",
        record: "#Fields: date time cs-host cs-uri-stem sc-status sc-substatus\n2025-09-10 09:45:00 www.example.org /maths 200 0 64 0 212",
        expected: request(None, "www.example.org/maths", 200),
    },
    Example {
        shows: "a row narrower than its columns",
        record: "#Fields: date time cs-host cs-uri-stem sc-substatus sc-status\n2025-09-10 09:45:00 www.example.org /maths",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "columns without a host: nothing to count",
        record: "#Software: Microsoft Internet Information Services 8.5\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip sc-status sc-substatus\n2025-09-10 09:45:00 192.0.2.7 GET /maths - 80 - 10.1.4.17 200 0",
        expected: Expected::Reject(Reason::Columns),
    },
];
