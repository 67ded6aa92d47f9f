//! Keyed marks of erased names: what an import compares its records with.

use jiff::civil::Date;

use crate::error::Error;
use crate::event::{Event, Identified};
use crate::normalise::account::canonical;
use crate::pseudonymise::{Domain, Keyring, Pseudonymiser};
use crate::record::PersonName;
use crate::school::AcademicYear;
use crate::state::ErasedNames;

fn account_mark(account: &str) -> String {
    format!("account\0{account}")
}

fn name_mark(name: &str) -> String {
    format!("name\0{name}")
}

/// The marks of a person's accounts and names in each year whose key is there, and in the present year and
/// the one before: their keys are made when they are not there and were not destroyed.
pub(super) fn of<'n>(
    keyring: &Keyring,
    today: Date,
    accounts: impl Iterator<Item = &'n String> + Clone,
    names: impl Iterator<Item = &'n String> + Clone,
) -> Result<Vec<(AcademicYear, i64)>, Error> {
    let mut marks = Vec::new();
    let destroyed = keyring.destroyed()?;
    let present = AcademicYear::of(today);
    let mut years = keyring.years()?;
    years.extend([present, present.before()].into_iter().filter(|year| !destroyed.contains(year)));
    for year in years {
        let texts =
            accounts.clone().map(|text| account_mark(text)).chain(names.clone().map(|text| name_mark(text)));
        for text in texts {
            marks.push((year, keyring.token(year, Domain::Erased, text.as_bytes())?));
        }
    }
    Ok(marks)
}

/// Who was erased, asked record by record.
pub(crate) struct ErasedPersons {
    names: ErasedNames,
}

impl std::fmt::Debug for ErasedPersons {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ErasedPersons(redacted)")
    }
}

impl ErasedPersons {
    pub(crate) const fn new(names: ErasedNames) -> Self {
        Self { names }
    }

    /// Whether a request is one of an erased person's, of a day that was erased.
    pub(crate) fn has_request(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        event: &Event<'_, Identified>,
    ) -> Result<bool, Error> {
        let moment = &event.moment;
        if !self.names.contains_key(&moment.academic_year) || event.actor.name.is_empty() {
            return Ok(false);
        }
        let account = event.actor.name.to_lowercase();
        self.has(pseudonymiser, moment.academic_year, moment.local_date, &account_mark(&account))
    }

    /// Whether somebody whom a row names was erased, up to a day on which the row lies.
    pub(crate) fn has_person(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        year: AcademicYear,
        day: Date,
        person: &PersonName<'_>,
    ) -> Result<bool, Error> {
        if !self.names.contains_key(&year) {
            return Ok(false);
        }
        let account = canonical(&person.written);
        Ok(self.has(pseudonymiser, year, day, &name_mark(&person.canonical))?
            || self.has(pseudonymiser, year, day, &account_mark(&account))?)
    }

    fn has(
        &self,
        pseudonymiser: &mut Pseudonymiser<'_>,
        year: AcademicYear,
        day: Date,
        text: &str,
    ) -> Result<bool, Error> {
        let Some(marks) = self.names.get(&year) else { return Ok(false) };
        let mark = pseudonymiser.token(year, Domain::Erased, text)?;
        Ok(marks.get(&mark).is_some_and(|up_to| day <= *up_to))
    }

    /// Whether a row of a roster is an erased person's.
    pub(crate) fn has_member<'n>(
        &self,
        keyring: &Keyring,
        year: AcademicYear,
        mut accounts: impl Iterator<Item = &'n String>,
        name: &str,
    ) -> Result<bool, Error> {
        let Some(marks) = self.names.get(&year) else { return Ok(false) };
        let marked = |text: String| -> Result<bool, Error> {
            Ok(marks.contains_key(&keyring.token(year, Domain::Erased, text.as_bytes())?))
        };
        if !name.is_empty() && marked(name_mark(name))? {
            return Ok(true);
        }
        accounts.try_fold(false, |found, account| Ok(found || marked(account_mark(account))?))
    }
}
