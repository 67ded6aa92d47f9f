//! Other recipients: a changed DSL, a lost key, a run that is killed.

use std::collections::BTreeSet;

use super::*;
use crate::vault::reseal::{Recipients, Survey};
use crate::vault::rows::PersonRow;

const DSL: usize = 0;
const RECOVERY: usize = 1;
const NEW_DSL: usize = 2;

/// Four files for the DSL and the recovery key: three days and a roster.
fn sealed() -> Bench {
    let bench = Bench::new();
    let mut writer = bench.writer();
    for day in 5..8 {
        bench.push(&mut writer, &on(date(2026, 1, day), i64::from(day), "amy.otter"));
    }
    writer.finish().unwrap();
    for folder in fs::read_dir(&bench.vault).unwrap() {
        let folder = folder.unwrap().path();
        if folder.ends_with("2026-01-20") {
            fs::remove_dir_all(folder).unwrap();
        }
    }
    let person = PersonRow {
        academic_year: "2025-26".into(),
        person: 42,
        person_key: "P1".into(),
        accounts: "amy.otter".into(),
        aliases: None,
        mis_name: Some("Otter, Amy".into()),
        year: None,
        role: "pupil".into(),
        cohorts: None,
    };
    let recipients = [pairs()[DSL].1.clone(), pairs()[RECOVERY].1.clone()];
    seal_people(&bench.vault, &bench.school, &recipients, "2025-26-00", &[person]).unwrap();
    bench
}

fn to(
    bench: &Bench,
    keys: &[usize],
    former: &[usize],
    with: usize,
    stop_after: u64,
) -> Result<Survey, Error> {
    let keys: Vec<_> = keys.iter().map(|index| pairs()[*index].1.clone()).collect();
    let former: BTreeSet<_> = former.iter().map(|index| pairs()[*index].1.id()).collect();
    let wanted = Recipients { vault: &bench.vault, school: &bench.school, keys: &keys, former: &former };
    let survey = wanted.seal_anew(&pairs()[with].0, &mut |done, _| {
        if done == stop_after { Err(Error::new(Kind::Environment, "killed")) } else { Ok(()) }
    })?;
    assert_eq!(wanted.survey().unwrap(), Survey { rewrapped: 0, locked: 0, ..survey });
    Ok(survey)
}

/// Requests and people that a key can read; none when it opens not every file.
fn reads(bench: &Bench, with: usize) -> Option<(usize, usize)> {
    let key = &pairs()[with].0;
    let people = VaultReader::open(&bench.vault, &bench.school, key).people().ok()?.len();
    Some((bench.read(key, &everything()).ok()?.len(), people))
}

#[test]
fn a_changed_dsl_reads_everything_and_the_one_before_nothing() {
    let bench = sealed();
    assert_eq!(reads(&bench, NEW_DSL), None);
    let survey = to(&bench, &[NEW_DSL, RECOVERY], &[DSL], DSL, 0).unwrap();
    assert_eq!(survey, Survey { files: 4, exact: 4, rewrapped: 4, locked: 0 });
    assert_eq!(reads(&bench, NEW_DSL), Some((3, 1)));
    assert_eq!(reads(&bench, RECOVERY), Some((3, 1)));
    assert_eq!(reads(&bench, DSL), None);
    let id = pairs()[DSL].1.id();
    for path in bench.files() {
        assert!(!fs::read(&path).unwrap().windows(8).any(|window| window == id), "{}", path.display());
    }
    let again = to(&bench, &[NEW_DSL, RECOVERY], &[DSL], NEW_DSL, 0).unwrap();
    assert_eq!(again.rewrapped, 0);
}

#[test]
fn with_a_lost_key_the_recovery_key_puts_another_in_its_place() {
    let bench = sealed();
    to(&bench, &[NEW_DSL, RECOVERY], &[DSL], RECOVERY, 0).unwrap();
    assert_eq!((reads(&bench, NEW_DSL), reads(&bench, DSL)), (Some((3, 1)), None));
}

#[test]
fn a_run_killed_in_the_middle_loses_nothing_and_the_next_one_finishes() {
    for killed_after in 1..4 {
        let bench = sealed();
        to(&bench, &[NEW_DSL, RECOVERY], &[DSL], DSL, killed_after).unwrap_err();
        // A copy that was never put in place.
        fs::write(bench.vault.join("2026-01-06/00-0.parquet.resealing"), "half").unwrap();
        assert_eq!(reads(&bench, RECOVERY), Some((3, 1)), "every file opens for the one in both lists");
        assert_eq!(reads(&bench, NEW_DSL), None);
        // The old key opens those that are left, the new one would not.
        assert_eq!(to(&bench, &[NEW_DSL, RECOVERY], &[DSL], NEW_DSL, 0).unwrap().locked, 4 - killed_after);
        let survey = to(&bench, &[NEW_DSL, RECOVERY], &[DSL], DSL, 0).unwrap();
        assert_eq!((survey.exact, survey.rewrapped, survey.locked), (4, 4 - killed_after, 0));
        assert_eq!((reads(&bench, NEW_DSL), reads(&bench, DSL)), (Some((3, 1)), None));
        assert!(!bench.vault.join("2026-01-06/00-0.parquet.resealing").exists());
    }
}

#[test]
fn strangers_damage_and_too_many_recipients_change_nothing() {
    let bench = sealed();
    let before: Vec<_> = bench.files().iter().map(|path| fs::read(path).unwrap()).collect();
    let survey = to(&bench, &[NEW_DSL], &[DSL, RECOVERY], NEW_DSL, 0).unwrap();
    assert_eq!((survey.locked, survey.exact), (4, 0));
    for keys in [&[][..], &[0, 1, 2, 0, 1]] {
        assert_eq!(to(&bench, keys, &[], DSL, 0).unwrap_err().kind(), Kind::Configuration);
    }
    assert_eq!(before, bench.files().iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>());

    let cut = bench.files().remove(0);
    let whole = fs::read(&cut).unwrap();
    for bytes in [&whole[..whole.len() / 2], b"PAR1", b""] {
        fs::write(&cut, bytes).unwrap();
        assert_eq!(to(&bench, &[DSL, RECOVERY, NEW_DSL], &[], DSL, 0).unwrap().locked, 1);
        assert_eq!(fs::read(&cut).unwrap(), bytes);
    }
}
