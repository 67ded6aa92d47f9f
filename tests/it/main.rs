//! The one integration binary: the program as its users run it, checked from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may"
)]

mod aged;
mod artefacts;
mod cohort_school;
mod cohorts;
mod command_line;
mod corpus;
mod crash;
mod disk;
mod edges;
mod faults;
mod investigations;
mod leaks;
mod mail;
mod manual;
mod marks;
mod metamorphic;
mod night;
mod paperwork;
mod peers;
mod personal;
mod power;
mod readme;
mod recompute;
mod recompute_gotthrough;
mod recompute_ledger;
mod recompute_overblocking;
mod recompute_trend;
mod recompute_trust;
mod retention;
mod secrets;
mod staff;
mod support;
