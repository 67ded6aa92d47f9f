//! Values between commas, quoted where they hold one: borrowed from the record unless a doubled quote
//! had to be undone. The rules are those of the framing, with blanks before a quote forgiven.

use std::borrow::Cow;

use super::w3c::undoubled;

/// A value.
pub(super) type Value<'a> = Cow<'a, [u8]>;

/// Splits a record into at most `N` values; the second value is how many there are, also beyond `N`.
pub(super) fn values<const N: usize>(record: &[u8]) -> ([Value<'_>; N], usize) {
    let mut values = std::array::from_fn(|_| Cow::Borrowed(&b""[..]));
    let mut count = 0;
    for value in Values::new(record) {
        if let Some(place) = values.get_mut(count) {
            *place = value;
        }
        count += 1;
    }
    (values, count)
}

/// The values of a record, one by one.
pub(super) struct Values<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Values<'a> {
    /// From the left.
    pub(super) const fn new(record: &'a [u8]) -> Self {
        Self { rest: Some(record) }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let rest = self.rest?;
        let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
        let (value, after) = match &rest[blanks..] {
            [b'"', inner @ ..] => quoted(inner),
            _ => {
                let end = memchr::memchr(b',', rest).unwrap_or(rest.len());
                (Cow::Borrowed(&rest[..end]), &rest[end..])
            }
        };
        self.rest = after.split_first().map(|(_, rest)| rest);
        Some(value)
    }
}

/// A value whose opening quote is taken off, and what follows from its comma on. What stands between
/// the closing quote and the comma is nobody's.
fn quoted(inner: &[u8]) -> (Value<'_>, &[u8]) {
    let mut doubled = false;
    let mut at = 0;
    let end = loop {
        match inner.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) {
            None => break inner.len(),
            Some(step) if inner.get(at + step + 1) == Some(&b'"') => {
                doubled = true;
                at += step + 2;
            }
            Some(step) => break at + step,
        }
    };
    let value = &inner[..end];
    let value = if doubled { Cow::Owned(undoubled(value, b'"')) } else { Cow::Borrowed(value) };
    let after = inner.get(end + 1..).unwrap_or_default();
    let comma = memchr::memchr(b',', after).unwrap_or(after.len());
    (value, &after[comma..])
}

/// A value's text; empty is none.
pub(super) fn text(value: Value<'_>) -> crate::fields::Text<'_> {
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(record: &str) -> Vec<String> {
        Values::new(record.as_bytes()).map(|value| String::from_utf8_lossy(&value).into_owned()).collect()
    }

    #[test]
    fn values_between_commas() {
        assert_eq!(split(r#"a,"b,c",,"d ""e""", f "g","#), ["a", "b,c", "", "d \"e\"", " f \"g\"", ""]);
        assert_eq!(split(r#" "a", "b" x,"c"#), ["a", "b", "c"]);
        assert_eq!(split(""), [""]);
        assert_eq!(split(r#""a"#), ["a"]);
        assert_eq!(split("\"a\nb\",c"), ["a\nb", "c"]);
        let (values, count) = values::<2>(b"a,b,c");
        assert_eq!((values[1].as_ref(), count), (&b"b"[..], 3));
    }
}
