//! Corrections of incidents: which rows of older exports do not hold any more.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use ingest::correction::Making;
use ingest::keys::PrivateKey;
use ingest::lake::Lake;
use ingest::pipeline::{Ingest, Progress};
use ingest::pseudonymise::{Domain, Keyring};
use ingest::record::RecordKey;
use ingest::schema::{IMPORTS, INCIDENTS, STAFF_INCIDENTS};
use ingest::school::{SchoolId, SchoolRoot};
use ingest::state::{NewCorrection, Wrong};
use jiff::civil::Date;

use super::correct::Entering;
use super::embargo::opened;
use super::{Corrected, Question};
use crate::audit::{AccessAudit, checked_reason};
use crate::catalog::FileList;
use crate::error::{Error, Kind};
use crate::session::{Limits, Session};

/// An incident of which older exports had rows that do not hold any more.
#[derive(Clone, Copy)]
pub struct WrongIncident<'w> {
    /// Its reference, as the incident system writes it.
    pub reference: &'w str,
    /// Format or profile of the exports, where two systems have a record of that reference.
    pub source: Option<&'w str>,
    /// Nothing of it holds that was taken in so far: it was entered in error.
    pub all: bool,
}

impl std::fmt::Debug for WrongIncident<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("WrongIncident(redacted)")
    }
}

/// What the lake has of an incident from one system.
struct Exported {
    incident: i64,
    source: String,
    from: Date,
    to: Date,
    /// Microseconds since the epoch at which the newest and the oldest export that has it were taken in.
    newest_us: i64,
    oldest_us: i64,
    /// Whether any of its rows is about a pupil: others are in no figure.
    of_pupils: bool,
}

/// Corrects an incident: of its rows only those hold that the newest export of it has, or none. The incident
/// system is where it is recorded and corrected, and an export that is taken in after that replaces what has the
/// same pupil and category; what has another stays, and this takes it away. It changes what is counted of concerns
/// about pupils, so it needs a DSL's key and stands in the access audit. Blocking, and never to be called from within
/// an async task.
///
/// # Errors
/// [`Kind::Configuration`] when reason, key or reference will not do, or nothing would change; else when disk,
/// lake, keys or state fail.
pub fn correct_incident(
    dir: &Path,
    school: &SchoolId,
    wrong: &WrongIncident<'_>,
    reason: &str,
    key: &PrivateKey,
    progress: &dyn Progress,
) -> Result<Corrected, Error> {
    checked_reason(reason)?;
    let (config, root) = opened(dir, school, key)?;
    let settings = config.school(school)?;
    AccessAudit::open(dir, school)?;
    let question = Question { dir, school, reason, key };
    let by = question.who();
    let keyring = Keyring::open(&settings.pseudonym_key_dir, school, dir)?;
    let tokens = incident_tokens(&keyring, wrong.reference)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|_| Error::new(Kind::Environment, "no runtime can be started"))?;
    let mut found = runtime.block_on(exported(&root, &tokens))?;
    found.retain(|known| wrong.source.is_none_or(|source| source == known.source));
    let sources: BTreeSet<&str> = found.iter().map(|known| known.source.as_str()).collect();
    if sources.len() > 1 {
        let sources: Vec<&str> = sources.into_iter().collect();
        return Err(Error::new(Kind::Configuration, "two systems have a record of that reference")
            .help(format!("say which with `--source`: {}", sources.join(", "))));
    }
    if !found.is_empty() && found.iter().all(|known| !known.of_pupils) {
        return Err(Error::new(Kind::Configuration, "this incident is about staff")
            .help("nothing of it is counted; correct it where it is recorded"));
    }
    let newest_us = found.iter().map(|known| known.newest_us).max();
    // A date that was moved into another academic year has another pseudonym there: one correction each.
    let stale = |known: &&Exported| match (wrong.all, newest_us) {
        (true, _) => true,
        (false, Some(newest)) => known.oldest_us < newest,
        (false, None) => false,
    };
    let stale: Vec<&Exported> = found.iter().filter(stale).collect();
    if found.is_empty() {
        return Err(no_such_incident());
    }
    if stale.is_empty() {
        return Err(Error::new(
            Kind::Configuration,
            "only one export has this incident, so nothing of it is older",
        )
        .help(
            "correct it where it is recorded, take in an export made after that, then say this again; or say \
                   `--entered-in-error` if there was no such incident",
        ));
    }
    let ingest = Ingest { dir, school: settings, keep: false };
    let mut corrected = None;
    for known in stale.into_iter().filter(|known| known.of_pupils) {
        let before_us = if wrong.all { known.newest_us + 1 } else { newest_us.unwrap_or(known.newest_us) };
        let wrong = Wrong::Incident { incident: known.incident, source: known.source.clone(), before_us };
        let new = NewCorrection { from: known.from, to: known.to, wrong, reason, by: &by };
        let target = format!("an incident from {} to {}", known.from, known.to);
        let mut entering = Entering::default();
        let made = Making { ingest }.add_recorded(new, &mut || entering.enter(&question, &target), progress);
        corrected = Some(entering.ended(made)?);
    }
    corrected.ok_or_else(no_such_incident)
}

/// The pseudonyms of an incident's reference in all years whose keys are left.
pub(super) fn incident_tokens(keyring: &Keyring, reference: &str) -> Result<Vec<i64>, Error> {
    let key = RecordKey::Reference(reference.into());
    let text = format!("{}\0{}", key.sort(), key.text());
    let mut tokens = Vec::new();
    for year in keyring.years()?.into_iter().filter(|year| !keyring.is_destroyed(*year)) {
        tokens.push(keyring.token(year, Domain::Incident, text.as_bytes())?);
    }
    Ok(tokens)
}

pub(super) fn no_such_incident() -> Error {
    Error::new(Kind::Configuration, "no incident of that reference was taken in")
        .help("give the reference as the incident system writes it")
}

/// What pupils' and staff's incidents have under these pseudonyms, by pseudonym and system.
async fn exported(root: &SchoolRoot, tokens: &[i64]) -> Result<Vec<Exported>, Error> {
    let lake = Lake::open(root).await?;
    let mut session = Session::new(&Limits::default())?;
    for table in [&INCIDENTS, &STAFF_INCIDENTS, &IMPORTS] {
        let snapshot = lake.readable(table).await?;
        let version = snapshot.version.map_or(-1, |version| version as i64);
        session.add(table, Arc::new(FileList::of(&snapshot)?), version)?;
    }
    let tokens: Vec<String> = tokens.iter().map(ToString::to_string).collect();
    let of = |table: &str| {
        format!(
            "SELECT incident, source_format, import_token, local_date, '{table}' = 'incidents' AS pupil FROM {table} WHERE incident IN ({})",
            tokens.join(", ")
        )
    };
    let statement = format!(
        "SELECT incident, given.source_format AS source, min(local_date) AS first, max(local_date) AS last,
                max(CAST(imported_utc AS BIGINT)) AS newest, min(CAST(imported_utc AS BIGINT)) AS oldest, bool_or(pupil) AS of_pupils
         FROM ({} UNION ALL {}) AS given JOIN imports USING (import_token)
         GROUP BY incident, given.source_format ORDER BY first",
        of("incidents"),
        of("staff_incidents")
    );
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let answer = session.query(&statement, &[]).await?;
    Ok((0..answer.len())
        .filter_map(|row| {
            Some(Exported {
                incident: answer.integer(row, "incident")?,
                source: answer.text(row, "source")?,
                from: answer.day(row, "first")?,
                to: answer.day(row, "last")?,
                newest_us: answer.integer(row, "newest")?,
                oldest_us: answer.integer(row, "oldest")?,
                of_pupils: answer.yes(row, "of_pupils"),
            })
        })
        .collect())
}
