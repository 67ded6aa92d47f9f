//! Whom somebody means: a pseudonym, an account, a name or a person key, looked up in the sealed rosters.

use std::collections::{BTreeMap, BTreeSet};

use super::{Mentions, Owners, Person, Sort, Whose, Written};
use crate::error::{Error, Kind};
use crate::normalise::account::{canonical, canonical_name};
use crate::pseudonymise::{Domain, Keyring, parse};
use crate::school::AcademicYear;
use crate::state::State;
use crate::vault::VaultReader;
use crate::vault::rows::PersonRow;

impl Person {
    /// Finds a person by pseudonym (16 hex digits), account, name or person key. An account that no roster
    /// has is a person of its own.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when several persons have the name, or nobody and it can be no account; else
    /// when rosters, state file or keys cannot be read.
    pub fn find(
        reader: &VaultReader<'_>,
        state: &State,
        keyring: Option<&Keyring>,
        who: &str,
    ) -> Result<Self, Error> {
        let pseudonym = parse(who);
        let (account, name) = (canonical(who).into_owned(), canonical_name(who));
        let rosters = Rosters::read(reader, state)?;
        let meant = |row: &PersonRow<'_>| {
            Some(row.person) == pseudonym
                || row.person_key == who
                || (!account.is_empty() && accounts(row).contains(&account))
                || (!name.is_empty() && name_of(row).as_ref() == Some(&name))
        };
        let keys: BTreeSet<&str> = rosters
            .rows
            .iter()
            .filter(|(_, row)| meant(row))
            .map(|(_, row)| row.person_key.as_ref())
            .collect();
        if keys.len() > 1 {
            return Err(Error::new(Kind::Configuration, "several persons of the rosters have this name")
                .help("give the account, the person key or the pseudonym instead"));
        }
        let key = keys.into_iter().next().map(str::to_owned);
        if key.is_none()
            && pseudonym.is_none()
            && (account.is_empty() || account.contains(char::is_whitespace))
        {
            return Err(Error::new(Kind::Configuration, "no roster has this person")
                .help("give the account as the logs have it, or the pseudonym"));
        }
        let mut found = rosters.person(key);
        found.pseudonyms.extend(pseudonym);
        if found.key.is_none() && pseudonym.is_none() {
            found.accounts.insert(account);
        }
        found.complete(keyring)?;
        if keyring.is_none() && found.pseudonyms.is_empty() {
            return Err(Error::new(
                Kind::Configuration,
                "the pseudonym keys are needed to look for an account",
            )
            .help("run this where `watershed.toml` and the folder of the keys are"));
        }
        Ok(found)
    }

    /// The person whose pseudonyms these are, as far as a roster still says who it is: of an erasure that was
    /// interrupted.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn of_pseudonyms(
        reader: &VaultReader<'_>,
        state: &State,
        keyring: &Keyring,
        pseudonyms: &BTreeSet<i64>,
    ) -> Result<Self, Error> {
        let rosters = Rosters::read(reader, state)?;
        let row = rosters.rows.iter().find(|(_, row)| pseudonyms.contains(&row.person));
        let key = row.map(|(_, row)| row.person_key.clone().into_owned());
        let mut found = rosters.person(key);
        found.complete(Some(keyring))?;
        found.pseudonyms.extend(pseudonyms);
        Ok(found)
    }

    /// Those whom a hold on one pseudonym may be about: whom a roster has under it, be it the person's own or an
    /// account's. Where that is not certain, the last of them is somebody of whom nothing is known but the
    /// pseudonym ([`is_known`](Self::is_known)).
    ///
    /// # Errors
    /// When rosters, state file or keys cannot be read.
    pub fn of_held(
        reader: &VaultReader<'_>,
        state: &State,
        keyring: &Keyring,
        pseudonym: i64,
    ) -> Result<Vec<Self>, Error> {
        let mut years = keyring.years()?;
        years.retain(|year| !keyring.is_destroyed(*year));
        let rosters = Rosters::read(reader, state)?;
        let mut named: BTreeMap<String, BTreeSet<(AcademicYear, String)>> = BTreeMap::new();
        for (_, row) in &rosters.rows {
            let mut by = BTreeSet::new();
            for account in accounts(row) {
                for year in &years {
                    if keyring.token(*year, Domain::Account, account.as_bytes())? == pseudonym {
                        by.insert((*year, account.clone()));
                    }
                }
            }
            if row.person == pseudonym || !by.is_empty() {
                named.entry(row.person_key.to_string()).or_default().extend(by);
            }
        }
        let (mut found, mut is_certain) = (Vec::new(), false);
        for (key, by) in named {
            let mut person = rosters.clone().person(Some(key));
            let by_account = by.iter().map(|(year, account)| person.account_in(*year, account)).max();
            let is = match person.pseudonyms.contains(&pseudonym) {
                true => Whose::Hers,
                false => by_account.unwrap_or(Whose::Others),
            };
            if is == Whose::Others {
                continue;
            }
            // Of a year without a roster that has it, an account can be a new pupil's whom nobody knows.
            let is_given = person.pseudonyms.contains(&pseudonym)
                || by.iter().any(|(year, account)| person.is_given(*year, account));
            is_certain |= is == Whose::Hers && is_given;
            person.complete(Some(keyring))?;
            person.pseudonyms.insert(pseudonym);
            found.push(person);
        }
        if !is_certain {
            let mut person = rosters.person(None);
            person.complete(Some(keyring))?;
            person.pseudonyms.insert(pseudonym);
            found.push(person);
        }
        Ok(found)
    }

    /// Pseudonyms of the accounts, and what texts are searched for.
    fn complete(&mut self, keyring: Option<&Keyring>) -> Result<(), Error> {
        if let Some(keyring) = keyring {
            // Of a key that is about to be written over the note says already that it is gone.
            for year in keyring.years()?.into_iter().filter(|year| !keyring.is_destroyed(*year)) {
                for account in &self.accounts {
                    let token = || keyring.token(year, Domain::Account, account.as_bytes());
                    match self.account_in(year, account) {
                        Whose::Hers => self.pseudonyms.insert(token()?),
                        Whose::Unclear => self.unclear.insert(token()?),
                        Whose::Others => false,
                    };
                }
            }
        }
        self.mentions = Mentions::of(self.accounts.iter(), self.names.iter());
        self.surely = Mentions::of(
            self.accounts.iter().filter(|account| self.is_nobody_elses(Sort::Account, account)),
            self.names.iter().filter(|name| self.is_nobody_elses(Sort::Name, name)),
        );
        Ok(())
    }
}

/// All rows of all rosters.
#[derive(Clone)]
struct Rosters {
    /// Whether the roster holds now, and the row.
    rows: Vec<(bool, PersonRow<'static>)>,
}

impl Rosters {
    fn read(reader: &VaultReader<'_>, state: &State) -> Result<Self, Error> {
        let current: BTreeSet<String> = state.sealed_rosters()?.into_iter().collect();
        let mut named = Vec::new();
        reader.each_person(&mut |name, row| named.push((name.to_owned(), row)))?;
        // A year whose roster was taken in before its name was kept has none that was replaced.
        let known: BTreeSet<String> = named
            .iter()
            .filter(|(name, _)| current.contains(name))
            .map(|(_, row)| row.academic_year.clone().into_owned())
            .collect();
        let rows = named
            .into_iter()
            .map(|(name, row)| (current.contains(&name) || !known.contains(row.academic_year.as_ref()), row))
            .collect();
        Ok(Self { rows })
    }

    /// The person of a key, with everybody who shares an account or a name with them.
    fn person(self, key: Option<String>) -> Person {
        let is_hers = |row: &PersonRow<'_>| key.as_deref() == Some(row.person_key.as_ref());
        let mut found = Person {
            pseudonyms: BTreeSet::new(),
            unclear: BTreeSet::new(),
            people: Vec::new(),
            accounts: BTreeSet::new(),
            names: BTreeSet::new(),
            key: None,
            years: BTreeMap::new(),
            mentions: Mentions::default(),
            surely: Mentions::default(),
        };
        for (_, row) in self.rows.iter().filter(|(_, row)| is_hers(row)) {
            found.pseudonyms.insert(row.person);
            found.accounts.extend(accounts(row));
            found.names.extend(name_of(row));
            if !found.people.contains(row) {
                found.people.push(row.clone());
            }
        }
        for (holds, row) in &self.rows {
            let Some(year) = AcademicYear::parse(&row.academic_year) else { continue };
            let written = Written {
                accounts: accounts(row).intersection(&found.accounts).cloned().collect(),
                names: name_of(row).into_iter().filter(|name| found.names.contains(name)).collect(),
            };
            let of: &mut Owners = found.years.entry(year).or_default();
            let place = match (is_hers(row), holds) {
                (true, true) => &mut of.hers,
                (false, true) => &mut of.others,
                (true, false) => &mut of.hers_before,
                (false, false) => &mut of.others_before,
            };
            place.accounts.extend(written.accounts);
            place.names.extend(written.names);
        }
        found.key = key;
        found
    }
}

/// A row's accounts and aliases, canonical.
pub fn accounts(row: &PersonRow<'_>) -> BTreeSet<String> {
    let aliases = row.aliases.as_deref().unwrap_or_default();
    let all = row.accounts.split(';').chain(aliases.split(';'));
    all.map(|account| canonical(account).into_owned()).filter(|account| !account.is_empty()).collect()
}

/// A row's name, canonical.
fn name_of(row: &PersonRow<'_>) -> Option<String> {
    row.mis_name.as_deref().map(canonical_name).filter(|name| !name.is_empty())
}
