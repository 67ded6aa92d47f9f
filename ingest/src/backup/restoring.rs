//! From a back-up to an installation.

use std::path::Path;

use super::copying;
use super::manifest::Manifest;
use super::writing::resolved;
use crate::error::{Error, Kind, at};
use crate::folder;
use crate::pseudonymise::Keyring;
use crate::school::{Config, SchoolId, SchoolRoot};
use crate::state::{Deletion, State};

/// A deletion that the back-up is older than.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The school.
    pub school: String,
    /// The entry of its newer deletion log.
    pub deletion: Deletion,
    /// Whether retention does it again by itself; what a person asked for it cannot know.
    pub repeated: bool,
}

/// What came out of a back-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Its table of contents.
    pub manifest: Manifest,
    /// Deletions since, if a newer installation was there to ask.
    pub missed: Vec<Missed>,
}

/// Brings a back-up back into `to`, a new or empty folder. Every byte is compared before and on the way;
/// `watershed.toml` comes last, so that a restoring that was interrupted is no installation. From `newer`, an
/// installation that is later than the back-up, come the deletion log, the closed days and the destroyed
/// keys. The caller runs retention afterwards: what was dropped since the back-up is in it again.
///
/// # Errors
/// [`Kind::Corrupt`] when the back-up is not as it was written; [`Kind::Configuration`] when `to` will not do,
/// or `newer` is not a later state of the same schools.
pub fn restore(from: &Path, to: &Path, newer: Option<&Path>) -> Result<Restored, Error> {
    let (manifest, differences) = Manifest::verify(from)?;
    if let Some(first) = differences.first() {
        return Err(Error::new(
            Kind::Corrupt,
            format!("the back-up is damaged in {} places; the first: {first}", differences.len()),
        )
        .help("use another back-up; `watershed restore --verify` lists all of them"));
    }
    let (from, to) = (resolved(from)?, resolved(to)?);
    if to.starts_with(&from) || from.starts_with(&to) {
        return Err(Error::new(
            Kind::Configuration,
            format!("{}: may not lie inside the back-up, nor around it", to.display()),
        ));
    }
    let config = Config::load(&from)?;
    copying::empty_folder(&to)?;
    for school in &config.schools {
        Keyring::open(&school.pseudonym_key_dir, &school.id, &to)?;
    }
    for file in manifest.files.iter().filter(|file| file.path != Config::FILE) {
        if copying::copy(&from.join(&file.path), &to.join(&file.path))? != (file.bytes, file.blake3.clone()) {
            return Err(Error::new(Kind::Corrupt, format!("{}: changed while it was read", file.path)));
        }
    }
    let mut missed = Vec::new();
    for school in &config.schools {
        let root = SchoolRoot::new(&to, &school.id);
        for folder in
            [root.lake(), root.vault(), root.inbox(), root.claimed(), root.refused(), root.settings()]
        {
            folder::make(&folder, folder::PRIVATE).map_err(|error| at(&folder, error))?;
        }
        if let Some(newer) = newer {
            missed.extend(carry(&root, newer, &school.id)?);
        }
    }
    copying::copy(&from.join(Config::FILE), &to.join(Config::FILE))?;
    Ok(Restored { manifest, missed })
}

/// Takes over what a newer installation deleted.
fn carry(root: &SchoolRoot, newer: &Path, school: &SchoolId) -> Result<Vec<Missed>, Error> {
    let later = SchoolRoot::new(newer, school);
    if !later.state().is_file() {
        return Err(Error::new(
            Kind::Configuration,
            format!("{}: has no state file of `{school}`", newer.display()),
        )
        .help("name the folder of the installation that the back-up was made of"));
    }
    let later = State::open(&later)?;
    let entries = State::open(root)?.carry_deletions(&later)?;
    Ok(entries
        .into_iter()
        .map(|deletion| Missed {
            school: school.to_string(),
            repeated: ["R0", "R1", "ledger", "files", "pseudonym key"]
                .iter()
                .any(|clock| deletion.what.starts_with(clock)),
            deletion,
        })
        .collect())
}
