//! One file and one word in a list: formats, profiles, metrics, charts, features.

use super::demand;
use super::tree::{files, listed, read, source, sources, stem};

/// Rust files right in a folder.
fn in_folder(folder: &str) -> impl Iterator<Item = &'static super::source::Source> {
    sources().iter().filter(move |source| {
        source.path.rsplit_once('/').is_some_and(|(parent, name)| parent == folder && name != "mod.rs")
    })
}

/// Words that stand on one side only.
fn differences(left: &[String], left_name: &str, right: &[String], right_name: &str) -> Vec<String> {
    let only = |one: &[String], other: &[String], here: &str, there: &str| -> Vec<String> {
        let missing = one.iter().filter(|word| !other.contains(word));
        missing.map(|word| format!("`{word}` is in {here} but not in {there}")).collect()
    };
    let mut found = only(left, right, left_name, right_name);
    found.extend(only(right, left, right_name, left_name));
    found
}

#[test]
fn every_format_is_in_the_list_and_has_examples() {
    let mut found = Vec::new();
    let mut with_format = Vec::new();
    for source in in_folder("ingest/src/formats") {
        if source.code.contains("static FORMAT: Format") {
            with_format.push(stem(&source.path).to_owned());
            let examples = source.code.split("Example {").count() - 1;
            if examples < 3 || !source.code.contains("examples: EXAMPLES") {
                found.push(format!("{}: {examples} examples, at least 3 are wanted", source.path));
            }
        }
    }
    let list = listed(&source("ingest/src/formats/mod.rs").code, "formats![");
    found.extend(differences(&with_format, "a file", &list, "`formats![...]`"));
    demand(&found, "a format is one file with a FORMAT and its EXAMPLES, and one word in `formats![...]`");
}

/// Ids of built-in formats.
fn format_ids() -> Vec<String> {
    listed(&source("ingest/src/formats/mod.rs").code, "formats![")
        .iter()
        .map(|word| {
            let source = source(&format!("ingest/src/formats/{word}.rs"));
            let (_, from) = source.text.split_once("\n    id: \"").unwrap_or_else(|| panic!("{word}: no id"));
            from.split('"').next().unwrap().to_owned()
        })
        .collect()
}

/// Ids of shipped profiles.
fn profile_ids() -> Vec<String> {
    let of_profiles = files().iter().filter(|path| path.starts_with("ingest/data/profiles/"));
    of_profiles.map(|path| stem(path).to_owned()).collect()
}

/// What each format is shown by.
const SAMPLES: &[&str] = &["basic", "recoverable-errors", "unrelated", "hostile"];

#[test]
fn every_format_has_sample_logs() {
    let mut folders: Vec<String> = files()
        .iter()
        .filter_map(|path| {
            path.strip_prefix("sample-logs/")?.split_once('/').map(|(folder, _)| folder.to_owned())
        })
        .collect();
    folders.dedup();
    // A profile is data, and so is its sample: the `[[test]]` in its own file. It may have a folder too.
    let (formats, profiles) = (format_ids(), profile_ids());
    let of_formats: Vec<String> =
        folders.iter().filter(|folder| !profiles.contains(folder)).cloned().collect();
    let mut found = differences(&of_formats, "`sample-logs/`", &formats, "the formats and profiles");
    found.extend(profiles.iter().filter_map(|id| {
        let path = format!("ingest/data/profiles/{id}.toml");
        (!read(&path).contains("\n[[test]]\n")).then(|| format!("{path} has no `[[test]]`"))
    }));
    for id in &folders {
        for sample in SAMPLES {
            let path = format!("sample-logs/{id}/{sample}.log");
            if !files().contains(&path) {
                found.push(format!("{path} is missing"));
            }
        }
    }
    demand(
        &found,
        "give each format a folder in `sample-logs/` with the four files that its README describes, and each \
         profile a `[[test]]` in its file",
    );
}

#[test]
fn every_metric_is_in_the_list() {
    let is_metric = |source: &&super::source::Source| {
        source.code.contains("const READS: ") && source.code.contains("async fn figures(")
    };
    let files = in_folder("query/src/metrics").filter(is_metric).map(|source| stem(&source.path).to_owned());
    // One of several tables may be a folder with a file for each.
    let folders = sources().iter().filter(is_metric).filter_map(|source| {
        source.path.strip_prefix("query/src/metrics/")?.strip_suffix("/mod.rs").map(str::to_owned)
    });
    let with_figures: Vec<String> = files.chain(folders).collect();
    let list = listed(&source("query/src/metrics/mod.rs").code, "metrics! {");
    let found = differences(&with_figures, "a file", &list, "`metrics! {...}`");
    demand(&found, "a metric is one file or folder with `figures` and one line in `metrics! {...}`");
}

#[test]
fn every_chart_can_be_asked_for() {
    let list = &source("reports/src/chart/mod.rs").code;
    let found: Vec<String> = in_folder("reports/src/chart")
        .filter(|source| !source.is_test() && source.code.contains("fn draw("))
        .filter(|source| !list.contains(&format!("{}::draw(", stem(&source.path))))
        .map(|source| source.path.clone())
        .collect();
    demand(&found, "give the chart a public function in `reports/src/chart/mod.rs`, or delete its file");
}

#[test]
fn every_feature_says_what_it_is_for() {
    let mut found = Vec::new();
    for path in files().iter().filter(|path| stem(path) == "Cargo" && path.ends_with(".toml")) {
        let text = read(path);
        let mut inside = false;
        let mut before = "";
        for line in text.lines() {
            if line.starts_with('[') {
                inside = line == "[features]";
            } else if inside && line.contains('=') && !line.starts_with("default") && !before.starts_with('#')
            {
                found.push(format!("{path}: {}", line.split('=').next().unwrap().trim()));
            }
            before = line;
        }
    }
    demand(&found, "write a comment above the feature: what it brings, and who leaves it out");
}

#[test]
fn every_route_is_in_the_book() {
    let code = &source("reports/src/http/routes.rs").text;
    let routes: Vec<String> = code
        .match_indices(".route(\"")
        .map(|(at, opening)| code[at + opening.len()..].split('"').next().unwrap().to_owned())
        .collect();
    let book: Vec<String> = read("reports/README.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `/")?.split_once('`').map(|(route, _)| format!("/{route}")))
        .collect();
    let found = differences(&routes, "`routes.rs`", &book, "`reports/README.md`");
    demand(&found, "say in the book's table of routes what the page shows and to whom");
}
