//! How an export writes dates, and which of day and month comes first.

use jiff::civil;
use jiff::fmt::strtime;
use serde::Deserialize;

use crate::fields::When;

/// Which comes first in `03/04/2025`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DateOrder {
    DayFirst,
    MonthFirst,
}

impl DateOrder {
    /// The word in profiles and answers.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::DayFirst => "day-first",
            Self::MonthFirst => "month-first",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::DayFirst, Self::MonthFirst].into_iter().find(|order| order.word() == word)
    }
}

/// One way to write a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TimeFormat {
    /// A pattern of `%` letters.
    Pattern {
        pattern: String,
        /// The same with day and month exchanged, where they are two bare numbers.
        swapped: Option<String>,
        has_time: bool,
        has_offset: bool,
    },
    /// `2025-09-03T10:46:10`, with a blank for the `T`, parts of a second, `Z` or an offset; or the day.
    Iso,
    /// Days since the end of 1899, as spreadsheets count.
    ExcelSerial,
    /// Seconds since 1970.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMilliseconds,
}

impl TimeFormat {
    /// Reads a format of a profile.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "iso" => return Some(Self::Iso),
            "excel-serial" => return Some(Self::ExcelSerial),
            "epoch-seconds" => return Some(Self::EpochSeconds),
            "epoch-milliseconds" => return Some(Self::EpochMilliseconds),
            _ => {}
        }
        let has = |directive: &str| text.contains(directive);
        let has_time = has("%H") || has("%I") || has("%T");
        let has_offset = has("%z") || has("%:z");
        let day = text.find("%d");
        let month = text.find("%m");
        let year = text.find("%Y").or_else(|| text.find("%y"));
        // A year in front means year, month, day everywhere.
        let swapped = match (day, month, year) {
            (Some(day), Some(month), Some(year)) if year > day.min(month) => {
                Some(text.replace("%d", "%\u{0}").replace("%m", "%d").replace("%\u{0}", "%m"))
            }
            _ => None,
        };
        let format = Self::Pattern { pattern: text.to_owned(), swapped, has_time, has_offset };
        // A pattern that cannot read what it writes is not one.
        let sample = civil::date(2025, 11, 23).at(14, 5, 6, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        let written = strtime::format(text, &sample).ok()?;
        format.read(written.as_bytes(), order_of(text)).map(|_| format)
    }

    /// The pattern for an order of day and month.
    fn pattern(&self, order: DateOrder) -> Option<&str> {
        let Self::Pattern { pattern, swapped, .. } = self else { return None };
        match swapped {
            Some(swapped) if order_of(pattern) != order => Some(swapped),
            _ => Some(pattern),
        }
    }

    /// Reads a value; none if it is not written this way.
    pub(super) fn read(&self, value: &[u8], order: DateOrder) -> Option<When> {
        let text = std::str::from_utf8(value).ok()?;
        match self {
            Self::Pattern { has_time, has_offset, .. } => {
                let parsed = strtime::parse(self.pattern(order)?, text).ok()?;
                // `03/04/25` is no date in the year 25.
                if parsed.year().is_some_and(|year| year < OLDEST_YEAR) {
                    return None;
                }
                if *has_offset {
                    Some(When::Instant(parsed.to_timestamp().ok()?.as_microsecond()))
                } else if *has_time {
                    parsed.to_datetime().ok().map(When::Local)
                } else {
                    parsed.to_date().ok().map(When::Day)
                }
            }
            Self::Iso => iso(text),
            Self::ExcelSerial => excel(text),
            Self::EpochSeconds => epoch(text, 9..=10).map(|seconds| When::Instant(seconds * 1_000_000)),
            Self::EpochMilliseconds => epoch(text, 12..=13).map(|millis| When::Instant(millis * 1_000)),
        }
    }
}

/// The order in which a pattern is written.
fn order_of(pattern: &str) -> DateOrder {
    if pattern.find("%d") < pattern.find("%m") { DateOrder::DayFirst } else { DateOrder::MonthFirst }
}

fn epoch(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<i64> {
    if digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// Nothing that is read is older than the web.
const OLDEST_YEAR: i16 = 1990;

fn iso(text: &str) -> Option<When> {
    if text.len() < 10 || !text.as_bytes()[..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(When::Instant(instant.as_microsecond()));
    }
    let time = text.parse::<civil::DateTime>().ok()?;
    // A day alone is read as its midnight.
    Some(if text.len() == 10 { When::Day(time.date()) } else { When::Local(time) })
}

/// `43831.5` is noon on 1 January 2020. Spreadsheets believe in 29 February 1900, so day 0 is
/// 30 December 1899 for every date since.
fn excel(text: &str) -> Option<When> {
    let serial: f64 =
        text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))?;
    // 1954 to 2119: anything else is a number of another kind.
    if !(20_000.0..80_000.0).contains(&serial) {
        return None;
    }
    let days = serial.floor();
    let day = civil::date(1899, 12, 30).checked_add(jiff::Span::new().days(days as i64)).ok()?;
    if serial == days {
        return Some(When::Day(day));
    }
    let seconds = ((serial - days) * 86_400.0).round() as i64;
    day.at(0, 0, 0, 0).checked_add(jiff::Span::new().seconds(seconds)).ok().map(When::Local)
}

/// What the values of a sample say about the order of day and month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OrderEvidence {
    /// Dates of two bare numbers and a year.
    pub(super) numeric: u64,
    /// Of these, the first number is over 12.
    pub(super) day_first: u64,
    /// Of these, the second number is over 12.
    pub(super) month_first: u64,
}

impl OrderEvidence {
    /// Looks at one value.
    pub(super) fn look(&mut self, value: &[u8]) {
        let mut numbers = value.splitn(3, |byte| matches!(byte, b'/' | b'-' | b'.'));
        let mut number = || {
            let digits = numbers.next()?;
            ((1..=2).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit))
                .then(|| digits.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0')))
        };
        let (Some(first), Some(second)) = (number(), number()) else { return };
        // No date in either order: a damaged value says nothing, and must not refuse the whole file.
        if first.min(second) > 12 || first.max(second) > 31 {
            return;
        }
        self.numeric += 1;
        self.day_first += u64::from(first > 12);
        self.month_first += u64::from(second > 12);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    fn read(format: &str, value: &str, order: DateOrder) -> Option<When> {
        TimeFormat::parse(format).unwrap().read(value.as_bytes(), order)
    }

    #[test]
    fn patterns_follow_the_order_of_day_and_month() {
        let local = |month, day| Some(When::Local(civil::date(2025, month, day).at(8, 5, 0, 0)));
        let format = "%d/%m/%Y %H:%M:%S";
        assert_eq!(read(format, "03/04/2025 08:05:00", DateOrder::DayFirst), local(4, 3));
        assert_eq!(read(format, "03/04/2025 08:05:00", DateOrder::MonthFirst), local(3, 4));
        assert_eq!(read(format, "3/4/2025 8:05:00", DateOrder::DayFirst), local(4, 3));
        assert_eq!(read(format, "03/13/2025 08:05:00", DateOrder::DayFirst), None);
        assert_eq!(read(format, "03/04/2025", DateOrder::DayFirst), None);
        // A year in front, or a month by name, has one reading.
        for order in [DateOrder::DayFirst, DateOrder::MonthFirst] {
            assert_eq!(read("%Y-%m-%d %H:%M", "2025-04-03 08:05", order), local(4, 3));
            assert_eq!(read("%d-%b-%Y", "03-Apr-2025", order), Some(When::Day(civil::date(2025, 4, 3))));
        }
        assert_eq!(
            read("%Y-%m-%dT%H:%M:%S%:z", "2025-04-03T08:05:00+01:00", DateOrder::DayFirst),
            Some(When::Instant(1_743_663_900_000_000))
        );
    }

    #[test]
    fn iso_times_with_and_without_zone() {
        let iso = |value| read("iso", value, DateOrder::MonthFirst);
        let local = Some(When::Local(civil::date(2025, 4, 3).at(8, 5, 0, 0)));
        assert_eq!((iso("2025-04-03T08:05:00"), iso("2025-04-03 08:05:00")), (local, local));
        let instant = Some(When::Instant(1_743_663_900_000_000));
        assert_eq!((iso("2025-04-03T07:05:00Z"), iso("2025-04-03T08:05:00+01:00")), (instant, instant));
        assert_eq!(iso("2025-04-03T07:05:00.1234567Z"), Some(When::Instant(1_743_663_900_123_456)));
        assert_eq!(iso("2025-04-03"), Some(When::Day(civil::date(2025, 4, 3))));
        assert_eq!((iso("20250403"), iso("03/04/2025"), iso("")), (None, None, None));
        assert_eq!(read("%d/%m/%Y", "03/04/25", DateOrder::DayFirst), None);
        let short = Some(When::Day(civil::date(2025, 4, 3)));
        assert_eq!(read("%d/%m/%y", "03/04/25", DateOrder::DayFirst), short);
    }

    #[test]
    fn numbers_that_are_dates() {
        let noon = civil::date(2020, 1, 1).at(12, 0, 0, 0);
        assert_eq!(read("excel-serial", "43831.5", DateOrder::DayFirst), Some(When::Local(noon)));
        assert_eq!(read("excel-serial", "43831", DateOrder::DayFirst), Some(When::Day(noon.date())));
        assert_eq!(read("excel-serial", "1.23E+15", DateOrder::DayFirst), None);
        assert_eq!(
            read("epoch-seconds", "1577880000", DateOrder::DayFirst),
            Some(When::Instant(1_577_880_000_000_000))
        );
        assert_eq!(
            read("epoch-milliseconds", "1577880000123", DateOrder::DayFirst),
            Some(When::Instant(1_577_880_000_123_000))
        );
        assert!(TimeFormat::parse("%Q nonsense %").is_none());
    }

    #[test]
    fn evidence_counts_what_only_one_order_can_mean() {
        let mut evidence = OrderEvidence::default();
        for value in
            [&b"03/04/2025 08:05"[..], b"23/04/2025", b"9/16/19 10:00", b"2025-04-23", b"99/99/9999", b"x"]
        {
            evidence.look(value);
        }
        assert_eq!(evidence, OrderEvidence { numeric: 3, day_first: 1, month_first: 1 });
    }
}
