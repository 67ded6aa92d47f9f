//! Entries, their chain, and what is noticed of a chain that was tampered with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
use super::*;

fn audit() -> (tempfile::TempDir, AccessAudit) {
    let folder = tempfile::tempdir().unwrap();
    let school = SchoolId::parse("st-annes").unwrap();
    std::fs::create_dir_all(SchoolRoot::new(folder.path(), &school).root()).unwrap();
    let audit = AccessAudit::open(folder.path(), &school).unwrap();
    (folder, audit)
}

fn access(reason: &str) -> Access<'_> {
    Access { who: "key 01", what: What::Unlock, reason, target: "00000000000000ff", rows: 3 }
}

#[test]
fn entries_are_chained_and_verified() {
    let (folder, mut audit) = audit();
    assert_eq!(audit.verify().unwrap(), Verification { entries: 0, dropped: 0, head: String::new() });
    audit.record(&access(" case 12 ")).unwrap();
    let second = audit.record(&access("case 13")).unwrap();
    assert_eq!(second.sequence, 2);
    let school = SchoolId::parse("st-annes").unwrap();
    let mut again = AccessAudit::open(folder.path(), &school).unwrap();
    assert_eq!(again.verify().unwrap(), Verification { entries: 2, dropped: 0, head: second.hash });
    let entries = again.entries().unwrap();
    assert_eq!((entries[0].reason.as_str(), entries[0].rows), ("case 12", 3));
}

#[test]
fn entries_can_be_neither_changed_nor_deleted() {
    let (_folder, mut audit) = audit();
    audit.record(&access("case 12")).unwrap();
    for statement in ["UPDATE access_audit SET reason = 'x'", "DELETE FROM access_audit"] {
        assert!(audit.state.connection().execute_batch(statement).is_err(), "{statement}");
    }
    assert_eq!(audit.verify().unwrap().entries, 1);
}

#[test]
fn a_change_around_the_triggers_breaks_the_chain() {
    for statement in [
        "UPDATE access_audit SET reason = 'case 99' WHERE sequence = 2",
        "UPDATE access_audit SET rows = 0 WHERE sequence = 1",
        "DELETE FROM access_audit WHERE sequence = 2",
        "DELETE FROM access_audit WHERE sequence = 1",
    ] {
        let (_folder, mut audit) = audit();
        for reason in ["case 12", "case 13", "case 14"] {
            audit.record(&access(reason)).unwrap();
        }
        audit
            .state
            .connection()
            .execute_batch("DROP TRIGGER access_audit_never_changes; DROP TRIGGER access_audit_keeps_a_year")
            .unwrap();
        audit.state.connection().execute_batch(statement).unwrap();
        assert_eq!(audit.verify().unwrap_err().kind(), Kind::Corrupt, "{statement}");
    }
}

#[test]
fn a_reason_must_say_something() {
    let (_folder, mut audit) = audit();
    for reason in ["", "  ", "-", "two\nlines", &"x".repeat(501)] {
        assert_eq!(audit.record(&access(reason)).unwrap_err().kind(), Kind::Configuration);
    }
    assert!(audit.entries().unwrap().is_empty());
}

/// What somebody with the state file and the program's code can do: write the whole chain anew.
fn rewrite_from(audit: &mut AccessAudit, first: i64) {
    let mut head = String::new();
    for entry in audit.entries().unwrap() {
        let mut forged = entry.clone();
        if entry.sequence >= first {
            forged.reason = format!("forged {}", entry.sequence);
        }
        forged.hash = chained(&head, &forged);
        head.clone_from(&forged.hash);
        audit
            .state
            .connection()
            .execute(
                "UPDATE access_audit SET reason = ?1, hash = ?2 WHERE sequence = ?3",
                params![forged.reason, forged.hash, forged.sequence],
            )
            .unwrap();
    }
}

#[test]
fn a_noted_head_notices_what_the_chain_alone_does_not() {
    let (_folder, mut audit) = audit();
    let heads: Vec<_> = ["case 12", "case 13", "case 14", "case 15"]
        .map(|reason| audit.record(&access(reason)).unwrap().hash)
        .into();
    for head in &heads {
        assert_eq!(audit.verify_from(head).unwrap().head, heads[3]);
    }
    assert_eq!(audit.verify_from(&heads[1].to_uppercase()).unwrap().entries, 4);
    for no_head in ["", "12", &"x".repeat(64)] {
        assert_eq!(audit.verify_from(no_head).unwrap_err().kind(), Kind::Configuration);
    }
    assert_eq!(audit.verify_from(&"0".repeat(64)).unwrap_err().kind(), Kind::Corrupt);

    audit
        .state
        .connection()
        .execute_batch("DROP TRIGGER access_audit_never_changes; DROP TRIGGER access_audit_keeps_a_year")
        .unwrap();
    // Written anew from the third entry on: the chain holds, heads up to the second are in it, later ones not.
    rewrite_from(&mut audit, 3);
    assert_eq!(audit.verify().unwrap().entries, 4);
    assert!(audit.verify_from(&heads[1]).is_ok());
    assert_eq!(audit.verify_from(&heads[2]).unwrap_err().kind(), Kind::Corrupt);
    assert_eq!(audit.verify_from(&heads[3]).unwrap_err().kind(), Kind::Corrupt);
    // Cut off behind the first.
    audit.state.connection().execute_batch("DELETE FROM access_audit WHERE sequence > 1").unwrap();
    assert_eq!(audit.verify().unwrap().entries, 1);
    assert!(audit.verify_from(&heads[0]).is_ok());
    assert_eq!(audit.verify_from(&heads[1]).unwrap_err().kind(), Kind::Corrupt);
}

#[test]
fn two_entries_in_each_others_place_are_noticed() {
    let (_folder, mut audit) = audit();
    for reason in ["case 12", "case 13", "case 14"] {
        audit.record(&access(reason)).unwrap();
    }
    audit
        .state
        .connection()
        .execute_batch(
            "DROP TRIGGER access_audit_never_changes;
             UPDATE access_audit SET sequence = 99 WHERE sequence = 2;
             UPDATE access_audit SET sequence = 2 WHERE sequence = 3;
             UPDATE access_audit SET sequence = 3 WHERE sequence = 99",
        )
        .unwrap();
    assert_eq!(audit.verify().unwrap_err().kind(), Kind::Corrupt);
}

#[test]
fn a_review_names_a_role_a_day_and_the_head_and_no_number() {
    let (_folder, mut audit) = audit();
    assert_eq!(audit.statement().unwrap(), Statement { head: String::new(), reviewed: None });
    let opened = audit.record(&access("case 12")).unwrap();
    let review = audit.review("headteacher", "termly review").unwrap();
    let later = audit.record(&access("case 13")).unwrap();
    let statement = audit.statement().unwrap();
    assert_eq!(statement.head, later.hash);
    let reviewed = statement.reviewed.unwrap();
    assert_eq!((reviewed.role.as_str(), reviewed.head), ("headteacher", opened.hash));
    assert_eq!(reviewed.date, review.at_utc[..10]);
    assert_eq!(audit.review(" ", "x1").unwrap_err().kind(), Kind::Configuration);
}

#[test]
fn a_person_is_named_beside_the_chain_and_can_be_forgotten() {
    let (_folder, mut audit) = audit();
    let (amy, ben) = (audit.subject(42).unwrap(), audit.subject(43).unwrap());
    assert_eq!((audit.subject(42).unwrap() == amy, amy == ben), (true, false));
    for who in [&amy, &ben, &amy] {
        let target = format!("{who} from 2026-01-12 to 2026-01-12");
        audit.record(&Access { target: &target, ..access("case 12") }).unwrap();
    }
    let hers = std::collections::BTreeSet::from([42]);
    assert_eq!(audit.about(&hers).unwrap().len(), 2);
    audit.state.begin_erasure(&[], jiff::civil::date(2026, 1, 12), &hers, "request 7").unwrap();
    assert_eq!(audit.about(&hers).unwrap().len(), 2, "an erasure that was only begun forgets nobody");
    audit.state.end_erasure(0, "").unwrap();
    assert!(audit.about(&hers).unwrap().is_empty());
    assert_eq!(audit.verify().unwrap().entries, 3);
    assert_ne!(audit.subject(42).unwrap(), amy, "her number is not given out again");
}

#[test]
fn the_head_is_mailed_once_for_each_event_and_a_failure_is_noted_once() {
    let (_folder, mut audit) = audit();
    let school = SchoolId::parse("st-annes").unwrap();
    assert_eq!(audit.mail_due().unwrap(), None);
    let opened = audit.record(&access("case 12")).unwrap();
    let due = audit.mail_due().unwrap().unwrap();
    assert_eq!((due.head.as_str(), due.entries), (opened.hash.as_str(), 1));
    // It could not be sent, twice: one entry, and it is still due, with the head that has the entry.
    audit.note_not_mailed(&school, "the mail server refused it").unwrap();
    audit.note_not_mailed(&school, "the mail server refused it").unwrap();
    let entries = audit.entries().unwrap();
    assert_eq!((entries.len(), entries[1].what.as_str()), (2, "mail not sent"));
    let due = audit.mail_due().unwrap().unwrap();
    assert_eq!((due.head.as_str(), due.entries), (entries[1].hash.as_str(), 2));
    audit.note_mailed(&due).unwrap();
    assert_eq!(audit.mail_due().unwrap(), None);
    audit.record(&Access { what: What::Sql, ..access("statement") }).unwrap();
    assert_eq!(audit.mail_due().unwrap(), None, "a question opens nothing");
    audit.review("headteacher", "termly review").unwrap();
    assert_eq!(audit.mail_due().unwrap().unwrap().entries, 4);
}

#[test]
fn a_paper_about_an_audit_without_openings_has_a_head_as_well() {
    let (_folder, mut audit) = audit();
    let first = audit.statement_for_paper().unwrap();
    assert_eq!(first.head.len(), 64);
    assert_eq!(audit.statement_for_paper().unwrap(), first, "one entry, not one for each paper");
    assert_eq!(audit.mail_due().unwrap(), None);
}

#[test]
fn a_review_of_the_rights_notices_that_they_changed() {
    let (_folder, mut audit) = audit();
    assert_eq!(audit.access_reviewed("dsl: dana").unwrap(), None);
    let entry = audit.review_access("headteacher", "yearly", "dsl: dana").unwrap();
    assert!(!entry.target.contains("dana"), "the list itself is not kept");
    let review = audit.access_reviewed("dsl: dana").unwrap().unwrap();
    assert_eq!((review.role.as_str(), review.unchanged), ("headteacher", true));
    assert!(!audit.access_reviewed("dsl: dana, slt: lee").unwrap().unwrap().unchanged);
    assert_eq!(audit.statement().unwrap().reviewed, None, "that was no review of the openings");
}

#[test]
fn what_is_shared_stands_in_the_chain() {
    let (_folder, mut audit) = audit();
    let sharing = Sharing {
        with: "children's services",
        what: "extract, case \"12\"",
        basis: "Children Act s.11",
        by: "DSL",
    };
    audit.share(&sharing).unwrap();
    audit.record(&access("case 13")).unwrap();
    let shared = audit.shared().unwrap();
    assert_eq!(shared.len(), 1);
    assert_eq!(
        (shared[0].with.as_str(), shared[0].what.as_str()),
        ("children's services", "extract, case \"12\"")
    );
    assert_eq!((shared[0].basis.as_str(), shared[0].by.as_str()), ("Children Act s.11", "DSL"));
    assert_eq!(audit.verify().unwrap().entries, 2);
    for bad in [Sharing { with: " ", ..sharing.clone() }, Sharing { basis: "a\nb", ..sharing.clone() }] {
        assert_eq!(audit.share(&bad).unwrap_err().kind(), Kind::Configuration);
    }
}

#[test]
fn decisions_that_a_killed_run_did_not_enter_are_found_afterwards() {
    let (_folder, mut audit) = audit();
    let (mut ledger, sets) = crate::disclosure::ledger::tests::three();
    let releases = |audit: &mut AccessAudit| -> Vec<(String, String, String)> {
        let entries = audit.entries().unwrap().into_iter().filter(|entry| entry.what == "release");
        entries.map(|entry| (entry.who, entry.reason, entry.target)).collect()
    };
    // Killed after each of three sealings.
    assert_eq!(audit.note_missed(&ledger).unwrap(), 3);
    assert_eq!(audit.note_missed(&ledger).unwrap(), 0, "once");
    // One that was entered as it should be, with the head after it.
    let day = jiff::civil::date(2026, 1, 6);
    ledger.approve(&sets[0].id, "headteacher", day).unwrap();
    let head = ledger.verify().unwrap().head;
    let access =
        Access { who: "headteacher", what: What::Release, reason: "approved", target: &head, rows: 0 };
    audit.record(&access).unwrap();
    assert_eq!(audit.note_missed(&ledger).unwrap(), 0);
    // A withdrawal, and the run was killed: the entry is made with the ledger's hash of it.
    ledger.withdraw(&sets[2].id, "Some days were counted twice.", "headteacher", day).unwrap();
    audit.record(&self::access("case 12")).unwrap();
    assert_eq!(audit.note_missed(&ledger).unwrap(), 1);
    let found = releases(&mut audit);
    assert_eq!(found.len(), 5);
    let last = found.last().unwrap();
    assert_eq!(last.0, "watershed");
    assert_eq!(last.1, format!("{}: withdrawn, found afterwards", sets[2].id));
    assert_eq!(last.2, ledger.verify().unwrap().head);
    assert!(audit.mail_due().unwrap().is_some(), "the mail has it too");
}

#[test]
fn a_change_of_what_is_set_apart_without_a_key_is_noticed() {
    use super::apart::{apart_digest, with_digest};
    let (_folder, mut audit) = audit();
    const HEADER: &str = "holder,purpose,valid_from,valid_to,reason,role\n";
    assert_eq!((audit.note_apart("").unwrap(), audit.note_apart(HEADER).unwrap()), (None, None));
    assert_eq!(audit.apart_by_hand(HEADER).unwrap(), None);
    // By the command, with a key.
    let first = format!("{HEADER}00ff,test,2026-01-01,2026-01-31,case 1,DSL\n");
    let by_key = |audit: &mut AccessAudit, content: &str| {
        let target = with_digest("an account, test", &apart_digest(content));
        audit.record(&Access { what: What::SetApart, target: &target, ..access("case 1") }).unwrap();
    };
    by_key(&mut audit, &first);
    assert_eq!(audit.note_apart(&first).unwrap(), None);
    assert_eq!(audit.apart_by_hand(&first).unwrap(), None);
    assert_eq!(
        audit.note_apart(&first.replace('\n', "\r\n\r\n")).unwrap(),
        None,
        "ends of lines say nothing"
    );
    // A row more, a day more, a row less, the file gone: each is entered once and stands until it is confirmed.
    let more = format!("{first}00fe,investigation,2026-01-01,2026-01-31,case 2,DSL\n");
    for changed in [more.as_str(), &first.replace("01-31", "02-28"), HEADER, ""] {
        by_key(&mut audit, &first);
        assert!(audit.apart_by_hand(changed).unwrap().is_some(), "before an ingest has used it");
        let entry = audit.note_apart(changed).unwrap().unwrap();
        assert_eq!((entry.who.as_str(), entry.what.as_str()), ("watershed", "set apart"));
        assert!(!entry.target.contains("00f"), "no row of the file: {}", entry.target);
        assert_eq!(audit.note_apart(changed).unwrap(), None);
        assert_eq!(audit.apart_by_hand(changed).unwrap(), Some(entry.at_utc[..10].to_owned()));
        by_key(&mut audit, changed);
        assert_eq!(audit.apart_by_hand(changed).unwrap(), None);
    }
}
