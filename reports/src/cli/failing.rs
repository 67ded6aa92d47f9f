//! What is said, and what is left, when the program itself fails or was called wrongly: places, never values.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::printer::Printer;

/// A core dump would be a file with everything that was being worked on: keys, names, addresses. Programs to which a
/// kernel hands dumps look at the limit too (`systemd-coredump`).
pub(super) fn no_core_dumps() {
    if rlimit::Resource::CORE.set(0, 0).is_err() {
        Printer::default()
            .say("watershed: core dumps cannot be switched off here: do it for the service (`LimitCORE=0`)");
    }
}

/// A panic's message can hold what it was about, so only its place is printed. The number of a thread or a
/// back-trace says nothing that the place does not.
pub(super) fn no_values_in_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(
            || "an unknown place".to_owned(),
            |place| format!("{}:{}", place.file(), place.line()),
        );
        Printer::default().say(&format!(
            "watershed {}: stopped at {place}, by a mistake of the program. Nothing that was reported done is lost; \
             run the command again, and if it happens again report this place.",
            env!("CARGO_PKG_VERSION")
        ));
    }));
}

/// Help as it is; of anything else what was wrong and with which argument, and not what stood there.
pub(super) fn wrong_arguments(error: &clap::Error) -> ExitCode {
    if error.exit_code() == 0 {
        // Help or version.
        Printer::default().out(&error.render().to_string());
        return ExitCode::SUCCESS;
    }
    let what = match error.kind() {
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => "a value cannot be read",
        ErrorKind::UnknownArgument => "there is no such argument",
        ErrorKind::InvalidSubcommand => "there is no such command",
        ErrorKind::NoEquals | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            "a value is missing"
        }
        ErrorKind::TooManyValues => "there are too many values",
        ErrorKind::ArgumentConflict => "two arguments exclude each other",
        ErrorKind::MissingRequiredArgument => "an argument is missing",
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Printer::default().say(&error.render().to_string());
            return ExitCode::from(2);
        }
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8",
        _ => "the arguments cannot be read",
    };
    // The program's own words: names of its arguments and the values that they can have.
    let mut said = format!("watershed: {what}");
    let is_ours = !matches!(error.kind(), ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand);
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(name)) if is_ours => said.push_str(&format!(": {name}")),
        Some(ContextValue::Strings(names)) if is_ours => said.push_str(&format!(": {}", names.join(", "))),
        _ => {}
    }
    for kind in [ContextKind::ValidValue, ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand] {
        match error.get(kind) {
            Some(ContextValue::String(word)) => said.push_str(&format!("; did you mean `{word}`?")),
            Some(ContextValue::Strings(words)) if !words.is_empty() => {
                said.push_str(&format!("; there is: {}", words.join(", ")));
            }
            _ => {}
        }
    }
    Printer::default().say(&format!("{said}; `watershed help` lists all"));
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    const IN_A_PROGRAM_OF_ITS_OWN: &str = "WATERSHED_TEST_PANICS";

    /// Panics only in a program of its own, which the test below starts.
    #[test]
    fn stops_by_a_mistake() {
        if std::env::var_os(IN_A_PROGRAM_OF_ITS_OWN).is_none() {
            return;
        }
        super::no_values_in_panics();
        panic!("a pupil called zqmark");
    }

    #[test]
    fn a_panic_says_its_place_and_not_its_values() {
        let program = std::env::current_exe().unwrap();
        let output = std::process::Command::new(program)
            .args(["--exact", "--nocapture", "cli::failing::tests::stops_by_a_mistake"])
            .env(IN_A_PROGRAM_OF_ITS_OWN, "1")
            .env("RUST_BACKTRACE", "full")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("failing.rs:") && said.contains("report this place"), "{said}");
        let whole = format!("{said}{}", String::from_utf8_lossy(&output.stdout));
        assert!(!whole.contains("zqmark"), "{whole}");
    }
}
