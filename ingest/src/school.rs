//! Names and places that everything else hangs on: schools, academic years, folders.

mod mail;

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind};
use crate::retention::Clocks;

pub use mail::{MailSetting, MailTls};

/// A school's short name: 1-32 of `a-z`, `0-9` and `-`; it names folders.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SchoolId(String);

impl SchoolId {
    /// Reads a short name.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when it holds anything but lower-case letters, digits and hyphens.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fits = !text.is_empty()
            && text.len() <= 32
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !text.starts_with('-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::new(Kind::Configuration, "this is not a school's short name")
                .help("use 1 to 32 lower-case letters, digits and hyphens, for example `st-annes`"))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SchoolId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for SchoolId {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl From<SchoolId> for String {
    fn from(id: SchoolId) -> Self {
        id.0
    }
}

/// Academic year, 1 September to 31 August, named by its first calendar year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AcademicYear(i16);

impl AcademicYear {
    /// The academic year that a local day belongs to.
    #[must_use]
    pub fn of(date: Date) -> Self {
        Self(if date.month() >= 9 { date.year() } else { date.year() - 1 })
    }

    /// The academic year before.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0 - 1)
    }

    /// 1 September.
    #[must_use]
    pub fn first_day(self) -> Date {
        Date::new(self.0, 9, 1).unwrap_or(Date::MAX)
    }

    /// 31 August.
    #[must_use]
    pub fn last_day(self) -> Date {
        Date::new(self.0.saturating_add(1), 8, 31).unwrap_or(Date::MAX)
    }

    /// Calendar year of the first day.
    #[must_use]
    pub const fn first_year(self) -> i16 {
        self.0
    }

    /// Reads `2025-26`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        let year: i16 = first.parse().ok().filter(|_| first.len() == 4)?;
        (last.len() == 2 && last.parse::<i16>().ok()? == (year + 1) % 100).then_some(Self(year))
    }
}

impl fmt::Display for AcademicYear {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}", self.0, (self.0 + 1) % 100)
    }
}

/// File in the installation's folder with the sums of its schools' sealed sets, where any was made.
pub const TRUST_LEDGER: &str = "trust.db";

/// Phase of a school.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Reception (or Nursery) to Year 6.
    Primary,
    /// Year 7 to 11 or 13.
    Secondary,
    /// Both.
    All,
}

/// A DSL (or recovery) key's public half.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipientSetting {
    /// Who holds the private half: a role, not a name.
    pub name: String,
    /// The line of the `.pub` file.
    pub public_key: String,
}

/// One school as `watershed.toml` states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchoolConfig {
    /// Short name.
    pub id: SchoolId,
    /// Full name, for headings.
    pub name: String,
    /// Phase.
    pub phase: Phase,
    /// Pupils on roll; `roll.csv` has them by year group.
    pub roll: u32,
    /// Time zone of local times in logs; IANA name.
    #[serde(default = "default_zone")]
    pub zone: String,
    /// Folder of the pseudonym keys; never below the installation's folder.
    pub pseudonym_key_dir: PathBuf,
    /// Where files are dropped, when that is not the school's own `inbox`: a folder of its own for this
    /// school, also on a network share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox: Option<PathBuf>,
    /// Those who can open the vault, 1 to 4.
    pub recipients: Vec<RecipientSetting>,
    /// Days that files claimed in the inbox are kept after their commit; 0 deletes them at once.
    #[serde(default)]
    pub keep_sources_days: u16,
    /// Seconds that a file in the inbox must have been unchanged before it is claimed.
    #[serde(default = "default_settle")]
    pub settle_seconds: u32,
    /// How long each tier is kept.
    #[serde(default)]
    pub retention: Clocks,
}

impl SchoolConfig {
    /// The public keys of those who can open the vault, in their order.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when one is damaged.
    pub fn public_keys(&self) -> Result<Vec<crate::keys::PublicKey>, Error> {
        self.recipients.iter().map(|recipient| crate::keys::PublicKey::parse(&recipient.public_key)).collect()
    }
}

fn default_zone() -> String {
    "Europe/London".to_owned()
}

const fn default_settle() -> u32 {
    60
}

/// `watershed.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The schools of this installation.
    #[serde(default, rename = "school")]
    pub schools: Vec<SchoolConfig>,
    /// How the head of the access audit is mailed; nobody gets a mail without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailSetting>,
}

impl Config {
    /// Name of the file in the installation's folder.
    pub const FILE: &'static str = "watershed.toml";

    /// Reads the installation's configuration.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the file is missing, is not TOML, or holds an unknown key.
    pub fn load(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(Self::FILE);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Error::new(Kind::Configuration, format!("{}: {}", path.display(), error.kind()))
                .help("run `watershed init` first, or name the installation's folder with `--dir`")
        })?;
        let config: Self = toml::from_str(&text).map_err(|error| unreadable(&path, &text, &error))?;
        for school in &config.schools {
            school.retention.check(&school.id)?;
        }
        if let Some(mail) = &config.mail {
            mail.check()?;
        }
        Ok(config)
    }

    /// The school of that name.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is none.
    pub fn school(&self, id: &SchoolId) -> Result<&SchoolConfig, Error> {
        self.schools.iter().find(|school| school.id == *id).ok_or_else(|| {
            let known: Vec<_> = self.schools.iter().map(|school| school.id.as_str()).collect();
            Error::new(Kind::Configuration, format!("there is no school `{id}` here"))
                .help(format!("the schools here are: {}", known.join(", ")))
        })
    }
}

/// Where the file cannot be read, in words of ours: the parser's own can quote a value, and a value can be a
/// secret.
fn unreadable(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let (line, what) = crate::error::toml_mistake(text, error);
    Error::new(Kind::Configuration, format!("{}:{line}: {what}", path.display()))
        .help("README.md and docs/ have the keys and what they can be")
}

/// A school's folders; the one place that spells their names.
#[derive(Clone, Debug)]
pub struct SchoolRoot {
    root: PathBuf,
    inbox: Option<PathBuf>,
}

impl SchoolRoot {
    /// The folders of a school below the installation's folder.
    #[must_use]
    pub fn new(dir: &Path, id: &SchoolId) -> Self {
        Self { root: dir.join("schools").join(id.as_str()), inbox: None }
    }

    /// The same for a school as `watershed.toml` states it, with its inbox wherever that is.
    #[must_use]
    pub fn of(dir: &Path, school: &SchoolConfig) -> Self {
        Self { inbox: school.inbox.clone(), ..Self::new(dir, &school.id) }
    }

    /// The school's own folder, handed back or erased whole.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Delta tables, one folder each.
    #[must_use]
    pub fn lake(&self) -> PathBuf {
        self.root.join("lake")
    }

    /// Sealed files.
    #[must_use]
    pub fn vault(&self) -> PathBuf {
        self.root.join("vault")
    }

    /// Small state (SQLite).
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.root.join("state.db")
    }

    /// Where the IT provider drops files.
    #[must_use]
    pub fn inbox(&self) -> PathBuf {
        self.inbox.clone().unwrap_or_else(|| self.root.join("inbox"))
    }

    /// Whether the inbox is not the school's own folder, so that it can be out of reach.
    #[must_use]
    pub const fn inbox_is_elsewhere(&self) -> bool {
        self.inbox.is_some()
    }

    /// Files being taken in. A claim is a rename, so an inbox elsewhere has its claims within it, behind
    /// a dot, where no walk of the inbox goes.
    #[must_use]
    pub fn claimed(&self) -> PathBuf {
        self.inbox.as_ref().map_or_else(|| self.root.join("claimed"), |inbox| inbox.join(".claimed"))
    }

    /// Files that could not be taken in, each with a note.
    #[must_use]
    pub fn refused(&self) -> PathBuf {
        self.root.join("refused")
    }

    /// Files kept for `keep_sources_days` after their commit.
    #[must_use]
    pub fn kept(&self) -> PathBuf {
        self.root.join("kept")
    }

    /// The school's overlays of the shipped data files.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.root.join("settings")
    }

    /// Held exclusively by the one writer.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }
}
