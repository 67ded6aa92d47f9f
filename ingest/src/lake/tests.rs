//! Imports, derived months and what is taken back, on a lake in a temporary folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray, Int64Array, StringArray};
use jiff::civil::{Date, date};

use super::importing::{ImportFiles, ImportId, ImportWriter};
use super::*;
use crate::batch::{ImportRow, imports, sample};
use crate::event::Role;
use crate::report::{Place, Reason, Reject, Tally};
use crate::schema::{ACTOR_DAYS, STAFF_ACTOR_DAYS};
use crate::school::SchoolId;

async fn lake() -> (tempfile::TempDir, SchoolRoot, Lake) {
    let folder = tempfile::tempdir().unwrap();
    let root = SchoolRoot::new(folder.path(), &SchoolId::parse("st-annes").unwrap());
    let lake = Lake::open(&root).await.unwrap();
    lake.create_tables().await.unwrap();
    (folder, root, lake)
}

fn id(fingerprint16: &str, attempt: i64) -> ImportId {
    ImportId {
        fingerprint16: fingerprint16.to_owned(),
        attempt,
        token: 7,
        source_format: "squid".to_owned(),
        ingest_date: date(2025, 10, 9),
    }
}

const ONE: &str = "1111111111111111";
const TWO: &str = "2222222222222222";

fn write(lake: &Lake, fingerprint16: &str, rows: &[(Date, i64, Role)]) -> ImportFiles {
    let mut writer = ImportWriter::new(lake, id(fingerprint16, 1));
    for (number, (date, actor, role)) in rows.iter().enumerate() {
        let mut event = sample::event(number as u64 + 1, *date, number as i16, *actor);
        event.facts.role = *role;
        writer.push(&event).unwrap();
    }
    let place = Place { record: 99, line: 99, offset_bytes: 0, length_bytes: 1 };
    writer.push_reject(place, Reject::at(Reason::Time, 0)).unwrap();
    writer.finish().unwrap()
}

async fn commit(lake: &Lake, files: &ImportFiles, tables: &[&'static TableSchema]) {
    sync_all(&files.files).unwrap();
    for table in tables {
        let add: Vec<_> = files.files.iter().filter(|file| file.table.name == table.name).cloned().collect();
        lake.commit(table, Change { add, transactions: vec![id(ONE, 1).transaction()], ..Change::default() })
            .await
            .unwrap();
    }
}

async fn enter(lake: &Lake, fingerprint16: &str) {
    let row = ImportRow {
        fingerprint: fingerprint16.repeat(4),
        import_token: 7,
        imported_utc_us: 1,
        source_format: "squid".to_owned(),
        format_version: "1".to_owned(),
        settings_version: "1".to_owned(),
        folder: String::new(),
        tally: Tally::default(),
        span_utc_us: None,
        header_hash: None,
        event_days: std::collections::BTreeMap::new(),
    };
    let mut writer = DataFileWriter::create(
        lake.folder(),
        &IMPORTS,
        "2025-26",
        &format!("group-{fingerprint16}"),
        columns::file_schema(&IMPORTS),
    )
    .unwrap();
    writer.write(&imports(&[row]).unwrap()).unwrap();
    let add = vec![writer.finish().unwrap()];
    lake.commit(&IMPORTS, Change { add, ..Change::default() }).await.unwrap();
}

async fn actors(lake: &Lake, table: &'static TableSchema, day: Date) -> Vec<i64> {
    let mut actors = Vec::new();
    for batch in lake.read_day(table, day).await.unwrap() {
        let column = batch.column_by_name("actor").unwrap();
        actors.extend(column.as_any().downcast_ref::<Int64Array>().unwrap().iter().flatten());
    }
    actors.sort_unstable();
    actors
}

const MONDAY: Date = date(2025, 10, 6);
const TUESDAY: Date = date(2025, 10, 7);

#[tokio::test]
async fn what_was_committed_is_there_when_opened_again() {
    let (_folder, root, lake) = lake().await;
    let files = write(
        &lake,
        ONE,
        &[
            (MONDAY, 1, Role::Pupil),
            (TUESDAY, 2, Role::Pupil),
            (MONDAY, 3, Role::Pupil),
            (MONDAY, 4, Role::Staff),
        ],
    );
    assert_eq!(files.events(), 4);
    assert_eq!(files.touched, BTreeSet::from([MONDAY, TUESDAY]));
    commit(&lake, &files, &IMPORTED).await;

    let again = Lake::open(&root).await.unwrap();
    let whole = again.snapshot(&REQUESTS).await.unwrap();
    assert_eq!((whole.files.len(), whole.rows(), whole.version), (2, Some(3), Some(1)));
    assert_eq!(whole.days(), BTreeSet::from([MONDAY, TUESDAY]));
    assert_eq!(whole.files[0].import(), Some(ONE));
    let first = whole.files[0].ranges["event_time_utc"];
    // 2025-10-06T00:00:00Z and two minutes later, in microseconds; the end as a millisecond.
    assert_eq!(first, (1_759_708_800_000_000, 1_759_708_920_000_999));
    assert_eq!(whole.files[0].ranges["actor"], (1, 3));

    assert!(again.readable(&REQUESTS).await.unwrap().files.is_empty(), "no row in `imports` yet");
    enter(&again, ONE).await;
    assert_eq!(actors(&again, &REQUESTS, MONDAY).await, [1, 3]);
    assert_eq!(actors(&again, &REQUESTS, TUESDAY).await, [2]);
    assert_eq!(actors(&again, &STAFF_REQUESTS, MONDAY).await, [4]);
    assert_eq!(again.readable(&REJECTS).await.unwrap().rows(), Some(1));
    let mut sites = Vec::new();
    let requests = again.readable(&REQUESTS).await.unwrap();
    requests
        .read_day_numbered(MONDAY, Some(&["site", "local_date"]), &mut |batch| {
            let site = batch.column(0).as_any_dictionary();
            sites.extend((0..batch.num_rows()).map(|row| site.normalized_keys()[row]));
            assert_eq!(site.values().as_string::<i32>().value(0), "example.com");
            assert_eq!(batch.schema().field(1).name(), "local_date");
            Ok(())
        })
        .unwrap();
    assert_eq!(sites, [0, 0]);
    let batches = again.read_day(&REQUESTS, TUESDAY).await.unwrap();
    assert_eq!(batches[0].schema(), columns::table_schema(&REQUESTS));
}

#[tokio::test]
async fn the_log_remembers_the_import_and_stays_at_the_plain_protocol() {
    let (_folder, _root, lake) = lake().await;
    let files = write(&lake, ONE, &[(MONDAY, 1, Role::Pupil)]);
    commit(&lake, &files, &[&REQUESTS]).await;
    let handle = lake.newest(&REQUESTS).await.unwrap().unwrap();
    let state = handle.snapshot().unwrap();
    let known = format!("import:{ONE}:1");
    assert_eq!(state.transaction_version(handle.log_store().as_ref(), known).await.unwrap(), Some(1));
    assert_eq!(state.transaction_version(handle.log_store().as_ref(), "import:x:1").await.unwrap(), None);
    assert_eq!((state.protocol().min_reader_version(), state.protocol().min_writer_version()), (1, 2));
}

#[tokio::test]
async fn a_checkpoint_keeps_files_and_statistics() {
    let (_folder, root, lake) = lake().await;
    for number in 0..25 {
        let files = write(&lake, &format!("{number:016}"), &[(MONDAY, number, Role::Pupil)]);
        commit(&lake, &files, &[&REQUESTS]).await;
    }
    let log = lake.folder().join("requests/_delta_log");
    assert!(log.join("_last_checkpoint").exists());
    let again = Lake::open(&root).await.unwrap().snapshot(&REQUESTS).await.unwrap();
    assert_eq!((again.files.len(), again.rows()), (25, Some(25)));
    assert_eq!(again.files[3].ranges["actor"], (3, 3));
    assert_eq!(again.files[3].ranges["week_start_date"], (20_367, 20_367));
    assert_eq!(again.files[3].partition, "2025-10-06");
}

/// The tables an interrupted import has committed to, from none to all.
#[tokio::test]
async fn an_interrupted_import_can_be_taken_back_at_every_step() {
    for steps in 0..=IMPORTED.len() {
        let (_folder, _root, lake) = lake().await;
        let good = write(&lake, TWO, &[(MONDAY, 1, Role::Pupil), (MONDAY, 2, Role::Staff)]);
        commit(&lake, &good, &IMPORTED).await;
        enter(&lake, TWO).await;
        let broken = write(&lake, ONE, &[(MONDAY, 3, Role::Pupil), (TUESDAY, 4, Role::Staff)]);
        commit(&lake, &broken, &IMPORTED[..steps]).await;

        let unfinished = BTreeSet::from([ONE.to_owned()]);
        let days = lake.undo(&unfinished).await.unwrap();
        let expected = [BTreeSet::new(), BTreeSet::from([MONDAY]), BTreeSet::from([MONDAY, TUESDAY])];
        assert_eq!(days, expected[steps.min(2)], "after {steps} commits");
        for table in IMPORTED {
            let all = lake.snapshot(table).await.unwrap();
            assert!(all.files.iter().all(|file| file.import() == Some(TWO)), "{}", table.name);
            for file in &all.files {
                assert!(all.folder.join(&file.path).exists());
            }
        }
        assert!(broken.files.iter().all(|file| !file.path.exists()), "after {steps} commits");
        assert_eq!(actors(&lake, &REQUESTS, MONDAY).await, [1]);
        assert_eq!(lake.undo(&unfinished).await.unwrap(), BTreeSet::new(), "again is the same");
    }
}

#[tokio::test]
async fn only_eight_days_are_open_and_no_row_is_lost() {
    let (_folder, _root, lake) = lake().await;
    let rows: Vec<_> =
        (0..40).map(|number: i8| (date(2025, 10, 1 + number % 10), i64::from(number), Role::Pupil)).collect();
    let files = write(&lake, ONE, &rows);
    assert_eq!(files.events(), 40);
    assert_eq!(files.touched.len(), 10);
    commit(&lake, &files, &IMPORTED).await;
    enter(&lake, ONE).await;
    assert_eq!(actors(&lake, &REQUESTS, date(2025, 10, 3)).await, [2, 12, 22, 32]);
}

#[tokio::test]
async fn an_abandoned_import_leaves_no_file() {
    let (_folder, _root, lake) = lake().await;
    let mut writer = ImportWriter::new(&lake, id(ONE, 1));
    writer.push(&sample::event(1, MONDAY, 1, 1)).unwrap();
    writer.abandon().unwrap();
    let partition = lake.folder().join("requests/local_date=2025-10-06");
    assert_eq!(std::fs::read_dir(partition).unwrap().count(), 0);
}

/// Rows of `actor_days` whose only telling column is `records`.
fn actor_day(day: Date, records: i64) -> arrow::record_batch::RecordBatch {
    let schema = columns::file_schema(&ACTOR_DAYS);
    let arrays = schema.fields().iter().map(|field| -> arrow::array::ArrayRef {
        use arrow::array::{BooleanArray, Date32Array, new_null_array};
        use arrow::datatypes::DataType;
        match field.data_type() {
            DataType::Date32 => Arc::new(Date32Array::from(vec![columns::epoch_days(day)])),
            DataType::Int64 if !field.is_nullable() => Arc::new(Int64Array::from(vec![records])),
            DataType::Utf8 if !field.is_nullable() => Arc::new(StringArray::from(vec!["x"])),
            DataType::Boolean => Arc::new(BooleanArray::from(vec![true])),
            kind => new_null_array(kind, 1),
        }
    });
    arrow::record_batch::RecordBatch::try_new(Arc::clone(&schema), arrays.collect()).unwrap()
}

async fn records(lake: &Lake) -> Vec<(i32, i64)> {
    let snapshot = lake.readable(&ACTOR_DAYS).await.unwrap();
    let mut rows = Vec::new();
    for file in &snapshot.files {
        snapshot
            .read(file, Some(&["local_date", "records"]), &mut |batch| {
                let days = batch.column(0).as_any().downcast_ref::<arrow::array::Date32Array>().unwrap();
                let records = batch.column(1).as_any().downcast_ref::<Int64Array>().unwrap();
                rows.extend((0..batch.num_rows()).map(|row| (days.value(row), records.value(row))));
                Ok(())
            })
            .unwrap();
    }
    rows.sort_unstable();
    rows
}

#[tokio::test]
async fn a_month_written_anew_keeps_the_other_days() {
    let (_folder, _root, lake) = lake().await;
    let tables: [&'static TableSchema; 2] = [&ACTOR_DAYS, &STAFF_ACTOR_DAYS];
    let mut rows = |day: Date| Ok(vec![(&ACTOR_DAYS, actor_day(day, i64::from(day.day())))]);
    let days = BTreeSet::from([date(2025, 9, 30), MONDAY, TUESDAY]);
    lake.replace_days(&tables, &days, &mut rows).await.unwrap();
    let first = lake.snapshot(&ACTOR_DAYS).await.unwrap();
    assert_eq!(first.files.len(), 2, "one file per month");
    assert_eq!(first.version, Some(1), "one commit for all days");
    assert_eq!(lake.snapshot(&STAFF_ACTOR_DAYS).await.unwrap().version, Some(0), "nothing to commit");

    let mut rows = |day: Date| Ok(vec![(&ACTOR_DAYS, actor_day(day, 100))]);
    lake.replace_days(&tables, &BTreeSet::from([MONDAY]), &mut rows).await.unwrap();
    assert_eq!(records(&lake).await, [(20_361, 30), (20_367, 100), (20_368, 7)]);

    let mut nothing = |_: Date| Ok(Vec::new());
    lake.replace_days(&tables, &BTreeSet::from([MONDAY]), &mut nothing).await.unwrap();
    assert_eq!(records(&lake).await, [(20_361, 30), (20_368, 7)]);
    lake.replace_days(&tables, &BTreeSet::from([TUESDAY]), &mut nothing).await.unwrap();
    assert_eq!(lake.snapshot(&ACTOR_DAYS).await.unwrap().files.len(), 1, "an empty month has no file");
}

#[tokio::test]
async fn a_failure_while_deriving_changes_nothing() {
    let (_folder, _root, lake) = lake().await;
    let mut rows = |day: Date| Ok(vec![(&ACTOR_DAYS, actor_day(day, 1))]);
    lake.replace_days(&[&ACTOR_DAYS], &BTreeSet::from([MONDAY]), &mut rows).await.unwrap();
    let mut failing = |day: Date| {
        if day == TUESDAY {
            return Err(Error::new(Kind::Corrupt, "made up"));
        }
        Ok(vec![(&ACTOR_DAYS, actor_day(day, 2))])
    };
    let outcome = lake.replace_days(&[&ACTOR_DAYS], &BTreeSet::from([MONDAY, TUESDAY]), &mut failing).await;
    assert_eq!(outcome.unwrap_err().kind(), Kind::Corrupt);
    assert_eq!(records(&lake).await, [(20_367, 1)]);
}

#[tokio::test]
async fn a_replaced_file_stays_for_a_day_after_it_was_replaced() {
    let (_folder, _root, lake) = lake().await;
    let mut rows = |day: Date| Ok(vec![(&ACTOR_DAYS, actor_day(day, 1))]);
    let mut replace = async || {
        lake.replace_days(&[&ACTOR_DAYS], &BTreeSet::from([MONDAY]), &mut rows).await.unwrap();
        let file = &lake.snapshot(&ACTOR_DAYS).await.unwrap().files[0];
        lake.folder().join("actor_days").join(&file.path)
    };
    let age = |path: &Path| {
        let two_days_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 86_400);
        std::fs::File::options().append(true).open(path).unwrap().set_modified(two_days_ago).unwrap();
    };
    let first = replace().await;
    age(&first);
    let second = replace().await;
    assert!(first.exists(), "old, but replaced only now");
    age(&first);
    let third = replace().await;
    assert!(!first.exists());
    assert!(second.exists() && third.exists());
}
