//! Palo Alto Networks' firewall logs: rows of values between commas, of many record types; the web's
//! are `THREAT` with subtype `url`. They come by syslog, without a header, or as what the device's own
//! pages export: the same columns behind a header that names them, newest row first.
//!
//! Releases append columns; the places in front stand still. Columns from the vendor's list
//! (<https://docs.paloaltonetworks.com/pan-os/10-1/pan-os-admin/monitoring/use-syslog-for-monitoring/syslog-field-descriptions/url-filtering-log-fields>),
//! actions from its list of URL filtering profile actions, both checked with real lines. That
//! `override` is a password that let somebody through is read from the latter.
//!
//! A spreadsheet that saved such a file again may have rewritten times and long numbers; such rows are
//! rejected, and a file of little else is not recognised. Zeros lost before a serial do no harm.

use super::comma::{self, Value, text};
use super::directives::NOT_KEPT;
use super::{Directives, Example, Expected, Field, Format, Reading, Verified, field, lex};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(2, "Receive Time", "tells the layout; of another shape where a spreadsheet rewrote it"),
    field(3, "Serial #", "tells the layout, and a spreadsheet's damage"),
    field(4, "Type", "THREAT; others are other record types"),
    field(5, "Threat/Content Type", "url; others are other record types"),
    field(7, "Generate Time", "device clock without zone; a time with offset further right is preferred"),
    field(8, "Source address", "client address"),
    field(13, "Source User", "account with domain"),
    field(15, "Application", "`ssl` without a method is a tunnel"),
    field(31, "Action", "the decision; `alert` is allowed and logged"),
    field(32, "URL/Filename", "address without scheme"),
    field(34, "Category", "category word"),
    field(42, "contenttype", "MIME type"),
    field(47, "user_agent", "browser"),
    field(64, "http_method", "HTTP method; connect is a tunnel"),
    field(76, "URL Category List", "category words, commas between; preferred to column 34"),
];

pub(super) static FORMAT: Format = Format {
    id: "paloalto",
    version: "1",
    title: "Palo Alto URL filtering",
    origin: "Palo Alto Networks PAN-OS 7 to 11 and Panorama: syslog in the default format, and Monitor > Logs > export to CSV",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
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
const MIME: u8 = 12;
const AGENT: u8 = 13;
const METHOD: u8 = 14;
const CATEGORIES: u8 = 15;
const SEQUENCE: u8 = 16;
const CODES: usize = 17;

/// Names in the header of an export, places from 1 in a row without one.
const COLUMNS: &[(&str, usize, u8)] = &[
    ("Receive Time", 2, RECEIVED),
    ("Serial #", 3, SERIAL),
    ("Type", 4, KIND),
    ("Threat/Content Type", 5, SUBTYPE),
    ("Generate Time", 7, GENERATED),
    ("Source address", 8, CLIENT),
    ("Source User", 13, USER),
    ("Application", 15, APPLICATION),
    ("Action", 31, ACTION),
    ("URL/Filename", 32, URL),
    ("Category", 34, CATEGORY),
    ("Sequence Number", 37, SEQUENCE),
    ("contenttype", 42, MIME),
    ("user_agent", 47, AGENT),
    ("http_method", 64, METHOD),
    ("URL Category List", 76, CATEGORIES),
    ("url_category_list", 76, CATEGORIES),
];

/// The oldest release's rows of URL filtering have so many columns, and all of them come before the
/// time with an offset.
const LEAST: usize = 45;
const KEPT: usize = 76;

/// Where the columns of a file are from.
const EXPORT: u8 = 1;
const SYSLOG: u8 = 2;

fn code(name: &[u8]) -> u8 {
    COLUMNS.iter().find(|(known, ..)| known.as_bytes() == name).map_or(NOT_KEPT, |(.., code)| *code)
}

fn is_header(record: &[u8]) -> bool {
    let names = comma::Values::new(record).take(12);
    let telling = names.filter(|name| (RECEIVED..=SUBTYPE).contains(&code(name.trim_ascii())));
    telling.count() == 4
}

/// Takes the header of an export, or what stands for one before the first row without.
fn name(directives: &mut Directives, record: &[u8]) {
    let names: Vec<Value<'_>> = comma::Values::new(record).collect();
    directives.name(
        names.iter().map(|name| name.trim_ascii()),
        code,
        &[RECEIVED, SERIAL, KIND, SUBTYPE],
    );
    directives.product = EXPORT;
}

fn name_by_place(directives: &mut Directives) {
    directives.columns = vec![NOT_KEPT; KEPT];
    for (_, place, code) in COLUMNS {
        if let Some(column) = directives.columns.get_mut(place - 1) {
            *column = *code;
        }
    }
    directives.product = SYSLOG;
    directives.recognised = true;
}

/// The record types of the vendor's stream.
fn is_type(word: &[u8]) -> bool {
    other(word, b"").is_some_and(|kind| kind != OtherKind::Foreign) || matches!(word, b"HIPMATCH" | b"IPTAG")
}

/// A number, a time, the serial, the type.
fn begins_like_a_row(record: &[u8]) -> bool {
    let mut values = comma::Values::new(record);
    let number = values.next().is_some_and(|number| number.iter().all(u8::is_ascii_digit));
    let kind = values.nth(2).is_some_and(|kind| is_type(&kind));
    number && kind
}

fn parse<'a>(record: &'a [u8], directives: &mut Directives) -> Result<Parsed<'a>, Reject> {
    // Files put together have the header more than once.
    if is_header(record) {
        name(directives, record);
        return Ok(Parsed::Directive);
    }
    if directives.product != EXPORT {
        if !begins_like_a_row(record) {
            return Err(Reject::at(Reason::Columns, 0));
        }
        if directives.product != SYSLOG {
            name_by_place(directives);
        }
    }
    if !directives.recognised {
        return Err(Reject::at(Reason::Columns, 0));
    }
    row(record, directives)
}

fn row<'a>(record: &'a [u8], directives: &Directives) -> Result<Parsed<'a>, Reject> {
    let mut values: [Value<'a>; CODES] = std::array::from_fn(|_| Value::Borrowed(&b""[..]));
    let mut count = 0;
    let mut precise = None;
    for value in comma::Values::new(record) {
        if count >= LEAST && precise.is_none() {
            precise = precise_time(&value);
        }
        let code = directives.columns.get(count).copied().unwrap_or(NOT_KEPT);
        if code != NOT_KEPT {
            values[usize::from(code)] = value;
        }
        count += 1;
    }
    let value = |code: u8| values[usize::from(code)].clone();
    let at = |reason: Reason, value: &Value<'_>| Reject::at(reason, lex::offset(record, value));
    for code in [SERIAL, SEQUENCE] {
        if is_rewritten(&value(code)) {
            return Err(at(Reason::Number, &value(code)));
        }
    }
    let named = directives.product == EXPORT;
    if named && count < directives.columns.len() {
        return Err(Reject::at(Reason::Columns, record.len()));
    }
    let received = time(&value(RECEIVED)).ok_or_else(|| at(Reason::Time, &value(RECEIVED)))?;
    if let Some(other) = other(&value(KIND), &value(SUBTYPE)) {
        return Ok(Parsed::Other(other));
    }
    if !named && count < LEAST {
        return Err(Reject::at(Reason::Columns, record.len()));
    }
    let generated = match value(GENERATED).as_ref() {
        b"" => received,
        written => time(written).ok_or_else(|| at(Reason::Time, &value(GENERATED)))?,
    };
    web(
        record,
        Web {
            time: precise.unwrap_or(generated),
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

/// Columns of a row of URL filtering.
struct Web<'a> {
    time: When,
    client: Value<'a>,
    user: Value<'a>,
    application: Value<'a>,
    action: Value<'a>,
    url: Value<'a>,
    category: Value<'a>,
    /// All categories, of later releases.
    categories: Value<'a>,
    mime: Value<'a>,
    agent: Value<'a>,
    method: Value<'a>,
}

crate::event::redacted!(Web);

/// The record type of a row that is not of URL filtering.
fn other(kind: &[u8], subtype: &[u8]) -> Option<OtherKind> {
    match (kind, subtype) {
        (b"THREAT", b"url") => None,
        (b"THREAT" | b"WILDFIRE" | b"CORRELATION", _) => Some(OtherKind::Security),
        (b"TRAFFIC" | b"TUNNEL" | b"SCTP" | b"GTP" | b"DECRYPTION", _) => Some(OtherKind::Traffic),
        (b"SYSTEM" | b"CONFIG" | b"USERID" | b"GLOBALPROTECT" | b"AUTHENTICATION" | b"AUTH", _) => {
            Some(OtherKind::System)
        }
        _ => Some(OtherKind::Foreign),
    }
}

/// `2025/09/10 09:45:00` on the device's clock.
fn time(value: &[u8]) -> Option<When> {
    lex::whole_of(value, lex::local_time('/'))
}

/// The time with milliseconds and offset of later releases, whose column moves from one to the next.
fn precise_time(value: &[u8]) -> Option<When> {
    if value.len() < 24 || value.get(10) != Some(&b'T') {
        return None;
    }
    lex::whole_of(value, lex::iso_time).filter(|time| matches!(time, When::Instant(_)))
}

/// Whether a spreadsheet rewrote a number: `1.60605E+12` for a serial.
fn is_rewritten(value: &[u8]) -> bool {
    memchr::memmem::find(value, b"E+").is_some_and(|at| {
        value[..at].iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
            && lex::is_number(&value[at + 2..])
    })
}

/// A row of URL filtering.
fn web<'a>(record: &[u8], web: Web<'a>) -> Result<Parsed<'a>, Reject> {
    let url = text(web.url).ok_or_else(|| Reject::at(Reason::Address, record.len()))?;
    if web.action.is_empty() {
        return Err(Reject::at(Reason::Result, record.len()));
    }
    let action = action(&web.action);
    let method = text(web.method);
    // Not decrypted, so no method is known and the address is a host.
    let shut = method.is_none() && web.application.as_ref() == b"ssl";
    let kind = if shut || method.as_deref().is_some_and(|method| method.eq_ignore_ascii_case(b"connect")) {
        RecordKind::Tunnel
    } else {
        RecordKind::Request
    };
    let categories = text(web.categories).or_else(|| text(web.category));
    Ok(Parsed::Request(Fields {
        time: web.time,
        basis: TimeBasis::Unknown,
        user: text(web.user),
        client_address: text(web.client),
        method,
        url: Some(url),
        mime: text(web.mime),
        user_agent: text(web.agent),
        categories,
        category_separators: b",",
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::List),
        kind,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }))
}

fn action(word: &[u8]) -> Action {
    match word {
        // `alert` is "allowed and logged", the usual setting.
        b"alert" | b"allow" => Action::Allowed,
        b"block-continue" | b"block-override" => Action::Warned,
        b"continue" => Action::Proceeded,
        b"override" => Action::Bypassed,
        b"block-url" | b"block" | b"deny" | b"override-lockout" | b"sinkhole" => Action::Blocked,
        _ if word.starts_with(b"drop") || word.starts_with(b"reset-") || word.starts_with(b"block") => {
            Action::Blocked
        }
        _ => Action::Unknown,
    }
}

const fn request(
    user: Option<&'static str>,
    url: &'static str,
    action: Action,
    kind: RecordKind,
) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::List) } else { None };
    Expected::Request { user, url, status: None, action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "an older release: a block",
        record: "1,2025/09/10 09:45:00,01606001116,THREAT,url,1,2025/09/10 09:45:00,10.1.4.17,192.0.2.7,,,General Web,school\\mtaylor,,web-browsing,vsys1,trust,untrust,ethernet1/2,ethernet1/1,Collector,2025/09/10 09:45:00,661375,1,1058,80,0,0,0xb000,tcp,block-url,\"bets.example/\",(9999),gambling,informational,client-to-server,899904602,0x8000000000000000,10.0.0.0-10.255.255.255,United Kingdom,0,text/html,0,,,1,Mozilla/5.0 (X11; Linux),,,,,,,0,31,12,0,0,,fw1,,,,get,0,,0,,N/A,unknown,AppThreat-0-0,0x0",
        expected: request(Some("school\\mtaylor"), "bets.example/", Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "a newer release: not decrypted, a time with offset and a list of categories",
        record: "1,2025/09/10 09:45:01,016201000000,THREAT,url,2562,2025/09/10 09:45:01,10.1.4.17,192.0.2.7,,,Rule one,school\\mtaylor,,ssl,vsys1,trust,untrust,ethernet1/2,ethernet1/1,Collector,2025/09/10 09:45:01,200000,1,58444,443,0,0,0x50b444,tcp,alert,\"mail.example/\",(9999),web-based-email,informational,client-to-server,55555555,0x8000000000000000,GB,GB,,,0,,,0,,,,,,,,0,0,0,0,0,,fw1,,,,,0,,0,,N/A,N/A,AppThreat-0-0,0x0,0,4294967295,,\"web-based-email,low-risk\",96ee,0,,,,,,,,,,,,,,,,,,,,,,,,,,,,,0,2025-09-10T09:45:01.190+01:00,,,,encrypted-tunnel,networking,browser-based,4,\"used-by-malware\",,ssl,no,no,",
        expected: request(Some("school\\mtaylor"), "mail.example/", Action::Allowed, RecordKind::Tunnel),
    },
    Example {
        shows: "cut behind the address",
        record: "1,2025/09/10 09:45:02,016201000000,THREAT,url,2562,2025/09/10 09:45:02,10.1.4.17,192.0.2.7,,,Rule one,school\\mtaylor,,web-browsing,vsys1,trust,untrust,ethernet1/2,ethernet1/1,Collector,2025/09/10 09:45:02,200000,1,58444,80,0,0,0x0,tcp,continue,\"games.example/a?b=\"\"c\"\"&d=1,2\",(9999),games,informational,client-to-server,5,0x0,GB,GB,,,0",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "the same whole: a page that somebody went on to",
        record: "1,2025/09/10 09:45:02,016201000000,THREAT,url,2562,2025/09/10 09:45:02,10.1.4.17,192.0.2.7,,,Rule one,school\\mtaylor,,web-browsing,vsys1,trust,untrust,ethernet1/2,ethernet1/1,Collector,2025/09/10 09:45:02,200000,1,58444,80,0,0,0x0,tcp,continue,\"games.example/a?d=1,2\",(9999),games,informational,client-to-server,5,0x0,GB,GB,,,0,,,0,,,,,,,,0",
        expected: request(
            Some("school\\mtaylor"),
            "games.example/a?d=1,2",
            Action::Proceeded,
            RecordKind::Request,
        ),
    },
    Example {
        shows: "traffic",
        record: "1,2025/09/10 09:45:03,001701003551,TRAFFIC,end,2305,2025/09/10 09:45:03,10.1.4.17,192.0.2.7,,,Rule one,school\\mtaylor,,ssl,vsys1,trust,untrust",
        expected: Expected::Other(OtherKind::Traffic),
    },
    Example {
        shows: "an intrusion",
        record: "1,2025/09/10 09:45:03,012001002253,THREAT,vulnerability,2561,2025/09/10 09:45:03,10.1.4.17,192.0.2.7,,,Rule one",
        expected: Expected::Other(OtherKind::Security),
    },
    Example {
        shows: "somebody signed in to the device",
        record: "1,2025/09/10 09:45:03,012001002253,SYSTEM,auth,0,2025/09/10 09:45:03,,auth-success",
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "a spreadsheet rewrote the dates",
        record: "1,9/10/25 9:45,1801017000,TRAFFIC,start,2049,9/10/25 9:45,10.1.4.17,192.0.2.7",
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "a spreadsheet rewrote the serial",
        record: "1,2025/09/10 09:45:03,1.60605E+12,THREAT,url,2561,2025/09/10 09:45:03,10.1.4.17,192.0.2.7",
        expected: Expected::Reject(Reason::Number),
    },
    Example {
        shows: "an export: a page",
        record: "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Destination address,Source User,Application,Action,URL/Filename,Category,Sequence Number,contenttype,user_agent,http_method\n1,2025/09/10 09:45:00,001606050200,THREAT,url,1,2025/09/10 09:44:59,10.1.4.17,192.0.2.7,school\\mtaylor,web-browsing,alert,\"www.example.org/a?b=1,2\",reference-and-research,1591303,text/html,Mozilla/5.0,get",
        expected: request(Some("school\\mtaylor"), "www.example.org/a?b=1,2", Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "an export: a block; the serial lost its zeros",
        record: "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Source User,Application,Action,URL/Filename,Category,http_method\n1,2025/09/10 09:45:00,1606050200,THREAT,url,1,2025/09/10 09:44:59,10.1.4.17,school\\mtaylor,web-browsing,block-url,bets.example/,gambling,get",
        expected: request(Some("school\\mtaylor"), "bets.example/", Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "an export in which a spreadsheet rewrote the serial",
        record: "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Action,URL/Filename\n1,2025/09/10 09:45:00,1.60605E+11,THREAT,url,1,2025/09/10 09:44:59,10.1.4.17,alert,a.example/",
        expected: Expected::Reject(Reason::Number),
    },
    Example {
        shows: "an export in which a spreadsheet rewrote the times",
        record: "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Action,URL/Filename\n1,9/10/2025 9:45,001606050200,THREAT,url,1,9/10/2025 9:44,10.1.4.17,alert,a.example/",
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "an export that lost columns",
        record: "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Action,URL/Filename\n1,2025/09/10 09:45:00,001606050200,THREAT,url",
        expected: Expected::Reject(Reason::Columns),
    },
];
