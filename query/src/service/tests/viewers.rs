//! Who sees what: the same lake through several pairs of eyes.

use ingest::school::AcademicYear;
use ingest::state::{AccountHolder, NewEmbargo, PersonOfYear};

use super::*;
use crate::viewer::{Seat, Viewer};

/// A lake with staff 77 (of the tables above) and 78, who leads the school.
fn with_staff(dir: &Path) -> School {
    let mut all = tables();
    let episode = |actor: &'static str, theme: &'static str| -> Row<'static> {
        vec![
            ("local_date", "2025-09-11"),
            ("start_utc", "2025-09-11T09:30:00Z"),
            ("severity", "4"),
            ("theme", theme),
            ("actor", actor),
            ("actor_kind", "person"),
            ("role", "staff"),
            ("outcome", "blocked"),
        ]
    };
    for (schema, rows) in &mut all {
        if schema.name == STAFF_EPISODES.name {
            rows.push(episode("78", "EXTREM"));
            rows.push(episode("79", "EXTREM"));
        }
    }
    let tables = all.into_iter().map(|(schema, rows)| (schema, table(schema, &rows)));
    let school = opened(dir, Source::Memory(tables.collect()));
    let root = SchoolRoot::new(dir, &school.id);
    let year = AcademicYear::parse("2025-26").unwrap();
    let mut state = State::open(&root).unwrap();
    let statement = "INSERT OR IGNORE INTO heads VALUES ('2025-26', 78)";
    state.connection().execute(statement, []).unwrap();
    let person = |person| AccountHolder::Person([PersonOfYear { year, person }].into());
    state.link_account("head", &person(78)).unwrap();
    state.link_account("dsl", &person(77)).unwrap();
    state.link_account("chair", &AccountHolder::Outside).unwrap();
    school
}

fn of(dir: &Path, account: &str, seat: Seat) -> Viewer {
    Viewer::of_account(&SchoolRoot::new(dir, &SchoolId::parse("st-annes").unwrap()), account, seat).unwrap()
}

async fn staff(dir: &Path, account: &str, seat: Seat) -> (Vec<String>, Vec<String>) {
    let school = with_staff(dir);
    let viewer = of(dir, account, seat);
    let asked = Ask { table: Some("staff".to_owned()), ..two_weeks() };
    let seen = School { viewer, ..school };
    let cleared = seen.metric("attention", &asked).await.unwrap();
    let mut pseudonyms =
        texts(cleared.value(), "pseudonym").iter().map(ToString::to_string).collect::<Vec<_>>();
    pseudonyms.sort();
    (pseudonyms, cleared.value().notes.clone())
}

#[tokio::test]
async fn nobody_sees_the_own_rows_and_the_heads_go_to_the_chair() {
    let dir = tempfile::tempdir().unwrap();
    drop(with_staff(dir.path()));
    let (dsl, words) = staff(dir.path(), "dsl", Seat::Dsl).await;
    assert_eq!(dsl, [format!("{:016x}", 79)], "not the own rows, not the head's");
    assert!(words.iter().any(|note| note.contains("routed elsewhere, whether or not there is anything")));
    let (head, _) = staff(dir.path(), "head", Seat::Head).await;
    assert_eq!(head, [format!("{:016x}", 77), format!("{:016x}", 79)]);
    let (chair, _) = staff(dir.path(), "chair", Seat::Chair).await;
    assert_eq!(chair, [format!("{:016x}", 78)], "the head's and nobody else's");
}

#[tokio::test]
async fn a_matter_marked_live_is_the_dsls_alone_until_the_mark_is_lifted() {
    let dir = tempfile::tempdir().unwrap();
    let school = school(dir.path());
    let root = SchoolRoot::new(dir.path(), &school.id);
    let trend = |school: School| async move {
        let ask = Ask { by: Some("theme".to_owned()), ..two_weeks() };
        let table = school.trend(&ask).await.unwrap();
        let at = table.value().column("episodes").unwrap();
        table
            .value()
            .rows
            .iter()
            .filter_map(|row| if let Cell::Integer(n) = row[at] { Some(n) } else { None })
            .sum::<i64>()
    };
    let leader = || school_seen(dir.path(), Seat::Leader);
    let dsl = || school_seen(dir.path(), Seat::Dsl);
    let (before, all) = (trend(leader()).await, trend(dsl()).await);
    assert_eq!(before, all);
    let today = jiff::Zoned::now().date();
    let mut state = State::open(&root).unwrap();
    let new = NewEmbargo {
        from: date(2025, 9, 8),
        to: None,
        person: None,
        theme: Some("SELFHARM"),
        site: None,
        incident: None,
        reason: "case 12",
        reviewer: "DSL",
        review: today,
    };
    let id = state.add_embargo(&new, today).unwrap();
    let hidden = trend(leader()).await;
    assert!(hidden < before, "{hidden} of {before}");
    assert_eq!(trend(dsl()).await, all);
    let lines = dsl().attention(&two_weeks()).await.unwrap();
    let live = lines.value().column("live").unwrap();
    let theme = lines.value().column("theme").unwrap();
    assert!(lines.value().rows.iter().any(|row| row[live] == Cell::Boolean(true)));
    for row in &lines.value().rows {
        assert_eq!(row[live] == Cell::Boolean(true), row[theme].text() == Some("SELFHARM"));
    }
    // A site is looked up where there are sites.
    let site = NewEmbargo { theme: None, site: Some("example.com"), ..new };
    state.add_embargo(&site, today).unwrap();
    assert!(trend(leader()).await <= hidden);
    state.lift_embargo(id, "closed").unwrap();
    assert!(trend(leader()).await > hidden - 1);
}

fn school_seen(dir: &Path, seat: Seat) -> School {
    School { viewer: Viewer::made(seat, &[]), ..school(dir) }
}

#[tokio::test]
async fn hits_on_illegal_lists_have_a_list_of_their_own_and_are_in_no_statement() {
    let dir = tempfile::tempdir().unwrap();
    let listed = Ask { table: Some("listed".to_owned()), ..two_weeks() };
    let head = school_seen(dir.path(), Seat::Head);
    let hits = head.metric("attention", &listed).await.unwrap();
    assert_eq!(texts(hits.value(), "theme"), ["illegal-list hit"]);
    for seat in [Seat::Leader, Seat::It, Seat::Chair] {
        let refused = school_seen(dir.path(), seat).metric("attention", &listed).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Forbidden);
    }
    let dsl = school_seen(dir.path(), Seat::Dsl);
    for statement in [
        "SELECT count(*) AS n FROM episodes WHERE illegal",
        "SELECT count(*) AS n FROM attempts WHERE code = 'ILL-CSAM'",
        "SELECT count(*) AS n FROM activity WHERE code = 'ILL-CSAM'",
    ] {
        let answer = dsl.sql("dsl", statement).await.unwrap();
        assert_eq!(integers(answer.value(), "n"), [Some(0)], "{statement}");
    }
    assert!(dsl.sql("dsl", "SELECT * FROM before_restriction").await.is_err());
}
