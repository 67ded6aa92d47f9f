//! Skyhigh Security Service Edge, the cloud gateway: key=value without quotes and with blanks in the
//! values, so only known keys end one. Times are UTC.

use std::borrow::Cow;

use super::lex;
use super::pairs::{self, Grammar, Value};
use super::web_gateway::{self, Row};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field};
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, When};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "request_timestamp_epoch", "seconds since 1970, UTC"),
    field(2, "request_timestamp", "the same as date and time, where the other is missing"),
    field(3, "username", "account"),
    field(4, "client_ip, source_ip", "client address, else the address the cloud saw"),
    field(5, "client_system_name", "client host"),
    field(6, "http_action", "HTTP method; CONNECT and CERTVERIFY are tunnels"),
    field(7, "uri_scheme, requested_host, destination_port, requested_path", "address in parts"),
    field(8, "result", "`OBSERVED`, `DENIED`"),
    field(9, "block_reason, virus", "which rule; one that asks to sign in is a challenge"),
    field(10, "http_status_code", "HTTP status"),
    field(11, "server_to_client_bytes", "bytes sent to the client"),
    field(12, "media_type", "MIME type"),
    field(13, "category", "category words, commas between"),
    field(14, "user_agent_comment", "browser"),
];

pub(super) static FORMAT: Format = Format {
    id: "skyhigh-cloud",
    version: "1",
    title: "Skyhigh Security Service Edge",
    origin: "Skyhigh SSE / McAfee Web Gateway Cloud Service, log download turned into key=value by a collector",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const GRAMMAR: Grammar<'static> = Grammar {
    separator: b" ",
    quotes: false,
    escapes: b"\\",
    is_key: |word| KEYS.contains(&word) || OTHER_KEYS.contains(&word),
};

const KEYS: [&[u8]; 19] = [
    b"request_timestamp_epoch",
    b"request_timestamp",
    b"username",
    b"client_ip",
    b"source_ip",
    b"client_system_name",
    b"http_action",
    b"uri_scheme",
    b"requested_host",
    b"destination_port",
    b"requested_path",
    b"result",
    b"block_reason",
    b"virus",
    b"http_status_code",
    b"server_to_client_bytes",
    b"media_type",
    b"category",
    b"user_agent_comment",
];

const OTHER_KEYS: &[&[u8]] = &[
    b"application_type",
    b"av_scanned_down",
    b"av_scanned_up",
    b"client_to_server_bytes",
    b"destination_ip",
    b"dlp",
    b"filename",
    b"last_rule",
    b"location",
    b"pop_country_code",
    b"pop_egress_ip",
    b"pop_ingress_ip",
    b"process_name",
    b"proxy_port",
    b"rbi",
    b"referer",
    b"reputation",
    b"ssl_scanned",
    b"user_agent_product",
    b"user_agent_version",
    b"user_id",
];

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let [
        epoch,
        time,
        user,
        client,
        client_outside,
        client_host,
        method,
        scheme,
        host,
        port,
        path,
        verdict,
        words,
        virus,
        status,
        size,
        mime,
        categories,
        agent,
    ] = pairs::values(record, GRAMMAR, &KEYS).map_err(|fault| fault.reject(record))?;
    let time = lex::instant(epoch.bytes())
        .or_else(|| match lex::whole_of(time.bytes(), lex::local_time('-')) {
            Some(When::Local(local)) => Some(lex::at_offset(local, 0)),
            other => other,
        })
        .ok_or_else(|| epoch.or(time).reject(Reason::Time, record))?;
    if !host.present() {
        return Err(host.reject(Reason::Address, record));
    }
    let code = match status.present() {
        true => Some(status.status().ok_or_else(|| status.reject(Reason::Status, record))?),
        false => None,
    };
    let page = match verdict.bytes() {
        b"OBSERVED" => Some(0),
        b"DENIED" => Some(1),
        b"" => return Err(verdict.reject(Reason::Result, record)),
        _ => None,
    };
    let fields = web_gateway::fields(Row {
        time,
        status: code,
        page,
        words: words.bytes(),
        virus,
        user,
        client: client.or(client_outside),
        method,
        url: Value::default(),
        host,
        size: size.natural(),
        mime,
        agent,
        categories,
    });
    // A look at the certificate, before the requests that follow.
    let look = method.bytes() == b"CERTVERIFY" && fields.kind == RecordKind::Request;
    Ok(Parsed::Request(Fields {
        client_host: client_host.text(),
        scheme: scheme.text(),
        port: port.port(),
        path: path.present().then(|| Cow::Borrowed(path.bytes())),
        kind: if look { RecordKind::Tunnel } else { fields.kind },
        ..fields
    }))
}

fn sniff(line: &[u8]) -> Vote {
    if !pairs::begins(line) {
        return Vote::No;
    }
    let has = |key: &[u8]| pairs::has(line, key);
    match (has(b"http_action=") && has(b"requested_host="), has(b"result=")) {
        (true, true) => Vote::Yes,
        (true, false) => Vote::Fragment,
        _ => Vote::No,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page whose path holds a pair",
        record: "user_id=-1 username=mtaylor source_ip=192.0.2.50 http_action=GET server_to_client_bytes=6877 client_to_server_bytes=90 requested_host=www.example.org requested_path=/a?name=test&b=c result=OBSERVED virus= request_timestamp_epoch=1762938930 request_timestamp=2025-11-12 09:15:30 uri_scheme=https category=Content Server, Education/Reference media_type=text/plain application_type= reputation=Minimal Risk last_rule=Allow http_status_code=200 client_ip=10.1.4.17 location= block_reason= user_agent_product=Edge user_agent_version=137 user_agent_comment=Mozilla/5.0 (X11; a=b) process_name=msedge.exe destination_ip=192.0.2.7 destination_port=443 referer= ssl_scanned=t client_system_name=pc17 filename=",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "https://www.example.org:443/a?name=test&b=c",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a look at a certificate, no user",
        record: "user_id=-1 username= source_ip=192.0.2.50 http_action=CERTVERIFY server_to_client_bytes=0 requested_host=mail.example requested_path=/ result=OBSERVED virus= request_timestamp=2025-11-12 09:15:31 uri_scheme=https category=Business media_type= http_status_code=200 block_reason=",
        expected: Expected::Request {
            user: None,
            url: "https://mail.example/",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a refused sign-in of the machine is no block, the first key cut, a doubled backslash",
        record: r"id=-1 username=autorité nt\\service réseau source_ip=192.0.2.50 http_action=GET requested_host=updates.example requested_path=/x.cab result=DENIED virus= request_timestamp_epoch=1762938932 uri_scheme=http category=Software/Hardware last_rule=Block if authentication failed http_status_code=403 client_ip=10.1.4.17 block_reason=Authentication Required destination_port=80",
        expected: Expected::Request {
            user: Some(r"autorité nt\service réseau"),
            url: "http://updates.example:80/x.cab",
            status: Some(403),
            action: Action::Challenged,
            block_reason: None,
            kind: RecordKind::Authentication,
        },
    },
    Example {
        shows: "a virus",
        record: "user_id=7 username=mtaylor source_ip=192.0.2.50 http_action=GET requested_host=a.example requested_path=/b.exe result=DENIED virus=Test-File request_timestamp_epoch=1762938933 uri_scheme=http category=Business http_status_code=403 block_reason=Blocked",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "http://a.example/b.exe",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::Virus),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a result that is not known",
        record: "user_id=7 username=mtaylor http_action=GET requested_host=a.example requested_path=/ result=COACHED request_timestamp_epoch=1762938934 uri_scheme=http http_status_code=200",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "http://a.example/",
            status: Some(200),
            action: Action::Unknown,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "no time",
        record: "user_id=7 username=mtaylor http_action=GET requested_host=a.example result=OBSERVED request_timestamp_epoch=",
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "no host",
        record: "user_id=7 http_action=GET requested_host= result=OBSERVED request_timestamp_epoch=1762938934",
        expected: Expected::Reject(Reason::Address),
    },
    Example {
        shows: "no result",
        record: "user_id=7 http_action=GET requested_host=a.example result= request_timestamp_epoch=1762938934",
        expected: Expected::Reject(Reason::Result),
    },
    Example {
        shows: "status is a word",
        record: "user_id=7 http_action=GET requested_host=a.example result=OBSERVED request_timestamp_epoch=1762938934 http_status_code=OK",
        expected: Expected::Reject(Reason::Status),
    },
];
