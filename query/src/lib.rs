//! From a committed lake to tables that are cleared for the people who may see them.

pub mod audit;
mod catalog;
pub mod disclosure;
mod error;
mod figures;
mod metrics;
mod plan;
mod service;
mod session;
pub mod statistics;
pub mod unlock;
mod window;

pub use disclosure::audience::{Audience, Governors, Public, Staff};
pub use disclosure::releasable::Releasable;
pub use disclosure::table::{Cell, ColumnRole, CoveredPeriod, Table, TableColumn, Versions};
pub use error::{Error, Kind};
pub use service::{Ask, School};
