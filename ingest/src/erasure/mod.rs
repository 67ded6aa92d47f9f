//! The erasure of one person: from lake, vault, state file and files put away, so that no byte is left.
//!
//! Whose a row is, [`crate::person`] says: a pseudonym is one person's, what is written only where a row has
//! none and where it can be nobody else's. Rows of which nobody can tell stay and are counted, for somebody to
//! read.
//!
//! Order: keyed marks of the person's names, durable, so that from then on no import takes a record of
//! theirs in; the lake's tables, whose rows are found by pseudonym and by what the vault says of rows
//! without one; derived rows of the days touched; vacuum; the vault's rows; files put away; last the roster
//! and, in one transaction, the roster's tokens, the pseudonyms that were kept for a run that is killed, and
//! the entry of the deletion log. Every step can be done again; a run that is killed is finished by the same
//! command, or by [`Erasure::run`] with the person whose pseudonyms the state file kept.
//!
//! Requests go that were recorded as the person's, and those that are corrected to be: both have something of
//! the person. What was recorded as the person's goes even where a correction makes it somebody else's,
//! because it has the account's name; whoever erases is told (`watershed correct list`).
//!
//! What stays: sealed sets, which count and name nobody; keyed hashes of whole lines and rows, of which
//! nobody can tell whose they were; the access audit's entries, whose link to the person goes; and what
//! other people's records say of the person in free text, which is counted for somebody to read.

mod marks;
mod records;
mod sources;

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};
use jiff::civil::Date;

pub(crate) use marks::ErasedPersons;
pub use sources::{MayHold, survey};

use crate::correction::Overlay;
use crate::error::{Error, Kind};
use crate::keys::PrivateKey;
use crate::lake::Lake;
use crate::lake::columns::date_of;
use crate::person::{Person, Whose};
use crate::pipeline::{Ingest, Progress};
use crate::schema::{REQUESTS, STAFF_REQUESTS, TABLES, TableSchema};
use crate::school::AcademicYear;
use crate::state::State;
use crate::vault::edit::{Edited, VaultEditor};
use crate::vault::{Selection, VaultReader};

/// Whom to erase, and with which key the vault opens.
pub struct Erasure<'e> {
    /// The school.
    pub ingest: Ingest<'e>,
    /// A recipient's key.
    pub key: &'e PrivateKey,
    /// Whom.
    pub person: &'e Person,
}

/// What was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasureReport {
    /// Rows of the lake's tables, derived ones included.
    pub lake_rows: u64,
    /// Rows of the vault that went, or from which the name was taken.
    pub vault_rows: u64,
    /// Files put away after their import, or refused, that went because they hold the person, or because
    /// they are packed and cannot be searched.
    pub files: u64,
    /// Free texts of other people's incidents, changes and tests that name the person: they stay, and
    /// somebody has to read them.
    pub mentions: u64,
    /// Rows of which nobody can tell whether they are the person's: an account or a name that somebody else
    /// has too, or an account under somebody else's pseudonym. They stay, and somebody has to look at them.
    pub unclear: u64,
}

/// Steps, in order; told to `done` of [`Erasure::run`].
pub const STEPS: [&str; 6] = ["marks", "lake", "derived", "vault", "files", "roster"];

/// A row of an import: first 64 bits of the fingerprint, ordinal in the file.
type Place = (i64, i64);

#[derive(Default)]
struct Places {
    incidents: BTreeSet<Place>,
    changes: BTreeSet<Place>,
    checks: BTreeSet<Place>,
}

impl std::fmt::Debug for Erasure<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Erasure(redacted)")
    }
}

impl Erasure<'_> {
    /// Erases. `record` is called first, under the writer's lock, and can refuse by an error: nothing has
    /// changed then. `why` stands in the deletion log and must name nobody; an erasure of the same person
    /// that was interrupted goes on under its own reason. `done` hears of each step that is on the disk, and
    /// can stop the run by an error.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when `why` names the person, somebody else's erasure was interrupted, or the
    /// key does not open the vault; [`Kind::Retry`] when another process writes; else when disk or state
    /// fail. What was done stays done.
    pub fn run(
        &self,
        why: &str,
        record: &mut dyn FnMut(&State) -> Result<(), Error>,
        progress: &dyn Progress,
        done: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<ErasureReport, Error> {
        if self.person.mentions().in_text(why) {
            return Err(Error::new(Kind::Configuration, "the reason names the person")
                .help("give a case number: the deletion log is kept when the person is not"));
        }
        let mut report = ErasureReport::default();
        let mut tokens = self.person.pseudonyms.clone();
        self.ingest.settled(progress, |school| {
            let interrupted = school.state.erasing()?;
            if !interrupted.is_empty() && interrupted.is_disjoint(&tokens) {
                return Err(Error::new(Kind::Configuration, "another person's erasure was interrupted")
                    .help("finish it first with `watershed erase --finish`"));
            }
            tokens.extend(interrupted);
            let reader = VaultReader::open(&school.root.vault(), &self.ingest.school.id, self.key);
            // What the key does not open cannot be erased: found out before anything is written down.
            let places = self.places(&reader, &tokens)?;
            record(school.state)?;
            let marks = marks::of(school.keyring, school.today, self.person)?;
            school.state.begin_erasure(&marks, school.today, &tokens, why)?;
            done("marks")?;
            let overlay = Overlay::load(school.state)?;
            for table in TABLES {
                let drop = drop_from(school.lake, table, &tokens, &overlay, &places, school.state);
                report.lake_rows += school.runtime.block_on(drop)?;
            }
            done("lake")
        })?;
        // Taking the lock again computes the derived rows of the days that were touched.
        self.ingest.settled(progress, |school| {
            for table in TABLES {
                school.runtime.block_on(school.lake.vacuum(table))?;
            }
            done("derived")?;
            let reader = VaultReader::open(&school.root.vault(), &self.ingest.school.id, self.key);
            let editor = VaultEditor { reader, recipients: school.recipients };
            // What a thinning that was killed had dropped is counted before rows go from the same files.
            let detail_days = self.ingest.school.retention.detail_days;
            crate::retention::end_thinning_with_key(school.state, &school.root.vault(), &editor, detail_days)?;
            self.edit(&editor, &tokens, school.state, &mut report)?;
            done("vault")?;
            report.files = sources::delete(school.root, self.person.mentions())?;
            done("files")?;
            report.vault_rows += editor.people(&mut |row| {
                if tokens.contains(&row.person) { Edited::Gone } else { Edited::Same(row) }
            })?;
            done("roster")?;
            let rows = report.lake_rows + report.vault_rows;
            let detail = format!(
                "lake {} rows, vault {} rows, {} files put away; {} texts of others and {} rows that may be somebody else's to be read",
                report.lake_rows, report.vault_rows, report.files, report.mentions, report.unclear
            );
            school.state.end_erasure(rows, &detail)
        })?;
        Ok(report)
    }

    /// Whose a row of a day is.
    fn whose(&self, tokens: &BTreeSet<i64>, token: Option<i64>, written: Option<&str>, day: Date) -> Whose {
        if token.is_some_and(|token| tokens.contains(&token)) {
            return Whose::Hers;
        }
        self.person.owns(AcademicYear::of(day), token, written)
    }

    /// Rows that are the person's by the vault alone: the lake's have no pseudonym of them.
    fn places(&self, reader: &VaultReader<'_>, tokens: &BTreeSet<i64>) -> Result<Places, Error> {
        let always = Selection { from: Date::MIN, to: Date::MAX, actor: None, between_us: None };
        let hers = |token: Option<i64>, written: Option<&str>, day: Date| {
            self.whose(tokens, token, written, day) == Whose::Hers
        };
        let mut places = Places::default();
        reader.incidents(&always, &mut |row| {
            if hers(row.subject, row.subject_written.as_deref(), row.local_date) {
                places.incidents.insert((row.import_token, row.record_number));
            }
            Ok(())
        })?;
        reader.changes(&always, &mut |row| {
            if hers(row.requester, row.requester_written.as_deref(), row.local_date) {
                places.changes.insert((row.import_token, row.record_number));
            }
            Ok(())
        })?;
        reader.checks(&always, &mut |row| {
            if hers(row.tester, row.tester_written.as_deref(), row.local_date) {
                places.checks.insert((row.import_token, row.record_number));
            }
            Ok(())
        })?;
        Ok(places)
    }

    fn edit(
        &self,
        editor: &VaultEditor<'_>,
        tokens: &BTreeSet<i64>,
        state: &mut State,
        report: &mut ErasureReport,
    ) -> Result<(), Error> {
        let overlay = Overlay::load(state)?;
        let mut reading =
            Reading { person: self.person, mentions: BTreeSet::new(), unclear: BTreeSet::new() };
        let whose =
            |token: Option<i64>, written: Option<&str>, day: Date| self.whose(tokens, token, written, day);
        let corrected = |token: Option<i64>, day| {
            let person = token.and_then(|token| overlay.person(token, day));
            person.is_some_and(|person| tokens.contains(&person))
        };
        report.vault_rows += editor.requests(&mut |mut row| {
            let place = (row.import_token, row.record_number);
            if whose(row.actor, None, row.local_date) == Whose::Hers || corrected(row.actor, row.local_date) {
                return Edited::Gone;
            }
            let year = AcademicYear::of(row.local_date);
            let written =
                row.user_written.as_deref().map_or(Whose::Others, |text| self.person.meant_by(year, text));
            let is_anothers = ["person", "shared", "machine"].contains(&row.actor_kind.as_ref());
            if written == Whose::Hers && !is_anothers {
                // Typed where nobody was signed in: the machine's record, without what was typed.
                row.user_written = None;
                return Edited::Changed(row);
            }
            if written != Whose::Others || whose(row.actor, None, row.local_date) == Whose::Unclear {
                reading.unclear.insert(place);
            }
            Edited::Same(row)
        })?;
        report.vault_rows += editor.incidents(&mut |mut row| {
            let place = (row.import_token, row.record_number);
            match whose(row.subject, row.subject_written.as_deref(), row.local_date) {
                Whose::Hers => return Edited::Gone,
                is => reading.doubt(is, place),
            }
            reading.texts([&row.narrative], place);
            let Some(list) = row.linked_written.as_deref() else { return Edited::Same(row) };
            let left = self.person.taken_out_of(AcademicYear::of(row.local_date), list);
            let same = left.as_deref() == Some(list);
            row.linked_written = left.map(Into::into);
            reading.texts([&row.linked_written], place);
            if same { Edited::Same(row) } else { Edited::Changed(row) }
        })?;
        report.vault_rows += editor.changes(&mut |mut row| {
            let place = (row.import_token, row.record_number);
            match whose(row.requester, row.requester_written.as_deref(), row.local_date) {
                Whose::Hers => return Edited::Gone,
                is => reading.doubt(is, place),
            }
            reading.texts([&row.title, &row.reason, &row.risk_note, &row.narrative], place);
            match whose(row.decided_by, row.decided_by_written.as_deref(), row.local_date) {
                Whose::Hers => {
                    (row.decided_by, row.decided_by_written, row.decided_by_role_words) = (None, None, None);
                    Edited::Changed(row)
                }
                is => {
                    reading.doubt(is, place);
                    Edited::Same(row)
                }
            }
        })?;
        report.vault_rows += editor.checks(&mut |row| {
            let place = (row.import_token, row.record_number);
            match whose(row.tester, row.tester_written.as_deref(), row.local_date) {
                Whose::Hers => return Edited::Gone,
                is => reading.doubt(is, place),
            }
            reading.texts([&row.narrative], place);
            Edited::Same(row)
        })?;
        report.vault_rows += editor.rejects(&mut |row| {
            if self.person.surely().in_bytes(&row.raw) {
                return Edited::Gone;
            }
            if self.person.mentions().in_bytes(&row.raw) {
                reading.unclear.insert((row.import_token, row.record_number));
            }
            Edited::Same(row)
        })?;
        let mut words = BTreeSet::new();
        report.vault_rows += editor.words(&mut |row| {
            let surely = self.person.surely();
            let is_file = row.token.is_none();
            if surely.in_text(&row.words) || (is_file && surely.in_file_name(&row.words)) {
                words.extend(row.token);
                Edited::Gone
            } else {
                Edited::Same(row)
            }
        })?;
        report.mentions = reading.mentions.len() as u64;
        report.unclear = reading.unclear.len() as u64;
        state.forget_words(&words)
    }
}

/// What somebody has to read.
struct Reading<'p> {
    person: &'p Person,
    mentions: BTreeSet<Place>,
    unclear: BTreeSet<Place>,
}

impl Reading<'_> {
    fn doubt(&mut self, whose: Whose, place: Place) {
        if whose == Whose::Unclear {
            self.unclear.insert(place);
        }
    }

    fn texts<const N: usize>(&mut self, texts: [&Option<std::borrow::Cow<'_, str>>; N], place: Place) {
        if texts.into_iter().flatten().any(|text| self.person.mentions().in_text(text)) {
            self.mentions.insert(place);
        }
    }
}

/// Drops a person's rows from a table; days of requests are marked for their derived rows first.
async fn drop_from(
    lake: &Lake,
    table: &'static TableSchema,
    tokens: &BTreeSet<i64>,
    overlay: &Overlay,
    places: &Places,
    state: &mut State,
) -> Result<u64, Error> {
    let has = |name: &str| table.columns.iter().any(|column| column.name == name);
    let who = ["actor", "subject", "linked"].into_iter().find(|name| has(name));
    let nobody = BTreeSet::new();
    let placed = match table.name {
        "incidents" | "staff_incidents" | "incident_links" | "staff_incident_links" => &places.incidents,
        "changes" => &places.changes,
        "checks" => &places.checks,
        _ => &nobody,
    };
    if who.is_none() && placed.is_empty() {
        return Ok(0);
    }
    let is_detail = table.name == REQUESTS.name || table.name == STAFF_REQUESTS.name;
    let columns: Vec<&str> = [who, Some("local_date"), Some("import_token"), Some("record_number")]
        .into_iter()
        .flatten()
        .filter(|name| has(name))
        .collect();
    let recorded = if is_detail { overlay.recorded_as(tokens) } else { tokens.clone() };
    let hers = |token: i64, day: Option<i32>| {
        let day = day.and_then(date_of).filter(|_| is_detail);
        let person = day.and_then(|day| overlay.person(token, day));
        tokens.contains(&token) || person.is_some_and(|person| tokens.contains(&person))
    };
    let may_hold = |file: &crate::lake::DataFile| {
        !placed.is_empty()
            || who
                .and_then(|name| file.ranges.get(name))
                .is_none_or(|(least, greatest)| recorded.range(*least..=*greatest).next().is_some())
    };
    let mut marked = BTreeSet::new();
    let dropped = lake
        .drop_rows(table, &columns, &may_hold, &mut |batch| {
            let leaving = leaving(batch, who, &hers, placed).ok_or_else(|| {
                Error::new(Kind::Corrupt, format!("table `{}` has other columns", table.name))
            })?;
            if is_detail {
                let days =
                    batch.column_by_name("local_date").and_then(|days| days.as_primitive_opt::<Date32Type>());
                let days = days.into_iter().flat_map(|days| days.values().iter());
                let touched: BTreeSet<_> = days
                    .zip(leaving.values().iter())
                    .filter_map(|(day, leaves)| leaves.then(|| date_of(*day)).flatten())
                    .filter(|day| marked.insert(*day))
                    .collect();
                if !touched.is_empty() {
                    state.mark_dirty(touched)?;
                }
            }
            Ok(leaving)
        })
        .await?;
    Ok(dropped.rows)
}

fn leaving(
    batch: &RecordBatch,
    who: Option<&str>,
    hers: &dyn Fn(i64, Option<i32>) -> bool,
    placed: &BTreeSet<Place>,
) -> Option<BooleanArray> {
    let number = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
    let persons = match who {
        Some(name) => Some(number(name)?),
        None => None,
    };
    let places =
        if placed.is_empty() { None } else { Some((number("import_token")?, number("record_number")?)) };
    let days = batch.column_by_name("local_date").and_then(|days| days.as_primitive_opt::<Date32Type>());
    let leaves = |row: usize| {
        let day = days.map(|days| days.value(row));
        persons.is_some_and(|persons| !persons.is_null(row) && hers(persons.value(row), day))
            || places
                .is_some_and(|(imports, records)| placed.contains(&(imports.value(row), records.value(row))))
    };
    Some((0..batch.num_rows()).map(|row| Some(leaves(row))).collect())
}
