//! Persons who were erased: keyed marks of their names, so that an old file does not bring them back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rusqlite::{OptionalExtension, params};

use super::State;
use crate::error::Error;
use crate::school::AcademicYear;

/// Keyed marks of erased names by academic year, each with the last local day that is erased.
pub type ErasedNames = BTreeMap<AcademicYear, BTreeMap<i64, Date>>;

impl State {
    /// Marks a person's names as erased up to a day, and notes the pseudonyms of which rows must still go.
    /// From here on no import takes a record of them in. One that was begun before goes on under its own
    /// reason.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin_erasure(
        &mut self,
        marks: &[(AcademicYear, i64)],
        up_to: Date,
        tokens: &BTreeSet<i64>,
        why: &str,
    ) -> Result<(), Error> {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        self.write(|transaction| {
            for (year, mark) in marks {
                transaction.execute(
                    "INSERT OR REPLACE INTO erased_names VALUES (?1, ?2, ?3)",
                    params![year.to_string(), mark, up_to.to_string()],
                )?;
            }
            for token in tokens {
                transaction.execute("INSERT OR IGNORE INTO erasing VALUES (?1)", [token])?;
            }
            transaction.execute("INSERT OR IGNORE INTO erasing_why VALUES (1, ?1, ?2)", params![why, now])?;
            Ok(())
        })
    }

    /// Pseudonyms of which rows must still go; empty when no erasure is under way.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn erasing(&self) -> Result<BTreeSet<i64>, Error> {
        self.read(|connection| {
            connection.prepare("SELECT token FROM erasing")?.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// Why an erasure that was begun and not finished was asked for, and when it was begun (UTC).
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn erasing_why(&self) -> Result<Option<(String, String)>, Error> {
        self.read(|connection| {
            connection
                .query_row("SELECT why, begun_utc FROM erasing_why", [], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
    }

    /// The last step: roster rows and the pseudonyms themselves go, the entry of the deletion log stands, and
    /// nobody can tell any more for whom the entries of the access audit stand.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn end_erasure(&mut self, rows: u64, detail: &str) -> Result<(), Error> {
        self.write(|transaction| {
            let why: Option<String> =
                transaction.query_row("SELECT why FROM erasing_why", [], |row| row.get(0)).optional()?;
            let why = why.as_deref().unwrap_or("an erasure that was interrupted");
            let audited: Option<i64> = transaction
                .query_row(
                    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'access_subjects'",
                    [],
                    |row| row.get(0),
                )
                .optional()?;
            if audited.is_some() {
                transaction.execute(
                    "UPDATE access_subjects SET pseudonym = NULL WHERE pseudonym IN (SELECT token FROM erasing)
                     OR subject IN (SELECT subject FROM access_links
                                    WHERE pseudonym IN (SELECT token FROM erasing))",
                    [],
                )?;
            }
            transaction.execute(
                "DELETE FROM access_links WHERE subject IN
                     (SELECT subject FROM access_links WHERE pseudonym IN (SELECT token FROM erasing))",
                [],
            )?;
            for table in ["roster", "roster_names"] {
                transaction.execute(
                    &format!("DELETE FROM {table} WHERE person IN (SELECT token FROM erasing)"),
                    [],
                )?;
            }
            transaction.execute_batch(
                "DELETE FROM embargoes WHERE id IN
                     (SELECT embargo FROM embargo_persons WHERE person IN (SELECT token FROM erasing));
                 DELETE FROM embargo_visits WHERE actor IN (SELECT token FROM erasing)
                     OR embargo NOT IN (SELECT id FROM embargoes);",
            )?;
            // An account of the service stays, and says no longer whose it is.
            for table in ["account_holders", "heads", "embargoes"] {
                transaction.execute(
                    &format!("DELETE FROM {table} WHERE person IN (SELECT token FROM erasing)"),
                    [],
                )?;
            }
            transaction.execute_batch(
                "DELETE FROM embargo_persons WHERE embargo NOT IN (SELECT id FROM embargoes);
                 DELETE FROM embargo_rosters WHERE embargo NOT IN (SELECT id FROM embargoes);",
            )?;
            transaction.execute("DELETE FROM roster WHERE account IN (SELECT token FROM erasing)", [])?;
            transaction.execute(
                "DELETE FROM former_accounts WHERE person IN (SELECT token FROM erasing)
                     OR account IN (SELECT token FROM erasing)",
                [],
            )?;
            // Records that are corrected to be the person's are nobody's from here on.
            transaction
                .execute("DELETE FROM correction_persons WHERE token IN (SELECT token FROM erasing)", [])?;
            super::deletions::append(transaction, "one person", why, rows, detail)?;
            transaction.execute("DELETE FROM erasing", [])?;
            transaction.execute("DELETE FROM erasing_why", [])?;
            Ok(())
        })?;
        // Pages that were freed before this file was opened with `secure_delete` go as well.
        self.read(|connection| connection.execute_batch("VACUUM"))
    }

    /// Marks of everybody who was erased.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn erased_names(&self) -> Result<ErasedNames, Error> {
        let rows: Vec<(String, i64, String)> = self.read(|connection| {
            connection
                .prepare("SELECT academic_year, token, up_to FROM erased_names")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })?;
        let mut names = ErasedNames::new();
        for (year, mark, up_to) in rows {
            let year = AcademicYear::parse(&year).ok_or_else(|| self.corrupt())?;
            let up_to = up_to.parse().map_err(|_| self.corrupt())?;
            names.entry(year).or_default().insert(mark, up_to);
        }
        Ok(names)
    }
}
