//! A marked secret driven through every failure: it is found in no output, no log, no file of the installation but
//! the sealed ones and the folder of refused files, and in no file for the time being.
//!
//! The marks below all have one word in common, the one that [`Search`] looks for.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::disk::{Fault, READS, SPACE, faulty};
use super::marks::{School, Search};
use super::support::root;

const ACCOUNT: &str = "zqmarkuser";
const WORD: &str = "zqmarkword";
const ADDRESS: &str = "http://zqmarkhost.example/zqmarkpath?q=zqmarkquery";
const NAME: &str = "Zqmark Person";
const SECRET: &str = "zqmark secret phrase";

/// Every format's damaged and hostile lines, with the marks in the middle of some.
fn damaged() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join("sample-logs")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        for kind in ["recoverable-errors", "hostile"] {
            let Ok(content) = std::fs::read(folder.join(format!("{kind}.log"))) else { continue };
            let mut text = content.clone();
            for line in content.split(|byte| *byte == b'\n').filter(|line| line.len() > 40).take(3) {
                let (begin, end) = line.split_at(line.len() / 2);
                text.extend_from_slice(begin);
                text.extend_from_slice(format!(" {ACCOUNT} {ADDRESS} \"{NAME}\" {WORD} ").as_bytes());
                text.extend_from_slice(end);
                text.push(b'\n');
            }
            files.push((format!("{name}-{kind}.log"), text));
        }
    }
    assert!(files.len() > 80);
    files
}

/// A good log and an export of incidents with the marks where they belong.
fn good() -> [(&'static str, String); 2] {
    let mut log = String::new();
    for second in 0..30 {
        writeln!(log, "17597376{second:02}.250 120 10.1.2.3 TCP_DENIED/403 4512 GET {ADDRESS} {ACCOUNT} HIER_DIRECT/192.0.2.7 text/html").unwrap();
    }
    log.push_str("1759737699.5 zqmark cut\n");
    let incidents = format!(
        "Student,Date,Category,Incident,Status,Linked Students\n{NAME},16/10/2025 11:20,Zqmarkcategory,{WORD} at {ADDRESS},Open,{NAME}\n"
    );
    [("zqmark-proxy.log", log), ("zqmark-incidents.csv", incidents)]
}

fn drop_good(school: &School) {
    for (name, text) in good() {
        std::fs::write(school.night.root().inbox().join(name), text).unwrap();
    }
}

#[test]
fn damaged_lines_and_refused_files_say_nothing_of_what_they_hold() {
    let (school, mut search) = (School::new(), Search::new());
    let inbox = school.night.root().inbox();
    for (name, text) in damaged() {
        std::fs::write(inbox.join(format!("zqmark-{name}")), text).unwrap();
    }
    drop_good(&school);
    // The sub-folder of the inbox is shown by design, the name of a file never.
    std::fs::create_dir(inbox.join("folder")).unwrap();
    std::fs::write(inbox.join("folder").join("zqmark.bin"), format!("{ACCOUNT}\n{ADDRESS}\n{WORD}\n"))
        .unwrap();
    search.said("ingest", &school.run(&["ingest", "--format", "json"]));
    for arguments in [
        &["ingest"][..],
        &["attention"],
        &["coverage", "--format", "json"],
        &["coverage", "--table", "rejects"],
        &["trend", "--by", "theme", "--format", "csv"],
        &["check"],
        &["audit", "list"],
        &["retain", "--dry-run"],
        &["sql", "SELECT * FROM requests LIMIT 5"],
    ] {
        search.said(&arguments.join(" "), &school.run(arguments));
    }
    let spelt = school.search(&mut search, "after damaged lines");
    assert!(spelt.contains("squid-native") && spelt.contains("UNMAPPED"), "the lake was not spelt out");
    search.nothing();
}

#[test]
fn a_disk_that_is_full_or_fails_says_nothing_of_what_was_to_be_written() {
    let (school, mut search) = (School::new(), Search::new());
    drop_good(&school);
    school.night.save("before");
    let full = Fault { deed: "on", which: SPACE, error: 28 };
    let short = Fault { deed: "short", which: SPACE, error: 28 };
    let broken = Fault { deed: "once", which: READS, error: 5 };
    let killed = Fault { deed: "kill", which: SPACE, error: 0 };
    for (fault, at) in
        [(full, 5), (full, 25), (full, 60), (short, 30), (broken, 10), (broken, 40), (killed, 45)]
    {
        school.night.restore("before");
        let mut command = school.night.command(faulty(&school.night.disk(), fault, at), &["ingest"]);
        let output = command.env("WATERSHED_LOG", "trace").env("TMPDIR", &school.temporary).output().unwrap();
        let what = format!("{fault:?} at call {at}");
        search.said(&what, &output);
        // A file that was claimed lies in `claimed` under a number, as it was, until the next run.
        let root = school.night.root();
        let by_design = [root.vault(), root.refused(), root.inbox(), root.claimed()];
        let by_design: Vec<&Path> = by_design.iter().map(PathBuf::as_path).collect();
        search.files(&what, &school.night.disk(), &by_design);
        search.files(&what, &school.temporary, &[]);
        search.said(&format!("the run after {what}"), &school.run(&["ingest"]));
        school.search(&mut search, &format!("after {what} and another run"));
    }
    search.nothing();
}

#[test]
fn a_mistake_in_a_settings_file_is_named_by_its_place() {
    let (school, mut search) = (School::new(), Search::new());
    let settings = school.night.root().settings();
    std::fs::create_dir_all(settings.join("profiles")).unwrap();
    let main = school.night.disk().join("installation/watershed.toml");
    let sound = std::fs::read_to_string(&main).unwrap();
    for text in [
        format!("{sound}\nzqmarkkey = 1\n"),
        sound.replace("phase = ", "phase = \"zqmarkphase\" # "),
        sound.replace("roll = ", "roll = \"zqmarkroll\" # "),
        sound.replace("zone = ", "zone = \"Zqmark/Zone\" # "),
        sound.replace("public_key = ", "public_key = \"zqmarkpublic\" # "),
        format!("{sound}\n[[zqmarktable\n"),
        format!("{sound}\nzqmark = \"unended\n"),
    ] {
        std::fs::write(&main, text).unwrap();
        for arguments in [&["check"][..], &["attention"], &["ingest"]] {
            search.said(&format!("{} with another watershed.toml", arguments[0]), &school.run(arguments));
        }
    }
    std::fs::write(&main, &sound).unwrap();
    let files = [
        ("groups.toml", "[[rule]]\npattern = '(zqmark'\nkind = \"class\"\n"),
        ("groups.toml", "[[rule]]\npattern = 'x'\nkind = \"zqmarkkind\"\n"),
        ("groups.toml", "zqmark = 1\n"),
        ("networks.csv", "cidr,network,kind\nzqmark,a,site\n"),
        ("networks.csv", "cidr,network,zqmark\n"),
        ("shared_accounts.csv", "pattern,role\nzqmarkuser,zqmarkrole\n"),
        (
            "investigations.csv",
            "holder,purpose,valid_from,valid_to,reason,role\nzqmarkuser,test,2025-09-01,,x,y\n",
        ),
        ("concerns.csv", "about,role\nzqmark,zqmark\n"),
        (
            "exceptions.csv",
            "reference,holder,what,owner_role,review,valid_from\nzqmark,zqmark@zqmark,zqmark,zqmark,zqmark,zqmark\n",
        ),
        (
            "actions.csv",
            "action,finding,source,raised,owner_role,due\nzqmark,zqmark,zqmark,zqmark,zqmark,zqmark\n",
        ),
        (
            "aggregates.csv",
            "kind,period,group,measure,people,value,unit\nzqmark,zqmark,zqmark,zqmark,9,zqmark,zqmark\n",
        ),
        ("test_pages.csv", "site,test\nhttps://zqmark/zqmark,zqmark\n"),
        ("calendar.csv", "date,day_type\nzqmark,zqmark\n"),
        ("terms.csv", "zqmark,zqmark\nzqmark,zqmark\n"),
        ("roll.csv", "year_group,pupils\nzqmark,zqmark\n"),
        ("periods.csv", "zqmark\nzqmark\n"),
        ("feeds.csv", "folder,days\nzqmarkfolder,zqmark\n"),
        ("sites.csv", "zqmark,zqmark\nzqmarkhost.example,zqmark\n"),
        ("sites.csv", "domain,common_code,valid_from,valid_to,source\nzqmarkhost.example,ZQMARK,,,x\n"),
        ("category_map.csv", "vendor,vendor_category,common_code\nzqmark,zqmark,ZQMARK\n"),
        ("search_terms.csv", "phrase,common_code,severity\nzqmark,ZQMARK,9\n"),
        ("search_engines.csv", "zqmark\n\"zqmark\n"),
        ("noise.csv", "zqmark\n\"zqmark\n"),
        ("incident_map.csv", "category,common_code,severity\nzqmark,ZQMARK,9\n"),
        ("taxonomy.csv", "zqmark\nzqmark\n"),
        ("profiles/own.toml", "[profile]\nid = \"own\"\nzqmark = 1\n"),
        ("profiles/own.toml", "[profile]\nid = \"zq MARK zqmark\"\n"),
    ];
    for (name, text) in files {
        let path = settings.join(name);
        std::fs::write(&path, text).unwrap();
        for arguments in [&["check"][..], &["ingest"], &["trend"]] {
            let output = school.run(arguments);
            search.said(&format!("{} with another {name}", arguments[0]), &output);
        }
        std::fs::remove_file(&path).unwrap();
    }
    let people = school.night.disk().join("other-people.csv");
    for text in [
        "person_key,accounts,year,role,mis_name\nP1,zqmarkuser,9,zqmarkrole,Zqmark Person\n",
        "person_key,accounts,year,role,mis_name\nP1,zqmarkuser,9,pupil,A\nP2,zqmarkuser,9,pupil,B\n",
        "person_key,accounts,year,role,mis_name\nzqmark,a,9,pupil,A\nzqmark,b,9,pupil,B\n",
        "person_key,accounts,year,role,zqmarkcolumn\nP1,a,9,pupil,A\n",
        "person_key,accounts,year,role,mis_name\nP1,\"zqmark,9,pupil,A\n",
        "person_key,accounts,year,role,mis_name,cohort_sen\nP1,zqmarkuser,9,pupil,Zqmark Person,zqmarkflag\n",
    ] {
        std::fs::write(&people, text).unwrap();
        search.said(
            "people import",
            &school.run(&["people", "import", "--year", "2025-26", people.to_str().unwrap()]),
        );
    }
    let _gone = std::fs::remove_file(&people);
    school.search(&mut search, "after mistakes in settings");
    search.nothing();
}

#[test]
fn statements_keys_and_arguments_are_not_said_again() {
    let (school, mut search) = (School::new(), Search::new());
    drop_good(&school);
    search.said("ingest", &school.run(&["ingest"]));
    for statement in [
        "SELECT zqmark FROM requests",
        "SELECT * FROM zqmark",
        "SELECT zqmark(1)",
        "SELECT 'zqmark' + 1",
        "SELECT CAST('zqmark' AS INT)",
        "SELECT * FROM requests WHERE site = 'zqmarkhost.example'",
        "SELECT 'zqmark",
        "zqmark zqmark",
        "SELECT 1; SELECT 'zqmark'",
        "DROP TABLE zqmark",
        "SELECT actor FROM requests /* zqmark */ GROUP BY -- zqmark",
        "COPY (SELECT 'zqmark') TO '/nowhere/zqmark.csv'",
        "SELECT * FROM '/nowhere/zqmark.parquet'",
    ] {
        let output = school.run(&["sql", statement]);
        // An answer holds what was asked for.
        search.look(&format!("standard error of {statement}"), &output.stderr);
        if !output.status.success() {
            search.said(&format!("the statement {statement}"), &output);
        }
    }
    let wrong = school.night.beside("wrong");
    std::fs::write(&wrong, format!("{SECRET}\n")).unwrap();
    let weak = school.night.beside("weak");
    std::fs::write(&weak, "zqmark\n").unwrap();
    let (wrong, weak) = (wrong.to_str().unwrap().to_owned(), weak.to_str().unwrap().to_owned());
    let key = school.night.disk().join("dsl.key").to_string_lossy().into_owned();
    let days = ["--from", "2025-09-01", "--to", "2025-12-31", "--reason", "a case"];
    search.said(
        "unlock with a wrong passphrase",
        &school
            .run(&[&["unlock", "bsmith"], &days[..], &["--key", &key, "--passphrase-file", &wrong]].concat()),
    );
    let right = school.key();
    let right: Vec<&str> = right.iter().map(String::as_str).collect();
    for who in ["zqmarknobody here", "Zqmark Person"] {
        search.said("unlock of nobody", &school.run(&[&["unlock", who], &days[..], &right].concat()));
    }
    let unlocked = school.run(&[&["unlock", ACCOUNT], &days[..], &right].concat());
    assert!(String::from_utf8_lossy(&unlocked.stdout).contains("zqmarkhost"), "the key brings it back");
    search.look("standard error of unlock", &unlocked.stderr);
    for arguments in [
        &["accounts", "add", "dana", "--role", "dsl", "--password-file", weak.as_str()][..],
        &["accounts", "add", "dana", "--role", "dsl", "--password-file", wrong.as_str()],
        &["accounts", "add", "zq mark zqmark", "--role", "dsl", "--password-file", wrong.as_str()],
        &["accounts", "add", "zqmarkother", "--role", "zqmark", "--password-file", wrong.as_str()],
        &["accounts", "link", "dana", "--person", "zqmark"],
        &["accounts", "disable", "zqmark"],
        &["attention", "--theme", "zqmark"],
        &["attention", "--group", "zqmark"],
        &["attention", "--table", "zqmark"],
        &["attention", "--as", "zqmark"],
        &["attention", "--period", "zqmark"],
        &["attention", "--from", "zqmark"],
        &["trend", "--by", "zqmark"],
        &["releases", "show", "zqmark"],
        &["publish", "--audience", "zqmark", "--period", "zqmark"],
        &["zqmark"],
        &["attention", "--zqmark"],
        &["attention", "--zqmark=zqmark"],
        &[
            "retain",
            "hold",
            "add",
            "--from",
            "2025-09-01",
            "--to",
            "2025-09-02",
            "--person",
            "zqmark",
            "--reason",
            "x",
            "--owner",
            "y",
            "--review",
            "2026-01-01",
        ],
    ] {
        search.said(&arguments.join(" "), &school.run(arguments));
    }
    let marked = [
        &["embargo", "add", "--theme", "zqmark", "--from", "2025-09-01", "--reason", "x", "--reviewer", "y"],
        &right[..],
    ]
    .concat();
    search.said("embargo add", &school.run(&marked));
    let days = ["--from", "2025-09-01", "--to", "2025-09-02", "--reason", "x", "--role", "y"];
    let apart = ["investigations", "add", "--account", "zqmarkuser", "--purpose", "zqmark"];
    let apart = [&apart[..], &days, &right].concat();
    search.said("investigations add", &school.run(&apart));
    school.search(&mut search, "after statements and arguments");
    search.nothing();
}

/// One request in so many bytes; the answer's head.
pub(crate) fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _whole = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn the_service_keeps_nothing_of_what_a_stranger_or_a_reader_types() {
    let (school, mut search) = (School::new(), Search::new());
    let password = school.night.beside("password");
    std::fs::write(&password, "tulip anchor seven\n").unwrap();
    let added = school.run(&[
        "accounts",
        "add",
        "dana",
        "--role",
        "dsl",
        "--password-file",
        password.to_str().unwrap(),
    ]);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let mut service = school
        .night
        .command(school.program(), &["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It says where it listens once it does; what it logs is looked through at the end.
    let mut begin = String::new();
    BufReader::new(service.stdout.take().unwrap()).read_line(&mut begin).unwrap();
    let address = begin.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut said = service.stderr.take().unwrap();
    let rest = std::thread::spawn(move || {
        let mut rest = Vec::new();
        said.read_to_end(&mut rest).unwrap();
        rest
    });
    let head = format!("Host: {address}\r\nOrigin: http://{address}\r\nConnection: close\r\n");
    let post = |form: &str, more: &str| {
        format!(
            "POST /sign-in HTTP/1.1\r\n{head}{more}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        )
    };
    let form = "school=st-a&name=dana&password=tulip+anchor+seven";
    let signed_in = ask(&address, &post(form, ""));
    let cookie = signed_in
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next())
        .unwrap_or_else(|| panic!("{signed_in}"))
        .to_owned();
    let with_cookie = format!("{head}Cookie: {cookie}\r\n");
    for request in [
        format!(
            "GET /zqmark/zqmark?zqmark=zqmark HTTP/1.1\r\n{head}X-Zqmark: zqmark\r\nUser-Agent: zqmark\r\n\r\n"
        ),
        format!("GET /public/zqmark/zqmark/zqmark.svg HTTP/1.1\r\n{head}Cookie: watershed=zqmark\r\n\r\n"),
        format!(
            "GET /staff/attention?theme=zqmark&group=zqmark&from=zqmark HTTP/1.1\r\n{with_cookie}Referer: http://zqmark.example/\r\n\r\n"
        ),
        format!("GET /staff/trend?theme=zqmark&from=2025-09-01 HTTP/1.1\r\n{with_cookie}\r\n"),
        format!("GET /staff/concerns?theme=zqmark HTTP/1.1\r\n{with_cookie}\r\n"),
        format!("GET /governors/zqmark HTTP/1.1\r\n{with_cookie}\r\n"),
        format!("GET /governors/zqmark/zqmark.svg HTTP/1.1\r\n{with_cookie}\r\n"),
        format!("GET /static/zqmark HTTP/1.1\r\n{head}\r\n"),
        format!("ZQMARK /zqmark HTTP/1.1\r\n{head}\r\n"),
        "GET /zqmark HTTP/zqmark\r\n\r\n".to_owned(),
        post("school=zqmark&name=zqmark&password=zqmark+zqmark+zqmark", ""),
        post("school=st-a&name=zqmarkuser&password=zqmark+zqmark+zqmark", "Cookie: zqmark=zqmark\r\n"),
        post("school=st-a&name=dana&password=zqmark+zqmark+zqmark", ""),
        post("zqmark=%zq&name=%ff", ""),
        post(&"zqmark".repeat(8000), ""),
    ] {
        ask(&address, &request);
    }
    service.kill().unwrap();
    service.wait().unwrap();
    let written = rest.join().unwrap();
    assert!(!written.is_empty(), "the service logs at the level of every step");
    search.look("the service's log", begin.as_bytes());
    search.look("the service's log", &written);
    school.search(&mut search, "after the service");
    search.nothing();
}

/// Says to the program below, which is this one once more, where it panics.
const PANICS_IN: &str = "WATERSHED_TEST_PANICS_IN";

/// A program that keeps to itself as `watershed` does, with the same function, and then stops by a mistake with the
/// secret in the message. Does nothing where nobody says where.
#[test]
fn a_program_that_stops_by_a_mistake() {
    let Ok(place) = std::env::var(PANICS_IN) else { return };
    reports::cli::keep_to_itself();
    let secret: Result<u32, String> = std::hint::black_box(Err(format!("{NAME} at {ADDRESS}")));
    match place.as_str() {
        "here" => drop(secret.unwrap()),
        "a thread" => drop(std::thread::spawn(move || secret.expect(SECRET)).join()),
        "a task" => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
            let ended = runtime.block_on(runtime.spawn(async move { secret.unwrap() }));
            // What the task's end is shown with must not have it either where it is printed.
            println!("ended: {}", ended.is_err());
        }
        "a slice" => drop(SECRET.get(..).map(|text| text[..text.len() + ACCOUNT.len()].to_owned())),
        _ => {
            // A panic while another one unwinds ends the process at once.
            struct Again(Result<u32, String>);
            impl Drop for Again {
                fn drop(&mut self) {
                    let _ = self.0.clone().unwrap();
                }
            }
            let _again = Again(secret.clone());
            let _ = secret.unwrap();
        }
    }
}

#[test]
fn a_panic_says_nothing_of_what_it_was_about() {
    let folder = tempfile::tempdir().unwrap();
    let mut search = Search::new();
    for place in ["here", "a thread", "a task", "a slice", "twice"] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "secrets::a_program_that_stops_by_a_mistake"])
            .env(PANICS_IN, place)
            .env("RUST_BACKTRACE", "full")
            .env("TMPDIR", folder.path())
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("report this place"), "{place}: it did not get there: {said}");
        search.look(&format!("standard output, {place}"), &output.stdout);
        // The line of the runtime that ends a process after a second panic names no value either.
        search.look(&format!("standard error, {place}"), &output.stderr);
    }
    search.files("after panics", folder.path(), &[]);
    search.nothing();
}

#[test]
fn no_core_is_dumped_of_a_service_that_holds_records() {
    let school = School::new();
    let service = school.night.command(school.program(), &["serve", "--listen", "127.0.0.1:0"]);
    // As a shell that wants core dumps would start it.
    let mut with_cores = Command::new("sh");
    with_cores
        .args(["-c", "ulimit -c unlimited 2>/dev/null || ulimit -S -c $(ulimit -H -c); exec \"$0\" \"$@\""]);
    with_cores.arg(service.get_program()).args(service.get_args());
    for (key, value) in service.get_envs().filter_map(|(key, value)| Some((key, value?))) {
        with_cores.env(key, value);
    }
    let mut service = with_cores.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut begin = String::new();
    BufReader::new(service.stdout.take().unwrap()).read_line(&mut begin).unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", service.id())).unwrap();
    service.kill().unwrap();
    service.wait().unwrap();
    assert!(begin.starts_with("http://"), "{begin}");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{core}");
}
