//! Ways round the filter (B4) by network and hour (Q7).

use super::{records_from, requests_where};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, evidence, measure};
use crate::metrics::Unseen;
use crate::plan::Reader;
use crate::wording;

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>, unseen: &Unseen) -> Result<Figures, Error> {
    let only = requests_where(reader, "code = 'BYPASS'");
    let statement = format!(
        "WITH of_actor AS (
            SELECT network, CAST(floor(local_minute / 60) AS INT) AS hour, actor, actor_kind,
                   count(DISTINCT local_date) AS actor_days,
                   count(DISTINCT local_date) FILTER (WHERE action IN ('allowed', 'proceeded', 'bypassed', 'monitored'))
                   AS through
            FROM requests WHERE {only} GROUP BY network, CAST(floor(local_minute / 60) AS INT), actor, actor_kind)
         SELECT network, hour, sum(actor_days) AS actor_days, sum(through) AS through,
                count(DISTINCT actor) FILTER (WHERE actor_kind = 'person') AS distinct_people,
                CAST(max(actor_days) FILTER (WHERE actor IS NOT NULL) AS DOUBLE) / nullif(sum(actor_days), 0)
                AS largest_share
         FROM of_actor GROUP BY network, hour ORDER BY network, hour"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let rows: Vec<Vec<Cell>> = (0..answer.len())
        .map(|row| {
            let hour = answer.count(row, "hour");
            vec![
                answer.text(row, "network").into(),
                format!("{hour:02}:00").into(),
                answer.count(row, "actor_days").into(),
                answer.count(row, "through").into(),
                answer.count(row, "distinct_people").into(),
                answer.real(row, "largest_share").into(),
            ]
        })
        .collect();
    let most = (0..answer.len()).max_by(|one, other| {
        let of = |row: usize| (answer.count(row, "distinct_people"), answer.count(row, "actor_days"));
        of(*one).cmp(&of(*other)).then(other.cmp(one))
    });
    let through: i64 = (0..answer.len()).map(|row| answer.count(row, "through")).sum();
    let reading = most.map_or_else(
        || "No record of a proxy, VPN or other way round the filter is kept of these days.".to_owned(),
        |row| {
            format!(
                "Most different people used such a site on {} between {:02}:00 and {:02}:59 ({}, on {}). In {} of all \
                 rows something was let through.",
                answer.text(row, "network").unwrap_or_default(),
                answer.count(row, "hour"),
                answer.count(row, "hour"),
                wording::counted(answer.count(row, "distinct_people"), "person", "people"),
                wording::counted(answer.count(row, "actor_days"), "actor-day", "actor-days"),
                wording::counted(through, "actor-day", "actor-days"),
            )
        },
    );
    let mut notes = vec![
        records_from(reader).await?,
        "A way round the filter that the filter does not know is in no log. The type of device is not in web logs; the \
         network says where it was."
            .to_owned(),
    ];
    if unseen.shows_no_decision() {
        notes.push("Whether it was let through is not measurable: this export shows no decision.".to_owned());
    }
    Ok(Figures {
        schema: "watershed.searches.bypass/1",
        title: "Ways round the filter by network and hour (B4)".to_owned(),
        unit: "actor-days: an actor with such a record in the hour on a school day",
        denominator: "",
        interval: "",
        about: About::People,
        columns: vec![
            dimension("network", "Network"),
            dimension("hour", "Hour from"),
            measure("actor_days", "Actor-days", "actors' school days in the hour"),
            measure("actor_days_through", "Let through", "of them with something let through"),
            evidence("distinct_people", "Different people", "people"),
            evidence("largest_share_of_actor_days", "Most by one", "share of actor-days of one actor"),
        ],
        rows,
        notes,
        reading,
    })
}
