//! Pi-hole and dnsmasq, `log-queries`: several lines for each name that is asked for.
//!
//! How they are counted. The line of the question (`query[A] name from client`) is an event whose
//! action is unknown, for the line does not tell. The line of a refusal (`gravity blocked name is ...`)
//! is an event of its own, blocked; in the plain form it names no client. All others (`forwarded`,
//! `reply`, `cached` ...) are steps of a look-up. So questions are the rows of unknown action, blocks
//! are the blocked rows, each is counted once, and neither is lost where a file has only one of the
//! two; the sum of both is no number of look-ups.
//!
//! Form and words are from the source (pi-hole/FTL, `src/dnsmasq/cache.c` and `src/dnsmasq_interface.c`),
//! blocks and replies also from real lines. Written to a file, a line begins with a time without a year;
//! behind syslog the envelope's time counts. `log-queries=extra` puts a number and the client in front.

use super::{Example, Expected, Field, Format, Reading, Verified, Vote, field, lex};
use crate::fields::{Action, BlockReason, Fields, OtherKind, Parsed, RecordKind, Text, TimeBasis, When};
use crate::frame::Framing;
use crate::report::{Reason, Reject};

const FIELDS: &[Field] = &[
    field(1, "time", "local time without a year; missing behind syslog"),
    field(2, "dnsmasq[...]:", "program; it tells the layout"),
    field(3, "number, client", "of `log-queries=extra` only: the client address before the slash"),
    field(4, "query[...]", "a question: name and client follow"),
    field(5, "... blocked, ... denied, ... blacklisted", "a refusal: the name follows"),
];

pub(super) static FORMAT: Format = Format {
    id: "dnsmasq",
    version: "1",
    title: "Pi-hole and dnsmasq",
    origin: "Pi-hole 4 to 6 `pihole.log` and dnsmasq 2 with `log-queries` or `log-queries=extra`",
    verified: Verified::RealLines,
    fields: FIELDS,
    framing: Framing::Lines,
    reading: Reading::Records { sniff, parse },
    examples: EXAMPLES,
};

/// What a line is of.
struct Head<'a> {
    time: When,
    /// The name service itself, not the part that gives out addresses (`dnsmasq-dhcp[123]:`).
    names: bool,
    message: &'a [u8],
}

crate::event::redacted!(Head);

fn head(line: &[u8]) -> Option<Head<'_>> {
    let (rest, time) = match lex::month_time(line) {
        Ok((rest, time)) => (rest.strip_prefix(b" ")?, time),
        Err(_) => (line, When::Missing),
    };
    let rest = rest.strip_prefix(b"dnsmasq")?;
    let end = memchr::memmem::find(rest, b": ")?;
    let part = rest[..end].iter().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'-').count();
    let process = rest.get(part..end)?.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    let named = part == end || process.is_some_and(lex::is_number);
    let names = part == 0;
    (named && (names || rest.starts_with(b"-"))).then(|| Head { time, names, message: &rest[end + 2..] })
}

/// Number and client of the longer form; the client alone is kept. Messages of a look-up's making
/// itself have `*` or a number only.
fn extra(message: &[u8]) -> (&[u8], Text<'_>) {
    let plain = (message, None);
    let Some(blank) = memchr::memchr(b' ', message) else { return plain };
    let (number, rest) = (&message[..blank], &message[blank + 1..]);
    if !lex::is_number(number) && number != b"*" {
        return plain;
    }
    let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    match memchr::memchr(b'/', &rest[..end]) {
        Some(slash) if slash > 0 && lex::is_number(&rest[slash + 1..end]) => {
            (rest.get(end + 1..).unwrap_or_default(), lex::text(&rest[..slash]))
        }
        _ => (rest, None),
    }
}

/// What refused the name.
const REFUSALS: &[&[u8]] = &[
    b"gravity blocked ",
    b"regex blacklisted ",
    b"regex denied ",
    b"regex blocked ",
    b"exactly blacklisted ",
    b"exactly denied ",
    b"special domain ",
    // Before gravity was a part of the program, its lists were files of names.
    b"/etc/pihole/gravity.list ",
    b"/etc/pihole/black.list ",
];

fn sniff(line: &[u8]) -> Vote {
    if head(line).is_some() { Vote::Yes } else { Vote::No }
}

fn parse(record: &[u8]) -> Result<Parsed<'_>, Reject> {
    let Head { time, names, message } = head(record).ok_or_else(|| Reject::at(Reason::Columns, 0))?;
    if !names {
        return Ok(Parsed::Other(OtherKind::System));
    }
    let (message, client) = extra(message);
    let cut = || Reject::at(Reason::Truncated, record.len());
    if let Some(rest) = message.strip_prefix(b"query[") {
        let (_, rest) = parted(rest, b"] ").ok_or_else(cut)?;
        let (name, from) = last_parted(rest, b" from ").ok_or_else(cut)?;
        let client = lex::text(from.trim_ascii()).ok_or_else(cut)?;
        return event(record, time, name, Some(client), Action::Unknown);
    }
    for refusal in REFUSALS {
        if let Some(rest) = message.strip_prefix(*refusal) {
            let (name, _) = last_parted(rest, b" is ").ok_or_else(cut)?;
            return event(record, time, name, client, Action::Blocked);
        }
    }
    Ok(Parsed::Other(if is_step(message) { OtherKind::Lookup } else { OtherKind::System }))
}

fn parted<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memchr::memmem::find(text, separator)?;
    Some((&text[..at], &text[at + separator.len()..]))
}

/// At the last separator: whoever asks chooses the name, and one with the separator in it must not name
/// another client.
fn last_parted<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memchr::memmem::rfind(text, separator)?;
    Some((&text[..at], &text[at + separator.len()..]))
}

/// What is written for a name with bytes that cannot be printed.
const UNPRINTABLE: &[u8] = b"<name unprintable>";

/// A line about a name: so much is so, or was asked of so-and-so. The rest is the program's own.
fn is_step(message: &[u8]) -> bool {
    let first = message.split(|byte| *byte == b' ').next().unwrap_or_default();
    matches!(
        first,
        b"reply" | b"cached" | b"cached-stale" | b"forwarded" | b"config" | b"DHCP" | b"auth" | b"validation"
    ) || first.starts_with(b"dnssec-query[")
        || first.starts_with(b"/")
        || memchr::memmem::find(message, b" is ").is_some()
}

fn event<'a>(
    record: &[u8],
    time: When,
    name: &'a [u8],
    client: Text<'a>,
    action: Action,
) -> Result<Parsed<'a>, Reject> {
    // The root itself is `.`: nobody's site.
    let host = lex::text(name).filter(|name| !matches!(name.as_ref(), b"." | UNPRINTABLE));
    let Some(host) = host else { return Ok(Parsed::Other(OtherKind::Lookup)) };
    if host.contains(&b' ') {
        return Err(Reject::at(Reason::Columns, lex::offset(record, name)));
    }
    Ok(Parsed::Request(Fields {
        time,
        basis: TimeBasis::Start,
        client_address: client,
        host: Some(host),
        action,
        block_reason: (action == Action::Blocked).then_some(BlockReason::List),
        kind: RecordKind::Dns,
        ..Fields::default()
    }))
}

const fn request(url: &'static str, action: Action) -> Expected {
    let block_reason = if matches!(action, Action::Blocked) { Some(BlockReason::List) } else { None };
    Expected::Request { user: None, url, status: None, action, block_reason, kind: RecordKind::Dns }
}

const EXAMPLES: &[Example] = &[
    Example {
        shows: "a question, time without a year",
        record: "Sep 10 09:45:00 dnsmasq[676]: query[A] bets.example from 10.1.4.17",
        expected: request("bets.example", Action::Unknown),
    },
    Example {
        shows: "its refusal",
        record: "Sep 10 09:45:00 dnsmasq[676]: gravity blocked bets.example is 0.0.0.0",
        expected: request("bets.example", Action::Blocked),
    },
    Example {
        shows: "the longer form, behind syslog",
        record: "dnsmasq[676]: 12 10.1.4.17/51234 regex denied games.example is NXDOMAIN",
        expected: request("games.example", Action::Blocked),
    },
    Example {
        shows: "an answer",
        record: "Sep 10 09:45:01 dnsmasq[676]: reply www.example.org is 192.0.2.7",
        expected: Expected::Other(OtherKind::Lookup),
    },
    Example {
        shows: "passed on to another server",
        record: "Sep  1 09:45:01 dnsmasq[676]: 13 10.1.4.17/51235 forwarded www.example.org to 192.0.2.53",
        expected: Expected::Other(OtherKind::Lookup),
    },
    Example {
        shows: "a name of the school's own list",
        record: "Sep 10 09:45:01 dnsmasq[676]: /etc/pihole/custom.list printer.example is 10.1.0.9",
        expected: Expected::Other(OtherKind::Lookup),
    },
    Example {
        shows: "the program starts",
        record: "Sep 10 09:45:01 dnsmasq[676]: started, version pi-hole-2.89 cachesize 10000",
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "an address was given out",
        record: "Sep 10 09:45:01 dnsmasq-dhcp[676]: DHCPACK(eth0) 10.1.4.17 00:00:5e:00:53:17 PC17",
        expected: Expected::Other(OtherKind::System),
    },
    Example {
        shows: "a name that holds the words behind it, to pass for another client",
        record: "Sep 10 09:45:00 dnsmasq[676]: query[A] a.example from 10.1.4.99 from 10.1.4.17",
        expected: Expected::Reject(Reason::Columns),
    },
    Example {
        shows: "a name that cannot be printed",
        record: "Sep 10 09:45:00 dnsmasq[676]: query[A] <name unprintable> from 10.1.4.17",
        expected: Expected::Other(OtherKind::Lookup),
    },
    Example {
        shows: "cut",
        record: "Sep 10 09:45:00 dnsmasq[676]: query[A] www.exam",
        expected: Expected::Reject(Reason::Truncated),
    },
];
