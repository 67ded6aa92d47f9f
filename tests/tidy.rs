//! House rules that no compiler checks: where things stand, what may call what, which words are used.
//!
//! Needs nothing but the standard library, so that `.ci/run` can build and run it in seconds, before
//! anything else. Every failure says what to do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may"
)]

#[path = "tidy/layout.rs"]
mod layout;
#[path = "tidy/lists.rs"]
mod lists;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/tree.rs"]
mod tree;
#[path = "tidy/walls.rs"]
mod walls;
#[path = "tidy/words.rs"]
mod words;

/// Fails with every violation at once, and with how to mend them.
fn demand(violations: &[String], mend: &str) {
    assert!(violations.is_empty(), "\n  {}\nTo mend: {mend}\n", violations.join("\n  "));
}
