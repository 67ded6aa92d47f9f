//! Accounts seen in one file, so that their spelling, the shared accounts and the roster are asked once
//! for each.

use std::borrow::Cow;
use std::ops::Range;

use jiff::civil::Date;

use super::Roster;
use super::account::{self, Account};
use crate::event::{Member, Moment};
use crate::quick_map::QuickMap;
use crate::settings::shared_accounts::{Shared, SharedAccounts};
/// Accounts that are remembered.
const MOST: usize = 1 << 16;

/// What school and roster say of an account on a day.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Owner {
    /// The shared account that it is.
    pub(crate) shared: Option<Shared>,
    /// The person whose account it is.
    pub(crate) member: Option<Member>,
}

/// The account column, read.
pub(crate) struct User<'a> {
    pub(crate) written: Cow<'a, str>,
    pub(crate) account: Account<'a>,
    place: Option<usize>,
}

/// A canonical spelling: a part of what was written, or another text.
enum Spelling {
    Part(Range<usize>),
    Own(Box<str>),
}

impl Spelling {
    fn of(written: &str, canonical: &str) -> Self {
        match written.find(canonical) {
            Some(start) => Self::Part(start..start + canonical.len()),
            None => Self::Own(canonical.into()),
        }
    }

    fn again<'a>(&self, written: &'a str) -> Cow<'a, str> {
        match self {
            Self::Part(range) => Cow::Borrowed(&written[range.clone()]),
            Self::Own(text) => Cow::Owned(text.as_ref().to_owned()),
        }
    }
}

enum Read {
    Named(Spelling),
    Machine(Spelling),
    Unverified(Spelling),
    Address(Spelling),
    Anonymous,
}

impl Read {
    fn of(written: &str) -> Self {
        match account::read(written) {
            Account::Named(name) => Self::Named(Spelling::of(written, &name)),
            Account::Machine(name) => Self::Machine(Spelling::of(written, &name)),
            Account::Unverified(name) => Self::Unverified(Spelling::of(written, &name)),
            Account::Address(address) => Self::Address(Spelling::of(written, &address)),
            Account::Anonymous => Self::Anonymous,
        }
    }

    fn again<'a>(&self, written: &'a str) -> Account<'a> {
        match self {
            Self::Named(name) => Account::Named(name.again(written)),
            Self::Machine(name) => Account::Machine(name.again(written)),
            Self::Unverified(name) => Account::Unverified(name.again(written)),
            Self::Address(address) => Account::Address(address.again(written)),
            Self::Anonymous => Account::Anonymous,
        }
    }
}

struct Known {
    read: Read,
    owner: Option<(Date, Owner)>,
}

/// Accounts seen, by their text as written.
#[derive(Default)]
pub(crate) struct AccountCache {
    places: QuickMap<Box<str>, usize>,
    known: Vec<Known>,
}

impl AccountCache {
    /// Reads an account column, which is empty where there is none.
    pub(crate) fn read<'a>(&mut self, written: Cow<'a, str>) -> User<'a> {
        let Cow::Borrowed(text) = written else {
            let account = account::read(&written).into_owned();
            return User { written, account, place: None };
        };
        if text.is_empty() {
            return User { written, account: Account::Anonymous, place: None };
        }
        let place = match self.places.get(text) {
            Some(place) => *place,
            None => {
                if self.known.len() >= MOST {
                    self.places.clear();
                    self.known.clear();
                }
                self.known.push(Known { read: Read::of(text), owner: None });
                self.places.insert(text.into(), self.known.len() - 1);
                self.known.len() - 1
            }
        };
        User { written, account: self.known[place].read.again(text), place: Some(place) }
    }

    /// Whose a named account is at that moment. A file has one roster.
    pub(crate) fn owner(
        &mut self,
        user: &User<'_>,
        moment: &Moment<'_>,
        shared_accounts: &SharedAccounts,
        roster: &mut dyn Roster,
    ) -> Owner {
        let Account::Named(name) = &user.account else { return Owner::default() };
        let known = user.place.and_then(|place| self.known.get_mut(place));
        if let Some((date, owner)) = known.as_ref().and_then(|known| known.owner)
            && date == moment.local_date
        {
            return owner;
        }
        let owner = Owner {
            shared: shared_accounts.find(name, moment.local_date),
            member: roster.member(name, moment.academic_year),
        };
        if let Some(known) = known {
            known.owner = Some((moment.local_date, owner));
        }
        owner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_look_reads_the_same() {
        let mut cache = AccountCache::default();
        let column = [
            r"OAK\JDoe",
            "jdoe@oak.example",
            "jdoe",
            "",
            "-",
            "'oak/jdoe'",
            "jdoe?",
            "PC-12$",
            "10.1.2.3",
            "x-fwd-for: 10.1.2.3",
            r"CN=Doe\, Jane,OU=Pupils",
        ];
        for _ in 0..2 {
            for written in column {
                let user = cache.read(Cow::Borrowed(written));
                assert!(user.account == account::read(written), "{written}");
                assert_eq!(user.written, written);
            }
        }
        let user = cache.read(Cow::Borrowed("oak\\jdoe"));
        assert!(matches!(user.account, Account::Named(Cow::Borrowed("jdoe"))));
    }
}
