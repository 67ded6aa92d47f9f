//! Where things stand: first lines, lengths, names, files that nothing names.

use super::demand;
use super::tree::{files, read, sources, stem};

#[test]
fn every_module_says_first_what_it_is() {
    let found: Vec<String> = sources()
        .iter()
        .filter(|source| {
            let first = source.text.lines().next().unwrap_or_default();
            !first.starts_with("//! ") && first != "#![doc = include_str!(\"../README.md\")]"
        })
        .map(|source| source.path.clone())
        .collect();
    demand(&found, "begin the file with a `//!` line: one sentence, what the module is for");
}

#[test]
fn no_module_is_empty() {
    let found: Vec<String> = sources()
        .iter()
        .filter(|source| source.code.trim().is_empty())
        .map(|source| source.path.clone())
        .collect();
    demand(&found, "put into the module what it says it is for, or delete it");
}

/// No file is longer.
const LONGEST: usize = 600;
/// Half of the files are no longer.
const MEDIAN: usize = 200;
/// Nine files in ten are no longer.
const NINE_IN_TEN: usize = 400;

#[test]
fn files_are_short() {
    let mut lengths: Vec<(usize, &str)> =
        sources().iter().map(|source| (source.text.lines().count(), source.path.as_str())).collect();
    lengths.sort_unstable();
    let (median, ninth) = (lengths[lengths.len() / 2].0, lengths[lengths.len() * 9 / 10].0);
    let longest = lengths[lengths.len() - 1];
    println!(
        "{} files: median {median} lines, nine in ten at most {ninth}, longest {} ({})",
        lengths.len(),
        longest.0,
        longest.1
    );
    let mut found: Vec<String> = lengths
        .iter()
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, path)| format!("{path}: {lines} lines, {LONGEST} at most"))
        .collect();
    if median > MEDIAN {
        found.push(format!("the median is {median} lines, {MEDIAN} at most"));
    }
    if ninth > NINE_IN_TEN {
        found.push(format!("nine files in ten have up to {ninth} lines, {NINE_IN_TEN} at most"));
    }
    demand(
        &found,
        "split by what the parts are for; tests of over 150 lines go to `tests.rs` beside the file",
    );
}

/// Names that say nothing about what is in them.
const EMPTY_NAMES: &[&str] =
    &["utils", "util", "helpers", "helper", "common", "core", "misc", "manager", "base", "shared", "lib2"];

#[test]
fn names_say_what_is_inside() {
    let found: Vec<String> = files()
        .iter()
        .filter(|path| {
            path.split('/').any(|part| {
                let name = part.split_once('.').map_or(part, |(name, _)| name);
                EMPTY_NAMES.contains(&name)
                    || EMPTY_NAMES.iter().any(|word| name.ends_with(&format!("_{word}")))
            })
        })
        .cloned()
        .collect();
    demand(&found, "name the file after what it does, in whole words");
}

#[test]
fn every_file_is_part_of_the_program() {
    let mut found = Vec::new();
    for source in sources() {
        let (folder, name) = source.path.rsplit_once('/').unwrap();
        if ["lib.rs", "main.rs"].contains(&name) || ["tests", "tests/tidy"].contains(&folder) {
            continue;
        }
        let (module, parent) = if name == "mod.rs" {
            let (above, module) = folder.rsplit_once('/').unwrap();
            (module, above)
        } else {
            (stem(name), folder)
        };
        let parents = ["mod.rs", "lib.rs", "main.rs"].map(|file| format!("{parent}/{file}"));
        let parents = parents.iter().cloned().chain([format!("{parent}.rs")]);
        let named = parents.filter(|path| files().contains(path)).any(|path| {
            let text = read(&path);
            text.contains(&format!("mod {module};")) || text.contains("_$module;") || in_list(&text, module)
        });
        let by_path = sources().iter().any(|other| {
            other.path.rsplit_once('/').is_some_and(|(above, _)| above == folder)
                && other.text.contains(&format!("#[path = \"{name}\"]"))
        });
        // A target of a manifest in the folder above.
        let target = folder.rsplit_once('/').is_some_and(|(above, last)| {
            let manifest = format!("{above}/Cargo.toml");
            files().contains(&manifest) && read(&manifest).contains(&format!("path = \"{last}/{name}\""))
        });
        if !named && !by_path && !target {
            found.push(source.path.clone());
        }
    }
    demand(
        &found,
        "the compiler never sees this file: name it with `mod`, or in its folder's list, or delete it",
    );
}

/// Whether a macro's list names the module.
fn in_list(text: &str, module: &str) -> bool {
    ["mod $module;", "mod $word;"].iter().any(|pattern| text.contains(pattern))
        && text
            .split(|character: char| !character.is_alphanumeric() && character != '_')
            .any(|word| word == module)
}

/// Sleeps because the moment at which it kills a run is a time, not because it waits for something.
const MAY_SLEEP: &str = "tests/it/crash.rs";

#[test]
fn tests_neither_sleep_nor_are_left_out() {
    let (ignored, asleep) = ("#[ignore", "thread::sleep");
    let found: Vec<String> = sources()
        .iter()
        .filter(|source| source.path != "tests/tidy/layout.rs")
        .flat_map(|source| {
            source
                .code
                .lines()
                .enumerate()
                .filter(|(_, line)| {
                    line.contains(ignored)
                        || (source.is_test() && source.path != MAY_SLEEP && line.contains(asleep))
                })
                .map(|(at, _)| format!("{}:{}", source.path, at + 1))
        })
        .collect();
    demand(&found, "make the test quick and sure, or take it out; wait for an event instead of a time");
}

#[test]
fn the_lock_file_is_kept() {
    let missing = !files().iter().any(|path| path == "Cargo.lock");
    let ignored = read(".gitignore").lines().any(|line| line.contains("Cargo.lock"));
    let found = if missing || ignored { vec!["Cargo.lock".to_owned()] } else { Vec::new() };
    demand(&found, "commit Cargo.lock: everybody builds the same tree");
}
