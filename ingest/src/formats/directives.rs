//! What the describing lines of a file said: which columns its records have.

use jiff::civil;

/// Code of a column that is not kept.
pub(super) const NOT_KEPT: u8 = 0;

/// Kept from directive to directive; a format that names its columns in the file fills it.
#[derive(Debug, Default)]
pub struct Directives {
    /// For each column in the file's order, the format's own code of it, or [`NOT_KEPT`].
    pub(super) columns: Vec<u8>,
    /// The columns were named, and they are this format's.
    pub(super) recognised: bool,
    /// What stands between columns, where a directive says so.
    pub(super) separator: Option<u8>,
    /// How far the file's clock is ahead of UTC, where a directive says so.
    pub(super) offset_minutes: Option<i32>,
    /// The day of records that have only a time of day.
    pub(super) date: Option<civil::Date>,
    /// The format's own code of what the file says about the program or the kind of log.
    pub(super) product: u8,
}

impl Directives {
    /// Takes a line that names the columns; `code` gives a name's code or [`NOT_KEPT`], and the format
    /// is recognised when every code of `needed` occurs.
    pub(super) fn name<'n>(
        &mut self,
        names: impl Iterator<Item = &'n [u8]>,
        code: impl Fn(&[u8]) -> u8,
        needed: &[u8],
    ) {
        self.columns.clear();
        self.columns.extend(names.map(code));
        self.recognised = needed.iter().all(|code| self.has(*code));
    }

    /// Whether a column of that code was named.
    pub(super) fn has(&self, code: u8) -> bool {
        self.columns.contains(&code)
    }
}
