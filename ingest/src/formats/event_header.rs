//! The heads of CEF and LEEF: who wrote the record and what it is about, between upright lines.
//!
//! Collectors often swallow `CEF:` or `LEEF:`, which looks like the tag of a syslog envelope, so the
//! word may be missing.

use super::pairs::Grammar;

/// A head, and the pairs behind it.
#[derive(Clone, Copy)]
pub(super) struct EventHeader<'a> {
    pub(super) vendor: &'a [u8],
    pub(super) product: &'a [u8],
    /// Number of the kind of event; what it counts differs by vendor.
    pub(super) event: &'a [u8],
    /// The delimiter that a head of LEEF 2.0 may name.
    delimiter: &'a [u8],
    pub(super) pairs: &'a [u8],
}

crate::event::redacted!(EventHeader);

/// `CEF:0|vendor|product|version|event|name|severity|pairs`.
pub(super) fn common(record: &[u8]) -> Option<EventHeader<'_>> {
    let record = record.trim_ascii_start();
    let record = record.strip_prefix(b"CEF:").unwrap_or(record).trim_ascii_start();
    let mut parts = Parts(record);
    let version = parts.next()?;
    if !matches!(version, b"0" | b"1") {
        return None;
    }
    let (vendor, product) = (parts.next()?, parts.next()?);
    let _version = parts.next()?;
    let event = parts.next()?;
    let (_name, _severity) = (parts.next()?, parts.next()?);
    Some(EventHeader { vendor, product, event, delimiter: b"", pairs: parts.0 })
}

/// `LEEF:1.0|vendor|product|version|event|pairs`; 2.0 has a delimiter before the pairs.
pub(super) fn log(record: &[u8]) -> Option<EventHeader<'_>> {
    let record = record.trim_ascii_start();
    let record = record.strip_prefix(b"LEEF:").unwrap_or(record).trim_ascii_start();
    let mut parts = Parts(record);
    let version = parts.next()?;
    if !matches!(version, b"1.0" | b"2.0") {
        return None;
    }
    let (vendor, product) = (parts.next()?, parts.next()?);
    let _version = parts.next()?;
    let event = parts.next()?;
    let delimiter = if version == b"2.0" { parts.next()? } else { b"" };
    Some(EventHeader { vendor, product, event, delimiter, pairs: parts.0 })
}

impl<'a> EventHeader<'a> {
    /// How the pairs behind a LEEF head are written: tabs between, or what the head names, or the
    /// `#011` that a syslog relay makes of a tab.
    pub(super) fn log_grammar(&self) -> Grammar<'a> {
        let separator: &'a [u8] = match self.delimiter {
            [byte] => std::slice::from_ref(byte),
            _ if memchr::memchr(b'\t', self.pairs).is_some() => b"\t",
            _ if memchr::memmem::find(self.pairs, b"#011").is_some() => b"#011",
            _ => b"\t",
        };
        Grammar { separator, quotes: false, escapes: b"", is_key: super::pairs::any_key }
    }
}

/// What stands before each upright line that no backslash stands before.
struct Parts<'a>(&'a [u8]);

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr_iter(b'|', self.0)
            .find(|at| at.checked_sub(1).is_none_or(|before| self.0[before] != b'\\'))?;
        let part = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Some(part)
    }
}
