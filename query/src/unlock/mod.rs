//! The one way back to names: a recipient's private key, a reason, and an entry in the audit first.
//!
//! What comes out is [`Identified`], which no chart, page or release accepts.

mod apart;
mod cohorts;
mod correct;
mod corrected;
mod embargo;
mod episodes;
mod erase;
mod identified;
pub mod recipients;
mod sample;
mod subject;
mod thin;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ingest::correction::Overlay;
use ingest::keys::{PrivateKey, PublicKey};
use ingest::pseudonymise::{Keyring, written};
use ingest::school::{AcademicYear, Config, SchoolId, SchoolRoot};
use ingest::state::{PersonOfYear, State};
use ingest::vault::rows::{ChangeRow, CheckRow, IncidentRow, PersonRow, RequestRow};
use ingest::vault::{Selection, VaultReader};
use jiff::ToSpan;
use jiff::civil::Date;

pub use apart::set_apart;
pub use cohorts::{CohortLine, cohorts};
pub(crate) use correct::note as correction_note;
pub use correct::{
    Corrected, Undoing, WrongPerson, correct_code, correct_person, corrections, undo_correction,
};
use corrected::Correcting;
pub use embargo::{Marked, Matter, lift, mark};
pub use episodes::Episode;
pub use erase::{Erased, erase, finish_erasure};
pub use identified::Identified;
use ingest::person::{Person, Whose};
pub use sample::{Draw, ReviewLine, ReviewList, draw_sample, show_sample, verify_sample};
pub use subject::{SubjectAccess, subject_access};
pub use thin::{Thinned, thin_holds, years_of_pseudonym};
pub use wrong_incident::{WrongIncident, correct_incident};

use crate::audit::{Access, AccessAudit, What, checked_reason};
use crate::error::{Error, Kind};

/// Microseconds before and after an episode that are shown with it.
const AROUND_US: i64 = 60 * 60 * 1_000_000;

/// One person's rows, with names.
pub struct Timeline {
    /// The person's pseudonyms, one for each year and for accounts no roster had then.
    pub pseudonyms: std::collections::BTreeSet<i64>,
    /// Who it is by the rosters; empty when no roster has the person.
    pub people: Vec<PersonRow<'static>>,
    /// The person's episodes in the period, in order; none when everything was asked for.
    pub episodes: Vec<Episode>,
    /// The rows, in order of time.
    pub rows: Vec<RequestRow<'static>>,
    /// Incidents about the person in the period, in order of time.
    pub incidents: Vec<IncidentRow<'static>>,
    /// Incidents about somebody else that name the person beside them, and those under a name that somebody
    /// else has too, in order of time. Who else is named and what is told stay closed: `subject_written`, `linked_written` and `narrative` are empty.
    pub named_beside: Vec<IncidentRow<'static>>,
    /// Changes of the filter that the person asked for or decided on in the period, in order of time.
    pub changes: Vec<ChangeRow<'static>>,
    /// Tests of the filter that the person did in the period, in order of time.
    pub checks: Vec<CheckRow<'static>>,
    /// Numbers of the corrections by which records of the days became the person's, or were taken away.
    pub corrections: Vec<i64>,
    /// Head of the access audit with the entry of this opening.
    pub audit_head: String,
}

/// A word that no data file knows.
pub struct UnmappedWord {
    /// `category` or `group`.
    pub kind: String,
    /// The word.
    pub words: String,
    /// Records that had it.
    pub records: i64,
}

/// What is asked of the vault, by whom and why.
#[derive(Clone, Copy)]
struct Question<'a> {
    dir: &'a Path,
    school: &'a SchoolId,
    reason: &'a str,
    key: &'a PrivateKey,
}

/// A person's rows from an hour before each episode to an hour after it, and what else is sealed about the
/// person in the period: incidents, changes of the filter, tests. `who` is a pseudonym (16 hex digits), an
/// account, a name or a person key.
///
/// # Errors
/// [`Kind::Configuration`] when the reason is empty, the days are the wrong way round, or the vault is
/// sealed for other keys; else when vault, lake or audit cannot be read or written.
pub async fn unlock(
    dir: &Path,
    school: &SchoolId,
    who: &str,
    from: Date,
    to: Date,
    reason: &str,
    key: &PrivateKey,
) -> Result<Identified<Timeline>, Error> {
    let question = Question { dir, school, reason, key };
    let root = question.check(from, to)?;
    let person = question.person(&root, who)?;
    let mut episodes = Vec::new();
    for pseudonym in &person.pseudonyms {
        episodes.extend(episodes::of(&root, *pseudonym, from, to).await?);
    }
    episodes.sort_by_key(|episode| (episode.start_utc_us, episode.end_utc_us));
    let undecided = episodes::undecided_days(&State::open(&root)?, from, to)?;
    // An hour can lie beyond midnight.
    let day = 1.day();
    let rows = question.rows(
        &root,
        &person,
        from.checked_sub(day).unwrap_or(from),
        to.checked_add(day).unwrap_or(to),
    )?;
    let mut spans: Vec<(i64, i64)> =
        episodes.iter().map(|episode| (episode.start_utc_us, episode.end_utc_us)).collect();
    // Days that wait for their derived rows have no episodes yet: each event of interest is one.
    spans.extend(
        rows.iter()
            .filter(|row| undecided.contains(&row.local_date) && of_interest(row))
            .map(|row| (row.event_time_utc_us, row.event_time_utc_us)),
    );
    let shown = widened(spans);
    let rows: Vec<_> = rows.into_iter().filter(|row| within(&shown, row.event_time_utc_us)).collect();
    question.show(&root, What::Unlock, person, (from, to), episodes, rows)
}

/// All of a person's rows, as for a subject access request.
///
/// # Errors
/// As [`unlock`].
pub fn extract(
    dir: &Path,
    school: &SchoolId,
    who: &str,
    from: Date,
    to: Date,
    reason: &str,
    key: &PrivateKey,
) -> Result<Identified<Timeline>, Error> {
    let question = Question { dir, school, reason, key };
    let root = question.check(from, to)?;
    let person = question.person(&root, who)?;
    let rows = question.rows(&root, &person, from, to)?;
    question.show(&root, What::Extract, person, (from, to), Vec::new(), rows)
}

/// The words that no data file knows, commonest first.
///
/// # Errors
/// As [`unlock`].
pub fn unmapped(
    dir: &Path,
    school: &SchoolId,
    reason: &str,
    key: &PrivateKey,
) -> Result<Identified<Vec<UnmappedWord>>, Error> {
    let question = Question { dir, school, reason, key };
    let root = question.check(Date::MIN, Date::MAX)?;
    let always = Selection { from: Date::MIN, to: Date::MAX, actor: None, between_us: None };
    let mut counts: BTreeMap<(String, String), i64> = BTreeMap::new();
    VaultReader::open(&root.vault(), school, key).words(&always, &mut |row| {
        if row.token.is_some() {
            *counts.entry((row.kind.into_owned(), row.words.into_owned())).or_default() += row.records;
        }
        Ok(())
    })?;
    let mut words: Vec<_> =
        counts.into_iter().map(|((kind, words), records)| UnmappedWord { kind, words, records }).collect();
    words.sort_by(|left, right| right.records.cmp(&left.records).then_with(|| left.words.cmp(&right.words)));
    question.record(What::UnmappedWords, "all", words.len())?;
    Ok(Identified::opened(words))
}

impl Question<'_> {
    fn check(&self, from: Date, to: Date) -> Result<SchoolRoot, Error> {
        checked_reason(self.reason)?;
        if from > to {
            return Err(Error::new(Kind::Configuration, "the first day lies after the last")
                .help("give the earlier day as `--from`"));
        }
        // Whether the audit can be kept is found out before anything is opened.
        AccessAudit::open(self.dir, self.school)?;
        Ok(SchoolRoot::new(self.dir, self.school))
    }

    fn person(&self, root: &SchoolRoot, who: &str) -> Result<Person, Error> {
        let keyring = self.keyring()?;
        let reader = VaultReader::open(&root.vault(), self.school, self.key);
        let person = Person::find(&reader, &State::open(root)?, keyring.as_ref(), who)?;
        self.names_nobody(&person)?;
        Ok(person)
    }

    /// An error where the reason names the person.
    fn names_nobody(&self, person: &Person) -> Result<(), Error> {
        let numbered = person.pseudonyms.iter().any(|token| self.reason.contains(&written(*token)));
        if numbered || person.mentions().in_text(self.reason) {
            return Err(Error::new(Kind::Configuration, "the reason names the person")
                .help("give a case number: the audit is kept when the person is not"));
        }
        Ok(())
    }

    /// The school's pseudonym keys; none where there is no configuration that says where they are.
    fn keyring(&self) -> Result<Option<Keyring>, Error> {
        let Ok(config) = Config::load(self.dir) else { return Ok(None) };
        let school = config.school(self.school)?;
        Ok(Some(Keyring::open(&school.pseudonym_key_dir, self.school, self.dir)?))
    }

    fn rows(
        &self,
        root: &SchoolRoot,
        person: &Person,
        from: Date,
        to: Date,
    ) -> Result<Vec<RequestRow<'static>>, Error> {
        let reader = VaultReader::open(&root.vault(), self.school, self.key);
        Correcting::of(root, self.keyring()?)?.requests(&reader, person, from, to)
    }

    fn show(
        &self,
        root: &SchoolRoot,
        what: What,
        person: Person,
        (from, to): (Date, Date),
        episodes: Vec<Episode>,
        rows: Vec<RequestRow<'static>>,
    ) -> Result<Identified<Timeline>, Error> {
        let reader = VaultReader::open(&root.vault(), self.school, self.key);
        let days = Selection { from, to, actor: None, between_us: None };
        let whose = |token: Option<i64>, text: &Option<std::borrow::Cow<'_, str>>, day: Date| {
            person.owns(AcademicYear::of(day), token, text.as_deref())
        };
        let (mut incidents, mut named_beside) = (Vec::new(), Vec::new());
        let (mut changes, mut checks) = (Vec::new(), Vec::new());
        reader.incidents(&days, &mut |row| {
            let is = whose(row.subject, &row.subject_written, row.local_date);
            let beside = row.linked_written.as_deref().is_some_and(|text| person.mentions().in_text(text));
            if is == Whose::Hers {
                incidents.push(row);
            } else if is == Whose::Unclear || beside {
                let closed = (None, None, None);
                let mut row = IncidentRow { subject: None, ..row };
                (row.subject_written, row.linked_written, row.narrative) = closed;
                named_beside.push(row);
            }
            Ok(())
        })?;
        reader.changes(&days, &mut |row| {
            let asked = whose(row.requester, &row.requester_written, row.local_date) == Whose::Hers;
            let decided = whose(row.decided_by, &row.decided_by_written, row.local_date) == Whose::Hers;
            changes.extend((asked || decided).then_some(row));
            Ok(())
        })?;
        reader.checks(&days, &mut |row| {
            let hers = whose(row.tester, &row.tester_written, row.local_date) == Whose::Hers;
            checks.extend(hers.then_some(row));
            Ok(())
        })?;
        incidents.sort_by_key(|row| (row.event_time_utc_us, row.import_token, row.record_number));
        named_beside.sort_by_key(|row| (row.event_time_utc_us, row.import_token, row.record_number));
        changes.sort_by_key(|row| (row.event_time_utc_us, row.import_token, row.record_number));
        checks.sort_by_key(|row| (row.event_time_utc_us, row.import_token, row.record_number));
        let overlay = Overlay::load(&State::open(root)?)?;
        let touching = overlay.concerning(&person.pseudonyms);
        let touching = touching.filter(|known| known.from <= to && known.to >= from);
        let corrections = touching.map(|known| known.id).collect();
        let shown = rows.len() + incidents.len() + named_beside.len() + changes.len() + checks.len();
        let audit_head = self.record(what, &self.about(&person, from, to)?, shown)?;
        let Person { pseudonyms, people, .. } = person;
        Ok(Identified::opened(Timeline {
            pseudonyms,
            people,
            episodes,
            rows,
            incidents,
            named_beside,
            changes,
            checks,
            corrections,
            audit_head,
        }))
    }

    /// What the audit says of a person and a period. The person stands in it by a number that only a list
    /// beside the audit explains.
    fn about(&self, person: &Person, from: Date, to: Date) -> Result<String, Error> {
        let mut audit = AccessAudit::open(self.dir, self.school)?;
        let years: BTreeSet<PersonOfYear> = person
            .people
            .iter()
            .filter_map(|row| {
                Some(PersonOfYear { year: AcademicYear::parse(&row.academic_year)?, person: row.person })
            })
            .collect();
        let name = match person.pseudonyms.first() {
            _ if !years.is_empty() => audit.subject_of(&years)?,
            Some(pseudonym) => audit.subject(*pseudonym)?,
            None => String::new(),
        };
        Ok(format!("{name} from {from} to {to}"))
    }

    /// Writes the audit's entry; answers its hash, which is the new head.
    fn record(&self, what: What, target: &str, rows: usize) -> Result<String, Error> {
        let access = Access { who: &self.who(), what, reason: self.reason, target, rows: rows as u64 };
        Ok(AccessAudit::open(self.dir, self.school)?.record(&access)?.hash)
    }

    fn who(&self) -> String {
        name_of_key(self.dir, self.school, self.key)
    }
}

/// The recipient's role by the configuration, and the key's id: how the audit speaks of a key.
#[must_use]
fn name_of_key(dir: &Path, school: &SchoolId, key: &PrivateKey) -> String {
    let id = written(i64::from_be_bytes(key.id()));
    let listed = Config::load(dir).ok().and_then(|config| {
        let school = config.school(school).ok()?;
        school
            .recipients
            .iter()
            .find(|recipient| {
                PublicKey::parse(&recipient.public_key).is_ok_and(|public| public.id() == key.id())
            })
            .map(|recipient| recipient.name.clone())
    });
    match listed {
        Some(name) => format!("{name}, key {id}"),
        None => format!("key {id}"),
    }
}

/// What counts as an event of interest by a row alone.
fn of_interest(row: &RequestRow<'_>) -> bool {
    !row.record_noise && (row.action == "blocked" || row.severity >= 3)
}

/// Spans an hour wider on both sides, in order and joined where they meet.
fn widened(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (start, end) in spans {
        let (start, end) = (start - AROUND_US, end + AROUND_US);
        match joined.last_mut() {
            Some((_, last)) if start <= *last => *last = end.max(*last),
            _ => joined.push((start, end)),
        }
    }
    joined
}

fn within(spans: &[(i64, i64)], moment: i64) -> bool {
    let after = spans.partition_point(|(start, _)| *start <= moment);
    after.checked_sub(1).and_then(|index| spans.get(index)).is_some_and(|(_, end)| moment <= *end)
}

#[cfg(test)]
mod tests;
mod wrong_incident;
