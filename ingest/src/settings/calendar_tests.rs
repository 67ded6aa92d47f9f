//! The shipped calendar against dates counted by hand, and a school's own days over it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use jiff::civil::date;

use super::*;

fn with(terms: Option<&str>, days: Option<&str>) -> Result<Calendar, Error> {
    let source =
        |name, shipped, school: Option<&str>| Source { name, shipped, school: school.map(str::to_owned) };
    Calendar::read(
        &source("terms.csv", crate::settings::TERMS, terms),
        &source("calendar.csv", crate::settings::CALENDAR, days),
    )
}

#[test]
fn every_shipped_year_has_190_pupil_days() {
    let calendar = Calendar::shipped().unwrap();
    for year in ["2023-24", "2024-25", "2025-26", "2026-27", "2027-28"] {
        assert_eq!(calendar.period(year).unwrap().school_days, 190, "{year}");
    }
    assert!(calendar.odd_years().is_empty());
}

#[test]
fn terms_are_read_by_their_ids() {
    let calendar = Calendar::shipped().unwrap();
    let autumn = calendar.period("2025-autumn").unwrap();
    assert_eq!((autumn.from, autumn.to), (date(2025, 9, 1), date(2025, 12, 19)));
    assert_eq!(autumn.school_days, 73, "8 weeks and 7 weeks, less two teacher days");
    assert_eq!(autumn.academic_year.to_string(), "2025-26");
    let spring = calendar.period("2026-spring").unwrap();
    assert_eq!((spring.from, spring.to, spring.school_days), (date(2026, 1, 5), date(2026, 3, 27), 54));
    let summer = calendar.period("2026-summer").unwrap();
    assert_eq!((summer.from, summer.to, summer.school_days), (date(2026, 4, 13), date(2026, 7, 20), 63));
    assert_eq!(calendar.periods().len(), 20);
    assert_eq!(calendar.term_of(date(2025, 10, 28)).unwrap().id, "2025-autumn");
    assert_eq!(calendar.term_of(date(2025, 12, 25)), None);
}

#[test]
fn what_is_no_period_says_so() {
    let calendar = Calendar::shipped().unwrap();
    for id in ["autumn", "2025-winter", "25-autumn", "2025-27", "2025", "", "2025-Autumn"] {
        assert_eq!(calendar.period(id).unwrap_err().kind(), Kind::Configuration, "{id}");
    }
    assert!(calendar.period("2031-32").unwrap_err().to_string().contains("terms.csv"));
}

#[test]
fn days_of_a_half_term() {
    let calendar = Calendar::shipped().unwrap();
    let day = calendar.day(date(2025, 11, 12));
    assert_eq!(
        (day.day_type, day.half_term, day.half_term_week),
        (DayType::Term, Some(HalfTerm::A2), Some(2))
    );
    assert!(day.school_day && day.known);
    assert_eq!(calendar.day(date(2025, 11, 15)).day_type, DayType::Weekend);
    assert_eq!(calendar.day(date(2025, 10, 29)).day_type, DayType::HalfTerm);
    assert_eq!(calendar.day(date(2025, 12, 24)).day_type, DayType::Holiday);
    assert_eq!(calendar.day(date(2026, 4, 3)).day_type, DayType::BankHoliday);
    let inset = calendar.day(date(2025, 9, 1));
    assert_eq!(
        (inset.day_type, inset.half_term, inset.school_day),
        (DayType::Inset, Some(HalfTerm::A1), false)
    );
    let unknown = calendar.day(date(2019, 10, 2));
    assert_eq!((unknown.day_type, unknown.school_day, unknown.known), (DayType::Holiday, false, false));
}

#[test]
fn half_term_weeks_begin_on_mondays() {
    let calendar = Calendar::shipped().unwrap();
    // Tuesday 1 September 2026 opens week 1; the Monday after it opens week 2.
    assert_eq!(calendar.day(date(2026, 9, 4)).half_term_week, Some(1));
    assert_eq!(calendar.day(date(2026, 9, 7)).half_term_week, Some(2));
    let weeks = calendar.weeks(date(2025, 12, 8), date(2026, 1, 11));
    let got: Vec<_> = weeks.iter().map(|week| (week.start, week.school_days)).collect();
    let wanted = [(date(2025, 12, 8), 5), (date(2025, 12, 15), 5), (date(2026, 1, 5), 4)];
    assert_eq!(got, wanted, "the last week has a teacher day");
}

#[test]
fn a_school_states_its_own_days() {
    let calendar = with(
        None,
        Some("date,day_type,note\n2026-01-06,closure,snow\n2025-11-28,inset,\n2025-11-29,term,fair\n"),
    )
    .unwrap();
    assert_eq!(calendar.day(date(2026, 1, 6)).day_type, DayType::Closure);
    assert!(!calendar.day(date(2025, 11, 28)).school_day);
    assert!(calendar.day(date(2025, 11, 29)).school_day, "a Saturday on which pupils come");
    assert!(calendar.day(date(2025, 9, 1)).school_day, "the guessed teacher days of that year are gone");
    assert!(!calendar.day(date(2024, 9, 2)).school_day, "those of other years stay");
    assert_eq!(calendar.day(date(2025, 12, 25)).day_type, DayType::BankHoliday);
}

#[test]
fn errors_name_file_and_line() {
    let error = with(None, Some("date,day_type\n2025-11-28,inset\n2025-11-31,inset\n")).unwrap_err();
    assert!(error.to_string().starts_with("calendar.csv:3: `date` must be a day"), "{error}");
    let error = with(None, Some("date,day_type\n2025-11-28,snow\n")).unwrap_err();
    assert!(error.to_string().starts_with("calendar.csv:2: `day_type`"), "{error}");
    let error = with(Some("academic_year,half_term,from,to\n2025-26,A1,2025-09-01,2024-10-01\n"), None);
    assert!(error.unwrap_err().to_string().starts_with("terms.csv:2: "));
    let error = with(Some("academic_year,half_term,from,to\n2025-26,A1,2025-09-01,2025-10-01\n"), None);
    assert!(error.unwrap_err().to_string().contains("needs all six"));
}
