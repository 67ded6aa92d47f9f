//! What was set apart when days were derived, and by which rows of `investigations.csv`.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rusqlite::{Transaction, params};

use super::State;
use crate::error::Error;
use crate::settings::investigations::{Purpose, Rule};

/// Records set apart in some days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetApartCount {
    /// Of investigations.
    pub investigations: i64,
    /// Of tests of the filter.
    pub tests: i64,
    /// Of both, those on an illegal list.
    pub illegal: i64,
}

impl State {
    /// Replaces what is known of a day.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn record_apart(&mut self, day: Date, counts: &[(Purpose, i64, i64)]) -> Result<(), Error> {
        self.write(|transaction| {
            let day = day.to_string();
            transaction.execute("DELETE FROM set_apart_days WHERE local_date = ?1", [&day])?;
            for (purpose, records, illegal) in counts {
                transaction.execute(
                    "INSERT INTO set_apart_days VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (local_date, purpose)
                     DO UPDATE SET records = records + ?3, illegal = illegal + ?4",
                    params![day, purpose.word(), records, illegal],
                )?;
            }
            Ok(())
        })
    }

    /// What was set apart from one day to another, both included.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn set_apart(&self, from: Date, to: Date) -> Result<SetApartCount, Error> {
        self.read(|connection| {
            connection.query_row(
                "SELECT coalesce(sum(records) FILTER (WHERE purpose = 'investigation'), 0),
                        coalesce(sum(records) FILTER (WHERE purpose = 'test'), 0), coalesce(sum(illegal), 0)
                 FROM set_apart_days WHERE local_date BETWEEN ?1 AND ?2",
                params![from.to_string(), to.to_string()],
                |row| {
                    Ok(SetApartCount {
                        investigations: row.get(0)?,
                        tests: row.get(1)?,
                        illegal: row.get(2)?,
                    })
                },
            )
        })
    }

    /// The rows by which days were derived last.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn apart_rules(&self) -> Result<BTreeSet<Rule>, Error> {
        self.rules("SELECT valid_from, valid_to, what FROM set_apart_rules")
    }

    /// The rows of `investigations.csv` that somebody with a key has vouched for. No other row sets anything apart.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn vouched_apart(&self) -> Result<BTreeSet<Rule>, Error> {
        self.rules("SELECT valid_from, valid_to, what FROM set_apart_vouched")
    }

    /// Notes which rows somebody with a key vouches for, instead of those of before. `also` writes in the same transaction.
    ///
    /// # Errors
    /// When the file cannot be written, or `also` fails; nothing is changed then.
    pub fn vouch_apart(
        &mut self,
        rules: &BTreeSet<Rule>,
        also: &mut dyn FnMut(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM set_apart_vouched", [])?;
            for rule in rules {
                transaction.execute(
                    "INSERT OR IGNORE INTO set_apart_vouched VALUES (?1, ?2, ?3)",
                    params![rule.from.to_string(), rule.to.to_string(), rule.what],
                )?;
            }
            also(transaction)
        })
    }

    fn rules(&self, query: &str) -> Result<BTreeSet<Rule>, Error> {
        let rows: Vec<(String, String, String)> = self.read(|connection| {
            connection
                .prepare(query)?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })?;
        rows.into_iter()
            .map(|(from, to, what)| Some(Rule { from: from.parse().ok()?, to: to.parse().ok()?, what }))
            .collect::<Option<_>>()
            .ok_or_else(|| self.corrupt())
    }

    /// Takes other rows and marks the days on which they differ, both or neither.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn replace_apart_rules(
        &mut self,
        rules: &BTreeSet<Rule>,
        dirty: impl IntoIterator<Item = Date>,
    ) -> Result<(), Error> {
        self.write(|transaction| {
            for day in dirty {
                transaction.execute("INSERT OR IGNORE INTO dirty_days VALUES (?1)", [day.to_string()])?;
            }
            transaction.execute("DELETE FROM set_apart_rules", [])?;
            for rule in rules {
                transaction.execute(
                    "INSERT INTO set_apart_rules VALUES (?1, ?2, ?3)",
                    params![rule.from.to_string(), rule.to.to_string(), rule.what],
                )?;
            }
            Ok(())
        })
    }
}
