//! The vault: everything that names somebody, sealed for those who may open it.
//!
//! Parquet files under modular encryption, one random key each, wrapped for the recipients' public
//! keys (`seal`). The machine that writes them cannot read them. A file's place is part of what its
//! seal protects, so a file that was moved, renamed or brought from another school does not open.
//!
//! ```text
//! vault/2026-01-12/<fingerprint16>-0.parquet            requests of that local day
//! vault/2026-01-12/<fingerprint16>-incidents-0.parquet  incidents of that local day
//! vault/2026-01-12/<fingerprint16>-changes-0.parquet    changes of the filter asked for on that local day
//! vault/2026-01-12/<fingerprint16>-checks-0.parquet     tests of the filter on that local day
//! vault/2026-01-13/<fingerprint16>-rejects-0.parquet    raw text of rejected records, by day of import
//! vault/2026-01-13/<fingerprint16>-words-0.parquet      words no data file knows, the file's own name
//! vault/people/2025-26-<fingerprint16>.parquet          the roster as it was taken in
//! ```
//!
//! Retention drops a day's files by the clock of what is in them, and a year's rosters with its key.

mod cells;
mod days;
pub mod edit;
pub mod read;
pub mod reseal;
mod roster;
pub mod rows;
mod seal;
mod write;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

pub use read::{Selection, VaultReader};
pub(crate) use roster::seal_people;
pub use seal::RECIPIENTS_MAXIMUM;
pub use write::{SealedImport, VaultWriter};

use crate::error::{Error, at};
use crate::school::AcademicYear;

/// Folder of the sealed rosters below the vault.
const PEOPLE: &str = "people";

/// What a sealed file holds, told by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Content {
    Requests,
    Incidents,
    Changes,
    Checks,
    Rejects,
    Words,
}

impl Content {
    pub(crate) fn file_name(self, fingerprint16: &str, number: u32) -> String {
        let word = match self {
            Self::Requests => "",
            Self::Incidents => "incidents-",
            Self::Changes => "changes-",
            Self::Checks => "checks-",
            Self::Rejects => "rejects-",
            Self::Words => "words-",
        };
        format!("{fingerprint16}-{word}{number}.parquet")
    }

    pub(crate) fn of(file_name: &str) -> Option<Self> {
        let (_, rest) = file_name.strip_suffix(".parquet")?.split_once('-')?;
        let word = rest.split_once('-').map(|(word, _)| word);
        match word {
            None => Some(Self::Requests),
            Some("incidents") => Some(Self::Incidents),
            Some("changes") => Some(Self::Changes),
            Some("checks") => Some(Self::Checks),
            Some("rejects") => Some(Self::Rejects),
            Some("words") => Some(Self::Words),
            Some(_) => None,
        }
    }
}

/// Takes every file of an import back, finished or partial; answers how many there were.
///
/// # Errors
/// When a folder cannot be listed or a file not be deleted.
pub fn remove_import(vault: &Path, fingerprint16: &str) -> Result<u64, Error> {
    let mut removed = 0;
    for (_, folder) in day_folders(vault)? {
        let mut here = 0_u64;
        for entry in fs::read_dir(&folder).map_err(|error| at(&folder, error))? {
            let entry = entry.map_err(|error| at(&folder, error))?;
            let ours = entry
                .file_name()
                .to_str()
                .and_then(|name| name.strip_prefix(fingerprint16))
                .is_some_and(|rest| rest.starts_with('-'));
            if ours {
                fs::remove_file(entry.path()).map_err(|error| at(&folder, error))?;
                here += 1;
            }
        }
        if here > 0 {
            seal::sync_folder(&folder)?;
            remove_if_empty(&folder)?;
        }
        removed += here;
    }
    Ok(removed)
}

/// Whether a file of a vault with this ending is not in its place: half written, or a copy for other recipients.
pub(crate) fn is_unfinished(ending: &std::ffi::OsStr) -> bool {
    ending == "partial" || ending == "resealing"
}

/// Deletes what a killed run left in the vault's folders. The caller holds the writer's lock.
///
/// # Errors
/// When a folder cannot be listed or a file not be deleted.
pub(crate) fn remove_unfinished(vault: &Path) -> Result<(), Error> {
    let days = day_folders(vault)?.into_iter().map(|(_, folder)| folder);
    for folder in days.chain([vault.join(PEOPLE)]) {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries.map_err(|error| at(&folder, error))?,
        };
        let mut removed = false;
        for entry in entries {
            let path = entry.map_err(|error| at(&folder, error))?.path();
            if path.extension().is_some_and(is_unfinished) {
                crate::folder::remove_file(&path).map_err(|error| at(&folder, error))?;
                removed = true;
            }
        }
        if removed {
            seal::sync_folder(&folder)?;
            remove_if_empty(&folder)?;
        }
    }
    Ok(())
}

/// The day folders of a vault, in order; none when there is no vault yet.
pub(crate) fn day_folders(vault: &Path) -> Result<Vec<(Date, PathBuf)>, Error> {
    let entries = match fs::read_dir(vault) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(vault, error)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| at(vault, error))?;
        if let Some(day) = entry.file_name().to_str().and_then(|name| name.parse::<Date>().ok()) {
            folders.push((day, entry.path()));
        }
    }
    folders.sort();
    Ok(folders)
}

/// The sealed rosters with their academic years, in order.
pub(crate) fn people_files(vault: &Path) -> Result<Vec<(AcademicYear, PathBuf)>, Error> {
    let folder = vault.join(PEOPLE);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(&folder, error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| at(&folder, error))?;
        let year = entry.file_name().to_str().and_then(|name| AcademicYear::parse(name.get(..7)?));
        files.extend(year.map(|year| (year, entry.path())));
    }
    files.sort();
    Ok(files)
}

fn remove_if_empty(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir(folder) {
        Err(error) if !matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::NotFound) => {
            Err(at(folder, error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
