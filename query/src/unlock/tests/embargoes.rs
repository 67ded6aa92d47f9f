//! Marking a matter: who is meant, and that no mark stands without its entry in the audit.

use ingest::state::PersonOfYear;

use super::correcting::{school, wait};
use super::*;
use crate::unlock::{Marked, Matter, lift, mark};

fn matter(pseudonym: i64) -> Matter {
    Matter {
        pseudonym: Some(written(pseudonym)),
        from: Some(date(2026, 1, 12)),
        reason: "case 12".to_owned(),
        reviewer: "DSL".to_owned(),
        ..Matter::default()
    }
}

fn marked(bench: &Bench, matter: &Matter) -> Result<Marked, Error> {
    wait(mark(&bench.dir(), &bench.school, matter, &bench.private))
}

#[test]
fn an_account_stands_for_its_person_in_all_years_and_a_slip_is_refused() {
    let bench = school();
    // Another year's key is there before its roster is.
    let next = AcademicYear::parse("2026-27").unwrap();
    let token = |year, key: &str| bench.keyring.token(year, Domain::Person, key.as_bytes()).unwrap();
    let both = BTreeSet::from([token(year(), "P1"), token(next, "P1")]);
    let amy = bench.pseudonym("amy.otter");
    let refused = marked(&bench, &matter(amy ^ 1)).unwrap_err();
    assert!(refused.to_string().starts_with("nothing that was taken in has this pseudonym; "), "{refused}");
    assert!(bench.entries().is_empty());
    assert_eq!(State::open(&bench.root()).unwrap().embargoes().unwrap(), []);

    // Amy's two attempts are one episode; she is the subject of one incident.
    assert_eq!(marked(&bench, &matter(amy)).unwrap(), Marked { id: 1, episodes: 1, incidents: 1 });
    assert_eq!(
        marked(&bench, &matter(token(next, "P2"))).unwrap(),
        Marked { id: 2, episodes: 1, incidents: 1 },
        "by the pseudonym of the other year"
    );
    let state = State::open(&bench.root()).unwrap();
    let marks = state.embargoes().unwrap();
    let known = state.embargo_persons(&marks[0]).unwrap();
    assert_eq!(known, &both | &BTreeSet::from([amy]));
    let noted: Vec<String> = State::open(&bench.root())
        .unwrap()
        .connection()
        .prepare("SELECT academic_year FROM embargo_persons WHERE embargo = 1 ORDER BY 1")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(noted, ["2025-26", "2025-26", "2026-27"], "the account's own year with the person's");
    for year in [year(), next] {
        assert_eq!(state.unfollowed_embargoes(year).unwrap(), [] as [i64; 0]);
    }
    let targets: Vec<_> = bench.entries().into_iter().map(|entry| (entry.what, entry.target)).collect();
    let said = |target: &str| ("embargo".to_owned(), target.to_owned());
    assert_eq!(targets, [said("embargo 1 made"), said("embargo 2 made")]);
}

#[test]
fn whom_no_roster_has_is_known_in_the_years_of_the_rows_alone() {
    let bench = school();
    // A tablet of which the lake has rows, and no roster.
    let device = 4711;
    wait(async {
        let lake = Lake::open(&bench.root()).await.unwrap();
        let batch = super::episode(device, 540, 560);
        let days = BTreeSet::from([date(2026, 1, 12)]);
        lake.replace_days(&[&EPISODES], &days, &mut |_| Ok(vec![(&EPISODES, batch.clone())])).await.unwrap();
    });
    assert_eq!(marked(&bench, &matter(device)).unwrap(), Marked { id: 1, episodes: 1, incidents: 0 });
    let mut state = State::open(&bench.root()).unwrap();
    let next = AcademicYear::parse("2026-27").unwrap();
    assert_eq!(state.unfollowed_embargoes(year()).unwrap(), [] as [i64; 0]);
    assert_eq!(state.unfollowed_embargoes(next).unwrap(), [1]);
    let known = [PersonOfYear { year: year(), person: device }];
    assert_eq!(state.embargo_persons(&state.embargoes().unwrap()[0]).unwrap(), BTreeSet::from([device]));
    assert_eq!(known[0].person, device);
    let connection = state.connection();
    let rows: i64 =
        connection.query_row("SELECT count(*) FROM embargo_persons", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn a_mark_that_cannot_be_recorded_is_not_made_and_one_not_lifted() {
    let bench = school();
    let amy = bench.pseudonym("amy.otter");
    marked(&bench, &matter(amy)).unwrap();
    let full = |sql: &str| {
        AccessAudit::open(&bench.dir(), &bench.school).unwrap();
        State::open(&bench.root()).unwrap().connection().execute_batch(sql).unwrap();
    };
    full("CREATE TRIGGER full BEFORE INSERT ON access_audit BEGIN SELECT RAISE(ABORT, 'full'); END");
    marked(&bench, &matter(amy)).unwrap_err();
    lift(&bench.dir(), &bench.school, 1, "closed", &bench.private).unwrap_err();
    let marks = || State::open(&bench.root()).unwrap().embargoes().unwrap();
    assert_eq!(marks().iter().map(|mark| (mark.id, mark.is_live())).collect::<Vec<_>>(), [(1, true)]);
    full("DROP TRIGGER full");
    lift(&bench.dir(), &bench.school, 1, "closed", &bench.private).unwrap();
    assert!(lift(&bench.dir(), &bench.school, 1, "again", &bench.private).is_err());
    let targets: Vec<_> = bench.entries().into_iter().map(|entry| entry.target).collect();
    assert_eq!(targets, ["embargo 1 made", "embargo 1 lifted"]);
}
