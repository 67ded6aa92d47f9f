//! e2guardian and DansGuardian, layout 1: nineteen columns with single blanks between, nothing quoted.
//!
//! An empty column leaves two blanks side by side, and the reason in the middle is free text that may hold
//! runs of blanks itself. So a record is read from both ends: time, name, client and address from the
//! left; then the last place at which a method, a size and a score stand together with a group number
//! and a status after them. What lies between is the reason.
//!
//! Whoever asks may put a blank into an address and, where it is logged, any text into the name of a browser.
//! So the address goes on up to the marker with which a reason begins, and a record that can be read in two
//! ways (two places for the status, markers in two places, a refusal's status beside words that are no
//! reason) is rejected: it might be a refusal.

use super::guardian::{self, Dated};
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
#[derive(Clone, Copy)]
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

/// Finds the columns right of the reason; none where there are none, or where two places could be the
/// status.
fn right(rest: &[u8]) -> Option<Right<'_>> {
    let mut found: Option<Right<'_>> = None;
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
            // Words of a reason that look like a method and numbers have the same status behind them.
            if found.is_some_and(|found| found.code.as_ptr() != right.code.as_ptr()) {
                return None;
            }
            found = Some(Right { begin, how, size, weight, ..right });
        }
    }
    found
}

/// Address and reason, where the address may go on behind its first blank; none where the two cannot be
/// told apart, or a refusal's status has no reason.
fn address_and_reason<'a>(record: &'a [u8], left: &Left<'a>, right: &Right<'_>) -> Option<(&'a [u8], &'a [u8])> {
    let between = &left.rest[..right.begin];
    let what = between.trim_ascii();
    if matches!(what, b"" | b"-") {
        return Some((left.location, what));
    }
    let refused = right.code == b"403";
    let begin = lex::offset(record, left.location);
    let upto = |length: usize| {
        let end = begin + left.location.len() + length;
        record.get(begin..end).unwrap_or(left.location).trim_ascii_end()
    };
    // The name of a thread, which stands for nothing where a second log is on.
    let thread = what.ends_with(b":") && memchr::memchr(b' ', what).is_none();
    match guardian::marker(between) {
        // The blank behind the address and nothing else.
        Some((at @ 0..=1, _)) => {
            let reason = between[at..].trim_ascii();
            guardian::marker(guardian::behind_markers(reason)).is_none().then_some((left.location, reason))
        }
        Some((at, blocked)) => {
            let reason = between[at..].trim_ascii();
            let one = guardian::marker(guardian::behind_markers(reason)).is_none();
            // Every refusal has status 403, so a marker of one beside another status is part of an address.
            (one && (refused || !blocked)).then_some((upto(at), reason))
        }
        None if what.ends_with(b" -") => {
            let dash = memchr::memrchr(b'-', between)?;
            Some((upto(dash), &between[dash..=dash]))
        }
        None if refused && !thread && !what.starts_with(b"*") => None,
        None => Some((left.location, what)),
    }
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
    let Some((location, what)) = address_and_reason(record, &left, &right) else {
        return Err(Fault::new(Reason::Columns, left.rest).reject(record));
    };
    let columns = [
        left.when,
        left.who,
        left.from,
        location,
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
        shows: "a refusal of an address with blanks",
        record: "2025.09.10 10:46:10 mtaylor 10.1.4.17 http://bets.example/a b c *DENIED* Banned site: bets.example GET 0 0 Gambling 2 403 - - year9 - - - - -",
        expected: request("http://bets.example/a b c", 403, Action::Blocked, Some(BlockReason::List)),
    },
    Example {
        shows: "a page whose address has a blank",
        record: "2025.09.10 10:46:10 mtaylor 10.1.4.17 http://a.example/a b - GET 5120 0 - 2 200 - - year9 - - - - -",
        expected: request("http://a.example/a b", 200, Action::Allowed, None),
    },
    Example {
        shows: "a refusal whose marker no word list has, of an address with a blank",
        record: "2025.09.10 10:46:10 mtaylor 10.1.4.17 http://bets.example/a b *ZAKAZANO* bets.example GET 0 0 Gambling 2 403 - - year9 - - - - -",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "a marker within the address, before that of the refusal",
        record: "2025.09.10 10:46:10 mtaylor 10.1.4.17 http://bets.example/a *TRUSTED* b *DENIED* Banned site: bets.example GET 0 0 Gambling 2 403 - - year9 - - - - -",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "a second status, in the name of the browser",
        record: "2025.09.10 10:46:10 - 10.1.4.17 https://a.example:443 *TRUSTED* - CONNECT 0 0 - 1 407 - - default x GET 0 0 - 2 200 - - y - - - - -",
        expected: Expected::Reject(Reason::Columns),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    /// The address and the decision of a record with this between client and method; none of a reject.
    fn read(between: &str, status: u32) -> Option<(String, Action)> {
        let record =
            format!("2025.09.10 10:46:10 mtaylor 10.1.4.17 {between} GET 0 0 - 2 {status} - - year9 - - - - -");
        match parse(record.as_bytes()) {
            Ok(Parsed::Request(fields)) => {
                Some((String::from_utf8(fields.url.unwrap().into_owned()).unwrap(), fields.action))
            }
            Ok(_) => panic!("{between}"),
            Err(reject) => {
                assert_eq!(reject.reason, Reason::Columns, "{between}");
                None
            }
        }
    }

    #[test]
    fn a_blank_in_an_address_hides_no_refusal() {
        let some = |url: &str, action: Action| Some((url.to_owned(), action));
        let denied = "*DENIED* Banned site: a.example";
        assert_eq!(read(&format!("http://a.example/ {denied}"), 403), some("http://a.example/", Action::Blocked));
        for address in ["http://a.example/b c", "http://a.example/b  c", "http://a.example/b -", "http://a.example/* *x*"] {
            assert_eq!(read(&format!("{address} {denied}"), 403), some(address, Action::Blocked), "{address}");
        }
        assert_eq!(
            read("http://a.example/b c *SCANNED* *DENIED* hw3: Banned site: a.example", 403),
            some("http://a.example/b c", Action::Blocked)
        );
        for (between, status) in [
            // Words that are no reason beside a refusal's status; markers in two places.
            ("http://a.example/b c", 403),
            ("http://a.example/b c *NOWE* a.example", 403),
            ("http://a.example/b *TRUSTED* c *DENIED* Banned site: a.example", 403),
            ("http://a.example/ *TRUSTED* c *DENIED* Banned site: a.example", 403),
            // A marker of a refusal that is none.
            ("http://a.example/b c *DENIED* d -", 200),
        ] {
            assert_eq!(read(between, status), None, "{between}");
        }
    }

    #[test]
    fn what_passed_is_read_as_before() {
        let some = |url: &str| Some((url.to_owned(), Action::Allowed));
        for (between, status, address) in [
            ("http://a.example/ -", 200, "http://a.example/"),
            ("http://a.example/ ", 200, "http://a.example/"),
            ("http://a.example/b c -", 200, "http://a.example/b c"),
            // The site's own refusal, with the name of a thread too.
            ("http://a.example/ -", 403, "http://a.example/"),
            ("http://a.example/ hw3: ", 403, "http://a.example/"),
            ("http://a.example/ *TRUSTED* Site match: a.example", 403, "http://a.example/"),
            ("http://a.example/b c *TRUSTED* Site match: a.example", 200, "http://a.example/b c"),
            ("http://a.example/ Exception phrase found: anatomy", 200, "http://a.example/"),
        ] {
            assert_eq!(read(between, status), some(address), "{between}");
        }
    }
}
