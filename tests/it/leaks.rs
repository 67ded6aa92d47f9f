//! Nothing identifies: no name, account, address, path, private host, search word or file name of
//! the sample data stands in any byte of the lake, the state file, the logs or an output; and the
//! DSL's key, or the second recipient's, brings the rows back whole.

use std::collections::BTreeSet;
use std::path::Path;

use aho_corasick::AhoCorasick;
use serde_json::Value;

use super::support::{Demo, demo, files_below, json, out, python, run};

const SCHOOLS: [(&str, &str); 2] = [("northfield", "2025-autumn"), ("oakhill", "2025-26")];

/// All strings that may stand nowhere, searched for at once.
struct Markers {
    words: Vec<String>,
    search: AhoCorasick,
}

fn markers(demo: &Demo, school: &str) -> Markers {
    let truth: Value = serde_json::from_reader(std::fs::File::open(demo.truth(school)).unwrap()).unwrap();
    let words: Vec<String> = truth["markers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|marker| marker.as_str().unwrap().to_owned())
        .collect();
    assert!(words.len() > 100, "too few markers to mean anything");
    Markers { search: AhoCorasick::new(&words).unwrap(), words }
}

/// The number of a marker that stands in some bytes.
fn holds(bytes: &[u8], markers: &Markers) -> Option<usize> {
    markers.search.find(bytes).map(|found| found.pattern().as_usize())
}

#[test]
fn no_output_of_any_command_names_anybody() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    for (school, period) in SCHOOLS {
        let markers = markers(demo, school);
        let bad = folder.path().join(&markers.words[0]);
        std::fs::write(&bad, format!("{} {}\n{}\n", markers.words[1], markers.words[2], markers.words[3]))
            .unwrap();
        let bad = bad.to_str().unwrap();
        let sql = "SELECT * FROM requests LIMIT 200";
        let commands: Vec<Vec<&str>> = vec![
            vec!["attention", "--period", period],
            vec!["trend", "--by", "theme", "--period", period],
            vec!["trend", "--table", "chart", "--by", "theme", "--format", "svg", "--period", period],
            vec!["trend", "--table", "persistence", "--format", "json", "--period", period],
            vec!["trend", "--table", "confounders", "--period", period],
            vec!["trend", "--by", "group", "--format", "json", "--period", period],
            vec!["groups", "--table", "theme", "--period", period],
            vec!["groups", "--table", "lessons", "--format", "csv", "--period", period],
            vec!["overblocking", "--period", period],
            vec!["coverage", "--period", period],
            vec!["coverage", "--table", "tests", "--period", period],
            vec!["coverage", "--table", "blind_spots", "--format", "csv", "--period", period],
            vec!["incidents", "--period", period],
            vec!["incidents", "--table", "response", "--format", "json", "--period", period],
            vec!["incidents", "--table", "status", "--period", period],
            vec!["changes", "--period", period],
            vec!["changes", "--table", "temporary", "--format", "csv", "--period", period],
            vec!["changes", "--table", "unrecorded", "--period", period],
            vec!["changes", "--table", "effect", "--format", "json", "--period", period],
            vec!["changes", "--table", "triggers", "--period", period],
            vec!["sql", "--format", "csv", sql],
            vec!["sql", "SELECT nonsense FROM nowhere"],
            vec!["releases", "list"],
            vec!["releases", "verify"],
            vec!["check"],
            vec!["formats"],
            vec!["formats", "check", bad],
            vec!["ingest", "--format", "json", bad],
            vec!["ingest"],
            vec!["people", "import", bad, "--keep"],
        ];
        for arguments in commands {
            let output = run(demo.ask(school, &arguments).env("WATERSHED_LOG", "debug"));
            for (place, bytes) in [("standard output", &output.stdout), ("standard error", &output.stderr)] {
                let found = holds(bytes, &markers);
                assert!(found.is_none(), "{place} of `{}` holds marker {found:?}", arguments[..1].join(" "));
            }
        }
        assert!(holds(demo.printed.as_bytes(), &markers).is_none(), "what the demo printed names somebody");
        for name in ["governors", "parents"] {
            for ending in ["html", "json", "svg", "png"] {
                let path = demo.folder.join(format!("{name}-{school}.{ending}"));
                if path.exists() {
                    let found = holds(&std::fs::read(&path).unwrap(), &markers);
                    assert!(found.is_none(), "{} holds marker {found:?}", path.display());
                }
            }
        }
    }
}

#[test]
fn no_byte_of_lake_or_state_names_anybody() {
    let demo = demo();
    for (school, _) in SCHOOLS {
        let root = demo.school(school);
        let said = python("search.py", &[&demo.truth(school), &root.join("lake"), &root.join("state.db")]);
        println!("{said}");
        let markers = markers(demo, school);
        for path in files_below(&root.join("vault")).iter().chain(&files_below(&root.join("settings"))) {
            assert!(
                holds(&std::fs::read(path).unwrap(), &markers).is_none(),
                "{} can be read",
                path.display()
            );
            assert!(
                holds(path.to_str().unwrap().as_bytes(), &markers).is_none(),
                "a name of a file names somebody"
            );
        }
        assert!(
            files_below(&root.join("inbox")).is_empty(),
            "files that were taken in still lie in the inbox"
        );
        assert!(files_below(&root.join("claimed")).is_empty(), "claimed files were left behind");
    }
}

fn unlocked(demo: &Demo, school: &str, key: &str, pseudonym: &str, everything: bool) -> Value {
    let key_file = demo.folder.join(format!("{key}.key"));
    let passphrase = demo.folder.join(format!("{key}.passphrase"));
    let mut command = demo.ask(school, &["unlock", pseudonym, "--from", "2025-09-01", "--to", "2025-12-31"]);
    command.args(["--reason", "a test of the vault", "--format", "json", "--key"]).arg(key_file);
    command.arg("--passphrase-file").arg(passphrase);
    if everything {
        command.arg("--everything");
    }
    json(&mut command)
}

#[test]
fn either_key_brings_a_pupils_rows_back_whole() {
    let demo = demo();
    let attention =
        json(&mut demo.ask("northfield", &["attention", "--period", "2025-autumn", "--format", "json"]));
    let allowed_search = attention["cells"]
        .as_array()
        .unwrap()
        .iter()
        .find(|cell| cell["searched"] == true && cell["outcome"] == "allowed")
        .expect("an allowed search of severity 4 is planted");
    let pseudonym = allowed_search["pseudonym"].as_str().unwrap();
    let whole = unlocked(demo, "northfield", "dsl", pseudonym, true);
    assert_eq!(whole["rows"], unlocked(demo, "northfield", "recovery", pseudonym, true)["rows"]);

    // As many rows as the lake has for that pseudonym, and the search word with them.
    let token = u64::from_str_radix(pseudonym, 16).unwrap() as i64;
    let counted = out(&mut demo.ask(
        "northfield",
        &[
            "sql",
            "--format",
            "csv",
            &format!("SELECT count(*) AS records FROM requests WHERE actor = {token}"),
        ],
    ));
    let rows = whole["rows"].as_array().unwrap();
    assert_eq!(counted.lines().nth(1), Some(rows.len().to_string().as_str()));
    assert!(
        rows.iter().any(|row| row["search_words"].as_str().is_some_and(|words| words.contains("zorkweed")))
    );
    assert!(rows.iter().all(|row| row["url"].as_str().is_some_and(|url| url.contains('.'))));
    assert!(!whole["people"].as_array().unwrap().is_empty(), "the roster's name comes back too");

    // Without `--everything`, only an hour around each episode.
    let narrow = unlocked(demo, "northfield", "dsl", pseudonym, false);
    let few: BTreeSet<i64> = times(&narrow);
    assert!(!few.is_empty() && few.len() < times(&whole).len());
    for time in few {
        assert!(
            narrow["episodes"].as_array().unwrap().iter().any(|episode| {
                let (start, end) =
                    (episode["start_utc_us"].as_i64().unwrap(), episode["end_utc_us"].as_i64().unwrap());
                (start - 3_600_000_000..=end + 3_600_000_000).contains(&time)
            }),
            "a row lies further than an hour from every episode"
        );
    }
}

fn times(timeline: &Value) -> BTreeSet<i64> {
    timeline["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["event_time_utc_us"].as_i64().unwrap())
        .collect()
}

#[test]
fn an_illegal_list_row_has_no_address_even_for_the_key() {
    let demo = demo();
    let attention =
        json(&mut demo.ask("northfield", &["attention", "--period", "2025-autumn", "--format", "json"]));
    let hit = attention["cells"]
        .as_array()
        .unwrap()
        .iter()
        .find(|cell| cell["theme"] == "illegal-list hit")
        .unwrap();
    let whole = unlocked(demo, "northfield", "dsl", hit["pseudonym"].as_str().unwrap(), true);
    let listed: Vec<&Value> =
        whole["rows"].as_array().unwrap().iter().filter(|row| row["code"] == "ILL-CSAM").collect();
    assert_eq!(listed.len(), 1);
    assert!(listed[0]["url"].is_null() && listed[0]["search_words"].is_null());
    assert!(!whole.to_string().contains("listed-host-zq"));
}

#[test]
fn a_wrong_passphrase_or_an_empty_reason_opens_nothing() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong");
    std::fs::write(&wrong, "not the passphrase at all\n").unwrap();
    let ask = |reason: &str, passphrase: &Path| {
        let mut command = demo
            .ask("northfield", &["unlock", "0000000000000000", "--from", "2025-09-01", "--to", "2025-12-31"]);
        command.args(["--reason", reason, "--key"]).arg(demo.folder.join("dsl.key"));
        command.arg("--passphrase-file").arg(passphrase);
        run(&mut command)
    };
    assert_eq!(ask("a reason", &wrong).status.code(), Some(2));
    let unreasoned = ask(" ", &demo.folder.join("dsl.passphrase"));
    assert_eq!(unreasoned.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unreasoned.stderr).contains("reason"));
}
