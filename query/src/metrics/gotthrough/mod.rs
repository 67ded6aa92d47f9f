//! What got through the filter (B3), by sub-type: against policy (B3a), later recategorised (B3b), reported by a
//! person (B3c), test pages that were reachable (B3d). Domain study 5.2; units as in metrics.md.

mod policy_gap;
mod recategorised;
mod reported;
mod tests_reached;

use ingest::schema::{self, TableSchema};

use super::{Place, Unseen, table_of};
use crate::error::Error;
use crate::figures::Figures;
use crate::plan::Reader;

/// Against policy, sites blocked afterwards, reported sites, tests.
pub(super) const TABLES: &[&str] = &["policy", "recategorised", "reported", "tests"];
/// What it reads. `requests` is read for sites that were blocked afterwards only.
pub(super) const READS: &[&TableSchema] = &[
    &schema::EPISODES,
    &schema::ACTIVITY,
    &schema::REQUESTS,
    &schema::CHANGES,
    &schema::CHECKS,
    &schema::IMPORTS,
];

/// Said where no record shows what the filter decided.
const NOT_MEASURABLE: &str = "Not measurable: this export shows no decision.";

/// Computes it.
pub(super) async fn figures(
    reader: &Reader<'_>,
    place: &Place<'_>,
    unseen: &Unseen,
) -> Result<Figures, Error> {
    match table_of(TABLES, reader.ask.table.as_deref())? {
        "recategorised" => recategorised::figures(reader, unseen).await,
        "reported" => reported::figures(reader).await,
        "tests" => tests_reached::figures(reader).await,
        _ => policy_gap::figures(reader, place, unseen).await,
    }
}
