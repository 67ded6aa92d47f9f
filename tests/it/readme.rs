//! README.md says what is so: its tables are the program's own, its steps run, its links lead somewhere.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use ingest::formats::{self, Verified, profile::ProfileSet};

use super::support::root;

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// What stands between two markers.
fn block(name: &str) -> String {
    let text = readme();
    let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
    let (_, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("README.md has no {begin}"));
    rest.split_once(&end).unwrap_or_else(|| panic!("README.md has no {end}")).0.trim().to_owned()
}

/// Commands of a block, fences off.
fn script(name: &str) -> String {
    block(name).lines().filter(|line| !line.starts_with("```")).collect::<Vec<_>>().join("\n")
}

/// Compares a table with what the program says, which is printed where they differ.
fn is_in_readme(name: &str, wanted: &str) {
    assert!(
        block(name) == wanted.trim(),
        "put this between README.md's `{name}` markers:\n\n{}\n",
        wanted.trim()
    );
}

#[test]
fn commands_are_the_programs() {
    is_in_readme("commands", &format!("| command | does |\n|---|---|\n{}", reports::cli::reference()));
}

#[test]
fn questions_are_the_metrics() {
    let mut table = "| question | answers | tables |\n|---|---|---|\n".to_owned();
    for metric in query::METRICS {
        writeln!(table, "| `{}` | {} | {} |", metric.word, metric.answers, metric.tables.join(", ")).unwrap();
    }
    is_in_readme("questions", &table);
}

#[test]
fn formats_are_those_that_are_read() {
    let mut table = "| format | reads | written by | layout known from |\n|---|---|---|---|\n".to_owned();
    for format in formats::ALL {
        let (title, origin, known) = (format.title, format.origin, format.verified.words());
        writeln!(table, "| `{}` | {title} | {origin} | {known} |", format.id).unwrap();
    }
    for profile in ProfileSet::shipped().unwrap().iter() {
        let (id, title, origin) = (profile.id(), profile.title(), profile.origin());
        let known = if profile.is_confirmed() { Verified::RealLines } else { Verified::Unconfirmed }.words();
        writeln!(table, "| `{id}` | {title} | {origin} | {known} |").unwrap();
    }
    is_in_readme("formats", &table);
}

#[test]
fn the_steps_run_as_they_stand() {
    let place = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("sample-logs"), place.path().join("sample-logs")).unwrap();
    let program = PathBuf::from(env!("CARGO_BIN_EXE_watershed"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script("steps")])
        .current_dir(place.path())
        .env("PATH", path)
        .env_remove("WATERSHED_DIR")
        .env_remove("WATERSHED_SCHOOL")
        .output()
        .unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{error}");
    // The last step counts by action. Blocked are 3 records of the Squid file and 4 of the other, one of
    // them (the virus) by staff, whose rows stand in a table of their own.
    assert!(out.lines().any(|line| line == "blocked,6"), "{out}");
    assert!(!place.path().join("people.csv").exists(), "the roster's source is deleted");
}

#[test]
fn the_test_command_is_there() {
    let command = script("tests");
    let file = root().join(command.trim());
    assert!(file.is_file(), "{command}");
    assert_eq!(script("demo").trim(), "cargo run -- demo --out demo");
}

#[test]
fn links_lead_somewhere() {
    let mut dead = Vec::new();
    for page in [
        "README.md",
        "CHANGELOG.md",
        "docs/corrections.md",
        "docs/nightly.md",
        "docs/paperwork.md",
        "docs/retention.md",
        "ingest/README.md",
        "query/README.md",
        "reports/README.md",
    ] {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        let folder = root().join(page).parent().unwrap().to_owned();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap();
            // Links to other sites are not followed; those to items (`mod@derive`) are rustdoc's to check.
            if !target.contains("://") && !target.contains('@') && !folder.join(target).exists() {
                dead.push(format!("{page}: {target}"));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:?}");
}
