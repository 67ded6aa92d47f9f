//! Derived tables: one file per table and calendar month, written anew for the days that changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, SystemTime};

use arrow::array::{Array, BooleanArray, Date32Array};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use jiff::civil::Date;

use super::columns::{epoch_days, file_schema, stored};
use super::{Change, DataFile, DataFileWriter, Lake, TableSnapshot, WrittenFile, sync_all};
use crate::error::{Error, Kind, at};
use crate::schema::TableSchema;
use crate::school::AcademicYear;

/// A file that a commit replaced is kept this long for readers that began before.
const SUPERSEDED: Duration = Duration::from_secs(24 * 60 * 60);

/// Rows of derived tables by table, with or without the partition column.
pub type DerivedRows = Vec<(&'static TableSchema, RecordBatch)>;

impl Lake {
    /// Replaces the rows of `days` in derived `tables` by what `rows_of` gives for each day, and
    /// keeps the rows of all other days. One commit per table; days come in ascending order.
    ///
    /// # Errors
    /// When `rows_of` fails, or files cannot be read or written; no table is changed then. After a
    /// failure between two commits the caller repeats all days.
    pub async fn replace_days(
        &self,
        tables: &[&'static TableSchema],
        days: &BTreeSet<Date>,
        rows_of: &mut dyn FnMut(Date) -> Result<DerivedRows, Error>,
    ) -> Result<(), Error> {
        let mut months: Vec<Month<'_>> = Vec::with_capacity(tables.len());
        for table in tables {
            months.push(Month::new(self, self.snapshot(table).await?));
        }
        let mut by_month: BTreeMap<(i16, i8), BTreeSet<Date>> = BTreeMap::new();
        for day in days {
            by_month.entry((day.year(), day.month())).or_default().insert(*day);
        }
        for dirty in by_month.values() {
            for month in &mut months {
                month.begin(dirty)?;
            }
            for day in dirty {
                for (table, batch) in rows_of(*day)? {
                    let month = months.iter_mut().find(|month| month.snapshot.table.name == table.name);
                    let Some(month) = month else {
                        return Err(Error::new(Kind::Bug, format!("table `{}` is not derived", table.name)));
                    };
                    month.write(*day, &batch)?;
                }
            }
            for month in &mut months {
                month.end()?;
            }
        }
        for month in months {
            let table = month.snapshot.table;
            if month.change.is_empty() {
                continue;
            }
            sync_all(&month.change.add)?;
            self.supersede(table, month.change).await?;
        }
        Ok(())
    }

    /// Commits a change that replaces files, and deletes what was replaced long ago.
    pub(crate) async fn supersede(&self, table: &'static TableSchema, change: Change) -> Result<(), Error> {
        for file in &change.remove {
            let path = self.folder().join(table.name).join(&file.path);
            // From now on the file's age is the time since it was replaced.
            fs::File::options()
                .append(true)
                .open(&path)
                .and_then(|file| file.set_modified(SystemTime::now()))
                .map_err(|error| at(&path, error))?;
        }
        self.commit(table, change).await?;
        self.sweep(table).await
    }

    /// Deletes files that no version younger than a day refers to, left by replaced months or by a
    /// run that was interrupted.
    async fn sweep(&self, table: &'static TableSchema) -> Result<(), Error> {
        let snapshot = self.snapshot(table).await?;
        let current: BTreeSet<&str> = snapshot.files.iter().map(|file| file.path.as_str()).collect();
        let Ok(partitions) = fs::read_dir(&snapshot.folder) else { return Ok(()) };
        for partition in partitions.filter_map(Result::ok) {
            let folder = partition.path();
            let name = partition.file_name();
            let Some(name) = name.to_str().filter(|name| name.contains('=')) else { continue };
            for entry in fs::read_dir(&folder).map_err(|error| at(&folder, error))?.filter_map(Result::ok) {
                let old = entry
                    .metadata()
                    .and_then(|metadata| metadata.modified())
                    .is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > SUPERSEDED));
                let path = entry.file_name().to_str().map(|file| format!("{name}/{file}"));
                if old && path.is_some_and(|path| !current.contains(path.as_str())) {
                    fs::remove_file(entry.path()).map_err(|error| at(&folder, error))?;
                }
            }
        }
        Ok(())
    }
}

/// One table while its months are written anew.
struct Month<'l> {
    lake: &'l Lake,
    snapshot: TableSnapshot,
    writer: Option<DataFileWriter>,
    change: Change,
}

impl<'l> Month<'l> {
    fn new(lake: &'l Lake, snapshot: TableSnapshot) -> Self {
        Self { lake, snapshot, writer: None, change: Change::default() }
    }

    /// Copies the rows of the month's other days.
    fn begin(&mut self, dirty: &BTreeSet<Date>) -> Result<(), Error> {
        let Some(first) = dirty.first().copied() else { return Ok(()) };
        let prefix = format!("month-{:04}-{:02}-", first.year(), first.month());
        let old: Vec<DataFile> =
            self.snapshot.files.iter().filter(|file| file.name().starts_with(&prefix)).cloned().collect();
        let replaced: BTreeSet<i32> = dirty.iter().map(|day| epoch_days(*day)).collect();
        let columns: Vec<_> = stored(self.snapshot.table).map(|column| column.name).collect();
        let snapshot = self.snapshot.clone();
        for file in old {
            snapshot.read(&file, Some(&columns), &mut |batch| {
                let days = batch.column_by_name("local_date");
                let days = days.and_then(|days| days.as_any().downcast_ref::<Date32Array>());
                let days =
                    days.ok_or_else(|| Error::new(Kind::Bug, "a derived table has no `local_date`"))?;
                let kept: BooleanArray =
                    days.values().iter().map(|day| Some(!replaced.contains(day))).collect();
                let batch = filter_record_batch(&batch, &kept)
                    .map_err(|error| Error::new(Kind::Bug, "rows cannot be filtered").because(error))?;
                self.write(first, &batch)
            })?;
            self.change.remove.push(file);
        }
        Ok(())
    }

    fn write(&mut self, day: Date, batch: &RecordBatch) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if self.writer.is_none() {
            let table = self.snapshot.table;
            let version = self.snapshot.version.map_or(0, |version| version + 1);
            let stem = format!("month-{:04}-{:02}-{version}", day.year(), day.month());
            let year = AcademicYear::of(day).to_string();
            let schema = file_schema(table);
            self.writer = Some(DataFileWriter::create(self.lake.folder(), table, &year, &stem, schema)?);
        }
        let columns: Vec<_> = (0..stored(self.snapshot.table).count()).collect();
        let batch = batch
            .project(&columns)
            .map_err(|error| Error::new(Kind::Bug, "a derived row lacks columns").because(error))?;
        self.writer.as_mut().map_or(Ok(()), |writer| writer.write(&batch))
    }

    fn end(&mut self) -> Result<(), Error> {
        let written: Option<WrittenFile> = self.writer.take().map(DataFileWriter::finish).transpose()?;
        self.change.add.extend(written);
        Ok(())
    }
}
