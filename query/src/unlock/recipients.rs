//! For whom the vault is sealed: an entry in the audit, the list, then every file.

use std::path::Path;

use ingest::keys::{PrivateKey, PublicKey};
use ingest::pipeline::{ConfigLock, WriterLock};
use ingest::pseudonymise::written;
use ingest::school::{Config, RecipientSetting, SchoolConfig, SchoolId, SchoolRoot};
use ingest::state::State;
pub use ingest::vault::RECIPIENTS_MAXIMUM;
use ingest::vault::reseal::Recipients;
pub use ingest::vault::reseal::Survey;

use super::name_of_key;
use crate::audit::{Access, AccessAudit, What};
use crate::error::{Error, Kind};

/// How many files are sealed for exactly the recipients, and whether a change of them is unfinished. Needs
/// no private key.
///
/// # Errors
/// When a file of the vault or the state file cannot be read.
pub fn survey(dir: &Path, school: &SchoolConfig) -> Result<(Survey, bool), Error> {
    let root = SchoolRoot::of(dir, school);
    let state = State::open(&root)?;
    let (keys, former, vault) = (school.public_keys()?, state.former_recipients()?, root.vault());
    let wanted = Recipients { vault: &vault, school: &school.id, keys: &keys, former: &former };
    let survey = wanted.survey()?;
    Ok((survey, state.resealing()?.is_some() || survey.exact < survey.files))
}

/// A change of the recipients.
#[derive(Debug)]
pub struct Change<'a> {
    /// The installation's folder.
    pub dir: &'a Path,
    /// The school.
    pub school: &'a SchoolId,
    /// What is done, for the audit: `add`, `remove`, `re-seal`.
    pub what: &'a str,
    /// Why, as the person said.
    pub reason: &'a str,
    /// A key that opens the vault now.
    pub key: &'a PrivateKey,
}

impl Change<'_> {
    /// Lets `edit` change the list, `save` bring the configuration to the disk, and then seals every file
    /// for the new list; `done` hears of files done and of their number. A run that is killed is finished
    /// by another whose `edit` changes nothing.
    ///
    /// # Errors
    /// What `edit` and `save` answer; [`Kind::Retry`] when another process writes; else when disk or state
    /// fail. Files that the key does not open are no error but counted.
    pub fn run<E: From<Error>>(
        &self,
        edit: impl FnOnce(&mut Vec<RecipientSetting>) -> Result<(), E>,
        save: impl FnOnce(&Config) -> Result<(), E>,
        done: &mut dyn FnMut(u64, u64),
    ) -> Result<Survey, E> {
        // One file for all schools: who changed another school's list meanwhile must not be overwritten.
        let _config = ConfigLock::take(self.dir).map_err(Error::from)?;
        let mut config = Config::load(self.dir).map_err(Error::from)?;
        let root = SchoolRoot::of(self.dir, config.school(self.school).map_err(Error::from)?);
        let _lock = WriterLock::take(&root).map_err(Error::from)?;
        let listed = config.schools.iter_mut().find(|listed| listed.id == *self.school);
        let settings = listed.ok_or_else(|| {
            Error::new(Kind::Configuration, format!("there is no school `{}` here", self.school))
        })?;
        let before = ids(settings)?;
        edit(&mut settings.recipients)?;
        let after = ids(settings)?;
        let keys = settings.public_keys().map_err(Error::from)?;
        let mut state = self.begin(&root, &before, &after)?;
        save(&config)?;
        Ok(self.seal(&root, &mut state, &keys, done)?)
    }

    /// The audit's entry, then the note that the vault is being sealed anew.
    fn begin(&self, root: &SchoolRoot, before: &[[u8; 8]], after: &[[u8; 8]]) -> Result<State, Error> {
        let names: Vec<_> = after.iter().map(|id| written(i64::from_be_bytes(*id))).collect();
        let access = Access {
            who: &name_of_key(self.dir, self.school, self.key),
            what: What::Keys,
            reason: self.reason,
            target: &format!("{}: {}", self.what, names.join(" ")),
            rows: 0,
        };
        AccessAudit::open(self.dir, self.school)?.record(&access)?;
        let former: Vec<_> = before.iter().copied().filter(|id| !after.contains(id)).collect();
        let mut state = State::open(root)?;
        state.begin_resealing(&former, after)?;
        Ok(state)
    }

    fn seal(
        &self,
        root: &SchoolRoot,
        state: &mut State,
        keys: &[PublicKey],
        done: &mut dyn FnMut(u64, u64),
    ) -> Result<Survey, Error> {
        let (former, vault) = (state.former_recipients()?, root.vault());
        let wanted = Recipients { vault: &vault, school: self.school, keys, former: &former };
        let survey = wanted.seal_anew(self.key, &mut |files, of| {
            done(files, of);
            Ok(())
        })?;
        if survey.exact == survey.files {
            state.end_resealing()?;
        }
        Ok(survey)
    }
}

fn ids(settings: &SchoolConfig) -> Result<Vec<[u8; 8]>, Error> {
    Ok(settings.public_keys()?.iter().map(PublicKey::id).collect())
}
