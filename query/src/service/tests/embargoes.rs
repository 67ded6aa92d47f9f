//! Matters that are live: what others than the DSL see of the same rows, mark by mark.

use ingest::schema::{BLOCKED_SITE_DAYS, REQUESTS};
use ingest::state::NewEmbargo;

use super::*;
use crate::viewer::{Seat, Viewer};

/// The tables with what says who was where: pupil 3 was stopped at example.com on Wednesday 17 September, pupil 2
/// was let through to example.net the day before.
fn with_sites(dir: &Path) -> School {
    let mut all = tables();
    let blocked = vec![("local_date", "2025-09-17"), ("actor", "3"), ("site", "example.com")];
    all.push((&BLOCKED_SITE_DAYS, vec![blocked]));
    let visit = vec![("local_date", "2025-09-16"), ("actor", "2"), ("site", "example.net")];
    all.push((&REQUESTS, vec![visit]));
    let tables = all.into_iter().map(|(schema, rows)| (schema, table(schema, &rows)));
    opened(dir, Source::Memory(tables.collect()))
}

fn seen_by(dir: &Path, seat: Seat) -> School {
    School { viewer: Viewer::made(seat), ..with_sites(dir) }
}

/// Episodes of the two school weeks.
async fn episodes(dir: &Path, seat: Seat) -> [i64; 2] {
    let table = seen_by(dir, seat).trend(&two_weeks()).await.unwrap();
    let weeks: Vec<i64> = integers(table.value(), "episodes").into_iter().flatten().collect();
    weeks.try_into().unwrap()
}

pub(super) fn state(dir: &Path) -> State {
    State::open(&SchoolRoot::new(dir, &SchoolId::parse("st-annes").unwrap())).unwrap()
}

pub(super) fn mark<'m>(person: Option<i64>, theme: Option<&'m str>, site: Option<&'m str>) -> NewEmbargo<'m> {
    NewEmbargo {
        from: date(2025, 9, 8),
        to: None,
        person,
        theme,
        site,
        incident: None,
        reason: "case 12",
        reviewer: "DSL",
        review: jiff::Zoned::now().date(),
    }
}

#[tokio::test]
async fn each_mark_hides_exactly_its_rows_until_it_is_lifted() {
    let dir = tempfile::tempdir().unwrap();
    let today = jiff::Zoned::now().date();
    let _ = with_sites(dir.path());
    assert_eq!(episodes(dir.path(), Seat::Leader).await, [2, 3]);
    for (new, left) in [
        // Pupil 1 has both of the first week, pupil 2 one of the second; three are about drugs and known pupils.
        (mark(Some(1), None, None), [0, 3]),
        (mark(Some(2), None, None), [2, 2]),
        (mark(None, Some("SELFHARM"), None), [2, 2]),
        (mark(None, Some("Drugs, alcohol, tobacco"), None), [0, 1]),
        (mark(Some(1), Some("SELFHARM"), None), [2, 3]),
        (mark(None, None, Some("example.com")), [2, 2]),
        (mark(None, None, Some("example.net")), [2, 2]),
        (mark(Some(3), None, Some("example.net")), [2, 3]),
        (NewEmbargo { from: date(2025, 9, 17), ..mark(Some(2), None, None) }, [2, 3]),
        (NewEmbargo { to: Some(date(2025, 9, 9)), ..mark(Some(3), None, None) }, [2, 3]),
    ] {
        let id = state(dir.path()).add_embargo(&new, today).unwrap();
        assert_eq!(episodes(dir.path(), Seat::Leader).await, left, "{new:?}");
        assert_eq!(episodes(dir.path(), Seat::Head).await, left, "{new:?}");
        assert_eq!(episodes(dir.path(), Seat::Dsl).await, [2, 3], "{new:?}");
        state(dir.path()).lift_embargo(id, "closed").unwrap();
        assert_eq!(episodes(dir.path(), Seat::Leader).await, [2, 3], "{new:?}");
    }
}

#[tokio::test]
async fn the_dsl_sees_which_lines_are_live() {
    let dir = tempfile::tempdir().unwrap();
    let today = jiff::Zoned::now().date();
    let _ = with_sites(dir.path());
    state(dir.path()).add_embargo(&mark(None, Some("SELFHARM"), None), today).unwrap();
    let ask = Ask { to: Some(date(2025, 9, 30)), ..two_weeks() };
    let lines = seen_by(dir.path(), Seat::Dsl).attention(&ask).await.unwrap();
    assert_eq!(texts(lines.value(), "theme"), ["SELFHARM", "illegal-list hit", "SELFHARM"]);
    let live = [true, false, true].map(Cell::Boolean);
    assert_eq!(column(lines.value(), "live"), live.iter().collect::<Vec<_>>());
    let school = with_sites(dir.path());
    assert_eq!(school.covered_by(1).await.unwrap(), (3, 0), "staff 77 too");
}

#[tokio::test]
async fn a_mark_does_not_blind_those_who_are_told_of_staff() {
    let dir = tempfile::tempdir().unwrap();
    let today = jiff::Zoned::now().date();
    let _ = with_sites(dir.path());
    with_head(dir.path(), "2025-26", 77);
    let asked = Ask { table: Some("staff".to_owned()), ..two_weeks() };
    let chair = async || {
        let seen = seen_by(dir.path(), Seat::Chair).metric("attention", &asked).await.unwrap();
        (texts(seen.value(), "pseudonym").len(), seen.value().notes.clone())
    };
    let before = chair().await;
    assert_eq!(before.0, 1);
    for new in [mark(None, Some("SELFHARM"), None), mark(Some(77), None, None)] {
        state(dir.path()).add_embargo(&new, today).unwrap();
    }
    assert_eq!(chair().await, before);
}

#[tokio::test]
async fn a_mark_holds_by_all_pseudonyms_that_its_person_has() {
    let dir = tempfile::tempdir().unwrap();
    let today = jiff::Zoned::now().date();
    let _ = with_sites(dir.path());
    // Made in the year before, under the pseudonym of that year.
    let of = |year: &str, person| ingest::state::PersonOfYear {
        year: ingest::school::AcademicYear::parse(year).unwrap(),
        person,
    };
    let new = NewEmbargo { from: date(2025, 6, 9), ..mark(Some(11), None, None) };
    let mut state = state(dir.path());
    state.make_embargo(&new, &[of("2024-25", 11)], today, &mut |_, _| Ok(())).unwrap();
    assert_eq!(episodes(dir.path(), Seat::Leader).await, [2, 3]);
    let root = SchoolRoot::new(dir.path(), &SchoolId::parse("st-annes").unwrap());
    let (last, this) = (of("2024-25", 0).year, of("2025-26", 0).year);
    assert_eq!(crate::unfollowed_matters(&root, last).unwrap(), [] as [i64; 0]);
    assert_eq!(crate::unfollowed_matters(&root, this).unwrap(), [1]);
    let known = [of("2024-25", 11), of("2025-26", 1)];
    state.make_embargo(&new, &known, today, &mut |_, _| Ok(())).unwrap();
    assert_eq!(episodes(dir.path(), Seat::Leader).await, [0, 3]);
    assert_eq!(crate::unfollowed_matters(&root, this).unwrap(), [1]);
}
