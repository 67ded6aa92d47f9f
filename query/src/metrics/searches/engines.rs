//! Search engines: which are used, by which groups.

use super::{records_from, requests_where};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, evidence, measure};
use crate::plan::Reader;
use crate::wording;

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>) -> Result<Figures, Error> {
    let only = requests_where(reader, "search_token IS NOT NULL AND site IS NOT NULL");
    // One search of one actor on a day counts once: a page of results asks for its words again and again.
    let statement = format!(
        "WITH of_actor AS (
            SELECT group_id, site, actor, actor_kind, count(DISTINCT concat(CAST(local_date AS VARCHAR), ' ',
                   CAST(search_token AS VARCHAR))) AS searches
            FROM requests WHERE {only} GROUP BY group_id, site, actor, actor_kind)
         SELECT group_id, site, sum(searches) AS searches,
                count(DISTINCT actor) FILTER (WHERE actor_kind = 'person') AS distinct_people,
                CAST(max(searches) FILTER (WHERE actor IS NOT NULL) AS DOUBLE) / nullif(sum(searches), 0)
                AS largest_share
         FROM of_actor GROUP BY group_id, site ORDER BY group_id, searches DESC, site"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let mut totals: std::collections::BTreeMap<String, i64> = std::collections::BTreeMap::new();
    for row in 0..answer.len() {
        *totals.entry(answer.text(row, "group_id").unwrap_or_default()).or_default() += answer.count(row, "searches");
    }
    let mut rows: Vec<Vec<Cell>> = (0..answer.len())
        .map(|row| {
            let group = answer.text(row, "group_id").unwrap_or_default();
            let searches = answer.count(row, "searches");
            let all = totals.get(&group).copied().unwrap_or(0).max(1);
            vec![
                group.into(),
                answer.text(row, "site").into(),
                searches.into(),
                (searches as f64 / all as f64).into(),
                answer.count(row, "distinct_people").into(),
                answer.real(row, "largest_share").into(),
            ]
        })
        .collect();
    rows.sort_by_cached_key(|row| row[0].text().map(wording::natural));
    let mut engines: std::collections::BTreeMap<String, i64> = std::collections::BTreeMap::new();
    for row in 0..answer.len() {
        *engines.entry(answer.text(row, "site").unwrap_or_default()).or_default() += answer.count(row, "searches");
    }
    let all: i64 = engines.values().sum();
    let first = engines.iter().max_by(|one, other| one.1.cmp(other.1).then(other.0.cmp(one.0)));
    let reading = first.map_or_else(
        || "No record of these days shows words that were searched for.".to_owned(),
        |(site, searches)| {
            format!(
                "{} were seen, {} of them on {site}. Whether safe search was on is not in these logs: test it on each \
                 engine in this list.",
                wording::counted(all, "search", "searches"),
                wording::percent(*searches as f64 / all.max(1) as f64),
            )
        },
    );
    Ok(Figures {
        schema: "watershed.searches.engines/1",
        title: "Search engines by group".to_owned(),
        unit: "searches: different words of one actor on one school day",
        denominator: "searches of the group",
        interval: "",
        about: About::People,
        columns: vec![
            dimension("group_id", "Group"),
            dimension("site", "Search engine"),
            measure("searches", "Searches", "searches"),
            measure("share", "Share", "share of the group's searches"),
            evidence("distinct_people", "Different people", "people"),
            evidence("largest_share_of_searches", "Most by one", "share of searches of one actor"),
        ],
        rows,
        notes: vec![
            records_from(reader).await?,
            "Words are seen where the filter sees the whole address; an encrypted search that was not decrypted is not \
             here. Safe search is set by the engine or the filter and leaves no sign in a log line."
                .to_owned(),
        ],
        reading,
    })
}
