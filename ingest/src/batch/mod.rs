//! Rows of the lake's tables, built column by column.
//!
//! [`RequestBatch`] takes nothing but an `Event<Pseudonymous>`: this is the lake's side of wall 1.

mod dictionary;
mod kept;
mod ledger;
mod records;
mod requests;

pub(crate) use kept::Kept;
pub use kept::KeptBatch;
pub use ledger::{ImportRow, RejectRow, imports, rejects};
pub(crate) use records::IncidentLink;
pub use requests::RequestBatch;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may")]
pub(crate) mod sample;

#[cfg(test)]
mod tests;
