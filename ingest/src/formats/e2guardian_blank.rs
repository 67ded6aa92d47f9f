//! e2guardian and DansGuardian, layout 1: nineteen columns with single blanks between, nothing quoted.
//!
//! An empty column leaves two blanks side by side, and the reason in the middle is free text that may hold
//! runs of blanks itself. So a record is read from both ends: time, name, client and address from the
//! left; then the last place at which a method, a size and a score stand together with a group number
//! and a status after them. What lies between is the reason.

use super::guardian::Dated;
use super::lex::{self, Fault};
use super::{Example, Expected, Format, Reading, Verified, Vote, e2guardian_csv};
use crate::fields::{Action, BlockReason, Parsed, RecordKind};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

pub(super) static FORMAT: Format = Format {
    id: "e2guardian-1",
    version: "1",
    title: "e2guardian and DansGuardian, blanks",
    origin: "DansGuardian (the default) and e2guardian, `logfileformat = 1`",
    verified: Verified::RealLines,
    fields: e2guardian_csv::FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

/// The columns left of the reason.
struct Left<'a> {
    when: &'a [u8],
    who: &'a [u8],
    from: &'a [u8],
    location: &'a [u8],
    /// The reason and all that follows.
    rest: &'a [u8],
}

/// The columns right of the reason; where they begin.
struct Right<'a> {
    begin: usize,
    how: &'a [u8],
    size: &'a [u8],
    weight: &'a [u8],
    category: &'a [u8],
    group_number: &'a [u8],
    code: &'a [u8],
    mime: &'a [u8],
    host: &'a [u8],
    group: &'a [u8],
    agent: &'a [u8],
}

fn left(record: &[u8]) -> Result<Left<'_>, Fault> {
    let cut = || Fault::new(Reason::Truncated, &[]);
    let Ok((rest, _)) = lex::dotted_time(record) else {
        return Err(Fault::new(Reason::Time, record));
    };
    let when = &record[..record.len() - rest.len()];
    let rest = match rest.strip_prefix(b" ") {
        Some(rest) => rest,
        None if rest.is_empty() => return Err(cut()),
        None => return Err(Fault::new(Reason::Time, rest)),
    };
    // The address has a scheme; a name before it may hold blanks.
    let scheme = memchr::memmem::find(rest, b"://");
    let begin = scheme.and_then(|at| memchr::memrchr(b' ', &rest[..at])).map(|at| at + 1);
    let begin = match begin {
        Some(begin) => begin,
        None => memchr::memchr_iter(b' ', rest).nth(1).map(|at| at + 1).ok_or_else(cut)?,
    };
    let names = rest.get(..begin - 1).unwrap_or_default();
    let Some(between) = memchr::memrchr(b' ', names) else {
        return Err(Fault::new(Reason::Columns, rest));
    };
    let location = &rest[begin..];
    let end = memchr::memchr(b' ', location).ok_or_else(cut)?;
    Ok(Left {
        when,
        who: &names[..between],
        from: &names[between + 1..],
        location: &location[..end],
        rest: &location[end..],
    })
}

/// The words of a text between single blanks, empty ones too, with their places.
fn words(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    text.split(|byte| *byte == b' ').map(move |word| {
        let place = at;
        at += word.len() + 1;
        (place, word)
    })
}

fn is_number(word: &[u8], longest: usize) -> bool {
    (1..=longest).contains(&word.len()) && word.iter().all(u8::is_ascii_digit)
}

fn is_method(word: &[u8]) -> bool {
    word == b"-" || ((3..=16).contains(&word.len()) && word.iter().all(u8::is_ascii_uppercase))
}

/// Finds the columns right of the reason.
fn right(rest: &[u8]) -> Option<Right<'_>> {
    let mut found = None;
    for (begin, how) in words(rest).filter(|(_, word)| is_method(word)) {
        let behind = rest.get(begin + how.len() + 1..).unwrap_or_default();
        let mut next = words(behind);
        let (Some((_, size)), Some((at, weight))) = (next.next(), next.next()) else { continue };
        let score = weight.strip_prefix(b"-").unwrap_or(weight);
        if lex::whole_column(size).is_none() || !is_number(score, 9) {
            continue;
        }
        let behind = behind.get(at + weight.len() + 1..).unwrap_or_default();
        if let Some(right) = after_weight(behind) {
            found = Some(Right { begin, how, size, weight, ..right });
        }
    }
    found
}

/// Category, group number, status, type, host, group and agent: the number and the status are the first
/// two words that can be these.
fn after_weight(text: &[u8]) -> Option<Right<'_>> {
    // At least one word, perhaps an empty one, is the category.
    let numbers = words(text).skip(1);
    let codes = words(text).skip(2);
    let ((begin, group_number), (at, code)) = numbers
        .zip(codes)
        .find(|((_, number), (_, code))| is_number(number, 3) && (is_number(code, 3) && code.len() != 2))?;
    let tail = text.get(at + code.len() + 1..)?;
    let mut next = words(tail);
    let (_, mime) = next.next()?;
    let (place, host) = next.next().unwrap_or((tail.len(), b""));
    let names = tail.get(place + host.len() + 1..).unwrap_or_default();
    let (group, agent) = group_and_agent(names);
    let category = text[..begin].strip_suffix(b" ").unwrap_or_default();
    let none: &[u8] = b"";
    Some(Right {
        begin: 0,
        how: none,
        size: none,
        weight: none,
        category,
        group_number,
        code,
        mime,
        host,
        group,
        agent,
    })
}

/// A group's name may hold blanks: the agent begins at the next word that is `-`, empty or has a slash.
/// What the newer versions write behind the agent is mostly `-`.
fn group_and_agent(names: &[u8]) -> (&[u8], &[u8]) {
    let begin = words(names)
        .skip(1)
        .find(|(_, word)| matches!(*word, b"-" | b"") || memchr::memchr(b'/', word).is_some())
        .map_or(names.len(), |(at, _)| at);
    let group = names[..begin].trim_ascii_end();
    let mut agent = names[begin..].trim_ascii();
    for _ in 0..4 {
        agent = agent.strip_suffix(b" -").unwrap_or(agent).trim_ascii_end();
    }
    (group, agent)
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let left = left(record).map_err(|fault| fault.reject(record))?;
    let Some(right) = right(left.rest) else {
        return Err(Fault::new(Reason::Columns, left.rest).reject(record));
    };
    let what = left.rest[..right.begin].trim_ascii();
    let columns = [
        left.when,
        left.who,
        left.from,
        left.location,
        what,
        right.how,
        right.size,
        right.weight,
        right.category,
        right.group_number,
        right.code,
        right.mime,
        right.host,
        right.group,
        right.agent,
    ];
    Dated { record, columns }.parse()
}

fn sniff(line: &[u8]) -> Vote {
    match left(line) {
        Ok(left) if right(left.rest).is_some() => Vote::Yes,
        Ok(_) => Vote::Fragment,
        // A time that blanks follow, and then not enough.
        Err(fault) if fault.reason == Reason::Truncated => Vote::Fragment,
        Err(_) => Vote::No,
    }
}

crate::event::redacted!(Left, Right);

const fn request(
    url: &'static str,
    status: u32,
    action: Action,
    block_reason: Option<BlockReason>,
) -> Expected {
    Expected::Request {
        user: Some("mtaylor"),
        url,
        status: Some(status),
        action,
        block_reason,
        kind: RecordKind::Request,
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a page",
        record: "2025.09.10 10:46:10 mtaylor 10.1.4.17 http://a.example/ - GET 5120 0 - 2 200 - - year 9 - - - - -",
        expected: request("http://a.example/", 200, Action::Allowed, None),
    },
    Example {
        shows: "a blocked site; blanks in category and group",
        record: "2025.09.10 10:46:10 mtaylor 10.1.4.17 http://bets.example/ *DENIED* Banned site: bets.example GET 0 0 Gambling, Sport news 2 403 - - year 9 Mozilla/5.0 (X11) - - - -",
        expected: request("http://bets.example/", 403, Action::Blocked, Some(BlockReason::List)),
    },
    Example {
        shows: "an old build: time without padding, the address as the user, empty columns",
        record: "2016.1.8 9:46:10 10.1.4.17 10.1.4.17 http://a.example/file.zip *DENIED* Banned extension: .zip GET 0 0 Banned extension 2 403 application/zip  limited -",
        expected: Expected::Request {
            user: Some("10.1.4.17"),
            url: "http://a.example/file.zip",
            status: Some(403),
            action: Action::Blocked,
            block_reason: Some(BlockReason::FileKind),
            kind: RecordKind::Request,
        },
    },
    Example {
        shows: "an exception in another language, no category",
        record: "2016.1.8 9:46:10 mtaylor 10.1.4.17 http://a.example/ *EXCEPTION* Site trouv\u{e9}. POST 326 0  2 200 -  limited -",
        expected: request("http://a.example/", 200, Action::Allowed, None),
    },
    Example {
        shows: "runs of blanks in a phrase, a score below zero",
        record: "2025.09.10 10:46:10 mtaylor 10.1.4.17 http://a.example/ *DENIED* Banned phrase found:  zorkweed  GET 9000 -12 Weapons 2 403 - - year 9 - - - - -",
        expected: request("http://a.example/", 403, Action::Blocked, Some(BlockReason::Content)),
    },
    Example {
        shows: "a reason that quotes numbers, an epoch behind the time",
        record: "2025.09.10 10:46:10 1757497570.005 mtaylor 10.1.4.17 http://a.example/ *DENIED* Weighted phrase limit of 50 : 112 (zork GET 1 2 gnu) GET 9000 112 Violence 2 403 - - year 9 - - - - -",
        expected: request("http://a.example/", 403, Action::Blocked, Some(BlockReason::Content)),
    },
    Example {
        shows: "users hidden by the source",
        record: "2025.09.10 10:46:10  0.0.0.0 https://c.example:443 - CONNECT 0 0 - 1 200 -  default - - - - -",
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
        shows: "a challenge that carries a trusted marker",
        record: "2025.09.10 10:46:10 - 10.1.4.17 https://a.example:443 *TRUSTED* - CONNECT 0 0 - 1 407 - - default - - - - -",
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
        shows: "cut inside the address",
        record: "2025.09.10 10:46:10 mtaylor 10.1.4.17 http://www.exam",
        expected: Expected::Reject(Reason::Truncated),
    },
    Example {
        shows: "no group number and status",
        record: "2025.09.10 10:46:10 mtaylor 10.1.4.17 http://a.example/ - GET 5120 0 -",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "a month that does not exist",
        record: "2025.19.10 10:46:10 mtaylor 10.1.4.17 http://a.example/ - GET 5120 0 - 2 200 - - year 9 - - - - -",
        expected: Expected::Reject(Reason::Time),
    },
];
