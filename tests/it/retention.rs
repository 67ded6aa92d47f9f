//! The program drops what its clocks say, keeps what a hold says, and comes back from a back-up the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::ToSpan;
use jiff::civil::Date;

use super::crash::copy;
use super::support::{demo, files_below, json, out, run, watershed};

/// A school with one log of two days: a hundred days ago and ten.
struct School {
    folder: tempfile::TempDir,
    old: Date,
    young: Date,
}

impl School {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let today = jiff::Zoned::now().date();
        let school = Self { old: today - 100.days(), young: today - 10.days(), folder };
        std::fs::write(school.path("passphrase"), "correct horse battery staple\n").unwrap();
        out(watershed()
            .args(["keys", "new", "--out"])
            .arg(school.path("dsl"))
            .arg("--passphrase-file")
            .arg(school.path("passphrase")));
        out(school
            .ask(&["--school", "st-a", "init", "--name", "St Anne's", "--phase", "secondary"])
            .args(["--roll", "300", "--yes", "--settle-seconds", "0", "--dsl-key"])
            .arg(school.path("dsl.pub"))
            .arg("--pseudonym-key-dir")
            .arg(school.path("keys")));
        let mut log = String::new();
        for day in [school.old, school.young] {
            let noon = day.at(12, 0, 0, 0).in_tz("Europe/London").unwrap().timestamp().as_second();
            for second in 0..30 {
                writeln!(
                    log,
                    "{}.000 10 10.1.0.{} TCP_DENIED/403 900 GET http://www.example.com/zorkweed{second} user{} HIER_NONE/- text/html",
                    noon + second * 90,
                    second % 5,
                    second % 3
                )
                .unwrap();
            }
        }
        std::fs::write(school.root().join("inbox/proxy.log"), log).unwrap();
        out(&mut school.ask(&["ingest"]));
        school
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn dir(&self) -> PathBuf {
        self.path("installation")
    }

    fn root(&self) -> PathBuf {
        self.dir().join("schools/st-a")
    }

    fn ask(&self, arguments: &[&str]) -> Command {
        let mut command = watershed();
        command.arg("--dir").arg(self.dir()).args(arguments);
        command
    }

    fn count(&self, table: &str) -> String {
        let sql = format!("SELECT count(*) AS n FROM {table}");
        out(&mut self.ask(&["sql", "--format", "csv", &sql])).lines().nth(1).unwrap().to_owned()
    }
}

fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files_below(folder).into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn detail_goes_figures_stay_and_everything_is_said() {
    let school = School::new();
    let before = bytes(&school.dir());
    let planned = json(&mut school.ask(&["retain", "--dry-run", "--format", "json"]));
    assert!(bytes(&school.dir()) == before, "a dry run changed something");
    assert_eq!(planned["days_closed"], 1);
    let checked = run(&mut school.ask(&["check"]));
    let text = String::from_utf8(checked.stdout).unwrap();
    assert!(text.contains("R0 detail 90 days") && text.contains("past their clock"), "{text}");

    let attempts = school.count("attempts");
    assert_eq!((school.count("requests").as_str(), attempts.as_str()), ("60", "60"));
    let done = json(&mut school.ask(&["retain", "--format", "json"]));
    assert_eq!(done["goes"], planned["goes"]);
    assert_eq!((school.count("requests"), school.count("attempts")), ("30".to_owned(), attempts));
    let log = json(&mut school.ask(&["retain", "log", "--format", "json"]));
    assert_eq!(log["entries"][0]["what"], format!("R0 {}", school.old));
    assert_eq!(log["entries"][0]["rows"], 30);
    let again = out(&mut school.ask(&["retain"]));
    assert!(again.contains("No clock has run out."), "{again}");

    // A hold, and what `check` says when its review is past: the date is changed behind the program's back.
    let (from, to) = (school.young.to_string(), school.young.to_string());
    let review = (jiff::Zoned::now().date() + 30.days()).to_string();
    let add = ["retain", "hold", "add", "--from", &from, "--to", &to, "--reason", "case 1", "--owner", "DSL"];
    assert_eq!(out(school.ask(&add).args(["--review", &review])).trim(), "1");
    let held = json(&mut school.ask(&["retain", "hold", "list", "--format", "json"]));
    assert_eq!(held["holds"][0]["standing"], "holds");
    out(&mut school.ask(&["retain", "hold", "release", "1", "--reason", "closed"]));
    assert_eq!(
        run(&mut school.ask(&["retain", "hold", "release", "1", "--reason", "x"])).status.code(),
        Some(2)
    );
    let gone = [
        "retain",
        "hold",
        "add",
        "--from",
        "2020-01-01",
        "--to",
        &to,
        "--reason",
        "case 2",
        "--owner",
        "DSL",
    ];
    let late = run(school.ask(&gone).args(["--review", &review]));
    assert_eq!(late.status.code(), Some(1), "a day of it is closed already");

    // A clock that cannot be meant stops every command by name.
    let file = school.dir().join("watershed.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config.replace("detail_days = 90", "detail_days = 9000")).unwrap();
    let refused = run(&mut school.ask(&["retain"]));
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("detail_days"));
}

#[test]
fn watch_runs_it_when_the_school_says_so() {
    let school = School::new();
    let watch = |school: &School| out(&mut school.ask(&["watch", "--once"]));
    assert!(!watch(&school).contains("retention"));
    assert_eq!(school.count("requests"), "60");
    let file = school.dir().join("watershed.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config.replace("nightly = false", "nightly = true")).unwrap();
    let said = watch(&school);
    assert!(said.contains("st-a retention: Gone: 30 rows"), "{said}");
    assert_eq!(school.count("requests"), "30");

    // A clock that was made shorter waits for somebody: the service asks once, and does not say meanwhile that all is well.
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config.replace("detail_days = 90", "detail_days = 1")).unwrap();
    let metrics = school.path("watershed.prom");
    let mut service = school
        .ask(&["watch", "--every", "1", "--metrics"])
        .arg(&metrics)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufReader::new(service.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said: Vec<String> = lines
        .by_ref()
        .scan(0, |looks, line| {
            *looks += usize::from(line.contains(" waiting."));
            (*looks < 4).then_some(line)
        })
        .collect();
    let metrics = std::fs::read_to_string(&metrics).unwrap();
    service.kill().unwrap();
    service.wait().unwrap();
    assert_eq!(said.iter().filter(|line| line.contains("retention failed")).count(), 1, "{said:#?}");
    assert_eq!(
        said.iter()
            .filter(|line| line.contains("nothing new. 0 waiting. Retention waits: detail would be kept"))
            .count(),
        2,
        "{said:#?}"
    );
    assert!(
        metrics.lines().any(|line| line.starts_with("watershed_healthy{") && line.ends_with(" 0")),
        "{metrics}"
    );
    assert_eq!(school.count("requests"), "30");
}

#[test]
fn a_hold_on_a_person_that_would_keep_nothing_is_refused_and_thinning_waits_for_retain() {
    let school = School::new();
    let sql = format!("SELECT min(actor) AS actor FROM requests WHERE local_date = DATE '{}'", school.old);
    let actors = out(&mut school.ask(&["sql", "--format", "csv", &sql]));
    let pseudonym = actors.lines().nth(1).unwrap().to_owned();
    let (from, review) = (school.old.to_string(), (jiff::Zoned::now().date() + 30.days()).to_string());
    let add = |person: &str, from: &str, to: &str| {
        let mut command =
            school.ask(&["retain", "hold", "add", "--from", from, "--to", to, "--person", person]);
        run(command.args(["--reason", "case 1", "--owner", "DSL", "--review", &review]))
    };
    for (person, from, to, expected) in [
        ("0000000000000001", from.as_str(), from.as_str(), "has this pseudonym"),
        (pseudonym.as_str(), "2020-01-06", "2020-01-07", "has this pseudonym"),
        (pseudonym.as_str(), "2025-08-31", "2025-09-01", "hold for each year"),
        ("zqmark", from.as_str(), from.as_str(), "16 hex digits"),
    ] {
        let refused = add(person, from, to);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(String::from_utf8(add(&pseudonym, &from, &from).stdout).unwrap().trim(), "1");
    let (key, passphrase) = (school.path("dsl.key"), school.path("passphrase"));
    let thin = || {
        let mut command = school.ask(&["--format", "json", "retain", "hold", "thin", "--reason", "case 1"]);
        let answer = run(command.arg("--key").arg(&key).arg("--passphrase-file").arg(&passphrase));
        let said = String::from_utf8(answer.stderr).unwrap();
        (serde_json::from_slice::<serde_json::Value>(&answer.stdout).unwrap(), answer.status.code(), said)
    };
    let (early, status, said) = thin();
    assert_eq!((&early["files_waiting"], &early["rows_gone"], status), (&1.into(), &0.into(), Some(1)));
    assert!(said.contains("run it first"), "{said}");
    out(&mut school.ask(&["retain"]));
    let (back_up, back) = (school.path("back-up"), school.path("back"));
    out(school.ask(&["backup"]).arg(&back_up));
    let (done, status, _) = thin();
    // Ten of the thirty records are of each of three accounts.
    assert_eq!((&done["files_waiting"], &done["rows_gone"], status), (&0.into(), &20.into(), Some(0)));
    // No clock drops the others' rows that came back with the back-up: somebody is told who has to.
    let restored =
        run(watershed().arg("restore").arg(&back_up).arg("--to").arg(&back).arg("--newer").arg(school.dir()));
    let said = String::from_utf8(restored.stderr).unwrap();
    assert_eq!(restored.status.code(), Some(1), "{said}");
    assert_eq!(said.matches("retain hold thin").count(), 1, "{said}");
}

/// Whether two answers are equal; sums over threads may differ behind the ninth digit of a fraction.
fn same(one: &serde_json::Value, two: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (one, two) {
        (Array(one), Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
        }
        (Object(one), Object(two)) => {
            one.len() == two.len()
                && one.iter().all(|(key, one)| two.get(key).is_some_and(|two| same(one, two)))
        }
        (Number(left), Number(right)) if left.is_f64() => {
            let (left, right) = (left.as_f64().unwrap(), right.as_f64().unwrap());
            (left - right).abs() <= 1e-9 * left.abs().max(1.0)
        }
        _ => one == two,
    }
}

#[test]
fn a_restored_installation_has_the_same_figures_and_the_same_sealed_sets() {
    let demo = demo();
    let folder = tempfile::tempdir().unwrap();
    // A copy of its own: other tests read the demo meanwhile.
    let first = folder.path().join("first");
    copy(&demo.installation, &first);
    // The demo is of 2025-26, and its events must not be past their clock when this is run.
    let file = first.join("watershed.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config.replace("previous_years = 1", "previous_years = 3")).unwrap();
    let (back_up, back) = (folder.path().join("back-up"), folder.path().join("back"));
    out(watershed().arg("--dir").arg(&first).arg("backup").arg(&back_up));
    out(watershed().args(["restore", "--verify"]).arg(&back_up));
    let keys: Vec<Vec<u8>> = files_below(&demo.folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "key"))
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    assert!(keys.len() >= 3, "keys of the schools and of the DSL");
    for path in files_below(&back_up) {
        let bytes = std::fs::read(&path).unwrap();
        for key in &keys {
            assert!(!bytes.windows(key.len()).any(|window| window == key), "a key in {}", path.display());
        }
    }
    out(watershed().arg("restore").arg(&back_up).arg("--to").arg(&back));
    for (school, period) in [("northfield", "2025-autumn"), ("oakhill", "2025-26")] {
        let ask = |dir: &Path, arguments: &[&str]| {
            out(watershed().arg("--dir").arg(dir).args(["--school", school]).args(arguments))
        };
        for question in [
            ["trend", "--period", period, "--format", "json"],
            ["groups", "--period", period, "--format", "json"],
            ["overblocking", "--period", period, "--format", "json"],
            ["attention", "--period", period, "--format", "json"],
        ] {
            let (now, before) = (ask(&back, &question), ask(&first, &question));
            let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert!(same(&read(&now), &read(&before)), "{school}: {question:?}: {now}\n{before}");
        }
        let list: serde_json::Value =
            serde_json::from_str(&ask(&back, &["releases", "list", "--format", "json"])).unwrap();
        let releases = list["releases"].as_array().unwrap();
        assert!(!releases.is_empty());
        for release in releases {
            let show = ["releases", "show", release["id"].as_str().unwrap(), "--format", "json"];
            assert_eq!(ask(&back, &show), ask(&first, &show), "the same sealed bytes");
        }
        ask(&back, &["releases", "verify"]);
    }
    // One byte of one file.
    let victim =
        files_below(&back_up).into_iter().find(|path| path.extension().is_some_and(|e| e == "parquet"));
    let victim = victim.unwrap();
    let mut bytes = std::fs::read(&victim).unwrap();
    bytes[10] ^= 1;
    std::fs::write(&victim, bytes).unwrap();
    let found = run(watershed().args(["restore", "--verify"]).arg(&back_up));
    assert_eq!(found.status.code(), Some(2));
    let said = String::from_utf8(found.stderr).unwrap();
    assert!(said.contains(victim.file_name().unwrap().to_str().unwrap()), "{said}");
}
