//! The ledgers' clock on the access audit and on the log of pages.

use ingest::retention::Retain;

use super::correcting::school;
use super::recipients::settings;
use super::*;
use crate::audit::{Access, What};

const TODAY: jiff::civil::Date = date(2026, 9, 15);

/// An entry's hash as its definition says, by hand: a prefix of its length before each part.
fn chained(previous: &str, parts: [&str; 7]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("watershed 1 access audit entry");
    for part in std::iter::once(previous).chain(parts) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Entries about two persons in 2018, 2019 and 2020, and views of pages in 2019 and 2020; heads of the entries.
fn aged(bench: &Bench) -> Vec<String> {
    drop(AccessAudit::open(&bench.dir(), &bench.school).unwrap());
    let mut state = State::open(&bench.root()).unwrap();
    let connection = state.connection();
    connection
        .execute_batch(
            "CREATE TABLE reports_page_views (
                 sequence INTEGER PRIMARY KEY AUTOINCREMENT, seen_utc TEXT NOT NULL,
                 account TEXT NOT NULL, role TEXT NOT NULL, page TEXT NOT NULL) STRICT;
             INSERT INTO reports_page_views (seen_utc, account, role, page) VALUES
                 ('2019-06-01T08:00:00Z', 'dsl-one', 'dsl', '/a'), ('2020-10-01T08:00:00Z', 'dsl-one', 'dsl', '/b');
             INSERT INTO access_subjects VALUES (1, 71), (2, 72);
             INSERT INTO access_links VALUES ('2025-26', 71, 1), ('2025-26', 72, 2);",
        )
        .unwrap();
    let mut heads: Vec<String> = Vec::new();
    for (number, (moment, target)) in (1..).zip([
        ("2018-03-01T09:00:00Z", "subject-1 from 2018-01-01 to 2018-01-02"),
        ("2019-03-01T09:00:00Z", "subject-2 from 2018-01-01 to 2018-01-02"),
        ("2020-09-01T09:00:00Z", "subject-2 from 2018-01-01 to 2018-01-02"),
    ]) {
        let parts = [&format!("{number}"), moment, "key 01", "unlock", "case 1", target, "3"];
        let hash = chained(heads.last().map_or("", String::as_str), parts);
        connection
            .execute(
                "INSERT INTO access_audit VALUES (?1, ?2, 'key 01', 'unlock', 'case 1', ?3, 3, ?4)",
                (number, moment, target, &hash),
            )
            .unwrap();
        heads.push(hash);
    }
    heads
}

fn audit(bench: &Bench) -> AccessAudit {
    AccessAudit::open(&bench.dir(), &bench.school).unwrap()
}

fn count(bench: &Bench, statement: &str) -> i64 {
    State::open(&bench.root()).unwrap().connection().query_row(statement, [], |row| row.get(0)).unwrap()
}

#[test]
fn openings_and_page_views_go_by_the_ledgers_clock_and_the_chain_goes_on() {
    let bench = school();
    let heads = aged(&bench);
    let config = settings(&bench, "DSL");
    let dir = bench.dir();
    // Six years before 2026-27: from 1 September 2020 on everything stays.
    let retain = Retain { dir: &dir, school: &config, today: Some(TODAY), days: None };
    let lines = |report: &ingest::retention::RetainReport| -> Vec<(&'static str, u64)> {
        let of_ledgers =
            report.lines.iter().filter(|line| line.place == "access audit" || line.place == "page views");
        of_ledgers.map(|line| (line.place, line.rows)).collect()
    };
    let planned = retain.plan().unwrap();
    assert_eq!(lines(&planned), [("access audit", 1), ("page views", 1)]);
    assert_eq!(audit(&bench).verify().unwrap().dropped, 0, "a plan changes nothing");
    assert_eq!(lines(&retain.run(&()).unwrap()), [("access audit", 1), ("page views", 1)]);
    assert_eq!(lines(&retain.run(&()).unwrap()), [], "again is nothing");

    let verified = audit(&bench).verify().unwrap();
    assert_eq!((verified.entries, verified.dropped, &verified.head), (3, 1, &heads[2]));
    assert_eq!(audit(&bench).entries().unwrap().len(), 2, "the last whose clock has run out stays");
    for standing in &heads {
        assert_eq!(audit(&bench).verify_from(standing).unwrap().entries, 3);
    }
    let gone = audit(&bench).verify_from(&"0".repeat(64)).unwrap_err();
    assert_eq!(gone.kind(), Kind::Corrupt);
    let next = audit(&bench).record(&Access {
        who: "key 01",
        what: What::Unlock,
        reason: "case 2",
        target: "",
        rows: 0,
    });
    assert_eq!(next.unwrap().sequence, 4);
    assert_eq!(audit(&bench).verify_from(&heads[1]).unwrap().entries, 4);

    // The log says what went, with the hash; of the person whose last entry went the link is gone.
    let state = State::open(&bench.root()).unwrap();
    let log = state.deletions(0).unwrap();
    let of = |what: &str| log.iter().find(|entry| entry.what == what).unwrap();
    assert_eq!(of("ledger access audit").rows, 1);
    assert!(of("ledger access audit").detail.contains(&heads[0]));
    assert_eq!(of("ledger page views").rows, 1);
    state.verify_deletions().unwrap();
    drop(state);
    assert_eq!(count(&bench, "SELECT sum(subject) FROM access_subjects"), 2);
    assert_eq!(count(&bench, "SELECT sum(subject) FROM access_links"), 2);
    let bytes = fs::read(bench.root().state()).unwrap();
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!has("2018-03-01T09") && !has("2019-06-01T08"), "no byte of what went");
    assert!(has("2019-03-01T09") && has("2020-09-01T09") && has("2020-10-01T08"));
}

#[test]
fn a_chain_that_somebody_made_begin_later_is_noticed() {
    let bench = school();
    let heads = aged(&bench);
    let cut = |statement: &str| {
        State::open(&bench.root()).unwrap().connection().execute_batch(statement).unwrap();
    };
    // An anchor that no entry of the deletion log knows.
    cut(&format!(
        "DELETE FROM access_audit WHERE sequence = 1;
         INSERT INTO ledger_anchors VALUES ('access_audit', 1, '{}')",
        heads[0]
    ));
    State::open(&bench.root()).unwrap().log_deletion("R0 2020-01-01", "why", 1, "").unwrap();
    assert_eq!(audit(&bench).verify().unwrap_err().kind(), Kind::Corrupt);
    // Nor does an emptied log make it one that was there.
    cut("DROP TRIGGER deletion_log_keeps_a_year; DELETE FROM deletion_log;");
    assert_eq!(audit(&bench).verify().unwrap_err().kind(), Kind::Corrupt);
}

#[test]
fn a_beginning_moved_behind_what_is_young_is_noticed_whatever_the_deletion_log_says() {
    let bench = school();
    let heads = aged(&bench);
    let cut = |statement: &str| {
        State::open(&bench.root()).unwrap().connection().execute_batch(statement).unwrap();
    };
    let config = settings(&bench, "DSL");
    let dir = bench.dir();
    Retain { dir: &dir, school: &config, today: Some(TODAY), days: None }.run(&()).unwrap();
    assert_eq!(audit(&bench).verify().unwrap().dropped, 1);
    // One more by hand, with the anchor moved.
    cut(&format!(
        "DELETE FROM access_audit WHERE sequence = 2;
         UPDATE ledger_anchors SET sequence = 2, hash = '{}' WHERE ledger = 'access_audit'",
        heads[1]
    ));
    assert_eq!(audit(&bench).verify().unwrap_err().kind(), Kind::Corrupt);
    // With an entry of the deletion log to it that fits its chain, the beginning may be so: it is old.
    let said = |number: usize, head: &str| {
        let mut state = State::open(&bench.root()).unwrap();
        let detail = format!("up to entry {number}, hash {head}");
        state.log_deletion("ledger access audit", "why", 1, &detail).unwrap();
    };
    said(2, &heads[1]);
    assert_eq!(audit(&bench).verify().unwrap().dropped, 2);
    // Of what is young no such beginning can be made.
    let look = Access { who: "key 01", what: What::Unlock, reason: "case 2", target: "", rows: 0 };
    audit(&bench).record(&look).unwrap();
    cut(&format!(
        "DELETE FROM access_audit WHERE sequence = 3;
         UPDATE ledger_anchors SET sequence = 3, hash = '{}' WHERE ledger = 'access_audit'",
        heads[2]
    ));
    said(3, &heads[2]);
    let error = audit(&bench).verify().unwrap_err();
    assert!(error.to_string().contains("not a year old"), "{error}");
    cut("DROP TRIGGER access_audit_keeps_a_year; DELETE FROM access_audit;");
    assert_eq!(audit(&bench).verify().unwrap_err().kind(), Kind::Corrupt, "nor of an empty one");
}
