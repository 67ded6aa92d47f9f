//! Rows of the lake's tables, built column by column.
//!
//! [`RequestBatch`] takes nothing but an `Event<Pseudonymous>`: this is the lake's side of wall 1.

mod dictionary;
mod incident_links;
mod incidents;
mod ledger;
mod requests;

pub use incident_links::IncidentLinkBatch;
pub use incidents::IncidentBatch;
pub use ledger::{ImportRow, RejectRow, imports, rejects};
pub use requests::RequestBatch;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may")]
pub(crate) mod sample;

#[cfg(test)]
mod tests;
