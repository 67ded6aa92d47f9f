//! The change ledger over hand-made tables.

use ingest::schema::{ACTOR_THEME_DAYS, BLOCKED_SITE_DAYS, CHANGES, REQUESTS};

use super::*;

fn change<'a>(token: &'a str, day: &'a str, of: &[(&'a str, &'a str)]) -> Row<'a> {
    let mut cells = vec![("change_token", token), ("local_date", day), ("kind", "ledger"), ("code", "UNCAT")];
    cells.retain(|(name, _)| !of.iter().any(|(own, _)| own == name));
    cells.extend(of);
    cells
}

fn with(dir: &Path, tables: &[(&'static TableSchema, Vec<Row<'static>>)], seat: Seat) -> School {
    let made = tables.iter().map(|(schema, rows)| (*schema, table(schema, rows))).collect();
    School { viewer: Viewer::made(seat), ..opened(dir, Source::Memory(made)) }
}

async fn asked(school: &School, which: &str, ask: Ask) -> Table {
    let ask = Ask { table: Some(which.to_owned()), ..ask };
    school.metric("changes", &ask).await.unwrap().value().clone()
}

/// Waits in school days: 8 to 10 September 2, the 9th 0, Friday 12 to Monday 15 1, and one that still waits after 4.
/// S(0) = 3/4, S(1) = 1/2, S(2) = 1/4.
#[tokio::test]
async fn requests_and_decisions() {
    let dir = tempfile::tempdir().unwrap();
    let unblock = [("asked", "unblock"), ("requester_role", "teacher")];
    let rows = vec![
        change(
            "1",
            "2025-09-08",
            &[
                unblock[0],
                unblock[1],
                ("decision", "approved"),
                ("decided_date", "2025-09-10"),
                ("decided_by_other", "true"),
                ("reason_given", "true"),
            ],
        ),
        change(
            "2",
            "2025-09-09",
            &[
                unblock[0],
                unblock[1],
                ("kind", "ticket"),
                ("decision", "refused"),
                ("decided_date", "2025-09-09"),
                ("decided_by_other", "false"),
                ("reason_given", "true"),
            ],
        ),
        change(
            "3",
            "2025-09-12",
            &[
                ("asked", "block"),
                ("requester_role", "dsl"),
                ("decision", "approved"),
                ("decided_date", "2025-09-15"),
                ("risk_noted", "true"),
            ],
        ),
        change("4", "2025-09-15", &[unblock[0], ("requester_role", "it"), ("decision", "pending")]),
        change(
            "5",
            "2025-09-16",
            &[("kind", "report"), ("asked", "block"), ("requester_role", "pupil"), ("decision", "unknown")],
        ),
        change(
            "6",
            "2025-09-16",
            &[
                unblock[0],
                ("requester_role", "teacher"),
                ("illegal", "true"),
                ("code", "ILL-CSAM"),
                ("decision", "pending"),
            ],
        ),
        change("7", "2025-09-01", &[unblock[0], ("requester_role", "teacher"), ("decision", "pending")]),
    ];
    let school = with(dir.path(), &[(&CHANGES, rows)], Seat::It);
    let table = asked(&school, "summary", two_weeks()).await;
    assert_eq!(
        texts(&table, "value"),
        ["requests", "block", "unblock", "dsl", "it", "teacher", "reported sites"]
    );
    let first = |id| integers(&table, id)[0];
    let ids = ["requests", "decided", "opened", "refused", "pending", "withdrawn"];
    assert_eq!(ids.map(first), [4, 3, 1, 1, 1, 0].map(Some));
    let real = |id| reals(&table, id)[0];
    assert_eq!((real("median_school_days"), real("p90_school_days")), (Some(1.0), None));
    assert!(table.notes.iter().any(|note| note.contains("not known for these days")));
    let table = asked(&school, "process", two_weeks()).await;
    let real = |id| reals(&table, id)[0];
    // Wilson 2 of 4 and 1 of 2.
    assert_eq!(
        (real("reason_share"), real("reason_share_lower"), real("reason_share_upper")),
        (Some(0.5), Some(0.15), Some(0.85))
    );
    assert_eq!(
        (real("by_other_share"), real("by_other_share_lower"), real("by_other_share_upper")),
        (Some(0.5), Some(0.095), Some(0.905))
    );
    assert_eq!((real("risk_noted_share"), integers(&table, "by_other_unknown")[0]), (Some(0.5), Some(1)));
    assert!(table.reading.contains("1 was decided by the person who asked"), "{}", table.reading);
    let none = asked(&with(dir.path(), &[], Seat::Dsl), "summary", two_weeks()).await;
    assert!(
        none.rows.is_empty() && none.reading.starts_with("Not measurable: no change ledger"),
        "{}",
        none.reading
    );
}

fn through(site: &'static str, group: &'static str, actor: &'static str, day: &'static str) -> Row<'static> {
    row(&[
        &PUPIL,
        &[
            ("site", site),
            ("group_id", group),
            ("actor", actor),
            ("local_date", day),
            ("action", "allowed"),
            ("code", "EDU"),
        ],
    ])
}

#[tokio::test]
async fn unblocks_past_their_end_and_those_never_used() {
    let dir = tempfile::tempdir().unwrap();
    let opened = |token, day, of: &[(&'static str, &'static str)]| {
        change(
            token,
            day,
            &[&[("asked", "unblock"), ("decision", "approved"), ("group_id", "year_8")], of].concat(),
        )
    };
    let rows = vec![
        // Used on the 9th within, on the 17th after.
        opened(
            "1",
            "2025-09-08",
            &[("site", "example.org"), ("applied_from", "2025-09-08"), ("applied_to", "2025-09-12")],
        ),
        // From the 8th on and never used: nine school days.
        opened("2", "2025-09-08", &[("site", "never.example"), ("applied_from", "2025-09-08")]),
        // Used by another group only, and three school days old.
        opened("3", "2025-09-16", &[("site", "young.example"), ("applied_from", "2025-09-16")]),
        opened("4", "2025-09-08", &[("code", "GAMES")]),
        change(
            "5",
            "2025-09-08",
            &[
                ("asked", "unblock"),
                ("decision", "approved"),
                ("site", "other.example"),
                ("group_id", "year_13"),
            ],
        ),
        // What is refused opened nothing.
        change("6", "2025-09-08", &[("asked", "unblock"), ("decision", "refused"), ("site", "shut.example")]),
        // Ended on the 10th; opened again by the next row, so the 11th is not after its end.
        opened(
            "7",
            "2025-09-08",
            &[("site", "again.example"), ("applied_from", "2025-09-08"), ("applied_to", "2025-09-10")],
        ),
        opened(
            "8",
            "2025-09-11",
            &[("site", "again.example"), ("applied_from", "2025-09-11"), ("applied_to", "2025-09-30")],
        ),
    ];
    let mut noise = through("never.example", "year_8", "1", "2025-09-09");
    noise.push(("record_noise", "true"));
    let requests = vec![
        through("example.org", "year_8", "1", "2025-09-09"),
        through("example.org", "year_8", "1", "2025-09-17"),
        through("example.org", "year_8", "2", "2025-09-17"),
        through("example.org", "year_9", "3", "2025-09-18"),
        through("again.example", "year_8", "2", "2025-09-11"),
        through("young.example", "year_9", "3", "2025-09-17"),
        through("bbc.co.uk", "year_8", "3", "2025-09-05"),
        noise,
    ];
    let activity = ["year_8", "year_9"]
        .map(|group| row(&[&PUPIL, &[("group_id", group), ("local_date", "2025-09-09"), ("records", "5")]]));
    let school = with(
        dir.path(),
        &[(&CHANGES, rows), (&REQUESTS, requests), (&ACTIVITY, activity.to_vec())],
        Seat::It,
    );
    let table = asked(&school, "temporary", two_weeks()).await;
    let lines: Vec<_> = (0..table.rows.len())
        .map(|at| {
            let number = |id| integers(&table, id)[at];
            (
                texts(&table, "finding")[at],
                texts(&table, "about")[at],
                number("uses_within"),
                number("uses_after"),
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("still used after its end", "example.org", Some(1), Some(2)),
            ("never used", "never.example", Some(0), None),
            ("running", "again.example", Some(1), Some(0)),
            ("running, not used yet", "young.example", Some(0), None),
            ("ended, not used since", "again.example", Some(0), Some(0)),
            ("cannot be told: no single site", "category GAMES", None, None),
            ("cannot be told: no records of that group", "other.example", None, None),
        ]
    );
    // Two actors; two of three uses by actor 1. From Friday 12 to Wednesday 17 September: three school days.
    assert_eq!(
        (integers(&table, "distinct_people")[0], integers(&table, "school_days_past_end")[0]),
        (Some(2), Some(3))
    );
    assert_eq!(reals(&table, "largest_share_of_uses")[0], Some(0.667));
    assert!(
        table.reading.starts_with("Of 7 unblocks: 1 past the end and still used, 1 never used, 2 running"),
        "{}",
        table.reading
    );
    let gone = with(
        dir.path(),
        &[
            (
                &CHANGES,
                vec![opened("1", "2025-09-08", &[("site", "example.org"), ("applied_to", "2025-09-12")])],
            ),
            (&ACTIVITY, activity.to_vec()),
        ],
        Seat::It,
    );
    assert_eq!(
        texts(&asked(&gone, "temporary", two_weeks()).await, "finding"),
        ["cannot be told: its days are no longer kept"]
    );
}

/// Two sites flip for year 8 between 11 and 15 September: one has a row of the ledger on the 12th, one has none.
#[tokio::test]
async fn a_flip_without_a_row_is_a_change_that_nobody_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let (mut blocked, mut requests) = (Vec::new(), Vec::new());
    for site in ["told.example", "untold.example"] {
        for (actor, day) in [("1", "2025-09-09"), ("2", "2025-09-10"), ("3", "2025-09-11")] {
            blocked.push(row(&[
                &PUPIL,
                &[
                    ("site", site),
                    ("group_id", "year_8"),
                    ("code", "EDU"),
                    ("actor", actor),
                    ("local_date", day),
                    ("records", "1"),
                ],
            ]));
        }
        for (actor, day) in [("1", "2025-09-15"), ("2", "2025-09-16"), ("4", "2025-09-17")] {
            requests.push(through(site, "year_8", actor, day));
        }
        // Year 9 was always let through: no flip there.
        requests.push(through(site, "year_9", "8", "2025-09-09"));
    }
    let rows = vec![change(
        "1",
        "2025-09-12",
        &[("asked", "unblock"), ("decision", "approved"), ("site", "told.example")],
    )];
    let tables = [(&BLOCKED_SITE_DAYS, blocked), (&REQUESTS, requests), (&CHANGES, rows)];
    let table = asked(&with(dir.path(), &tables, Seat::It), "unrecorded", two_weeks()).await;
    assert_eq!(
        (texts(&table, "site"), texts(&table, "flip")),
        (vec!["untold.example"], vec!["blocked, then let through"])
    );
    assert_eq!(
        (texts(&table, "last_before"), texts(&table, "first_after")),
        (vec!["2025-09-11"], vec!["2025-09-15"])
    );
    assert_eq!(
        (integers(&table, "distinct_people"), reals(&table, "largest_share_of_actor_days")),
        (vec![Some(4)], vec![Some(0.333)])
    );
    assert!(
        table.reading.starts_with("1 flip") && table.reading.contains("1 other is recorded"),
        "{}",
        table.reading
    );
    let none = asked(&with(dir.path(), &[], Seat::It), "unrecorded", two_weeks()).await;
    assert!(none.reading.starts_with("Not measurable: no single record"), "{}", none.reading);
}

/// The six pupils of the statistic's own test: 20 active days before and after, 12 and 6 actor-days in the theme for
/// year 8, 11 and 11 for year 9; ratio 0.5, 0.219 to 1.142.
fn around() -> Vec<(&'static TableSchema, Vec<Row<'static>>)> {
    let days = |from: Date| -> Vec<&'static str> {
        let days = from.series(jiff::Span::new().days(1));
        let school = days.filter(|day| crate::window::SchoolDays::is_school_day(&TwoTerms, *day)).take(20);
        school.map(|day| &*day.to_string().leak()).collect()
    };
    let (before, after) = (days(date(2025, 9, 3)), days(date(2025, 10, 1)));
    let (mut active, mut in_theme, mut activity) = (Vec::new(), Vec::new(), Vec::new());
    for (actor, group, parts) in [
        ("1", "year_8", [4, 1]),
        ("2", "year_8", [3, 2]),
        ("3", "year_8", [5, 3]),
        ("4", "year_9", [4, 4]),
        ("5", "year_9", [2, 3]),
        ("6", "year_9", [5, 4]),
    ] {
        for (days, part) in [(&before, parts[0]), (&after, parts[1])] {
            for (at, day) in days.iter().enumerate() {
                let of = [("actor", actor), ("group_id", group), ("local_date", *day)];
                active.push(row(&[&PUPIL, &of, &[("primary_records", "3")]]));
                activity.push(row(&[&PUPIL, &of[1..], &[("records", "3")]]));
                if at < part {
                    in_theme.push(row(&[&PUPIL, &of, &[("theme", "Games"), ("episodes", "1")]]));
                }
            }
        }
    }
    vec![(&ACTOR_DAYS, active), (&ACTOR_THEME_DAYS, in_theme), (&ACTIVITY, activity)]
}

#[tokio::test]
async fn before_and_after_a_change_beside_groups_that_it_did_not_touch() {
    let dir = tempfile::tempdir().unwrap();
    let made = [("asked", "block"), ("decision", "approved"), ("theme", "Games"), ("code", "GAMES")];
    let rows = vec![
        change(
            "1",
            "2025-09-29",
            &[&made[..], &[("group_id", "year_8"), ("applied_from", "2025-10-01")]].concat(),
        ),
        change("2", "2025-10-02", &made),
        change("3", "2025-09-08", &[&made[..], &[("group_id", "year_8")]].concat()),
    ];
    let mut tables = around();
    tables.push((&CHANGES, rows));
    let ask = Ask { from: Some(date(2025, 9, 3)), to: Some(date(2025, 11, 4)), ..Ask::default() };
    let table = asked(&with(dir.path(), &tables, Seat::Leader), "effect", ask).await;
    assert_eq!(texts(&table, "effective_date"), ["2025-10-02", "2025-10-01", "2025-09-08"]);
    assert_eq!(
        texts(&table, "said"),
        ["not measurable: no group named", "no clear change", "not measurable: few days with data"]
    );
    // 12, 6, 11 and 11 of 60 days each.
    let ids = ["affected_before", "affected_after", "others_before", "others_after"];
    let rates = ids.map(|id| reals(&table, &format!("{id}_per_1000"))[1]);
    assert_eq!(rates, [200.0, 100.0, 183.333, 183.333].map(Some));
    let ratio = ["ratio", "ratio_lower", "ratio_upper"].map(|id| reals(&table, id)[1]);
    assert_eq!(ratio, [Some(0.5), Some(0.219), Some(1.142)]);
    // Most in the theme: 9 of 40 days by pupil 6.
    assert_eq!(
        (integers(&table, "distinct_people")[1], reals(&table, "largest_share_of_actor_days")[1]),
        (Some(6), Some(0.225))
    );
    assert_eq!(integers(&table, "other_changes")[1], Some(2));
    assert!(table.reading.contains("1 with no clear change, 2 not measurable"), "{}", table.reading);
}

#[tokio::test]
async fn what_calls_for_a_review_and_severity_five_is_not_for_everybody() {
    let dir = tempfile::tempdir().unwrap();
    let root = SchoolRoot::new(dir.path(), &SchoolId::parse("st-annes").unwrap());
    std::fs::create_dir_all(root.settings()).unwrap();
    let networks = "cidr,network,kind,valid_from\n10.9.0.0/16,Sixth form,byod,2025-09-15\n10.1.0.0/16,Old,site,2025-01-01\n";
    std::fs::write(root.settings().join("networks.csv"), networks).unwrap();
    let rows = vec![
        change("1", "2025-09-10", &[("asked", "block"), ("decision", "approved"), ("code", "GAMES")]),
        change(
            "2",
            "2025-09-10",
            &[("asked", "unblock"), ("decision", "approved"), ("site", "example.org"), ("severity", "1")],
        ),
        change(
            "3",
            "2025-09-10",
            &[("asked", "unblock"), ("decision", "approved"), ("site", "grave.example"), ("severity", "3")],
        ),
    ];
    let mut ai = through("new-bot.example", "year_8", "1", "2025-09-17");
    ai.retain(|(name, _)| *name != "code");
    ai.push(("code", "GENAI"));
    let episodes = vec![row(&[
        &PUPIL,
        &[("actor", "1"), ("local_date", "2025-09-12"), ("severity", "5"), ("outcome", "allowed")],
    ])];
    let activity = vec![row(&[&PUPIL, &[("local_date", "2025-06-02"), ("records", "1")]])];
    let tables = [(&CHANGES, rows), (&REQUESTS, vec![ai]), (&EPISODES, episodes), (&ACTIVITY, activity)];
    let seen = async |seat| {
        let table = asked(&with(dir.path(), &tables, seat), "triggers", two_weeks()).await;
        texts(&table, "what").iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let dsl = seen(Seat::Dsl).await;
    assert_eq!(
        dsl,
        [
            "first record of new-bot.example",
            "network Sixth form begins in networks.csv",
            "episodes of severity 5 in the web log",
            "block: category GAMES for no group named",
            "unblock: grave.example for no group named"
        ]
    );
    assert_eq!(seen(Seat::It).await.len(), 4);
    let none = asked(
        &with(dir.path(), &[], Seat::It),
        "triggers",
        Ask { from: Some(date(2025, 10, 6)), to: Some(date(2025, 10, 10)), ..Ask::default() },
    )
    .await;
    assert!(none.reading.starts_with("Nothing in these days calls for"), "{}", none.reading);
}

#[tokio::test]
async fn reviews_and_actions_that_are_due() {
    let dir = tempfile::tempdir().unwrap();
    let root = SchoolRoot::new(dir.path(), &SchoolId::parse("st-annes").unwrap());
    let none = with(dir.path(), &[], Seat::It);
    for which in ["exceptions", "actions"] {
        let table = asked(&none, which, two_weeks()).await;
        assert!(table.rows.is_empty() && table.reading.starts_with("No "), "{which}");
    }
    std::fs::create_dir_all(root.settings()).unwrap();
    let exceptions = "reference,holder,what,owner_role,review,valid_from,valid_to\n\
        E-1,Staff,social media,headteacher,2025-09-09,2025-01-01,\n\
        E-2,Year 11,video,head of art,2025-10-01,2025-01-01,\n\
        E-3,Guests,streaming,IT,2026-07-01,2025-01-01,\n\
        E-4,Year 7,games,IT,2025-09-01,2025-01-01,2025-09-02\n";
    std::fs::write(root.settings().join("exceptions.csv"), exceptions).unwrap();
    let actions = "action,finding,source,raised,owner_role,due,closed,evidence\n\
        A-1,guest network unlisted,coverage,2025-09-01,IT,2025-09-12,,\n\
        A-2,revision site blocked,overblocking,2025-09-01,DSL,2025-09-30,2025-09-08,minutes of 8 September\n\
        A-3,tests of Year 9 missing,check,2025-09-10,IT,2025-10-31,2025-10-20,ticket 12\n\
        A-4,later,check,2025-10-10,IT,2025-10-31,,\n";
    std::fs::write(root.settings().join("actions.csv"), actions).unwrap();
    let school = with(dir.path(), &[], Seat::It);
    let table = asked(&school, "exceptions", two_weeks()).await;
    assert_eq!(texts(&table, "state"), ["review overdue", "review due soon", "in order", "ended"]);
    assert_eq!(integers(&table, "days_overdue"), [Some(10), None, None, None]);
    assert!(
        table
            .reading
            .starts_with("On 19 September 2025: 3 exceptions in force, 1 with a review overdue, 1 due"),
        "{}",
        table.reading
    );
    let table = asked(&school, "actions", two_weeks()).await;
    // A-3 was closed later, A-4 was found later.
    assert_eq!(texts(&table, "action"), ["A-1", "A-3", "A-2"]);
    assert_eq!(texts(&table, "state"), ["overdue", "open", "closed"]);
    assert_eq!(integers(&table, "days_overdue"), [Some(7), None, None]);
    assert!(
        table.reading.contains(
            "2 open actions, 1 overdue, 1 closed with evidence. Half of the closed ones took 7 days"
        ),
        "{}",
        table.reading
    );
}
