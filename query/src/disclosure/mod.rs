//! The only door out of this crate: cleared tables for staff, sealed sets for everybody else.

pub mod audience;
mod band;
mod breakdown;
mod cascade;
mod categories;
mod compose;
pub(crate) mod control;
mod count;
pub mod formats;
pub mod gate;
mod groups;
pub mod ledger;
mod operational;
mod percentages;
pub mod policy;
pub mod publish;
pub mod releasable;
pub mod sealed;
pub mod shape;
mod statements;
pub mod table;
mod trend_words;
