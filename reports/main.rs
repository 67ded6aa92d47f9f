//! The `watershed` binary; everything it does is in `reports::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    reports::cli::main()
}
