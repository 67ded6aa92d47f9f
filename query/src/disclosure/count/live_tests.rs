//! What is marked live, and accounts that no roster joins, in no figure.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use ingest::event::{Member, Role};
use ingest::schema::{ACTIVITY, ACTOR_DAYS, ATTEMPTS, CHANGES, EPISODES, IMPORTS};
use ingest::state::{NewEmbargo, State};
use jiff::civil::date;

use super::super::categories::tests::twelve;
use super::tests::{Cells, DAYS, asked, count, episode, joined, lake, year};
use super::*;

pub(super) fn mark(dir: &Path, theme: Option<&str>, site: Option<&str>, person: Option<i64>) {
    let root = SchoolRoot::new(dir, &SchoolId::parse("st-annes").unwrap());
    let mut state = State::open(&root).unwrap();
    let new = NewEmbargo {
        from: DAYS[0],
        to: None,
        person,
        theme,
        site,
        incident: None,
        reason: "case 12",
        reviewer: "DSL",
        review: date(2026, 2, 1),
    };
    state.add_embargo(&new, date(2026, 1, 10)).unwrap();
}

#[tokio::test]
async fn what_is_marked_while_the_gate_works_is_noticed_and_half_an_import_is_not_counted() {
    let (folder, all) = lake(&[(&EPISODES, vec![episode("2", "SELFHARM", &[])])]).await;
    let roll = [year(7, false)];
    let mut state =
        State::open(&SchoolRoot::new(folder.path(), &SchoolId::parse("st-annes").unwrap())).unwrap();
    count(&all, &roll).await;
    assert!(all.still_holds().await.unwrap());
    mark(folder.path(), Some("SELFHARM"), None, None);
    assert!(!all.still_holds().await.unwrap());
    count(&all, &roll).await;
    assert!(all.still_holds().await.unwrap());
    // An import that was begun, by whatever process: the tables of the lake do not tell the same yet.
    let content = "ab".repeat(32);
    state.open_import(&content).unwrap();
    assert!(!all.still_holds().await.unwrap());
    let error = all.count(&asked(&roll, &twelve(), &BTreeMap::new())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Retry);
    state.close_import(&content).unwrap();
    count(&all, &roll).await;
    // What an order was made from before the mark is no order any more.
    let older = LakeCounts { opened_on: Some(state.basis().unwrap()), ..LakeCounts::of(all.root.clone()) };
    count(&older, &roll).await;
    mark(folder.path(), Some("BYPASS"), None, None);
    let error = older.count(&asked(&roll, &twelve(), &BTreeMap::new())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Retry);
}

fn at<'a>(day: &'a str, cells: &[(&'a str, &'a str)]) -> Cells<'a> {
    [&[("local_date", day)], cells].concat()
}

/// By hand: 5,000 records of activity. Person 1 made 300 on one day and 200 on another, among them 40 stopped
/// games; person 2 has an episode of 7 records in the marked theme; two requests are for the marked site.
#[tokio::test]
async fn live_matters_are_in_no_total() {
    let tables = || {
        vec![
            (
                &ACTIVITY,
                vec![
                    at("2025-09-03", &[("code", "EDU"), ("action", "allowed"), ("records", "4900")]),
                    at("2025-09-04", &[("code", "GAMES"), ("action", "blocked"), ("records", "60")]),
                    at("2025-09-04", &[("code", "STREAM"), ("action", "blocked"), ("records", "40")]),
                ],
            ),
            (
                &ACTOR_DAYS,
                vec![
                    at("2025-09-03", &[("actor", "1"), ("actor_kind", "person"), ("records", "300")]),
                    at("2025-09-04", &[("actor", "1"), ("actor_kind", "person"), ("records", "200")]),
                    at("2025-09-04", &[("actor", "2"), ("actor_kind", "person"), ("records", "100")]),
                ],
            ),
            (
                &EPISODES,
                vec![
                    episode("1", "BYPASS", &[("records", "9")]),
                    episode("2", "SELFHARM", &[("records", "7")]),
                    episode("2", "BYPASS", &[("records", "5")]),
                ],
            ),
            (&ATTEMPTS, vec![at("2025-09-04", &[("actor", "1"), ("code", "GAMES"), ("records", "40")])]),
            (
                &CHANGES,
                ["a.example", "a.example", "b.example"]
                    .iter()
                    .zip(["1", "2", "3"])
                    .map(|(site, token)| {
                        let cells = [("kind", "ledger"), ("asked", "unblock"), ("decision", "approved")];
                        let own = [("site", *site), ("change_token", token), ("source_format", "ledger")];
                        at("2025-09-04", &[&cells[..], &own[..]].concat())
                    })
                    .collect(),
            ),
        ]
    };
    let roll = [year(7, false)];
    let (_folder, all) = lake(&tables()).await;
    let found = count(&all, &roll).await;
    assert_eq!(found.operations.requests, 5_000);
    assert_eq!(found.operations.commonest_stopped, ["Games", "Video"]);
    assert_eq!(found.operations.unblocks.unwrap().requests, 3);

    let (folder, marked) = lake(&tables()).await;
    mark(folder.path(), None, None, Some(1));
    mark(folder.path(), Some("SELFHARM"), None, None);
    mark(folder.path(), None, Some("a.example"), None);
    let found = count(&marked, &roll).await;
    // Less 300 and 200 of the person, less 7 of the theme.
    assert_eq!(found.operations.requests, 4_493);
    // 60 - 40 games are fewer than 40 videos.
    assert_eq!(found.operations.commonest_stopped, ["Video", "Games"]);
    assert_eq!(found.operations.unblocks.unwrap().requests, 1);
    // Only person 2 is left, with the row of bypasses.
    assert_eq!(found.counts.leaves[0].any, 1);
}

/// A filter and a monitoring program know the same five pupils by two accounts each; the roster has one of them.
#[tokio::test]
async fn an_account_that_no_roster_joins_is_no_second_pupil() {
    let import = |format: &'static str| {
        vec![
            ("local_date", "2025-09-04"),
            ("source_format", format),
            ("events", "9"),
            ("first_utc", "2025-09-03T08:00:00Z"),
            ("last_utc", "2025-12-19T08:00:00Z"),
        ]
    };
    let member = |person| Member { person, role: Role::Pupil, year_group: Some(7) };
    // Account 11 is person 1 by the roster; account 12 is nobody known; person 1 stands in newer days as such.
    let episodes = || {
        vec![
            episode("11", "BYPASS", &[]),
            episode("12", "BYPASS", &[]),
            episode("1", "BYPASS", &[("local_date", "2025-12-18")]),
        ]
    };
    let roll = [year(7, false)];
    let roster: BTreeMap<i64, Member> = [(11, member(1))].into();
    let (_one, single) = lake(&[(&EPISODES, episodes()), (&IMPORTS, vec![import("squid")])]).await;
    // One source: an account is a pupil, whether the roster has it or not.
    assert_eq!(joined(&single, &roll, &roster).await.counts.leaves[0].any, 2);
    let sources = vec![import("squid"), import("monitor")];
    let (_two, double) = lake(&[(&EPISODES, episodes()), (&IMPORTS, sources)]).await;
    assert_eq!(joined(&double, &roll, &roster).await.counts.leaves[0].any, 1);
}
