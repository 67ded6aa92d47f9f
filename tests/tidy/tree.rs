//! The project's files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::source::Source;

/// The project's folder, asked for when it runs: a build folder may serve several checkouts.
pub(super) fn root() -> PathBuf {
    PathBuf::from(
        std::env::var_os("CARGO_MANIFEST_DIR").expect("run by cargo, or with CARGO_MANIFEST_DIR set"),
    )
}

/// Names at the top that are no source: Git's own, and what `.gitignore` names.
fn skipped() -> Vec<PathBuf> {
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap();
    let names = ignored.lines().filter_map(|line| line.strip_prefix('/'));
    names.chain([".git"]).map(|name| root().join(name)).collect()
}

fn walk(folder: &Path, skipped: &[PathBuf], found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries.into_iter().filter(|path| !skipped.contains(path)) {
        if path.is_dir() {
            walk(&path, skipped, found);
        } else {
            found.push(path);
        }
    }
}

/// Every file, by its path from the project's folder, slashes forward, sorted.
pub(super) fn files() -> &'static [String] {
    static FILES: OnceLock<Vec<String>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut found = Vec::new();
        walk(&root(), &skipped(), &mut found);
        found.iter().map(|path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned()).collect()
    })
}

/// Every Rust file, taken apart.
pub(super) fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        files()
            .iter()
            .filter(|path| path.ends_with(".rs"))
            .map(|path| Source::new(path, &read(path)))
            .collect()
    })
}

/// The text of a file; an empty one where it is no text.
pub(super) fn read(path: &str) -> String {
    let bytes = fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    String::from_utf8(bytes).unwrap_or_default()
}

/// A source that must be there.
pub(super) fn source(path: &str) -> &'static Source {
    sources().iter().find(|source| source.path == path).unwrap_or_else(|| {
        panic!("{path} is gone; if it was moved, tell `tests/tidy` where its rule now applies")
    })
}

/// The words between the brackets after the last `opening` in a text, commas and blanks off.
pub(super) fn listed(code: &str, opening: &str) -> Vec<String> {
    let begin = code.rfind(opening).unwrap_or_else(|| panic!("the list `{opening}` is gone")) + opening.len();
    let end = begin + code[begin..].find([']', '}']).unwrap();
    code[begin..end]
        .split(|character: char| character == ',' || character.is_whitespace())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Last part of a path, without its ending.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap();
    name.split_once('.').map_or(name, |(stem, _)| stem)
}
