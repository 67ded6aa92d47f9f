//! Cisco Umbrella, log of look-ups: 13 columns, 16 and more in later versions.

use super::{Example, Expected, Field, Format, Reading, Verified, Vote, comma, field, umbrella};
use crate::fields::{Action, BlockReason, Fields, Parsed, RecordKind, TimeBasis};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "timestamp", "when the name was asked for, UTC"),
    field(2, "most granular identity", "account or device, by column 11"),
    field(4, "internal IP", "client address; column 5, the site's, where it is missing"),
    field(6, "action", "Allowed or Blocked"),
    field(9, "domain", "the name that was asked for, with its final dot"),
    field(10, "categories", "category words, commas between"),
    field(11, "most granular identity type", "an account if it is a user's"),
    field(12, "identity types", "a roaming client on no network or site is off-site"),
    field(13, "blocked categories", "with a word in it the block is one by list"),
];

pub(super) static FORMAT: Format = Format {
    id: "umbrella-dns",
    version: "1",
    title: "Cisco Umbrella DNS log",
    origin: "Cisco Umbrella and Secure Access, dnslogs in a storage bucket, with or without header",
    verified: Verified::RealLines,
    fields: FIELDS,
    // No value holds a line end, and a row that was cut between quotes must not swallow the next.
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const LEAST: usize = 13;
const MOST: usize = 20;

fn sniff(line: &[u8]) -> Vote {
    if is_header(line) { Vote::Abstain } else { umbrella::sniff(line, 5, LEAST, MOST) }
}

fn is_header(line: &[u8]) -> bool {
    umbrella::is_header(line, b"most granular identity")
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    if is_header(record) {
        return Ok(Parsed::Directive);
    }
    let (values, count) = comma::values::<13>(record);
    if !(LEAST..=MOST).contains(&count) {
        return Err(Reject::at(Reason::Columns, record.len()));
    }
    let [time, name, _, inner, outer, verdict, _, _, domain, categories, kind, kinds, blocked] = values;
    let time = umbrella::time(&time).ok_or_else(|| Reject::at(Reason::Time, 0))?;
    let host = comma::text(domain).ok_or_else(|| Reject::at(Reason::Address, record.len()))?;
    let action = umbrella::verdict(&verdict);
    let (user, client_host) = umbrella::identity(name, &kind);
    let reason = comma::text(blocked).map_or(BlockReason::Rule, |_| BlockReason::List);
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Start,
        off_site: umbrella::off_site(&kinds),
        user,
        client_address: comma::text(inner).or_else(|| comma::text(outer)),
        client_host,
        host: Some(host),
        categories: comma::text(categories),
        category_separators: b",",
        action,
        block_reason: (action == Action::Blocked).then_some(reason),
        kind: RecordKind::Dns,
        notice: (action == Action::Unknown).then_some(Notice::UnknownAction),
        ..Fields::default()
    }))
}

const fn request(
    user: Option<&'static str>,
    url: &'static str,
    action: Action,
    reason: Option<BlockReason>,
) -> Expected {
    Expected::Request { user, url, status: None, action, block_reason: reason, kind: RecordKind::Dns }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a look-up by a device, a blank before the first quote",
        record: " \"2025-09-10 08:45:00\",\"PC17\",\"PC17,Main site\",\"10.1.4.17\",\"192.0.2.4\",\"Allowed\",\"1 (A)\",\"NOERROR\",\"www.example.org.\",\"Education,Reference\",\"Roaming Computers\",\"Roaming Computers,Sites\",\"\"",
        expected: request(None, "www.example.org.", Action::Allowed, None),
    },
    Example {
        shows: "a block, sixteen columns, a comma in the name, blanks behind commas",
        record: "\"2025-09-10 08:45:01\",\"TAYLOR, MARY (mtaylor@school.example)\", \"TAYLOR, MARY (mtaylor@school.example),PC17\",\"10.1.4.17\",\"192.0.2.4\",\"Blocked\",\"1 (A)\",\"NOERROR\", \"bets.example.\",\"Gambling,Games\",\"AD Users\",\"AD Users,Sites\",\"Gambling\",\"506165\",\"GB\",\"8234970\"",
        expected: request(
            Some("mtaylor@school.example"),
            "bets.example.",
            Action::Blocked,
            Some(BlockReason::List),
        ),
    },
    Example {
        shows: "below the header",
        record: "\"timestamp\",\"most granular identity\",\"identities\"\n\"2025-09-10 08:45:01\",\"Main site\",\"Main site\",\"\",\"192.0.2.4\",\"Blocked\",\"28 (AAAA)\",\"NOERROR\",\"bets.example.\",\"\",\"Networks\",\"Networks\",\"\"",
        expected: request(None, "bets.example.", Action::Blocked, Some(BlockReason::Rule)),
    },
    Example {
        shows: "columns lost",
        record: "\"2025-09-10 08:45:00\",\"PC17\",\"PC17,Main site\",\"10.1.4.17\",\"192.0.2.4\",\"Allowed\"",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "a time that a spreadsheet wrote anew",
        record: "10/09/2025 08:45,PC17,PC17,10.1.4.17,192.0.2.4,Allowed,1 (A),NOERROR,www.example.org.,,Roaming Computers,Roaming Computers,",
        expected: Expected::Reject(Reason::Time),
    },
];
