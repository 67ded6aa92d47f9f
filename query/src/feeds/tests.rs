//! Hand-made nights of hand-made sources, and what is found about them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use super::*;
use crate::window::tests::TwoTerms;

/// First school day of the made-up nights, a Wednesday; the half-term is 27 to 31 October.
const BEGIN: Date = date(2025, 9, 3);

fn school_days_to(last: Date) -> Vec<Date> {
    school_days(&TwoTerms, BEGIN, last)
}

fn import(folder: &str, format: &str, taken: Date, days: &[(Date, i64)]) -> Import {
    let events = days.iter().map(|(_, events)| events).sum();
    Import {
        source: Source { folder: folder.to_owned(), format: format.to_owned() },
        taken,
        version: "1".to_owned(),
        header: None,
        days: days.iter().copied().collect(),
        events,
        candidates: events,
        rejects: 0,
        skipped_hour: 0,
        far_times: 0,
        outages: 0,
    }
}

/// A file of one night at the top of the inbox, taken in the next morning.
fn night(day: Date, records: i64) -> Import {
    import("", "squid-native", day.tomorrow().unwrap(), &[(day, records)])
}

fn nights(days: &[Date], records: i64) -> Vec<Import> {
    days.iter().map(|day| night(*day, records)).collect()
}

fn of(format: &str, imports: Vec<Import>) -> Vec<Import> {
    imports
        .into_iter()
        .map(|import| Import {
            source: Source { format: format.to_owned(), ..import.source.clone() },
            ..import
        })
        .collect()
}

fn found(imports: Vec<Import>, until: Date) -> Vec<(Date, Kind)> {
    let mut found: Vec<_> = findings(imports, &[], &TwoTerms, until)
        .into_iter()
        .map(|finding| (finding.day, finding.kind))
        .collect();
    found.reverse();
    found
}

fn without(days: &[Date], missing: &[Date]) -> Vec<Date> {
    days.iter().copied().filter(|day| !missing.contains(day)).collect()
}

#[test]
fn a_missing_night_is_found_and_healed_by_a_late_file() {
    let days = school_days_to(date(2025, 9, 26));
    let gap = date(2025, 9, 17);
    let mut imports = nights(&without(&days, &[gap]), 1000);
    let all = findings(imports.clone(), &[], &TwoTerms, date(2025, 9, 26));
    assert_eq!(
        all,
        [Finding {
            day: gap,
            source: "top of the inbox, squid-native".to_owned(),
            kind: Kind::MissingNight,
            seen: "no record of that day".to_owned(),
            expected: "about 1,000 records by habit: the median of its last 10 school days with data"
                .to_owned(),
        }]
    );
    // Found again at the filter a fortnight later.
    imports.push(import("", "squid-native", date(2025, 10, 1), &[(gap, 900)]));
    assert!(findings(imports, &[], &TwoTerms, date(2025, 9, 26)).is_empty());
}

#[test]
fn the_last_nights_are_missed_but_not_before_their_morning() {
    let days = school_days_to(date(2025, 9, 24));
    let imports = nights(&days, 1000);
    assert!(found(imports.clone(), date(2025, 9, 24)).is_empty());
    let missing = [(date(2025, 9, 25), Kind::MissingNight), (date(2025, 9, 26), Kind::MissingNight)];
    assert_eq!(found(imports.clone(), date(2025, 9, 26)), missing);
    // A weekend adds nothing.
    assert_eq!(found(imports, date(2025, 9, 28)), missing);
}

#[test]
fn four_days_are_no_habit_and_five_are() {
    let days = school_days_to(date(2025, 9, 30));
    assert!(found(nights(&days[..4], 1000), days[8]).is_empty());
    assert_eq!(found(nights(&days[..5], 1000), days[5]), [(days[5], Kind::MissingNight)]);
}

#[test]
fn holidays_half_terms_and_weekends_are_never_missing() {
    let days = school_days_to(date(2026, 1, 16));
    assert!(!days.contains(&date(2025, 10, 29)) && !days.contains(&date(2025, 12, 25)));
    assert!(found(nights(&days, 1000), date(2026, 1, 16)).is_empty());
    // The first night after half-term is.
    let gap = date(2025, 11, 3);
    assert_eq!(found(nights(&without(&days, &[gap]), 1000), date(2026, 1, 16)), [(gap, Kind::MissingNight)]);
}

#[test]
fn the_files_of_a_night_count_together() {
    let days = school_days_to(date(2025, 9, 26));
    let mut imports = nights(&days, 600);
    imports.extend(nights(&days[..8], 600));
    // From the ninth day on one of two files is missing: half is not under half.
    assert!(found(imports.clone(), date(2025, 9, 26)).is_empty());
    imports[12] = night(days[12], 400);
    assert_eq!(found(imports, date(2025, 9, 26)), [(days[12], Kind::SuddenFall)]);
}

#[test]
fn a_file_that_spans_midnight_counts_for_both_days() {
    let days = school_days_to(date(2025, 9, 26));
    // Rotated at three in the morning: a little of the next day is in each file.
    let imports = days.iter().map(|day| {
        let next = day.tomorrow().unwrap();
        import("", "squid-native", next, &[(*day, 950), (next, 50)])
    });
    assert!(found(imports.collect(), date(2025, 9, 26)).is_empty());
}

#[test]
fn a_fall_is_under_half_of_the_median() {
    let days = school_days_to(date(2025, 9, 26));
    let fall = |usual, seen| {
        let mut imports = nights(&days, usual);
        imports[11] = night(days[11], seen);
        found(imports, date(2025, 9, 26))
    };
    assert!(fall(1000, 500).is_empty());
    assert_eq!(fall(1000, 499), [(days[11], Kind::SuddenFall)]);
    // Of so few records half is chance.
    assert!(fall(19, 1).is_empty());
    // One night of ten times as much is no new measure.
    let mut imports = nights(&days, 1000);
    imports[6] = night(days[6], 10_000);
    assert!(found(imports, date(2025, 9, 26)).is_empty());
}

#[test]
fn a_source_that_is_gone_is_given_up_once() {
    let days = school_days_to(date(2025, 12, 19));
    let imports = nights(&days[..20], 1000);
    let all = found(imports.clone(), date(2025, 12, 19));
    assert_eq!(all.len(), 11);
    assert!(all[..9].iter().zip(&days[20..]).all(|(finding, day)| *finding == (*day, Kind::MissingNight)));
    assert!(all[9..].iter().all(|(day, _)| *day == days[29]));
    assert!(all.iter().any(|(_, kind)| *kind == Kind::SourceEnded));
    // It comes again, and is expected again from its fifth day on.
    let mut again = imports;
    again.extend(nights(&days[40..44], 1000));
    again.extend(nights(&days[45..47], 1000));
    assert_eq!(found(again.clone(), days[46]).len(), 11);
    again.extend(nights(&days[47..50], 1000));
    assert_eq!(found(again, days[50])[11..], [(days[50], Kind::MissingNight)]);
}

#[test]
fn an_archive_promises_no_further_night() {
    let days = school_days_to(date(2025, 9, 26));
    let taken = date(2026, 3, 2);
    let imports: Vec<Import> = without(&days, &days[10..11])
        .into_iter()
        .map(|day| import("", "squid-native", taken, &[(day, 1000)]))
        .collect();
    assert_eq!(found(imports, date(2026, 3, 2)), [(days[10], Kind::MissingNight)], "a hole in it is one");
}

#[test]
fn what_comes_every_other_day_is_not_expected_daily() {
    let days = school_days_to(date(2025, 10, 24));
    let imports: Vec<Import> = days.iter().step_by(2).map(|day| night(*day, 1000)).collect();
    assert!(found(imports, date(2025, 10, 24)).is_empty());
}

#[test]
fn another_format_in_the_same_folder_takes_a_place() {
    let days = school_days_to(date(2025, 10, 24));
    let mut imports = nights(&days[..20], 1000);
    imports.extend(of("e2guardian-5-8", nights(&days[20..], 1000)));
    let all = findings(imports, &[], &TwoTerms, date(2025, 10, 24));
    let [change] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((change.day, change.kind), (days[20], Kind::FormatChange));
    assert!(change.seen.contains("1,000 records in its folder as format e2guardian-5-8"), "{}", change.seen);
    // Changed in the middle of a day, which then has both.
    let mut imports = nights(&days[..20], 1000);
    imports.extend(of("e2guardian-5-8", nights(&days[19..], 600)));
    assert_eq!(found(imports, date(2025, 10, 24)), [(days[20], Kind::FormatChange)]);
}

#[test]
fn an_archive_shows_its_format_change_too() {
    let days = school_days_to(date(2025, 10, 24));
    let archive = |imports: Vec<Import>| {
        let later = imports.into_iter().map(|import| Import { taken: date(2026, 7, 1), ..import });
        later.collect::<Vec<_>>()
    };
    let mut imports = archive(nights(&days[..20], 1000));
    // The night of the change is missing, which nobody can know of the old format.
    imports.extend(archive(of("e2guardian-5-8", nights(&days[21..], 1000))));
    assert_eq!(found(imports, date(2026, 7, 1)), [(days[21], Kind::FormatChange)]);
    // Weeks later it is no change but another thing.
    let mut imports = archive(nights(&days[..20], 1000));
    imports.extend(archive(of("e2guardian-5-8", nights(&days[31..], 1000))));
    assert!(found(imports, date(2026, 7, 1)).is_empty());
}

#[test]
fn of_two_formats_side_by_side_one_can_be_missing() {
    let days = school_days_to(date(2025, 10, 24));
    let mut imports = nights(&without(&days, &days[20..21]), 1000);
    imports.extend(of("e2guardian-5-8", nights(&days, 1000)));
    assert_eq!(found(imports, date(2025, 10, 24)), [(days[20], Kind::MissingNight)]);
}

#[test]
fn another_header_or_version_is_told_once() {
    let days = school_days_to(date(2025, 9, 26));
    let mut imports = nights(&days, 1000);
    for (index, import) in imports.iter_mut().enumerate() {
        import.header = Some(if index < 8 { "aaaa" } else { "bbbb" }.to_owned());
        import.version = if index < 12 { "1" } else { "2" }.to_owned();
    }
    let all = findings(imports.clone(), &[], &TwoTerms, date(2025, 9, 26));
    assert_eq!(
        all.iter().map(|finding| (finding.day, finding.kind)).collect::<Vec<_>>(),
        [(days[12], Kind::FormatChange), (days[8], Kind::FormatChange)]
    );
    assert!(all[0].seen.contains("another version") && all[1].seen.contains("another header"));
    // Two servers with headers of their own, every night.
    for (index, import) in imports.iter_mut().enumerate() {
        import.header = Some(if index % 2 == 0 { "aaaa" } else { "bbbb" }.to_owned());
        import.version = "1".to_owned();
    }
    assert!(found(imports, date(2025, 9, 26)).is_empty());
}

#[test]
fn the_clock_and_an_open_filter_are_told_at_once() {
    let days = school_days_to(date(2025, 9, 5));
    let mut imports = nights(&days, 1000);
    imports[1].skipped_hour = 3;
    imports[1].far_times = 1;
    imports[2].outages = 2;
    let all = findings(imports, &[], &TwoTerms, date(2025, 9, 5));
    assert_eq!(
        all.iter().map(|finding| (finding.day, finding.kind)).collect::<Vec<_>>(),
        [(days[2], Kind::FilterOpen), (days[1], Kind::ClockJump)]
    );
    assert!(all[0].seen.starts_with("2 lines in which the filter said"), "{}", all[0].seen);
    assert!(all[1].seen.starts_with("3 times in the hour") && all[1].seen.contains("; 1 time more than"));
}

#[test]
fn a_clock_in_another_year_is_a_jump_and_an_old_file_beside_the_night_is_none() {
    let days = school_days_to(date(2025, 9, 26));
    let mut imports = nights(&days, 1000);
    let taken = imports[12].taken;
    imports.push(import("", "squid-native", taken, &[(date(2019, 3, 4), 700)]));
    assert!(found(imports.clone(), date(2025, 9, 26)).is_empty());
    imports.remove(12);
    assert_eq!(found(imports, date(2025, 9, 26)), [(days[12], Kind::MissingNight), (taken, Kind::ClockJump)]);
}

#[test]
fn a_rise_of_rejects_is_measured_by_what_is_usual() {
    let days = school_days_to(date(2025, 9, 26));
    let rise = |usual, seen| {
        let mut imports = nights(&days, 1000);
        for import in &mut imports {
            import.rejects = usual;
        }
        imports[12].rejects = seen;
        found(imports, date(2025, 9, 26))
    };
    assert_eq!(rise(0, 11), [(days[12], Kind::RiseOfRejects)]);
    assert!(rise(0, 10).is_empty(), "1 % is not over 1 %");
    assert!(rise(30, 60).is_empty(), "twice is not over twice");
    assert_eq!(rise(30, 61), [(days[12], Kind::RiseOfRejects)]);
}

#[test]
fn incident_exports_are_expected_by_the_days_on_which_they_came() {
    let days = school_days_to(date(2025, 9, 26));
    let export = |day: &Date, rows| Import { events: rows, ..import("", "cpoms-incidents", *day, &[]) };
    // An export without a new incident came too.
    let imports = without(&days, &days[12..13]);
    let imports: Vec<Import> =
        imports.iter().enumerate().map(|(index, day)| export(day, if index == 9 { 0 } else { 40 })).collect();
    assert_eq!(found(imports, date(2025, 9, 26)), [(days[12], Kind::MissingNight)]);
}

const THIS_YEAR: &str = "3fa2b1c800000000";
const LAST_YEAR: &str = "0011223344556677";

fn rule(line: u32, format: Option<&str>, days: FeedDays) -> ExpectedFeed {
    ExpectedFeed {
        year: AcademicYear::parse("2025-26").unwrap(),
        folder: THIS_YEAR.to_owned(),
        format: format.map(str::to_owned),
        line,
        days,
        least_records: None,
        from: None,
        to: None,
    }
}

fn in_folder(folder: &str, imports: Vec<Import>) -> Vec<Import> {
    imports
        .into_iter()
        .map(|import| Import {
            source: Source { folder: folder.to_owned(), ..import.source.clone() },
            ..import
        })
        .collect()
}

#[test]
fn a_rule_needs_no_habit() {
    let days = school_days_to(date(2025, 9, 9));
    let imports = in_folder(THIS_YEAR, nights(&without(&days, &days[1..2]), 1000));
    let rules = [rule(4, None, FeedDays::School)];
    let all = findings(imports.clone(), &rules, &TwoTerms, date(2025, 9, 9));
    let [missing] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((missing.day, missing.kind), (days[1], Kind::MissingNight));
    assert_eq!(missing.source, "folder 3fa2b1c8, any format");
    assert_eq!(missing.expected, "a log of that day by line 4 of feeds.csv");
    // Every day: the weekend too.
    let every = [rule(4, Some("squid-native"), FeedDays::Every)];
    let all = findings(imports.clone(), &every, &TwoTerms, date(2025, 9, 9));
    let missing: Vec<Date> = all.iter().map(|finding| finding.day).collect();
    assert_eq!(missing, [date(2025, 9, 7), date(2025, 9, 6), days[1]]);
    // Of another format nothing ever came: expected from the first import on.
    let never = [rule(4, Some("zeek-http"), FeedDays::School)];
    assert_eq!(findings(imports, &never, &TwoTerms, date(2025, 9, 9)).len(), 4);
}

#[test]
fn a_rule_ends_with_its_days_and_silences_habit() {
    let days = school_days_to(date(2025, 10, 9));
    let imports = in_folder(THIS_YEAR, nights(&days[..10], 1000));
    let ends = ExpectedFeed { to: Some(days[11]), ..rule(2, None, FeedDays::School) };
    let none = ExpectedFeed { from: Some(days[12]), ..rule(3, None, FeedDays::Never) };
    let all = findings(imports.clone(), &[ends, none], &TwoTerms, date(2025, 10, 9));
    assert_eq!(all.iter().map(|finding| finding.day).collect::<Vec<_>>(), [days[11], days[10]]);
    assert!(all.iter().all(|finding| finding.expected.contains("line 2 of feeds.csv")));
    // A rule does not give up.
    let stays = [rule(2, None, FeedDays::School)];
    let all = findings(imports, &stays, &TwoTerms, date(2025, 10, 9));
    assert_eq!(all.len(), days.len() - 10);
    assert!(all.iter().all(|finding| finding.kind == Kind::MissingNight));
}

#[test]
fn a_rule_says_how_many_records_are_enough() {
    let days = school_days_to(date(2025, 9, 5));
    let imports = in_folder(THIS_YEAR, vec![night(days[0], 500), night(days[1], 499), night(days[2], 5000)]);
    let least = [ExpectedFeed { least_records: Some(500), ..rule(2, None, FeedDays::School) }];
    let all = findings(imports, &least, &TwoTerms, date(2025, 9, 5));
    let [fall] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((fall.day, fall.kind), (days[1], Kind::SuddenFall));
    assert_eq!(fall.seen, "499 records of that day");
    assert_eq!(fall.expected, "at least 500 records by line 2 of feeds.csv");
}

#[test]
fn a_rule_for_a_format_sees_the_one_that_came_instead() {
    let days = school_days_to(date(2025, 9, 30));
    let mut imports = in_folder(THIS_YEAR, nights(&days[..12], 1000));
    imports.extend(in_folder(THIS_YEAR, of("e2guardian-5-8", nights(&days[12..14], 1000))));
    let rules = [rule(2, Some("squid-native"), FeedDays::School)];
    let all = findings(imports, &rules, &TwoTerms, days[13]);
    assert_eq!(
        all.iter().map(|finding| (finding.day, finding.kind)).collect::<Vec<_>>(),
        [(days[13], Kind::FormatChange), (days[12], Kind::FormatChange)]
    );
}

#[test]
fn a_clock_in_1970_begins_no_expectation() {
    let days = school_days_to(date(2025, 9, 9));
    let mut imports = in_folder(THIS_YEAR, nights(&days, 1000));
    imports.push(import(THIS_YEAR, "squid-native", days[2], &[(date(1970, 1, 1), 3), (date(1970, 1, 2), 3)]));
    assert!(findings(imports, &[rule(2, None, FeedDays::Every)], &TwoTerms, date(2025, 9, 5)).is_empty());
}

/// Every weekday, all the year.
#[derive(Debug)]
struct Weekdays;

impl SchoolDays for Weekdays {
    fn is_school_day(&self, day: Date) -> bool {
        day.weekday().to_monday_zero_offset() < 5
    }
    fn period(&self, _word: &str) -> Option<(Date, Date)> {
        None
    }
    fn week_name(&self, _monday: Date) -> Option<String> {
        None
    }
}

#[test]
fn a_folder_has_another_token_from_september_on() {
    let summer = school_days(&Weekdays, date(2025, 8, 11), date(2025, 8, 31));
    let autumn = school_days(&Weekdays, date(2025, 9, 1), date(2025, 9, 19));
    let both = |autumn: &[Date]| {
        let mut imports = in_folder(LAST_YEAR, nights(&summer[..summer.len() - 1], 1000));
        imports.extend(in_folder(THIS_YEAR, nights(autumn, 1000)));
        imports
    };
    let until = date(2025, 9, 19);
    // No rule links the two: last year's is missed until its key's year ends, and no longer.
    let all = findings(both(&autumn), &[], &Weekdays, until);
    assert_eq!(all.iter().map(|finding| finding.day).collect::<Vec<_>>(), [date(2025, 8, 29)]);
    // A rule links them: one source, habit goes on over the summer.
    let last_year = AcademicYear::parse("2024-25").unwrap();
    let old =
        ExpectedFeed { year: last_year, folder: LAST_YEAR.to_owned(), ..rule(2, None, FeedDays::School) };
    let rules = [old, rule(2, None, FeedDays::School)];
    let all = findings(both(&autumn[1..]), &rules, &Weekdays, until);
    assert_eq!(
        all.iter().map(|finding| finding.day).collect::<Vec<_>>(),
        [date(2025, 9, 1), date(2025, 8, 29)]
    );
    assert!(all.iter().all(|finding| finding.source == "folder 3fa2b1c8, any format"));
}

#[test]
fn a_night_is_judged_from_nine_the_next_morning() {
    let at = |hour| date(2025, 9, 10).at(hour, 30, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
    assert_eq!(judged_until(&at(8)), date(2025, 9, 8));
    assert_eq!(judged_until(&at(9)), date(2025, 9, 9));
}

#[test]
fn fourteen_school_days_reach_over_a_half_term() {
    assert_eq!(recently(&TwoTerms, date(2025, 11, 4)), date(2025, 10, 9));
    assert_eq!(recently(&TwoTerms, date(2030, 1, 22)), date(2030, 1, 1));
}

#[test]
fn nothing_taken_in_is_nothing_found() {
    assert!(findings(Vec::new(), &[rule(2, None, FeedDays::School)], &TwoTerms, BEGIN).is_empty());
}
