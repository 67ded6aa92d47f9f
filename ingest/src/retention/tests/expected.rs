//! Records dated ahead of their import, and runs that would drop more than was to be expected.

use jiff::ToSpan;

use super::*;

fn at(day: Date, user: &str) -> String {
    let noon = day.at(12, 0, 0, 0).in_tz("Europe/London").unwrap().timestamp().as_second();
    line(noon, user, "http://www.example.com/")
}

fn asked(place: &Installation, today: Date, days: Option<u64>) -> Result<RetainReport, Error> {
    Retain { dir: &place.dir(), school: &place.school, today: Some(today), days }.run(&())
}

#[test]
fn a_record_dated_ahead_is_kept_no_longer_than_one_of_the_day_it_came() {
    let place = Installation::new();
    let today = crate::pipeline::today("Europe/London").unwrap();
    let (ahead, tomorrow) = (today + 100.days(), today + 1.day());
    place.put("proxy.log", &(at(ahead, "ajones") + &at(tomorrow, "bsmith") + &at(today, "cfox")));
    assert_eq!(place.run().files[0].tally.events, 3);
    // 90 days after the day they came all is kept; then the one that was dated ahead goes with those of that day.
    assert_eq!(retain(&place, today + 90.days()).days_closed, 0);
    assert_eq!(place.rows(&REQUESTS).len(), 3);
    let report = retain(&place, today + 92.days());
    assert_eq!(report.days_closed, 2);
    assert!(place.rows(&REQUESTS).is_empty());
    assert!(place.everything()["vault requests"].is_empty());
    assert_eq!(state(&place).closed_days().unwrap(), [today, tomorrow], "the day to come stays open");
    let of_ahead = || {
        let rows = place.rows(&crate::schema::ACTOR_DAYS);
        rows.iter().filter(|row| row.contains(&format!("local_date={ahead}"))).count()
    };
    assert_eq!(of_ahead(), 1, "its figures stay as those of a closed day do");
    // What really comes on that day is taken in, and the day is counted from it.
    place.put("later.log", &(at(ahead, "dhare") + &at(ahead, "efinch")));
    assert_eq!(place.run().files[0].tally.events, 2);
    assert_eq!((place.rows(&REQUESTS).len(), of_ahead()), (2, 2));
}

#[test]
fn records_that_came_while_the_clock_was_behind_go_by_their_own_day() {
    let place = Installation::new();
    // Fifty days behind: by the time their day's clock runs out, the day is long over.
    let day = crate::pipeline::today("Europe/London").unwrap() + 50.days();
    place.put("proxy.log", &(at(day, "ajones") + &at(day, "bsmith")));
    place.run();
    let figures = || place.rows(&crate::schema::ACTOR_DAYS);
    let counted = figures();
    assert_eq!(counted.len(), 2);
    assert_eq!(retain(&place, day + 90.days()).days_closed, 0);
    assert_eq!(place.rows(&REQUESTS).len(), 2);
    assert_eq!(retain(&place, day + 91.days()).days_closed, 1);
    assert!(place.rows(&REQUESTS).is_empty());
    assert_eq!(figures(), counted, "figures outlive the detail");
}

#[test]
fn an_incident_goes_with_the_year_of_its_date() {
    let place = Installation::new();
    let today = crate::pipeline::today("Europe/London").unwrap();
    let year = AcademicYear::of(today);
    let ahead = year.last_day() + 15.days();
    place.put(
        "incidents.csv",
        &format!(
            "Student,Date,Category,Incident,Status,Linked students\r\nBen,{},Bullying,x,Open,\r\n",
            ahead.strftime("%d/%m/%Y 11:20")
        ),
    );
    place.run();
    let rows = || place.rows(&crate::schema::INCIDENTS).len();
    assert_eq!(rows(), 1);
    // A year and the one before are kept.
    let day = year.last_day() + 2.years();
    retain(&place, day);
    assert_eq!(rows(), 1);
    retain(&place, day + 1.day());
    assert_eq!(rows(), 0);
}

#[test]
fn many_more_days_than_usual_wait_for_somebody_to_say_their_number() {
    let place = Installation::new();
    let text: String = (0..46).map(|day: i64| at(MONDAY + day.days(), "ajones")).collect();
    place.put("proxy.log", &text);
    assert_eq!(place.run().files[0].tally.events, 46);
    let day = date(2026, 6, 1);
    let planned = plan(&place, day);
    assert!(planned.unexpected.as_ref().is_some_and(|why| why.starts_with("46 days")), "{planned:?}");
    let before = place.everything();
    for (days, says) in [(None, "--days-are 46"), (Some(45), "46 days, not 45")] {
        let error = asked(&place, day, days).unwrap_err();
        assert_eq!(error.kind(), Kind::Configuration);
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!(place.everything(), before);
    assert!(state(&place).closed_days().unwrap().is_empty());
    assert_eq!(asked(&place, day, Some(46)).unwrap().days_closed, 46);
    // Twice as many as a run of late closed are no surprise any more.
    let text: String = (60..120).map(|day: i64| at(MONDAY + day.days(), "ajones")).collect();
    place.put("more.log", &text);
    place.run();
    assert_eq!(asked(&place, day, None).unwrap().days_closed, 60);
}

#[test]
fn a_clock_that_was_made_shorter_waits_for_somebody_to_say_that_it_is_meant() {
    let mut place = Installation::new();
    fill(&place);
    assert_eq!(retain(&place, AFTER_MONDAY).days_closed, 1);
    place.school.retention.detail_days = 80;
    let report = plan(&place, AFTER_MONDAY);
    assert!(
        report.unexpected.as_ref().is_some_and(|why| why.starts_with("detail would be kept from 2025-10-17")),
        "{report:?}"
    );
    assert!(asked(&place, AFTER_MONDAY, None).is_err());
    assert_eq!(place.rows(&REQUESTS).len(), 20);
    assert_eq!(asked(&place, AFTER_MONDAY, Some(1)).unwrap().days_closed, 1);
    assert!(place.rows(&REQUESTS).is_empty());

    let mut place = Installation::new();
    fill(&place);
    retain(&place, AFTER_MONDAY);
    let day = date(2026, 9, 2);
    place.school.retention.previous_years = 0;
    assert!(asked(&place, day, None).unwrap_err().to_string().contains("events would be kept from 2026-27"));
    place.school.retention.previous_years = 1;
    assert_eq!(retain(&place, day).days_closed, 1, "the summer is no surprise");

    // Ledgers, and files that were refused: what goes with either cannot be had again.
    for (years, refused, why) in
        [(1, 30, "ledgers would be kept from 2025-26"), (6, 7, "refused files would be kept 7")]
    {
        let mut place = Installation::new();
        fill(&place);
        retain(&place, AFTER_MONDAY);
        place.school.retention.ledger_years = years;
        place.school.retention.refused_days = refused;
        let error = asked(&place, day, None).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn sources_wait_where_it_is_their_own_days_that_were_made_fewer() {
    let mut place = Installation::new();
    place.school.keep_sources_days = 30;
    fill(&place);
    retain(&place, AFTER_MONDAY);
    let kept = || crate::retention::below(&place.root().kept()).unwrap().len();
    let today = crate::pipeline::today("Europe/London").unwrap() + 8.days();
    let before = kept();
    assert!(before > 0);
    let shorter = crate::school::SchoolConfig { keep_sources_days: 7, ..place.school.clone() };
    let error =
        Retain { dir: &place.dir(), school: &shorter, today: Some(today), days: None }.run(&()).unwrap_err();
    assert!(error.to_string().contains("sources would be kept 7 days"), "{error}");
    assert_eq!(kept(), before);
}

#[test]
fn sources_that_were_never_put_away_have_no_clock_that_could_be_shorter() {
    let mut place = Installation::new();
    place.school.retention.refused_days = 10;
    fill(&place);
    retain(&place, AFTER_MONDAY);
    // From none to seven days, and a shorter clock for detail: the first is no surprise, and files do not wait for the other.
    place.school.keep_sources_days = 7;
    assert_eq!(plan(&place, AFTER_MONDAY + 1.day()).unexpected, None);
    place.school.keep_sources_days = 0;
    place.school.retention.detail_days = 80;
    // Claimed on Christmas Day 2025, eleven days before: claims are named by nanoseconds since 1970.
    let refused = place.root().refused().join(format!("{:016x}", (20_447 * DAY + DAY / 2) * 1_000_000_000));
    fs::create_dir_all(&refused).unwrap();
    fs::write(refused.join("a.log"), "zorkweed").unwrap();
    let error = asked(&place, AFTER_MONDAY, None).unwrap_err().to_string();
    assert!(error.contains("detail would be kept"), "{error}");
    assert!(!refused.exists());
}

/// By days that were made fewer an import drops no sources either; by those of the last run, or by none, it does.
#[test]
fn an_import_leaves_sources_to_retention_where_their_days_were_made_fewer() {
    for (noted, left) in [(Some(30), true), (Some(7), false), (None, false)] {
        let mut place = Installation::new();
        fill(&place);
        let today = crate::pipeline::today("Europe/London").unwrap();
        place.put("today.log", &at(today, "ajones"));
        place.run();
        if let Some(days) = noted {
            place.school.keep_sources_days = days;
            retain(&place, AFTER_MONDAY);
        }
        let source = place.root().kept().join((today - 10.days()).to_string()).join("0000/a.log");
        fs::create_dir_all(source.parent().unwrap()).unwrap();
        fs::write(&source, "zorkweed").unwrap();
        place.school.keep_sources_days = 7;
        place.run();
        assert_eq!(source.exists(), left, "{noted:?}");
    }
}

#[test]
fn sources_do_not_wait_for_somebody_to_look_at_the_rest() {
    let mut place = Installation::new();
    place.school.keep_sources_days = 7;
    let text: String = (0..46).map(|day: i64| at(MONDAY + day.days(), "ajones")).collect();
    place.put("proxy.log", &text);
    place.run();
    let kept = || crate::retention::below(&place.root().kept()).unwrap().len();
    assert_eq!(kept(), 1);
    let today = crate::pipeline::today("Europe/London").unwrap() + 8.days();
    // With a number that is not the run's nothing goes at all.
    assert!(asked(&place, today, Some(1)).is_err());
    assert_eq!(kept(), 1);
    let error = asked(&place, today, None).unwrap_err();
    assert!(error.to_string().contains("--days-are 46"), "{error}");
    assert_eq!((kept(), place.rows(&REQUESTS).len()), (0, 46));
    let log = state(&place).deletions(0).unwrap();
    assert_eq!(log.iter().map(|entry| entry.what.as_str()).collect::<Vec<_>>(), ["files"]);
    assert_eq!(state(&place).unfinished_retention().unwrap(), 0);
}
