//! WatchGuard Firebox, LEEF: the web proxies' rows, with the address in parts. Most releases write no
//! time, and the envelope's counts.
//!
//! A rule of the proxy that lets a request through has a row of its own beside the request's; only the
//! latter is read. Of HTTPS that is not opened no real line was seen; `sni` is an inference.

use std::borrow::Cow;

use super::event_header::{self, EventHeader};
use super::lex;
use super::pairs::{self, Value};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "message", "part 5 of the head: 1AFF... and 2CFF... are the web proxies, others are counted by kind"),
    field(2, "devTime", "time with offset; where it is missing, the envelope's"),
    field(3, "disp", "`Allow` or `Deny`"),
    field(4, "msg", "which rule"),
    field(5, "policy", "policy"),
    field(6, "src_user", "account"),
    field(7, "src", "client address"),
    field(8, "op", "HTTP method"),
    field(9, "dstname, arg", "host and path; of HTTPS that is not opened, `sni`"),
    field(10, "rcvd_bytes", "bytes received"),
    field(11, "elapsed_time", "seconds with the unit behind them"),
    field(12, "cats", "category words, commas between"),
    field(13, "content_type", "MIME type"),
];

pub(super) static FORMAT: Format = Format {
    id: "watchguard-leef",
    version: "1",
    title: "WatchGuard Firebox web proxy, LEEF",
    origin: "Fireware 12, syslog, format IBM LEEF",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const KEYS: [&[u8]; 14] = [
    b"devTime",
    b"disp",
    b"msg",
    b"policy",
    b"src_user",
    b"src",
    b"op",
    b"dstname",
    b"sni",
    b"arg",
    b"rcvd_bytes",
    b"elapsed_time",
    b"cats",
    b"content_type",
];

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let header = event_header::log(record).ok_or(Reject::at(Reason::Columns, 0))?;
    let encrypted = match header.event {
        event if event.starts_with(b"1AFF") => false,
        event if event.starts_with(b"2CFF") => true,
        event => return Ok(Parsed::Other(other(event))),
    };
    let [
        time,
        disposition,
        message,
        policy,
        user,
        client,
        method,
        host,
        server_name,
        path,
        received,
        elapsed,
        categories,
        mime,
    ] = pairs::values(header.pairs, header.log_grammar(), &KEYS).map_err(|fault| fault.reject(record))?;
    let host = host.or(server_name);
    let action = match disposition.bytes() {
        b"Allow" => Action::Allowed,
        b"Deny" => Action::Blocked,
        _ => Action::Unknown,
    };
    let is_rule = message.bytes().starts_with(b"Proxy");
    if is_rule && (action == Action::Allowed || !host.present()) {
        return Ok(Parsed::Other(OtherKind::Security));
    }
    if !host.present() {
        return Err(host.reject(Reason::Address, record));
    }
    let kind = if encrypted { RecordKind::Tunnel } else { RecordKind::Request };
    Ok(Parsed::Request(Fields {
        time: when(record, time)?,
        basis: TimeBasis::Unknown,
        duration_ms: milliseconds(elapsed.bytes()),
        user: user.text(),
        group: policy.text(),
        client_address: client.text(),
        method: method.text(),
        scheme: Some(Cow::Borrowed(if encrypted { b"https" } else { b"http" })),
        host: host.text(),
        path: path.text(),
        response_bytes: received.natural(),
        mime: mime.text(),
        categories: categories.text(),
        category_separators: b",",
        action,
        block_reason: (action == Action::Blocked).then(|| block_reason(message)),
        kind,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }))
}

/// `Sep 23 2022 09:51:24 +0200`.
fn when(record: &[u8], time: Value<'_>) -> Result<When, Reject> {
    if !time.present() {
        return Ok(When::Missing);
    }
    match lex::month_time(time.bytes()) {
        Ok(([], local)) => Ok(local),
        Ok(([b' ', zone @ ..], When::Local(local))) => match lex::zone_minutes(zone) {
            Some(minutes) => Ok(lex::at_offset(local, minutes)),
            None => Err(time.reject(Reason::Zone, record)),
        },
        _ => Err(time.reject(Reason::Time, record)),
    }
}

/// `0.001407 sec(s)`.
fn milliseconds(elapsed: &[u8]) -> Option<i64> {
    let (rest, seconds) = lex::whole(elapsed).ok()?;
    let fraction = rest.strip_prefix(b".").unwrap_or_default();
    let digit = |place: usize| fraction.get(place).filter(|byte| byte.is_ascii_digit());
    let thousandths = (0..3).fold(0, |sum, place| sum * 10 + digit(place).map_or(0, |byte| i64::from(byte - b'0')));
    seconds.natural().and_then(|seconds| seconds.checked_mul(1_000)?.checked_add(thousandths))
}

fn block_reason(message: Value<'_>) -> BlockReason {
    let says = |word: &str| memchr::memmem::find(message.bytes(), word.as_bytes()).is_some();
    if says("categor") {
        BlockReason::List
    } else if says("irus") || says("APT") {
        BlockReason::Virus
    } else if says("ontent type") || says("ontent Type") || says("file") {
        BlockReason::FileKind
    } else {
        BlockReason::Rule
    }
}

/// What a message of another part of the box is, by the beginning of its number.
fn other(event: &[u8]) -> OtherKind {
    match event {
        [b'3', b'0', b'0', b'0', ..] => OtherKind::Traffic,
        [b'1', b'D', b'F', b'F', ..] => OtherKind::Lookup,
        [_, _, b'F', b'F', ..] => OtherKind::Foreign,
        _ => OtherKind::System,
    }
}

fn is_firebox(header: &EventHeader<'_>) -> bool {
    header.vendor == b"WatchGuard"
}

fn sniff(line: &[u8]) -> Vote {
    match event_header::log(line) {
        Some(header) if is_firebox(&header) => Vote::Yes,
        _ if line.starts_with(b"LEEF:1.0|WatchGuard|") => Vote::Fragment,
        _ => Vote::No,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page without a time of its own",
        record: "LEEF:1.0|WatchGuard|XTM|12.8.2.B666661|1AFF0024|serial=0\tpolicy=HTTP-LAN-00\tdisp=Allow\tin_if=LAN\tout_if=WAN\tsrc=10.1.4.17\tsrcPort=52804\tdst=192.0.2.7\tdstPort=80\tsrc_user=mtaylor@school.example\tproto=tcp\tproxy_act=HTTP-Client\top=GET\tdstname=www.example.org\targ=/a?b=c d\tsent_bytes=604\trcvd_bytes=1200\telapsed_time=0.011407 sec(s)\tmsg=HTTP request",
        expected: Expected::Request {
            user: Some("mtaylor@school.example"),
            url: "http://www.example.org/a?b=c d",
            status: None,
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a block by category, with a time",
        record: "LEEF:1.0|WatchGuard|XTM|12.8.2.B666661|1AFF0021|serial=0\tdevTimeFormat=MMM dd yyyy HH:mm:ss Z\tdevTime=Nov 12 2025 09:15:31 +0000\tpolicy=HTTP-LAN-00\tdisp=Deny\tsrc=10.1.4.17\tcats=Gambling\top=GET\tdstname=bets.example\targ=/\taction=bets.example\tmsg=ProxyDeny: HTTP Request categories",
        expected: Expected::Request {
            user: None,
            url: "http://bets.example/",
            status: None,
            action: Action::Blocked,
            block_reason: Some(BlockReason::List),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "HTTPS that is not opened; a relay wrote the tabs as numbers, the head's first word is lost",
        record: "1.0|WatchGuard|XTM|12.10.1.B689694|2CFF0000|host_name=M2#011serial=0#011policy=HTTPS-00#011disp=Allow#011src=10.1.4.17#011proto=tcp#011sni=mail.example#011rcvd_bytes=10#011msg=HTTPS Request",
        expected: Expected::Request {
            user: None,
            url: "https://mail.example",
            status: None,
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a disposition that is not known",
        record: "LEEF:1.0|WatchGuard|XTM|12.8.2|1AFF0024|disp=Ask\tsrc=10.1.4.17\top=GET\tdstname=a.example\targ=/\tmsg=HTTP request",
        expected: Expected::Request {
            user: None,
            url: "http://a.example/",
            status: None,
            action: Action::Unknown,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a packet that was refused",
        record: "LEEF:1.0|WatchGuard|XTM|12.8.2.B666661|30000148|serial=0\tpolicy=Unhandled\tdisp=Deny\tsrc=192.0.2.9\tdst=10.1.4.1\tproto=tcp",
        expected: Expected::Other(OtherKind::Traffic),
    },
    Example {
        shows: "a name look-up",
        record: "LEEF:1.0|WatchGuard|XTM|12.8.2.B666661|1DFF000F|disp=Allow\tsrc=10.1.4.17\tquery_type=A\tquestion=a.example\tmsg=DNS request",
        expected: Expected::Other(OtherKind::Lookup),
    },
    Example {
        shows: "a rule that looked at a page",
        record: "LEEF:1.0|WatchGuard|XTM|12.8.2.B666661|1AFF0018|disp=Allow\tsrc=10.1.4.17\trule_name=All text types\tcontent_type=text/html\tmsg=ProxyAvScan: HTTP Content Type match",
        expected: Expected::Other(OtherKind::Security),
    },
    Example {
        shows: "somebody signed in",
        record: "LEEF:1.0|WatchGuard|XTM|12.10.3|3E000002|msg=SSL VPN user logged in",
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "the mail proxy",
        record: "LEEF:1.0|WatchGuard|XTM|12.10.3|1BFF0001|msg=SMTP request",
        expected: Expected::Other(OtherKind::Foreign),
    },
    Example {
        shows: "no host",
        record: "LEEF:1.0|WatchGuard|XTM|12.8.2|1AFF0024|disp=Allow\tsrc=10.1.4.17\top=GET\targ=/\tmsg=HTTP request",
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "a zone that several countries call so",
        record: "LEEF:1.0|WatchGuard|XTM|12.8.2|1AFF0024|devTime=Nov 12 2025 09:15:31 IST\tdisp=Allow\top=GET\tdstname=a.example\targ=/\tmsg=HTTP request",
        expected: Expected::Reject(Reason::Zone),
    },
    Example {
        shows: "a time of another shape",
        record: "LEEF:1.0|WatchGuard|XTM|12.8.2|1AFF0024|devTime=2025-11-12\tdisp=Allow\top=GET\tdstname=a.example\targ=/\tmsg=HTTP request",
        expected: Expected::Reject(Reason::Time),
    },
];
