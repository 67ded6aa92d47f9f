//! The tables of `trend` over hand-made weeks, figures by hand.

use ingest::schema::{CHANGES, INCIDENTS, NETWORK_DAYS, NETWORK_THEME_DAYS};
use ingest::settings::calendar::Calendar;

use super::*;

/// Mondays of the full weeks of the calendar's autumn, then of its spring.
const MONDAYS: [&str; 20] = [
    "2025-09-08",
    "2025-09-15",
    "2025-09-22",
    "2025-09-29",
    "2025-10-06",
    "2025-10-13",
    "2025-10-20",
    "2025-11-03",
    "2025-11-10",
    "2025-11-17",
    "2025-11-24",
    "2025-12-01",
    "2025-12-08",
    "2025-12-15",
    "2026-01-05",
    "2026-01-12",
    "2026-01-19",
    "2026-01-26",
    "2026-02-02",
    "2026-02-09",
];

type Owned = Vec<(&'static str, String)>;

fn borrowed(rows: &[Owned]) -> Vec<Row<'_>> {
    rows.iter().map(|row| row.iter().map(|(name, value)| (*name, value.as_str())).collect()).collect()
}

fn memory(tables: &[(&'static TableSchema, Vec<Owned>)]) -> Source {
    Source::Memory(tables.iter().map(|(schema, rows)| (*schema, table(schema, &borrowed(rows)))).collect())
}

fn pupil(actor: i64, day: Date) -> Owned {
    vec![
        ("actor", actor.to_string()),
        ("actor_kind", "person".to_owned()),
        ("role", "pupil".to_owned()),
        ("group_id", "year_7".to_owned()),
        ("key_stage", "KS3".to_owned()),
        ("local_date", day.to_string()),
    ]
}

fn with(row: Owned, more: &[(&'static str, &str)]) -> Owned {
    row.into_iter().chain(more.iter().map(|(name, value)| (*name, (*value).to_owned()))).collect()
}

const DRUGS: [(&str, &str); 4] =
    [("theme", "Drugs"), ("four_c", "content"), ("severity", "3"), ("outcome", "blocked")];

/// Four known pupils, active on Monday to Wednesday of each week: 12 active actor-days. `parts` of them
/// have an episode: first Monday's of pupils 1 to 4, then Tuesday's, then Wednesday's.
fn weeks(parts: &[usize]) -> Vec<(&'static TableSchema, Vec<Owned>)> {
    let (mut actor_days, mut episodes, mut activity) = (Vec::new(), Vec::new(), Vec::new());
    for (monday, part) in MONDAYS.iter().zip(parts) {
        let monday: Date = monday.parse().unwrap();
        for place in 0..12 {
            let day = monday.checked_add(jiff::Span::new().days(place / 4)).unwrap();
            let actor = place % 4 + 1;
            actor_days.push(with(pupil(actor, day), &[("primary_records", "10")]));
            if (place as usize) < *part {
                episodes.push(with(pupil(actor, day), &DRUGS));
            }
            if actor == 1 {
                let row = vec![("local_date", day.to_string())];
                activity
                    .push(with(row, &[("records", "40"), ("actor_kind", "person"), ("visibility", "page")]));
            }
        }
    }
    vec![(&ACTOR_DAYS, actor_days), (&EPISODES, episodes), (&ACTIVITY, activity)]
}

fn all_weeks(table: &str) -> Ask {
    Ask {
        from: Some(date(2025, 9, 8)),
        to: Some(date(2026, 2, 13)),
        table: Some(table.to_owned()),
        ..Ask::default()
    }
}

async fn ask(dir: &Path, tables: &[(&'static TableSchema, Vec<Owned>)], ask: &Ask) -> Table {
    opened(dir, memory(tables)).trend(ask).await.unwrap().value().clone()
}

const STEADY: [usize; 12] = [2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3];

fn steady_then(more: &[usize]) -> Vec<usize> {
    STEADY.iter().chain(more).copied().collect()
}

#[tokio::test]
async fn a_chart_of_small_weeks_is_an_xmr_chart_with_a_locked_baseline() {
    let dir = tempfile::tempdir().unwrap();
    // Mean 2.5 of 12, mean moving range 1 of 12: limits 2.5 -/+ 2.66 of 12.
    let found = ask(dir.path(), &weeks(&steady_then(&[8, 3])), &all_weeks("chart")).await;
    assert_eq!(found.schema, "watershed.trend.chart/1");
    // Weeks without data stand there without a value.
    let rows = found.rows.iter().filter(|row| row[found.column("value").unwrap()] != Cell::Missing).count();
    assert_eq!(rows, 14);
    assert!(texts(&found, "chart").iter().all(|word| *word == "XmR"));
    assert_eq!(reals(&found, "centre")[0], Some(208.333));
    assert_eq!((reals(&found, "lower_limit")[0], reals(&found, "upper_limit")[0]), (Some(0.0), Some(430.0)));
    assert_eq!(reals(&found, "upper_limit")[13], Some(430.0));
    assert_eq!(texts(&found, "limits")[13], "locked from 2025-09-08");
    let unusual: Vec<(usize, &str)> =
        texts(&found, "signal").into_iter().enumerate().filter(|(_, word)| !word.is_empty()).collect();
    assert_eq!(unusual, [(12, "higher: above the limit")]);
    assert!(
        found.reading.starts_with("Week of 15 December 2025: 250.0 per 1,000. No clear change"),
        "{}",
        found.reading
    );
    assert!(found.reading.ends_with("The week before was higher than usual."), "{}", found.reading);
    for words in ["7 in a row on one side", "Limits from 8 September 2025 to 1 December 2025: locked."] {
        assert!(found.notes.iter().any(|note| note.contains(words)), "{words}");
    }

    // The same days asked about later in the year have the same limits.
    let later = Ask { from: Some(date(2025, 12, 8)), to: Some(date(2025, 12, 12)), ..all_weeks("chart") };
    let found = ask(dir.path(), &weeks(&steady_then(&[8, 3])), &later).await;
    assert_eq!(found.rows.len(), 1);
    assert_eq!(reals(&found, "upper_limit"), [Some(430.0)]);
    assert!(found.reading.contains("higher than usual (above the limit)"), "{}", found.reading);
    assert!(
        found.notes.iter().any(|note| note.contains("this moved too") && note.contains("2 nights missing"))
    );
}

#[tokio::test]
async fn few_weeks_are_a_run_chart_and_none_are_said() {
    let dir = tempfile::tempdir().unwrap();
    let found = ask(dir.path(), &weeks(&[2, 3, 2]), &all_weeks("chart")).await;
    assert_eq!(texts(&found, "chart")[0], "run chart");
    assert_eq!((reals(&found, "centre")[0], reals(&found, "upper_limit")[0]), (Some(166.667), None));
    assert!(found.reading.contains("too few weeks for limits"), "{}", found.reading);
    let found = ask(dir.path(), &[], &all_weeks("chart")).await;
    assert!(found.reading.starts_with("Not measurable"), "{}", found.reading);
}

#[tokio::test]
async fn a_chart_starts_anew_at_a_recorded_change_and_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let root = SchoolRoot::new(dir.path(), &SchoolId::parse("st-annes").unwrap());
    std::fs::create_dir_all(root.settings()).unwrap();
    // In the middle of a week: that week is still of the old conditions.
    let text = "date,reason,who\n2025-12-03,another filter,head of IT\n";
    std::fs::write(root.settings().join("rebase.csv"), text).unwrap();
    let found = ask(dir.path(), &weeks(&steady_then(&[7, 8, 7, 8, 7])), &all_weeks("chart")).await;
    let limits = texts(&found, "limits");
    assert_eq!(limits[11], "locked from 2025-09-08");
    // Five weeks since: mean 7.4 of 12, ranges 1.
    assert_eq!(limits[12], "trial from 2025-12-08");
    assert_eq!(reals(&found, "centre")[12], Some(616.667));
    assert_eq!(texts(&found, "rebased")[12], "another filter (head of IT)");
    assert!(texts(&found, "signal").iter().all(|word| word.is_empty()), "{:?}", texts(&found, "signal"));
    assert!(
        found.notes.iter().any(|note| note.contains("starts anew on 3 December 2025")),
        "{:?}",
        found.notes
    );
}

#[tokio::test]
async fn the_gravest_are_charted_by_the_days_between_and_an_open_gap_counts() {
    let dir = tempfile::tempdir().unwrap();
    let mut tables = weeks(&STEADY);
    // Of the 36 days with data those numbered 0, 2, 5, 6, 10, 12: gaps 2, 3, 1, 4, 2; mean 2.4.
    let days: Vec<Date> = tables[2].1.iter().map(|row| row[0].1.parse().unwrap()).collect();
    for at in [0, 2, 5, 6, 10, 12] {
        let grave = [("theme", "Self-harm"), ("severity", "5"), ("outcome", "allowed")];
        tables[1].1.push(with(pupil(1, days[at]), &grave));
    }
    let by = Ask { by: Some("severity".to_owned()), ..all_weeks("chart") };
    let found = ask(dir.path(), &tables, &by).await;
    let rows: Vec<&Vec<Cell>> = found.rows.iter().filter(|row| row[2].text() == Some("5")).collect();
    let value = |at: usize, id: &str| rows[at][found.column(id).unwrap()].number();
    assert_eq!(
        (0..7).map(|at| value(at, "value")).collect::<Vec<_>>(),
        [None, Some(2.0), Some(3.0), Some(1.0), Some(4.0), Some(2.0), Some(23.0)]
    );
    // 2.4 + 3 sqrt(1.4 x 2.4) = 7.899.
    assert!((value(1, "upper_limit").unwrap() - 7.899_091).abs() < 1e-6);
    assert_eq!(value(1, "lower_limit"), None);
    assert_eq!(rows[6][found.column("signal").unwrap()].text(), Some("longer without: above the limit"));
    assert!(found.reading.starts_with("Severity 5: longer without than usual"), "{}", found.reading);
}

#[tokio::test]
async fn large_denominators_follow_laney() {
    let dir = tempfile::tempdir().unwrap();
    let root = SchoolRoot::new(dir.path(), &SchoolId::parse("st-annes").unwrap());
    std::fs::create_dir_all(root.settings()).unwrap();
    // Small schools have no large weeks; the number is a setting, and 12 a week can be 20 by it no more.
    std::fs::write(root.settings().join("chart_rules.csv"), "setting,value\nlarge_denominator,20\n").unwrap();
    let mut tables = weeks(&STEADY);
    let more: Vec<Owned> = (0..2)
        .flat_map(|copy| {
            tables[0]
                .1
                .iter()
                .map(move |row| {
                    let mut row = row.clone();
                    row[0].1 = (row[0].1.parse::<i64>().unwrap() + 10 * (copy + 1)).to_string();
                    row
                })
                .collect::<Vec<_>>()
        })
        .collect();
    tables[0].1.extend(more);
    let found = ask(dir.path(), &tables, &all_weeks("chart")).await;
    // 36 active actor-days: u' and, by the way, the limits of an XmR chart, for they are equal.
    assert_eq!(texts(&found, "chart")[0], "Laney u'");
    // 2.5 of 36, plus 3 mean moving ranges (1 of 36) over 1.128.
    let upper = 1000.0 * (2.5 + 3.0 / 1.128) / 36.0;
    assert!((column(&found, "upper_limit")[0].number().unwrap() - upper).abs() < 1e-9);
    let prevalence = Ask { measure: Some("prevalence".to_owned()), ..all_weeks("chart") };
    let found = ask(dir.path(), &tables, &prevalence).await;
    assert_eq!(integers(&found, "out_of")[0], Some(12));
    assert_eq!(texts(&found, "chart")[0], "XmR");
    let wrong = Ask { measure: Some("colour".to_owned()), ..all_weeks("chart") };
    let error = opened(dir.path(), memory(&tables)).trend(&wrong).await.unwrap_err();
    assert!(error.helping().unwrap().contains("--measure prevalence"));
}

#[tokio::test]
async fn one_pupil_or_many() {
    let dir = tempfile::tempdir().unwrap();
    let mut tables = weeks(&[4, 1]);
    for _ in 0..9 {
        tables[1].1.push(with(pupil(1, date(2025, 9, 15)), &DRUGS));
    }
    let found = ask(dir.path(), &tables, &all_weeks("pupils")).await;
    assert_eq!(integers(&found, "pupils")[..2], [Some(4), Some(1)]);
    assert_eq!(integers(&found, "active_pupils")[..2], [Some(4), Some(4)]);
    // Ten episodes of one pupil move the share by one pupil, and the effective number is 1.
    assert_eq!(reals(&found, "prevalence_share")[..2], [Some(1.0), Some(0.25)]);
    assert_eq!(reals(&found, "effective_actors")[..2], [Some(4.0), Some(1.0)]);
    assert!(found.reading.contains("One makes most of the episodes (100.0 %)"), "{}", found.reading);
    assert!(reals(&found, "prevalence_upper_share")[1] > Some(0.25));
}

#[tokio::test]
async fn a_year_before_is_the_same_week_of_the_half_term() {
    let dir = tempfile::tempdir().unwrap();
    let mut tables: Vec<(&'static TableSchema, Vec<Owned>)> =
        vec![(&ACTOR_DAYS, Vec::new()), (&EPISODES, Vec::new()), (&ACTIVITY, Vec::new())];
    // Days with an episode and active days of each pupil: the two sides of the test of the ratio.
    let sides: [(Date, &[(i64, i64)]); 2] = [
        (date(2025, 9, 8), &[(2, 5), (0, 5), (1, 4), (1, 5)]),
        (date(2024, 9, 9), &[(1, 5), (0, 5), (0, 5)]),
    ];
    for (monday, pupils) in sides {
        for (actor, (part, whole)) in pupils.iter().enumerate() {
            for at in 0..*whole {
                let day = monday.checked_add(jiff::Span::new().days(at)).unwrap();
                let row = pupil(actor as i64 + i64::from(monday.year()), day);
                tables[0].1.push(with(row.clone(), &[("primary_records", "3")]));
                if at < *part {
                    tables[1].1.push(with(row, &DRUGS));
                }
                let seen = vec![("local_date", day.to_string())];
                tables[2].1.push(with(seen, &[("records", "5"), ("actor_kind", "person")]));
            }
        }
    }
    let mut school = opened(dir.path(), memory(&tables));
    school.calendar = Box::new(Calendar::shipped().unwrap());
    let week = Ask { from: Some(date(2025, 9, 8)), to: Some(date(2025, 9, 12)), ..all_weeks("year") };
    let found = school.trend(&week).await.unwrap().value().clone();
    assert_eq!((texts(&found, "theme"), texts(&found, "key_stage")), (vec!["Drugs"], vec!["all"]));
    assert_eq!(integers(&found, "actor_days"), [Some(4)]);
    assert_eq!(integers(&found, "active_actor_days_before"), [Some(15)]);
    // (4 / 19) / (1 / 15)
    assert_eq!(reals(&found, "ratio"), [Some(3.158)]);
    // Its interval spans from 0.00003 to 169,573 (the test of the ratio): that says nothing.
    assert_eq!(texts(&found, "comparison"), ["too few to say"]);
    assert_eq!(reals(&found, "ratio_upper"), [None]);
    assert!(found.reading.starts_with("Too few episodes in either year"), "{}", found.reading);
    // The week after has nothing to stand beside.
    let week = Ask { from: Some(date(2025, 9, 15)), to: Some(date(2025, 9, 19)), ..all_weeks("year") };
    let found = school.trend(&week).await.unwrap().value().clone();
    assert!(found.rows.is_empty() && found.reading.starts_with("Not comparable"), "{}", found.reading);
}

#[tokio::test]
async fn a_possible_step_stands_beside_what_was_recorded_near_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut tables = weeks(&[2, 3, 2, 3, 2, 3, 2, 3, 10, 9, 10, 9, 10, 9]);
    let change = [("local_date", "2025-11-05"), ("decision", "approved"), ("applied_from", "2025-11-06")];
    tables.push((&CHANGES, vec![with(Vec::new(), &change)]));
    let found = ask(dir.path(), &tables, &all_weeks("steps")).await;
    assert_eq!(texts(&found, "week_start_date"), ["2025-11-10"]);
    // Geometric means of (part + 0.5) / 12.5: sqrt(2.5 x 3.5) and sqrt(10.5 x 9.5).
    assert_eq!(reals(&found, "level_before"), [Some(236.643)]);
    assert_eq!(reals(&found, "level_after"), [Some(798.999)]);
    assert_eq!(
        (integers(&found, "weeks_before"), integers(&found, "weeks_after")),
        (vec![Some(8)], vec![Some(6)])
    );
    assert_eq!(texts(&found, "recorded"), ["1 approved change to the filter, the first on 2025-11-06"]);
    assert_eq!(integers(&found, "distinct_people"), [Some(4)]);
    assert!(
        found.reading.contains("1 possible step") && found.reading.contains("Why is not known"),
        "{}",
        found.reading
    );
    let found = ask(dir.path(), &weeks(&STEADY), &all_weeks("steps")).await;
    assert_eq!(found.reading, "No possible step in these days.");
    let found = ask(dir.path(), &weeks(&[2, 3]), &all_weeks("steps")).await;
    assert!(found.reading.starts_with("Not measurable"), "{}", found.reading);
}

#[tokio::test]
async fn what_else_moved_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut tables = weeks(&STEADY);
    // In the eleventh week nothing is decrypted; in all weeks before, all is.
    for row in &mut tables[2].1 {
        if row[0].1.as_str() >= "2025-11-24" {
            row.iter_mut()
                .filter(|(name, _)| *name == "visibility")
                .for_each(|(_, value)| *value = "host".to_owned());
        } else if row[0].1.ends_with("-09-08") {
            row.push(("code", "UNCAT".to_owned()));
        }
    }
    let import = |token: &str, version: &str, days: &str| -> Owned {
        let from = format!("{}T08:00:00Z", &days[..10]);
        with(
            Vec::new(),
            &[
                ("fingerprint", token),
                ("settings_version", version),
                ("event_days", days),
                ("source_format", "squid-native"),
                ("first_utc", from.as_str()),
                ("last_utc", from.as_str()),
            ],
        )
    };
    tables.push((
        &IMPORTS,
        vec![import("a", "v1", "2025-09-08=40;2025-09-15=40"), import("b", "v2", "2025-09-22=9")],
    ));
    let found = ask(dir.path(), &tables, &all_weeks("confounders")).await;
    assert_eq!(integers(&found, "active_pupils")[0], Some(4));
    // One of three days of 40 records each has no category.
    assert_eq!(reals(&found, "uncategorised_share")[..2], [Some(0.333), Some(0.0)]);
    assert_eq!(reals(&found, "decrypted_share")[10], Some(0.0));
    let moved = texts(&found, "moved");
    assert!(moved[2].contains("the data files changed"), "{}", moved[2]);
    assert_eq!(texts(&found, "settings")[2], "v2");
    assert!(moved[0].contains("uncategorised share higher than usual"), "{}", moved[0]);
    assert_eq!(integers(&found, "nights_missing")[0], Some(2));
}

#[tokio::test]
async fn persistence_counts_and_what_came_after_an_incident() {
    let dir = tempfile::tempdir().unwrap();
    // Pupil 1 has an episode on each Monday; the incident is on the Wednesday of the fifth week.
    let mut tables = weeks(&[1; 14]);
    tables[1].1[0].push(("persistent", "true".to_owned()));
    let incident = [("local_date", "2025-10-08"), ("subject", "1"), ("role", "pupil"), ("severity", "3")];
    tables.push((&INCIDENTS, vec![with(Vec::new(), &incident)]));
    let found = ask(dir.path(), &tables, &all_weeks("persistence")).await;
    assert_eq!((texts(&found, "group_id"), texts(&found, "theme")), (vec!["year_7"], vec!["Drugs"]));
    assert_eq!(integers(&found, "episodes"), [Some(14)]);
    assert_eq!(
        (integers(&found, "persistent_episodes"), integers(&found, "distinct_people")),
        (vec![Some(1)], vec![Some(1)])
    );
    // 14 days with data lie before it: five Mondays; of the 14 after it, five as well.
    assert_eq!(integers(&found, "school_days_each"), [Some(14)]);
    assert_eq!(
        (integers(&found, "episodes_before"), integers(&found, "episodes_after")),
        (vec![Some(5)], vec![Some(5)])
    );
    assert!(
        found.reading.contains("Pupils with an incident had 5 episodes before it and 5 after it"),
        "{}",
        found.reading
    );
    let found = ask(dir.path(), &weeks(&STEADY), &all_weeks("persistence")).await;
    assert!(found.reading.starts_with("No known pupil had a persistent episode"), "{}", found.reading);
    assert!(found.notes.iter().any(|note| note.starts_with("No incident of these days")));
}

#[tokio::test]
async fn out_of_hours_has_a_calendar_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let saturday = date(2025, 9, 13);
    let monday = date(2025, 9, 8);
    let weekend = [("day_type", "weekend"), ("school_day", "false")];
    let mut tables: Vec<(&'static TableSchema, Vec<Owned>)> =
        vec![(&ACTOR_DAYS, Vec::new()), (&EPISODES, Vec::new()), (&ACTIVITY, Vec::new())];
    for actor in [1, 2] {
        let row = with(pupil(actor, saturday), &weekend);
        tables[0].1.push(with(row, &[("primary_records", "4")]));
    }
    let late = [("local_minute", "1390")];
    tables[1].1.push(with(with(with(pupil(1, saturday), &weekend), &DRUGS), &late));
    tables[1].1.push(with(with(pupil(1, monday), &DRUGS), &[("local_minute", "1000")]));
    // In a lesson: no business of this table.
    tables[1]
        .1
        .push(with(with(pupil(1, monday), &DRUGS), &[("local_minute", "600"), ("lesson_period", "P2")]));
    for (day, hour, lesson, records) in
        [(saturday, "23", None, "20"), (monday, "16", None, "50"), (monday, "10", Some("P2"), "900")]
    {
        let mut row = vec![("local_date", day.to_string())];
        row = with(
            row,
            &[
                ("local_hour", hour),
                ("primary_records", records),
                ("records", records),
                ("actor_kind", "person"),
            ],
        );
        if day == saturday {
            row = with(row, &weekend);
        }
        row.extend(lesson.map(|lesson| ("lesson_period", lesson.to_owned())));
        tables[2].1.push(row);
    }
    let found = ask(dir.path(), &tables, &all_weeks("out-of-hours")).await;
    assert_eq!(
        texts(&found, "day_type"),
        ["school day, outside lessons", "school day, outside lessons", "weekend", "weekend"]
    );
    assert_eq!(
        texts(&found, "hours"),
        ["all hours", "15 to 18, after school", "all hours", "22 to 24, late"]
    );
    assert_eq!(integers(&found, "primary_records"), [Some(50), Some(50), Some(20), Some(20)]);
    assert_eq!(integers(&found, "episodes"), [Some(1); 4]);
    assert_eq!(reals(&found, "episodes_per_1000"), [Some(20.0), Some(20.0), Some(50.0), Some(50.0)]);
    // One of two active pupils on the Saturday; a school day has no rate here.
    assert_eq!(integers(&found, "active_actor_days"), [None, None, Some(2), None]);
    assert_eq!(reals(&found, "rate_per_1000"), [None, None, Some(500.0), None]);
    assert!(
        found.reading.starts_with("Out of hours there were 2 episodes in 70 primary records."),
        "{}",
        found.reading
    );
    let found = ask(dir.path(), &[], &all_weeks("out-of-hours")).await;
    assert!(found.rows.is_empty() && found.reading.starts_with("Not measurable: there is no record"));
}

/// Pupils 1 and 2 on two networks for a week: pupil 1 on Main on Monday and Tuesday, at home on Tuesday and Wednesday;
/// pupil 2 on Main on Monday. Pupil 1 has two episodes at home on Tuesday and one attempt that goes on on Main.
fn by_network() -> Vec<(&'static TableSchema, Vec<Owned>)> {
    let day = |of: i8| date(2025, 9, of);
    let on = |actor, of: i8, network: &str| {
        with(pupil(actor, day(of)), &[("network", network), ("primary_records", "5")])
    };
    let days = vec![
        on(1, 8, "Main"),
        on(1, 9, "Main"),
        on(1, 9, "off-site"),
        on(1, 10, "off-site"),
        on(2, 8, "Main"),
    ];
    let had = |network, attempts, episodes| {
        let counts =
            [("network", network), ("attempts", attempts), ("episodes", episodes), ("theme", "Drugs")];
        with(pupil(1, day(9)), &counts)
    };
    let activity =
        (8..11).map(|of| with(vec![("local_date", day(of).to_string())], &[("records", "9")])).collect();
    vec![
        (&NETWORK_DAYS, days),
        (&NETWORK_THEME_DAYS, vec![had("off-site", "3", "2"), had("Main", "1", "0")]),
        (&ACTOR_DAYS, vec![with(pupil(1, day(8)), &[("primary_records", "9")])]),
        (&ACTIVITY, activity),
    ]
}

#[tokio::test]
async fn by_network_what_began_there_over_those_active_there() {
    let dir = tempfile::tempdir().unwrap();
    let week = |table: &str| Ask {
        from: Some(date(2025, 9, 8)),
        to: Some(date(2025, 9, 12)),
        by: Some("network".to_owned()),
        table: Some(table.to_owned()),
        ..Ask::default()
    };
    let found = ask(dir.path(), &by_network(), &week("weeks")).await;
    assert_eq!(texts(&found, "network"), ["Main", "off-site"]);
    assert_eq!(integers(&found, "attempts"), [Some(1), Some(3)]);
    assert_eq!(integers(&found, "episodes"), [Some(0), Some(2)]);
    assert_eq!(integers(&found, "actor_days"), [Some(0), Some(1)]);
    // Main: pupil 1 on two days and pupil 2 on one. Off-site: pupil 1 on two.
    assert_eq!(integers(&found, "active_actor_days"), [Some(3), Some(2)]);
    assert_eq!(reals(&found, "rate_per_1000"), [Some(0.0), Some(500.0)]);
    assert_eq!(integers(&found, "distinct_people"), [Some(0), Some(1)]);
    assert!(found.title.ends_with("by network"), "{}", found.title);
    assert!(found.notes.iter().any(|note| note.contains("not in the log")), "{:?}", found.notes);
    let found = ask(dir.path(), &by_network(), &week("pupils")).await;
    assert_eq!((texts(&found, "network"), integers(&found, "pupils")), (vec!["off-site"], vec![Some(1)]));
    assert_eq!(
        (integers(&found, "active_pupils"), integers(&found, "episodes")),
        (vec![Some(1)], vec![Some(2)])
    );
    for table in ["chart", "steps"] {
        ask(dir.path(), &by_network(), &week(table)).await;
    }
    // Days that were derived before networks were counted are empty and not none.
    let mut before = by_network();
    before.retain(|(schema, _)| !schema.name.starts_with("network"));
    let found = ask(dir.path(), &before, &week("weeks")).await;
    assert!(found.rows.is_empty(), "{:?}", found.rows);
    assert!(
        found.notes.iter().any(|note| note.contains("was not counted in these days")),
        "{:?}",
        found.notes
    );
}

#[tokio::test]
async fn tables_refuse_what_they_cannot_be_split_by() {
    let dir = tempfile::tempdir().unwrap();
    let school = opened(dir.path(), memory(&weeks(&[2])));
    for by in ["severity", "key-stage", "group", "4c", "theme"] {
        let ask = Ask { by: Some(by.to_owned()), ..all_weeks("weeks") };
        assert!(!school.trend(&ask).await.unwrap().value().rows.is_empty(), "{by}");
    }
    let ask = Ask { by: Some("theme".to_owned()), ..all_weeks("year") };
    assert!(school.trend(&ask).await.unwrap_err().helping().unwrap().contains("leave `--by` out"));
    let ask = Ask { measure: Some("rate".to_owned()), ..all_weeks("weeks") };
    assert!(school.trend(&ask).await.unwrap_err().helping().unwrap().contains("leave `--measure` out"));
}
