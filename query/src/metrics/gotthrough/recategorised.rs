//! B3b: sites that were visited and then put under a block within 30 days.

use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, evidence, measure};
use crate::metrics::Unseen;
use crate::plan::{ILLEGAL, Reader};
use crate::wording;

/// Days before the block in which a visit counts.
const DAYS_BEFORE: i64 = 30;

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>, unseen: &Unseen) -> Result<Figures, Error> {
    // A day of a site: the first on which the school's list or a ticket had it blocked, in the days asked about.
    let group = if reader.ask.group.is_some() { " AND r.group_id = $group" } else { "" };
    let theme = if reader.ask.theme.is_some() { " AND b.theme = $theme" } else { "" };
    let statement = format!(
        "WITH blocked_then AS (
            SELECT site, min(coalesce(applied_from, decided_date, local_date)) AS blocked_on,
                   min(code) AS code, min(coalesce(theme, 'no theme')) AS theme
            FROM changes
            WHERE asked = 'block' AND decision <> 'refused' AND site IS NOT NULL AND NOT illegal
              AND code NOT IN {ILLEGAL}
            GROUP BY site),
         asked AS (SELECT * FROM blocked_then b WHERE blocked_on BETWEEN $first AND $last{theme}),
         visits AS (
            SELECT b.site, b.blocked_on, b.code, b.theme, r.actor, r.actor_kind, r.local_date
            FROM requests r JOIN asked b ON r.site = b.site
            WHERE r.action = 'allowed' AND NOT r.record_noise AND NOT r.illegal AND r.school_day{group}
              AND r.local_date < b.blocked_on
              AND CAST(b.blocked_on AS INT) - CAST(r.local_date AS INT) <= {DAYS_BEFORE}),
         of_actor AS (
            SELECT site, actor, actor_kind, count(DISTINCT local_date) AS actor_days FROM visits
            GROUP BY site, actor, actor_kind)
         SELECT asked.site, CAST(asked.blocked_on AS VARCHAR) AS blocked_on, asked.code, asked.theme,
                coalesce(sum(o.actor_days), 0) AS actor_days,
                count(DISTINCT o.actor) FILTER (WHERE o.actor_kind = 'person') AS distinct_people,
                CAST(max(o.actor_days) AS DOUBLE) / nullif(sum(o.actor_days), 0) AS largest_share
         FROM asked LEFT JOIN of_actor o ON asked.site = o.site
         GROUP BY asked.site, asked.blocked_on, asked.code, asked.theme
         ORDER BY actor_days DESC, asked.site"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let kept = reader
        .session
        .query("SELECT min(local_date) AS day FROM requests", &[])
        .await?
        .day(0, "day");
    let rows: Vec<Vec<Cell>> = (0..answer.len())
        .map(|row| {
            vec![
                answer.text(row, "site").into(),
                answer.text(row, "blocked_on").into(),
                answer.text(row, "code").into(),
                answer.text(row, "theme").into(),
                answer.count(row, "actor_days").into(),
                answer.count(row, "distinct_people").into(),
                answer.real(row, "largest_share").into(),
            ]
        })
        .collect();
    let visited = (0..answer.len()).filter(|row| answer.count(*row, "actor_days") > 0).count() as i64;
    let days: i64 = (0..answer.len()).map(|row| answer.count(row, "actor_days")).sum();
    let reading = match answer.len() {
        0 => "No site was put under a block in these days, by what the school's list of changes and tickets say."
            .to_owned(),
        all => format!(
            "Of {} put under a block in these days, {} had been visited in the {DAYS_BEFORE} days before, on {}.",
            wording::counted(all as i64, "site", "sites"),
            wording::whole(visited),
            wording::counted(days, "actor-day", "actor-days"),
        ),
    };
    let mut notes = vec![
        format!(
            "A visit counts on school days within {DAYS_BEFORE} days before the block, if it was allowed and nothing \
             shows that nobody asked for it. Sites that the filter's own maker moved to another category are not in \
             the school's lists and are not seen here."
        ),
        kept.map_or_else(
            || "No single records are kept any more, so no visit can be seen.".to_owned(),
            |day| format!("Single records are kept from {} on; earlier visits cannot be seen.", wording::day(day)),
        ),
    ];
    if unseen.shows_no_decision() {
        notes.push(super::NOT_MEASURABLE.to_owned());
    }
    Ok(Figures {
        schema: "watershed.gotthrough.recategorised/1",
        title: "Visited before it was blocked (B3b)".to_owned(),
        unit: "actor-days: an actor with an allowed visit to the site on a school day",
        denominator: "",
        interval: "",
        about: About::People,
        columns: vec![
            dimension("site", "Site"),
            dimension("blocked_on", "Blocked from"),
            dimension("code", "Category"),
            dimension("theme", "Theme"),
            measure("actor_days", "Actor-days before", "actor-days with an allowed visit in the 30 days before"),
            evidence("distinct_people", "Different people", "people"),
            evidence("largest_share_of_actor_days", "Most by one", "share of actor-days of one actor"),
        ],
        rows,
        notes,
        reading,
    })
}
