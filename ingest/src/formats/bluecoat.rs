//! Blue Coat ProxySG, Symantec and Broadcom Edge SWG: access logs of the W3C extended kind, formats
//! `main`, `bcreportermain_v1` and what administrators make of them.
//!
//! Columns and the words of `sc-filter-result` are from the vendor's reference (SGOS, access log
//! formats) and from real lines of `main`; that exceptions named `authentication_...` are sign-in
//! challenges, and which ones are failures of the network, is read from their names.

use super::w3c::{self, Line, Product};
use super::{Directives, Example, Expected, Field, Format, Reading, Verified, field, lex};
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "date, time", "end of the request, UTC unless `#GMT-Offset` says otherwise"),
    field(2, "time-taken", "milliseconds; the start is time minus time-taken"),
    field(3, "c-ip", "client address"),
    field(4, "cs-username, cs-userdn", "account or `-`"),
    field(5, "cs-auth-group", "group of the account; `%20` and its like are undone"),
    field(6, "x-exception-id", "the page shown instead: a block, a challenge or a failure"),
    field(7, "sc-filter-result", "DENIED is a block unless a sign-in was asked for; OBSERVED and PROXIED are not"),
    field(8, "cs-categories, sc-filter-category", "category words, `;` between"),
    field(9, "sc-status", "HTTP status; 407 is a challenge"),
    field(10, "s-action", "what the cache did: the decision where column 7 is missing"),
    field(11, "cs-method", "HTTP method; CONNECT and `unknown` over ssl or tcp are tunnels"),
    field(12, "rs(Content-Type)", "MIME type or `-`"),
    field(13, "cs-uri-scheme, cs-host, cs-uri-port, cs-uri-path, cs-uri-query", "address in parts"),
    field(14, "cs(User-Agent)", "browser or `-`"),
    field(15, "sc-bytes", "bytes sent to the client"),
];

pub(super) static FORMAT: Format = Format {
    id: "bluecoat-w3c",
    version: "1",
    title: "Blue Coat ProxySG and Edge SWG",
    origin: "ProxySG, ASG, Edge SWG: access log formats `main` and `bcreportermain_v1`, also with columns changed",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Directed { parse },
    examples: EXAMPLES,
};

/// `#Software` names the product.
const SGOS: u8 = 1;

static PRODUCT: Product = Product {
    own: &[
        ("cs-userdn", w3c::USER),
        ("cs-auth-group", w3c::GROUP),
        ("cs-auth-groups", w3c::GROUP),
        ("x-exception-id", w3c::EXCEPTION),
        ("sc-filter-result", w3c::VERDICT),
        ("cs-categories", w3c::CATEGORIES),
        ("cs-category", w3c::CATEGORIES),
        ("sc-filter-category", w3c::CATEGORIES),
        ("s-action", w3c::CACHE),
        ("rs(Content-Type)", w3c::MIME),
        ("gmttime", super::directives::NOT_KEPT),
    ],
    claims,
    software: |value| if value.starts_with(b"SGOS") { SGOS } else { 0 },
    quotes: |_| true,
};

/// `sc-filter-result` is nobody else's; without it, the program's own name and what its cache did.
fn claims(named: &Directives) -> bool {
    let address = named.has(w3c::HOST) && (named.has(w3c::TIME) || named.has(w3c::TIME_LOCAL));
    address && (named.has(w3c::VERDICT) || (named.product == SGOS && named.has(w3c::CACHE)))
}

fn parse<'a>(record: &'a [u8], directives: &mut Directives) -> Result<Parsed<'a>, Reject> {
    let row = match w3c::line(record, directives, &PRODUCT)? {
        Line::Directive => return Ok(Parsed::Directive),
        Line::Row(row) => row,
    };
    let time = row.time(directives)?;
    let taken = row.whole(w3c::TAKEN, Reason::Number)?;
    let status = row.whole(w3c::STATUS, Reason::Status)?.and_then(lex::Whole::natural);
    let status = status.and_then(|status| u32::try_from(status).ok());
    let bytes = row.whole(w3c::BYTES, Reason::Number)?;
    let host = row.text(w3c::HOST).ok_or_else(|| row.lacks(Reason::Address))?;
    let method = row.text(w3c::METHOD);
    let scheme = row.text(w3c::SCHEME);
    let (exception, cache) = (row.text(w3c::EXCEPTION), row.text(w3c::CACHE));
    let result = row.raw(w3c::VERDICT).or_else(|| row.raw(w3c::CACHE));
    let result = result.ok_or_else(|| row.lacks(Reason::Result))?;
    let verdict = verdict(&result, exception.as_deref(), status);
    let tunnelled = is_tunnel(method.as_deref(), scheme.as_deref(), cache.as_deref());
    let kind = if verdict.0 == Action::Challenged {
        RecordKind::Authentication
    } else if tunnelled {
        RecordKind::Tunnel
    } else {
        RecordKind::Request
    };
    let odd = [taken, bytes].into_iter().flatten().any(|number| number.odd);
    let notice = if verdict.0 == Action::Unknown {
        Some(Notice::UnknownAction)
    } else if row.extra {
        Some(Notice::ExtraColumns)
    } else {
        odd.then_some(Notice::OddNumber)
    };
    let port = row.text(w3c::PORT);
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::End,
        duration_ms: taken.and_then(lex::Whole::natural),
        user: row.decoded(w3c::USER),
        group: row.decoded(w3c::GROUP),
        client_address: row.text(w3c::CLIENT),
        client_host: row.text(w3c::CLIENT_HOST),
        method,
        scheme,
        host: Some(host),
        port: port.and_then(|port| lex::whole_column(&port)).and_then(|port| u16::try_from(port.value).ok()),
        path: row.text(w3c::PATH),
        query: row.text(w3c::QUERY).map(lex::without_mark),
        status,
        response_bytes: bytes.and_then(lex::Whole::natural),
        mime: row.decoded(w3c::MIME),
        user_agent: row.text(w3c::AGENT),
        categories: row.decoded(w3c::CATEGORIES),
        category_separators: b";",
        action: verdict.0,
        block_reason: verdict.1,
        kind,
        unauthenticated: verdict.0 == Action::Challenged,
        notice,
        ..Fields::default()
    }))
}

fn is_tunnel(method: Option<&[u8]>, scheme: Option<&[u8]>, cache: Option<&[u8]>) -> bool {
    let shut = matches!(scheme, Some(b"ssl" | b"tcp")) && matches!(method, None | Some(b"unknown"));
    method == Some(b"CONNECT") || shut || cache == Some(b"TUNNELED")
}

/// What was decided. A challenge is one whatever the verdict says; without the page that was shown,
/// the verdict alone counts.
fn verdict(result: &[u8], exception: Option<&[u8]>, status: Option<u32>) -> (Action, Option<BlockReason>) {
    let page = exception.unwrap_or_default();
    if status == Some(407) || (status == Some(401) && page.starts_with(b"auth")) || is_challenge(page) {
        return (Action::Challenged, None);
    }
    if page == b"notify" || memchr::memmem::find(page, b"coach").is_some() {
        return (Action::Warned, None);
    }
    let refused = page == b"virus_detected" || page == b"policy_denied" || page == b"content_filter_denied";
    // `TCP_DENIED`, `DENIED` and their like where only the cache's word is there.
    if refused || result.ends_with(b"DENIED") || result == b"BLOCKED" {
        let reason = match page {
            b"virus_detected" => BlockReason::Virus,
            b"content_filter_denied" => BlockReason::List,
            _ if page.starts_with(b"ssl_") => BlockReason::Certificate,
            _ => BlockReason::Rule,
        };
        return (Action::Blocked, Some(reason));
    }
    let failed: &[&[u8]] =
        &[b"dns_", b"tcp_", b"gateway_", b"server_", b"ssl_", b"icap_", b"invalid_", b"internal_", b"unsupported_"];
    if failed.iter().any(|name| page.starts_with(name)) {
        return (Action::Error, None);
    }
    match result {
        b"OBSERVED" | b"PROXIED" | b"-" | b"ALLOWED" => (Action::Allowed, None),
        _ if result.starts_with(b"TCP_ERR") || result == b"FAILED" => (Action::Error, None),
        _ if result.starts_with(b"TCP_") || result == b"TUNNELED" || result == b"ALLOWED" => (Action::Allowed, None),
        _ => (Action::Unknown, None),
    }
}

fn is_challenge(page: &[u8]) -> bool {
    page.starts_with(b"authentication_")
}

const fn request(
    user: Option<&'static str>,
    url: &'static str,
    status: u32,
    action: Action,
    block_reason: Option<BlockReason>,
    kind: RecordKind,
) -> Expected {
    Expected::Request { user, url, status: Some(status), action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "`main`: a page, its query with the question mark",
        record: "#Software: SGOS 3.2.4.28\n#Version: 1.0\n#Date: 2025-09-03 20:57:09\n#Fields: date time time-taken c-ip sc-status s-action sc-bytes cs-bytes cs-method cs-uri-scheme cs-host cs-uri-path cs-uri-query cs-username s-hierarchy s-supplier-name rs(Content-Type) cs(User-Agent) sc-filter-result sc-filter-category x-virus-id s-ip s-sitename x-virus-details x-icap-error-code x-icap-error-details\n2025-09-10 09:45:00 42 10.1.4.17 200 TCP_NC_MISS 926 1104 GET http search.example /find ?q=rivers mtaylor DIRECT 192.0.2.7 text/html \"Mozilla/5.0 (Windows NT 10.0; Win64)\" PROXIED none - 10.1.0.2 SG-HTTP-Service - none -",
        expected: request(
            Some("mtaylor"),
            "http://search.example/find?q=rivers",
            200,
            Action::Allowed,
            None,
            RecordKind::Request,
        ),
    },
    Example {
        shows: "`bcreportermain_v1`: a block by category",
        record: "#Software: SGOS 7.3.1.1\n#Fields: date time time-taken c-ip cs-username cs-auth-group x-exception-id sc-filter-result cs-categories cs(Referer) sc-status s-action cs-method rs(Content-Type) cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query cs-uri-extension cs(User-Agent) s-ip sc-bytes cs-bytes x-virus-id\n2025-09-10 09:45:01 3 10.1.4.17 mtaylor SCHOOL\\Year9 content_filter_denied DENIED \"Gambling;Games\" - 403 TCP_DENIED GET - http bets.example 80 / - - \"Mozilla/5.0 (X11)\" 10.1.0.2 1612 410 -",
        expected: request(
            Some("mtaylor"),
            "http://bets.example:80/",
            403,
            Action::Blocked,
            Some(BlockReason::List),
            RecordKind::Request,
        ),
    },
    Example {
        shows: "a sign-in challenge is denied and no block",
        record: "#Fields: date time c-ip cs-username x-exception-id sc-filter-result sc-status cs-method cs-uri-scheme cs-host cs-uri-path\n2025-09-10 09:45:02 10.1.4.17 - authentication_failed DENIED 407 GET http news.example /",
        expected: request(
            None,
            "http://news.example/",
            407,
            Action::Challenged,
            None,
            RecordKind::Authentication,
        ),
    },
    Example {
        shows: "a coaching page",
        record: "#Fields: date time c-ip cs-username x-exception-id sc-filter-result sc-status cs-method cs-uri-scheme cs-host cs-uri-path\n2025-09-10 09:45:02 10.1.4.17 mtaylor user-defined.coach_games DENIED 403 GET http games.example /",
        expected: request(
            Some("mtaylor"),
            "http://games.example/",
            403,
            Action::Warned,
            None,
            RecordKind::Request,
        ),
    },
    Example {
        shows: "a tunnel without a method, agent in single quotes",
        record: "#Fields: date time c-ip cs-username x-exception-id sc-filter-result sc-status cs-method cs-uri-scheme cs-host cs-uri-port cs(User-Agent)\n2025-09-10 09:45:03 10.1.4.17 mtaylor - OBSERVED 0 unknown ssl mail.example 443 'Agent of two words'",
        expected: request(
            Some("mtaylor"),
            "ssl://mail.example:443",
            0,
            Action::Allowed,
            None,
            RecordKind::Tunnel,
        ),
    },
    Example {
        shows: "the server could not be found",
        record: "#Fields: date time c-ip cs-username x-exception-id sc-filter-result sc-status cs-method cs-uri-scheme cs-host cs-uri-path\n2025-09-10 09:45:04 10.1.4.17 mtaylor dns_unresolved_hostname OBSERVED 503 GET http lost.example /",
        expected: request(
            Some("mtaylor"),
            "http://lost.example/",
            503,
            Action::Error,
            None,
            RecordKind::Request,
        ),
    },
    Example {
        shows: "columns change in mid-file, a row is wider than its columns",
        record: "#Fields: date time c-ip sc-filter-result sc-status cs-host\n#Fields: time date cs-host sc-filter-result sc-status cs-username\n09:45:05 2025-09-10 a.example OBSERVED 200 jhall surplus",
        expected: request(Some("jhall"), "a.example", 200, Action::Allowed, None, RecordKind::Request),
    },
    Example {
        shows: "only a time of day: the day is that of the directive",
        record: "#Date: 2025-09-10 09:00:00\n#Fields: time c-ip cs-username sc-filter-result sc-status cs-method cs-host cs-uri-path\n09:45:05 10.1.4.17 jhall OBSERVED 200 GET a.example /",
        expected: request(Some("jhall"), "a.example/", 200, Action::Allowed, None, RecordKind::Request),
    },
    Example {
        shows: "without the filter's verdict the cache's word counts",
        record: "#Software: SGOS 6.7.4.1\n#Fields: date time c-ip s-action sc-status cs-method cs-host cs-uri-path\n2025-09-10 09:45:06 10.1.4.17 TCP_DENIED 403 GET a.example /",
        expected: request(
            None,
            "a.example/",
            403,
            Action::Blocked,
            Some(BlockReason::Rule),
            RecordKind::Request,
        ),
    },
    Example {
        shows: "a row that ends before its verdict",
        record: "#Fields: date time c-ip cs-host sc-status sc-filter-result\n2025-09-10 09:45:06 10.1.4.17 a.example",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "quotes that never close",
        record: "#Fields: date time c-ip cs-host sc-status sc-filter-result cs(User-Agent)\n2025-09-10 09:45:06 10.1.4.17 a.example 200 OBSERVED \"Mozilla/5.0 (X11",
        expected: Expected::Reject(Reason::Quoting),
    },
    Example {
        shows: "a row under columns that are another program's",
        record: "#Fields: date time s-ip cs-method cs-uri-stem\n2025-09-10 09:45:06 192.0.2.7 GET /",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "no time of day",
        record: "#Fields: date time c-ip cs-host sc-filter-result\n2025-09-10 - 10.1.4.17 a.example OBSERVED",
        expected: Expected::Reject(Reason::Time),
    },
];
