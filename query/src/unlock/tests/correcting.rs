//! A correction as the DSL sees it: timeline, a subject's copy, the notes of figures; holds before an
//! erasure; what names a person beside somebody else.

use ingest::correction::Made;
use ingest::pipeline::Ingest;
use ingest::state::{NewCorrection, NewHold, Wrong};

use super::recipients::{save, settings};
use super::*;
use crate::service::{Ask, School};
use crate::unlock::{Undoing, WrongPerson, correct_code, correct_person, undo_correction};

const ROSTER: &[u8] =
    b"person_key,accounts,mis_name,year,role\nP1,amy.otter,\"Otter, Amy\",10,pupil\nP2,ben.badger,\"Badger, Ben\",7,pupil\nP3,cat.a;cat.b,\"Crane, Cat\",8,pupil\n";
const INCIDENTS: &str = "Student,Date,Category,Incident,Status,Linked students\r\n\
    Amy Otter,12/01/2026 11:20,Bullying,She told us,Open,Ben Badger\r\n\
    Ben Badger,12/01/2026 11:30,Bullying,They fell out,Open,Amy Otter; Cat Crane\r\n";
const CHANGES: &str = "Request ID,Requested at,Requester,Requester role,Request,URL or category,Group,Reason,\
    Risk note,Decision,Decided by,Decided by role,Decided at,Applied from,Applied to,Closed\n\
    C-1,12/01/2026 10:05,Amy Otter,Teacher,Unblock,https://rivers.co.uk/a,Year 9,Rivers,,Approved,Ben Badger,DSL,13/01/2026,13/01/2026,permanent,\n";
const CHECKS: &str = "Date,Test,Group,Device,Location,Expected,Result,Tested by,Notes\n\
    12/01/2026 09:30,Gambling,Year 9,LAB-3,Room 4,Blocked,Blocked,Amy Otter,fine\n";

fn refused(minute: i64, user: &str) -> String {
    let seconds = MIDNIGHT_US / 1_000_000 + minute * 60;
    format!(
        "{seconds}.250    120 10.1.2.3 TCP_DENIED/403 4512 GET http://bet-away.co.uk/x {user} HIER_NONE/- text/html\n"
    )
}

/// Monday: Amy's account is refused a betting site at 10:00 and 10:02, Ben's at 11:00.
pub(super) fn school() -> Bench {
    let bench = Bench::new();
    let config = settings(&bench, "DSL");
    save(&bench.dir(), &Config { schools: vec![config.clone()], ..Config::default() }).unwrap();
    let root = bench.root();
    fs::create_dir_all(root.inbox()).unwrap();
    fs::create_dir_all(root.settings()).unwrap();
    let sites = "site,common_code,valid_from,valid_to,source,note\nbet-away.co.uk,GAMBLE,,,own,\n";
    fs::write(root.settings().join("sites.csv"), sites).unwrap();
    let import = PeopleImport {
        vault: &root.vault(),
        school: &bench.school,
        recipients: std::slice::from_ref(&bench.public),
        keyring: &bench.keyring,
        year: year(),
    };
    import.run(ROSTER, &mut State::open(&root).unwrap()).unwrap();
    let log: String = [(600, "amy.otter"), (602, "amy.otter"), (660, "ben.badger")]
        .iter()
        .map(|(minute, user)| refused(*minute, user))
        .collect();
    for (name, text) in [
        ("proxy.log", log.as_str()),
        ("incidents.csv", INCIDENTS),
        ("changes.csv", CHANGES),
        ("checks.csv", CHECKS),
    ] {
        fs::write(root.inbox().join(name), text).unwrap();
    }
    let report = Ingest { dir: &bench.dir(), school: &config, keep: false }.run(&[], &()).unwrap();
    assert!(report.files.iter().all(|file| file.outcome == ingest::report::Outcome::Committed), "{report:?}");
    bench
}

pub(super) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn timeline(bench: &Bench, who: &str) -> Identified<Timeline> {
    let monday = date(2026, 1, 12);
    wait(unlock(&bench.dir(), &bench.school, who, monday, monday, "case 12", &bench.private)).unwrap()
}

fn notes(bench: &Bench) -> Vec<String> {
    let ask = Ask { from: Some(date(2026, 1, 12)), to: Some(date(2026, 1, 12)), ..Ask::default() };
    let school = wait(School::open(&bench.dir(), &bench.school)).unwrap();
    wait(school.attention(&ask)).unwrap().value().notes.clone()
}

fn wrong<'w>(recorded: &'w str, truly: Option<&'w str>) -> WrongPerson<'w> {
    let monday = date(2026, 1, 12);
    WrongPerson { recorded, truly, from: monday, to: monday, all_accounts: false }
}

#[test]
fn a_moved_episode_stands_in_the_others_timeline_and_copy_and_is_told_in_the_notes() {
    let bench = school();
    let (dir, key) = (bench.dir(), &bench.private);
    let seen = |who: &str| {
        let opened = timeline(&bench, who);
        let read = opened.read();
        (read.episodes.len(), read.rows.len(), read.corrections.clone())
    };
    assert_eq!((seen("amy.otter"), seen("ben.badger")), ((1, 2, vec![]), (1, 1, vec![])));
    assert!(!notes(&bench).iter().any(|note| note.contains("Corrected")));

    let correct =
        |wrong: &WrongPerson<'_>, reason: &str| correct_person(&dir, &bench.school, wrong, reason, key, &());
    for (wrong, reason) in [
        (wrong("amy.otter", Some("Ben Badger")), "it was ben badger"),
        (wrong("amy.otter", Some("Ben Badger")), " "),
        (wrong("cat.a", None), "case 3"),
        (wrong("amy.otter", Some("Amy Otter")), "case 3"),
    ] {
        assert_eq!(correct(&wrong, reason).unwrap_err().kind(), Kind::Configuration, "{reason}");
    }
    let done = correct(&wrong("amy.otter", Some("Ben Badger")), "case 3").unwrap();
    assert_eq!(done.made, Made { id: 1, days: 1, closed: 0 });
    // An hour apart: one episode until 10:02, another at 11:00.
    assert_eq!((seen("amy.otter"), seen("ben.badger")), ((0, 0, vec![1]), (2, 3, vec![1])));
    let note = "Corrected: 1 correction applies: 1 of whose some records are; `correct list` shows them.";
    assert!(notes(&bench).iter().any(|known| known == note), "{:?}", notes(&bench));
    let copy = |who: &str| {
        let answer = wait(subject_access(&dir, &bench.school, who, "request 4", key)).unwrap();
        let object = answer.read().object.clone();
        let count = |place: &serde_json::Value| place.as_array().map_or(0, Vec::len);
        (
            count(&object["lake"]["requests"]),
            count(&object["lake"]["episodes"]),
            count(&object["vault"]["requests"]),
            count(&object["corrections"]),
        )
    };
    assert_eq!((copy("amy.otter"), copy("ben.badger")), ((0, 0, 0, 1), (3, 2, 3, 1)));
    let audit = bench.entries();
    let entry = audit.iter().find(|entry| Some(&entry.hash) == done.audit_head.as_ref()).unwrap();
    assert_eq!((entry.what.as_str(), entry.reason.as_str()), ("correction", "case 3"));
    // No name, no account in the state file.
    let bytes = fs::read(bench.root().state()).unwrap().to_ascii_lowercase();
    for name in ["amy.otter", "ben.badger", "badger", "otter"] {
        assert!(memchr_in(&bytes, name.as_bytes()).is_none(), "{name}");
    }
    let refused =
        undo_correction(&dir, &bench.school, 1, "it was right", Undoing::Role("DSL"), &()).unwrap_err();
    assert!(refused.to_string().contains("with a DSL's key"), "{refused}");
    assert_eq!(bench.entries().len(), audit.len());
    let back =
        undo_correction(&dir, &bench.school, 1, "it was right", Undoing::Key(&bench.private), &()).unwrap();
    assert_eq!(bench.entries().last().map(|entry| entry.hash.clone()), back.audit_head);
    assert_eq!((seen("amy.otter"), seen("ben.badger")), ((1, 2, vec![]), (1, 1, vec![])));
}

fn memchr_in(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

#[test]
fn a_false_positive_reads_as_it_is_in_the_timeline() {
    let bench = school();
    let monday = date(2026, 1, 12);
    let codes = |bench: &Bench| {
        let opened = timeline(bench, "ben.badger");
        opened.read().rows.iter().map(|row| row.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&bench), ["GAMBLE"]);
    let own = |text: &str| Some(text.to_owned());
    for (site, source, expected) in [
        (own("bet-away.co.uk"), None, "EDU"),
        (None, own("another"), "GAMBLE"),
        (None, own("squid-native"), "EDU"),
    ] {
        let wrong = Wrong::Code { site, was: own("GAMBLE"), source: source.clone(), code: "EDU".to_owned() };
        let new = NewCorrection { from: monday, to: monday, wrong, reason: "ticket 4", by: "IT" };
        let made = correct_code(&bench.dir(), &bench.school, new, &()).unwrap().made;
        assert_eq!(codes(&bench), [expected], "{source:?}");
        let opened = timeline(&bench, "ben.badger");
        let theme = opened.read().episodes[0].theme.clone().unwrap();
        assert_eq!(theme.contains("Education"), expected == "EDU", "{theme}");
        undo_correction(&bench.dir(), &bench.school, made.id, "back", Undoing::Role("IT"), &()).unwrap();
    }
}

#[test]
fn what_is_sealed_beside_requests_is_shown_and_others_beside_are_not() {
    let bench = school();
    let opened = timeline(&bench, "Amy Otter");
    let amy = opened.read();
    assert_eq!((amy.incidents.len(), amy.changes.len(), amy.checks.len()), (1, 1, 1));
    assert_eq!(amy.incidents[0].narrative.as_deref(), Some("She told us"));
    assert_eq!(amy.changes[0].reason.as_deref(), Some("Rivers"));
    assert_eq!(amy.checks[0].narrative.as_deref(), Some("fine"));
    assert_eq!(amy.named_beside.len(), 1);
    let beside = &amy.named_beside[0];
    assert_eq!(beside.category_words.as_deref(), Some("Bullying"));
    let closed = (&beside.subject, &beside.subject_written, &beside.linked_written, &beside.narrative);
    assert_eq!(closed, (&None, &None, &None, &None));
    let opened = timeline(&bench, "Cat Crane");
    let cat = opened.read();
    assert_eq!((cat.incidents.len(), cat.named_beside.len(), cat.changes.len()), (0, 1, 0));
    let opened = timeline(&bench, "Ben Badger");
    let ben = opened.read();
    assert_eq!((ben.incidents.len(), ben.named_beside.len(), ben.changes.len()), (1, 1, 1), "he decided");
}

#[test]
fn a_hold_is_asked_before_an_erasure_and_a_reason_despite_it_is_written_down() {
    let bench = school();
    let (dir, key) = (bench.dir(), &bench.private);
    let hold = |state: &mut State, person: Option<i64>, from: i8| {
        let review = jiff::Zoned::now().date().tomorrow().unwrap();
        let day = date(2026, 1, from);
        let new = NewHold { from: day, to: day, person, reason: "case 8", owner: "DSL", review };
        state.add_hold(&new, jiff::Zoned::now().date()).unwrap()
    };
    let mut state = State::open(&bench.root()).unwrap();
    // Days without a row of hers, and somebody else's hold, are no hindrance.
    let ben = bench.keyring.token(year(), Domain::Person, b"P2").unwrap();
    hold(&mut state, None, 13);
    hold(&mut state, Some(ben), 12);
    let amy = bench.keyring.token(year(), Domain::Person, b"P1").unwrap();
    for person in [None, Some(amy)] {
        let number = hold(&mut state, person, 12);
        let refused = erase(&dir, &bench.school, "amy.otter", "request 9", None, key, &()).unwrap_err();
        let said = refused.to_string();
        assert!(
            said.contains(&format!("hold {number}")) && said.contains("DSL looks at it again on "),
            "{said}"
        );
        assert!(!said.contains("otter"));
        state.release_hold(number, "closed").unwrap();
    }
    let number = hold(&mut state, Some(amy), 12);
    let named = erase(&dir, &bench.school, "amy.otter", "request 9", Some("amy.otter again"), key, &());
    assert_eq!(named.unwrap_err().kind(), Kind::Configuration);
    assert!(!bench.entries().iter().any(|entry| entry.what == "erasure"));
    let erased = erase(&dir, &bench.school, "amy.otter", "request 9", Some("court order"), key, &()).unwrap();
    let why = format!("request 9; despite hold {number}: court order");
    let entry = bench.entries().into_iter().find(|entry| entry.hash == erased.audit_head).unwrap();
    assert_eq!(
        (entry.reason.as_str(), entry.target.as_str()),
        (why.as_str(), format!("subject-1 despite hold {number}").as_str())
    );
    assert_eq!(state.deletions(0).unwrap().last().unwrap().why, why);
}

#[test]
fn an_erased_person_takes_what_was_corrected_to_be_hers_and_a_late_file_is_nobodys() {
    let bench = school();
    let (dir, key) = (bench.dir(), &bench.private);
    correct_person(&dir, &bench.school, &wrong("amy.otter", Some("Ben Badger")), "case 3", key, &()).unwrap();
    erase(&dir, &bench.school, "ben.badger", "request 9", None, key, &()).unwrap();
    let seen = |who: &str| timeline(&bench, who).read().rows.len();
    assert_eq!((seen("amy.otter"), seen("ben.badger")), (0, 0));
    let ben = bench.keyring.token(year(), Domain::Person, b"P2").unwrap();
    let all = State::open(&bench.root()).unwrap().corrections().unwrap();
    assert!(matches!(&all[0].wrong, Wrong::Person { truly: None, .. }), "{all:?}");
    let bytes = fs::read(bench.root().state()).unwrap();
    assert!(memchr_in(&bytes, &ben.to_be_bytes()).is_none());
    fs::write(bench.root().inbox().join("late.log"), refused(700, "amy.otter")).unwrap();
    let config = settings(&bench, "DSL");
    Ingest { dir: &dir, school: &config, keep: false }.run(&[], &()).unwrap();
    assert_eq!(seen("amy.otter"), 0, "not hers, and nobody's now");
}

#[test]
fn while_another_process_writes_nothing_is_written_down_and_nobody_is_forgotten() {
    let bench = school();
    let (dir, key) = (bench.dir(), &bench.private);
    timeline(&bench, "amy.otter");
    let before = bench.entries();
    let lock = ingest::pipeline::WriterLock::take(&bench.root()).unwrap();
    let busy = erase(&dir, &bench.school, "amy.otter", "request 9", None, key, &()).unwrap_err();
    assert_eq!(busy.kind(), Kind::Retry);
    let busy =
        correct_person(&dir, &bench.school, &wrong("amy.otter", Some("Ben Badger")), "case 3", key, &());
    assert_eq!(busy.unwrap_err().kind(), Kind::Retry);
    drop(lock);
    assert_eq!(bench.entries(), before);
    let amy = BTreeSet::from([bench.keyring.token(year(), Domain::Person, b"P1").unwrap()]);
    let about = || AccessAudit::open(&dir, &bench.school).unwrap().about(&amy).unwrap().len();
    assert_eq!(about(), 1, "who looked at her records is still known");
    erase(&dir, &bench.school, "amy.otter", "request 9", None, key, &()).unwrap();
    assert_eq!(about(), 0);
    assert!(finish_erasure(&dir, &bench.school, key, &()).unwrap_err().to_string().contains("no erasure"));
}

#[test]
fn an_interrupted_erasure_is_said_and_finished_without_a_name() {
    let bench = school();
    let (dir, key) = (bench.dir(), &bench.private);
    let amy = bench.keyring.token(year(), Domain::Person, b"P1").unwrap();
    // As a run leaves it that was killed after its last step but one: the roster's row is gone.
    let config = Config::load(&dir).unwrap();
    let person = Question { dir: &dir, school: &bench.school, reason: "request 9", key }
        .person(&bench.root(), "Amy Otter")
        .unwrap();
    let ingest = Ingest { dir: &dir, school: config.school(&bench.school).unwrap(), keep: false };
    let erasure = ingest::erasure::Erasure { ingest, key, person: &person };
    let killed = erasure.run("request 9", &mut |_| Ok(()), &(), &mut |step| match step {
        "roster" => Err(ingest::Error::new(ingest::Kind::Environment, "killed")),
        _ => Ok(()),
    });
    assert!(killed.is_err());
    let lost = erase(&dir, &bench.school, "Amy Otter", "request 9", None, key, &()).unwrap_err();
    assert!(lost.to_string().contains("erase --finish"), "{lost}");
    let done = finish_erasure(&dir, &bench.school, key, &()).unwrap();
    let state = State::open(&bench.root()).unwrap();
    assert!(state.erasing().unwrap().is_empty());
    let log = state.deletions(0).unwrap();
    assert_eq!((log.len(), log[0].why.as_str()), (1, "request 9"));
    assert!(
        state.roster().unwrap().values().all(|members| members.values().all(|member| member.person != amy))
    );
    let entry = bench.entries().into_iter().find(|entry| entry.hash == done.audit_head).unwrap();
    assert_eq!((entry.what.as_str(), entry.reason.as_str()), ("erasure", "request 9"));
}

#[test]
fn what_came_before_the_roster_is_hers_too_and_what_others_write_of_her_is_listed() {
    let bench = Bench::new();
    let config = settings(&bench, "DSL");
    save(&bench.dir(), &Config { schools: vec![config.clone()], ..Config::default() }).unwrap();
    let root = bench.root();
    for folder in [root.inbox(), root.settings()] {
        fs::create_dir_all(folder).unwrap();
    }
    let incidents = INCIDENTS.replace("They fell out", "An annual channel").replace("; Cat Crane", "");
    let changes = CHANGES.replace("Rivers", "Cat Crane asked for it");
    for (name, text) in
        [("incidents.csv", &incidents), ("changes.csv", &changes), ("cat_crane.csv", &CHECKS.to_owned())]
    {
        fs::write(root.inbox().join(name), text).unwrap();
    }
    Ingest { dir: &bench.dir(), school: &config, keep: false }.run(&[], &()).unwrap();
    let import = PeopleImport {
        vault: &root.vault(),
        school: &bench.school,
        recipients: std::slice::from_ref(&bench.public),
        keyring: &bench.keyring,
        year: year(),
    };
    let roster = String::from_utf8(ROSTER.to_vec()).unwrap() + "P5,ann,Ann,7,pupil\n";
    import.run(roster.as_bytes(), &mut State::open(&root).unwrap()).unwrap();
    let opened = timeline(&bench, "Amy Otter");
    let amy = opened.read();
    assert_eq!((amy.incidents.len(), amy.changes.len(), amy.checks.len()), (1, 1, 1));
    let copy = |who: &str| {
        wait(subject_access(&bench.dir(), &bench.school, who, "request 4", &bench.private)).unwrap()
    };
    let count = |object: &serde_json::Value, name: &str| object["vault"][name].as_array().unwrap().len();
    let amys = copy("amy.otter");
    let found = &amys.read().object;
    assert_eq!(["incidents", "changes_asked_for", "checks"].map(|name| count(found, name)), [1, 1, 1]);
    let cats = copy("Cat Crane");
    let found = &cats.read().object;
    assert_eq!(count(found, "changes_and_checks_of_others_naming_the_person"), 1);
    assert_eq!(found["withheld"][0]["what"], "change that somebody else asked for");
    let names = found["elsewhere"].as_array().unwrap();
    let files =
        names.iter().find(|line| line["what"].as_str().unwrap().starts_with("names of files")).unwrap();
    assert_eq!(files["count"], 1);
    // `ann` in `annual` and `channel` is nobody.
    let anns = copy("ann");
    assert_eq!(count(&anns.read().object, "incidents_about_others_naming_the_person"), 0);
}

#[test]
fn who_looked_is_known_when_the_year_has_gone() {
    let bench = school();
    timeline(&bench, "Amy Otter");
    let next = AcademicYear::parse("2026-27").unwrap();
    let root = bench.root();
    let import = PeopleImport {
        vault: &root.vault(),
        school: &bench.school,
        recipients: std::slice::from_ref(&bench.public),
        keyring: &bench.keyring,
        year: next,
    };
    import.run(ROSTER, &mut State::open(&root).unwrap()).unwrap();
    let later = BTreeSet::from([bench.keyring.token(next, Domain::Person, b"P1").unwrap()]);
    let others = BTreeSet::from([bench.keyring.token(next, Domain::Person, b"P2").unwrap()]);
    let config = settings(&bench, "DSL");
    let dir = bench.dir();
    let about =
        |who: &BTreeSet<i64>| AccessAudit::open(&dir, &bench.school).unwrap().about(who).unwrap().len();
    assert_eq!((about(&later), about(&others)), (1, 0));
    let retain =
        ingest::retention::Retain { dir: &dir, school: &config, today: Some(date(2027, 9, 1)), days: None };
    assert_eq!(retain.run(&()).unwrap().keys_destroyed, ["2025-26"]);
    assert_eq!((about(&later), about(&others)), (1, 0));
}

#[test]
fn records_that_turn_out_to_be_somebodys_go_with_the_erasure_after_they_are_corrected() {
    let bench = school();
    let (dir, key) = (bench.dir(), &bench.private);
    let monday = date(2026, 1, 12);
    // What stands under Ben's account at 11:00 was Amy, who is erased: Ben's name and his other records stay.
    correct_person(&dir, &bench.school, &wrong("ben.badger", Some("Amy Otter")), "case 3", key, &()).unwrap();
    erase(&dir, &bench.school, "amy.otter", "request 9", None, key, &()).unwrap();
    let reader = VaultReader::open(&bench.root().vault(), &bench.school, key);
    let all = Selection { from: monday, to: monday, actor: None, between_us: None };
    let mut left = 0;
    reader
        .requests(&all, &mut |_| {
            left += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(left, 0, "hers, and what was found to be hers");
    let opened = timeline(&bench, "Ben Badger");
    assert_eq!(
        (opened.read().rows.len(), opened.read().people.len(), opened.read().incidents.len()),
        (0, 1, 1)
    );
}

#[test]
fn a_hold_on_whom_records_are_corrected_to_be_hinders_the_erasure_of_whose_they_were() {
    let bench = school();
    let (dir, key) = (bench.dir(), &bench.private);
    correct_person(&dir, &bench.school, &wrong("amy.otter", Some("Ben Badger")), "case 3", key, &()).unwrap();
    let mut state = State::open(&bench.root()).unwrap();
    let today = jiff::Zoned::now().date();
    let ben = bench.keyring.token(year(), Domain::Person, b"P2").unwrap();
    let day = date(2026, 1, 13);
    let review = today.tomorrow().unwrap();
    let new = NewHold { from: day, to: day, person: Some(ben), reason: "case 8", owner: "DSL", review };
    let refused = |who: &str| match erase(&dir, &bench.school, who, "request 9", None, key, &()) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    let day = date(2026, 1, 12);
    for (person, who) in [
        (ben, "amy.otter"),
        (bench.pseudonym("ben.badger"), "ben.badger"),
        (bench.pseudonym("cat.a"), "cat.b"),
    ] {
        let held = NewHold { from: day, to: day, person: Some(person), ..new };
        let number = state.add_hold(&held, today).unwrap();
        assert!(refused(who).contains(&format!("hold {number} keeps rows")), "{who}: {}", refused(who));
        state.release_hold(number, "closed").unwrap();
    }
    // Of another day nothing is corrected.
    state.add_hold(&new, today).unwrap();
    assert_eq!(refused("amy.otter"), "");
}
