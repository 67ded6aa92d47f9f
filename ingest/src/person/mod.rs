//! One person, as records can mean them: by pseudonym, by an account, by a name; and as texts mention them.
//!
//! A pseudonym is one person's. An account or a name is one person's in one academic year only: two pupils
//! can have one name, an account can be given to somebody else next year, and a roster that was wrong can be
//! put right. So what is *written* decides only where a record has no pseudonym, and only for accounts and
//! names that belong to nobody else in that year; where nobody can tell, [`Whose::Unclear`] says so, and
//! somebody has to read.

mod finding;
mod lists;
mod mentions;

use std::collections::{BTreeMap, BTreeSet};

pub use finding::accounts;
pub(crate) use lists::without;
pub use mentions::Mentions;

use crate::normalise::account::{canonical, canonical_name};
use crate::school::AcademicYear;
use crate::vault::rows::PersonRow;

/// Whose a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Somebody else's, or nobody's.
    Others,
    /// The account or name is this person's and somebody else's too: nobody can tell.
    Unclear,
    /// This person's.
    Hers,
}

/// One person, in all years whose keys are there.
pub struct Person {
    /// Pseudonyms: the person's own of each year, and those of accounts that are nobody else's in their
    /// year, for records that were taken in before the roster had them.
    pub pseudonyms: BTreeSet<i64>,
    /// Pseudonyms of accounts in years in which nobody can tell whose they were.
    pub unclear: BTreeSet<i64>,
    /// The rows of the rosters.
    pub people: Vec<PersonRow<'static>>,
    /// Accounts and aliases that were the person's at some time, as records are compared by.
    pub accounts: BTreeSet<String>,
    /// Names that were the person's at some time, as incidents are compared by.
    pub names: BTreeSet<String>,
    /// The person key of the rosters; none where no roster has the person.
    pub key: Option<String>,
    years: BTreeMap<AcademicYear, Owners>,
    mentions: Mentions,
    surely: Mentions,
}

/// Which of the person's accounts and names were given to whom in a year.
#[derive(Debug, Default)]
struct Owners {
    /// By the roster that holds.
    hers: Written,
    others: Written,
    /// By rosters of the year that were replaced.
    hers_before: Written,
    others_before: Written,
}

/// Accounts and names.
#[derive(Debug, Default)]
struct Written {
    accounts: BTreeSet<String>,
    names: BTreeSet<String>,
}

/// Accounts, or names.
#[derive(Clone, Copy)]
enum Sort {
    Account,
    Name,
}

impl Written {
    const fn of(&self, sort: Sort) -> &BTreeSet<String> {
        match sort {
            Sort::Account => &self.accounts,
            Sort::Name => &self.names,
        }
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Person(redacted)")
    }
}

impl Person {
    /// Whether any roster has the person. Of who is not known, nobody can tell which names and texts are meant.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.key.is_some()
    }

    /// Whom a list of names means, as written: the person where one of the names does.
    #[must_use]
    pub fn listed_in(&self, year: AcademicYear, list: &str) -> Whose {
        let mut whose = Whose::Others;
        // The closure does not fail, and takes nobody out.
        without(list, &mut |name| {
            whose = whose.max(self.meant_by(year, name));
            Ok(false)
        })
        .unwrap_or_default();
        whose
    }

    /// Whose an account is in a year; `account` is canonical.
    #[must_use]
    pub fn account_in(&self, year: AcademicYear, account: &str) -> Whose {
        self.whose(year, Sort::Account, account)
    }

    /// Whose a name is in a year; `name` is canonical.
    #[must_use]
    pub fn name_in(&self, year: AcademicYear, name: &str) -> Whose {
        self.whose(year, Sort::Name, name)
    }

    /// Whom a text means that is an account or a name, as written.
    #[must_use]
    pub fn meant_by(&self, year: AcademicYear, written: &str) -> Whose {
        self.account_in(year, &canonical(written)).max(self.name_in(year, &canonical_name(written)))
    }

    /// Whose a record of a year is: its pseudonym says so, and what is written only where it has none.
    #[must_use]
    pub fn owns(&self, year: AcademicYear, pseudonym: Option<i64>, written: Option<&str>) -> Whose {
        match (pseudonym, written) {
            (Some(token), _) if self.pseudonyms.contains(&token) => Whose::Hers,
            (Some(token), _) if self.unclear.contains(&token) => Whose::Unclear,
            (None, Some(written)) => self.meant_by(year, written),
            _ => Whose::Others,
        }
    }

    /// Where texts mention the person, by any account or whole name the person ever had.
    #[must_use]
    pub const fn mentions(&self) -> &Mentions {
        &self.mentions
    }

    /// Where texts mention the person and can mean nobody else of any roster.
    #[must_use]
    pub const fn surely(&self) -> &Mentions {
        &self.surely
    }

    /// A list of names without the person's own; none where nobody is left. What may be somebody else's
    /// stays.
    #[must_use]
    pub fn taken_out_of(&self, year: AcademicYear, list: &str) -> Option<String> {
        // The closure does not fail.
        let left =
            without(list, &mut |name| Ok(self.meant_by(year, name) == Whose::Hers)).unwrap_or_default();
        // A list that nobody can take apart and that still has the whole name goes whole.
        left.filter(|left| !self.surely.names_in(left))
    }

    fn whose(&self, year: AcademicYear, sort: Sort, text: &str) -> Whose {
        let all = match sort {
            Sort::Account => &self.accounts,
            Sort::Name => &self.names,
        };
        if text.is_empty() || !all.contains(text) {
            return Whose::Others;
        }
        let nowhere = Owners::default();
        let of = self.years.get(&year).unwrap_or(&nowhere);
        let has = |written: &Written| written.of(sort).contains(text);
        match (has(&of.hers), has(&of.others), sort) {
            (true, false, _) => Whose::Hers,
            (true, true, _) => Whose::Unclear,
            (false, true, Sort::Account) => Whose::Others,
            // Who left before the roster was replaced, beside a namesake who did not.
            (false, true, Sort::Name) if has(&of.hers_before) => Whose::Unclear,
            (false, true, Sort::Name) => Whose::Others,
            (false, false, _) if has(&of.hers_before) && !has(&of.others_before) => Whose::Hers,
            (false, false, _) if self.is_nobody_elses(sort, text) => Whose::Hers,
            (false, false, _) => Whose::Unclear,
        }
    }

    /// Whether a roster of the year itself gives the account to this person, or did before it was replaced.
    fn is_given(&self, year: AcademicYear, account: &str) -> bool {
        let has = |written: &Written| written.accounts.contains(account);
        self.years.get(&year).is_some_and(|of| has(&of.hers) || has(&of.hers_before))
    }

    /// Whether no roster of any year gives this account or name to somebody else.
    fn is_nobody_elses(&self, sort: Sort, text: &str) -> bool {
        self.years
            .values()
            .all(|of| !of.others.of(sort).contains(text) && !of.others_before.of(sort).contains(text))
    }
}

#[cfg(test)]
mod tests;
