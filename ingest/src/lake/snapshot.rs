//! One version of one table: its files, with what is needed to skip them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::civil::Date;

use super::files::Ranges;
use crate::schema::TableSchema;

/// A data file that a version of a table consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Path below the table's folder.
    pub path: String,
    /// Value of the partition column, as text.
    pub partition: String,
    /// Size.
    pub size_bytes: u64,
    /// Rows, if the log tells.
    pub rows: Option<u64>,
    /// Least and greatest value by column, for numbers, days and times.
    pub ranges: Ranges,
}

impl DataFile {
    /// The import that wrote it (first 16 hex digits of its fingerprint); none for files that stand
    /// for themselves: derived months, the ledger of imports, compacted files.
    #[must_use]
    pub fn import(&self) -> Option<&str> {
        self.name().strip_prefix("part-")?.split('-').next().filter(|digits| digits.len() == 16)
    }

    /// Name within its partition's folder.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether rows of a local day can be in it, by partition or statistics.
    #[must_use]
    pub fn may_hold(&self, day: Date) -> bool {
        match self.partition.parse::<Date>() {
            Ok(partition) => partition == day,
            Err(_) => self.ranges.get("local_date").is_none_or(|(first, last)| {
                (*first..=*last).contains(&i64::from(super::columns::epoch_days(day)))
            }),
        }
    }
}

/// A version of a table.
#[derive(Clone, Debug)]
pub struct TableSnapshot {
    /// The table's columns.
    pub table: &'static TableSchema,
    /// Its folder.
    pub folder: PathBuf,
    /// Version by the Delta log; none while the table does not exist.
    pub version: Option<u64>,
    /// Its files, sorted by path.
    pub files: Vec<DataFile>,
}

impl TableSnapshot {
    /// Leaves out the files of imports that are not finished.
    #[must_use]
    pub fn only(mut self, imports: &BTreeSet<String>) -> Self {
        self.files.retain(|file| file.import().is_none_or(|digits| imports.contains(digits)));
        self
    }

    /// Rows of all files; none when the log does not tell for each.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Rows of the files that a local day can be in, as far as the log tells.
    #[must_use]
    pub fn rows_of_day(&self, day: Date) -> u64 {
        self.files.iter().filter(|file| file.may_hold(day)).filter_map(|file| file.rows).sum()
    }

    /// The local days of a table that is partitioned by them.
    #[must_use]
    pub fn days(&self) -> BTreeSet<Date> {
        self.files.iter().filter_map(|file| file.partition.parse().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;

    fn file(path: &str) -> DataFile {
        let partition = path.split(['=', '/']).nth(1).unwrap().to_owned();
        DataFile { path: path.to_owned(), partition, size_bytes: 1, rows: Some(1), ranges: Ranges::new() }
    }

    #[test]
    fn names_tell_the_import() {
        let part = file("local_date=2025-10-06/part-00112233445566aa-1-0.zst.parquet");
        assert_eq!(part.import(), Some("00112233445566aa"));
        assert!(part.may_hold(date(2025, 10, 6)) && !part.may_hold(date(2025, 10, 7)));
        assert_eq!(file("academic_year=2025-26/month-2025-10-7.zst.parquet").import(), None);
    }

    #[test]
    fn a_month_is_skipped_by_its_statistics() {
        let mut month = file("academic_year=2025-26/month-2025-10-7.zst.parquet");
        assert!(month.may_hold(date(1999, 1, 1)), "without statistics nothing can be skipped");
        month.ranges.insert("local_date".to_owned(), (20_367, 20_368));
        assert!(month.may_hold(date(2025, 10, 7)) && !month.may_hold(date(2025, 10, 8)));
    }
}
