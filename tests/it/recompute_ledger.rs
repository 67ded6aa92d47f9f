//! Incidents, the change ledger and the checks by another way: Python with DuckDB, lifelines, statsmodels and scipy
//! over the lake and the data files. The secondary is asked with more logs than the demo has: two sites that flip, a
//! group and a network that fall silent, test pages, and blocked records that say too little.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::support::{demo, out, python, run, watershed};

const TABLES: [(&str, &[&str]); 3] = [
    ("incidents", &["counts", "response", "zero_tolerance", "status", "beside"]),
    (
        "changes",
        &["summary", "process", "temporary", "exceptions", "unrecorded", "effect", "triggers", "actions"],
    ),
    ("coverage", &["completeness", "tests", "blind_spots", "silence"]),
];

fn recomputed(installation: &Path, school: &str, period: &str) -> String {
    let answers = tempfile::tempdir().unwrap();
    for (word, tables) in TABLES {
        for table in tables {
            let mut command = watershed();
            command.arg("--dir").arg(installation).args(["--school", school, word, "--table", table]);
            let output = run(command.args(["--period", period, "--format", "json"]));
            // Findings about the feeds make `coverage` end with 1.
            let well = output.status.success() || (word == "coverage" && output.status.code() == Some(1));
            assert!(well, "{word} {table}: {}", String::from_utf8_lossy(&output.stderr));
            std::fs::write(answers.path().join(format!("{word}-{table}.json")), output.stdout).unwrap();
        }
    }
    let folder = installation.join("schools").join(school);
    let shipped = super::support::root().join("ingest/data");
    let said = python("recompute_ledger.py", &[&folder.join("lake"), &folder, &shipped, answers.path()]);
    println!("{said}");
    said
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// One line of e2guardian's tab-separated layout 6.
fn line(log: &mut String, seconds: i64, user: &str, address: &str, host: &str, group: &str, blocked: bool) {
    let (number, what, status) =
        if blocked { ("500", "*DENIED* Blocked site", 403) } else { ("0", "-", 200) };
    let category = if blocked { "Education" } else { "-" };
    writeln!(
        log,
        "{seconds}.000\t\t{user}\t{address}\t{address}\thttps://{host}/wsp-extra\tGET\t{status}\t900\t-\t-\t-\t40\t-\t{number}\t{what}\t0\t{category}\t{group}\t1"
    )
    .unwrap();
}

/// More logs of the November half-term: school days from Monday 3 November on.
fn more_logs() -> String {
    let monday = 1_762_160_400; // 3 November 2025, 09:00 UTC.
    let mut log = String::new();
    for number in 0..20_i64 {
        let start = monday + (number / 5 * 7 + number % 5) * 86_400;
        for pupil in 0..6_i64 {
            let at = start + pupil * 7200 / 6 + number;
            let address = format!("10.1.7.{}", 20 + pupil);
            let [ten, eight, kiosk] = ["ten", "eight", "kiosk"].map(|group| format!("zq{group}{pupil:02}"));
            let flipped = number >= 10;
            // One that opens and one that closes, and nobody recorded either.
            line(&mut log, at, &ten, &address, "flip-unrecorded.org.uk", "Year 10", !flipped);
            line(&mut log, at + 600, &ten, &address, "flip-closing.org.uk", "Year 10", flipped);
            // In October, and the ledger has it: unblocked from the 9th on. Fridays have nobody.
            if number < 8 && number % 5 < 4 {
                let october = at - 28 * 86_400;
                let site = "kitchen-chemistry-labs.org.uk";
                line(&mut log, october, &eight, &address, site, "Year 8", number < 4);
            }
            // Mixed: some blocked, some not, all the time.
            line(&mut log, at + 900, &ten, &address, "mixed-decisions.org.uk", "Year 10", pupil % 2 == 0);
            // A group and a network that end on Friday 14 November.
            if number < 10 {
                line(
                    &mut log,
                    at + 1200,
                    &kiosk,
                    &format!("10.2.3.{pupil}"),
                    "www.bbc.co.uk",
                    "Kiosk",
                    false,
                );
            }
        }
        // Nobody known, at an address that no network has.
        line(&mut log, start + 4000, "-", "172.20.9.9", "mixed-decisions.org.uk", "Year 7", true);
    }
    line(&mut log, monday + 5000, "zqten00", "10.1.7.20", "testfiltering.com", "Year 10", false);
    line(&mut log, monday + 5100, "zqnine01", "10.1.7.21", "www.testfiltering.com", "Year 9", true);
    log
}

#[test]
fn the_secondarys_ledgers_are_those_of_another_program() {
    let demo = demo();
    let place = tempfile::tempdir().unwrap();
    let installation: PathBuf = place.path().join("installation");
    copied(&demo.installation, &installation);
    let more = place.path().join("more.log");
    std::fs::write(&more, more_logs()).unwrap();
    let mut command = watershed();
    command.arg("--dir").arg(&installation).args(["--school", "northfield", "ingest"]).arg(&more);
    out(&mut command);
    let said = recomputed(&installation, "northfield", "2025-autumn");
    // What was planted is found: two flips that nobody recorded and one on record.
    assert!(said.contains("flips without and with a row (2, 1)"), "{said}");
}

#[test]
fn the_primarys_ledgers_are_those_of_another_program() {
    recomputed(&demo().installation, "oakhill", "2025-26");
}
