//! The quick proxy (OB5): blocked attempts on categories for learning.

use std::collections::BTreeMap;

use ingest::schema;

use super::{NOT_MEASURABLE, Unseen, notes};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, ends, evidence_of_people, measure};
use crate::plan::{By, Cells, GROUP, Reader, Sum, sum};
use crate::statistics::{Cluster, clustered_wilson};
use crate::wording;

/// A row for the school as a whole.
pub(super) const WHOLE_SCHOOL: &str = "whole school";

pub(super) async fn share(reader: &Reader<'_>, unseen: &Unseen) -> Result<Figures, Error> {
    const SUMS: &[Sum<'_>] = &[sum("attempts_learning", "count(*) FILTER (WHERE learning)"), sum("attempts", "count(*)")];
    let unit = "share of blocked attempts";
    let mut columns = vec![
        dimension("group_id", "Group"),
        measure("attempts_learning", "On learning", "blocked attempts with a category for learning"),
        measure("attempts", "Attempts", "blocked attempts by everybody but staff"),
        measure("learning_share", "Share", unit),
    ];
    columns.extend(ends("learning_share_lower", "learning_share_upper", unit));
    columns.extend(evidence_of_people("attempts"));
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut reading = NOT_MEASURABLE.to_owned();
    if !unseen.shows_no_decision() {
        reading = "No attempt was blocked in these days.".to_owned();
        for by in [&[][..], &[GROUP][..]] {
            let cells = Cells { table: &schema::ATTEMPTS, only: "", by, sums: SUMS, weight: "attempts" };
            let answer = reader.cells(&cells).await?;
            let mut clusters = clusters(reader, by).await?;
            for row in 0..answer.len() {
                let group = answer.text(row, "group_id").unwrap_or_else(|| WHOLE_SCHOOL.to_owned());
                let attempts = answer.count(row, "attempts");
                let found = clustered_wilson(&clusters.remove(&group).unwrap_or_default());
                if let Some(found) = found.filter(|_| by.is_empty()) {
                    reading = format!(
                        "{} of {} blocked attempts were on sites with a category for learning: {} ({} to {}). \
                         This is a proxy for where to look, not the rate of wrong blocks.",
                        wording::whole(answer.count(row, "attempts_learning")),
                        wording::whole(attempts),
                        wording::percent(found.share),
                        wording::percent(found.interval.lower),
                        wording::percent(found.interval.upper)
                    );
                    if answer.real(row, "largest_share").is_some_and(|share| share > 0.5) && attempts >= 3 {
                        reading.push_str(" One actor makes most of the attempts.");
                    }
                }
                rows.push(vec![
                    group.into(),
                    answer.count(row, "attempts_learning").into(),
                    attempts.into(),
                    found.map(|found| found.share).into(),
                    found.map(|found| found.interval.lower).into(),
                    found.map(|found| found.interval.upper).into(),
                    answer.integer(row, "distinct_people").into(),
                    answer.real(row, "largest_share").into(),
                ]);
            }
        }
        if let Some(groups) = rows.get_mut(1..) {
            groups.sort_by_cached_key(|row| row[0].text().map(wording::natural));
        }
    }
    Ok(Figures {
        schema: "watershed.overblocking.share/1",
        title: "Over-blocking, quick proxy: blocked attempts on learning categories (OB5)".to_owned(),
        unit: "blocked attempts",
        denominator: "all blocked attempts by everybody but staff",
        interval: "95 %, Wilson with the effective size by leaving out one actor at a time (jackknife), \
            allowing for one more like the most active; population: attempts of actors like those who were blocked",
        about: About::People,
        columns,
        rows,
        notes: notes(unseen),
        reading,
    })
}

/// Per group (or the whole school), each actor's attempts on learning of all their attempts.
async fn clusters(reader: &Reader<'_>, by: &[By]) -> Result<BTreeMap<String, Vec<Cluster>>, Error> {
    let part = "count(*) FILTER (WHERE learning)";
    let answer = reader.actors(&schema::ATTEMPTS, "", by, part, "count(*)").await?;
    let mut clusters: BTreeMap<String, Vec<Cluster>> = BTreeMap::new();
    for row in 0..answer.len() {
        let group = answer.text(row, "group_id").unwrap_or_else(|| WHOLE_SCHOOL.to_owned());
        let cluster =
            Cluster { part: answer.count(row, "part") as f64, whole: answer.count(row, "whole") as f64 };
        clusters.entry(group).or_default().push(cluster);
    }
    Ok(clusters)
}
