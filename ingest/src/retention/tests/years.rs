//! A year that is over: its events go, then its key, and the years cannot be linked.

use super::*;

const PEOPLE: &str = "person_key,accounts,role,year\nP1,ajones,pupil,10\nP2,bsmith,pupil,10\n";

fn roster(place: &Installation, year: AcademicYear) -> Result<(), Error> {
    let recipients: Vec<_> = place
        .school
        .recipients
        .iter()
        .map(|recipient| PublicKey::parse(&recipient.public_key).unwrap())
        .collect();
    let keyring = Keyring::open(&place.school.pseudonym_key_dir, &place.school.id, &place.dir()).unwrap();
    let import = PeopleImport {
        vault: &place.root().vault(),
        school: &place.school.id,
        recipients: &recipients,
        keyring: &keyring,
        year,
    };
    import.run(PEOPLE.as_bytes(), &mut state(place)).map(|_| ())
}

fn person(place: &Installation, year: AcademicYear) -> i64 {
    let keyring = Keyring::open(&place.school.pseudonym_key_dir, &place.school.id, &place.dir()).unwrap();
    keyring.token(year, Domain::Person, b"P1").unwrap()
}

#[test]
fn with_its_key_gone_a_year_cannot_be_linked_to_another() {
    let place = Installation::new();
    let (old, new) = (AcademicYear::of(MONDAY), AcademicYear::parse("2026-27").unwrap());
    for year in [old, new] {
        roster(&place, year).unwrap();
    }
    fill(&place);
    let year_later: String = (0..5)
        .map(|minute| line(EIGHT + 364 * DAY + minute * 60, "ajones", "http://www.example.com/"))
        .collect();
    place.put("later.log", &year_later);
    place.run();
    let (before, after) = (person(&place, old), person(&place, new));
    assert_ne!(before, after, "one person, two years, two pseudonyms");
    let actors = |token: i64| {
        place.rows(&ACTOR_DAYS).iter().filter(|row| row.contains(&format!(" actor={token} "))).count()
    };
    assert_eq!((actors(before), actors(after)), (1, 1));
    assert!(!holding(&place.dir(), before).is_empty());
    let key = fs::read(place.school.pseudonym_key_dir.join("st-annes-2025-26.key")).unwrap();
    let check = state(&place).key_check_value(old).unwrap().unwrap();

    // 31 August is still the year after; 1 September is not.
    retain(&place, date(2027, 8, 31));
    assert_eq!((actors(before), actors(after)), (1, 1));
    let report = retain(&place, date(2027, 9, 1));
    assert_eq!(report.keys_destroyed, ["2025-26"]);
    assert_eq!((actors(before), actors(after)), (0, 1));

    // Nothing is left from which a pseudonym of the old year could be made or told.
    for folder in [place.dir(), place.school.pseudonym_key_dir.clone()] {
        assert_eq!(holding(&folder, before), Vec::<PathBuf>::new());
        for (path, bytes) in bytes(&folder) {
            assert!(!bytes.windows(32).any(|window| window == key), "{}", path.display());
        }
    }
    assert!(!holding(&place.dir(), after).is_empty(), "the search finds what is there");
    let state = state(&place);
    assert_eq!(state.roster().unwrap().keys().copied().collect::<Vec<_>>(), [new]);
    assert_eq!(state.roster_names().unwrap().keys().filter(|year| **year == old).count(), 0);
    assert_eq!(state.key_check_value(old).unwrap(), None);
    let people: Vec<_> = below(&place.root().vault().join("people")).unwrap();
    assert!(people.len() == 1 && people[0].to_string_lossy().contains("2026-27"), "{people:?}");

    // The record: which year, when, and the key's check value.
    let destroyed = state.destroyed_keys().unwrap();
    assert_eq!((destroyed.len(), destroyed[0].year, destroyed[0].check_value), (1, old, Some(check)));
    let log = state.deletions(0).unwrap();
    let entry = log.iter().find(|entry| entry.what == "pseudonym key 2025-26").unwrap();
    assert_eq!(entry.detail, format!("check value {}", crate::pseudonymise::written(check)));
    assert_eq!(place.rows(&IMPORTS).len(), 2, "the ledger of imports stays for years");
}

#[test]
fn nothing_of_a_destroyed_year_is_taken_in_again() {
    let place = Installation::new();
    roster(&place, AcademicYear::of(MONDAY)).unwrap();
    fill(&place);
    retain(&place, date(2027, 9, 1));
    let key = place.school.pseudonym_key_dir.join("st-annes-2025-26.key");
    assert!(!key.exists());

    place.put("late.log", &line(EIGHT + 9 * DAY, "ajones", "http://www.example.com/"));
    let report = place.run();
    let Outcome::Refused(why) = &report.files[0].outcome else { panic!("taken in") };
    assert!(why.contains("academic year that retention has closed"), "{why}");
    // Beside records of another year only the late ones are left out.
    let mut mixed = line(EIGHT + 9 * DAY, "ajones", "http://www.example.com/");
    mixed += &line(EIGHT + 364 * DAY, "ajones", "http://www.example.com/");
    place.put("mixed.log", &mixed);
    let report = place.run();
    assert_eq!((report.files[0].tally.events, report.files[0].tally.late()), (1, 1));
    let error = roster(&place, AcademicYear::of(MONDAY)).unwrap_err();
    assert!(error.to_string().contains("destroyed"), "{error}");
    assert!(!key.exists(), "no new key in its place");

    // A state file from before, as a back-up brings one: the note beside the keys still counts.
    let note = place.school.pseudonym_key_dir.join("st-annes-2025-26.destroyed");
    state(&place).connection().execute("DELETE FROM destroyed_keys", []).unwrap();
    place.put("again.log", &line(EIGHT + 10 * DAY, "ajones", "http://www.example.com/"));
    assert!(matches!(place.run().files[0].outcome, Outcome::Refused(_)));
    assert!(note.exists() && !key.exists());
    // A key that somebody brings back goes again.
    fs::write(&key, [7; 32]).unwrap();
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o400)).unwrap();
    assert_eq!(retain(&place, date(2027, 9, 1)).keys_destroyed, ["2025-26"]);
    assert!(!key.exists());
}

#[test]
fn ledgers_outlive_events_by_years() {
    let place = Installation::new();
    fill(&place);
    retain(&place, date(2027, 9, 1));
    // Taken in by the clock of the machine, which is after 2025; six years behind that year.
    let imported = AcademicYear::of(crate::pipeline::today("Europe/London").unwrap());
    let last = Date::new(imported.first_year() + 7, 8, 31).unwrap();
    retain(&place, last);
    assert_eq!(place.rows(&IMPORTS).len(), 1);
    retain(&place, last.tomorrow().unwrap());
    assert!(place.rows(&IMPORTS).is_empty());
}

#[test]
fn a_clock_that_is_far_ahead_drops_nothing_until_somebody_says_the_day() {
    let place = Installation::new();
    roster(&place, AcademicYear::of(MONDAY)).unwrap();
    fill(&place);
    let today = crate::pipeline::today("Europe/London").unwrap();
    assert_eq!(state(&place).latest_day().unwrap(), Some(today), "the run noted the day");
    // As if the machine had been right until 46 days ago, and the records of before.
    let noted = |days: i64| {
        use jiff::ToSpan;
        let day = today.checked_sub(days.days()).unwrap();
        state(&place).connection().execute("UPDATE clock SET latest_day = ?1", [day.to_string()]).unwrap();
    };
    let before = place.everything();
    noted(46);
    let unsaid = Retain { dir: &place.dir(), school: &place.school, today: None, days: None };
    for refused in [unsaid.plan().map(|_| ()), unsaid.run(&()).map(|_| ())] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), Kind::Configuration);
        assert!(error.to_string().contains(&format!("--today-is {today}")), "{error}");
    }
    assert_eq!(place.everything(), before);
    assert!(state(&place).closed_days().unwrap().is_empty());
    // Taking files in does not vouch for the clock either.
    place.put("more.log", &line(EIGHT + 2 * DAY, "ajones", "http://www.example.com/"));
    place.run();
    assert!(unsaid.run(&()).is_err());
    // 45 days without a record are a summer.
    noted(45);
    assert!(unsaid.plan().unwrap().totals().0 > 0);
    noted(46);
    assert!(retain(&place, today).totals().0 > 0, "somebody said the day");
    assert!(unsaid.run(&()).unwrap().is_empty(), "and from then on it is believed");
}

#[test]
fn a_key_is_said_to_be_destroyed_once_it_is_and_a_hold_in_between_keeps_it() {
    let place = Installation::new();
    let year = AcademicYear::of(MONDAY);
    roster(&place, year).unwrap();
    fill(&place);
    let key = place.school.pseudonym_key_dir.join("st-annes-2025-26.key");
    let stopped = retain_with(&place, date(2027, 9, 1), &mut |step| match step {
        "noted" => Err(Error::new(Kind::Environment, "stopped by the test")),
        _ => Ok(()),
    });
    assert!(stopped.is_err());
    assert!(key.exists() && state(&place).destroyed_keys().unwrap().is_empty());
    assert!(!state(&place).roster().unwrap().is_empty(), "the roster's tokens go with the key");
    place.put("late.log", &line(EIGHT + 9 * DAY, "ajones", "http://www.example.com/"));
    assert!(matches!(place.run().files[0].outcome, Outcome::Refused(_)), "the year is closed all the same");
    let hold = NewHold {
        from: MONDAY,
        to: MONDAY,
        person: None,
        reason: "case 12",
        owner: "DSL",
        review: date(2026, 6, 1),
    };
    let number = state(&place).add_hold(&hold, AFTER_MONDAY).unwrap();
    let report = retain(&place, date(2027, 9, 1));
    let held: Vec<_> = report.held.iter().map(|line| (line.place, line.period.as_str())).collect();
    assert!(held.contains(&("keys", "2025-26")) && held.contains(&("rosters", "2025-26")), "{held:?}");
    assert!(key.exists() && state(&place).destroyed_keys().unwrap().is_empty());
    let log = state(&place).deletions(0).unwrap();
    let entry = log.iter().find(|entry| entry.what == "pseudonym key 2025-26").unwrap();
    assert!(entry.detail.starts_with("interrupted, then held: the key stays"), "{}", entry.detail);
    state(&place).release_hold(number, "closed").unwrap();
    assert_eq!(retain(&place, date(2027, 9, 1)).keys_destroyed, ["2025-26"]);
    assert!(!key.exists() && state(&place).destroyed_keys().unwrap().len() == 1);
    assert!(state(&place).roster().unwrap().is_empty());
}
