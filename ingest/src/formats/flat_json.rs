//! One JSON object a line: the values of known names, borrowed where no escape stands in them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::fields::Text;
use crate::report::{Reason, Reject};

/// The values of `names`, in their order; numbers as they would be written, lists and objects as none.
/// Of a name that comes twice the first counts.
pub(super) fn values<'a, const N: usize>(
    record: &'a [u8],
    names: &[&str; N],
) -> Result<[Text<'a>; N], Reject> {
    let mut values = [const { None }; N];
    let mut deserializer = serde_json::Deserializer::from_slice(record);
    Object { names, values: &mut values }
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| rejected(&error, record))?;
    Ok(values)
}

fn rejected(error: &serde_json::Error, record: &[u8]) -> Reject {
    if let Err(error) = std::str::from_utf8(record) {
        return Reject::at(Reason::Bytes, error.valid_up_to());
    }
    let reason = if error.is_eof() { Reason::Truncated } else { Reason::Columns };
    Reject::at(reason, error.column().saturating_sub(1).min(record.len()))
}

struct Object<'v, 'n, 'a, const N: usize> {
    names: &'n [&'n str; N],
    values: &'v mut [Text<'a>; N],
}

impl<'a, const N: usize> DeserializeSeed<'a> for Object<'_, '_, 'a, N> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a, const N: usize> Visitor<'a> for Object<'_, '_, 'a, N> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(name) = map.next_key_seed(Scalar)? {
            let index = self.names.iter().position(|known| name.as_deref() == Some(known.as_bytes()));
            match index.and_then(|index| self.values.get_mut(index)) {
                Some(place) => {
                    let value = map.next_value_seed(Scalar)?;
                    if place.is_none() {
                        *place = value;
                    }
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct Scalar;

impl<'a> DeserializeSeed<'a> for Scalar {
    type Value = Text<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Text<'a>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn written(value: impl ToString) -> Text<'static> {
    Some(Cow::Owned(value.to_string().into_bytes()))
}

impl<'a> Visitor<'a> for Scalar {
    type Value = Text<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Text<'a>, E> {
        Ok(Some(Cow::Borrowed(text.as_bytes())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'a>, E> {
        Ok(Some(Cow::Owned(text.as_bytes().to_vec())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Text<'a>, E> {
        Ok(written(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Text<'a>, E> {
        Ok(written(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Text<'a>, E> {
        Ok(written(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Text<'a>, E> {
        Ok(written(value))
    }

    fn visit_unit<E>(self) -> Result<Text<'a>, E> {
        Ok(None)
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<Text<'a>, S::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Text<'a>, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    #[test]
    fn values_of_every_sort() {
        let record =
            br#"{"a":"x","b":"C:\\y","c":7,"a":"z","d":[1,{"a":2}],"e":{"a":3},"f":null,"g":true,"h\r":"i"}"#;
        let [a, b, c, d, e, f, g, h] = values(record, &["a", "b", "c", "d", "e", "f", "g", "h\r"]).unwrap();
        assert!(matches!(a, Some(Cow::Borrowed(b"x"))));
        assert_eq!(b.as_deref(), Some(&b"C:\\y"[..]));
        assert_eq!(c.as_deref(), Some(&b"7"[..]));
        assert_eq!((d, e, f), (None, None, None));
        assert_eq!((g.as_deref(), h.as_deref()), (Some(&b"true"[..]), Some(&b"i"[..])));
    }

    #[test]
    fn what_is_no_object() {
        let reason = |record: &[u8]| values(record, &["a"]).unwrap_err().reason;
        assert_eq!(reason(b"{\"a\":\"x"), Reason::Truncated);
        assert_eq!(reason(b"[1]"), Reason::Columns);
        assert_eq!(reason(b"{\"a\":1} x"), Reason::Columns);
        assert_eq!(reason(b"{\"a\":\"\xff\"}"), Reason::Bytes);
    }
}
