//! The roster's tokens and the check values of the keys that made them.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, params};

use super::State;
use crate::error::{Error, Kind};
use crate::event::{Member, Role};
use crate::school::AcademicYear;

/// One account of the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RosterEntry {
    /// Token of the account, or of a name as incident exports write it.
    pub token: i64,
    /// Who it is.
    pub member: Member,
}

impl State {
    /// Replaces a year's roster.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn replace_roster(
        &mut self,
        year: AcademicYear,
        accounts: &[RosterEntry],
        names: &[RosterEntry],
    ) -> Result<(), Error> {
        self.write(|transaction| {
            let year = year.to_string();
            // Rows that were taken in before stand under accounts that the new roster may not have.
            transaction.execute(
                "INSERT OR IGNORE INTO former_accounts
                     SELECT academic_year, account, person FROM roster WHERE academic_year = ?1",
                [&year],
            )?;
            for (table, column, entries) in [("roster", "account", accounts), ("roster_names", "name", names)]
            {
                transaction.execute(&format!("DELETE FROM {table} WHERE academic_year = ?1"), [&year])?;
                let mut insert = transaction.prepare(&format!(
                    "INSERT INTO {table} (academic_year, {column}, person, role, year_group)
                     VALUES (?1, ?2, ?3, ?4, ?5)"
                ))?;
                for entry in entries {
                    let member = entry.member;
                    insert.execute(params![
                        year,
                        entry.token,
                        member.person,
                        member.role.word(),
                        member.year_group
                    ])?;
                }
            }
            Ok(())
        })
    }

    /// Accounts of every year's roster, by year and account token.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn roster(&self) -> Result<BTreeMap<AcademicYear, BTreeMap<i64, Member>>, Error> {
        self.members("SELECT academic_year, account, person, role, year_group FROM roster")
    }

    /// Names of every year's roster, by year and name token.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn roster_names(&self) -> Result<BTreeMap<AcademicYear, BTreeMap<i64, Member>>, Error> {
        self.members("SELECT academic_year, name, person, role, year_group FROM roster_names")
    }

    /// All pseudonyms under which rows may stand that are the person's of one: the person's own and those of the
    /// accounts, by the rosters that hold and by those that they replaced. An account that now is somebody
    /// else's is not among them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn pseudonyms_beside(&self, token: i64) -> Result<BTreeSet<i64>, Error> {
        let roster = self.roster()?;
        let former: Vec<(String, i64, i64)> = self.read(|connection| {
            connection
                .prepare("SELECT academic_year, account, person FROM former_accounts")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })?;
        let mut owned: Vec<(i64, i64)> = Vec::new();
        for accounts in roster.values() {
            owned.extend(accounts.iter().map(|(account, member)| (*account, member.person)));
        }
        for (year, account, person) in former {
            let year = AcademicYear::parse(&year).ok_or_else(|| self.corrupt())?;
            let now = roster.get(&year).and_then(|accounts| accounts.get(&account));
            if now.is_none_or(|member| member.person == person) {
                owned.push((account, person));
            }
        }
        let mut tokens = BTreeSet::from([token]);
        tokens.extend(owned.iter().filter(|(account, _)| *account == token).map(|(_, person)| *person));
        let accounts = owned.iter().filter(|(_, person)| tokens.contains(person));
        let accounts: Vec<i64> = accounts.map(|(account, _)| *account).collect();
        tokens.extend(accounts);
        Ok(tokens)
    }

    /// Years in which a roster has a pseudonym, or a replaced one had: a person's own or an account's.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn years_of(&self, token: i64) -> Result<BTreeSet<AcademicYear>, Error> {
        let years: Vec<String> = self.read(|connection| {
            connection
                .prepare(
                    "SELECT academic_year FROM roster WHERE account = ?1 OR person = ?1
                     UNION SELECT academic_year FROM former_accounts WHERE account = ?1 OR person = ?1
                     UNION SELECT academic_year FROM roster_names WHERE person = ?1",
                )?
                .query_map([token], |row| row.get(0))?
                .collect()
        })?;
        years.iter().map(|year| AcademicYear::parse(year).ok_or_else(|| self.corrupt())).collect()
    }

    fn members(&self, query: &str) -> Result<BTreeMap<AcademicYear, BTreeMap<i64, Member>>, Error> {
        let mut years: BTreeMap<AcademicYear, BTreeMap<i64, Member>> = BTreeMap::new();
        let rows: Vec<(String, i64, i64, String, Option<i8>)> = self.read(|connection| {
            let mut statement = connection.prepare(query)?;
            statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?
                .collect()
        })?;
        for (year, token, person, role, year_group) in rows {
            let year = AcademicYear::parse(&year).ok_or_else(|| self.corrupt())?;
            let role = Role::from_word(&role).ok_or_else(|| self.corrupt())?;
            years.entry(year).or_default().insert(token, Member { person, role, year_group });
        }
        Ok(years)
    }

    /// Remembers the check value of a year's pseudonym key, or compares it with what it was.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] when the year had another key: its pseudonyms would all change.
    pub fn confirm_key(&mut self, year: AcademicYear, check_value: i64) -> Result<(), Error> {
        let name = year.to_string();
        if self.closed_years()?.contains(&year) {
            return Err(Error::new(
                Kind::Configuration,
                format!("the pseudonym key of {year} was destroyed by retention, and no other is made"),
            ));
        }
        let known: Option<i64> = self.read(|connection| {
            connection
                .query_row(
                    "SELECT check_value FROM pseudonym_keys WHERE academic_year = ?1",
                    [&name],
                    |row| row.get(0),
                )
                .optional()
        })?;
        match known {
            Some(value) if value == check_value => Ok(()),
            Some(_) => Err(Error::new(
                Kind::Corrupt,
                format!("the pseudonym key of {year} is not the one that the lake was made with"),
            )
            .help("restore the key file; with another key everybody would have a new pseudonym")),
            None => self.write(|transaction| {
                transaction.execute(
                    "INSERT OR IGNORE INTO pseudonym_keys VALUES (?1, ?2)",
                    params![name, check_value],
                )?;
                Ok(())
            }),
        }
    }
}
