//! The lake: one Delta table per table of the schema, in a school's `lake/` folder.
//!
//! Data files are written by ourselves ([`batch`](crate::batch) makes the rows) and become part of
//! a table by a commit in its Delta log. A commit returns when everything is on the disk. An import
//! touches several tables, so its row in `imports`, committed last, is what makes it exist: readers
//! take [`Lake::readable`], which leaves out the files of imports without one.

pub mod columns;
mod commit;
pub mod derived;
mod files;
pub mod importing;
mod ledger;
mod read;
pub mod rewrite;
mod snapshot;
mod store;
mod undo;
pub mod visits;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, Int64Array, StringArray};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::SaveMode;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};

pub(crate) use commit::Change;
pub use files::Ranges;
pub(crate) use files::{DataFileWriter, WrittenFile, sync_all};
pub use read::Sink;
pub use rewrite::{Dropped, Vacuumed};
pub use snapshot::{DataFile, TableSnapshot};

use crate::error::{Error, Kind};
use crate::schema::{
    CHANGES, CHECKS, IMPORTS, INCIDENT_LINKS, INCIDENTS, REJECTS, REQUESTS, STAFF_INCIDENT_LINKS,
    STAFF_INCIDENTS, STAFF_REQUESTS, TABLES, TableSchema,
};
use crate::school::SchoolRoot;

/// Tables whose files belong to an import and count only once its row stands in `imports`.
pub const IMPORTED: [&TableSchema; 9] = [
    &REQUESTS,
    &STAFF_REQUESTS,
    &INCIDENTS,
    &STAFF_INCIDENTS,
    &INCIDENT_LINKS,
    &STAFF_INCIDENT_LINKS,
    &CHANGES,
    &CHECKS,
    &REJECTS,
];

/// Commits between two checkpoints of a log: a night makes one or two.
const CHECKPOINT_INTERVAL: u64 = 20;

/// How long a log's older entries stay: a reader keeps a version for minutes, and nobody asks for an older one.
const LOG_RETENTION: &str = "interval 7 days";

/// A school's Delta tables.
pub struct Lake {
    folder: PathBuf,
    tables: Mutex<BTreeMap<&'static str, DeltaTable>>,
}

impl std::fmt::Debug for Lake {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Lake({})", self.folder.display())
    }
}

impl Lake {
    /// Opens a school's lake for reading; tables that do not exist read as empty.
    ///
    /// # Errors
    /// None so far; tables are opened when they are asked for.
    #[expect(clippy::unused_async, reason = "a lake in a bucket will have to ask for its tables")]
    pub async fn open(root: &SchoolRoot) -> Result<Self, Error> {
        Ok(Self { folder: root.lake(), tables: Mutex::default() })
    }

    /// The folder with one folder per table.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Creates the tables that do not exist yet.
    ///
    /// # Errors
    /// When a folder cannot be written.
    pub async fn create_tables(&self) -> Result<(), Error> {
        for table in TABLES {
            if self.exists(table) {
                continue;
            }
            crate::folder::make(&self.folder.join(table.name), crate::folder::AS_USUAL)
                .map_err(|error| crate::error::at(&self.folder, error))?;
            CreateBuilder::new()
                .with_log_store(self.handle(table)?.log_store())
                .with_table_name(table.name)
                .with_comment(table.row)
                .with_columns(columns::delta_fields(table))
                .with_partition_columns([table.partition])
                .with_configuration_property(
                    deltalake::TableProperty::CheckpointInterval,
                    Some(CHECKPOINT_INTERVAL.to_string()),
                )
                .with_configuration_property(
                    deltalake::TableProperty::LogRetentionDuration,
                    Some(LOG_RETENTION),
                )
                .with_save_mode(SaveMode::Ignore)
                .await
                .map_err(|error| failed(table, error))?;
        }
        Ok(())
    }

    fn exists(&self, table: &TableSchema) -> bool {
        let log = self.folder.join(table.name).join("_delta_log");
        log.join(format!("{:020}.json", 0)).exists()
            || log.join("_last_checkpoint").exists()
            // The file above is a hint: a copy of a log that was cut may have lost it, and has its table all the same.
            || std::fs::read_dir(&log).is_ok_and(|entries| {
                entries.flatten().any(|entry| entry.file_name().to_string_lossy().ends_with(".checkpoint.parquet"))
            })
    }

    fn handle(&self, table: &TableSchema) -> Result<DeltaTable, Error> {
        let folder = self.folder.join(table.name);
        let path = std::path::absolute(&folder).map_err(|error| crate::error::at(&folder, error))?;
        let url =
            deltalake::ensure_table_uri(path.to_string_lossy()).map_err(|error| failed(table, error))?;
        DeltaTableBuilder::from_url(url.clone())
            .and_then(|builder| {
                builder.with_storage_backend(Arc::new(store::DurableStore::new()), url).build()
            })
            .map_err(|error| failed(table, error))
    }

    /// The newest version of a table, or none while it does not exist.
    async fn newest(&self, table: &'static TableSchema) -> Result<Option<DeltaTable>, Error> {
        let known = self.tables.lock().unwrap_or_else(PoisonError::into_inner).get(table.name).cloned();
        let mut handle = match known {
            Some(handle) if self.is_newest(table, &handle) => return Ok(Some(handle)),
            Some(handle) => handle,
            None if !self.exists(table) => return Ok(None),
            None => self.handle(table)?,
        };
        handle.update_state().await.map_err(|error| failed(table, error))?;
        let state = handle.snapshot().map_err(|error| failed(table, error))?;
        let protocol = state.protocol();
        if protocol.min_reader_version() > 1 || protocol.min_writer_version() > 2 {
            return Err(Error::new(
                Kind::Corrupt,
                format!("table `{}` uses features of Delta that this version does not know", table.name),
            )
            .help("somebody changed the table's protocol; restore the lake from a back-up"));
        }
        self.keep(table, &handle);
        Ok(Some(handle))
    }

    /// Whether the log has its version and not the one after. Versions have no gaps, and the oldest are
    /// cleared away first, so this needs no listing of the log.
    fn is_newest(&self, table: &TableSchema, handle: &DeltaTable) -> bool {
        let log = self.folder.join(table.name).join("_delta_log");
        let commit = |version: u64| log.join(format!("{version:020}.json"));
        handle.version().is_some_and(|version| commit(version).exists() && !commit(version + 1).exists())
    }

    fn keep(&self, table: &'static TableSchema, handle: &DeltaTable) {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).insert(table.name, handle.clone());
    }

    /// The newest version of a table with all its files, those of unfinished imports included.
    ///
    /// # Errors
    /// When the log cannot be read, or was written by a newer protocol.
    pub async fn snapshot(&self, table: &'static TableSchema) -> Result<TableSnapshot, Error> {
        let folder = self.folder.join(table.name);
        let Some(handle) = self.newest(table).await? else {
            return Ok(TableSnapshot { table, folder, version: None, files: Vec::new() });
        };
        let state = handle.snapshot().map_err(|error| failed(table, error))?;
        let mut files: Vec<_> = state
            .log_data()
            .iter()
            .map(|view| {
                let (rows, ranges) =
                    view.stats().map_or_else(Default::default, |json| files::read_stats(table, &json));
                DataFile {
                    path: view.path().into_owned(),
                    partition: view
                        .partition_values_map()
                        .remove(table.partition)
                        .flatten()
                        .unwrap_or_default(),
                    size_bytes: u64::try_from(view.size()).unwrap_or(0),
                    rows: rows.or_else(|| view.num_records().and_then(|rows| u64::try_from(rows).ok())),
                    ranges,
                }
            })
            .collect();
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(TableSnapshot { table, folder, version: Some(state.version()), files })
    }

    /// The newest version of a table as readers may see it: without unfinished imports.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub async fn readable(&self, table: &'static TableSchema) -> Result<TableSnapshot, Error> {
        if !IMPORTED.iter().any(|imported| imported.name == table.name) {
            return self.snapshot(table).await;
        }
        // In this order: whatever `imports` lists was committed to the other tables before.
        let imports = self.finished_imports().await?.into_keys().collect();
        Ok(self.snapshot(table).await?.only(&imports))
    }

    /// The imports that exist: first 16 hex digits of each fingerprint in `imports`, with the bytes of
    /// the content.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn finished_imports(&self) -> Result<BTreeMap<String, u64>, Error> {
        let snapshot = self.snapshot(&IMPORTS).await?;
        let mut imports = BTreeMap::new();
        for file in &snapshot.files {
            snapshot.read(file, Some(&["fingerprint", "file_bytes"]), &mut |batch| {
                let fingerprints = batch.column(0).as_any().downcast_ref::<StringArray>();
                let bytes = batch.column(1).as_any().downcast_ref::<Int64Array>();
                if let Some((fingerprints, bytes)) = fingerprints.zip(bytes) {
                    for (fingerprint, bytes) in fingerprints.iter().flatten().zip(bytes.values()) {
                        imports.insert(fingerprint.chars().take(16).collect(), bytes.unsigned_abs());
                    }
                }
                Ok(())
            })?;
        }
        Ok(imports)
    }
}

/// An error of the Delta library. It knows paths and versions, never rows.
fn failed(table: &TableSchema, error: DeltaTableError) -> Error {
    let (kind, what) = match &error {
        DeltaTableError::Transaction { .. } | DeltaTableError::VersionAlreadyExists(_) => {
            (Kind::Retry, "was changed by somebody else at the same time")
        }
        DeltaTableError::Io { .. } | DeltaTableError::ObjectStore { .. } => {
            (Kind::Environment, "cannot be read or written")
        }
        _ => (Kind::Corrupt, "has a log that cannot be read"),
    };
    Error::new(kind, format!("table `{}` {what}", table.name)).because(error)
}

#[cfg(test)]
mod tests;
