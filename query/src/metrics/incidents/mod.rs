//! Incidents of the school's own records: how many, how soon after an alert, what is still open, and sums
//! from elsewhere beside them. An incident and a person are different units.

mod beside;
mod counts;
mod response;
mod rows;
mod status;
mod superseded;
mod zero_tolerance;

use ingest::schema::{self, TableSchema};

use super::{Place, Unseen, table_of};
use crate::error::Error;
use crate::figures::Figures;
use crate::plan::Reader;
use crate::service::Ask;

/// Counts; alert to concern to outcome; what is always shown; open and closed; surveys and behaviour.
pub(super) const TABLES: &[&str] = &["counts", "response", "zero_tolerance", "status", "beside"];
/// What it reads.
pub(super) const READS: &[&TableSchema] =
    &[&schema::INCIDENTS, &schema::EPISODES, &schema::ACTIVITY, &schema::IMPORTS];

/// Computes it.
pub(super) async fn figures(
    reader: &Reader<'_>,
    place: &Place<'_>,
    _unseen: &Unseen,
) -> Result<Figures, Error> {
    let table = table_of(TABLES, reader.ask.table.as_deref())?;
    if table == "response" {
        return response::figures(reader, place).await;
    }
    let records = match table {
        // Always all of them: what a theme leaves out would read as none.
        "zero_tolerance" => {
            let ask = Ask { theme: None, ..reader.ask.clone() };
            rows::Records::whole(reader, place, &ask, reader.window.from, reader.window.to).await?
        }
        _ => rows::Records::of(reader, place).await?,
    };
    let mut figures = match table {
        "zero_tolerance" => zero_tolerance::figures(reader, place, &records),
        "status" => status::figures(reader, place, &records),
        "beside" => beside::figures(reader, place, &records),
        _ => counts::figures(reader, place, &records),
    };
    figures.notes.extend(superseded::note(reader).await?);
    Ok(figures)
}
