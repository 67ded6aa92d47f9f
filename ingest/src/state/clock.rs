//! The latest day that the school is known to have lived.

use jiff::civil::Date;
use rusqlite::{OptionalExtension, params};

use super::State;
use crate::error::Error;

impl State {
    /// The latest local day on which the machine's clock was believed; none before the first run.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn latest_day(&self) -> Result<Option<Date>, Error> {
        let day: Option<String> = self.read(|connection| {
            connection.query_row("SELECT latest_day FROM clock", [], |row| row.get(0)).optional()
        })?;
        day.map(|day| day.parse().map_err(|_| self.corrupt())).transpose()
    }

    /// Notes a day on which the machine's clock is believed, also an earlier one: a clock that was ahead must
    /// not vouch for itself.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn note_day(&mut self, day: Date) -> Result<(), Error> {
        if self.latest_day()? == Some(day) {
            return Ok(());
        }
        self.write(|transaction| {
            transaction
                .execute("INSERT OR REPLACE INTO clock VALUES (1, ?1)", params![day.to_string()])
                .map(|_| ())
        })
    }
}
