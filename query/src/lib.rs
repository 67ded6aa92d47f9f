#![doc = include_str!("../README.md")]

mod answer;
pub mod audit;
mod catalog;
pub mod disclosure;
mod embargo;
mod error;
mod feeds;
mod figures;
#[cfg(test)]
mod fixture;
mod metrics;
mod newest;
mod plan;
mod refusal;
pub mod review;
mod service;
mod session;
mod sql;
pub mod statistics;
pub mod unlock;
mod viewer;
mod window;
mod wording;

pub use disclosure::audience::{Audience, Governors, Public, Staff};
pub use disclosure::formats::{csv, json};
pub use disclosure::releasable::Releasable;
pub use disclosure::table::{Cell, ColumnRole, CoveredPeriod, Table, TableColumn, Versions};
pub use error::{Error, Kind};
pub use service::{Ask, METRICS, Metric, School};
pub use viewer::{Seat, Viewer};

/// Live marks about a person of which nobody knows whom they are about in an academic year, by their numbers: what is
/// counted of that year holds rows that they are meant to keep out. Empty where all are known.
///
/// # Errors
/// When the school's state cannot be read.
pub fn unfollowed_matters(
    root: &ingest::school::SchoolRoot,
    year: ingest::school::AcademicYear,
) -> Result<Vec<i64>, Error> {
    embargo::Embargoes::unfollowed(root, year)
}
