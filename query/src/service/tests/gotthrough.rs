//! What got through and what was first seen, over hand-made tables.

use ingest::schema::{
    ACTIVITY, ACTOR_DAYS, BLOCKED_SITE_DAYS, CHANGES, CHECKS, EPISODES, REQUESTS, TableSchema,
};

use super::*;

type Rows = Vec<Row<'static>>;

fn of(dir: &Path, tables: Vec<(&'static TableSchema, Rows)>) -> School {
    let tables = tables.into_iter().map(|(schema, rows)| (schema, table(schema, &rows)));
    opened(dir, Source::Memory(tables.collect()))
}

fn asked(name: &str) -> Ask {
    Ask { table: Some(name.to_owned()), ..two_weeks() }
}

fn texts(table: &Table, id: &str) -> Vec<String> {
    column(table, id).iter().map(|cell| cell.text().unwrap_or_default().to_owned()).collect()
}

const Y7: (&str, &str) = ("group_id", "year_7");

fn episode(
    actor: &'static str,
    day: &'static str,
    theme: &'static str,
    outcome: &'static str,
) -> Row<'static> {
    row(&[
        &PUPIL,
        &[
            Y7,
            ("actor", actor),
            ("local_date", day),
            ("theme", theme),
            ("outcome", outcome),
            ("severity", "3"),
        ],
    ])
}

fn records(theme: &'static str, code: &'static str, action: &'static str, n: &'static str) -> Row<'static> {
    vec![
        Y7,
        ("local_date", "2025-09-08"),
        ("theme", theme),
        ("code", code),
        ("action", action),
        ("records", n),
        ("primary_records", n),
    ]
}

/// Sexual content is PORN (must block) and ADULT (block): wholly to be blocked by the usual stance. Contact risks
/// hold CHAT, which is left open. Pupil 1 has three episodes, two of them let through in part; pupil 2 one.
#[tokio::test]
async fn what_was_let_through_against_policy() {
    let dir = tempfile::tempdir().unwrap();
    let tables = || {
        vec![
            (
                &EPISODES,
                vec![
                    episode("1", "2025-09-08", "Sexual content", "blocked"),
                    episode("1", "2025-09-09", "Sexual content", "mixed"),
                    episode("1", "2025-09-10", "Sexual content", "allowed"),
                    episode("2", "2025-09-10", "Sexual content", "allowed"),
                    episode("2", "2025-09-10", "Sexual content", "unknown"),
                    episode("2", "2025-09-10", "Contact risks", "allowed"),
                ],
            ),
            (
                &ACTIVITY,
                vec![
                    records("Sexual content", "PORN", "allowed", "5"),
                    records("Sexual content", "PORN", "blocked", "40"),
                    records("Sexual content", "ADULT", "proceeded", "2"),
                    records("Contact risks", "CHAT", "allowed", "70"),
                    records("Contact risks", "DATING", "blocked", "3"),
                ],
            ),
        ]
    };
    let school = of(dir.path(), tables());
    let found = school.metric("gotthrough", &asked("policy")).await.unwrap();
    let found = found.value();
    assert_eq!(texts(found, "theme"), ["Sexual content", "Contact risks"]);
    assert_eq!(integers(found, "episodes_through"), [Some(3), None], "chats are left open: no episode tells");
    assert_eq!(integers(found, "episodes"), [Some(4), None]);
    assert_eq!(reals(found, "through_share"), [Some(0.75), None]);
    assert_eq!(integers(found, "records_allowed"), [Some(7), Some(0)]);
    assert_eq!(integers(found, "records_blocked"), [Some(40), Some(3)]);
    assert_eq!(integers(found, "distinct_people"), [Some(2), None]);
    // Two of the three are pupil 1's.
    assert_eq!(reals(found, "largest_share_of_episodes"), [Some(0.667), None]);
    assert!(
        found.reading.starts_with("Sexual content in year_7: something was let through in 3 of 4 episodes")
    );
    assert!(found.notes.iter().any(|note| note.contains("No policy snapshot is recorded")));

    // A live matter cannot be taken out of records: the head gets episodes only, and no row that is records alone.
    let head = School { viewer: Viewer::made(Seat::Head), ..of(dir.path(), tables()) };
    let found = head.metric("gotthrough", &asked("policy")).await.unwrap();
    assert_eq!(texts(found.value(), "theme"), ["Sexual content"]);
    assert_eq!(integers(found.value(), "records_allowed"), [None]);
    assert_eq!(integers(found.value(), "episodes_through"), [Some(3)]);

    // From the 10th on the school leaves ADULT open for the group: that day's episodes are no gap any more.
    let settings = SchoolRoot::new(dir.path(), &SchoolId::parse("st-annes").unwrap()).settings();
    std::fs::create_dir_all(&settings).unwrap();
    let snapshot = "group,common_code,stance,valid_from\nyear_7,ADULT,context,2025-09-10\n";
    std::fs::write(settings.join("policy_snapshot.csv"), snapshot).unwrap();
    let school = of(dir.path(), tables());
    let found = school.metric("gotthrough", &asked("policy")).await.unwrap();
    assert_eq!(integers(found.value(), "episodes_through"), [Some(1), None]);
    assert_eq!(integers(found.value(), "episodes"), [Some(2), None]);
    assert_eq!(integers(found.value(), "records_allowed"), [Some(7), Some(0)], "8 September");
}

#[tokio::test]
async fn an_export_without_decisions_and_an_empty_lake_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let silent = of(dir.path(), vec![(&ACTIVITY, vec![records("Sexual content", "PORN", "unknown", "9")])]);
    let found = silent.metric("gotthrough", &asked("policy")).await.unwrap();
    assert_eq!(found.value().reading, "Not measurable: this export shows no decision.");
    assert!(found.value().rows.is_empty());
    let empty = of(dir.path(), Vec::new());
    for (word, table) in [
        ("gotthrough", "policy"),
        ("gotthrough", "recategorised"),
        ("gotthrough", "reported"),
        ("gotthrough", "tests"),
        ("searches", "new"),
        ("searches", "engines"),
        ("searches", "bypass"),
        ("searches", "ai"),
    ] {
        let found = empty.metric(word, &asked(table)).await.unwrap();
        assert!(found.value().rows.is_empty() && !found.value().reading.is_empty(), "{word} {table}");
    }
}

fn request(actor: &'static str, day: &'static str, other: &[(&'static str, &'static str)]) -> Row<'static> {
    let usual = [
        PUPIL[0],
        PUPIL[1],
        ("local_date", day),
        ("actor", actor),
        ("action", "allowed"),
        ("local_minute", "630"),
        ("network", "library"),
        ("severity", "3"),
        Y7,
    ];
    let kept = usual.iter().filter(|(name, _)| !other.iter().any(|(changed, _)| changed == name)).copied();
    row(&[&kept.collect::<Vec<_>>(), other])
}

/// The site is blocked on 15 September. Visits 14 days before by two pupils count, one of them on two days; a visit
/// 31 days before, one on the day itself and one that was blocked do not.
#[tokio::test]
async fn what_was_visited_before_it_was_blocked() {
    let dir = tempfile::tempdir().unwrap();
    let at = |actor, day| request(actor, day, &[("site", "bad.example")]);
    let requests = vec![
        at("1", "2025-09-01"),
        at("1", "2025-09-01"),
        at("1", "2025-09-02"),
        at("2", "2025-09-12"),
        at("3", "2025-08-15"),
        at("4", "2025-09-15"),
        request("5", "2025-09-12", &[("site", "bad.example"), ("action", "blocked")]),
    ];
    let change = |token, site, asked, decision| {
        vec![
            ("local_date", "2025-09-12"),
            ("change_token", token),
            ("kind", "ledger"),
            ("site", site),
            ("asked", asked),
            ("decision", decision),
            ("applied_from", "2025-09-15"),
            ("code", "DRUGS"),
            ("theme", "Drugs, alcohol, tobacco"),
        ]
    };
    let changes = vec![
        change("1", "bad.example", "block", "approved"),
        change("2", "quiet.example", "block", "approved"),
        change("3", "refused.example", "block", "refused"),
        change("4", "open.example", "unblock", "approved"),
    ];
    let school = of(dir.path(), vec![(&REQUESTS, requests), (&CHANGES, changes)]);
    let found = school.metric("gotthrough", &asked("recategorised")).await.unwrap();
    assert_eq!(texts(found.value(), "site"), ["bad.example", "quiet.example"]);
    assert_eq!(integers(found.value(), "actor_days"), [Some(3), Some(0)]);
    assert_eq!(integers(found.value(), "distinct_people"), [Some(2), Some(0)]);
    assert_eq!(reals(found.value(), "largest_share_of_actor_days"), [Some(0.667), None]);
    assert!(
        found.value().reading.starts_with("Of 2 sites put under a block in these days, 1 had been visited")
    );
}

#[tokio::test]
async fn reports_and_tests() {
    let dir = tempfile::tempdir().unwrap();
    let report = |token, day, decided: &'static str| {
        let mut row = vec![
            ("local_date", day),
            ("change_token", token),
            ("kind", "report"),
            ("asked", "block"),
            ("site", "seen.example"),
            ("code", "PORN"),
            ("requester_role", "teacher"),
            ("decision", if decided.is_empty() { "pending" } else { "approved" }),
        ];
        if !decided.is_empty() {
            row.push(("decided_date", decided));
        }
        row
    };
    let check = |token, expected, observed| {
        vec![
            ("local_date", "2025-09-10"),
            ("check_token", token),
            ("code", "PORN"),
            ("device_type", "ios"),
            ("expected", expected),
            ("observed", observed),
        ]
    };
    let school = of(
        dir.path(),
        vec![
            (&CHANGES, vec![report("1", "2025-09-09", "2025-09-11"), report("2", "2025-09-10", "")]),
            (
                &CHECKS,
                vec![
                    check("1", "blocked", "allowed"),
                    check("2", "blocked", "blocked"),
                    check("3", "blocked", "error"),
                    check("4", "allowed", "allowed"),
                ],
            ),
        ],
    );
    let found = school.metric("gotthrough", &asked("reported")).await.unwrap();
    assert_eq!(integers(found.value(), "decision_days"), [None, Some(2)]);
    assert_eq!(
        found.value().reading,
        "2 sites were reported as unsuitable; 1 is not decided yet by what the list says."
    );
    let found = school.metric("gotthrough", &asked("tests")).await.unwrap();
    assert_eq!(integers(found.value(), "tests_reached"), [Some(1)]);
    assert_eq!(integers(found.value(), "tests"), [Some(3)]);
    assert_eq!(integers(found.value(), "tests_unclear"), [Some(1)]);
    assert!(found.value().reading.starts_with("1 of 3 test pages could be reached"));
}

/// In the window: a site seen by two pupils, one that was blocked in July, one visited in August, a search by one
/// pupil on two days, and the same words again by another.
#[tokio::test]
async fn what_was_first_seen() {
    let dir = tempfile::tempdir().unwrap();
    let theme = ("theme", "Drugs, alcohol, tobacco");
    let site = |actor, day, site| request(actor, day, &[("site", site), theme]);
    let search = |actor, day| {
        request(
            actor,
            day,
            &[
                ("site", "google.com"),
                ("search_token", "255"),
                ("search_theme", "Self-harm"),
                theme,
                ("severity", "4"),
            ],
        )
    };
    let requests = vec![
        site("1", "2025-09-08", "new.example"),
        request("2", "2025-09-09", &[("site", "new.example"), theme, ("action", "blocked")]),
        site("1", "2025-09-08", "old.example"),
        site("1", "2025-08-20", "old.example"),
        site("1", "2025-09-08", "july.example"),
        request("1", "2025-09-08", &[("site", "mild.example"), theme, ("severity", "2")]),
        request("1", "2025-09-08", &[("site", "noise.example"), theme, ("record_noise", "true")]),
        search("1", "2025-09-08"),
        search("1", "2025-09-09"),
        search("3", "2025-09-10"),
    ];
    let july =
        vec![row(&[&PUPIL, &[("local_date", "2025-07-08"), ("site", "july.example"), ("actor", "3")]])];
    let school = of(dir.path(), vec![(&REQUESTS, requests), (&BLOCKED_SITE_DAYS, july)]);
    let found = school.metric("searches", &asked("new")).await.unwrap();
    assert_eq!(texts(found.value(), "item"), ["00000000000000ff", "new.example"]);
    assert_eq!(texts(found.value(), "theme"), ["Self-harm", "Drugs, alcohol, tobacco"]);
    assert_eq!(texts(found.value(), "outcome"), ["allowed", "mixed"]);
    assert_eq!(integers(found.value(), "actor_days"), [Some(3), Some(2)]);
    assert_eq!(integers(found.value(), "distinct_people"), [Some(2), Some(2)]);
    assert_eq!(reals(found.value(), "largest_share_of_actor_days"), [Some(0.667), Some(0.5)]);
    assert!(
        found
            .value()
            .reading
            .contains("1 site and 1 search of severity 3 or more; 2 of them not wholly blocked")
    );
    // The same words twice on one day are one search; three actors' days are three.
    let found = school.metric("searches", &asked("engines")).await.unwrap();
    assert_eq!(
        (texts(found.value(), "site"), integers(found.value(), "searches")),
        (vec!["google.com".into()], vec![Some(3)])
    );
}

#[tokio::test]
async fn ways_round_the_filter_and_generative_ai() {
    let dir = tempfile::tempdir().unwrap();
    let with = |actor, code, site, action, minute| {
        request(
            actor,
            "2025-09-08",
            &[("code", code), ("site", site), ("action", action), ("local_minute", minute)],
        )
    };
    let requests = vec![
        with("1", "BYPASS", "proxy.example", "blocked", "659"),
        with("2", "BYPASS", "proxy.example", "allowed", "601"),
        with("2", "BYPASS", "vpn.example", "blocked", "660"),
        with("1", "GENAI", "chat.example", "allowed", "700"),
        with("2", "GENAI", "chat.example", "blocked", "700"),
        with("2", "AISIM", "friend.example", "blocked", "700"),
        with("3", "EDU", "bbc.co.uk", "allowed", "700"),
        request("9", "2025-09-08", &[("code", "GENAI"), ("site", "chat.example"), ("actor_kind", "device")]),
    ];
    let school = of(dir.path(), vec![(&REQUESTS, requests)]);
    let found = school.metric("searches", &asked("bypass")).await.unwrap();
    assert_eq!(texts(found.value(), "hour"), ["10:00", "11:00"]);
    assert_eq!(integers(found.value(), "actor_days"), [Some(2), Some(1)]);
    assert_eq!(integers(found.value(), "actor_days_through"), [Some(1), Some(0)]);
    assert_eq!(integers(found.value(), "distinct_people"), [Some(2), Some(1)]);
    let found = school.metric("searches", &asked("ai")).await.unwrap();
    // Three pupils were active; the device is none.
    assert_eq!(texts(found.value(), "site"), ["any of them", "chat.example", "friend.example"]);
    assert_eq!(integers(found.value(), "pupils"), [Some(2), Some(2), Some(1)]);
    assert_eq!(integers(found.value(), "pupils_through"), [Some(1), Some(1), Some(0)]);
    assert_eq!(integers(found.value(), "active_pupils"), [Some(3); 3]);
    // Wilson, 2 of 3 and 1 of 3 by hand: (2 + 1.9207 -+ 1.96 sqrt(2 * 1/3 + 0.9604)) / (3 + 3.8415).
    assert_eq!(reals(found.value(), "prevalence_share_lower"), [Some(0.208), Some(0.208), Some(0.061)]);
    assert_eq!(reals(found.value(), "prevalence_share_upper"), [Some(0.939), Some(0.939), Some(0.792)]);
}

/// Six school days of year 7 with 100 records each, 20 of games and 2 of social media; four days of year 12.
#[tokio::test]
async fn use_beside_what_is_expected_of_the_key_stage() {
    let dir = tempfile::tempdir().unwrap();
    const DAYS: [&str; 6] =
        ["2025-09-08", "2025-09-09", "2025-09-10", "2025-09-11", "2025-09-12", "2025-09-15"];
    let of_day =
        |group: &'static str, day: &'static str, code: &'static str, n: &'static str| -> Row<'static> {
            vec![
                ("group_id", group),
                ("local_date", day),
                ("code", code),
                ("actor_kind", "person"),
                ("primary_records", n),
            ]
        };
    let mut activity = Vec::new();
    for (at, day) in DAYS.into_iter().enumerate() {
        activity.extend(
            [("GAMES", "20"), ("SOCIAL", "2"), ("EDU", "78")].map(|(code, n)| of_day("year_7", day, code, n)),
        );
        if at < 4 {
            activity.push(of_day("year_12", day, "GAMES", "50"));
        }
    }
    activity.push(of_day("visitors", DAYS[0], "GAMES", "50"));
    let stage = |group: &'static str, stage: &'static str| -> Row<'static> {
        row(&[
            &PUPIL,
            &[("group_id", group), ("key_stage", stage), ("actor", "1"), ("local_date", "2025-09-08")],
        ])
    };
    let tables = || {
        vec![
            (&ACTIVITY, activity.clone()),
            (&ACTOR_DAYS, vec![stage("year_7", "KS3"), stage("year_12", "KS5")]),
        ]
    };
    let found = of(dir.path(), tables()).groups(&asked("expected")).await.unwrap();
    let found = found.value();
    let line = |group: &str, what: &str| {
        let at = texts(found, "group_id")
            .iter()
            .zip(texts(found, "what"))
            .position(|(g, w)| g == group && w == what);
        let at = at.unwrap();
        (texts(found, "standing")[at].clone(), integers(found, "records")[at], reals(found, "use_share")[at])
    };
    assert_eq!(line("year_7", "GAMES"), ("more than expected".to_owned(), Some(120), Some(0.2)));
    assert_eq!(line("year_7", "SOCIAL"), ("as expected".to_owned(), Some(12), Some(0.02)));
    assert_eq!(line("year_7", "shared log-ins"), ("as expected".to_owned(), Some(0), Some(0.0)));
    assert_eq!(line("year_12", "GAMES").0, "too few days");
    assert_eq!(texts(found, "group_id")[0], "year_7", "what is clear first");
    assert!(found.reading.starts_with("More than expected: GAMES in year_7 (20.0 %)."), "{}", found.reading);
    assert!(found.notes.iter().any(|note| note.contains("starting points")), "{:?}", found.notes);
    assert!(
        found.notes.iter().any(|note| note.starts_with("1 group of no known key stage")),
        "{:?}",
        found.notes
    );
    // Nothing known: a sentence, and no row. And it is not for leaders: nothing marked live can be taken out.
    let nothing = of(dir.path(), Vec::new()).groups(&asked("expected")).await.unwrap();
    assert!(nothing.value().rows.is_empty() && nothing.value().reading.starts_with("Not measurable"));
    let leader = School { viewer: Viewer::made(Seat::Leader), ..of(dir.path(), tables()) };
    assert_eq!(leader.groups(&asked("expected")).await.unwrap_err().kind(), Kind::Forbidden);
}
