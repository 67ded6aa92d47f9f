//! Rows that must go: data files written anew without them, and every older byte of the table deleted.
//!
//! A Delta table remembers. A file that a commit removed lies on the disk for readers that began before,
//! and the log keeps the least and greatest value of its columns, pseudonyms among them. So dropping is
//! two steps: a commit that no longer names the old files ([`Lake::drop_rows`], [`Lake::drop_before`],
//! [`Lake::drop_files`]), then [`Lake::vacuum`], after which neither files nor log hold anything but the
//! newest version. Each can be killed at any moment and done again. Whoever calls them holds the school's
//! [`WriterLock`](crate::pipeline::WriterLock): a file that an import has written and not yet committed
//! would be taken for a leftover. A reader that began before may fail and has to ask again.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use arrow::array::{Array, BooleanArray, Date32Array};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use deltalake::protocol::checkpoints::create_checkpoint;
use jiff::civil::Date;

use super::columns::{epoch_days, file_schema, stored};
use super::files::ENDING;
use super::{Change, DataFile, DataFileWriter, Lake, TableSnapshot, WrittenFile, failed, sync_all};
use crate::error::{Error, Kind, at};
use crate::folder;
use crate::schema::TableSchema;

/// What was dropped from a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Data files that were deleted or written anew.
    pub files: u64,
    /// Rows that are gone.
    pub rows: u64,
}

/// What a vacuum deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vacuumed {
    /// Data files that the newest version does not consist of.
    pub files: u64,
    /// Entries and checkpoints of the log before the newest version.
    pub log_entries: u64,
}

/// Says of each row of a batch whether it leaves.
pub type Leaves<'l> = &'l mut dyn FnMut(&RecordBatch) -> Result<BooleanArray, Error>;

impl Lake {
    /// Drops the rows of a table that `leaves` picks, in one commit: `columns` are what it looks at, in the
    /// schema's order; only files of which `may_hold` is true are read at all. Files of which no row leaves
    /// stay as they are.
    ///
    /// # Errors
    /// When `leaves` fails, or files cannot be read or written; the table is not changed then.
    pub async fn drop_rows(
        &self,
        table: &'static TableSchema,
        columns: &[&str],
        may_hold: &dyn Fn(&DataFile) -> bool,
        leaves: Leaves<'_>,
    ) -> Result<Dropped, Error> {
        let snapshot = self.snapshot(table).await?;
        let mut dropped = Dropped::default();
        let mut change = Change::default();
        for file in snapshot.files.iter().filter(|file| may_hold(file)) {
            let mut leaving: Vec<bool> = Vec::new();
            snapshot.read(file, Some(columns), &mut |batch| {
                let picked = leaves(&batch)?;
                if picked.len() != batch.num_rows() {
                    return Err(Error::new(Kind::Bug, "not every row was decided on"));
                }
                leaving.extend(picked.iter().map(|leaves| leaves.unwrap_or(false)));
                Ok(())
            })?;
            let rows = leaving.iter().filter(|leaves| **leaves).count();
            if rows == 0 {
                continue;
            }
            if rows < leaving.len() {
                change.add.push(self.write_anew(&snapshot, file, &leaving)?);
            }
            change.remove.push(file.clone());
            dropped.files += 1;
            dropped.rows += rows as u64;
        }
        sync_all(&change.add)?;
        self.commit(table, change).await?;
        Ok(dropped)
    }

    /// Drops all rows of a table whose local day (day of import for `rejects`) lies before `day`.
    ///
    /// # Errors
    /// [`Kind::Bug`] for a table whose rows have no day; else as [`drop_rows`](Self::drop_rows).
    pub async fn drop_before(&self, table: &'static TableSchema, day: Date) -> Result<Dropped, Error> {
        let column = day_column(table)?;
        if column == table.partition {
            return self
                .drop_files(table, &|file| file.partition.parse::<Date>().is_ok_and(|date| date < day))
                .await;
        }
        let least = i64::from(epoch_days(day));
        let may_hold = |file: &DataFile| file.ranges.get(column).is_none_or(|(first, _)| *first < least);
        self.drop_rows(table, &[column], &may_hold, &mut |batch| {
            let days = batch.column(0).as_any().downcast_ref::<Date32Array>();
            let days = days.ok_or_else(|| Error::new(Kind::Bug, "a column of days is none"))?;
            Ok(days.values().iter().map(|date| Some(i64::from(*date) < least)).collect())
        })
        .await
    }

    /// Drops whole data files of a table, unread, in one commit: partitions, or those of an import.
    ///
    /// # Errors
    /// When the log cannot be read or written, or does not tell how many rows a file has and it cannot be
    /// counted.
    pub async fn drop_files(
        &self,
        table: &'static TableSchema,
        leaves: &dyn Fn(&DataFile) -> bool,
    ) -> Result<Dropped, Error> {
        let mut snapshot = self.snapshot(table).await?;
        let remove: Vec<_> = std::mem::take(&mut snapshot.files).into_iter().filter(leaves).collect();
        let mut dropped = Dropped { files: remove.len() as u64, rows: 0 };
        for file in &remove {
            dropped.rows += match file.rows {
                Some(rows) => rows,
                None => counted(&snapshot, file)?,
            };
        }
        self.commit(table, Change { remove, ..Change::default() }).await?;
        Ok(dropped)
    }

    /// Deletes what the newest version of a table does not consist of, however young: data files, whole or
    /// half-written, and the log before a checkpoint of that version. Durable when it returns.
    ///
    /// # Errors
    /// When the log cannot be read, or something cannot be deleted; again does the rest.
    pub async fn vacuum(&self, table: &'static TableSchema) -> Result<Vacuumed, Error> {
        if remove_unnamed_checkpoints(&self.folder().join(table.name).join("_delta_log"))?
            && let Ok(mut tables) = self.tables.lock()
        {
            tables.remove(table.name);
        }
        let Some(handle) = self.newest(table).await? else { return Ok(Vacuumed::default()) };
        let snapshot = self.snapshot(table).await?;
        let Some(version) = snapshot.version else { return Ok(Vacuumed::default()) };
        let log = snapshot.folder.join("_delta_log");
        if !superseded_entries(&log, version)?.is_empty() {
            create_checkpoint(&handle, None).await.map_err(|error| failed(table, error))?;
        }
        // The checkpoint is on the disk; from here the older entries say nothing that anybody needs.
        let mut vacuumed = Vacuumed::default();
        for entry in superseded_entries(&log, version)? {
            let path = log.join(entry);
            folder::remove_file(&path).map_err(|error| at(&path, error))?;
            vacuumed.log_entries += 1;
        }
        folder::flush(&log).map_err(|error| at(&log, error))?;
        vacuumed.files = delete_unnamed(&snapshot)?;
        Ok(vacuumed)
    }

    /// A file's rows without those that leave, under a name that tells the same import or month.
    fn write_anew(
        &self,
        snapshot: &TableSnapshot,
        file: &DataFile,
        leaving: &[bool],
    ) -> Result<WrittenFile, Error> {
        let table = snapshot.table;
        let version = snapshot.version.map_or(0, |version| version + 1);
        let stem = format!("{}-r{version}", original_stem(file.name()));
        let schema = file_schema(table);
        let mut writer = DataFileWriter::create(self.folder(), table, &file.partition, &stem, schema)?;
        let columns: Vec<_> = stored(table).map(|column| column.name).collect();
        let mut seen = 0;
        snapshot.read(file, Some(&columns), &mut |batch| {
            let here = leaving.get(seen..seen + batch.num_rows());
            let here = here.ok_or_else(|| Error::new(Kind::Bug, "a file has more rows than it had"))?;
            seen += batch.num_rows();
            let kept: BooleanArray = here.iter().map(|leaves| Some(!leaves)).collect();
            let batch = filter_record_batch(&batch, &kept)
                .map_err(|error| Error::new(Kind::Bug, "rows cannot be filtered").because(error))?;
            if batch.num_rows() == 0 { Ok(()) } else { writer.write(&batch) }
        })?;
        writer.finish()
    }
}

/// The column that tells a row's local day.
fn day_column(table: &TableSchema) -> Result<&'static str, Error> {
    ["local_date", "ingest_date"]
        .into_iter()
        .find(|name| table.columns.iter().any(|column| column.name == *name))
        .ok_or_else(|| Error::new(Kind::Bug, format!("rows of table `{}` have no day", table.name)))
}

/// A file's name without ending and without the mark of an earlier rewriting.
fn original_stem(name: &str) -> &str {
    let stem = name.strip_suffix(ENDING).or_else(|| name.strip_suffix(".parquet")).unwrap_or(name);
    match stem.rsplit_once("-r") {
        Some((before, version)) if version.bytes().all(|byte| byte.is_ascii_digit()) => before,
        _ => stem,
    }
}

fn counted(snapshot: &TableSnapshot, file: &DataFile) -> Result<u64, Error> {
    let mut rows = 0;
    snapshot.read(file, Some(&[]), &mut |batch| {
        rows += batch.num_rows() as u64;
        Ok(())
    })?;
    Ok(rows)
}

/// Removes checkpoints newer than the one that `_last_checkpoint` names, and answers whether there was any: a run was
/// killed between writing one and naming it. The library makes no checkpoint of a version that has one, and does not
/// name that either: once the older entries are gone, the log would have no beginning that a reader looks for.
/// Nothing is lost without it: older entries go only when it has been named.
fn remove_unnamed_checkpoints(log: &Path) -> Result<bool, Error> {
    let listed = match std::fs::read_dir(log) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(at(log, error)),
    };
    let hint = log.join("_last_checkpoint");
    let named = match std::fs::read(&hint) {
        Ok(bytes) => serde_json::from_slice::<serde_json::Value>(&bytes)
            .ok()
            .and_then(|hint| hint.get("version").and_then(serde_json::Value::as_u64)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(at(&hint, error)),
    };
    let mut removed = false;
    for entry in listed {
        let path = entry.map_err(|error| at(log, error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let version =
            name.strip_suffix(".checkpoint.parquet").and_then(|version| version.parse::<u64>().ok());
        // Without what it replaces it must stay, whoever named it or not.
        let first = named.map_or(0, |named| named + 1);
        let whole = |version| (first..=version).all(|entry| log.join(format!("{entry:020}.json")).is_file());
        if version.is_some_and(|version| named.is_none_or(|named| named < version) && whole(version)) {
            folder::remove_file(&path).map_err(|error| at(&path, error))?;
            removed = true;
        }
    }
    if removed {
        folder::flush(log).map_err(|error| at(log, error))?;
    }
    Ok(removed)
}

/// Names in a log's folder that the newest version can do without, oldest first, staged files included.
fn superseded_entries(log: &Path, version: u64) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(log).map_err(|error| at(log, error))? {
        let entry = entry.map_err(|error| at(log, error))?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        if !entry.path().is_file() || name == "_last_checkpoint" {
            continue;
        }
        let of_version = name.get(..20).and_then(|digits| digits.parse::<u64>().ok());
        let whole = name.ends_with(".json") || name.ends_with(".parquet");
        if of_version != Some(version) || !whole {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Deletes data files that the version does not name, and folders that are empty then.
fn delete_unnamed(snapshot: &TableSnapshot) -> Result<u64, Error> {
    let current: BTreeSet<&str> = snapshot.files.iter().map(|file| file.path.as_str()).collect();
    let mut deleted = 0;
    let table = &snapshot.folder;
    for partition in fs::read_dir(table).map_err(|error| at(table, error))? {
        let partition = partition.map_err(|error| at(table, error))?;
        let (path, name) = (partition.path(), partition.file_name());
        let Some(name) = name.to_str().filter(|name| name.contains('=') && path.is_dir()) else { continue };
        let mut left = 0_u64;
        for entry in fs::read_dir(&path).map_err(|error| at(&path, error))? {
            let entry = entry.map_err(|error| at(&path, error))?;
            let below = entry.file_name().to_str().map(|file| format!("{name}/{file}"));
            if below.is_some_and(|below| current.contains(below.as_str())) {
                left += 1;
            } else {
                folder::remove_file(&entry.path()).map_err(|error| at(&path, error))?;
                deleted += 1;
            }
        }
        if left == 0 {
            fs::remove_dir(&path).map_err(|error| at(&path, error))?;
        } else {
            folder::flush(&path).map_err(|error| at(&path, error))?;
        }
    }
    folder::flush(table).map_err(|error| at(table, error))?;
    Ok(deleted)
}

#[cfg(test)]
mod tests;
