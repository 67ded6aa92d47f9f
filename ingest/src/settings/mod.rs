//! What the school's data files say: calendar, feeds, groups, roll, networks, bell times, shared accounts.
//!
//! Every file ships with usual content (`ingest/data/`); a file of the same name in the school's
//! `settings/` folder adds to it or replaces it. All are read and checked once, at the start.

pub mod actions;
pub mod aggregates;
pub mod calendar;
pub mod canary;
pub mod charts;
pub mod concerns;
pub mod curriculum;
pub mod exceptions;
pub mod expected_use;
pub mod feeds;
pub mod groups;
pub mod investigations;
pub mod networks;
pub mod never_reported;
pub mod periods;
pub mod policy;
pub mod roll;
pub mod search_engines;
pub mod shared_accounts;
pub(crate) mod sheet;
pub mod test_pages;
pub mod year_group;

use std::fmt;

use actions::Actions;
use aggregates::Aggregates;
use calendar::Calendar;
use canary::Canary;
use charts::Charts;
use concerns::Concerns;
use curriculum::Curriculum;
use exceptions::Exceptions;
use expected_use::ExpectedUse;
use feeds::Feeds;
use groups::Groups;
use investigations::Investigations;
use networks::Networks;
use never_reported::NeverReported;
use periods::LessonPeriods;
use policy::Policy;
use roll::Roll;
use search_engines::SearchEngines;
use shared_accounts::SharedAccounts;
use sheet::Source;
use test_pages::TestPages;

use crate::classify::{Classifier, Taxonomy};
use crate::error::Error;
use crate::school::{SchoolConfig, SchoolRoot};

const ACTIONS: &str = include_str!("../../data/actions.csv");
const AGGREGATES: &str = include_str!("../../data/aggregates.csv");
const CALENDAR: &str = include_str!("../../data/calendar.csv");
const CANARY: &str = include_str!("../../data/canary.csv");
const CHART_RULES: &str = include_str!("../../data/chart_rules.csv");
const CONCERNS: &str = include_str!("../../data/concerns.csv");
const EXCEPTIONS: &str = include_str!("../../data/exceptions.csv");
const EXPECTED_USE: &str = include_str!("../../data/expected_use.csv");
const CURRICULUM: &str = include_str!("../../data/curriculum.csv");
const FEEDS: &str = include_str!("../../data/feeds.csv");
const GROUPS: &str = include_str!("../../data/groups.toml");
const INVESTIGATIONS: &str = include_str!("../../data/investigations.csv");
const NETWORKS: &str = include_str!("../../data/networks.csv");
const NEVER_REPORTED: &str = include_str!("../../data/never_reported.csv");
const PERIODS: &str = include_str!("../../data/periods.csv");
const REBASE: &str = include_str!("../../data/rebase.csv");
const POLICY: &str = include_str!("../../data/policy_snapshot.csv");
const ROLL: &str = include_str!("../../data/roll.csv");
const SEARCH_ENGINES: &str = include_str!("../../data/search_engines.csv");
const SHARED_ACCOUNTS: &str = include_str!("../../data/shared_accounts.csv");
const TERMS: &str = include_str!("../../data/terms.csv");
const TEST_PAGES: &str = include_str!("../../data/test_pages.csv");

/// The school's settings, shipped files with the school's own over them.
pub struct Settings {
    actions: Actions,
    aggregates: Aggregates,
    calendar: Calendar,
    canary: Canary,
    charts: Charts,
    concerns: Concerns,
    exceptions: Exceptions,
    expected_use: ExpectedUse,
    curriculum: Curriculum,
    feeds: Feeds,
    groups: Groups,
    investigations: Investigations,
    roll: Roll,
    networks: Networks,
    never_reported: NeverReported,
    policy: Policy,
    lesson_periods: LessonPeriods,
    shared_accounts: SharedAccounts,
    search_engines: SearchEngines,
    test_pages: TestPages,
    classifier: Classifier,
    zone: String,
    version: String,
}

impl Settings {
    /// Reads and checks every data file.
    ///
    /// # Errors
    /// [`Kind::Configuration`](crate::Kind::Configuration), naming file and line, when a file says
    /// something that cannot be; [`Kind::Environment`](crate::Kind::Environment) when one cannot be read.
    pub fn load(root: &SchoolRoot, config: &SchoolConfig) -> Result<Self, Error> {
        let dir = root.settings();
        let source = |name, shipped| Source::load(&dir, name, shipped);
        let actions = source("actions.csv", ACTIONS)?;
        let aggregates = source("aggregates.csv", AGGREGATES)?;
        let calendar = source("calendar.csv", CALENDAR)?;
        let canary = source("canary.csv", CANARY)?;
        let chart_rules = source("chart_rules.csv", CHART_RULES)?;
        let concerns = source("concerns.csv", CONCERNS)?;
        let exceptions = source("exceptions.csv", EXCEPTIONS)?;
        let expected_use = source("expected_use.csv", EXPECTED_USE)?;
        let curriculum = source("curriculum.csv", CURRICULUM)?;
        let feeds = source("feeds.csv", FEEDS)?;
        let groups = source("groups.toml", GROUPS)?;
        let investigations = source("investigations.csv", INVESTIGATIONS)?;
        let networks = source("networks.csv", NETWORKS)?;
        let never = source("never_reported.csv", NEVER_REPORTED)?;
        let periods = source("periods.csv", PERIODS)?;
        let rebase = source("rebase.csv", REBASE)?;
        let policy = source("policy_snapshot.csv", POLICY)?;
        let roll = source("roll.csv", ROLL)?;
        let engines = source("search_engines.csv", SEARCH_ENGINES)?;
        let shared = source("shared_accounts.csv", SHARED_ACCOUNTS)?;
        let terms = source("terms.csv", TERMS)?;
        let test_pages = source("test_pages.csv", TEST_PAGES)?;
        let classifier = Classifier::load(&dir)?;

        let mut hasher = blake3::Hasher::new();
        for file in [
            &actions,
            &aggregates,
            &calendar,
            &canary,
            &chart_rules,
            &exceptions,
            &expected_use,
            &curriculum,
            &feeds,
            &groups,
            &investigations,
            &networks,
            &never,
            &periods,
            &rebase,
            &policy,
            &roll,
            &engines,
            &shared,
            &terms,
            &test_pages,
        ] {
            file.digest(&mut hasher);
        }
        for (name, text) in classifier.texts() {
            hasher.update(name.as_bytes());
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.update(config.zone.as_bytes());
        hasher.update(format!("{:?} {}", config.phase, config.roll).as_bytes());

        let networks = Networks::read(&networks)?;
        let calendar = Calendar::read(&terms, &calendar)?;
        Ok(Self {
            actions: Actions::read(&actions)?,
            aggregates: Aggregates::read(&aggregates, &calendar)?,
            exceptions: Exceptions::read(&exceptions)?,
            test_pages: TestPages::read(&test_pages)?,
            investigations: Investigations::read(&investigations, &networks)?,
            calendar,
            canary: Canary::read(&canary)?,
            charts: Charts::read(&chart_rules, &rebase)?,
            concerns: Concerns::read(&concerns)?,
            expected_use: ExpectedUse::read(&expected_use, classifier.taxonomy())?,
            curriculum: Curriculum::read(&curriculum, classifier.taxonomy())?,
            feeds: Feeds::read(&feeds)?,
            groups: Groups::read(&groups, config.phase)?,
            roll: Roll::read(&roll, config)?,
            networks,
            never_reported: NeverReported::read(&never, classifier.taxonomy())?,
            policy: Policy::read(&policy, classifier.taxonomy())?,
            lesson_periods: LessonPeriods::read(&periods)?,
            shared_accounts: SharedAccounts::read(&shared)?,
            search_engines: SearchEngines::read(&engines)?,
            classifier,
            zone: config.zone.clone(),
            version: hasher.finalize().to_hex()[..16].to_owned(),
        })
    }

    /// Hash over all effective texts, 16 hex digits.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What was found and what is done about it.
    #[must_use]
    pub const fn actions(&self) -> &Actions {
        &self.actions
    }

    /// Sums from surveys and behaviour records.
    #[must_use]
    pub const fn aggregates(&self) -> &Aggregates {
        &self.aggregates
    }

    /// Exceptions from the filter's rules, with their reviews.
    #[must_use]
    pub const fn exceptions(&self) -> &Exceptions {
        &self.exceptions
    }

    /// Sites that exist to test a filter.
    #[must_use]
    pub const fn test_pages(&self) -> &TestPages {
        &self.test_pages
    }

    /// School days, half-terms and periods.
    #[must_use]
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Sites that pupils must be able to reach.
    #[must_use]
    pub const fn canary(&self) -> &Canary {
        &self.canary
    }

    /// How control charts are drawn, and where they start anew.
    #[must_use]
    pub const fn charts(&self) -> &Charts {
        &self.charts
    }

    /// Who sees what concerns staff.
    #[must_use]
    pub const fn concerns(&self) -> &Concerns {
        &self.concerns
    }

    /// What is expected of each key stage's use.
    #[must_use]
    pub const fn expected_use(&self) -> &ExpectedUse {
        &self.expected_use
    }

    /// Strands of the curriculum by theme.
    #[must_use]
    pub const fn curriculum(&self) -> &Curriculum {
        &self.curriculum
    }

    /// What is expected in the inbox.
    #[must_use]
    pub const fn feeds(&self) -> &Feeds {
        &self.feeds
    }

    /// What group names mean.
    #[must_use]
    pub const fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Whose records are set apart.
    #[must_use]
    pub const fn investigations(&self) -> &Investigations {
        &self.investigations
    }

    /// What a text says as the school's `investigations.csv` beside the files that are there.
    ///
    /// # Errors
    /// [`Kind::Configuration`](crate::Kind::Configuration), naming the line, when it says something that cannot be.
    pub fn check_investigations(&self, text: &str) -> Result<Investigations, Error> {
        let source =
            Source { name: "investigations.csv", shipped: INVESTIGATIONS, school: Some(text.to_owned()) };
        Investigations::read(&source, &self.networks)
    }

    /// Pupils on roll.
    #[must_use]
    pub const fn roll(&self) -> &Roll {
        &self.roll
    }

    /// Networks by address range.
    #[must_use]
    pub const fn networks(&self) -> &Networks {
        &self.networks
    }

    /// What no published figure may hold.
    #[must_use]
    pub const fn never_reported(&self) -> &NeverReported {
        &self.never_reported
    }

    /// What is to be blocked for whom.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Bell times.
    #[must_use]
    pub const fn lesson_periods(&self) -> &LessonPeriods {
        &self.lesson_periods
    }

    /// Accounts that several people use.
    #[must_use]
    pub const fn shared_accounts(&self) -> &SharedAccounts {
        &self.shared_accounts
    }

    /// Where search words stand in an address.
    #[must_use]
    pub const fn search_engines(&self) -> &SearchEngines {
        &self.search_engines
    }

    /// Category words, sites and search words to codes.
    #[must_use]
    pub const fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// Codes, rows of a sealed set and themes.
    #[must_use]
    pub const fn taxonomy(&self) -> &Taxonomy {
        self.classifier.taxonomy()
    }

    /// The school's time zone, an IANA name; a profile may name another.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Settings({})", self.version)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A made-up school for tests of settings and normalisation.
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::*;
    use crate::school::{Phase, SchoolId};

    /// A secondary school with 300 pupils.
    pub(crate) fn config() -> SchoolConfig {
        SchoolConfig {
            id: SchoolId::parse("oak").unwrap(),
            name: "Oak School".to_owned(),
            phase: Phase::Secondary,
            roll: 300,
            zone: "Europe/London".to_owned(),
            pseudonym_key_dir: "keys".into(),
            inbox: None,
            recipients: Vec::new(),
            keep_sources_days: 0,
            settle_seconds: 60,
            retention: Default::default(),
        }
    }

    /// Its settings with files of its own.
    pub(crate) fn settings(files: &[(&str, &str)]) -> Result<Settings, Error> {
        let dir = tempfile::tempdir().unwrap();
        let config = config();
        let root = SchoolRoot::new(dir.path(), &config.id);
        std::fs::create_dir_all(root.settings()).unwrap();
        for (name, text) in files {
            std::fs::write(root.settings().join(name), text).unwrap();
        }
        Settings::load(&root, &config)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::testing::settings;

    #[test]
    fn the_shipped_files_are_sound() {
        let settings = settings(&[]).unwrap();
        assert_eq!(settings.version().len(), 16);
        assert_eq!(settings.calendar().period("2025-26").unwrap().school_days, 190);
        assert!(settings.shared_accounts().find("guest", jiff::civil::date(2025, 11, 12)).is_some());
    }

    #[test]
    fn every_effective_text_is_in_the_version() {
        let shipped = settings(&[]).unwrap().version().to_owned();
        assert_eq!(settings(&[]).unwrap().version(), shipped, "the same texts have the same version");
        for (name, text) in [
            ("calendar.csv", "date,day_type\n2026-01-06,closure\n"),
            ("roll.csv", "year_group,pupils\n7,60\n"),
            ("feeds.csv", "folder,days\nproxy,school\n"),
            ("networks.csv", "cidr,network,kind\n10.0.0.0/8,School,site\n"),
            ("shared_accounts.csv", "pattern\nks1*\n"),
            ("chart_rules.csv", "setting,value\nshift_points,8\n"),
            ("rebase.csv", "date,reason,who\n2026-01-05,other filter,DSL\n"),
            ("groups.toml", "[[rule]]\npattern = '^x$'\nkind = \"class\"\nyear_group = 7\n"),
        ] {
            assert_ne!(settings(&[(name, text)]).unwrap().version(), shipped, "{name}");
        }
    }

    #[test]
    fn a_mistake_is_named_by_file_and_line_and_never_quoted() {
        let text = "# accounts\n\npattern,role\njane.doe,head teacher\n";
        let error = settings(&[("shared_accounts.csv", text)]).unwrap_err().to_string();
        assert!(error.starts_with("shared_accounts.csv:4: `role` must be"), "{error}");
        assert!(!error.contains("jane") && !error.contains("head"), "{error}");
        let error = settings(&[("roll.csv", "year_group,pupils\n7,\"60\n")]).unwrap_err().to_string();
        assert!(error.starts_with("roll.csv:2: "), "{error}");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_header() {
        let settings = settings(&[("roll.csv", "\u{feff}year_group,pupils\r\n7,60\r\n")]).unwrap();
        let year = crate::school::AcademicYear::parse("2025-26").unwrap();
        assert_eq!(settings.roll().of(year).total(), 60);
    }
}
