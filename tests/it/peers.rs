//! Real programs as peers: squid, e2guardian and rsyslog on loopback, driven by `peers.py` with the pieces
//! of `docs/nightly.md`; what they logged is read and compared with what was asked.
//!
//! Where `WATERSHED_PEERS` is set, as `.ci/run` does, a program that is not installed is a failure.

use std::collections::BTreeMap;
use std::path::Path;

use ingest::detect::{Detection, detect};
use ingest::fields::{BlockReason, Fields, Parsed, Text, When};
use ingest::formats::profile::ProfileSet;
use ingest::read::read_records;
use ingest::report::Tally;
use serde_json::{Map, Value};

use super::support::{python, root};

/// Folders in which Debian puts such programs, and which not everybody's search path has.
const PLACES: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Whether all programs are there; says so, or fails, where one is not.
fn are_installed(programs: &[&str]) -> bool {
    let path = format!("{}:{PLACES}", std::env::var("PATH").unwrap());
    let missing: Vec<&&str> = programs
        .iter()
        .filter(|program| !std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
        .collect();
    assert!(
        missing.is_empty() || std::env::var_os("WATERSHED_PEERS").is_none(),
        "{missing:?} must be there: `tests/set-up --peers` installs them"
    );
    if !missing.is_empty() {
        println!("SKIPPED: {missing:?} not installed; `tests/set-up --peers` installs them");
    }
    missing.is_empty()
}

/// Has a scenario of `peers.py` played, and compares every log that it left.
fn play(scenario: &str, programs: &[&str]) {
    if !are_installed(programs) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let manual = root().join("docs/nightly.md");
    let printed = python("peers.py", &[Path::new(scenario), place.path(), &manual]);
    let logs: Vec<Value> = serde_json::from_str(&printed).unwrap();
    assert!(!logs.is_empty());
    let mut faults = Vec::new();
    for log in &logs {
        let path = log["log"].as_str().unwrap();
        let name = Path::new(path).strip_prefix(place.path()).unwrap().display().to_string();
        match compare(&std::fs::read(path).unwrap(), log) {
            Ok(records) => println!("{name}: {records} records, as asked"),
            Err(fault) => faults.push(format!("{name}: {fault}")),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What a log gave: rows that look like those that were asked, and what was no request.
#[derive(Debug, Default)]
struct Found {
    rows: Vec<String>,
    others: BTreeMap<&'static str, u64>,
    rejects: BTreeMap<&'static str, u64>,
}

fn compare(content: &[u8], log: &Value) -> Result<u64, String> {
    let expected = log["expected"].as_array().unwrap();
    let keys: Vec<&String> = expected[0].as_object().unwrap().keys().collect();
    let mut wanted: Vec<String> = expected.iter().map(|row| line(&keys, row.as_object().unwrap())).collect();
    wanted.sort();
    let detected = match detect(content, &ProfileSet::shipped().unwrap()) {
        Detection::Found(detected) => detected,
        Detection::Refused(sentence) => {
            return if log["format"].is_null() { Ok(0) } else { Err(sentence) };
        }
    };
    if log["format"] != detected.format_id() {
        return Err(format!("taken for {}", detected.format_id()));
    }
    let (mut found, mut tally) = (Found::default(), Tally::default());
    let time = log["began"].as_i64().unwrap()..=log["ended"].as_i64().unwrap();
    read_records(&mut &content[..], &detected, &mut tally, &mut |_, _, parsed, _| {
        match parsed {
            Ok(Parsed::Request(fields)) => {
                let when = match fields.time {
                    When::Instant(instant) => time.contains(&(instant / 1_000_000)),
                    other => matches!(other, When::Local(_)),
                };
                found.rows.push(if when { line(&keys, &row(&fields)) } else { "at another time".to_owned() });
            }
            Ok(Parsed::Other(kind)) => *found.others.entry(kind.word()).or_default() += 1,
            Ok(_) => found.rows.push("neither a request nor another record".to_owned()),
            Err(reject) => *found.rejects.entry(reject.reason.word()).or_default() += 1,
        }
        Ok(())
    })
    .unwrap();
    found.rows.sort();
    let missing: Vec<&String> = surplus(&wanted, &found.rows);
    let unasked: Vec<&String> = surplus(&found.rows, &wanted);
    let counts = (Value::from_iter(found.others.clone()), Value::from_iter(found.rejects.clone()));
    if missing.is_empty() && unasked.is_empty() && counts == (log["others"].clone(), log["rejects"].clone()) {
        return Ok(tally.records);
    }
    Err(format!("missing {missing:#?}, not asked for {unasked:#?}, beside them {counts:?}"))
}

/// What one sorted list has oftener than the other.
fn surplus<'l>(one: &'l [String], other: &[String]) -> Vec<&'l String> {
    let mut rest = other.to_vec();
    one.iter()
        .filter(|row| match rest.iter().position(|left| left == *row) {
            Some(at) => {
                rest.remove(at);
                false
            }
            None => true,
        })
        .collect()
}

fn line(keys: &[&String], row: &Map<String, Value>) -> String {
    let cells: Vec<String> = keys.iter().map(|key| format!("{key}={}", row[key.as_str()])).collect();
    cells.join(" ")
}

/// A record in the words of `peers.py`.
fn row(fields: &Fields<'_>) -> Map<String, Value> {
    let text = |text: &Text<'_>| Value::from(text.as_deref().map(String::from_utf8_lossy));
    let pairs = [
        ("method", text(&fields.method)),
        ("url", text(&fields.url)),
        ("user", text(&fields.user)),
        ("client", text(&fields.client_address)),
        ("group", text(&fields.group)),
        ("status", Value::from(fields.status)),
        ("action", Value::from(fields.action.word())),
        ("kind", Value::from(fields.kind.word())),
        ("reason", Value::from(fields.block_reason.map(BlockReason::word))),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

#[test]
fn squid_is_read_as_it_was_asked() {
    play("squid", &["squid", "logrotate"]);
}

#[test]
fn e2guardian_is_read_as_it_was_asked() {
    play("e2guardian", &["e2guardian", "squid", "logrotate"]);
}

#[test]
fn rsyslog_brings_what_was_sent() {
    play("rsyslog", &["rsyslogd", "squid", "e2guardian"]);
}
