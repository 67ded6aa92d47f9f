//! What a school said about its exports: `settings/profile_answers.toml`, one table for each profile.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::definition::{Asked, normalise};
use super::time::DateOrder;
use crate::error::{Error, Kind, at};

/// Name of the file in a school's settings.
pub(super) const FILE: &str = "profile_answers.toml";

/// The keys that can be answered, with what they take.
pub const KEYS: &[(&str, &str)] = &[
    (
        "blocked-when",
        "COLUMN=VALUE, several values with `|` between; rows with one of them were blocked, others allowed",
    ),
    ("date-order", "day-first or month-first"),
    ("includes-page-furniture", "yes or no: whether pictures, scripts and adverts are in the export"),
    ("zone", "IANA name of the zone of its times, for example Europe/London or UTC"),
];

/// The rows that were blocked: `column` has one of `values`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BlockedWhen {
    /// Header word, normalised, or the name of a column of the profile.
    pub(super) column: Vec<u8>,
    /// Values in small letters.
    pub(super) values: Vec<Vec<u8>>,
}

/// Answers for one profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) blocked_when: Option<BlockedWhen>,
    pub(super) date_order: Option<DateOrder>,
    pub(super) includes_page_furniture: Option<Asked>,
    pub(super) zone: Option<String>,
    /// As stored, for the version of what is read.
    pub(super) stored: String,
}

/// The file: profile, key, value.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
struct Stored(BTreeMap<String, BTreeMap<String, String>>);

fn wrong(what: impl std::fmt::Display) -> Error {
    let keys: Vec<_> = KEYS.iter().map(|(key, takes)| format!("`{key}` ({takes})")).collect();
    Error::new(Kind::Configuration, what.to_string()).help(format!("the keys are {}", keys.join(", ")))
}

impl Answers {
    pub(super) fn take(&mut self, key: &str, value: &str) -> Result<(), Error> {
        let value = value.trim();
        match key {
            "blocked-when" => self.blocked_when = Some(blocked_when(value)?),
            "date-order" => {
                self.date_order = Some(
                    DateOrder::from_word(value)
                        .ok_or_else(|| wrong("`date-order` is day-first or month-first"))?,
                );
            }
            "includes-page-furniture" => {
                self.includes_page_furniture = Some(match value {
                    "yes" => Asked::Yes,
                    "no" => Asked::No,
                    _ => return Err(wrong("`includes-page-furniture` is yes or no")),
                });
            }
            "zone" => {
                if jiff::tz::TimeZone::get(value).is_err() {
                    return Err(wrong("this is not a known time zone"));
                }
                self.zone = Some(value.to_owned());
            }
            _ => return Err(wrong("there is no question of that name")),
        }
        self.stored.push_str(&format!("{key}={value}\n"));
        Ok(())
    }
}

fn blocked_when(value: &str) -> Result<BlockedWhen, Error> {
    let (column, values) = value.split_once('=').ok_or_else(|| wrong("`blocked-when` needs COLUMN=VALUE"))?;
    let column = normalise(column.as_bytes());
    let values: Vec<_> = values
        .split('|')
        .map(|value| value.trim().to_ascii_lowercase().into_bytes())
        .filter(|value| !value.is_empty())
        .collect();
    if column.is_empty() || values.is_empty() {
        return Err(wrong("`blocked-when` needs COLUMN=VALUE"));
    }
    Ok(BlockedWhen { column, values })
}

/// Reads all answers of a school.
pub(super) fn load(settings_dir: &Path) -> Result<BTreeMap<String, Answers>, Error> {
    let mut answers: BTreeMap<String, Answers> = BTreeMap::new();
    for (profile, pairs) in stored(settings_dir)?.0 {
        let place = answers.entry(profile).or_default();
        for (key, value) in pairs {
            place.take(&key, &value).map_err(|error| {
                Error::new(error.kind(), format!("{}: {error}", settings_dir.join(FILE).display()))
            })?;
        }
    }
    Ok(answers)
}

fn stored(settings_dir: &Path) -> Result<Stored, Error> {
    let path = settings_dir.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => toml::from_str(&text).map_err(|error| {
            let (line, what) = crate::error::toml_mistake(&text, &error);
            Error::new(Kind::Configuration, format!("{}:{line}: {what}", path.display()))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Stored::default()),
        Err(error) => Err(at(&path, error)),
    }
}

/// Stores a school's answer to a profile's question; it takes the place of an earlier one.
///
/// # Errors
/// [`Kind::Configuration`] when there is no such profile or question or the value does not fit,
/// [`Kind::Environment`] when it cannot be stored.
pub fn set_answer(settings_dir: &Path, profile: &str, key: &str, value: &str) -> Result<(), Error> {
    let profiles = super::ProfileSet::load(settings_dir)?;
    if !profiles.iter().any(|known| known.id() == profile) {
        let known: Vec<_> = profiles.iter().map(|profile| profile.id().to_owned()).collect();
        return Err(Error::new(Kind::Configuration, "there is no profile of that name")
            .help(format!("the profiles are {}", known.join(", "))));
    }
    Answers::default().take(key, value)?;
    let mut all = stored(settings_dir)?;
    all.0.entry(profile.to_owned()).or_default().insert(key.to_owned(), value.trim().to_owned());
    let text = toml::to_string(&all)
        .map_err(|error| Error::new(Kind::Bug, "answers cannot be written").because(error))?;
    let path = settings_dir.join(FILE);
    let fresh = settings_dir.join(format!("{FILE}.new"));
    std::fs::create_dir_all(settings_dir).map_err(|error| at(settings_dir, error))?;
    std::fs::write(&fresh, text).map_err(|error| at(&fresh, error))?;
    std::fs::rename(&fresh, &path).map_err(|error| at(&path, error))
}
