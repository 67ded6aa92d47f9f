//! Completeness, tests of the filter, blind spots and silence over hand-made tables.

use ingest::schema::{CHECKS, REQUESTS, STAFF_REQUESTS};

use super::*;

fn with(dir: &Path, tables: &[(&'static TableSchema, Vec<Row<'static>>)]) -> School {
    let made = tables.iter().map(|(schema, rows)| (*schema, table(schema, rows))).collect();
    School { viewer: Viewer::made(Seat::It), ..opened(dir, Source::Memory(made)) }
}

async fn asked(school: &School, which: &str) -> Table {
    let ask = Ask { table: Some(which.to_owned()), ..two_weeks() };
    school.coverage(&ask).await.unwrap().value().clone()
}

fn request(group: &'static str, network: &'static str, of: &[(&'static str, &'static str)]) -> Row<'static> {
    let mut cells = vec![
        ("local_date", "2025-09-09"),
        ("group_id", group),
        ("network", network),
        ("actor_kind", "person"),
        ("action", "blocked"),
        ("device", "5"),
        ("visibility", "page"),
    ];
    cells.retain(|(name, _)| !of.iter().any(|(own, _)| own == name));
    cells.extend(of);
    cells
}

#[tokio::test]
async fn whether_blocked_records_say_what_the_standard_asks_for() {
    let dir = tempfile::tempdir().unwrap();
    let requests = vec![
        request("year_7", "Main", &[]),
        request("year_7", "Main", &[("actor_kind", "device")]),
        request("year_8", "Annexe", &[("visibility", "host")]),
        request("year_8", "Annexe", &[("visibility", "host"), ("search_token", "7")]),
        // Not blocked; on an illegal list; of another day.
        request("year_8", "Annexe", &[("action", "allowed")]),
        request("year_8", "Annexe", &[("illegal", "true")]),
        request("year_8", "Annexe", &[("local_date", "2025-09-01")]),
    ];
    let table = asked(&with(dir.path(), &[(&REQUESTS, requests)]), "completeness").await;
    assert_eq!(texts(&table, "name"), ["all", "Annexe", "Main", "year_7", "year_8"]);
    assert_eq!(integers(&table, "blocked_records"), [4, 2, 2, 2, 2].map(Some));
    assert_eq!(reals(&table, "device_or_address_share"), [Some(1.0); 5]);
    assert_eq!(reals(&table, "person_share"), [0.75, 1.0, 0.5, 0.5, 1.0].map(Some));
    assert_eq!(reals(&table, "content_share"), [0.75, 0.5, 1.0, 1.0, 0.5].map(Some));
    assert_eq!(reals(&table, "all_share"), [0.5, 0.5, 0.5, 0.5, 0.5].map(Some));
    assert!(table.reading.starts_with("50.0 % of 4 blocked records say all four."), "{}", table.reading);
    let none = asked(&with(dir.path(), &[]), "completeness").await;
    assert!(none.rows.is_empty() && none.reading.starts_with("Not measurable"), "{}", none.reading);
}

#[tokio::test]
async fn the_matrix_of_tests_lists_what_was_never_tested() {
    let dir = tempfile::tempdir().unwrap();
    let check = |token, group, device, day, code, expected| {
        vec![
            ("check_token", token),
            ("group_id", group),
            ("device_type", device),
            ("local_date", day),
            ("code", code),
            ("as_expected", expected),
        ]
    };
    let checks = vec![
        check("1", "year_7", "ios", "2025-09-09", "ILL-CSAM", "true"),
        check("2", "year_7", "ios", "2025-09-10", "PORN", "true"),
        check("3", "year_8", "windows", "2025-09-09", "PORN", "false"),
        check("4", "year_9", "windows", "2025-06-09", "PORN", "true"),
    ];
    let page = [("site", "testfiltering.com"), ("action", "allowed")];
    let requests =
        vec![request("year_10", "Main", &page), request("year_10", "Annexe", &[("action", "allowed")])];
    let staff = vec![request("Staff", "Main", &page)];
    let activity = ["year_7", "year_8", "year_9", "year_10", "year_11"]
        .map(|group| row(&[&PUPIL, &[("local_date", "2025-09-09"), ("group_id", group), ("records", "5")]]));
    let tables =
        [(&CHECKS, checks), (&REQUESTS, requests), (&STAFF_REQUESTS, staff), (&ACTIVITY, activity.to_vec())];
    let table = asked(&with(dir.path(), &tables), "tests").await;
    let lines: Vec<_> = (0..table.rows.len())
        .map(|at| {
            ["state", "group_id", "network", "device_type", "last_date"].map(|id| texts(&table, id)[at])
        })
        .collect();
    let visited = "test page visited; the log has no result";
    assert_eq!(
        lines,
        [
            ["not as expected", "year_8", "-", "windows", "2025-09-09"],
            ["not tested in these days", "year_9", "-", "windows", "2025-06-09"],
            ["not tested in these days", "year_11", "-", "-", "-"],
            ["not tested in these days", "-", "Annexe", "-", "-"],
            [visited, "Staff", "Main", "-", "2025-09-09"],
            [visited, "year_10", "Main", "-", "2025-09-09"],
            ["as expected", "year_7", "-", "ios", "2025-09-10"],
        ]
    );
    assert_eq!(texts(&table, "kinds")[6], "ILL-CSAM PORN");
    assert_eq!(
        table.reading,
        "3 tests on record, 1 not as expected; 2 records of test pages in the log. Groups not tested: year_9, year_11. Networks not tested: Annexe."
    );
    let none = asked(&with(dir.path(), &[]), "tests").await;
    assert!(
        none.rows.is_empty() && none.reading.starts_with("No test of the filter is on record"),
        "{}",
        none.reading
    );
}

#[tokio::test]
async fn blind_spots_with_their_share_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let of = |group: &'static str, records: &'static str, more: &[(&'static str, &'static str)]| {
        let mut cells = vec![
            ("local_date", "2025-09-09"),
            ("group_id", group),
            ("records", records),
            ("actor_kind", "person"),
            ("visibility", "page"),
            ("code", "EDU"),
            ("action", "allowed"),
        ];
        cells.retain(|(name, _)| !more.iter().any(|(own, _)| own == name));
        cells.extend(more);
        cells
    };
    let activity = vec![
        of("year_7", "60", &[]),
        of("year_7", "10", &[("visibility", "host")]),
        of("year_8", "20", &[("visibility", "host"), ("actor_kind", "device")]),
        of("year_8", "10", &[("actor_kind", "shared")]),
    ];
    let requests = vec![request("year_8", "unlisted", &[]), request("year_8", "Main", &[])];
    let table =
        asked(&with(dir.path(), &[(&ACTIVITY, activity), (&REQUESTS, requests)]), "blind_spots").await;
    let line = |spot: &str| {
        let at = texts(&table, "spot").iter().position(|known| *known == spot).unwrap();
        (
            integers(&table, "records")[at],
            reals(&table, "share")[at],
            texts(&table, "most_in")[at],
            reals(&table, "share_there")[at],
        )
    };
    assert_eq!(line("undecrypted"), (Some(30), Some(0.3), "year_8", Some(0.667)));
    assert_eq!(line("unidentified"), (Some(20), Some(0.2), "year_8", Some(0.667)));
    assert_eq!(line("shared_accounts"), (Some(10), Some(0.1), "year_8", Some(0.333)));
    assert_eq!(line("unlisted"), (Some(1), Some(0.5), "year_8", Some(0.5)));
    assert_eq!(line("uncategorised"), (Some(0), Some(0.0), "-", None));
    assert!(
        table.reading.starts_with("The largest blind spot: 30.0 % of 100 records are of which only the host"),
        "{}",
        table.reading
    );
    let none = asked(&with(dir.path(), &[]), "blind_spots").await;
    assert_eq!(none.reading, "Nothing was recorded in these days.");
    assert!(none.rows.iter().all(|row| row[2] == Cell::Missing), "unknown is not none");
}

#[tokio::test]
async fn a_group_that_is_no_more_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let days = [
        "2025-09-08",
        "2025-09-09",
        "2025-09-10",
        "2025-09-11",
        "2025-09-12",
        "2025-09-15",
        "2025-09-16",
        "2025-09-17",
    ];
    let of = |group: &'static str, days: &[&'static str]| -> Vec<Row<'static>> {
        days.iter()
            .map(|day| row(&[&PUPIL, &[("local_date", *day), ("group_id", group), ("records", "5")]]))
            .collect()
    };
    let activity = [of("year_7", &days), of("year_8", &days[..5])].concat();
    let table = asked(&with(dir.path(), &[(&ACTIVITY, activity)]), "silence").await;
    assert_eq!((texts(&table, "name"), texts(&table, "last_date")), (vec!["year_8"], vec!["2025-09-12"]));
    assert_eq!(
        (integers(&table, "silent_school_days"), texts(&table, "usual")),
        (vec![Some(3)], vec!["5 of 5 school days"])
    );
    assert!(
        table.reading.starts_with("1 thing fell silent: 1 group, 0 networks, 0 feeds"),
        "{}",
        table.reading
    );
    let none = asked(&with(dir.path(), &[]), "silence").await;
    assert!(
        none.rows.is_empty() && none.reading.starts_with("No group, network or feed"),
        "{}",
        none.reading
    );
}
