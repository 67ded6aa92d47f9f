//! CSV layouts as data: which header words mean what, how dates are written, what the school said.
//!
//! A profile matches a header by its set of words. Facts that an export does not show, such as how it
//! marks a block, are questions; the school's answers stand beside its settings.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, at};
use crate::fields::Action;

mod address;
mod answers;
mod check;
mod column;
mod definition;
mod document;
mod draft;
mod fit;
mod header;
mod proof;
mod records;
mod row;
mod time;
mod transform;

pub use answers::{KEYS, set_answer};
pub use check::{CheckReport, HeaderColumn, check};
pub use column::Column;
pub use definition::{Profile, RecordSort};
pub use draft::draft;
pub(crate) use fit::{Fit, fit};
pub(crate) use row::{Fitted, RowReader, is_blank};

/// Profiles that ship with the program: id and file.
macro_rules! shipped {
    ($($id:literal,)*) => {
        const SHIPPED: &[(&str, &str)] =
            &[$(($id, include_str!(concat!("../../../data/profiles/", $id, ".toml")))),*];
    };
}

shipped! {
    "smoothwall-web-filter",
    "smoothwall-web-filter-decision",
    "smoothwall-cloud-reporting",
    "smoothwall-safeguarding",
    "smoothwall-monitor",
    "lightspeed",
    "securly",
    "netsweeper",
    "goguardian-blocked",
    "goguardian-flagged",
    "senso",
    "impero",
    "technitium",
    "cpoms-incidents",
    "myconcern",
    "tes-safeguard",
    "record-manager",
    "arbor-behaviour",
    "sims-behaviour",
    "bromcom-behaviour",
    "filter-change-ledger",
    "reported-sites",
    "freshservice-tickets",
    "servicedesk-plus-requests",
    "zendesk-tickets",
    "jira-issues",
    "filter-test-results",
}

/// Most bytes of a profile's file: it is written by hand.
const MOST_PROFILE_BYTES: u64 = 256 * 1024;

/// A profile with the school's answers.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    profile: Profile,
    answers: answers::Answers,
}

impl Answered {
    fn includes_page_furniture(&self) -> definition::Asked {
        self.answers.includes_page_furniture.unwrap_or(self.profile.includes_page_furniture)
    }
}

impl Profile {
    /// The action of a decision word.
    fn action(&self, word: &[u8]) -> Option<Action> {
        self.actions.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, action)| *action)
    }
}

/// The profiles of a school: shipped ones, its own, and its answers to their questions.
#[derive(Clone, Debug, Default)]
pub struct ProfileSet {
    profiles: Vec<Arc<Answered>>,
}

impl ProfileSet {
    /// Reads the shipped profiles, `settings/profiles/*.toml` (a profile there takes the place of a
    /// shipped one of the same id, once it has passed its own tests) and `settings/profile_answers.toml`.
    ///
    /// # Errors
    /// [`Kind::Configuration`](crate::Kind::Configuration) when one of them is not well-formed or a
    /// profile's test fails.
    pub fn load(settings_dir: &Path) -> Result<Self, Error> {
        let mut profiles = BTreeMap::new();
        for (name, text) in SHIPPED {
            let profile = Profile::parse(text, name)?;
            profiles.insert(profile.id.clone(), profile);
        }
        for profile in own(&settings_dir.join("profiles"))? {
            profiles.insert(profile.id.clone(), profile);
        }
        let mut answers = answers::load(settings_dir)?;
        let profiles = profiles
            .into_values()
            .map(|profile| {
                let answers = answers.remove(&profile.id).unwrap_or_default();
                Arc::new(Answered { profile, answers })
            })
            .collect();
        Ok(Self { profiles })
    }

    /// The shipped profiles without any answer.
    ///
    /// # Errors
    /// [`Kind::Configuration`](crate::Kind::Configuration) when one is not well-formed, which a test rules out.
    pub fn shipped() -> Result<Self, Error> {
        let profiles = SHIPPED
            .iter()
            .map(|(name, text)| {
                let profile = Profile::parse(text, name)?;
                Ok(Arc::new(Answered { profile, answers: answers::Answers::default() }))
            })
            .collect::<Result<_, Error>>()?;
        Ok(Self { profiles })
    }

    /// All profiles, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.iter().map(|answered| &answered.profile)
    }

    /// Only the profile of that id.
    #[must_use]
    pub fn only(&self, id: &str) -> Option<Self> {
        let found = self.profiles.iter().find(|answered| answered.profile.id == id)?;
        Some(Self { profiles: vec![Arc::clone(found)] })
    }

    fn answered(&self) -> &[Arc<Answered>] {
        &self.profiles
    }
}

/// The school's own profiles.
fn own(folder: &Path) -> Result<Vec<Profile>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(folder, error)),
    };
    let mut paths: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    paths.sort();
    let mut profiles: Vec<Profile> = Vec::new();
    for path in paths {
        let place = path.display().to_string();
        let size = std::fs::metadata(&path).map_err(|error| at(&path, error))?.len();
        if size > MOST_PROFILE_BYTES {
            return Err(Error::new(crate::Kind::Configuration, format!("{place}: too large for a profile")));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| at(&path, error))?;
        let profile = Profile::parse(&text, &place)?;
        proof::prove(&profile)
            .map_err(|what| Error::new(crate::Kind::Configuration, format!("{place}: {what}")))?;
        if profiles.iter().any(|other| other.id == profile.id) {
            return Err(Error::new(crate::Kind::Configuration, format!("{place}: the id is used twice")));
        }
        profiles.push(profile);
    }
    Ok(profiles)
}

/// First eight hex digits of a hash, enough to tell versions apart.
pub(crate) fn short_hash(content: &[u8]) -> String {
    blake3::hash(content).to_hex()[..8].to_owned()
}

#[cfg(test)]
mod shipped_tests;
#[cfg(test)]
mod tests;
