//! Palo Alto Networks, what the device's own pages export: the columns of its log behind a header that
//! names them, newest row first.
//!
//! A spreadsheet that saved such a file again may have rewritten times and long numbers; such rows are
//! rejected, and a file of them is not recognised. Zeros lost at the front of a serial do no harm.

use super::comma::{self, Value};
use super::directives::NOT_KEPT;
use super::paloalto::{self, Web};
use super::{Directives, Example, Expected, Field, Format, Reading, Verified, field, lex};
use crate::fields::{Action, BlockReason, OtherKind, Parsed, RecordKind};
use crate::frame::Framing;
use crate::frame::Delimiter;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "Receive Time", "tells damage"),
    field(2, "Serial #", "tells damage"),
    field(3, "Type", "THREAT; others are other record types"),
    field(4, "Threat/Content Type", "url; others are other record types"),
    field(5, "Generate Time", "device clock without zone"),
    field(6, "Source address", "client address"),
    field(7, "Source User", "account with domain"),
    field(8, "Application", "`ssl` without a method is a tunnel"),
    field(9, "Action", "the decision; `alert` is allowed and logged"),
    field(10, "URL/Filename", "address without scheme"),
    field(11, "Category", "category word"),
    field(12, "URL Category List", "category words of later releases, commas between"),
    field(13, "contenttype", "MIME type"),
    field(14, "user_agent", "browser"),
    field(15, "http_method", "HTTP method; connect is a tunnel"),
    field(16, "Sequence Number", "tells damage"),
];

pub(super) static FORMAT: Format = Format {
    id: "paloalto-csv",
    version: "1",
    title: "Palo Alto log export",
    origin: "Palo Alto Networks PAN-OS and Panorama, Monitor > Logs, export to CSV: URL filtering, threat, traffic",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Csv(Delimiter::Comma),
    reading: Reading::Directed { parse },
    examples: EXAMPLES,
};

const RECEIVED: u8 = 1;
const SERIAL: u8 = 2;
const KIND: u8 = 3;
const SUBTYPE: u8 = 4;
const GENERATED: u8 = 5;
const CLIENT: u8 = 6;
const USER: u8 = 7;
const APPLICATION: u8 = 8;
const ACTION: u8 = 9;
const URL: u8 = 10;
const CATEGORY: u8 = 11;
const CATEGORIES: u8 = 12;
const MIME: u8 = 13;
const AGENT: u8 = 14;
const METHOD: u8 = 15;
const SEQUENCE: u8 = 16;
const CODES: usize = 17;

fn code(name: &[u8]) -> u8 {
    match name {
        b"Receive Time" => RECEIVED,
        b"Serial #" | b"Serial Number" => SERIAL,
        b"Type" => KIND,
        b"Threat/Content Type" => SUBTYPE,
        b"Generate Time" => GENERATED,
        b"Source address" => CLIENT,
        b"Source User" => USER,
        b"Application" => APPLICATION,
        b"Action" => ACTION,
        b"URL/Filename" => URL,
        b"Category" => CATEGORY,
        b"URL Category List" | b"url_category_list" => CATEGORIES,
        b"contenttype" | b"Content Type" => MIME,
        b"user_agent" | b"User Agent" => AGENT,
        b"http_method" | b"HTTP Method" => METHOD,
        b"Sequence Number" => SEQUENCE,
        _ => NOT_KEPT,
    }
}

const NEEDED: &[u8] = &[RECEIVED, SERIAL, KIND, SUBTYPE, GENERATED, CLIENT, ACTION];

fn is_header(record: &[u8]) -> bool {
    let mut needed = 0;
    for name in comma::Values::new(record).take(12) {
        needed += usize::from(matches!(code(name.trim_ascii()), RECEIVED | SERIAL | KIND | SUBTYPE | GENERATED));
    }
    needed == 5
}

fn parse<'a>(record: &'a [u8], directives: &mut Directives) -> Result<Parsed<'a>, Reject> {
    // Files put together have the header more than once.
    if is_header(record) {
        let names: Vec<Value<'_>> = comma::Values::new(record).collect();
        directives.name(names.iter().map(|name| name.trim_ascii()), code, NEEDED);
        return Ok(Parsed::Directive);
    }
    if !directives.recognised {
        return Err(Reject::at(Reason::Columns, 0));
    }
    let mut values: [Value<'a>; CODES] = std::array::from_fn(|_| Value::Borrowed(&b""[..]));
    let mut count = 0;
    for value in comma::Values::new(record) {
        let code = directives.columns.get(count).copied().unwrap_or(NOT_KEPT);
        if code != NOT_KEPT {
            values[usize::from(code)] = value;
        }
        count += 1;
    }
    if count != directives.columns.len() {
        return Err(Reject::at(Reason::Columns, record.len()));
    }
    let value = |code: u8| values[usize::from(code)].clone();
    let at = |reason: Reason, value: &Value<'_>| Reject::at(reason, lex::offset(record, value));
    for code in [SERIAL, SEQUENCE] {
        if paloalto::is_rewritten(&value(code)) {
            return Err(at(Reason::Number, &value(code)));
        }
    }
    let received = paloalto::time(&value(RECEIVED)).ok_or_else(|| at(Reason::Time, &value(RECEIVED)))?;
    if let Some(other) = paloalto::other(&value(KIND), &value(SUBTYPE)) {
        return Ok(Parsed::Other(other));
    }
    let time = match value(GENERATED).as_ref() {
        b"" => received,
        written => paloalto::time(written).ok_or_else(|| at(Reason::Time, &value(GENERATED)))?,
    };
    paloalto::web(
        record,
        Web {
            time,
            client: value(CLIENT),
            user: value(USER),
            application: value(APPLICATION),
            action: value(ACTION),
            url: value(URL),
            category: value(CATEGORY),
            categories: value(CATEGORIES),
            mime: value(MIME),
            agent: value(AGENT),
            method: value(METHOD),
        },
    )
}

const fn request(url: &'static str, action: Action, kind: RecordKind) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::List) } else { None };
    Expected::Request { user: Some("school\\mtaylor"), url, status: None, action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Destination address,Source User,Application,Action,URL/Filename,Category,Sequence Number,contenttype,user_agent,http_method\n1,2025/09/10 09:45:00,001606050200,THREAT,url,1,2025/09/10 09:44:59,10.1.4.17,192.0.2.7,school\\mtaylor,web-browsing,alert,\"www.example.org/a?b=1,2\",reference-and-research,1591303,text/html,Mozilla/5.0,get",
        expected: request("www.example.org/a?b=1,2", Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "a block; the serial lost its zeros",
        record: "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Source User,Application,Action,URL/Filename,Category,http_method\n1,2025/09/10 09:45:00,1606050200,THREAT,url,1,2025/09/10 09:44:59,10.1.4.17,school\\mtaylor,web-browsing,block-url,bets.example/,gambling,get",
        expected: request("bets.example/", Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "not decrypted",
        record: "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Source User,Application,Action,URL/Filename,Category\n1,2025/09/10 09:45:00,1606050200,THREAT,url,1,2025/09/10 09:44:59,10.1.4.17,school\\mtaylor,ssl,alert,mail.example/,web-based-email",
        expected: request("mail.example/", Action::Allowed, RecordKind::Tunnel),
    },
    Example {
        shows: "an intrusion",
        record: "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Action,URL/Filename\n1,2025/09/10 09:45:00,1606050200,THREAT,scan,1,2025/09/10 09:44:59,10.1.4.17,alert,",
        expected: Expected::Other(OtherKind::Security),
    },
    Example {
        shows: "traffic",
        record: "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Action,Bytes\n1,2025/09/10 09:45:00,001606050200,TRAFFIC,end,1,2025/09/10 09:44:59,10.1.4.17,allow,568",
        expected: Expected::Other(OtherKind::Traffic),
    },
    Example {
        shows: "a spreadsheet rewrote the serial",
        record: "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Action,URL/Filename\n1,2025/09/10 09:45:00,1.60605E+11,THREAT,url,1,2025/09/10 09:44:59,10.1.4.17,alert,a.example/",
        expected: Expected::Reject(Reason::Number),
    },
    Example {
        shows: "a spreadsheet rewrote the times",
        record: "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Action,URL/Filename\n1,9/10/2025 9:45,001606050200,THREAT,url,1,9/10/2025 9:44,10.1.4.17,alert,a.example/",
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "columns lost",
        record: "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Action,URL/Filename\n1,2025/09/10 09:45:00,001606050200,THREAT,url",
        expected: Expected::Reject(Reason::Columns),
    },
];
