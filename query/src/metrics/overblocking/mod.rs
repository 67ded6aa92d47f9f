//! Over-blocking: a family of figures, not one number (OB1 to OB10).
//!
//! What nobody counts here is wrong blocks over all requests: nearly all requests are harmless, and the quotient
//! would look like nothing whatever the filter did.

mod alerts;
mod audit;
mod bounds;
mod changes;
mod differential;
pub(crate) mod for_sets;
mod hidden;
mod lessons;
mod overrides;
mod panel;
mod share;
mod sites;

use ingest::schema::{self, TableSchema};

use super::{Place, Unseen, table_of};
use crate::error::Error;
use crate::figures::Figures;
use crate::plan::Reader;

/// One screen first: between which bounds; then each figure by itself.
pub(super) const TABLES: &[&str] = &[
    "bounds", "audit", "share", "lessons", "panel", "sites", "differential", "alerts", "hidden", "overrides",
];
/// What it reads.
pub(super) const READS: &[&TableSchema] = &[
    &schema::ATTEMPTS,
    &schema::ACTIVITY,
    &schema::IMPORTS,
    &schema::ACTOR_DAYS,
    &schema::BLOCKED_SITE_DAYS,
    &schema::EPISODES,
    &schema::CHANGES,
    &schema::CLASS_MINUTES,
    &schema::PANEL_DAYS,
    &schema::STAFF_ATTEMPTS,
    &schema::STAFF_REQUESTS,
];

const NOT_MEASURABLE: &str = "Not measurable: this export shows no decision.";
/// Condition: in a bell-time period that is not a break or lunch by its name.
const IN_LESSON: &str = "lesson_period IS NOT NULL AND lower(lesson_period) NOT LIKE '%break%' \
    AND lower(lesson_period) NOT LIKE '%lunch%'";

/// Attempts in lessons.
const IN_LESSONS: &str = "count(*) FILTER (WHERE lesson_period IS NOT NULL \
    AND lower(lesson_period) NOT LIKE '%break%' AND lower(lesson_period) NOT LIKE '%lunch%')";

/// Computes it.
pub(super) async fn figures(
    reader: &Reader<'_>,
    place: &Place<'_>,
    unseen: &Unseen,
) -> Result<Figures, Error> {
    match table_of(TABLES, reader.ask.table.as_deref())? {
        "share" => share::share(reader, unseen).await,
        "sites" => sites::sites(reader, place, unseen).await,
        "lessons" => lessons::lessons(reader, place, unseen).await,
        "panel" => panel::panel(reader, place, unseen).await,
        "audit" => audit::audit(reader, place, unseen),
        "differential" => differential::differential(reader, place, unseen).await,
        "alerts" => alerts::alerts(reader, place).await,
        "hidden" => hidden::hidden(reader, place, unseen).await,
        "overrides" => overrides::overrides(reader).await,
        _ => bounds::bounds(reader, place, unseen).await,
    }
}

fn notes(unseen: &Unseen) -> Vec<String> {
    let mut notes = vec![
        "A learning category on a blocked site is a reason to look, not proof of a wrong block; wrong blocks without \
         such a category are not seen here."
            .to_owned(),
    ];
    if unseen.shows_no_decision() {
        notes.push(format!(
            "{NOT_MEASURABLE} Ask the filter's provider for an export with the action, or answer its profile with `formats set`."
        ));
    }
    notes
}

