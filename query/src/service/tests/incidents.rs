//! Incidents over hand-made tables: counts, what followed an alert, what is open.

use ingest::schema::INCIDENTS;

use super::*;

fn incident<'a>(incident: &'a str, row: &'a str, day: &'a str, of: &[(&'a str, &'a str)]) -> Row<'a> {
    let mut cells = vec![("incident", incident), ("incident_row", row), ("local_date", day)];
    cells.extend(of);
    cells
}

const Y7: [(&str, &str); 2] = [("year_group", "7"), ("key_stage", "KS3")];

/// Five incidents: 102 is about two pupils, 103 about nobody on the roster, 105 lies after the two weeks.
fn incidents() -> Vec<Row<'static>> {
    let rows = [
        incident(
            "101",
            "1",
            "2025-09-17",
            &[("subject", "2"), ("code", "SELFHARM"), ("severity", "4"), ("status", "closed")],
        ),
        incident(
            "102",
            "2",
            "2025-09-09",
            &[("subject", "1"), ("code", "BULLY"), ("severity", "3"), ("status", "open")],
        ),
        incident(
            "102",
            "3",
            "2025-09-09",
            &[("subject", "3"), ("code", "BULLY"), ("severity", "3"), ("status", "closed")],
        ),
        incident("103", "4", "2025-09-10", &[("code", "OFFLINE"), ("severity", "1"), ("status", "unread")]),
        incident(
            "104",
            "5",
            "2025-09-18",
            &[("subject", "1"), ("code", "IMG-CHILD"), ("severity", "5"), ("status", "open")],
        ),
        incident(
            "105",
            "6",
            "2025-09-30",
            &[("subject", "1"), ("code", "HATE"), ("severity", "3"), ("status", "closed")],
        ),
    ];
    rows.into_iter()
        .map(|row| if row.contains(&("subject", "3")) { row } else { [row, Y7.to_vec()].concat() })
        .collect()
}

/// Alerts of actors 2, 3 and 1; one of a device; one of severity 3.
fn alerts() -> Vec<Row<'static>> {
    let of = |actor, day, start, severity| {
        row(&[
            &PUPIL,
            &[
                ("group_id", "year_7"),
                ("theme", "Self-harm"),
                ("outcome", "allowed"),
                ("actor", actor),
                ("local_date", day),
                ("start_utc", start),
                ("severity", severity),
            ],
        ])
    };
    let mut rows = vec![
        of("2", "2025-09-16", "2025-09-16T09:30:00Z", "4"),
        of("3", "2025-09-10", "2025-09-10T09:30:00Z", "5"),
        of("1", "2025-09-19", "2025-09-19T13:00:00Z", "4"),
        of("1", "2025-09-11", "2025-09-11T13:00:00Z", "3"),
    ];
    rows.push(vec![
        ("actor", "9"),
        ("actor_kind", "device"),
        ("role", "unknown"),
        ("local_date", "2025-09-16"),
        ("severity", "4"),
        ("outcome", "blocked"),
    ]);
    rows
}

fn with(dir: &Path, incidents: Vec<Row<'static>>, seat: Seat) -> School {
    let tables = vec![(&INCIDENTS, table(&INCIDENTS, &incidents)), (&EPISODES, table(&EPISODES, &alerts()))];
    School { viewer: Viewer::made(seat), ..opened(dir, Source::Memory(tables)) }
}

async fn asked(school: &School, which: &str) -> Table {
    let ask = Ask { table: Some(which.to_owned()), ..two_weeks() };
    school.metric("incidents", &ask).await.unwrap().value().clone()
}

#[tokio::test]
async fn incidents_and_persons_are_different_units() {
    let dir = tempfile::tempdir().unwrap();
    let counts = asked(&with(dir.path(), incidents(), Seat::Dsl), "counts").await;
    let line = |by: &str, value: &str| {
        let at = counts.rows.iter().position(|row| row[0].text() == Some(by) && row[1].text() == Some(value));
        let at = at.unwrap_or_else(|| panic!("no {by} {value}"));
        ["incidents", "incidents_untied", "incidents_not_closed", "distinct_people"]
            .map(|id| integers(&counts, id)[at])
    };
    // 101 to 104; 103 names nobody; 102 has a row that is open.
    assert_eq!(line("all", "all"), [Some(4), Some(1), Some(3), Some(3)]);
    assert_eq!(line("type", "Bullying"), [Some(1), Some(0), Some(1), Some(2)]);
    assert_eq!(line("severity", "5"), [Some(1), Some(0), Some(1), Some(1)]);
    assert_eq!(line("year group", "Year 7"), [Some(4), Some(1), Some(3), Some(2)]);
    // Exact interval of 4: half the 0.025 and 0.975 quantiles of chi-squared with 8 and 10 degrees.
    assert_eq!(
        (reals(&counts, "incidents_lower")[0], reals(&counts, "incidents_upper")[0]),
        (Some(1.09), Some(10.242))
    );
    // Pupil 1 is in two of four.
    assert_eq!(reals(&counts, "largest_share_of_incidents")[0], Some(0.5));
    assert!(counts.reading.starts_with("4 incidents about 3 different pupils"), "{}", counts.reading);
}

#[tokio::test]
async fn what_is_for_the_head_is_not_for_other_leaders_and_the_words_are_the_same_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let leader = asked(&with(dir.path(), incidents(), Seat::Leader), "counts").await;
    assert_eq!(integers(&leader, "incidents")[0], Some(3));
    assert!(!texts(&leader, "value").iter().any(|value| value.contains("image")));
    let always = asked(&with(dir.path(), incidents(), Seat::Leader), "zero_tolerance").await;
    assert_eq!(texts(&always, "code"), ["BULLY", "VAWG", "HATE", "EXTREM", "GROOM"]);
    assert_eq!(integers(&always, "incidents"), [1, 0, 0, 0, 0].map(Some));
    let without: Vec<Row<'static>> =
        incidents().into_iter().filter(|row| !row.contains(&("incident", "104"))).collect();
    let none = asked(&with(dir.path(), without, Seat::Leader), "counts").await;
    assert_eq!((leader.rows, leader.notes, leader.reading), (none.rows, none.notes, none.reading));
    let it = with(dir.path(), incidents(), Seat::It);
    assert_eq!(it.metric("incidents", &two_weeks()).await.unwrap_err().kind(), Kind::Forbidden);
}

/// Waits by hand, in school days: pupil 2 from 16 to 17 September 1; pupil 1 from Friday 19 to Tuesday 30 September
/// 7; pupil 3 has none and is followed for 10. S(1) = 2/3, S(7) = 1/3. Greenwood at 1: 1/(3 x 2); log-log ends of
/// S: (2/3)^7.195 = 0.0541 and (2/3)^0.139 = 0.9452.
#[tokio::test]
async fn what_followed_an_alert_and_how_soon() {
    let dir = tempfile::tempdir().unwrap();
    let table = asked(&with(dir.path(), incidents(), Seat::Dsl), "response").await;
    assert_eq!(
        texts(&table, "step"),
        [
            "alert",
            "viewed: not recorded in this export",
            "concern",
            "outcome: closed",
            "outcome: open",
            "concern"
        ]
    );
    assert_eq!(integers(&table, "alerts"), [Some(3); 6]);
    assert_eq!(integers(&table, "reached"), [Some(3), None, Some(2), Some(2), Some(0), Some(2)]);
    let concern = |id| reals(&table, id)[2];
    assert_eq!(concern("within_one_day_share"), Some(0.333));
    assert_eq!(
        (concern("within_one_day_share_lower"), concern("within_one_day_share_upper")),
        (Some(0.055), Some(0.946))
    );
    assert_eq!((concern("median_school_days"), concern("p90_school_days")), (Some(7.0), None));
    // Pupil 3 had 102 the day before, pupil 1 had 104 and 102.
    assert_eq!(integers(&table, "alerts_before")[2], Some(2));
    assert!(
        table.reading.contains("within one school day 33.3 %") && table.reading.contains("chance"),
        "{}",
        table.reading
    );
    assert!(table.notes.iter().any(|note| note.starts_with("1 episode of severity 4 or 5 cannot be tied")));
}

#[tokio::test]
async fn an_incident_earlier_on_the_same_day_is_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let at = |row: &'static str, time: &'static str| {
        incident(
            "106",
            row,
            "2025-09-16",
            &[("subject", "2"), ("time_known", "true"), ("occurred_utc", time)],
        )
    };
    let sooner = vec![at("7", "2025-09-16T09:00:00Z")];
    let table = asked(&with(dir.path(), sooner, Seat::Dsl), "response").await;
    // The records reach from and to that day: one alert can be followed, by nothing, for no time.
    assert_eq!((integers(&table, "alerts")[2], integers(&table, "reached")[2]), (Some(1), Some(0)));
    let later = vec![at("7", "2025-09-16T10:00:00Z")];
    let table = asked(&with(dir.path(), later, Seat::Dsl), "response").await;
    assert_eq!(
        (integers(&table, "reached")[2], reals(&table, "median_school_days")[2]),
        (Some(1), Some(0.0))
    );
}

/// To 30 September: 15 school days from the 9th, 14 from the 10th, 8 from the 18th.
#[tokio::test]
async fn what_is_open_and_for_how_long() {
    let dir = tempfile::tempdir().unwrap();
    let table = asked(&with(dir.path(), incidents(), Seat::Dsl), "status").await;
    let lines: Vec<_> = (0..table.rows.len())
        .map(|at| {
            let text = |id| texts(&table, id)[at];
            let number = |id| integers(&table, id)[at];
            (
                text("severity"),
                text("status"),
                number("incidents"),
                number("median_age_school_days"),
                number("oldest_school_days"),
            )
        })
        .collect();
    assert_eq!(
        lines[..5],
        [
            ("all", "open", Some(2), Some(8), Some(15)),
            ("all", "unread", Some(1), Some(14), Some(14)),
            ("all", "closed", Some(1), None, None),
            ("4 and 5", "open", Some(1), Some(8), Some(8)),
            ("4 and 5", "closed", Some(1), None, None),
        ]
    );
    assert!(texts(&table, "said").iter().filter(|said| said.starts_with("not recorded")).count() == 3);
    assert!(
        table.reading.starts_with("3 of 4 incidents are not closed, 1 of them of severity 4 or 5"),
        "{}",
        table.reading
    );
}

#[tokio::test]
async fn without_an_export_nothing_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let school = with(dir.path(), Vec::new(), Seat::Dsl);
    for which in ["counts", "response", "zero_tolerance", "status"] {
        let table = asked(&school, which).await;
        assert!(table.reading.starts_with("Not measurable"), "{which}: {}", table.reading);
        assert!(
            !table.rows.iter().flatten().any(|cell| *cell == Cell::Integer(0)) || which == "response",
            "{which}"
        );
        assert!(table.notes.iter().any(|note| note.contains("unknown, not none")), "{which}");
    }
    assert_eq!(texts(&asked(&school, "zero_tolerance").await, "code").len(), 7);
    assert!(asked(&school, "beside").await.reading.starts_with("No survey"));
    let ask = Ask { group: Some("year_7".to_owned()), ..two_weeks() };
    assert!(school.metric("incidents", &ask).await.is_err(), "a group of the filter is no year group");
}

#[tokio::test]
async fn sums_from_elsewhere_stand_beside_and_are_joined_to_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let root = SchoolRoot::new(dir.path(), &SchoolId::parse("st-annes").unwrap());
    std::fs::create_dir_all(root.settings()).unwrap();
    let text = "kind,period,group,measure,people,value,unit\n\
                survey,2025-autumn,all pupils,a site for school was blocked,180,35,percent\n\
                behaviour,2026-spring,all pupils,bullying events,240,12,count\n";
    std::fs::write(root.settings().join("aggregates.csv"), text).unwrap();
    let table = asked(&with(dir.path(), incidents(), Seat::Leader), "beside").await;
    assert_eq!(texts(&table, "kind"), ["survey", "incidents"], "the spring is not asked about");
    assert_eq!(reals(&table, "value"), [Some(35.0), Some(3.0)]);
    assert_eq!(integers(&table, "distinct_people"), [Some(180), Some(3)]);
}
