//! Counts over records. Only `publish` asks, and what it hears leaves only as bands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ingest::event::{Member, Role};
use ingest::lake::Lake;
use ingest::schema::{CHANGES, CHECKS, EPISODES, IMPORTS, INCIDENTS, STAFF_INCIDENTS, TABLES};
use ingest::school::{AcademicYear, SchoolId, SchoolRoot};
use ingest::state::State;
use jiff::civil::Date;

use super::categories::CategoryList;
use super::compose::{Counts, LeafCounts, YearOnRoll};
use super::groups::GroupTree;
use super::operational::Operations;
use super::policy::LEAST_SEVERITY;
use crate::embargo::{Embargoes, LiveMatters};
use crate::error::{Error, Kind};
use crate::service::School;

mod decisions;
mod of_the_school;
mod operations;
mod rows;

use rows::{Row, each_row, read};

/// What is to be counted.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    pub(super) academic_year: AcademicYear,
    /// The day of sealing.
    pub(super) today: Date,
    pub(super) from: Date,
    pub(super) to: Date,
    pub(super) school_days: &'a [Date],
    pub(super) roll: &'a [YearOnRoll],
    pub(super) categories: &'a CategoryList,
    /// Codes of severity 0 and 1 that have a name for parents.
    pub(super) everyday: &'a BTreeMap<String, String>,
    /// The year's roster: account token to person. Days taken in before it came know accounts only.
    pub(super) roster: &'a BTreeMap<i64, Member>,
    /// Codes that are in no figure of the period, not in the one of requests either (rule 4).
    pub(super) never: &'a BTreeSet<String>,
    /// The persons of the roster, where only they are pupils: two sources of log-ins overlap, and who is in no
    /// roster may have an account in each.
    pub(super) roster_only: Option<BTreeSet<i64>>,
}

/// What was counted.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) counts: Counts,
    pub(super) operations: Operations,
}

/// Where counts come from; tests have others than the lake.
pub(super) trait PupilCounts {
    async fn count(&self, asked: &Asked<'_>) -> Result<Counted, Error>;

    /// Whether what the last count rests on is still so: a matter may be marked live while the gate is at work.
    async fn still_holds(&self) -> Result<bool, Error> {
        Ok(true)
    }
}

/// The school's lake, and the figures for staff that a set may have something of.
#[derive(Debug)]
pub(super) struct LakeCounts {
    root: SchoolRoot,
    /// None where a test has a lake and no installation around it.
    school: Option<School>,
    /// What the state file said when this was opened: before the order of the set was made from it.
    opened_on: Option<String>,
    /// What the last count rests on.
    counted_on: Mutex<Option<Basis>>,
}

/// What figures rest on: the lake's tables and what the state file says beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Basis {
    versions: Vec<Option<u64>>,
    state: Option<String>,
}

impl LakeCounts {
    pub(super) async fn open(dir: &Path, school: &SchoolId) -> Result<Self, Error> {
        let root = SchoolRoot::new(dir, school);
        let opened_on = if root.state().exists() { Some(State::open(&root)?.basis()?) } else { None };
        let school = Some(School::open(dir, school).await?);
        Ok(Self { school, opened_on, ..Self::of(root) })
    }

    fn of(root: SchoolRoot) -> Self {
        Self { root, school: None, opened_on: None, counted_on: Mutex::new(None) }
    }

    /// The basis as it is now; an error while files or days of the period are half worked off, because the lake's tables
    /// do not tell the same then.
    async fn basis(&self, lake: &Lake, (from, to): (Date, Date)) -> Result<Basis, Error> {
        let mut versions = Vec::new();
        for table in TABLES {
            versions.push(lake.readable(table).await?.version);
        }
        let mut basis = Basis { versions, state: None };
        if self.root.state().exists() {
            let state = State::open(&self.root)?;
            refuse_unfinished(&state, from, to)?;
            basis.state = Some(state.basis()?);
        }
        Ok(basis)
    }
}

impl PupilCounts for LakeCounts {
    async fn count(&self, asked: &Asked<'_>) -> Result<Counted, Error> {
        for _ in 0..TRIES {
            let lake = Lake::open(&self.root).await?;
            let before = self.basis(&lake, (asked.from, asked.to)).await?;
            if self.opened_on.is_some() && self.opened_on != before.state {
                return Err(changed());
            }
            let counted = Box::pin(self.count_once(&lake, asked)).await?;
            if self.basis(&lake, (asked.from, asked.to)).await? == before {
                *self.counted_on.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
                return Ok(counted);
            }
        }
        Err(changed())
    }

    async fn still_holds(&self) -> Result<bool, Error> {
        let counted_on = self.counted_on.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(Basis { state: Some(before), .. }) = counted_on else { return Ok(true) };
        Ok(State::open(&self.root)?.basis()? == before)
    }
}

/// An error where a set would not be of one state of things.
pub(super) fn changed() -> Error {
    Error::new(Kind::Retry, "records, marks or corrections came in while the set was counted")
        .help("publish again when no file is taken in: a set is sealed once, and all of its figures are of the same records")
}

/// Refuses while an import, or a day of the period, is not worked off.
pub(super) fn refuse_unfinished(state: &State, from: Date, to: Date) -> Result<(), Error> {
    let dirty = state.dirty_days()?.into_iter().filter(|day| (from..=to).contains(day)).count();
    if dirty == 0 && state.open_imports()?.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::Retry, "an import of this school is not finished")
        .help("run `watershed ingest` for the school, then publish: a set is sealed once and must be whole"))
}

/// How often a set is counted anew because records came in meanwhile.
const TRIES: u32 = 3;

impl LakeCounts {
    async fn count_once(&self, lake: &Lake, asked: &Asked<'_>) -> Result<Counted, Error> {
        let overlapping = sources_overlap(lake, asked).await?;
        if overlapping && asked.roster.is_empty() {
            return Err(Error::new(
                Kind::Configuration,
                format!(
                    "two sources of log-ins overlap in {} and no roster joins their accounts",
                    asked.academic_year
                ),
            )
            .help("take in the year's roster with `watershed people import FILE` and ingest the days again, so that one pupil is counted once"));
        }
        let persons = || asked.roster.values().map(|member| member.person).collect();
        let asked = &Asked { roster_only: overlapping.then(persons), ..asked.clone() };
        // Rule 4: whatever the DSL has marked live is in no set.
        let live = Embargoes::of(&self.root)?.in_days(lake, asked.from, asked.to).await?;
        let mut operations = operations::measured(lake, asked, &live).await?;
        if let Some(school) = &self.school {
            Box::pin(of_the_school::measured(school, asked, &mut operations)).await?;
        }
        let counts = pupils(lake, asked, &live).await?;
        Ok(Counted { counts, operations })
    }
}

/// Whom a row is about, where it is one person.
struct Person {
    token: i64,
    is_pupil: bool,
    is_staff: bool,
    year_group: Option<i16>,
}

/// What is known of an account.
struct Known {
    person: i64,
    role: Role,
    /// By the roster.
    year_group: Option<i16>,
}

impl Asked<'_> {
    /// The person of a row. A roster that came later joins the accounts of the days before.
    fn person(&self, row: &Row<'_>) -> Option<Person> {
        if row.text("actor_kind") != Some("person") {
            return None;
        }
        let known = self.known(row.whole("actor")?, row.text("role"))?;
        Some(Person {
            token: known.person,
            is_pupil: known.role == Role::Pupil,
            is_staff: known.role == Role::Staff,
            year_group: known.year_group.or_else(|| row.small("year_group")),
        })
    }

    /// Who an account is, by the roster first and by what its row says else.
    fn known(&self, account: i64, role: Option<&str>) -> Option<Known> {
        let member = self.roster.get(&account);
        // Days that were taken in after the roster know the person already.
        if member.is_none() && self.roster_only.as_ref().is_some_and(|persons| !persons.contains(&account)) {
            return None;
        }
        let role = member
            .map(|member| member.role)
            .filter(|role| *role != Role::Unknown)
            .or_else(|| role.and_then(Role::from_word))
            .unwrap_or_default();
        Some(Known {
            person: member.map_or(account, |member| member.person),
            role,
            year_group: member.and_then(|member| member.year_group).map(i16::from),
        })
    }

    fn shares_log_ins(&self, year_group: i16) -> bool {
        self.roll
            .iter()
            .any(|known| known.year_group.map(i16::from) == Some(year_group) && known.shared_log_ins)
    }
}

/// What was seen of one pupil.
struct Seen {
    day: Option<Date>,
    leaf: usize,
    rows: BTreeSet<usize>,
}

/// Distinct pupils with an episode of concern, by leaf, in each row and in any. A pupil who changed
/// the year group stands in the last one: in one leaf, whatever the logs say (correction A).
async fn pupils(lake: &Lake, asked: &Asked<'_>, live: &LiveMatters) -> Result<Counts, Error> {
    let tree = GroupTree::of_roll(asked.roll);
    let mut pupils: BTreeMap<i64, Seen> = BTreeMap::new();
    let columns = ["local_date", "actor", "actor_kind", "role", "year_group", "theme", "severity", "illegal"];
    each_row(lake, &EPISODES, asked, &columns, &mut |row| {
        if live.covers(row.whole("actor"), row.date(), row.text("theme")) {
            return;
        }
        let Some(person) = asked.person(row).filter(|person| person.is_pupil) else { return };
        let of_concern = row.small("severity").is_some_and(|severity| severity >= LEAST_SEVERITY);
        let theme = row.text("theme").and_then(|theme| asked.categories.row_of_theme(theme));
        if let (Some(leaf), Some(theme)) = (tree.leaf_of(person.year_group), theme)
            && of_concern
            && !row.yes("illegal")
        {
            let day = row.date();
            let pupil = pupils.entry(person.token).or_insert(Seen { day, leaf, rows: BTreeSet::new() });
            (pupil.day, pupil.leaf) = (pupil.day, pupil.leaf).max((day, leaf));
            pupil.rows.insert(theme);
        }
    })
    .await?;
    let empty = LeafCounts { rows: vec![0; asked.categories.rows().len()], any: 0 };
    let mut leaves = vec![empty; tree.leaf_groups().len()];
    for pupil in pupils.values() {
        let leaf = &mut leaves[pupil.leaf];
        leaf.any += 1;
        pupil.rows.iter().for_each(|row| leaf.rows[*row] += 1);
    }
    Ok(Counts { leaves })
}

/// Whether two sources of log-ins have days in common: they may know the same pupil by two accounts, and only
/// a roster can tell.
async fn sources_overlap(lake: &Lake, asked: &Asked<'_>) -> Result<bool, Error> {
    // Tickets and tests are no log-ins either.
    let mut kept = BTreeSet::new();
    for table in [&INCIDENTS, &STAFF_INCIDENTS, &CHANGES, &CHECKS] {
        read(lake, table, None, &["source_format"], &mut |row| {
            kept.extend(row.text("source_format").map(str::to_owned));
        })
        .await?;
    }
    let mut spans: BTreeMap<String, (Date, Date)> = BTreeMap::new();
    read(lake, &IMPORTS, None, &["source_format", "events", "first_utc", "last_utc"], &mut |row| {
        let Some((format, (first, last))) = log_ins(row, asked.from, asked.to) else { return };
        if kept.contains(format) {
            return;
        }
        let known = spans.entry(format.to_owned()).or_insert((first, last));
        *known = (known.0.min(first), known.1.max(last));
    })
    .await?;
    let spans: Vec<_> = spans.into_values().collect();
    Ok(overlap(&spans))
}

/// Source and days of an import that brought events into the period.
fn log_ins<'b>(row: &Row<'b>, from: Date, to: Date) -> Option<(&'b str, (Date, Date))> {
    let (first, last) = (row.moment("first_utc")?, row.moment("last_utc")?);
    let within = row.number("events") > 0 && last >= from && first <= to;
    row.text("source_format").filter(|_| within).map(|format| (format, (first, last)))
}

fn overlap(spans: &[(Date, Date)]) -> bool {
    spans.iter().enumerate().any(|(at, (first, last))| {
        spans[at + 1..].iter().any(|(other_first, other_last)| first <= other_last && other_first <= last)
    })
}

#[cfg(test)]
mod live_tests;
#[cfg(test)]
pub(super) mod tests;
