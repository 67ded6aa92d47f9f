//! Who was at the site of a live mark on days whose single records have gone: without this, a matter that is
//! about an allowed visit would be counted as soon as the detail's clock has run out.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rusqlite::params;

use super::State;
use crate::error::Error;
use crate::school::AcademicYear;

impl State {
    /// Notes visits to a mark's site, before the records that show them go.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn note_embargo_visits(
        &mut self,
        embargo: i64,
        visits: &BTreeSet<(i64, Date)>,
    ) -> Result<(), Error> {
        self.write(|transaction| {
            for (actor, day) in visits {
                transaction.execute(
                    "INSERT OR IGNORE INTO embargo_visits VALUES (?1, ?2, ?3, ?4)",
                    params![embargo, AcademicYear::of(*day).to_string(), actor, day.to_string()],
                )?;
            }
            Ok(())
        })
    }

    /// Actors and days that were noted for a mark.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn embargo_visits(&self, embargo: i64) -> Result<BTreeSet<(i64, Date)>, Error> {
        let rows: Vec<(i64, String)> = self.read(|connection| {
            connection
                .prepare("SELECT actor, local_date FROM embargo_visits WHERE embargo = ?1")?
                .query_map([embargo], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        Ok(rows.into_iter().filter_map(|(actor, day)| Some((actor, day.parse().ok()?))).collect())
    }
}
