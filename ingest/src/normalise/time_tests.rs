//! October, March, and all local columns.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use jiff::civil::date;

use super::*;
use crate::settings::testing::settings;

fn us(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

/// UTC times of local times (October 26, 2025 unless a day is named), `?` behind ambiguous ones.
fn read(times: &[&str]) -> (Vec<String>, Tally) {
    let settings = settings(&[]).unwrap();
    let mut clock = Clock::new(&settings, "Europe/London", "2026-08-01T00:00:00Z".parse().unwrap()).unwrap();
    let mut tally = Tally::default();
    let read = times.iter().map(|time| {
        let text = if time.len() == 5 { format!("2025-10-26T{time}") } else { (*time).to_owned() };
        let when = When::Local(text.parse().unwrap());
        match clock.stamp(when, TimeBasis::Unknown, None, &mut tally) {
            Ok(stamp) => {
                let moment = clock.moment(stamp, &mut tally).unwrap();
                assert_eq!(moment.local_minute % 60, i16::from(text.parse::<DateTime>().unwrap().minute()));
                let utc = Timestamp::from_microsecond(stamp.utc_us).unwrap().strftime("%H:%M").to_string();
                format!("{utc}{}", if stamp.ambiguous { "?" } else { "" })
            }
            Err(reject) => reject.reason.word().to_owned(),
        }
    });
    (read.collect(), tally)
}

#[test]
fn october_in_order_is_summer_time_then_winter_time() {
    let (got, tally) = read(&["00:30", "01:05", "01:40", "01:59", "01:02", "01:50", "02:01"]);
    assert_eq!(got, ["23:30", "00:05", "00:40", "00:59", "01:02", "01:50", "02:01"]);
    assert!(tally.notices.is_empty());
}

#[test]
fn october_newest_first_is_the_other_way_round() {
    let (got, tally) = read(&["02:10", "01:50", "01:02", "01:58", "01:05", "00:40"]);
    assert_eq!(got, ["02:10", "01:50", "01:02", "00:58", "00:05", "23:40"]);
    assert!(tally.notices.is_empty());
}

#[test]
fn a_short_step_back_is_no_second_pass() {
    let (got, _) = read(&["00:58", "01:40", "01:20", "01:45"]);
    assert_eq!(got, ["23:58", "00:40", "00:20", "00:45"]);
}

#[test]
fn october_without_order_is_winter_time_and_says_so() {
    let (got, tally) = read(&["01:10", "01:20"]);
    assert_eq!(got, ["01:10?", "01:20?"], "the file begins in the hour");
    assert_eq!(tally.notices[Notice::TimeAmbiguous.words()], 2);
    let (got, _) = read(&["09:00", "08:00", "12:00", "07:00", "01:10"]);
    assert_eq!(got[4], "01:10?", "the file is in no order");
    let (got, _) = read(&["00:50", "01:50", "01:10", "01:55", "01:05"]);
    assert_eq!(got[4], "01:05?", "three times round");
}

#[test]
fn a_file_that_begins_in_the_hour_is_sure_after_the_jump() {
    let (got, _) = read(&["01:10", "01:25", "01:50", "01:05", "02:10"]);
    assert_eq!(got, ["01:10?", "01:25?", "01:50?", "01:05", "02:10"]);
}

#[test]
fn march_has_no_such_hour() {
    let (got, tally) =
        read(&["2026-03-29T00:59", "2026-03-29T01:00", "2026-03-29T01:59", "2026-03-29T02:00"]);
    let gap = Reason::TimeGap.word();
    assert_eq!(got, ["00:59", gap, gap, "01:00"]);
    assert_eq!(tally.notices[Notice::ClockSeemsUtc.words()], 1, "once for the file");
}

#[test]
fn a_profile_may_know_better_than_the_order() {
    let settings = settings(&[]).unwrap();
    let read = |fold| {
        let mut clock = Clock::new(&settings, "Europe/London", Timestamp::UNIX_EPOCH).unwrap();
        clock.set_fold(fold);
        let when = When::Local("2025-10-26T01:30".parse().unwrap());
        clock
            .stamp(when, TimeBasis::Start, None, &mut Tally::default())
            .map(|stamp| (stamp.utc_us, stamp.ambiguous))
    };
    assert_eq!(read(FoldPolicy::First), Ok((us("2025-10-26T00:30:00Z"), false)));
    assert_eq!(read(FoldPolicy::Second), Ok((us("2025-10-26T01:30:00Z"), false)));
    assert_eq!(read(FoldPolicy::Reject).unwrap_err().reason, Reason::Time);
    assert_eq!(read(FoldPolicy::Order), Ok((us("2025-10-26T01:30:00Z"), true)));
}

#[test]
fn an_academic_year_without_a_calendar_is_said_once() {
    let (_, tally) = read(&["2019-10-02T09:00", "2019-10-02T09:01", "2025-11-12T09:00"]);
    assert_eq!(tally.notices[Notice::CalendarUnknown.words()], 1);
}

#[test]
fn a_year_whose_key_is_gone_is_closed_by_the_local_day() {
    let settings = settings(&[]).unwrap();
    let mut clock = Clock::new(&settings, "Europe/London", "2025-10-01T00:00:00Z".parse().unwrap()).unwrap();
    clock.set_closed_years([AcademicYear::parse("2024-25").unwrap()].into());
    let mut at = |instant: &str| {
        let tally = &mut Tally::default();
        let stamp = clock.stamp(When::Instant(us(instant)), TimeBasis::Start, None, tally).unwrap();
        clock.moment(stamp, tally).map(|moment| moment.local_date.to_string()).map_err(|reject| reject.reason)
    };
    // Half past eleven at night UTC is the next day in London, by summer time.
    assert_eq!(at("2025-08-31T22:30:00Z"), Err(Reason::YearClosed));
    assert_eq!(at("2025-08-31T23:30:00Z"), Ok("2025-09-01".to_owned()));
    assert_eq!(at("2024-08-31T22:30:00Z"), Ok("2024-08-31".to_owned()));
}

#[test]
fn a_time_that_no_clock_of_retention_would_reach_is_rejected() {
    let settings = settings(&[]).unwrap();
    let mut clock = Clock::new(&settings, "Europe/London", "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let mut at = |instant: &str| {
        let tally = &mut Tally::default();
        let stamp = clock.stamp(When::Instant(us(instant)), TimeBasis::Start, None, tally).unwrap();
        clock.moment(stamp, tally).map(|moment| moment.local_date.to_string()).map_err(|reject| reject.reason)
    };
    // 400 days after 1 January 2026: the 365 of that year, and 35 of the next.
    assert_eq!(at("2027-02-05T00:00:00Z"), Ok("2027-02-05".to_owned()));
    assert_eq!(at("2027-02-05T00:00:01Z"), Err(Reason::TimeAhead));
    assert_eq!(at("2099-06-01T09:00:00Z"), Err(Reason::TimeAhead));
}

fn moment_of(when: When, basis: TimeBasis, duration_ms: Option<i64>) -> Moment<'static> {
    let settings = Box::leak(Box::new(settings(&[]).unwrap()));
    let mut clock = Clock::new(settings, "Europe/London", "2026-08-01T00:00:00Z".parse().unwrap()).unwrap();
    let stamp = clock.stamp(when, basis, duration_ms, &mut Tally::default()).unwrap();
    clock.moment(stamp, &mut Tally::default()).unwrap()
}

#[test]
fn every_local_answer() {
    // Wednesday 12 November 2025, 09:15 GMT: second week of A2, first period.
    let moment = moment_of(When::Instant(us("2025-11-12T09:15:30Z")), TimeBasis::Unknown, None);
    assert_eq!((moment.local_date, moment.local_minute), (date(2025, 11, 12), 555));
    assert_eq!((moment.utc_offset_minutes, moment.clock_fold, moment.clock_ambiguous), (0, false, false));
    assert_eq!((moment.half_term, moment.half_term_week), (Some("A2"), Some(2)));
    assert_eq!((moment.day_type, moment.school_day, moment.lesson_period), ("term", true, Some("Period 1")));
    assert_eq!(
        (moment.week_start, moment.academic_year.to_string()),
        (date(2025, 11, 10), "2025-26".to_owned())
    );
    // 23:30 UTC on the last day of August is the first of September by the wall clock.
    let moment = moment_of(When::Instant(us("2025-08-31T23:30:00Z")), TimeBasis::Unknown, None);
    assert_eq!(
        (moment.local_date, moment.local_minute, moment.utc_offset_minutes),
        (date(2025, 9, 1), 30, 60)
    );
    assert_eq!(moment.academic_year.first_year(), 2025);
    // A teacher day has no lessons.
    let moment = moment_of(When::Instant(us("2025-09-01T08:30:00Z")), TimeBasis::Unknown, None);
    assert_eq!((moment.day_type, moment.lesson_period), ("inset", None));
}

#[test]
fn instants_know_their_pass() {
    let fold = |text: &str| moment_of(When::Instant(us(text)), TimeBasis::Unknown, None).clock_fold;
    assert!(!fold("2025-10-26T00:59:59Z"));
    assert!(fold("2025-10-26T01:00:00Z"));
    assert!(fold("2025-10-26T01:59:59Z"));
    assert!(!fold("2025-10-26T02:00:00Z"));
    assert!(!fold("2026-03-29T01:00:00Z"));
}

#[test]
fn the_start_counts_where_it_is_known() {
    let end = When::Instant(us("2025-11-12T10:45:00Z"));
    let moment = moment_of(end, TimeBasis::End, Some(90 * 60 * 1000));
    assert_eq!((moment.local_minute, moment.basis), (9 * 60 + 15, TimeBasis::Start));
    assert_eq!(moment.lesson_period, Some("Period 1"), "the tunnel closed in the break");
    let moment = moment_of(end, TimeBasis::End, None);
    assert_eq!((moment.local_minute, moment.basis), (10 * 60 + 45, TimeBasis::End));
    let moment = moment_of(end, TimeBasis::Start, Some(1000));
    assert_eq!((moment.local_minute, moment.basis), (10 * 60 + 45, TimeBasis::Start));
}

#[test]
fn a_day_alone_has_no_lesson() {
    let moment = moment_of(When::Day(date(2026, 6, 3)), TimeBasis::Unknown, None);
    assert_eq!((moment.local_date, moment.local_minute), (date(2026, 6, 3), 0));
    assert_eq!((moment.utc_us, moment.lesson_period), (us("2026-06-02T23:00:00Z"), None));
}

#[test]
fn odd_times_leave_a_notice_and_absurd_ones_are_rejected() {
    let settings = settings(&[]).unwrap();
    let mut clock = Clock::new(&settings, "Europe/London", "2026-08-01T00:00:00Z".parse().unwrap()).unwrap();
    let mut tally = Tally::default();
    let mut notices = |when| {
        let result = clock.stamp(when, TimeBasis::End, Some(1), &mut tally);
        (result.is_ok(), tally.notices.values().sum::<u64>())
    };
    assert_eq!(notices(When::Instant(us("2026-07-30T10:00:00Z"))), (true, 0));
    assert_eq!(notices(When::Instant(us("2026-08-01T23:00:00Z"))), (true, 0));
    assert_eq!(notices(When::Instant(us("2026-08-03T23:00:00Z"))), (true, 1), "ahead");
    assert_eq!(notices(When::Instant(us("2025-07-01T00:00:00Z"))), (true, 1), "within 400 days");
    assert_eq!(notices(When::Instant(us("2025-06-01T00:00:00Z"))), (true, 2), "older");
    assert_eq!(notices(When::Instant(us("1970-01-01T00:00:05Z"))), (true, 3), "never set");
    assert_eq!(notices(When::Instant(us("2000-01-01T12:00:05Z"))), (true, 4), "never set");
    assert_eq!(notices(When::Instant(i64::MAX)), (false, 4));
    assert_eq!(notices(When::Instant(i64::MIN)), (false, 4));
    assert_eq!(notices(When::Missing), (false, 4));
}

#[test]
fn other_zones_and_unknown_ones() {
    let settings = settings(&[]).unwrap();
    let now = "2026-03-30T00:00:00Z".parse().unwrap();
    assert_eq!(Clock::new(&settings, "Europe/Londinium", now).err().unwrap().kind(), Kind::Configuration);
    let mut clock = Clock::new(&settings, "UTC", now).unwrap();
    let when = When::Local("2026-03-29T01:30".parse().unwrap());
    let stamp = clock.stamp(when, TimeBasis::Start, None, &mut Tally::default()).unwrap();
    assert_eq!(stamp.utc_us, us("2026-03-29T01:30:00Z"));
    let moment = clock.moment(stamp, &mut Tally::default()).unwrap();
    assert_eq!(
        (moment.local_minute, moment.utc_offset_minutes),
        (150, 60),
        "the school lives by its own zone"
    );
}
