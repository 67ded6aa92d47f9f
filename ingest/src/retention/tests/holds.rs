//! What a hold keeps, and for how long.

use super::*;
use crate::event::{Member, Role};
use crate::state::{NewCorrection, Wrong};

const ROSTER: &[u8] =
    b"person_key,accounts,mis_name,role,year\nP1,ajones,Ann Jones,pupil,10\nP2,bsmith,Ben Smith,pupil,10\n";

fn person(place: &Installation, key: &str) -> i64 {
    keyring(place).token(AcademicYear::of(MONDAY), Domain::Person, key.as_bytes()).unwrap()
}

fn account(place: &Installation, account: &str) -> i64 {
    keyring(place).token(AcademicYear::of(MONDAY), Domain::Account, account.as_bytes()).unwrap()
}

/// What is left of the 60 records when Ann is held: on both days, by this pseudonym.
fn left(place: &Installation, held: i64) -> Vec<String> {
    hold(place, MONDAY, TUESDAY, Some(held));
    retain(place, date(2026, 1, 6));
    place.rows(&REQUESTS)
}

fn hold(place: &Installation, from: Date, to: Date, person: Option<i64>) -> i64 {
    let hold = NewHold { from, to, person, reason: "case 12", owner: "DSL", review: date(2026, 6, 1) };
    state(place).add_hold(&hold, AFTER_MONDAY).unwrap()
}

fn actor(place: &Installation, user: &str) -> i64 {
    let ring = Keyring::open(&place.school.pseudonym_key_dir, &place.school.id, &place.dir()).unwrap();
    let wanted = place.rows(&REQUESTS);
    // Without a roster an account is its own pseudonym.
    [Domain::Person, Domain::Account]
        .into_iter()
        .map(|domain| ring.token(AcademicYear::of(MONDAY), domain, user.as_bytes()).unwrap())
        .find(|token| wanted.iter().any(|row| row.contains(&format!(" actor={token} "))))
        .unwrap()
}

#[test]
fn a_day_under_a_hold_stays_whole_until_it_is_released() {
    let place = Installation::new();
    fill(&place);
    let before = place.everything();
    let number = hold(&place, MONDAY, MONDAY, None);
    let report = retain(&place, date(2026, 1, 6));
    assert_eq!((report.days_closed, report.totals().0), (1, 20), "Tuesday goes");
    assert_eq!(report.held.iter().map(|line| line.rows).sum::<u64>(), 40);
    assert_eq!(place.snapshot(&REQUESTS).days(), BTreeSet::from([MONDAY]));
    assert_eq!(state(&place).closed_days().unwrap(), [TUESDAY], "a held day is open");
    let after = place.everything();
    assert_eq!(after["vault requests"].len(), 40);
    assert_eq!(after["vault rejects"], before["vault rejects"], "its file has held events");

    // A year later still, although the year's own clock has run out.
    let report = retain(&place, date(2027, 9, 1));
    assert_eq!(report.keys_destroyed, Vec::<String>::new());
    assert_eq!(place.rows(&REQUESTS).len(), 40);
    assert!(place.rows(&ACTOR_DAYS).iter().all(|row| row.contains("local_date=2025-10-06")));
    assert_eq!(place.rows(&ACTOR_DAYS).len(), 2);

    state(&place).release_hold(number, "the case is closed").unwrap();
    let report = retain(&place, date(2027, 9, 1));
    assert_eq!(report.keys_destroyed, ["2025-26"]);
    assert!(place.rows(&REQUESTS).is_empty() && place.rows(&ACTOR_DAYS).is_empty());
    assert!(place.everything()["vault requests"].is_empty());
}

#[test]
fn one_persons_rows_stay_and_all_others_go() {
    let place = Installation::new();
    fill(&place);
    let before = derived(&place);
    let held = actor(&place, "ajones");
    let number = hold(&place, MONDAY, TUESDAY, Some(held));
    let report = retain(&place, date(2026, 1, 6));
    assert_eq!(report.totals().0, 40, "20 rows of Monday and 20 of Tuesday are somebody else's");
    let rows = place.rows(&REQUESTS);
    assert_eq!(rows.len(), 20);
    assert!(rows.iter().all(|row| row.contains(&format!(" actor={held} "))));
    assert_eq!(derived(&place), before);
    assert_eq!(state(&place).closed_days().unwrap(), [MONDAY, TUESDAY]);
    // What is sealed cannot be taken apart without a DSL's key, and it is said.
    assert_eq!(report.sealed_whole, 4, "two days' requests, the damaged line, the file's name");
    assert_eq!(place.everything()["vault requests"].len(), 60);
    assert!(retain(&place, date(2026, 1, 6)).is_empty(), "only held rows are left");

    state(&place).release_hold(number, "the case is closed").unwrap();
    assert_eq!(retain(&place, date(2026, 1, 6)).totals().0, 20);
    assert!(place.rows(&REQUESTS).is_empty());
    assert!(place.everything()["vault requests"].is_empty());
    assert_eq!(derived(&place), before);
}

#[test]
fn a_hold_made_while_a_run_was_interrupted_keeps_what_was_left_and_the_log_says_so() {
    let place = Installation::new();
    fill(&place);
    let stopped =
        retain_with(&place, AFTER_MONDAY, &mut |_| Err(Error::new(Kind::Environment, "stopped by the test")));
    assert!(stopped.is_err());
    hold(&place, MONDAY, MONDAY, None);
    retain(&place, AFTER_MONDAY);
    assert_eq!(place.rows(&REQUESTS).len(), 60);
    let log = state(&place).deletions(0).unwrap();
    assert_eq!((log.len(), log[0].rows), (1, 0));
    assert!(log[0].detail.starts_with("interrupted, then held"), "{}", log[0].detail);
}

#[test]
fn an_incident_about_somebody_else_stays_with_the_held_person_it_names() {
    let place = Installation::new();
    let year = AcademicYear::of(MONDAY);
    let keyring = Keyring::open(&place.school.pseudonym_key_dir, &place.school.id, &place.dir()).unwrap();
    let import = crate::people::PeopleImport {
        vault: &place.root().vault(),
        school: &place.school.id,
        recipients: &place.school.public_keys().unwrap(),
        keyring: &keyring,
        year,
    };
    let people = b"person_key,accounts,mis_name,role,year\nP1,ajones,Ann Jones,pupil,10\nP2,bsmith,Ben Smith,pupil,10\nP3,cfox,Cat Fox,pupil,10\n";
    import.run(people, &mut state(&place)).unwrap();
    place.put(
        "incidents.csv",
        "Student,Date,Category,Incident,Status,Linked students\r\n\
         Ben Smith,06/10/2025 11:20,Bullying,x,Open,Ann Jones\r\n\
         Ben Smith,06/10/2025 11:30,Bullying,y,Open,Cat Fox\r\n",
    );
    place.run();
    let ann = keyring.token(year, Domain::Person, b"P1").unwrap();
    hold(&place, MONDAY, MONDAY, Some(ann));
    retain(&place, date(2027, 9, 1));
    let (incidents, links) =
        (place.rows(&crate::schema::INCIDENTS), place.rows(&crate::schema::INCIDENT_LINKS));
    assert_eq!((incidents.len(), links.len()), (1, 1), "{incidents:?} {links:?}");
    let number =
        |row: &str| row.split_whitespace().find_map(|cell| cell.strip_prefix("incident=").map(str::to_owned));
    assert_eq!(number(&incidents[0]), number(&links[0]), "the link leads to an incident that is there");
}

#[test]
fn a_hold_keeps_what_was_taken_in_before_the_roster_and_by_a_roster_that_was_replaced() {
    let base = Installation::new();
    fill(&base);
    roster(&base, ROSTER);
    // By the roster that holds, and by the account's own pseudonym.
    for held in [person(&base, "P1"), account(&base, "ajones")] {
        let place = base.twin();
        assert_eq!(left(&place, held).len(), 20, "Ann's, recorded under her account alone");
    }
    // She is given another account, and nobody has the old one.
    let place = base.twin();
    roster(&place, b"person_key,accounts,mis_name,role,year\nP1,ajones2,Ann Jones,pupil,10\n");
    assert_eq!(left(&place, person(&place, "P1")).len(), 20);
    // The roster was wrong: the account is somebody else's.
    let place = base.twin();
    roster(&place, b"person_key,accounts,mis_name,role,year\nP1,ajones2,Ann Jones,pupil,10\nP9,ajones,Al Jones,pupil,10\n");
    assert_eq!(left(&place, person(&place, "P1")).len(), 0);
    // Records under both, by turns: of who has the account, both are kept.
    let place = base.twin();
    place.put("more.log", &line(EIGHT + 7200, "ajones", "http://www.example.com/"));
    place.run();
    let rows = left(&place, account(&place, "ajones"));
    let of = |token: i64| rows.iter().filter(|row| row.contains(&format!(" actor={token} "))).count();
    assert_eq!((of(account(&place, "ajones")), of(person(&place, "P1"))), (20, 1));
}

#[test]
fn a_hold_keeps_what_is_corrected_to_be_the_persons_or_nobodys() {
    let base = Installation::new();
    fill(&base);
    roster(&base, ROSTER);
    let ann = Member { person: person(&base, "P1"), role: Role::Pupil, year_group: Some(10) };
    for (truly, expected) in [(Some(ann), 40), (None, 40), (Some(Member { person: 77, ..ann }), 20)] {
        let place = base.twin();
        let recorded = BTreeSet::from([account(&place, "bsmith")]);
        let new = NewCorrection {
            from: MONDAY,
            to: MONDAY,
            wrong: Wrong::Person { recorded, truly },
            reason: "ticket 4",
            by: "IT",
        };
        state(&place).add_correction(&new, &BTreeSet::from([MONDAY])).unwrap();
        let rows = left(&place, ann.person);
        assert_eq!(rows.len(), expected, "{truly:?}");
        assert!(rows.iter().all(|row| row.contains("local_date=2025-10-06")), "Tuesday is not corrected");
    }
    // Whose the records were recorded as is held: what is corrected away stays.
    let place = base.twin();
    let recorded = BTreeSet::from([account(&place, "ajones")]);
    let truly = Some(Member { person: person(&place, "P2"), ..ann });
    let new = NewCorrection {
        from: MONDAY,
        to: MONDAY,
        wrong: Wrong::Person { recorded, truly },
        reason: "ticket 4",
        by: "IT",
    };
    state(&place).add_correction(&new, &BTreeSet::from([MONDAY])).unwrap();
    assert_eq!(left(&place, ann.person).len(), 20);
}

#[test]
fn an_incident_that_may_be_the_held_persons_stays() {
    let place = Installation::new();
    roster(
        &place,
        b"person_key,accounts,mis_name,role,year\nP1,ajones,Ann Jones,pupil,10\nP4,ann4,Ann Jones,pupil,7\nP2,bsmith,Ben Smith,pupil,10\n",
    );
    place.put(
        "incidents.csv",
        "Student,Date,Category,Incident,Status,Linked students\r\n\
         Ann Jones,06/10/2025 11:20,Bullying,x,Open,\r\n\
         Ben Smith,06/10/2025 11:30,Bullying,y,Open,\r\n\
         Ann Jones,08/10/2025 11:30,Bullying,z,Open,\r\n",
    );
    place.run();
    assert_eq!(place.rows(&crate::schema::INCIDENTS).len(), 3);
    hold(&place, MONDAY, TUESDAY, Some(person(&place, "P1")));
    retain(&place, date(2027, 9, 1));
    let incidents = place.rows(&crate::schema::INCIDENTS);
    assert_eq!(incidents.len(), 1, "of two pupils of one name, on a held day: {incidents:?}");
    assert!(
        incidents[0].contains("local_date=2025-10-06") && incidents[0].contains("subject= "),
        "{incidents:?}"
    );
}
