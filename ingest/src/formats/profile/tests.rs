//! The shipped profiles over made-up exports, and what a profile may not do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeMap;

use super::*;
use crate::detect::{Detection, detect};
use crate::fields::{Action, Parsed, RecordKind, When};
use crate::read::read_records;
use crate::report::{Notice, Reason, Tally};

fn shipped() -> ProfileSet {
    ProfileSet::shipped().unwrap()
}

/// One request as a test reads it.
#[derive(Debug, PartialEq)]
struct Row {
    time: When,
    user: Option<String>,
    host: Option<String>,
    categories: Option<String>,
    status: Option<u32>,
    action: Action,
}

struct Outcome {
    id: String,
    rows: Vec<Row>,
    incidents: Vec<BTreeMap<&'static str, Option<String>>>,
    tally: Tally,
}

fn text(text: &crate::fields::Text<'_>) -> Option<String> {
    text.as_deref().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

fn read(content: &[u8], profiles: &ProfileSet) -> Result<Outcome, String> {
    let detected = match detect(content, profiles) {
        Detection::Found(detected) => detected,
        Detection::Refused(sentence) => return Err(sentence),
    };
    let mut tally = Tally::default();
    let (mut rows, mut incidents) = (Vec::new(), Vec::new());
    read_records(&mut &content[..], &detected, &mut tally, &mut |_, _, parsed, tally| {
        match parsed {
            Ok(Parsed::Request(fields)) => {
                tally.events += 1;
                rows.push(Row {
                    time: fields.time,
                    user: text(&fields.user),
                    host: text(&fields.host),
                    categories: text(&fields.categories),
                    status: fields.status,
                    action: fields.action,
                });
            }
            Ok(Parsed::Incident(fields)) => {
                tally.events += 1;
                incidents.push(BTreeMap::from([
                    ("key", text(&fields.key)),
                    ("subject", text(&fields.subject)),
                    ("linked", text(&fields.linked)),
                    ("categories", text(&fields.categories)),
                    ("status", text(&fields.status)),
                    ("narrative", text(&fields.narrative)),
                ]));
            }
            Ok(_) => panic!("nothing else"),
            Err(reject) => tally.reject(reject.reason),
        }
        Ok(())
    })
    .unwrap();
    tally.conserve(tally.events).unwrap();
    Ok(Outcome { id: detected.format_id().to_owned(), rows, incidents, tally })
}

fn refusal(content: &str, profiles: &ProfileSet) -> String {
    read(content.as_bytes(), profiles).err().expect("a refusal")
}

const PLAIN: &str = "Time,Username,Source IP,Group,Code,URL,Categories,Domain\r\n\
    10/09/2025 10:46:10,mtaylor,10.1.4.17,Year 9,200,http://a.example/x,\"News; Sport\",a.example\r\n\
    10/09/2025 10:46:11,-,10.1.4.18,Year 9,403,http://b.example/,Gambling,b.example\r\n\
    25/09/2025 10:46:12,SCHOOL\\mtaylor,10.1.4.17,Year 9,407,http://c.example/,,c.example\r\n";

#[test]
fn an_export_without_a_decision_says_so() {
    let outcome = read(PLAIN.as_bytes(), &shipped()).unwrap();
    assert_eq!(outcome.id, "smoothwall-web-filter");
    assert_eq!(
        outcome.rows[0],
        Row {
            time: When::Local(jiff::civil::date(2025, 9, 10).at(10, 46, 10, 0)),
            user: Some("mtaylor".to_owned()),
            host: Some("a.example".to_owned()),
            categories: Some("News; Sport".to_owned()),
            status: Some(200),
            action: Action::Unknown,
        }
    );
    assert_eq!((outcome.rows[1].user.as_deref(), outcome.rows[1].action), (None, Action::Unknown));
    // A challenge is no decision and needs none.
    assert_eq!((outcome.rows[2].categories.as_deref(), outcome.rows[2].action), (None, Action::Challenged));
    assert_eq!((outcome.tally.records, outcome.tally.directives, outcome.tally.events), (4, 1, 3));
}

#[test]
fn order_titles_footers_delimiters_and_blank_rows_do_not_matter() {
    let content = "\u{feff}Web filter report\n\nDomain;Time;Extra;Username;URL;Source IP\n\
        a.example;2025-09-10 10:46:10;7;mtaylor;http://a.example/;10.1.4.17\n;;;;;\n\
        Domain;Time;Extra;Username;URL;Source IP\nb.example;2025-09-10 10:46:11;;mtaylor;http://b.example/;10.1.4.17\n\
        Total: 2 rows\n";
    let outcome = read(content.as_bytes(), &shipped()).unwrap();
    assert_eq!(
        outcome.rows.iter().map(|row| row.host.clone().unwrap()).collect::<Vec<_>>(),
        ["a.example", "b.example"]
    );
    assert_eq!((outcome.tally.blanks, outcome.tally.directives, outcome.tally.rejected()), (2, 4, 0));
    assert_eq!(outcome.tally.notices.get(Notice::ExtraColumns.words()), Some(&1));
}

#[test]
fn a_decision_column_decides_and_unknown_words_are_counted() {
    let content = "Time,Username,URL,Domain,Action\n\
        2025-09-10 10:46:10,mt,http://a.example/,a.example,Allowed\n\
        2025-09-10 10:46:11,mt,http://a.example/,a.example, BLOCKED \n\
        2025-09-10 10:46:12,mt,http://a.example/,a.example,Soft block\n\
        2025-09-10 10:46:13,mt,http://a.example/,a.example,Quarantined\n";
    let outcome = read(content.as_bytes(), &shipped()).unwrap();
    assert_eq!(outcome.id, "smoothwall-web-filter-decision");
    assert_eq!(
        outcome.rows.iter().map(|row| row.action).collect::<Vec<_>>(),
        [Action::Allowed, Action::Blocked, Action::Warned, Action::Unknown]
    );
    assert_eq!(outcome.tally.notices.get(Notice::UnknownAction.words()), Some(&1));
}

#[test]
fn the_schools_answer_decides_where_the_export_does_not() {
    let settings = tempfile::tempdir().unwrap();
    let set = |key: &str, value: &str| set_answer(settings.path(), "smoothwall-web-filter", key, value);
    set("blocked-when", "Code = 403 | 451").unwrap();
    let profiles = ProfileSet::load(settings.path()).unwrap();
    let outcome = read(PLAIN.as_bytes(), &profiles).unwrap();
    assert_eq!(
        outcome.rows.iter().map(|row| row.action).collect::<Vec<_>>(),
        [Action::Allowed, Action::Blocked, Action::Challenged]
    );
    // By a column that the profile does not know, and by the profile's own name of a column.
    set("blocked-when", "shade=RED").unwrap();
    let content = PLAIN.replace("Categories", "Shade").replace("Gambling", "red");
    let outcome = read(content.as_bytes(), &ProfileSet::load(settings.path()).unwrap()).unwrap();
    assert_eq!(outcome.rows[1].action, Action::Blocked);
    let sentence = refusal(PLAIN, &ProfileSet::load(settings.path()).unwrap());
    assert!(sentence.contains("watershed formats set smoothwall-web-filter blocked-when="), "{sentence}");
    set("blocked-when", "client_address=10.1.4.18").unwrap();
    let outcome = read(PLAIN.as_bytes(), &ProfileSet::load(settings.path()).unwrap()).unwrap();
    assert_eq!(outcome.rows[1].action, Action::Blocked);
    for (key, value) in [
        ("blocked-when", "403"),
        ("blocked-when", "code="),
        ("date-order", "us"),
        ("zone", "Mars"),
        ("colour", "red"),
    ] {
        assert!(set(key, value).is_err(), "{key}={value}");
    }
    assert!(set_answer(settings.path(), "nobody", "zone", "UTC").is_err());
    set("zone", "UTC").unwrap();
    let Detection::Found(detected) = detect(PLAIN.as_bytes(), &ProfileSet::load(settings.path()).unwrap())
    else {
        panic!("found")
    };
    assert_eq!(detected.zone(), Some("UTC"));
    assert!(detected.includes_page_furniture());
}

#[test]
fn answers_and_profile_shape_the_version() {
    let version = |profiles: &ProfileSet| match detect(PLAIN.as_bytes(), profiles) {
        Detection::Found(detected) => detected.version().to_owned(),
        Detection::Refused(sentence) => panic!("{sentence}"),
    };
    let settings = tempfile::tempdir().unwrap();
    assert_eq!(version(&shipped()), version(&ProfileSet::load(settings.path()).unwrap()));
    assert!(version(&shipped()).starts_with("1-"));
    set_answer(settings.path(), "smoothwall-web-filter", "zone", "UTC").unwrap();
    assert_ne!(version(&shipped()), version(&ProfileSet::load(settings.path()).unwrap()));
}

#[test]
fn refusals_name_what_is_missing_and_quote_nothing() {
    let sentence =
        refusal("Username,Source IP,Group,Jane Smith\nmtaylor,10.1.4.17,Year 9,secret\n", &shipped());
    assert!(sentence.contains("lacks time (called `time`, `date/time`"), "{sentence}");
    assert!(!sentence.contains("Jane") && !sentence.contains("mtaylor"));
    let sentence = refusal("a,b,c\n1,2,3\n", &shipped());
    assert!(sentence.starts_with("no known layout fits;"), "{sentence}");
    // A header that fits with rows that do not.
    let sentence = refusal(&PLAIN.replace("2025", "MMXXV"), &shipped());
    assert!(sentence.contains("0 of 3 rows") && sentence.contains("time cannot be read: 3"), "{sentence}");
}

#[test]
fn two_profiles_that_fit_are_both_named() {
    let settings = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(settings.path().join("profiles")).unwrap();
    let twin = SHIPPED[0].1.replace("id = \"smoothwall-web-filter\"", "id = \"our-own\"");
    std::fs::write(settings.path().join("profiles/own.toml"), twin).unwrap();
    let profiles = ProfileSet::load(settings.path()).unwrap();
    let sentence = refusal(PLAIN, &profiles);
    assert!(sentence.contains("our-own, smoothwall-web-filter"), "{sentence}");
    assert_eq!(profiles.iter().count(), SHIPPED.len() + 1);
    assert!(profiles.only("our-own").is_some() && profiles.only("other").is_none());
}

/// The shipped profile without its declared order.
fn undeclared() -> ProfileSet {
    let text = SHIPPED[0].1.replace("order = \"day-first\"\n", "");
    let profile = Profile::parse(&text, "test").unwrap();
    ProfileSet { profiles: vec![Arc::new(Answered { profile, answers: answers::Answers::default() })] }
}

#[test]
fn ambiguous_dates_are_refused_unless_the_order_is_declared() {
    let ambiguous = PLAIN.replace("25/09/2025", "12/09/2025");
    let sentence = refusal(&ambiguous, &undeclared());
    assert!(
        sentence.contains("watershed formats set smoothwall-web-filter date-order=day-first"),
        "{sentence}"
    );
    assert!(read(ambiguous.as_bytes(), &shipped()).is_ok());
    let day = |content: &str, profiles: &ProfileSet| match read(content.as_bytes(), profiles).unwrap().rows[0]
        .time
    {
        When::Local(time) => time.date().to_string(),
        other => panic!("{other:?}"),
    };
    // The dates themselves tell.
    assert_eq!(day(PLAIN, &undeclared()), "2025-09-10");
    let american = PLAIN.replace("25/09/2025", "09/25/2025").replace("10/09/2025", "09/10/2025");
    assert_eq!(day(&american, &undeclared()), "2025-09-10");
    // Against what is declared, or in both orders, they are refused.
    assert!(refusal(&american, &shipped()).contains("date-order=month-first"));
    let mixed = PLAIN.replace("10/09/2025 10:46:11", "09/25/2025 10:46:11");
    assert!(refusal(&mixed, &undeclared()).contains("partly day first and partly month first"));
    // ISO dates have one order.
    let iso = PLAIN.replace("10/09/2025", "2025-09-10").replace("25/09/2025", "2025-09-25");
    assert_eq!(day(&iso, &undeclared()), "2025-09-10");
}

#[test]
fn open_questions_refuse_and_print_the_answer() {
    let text = SHIPPED[0].1.replace(
        "includes_page_furniture = \"yes\"",
        "includes_page_furniture = \"ask\"\nblocked_when = \"ask\"",
    );
    let profile = Profile::parse(&text, "test").unwrap();
    let with = |answers: answers::Answers| ProfileSet {
        profiles: vec![Arc::new(Answered { profile: profile.clone(), answers })],
    };
    let sentence = refusal(PLAIN, &with(answers::Answers::default()));
    assert!(sentence.contains("watershed formats set smoothwall-web-filter blocked-when="), "{sentence}");
    let settings = tempfile::tempdir().unwrap();
    set_answer(settings.path(), "smoothwall-web-filter", "blocked-when", "code=403").unwrap();
    let some = answers::load(settings.path()).unwrap().remove("smoothwall-web-filter").unwrap();
    assert!(refusal(PLAIN, &with(some)).contains("includes-page-furniture=yes"));
    set_answer(settings.path(), "smoothwall-web-filter", "includes-page-furniture", "no").unwrap();
    let all = answers::load(settings.path()).unwrap().remove("smoothwall-web-filter").unwrap();
    assert!(read(PLAIN.as_bytes(), &with(all)).is_ok());
}

#[test]
fn windows_1252_is_read_with_a_notice_and_a_cut_value_is_rejected() {
    let mut content = PLAIN.as_bytes().to_vec();
    for minute in 10..30 {
        content.extend_from_slice(
            format!(
                "11/09/2025 10:{minute}:11,zo\u{0},10.1.4.18,Year 9,200,http://b.example/,News,b.example\r\n"
            )
            .as_bytes(),
        );
    }
    for byte in &mut content {
        if *byte == 0 {
            *byte = 0xeb;
        }
    }
    // An address with a bare comma makes one value too many.
    content.extend_from_slice(
        b"12/09/2025 10:46:11,mt,10.1.4.18,Year 9,200,http://b.example/1,2,News,b.example\r\n",
    );
    content.extend_from_slice(
        b"12/09/2025 10:46:11,mt,10.1.4.18,Year 9,2oo,http://b.example/1,News,b.example\r\n",
    );
    let outcome = read(&content, &shipped()).unwrap();
    assert_eq!(outcome.rows[3].user.as_deref(), Some("zoë"));
    assert_eq!(outcome.tally.notices.get(Notice::Encoding.words()), Some(&20));
    assert_eq!(
        outcome.tally.rejects,
        BTreeMap::from([(Reason::Columns.word(), 1), (Reason::Status.word(), 1)])
    );
}

const INCIDENTS: &str = "Incidents for the autumn term\n\n\
    Student,Date,Category,Incident,Linked Students,Status\n\
    Mary Taylor,03/09/2025 11:20,\"Online safety, Bullying\",\"She said:\n\"\"I saw it\"\"\",\"Tom Hill; Ann Lee\",Open\n\
    Tom Hill,03/09/2025 11:20,Bullying,\"She said:\n\"\"I saw it\"\"\",,Open\n\
    Ann Lee,14/09/2025,Attendance,late,,Closed\n\
    ,14/09/2025,Attendance,late,,Closed\n\
    Total: 4,,,,,\n";

#[test]
fn incidents_keep_their_text_and_one_text_has_one_key() {
    // One row in four has no pupil, so more good rows are needed for the header to be believed.
    let mut content = INCIDENTS.to_owned();
    for day in 15..29 {
        content.push_str(&format!("Ann Lee,{day}/09/2025,Attendance,late,,Closed\n"));
    }
    let outcome = read(content.as_bytes(), &shipped()).unwrap();
    assert_eq!(outcome.id, "cpoms-incidents");
    assert_eq!(outcome.incidents.len(), 17);
    let [first, second, third, ..] = outcome.incidents.as_slice() else { panic!("three") };
    assert_eq!(first["subject"].as_deref(), Some("Mary Taylor"));
    assert_eq!(first["categories"].as_deref(), Some("Online safety, Bullying"));
    assert_eq!(first["linked"].as_deref(), Some("Tom Hill; Ann Lee"));
    assert_eq!(first["status"].as_deref(), Some("Open"));
    assert_eq!(first["narrative"].as_deref(), Some("She said:\n\"I saw it\""));
    assert_eq!(first["key"], second["key"]);
    assert_ne!(first["key"], third["key"]);
    assert_eq!(outcome.tally.rejects, BTreeMap::from([(Reason::Subject.word(), 1)]));
    // Title, header, total; the blank between is a blank.
    assert_eq!((outcome.tally.directives, outcome.tally.blanks), (3, 1));
}

#[test]
fn a_reference_that_a_spreadsheet_shortened_is_none() {
    let file = "Incident ID,Student,Date,Category\n1.23E+15,Mary Taylor,03/09/2025 11:20,Bullying\n\
        1.23E+15,Ann Lee,04/09/2025 09:00,Neglect\nC-17E+x,Ann Lee,23/09/2025,Neglect\n";
    let outcome = read(file.as_bytes(), &shipped()).unwrap();
    let keys: Vec<_> = outcome.incidents.iter().map(|row| row["key"].as_deref()).collect();
    assert_eq!(keys, [None, None, Some("C-17E+x")]);
    assert_eq!(outcome.tally.notices.get(Notice::ShortenedNumber.words()), Some(&2));
}

#[test]
fn a_dry_run_shows_counts_and_dates_only() {
    let content = PLAIN
        .replace("Categories", "Action")
        .replace("Gambling", "Blocked")
        .replace("\"News; Sport\"", "Odd");
    let profiles = shipped();
    let run = |content: &str| {
        check(&mut content.as_bytes(), &profiles, None, "Europe/London", &|word| word == "News")
    };
    let report = run(&content).unwrap();
    assert_eq!(report.layout, "smoothwall-web-filter-decision");
    assert_eq!(report.header[1], HeaderColumn { position: 2, column: Some("user") });
    assert_eq!(report.header[6].column, Some("action"));
    assert_eq!(
        (report.times[0].written.as_str(), report.times[0].utc.as_str()),
        ("10/09/2025 10:46:10", "2025-09-10T09:46:10Z")
    );
    let words: Vec<_> =
        report.actions.iter().map(|word| (word.word.as_deref(), word.action, word.records)).collect();
    assert_eq!(
        words,
        [(None, "challenged", 1), (Some("blocked"), "blocked", 1), (Some("odd"), "unknown", 1)]
    );
    assert_eq!(report.reject_share(), 0.0);
    let report = run(PLAIN).unwrap();
    // Sport and Gambling are not on the map of this test.
    assert_eq!((report.unmapped_words, report.unmapped_records), (2, 2));
    let shown = format!("{report:?}");
    assert!(!shown.contains("mtaylor") && !shown.contains("example"));
    assert!(
        check(&mut PLAIN.as_bytes(), &profiles, Some("cpoms-incidents"), "Europe/London", &|_| true).is_err()
    );
    assert!(check(&mut PLAIN.as_bytes(), &profiles, Some("nobody"), "Europe/London", &|_| true).is_err());
}

#[test]
fn a_profile_is_checked_when_it_is_read() {
    let good = SHIPPED[0].1;
    for (from, to) in [
        ("[profile]", "[profile]\ncode = \"rm\""),
        ("version = 1", "version = \"one\""),
        ("\"%d/%m/%Y %H:%M:%S\"", "\"%Q%Q\""),
        ("order = \"day-first\"", "order = \"us\""),
        ("time = [\"time\"", "key = [\"ref\"]\ntime = [\"time\""),
        ("time = [\"time\"", "time = [\"time\", \"username\""),
        ("split = [\";\"", "split = [\"; \""),
        ("basis = \"unknown\"", "basis = \"unknown\"\nzone = \"Mars\""),
        ("id = \"smoothwall-web-filter\"", "id = \"../x\""),
        ("user = {", "user = { transforms = [\"shell\"], "),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{from}");
        let error = Profile::parse(&bad, "own.toml").err().unwrap_or_else(|| panic!("{to} was accepted"));
        assert!(error.to_string().starts_with("own.toml: "), "{error}");
    }
    for (name, text) in SHIPPED {
        let profile = Profile::parse(text, name).unwrap();
        assert_eq!(profile.id(), *name);
        assert!(!profile.is_confirmed());
        assert!(profile.columns().count() > 3);
    }
}

#[test]
fn a_tunnel_and_a_level_are_seen() {
    let content = "Time,Username,Method,Log level,URL\n2025-09-10 10:46:10,mt,CONNECT,2,mail.example:443\n";
    let Detection::Found(detected) = detect(content.as_bytes(), &shipped()) else { panic!("found") };
    let mut seen = None;
    read_records(&mut content.as_bytes(), &detected, &mut Tally::default(), &mut |_, _, parsed, _| {
        if let Ok(Parsed::Request(fields)) = parsed {
            seen = Some((fields.kind, fields.log_level));
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(seen, Some((RecordKind::Tunnel, Some(2))));
}
