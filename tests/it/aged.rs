//! An installation whose access audit has lost its oldest entries to their clock, and back-ups from before and after:
//! restored with what the later one knows, each begins where the later one does.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::disk::build;
use super::night::Night;
use super::support::{json, out, run, watershed};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// A school, and a library with which the program believes that it is another day.
struct Place {
    night: Night,
    clock: PathBuf,
}

impl Place {
    fn new() -> Self {
        Self { night: Night::new(), clock: build("clock") }
    }

    /// The program so many days ago.
    fn program(&self, days_ago: i64) -> Command {
        let mut command = watershed();
        if days_ago > 0 {
            let seconds = (days_ago * DAY_SECONDS).to_string();
            command.env("LD_PRELOAD", &self.clock).env("CLOCK_BACK_SECONDS", seconds);
        }
        command
    }

    /// An entry of the access audit.
    fn review(&self, days_ago: i64, case: &str) {
        let review = ["audit", "review", "--role", "headteacher", "--reason", case];
        out(&mut self.night.command(self.program(days_ago), &review));
    }

    fn back_up(&self, days_ago: i64, name: &str) {
        let place = self.night.beside(name);
        out(&mut self.night.command(self.program(days_ago), &["backup", place.to_str().unwrap()]));
    }
}

fn ask(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = watershed();
    command.arg("--dir").arg(dir).args(["--school", "st-a"]).args(arguments);
    command
}

/// Cases of the entries that are there, with their numbers.
fn entries(dir: &Path) -> Vec<(i64, String)> {
    let list = json(&mut ask(dir, &["audit", "list", "--format", "json"]));
    let entry =
        |entry: &Value| (entry["sequence"].as_i64().unwrap(), entry["reason"].as_str().unwrap().to_owned());
    list["entries"].as_array().unwrap().iter().map(entry).collect()
}

/// All of the deletion log that is about the access audit.
fn dropped(dir: &Path) -> Vec<Value> {
    let log = json(&mut ask(dir, &["retain", "log", "--format", "json"]));
    let of_audit = |entry: &&Value| entry["what"] == "ledger access audit";
    log["entries"].as_array().unwrap().iter().filter(of_audit).cloned().collect()
}

fn head(dir: &Path) -> String {
    let verified = json(&mut ask(dir, &["audit", "verify", "--format", "json"]));
    verified["head"].as_str().unwrap().to_owned()
}

#[test]
fn a_restored_audit_begins_where_that_of_the_later_installation_does() {
    let place = Place::new();
    for mut command in place.night.set_up(&|| place.program(800)) {
        out(&mut command);
    }
    let file = place.night.dir().join("watershed.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    assert!(config.contains("ledger_years = 6"), "{config}");
    std::fs::write(&file, config.replace("ledger_years = 6", "ledger_years = 1")).unwrap();
    // Older than two years: past the clock whatever day of a school year it is. A hundred days: never.
    place.review(800, "one");
    place.review(800, "two");
    place.back_up(800, "first");
    place.review(790, "three");
    place.review(100, "four");
    place.back_up(100, "second");
    place.review(0, "five");
    let later = place.night.dir();
    let whole = entries(&later);
    let numbers: Vec<i64> = whole.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=whole.len() as i64).collect::<Vec<_>>(), "{whole:?}");
    // Of those past their clock the newest stays: it says how old the beginning is.
    let stay = ["three", "four", "five"];
    let kept: Vec<_> = whole.iter().filter(|(_, case)| stay.contains(&case.as_str())).cloned().collect();

    out(&mut ask(&later, &["retain"]));
    assert_eq!(entries(&later), kept);
    let gone = dropped(&later);
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert_eq!(gone[0]["rows"].as_i64(), Some(kept[0].0 - 1), "all before the first that stayed");
    place.back_up(0, "third");
    place.review(0, "six");
    let (kept, noted) = (entries(&later), head(&later));
    assert_eq!(kept.len(), 4);

    for back_up in ["first", "second", "third"] {
        let back = place.night.beside(&format!("back-of-{back_up}"));
        let mut restore = watershed();
        restore
            .arg("restore")
            .arg(place.night.beside(back_up))
            .arg("--to")
            .arg(&back)
            .arg("--newer")
            .arg(&later);
        let restored = run(&mut restore);
        assert!(restored.status.success(), "{back_up}: {}", String::from_utf8_lossy(&restored.stderr));
        // No clock is applied, and what the later one dropped of its audit is not brought back.
        assert_eq!(entries(&back), kept, "{back_up}");
        assert_eq!(dropped(&back), gone, "{back_up}");
        assert_eq!(head(&back), noted, "{back_up}");
        out(&mut ask(&back, &["audit", "verify", "--head", &noted]));
        // It goes on, and the next run of the clock finds nothing more.
        out(&mut ask(&back, &["audit", "review", "--role", "headteacher", "--reason", "seven"]));
        out(&mut ask(&back, &["audit", "verify", "--head", &noted]));
        out(&mut ask(&back, &["retain"]));
        assert_eq!(entries(&back).len(), kept.len() + 1, "{back_up}");
        assert_eq!(dropped(&back), gone, "{back_up}");
    }

    // Without the later installation the first back-up is whole again, its audit too; and the clock runs anew.
    let back = place.night.beside("back-alone");
    out(watershed().arg("restore").arg(place.night.beside("first")).arg("--to").arg(&back));
    let cases: Vec<String> = entries(&back).into_iter().map(|(_, case)| case).collect();
    assert!(cases.ends_with(&["one".to_owned(), "two".to_owned()]), "{cases:?}");
    out(&mut ask(&back, &["audit", "verify"]));
    let other = run(&mut ask(&back, &["audit", "verify", "--head", &noted]));
    assert!(!other.status.success(), "a head that it never had");
}
