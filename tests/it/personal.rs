//! Erasing a person, changing who opens the vault, correcting whose records are whose: killed for good
//! (SIGKILL) in the middle, and run again; and what was sealed stays as it is, byte for byte.

use std::process::{Command, Output};

use ingest::keys::PrivateKey;
use ingest::school::SchoolId;
use ingest::vault::{Selection, VaultReader};
use jiff::civil::Date;

use super::crash::copy;
use super::disk::{CHANGES, Fault, counted, faulty, on_disk};
use super::faults::every;
use super::night::Night;
use super::support::{demo, files_below, json, out, run, watershed};

const KILL: Fault = Fault { deed: "kill", which: CHANGES, error: 0 };
const PASSPHRASE: &str = "correct horse battery staple";

/// A school with a night taken in, and everything in it kept as `before`.
fn night() -> Night {
    let night = Night::new();
    for mut command in night.set_up(&watershed) {
        out(&mut command);
    }
    night.drop_files();
    let taken_in = run(&mut night.command(watershed(), &["ingest", "--keep"]));
    assert!(matches!(taken_in.status.code(), Some(0 | 1)));
    night.save("before");
    night
}

/// With the DSL's key (or another's of the same passphrase).
fn with_key(night: &Night, program: Command, arguments: &[&str], key: &str) -> Command {
    let mut command = night.command(program, arguments);
    command.arg("--key").arg(night.disk().join(key)).arg("--passphrase-file").arg(night.beside("passphrase"));
    command
}

/// The points at which a command is killed: ten of them, or as many as `WATERSHED_FAULTS` says.
fn points(night: &Night, arguments: &[&str], key: &str) -> Vec<usize> {
    night.restore("before");
    let log = night.beside("calls");
    let _absent = std::fs::remove_file(&log);
    let mut command = with_key(night, on_disk(&night.disk()), arguments, key);
    command.env("DISK_LOG", &log).env("DISK_WHICH", CHANGES.to_string());
    let output = command.output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
    let calls = counted(&log);
    assert!(calls > 20, "{calls} calls: the program is not watched");
    (1..=calls).step_by(every().unwrap_or(calls / 10).max(1)).collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn kill(night: &Night, arguments: &[&str], key: &str, at: usize) {
    night.restore("before");
    let output = with_key(night, faulty(&night.disk(), KILL, at), arguments, key).output().unwrap();
    assert_eq!(output.status.code(), None, "call {at}: {}", said(&output));
}

/// Lake and vault without what counts runs.
fn stored(night: &Night) -> super::night::Contents {
    let mut stored = night.stored();
    for name in ["imports", "vault files", "vault words"] {
        stored.remove(name);
    }
    stored
}

#[test]
fn an_erasure_killed_anywhere_is_finished_by_the_same_command() {
    let night = night();
    let erase = ["erase", "ajones", "--reason", "request 7", "--yes"];
    let points = points(&night, &erase, "dsl.key");
    let wanted = stored(&night);
    assert_eq!((wanted["requests"].len(), wanted["vault requests"].len()), (2, 2));
    for at in points {
        kill(&night, &erase, "dsl.key", at);
        let again = with_key(&night, watershed(), &erase, "dsl.key").output().unwrap();
        assert!(matches!(again.status.code(), Some(0 | 1)), "call {at}: {}", said(&again));
        assert_eq!(stored(&night), wanted, "call {at}");
        for path in files_below(night.root().root()) {
            let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
            for name in ["ajones", "alice jones"] {
                let found = bytes.windows(name.len()).any(|window| window == name.as_bytes());
                assert!(!found, "call {at}: {name} in {}", path.display());
            }
        }
    }
}

#[test]
fn a_change_of_keys_killed_anywhere_ends_with_exactly_the_new_ones() {
    let night = night();
    let disk = night.disk();
    let mut new = watershed();
    new.args(["keys", "new", "--out"]).arg(disk.join("next"));
    out(new.arg("--passphrase-file").arg(night.beside("passphrase")));
    let public = disk.join("next.pub");
    let reason = ["--reason", "a new DSL"];
    let add = [&["keys", "add", public.to_str().unwrap()], &reason[..]].concat();
    out(&mut with_key(&night, watershed(), &add, "dsl.key"));
    night.save("before");
    let rows = night.stored()["vault requests"].len();
    let remove = [&["keys", "remove", "dsl"], &reason[..]].concat();
    let finish = [&["keys", "re-seal"], &reason[..]].concat();
    for at in points(&night, &remove, "next.key") {
        kill(&night, &remove, "next.key", at);
        // Killed before the list of recipients changed, the removal is asked for again; else it is done.
        let _done_or_not = with_key(&night, watershed(), &remove, "next.key").output().unwrap();
        out(&mut with_key(&night, watershed(), &finish, "next.key"));
        let listed = json(&mut night.command(watershed(), &["keys", "list", "--format", "json"]));
        assert_eq!(listed["files"], listed["files_for_exactly_these"], "call {at}: {listed}");
        assert_eq!(
            (listed["recipients"].as_array().unwrap().len(), &listed["unfinished"]),
            (1, &false.into())
        );
        let opened = |key: &str| {
            let text = std::fs::read_to_string(disk.join(key)).unwrap();
            let key = PrivateKey::open(&text, PASSPHRASE).unwrap();
            let all = Selection { from: Date::MIN, to: Date::MAX, actor: None, between_us: None };
            let mut count = 0;
            let school = SchoolId::parse("st-a").unwrap();
            VaultReader::open(&night.root().vault(), &school, &key)
                .requests(&all, &mut |_| {
                    count += 1;
                    Ok(())
                })
                .map(|()| count)
        };
        assert_eq!(opened("next.key").unwrap(), rows, "call {at}");
        assert!(opened("dsl.key").is_err(), "call {at}: the old key still opens something");
    }
}

#[test]
fn a_correction_killed_anywhere_is_done_or_not_and_counted_by_the_next_run() {
    let night = night();
    let correct = [
        "correct",
        "account",
        "ajones",
        "--belongs-to",
        "bsmith",
        "--from",
        "2025-10-06",
        "--to",
        "2025-10-06",
        "--reason",
        "case 9",
    ];
    let untouched = stored(&night);
    let points = points(&night, &correct, "dsl.key");
    let corrected = stored(&night);
    assert_ne!(untouched["attempts"], corrected["attempts"]);
    assert_eq!(untouched["requests"], corrected["requests"]);
    let mut done = 0;
    for at in points {
        kill(&night, &correct, "dsl.key", at);
        run(&mut night.command(watershed(), &["ingest"]));
        let listed = json(&mut night.command(watershed(), &["correct", "list", "--format", "json"]));
        let made = listed["corrections"].as_array().unwrap().len();
        assert!(made <= 1, "{listed}");
        done += made;
        let wanted = if made == 1 { &corrected } else { &untouched };
        assert_eq!(&stored(&night), wanted, "call {at}");
    }
    assert!(done > 0, "no kill came after the correction was written down");
}

#[test]
fn sealed_sets_are_the_same_bytes_after_a_correction_and_an_erasure() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("installation");
    let school = "oakhill";
    copy(&demo.school(school), &dir.join("schools").join(school));
    std::fs::copy(demo.installation.join("watershed.toml"), dir.join("watershed.toml")).unwrap();
    let ask = |arguments: &[&str]| {
        let mut command = watershed();
        command.arg("--dir").arg(&dir).args(["--school", school]).args(arguments);
        command
    };
    let sealed = || -> Vec<String> {
        let listed = json(&mut ask(&["releases", "list", "--format", "json"]));
        listed["releases"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                out(&mut ask(&["releases", "show", entry["id"].as_str().unwrap(), "--format", "json"]))
            })
            .collect()
    };
    let before = sealed();
    assert!(!before.is_empty(), "nothing was sealed");
    let attention =
        || json(&mut ask(&["attention", "--since", "2025-09-01", "--format", "json"]))["cells"].clone();
    let rows = attention();
    let person = rows.as_array().unwrap().iter().find(|row| row["actor_kind"] == "person");
    let person = person.expect("somebody in the list")["pseudonym"].as_str().unwrap().to_owned();
    let key = |command: &mut Command| {
        command.arg("--key").arg(demo.folder.join("dsl.key"));
        out(command.arg("--passphrase-file").arg(demo.folder.join("dsl.passphrase")))
    };
    let days = ["--from", "2025-09-01", "--to", "2026-08-31"];
    let correct =
        [&["correct", "account", &person, "--nobody", "--all-accounts", "--reason", "case 9"], &days[..]]
            .concat();
    key(&mut ask(&correct));
    assert_eq!(sealed(), before);
    assert!(!attention().to_string().contains(&person), "the correction does something");
    key(&mut ask(&["correct", "undo", "1", "--reason", "back"]));
    assert_eq!(attention(), rows);
    let mut erase = ask(&["erase", &person, "--reason", "request 7", "--yes"]);
    erase.arg("--key").arg(demo.folder.join("dsl.key"));
    let erased = run(erase.arg("--passphrase-file").arg(demo.folder.join("dsl.passphrase")));
    assert!(matches!(erased.status.code(), Some(0 | 1)), "{}", said(&erased));
    assert!(!attention().to_string().contains(&person));
    assert_eq!(sealed(), before);
    out(&mut ask(&["releases", "verify"]));
}
