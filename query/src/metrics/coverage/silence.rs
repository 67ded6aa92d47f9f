//! What fell silent: a group or network that used to be in the log and is no more, a feed that stopped.
//!
//! Judged on school days on which anything at all was recorded, so that a missing night silences nobody. A name was
//! usual when it had records on two of three of the 20 such days that ended with its last one (5 at least), and is
//! silent when it has none on three or more since.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::feeds::{Finding, Kind};
use crate::figures::{About, Figures, dimension, measure};
use crate::metrics::elapsed::shifted;
use crate::plan::Reader;
use crate::session::Value;
use crate::wording;

/// Days with data that usual is measured by, and the least of them.
const MEASURED: usize = 20;
const LEAST: usize = 5;
/// Days with data on which a silent name is missing at least.
const SILENT: usize = 3;
/// Days of the calendar before the first day asked about that are looked at as well.
const BEFORE_DAYS: i64 = 60;

/// A name that fell silent.
#[derive(Debug, PartialEq)]
struct Silent {
    last: Date,
    since: usize,
    usual: (usize, usize),
}

pub(super) async fn figures(reader: &Reader<'_>, findings: &[Finding]) -> Result<Figures, Error> {
    let values = [
        ("first", Value::Day(shifted(reader.window.from, -BEFORE_DAYS))),
        ("last", Value::Day(reader.window.to)),
    ];
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (kind, statement) in [
        (
            "group",
            "SELECT DISTINCT group_id AS name, local_date FROM activity \
             WHERE local_date BETWEEN $first AND $last AND school_day",
        ),
        (
            "network",
            "SELECT DISTINCT network AS name, local_date FROM requests \
             WHERE local_date BETWEEN $first AND $last AND school_day",
        ),
    ] {
        let answer = reader.session.query(statement, &values).await?;
        let mut by: BTreeMap<String, BTreeSet<Date>> = BTreeMap::new();
        for row in 0..answer.len() {
            if let (Some(name), Some(day)) = (answer.text(row, "name"), answer.day(row, "local_date")) {
                by.entry(name).or_default().insert(day);
            }
        }
        let all: Vec<Date> = by.values().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
        for (name, days) in &by {
            if reader.ask.group.as_ref().is_some_and(|group| kind != "group" || group != name) {
                continue;
            }
            if let Some(found) = silent(days, &all) {
                rows.push(vec![
                    kind.into(),
                    name.as_str().into(),
                    found.last.to_string().into(),
                    (found.since as i64).into(),
                    format!("{} of {} school days", found.usual.0, found.usual.1).into(),
                    if kind == "group" {
                        "ask whether the group was renamed, left (exam leave), or is no longer filtered"
                    } else {
                        "ask whether the network was switched off or renumbered, or no longer goes through the filter"
                    }
                    .into(),
                ]);
            }
        }
    }
    let mut of_source: BTreeMap<&str, (i64, &Finding)> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| matches!(finding.kind, Kind::MissingNight | Kind::SourceEnded)) {
        // Newest first.
        let known = of_source.entry(finding.source.as_str()).or_insert((0, finding));
        known.0 += i64::from(finding.kind == Kind::MissingNight);
    }
    for (source, (nights, newest)) in of_source {
        rows.push(vec![
            "feed".into(),
            source.into(),
            Cell::Missing,
            nights.into(),
            format!("{} on {}", newest.kind.word(), newest.day).into(),
            newest.kind.to_do().into(),
        ]);
    }
    let reading = match rows.len() as i64 {
        0 => "No group, network or feed fell silent, as far as these days show.".to_owned(),
        n => {
            let of = |kind: &str| rows.iter().filter(|row| row[0].text() == Some(kind)).count() as i64;
            format!(
                "{} fell silent: {}, {}, {}. Silence may be leave or a change; it may also be a hole in the filter.",
                wording::counted(n, "thing", "things"),
                wording::counted(of("group"), "group", "groups"),
                wording::counted(of("network"), "network", "networks"),
                wording::counted(of("feed"), "feed", "feeds")
            )
        }
    };
    Ok(Figures {
        schema: "watershed.coverage.silence/1",
        title: "What fell silent".to_owned(),
        unit: "groups, networks and feeds; school days with any record",
        denominator: "",
        interval: "",
        about: About::Records,
        columns: vec![
            dimension("kind", "What"),
            dimension("name", "Name"),
            dimension("last_date", "Last day with records"),
            measure("silent_school_days", "Silent for", "school days with data; of a feed missing nights"),
            dimension("usual", "Usual, or found"),
            dimension("to_do", "What to do"),
        ],
        rows,
        notes: vec![
            format!("Silent: records on two of three of the {MEASURED} school days with data before, and on none of {SILENT} or more since. Feeds: as `--table findings`. Networks: as far back as single records are kept."),
        ],
        reading,
    })
}

/// Whether a name with records on some of all days with data fell silent.
fn silent(days: &BTreeSet<Date>, all: &[Date]) -> Option<Silent> {
    let last = *days.last()?;
    let until = all.partition_point(|day| *day <= last);
    let since = all.len() - until;
    let measured = &all[until.saturating_sub(MEASURED)..until];
    let there = measured.iter().filter(|day| days.contains(day)).count();
    (since >= SILENT && measured.len() >= LEAST && 3 * there >= 2 * measured.len())
        .then_some(Silent { last, since, usual: (there, measured.len()) })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn three_days_without_records_after_a_habit() {
        let all: Vec<Date> = (1..=12).map(|day| date(2025, 9, day)).collect();
        let first = |number: usize| all[..number].iter().copied().collect::<BTreeSet<Date>>();
        assert_eq!(silent(&first(9), &all), Some(Silent { last: date(2025, 9, 9), since: 3, usual: (9, 9) }));
        assert_eq!(silent(&first(10), &all), None, "two days are no silence");
        assert_eq!(silent(&first(4), &all), None, "four days are no habit");
        let seldom: BTreeSet<Date> = [1, 5, 9].map(|day| date(2025, 9, day)).into();
        assert_eq!(silent(&seldom, &all), None);
        assert_eq!(silent(&BTreeSet::new(), &all), None);
    }
}
