//! Counts over records. Only `publish` asks, and what it hears leaves only as bands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int16Type, Int64Type, TimestampMicrosecondType};
use ingest::event::{Member, Role};
use ingest::lake::Lake;
use ingest::lake::columns::{date_of, epoch_days};
use ingest::schema::{
    ACTIVITY, ACTOR_DAYS, CHANGES, CHECKS, EPISODES, IMPORTS, INCIDENTS, STAFF_ACTIVITY, STAFF_INCIDENTS,
    TableSchema,
};
use ingest::school::{AcademicYear, SchoolId, SchoolRoot};
use jiff::civil::Date;

use super::categories::CategoryList;
use super::compose::{Counts, YearOnRoll};
use super::operational::{Operations, Share};
use super::policy::{LEAST_SEVERITY, NEVER_REPORTED};
use crate::embargo::{Embargoes, LiveMatters};
use crate::error::{Error, Kind};

/// What is to be counted.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    pub(super) academic_year: AcademicYear,
    pub(super) from: Date,
    pub(super) to: Date,
    pub(super) school_days: &'a [Date],
    pub(super) roll: &'a [YearOnRoll],
    pub(super) categories: &'a CategoryList,
    /// Codes of severity 0 and 1 that have a name for parents.
    pub(super) everyday: &'a BTreeMap<String, String>,
    /// The year's roster: account token to person. Days taken in before it came know accounts only.
    pub(super) roster: &'a BTreeMap<i64, Member>,
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
}

/// The school's lake.
#[derive(Debug)]
pub(super) struct LakeCounts {
    root: SchoolRoot,
}

impl LakeCounts {
    pub(super) fn new(dir: &Path, school: &SchoolId) -> Self {
        Self { root: SchoolRoot::new(dir, school) }
    }
}

impl PupilCounts for LakeCounts {
    async fn count(&self, asked: &Asked<'_>) -> Result<Counted, Error> {
        let lake = Lake::open(&self.root).await?;
        if asked.roster.is_empty() {
            refuse_overlapping_sources(&lake, asked).await?;
        }
        // Rule 4: whatever the DSL has marked live is in no set.
        let live = Embargoes::of(&self.root)?.in_days(&lake, asked.from, asked.to).await?;
        Ok(Counted {
            counts: pupils(&lake, asked, &live).await?,
            operations: operations(&lake, asked).await?,
        })
    }
}

/// Whom a row is about, where it is one person.
struct Person {
    token: i64,
    is_pupil: bool,
    is_staff: bool,
    year_group: Option<i16>,
}

impl Asked<'_> {
    /// The person of a row. A roster that came later joins the accounts of the days before.
    fn person(&self, row: &Row<'_>) -> Option<Person> {
        if row.text("actor_kind") != Some("person") {
            return None;
        }
        let actor = row.whole("actor")?;
        let member = self.roster.get(&actor);
        let role = member
            .map(|member| member.role)
            .filter(|role| *role != Role::Unknown)
            .or_else(|| row.text("role").and_then(Role::from_word))
            .unwrap_or_default();
        let by_roster = member.and_then(|member| member.year_group).map(i16::from);
        Some(Person {
            token: member.map_or(actor, |member| member.person),
            is_pupil: role == Role::Pupil,
            is_staff: role == Role::Staff,
            year_group: by_roster.or_else(|| row.small("year_group")),
        })
    }

    /// Whether a pupil of that year group stands in the tables (correction A): a year group that the
    /// roll does not have, or that shares its log-ins, does not, and neither does an unknown one.
    fn counts(&self, year_group: Option<i16>) -> bool {
        year_group.is_some_and(|year| match self.roll {
            [YearOnRoll { year_group: None, .. }] => true,
            years => years
                .iter()
                .any(|known| known.year_group.map(i16::from) == Some(year) && !known.shared_log_ins),
        })
    }

    fn shares_log_ins(&self, year_group: i16) -> bool {
        self.roll
            .iter()
            .any(|known| known.year_group.map(i16::from) == Some(year_group) && known.shared_log_ins)
    }
}

/// Distinct pupils with an episode of concern, by row and in any row.
async fn pupils(lake: &Lake, asked: &Asked<'_>, live: &LiveMatters) -> Result<Counts, Error> {
    let mut rows: Vec<BTreeSet<i64>> = vec![BTreeSet::new(); asked.categories.rows().len()];
    let columns = ["local_date", "actor", "actor_kind", "role", "year_group", "theme", "severity", "illegal"];
    each_row(lake, &EPISODES, asked, &columns, &mut |row| {
        if live.covers(row.whole("actor"), row.date(), row.text("theme")) {
            return;
        }
        let Some(person) = asked.person(row) else { return };
        let of_concern = row.small("severity").is_some_and(|severity| severity >= LEAST_SEVERITY);
        if person.is_pupil && of_concern && !row.yes("illegal") && asked.counts(person.year_group) {
            let theme = row.text("theme").and_then(|theme| asked.categories.row_of_theme(theme));
            if let Some(theme) = theme {
                rows[theme].insert(person.token);
            }
        }
    })
    .await?;
    let number = |persons: &BTreeSet<i64>| u32::try_from(persons.len()).unwrap_or(u32::MAX);
    let any = rows.iter().flatten().copied().collect();
    Ok(Counts { any: number(&any), rows: rows.iter().map(number).collect() })
}

/// What the logs look like as logs.
async fn operations(lake: &Lake, asked: &Asked<'_>) -> Result<Operations, Error> {
    let mut found = Operations {
        school_days: u32::try_from(asked.school_days.len()).unwrap_or(u32::MAX),
        ..Operations::default()
    };
    let mut days = BTreeSet::new();
    let mut stopped: BTreeMap<&str, i64> = BTreeMap::new();
    let columns = ["local_date", "actor_kind", "visibility", "code", "action", "records"];
    for (table, pupils) in [(&ACTIVITY, true), (&STAFF_ACTIVITY, false)] {
        each_row(lake, table, asked, &columns, &mut |row| {
            let (code, action) =
                (row.text("code").unwrap_or_default(), row.text("action").unwrap_or_default());
            let records = row.number("records");
            if NEVER_REPORTED.contains(&code) {
                return;
            }
            if action != "challenged" {
                found.requests += records;
            }
            if !pupils {
                return;
            }
            if records > 0 {
                days.extend(row.date());
            }
            let has_category = !["UNCAT", "UNMAPPED"].contains(&code);
            for (share, belongs) in [
                (&mut found.identified, row.text("actor_kind") == Some("person")),
                (&mut found.decrypted, row.text("visibility") == Some("page")),
                (&mut found.categorised, has_category),
            ] {
                share.whole += records;
                share.part += if belongs { records } else { 0 };
            }
            if action == "blocked"
                && let Some((code, _)) = asked.everyday.get_key_value(code)
            {
                *stopped.entry(code).or_default() += records as i64;
            }
        })
        .await?;
    }
    let present = asked.school_days.iter().filter(|day| days.contains(day)).count();
    found.missing_days = found.school_days - u32::try_from(present).unwrap_or(found.school_days);
    // Ties by code, so that the same records always give the same words.
    let mut order: Vec<(&str, i64)> = stopped.into_iter().filter(|(_, records)| *records > 0).collect();
    order.sort_by_key(|(code, records)| (-records, *code));
    found.commonest_stopped =
        order.iter().take(3).filter_map(|(code, _)| asked.everyday.get(*code).cloned()).collect();
    found.tied = tied(lake, asked).await?;
    Ok(found)
}

/// Acts tied to one pupil of a known year group, of all that a counted pupil may have done: not that of guests, nor of the year groups that share log-ins.
async fn tied(lake: &Lake, asked: &Asked<'_>) -> Result<Share, Error> {
    let mut share = Share::default();
    let some_share = asked.roll.iter().any(|year| year.shared_log_ins);
    let columns = ["local_date", "actor", "actor_kind", "role", "year_group", "primary_records"];
    each_row(lake, &ACTOR_DAYS, asked, &columns, &mut |row| {
        let person = asked.person(row);
        let year = person.as_ref().map_or_else(|| row.small("year_group"), |person| person.year_group);
        let of_sharers = match year {
            Some(year) => asked.shares_log_ins(year),
            // A shared account that says no year group belongs to those who share.
            None => some_share && row.text("actor_kind") == Some("shared"),
        };
        if of_sharers
            || row.text("role") == Some("guest")
            || person.as_ref().is_some_and(|person| person.is_staff)
        {
            return;
        }
        let records = row.number("primary_records");
        share.whole += records;
        if person.is_some_and(|person| person.is_pupil && person.year_group.is_some()) {
            share.part += records;
        }
    })
    .await?;
    Ok(share)
}

/// Two sources may know the same pupil by two accounts; without a roster nobody can tell.
async fn refuse_overlapping_sources(lake: &Lake, asked: &Asked<'_>) -> Result<(), Error> {
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
    if overlap(&spans) {
        return Err(Error::new(
            Kind::Configuration,
            format!("two sources of log-ins overlap in {} and no roster joins their accounts", asked.academic_year),
        )
        .help("take in the year's roster with `watershed people import FILE` and ingest the days again, so that one pupil is counted once"));
    }
    Ok(())
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

/// One row of a batch, read by column name.
struct Row<'b> {
    batch: &'b RecordBatch,
    at: usize,
}

impl<'b> Row<'b> {
    fn column(&self, name: &str) -> Option<&'b dyn Array> {
        self.batch.column_by_name(name).filter(|column| column.is_valid(self.at)).map(AsRef::as_ref)
    }

    fn text(&self, name: &str) -> Option<&'b str> {
        self.column(name)?.as_string_opt::<i32>().map(|values| values.value(self.at))
    }

    fn whole(&self, name: &str) -> Option<i64> {
        self.column(name)?.as_primitive_opt::<Int64Type>().map(|values| values.value(self.at))
    }

    /// A count of records; missing and negative are none.
    fn number(&self, name: &str) -> u64 {
        self.whole(name).and_then(|value| u64::try_from(value).ok()).unwrap_or(0)
    }

    fn small(&self, name: &str) -> Option<i16> {
        self.column(name)?.as_primitive_opt::<Int16Type>().map(|values| values.value(self.at))
    }

    fn yes(&self, name: &str) -> bool {
        self.column(name)
            .and_then(|column| column.as_boolean_opt())
            .is_some_and(|values| values.value(self.at))
    }

    fn epoch_day(&self) -> Option<i32> {
        self.column("local_date")?.as_primitive_opt::<Date32Type>().map(|values| values.value(self.at))
    }

    fn date(&self) -> Option<Date> {
        self.epoch_day().and_then(date_of)
    }

    fn moment(&self, name: &str) -> Option<Date> {
        const DAY_US: i64 = 86_400_000_000;
        let micros = self.column(name)?.as_primitive_opt::<TimestampMicrosecondType>()?.value(self.at);
        i32::try_from(micros.div_euclid(DAY_US)).ok().and_then(date_of)
    }
}

/// The rows of the period's local days.
async fn each_row(
    lake: &Lake,
    table: &'static TableSchema,
    asked: &Asked<'_>,
    columns: &[&str],
    take: &mut dyn FnMut(&Row<'_>),
) -> Result<(), Error> {
    let days = epoch_days(asked.from)..=epoch_days(asked.to);
    let year = asked.academic_year.to_string();
    read(lake, table, Some(&year), columns, &mut |row| {
        if row.epoch_day().is_some_and(|day| days.contains(&day)) {
            take(row);
        }
    })
    .await
}

async fn read(
    lake: &Lake,
    table: &'static TableSchema,
    partition: Option<&str>,
    columns: &[&str],
    take: &mut dyn FnMut(&Row<'_>),
) -> Result<(), Error> {
    let snapshot = lake.readable(table).await?;
    for file in snapshot.files.iter().filter(|file| partition.is_none_or(|wanted| file.partition == wanted)) {
        snapshot.read(file, Some(columns), &mut |batch| {
            for at in 0..batch.num_rows() {
                take(&Row { batch: &batch, at });
            }
            Ok(())
        })?;
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
