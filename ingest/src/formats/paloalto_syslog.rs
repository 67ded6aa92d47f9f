//! Palo Alto Networks, syslog: one row of values between commas for each record, of many record types;
//! the web's are `THREAT` with subtype `url`. Releases append columns: the places in front stand still.

use super::comma::{self, Value};
use super::paloalto::{self, Web};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex};
use crate::fields::{Action, BlockReason, OtherKind, Parsed, RecordKind};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(2, "receive time", "tells the layout; a date of another shape was rewritten by a spreadsheet"),
    field(3, "serial", "tells the layout; not kept"),
    field(4, "type", "THREAT; others are other record types"),
    field(5, "subtype", "url; others are other record types"),
    field(7, "generated time", "device clock without zone; a time with offset further right is preferred"),
    field(8, "source address", "client address"),
    field(13, "source user", "account with domain"),
    field(15, "application", "`ssl` without a method is a tunnel"),
    field(31, "action", "the decision; `alert` is allowed and logged"),
    field(32, "URL", "address without scheme"),
    field(34, "category", "category word"),
    field(42, "content type", "MIME type"),
    field(47, "user agent", "browser"),
    field(64, "method", "HTTP method; connect is a tunnel"),
    field(76, "category list", "category words, commas between; preferred to column 34"),
];

pub(super) static FORMAT: Format = Format {
    id: "paloalto-syslog",
    version: "1",
    title: "Palo Alto URL filtering, syslog",
    origin: "Palo Alto Networks PAN-OS 7 to 11 and Panorama, syslog in the default format",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

/// The oldest release's rows of URL filtering have so many columns.
const LEAST: usize = 45;
/// Columns with a place of their own, the last being the list of categories.
const KEPT: usize = 76;

/// The record types of the vendor's stream.
fn is_type(word: &[u8]) -> bool {
    matches!(
        word,
        b"THREAT"
            | b"TRAFFIC"
            | b"SYSTEM"
            | b"CONFIG"
            | b"USERID"
            | b"GLOBALPROTECT"
            | b"AUTHENTICATION"
            | b"DECRYPTION"
            | b"WILDFIRE"
            | b"CORRELATION"
            | b"HIPMATCH"
            | b"IPTAG"
            | b"TUNNEL"
            | b"SCTP"
            | b"GTP"
    )
}

/// The first four columns: a number, a time, the serial, the type.
fn head(line: &[u8]) -> Option<[Value<'_>; 4]> {
    let mut values = comma::Values::new(line);
    let head = [values.next()?, values.next()?, values.next()?, values.next()?];
    let ours = head[0].iter().all(u8::is_ascii_digit) && is_type(&head[3]);
    ours.then_some(head)
}

fn sniff(line: &[u8]) -> Vote {
    match head(line) {
        Some([_, time, serial, _]) => {
            let whole = paloalto::time(&time).is_some() && is_serial(&serial);
            // A spreadsheet went over it.
            if whole { Vote::Yes } else { Vote::Fragment }
        }
        None => Vote::No,
    }
}

/// Digits; virtual devices have letters too.
fn is_serial(serial: &[u8]) -> bool {
    !paloalto::is_rewritten(serial) && serial.iter().all(u8::is_ascii_alphanumeric)
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let at = |reason: Reason, value: &Value<'_>| Reject::at(reason, lex::offset(record, value));
    let [_, received, serial, kind] = head(record).ok_or_else(|| Reject::at(Reason::Columns, 0))?;
    let received_time = paloalto::time(&received).ok_or_else(|| at(Reason::Time, &received))?;
    if !is_serial(&serial) {
        return Err(at(Reason::Number, &serial));
    }
    let (values, count) = comma::values::<KEPT>(record);
    if let Some(other) = paloalto::other(&kind, &values[4]) {
        return Ok(Parsed::Other(other));
    }
    if count < LEAST {
        return Err(Reject::at(Reason::Columns, record.len()));
    }
    let precise = comma::Values::new(record).skip(LEAST).find_map(|value| paloalto::precise_time(&value));
    let generated = match values[6].as_ref() {
        b"" => received_time,
        written => paloalto::time(written).ok_or_else(|| at(Reason::Time, &values[6]))?,
    };
    let value = |place: usize| values[place].clone();
    paloalto::web(
        record,
        Web {
            time: precise.unwrap_or(generated),
            client: value(7),
            user: value(12),
            application: value(14),
            action: value(30),
            url: value(31),
            category: value(33),
            categories: value(75),
            mime: value(41),
            agent: value(46),
            method: value(63),
        },
    )
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
        shows: "a page that somebody went on to",
        record: "1,2025/09/10 09:45:02,016201000000,THREAT,url,2562,2025/09/10 09:45:02,10.1.4.17,192.0.2.7,,,Rule one,school\\mtaylor,,web-browsing,vsys1,trust,untrust,ethernet1/2,ethernet1/1,Collector,2025/09/10 09:45:02,200000,1,58444,80,0,0,0x0,tcp,continue,\"games.example/a?b=\"\"c\"\"&d=1,2\",(9999),games,informational,client-to-server,5,0x0,GB,GB,,,0",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "the same with all its columns",
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
];
