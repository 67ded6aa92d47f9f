//! ufdbGuard: decisions on addresses, in local time, among its own messages.
//!
//! Refusals are in the log where `logblock` is on, the rest where `logpass` or `logall` is. Columns are
//! padded with blanks. The layout, the decision words and the names that stand in place of a category are
//! from the source of ufdbGuard 1.32 (`src/mtserver/ufdbguardd.c`, as in
//! <https://github.com/sarfsc/ufdbGuard>).

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
        "decision",
        "BLOCK is a block, PASS and REDIR (a stricter search) are not; `TEST-` only says what would be",
    ),
    field(4, "user", "account or `-`"),
    field(5, "client", "client address or host name"),
    field(6, "acl", "access rule, taken as the filter group"),
    field(7, "category", "list of addresses, or why there was none"),
    field(8, "url", "address, or `host:port` of a tunnel"),
    field(9, "method", "HTTP method; CONNECT is a tunnel"),
    field(10, "server name", "of a tunnel, where the client named one; not kept"),
];

pub(super) static FORMAT: Format = Format {
    id: "ufdbguard",
    version: "1",
    title: "ufdbGuard",
    origin: "ufdbGuard with `logblock`, `logpass` or `logall`",
    verified: Verified::Source,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

/// How its own messages begin, as far as they are its own.
const MESSAGES: &[&[u8]] =
    &[b"ufdbguardd ", b"ufdbGuard ", b"configuration status", b"loading URL category", b"signal handler:"];

/// The decision words; those of test mode have `TEST-` before them.
const DECISIONS: &[(&[u8], Action)] = &[
    (b"BLOCK", Action::Blocked),
    (b"PASS", Action::Allowed),
    // The request went on, made stricter: safe search.
    (b"REDIR", Action::Allowed),
    // Refused because the lists were being loaded, or could not be: nobody decided.
    (b"BLOCK-LD", Action::Error),
    (b"BLOCK-FATAL", Action::Error),
];

/// What stands for a category where no list matched.
const NO_LISTS: &[&[u8]] = &[
    b"any",
    b"none",
    b"Implicit",
    b"checked",
    b"localnet",
    b"https-option",
    b"deny-mode",
    b"loading-database",
    b"fatal-error",
    b"SAFESEARCH",
    b"EDUFILTER",
];

/// A record's columns from the decision on.
struct Decision<'a> {
    word: &'a [u8],
    user: &'a [u8],
    client: &'a [u8],
    rule: &'a [u8],
    category: &'a [u8],
    /// Address, method and perhaps the server's name.
    rest: &'a [u8],
}

fn next(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    text.split_at(memchr::memchr(b' ', text).unwrap_or(text.len()))
}

/// Reads a decision; none where the message is another one.
fn decision(message: &[u8]) -> Option<Decision<'_>> {
    let (word, rest) = next(message);
    let bare = word.strip_prefix(b"TEST-").unwrap_or(word);
    // A bumped tunnel is logged twice: so, and as PASS.
    let known = word == b"BPASS" || DECISIONS.iter().any(|(name, _)| *name == bare);
    let (user, rest) = next(rest);
    let (client, rest) = next(rest);
    let (rule, rest) = next(rest);
    let (category, rest) = next(rest);
    known.then_some(Decision { word, user, client, rule, category, rest: rest.trim_ascii() })
}

/// Address and method: the method is the last word in capitals, for a server's name may follow.
fn asked(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let method = |word: &[u8]| word.len() > 2 && word.iter().all(u8::is_ascii_uppercase);
    let (url, last) = split_last(rest);
    if method(last) {
        return (!url.is_empty()).then_some((url, last));
    }
    let (url, last) = split_last(url);
    (method(last) && !url.is_empty()).then_some((url, last))
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let (time, message) = redirector::stamped(record).map_err(|fault| fault.reject(record))?;
    match decision(message) {
        Some(decision) if decision.word != b"BPASS" => request(record, time, &decision),
        _ => Ok(Parsed::Other(OtherKind::System)),
    }
}

fn request<'a>(record: &[u8], time: When, decision: &Decision<'a>) -> Result<Parsed<'a>, Reject> {
    let Some((url, method)) = asked(decision.rest) else {
        return Err(Reject::at(Reason::Truncated, record.len()));
    };
    let tested = decision.word.strip_prefix(b"TEST-");
    let word = tested.unwrap_or(decision.word);
    let mut action =
        DECISIONS.iter().find(|(name, _)| *name == word).map_or(Action::Unknown, |(_, action)| *action);
    if tested.is_some() && action == Action::Blocked {
        action = Action::Monitored;
    }
    let unfiltered =
        action == Action::Allowed && matches!(decision.category, b"loading-database" | b"fatal-error");
    let reason = match decision.category {
        b"https-option" => BlockReason::Certificate,
        b"deny-mode" | b"any" | b"none" => BlockReason::Rule,
        _ => BlockReason::List,
    };
    let is_address =
        std::str::from_utf8(decision.client).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_ok());
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Start,
        user: lex::text(decision.user).map(|_| squid::unescape(decision.user)),
        group: lex::text(decision.rule),
        client_address: lex::text(decision.client).filter(|_| is_address),
        client_host: lex::text(decision.client).filter(|_| !is_address),
        method: lex::text(method),
        url: lex::text(url),
        categories: lex::text(redirector::list(decision.category))
            .filter(|_| !NO_LISTS.contains(&decision.category)),
        action,
        block_reason: (action == Action::Blocked).then_some(reason),
        kind: RecordKind::of(action, method),
        notice: unfiltered.then_some(Notice::FilterOutage),
        ..Fields::default()
    }))
}

fn sniff(line: &[u8]) -> Vote {
    match redirector::stamped(line) {
        Ok((_, message)) => match decision(message) {
            Some(decision) if asked(decision.rest).is_some() => Vote::Yes,
            Some(_) => Vote::Fragment,
            None if MESSAGES.iter().any(|start| message.starts_with(start)) => Vote::Yes,
            // A message that its ancestor may have written too.
            None if !message.starts_with(b"Request(") => Vote::Abstain,
            None => Vote::No,
        },
        Err(_) => Vote::No,
    }
}

crate::event::redacted!(Decision);

const fn request_of(action: Action, block_reason: Option<BlockReason>) -> Expected {
    Expected::Request {
        user: Some("mtaylor"),
        url: "http://bets.example/",
        status: None,
        action,
        block_reason,
        kind: RecordKind::Request,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a block",
        record: "2025-09-10 10:45:00 [9417] BLOCK mtaylor          10.1.4.17       year9      gambling      http://bets.example/ GET ",
        expected: request_of(Action::Blocked, Some(BlockReason::List)),
    },
    Example {
        shows: "a blocked tunnel with the server's name: its certificate",
        record: "2025-09-10 10:45:01 [9417] BLOCK -                pc17            config     https-option  192.0.2.7:443 CONNECT bets.example",
        expected: Expected::Request {
            user: None,
            url: "192.0.2.7:443",
            status: None,
            action: Action::Blocked,
            block_reason: Some(BlockReason::Certificate),
            kind: RecordKind::Tunnel,
        },
    },
    Example {
        shows: "what passed",
        record: "2025-09-10 10:45:01 [9417] PASS  mtaylor          10.1.4.17       year9      any           http://bets.example/ GET ",
        expected: request_of(Action::Allowed, None),
    },
    Example {
        shows: "a search made stricter",
        record: "2025-09-10 10:45:01 [9417] REDIR mtaylor          10.1.4.17       year9      SAFESEARCH    http://bets.example/ GET",
        expected: request_of(Action::Allowed, None),
    },
    Example {
        shows: "test mode: would be blocked, was not",
        record: "2025-09-10 10:45:01 [9417] TEST-BLOCK mtaylor 10.1.4.17 year9 gambling http://bets.example/ GET ",
        expected: request_of(Action::Monitored, None),
    },
    Example {
        shows: "refused while the lists were loaded",
        record: "2025-09-10 10:45:01 [9417] BLOCK-LD mtaylor          10.1.4.17       config     loading-database http://bets.example/ GET ",
        expected: request_of(Action::Error, None),
    },
    Example {
        shows: "the first of two records of a bumped tunnel",
        record: "2025-09-10 10:45:01 [9417] BPASS mtaylor          10.1.4.17       year9      any           a.example:443 CONNECT a.example",
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "a message",
        record: "2025-09-10 06:00:00 [9417] ufdbguardd 1.35.6 started with 65 threads",
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "cut inside the address",
        record: "2025-09-10 10:45:00 [9417] BLOCK mtaylor          10.1.4.17       year9      gambling      http://bets.exam",
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "no time",
        record: "BLOCK mtaylor 10.1.4.17 year9 gambling http://bets.example/ GET",
        expected: Expected::Reject(Reason::Time),
    },
];
