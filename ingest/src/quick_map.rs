//! Hash maps for look-ups that every record makes.

/// A map whose hash is quick and seeded anew in every process: the standard library's is made to
/// withstand whoever chooses the keys, at several times the price. What a crafted log could gain is a
/// slow import of itself.
pub(crate) type QuickMap<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

/// The set to it.
pub(crate) type QuickSet<T> = std::collections::HashSet<T, foldhash::fast::RandomState>;
