//! An incident that was corrected where it is recorded: what an older export had of it stops to count.

use ingest::pipeline::Ingest;

use super::correcting::{school, wait};
use super::recipients::settings;
use super::*;
use crate::disclosure::table::Cell;
use crate::service::{Ask, School};
use crate::unlock::{Corrected, Undoing, WrongIncident, correct_incident, corrections, undo_correction};

const HEADER: &str = "Incident ID,Student,Date,Category,Incident,Status,Linked students\r\n";

fn taken_in(bench: &Bench, name: &str, rows: &[&str]) {
    fs::write(bench.root().inbox().join(name), format!("{HEADER}{}\r\n", rows.join("\r\n"))).unwrap();
    let config = settings(bench, "DSL");
    let report = Ingest { dir: &bench.dir(), school: &config, keep: false }.run(&[], &()).unwrap();
    assert_eq!(report.files[0].outcome, ingest::report::Outcome::Committed, "{report:?}");
}

/// Rows that stand of the two incidents of 13 January, by pupil, and whether the notes speak of older rows.
fn standing(bench: &Bench) -> (Vec<i64>, bool) {
    let school = wait(School::open(&bench.dir(), &bench.school)).unwrap();
    let statement = "SELECT count(*) AS n FROM incidents WHERE local_date = DATE '2026-01-13' \
        GROUP BY subject ORDER BY n";
    let answer = wait(school.sql("it", statement)).unwrap();
    let rows = answer.value().rows.iter().map(|row| match row[0] {
        Cell::Integer(rows) => rows,
        ref other => panic!("{other:?}"),
    });
    let ask = Ask { from: Some(date(2026, 1, 12)), to: Some(date(2026, 1, 16)), ..Ask::default() };
    let figures = wait(school.metric("incidents", &ask)).unwrap();
    let noted = figures.value().notes.iter().any(|note| note.contains("the newest export of them has not"));
    (rows.collect(), noted)
}

fn corrected(bench: &Bench, reference: &str, all: bool) -> Result<Corrected, Error> {
    let wrong = WrongIncident { reference, source: None, all };
    correct_incident(&bench.dir(), &bench.school, &wrong, "case 3", &bench.private, &())
}

#[test]
fn a_pupil_who_was_exchanged_in_the_incident_system_is_not_counted_any_more() {
    let bench = school();
    let of = |number: &str, who: &str, status: &str| {
        format!("{number},{who},13/01/2026 11:20,Bullying,She told us,{status},")
    };
    taken_in(&bench, "one.csv", &[&of("71", "Amy Otter", "Open"), &of("72", "Ben Badger", "Open")]);
    assert_eq!(standing(&bench), (vec![1, 1], false));
    assert!(corrected(&bench, "71", false).is_err(), "there is nothing newer");
    assert!(
        corrected(&bench, "73", false).unwrap_err().to_string().contains("no incident of that reference")
    );
    // 71 was Ben's, as the next export knows; 72 is closed meanwhile.
    taken_in(&bench, "two.csv", &[&of("71", "Ben Badger", "Open"), &of("72", "Ben Badger", "Closed")]);
    assert_eq!(
        standing(&bench),
        (vec![1, 2], true),
        "Amy's row stands, and the notes say that it may be wrong"
    );
    let made = corrected(&bench, "71", false).unwrap().made;
    assert_eq!((made.days, made.closed), (0, 0));
    let newest = AccessAudit::open(&bench.dir(), &bench.school).unwrap().entries().unwrap().pop().unwrap();
    assert_eq!((newest.what.as_str(), newest.reason.as_str()), ("correction", "case 3"));
    assert_eq!(standing(&bench), (vec![2], false));
    // All rows of all exports stay what they were.
    let school = wait(School::open(&bench.dir(), &bench.school)).unwrap();
    let all = "SELECT count(*) AS n FROM incident_history WHERE local_date = DATE '2026-01-13'";
    assert_eq!(wait(school.sql("it", all)).unwrap().value().rows[0][0], Cell::Integer(4));

    // What a later export has counts; taken back, everything is as before.
    taken_in(&bench, "three.csv", &[&of("71", "Cat Crane", "Open")]);
    assert_eq!(standing(&bench), (vec![1, 2], true));
    undo_correction(&bench.dir(), &bench.school, made.id, "it was Amy's", Undoing::Key(&bench.private), &())
        .unwrap();
    assert_eq!(standing(&bench), (vec![1, 1, 2], true));

    // Entered in error: nothing of it holds, whatever export had it.
    corrected(&bench, "71", true).unwrap();
    assert_eq!(standing(&bench), (vec![1], false));
    let known = corrections(&bench.dir(), &bench.school).unwrap();
    assert_eq!(known.iter().map(ingest::state::Correction::holds).collect::<Vec<_>>(), [false, false, true]);
    let said = format!("{known:?}");
    assert!(!said.contains("\"71\"") && !said.contains("Otter"), "a pseudonym stands for the reference");
}
