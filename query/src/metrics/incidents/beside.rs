//! Surveys and behaviour records, as sums of the school's own, beside its incidents; joined to nobody.

use std::collections::BTreeSet;

use super::rows::{Records, tally};
use crate::disclosure::table::Cell;
use crate::figures::{About, Figures, dimension, evidence, measure};
use crate::metrics::Place;
use crate::plan::Reader;
use crate::wording;

pub(super) fn figures(reader: &Reader<'_>, place: &Place<'_>, records: &Records) -> Figures {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut periods = BTreeSet::new();
    for aggregate in place.settings.aggregates().rows() {
        let Some((from, to)) = place.calendar.period(&aggregate.period) else { continue };
        if from > reader.window.to || to < reader.window.from {
            continue;
        }
        periods.insert((aggregate.period.clone(), from, to));
        rows.push(vec![
            aggregate.kind.into(),
            aggregate.period.as_str().into(),
            aggregate.group.as_str().into(),
            aggregate.measure.as_str().into(),
            aggregate.value.into(),
            aggregate.unit.into(),
            i64::from(aggregate.people).into(),
            Cell::Missing,
        ]);
    }
    let sums = rows.len() as i64;
    for (period, from, to) in &periods {
        let (from, to) = ((*from).max(reader.window.from), (*to).min(reader.window.to));
        let tally = tally(records.rows.iter().filter(|row| (from..=to).contains(&row.day)));
        let known = records.reach_into(from, to);
        rows.push(vec![
            "incidents".into(),
            period.as_str().into(),
            "all pupils".into(),
            format!("incidents recorded from {from} to {to}").into(),
            Some(tally.incidents as f64).filter(|_| known).into(),
            "count".into(),
            Some(tally.people).filter(|_| known).into(),
            tally.largest_share.filter(|_| known).into(),
        ]);
    }
    let mut notes = vec![
        "Sums of `aggregates.csv`, over 10 people or more each. They stand beside the incidents and are joined to nobody; that two figures move together says nothing of why.".to_owned(),
    ];
    notes.extend(records.notes(place));
    Figures {
        schema: "watershed.incidents.beside/1",
        title: "Surveys and behaviour records beside the incidents".to_owned(),
        unit: "in the column `unit`",
        denominator: "people asked, or pupils in the group, in the column `distinct_people`",
        interval: "",
        about: About::People,
        columns: vec![
            dimension("kind", "From"),
            dimension("period", "Period"),
            dimension("group", "About"),
            dimension("measure", "Question or measure"),
            measure("value", "Value", "in the column `unit`"),
            dimension("unit", "Unit"),
            evidence("distinct_people", "People", "people behind the sum"),
            evidence("largest_share_of_incidents", "Most by one", "largest share of the incidents about one pupil"),
        ],
        rows,
        notes,
        reading: match sums {
            0 => "No survey and no behaviour record was given for these days (`aggregates.csv`).".to_owned(),
            n => format!(
                "{} from surveys and behaviour records beside the incidents of {}.",
                wording::counted(n, "sum", "sums"),
                wording::counted(periods.len() as i64, "period", "periods")
            ),
        },
    }
}
