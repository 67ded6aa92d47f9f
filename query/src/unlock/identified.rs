//! Something that names people.

use std::fmt;

/// Something that names people: shown to the person who opened it, and never released.
///
/// It has no `Display`, no `Serialize`, no way out but [`read`](Self::read), and is no `Releasable`.
///
/// ```compile_fail
/// fn printed(timeline: query::unlock::Identified<query::unlock::Timeline>) -> String {
///     timeline.to_string()
/// }
/// ```
///
/// ```
/// fn rows(timeline: &query::unlock::Identified<query::unlock::Timeline>) -> usize {
///     timeline.read().rows.len()
/// }
/// ```
pub struct Identified<T>(T);

impl<T> Identified<T> {
    pub(super) const fn opened(value: T) -> Self {
        Self(value)
    }

    /// The names. Who calls this shows them to the key's holder only.
    pub const fn read(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Identified<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Identified(redacted)")
    }
}

impl fmt::Debug for super::Timeline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Timeline({} rows, redacted)", self.rows.len())
    }
}

impl fmt::Debug for super::UnmappedWord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("UnmappedWord(redacted)")
    }
}
