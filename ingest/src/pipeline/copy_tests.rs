//! Copies: a file taken away while it is read, and a shorter copy that comes after a longer one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::tests::{DAY, EIGHT, Installation, line, log};
use crate::inbox;
use crate::report::Outcome;
use crate::schema::REQUESTS;

/// The claimed file of a name.
fn claimed(folder: &Path, name: &str) -> PathBuf {
    let claims = fs::read_dir(folder).unwrap().map(|claim| claim.unwrap().path().join(name));
    claims.into_iter().find(|path| path.exists()).unwrap()
}

#[test]
fn a_file_that_vanishes_after_its_claim_is_refused_and_stops_nobody() {
    let place = Installation::new();
    place.put("a.log", &log());
    place.put("b.log", &line(EIGHT + 2 * DAY, "cbrown", "http://www.example.net/"));
    place.with(|ingest| {
        ingest.with(&(), |run| {
            let mut files = inbox::gather(run.root, &[], Duration::ZERO)?.into_iter();
            // One before it is read, the other between its commit and its end.
            fs::remove_file(claimed(&run.root.claimed(), "a.log")).unwrap();
            run.take(files.next().unwrap(), 1, 2)?;
            run.take(files.next().unwrap(), 2, 2)?;
            fs::remove_file(claimed(&run.root.claimed(), "b.log")).unwrap();
            run.commit_group()?;
            let outcomes: Vec<_> = run.report.files.iter().map(|file| file.outcome.clone()).collect();
            assert_eq!(
                outcomes,
                [Outcome::Refused("file 1 cannot be read: entity not found".to_owned()), Outcome::Committed]
            );
            run.derive()
        })
    });
    assert_eq!(place.snapshot(&REQUESTS).rows(), Some(1));
    assert_eq!(fs::read_dir(place.root().claimed()).unwrap().count(), 0);
    place.put("a.log", &log());
    assert_eq!(place.run().files[0].outcome, Outcome::Committed, "dropped again it is taken in");
    assert_eq!(place.snapshot(&REQUESTS).rows(), Some(41));
}

/// Takes in a file after the whole log; what of it counted.
fn after_the_whole(name: &str, content: &[u8]) -> (Installation, (u64, u64, u64, u64)) {
    let place = Installation::new();
    place.put("whole.log", &log());
    place.run();
    fs::write(place.root().inbox().join(name), content).unwrap();
    let report = place.run();
    let file = &report.files[0];
    assert_eq!(file.outcome, Outcome::Committed);
    let tally = &file.tally;
    assert_eq!(tally.record_bytes, tally.file_bytes);
    (place, (tally.records, tally.events, tally.duplicate, tally.rejected()))
}

#[test]
fn a_shorter_copy_that_comes_later_adds_nothing() {
    let whole = log();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let undisturbed = {
        let place = Installation::new();
        place.put("whole.log", &whole);
        place.run();
        place.everything()
    };
    let part = lines[..30].concat();
    let cut = part.len() + 40;
    for (name, content) in [
        ("thirty lines.log", part.as_bytes()),
        ("without its last line end.log", part.trim_end().as_bytes()),
        ("cut within a line.log", &whole.as_bytes()[..cut]),
        ("one line.log", lines[0].as_bytes()),
        ("one line without its end.log", lines[..2].concat().trim_end().as_bytes()),
        ("all but the last line end.log", whole.trim_end().as_bytes()),
    ] {
        let (place, (records, events, duplicate, rejects)) = after_the_whole(name, content);
        assert_eq!((events, rejects), (0, 0), "{name}");
        assert_eq!(duplicate, records, "{name}");
        assert_eq!(place.rows(&REQUESTS).len(), 40, "{name}");
        let everything = place.everything();
        for (table, rows) in &undisturbed {
            if !["imports", "vault words"].contains(table) && !rows.is_empty() {
                assert_eq!(everything[table].len(), rows.len(), "{name}: {table}");
            }
        }
        // The same once more is known as a file.
        fs::write(place.root().inbox().join(name), content).unwrap();
        assert_eq!(place.run().files[0].outcome, Outcome::AlreadyIngested, "{name}");
    }
}

#[test]
fn a_packed_copy_of_the_beginning_is_known_too_and_in_the_same_run() {
    let whole = log();
    let part = whole.split_inclusive('\n').take(25).collect::<String>();
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut writer, part.as_bytes()).unwrap();
    let packed = writer.finish().unwrap();
    let (place, counts) = after_the_whole("part.log.gz", &packed);
    assert_eq!(counts, (25, 0, 25, 0));
    assert_eq!(place.rows(&REQUESTS).len(), 40);

    // Packed the longer one is the smaller file and so comes first.
    let place = Installation::new();
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut writer, whole.as_bytes()).unwrap();
    fs::write(place.root().inbox().join("whole.log.gz"), writer.finish().unwrap()).unwrap();
    place.put("part.log", &part);
    place.run();
    assert_eq!(place.rows(&REQUESTS).len(), 40);
}

#[test]
fn what_differs_from_the_beginning_counts() {
    let whole = log();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let other = line(EIGHT + 500, "cbrown", "http://www.example.net/");
    // Another last line; another first line; a last line that breaks off behind few known ones.
    let changed_end = lines[..20].concat() + &other;
    let changed_begin = other.clone() + &lines[1..20].concat();
    let few = lines[..3].concat() + other.trim_end();
    for (name, content, expected) in
        [("end.log", changed_end, 21), ("begin.log", changed_begin, 20), ("few.log", few, 1)]
    {
        let (_, (_, events, duplicate, _)) = after_the_whole(name, content.as_bytes());
        let known = if name == "few.log" { 3 } else { 0 };
        assert_eq!((events, duplicate), (expected, known), "{name}");
    }
}

#[test]
fn a_log_that_grew_after_its_shorter_copy_came_late_is_taken_in_once() {
    let place = Installation::new();
    let whole = log();
    let part = whole.split_inclusive('\n').take(30).collect::<String>();
    place.put("whole.log", &whole);
    place.run();
    place.put("early copy.log", &part);
    place.run();
    let grown = whole + &line(EIGHT + 2 * DAY, "cbrown", "http://www.example.net/");
    place.put("grown.log", &grown);
    let tally = place.run().files.remove(0).tally;
    assert_eq!((tally.records, tally.events, tally.duplicate), (42, 1, 41), "{tally:?}");
    assert_eq!(place.rows(&REQUESTS).len(), 41);
}

/// A weekend's exports lie there together: whichever is longer, the one that was written later is the newest import.
#[test]
fn of_two_exports_the_one_written_later_is_taken_in_last() {
    let place = Installation::new();
    let header = "Student,Date,Category,Incident,Status,Linked students\r\n";
    let row = |who: &str, text: &str| format!("{header}{who},06/10/2025 11:20,Bullying,{text},Open,\r\n");
    let written = |name: &str, text: &str, day: u64| {
        place.put(name, text);
        let file = fs::File::options().write(true).open(place.root().inbox().join(name)).unwrap();
        let moment = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_759_760_000 + day * 86_400);
        file.set_modified(moment).unwrap();
    };
    for (name, texts) in [("later is shorter", [40, 1]), ("later is longer", [1, 40])] {
        written(&format!("{name} 1.csv"), &row("Ben", &"x ".repeat(texts[0])), 0);
        written(&format!("{name} 2.csv"), &row("Amy", &"y ".repeat(texts[1])), 1);
        let report = place.run();
        let short: Vec<String> = report.files.iter().filter_map(|file| file.fingerprint.clone()).collect();
        let snapshot = place.snapshot(&crate::schema::IMPORTS);
        let mut moments = std::collections::BTreeMap::new();
        for file in &snapshot.files {
            let columns = ["fingerprint", "imported_utc"];
            let mut note = |batch: &arrow::array::RecordBatch| {
                for row in 0..batch.num_rows() {
                    let cell = |name: &str| {
                        let column = batch.column_by_name(name).unwrap();
                        arrow::util::display::array_value_to_string(column, row).unwrap()
                    };
                    moments.insert(cell(columns[0])[..short[0].len()].to_owned(), cell(columns[1]));
                }
                Ok(())
            };
            snapshot.read(file, Some(&columns), &mut |batch| note(&batch)).unwrap();
        }
        assert_eq!(short.len(), 2, "{name}");
        assert!(moments[&short[0]] < moments[&short[1]], "{name}");
    }
}
