//! Rows and bytes that must go, looked for in the table's folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::path::PathBuf;

use arrow::array::Int64Array;
use jiff::civil::date;

use super::super::importing::{ImportId, ImportWriter};
use super::*;
use crate::batch::sample;
use crate::schema::{ACTOR_DAYS, EPISODES, IMPORTS, REQUESTS};
use crate::school::{SchoolId, SchoolRoot};

const MONDAY: Date = date(2025, 10, 6);
const TUESDAY: Date = date(2025, 10, 7);
const HERS: i64 = 0x0123_4567_89ab_cdef;

async fn lake() -> (tempfile::TempDir, Lake) {
    let folder = tempfile::tempdir().unwrap();
    let root = SchoolRoot::new(folder.path(), &SchoolId::parse("st-annes").unwrap());
    let lake = Lake::open(&root).await.unwrap();
    lake.create_tables().await.unwrap();
    (folder, lake)
}

async fn import(lake: &Lake, fingerprint16: &str, rows: &[(Date, i64)]) {
    let id = ImportId {
        fingerprint16: fingerprint16.to_owned(),
        attempt: 1,
        token: 7,
        source_format: "squid".to_owned(),
        ingest_date: date(2025, 10, 9),
    };
    let mut writer = ImportWriter::new(lake, id);
    for (number, (date, actor)) in rows.iter().enumerate() {
        writer.push(&sample::event(number as u64 + 1, *date, number as i16, *actor)).unwrap();
    }
    let files = writer.finish().unwrap();
    sync_all(&files.files).unwrap();
    lake.commit(&REQUESTS, Change { add: files.files, ..Change::default() }).await.unwrap();
}

async fn drop_actor(lake: &Lake, actor: i64) -> Dropped {
    let may_hold = |file: &DataFile| {
        file.ranges.get("actor").is_none_or(|(least, greatest)| (*least..=*greatest).contains(&actor))
    };
    lake.drop_rows(&REQUESTS, &["actor"], &may_hold, &mut |batch| {
        let actors = batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap();
        Ok(actors.iter().map(|found| Some(found == Some(actor))).collect())
    })
    .await
    .unwrap()
}

async fn actors(lake: &Lake) -> Vec<(String, i64)> {
    let snapshot = lake.snapshot(&REQUESTS).await.unwrap();
    let mut found = Vec::new();
    for file in &snapshot.files {
        snapshot
            .read(file, Some(&["actor"]), &mut |batch| {
                let actors = batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap();
                found.extend(actors.iter().flatten().map(|actor| (file.partition.clone(), actor)));
                Ok(())
            })
            .unwrap();
    }
    found.sort();
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The log is text, but its checkpoints are Parquet: the pseudonym is looked for in decimal in both, and
/// as eight bytes in data files and their statistics.
fn holds(folder: &Path, actor: i64) -> bool {
    let decimal = actor.to_string();
    files(folder).iter().any(|path| {
        let mut bytes = fs::read(path).unwrap();
        if path.extension().is_some_and(|ending| ending == "parquet") {
            bytes.extend(uncompressed(path));
        }
        bytes.windows(8).any(|window| window == actor.to_le_bytes())
            || bytes.windows(decimal.len()).any(|window| window == decimal.as_bytes())
    })
}

/// All values of a Parquet file as text, pages being compressed.
fn uncompressed(path: &Path) -> Vec<u8> {
    use parquet::file::reader::FileReader;
    let reader =
        parquet::file::serialized_reader::SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect::<String>().into_bytes()
}

#[tokio::test]
async fn one_actors_rows_go_and_no_byte_of_them_stays() {
    let (folder, lake) = lake().await;
    import(&lake, "1111111111111111", &[(MONDAY, 1), (MONDAY, HERS), (TUESDAY, HERS), (TUESDAY, HERS)]).await;
    import(&lake, "2222222222222222", &[(MONDAY, 3), (date(2025, 10, 8), HERS - 1)]).await;
    assert!(holds(folder.path(), HERS));

    assert_eq!(drop_actor(&lake, HERS).await, Dropped { files: 2, rows: 3 });
    assert!(holds(folder.path(), HERS), "old files and the log's statistics still have her");
    let vacuumed = lake.vacuum(&REQUESTS).await.unwrap();
    // Entry 0 made the table, 1 and 2 were the imports, 3 is the drop; both files of the first import went.
    assert_eq!(vacuumed, Vacuumed { files: 2, log_entries: 3 });
    assert!(!holds(folder.path(), HERS));

    let left = [("2025-10-06", 1), ("2025-10-06", 3), ("2025-10-08", HERS - 1)]
        .map(|(day, who)| (day.to_owned(), who));
    assert_eq!(actors(&lake).await, left);
    let snapshot = lake.snapshot(&REQUESTS).await.unwrap();
    let imports: Vec<_> = snapshot.files.iter().map(|file| file.import().unwrap()).collect();
    assert_eq!(imports, ["1111111111111111", "2222222222222222", "2222222222222222"], "still theirs");
    assert!(!folder.path().join("schools/st-annes/lake/requests/local_date=2025-10-07").exists());

    assert_eq!(drop_actor(&lake, HERS).await, Dropped::default());
    assert_eq!(lake.vacuum(&REQUESTS).await.unwrap(), Vacuumed::default(), "again changes nothing");
}

#[tokio::test]
async fn a_table_is_read_and_written_on_after_its_log_was_cut() {
    let (folder, lake) = lake().await;
    let root = SchoolRoot::new(folder.path(), &SchoolId::parse("st-annes").unwrap());
    let other = Lake::open(&root).await.unwrap();
    import(&lake, "1111111111111111", &[(MONDAY, 1), (MONDAY, HERS)]).await;
    assert_eq!(other.snapshot(&REQUESTS).await.unwrap().rows(), Some(2));
    for _ in 0..2 {
        drop_actor(&lake, HERS).await;
        lake.vacuum(&REQUESTS).await.unwrap();
        import(&lake, "3333333333333333", &[(MONDAY, HERS)]).await;
    }
    drop_actor(&lake, HERS).await;
    lake.vacuum(&REQUESTS).await.unwrap();
    assert!(!holds(folder.path(), HERS));
    // One that knew an older version, and one that opens the table for the first time.
    for lake in [other, Lake::open(&root).await.unwrap()] {
        assert_eq!(actors(&lake).await, [("2025-10-06".to_owned(), 1)]);
    }
    import(&lake, "4444444444444444", &[(MONDAY, 4)]).await;
    assert_eq!(actors(&lake).await.len(), 2);
}

#[tokio::test]
async fn what_a_killed_run_left_is_swept_and_what_is_named_is_not() {
    let (folder, lake) = lake().await;
    import(&lake, "1111111111111111", &[(MONDAY, 1)]).await;
    let table = folder.path().join("schools/st-annes/lake/requests");
    fs::write(table.join("local_date=2025-10-06/part-9999999999999999-1-0.zst.parquet"), "half").unwrap();
    fs::write(table.join("_delta_log/00000000000000000002.json#123000001"), "staged").unwrap();
    let vacuumed = lake.vacuum(&REQUESTS).await.unwrap();
    assert_eq!(vacuumed, Vacuumed { files: 1, log_entries: 2 });
    assert_eq!(actors(&lake).await, [("2025-10-06".to_owned(), 1)]);
}

/// What a run leaves that is killed after it wrote a checkpoint and before `_last_checkpoint` names it.
async fn checkpoint_without_its_name(lake: &Lake) {
    let hint = log_of(lake).join("_last_checkpoint");
    let before = fs::read(&hint).ok();
    let handle = lake.newest(&REQUESTS).await.unwrap().unwrap();
    create_checkpoint(&handle, None).await.unwrap();
    match before {
        Some(bytes) => fs::write(&hint, bytes).unwrap(),
        None => fs::remove_file(&hint).unwrap(),
    }
}

fn log_of(lake: &Lake) -> PathBuf {
    lake.folder().join("requests/_delta_log")
}

fn checkpoint_of(lake: &Lake, version: u64) -> PathBuf {
    log_of(lake).join(format!("{version:020}.checkpoint.parquet"))
}

/// The version that `_last_checkpoint` names.
fn named_version(lake: &Lake) -> Option<u64> {
    let bytes = fs::read(log_of(lake).join("_last_checkpoint")).ok()?;
    serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()["version"].as_u64()
}

/// As a run that begins anew, and any other program, sees the table.
async fn anew(lake: &Lake) -> Lake {
    let school = lake.folder().parent().unwrap();
    let installation = school.parent().unwrap().parent().unwrap();
    let root = SchoolRoot::new(installation, &SchoolId::parse("st-annes").unwrap());
    Lake::open(&root).await.unwrap()
}

#[tokio::test]
async fn a_vacuum_killed_before_it_named_its_checkpoint_loses_nothing() {
    for vacuumed_before in [false, true] {
        let (folder, lake) = lake().await;
        import(&lake, "1111111111111111", &[(MONDAY, 1), (MONDAY, HERS), (TUESDAY, 2)]).await;
        if vacuumed_before {
            lake.vacuum(&REQUESTS).await.unwrap();
            assert_eq!(named_version(&lake), Some(1));
        }
        import(&lake, "2222222222222222", &[(TUESDAY, 3)]).await;
        drop_actor(&lake, HERS).await;
        // Entry 0 made the table, 1 and 2 are the imports, 3 the drop.
        checkpoint_without_its_name(&lake).await;
        assert!(checkpoint_of(&lake, 3).exists());
        assert_eq!(named_version(&lake), vacuumed_before.then_some(1));

        let left =
            [("2025-10-06", 1), ("2025-10-07", 2), ("2025-10-07", 3)].map(|(day, who)| (day.to_owned(), who));
        let next = anew(&lake).await;
        assert_eq!(actors(&next).await, left);
        // Of the first import a file without her took the place of Monday's.
        assert_eq!(next.vacuum(&REQUESTS).await.unwrap().files, 1);
        assert_eq!(named_version(&lake), Some(3), "vacuumed before: {vacuumed_before}");
        for lake in [&next, &anew(&lake).await] {
            assert_eq!(actors(lake).await, left, "vacuumed before: {vacuumed_before}");
        }
        assert!(!holds(folder.path(), HERS));
        assert_eq!(anew(&lake).await.vacuum(&REQUESTS).await.unwrap(), Vacuumed::default());
        import(&next, "3333333333333333", &[(MONDAY, 4)]).await;
        assert_eq!(actors(&anew(&lake).await).await.len(), 4);
    }
}

#[tokio::test]
async fn a_vacuum_killed_after_it_named_its_checkpoint_is_finished_by_the_next() {
    let (folder, lake) = lake().await;
    import(&lake, "1111111111111111", &[(MONDAY, 1), (MONDAY, HERS)]).await;
    drop_actor(&lake, HERS).await;
    create_checkpoint(&lake.newest(&REQUESTS).await.unwrap().unwrap(), None).await.unwrap();
    assert_eq!(named_version(&lake), Some(2));
    let next = anew(&lake).await;
    assert_eq!(next.vacuum(&REQUESTS).await.unwrap(), Vacuumed { files: 1, log_entries: 2 });
    assert_eq!(actors(&anew(&lake).await).await, [("2025-10-06".to_owned(), 1)]);
    assert!(!holds(folder.path(), HERS));
}

#[tokio::test]
async fn a_log_that_was_cut_is_a_table_also_without_the_name_of_its_checkpoint() {
    let (_folder, lake) = lake().await;
    import(&lake, "1111111111111111", &[(MONDAY, 1)]).await;
    lake.vacuum(&REQUESTS).await.unwrap();
    // Delta's protocol calls the file a hint: a copy of the lake may come without it.
    fs::remove_file(log_of(&lake).join("_last_checkpoint")).unwrap();
    let next = anew(&lake).await;
    next.create_tables().await.unwrap();
    assert_eq!(actors(&next).await, [("2025-10-06".to_owned(), 1)]);
    import(&next, "2222222222222222", &[(MONDAY, 2)]).await;
    next.vacuum(&REQUESTS).await.unwrap();
    assert_eq!(actors(&anew(&lake).await).await.len(), 2);
}

#[tokio::test]
async fn a_commit_killed_before_it_named_its_checkpoint_loses_nothing() {
    // Each twentieth commit makes a checkpoint: the first of them has none before it, the second has.
    for killed_at in [19, 39_u64] {
        let (_folder, lake) = lake().await;
        let hint = log_of(&lake).join("_last_checkpoint");
        let mut before = None;
        let mut next = anew(&lake).await;
        for number in 1..=killed_at + 21 {
            import(&next, &format!("{number:016}"), &[(MONDAY, number as i64)]).await;
            if number == killed_at {
                assert_eq!(named_version(&lake), Some(number));
                match &before {
                    Some(bytes) => fs::write(&hint, bytes).unwrap(),
                    None => fs::remove_file(&hint).unwrap(),
                }
            }
            if number >= killed_at {
                // Older than a log keeps its entries: the next checkpoint clears away what lies before it. The killed
                // commit itself did not come to that.
                let long_ago =
                    std::time::SystemTime::now() - std::time::Duration::from_secs(8 * 24 * 60 * 60);
                for path in files(&log_of(&lake)) {
                    fs::File::options().append(true).open(path).unwrap().set_modified(long_ago).unwrap();
                }
            }
            before = fs::read(&hint).ok();
            // The next run, one commit on, and around the next checkpoint.
            if [0, 1, 19, 20, 21].map(|more| killed_at + more).contains(&number) {
                next = anew(&lake).await;
                assert_eq!(actors(&next).await.len() as u64, number, "killed at {killed_at}");
            }
        }
        assert_eq!(named_version(&lake), Some(killed_at + 20));
        assert!(!log_of(&lake).join(format!("{:020}.json", 0)).exists(), "older entries were cleared away");
        anew(&lake).await.vacuum(&REQUESTS).await.unwrap();
        assert_eq!(actors(&anew(&lake).await).await.len() as u64, killed_at + 21);
    }
}

#[tokio::test]
async fn rows_before_a_day_go_by_partition_or_by_their_own_day() {
    let (_folder, lake) = lake().await;
    import(&lake, "1111111111111111", &[(MONDAY, 1), (TUESDAY, 2), (TUESDAY, 3)]).await;
    assert_eq!(lake.drop_before(&REQUESTS, TUESDAY).await.unwrap(), Dropped { files: 1, rows: 1 });
    assert_eq!(actors(&lake).await.len(), 2);
    assert_eq!(lake.drop_before(&REQUESTS, TUESDAY).await.unwrap(), Dropped::default());

    let mut deriver = crate::derive::Deriver::new(taxonomy());
    let snapshot = lake.snapshot(&REQUESTS).await.unwrap();
    snapshot.read_day(TUESDAY, None, &mut |batch| deriver.observe(&batch)).unwrap();
    snapshot.read_day(TUESDAY, None, &mut |batch| deriver.add(&batch)).unwrap();
    let rows = deriver.finish().tables(crate::derive::Population::Pupils).unwrap();
    let days = BTreeSet::from([TUESDAY]);
    let mut rows =
        Some(rows.into_iter().filter(|(table, _)| table.name == ACTOR_DAYS.name).collect::<Vec<_>>());
    lake.replace_days(&[&ACTOR_DAYS], &days, &mut |_| Ok(rows.take().unwrap_or_default())).await.unwrap();
    assert_eq!(lake.snapshot(&ACTOR_DAYS).await.unwrap().rows(), Some(2));
    assert_eq!(lake.drop_before(&ACTOR_DAYS, TUESDAY).await.unwrap(), Dropped::default());
    let gone = lake.drop_before(&ACTOR_DAYS, date(2025, 10, 8)).await.unwrap();
    assert_eq!(gone, Dropped { files: 1, rows: 2 });
    assert_eq!(lake.drop_before(&EPISODES, TUESDAY).await.unwrap(), Dropped::default());
    assert_eq!(lake.drop_before(&IMPORTS, TUESDAY).await.unwrap_err().kind(), Kind::Bug);
}

fn taxonomy() -> &'static crate::classify::Taxonomy {
    static TAXONOMY: std::sync::OnceLock<crate::classify::Taxonomy> = std::sync::OnceLock::new();
    TAXONOMY.get_or_init(|| crate::classify::Taxonomy::load(None).unwrap())
}

#[test]
fn a_rewritten_name_tells_the_same_import_or_month() {
    assert_eq!(original_stem("part-00112233445566aa-1-0.zst.parquet"), "part-00112233445566aa-1-0");
    assert_eq!(original_stem("part-00112233445566aa-1-0-r7.zst.parquet"), "part-00112233445566aa-1-0");
    assert_eq!(original_stem("month-2025-10-7-r12.zst.parquet"), "month-2025-10-7");
    assert_eq!(original_stem("part-00000-recent.parquet"), "part-00000-recent");
}
