//! Who is who in the state file's own words: accounts of the web service that belong to a person of the
//! roster, and the persons who lead the school. Keyed tokens only.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Transaction, params};

use super::State;
use crate::error::Error;
use crate::school::AcademicYear;

/// One person in one academic year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonOfYear {
    /// Academic year.
    pub year: AcademicYear,
    /// Token of the person in that year.
    pub person: i64,
}

/// What is known of an account's holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountHolder {
    /// Nobody has said who it is.
    Unsaid,
    /// Somebody who is in no roster of the school, as was stated.
    Outside,
    /// A person of the roster.
    Person(BTreeSet<PersonOfYear>),
}

impl State {
    /// States whose account it is; a person in all years whose keys are there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn link_account(&mut self, account: &str, holder: &AccountHolder) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM account_holders WHERE account = ?1", [account])?;
            let rows: Vec<(String, Option<i64>)> = match holder {
                AccountHolder::Unsaid => Vec::new(),
                AccountHolder::Outside => vec![(String::new(), None)],
                AccountHolder::Person(years) => {
                    years.iter().map(|known| (known.year.to_string(), Some(known.person))).collect()
                }
            };
            for (year, person) in rows {
                transaction.execute(
                    "INSERT INTO account_holders VALUES (?1, ?2, ?3)",
                    params![account, year, person],
                )?;
            }
            Ok(())
        })
    }

    /// Whose account it is.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn account_holder(&self, account: &str) -> Result<AccountHolder, Error> {
        let rows = self.holders()?;
        let mut rows = rows.into_iter().filter(|(name, _, _)| name == account).peekable();
        if rows.peek().is_none() {
            return Ok(AccountHolder::Unsaid);
        }
        let years: BTreeSet<_> = rows
            .filter_map(|(_, year, person)| {
                Some(PersonOfYear { year: AcademicYear::parse(&year)?, person: person? })
            })
            .collect();
        Ok(if years.is_empty() { AccountHolder::Outside } else { AccountHolder::Person(years) })
    }

    fn holders(&self) -> Result<Vec<(String, String, Option<i64>)>, Error> {
        self.read(|connection| {
            connection
                .prepare("SELECT account, academic_year, person FROM account_holders")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })
    }

    /// Adds a year to the links of the accounts of `earlier`'s persons: `same` gives the token in `year` of a
    /// person who had another in an earlier year.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn carry_links(
        &mut self,
        year: AcademicYear,
        same: &mut dyn FnMut(PersonOfYear) -> Option<i64>,
    ) -> Result<(), Error> {
        let mut found = BTreeSet::new();
        for (account, of, person) in self.holders()? {
            if let (Some(of), Some(person)) = (AcademicYear::parse(&of), person)
                && of != year
                && let Some(person) = same(PersonOfYear { year: of, person })
            {
                found.insert((account, person));
            }
        }
        self.write(|transaction| {
            for (account, person) in &found {
                transaction.execute(
                    "INSERT OR REPLACE INTO account_holders VALUES (?1, ?2, ?3)",
                    params![account, year.to_string(), person],
                )?;
            }
            Ok(())
        })
    }

    /// Adds a year to the access audit's list of persons, as [`carry_links`](Self::carry_links) does for
    /// accounts.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn carry_subjects(
        &mut self,
        year: AcademicYear,
        same: &mut dyn FnMut(PersonOfYear) -> Option<i64>,
    ) -> Result<(), Error> {
        let rows: Vec<(String, i64, i64)> = self.read(|connection| {
            connection
                .prepare("SELECT academic_year, pseudonym, subject FROM access_links")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })?;
        let mut found = BTreeSet::new();
        for (of, person, subject) in rows {
            if let Some(of) = AcademicYear::parse(&of)
                && of != year
                && let Some(person) = same(PersonOfYear { year: of, person })
            {
                found.insert((person, subject));
            }
        }
        self.write(|transaction| {
            for (person, subject) in &found {
                transaction.execute(
                    "INSERT OR IGNORE INTO access_links VALUES (?1, ?2, ?3)",
                    params![year.to_string(), person, subject],
                )?;
            }
            Ok(())
        })
    }

    /// Who leads the school in a year, by a roster. Who led it by an earlier roster of the year is kept: one that
    /// was exported without the head must not send what concerns the head to others.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_heads(&mut self, year: AcademicYear, heads: &BTreeSet<i64>) -> Result<(), Error> {
        self.write(|transaction| {
            for person in heads {
                transaction.execute(
                    "INSERT OR IGNORE INTO heads VALUES (?1, ?2)",
                    params![year.to_string(), person],
                )?;
            }
            Ok(())
        })
    }

    /// Takes back that a person led the school in a year; answers whether that was known. `also` writes what
    /// must stand in the same file then.
    ///
    /// # Errors
    /// When the file cannot be written, and as `also`; then the person leads it still.
    pub fn remove_head(
        &mut self,
        known: PersonOfYear,
        also: &mut dyn FnMut(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<bool, Error> {
        self.write(|transaction| {
            let gone = transaction.execute(
                "DELETE FROM heads WHERE academic_year = ?1 AND person = ?2",
                params![known.year.to_string(), known.person],
            )?;
            if gone > 0 {
                also(transaction)?;
            }
            Ok(gone > 0)
        })
    }

    /// Who leads the school, by the years of which a roster says so.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn heads(&self) -> Result<BTreeMap<AcademicYear, BTreeSet<i64>>, Error> {
        let rows: Vec<(String, i64)> = self.read(|connection| {
            connection
                .prepare("SELECT academic_year, person FROM heads")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        let mut heads: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (year, person) in rows {
            let year = AcademicYear::parse(&year).ok_or_else(|| self.corrupt())?;
            heads.entry(year).or_default().insert(person);
        }
        Ok(heads)
    }

    /// Remembers under which name a year's roster was sealed last.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn sealed_roster(&mut self, year: AcademicYear, name: &str) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT OR REPLACE INTO current_rosters VALUES (?1, ?2)",
                params![year.to_string(), name],
            )?;
            Ok(())
        })
    }

    /// Names under which the years' rosters that hold now were sealed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn sealed_rosters(&self) -> Result<Vec<String>, Error> {
        self.read(|connection| {
            connection
                .prepare("SELECT sealed_name FROM current_rosters ORDER BY academic_year")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    /// A person's tokens as records may have them: the person's own, and those of the accounts for records that
    /// were taken in before the roster had them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn tokens_of(&self, persons: &BTreeSet<i64>) -> Result<BTreeSet<i64>, Error> {
        let mut tokens = persons.clone();
        for accounts in self.roster()?.into_values() {
            tokens.extend(
                accounts
                    .into_iter()
                    .filter(|(_, member)| persons.contains(&member.person))
                    .map(|(token, _)| token),
            );
        }
        Ok(tokens)
    }
}
