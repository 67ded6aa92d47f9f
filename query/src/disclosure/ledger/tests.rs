//! The ledger: entries, chain, withdrawal, and who gets what.
#![allow(clippy::unwrap_used, reason = "a test may")]
use super::super::sealed::{SealedPolicy, SealedRow, SealedTable, Shown};
use super::*;
use rusqlite::params;

pub(super) fn set(audience: AudienceWord, period: &str) -> SealedSet {
    SealedSet {
        schema: "watershed.sealed/1".to_owned(),
        id: format!("st-annes-{period}-{}", audience.word()),
        school: "st-annes".to_owned(),
        school_name: "St Anne's".to_owned(),
        audience: audience.word().to_owned(),
        period: period.to_owned(),
        period_from: "2025-09-03".to_owned(),
        period_to: "2025-12-19".to_owned(),
        sealed_on: "2026-01-05".to_owned(),
        approver: String::new(),
        policy: SealedPolicy {
            version: "release-policy/1".to_owned(),
            threshold_pupils: 10,
            band_pupils: 5,
            category_list_version: "0123456789abcdef".to_owned(),
            shape: "t0-t1-termly".to_owned(),
        },
        roll: Vec::new(),
        groups: Vec::new(),
        categories: Vec::new(),
        tables: vec![SealedTable {
            id: "T0".to_owned(),
            title: "Pupils".to_owned(),
            roll: 410,
            rows: vec![
                SealedRow {
                    row: "Any".to_owned(),
                    heading: String::new(),
                    group: "school".to_owned(),
                    shown: Shown::Band { from: 20, to: 24 },
                    per_hundred: Some("5 to 6 in every 100 pupils".to_owned()),
                    change: None,
                },
                SealedRow {
                    row: "Other".to_owned(),
                    heading: "conduct".to_owned(),
                    group: "school".to_owned(),
                    shown: Shown::FewerThan { n: 10 },
                    per_hundred: None,
                    change: None,
                },
            ],
        }],
        operational: Vec::new(),
        statements: vec!["Some matters are never reported here, whether or not any arose.".to_owned()],
    }
}

fn sealing(set: &SealedSet) -> Sealing<'_> {
    Sealing { set, academic_year: "2025-26".to_owned(), fallback_level: 0 }
}

pub(super) fn ledger_of(sets: &[SealedSet]) -> Ledger {
    let mut ledger = Ledger::over(Connection::open_in_memory().unwrap()).unwrap();
    for set in sets {
        ledger.seal(&sealing(set)).unwrap();
    }
    ledger
}

pub(super) fn enter(ledger: &mut Ledger, set: &SealedSet) {
    ledger.seal(&sealing(set)).unwrap();
}

const DAY: jiff::civil::Date = jiff::civil::date(2026, 1, 6);

fn approved() -> (Ledger, Vec<SealedSet>) {
    let (mut ledger, sets) = three();
    for set in &sets {
        ledger.approve(&set.id, "headteacher", DAY).unwrap();
    }
    (ledger, sets.into_iter().map(|set| SealedSet { approver: "headteacher".to_owned(), ..set }).collect())
}

pub(crate) fn three() -> (Ledger, Vec<SealedSet>) {
    let sets = vec![
        set(AudienceWord::Governors, "2025-autumn"),
        set(AudienceWord::Parents, "2025-autumn"),
        set(AudienceWord::Governors, "2026-spring"),
    ];
    (ledger_of(&sets), sets)
}

/// What somebody with the file and a SQLite shell can do.
fn tamper(ledger: &Ledger, change: &str) {
    ledger
        .connection
        .execute_batch("DROP TRIGGER release_ledger_never_change; DROP TRIGGER release_ledger_never_go")
        .unwrap();
    ledger.connection.execute_batch(change).unwrap();
}

#[test]
fn what_was_sealed_is_what_is_read() {
    let (ledger, sets) = approved();
    for set in &sets {
        assert_eq!(ledger.governors(&set.id).unwrap().value(), set);
        assert_eq!(*ledger.json(&set.id).unwrap().value(), serde_json::to_string(set).unwrap());
    }
    assert_eq!(ledger.parents(&sets[1].id).unwrap().value(), &sets[1]);
    assert_eq!(*ledger.parents_json(&sets[1].id).unwrap().value(), serde_json::to_string(&sets[1]).unwrap());
    let ids: Vec<_> = ledger.list().unwrap().into_iter().map(|entry| entry.id).collect();
    assert_eq!(ids, sets.iter().map(|set| set.id.clone()).collect::<Vec<_>>());
    let verification = ledger.verify().unwrap();
    assert!(verification.is_sound());
    assert_eq!(verification.entries.len(), 6);
}

#[test]
fn a_digest_can_be_checked_by_hand() {
    // printf abc | sha256sum
    assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let (ledger, sets) = three();
    let json = serde_json::to_string(&sets[0]).unwrap();
    assert_eq!(ledger.verify().unwrap().entries[0].sealed_sha256, sha256(json.as_bytes()));
}

#[test]
fn a_governors_set_is_not_there_for_parents() {
    let (ledger, sets) = approved();
    let refused = ledger.parents(&sets[0].id).unwrap_err();
    let unknown = ledger.parents("st-annes-2031-autumn-governors").unwrap_err();
    assert_eq!(refused.to_string().replace("2025", "2031"), unknown.to_string());
    assert!(ledger.parents_json(&sets[0].id).is_err());
}

#[test]
fn an_unknown_id_is_not_echoed_unless_it_looks_like_one() {
    let (ledger, _) = three();
    assert!(!ledger.governors("Jane Smith's laptop").unwrap_err().to_string().contains("Jane"));
}

#[test]
fn one_set_for_each_school_audience_and_period() {
    let (mut ledger, mut sets) = three();
    sets[0].id = "another-id".to_owned();
    assert!(ledger.seal(&sealing(&sets[0])).is_err());
    assert_eq!(ledger.list().unwrap().len(), 3);
}

#[test]
fn the_data_base_refuses_to_change_delete_replace_or_slip_in() {
    let (ledger, _) = three();
    for statement in [
        "UPDATE release_ledger SET approver = 'nobody'",
        "DELETE FROM release_ledger",
        "DELETE FROM release_ledger WHERE sequence = 3",
        "INSERT OR REPLACE INTO release_ledger SELECT * FROM release_ledger WHERE sequence = 1",
        "INSERT OR REPLACE INTO release_ledger SELECT 4, kind, id, school, audience, period, academic_year, table_ids, shape_id, \
         policy_version, threshold_pupils, band_pupils, category_list_version, roll_json, sealed_on, approver, \
         fallback_level, sealed_json, sealed_sha256, (SELECT entry_hash FROM release_ledger WHERE sequence = 3), 'x' \
         FROM release_ledger WHERE sequence = 1",
        "INSERT INTO release_ledger SELECT 4, kind, id, school, audience, '2027-autumn', academic_year, table_ids, shape_id, \
         policy_version, threshold_pupils, band_pupils, category_list_version, roll_json, sealed_on, approver, \
         fallback_level, sealed_json, sealed_sha256, previous_hash, 'x' FROM release_ledger WHERE sequence = 1",
    ] {
        assert!(ledger.connection.execute_batch(statement).is_err(), "{statement}");
    }
    assert!(ledger.verify().unwrap().is_sound());
}

#[test]
fn changed_bytes_are_found_and_not_shown() {
    let (ledger, sets) = approved();
    tamper(
        &ledger,
        "UPDATE release_ledger SET sealed_json = replace(sealed_json, '\"to\":24', '\"to\":29') WHERE sequence = 1",
    );
    assert_eq!(ledger.governors(&sets[0].id).unwrap_err().kind(), Kind::Corrupt);
    assert_eq!(ledger.json(&sets[0].id).unwrap_err().kind(), Kind::Corrupt);
    assert!(ledger.governors(&sets[2].id).is_ok());
    let verification = ledger.verify().unwrap();
    assert!(!verification.is_sound());
    assert_eq!(verification.entries[0].faults, ["the sealed bytes were changed"]);
    assert!(verification.entries[1].faults.is_empty());
}

#[test]
fn every_column_is_bound() {
    for (column, value) in [
        ("kind", "'withdrawn'"),
        ("id", "'x'"),
        ("school", "'x'"),
        ("audience", "'parents'"),
        ("period", "'2031-autumn'"),
        ("academic_year", "'x'"),
        ("table_ids", "'x'"),
        ("shape_id", "'x'"),
        ("policy_version", "'x'"),
        ("threshold_pupils", "3"),
        ("band_pupils", "1"),
        ("category_list_version", "'x'"),
        ("roll_json", "'x'"),
        ("sealed_on", "'x'"),
        ("approver", "'x'"),
        ("fallback_level", "3"),
        ("sealed_json", "'{}'"),
        ("sealed_sha256", "'x'"),
        ("previous_hash", "'x'"),
        ("entry_hash", "'x'"),
    ] {
        let (ledger, sets) = three();
        tamper(&ledger, &format!("UPDATE release_ledger SET {column} = {value} WHERE sequence = 3"));
        assert!(!ledger.verify().unwrap().is_sound(), "{column}");
        assert!(ledger.staff(&sets[2].id).is_err(), "{column}");
    }
}

#[test]
fn an_entry_that_goes_is_missed_wherever_it_stood() {
    for sequence in 1..=3 {
        let (ledger, _) = three();
        tamper(&ledger, &format!("DELETE FROM release_ledger WHERE sequence = {sequence}"));
        let verification = ledger.verify().unwrap();
        assert!(!verification.is_sound(), "entry {sequence}");
        assert_eq!(verification.missing_entries, i64::from(sequence == 3));
    }
}

#[test]
fn an_entry_rewritten_with_its_digests_no_longer_fits_the_next() {
    let (ledger, sets) = three();
    let mut forged = ledger.records(SEALED, Some(&sets[0].id)).unwrap().pop().unwrap();
    forged.sealed_json = forged.sealed_json.replace("\"to\":24", "\"to\":29");
    forged.sealed_sha256 = sha256(forged.sealed_json.as_bytes());
    forged.entry_hash = forged.digest();
    tamper(&ledger, "");
    ledger
        .connection
        .execute(
            "UPDATE release_ledger SET sealed_json = ?1, sealed_sha256 = ?2, entry_hash = ?3 WHERE sequence = 1",
            params![forged.sealed_json, forged.sealed_sha256, forged.entry_hash],
        )
        .unwrap();
    let verification = ledger.verify().unwrap();
    assert_eq!(verification.entries[1].faults, ["does not follow the entry before it"]);
}

#[test]
fn a_withdrawn_set_is_gone_for_every_reader_and_its_copy_for_parents_too() {
    let (mut ledger, sets) = approved();
    let day = jiff::civil::date(2026, 2, 1);
    assert!(ledger.withdraw(&sets[0].id, "  ", "headteacher", day).is_err());
    ledger.withdraw(&sets[0].id, "A day was counted twice.", "headteacher", day).unwrap();
    for id in [&sets[0].id, &sets[1].id] {
        let refused = ledger.governors(id).unwrap_err().to_string();
        assert!(refused.contains("was withdrawn on 2026-02-01: A day was counted twice."), "{refused}");
        assert!(ledger.json(id).is_err());
    }
    assert!(ledger.parents(&sets[1].id).is_err());
    assert!(ledger.governors(&sets[2].id).is_ok());
    let listed = ledger.list().unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0].withdrawn.as_ref().unwrap().approver, "headteacher");
    assert!(listed[2].withdrawn.is_none());
    assert!(ledger.withdraw(&sets[0].id, "Again.", "headteacher", day).is_err());
    // What was read is still there for an auditor.
    assert!(ledger.staff_json(&sets[0].id).unwrap().value().contains("st-annes-2025-autumn-governors"));
    assert!(ledger.seal(&sealing(&sets[0])).is_err(), "not sealed again");
    assert!(ledger.verify().unwrap().is_sound());
    assert_eq!(ledger.find(AudienceWord::Governors, "2025-autumn").unwrap(), Some((sets[0].id.clone(), 0)));
    assert_eq!(ledger.standing_set(AudienceWord::Governors, "2025-autumn").unwrap(), None);
}

#[test]
fn the_shape_of_a_year_is_that_of_its_first_set() {
    let (ledger, sets) = three();
    let fixed = ledger.fixed(AudienceWord::Governors, "2025-26").unwrap().unwrap();
    assert_eq!((fixed.id.as_str(), fixed.shape.as_str()), (sets[0].id.as_str(), "t0-t1-termly"));
    assert_eq!(ledger.fixed(AudienceWord::Governors, "2026-27").unwrap(), None);
}

#[test]
fn nobody_but_staff_sees_a_set_before_a_role_has_approved_it() {
    let (mut ledger, sets) = three();
    for set in &sets {
        assert!(ledger.governors(&set.id).unwrap_err().to_string().contains("was not approved yet"));
        assert!(ledger.json(&set.id).is_err());
        assert_eq!(*ledger.staff_json(&set.id).unwrap().value(), serde_json::to_string(set).unwrap());
        assert_eq!(ledger.staff(&set.id).unwrap().value(), set);
    }
    assert!(ledger.parents(&sets[1].id).is_err() && ledger.parents_json(&sets[1].id).is_err());
    assert!(ledger.list().unwrap().iter().all(|entry| entry.approved.is_none()));
    for wrong in ["", "  ", "a\nb", &"x".repeat(81)] {
        assert!(ledger.approve(&sets[0].id, wrong, DAY).is_err());
    }
    let approval = ledger.approve(&sets[0].id, " headteacher ", DAY).unwrap();
    assert_eq!((approval.approver.as_str(), approval.approved_on.as_str()), ("headteacher", "2026-01-06"));
    assert_eq!(approval.sealed_sha256, sha256(serde_json::to_string(&sets[0]).unwrap().as_bytes()));
    // A second approval changes nothing, and the sealed bytes do not know of it.
    let later = jiff::civil::date(2026, 2, 1);
    assert_eq!(ledger.approve(&sets[0].id, "chair", later).unwrap(), approval);
    assert_eq!(*ledger.json(&sets[0].id).unwrap().value(), serde_json::to_string(&sets[0]).unwrap());
    assert_eq!(ledger.governors(&sets[0].id).unwrap().value().approver, "headteacher");
    assert!(ledger.parents(&sets[1].id).is_err(), "the parents' set has an approval of its own");
    assert_eq!(ledger.list().unwrap()[0].approved, Some(approval));
    assert_eq!(ledger.verify().unwrap().entries[3].kind, "approved");
    assert!(ledger.verify().unwrap().is_sound());
}

#[test]
fn an_approval_of_other_bytes_or_by_another_role_is_none() {
    let (ledger, sets) = approved();
    tamper(
        &ledger,
        "UPDATE release_ledger SET approver = 'chair' WHERE kind = 'approved' AND audience = 'parents'",
    );
    assert_eq!(ledger.parents(&sets[1].id).unwrap_err().kind(), Kind::Corrupt);
    assert!(ledger.governors(&sets[0].id).is_ok());
}

#[test]
fn a_statement_for_readers_holds_no_figure() {
    let (mut ledger, sets) = approved();
    for wrong in ["", "3 pupils too many.", "a\nb", &"x".repeat(501)] {
        assert!(ledger.withdraw(&sets[0].id, wrong, "headteacher", DAY).is_err(), "{wrong}");
    }
    assert!(ledger.withdraw(&sets[0].id, "Some days were counted twice.", "", DAY).is_err());
    assert!(ledger.governors(&sets[0].id).is_ok());
}

#[test]
fn a_ledger_of_an_older_version_keeps_every_byte_and_takes_approvals() {
    let older = super::tables::prepare;
    let connection = Connection::open_in_memory().unwrap();
    older(&connection).unwrap();
    // As it was made before there were approvals.
    let sql: String = connection
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'release_ledger'", [], |row| row.get(0))
        .unwrap();
    connection.execute_batch("DROP TABLE release_ledger").unwrap();
    connection
        .execute_batch(&sql.replace("'sealed', 'approved', 'withdrawn'", "'sealed', 'withdrawn'"))
        .unwrap();
    let sets = [set(AudienceWord::Governors, "2025-autumn"), set(AudienceWord::Parents, "2025-autumn")];
    let mut ledger = Ledger { connection };
    for set in &sets {
        ledger.seal(&sealing(set)).unwrap();
    }
    let head = ledger.verify().unwrap().head;
    ledger.connection.execute_batch("DELETE FROM release_ledger WHERE sequence = 2").unwrap();
    assert!(ledger.approve(&sets[0].id, "headteacher", DAY).is_err());
    let ledger = Ledger::over(ledger.connection).unwrap();
    assert_eq!(ledger.verify().unwrap().missing_entries, 1, "a missing end is still missed");
    assert_ne!(ledger.verify().unwrap().head, head);
    assert_eq!(ledger.staff(&sets[0].id).unwrap().value(), &sets[0]);
    let mut ledger = Ledger::over(ledger.connection).unwrap();
    ledger.approve(&sets[0].id, "headteacher", DAY).unwrap();
    assert!(ledger.governors(&sets[0].id).is_ok());
}
