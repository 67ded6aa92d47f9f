//! Which incidents are open and for how long, and what the exports do not say.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::rows::{Records, Row, least_finished, tally};
use crate::disclosure::table::Cell;
use crate::figures::{About, Figures, dimension, evidence, measure};
use crate::metrics::Place;
use crate::metrics::elapsed::{Elapsed, quantile};
use crate::plan::Reader;
use crate::wording;

/// An incident of one or several rows.
struct Whole<'a> {
    rows: Vec<&'a Row>,
    status: &'static str,
    severity: i64,
    age: i64,
}

pub(super) fn figures(reader: &Reader<'_>, place: &Place<'_>, records: &Records) -> Figures {
    let known = records.reach_into(reader.window.from, reader.window.to);
    let last = records.reach.map_or(reader.window.to, |(_, last)| last);
    let incidents = wholes(records, place, last);
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (band, least) in [("all", 0), ("4 and 5", 4)] {
        for status in ["open", "unread", "other", "unknown", "closed"] {
            let these: Vec<&Whole<'_>> =
                incidents.iter().filter(|whole| whole.status == status && whole.severity >= least).collect();
            if !known || (these.is_empty() && !matches!(status, "open" | "closed")) {
                continue;
            }
            let sums = tally(these.iter().flat_map(|whole| whole.rows.iter().copied()));
            let mut ages: Vec<i64> = these.iter().map(|whole| whole.age).collect();
            ages.sort_unstable();
            let of_open = |age: Option<i64>| Cell::from(age.filter(|_| status != "closed"));
            rows.push(vec![
                band.into(),
                status.into(),
                sums.incidents.into(),
                of_open(quantile(&ages, 0.5)),
                of_open(ages.last().copied()),
                Cell::Missing,
                sums.people.into(),
                sums.largest_share.into(),
            ]);
        }
    }
    for (what, why) in [
        ("parents informed", "not recorded in these exports: no column that is read says it"),
        ("lessons learned", "not recorded in these exports: it stands, if anywhere, in the sealed words"),
        ("closed on", "not recorded in these exports: only that it is closed"),
    ] {
        let mut row: Vec<Cell> = vec!["all".into(), what.into()];
        row.extend([Cell::Missing, Cell::Missing, Cell::Missing, why.into(), Cell::Missing, Cell::Missing]);
        rows.push(row);
    }
    let mut notes = vec![format!(
        "Ages are in school days from the day of the incident to {last}, the newest day of the incident records. An incident of several rows is closed when all of them are."
    )];
    notes.extend(records.notes(place));
    Figures {
        schema: "watershed.incidents.status/1",
        title: "Incidents open and closed".to_owned(),
        unit: "incidents; ages in school days",
        denominator: "",
        interval: "",
        about: About::People,
        columns: vec![
            dimension("severity", "Severity"),
            dimension("status", "Status"),
            measure("incidents", "Incidents", "incidents"),
            measure("median_age_school_days", "Median age", "school days"),
            measure("oldest_school_days", "Oldest", "school days"),
            dimension("said", "What the export says"),
            evidence("distinct_people", "Different people", "pupils whom an incident is about"),
            evidence("largest_share_of_incidents", "Most by one", "largest share of the incidents about one pupil"),
        ],
        rows,
        notes,
        reading: reading(known, &incidents),
    }
}

fn wholes<'a>(records: &'a Records, place: &Place<'_>, last: Date) -> Vec<Whole<'a>> {
    let first = records.rows.first().map_or(last, |row| row.day);
    let elapsed = Elapsed::between(place.calendar, first, last);
    let mut by: BTreeMap<i64, Vec<&Row>> = BTreeMap::new();
    for row in &records.rows {
        by.entry(row.incident).or_default().push(row);
    }
    by.into_values()
        .map(|rows| Whole {
            status: least_finished(&rows.iter().map(|row| row.status).collect::<BTreeSet<_>>()),
            severity: rows.iter().map(|row| row.severity).max().unwrap_or(0),
            age: rows.iter().map(|row| elapsed.days(row.day, last)).max().unwrap_or(0),
            rows,
        })
        .collect()
}

fn reading(known: bool, incidents: &[Whole<'_>]) -> String {
    if !known {
        return "Not measurable: no incident record reaches into these days.".to_owned();
    }
    let open: Vec<&Whole<'_>> = incidents.iter().filter(|whole| whole.status != "closed").collect();
    let grave = open.iter().filter(|whole| whole.severity >= 4).count() as i64;
    let oldest = open.iter().map(|whole| whole.age).max();
    match oldest {
        None if incidents.is_empty() => {
            "No incident was recorded in these days, though the records reach into them.".to_owned()
        }
        None => format!("All {} are closed.", wording::counted(incidents.len() as i64, "incident", "incidents")),
        Some(oldest) => format!(
            "{} of {} are not closed, {} of them of severity 4 or 5; the oldest is {} old.",
            wording::whole(open.len() as i64),
            wording::counted(incidents.len() as i64, "incident", "incidents"),
            if grave == 0 { "none".to_owned() } else { wording::whole(grave) },
            wording::counted(oldest, "school day", "school days")
        ),
    }
}
