//! Whatever governors or parents get, scanned for a number that the sealed set does not hold, by
//! programs of another language that see what a reader sees (`tests/attacker`).

use std::path::{Path, PathBuf};

use super::support::{demo, out, python};

const SCANNER: &str = "../attacker/artefacts.py";

/// Files of `demo`, each with the set that it was made from.
#[test]
fn no_file_holds_a_number_that_the_set_does_not() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    for (school, period) in [("northfield", "2025-autumn"), ("oakhill", "2025-26")] {
        for audience in ["governors", "parents"] {
            let set = folder.path().join(format!("{school}-{audience}.json"));
            let id = format!("{school}-{period}-{audience}");
            let shown = out(&mut demo.ask(school, &["releases", "show", &id, "--format", "json"]));
            std::fs::write(&set, shown).unwrap();
            let files: Vec<PathBuf> = ["html", "json", "svg", "png"]
                .iter()
                .map(|ending| demo.folder.join(format!("{audience}-{school}.{ending}")))
                .filter(|path| path.exists())
                .collect();
            assert!(files.len() > 1, "the demo made hardly anything for {audience}");
            let arguments: Vec<&Path> =
                std::iter::once(set.as_path()).chain(files.iter().map(PathBuf::as_path)).collect();
            println!("{}", python(SCANNER, &arguments));
        }
    }
}

/// Two installations of a school, from keys to pages: other pupils, other numbers, the same bands.
#[test]
fn equal_bands_give_equal_bytes_on_every_page() {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_watershed"));
    println!("{}", python("../attacker/installations.py", &[program, folder.path()]));
}

/// Schools from logs to sets, with all that makes counting hard, held against their generator and attacked.
/// `WATERSHED_LAKE_SCHOOLS` says how many.
#[test]
fn schools_counted_from_their_logs_give_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_watershed"));
    let count = std::env::var("WATERSHED_LAKE_SCHOOLS").unwrap_or_else(|_| "3".to_owned());
    println!("{}", python("../attacker/lake_schools.py", &[program, folder.path(), Path::new(&count)]));
}
