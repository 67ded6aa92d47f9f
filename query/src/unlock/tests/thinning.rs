//! Held days past their clock: what stays is shown as before, what went is nowhere, and the look is written down.

use ingest::retention::{Retain, ThinReport};
use ingest::state::NewHold;

use super::correcting::school;
use super::*;

fn hold(bench: &Bench) {
    hold_on(bench, b"P1");
}

fn hold_on(bench: &Bench, key: &[u8]) {
    let person = bench.keyring.token(year(), Domain::Person, key).unwrap();
    let day = date(2026, 1, 12);
    let hold = NewHold {
        from: day,
        to: day,
        person: Some(person),
        reason: "case 12",
        owner: "DSL",
        review: date(2026, 6, 1),
    };
    State::open(&bench.root()).unwrap().add_hold(&hold, date(2026, 1, 13)).unwrap();
}

fn thinned(bench: &Bench, reason: &str, dry_run: bool) -> Result<Thinned, Error> {
    thin_holds(&bench.dir(), &bench.school, reason, &bench.private, dry_run, &())
}

fn sealed(bench: &Bench) -> (Vec<String>, usize, usize, usize) {
    let reader = VaultReader::open(&bench.root().vault(), &bench.school, &bench.private);
    let all = Selection { from: date(2025, 1, 1), to: date(2027, 1, 1), actor: None, between_us: None };
    let mut users = Vec::new();
    reader
        .requests(&all, &mut |row| {
            users.push(row.user_written.as_deref().unwrap_or_default().to_owned());
            Ok(())
        })
        .unwrap();
    users.sort();
    let (mut incidents, mut changes, mut checks) = (0, 0, 0);
    reader
        .incidents(&all, &mut |_| {
            incidents += 1;
            Ok(())
        })
        .unwrap();
    reader
        .changes(&all, &mut |_| {
            changes += 1;
            Ok(())
        })
        .unwrap();
    reader
        .checks(&all, &mut |_| {
            checks += 1;
            Ok(())
        })
        .unwrap();
    (users, incidents, changes, checks)
}

#[test]
fn what_is_held_opens_as_before_and_what_others_did_is_nowhere() {
    let bench = school();
    hold(&bench);
    let everybody = ["amy.otter", "amy.otter", "ben.badger"].map(str::to_owned).to_vec();
    assert_eq!(sealed(&bench), (everybody, 2, 1, 1));
    // Monday is not closed: only the names of the four files have no day to wait for.
    let early = thinned(&bench, "case 12", true).unwrap().report;
    assert_eq!(early, ThinReport { files: 4, gone: 4, kept: 0, unclear: 0, waiting: 4 });
    let config = Config::load(&bench.dir()).unwrap();
    let settings = config.school(&bench.school).unwrap();
    let retain = Retain { dir: &bench.dir(), school: settings, today: Some(date(2026, 6, 1)), days: None };
    assert_eq!(retain.run(&()).unwrap().days_closed, 1);
    let planned = thinned(&bench, "case 12", true).unwrap();
    assert_eq!((planned.report.kept, planned.audit_head), (6, None));
    for refused in ["for Amy Otter", " "] {
        for dry_run in [true, false] {
            assert_eq!(thinned(&bench, refused, dry_run).unwrap_err().kind(), Kind::Configuration);
        }
    }
    let done = thinned(&bench, "case 12", false).unwrap();
    assert_eq!(done.report, planned.report);
    // Ben's request goes, and the names of four files; his incident names her and stays.
    assert_eq!(sealed(&bench), (["amy.otter", "amy.otter"].map(str::to_owned).to_vec(), 2, 1, 1));
    assert_eq!(done.report, ThinReport { files: 8, gone: 5, kept: 6, unclear: 0, waiting: 0 });
    let monday = date(2026, 1, 12);
    let shown = |who: &str| {
        let dir = bench.dir();
        let opened = unlock(&dir, &bench.school, who, monday, monday, "case 12", &bench.private);
        let opened = correcting::wait(opened).unwrap();
        (opened.read().rows.len(), opened.read().incidents.len())
    };
    assert_eq!((shown("Amy Otter"), shown("Ben Badger")), ((2, 1), (0, 1)));
    let audit = bench.entries();
    let entry = audit.iter().find(|entry| Some(&entry.hash) == done.audit_head.as_ref()).unwrap();
    assert_eq!((entry.what.as_str(), entry.rows), ("held days thinned", 5));
    assert!(entry.target.starts_with("subject-"), "{}", entry.target);
}

#[test]
fn a_reason_that_names_any_held_person_is_in_nobodys_entry() {
    let bench = school();
    hold(&bench);
    hold_on(&bench, b"P2");
    let before = bench.entries().len();
    for dry_run in [true, false] {
        let refused = thinned(&bench, "for Ben Badger", dry_run).unwrap_err();
        assert!(refused.to_string().starts_with("the reason names the person"), "{refused}");
        assert_eq!(bench.entries().len(), before, "Amy's would have Ben's name");
    }
    // The names of the four files alone have no day to wait for; both persons are written down, once each.
    thinned(&bench, "case 12", false).unwrap();
    let rows: Vec<i64> = bench.entries().iter().skip(before).map(|entry| entry.rows).collect();
    assert_eq!(rows, [4, 4]);
}

#[test]
fn a_pseudonym_is_of_the_years_in_which_anything_has_it() {
    let bench = school();
    let years =
        |token: i64| correcting::wait(years_of_pseudonym(&bench.dir(), &bench.school, token)).unwrap();
    let of = |year: AcademicYear, who: &[u8]| bench.keyring.token(year, Domain::Person, who).unwrap();
    // Cat has no record; the roster has her.
    for known in [b"P1", b"P3"] {
        assert_eq!(years(of(year(), known)), BTreeSet::from([year()]));
    }
    assert_eq!(years(bench.pseudonym("cat.b")), BTreeSet::from([year()]));
    let before = year().before();
    assert_eq!(years(of(before, b"P1")), BTreeSet::new(), "of a year of which there is nothing");
    assert_eq!(years(7), BTreeSet::new());
    // An account that no roster has, by its record alone.
    let log = "1768212000.250    120 10.1.2.3 TCP_DENIED/403 4512 GET http://bet-away.co.uk/x dan.deer HIER_NONE/- text/html\n";
    fs::write(bench.root().inbox().join("more.log"), log).unwrap();
    let settings = super::recipients::settings(&bench, "DSL");
    ingest::pipeline::Ingest { dir: &bench.dir(), school: &settings, keep: false }.run(&[], &()).unwrap();
    assert_eq!(years(bench.pseudonym("dan.deer")), BTreeSet::from([year()]));
}
