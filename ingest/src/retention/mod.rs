//! Retention: what goes when, what a hold keeps, and how it goes so that nothing of it stays.
//!
//! A plan is made from what lies on the disk, the clocks and the holds, and from nothing else: a run that
//! was killed leaves things on the disk, so the next plan has them again. Order of a run: the state file
//! notes the work, closes the days and forgets its own rows; notes stand in the place of keys that go; one
//! commit per table; the files are unlinked; the keys are written over; the tables' logs forget their
//! history, whose statistics know the least and the greatest pseudonym of each dropped file; last the noted
//! work moves to the deletion log. Until then `check` says that something is unfinished.

pub mod clocks;
#[cfg(feature = "lake")]
mod disk;
#[cfg(feature = "lake")]
mod doubt;
#[cfg(feature = "lake")]
mod holding;
#[cfg(feature = "lake")]
mod imported;
#[cfg(feature = "lake")]
mod plan;
#[cfg(feature = "lake")]
mod report;
#[cfg(feature = "lake")]
mod run;
#[cfg(feature = "lake")]
mod tables;
#[cfg(feature = "lake")]
mod thin;
#[cfg(feature = "lake")]
mod visits;
#[cfg(feature = "lake")]
mod whose;

pub use clocks::Clocks;
#[cfg(feature = "lake")]
pub(crate) use disk::below;
#[cfg(feature = "lake")]
pub(crate) use doubt::{is_believable, is_shorter};
#[cfg(feature = "lake")]
pub use report::{Line, RetainReport, Tier};
#[cfg(feature = "lake")]
pub use run::Retain;
#[cfg(feature = "lake")]
pub(crate) use thin::end_with_key as end_thinning_with_key;
#[cfg(feature = "lake")]
pub use thin::{ThinReport, Thinning};

#[cfg(all(test, feature = "lake"))]
mod tests;
