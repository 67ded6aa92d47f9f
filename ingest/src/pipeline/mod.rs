//! A run: files in, durable commits out, each file exactly once.
//!
//! Order of writing (decision A4): the intent in the state file; the vault's files, on the disk; the
//! lake's data files, on the disk; one commit per table, `imports` last; only then the source is put
//! away and the intent closed. A run begins by finishing or taking back what an interrupted one left,
//! so that a run killed at any moment and repeated leaves what an undisturbed one would have left.
//! Small files share their commits: a group of them becomes durable together.
//!
//! Records are read, normalised and pseudonymised on the run's own thread, in their order. Row groups are
//! sorted, encoded and written on two threads beside it, one for the lake and one for the vault
//! (`worker.rs`); both are done before an import is looked at again, let alone committed.

mod derive;
mod feeds;
mod group;
mod lines;
mod lock;
mod overlap;
mod progress;
mod recover;
mod take;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::civil::Date;

pub use derive::DERIVED;
pub(crate) use lines::KEPT_DAYS as LINES_KEPT_DAYS;
pub use lock::{ConfigLock, WriterLock};
pub use progress::Progress;

use crate::erasure::ErasedPersons;
use crate::error::{Error, Kind, at};
use crate::formats::profile::ProfileSet;
use crate::inbox;
use crate::keys::PublicKey;
use crate::lake::Lake;
use crate::people::StateRoster;
use crate::pseudonymise::{Keyring, Pseudonymiser};
use crate::report::{IngestReport, Outcome};
use crate::retention::is_believable;
use crate::school::{AcademicYear, Config, SchoolConfig, SchoolRoot};
use crate::settings::Settings;
use crate::state::State;
use group::Group;

/// A school's ingest: what to take in, and how.
#[derive(Clone, Copy, Debug)]
pub struct Ingest<'i> {
    /// The installation's folder.
    pub dir: &'i Path,
    /// The school.
    pub school: &'i SchoolConfig,
    /// Keep files of the inbox after their commit even if `keep_sources_days` is 0.
    pub keep: bool,
}

/// What a run holds open.
struct Run<'r> {
    ingest: &'r Ingest<'r>,
    progress: &'r dyn Progress,
    root: &'r SchoolRoot,
    settings: &'r Settings,
    profiles: &'r ProfileSet,
    keyring: &'r Keyring,
    recipients: Vec<PublicKey>,
    pseudonymiser: Pseudonymiser<'r>,
    roster: StateRoster<'r>,
    state: State,
    lake: Lake,
    /// The single-threaded runtime that the Delta library needs.
    runtime: tokio::runtime::Runtime,
    /// Fingerprints (16 digits) of imports that exist, with the bytes of their content.
    imported: BTreeMap<String, u64>,
    closed_days: BTreeSet<Date>,
    closed_years: BTreeSet<AcademicYear>,
    erased: ErasedPersons,
    today: Date,
    /// Whether the clock is not far ahead of everything that is known.
    clock_believed: bool,
    group: Group,
    report: IngestReport,
}

impl Ingest<'_> {
    /// Takes in the files of `paths`, or of the inbox when there are none.
    ///
    /// Blocking, and never to be called from within an async task: it runs a runtime of its own.
    ///
    /// # Errors
    /// [`Kind::Retry`] when another process writes to the same school; else when settings, keys or
    /// folders cannot be used. A file that cannot be taken in is no error but an outcome.
    pub fn run(&self, paths: &[PathBuf], progress: &dyn Progress) -> Result<IngestReport, Error> {
        self.with(progress, |run| {
            run.recover()?;
            run.expect_feeds()?;
            run.take_all(paths)?;
            run.derive()?;
            run.expire_kept()
        })
    }

    /// Finishes what an interrupted run left and counts the days that changed; then `work` has the school,
    /// under the same lock.
    pub(crate) fn settled<T>(
        &self,
        progress: &dyn Progress,
        work: impl FnOnce(Settled<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut answer = None;
        self.with(progress, |run| {
            run.recover()?;
            run.derive()?;
            let Run { root, keyring, lake, runtime, state, today, recipients, .. } = run;
            answer = Some(work(Settled { root, keyring, lake, runtime, state, recipients, today: *today })?);
            Ok(())
        })?;
        answer.ok_or_else(|| Error::new(Kind::Bug, "a run that ended well did no work"))
    }

    /// Opens all that a run needs, lets `work` use it, and returns the report.
    fn with(
        &self,
        progress: &dyn Progress,
        work: impl FnOnce(&mut Run<'_>) -> Result<(), Error>,
    ) -> Result<IngestReport, Error> {
        let root = SchoolRoot::of(self.dir, self.school);
        let _lock = WriterLock::take(&root)?;
        let settings = Settings::load(&root, self.school)?;
        let profiles = ProfileSet::load(&root.settings())?;
        let keyring = Keyring::open(&self.school.pseudonym_key_dir, &self.school.id, self.dir)?;
        // Asked again under the lock: whoever waited for a sealing anew has the recipients of before.
        let newest = Config::load(self.dir).ok();
        let newest = newest.as_ref().and_then(|config| config.school(&self.school.id).ok());
        let recipients = newest.unwrap_or(self.school).public_keys()?;
        let state = State::open(&root)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::new(Kind::Environment, "no runtime can be started").because(error))?;
        let lake = runtime.block_on(Lake::open(&root))?;
        keyring.expect(state.years_known()?);
        let mut run = Run {
            ingest: self,
            progress,
            root: &root,
            settings: &settings,
            profiles: &profiles,
            keyring: &keyring,
            recipients,
            pseudonymiser: Pseudonymiser::new(&keyring),
            closed_years: closed_years(&state, &keyring)?,
            erased: ErasedPersons::new(state.erased_names()?),
            roster: StateRoster::new(&state, &keyring)?,
            closed_days: state.closed_days()?.into_iter().collect(),
            state,
            lake,
            runtime,
            imported: BTreeMap::new(),
            today: today(&self.school.zone)?,
            clock_believed: false,
            group: Group::default(),
            report: IngestReport::default(),
        };
        run.runtime.block_on(run.lake.create_tables())?;
        run.clock_believed = run.runtime.block_on(is_believable(&run.lake, &run.state, run.today))?;
        if run.clock_believed {
            run.state.note_day(run.today)?;
        }
        work(&mut run)?;
        Ok(run.report)
    }
}

/// A school whose imports are whole and whose derived rows are counted, held by one writer.
pub(crate) struct Settled<'r> {
    pub(crate) root: &'r SchoolRoot,
    pub(crate) keyring: &'r Keyring,
    pub(crate) lake: &'r Lake,
    pub(crate) runtime: &'r tokio::runtime::Runtime,
    pub(crate) state: &'r mut State,
    /// Those who can open the vault, as the configuration says under the lock.
    pub(crate) recipients: &'r [PublicKey],
    pub(crate) today: Date,
}

/// Years whose keys were destroyed, by the state file or by a note in the keys' folder. The keyring makes
/// no other in their place.
pub(crate) fn closed_years(state: &State, keyring: &Keyring) -> Result<BTreeSet<AcademicYear>, Error> {
    let mut years = keyring.destroyed()?;
    years.extend(state.closed_years()?);
    keyring.refuse(years.iter().copied());
    Ok(years)
}

impl Run<'_> {
    fn take_all(&mut self, paths: &[PathBuf]) -> Result<(), Error> {
        let settle = Duration::from_secs(u64::from(self.ingest.school.settle_seconds));
        let mut files = inbox::gather(self.root, paths, settle)?;
        let count = files.len();
        // Of two exports of the same incidents the one taken in last holds, so the older file comes first; of two copies of
        // a log that grew meanwhile, which may have one date, the shorter.
        files.sort_by_cached_key(|file| (file.written().ok(), file.stored_bytes()));
        for (index, file) in files.into_iter().enumerate() {
            // What is claimed and not taken in is found again by the next run.
            if self.progress.stopping() {
                break;
            }
            self.take(file, index + 1, count)?;
            if self.group.is_full() {
                self.commit_group()?;
            }
        }
        self.commit_group()?;
        self.report.files.sort_by_key(|file| file.argument);
        Ok(())
    }

    fn derive(&mut self) -> Result<(), Error> {
        let begun = Instant::now();
        let days = derive::dirty_days(&self.lake, &mut self.state, self.settings, self.progress);
        self.report.days_derived = self.runtime.block_on(days)?;
        self.report.timings.derive += begun.elapsed();
        Ok(())
    }

    /// Where a source goes after its commit; none deletes it.
    fn kept(&self) -> Option<PathBuf> {
        (self.ingest.keep || self.ingest.school.keep_sources_days > 0)
            .then(|| self.root.kept().join(self.today.to_string()))
    }

    /// Deletes kept sources whose days are over. With `--keep` alone they stay until retention's
    /// clock for detail.
    fn expire_kept(&self) -> Result<(), Error> {
        let days = self.ingest.school.keep_sources_days;
        let folder = self.root.kept();
        let Ok(entries) = fs::read_dir(&folder) else { return Ok(()) };
        if days == 0 || !self.clock_believed {
            return Ok(());
        }
        let days = self.ingest.school.retention.kept_days(days);
        let last = self.state.retention_runs()?.0.and_then(|last| last.others);
        if last.is_some_and(|(_, _, last)| crate::retention::is_shorter(days, last)) {
            // Fewer than retention kept them by: it asks first.
            return Ok(());
        }
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name();
            let Some(since) = name.to_str().and_then(|name| name.parse::<Date>().ok()) else { continue };
            let age = self.today.since(since).map_or(0, |span| span.get_days());
            if age > i32::from(days) {
                fs::remove_dir_all(entry.path()).map_err(|error| at(&folder, error))?;
            }
        }
        Ok(())
    }

    fn finished(&mut self, index: usize, outcome: Outcome) {
        if let Some(file) = self.report.files.get_mut(index) {
            file.outcome = outcome;
        }
    }
}

/// The local day of a zone by the clock.
pub(crate) fn today(zone: &str) -> Result<Date, Error> {
    let zone = jiff::tz::TimeZone::get(zone).map_err(|_| {
        Error::new(Kind::Configuration, "`zone` in watershed.toml names no time zone")
            .help("use an IANA name, for example `Europe/London`")
    })?;
    Ok(jiff::Timestamp::now().to_zoned(zone).date())
}

#[cfg(test)]
mod copy_tests;
#[cfg(test)]
pub(crate) mod tests;
