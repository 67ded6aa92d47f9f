//! Exports that cover the same days: a row that stood in an earlier one is the same record, however
//! often it is exported.
//!
//! Repeats within one export are real (a person who tries again in the same second), so rows are
//! compared as a multiset: of a row that an earlier export had twice, the first two are known. Logs are
//! not compared at all: they are told apart as files, whole or by their beginning.

use jiff::civil::Date;

use crate::detect::{Detected, Layout};
use crate::error::Error;
use crate::pseudonymise::{Domain, Keyring};
use crate::quick_map::QuickMap;
use crate::school::AcademicYear;
use crate::state::{ExportRow, State};

/// Rows of one export that are compared and remembered, some 50 MB; what follows is taken in with a
/// notice.
const MOST_ROWS: usize = 1_000_000;

/// The rows of one export against those of earlier ones.
pub(super) struct Overlap<'o> {
    state: &'o State,
    keyring: &'o Keyring,
    source_format: String,
    /// Whether an import, by its token, stands in the lake or in the group at hand.
    counts: Box<dyn Fn(i64) -> bool + 'o>,
    known: QuickMap<Date, QuickMap<i64, u32>>,
    seen: QuickMap<(Date, i64), u32>,
}

impl std::fmt::Debug for Overlap<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Overlap({} rows)", self.seen.len())
    }
}

impl<'o> Overlap<'o> {
    /// For an export; none for a log.
    pub(super) fn of(
        detected: &Detected,
        state: &'o State,
        keyring: &'o Keyring,
        counts: Box<dyn Fn(i64) -> bool + 'o>,
    ) -> Option<Self> {
        matches!(detected.layout(), Layout::Profile(_)).then(|| Self {
            state,
            keyring,
            source_format: detected.format_id().to_owned(),
            counts,
            known: QuickMap::default(),
            seen: QuickMap::default(),
        })
    }

    /// Counts a row; says whether an earlier export had it.
    pub(super) fn stood_before(&mut self, day: Date, row: &[u8]) -> Result<bool, Error> {
        if self.seen.len() >= MOST_ROWS {
            return Ok(false);
        }
        let token = self.keyring.token(AcademicYear::of(day), Domain::ExportRow, row)?;
        if !self.known.contains_key(&day) {
            let mut rows: QuickMap<i64, u32> = QuickMap::default();
            for (row, copies) in self.state.export_rows(&self.source_format, day, &*self.counts)? {
                let most = rows.entry(row).or_default();
                *most = copies.max(*most);
            }
            self.known.insert(day, rows);
        }
        let known = self.known.get(&day).and_then(|rows| rows.get(&token)).copied().unwrap_or(0);
        let seen = self.seen.entry((day, token)).or_default();
        *seen += 1;
        Ok(*seen <= known)
    }

    /// Whether there were more rows than are compared.
    pub(super) fn is_overfull(&self) -> bool {
        self.seen.len() >= MOST_ROWS
    }

    /// What is to be remembered once the import stands.
    pub(super) fn rows(self) -> Vec<ExportRow> {
        self.seen
            .into_iter()
            .map(|((local_date, row), copies)| ExportRow { local_date, row, copies })
            .collect()
    }
}
