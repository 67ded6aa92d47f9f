//! The erasure of one person, with a recipient's key and an entry in the audit first.

use std::collections::BTreeSet;
use std::path::Path;

use ingest::correction::Overlay;
use ingest::erasure::{Erasure, ErasureReport};
use ingest::keys::PrivateKey;
use ingest::pipeline::{Ingest, Progress};
use ingest::school::{Config, SchoolId, SchoolRoot};
use ingest::state::{Hold, State};
use jiff::civil::Date;

use super::subject::lake_rows;
use super::{Person, Question};
use crate::audit::{AccessAudit, What, checked_reason};
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
/// [`Kind::Configuration`] when the reason is empty or names the person, nobody is found, a hold keeps rows
/// of the person and no reason is given to erase despite it, or the key does not open the vault; else when disk, lake, vault or state fail.
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
    let config = Config::load(dir)?;
    let settings = config.school(school)?;
    let person = question.person(&root, who)?;
    if person.pseudonyms.is_empty() {
        return Err(Error::new(Kind::Configuration, "nobody is found under this name"));
    }
    let held = holds(&root, &person)?;
    let why = reason_despite(&held, &person, reason, despite_hold)?;
    let target = question.about(&person, Date::MIN, Date::MAX)?;
    let target = target.split(' ').next().unwrap_or_default();
    let despite = if held.is_empty() {
        target.to_owned()
    } else {
        let numbers: Vec<String> = held.iter().map(|hold| hold.id.to_string()).collect();
        format!("{target} despite hold {}", numbers.join(", "))
    };
    let question = Question { reason: &why, ..question };
    let audit_head = question.record(What::Erasure, &despite, 0)?;
    // From here on nobody can tell for whom the audit's entries stand.
    AccessAudit::open(dir, school)?.forget_subjects(&person.pseudonyms)?;
    let erasure = Erasure {
        ingest: Ingest { dir, school: settings, keep: false },
        key,
        pseudonyms: person.pseudonyms,
        accounts: person.accounts,
        names: person.names,
    };
    let report = erasure.run(&why, progress, &mut |_| Ok(()))?;
    Ok(Erased { report, audit_head })
}

/// The holds that keep something of a person: the person's own, and those of days of which there are rows.
fn holds(root: &SchoolRoot, person: &Person) -> Result<Vec<Hold>, Error> {
    let state = State::open(root)?;
    let mut holds = state.holds()?;
    holds.retain(Hold::is_active);
    if holds.is_empty() {
        return Ok(holds);
    }
    let overlay = Overlay::load(&state)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|_| Error::new(Kind::Environment, "no runtime can be started"))?;
    let tables = runtime.block_on(lake_rows(root, &person.pseudonyms, &overlay))?;
    let days: BTreeSet<Date> = tables
        .values()
        .filter_map(|rows| rows.as_array())
        .flatten()
        .filter_map(|row| row.get("local_date")?.as_str()?.parse().ok())
        .collect();
    holds.retain(|hold| match hold.person {
        Some(token) => person.pseudonyms.contains(&token),
        None => days.range(hold.from..=hold.to).next().is_some(),
    });
    Ok(holds)
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
    if person.is_named_in(despite) {
        return Err(Error::new(Kind::Configuration, "the reason names the person")
            .help("give a case number: the audit is kept when the person is not"));
    }
    let numbers: Vec<String> = held.iter().map(|hold| hold.id.to_string()).collect();
    Ok(format!("{}; despite hold {}: {despite}", reason.trim(), numbers.join(", ")))
}
