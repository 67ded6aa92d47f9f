//! Sites and searches of severity 3 and more that nobody was seen on before (Q4): an anti-join over all history.

use super::{records_from, requests_where};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, evidence, measure};
use crate::plan::Reader;
use crate::wording;

/// Rows shown.
const ROWS: usize = 50;

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>) -> Result<Figures, Error> {
    let only = requests_where(
        reader,
        "severity >= 3 AND (search_token IS NOT NULL OR site IS NOT NULL) AND theme IS NOT NULL",
    );
    // A search is told by its token, any other request by its site; words are in the vault.
    let statement = format!(
        "WITH seen AS (
            SELECT CASE WHEN search_token IS NULL THEN 'site' ELSE 'search' END AS what,
                   CASE WHEN search_token IS NULL THEN site ELSE CAST(search_token AS VARCHAR) END AS item,
                   coalesce(search_theme, theme) AS theme, severity, action, actor, actor_kind, local_date
            FROM requests WHERE {only}),
         before AS (
            SELECT DISTINCT CASE WHEN search_token IS NULL THEN site ELSE CAST(search_token AS VARCHAR) END AS item
            FROM requests WHERE local_date < $first AND severity >= 3 AND NOT illegal
              AND (search_token IS NOT NULL OR site IS NOT NULL)
            UNION
            SELECT DISTINCT site AS item FROM blocked_site_days WHERE local_date < $first AND site IS NOT NULL),
         new AS (
            SELECT s.* FROM seen s LEFT ANTI JOIN before b ON s.item = b.item),
         of_actor AS (
            SELECT what, item, theme, max(severity) AS severity, actor, actor_kind, min(local_date) AS first_day,
                   count(DISTINCT local_date) AS actor_days,
                   count(*) FILTER (WHERE action = 'allowed') AS allowed, count(*) AS records
            FROM new GROUP BY what, item, theme, actor, actor_kind)
         SELECT what, item, theme, max(severity) AS severity, CAST(min(first_day) AS VARCHAR) AS first_day,
                sum(actor_days) AS actor_days, sum(allowed) AS allowed, sum(records) AS records,
                count(DISTINCT actor) FILTER (WHERE actor_kind = 'person') AS distinct_people,
                CAST(max(actor_days) FILTER (WHERE actor IS NOT NULL) AS DOUBLE) / nullif(sum(actor_days), 0)
                AS largest_share
         FROM of_actor GROUP BY what, item, theme
         ORDER BY severity DESC, distinct_people DESC, actor_days DESC, what, item, theme"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let outcome = |row: usize| match (answer.count(row, "allowed"), answer.count(row, "records")) {
        (0, _) => "blocked",
        (allowed, records) if allowed == records => "allowed",
        _ => "mixed",
    };
    let all = answer.len();
    let rows: Vec<Vec<Cell>> = (0..all.min(ROWS))
        .map(|row| {
            let what = answer.text(row, "what").unwrap_or_default();
            let item = answer.text(row, "item").unwrap_or_default();
            // A token is a number: nobody reads words from it, and the vault finds them by it.
            let item = match item.parse::<i64>() {
                Ok(token) if what == "search" => crate::answer::pseudonym(token),
                _ => item,
            };
            vec![
                what.into(),
                item.into(),
                answer.text(row, "theme").into(),
                answer.count(row, "severity").into(),
                answer.text(row, "first_day").into(),
                outcome(row).into(),
                answer.count(row, "actor_days").into(),
                answer.count(row, "distinct_people").into(),
                answer.real(row, "largest_share").into(),
            ]
        })
        .collect();
    let of = |kind: &str| (0..all).filter(|row| answer.text(*row, "what").as_deref() == Some(kind)).count() as i64;
    let through = (0..all).filter(|row| outcome(*row) != "blocked").count() as i64;
    let reading = if all == 0 {
        "No site and no search of severity 3 or more was seen for the first time in these days.".to_owned()
    } else {
        format!(
            "Seen for the first time in these days: {} and {} of severity 3 or more; {} of them not wholly blocked.",
            wording::counted(of("site"), "site", "sites"),
            wording::counted(of("search"), "search", "searches"),
            wording::whole(through),
        )
    };
    let mut notes = vec![
        records_from(reader).await?,
        "A search is shown by a token: its words are in the vault, in the timeline that `unlock` opens of a person \
         (`attention` has the pseudonyms of severity 4 and 5). The token changes with the academic year, so in \
         September searches look new."
            .to_owned(),
    ];
    if all > ROWS {
        notes.push(format!("{ROWS} of {} rows are shown.", wording::whole(all as i64)));
    }
    Ok(Figures {
        schema: "watershed.searches.new/1",
        title: "Seen for the first time, severity 3 and more".to_owned(),
        unit: "sites and searches; actor-days on them",
        denominator: "",
        interval: "",
        about: About::People,
        columns: vec![
            dimension("kind", "What"),
            dimension("item", "Site or search token"),
            dimension("theme", "Theme"),
            measure("severity", "Severity", "1 to 5"),
            dimension("first_day", "First seen"),
            dimension("outcome", "Outcome"),
            measure("actor_days", "Actor-days", "actors' school days with it"),
            evidence("distinct_people", "Different people", "people"),
            evidence("largest_share_of_actor_days", "Most by one", "share of actor-days of one actor"),
        ],
        rows,
        notes,
        reading,
    })
}
