//! Which pupil is in which cohort (looked after, child in need, SEND ...) stands in the sealed roster and is counted for
//! the safeguarding lead's key alone. A marked cohort is looked for in every file and every answer; and the same school is
//! asked everything twice, with other pupils in the cohorts: nothing else may tell the two apart.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json as value;

use super::cohort_school::{
    AUTUMN, DAYS_ASKED, MEMBERS, ROLES, pages, roster, school, take_in, told, with_key,
};
use super::marks::{School, Search};
use super::night::{Contents, difference};
use super::support::{json, out, python};

/// Every cell of the state file, texts and bytes alike.
fn state(school: &School) -> String {
    let state = rusqlite::Connection::open(school.night.root().state()).unwrap();
    let column = |query: &str, at: usize| -> Vec<String> {
        let mut statement = state.prepare(query).unwrap();
        statement.query_map([], |row| row.get(at)).unwrap().map(Result::unwrap).collect()
    };
    let mut text = String::new();
    for table in column("SELECT name FROM sqlite_master WHERE type = 'table'", 0) {
        let cells: Vec<_> = column(&format!("PRAGMA table_info({table})"), 1)
            .iter()
            .map(|name| format!("quote({name})"))
            .collect();
        for row in column(&format!("SELECT {} FROM {table}", cells.join(" || ' ' || ")), 0) {
            writeln!(text, "{table} {row}").unwrap();
        }
    }
    assert!(
        text.contains("current_rosters") && text.contains("access_audit"),
        "the state file was not spelt out"
    );
    text
}

/// Without what is another at each run: moments, and hashes that moments go into.
fn lasting(text: &str) -> String {
    // As records have a moment, as tables do, and the time of day as pages do.
    let forms = ["9999-99-99T99:99", "9999-99-99 99:99", "9999, 99:99"];
    let moment = |rest: &[u8]| {
        let is = |form: &&str| {
            rest.len() >= form.len()
                && rest.iter().zip(form.bytes()).all(|(letter, form)| match form {
                    b'9' => letter.is_ascii_digit(),
                    form => *letter == form,
                })
        };
        forms.iter().find(|form| is(form)).map(|form| {
            let more = rest[form.len()..].iter().take_while(|letter| b"0123456789:.Z".contains(letter));
            form.len() + more.count()
        })
    };
    let (bytes, mut at, mut lasting) = (text.as_bytes(), 0, Vec::new());
    while at < bytes.len() {
        let hex = bytes[at..].iter().take_while(|letter| letter.is_ascii_hexdigit()).count();
        if let Some(length) = moment(&bytes[at..]) {
            lasting.extend_from_slice(b"(moment)");
            at += length;
        } else if hex >= 32 {
            lasting.extend_from_slice(b"(hash)");
            at += hex;
        } else {
            let whole = hex.max(1);
            lasting.extend_from_slice(&bytes[at..at + whole]);
            at += whole;
        }
    }
    String::from_utf8_lossy(&lasting).into_owned()
}

/// What is stored, without the name of the sealed roster: it is a hash under the school's key, of all that is sealed.
fn comparable(contents: &Contents) -> Contents {
    let nameless = |row: &String| match row.split_once("2025-26-") {
        Some((before, name)) if row.contains("people/") || row.starts_with("'2025-26'") => {
            format!("{before}{}", &name[16..])
        }
        _ => lasting(row),
    };
    contents.iter().map(|(name, rows)| (name.clone(), rows.iter().map(nameless).collect())).collect()
}

#[test]
fn a_cohort_is_in_no_file_and_no_answer_but_those_of_the_key() {
    let school = school();
    let mut both: Vec<(Vec<(String, String)>, Contents)> = Vec::new();
    for (number, members) in MEMBERS.into_iter().enumerate() {
        school.night.restore("before");
        let mut search = Search::new();
        let mut said = take_in(&school, members);
        // It is there, and the key brings it out.
        let opened = json(&mut with_key(
            &school,
            &[&["unlock", "--cohorts", "--format", "json"], &DAYS_ASKED[..]].concat(),
        ));
        assert!(
            opened.to_string().contains("zqmarkflag") && opened.to_string().contains("zqmarkvalue"),
            "{opened}"
        );
        said.extend(told(&school, number == 0));
        let papers = school.night.beside("papers");
        let _absent = std::fs::remove_dir_all(&papers);
        said.push(("paperwork".to_owned(), school.run(&["paperwork", "--out", papers.to_str().unwrap()])));
        let back_up = school.night.beside("back-up");
        let _absent = std::fs::remove_dir_all(&back_up);
        let place = back_up.to_str().unwrap();
        said.push(("backup".to_owned(), school.run(&["backup", place])));
        said.push(("restore --verify".to_owned(), school.run(&["restore", "--verify", place])));
        said.push(("retain".to_owned(), school.run(&["retain"])));
        for (what, output) in &said {
            search.said(what, output);
        }
        let pages = pages(&school);
        assert!(
            pages
                .iter()
                .any(|(what, page)| what == "/staff/trend for dsl" && page.starts_with("HTTP/1.1 200"))
        );
        for (what, page) in &pages {
            search.look(what, page.as_bytes());
        }
        // Sealed files too: they hold it so that nobody without a key can read it.
        for place in [&school.night.disk(), &school.temporary, &papers, &back_up] {
            search.files("after everything", place, &[]);
        }
        let spelt = python("spell.py", &[&school.night.root().lake(), Path::new("all")]);
        assert!(spelt.contains("bet365.com") && spelt.contains("squid-native"), "the lake was not spelt out");
        search.look("the lake spelt out", spelt.as_bytes());
        search.look("the state spelt out", state(&school).as_bytes());
        search.nothing();

        let mut answers: Vec<(String, String)> = said
            .into_iter()
            // How many bytes a back-up has depends on the moments that are written down in it.
            .filter(|(what, _)| !["backup", "restore --verify"].contains(&what.as_str()))
            .map(|(what, output)| (what, lasting(&String::from_utf8_lossy(&output.stdout))))
            .collect();
        answers.extend(pages.into_iter().map(|(what, page)| {
            let is_own = |line: &&str| !line.starts_with("set-cookie: ") && !line.starts_with("date: ");
            (what, lasting(&page.lines().filter(is_own).collect::<Vec<_>>().join("\n")))
        }));
        both.push((answers, comparable(&school.night.contents())));
    }
    let [(first, stored_first), (second, stored_second)] = &both[..] else { panic!("asked twice") };
    let telling: Vec<_> = first
        .iter()
        .zip(second)
        .filter(|((_, first), (_, second))| first != second)
        .map(|((what, first), (_, second))| {
            let lines = first.lines().zip(second.lines()).find(|(first, second)| first != second);
            let at =
                lines.and_then(|(first, second)| first.bytes().zip(second.bytes()).position(|(a, b)| a != b));
            let part = |line: &str| {
                let around = at.unwrap_or(0).saturating_sub(60)..(at.unwrap_or(0) + 60).min(line.len());
                String::from_utf8_lossy(&line.as_bytes()[around]).into_owned()
            };
            (what, lines.map(|(first, second)| (part(first), part(second))))
        })
        .collect();
    assert!(telling.is_empty(), "these tell who is in a cohort: {telling:#?}");
    assert_eq!(difference(stored_first, stored_second), None, "what is stored tells who is in a cohort");
}

/// The arguments that open the cohorts, but the key.
const COHORTS: [&str; 8] =
    ["unlock", "--cohorts", "--from", "2025-10-01", "--to", "2025-11-30", "--reason", "case 7"];

#[test]
fn the_key_is_told_how_many_and_that_this_is_personal_data() {
    let school = school();
    take_in(&school, MEMBERS[0]);
    let opened = json(&mut with_key(
        &school,
        &[&["unlock", "--cohorts", "--format", "json"], &DAYS_ASKED[..]].concat(),
    ));
    // 27 episodes of 25 pupils; of the three members the first has two, and the second, alone in the other cohort, none.
    let expected = value!([
        {"academic_year": "2025-26", "cohort": "zqmarkcare: zqmarkvalue", "pupils": 1, "with_episode": 0, "episodes": 0,
         "other_pupils": 299, "others_with_episode": 25, "other_episodes": 27},
        {"academic_year": "2025-26", "cohort": "zqmarkflag", "pupils": 3, "with_episode": 1, "episodes": 2,
         "other_pupils": 297, "others_with_episode": 24, "other_episodes": 25},
    ]);
    assert_eq!(opened["cohorts"], expected);
    let label = "Personal data, not anonymised";
    assert!(opened["label"].as_str().is_some_and(|said| said.starts_with(label)), "{opened}");
    for format in ["table", "csv"] {
        let printed = out(with_key(&school, &COHORTS[..6]).args(["--format", format]));
        assert!(printed.contains("zqmarkflag") && printed.contains(label), "{format}: {printed}");
    }
    // A later roster replaces the earlier: who left a cohort is counted with the others.
    take_in_again(&school, MEMBERS[1]);
    let opened = json(&mut with_key(
        &school,
        &[&["unlock", "--cohorts", "--format", "json"], &DAYS_ASKED[..]].concat(),
    ));
    assert_eq!(opened["cohorts"], expected, "6 has two as well, and 80 none");
    let looks = json(&mut school.night.command(school.program(), &["audit", "list", "--format", "json"]));
    let looks: Vec<_> = looks["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["what"] == "cohorts")
        .cloned()
        .collect();
    assert_eq!(looks.len(), 4, "each opening is on record");
    assert!(
        looks
            .iter()
            .all(|entry| entry["reason"] == "case 7" && entry["who"].as_str().unwrap().contains("key "))
    );
}

fn take_in_again(school: &School, members: [usize; 3]) {
    let people = school.night.disk().join("roster.csv");
    std::fs::write(&people, roster(members)).unwrap();
    let import = ["people", "import", "--year", "2025-26", people.to_str().unwrap()];
    assert!(school.run(&import).status.success());
}

#[test]
fn nobody_else_can_ask_for_cohorts() {
    let school = school();
    take_in(&school, MEMBERS[0]);
    let refused = |arguments: &[&str], why: &str| {
        let output = school.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(why), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    };
    // Without a key, with another's, with a wrong passphrase, without a reason.
    refused(&COHORTS, "--key");
    let key = |name: &str| school.night.disk().join(format!("{name}.key")).to_string_lossy().into_owned();
    let passphrase = school.night.beside("passphrase").to_string_lossy().into_owned();
    let wrong = school.night.beside("wrong");
    std::fs::write(&wrong, "not the passphrase at all\n").unwrap();
    out(school
        .program()
        .args(["keys", "new", "--out"])
        .arg(school.night.disk().join("other"))
        .args(["--passphrase-file", &passphrase]));
    let with = |key: &str, passphrase: &str, why: &str| {
        refused(&[&COHORTS[..], &["--key", key, "--passphrase-file", passphrase]].concat(), why);
    };
    with(&key("other"), &passphrase, "");
    with(&key("dsl"), wrong.to_str().unwrap(), "passphrase");
    let (dsl, no_reason) = (key("dsl"), ["--reason", " "]);
    let open = ["--key", &dsl, "--passphrase-file", &passphrase];
    refused(&[&COHORTS[..6], &no_reason, &open].concat(), "reason");
    // A year that no roster is of, and days of two years, for which a pupil would be two.
    let days = |from: &'static str, to: &'static str| {
        let mut arguments = COHORTS.to_vec();
        (arguments[3], arguments[5]) = (from, to);
        school.run(&[&arguments[..], &open].concat())
    };
    for (from, to, why) in [
        ("2024-10-01", "2024-10-31", "no roster of 2024-25 has a cohort"),
        ("2025-07-01", "2025-10-31", "two academic years"),
    ] {
        let output = days(from, to);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        assert!(String::from_utf8_lossy(&output.stderr).contains(why), "{output:?}");
    }
    // No question has such a dimension, for whoever's account it is asked; each says what there is instead.
    for metric in
        ["attention", "groups", "overblocking", "gotthrough", "searches", "incidents", "changes", "coverage"]
    {
        refused(&[metric, "--table", "cohorts"], "");
    }
    for account in ROLES {
        refused(&["groups", "--table", "cohorts", "--as", account], "");
        refused(&["trend", "--by", "cohort", "--as", account], "");
    }
    for arguments in [
        &["trend", "--by", "cohort"][..],
        &["trend", "--table", "cohorts"],
        &["trend", "--cohort", "zqmarkflag"],
        &["unlock", "--cohorts", "--as", "dsl"],
        &["publish", "--audience", "cohort", "--period", "2025-autumn"],
    ] {
        refused(arguments, "");
    }
    // In SQL there is no such table and no such column, neither of the roster nor of the state or the vault.
    for statement in [
        "SELECT * FROM cohorts",
        "SELECT * FROM people",
        "SELECT * FROM rosters",
        "SELECT * FROM roster_accounts",
        "SELECT * FROM current_rosters",
        "SELECT cohorts FROM requests",
        "SELECT cohort_zqmarkflag FROM actor_days",
        "SELECT * FROM information_schema.tables",
        "SHOW TABLES",
    ] {
        refused(&["sql", statement], "");
    }
    let columns = out(&mut school.night.command(school.program(), &["columns"]));
    assert!(columns.contains("actor_days") && !columns.to_lowercase().contains("cohort"), "{columns}");
    // A group of the mark's name is none; the answer is empty, not a refusal that says which there are.
    let group =
        school.run(&["trend", "--group", "cohort_zqmarkflag", "--format", "json", AUTUMN[0], AUTUMN[1]]);
    assert!(!String::from_utf8_lossy(&group.stdout).contains("\"attempts\":1"), "{group:?}");
}
