//! Exactly once: an ingest that is killed at any moment and run again leaves lake and vault equal
//! to an undisturbed pair.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use ingest::keys::PrivateKey;
use ingest::school::SchoolId;
use ingest::vault::{Selection, VaultReader};
use jiff::civil::Date;

use super::support::{demo, json, out, python, watershed};

pub(crate) const SCHOOL: &str = "st-a";
const KILLS: u64 = 20;

/// An installation with an inbox of every n-th night of a term, keys and a roster, not yet taken in.
pub(crate) fn prepare(folder: &Path, every: usize) -> PathBuf {
    let base = folder.join("base");
    let passphrase = folder.join("passphrase");
    std::fs::write(&passphrase, "correct horse battery staple\n").unwrap();
    out(watershed()
        .args(["keys", "new", "--out"])
        .arg(folder.join("dsl"))
        .arg("--passphrase-file")
        .arg(&passphrase));
    out(watershed()
        .arg("--dir")
        .arg(&base)
        .args([
            "--school",
            SCHOOL,
            "init",
            "--name",
            "St Anne's",
            "--phase",
            "secondary",
            "--roll",
            "300",
            "--yes",
        ])
        .args(["--settle-seconds", "0", "--dsl-key"])
        .arg(folder.join("dsl.pub"))
        .arg("--pseudonym-key-dir")
        .arg(folder.join("pseudonym-keys")));
    let root = base.join("schools").join(SCHOOL);
    let roster = folder.join("people.csv");
    let places = reports::sample::SamplePlaces {
        inbox: &root.join("inbox"),
        settings: &root.join("settings"),
        roster: &roster,
        truth: &folder.join("truth.json"),
    };
    reports::sample::write(reports::sample::SampleSchool::Northfield, 11, every, &places, &|_, _| ())
        .unwrap();
    out(watershed()
        .arg("--dir")
        .arg(&base)
        .args(["--school", SCHOOL, "people", "import", "--year", "2025-26"])
        .arg(&roster));
    base
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(crate) fn ingest(dir: &Path) -> std::process::Command {
    let mut command = watershed();
    command.arg("--dir").arg(dir).args(["--school", SCHOOL, "ingest", "--format", "json"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Every sealed request with what stands in it, and how often.
pub(crate) fn vault_rows(folder: &Path, dir: &Path) -> BTreeMap<String, u64> {
    let key = std::fs::read_to_string(folder.join("dsl.key")).unwrap();
    let key = PrivateKey::open(&key, "correct horse battery staple").unwrap();
    let school = SchoolId::parse(SCHOOL).unwrap();
    let vault = dir.join("schools").join(SCHOOL).join("vault");
    let mut rows = BTreeMap::new();
    let all = Selection { from: Date::MIN, to: Date::MAX, actor: None, between_us: None };
    VaultReader::open(&vault, &school, &key)
        .requests(&all, &mut |row| {
            let text = format!(
                "{} {} {} {:?} {:?} {:?} {:?} {:?} {:?}",
                row.import_token,
                row.record_number,
                row.event_time_utc_us,
                row.actor,
                row.user_written,
                row.address,
                row.whole_address(),
                row.search_words,
                row.category_words
            );
            *rows.entry(text).or_default() += 1;
            Ok(())
        })
        .unwrap();
    rows
}

#[test]
fn killed_at_twenty_random_moments_and_run_again_nothing_is_lost_or_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let base = prepare(folder.path(), 16);
    let undisturbed = folder.path().join("undisturbed");
    copy(&base, &undisturbed);
    let begun = Instant::now();
    ingest(&undisturbed).status().unwrap();
    let usual = begun.elapsed();
    let expected = vault_rows(folder.path(), &undisturbed);
    assert!(expected.len() > 1000, "too few rows to mean anything");

    // Seeded by the clock, printed so that a failure can be looked at again.
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    println!("seed {seed}, an undisturbed run takes {usual:?}");
    let mut random = seed;
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as f64 / (1_u64 << 31) as f64
    };
    let mut cut_short = 0;
    for kill in 0..KILLS {
        let dir = folder.path().join(format!("killed-{kill}"));
        copy(&base, &dir);
        // Some runs are killed twice: the second time while they make good the first.
        for _ in 0..=kill % 2 {
            let mut child = ingest(&dir).spawn().unwrap();
            std::thread::sleep(Duration::from_secs_f64(usual.as_secs_f64() * next()));
            let _ = child.kill();
            cut_short += u64::from(!child.wait().unwrap().success());
        }
        ingest(&dir).status().unwrap();
        let rows = vault_rows(folder.path(), &dir);
        assert_eq!(rows.len(), expected.len(), "kill {kill}: sealed rows");
        assert!(rows == expected, "kill {kill}: the vault differs from an undisturbed one");
        let lake = |dir: &Path| dir.join("schools").join(SCHOOL).join("lake");
        python("same_lake.py", &[&lake(&undisturbed), &lake(&dir)]);
        std::fs::remove_dir_all(&dir).unwrap();
    }
    assert!(cut_short >= KILLS / 2, "only {cut_short} runs were cut short");
}

#[test]
fn the_same_content_again_changes_nothing() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    let line = "1757325600.000     10 10.1.0.10 TCP_MISS/200 900 GET http://www.bbc.co.uk/ - HIER_DIRECT/1.2.3.4 text/html\n";
    let path = folder.path().join("one.log");
    std::fs::write(&path, line.repeat(3)).unwrap();
    let first = json(demo.ask("northfield", &["ingest", "--format", "json"]).arg(&path));
    assert_eq!(first["files"][0]["outcome"], "committed");
    assert_eq!(first["files"][0]["events"], 3, "identical lines are retries, not duplicates");
    assert!(path.exists(), "a path outside the inbox is left alone");
    let count = || {
        out(&mut demo.ask("northfield", &["sql", "--format", "csv", "SELECT count(*) AS n FROM requests"]))
    };
    let before = count();
    let again = json(demo.ask("northfield", &["ingest", "--format", "json"]).arg(&path));
    assert_eq!(again["files"][0]["outcome"], "already ingested");
    assert_eq!(count(), before);
}
