//! Sealed files of days that a hold on one person keeps past their clock: all rows but that person's go.
//!
//! Retention itself cannot do this, because the machine that seals cannot open: a recipient's key is needed.
//! Each file is sealed anew with what stays and takes the old one's place; a run that is killed has left every
//! file whole or thinned, and again goes on with the rest. What goes is noted in the deletion log before the
//! first file, and counted there after the last.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::clocks::Clocks;
use super::disk::Sealed;
use super::doubt;
use super::holding::Holding;
use super::imported::Imported;
use crate::correction::Overlay;
use crate::error::{Error, Kind};
use crate::keys::PrivateKey;
use crate::lake::Lake;
use crate::person::{Person, Whose};
use crate::pipeline::{Ingest, Progress};
use crate::pseudonymise::Keyring;
use crate::school::{AcademicYear, SchoolRoot};
use crate::state::{Hold, State};
use crate::vault::edit::{SealedRow, VaultEditor};
use crate::vault::{Content, VaultReader};

/// What the deletion log calls it.
const WHAT: &str = "R0 sealed rows of days held for one person";

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
}

/// Called with the name of each step when it is on the disk; a test stops there.
pub(super) type Step<'s> = &'s mut dyn FnMut(&'static str) -> Result<(), Error>;

impl std::fmt::Debug for Thinning<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Thinning(redacted)")
    }
}

/// A sealed file: folder and name below the vault.
#[derive(Clone, Debug)]
struct Held {
    folder: String,
    name: String,
    content: Content,
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
}

/// A hold on one person, and who that is.
struct Keeping {
    hold: Hold,
    person: Person,
}

impl Thinning<'_> {
    /// Says what would go, and changes nothing. `asked` hears of each held person first and can refuse.
    ///
    /// Blocking, and never to be called from within an async task.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the machine's clock cannot be believed or the key does not open the vault;
    /// else when lake, vault, state file or keys cannot be read.
    pub fn plan(&self, asked: &mut dyn FnMut(&Person) -> Result<(), Error>) -> Result<ThinReport, Error> {
        let school = self.ingest.school;
        let root = SchoolRoot::of(self.ingest.dir, school);
        let state = State::open(&root)?;
        let keyring = Keyring::open(&school.pseudonym_key_dir, &school.id, self.ingest.dir)?;
        let today = crate::pipeline::today(&school.zone)?;
        let runtime = super::run::runtime()?;
        let lake = runtime.block_on(Lake::open(&root))?;
        let files = runtime.block_on(files(&root, &lake, &state, &school.retention, today))?;
        let reader = VaultReader::open(&root.vault(), &school.id, self.key);
        let keeping = keeping(&reader, &state, &keyring)?;
        keeping.iter().try_for_each(|keeping| asked(&keeping.person))?;
        let editor = VaultEditor { reader, recipients: &[] };
        survey(&editor, &files, &keeping, &Overlay::load(&state)?)
    }

    /// Drops what no hold keeps. `record` is called first, under the writer's lock, for each held person with
    /// what goes, and can refuse by an error: nothing has changed then.
    ///
    /// Blocking, and never to be called from within an async task.
    ///
    /// # Errors
    /// As [`plan`](Self::plan); [`Kind::Retry`] when another process writes; else when the disk does not allow
    /// it: again goes on where it stopped.
    pub fn run(
        &self,
        record: &mut dyn FnMut(&Person, &ThinReport) -> Result<(), Error>,
        progress: &dyn Progress,
    ) -> Result<ThinReport, Error> {
        self.run_with(record, progress, &mut |_| Ok(()))
    }

    pub(super) fn run_with(
        &self,
        record: &mut dyn FnMut(&Person, &ThinReport) -> Result<(), Error>,
        progress: &dyn Progress,
        step: Step<'_>,
    ) -> Result<ThinReport, Error> {
        self.ingest.settled(progress, |school| {
            let clocks = &self.ingest.school.retention;
            let found = files(school.root, school.lake, school.state, clocks, school.today);
            let files = school.runtime.block_on(found)?;
            let reader = VaultReader::open(&school.root.vault(), &self.ingest.school.id, self.key);
            let keeping = keeping(&reader, school.state, school.keyring)?;
            let overlay = Overlay::load(school.state)?;
            let editor = VaultEditor { reader, recipients: school.recipients };
            // What the key does not open cannot be thinned: found out before anything is written down.
            let report = survey(&editor, &files, &keeping, &overlay)?;
            if report.files == 0 {
                return Ok(report);
            }
            keeping.iter().try_for_each(|keeping| record(&keeping.person, &report))?;
            let why = format!(
                "detail is kept {} days after the event; a hold keeps one person's",
                clocks.detail_days
            );
            if report.gone > 0 {
                let detail =
                    format!("begun: {} rows of others in {} sealed files go", report.gone, report.files);
                school.state.log_deletion(WHAT, &why, 0, &detail)?;
            }
            step("noted")?;
            let mut gone = 0;
            for file in &files {
                gone += editor.leave(&file.folder, &file.name, file.content, &mut |row| {
                    stays(&keeping, &overlay, &row) != Whose::Others
                })?;
                step("sealed anew")?;
                school.state.note_thinned(&file.place())?;
                step("file")?;
            }
            if report.gone > 0 {
                let detail = format!("{} rows of held persons stay", report.kept);
                school.state.log_deletion(WHAT, &why, gone, &detail)?;
            }
            Ok(report)
        })
    }
}

/// Files past their clock that only holds on one person keep, and that were not thinned yet.
async fn files(
    root: &SchoolRoot,
    lake: &Lake,
    state: &State,
    clocks: &Clocks,
    today: Date,
) -> Result<Vec<Held>, Error> {
    if !doubt::is_believable(lake, state, today).await? {
        return Err(doubt::refused(today));
    }
    let holding = Holding::new(state.holds()?);
    let imported = Imported::read(lake, today).await?;
    let first_kept = clocks.first_detail_day(today);
    let vault = root.vault();
    let sealed = Sealed::find(&vault, first_kept, &imported, &holding, &state.thinned_files()?)?;
    let held = |path: &PathBuf| {
        Held::of(&vault, path).ok_or_else(|| Error::new(Kind::Bug, "a sealed file has no place"))
    };
    sealed.whole.iter().map(held).collect()
}

fn keeping(reader: &VaultReader<'_>, state: &State, keyring: &Keyring) -> Result<Vec<Keeping>, Error> {
    let mut found = Vec::new();
    for hold in state.holds()?.into_iter().filter(Hold::is_active) {
        let Some(token) = hold.person else { continue };
        let person = Person::of_pseudonyms(reader, state, keyring, &BTreeSet::from([token]))?;
        found.push(Keeping { hold, person });
    }
    Ok(found)
}

/// Counts what would go.
fn survey(
    editor: &VaultEditor<'_>,
    files: &[Held],
    keeping: &[Keeping],
    overlay: &Overlay,
) -> Result<ThinReport, Error> {
    let mut report = ThinReport::default();
    for file in files {
        report.files += 1;
        editor.look(
            &file.folder,
            &file.name,
            file.content,
            &mut |row| match stays(keeping, overlay, &row) {
                Whose::Others => report.gone += 1,
                is => {
                    report.kept += 1;
                    report.unclear += u64::from(is == Whose::Unclear);
                }
            },
        )?;
    }
    Ok(report)
}

/// Whose a row is of the held persons'; others' go. What nobody can tell stays: it might be what the hold is for.
fn stays(keeping: &[Keeping], overlay: &Overlay, row: &SealedRow<'_>) -> Whose {
    let by_person = |person: &Person| -> Whose {
        let owns = |year, token: Option<i64>, written: Option<&str>| person.owns(year, token, written);
        let names = |text: Option<&str>| {
            if text.is_some_and(|text| person.mentions().in_text(text)) { Whose::Hers } else { Whose::Others }
        };
        match row {
            SealedRow::Request(row) => {
                let year = AcademicYear::of(row.local_date);
                let truly = row.actor.and_then(|actor| overlay.person(actor, row.local_date));
                let typed =
                    row.user_written.as_deref().map_or(Whose::Others, |text| person.meant_by(year, text));
                owns(year, row.actor, None).max(owns(year, truly, None)).max(typed)
            }
            SealedRow::Incident(row) => {
                let year = AcademicYear::of(row.local_date);
                owns(year, row.subject, row.subject_written.as_deref())
                    .max(names(row.linked_written.as_deref()))
                    .max(names(row.narrative.as_deref()))
            }
            SealedRow::Change(row) => {
                let year = AcademicYear::of(row.local_date);
                owns(year, row.requester, row.requester_written.as_deref()).max(owns(
                    year,
                    row.decided_by,
                    row.decided_by_written.as_deref(),
                ))
            }
            SealedRow::Check(row) => {
                owns(AcademicYear::of(row.local_date), row.tester, row.tester_written.as_deref())
            }
            SealedRow::Reject(row) if person.mentions().in_bytes(&row.raw) => Whose::Hers,
            SealedRow::Word(row)
                if person.mentions().in_text(&row.words)
                    || (row.token.is_none() && person.mentions().in_file_name(&row.words)) =>
            {
                Whose::Hers
            }
            SealedRow::Reject(_) | SealedRow::Word(_) => Whose::Others,
        }
    };
    let day = match row {
        SealedRow::Request(row) => Some(row.local_date),
        SealedRow::Incident(row) => Some(row.local_date),
        SealedRow::Change(row) => Some(row.local_date),
        SealedRow::Check(row) => Some(row.local_date),
        // These lie under the day of the import, and have no day of their own.
        SealedRow::Reject(_) | SealedRow::Word(_) => None,
    };
    let covers = |hold: &Hold| day.is_none_or(|day| hold.touches(day, day));
    let kept = keeping.iter().filter(|keeping| covers(&keeping.hold));
    kept.map(|keeping| by_person(&keeping.person)).max().unwrap_or(Whose::Others)
}
