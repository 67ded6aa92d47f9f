//! Whose a sealed row is: by pseudonym, by what is written, by what texts say; and where nobody can tell.

use super::super::whose::Kept;
use super::*;
use crate::person::Whose;
use crate::vault::VaultReader;
use crate::vault::edit::SealedRow;
use crate::vault::rows::{ChangeRow, CheckRow, IncidentRow, RejectRow, RequestRow, WordRow};

pub(super) const ROSTER: &[u8] = b"person_key,accounts,mis_name,role,year\nP1,ajones,Ann Jones,pupil,10\nP2,bsmith,Ben Smith,pupil,10\nP5,madonna5,Madonna,pupil,10\n";

pub(super) fn kept(place: &Installation, held: i64) -> Kept {
    let hold = NewHold {
        from: MONDAY,
        to: MONDAY,
        person: Some(held),
        reason: "case 12",
        owner: "DSL",
        review: date(2026, 6, 1),
    };
    state(place).add_hold(&hold, AFTER_MONDAY).unwrap();
    let key = place.key();
    let reader = VaultReader::open(&place.root().vault(), &place.school.id, &key);
    Kept::read(&reader, &state(place), &keyring(place)).unwrap()
}

fn request(actor: Option<i64>, kind: &'static str, written: Option<&'static str>) -> RequestRow<'static> {
    RequestRow {
        import_token: 1,
        record_number: 1,
        event_time_utc_us: EIGHT * 1_000_000,
        local_date: MONDAY,
        local_minute: 540,
        actor,
        actor_kind: kind.into(),
        role: "unknown".into(),
        group_id: "unmatched".into(),
        device: None,
        user_written: written.map(Into::into),
        address: None,
        client_host: None,
        user_agent: None,
        scheme: None,
        host: None,
        port: None,
        path: None,
        query: None,
        search_words: None,
        group_words: None,
        category_words: None,
        code: "EDU".into(),
        theme: None,
        search_theme: None,
        action: "allowed".into(),
        severity: 0,
        record_noise: false,
        illegal_token: None,
    }
}

pub(super) fn incident(subject: Option<i64>, linked: Option<&'static str>) -> IncidentRow<'static> {
    IncidentRow {
        import_token: 1,
        record_number: 1,
        event_time_utc_us: EIGHT * 1_000_000,
        local_date: MONDAY,
        incident: 5,
        subject,
        reference: None,
        subject_written: None,
        linked_written: linked.map(Into::into),
        category_words: None,
        status_words: None,
        narrative: None,
    }
}

pub(super) fn change(requester: Option<i64>) -> ChangeRow<'static> {
    ChangeRow {
        import_token: 1,
        record_number: 1,
        event_time_utc_us: EIGHT * 1_000_000,
        local_date: MONDAY,
        change: 5,
        requester,
        decided_by: None,
        reference: None,
        requester_written: None,
        requester_role_words: None,
        decided_by_written: None,
        decided_by_role_words: None,
        address: None,
        host: None,
        title: None,
        reason: None,
        risk_note: None,
        narrative: None,
        asked_words: None,
        category_words: None,
        group_words: None,
        decision_words: None,
        status_words: None,
        unread_dates: None,
        illegal_token: None,
    }
}

pub(super) fn check(tester: Option<i64>, narrative: Option<&'static str>) -> CheckRow<'static> {
    CheckRow {
        import_token: 1,
        record_number: 1,
        event_time_utc_us: EIGHT * 1_000_000,
        local_date: MONDAY,
        check: 5,
        tester,
        device: None,
        reference: None,
        tester_written: None,
        device_written: None,
        location: None,
        category_words: None,
        group_words: None,
        result_words: None,
        narrative: narrative.map(Into::into),
    }
}

fn reject(raw: &'static [u8]) -> RejectRow<'static> {
    RejectRow {
        import_token: 1,
        record_number: 1,
        line_number: 1,
        offset_bytes: 0,
        reason: "cut".into(),
        raw: raw.into(),
    }
}

fn word(words: &'static str) -> WordRow<'static> {
    WordRow {
        import_token: 1,
        kind: "category".into(),
        academic_year: None,
        token: Some(9),
        words: words.into(),
        records: 1,
    }
}

pub(super) const BEN: i64 = 4242;

#[test]
fn a_text_that_names_the_held_person_stays_wherever_it_stands() {
    let place = Installation::new();
    roster(&place, ROSTER);
    let ann = keyring(&place).token(AcademicYear::of(MONDAY), Domain::Person, b"P1").unwrap();
    let kept = kept(&place, ann);
    let is = |row: ChangeRow<'static>| kept.whose(&SealedRow::Change(&row));
    let names = || Some("for Ann Jones of 10B".into());
    let of_ben = || change(Some(BEN));
    assert_eq!(is(of_ben()), Whose::Others);
    assert_eq!(is(change(None)), Whose::Others, "her name is known, and it is not there");
    assert_eq!(is(ChangeRow { title: names(), ..of_ben() }), Whose::Hers);
    assert_eq!(is(ChangeRow { reason: names(), ..of_ben() }), Whose::Hers);
    assert_eq!(is(ChangeRow { risk_note: names(), ..of_ben() }), Whose::Hers);
    assert_eq!(is(ChangeRow { narrative: names(), ..of_ben() }), Whose::Hers);
    assert_eq!(is(ChangeRow { decided_by: Some(ann), ..of_ben() }), Whose::Hers);
    assert_eq!(is(ChangeRow { narrative: Some("for Ben Smith".into()), ..of_ben() }), Whose::Others);
    assert_eq!(is(ChangeRow { local_date: TUESDAY, narrative: names(), ..of_ben() }), Whose::Others);
    let is = |row: CheckRow<'static>| kept.whose(&SealedRow::Check(&row));
    assert_eq!(is(check(Some(BEN), Some("with ajones beside"))), Whose::Hers);
    assert_eq!(is(check(Some(BEN), Some("fine"))), Whose::Others);
    let is = |row: IncidentRow<'static>| kept.whose(&SealedRow::Incident(&row));
    assert_eq!(is(incident(Some(BEN), Some("Smith, Ben; Jones, Ann"))), Whose::Hers);
    assert_eq!(is(incident(Some(BEN), Some("Smith, Ben"))), Whose::Others);
    assert_eq!(kept.whose(&SealedRow::Reject(&reject(b"1759 ajones GET"))), Whose::Hers);
    assert_eq!(kept.whose(&SealedRow::Reject(&reject(b"1759 bsmith GET"))), Whose::Others);
    assert_eq!(kept.whose(&SealedRow::Word(&word("Year 10"))), Whose::Others);
}

#[test]
fn a_name_of_one_word_is_found_in_a_list_of_names() {
    let place = Installation::new();
    roster(&place, ROSTER);
    let held = keyring(&place).token(AcademicYear::of(MONDAY), Domain::Person, b"P5").unwrap();
    let kept = kept(&place, held);
    let is = |list| kept.whose(&SealedRow::Incident(&incident(Some(BEN), Some(list))));
    assert_eq!((is("Ben Smith; Madonna (10B)"), is("Ben Smith")), (Whose::Hers, Whose::Others));
}

#[test]
fn where_no_roster_says_who_is_held_only_another_pseudonym_is_certainly_somebody_elses() {
    let place = Installation::new();
    let account = keyring(&place).token(AcademicYear::of(MONDAY), Domain::Account, b"ajones").unwrap();
    let kept = kept(&place, account);
    for (row, expected) in [
        (request(Some(account), "person", Some("ajones")), Whose::Hers),
        (request(Some(BEN), "person", Some("bsmith")), Whose::Others),
        (request(Some(BEN), "shared", Some("library")), Whose::Others),
        (request(Some(BEN), "address", None), Whose::Others),
        // Typed where nobody was signed in.
        (request(Some(BEN), "address", Some("jones")), Whose::Unclear),
        (request(None, "nobody", None), Whose::Unclear),
    ] {
        let said = format!("{:?} {:?} {:?}", row.actor, row.actor_kind, row.user_written);
        assert_eq!(kept.whose(&SealedRow::Request(&row)), expected, "{said}");
    }
    let is = |row: IncidentRow<'static>| kept.whose(&SealedRow::Incident(&row));
    assert_eq!(is(incident(None, None)), Whose::Unclear);
    assert_eq!(is(incident(Some(BEN), None)), Whose::Others);
    assert_eq!(is(incident(Some(BEN), Some("Ann Jones"))), Whose::Unclear);
    assert_eq!(is(IncidentRow { narrative: Some("x".into()), ..incident(Some(BEN), None) }), Whose::Unclear);
    let is = |row: ChangeRow<'static>| kept.whose(&SealedRow::Change(&row));
    assert_eq!(is(change(None)), Whose::Unclear);
    assert_eq!(is(change(Some(BEN))), Whose::Others, "nobody has decided");
    assert_eq!(
        is(ChangeRow { decided_by_written: Some("A. Jones".into()), ..change(Some(BEN)) }),
        Whose::Unclear
    );
    assert_eq!(is(ChangeRow { reason: Some("x".into()), ..change(Some(BEN)) }), Whose::Unclear);
    let is = |row: CheckRow<'static>| kept.whose(&SealedRow::Check(&row));
    assert_eq!((is(check(None, None)), is(check(Some(BEN), None))), (Whose::Unclear, Whose::Others));
    assert_eq!(kept.whose(&SealedRow::Reject(&reject(b"1759 bsmith GET"))), Whose::Unclear);
    assert_eq!(kept.whose(&SealedRow::Word(&word("Year 10"))), Whose::Unclear);
}
