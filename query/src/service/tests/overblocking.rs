//! Over-blocking over hand-made tables, answers computed by hand.

use ingest::schema::{BLOCKED_SITE_DAYS, CHANGES, CLASS_MINUTES, PANEL_DAYS, STAFF_ATTEMPTS, STAFF_REQUESTS};

use super::*;
use crate::review::{Label, Reviews};

/// A class of eight in year 7 (actors 1 to 8): seven are active on Monday 8 September from 10:00 to 10:10, and five
/// meet a block of quiz.org within nine minutes of Period 2. On Tuesday two meet a block of far.org.
fn lesson() -> Vec<(&'static TableSchema, Vec<Row<'static>>)> {
    const ACTORS: [&str; 8] = ["1", "2", "3", "4", "5", "6", "7", "8"];
    // Ten minutes of the clock from 10:00 on: the last is 10:09.
    const STARTS: [(&str, &str); 5] = [
        ("2025-09-08T09:00:40Z", "600"),
        ("2025-09-08T09:02:00Z", "602"),
        ("2025-09-08T09:04:00Z", "604"),
        ("2025-09-08T09:06:00Z", "606"),
        ("2025-09-08T09:09:59Z", "609"),
    ];
    let year = [("group_id", "year_7"), ("key_stage", "KS3"), ("year_group", "7")];
    let monday = [("local_date", "2025-09-08")];
    let mut attempts = Vec::new();
    let mut actor_days = Vec::new();
    for (at, actor) in ACTORS.into_iter().enumerate() {
        actor_days.push(row(&[&PUPIL, &year, &monday, &[("actor", actor), ("primary_records", "9")]]));
        let Some((start, minute)) = STARTS.get(at).copied() else { continue };
        attempts.push(row(&[
            &PUPIL,
            &year,
            &monday,
            &[
                ("actor", actor),
                ("start_utc", start),
                ("local_minute", minute),
                ("site", "quiz.org"),
                ("code", "EDU"),
                ("learning", "true"),
                ("lesson_period", "Period 2"),
            ],
        ]));
    }
    let minutes =
        vec![row(&[&monday, &[("group_id", "year_7"), ("local_minute", "600"), ("active_actors", "7")]])];
    for actor in ["1", "2"] {
        attempts.push(row(&[
            &PUPIL,
            &year,
            &[
                ("local_date", "2025-09-09"),
                ("actor", actor),
                ("start_utc", "2025-09-09T09:00:00Z"),
                ("site", "far.org"),
                ("code", "GAMES"),
                ("lesson_period", "Period 2"),
            ],
        ]));
    }
    // Childline: blocked for year 7, open for year 8; Samaritans: nobody asked.
    let reached = vec![
        row(&[&[("local_date", "2025-09-10"), ("site", "childline.org.uk")]]),
        row(&[
            &[("local_date", "2025-09-10"), ("site", "childline.org.uk")],
            &[("group_id", "year_8"), ("actors_through", "1")],
        ]),
    ];
    actor_days.push(row(&[
        &PUPIL,
        &[("group_id", "year_8"), ("key_stage", "KS3"), ("local_date", "2025-09-10"), ("actor", "30")],
        &[("primary_records", "1")],
    ]));
    let blocked_days = vec![row(&[
        &PUPIL,
        &year,
        &[("local_date", "2025-09-10"), ("actor", "3"), ("site", "childline.org.uk"), ("attempts", "2")],
    ])];
    let activity = vec![row(&[
        &PUPIL,
        &monday,
        &[
            ("group_id", "year_7"),
            ("lesson_period", "Period 2"),
            ("records", "20"),
            ("primary_records", "20"),
            ("action", "blocked"),
            ("code", "EDU"),
        ],
    ])];
    let imports = vec![vec![
        ("import_token", "5"),
        ("imported_utc", "2025-12-01T18:00:00Z"),
        ("first_utc", "2025-09-08T07:00:00Z"),
        ("last_utc", "2025-09-12T07:00:00Z"),
    ]];
    let change =
        |token: &'static str, site, group: &'static str, decision, from: &'static str| -> Row<'static> {
            let mut change = vec![
                ("change_token", token),
                ("import_token", "5"),
                ("local_date", "2025-09-09"),
                ("asked", "unblock"),
                ("site", site),
                ("code", "EDU"),
                ("decision", decision),
            ];
            change.extend([("group_id", group)].into_iter().filter(|(_, group)| !group.is_empty()));
            change.extend([("applied_from", from)].into_iter().filter(|(_, from)| !from.is_empty()));
            change
        };
    let changes = vec![
        // Opened to all 30 days after Monday; to year 8 a day after Tuesday; and refused.
        change("1", "quiz.org", "", "approved", "2025-10-08"),
        change("2", "far.org", "year_8", "approved", "2025-09-10"),
        change("3", "far.org", "", "refused", ""),
        change("4", "other.org", "", "pending", ""),
    ];
    vec![
        (&ATTEMPTS, attempts),
        (&CLASS_MINUTES, minutes),
        (&PANEL_DAYS, reached),
        (&ACTOR_DAYS, actor_days),
        (&ACTIVITY, activity),
        (&IMPORTS, imports),
        (&CHANGES, changes),
        (&BLOCKED_SITE_DAYS, blocked_days),
    ]
}

fn of(dir: &Path, tables: Vec<(&'static TableSchema, Vec<Row<'static>>)>) -> School {
    let tables = tables.into_iter().map(|(schema, rows)| (schema, table(schema, &rows)));
    opened(dir, Source::Memory(tables.collect()))
}

async fn asked(school: &School, table: &str) -> Table {
    let ask = Ask { table: Some(table.to_owned()), ..two_weeks() };
    school.overblocking(&ask).await.unwrap().value().clone()
}

#[tokio::test]
async fn bounds_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let school = of(dir.path(), lesson());
    let table = school.overblocking(&two_weeks()).await.unwrap();
    let table = table.value();
    assert_eq!(table.schema, "watershed.overblocking.bounds/1");
    // Of 7 attempts the 5 on quiz.org lie 30 days before it was opened; far.org was opened to another group. OB1: not
    // reviewed. 5 of 7 on learning. Two of three decided requests upheld. One event. Childline blocked for year 7.
    assert_eq!(integers(table, "part"), [Some(5), None, Some(5), Some(2), Some(1), Some(1)]);
    assert_eq!(integers(table, "whole")[..4], [Some(7), None, Some(7), Some(3)]);
    assert_eq!(reals(table, "share"), [Some(0.714), None, Some(0.714), Some(0.667), None, None]);
    assert_eq!(integers(table, "distinct_people")[0], Some(5));
    assert_eq!(reals(table, "largest_share_of_attempts")[0], Some(0.2));
    // Wilson, 2 of 3 (statsmodels): 0.2077 to 0.9385.
    assert_eq!((reals(table, "share_lower")[3], reals(table, "share_upper")[3]), (Some(0.208), Some(0.939)));
    let words = texts(table, "words");
    assert_eq!(words[3], "3 decided, 1 pending");
    // One event in one lesson of 50 minutes: 1,200 per 1,000 lesson-hours.
    assert_eq!(words[4], "1200.0 per 1,000 lesson-hours");
    assert_eq!(words[5], "childline.org.uk");
    assert!(table.reading.contains("at least 5 (71.4 %)"), "{}", table.reading);
    assert!(
        table.reading.contains("No sample") && table.reading.contains("Look first at quiz.org"),
        "{}",
        table.reading
    );
    // Known up to 1 December: 8 September lies before the last 60 days.
    assert!(
        table.notes[0].contains("2025-12-01") && table.notes[0].contains(": 5 of those"),
        "{}",
        table.notes[0]
    );
}

/// Moved to a category that is open: as good as unblocked. Moved to one that is to be blocked: nothing is shown by it.
#[tokio::test]
async fn a_site_that_was_moved_out_of_a_blocked_category_was_opened() {
    let dir = tempfile::tempdir().unwrap();
    let moved = |code: &'static str| {
        let mut tables = lesson();
        let (_, changes) = tables.iter_mut().find(|(schema, _)| schema.name == CHANGES.name).unwrap();
        for change in changes.iter_mut().filter(|change| change.contains(&("site", "quiz.org"))) {
            for (name, value) in change.iter_mut() {
                match *name {
                    "asked" => *value = "recategorise",
                    "code" => *value = code,
                    _ => {}
                }
            }
        }
        tables
    };
    let part = |table: &Table| integers(table, "part")[0];
    let opened = of(dir.path(), moved("EDU")).overblocking(&two_weeks()).await.unwrap();
    assert_eq!(part(opened.value()), Some(5));
    // A request to move a site is none to unblock it: one of two is upheld.
    assert_eq!(integers(opened.value(), "part")[3], Some(1));
    let still = of(dir.path(), moved("GAMBLE")).overblocking(&two_weeks()).await.unwrap();
    assert_eq!(part(still.value()), Some(0));
}

#[tokio::test]
async fn a_lesson_is_blocked_when_half_of_those_active_meet_it() {
    let dir = tempfile::tempdir().unwrap();
    let school = of(dir.path(), lesson());
    let table = asked(&school, "lessons").await;
    assert_eq!(texts(&table, "site"), ["quiz.org"]);
    assert_eq!(
        (integers(&table, "actors"), integers(&table, "active_actors")),
        (vec![Some(5)], vec![Some(7)])
    );
    assert_eq!(
        (texts(&table, "hint"), texts(&table, "afterwards")),
        (vec!["for learning"], vec!["opened 2025-10-08"])
    );
    // Four more active: 5 of 11 are less than half.
    let mut more = lesson();
    for (schema, rows) in &mut more {
        if schema.name == CLASS_MINUTES.name {
            let active = rows[0].iter_mut().filter(|(name, _)| *name == "active_actors");
            active.for_each(|(_, value)| *value = "11");
        }
    }
    assert!(asked(&of(dir.path(), more), "lessons").await.rows.is_empty());
    // Derived before minutes were counted: of eight active on the day five are more than half, so it is an event for certain.
    let mut gone = lesson();
    gone.retain(|(schema, _)| schema.name != CLASS_MINUTES.name);
    let table = asked(&of(dir.path(), gone.clone()), "lessons").await;
    assert_eq!(integers(&table, "active_actors"), [Some(8)]);
    assert!(table.notes.iter().any(|note| note.contains("nobody counted")), "{:?}", table.notes);
    // The fifth comes ten minutes after the first: none.
    for (schema, rows) in &mut gone {
        if schema.name == ATTEMPTS.name {
            rows[4]
                .iter_mut()
                .filter(|(name, _)| *name == "local_minute")
                .for_each(|(_, minute)| *minute = "610");
        }
    }
    assert!(asked(&of(dir.path(), gone), "lessons").await.rows.is_empty());
}

#[tokio::test]
async fn not_asked_for_is_not_open() {
    let dir = tempfile::tempdir().unwrap();
    let school = of(dir.path(), lesson());
    let table = asked(&school, "panel").await;
    let first = &table.rows[0];
    let cell = |id: &str| first[table.column(id).unwrap()].clone();
    assert_eq!((cell("site"), cell("state")), ("childline.org.uk".into(), "blocked".into()));
    assert_eq!(
        (cell("closed_for"), cell("groups_open"), cell("attempts")),
        ("year_7".into(), 1_i64.into(), 2_i64.into())
    );
    let at = |site: &str| texts(&table, "site").iter().position(|known| *known == site);
    let samaritans = at("samaritans.org").unwrap();
    assert_eq!(texts(&table, "state")[samaritans], "not asked for");
    // Monday's records are from before the panel was noted, and one site of it is not the whole panel.
    assert!(table.notes.iter().any(|note| note.starts_with("On 1 day with records")), "{:?}", table.notes);
    // What one pupil did is not told to those who may not see what is marked live, where it may be of that pupil.
    let marked = embargoes::mark(Some(3), None, None);
    embargoes::state(dir.path()).add_embargo(&marked, jiff::Zoned::now().date()).unwrap();
    let open = |table: &Table| integers(table, "groups_open")[0];
    assert_eq!(open(&asked(&of(dir.path(), lesson()), "panel").await), Some(1));
    let head = School { viewer: crate::viewer::Viewer::made(Seat::Head), ..of(dir.path(), lesson()) };
    let seen = asked(&head, "panel").await;
    // The block of year 7 was the same pupil's.
    assert_eq!((open(&seen), integers(&seen, "groups_not_asked")[0]), (Some(0), Some(2)));
    // No group of key stage 4: its sites are not on the list.
    assert_eq!(at("aqa.org.uk"), None);
    assert!(
        table.reading.starts_with("Blocked for some group, at least at times: Childline."),
        "{}",
        table.reading
    );
}

#[tokio::test]
async fn overrides_are_for_those_who_see_what_concerns_staff_and_of_five_at_least() {
    let dir = tempfile::tempdir().unwrap();
    drop(of(dir.path(), Vec::new()));
    with_head(dir.path(), "2025-26", 78);
    let staff =
        |actor| [("actor", actor), ("actor_kind", "person"), ("role", "staff"), ("local_date", "2025-09-08")];
    let at = |site, end| [("site", site), ("end_utc", end), ("code", "SOCIAL")];
    let over =
        |site, at| [("site", site), ("event_time_utc", at), ("action", "bypassed"), ("code", "SOCIAL")];
    let (mut attempts, mut requests) = (Vec::new(), Vec::new());
    for actor in ["51", "52", "53", "54", "55"] {
        attempts.push(row(&[&staff(actor), &at("a.org", "2025-09-08T09:00:00Z")]));
        requests.push(row(&[&staff(actor), &over("a.org", "2025-09-08T09:15:00Z")]));
    }
    // Another site; a second too late; somebody without the right.
    attempts.push(row(&[&staff("51"), &at("b.org", "2025-09-08T09:00:00Z")]));
    attempts.push(row(&[&staff("52"), &at("a.org", "2025-09-08T08:59:59Z")]));
    attempts.push(row(&[&staff("60"), &at("a.org", "2025-09-08T09:00:00Z")]));
    let tables = |requests: &[Row<'static>]| {
        vec![(&STAFF_ATTEMPTS, attempts.clone()), (&STAFF_REQUESTS, requests.to_vec())]
    };
    let table = asked(&of(dir.path(), tables(&requests)), "overrides").await;
    assert_eq!(
        (integers(&table, "attempts"), integers(&table, "overridden")),
        (vec![Some(7)], vec![Some(5)])
    );
    let four = asked(&of(dir.path(), tables(&requests[..4])), "overrides").await;
    assert!(four.rows.is_empty() && four.reading.contains("fewer than 5"), "{}", four.reading);
    let operator = of(dir.path(), tables(&requests)).seen_by(Viewer::operator());
    let ask = Ask { table: Some("overrides".to_owned()), ..two_weeks() };
    assert_eq!(operator.overblocking(&ask).await.unwrap_err().kind(), Kind::Forbidden);
}

#[tokio::test]
async fn alerts_count_labels_and_those_without() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    let table = asked(&school, "alerts").await;
    // Pupil 2 on 16 September; pupil 1 on Saturday the 20th is outside of the two weeks' last day.
    assert_eq!(integers(&table, "alerts"), [Some(1), Some(1)]);
    assert!(table.reading.contains("none of the 1 alert"), "{}", table.reading);
    let mut reviews = Reviews::open(dir.path(), &SchoolId::parse("st-annes").unwrap()).unwrap();
    let day = date(2025, 9, 16);
    reviews.label_alert_of("0000000000000002", "SELFHARM", day, "dsl", true).unwrap();
    reviews.label_alert_of("0000000000000002", "SELFHARM", day, "dsl", false).unwrap();
    assert!(reviews.label_alert_of("2", "SELFHARM", day, "dsl", false).is_err());
    let table = asked(&school, "alerts").await;
    assert_eq!((integers(&table, "labelled")[0], integers(&table, "false_alerts")[0]), (Some(1), Some(1)));
    assert_eq!(reals(&table, "false_share")[0], Some(1.0));
}

#[tokio::test]
async fn a_sample_of_a_lake_is_labelled_and_estimated() {
    let dir = tempfile::tempdir().unwrap();
    let school = of(dir.path(), lesson());
    let found = crate::review::frame::attempts(&school, date(2025, 9, 8), date(2025, 9, 19)).await.unwrap();
    assert_eq!(found.len(), 7);
    let candidates: Vec<_> = found.iter().map(|found| found.candidate.clone()).collect();
    let seed = "ab".repeat(32);
    let wish = crate::review::draw::Wish {
        from: date(2025, 9, 8),
        to: date(2025, 9, 19),
        by: crate::review::By::Group,
        wanted: 200,
        seed: &seed,
    };
    let design = crate::review::draw::draw(&candidates, &wish).unwrap();
    let mut reviews = Reviews::open(dir.path(), &SchoolId::parse("st-annes").unwrap()).unwrap();
    let sample = reviews.keep(&design, "key", "").unwrap();
    // All seven are drawn. What is about far.org was rightly blocked, quiz.org wrongly.
    let site_of =
        |token: i64| found.iter().find(|found| found.candidate.token == token).unwrap().site.clone().unwrap();
    let labels: Vec<(u64, Label)> = design
        .drawn
        .iter()
        .map(|drawn| {
            let wrong = site_of(drawn.token) == "quiz.org";
            (drawn.position, if wrong { Label::ShouldBeOpen } else { Label::Correct })
        })
        .collect();
    for reviewer in ["dsl", "it"] {
        reviews.label(sample, reviewer, &labels, false).unwrap();
    }
    let table = asked(&school, "audit").await;
    assert_eq!(texts(&table, "part"), ["whole school"]);
    assert_eq!(reals(&table, "wrong_share"), [Some(0.714)]);
    // All were looked at: there is nothing left to chance.
    assert_eq!(
        (reals(&table, "wrong_share_lower"), reals(&table, "wrong_share_upper")),
        (vec![Some(0.714)], vec![Some(0.714)])
    );
    assert_eq!(integers(&table, "distinct_pupils"), [Some(5)]);
    assert!(table.reading.contains("71.4 % of the blocks were wrong"), "{}", table.reading);
    // Of one group there is no figure below 20 reviewed, and of a theme none at all.
    let of_group = Ask { group: Some("year_7".to_owned()), ..two_weeks() };
    let bounds = school.overblocking(&of_group).await.unwrap();
    assert_eq!(reals(bounds.value(), "share")[1], None);
    assert!(bounds.value().reading.contains("no figure of this alone"), "{}", bounds.value().reading);
    let share = school.audited_share(date(2025, 9, 1), date(2025, 9, 30)).unwrap().unwrap();
    assert!(!share.carries_a_set() && share.percents() == Some([71, 71, 72]), "{share:?}");
    // Wrong on both lists: quiz.org was asked for and approved, and the audit found it. far.org was opened to year 8.
    let table = asked(&school, "hidden").await;
    assert_eq!(
        (
            integers(&table, "sites_requested"),
            integers(&table, "sites_audited"),
            integers(&table, "sites_both")
        ),
        (vec![Some(2)], vec![Some(1)], vec![Some(1)])
    );
    assert_eq!(reals(&table, "sites_total"), [Some(2.0)]);
}

#[tokio::test]
async fn nothing_known_is_said_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let school = of(dir.path(), Vec::new());
    for (table, words) in [
        ("bounds", "No attempt was blocked"),
        ("audit", "No sample of blocked attempts"),
        ("lessons", "Not measurable: there is no record"),
        ("panel", "Not measurable: there is no record"),
        ("sites", "Not measurable: there is no record"),
        ("differential", "it takes 5 schools"),
        ("alerts", "Not measurable: there is no record"),
        ("hidden", "Not measurable"),
        ("overrides", "fewer than 5"),
    ] {
        let found = asked(&school, table).await;
        assert!(found.reading.contains(words), "{table}: {}", found.reading);
    }
    // A school whose export shows no decision: nowhere a nought that means "unknown".
    let activity =
        [vec![("local_date", "2025-09-08"), ("records", "10"), ("action", "unknown"), ("code", "EDU")]];
    let school = of(dir.path(), vec![(&ACTIVITY, activity.to_vec())]);
    for table in ["bounds", "audit", "lessons", "panel", "sites", "differential", "hidden"] {
        let found = asked(&school, table).await;
        assert_eq!(found.reading, "Not measurable: this export shows no decision.", "{table}");
    }
}
