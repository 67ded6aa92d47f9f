//! Questions over hand-made tables, answers computed by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeSet;
use std::path::Path;

use ingest::schema::{ACTIVITY, ACTOR_DAYS, ATTEMPTS, EPISODES, IMPORTS, STAFF_EPISODES};
use jiff::civil::date;

use super::*;
use crate::disclosure::table::Cell;
use crate::fixture::{Row, batch, table};
use crate::viewer::Seat;
use crate::window::tests::TwoTerms;

mod checks;
mod embargoes;
mod feeds;
mod gotthrough;
mod incidents;
mod ledger;
mod overblocking;
mod statements;
mod trend;
mod viewers;

const PUPIL: [(&str, &str); 2] = [("actor_kind", "person"), ("role", "pupil")];

fn row<'a>(parts: &[&[(&'a str, &'a str)]]) -> Row<'a> {
    parts.concat()
}

/// Two school weeks of a school with three known pupils (1 and 2 in year 7, 3 in year 8) and a
/// tablet (9). Monday 8 and Monday 15 September 2025 are the weeks' first days.
fn tables() -> Vec<(&'static TableSchema, Vec<Row<'static>>)> {
    let y7 = [("group_id", "year_7")];
    let y8 = [("group_id", "year_8")];
    let mut actor_days = Vec::new();
    for day in ["2025-09-08", "2025-09-09", "2025-09-10", "2025-09-15", "2025-09-16", "2025-09-17"] {
        for (actor, group) in [("1", &y7), ("2", &y7), ("3", &y8)] {
            actor_days.push(row(&[
                &PUPIL,
                group,
                &[("local_date", day), ("actor", actor), ("primary_records", "10")],
            ]));
        }
        let tablet = [("local_date", day), ("actor", "9"), ("primary_records", "5"), ("role", "unknown")];
        actor_days.push(row(&[&y8, &tablet, &[("actor_kind", "device")]]));
    }
    // A day with records but none that a person caused is no active day.
    actor_days.push(row(&[&PUPIL, &y7, &[("local_date", "2025-09-11"), ("actor", "1"), ("records", "4")]]));

    let drugs = [("theme", "Drugs, alcohol, tobacco"), ("four_c", "content"), ("severity", "3")];
    let harm = [("theme", "SELFHARM"), ("four_c", "content"), ("severity", "4")];
    let at = |day, start| [("local_date", day), ("start_utc", start), ("local_minute", "630")];
    let episodes = vec![
        row(&[
            &PUPIL,
            &y7,
            &drugs,
            &at("2025-09-08", "2025-09-08T09:30:00Z"),
            &[("actor", "1"), ("outcome", "blocked"), ("lesson_period", "P2")],
        ]),
        row(&[
            &PUPIL,
            &y7,
            &drugs,
            &at("2025-09-08", "2025-09-08T11:30:00Z"),
            &[("actor", "1"), ("outcome", "blocked")],
        ]),
        row(&[
            &PUPIL,
            &y7,
            &harm,
            &at("2025-09-16", "2025-09-16T09:30:00Z"),
            &[("actor", "2"), ("outcome", "allowed"), ("searched", "true"), ("records", "2")],
        ]),
        row(&[
            &PUPIL,
            &y8,
            &drugs,
            &at("2025-09-17", "2025-09-17T09:30:00Z"),
            &[("actor", "3"), ("outcome", "blocked"), ("lesson_period", "P2")],
        ]),
        row(&[
            &y8,
            &drugs,
            &at("2025-09-17", "2025-09-17T09:40:00Z"),
            &[("actor", "9"), ("actor_kind", "device"), ("role", "unknown"), ("outcome", "mixed")],
        ]),
        // In no trend: illegal, and on a Saturday.
        row(&[
            &PUPIL,
            &y7,
            &at("2025-09-17", "2025-09-17T10:30:00Z"),
            &[("actor", "-1"), ("illegal", "true"), ("severity", "5"), ("outcome", "blocked")],
        ]),
        row(&[
            &PUPIL,
            &y7,
            &harm,
            &at("2025-09-20", "2025-09-20T09:30:00Z"),
            &[("actor", "1"), ("outcome", "blocked")],
        ]),
    ];
    let site =
        |name, learning| [("site", name), ("learning", learning), ("code", "DRUGS"), ("severity", "3")];
    let attempts = vec![
        row(&[
            &PUPIL,
            &y7,
            &drugs[..2],
            &site("example.org", "true"),
            &[("local_date", "2025-09-08"), ("actor", "1"), ("lesson_period", "P2")],
        ]),
        row(&[
            &PUPIL,
            &y7,
            &drugs[..2],
            &site("example.org", "true"),
            &[("local_date", "2025-09-09"), ("actor", "2"), ("lesson_period", "P1")],
        ]),
        row(&[
            &PUPIL,
            &y8,
            &drugs[..2],
            &site("example.com", "false"),
            &[("local_date", "2025-09-17"), ("actor", "3")],
        ]),
        row(&[
            &PUPIL,
            &y8,
            &drugs[..2],
            &site("example.com", "false"),
            &[("local_date", "2025-09-17"), ("actor", "3")],
        ]),
        row(&[
            &PUPIL,
            &y7,
            &[("local_date", "2025-09-17"), ("actor", "1"), ("code", "ILL-CSAM"), ("illegal", "true")],
        ]),
    ];
    let mut activity: Vec<Row<'_>> =
        ["2025-09-08", "2025-09-09", "2025-09-10", "2025-09-15", "2025-09-16", "2025-09-17"]
            .into_iter()
            .map(|day| {
                row(&[
                    &PUPIL,
                    &[
                        ("local_date", day),
                        ("records", "90"),
                        ("action", "allowed"),
                        ("visibility", "page"),
                        ("code", "EDU"),
                    ],
                ])
            })
            .collect();
    activity.push(row(&[&[
        ("local_date", "2025-09-17"),
        ("records", "40"),
        ("action", "unknown"),
        ("visibility", "host"),
        ("code", "UNCAT"),
        ("actor_kind", "device"),
    ]]));
    activity.push(row(&[
        &PUPIL,
        &[
            ("local_date", "2025-09-17"),
            ("records", "20"),
            ("action", "blocked"),
            ("visibility", "page"),
            ("code", "UNMAPPED"),
        ],
    ]));
    let imports = vec![vec![
        ("fingerprint", "aa"),
        ("source_format", "squid-native"),
        ("records", "605"),
        ("events", "600"),
        ("rejects", "5"),
        ("imported_utc", "2025-09-18T02:00:00Z"),
        ("first_utc", "2025-09-08T07:00:00Z"),
        ("last_utc", "2025-09-17T14:10:00Z"),
    ]];
    let staff = vec![row(&[
        &harm,
        &at("2025-09-10", "2025-09-10T09:30:00Z"),
        &[("actor", "77"), ("actor_kind", "person"), ("role", "staff"), ("outcome", "allowed")],
    ])];
    vec![
        (&ACTOR_DAYS, actor_days),
        (&EPISODES, episodes),
        (&STAFF_EPISODES, staff),
        (&ATTEMPTS, attempts),
        (&ACTIVITY, activity),
        (&IMPORTS, imports),
    ]
}

fn school(dir: &Path) -> School {
    let tables = tables().into_iter().map(|(schema, rows)| (schema, table(schema, &rows)));
    opened(dir, Source::Memory(tables.collect()))
}

/// The same rows in a lake of Delta tables, without the imports, which are no table of days.
async fn school_with_a_lake(dir: &Path) -> School {
    let root = SchoolRoot::new(dir, &SchoolId::parse("st-annes").unwrap());
    std::fs::create_dir_all(root.root()).unwrap();
    let lake = Lake::open(&root).await.unwrap();
    lake.create_tables().await.unwrap();
    let tables: Vec<_> = tables().into_iter().filter(|(schema, _)| schema.name != IMPORTS.name).collect();
    let day_of = |row: &Row<'_>| -> Date {
        row.iter().find(|(name, _)| *name == "local_date").unwrap().1.parse().unwrap()
    };
    let days: BTreeSet<Date> = tables.iter().flat_map(|(_, rows)| rows.iter().map(day_of)).collect();
    let schemas: Vec<&'static TableSchema> = tables.iter().map(|(schema, _)| *schema).collect();
    let mut rows_of = |day: Date| {
        let of_day = |rows: &[Row<'static>]| -> Vec<Row<'static>> {
            rows.iter().filter(|row| day_of(row) == day).cloned().collect()
        };
        let batches = tables.iter().map(|(schema, rows)| (*schema, of_day(rows)));
        let batches = batches.filter(|(_, rows)| !rows.is_empty());
        Ok(batches.map(|(schema, rows)| (schema, batch(schema, &rows))).collect())
    };
    lake.replace_days(&schemas, &days, &mut rows_of).await.unwrap();
    opened(dir, Source::Lake(Lake::open(&root).await.unwrap()))
}

#[tokio::test]
async fn a_lake_of_delta_tables_gives_the_same_answers() {
    let dir = tempfile::tempdir().unwrap();
    let (lake, memory) = (school_with_a_lake(dir.path()).await, school(dir.path()));
    with_head(dir.path(), "2025-26", 78);
    for (word, table) in [
        ("trend", None),
        ("groups", Some("themes")),
        ("groups", Some("lessons")),
        ("groups", Some("mix")),
        ("overblocking", Some("share")),
        ("overblocking", Some("sites")),
        ("overblocking", Some("bounds")),
        ("coverage", Some("days")),
        ("attention", Some("pupils")),
        ("attention", Some("staff")),
    ] {
        let ask = Ask { table: table.map(str::to_owned), ..two_weeks() };
        let (lake, memory) =
            (lake.metric(word, &ask).await.unwrap(), memory.metric(word, &ask).await.unwrap());
        assert!(!memory.value().rows.is_empty(), "{word}");
        assert_eq!(lake.value().rows, memory.value().rows, "{word}");
    }
    let sql =
        lake.sql("dsl", "SELECT count(*) AS n FROM episodes WHERE academic_year = '2025-26'").await.unwrap();
    // The hit on an illegal list is not among what statements can ask.
    assert_eq!(integers(sql.value(), "n"), [Some(6)]);
    let none =
        lake.sql("dsl", "SELECT count(*) AS n FROM episodes WHERE academic_year = '2024-25'").await.unwrap();
    assert_eq!(integers(none.value(), "n"), [Some(0)]);
    assert!(
        sql.value().versions.lake.iter().any(|version| version == "episodes=1"),
        "{:?}",
        sql.value().versions
    );
}

/// The shipped data files, and what a test has put into the school's `settings/`.
fn settings(root: &SchoolRoot) -> Settings {
    let config = SchoolConfig {
        id: SchoolId::parse("st-annes").unwrap(),
        name: "St Anne's".to_owned(),
        phase: ingest::school::Phase::Secondary,
        roll: 240,
        zone: "Europe/London".to_owned(),
        pseudonym_key_dir: "/nonexistent".into(),
        inbox: None,
        recipients: Vec::new(),
        keep_sources_days: 0,
        settle_seconds: 0,
        retention: ingest::retention::Clocks::default(),
    };
    Settings::load(root, &config).unwrap()
}

fn opened(dir: &Path, source: Source) -> School {
    let root = SchoolRoot::new(dir, &SchoolId::parse("st-annes").unwrap());
    std::fs::create_dir_all(root.root()).unwrap();
    School {
        id: SchoolId::parse("st-annes").unwrap(),
        name: "St Anne's".to_owned(),
        dir: dir.to_owned(),
        zone: TimeZone::get("Europe/London").unwrap(),
        settings: settings(&root),
        calendar: Box::new(TwoTerms),
        lesson_periods: vec!["P1".to_owned(), "P2".to_owned()],
        source,
        limits: Limits::default(),
        retention: ingest::retention::Clocks::default(),
        concerns: ingest::settings::concerns::Concerns::shipped().unwrap(),
        viewer: Viewer::made(Seat::Dsl),
    }
}

/// States who leads the school: without that, what concerns staff is shown to nobody.
fn with_head(dir: &Path, year: &str, person: i64) {
    let root = SchoolRoot::new(dir, &SchoolId::parse("st-annes").unwrap());
    let year = ingest::school::AcademicYear::parse(year).unwrap();
    State::open(&root).unwrap().add_heads(year, &BTreeSet::from([person])).unwrap();
}

fn two_weeks() -> Ask {
    Ask { from: Some(date(2025, 9, 8)), to: Some(date(2025, 9, 19)), ..Ask::default() }
}

fn column<'t>(table: &'t Table, id: &str) -> Vec<&'t Cell> {
    let index = table.column(id).unwrap_or_else(|| panic!("no column {id}"));
    table.rows.iter().map(|row| &row[index]).collect()
}

fn integers(table: &Table, id: &str) -> Vec<Option<i64>> {
    let number = |cell: &&Cell| match cell {
        Cell::Integer(value) => Some(*value),
        _ => None,
    };
    column(table, id).iter().map(number).collect()
}

fn reals(table: &Table, id: &str) -> Vec<Option<f64>> {
    column(table, id)
        .iter()
        .map(|cell| cell.number().map(|value| (value * 1000.0).round() / 1000.0))
        .collect()
}

fn texts<'t>(table: &'t Table, id: &str) -> Vec<&'t str> {
    column(table, id).iter().map(|cell| cell.text().unwrap_or("-")).collect()
}

#[tokio::test]
async fn trend_of_the_whole_school() {
    let dir = tempfile::tempdir().unwrap();
    let cleared = school(dir.path()).trend(&two_weeks()).await.unwrap();
    let table = cleared.value();
    assert_eq!(texts(table, "week_start_date"), ["2025-09-08", "2025-09-15"]);
    assert_eq!(texts(table, "week"), ["A1 week 2", "-"]);
    assert_eq!(integers(table, "school_days"), [Some(5), Some(5)]);
    assert_eq!(integers(table, "days_with_data"), [Some(3), Some(3)]);
    assert_eq!(integers(table, "attempts"), [Some(2), Some(2)]);
    // The illegal hit and the Saturday are not among them.
    assert_eq!(integers(table, "episodes"), [Some(2), Some(3)]);
    assert_eq!(integers(table, "episodes_untied"), [Some(0), Some(1)]);
    // Two episodes of pupil 1 on one day are one actor-day.
    assert_eq!(integers(table, "actor_days"), [Some(1), Some(2)]);
    assert_eq!(integers(table, "active_actor_days"), [Some(9), Some(9)]);
    assert_eq!(reals(table, "rate_per_1000"), [Some(111.111), Some(222.222)]);
    for (id, bound) in [("rate_lower_per_1000", false), ("rate_upper_per_1000", true)] {
        for (end, rate) in reals(table, id).into_iter().zip(reals(table, "rate_per_1000")) {
            assert_eq!(end > rate, bound, "{id}");
        }
    }
    assert_eq!(integers(table, "distinct_people"), [Some(1), Some(2)]);
    assert_eq!(reals(table, "largest_share_of_episodes"), [Some(1.0), Some(0.333)]);
    assert_eq!(reals(table, "largest_share_of_attempts"), [Some(0.5), Some(1.0)]);
    assert!(table.reading.contains("2 of 9 active days"), "{}", table.reading);
    assert!(table.reading.contains("No clear change"), "{}", table.reading);
    assert!(table.versions.lake.contains(&"episodes=1".to_owned()));
    assert!(!table.reading.contains("breach"));
}

#[tokio::test]
async fn trend_split_by_theme_has_a_whole_grid() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    let cleared = school.trend(&Ask { by: Some("theme".to_owned()), ..two_weeks() }).await.unwrap();
    let table = cleared.value();
    assert_eq!(
        texts(table, "theme"),
        ["Drugs, alcohol, tobacco", "SELFHARM", "Drugs, alcohol, tobacco", "SELFHARM"]
    );
    assert_eq!(integers(table, "actor_days"), [Some(1), Some(0), Some(1), Some(1)]);
    assert_eq!(integers(table, "active_actor_days"), [Some(9); 4]);
    assert_eq!(reals(table, "rate_per_1000")[1], Some(0.0));
    // Nothing of three pupils still has an upper end.
    assert!(reals(table, "rate_upper_per_1000")[1].unwrap() > 500.0);

    let cleared = school.trend(&Ask { by: Some("4c".to_owned()), ..two_weeks() }).await.unwrap();
    assert_eq!(texts(cleared.value(), "four_c"), ["content", "content"]);
    let cleared = school.trend(&Ask { by: Some("group".to_owned()), ..two_weeks() }).await.unwrap();
    let table = cleared.value();
    assert_eq!(texts(table, "group_id"), ["year_7", "year_8", "year_7", "year_8"]);
    assert_eq!(integers(table, "active_actor_days"), [Some(6), Some(3), Some(6), Some(3)]);
    assert_eq!(integers(table, "actor_days"), [Some(1), Some(0), Some(1), Some(1)]);
    let error = school.trend(&Ask { by: Some("colour".to_owned()), ..two_weeks() }).await.unwrap_err();
    assert!(error.helping().unwrap().contains("--by theme"));
}

#[tokio::test]
async fn filters_and_unknown_words() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    let year_8 = Ask { group: Some("year_8".to_owned()), ..two_weeks() };
    let cleared = school.trend(&year_8).await.unwrap();
    assert_eq!(integers(cleared.value(), "attempts"), [Some(0), Some(2)]);
    assert_eq!(integers(cleared.value(), "active_actor_days"), [Some(3), Some(3)]);
    let harm = Ask { theme: Some("SELFHARM".to_owned()), ..two_weeks() };
    let cleared = school.trend(&harm).await.unwrap();
    assert_eq!(integers(cleared.value(), "episodes"), [Some(0), Some(1)]);
    assert_eq!(integers(cleared.value(), "active_actor_days"), [Some(9), Some(9)]);
    let slip = Ask { group: Some("year_88".to_owned()), ..two_weeks() };
    let error = school.trend(&slip).await.unwrap_err();
    assert!(error.helping().unwrap().contains("year_7, year_8"), "{error}");
    let injection = Ask { theme: Some("x' OR '1'='1".to_owned()), ..two_weeks() };
    assert_eq!(school.trend(&injection).await.unwrap_err().kind(), Kind::Configuration);
}

#[tokio::test]
async fn attention_lists_grave_episodes_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    let cleared = school.attention(&Ask { since: Some(date(2025, 9, 8)), ..Ask::default() }).await.unwrap();
    let table = cleared.value();
    assert_eq!(texts(table, "local_time"), ["2025-09-20 10:30", "2025-09-17 10:30", "2025-09-16 10:30"]);
    assert_eq!(texts(table, "theme"), ["SELFHARM", "illegal-list hit", "SELFHARM"]);
    assert_eq!(texts(table, "outcome"), ["blocked", "blocked", "allowed"]);
    assert_eq!(texts(table, "pseudonym"), ["0000000000000001", "ffffffffffffffff", "0000000000000002"]);
    assert_eq!(column(table, "searched"), [&Cell::Boolean(false), &Cell::Missing, &Cell::Boolean(true)]);
    assert_eq!(texts(table, "school"), ["st-annes"; 3]);
    assert!(table.column("site").is_none());
    assert!(
        table.notes[0].contains("not live monitoring; newest record 2025-09-17 15:10"),
        "{}",
        table.notes[0]
    );
    assert!(
        table.reading.contains("3 episodes") && table.reading.contains("3 known people"),
        "{}",
        table.reading
    );
    assert!(table.reading.contains("1 was not, or not wholly, blocked"), "{}", table.reading);
    assert!(table.reading.contains("1 illegal-list hit"), "{}", table.reading);
    let staff = Ask { table: Some("staff".to_owned()), ..two_weeks() };
    with_head(dir.path(), "2025-26", 78);
    assert_eq!(texts(school.attention(&staff).await.unwrap().value(), "pseudonym"), ["000000000000004d"]);
    let quiet = Ask { from: Some(date(2025, 9, 8)), to: Some(date(2025, 9, 12)), ..Ask::default() };
    assert!(school.attention(&quiet).await.unwrap().value().reading.contains("no proof"));
}

#[tokio::test]
async fn groups_have_their_tables() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    let cleared = school.groups(&two_weeks()).await.unwrap();
    let table = cleared.value();
    assert_eq!(texts(table, "group_id"), ["year_7", "year_7", "year_8"]);
    assert_eq!(texts(table, "theme"), ["Drugs, alcohol, tobacco", "SELFHARM", "Drugs, alcohol, tobacco"]);
    assert_eq!(integers(table, "actor_days"), [Some(1), Some(1), Some(1)]);
    assert_eq!(integers(table, "active_actor_days"), [Some(12), Some(12), Some(6)]);
    assert_eq!(integers(table, "attempts"), [Some(2), Some(0), Some(2)]);

    let cleared = school.groups(&Ask { table: Some("lessons".to_owned()), ..two_weeks() }).await.unwrap();
    let table = cleared.value();
    let found = table.rows.iter().find(|row| {
        [row[0].text(), row[1].text(), row[2].text()] == [Some("year_7"), Some("Monday"), Some("P2")]
    });
    let found = found.unwrap();
    assert_eq!(found[table.column("episodes").unwrap()], Cell::Integer(1));
    // Two pupils on two Mondays.
    assert_eq!(found[table.column("active_actor_days").unwrap()], Cell::Integer(4));
    assert_eq!(found[table.column("rate_per_1000").unwrap()], Cell::Real(250.0));

    let cleared = school.groups(&Ask { table: Some("mix".to_owned()), ..two_weeks() }).await.unwrap();
    let table = cleared.value();
    assert_eq!(texts(table, "group_id"), ["year_7", "year_7", "year_8"]);
    assert_eq!(reals(table, "share"), [Some(0.5), Some(0.5), Some(1.0)]);
    assert_eq!(integers(table, "group_actor_days"), [Some(2), Some(2), Some(1)]);

    let error = school.groups(&Ask { table: Some("else".to_owned()), ..two_weeks() }).await.unwrap_err();
    assert!(error.helping().unwrap().contains("themes, lessons, hours, mix, different, profiles, teaching"));
}

#[tokio::test]
async fn overblocking_is_a_proxy_and_ranks_sites() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    let cleared = school.overblocking(&Ask { table: Some("share".to_owned()), ..two_weeks() }).await.unwrap();
    let table = cleared.value();
    assert_eq!(texts(table, "group_id"), ["whole school", "year_7", "year_8"]);
    assert_eq!(integers(table, "attempts"), [Some(4), Some(2), Some(2)]);
    assert_eq!(reals(table, "learning_share"), [Some(0.5), Some(1.0), Some(0.0)]);
    assert!(table.reading.contains("not the rate of wrong blocks"), "{}", table.reading);

    let cleared = school.overblocking(&Ask { table: Some("sites".to_owned()), ..two_weeks() }).await.unwrap();
    let table = cleared.value();
    assert_eq!(texts(table, "site"), ["example.org", "example.com"]);
    // 30 learning + 2 people x 2 + 15 all in lessons - 20 severity 3; the other: 2 for one person - 20.
    assert_eq!(integers(table, "score"), [Some(29), Some(0)]);
    assert_eq!(integers(table, "distinct_people"), [Some(2), Some(1)]);
}

#[tokio::test]
async fn without_decisions_overblocking_is_not_measurable() {
    let dir = tempfile::tempdir().unwrap();
    let activity =
        [vec![("local_date", "2025-09-08"), ("records", "10"), ("action", "unknown"), ("code", "EDU")]];
    let school = opened(dir.path(), Source::Memory(vec![(&ACTIVITY, table(&ACTIVITY, &activity))]));
    for table in ["share", "sites"] {
        let ask = Ask { table: Some(table.to_owned()), ..two_weeks() };
        let cleared = school.overblocking(&ask).await.unwrap();
        assert_eq!(cleared.value().reading, "Not measurable: this export shows no decision.");
        assert!(cleared.value().rows.is_empty());
    }
}

#[tokio::test]
async fn coverage_says_what_could_not_be_seen() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    let cleared = school.coverage(&two_weeks()).await.unwrap();
    let table = cleared.value();
    let of = |id: &str| {
        let row = table.rows.iter().find(|row| row[0].text() == Some(id)).unwrap();
        (row[2].number(), row[3].number())
    };
    // Ten school days, six with data; 600 records.
    assert_eq!(of("days_missing"), (Some(4.0), Some(10.0)));
    assert_eq!(of("identified_records"), (Some(560.0), Some(600.0)));
    assert_eq!(of("uncategorised_records"), (Some(40.0), Some(600.0)));
    assert_eq!(of("unmapped_records"), (Some(20.0), Some(600.0)));
    assert_eq!(of("undecided_records"), (Some(40.0), Some(600.0)));
    assert_eq!(of("host_only_records"), (Some(40.0), Some(600.0)));
    assert_eq!(of("rejected_records"), (Some(5.0), Some(605.0)));
    assert_eq!(of("imports"), (Some(1.0), None));
    assert!(
        table.notes.iter().any(|note| note.starts_with("Nights missing: 4 of 10 school days")),
        "{:?}",
        table.notes
    );
    assert!(table.notes.iter().any(|note| note.starts_with("Unidentified: 6.7 %")), "{:?}", table.notes);
    for name in ["days", "imports", "rejects"] {
        let cleared = school.coverage(&Ask { table: Some(name.to_owned()), ..two_weeks() }).await.unwrap();
        assert!(!cleared.value().reading.is_empty());
    }
}

#[tokio::test]
async fn every_table_says_what_could_not_be_seen() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    for metric in METRICS {
        for table in metric.tables.iter().map(|word| Some((*word).to_owned())).chain([None]) {
            let cleared = school.metric(metric.word, &Ask { table, ..two_weeks() }).await.unwrap();
            let table = cleared.value();
            for word in ["Nights missing", "Unidentified", "Undecrypted", "Uncategorised", "Rejected"] {
                assert!(table.notes.iter().any(|note| note.starts_with(word)), "{}: {word}", table.schema);
            }
            assert_eq!(table.period.school_days, 10);
        }
    }
}

#[tokio::test]
async fn an_empty_lake_answers_every_question() {
    let dir = tempfile::tempdir().unwrap();
    let root = SchoolRoot::new(dir.path(), &SchoolId::parse("st-annes").unwrap());
    let school = opened(dir.path(), Source::Lake(Lake::open(&root).await.unwrap()));
    for metric in METRICS {
        for table in metric.tables.iter().map(|word| Some((*word).to_owned())).chain([None]) {
            let cleared = school.metric(metric.word, &Ask { table, ..Ask::default() }).await.unwrap();
            assert!(!cleared.value().reading.is_empty(), "{}", metric.word);
        }
    }
}

#[test]
fn questions_can_be_asked_from_any_thread() {
    fn sends<T: Send>(_: T) {}
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    let ask = Ask::default();
    sends(school.trend(&ask));
    sends(school.sql("dsl", "SELECT 1"));
    sends(School::open(dir.path(), &school.id));
}
