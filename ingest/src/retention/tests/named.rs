//! Rows that name a held person in words that no roster could tell, and incidents of which one row is hers.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::super::whose::Kept;
use super::whose::{BEN, ROSTER, change, check, incident, kept};
use super::*;
use crate::person::Whose;
use crate::vault::VaultReader;
use crate::vault::edit::SealedRow;
use crate::vault::rows::{ChangeRow, CheckRow, IncidentRow};

fn ann(place: &Installation) -> i64 {
    keyring(place).token(AcademicYear::of(MONDAY), Domain::Person, b"P1").unwrap()
}

#[test]
fn words_that_no_roster_could_tell_may_be_the_held_persons() {
    let place = Installation::new();
    roster(&place, ROSTER);
    let kept = kept(&place, ann(&place));
    let incident_of = |subject, written: &'static str| {
        let row = IncidentRow { subject_written: Some(written.into()), ..incident(subject, None) };
        kept.whose(&SealedRow::Incident(&row))
    };
    assert_eq!(incident_of(None, "Ann Jones 10B"), Whose::Hers);
    assert_eq!(incident_of(None, "Ann Jones and Ben Smith"), Whose::Hers);
    assert_eq!(incident_of(None, "Annie Jones"), Whose::Unclear, "a nickname");
    assert_eq!(kept.whose(&SealedRow::Incident(&incident(None, None))), Whose::Unclear, "nobody is named");
    assert_eq!(incident_of(Some(BEN), "Ben Smith"), Whose::Others);
    let of = |row: ChangeRow<'static>| kept.whose(&SealedRow::Change(&row));
    let written = |words: &'static str| ChangeRow { requester_written: Some(words.into()), ..change(None) };
    assert_eq!(of(written("Annie Jones")), Whose::Unclear);
    assert_eq!(of(written("Ann Jones (10B) and another")), Whose::Hers);
    let decided = |by, words: &'static str| ChangeRow {
        decided_by: by,
        decided_by_written: Some(words.into()),
        ..change(Some(BEN))
    };
    assert_eq!(of(decided(None, "A. Jones")), Whose::Unclear);
    assert_eq!(of(decided(Some(BEN), "Ben Smith")), Whose::Others);
    let of = |row: CheckRow<'static>| kept.whose(&SealedRow::Check(&row));
    let tested = |by, words: &'static str| CheckRow { tester_written: Some(words.into()), ..check(by, None) };
    assert_eq!(of(tested(None, "A. Jones")), Whose::Unclear);
    assert_eq!(of(tested(None, "with Ann Jones")), Whose::Hers);
    assert_eq!(of(tested(Some(BEN), "Ben Smith")), Whose::Others);
}

/// Of incident 100 a row is Ben's and a later one Ann's, 101 is Madonna's. The head is the first record of the file.
const SHARED: &str = "Record ID,Student,Concern Title,Date of Concern,Category of Concern,DSL informed\r\n\
     100,Ben Smith,x,06/10/2025,Bullying,Yes\r\n\
     100,Ann Jones,x,06/10/2025,Bullying,Yes\r\n\
     101,Madonna,y,06/10/2025,Bullying,Yes\r\n";

fn shared() -> Installation {
    let place = Installation::new();
    roster(&place, ROSTER);
    place.put("concerns.csv", SHARED);
    let report = place.run();
    assert_eq!(report.files[0].outcome, Outcome::Committed, "{report:?}");
    assert_eq!(place.rows(&crate::schema::INCIDENTS).len(), 3);
    place
}

fn held(place: &Installation, person: i64) {
    let hold = NewHold {
        from: MONDAY,
        to: MONDAY,
        person: Some(person),
        reason: "case 12",
        owner: "DSL",
        review: date(2026, 6, 1),
    };
    state(place).add_hold(&hold, AFTER_MONDAY).unwrap();
}

#[test]
fn the_vault_keeps_every_row_of_an_incident_that_is_the_held_persons() {
    let place = shared();
    held(&place, ann(&place));
    let key = place.key();
    let reader = VaultReader::open(&place.root().vault(), &place.school.id, &key);
    let kept = Kept::read(&reader, &state(&place), &keyring(&place)).unwrap();
    let mut found = Vec::new();
    let always = crate::vault::Selection { from: Date::MIN, to: Date::MAX, actor: None, between_us: None };
    reader
        .incidents(&always, &mut |row| {
            found.push((row.record_number, kept.whose(&SealedRow::Incident(&row))));
            Ok(())
        })
        .unwrap();
    found.sort();
    assert_eq!(found, [(2, Whose::Unclear), (3, Whose::Hers), (4, Whose::Others)]);
}

#[test]
fn an_incident_of_which_a_later_row_is_the_held_persons_is_planned_to_stay() {
    let place = shared();
    // In the order in which they are read.
    let mut rows = Vec::new();
    let snapshot = place.snapshot(&crate::schema::INCIDENTS);
    for file in &snapshot.files {
        snapshot
            .read(file, Some(&["incident", "subject"]), &mut |batch| {
                let numbers = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>();
                let pairs = numbers("incident").values().iter().zip(numbers("subject").values());
                rows.extend(pairs.map(|(incident, subject)| (*incident, *subject)));
                Ok(())
            })
            .unwrap();
    }
    // Of the two rows of one incident the one that is read last.
    let later = (0..rows.len()).rev().find(|at| rows[..*at].iter().any(|row| row.0 == rows[*at].0)).unwrap();
    held(&place, rows[later].1);
    let of_incidents = |report: &RetainReport| {
        let lines = report.lines.iter().filter(|line| line.place == "incidents");
        lines.map(|line| line.rows).sum::<u64>()
    };
    assert_eq!(of_incidents(&retain(&place, date(2027, 9, 1))), 1, "Madonna's");
    assert_eq!(place.rows(&crate::schema::INCIDENTS).len(), 2);
    assert_eq!(
        of_incidents(&retain(&place, date(2027, 9, 1))),
        0,
        "and nothing that stays is said to go again"
    );
}
