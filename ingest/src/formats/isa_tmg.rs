//! Microsoft ISA Server and Forefront TMG in W3C files: web proxy rows are requests, firewall rows are
//! traffic. Times are UTC in these files; the products' own text files (`isa_text`) are local.
//!
//! Columns from Microsoft's list of web proxy log fields
//! (<https://learn.microsoft.com/previous-versions/windows/desktop/ff827532(v=vs.85)>) and real lines of
//! ISA 2004; no line of TMG 2010 with `UrlCategory` was seen.

use super::w3c::{self, Line, Product, Row};
use super::{Directives, Example, Expected, Field, Format, Reading, Verified, field, lex};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "date, time", "end of the request, UTC"),
    field(2, "c-ip", "client address"),
    field(3, "cs-username", "account; `anonymous` is nobody, `?` behind it means not signed in"),
    field(4, "c-agent", "browser or program"),
    field(5, "time-taken", "milliseconds"),
    field(6, "sc-bytes", "bytes sent to the client"),
    field(7, "cs-protocol", "`SSL-tunnel` is a tunnel"),
    field(8, "s-operation", "HTTP method; CONNECT is a tunnel"),
    field(9, "cs-uri", "address; where it is missing, columns r-host and r-port"),
    field(10, "cs-mime-type", "MIME type or `-`"),
    field(11, "sc-status", "HTTP status or a Windows error: 12209 and 407 are challenges, 12202 a block"),
    field(12, "UrlCategory", "category word (TMG)"),
    field(13, "action", "Allowed, Denied, Failed; the status alone where the column is off"),
];

pub(super) static FORMAT: Format = Format {
    id: "isa-tmg-w3c",
    version: "1",
    title: "Microsoft ISA Server and Forefront TMG",
    origin: "ISA Server 2000 to 2006 and Forefront TMG, W3C log files of web proxy and firewall",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Directed { parse },
    examples: EXAMPLES,
};

const OPERATION: u8 = w3c::METHOD;
const SERVER: u8 = w3c::OWN;
const SERVER_PORT: u8 = w3c::OWN + 1;
const PROTOCOL: u8 = w3c::OWN + 2;
const ACTION: u8 = w3c::VERDICT;
/// Columns that only the firewall's log has.
const ORIGINAL_CLIENT: u8 = w3c::OWN + 3;
const APPLICATION: u8 = w3c::OWN + 4;
const RULE: u8 = w3c::OWN + 5;

static PRODUCT: Product = Product {
    own: &[
        ("c-agent", w3c::AGENT),
        ("s-operation", OPERATION),
        ("r-host", SERVER),
        ("r-port", SERVER_PORT),
        ("cs-protocol", PROTOCOL),
        ("cs-mime-type", w3c::MIME),
        ("action", ACTION),
        ("UrlCategory", w3c::CATEGORIES),
        ("rule", RULE),
        ("rule#1", RULE),
        ("original client IP", ORIGINAL_CLIENT),
        ("application protocol", APPLICATION),
    ],
    claims: |named| is_proxy(named) || is_firewall(named),
    software: |_| 0,
    quotes: |_| false,
};

fn is_proxy(named: &Directives) -> bool {
    // `s-operation` is nobody else's name for the method.
    named.has(OPERATION) && named.has(w3c::URI) && named.has(SERVER) && named.has(w3c::TIME)
}

fn is_firewall(named: &Directives) -> bool {
    named.has(ORIGINAL_CLIENT) && named.has(APPLICATION) && named.has(w3c::TIME)
}

fn parse<'a>(record: &'a [u8], directives: &mut Directives) -> Result<Parsed<'a>, Reject> {
    let row = match w3c::line(record, directives, &PRODUCT)? {
        Line::Directive => return Ok(Parsed::Directive),
        Line::Row(row) => row,
    };
    let time = row.time(directives)?;
    if is_firewall(directives) {
        row.raw(ACTION).ok_or_else(|| row.lacks(Reason::Result))?;
        return Ok(Parsed::Other(OtherKind::Traffic));
    }
    let taken = row.whole(w3c::TAKEN, Reason::Number)?;
    let status = row.whole(w3c::STATUS, Reason::Status)?.and_then(lex::Whole::natural);
    let status = status.and_then(|status| u32::try_from(status).ok());
    let bytes = row.whole(w3c::BYTES, Reason::Number)?;
    if directives.has(ACTION) && row.raw(ACTION).is_none() {
        return Err(row.lacks(Reason::Result));
    }
    let url = row.text(w3c::URI);
    let host = row.text(SERVER);
    if url.is_none() && host.is_none() {
        return Err(row.lacks(Reason::Address));
    }
    let word = row.text(ACTION);
    let action = action(word.as_deref(), status);
    let kind = match action {
        Action::Challenged => RecordKind::Authentication,
        _ if is_tunnel(&row) => RecordKind::Tunnel,
        _ => RecordKind::Request,
    };
    let reason = row.text(w3c::CATEGORIES).map_or(BlockReason::Rule, |_| BlockReason::List);
    let odd = [taken, bytes].into_iter().flatten().any(|number| number.odd);
    let notice = if action == Action::Unknown {
        Some(Notice::UnknownAction)
    } else if row.extra {
        Some(Notice::ExtraColumns)
    } else {
        odd.then_some(Notice::OddNumber)
    };
    let port = row.text(SERVER_PORT).and_then(|port| lex::whole_column(&port));
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::End,
        duration_ms: taken.and_then(lex::Whole::natural),
        user: row.text(w3c::USER),
        client_address: row.text(w3c::CLIENT),
        method: row.text(OPERATION),
        // What was asked for; the next hop's host says it only where the address does not.
        host: host.filter(|_| url.is_none()),
        port: port.filter(|_| url.is_none()).and_then(|port| u16::try_from(port.value).ok()),
        url,
        status,
        response_bytes: bytes.and_then(lex::Whole::natural),
        mime: row.text(w3c::MIME),
        user_agent: row.text(w3c::AGENT),
        categories: row.text(w3c::CATEGORIES),
        action,
        block_reason: (action == Action::Blocked).then_some(reason),
        kind,
        unauthenticated: action == Action::Challenged,
        notice,
        ..Fields::default()
    }))
}

fn is_tunnel(row: &Row<'_>) -> bool {
    row.text(OPERATION).as_deref() == Some(b"CONNECT")
        || row.text(PROTOCOL).is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"SSL-tunnel"))
}

/// The column where it is there; the status tells challenges from blocks.
pub(super) fn action(word: Option<&[u8]>, status: Option<u32>) -> Action {
    const CHALLENGED: u32 = 12_209;
    const DENIED: u32 = 12_202;
    match (word, status) {
        (_, Some(CHALLENGED | 407)) => Action::Challenged,
        (Some(b"Denied"), _) | (None, Some(DENIED)) => Action::Blocked,
        (Some(b"Allowed"), _) => Action::Allowed,
        (Some(b"Failed"), _) => Action::Error,
        // Numbers beyond HTTP's are errors of Windows.
        (None, Some(0..100 | 600..)) => Action::Error,
        (None, Some(_)) => Action::Allowed,
        _ => Action::Unknown,
    }
}

const fn request(user: Option<&'static str>, url: &'static str, status: u32, action: Action) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::Rule) } else { None };
    let kind =
        if matches!(action, Action::Challenged) { RecordKind::Authentication } else { RecordKind::Request };
    Expected::Request { user, url, status: Some(status), action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: "#Software: Microsoft Internet Security and Acceleration Server 2004\n#Version: 2.0\n#Date: 2025-09-10 00:00:00\n#Fields: c-ip\tcs-username\tc-agent\tsc-authenticated\tdate\ttime\ts-svcname\ts-computername\tcs-referred\tr-host\tr-ip\tr-port\ttime-taken\tcs-bytes\tsc-bytes\tcs-protocol\tcs-transport\ts-operation\tcs-uri\tcs-mime-type\ts-object-source\tsc-status\ts-cache-info\trule\tFilterInfo\tcs-Network\tsc-Network\terror-info\taction\n10.1.4.17\tSCHOOL\\mtaylor\tMozilla/5.0 (Windows NT 10.0)\tY\t2025-09-10\t09:45:00\tw3proxy\tPROXY1\t-\twww.example.org\t192.0.2.7\t80\t78\t489\t5591\thttp\tTCP\tGET\thttp://www.example.org/a?b=c\ttext/html\tInet\t200\t0x40000005\tAllow Web Access\t-\tInternal\tExternal\t0xd80\tAllowed",
        expected: request(Some("SCHOOL\\mtaylor"), "http://www.example.org/a?b=c", 200, Action::Allowed),
    },
    Example {
        shows: "the anonymous row before every signed-in one is a challenge",
        record: "#Fields: c-ip\tcs-username\tdate\ttime\tr-host\ts-operation\tcs-uri\tsc-status\trule\taction\n10.1.4.17\tanonymous\t2025-09-10\t09:45:01\twww.example.org\tGET\thttp://www.example.org/\t12209\tDeny Internet Access\tDenied",
        expected: request(Some("anonymous"), "http://www.example.org/", 12_209, Action::Challenged),
    },
    Example {
        shows: "a block by a rule",
        record: "#Fields: c-ip\tcs-username\tdate\ttime\tr-host\ts-operation\tcs-uri\tsc-status\trule\taction\n10.1.4.17\tSCHOOL\\mtaylor\t2025-09-10\t09:45:02\tgames.example\tGET\thttp://games.example/\t12202\tNo games\tDenied",
        expected: request(Some("SCHOOL\\mtaylor"), "http://games.example/", 12_202, Action::Blocked),
    },
    Example {
        shows: "the same where the action column is off",
        record: "#Fields: c-ip\tcs-username\tdate\ttime\tr-host\ts-operation\tcs-uri\tsc-status\n10.1.4.17\tSCHOOL\\mtaylor\t2025-09-10\t09:45:02\tgames.example\tGET\thttp://games.example/\t12202",
        expected: request(Some("SCHOOL\\mtaylor"), "http://games.example/", 12_202, Action::Blocked),
    },
    Example {
        shows: "TMG: a block by category",
        record: "#Software: Microsoft Forefront Threat Management Gateway\n#Fields: c-ip\tcs-username\tdate\ttime\tr-host\ts-operation\tcs-uri\tsc-status\tUrlCategory\taction\n10.1.4.17\tSCHOOL\\mtaylor?\t2025-09-10\t09:45:02\tbets.example\tGET\thttp://bets.example/\t12233\tGambling\tDenied",
        expected: Expected::Request {
            user: Some("SCHOOL\\mtaylor?"),
            url: "http://bets.example/",
            status: Some(12_233),
            action: Action::Blocked,
            block_reason: Some(BlockReason::List),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "the request failed",
        record: "#Fields: c-ip\tcs-username\tdate\ttime\tr-host\ts-operation\tcs-uri\tsc-status\trule\taction\n10.1.4.17\tanonymous\t2025-09-10\t09:45:03\tlost.example\tGET\thttp://lost.example/\t5\tAllow\tFailed",
        expected: request(Some("anonymous"), "http://lost.example/", 5, Action::Error),
    },
    Example {
        shows: "a tunnel without an address",
        record: "#Fields: c-ip\tcs-username\tdate\ttime\tr-host\tr-port\tcs-protocol\ts-operation\tcs-uri\tsc-status\taction\n10.1.4.17\tSCHOOL\\mtaylor\t2025-09-10\t09:45:04\tmail.example\t443\tSSL-tunnel\t-\t-\t200\tAllowed",
        expected: Expected::Request {
            user: Some("SCHOOL\\mtaylor"),
            url: "mail.example:443",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a row of the firewall's log, whose columns have blanks in their names",
        record: "#Fields: computer\tdate\ttime\tIP protocol\tsource\tdestination\toriginal client IP\tsource network\tdestination network\taction\tstatus\trule\tapplication protocol\tbytes sent\nPROXY1\t2025-09-10\t09:45:05\tUDP\t10.1.4.17:61683\t192.0.2.255:138\t10.1.4.17\tInternal\tLocal Host\tDenied\t0xc004000d\t-\tNetBios Datagram\t0",
        expected: Expected::Other(OtherKind::Traffic),
    },
    Example {
        shows: "a row that was cut",
        record: "#Fields: c-ip\tcs-username\tdate\ttime\tr-host\ts-operation\tcs-uri\tsc-status\trule\taction\n10.1.4.17\tSCHOOL\\mtaylor\t2025-09-10\t09:45:02\tgames.exam",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "status is a word",
        record: "#Fields: c-ip\tcs-username\tdate\ttime\tr-host\ts-operation\tcs-uri\tsc-status\trule\taction\n10.1.4.17\t-\t2025-09-10\t09:45:02\ta.example\tGET\thttp://a.example/\tOK\t-\tAllowed",
        expected: Expected::Reject(Reason::Status),
    },
];
