//! Zeek, `http.log` between tabs: `#separator`, `#path http` and `#fields` describe the file.

use super::zeek::{self, Http};
use super::{Directives, Example, Expected, Field, Format, Reading, Verified, field, lex};
use crate::fields::{Action, OtherKind, Parsed, RecordKind, When};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "ts", "start of the request: seconds since 1970 with microseconds, UTC"),
    field(2, "id.orig_h", "client address"),
    field(3, "id.resp_h, id.resp_p", "server: the host where none was named, and its port"),
    field(4, "method", "HTTP method; CONNECT is a tunnel"),
    field(5, "host", "host header"),
    field(6, "uri", "path, or the whole address of a request to a proxy"),
    field(7, "user_agent", "browser"),
    field(8, "response_body_len", "bytes sent to the client, without headers"),
    field(9, "status_code", "HTTP status; 407 is a challenge"),
    field(10, "username", "account that was typed; seen in plain HTTP only"),
    field(11, "resp_mime_types", "MIME type; the first of several"),
];

pub(super) static FORMAT: Format = Format {
    id: "zeek-http",
    version: "1",
    title: "Zeek http.log",
    origin: "Zeek and Bro, `http.log` in the standard form between tabs",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Directed { parse },
    examples: EXAMPLES,
};

/// `#path http`.
const HTTP: u8 = 1;

const TIME: u8 = 1;
const CLIENT: u8 = 2;
const SERVER: u8 = 3;
const SERVER_PORT: u8 = 4;
const METHOD: u8 = 5;
const HOST: u8 = 6;
const URI: u8 = 7;
const AGENT: u8 = 8;
const BYTES: u8 = 9;
const STATUS: u8 = 10;
const USER: u8 = 11;
const MIME: u8 = 12;

fn code(name: &[u8]) -> u8 {
    match name {
        b"ts" => TIME,
        b"id.orig_h" => CLIENT,
        b"id.resp_h" => SERVER,
        b"id.resp_p" => SERVER_PORT,
        b"method" => METHOD,
        b"host" => HOST,
        b"uri" => URI,
        b"user_agent" => AGENT,
        b"response_body_len" => BYTES,
        b"status_code" => STATUS,
        b"username" => USER,
        // Bro before 2.0 had one type.
        b"resp_mime_types" | b"mime_type" => MIME,
        _ => super::directives::NOT_KEPT,
    }
}

fn describe(directive: &[u8], directives: &mut Directives) {
    let end = directive.iter().position(|byte| b"\t ".contains(byte)).unwrap_or(directive.len());
    let (name, value) = (&directive[..end], directive.get(end + 1..).unwrap_or_default());
    let separator = directives.separator.unwrap_or(b'\t');
    match name {
        b"separator" => {
            let byte = value.strip_prefix(b"\\x").and_then(|digits| std::str::from_utf8(digits).ok());
            directives.separator = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        }
        b"path" => directives.product = if value == b"http" { HTTP } else { 0 },
        b"fields" => {
            directives.name(value.split(|byte| *byte == separator), code, &[TIME, CLIENT, HOST, URI]);
            directives.recognised &= directives.product == HTTP;
        }
        _ => {}
    }
}

fn parse<'a>(record: &'a [u8], directives: &mut Directives) -> Result<Parsed<'a>, Reject> {
    if let Some(directive) = record.strip_prefix(b"#") {
        describe(directive, directives);
        return Ok(Parsed::Directive);
    }
    if !directives.recognised {
        return Err(Reject::at(Reason::Columns, 0));
    }
    let separator = directives.separator.unwrap_or(b'\t');
    let mut http = Http::default();
    let mut time = None;
    let mut codes = directives.columns.iter();
    for column in record.split(|byte| *byte == separator) {
        let at = |reason: Reason| Reject::at(reason, lex::offset(record, column));
        let Some(code) = codes.next() else { return Err(at(Reason::Columns)) };
        let whole = |reason: Reason| match column {
            b"-" => Ok(None),
            _ => lex::whole_column(column).map(Some).ok_or_else(|| at(reason)),
        };
        match *code {
            TIME => time = Some(lex::whole_of(column, lex::epoch).ok_or_else(|| at(Reason::Time))?),
            CLIENT => http.client = zeek::text(column),
            SERVER => http.server = zeek::text(column),
            SERVER_PORT => {
                http.server_port = whole(Reason::Number)?.and_then(|port| u16::try_from(port.value).ok());
            }
            METHOD => http.method = zeek::text(column),
            HOST => http.host = zeek::text(column),
            URI => http.uri = zeek::text(column),
            AGENT => http.agent = zeek::text(column),
            BYTES => http.bytes = whole(Reason::Number)?.and_then(lex::Whole::natural),
            STATUS => {
                let status = whole(Reason::Status)?.and_then(lex::Whole::natural);
                http.status = status.and_then(|status| u32::try_from(status).ok());
            }
            USER => http.user = zeek::text(column),
            MIME => {
                let end = memchr::memchr(b',', column).unwrap_or(column.len());
                http.mime = zeek::text(&column[..end]);
            }
            _ => {}
        }
    }
    // Zeek writes every column of every row: a shorter one was cut.
    if codes.next().is_some() {
        return Err(Reject::at(Reason::Columns, record.len()));
    }
    let time: When = time.ok_or_else(|| Reject::at(Reason::Time, 0))?;
    zeek::request(time, http).ok_or_else(|| Reject::at(Reason::Address, record.len()))
}

const fn request(
    user: Option<&'static str>,
    url: &'static str,
    status: Option<u32>,
    action: Action,
    kind: RecordKind,
) -> Expected {
    Expected::Request { user, url, status, action, block_reason: None, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\thttp\n#open\t2025-09-10-09-42-06\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttrans_depth\tmethod\thost\turi\treferrer\tuser_agent\trequest_body_len\tresponse_body_len\tstatus_code\tusername\tresp_mime_types\n#types\ttime\tstring\taddr\tport\taddr\tport\tcount\tstring\tstring\tstring\tstring\tstring\tcount\tcount\tcount\tstring\tvector[string]\n1757497500.460144\tCoB34M\t10.1.4.17\t10159\t192.0.2.7\t80\t1\tGET\twww.example.org\t/a?b=c\t-\tMozilla/5.0 (X11)\t0\t21372\t200\t-\ttext/html",
        expected: request(None, "www.example.org:80/a?b=c", Some(200), Action::Unknown, RecordKind::Request),
    },
    Example {
        shows: "no answer, no host header, an empty set",
        record: "#separator \\x09\n#path\thttp\n#fields\tts\tid.orig_h\tid.resp_h\tid.resp_p\tmethod\thost\turi\tuser_agent\tresponse_body_len\tstatus_code\tusername\ttags\n1757497501.800222\t10.1.4.17\t192.0.2.7\t80\tGET\t-\t/\t-\t0\t-\t-\t(empty)",
        expected: request(None, "192.0.2.7:80/", None, Action::Unknown, RecordKind::Request),
    },
    Example {
        shows: "a request to a proxy on the wire",
        record: "#separator \\x09\n#path\thttp\n#fields\tts\tid.orig_h\tid.resp_h\tid.resp_p\tmethod\thost\turi\tstatus_code\tusername\n1757497502.800222\t10.1.4.17\t10.1.0.2\t3128\tGET\twww.example.org\thttp://www.example.org/a\t200\tmtaylor",
        expected: request(
            Some("mtaylor"),
            "http://www.example.org/a",
            Some(200),
            Action::Unknown,
            RecordKind::Request,
        ),
    },
    Example {
        shows: "a tunnel through a proxy, refused until somebody signs in",
        record: "#separator \\x09\n#path\thttp\n#fields\tts\tid.orig_h\tid.resp_h\tid.resp_p\tmethod\thost\turi\tstatus_code\tusername\n1757497503.800222\t10.1.4.17\t10.1.0.2\t3128\tCONNECT\tmail.example:443\tmail.example:443\t407\t-",
        expected: request(
            None,
            "mail.example:443",
            Some(407),
            Action::Challenged,
            RecordKind::Authentication,
        ),
    },
    Example {
        shows: "an answer whose question was not heard",
        record: "#separator \\x09\n#path\thttp\n#fields\tts\tid.orig_h\tid.resp_h\tid.resp_p\tmethod\thost\turi\tresponse_body_len\tstatus_code\n1757497503.900222\t10.1.4.17\t192.0.2.7\t80\t-\t-\t-\t115\t200",
        expected: Expected::Other(OtherKind::NoRequest),
    },
    Example {
        shows: "a row that was cut",
        record: "#separator \\x09\n#path\thttp\n#fields\tts\tid.orig_h\tid.resp_h\tmethod\thost\turi\tstatus_code\n1757497504.800222\t10.1.4.17\t192.0.2.7\tGET",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "time is no number",
        record: "#separator \\x09\n#path\thttp\n#fields\tts\tid.orig_h\tid.resp_h\tmethod\thost\turi\tstatus_code\n-\t10.1.4.17\t192.0.2.7\tGET\ta.example\t/\t200",
        expected: Expected::Reject(Reason::Time),
    },
    Example {
        shows: "rows of another log",
        record: "#separator \\x09\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tquery\n1757497504.800222\tCoB\t10.1.4.17\ta.example",
        expected: Expected::Reject(Reason::Columns),
    },
];
