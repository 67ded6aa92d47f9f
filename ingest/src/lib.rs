#![doc = include_str!("../README.md")]

pub mod error;
pub mod retention;
pub mod school;
pub mod settings;
pub mod state;

pub mod detect;
mod envelope;
pub mod fields;
pub mod folder;
pub mod formats;
pub mod frame;
pub mod inbox;
pub mod read;

pub mod classify;
pub mod event;
pub mod filter_change;
pub mod filter_check;
pub mod incident;
pub mod normalise;
pub mod people;
pub mod record;

mod quick_map;

pub mod keys;
pub mod pseudonymise;
#[cfg(feature = "lake")]
pub mod vault;
#[cfg(feature = "lake")]
mod worker;

#[cfg(feature = "lake")]
pub mod backup;
#[cfg(feature = "lake")]
pub mod batch;
#[cfg(feature = "lake")]
pub mod correction;
#[cfg(feature = "lake")]
pub mod derive;
#[cfg(feature = "lake")]
pub mod erasure;
#[cfg(feature = "lake")]
pub mod lake;
#[cfg(feature = "lake")]
pub mod person;
#[cfg(feature = "lake")]
pub mod pipeline;
pub mod report;
pub mod schema;

pub use error::{Error, Kind};
