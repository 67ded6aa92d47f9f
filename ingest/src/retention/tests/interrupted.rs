//! Thinnings that were killed, and what else takes rows from their files before they are counted; whom the audit
//! names, and what the brake holds back.

use super::thin::{account_of, entries, hold, known, person, stopped, thinned};
use super::*;
use crate::erasure::Erasure;
use crate::person::Person;
use crate::pipeline::Ingest;
use crate::vault::VaultReader;

/// Five records of each user on a day.
fn lines(text: &mut String, day: i64, users: &[&str]) {
    for minute in 0..5 {
        for user in users {
            *text += &line(EIGHT + day * DAY + minute * 60, user, "http://www.example.com/");
        }
    }
}

fn taken_in(monday: &[&str], tuesday: &[&str]) -> Installation {
    let place = Installation::new();
    known(&place);
    let mut text = String::new();
    lines(&mut text, 0, monday);
    lines(&mut text, 1, tuesday);
    place.put("proxy.log", &text);
    place.run();
    place
}

fn rows_logged(place: &Installation) -> u64 {
    entries(place).iter().map(|entry| entry.rows).sum()
}

#[test]
fn what_goes_whole_after_a_thinning_was_killed_is_not_counted_as_thinned() {
    let place = taken_in(&["ajones", "bsmith"], &["bsmith", "cfox"]);
    hold(&place, Some(person(&place, "P1")), MONDAY, MONDAY);
    let ben = hold(&place, Some(person(&place, "P2")), TUESDAY, TUESDAY);
    retain(&place, date(2026, 1, 6));
    assert!(stopped(&place, 0), "killed when it was noted, and nothing had gone");
    state(&place).release_hold(ben, "closed").unwrap();
    retain(&place, date(2026, 1, 6));
    assert_eq!(place.everything()["vault requests"].len(), 10, "Tuesday's file goes whole");
    let said = entries(&place);
    assert!(said.last().unwrap().detail.ends_with("1 files that now go whole"), "{said:?}");
    // Ben's five of Monday, and the name of the file: Tuesday's ten went by the clock.
    assert_eq!(thinned(&place).gone, 6);
    assert_eq!(rows_logged(&place), 6, "{:?}", entries(&place));
    assert_eq!(state(&place).unfinished_thinning().unwrap(), 0);
    state(&place).verify_deletions().unwrap();
}

#[test]
fn what_an_erasure_takes_after_a_thinning_was_killed_is_not_counted_as_thinned() {
    let place = taken_in(&["ajones", "bsmith", "cfox"], &["cfox"]);
    hold(&place, Some(person(&place, "P1")), MONDAY, TUESDAY);
    retain(&place, date(2026, 1, 6));
    assert!(stopped(&place, 0));
    let (dir, key) = (place.dir(), place.key());
    let cat = {
        let reader = VaultReader::open(&place.root().vault(), &place.school.id, &key);
        Person::find(&reader, &state(&place), Some(&keyring(&place)), "P3").unwrap()
    };
    let ingest = Ingest { dir: &dir, school: &place.school, keep: false };
    let erasure = Erasure { ingest, key: &key, person: &cat };
    let report = erasure.run("request 7", &mut |_| Ok(()), &(), &mut |_| Ok(())).unwrap();
    assert_eq!(report.vault_rows, 11, "five of each day, and the roster's row");
    assert_eq!(rows_logged(&place), 0, "what went by the erasure is its own");
    // Ben's five, and the name of the file.
    assert_eq!(thinned(&place).gone, 6);
    assert_eq!(rows_logged(&place), 6, "{:?}", entries(&place));
}

#[test]
fn the_audit_names_whose_days_are_touched_once_each_after_everybody_was_asked() {
    let place = taken_in(&["ajones", "bsmith"], &["cfox"]);
    let ann = person(&place, "P1");
    // Ann twice, by two of her pseudonyms; Ben on a day of which nothing is sealed.
    hold(&place, Some(ann), MONDAY, MONDAY);
    hold(&place, Some(account_of(&place, "ajones")), TUESDAY, TUESDAY);
    let later = date(2025, 10, 9);
    hold(&place, Some(person(&place, "P2")), later, later);
    retain(&place, date(2026, 1, 6));
    let (dir, key) = (place.dir(), place.key());
    let thinning = Thinning { ingest: Ingest { dir: &dir, school: &place.school, keep: false }, key: &key };
    let mut recorded = Vec::new();
    let refused = thinning.run(
        &mut |person| match person.key.as_deref() {
            Some("P2") => Err(Error::new(Kind::Configuration, "no")),
            _ => Ok(()),
        },
        &mut |person, _| {
            recorded.push(person.key.clone());
            Ok(())
        },
        &(),
    );
    assert!(refused.is_err() && recorded.is_empty(), "nobody's entry is written before all were asked");
    let mut recorded = Vec::new();
    let mut record = |person: &Person, report: &ThinReport| {
        recorded.push((person.key.clone(), report.files, report.gone));
        Ok(())
    };
    thinning.run(&mut |_| Ok(()), &mut record, &()).unwrap();
    // Ben's five of Monday, Cat's five of Tuesday, the name of the file.
    assert_eq!(recorded, [(Some("P1".to_owned()), 3, 11)]);
}

#[test]
fn the_brake_holds_although_a_hold_covers_everything_that_would_go() {
    let mut place = taken_in(&["ajones", "bsmith"], &["ajones"]);
    // A run is noted, by which nothing of these days goes but what is a day older.
    place.put("older.log", &line(EIGHT - DAY, "ajones", "http://www.example.com/"));
    place.run();
    assert_eq!(retain(&place, date(2026, 1, 4)).days_closed, 1);
    // Ann's and Ben's rows are held, so nothing goes from the lake; in the vault Ben's hold is for Monday only.
    hold(&place, Some(person(&place, "P1")), MONDAY, TUESDAY);
    hold(&place, Some(person(&place, "P2")), MONDAY, MONDAY);
    place.school.retention.detail_days = 30;
    let before = place.everything();
    assert_eq!(thinned(&place), ThinReport { waiting: 3, ..ThinReport::default() });
    assert_eq!(place.everything(), before);
    let asked = |days| Retain { dir: &place.dir(), school: &place.school, today: None, days }.run(&());
    assert!(asked(None).unwrap_err().to_string().contains("detail would be kept from"));
    assert!(asked(Some(0)).unwrap().is_empty(), "nothing goes, and somebody says that it is right");
    assert!(asked(None).is_ok());
    assert_eq!(thinned(&place), ThinReport { files: 3, gone: 1, kept: 15, unclear: 0, waiting: 0 });
}
