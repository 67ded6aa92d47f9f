//! By which tables and data files days were derived.

use jiff::civil::Date;
use rusqlite::OptionalExtension;

use super::State;
use crate::error::Error;

impl State {
    /// What days were derived by last; none before the first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn derived_basis(&self) -> Result<Option<String>, Error> {
        self.read(|connection| {
            connection.query_row("SELECT basis FROM derived_basis", [], |row| row.get(0)).optional()
        })
    }

    /// Takes another and marks days to be derived by it, both or neither.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn replace_derived_basis(
        &mut self,
        basis: &str,
        dirty: impl IntoIterator<Item = Date>,
    ) -> Result<(), Error> {
        self.write(|transaction| {
            for day in dirty {
                transaction.execute("INSERT OR IGNORE INTO dirty_days VALUES (?1)", [day.to_string()])?;
            }
            transaction.execute("DELETE FROM derived_basis", [])?;
            transaction.execute("INSERT INTO derived_basis VALUES (1, ?1)", [basis]).map(|_| ())
        })
    }
}
