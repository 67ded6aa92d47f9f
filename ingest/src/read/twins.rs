//! Two rows of one request, of which the weaker is not taken in.
//!
//! Some producers write two rows about a request when two of their settings are on. A row says by its
//! [`Twin`] which request it is about and whether it is the weaker of the two. One stronger row stands
//! against one weaker row, so that what was requested twice is counted twice.
//!
//! The stronger row first: it is remembered, for as long as a thousand others follow, and the weaker
//! row is left out when it comes. The weaker row first: nobody can tell yet, so it waits, and whatever
//! follows waits behind it, since the order of records tells repeated local times apart. It is left
//! out when its stronger row is among the next few, and handed on when it is not. Rows that lie
//! further apart are both taken in: a request too many is seen, one too few is not. So are two of which
//! the weaker was the last of a file that grew afterwards. Files without such rows never wait.

use std::collections::VecDeque;

use crate::fields::Twin;
use crate::frame::RawRecord;
use crate::quick_map::QuickMap;
use crate::report::{Place, Reason};

/// Records that may stand between a weaker row and the stronger one behind it. The two are written by
/// one process for one request, so that only rows of other requests of that moment come between.
const WAITING: usize = 32;

/// Stronger rows that are remembered at least; up to twice as many are.
const REMEMBERED: usize = 1024;

/// What is to be done with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Hand it on: nothing waits.
    HandOn,
    /// Count it as a duplicate.
    LeaveOut,
    /// [Hold](Twins::hold) it and look what may be [released](Twins::release).
    Hold,
}

/// A record that waits, or waits behind one.
pub(super) struct Held {
    place: Place,
    bytes: Vec<u8>,
    fault: Option<Reason>,
    unterminated: bool,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A weaker row whose stronger one has not come.
    Waiting(u64),
    /// A weaker row whose stronger one came.
    LeftOut,
    /// Any other.
    Settled,
}

impl Held {
    /// The record as it came.
    pub(super) fn record(&self) -> RawRecord<'_> {
        RawRecord {
            place: self.place,
            bytes: &self.bytes,
            fault: self.fault,
            unterminated: self.unterminated,
        }
    }

    /// Whether it is a duplicate.
    pub(super) fn left_out(&self) -> bool {
        self.state == State::LeftOut
    }
}

/// The rows of one file that may be one of two.
#[derive(Default)]
pub(super) struct Twins {
    held: VecDeque<Held>,
    /// Stronger rows whose weaker ones have not come, by request; the newer and the older half.
    newer: QuickMap<u64, u32>,
    older: QuickMap<u64, u32>,
}

impl std::fmt::Debug for Twins {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Twins({} held)", self.held.len())
    }
}

impl Twins {
    /// Looks at the next record.
    pub(super) fn see(&mut self, twin: Option<Twin>) -> Next {
        match twin {
            Some(Twin { request, weaker: true }) => {
                if self.recall(request) {
                    return Next::LeaveOut;
                }
                return Next::Hold;
            }
            Some(Twin { request, weaker: false }) => {
                match self.held.iter_mut().find(|held| held.state == State::Waiting(request)) {
                    Some(held) => held.state = State::LeftOut,
                    None => self.remember(request),
                }
            }
            None => {}
        }
        if self.held.is_empty() { Next::HandOn } else { Next::Hold }
    }

    /// Keeps a record that was just seen.
    pub(super) fn hold(&mut self, record: &RawRecord<'_>, twin: Option<Twin>) {
        let state = match twin {
            Some(Twin { request, weaker: true }) => State::Waiting(request),
            _ => State::Settled,
        };
        self.held.push_back(Held {
            place: record.place,
            bytes: record.bytes.to_vec(),
            fault: record.fault,
            unterminated: record.unterminated,
            state,
        });
    }

    /// The next record that need not wait any longer; at the end of the file none has to.
    pub(super) fn release(&mut self, ended: bool) -> Option<Held> {
        let waits = matches!(self.held.front()?.state, State::Waiting(_));
        if waits && !ended && self.held.len() <= WAITING {
            return None;
        }
        self.held.pop_front()
    }

    fn remember(&mut self, request: u64) {
        if self.newer.len() >= REMEMBERED {
            self.older = std::mem::take(&mut self.newer);
        }
        *self.newer.entry(request).or_default() += 1;
    }

    /// Whether a stronger row is remembered; it is forgotten then.
    fn recall(&mut self, request: u64) -> bool {
        [&mut self.newer, &mut self.older].into_iter().any(|rows| match rows.get_mut(&request) {
            Some(1) => rows.remove(&request).is_some(),
            Some(count) => {
                *count -= 1;
                true
            }
            None => false,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use std::fmt::Write as _;

    use crate::detect::Detected;
    use crate::fields::{Action, Parsed};
    use crate::formats;
    use crate::report::Tally;

    /// A row about a request: session, second, path.
    fn row(rule: &str, session: u32, second: u32, path: &str) -> String {
        format!(
            "date=2025-11-12 time=09:15:{second:02} tz=\"+0000\" type=\"utm\" subtype=\"webfilter\" eventtype=\"{rule}\" vd=\"root\" sessionid={session} hostname=\"a.example\" action=\"passthrough\" url=\"https://a.example/{path}\"\n"
        )
    }

    /// Rows about a request as text: `w` the weaker, `s` the stronger, the number of the session, the
    /// second and a letter for the path.
    fn rows(rows: &str) -> String {
        rows.split(' ').fold(String::new(), |mut content, word| {
            let (rule, rest) = if let Some(rest) = word.strip_prefix('w') {
                ("urlmonitor", rest)
            } else {
                ("ftgd_allow", &word[1..])
            };
            let mut digits = rest.chars().map(|letter| letter.to_digit(10).unwrap_or_default());
            let (session, second) = (digits.next().unwrap(), digits.next().unwrap());
            write!(content, "{}", row(rule, session, second, &rest[2..])).unwrap();
            content
        })
    }

    /// The rows that were handed on, in their order, and how many were left out.
    fn read(content: &str) -> (Vec<(u64, Action)>, u64) {
        let detected = Detected::format(formats::find("fortigate").unwrap());
        let mut tally = Tally::default();
        let mut handed_on = Vec::new();
        let mut sink = |place: crate::report::Place,
                        _: &[u8],
                        parsed: Result<Parsed<'_>, crate::report::Reject>,
                        tally: &mut Tally| {
            match parsed {
                Ok(Parsed::Request(fields)) => {
                    handed_on.push((place.record, fields.action));
                    tally.events += 1;
                }
                Ok(_) => panic!("only requests"),
                Err(reject) => tally.reject(reject.reason),
            }
            Ok(())
        };
        crate::read::read_records(&mut content.as_bytes(), &detected, &mut tally, &mut sink).unwrap();
        tally.conserve(tally.events).unwrap();
        (handed_on, tally.duplicate)
    }

    fn places(content: &str) -> (Vec<u64>, u64) {
        let (handed_on, left_out) = read(content);
        (handed_on.into_iter().map(|(place, _)| place).collect(), left_out)
    }

    #[test]
    fn the_stronger_of_two_stays_whichever_comes_first() {
        assert_eq!(read(&rows("s11a w11a")), (vec![(1, Action::Allowed)], 1));
        assert_eq!(read(&rows("w11a s11a")), (vec![(2, Action::Allowed)], 1));
        assert_eq!(read(&rows("w11a")), (vec![(1, Action::Monitored)], 0));
    }

    #[test]
    fn another_session_second_or_address_is_another_request() {
        for rows_of_two in ["s11a w21a", "s11a w12a", "s11a w11b", "w11a s21a", "w11a s12a", "w11a s11b"] {
            assert_eq!(places(&rows(rows_of_two)), (vec![1, 2], 0), "{rows_of_two}");
        }
    }

    #[test]
    fn one_stands_against_one() {
        assert_eq!(places(&rows("s11a w11a w11a")), (vec![1, 3], 1));
        assert_eq!(places(&rows("w11a w11a s11a")), (vec![2, 3], 1));
        assert_eq!(places(&rows("s11a s11a w11a w11a")), (vec![1, 2], 2));
        assert_eq!(places(&rows("w11a s11a s11a w11a")), (vec![2, 3], 2));
    }

    #[test]
    fn others_between_keep_their_order() {
        assert_eq!(places(&rows("w11a s21b w31c s11a s31c s41d")), (vec![2, 4, 5, 6], 2));
        let mut content = rows("w11a");
        content.push_str("\njunk\n");
        content.push_str(&rows("s11a"));
        assert_eq!(places(&content), (vec![4], 1));
    }

    #[test]
    fn what_lies_far_apart_is_taken_in() {
        let between: String =
            (0..super::WAITING as u32).map(|at| row("ftgd_allow", 100 + at, 1, "x")).collect();
        let (first, last) = (rows("w11a"), rows("s11a"));
        let near: String = between.lines().skip(1).map(|line| format!("{line}\n")).collect();
        assert_eq!(read(&format!("{first}{near}{last}")).1, 1);
        assert_eq!(read(&format!("{first}{between}{last}")).1, 0);
        // A stronger row is remembered for longer.
        assert_eq!(read(&format!("{last}{between}{first}")).1, 1);
        let many: String =
            (0..super::REMEMBERED as u32 * 2).map(|at| row("ftgd_allow", 100 + at, 1, "x")).collect();
        assert_eq!(read(&format!("{last}{many}{first}")).1, 0);
    }

    #[test]
    fn the_other_dress_of_the_rows_is_read_alike() {
        let row = |rule: &str, path: &str| {
            format!(
                "CEF:0|Fortinet|Fortigate|v7.0.6|13312|utm:webfilter {rule} passthrough|3|FTNTFGTeventtime=1762938930123456789 cat=utm:webfilter FTNTFGTsubtype=webfilter FTNTFGTeventtype={rule} externalId=7 src=10.1.4.17 dhost=a.example act=passthrough request={path}\n"
            )
        };
        let content =
            [row("urlmonitor", "https://a.example/a"), row("ftgd_allow", "/a"), row("urlmonitor", "/b")];
        let detected = Detected::format(formats::find("fortigate-cef").unwrap());
        let mut tally = Tally::default();
        crate::read::read_records(
            &mut content.concat().as_bytes(),
            &detected,
            &mut tally,
            &mut |_, _, _, tally| {
                tally.events += 1;
                Ok(())
            },
        )
        .unwrap();
        tally.conserve(2).unwrap();
        assert_eq!(tally.duplicate, 1);
    }

    #[test]
    fn a_path_of_an_older_release_and_a_whole_address_are_one() {
        let older = "date=2025-11-12 time=09:15:01 tz=\"+0000\" type=utm subtype=webfilter eventtype=ftgd_blk vd=root sessionid=1 hostname=\"a.example\" action=blocked url=\"/a\"\n";
        assert_eq!(read(&format!("{older}{}", rows("w11a"))), (vec![(1, Action::Blocked)], 1));
        // Of a row without a session nothing can be said.
        let (strong, weak) =
            (rows("s11a").replace("sessionid=1 ", ""), rows("w11a").replace("sessionid=1 ", ""));
        assert_eq!(places(&format!("{strong}{weak}")), (vec![1, 2], 0));
    }
}
