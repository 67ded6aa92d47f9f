//! Records of investigations and tests: in the vault and in `requests`, in nothing that is counted.

use super::*;
use crate::pseudonymise::{Domain, Keyring, written};
use crate::schema::{ACTIVITY, ATTEMPTS, EPISODES};

fn blocked(seconds: i64, user: &str, host: &str) -> String {
    line(seconds, user, &format!("http://{host}/x")).replace("TCP_MISS/200", "TCP_DENIED/403")
}

/// Rows as somebody with a key left them.
fn settings(place: &Installation, rows: &str) {
    by_hand(place, rows);
    vouch(place);
}

fn by_hand(place: &Installation, rows: &str) {
    fs::create_dir_all(place.root().settings()).unwrap();
    let text = format!("holder,purpose,valid_from,valid_to,reason,role\n{rows}");
    fs::write(place.root().settings().join("investigations.csv"), text).unwrap();
}

fn vouch(place: &Installation) {
    let settings = crate::settings::Settings::load(&place.root(), &place.school).unwrap();
    let rules = settings.investigations().rules();
    State::open(&place.root()).unwrap().vouch_apart(&rules, &mut |_| Ok(())).unwrap();
}

fn account(place: &Installation, name: &str) -> String {
    let keyring = Keyring::open(&place.school.pseudonym_key_dir, &place.school.id, &place.dir()).unwrap();
    let year = AcademicYear::parse("2025-26").unwrap();
    written(keyring.token(year, Domain::Account, name.as_bytes()).unwrap())
}

fn apart(place: &Installation) -> (i64, i64) {
    let state = State::open(&place.root()).unwrap();
    let count = state.set_apart(date(2025, 1, 1), date(2026, 1, 1)).unwrap();
    (count.investigations, count.tests)
}

fn of_actor(place: &Installation, table: &'static TableSchema, token: &str) -> usize {
    let token = crate::pseudonymise::parse(token).unwrap();
    place.rows(table).iter().filter(|row| row.contains(&format!("actor={token} "))).count()
}

#[test]
fn an_investigators_records_count_nowhere_and_are_back_when_the_row_goes() {
    let place = Installation::new();
    let mut text = String::new();
    for minute in 0..6 {
        text += &blocked(EIGHT + minute * 300, "inspector", "games.example.net");
        text += &blocked(EIGHT + minute * 300, "ajones", "games.example.net");
        text += &blocked(EIGHT + DAY + minute * 300, "inspector", "games.example.net");
    }
    place.put("proxy.log", &text);
    place.run();
    let token = account(&place, "inspector");
    assert_eq!((of_actor(&place, &ATTEMPTS, &token), apart(&place)), (12, (0, 0)));
    let vault = place.everything()["vault requests"].clone();

    // What nobody with a key vouched for sets nothing apart.
    by_hand(&place, &format!("{token},investigation,2025-10-06,2025-10-06,case 12,headteacher\n"));
    assert_eq!((place.run().days_derived, apart(&place)), (0, (0, 0)));

    // 6 October only; nothing new comes in, and the day is counted again all the same.
    vouch(&place);
    let report = place.run();
    assert_eq!(report.days_derived, 1, "only the day that the row is about");
    for table in [&ATTEMPTS, &EPISODES, &ACTOR_DAYS] {
        let days = place.rows(table);
        let that_day =
            |row: &&String| row.contains("local_date=2025-10-06") && row.contains("actor_kind=person");
        assert!(days.iter().filter(that_day).count() > 0, "the pupil's stay: {}", table.name);
    }
    assert_eq!((of_actor(&place, &ATTEMPTS, &token), apart(&place)), (6, (6, 0)));
    assert_eq!(of_actor(&place, &ACTOR_DAYS, &token), 1);
    let counted: i64 = place
        .rows(&ACTIVITY)
        .iter()
        .filter_map(|row| row.split(" records=").nth(1)?.split(' ').next()?.parse::<i64>().ok())
        .sum();
    assert_eq!(counted, 12, "6 of the pupil, 6 of the inspector's other day");
    assert_eq!(of_actor(&place, &REQUESTS, &token), 12, "nothing is deleted");
    assert_eq!(place.everything()["vault requests"], vault);

    // Nothing changed: nothing is counted again. The row goes: the day is as it was.
    assert_eq!(place.run().days_derived, 0);
    settings(&place, "");
    assert_eq!(place.run().days_derived, 1);
    assert_eq!((of_actor(&place, &ATTEMPTS, &token), apart(&place)), (12, (0, 0)));
    // Put back by hand it waits for a key again.
    by_hand(&place, &format!("{token},investigation,2025-10-06,2025-10-06,case 12,headteacher\n"));
    assert_eq!((place.run().days_derived, apart(&place)), (0, (0, 0)));
}

#[test]
fn a_hit_on_an_illegal_list_that_was_a_recorded_test_is_set_apart() {
    let hit = |time: &str, device: &str| {
        format!(
            "06/10/2025 {time},technician,{device},Staff,403,http://kestrelmark.example/x,IWF,kestrelmark.example\n"
        )
    };
    let mut text = "Time,Username,Source IP,Group,Code,URL,Categories,Domain\n".to_owned();
    text += &hit("09:12:00", "10.9.9.9");
    text += &hit("11:00:00", "10.9.9.9");
    text += &hit("09:12:30", "10.1.1.1");
    let place = Installation::new();
    place.put("night.csv", &text);
    place.run();
    let hits = |place: &Installation| {
        let tables = [&EPISODES, &crate::schema::STAFF_EPISODES];
        tables.iter().flat_map(|table| place.rows(table)).filter(|row| row.contains("illegal=true")).count()
    };
    assert_eq!((hits(&place), apart(&place)), (3, (0, 0)));
    // The test was written down with its device and time; the list of tests comes a night later.
    place.put(
        "tests.csv",
        "Date,Test,Group,Device,Location,Expected,Result,Tested by,Notes\n\
         06/10/2025 09:10,Child sexual abuse content,Staff,10.9.9.9,Office,,Blocked,Ada,\n",
    );
    place.run();
    assert_eq!((hits(&place), apart(&place)), (2, (0, 1)), "that device within half an hour, and no other");
}

#[test]
fn what_was_written_down_by_an_account_holds_for_its_person_and_never_for_a_hit_on_a_list() {
    let place = Installation::new();
    let token = account(&place, "inspector");
    settings(&place, &format!("{token},investigation,2025-10-06,2025-10-06,case 12,headteacher\n"));
    // The roster comes after the row was written.
    super::erasure::import_roster(&place, "person_key,accounts,role\nS1,inspector,staff\n");
    place.put("proxy.log", &blocked(EIGHT, "inspector", "games.example.net"));
    place.put(
        "night.csv",
        "Time,Username,Source IP,Group,Code,URL,Categories,Domain\n\
         06/10/2025 09:12:00,inspector,10.9.9.9,Staff,403,http://kestrelmark.example/x,IWF,kestrelmark.example\n\
         06/10/2025 09:13:00,inspector,10.9.9.9,Staff,403,http://games.example.net/x,Games,games.example.net\n",
    );
    place.run();
    assert_eq!(apart(&place), (2, 0));
    let episodes = place.rows(&crate::schema::STAFF_EPISODES);
    assert_eq!(episodes.len(), 1, "{episodes:?}");
    assert!(episodes[0].contains("illegal=true"));
}
