//! Small days worked out by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};

use super::{DerivedDay, Deriver, Population};
use crate::classify::Classifier;
use crate::schema::{self, ColumnType};

/// One row; everything not said is an ordinary allowed record of a Year 9 pupil on 6 October 2025.
#[derive(Clone)]
struct Row {
    second: i64,
    actor: i64,
    site: &'static str,
    code: &'static str,
    theme: Option<&'static str>,
    severity: i16,
    action: &'static str,
    kind: &'static str,
    html_page: bool,
    noise: bool,
    illegal: bool,
    search: Option<i64>,
    network: &'static str,
    lesson: Option<&'static str>,
}

fn row(second: i64, actor: i64, site: &'static str) -> Row {
    Row {
        second,
        actor,
        site,
        code: "UNCAT",
        theme: None,
        severity: 1,
        action: "allowed",
        kind: "request",
        html_page: false,
        noise: false,
        illegal: false,
        search: None,
        network: "Main",
        lesson: None,
    }
}

fn gambling(second: i64, actor: i64) -> Row {
    Row {
        code: "GAMBLE",
        theme: Some("Gambling, scams, malware"),
        severity: 2,
        action: "blocked",
        ..row(second, actor, "bet.example")
    }
}

/// 2025-10-06 08:00:00 UTC, a Monday in term.
const START_US: i64 = 1_759_737_600_000_000;

fn batch(rows: &[Row]) -> RecordBatch {
    let count = rows.len();
    let text = |value: &dyn Fn(&Row) -> Option<&'static str>| -> ArrayRef {
        Arc::new(rows.iter().map(value).collect::<StringArray>())
    };
    let same = |word: &'static str| -> ArrayRef { Arc::new(StringArray::from(vec![word; count])) };
    let flags = |value: &dyn Fn(&Row) -> bool| -> ArrayRef {
        Arc::new(BooleanArray::from(rows.iter().map(value).collect::<Vec<_>>()))
    };
    let columns = schema::REQUESTS.columns.iter().map(|column| {
        let array: ArrayRef = match column.name {
            "event_time_utc" => Arc::new(
                TimestampMicrosecondArray::from_iter_values(
                    rows.iter().map(|row| START_US + row.second * 1_000_000),
                )
                .with_timezone("UTC"),
            ),
            "local_date" => Arc::new(Date32Array::from(vec![20_367; count])),
            "week_start_date" => Arc::new(Date32Array::from(vec![20_367; count])),
            "local_minute" => {
                Arc::new(rows.iter().map(|row| Some((540 + row.second / 60) as i16)).collect::<Int16Array>())
            }
            "school_day" => flags(&|_| true),
            "half_term" => same("A1"),
            "day_type" => same("term"),
            "actor" => Arc::new(rows.iter().map(|row| Some(row.actor)).collect::<Int64Array>()),
            "actor_kind" => same("person"),
            "role" => same("pupil"),
            "group_id" => same("Year 9"),
            "year_group" => Arc::new(Int16Array::from(vec![9; count])),
            "record_kind" => text(&|row| Some(row.kind)),
            "network" => text(&|row| Some(row.network)),
            "lesson_period" => text(&|row| row.lesson),
            "action" => text(&|row| Some(row.action)),
            "site" => text(&|row| Some(row.site)),
            "visibility" => text(&|row| Some(if row.kind == "tunnel" { "host" } else { "page" })),
            "html_page" => flags(&|row| row.html_page),
            "record_noise" => flags(&|row| row.noise),
            "illegal" => flags(&|row| row.illegal),
            "code" => text(&|row| Some(row.code)),
            "theme" => text(&|row| row.theme),
            "four_c" => text(&|row| row.theme.map(|_| "commerce")),
            "severity" => Arc::new(rows.iter().map(|row| Some(row.severity)).collect::<Int16Array>()),
            "search_token" => Arc::new(rows.iter().map(|row| row.search).collect::<Int64Array>()),
            "code_source" => text(&|row| Some(if row.search.is_some() { "search" } else { "vendor" })),
            "record_number" => Arc::new((0..count as i64).map(Some).collect::<Int64Array>()),
            "import_token" => Arc::new(Int64Array::from(vec![1; count])),
            _ => match column.kind {
                ColumnType::Boolean => flags(&|_| false),
                ColumnType::Text => Arc::new(StringArray::from(vec![None::<&str>; count])),
                ColumnType::Int16 => Arc::new(Int16Array::from(vec![None; count])),
                ColumnType::Int32 => Arc::new(Int32Array::from(vec![None; count])),
                ColumnType::Int64 => Arc::new(Int64Array::from(vec![None; count])),
                ColumnType::Timestamp | ColumnType::Date => unreachable!("all named above"),
            },
        };
        (column.name, array, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn derive(rows: &[Row]) -> DerivedDay {
    let batch = batch(rows);
    let classifier = Classifier::shipped().unwrap();
    let mut deriver = Deriver::new(classifier.taxonomy());
    deriver.observe(&batch).unwrap();
    deriver.add(&batch).unwrap();
    let day = deriver.finish();
    // A day with very many records is read once more before. Nothing may come of that.
    let mut foreseeing = Deriver::new(classifier.taxonomy());
    for part in [
        batch.slice(0, batch.num_rows() / 2),
        batch.slice(batch.num_rows() / 2, batch.num_rows().div_ceil(2)),
    ] {
        foreseeing.foresee(&part).unwrap();
    }
    foreseeing.observe(&batch).unwrap();
    foreseeing.add(&batch).unwrap();
    let named = |day: &DerivedDay| -> Vec<(&'static str, RecordBatch)> {
        day.tables(Population::Pupils).unwrap().into_iter().map(|(table, rows)| (table.name, rows)).collect()
    };
    assert_eq!(named(&day), named(&foreseeing.finish()));
    day
}

proptest::proptest! {
    /// The two ways of [`derive`] agree on any day, pages, blocks and tunnels crowded together.
    #[test]
    fn what_is_foreseen_changes_nothing(
        rows in proptest::collection::vec((0..9_i64, 1..3_i64, 0..3_usize, 0..6_usize, proptest::bool::ANY), 1..40),
    ) {
        let rows: Vec<Row> = rows.into_iter().map(|(second, actor, site, act, html_page)| Row {
            action: ["allowed", "allowed", "blocked", "warned", "proceeded", "allowed"][act],
            kind: if act == 5 { "tunnel" } else { "request" },
            html_page,
            ..row(second, actor, ["one.example", "two.example", "three.example"][site])
        }).collect();
        derive(&rows);
    }
}

/// The cells of some columns of a derived table, row by row, as words.
fn cells(day: &DerivedDay, table: &str, columns: &[&str]) -> Vec<Vec<String>> {
    let tables = day.tables(Population::Pupils).unwrap();
    let (_, batch) = tables.iter().find(|(schema, _)| schema.name == table).unwrap();
    (0..batch.num_rows())
        .map(|row| {
            columns
                .iter()
                .map(|name| {
                    let column = batch.column_by_name(name).unwrap();
                    if column.is_null(row) {
                        return "-".to_owned();
                    }
                    arrow::util::display::array_value_to_string(column, row).unwrap()
                })
                .collect()
        })
        .collect()
}

#[test]
fn an_attempt_ends_after_sixty_seconds_and_an_episode_after_ten_minutes() {
    // 0 s and 60 s are one attempt (gap of exactly 60 s), 121 s is a second, 722 s a new episode.
    let day = derive(&[gambling(0, 1), gambling(60, 1), gambling(121, 1), gambling(722, 1)]);
    assert_eq!(cells(&day, "attempts", &["records"]), [["2"], ["1"], ["1"]]);
    assert_eq!(
        cells(&day, "episodes", &["records", "attempts", "outcome", "severity"]),
        [["3", "2", "blocked", "2"], ["1", "1", "blocked", "2"]]
    );
    assert_eq!(
        cells(&day, "actor_days", &["records", "primary_records", "attempts", "episodes"]),
        [["4", "4", "3", "2"]]
    );
    assert_eq!(
        cells(&day, "actor_theme_days", &["theme", "attempts", "episodes"]),
        [["Gambling, scams, malware", "3", "2"]]
    );
}

#[test]
fn three_attempts_in_ten_minutes_are_persistence() {
    let day = derive(&[gambling(0, 1), gambling(100, 1), gambling(200, 1), gambling(0, 2), gambling(100, 2)]);
    assert_eq!(
        cells(&day, "episodes", &["actor", "persistent", "severity"]),
        [["1", "true", "3"], ["2", "false", "2"]]
    );
}

#[test]
fn five_attempts_on_a_school_day_are_persistence_in_every_episode() {
    let rows: Vec<Row> = (0..5).map(|hour| gambling(hour * 3600, 1)).collect();
    let day = derive(&rows);
    assert_eq!(cells(&day, "episodes", &["persistent"]), vec![["true"]; 5]);
    assert_eq!(cells(&derive(&rows[..4]), "episodes", &["persistent"]), vec![["false"]; 4]);
}

#[test]
fn an_allowed_search_of_severity_four_is_an_episode_without_an_attempt() {
    let searched = Row {
        code: "SELFHARM",
        theme: Some("Self-harm"),
        severity: 4,
        search: Some(7),
        ..row(0, 1, "search.example")
    };
    let day = derive(&[searched]);
    assert_eq!(cells(&day, "attempts", &["records"]), Vec::<Vec<String>>::new());
    assert_eq!(
        cells(&day, "episodes", &["theme", "outcome", "searched", "attempts", "severity"]),
        [["Self-harm", "allowed", "true", "0", "4"]]
    );
}

#[test]
fn allowed_records_of_severity_two_are_no_event() {
    let allowed = Row { action: "allowed", ..gambling(0, 1) };
    let day = derive(&[allowed]);
    assert_eq!(cells(&day, "episodes", &["theme"]), Vec::<Vec<String>>::new());
    assert_eq!(cells(&day, "actor_days", &["primary_records", "episodes"]), [["1", "0"]]);
}

#[test]
fn different_searches_on_one_engine_are_different_attempts() {
    let search = |second, token| Row { search: Some(token), ..gambling(second, 1) };
    let day = derive(&[search(0, 7), search(10, 8), search(20, 7)]);
    assert_eq!(cells(&day, "attempts", &["records"]), [["2"], ["1"]]);
}

#[test]
fn a_challenge_and_noise_are_not_primary() {
    let challenge = Row { action: "challenged", kind: "authentication", ..row(0, 1, "a.example") };
    let noise = Row { noise: true, action: "blocked", ..row(1, 1, "ads.example") };
    let day = derive(&[challenge, noise]);
    assert_eq!(
        cells(&day, "actor_days", &["records", "primary_records", "blocked_records"]),
        [["2", "0", "0"]]
    );
}

#[test]
fn a_block_within_two_seconds_of_another_sites_page_is_furniture() {
    let page = Row { html_page: true, ..row(10, 1, "news.example") };
    let at = |second| Row { action: "blocked", ..row(second, 1, "tracker.example") };
    let day = derive(&[page.clone(), at(12), at(80)]);
    assert_eq!(cells(&day, "attempts", &["records"]), [["1"]]);
    // The page's own site, and another pupil's page, change nothing.
    let own = Row { action: "blocked", ..row(12, 1, "news.example") };
    let other = Row { action: "blocked", ..row(12, 2, "tracker.example") };
    assert_eq!(cells(&derive(&[page, own, other]), "attempts", &["records"]), [["1"], ["1"]]);
}

#[test]
fn a_tunnel_beside_its_decrypted_requests_is_counted_once() {
    let tunnel = |actor| Row { kind: "tunnel", ..row(0, actor, "learn.example") };
    let day = derive(&[tunnel(1), row(1, 1, "learn.example"), tunnel(2)]);
    assert_eq!(
        cells(&day, "actor_days", &["actor", "records", "primary_records"]),
        [["1", "2", "1"], ["2", "1", "1"]]
    );
}

#[test]
fn a_warning_that_was_passed_is_one_decision() {
    let warned = |second| Row { action: "warned", ..row(second, 1, "forum.example") };
    let passed = Row { action: "proceeded", ..row(30, 1, "forum.example") };
    let day = derive(&[warned(0), passed, warned(3000)]);
    assert_eq!(cells(&day, "actor_days", &["primary_records"]), [["2"]]);
}

#[test]
fn illegal_list_hits_are_episodes_of_their_own_and_in_no_count() {
    let hit = Row { code: "ILL-CSAM", severity: 5, illegal: true, action: "blocked", ..row(0, 1, "") };
    let day = derive(&[hit, gambling(5, 1)]);
    assert_eq!(
        cells(&day, "episodes", &["theme", "severity", "illegal"]),
        [["-", "5", "true"], ["Gambling, scams, malware", "2", "false"]]
    );
    assert_eq!(cells(&day, "actor_days", &["blocked_records", "attempts", "episodes"]), [["1", "1", "1"]]);
    assert_eq!(cells(&day, "actor_theme_days", &["theme"]), [["Gambling, scams, malware"]]);
    assert_eq!(cells(&day, "blocked_site_days", &["site"]), [["bet.example"]]);
}

#[test]
fn illegal_list_hits_join_nothing_and_no_page_beside_hides_them() {
    let hit = |second| Row {
        code: "ILL-CSAM",
        severity: 5,
        illegal: true,
        action: "blocked",
        ..row(second, 1, "")
    };
    let page = Row { html_page: true, ..row(0, 1, "forum.example") };
    let day = derive(&[page, hit(1), hit(2), hit(2)]);
    assert_eq!(cells(&day, "episodes", &["attempts", "records"]), [["1", "1"], ["1", "1"], ["1", "1"]]);
    assert_eq!(cells(&day, "attempts", &["records"]), [["1"], ["1"], ["1"]]);
}

#[test]
fn blocked_and_let_through_in_one_run_is_mixed_and_no_decision_is_unknown() {
    let grave = |second, action| Row { action, severity: 3, ..gambling(second, 1) };
    let day = derive(&[grave(0, "blocked"), grave(5, "allowed")]);
    assert_eq!(cells(&day, "episodes", &["outcome"]), [["mixed"]]);
    assert_eq!(cells(&derive(&[grave(0, "unknown")]), "episodes", &["outcome"]), [["unknown"]]);
}

#[test]
fn the_order_of_rows_changes_nothing() {
    let rows = [gambling(0, 1), gambling(60, 1), gambling(5, 2), row(7, 3, "a.example"), gambling(700, 1)];
    let mut backwards = rows.clone();
    backwards.reverse();
    let columns = ["actor", "start_utc", "end_utc", "records"];
    let sorted = |day: &DerivedDay| {
        let mut cells = cells(day, "attempts", &columns);
        cells.sort();
        cells
    };
    assert_eq!(sorted(&derive(&rows)), sorted(&derive(&backwards)));
}

#[test]
fn activity_counts_every_record_once() {
    let day = derive(&[gambling(0, 1), gambling(1, 1), row(2, 2, "a.example"), row(4000, 2, "a.example")]);
    let counted: i64 =
        cells(&day, "activity", &["records"]).iter().map(|cells| cells[0].parse::<i64>().unwrap()).sum();
    assert_eq!(counted, 4);
    assert_eq!(
        cells(&day, "activity", &["local_hour", "code", "records"]),
        [["9", "GAMBLE", "2"], ["9", "UNCAT", "1"], ["10", "UNCAT", "1"]]
    );
}

#[test]
fn networks_are_told_by_the_first_record_of_a_run() {
    // One actor: an attempt of two records that begins in school and ends at home, and one at home.
    let home = |second| Row { network: "off-site", ..gambling(second, 1) };
    let day = derive(&[gambling(0, 1), home(30), home(700), row(5, 2, "a.example")]);
    assert_eq!(
        cells(&day, "network_days", &["actor", "network", "primary_records"]),
        [["1", "Main", "1"], ["1", "off-site", "2"], ["2", "Main", "1"]]
    );
    assert_eq!(
        cells(&day, "network_theme_days", &["actor", "network", "theme", "attempts", "episodes"]),
        [
            ["1", "Main", "Gambling, scams, malware", "1", "1"],
            ["1", "off-site", "Gambling, scams, malware", "1", "1"],
        ]
    );
}

#[test]
fn those_active_in_ten_minutes_are_counted_where_five_met_a_block() {
    let blocked = |second, actor| Row { lesson: Some("P1"), ..gambling(second, actor) };
    let mut rows: Vec<Row> = (1..=5).map(|actor| blocked(actor * 60, actor)).collect();
    // 541 to 545. Active from 541 on: these five; 6 at 550; not 7 at 551, not 8 with noise alone, not 9 before.
    rows.push(row(600, 6, "a.example"));
    rows.push(row(660, 7, "a.example"));
    rows.push(Row { noise: true, ..row(300, 8, "a.example") });
    rows.push(row(59, 9, "a.example"));
    let of = |rows: &[Row]| {
        cells(&derive(rows), "class_minutes", &["group_id", "year_group", "local_minute", "active_actors"])
    };
    assert_eq!(of(&rows), [["Year 9", "-", "541", "6"]]);
    // Four actors, or five outside lessons, are no possible event.
    assert!(of(&rows[1..]).is_empty());
    let outside: Vec<Row> = rows.iter().map(|row| Row { lesson: None, ..row.clone() }).collect();
    assert!(of(&outside).is_empty());
}

#[test]
fn of_the_panel_it_is_known_who_got_through_by_number() {
    let classifier = Classifier::shipped().unwrap();
    let rows = [
        row(0, 1, "nhs.uk"),
        row(9, 1, "nhs.uk"),
        row(9, 2, "nhs.uk"),
        Row { noise: true, ..row(9, 3, "nhs.uk") },
        Row { action: "blocked", ..row(9, 4, "childline.org.uk") },
        row(9, 4, "other.example"),
    ];
    let batch = batch(&rows);
    let panel = ["nhs.uk".to_owned(), "childline.org.uk".to_owned()];
    let mut deriver = Deriver::new(classifier.taxonomy()).with_panel(&panel);
    deriver.observe(&batch).unwrap();
    deriver.add(&batch).unwrap();
    let day = deriver.finish();
    assert_eq!(
        cells(&day, "panel_days", &["site", "group_id", "actors_through"]),
        [["childline.org.uk", "-", "0"], ["nhs.uk", "-", "0"], ["nhs.uk", "Year 9", "2"]]
    );
    assert!(day.tables(Population::Staff).unwrap().iter().all(|(table, _)| table.name.starts_with("staff_")));
}
