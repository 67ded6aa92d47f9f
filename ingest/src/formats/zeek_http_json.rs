//! Zeek, `http.log` as JSON lines (`LogAscii::use_json`): the columns of [`zeek_http`](super::zeek_http)
//! as keys, absent where nothing is there. Keys from the documentation; no real line was seen.

use serde::Deserialize;

use super::json::{self, List, Scalar};
use super::zeek::{self, Http};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex};
use crate::fields::{Action, Parsed, RecordKind};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "ts", "start of the request: seconds since 1970, or ISO text in UTC, by setting"),
    field(2, "id.orig_h", "client address"),
    field(3, "id.resp_h, id.resp_p", "server: the host where none was named, and its port"),
    field(4, "method", "HTTP method; CONNECT is a tunnel"),
    field(5, "host", "host header"),
    field(6, "uri", "path, or the whole address of a request to a proxy"),
    field(7, "user_agent", "browser"),
    field(8, "response_body_len", "bytes sent to the client, without headers"),
    field(9, "status_code", "HTTP status; 407 is a challenge"),
    field(10, "username", "account that was typed"),
    field(11, "resp_mime_types", "MIME types, the first is kept"),
];

pub(super) static FORMAT: Format = Format {
    id: "zeek-http-json",
    version: "1",
    title: "Zeek http.log as JSON",
    origin: "Zeek, `http.log` with `LogAscii::use_json = T`",
    verified: Verified::Unconfirmed,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow, default)]
    ts: Scalar<'a>,
    #[serde(borrow, default, rename = "id.orig_h")]
    client: Scalar<'a>,
    #[serde(borrow, default, rename = "id.resp_h")]
    server: Scalar<'a>,
    #[serde(borrow, default, rename = "id.resp_p")]
    server_port: Scalar<'a>,
    #[serde(borrow, default)]
    method: Scalar<'a>,
    #[serde(borrow, default)]
    host: Scalar<'a>,
    #[serde(borrow, default)]
    uri: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    response_body_len: Scalar<'a>,
    #[serde(borrow, default)]
    status_code: Scalar<'a>,
    #[serde(borrow, default)]
    username: Scalar<'a>,
    #[serde(borrow, default)]
    resp_mime_types: List<'a>,
}

/// `trans_depth` is a column of this log alone.
fn sniff(line: &[u8]) -> Vote {
    if json::names(line, &[b"\"ts\"", b"\"id.orig_h\"", b"\"trans_depth\""]) {
        Vote::Yes
    } else if line.starts_with(b"{\"ts\":") && memchr::memmem::find(line, b"\"id.orig_h\"").is_some() && !line.ends_with(b"}") {
        Vote::Fragment
    } else {
        Vote::No
    }
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let row: Row<'_> = json::object(record)?;
    let written = row.ts.word().and_then(|text| lex::whole_of(text.as_bytes(), lex::iso_time));
    let time = written.or_else(|| row.ts.epoch()).ok_or_else(|| Reject::at(Reason::Time, 0))?;
    let mime = row.resp_mime_types.first().map(|text| std::borrow::Cow::Borrowed(text.as_bytes()));
    let http = Http {
        client: row.client.text(),
        server: row.server.text(),
        server_port: row.server_port.port(),
        method: row.method.text(),
        host: row.host.text(),
        uri: row.uri.text(),
        agent: row.user_agent.text(),
        bytes: row.response_body_len.whole().filter(|bytes| *bytes >= 0),
        status: row.status_code.status(),
        user: row.username.text(),
        mime,
    };
    zeek::request(time, http).ok_or_else(|| Reject::at(Reason::Address, record.len()))
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: r#"{"ts":1757497500.460144,"uid":"CoB34M","id.orig_h":"10.1.4.17","id.orig_p":10159,"id.resp_h":"192.0.2.7","id.resp_p":80,"trans_depth":1,"method":"GET","host":"www.example.org","uri":"/a?b=c","user_agent":"Mozilla/5.0 (X11)","request_body_len":0,"response_body_len":21372,"status_code":200,"status_msg":"OK","tags":[],"resp_mime_types":["text/html"]}"#,
        expected: Expected::Request {
            user: None,
            url: "www.example.org:80/a?b=c",
            status: Some(200),
            action: Action::Unknown,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "keys in another order, time as text, a tunnel that asks to sign in",
        record: r#"{"method":"CONNECT","uri":"mail.example:443","status_code":407,"trans_depth":1,"id.orig_h":"10.1.4.17","id.resp_h":"10.1.0.2","id.resp_p":3128,"ts":"2025-09-10T09:45:01.000000Z"}"#,
        expected: Expected::Request {
            user: None,
            url: "mail.example:443",
            status: Some(407),
            action: Action::Challenged,
            block_reason: None,
            kind: RecordKind::Authentication,
        },
    },
    Example {
        shows: "cut",
        record: r#"{"ts":1757497500.460144,"uid":"CoB34M","id.orig_h":"10.1.4.17","trans_depth":1,"meth"#,
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "no time",
        record: r#"{"ts":null,"id.orig_h":"10.1.4.17","id.resp_h":"192.0.2.7","trans_depth":1,"host":"a.example","uri":"/"}"#,
        expected: Expected::Reject(Reason::Time),
    },
];
