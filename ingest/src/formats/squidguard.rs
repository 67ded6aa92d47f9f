//! squidGuard: what it refused, in local time, among its own messages.
//!
//! Only refusals are in the log, and only those of lists for which a log is set; with the verbose option
//! also what passed. "Going into emergency mode" means that nothing is filtered any more.
//!
//! The words of the last column are from the source of squidGuard (`src/sgRequestLog.c` of
//! <https://github.com/andihofmeister/squidGuard>).

use super::redirector::{self, split_last};
use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex, squid};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Notice, Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "time", "of the decision, when the request began; local time without a zone"),
    field(2, "process", "not kept"),
    field(
        3,
        "rule",
        "source group, list and rewriting; the group is the filter group, the list the category",
    ),
    field(4, "url", "address, or `host:port` of a tunnel"),
    field(5, "client", "client address, and its name or `-` behind a slash"),
    field(6, "user", "account or `-`"),
    field(7, "method", "HTTP method; CONNECT is a tunnel"),
    field(8, "action", "REDIRECT and DENY are blocks, PASS and REWRITE are not"),
];

pub(super) static FORMAT: Format = Format {
    id: "squidguard",
    version: "1",
    title: "squidGuard",
    origin: "squidGuard with `log`, also as a package of a firewall",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

const REQUEST: &[u8] = b"Request(";
const OUTAGE: &[u8] = b"Going into emergency mode";

/// How its own messages begin, as far as they are its own and not those of its descendant too.
const MESSAGES: &[&[u8]] = &[
    b"New setting:",
    b"Added User:",
    b"init domainlist",
    b"init urllist",
    b"init expressionlist",
    b"loading dbfile",
    b"squidGuard ",
    OUTAGE,
];

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let (time, message) = redirector::stamped(record).map_err(|fault| fault.reject(record))?;
    match message.strip_prefix(REQUEST) {
        Some(rest) => request(record, time, rest),
        None if message.starts_with(OUTAGE) => Ok(Parsed::Other(OtherKind::Outage)),
        None => Ok(Parsed::Other(OtherKind::System)),
    }
}

fn request<'a>(record: &'a [u8], time: When, rest: &'a [u8]) -> Result<Parsed<'a>, Reject> {
    let cut = || Reject::at(Reason::Truncated, record.len());
    let end = memchr::memmem::find(rest, b") ").ok_or_else(cut)?;
    let (rule, rest) = (&rest[..end], &rest[end + 2..]);
    let (group, list) = lists(rule).ok_or_else(|| Reject::at(Reason::Columns, lex::offset(record, rule)))?;
    // An address may hold blanks, so the rest is read from the right.
    let (rest, word) = split_last(rest);
    let (rest, method) = split_last(rest);
    let (rest, user) = split_last(rest);
    let (url, client) = split_last(rest);
    if url.is_empty() {
        return Err(cut());
    }
    let Some(slash) = memchr::memchr(b'/', client) else {
        return Err(Reject::at(Reason::Columns, lex::offset(record, client)));
    };
    let (address, host) = (&client[..slash], &client[slash + 1..]);
    let (action, notice) = match word {
        b"REDIRECT" | b"DENY" => (Action::Blocked, None),
        b"PASS" | b"REWRITE" => (Action::Allowed, None),
        _ => (Action::Unknown, Some(Notice::UnknownAction)),
    };
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Start,
        user: lex::text(user).map(|_| squid::unescape(user)),
        group: lex::text(group),
        client_address: lex::text(address),
        client_host: lex::text(host).filter(|_| host != address),
        method: lex::text(method),
        url: lex::text(url),
        categories: lex::text(list),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::List),
        kind: RecordKind::of(action, method),
        notice,
        ..Fields::default()
    }))
}

/// Group and list of `default/adult/-`; `none` and `in-addr` are rules and no lists.
fn lists(rule: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = memchr::memchr(b'/', rule)?;
    let last = memchr::memrchr(b'/', rule).filter(|last| *last > first)?;
    let list = match &rule[first + 1..last] {
        b"none" | b"in-addr" | b"any" | b"all" => b"-",
        list => redirector::list(list),
    };
    Some((&rule[..first], list))
}

fn sniff(line: &[u8]) -> Vote {
    match redirector::stamped(line) {
        Ok((_, message)) if message.starts_with(REQUEST) => Vote::Yes,
        Ok((_, message)) if MESSAGES.iter().any(|start| message.starts_with(start)) => Vote::Yes,
        // A message that the descendant may have written too.
        Ok(_) => Vote::Abstain,
        Err(_) => Vote::No,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a refused page",
        record: "2025-09-10 10:45:00 [31277] Request(year9/gamble/-) http://bets.example/a b.swf 10.1.4.17/- mtaylor GET REDIRECT",
        expected: Expected::Request {
            user: Some("mtaylor"),
            url: "http://bets.example/a b.swf",
            status: None,
            action: Action::Blocked,
            block_reason: Some(BlockReason::List),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a refused tunnel, the list named by a firewall's package",
        record: "2025-09-10 10:45:01 [26] Request(default/blk_BL_games/-) games.example:443 10.1.4.17/10.1.4.17 - CONNECT REDIRECT",
        expected: Expected::Request {
            user: None,
            url: "games.example:443",
            status: None,
            action: Action::Blocked,
            block_reason: Some(BlockReason::List),
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "verbose: what passed",
        record: "2025-09-10 10:45:01 [26] Request(default/none/-) http://a.example/ 10.1.4.17/pc17.school.example - GET PASS",
        expected: Expected::Request {
            user: None,
            url: "http://a.example/",
            status: None,
            action: Action::Allowed,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "an action of a later version",
        record: "2025-09-10 10:45:01 [26] Request(default/none/-) http://a.example/ 10.1.4.17/- - GET ?",
        expected: Expected::Request {
            user: None,
            url: "http://a.example/",
            status: None,
            action: Action::Unknown,
            block_reason: None,
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "a message at the start",
        record: "2025-09-10 06:00:00 [26] New setting: dbhome: /var/lib/lists",
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "an error",
        record: "2025-09-10 06:00:00 [26] Error db_open: No such file or directory",
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "nothing is filtered any more",
        record: "2025-09-10 06:00:00 [26] Going into emergency mode",
        expected: Expected::Other(OtherKind::Outage),
    },
    Example {
        shows: "cut inside the address",
        record: "2025-09-10 10:45:00 [31277] Request(year9/gamble/-) http://bets.exam",
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "a rule without its parts",
        record: "2025-09-10 10:45:00 [31277] Request(year9) http://bets.example/ 10.1.4.17/- - GET REDIRECT",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "no time",
        record: "Request(year9/gamble/-) http://bets.example/ 10.1.4.17/- - GET REDIRECT",
        expected: Expected::Reject(Reason::Time),
    },
];
