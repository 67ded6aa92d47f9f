//! Retention: what goes when, what a hold keeps, and how it goes so that nothing of it stays.

pub mod clocks;

pub use clocks::Clocks;
