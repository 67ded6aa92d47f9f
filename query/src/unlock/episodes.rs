//! A person's episodes, from the lake.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int16Type, Int64Type, TimestampMicrosecondType};
use ingest::lake::Lake;
use ingest::schema::{EPISODES, STAFF_EPISODES, TableSchema};
use ingest::school::SchoolRoot;
use ingest::state::State;
use jiff::civil::{Date, date};

use crate::error::{Error, Kind};

const COLUMNS: [&str; 8] =
    ["local_date", "actor", "start_utc", "end_utc", "theme", "severity", "outcome", "illegal"];

/// One episode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// First event of interest; microseconds since the epoch, UTC.
    pub start_utc_us: i64,
    /// Last event of interest; microseconds since the epoch, UTC.
    pub end_utc_us: i64,
    /// Theme; none for blocked records of no theme.
    pub theme: Option<String>,
    /// 0-5.
    pub severity: i16,
    /// `blocked`, `allowed`, `mixed`.
    pub outcome: String,
    /// On an illegal-content list.
    pub illegal: bool,
}

/// The person's episodes on the days, in order.
pub(super) async fn of(
    root: &SchoolRoot,
    pseudonym: i64,
    from: Date,
    to: Date,
) -> Result<Vec<Episode>, Error> {
    let found = read(root, &[&EPISODES, &STAFF_EPISODES], Some(pseudonym), from, to).await?;
    let mut episodes: Vec<Episode> = found.into_iter().map(|(_, episode)| episode).collect();
    episodes.sort_by_key(|episode| (episode.start_utc_us, episode.end_utc_us));
    Ok(episodes)
}

/// Everybody's episodes but those of staff, with whose they are, on the days.
pub(super) async fn of_pupils(root: &SchoolRoot, from: Date, to: Date) -> Result<Vec<(i64, Episode)>, Error> {
    read(root, &[&EPISODES], None, from, to).await
}

async fn read(
    root: &SchoolRoot,
    tables: &[&'static TableSchema],
    actor: Option<i64>,
    from: Date,
    to: Date,
) -> Result<Vec<(i64, Episode)>, Error> {
    let lake = Lake::open(root).await?;
    let days = (epoch_days(from), epoch_days(to));
    let mut episodes = Vec::new();
    for table in tables.iter().copied() {
        let snapshot = lake.snapshot(table).await?;
        for file in &snapshot.files {
            let outside = |column: &str, least: i64, greatest: i64| {
                file.ranges.get(column).is_some_and(|(first, last)| *last < least || *first > greatest)
            };
            if outside("local_date", days.0.into(), days.1.into())
                || actor.is_some_and(|actor| outside("actor", actor, actor))
            {
                continue;
            }
            let mut failed = false;
            snapshot.read(file, Some(&COLUMNS), &mut |batch| {
                failed |= collect(&batch, actor, days, &mut episodes).is_none();
                Ok(())
            })?;
            if failed {
                return Err(Error::new(Kind::Corrupt, format!("table `{}` has other columns", table.name))
                    .help("recompute the derived tables"));
            }
        }
    }
    Ok(episodes)
}

fn collect(
    batch: &RecordBatch,
    wanted: Option<i64>,
    days: (i32, i32),
    episodes: &mut Vec<(i64, Episode)>,
) -> Option<()> {
    let column = |name: &str| batch.column_by_name(name);
    let local_date = column("local_date")?.as_primitive_opt::<Date32Type>()?;
    let actor = column("actor")?.as_primitive_opt::<Int64Type>()?;
    let start = column("start_utc")?.as_primitive_opt::<TimestampMicrosecondType>()?;
    let end = column("end_utc")?.as_primitive_opt::<TimestampMicrosecondType>()?;
    let theme = column("theme")?.as_string_opt::<i32>()?;
    let severity = column("severity")?.as_primitive_opt::<Int16Type>()?;
    let outcome = column("outcome")?.as_string_opt::<i32>()?;
    let illegal = column("illegal")?.as_boolean_opt()?;
    for row in 0..batch.num_rows() {
        let hers = !actor.is_null(row) && wanted.is_none_or(|wanted| actor.value(row) == wanted);
        if hers && (days.0..=days.1).contains(&local_date.value(row)) {
            let episode = Episode {
                start_utc_us: start.value(row),
                end_utc_us: end.value(row),
                theme: (!theme.is_null(row)).then(|| theme.value(row).to_owned()),
                severity: severity.value(row),
                outcome: outcome.value(row).to_owned(),
                illegal: illegal.value(row),
            };
            episodes.push((actor.value(row), episode));
        }
    }
    Some(())
}

/// Days whose derived rows are still to be computed.
pub(super) fn undecided_days(state: &State, from: Date, to: Date) -> Result<BTreeSet<Date>, Error> {
    Ok(state.dirty_days()?.into_iter().filter(|day| (from..=to).contains(day)).collect())
}

fn epoch_days(day: Date) -> i32 {
    let hours = day.duration_since(date(1970, 1, 1)).as_hours();
    i32::try_from(hours.div_euclid(24)).unwrap_or(i32::MAX)
}
