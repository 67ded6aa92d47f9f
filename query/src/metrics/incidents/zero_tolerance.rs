//! What is shown whatever the count: what the school tolerates never, and what is illegal or grave.

use super::rows::{Records, tally};
use crate::disclosure::table::Cell;
use crate::figures::{About, Figures, dimension, ends, evidence, measure};
use crate::metrics::Place;
use crate::plan::{ILLEGAL, Reader};
use crate::statistics::count_interval;
use crate::wording;

/// Codes and what they are called in a policy; the first three are those of zero tolerance.
const ALWAYS: [(&str, &str); 7] = [
    ("BULLY", "Bullying, online too"),
    ("VAWG", "Sexual harassment and violence"),
    ("HATE", "Discrimination and hatred"),
    ("EXTREM", "Extremism and radicalisation"),
    ("GROOM", "Grooming and exploitation"),
    ("IMG-CHILD", "Images of children, nudes"),
    ("ILL-CSAM", "Child sexual abuse material"),
];

pub(super) fn figures(reader: &Reader<'_>, place: &Place<'_>, records: &Records) -> Figures {
    let known = records.reach_into(reader.window.from, reader.window.to);
    let mut columns = vec![
        dimension("category", "Category"),
        dimension("code", "Code"),
        measure("incidents", "Incidents", "incidents"),
    ];
    columns.extend(ends("incidents_lower", "incidents_upper", "incidents"));
    columns.extend([
        measure("incidents_not_closed", "Not closed", "incidents"),
        evidence("distinct_people", "Different people", "pupils whom an incident is about"),
        evidence("largest_share_of_incidents", "Most by one", "largest share of the incidents about one pupil"),
    ]);
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let (mut some, mut none) = (Vec::new(), 0);
    for (code, category) in ALWAYS {
        if !place.sees_listed && ILLEGAL.contains(code) {
            continue;
        }
        let tally = tally(records.rows.iter().filter(|row| row.code == code));
        let interval = count_interval(tally.incidents.unsigned_abs());
        let if_known = |cell: Cell| if known { cell } else { Cell::Missing };
        rows.push(vec![
            category.into(),
            code.into(),
            if_known(tally.incidents.into()),
            if_known(interval.lower.into()),
            if_known(interval.upper.into()),
            if_known(tally.not_closed.into()),
            if_known(tally.people.into()),
            if_known(tally.largest_share.into()),
        ]);
        match tally.incidents {
            0 => none += 1,
            n => some.push(format!("{category} {}", wording::whole(n))),
        }
    }
    let mut notes = vec![
        "These rows stand here whatever the count. None recorded is not none happened: see the web log's episodes of the same themes (`groups`, `trend --by theme`).".to_owned(),
    ];
    notes.extend(records.notes(place));
    Figures {
        schema: "watershed.incidents.zero_tolerance/1",
        title: "Incidents that are always shown".to_owned(),
        unit: "incidents",
        denominator: "",
        interval: "95 % of the mean behind the count, exact below 10, Byar's from 10 on",
        about: About::People,
        columns,
        rows,
        notes,
        reading: if !known {
            "Not measurable: no incident record reaches into these days.".to_owned()
        } else if some.is_empty() {
            "None of these categories was recorded in these days.".to_owned()
        } else if none == 0 {
            format!("Recorded: {}.", some.join(", "))
        } else {
            format!(
                "Recorded: {}; nothing recorded in {}.",
                some.join(", "),
                wording::counted(none, "category", "categories")
            )
        },
    }
}
