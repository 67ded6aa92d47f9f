//! The generator against itself: same seed, same bytes; what the truth says is in the files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{SamplePlaces, SampleSchool, write};

fn make(folder: &Path, school: SampleSchool, seed: u64, share: usize) -> serde_json::Value {
    let truth = folder.join("truth.json");
    let places = SamplePlaces {
        inbox: &folder.join("inbox"),
        settings: &folder.join("settings"),
        roster: &folder.join("people.csv"),
        truth: &truth,
    };
    write(school, seed, share, &places, &|_, _| ()).unwrap();
    serde_json::from_reader(std::fs::File::open(truth).unwrap()).unwrap()
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

#[test]
fn the_same_seed_makes_the_same_school_and_another_seed_another() {
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    for (folder, seed) in folders.iter().zip([7, 7, 8]) {
        make(folder.path(), SampleSchool::Oakhill, seed, 20);
    }
    let made: Vec<_> = folders.iter().map(|folder| files(folder.path())).collect();
    assert_eq!(made[0], made[1]);
    assert_ne!(made[0], made[2]);
}

#[test]
fn the_truth_counts_the_lines_of_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let truth = make(folder.path(), SampleSchool::Northfield, 7, 8);
    for file in truth["files"].as_array().unwrap() {
        if file["format"] == "cpoms-incidents" {
            continue; // Its records span lines.
        }
        let name = file["name"].as_str().unwrap();
        let path = folder.path().join("inbox").join(file["folder"].as_str().unwrap()).join(name);
        let mut text = Vec::new();
        let raw = std::fs::read(path).unwrap();
        // The copy of a packed file has lost its ending.
        if raw.starts_with(&[0x1f, 0x8b]) {
            flate2::read::GzDecoder::new(&raw[..]).read_to_end(&mut text).unwrap();
        } else {
            text = raw;
        }
        let lines = text.iter().filter(|byte| **byte == b'\n').count() as u64;
        let said: u64 = ["requests", "damaged", "blank", "other", "headers"]
            .iter()
            .map(|key| file[key].as_u64().unwrap())
            .sum();
        assert_eq!(lines, said, "lines of {name}");
    }
}

#[test]
fn there_is_dirt_a_grave_search_and_a_copied_file() {
    let folder = tempfile::tempdir().unwrap();
    let truth = make(folder.path(), SampleSchool::Northfield, 7, 2);
    let files = truth["files"].as_array().unwrap();
    let total = |key: &str| files.iter().map(|file| file[key].as_u64().unwrap_or(0)).sum::<u64>();
    assert!(total("damaged") > 10 && total("blank") > 3 && total("other") > 3);
    assert_eq!(files.iter().filter(|file| file["duplicate"] == true).count(), 1);
    let episodes = truth["episodes"].as_array().unwrap();
    assert!(episodes.iter().any(|episode| episode["severity"] == 4 && episode["outcome"] == "allowed"));
    assert_ne!(truth["missing_night"], "");
}

#[test]
fn the_two_schools_are_about_a_quarter_of_a_million_records() {
    let mut requests = 0;
    for school in SampleSchool::ALL {
        let folder = tempfile::tempdir().unwrap();
        let truth = make(folder.path(), school, 7, 10);
        let days = if school == SampleSchool::Northfield { 74.0 / 8.0 } else { 188.0 / 19.0 };
        let made: u64 =
            truth["files"].as_array().unwrap().iter().map(|file| file["requests"].as_u64().unwrap()).sum();
        requests += (made as f64 * days) as u64;
    }
    assert!((200_000..320_000).contains(&requests), "{requests} records");
}
