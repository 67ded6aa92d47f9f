//! What the papers are made from: the configuration, accounts, keys, clocks and logs of one school as they are.

use std::collections::BTreeSet;
use std::path::Path;

use ingest::classify::taxonomy::Taxonomy;
use ingest::formats;
use ingest::formats::profile::{ProfileSet, RecordSort};
use ingest::school::{AcademicYear, Config, MailSetting, SchoolConfig, SchoolRoot};
use ingest::settings::Settings;
use ingest::settings::concerns::Concerns;
use ingest::state::{AccountHolder, Embargo, Hold, State};
use jiff::civil::Date;
use query::audit::{AccessAudit, AccessReview, Reviewed, Shared};
use query::disclosure::ledger::{Entry, Ledger};
use query::{Error, School};

use super::duties::rights;
use crate::chart::words;
use crate::http::accounts::{Account, Accounts, Role};
use crate::http::standing::{self, Standing};

/// A sort of file that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Title of its format or profile.
    pub(crate) title: String,
    /// What its records are.
    pub(crate) sort: RecordSort,
}

/// All that the papers say.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) made_on: Date,
    pub(crate) school: SchoolConfig,
    pub(crate) mail: Option<MailSetting>,
    pub(crate) accounts: Vec<Account>,
    /// How the service listened last; none when it never began.
    pub(crate) service: Option<Standing>,
    pub(crate) sources: Vec<Source>,
    /// Themes that a record can be given.
    pub(crate) themes: Vec<String>,
    /// Holds that hold.
    pub(crate) holds: Vec<Hold>,
    pub(crate) releases: Vec<Entry>,
    pub(crate) openings_reviewed: Option<Reviewed>,
    pub(crate) access_reviewed: Option<AccessReview>,
    pub(crate) shared: Vec<Shared>,
    /// Whether the lake's volume is known to be encrypted.
    pub(crate) disk_encrypted: bool,
    /// Academic years whose pseudonym key was destroyed.
    pub(crate) years_destroyed: Vec<String>,
    /// Who sees what concerns staff, by `concerns.csv`.
    pub(crate) concerns: Concerns,
    /// Accounts that could see what concerns staff, and of which nobody has said whose they are.
    pub(crate) unlinked: Vec<String>,
    /// Academic years of rosters, and this one, of which no roster says who leads the school.
    pub(crate) years_without_head: Vec<String>,
    /// Matters that are live.
    pub(crate) live: Vec<Embargo>,
    /// Numbers of those whose person nobody knows in this academic year.
    pub(crate) unfollowed: Vec<i64>,
}

impl Facts {
    /// Reads everything anew.
    pub(crate) async fn gather(
        dir: &Path,
        config: &Config,
        school: &SchoolConfig,
        disk_encrypted: bool,
    ) -> Result<Self, Error> {
        let root = SchoolRoot::of(dir, school);
        let state = State::open(&root)?;
        let mut accounts = Accounts::open(dir, &school.id)?;
        let mut audit = AccessAudit::open(dir, &school.id)?;
        let listed = accounts.list()?;
        let taken_in = Box::pin(School::open(dir, &school.id)).await?;
        let ids = Box::pin(taken_in.formats_taken_in()).await?;
        let zone = jiff::tz::TimeZone::get(&school.zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let made_on = jiff::Timestamp::now().to_zoned(zone).date();
        let concerns = Settings::load(&root, school)?.concerns().clone();
        let mut unlinked = Vec::new();
        for account in listed.iter().filter(|account| !account.disabled) {
            if sees_staff(account.role, &concerns)
                && state.account_holder(&account.name)? == AccountHolder::Unsaid
            {
                unlinked.push(account.name.clone());
            }
        }
        Ok(Self {
            made_on,
            unlinked,
            years_without_head: without_head(&state, made_on)?,
            live: state.embargoes()?.into_iter().filter(Embargo::is_live).collect(),
            unfollowed: query::unfollowed_matters(&root, AcademicYear::of(made_on))?,
            concerns,
            school: school.clone(),
            mail: config.mail.clone(),
            service: standing::last(&mut accounts)?,
            sources: sources(&ids, &ProfileSet::load(&root.settings())?),
            themes: Taxonomy::load(Some(&root.settings()))?.themes().map(str::to_owned).collect(),
            holds: state.holds()?.into_iter().filter(Hold::is_active).collect(),
            releases: Ledger::open(dir, &school.id)?.list()?,
            openings_reviewed: audit.statement()?.reviewed,
            access_reviewed: audit.access_reviewed(&rights(school, config.mail.as_ref(), &listed))?,
            shared: audit.shared()?,
            disk_encrypted,
            years_destroyed: state.destroyed_keys()?.iter().map(|key| key.year.to_string()).collect(),
            accounts: listed,
        })
    }

    /// Whether a sort of record was taken in.
    pub(crate) fn has(&self, sort: RecordSort) -> bool {
        self.sources.iter().any(|source| source.sort == sort)
    }

    /// To whom the head of the audit is mailed.
    pub(crate) fn mailed_to(&self) -> &[String] {
        self.mail.as_ref().map_or(&[], |mail| mail.recipients(&self.school.id))
    }

    /// Names of those whose keys open the vault.
    pub(crate) fn key_holders(&self) -> String {
        self.school.recipients.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// How long detail is kept, in words.
    pub(crate) fn detail(&self) -> String {
        count(self.school.retention.detail_days, "day")
    }

    /// How long pseudonymous events are kept, in words.
    pub(crate) fn events(&self) -> String {
        match self.school.retention.previous_years {
            0 => "the current academic year".to_owned(),
            years => format!("the current academic year and {} before it", count(u16::from(years), "year")),
        }
    }

    /// How long the sealed roster is kept, in words of the privacy notice: with the events.
    pub(crate) fn roster(&self) -> String {
        match self.school.retention.previous_years {
            0 => "this school year".to_owned(),
            years => format!("this school year and {} before it", count(u16::from(years), "year")),
        }
    }

    /// How long ledgers are kept, in words.
    pub(crate) fn ledgers(&self) -> String {
        let years = count(u16::from(self.school.retention.ledger_years), "academic year");
        format!("{years} before the current one")
    }

    /// How long sources stay after they were taken in, in words.
    pub(crate) fn kept_sources(&self) -> String {
        match self.school.keep_sources_days {
            0 => "deleted as soon as they are taken in".to_owned(),
            days => count(self.school.retention.kept_days(days), "day"),
        }
    }
}

/// Whether accounts of a role see what concerns staff, or the head.
pub(crate) fn sees_staff(role: Role, concerns: &Concerns) -> bool {
    concerns.about_staff(role.word()) || concerns.about_head(role.word())
}

/// Academic years with a roster, and that of a day, of which no roster says who leads the school.
pub(crate) fn without_head(state: &State, today: Date) -> Result<Vec<String>, Error> {
    let known = state.heads()?;
    let years: BTreeSet<AcademicYear> =
        state.roster()?.into_keys().chain([AcademicYear::of(today)]).collect();
    Ok(years.iter().filter(|year| !known.contains_key(year)).map(ToString::to_string).collect())
}

fn sources(ids: &BTreeSet<String>, profiles: &ProfileSet) -> Vec<Source> {
    ids.iter()
        .map(|id| {
            if let Some(format) = formats::ALL.iter().find(|format| format.id == id) {
                return Source { title: format.title.to_owned(), sort: RecordSort::Request };
            }
            match profiles.iter().find(|profile| profile.id() == id) {
                Some(profile) => Source { title: profile.title().to_owned(), sort: profile.record() },
                // A profile that the school has taken out since.
                None => {
                    Source { title: format!("profile `{id}`, no longer here"), sort: RecordSort::Request }
                }
            }
        })
        .collect()
}

/// `1 day`, `90 days`.
pub(crate) fn count(number: u16, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// `10 May 2026`.
pub(crate) fn day(date: Date) -> String {
    words::day(&date.to_string())
}

/// What a sort of record is about, for everybody.
pub(crate) const fn about(sort: RecordSort) -> &'static str {
    match sort {
        RecordSort::Request => {
            "which web sites were asked for, by which account or device, when, and what the web filter did"
        }
        RecordSort::Incident => "notes that staff made about a worry or about behaviour",
        RecordSort::Change => "requests to open or close a web site, and sites that somebody reported",
        RecordSort::Check => "tests of the web filter",
    }
}
