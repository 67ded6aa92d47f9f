//! A school of 300 pupils, three of them in a cohort with a marked name, and all that anybody but the key's holder is told.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use super::marks::School;
use super::secrets::ask;
use super::support::out;

pub(crate) const PUPILS: usize = 300;
pub(crate) const DAYS: [(&str, i64); 4] = [
    ("2025-10-06", 1_759_734_000),
    ("2025-10-07", 1_759_820_400),
    ("2025-11-03", 1_762_156_800),
    ("2025-11-04", 1_762_243_200),
];
/// Three pupils of the cohort `zqmarkflag`; the second of them is alone in `zqmarkcare`. Once these, once those.
pub(crate) const MEMBERS: [[usize; 3]; 2] = [[5, 77, 150], [6, 80, 200]];
/// Pupils 0 to 24 are stopped at a betting site on the first day; 5 and 6 at one about getting round the filter too.
pub(crate) const STOPPED: usize = 25;
pub(crate) const AGAIN: [usize; 2] = [5, 6];
pub(crate) const AUTUMN: [&str; 2] = ["--from", "2025-10-01"];
pub(crate) const DAYS_ASKED: [&str; 4] = ["--from", "2025-10-01", "--to", "2025-11-30"];

pub(crate) fn account(number: usize) -> String {
    let letters: String =
        format!("{number:03}").bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
    format!("user{letters}")
}

pub(crate) fn roster(members: [usize; 3]) -> String {
    let mut text =
        "person_key,accounts,year,role,mis_name,cohort_zqmarkflag,cohort_zqmarkcare\nS1,hhead,,head,,,\n"
            .to_owned();
    for number in 0..PUPILS {
        let flag = if members.contains(&number) { "yes" } else { "" };
        let care = if members[1] == number { "zqmarkvalue" } else { "no" };
        let (account, year) = (account(number), 7 + number % 5);
        writeln!(text, "P{number},{account},{year},pupil,Pupil {account},{flag},{care}").unwrap();
    }
    text
}

pub(crate) fn log(day: usize) -> String {
    let line = |second: i64, result: &str, number: usize, host: &str| {
        let account = account(number);
        format!(
            "{second}.250 120 10.1.2.3 {result} 4512 GET http://{host}/ {account} HIER_DIRECT/192.0.2.7 text/html\n"
        )
    };
    let nine = DAYS[day].1;
    let mut text: String = (0..PUPILS)
        .map(|number| line(nine + number as i64 * 9, "TCP_MISS/200", number, "www.bbc.co.uk"))
        .collect();
    let afternoon = nine + 8 * 3600;
    for number in (0..STOPPED).filter(|_| day == 0) {
        text.push_str(&line(afternoon + number as i64 * 5, "TCP_DENIED/403", number, "bet365.com"));
    }
    for number in AGAIN.into_iter().filter(|_| day == 2) {
        text.push_str(&line(afternoon + number as i64 * 5, "TCP_DENIED/403", number, "torproject.org"));
    }
    text
}

/// A secondary school of 300 pupils with logs of four days and an account of each role.
pub(crate) fn school() -> School {
    let school = School::new();
    let root = school.night.root();
    std::fs::create_dir_all(root.settings()).unwrap();
    let roll: String = (7..12).map(|year| format!("{year},60,yes,2025-26\n")).collect();
    std::fs::write(
        root.settings().join("roll.csv"),
        format!("year_group,pupils,counted,academic_year\n{roll}"),
    )
    .unwrap();
    std::fs::write(
        root.settings().join("terms.csv"),
        "academic_year,half_term,from,to\n2025-26,A1,2025-10-06,2025-10-07\n2025-26,A2,2025-11-03,2025-11-04\n\
         2025-26,Sp1,2026-01-05,2026-02-13\n2025-26,Sp2,2026-02-23,2026-03-27\n\
         2025-26,Su1,2026-04-13,2026-05-22\n2025-26,Su2,2026-06-01,2026-07-21\n",
    )
    .unwrap();
    let password = school.night.beside("password");
    std::fs::write(&password, "tulip anchor seven\n").unwrap();
    for role in ROLES {
        let add = ["accounts", "add", role, "--role", role, "--outside", "--password-file"];
        out(school.night.command(school.program(), &add).arg(&password));
    }
    for (day, (name, _)) in DAYS.iter().enumerate() {
        std::fs::write(root.inbox().join(format!("proxy-{name}.log")), log(day)).unwrap();
    }
    school.night.save("before");
    school
}

pub(crate) const ROLES: [&str; 7] = ["dsl", "head", "slt", "governor", "it", "chair", "authority"];

pub(crate) fn take_in(school: &School, members: [usize; 3]) -> Vec<(String, Output)> {
    let people = school.night.disk().join("roster.csv");
    std::fs::write(&people, roster(members)).unwrap();
    let import = ["people", "import", "--year", "2025-26", people.to_str().unwrap()];
    let said = vec![
        ("people import".to_owned(), school.run(&import)),
        ("ingest".to_owned(), school.run(&["ingest"])),
    ];
    assert!(said[0].1.status.success() && !people.exists(), "{}", String::from_utf8_lossy(&said[0].1.stderr));
    assert!(said[1].1.status.success(), "{}", String::from_utf8_lossy(&said[1].1.stderr));
    said
}

/// What everybody but the holder of the key is told: each command of figures, papers and housekeeping. It writes down
/// every step, if asked to.
pub(crate) fn told(school: &School, every_step: bool) -> Vec<(String, Output)> {
    let mut commands: Vec<Vec<&str>> = Vec::new();
    for (metric, option, words) in [
        ("attention", "--table", &["pupils", "listed"][..]),
        ("trend", "--by", &["theme", "4c", "severity", "group", "key-stage", "network"]),
        (
            "trend",
            "--table",
            &["weeks", "pupils", "chart", "year", "steps", "confounders", "persistence", "out-of-hours"],
        ),
        (
            "groups",
            "--table",
            &["theme", "lessons", "hours", "mix", "different", "profiles", "teaching", "expected"],
        ),
        (
            "overblocking",
            "--table",
            &["bounds", "audit", "share", "lessons", "panel", "sites", "differential", "alerts", "hidden"],
        ),
        ("gotthrough", "--table", &["policy", "recategorised", "reported", "tests"]),
        ("searches", "--table", &["new", "engines", "bypass", "ai"]),
        ("incidents", "--table", &["counts", "response", "zero_tolerance", "status", "beside"]),
        (
            "changes",
            "--table",
            &["summary", "process", "temporary", "exceptions", "unrecorded", "effect", "triggers", "actions"],
        ),
        (
            "coverage",
            "--table",
            &[
                "summary",
                "findings",
                "days",
                "imports",
                "rejects",
                "completeness",
                "tests",
                "blind_spots",
                "silence",
            ],
        ),
    ] {
        for word in words {
            commands.push(vec![metric, option, word, "--format", "json", AUTUMN[0], AUTUMN[1]]);
        }
        // As the web service's readers have it; the words of the first table are asked for above.
        for who in
            ["dsl", "slt"].into_iter().filter(|_| ["attention", "groups", "incidents"].contains(&metric))
        {
            commands.push(vec![metric, "--as", who, AUTUMN[0], AUTUMN[1]]);
        }
    }
    commands.extend(
        [
            &["check"][..],
            &["formats"],
            &["columns"],
            &["watch", "--once"],
            &["ingest"],
            &["publish", "--audience", "governors", "--period", "2025-autumn", "--approver", "headteacher"],
            &["publish", "--audience", "parents", "--period", "2025-autumn", "--approver", "headteacher"],
            &["releases", "list"],
            &["releases", "show", "st-a-2025-autumn-governors", "--format", "json"],
            &["releases", "show", "st-a-2025-autumn-parents", "--format", "json"],
            &["releases", "audit"],
            &["releases", "verify"],
            &["releases", "compare", "--period", "2025-autumn"],
            &["staff", "--as", "head"],
            &["accounts", "list"],
            &["access", "list"],
            &["keys", "list"],
            &["correct", "list"],
            &["embargo", "list"],
            &["investigations", "list"],
            &["sharing", "list"],
            &["sample", "list"],
            &["sql", "SELECT * FROM requests ORDER BY event_time_utc, actor"],
            &["sql", "SELECT * FROM actor_days ORDER BY local_date, actor"],
            &["sql", "SELECT * FROM episodes ORDER BY start_utc, actor"],
            &["retain", "--dry-run"],
            &["retain", "log"],
            &["audit", "list", "--format", "json"],
            &["audit", "verify"],
        ]
        .map(<[_]>::to_vec),
    );
    let run = |arguments: &[&str]| {
        let mut program = school.program();
        if !every_step {
            program.env_remove("WATERSHED_LOG");
        }
        school.night.command(program, arguments).output().unwrap()
    };
    commands.into_iter().map(|arguments| (arguments.join(" "), run(&arguments))).collect()
}

/// Each page of the web service as each role has it, and pages that there are not.
pub(crate) fn pages(school: &School) -> Vec<(String, String)> {
    let mut service = school
        .night
        .command(school.program(), &["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut begin = String::new();
    BufReader::new(service.stdout.take().unwrap()).read_line(&mut begin).unwrap();
    let address = begin.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let head = format!("Host: {address}\r\nOrigin: http://{address}\r\nConnection: close\r\n");
    let mut answers = Vec::new();
    for role in ["nobody"].into_iter().chain(ROLES) {
        let form = format!("school=st-a&name={role}&password=tulip+anchor+seven");
        let signed_in = ask(
            &address,
            &format!(
                "POST /sign-in HTTP/1.1\r\n{head}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
                form.len()
            ),
        );
        let cookie = signed_in.lines().find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
        assert_eq!(cookie.is_some(), role != "nobody", "{role}: {signed_in}");
        for path in [
            "/",
            "/governors",
            "/governors/st-a-2025-autumn-governors",
            "/governors/st-a-2025-autumn-governors/chart.svg",
            "/public/st-a/st-a-2025-autumn-parents/index.html",
            "/public/st-a/st-a-2025-autumn-parents/fragment.html",
            "/public/st-a/st-a-2025-autumn-parents/chart.svg",
            "/staff/attention",
            "/staff/listed",
            "/staff/concerns",
            "/staff/trend",
            "/staff/trend?by=cohort&cohort=yes",
            "/staff/groups",
            "/staff/groups?table=cohorts&cohort=yes",
            "/staff/coverage",
            "/staff/cohorts",
            "/staff/unlock?cohorts=yes",
            "/staff/people",
        ] {
            let cookie = cookie.unwrap_or_default();
            let answer = ask(&address, &format!("GET {path} HTTP/1.1\r\n{head}Cookie: {cookie}\r\n\r\n"));
            answers.push((format!("{path} for {role}"), answer));
        }
    }
    service.kill().unwrap();
    service.wait().unwrap();
    answers
}

pub(crate) fn with_key(school: &School, arguments: &[&str]) -> Command {
    let mut command = school.night.command(school.program(), arguments);
    command.args(["--reason", "case 7"]).args(school.key());
    command
}
