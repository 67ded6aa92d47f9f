//! Netskope transaction events: W3C with columns in an order that the vendor fixed, so that rows can be
//! read without their `#Fields` too (log collectors drop it).
//!
//! Order and meaning of the columns from the vendor
//! (<https://docs.netskope.com/en/transaction-event-fields/>); real lines were seen without their
//! header. That `auth-redirect` is a sign-in challenge is read from the word.

use super::directives::NOT_KEPT;
use super::w3c::{self, Line, Product, Row};
use super::{Directives, Example, Expected, Field, Format, Reading, Verified, field, lex};
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "date", "UTC"),
    field(2, "time", "UTC"),
    field(3, "time-taken", "milliseconds"),
    field(5, "sc-bytes", "bytes sent to the client"),
    field(7, "c-ip", "client address as seen from outside, where x-cs-userip (44) is missing"),
    field(9, "cs-username", "account, or the address again"),
    field(10, "cs-method", "HTTP method; `-` where the tunnel was not opened"),
    field(11, "cs-uri-scheme", "scheme"),
    field(12, "cs-uri-query", "query"),
    field(13, "cs-user-agent", "browser or `-`"),
    field(15, "sc-status", "HTTP status"),
    field(16, "sc-content-type", "MIME type or `-`"),
    field(18, "cs-host", "host; x-cs-sni (54) where it is missing"),
    field(19, "cs-uri", "path"),
    field(20, "cs-uri-port", "port"),
    field(47, "x-category", "category word"),
    field(49, "x-type", "sort of transaction: it tells rows without a header from others"),
    field(136, "x-error", "`auth-redirect` is a challenge"),
    field(138, "x-policy-action", "the decision, from the third version of the columns on"),
];

pub(super) static FORMAT: Format = Format {
    id: "netskope-transaction",
    version: "1",
    title: "Netskope transaction events",
    origin: "Netskope, transaction events as W3C lines, with or without `#Fields`",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Directed { parse },
    examples: EXAMPLES,
};

const SNI: u8 = w3c::OWN;
const TYPE: u8 = w3c::OWN + 1;
const USER_ADDRESS: u8 = w3c::OWN + 2;
const ERROR: u8 = w3c::OWN + 3;
const TRANSACTION: u8 = w3c::OWN + 4;

static PRODUCT: Product = Product {
    own: &[
        ("cs-user-agent", w3c::AGENT),
        ("sc-content-type", w3c::MIME),
        ("x-category", w3c::CATEGORIES),
        ("x-cs-sni", SNI),
        ("x-type", TYPE),
        ("x-cs-userip", USER_ADDRESS),
        ("x-error", ERROR),
        ("x-policy-action", w3c::VERDICT),
        ("x-transaction-id", TRANSACTION),
    ],
    claims: |named| named.has(w3c::HOST) && named.has(w3c::TIME) && named.has(TYPE) && named.has(TRANSACTION),
    software: |_| 0,
    quotes: |_| true,
};

/// Places of the columns from 1, in the order that all versions share.
const FIXED: &[(usize, u8)] = &[
    (1, w3c::DATE),
    (2, w3c::TIME),
    (3, w3c::TAKEN),
    (5, w3c::BYTES),
    (7, w3c::CLIENT),
    (9, w3c::USER),
    (10, w3c::METHOD),
    (11, w3c::SCHEME),
    (12, w3c::QUERY),
    (13, w3c::AGENT),
    (15, w3c::STATUS),
    (16, w3c::MIME),
    (18, w3c::HOST),
    (19, w3c::URI),
    (20, w3c::PORT),
    (44, USER_ADDRESS),
    (47, w3c::CATEGORIES),
    (49, TYPE),
    (52, TRANSACTION),
    (54, SNI),
    (136, ERROR),
    (138, w3c::VERDICT),
];

/// Columns of the first version, and of the widest that was seen.
const LEAST: usize = 59;
const MOST: usize = 220;

/// The columns are the fixed ones, for nobody named any.
const UNNAMED: u8 = 1;

fn parse<'a>(record: &'a [u8], directives: &mut Directives) -> Result<Parsed<'a>, Reject> {
    let is_row = !record.starts_with(b"#");
    if is_row && (directives.columns.is_empty() || directives.product == UNNAMED) {
        return unnamed(record, directives);
    }
    match w3c::line(record, directives, &PRODUCT)? {
        Line::Directive => Ok(Parsed::Directive),
        Line::Row(row) => transaction(&row, directives),
    }
}

/// A row without a header before it: the fixed places, if it looks like nothing else.
fn unnamed<'a>(record: &'a [u8], directives: &mut Directives) -> Result<Parsed<'a>, Reject> {
    if !begins_with_time(record) {
        return Err(Reject::at(Reason::Columns, 0));
    }
    if directives.product != UNNAMED {
        directives.product = UNNAMED;
        directives.columns = vec![NOT_KEPT; MOST];
        for (place, code) in FIXED {
            if let Some(column) = directives.columns.get_mut(place - 1) {
                *column = *code;
            }
        }
    }
    let row = w3c::row(record, directives, true)?;
    let kind = row.text(TYPE).unwrap_or_default();
    let known = kind.ends_with(b"_transaction") || kind.eq_ignore_ascii_case(b"WebSocket");
    let numbered = row.text(TRANSACTION).is_some_and(|id| lex::is_number(&id));
    if !known || !numbered || row.columns() < LEAST {
        return Err(Reject::at(Reason::Columns, record.len()));
    }
    transaction(&row, directives)
}

fn begins_with_time(record: &[u8]) -> bool {
    lex::local_time('-')(record).is_ok_and(|(rest, _)| rest.starts_with(b" "))
}

fn transaction<'a>(row: &Row<'a>, directives: &Directives) -> Result<Parsed<'a>, Reject> {
    let time = row.time(directives)?;
    let taken = row.whole(w3c::TAKEN, Reason::Number)?;
    let status = row.whole(w3c::STATUS, Reason::Status)?.and_then(lex::Whole::natural);
    let bytes = row.whole(w3c::BYTES, Reason::Number)?;
    let host = row.text(w3c::HOST).or_else(|| row.text(SNI)).ok_or_else(|| row.lacks(Reason::Address))?;
    let method = row.text(w3c::METHOD);
    let error = row.text(ERROR);
    let word = row.text(w3c::VERDICT);
    let status = status.and_then(|status| u32::try_from(status).ok());
    let action = if error.as_deref() == Some(b"auth-redirect") || status == Some(407) {
        Action::Challenged
    } else {
        action(word.as_deref())
    };
    let kind = match (action, method.as_deref()) {
        (Action::Challenged, _) => RecordKind::Authentication,
        (_, None | Some(b"CONNECT")) => RecordKind::Tunnel,
        _ => RecordKind::Request,
    };
    let decided = word.as_deref().is_some_and(|word| word != b"NotChecked");
    let odd = [taken, bytes].into_iter().flatten().any(|number| number.odd);
    let notice = if action == Action::Unknown && decided {
        Some(Notice::UnknownAction)
    } else if row.extra {
        Some(Notice::ExtraColumns)
    } else {
        odd.then_some(Notice::OddNumber)
    };
    let port = row.text(w3c::PORT).and_then(|port| lex::whole_column(&port));
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Unknown,
        duration_ms: taken.and_then(lex::Whole::natural),
        user: row.text(w3c::USER),
        client_address: row.text(USER_ADDRESS).or_else(|| row.text(w3c::CLIENT)),
        method,
        scheme: row.text(w3c::SCHEME),
        host: Some(host),
        port: port.and_then(|port| u16::try_from(port.value).ok()),
        path: row.text(w3c::URI),
        query: row.text(w3c::QUERY).map(lex::without_mark),
        status,
        response_bytes: bytes.and_then(lex::Whole::natural),
        mime: row.text(w3c::MIME),
        user_agent: row.text(w3c::AGENT),
        categories: row.text(w3c::CATEGORIES),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::Rule),
        kind,
        unauthenticated: action == Action::Challenged,
        notice,
        ..Fields::default()
    }))
}

/// The policy's word; the first two versions of the columns have none.
fn action(word: Option<&[u8]>) -> Action {
    match word {
        Some(b"allow") => Action::Allowed,
        Some(b"block" | b"quarantine") => Action::Blocked,
        Some(b"alert") => Action::Monitored,
        Some(b"useralert") => Action::Warned,
        Some(b"bypass") => Action::Bypassed,
        _ => Action::Unknown,
    }
}

const fn request(url: &'static str, status: Option<u32>, action: Action, kind: RecordKind) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::Rule) } else { None };
    Expected::Request { user: Some("mtaylor@school.example"), url, status, action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page under its header",
        record: "#Fields: date time time-taken cs-bytes sc-bytes c-ip cs-username cs-method cs-uri-scheme cs-uri-query cs-user-agent sc-status sc-content-type cs-host cs-uri cs-uri-port x-cs-userip x-category x-type x-transaction-id x-cs-sni x-error x-policy-action\n2025-09-10 09:45:00 42 138 5120 192.0.2.4 \"mtaylor@school.example\" GET https a=b \"Mozilla/5.0 (X11)\" 200 text/html www.example.org /maths 443 10.1.4.17 \"Education\" http_transaction 1428207982606865851 www.example.org - allow",
        expected: request("https://www.example.org:443/maths?a=b", Some(200), Action::Allowed, RecordKind::Request),
    },
    Example {
        shows: "a block under its header",
        record: "#Fields: date time c-ip cs-username cs-method sc-status cs-host cs-uri x-category x-type x-transaction-id x-policy-action\n2025-09-10 09:45:01 192.0.2.4 mtaylor@school.example GET 403 bets.example / Gambling http_transaction 1428207982606865852 block",
        expected: request("bets.example/", Some(403), Action::Blocked, RecordKind::Request),
    },
    Example {
        shows: "a word that no table knows",
        record: "#Fields: date time c-ip cs-username cs-method sc-status cs-host cs-uri x-category x-type x-transaction-id x-policy-action\n2025-09-10 09:45:01 192.0.2.4 mtaylor@school.example GET 200 a.example / - http_transaction 1428207982606865853 ponder",
        expected: request("a.example/", Some(200), Action::Unknown, RecordKind::Request),
    },
    Example {
        shows: "no header, first version of the columns, a tunnel that was not opened",
        record: "2025-09-10 09:45:02 2444 1321 6018 7339 192.0.2.4 192.0.2.7 \"mtaylor@school.example\" - - - - - - - cloud.example cloud.example - 443 - 0 \"Client\" - - - - - - - - - - - - - - - - - - 1757497502 0 10.1.4.17 Web - \"Technology\" \"All Categories\" http_transaction - - 4594707151486557730 0 cloud.example - 564 \"7, 10001\" - -",
        expected: request("cloud.example:443", None, Action::Unknown, RecordKind::Tunnel),
    },
    Example {
        shows: "no header, a sign-in challenge",
        record: "2025-09-10 09:45:03 - 138 0 138 192.0.2.4 - \"mtaylor@school.example\" GET http - \"Agent of words\" - 302 - www.example.org www.example.org / 80 - 0 \"IPSec\" - - - - - - - - - - - - - - - - - \"example\" 1757497503 0 10.1.4.17 Web - \"News & Media\" \"All Categories\" http_transaction - - 1428207982606865854 2732587927347258112 - - 537 \"10001\" - - c60 c61 c62 c63 c64 c65 c66 c67 c68 c69 c70 c71 c72 c73 c74 c75 c76 c77 c78 c79 c80 c81 c82 c83 c84 c85 c86 c87 c88 c89 c90 c91 c92 c93 c94 c95 c96 c97 c98 c99 c100 c101 c102 c103 c104 c105 c106 c107 c108 c109 c110 c111 c112 c113 c114 c115 c116 c117 c118 c119 c120 c121 c122 c123 c124 c125 c126 c127 c128 c129 c130 c131 c132 c133 c134 c135 auth-redirect \"NotChecked\" NotChecked - -",
        expected: request("http://www.example.org:80/", Some(302), Action::Challenged, RecordKind::Authentication),
    },
    Example {
        shows: "no header, and cut",
        record: "2025-09-10 09:45:02 2444 1321 6018 7339 192.0.2.4 192.0.2.7 \"mtaylor@school.example\" - - -",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "a row that ends before its host",
        record: "#Fields: date time c-ip cs-username x-type x-transaction-id cs-method sc-status cs-host\n2025-09-10 09:45:01 192.0.2.4 mtaylor@school.example http_transaction 1428207982606865852 GET 403",
        expected: Expected::Reject(Reason::Columns),
    },
];
