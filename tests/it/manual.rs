//! docs/nightly.md says what is so: no format is left out, and its service and crontab run as they stand.
//! `peers.rs` runs its pieces for other programs.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use ingest::detect::{Detection, detect};
use ingest::formats::{self, profile::ProfileSet};

use super::support::{out, root, watershed};

fn manual() -> String {
    std::fs::read_to_string(root().join("docs/nightly.md")).unwrap()
}

/// A piece between its markers, fences off.
fn piece(name: &str) -> String {
    let text = manual();
    let (_, rest) = text.split_once(&format!("<!-- {name}:begin -->\n")).unwrap();
    let (piece, _) = rest.split_once(&format!("<!-- {name}:end -->")).unwrap();
    piece.lines().filter(|line| !line.starts_with("```")).map(|line| format!("{line}\n")).collect()
}

/// A school whose inbox holds a log.
struct School {
    place: tempfile::TempDir,
    log: PathBuf,
}

fn school() -> School {
    let place = tempfile::tempdir().unwrap();
    let passphrase = place.path().join("passphrase");
    std::fs::write(&passphrase, "four quite unrelated words\n").unwrap();
    let key = place.path().join("dsl");
    out(watershed().args(["keys", "new", "--out"]).arg(&key).arg("--passphrase-file").arg(&passphrase));
    let basics = ["--name", "St Anne's", "--phase", "secondary", "--roll", "1000", "--yes"];
    out(watershed()
        .arg("--dir")
        .arg(place.path().join("installation"))
        .args(["--school", "st-annes", "init"])
        .args(basics)
        .arg("--dsl-key")
        .arg(place.path().join("dsl.pub"))
        .arg("--pseudonym-key-dir")
        .arg(place.path().join("pseudonym-keys")));
    let inbox = place.path().join("installation/schools/st-annes/inbox");
    std::fs::create_dir_all(&inbox).unwrap();
    let log = inbox.join("squid-2025-09-10.log");
    std::fs::copy(root().join("sample-logs/squid-native/basic.log"), &log).unwrap();
    // The log lies there as if it had rested.
    let settings = place.path().join("installation/watershed.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    assert!(text.contains("settle_seconds = 60"), "{text}");
    std::fs::write(&settings, text.replace("settle_seconds = 60", "settle_seconds = 0")).unwrap();
    School { place, log }
}

impl School {
    /// A command line of the manual, at this school's place.
    fn command(&self, line: &str) -> Command {
        let line = line.replace("/srv/watershed", self.place.path().join("installation").to_str().unwrap());
        let (program, arguments) = line.split_once(' ').unwrap();
        assert_eq!(program, "/usr/local/bin/watershed");
        let mut command = watershed();
        command.args(arguments.split(' '));
        command
    }
}

#[test]
fn no_format_is_left_out() {
    let text = manual();
    let mut ids: Vec<String> = formats::ALL.iter().map(|format| format.id.to_owned()).collect();
    ids.extend(ProfileSet::shipped().unwrap().iter().map(|profile| profile.id().to_owned()));
    ids.retain(|id| !text.contains(&format!("`{id}`")));
    assert!(ids.is_empty(), "docs/nightly.md does not say how to get {ids:?}");
}

#[test]
fn the_lists_to_copy_are_read_by_their_profiles() {
    let profiles = ProfileSet::shipped().unwrap();
    for (name, id) in
        [("ledger", "filter-change-ledger"), ("reports", "reported-sites"), ("checks", "filter-test-results")]
    {
        match detect(piece(name).as_bytes(), &profiles) {
            Detection::Found(found) => assert_eq!(found.format_id(), id),
            Detection::Refused(why) => panic!("{name}: {why}"),
        }
    }
}

#[test]
fn the_crontab_takes_the_inbox_in() {
    let school = school();
    let line = piece("cron");
    let words: Vec<&str> = line.trim().splitn(7, ' ').collect();
    assert_eq!(words[5], "watershed", "the user");
    let said = out(&mut school.command(words[6]));
    assert!(said.contains("st-annes"), "{said}");
    assert!(!school.log.exists(), "{said}");
}

#[test]
fn the_service_takes_the_inbox_in_and_ends_when_told() {
    let school = school();
    let unit = piece("service");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let mut service = school.command(line).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = String::new();
    // One line for the school when its inbox was looked at.
    BufReader::new(service.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let told = Command::new("kill").arg(service.id().to_string()).status().unwrap();
    let ended = service.wait().unwrap();
    assert!(told.success() && ended.success(), "{ended}: {said}");
    assert!(said.contains("st-annes") && !school.log.exists(), "{said}");
    let metrics = std::fs::read_to_string(school.place.path().join("installation/watershed.prom")).unwrap();
    assert!(metrics.contains("watershed_healthy{school=\"st-annes\"} 1"), "{metrics}");
}
