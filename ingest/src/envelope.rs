//! The syslog envelope: a layer of its own between framing and formats (RFC 3164, RFC 5424, doubled by
//! a relay, or with parts left out, as appliances do).
//!
//! Where the message begins cannot be told from the envelope alone: a tag may be missing, and `date=`
//! right of the host may be a tag or the message. So all places are tried from the left, and the first
//! that has the format's own signature is the message.

use crate::fields::When;
use crate::formats::lex::{self, Step};
use crate::formats::{Reader, Vote};

/// Envelopes within envelopes that are opened.
const DEEPEST: usize = 2;

/// A place at which a message may begin, with the time that the envelope before it states.
#[derive(Clone, Copy)]
pub(crate) struct Opened<'a> {
    pub(crate) message: &'a [u8],
    pub(crate) time: When,
}

/// Every place at which the message of a line may begin, the line itself left out.
pub(crate) fn places(line: &[u8]) -> Places<'_> {
    Places { rest: line, time: When::Missing, step: Next::Priority, deep: 0 }
}

/// The message of a line by the signature of the reader's format, and the envelope's time; the line
/// itself where it has the signature, or where no place has.
pub(crate) fn open<'a>(line: &'a [u8], reader: &mut Reader) -> (&'a [u8], When) {
    if reader.vote(line) == Vote::Yes {
        return (line, When::Missing);
    }
    let mut fragment = None;
    // A line that describes the file may be wrapped like any other.
    let mut description = None;
    for place in places(line) {
        match reader.vote(place.message) {
            Vote::Yes => return (place.message, place.time),
            Vote::Fragment => fragment = Some(place),
            Vote::Abstain => description = Some(place),
            Vote::No => {}
        }
    }
    fragment.or(description).map_or((line, When::Missing), |place| (place.message, place.time))
}

#[derive(Clone, Copy)]
enum Next {
    Priority,
    Time,
    Host,
    Program,
    Tag,
}

/// The places of one line, from the left.
#[derive(Clone)]
pub(crate) struct Places<'a> {
    rest: &'a [u8],
    time: When,
    step: Next,
    deep: usize,
}

impl<'a> Iterator for Places<'a> {
    type Item = Opened<'a>;

    fn next(&mut self) -> Option<Opened<'a>> {
        loop {
            if self.deep == DEEPEST {
                return None;
            }
            let found = match self.step {
                Next::Priority => {
                    self.step = Next::Time;
                    priority(self.rest)
                }
                Next::Time => match time(self.rest) {
                    Some((rest, time)) => {
                        self.step = Next::Host;
                        self.time = time;
                        Some(rest)
                    }
                    // Without a time there is no envelope left to open.
                    None => {
                        self.deep = DEEPEST;
                        None
                    }
                },
                Next::Host => {
                    self.step = Next::Program;
                    word(self.rest)
                }
                Next::Program => {
                    self.step = Next::Tag;
                    // The four words of RFC 5424 may stand here as well, so the place is not taken up.
                    if let Some(message) = bare_tag(self.rest) {
                        return Some(Opened { message, time: self.time });
                    }
                    None
                }
                Next::Tag => {
                    self.step = Next::Priority;
                    self.deep += 1;
                    tag(self.rest)
                }
            };
            if let Some(rest) = found {
                self.rest = rest;
                return Some(Opened { message: rest, time: self.time });
            }
        }
    }
}

fn unblanked(rest: &[u8]) -> &[u8] {
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    &rest[blanks..]
}

/// `<134>`, with the version of RFC 5424 where it follows.
fn priority(line: &[u8]) -> Option<&[u8]> {
    let line = unblanked(line);
    let rest = line.strip_prefix(b"<")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=3).contains(&digits) {
        return None;
    }
    let rest = rest[digits..].strip_prefix(b">")?;
    Some(unblanked(rest.strip_prefix(b"1 ").unwrap_or(rest)))
}

fn time(line: &[u8]) -> Option<(&[u8], When)> {
    let line = unblanked(line);
    let read: Step<'_, When> = lex::month_time(line).or_else(|_| lex::iso_time(line));
    match read {
        Ok((rest @ ([b' ' | b':', ..] | []), time)) => Some((unblanked(after_colon(rest)), time)),
        // RFC 5424 may leave the time out.
        _ => line.strip_prefix(b"- ").map(|rest| (unblanked(rest), When::Missing)),
    }
}

/// Some devices put a colon behind the time.
fn after_colon(rest: &[u8]) -> &[u8] {
    rest.strip_prefix(b":").unwrap_or(rest)
}

/// What follows the next word.
fn word(line: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b' ', line)?;
    Some(unblanked(&line[end..]))
}

/// What follows `program[123]:`, `(squid-1)[6802]:` or a lone `:`; or the address of the sender, where a
/// relay puts it before the envelope that it was sent; or the four words of RFC 5424 (program, process,
/// message id, structured data).
fn tag(line: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b' ', line)?;
    let first = &line[..end];
    let after = unblanked(&line[end..]);
    if first.ends_with(b":") || priority(after).is_some() {
        return Some(after);
    }
    let mut rest = line;
    for _ in 0..3 {
        rest = word(rest)?;
    }
    let rest = structured(rest)?;
    let rest = unblanked(rest);
    Some(rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest))
}

/// What follows `program` without a colon: so rsyslog's file layouts write what came as RFC 5424.
fn bare_tag(line: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b' ', line)?;
    (!line[..end].ends_with(b":")).then(|| unblanked(&line[end..]))
}

/// What follows structured data: `-`, or `[...]` blocks in which quoted values may hold brackets.
fn structured(line: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = line.strip_prefix(b"-") {
        return matches!(rest, [] | [b' ', ..]).then_some(rest);
    }
    let mut rest = line.strip_prefix(b"[")?;
    let mut quoted = false;
    loop {
        match rest {
            [b'\\', _, after @ ..] if quoted => rest = after,
            [b'"', after @ ..] => {
                quoted = !quoted;
                rest = after;
            }
            [b']', b'[', after @ ..] if !quoted => rest = after,
            [b']', after @ ..] if !quoted => return Some(after),
            [_, after @ ..] => rest = after,
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    fn messages(line: &str) -> Vec<String> {
        places(line.as_bytes()).map(|place| String::from_utf8_lossy(place.message).into_owned()).collect()
    }

    fn last_time(line: &str) -> When {
        places(line.as_bytes()).last().unwrap().time
    }

    #[test]
    fn the_message_is_among_the_places() {
        for line in [
            "<166>Aug 21 22:08:13 fw.example (squid-1)[6802]: THE message",
            "<40>Dec 21 07:49:02 host03 : THE message",
            "<134> Mar  9 08:12:45 fortigate THE message",
            "<134>THE message",
            "Mar  9 08:12:45 fw THE message",
            "<134>1 2025-11-12T09:15:30.123Z fw squid 812 - - THE message",
            "<134>1 2025-11-12T09:15:30+01:00 fw squid - ID47 [a b=\"x]y\\\"\"][c] \u{feff}THE message",
            "<134>1 - - - - - - THE message",
            "2025-11-12T09:15:30.123456+00:00 fw squid[8]: THE message",
            "2025-11-12T09:15:30.123456+00:00 fw squid THE message",
            "Nov 12 09:15:30 fw squid THE message of - four words",
            "<13>Nov 12 09:15:30 relay 10.1.4.1 <134>Nov 12 09:15:29 fw squid[8]: THE message",
            "Nov 12 09:15:30 relay Nov 12 09:15:29 fw THE message",
        ] {
            assert!(
                messages(line).iter().any(|message| message.starts_with("THE message")),
                "{line}: {:?}",
                messages(line)
            );
        }
    }

    #[test]
    fn a_third_envelope_stays_shut() {
        let one = "Nov 12 09:15:30 relay ";
        assert!(!messages(&format!("{one}{one}{one}THE message")).contains(&"THE message".to_owned()));
    }

    #[test]
    fn no_envelope_no_place() {
        for line in ["THE message", "", "<134", "<1345>x y", "1757497500.123 245 10.1.4.17 x"] {
            assert_eq!(messages(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn the_innermost_time_counts() {
        let line = "<13>Nov 12 09:15:30 relay <134>1 2025-11-12T08:15:29Z fw squid - - - THE message";
        assert_eq!(last_time(line), When::Instant(1_762_935_329_000_000));
        let time = jiff::civil::time(22, 8, 13, 0);
        assert_eq!(
            last_time("Aug 21 22:08:13 fw squid: THE message"),
            When::Yearless { month: 8, day: 21, time }
        );
    }
}
