//! Out and back, and every way in which a back-up can be wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::date;

use super::*;
use crate::error::Kind;
use crate::pipeline::WriterLock;
use crate::pipeline::tests::{Installation, log};
use crate::retention::{Retain, below};
use crate::schema::TABLES;
use crate::school::{Config, SchoolRoot};
use crate::state::{NewCorrection, NewEmbargo, NewHold, State, Wrong};

fn installation() -> Installation {
    let place = Installation::new();
    place.put("proxy.log", &log());
    place.run();
    let config = Config { schools: vec![place.school.clone()], ..Config::default() };
    fs::write(place.dir().join(Config::FILE), toml::to_string_pretty(&config).unwrap()).unwrap();
    fs::create_dir_all(place.root().settings()).unwrap();
    fs::write(place.root().settings().join("roll.csv"), "year_group,pupils\n7,60\n").unwrap();
    // What does not belong into a back-up.
    fs::write(place.root().inbox().join("waiting.log"), "zorkweed").unwrap();
    fs::create_dir_all(place.root().kept()).unwrap();
    fs::write(place.root().kept().join("old.log"), "zorkweed").unwrap();
    fs::write(place.root().vault().join("half.parquet.partial"), "zorkweed").unwrap();
    fs::write(place.root().vault().join("2025-10-06/copy.parquet.resealing"), "zorkweed").unwrap();
    fs::write(place.root().lake().join("requests/_delta_log/00000000000000000009.json#1"), "zorkweed")
        .unwrap();
    place
}

fn back_up(place: &Installation, name: &str) -> PathBuf {
    let out = place.folder.path().join(name);
    Backup { dir: &place.dir(), patience: Duration::ZERO }.write(&out).unwrap();
    out
}

fn relative(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    below(folder)
        .unwrap()
        .into_iter()
        .map(|path| (path.strip_prefix(folder).unwrap().to_owned(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn what_comes_back_is_what_went_in_without_keys_and_sources() {
    let mut place = installation();
    let out = back_up(&place, "back-up");
    let keys: Vec<_> = relative(&place.school.pseudonym_key_dir);
    assert_eq!(keys.len(), 2, "of the year of the log, and of the year in which this runs");
    for (path, bytes) in relative(&out) {
        assert_ne!(bytes, b"zorkweed", "{}", path.display());
        for (_, key) in &keys {
            assert!(!bytes.windows(32).any(|window| window == key), "{}", path.display());
        }
    }
    assert_eq!(Manifest::verify(&out).unwrap().1, []);

    let back = place.folder.path().join("back");
    let restored = restore(&out, &back, None).unwrap();
    let data = |dir: &Path| -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = relative(&dir.join("schools/st-annes"));
        files.retain(|(path, bytes)| {
            bytes != b"zorkweed" && path != Path::new("state.db") && path != Path::new("lock")
        });
        files
    };
    assert_eq!(data(&back), data(&place.dir()), "lake, vault and settings are the same bytes");
    assert_eq!(
        restored.manifest.files.len(),
        data(&back).len() + 2,
        "beside them watershed.toml and state.db"
    );
    assert_eq!(fs::read(back.join(Config::FILE)).unwrap(), fs::read(place.dir().join(Config::FILE)).unwrap());

    // The restored installation reads and takes in like the first.
    let before: Vec<_> = TABLES.iter().map(|table| place.rows(table)).collect();
    fs::rename(place.dir(), place.folder.path().join("first")).unwrap();
    fs::rename(&back, place.dir()).unwrap();
    let after: Vec<_> = TABLES.iter().map(|table| place.rows(table)).collect();
    assert_eq!(after, before);
    place.put("again.log", &log());
    assert_eq!(place.run().files[0].outcome, crate::report::Outcome::AlreadyIngested);
    place.school.settle_seconds = 0;
}

#[test]
fn one_byte_one_missing_file_and_one_extra_are_found() {
    let place = installation();
    let out = back_up(&place, "back-up");
    let files = relative(&out);
    let good = |out: &Path| {
        for (path, bytes) in &files {
            fs::write(out.join(path), bytes).unwrap();
        }
        assert_eq!(Manifest::verify(out).unwrap().1, []);
    };
    for (path, bytes) in &files {
        let name = path.to_str().unwrap().to_owned();
        let mut flipped = bytes.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        fs::write(out.join(path), flipped).unwrap();
        if name.starts_with("manifest") {
            assert_eq!(Manifest::verify(&out).unwrap_err().kind(), Kind::Corrupt);
        } else {
            assert_eq!(Manifest::verify(&out).unwrap().1, [Difference::Changed(name.clone())]);
        }
        assert!(restore(&out, &place.folder.path().join("nowhere"), None).is_err());
        fs::remove_file(out.join(path)).unwrap();
        if name.starts_with("manifest") {
            assert_eq!(Manifest::verify(&out).unwrap_err().kind(), Kind::Configuration);
        } else {
            assert_eq!(Manifest::verify(&out).unwrap().1, [Difference::Missing(name)]);
        }
        good(&out);
    }
    fs::write(out.join("schools/st-annes/vault/more.parquet"), "x").unwrap();
    let extra = Difference::Extra("schools/st-annes/vault/more.parquet".to_owned());
    assert_eq!(Manifest::verify(&out).unwrap().1, [extra]);
    assert!(!place.folder.path().join("nowhere").exists(), "nothing is restored from a damaged back-up");
}

#[test]
fn places_that_will_not_do_are_refused() {
    let place = installation();
    let write =
        |out: PathBuf| Backup { dir: &place.dir(), patience: Duration::ZERO }.write(&out).unwrap_err();
    assert!(write(place.dir().join("back-up")).to_string().contains("inside the installation"));
    assert!(write(place.folder.path().to_owned()).to_string().contains("nor around it"));
    assert!(write(place.school.pseudonym_key_dir.clone()).to_string().contains("not empty"));
    fs::write(place.root().settings().join("st-annes-2025-26.key"), [1; 32]).unwrap();
    let out = place.folder.path().join("with-key");
    assert!(write(out.clone()).to_string().contains("a key lies"));
    assert_eq!(
        Manifest::verify(&out).unwrap_err().kind(),
        Kind::Configuration,
        "what was begun is no back-up"
    );
    fs::remove_file(place.root().settings().join("st-annes-2025-26.key")).unwrap();

    let lock = WriterLock::take(&place.root()).unwrap();
    assert_eq!(write(place.folder.path().join("busy")).kind(), Kind::Retry);
    drop(lock);
    let out = back_up(&place, "good");
    assert!(restore(&out, &out.join("inside"), None).unwrap_err().to_string().contains("inside the back-up"));
    assert!(restore(&out, &place.dir(), None).unwrap_err().to_string().contains("not empty"));
}

#[test]
fn what_was_deleted_since_goes_again_or_is_listed() {
    let place = installation();
    let out = back_up(&place, "back-up");
    let today = date(2026, 2, 1);
    let retain =
        |dir: &Path| Retain { dir, school: &place.school, today: Some(today), days: None }.run(&()).unwrap();
    assert_eq!(retain(&place.dir()).days_closed, 2);
    let mut state = State::open(&place.root()).unwrap();
    state.log_deletion("erasure", "asked for by the person", 4, "").unwrap();
    state.begin_thinning(&[], "a hold keeps one person's", "begun").unwrap();
    state
        .log_deletion("R0 sealed rows of days held for one person", "as it was called before", 4, "")
        .unwrap();
    drop(state);

    let back = place.folder.path().join("back");
    let restored = restore(&out, &back, Some(&place.dir())).unwrap();
    let listed: Vec<_> =
        restored.missed.iter().map(|missed| (missed.deletion.what.as_str(), missed.again)).collect();
    let deleted = [
        ("R0 2025-10-06", Again::ByRetention),
        ("R0 2025-10-07", Again::ByRetention),
        ("files", Again::ByRetention),
        ("erasure", Again::BySomebody),
        ("thinning of sealed rows of days held for one person", Again::ByThinning),
        ("R0 sealed rows of days held for one person", Again::ByThinning),
    ];
    assert_eq!(listed, deleted);
    let root = SchoolRoot::new(&back, &place.school.id);
    let state = State::open(&root).unwrap();
    assert_eq!(state.closed_days().unwrap(), [date(2025, 10, 6), date(2025, 10, 7)]);
    let entries = state.verify_deletions().unwrap().entries;
    assert_eq!(entries, State::open(&place.root()).unwrap().verify_deletions().unwrap().entries);
    drop(state);
    // The rows came back with the files and go by their clock, with an entry of their own.
    assert!(retain(&back).totals().0 >= 40);
    let days: Vec<_> = below(&root.vault()).unwrap();
    assert_eq!(days, Vec::<PathBuf>::new());

    let other = Installation::new();
    other.put("proxy.log", "x");
    fs::create_dir_all(other.root().root()).unwrap();
    State::open(&other.root()).unwrap().log_deletion("other", "other", 1, "").unwrap();
    let newer_backup = back_up(&place, "newer");
    let error = restore(&newer_backup, &place.folder.path().join("third"), Some(&other.dir())).unwrap_err();
    assert_eq!(error.kind(), Kind::Configuration);
}

#[test]
fn what_the_newer_installation_knows_comes_along_and_no_clock_is_applied() {
    let place = installation();
    let mut state = State::open(&place.root()).unwrap();
    // Stands for the release ledger, which another crate keeps in the same file.
    state
        .connection()
        .execute_batch(
            "CREATE TABLE release_ledger (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL);
             CREATE TRIGGER release_ledger_never_go BEFORE DELETE ON release_ledger
                 BEGIN SELECT RAISE(ABORT, 'never'); END;
             INSERT INTO release_ledger VALUES (1, 'autumn');",
        )
        .unwrap();
    drop(state);
    // Two persons' rows were left in a sealed file, and a thinning was interrupted, when the back-up was made.
    let monday = date(2025, 10, 6);
    let mut state = State::open(&place.root()).unwrap();
    let of_person = NewHold {
        from: monday,
        to: monday,
        person: Some(-8),
        reason: "case 11",
        owner: "DSL",
        review: date(2026, 6, 1),
    };
    let released = state.add_hold(&of_person, date(2026, 1, 5)).unwrap();
    state.add_hold(&NewHold { person: Some(-9), ..of_person }, date(2026, 1, 5)).unwrap();
    state.note_thinned("2025-10-06/0123456789abcdef-0.parquet", 3).unwrap();
    state.note_thinned("2025-10-07/0123456789abcdef-0.parquet", 3).unwrap();
    state.begin_thinning(&[("2025-10-07/0123456789abcdef-1.parquet".to_owned(), 9)], "w", "begun").unwrap();
    drop(state);
    let out = back_up(&place, "back-up");
    let mut state = State::open(&place.root()).unwrap();
    state.end_thinning(9, "w", "done").unwrap();
    state.release_hold(released, "closed").unwrap();
    let hold = NewHold {
        from: monday,
        to: monday,
        person: None,
        reason: "case 12",
        owner: "DSL",
        review: date(2026, 6, 1),
    };
    state.add_hold(&hold, date(2026, 1, 5)).unwrap();
    let embargo = NewEmbargo {
        from: monday,
        to: None,
        person: Some(-7),
        theme: None,
        site: None,
        incident: None,
        reason: "case 12",
        reviewer: "DSL",
        review: date(2026, 6, 1),
    };
    state.add_embargo(&embargo, date(2026, 1, 5)).unwrap();
    let wrong =
        Wrong::Code { site: Some("example.com".to_owned()), was: None, source: None, code: "EDU".to_owned() };
    let new = NewCorrection { from: monday, to: monday, wrong, reason: "ticket 4", by: "IT" };
    state.add_correction(&new, &[monday].into()).unwrap();
    state.connection().execute("INSERT INTO release_ledger VALUES (2, 'spring')", []).unwrap();
    let known = (state.holds().unwrap(), state.embargoes().unwrap(), state.corrections().unwrap());
    drop(state);
    // Another DSL's key since, and what a trust has released.
    let (_, public_key) = crate::keys::new_key_pair("four quiet otters").unwrap();
    let mut config = Config::load(&place.dir()).unwrap();
    let before = config.schools[0].public_keys().unwrap()[0].id();
    config.schools[0].recipients[0].public_key = public_key.trim().to_owned();
    fs::write(place.dir().join(Config::FILE), toml::to_string_pretty(&config).unwrap()).unwrap();
    let trust = rusqlite::Connection::open(place.dir().join("trust.db")).unwrap();
    trust.execute_batch("CREATE TABLE sums (id TEXT); INSERT INTO sums VALUES ('T-1')").unwrap();

    let back = place.folder.path().join("back");
    let restored = restore(&out, &back, Some(&place.dir())).unwrap();
    assert_eq!(restored.recipients_changed, ["st-annes"]);
    let root = SchoolRoot::new(&back, &place.school.id);
    let mut state = State::open(&root).unwrap();
    assert_eq!((state.holds().unwrap(), state.embargoes().unwrap(), state.corrections().unwrap()), known);
    assert_eq!(state.dirty_days().unwrap(), [monday], "the corrected day is counted again");
    let thinned = ["2025-10-07/0123456789abcdef-0.parquet".to_owned()];
    assert_eq!(state.thinned_files().unwrap(), thinned.into(), "one person is released since");
    assert_eq!(state.unfinished_thinning().unwrap(), 0, "the log that came along counts it");
    assert!(state.resealing().unwrap().is_some());
    assert_eq!(state.former_recipients().unwrap(), [before].into());
    let sets: Vec<String> = state
        .connection()
        .prepare("SELECT id FROM release_ledger ORDER BY sequence")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(sets, ["autumn", "spring"]);
    assert!(state.connection().execute("DELETE FROM release_ledger", []).is_err(), "its guards came along");
    drop(state);
    assert_eq!(Config::load(&back).unwrap().schools[0].recipients, config.schools[0].recipients);
    let trust = rusqlite::Connection::open(back.join("trust.db")).unwrap();
    assert_eq!(trust.query_row("SELECT id FROM sums", [], |row| row.get::<_, String>(0)).unwrap(), "T-1");
    // Nothing was dropped by bringing it back, and what is dropped afterwards leaves what the hold keeps.
    let days = |root: &SchoolRoot| -> Vec<String> {
        let mut days: Vec<String> = fs::read_dir(root.vault())
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
            .filter(|name| name.starts_with("2025-"))
            .collect();
        days.sort();
        days
    };
    assert_eq!(days(&root), ["2025-10-06", "2025-10-07"]);
    Retain { dir: &back, school: &place.school, today: Some(date(2026, 2, 1)), days: None }.run(&()).unwrap();
    assert_eq!(days(&root), ["2025-10-06"]);

    // A ledger that went another way is no later state of the same school.
    let mut state = State::open(&place.root()).unwrap();
    state.connection().execute_batch("UPDATE release_ledger SET id = 'other' WHERE sequence = 1").unwrap();
    drop(state);
    let error = restore(&out, &place.folder.path().join("third"), Some(&place.dir())).unwrap_err();
    assert!(error.to_string().contains("`release_ledger` does not begin"), "{error}");
}
