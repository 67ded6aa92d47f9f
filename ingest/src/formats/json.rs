//! Values of JSON lines, for layouts whose producers write the same key now as text, now as a number,
//! a list or nothing. Text is borrowed from the record unless an escape had to be undone.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::fields::{Text, When};
use crate::report::{Reason, Reject};

/// A value that is text, a number, a truth, or nothing.
#[derive(Clone, Default, PartialEq)]
pub(super) enum Scalar<'a> {
    /// Nothing, or an object or list where none was expected.
    #[default]
    Nothing,
    Text(Cow<'a, str>),
    Whole(i64),
    Real(f64),
    Truth(bool),
}

crate::event::redacted!(Scalar, First, List);

impl<'a> Scalar<'a> {
    /// The text; empty is none, and so is everything that is no text.
    pub(super) fn text(self) -> Text<'a> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(bytes(text)),
            _ => None,
        }
    }

    /// The text, or a number or truth as it would be written; empty is none.
    pub(super) fn written(self) -> Text<'a> {
        match self {
            Self::Whole(value) => Some(Cow::Owned(value.to_string().into_bytes())),
            Self::Real(value) => Some(Cow::Owned(value.to_string().into_bytes())),
            Self::Truth(truth) => Some(Cow::Borrowed(if truth { b"true" } else { b"false" })),
            other => other.text(),
        }
    }

    /// The text as it stands in the record.
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number, as a number or as text.
    pub(super) fn whole(&self) -> Option<i64> {
        match self {
            Self::Whole(value) => Some(*value),
            Self::Real(value) if value.abs() < 1e15 => Some(*value as i64),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A truth.
    pub(super) const fn truth(&self) -> Option<bool> {
        match self {
            Self::Truth(truth) => Some(*truth),
            _ => None,
        }
    }

    /// A natural number that fits a status.
    pub(super) fn status(&self) -> Option<u32> {
        self.whole().and_then(|value| u32::try_from(value).ok())
    }

    /// A port; 0 is none.
    pub(super) fn port(&self) -> Option<u16> {
        self.whole().and_then(|value| u16::try_from(value).ok()).filter(|port| *port > 0)
    }

    /// Seconds, milliseconds, microseconds or nanoseconds since 1970, by their size.
    pub(super) fn epoch(&self) -> Option<When> {
        match self {
            // Seconds with a fraction; nothing else is written as one.
            Self::Real(seconds) if (1e8..1e10).contains(seconds) => {
                Some(When::Instant((seconds * 1e6).round() as i64))
            }
            _ => {
                let value = self.whole()?;
                let micros = match value {
                    100_000_000..10_000_000_000 => value * 1_000_000,
                    100_000_000_000..10_000_000_000_000 => value * 1_000,
                    100_000_000_000_000..10_000_000_000_000_000 => value,
                    100_000_000_000_000_000.. => value / 1_000,
                    _ => return None,
                };
                Some(When::Instant(micros))
            }
        }
    }
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor { first_of_list: false })
    }
}

struct ScalarVisitor {
    /// A list stands for its first value, and not for nothing.
    first_of_list: bool,
}

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Whole(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(Scalar::Nothing, Scalar::Whole))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Real(value))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Truth(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Self::Value, S::Error> {
        let first = if self.first_of_list { list.next_element()? } else { None };
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first.unwrap_or_default())
    }
}

/// The first value of a list, or a single one.
#[derive(Default)]
pub(super) struct First<'a>(pub(super) Scalar<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for First<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor { first_of_list: true }).map(Self)
    }
}

/// The values of an object by the places that their names have, for layouts with many names that several
/// dresses share. A name that comes twice is an error, as it is in [`object`].
struct Named<F, const N: usize>(F);

impl<'de, F: Fn(&[u8]) -> Option<usize>, const N: usize> Visitor<'de> for Named<F, N> {
    type Value = [Scalar<'de>; N];

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut values = [const { None }; N];
        while let Some(name) = map.next_key::<Scalar<'de>>()? {
            let place = name.word().and_then(|name| self.0(name.as_bytes()));
            match place.and_then(|place| values.get_mut(place)) {
                Some(Some(_)) => return Err(M::Error::custom("a name twice")),
                Some(place) => *place = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(values.map(Option::unwrap_or_default))
    }
}

/// What stands between the words of a [`List`].
pub(super) const LIST_SEPARATORS: &[u8] = b"\"";

/// A list of texts, or a single one. As text it is what stands in the record from the first to the
/// last of them, quotes and commas between; no word has a quote, and a lone comma is no word.
#[derive(Default)]
pub(super) struct List<'a> {
    first: Option<&'a str>,
    last: Option<&'a str>,
    /// Texts in which an escape was undone.
    escaped: String,
}

impl<'a> List<'a> {
    /// The list's text within its record; an empty list is none.
    pub(super) fn text(self, record: &'a [u8]) -> Text<'a> {
        let span = self.first.zip(self.last).map(|(first, last)| {
            let begin = super::lex::offset(record, first.as_bytes());
            let end = super::lex::offset(record, last.as_bytes()) + last.len();
            record.get(begin..end).unwrap_or_default()
        });
        let span = span.filter(|span| !span.is_empty());
        if self.escaped.is_empty() {
            return span.map(Cow::Borrowed);
        }
        let mut all = span.unwrap_or_default().to_vec();
        all.extend_from_slice(self.escaped.as_bytes());
        Some(Cow::Owned(all))
    }

    /// The first text that needed no undoing, where there is one only.
    pub(super) fn first(&self) -> Option<&'a str> {
        self.first.filter(|text| !text.is_empty())
    }

    fn borrowed(&mut self, text: &'a str) {
        self.first.get_or_insert(text);
        self.last = Some(text);
    }

    fn owned(&mut self, text: &str) {
        self.escaped.push('"');
        self.escaped.push_str(text);
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of texts")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        let mut list = List::default();
        list.borrowed(text);
        Ok(list)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let mut list = List::default();
        list.owned(text);
        Ok(list)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut texts: S) -> Result<Self::Value, S::Error> {
        let mut list = List::default();
        while let Some(text) = texts.next_element::<Scalar<'de>>()? {
            match text {
                Scalar::Text(Cow::Borrowed(text)) => list.borrowed(text),
                Scalar::Text(Cow::Owned(text)) => list.owned(&text),
                _ => {}
            }
        }
        Ok(list)
    }
}

/// Reads a record as one object.
///
/// # Errors
/// The reject for what is no object of that kind: cut short, or broken in its middle.
pub(super) fn object<'a, T: Deserialize<'a>>(record: &'a [u8]) -> Result<T, Reject> {
    serde_json::from_slice(record).map_err(|error| rejected(&error, record))
}

/// Reads a record as one object, its values by the places of their names.
///
/// # Errors
/// The same as [`object`].
pub(super) fn values_by<const N: usize>(
    record: &[u8],
    place: impl Fn(&[u8]) -> Option<usize>,
) -> Result<[Scalar<'_>; N], Reject> {
    let mut deserializer = serde_json::Deserializer::from_slice(record);
    deserializer
        .deserialize_map(Named(place))
        .and_then(|values| deserializer.end().map(|()| values))
        .map_err(|error| rejected(&error, record))
}

fn rejected(error: &serde_json::Error, record: &[u8]) -> Reject {
    // A record is one line, so the column is the place.
    let at = error.column().saturating_sub(1).min(record.len());
    // A control character in text must be written as an escape; it stands at the place or behind it.
    let control = record[at..].iter().take(2).any(u8::is_ascii_control);
    let reason = match error.classify() {
        serde_json::error::Category::Eof => Reason::Truncated,
        _ if control || std::str::from_utf8(record).is_err() => Reason::Bytes,
        // Well-formed, but a key stands twice, or its value is of another kind.
        serde_json::error::Category::Data => Reason::Columns,
        _ => Reason::Quoting,
    };
    Reject::at(reason, at)
}

/// Whether a line begins an object and names all these keys, quotes included.
pub(super) fn names(line: &[u8], keys: &[&[u8]]) -> bool {
    line.trim_ascii_start().starts_with(b"{")
        && keys.iter().all(|key| memchr::memmem::find(line, key).is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    #[derive(Deserialize)]
    struct Sample<'a> {
        #[serde(borrow, default)]
        value: Scalar<'a>,
        #[serde(borrow, default)]
        list: List<'a>,
    }

    fn list(record: &str) -> Option<String> {
        let sample: Sample<'_> = object(record.as_bytes()).unwrap();
        sample.list.text(record.as_bytes()).map(|text| String::from_utf8(text.into_owned()).unwrap())
    }

    #[test]
    fn values_of_any_kind() {
        let value = |text: &'static str| object::<Sample<'_>>(text.as_bytes()).unwrap().value;
        assert!(matches!(value(r#"{"value":"a b"}"#), Scalar::Text(Cow::Borrowed("a b"))));
        assert!(matches!(value(r#"{"value":"a\tb"}"#), Scalar::Text(Cow::Owned(text)) if text == "a\tb"));
        assert_eq!(value(r#"{"value":" 12 "}"#).whole(), Some(12));
        assert_eq!(value(r#"{"value":{"a":[1,{"b":2}]},"list":[]}"#), Scalar::Nothing);
        assert_eq!(value(r#"{"value":null,"other":[1]}"#), Scalar::Nothing);
        let instant = |text| value(text).epoch();
        let wanted = Some(When::Instant(1_757_497_500_000_000));
        assert_eq!(instant(r#"{"value":1757497500}"#), wanted);
        assert_eq!(instant(r#"{"value":1757497500000}"#), wanted);
        assert_eq!(instant(r#"{"value":1757497500000000}"#), wanted);
        assert_eq!(instant(r#"{"value":1757497500000000000}"#), wanted);
        assert_eq!(instant(r#"{"value":1757497500.000001}"#), Some(When::Instant(1_757_497_500_000_001)));
        assert_eq!(instant(r#"{"value":17}"#), None);
    }

    #[test]
    fn lists_are_a_piece_of_their_record() {
        assert_eq!(list(r#"{"list":["News, Media", "Games"]}"#).unwrap(), r#"News, Media", "Games"#);
        assert_eq!(list(r#"{"list":["News","Games \u0026 Fun"]}"#).unwrap(), "News\"Games & Fun");
        assert_eq!(list(r#"{"list":[]}"#), None);
        assert_eq!(list(r#"{"list":null}"#), None);
        assert_eq!(list(r#"{"list":"News"}"#).unwrap(), "News");
    }

    #[test]
    fn broken_objects() {
        let fault = |record: &[u8]| object::<Sample<'_>>(record).err().map(|reject| reject.reason);
        assert_eq!(fault(br#"{"value":"a"#), Some(Reason::Truncated));
        assert_eq!(fault(br#"{"value":"a"b"}"#), Some(Reason::Quoting));
        assert_eq!(fault(b"{\"value\":\"\xff\"}"), Some(Reason::Bytes));
        assert_eq!(fault(b"{\"value\":\"a\x1b[2J\"}"), Some(Reason::Bytes));
        assert_eq!(fault(b"{\"other\":\"a\0b\"}"), Some(Reason::Bytes));
        assert_eq!(fault(br#"{"value":"a","value":"b"}"#), Some(Reason::Columns));
    }

    #[test]
    fn values_by_name_of_every_sort() {
        let place = |name: &[u8]| b"abcdefgh".iter().position(|known| name.first() == Some(known));
        let record =
            br#"{"a":"x","b":"C:\\y","c":7,"z":"z","d":[1,{"a":2}],"e":{"a":3},"f":null,"g":true,"h\r":"i"}"#;
        let [a, b, c, d, e, f, g, h] = values_by::<8>(record, place).unwrap().map(Scalar::written);
        assert!(matches!(a, Some(Cow::Borrowed(b"x"))));
        assert_eq!(b.as_deref(), Some(&b"C:\\y"[..]));
        assert_eq!(c.as_deref(), Some(&b"7"[..]));
        assert_eq!((d, e, f), (None, None, None));
        assert_eq!((g.as_deref(), h.as_deref()), (Some(&b"true"[..]), Some(&b"i"[..])));
    }

    #[test]
    fn what_is_no_object_of_names_and_values() {
        let reason = |record: &[u8]| values_by::<1>(record, |_| Some(0)).err().unwrap().reason;
        assert_eq!(reason(b"{\"a\":\"x"), Reason::Truncated);
        assert_eq!(reason(b"[1]"), Reason::Columns);
        assert_eq!(reason(b"{\"a\":1,\"a\":2}"), Reason::Columns);
        assert_eq!(reason(b"{\"a\":1} x"), Reason::Quoting);
        assert_eq!(reason(b"{\"a\":\"\xff\"}"), Reason::Bytes);
    }

    #[test]
    fn the_first_of_a_list_or_a_single_value() {
        let first = |record: &str| serde_json::from_str::<First<'_>>(record).unwrap().0.whole();
        assert_eq!(
            (first("[3,4]"), first("5"), first("[]"), first("{\"a\":1}")),
            (Some(3), Some(5), None, None)
        );
    }
}
