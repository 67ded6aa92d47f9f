//! Held days in the vault, with a key: one person's rows stay, all others go, also by a run that is killed.

use super::*;
use crate::pipeline::Ingest;

fn held(place: &Installation, user: &str) -> i64 {
    let ring = Keyring::open(&place.school.pseudonym_key_dir, &place.school.id, &place.dir()).unwrap();
    // Without a roster an account is its own pseudonym.
    let person = ring.token(AcademicYear::of(MONDAY), Domain::Account, user.as_bytes()).unwrap();
    let hold = NewHold {
        from: MONDAY,
        to: TUESDAY,
        person: Some(person),
        reason: "case 12",
        owner: "DSL",
        review: date(2026, 6, 1),
    };
    state(place).add_hold(&hold, AFTER_MONDAY).unwrap()
}

fn thin(
    place: &Installation,
    step: &mut dyn FnMut(&'static str) -> Result<(), Error>,
) -> Result<ThinReport, Error> {
    let (dir, key) = (place.dir(), place.key());
    let ingest = Ingest { dir: &dir, school: &place.school, keep: false };
    Thinning { ingest, key: &key }.run_with(&mut |_, _| Ok(()), &(), step)
}

/// Every stretch of 64 bytes of sealed rows, at steps of 64.
fn sealed_bytes(place: &Installation) -> BTreeSet<Vec<u8>> {
    let sealed = bytes(&place.root().vault()).into_values();
    sealed.flat_map(|bytes| bytes.chunks_exact(64).map(<[u8]>::to_vec).collect::<Vec<_>>()).collect()
}

#[test]
fn only_the_held_persons_sealed_rows_stay() {
    let place = Installation::new();
    fill(&place);
    let number = held(&place, "ajones");
    assert_eq!(retain(&place, date(2026, 1, 6)).sealed_whole, 4);
    let (dir, key) = (place.dir(), place.key());
    let ingest = Ingest { dir: &dir, school: &place.school, keep: false };
    let (before, old) = (bytes(&place.dir()), sealed_bytes(&place));
    let planned = Thinning { ingest, key: &key }.plan(&mut |_| Ok(())).unwrap();
    // 20 of Monday and 20 of Tuesday are somebody else's; the damaged line and the name of the file are nobody's.
    assert_eq!(planned, ThinReport { files: 4, gone: 42, kept: 20, unclear: 0 });
    assert_eq!(bytes(&place.dir()), before, "a plan changes nothing");
    let refused = Thinning { ingest, key: &key }
        .run(&mut |_, _| Err(Error::new(Kind::Configuration, "no")), &())
        .unwrap_err();
    assert_eq!(refused.kind(), Kind::Configuration);
    assert_eq!(bytes(&place.root().vault()).len(), 4);
    assert_eq!(sealed_bytes(&place), old, "nothing goes before it is written down");

    assert_eq!(thin(&place, &mut |_| Ok(())).unwrap(), planned);
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
    let log = state(&place).deletions(0).unwrap();
    let of_thinning: Vec<u64> = log
        .iter()
        .filter(|entry| entry.what.contains("held for one person"))
        .map(|entry| entry.rows)
        .collect();
    assert_eq!(of_thinning, [0, 42], "begun, and done");
    state(&place).verify_deletions().unwrap();

    assert_eq!(thin(&place, &mut |_| Ok(())).unwrap(), ThinReport::default(), "again is nothing");
    let report = retain(&place, date(2026, 1, 6));
    assert_eq!((report.sealed_whole, report.is_empty()), (0, true));
    state(&place).release_hold(number, "closed").unwrap();
    retain(&place, date(2026, 1, 6));
    assert!(place.everything()["vault requests"].is_empty());
    assert!(state(&place).thinned_files().unwrap().is_empty());
}

#[test]
fn a_day_that_another_hold_keeps_for_everybody_is_left_alone() {
    let place = Installation::new();
    fill(&place);
    held(&place, "ajones");
    let everybody = NewHold {
        from: MONDAY,
        to: MONDAY,
        person: None,
        reason: "case 13",
        owner: "DSL",
        review: date(2026, 6, 1),
    };
    state(&place).add_hold(&everybody, AFTER_MONDAY).unwrap();
    retain(&place, date(2026, 1, 6));
    let before = place.everything();
    // Tuesday's requests alone: the damaged line and the name of the file came with records of both days.
    assert_eq!(
        thin(&place, &mut |_| Ok(())).unwrap(),
        ThinReport { files: 1, gone: 20, kept: 0, unclear: 0 }
    );
    let after = place.everything();
    assert_eq!((before["vault requests"].len(), after["vault requests"].len()), (60, 40));
    assert_eq!(before["vault rejects"], after["vault rejects"]);
}

#[test]
fn a_run_killed_at_any_step_is_finished_by_the_next() {
    let first = Installation::new();
    fill(&first);
    held(&first, "ajones");
    retain(&first, date(2026, 1, 6));
    let undisturbed = first.twin();
    thin(&undisturbed, &mut |_| Ok(())).unwrap();
    let whole = undisturbed.everything();
    let mut steps = 0;
    loop {
        let place = first.twin();
        let mut left = steps;
        let killed = thin(&place, &mut |_| {
            if left == 0 {
                return Err(Error::new(Kind::Environment, "killed"));
            }
            left -= 1;
            Ok(())
        });
        let ended = killed.is_ok();
        thin(&place, &mut |_| Ok(())).unwrap();
        assert_eq!(place.everything(), whole, "killed at step {steps}");
        assert_eq!(retain(&place, date(2026, 1, 6)).sealed_whole, 0);
        state(&place).verify_deletions().unwrap();
        if ended {
            break;
        }
        steps += 1;
    }
    assert_eq!(steps, 9, "one note, and two steps for each of four files");
}
