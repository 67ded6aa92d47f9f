//! Words that do not stand in this project, and why.

use super::demand;
use super::tree::{files, read, sources};

/// Text files that people read or tools obey.
const TEXT: &[&str] = &["rs", "toml", "md", "html", "css", "csv", "sh", "py", "txt", "log", "lock"];

fn text_files() -> impl Iterator<Item = (&'static str, String)> {
    files()
        .iter()
        .filter(|path| {
            path.rsplit('/').next().is_some_and(|name| !name.contains('.'))
                || path.rsplit('.').next().is_some_and(|ending| TEXT.contains(&ending))
        })
        .map(|path| (path.as_str(), read(path)))
}

/// Lines of a text that hold one of the words.
fn holding(path: &str, text: &str, words: &[String]) -> Vec<String> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(at, line)| {
            words
                .iter()
                .find(|word| line.contains(word.as_str()))
                .map(|word| format!("{path}:{}: {word}", at + 1))
        })
        .collect()
}

/// Splits a word here so that this file does not hold it.
fn word(parts: &[&str]) -> String {
    parts.concat()
}

#[test]
fn nothing_is_left_for_later() {
    let words = [word(&["TO", "DO"]), word(&["FIX", "ME"]), word(&["XX", "X:"]), word(&["for ", "now,"])];
    let words = [words.as_slice(), &[word(&["for ", "now."]), word(&["todo", "!("])]].concat();
    let found: Vec<String> = text_files()
        .filter(|(path, _)| !is_data(path))
        .flat_map(|(path, text)| holding(path, &text, &words))
        .collect();
    demand(&found, "do it, or say in the documentation that it is not there");
}

/// Sites, words of logs and locked versions are not our prose.
fn is_data(path: &str) -> bool {
    path.starts_with("ingest/data/") || path.starts_with("sample-logs/") || path == "Cargo.lock"
}

#[test]
fn nothing_is_unsafe() {
    let keyword = word(&["un", "safe"]);
    let found: Vec<String> = sources()
        .iter()
        .flat_map(|source| {
            source
                .code
                .lines()
                .enumerate()
                .filter(|(_, line)| {
                    line.split(|character: char| !character.is_alphanumeric() && character != '_')
                        .any(|part| part == keyword)
                })
                .map(|(at, _)| format!("{}:{}", source.path, at + 1))
        })
        .collect();
    demand(&found, "there is a safe way; a dependency may have it");
}

#[test]
fn nothing_names_a_place_outside() {
    let words = [word(&["/wo", "rk/"]), word(&["/tm", "p/wt"]), word(&["/ro", "ot/"])];
    let found: Vec<String> = text_files()
        .filter(|(path, _)| !is_data(path))
        .flat_map(|(path, text)| holding(path, &text, &words))
        .collect();
    demand(&found, "name places within the project, or take them from a flag or variable");
}

/// Uses of the word with what makes it precise; there are none yet.
const QUALIFIED: &[&str] = &[];

#[test]
fn the_word_that_means_anything_is_not_printed() {
    let wanted = word(&["bre", "ach"]);
    let bare = |text: &str| {
        let mut text = text.to_lowercase();
        for qualified in QUALIFIED {
            text = text.replace(qualified, "");
        }
        text.contains(&wanted)
    };
    let mut found = Vec::new();
    for source in sources() {
        let strings = source.product_strings().filter(|(_, text)| bare(text));
        found.extend(strings.map(|(line, _)| format!("{}:{line}", source.path)));
    }
    for path in files().iter().filter(|path| path.ends_with(".html")) {
        if bare(&read(path)) {
            found.push(path.clone());
        }
    }
    demand(&found, "say what it is: a blocked attempt, an episode, an actor-day, an incident");
}

#[test]
fn every_exception_has_a_reason() {
    let mut found = Vec::new();
    for source in sources() {
        for (at, form) in ["allow(", "expect("].iter().flat_map(|form| source.code.match_indices(form)) {
            let before = &source.code[..at];
            if !(before.ends_with("#[") || before.ends_with("#![")) {
                continue;
            }
            let rest = &source.code[at + form.len()..];
            if !rest[..rest.find(']').unwrap_or(rest.len())].contains("reason") {
                found.push(format!("{}:{}", source.path, before.lines().count()));
            }
        }
    }
    demand(&found, "write `reason = \"...\"` into the attribute");
}
