//! Whom somebody means: a pseudonym, an account or a name, looked up in the sealed rosters.

use std::collections::BTreeSet;

use ingest::normalise::account::{canonical, canonical_name};
use ingest::pseudonymise::{Domain, Keyring, parse};
use ingest::vault::VaultReader;
use ingest::vault::rows::PersonRow;

use crate::error::{Error, Kind};

/// One person, in all years whose keys are there.
pub struct Person {
    /// Pseudonyms: the person's own of each year, and those of the accounts for records that were taken in
    /// before the roster had them.
    pub pseudonyms: BTreeSet<i64>,
    /// The rows of the rosters.
    pub people: Vec<PersonRow<'static>>,
    /// Accounts and aliases, as records are compared by.
    pub accounts: BTreeSet<String>,
    /// Names, as incidents are compared by.
    pub names: BTreeSet<String>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Person(redacted)")
    }
}

impl Person {
    /// Whether a text has one of the person's accounts, or a name of more than one word, in any case of
    /// letters.
    #[must_use]
    pub fn is_named_in(&self, text: &str) -> bool {
        let small = text.to_lowercase();
        let reversed = self.names.iter().filter_map(|name| {
            let (first, last) = name.rsplit_once(' ')?;
            Some(format!("{last}, {first}"))
        });
        let whole = self.names.iter().filter(|name| name.contains(' ')).cloned();
        self.accounts.iter().cloned().chain(whole).chain(reversed).any(|name| small.contains(&name))
    }

    /// Finds a person by pseudonym (16 hex digits), account, name or person key. An account that no roster
    /// has is a person of its own.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when several persons have the name, or nobody and it can be no account.
    pub(super) fn find(
        reader: &VaultReader<'_>,
        keyring: Option<&Keyring>,
        who: &str,
    ) -> Result<Self, Error> {
        let everybody = reader.people()?;
        let pseudonym = parse(who);
        let (account, name) = (canonical(who).into_owned(), canonical_name(who));
        let keys: BTreeSet<&str> = everybody
            .iter()
            .filter(|row| {
                Some(row.person) == pseudonym
                    || row.person_key == who
                    || (!account.is_empty() && accounts(row).any(|known| known == account))
                    || (!name.is_empty()
                        && row.mis_name.as_deref().is_some_and(|known| canonical_name(known) == name))
            })
            .map(|row| row.person_key.as_ref())
            .collect();
        if keys.len() > 1 {
            return Err(Error::new(Kind::Configuration, "several persons of the rosters have this name")
                .help("give the account, the person key or the pseudonym instead"));
        }
        let key = keys.into_iter().next().map(str::to_owned);
        let mut found = Self {
            pseudonyms: pseudonym.into_iter().collect(),
            people: Vec::new(),
            accounts: BTreeSet::new(),
            names: BTreeSet::new(),
        };
        for row in everybody {
            if key.as_deref() != Some(row.person_key.as_ref()) {
                continue;
            }
            found.pseudonyms.insert(row.person);
            found.accounts.extend(accounts(&row).filter(|account| !account.is_empty()));
            found.names.extend(row.mis_name.as_deref().map(canonical_name).filter(|name| !name.is_empty()));
            if !found.people.contains(&row) {
                found.people.push(row);
            }
        }
        if key.is_none() && pseudonym.is_none() {
            if account.is_empty() || account.contains(char::is_whitespace) {
                return Err(Error::new(Kind::Configuration, "no roster has this person")
                    .help("give the account as the logs have it, or the pseudonym"));
            }
            found.accounts.insert(account);
        }
        if let Some(keyring) = keyring {
            for year in keyring.years()? {
                for account in &found.accounts {
                    found.pseudonyms.insert(keyring.token(year, Domain::Account, account.as_bytes())?);
                }
            }
        } else if found.pseudonyms.is_empty() {
            return Err(Error::new(
                Kind::Configuration,
                "the pseudonym keys are needed to look for an account",
            )
            .help("run this where `watershed.toml` and the folder of the keys are"));
        }
        Ok(found)
    }
}

/// Accounts and aliases of a roster's row, as records are compared by; one may be empty.
pub(super) fn accounts(row: &PersonRow<'_>) -> impl Iterator<Item = String> {
    let aliases = row.aliases.as_deref().unwrap_or_default();
    let all: Vec<String> = row
        .accounts
        .split(';')
        .chain(aliases.split(';'))
        .map(|account| canonical(account).into_owned())
        .collect();
    all.into_iter()
}
