//! From a record's own words to an event: who, when, where to, by the school's data files.

pub mod account;
mod accounts;
mod actor;
mod filter_change;
mod filter_check;
mod group;
mod host;
mod incident;
mod order;
mod person;
mod request;
mod search;
mod text;
mod time;
mod url;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::classify::ClassifyCache;
use crate::detect::FoldPolicy;
use crate::error::Error;
use crate::event::Member;
use crate::school::AcademicYear;
use crate::settings::Settings;
use host::KnownHost;
pub(crate) use url::registrable;

/// The school's people, asked by account or name.
pub trait Roster {
    /// Who owns a canonical account in an academic year.
    fn member(&mut self, account: &str, year: AcademicYear) -> Option<Member>;
    /// Who has a canonical name in an academic year; none when two people have it.
    fn member_by_name(&mut self, name: &str, year: AcademicYear) -> Option<Member>;
}

/// Normalises the records of one file, in their order: the order tells the two passes of October's
/// repeated hour apart, so that every file needs one of its own.
pub struct Normaliser<'s> {
    settings: &'s Settings,
    clock: time::Clock<'s>,
    hosts: host::HostCache,
    accounts: accounts::AccountCache,
    groups: group::GroupCache<'s>,
    classes: ClassifyCache,
    scratch: String,
}

impl<'s> Normaliser<'s> {
    /// A normaliser for one file whose wall-clock times are of that zone (an IANA name). Local
    /// columns are always of the school's own zone.
    ///
    /// # Errors
    /// [`Kind::Configuration`](crate::Kind::Configuration) when a zone is unknown.
    pub fn new(settings: &'s Settings, zone: &str) -> Result<Self, Error> {
        Self::at(settings, zone, Timestamp::now())
    }

    /// Like [`new`](Self::new), with the instant that counts as now.
    ///
    /// # Errors
    /// [`Kind::Configuration`](crate::Kind::Configuration) when a zone is unknown.
    pub fn at(settings: &'s Settings, zone: &str, now: Timestamp) -> Result<Self, Error> {
        Ok(Self {
            settings,
            clock: time::Clock::new(settings, zone, now)?,
            hosts: host::HostCache::default(),
            accounts: accounts::AccountCache::default(),
            groups: group::GroupCache::default(),
            classes: settings.classifier().cache(),
            scratch: String::new(),
        })
    }
}

impl Normaliser<'_> {
    /// What is known of a host on a day.
    fn host(&mut self, host: &str, date: Date) -> KnownHost {
        let classifier = self.settings.classifier();
        let epoch = classifier.epoch(date, &mut self.classes);
        self.hosts.find(host, self.settings, epoch, || classifier.host(host, date))
    }

    /// The profile's word on local times that October repeats; without one their order tells.
    #[must_use]
    pub fn with_fold(mut self, fold: FoldPolicy) -> Self {
        self.clock.set_fold(fold);
        self
    }

    /// Years of which nothing is taken in any more; their records are rejected.
    #[must_use]
    pub fn with_closed_years(mut self, years: BTreeSet<AcademicYear>) -> Self {
        self.clock.set_closed_years(years);
        self
    }

    /// When the file was written last, for layouts whose times have no year; now, unless said.
    #[must_use]
    pub fn with_written(mut self, written: Timestamp) -> Self {
        self.clock.set_written(written);
        self
    }
}

impl std::fmt::Debug for Normaliser<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Normaliser(redacted)")
    }
}

#[cfg(test)]
mod tests;
