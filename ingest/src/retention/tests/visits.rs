//! What a live mark of a site keeps of records that go.

use std::collections::BTreeSet;

use super::*;
use crate::state::NewEmbargo;

/// On Monday one account was at example.com and the other at example.net, on Tuesday neither; the mark is of
/// example.com. Stopped after each step and run again, the same is noted once.
#[test]
fn who_was_at_a_marked_site_is_known_when_the_records_have_gone() {
    let place = Installation::new();
    fill(&place);
    let root = crate::school::SchoolRoot::of(&place.dir(), &place.school);
    let mark = NewEmbargo {
        from: date(2025, 10, 1),
        to: None,
        person: None,
        theme: None,
        site: Some("example.com"),
        incident: None,
        reason: "case 12",
        reviewer: "DSL",
        review: date(2026, 2, 1),
    };
    let id = State::open(&root).unwrap().add_embargo(&mark, AFTER_MONDAY).unwrap();
    let keyring = Keyring::open(&place.school.pseudonym_key_dir, &place.school.id, &place.dir()).unwrap();
    let year = AcademicYear::of(MONDAY);
    let account = keyring.token(year, Domain::Account, b"ajones").unwrap();
    let visits = || State::open(&root).unwrap().embargo_visits(id).unwrap();
    assert!(visits().is_empty());
    let mut stop = |step: &'static str| match step {
        "rows" => Err(Error::new(Kind::Environment, "stopped")),
        _ => Ok(()),
    };
    assert!(retain_with(&place, AFTER_MONDAY, &mut stop).is_err());
    assert_eq!(visits(), BTreeSet::from([(account, MONDAY)]));
    retain(&place, AFTER_MONDAY);
    assert_eq!(visits(), BTreeSet::from([(account, MONDAY)]));
    State::open(&root).unwrap().lift_embargo(id, "closed").unwrap();
    assert!(visits().is_empty(), "nothing is kept for a mark that is lifted");
}
