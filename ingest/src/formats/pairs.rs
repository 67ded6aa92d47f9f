//! key=value, quoted or bare: what firewalls and gateways write.
//!
//! A bare value runs to the next key, since several producers leave blanks in it. A quoted value ends
//! at the first quote behind which a key or the end follows, so that quotes which a producer forgot to
//! escape do no harm.
//!
//! Whoever asks chooses address and browser, and may write a pair into them. So a key that is read and comes
//! twice with two values makes the record a reject, for nobody can say which of them is the producer's;
//! but where the producer's document fixes the order, a key that stands before all that somebody else
//! wrote counts where it came first.

use std::borrow::Cow;

use super::lex::{self, Fault};
use crate::fields::Text;
use crate::report::{Reason, Reject};

/// No producer's keys are longer; what is, is a value.
const LONGEST_KEY: usize = 64;

/// How a producer writes its pairs.
#[derive(Clone, Copy)]
pub(super) struct Grammar<'g> {
    /// What stands between pairs; several in a row are one.
    pub(super) separator: &'g [u8],
    /// Values may stand in double quotes.
    pub(super) quotes: bool,
    /// Bytes that a backslash may stand before; with `x`, also two hexadecimal digits.
    pub(super) escapes: &'static [u8],
    /// Whether a word before `=` is a key and not a piece of the value before it.
    pub(super) is_key: fn(&[u8]) -> bool,
}

/// Values in quotes or bare, blanks between.
pub(super) const QUOTED: Grammar<'static> =
    Grammar { separator: b" ", quotes: true, escapes: b"\"\\", is_key: any_key };

/// Any word that begins with a letter.
pub(super) fn any_key(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_alphabetic)
}

/// A value as written; missing, it is empty.
#[derive(Clone, Copy, Default)]
pub(super) struct Value<'a> {
    bytes: &'a [u8],
    escapes: &'static [u8],
    written: bool,
}

crate::event::redacted!(Value);

impl<'a> Value<'a> {
    /// The bytes between the quotes, escapes left in.
    pub(super) const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Whether something stands there; a dash is nothing.
    pub(super) fn present(self) -> bool {
        !self.bytes.is_empty() && self.bytes != b"-"
    }

    /// Whether its key stands in the record, with a value or without.
    pub(super) const fn is_written(self) -> bool {
        self.written
    }

    /// This value, or the other where this one says nothing.
    pub(super) fn or(self, other: Self) -> Self {
        if self.present() { self } else { other }
    }

    /// A part of this value.
    pub(super) const fn part(self, bytes: &'a [u8]) -> Self {
        Self { bytes, ..self }
    }

    /// The text with its escapes undone; empty and `-` are none.
    pub(super) fn text(self) -> Text<'a> {
        self.present().then(|| unescaped(self.bytes, self.escapes))
    }

    /// A whole number of at least zero.
    pub(super) fn natural(self) -> Option<i64> {
        lex::whole_column(self.bytes).and_then(lex::Whole::natural)
    }

    /// An HTTP status.
    pub(super) fn status(self) -> Option<u32> {
        lex::whole_of(self.bytes, lex::status)
    }

    /// A port.
    pub(super) fn port(self) -> Option<u16> {
        self.natural().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
    }

    /// A reject because of this value: where it stands, or the record's end where it is missing.
    pub(super) fn reject(self, reason: Reason, record: &[u8]) -> Reject {
        Reject::at(reason, if self.written { lex::offset(record, self.bytes) } else { record.len() })
    }
}

/// Whether a line begins with a pair, blanks before it left out.
pub(super) fn begins(line: &[u8]) -> bool {
    key_at(line.trim_ascii_start(), any_key).is_some()
}

/// Whether a pair with this key stands anywhere; `key` ends with `=`.
pub(super) fn has(line: &[u8], key: &[u8]) -> bool {
    memchr::memmem::find_iter(line, key)
        .any(|at| at == 0 || matches!(line.get(at - 1), Some(b' ' | b',' | b'\t')))
}

/// The values of `keys`, in their order.
///
/// # Errors
/// Quotes that do not close, or a key with two values.
pub(super) fn values<'a, const N: usize>(
    pairs: &'a [u8],
    grammar: Grammar<'_>,
    keys: &[&[u8]; N],
) -> Result<[Value<'a>; N], Fault> {
    values_by(pairs, grammar, |key| keys.iter().position(|known| *known == key))
}

/// The same, with keys that have several spellings.
pub(super) fn values_by<'a, const N: usize>(
    pairs: &'a [u8],
    grammar: Grammar<'_>,
    index: impl Fn(&[u8]) -> Option<usize>,
) -> Result<[Value<'a>; N], Fault> {
    gather(pairs, grammar, index, |_| false)
}

/// The same of a layout in a fixed order, in which the keys `ahead` stand before all that whoever asks could
/// write into a value: of these the first counts.
pub(super) fn values_in_order<'a, const N: usize>(
    pairs: &'a [u8],
    grammar: Grammar<'_>,
    keys: &[&[u8]; N],
    ahead: &[&[u8]],
) -> Result<[Value<'a>; N], Fault> {
    let index = |key: &[u8]| keys.iter().position(|known| *known == key);
    gather(pairs, grammar, index, |key| ahead.contains(&key))
}

fn gather<'a, const N: usize>(
    pairs: &'a [u8],
    grammar: Grammar<'_>,
    index: impl Fn(&[u8]) -> Option<usize>,
    first_counts: impl Fn(&[u8]) -> bool,
) -> Result<[Value<'a>; N], Fault> {
    let mut values = [Value::default(); N];
    let mut rest = Pairs { rest: pairs, grammar, only_lenient: false };
    while let Some((key, value)) = rest.next()? {
        let Some(place) = index(key).and_then(|index| values.get_mut(index)) else { continue };
        if !place.written {
            *place = value;
        } else if place.bytes != value.bytes && !first_counts(key) {
            return Err(Fault::new(Reason::Columns, &pairs[lex::offset(pairs, key)..]));
        }
    }
    Ok(values)
}

/// `GET http://host/ HTTP/1.1` as method and address; blanks within the address belong to it.
pub(super) fn request_line(line: Value<'_>) -> (Value<'_>, Value<'_>) {
    let Some(at) = memchr::memchr(b' ', line.bytes) else { return (Value::default(), line) };
    let (method, rest) = (&line.bytes[..at], line.bytes[at..].trim_ascii());
    let address = match memchr::memmem::rfind(rest, b" HTTP/") {
        Some(end) => &rest[..end],
        None => rest,
    };
    (line.part(method), line.part(address))
}

struct Pairs<'a, 'g> {
    rest: &'a [u8],
    grammar: Grammar<'g>,
    /// No quote in the rest has a key or the end behind it. Kept, so that a record full of stray
    /// quotes is looked through once and not once for each of them.
    only_lenient: bool,
}

type Pair<'a> = (&'a [u8], Value<'a>);

impl<'a> Pairs<'a, '_> {
    fn next(&mut self) -> Result<Option<Pair<'a>>, Fault> {
        loop {
            self.rest = self.past_separators(self.rest);
            if self.rest.is_empty() {
                return Ok(None);
            }
            if let Some(key) = key_at(self.rest, self.grammar.is_key) {
                let after = &self.rest[key.len() + 1..];
                let value = match after.strip_prefix(b"\"") {
                    Some(quoted) if self.grammar.quotes => self.quoted(quoted)?,
                    _ => self.bare(after),
                };
                return Ok(Some((key, value)));
            }
            // A word that belongs to no pair.
            match self.separator(self.rest) {
                Some(at) => self.rest = &self.rest[at..],
                None => return Ok(None),
            }
        }
    }

    fn separator(&self, bytes: &[u8]) -> Option<usize> {
        match self.grammar.separator {
            [byte] => memchr::memchr(*byte, bytes),
            several => memchr::memmem::find(bytes, several),
        }
    }

    fn past_separators<'b>(&self, mut bytes: &'b [u8]) -> &'b [u8] {
        while let Some(rest) = bytes.strip_prefix(self.grammar.separator).or_else(|| bytes.strip_prefix(b" "))
        {
            bytes = rest;
        }
        bytes
    }

    /// Up to the next key, or the end.
    fn bare(&mut self, value: &'a [u8]) -> Value<'a> {
        let mut from = 0;
        let end = loop {
            let Some(at) = self.separator(&value[from..]).map(|at| from + at) else { break value.len() };
            if key_at(self.past_separators(&value[at..]), self.grammar.is_key).is_some() {
                break at;
            }
            from = at + self.grammar.separator.len();
        };
        self.rest = &value[end..];
        let quoted = self.grammar.quotes;
        let escapes: &[u8] = if quoted { b"" } else { self.grammar.escapes };
        Value { bytes: value[..end].trim_ascii_end(), escapes, written: true }
    }

    /// Up to the closing quote; `value` begins behind the opening one.
    fn quoted(&mut self, value: &'a [u8]) -> Result<Value<'a>, Fault> {
        let end = self.closing(value)?;
        self.rest = &value[end + 1..];
        Ok(Value { bytes: &value[..end], escapes: self.grammar.escapes, written: true })
    }

    fn closing(&mut self, value: &'a [u8]) -> Result<usize, Fault> {
        let mut lenient = None;
        let mut stray = false;
        for at in memchr::memchr_iter(b'"', value) {
            let backslashes = value[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
            if backslashes % 2 == 1 {
                continue;
            }
            stray = true;
            let after = &value[at + 1..];
            let next = self.past_separators(after);
            if next.is_empty() || (next.len() < after.len() && key_at(next, self.grammar.is_key).is_some()) {
                return Ok(at);
            }
            if next.len() < after.len() {
                lenient = lenient.or(Some(at));
                if self.only_lenient {
                    break;
                }
            }
        }
        self.only_lenient = true;
        lenient.ok_or(Fault::new(if stray { Reason::Quoting } else { Reason::Truncated }, value))
    }
}

/// The key with which the bytes begin, if they do.
fn key_at(bytes: &[u8], is_key: fn(&[u8]) -> bool) -> Option<&[u8]> {
    let in_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let end = bytes.iter().take(LONGEST_KEY + 1).position(|byte| !in_key(byte))?;
    (end > 0 && bytes[end] == b'=' && is_key(&bytes[..end])).then(|| &bytes[..end])
}

/// Takes out the backslashes that stand before one of `escapes`.
fn unescaped<'a>(bytes: &'a [u8], escapes: &[u8]) -> Cow<'a, [u8]> {
    if escapes.is_empty() || !has_escape(bytes, escapes) {
        return Cow::Borrowed(bytes);
    }
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        rest = match rest {
            [b'\\', b'x', high, low, after @ ..] if escapes.contains(&b'x') => {
                match (hexadecimal(*high), hexadecimal(*low)) {
                    (Some(high), Some(low)) => plain.push(high * 16 + low),
                    _ => plain.extend_from_slice(&rest[..4]),
                }
                after
            }
            [b'\\', byte, after @ ..] if *byte != b'x' && escapes.contains(byte) => {
                plain.push(*byte);
                after
            }
            [byte, after @ ..] => {
                plain.push(*byte);
                after
            }
            [] => return Cow::Owned(plain),
        }
    }
}

fn has_escape(bytes: &[u8], escapes: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', bytes).any(|at| bytes.get(at + 1).is_some_and(|byte| escapes.contains(byte)))
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    fn read<const N: usize>(pairs: &str, grammar: Grammar<'_>, keys: [&str; N]) -> Vec<String> {
        let keys = keys.map(str::as_bytes);
        values_in_order(pairs.as_bytes(), grammar, &keys, &keys)
            .unwrap()
            .map(|value| String::from_utf8_lossy(&value.text().unwrap_or_default()).into_owned())
            .to_vec()
    }

    #[test]
    fn quoted_and_bare_values() {
        let line = r#" a="one two" b=3 c= d="" e=x (0x08) f=-  g="end" "#;
        assert_eq!(
            read(line, QUOTED, ["a", "b", "c", "d", "e", "f", "g"]),
            ["one two", "3", "", "", "x (0x08)", "", "end"]
        );
    }

    #[test]
    fn quotes_within_quotes() {
        let line = r#"a="say \"b=1\" to \\all" b="the "best" site" c="DOMAIN\name" d="x" stray e=5"#;
        assert_eq!(
            read(line, QUOTED, ["a", "b", "c", "e"]),
            [r#"say "b=1" to \all"#, r#"the "best" site"#, r"DOMAIN\name", "5"]
        );
    }

    #[test]
    fn known_keys_keep_equals_signs_in_values() {
        let grammar = Grammar {
            quotes: false,
            escapes: b"",
            is_key: |word| [b"user", b"host"].contains(&<&[u8; 4]>::try_from(word).unwrap_or(b"none")),
            ..QUOTED
        };
        assert_eq!(
            read("user=LDAP://x OU=a,OU=b c host=1", grammar, ["user", "host"]),
            ["LDAP://x OU=a,OU=b c", "1"]
        );
    }

    #[test]
    fn the_first_of_two_counts() {
        assert_eq!(read("a=1 a=2", QUOTED, ["a"]), ["1"]);
        assert_eq!(read("a= a=2", QUOTED, ["a"]), [""]);
    }

    #[test]
    fn a_key_with_two_values_is_a_fault_unless_it_stands_ahead() {
        let two = br#"a=1 b="x" a=2 c=3"#;
        let fault = values(two, QUOTED, &[b"a", b"c"]).map(|_| ()).unwrap_err();
        // At the second of them.
        assert_eq!(fault.reject(two), Reject::at(Reason::Columns, 10));
        let [first] = values_in_order(two, QUOTED, &[b"a"], &[b"a"]).unwrap();
        assert_eq!(first.bytes(), b"1");
        // Keys that are not read, and a value that is written twice, say nothing else.
        assert!(values(two, QUOTED, &[b"b", b"c"]).is_ok());
        assert!(values(br#"a=1 b=2 a="1""#, QUOTED, &[b"a"]).is_ok());
        assert!(values(b"a= b=2 a=1", QUOTED, &[b"a"]).is_err());
    }

    #[test]
    fn other_separators() {
        let comma = Grammar { separator: b",", ..QUOTED };
        assert_eq!(read(r#"a=1,b="x, y",c=z"#, comma, ["a", "b", "c"]), ["1", "x, y", "z"]);
        let octal = Grammar { separator: b"#011", quotes: false, ..QUOTED };
        assert_eq!(read("a=1 2#011b=#011c=3", octal, ["a", "b", "c"]), ["1 2", "", "3"]);
    }

    #[test]
    fn open_quotes_are_faults() {
        let fault = |line: &str| values(line.as_bytes(), QUOTED, &[b"a"]).map(|_| ()).unwrap_err().reason;
        assert_eq!(fault(r#"b=1 a="cut he"#), Reason::Truncated);
        assert_eq!(fault(r#"a="one"two"#), Reason::Quoting);
    }

    #[test]
    fn hexadecimal_escapes_are_only_undone_where_they_are_written() {
        let grammar = Grammar { escapes: b"\"\\x", ..QUOTED };
        assert_eq!(read(r#"u="D\\zo\xc3\xab" v="\xyz""#, grammar, ["u", "v"]), [r"D\zoë", r"\xyz"]);
        assert_eq!(read(r#"u="D\xabi""#, QUOTED, ["u"]), [r"D\xabi"]);
    }

    #[test]
    fn request_lines() {
        let line = |text: &'static str| {
            let (method, address) = request_line(Value::default().part(text.as_bytes()));
            [method, address].map(|value| std::str::from_utf8(value.bytes()).unwrap())
        };
        assert_eq!(line("GET http://a.example/b c HTTP/1.1"), ["GET", "http://a.example/b c"]);
        assert_eq!(line("CONNECT a.example:443"), ["CONNECT", "a.example:443"]);
        assert_eq!(line("a.example"), ["", "a.example"]);
    }
}
