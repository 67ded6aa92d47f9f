//! The edges of a school's time and people: each figure worked out by hand beside it.
//!
//! One school with the rosters of three years and days on which something is odd. Sites: hop-one is BYPASS, leaf-one
//! DRUGS, pages-one EDU. "Blocked" and "allowed" are one record each.

use std::sync::OnceLock;

use ingest::school::SchoolId;
use jiff::civil::{Date, DateTime, date};
use query::{Ask, METRICS, School};
use serde_json::Value;

use super::night::Night;
use super::support::{json, out, run, watershed};

/// One record of Squid at a local time of London; of an hour that comes twice the first.
fn line(at: DateTime, user: &str, host: &str) -> String {
    let second = at.in_tz("Europe/London").unwrap().timestamp().as_second();
    exactly(second, user, host)
}

fn exactly(second: i64, user: &str, host: &str) -> String {
    let result = if host == "pages-one.org.uk" { "TCP_MISS/200" } else { "TCP_DENIED/403" };
    format!("{second}.000 120 10.1.2.3 {result} 4512 GET http://{host}/x {user} HIER_NONE/- text/html\n")
}

const SITES: &str = "site,common_code\npages-one.org.uk,EDU\nhop-one.org.uk,BYPASS\nleaf-one.org.uk,DRUGS\n";

fn lines() -> String {
    let mut log = String::new();
    let noon = |day: Date| day.at(12, 0, 0, 0);
    let mut at = |at: DateTime, user: &str, host: &str| log.push_str(&line(at, user, host));
    // A leap day: Thursday of a full week. Ann was there on Wednesday too.
    at(noon(date(2024, 2, 28)), "ann", "pages-one.org.uk");
    at(noon(date(2024, 2, 29)), "ann", "hop-one.org.uk");
    // July: Ann is in year 9, Ben in year 10. September: in 10 and 11.
    at(noon(date(2025, 7, 10)), "ann", "leaf-one.org.uk");
    at(noon(date(2025, 7, 10)), "ben", "pages-one.org.uk");
    // The last Monday of the year; Tuesday is for teachers only.
    at(noon(date(2025, 7, 21)), "ann", "hop-one.org.uk");
    at(noon(date(2025, 9, 11)), "ann", "leaf-one.org.uk");
    at(noon(date(2025, 9, 11)), "ben", "pages-one.org.uk");
    // 31 August is of the old year, 1 September of the new; both without pupils.
    at(date(2025, 8, 31).at(23, 59, 50, 0), "ann", "hop-one.org.uk");
    at(date(2025, 9, 1).at(0, 0, 5, 0), "ann", "hop-one.org.uk");
    // INSET.
    at(noon(date(2025, 9, 2)), "ben", "leaf-one.org.uk");
    // A shared account, five times two minutes apart, and the pupil who was there as herself.
    for minute in [0, 2, 4, 6, 8] {
        at(date(2025, 9, 18).at(10, minute, 0, 0), "kiosk1", "hop-one.org.uk");
    }
    at(noon(date(2025, 9, 18)), "ann", "pages-one.org.uk");
    // Half-term.
    at(noon(date(2025, 10, 28)), "ben", "leaf-one.org.uk");
    // One pupil, one day, one attempt.
    at(noon(date(2025, 11, 18)), "ann", "hop-one.org.uk");
    // Forty pupils on all days of a week; numbers 1 and 2 meet the filter on Monday, Tuesday and Wednesday.
    for day in 10..15 {
        for pupil in 0..40 {
            let user = format!("p{pupil:02}");
            at(date(2025, 11, day).at(9, pupil, 0, 0), &user, "pages-one.org.uk");
            if day < 13 && (1..=2).contains(&pupil) {
                at(date(2025, 11, day).at(11, pupil, 0, 0), &user, "leaf-one.org.uk");
            }
        }
    }
    // The night of 26 October: 00:59:55 UTC is 01:59:55 in summer time, ten seconds later it is 01:00:05 in winter
    // time. And again half an hour later.
    for second in [1_761_440_395, 1_761_440_405, 1_761_442_200] {
        log.push_str(&exactly(second, "ben", "hop-one.org.uk"));
    }
    log
}

/// Lightspeed's table has local times: at 01:30 of 30 March the clock had gone from 01:00 to 02:00. In the night of 26
/// October the third line is before the second by the clock and after it in the file, whose order a Saturday shows. Cas is
/// in year 8 and sits an exam.
fn table() -> String {
    let mut table =
        "Time,Destination,Action,Reason,User,IP Address,User OU,User Groups,Computer,Category\n".to_owned();
    let mut row = |when: &str, host: &str, user: &str, group: &str| {
        let action = if host == "pages-one.org.uk" { "Allowed" } else { "Blocked" };
        table.push_str(&format!(
            "{when},http://{host}/x,{action},Rule,{user},10.1.2.3,{group},Pupils,PC-1,\n"
        ));
    };
    row("30/03/2025 01:30:00", "leaf-one.org.uk", "ben", "Pupils");
    for minute in 10..50 {
        row(&format!("25/10/2025 12:{minute}:00"), "pages-one.org.uk", "ann", "Pupils");
    }
    for minute in ["10", "55", "05"] {
        row(&format!("26/10/2025 01:{minute}:00"), "leaf-one.org.uk", "ann", "Pupils");
    }
    row("25/11/2025 12:00:00", "hop-one.org.uk", "cas", "Year 8; Exam candidates");
    row("25/11/2025 12:30:00", "pages-one.org.uk", "ann", "Year 10; Exam candidates");
    table
}

fn school() -> &'static Night {
    static SCHOOL: OnceLock<Night> = OnceLock::new();
    SCHOOL.get_or_init(|| {
        let night = empty(Night::shared("edges"));
        std::fs::write(night.root().inbox().join("proxy.log"), lines()).unwrap();
        std::fs::write(night.root().inbox().join("table.csv"), table()).unwrap();
        let taken = run(&mut night.command(watershed(), &["ingest"]));
        assert!(matches!(taken.status.code(), Some(0 | 1)), "{taken:?}");
        let left = std::fs::read_dir(night.root().refused()).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{}", String::from_utf8_lossy(&taken.stdout));
        night
    })
}

/// The school without a record: rosters and sites.
fn empty(night: Night) -> Night {
    let [keys, init, _] = night.set_up(&watershed);
    for mut command in [keys, init] {
        out(&mut command);
    }
    for first in [2023, 2024, 2025] {
        let older = first - 2023;
        let mut people = format!(
            "person_key,accounts,year,role\nP1,ann,{},pupil\nP2,ben,{},pupil\n",
            8 + older,
            9 + older
        );
        if first == 2025 {
            people.extend((0..40).map(|pupil| format!("Q{pupil:02},p{pupil:02},7,pupil\n")));
        }
        let file = night.disk().join(format!("people-{first}.csv"));
        std::fs::write(&file, people).unwrap();
        let year = format!("{first}-{:02}", (first + 1) % 100);
        out(night.command(watershed(), &["people", "import", "--year", &year]).arg(&file));
    }
    std::fs::create_dir_all(night.root().settings()).unwrap();
    std::fs::write(night.root().settings().join("sites.csv"), SITES).unwrap();
    night
}

/// Answers to several questions.
fn answers(night: &Night, questions: &[(&str, Ask)]) -> Vec<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let dir = night.disk().join("installation");
        let school = School::open(&dir, &SchoolId::parse("st-a").unwrap()).await.unwrap();
        let mut found = Vec::new();
        for (word, ask) in questions {
            let answer = Box::pin(school.metric(word, ask)).await;
            let answer = answer.unwrap_or_else(|error| panic!("{word} {ask:?}: {error}"));
            found.push(serde_json::from_str(&query::json::table(&answer)).unwrap());
        }
        found
    })
}

/// Every table of every metric but those about staff, which only an account can ask for.
fn tables() -> Vec<(&'static str, Option<&'static str>)> {
    let of = |metric: &query::Metric| -> Vec<_> {
        match metric.tables {
            [] => vec![(metric.word, None)],
            tables => tables.iter().map(|table| (metric.word, Some(*table))).collect(),
        }
    };
    let about_staff = [("attention", Some("staff")), ("overblocking", Some("overrides"))];
    METRICS.iter().flat_map(of).filter(|table| !about_staff.contains(table)).collect()
}

fn days(table: &str, from: Date, to: Date) -> Ask {
    Ask { table: Some(table.to_owned()), from: Some(from), to: Some(to), ..Ask::default() }
}

fn cells(night: &Night, word: &str, ask: &Ask) -> Vec<Value> {
    answers(night, &[(word, ask.clone())])[0]["cells"].as_array().unwrap().clone()
}

/// Weeks of these days, one row each.
fn weeks(from: Date, to: Date) -> Vec<Value> {
    cells(school(), "trend", &days("weeks", from, to))
}

fn near(value: &Value, expected: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - expected).abs() < 0.0006 * expected.abs().max(1.0))
}

fn counted(night: &Night, statement: &str) -> i64 {
    let answer = json(&mut night.command(watershed(), &["sql", statement, "--format", "json"]));
    answer["cells"][0].as_object().unwrap().values().next().unwrap().as_i64().unwrap()
}

/// What only logs can tell: without them it is not measurable, and no row says none.
const UNKNOWN: [(&str, &str); 20] = [
    ("attention", "pupils"),
    ("attention", "listed"),
    ("changes", "unrecorded"),
    ("coverage", "completeness"),
    ("gotthrough", "policy"),
    ("groups", "themes"),
    ("groups", "lessons"),
    ("groups", "hours"),
    ("groups", "mix"),
    ("groups", "different"),
    ("groups", "teaching"),
    ("groups", "profiles"),
    ("overblocking", "share"),
    ("overblocking", "sites"),
    ("overblocking", "lessons"),
    ("searches", "new"),
    ("searches", "engines"),
    ("searches", "bypass"),
    ("trend", "persistence"),
    ("trend", "out-of-hours"),
];

fn no_zero(word: &str, ask: &Ask, answer: &Value) {
    let reading = answer["evidence"]["reading"].as_str().unwrap();
    let said = reading.starts_with("Not measurable") || reading.starts_with("Nothing has been taken in yet");
    assert!(said, "{word} {ask:?}: {reading}");
    assert_eq!(answer["cells"], Value::Array(Vec::new()), "{word} {ask:?}");
}

/// No log was ever taken in. Every table of every metric has a sentence, and no row that says none of something.
#[test]
fn nothing_at_all_is_said_and_is_no_zero() {
    let night = empty(Night::new());
    let questions: Vec<(&str, Ask)> = tables()
        .into_iter()
        .map(|(word, table)| {
            let (from, to) = (Some(date(2025, 9, 8)), Some(date(2025, 9, 19)));
            (word, Ask { table: table.map(str::to_owned), from, to, ..Ask::default() })
        })
        .collect();
    for ((word, ask), answer) in questions.iter().zip(answers(&night, &questions)) {
        let reading = answer["evidence"]["reading"].as_str().unwrap();
        assert!(!reading.is_empty(), "{word} {:?}", ask.table);
        if UNKNOWN.contains(&(word, ask.table.as_deref().unwrap_or_default())) {
            no_zero(word, ask, &answer);
        }
    }
}

/// Ann on one day: 1 attempt, 1 episode, 1 of 1 actor-day: 1,000 per 1,000. Of one pupil the size is 1: from 0.025 to 1
/// (the exact interval of 1 of 1), 25 to 1,000 per 1,000.
#[test]
fn one_pupil_on_one_day() {
    let rows = weeks(date(2025, 11, 17), date(2025, 11, 21));
    let [row] = rows.as_slice() else { panic!("{rows:#?}") };
    assert_eq!(
        (&row["attempts"], &row["episodes"], &row["actor_days"]),
        (&1.into(), &1.into(), &1.into()),
        "{row:#}"
    );
    assert_eq!(row["active_actor_days"], 1);
    assert!(near(&row["rate_per_1000"], 1000.0) && near(&row["rate_lower_per_1000"], 25.0), "{row:#}");
    assert!(near(&row["rate_upper_per_1000"], 1000.0), "{row:#}");
    assert_eq!((&row["distinct_people"], &row["largest_share_of_episodes"]), (&1.into(), &1.0.into()));
    let pupils = cells(school(), "trend", &days("pupils", date(2025, 11, 17), date(2025, 11, 21)));
    assert_eq!((&pupils[0]["pupils"], &pupils[0]["active_pupils"]), (&1.into(), &1.into()));
}

/// 40 pupils on 5 days: 200 active actor-days, 6 with an episode: 30 per 1,000; 2 of 40 pupils: 0.05.
/// By scipy, from the definition: without one of the two 3 of 195, without another 6 of 195: variance 39/40 x (2 x
/// (3/195 - m)^2 + 38 x (6/195 - m)^2) = 0.00043846 with their mean m, size 0.0291 / 0.00043846 = 66.37, times
/// (1.9600/2.0227)^2 = 62.32. The exact interval begins at 3.274 per 1,000; with one more pupil of 5 of 200 days the upper
/// end is 135.43. Of the pupils, 2 of 40, the size is 39 x 0.9389 = 36.62: 0.0053 to 0.1771.
#[test]
fn a_school_of_forty() {
    let rows = weeks(date(2025, 11, 10), date(2025, 11, 14));
    let row = &rows[0];
    assert_eq!((&row["actor_days"], &row["active_actor_days"]), (&6.into(), &200.into()));
    assert!(near(&row["rate_per_1000"], 30.0), "{row:#}");
    assert!(near(&row["rate_lower_per_1000"], 3.274) && near(&row["rate_upper_per_1000"], 135.43), "{row:#}");
    let pupils = cells(school(), "trend", &days("pupils", date(2025, 11, 10), date(2025, 11, 14)));
    let of = &pupils[0];
    assert_eq!((&of["pupils"], &of["active_pupils"]), (&2.into(), &40.into()), "{of:#}");
    assert!(near(&of["prevalence_share"], 0.05));
    let ends = [&of["prevalence_lower_share"], &of["prevalence_upper_share"]];
    assert!(near(ends[0], 0.0053) && near(ends[1], 0.1771), "{of:#}");
}

/// Monday 27 October to Friday 31: no week of school, no episode, no denominator; out of hours it stands.
#[test]
fn half_term_is_no_week_of_school() {
    let asked_for = (date(2025, 10, 27), date(2025, 10, 31));
    assert_eq!(weeks(asked_for.0, asked_for.1), Vec::<Value>::new());
    let around = weeks(date(2025, 10, 20), date(2025, 11, 7));
    let mondays: Vec<&str> = around.iter().map(|row| row["week_start_date"].as_str().unwrap()).collect();
    assert_eq!(mondays, ["2025-10-20", "2025-11-03"]);
    let free = cells(school(), "trend", &days("out-of-hours", asked_for.0, asked_for.1));
    let whole: Vec<&Value> = free.iter().filter(|row| row["actor_days"] == 1).collect();
    assert_eq!(whole.len(), 1, "{free:#?}");
    assert_eq!((&whole[0]["episodes"], &whole[0]["distinct_people"]), (&1.into(), &1.into()));
}

/// Monday 21 July was the only school day of its week: the point is drawn, with its value of 1 in 1, and judged by no rule.
#[test]
fn a_week_of_one_school_day_is_judged_by_no_rule() {
    let rows = cells(school(), "trend", &days("chart", date(2025, 7, 7), date(2025, 7, 25)));
    let last = rows.iter().find(|row| row["week_start_date"] == "2025-07-21").unwrap();
    assert_eq!(
        (&last["school_days"], &last["judged"], &last["signal"]),
        (&1.into(), &false.into(), &"".into()),
        "{last:#}"
    );
    assert_eq!((&last["counted"], &last["out_of"]), (&1.into(), &1.into()), "{last:#}");
}

/// Monday 1 and Tuesday 2 September 2025 are for teachers only: the week has 3 school days, and nobody's record in them.
#[test]
fn days_for_teachers_only_are_in_no_rate() {
    let rows = weeks(date(2025, 9, 1), date(2025, 9, 5));
    for row in &rows {
        assert_eq!((&row["school_days"], &row["actor_days"]), (&3.into(), &Value::Null), "{row:#}");
    }
    // Two episodes (Ann's after midnight, Ben's) of two pupils on two days.
    let free = cells(school(), "trend", &days("out-of-hours", date(2025, 9, 1), date(2025, 9, 5)));
    let inset: Vec<&Value> = free.iter().filter(|row| row["day_type"] == "day for teachers only").collect();
    let whole = inset.iter().find(|row| !row["actor_days"].is_null()).unwrap_or_else(|| panic!("{free:#?}"));
    assert_eq!(
        (&whole["actor_days"], &whole["episodes"], &whole["distinct_people"]),
        (&2.into(), &2.into(), &2.into())
    );
}

/// Two blocked records ten seconds apart are one attempt, whatever the clock on the wall does between them; half an hour
/// later is another attempt and another episode. All on 26 October.
#[test]
fn the_hour_that_comes_twice_parts_nothing_and_joins_nothing() {
    let ben = "actor_kind = 'person' AND code = 'BYPASS' AND local_date = '2025-10-26'";
    assert_eq!(counted(school(), &format!("SELECT count(*) AS n FROM attempts WHERE {ben}")), 2);
    let episodes = "SELECT count(*) AS n FROM episodes WHERE theme = 'Getting round the filter' AND local_date = '2025-10-26'";
    assert_eq!(counted(school(), episodes), 2);
    // Of Lightspeed's three lines the third, 50 minutes earlier by the clock, is ten minutes later: 01:10 and 01:55 in
    // summer time and 01:05 in winter time are 00:10, 00:55 and 01:05 UTC, 55 minutes from first to last.
    let span = "SELECT CAST(max(CAST(event_time_utc AS BIGINT)) - min(CAST(event_time_utc AS BIGINT)) AS BIGINT) / 60000000 AS n \
        FROM requests WHERE code = 'DRUGS' AND local_date = '2025-10-26'";
    assert_eq!(counted(school(), span), 55);
    // Sunday: in no week of school.
    assert_eq!(weeks(date(2025, 10, 25), date(2025, 10, 26)), Vec::<Value>::new());
}

/// 01:30 of 30 March 2025 is a time that no clock in England showed: the record is refused with that reason, counted, and
/// told, for a clock that shows it is not England's.
#[test]
fn a_time_in_the_hour_that_is_skipped_is_told() {
    assert_eq!(counted(school(), "SELECT count(*) AS n FROM requests WHERE local_date = '2025-03-30'"), 0);
    let rejects = cells(school(), "coverage", &days("rejects", date(2025, 9, 8), date(2025, 11, 28)));
    let all: i64 = rejects.iter().filter_map(|row| row["records"].as_i64()).sum();
    assert_eq!(all, 1, "{rejects:#?}");
    let found = cells(school(), "coverage", &days("findings", date(2025, 9, 8), date(2025, 11, 28)));
    assert!(found.iter().any(|row| row["kind"] == "clock jump"), "{found:#?}");
}

/// One year ends at midnight of 31 August. Fifteen seconds lie between Ann's records: one is of 2024-25, one of 2025-26.
#[test]
fn the_academic_year_rolls_over_in_august() {
    for (day, year) in [("2025-08-31", "2024-25"), ("2025-09-01", "2025-26")] {
        let statement = format!(
            "SELECT count(*) AS n FROM episodes WHERE local_date = '{day}' AND academic_year = '{year}'"
        );
        assert_eq!(counted(school(), &statement), 1, "{day}");
    }
}

/// In July Ann is in year 9 and Ben in year 10, in September they are in 10 and 11; the log was read after both.
/// Of each: one active day; Ann's with an episode.
#[test]
fn a_log_of_july_has_the_year_groups_of_july() {
    for (from, to, ann, ben) in [
        (date(2025, 7, 10), date(2025, 7, 10), "Year 9", "Year 10"),
        (date(2025, 9, 11), date(2025, 9, 11), "Year 10", "Year 11"),
    ] {
        let ask = Ask { by: Some("group".to_owned()), ..days("weeks", from, to) };
        let rows = cells(school(), "trend", &ask);
        let of = |group: &str| -> (Value, Value) {
            let row = rows
                .iter()
                .find(|row| row["group_id"] == group)
                .unwrap_or_else(|| panic!("{group}: {rows:#?}"));
            (row["actor_days"].clone(), row["active_actor_days"].clone())
        };
        assert_eq!(of(ann), (1.into(), 1.into()));
        assert_eq!(of(ben), (0.into(), 1.into()));
    }
}

/// Thursday 29 February 2024 is a school day of the week of the 26th: 1 of Ann's 2 active days, 500 per 1,000.
#[test]
fn a_leap_day_is_a_day() {
    let rows = weeks(date(2024, 2, 26), date(2024, 3, 1));
    let [row] = rows.as_slice() else { panic!("{rows:#?}") };
    assert_eq!(
        (&row["actor_days"], &row["active_actor_days"], &row["school_days"]),
        (&1.into(), &2.into(), &5.into())
    );
    assert!(near(&row["rate_per_1000"], 500.0), "{row:#}");
    // A year later there is no such day, and the same days of the half-term are found by their week.
    assert!(!cells(school(), "trend", &days("weeks", date(2024, 2, 29), date(2024, 2, 29))).is_empty());
}

/// "Year 8; Exam candidates", and of Ann "Year 10; Exam candidates": exam goes before year, and before the roster's year.
/// Of the day: 2 active, 1 episode, all in one group.
#[test]
fn a_pupil_in_several_groups_counts_in_one() {
    let ask = Ask { by: Some("group".to_owned()), ..days("weeks", date(2025, 11, 25), date(2025, 11, 25)) };
    let rows = cells(school(), "trend", &ask);
    let found: Vec<_> = rows
        .iter()
        .map(|row| [&row["group_id"], &row["episodes"], &row["active_actor_days"]].map(Value::to_string))
        .collect();
    assert_eq!(found, [["\"Exam\"", "1", "2"]], "{rows:#?}");
}

/// Five attempts on the shared account, two minutes apart, are one episode of no pupil. Ann alone was active as herself:
/// 0 of 1 pupils.
#[test]
fn a_shared_account_is_no_pupil() {
    let (from, to) = (date(2025, 9, 15), date(2025, 9, 19));
    let row = weeks(from, to).remove(0);
    assert_eq!(
        (&row["attempts"], &row["episodes"], &row["episodes_untied"]),
        (&5.into(), &1.into(), &1.into()),
        "{row:#}"
    );
    assert_eq!(
        (&row["actor_days"], &row["active_actor_days"], &row["distinct_people"]),
        (&0.into(), &1.into(), &0.into())
    );
    let pupils = cells(school(), "trend", &days("pupils", from, to)).remove(0);
    assert_eq!((&pupils["pupils"], &pupils["active_pupils"]), (&0.into(), &1.into()));
}

/// 22 November 2026: single records of 2025 are gone (90 days), figures of 2025-26 stay, those of 2024-25 are gone.
#[test]
fn a_day_past_its_clock_says_so_and_is_no_zero() {
    let night = Night::new();
    std::fs::remove_dir(night.disk()).unwrap();
    super::crash::copy(&school().disk(), &night.disk());
    let autumn = (date(2025, 9, 8), date(2025, 11, 28));
    let july = (date(2025, 7, 7), date(2025, 7, 21));
    let before = cells(&night, "trend", &days("weeks", autumn.0, autumn.1));
    let derived = ["panel", "lessons"];
    let told = derived.map(|table| cells(&night, "overblocking", &days(table, autumn.0, autumn.1)));
    assert!(!told[0].is_empty());
    let would = json(
        &mut night
            .command(watershed(), &["retain", "--dry-run", "--today-is", "2026-11-22", "--format", "json"]),
    );
    let closing = would["days_closed"].to_string();
    out(&mut night.command(watershed(), &["retain", "--today-is", "2026-11-22", "--days-are", &closing]));
    assert_eq!(cells(&night, "trend", &days("weeks", autumn.0, autumn.1)), before);
    assert_eq!(counted(&night, "SELECT count(*) AS n FROM requests"), 0);
    // Of the autumn the single records are gone: what is made of them is not measurable.
    let of_records =
        ["new", "engines", "bypass", "ai", "profiles", "unrecorded", "completeness", "recategorised"];
    let questions: Vec<(&str, Ask)> = tables()
        .into_iter()
        .filter_map(|(word, table)| Some((word, table?)))
        .filter(|(_, table)| of_records.contains(table))
        .map(|(word, table)| (word, days(table, autumn.0, autumn.1)))
        .collect();
    assert_eq!(questions.len(), 8);
    for ((word, ask), answer) in questions.iter().zip(answers(&night, &questions)) {
        no_zero(word, ask, &answer);
    }
    // The panel, and classes whose lesson was blocked, are derived: they say what they said.
    assert_eq!(derived.map(|table| cells(&night, "overblocking", &days(table, autumn.0, autumn.1))), told);
    // Of July everything is gone.
    let questions: Vec<(&str, Ask)> =
        UNKNOWN.iter().map(|(word, table)| (*word, days(table, july.0, july.1))).collect();
    for ((word, ask), answer) in questions.iter().zip(answers(&night, &questions)) {
        no_zero(word, ask, &answer);
    }
    for row in cells(&night, "trend", &days("weeks", july.0, july.1)) {
        assert_eq!(
            (&row["attempts"], &row["actor_days"], &row["active_actor_days"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
    }
}
