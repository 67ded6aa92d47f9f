//! The files in `sample-logs/` become what their README says, counted by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeMap;

use super::*;
use crate::detect::{Detection, detect};
use crate::formats::profile::ProfileSet;

/// One line of the README's table, without its edges.
fn row(line: &str) -> Option<Vec<&str>> {
    let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
    cells[0].contains('/').then_some(cells)
}

fn read(content: &[u8], profiles: &ProfileSet) -> Option<(String, Tally)> {
    let Detection::Found(detected) = detect(content, profiles) else { return None };
    let mut tally = Tally::default();
    read_records(&mut &content[..], &detected, &mut tally, &mut |_, _, parsed, tally| {
        match parsed {
            Ok(Parsed::Other(kind)) => *tally.other.entry(kind.word()).or_default() += 1,
            Ok(_) => tally.events += 1,
            Err(reject) => tally.reject(reject.reason),
        }
        Ok(())
    })
    .unwrap();
    tally.conserve(tally.events).unwrap();
    Some((detected.format_id().to_owned(), tally))
}

#[test]
fn sample_logs_become_what_their_readme_says() {
    let folder =
        std::path::Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../sample-logs");
    let profiles = ProfileSet::shipped().unwrap();
    let text = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let mut differences = Vec::new();
    let mut stated = 0;
    for cells in text.lines().filter_map(row) {
        let name = cells[0];
        let content = std::fs::read(folder.join(format!("{name}.log"))).unwrap();
        let found = match read(&content, &profiles) {
            None => "refused".to_owned(),
            Some((format, tally)) => {
                assert_eq!(name.split('/').next(), Some(format.as_str()), "{name}");
                let rejects: BTreeMap<_, _> = tally.rejects.iter().collect();
                let rejects: Vec<_> =
                    rejects.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
                let counts = [tally.records, tally.events, tally.others(), tally.blanks, tally.directives];
                let counts: Vec<_> = counts.iter().map(u64::to_string).collect();
                format!("{} | {}", counts.join(" | "), rejects.join(", "))
            }
        };
        let wanted = if cells[1] == "refused" { "refused".to_owned() } else { cells[1..].join(" | ") };
        if found != wanted {
            differences.push(format!("{name}\n  stated: {wanted}\n  found:  {found}"));
        }
        stated += 1;
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let there =
        std::fs::read_dir(&folder).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert_eq!(stated, there * 4, "four files in each folder, a line for each");
}
