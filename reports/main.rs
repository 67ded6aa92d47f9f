//! The `watershed` binary; everything it does is in `reports::cli`.
fn main() {}
