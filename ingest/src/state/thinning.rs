//! Sealed files of held days of which only the held persons' rows are left, and a thinning that was begun.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;
use rusqlite::{Transaction, params};

use super::{Hold, State, deletions};
use crate::error::Error;

/// What the deletion log calls it. No clock's own words: retention cannot do it again by itself.
pub(crate) const THINNING: &str = "thinning of sealed rows of days held for one person";

/// What it was called before.
const CALLED_BEFORE: &str = "R0 sealed rows of days held for one person";

/// A sealed file of a thinning that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ThinningFile {
    /// Folder and name below the vault.
    pub(crate) place: String,
    /// Rows that it had when the thinning was begun.
    pub(crate) rows: u64,
    /// Rows that went; none while nobody knows.
    pub(crate) gone: Option<u64>,
}

/// Whether an entry of the deletion log is of a thinning.
pub(crate) fn is_thinning(what: &str) -> bool {
    what == THINNING || what == CALLED_BEFORE
}

impl State {
    /// Sealed files, by folder and name, of which only what a hold on one person keeps is left.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn thinned_files(&self) -> Result<BTreeSet<String>, Error> {
        self.read(|connection| {
            connection.prepare("SELECT place FROM thinned_files")?.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// Notes before the first row goes which files it goes from, with the rows that each has, and says in the
    /// deletion log that it begins.
    pub(crate) fn begin_thinning(
        &mut self,
        files: &[(String, u64)],
        why: &str,
        detail: &str,
    ) -> Result<(), Error> {
        self.write(|transaction| {
            for (place, rows) in files {
                transaction.execute(
                    "INSERT OR REPLACE INTO thinning VALUES (?1, ?2, NULL)",
                    params![place, i64::try_from(*rows).unwrap_or(i64::MAX)],
                )?;
            }
            deletions::append(transaction, THINNING, why, 0, detail).map(|_| ())
        })
    }

    /// Notes that of a sealed file only what a hold on one person keeps is left, and how many rows went from it.
    pub(crate) fn note_thinned(&mut self, place: &str, gone: u64) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("INSERT OR IGNORE INTO thinned_files VALUES (?1)", [place])?;
            transaction.execute(
                "UPDATE thinning SET gone = ?2 WHERE place = ?1",
                params![place, i64::try_from(gone).unwrap_or(i64::MAX)],
            )?;
            Ok(())
        })
    }

    /// Files of a thinning that was begun and has not ended, by place.
    pub(crate) fn thinning(&self) -> Result<Vec<ThinningFile>, Error> {
        self.read(|connection| {
            connection
                .prepare("SELECT place, rows, gone FROM thinning ORDER BY place")?
                .query_map([], |row| {
                    Ok(ThinningFile {
                        place: row.get(0)?,
                        rows: row.get::<_, i64>(1)?.unsigned_abs(),
                        gone: row.get::<_, Option<i64>>(2)?.map(i64::unsigned_abs),
                    })
                })?
                .collect()
        })
    }

    /// Sealed files of a thinning that was begun and has not ended: rows may have gone from them that the
    /// deletion log does not count.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn unfinished_thinning(&self) -> Result<u64, Error> {
        Ok(self.thinning()?.len() as u64)
    }

    /// Notes of files that are about to go whole that nobody will know what the thinning had dropped from them,
    /// and says so in the deletion log; the thinning has not ended.
    pub(crate) fn lose_thinning(&mut self, places: &[String], why: &str, detail: &str) -> Result<(), Error> {
        self.write(|transaction| {
            for place in places {
                transaction
                    .execute("UPDATE thinning SET gone = 0 WHERE place = ?1 AND gone IS NULL", [place])?;
            }
            deletions::append(transaction, THINNING, why, 0, detail).map(|_| ())
        })
    }

    /// Says in the deletion log how many rows went, and that the thinning has ended.
    pub(crate) fn end_thinning(&mut self, gone: u64, why: &str, detail: &str) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM thinning", [])?;
            deletions::append(transaction, THINNING, why, gone, detail).map(|_| ())
        })
    }

    /// Forgets thinned files that are there no more.
    pub(crate) fn forget_thinned(&mut self, vault: &Path) -> Result<(), Error> {
        let mut gone = self.thinned_files()?;
        gone.retain(|place| !vault.join(place).exists());
        if gone.is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            for place in &gone {
                transaction.execute("DELETE FROM thinned_files WHERE place = ?1", [place])?;
            }
            Ok(())
        })
    }
}

/// Forgets of which sealed files a hold on one person that is released has kept rows: where another hold keeps
/// them, they are to be thinned again.
pub(super) fn forget_of(transaction: &Transaction<'_>, hold: &Hold) -> rusqlite::Result<()> {
    if hold.person.is_none() {
        return Ok(());
    }
    let places: Vec<String> = transaction
        .prepare("SELECT place FROM thinned_files")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for place in places.iter().filter(|place| may_have(place, hold)) {
        transaction.execute("DELETE FROM thinned_files WHERE place = ?1", [place])?;
    }
    Ok(())
}

/// Whether a sealed file may have rows that a hold kept: files lie under the day of their rows, but damaged
/// lines and words under that of their import, and these are looked through for every held person.
fn may_have(place: &str, hold: &Hold) -> bool {
    let Some((folder, name)) = place.split_once('/') else { return true };
    let has_no_day = ["-rejects-", "-words-"].iter().any(|sort| name.contains(sort));
    has_no_day || folder.parse::<Date>().map_or(true, |day| hold.touches(day, day))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;
    use crate::school::{SchoolId, SchoolRoot};
    use crate::state::NewHold;

    #[test]
    fn a_release_forgets_the_files_of_its_days_and_those_that_have_no_day() {
        let folder = tempfile::tempdir().unwrap();
        let root = SchoolRoot::new(folder.path(), &SchoolId::parse("a").unwrap());
        std::fs::create_dir_all(root.root()).unwrap();
        let mut state = State::open(&root).unwrap();
        let new = NewHold {
            from: date(2026, 1, 12),
            to: date(2026, 1, 13),
            person: Some(7),
            reason: "case 12",
            owner: "DSL",
            review: date(2026, 8, 1),
        };
        let of_person = state.add_hold(&new, date(2026, 5, 10)).unwrap();
        let of_day = state.add_hold(&NewHold { person: None, ..new }, date(2026, 5, 10)).unwrap();
        let places = [
            "2026-01-11/0123456789abcdef-0.parquet",
            "2026-01-12/0123456789abcdef-0.parquet",
            "2026-01-13/0123456789abcdef-incidents-0.parquet",
            "2026-01-14/0123456789abcdef-changes-0.parquet",
            "2026-02-20/0123456789abcdef-rejects-0.parquet",
            "2026-02-20/0123456789abcdef-words-0.parquet",
        ];
        for place in places {
            state.note_thinned(place, 1).unwrap();
        }
        state.release_hold(of_day, "closed").unwrap();
        assert_eq!(state.thinned_files().unwrap().len(), 6, "it kept everybody's rows, none of which went");
        assert!(state.release_hold(9, "closed").is_err());
        state.release_hold(of_person, "closed").unwrap();
        assert_eq!(state.thinned_files().unwrap(), BTreeSet::from([places[0], places[3]].map(str::to_owned)));
    }

    #[test]
    fn only_a_thinning_is_one() {
        assert!(is_thinning(THINNING) && is_thinning("R0 sealed rows of days held for one person"));
        assert!(!is_thinning("R0 2026-01-12"));
    }
}
