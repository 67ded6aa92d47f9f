//! NextDNS, download of the logs: look-ups between commas behind a header.
//!
//! The header's names are those of public notes on the download; the words of `status` are those of
//! the vendor's interface (<https://nextdns.github.io/api/>). No real file was seen.

use super::comma::{self, Value};
use super::directives::NOT_KEPT;
use super::{Directives, Example, Expected, Field, Format, Reading, Verified, field, lex};
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "timestamp", "time with offset"),
    field(2, "domain", "the name that was asked for"),
    field(6, "client_ip", "the site's address, where device_local_ip is missing"),
    field(7, "status", "blocked; allowed, default and empty are let through"),
    field(12, "device_name", "client host name"),
    field(14, "device_local_ip", "client address"),
];

pub(super) static FORMAT: Format = Format {
    id: "nextdns-csv",
    version: "1",
    title: "NextDNS log",
    origin: "NextDNS, Settings > Logs > Download",
    verified: Verified::Unconfirmed,
    fields: FIELDS,
    // No value holds a line end, and a row that was cut between quotes must not swallow the next.
    framing: Framing::Lines,
    reading: Reading::Directed { parse },
    examples: EXAMPLES,
};

const TIME: u8 = 1;
const DOMAIN: u8 = 2;
const CLIENT: u8 = 3;
const STATUS: u8 = 4;
const DEVICE: u8 = 5;
const LOCAL: u8 = 6;
/// Columns that tell the file from others with a time, a domain and a status.
const QUERY_TYPE: u8 = 7;
const DNSSEC: u8 = 8;
const CODES: usize = 9;

fn code(name: &[u8]) -> u8 {
    match name {
        b"timestamp" => TIME,
        b"domain" => DOMAIN,
        b"query_type" => QUERY_TYPE,
        b"dnssec" => DNSSEC,
        b"client_ip" => CLIENT,
        b"status" => STATUS,
        b"device_name" => DEVICE,
        b"device_local_ip" => LOCAL,
        _ => NOT_KEPT,
    }
}

fn parse<'a>(record: &'a [u8], directives: &mut Directives) -> Result<Parsed<'a>, Reject> {
    let is_header = comma::Values::new(record).next().is_some_and(|name| name.as_ref() == b"timestamp");
    if is_header {
        let names: Vec<Value<'_>> = comma::Values::new(record).collect();
        directives.name(
            names.iter().map(|name| name.trim_ascii()),
            code,
            &[TIME, DOMAIN, STATUS, QUERY_TYPE, DNSSEC],
        );
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
    let [_, time, domain, client, status, device, local, ..] = values;
    let time = lex::whole_of(&time, lex::iso_time).ok_or_else(|| Reject::at(Reason::Time, 0))?;
    let host = comma::text(domain).ok_or_else(|| Reject::at(Reason::Address, record.len()))?;
    let action = match status.as_ref() {
        b"blocked" => Action::Blocked,
        b"" | b"default" | b"allowed" => Action::Allowed,
        b"error" => Action::Error,
        _ => Action::Unknown,
    };
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Unknown,
        client_address: comma::text(local).or_else(|| comma::text(client)),
        client_host: comma::text(device),
        host: Some(host),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::List),
        kind: RecordKind::Dns,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }))
}

const fn request(url: &'static str, action: Action) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::List) } else { None };
    Expected::Request { user: None, url, status: None, action, block_reason, kind: RecordKind::Dns }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a look-up",
        record: "timestamp,domain,query_type,dnssec,protocol,client_ip,status,reasons,destination_country,root_domain,device_id,device_name,device_model,device_local_ip,matched_name,client_name\n2025-09-10T08:45:00.123Z,www.example.org,A,false,DNS-over-HTTPS,192.0.2.4,,,GB,example.org,9AB,PC17,,10.1.4.17,,",
        expected: request("www.example.org", Action::Allowed),
    },
    Example {
        shows: "a block",
        record: "timestamp,domain,query_type,dnssec,protocol,client_ip,status,reasons,destination_country,root_domain\n2025-09-10T08:45:00.123Z,bets.example,A,false,UDP,192.0.2.4,blocked,\"Parental control, gambling\",,bets.example",
        expected: request("bets.example", Action::Blocked),
    },
    Example {
        shows: "time cannot be read",
        record: "timestamp,domain,query_type,dnssec,protocol,client_ip,status,reasons\n10/09/2025 09:45,a.example,A,false,UDP,192.0.2.4,,",
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "columns lost",
        record: "timestamp,domain,query_type,dnssec,protocol,client_ip,status,reasons\n2025-09-10T08:45:00.123Z,a.example",
        expected: Expected::Reject(Reason::Columns),
    },
];
