//! What several layouts are made of: epochs, dotted dates, numbers, columns. All work on bytes and
//! allocate nothing; a failure is a reason and a place.

use jiff::civil;
use nom::IResult;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{take_while_m_n, take_while1};
use nom::character::complete::char;
use nom::combinator::{opt, value};
use nom::error::{ErrorKind, ParseError};
use nom::sequence::preceded;

use crate::fields::{Text, When};
use crate::report::{Reason, Reject};

/// Why and where a parser stopped; `rest_bytes` were left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(super) reason: Reason,
    rest_bytes: usize,
}

impl Fault {
    pub(super) const fn new(reason: Reason, rest: &[u8]) -> Self {
        Self { reason, rest_bytes: rest.len() }
    }

    /// The reject of a record in which this happened.
    pub(super) const fn reject(self, record: &[u8]) -> Reject {
        Reject::at(self.reason, record.len().saturating_sub(self.rest_bytes))
    }
}

impl ParseError<&[u8]> for Fault {
    fn from_error_kind(input: &[u8], _: ErrorKind) -> Self {
        Self::new(Reason::Columns, input)
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// What a parser gives: the rest and a value.
pub(crate) type Step<'a, T> = IResult<&'a [u8], T, Fault>;

/// The reject for a failed step.
pub(super) fn rejected(error: nom::Err<Fault>, record: &[u8]) -> Reject {
    match error {
        nom::Err::Error(fault) | nom::Err::Failure(fault) => fault.reject(record),
        nom::Err::Incomplete(_) => Reject::at(Reason::Truncated, record.len()),
    }
}

/// Gives a parser's failure a reason.
pub(super) fn because<'a, T>(
    reason: Reason,
    mut parser: impl Parser<&'a [u8], Output = T, Error = Fault>,
) -> impl FnMut(&'a [u8]) -> Step<'a, T> {
    move |input| parser.parse(input).map_err(|_| nom::Err::Error(Fault::new(reason, input)))
}

/// Like [`because`] for a column that is followed by others: where the record ends inside it, it was
/// cut.
pub(super) fn column<'a, T>(
    reason: Reason,
    mut parser: impl Parser<&'a [u8], Output = T, Error = Fault>,
) -> impl FnMut(&'a [u8]) -> Step<'a, T> {
    move |input| {
        parser.parse(input).map_err(|_| {
            let cut = memchr::memchr(b' ', input).is_none();
            nom::Err::Error(Fault::new(if cut { Reason::Truncated } else { reason }, input))
        })
    }
}

/// Bytes up to a blank.
pub(super) fn word(input: &[u8]) -> Step<'_, &[u8]> {
    match memchr::memchr(b' ', input) {
        Some(0) => Err(nom::Err::Error(Fault::new(Reason::Columns, input))),
        None if input.is_empty() => Err(nom::Err::Error(Fault::new(Reason::Columns, input))),
        Some(end) => Ok((&input[end..], &input[..end])),
        None => Ok((&input[input.len()..], input)),
    }
}

/// One or more blanks.
pub(super) fn blanks(input: &[u8]) -> Step<'_, ()> {
    take_while1(|byte| byte == b' ').map(|_| ()).parse(input)
}

fn digits(least: usize, most: usize) -> impl FnMut(&[u8]) -> Step<'_, &[u8]> {
    move |input| take_while_m_n(least, most, |byte: u8| byte.is_ascii_digit()).parse(input)
}

fn number(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
}

/// A whole number; `odd` if it has a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) value: i64,
    pub(super) odd: bool,
}

impl Whole {
    /// The value unless it is below zero, which a size or duration cannot be.
    pub(super) fn natural(self) -> Option<i64> {
        (self.value >= 0).then_some(self.value)
    }
}

/// A whole number, perhaps with a sign, of at most 18 digits.
pub(super) fn whole(input: &[u8]) -> Step<'_, Whole> {
    let sign = opt(alt((value(-1, char('-')), value(1, char('+')))));
    let (rest, (sign, digits)) = (sign, digits(1, 18)).parse(input)?;
    // A nineteenth digit would be a number of another kind (nanoseconds) or nonsense.
    if rest.first().is_some_and(u8::is_ascii_digit) {
        return Err(nom::Err::Error(Fault::new(Reason::Number, input)));
    }
    Ok((rest, Whole { value: sign.unwrap_or(1) * number(digits), odd: sign.is_some() }))
}

/// A column that is a whole number and nothing else.
pub(super) fn whole_column(column: &[u8]) -> Option<Whole> {
    whole(column).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, whole)| whole)
}

/// An HTTP status of one to five digits; servers of one vendor write their own codes.
pub(super) fn status(input: &[u8]) -> Step<'_, u32> {
    let (rest, digits) = digits(1, 5).parse(input)?;
    Ok((rest, number(digits) as u32))
}

/// Seconds since 1970 with nine or ten digits, perhaps with a fraction.
pub(super) fn epoch(input: &[u8]) -> Step<'_, When> {
    let (rest, (seconds, fraction)) = (digits(9, 10), opt(preceded(char('.'), digits(1, 6)))).parse(input)?;
    if rest.first().is_some_and(u8::is_ascii_digit) {
        return Err(nom::Err::Error(Fault::new(Reason::Time, input)));
    }
    let micros = fraction.map_or(0, |digits| {
        let value = number(digits);
        match digits.len() {
            // Without zero padding `.7` is seven milliseconds.
            1..=3 => value * 1_000,
            4 => value * 100,
            5 => value * 10,
            _ => value,
        }
    });
    Ok((rest, When::Instant(number(seconds) * 1_000_000 + micros)))
}

/// `2016.1.8 19:46:10`, with or without leading zeros; local time, unless an epoch follows.
pub(super) fn dotted_time(input: &[u8]) -> Step<'_, When> {
    let date = (digits(4, 4), char('.'), digits(1, 2), char('.'), digits(1, 2));
    let time = (digits(1, 2), char(':'), digits(2, 2), char(':'), digits(2, 2));
    let (rest, (date, _, time)) = (date, char(' '), time).parse(input)?;
    if let Ok((rest, instant)) = preceded(char(' '), epoch).parse(rest) {
        return Ok((rest, instant));
    }
    let part = |digits: &[u8]| number(digits) as i8;
    civil::Date::new(number(date.0) as i16, part(date.2), part(date.4))
        .ok()
        .zip(civil::Time::new(part(time.0), part(time.2), part(time.4), 0).ok())
        .map(|(date, time)| (rest, When::Local(date.to_datetime(time))))
        .ok_or(nom::Err::Error(Fault::new(Reason::Time, input)))
}

/// A number of exactly so many digits.
fn fixed(count: usize) -> impl FnMut(&[u8]) -> Step<'_, i64> {
    move |input| digits(count, count).map(number).parse(input)
}

/// `09:15:30`, perhaps with a fraction behind a point.
pub(crate) fn clock(input: &[u8]) -> Step<'_, civil::Time> {
    let (rest, (hour, _, minute, _, second)) =
        (fixed(2), char(':'), fixed(2), char(':'), fixed(2)).parse(input)?;
    let (rest, fraction) = opt(preceded(char('.'), digits(1, 9))).parse(rest)?;
    let nanos = fraction.map_or(0, |digits| number(digits) * 10_i64.pow(9 - digits.len() as u32));
    civil::Time::new(hour as i8, minute as i8, second as i8, nanos as i32)
        .map(|time| (rest, time))
        .map_err(|_| nom::Err::Error(Fault::new(Reason::Time, input)))
}

/// `2025-11-12`, or with another separator such as `/`.
pub(crate) fn date(separator: char) -> impl FnMut(&[u8]) -> Step<'_, civil::Date> {
    move |input| {
        let (rest, (year, _, month, _, day)) =
            (fixed(4), char(separator), fixed(2), char(separator), fixed(2)).parse(input)?;
        civil::Date::new(year as i16, month as i8, day as i8)
            .map(|date| (rest, date))
            .map_err(|_| nom::Err::Error(Fault::new(Reason::Time, input)))
    }
}

/// `2025-11-12 09:15:30`: date and time with a blank between, `separator` within the date; local time.
pub(crate) fn local_time(separator: char) -> impl FnMut(&[u8]) -> Step<'_, When> {
    move |input| {
        let (rest, (date, _, time)) = (date(separator), char(' '), clock).parse(input)?;
        Ok((rest, When::Local(date.to_datetime(time))))
    }
}

/// `2025:11:12-09:15:30`; local time.
pub(crate) fn colon_time(input: &[u8]) -> Step<'_, When> {
    let (rest, (date, _, time)) = (date(':'), char('-'), clock).parse(input)?;
    Ok((rest, When::Local(date.to_datetime(time))))
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970: the number of digits tells.
pub(crate) fn instant(column: &[u8]) -> Option<When> {
    if !(9..=19).contains(&column.len()) || !column.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = column
        .iter()
        .try_fold(0_i64, |sum, digit| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0')))?;
    match column.len() {
        9 | 10 => Some(When::Instant(value * 1_000_000)),
        13 => Some(When::Instant(value * 1_000)),
        16 => Some(When::Instant(value)),
        19 => Some(When::Instant(value / 1_000)),
        _ => None,
    }
}

/// Minutes ahead of UTC by an offset, or by an abbreviation that no other zone has in use here.
pub(crate) fn zone_minutes(zone: &[u8]) -> Option<i64> {
    match zone {
        b"GMT" | b"UTC" => Some(0),
        b"BST" => Some(60),
        _ => whole_of(zone, offset_minutes),
    }
}

/// `+01:00`, `+0100`, `+01` or `Z`, in minutes.
pub(crate) fn offset_minutes(input: &[u8]) -> Step<'_, i64> {
    if let Some(rest) = input.strip_prefix(b"Z") {
        return Ok((rest, 0));
    }
    let sign = alt((value(-1, char('-')), value(1, char('+'))));
    let (rest, (sign, hours, minutes)) =
        (sign, fixed(2), opt(preceded(opt(char(':')), fixed(2)))).parse(input)?;
    let minutes = minutes.unwrap_or(0);
    // No zone is further away than Kiribati.
    if hours * 60 + minutes > 14 * 60 || minutes > 59 {
        return Err(nom::Err::Error(Fault::new(Reason::Time, input)));
    }
    Ok((rest, sign * (hours * 60 + minutes)))
}

/// A wall-clock time so many minutes ahead of UTC.
pub(crate) fn at_offset(local: civil::DateTime, minutes: i64) -> When {
    let seconds = local.duration_since(civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
    When::Instant(seconds.as_micros() as i64 - minutes * 60_000_000)
}

/// RFC 3339: `2025-11-12T09:15:30.123+01:00`; without an offset, local time. A blank may stand for `T`.
pub(crate) fn iso_time(input: &[u8]) -> Step<'_, When> {
    let (rest, (date, _, time)) = (date('-'), alt((char('T'), char(' '))), clock).parse(input)?;
    let local = date.to_datetime(time);
    match offset_minutes(rest) {
        Ok((rest, minutes)) => Ok((rest, at_offset(local, minutes))),
        Err(_) => Ok((rest, When::Local(local))),
    }
}

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// An English month of three letters, as a number from 1.
pub(crate) fn month(input: &[u8]) -> Step<'_, i8> {
    let word = input.get(..3).unwrap_or_default();
    match MONTHS.iter().position(|name| *name == word) {
        Some(index) => Ok((&input[3..], index as i8 + 1)),
        None => Err(nom::Err::Error(Fault::new(Reason::Time, input))),
    }
}

/// `Nov  2 09:15:30` (RFC 3164); some devices write the year behind the day.
pub(crate) fn month_time(input: &[u8]) -> Step<'_, When> {
    let wrong = || nom::Err::Error(Fault::new(Reason::Time, input));
    let (rest, (month, _, day, _)) = (month, blanks, digits(1, 2).map(number), blanks).parse(input)?;
    let day = day as i8;
    if let Ok((rest, (year, _, time))) = (fixed(4), char(' '), clock).parse(rest) {
        let date = civil::Date::new(year as i16, month, day).map_err(|_| wrong())?;
        return Ok((rest, When::Local(date.to_datetime(time))));
    }
    let (rest, time) = clock(rest)?;
    // The greatest day that the month can have in any year.
    civil::Date::new(2000, month, day).map_err(|_| wrong())?;
    Ok((rest, When::Yearless { month, day, time }))
}

/// `Wed Nov 12 09:15:30 2025`, as the C library writes it; local time.
pub(crate) fn c_time(input: &[u8]) -> Step<'_, When> {
    let wrong = || nom::Err::Error(Fault::new(Reason::Time, input));
    let weekday = take_while_m_n(3, 3, |byte: u8| byte.is_ascii_alphabetic());
    let (rest, (_, _, month, _, day, _, time, _, year)) =
        (weekday, char(' '), month, blanks, digits(1, 2).map(number), blanks, clock, char(' '), fixed(4))
            .parse(input)?;
    let date = civil::Date::new(year as i16, month, day as i8).map_err(|_| wrong())?;
    Ok((rest, When::Local(date.to_datetime(time))))
}

/// `12/Nov/2025:09:15:30 +0100`, as web servers write it between brackets.
pub(crate) fn server_time(input: &[u8]) -> Step<'_, When> {
    let (rest, (day, _, month, _, year, _, time, _, minutes)) =
        (fixed(2), char('/'), month, char('/'), fixed(4), char(':'), clock, char(' '), offset_minutes)
            .parse(input)?;
    let date = civil::Date::new(year as i16, month, day as i8)
        .map_err(|_| nom::Err::Error(Fault::new(Reason::Time, input)))?;
    Ok((rest, at_offset(date.to_datetime(time), minutes)))
}

/// `12/11/2025 09:15:30`, the day first; local time.
pub(crate) fn day_first_time(input: &[u8]) -> Step<'_, When> {
    let (rest, (day, _, month, _, year, _, time)) =
        (fixed(2), char('/'), fixed(2), char('/'), fixed(4), char(' '), clock).parse(input)?;
    let date = civil::Date::new(year as i16, month as i8, day as i8)
        .map_err(|_| nom::Err::Error(Fault::new(Reason::Time, input)))?;
    Ok((rest, When::Local(date.to_datetime(time))))
}

/// A parser that must use a column up.
pub(crate) fn whole_of<'a, T>(
    column: &'a [u8],
    mut parser: impl FnMut(&'a [u8]) -> Step<'a, T>,
) -> Option<T> {
    parser(column).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, value)| value)
}

/// Upper-case letters, digits and underscores: the codes of Squid and its relatives.
pub(super) fn code(input: &[u8]) -> Step<'_, &[u8]> {
    take_while1(|byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_').parse(input)
}

/// Splits at every separator into at most `N` columns; the second value is how many there are, also
/// beyond `N`.
pub(super) fn columns<'a, const N: usize>(record: &'a [u8], separator: &[u8]) -> ([&'a [u8]; N], usize) {
    let mut columns: [&[u8]; N] = [&[]; N];
    let mut count = 0;
    let mut from = 0;
    let mut keep = |count: usize, column: &'a [u8]| {
        if let Some(place) = columns.get_mut(count) {
            *place = column;
        }
    };
    if let [byte] = separator {
        for at in memchr::memchr_iter(*byte, record) {
            keep(count, &record[from..at]);
            count += 1;
            from = at + 1;
        }
    } else {
        for at in memchr::memmem::find_iter(record, separator) {
            keep(count, &record[from..at]);
            count += 1;
            from = at + separator.len();
        }
    }
    keep(count, &record[from..]);
    (columns, count + 1)
}

/// Where a column begins in its record.
pub(super) fn offset(record: &[u8], column: &[u8]) -> usize {
    (column.as_ptr() as usize).saturating_sub(record.as_ptr() as usize).min(record.len())
}

/// Whether a column is digits and nothing else, however many.
pub(super) fn is_number(column: &[u8]) -> bool {
    !column.is_empty() && column.iter().all(u8::is_ascii_digit)
}

/// A query without its question mark, which some layouts keep.
pub(super) fn without_mark(query: std::borrow::Cow<'_, [u8]>) -> std::borrow::Cow<'_, [u8]> {
    use std::borrow::Cow;
    match query {
        Cow::Borrowed([b'?', rest @ ..]) => Cow::Borrowed(rest),
        query => query,
    }
}

/// A column's text; empty and `-` are none.
pub(super) fn text(column: &[u8]) -> Text<'_> {
    (!column.is_empty() && column != b"-").then_some(std::borrow::Cow::Borrowed(column))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    fn instant(text: &str) -> Option<i64> {
        match epoch(text.as_bytes()) {
            Ok((b"", When::Instant(micros))) => Some(micros),
            _ => None,
        }
    }

    #[test]
    fn epochs() {
        assert_eq!(instant("1583861759.467"), Some(1_583_861_759_467_000));
        assert_eq!(instant("872739961.631"), Some(872_739_961_631_000));
        assert_eq!(instant("1579776395"), Some(1_579_776_395_000_000));
        // `%tu` without padding: seven milliseconds.
        assert_eq!(instant("1579776395.7"), Some(1_579_776_395_007_000));
        assert_eq!(instant("1579776395.123456"), Some(1_579_776_395_123_456));
        for bad in ["5006", "15797763951", "1579776395.", "x"] {
            assert_eq!(instant(bad), None, "{bad}");
        }
    }

    #[test]
    fn dotted_times() {
        let local = |text: &str| match dotted_time(text.as_bytes()) {
            Ok((b"", When::Local(time))) => Some(time.to_string()),
            _ => None,
        };
        assert_eq!(local("2016.1.8 9:46:10").as_deref(), Some("2016-01-08T09:46:10"));
        assert_eq!(local("2025.11.22 19:06:10").as_deref(), Some("2025-11-22T19:06:10"));
        assert_eq!(local("2025.13.22 19:06:10"), None);
        assert_eq!(local("2025.2.29 19:06:10"), None);
        let (rest, when) = dotted_time(b"2016.1.8 19:46:10 1452282370.005").unwrap();
        assert_eq!((rest, when), (&b""[..], When::Instant(1_452_282_370_005_000)));
    }

    #[test]
    fn offsets() {
        for (text, minutes) in [("Z", 0), ("+01:00", 60), ("-0330", -210), ("+14", 840)] {
            assert_eq!(whole_of(text.as_bytes(), offset_minutes), Some(minutes), "{text}");
        }
        for bad in ["+99:99", "+14:30", "-01:60", "+1", "01:00"] {
            assert_eq!(whole_of(bad.as_bytes(), offset_minutes), None, "{bad}");
        }
    }

    #[test]
    fn numbers_and_columns() {
        assert_eq!(whole_column(b"-12"), Some(Whole { value: -12, odd: true }));
        assert_eq!(whole_column(b"007"), Some(Whole { value: 7, odd: false }));
        assert_eq!(whole_column(b"1.5"), None);
        assert_eq!(whole_column(b"1234567890123456789"), None);
        let (found, count) = columns::<2>(b"a\t\tc", b"\t");
        assert_eq!((found, count), ([&b"a"[..], b""], 3));
        let (found, count) = columns::<3>(b"a\",\"b", b"\",\"");
        assert_eq!((found, count), ([&b"a"[..], b"b", b""], 2));
        let record = b"ab cd";
        assert_eq!(offset(record, &record[3..]), 3);
    }
}
