//! e2guardian, layouts 5 to 8: an epoch, then tabs. 7 and 8 add search words and flags; each has one
//! column less where host name and address share one.

use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, guardian, lex};
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "time", "end of the request: seconds since 1970 with milliseconds, UTC"),
    field(2, "server", "the filter's own name, or empty; not kept"),
    field(3, "user", "account or `-`"),
    field(4, "client address", "where columns 4 and 5 are one, a name or an address"),
    field(5, "client host", "host name, or the address again"),
    field(6, "url", "address"),
    field(7, "method", "HTTP method; CONNECT is a tunnel"),
    field(8, "status", "HTTP status; 407 is a challenge"),
    field(9, "size", "bytes"),
    field(10, "mime", "MIME type or `-`"),
    field(11, "user agent", "browser or `-`"),
    field(13, "duration", "milliseconds; the start is time minus duration"),
    field(15, "message number", "the rule, whatever the language"),
    field(16, "what", "markers and reason: the decision where the number is 0"),
    field(18, "category", "category words, commas between"),
    field(19, "group name", "filter group"),
    field(21, "search words", "layouts 7 and 8"),
];

pub(super) static FORMAT: Format = Format {
    id: "e2guardian-5-8",
    version: "1",
    title: "e2guardian, epochs and tabs",
    origin: "e2guardian 4 and 5, `logfileformat = 5` to `8`",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let (columns, count) = lex::columns::<22>(record, b"\t");
    let at = |reason: Reason, column: &[u8]| Reject::at(reason, lex::offset(record, column));
    // One column for name and address where the source was told to write only one of them.
    let merged = match count {
        20 | 22 => 0,
        19 | 21 => 1,
        _ => return Err(Reject::at(Reason::Columns, record.len())),
    };
    let [time, _, user, client, ..] = columns;
    let [url, method, status, size, mime, agent, _, duration, _, message, what, _, category, group] =
        std::array::from_fn(|index| columns[5 - merged + index]);
    let search = if count >= 21 { columns[20 - merged] } else { b"-" };
    let time = match lex::epoch(time) {
        Ok((b"", time)) => time,
        _ => return Err(at(Reason::Time, time)),
    };
    let code = lex::whole_column(status).ok_or_else(|| at(Reason::Status, status))?;
    let code = code.natural().and_then(|code| u32::try_from(code).ok());
    let bytes = lex::whole_column(size).ok_or_else(|| at(Reason::Number, size))?;
    let number = lex::whole_column(message).and_then(|number| u32::try_from(number.value).ok());
    if lex::text(url).is_none() {
        return Err(at(Reason::Address, url));
    }
    let duration = lex::whole_column(duration);
    let verdict = guardian::verdict(code, number, what);
    let hidden = guardian::is_anonymised(user, client);
    let host = if merged == 1 { client } else { columns[4] };
    let is_address = |text: &[u8]| {
        std::str::from_utf8(text).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_ok())
    };
    let notice = if hidden {
        Some(Notice::AnonymisedAtSource)
    } else if bytes.odd || duration.is_some_and(|duration| duration.odd) {
        Some(Notice::OddNumber)
    } else {
        verdict.notice
    };
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::End,
        duration_ms: duration.and_then(lex::Whole::natural),
        user: lex::text(user),
        group: lex::text(group),
        client_address: lex::text(client).filter(|_| !hidden && (merged == 0 || is_address(client))),
        client_host: lex::text(host).filter(|_| !is_address(host)),
        method: lex::text(method),
        url: lex::text(url),
        search_words: lex::text(search),
        status: code,
        response_bytes: bytes.natural(),
        mime: lex::text(mime),
        user_agent: lex::text(agent),
        categories: lex::text(category),
        category_separators: b",",
        action: verdict.action,
        block_reason: verdict.block_reason,
        kind: RecordKind::of(verdict.action, method),
        unauthenticated: verdict.action == Action::Challenged,
        notice,
        ..Fields::default()
    }))
}

fn sniff(line: &[u8]) -> Vote {
    match lex::epoch(line) {
        Ok(([b'\t', ..], _)) if (19..=22).contains(&(memchr::memchr_iter(b'\t', line).count() + 1)) => Vote::Yes,
        Ok(([b'\t', ..] | [], _)) => Vote::Fragment,
        _ => Vote::No,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "layout 6: a page",
        record: "1757497500.123\t\tmtaylor\t10.1.4.17\t10.1.4.17\thttp://a.example/\tGET\t200\t5120\t-\t-\t-\t245\t-\t0\t-\t0\t-\tyear 9\t2",
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
        shows: "layout 5: a blocked site, by number, with a translated marker",
        record: "1757497501.000\tfilter1\tmtaylor\t10.1.4.17\tpc17\thttps://bets.example:443\tCONNECT\t403\t0\t-\t-\t-\t3\t-\t500\t*ZAKAZANO* bets.example\t0\tGambling\tyear 9\t2",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "https://bets.example:443",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::List),
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "layout 8: blocked search words",
        record: "1757497502.000\t-\tmtaylor\t10.1.4.17\t10.1.4.17\thttps://search.example/?q=zork\tGET\t403\t0\t-\t-\t-\t3\t-\t0\t*DENIED* Banned search term found: zork\t0\tWeapons\tyear 9\t2\tzork\t8443:TM:ip:ipmap",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "https://search.example/?q=zork",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::Search),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "layout 7 with name and address in one column, a challenge",
        record: "1757497503.000\tfilter1\t-\tpc17\thttp://a.example/\tGET\t407\t0\t-\t-\t-\t1\t-\t602\t*TRUSTED* -\t0\t-\tdefault\t1\t-\t8080:P:-:-",
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
        shows: "an exception for a phrase has no marker",
        record: "1757497504.000\t\tmtaylor\t10.1.4.17\t10.1.4.17\thttp://a.example/\tGET\t200\t5120\t-\t-\t-\t245\t-\t604\tPhrase found: anatomy\t0\t-\tyear 9\t2",
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
        shows: "status is a word",
        record: "1757497500.123\t\tmtaylor\t10.1.4.17\t10.1.4.17\thttp://a.example/\tGET\tOK\t5120\t-\t-\t-\t245\t-\t0\t-\t0\t-\tyear 9\t2",
        expected: Expected::Reject(Reason::Status),
    },
    Example {
        shows: "columns lost",
        record: "1757497500.123\t\tmtaylor\t10.1.4.17",
        expected: Expected::Reject(Reason::Columns),
    },
];
