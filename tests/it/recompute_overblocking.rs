//! Over-blocking from sample to estimate as its users do it, and every figure again by another way: Python with
//! DuckDB over the lake, SciPy and statsmodels over the labels, from the definitions and not from our code.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::support::{demo, files_below, json, out, python, watershed};

const SCHOOL: &str = "northfield";
const PERIOD: [&str; 2] = ["--period", "2025-autumn"];
const TABLES: [&str; 10] = [
    "bounds",
    "audit",
    "share",
    "lessons",
    "panel",
    "sites",
    "differential",
    "alerts",
    "hidden",
    "overrides",
];

/// A copy of the demo's installation, so that samples and a list of changes are nobody else's.
struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let copied =
            Command::new("cp").arg("-a").arg(&demo().installation).arg(folder.path()).status().unwrap();
        assert!(copied.success());
        Self { folder }
    }

    fn installation(&self) -> PathBuf {
        self.folder.path().join("installation")
    }

    fn ask(&self, arguments: &[&str]) -> Command {
        let mut command = watershed();
        command.arg("--dir").arg(self.installation()).args(["--school", SCHOOL]).args(arguments);
        command
    }

    fn table(&self, table: &str) -> Value {
        json(&mut self.ask(&["overblocking", "--table", table, PERIOD[0], PERIOD[1], "--format", "json"]))
    }

    /// A command that opens the vault with the DSL's key.
    fn with_key(&self, arguments: &[&str]) -> Command {
        let mut command = self.ask(arguments);
        let key = |ending: &str| demo().folder.join(format!("dsl.{ending}"));
        command.arg("--key").arg(key("key")).arg("--passphrase-file").arg(key("passphrase"));
        command.args(["--reason", "review of the autumn term"]);
        command
    }
}

fn cells<'v>(table: &'v Value, column: &str) -> Vec<&'v Value> {
    table["cells"].as_array().unwrap().iter().map(|row| &row[column]).collect()
}

fn day(text: &str) -> jiff::civil::Date {
    text.parse().unwrap()
}

/// The school's list of changes: the site of the blocked lesson was opened two days later; games to Year 9 for a
/// time; gambling was refused; one more waits; games were called education, and gambling gambling.
fn take_changes_in(copy: &Copy, lesson: jiff::civil::Date) {
    let written = |date: jiff::civil::Date| date.strftime("%d/%m/%Y").to_string();
    let opened = written(lesson.checked_add(jiff::Span::new().days(2)).unwrap());
    let asked = written(lesson);
    let text = format!(
        "Request ID,Requested at,Requester,Requester role,Request,URL or category,Group,Reason,Risk note,Decision,Decided by,Decided by role,Decided at,Applied from,Applied to,Closed,Category\r\n\
         C-1,{asked} 12:05,A Teacher,Teacher,Unblock,https://kitchen-chemistry-labs.org.uk/acids,,Acids,,Approved,B Lead,DSL,{opened},{opened},permanent,{opened},\r\n\
         C-2,01/12/2025 10:05,A Teacher,Teacher,Unblock,tank-arena-online.com,Year 9,Club,,Approved,B Lead,DSL,05/12/2025,05/12/2025,12/12/2025,12/12/2025,\r\n\
         C-3,02/12/2025 10:05,A Teacher,Teacher,Unblock,lucky-spinner.co.uk,,Odds,,Refused,B Lead,DSL,03/12/2025,,,03/12/2025,\r\n\
         C-4,03/12/2025 10:05,A Teacher,Teacher,Unblock,essay-writer-bot.com,,Essays,,,,,,,,,\r\n\
         C-5,25/11/2025 10:05,A Teacher,Teacher,Re-categorise,tank-arena-online.com,,Maths,,Approved,B Lead,DSL,28/11/2025,28/11/2025,permanent,,Education\r\n\
         C-6,25/11/2025 10:06,A Teacher,Teacher,Re-categorise,lucky-spinner.co.uk,,Odds,,Approved,B Lead,DSL,28/11/2025,28/11/2025,permanent,,Gambling\r\n"
    );
    let file = copy.folder.path().join("changes.csv");
    std::fs::write(&file, text).unwrap();
    let taken = copy.ask(&["ingest"]).arg(&file).output().unwrap();
    assert!(taken.status.code() != Some(2), "{}", String::from_utf8_lossy(&taken.stderr));
}

/// What one reviewer says, by a rule: the lesson's site should be open; a third of the AI tools are of the wrong
/// category; some cannot be told, one is a part of a page. The second sees every tenth otherwise.
fn label(line: &Value, reviewer: usize) -> &'static str {
    let position = line["position"].as_u64().unwrap();
    let address = line["address"].as_str().unwrap_or_default();
    match position {
        _ if reviewer == 1 && position.is_multiple_of(10) => "wrong-category",
        3 => "sub-request",
        _ if position.is_multiple_of(17) => "cannot-tell",
        _ if address.contains("kitchen-chemistry-labs") => "should-be-open",
        _ if line["code"] == "GENAI" && position.is_multiple_of(3) => "wrong-category",
        _ => "correct",
    }
}

#[test]
fn a_sample_is_drawn_labelled_and_every_figure_recomputed() {
    let copy = Copy::new();
    let lessons = copy.table("lessons");
    assert_eq!(cells(&lessons, "site"), ["kitchen-chemistry-labs.org.uk"], "the class that the demo plants");
    assert_eq!(
        cells(&lessons, "afterwards"),
        ["opened 2025-10-09"],
        "as the demo's own list of changes says"
    );
    take_changes_in(&copy, day(lessons["cells"][0]["local_date"].as_str().unwrap()));

    // Drawn in a session with a key, on record; the reviewers' list says nothing of who and when.
    let days = ["--from", "2025-09-01", "--to", "2025-12-19"];
    let seed = "5a".repeat(32);
    let draw = [&["sample", "draw", "--size", "150", "--format", "json", "--seed", seed.as_str()], &days[..]]
        .concat();
    let list = json(&mut copy.with_key(&draw));
    let lines = list["lines"].as_array().unwrap();
    assert!(lines.len() >= 150, "{}", lines.len());
    let text = list.to_string();
    let roster =
        std::fs::read_to_string(demo().folder.join(format!("people-{SCHOOL}.csv"))).unwrap_or_default();
    let truth: Value = serde_json::from_slice(&std::fs::read(demo().truth(SCHOOL)).unwrap()).unwrap();
    assert!(roster.is_empty(), "the roster's source is deleted");
    for marker in truth["markers"].as_array().unwrap().iter().filter_map(Value::as_str) {
        let of_addresses = marker.starts_with("wsp-") || marker.eq_ignore_ascii_case("zorkweed");
        assert!(of_addresses || !text.contains(marker), "a marker of a person stands in the reviewers' list");
    }
    for line in lines {
        let names: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["address", "category", "code", "group", "position", "words"]);
        assert!(!line["code"].as_str().unwrap().starts_with("ILL-"));
        assert!(
            line["address"].is_string() || line["words"].is_string(),
            "the vault has every drawn attempt"
        );
    }
    assert!(text.contains("/wsp-"), "reviewers see addresses");
    let audit = out(&mut copy.ask(&["audit", "list"]));
    assert!(
        audit.contains("review of the autumn term") && audit.contains("sample 1 of 2025-09-01"),
        "{audit}"
    );
    assert!(out(&mut copy.ask(&["sample", "verify", "1"])).contains("draws these attempts"));
    let again = json(&mut copy.with_key(&["sample", "show", "1", "--format", "json"]));
    assert_eq!(again["lines"], list["lines"]);

    // Two reviewers, from files; one disagreement is settled.
    for (reviewer, code) in ["dsl", "it-2"].into_iter().enumerate() {
        let file = copy.folder.path().join(format!("{code}.csv"));
        let rows = lines.iter().map(|line| format!("{},{}\n", line["position"], label(line, reviewer)));
        std::fs::write(&file, format!("position,label\n{}", rows.collect::<String>())).unwrap();
        out(copy.ask(&["label", "add", "1", "--reviewer", code, "--file"]).arg(&file));
    }
    let settled =
        ["label", "add", "1", "--reviewer", "dsl", "--settle", "10=should-be-open", "--format", "json"];
    let labels = json(&mut copy.ask(&settled));
    assert!(labels["kappa"]["kappa"].as_f64().unwrap() > 0.2, "{labels}");

    // An alert is called false.
    let attention = json(&mut copy.ask(&["attention", PERIOD[0], PERIOD[1], "--format", "json"]));
    let alert =
        attention["cells"].as_array().unwrap().iter().find(|row| row["theme"] == "Self-harm").unwrap();
    let when = &alert["local_time"].as_str().unwrap()[..10];
    let who = alert["pseudonym"].as_str().unwrap();
    out(&mut copy.ask(&[
        "label",
        "alert",
        who,
        "--theme",
        "Self-harm",
        "--day",
        when,
        "--reviewer",
        "dsl",
        "--was-false",
    ]));

    // Everything again, by another way.
    let figures = copy.folder.path().join("figures");
    std::fs::create_dir(&figures).unwrap();
    for table in TABLES.iter().filter(|table| **table != "overrides") {
        std::fs::write(figures.join(format!("{table}.json")), copy.table(table).to_string()).unwrap();
    }
    std::fs::write(figures.join("labels.json"), labels.to_string()).unwrap();
    std::fs::write(
        figures.join("alert.json"),
        serde_json::json!({"pseudonym": who, "day": when}).to_string(),
    )
    .unwrap();
    let school = copy.installation().join("schools").join(SCHOOL);
    let panel = super::support::root().join("ingest/data/canary.csv");
    let said = python(
        "recompute_overblocking.py",
        &[&school.join("lake"), &school.join("state.db"), &panel, &figures],
    );
    println!("{said}");

    // No address, no word searched for is left anywhere but in the sealed vault.
    for path in files_below(&copy.installation()) {
        let bytes = std::fs::read(&path).unwrap();
        for secret in [&b"wsp-"[..], b"zorkweed", b"/acids"] {
            assert!(!holds(&bytes, secret), "{} holds a part of an address or a word", path.display());
        }
    }
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[test]
fn a_key_that_opens_nothing_draws_nothing() {
    let copy = Copy::new();
    let folder = copy.folder.path();
    std::fs::write(folder.join("other.passphrase"), "four quite unrelated words\n").unwrap();
    out(watershed()
        .args(["keys", "new", "--out"])
        .arg(folder.join("other"))
        .arg("--passphrase-file")
        .arg(folder.join("other.passphrase")));
    let days = ["--from", "2025-09-01", "--to", "2025-12-19", "--reason", "curious"];
    let mut command = copy.ask(&[&["sample", "draw"], &days[..]].concat());
    command
        .arg("--key")
        .arg(folder.join("other.key"))
        .arg("--passphrase-file")
        .arg(folder.join("other.passphrase"));
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("opens nothing here"));
    let samples = json(&mut copy.ask(&["sample", "list", "--format", "json"]));
    assert_eq!(samples["samples"].as_array().unwrap().len(), 0);
}
