//! Generative AI (Q19): what share of pupils, on which sites, allowed or blocked.

use super::{records_from, requests_where};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, ends, evidence, measure};
use crate::plan::Reader;
use crate::statistics::wilson;
use crate::wording;

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>) -> Result<Figures, Error> {
    let only = requests_where(
        reader,
        "code IN ('GENAI', 'AISIM') AND site IS NOT NULL AND actor_kind = 'person' AND role = 'pupil'",
    );
    let statement = format!(
        "WITH of_actor AS (
            SELECT site, code, actor, count(DISTINCT local_date) AS actor_days,
                   count(DISTINCT local_date) FILTER (WHERE action IN ('allowed', 'proceeded', 'bypassed', 'monitored'))
                   AS through
            FROM requests WHERE {only} GROUP BY site, code, actor)
         SELECT site, code, count(*) AS people, count(*) FILTER (WHERE through > 0) AS people_through,
                sum(actor_days) AS actor_days, sum(through) AS through,
                CAST(max(actor_days) AS DOUBLE) / nullif(sum(actor_days), 0) AS largest_share
         FROM of_actor GROUP BY site, code
         UNION ALL
         SELECT 'any of them' AS site, '' AS code, count(*) AS people,
                count(*) FILTER (WHERE through > 0) AS people_through, sum(actor_days) AS actor_days,
                sum(through) AS through, CAST(max(actor_days) AS DOUBLE) / nullif(sum(actor_days), 0) AS largest_share
         FROM (SELECT actor, count(DISTINCT local_date) AS actor_days,
                      count(DISTINCT local_date)
                      FILTER (WHERE action IN ('allowed', 'proceeded', 'bypassed', 'monitored')) AS through
               FROM requests WHERE {only} GROUP BY actor) AS anybody
         ORDER BY people DESC, site, code"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    // The same days and the same pupils below the line: those of whom single records are kept.
    let base = requests_where(reader, "actor_kind = 'person' AND role = 'pupil'").replace(" AND coalesce(search_theme, theme, 'no theme') = $theme", "");
    let active = reader
        .session
        .query(&format!("SELECT count(DISTINCT actor) AS active FROM requests WHERE {base}"), &reader.values())
        .await?
        .count(0, "active");
    let unit = "share of active pupils";
    let mut columns = vec![
        dimension("site", "Site"),
        dimension("code", "Category"),
        measure("pupils", "Pupils", "different pupils with a request"),
        measure("pupils_through", "Let through", "different pupils with something let through"),
        measure("active_pupils", "Active pupils", "different pupils with any request"),
        measure("prevalence_share", "Share", unit),
    ];
    columns.extend(ends("prevalence_share_lower", "prevalence_share_upper", unit));
    columns.push(measure("actor_days", "Actor-days", "pupils' school days with a request"));
    columns.push(evidence("distinct_people", "Different people", "people"));
    columns.push(evidence("largest_share_of_actor_days", "Most by one", "share of actor-days of one actor"));
    let shown = |row: &usize| answer.count(*row, "people") > 0;
    let rows: Vec<Vec<Cell>> = (0..answer.len())
        .filter(shown)
        .map(|row| {
            let people = answer.count(row, "people");
            let ends = wilson(people.unsigned_abs(), active.unsigned_abs());
            vec![
                answer.text(row, "site").into(),
                answer.text(row, "code").into(),
                people.into(),
                answer.count(row, "people_through").into(),
                active.into(),
                (active > 0).then(|| people as f64 / active as f64).into(),
                ends.map(|ends| ends.lower).into(),
                ends.map(|ends| ends.upper).into(),
                answer.count(row, "actor_days").into(),
                people.into(),
                answer.real(row, "largest_share").into(),
            ]
        })
        .collect();
    let any = (0..answer.len()).find(|row| answer.text(*row, "site").as_deref() == Some("any of them"));
    let reading = match any.filter(shown) {
        None => "No known pupil's request to an AI tool or companion is kept of these days.".to_owned(),
        Some(row) => {
            let people = answer.count(row, "people");
            format!(
                "{} of {} asked for an AI tool or companion ({}), {} of them with something let through.",
                wording::whole(people),
                wording::counted(active, "active pupil", "active pupils"),
                wording::percent(people as f64 / active.max(1) as f64),
                wording::whole(answer.count(row, "people_through")),
            )
        }
    };
    Ok(Figures {
        schema: "watershed.searches.ai/1",
        title: "AI tools and companions (GENAI, AISIM)".to_owned(),
        unit: "different pupils",
        denominator: "different pupils with any request in the days of which single records are kept",
        interval: "95 %, Wilson; population: pupils like those who were active",
        about: About::People,
        columns,
        rows,
        notes: vec![
            records_from(reader).await?,
            "A site that no category and no list names as AI is not here; new ones appear in `--table new` only where \
             they are grave. What was typed into them is in no web log."
                .to_owned(),
        ],
        reading,
    })
}
