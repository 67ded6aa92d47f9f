//! The W3C extended log format: lines with `#` name the columns until the next `#Fields`.
//!
//! One state machine for all products: which directives a line may be, how a row is taken apart, what
//! a time means. A product's own file says which columns are its own and what its words mean.

use std::borrow::Cow;

use jiff::civil;

use super::Directives;
use super::lex;
use crate::fields::{Text, When};
use crate::report::{Reason, Reject};

/// Codes of columns; a product reads those it knows.
pub(super) const DATE: u8 = 1;
/// Time of day, UTC unless `#GMT-Offset` says otherwise.
pub(super) const TIME: u8 = 2;
/// Date on the server's own clock.
pub(super) const DATE_LOCAL: u8 = 3;
/// Time of day on the server's own clock.
pub(super) const TIME_LOCAL: u8 = 4;
/// Milliseconds.
pub(super) const TAKEN: u8 = 5;
/// Client address.
pub(super) const CLIENT: u8 = 6;
/// Client host name.
pub(super) const CLIENT_HOST: u8 = 7;
/// Account.
pub(super) const USER: u8 = 8;
/// Group of the account.
pub(super) const GROUP: u8 = 9;
/// HTTP method.
pub(super) const METHOD: u8 = 10;
/// `cs-uri`: a whole address or a path, by product.
pub(super) const URI: u8 = 11;
/// Scheme.
pub(super) const SCHEME: u8 = 12;
/// Host that was asked for.
pub(super) const HOST: u8 = 13;
/// Port that was asked for.
pub(super) const PORT: u8 = 14;
/// Path.
pub(super) const PATH: u8 = 15;
/// Query.
pub(super) const QUERY: u8 = 16;
/// HTTP status, or a number of the vendor's.
pub(super) const STATUS: u8 = 17;
/// Bytes sent to the client.
pub(super) const BYTES: u8 = 18;
/// MIME type.
pub(super) const MIME: u8 = 19;
/// Browser or program.
pub(super) const AGENT: u8 = 20;
/// Category words.
pub(super) const CATEGORIES: u8 = 21;
/// The filter's verdict.
pub(super) const VERDICT: u8 = 22;
/// The page that was shown in place of the one asked for.
pub(super) const EXCEPTION: u8 = 23;
/// What the cache did.
pub(super) const CACHE: u8 = 24;
/// Port of the server itself.
pub(super) const SERVER_PORT: u8 = 25;
/// The first of the codes that a product may use for columns of its own.
pub(super) const OWN: u8 = 26;
/// How many codes there are.
const CODES: usize = 36;

/// Names that mean the same wherever they occur. Compared without case.
const NAMES: &[(&str, u8)] = &[
    ("date", DATE),
    ("time", TIME),
    ("date-local", DATE_LOCAL),
    ("time-local", TIME_LOCAL),
    ("time-taken", TAKEN),
    ("TimeTakenMS", TAKEN),
    ("c-ip", CLIENT),
    ("c-dns", CLIENT_HOST),
    ("cs-username", USER),
    ("cs-method", METHOD),
    ("cs-uri", URI),
    ("cs-uri-scheme", SCHEME),
    ("cs-host", HOST),
    ("cs(Host)", HOST),
    ("cs-uri-port", PORT),
    ("cs-uri-path", PATH),
    ("cs-uri-stem", PATH),
    ("cs-uri-query", QUERY),
    ("sc-status", STATUS),
    ("sc-bytes", BYTES),
    ("cs(User-Agent)", AGENT),
    ("s-port", SERVER_PORT),
];

/// What a product adds to the state machine.
pub(super) struct Product {
    /// Codes of its own names, asked before the common ones.
    pub(super) own: &'static [(&'static str, u8)],
    /// Whether these columns, of this program, are its own.
    pub(super) claims: fn(&Directives) -> bool,
    /// The code of a `#Software` line; 0 for programs that it does not know.
    pub(super) software: fn(&[u8]) -> u8,
    /// Whether it puts values between quotes. One that does not writes a quote as any other byte, and
    /// whoever asks may choose where.
    pub(super) quotes: fn(&Directives) -> bool,
}

/// What a line is.
#[expect(clippy::large_enum_variant, reason = "nearly every line is a row, and a box is an allocation")]
pub(super) enum Line<'a> {
    /// It describes the file.
    Directive,
    /// A row under columns that are the product's.
    Row(Row<'a>),
}

/// The values of a row by the codes of their columns.
pub(super) struct Row<'a> {
    record: &'a [u8],
    values: [Text<'a>; CODES],
    /// How many columns the row lacks.
    missing: usize,
    /// How many it has.
    count: usize,
    /// It has columns that `#Fields` does not name.
    pub(super) extra: bool,
}

crate::event::redacted!(Row, Line);

impl<'a> Row<'a> {
    /// A column's text; `-`, empty and absent are none.
    pub(super) fn text(&self, code: u8) -> Text<'a> {
        self.raw(code).filter(|value| !value.is_empty() && value.as_ref() != b"-")
    }

    /// A column as it stands.
    pub(super) fn raw(&self, code: u8) -> Text<'a> {
        self.values.get(usize::from(code)).cloned().flatten()
    }

    /// How many columns it has.
    pub(super) const fn columns(&self) -> usize {
        self.count
    }

    /// A column's text with `%20` and its like undone; for text, never for addresses.
    pub(super) fn decoded(&self, code: u8) -> Text<'a> {
        self.text(code).map(percent_decoded)
    }

    /// A column that is a whole number; none where there is no value.
    ///
    /// # Errors
    /// The reject for a value of another shape.
    pub(super) fn whole(&self, code: u8, reason: Reason) -> Result<Option<lex::Whole>, Reject> {
        let Some(value) = self.text(code) else { return Ok(None) };
        lex::whole_column(&value).map(Some).ok_or_else(|| self.reject(reason, &value))
    }

    /// The reject for a value, at its place.
    pub(super) fn reject(&self, reason: Reason, value: &[u8]) -> Reject {
        Reject::at(reason, lex::offset(self.record, value))
    }

    /// The reject of a row in which something needed is not there: cut short if columns are missing.
    pub(super) fn lacks(&self, reason: Reason) -> Reject {
        Reject::at(if self.missing > 0 { Reason::Columns } else { reason }, self.record.len())
    }

    /// When it happened: in UTC by the standard, shifted by `#GMT-Offset`, local by the `*-local`
    /// columns; a row without a date has that of `#Date`.
    ///
    /// # Errors
    /// The reject for a time that is missing or cannot be read.
    pub(super) fn time(&self, directives: &Directives) -> Result<When, Reject> {
        let (date, time, local) = match (self.text(TIME), self.text(TIME_LOCAL)) {
            (Some(time), _) => (self.text(DATE), time, false),
            (None, Some(time)) => (self.text(DATE_LOCAL), time, true),
            (None, None) => return Err(self.lacks(Reason::Time)),
        };
        let date = match &date {
            Some(date) => {
                lex::whole_of(date, lex::date('-')).ok_or_else(|| self.reject(Reason::Time, date))?
            }
            None => directives.date.ok_or_else(|| self.lacks(Reason::Time))?,
        };
        let clock = lex::whole_of(&time, lex::clock).ok_or_else(|| self.reject(Reason::Time, &time))?;
        let civil = date.to_datetime(clock);
        Ok(if local {
            When::Local(civil)
        } else {
            lex::at_offset(civil, i64::from(directives.offset_minutes.unwrap_or(0)))
        })
    }
}

/// Takes a line in.
///
/// # Errors
/// The reject of a row whose columns nobody named, or not as this product's.
pub(super) fn line<'a>(
    record: &'a [u8],
    directives: &mut Directives,
    product: &Product,
) -> Result<Line<'a>, Reject> {
    match record.strip_prefix(b"#") {
        Some(directive) => {
            describe(directive, directives, product);
            Ok(Line::Directive)
        }
        None if !directives.recognised => Err(Reject::at(Reason::Columns, 0)),
        None => row(record, directives, (product.quotes)(directives)).map(Line::Row),
    }
}

/// Keeps what a directive says; what it says beyond that describes nobody.
fn describe(directive: &[u8], directives: &mut Directives, product: &Product) {
    let Some(colon) = memchr::memchr(b':', directive) else { return };
    let (name, value) = (&directive[..colon], &directive[colon + 1..]);
    // Some programs explain their directives behind two slashes.
    let remark = memchr::memmem::find(value, b" //").unwrap_or(value.len());
    let value = value[..remark].trim_ascii();
    if name.eq_ignore_ascii_case(b"Fields") {
        let tabs = memchr::memchr(b'\t', value).is_some();
        directives.separator = Some(if tabs { b'\t' } else { b' ' });
        let names = value
            .split(|byte| if tabs { *byte == b'\t' } else { *byte == b' ' })
            .filter(|name| !name.is_empty());
        directives.name(names, |name| code(name, product), &[]);
        directives.recognised = (product.claims)(directives);
    } else if name.eq_ignore_ascii_case(b"Software") {
        directives.product = (product.software)(value);
    } else if name.eq_ignore_ascii_case(b"Date") || name.eq_ignore_ascii_case(b"Start-Date") {
        directives.date = lex::date('-')(value).ok().map(|(_, date): (_, civil::Date)| date);
    } else if name.eq_ignore_ascii_case(b"GMT-Offset") {
        directives.offset_minutes =
            lex::whole_of(value, lex::offset_minutes).and_then(|minutes| i32::try_from(minutes).ok());
    }
}

fn code(name: &[u8], product: &Product) -> u8 {
    let mut names = product.own.iter().chain(NAMES);
    let named = names.find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
    named.map_or(super::directives::NOT_KEPT, |(_, code)| *code)
}

/// The values of a row, by name as far as names go.
pub(super) fn row<'a>(record: &'a [u8], directives: &Directives, quotes: bool) -> Result<Row<'a>, Reject> {
    let separator = directives.separator.unwrap_or(b' ');
    let mut row = Row { record, values: std::array::from_fn(|_| None), missing: 0, count: 0, extra: false };
    let mut columns = directives.columns.iter();
    for value in (Values { record, rest: Some(record), separator, quotes }) {
        let value = value?;
        match columns.next() {
            Some(code) => {
                if let Some(place) = row.values.get_mut(usize::from(*code))
                    && place.is_none()
                {
                    *place = Some(value);
                }
            }
            None => row.extra = true,
        }
        row.count += 1;
    }
    row.missing = columns.count();
    Ok(row)
}

/// The values of a row, from the left.
struct Values<'a> {
    record: &'a [u8],
    /// What is left; none behind the last value between tabs.
    rest: Option<&'a [u8]>,
    separator: u8,
    quotes: bool,
}

impl<'a> Iterator for Values<'a> {
    type Item = Result<Cow<'a, [u8]>, Reject>;

    /// Between tabs a value as it stands; between runs of blanks, quoted where it holds some.
    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        if self.separator == b'\t' {
            let end = memchr::memchr(b'\t', rest).unwrap_or(rest.len());
            self.rest = rest.get(end + 1..);
            let value = match &rest[..end] {
                [b'"', inner @ .., b'"'] if self.quotes => inner,
                value => value,
            };
            return Some(Ok(Cow::Borrowed(value)));
        }
        let rest = rest.trim_ascii_start();
        let split = match rest {
            [] => return None,
            _ if !self.quotes => Some(bare(rest)),
            [b'"', inner @ ..] => quoted(inner, b'"'),
            // A quotation mark of this kind that never closes is an apostrophe.
            [b'\'', inner @ ..] => quoted(inner, b'\'').or_else(|| Some(bare(rest))),
            _ => Some(bare(rest)),
        };
        self.rest = split.as_ref().map(|(_, after)| *after);
        let unclosed = || Reject::at(Reason::Quoting, lex::offset(self.record, rest));
        Some(split.map(|(value, _)| value).ok_or_else(unclosed))
    }
}

fn bare(rest: &[u8]) -> (Cow<'_, [u8]>, &[u8]) {
    let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
    (Cow::Borrowed(&rest[..end]), &rest[end..])
}

/// A value whose opening mark is taken off. The closing one stands before a blank or the end; two
/// together stand for one, and a single one elsewhere for itself.
fn quoted(inner: &[u8], mark: u8) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let mut doubled = false;
    let mut at = 0;
    loop {
        at += memchr::memchr(mark, inner.get(at..)?)?;
        match inner.get(at + 1) {
            None => break,
            Some(next) if next.is_ascii_whitespace() => break,
            Some(next) if *next == mark => {
                doubled = true;
                at += 2;
            }
            Some(_) => at += 1,
        }
    }
    let value = &inner[..at];
    let value = if doubled { Cow::Owned(undoubled(value, mark)) } else { Cow::Borrowed(value) };
    Some((value, &inner[at + 1..]))
}

/// Two marks together become one.
pub(super) fn undoubled(value: &[u8], mark: u8) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut bytes = value.iter();
    while let Some(byte) = bytes.next() {
        plain.push(*byte);
        if *byte == mark {
            bytes.next();
        }
    }
    plain
}

/// `%20` and its like undone.
pub(super) fn percent_decoded(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', &text).is_none() {
        return text;
    }
    Cow::Owned(percent_encoding::percent_decode(&text).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    fn split(record: &str, separator: u8) -> Option<Vec<String>> {
        Values { record: record.as_bytes(), rest: Some(record.as_bytes()), separator, quotes: true }
            .map(|value| Some(String::from_utf8_lossy(&value.ok()?).into_owned()))
            .collect()
    }

    #[test]
    fn values_between_blanks_and_tabs() {
        assert_eq!(split("a   b \"c d\"  - ", b' ').unwrap(), ["a", "b", "c d", "-"]);
        assert_eq!(split("a \"\" 'c d' 'e f\tg", b' ').unwrap(), ["a", "", "c d", "'e", "f", "g"]);
        assert_eq!(split(r#"" ""x"" y " "a"b" 1"#, b' ').unwrap(), [" \"x\" y ", "a\"b", "1"]);
        assert_eq!(split("a \"b c", b' '), None);
        assert_eq!(split("a\t\tb c\t", b'\t').unwrap(), ["a", "", "b c", ""]);
        assert_eq!(split("\ta\t\"b\"", b'\t').unwrap(), ["", "a", "b"]);
        assert_eq!(split("", b' ').unwrap(), Vec::<String>::new());
    }

    #[test]
    fn directives_are_kept_without_their_remarks() {
        let product =
            Product { own: &[], claims: |named| named.has(HOST), software: |_| 7, quotes: |_| true };
        let mut directives = Directives::default();
        for record in [
            "#Software: Proxy 1.0  // who wrote it",
            "#GMT-Offset: -0800",
            "#Date: 2001-10-31 00:00:18",
            "#Fields:  c-ip   time  x-other cs-host",
            "#Remark without a colon",
        ] {
            assert!(matches!(line(record.as_bytes(), &mut directives, &product), Ok(Line::Directive)));
        }
        assert_eq!((directives.product, directives.offset_minutes), (7, Some(-480)));
        assert_eq!(directives.columns, [CLIENT, TIME, 0, HOST]);
        assert!(directives.recognised);
        let Ok(Line::Row(row)) = line(b"10.1.4.17 00:00:18 - a.example", &mut directives, &product) else {
            panic!("a row")
        };
        assert_eq!(row.time(&directives), Ok(When::Instant(1_004_515_218_000_000)));
        let _ = line(b"#Fields: c-ip time", &mut directives, &product);
        let refused = line(b"10.1.4.17 00:00:18", &mut directives, &product);
        assert!(matches!(refused, Err(reject) if reject.reason == Reason::Columns));
    }
}
