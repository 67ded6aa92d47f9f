//! The common and combined layouts of web servers, as forward proxies (Apache, nginx and others) and
//! reverse proxies write them.
//!
//! A forward proxy is asked for whole addresses, so its request line names the site. A web server is
//! asked for paths; which site they belong to stands in the record only where the layout begins with the
//! server (`vhost_combined` of Debian's Apache). A path without a site can be counted for nobody: among
//! the records of a forward proxy it is a request to the proxy itself (its own pages, a `wpad.dat`), and a
//! file of nothing else is refused by detection with a sentence that says so ([`names_no_host`]).
//!
//! The layout states no decision. A refusal (status 403) can be the proxy's or the site's, so its action
//! is unknown.
//!
//! Layouts: <https://httpd.apache.org/docs/2.4/logs.html>,
//! <https://nginx.org/en/docs/http/ngx_http_log_module.html>.

use super::access::{self, Line};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex, squid_combined};
use crate::fields::{Action, Fields, OtherKind, Parsed, RecordKind, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "server", "`vhost_combined` only: the site that was asked, with its port"),
    field(2, "client", "client address or host name"),
    field(3, "identity", "not kept"),
    field(4, "user", "account or `-`; backslash escapes are undone"),
    field(5, "time", "start of the request, with its offset from UTC, between brackets"),
    field(6, "request", "method, address and version between quotes, escapes undone; CONNECT is a tunnel"),
    field(7, "status", "HTTP status; 407 is a challenge, 403 may be anybody's refusal"),
    field(8, "size", "bytes sent to the client"),
    field(9, "referer", "combined only; not kept"),
    field(10, "user agent", "combined only; browser or `-`, escapes undone"),
];

pub(super) static FORMAT: Format = Format {
    id: "web-combined",
    version: "1",
    title: "Apache and nginx as a proxy, common and combined",
    origin: "forward proxies that write a web server's layout; reverse proxies with `vhost_combined`",
    verified: Verified::Source,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let line = access::line(record).map_err(|fault| fault.reject(record))?;
    let Some(time) = time(&line) else {
        return Err(Reject::at(Reason::Time, lex::offset(record, line.time)));
    };
    let Some((columns, count)) = access::columns::<2>(line.rest) else {
        return Err(Reject::at(Reason::Truncated, record.len()));
    };
    let Some(asked) = access::asked(line.request) else {
        return Ok(Parsed::Other(OtherKind::NoRequest));
    };
    let whole = access::names_a_host(&asked);
    if !whole && (line.server.is_none() || asked.url == b"*") {
        return Ok(Parsed::Other(OtherKind::Internal));
    }
    let status = lex::whole_of(line.status, lex::status);
    let size = lex::whole_column(line.size);
    let action = action(status);
    let known = count == 0 || (count == 2 && columns[0].quoted && columns[1].quoted);
    let notice = if size.is_some_and(|size| size.odd) {
        Some(Notice::OddNumber)
    } else if known {
        None
    } else {
        Some(Notice::ExtraColumns)
    };
    let is_address =
        std::str::from_utf8(line.client).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_ok());
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Start,
        user: lex::text(line.user).filter(|user| &**user != b"\"\"").map(|_| access::unescape(line.user)),
        client_address: lex::text(line.client).filter(|_| is_address),
        client_host: lex::text(line.client).filter(|_| !is_address),
        method: lex::text(asked.method),
        url: lex::text(asked.url).filter(|_| whole).map(|_| access::unescape(asked.url)),
        host: line.server.and_then(lex::text).filter(|_| !whole),
        path: lex::text(asked.url).filter(|_| !whole).map(|_| access::unescape(asked.url)),
        status,
        response_bytes: size.and_then(lex::Whole::natural),
        user_agent: lex::text(columns[1].text)
            .filter(|_| columns[1].quoted)
            .map(|_| access::unescape(columns[1].text)),
        action,
        kind: RecordKind::of(action, asked.method),
        unauthenticated: matches!(status, Some(401 | 407)),
        notice,
        ..Fields::default()
    }))
}

/// What the status tells of a decision that the layout has no column for.
const fn action(status: Option<u32>) -> Action {
    match status {
        Some(407) => Action::Challenged,
        Some(403) => Action::Unknown,
        None | Some(0 | 500..) => Action::Error,
        Some(_) => Action::Allowed,
    }
}

fn time(line: &Line<'_>) -> Option<When> {
    lex::whole_of(line.time, lex::server_time)
}

/// Whether a line is a web server's, of which only the path is known.
pub(super) fn names_no_host(record: &[u8]) -> bool {
    match access::line(record) {
        Ok(line) => {
            let paths = access::asked(line.request).is_none_or(|asked| !access::names_a_host(&asked));
            line.server.is_none() && paths && time(&line).is_some() && !squid_combined::has_result(&line)
        }
        Err(_) => false,
    }
}

fn sniff(record: &[u8]) -> Vote {
    match access::line(record) {
        Ok(line) if time(&line).is_some() && !squid_combined::has_result(&line) => {
            if names_no_host(record) {
                Vote::Abstain
            } else {
                Vote::Yes
            }
        }
        _ => Vote::No,
    }
}

const fn request(url: &'static str, status: u32, action: Action, kind: RecordKind) -> Expected {
    Expected::Request { user: None, url, status: Some(status), action, block_reason: None, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page through a forward proxy",
        record: r#"10.1.4.17 - mtaylor [10/Sep/2025:10:45:00 +0100] "GET http://www.example.org/a HTTP/1.1" 200 10182 "http://www.example.org/" "Mozilla/5.0 (X11)""#,
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "http://www.example.org/a",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "common: no size, an escaped name",
        record: r#"10.1.4.17 - zo\xc3\xab.lund [10/Sep/2025:10:45:00 +0100] "GET http://a.example/ HTTP/1.1" 304 -"#,
        expected: Expected::Request {
            user: Some("zoë.lund"),
            url: "http://a.example/",
            status: Some(304),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a refusal: whose, the layout does not say",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:01 +0100] "GET http://games.example/ HTTP/1.1" 403 199 "-" "an \"odd\" browser""#,
        expected: request("http://games.example/", 403, Action::Unknown, RecordKind::Request),
    },
    Example {
        shows: "a tunnel",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:01 +0100] "CONNECT mail.example:443 HTTP/1.1" 200 - "-" "-""#,
        expected: request("mail.example:443", 200, Action::Allowed, RecordKind::Tunnel),
    },
    Example {
        shows: "a sign-in challenge",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:01 +0100] "GET http://a.example/ HTTP/1.1" 407 415 "-" "curl""#,
        expected: request("http://a.example/", 407, Action::Challenged, RecordKind::Authentication),
    },
    Example {
        shows: "a server out of reach, a column added",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:01 +0100] "GET http://a.example/ HTTP/1.1" 502 415 "-" "curl" 0.012"#,
        expected: request("http://a.example/", 502, Action::Error, RecordKind::Request),
    },
    Example {
        shows: "a reverse proxy that names its server",
        record: r#"vle.school.example:443 10.1.4.17 - - [10/Sep/2025:10:45:01 +0100] "GET /course?id=7 HTTP/1.1" 200 415 "-" "curl""#,
        expected: request("vle.school.example:443/course?id=7", 200, Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "a request to the proxy itself",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:01 +0100] "GET /wpad.dat HTTP/1.1" 200 415 "-" "curl""#,
        expected: Expected::Other(OtherKind::Internal),
    },
    Example {
        shows: "the client left before it asked",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:01 +0100] "-" 408 0 "-" "-""#,
        expected: Expected::Other(OtherKind::NoRequest),
    },
    Example {
        shows: "a secure greeting at an open port",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:01 +0100] "\x16\x03\x01" 400 0 "-" "-""#,
        expected: Expected::Other(OtherKind::NoRequest),
    },
    Example {
        shows: "cut inside the browser's name",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:01 +0100] "GET http://a.example/ HTTP/1.1" 200 415 "-" "Mozilla/5.0 (X1"#,
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "no offset",
        record: r#"10.1.4.17 - - [10/Sep/2025:10:45:01] "GET http://a.example/ HTTP/1.1" 200 415"#,
        expected: Expected::Reject(Reason::Time),
    },
];
