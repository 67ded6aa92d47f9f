//! The erasure of one person, with a recipient's key and an entry in the audit first.

use std::path::Path;

use ingest::erasure::{Erasure, ErasureReport};
use ingest::keys::PrivateKey;
use ingest::pipeline::{Ingest, Progress};
use ingest::school::{Config, SchoolId};
use jiff::civil::Date;

use super::Question;
use crate::audit::{AccessAudit, What};
use crate::error::{Error, Kind};

/// What an erasure did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Rows, files, and texts that somebody has to read.
    pub report: ErasureReport,
    /// Head of the access audit with the entry of this erasure.
    pub audit_head: String,
}

/// Erases a person from lake, vault, state file and files put away; sealed sets stay. A run that was killed
/// is finished by the same call. Blocking, and never to be called from within an async task.
///
/// # Errors
/// [`Kind::Configuration`] when the reason is empty or names the person, nobody is found, or the key does
/// not open the vault; else when disk, lake, vault or state fail.
pub fn erase(
    dir: &Path,
    school: &SchoolId,
    who: &str,
    reason: &str,
    key: &PrivateKey,
    progress: &dyn Progress,
) -> Result<Erased, Error> {
    let question = Question { dir, school, reason, key };
    let root = question.check(Date::MIN, Date::MAX)?;
    let config = Config::load(dir)?;
    let settings = config.school(school)?;
    let person = question.person(&root, who)?;
    if person.pseudonyms.is_empty() {
        return Err(Error::new(Kind::Configuration, "nobody is found under this name"));
    }
    let target = question.about(&person, Date::MIN, Date::MAX)?;
    let target = target.split(' ').next().unwrap_or_default();
    let audit_head = question.record(What::Erasure, target, 0)?;
    // From here on nobody can tell for whom the audit's entries stand.
    AccessAudit::open(dir, school)?.forget_subjects(&person.pseudonyms)?;
    let erasure = Erasure {
        ingest: Ingest { dir, school: settings, keep: false },
        key,
        pseudonyms: person.pseudonyms,
        accounts: person.accounts,
        names: person.names,
    };
    let report = erasure.run(reason, progress, &mut |_| Ok(()))?;
    Ok(Erased { report, audit_head })
}
