//! Who sees what: the same lake through several pairs of eyes.

use ingest::schema::{CHANGES, CHECKS, INCIDENT_LINKS, INCIDENTS};
use ingest::school::AcademicYear;
use ingest::state::{AccountHolder, PersonOfYear};

use super::*;
use crate::audit::AccessAudit;
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
            for actor in ["77", "78", "79"] {
                let mut hit = episode(actor, "EXTREM");
                hit.push(("illegal", "true"));
                hit[2].1 = "5";
                hit[3] = ("local_minute", "570");
                rows.push(hit);
            }
            // The year has turned and its roster is not in: accounts stand for whom nobody knows yet.
            for actor in ["500", "501"] {
                let mut early = episode(actor, "EXTREM");
                early[0].1 = "2026-09-03";
                early[1].1 = "2026-09-03T09:30:00Z";
                rows.push(early);
            }
        }
    }
    let tables = all.into_iter().map(|(schema, rows)| (schema, table(schema, &rows)));
    let school = opened(dir, Source::Memory(tables.collect()));
    let root = SchoolRoot::new(dir, &school.id);
    let year = AcademicYear::parse("2025-26").unwrap();
    with_head(dir, "2025-26", 78);
    let mut state = State::open(&root).unwrap();
    let person = |person| AccountHolder::Person([PersonOfYear { year, person }].into());
    state.link_account("head", &person(78)).unwrap();
    state.link_account("dsl", &person(77)).unwrap();
    state.link_account("chair", &AccountHolder::Outside).unwrap();
    school
}

/// The tables with accounts tied as they are.
fn untied(dir: &Path) -> School {
    let root = SchoolRoot::new(dir, &SchoolId::parse("st-annes").unwrap());
    let holders = ["dsl", "head", "chair"]
        .map(|account| (account, State::open(&root).unwrap().account_holder(account).unwrap()));
    let school = with_staff(dir);
    for (account, holder) in holders {
        State::open(&root).unwrap().link_account(account, &holder).unwrap();
    }
    school
}

fn of(dir: &Path, account: &str, seat: Seat) -> Viewer {
    Viewer::of_account(&SchoolRoot::new(dir, &SchoolId::parse("st-annes").unwrap()), account, seat).unwrap()
}

/// Pseudonyms and notes of a list as somebody sees it.
async fn seen(dir: &Path, viewer: Viewer, table: &str, ask: Ask) -> (Vec<String>, Vec<String>) {
    let asked = Ask { table: Some(table.to_owned()), ..ask };
    let seen = School { viewer, ..untied(dir) };
    let cleared = seen.metric("attention", &asked).await.unwrap();
    let mut pseudonyms =
        texts(cleared.value(), "pseudonym").iter().map(ToString::to_string).collect::<Vec<_>>();
    pseudonyms.sort();
    (pseudonyms, cleared.value().notes.clone())
}

async fn staff(dir: &Path, account: &str, seat: Seat) -> (Vec<String>, Vec<String>) {
    drop(with_staff(dir));
    // Hits on lists stand here too: each person once.
    let (mut actors, notes) = seen(dir, of(dir, account, seat), "staff", two_weeks()).await;
    actors.dedup();
    (actors, notes)
}

fn hex(actors: &[i64]) -> Vec<String> {
    actors.iter().map(|actor| format!("{actor:016x}")).collect()
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

fn school_seen(dir: &Path, seat: Seat) -> School {
    School { viewer: Viewer::made(seat), ..school(dir) }
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

#[tokio::test]
async fn a_hit_on_a_list_is_hidden_from_whom_it_is_about_and_staff_from_whoever_does_not_say_for_whom() {
    let dir = tempfile::tempdir().unwrap();
    drop(with_staff(dir.path()));
    let pupil = "ffffffffffffffff".to_owned();
    let hits = async |viewer| seen(dir.path(), viewer, "listed", two_weeks()).await.0;
    let dsl = hits(of(dir.path(), "dsl", Seat::Dsl)).await;
    assert_eq!(dsl, [hex(&[79]), vec![pupil.clone()]].concat());
    let head = hits(of(dir.path(), "head", Seat::Head)).await;
    assert_eq!(head, [hex(&[77, 79]), vec![pupil.clone()]].concat());
    assert_eq!(hits(Viewer::operator()).await, [pupil]);
    let asked = Ask { table: Some("listed".to_owned()), ..two_weeks() };
    let unsaid = School { viewer: of(dir.path(), "deputy", Seat::Dsl), ..with_staff(dir.path()) };
    let refused = unsaid.metric("attention", &asked).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Forbidden);
    assert!(refused.helping().unwrap().starts_with("`accounts link NAME"), "{refused}");
}

#[tokio::test]
async fn until_a_years_roster_says_who_is_who_nothing_about_staff_is_shown_of_it() {
    let dir = tempfile::tempdir().unwrap();
    drop(with_staff(dir.path()));
    let september = || Ask { from: Some(date(2026, 9, 1)), to: Some(date(2026, 9, 30)), ..Ask::default() };
    let look = async |account: &str, seat| {
        seen(dir.path(), of(dir.path(), account, seat), "staff", september()).await
    };
    let everybody = [("dsl", Seat::Dsl), ("head", Seat::Head), ("chair", Seat::Chair)];
    let mut words = Vec::new();
    for (account, seat) in everybody {
        let (nobody, notes) = look(account, seat).await;
        assert_eq!(nobody, [] as [String; 0], "{account}");
        words.push(notes);
    }
    // The roster is in: 500 is the head, 501 somebody else; the DSL is a third.
    with_head(dir.path(), "2026-27", 500);
    let root = SchoolRoot::new(dir.path(), &SchoolId::parse("st-annes").unwrap());
    let known = |year: &str, person| PersonOfYear { year: AcademicYear::parse(year).unwrap(), person };
    // Whose account is not tied to the new year sees nothing of it still.
    assert_eq!(look("dsl", Seat::Dsl).await.0, [] as [String; 0]);
    for (account, old, new) in [("dsl", 77, 502), ("head", 78, 500)] {
        let both = AccountHolder::Person([known("2025-26", old), known("2026-27", new)].into());
        State::open(&root).unwrap().link_account(account, &both).unwrap();
    }
    for ((account, seat), expected) in everybody.into_iter().zip([hex(&[501]), hex(&[501]), hex(&[500])]) {
        assert_eq!(look(account, seat).await.0, expected, "{account}");
    }
    assert!(words[0].iter().any(|note| note.contains("Of an academic year whose roster does not say")));
    assert_eq!(words[0], words[1]);
}

#[tokio::test]
async fn each_look_at_staff_and_at_lists_is_recorded_with_the_account() {
    let dir = tempfile::tempdir().unwrap();
    drop(with_staff(dir.path()));
    for (viewer, table) in [
        (of(dir.path(), "head", Seat::Head), "staff"),
        (of(dir.path(), "dsl", Seat::Dsl), "listed"),
        (Viewer::operator(), "listed"),
        (of(dir.path(), "dsl", Seat::Dsl), "pupils"),
    ] {
        seen(dir.path(), viewer, table, two_weeks()).await;
    }
    let mut audit = AccessAudit::open(dir.path(), &SchoolId::parse("st-annes").unwrap()).unwrap();
    let entries = audit.entries().unwrap();
    let told: Vec<_> = entries.iter().map(|entry| (entry.who.as_str(), entry.what.as_str())).collect();
    let listed = "illegal-list hits";
    assert_eq!(told, [("head", "staff concerns"), ("dsl", listed), ("command line", listed)]);
}

#[tokio::test]
async fn what_stood_in_earlier_exports_is_as_restricted_as_what_stands_now() {
    let dir = tempfile::tempdir().unwrap();
    let day = ("local_date", "2025-09-10");
    let import = ("import_token", "9");
    let mut all = tables();
    all.retain(|(schema, _)| schema.name != IMPORTS.name);
    all.push((&IMPORTS, vec![vec![import, ("imported_utc", "2025-09-18T02:00:00Z")]]));
    let incident = |number, subject, code| {
        vec![
            day,
            import,
            ("incident", number),
            ("incident_row", number),
            ("record_number", number),
            ("subject", subject),
            ("code", code),
        ]
    };
    all.push((
        &INCIDENTS,
        vec![incident("1", "1", "BULLY"), incident("2", "1", "ILL-CSAM"), incident("3", "77", "BULLY")],
    ));
    let link = |number, linked| {
        vec![day, import, ("incident", number), ("record_number", number), ("linked", linked)]
    };
    all.push((&INCIDENT_LINKS, vec![link("1", "2"), link("1", "77")]));
    let change = |number, code, illegal| {
        vec![
            day,
            import,
            ("change_token", number),
            ("record_number", number),
            ("code", code),
            ("illegal", illegal),
        ]
    };
    all.push((&CHANGES, vec![change("1", "GAMBLE", "false"), change("2", "ILL-CSAM", "true")]));
    // That a test asked for what is on a list is no hit.
    all.push((&CHECKS, vec![vec![day, import, ("check_token", "1"), ("code", "ILL-CSAM")]]));
    let tables = all.into_iter().map(|(schema, rows)| (schema, table(schema, &rows)));
    let school = opened(dir.path(), Source::Memory(tables.collect()));
    let root = SchoolRoot::new(dir.path(), &school.id);
    let known = PersonOfYear { year: AcademicYear::parse("2025-26").unwrap(), person: 77 };
    State::open(&root).unwrap().link_account("dsl", &AccountHolder::Person([known].into())).unwrap();
    let dsl = School { viewer: of(dir.path(), "dsl", Seat::Dsl), ..school };
    for (table, history, rows) in [
        ("incidents", "incident_history", 1),
        ("incident_links", "incident_link_history", 1),
        ("changes", "change_history", 1),
        ("checks", "check_history", 1),
    ] {
        for name in [table, history] {
            let answer = dsl.sql("dsl", &format!("SELECT count(*) AS n FROM {name}")).await.unwrap();
            assert_eq!(integers(answer.value(), "n"), [Some(rows)], "{name}");
        }
    }
}
