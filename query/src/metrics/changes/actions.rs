//! From a finding to what was done about it.

use super::judged_on;
use crate::disclosure::table::Cell;
use crate::figures::{About, Figures, dimension, measure};
use crate::metrics::Place;
use crate::metrics::elapsed::quantile;
use crate::plan::Reader;
use crate::wording;

pub(super) fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Figures {
    let today = judged_on(reader, place);
    let mut rows: Vec<(usize, i32, Vec<Cell>)> = Vec::new();
    let mut took: Vec<i64> = Vec::new();
    for action in place.settings.actions().rows().iter().filter(|action| action.raised <= today) {
        let closed = action.closed.filter(|closed| *closed <= today);
        let past = today.since(action.due).map_or(0, |span| span.get_days());
        let state = match closed {
            Some(_) => 2,
            None if past > 0 => 0,
            None => 1,
        };
        if let Some(closed) = closed {
            took.push(closed.since(action.raised).map_or(0, |span| i64::from(span.get_days())));
        }
        rows.push((
            state,
            -past,
            vec![
                ["overdue", "open", "closed"][state].into(),
                action.action.as_str().into(),
                action.finding.as_str().into(),
                action.source.into(),
                action.raised.to_string().into(),
                action.owner_role.as_str().into(),
                action.due.to_string().into(),
                closed.map(|closed| closed.to_string()).into(),
                Some(action.evidence.as_str()).filter(|_| closed.is_some()).into(),
                Cell::from(Some(i64::from(past)).filter(|_| state == 0)),
            ],
        ));
    }
    rows.sort_by(|one, other| (one.0, one.1, one.2[1].text()).cmp(&(other.0, other.1, other.2[1].text())));
    took.sort_unstable();
    let number = |state| rows.iter().filter(|(known, _, _)| *known == state).count() as i64;
    let mut reading = if rows.is_empty() {
        "No action is on record (`actions.csv`): what was found leads nowhere that this program can see.".to_owned()
    } else {
        format!(
            "On {}: {}, {} overdue, {} closed with evidence.",
            wording::day(today),
            wording::counted(number(0) + number(1), "open action", "open actions"),
            if number(0) == 0 { "none".to_owned() } else { wording::whole(number(0)) },
            wording::whole(number(2))
        )
    };
    if let Some(median) = quantile(&took, 0.5) {
        reading.push_str(&format!(" Half of the closed ones took {} or less.", wording::counted(median, "day", "days")));
    }
    Figures {
        schema: "watershed.changes.actions/1",
        title: "Findings and what is done about them".to_owned(),
        unit: "actions; days of the calendar",
        denominator: "",
        interval: "",
        about: About::Records,
        columns: vec![
            dimension("state", "State"),
            dimension("action", "Action"),
            dimension("finding", "Finding"),
            dimension("source", "Found by"),
            dimension("raised", "Raised"),
            dimension("owner_role", "Owner"),
            dimension("due", "Due"),
            dimension("closed", "Closed"),
            dimension("evidence", "Evidence"),
            measure("days_overdue", "Days overdue", "days of the calendar"),
        ],
        rows: rows.into_iter().map(|(_, _, cells)| cells).collect(),
        notes: vec!["As `actions.csv` says; an action is closed only with evidence.".to_owned()],
        reading,
    }
}
