//! Held days past their clock, down to the rows of the held persons, with a recipient's key and entries in the
//! audit first; and whether there is anybody to hold.

use std::collections::BTreeSet;
use std::path::Path;

use ingest::keys::PrivateKey;
use ingest::person::Person;
use ingest::pipeline::{Ingest, Progress};
use ingest::retention::{ThinReport, Thinning};
use ingest::school::{AcademicYear, Config, SchoolId, SchoolRoot};
use ingest::state::State;
use jiff::civil::Date;

use super::Question;
use super::embargo::of_lake;
use crate::audit::What;
use crate::error::Error;

/// What was dropped from held days, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thinned {
    /// Files and rows.
    pub report: ThinReport,
    /// Head of the access audit with the entries of this run; none where nothing was written.
    pub audit_head: Option<String>,
}

/// Academic years in which anything that was taken in has a pseudonym: a roster, or a row of the lake. A hold on
/// one that nothing has would hold nothing.
///
/// # Errors
/// When state file or lake cannot be read.
pub async fn years_of_pseudonym(
    dir: &Path,
    school: &SchoolId,
    pseudonym: i64,
) -> Result<BTreeSet<AcademicYear>, Error> {
    let root = SchoolRoot::new(dir, school);
    let mut years = State::open(&root)?.years_of(pseudonym)?;
    years.extend(of_lake(&root, pseudonym).await?.iter().map(|known| known.year));
    Ok(years)
}

/// Drops from the sealed files of held days that are past their clock what no hold keeps, or says what would go.
/// Blocking, and never to be called from within an async task.
///
/// # Errors
/// [`Kind::Configuration`](crate::error::Kind::Configuration) when the reason is empty or names a held person, the key does not open the vault or
/// the machine's clock is not believed; [`Kind::Retry`](crate::error::Kind::Retry) when another process writes; else when disk, vault or
/// state fail. What was done stays done, and again goes on.
pub fn thin_holds(
    dir: &Path,
    school: &SchoolId,
    reason: &str,
    key: &PrivateKey,
    dry_run: bool,
    progress: &dyn Progress,
) -> Result<Thinned, Error> {
    let question = Question { dir, school, reason, key };
    question.check(Date::MIN, Date::MAX)?;
    let config = Config::load(dir)?;
    let settings = config.school(school)?;
    let thinning = Thinning { ingest: Ingest { dir, school: settings, keep: false }, key };
    let (mut audit_head, mut refused) = (None, None);
    let no = || ingest::Error::new(ingest::Kind::Configuration, "nothing was dropped");
    let mut asked = |person: &Person| {
        question.names_nobody(person).map_err(|error| {
            refused = Some(error);
            no()
        })
    };
    let mut unwritten = None;
    let mut record = |person: &Person, report: &ThinReport| {
        let written = question.about(person, Date::MIN, Date::MAX).and_then(|target| {
            let target = target.split(' ').next().unwrap_or_default().to_owned();
            let rows = usize::try_from(report.gone).unwrap_or(usize::MAX);
            question.record(What::Thinning, &target, rows)
        });
        match written {
            Ok(head) => audit_head = Some(head),
            Err(error) => {
                unwritten = Some(error);
                return Err(no());
            }
        }
        Ok(())
    };
    let done = match dry_run {
        true => thinning.plan(&mut asked),
        false => thinning.run(&mut asked, &mut record, progress),
    };
    match refused.or(unwritten) {
        Some(error) => Err(error),
        None => Ok(Thinned { report: done?, audit_head }),
    }
}
