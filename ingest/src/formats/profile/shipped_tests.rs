//! Every shipped profile passes its own tests, and none fits a file that is another's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeSet;

use super::*;
use crate::detect::{Detection, detect};

#[test]
fn every_file_of_a_profile_is_in_the_list() {
    let folder = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("data/profiles");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let listed: BTreeSet<String> = SHIPPED.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(files, listed);
    for (id, text) in SHIPPED {
        assert_eq!(Profile::parse(text, id).unwrap().id(), *id);
    }
}

#[test]
fn every_profile_has_a_test_of_two_rows_and_passes() {
    for (id, text) in SHIPPED {
        let profile = Profile::parse(text, id).unwrap();
        let rows = profile.tests.iter().map(|test| test.expect.len()).max();
        assert!(rows >= Some(2), "{id}: give it a `[[test]]` with two rows or more");
        proof::prove(&profile).unwrap_or_else(|what| panic!("{id}: {what}"));
    }
}

#[test]
fn a_test_that_fails_says_where() {
    let (id, text) = SHIPPED[0];
    for (from, to, says) in [
        ("user = \"mtaylor\"", "user = \"jsmith\"", "row 1: user is `mtaylor`, `jsmith` is expected"),
        ("user = \"mtaylor\"", "mime = \"x\"", "is expected"),
        ("Time,", "Moment,", "lacks time"),
        ("expect = [", "expect = [ {},", "rows were read"),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        let what = proof::prove(&Profile::parse(&changed, id).unwrap()).unwrap_err();
        assert!(what.starts_with("test ") && what.contains(says), "{what}");
    }
    let settings = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(settings.path().join("profiles")).unwrap();
    let wrong = text.replace("user = \"mtaylor\"", "user = \"jsmith\"");
    std::fs::write(settings.path().join("profiles/own.toml"), wrong).unwrap();
    assert!(ProfileSet::load(settings.path()).unwrap_err().to_string().contains("own.toml: test 1"));
}

#[test]
fn each_made_up_export_is_read_by_its_own_profile_alone() {
    let shipped = ProfileSet::shipped().unwrap();
    for profile in shipped.iter() {
        for (index, test) in profile.tests.iter().enumerate() {
            match detect(test.file.as_bytes(), &shipped) {
                Detection::Found(found) => assert_eq!(found.format_id(), profile.id(), "test {}", index + 1),
                Detection::Refused(sentence) => panic!("{} {}: {sentence}", profile.id(), index + 1),
            }
        }
    }
}

/// A list of changes in plain words has a date, names and categories, as an export of incidents has.
#[test]
fn plain_lists_are_told_apart_by_the_words_that_only_they_have() {
    let shipped = ProfileSet::shipped().unwrap();
    for (header, id) in [
        ("Date,Name,Category,Website,Approved by", "filter-change-ledger"),
        ("Date,Name,Category,Website,What was seen", "reported-sites"),
        ("Date,Name,Category,Expected,Result,Notes", "filter-test-results"),
        ("Date,Name,Category,Status,Details", "cpoms-incidents"),
    ] {
        let row = "23/09/2025,Ann Lee,Gambling,Blocked,Blocked,x";
        let cells = header.split(',').count();
        let row: Vec<_> = row.split(',').take(cells).collect();
        match detect(format!("{header}\n{}\n", row.join(",")).as_bytes(), &shipped) {
            Detection::Found(found) => assert_eq!(found.format_id(), id, "{header}"),
            Detection::Refused(sentence) => panic!("{header}: {sentence}"),
        }
    }
}

/// Exports carry less or more than the tests show: whatever of a test's columns is left out or put in
/// another order, the file is read by the same profile or by none, unless it then is another's export.
#[test]
fn leaving_columns_out_never_makes_two_profiles_fit() {
    let shipped = ProfileSet::shipped().unwrap();
    for profile in shipped.iter() {
        let Some(test) = profile.tests.first() else { continue };
        let rows: Vec<Vec<&str>> = test
            .file
            .lines()
            .filter(|line| line.contains(',') && !line.contains('"'))
            .map(|line| line.split(',').collect())
            .collect();
        let Some(width) = rows.last().map(Vec::len) else { continue };
        for left_out in 0..width {
            let file: String = rows
                .iter()
                .filter(|row| row.len() == width)
                .map(|row| {
                    let mut row = row.clone();
                    row.remove(left_out);
                    row.reverse();
                    row.join(",") + "\n"
                })
                .collect();
            if let Detection::Refused(sentence) = detect(file.as_bytes(), &shipped) {
                assert!(!sentence.contains("several"), "{} without {left_out}: {sentence}", profile.id());
            }
        }
    }
}
