//! Taking back an import that was interrupted before its row came to stand in `imports`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jiff::civil::Date;

use super::{Change, IMPORTED, Lake};
use crate::error::{Error, at};

impl Lake {
    /// Removes every trace of unfinished imports (first 16 hex digits of their fingerprints) from
    /// the tables, then their data files. Returns the local days that had rows of theirs.
    pub(crate) async fn undo(&self, imports: &BTreeSet<String>) -> Result<BTreeSet<Date>, Error> {
        let mut days = BTreeSet::new();
        if imports.is_empty() {
            return Ok(days);
        }
        for table in IMPORTED {
            let mut remove = self.snapshot(table).await?.files;
            remove.retain(|file| file.import().is_some_and(|digits| imports.contains(digits)));
            days.extend(remove.iter().filter_map(|file| file.partition.parse::<Date>().ok()));
            self.commit(table, Change { remove, ..Change::default() }).await?;
            // Only now: a committed file must never be missing.
            delete_files(&self.folder().join(table.name), imports)?;
        }
        Ok(days)
    }
}

fn delete_files(table: &Path, imports: &BTreeSet<String>) -> Result<(), Error> {
    let Ok(partitions) = fs::read_dir(table) else { return Ok(()) };
    for partition in partitions {
        let partition = partition.map_err(|error| at(table, error))?;
        let folder = partition.path();
        if partition.file_name() == "_delta_log" || !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).map_err(|error| at(&folder, error))? {
            let entry = entry.map_err(|error| at(&folder, error))?;
            let name = entry.file_name();
            let ours = name
                .to_str()
                .and_then(|name| name.strip_prefix("part-")?.split('-').next())
                .is_some_and(|digits| imports.contains(digits));
            if ours {
                fs::remove_file(entry.path()).map_err(|error| at(&folder, error))?;
            }
        }
    }
    Ok(())
}
