//! Words that no data file knows, by token and import.

use jiff::civil::Date;
use rusqlite::params;

use super::State;
use crate::error::Error;
use crate::school::AcademicYear;

/// What sort of word no data file knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WordKind {
    /// A category word without a row in `category_map.csv`.
    Category,
    /// A group or policy name that no rule of `groups.toml` matches.
    Group,
}

impl WordKind {
    /// The word in the state file and in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Group => "group",
        }
    }

    /// The kind of a word in the state file.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Category, Self::Group].into_iter().find(|kind| kind.word() == word)
    }
}

/// A word that no data file knows, by its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmapped {
    /// Category or group.
    pub kind: WordKind,
    /// Academic year of the token.
    pub year: AcademicYear,
    /// Keyed token of the word.
    pub token: i64,
    /// Records that had it.
    pub records: u64,
    /// First local day.
    pub first_date: Date,
    /// Last local day.
    pub last_date: Date,
}

impl State {
    /// Replaces what an import counted of words that no data file knows; again is the same.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn record_unmapped(&mut self, import_token: i64, words: &[Unmapped]) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM unmapped_words WHERE import_token = ?1", [import_token])?;
            let mut insert =
                transaction.prepare("INSERT INTO unmapped_words VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
            for word in words {
                insert.execute(params![
                    word.kind.word(),
                    word.year.to_string(),
                    word.token,
                    import_token,
                    i64::try_from(word.records).unwrap_or(i64::MAX),
                    word.first_date.to_string(),
                    word.last_date.to_string(),
                ])?;
            }
            Ok(())
        })
    }

    /// Forgets words by their tokens.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget_words(&mut self, tokens: &std::collections::BTreeSet<i64>) -> Result<(), Error> {
        self.write(|transaction| {
            for token in tokens {
                transaction.execute("DELETE FROM unmapped_words WHERE token = ?1", [token])?;
            }
            Ok(())
        })
    }

    /// Words that no data file knows, over all imports, commonest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn unmapped(&self) -> Result<Vec<Unmapped>, Error> {
        let rows: Vec<(String, String, i64, i64, String, String)> = self.read(|connection| {
            connection
                .prepare(
                    "SELECT kind, academic_year, token, sum(records), min(first_date), max(last_date)
                     FROM unmapped_words GROUP BY kind, academic_year, token
                     ORDER BY 4 DESC, kind, academic_year, token",
                )?
                .query_map([], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
                })?
                .collect()
        })?;
        rows.into_iter()
            .map(|(kind, year, token, records, first, last)| {
                Some(Unmapped {
                    kind: WordKind::from_word(&kind)?,
                    year: AcademicYear::parse(&year)?,
                    token,
                    records: u64::try_from(records).ok()?,
                    first_date: first.parse().ok()?,
                    last_date: last.parse().ok()?,
                })
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| self.corrupt())
    }
}
