//! Exceptions from the rules and the reviews that are due.

use super::judged_on;
use crate::disclosure::table::Cell;
use crate::figures::{About, Figures, dimension, measure};
use crate::metrics::Place;
use crate::plan::Reader;
use crate::wording;

/// Days before a review in which it is called due soon.
const SOON_DAYS: i32 = 30;

pub(super) fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Figures {
    let today = judged_on(reader, place);
    let mut rows: Vec<(usize, i32, Vec<Cell>)> = Vec::new();
    for exception in place.settings.exceptions().rows() {
        let past = today.since(exception.review).map_or(0, |span| span.get_days());
        let state = if exception.to.is_some_and(|end| end < today) {
            3
        } else if past > 0 {
            0
        } else if past >= -SOON_DAYS {
            1
        } else {
            2
        };
        rows.push((
            state,
            -past,
            vec![
                ["review overdue", "review due soon", "in order", "ended"][state].into(),
                exception.reference.as_str().into(),
                exception.holder.as_str().into(),
                exception.what.as_str().into(),
                exception.owner_role.as_str().into(),
                exception.from.to_string().into(),
                exception.to.map(|to| to.to_string()).into(),
                exception.review.to_string().into(),
                Cell::from(Some(i64::from(past)).filter(|past| state == 0 && *past > 0)),
            ],
        ));
    }
    rows.sort_by(|one, other| (one.0, one.1, one.2[1].text()).cmp(&(other.0, other.1, other.2[1].text())));
    let number = |state| rows.iter().filter(|(known, _, _)| *known == state).count() as i64;
    let reading = if rows.is_empty() {
        "No exception is on record (`exceptions.csv`); that there are none this does not say.".to_owned()
    } else {
        format!(
            "On {}: {}, {} with a review overdue, {} due within {SOON_DAYS} days.",
            wording::day(today),
            wording::counted(number(0) + number(1) + number(2), "exception in force", "exceptions in force"),
            wording::whole(number(0)),
            wording::whole(number(1))
        )
    };
    Figures {
        schema: "watershed.changes.exceptions/1",
        title: "Exceptions from the filter's rules and their reviews".to_owned(),
        unit: "exceptions; days of the calendar",
        denominator: "",
        interval: "",
        about: About::Records,
        columns: vec![
            dimension("state", "State"),
            dimension("reference", "Reference"),
            dimension("holder", "For"),
            dimension("what", "What"),
            dimension("owner_role", "Owner"),
            dimension("valid_from", "From"),
            dimension("valid_to", "To"),
            dimension("review", "Review by"),
            measure("days_overdue", "Days overdue", "days of the calendar"),
        ],
        rows: rows.into_iter().map(|(_, _, cells)| cells).collect(),
        notes: vec![
            "As `exceptions.csv` says. An exception that nobody wrote down is not in it: see `--table unrecorded`.".to_owned(),
        ],
        reading,
    }
}
