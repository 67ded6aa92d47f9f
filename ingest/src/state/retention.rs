//! What retention keeps in the state file: work that was begun, days it closed, keys it destroyed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rusqlite::{OptionalExtension, params};

use super::{RetentionRun, State, deletions, runs};
use crate::error::Error;
use crate::school::AcademicYear;

/// A pseudonym key that was destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestroyedKey {
    /// Its year.
    pub year: AcademicYear,
    /// When; UTC.
    pub destroyed_utc: String,
    /// The value by which another key in its place would be noticed; empty if no key was ever used.
    pub check_value: Option<i64>,
}

/// One line of what a run drops, kept until everything is gone and then moved to the deletion log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    /// What goes; the same words again are the same work.
    pub(crate) what: String,
    /// By which clock.
    pub(crate) why: String,
    /// Rows.
    pub(crate) rows: u64,
    /// Tables, files and bytes.
    pub(crate) detail: String,
}

/// Everything the state file must know before the first byte goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Begun {
    /// Lines for the deletion log.
    pub(crate) work: Vec<Work>,
    /// Days whose derived rows are frozen from now on.
    pub(crate) closed: BTreeSet<Date>,
    /// Years whose keys go, with the check value if there is one.
    pub(crate) destroyed: BTreeMap<AcademicYear, Option<i64>>,
    /// Words of records before this day are forgotten.
    pub(crate) words_before: Option<Date>,
    /// Lines of imports taken in before this day are forgotten.
    pub(crate) lines_before: Option<Date>,
    /// Findings that were told before this day are forgotten.
    pub(crate) findings_before: Option<Date>,
    /// What this run is like, for the next one to compare with.
    pub(crate) run: Option<RetentionRun>,
}

impl State {
    /// Notes what is about to go, closes the days and forgets what the state file has of them, at once.
    pub(crate) fn begin_retention(&mut self, begun: &Begun) -> Result<(), Error> {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        self.write(|transaction| {
            for work in &begun.work {
                // The first attempt counted all of it; a later one finds only what was left.
                transaction.execute(
                    "INSERT OR IGNORE INTO retention_work VALUES (?1, ?2, ?3, ?4)",
                    params![work.what, work.why, i64::try_from(work.rows).unwrap_or(i64::MAX), work.detail],
                )?;
            }
            for day in &begun.closed {
                let day = day.to_string();
                transaction.execute("DELETE FROM export_rows WHERE local_date = ?1", [&day])?;
                transaction.execute("INSERT OR IGNORE INTO closed_days VALUES (?1, ?2)", [&day, &now])?;
            }
            if let Some(run) = &begun.run {
                runs::note(transaction, run)?;
            }
            for (year, check_value) in &begun.destroyed {
                // That a key is destroyed is said once it is: until then this is what is meant to be done.
                transaction.execute(
                    "INSERT OR IGNORE INTO destroying_keys VALUES (?1, ?2)",
                    params![year.to_string(), check_value],
                )?;
            }
            for (statement, before) in [
                ("DELETE FROM unmapped_words WHERE last_date < ?1", begun.words_before),
                ("DELETE FROM import_lines WHERE taken_in < ?1", begun.lines_before),
                ("DELETE FROM known_findings WHERE local_date < ?1", begun.findings_before),
            ] {
                if let Some(before) = before {
                    transaction.execute(statement, [before.to_string()])?;
                }
            }
            Ok(())
        })
    }

    /// Rows that [`begin_retention`](Self::begin_retention) would forget, beside closed days.
    pub(crate) fn forgettable(&self, begun: &Begun) -> Result<u64, Error> {
        self.read(|connection| {
            let mut rows = 0_i64;
            let mut count = |statement: &str, parameters: &[&String]| -> rusqlite::Result<()> {
                rows += connection.query_row(statement, rusqlite::params_from_iter(parameters), |row| {
                    row.get::<_, i64>(0)
                })?;
                Ok(())
            };
            for day in &begun.closed {
                count("SELECT count(*) FROM export_rows WHERE local_date = ?1", &[&day.to_string()])?;
            }
            for year in begun.destroyed.keys().map(ToString::to_string) {
                for table in
                    ["roster", "roster_names", "import_lines", "expected_feeds", "correction_persons"]
                {
                    count(&format!("SELECT count(*) FROM {table} WHERE academic_year = ?1"), &[&year])?;
                }
            }
            for (statement, before) in [
                ("SELECT count(*) FROM unmapped_words WHERE last_date < ?1", begun.words_before),
                ("SELECT count(*) FROM import_lines WHERE taken_in < ?1", begun.lines_before),
                ("SELECT count(*) FROM known_findings WHERE local_date < ?1", begun.findings_before),
            ] {
                if let Some(before) = before {
                    count(statement, &[&before.to_string()])?;
                }
            }
            Ok(rows.unsigned_abs())
        })
    }

    /// Work that was begun and is not known to be finished.
    pub(crate) fn retention_work(&self) -> Result<Vec<Work>, Error> {
        self.read(|connection| {
            connection
                .prepare("SELECT what, why, rows, detail FROM retention_work ORDER BY what")?
                .query_map([], |row| {
                    Ok(Work {
                        what: row.get(0)?,
                        why: row.get(1)?,
                        rows: row.get::<_, i64>(2)?.unsigned_abs(),
                        detail: row.get(3)?,
                    })
                })?
                .collect()
        })
    }

    /// How much retention work was begun and not finished.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn unfinished_retention(&self) -> Result<u64, Error> {
        Ok(self.retention_work()?.len() as u64)
    }

    /// Everything that was noted is gone from the disk: into the deletion log with it. Of what is in
    /// `held` a hold keeps some; of what this run did not plan any more, it keeps all that was left. Of years
    /// in `destroyed` the key is gone, and what the state file has of them goes.
    pub(crate) fn finish_retention(
        &mut self,
        planned: &[Work],
        held: &BTreeSet<String>,
        destroyed: &BTreeSet<AcademicYear>,
    ) -> Result<(), Error> {
        let work = self.retention_work()?;
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let begun = self.destroying_keys()?;
        self.write(|transaction| {
            for (year, check_value) in begun.iter().filter(|(year, _)| destroyed.contains(year)) {
                forget_year(transaction, *year)?;
                transaction.execute(
                    "INSERT OR IGNORE INTO destroyed_keys VALUES (?1, ?2, ?3)",
                    params![year.to_string(), now, check_value],
                )?;
            }
            transaction.execute("DELETE FROM destroying_keys", [])?;
            for done in &work {
                let of_key = begun.keys().find(|year| done.what == key_work(**year));
                if of_key.is_some_and(|year| !destroyed.contains(year)) {
                    let detail = format!("interrupted, then held: the key stays ({})", done.detail);
                    deletions::append(transaction, &done.what, &done.why, 0, &detail)?;
                    continue;
                }
                let is_held = held.contains(&done.what);
                let (rows, detail) = match planned.iter().any(|planned| planned.what == done.what) {
                    _ if !is_held => (done.rows, done.detail.clone()),
                    true => (done.rows, format!("{}; what a hold covers stays", done.detail)),
                    false => (0, format!("interrupted, then held: of {} what was left stays", done.detail)),
                };
                deletions::append(transaction, &done.what, &done.why, rows, &detail)?;
            }
            transaction.execute("DELETE FROM retention_work", [])?;
            Ok(())
        })
    }

    /// Years whose keys are being destroyed by a run that has not ended, with the check values.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn destroying_keys(&self) -> Result<BTreeMap<AcademicYear, Option<i64>>, Error> {
        let rows: Vec<(String, Option<i64>)> = self.read(|connection| {
            connection
                .prepare("SELECT academic_year, check_value FROM destroying_keys")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        rows.into_iter()
            .map(|(year, value)| Ok((AcademicYear::parse(&year).ok_or_else(|| self.corrupt())?, value)))
            .collect()
    }

    /// Years of which nothing is taken in any more: their keys are destroyed, or are about to be.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn closed_years(&self) -> Result<BTreeSet<AcademicYear>, Error> {
        let mut years: BTreeSet<_> = self.destroying_keys()?.into_keys().collect();
        years.extend(self.destroyed_keys()?.into_iter().map(|key| key.year));
        Ok(years)
    }

    /// Keys that were destroyed, by year.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn destroyed_keys(&self) -> Result<Vec<DestroyedKey>, Error> {
        let rows: Vec<(String, String, Option<i64>)> = self.read(|connection| {
            connection
                .prepare("SELECT academic_year, destroyed_utc, check_value FROM destroyed_keys ORDER BY 1")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })?;
        rows.into_iter()
            .map(|(year, destroyed_utc, check_value)| {
                let year = AcademicYear::parse(&year).ok_or_else(|| self.corrupt())?;
                Ok(DestroyedKey { year, destroyed_utc, check_value })
            })
            .collect()
    }

    /// The check value of a year's key, if one was ever used.
    pub(crate) fn key_check_value(&self, year: AcademicYear) -> Result<Option<i64>, Error> {
        self.read(|connection| {
            connection
                .query_row(
                    "SELECT check_value FROM pseudonym_keys WHERE academic_year = ?1",
                    [year.to_string()],
                    |row| row.get(0),
                )
                .optional()
        })
    }

    /// Years that the state file has a roster or a key's check value of.
    pub(crate) fn years_known(&self) -> Result<BTreeSet<AcademicYear>, Error> {
        let years: Vec<String> = self.read(|connection| {
            connection
                .prepare(
                    "SELECT academic_year FROM pseudonym_keys UNION SELECT academic_year FROM roster
                     UNION SELECT academic_year FROM roster_names",
                )?
                .query_map([], |row| row.get(0))?
                .collect()
        })?;
        years.iter().map(|year| AcademicYear::parse(year).ok_or_else(|| self.corrupt())).collect()
    }
}

/// What a key's line of work is called.
pub(crate) fn key_work(year: AcademicYear) -> String {
    format!("pseudonym key {year}")
}

/// Everything the state file has of a year whose key is gone.
fn forget_year(transaction: &rusqlite::Transaction<'_>, year: AcademicYear) -> rusqlite::Result<()> {
    let (first, last) = (year.first_day().to_string(), year.last_day().to_string());
    let year = year.to_string();
    super::followed::forget_year(transaction, &year)?;
    // The access audit's list of persons goes on under the pseudonyms of later years.
    let audited: Option<i64> = transaction
        .query_row(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'access_subjects'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    if audited.is_some() {
        transaction.execute(
            "UPDATE access_subjects SET pseudonym = NULL
             WHERE pseudonym IN (SELECT pseudonym FROM access_links WHERE academic_year = ?1)",
            [&year],
        )?;
    }
    for table in [
        "roster",
        "roster_names",
        "former_accounts",
        "pseudonym_keys",
        "unmapped_words",
        "import_lines",
        "expected_feeds",
        "erased_names",
        "account_holders",
        "heads",
        "current_rosters",
        "correction_persons",
        "access_links",
    ] {
        transaction.execute(&format!("DELETE FROM {table} WHERE academic_year = ?1"), [&year])?;
    }
    transaction.execute("DELETE FROM export_rows WHERE local_date BETWEEN ?1 AND ?2", [&first, &last])?;
    Ok(())
}
