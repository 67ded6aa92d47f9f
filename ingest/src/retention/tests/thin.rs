//! Held days in the vault, with a key: one person's rows stay, all others go, also by a run that is killed.

use super::*;
use crate::pipeline::Ingest;
use crate::state::Deletion;

const ROSTER: &[u8] = b"person_key,accounts,mis_name,role,year\nP1,ajones,Ann Jones,pupil,10\nP2,bsmith,Ben Smith,pupil,10\nP3,cfox,Cat Fox,pupil,10\n";

pub(super) fn known(place: &Installation) -> Keyring {
    roster(place, ROSTER);
    keyring(place)
}

pub(super) fn person(place: &Installation, key: &str) -> i64 {
    keyring(place).token(AcademicYear::of(MONDAY), Domain::Person, key.as_bytes()).unwrap()
}

pub(super) fn hold(place: &Installation, person: Option<i64>, from: Date, to: Date) -> i64 {
    let hold = NewHold { from, to, person, reason: "case 12", owner: "DSL", review: date(2026, 6, 1) };
    state(place).add_hold(&hold, AFTER_MONDAY).unwrap()
}

/// A hold on both days of Ann, whom the roster has.
fn held(place: &Installation) -> i64 {
    hold(place, Some(person(place, "P1")), MONDAY, TUESDAY)
}

fn thin(
    place: &Installation,
    step: &mut dyn FnMut(&'static str) -> Result<(), Error>,
) -> Result<ThinReport, Error> {
    let (dir, key) = (place.dir(), place.key());
    let ingest = Ingest { dir: &dir, school: &place.school, keep: false };
    Thinning { ingest, key: &key }.run_with(&mut |_| Ok(()), &mut |_, _| Ok(()), &(), step)
}

pub(super) fn thinned(place: &Installation) -> ThinReport {
    thin(place, &mut |_| Ok(())).unwrap()
}

/// Entries of thinning in the deletion log.
pub(super) fn entries(place: &Installation) -> Vec<Deletion> {
    let mut log = state(place).deletions(0).unwrap();
    log.retain(|entry| entry.what == "thinning of sealed rows of days held for one person");
    log
}

/// Every stretch of 64 bytes of sealed rows, at steps of 64.
fn sealed_bytes(place: &Installation) -> BTreeSet<Vec<u8>> {
    let days = bytes(&place.root().vault()).into_iter();
    let sealed = days.filter(|(path, _)| !path.to_string_lossy().contains("/people/"));
    sealed.flat_map(|(_, bytes)| bytes.chunks_exact(64).map(<[u8]>::to_vec).collect::<Vec<_>>()).collect()
}

#[test]
fn only_the_held_persons_sealed_rows_stay() {
    let place = Installation::new();
    known(&place);
    fill(&place);
    let number = held(&place);
    assert_eq!(retain(&place, date(2026, 1, 6)).sealed_whole, 4);
    let (dir, key) = (place.dir(), place.key());
    let ingest = Ingest { dir: &dir, school: &place.school, keep: false };
    let (before, old) = (bytes(&place.dir()), sealed_bytes(&place));
    let planned = Thinning { ingest, key: &key }.plan(&mut |_| Ok(())).unwrap();
    // 20 of Monday and 20 of Tuesday are somebody else's; the damaged line and the name of the file name nobody.
    assert_eq!(planned, ThinReport { files: 4, gone: 42, kept: 20, unclear: 0, waiting: 0 });
    assert_eq!(bytes(&place.dir()), before, "a plan changes nothing");
    let refused = Thinning { ingest, key: &key }
        .run(&mut |_| Ok(()), &mut |_, _| Err(Error::new(Kind::Configuration, "no")), &())
        .unwrap_err();
    assert_eq!(refused.kind(), Kind::Configuration);
    assert_eq!(sealed_bytes(&place), old, "nothing goes before it is written down");

    assert_eq!(thinned(&place), planned);
    let after = place.everything();
    let rows = &after["vault requests"];
    assert_eq!(rows.len(), 20);
    assert!(rows.iter().all(|row| row.contains("ajones")) && !rows.concat().contains("bsmith"));
    assert!(after["vault rejects"].is_empty() && after["vault words"].is_empty());
    // Not a stretch of the files of before is left anywhere in the installation.
    let now: Vec<u8> = bytes(&place.dir()).into_values().flatten().collect();
    let kept =
        old.iter().filter(|stretch| now.windows(64).any(|window| window == stretch.as_slice())).count();
    assert_eq!(kept, 0, "of {}", old.len());
    let of_thinning: Vec<u64> = entries(&place).iter().map(|entry| entry.rows).collect();
    assert_eq!(of_thinning, [0, 42], "begun, and done");
    state(&place).verify_deletions().unwrap();

    assert_eq!(thinned(&place), ThinReport::default(), "again is nothing");
    let report = retain(&place, date(2026, 1, 6));
    assert_eq!((report.sealed_whole, report.is_empty()), (0, true));
    state(&place).release_hold(number, "closed").unwrap();
    retain(&place, date(2026, 1, 6));
    assert!(place.everything()["vault requests"].is_empty());
    assert!(state(&place).thinned_files().unwrap().is_empty());
}

#[test]
fn what_has_no_pseudonym_stays_where_no_roster_says_who_is_held() {
    let place = Installation::new();
    fill(&place);
    let account = keyring(&place).token(AcademicYear::of(MONDAY), Domain::Account, b"ajones").unwrap();
    hold(&place, Some(account), MONDAY, TUESDAY);
    retain(&place, date(2026, 1, 6));
    // The damaged line and the name of the file may name the held person, whose name nobody knows.
    let expected = ThinReport { files: 4, gone: 40, kept: 22, unclear: 2, waiting: 0 };
    assert_eq!(thinned(&place), expected);
    let after = place.everything();
    assert_eq!((after["vault requests"].len(), after["vault rejects"].len()), (20, 1));
    assert_eq!(after["vault words"], ["proxy.log"]);

    // With a roster that gives the account to somebody the names are known.
    let place = Installation::new();
    fill(&place);
    known(&place);
    hold(&place, Some(account_of(&place, "ajones")), MONDAY, TUESDAY);
    retain(&place, date(2026, 1, 6));
    assert_eq!(thinned(&place), ThinReport { gone: 42, kept: 20, unclear: 0, ..expected });
}

pub(super) fn account_of(place: &Installation, account: &str) -> i64 {
    keyring(place).token(AcademicYear::of(MONDAY), Domain::Account, account.as_bytes()).unwrap()
}

#[test]
fn a_released_persons_rows_go_although_another_hold_touches_the_file() {
    let place = Installation::new();
    known(&place);
    let mut text = "1759737999.5 this line of ajones was cut\n".to_owned();
    for minute in 0..5 {
        for user in ["ajones", "bsmith", "cfox"] {
            text += &line(EIGHT + minute * 60, user, "http://www.example.com/");
        }
    }
    place.put("proxy.log", &text);
    assert_eq!(place.run().files[0].tally.events, 15);
    let ann = held(&place);
    let ben = hold(&place, Some(person(&place, "P2")), MONDAY, MONDAY);
    retain(&place, date(2026, 1, 6));
    // The file's name goes, and Cat's five; the cut line names Ann.
    assert_eq!(thinned(&place), ThinReport { files: 3, gone: 6, kept: 11, unclear: 0, waiting: 0 });
    assert_eq!(thinned(&place), ThinReport::default());

    state(&place).release_hold(ann, "closed").unwrap();
    let report = retain(&place, date(2026, 1, 6));
    assert_eq!(report.totals().0, 5, "Ann's rows of the lake");
    assert_eq!(report.sealed_whole, 2, "requests and the cut line are to be thinned again, and it is said");
    assert_eq!(thinned(&place), ThinReport { files: 2, gone: 6, kept: 5, unclear: 0, waiting: 0 });
    let after = place.everything();
    assert!(after["vault requests"].iter().all(|row| row.contains("bsmith")));
    assert_eq!((after["vault requests"].len(), after["vault rejects"].len()), (5, 0));
    assert_eq!(retain(&place, date(2026, 1, 6)).sealed_whole, 0);

    state(&place).release_hold(ben, "closed").unwrap();
    retain(&place, date(2026, 1, 6));
    assert!(place.everything()["vault requests"].is_empty() && place.rows(&REQUESTS).is_empty());
}

#[test]
fn a_day_that_another_hold_keeps_for_everybody_is_left_alone() {
    let place = Installation::new();
    known(&place);
    fill(&place);
    held(&place);
    hold(&place, None, MONDAY, MONDAY);
    retain(&place, date(2026, 1, 6));
    let before = place.everything();
    // Tuesday's requests alone: the damaged line and the name of the file came with records of both days.
    assert_eq!(thinned(&place), ThinReport { files: 1, gone: 20, kept: 0, unclear: 0, waiting: 0 });
    let after = place.everything();
    assert_eq!((before["vault requests"].len(), after["vault requests"].len()), (60, 40));
    assert_eq!(before["vault rejects"], after["vault rejects"]);
}

#[test]
fn nothing_goes_that_retention_would_not_have_dropped() {
    let mut place = Installation::new();
    known(&place);
    fill(&place);
    held(&place);
    // No day is closed yet: both days' requests wait.
    let expected = ThinReport { files: 2, gone: 2, kept: 0, unclear: 0, waiting: 2 };
    let (dir, key) = (place.dir(), place.key());
    let ingest = Ingest { dir: &dir, school: &place.school, keep: false };
    assert_eq!(Thinning { ingest, key: &key }.plan(&mut |_| Ok(())).unwrap(), expected);
    // Monday is; then the clock is made shorter, and what would go is not what was to be expected.
    assert_eq!(retain(&place, AFTER_MONDAY).days_closed, 1);
    place.school.retention.detail_days = 30;
    let expected = ThinReport { files: 1, gone: 20, kept: 20, unclear: 0, waiting: 3 };
    assert_eq!(thinned(&place), expected);
    let after = place.everything();
    assert_eq!((after["vault requests"].len(), after["vault rejects"].len()), (40, 1));
    assert_eq!(after["vault words"].len(), 1);
    assert_eq!(thinned(&place), ThinReport { waiting: 3, ..ThinReport::default() });
    // Somebody has said that it is right.
    Retain { dir: &place.dir(), school: &place.school, today: None, days: Some(1) }.run(&()).unwrap();
    assert_eq!(thinned(&place), ThinReport { files: 3, gone: 22, kept: 0, unclear: 0, waiting: 0 });
}

#[test]
fn a_day_of_which_all_is_the_held_persons_is_looked_through_although_nothing_closes_it() {
    let place = Installation::new();
    known(&place);
    place.put("proxy.log", &line(EIGHT, "ajones", "http://www.example.com/"));
    place.run();
    held(&place);
    assert_eq!(retain(&place, date(2026, 1, 6)).days_closed, 0);
    assert_eq!(thinned(&place), ThinReport { files: 2, gone: 1, kept: 1, unclear: 0, waiting: 0 });
    assert_eq!(retain(&place, date(2026, 1, 6)).sealed_whole, 0);
}

pub(super) fn stopped(place: &Installation, after: usize) -> bool {
    let mut left = after;
    let killed = thin(place, &mut |_| {
        if left == 0 {
            return Err(Error::new(Kind::Environment, "killed"));
        }
        left -= 1;
        Ok(())
    });
    killed.is_err()
}

#[test]
fn a_run_killed_at_any_step_is_finished_and_counted_by_the_next() {
    let first = Installation::new();
    known(&first);
    fill(&first);
    let number = held(&first);
    retain(&first, date(2026, 1, 6));
    let undisturbed = first.twin();
    thinned(&undisturbed);
    let whole = undisturbed.everything();
    let mut steps = 0;
    loop {
        let place = first.twin();
        let killed = stopped(&place, steps);
        thinned(&place);
        assert_eq!(place.everything(), whole, "killed at step {steps}");
        assert_eq!(retain(&place, date(2026, 1, 6)).sealed_whole, 0);
        let log = entries(&place);
        assert_eq!(log.iter().map(|entry| entry.rows).sum::<u64>(), 42, "killed at step {steps}: {log:?}");
        let begun = log.iter().filter(|entry| entry.detail.starts_with("begun")).count();
        assert_eq!(log.len(), 2 * begun, "each run that began has its count: {log:?}");
        assert_eq!(state(&place).unfinished_thinning().unwrap(), 0);
        state(&place).verify_deletions().unwrap();
        if !killed {
            break;
        }
        steps += 1;
    }
    assert_eq!(steps, 10, "two notes, and two steps for each of four files");

    // Killed behind the last file: retention, which has no key, counts it.
    let place = first.twin();
    assert!(stopped(&place, 8));
    assert!(state(&place).unfinished_thinning().unwrap() > 0);
    retain(&place, date(2026, 1, 6));
    let log = entries(&place);
    assert_eq!((log.len(), log[1].rows), (2, 42));
    assert!(log[1].detail.starts_with("counted afterwards"), "{}", log[1].detail);
    // Killed before: it is left to the next thinning, unless the files go whole meanwhile.
    let place = first.twin();
    assert!(stopped(&place, 0));
    retain(&place, date(2026, 1, 6));
    assert_eq!((entries(&place).len(), state(&place).unfinished_thinning().unwrap()), (1, 4));
    state(&place).release_hold(number, "closed").unwrap();
    retain(&place, date(2026, 1, 6));
    let log = entries(&place);
    assert_eq!((log.len(), log[1].rows, state(&place).unfinished_thinning().unwrap()), (2, 0, 0));
    assert!(log[1].detail.ends_with("4 files that now go whole"), "{}", log[1].detail);
    assert!(place.everything()["vault requests"].is_empty());
}
