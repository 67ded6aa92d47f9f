//! McAfee (Skyhigh) Web Gateway, `access.log`: the time between brackets, then bare and quoted columns.
//!
//! The columns are a rule of the product that sites extend: the default has client and status before the
//! request line and one number behind the type, real logs have server, port and cache result too, and a
//! second number. So columns are known by where they stand to the request line and by their shape. The
//! last part holds the number of the block page: 0 where nothing was blocked.
//!
//! The default's column names are in its own first line and in
//! <https://community.mcafee.com/thread/27946>, the numbers 0 and 10 too; 80 stands beside a virus, 81
//! beside a demand to sign in, in real lines of the product's other layouts. Other numbers are blocks of
//! a rule that is not known.

use super::access::{self, Column};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "time", "with its offset from UTC, between brackets; which moment is not documented"),
    field(2, "user", "account or `-`"),
    field(3, "client", "client address"),
    field(4, "status", "HTTP status; 407 is a challenge. Server, port and cache result may stand beside it"),
    field(5, "request", "method, address and version; CONNECT is a tunnel"),
    field(6, "categories", "category words, commas between"),
    field(7, "reputation", "not kept"),
    field(8, "mime", "MIME type or `-`"),
    field(9, "size", "bytes sent to the client; the bytes of the server may follow"),
    field(10, "user agent", "browser or `-`"),
    field(11, "block number", "the first number behind the agent: 0 is no block"),
];

pub(super) static FORMAT: Format = Format {
    id: "mcafee-web-gateway",
    version: "1",
    title: "McAfee Web Gateway access log",
    origin: "McAfee or Skyhigh Web Gateway, `access.log`",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

/// Columns behind the time that are looked at; real logs have 18.
const MOST: usize = 24;

/// The number of the page that asks to sign in.
const SIGN_IN: i64 = 81;

/// Why a record is none of this layout.
struct Wrong(Reason);

struct Row<'a> {
    time: When,
    user: &'a [u8],
    client: &'a [u8],
    status: Option<u32>,
    request: &'a [u8],
    categories: &'a [u8],
    mime: &'a [u8],
    size: Option<lex::Whole>,
    agent: &'a [u8],
    block: Option<i64>,
}

fn row(record: &[u8]) -> Result<Row<'_>, Wrong> {
    let inner = record.strip_prefix(b"[").ok_or(Wrong(Reason::Time))?;
    let end = memchr::memmem::find(inner, b"] \"").ok_or(Wrong(Reason::Truncated))?;
    let time = lex::whole_of(&inner[..end], lex::server_time).ok_or(Wrong(Reason::Time))?;
    let (columns, count) = access::columns::<MOST>(&inner[end + 2..]).ok_or(Wrong(Reason::Truncated))?;
    let columns = &columns[..count.min(MOST)];
    let [user, client, rest @ ..] = columns else { return Err(Wrong(Reason::Truncated)) };
    // Bare columns up to the request line: of these the status alone has three digits.
    let bare = rest.iter().take_while(|column| !column.quoted).count();
    let (bare, quoted) = rest.split_at(bare);
    let status = bare.iter().find(|column| column.text.len() == 3).ok_or(Wrong(Reason::Status))?;
    let status = lex::whole_of(status.text, lex::status).ok_or(Wrong(Reason::Status))?;
    let [request, categories, _, mime, rest @ ..] = quoted else { return Err(Wrong(Reason::Truncated)) };
    let sizes = rest.iter().take_while(|column| !column.quoted).count();
    let (sizes, rest) = rest.split_at(sizes);
    let [agent, rest @ ..] = rest else { return Err(Wrong(Reason::Truncated)) };
    let [size, ..] = sizes else { return Err(Wrong(Reason::Columns)) };
    if !(user.quoted && request.quoted && categories.quoted && mime.quoted) || client.quoted {
        return Err(Wrong(Reason::Columns));
    }
    Ok(Row {
        time,
        user: user.text,
        client: client.text,
        status: Some(status),
        request: request.text,
        categories: categories.text,
        mime: mime.text,
        size: lex::whole_column(size.text),
        agent: agent.text,
        block: rest.iter().find_map(block_number),
    })
}

fn block_number(column: &Column<'_>) -> Option<i64> {
    let digits = column.quoted && (1..=5).contains(&column.text.len());
    lex::whole_column(column.text).filter(|_| digits).and_then(lex::Whole::natural)
}

fn action(status: Option<u32>, block: Option<i64>) -> (Action, Option<BlockReason>) {
    match (status, block) {
        (Some(407), _) | (_, Some(SIGN_IN)) => (Action::Challenged, None),
        (_, Some(10)) => (Action::Blocked, Some(BlockReason::List)),
        (_, Some(80)) => (Action::Blocked, Some(BlockReason::Virus)),
        (_, Some(1..)) => (Action::Blocked, Some(BlockReason::Rule)),
        (None | Some(0 | 500..), _) => (Action::Error, None),
        // Without the number, a refusal may be the site's.
        (Some(403), None) => (Action::Unknown, None),
        _ => (Action::Allowed, None),
    }
}

/// The line that names the columns.
fn is_header(record: &[u8]) -> bool {
    let inner = record.strip_prefix(b"#").unwrap_or(record).trim_ascii_start();
    inner.starts_with(b"time_stamp \"auth_user\"")
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    if is_header(record) {
        return Ok(Parsed::Directive);
    }
    let row = row(record).map_err(|Wrong(reason)| {
        Reject::at(reason, if reason == Reason::Truncated { record.len() } else { 0 })
    })?;
    let Some(asked) = access::asked(row.request) else {
        return Ok(Parsed::Other(OtherKind::NoRequest));
    };
    if !access::names_a_host(&asked) {
        return Ok(Parsed::Other(OtherKind::Internal));
    }
    let (action, block_reason) = action(row.status, row.block);
    Ok(Parsed::Request(Fields {
        time: row.time,
        basis: TimeBasis::Unknown,
        user: lex::text(row.user),
        client_address: lex::text(row.client),
        method: lex::text(asked.method),
        url: lex::text(asked.url),
        status: row.status,
        response_bytes: row.size.and_then(lex::Whole::natural),
        mime: lex::text(row.mime),
        user_agent: lex::text(row.agent),
        categories: lex::text(row.categories.trim_ascii()),
        category_separators: b",",
        action,
        block_reason,
        kind: RecordKind::of(action, asked.method),
        unauthenticated: action == Action::Challenged,
        ..Fields::default()
    }))
}

fn sniff(line: &[u8]) -> Vote {
    if is_header(line) {
        return Vote::Abstain;
    }
    match row(line) {
        Ok(_) => Vote::Yes,
        Err(_) => Vote::No,
    }
}

crate::event::redacted!(Row);

const fn request(
    url: &'static str,
    status: u32,
    action: Action,
    block_reason: Option<BlockReason>,
) -> Expected {
    let kind = RecordKind::Request;
    Expected::Request { user: Some("mtaylor"), url, status: Some(status), action, block_reason, kind }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page, with server, port, cache result and five columns behind the agent",
        record: r#"[10/Sep/2025:10:45:00 +0100] "mtaylor" 10.1.4.17 192.0.2.7 9080 200 TCP_HIT "GET http://www.example.org HTTP/1.1" "Education, Reference" "low risk " "text/html" 512 0 "Mozilla/5.0 (X11)" "-" "-" "0" "" "-""#,
        expected: request("http://www.example.org", 200, Action::Allowed, None),
    },
    Example {
        shows: "the default columns: a block by category",
        record: r#"[10/Sep/2025:10:45:00 +0100] "mtaylor" 10.1.4.17 403 "GET http://bets.example/ HTTP/1.1" "Gambling" "Minimal Risk" "text/html" 3992 "Mozilla/5.0 (X11)" "" "10""#,
        expected: request("http://bets.example/", 403, Action::Blocked, Some(BlockReason::List)),
    },
    Example {
        shows: "a virus",
        record: r#"[10/Sep/2025:10:45:00 +0100] "mtaylor" 10.1.4.17 403 "GET http://a.example/x.zip HTTP/1.1" "" "-" "application/zip" 3992 "-" "Zork.A" "80""#,
        expected: request("http://a.example/x.zip", 403, Action::Blocked, Some(BlockReason::Virus)),
    },
    Example {
        shows: "the site's own refusal",
        record: r#"[10/Sep/2025:10:45:00 +0100] "mtaylor" 10.1.4.17 403 "GET http://shop.example/staff HTTP/1.1" "Shopping" "-" "text/html" 3992 "-" "" "0""#,
        expected: request("http://shop.example/staff", 403, Action::Allowed, None),
    },
    Example {
        shows: "a tunnel without a user",
        record: r#"[10/Sep/2025:10:45:00 +0100] "" 10.1.4.17 200 "CONNECT mail.example:443 HTTP/1.1" "Web Mail" "-" "" 0 "" "" "0""#,
        expected: Expected::Request {
            user: None,
            url: "mail.example:443",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a sign-in challenge, whatever its number",
        record: r#"[10/Sep/2025:10:45:00 +0100] "" 10.1.4.17 407 "GET http://a.example/ HTTP/1.1" "" "-" "text/html" 2000 "curl" "" "81""#,
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
        shows: "no request",
        record: r#"[10/Sep/2025:10:45:00 +0100] "" 10.1.4.17 400 "" "" "-" "" 0 "" "" "0""#,
        expected: Expected::Other(OtherKind::NoRequest),
    },
    Example {
        shows: "the proxy's own pages",
        record: r#"[10/Sep/2025:10:45:00 +0100] "" 10.1.4.17 200 "GET /proxy.pac HTTP/1.1" "" "-" "" 0 "" "" "0""#,
        expected: Expected::Other(OtherKind::Internal),
    },
    Example {
        shows: "cut inside the agent",
        record: r#"[10/Sep/2025:10:45:00 +0100] "mtaylor" 10.1.4.17 200 "GET http://a.example/ HTTP/1.1" "Education" "-" "text/html" 3992 "Mozilla"#,
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "status is a word",
        record: r#"[10/Sep/2025:10:45:00 +0100] "mtaylor" 10.1.4.17 OK! "GET http://a.example/ HTTP/1.1" "Education" "-" "text/html" 3992 "-" "" "0""#,
        expected: Expected::Reject(Reason::Status),
    },
    Example {
        shows: "a month that does not exist",
        record: r#"[10/Sop/2025:10:45:00 +0100] "mtaylor" 10.1.4.17 200 "GET http://a.example/ HTTP/1.1" "Education" "-" "text/html" 3992 "-" "" "0""#,
        expected: Expected::Reject(Reason::Time),
    },
];
