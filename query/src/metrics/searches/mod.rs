//! What was searched for and first seen: new grave sites and searches (Q4), search engines, ways round the filter
//! by network and hour (Q7), and generative AI (Q19). Words stand in the vault only.

mod bypass;
mod engines;
mod first_seen;
mod generative;

use ingest::schema::{self, TableSchema};

use super::{Place, Unseen, table_of};
use crate::error::Error;
use crate::figures::Figures;
use crate::plan::Reader;

/// First seen, search engines, ways round the filter, generative AI.
pub(super) const TABLES: &[&str] = &["new", "engines", "bypass", "ai"];
/// What it reads. `requests` is read by theme, by severity or for records of searches only.
pub(super) const READS: &[&TableSchema] = &[
    &schema::REQUESTS,
    &schema::BLOCKED_SITE_DAYS,
    &schema::EPISODES,
    &schema::ACTOR_DAYS,
    &schema::ACTIVITY,
    &schema::IMPORTS,
];

/// Computes it.
pub(super) async fn figures(
    reader: &Reader<'_>,
    _place: &Place<'_>,
    unseen: &Unseen,
) -> Result<Figures, Error> {
    match table_of(TABLES, reader.ask.table.as_deref())? {
        "engines" => engines::figures(reader).await,
        "bypass" => bypass::figures(reader, unseen).await,
        "ai" => generative::figures(reader).await,
        _ => first_seen::figures(reader).await,
    }
}

/// From which day on single records are kept; older visits that were allowed cannot be seen.
async fn records_from(reader: &Reader<'_>) -> Result<String, Error> {
    let first = reader.session.query("SELECT min(local_date) AS day FROM requests", &[]).await?.day(0, "day");
    Ok(first.map_or_else(
        || "No single records are kept any more.".to_owned(),
        |day| {
            format!(
                "Single records are kept from {} on; what is older is known where it was blocked.",
                crate::wording::day(day)
            )
        },
    ))
}

/// The filter on group and theme over `requests` beside a condition; only school days, nothing illegal.
fn requests_where(reader: &Reader<'_>, only: &str) -> String {
    let mut text = format!(
        "local_date BETWEEN $first AND $last AND school_day AND NOT illegal AND NOT record_noise AND ({only})"
    );
    if reader.ask.group.is_some() {
        text.push_str(" AND group_id = $group");
    }
    if reader.ask.theme.is_some() {
        text.push_str(" AND coalesce(search_theme, theme, 'no theme') = $theme");
    }
    text
}
