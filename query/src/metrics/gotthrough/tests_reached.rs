//! B3d: test pages that should have been blocked and were reachable.

use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, measure};
use crate::plan::Reader;
use crate::wording;

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>) -> Result<Figures, Error> {
    let only = if reader.ask.group.is_some() { " AND group_id = $group" } else { "" };
    let statement = format!(
        "SELECT coalesce(group_id, 'not said') AS group_id, coalesce(device_type, 'not said') AS device_type, code, \
         count(*) AS done, count(*) FILTER (WHERE observed = 'allowed') AS reached, \
         count(*) FILTER (WHERE observed IN ('error', 'unknown')) AS unclear, \
         CAST(max(local_date) AS VARCHAR) AS last_day, \
         CAST(max(local_date) FILTER (WHERE observed = 'allowed') AS VARCHAR) AS last_reached \
         FROM checks WHERE expected = 'blocked' AND local_date BETWEEN $first AND $last{only} \
         GROUP BY coalesce(group_id, 'not said'), coalesce(device_type, 'not said'), code \
         ORDER BY reached DESC, group_id, device_type, code"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let rows: Vec<Vec<Cell>> = (0..answer.len())
        .map(|row| {
            vec![
                answer.text(row, "group_id").into(),
                answer.text(row, "device_type").into(),
                answer.text(row, "code").into(),
                answer.count(row, "reached").into(),
                answer.count(row, "done").into(),
                answer.count(row, "unclear").into(),
                answer.text(row, "last_day").into(),
                answer.text(row, "last_reached").into(),
            ]
        })
        .collect();
    let sum = |id: &str| -> i64 { (0..answer.len()).map(|row| answer.count(row, id)).sum() };
    let reading = match (sum("done"), sum("reached")) {
        (0, _) => "No test of the filter that expects a block was recorded in these days: nobody can say whether the \
                   lists were active."
            .to_owned(),
        (done, 0) => format!(
            "None of {} was reachable. That shows that the tried lists were active where they were tried, not how \
             much they stop.",
            wording::counted(done, "test page", "test pages")
        ),
        (done, reached) => format!(
            "{} of {} could be reached: tell the provider today, and test again.",
            wording::whole(reached),
            wording::counted(done, "test page", "test pages"),
        ),
    };
    Ok(Figures {
        schema: "watershed.gotthrough.tests/1",
        title: "Test pages that could be reached (B3d)".to_owned(),
        unit: "recorded tests that expect a block",
        denominator: "",
        interval: "",
        about: About::Records,
        columns: vec![
            dimension("group_id", "Group"),
            dimension("device_type", "Device"),
            dimension("code", "Category"),
            measure("tests_reached", "Reached", "tests"),
            measure("tests", "Tests", "tests"),
            measure("tests_unclear", "Unclear", "tests that ended in an error or say nothing"),
            dimension("last_test", "Last test"),
            dimension("last_reached", "Last reached"),
        ],
        rows,
        notes: vec!["A test page shows that a list is active; it does not measure how much a filter stops.".to_owned()],
        reading,
    })
}
