//! Distinct persons counted over small tables.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]
use arrow::array::ArrayRef;
use datafusion::common::ScalarValue;
use ingest::lake::columns::table_schema;
use ingest::schema::ColumnType;
use jiff::civil::date;

use super::super::categories::tests::twelve;
use super::super::operational::Share;
use super::rows::Row;
use super::*;
use arrow::array::RecordBatch;
use ingest::schema::{ACTIVITY, ACTOR_DAYS, STAFF_ACTIVITY, TableSchema};

pub(in super::super) type Cells<'a> = Vec<(&'a str, &'a str)>;

/// Rows of a lake table; what is left out is empty, 0 or false.
fn batch(table: &TableSchema, rows: &[Cells<'_>]) -> RecordBatch {
    let schema = table_schema(table);
    let arrays = table.columns.iter().zip(schema.fields()).map(|(column, field)| {
        let cells = rows.iter().map(|row| match row.iter().find(|(name, _)| *name == column.name) {
            Some((_, text)) => ScalarValue::try_from_string((*text).to_owned(), field.data_type()).unwrap(),
            None if column.nullable => ScalarValue::try_from(field.data_type()).unwrap(),
            None => {
                let text = match column.kind {
                    ColumnType::Timestamp => "1970-01-01T00:00:00Z",
                    ColumnType::Date => "1970-01-01",
                    ColumnType::Boolean => "false",
                    ColumnType::Text => "",
                    ColumnType::Int16 | ColumnType::Int32 | ColumnType::Int64 => "0",
                };
                ScalarValue::try_from_string(text.to_owned(), field.data_type()).unwrap()
            }
        });
        ScalarValue::iter_to_array(cells).unwrap()
    });
    RecordBatch::try_new(schema.clone(), arrays.collect::<Vec<ArrayRef>>()).unwrap()
}

/// Writes rows into a school's lake, each to the day that it says.
pub(in super::super) async fn fill(
    dir: &Path,
    school: &SchoolId,
    tables: &[(&'static TableSchema, Vec<Cells<'_>>)],
) {
    let lake = Lake::open(&SchoolRoot::new(dir, school)).await.unwrap();
    lake.create_tables().await.unwrap();
    for (table, rows) in tables {
        let day_of = |row: &Cells<'_>| -> Date {
            row.iter().find(|(name, _)| *name == "local_date").unwrap().1.parse().unwrap()
        };
        let days = rows.iter().map(day_of).collect();
        lake.replace_days(&[*table], &days, &mut |day| {
            let year = AcademicYear::of(day).to_string();
            let of_day: Vec<Cells<'_>> = rows
                .iter()
                .filter(|row| day_of(row) == day)
                .map(|row| [row.as_slice(), &[("academic_year", year.as_str())]].concat())
                .collect();
            Ok(vec![(*table, batch(table, &of_day))])
        })
        .await
        .unwrap();
    }
}

pub(super) async fn lake(
    tables: &[(&'static TableSchema, Vec<Cells<'_>>)],
) -> (tempfile::TempDir, LakeCounts) {
    let folder = tempfile::tempdir().unwrap();
    let school = SchoolId::parse("st-annes").unwrap();
    fill(folder.path(), &school, tables).await;
    let counts = LakeCounts::of(SchoolRoot::new(folder.path(), &school));
    (folder, counts)
}

pub(super) const DAYS: [Date; 4] =
    [date(2025, 9, 3), date(2025, 9, 4), date(2025, 12, 18), date(2025, 12, 19)];

pub(super) async fn count(counts: &LakeCounts, roll: &[YearOnRoll]) -> Counted {
    joined(counts, roll, &BTreeMap::new()).await
}

pub(super) async fn joined(
    counts: &LakeCounts,
    roll: &[YearOnRoll],
    roster: &BTreeMap<i64, Member>,
) -> Counted {
    let categories = twelve();
    let everyday =
        [("GAMES", "Games"), ("ADVERT", "Adverts and trackers"), ("STREAM", "Video"), ("SHOP", "Shopping")];
    let everyday = everyday.into_iter().map(|(code, name)| (code.to_owned(), name.to_owned())).collect();
    let asked = Asked { everyday: &everyday, ..asked(roll, &categories, roster) };
    counts.count(&asked).await.unwrap()
}

/// Autumn's four days.
pub(super) fn asked<'a>(
    roll: &'a [YearOnRoll],
    categories: &'a CategoryList,
    roster: &'a BTreeMap<i64, Member>,
) -> Asked<'a> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    static NEVER: BTreeSet<String> = BTreeSet::new();
    Asked {
        academic_year: AcademicYear::parse("2025-26").unwrap(),
        today: jiff::civil::date(2026, 1, 5),
        from: DAYS[0],
        to: DAYS[3],
        school_days: &DAYS,
        roll,
        categories,
        everyday: &NONE,
        roster,
        never: &NEVER,
        roster_only: None,
    }
}

/// Sums over the leaves: each pupil is in one.
fn any(counts: &Counts) -> u32 {
    counts.leaves.iter().map(|leaf| leaf.any).sum()
}

fn rows_of(counts: &Counts) -> Vec<u32> {
    (0..12).map(|row| counts.leaves.iter().map(|leaf| leaf.rows[row]).sum()).collect()
}

pub(super) fn year(year_group: i8, shared_log_ins: bool) -> YearOnRoll {
    YearOnRoll { year_group: Some(year_group), pupils: 60, shared_log_ins }
}

pub(super) fn episode<'a>(actor: &'a str, theme: &'a str, other: &[(&'a str, &'a str)]) -> Cells<'a> {
    let usual = [
        ("local_date", "2025-09-04"),
        ("actor", actor),
        ("actor_kind", "person"),
        ("role", "pupil"),
        ("year_group", "7"),
        ("theme", theme),
        ("severity", "3"),
        ("outcome", "allowed"),
    ];
    let kept = usual.into_iter().filter(|(name, _)| !other.iter().any(|(changed, _)| changed == name));
    kept.chain(other.iter().copied()).filter(|(_, text)| !text.is_empty()).collect()
}

#[tokio::test]
async fn persons_are_counted_once_and_only_those_who_may_be() {
    let episodes = vec![
        // Pupil 1: self-harm and suicide are one row; 300 episodes would be one pupil as well.
        episode("1", "SELFHARM", &[]),
        episode("1", "SUICIDE", &[("local_date", "2025-12-19")]),
        episode("1", "SELFHARM", &[("local_date", "2025-10-25")]),
        // Pupil 2: two rows, one pupil.
        episode("2", "SELFHARM", &[]),
        episode("2", "BYPASS", &[("severity", "2")]),
        // None of these is a pupil figure.
        episode("3", "BYPASS", &[("severity", "1")]),
        episode("4", "BYPASS", &[("role", "guest")]),
        episode("5", "BYPASS", &[("actor_kind", "shared")]),
        episode("6", "BYPASS", &[("year_group", "")]),
        episode("7", "BYPASS", &[("year_group", "0")]),
        episode("8", "BYPASS", &[("year_group", "12")]),
        episode("9", "BYPASS", &[("illegal", "true")]),
        episode("10", "Games", &[]),
        episode("11", "", &[]),
        episode("12", "BYPASS", &[("local_date", "2025-09-02")]),
        episode("13", "BYPASS", &[("local_date", "2025-12-20")]),
        episode("14", "BYPASS", &[("role", "unknown")]),
        episode("", "BYPASS", &[("actor_kind", "nobody")]),
    ];
    let (_folder, lake) = lake(&[(&EPISODES, episodes)]).await;
    let counts = count(&lake, &[year(7, false), year(0, true)]).await.counts;
    assert_eq!(any(&counts), 2);
    assert_eq!(rows_of(&counts), [0, 2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    // Where the roll is known for the whole school only, every known year group counts.
    let whole = [YearOnRoll { year_group: None, pupils: 300, shared_log_ins: false }];
    let counts = count(&lake, &whole).await.counts;
    assert_eq!((any(&counts), rows_of(&counts)[8]), (4, 3));
}

#[tokio::test]
async fn a_roster_that_came_later_joins_the_accounts_of_the_days_before() {
    let early = [("role", "unknown"), ("year_group", "")];
    let episodes = vec![
        // Person 100 under two accounts before the roster, under the person's own token after it.
        episode("1", "BYPASS", &early),
        episode("2", "BYPASS", &early),
        episode("100", "BYPASS", &[("local_date", "2025-12-18")]),
        // A member of staff whom nothing named at the time.
        episode("3", "BYPASS", &[]),
    ];
    let (_folder, lake) = lake(&[(&EPISODES, episodes)]).await;
    let pupil = Member { person: 100, role: Role::Pupil, year_group: Some(7) };
    let staff = Member { person: 300, role: Role::Staff, year_group: None };
    let roster = [(1, pupil), (2, pupil), (3, staff)].into_iter().collect();
    assert_eq!(any(&joined(&lake, &[year(7, false)], &roster).await.counts), 1);
    assert_eq!(any(&count(&lake, &[year(7, false)]).await.counts), 2);
}

#[tokio::test]
async fn another_years_rows_are_not_read() {
    let episodes = vec![episode("1", "BYPASS", &[("local_date", "2024-09-04")])];
    let (_folder, lake) = lake(&[(&EPISODES, episodes)]).await;
    assert_eq!(any(&count(&lake, &[year(7, false)]).await.counts), 0);
}

#[tokio::test]
async fn logs_are_measured() {
    let hour = |day: &'static str, code: &'static str, action: &'static str, records: &'static str| {
        vec![
            ("local_date", day),
            ("visibility", if code == "UNCAT" { "host" } else { "page" }),
            ("actor_kind", if action == "challenged" { "nobody" } else { "person" }),
            ("code", code),
            ("action", action),
            ("records", records),
        ]
    };
    let activity = vec![
        hour("2025-09-03", "EDU", "allowed", "600"),
        hour("2025-09-03", "UNCAT", "allowed", "300"),
        hour("2025-09-03", "EDU", "challenged", "5000"),
        hour("2025-09-04", "GAMES", "blocked", "50"),
        hour("2025-09-04", "ADVERT", "blocked", "70"),
        hour("2025-12-18", "STREAM", "blocked", "50"),
        hour("2025-12-18", "SHOP", "blocked", "7"),
        hour("2025-12-18", "PORN", "blocked", "90"),
        hour("2025-12-18", "GAMES", "allowed", "900"),
        hour("2025-12-19", "ILL-CSAM", "blocked", "40"),
    ];
    let staff = vec![hour("2025-12-19", "EDU", "allowed", "10")];
    let who = |kind: &'static str, role: &'static str, year: &'static str, primary: &'static str| {
        let cells = [
            ("local_date", "2025-09-03"),
            ("actor", "1"),
            ("actor_kind", kind),
            ("role", role),
            ("year_group", year),
            ("primary_records", primary),
        ];
        cells.into_iter().filter(|(_, text)| !text.is_empty()).collect::<Vec<_>>()
    };
    let actor_days = vec![
        who("person", "pupil", "7", "70"),
        who("person", "pupil", "", "5"),
        who("person", "unknown", "7", "3"),
        who("address", "unknown", "", "2"),
        who("person", "guest", "", "1000"),
        who("shared", "pupil", "0", "2000"),
        who("shared", "unknown", "", "4000"),
        who("person", "pupil", "0", "8000"),
    ];
    let (_folder, lake) =
        lake(&[(&ACTIVITY, activity), (&STAFF_ACTIVITY, staff), (&ACTOR_DAYS, actor_days)]).await;
    let found = count(&lake, &[year(7, false), year(0, true)]).await.operations;
    // 600 + 300 + 50 + 70 + 50 + 7 + 90 + 900 and 10 of staff; neither the challenge nor the list.
    assert_eq!(found.requests, 2_077);
    // The last day has staff and a never-reported row only: no pupil's log.
    assert_eq!((found.school_days, found.missing_days), (4, 1));
    // 2,067 of pupils and the challenge's 5,000; 300 of them without category and page.
    assert_eq!(found.identified, Share { part: 2_067, whole: 7_067 });
    assert_eq!(found.decrypted, Share { part: 6_767, whole: 7_067 });
    assert_eq!(found.categorised, Share { part: 6_767, whole: 7_067 });
    assert_eq!(found.tied, Share { part: 70, whole: 80 });
    assert_eq!(found.commonest_stopped, ["Adverts and trackers", "Games", "Video"]);
    // Without year groups that share, nobody knows whose the shared account is: it is untied.
    let found = count(&lake, &[year(0, false), year(7, false)]).await.operations;
    assert_eq!(found.tied, Share { part: 8_070, whole: 14_080 });
}

#[test]
fn an_import_counts_as_a_source_where_it_brought_events_into_the_period() {
    let import = |first: &'static str, last: &'static str, events: &'static str| {
        let cells =
            [("source_format", "squid"), ("events", events), ("first_utc", first), ("last_utc", last)];
        cells.into_iter().filter(|(_, text)| !text.is_empty()).collect::<Cells<'_>>()
    };
    let said = |cells: Cells<'_>| {
        let rows = batch(&IMPORTS, &[cells]);
        log_ins(&Row { batch: &rows, at: 0 }, DAYS[0], DAYS[3])
            .map(|(format, span)| (format.to_owned(), span))
    };
    let span = (date(2025, 9, 1), date(2025, 9, 3));
    assert_eq!(
        said(import("2025-09-01T08:00:00Z", "2025-09-03T23:59:59Z", "9")),
        Some(("squid".to_owned(), span))
    );
    assert_eq!(said(import("2025-09-01T08:00:00Z", "2025-09-03T23:59:59Z", "0")), None);
    assert_eq!(said(import("2025-09-01T08:00:00Z", "2025-09-02T23:59:59Z", "9")), None);
    assert_eq!(said(import("2025-12-20T00:00:00Z", "2025-12-21T00:00:00Z", "9")), None);
    assert_eq!(said(import("", "", "9")), None);
}

#[test]
fn sources_overlap_by_their_days() {
    let span = |from, to| (date(2025, 9, from), date(2025, 9, to));
    assert!(!overlap(&[]));
    assert!(!overlap(&[span(1, 30)]));
    assert!(!overlap(&[span(1, 9), span(10, 30)]));
    assert!(overlap(&[span(1, 9), span(20, 30), span(9, 10)]));
}

#[test]
fn a_batch_reads_back() {
    let rows = batch(&EPISODES, &[episode("5", "BYPASS", &[])]);
    let row = Row { batch: &rows, at: 0 };
    assert_eq!(
        (row.whole("actor"), row.small("year_group"), row.text("theme")),
        (Some(5), Some(7), Some("BYPASS"))
    );
    assert_eq!(row.date(), Some(date(2025, 9, 4)));
    assert!(!row.yes("illegal") && row.whole("start_utc").is_none());
}

#[tokio::test]
async fn a_pupil_who_changes_the_year_group_stands_in_the_last_one_only() {
    let episodes = vec![
        episode("1", "BYPASS", &[("year_group", "7")]),
        episode("1", "SELFHARM", &[("year_group", "8"), ("local_date", "2025-12-18")]),
        episode("2", "BYPASS", &[("year_group", "8")]),
    ];
    let (_folder, lake) = lake(&[(&EPISODES, episodes)]).await;
    let leaves = count(&lake, &[year(7, false), year(8, false)]).await.counts.leaves;
    assert_eq!((leaves[0].any, leaves[1].any), (0, 2));
    assert_eq!((leaves[1].rows[1], leaves[1].rows[8]), (1, 2));
}

#[tokio::test]
async fn decisions_and_tests_are_counted_as_the_newest_export_has_them() {
    let change = |token: &'static str, import: &'static str, other: &[(&'static str, &'static str)]| {
        let usual = [
            ("local_date", "2025-10-01"),
            ("change_token", token),
            ("import_token", import),
            ("source_format", "ledger"),
            ("kind", "ledger"),
            ("asked", "unblock"),
            ("site", "example.org"),
        ];
        let kept = usual.into_iter().filter(|(name, _)| !other.iter().any(|(changed, _)| changed == name));
        kept.chain(other.iter().copied()).collect::<Cells<'_>>()
    };
    let approved = [("decision", "approved"), ("decided_date", "2025-10-04"), ("decided_by_other", "true")];
    let changes = vec![
        // One request, pending in one export and approved after three days in the other, with an end.
        // Of imports that nothing dates, the smaller token holds.
        change("1", "9", &[("decision", "pending")]),
        change(
            "1",
            "4",
            &[&approved[..], &[("reason_given", "true"), ("applied_to", "2025-11-01")]].concat(),
        ),
        change(
            "2",
            "4",
            &[("decision", "refused"), ("decided_date", "2025-10-02"), ("decided_by_other", "false")],
        ),
        // Opened for good, and one that was taken back on its day.
        change("3", "4", &[&approved[..], &[("site", "other.org")]].concat()),
        change(
            "4",
            "4",
            &[&approved[..], &[("applied_to", "2025-11-01"), ("closed_date", "2025-11-01")]].concat(),
        ),
        // None of these: a block, an illegal list, a ticket beside the list, another term.
        change("5", "4", &[("asked", "block")]),
        change("6", "4", &[("illegal", "true")]),
        change("7", "4", &[("kind", "ticket")]),
        change("8", "4", &[("local_date", "2026-02-01")]),
    ];
    let check = |token: &'static str, day: &'static str, as_expected: &'static str, device: &'static str| {
        let cells = [
            ("local_date", day),
            ("check_token", token),
            ("import_token", "4"),
            ("code", "PORN"),
            ("as_expected", as_expected),
            ("device_type", device),
        ];
        cells.into_iter().filter(|(_, text)| !text.is_empty()).collect::<Cells<'_>>()
    };
    let checks = vec![
        check("1", "2025-10-01", "true", "windows"),
        check("2", "2025-10-02", "false", "ios"),
        check("3", "2025-10-02", "", "ios"),
        check("4", "2026-02-02", "true", "ios"),
    ];
    let (_folder, lake) = lake(&[(&CHANGES, changes), (&CHECKS, checks)]).await;
    let found = count(&lake, &[year(7, false)]).await.operations;
    let unblocks = found.unblocks.unwrap();
    assert_eq!((unblocks.requests, unblocks.decided, unblocks.opened, unblocks.expired), (4, 4, 3, 1));
    // 3, 1, 3 and 3 days.
    assert_eq!(unblocks.median_half_days, Some(6));
    assert_eq!(unblocks.with_reason, Share { part: 1, whole: 4 });
    assert_eq!(unblocks.by_two, Share { part: 3, whole: 4 });
    assert_eq!(unblocks.sites_opened, 2);
    let checks = found.checks.unwrap();
    assert_eq!((checks.done, checks.categories, checks.groups, checks.device_types), (3, 1, 0, 2));
    assert_eq!(checks.as_expected, Share { part: 1, whole: 2 });
}
