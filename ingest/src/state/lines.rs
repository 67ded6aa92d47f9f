//! Lines of imports by keyed hash, so that an earlier copy of a log that comes later counts nothing twice.

use jiff::civil::Date;
use rusqlite::params;

use super::State;
use crate::error::Error;
use crate::school::AcademicYear;

/// The lines of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lines<'l> {
    /// First 64 bits of the fingerprint.
    pub(crate) import_token: i64,
    /// Year of the key that they are hashed under.
    pub(crate) year: AcademicYear,
    /// Bytes of the whole content.
    pub(crate) bytes: u64,
    /// The same number of bytes for each line.
    pub(crate) chain: &'l [u8],
}

/// An import that begins with the lines asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LongerImport {
    /// First 64 bits of its fingerprint.
    pub(crate) import_token: i64,
    /// Hash of the line behind them; empty if there is no whole one.
    pub(crate) next: Vec<u8>,
}

impl State {
    /// Keeps the lines of an import, in the place of those of an earlier attempt; forgets what was taken
    /// in before a day.
    pub(crate) fn record_lines(&mut self, lines: &Lines<'_>, today: Date, forget: Date) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM import_lines WHERE taken_in < ?1", [forget.to_string()])?;
            transaction.execute(
                "INSERT OR REPLACE INTO import_lines VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    lines.import_token,
                    lines.year.to_string(),
                    today.to_string(),
                    i64::try_from(lines.bytes).unwrap_or(i64::MAX),
                    lines.chain
                ],
            )?;
            Ok(())
        })
    }

    /// Forgets the lines of an import that was taken back.
    pub(crate) fn forget_lines(&mut self, import_token: i64) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM import_lines WHERE import_token = ?1", [import_token])?;
            Ok(())
        })
    }

    /// Imports with more bytes whose first lines are these; `link` bytes of a chain are a line.
    pub(crate) fn longer_imports(&self, lines: &Lines<'_>, link: usize) -> Result<Vec<LongerImport>, Error> {
        self.read(|connection| {
            let length = lines.chain.len();
            connection
                .prepare(
                    "SELECT import_token, substr(chain, ?1 + 1, ?2) FROM import_lines
                     WHERE academic_year = ?3 AND bytes > ?4 AND substr(chain, 1, ?1) = ?5
                     ORDER BY import_token",
                )?
                .query_map(
                    params![
                        i64::try_from(length).unwrap_or(i64::MAX),
                        i64::try_from(link).unwrap_or(0),
                        lines.year.to_string(),
                        i64::try_from(lines.bytes).unwrap_or(i64::MAX),
                        lines.chain
                    ],
                    |row| Ok(LongerImport { import_token: row.get(0)?, next: row.get(1)? }),
                )?
                .collect()
        })
    }
}
