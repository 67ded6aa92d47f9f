//! The state file: what it keeps, and what it refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;

use super::*;
use crate::event::{Member, Role};
use crate::school::{AcademicYear, SchoolId};

fn root() -> (tempfile::TempDir, SchoolRoot) {
    let folder = tempfile::tempdir().unwrap();
    let root = SchoolRoot::new(folder.path(), &SchoolId::parse("st-annes").unwrap());
    std::fs::create_dir_all(root.root()).unwrap();
    (folder, root)
}

fn year(text: &str) -> AcademicYear {
    AcademicYear::parse(text).unwrap()
}

#[test]
fn the_file_is_for_its_owner_and_opens_again() {
    let (_folder, root) = root();
    drop(State::open(&root).unwrap());
    assert_eq!(std::fs::metadata(root.state()).unwrap().mode() & 0o777, 0o600);
    State::open(&root).unwrap();
}

#[test]
fn a_newer_schema_and_a_foreign_file_are_refused() {
    let (_folder, root) = root();
    State::open(&root).unwrap().connection().pragma_update(None, "user_version", 99).unwrap();
    let error = State::open(&root).unwrap_err();
    assert_eq!(error.kind(), Kind::Configuration);
    assert!(error.to_string().contains("newer"), "{error}");

    std::fs::write(root.state(), "not a database, but long enough to be looked at as one, surely".repeat(20))
        .unwrap();
    assert_eq!(State::open(&root).unwrap_err().kind(), Kind::Corrupt);
}

#[test]
fn a_roster_is_replaced_for_its_year_only() {
    let (_folder, root) = root();
    let mut state = State::open(&root).unwrap();
    let member = |person| Member { person, role: Role::Pupil, year_group: Some(10) };
    let entry = |token, person| RosterEntry { token, member: member(person) };
    state.replace_roster(year("2024-25"), &[entry(1, 11)], &[]).unwrap();
    state.replace_roster(year("2025-26"), &[entry(1, 21), entry(-2, 21)], &[entry(9, 21)]).unwrap();
    state.replace_roster(year("2025-26"), &[entry(3, 23)], &[entry(8, 23)]).unwrap();
    let roster = state.roster().unwrap();
    assert_eq!(roster[&year("2024-25")], BTreeMap::from([(1, member(11))]));
    assert_eq!(roster[&year("2025-26")], BTreeMap::from([(3, member(23))]));
    assert_eq!(state.roster_names().unwrap()[&year("2025-26")], BTreeMap::from([(8, member(23))]));
}

#[test]
fn accounts_of_a_replaced_roster_are_known_until_an_erasure_or_the_end_of_the_year() {
    let (_folder, root) = root();
    let mut state = State::open(&root).unwrap();
    let entry = |token, person| RosterEntry {
        token,
        member: Member { person, role: Role::Pupil, year_group: Some(10) },
    };
    let (before, this) = (year("2024-25"), year("2025-26"));
    state.replace_roster(before, &[entry(5, 50), entry(6, 60)], &[]).unwrap();
    state.replace_roster(before, &[], &[]).unwrap();
    state.replace_roster(this, &[entry(1, 10), entry(2, 10), entry(3, 30)], &[]).unwrap();
    state.replace_roster(this, &[entry(4, 10), entry(2, 20)], &[entry(7, 70)]).unwrap();
    let beside = |state: &State, token| state.pseudonyms_beside(token).unwrap();
    assert_eq!(beside(&state, 10), BTreeSet::from([1, 4, 10]), "the second account is somebody else's now");
    assert_eq!(beside(&state, 1), BTreeSet::from([1, 4, 10]));
    assert_eq!(beside(&state, 2), BTreeSet::from([2, 20]));
    assert_eq!(beside(&state, 30), BTreeSet::from([3, 30]), "who left");
    assert_eq!(beside(&state, 99), BTreeSet::from([99]));
    for (token, of) in [(1, this), (10, this), (30, this), (70, this), (50, before), (5, before)] {
        assert_eq!(state.years_of(token).unwrap(), BTreeSet::from([of]), "{token}");
    }
    assert_eq!(state.years_of(99).unwrap(), BTreeSet::new());

    state.begin_erasure(&[], date(2026, 1, 12), &BTreeSet::from([30]), "asked").unwrap();
    state.end_erasure(0, "").unwrap();
    assert_eq!((beside(&state, 30), beside(&state, 3)), (BTreeSet::from([30]), BTreeSet::from([3])));
    let begun = Begun { destroyed: BTreeMap::from([(before, None)]), ..Begun::default() };
    state.begin_retention(&begun).unwrap();
    state.finish_retention(&[], &BTreeSet::new(), &BTreeSet::from([before])).unwrap();
    assert_eq!((beside(&state, 50), beside(&state, 10).len()), (BTreeSet::from([50]), 3));
}

#[test]
fn another_key_for_the_same_year_is_noticed() {
    let (_folder, root) = root();
    let mut state = State::open(&root).unwrap();
    state.confirm_key(year("2025-26"), 5).unwrap();
    state.confirm_key(year("2025-26"), 5).unwrap();
    state.confirm_key(year("2026-27"), 6).unwrap();
    assert_eq!(state.confirm_key(year("2025-26"), 6).unwrap_err().kind(), Kind::Corrupt);
}

#[test]
fn imports_stay_open_until_closed_and_count_their_attempts() {
    let (_folder, root) = root();
    let mut state = State::open(&root).unwrap();
    assert_eq!(state.open_import("aa").unwrap(), 1);
    drop(state);
    let mut state = State::open(&root).unwrap();
    assert_eq!(state.open_import("aa").unwrap(), 2);
    let open = state.open_imports().unwrap();
    assert_eq!((open.len(), open[0].fingerprint.as_str(), open[0].attempt), (1, "aa", 2));
    state.close_import("aa").unwrap();
    assert!(state.open_imports().unwrap().is_empty());
}

#[test]
fn dirty_and_closed_days_come_back_in_order() {
    let (_folder, root) = root();
    let mut state = State::open(&root).unwrap();
    let (monday, tuesday) = (date(2026, 1, 12), date(2026, 1, 13));
    state.mark_dirty([tuesday, monday, tuesday]).unwrap();
    assert_eq!(state.dirty_days().unwrap(), [monday, tuesday]);
    state.mark_clean(monday).unwrap();
    assert_eq!(state.dirty_days().unwrap(), [tuesday]);
    state.close_day(monday).unwrap();
    state.close_day(monday).unwrap();
    assert_eq!(state.closed_days().unwrap(), [monday]);
}

#[test]
fn unmapped_words_of_one_import_count_once_however_often_it_is_recorded() {
    let (_folder, root) = root();
    let mut state = State::open(&root).unwrap();
    let word = |records, first, last| Unmapped {
        kind: WordKind::Category,
        year: year("2025-26"),
        token: 7,
        records,
        first_date: first,
        last_date: last,
    };
    let (first, second, third) = (date(2026, 1, 12), date(2026, 1, 13), date(2026, 1, 14));
    state.record_unmapped(1, &[word(3, second, third)]).unwrap();
    state.record_unmapped(1, &[word(3, second, third)]).unwrap();
    state.record_unmapped(2, &[word(4, first, second)]).unwrap();
    assert_eq!(state.unmapped().unwrap(), [word(7, first, third)]);
    state.record_unmapped(1, &[]).unwrap();
    assert_eq!(state.unmapped().unwrap(), [word(4, first, second)]);
}

#[test]
fn kept_sources_come_due_by_day() {
    let (_folder, root) = root();
    let mut state = State::open(&root).unwrap();
    state.keep_source("aa", date(2026, 1, 12)).unwrap();
    state.keep_source("bb", date(2026, 1, 14)).unwrap();
    state.keep_source("aa", date(2026, 1, 20)).unwrap();
    assert_eq!(state.sources_kept_since(date(2026, 1, 13)).unwrap(), ["aa"]);
    state.forget_source("aa").unwrap();
    assert!(state.sources_kept_since(date(2026, 1, 13)).unwrap().is_empty());
}

#[test]
fn a_file_in_use_is_a_retry() {
    let (_folder, root) = root();
    let state = State::open(&root).unwrap();
    let mut other = State::open(&root).unwrap();
    other.connection().busy_timeout(Duration::ZERO).unwrap();
    state.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(other.close_import("aa").unwrap_err().kind(), Kind::Retry);
}

#[test]
fn a_state_from_before_corrections_of_incidents_keeps_its_rows_and_goes_on() {
    let (_folder, root) = root();
    // As the version before wrote it: one correction, taken back, and rows that set something apart.
    let before = MIGRATIONS.iter().position(|step| step.contains("corrections_before")).unwrap();
    let connection = Connection::open(root.state()).unwrap();
    for step in &MIGRATIONS[..before] {
        connection.execute_batch(step).unwrap();
    }
    connection
        .execute_batch(
            "INSERT INTO corrections (kind, from_date, to_date, undoes, site, was_code, source_format, code, reason,
                 made_by, made_utc)
             VALUES ('code', '2026-01-12', '2026-01-12', NULL, 'a.org', NULL, NULL, 'EDU', 'x', 'IT', 't'),
                    ('undo', '2026-01-12', '2026-01-12', 1, NULL, NULL, NULL, NULL, 'y', 'IT', 'u');
             INSERT INTO set_apart_rules VALUES ('2026-01-12', '2026-01-13', 'network 10.0.0.0/8');",
        )
        .unwrap();
    connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    connection.pragma_update(None, "user_version", before as i64).unwrap();
    drop(connection);

    let mut state = State::open(&root).unwrap();
    let known = state.corrections().unwrap();
    assert_eq!(
        known.iter().map(|row| (row.id, row.undone_by)).collect::<Vec<_>>(),
        [(1, Some(2)), (2, None)]
    );
    assert_eq!(known[0].reason, "x");
    let wrong = Wrong::Incident { incident: 7, source: "cpoms-incidents".to_owned(), before_us: 5 };
    let (day, none) = (date(2026, 1, 12), BTreeSet::new());
    let new = NewCorrection { from: day, to: day, wrong: wrong.clone(), reason: "z", by: "DSL" };
    assert_eq!(state.add_correction(&new, &none).unwrap(), 3, "numbers go on");
    assert_eq!(state.corrections().unwrap()[2].wrong, wrong);
    for forbidden in ["UPDATE corrections SET reason = ''", "DELETE FROM corrections"] {
        assert!(state.connection().execute(forbidden, []).is_err(), "{forbidden}");
    }
    assert!(state.connection().execute("UPDATE corrections SET undoes = 99 WHERE id = 3", []).is_err());
    assert_eq!(state.vouched_apart().unwrap().len(), 1, "what was in force stays so");
}
