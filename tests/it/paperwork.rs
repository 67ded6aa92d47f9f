//! Papers follow the configuration; the audit's head goes by mail, and an opening stands when it cannot.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::support::{json, out, root, run, watershed};

/// A school with two logs, a roster and an account.
struct School {
    folder: tempfile::TempDir,
}

impl School {
    fn new() -> Self {
        let school = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(school.path("passphrase"), "four quite unrelated words\n").unwrap();
        out(watershed()
            .args(["keys", "new", "--out"])
            .arg(school.path("dsl"))
            .arg("--passphrase-file")
            .arg(school.path("passphrase")));
        out(school
            .ask(&[
                "--school",
                "st-a",
                "init",
                "--name",
                "St Anne's",
                "--phase",
                "secondary",
                "--roll",
                "300",
                "--yes",
            ])
            .arg("--dsl-key")
            .arg(school.path("dsl.pub"))
            .arg("--pseudonym-key-dir")
            .arg(school.path("keys")));
        std::fs::write(school.path("people.csv"), "person_key,accounts,year,role\nP1,24okaforj,9,pupil\n")
            .unwrap();
        out(school.ask(&["people", "import", "--year", "2025-26"]).arg(school.path("people.csv")));
        let samples = root().join("sample-logs");
        out(school
            .ask(&["ingest"])
            .arg(samples.join("squid-native/basic.log"))
            .arg(samples.join("e2guardian-2/basic.log")));
        school
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn ask(&self, arguments: &[&str]) -> Command {
        let mut command = watershed();
        command.arg("--dir").arg(self.path("installation")).args(arguments);
        command
    }

    fn configure(&self, edit: impl FnOnce(String) -> String) {
        let file = self.path("installation/watershed.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, edit(text)).unwrap();
    }

    fn mail_to(&self, port: u16) {
        self.configure(|text| {
            let before = text.split("\n[mail]").next().unwrap().to_owned();
            format!(
                "{before}\n[mail]\nserver = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nfrom = \"w@school.example\"\n\
                 dsl = [\"dsl@school.example\"]\ntimeout_seconds = 1\n"
            )
        });
    }

    fn unlock(&self, reason: &str) -> Output {
        run(self
            .ask(&["unlock", "24okaforj", "--from", "2025-09-01", "--to", "2025-09-30", "--reason", reason])
            .arg("--key")
            .arg(self.path("dsl.key"))
            .arg("--passphrase-file")
            .arg(self.path("passphrase")))
    }

    /// All papers of one kind as one text.
    fn papers(&self, name: &str, written: &str) -> String {
        let folder = self.path(name);
        out(self.ask(&["paperwork", "--as", written, "--out"]).arg(&folder));
        read_all(&folder)
    }
}

fn read_all(folder: &Path) -> String {
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// A mail server for one conversation: takes the mail, or refuses whoever it is for.
fn server(takes: bool) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (said, hear) = channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(&stream).lines();
        let mut writer = &stream;
        let (mut whole, mut in_data) = (String::new(), false);
        writer.write_all(b"220 mail\r\n").unwrap();
        while let Some(Ok(line)) = lines.next() {
            whole.push_str(&format!("{line}\n"));
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                "." => {
                    in_data = false;
                    "250 queued\r\n"
                }
                _ if in_data => continue,
                "RCPT" if !takes => "550 no\r\n",
                "DATA" => {
                    in_data = true;
                    "354 go on\r\n"
                }
                "QUIT" => "221 bye\r\n",
                _ => "250 ok\r\n",
            };
            if writer.write_all(answer.as_bytes()).is_err() {
                break;
            }
        }
        let _ = said.send(whole);
    });
    (port, hear)
}

fn entries(school: &School) -> Vec<String> {
    let list = json(&mut school.ask(&["audit", "list", "--format", "json"]));
    list["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["what"].as_str().unwrap().to_owned())
        .collect()
}

fn head(school: &School) -> String {
    json(&mut school.ask(&["audit", "verify", "--format", "json"]))["head"].as_str().unwrap().to_owned()
}

#[test]
fn an_opening_stands_when_the_mail_cannot_go_and_the_mail_goes_later() {
    let school = School::new();
    let (port, _hear) = server(false);
    school.mail_to(port);
    let opened = school.unlock("case 12");
    let (shown, said) =
        (String::from_utf8(opened.stdout).unwrap(), String::from_utf8(opened.stderr).unwrap());
    assert_eq!(opened.status.code(), Some(1), "{said}");
    assert!(shown.contains("24okaforj"), "the opening itself stands: {shown}");
    assert!(said.contains("was not mailed") && said.contains("answer 550"), "{said}");
    assert!(!said.contains("dsl@school.example") && !said.contains("127.0.0.1"), "{said}");

    // Nobody listens there any more: tried again, said again, not noted twice.
    let listed = run(&mut school.ask(&["audit", "list", "--format", "json"]));
    assert_eq!(listed.status.code(), Some(1));
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let whats: Vec<&str> =
        listed["entries"].as_array().unwrap().iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["unlock", "mail not sent"]);
    let checked = String::from_utf8(run(&mut school.ask(&["check", "--format", "json"])).stdout).unwrap();
    assert!(checked.contains("still to be mailed"), "{checked}");

    // `watch` sends it once there is a server again.
    let (port, hear) = server(true);
    school.mail_to(port);
    let watched = String::from_utf8(run(&mut school.ask(&["watch", "--once"])).stdout).unwrap();
    assert!(watched.contains("the head of the access audit was mailed"), "{watched}");
    let mail = hear.recv_timeout(Duration::from_secs(10)).unwrap();
    let head = head(&school);
    assert!(mail.contains("RCPT TO:<dsl@school.example>") && mail.lines().any(|line| line == head), "{mail}");
    assert!(mail.contains("Entries in the access audit: 2"), "{mail}");
    for hidden in ["okafor", "case 12", "subject-1"] {
        assert!(!mail.contains(hidden), "{hidden}: {mail}");
    }
    assert_eq!(entries(&school), ["unlock", "mail not sent"], "nothing is due, and nothing was noted");
    out(&mut school.ask(&["audit", "verify", "--head", &head]));
    let checked = String::from_utf8(run(&mut school.ask(&["check", "--format", "json"])).stdout).unwrap();
    assert!(checked.contains("goes to 1 addresses, encryption none"), "{checked}");

    // On demand, and without mail set up.
    let (port, hear) = server(true);
    school.mail_to(port);
    out(&mut school.ask(&["audit", "mail"]));
    assert!(hear.recv_timeout(Duration::from_secs(10)).unwrap().contains(&head));
    school.configure(|text| text.split("\n[mail]").next().unwrap().to_owned());
    assert_eq!(run(&mut school.ask(&["audit", "mail"])).status.code(), Some(2));
    assert!(school.unlock("case 13").status.success());
}

#[test]
fn papers_follow_the_configuration() {
    let school = School::new();
    let first = school.papers("first", "html");
    for words in
        ["90 days", "Squid access log", "/staff/attention", "[school:", "lang=\"en-GB\"", "NOT mailed"]
    {
        assert!(first.contains(words), "{words}");
    }
    for name in ["okafor", "24okaforj", "P1"] {
        assert!(!first.contains(name), "{name} stands in a paper");
    }
    assert!(!first.contains("Incidents in the manner of"), "no incidents were taken in");
    let again = run(school.ask(&["paperwork", "--out"]).arg(school.path("first")));
    assert_eq!(again.status.code(), Some(2), "a folder that is there is left alone");

    // A clock, an account, a key, mail, something shared, a review.
    school.configure(|text| text.replace("detail_days = 90", "detail_days = 30"));
    school.mail_to(9);
    school.configure(|text| {
        text.replace(
            "timeout_seconds = 1",
            "timeout_seconds = 1\nschools = { st-a = [\"a@school.example\"] }",
        )
    });
    let mut add = school.ask(&["accounts", "add", "lee", "--role", "slt"]);
    std::fs::write(school.path("password"), "tulip anchor seven\n").unwrap();
    out(add.arg("--password-file").arg(school.path("password")));
    // Port 9 takes no mail: these end with 1, and what they did stands.
    let sharing = [
        "sharing",
        "add",
        "--with",
        "children's services",
        "--what",
        "extract, case 12",
        "--basis",
        "s.11",
        "--by",
        "DSL",
    ];
    assert_eq!(run(&mut school.ask(&sharing)).status.code(), Some(1));
    let review = ["access", "review", "--role", "headteacher", "--reason", "yearly"];
    assert_eq!(run(&mut school.ask(&review)).status.code(), Some(1));
    let second = school.papers("second", "markdown");
    for words in [
        "30 days",
        "| lee | senior leader | active",
        "a@school.example",
        "children's services",
        "extract, case 12",
        "reviewed on",
    ] {
        assert!(second.contains(words), "{words}: {second}");
    }
    for words in ["90 days", "NOT mailed", "not been reviewed yet; they"] {
        assert!(!second.contains(words), "{words}: {second}");
    }
    let checked = String::from_utf8(run(&mut school.ask(&["check", "--format", "json"])).stdout).unwrap();
    assert!(checked.contains("The access rights were reviewed on"), "{checked}");
    out(school.ask(&["accounts", "disable", "lee"]).arg("--format").arg("json"));
    let rights = run(&mut school.ask(&["access", "list"]));
    assert_eq!(rights.status.code(), Some(1), "the rights have changed since the review");
    let rows = school.papers("third", "csv");
    assert!(rows.contains("\"lee\",\"senior leader\",\"disabled\""), "{rows}");
    assert!(rows.lines().any(|line| line.starts_with("\"Lake: requests\",")), "{rows}");
}
