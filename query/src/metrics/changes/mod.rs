//! The change ledger: what was asked and decided, what outlived its end, what changed without a record, and
//! whether a change moved anything.

mod actions;
mod effect;
mod exceptions;
mod rows;
mod summary;
mod temporary;
mod triggers;
mod unrecorded;

use ingest::schema::{self, TableSchema};
use jiff::civil::Date;

use super::{Place, Unseen, table_of};
use crate::error::Error;
use crate::figures::Figures;
use crate::plan::Reader;

/// Requests and decisions; reasons and two persons; unblocks and their use; exceptions; flips without a row; series around a change; when
/// to review; findings and actions.
pub(super) const TABLES: &[&str] =
    &["summary", "process", "temporary", "exceptions", "unrecorded", "effect", "triggers", "actions"];
/// What it reads. `requests` is asked for single sites and codes only.
pub(super) const READS: &[&TableSchema] = &[
    &schema::CHANGES,
    &schema::REQUESTS,
    &schema::BLOCKED_SITE_DAYS,
    &schema::ACTOR_DAYS,
    &schema::ACTOR_THEME_DAYS,
    &schema::EPISODES,
    &schema::INCIDENTS,
    &schema::ACTIVITY,
    &schema::IMPORTS,
];

/// What somebody or something was let through with; a warning alone lets nobody through.
const LET_THROUGH: &str = "('allowed', 'proceeded', 'bypassed', 'monitored')";

/// Computes it.
pub(super) async fn figures(
    reader: &Reader<'_>,
    place: &Place<'_>,
    _unseen: &Unseen,
) -> Result<Figures, Error> {
    match table_of(TABLES, reader.ask.table.as_deref())? {
        "exceptions" => Ok(exceptions::figures(reader, place)),
        "actions" => Ok(actions::figures(reader, place)),
        "temporary" => temporary::figures(reader, place).await,
        "unrecorded" => unrecorded::figures(reader).await,
        "effect" => effect::figures(reader).await,
        "triggers" => triggers::figures(reader, place).await,
        "process" => summary::figures(reader, place, summary::Shown::Process).await,
        _ => summary::figures(reader, place, summary::Shown::Decisions).await,
    }
}

/// The day by which reviews and due days are judged: the last day asked about, else today.
fn judged_on(reader: &Reader<'_>, place: &Place<'_>) -> Date {
    if reader.ask.to.is_some() || reader.ask.period.is_some() { reader.window.to } else { place.now.date() }
}

/// The first day whose single records are still kept.
async fn detail_from(reader: &Reader<'_>) -> Result<Option<Date>, Error> {
    let answer = reader.session.query("SELECT min(local_date) AS first FROM requests", &[]).await?;
    Ok(answer.day(0, "first"))
}

/// Words as texts of a statement.
fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.map(|word| format!("'{}'", word.replace('\'', "''"))).collect();
    words.join(", ")
}
