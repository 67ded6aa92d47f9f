//! What nobody can know of the days asked about, because no record of them is there or is kept any more.
//!
//! Single records (`requests`) go after fewer days than the figures derived from them, and those go by the year. A table
//! made of what is gone would count none where nobody can know, so it says that it is not measurable instead.

use jiff::civil::Date;

use super::{Metric, Unseen};
use crate::error::Error;
use crate::figures::Figures;
use crate::plan::Reader;
use crate::wording;

/// Tables whose every row comes from single records of the days asked about.
const MADE_OF_RECORDS: &[(&str, &str)] = &[
    ("changes", "unrecorded"),
    ("coverage", "completeness"),
    ("gotthrough", "recategorised"),
    ("groups", "profiles"),
    ("searches", "new"),
    ("searches", "engines"),
    ("searches", "bypass"),
    ("searches", "ai"),
];

/// Tables that know from elsewhere what was blocked, and from single records alone what was let through.
const LET_THROUGH_OF_RECORDS: &[(&str, &str)] = &[("changes", "temporary"), ("coverage", "tests")];

/// Other tables that count what logs of the days asked about say, and nothing else.
const MADE_OF_LOGS: &[(&str, &str)] = &[
    ("attention", "pupils"),
    ("attention", "listed"),
    ("trend", "persistence"),
    ("trend", "out-of-hours"),
    ("groups", "themes"),
    ("groups", "lessons"),
    ("groups", "hours"),
    ("groups", "mix"),
    ("groups", "different"),
    ("groups", "teaching"),
    ("overblocking", "share"),
    ("overblocking", "sites"),
    ("overblocking", "lessons"),
    ("overblocking", "panel"),
    ("overblocking", "alerts"),
    ("gotthrough", "policy"),
];

/// Says of a table what of it nobody can know.
pub(crate) async fn without_what_is_gone(
    metric: &Metric,
    table: &str,
    reader: &Reader<'_>,
    unseen: &Unseen,
    mut figures: Figures,
) -> Result<Figures, Error> {
    let within = |list: &[(&str, &str)]| list.contains(&(metric.word, table));
    // It says already why, and more closely.
    if figures.reading.starts_with("Not measurable")
        || figures.reading.starts_with("Nothing has been taken in")
    {
        return Ok(figures);
    }
    let of_records = within(MADE_OF_RECORDS);
    let first = async |table: &str| -> Result<Option<Date>, Error> {
        let statement =
            format!("SELECT min(local_date) AS day FROM {table} WHERE local_date BETWEEN $first AND $last");
        Ok(reader.session.query(&statement, &reader.values()).await?.day(0, "day"))
    };
    if unseen.records == 0 {
        if within(MADE_OF_LOGS) || (of_records && first("requests").await?.is_none()) {
            figures.rows.clear();
            figures.reading =
                "Not measurable: there is no record of these days. None was taken in, or its time to be \
                               kept is over."
                    .to_owned();
        }
        return Ok(figures);
    }
    if !of_records && !within(LET_THROUGH_OF_RECORDS) {
        return Ok(figures);
    }
    match (first("activity").await?, first("requests").await?) {
        (Some(_), None) if of_records => {
            figures.rows.clear();
            figures.reading =
                "Not measurable: this table is made of single records, and those of these days are no \
                               longer kept."
                    .to_owned();
        }
        (Some(_), None) => figures.reading.push_str(
            " Single records of these days are no longer kept: what was let through then is not in this.",
        ),
        (Some(seen), Some(kept)) if seen < kept => {
            let what = if of_records { "what was before" } else { "what was let through before" };
            let day = wording::day(kept);
            figures
                .reading
                .push_str(&format!(" Single records are kept from {day} on: {what} is not in this."));
        }
        _ => {}
    }
    Ok(figures)
}
