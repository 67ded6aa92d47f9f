//! Imports that become durable together.

use std::collections::BTreeSet;
use std::time::Instant;

use super::Run;
use crate::batch::ImportRow;
use crate::error::Error;
use crate::inbox::Claimed;
use crate::lake::importing::ImportFiles;
use crate::lake::{Change, IMPORTED, sync_all};
use crate::report::Outcome;
use crate::schema::TableSchema;
use crate::school::AcademicYear;

/// Files, rows and bytes of data files after which a group is committed.
const GROUP_FILES: usize = 64;
const GROUP_ROWS: u64 = 2_000_000;
const GROUP_BYTES: u64 = 256 << 20;

/// An import whose vault files are durable and whose data files are written.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) source: Claimed,
    /// Index in the report.
    pub(super) index: usize,
    pub(super) files: ImportFiles,
    pub(super) row: ImportRow,
    pub(super) transaction: String,
    /// Something in it is of an illegal list.
    pub(super) listed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Group {
    imports: Vec<Prepared>,
    /// Sources with the same content as one of the group: put away only when that is durable.
    duplicates: Vec<Claimed>,
    rows: u64,
    bytes: u64,
}

impl Group {
    pub(super) fn push(&mut self, import: Prepared) {
        self.rows += import.row.tally.events;
        self.bytes += import.files.size_bytes();
        self.imports.push(import);
    }

    pub(super) fn push_duplicate(&mut self, source: Claimed) {
        self.duplicates.push(source);
    }

    pub(super) fn is_full(&self) -> bool {
        self.imports.len() >= GROUP_FILES || self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES
    }

    /// What the group adds to a table.
    pub(super) fn files_of(&self, table: &TableSchema) -> Change {
        let mut change = Change::default();
        for import in &self.imports {
            let before = change.add.len();
            change
                .add
                .extend(import.files.files.iter().filter(|file| file.table.name == table.name).cloned());
            if change.add.len() > before {
                change.transactions.push(import.transaction.clone());
            }
        }
        change
    }

    /// Fingerprints (16 digits) and bytes of what it holds.
    pub(super) fn contents(&self) -> impl Iterator<Item = (&str, u64)> {
        self.imports
            .iter()
            .map(|import| (import.row.fingerprint.get(..16).unwrap_or_default(), import.row.tally.file_bytes))
    }

    /// Whether it holds an import whose fingerprint begins so.
    pub(super) fn holds(&self, fingerprint16: &str) -> bool {
        self.imports.iter().any(|import| import.row.fingerprint.starts_with(fingerprint16))
    }
}

impl Run<'_> {
    /// Makes the group durable, then puts its sources away.
    pub(super) fn commit_group(&mut self) -> Result<(), Error> {
        let group = std::mem::take(&mut self.group);
        if group.imports.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        self.progress.committing(group.imports.len());
        self.flush(&group)?;
        self.commit_rows(&group)?;
        self.enter(&group)?;
        self.put_away(group)?;
        self.report.timings.commit += begun.elapsed();
        Ok(())
    }

    /// Data files onto the disk, and the days they touch into the state file.
    pub(super) fn flush(&mut self, group: &Group) -> Result<(), Error> {
        sync_all(group.imports.iter().flat_map(|import| &import.files.files))?;
        let touched: BTreeSet<_> =
            group.imports.iter().flat_map(|import| import.files.touched.iter().copied()).collect();
        self.state.mark_dirty(touched)
    }

    /// One commit per table.
    pub(super) fn commit_rows(&mut self, group: &Group) -> Result<(), Error> {
        for table in IMPORTED {
            self.runtime.block_on(self.lake.commit(table, group.files_of(table)))?;
        }
        Ok(())
    }

    /// The commit that makes the imports exist.
    pub(super) fn enter(&mut self, group: &Group) -> Result<(), Error> {
        let rows: Vec<_> = group.imports.iter().map(|import| import.row.clone()).collect();
        let transactions = group.imports.iter().map(|import| import.transaction.clone()).collect();
        let year = AcademicYear::of(self.today);
        self.runtime.block_on(self.lake.enter_imports(year, &rows, transactions))
    }

    fn put_away(&mut self, group: Group) -> Result<(), Error> {
        let kept = self.kept();
        for import in group.imports {
            let fingerprint = import.row.fingerprint.clone();
            self.finished(import.index, Outcome::Committed);
            self.imported.insert(fingerprint.chars().take(16).collect(), import.row.tally.file_bytes);
            // No copy of an address of an illegal list stays anywhere.
            import.source.finish(kept.as_deref().filter(|_| !import.listed))?;
            self.state.close_import(&fingerprint)?;
        }
        group.duplicates.into_iter().try_for_each(|source| source.finish(None))
    }
}
