//! What goes, or would go: counted, never named.

use std::fmt;

/// A tier of what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Whole records, addresses, search words, names.
    Detail,
    /// Events with keyed pseudonyms, and the keys.
    Events,
    /// Changes and tests of the filter, imports, the deletion log itself, the access audit, page views.
    Ledger,
    /// Sources, refused files, what an interrupted run left.
    Files,
}

impl Tier {
    /// The word in tables and in the deletion log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Detail => "R0",
            Self::Events => "R1",
            Self::Ledger => "ledger",
            Self::Files => "files",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// One table, or one sort of file, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Tier.
    pub tier: Tier,
    /// A table of the lake, or `vault`, `keys`, `rosters`, `state`, `access audit`, `page views`, `kept
    /// sources`, `refused files`, `leftovers`.
    pub place: &'static str,
    /// Local day or academic year, where it has one.
    pub period: String,
    /// Rows; 0 where they are sealed.
    pub rows: u64,
    /// Files.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
}

/// What a run dropped, or would drop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetainReport {
    /// What goes.
    pub lines: Vec<Line>,
    /// What the clocks would drop and a hold keeps.
    pub held: Vec<Line>,
    /// Local days closed by this run.
    pub days_closed: u64,
    /// Academic years whose pseudonym key goes.
    pub keys_destroyed: Vec<String>,
    /// Sealed files that a hold on one person keeps whole: without a DSL's key nobody can take them apart.
    pub sealed_whole: u64,
    /// Why somebody should look before this is dropped: it is not what the last runs dropped.
    pub unexpected: Option<String>,
    /// Lines of work that an interrupted run noted and did not finish.
    pub unfinished: u64,
}

impl RetainReport {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.keys_destroyed.is_empty() && self.unfinished == 0
    }

    /// Rows, files and bytes over all lines.
    #[must_use]
    pub fn totals(&self) -> (u64, u64, u64) {
        self.lines.iter().fold((0, 0, 0), |(rows, files, bytes), line| {
            (rows + line.rows, files + line.files, bytes + line.bytes)
        })
    }
}
