//! e2guardian and DansGuardian, layout 4: the columns of layout 1 and 2 between tabs. A sibling built
//! for a filter appliance has 21; the first fifteen are the same.

use super::guardian::Dated;
use super::{Example, Expected, Format, Reading, Verified, Vote, e2guardian_csv, lex};
use crate::fields::{Action, BlockReason, Parsed, RecordKind};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

pub(super) static FORMAT: Format = Format {
    id: "e2guardian-4",
    version: "1",
    title: "e2guardian and DansGuardian, dates and tabs",
    origin: "DansGuardian and e2guardian, `logfileformat = 4`",
    verified: Verified::Source,
    fields: e2guardian_csv::FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let (columns, count) = lex::columns::<15>(record, b"\t");
    match count {
        15 | 19 | 21 => Dated { record, columns }.parse(),
        _ => Err(Reject::at(Reason::Columns, record.len())),
    }
}

fn sniff(line: &[u8]) -> Vote {
    match lex::dotted_time(line) {
        Ok(([b'\t', ..], _)) => Vote::Yes,
        _ => Vote::No,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: "2025.09.10 10:46:10\tmtaylor\t10.1.4.17\thttp://a.example/\t*SCANNED* \tGET\t5120\t0\t-\t2\t200\t-\t-\tyear 9\tMozilla/5.0\t-\t-\t-\t-",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "http://a.example/",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a block by words on the page",
        record: "2025.09.10 10:46:11\tmtaylor\t10.1.4.17\thttp://b.example/\t*DENIED* Weighted phrase limit of 50 : 112 (zork+gnu)\tGET\t9000\t112\tViolence\t2\t403\t-\t-\tyear 9\t-\t-\t-\t-\t-",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "http://b.example/",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::Content),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "the appliance's 21 columns",
        record: "2025.9.1 9:06:10\t-\t10.1.4.17\thttps://c.example:443\t\tCONNECT\t0\t0\t\t1\t200\t-\t\tdefault\t-\t\t1\t2\t-\t3\t-",
        expected: Expected::Request {
            user: None,
            url: "https://c.example:443",
            status: Some(200),
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "a column too few",
        record: "2025.09.10 10:46:10\tmtaylor\t10.1.4.17\thttp://a.example/\t\tGET\t5120",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "no address",
        record: "2025.09.10 10:46:10\tmtaylor\t10.1.4.17\t-\t\tGET\t5120\t0\t-\t2\t200\t-\t-\tyear 9\t-",
        expected: Expected::Reject(Reason::Address),
    },
];
