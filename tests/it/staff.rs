//! What concerns staff, matters that are live and records that are set apart, from the dropped log to what each reader
//! is told; by the program as its users run it.

use serde_json::Value;

use super::night::Night;
use super::support::{json, out, run, watershed};

const SITE: &str = "harm.example.net";
const OCTOBER: [&str; 4] = ["--from", "2025-10-01", "--to", "2025-10-31"];

/// A pupil, the head, a teacher and the safeguarding lead, each stopped once at a site about self-harm on Monday
/// 6 October 2025.
pub(crate) fn school() -> Night {
    let night = Night::new();
    let commands = night.set_up(&watershed);
    std::fs::write(
        night.disk().join("people.csv"),
        "person_key,accounts,year,role\nP1,ajones,9,pupil\nP2,bsmith,10,pupil\nS1,hhead,,head\nS2,tteach,,staff\nS3,dlead,,staff\n",
    )
    .unwrap();
    for mut command in commands {
        out(&mut command);
    }
    let root = night.root();
    std::fs::create_dir_all(root.settings()).unwrap();
    let sites = format!("site,common_code,valid_from,valid_to,source,note\n{SITE},SELFHARM,,,own,\n");
    std::fs::write(root.settings().join("sites.csv"), sites).unwrap();
    let lines: String = ["ajones", "hhead", "tteach", "dlead"]
        .iter()
        .enumerate()
        .map(|(second, user)| {
            format!("175973760{second}.250 120 10.1.2.3 TCP_DENIED/403 4512 GET http://{SITE}/page {user} HIER_NONE/- text/html\n")
        })
        .collect();
    std::fs::write(root.inbox().join("proxy.log"), lines).unwrap();
    let taken_in = run(&mut night.command(watershed(), &["ingest"]));
    assert!(matches!(taken_in.status.code(), Some(0 | 1)), "{taken_in:?}");
    std::fs::write(night.beside("password"), "tulip anchor seven\n").unwrap();
    for (name, role, holder) in [
        ("dana", "dsl", &["--person", "S3"][..]),
        ("hilary", "head", &["--person", "S1"]),
        ("chris", "chair", &["--outside"]),
        ("deputy", "dsl", &[]),
        ("sam", "slt", &["--outside"]),
    ] {
        let mut add = night.command(watershed(), &["accounts", "add", name, "--role", role]);
        out(add.args(holder).arg("--password-file").arg(night.beside("password")));
    }
    night
}

pub(crate) fn cells(night: &Night, arguments: &[&str]) -> Vec<Value> {
    let asked = [arguments, &OCTOBER, &["--format", "json"]].concat();
    let answer = json(&mut night.command(watershed(), &asked));
    answer["cells"].as_array().unwrap().clone()
}

pub(crate) fn pseudonyms(cells: &[Value]) -> Vec<&str> {
    cells.iter().map(|row| row["pseudonym"].as_str().unwrap()).collect()
}

/// Ends with a refusal, and what it says of it.
pub(crate) fn refused(night: &Night, arguments: &[&str]) -> String {
    let output = run(&mut night.command(watershed(), arguments));
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

pub(crate) fn with_key(night: &Night, arguments: &[&str]) -> std::process::Command {
    let mut command = night.command(watershed(), arguments);
    command.arg("--key").arg(night.disk().join("dsl.key"));
    command.arg("--passphrase-file").arg(night.beside("passphrase"));
    command
}

pub(crate) fn audit(night: &Night) -> Vec<(String, String)> {
    let output = run(&mut night.command(watershed(), &["audit", "list", "--format", "json"]));
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    let word = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    list["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (word(entry, "what"), word(entry, "who")))
        .collect()
}

#[test]
fn each_reader_is_told_of_others_and_the_chair_of_the_head() {
    let night = school();
    let staff = |account: &str| cells(&night, &["staff", "--as", account]);
    let (dana, hilary, chris) = (staff("dana"), staff("hilary"), staff("chris"));
    // Of the three of staff the lead sees the teacher; the head the teacher and the lead; the chair the head.
    assert_eq!([dana.len(), hilary.len(), chris.len()], [1, 2, 1]);
    let (teacher, head) = (pseudonyms(&dana)[0], pseudonyms(&chris)[0]);
    assert!(pseudonyms(&hilary).contains(&teacher) && teacher != head);
    assert!(!pseudonyms(&hilary).contains(&head));
    assert!(refused(&night, &["staff", "--as", "deputy"]).contains("nobody has said whose account this is"));
    assert!(refused(&night, &["staff", "--as", "sam"]).contains("this is not for that role"));
    assert!(
        refused(&night, &["attention", "--table", "listed", "--as", "deputy"]).contains("nobody has said")
    );
    let looks: Vec<_> = audit(&night).into_iter().filter(|(what, _)| what == "staff concerns").collect();
    let by = looks.iter().map(|(_, who)| who.as_str()).collect::<Vec<_>>();
    assert_eq!(by, ["dana", "hilary", "chris"]);

    // A roster without the head takes nothing back; saying so does, and stands in the audit.
    std::fs::write(
        night.disk().join("people.csv"),
        "person_key,accounts,year,role\nP1,ajones,9,pupil\nS1,hhead,,staff\nS2,tteach,,staff\nS3,dlead,,staff\n",
    )
    .unwrap();
    let roster = night.disk().join("people.csv");
    out(night.command(watershed(), &["people", "import", "--year", "2025-26"]).arg(roster));
    assert_eq!(staff("dana").len(), 1);
    let not_head = ["people", "not-head", "S1", "--year", "2025-26", "--reason", "left in March"];
    out(&mut night.command(watershed(), &not_head));
    assert_eq!([staff("dana").len(), staff("hilary").len(), staff("chris").len()], [0; 3], "nobody leads it");
    assert!(refused(&night, &not_head).contains("no roster of 2025-26 said"));
    assert!(audit(&night).iter().any(|(what, _)| what == "head of the school"));
}

#[test]
fn a_live_matter_is_the_leads_alone_and_a_slip_of_a_digit_marks_nothing() {
    let night = school();
    let episodes = |account: &str| -> i64 {
        let weeks = cells(&night, &["trend", "--as", account]);
        weeks.iter().map(|week| week["episodes"].as_i64().unwrap_or(0)).sum()
    };
    assert_eq!((episodes("dana"), episodes("sam")), (1, 1));
    let pupils = cells(&night, &["attention", "--as", "dana"]);
    let pseudonym = pseudonyms(&pupils)[0].to_owned();
    let wrong: String = pseudonym
        .chars()
        .enumerate()
        .map(|(at, c)| if at == 0 { if c == 'a' { 'b' } else { 'a' } } else { c })
        .collect();
    let add = |person: &str| {
        let mut command =
            with_key(&night, &["embargo", "add", "--from", "2025-10-01", "--reason", "case 12"]);
        command.args(["--reviewer", "DSL", "--person", person]);
        command
    };
    let slip = run(&mut add(&wrong));
    assert!(!slip.status.success());
    assert!(String::from_utf8_lossy(&slip.stderr).contains("nothing that was taken in has this pseudonym"));
    assert_eq!((episodes("dana"), episodes("sam")), (1, 1));
    let made = run(&mut add(&pseudonym));
    assert!(made.status.success(), "{made:?}");
    let said = [made.stdout, made.stderr].concat();
    assert!(String::from_utf8_lossy(&said).contains("So far it covers 1 episode and 0 rows of incidents."));
    assert_eq!((episodes("dana"), episodes("sam")), (1, 0));
    out(&mut with_key(&night, &["embargo", "lift", "1", "--reason", "closed"]));
    assert_eq!((episodes("dana"), episodes("sam")), (1, 1));
}

#[test]
fn what_is_set_apart_needs_a_key_and_an_end_and_a_mistake_leaves_no_file() {
    let night = school();
    let path = night.root().settings().join("investigations.csv");
    let add = |purpose: &'static str, to: &'static str| {
        let mut command =
            with_key(&night, &["investigations", "add", "--account", "ajones", "--purpose", purpose]);
        command.args(["--from", "2025-10-06", "--to", to, "--reason", "case 12", "--role", "headteacher"]);
        command
    };
    for (purpose, to) in [("holiday", "2025-10-06"), ("investigation", "2026-03-01"), ("test", "2026-12-01")]
    {
        assert!(!run(&mut add(purpose, to)).status.success(), "{purpose} to {to}");
        assert!(!path.exists(), "{purpose} to {to}");
    }
    let without =
        ["investigations", "add", "--account", "ajones", "--purpose", "test", "--from", "2025-10-06"];
    let rest = ["--to", "2025-10-06", "--reason", "case 12", "--role", "IT"];
    assert!(refused(&night, &[&without[..], &rest].concat()).contains("--key"));
    assert!(!audit(&night).iter().any(|(what, _)| what == "set apart"));
    out(&mut add("investigation", "2025-10-06"));
    let ingest = run(&mut night.command(watershed(), &["ingest"]));
    assert!(matches!(ingest.status.code(), Some(0 | 1)), "{ingest:?}");
    assert!(cells(&night, &["attention", "--as", "dana"]).is_empty());
    let set_apart: Vec<_> = audit(&night).into_iter().filter(|(what, _)| what == "set apart").collect();
    assert_eq!(set_apart.len(), 1);
    assert!(set_apart[0].1.contains("key "), "{set_apart:?}");
}
