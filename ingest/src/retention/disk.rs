//! What the clocks drop beside the tables: sealed files, sources, refused files, leftovers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::civil::Date;

use super::holding::Holding;
use super::imported::Imported;
use crate::error::{Error, at};
use crate::folder;
use crate::lake::TableSnapshot;
use crate::school::{AcademicYear, SchoolRoot};
use crate::vault::{Content, day_folders, people_files};

/// A file that nobody names may be somebody's who is writing it just now, while no lock is held.
const SETTLED: Duration = Duration::from_secs(24 * 60 * 60);

/// A file that goes, with its size.
#[derive(Clone, Debug)]
pub(super) struct Going {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

impl Going {
    fn of(path: PathBuf) -> Self {
        let bytes = fs::symlink_metadata(&path).map_or(0, |found| found.len());
        Self { path, bytes }
    }
}

/// Sealed files whose clock has run out, by the day or year of what is in them.
#[derive(Debug, Default)]
pub(super) struct Sealed {
    /// By day of the event.
    pub(super) days: BTreeMap<Date, Vec<Going>>,
    /// Rosters, by academic year.
    pub(super) people: BTreeMap<AcademicYear, Vec<Going>>,
    /// What a hold keeps, by day.
    pub(super) held: BTreeMap<Date, Vec<Going>>,
    /// Rosters that a hold keeps, by academic year.
    pub(super) held_people: BTreeMap<AcademicYear, Vec<Going>>,
    /// Files with everybody's rows that stay only because a hold on one person covers their day, with the first
    /// and the last day of what is in them.
    pub(super) whole: Vec<(PathBuf, (Date, Date))>,
    /// Days of which requests lie in the vault.
    pub(super) with_requests: BTreeSet<Date>,
}

impl Sealed {
    /// Requests, incidents, changes and tests go by their own day, or by the day on which they came where that
    /// lies before it; rejected text and unknown words lie under
    /// the day of the import and go by the last event of the file they came in, if it is earlier.
    pub(super) fn find(
        vault: &Path,
        first_kept: Date,
        imported: &Imported,
        holding: &Holding,
        thinned: &BTreeSet<String>,
    ) -> Result<Self, Error> {
        let mut sealed = Self::default();
        for (folder_day, folder) in day_folders(vault)? {
            for entry in fs::read_dir(&folder).map_err(|error| at(&folder, error))? {
                let entry = entry.map_err(|error| at(&folder, error))?;
                let name = entry.file_name();
                let Some(name) = name.to_str() else { continue };
                if !name.ends_with(".parquet") {
                    continue;
                }
                let content = Content::of(name);
                let own_day = !matches!(content, Some(Content::Rejects | Content::Words));
                let import = name.get(..16);
                let span = imported.span(import).filter(|_| !own_day);
                let (first, day) =
                    span.map_or((folder_day, folder_day), |(first, last)| (first, last.min(folder_day)));
                let clock = if own_day { imported.earlier(import, day) } else { day };
                if clock >= first_kept {
                    continue;
                }
                let going = Going::of(entry.path());
                if holding.touches(first.min(day), day) {
                    let place = format!("{folder_day}/{name}");
                    if !holding.keeps_everybody(first.min(day), day) && !thinned.contains(&place) {
                        sealed.whole.push((entry.path(), (first.min(day), day)));
                    }
                    sealed.held.entry(day).or_default().push(going);
                    continue;
                }
                if content == Some(Content::Requests) && day < first_kept {
                    sealed.with_requests.insert(day);
                }
                sealed.days.entry(day).or_default().push(going);
            }
        }
        Ok(sealed)
    }

    /// Rosters of years that are over and that no hold touches.
    pub(super) fn find_people(
        &mut self,
        vault: &Path,
        first_kept: AcademicYear,
        holding: &Holding,
    ) -> Result<(), Error> {
        for (year, path) in people_files(vault)? {
            if year >= first_kept {
                continue;
            }
            let place = if holding.touches_year(year) { &mut self.held_people } else { &mut self.people };
            place.entry(year).or_default().push(Going::of(path));
        }
        Ok(())
    }
}

/// Sources that were kept longer than they may be; a folder for each day on which they were put away.
pub(super) fn kept_sources(root: &SchoolRoot, first_kept: Date) -> Result<Vec<Going>, Error> {
    let mut going = Vec::new();
    for path in entries(&root.kept())? {
        let day = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<Date>().ok());
        if day.is_some_and(|day| day < first_kept) {
            going.extend(below(&path)?.into_iter().map(Going::of));
        }
    }
    Ok(going)
}

/// Refused files and their notes, by the moment at which they were claimed.
pub(super) fn refused(root: &SchoolRoot, first_kept: Date) -> Result<Vec<Going>, Error> {
    let mut going = Vec::new();
    for path in entries(&root.refused())? {
        let claim = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let nanoseconds = u64::from_str_radix(claim, 16).ok().filter(|_| claim.len() == 16);
        let since = match nanoseconds {
            Some(nanoseconds) => SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds),
            None => modified(&path),
        };
        let day =
            jiff::Timestamp::try_from(since).map(|since| since.to_zoned(jiff::tz::TimeZone::UTC).date());
        if day.is_ok_and(|day| day < first_kept) {
            going.extend(below(&path)?.into_iter().map(Going::of));
        }
    }
    Ok(going)
}

/// Half-written sealed files and copies for other recipients, which a killed run left. While nothing is locked only old ones count.
pub(super) fn half_sealed(root: &SchoolRoot, locked: bool) -> Result<Vec<Going>, Error> {
    let found = below(&root.vault())?;
    let half = |path: &PathBuf| path.extension().is_some_and(crate::vault::is_unfinished);
    Ok(found.into_iter().filter(|path| half(path) && (locked || is_settled(path))).map(Going::of).collect())
}

/// Data files that no version names, and staged entries of the log. While nothing is locked only old ones
/// count.
pub(super) fn unnamed(snapshot: &TableSnapshot, locked: bool) -> Result<Vec<Going>, Error> {
    let current: BTreeSet<PathBuf> =
        snapshot.files.iter().map(|file| snapshot.folder.join(&file.path)).collect();
    let mut going = Vec::new();
    for path in below(&snapshot.folder)? {
        let log = path.parent().is_some_and(|above| above.ends_with("_delta_log"));
        let staged = path.file_name().is_some_and(|name| name.as_encoded_bytes().contains(&b'#'));
        let unnamed = if log { staged } else { !current.contains(&path) };
        // A replaced month stays a day for readers that began before: it holds nothing that must go.
        if unnamed && (is_settled(&path) || (locked && log)) {
            going.push(Going::of(path));
        }
    }
    Ok(going)
}

/// Unlinks files and brings it to the disk; folders that are empty then go too, up to `top`.
pub(super) fn remove<'g>(going: impl Iterator<Item = &'g Going>, top: &Path) -> Result<(), Error> {
    let mut folders = BTreeSet::new();
    for file in going {
        folder::remove_file(&file.path).map_err(|error| at(top, error))?;
        folders.extend(file.path.parent().map(Path::to_owned));
    }
    for emptied in folders {
        let mut here = emptied.as_path();
        while here != top && here.starts_with(top) {
            match fs::remove_dir(here) {
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => break,
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(at(top, error)),
                _ => {}
            }
            let Some(above) = here.parent() else { break };
            here = above;
        }
        if here.is_dir() {
            folder::flush(here).map_err(|error| at(top, error))?;
        }
    }
    Ok(())
}

fn modified(path: &Path) -> SystemTime {
    fs::symlink_metadata(path).and_then(|found| found.modified()).unwrap_or_else(|_| SystemTime::now())
}

fn is_settled(path: &Path) -> bool {
    modified(path).elapsed().is_ok_and(|age| age > SETTLED)
}

fn entries(top: &Path) -> Result<Vec<PathBuf>, Error> {
    let listing = match fs::read_dir(top) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing.map_err(|error| at(top, error))?,
    };
    let mut found = Vec::new();
    for entry in listing {
        found.push(entry.map_err(|error| at(top, error))?.path());
    }
    found.sort();
    Ok(found)
}

/// Every file at or below a path; links count as files and are not followed.
pub(crate) fn below(path: &Path) -> Result<Vec<PathBuf>, Error> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(path, error)),
        Ok(found) if !found.is_dir() => return Ok(vec![path.to_owned()]),
        Ok(_) => {}
    }
    let mut found = Vec::new();
    for entry in entries(path)? {
        found.extend(below(&entry)?);
    }
    Ok(found)
}
