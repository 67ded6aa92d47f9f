//! Days worked out by hand, before a correction, with it and after it was taken back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeMap;

use jiff::civil::date;

use super::*;
use crate::error::Kind;
use crate::event::Role;
use crate::people::PeopleImport;
use crate::pipeline::tests::{DAY, EIGHT, Installation, line};
use crate::pipeline::{DERIVED, Ingest};
use crate::pseudonymise::{Domain, Keyring};
use crate::schema::{
    ACTIVITY, ACTOR_DAYS, ATTEMPTS, BLOCKED_SITE_DAYS, EPISODES, REQUESTS, STAFF_ACTOR_DAYS, STAFF_EPISODES,
    TableSchema,
};
use crate::school::AcademicYear;
use crate::state::NewCorrection;

const ROSTER: &str = "person_key,accounts,mis_name,year,role\n\
    P1,ajones,\"Jones, Amarantha\",10,pupil\nP2,bsmith,\"Smith, Ben\",7,pupil\nT1,tmiller,\"Miller, Tess\",,staff\n";
const MONDAY: Date = date(2025, 10, 6);
const TUESDAY: Date = date(2025, 10, 7);

struct Bench {
    place: Installation,
    amarantha: i64,
    ben: Member,
    tess: Member,
}

fn denied(seconds: i64, user: &str, url: &str) -> String {
    line(seconds, user, url).replace("TCP_MISS/200", "TCP_DENIED/403")
}

impl Bench {
    /// Monday and Tuesday alike: Amarantha's account is refused a betting site three times within five
    /// minutes and reads the news twice; Ben's account reads the news once. The school lists the site.
    fn new() -> Self {
        let place = Installation::new();
        std::fs::create_dir_all(place.root().settings()).unwrap();
        std::fs::write(
            place.root().settings().join("sites.csv"),
            "site,common_code,valid_from,valid_to,source,note\nbet-away.co.uk,GAMBLE,,,own,\nnews-here.co.uk,NEWS,,,own,\n",
        )
        .unwrap();
        let keyring = Keyring::open(&place.school.pseudonym_key_dir, &place.school.id, &place.dir()).unwrap();
        let year = AcademicYear::parse("2025-26").unwrap();
        let import = PeopleImport {
            vault: &place.root().vault(),
            school: &place.school.id,
            recipients: &place.school.public_keys().unwrap(),
            keyring: &keyring,
            year,
        };
        import.run(ROSTER.as_bytes(), &mut State::open(&place.root()).unwrap()).unwrap();
        let token = |key: &str| keyring.token(year, Domain::Person, key.as_bytes()).unwrap();
        let (amarantha, ben) = (token("P1"), token("P2"));
        let ben = Member { person: ben, role: Role::Pupil, year_group: Some(7) };
        let tess = Member { person: token("T1"), role: Role::Staff, year_group: None };
        place.put("proxy.log", &(log(0) + &log(DAY)));
        let report = place.run();
        assert_eq!(report.days_derived, 2);
        Self { place, amarantha, ben, tess }
    }

    fn person(&self, truly: Option<Member>, from: Date, to: Date) -> NewCorrection<'static> {
        let recorded = BTreeSet::from([self.amarantha]);
        NewCorrection { from, to, wrong: Wrong::Person { recorded, truly }, reason: "case 9", by: "DSL" }
    }

    fn add(&self, new: &NewCorrection<'_>) -> Made {
        self.place.with(|ingest| Making { ingest: *ingest }.add(new.clone(), &()))
    }

    fn undo(&self, id: i64) -> Made {
        self.place
            .with(|ingest| Making { ingest: *ingest }.undo(id, ("case 9 again", "DSL"), &mut |_| Ok(()), &()))
    }

    /// Some cells of a table's rows, sorted.
    fn cells(&self, table: &'static TableSchema, columns: &[&str]) -> Vec<String> {
        let mut rows: Vec<String> = self
            .place
            .rows(table)
            .iter()
            .map(|row| {
                let mut cells: Vec<&str> = row
                    .split(' ')
                    .filter(|cell| cell.split_once('=').is_some_and(|(name, _)| columns.contains(&name)))
                    .collect();
                cells.sort_by_key(|cell| {
                    columns.iter().position(|name| cell.starts_with(&format!("{name}=")))
                });
                cells.join(" ")
            })
            .collect();
        rows.sort();
        rows
    }

    fn derived(&self) -> BTreeMap<&'static str, Vec<String>> {
        DERIVED.iter().map(|table| (table.name, self.place.rows(table))).collect()
    }
}

fn log(day: i64) -> String {
    let mut text = String::new();
    for minute in [0, 2, 4] {
        text += &denied(EIGHT + day + minute * 60, "ajones", "http://www.bet-away.co.uk/");
    }
    for minute in [30, 31] {
        text += &line(EIGHT + day + minute * 60, "ajones", "http://www.news-here.co.uk/");
    }
    text + &line(EIGHT + day + 40 * 60, "bsmith", "http://www.news-here.co.uk/")
}

fn lines(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[test]
fn an_episode_moves_to_the_pupil_whose_it_was_and_back() {
    let bench = Bench::new();
    let (amarantha, ben) = (bench.amarantha, bench.ben.person);
    let before = bench.derived();
    let requests = bench.place.rows(&REQUESTS);
    let days = ["local_date", "actor", "year_group", "records", "attempts", "episodes"];
    let day = |day: Date, actor: i64, year: u8, records: u8, attempts: u8, episodes: u8| {
        format!(
            "local_date={day} actor={actor} year_group={year} records={records} attempts={attempts} episodes={episodes}"
        )
    };
    let as_recorded = |date: Date| [day(date, amarantha, 10, 5, 3, 1), day(date, ben, 7, 1, 0, 0)];
    assert_eq!(bench.cells(&ACTOR_DAYS, &days), lines([as_recorded(MONDAY), as_recorded(TUESDAY)].concat()));
    assert!(bench.cells(&EPISODES, &["actor"]).iter().all(|row| *row == format!("actor={amarantha}")));

    let made = bench.add(&bench.person(Some(bench.ben), MONDAY, MONDAY));
    assert_eq!(made, Made { id: 1, days: 1, closed: 0 });
    // All six records of Monday are Ben's now: of two pupils one is left.
    assert_eq!(
        bench.cells(&ACTOR_DAYS, &days),
        lines([vec![day(MONDAY, ben, 7, 6, 3, 1)], as_recorded(TUESDAY).to_vec()].concat())
    );
    assert_eq!(
        bench.cells(&EPISODES, &["local_date", "actor", "year_group", "key_stage", "attempts"]),
        lines(vec![
            format!("local_date={MONDAY} actor={ben} year_group=7 key_stage=KS3 attempts=3"),
            format!("local_date={TUESDAY} actor={amarantha} year_group=10 key_stage=KS4 attempts=3"),
        ])
    );
    assert_eq!(bench.place.rows(&REQUESTS), requests, "what was recorded stays");

    bench.undo(1);
    assert_eq!(bench.derived(), before);
    let all = State::open(&bench.place.root()).unwrap().corrections().unwrap();
    assert_eq!((all.len(), all[0].undone_by, &all[1].wrong), (2, Some(2), &Wrong::Correction(1)));
}

#[test]
fn nobodys_records_count_no_pupil_and_a_later_correction_takes_the_place_of_an_earlier() {
    let bench = Bench::new();
    let before = bench.derived();
    bench.add(&bench.person(None, MONDAY, TUESDAY));
    let who = ["actor", "actor_kind", "role"];
    let pupils = |bench: &Bench| -> Vec<String> {
        bench.cells(&ACTOR_DAYS, &who).into_iter().filter(|row| row.contains("person")).collect()
    };
    assert_eq!(pupils(&bench), vec![format!("actor={} actor_kind=person role=pupil", bench.ben.person); 2]);
    assert_eq!(bench.cells(&EPISODES, &who), ["actor= actor_kind=nobody role=unknown"; 2]);
    bench.add(&bench.person(Some(bench.ben), TUESDAY, TUESDAY));
    assert_eq!(
        bench.cells(&EPISODES, &["local_date", "actor_kind"]),
        ["local_date=2025-10-06 actor_kind=nobody", "local_date=2025-10-07 actor_kind=person"]
    );
    bench.undo(2);
    assert_eq!(bench.cells(&EPISODES, &["actor_kind"]), ["actor_kind=nobody"; 2]);
    bench.undo(1);
    assert_eq!(bench.derived(), before);
}

#[test]
fn what_was_a_teachers_stands_in_the_tables_of_staff() {
    let bench = Bench::new();
    let before = bench.derived();
    bench.add(&bench.person(Some(bench.tess), MONDAY, TUESDAY));
    let who = ["actor", "role"];
    assert_eq!(bench.cells(&EPISODES, &who), Vec::<String>::new());
    assert_eq!(
        bench.cells(&STAFF_EPISODES, &who),
        vec![format!("actor={} role=staff", bench.tess.person); 2]
    );
    assert_eq!(bench.cells(&STAFF_ACTOR_DAYS, &["records"]), ["records=5"; 2]);
    assert_eq!(bench.cells(&ACTOR_DAYS, &["records"]), ["records=1"; 2]);
    bench.undo(1);
    assert_eq!(bench.derived(), before);
}

fn bet(site: Option<&str>, was: Option<&str>, source: Option<&str>) -> NewCorrection<'static> {
    let own = |text: Option<&str>| text.map(str::to_owned);
    let wrong = Wrong::Code { site: own(site), was: own(was), source: own(source), code: "EDU".to_owned() };
    NewCorrection { from: MONDAY, to: MONDAY, wrong, reason: "ticket 4", by: "IT" }
}

#[test]
fn a_false_positive_is_of_no_concern_any_more_and_a_late_file_neither() {
    let bench = Bench::new();
    let before = bench.derived();
    let what = ["local_date", "code", "learning"];
    assert_eq!(
        bench.cells(&BLOCKED_SITE_DAYS, &what),
        [
            "local_date=2025-10-06 code=GAMBLE learning=false",
            "local_date=2025-10-07 code=GAMBLE learning=false"
        ]
    );
    bench.add(&bet(Some("www.BET-away.co.uk"), Some("GAMBLE"), None));
    // Three refusals of a site for learning: over-blocking, and no gambling.
    assert_eq!(
        bench.cells(&BLOCKED_SITE_DAYS, &what),
        ["local_date=2025-10-06 code=EDU learning=true", "local_date=2025-10-07 code=GAMBLE learning=false"]
    );
    let gambling = |bench: &Bench, table: &'static TableSchema| {
        bench.cells(table, &["local_date", "theme"]).iter().filter(|row| row.contains("Gambling")).count()
    };
    assert_eq!((gambling(&bench, &EPISODES), gambling(&bench, &ATTEMPTS)), (1, 3));
    assert_eq!(gambling(&bench, &ACTIVITY), 1);

    bench.place.put("late.log", &denied(EIGHT + 3 * 3600, "bsmith", "http://bet-away.co.uk/x"));
    bench.place.run();
    assert_eq!((gambling(&bench, &EPISODES), gambling(&bench, &ATTEMPTS)), (1, 3));
    assert_eq!(bench.cells(&ATTEMPTS, &["code"]).iter().filter(|row| *row == "code=EDU").count(), 4);
    bench.undo(1);
    assert_eq!((gambling(&bench, &EPISODES), gambling(&bench, &ATTEMPTS)), (3, 7));
    assert!(before["attempts"].iter().all(|row| bench.derived()["attempts"].contains(row)));
}

#[test]
fn one_sources_code_is_corrected_and_a_late_file_of_an_account_too() {
    let bench = Bench::new();
    let source = bench.cells(&REQUESTS, &["source_format"])[0].replace("source_format=", "");
    bench.add(&bet(None, Some("GAMBLE"), Some("another")));
    assert_eq!(bench.cells(&ATTEMPTS, &["code"]), ["code=GAMBLE"; 6]);
    bench.add(&bet(None, Some("GAMBLE"), Some(&source)));
    assert_eq!(bench.cells(&ATTEMPTS, &["code"]).iter().filter(|row| *row == "code=EDU").count(), 3);

    bench.add(&bench.person(Some(bench.ben), TUESDAY, TUESDAY));
    bench.place.put("late.log", &denied(EIGHT + DAY + 3 * 3600, "ajones", "http://bet-away.co.uk/x"));
    bench.place.run();
    assert_eq!(
        bench.cells(&ACTOR_DAYS, &["local_date", "actor", "records"]).last().unwrap(),
        &format!("local_date=2025-10-07 actor={} records=7", bench.ben.person)
    );
}

#[test]
fn killed_between_marking_and_counting_the_next_run_finishes_it() {
    let bench = Bench::new();
    let twin = bench.place.twin();
    bench.add(&bench.person(Some(bench.ben), MONDAY, MONDAY));
    let wanted = bench.derived();
    // What stands on the disk when the run dies there: the correction and the marked day, in one step.
    let mut state = State::open(&twin.root()).unwrap();
    let new = bench.person(Some(bench.ben), MONDAY, MONDAY);
    state.add_correction(&new, &BTreeSet::from([MONDAY])).unwrap();
    assert_eq!(state.dirty_days().unwrap(), [MONDAY]);
    drop(state);
    assert_eq!(twin.run().days_derived, 1);
    for table in DERIVED {
        assert_eq!(twin.rows(table), wanted[table.name], "{}", table.name);
    }
}

#[test]
fn what_will_not_do_is_refused_and_leaves_nothing() {
    let bench = Bench::new();
    let refused = |new: NewCorrection<'_>, words: &str| {
        let dir = bench.place.dir();
        let ingest = Ingest { dir: &dir, school: &bench.place.school, keep: false };
        let error = Making { ingest }.add(new, &()).unwrap_err();
        assert_eq!(error.kind(), Kind::Configuration);
        assert!(error.to_string().contains(words), "{error}");
    };
    let to = |code: &str, was: Option<&str>| {
        let mut new = bet(Some("bet-away.co.uk"), was, None);
        new.wrong = Wrong::Code {
            site: Some("bet-away.co.uk".to_owned()),
            was: was.map(str::to_owned),
            source: None,
            code: code.to_owned(),
        };
        new
    };
    refused(to("NOSUCH", None), "no such code");
    refused(to("ILL-CSAM", None), "illegal");
    refused(to("EDU", Some("ILL-CSAM")), "illegal");
    refused(to("EDU", Some("EDU")), "same as before");
    refused(bet(None, Some("GAMBLE"), None), "needs a site");
    refused(bet(Some("C:\\amy"), None, None), "no site");
    refused(bench.person(None, TUESDAY, MONDAY), "first day");
    refused(bench.person(None, date(2025, 8, 31), MONDAY), "two academic years");
    refused(NewCorrection { reason: " ", ..bench.person(None, MONDAY, MONDAY) }, "reason");
    let own = Member { person: bench.amarantha, role: Role::Pupil, year_group: Some(10) };
    refused(bench.person(Some(own), MONDAY, MONDAY), "already");
    State::open(&bench.place.root()).unwrap().close_day(TUESDAY).unwrap();
    refused(
        bench.person(None, MONDAY, TUESDAY),
        "1 of these days, from 2025-10-07 to 2025-10-07, cannot be corrected any more",
    );
    let state = State::open(&bench.place.root()).unwrap();
    assert!(state.corrections().unwrap().is_empty() && state.dirty_days().unwrap().is_empty());
    let mut state = state;
    bench.add(&bench.person(None, MONDAY, MONDAY));
    for statement in ["UPDATE corrections SET reason = 'x'", "DELETE FROM corrections"] {
        assert!(state.connection().execute(statement, []).is_err());
    }
    state.close_day(MONDAY).unwrap();
    assert_eq!(bench.undo(1), Made { id: 2, days: 0, closed: 1 });
}
