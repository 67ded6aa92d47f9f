//! What the school's data files say: calendar, feeds, groups, roll, networks, bell times, shared accounts.
//!
//! Every file ships with usual content (`ingest/data/`); a file of the same name in the school's
//! `settings/` folder adds to it or replaces it. All are read and checked once, at the start.

pub mod calendar;
pub mod concerns;
pub mod curriculum;
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
pub mod year_group;

use std::fmt;

use calendar::Calendar;
use concerns::Concerns;
use curriculum::Curriculum;
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

use crate::classify::{Classifier, Taxonomy};
use crate::error::Error;
use crate::school::{SchoolConfig, SchoolRoot};

const CALENDAR: &str = include_str!("../../data/calendar.csv");
const CONCERNS: &str = include_str!("../../data/concerns.csv");
const CURRICULUM: &str = include_str!("../../data/curriculum.csv");
const FEEDS: &str = include_str!("../../data/feeds.csv");
const GROUPS: &str = include_str!("../../data/groups.toml");
const INVESTIGATIONS: &str = include_str!("../../data/investigations.csv");
const NETWORKS: &str = include_str!("../../data/networks.csv");
const NEVER_REPORTED: &str = include_str!("../../data/never_reported.csv");
const PERIODS: &str = include_str!("../../data/periods.csv");
const POLICY: &str = include_str!("../../data/policy_snapshot.csv");
const ROLL: &str = include_str!("../../data/roll.csv");
const SEARCH_ENGINES: &str = include_str!("../../data/search_engines.csv");
const SHARED_ACCOUNTS: &str = include_str!("../../data/shared_accounts.csv");
const TERMS: &str = include_str!("../../data/terms.csv");

/// The school's settings, shipped files with the school's own over them.
pub struct Settings {
    calendar: Calendar,
    concerns: Concerns,
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
        let calendar = source("calendar.csv", CALENDAR)?;
        let concerns = source("concerns.csv", CONCERNS)?;
        let curriculum = source("curriculum.csv", CURRICULUM)?;
        let feeds = source("feeds.csv", FEEDS)?;
        let groups = source("groups.toml", GROUPS)?;
        let investigations = source("investigations.csv", INVESTIGATIONS)?;
        let networks = source("networks.csv", NETWORKS)?;
        let never = source("never_reported.csv", NEVER_REPORTED)?;
        let periods = source("periods.csv", PERIODS)?;
        let policy = source("policy_snapshot.csv", POLICY)?;
        let roll = source("roll.csv", ROLL)?;
        let engines = source("search_engines.csv", SEARCH_ENGINES)?;
        let shared = source("shared_accounts.csv", SHARED_ACCOUNTS)?;
        let terms = source("terms.csv", TERMS)?;
        let classifier = Classifier::load(&dir)?;

        let mut hasher = blake3::Hasher::new();
        for file in [
            &calendar,
            &curriculum,
            &feeds,
            &groups,
            &investigations,
            &networks,
            &never,
            &periods,
            &policy,
            &roll,
            &engines,
            &shared,
            &terms,
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
        Ok(Self {
            investigations: Investigations::read(&investigations, &networks.names())?,
            calendar: Calendar::read(&terms, &calendar)?,
            concerns: Concerns::read(&concerns)?,
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

    /// School days, half-terms and periods.
    #[must_use]
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Who sees what concerns staff.
    #[must_use]
    pub const fn concerns(&self) -> &Concerns {
        &self.concerns
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
