//! The erasure of one person, with a recipient's key and an entry in the audit first.

use std::collections::BTreeSet;
use std::path::Path;

use ingest::correction::Overlay;
use ingest::erasure::{Erasure, ErasureReport};
use ingest::keys::PrivateKey;
use ingest::pipeline::{Ingest, Progress};
use ingest::school::{Config, SchoolId, SchoolRoot};
use ingest::state::{Hold, State};
use ingest::vault::VaultReader;
use jiff::civil::Date;

use super::subject::lake_rows;
use super::{Person, Question};
use crate::audit::{What, checked_reason};
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
/// is finished by the same call, or by [`finish_erasure`]. Blocking, and never to be called from within an
/// async task.
///
/// # Errors
/// [`Kind::Configuration`] when the reason is empty or names the person, nobody is found, a hold keeps rows
/// of the person and no reason is given to erase despite it, or the key does not open the vault;
/// [`Kind::Retry`] when another process writes, and nothing is written down then; else when disk, lake,
/// vault or state fail.
pub fn erase(
    dir: &Path,
    school: &SchoolId,
    who: &str,
    reason: &str,
    despite_hold: Option<&str>,
    key: &PrivateKey,
    progress: &dyn Progress,
) -> Result<Erased, Error> {
    let question = Question { dir, school, reason, key };
    let root = question.check(Date::MIN, Date::MAX)?;
    let person = match question.person(&root, who) {
        Err(error) if State::open(&root)?.erasing_why()?.is_some() => {
            return Err(Error::new(error.kind(), error.to_string()).help(
                "an erasure was interrupted: if it is this person's, `watershed erase --finish` ends it",
            ));
        }
        found => found?,
    };
    if person.pseudonyms.is_empty() {
        return Err(Error::new(Kind::Configuration, "nobody is found under this name"));
    }
    question.erase(&root, &person, despite_hold, progress)
}

/// Ends an erasure that was interrupted, whosever it is, under the reason that was given for it.
///
/// # Errors
/// [`Kind::Configuration`] when none was interrupted; else as [`erase`].
pub fn finish_erasure(
    dir: &Path,
    school: &SchoolId,
    key: &PrivateKey,
    progress: &dyn Progress,
) -> Result<Erased, Error> {
    let root = SchoolRoot::new(dir, school);
    let none = || Error::new(Kind::Configuration, "no erasure was interrupted");
    if !root.state().is_file() {
        return Err(none());
    }
    let state = State::open(&root)?;
    let (why, _) = state.erasing_why()?.ok_or_else(none)?;
    let question = Question { dir, school, reason: &why, key };
    question.check(Date::MIN, Date::MAX)?;
    let keyring = question.keyring()?.ok_or_else(none)?;
    let reader = VaultReader::open(&root.vault(), school, key);
    let person = Person::of_pseudonyms(&reader, &state, &keyring, &state.erasing()?)?;
    drop(state);
    // The holds were asked when it was begun; half of it is gone.
    question.erase(&root, &person, Some("begun before"), progress)
}

impl Question<'_> {
    fn erase(
        &self,
        root: &SchoolRoot,
        person: &Person,
        despite_hold: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Erased, Error> {
        let config = Config::load(self.dir)?;
        let settings = config.school(self.school)?;
        let target = self.about(person, Date::MIN, Date::MAX)?;
        let target = target.split(' ').next().unwrap_or_default().to_owned();
        // Refused early where it can be; asked again under the lock, where no hold can be made meanwhile.
        let held = holds(root, &State::open(root)?, person)?;
        let why = reason_despite(&held, person, self.reason, despite_hold)?;
        let known: Vec<i64> = held.iter().map(|hold| hold.id).collect();
        let (mut audit_head, mut refused) = (String::new(), None);
        let mut record = |state: &State| -> Result<(), ingest::Error> {
            let recorded = holds(root, state, person).and_then(|now| {
                if now.iter().any(|hold| !known.contains(&hold.id)) {
                    return Err(
                        Error::new(Kind::Retry, "a hold was made while the erasure waited").help("ask again")
                    );
                }
                let numbers: Vec<String> = held.iter().map(|hold| hold.id.to_string()).collect();
                let despite = if held.is_empty() {
                    target.clone()
                } else {
                    format!("{target} despite hold {}", numbers.join(", "))
                };
                Question { reason: &why, ..*self }.record(What::Erasure, &despite, 0)
            });
            match recorded {
                Ok(head) => audit_head = head,
                Err(error) => {
                    refused = Some(error);
                    return Err(ingest::Error::new(ingest::Kind::Configuration, "nothing was erased"));
                }
            }
            Ok(())
        };
        let erasure = Erasure {
            ingest: Ingest { dir: self.dir, school: settings, keep: false },
            key: self.key,
            person,
        };
        let report = erasure.run(&why, &mut record, progress, &mut |_| Ok(()));
        match refused {
            Some(error) => Err(error),
            None => Ok(Erased { report: report?, audit_head }),
        }
    }
}

/// The holds that keep something of a person: the person's own, by whatever pseudonym and by what is corrected on
/// their days, and those of days of which there are rows.
fn holds(root: &SchoolRoot, state: &State, person: &Person) -> Result<Vec<Hold>, Error> {
    let mut holds = state.holds()?;
    holds.retain(Hold::is_active);
    if holds.is_empty() {
        return Ok(holds);
    }
    let overlay = Overlay::load(state)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|_| Error::new(Kind::Environment, "no runtime can be started"))?;
    let tables = runtime.block_on(lake_rows(root, &person.pseudonyms, &overlay))?;
    let days: BTreeSet<Date> = tables
        .values()
        .filter_map(|rows| rows.as_array())
        .flatten()
        .filter_map(|row| row.get("local_date")?.as_str()?.parse().ok())
        .collect();
    let hers: BTreeSet<i64> = person.pseudonyms.union(&person.unclear).copied().collect();
    let mut found = Vec::new();
    for hold in holds {
        let keeps = match hold.person {
            Some(token) => {
                let held = state.pseudonyms_beside(token)?;
                let recorded = |persons| overlay.recorded_between(persons, hold.from, hold.to);
                !recorded(&held).is_disjoint(&recorded(&hers))
            }
            None => days.range(hold.from..=hold.to).next().is_some(),
        };
        if keeps {
            found.push(hold);
        }
    }
    Ok(found)
}

/// The reason as it is written down; an error where a hold is not given one of its own.
fn reason_despite(
    held: &[Hold],
    person: &Person,
    reason: &str,
    despite: Option<&str>,
) -> Result<String, Error> {
    let Some(hold) = held.first() else { return Ok(reason.to_owned()) };
    let Some(despite) = despite else {
        return Err(Error::new(
            Kind::Configuration,
            format!(
                "hold {} keeps rows of this person: {} looks at it again on {}",
                hold.id, hold.owner, hold.review
            ),
        )
        .help(
            "ask there, and release the hold; or give the reason to erase all the same with `--despite-hold`",
        ));
    };
    let despite = checked_reason(despite)?;
    if person.mentions().in_text(despite) {
        return Err(Error::new(Kind::Configuration, "the reason names the person")
            .help("give a case number: the audit is kept when the person is not"));
    }
    let numbers: Vec<String> = held.iter().map(|hold| hold.id.to_string()).collect();
    Ok(format!("{}; despite hold {}: {despite}", reason.trim(), numbers.join(", ")))
}
