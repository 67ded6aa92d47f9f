//! B3c: unsuitable sites that a person reported.

use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, measure};
use crate::plan::{ILLEGAL, Reader};
use crate::wording;

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>) -> Result<Figures, Error> {
    let mut only = String::new();
    if reader.ask.group.is_some() {
        only.push_str(" AND group_id = $group");
    }
    if reader.ask.theme.is_some() {
        only.push_str(" AND coalesce(theme, 'no theme') = $theme");
    }
    let statement = format!(
        "SELECT CAST(local_date AS VARCHAR) AS day, site, code, coalesce(theme, 'no theme') AS theme, \
         coalesce(group_id, 'not said') AS group_id, requester_role, decision, \
         CAST(decided_date AS VARCHAR) AS decided, CAST(decided_date AS INT) - CAST(local_date AS INT) AS days \
         FROM changes WHERE kind = 'report' AND asked <> 'unblock' AND NOT illegal AND code NOT IN {ILLEGAL} \
         AND local_date BETWEEN $first AND $last{only} ORDER BY local_date DESC, site, change_token"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let rows: Vec<Vec<Cell>> = (0..answer.len())
        .map(|row| {
            vec![
                answer.text(row, "day").into(),
                answer.text(row, "site").into(),
                answer.text(row, "code").into(),
                answer.text(row, "theme").into(),
                answer.text(row, "group_id").into(),
                answer.text(row, "requester_role").into(),
                answer.text(row, "decision").into(),
                answer.integer(row, "days").into(),
            ]
        })
        .collect();
    let undecided = (0..answer.len())
        .filter(|row| answer.text(*row, "decided").is_none())
        .count() as i64;
    let reading = match rows.len() as i64 {
        0 => "No site was reported in these days, or no list of reports was taken in: `coverage --table imports` tells \
              which."
            .to_owned(),
        all => format!(
            "{} reported as unsuitable; {} not decided yet by what the list says.",
            wording::sentence(&wording::counted(all, "site was", "sites were")),
            wording::counted(undecided, "is", "are"),
        ),
    };
    Ok(Figures {
        schema: "watershed.gotthrough.reported/1",
        title: "Reported as unsuitable (B3c)".to_owned(),
        unit: "reports: one line of a list of reported sites",
        denominator: "",
        interval: "",
        about: About::Records,
        columns: vec![
            dimension("local_date", "Day"),
            dimension("site", "Site"),
            dimension("code", "Category"),
            dimension("theme", "Theme"),
            dimension("group_id", "Group"),
            dimension("requester_role", "Reported by"),
            dimension("decision", "Decision"),
            measure("decision_days", "Days to decide", "days"),
        ],
        rows,
        notes: vec![
            "Only what somebody noticed, reported and wrote down: a lower bound. No row says which pupil saw it."
                .to_owned(),
        ],
        reading,
    })
}
