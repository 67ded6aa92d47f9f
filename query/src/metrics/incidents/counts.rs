//! How many incidents, by type, 4C, severity, key stage and year group.

use std::collections::BTreeMap;

use ingest::school::AcademicYear;
use ingest::settings::year_group;

use super::rows::{Records, Row, Tally, tally};
use crate::disclosure::table::Cell;
use crate::figures::{About, Figures, dimension, ends, evidence, measure};
use crate::metrics::Place;
use crate::plan::Reader;
use crate::statistics::count_interval;
use crate::wording;

/// Unit of every count here.
const UNIT: &str = "incidents";

pub(super) fn figures(reader: &Reader<'_>, place: &Place<'_>, records: &Records) -> Figures {
    let known = records.reach_into(reader.window.from, reader.window.to);
    let roll = place.settings.roll().of(AcademicYear::of(reader.window.to));
    let title = |code: &str| {
        let known = place.settings.taxonomy().code(code, reader.window.to);
        known.map_or_else(|| code.to_owned(), |known| known.title.clone())
    };
    let mut columns = vec![
        dimension("by", "By"),
        dimension("value", "Value"),
        measure("incidents", "Incidents", UNIT),
    ];
    columns.extend(ends("incidents_lower", "incidents_upper", UNIT));
    columns.extend([
        measure("incidents_untied", "Nobody known", "incidents in which nobody of the roster is named"),
        measure("incidents_not_closed", "Not closed", UNIT),
        measure("pupils_on_roll", "On roll", "pupils"),
        evidence("distinct_people", "Different people", "pupils whom an incident is about"),
        evidence("largest_share_of_incidents", "Most by one", "largest share of the incidents about one pupil"),
    ]);
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut add = |by: &str, value: String, tally: &Tally, pupils: Option<u32>| {
        let interval = count_interval(tally.incidents.unsigned_abs());
        rows.push(vec![
            by.into(),
            value.into(),
            tally.incidents.into(),
            interval.lower.into(),
            interval.upper.into(),
            tally.untied.into(),
            tally.not_closed.into(),
            pupils.map(i64::from).into(),
            tally.people.into(),
            tally.largest_share.into(),
        ]);
    };
    let all = tally(records.rows.iter());
    let mut types: Vec<(String, Tally)> = Vec::new();
    if known {
        add("all", "all".to_owned(), &all, Some(roll.total()).filter(|_| reader.ask.group.is_none()));
        types = split(records, |row| Some(title(&row.code)));
        types.sort_by(|one, other| other.1.incidents.cmp(&one.1.incidents).then(one.0.cmp(&other.0)));
        for (value, tally) in &types {
            add("type", value.clone(), tally, None);
        }
        let of_four = |row: &Row| Some(row.four_c.clone().unwrap_or_else(|| "none of the four".to_owned()));
        for (value, tally) in split(records, of_four) {
            add("4C", value, &tally, None);
        }
        for (value, tally) in split(records, |row| Some(row.severity.to_string())).into_iter().rev() {
            add("severity", value, &tally, None);
        }
        let stages = roll.key_stages();
        for (value, tally) in split(records, |row| row.key_stage.clone()) {
            // The roll puts Nursery and Reception into KS1, the incidents do not.
            let same = stages.iter().find(|stage| stage.key_stage == value && value != "KS1");
            let pupils = same.map(|stage| stage.pupils);
            add("key stage", value, &tally, pupils);
        }
        let mut years = split(records, |row| row.year_group.and_then(year_group::name).map(str::to_owned));
        years.sort_by_cached_key(|(value, _)| wording::natural(value));
        for (value, tally) in years {
            let pupils = roll.of_group(&value);
            add("year group", value, &tally, pupils);
        }
    }
    let mut notes = vec![
        "An incident and a person are different units: one incident may be about several pupils, one pupil in several incidents. An incident with rows of several types stands under each of them.".to_owned(),
        "Key stage and year group are the pupil's by the roster; incidents about nobody on it are in neither.".to_owned(),
    ];
    notes.extend(records.notes(place));
    Figures {
        schema: "watershed.incidents.counts/1",
        title: "Incidents recorded by the school".to_owned(),
        unit: UNIT,
        denominator: "none; pupils on roll stand beside",
        interval: "95 % of the mean behind the count, exact below 10, Byar's from 10 on; as if incidents were \
            independent, which those of one pupil are not",
        about: About::People,
        columns,
        rows,
        notes,
        reading: reading(known, &all, &types),
    }
}

/// Tallies by a word, in the order of the words.
fn split(records: &Records, word: impl Fn(&Row) -> Option<String>) -> Vec<(String, Tally)> {
    let mut by: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in &records.rows {
        if let Some(word) = word(row) {
            by.entry(word).or_default().push(row);
        }
    }
    by.into_iter().map(|(word, rows)| (word, tally(rows.into_iter()))).collect()
}

fn reading(known: bool, all: &Tally, types: &[(String, Tally)]) -> String {
    if !known {
        return "Not measurable: no incident record reaches into these days.".to_owned();
    }
    if all.incidents == 0 {
        return "No incident was recorded in these days, though the records reach into them.".to_owned();
    }
    let mut text = format!(
        "{} about {}",
        wording::counted(all.incidents, "incident", "incidents"),
        wording::counted(all.people, "known pupil", "different pupils")
    );
    let next = types.get(1).map_or(0, |(_, tally)| tally.incidents);
    match types.first() {
        Some((word, first)) if first.incidents > next => {
            text.push_str(&format!("; the commonest type is {word} ({}).", wording::whole(first.incidents)));
        }
        _ => text.push('.'),
    }
    if all.largest_share.is_some_and(|share| share > 0.5) && all.incidents >= 3 {
        text.push_str(" One pupil is in most of them.");
    }
    text.push_str(" More incidents on record may mean that more is noticed.");
    text
}
