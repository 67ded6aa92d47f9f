//! Sealed files of days that a hold on one person keeps past their clock: all rows but that person's go.
//!
//! Retention itself cannot do this, because the machine that seals cannot open: a recipient's key is needed.
//! It goes where retention has gone before: days that are closed, and what retention would have taken whole.
//! Each file is sealed anew with what stays and takes the old one's place; a run that is killed has left every
//! file whole or thinned, and again goes on with the rest. What goes is noted in the deletion log before the
//! first file, and counted there after the last; of a run that was killed, by the next one of either sort.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;

use super::disk::{Going, Sealed};
use super::doubt;
use super::holding::Holding;
use super::imported::Imported;
use super::plan::{Basis, Plan};
use super::report::Tier;
use super::whose::{Kept, Rows};
use crate::error::{Error, Kind};
use crate::keys::PrivateKey;
use crate::lake::Lake;
use crate::person::{Person, Whose};
use crate::pipeline::{Ingest, Progress};
use crate::pseudonymise::Keyring;
use crate::school::SchoolRoot;
use crate::state::{State, ThinningFile};
use crate::vault::edit::VaultEditor;
use crate::vault::{Content, VaultReader};

/// What the deletion log says of a run that was killed.
const AFTERWARDS: &str = "counted afterwards: the run was interrupted, and again goes on with what it left";

/// The thinning of one school's held days.
pub struct Thinning<'t> {
    /// The school.
    pub ingest: Ingest<'t>,
    /// A recipient's key.
    pub key: &'t PrivateKey,
}

/// What goes, or went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThinReport {
    /// Sealed files that were looked through: past their clock, and kept by holds on one person alone.
    pub files: u64,
    /// Rows of others, which go.
    pub gone: u64,
    /// Rows that a hold keeps.
    pub kept: u64,
    /// Of these, rows of which nobody can tell whether they are the held person's.
    pub unclear: u64,
    /// Sealed files past their clock that stay whole until retention has run: their day is not closed, or a run
    /// would not drop what was to be expected.
    pub waiting: u64,
}

/// Called with the name of each step when it is on the disk; a test stops there.
pub(super) type Step<'s> = &'s mut dyn FnMut(&'static str) -> Result<(), Error>;

impl ThinReport {
    fn add(&mut self, rows: Rows) {
        self.files += 1;
        self.gone += rows.gone;
        self.kept += rows.kept;
        self.unclear += rows.unclear;
    }
}

impl std::fmt::Debug for Thinning<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Thinning(redacted)")
    }
}

/// A sealed file: folder and name below the vault.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) folder: String,
    pub(super) name: String,
    pub(super) content: Content,
}

impl Held {
    fn of(vault: &Path, path: &Path) -> Option<Self> {
        let mut parts = path.strip_prefix(vault).ok()?.iter().map(|part| part.to_str().map(str::to_owned));
        let (folder, name) = (parts.next()??, parts.next()??);
        Some(Self { content: Content::of(&name)?, folder, name })
    }

    fn place(&self) -> String {
        format!("{}/{}", self.folder, self.name)
    }

    /// The day of the rows, where the file lies under it.
    fn day(&self) -> Option<Date> {
        let own_day = !matches!(self.content, Content::Rejects | Content::Words);
        self.folder.parse().ok().filter(|_| own_day)
    }
}

/// Files to thin, each with the first and the last day of what is in it, and how many must wait.
struct Found {
    files: Vec<(Held, (Date, Date))>,
    waiting: u64,
}

impl Thinning<'_> {
    /// Says what would go, and changes nothing. `asked` hears of each held person first and can refuse.
    ///
    /// Blocking, and never to be called from within an async task.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the machine's clock cannot be believed, the key does not open the vault or there
    /// is no folder of pseudonym keys, which a plan does not make;
    /// else when lake, vault, state file or keys cannot be read.
    pub fn plan(&self, asked: &mut dyn FnMut(&Person) -> Result<(), Error>) -> Result<ThinReport, Error> {
        let school = self.ingest.school;
        let root = SchoolRoot::of(self.ingest.dir, school);
        let state = State::open(&root)?;
        let keys = &school.pseudonym_key_dir;
        // Opening would make the folder.
        let keyring = match keys.is_dir() {
            true => Some(Keyring::open(keys, &school.id, self.ingest.dir)?),
            false => None,
        };
        let today = crate::pipeline::today(&school.zone)?;
        let runtime = super::run::runtime()?;
        let lake = runtime.block_on(Lake::open(&root))?;
        let basis = Basis {
            school,
            root: &root,
            keyring: keyring.as_ref(),
            lake: &lake,
            state: &state,
            today,
            locked: false,
        };
        let found = runtime.block_on(files(&basis))?;
        let Some(keyring) = &keyring else {
            let message = format!("{}: the folder of the pseudonym keys is not there", keys.display());
            return Err(Error::new(Kind::Configuration, message)
                .help("run this where the keys are: without them nobody can tell whose the rows are"));
        };
        let reader = VaultReader::open(&root.vault(), &school.id, self.key);
        let kept = Kept::read(&reader, &state, keyring)?;
        kept.persons().try_for_each(asked)?;
        let editor = VaultEditor { reader, recipients: &[] };
        Ok(survey(&editor, &found, &kept)?.0)
    }

    /// Drops what no hold keeps. First, under the writer's lock, `asked` hears of each held person and can refuse
    /// by an error; then `record` is called once for each held person whose hold touches a file, with what goes
    /// from these files, and can refuse too: no row has gone then.
    ///
    /// Blocking, and never to be called from within an async task.
    ///
    /// # Errors
    /// As [`plan`](Self::plan); [`Kind::Retry`] when another process writes; else when the disk does not allow
    /// it: again goes on where it stopped.
    pub fn run(
        &self,
        asked: &mut dyn FnMut(&Person) -> Result<(), Error>,
        record: &mut dyn FnMut(&Person, &ThinReport) -> Result<(), Error>,
        progress: &dyn Progress,
    ) -> Result<ThinReport, Error> {
        self.run_with(asked, record, progress, &mut |_| Ok(()))
    }

    pub(super) fn run_with(
        &self,
        asked: &mut dyn FnMut(&Person) -> Result<(), Error>,
        record: &mut dyn FnMut(&Person, &ThinReport) -> Result<(), Error>,
        progress: &dyn Progress,
        step: Step<'_>,
    ) -> Result<ThinReport, Error> {
        self.ingest.settled(progress, |school| {
            let basis = Basis {
                school: self.ingest.school,
                root: school.root,
                keyring: Some(school.keyring),
                lake: school.lake,
                state: school.state,
                today: school.today,
                locked: true,
            };
            let found = school.runtime.block_on(files(&basis))?;
            let vault = school.root.vault();
            let reader = VaultReader::open(&vault, &self.ingest.school.id, self.key);
            let kept = Kept::read(&reader, school.state, school.keyring)?;
            // All of them, before an entry is written for the first.
            kept.persons().try_for_each(asked)?;
            let editor = VaultEditor { reader, recipients: school.recipients };
            // What the key does not open cannot be thinned: found out before anything is written down.
            let (report, rows) = survey(&editor, &found, &kept)?;
            let detail_days = self.ingest.school.retention.detail_days;
            let why = why(detail_days);
            end_with_key(school.state, &vault, &editor, detail_days)?;
            if report.files == 0 {
                return Ok(report);
            }
            for (person, holds) in kept.by_person() {
                let is_hers =
                    |(first, last): (Date, Date)| holds.iter().any(|hold| hold.touches(first, last));
                let mut of_person = ThinReport::default();
                for ((_, days), rows) in found.files.iter().zip(&rows) {
                    if is_hers(*days) {
                        of_person.add(*rows);
                    }
                }
                if of_person.files > 0 {
                    record(person, &of_person)?;
                }
            }
            if report.gone > 0 {
                let going: Vec<(String, u64)> = (found.files.iter().zip(&rows))
                    .filter(|(_, rows)| rows.gone > 0)
                    .map(|((file, _), rows)| (file.place(), rows.all()))
                    .collect();
                let detail =
                    format!("begun: {} rows of others in {} sealed files go", report.gone, going.len());
                school.state.begin_thinning(&going, &why, &detail)?;
            }
            step("noted")?;
            let mut gone = 0;
            for (file, _) in &found.files {
                let went = editor.leave(&file.folder, &file.name, file.content, &mut |row| {
                    kept.whose(&row) != Whose::Others
                })?;
                step("sealed anew")?;
                school.state.note_thinned(&file.place(), went)?;
                gone += went;
                step("file")?;
            }
            if report.gone > 0 {
                let detail = format!("done: {} rows that a hold keeps stay", report.kept);
                school.state.end_thinning(gone, &why, &detail)?;
                step("logged")?;
            }
            Ok(report)
        })
    }
}

fn no_place() -> Error {
    Error::new(Kind::Bug, "a sealed file has no place")
}

/// Files past their clock that only holds on one person keep, and that were not thinned yet.
///
/// Under the brake of retention: what cannot be brought back goes only from days that it has closed. Of a day on
/// which it has nothing to close, and of what has no day, only while its own run would be what was to be expected.
async fn files(basis: &Basis<'_>) -> Result<Found, Error> {
    if !doubt::is_believable(basis.lake, basis.state, basis.today).await? {
        return Err(doubt::refused(basis.today));
    }
    let plan = Plan::make(basis).await?;
    let closed: BTreeSet<Date> = basis.state.closed_days()?.into_iter().collect();
    let going = |day: Date| {
        let of_day = (Tier::Detail, day.to_string());
        plan.lake.going.keys().any(|(tier, period, _)| (*tier, period) == (of_day.0, &of_day.1))
    };
    let has_rows_left = |day: Date| plan.begun.closed.contains(&day) || going(day);
    let may_go = |file: &Held| match file.day() {
        Some(day) if closed.contains(&day) => true,
        day => plan.report.unexpected.is_none() && !day.is_some_and(has_rows_left),
    };
    let holding = Holding::of(basis.state)?;
    let imported = Imported::read(basis.lake, basis.today).await?;
    let first_kept = basis.school.retention.first_detail_day(basis.today);
    let vault = basis.root.vault();
    let sealed = Sealed::find(&vault, first_kept, &imported, &holding, &basis.state.thinned_files()?)?;
    let mut found = Found { files: Vec::new(), waiting: 0 };
    for (path, days) in &sealed.whole {
        let held = Held::of(&vault, path).ok_or_else(no_place)?;
        match may_go(&held) {
            true => found.files.push((held, *days)),
            false => found.waiting += 1,
        }
    }
    Ok(found)
}

/// Counts what would go, in all and from each file.
fn survey(editor: &VaultEditor<'_>, found: &Found, kept: &Kept) -> Result<(ThinReport, Vec<Rows>), Error> {
    let mut report = ThinReport { waiting: found.waiting, ..ThinReport::default() };
    let mut all = Vec::with_capacity(found.files.len());
    for (file, _) in &found.files {
        let rows = kept.rows(editor, file)?;
        report.add(rows);
        all.push(rows);
    }
    Ok((report, all))
}

/// Says in the deletion log how many rows went by a thinning that was killed: what is left is counted with the key.
/// To be done before anything else takes rows from these files.
pub(crate) fn end_with_key(
    state: &mut State,
    vault: &Path,
    editor: &VaultEditor<'_>,
    detail_days: u16,
) -> Result<(), Error> {
    let counted = counted(state, vault, &mut |file| {
        let held = Held::of(vault, &vault.join(&file.place)).ok_or_else(no_place)?;
        let mut left = 0_u64;
        editor.look(&held.folder, &held.name, held.content, &mut |_| left += 1)?;
        Ok(Some(file.rows.saturating_sub(left)))
    })?;
    match counted {
        Some(gone) => state.end_thinning(gone, &why(detail_days), AFTERWARDS),
        None => Ok(()),
    }
}

/// The same without a key, where that can be said: of files that are noted as thinned, and of those of which
/// nothing is left. Of those that are about to go whole (`going`) nobody can tell any more, which is noted before
/// they do, or the next thinning would take all their rows for its own; for others the next thinning says it.
pub(super) fn end_without_key(
    state: &mut State,
    vault: &Path,
    detail_days: u16,
    going: &[Going],
) -> Result<(), Error> {
    let goes = |file: &ThinningFile| {
        let path = vault.join(&file.place);
        file.gone.is_none() && path.exists() && going.iter().any(|going| going.path == path)
    };
    let lost: Vec<String> = state.thinning()?.into_iter().filter(goes).map(|file| file.place).collect();
    let counted = counted(state, vault, &mut |file| Ok(lost.contains(&file.place).then_some(0)))?;
    let without = format!("without what had gone from {} files that now go whole", lost.len());
    match counted {
        Some(gone) if lost.is_empty() => state.end_thinning(gone, &why(detail_days), AFTERWARDS),
        Some(gone) => state.end_thinning(gone, &why(detail_days), &format!("{AFTERWARDS}; {without}")),
        None if lost.is_empty() => Ok(()),
        None => {
            let detail = format!("interrupted, and will be counted {without}");
            state.lose_thinning(&lost, &why(detail_days), &detail)
        }
    }
}

/// Rows that went by a thinning that was begun and has not ended; none where there is none, or where `of` cannot
/// tell it of a file.
fn counted(
    state: &State,
    vault: &Path,
    of: &mut dyn FnMut(&ThinningFile) -> Result<Option<u64>, Error>,
) -> Result<Option<u64>, Error> {
    let begun = state.thinning()?;
    if begun.is_empty() {
        return Ok(None);
    }
    let mut all = 0;
    for file in &begun {
        let gone = match file.gone {
            Some(gone) => Some(gone),
            // A file without rows is deleted.
            None if !vault.join(&file.place).exists() => Some(file.rows),
            None => of(file)?,
        };
        let Some(gone) = gone else { return Ok(None) };
        all += gone;
    }
    Ok(Some(all))
}

fn why(detail_days: u16) -> String {
    format!("detail is kept {detail_days} days after the event; a hold keeps one person's")
}
