//! Over-blocking, lessons, the panel and recorded concerns over small tables, worked out by hand.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeMap;
use std::path::Path;

use ingest::school::{Config, SchoolId};
use jiff::civil::{Date, date};

use super::super::super::categories::tests::twelve;
use super::super::live_tests::mark;
use super::super::tests::{Cells, DAYS, year};
use super::*;
use crate::fixture;
use crate::review::draw::{Wish, draw};
use crate::review::{By, Label, Reviews};
use crate::service::Source;

/// The DSL marks this pupil live; nothing of theirs is in any figure.
const LIVE: u32 = 50;
/// What this one met the school never reports.
const OF_NEVER: u32 = 51;

/// Texts of numbers, kept for the rows that borrow them.
struct Numbers(Vec<String>, Vec<String>);

impl Numbers {
    fn new() -> Self {
        let minute = |number: u32| format!("2025-09-04T{:02}:{:02}:00Z", 10 + number / 50, number % 50);
        Self((0..200).map(|number: u32| number.to_string()).collect(), (0..200).map(minute).collect())
    }

    fn of(&self, number: u32) -> &str {
        &self.0[number as usize]
    }
}

fn who<'a>(numbers: &'a Numbers, actor: u32) -> Cells<'a> {
    vec![
        ("local_date", "2025-09-04"),
        ("school_day", "true"),
        ("actor", numbers.of(actor)),
        ("actor_kind", "person"),
        ("role", "pupil"),
        ("group_id", "year_7"),
        ("year_group", "7"),
        ("key_stage", "KS3"),
    ]
}

fn with<'a>(cells: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Cells<'a> {
    [cells, more].concat()
}

/// Pupils 1 to 40, 3 blocked attempts each: 120, of which one each of pupils 1 to 6 on `b.org`, in the same ten
/// minutes of a lesson in which two more were active. 10 attempts each of the live pupil and of what is never
/// reported.
fn tables(numbers: &Numbers) -> Vec<(&'static TableSchema, Vec<Cells<'_>>)> {
    let mut attempts = Vec::new();
    for number in 0..120 {
        let (pupil, at) = (number % 40 + 1, numbers.1[number as usize].as_str());
        let games = [("site", "a.org"), ("code", "GAMES"), ("severity", "1"), ("start_utc", at)];
        let lesson = [
            ("site", "b.org"),
            ("code", "EDU"),
            ("start_utc", "2025-09-04T09:00:00Z"),
            ("lesson_period", "P1"),
            ("local_minute", "600"),
        ];
        attempts.push(with(&who(numbers, pupil), if number < 6 { &lesson } else { &games }));
    }
    for (actor, code) in [(LIVE, "GAMES"), (OF_NEVER, "DRUGS")] {
        attempts.extend((0..10).map(|number: usize| {
            let cells =
                [("site", "b.org"), ("code", code), ("severity", "2"), ("start_utc", &numbers.1[number])];
            with(&who(numbers, actor), &cells)
        }));
    }
    let networks = (1..=8).map(|actor| with(&who(numbers, actor), &[("primary_records", "9")]));
    let class = [
        ("local_date", "2025-09-04"),
        ("group_id", "year_7"),
        ("year_group", "7"),
        ("local_minute", "600"),
        ("active_actors", "8"),
    ];
    let actor_days = (1..=8).map(|actor| with(&who(numbers, actor), &[("primary_records", "9")]));
    let blocked =
        |actor, site| with(&who(numbers, actor), &[("site", site), ("code", "EDU"), ("attempts", "2")]);
    let activity = |day| {
        let cells = [("local_date", day), ("code", "EDU"), ("action", "blocked"), ("records", "140")];
        with(&cells, &[("group_id", "year_7"), ("primary_records", "140")])
    };
    let change =
        [("local_date", "2025-09-10"), ("change_token", "1"), ("import_token", "5"), ("kind", "ledger")];
    let opened = [
        ("asked", "unblock"),
        ("site", "b.org"),
        ("code", "EDU"),
        ("decision", "approved"),
        ("applied_from", "2025-09-20"),
    ];
    let incident = |number: &'static str, subject: u32, theme: &'static str, severity: &'static str| {
        let row = [
            ("local_date", "2025-10-01"),
            ("incident", number),
            ("incident_row", number),
            ("source_format", "x"),
        ];
        let about = [
            ("role", "pupil"),
            ("year_group", "7"),
            ("code", theme),
            ("theme", theme),
            ("severity", severity),
        ];
        with(&with(&row, &about), &[("subject", numbers.of(subject))])
    };
    let mut incidents: Vec<Cells<'_>> = (1..=12)
        .map(|subject| {
            let number: &'static str =
                ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"][subject - 1];
            incident(number, subject as u32, "BYPASS", "2")
        })
        .collect();
    incidents.extend([
        incident("21", 1, "SELFHARM", "4"),
        incident("22", 13, "GAMES", "3"),
        incident("23", 14, "BYPASS", "1"),
        incident("24", LIVE, "BYPASS", "4"),
        incident("25", OF_NEVER, "DRUGS", "3"),
    ]);
    let mut of_staff = incident("26", 15, "BYPASS", "3");
    of_staff.iter_mut().filter(|(name, _)| *name == "role").for_each(|(_, role)| *role = "staff");
    let mut of_sharers = incident("27", 16, "BYPASS", "3");
    of_sharers.iter_mut().filter(|(name, _)| *name == "year_group").for_each(|(_, year)| *year = "0");
    incidents.extend([of_staff, of_sharers]);
    vec![
        (&ATTEMPTS, attempts),
        (&NETWORK_DAYS, networks.collect()),
        (&CLASS_MINUTES, vec![class.to_vec()]),
        (&ACTOR_DAYS, actor_days.collect()),
        (&ACTIVITY, vec![activity("2025-09-04")]),
        (&BLOCKED_SITE_DAYS, vec![blocked(3, "childline.org.uk"), blocked(LIVE, "samaritans.org")]),
        (&CHANGES, vec![with(&change, &opened)]),
        (&INCIDENTS, incidents),
        (
            &IMPORTS,
            vec![
                import("5", "ledger", "2026-01-02T18:00:00Z"),
                import("6", INCIDENTS_OF, "2025-12-20T18:00:00Z"),
            ],
        ),
    ]
}

/// A shipped profile of incidents.
const INCIDENTS_OF: &str = "cpoms-incidents";

fn import<'a>(token: &'a str, format: &'a str, at: &'a str) -> Cells<'a> {
    vec![
        ("local_date", "2025-09-04"),
        ("import_token", token),
        ("source_format", format),
        ("imported_utc", at),
    ]
}

/// A school with these tables.
async fn with_tables(dir: &Path, tables: &[(&'static TableSchema, Vec<Cells<'_>>)]) -> School {
    let school = SchoolId::parse("st-annes").unwrap();
    let root = SchoolRoot::new(dir, &school);
    std::fs::create_dir_all(root.settings()).unwrap();
    let config = "[[school]]\nid = \"st-annes\"\nname = \"St Anne's\"\nphase = \"secondary\"\nroll = 300\n\
        pseudonym_key_dir = \"keys\"\nrecipients = []\n";
    std::fs::write(dir.join(Config::FILE), config).unwrap();
    let insets = "date,day_type,half_term,school_week,note\n2025-09-01,inset,,,\n2025-09-02,inset,,,\n";
    std::fs::write(root.settings().join("calendar.csv"), insets).unwrap();
    std::fs::write(root.settings().join("periods.csv"), "name,from,to\nP1,10:00,10:50\n").unwrap();
    let in_memory = tables.iter().map(|(schema, rows)| {
        let has = |name: &str| schema.columns.iter().any(|column| column.name == name);
        let rows: Vec<Cells<'_>> =
            rows.iter().map(|row| row.iter().copied().filter(|(name, _)| has(name)).collect()).collect();
        (*schema, fixture::table(schema, &rows))
    });
    let source = Source::Memory(in_memory.collect());
    School { source, ..School::open(dir, &school).await.unwrap() }
}

async fn of(school: &School) -> Operations {
    let found = Operations { school_days: 4, ..Operations::default() };
    sealed_on(school, date(2026, 1, 5), found).await
}

async fn sealed_on(school: &School, today: Date, mut found: Operations) -> Operations {
    let roll = [year(7, false), year(0, true)];
    let asked = Asked {
        academic_year: ingest::school::AcademicYear::parse("2025-26").unwrap(),
        today,
        from: DAYS[0],
        to: DAYS[3],
        school_days: &DAYS,
        roll: &roll,
        categories: &twelve(),
        everyday: &BTreeMap::new(),
        roster: &BTreeMap::new(),
        never: &BTreeSet::from(["DRUGS".to_owned()]),
        roster_only: None,
    };
    measured(school, &asked, &mut found).await.unwrap();
    found
}

/// Draws all attempts and has two reviewers say of each what `label` says of its actor and site.
async fn review(school: &School, label: impl Fn(i64, usize) -> Label) {
    let found = frame::attempts(school, DAYS[0], DAYS[3]).await.unwrap();
    let candidates: Vec<_> = found.into_iter().map(|found| found.candidate).collect();
    let seed = "ab".repeat(32);
    let wish = Wish { from: DAYS[0], to: DAYS[3], by: By::Group, wanted: 1_000, seed: &seed };
    let design = draw(&candidates, &wish).unwrap();
    assert_eq!(design.drawn.len(), candidates.len());
    let mut reviews = Reviews::open(&school.dir, &school.id).unwrap();
    let sample = reviews.keep(&design, "key", "").unwrap();
    let mut seen: BTreeMap<i64, usize> = BTreeMap::new();
    let labels: Vec<(u64, Label)> = design
        .drawn
        .iter()
        .map(|drawn| {
            let candidate = candidates.iter().find(|known| known.token == drawn.token).unwrap();
            let actor = candidate.actor.unwrap();
            let times = seen.entry(actor).or_default();
            *times += 1;
            (drawn.position, label(actor, *times))
        })
        .collect();
    for reviewer in ["dsl", "it"] {
        reviews.label(sample, reviewer, &labels, false).unwrap();
    }
}

/// Wrong is one of the three attempts of each of pupils 1 to 30, and everything of the two who may not be reported.
fn wrongly(actor: i64, times: usize) -> Label {
    let wrong = actor > 40 || (actor <= 30 && times == 1);
    if wrong { Label::ShouldBeOpen } else { Label::Correct }
}

#[tokio::test]
async fn a_set_has_what_may_be_reported_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = Numbers::new();
    let school = with_tables(folder.path(), &tables(&numbers)).await;
    review(&school, wrongly).await;
    // Marked after the draw.
    mark(folder.path(), None, None, Some(i64::from(LIVE)));
    let found = of(&school).await;
    // 30 of 120, all of which were looked at: nothing is left to chance. With the other 20 it were 50 of 140.
    let share = AuditedShare { percent: 25, least_percent: 25, most_percent: 25 };
    assert_eq!(found.overblocking, Some(share));
    // 6 of 120; with the live pupil's 10 on the same site it were 16 of 140.
    assert_eq!(found.overblocking_at_least, Some(5));
    // 6 of 8 who were active.
    assert_eq!(found.lesson_blocks, Some(1));
    // Childline; what the live pupil met at the Samaritans is nowhere. Sites of key stage 3 in the shipped panel.
    assert_eq!(found.canary_panel, Some(CanaryPanel { stopped: 1, sites: SITES }));
    // 12 with an incident of a row: one pupil's second, one of no row, one of severity 1, the live one, the one of a
    // code never reported, one of staff and one of those who share log-ins add nothing.
    assert_eq!(found.recorded_concerns, Some(12));
}

/// 30 of 160 attempts could not be drawn, which is more than a sample may lack.
#[tokio::test]
async fn that_a_matter_was_live_on_the_day_of_the_draw_decides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = Numbers::new();
    let more = changed(tables(&numbers), "attempts", |rows| {
        let of_live = |row: &&Cells<'_>| row.contains(&("actor", numbers.of(LIVE)));
        let again: Vec<_> = rows.iter().filter(of_live).cloned().collect();
        for site in ["c.org", "d.org"] {
            rows.extend(other(&again, &[("site", site)]));
        }
    });
    let school = with_tables(folder.path(), &more).await;
    mark(folder.path(), None, None, Some(i64::from(LIVE)));
    review(&school, wrongly).await;
    let share = AuditedShare { percent: 25, least_percent: 25, most_percent: 25 };
    assert_eq!(of(&school).await.overblocking, Some(share));
}

/// Sites of the shipped panel for key stage 3.
const SITES: usize = 39;

#[tokio::test]
async fn what_is_not_known_whole_is_not_measured() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = Numbers::new();
    let mut tables = tables(&numbers);
    for (table, rows) in &mut tables {
        match table.name {
            // Another day with logs, derived before classes were noted.
            "activity" => rows.push(
                rows[0]
                    .iter()
                    .map(|cell| if cell.0 == "local_date" { ("local_date", "2025-09-03") } else { *cell })
                    .collect(),
            ),
            // Taken in on the period's last day, and no list of changes at all.
            "imports" => *rows = vec![import("6", INCIDENTS_OF, "2025-12-19T23:30:00Z")],
            "changes" => rows.clear(),
            _ => (),
        }
    }
    let school = with_tables(folder.path(), &tables).await;
    // 21 of the 120 were nobody's act: 99 are left.
    review(&school, |actor, times| match (actor, times) {
        (1..=21, 1) => Label::SubRequest,
        _ => wrongly(actor, times),
    })
    .await;
    let found = of(&school).await;
    // The live pupil is not marked here: 10 more are reviewed, so that there are 109.
    assert!(found.overblocking.is_some());
    mark(folder.path(), None, None, Some(i64::from(LIVE)));
    let found = of(&school).await;
    assert_eq!(found.overblocking, None);
    assert_eq!(
        (found.overblocking_at_least, found.lesson_blocks, found.recorded_concerns),
        (None, None, None)
    );
    assert!(found.canary_panel.is_some());
}

#[tokio::test]
async fn an_empty_lake_has_nothing_measured() {
    let folder = tempfile::tempdir().unwrap();
    let school = with_tables(folder.path(), &[]).await;
    let nothing = Operations { school_days: 4, missing_days: 4, ..Operations::default() };
    let found = sealed_on(&school, date(2026, 1, 5), nothing.clone()).await;
    assert_eq!(found, nothing);
}

/// The tables with some rows of one of them changed.
fn changed<'a>(
    mut tables: Vec<(&'static TableSchema, Vec<Cells<'a>>)>,
    name: &str,
    change: impl Fn(&mut Vec<Cells<'a>>),
) -> Vec<(&'static TableSchema, Vec<Cells<'a>>)> {
    tables.iter_mut().filter(|(table, _)| table.name == name).for_each(|(_, rows)| change(rows));
    tables
}

/// The same rows with other cells under some names.
fn other<'a>(rows: &[Cells<'a>], cells: &[(&'a str, &'a str)]) -> Vec<Cells<'a>> {
    let cell =
        |known: &(&'a str, &'a str)| cells.iter().find(|other| other.0 == known.0).copied().unwrap_or(*known);
    rows.iter().map(|row| row.iter().map(cell).collect()).collect()
}

/// What the audit found wrong is put right; the attempts that it found are not lost by that.
#[tokio::test]
async fn a_category_that_was_corrected_after_the_review_leaves_the_share_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = Numbers::new();
    let school = with_tables(folder.path(), &tables(&numbers)).await;
    review(&school, wrongly).await;
    let share = of(&school).await.overblocking;
    // 10 of the live pupil are among them here: 40 of 130.
    assert_eq!(share, Some(AuditedShare { percent: 31, least_percent: 30, most_percent: 31 }));
    let corrected = changed(tables(&numbers), "attempts", |rows| {
        let games = rows.iter().position(|row| row.contains(&("code", "GAMES"))).unwrap();
        *rows = rows
            .iter()
            .enumerate()
            .map(|(at, row)| match at {
                at if at >= games && row.contains(&("code", "GAMES")) => {
                    other(std::slice::from_ref(row), &[("code", "EDU")]).remove(0)
                }
                _ => row.clone(),
            })
            .collect();
    });
    assert_eq!(of(&with_tables(folder.path(), &corrected).await).await.overblocking, share);
    // An erased pupil or two are no matter; but where more of what was reviewed is not there any more, nothing is told.
    for (gone, told) in [(7, true), (8, false)] {
        let fewer = changed(tables(&numbers), "attempts", |rows| drop(rows.drain(..gone)));
        let found = of(&with_tables(folder.path(), &fewer).await).await;
        assert_eq!(found.overblocking.is_some(), told, "{gone} of 140");
    }
}

#[tokio::test]
async fn a_sample_of_a_part_of_the_term_is_no_figure_of_the_term() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = Numbers::new();
    let first = tables(&numbers);
    let school = with_tables(folder.path(), &first).await;
    // Drawn from days that begin before the first school day.
    let drawn = |school: School, from: Date, to: Date, wrong: usize| async move {
        let found = frame::attempts(&school, from, to).await.unwrap();
        let candidates: Vec<_> = found.into_iter().map(|found| found.candidate).collect();
        let seed = "cd".repeat(32);
        let design =
            draw(&candidates, &Wish { from, to, by: By::Group, wanted: 1_000, seed: &seed }).unwrap();
        let mut reviews = Reviews::open(&school.dir, &school.id).unwrap();
        let sample = reviews.keep(&design, "key", "").unwrap();
        let label = |at: usize| if at < wrong { Label::ShouldBeOpen } else { Label::Correct };
        let labels: Vec<(u64, Label)> =
            design.drawn.iter().enumerate().map(|(at, drawn)| (drawn.position, label(at))).collect();
        for reviewer in ["dsl", "it"] {
            reviews.label(sample, reviewer, &labels, false).unwrap();
        }
        design.drawn.len()
    };
    assert_eq!(drawn(school, date(2025, 8, 20), date(2025, 9, 4), 0).await, 140);
    // As many attempts again on a later day, that nobody reviewed.
    let later = changed(first, "attempts", |rows| {
        let again = other(rows, &[("local_date", "2025-12-18")]);
        rows.extend(again.into_iter().map(|mut row| {
            row.iter_mut().filter(|cell| cell.0 == "site").for_each(|cell| cell.1 = "c.org");
            row
        }));
    });
    let school = with_tables(folder.path(), &later).await;
    assert_eq!(of(&school).await.overblocking, None, "half of the term");
    let school = with_tables(folder.path(), &later).await;
    assert_eq!(drawn(school, date(2025, 9, 5), date(2025, 12, 31), 26).await, 140);
    // Both together: 26 of 260, each 10 of a code that is never reported left out; which of the 140 these are, the
    // draw says, so between 16 and 26 of the wrong ones are left.
    let school = with_tables(folder.path(), &later).await;
    let share = of(&school).await.overblocking.unwrap();
    assert!((6..=10).contains(&share.percent), "{share:?}");
}

#[tokio::test]
async fn visitors_and_what_was_opened_for_a_lesson_only_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = Numbers::new();
    let with_visitors = changed(tables(&numbers), "attempts", |rows| {
        for number in 0..150 {
            let mut row = with(
                &who(&numbers, 60),
                &[("site", "b.org"), ("code", "EDU"), ("start_utc", &numbers.1[number])],
            );
            row.iter_mut().filter(|cell| cell.0 == "role").for_each(|cell| cell.1 = "guest");
            rows.push(row);
        }
    });
    let found = of(&with_tables(folder.path(), &with_visitors).await).await;
    // 6 and the 10 of the pupil who is not marked live here, of 130.
    assert_eq!((found.overblocking_at_least, found.lesson_blocks), (Some(12), Some(1)));
    let temporary = changed(tables(&numbers), "changes", |rows| rows[0].push(("term", "temporary")));
    assert_eq!(of(&with_tables(folder.path(), &temporary).await).await.overblocking_at_least, Some(0));
    // A list of changes that is older than the term's end says nothing of it.
    let old =
        changed(tables(&numbers), "imports", |rows| rows[0] = import("5", "ledger", "2025-12-01T18:00:00Z"));
    assert_eq!(of(&with_tables(folder.path(), &old).await).await.overblocking_at_least, None);
    // Of the 130 a device made 31: 99 are left.
    let devices = changed(tables(&numbers), "attempts", |rows| {
        rows.iter_mut()
            .skip(6)
            .take(31)
            .flatten()
            .filter(|cell| cell.0 == "actor_kind")
            .for_each(|cell| cell.1 = "device");
    });
    assert_eq!(of(&with_tables(folder.path(), &devices).await).await.overblocking_at_least, None);
}

#[tokio::test]
async fn without_the_days_or_the_bell_times_or_the_year_nothing_is_said_of_the_term() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = Numbers::new();
    let school = with_tables(folder.path(), &tables(&numbers)).await;
    assert_eq!(of(&school).await.lesson_blocks, Some(1));
    // One day of four.
    let missing = Operations { school_days: 4, missing_days: 1, ..Operations::default() };
    let found = sealed_on(&school, date(2026, 1, 5), missing).await;
    assert_eq!((found.overblocking_at_least, found.lesson_blocks, found.canary_panel), (None, None, None));
    // Twelve and the pupil who is not marked live here. This year and one before are kept: then they have gone.
    let known = || Operations { school_days: 4, ..Operations::default() };
    assert_eq!(sealed_on(&school, date(2027, 8, 31), known()).await.recorded_concerns, Some(13));
    assert_eq!(sealed_on(&school, date(2027, 9, 1), known()).await.recorded_concerns, None);
    // A concern in which somebody of the staff is named.
    let link = [
        ("incident", "3"),
        ("incident_row", "3"),
        ("local_date", "2025-10-01"),
        ("role", "staff"),
        ("linked", "90"),
    ];
    let mut with_staff = tables(&numbers);
    with_staff.push((&STAFF_INCIDENT_LINKS, vec![link.to_vec()]));
    assert_eq!(of(&with_tables(folder.path(), &with_staff).await).await.recorded_concerns, Some(12));
    // Bell times that are others than those by which the records were taken in, and those that ship.
    let periods = folder.path().join("schools/st-annes/settings/periods.csv");
    let reopened = async || School {
        source: with_tables(folder.path(), &tables(&numbers)).await.source,
        ..School::open(folder.path(), &school.id).await.unwrap()
    };
    let with = async |text: Option<&str>| {
        let made = reopened().await;
        match text {
            Some(text) => std::fs::write(&periods, text).unwrap(),
            None => std::fs::remove_file(&periods).unwrap(),
        }
        let opened = School::open(folder.path(), &school.id).await.unwrap();
        of(&School { source: made.source, ..opened }).await.lesson_blocks
    };
    assert_eq!(with(Some("name,from,to\nP1,09:00,09:50\n")).await, None);
    assert_eq!(with(Some("name,from,to\nP1,09:55,10:45\n")).await, Some(1));
    assert_eq!(with(None).await, None);
}
