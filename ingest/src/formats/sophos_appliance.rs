//! Sophos Web Appliance, `sophos_log`.
//!
//! Keys, action codes and escapes are those of the appliance's own help
//! (<https://docs.sophos.com/nsg/swa/help/en-us/nsg/swa/concepts/InterpretingLogFiles.html>): quotes and
//! backslashes are escaped, letters beyond ASCII stand as `\xHH`.

use super::lex;
use super::pairs::{self, Grammar, QUOTED};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "h", "client address"),
    field(2, "u", "account; escapes are undone"),
    field(3, "s", "HTTP status; 407 is a challenge"),
    field(4, "t", "start of the request: seconds since 1970, UTC"),
    field(5, "T", "microseconds the request took"),
    field(6, "act", "what was done, a number from -7 to 5"),
    field(7, "cat", "category as a hexadecimal code"),
    field(8, "threat", "virus, where one was found"),
    field(9, "type", "MIME type"),
    field(10, "out", "bytes sent to the client"),
    field(11, "ua", "browser"),
    field(12, "req", "method, address and version"),
];

pub(super) static FORMAT: Format = Format {
    id: "sophos-web-appliance",
    version: "1",
    title: "Sophos Web Appliance",
    origin: "Sophos Web Appliance 4, `sophos_log`, backup or syslog",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const GRAMMAR: Grammar<'static> = Grammar { escapes: b"\"\\x", ..QUOTED };

const KEYS: [&[u8]; 12] =
    [b"h", b"u", b"s", b"t", b"T", b"act", b"cat", b"threat", b"type", b"out", b"ua", b"req"];

/// The vendor's description of the log gives the keys in their order, and nobody can change it: these stand
/// before the browser's name and the request line.
const AHEAD: &[&[u8]] =
    &[b"h", b"u", b"s", b"t", b"T", b"act", b"cat", b"threat", b"type", b"out"];

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let [client, user, status, time, duration, action, category, threat, mime, size, agent, line] =
        pairs::values_in_order(record, GRAMMAR, &KEYS, AHEAD).map_err(|fault| fault.reject(record))?;
    let time =
        lex::whole_of(time.bytes(), lex::epoch).ok_or_else(|| time.reject(Reason::Time, record))?;
    let code = status.status().ok_or_else(|| status.reject(Reason::Status, record))?;
    let (method, url) = pairs::request_line(line);
    if !url.present() {
        return Err(line.reject(Reason::Address, record));
    }
    let action = if code == 407 { Action::Challenged } else { decision(action.bytes()) };
    let kind = RecordKind::of(action, method.bytes());
    let reason = if threat.present() { BlockReason::Virus } else { BlockReason::Rule };
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Start,
        duration_ms: duration.natural().map(|micros| micros / 1_000),
        user: user.text(),
        client_address: client.text(),
        method: method.text(),
        url: url.text(),
        status: Some(code),
        response_bytes: size.natural(),
        mime: mime.text(),
        user_agent: agent.text(),
        categories: category.text(),
        action,
        block_reason: (action == Action::Blocked).then_some(reason),
        kind,
        unauthenticated: action == Action::Challenged,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }))
}

fn decision(code: &[u8]) -> Action {
    match code {
        b"1" => Action::Allowed,
        // -3 and -6: went on, and was refused all the same; -5: the day's time is used up.
        b"-1" | b"-3" | b"-5" | b"-6" => Action::Blocked,
        // -4: how much of the day's time is left; -7: the file is being looked at.
        b"-2" | b"-4" | b"-7" => Action::Warned,
        b"2" | b"3" | b"4" | b"5" => Action::Proceeded,
        _ => Action::Unknown,
    }
}

fn sniff(line: &[u8]) -> Vote {
    if !line.starts_with(b"h=") {
        return Vote::No;
    }
    let has = |key: &[u8]| pairs::has(line, key);
    match (has(b"u=") && has(b"act=") && has(b"t="), has(b"req=")) {
        (true, true) => Vote::Yes,
        (true, false) => Vote::Fragment,
        _ => Vote::No,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page, domain and letters beyond ASCII in the account",
        record: r#"h=10.1.4.17 u="SCHOOL\\zo\xc3\xab.lund" s=200 X=- t=1762938930 T=284453 Ts=0 act=1 cat="0x220000002a" app="-" rsn=- threat="-" type="text/html" ctype="text/html" sav-ev=4.77 cache=- in=1255 out=26198 meth=GET ref="-" ua="Mozilla/5.0 (X11) \"x\"" req="GET http://www.example.org/a b HTTP/1.1" dom="example.org" filetype="-" rule="0" filesize=25815"#,
        expected: Expected::Request {
            user: Some("SCHOOL\\zoë.lund"),
            url: "http://www.example.org/a b",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a virus that was stopped, no user",
        record: r#"h=10.1.4.17 u="-" s=403 X=- t=1762938931 T=453 Ts=0 act=-1 cat="0x2200000010" rsn=virus threat="Test-File" type="-" in=100 out=2000 meth=GET ua="x" req="GET http://a.example/b.exe HTTP/1.1" dom="a.example""#,
        expected: Expected::Request {
            user: None,
            url: "http://a.example/b.exe",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::Virus),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a warning",
        record: r#"h=10.1.4.17 u="SCHOOL\\mtaylor" s=403 X=- t=1762938932 T=453 act=-2 cat="0x2200000011" threat="-" type="-" out=2000 req="GET http://games.example/ HTTP/1.1""#,
        expected: Expected::Request {
            user: Some("SCHOOL\\mtaylor"),
            url: "http://games.example/",
            status: Some(403),
            action: Action::Warned,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "the person went on, through a tunnel",
        record: r#"h=10.1.4.17 u="SCHOOL\\mtaylor" s=200 X=- t=1762938933 T=453 act=2 cat="0x2200000011" threat="-" type="-" out=2000 req="CONNECT games.example:443 HTTP/1.1""#,
        expected: Expected::Request {
            user: Some("SCHOOL\\mtaylor"),
            url: "games.example:443",
            status: Some(200),
            action: Action::Proceeded,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a challenge",
        record: r#"h=10.1.4.17 u="-" s=407 X=- t=1762938934 T=453 act=-1 cat="-" threat="-" type="-" out=200 req="GET http://a.example/ HTTP/1.1""#,
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
        shows: "an action that the help does not name",
        record: r#"h=10.1.4.17 u="-" s=200 X=- t=1762938935 T=453 act=0 cat="-" threat="-" type="-" out=200 req="GET http://a.example/ HTTP/1.1""#,
        expected: Expected::Request {
            user: None,
            url: "http://a.example/",
            status: Some(200),
            action: Action::Unknown,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "no time",
        record: r#"h=10.1.4.17 u="-" s=200 X=- t=- T=453 act=1 req="GET http://a.example/ HTTP/1.1""#,
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "status is missing",
        record: r#"h=10.1.4.17 u="-" s=- X=- t=1762938936 T=453 act=1 req="GET http://a.example/ HTTP/1.1""#,
        expected: Expected::Reject(Reason::Status),
    },
    Example {
        shows: "no request",
        record: r#"h=10.1.4.17 u="-" s=400 X=- t=1762938937 T=453 act=1 req="-""#,
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "cut inside the request",
        record: r#"h=10.1.4.17 u="-" s=200 X=- t=1762938938 T=453 act=1 req="GET http://a.exa"#,
        expected: Expected::Reject(Reason::Truncated),
    },
];
