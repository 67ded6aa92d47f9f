//! A change of who can open the vault, from the configuration to the last file.

use ingest::school::{Phase, RecipientSetting, SchoolConfig};

use super::*;
use crate::unlock::recipients::{Change, Survey, survey};

fn pair() -> (PrivateKey, RecipientSetting) {
    let (private, public_key) = new_key_pair(PASSPHRASE).unwrap();
    let private = PrivateKey::open(&private, PASSPHRASE).unwrap();
    (private, RecipientSetting { name: "new DSL".to_owned(), public_key: public_key.trim().to_owned() })
}

pub(super) fn settings(bench: &Bench, name: &str) -> SchoolConfig {
    SchoolConfig {
        id: bench.school.clone(),
        name: "St Anne's".to_owned(),
        phase: Phase::Secondary,
        roll: 1000,
        zone: "Europe/London".to_owned(),
        pseudonym_key_dir: bench.folder.path().join("keys"),
        inbox: None,
        recipients: vec![RecipientSetting { name: name.to_owned(), public_key: bench.public.to_string() }],
        keep_sources_days: 0,
        settle_seconds: 0,
        retention: Default::default(),
    }
}

pub(super) fn save(dir: &Path, config: &Config) -> Result<(), Error> {
    let school = &config.schools[0];
    let mut text = format!(
        "[[school]]\nid = \"{}\"\nname = \"St Anne's\"\nphase = \"secondary\"\nroll = 1000\npseudonym_key_dir = \"{}\"\n",
        school.id,
        school.pseudonym_key_dir.display()
    );
    for recipient in &school.recipients {
        text += &format!(
            "[[school.recipients]]\nname = \"{}\"\npublic_key = \"{}\"\n",
            recipient.name, recipient.public_key
        );
    }
    fs::write(dir.join(Config::FILE), text).unwrap();
    Ok(())
}

#[test]
fn a_dsl_who_left_opens_nothing_and_the_next_one_everything() {
    let bench = Bench::new();
    bench.seal(&[(500, "amy.otter", Action::Blocked)]);
    let school = settings(&bench, "old DSL");
    let dir = bench.dir();
    save(&dir, &Config { schools: vec![school.clone()], ..Config::default() }).unwrap();
    let files = survey(&dir, &school).unwrap().0.files;
    let whole = Survey { files, exact: files, rewrapped: 0, locked: 0 };
    assert_eq!(survey(&dir, &school).unwrap(), (whole, false));

    let (private, setting) = pair();
    let change =
        Change { dir: &dir, school: &bench.school, what: "replace", reason: "case 1", key: &bench.private };
    // Killed when the list was to be saved: the note stands, the files do not change.
    let killed = change.run(|_| Ok(()), |_| Err(Error::new(Kind::Environment, "killed")), &mut |_, _| ());
    assert_eq!(killed.unwrap_err().kind(), Kind::Environment);
    assert_eq!(survey(&dir, &school).unwrap(), (whole, true));

    let done = change.run(
        |recipients| {
            *recipients = vec![setting.clone()];
            Ok::<_, Error>(())
        },
        |config| save(&dir, config),
        &mut |_, _| (),
    );
    assert_eq!(done.unwrap(), Survey { rewrapped: files, ..whole });
    let now = Config::load(&dir).unwrap();
    assert_eq!(survey(&dir, now.school(&bench.school).unwrap()).unwrap(), (whole, false));

    let monday = date(2026, 1, 12);
    let opened = extract(&dir, &bench.school, "amy.otter", monday, monday, "case 2", &private).unwrap();
    assert_eq!(opened.read().rows.len(), 1);
    let refused = extract(&dir, &bench.school, "amy.otter", monday, monday, "case 2", &bench.private);
    assert_eq!(refused.unwrap_err().kind(), Kind::Configuration);
    let entries = bench.entries();
    let said: Vec<_> =
        entries.iter().map(|entry| (entry.what.as_str(), entry.who.split(',').next().unwrap())).collect();
    assert_eq!(said, [("keys", "old DSL"), ("keys", "old DSL"), ("extract", "new DSL")]);
}

#[test]
fn an_erasure_is_written_down_without_a_name_and_leaves_nothing_to_unlock() {
    let bench = Bench::new();
    bench.seal(&[(500, "amy.otter", Action::Blocked), (510, "ben.badger", Action::Allowed)]);
    let school = settings(&bench, "DSL");
    let dir = bench.dir();
    save(&dir, &Config { schools: vec![school], ..Config::default() }).unwrap();
    let monday = date(2026, 1, 12);
    let rows = |who: &str| {
        extract(&dir, &bench.school, who, monday, monday, "case 2", &bench.private).unwrap().read().rows.len()
    };
    assert_eq!((rows("amy.otter"), rows("ben.badger")), (1, 1));
    let named = erase(&dir, &bench.school, "amy.otter", "amy.otter asked", None, &bench.private, &());
    assert_eq!(named.unwrap_err().kind(), Kind::Configuration);
    let erased = erase(&dir, &bench.school, "Amy.Otter", "request 9", None, &bench.private, &()).unwrap();
    assert_eq!(erased.report.vault_rows, 1);
    assert_eq!((rows("amy.otter"), rows("ben.badger")), (0, 1));
    let mut audit = AccessAudit::open(&dir, &bench.school).unwrap();
    audit.verify_from(&erased.audit_head).unwrap();
    let entry = audit.entries().unwrap().into_iter().find(|entry| entry.hash == erased.audit_head).unwrap();
    assert_eq!((entry.what.as_str(), entry.target.as_str()), ("erasure", "subject-1"));
}

#[test]
fn two_changes_at_once_do_not_undo_each_other() {
    let bench = Bench::new();
    let school = settings(&bench, "old DSL");
    let dir = bench.dir();
    save(&dir, &Config { schools: vec![school], ..Config::default() }).unwrap();
    let (_, setting) = pair();
    let change =
        || Change { dir: &dir, school: &bench.school, what: "add", reason: "case 1", key: &bench.private };
    let done = change().run(
        |recipients| {
            // Another command, for whatever school of the installation, while this one has read the file.
            let other = change().run(|_| Ok::<_, Error>(()), |config| save(&dir, config), &mut |_, _| ());
            assert_eq!(other.unwrap_err().kind(), Kind::Retry);
            recipients.push(setting.clone());
            Ok::<_, Error>(())
        },
        |config| save(&dir, config),
        &mut |_, _| (),
    );
    done.unwrap();
    assert_eq!(Config::load(&dir).unwrap().schools[0].recipients.len(), 2);
}
