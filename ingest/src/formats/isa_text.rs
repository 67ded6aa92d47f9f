//! Microsoft ISA Server and Forefront TMG, their own text files: no line names the columns, every column
//! is there, one that is switched off has a dash, times are local.
//!
//! The order is that of the bit numbers in Microsoft's lists of web proxy log fields (ISA 2000 ends with
//! two rules, ISA 2004 with the action, TMG 2010 goes on), commas between as its manuals say. That a blank
//! follows each comma and that a comma within a value is written as a backtick are from lines that third
//! parties made for tests; no real file was seen. Rows between tabs without a header are not read: they
//! would be a W3C file's, whose times are UTC.
//!
//! Whether day or month comes first in a date with slashes is a setting of the machine. A date that could
//! be either is rejected, and so is in the end a file of nothing else: it is to be written as W3C.

use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, isa_tmg, lex};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "Client IP", "client address"),
    field(2, "Client Username", "account; `anonymous` is nobody, `?` behind it means not signed in"),
    field(3, "Client Agent", "browser or program"),
    field(5, "Log Date, Log Time", "end of the request, local time; `2025-09-10`, or slashes where they tell"),
    field(7, "Service", "`w3proxy` and `w3reverseproxy`; `fwsrv` is traffic"),
    field(10, "Destination Host", "host, where there is no address; column 12 is its port"),
    field(13, "Processing Time", "milliseconds"),
    field(15, "Bytes Received", "bytes sent to the client"),
    field(16, "Protocol", "`SSL-tunnel` is a tunnel"),
    field(18, "HTTP Method", "HTTP method; CONNECT is a tunnel"),
    field(19, "URL", "address"),
    field(20, "MIME Type", "MIME type or `-`"),
    field(22, "HTTP Status Code", "HTTP status or a Windows error: 12209 and 407 are challenges, 12202 a block"),
    field(29, "Action", "Allowed, Denied, Failed; the status alone where it is off or missing (ISA 2000)"),
    field(37, "URL Category", "category word (TMG)"),
];

pub(super) static FORMAT: Format = Format {
    id: "isa-tmg-text",
    version: "1",
    title: "Microsoft ISA Server and Forefront TMG, own text format",
    origin: "ISA Server 2000 to 2006 and Forefront TMG, log files in ISA Server (TMG) file format",
    verified: Verified::Unconfirmed,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

/// The columns of ISA 2000, ISA 2004 and 2006, TMG 2010, and TMG 2010 with its first service pack.
const WIDTHS: [usize; 4] = [25, 29, 58, 59];
/// The last column that is read is TMG's category.
const KEPT: usize = 37;
/// Columns of the firewall's rows in ISA 2004; TMG's have more.
const LEAST_OF_FIREWALL: usize = 28;

type Columns<'a> = [&'a [u8]; KEPT];

/// A comma, and the blank behind it where the first has one.
fn columns(record: &[u8]) -> (Columns<'_>, usize) {
    let comma = memchr::memchr(b',', record).unwrap_or(record.len());
    let separator: &[u8] = if record.get(comma + 1) == Some(&b' ') { b", " } else { b"," };
    lex::columns::<KEPT>(record, separator)
}

fn is_proxy(service: &[u8]) -> bool {
    [&b"w3proxy"[..], b"w3reverseproxy", b"Proxy", b"Reverse Proxy"].contains(&service)
}

/// A row of the firewall's own log: computer, date, time, protocol.
fn is_firewall(columns: &Columns<'_>, count: usize) -> bool {
    let protocol = !columns[3].is_empty() && columns[3].iter().all(|byte| byte.is_ascii_alphanumeric());
    count >= LEAST_OF_FIREWALL && looks_dated(columns[1]) && lex::whole_of(columns[2], lex::clock).is_some() && protocol
}

fn looks_dated(column: &[u8]) -> bool {
    lex::whole_of(column, lex::date('-')).is_some() || slashes(column).is_some()
}

/// `10/9/2025`: the two numbers before the year, and the year.
fn slashes(column: &[u8]) -> Option<(i8, i8, i16)> {
    let (parts, 3) = lex::columns::<3>(column, b"/") else { return None };
    let [first, second, year] = parts.map(|part| if lex::is_number(part) { part } else { b"" });
    if !(1..=2).contains(&first.len()) || !(1..=2).contains(&second.len()) || year.len() != 4 {
        return None;
    }
    let number = |digits: &[u8]| lex::whole_column(digits).map(|whole| whole.value);
    Some((number(first)? as i8, number(second)? as i8, number(year)? as i16))
}

fn date(column: &[u8]) -> Option<jiff::civil::Date> {
    if let Some(date) = lex::whole_of(column, lex::date('-')) {
        return Some(date);
    }
    let (month, day) = match slashes(column)? {
        (day @ 13.., month, _) => (month, day),
        (month, day @ 13.., _) => (month, day),
        (month, day, _) if month == day => (month, day),
        _ => return None,
    };
    jiff::civil::Date::new(slashes(column)?.2, month, day).ok()
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let (columns, count) = columns(record);
    let at = |reason: Reason, column: &[u8]| Reject::at(reason, lex::offset(record, column));
    if is_firewall(&columns, count) {
        return Ok(Parsed::Other(OtherKind::Traffic));
    }
    let [client, user, agent, signed, day, clock, service, ..] = columns;
    if count < WIDTHS[0] {
        return Err(Reject::at(Reason::Columns, record.len()));
    }
    // Whoever asks chooses the browser's name and the address. A separator in one of them moves all that
    // follows, which the flag before and the words behind it show.
    let is_flag = matches!(signed, b"Y" | b"N" | b"-");
    if !WIDTHS.contains(&count) || !is_flag || !(is_proxy(service) || service == b"fwsrv") {
        return Err(at(Reason::Columns, signed));
    }
    let date = date(day).ok_or_else(|| at(Reason::Time, day))?;
    let clock = lex::whole_of(clock, lex::clock).ok_or_else(|| at(Reason::Time, clock))?;
    if !is_proxy(service) {
        return Ok(Parsed::Other(OtherKind::Traffic));
    }
    let [.., host, _, port, taken, _, bytes, protocol, _, method, url, mime, _, status, _, _, _, _, _, _, word, _, _, _, _, _, _, _, category] =
        columns;
    let word = if count > WIDTHS[0] { word } else { b"-" };
    if !matches!(word, b"-" | b"Allowed" | b"Denied" | b"Failed") {
        return Err(at(Reason::Result, word));
    }
    let number = |column: &[u8], reason: Reason| match column {
        b"-" => Ok(None),
        _ => lex::whole_column(column).map(Some).ok_or_else(|| at(reason, column)),
    };
    let taken = number(taken, Reason::Number)?;
    let bytes = number(bytes, Reason::Number)?;
    let status = number(status, Reason::Status)?.and_then(lex::Whole::natural);
    let status = status.and_then(|status| u32::try_from(status).ok());
    let (address, host) = (lex::text(url), lex::text(host));
    if address.is_none() && host.is_none() {
        return Err(at(Reason::Address, url));
    }
    let action = isa_tmg::action(lex::text(word).as_deref(), status);
    let kind = match action {
        Action::Challenged => RecordKind::Authentication,
        _ if method == b"CONNECT" || protocol.eq_ignore_ascii_case(b"SSL-tunnel") => RecordKind::Tunnel,
        _ => RecordKind::Request,
    };
    let category = lex::text(category);
    let reason = if category.is_some() { BlockReason::List } else { BlockReason::Rule };
    let odd = [taken, bytes].into_iter().flatten().any(|number| number.odd);
    Ok(Parsed::Request(Fields {
        time: When::Local(date.to_datetime(clock)),
        basis: TimeBasis::End,
        duration_ms: taken.and_then(lex::Whole::natural),
        user: lex::text(user),
        client_address: lex::text(client),
        method: lex::text(method),
        host: host.filter(|_| address.is_none()),
        port: lex::whole_column(port)
            .filter(|_| address.is_none())
            .and_then(|port| u16::try_from(port.value).ok()),
        url: address,
        status,
        response_bytes: bytes.and_then(lex::Whole::natural),
        mime: lex::text(mime),
        user_agent: lex::text(agent),
        categories: category,
        action,
        block_reason: (action == Action::Blocked).then_some(reason),
        kind,
        unauthenticated: action == Action::Challenged,
        notice: match action {
            Action::Unknown => Some(Notice::UnknownAction),
            _ => odd.then_some(Notice::OddNumber),
        },
        ..Fields::default()
    }))
}

fn sniff(line: &[u8]) -> Vote {
    let (columns, count) = columns(line);
    let service = is_proxy(columns[6]) || columns[6] == b"fwsrv";
    if (service && WIDTHS.contains(&count) && looks_dated(columns[4])) || is_firewall(&columns, count) {
        Vote::Yes
    } else if service && looks_dated(columns[4]) {
        Vote::Fragment
    } else {
        Vote::No
    }
}

const fn request(url: &'static str, status: u32, action: Action, kind: RecordKind) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::Rule) } else { None };
    Expected::Request { user: Some("SCHOOL\\mtaylor"), url, status: Some(status), action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "ISA 2004: a page",
        record: "10.1.4.17, SCHOOL\\mtaylor, Mozilla/5.0 (Windows NT 10.0), Y, 2025-09-10, 10:45:00, w3proxy, PROXY1, -, www.example.org, 192.0.2.7, 80, 78, 489, 5591, http, TCP, GET, http://www.example.org/a?b=c, text/html, Inet, 200, 0x40000005, Allow Web Access, -, Internal, External, 0xd80, Allowed",
        expected: request("http://www.example.org/a?b=c", 200, Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "a block by a rule; a comma in the browser's name is a backtick",
        record: "10.1.4.17, SCHOOL\\mtaylor, AppleWebKit/537.36 (KHTML` like Gecko), Y, 2025-09-10, 10:45:02, w3proxy, PROXY1, -, games.example, -, 80, 1, 489, 3248, http, TCP, GET, http://games.example/, -, -, 12202, 0x0, No games, -, Internal, External, 0x0, Denied",
        expected: request("http://games.example/", 12_202, Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "ISA 2000: no action column, no blanks, a date with slashes that tells its order",
        record: "10.1.4.17,SCHOOL\\mtaylor,Mozilla/4.0,Y,9/23/2025,10:45:02,w3proxy,PROXY1,-,games.example,-,80,1,489,3248,http,TCP,GET,http://games.example/,-,-,12202,0x0,No games,-",
        expected: request("http://games.example/", 12_202, Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "TMG: a block by category",
        record: "10.1.4.17, SCHOOL\\mtaylor, Mozilla/5.0, Y, 2025-09-10, 10:45:02, w3proxy, TMG1, -, bets.example, -, 80, 1, 489, 3248, http, TCP, GET, http://bets.example/, -, -, 12233, 0x0, No bets, Req ID: 0a1b2c3d; Compression: client=No` server=No, Internal, External, 0x0, Denied, 2025-09-10 09:45:02, -, -, -, -, -, -, Gambling, -, -, 0, -, 0, -, -, -, -, -, -, 0, 0, -, 0, -, -, Local category, None, bets.example, 2309, -",
        expected: Expected::Request {
            user: Some("SCHOOL\\mtaylor"),
            url: "http://bets.example/",
            status: Some(12_233),
            action: Action::Blocked,
            block_reason: Some(BlockReason::List),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a tunnel without an address",
        record: "10.1.4.17, SCHOOL\\mtaylor, -, Y, 2025-09-10, 10:45:04, w3proxy, PROXY1, -, mail.example, 192.0.2.7, 443, 7800, 489, 5591, SSL-tunnel, TCP, -, -, -, Inet, 200, 0x0, Allow, -, Internal, External, 0x0, Allowed",
        expected: request("mail.example:443", 200, Action::Allowed, RecordKind::Tunnel),
    },
    Example {
        shows: "the anonymous row before every signed-in one is a challenge",
        record: "10.1.4.17, anonymous, -, N, 2025-09-10, 10:45:01, w3proxy, PROXY1, -, www.example.org, -, 80, 1, 489, 3248, http, TCP, GET, http://www.example.org/, -, -, 12209, 0x0, Deny, -, Internal, External, 0x0, Denied",
        expected: Expected::Request {
            user: Some("anonymous"),
            url: "http://www.example.org/",
            status: Some(12_209),
            action: Action::Challenged,
            block_reason: None,
            kind: RecordKind::Authentication,
        },
    },
    Example {
        shows: "a row of the firewall's log",
        record: "TMG1, 2025-09-10, 10:45:05, UDP, 10.1.4.17:61683, 192.0.2.53:53, 10.1.4.17, Internal, External, Initiate, 0x0, Allow DNS, DNS, 71, 0, 116, 0, 61000, 0, -, -, -, -, 2, 310, -, -, -",
        expected: Expected::Other(OtherKind::Traffic),
    },
    Example {
        shows: "a browser that brought a separator of its own",
        record: "10.1.4.17, SCHOOL\\mtaylor, Mozilla/5.0, Y, Y, 2025-09-10, 10:45:02, w3proxy, PROXY1, -, games.example, -, 80, 1, 489, 3248, http, TCP, GET, http://games.example/, -, -, 12202, 0x0, No games, -, Internal, External, 0x0, Denied",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "the tenth of September, or the ninth of October",
        record: "10.1.4.17,SCHOOL\\mtaylor,Mozilla/4.0,Y,9/10/2025,10:45:02,w3proxy,PROXY1,-,games.example,-,80,1,489,3248,http,TCP,GET,http://games.example/,-,-,12202,0x0,No games,-",
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "cut inside the address",
        record: "10.1.4.17, SCHOOL\\mtaylor, Mozilla/5.0, Y, 2025-09-10, 10:45:02, w3proxy, PROXY1, -, games.exam",
        expected: Expected::Reject(Reason::Columns),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_that_can_be_read_one_way_only() {
        let read = |text: &str| date(text.as_bytes()).map(|date| date.to_string());
        for (text, day) in [
            ("2025-09-10", "2025-09-10"),
            ("9/23/2025", "2025-09-23"),
            ("23/09/2025", "2025-09-23"),
            ("9/9/2025", "2025-09-09"),
        ] {
            assert_eq!(read(text).as_deref(), Some(day), "{text}");
        }
        for text in ["9/10/2025", "13/13/2025", "2/30/2025", "9/23/25", "/9/2025", "10.09.2025", "-"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
