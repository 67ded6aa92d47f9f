//! Rows of exports by token, so that a later export that covers the same days counts each once.

use jiff::civil::Date;
use rusqlite::params;

use super::State;
use crate::error::Error;

/// How often a row stood in an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExportRow {
    /// Local day of the row.
    pub(crate) local_date: Date,
    /// Keyed token of the whole row.
    pub(crate) row: i64,
    /// How often it stood there.
    pub(crate) copies: u32,
}

impl State {
    /// Replaces what an import counted of an export's rows; again is the same.
    pub(crate) fn record_export_rows(
        &mut self,
        source_format: &str,
        import_token: i64,
        rows: impl Iterator<Item = ExportRow>,
    ) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM export_rows WHERE import_token = ?1", [import_token])?;
            let mut insert = transaction.prepare("INSERT INTO export_rows VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for row in rows {
                let day = row.local_date.to_string();
                insert.execute(params![source_format, day, import_token, row.row, row.copies])?;
            }
            Ok(())
        })
    }

    /// Forgets the rows of an import that was taken back.
    pub(crate) fn forget_export_rows(&mut self, import_token: i64) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM export_rows WHERE import_token = ?1", [import_token])?;
            Ok(())
        })
    }

    /// Rows of a format and day, with the greatest number of copies that one import had of each; of
    /// imports only that `counts` knows.
    pub(crate) fn export_rows(
        &self,
        source_format: &str,
        day: Date,
        counts: &dyn Fn(i64) -> bool,
    ) -> Result<Vec<(i64, u32)>, Error> {
        self.read(|connection| {
            let mut query = connection.prepare(
                "SELECT import_token, row, copies FROM export_rows WHERE source_format = ?1 AND local_date = ?2",
            )?;
            let mut rows = query.query(params![source_format, day.to_string()])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                if counts(row.get(0)?) {
                    found.push((row.get(1)?, row.get(2)?));
                }
            }
            Ok(found)
        })
    }
}
