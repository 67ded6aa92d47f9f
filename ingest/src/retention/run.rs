//! Doing it: every step can be killed, and the next run finishes.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;

use super::disk;
use super::doubt;
use super::plan::{Basis, Plan, is_of_files};
use super::report::RetainReport;
use super::tables;
use super::thin;
use super::visits;
use crate::error::{Error, Kind};
use crate::lake::Lake;
use crate::pipeline::{Ingest, Progress, Settled};
use crate::pseudonymise::Keyring;
use crate::schema::TABLES;
use crate::school::{AcademicYear, SchoolConfig, SchoolRoot};
use crate::state::{Begun, State};

/// The retention of one school.
#[derive(Clone, Copy, Debug)]
pub struct Retain<'r> {
    /// The installation's folder.
    pub dir: &'r Path,
    /// The school.
    pub school: &'r SchoolConfig,
    /// The local day that counts as today, as somebody says; by the clock and the school's zone if there is
    /// none, and then only if the clock is not far ahead of everything that is known.
    pub today: Option<Date>,
    /// How many days somebody says that the run closes; needed where that is not what was to be expected.
    pub days: Option<u64>,
}

/// Called with the name of each step when it is on the disk; a test stops there.
pub(super) type Step<'s> = &'s mut dyn FnMut(&'static str) -> Result<(), Error>;

impl Retain<'_> {
    /// Says what a run would drop, and changes nothing.
    ///
    /// Blocking, and never to be called from within an async task.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the clock cannot be believed; else when lake, vault, state file or keys
    /// cannot be read.
    pub fn plan(&self) -> Result<RetainReport, Error> {
        let root = SchoolRoot::of(self.dir, self.school);
        let state = State::open(&root)?;
        let keys = &self.school.pseudonym_key_dir;
        // Opening would make the folder.
        let keyring = match keys.is_dir() {
            true => Some(Keyring::open(keys, &self.school.id, self.dir)?),
            false => None,
        };
        let today = match self.today {
            Some(today) => today,
            None => crate::pipeline::today(&self.school.zone)?,
        };
        let runtime = runtime()?;
        let lake = runtime.block_on(Lake::open(&root))?;
        if self.today.is_none() && !runtime.block_on(doubt::is_believable(&lake, &state, today))? {
            return Err(doubt::refused(today));
        }
        let basis = Basis {
            school: self.school,
            root: &root,
            keyring: keyring.as_ref(),
            lake: &lake,
            state: &state,
            today,
            locked: false,
        };
        Ok(runtime.block_on(Plan::make(&basis))?.report)
    }

    /// Drops what the clocks and the holds say; first finishes what an interrupted run left.
    ///
    /// Blocking, and never to be called from within an async task.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the clock cannot be believed and nobody says what day it is, or when what
    /// would go is not what was to be expected and nobody says that it is right; [`Kind::Retry`] when another process writes to the same school, [`Kind::Environment`] when the disk
    /// does not allow it; again goes on where it stopped.
    pub fn run(&self, progress: &dyn Progress) -> Result<RetainReport, Error> {
        self.run_with(progress, &mut |_| Ok(()))
    }

    pub(super) fn run_with(&self, progress: &dyn Progress, step: Step<'_>) -> Result<RetainReport, Error> {
        let ingest = Ingest { dir: self.dir, school: self.school, keep: false };
        ingest.settled(progress, |settled| self.drop_all(settled, step))
    }

    fn drop_all(&self, settled: Settled<'_>, step: Step<'_>) -> Result<RetainReport, Error> {
        let Settled { root, keyring, lake, runtime, state, today, .. } = settled;
        let today = match self.today {
            None if !runtime.block_on(doubt::is_believable(lake, state, today))? => {
                return Err(doubt::refused(today));
            }
            Some(said) => {
                if said == today {
                    state.note_day(today)?;
                }
                said
            }
            None => today,
        };
        let basis =
            Basis { school: self.school, root, keyring: Some(keyring), lake, state, today, locked: true };
        let mut plan = runtime.block_on(Plan::make(&basis))?;
        let before = state.unfinished_retention()?;
        let detail_days = self.school.retention.detail_days;
        if plan.is_empty() && before == 0 {
            // Of this a thinning would drop what was not to be expected, and only `retain` can be told that it is.
            if plan.report.unexpected.is_some() {
                doubt::confirmed(&plan.report, self.days)?;
                state.begin_retention(&Begun { run: plan.begun.run, ..Begun::default() })?;
            }
            thin::end_without_key(state, &root.vault(), detail_days, &[])?;
            return Ok(plan.report);
        }
        if let Err(error) = doubt::confirmed(&plan.report, self.days) {
            if self.days.is_none() && !plan.files_doubted && drop_files(&plan, root, state, step)? {
                for table in TABLES.iter().filter(|table| plan.untidy.contains(table.name)) {
                    runtime.block_on(lake.vacuum(table))?;
                }
                finish_files(&plan, state, step)?;
            }
            return Err(error);
        }
        thin::end_without_key(state, &root.vault(), detail_days, &plan.sealed)?;
        runtime.block_on(visits::keep(lake, state, &plan.begun.closed))?;
        state.begin_retention(&plan.begun)?;
        step("noted")?;
        for table in &plan.lake.tables {
            runtime.block_on(tables::drop_from(lake, table, &mut plan.holding))?;
            step("rows")?;
        }
        disk::remove(plan.sealed.iter(), &root.vault())?;
        state.forget_thinned(&root.vault())?;
        step("sealed")?;
        for year in &plan.keys {
            keyring.destroy(*year)?;
            step("key")?;
        }
        remove_files(&plan, root)?;
        step("files")?;
        for table in TABLES {
            // After an interrupted run nobody knows which tables still have old bytes.
            let touched = plan.untidy.contains(table.name)
                || plan.lake.tables.iter().any(|plan| plan.table.name == table.name);
            if touched || before > 0 {
                runtime.block_on(lake.vacuum(table))?;
                step("history")?;
            }
        }
        state.drop_deletions_before(plan.ledger_before)?;
        state.drop_ledger_rows_before(plan.ledger_before, &self.school.retention.ledger_words())?;
        step("ledgers")?;
        let destroyed: BTreeSet<AcademicYear> = plan.keys.union(&keyring.destroyed()?).copied().collect();
        state.finish_retention(&plan.begun.work, &plan.held, &destroyed)?;
        step("logged")?;
        Ok(plan.report)
    }
}

/// Notes and removes what does not wait for somebody to look at what would go from lake and vault: sources that were
/// put away and refused files, in which names stand in clear. Whether there was anything; the work that a killed run
/// noted of lake and vault must not be taken for finished by this.
fn drop_files(plan: &Plan, root: &SchoolRoot, state: &mut State, step: Step<'_>) -> Result<bool, Error> {
    let files = plan.files_only();
    let unfinished = state.retention_work()?;
    if unfinished.iter().any(|work| !is_of_files(work)) || files.work.len() + unfinished.len() == 0 {
        return Ok(false);
    }
    state.begin_retention(&files)?;
    step("noted")?;
    remove_files(plan, root)?;
    step("files")?;
    Ok(true)
}

fn finish_files(plan: &Plan, state: &mut State, step: Step<'_>) -> Result<(), Error> {
    state.finish_retention(&plan.files_only().work, &BTreeSet::new(), &BTreeSet::new())?;
    step("logged")
}

fn remove_files(plan: &Plan, root: &SchoolRoot) -> Result<(), Error> {
    disk::remove(plan.kept.iter(), &root.kept())?;
    disk::remove(plan.refused.iter(), &root.refused())?;
    disk::remove(plan.half_sealed.iter(), &root.vault())
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(Kind::Environment, "no runtime can be started").because(error))
}
