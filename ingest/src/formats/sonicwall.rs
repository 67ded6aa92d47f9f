//! SonicWall: key=value, or CEF with the same quotes and mostly other keys. The number of the message
//! tells what a row is: 97 an address that was fetched, 16 one that was let through, 14 one that was
//! refused. Rows of CEF have no time, and the envelope's counts.
//!
//! No real line of a web request was seen; their keys are those of third parties' tests and of
//! <https://docs.logzilla.net/LogZilla_Appstore/Sonicwall/>. Where CEF puts an address is not confirmed.

use std::borrow::Cow;

use super::event_header;
use super::lex;
use super::pairs::{self, QUOTED, Value};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "m", "message: 14, 16 and 97 are read; others are counted by kind (in CEF, part 5 of the head)"),
    field(2, "c", "sort of message (in CEF `cat`)"),
    field(3, "time", "local time, or UTC where the word stands behind it; missing in CEF"),
    field(4, "usr, user", "account (in CEF `susr`)"),
    field(5, "src", "client address, perhaps with port, interface and host behind colons"),
    field(6, "dstname, arg", "host and path (in CEF `dhost`, `request`); `proto` gives the scheme"),
    field(7, "op", "HTTP method where it is a word"),
    field(8, "result", "HTTP status"),
    field(9, "rcvd, in", "bytes received"),
    field(10, "Category, webCategory, website-category", "category word"),
];

pub(super) static FORMAT: Format = Format {
    id: "sonicwall",
    version: "1",
    title: "SonicWall content filter",
    origin: "SonicOS 5 to 7, syslog, `Enhanced Syslog` or `ArcSight`",
    verified: Verified::Unconfirmed,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const KEYS: [&[u8]; 19] = [
    b"m",
    b"c",
    b"cat",
    b"time",
    b"usr",
    b"user",
    b"susr",
    b"src",
    b"dstname",
    b"dhost",
    b"arg",
    b"request",
    b"op",
    b"result",
    b"rcvd",
    b"in",
    b"Category",
    b"webCategory",
    b"website-category",
];

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let header = event_header::common(record);
    let body = header.map_or(record, |header| header.pairs);
    let [
        message,
        sort,
        sort_cef,
        time,
        user,
        user_long,
        user_cef,
        client,
        host,
        host_cef,
        path,
        path_cef,
        method,
        status,
        received,
        received_cef,
        category,
        category_web,
        category_site,
    ] = pairs::values(body, QUOTED, &KEYS).map_err(|fault| fault.reject(record))?;
    let number = header.map_or(message.bytes(), |header| header.event);
    let sort = sort.or(sort_cef);
    let action = match number {
        b"14" => Action::Blocked,
        b"16" | b"97" => Action::Allowed,
        b"" => return Err(message.reject(Reason::Columns, record)),
        _ => return Ok(Parsed::Other(other(number, sort.bytes()))),
    };
    let time = when(record, time, header.is_some())?;
    let host = host.or(host_cef);
    let path = path.or(path_cef);
    if !host.present() {
        return Err(host.reject(Reason::Address, record));
    }
    let (address, machine) = client_parts(client);
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Unknown,
        user: user.or(user_long).or(user_cef).text(),
        client_address: address.text(),
        client_host: machine.text(),
        // A number stands for a method by a table that was not found.
        method: method.text().filter(|method| method.iter().all(u8::is_ascii_alphabetic)),
        scheme: scheme(record).map(Cow::Borrowed),
        host: host.text(),
        path: path.text(),
        status: status.status(),
        response_bytes: received.or(received_cef).natural(),
        categories: category.or(category_web).or(category_site).text(),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::List),
        kind: RecordKind::Request,
        ..Fields::default()
    }))
}

fn when(record: &[u8], time: Value<'_>, undated: bool) -> Result<When, Reject> {
    if undated && !time.present() {
        return Ok(When::Missing);
    }
    let (text, utc) = match time.bytes().strip_suffix(b" UTC") {
        Some(text) => (text, true),
        None => (time.bytes(), false),
    };
    match lex::whole_of(text, lex::local_time('-')) {
        Some(When::Local(local)) if utc => Ok(lex::at_offset(local, 0)),
        Some(local) => Ok(local),
        None => Err(time.reject(Reason::Time, record)),
    }
}

/// `proto=tcp/https`.
fn scheme(record: &[u8]) -> Option<&'static [u8]> {
    if pairs::has(record, b"proto=tcp/https ") {
        Some(b"https")
    } else if pairs::has(record, b"proto=tcp/http ") {
        Some(b"http")
    } else {
        None
    }
}

/// `10.1.4.17:50100:X0:pc17`: address and host.
fn client_parts(client: Value<'_>) -> (Value<'_>, Value<'_>) {
    let (parts, count) = lex::columns::<4>(client.bytes(), b":");
    let is_short = memchr::memchr(b'.', parts[0]).is_some();
    if count > 1 && is_short {
        (client.part(parts[0]), client.part(parts[3]))
    } else {
        (client, Value::default())
    }
}

/// What a message is by its number, else by its sort.
fn other(number: &[u8], sort: &[u8]) -> OtherKind {
    match number {
        b"98" | b"537" | b"1574" => return OtherKind::Traffic,
        b"608" | b"609" | b"809" | b"1154" | b"1155" => return OtherKind::Security,
        _ => {}
    }
    match sort {
        b"1" | b"2" | b"16" | b"512" => OtherKind::System,
        b"4" | b"8" | b"32" => OtherKind::Security,
        b"64" | b"128" | b"256" | b"1024" | b"262144" => OtherKind::Traffic,
        _ => OtherKind::Foreign,
    }
}

fn sniff(line: &[u8]) -> Vote {
    if let Some(header) = event_header::common(line) {
        return if header.vendor == b"SonicWall" { Vote::Yes } else { Vote::No };
    }
    if !pairs::begins(line) || !pairs::has(line, b"sn=") {
        return Vote::No;
    }
    let has = |key: &[u8]| pairs::has(line, key);
    match (has(b"pri=") && has(b"c=") && has(b"m="), has(b"fw=")) {
        (true, true) => Vote::Yes,
        (false, true) if has(b"id=") && has(b"time=") => Vote::Fragment,
        _ => Vote::No,
    }
}

const fn request(
    user: Option<&'static str>,
    url: &'static str,
    status: Option<u32>,
    block_reason: Option<BlockReason>,
) -> Expected {
    let action = if block_reason.is_some() { Action::Blocked } else { Action::Allowed };
    Expected::Request { user, url, status, action, block_reason, kind: RecordKind::Request }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page: local time, client with port, interface and host",
        record: r#"id=firewall sn=0017C5000000 time="2025-11-12 09:15:30" fw=192.0.2.1 pri=6 c=1024 gcat=2 m=97 msg="Web site hit" n=9 src=10.1.4.17:52006:X0:pc17 dst=192.0.2.7:443:X1 usr="mtaylor" proto=tcp/https op=GET sent=1422 rcvd=5993 result=200 dstname=www.example.org arg=/a?b=c code=27 Category="Information Technology/Computers" note="Policy: a0""#,
        expected: request(Some("mtaylor"), "https://www.example.org/a?b=c", Some(200), None),
    },
    Example {
        shows: "a block, UTC",
        record: r#"id=firewall sn=0017C5000000 time="2025-11-12 09:15:31 UTC" fw=192.0.2.1 pri=3 c=4 m=14 msg="Web site access denied" n=10 src=10.1.4.17:49562:X0 dst=192.0.2.8:80:X1 proto=tcp/http dstname=bets.example arg=/odds code=11 Category="Gambling""#,
        expected: request(None, "http://bets.example/odds", None, Some(BlockReason::List)),
    },
    Example {
        shows: "a page in CEF, domain in the account",
        record: r#"CEF:0|SonicWall|NSa|7.0.1|97|Website Accessed|4|cat=1024 gcat=2 src=10.1.4.17 spt=52006 dst=192.0.2.7 dpt=443 susr="school.example\mtaylor" proto=tcp/https out=1422 in=5993 dhost=www.example.org request=/a fw_action="NA""#,
        expected: request(Some("school.example\\mtaylor"), "https://www.example.org/a", None, None),
    },
    Example {
        shows: "a connection that was closed",
        record: r#"id=firewall sn=0017C5000000 time="2025-11-12 09:15:32" fw=192.0.2.1 pri=6 c=1024 m=537 msg="Connection Closed" src=10.1.4.17:1:X0 dstname=a.example"#,
        expected: Expected::Other(OtherKind::Traffic),
    },
    Example {
        shows: "an application that was seen: a category, but no host",
        record: r#"id=firewall webCategory="Arts/Entertainment" sn=0017C5000000 time="2025-11-12 09:15:33" fw=192.0.2.1 pri=6 c=32 gcat=3 m=1154 msg="Application Control Detection Alert" src=10.1.4.17"#,
        expected: Expected::Other(OtherKind::Security),
    },
    Example {
        shows: "an intrusion in CEF, the head's first word lost, the rest damaged",
        record: r#"0|SonicWall|TZ 370|7.1.1|608|IPS Detection Alert|9|1:22:33"35"x msg="IPS" sid=1 51117"#,
        expected: Expected::Other(OtherKind::Security),
    },
    Example {
        shows: "somebody signed in",
        record: r#"id=firewall sn=0017C5000000 time="2025-11-12 09:15:34" fw=192.0.2.1 pri=6 c=16 m=31 msg="User login""#,
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "a sort that is not known",
        record: r#"id=firewall sn=0017C5000000 time="2025-11-12 09:15:35" fw=192.0.2.1 pri=6 c=999 m=9999 msg="x""#,
        expected: Expected::Other(OtherKind::Foreign),
    },
    Example {
        shows: "no host",
        record: r#"id=firewall sn=0017C5000000 time="2025-11-12 09:15:36" fw=192.0.2.1 pri=6 c=1024 m=97 src=10.1.4.17 arg=/a"#,
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "an hour that does not exist",
        record: r#"id=firewall sn=0017C5000000 time="2025-11-12 25:15:36" fw=192.0.2.1 pri=6 c=1024 m=97 src=10.1.4.17 dstname=a.example"#,
        expected: Expected::Reject(Reason::Time),
    },
];
