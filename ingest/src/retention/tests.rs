//! Whole runs of retention, on installations that are taken in for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::{Date, date};

use super::disk::below;
use super::*;
use crate::error::{Error, Kind};
use crate::keys::PublicKey;
use crate::people::PeopleImport;
use crate::pipeline::DERIVED;
use crate::pipeline::tests::{DAY, EIGHT, Installation, line};
use crate::pseudonymise::{Domain, Keyring};
use crate::report::Outcome;
use crate::schema::{ACTOR_DAYS, IMPORTS, REQUESTS, TABLES};
use crate::school::AcademicYear;
use crate::state::{NewHold, State};

mod expected;
mod holds;
mod interrupted;
mod named;
mod thin;
mod visits;
mod whose;
mod years;

const MONDAY: Date = date(2025, 10, 6);
const TUESDAY: Date = date(2025, 10, 7);
/// The first day on which Monday's detail is more than 90 days old: 25 days of October, 30 of November, 31
/// of December, 5 of January.
const AFTER_MONDAY: Date = date(2026, 1, 5);

fn from(address: &str, text: &str) -> String {
    text.replace("10.1.2.3", address)
}

/// Monday's rows come from one device and Tuesday's from another.
fn fill(place: &Installation) {
    let mut text = String::new();
    for minute in 0..20 {
        text += &from("10.9.9.1", &line(EIGHT + minute * 60, "ajones", "http://www.example.com/page?x=1"));
        text += &from("10.9.9.1", &line(EIGHT + minute * 60 + 30, "bsmith", "http://www.example.net/"));
        text += &line(EIGHT + DAY + minute * 60, "bsmith", "http://news.example.org/");
    }
    text += "1759737999.5 this line was cut\n";
    place.put("proxy.log", &text);
    assert_eq!(place.run().files[0].tally.events, 60);
}

fn retain(place: &Installation, today: Date) -> RetainReport {
    retain_with(place, today, &mut |_| Ok(())).unwrap()
}

fn retain_with(
    place: &Installation,
    today: Date,
    step: &mut dyn FnMut(&'static str) -> Result<(), Error>,
) -> Result<RetainReport, Error> {
    Retain { dir: &place.dir(), school: &place.school, today: Some(today), days: None }.run_with(&(), step)
}

fn plan(place: &Installation, today: Date) -> RetainReport {
    Retain { dir: &place.dir(), school: &place.school, today: Some(today), days: None }.plan().unwrap()
}

fn state(place: &Installation) -> State {
    State::open(&place.root()).unwrap()
}

fn keyring(place: &Installation) -> Keyring {
    Keyring::open(&place.school.pseudonym_key_dir, &place.school.id, &place.dir()).unwrap()
}

/// Takes in a roster of Monday's academic year.
fn roster(place: &Installation, people: &[u8]) {
    let import = PeopleImport {
        vault: &place.root().vault(),
        school: &place.school.id,
        recipients: &place.school.public_keys().unwrap(),
        keyring: &keyring(place),
        year: AcademicYear::of(MONDAY),
    };
    import.run(people, &mut state(place)).unwrap();
}

fn derived(place: &Installation) -> BTreeMap<&'static str, Vec<String>> {
    DERIVED.iter().map(|table| (table.name, place.rows(table))).collect()
}

/// Every byte of a folder.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    below(folder).unwrap().into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Files in which a number stands, as text or as eight bytes.
fn holding(folder: &Path, number: i64) -> Vec<PathBuf> {
    let (text, raw) = (number.to_string(), number.to_le_bytes());
    let has = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
    bytes(folder)
        .into_iter()
        .filter(|(_, bytes)| has(bytes, text.as_bytes()) || has(bytes, &raw))
        .map(|(path, _)| path)
        .collect()
}

fn device(place: &Installation, address: &str) -> i64 {
    let ring = Keyring::open(&place.school.pseudonym_key_dir, &place.school.id, &place.dir()).unwrap();
    ring.token(AcademicYear::of(MONDAY), Domain::Device, address.as_bytes()).unwrap()
}

#[test]
fn a_days_detail_goes_after_its_clock_and_nothing_else_changes() {
    let place = Installation::new();
    fill(&place);
    let (before, sealed) = (derived(&place), place.everything());
    assert!(retain(&place, date(2026, 1, 4)).is_empty(), "90 days are not more than 90 days");
    assert_eq!(derived(&place), before);

    let report = retain(&place, AFTER_MONDAY);
    assert_eq!(report.days_closed, 1);
    assert_eq!(report.totals().0, 40, "{report:?}");
    let places: BTreeSet<_> = report.lines.iter().map(|line| (line.place, line.period.as_str())).collect();
    assert_eq!(places, BTreeSet::from([("requests", "2025-10-06"), ("vault", "2025-10-06")]));
    assert_eq!(derived(&place), before, "derived rows are as they were");
    assert_eq!(place.snapshot(&REQUESTS).days(), BTreeSet::from([TUESDAY]));
    let after = place.everything();
    assert_eq!((sealed["vault requests"].len(), after["vault requests"].len()), (60, 20));
    assert_eq!(after["vault rejects"], sealed["vault rejects"], "its file has an event of Tuesday");
    assert_eq!(state(&place).closed_days().unwrap(), [MONDAY]);

    let log = state(&place).deletions(0).unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].what.as_str(), log[0].rows), ("R0 2025-10-06", 40));
    assert!(log[0].detail.contains("requests 40 rows 1 files"), "{}", log[0].detail);
    state(&place).verify_deletions().unwrap();
    assert!(retain(&place, AFTER_MONDAY).is_empty(), "again is nothing");

    let report = retain(&place, date(2026, 1, 6));
    assert_eq!((report.days_closed, report.totals().0), (1, 20));
    let after = place.everything();
    assert!(
        after["vault rejects"].is_empty() && after["vault words"].is_empty(),
        "they go with the last event"
    );
    assert_eq!(derived(&place), before);
    assert_eq!(below(&place.root().vault()).unwrap(), Vec::<PathBuf>::new());
}

#[test]
fn no_byte_of_what_was_dropped_is_left() {
    let place = Installation::new();
    fill(&place);
    let (monday, tuesday) = (device(&place, "10.9.9.1"), device(&place, "10.1.2.3"));
    // Statistics in the log say which devices there were, so a search can find them.
    assert!(!holding(&place.dir(), monday).is_empty() && !holding(&place.dir(), tuesday).is_empty());
    let gone: Vec<Vec<u8>> = bytes(&place.dir())
        .into_iter()
        .filter(|(path, _)| path.to_string_lossy().contains("2025-10-06") && path.extension().is_some())
        .map(|(_, bytes)| bytes)
        .collect();
    assert_eq!(gone.len(), 2, "a data file and a sealed file");
    retain(&place, AFTER_MONDAY);
    assert_eq!(holding(&place.dir(), monday), Vec::<PathBuf>::new());
    assert!(!holding(&place.dir(), tuesday).is_empty(), "the search finds what is there");
    for (path, bytes) in bytes(&place.dir()) {
        for old in &gone {
            // Parquet ends with its own footer, so a file's middle is its own too.
            let middle = &old[old.len() / 3..old.len() / 3 + 64];
            assert!(!bytes.windows(64).any(|window| window == middle), "{} holds old rows", path.display());
        }
        assert!(!path.to_string_lossy().contains("2025-10-06"), "{}", path.display());
    }
}

#[test]
fn late_records_of_a_closed_day_are_counted_and_nothing_of_them_is_kept() {
    let place = Installation::new();
    fill(&place);
    retain(&place, AFTER_MONDAY);
    let before = derived(&place);
    let mut text = line(EIGHT + 7200, "cbrown", "http://late.example.com/zorkweed");
    text += &line(EIGHT + 2 * DAY, "cbrown", "http://www.example.com/");
    place.put("mixed.log", &text);
    let report = place.run();
    let tally = &report.files[0].tally;
    assert_eq!(report.files[0].outcome, Outcome::Committed);
    assert_eq!((tally.events, tally.rejected(), tally.late()), (1, 1, 1));
    let after = derived(&place);
    let of_monday = |rows: &BTreeMap<_, Vec<String>>| -> Vec<String> {
        rows.values().flatten().filter(|row| row.contains("local_date=2025-10-06")).cloned().collect()
    };
    assert_eq!(of_monday(&after), of_monday(&before), "frozen");
    assert!(!of_monday(&before).is_empty());
    assert!(!place.everything()["vault rejects"].iter().any(|row| row.contains("record 1 ")));
    assert_eq!(place.everything()["vault rejects"].len(), 1, "only the damaged line of the first file");

    // Fifty late records beside one that is not: the file is not refused for them.
    let mut text = line(EIGHT + 2 * DAY + 60, "cbrown", "http://www.example.com/");
    for second in 0..50 {
        text += &line(EIGHT + second, "cbrown", "http://late.example.com/");
    }
    place.put("cumulative.log", &text);
    let report = place.run();
    assert_eq!((report.files[0].tally.events, report.files[0].tally.late()), (1, 50));

    place.put("late.log", &line(EIGHT + 60, "cbrown", "http://late.example.com/"));
    let report = place.run();
    let Outcome::Refused(why) = &report.files[0].outcome else { panic!("taken in") };
    assert!(why.contains("retention has closed"), "{why}");
}

#[test]
fn last_years_archive_is_counted_like_a_new_file_and_then_only_its_detail_goes() {
    let place = Installation::new();
    // The same two days a year earlier, in a file that comes today; 6 October 2024 was a Sunday.
    let text: String = (0..20)
        .map(|minute| line(EIGHT - 364 * DAY + minute * 60, "ajones", "http://www.example.com/page?x=1"))
        .collect();
    place.put("archive.log", &text);
    let report = place.run();
    assert_eq!((report.files[0].tally.events, report.days_derived), (20, 1));
    let before = derived(&place);
    assert_eq!(before["actor_days"].len(), 1);
    assert!(before["actor_days"][0].contains("local_date=2024-10-07"), "{}", before["actor_days"][0]);
    let report = retain(&place, AFTER_MONDAY);
    assert_eq!((report.days_closed, report.totals().0), (1, 20));
    assert_eq!(derived(&place), before);
    assert!(place.rows(&REQUESTS).is_empty());
    assert_eq!(
        below(&place.root().vault()).unwrap(),
        Vec::<PathBuf>::new(),
        "by the event's day, not today's"
    );
}

#[test]
fn a_dry_run_says_what_a_run_does_and_changes_no_byte() {
    let place = Installation::new();
    fill(&place);
    let all = || (bytes(&place.dir()), bytes(&place.school.pseudonym_key_dir));
    let before = all();
    let planned = plan(&place, AFTER_MONDAY);
    assert!(all() == before, "a dry run changed something");
    assert_eq!(planned.totals().0, 40);
    assert_eq!(planned, retain(&place, AFTER_MONDAY));
    // An academic year and its key as well.
    let before = all();
    let planned = plan(&place, date(2027, 9, 1));
    assert_eq!(planned.keys_destroyed, ["2025-26"]);
    assert!(all() == before, "a dry run changed something");
    assert_eq!(planned, retain(&place, date(2027, 9, 1)));
}

#[test]
fn stopped_at_any_step_and_repeated_it_ends_as_if_undisturbed() {
    let base = Installation::new();
    fill(&base);
    // The first closes both days; at the second, everything goes.
    for today in [date(2026, 2, 1), date(2027, 9, 1)] {
        let undisturbed = base.twin();
        let report = retain(&undisturbed, today);
        let mut stops = 0;
        loop {
            let place = base.twin();
            let mut left = stops;
            let stopped = retain_with(&place, today, &mut |_| {
                if left == 0 {
                    return Err(Error::new(Kind::Environment, "stopped by the test"));
                }
                left -= 1;
                Ok(())
            });
            if stopped.is_ok() {
                break;
            }
            let last = state(&place).unfinished_retention().unwrap() == 0;
            let again = retain(&place, today);
            assert!(last || !again.is_empty(), "what is unfinished is said");
            assert_eq!(state(&place).unfinished_retention().unwrap(), 0);
            let counts = |place: &Installation| -> BTreeMap<&'static str, usize> {
                let rows = TABLES.iter().map(|table| (table.name, place.rows(table).len()));
                rows.chain([("vault", below(&place.root().vault()).unwrap().len())]).collect()
            };
            assert_eq!(counts(&place), counts(&undisturbed), "stopped after {stops} steps");
            let log = |place: &Installation| -> Vec<(String, u64)> {
                state(place).deletions(0).unwrap().into_iter().map(|entry| (entry.what, entry.rows)).collect()
            };
            assert_eq!(log(&place), log(&undisturbed), "stopped after {stops} steps");
            assert_eq!(state(&place).closed_days().unwrap(), state(&undisturbed).closed_days().unwrap());
            assert!(retain(&place, today).is_empty());
            let files = |place: &Installation| below(&place.root().lake()).unwrap().len();
            assert!(files(&place) <= files(&undisturbed) + 2 * report.lines.len(), "old versions stay");
            let named: Vec<_> = below(&place.root().lake())
                .unwrap()
                .into_iter()
                .filter(|path| path.to_string_lossy().contains("local_date=2025-10-0"))
                .collect();
            assert_eq!(named, Vec::<PathBuf>::new());
            stops += 1;
        }
        assert!(stops >= 6, "{stops} steps");
    }
}

#[test]
fn sources_refused_files_and_leftovers_have_clocks_too() {
    let mut place = Installation::new();
    place.school.retention.refused_days = 10;
    fill(&place);
    let today = AFTER_MONDAY;
    let put = |path: PathBuf| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "zorkweed").unwrap();
    };
    let (kept, refused, vault) = (place.root().kept(), place.root().refused(), place.root().vault());
    put(kept.join("2025-10-06/0000/a.log"));
    put(kept.join("2025-10-07/0000/a.log"));
    // Claims are named by nanoseconds since 1970: 2025-12-25 and 2025-12-27, noon.
    let claim = |day: i64| format!("{:016x}", (day * DAY + DAY / 2) * 1_000_000_000);
    for day in [20_447, 20_449] {
        put(refused.join(claim(day)).join("a.log"));
        put(refused.join(format!("{}.txt", claim(day))));
    }
    put(vault.join("2025-10-07/0123456789abcdef-0.parquet.partial"));
    put(vault.join("2025-10-07/0123456789abcdef-1.parquet.resealing"));
    put(place.root().lake().join("requests/_delta_log/00000000000000000001.json#12000003"));
    let report = retain(&place, today);
    let files: BTreeMap<_, _> = report
        .lines
        .iter()
        .filter(|line| line.tier == Tier::Files)
        .map(|line| (line.place, line.files))
        .collect();
    assert_eq!(files, BTreeMap::from([("kept sources", 1), ("leftovers", 1), ("refused files", 2)]));
    assert!(!kept.join("2025-10-06").exists() && kept.join("2025-10-07/0000/a.log").exists());
    assert!(!refused.join(claim(20_447)).exists() && refused.join(claim(20_449)).join("a.log").exists());
    assert_eq!(fs::read_dir(&refused).unwrap().count(), 2);
    let left = bytes(&place.dir()).into_iter().filter(|(_, bytes)| bytes.starts_with(b"zorkweed")).count();
    assert_eq!(left, 3, "those whose clock has not run out");
}
