//! e2guardian and DansGuardian, layout 2: quoted values between commas, nothing escaped.
//!
//! A quote inside a value is written as it is, so this is not CSV: the record is cut at each `","`.
//! An address that holds those three bytes shows as one column too many and is rejected, not guessed.

use super::guardian::Dated;
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex};
use crate::fields::{Action, BlockReason, Parsed, RecordKind};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

/// The columns that layouts 2 and 4 share.
pub(super) const FIELDS: &[Field] = &[
    field(1, "when", "end of the request, local time without a zone; an epoch may follow"),
    field(2, "who", "account or `-`"),
    field(3, "from", "client address; `0.0.0.0` where the source hides its users"),
    field(4, "where", "address"),
    field(5, "what", "markers and reason: the decision"),
    field(6, "how", "HTTP method; CONNECT is a tunnel"),
    field(7, "size", "bytes"),
    field(8, "weight", "phrase score; not kept"),
    field(9, "category", "category words, commas between"),
    field(10, "group number", "not kept; the name is"),
    field(11, "code", "HTTP status; 403 when blocked, 407 is a challenge"),
    field(12, "mime", "MIME type or `-`"),
    field(13, "client host", "client host name, empty or the address again"),
    field(14, "group name", "filter group"),
    field(15, "user agent", "browser or `-`"),
    field(19, "post data", "columns 16 to 19 are not kept"),
];

pub(super) static FORMAT: Format = Format {
    id: "e2guardian-2",
    version: "1",
    title: "e2guardian and DansGuardian, CSV style",
    origin: "DansGuardian and e2guardian, `logfileformat = 2`",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let Some(inner) = record.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) else {
        return Err(Reject::at(Reason::Quoting, 0));
    };
    let (columns, count) = lex::columns::<15>(inner, b"\",\"");
    match count {
        15 | 19 => Dated { record, columns }.parse(),
        _ => Err(Reject::at(Reason::Columns, record.len())),
    }
}

fn sniff(line: &[u8]) -> Vote {
    let Some(rest) = line.strip_prefix(b"\"") else { return Vote::No };
    match lex::dotted_time(rest) {
        Ok(([b'"', b',', b'"', ..], _)) => Vote::Yes,
        _ => Vote::No,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a block, nineteen columns",
        record: r#""2025.09.10 10:46:10","mtaylor","10.1.4.17","http://bets.example","*DENIED* Banned site: bets.example","GET","0","0","Gambling, Sport","1","403","-","10.1.4.17","year 9","-","-","-","-","-""#,
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "http://bets.example",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::List),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "an old build with fifteen columns, quotes inside a value",
        record: r#""2016.1.8 9:46:10","-","10.1.4.17","http://a.example/?q="x"","","GET","3804","-12","","1","200","text/html","","default","Mozilla/5.0""#,
        expected: Expected::Request {
            user: None,
            url: r#"http://a.example/?q="x""#,
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a challenge that carries a trusted marker",
        record: r#""2025.09.10 10:46:10","-","10.1.4.17","https://a.example:443","*TRUSTED* -","CONNECT","0","0","-","1","407","-","-","default","-","-","-","-","-""#,
        expected: Expected::Request {
            user: None,
            url: "https://a.example:443",
            status: Some(407),
            action: Action::Challenged,
            block_reason: None,
            kind: RecordKind::Authentication,
        },
    },
    Example {
        shows: "an address that holds the separator",
        record: r#""2025.09.10 10:46:10","mtaylor","10.1.4.17","http://a.example/?a","b","","GET","0","0","","1","200","-","","year 9","-","-","-","-","-""#,
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "no quote at the end",
        record: r#""2025.09.10 10:46:10","mtaylor","10.1.4.17","http://a.exam"#,
        expected: Expected::Reject(Reason::Quoting),
    },
    Example {
        shows: "a month that does not exist",
        record: r#""2025.19.10 10:46:10","-","10.1.4.17","http://a.example/","","GET","3804","0","","1","200","text/html","","default","-""#,
        expected: Expected::Reject(Reason::Time),
    },
];
