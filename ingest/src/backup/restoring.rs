//! From a back-up to an installation.

use std::path::Path;

use super::copying;
use super::manifest::Manifest;
use super::writing::resolved;
use crate::error::{Error, Kind, at};
use crate::folder;
use crate::pseudonymise::Keyring;
use crate::school::{Config, SchoolConfig, SchoolId, SchoolRoot, TRUST_LEDGER};
use crate::state::{Deletion, State, is_thinning};

/// A deletion that the back-up is older than.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The school.
    pub school: String,
    /// The entry of its newer deletion log.
    pub deletion: Deletion,
    /// Who has to do it again.
    pub again: Again,
}

/// How a deletion that a back-up is older than is done again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// By the next run of retention.
    ByRetention,
    /// By thinning held days once more, with a recipient's key: retention cannot open what is sealed.
    ByThinning,
    /// By whoever it was that asked for it, which no log says.
    BySomebody,
}

impl Again {
    fn of(what: &str) -> Self {
        const CLOCKS: [&str; 5] = ["R0", "R1", "ledger", "files", "pseudonym key"];
        match CLOCKS.iter().any(|clock| what.starts_with(clock)) {
            // By its name of before it began as the clock's own work does.
            _ if is_thinning(what) => Self::ByThinning,
            true => Self::ByRetention,
            false => Self::BySomebody,
        }
    }
}

/// What came out of a back-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Its table of contents.
    pub manifest: Manifest,
    /// Deletions since, if a newer installation was there to ask.
    pub missed: Vec<Missed>,
    /// Schools whose recipients changed since: the vault that came back is still sealed for those of before.
    pub recipients_changed: Vec<String>,
}

/// Brings a back-up back into `to`, a new or empty folder. Every byte is compared before and on the way;
/// `watershed.toml` comes last, so that a restoring that was interrupted is no installation. From `newer`, an
/// installation that is later than the back-up, come the deletion log, closed days and destroyed keys; holds,
/// sealed sets, the access audit, marks of live matters, corrections, accounts; who can open the vault; and the
/// trust's ledger. What was dropped since the back-up is in it again until retention is run.
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
    let mut config = Config::load(&from)?;
    let later = match newer {
        Some(newer) => Some(Config::load(newer)?),
        None => None,
    };
    copying::empty_folder(&to)?;
    for school in &config.schools {
        Keyring::open(&school.pseudonym_key_dir, &school.id, &to)?;
    }
    for file in manifest.files.iter().filter(|file| file.path != Config::FILE) {
        if copying::copy(&from.join(&file.path), &to.join(&file.path))? != (file.bytes, file.blake3.clone()) {
            return Err(Error::new(Kind::Corrupt, format!("{}: changed while it was read", file.path)));
        }
    }
    let (mut missed, mut recipients_changed) = (Vec::new(), Vec::new());
    for school in &mut config.schools {
        let root = SchoolRoot::new(&to, &school.id);
        for folder in
            [root.lake(), root.vault(), root.inbox(), root.claimed(), root.refused(), root.settings()]
        {
            folder::make(&folder, folder::PRIVATE).map_err(|error| at(&folder, error))?;
        }
        if let Some(newer) = newer {
            missed.extend(carry(&root, newer, &school.id)?);
        }
        let known = later.as_ref().and_then(|later| later.school(&school.id).ok());
        if let Some(known) = known.filter(|known| known.recipients != school.recipients) {
            // A DSL who left must not be one again, and one who came must open what comes from now on.
            let ids = |school: &SchoolConfig| -> Result<Vec<[u8; 8]>, Error> {
                Ok(school.public_keys()?.iter().map(crate::keys::PublicKey::id).collect())
            };
            let (before, now) = (ids(school)?, ids(known)?);
            let former: Vec<_> = before.into_iter().filter(|id| !now.contains(id)).collect();
            State::open(&root)?.begin_resealing(&former, &now)?;
            school.recipients.clone_from(&known.recipients);
            recipients_changed.push(school.id.to_string());
        }
    }
    if let Some(newer) = newer {
        carry_trust(newer, &to)?;
    }
    if recipients_changed.is_empty() {
        copying::copy(&from.join(Config::FILE), &to.join(Config::FILE))?;
    } else {
        let text = toml::to_string_pretty(&config)
            .map_err(|error| Error::new(Kind::Bug, "the configuration cannot be written").because(error))?;
        copying::write(&to.join(Config::FILE), text.as_bytes())?;
    }
    Ok(Restored { manifest, missed, recipients_changed })
}

/// The trust's ledger of the newer installation takes the place of the one of the back-up, which is its
/// beginning.
fn carry_trust(newer: &Path, to: &Path) -> Result<(), Error> {
    let (from, place) = (newer.join(TRUST_LEDGER), to.join(TRUST_LEDGER));
    if !from.is_file() {
        return Ok(());
    }
    let staged = to.join(format!("{TRUST_LEDGER}.new"));
    // Through the database, which may be in use: its file alone can be half of a transaction.
    let copied = rusqlite::Connection::open_with_flags(&from, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)
        .and_then(|connection| connection.execute("VACUUM INTO ?1", [staged.to_string_lossy()]));
    copied.map_err(|_| {
        Error::new(Kind::Environment, format!("{}: cannot be copied", from.display()))
            .help("check that it is readable and that nobody writes to it, then restore again")
    })?;
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&staged, private).map_err(|error| at(&staged, error))?;
    std::fs::File::open(&staged).and_then(|file| file.sync_all()).map_err(|error| at(&staged, error))?;
    std::fs::rename(&staged, &place).map_err(|error| at(&place, error))?;
    folder::flush(to).map_err(|error| at(to, error))
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
    let mut state = State::open(root)?;
    let entries = state.carry_deletions(&later)?;
    state.carry_known(&later)?;
    Ok(entries
        .into_iter()
        .map(|deletion| Missed { school: school.to_string(), again: Again::of(&deletion.what), deletion })
        .collect())
}
