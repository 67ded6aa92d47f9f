//! One person's erasure: every byte of the installation is searched for her; a run is killed at every step;
//! old files do not bring her back.

use std::collections::BTreeSet;

use super::*;
use crate::erasure::{Erasure, ErasureReport, STEPS};
use crate::people::PeopleImport;
use crate::person::Person;
use crate::pseudonymise::{Domain, Keyring, written};
use crate::schema::{ACTIVITY, CHANGES, CHECKS, EPISODES, INCIDENT_LINKS};
use crate::vault::rows::{ChangeRow, IncidentRow};

const ROSTER: &str = "person_key,accounts,mis_name,year,role\n\
    P1,ajones,\"Jones, Amarantha\",10,pupil\nP2,bsmith,\"Smith, Ben\",10,pupil\n";
const INCIDENTS_FILE: &str = "Student,Date,Category,Incident,Status,Linked students\r\n\
    Amarantha Jones,06/10/2025 11:20,Bullying,She told us,Open,Ben Smith\r\n\
    Ben Smith,06/10/2025 11:30,Bullying,He and amarantha jones fell out,Open,Amarantha Jones\r\n";
const CHANGES_FILE: &str = "Request ID,Requested at,Requester,Requester role,Request,URL or category,Group,Reason,\
    Risk note,Decision,Decided by,Decided by role,Decided at,Applied from,Applied to,Closed\n\
    C-1,06/10/2025 10:05,Amarantha Jones,Teacher,Unblock,https://hers-alone.co.uk/a,Year 9,Rivers,,Approved,Ben Smith,DSL,07/10/2025,07/10/2025,permanent,\n\
    C-2,06/10/2025 10:06,Ben Smith,Teacher,Unblock,https://kahoot.it/,Year 9,Quiz,,Approved,Amarantha Jones,DSL,07/10/2025,07/10/2025,permanent,\n";

struct Place {
    place: Installation,
    tokens: BTreeSet<i64>,
}

fn hers() -> String {
    let mut text = String::new();
    for minute in 0..5 {
        text += &line(EIGHT + minute * 60, "ajones", "http://www.hers-alone.co.uk/page?x=1");
        let blocked = line(EIGHT + DAY + minute * 60, "AJONES", "http://www.hers-alone.co.uk/");
        text += &blocked.replace("TCP_MISS/200", "TCP_DENIED/403");
    }
    text
}

fn his(from: i64) -> String {
    (0..5).map(|minute| line(EIGHT + from + minute * 60, "bsmith", "http://news.example.org/")).collect()
}

impl Place {
    fn new() -> Self {
        let mut place = Installation::new();
        place.school.keep_sources_days = 30;
        let keyring = place.keyring();
        let year = AcademicYear::parse("2025-26").unwrap();
        // Before the roster: these stand under her account, the later ones under her person.
        place.put("early.log", &line(EIGHT - 3600, "ajones", "http://early.hers-alone.co.uk/"));
        place.run();
        import_roster(&place, ROSTER);
        place.put("proxy.log", &(hers() + &his(0) + "1759737999.5 ajones cut\n"));
        place.put("incidents.csv", INCIDENTS_FILE);
        place.put("changes.csv", CHANGES_FILE);
        place.put("unknown.txt", "Dear all,\nAmarantha Jones forgot her password again.\n");
        let report = place.run();
        let committed = report.files.iter().filter(|file| file.outcome == Outcome::Committed).count();
        assert_eq!(committed, 3, "{report:?}");
        let tokens = BTreeSet::from([
            keyring.token(year, Domain::Person, b"P1").unwrap(),
            keyring.token(year, Domain::Account, b"ajones").unwrap(),
        ]);
        Self { place, tokens }
    }

    fn erase(&self, kill_at: Option<&str>) -> Result<ErasureReport, Error> {
        let dir = self.place.dir();
        let key = PrivateKey::open(&self.place.private, PASSPHRASE).unwrap();
        let state = State::open(&self.place.root()).unwrap();
        let reader = VaultReader::open(&self.place.root().vault(), &self.place.school.id, &key);
        // Once her roster row is gone only what the state file kept says whose erasure it was.
        let person =
            Person::find(&reader, &state, Some(&self.place.keyring()), "Amarantha Jones").or_else(|_| {
                Person::of_pseudonyms(&reader, &state, &self.place.keyring(), &state.erasing().unwrap())
            });
        let person = person.unwrap();
        drop(state);
        let erasure = Erasure {
            ingest: Ingest { dir: &dir, school: &self.place.school, keep: false },
            key: &key,
            person: &person,
        };
        erasure.run("request 7", &mut |_| Ok(()), &(), &mut |step| {
            if kill_at == Some(step) { Err(Error::new(Kind::Environment, "killed")) } else { Ok(()) }
        })
    }

    /// Where she can be found: as text, as a number in the byte orders of Parquet and SQLite, in 16 digits.
    fn traces(&self) -> Vec<String> {
        let mut needles: Vec<(String, Vec<u8>)> = ["ajones", "amarantha", "hers-alone"]
            .map(|text| (text.to_owned(), text.as_bytes().to_vec()))
            .into();
        for token in &self.tokens {
            needles.push(("little endian".to_owned(), token.to_le_bytes().to_vec()));
            needles.push(("big endian".to_owned(), token.to_be_bytes().to_vec()));
            needles.push(("digits".to_owned(), written(*token).into_bytes()));
            needles.push(("decimal".to_owned(), token.to_string().into_bytes()));
        }
        let mut found = Vec::new();
        for (path, mut bytes) in files_below(&self.place.dir()) {
            if path.extension().is_some_and(|ending| ending == "parquet")
                && !path.starts_with(self.place.root().vault())
            {
                bytes.extend(unpacked(&path));
            }
            let small = bytes.to_ascii_lowercase();
            for (name, needle) in &needles {
                let holds = |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
                if holds(&bytes) || holds(&small) {
                    found.push(format!("{name} in {}", path.display()));
                }
            }
        }
        found
    }

    fn open<R>(&self, read: impl FnOnce(&VaultReader<'_>, &Selection) -> Vec<R>) -> Vec<R> {
        let key = PrivateKey::open(&self.place.private, PASSPHRASE).unwrap();
        let selection = Selection { from: Date::MIN, to: Date::MAX, actor: None, between_us: None };
        read(&VaultReader::open(&self.place.root().vault(), &self.place.school.id, &key), &selection)
    }

    fn changes(&self) -> Vec<ChangeRow<'static>> {
        self.open(|reader, selection| {
            let mut rows = Vec::new();
            reader
                .changes(selection, &mut |row| {
                    rows.push(row);
                    Ok(())
                })
                .unwrap();
            rows
        })
    }

    fn rejects(&self) -> Vec<Vec<u8>> {
        self.open(|reader, selection| {
            let mut rows = Vec::new();
            reader
                .rejects(selection, &mut |row| {
                    rows.push(row.raw.into_owned());
                    Ok(())
                })
                .unwrap();
            rows
        })
    }

    fn incidents(&self) -> Vec<IncidentRow<'static>> {
        let key = PrivateKey::open(&self.place.private, PASSPHRASE).unwrap();
        let selection = Selection { from: Date::MIN, to: Date::MAX, actor: None, between_us: None };
        let mut rows = Vec::new();
        VaultReader::open(&self.place.root().vault(), &self.place.school.id, &key)
            .incidents(&selection, &mut |row| {
                rows.push(row);
                Ok(())
            })
            .unwrap();
        rows
    }
}

impl Installation {
    fn keyring(&self) -> Keyring {
        Keyring::open(&self.school.pseudonym_key_dir, &self.school.id, &self.dir()).unwrap()
    }
}

pub(super) fn import_roster(place: &Installation, roster: &str) -> crate::people::PeopleSummary {
    let (vault, keyring) = (place.root().vault(), place.keyring());
    let import = PeopleImport {
        vault: &vault,
        school: &place.school.id,
        recipients: &place.school.public_keys().unwrap(),
        keyring: &keyring,
        year: AcademicYear::parse("2025-26").unwrap(),
    };
    import.run(roster.as_bytes(), &mut State::open(&place.root()).unwrap()).unwrap()
}

fn unpacked(path: &Path) -> Vec<u8> {
    use parquet::file::reader::FileReader;
    let reader =
        parquet::file::serialized_reader::SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect::<String>().into_bytes()
}

fn sealed_text(place: &Installation) -> String {
    format!("{:?}", place.everything()).to_lowercase()
}

#[test]
fn an_erased_person_is_in_no_byte_and_everybody_else_is_whole() {
    let place = Place::new();
    let before = place.place.everything();
    assert!(!place.traces().is_empty(), "the search finds her before");
    assert_eq!((before["episodes"].len(), before["requests"].len()), (1, 16));

    let report = place.erase(None).unwrap();
    assert_eq!(place.traces(), Vec::<String>::new());
    // The second incident is Ben's: his row stays without her name beside it, and its text is to be read.
    assert_eq!(report.mentions, 1);
    let incidents = place.incidents();
    assert_eq!(incidents.len(), 1);
    assert!(incidents[0].linked_written.is_none() && incidents[0].narrative.is_some());
    // Kept: the two logs, the incidents and the changes; refused: the letter and its note, if that names her.
    assert!(report.files >= 5, "{report:?}");

    let after = place.place.everything();
    let is_hers = |row: &String| place.tokens.iter().any(|token| row.contains(&token.to_string()));
    for table in ["requests", "actor_days", "attempts", "episodes", "incidents"] {
        let others: Vec<_> = before[table].iter().filter(|row| !is_hers(row)).cloned().collect();
        assert_eq!(after[table], others, "{table}");
    }
    assert_eq!(place.place.rows(&REQUESTS).len(), 5);
    assert_eq!(place.place.rows(&EPISODES).len(), 0);
    assert_eq!(place.place.rows(&INCIDENT_LINKS).len(), 0);
    assert_eq!(place.place.rows(&CHECKS).len(), 0);
    let changes = place.place.rows(&CHANGES);
    assert!(changes.len() == 1 && changes[0].contains("kahoot.it"), "{changes:?}");
    // Her part of the counts by hour is gone too: his five requests are left, of one hour.
    let activity = place.place.rows(&ACTIVITY);
    assert!(activity.len() == 1 && activity[0].contains("records=5 "), "{activity:?}");
    assert!(!sealed_text(&place.place).contains("ajones"));

    let state = State::open(&place.place.root()).unwrap();
    assert_eq!(state.roster().unwrap().values().map(BTreeMap::len).sum::<usize>(), 1);
    assert!(state.erasing().unwrap().is_empty());
    let log = state.deletions(0).unwrap();
    assert_eq!((log.len(), log[0].what.as_str(), log[0].why.as_str()), (1, "one person", "request 7"));
    assert_eq!(log[0].rows, report.lake_rows + report.vault_rows);
}

#[test]
fn old_files_do_not_bring_her_back_and_still_bring_others() {
    let place = Place::new();
    place.erase(None).unwrap();
    assert_eq!(import_roster(&place.place, ROSTER).erased, 1);
    // The same bytes, a longer copy, and a copy in another order.
    place.place.put("proxy.log", &(hers() + &his(0) + "1759737999.5 ajones cut\n"));
    place.place.put("longer.log", &(hers() + &his(0) + &his(DAY) + &hers()));
    place.place.put("other.log", &(his(2 * DAY) + &hers() + "1759737998.5 ajones cut\n"));
    place.place.put("incidents.csv", &INCIDENTS_FILE.replace("Open", "Closed"));
    place.place.put("changes.csv", &CHANGES_FILE.replace("C-", "D-"));
    let report = place.place.run();
    assert!(report.files.iter().all(|file| !matches!(file.outcome, Outcome::Refused { .. })), "{report:?}");
    let left_out: u64 = report.files.iter().filter_map(|file| file.tally.other.get("erased")).sum();
    assert!(left_out >= 10, "{left_out}");
    // Nor are these files put away, with her in them.
    assert_eq!(place.traces(), Vec::<String>::new());
    assert!(!sealed_text(&place.place).contains("\"ajones\""));
    let incidents = place.incidents();
    let texts: BTreeSet<_> = incidents.iter().map(|row| row.narrative.as_deref().unwrap()).collect();
    // The first was there before, for somebody to read; the second came after.
    assert_eq!(texts, BTreeSet::from(["He and amarantha jones fell out", "He and (erased) fell out"]));
    for row in &incidents {
        assert_eq!(
            (row.subject_written.as_deref(), row.linked_written.as_deref()),
            (Some("Ben Smith"), None)
        );
    }
    let changes = place.changes();
    let decided: BTreeSet<_> =
        changes.iter().map(|row| (row.reference.as_deref(), row.decided_by_written.as_deref())).collect();
    assert_eq!(decided, BTreeSet::from([(Some("C-2"), None), (Some("D-2"), None)]));
    // The damaged line that was refused for its shape comes without its text.
    let rejects = place.rejects();
    assert_eq!(rejects, [b"(erased)".to_vec()]);
    let rows = place.place.rows(&REQUESTS);
    assert!(rows.len() >= 15 && rows.iter().all(|row| row.contains("site=example.org")), "{rows:?}");
}

#[test]
fn a_run_killed_at_any_step_is_finished_by_the_next() {
    let undisturbed = Place::new();
    undisturbed.erase(None).unwrap();
    let rows = |place: &Place| -> Vec<(&'static str, usize)> {
        place.place.everything().into_iter().map(|(table, rows)| (table, rows.len())).collect()
    };
    let wanted = rows(&undisturbed);
    for step in STEPS {
        let place = Place::new();
        place.erase(Some(step)).unwrap_err();
        // Between the two an import must not bring back what has gone.
        place.place.put("again.log", &hers());
        place.place.run();
        place.erase(None).unwrap();
        assert_eq!(place.traces(), Vec::<String>::new(), "{step}");
        let found: Vec<_> = rows(&place)
            .into_iter()
            .filter(|(table, _)| !["imports", "vault words"].contains(table))
            .collect();
        let wanted: Vec<_> =
            wanted.iter().copied().filter(|(table, _)| !["imports", "vault words"].contains(table)).collect();
        assert_eq!(found, wanted, "{step}");
        assert_eq!(State::open(&place.place.root()).unwrap().deletions(0).unwrap().len(), 1);
    }
}

#[test]
fn a_reason_that_names_her_or_a_strangers_key_erases_nothing() {
    let place = Place::new();
    let before = place.place.everything();
    let dir = place.place.dir();
    let (stranger, _) = new_key_pair(PASSPHRASE).unwrap();
    let mine = PrivateKey::open(&place.place.private, PASSPHRASE).unwrap();
    let person = {
        let reader = VaultReader::open(&place.place.root().vault(), &place.place.school.id, &mine);
        let state = State::open(&place.place.root()).unwrap();
        Person::find(&reader, &state, Some(&place.place.keyring()), "P1").unwrap()
    };
    let stranger = PrivateKey::open(&stranger, PASSPHRASE).unwrap();
    for (key, reason) in [(&stranger, "request 7"), (&mine, "for AJones"), (&mine, "of Jones, Amarantha")] {
        let erasure = Erasure {
            ingest: Ingest { dir: &dir, school: &place.place.school, keep: false },
            key,
            person: &person,
        };
        let refused = erasure.run(reason, &mut |_| Ok(()), &(), &mut |_| Ok(())).unwrap_err();
        assert_eq!(refused.kind(), Kind::Configuration);
    }
    assert!(State::open(&place.place.root()).unwrap().erased_names().unwrap().is_empty(), "no mark is left");
    assert_eq!(place.place.everything(), before);
}

/// A school in which a name and, over the years, an account are two pupils'.
fn namesakes() -> Place {
    let mut place = Installation::new();
    place.school.keep_sources_days = 30;
    let keyring = place.keyring();
    let year = AcademicYear::parse("2025-26").unwrap();
    let roster = "person_key,accounts,mis_name,year,role\n\
        P1,ajones,\"Jones, Amarantha\",10,pupil\nP2,ajones2,\"Jones, Amarantha\",7,pupil\n\
        P3,bsmith,\"Smith, Ben\",10,pupil\n";
    import_roster(&place, roster);
    place.put("proxy.log", &(hers() + &his(0) + &line(EIGHT + 30, "ajones2", "http://www.example.com/")));
    place.put(
        "incidents.csv",
        "Student,Date,Category,Incident,Status,Linked students\r\n\
         Amarantha Jones,06/10/2025 11:20,Bullying,one of two,Open,Ben Smith\r\n\
         ajones2,06/10/2025 11:25,Bullying,the other,Open,\r\n\
         ajones,06/10/2025 11:26,Bullying,hers,Open,\r\n\
         Ben Smith,06/10/2025 11:30,Bullying,x,Open,ajones; Amarantha Jones; ajones2\r\n",
    );
    place.run();
    let tokens = BTreeSet::from([
        keyring.token(year, Domain::Person, b"P1").unwrap(),
        keyring.token(year, Domain::Account, b"ajones").unwrap(),
    ]);
    Place { place, tokens }
}

fn erase_by(place: &Place, who: &str) -> ErasureReport {
    let dir = place.place.dir();
    let key = PrivateKey::open(&place.place.private, PASSPHRASE).unwrap();
    let reader = VaultReader::open(&place.place.root().vault(), &place.place.school.id, &key);
    let state = State::open(&place.place.root()).unwrap();
    let person = Person::find(&reader, &state, Some(&place.place.keyring()), who).unwrap();
    drop(state);
    let ingest = Ingest { dir: &dir, school: &place.place.school, keep: false };
    let erasure = Erasure { ingest, key: &key, person: &person };
    erasure.run("request 7", &mut |_| Ok(()), &(), &mut |_| Ok(())).unwrap()
}

#[test]
fn a_namesakes_records_stay_and_come_again() {
    let place = namesakes();
    assert_eq!(place.incidents().len(), 4);
    let report = erase_by(&place, "ajones");
    // Of the four incidents only the one under her own account is hers for certain.
    let told = |place: &Place| -> BTreeSet<String> {
        place.incidents().iter().map(|row| row.narrative.as_deref().unwrap().to_owned()).collect()
    };
    let left = BTreeSet::from(["one of two".to_owned(), "the other".to_owned(), "x".to_owned()]);
    assert_eq!(told(&place), left);
    assert_eq!((report.unclear, report.mentions), (1, 1), "the shared name, and it beside Ben");
    let incidents = place.incidents();
    let bens = incidents.iter().find(|row| row.subject_written.as_deref() == Some("Ben Smith")).unwrap();
    assert_eq!(bens.linked_written.as_deref(), Some("Amarantha Jones; ajones2"));
    let other =
        place.place.keyring().token(AcademicYear::parse("2025-26").unwrap(), Domain::Person, b"P2").unwrap();
    let rows = place.place.rows(&REQUESTS);
    assert_eq!(rows.iter().filter(|row| row.contains(&format!(" actor={other} "))).count(), 1);
    assert_eq!(rows.len(), 6);

    // The next roster has the namesake, who is the only one of that name now; the old incident is still nobody's.
    let roster = "person_key,accounts,mis_name,year,role\n\
        P1,ajones,\"Jones, Amarantha\",10,pupil\nP2,ajones2,\"Jones, Amarantha\",7,pupil\n\
        P4,ajones,\"Juniper, Al\",7,pupil\n";
    assert!(roster.contains("P1") && roster.contains("P4"));
    let summary = import_roster(&place.place, &roster.replace("P1,ajones,", "P1,,"));
    assert_eq!((summary.persons, summary.erased), (2, 1), "the namesake and who was given the account stay");
    place.place.put(
        "incidents.csv",
        "Student,Date,Category,Incident,Status,Linked students\r\n\
         Amarantha Jones,06/10/2025 11:20,Bullying,one of two,Closed,Ben Smith\r\n\
         ajones2,06/10/2025 11:25,Bullying,the other,Closed,\r\n\
         ajones,06/10/2025 11:26,Bullying,hers,Closed,\r\n",
    );
    place.place.run();
    assert_eq!(told(&place), left, "hers is left out");
    let again: Vec<_> = place
        .incidents()
        .into_iter()
        .filter(|row| row.status_words.as_deref() == Some("Closed"))
        .map(|row| (row.subject, row.narrative.unwrap().into_owned()))
        .collect();
    assert_eq!(again.len(), 2);
    for (subject, narrative) in again {
        assert_eq!(subject, (narrative == "the other").then_some(other), "{narrative}");
    }
}

#[test]
fn an_account_of_another_year_is_who_has_it_then() {
    let place = Place::new();
    // A year later the account is somebody else's.
    let (vault, keyring) = (place.place.root().vault(), place.place.keyring());
    let next = AcademicYear::parse("2026-27").unwrap();
    let import = PeopleImport {
        vault: &vault,
        school: &place.place.school.id,
        recipients: &place.place.school.public_keys().unwrap(),
        keyring: &keyring,
        year: next,
    };
    let roster = b"person_key,accounts,mis_name,year,role\nP9,ajones,\"Juniper, Al\",7,pupil\n";
    import.run(roster, &mut State::open(&place.place.root()).unwrap()).unwrap();
    place.place.put("next.log", &line(EIGHT + 364 * DAY, "ajones", "http://news.example.org/"));
    place.place.run();
    let his_pseudonym = keyring.token(next, Domain::Person, b"P9").unwrap();
    let of_his =
        |rows: &[String]| rows.iter().filter(|row| row.contains(&format!(" actor={his_pseudonym} "))).count();
    assert_eq!(of_his(&place.place.rows(&REQUESTS)), 1);
    let sealed = |place: &Place| {
        place.open(|reader, selection| {
            let mut rows = Vec::new();
            reader
                .requests(selection, &mut |row| {
                    rows.extend((row.actor == Some(his_pseudonym)).then_some(row));
                    Ok(())
                })
                .unwrap();
            rows
        })
    };
    assert_eq!(sealed(&place).len(), 1);
    erase_by(&place, "P1");
    assert_eq!(sealed(&place).len(), 1, "what is written is not whose it is");
    assert_eq!(sealed(&place)[0].user_written.as_deref(), Some("ajones"));
    assert_eq!(of_his(&place.place.rows(&REQUESTS)), 1);
    // His next log is taken in, and an old one of hers is not.
    place.place.put("next2.log", &line(EIGHT + 365 * DAY, "ajones", "http://news.example.org/2"));
    place.place.put("hers.log", &(hers() + &his(3 * DAY)));
    place.place.run();
    assert_eq!(of_his(&place.place.rows(&REQUESTS)), 2);
    let year = AcademicYear::parse("2025-26").unwrap();
    for token in [Domain::Person, Domain::Account].map(|domain| {
        keyring.token(year, domain, if domain == Domain::Person { b"P1" } else { b"ajones" }).unwrap()
    }) {
        assert!(!place.place.rows(&REQUESTS).iter().any(|row| row.contains(&format!(" actor={token} "))));
    }
}

#[test]
fn somebody_elses_interrupted_erasure_is_not_finished_under_another_reason() {
    let place = Place::new();
    place.erase(Some("roster")).unwrap_err();
    let state = State::open(&place.place.root()).unwrap();
    let (why, begun) = state.erasing_why().unwrap().unwrap();
    assert_eq!((why.as_str(), begun.len()), ("request 7", 20));
    drop(state);
    let dir = place.place.dir();
    let key = PrivateKey::open(&place.place.private, PASSPHRASE).unwrap();
    let reader = VaultReader::open(&place.place.root().vault(), &place.place.school.id, &key);
    let ben = Person::find(
        &reader,
        &State::open(&place.place.root()).unwrap(),
        Some(&place.place.keyring()),
        "bsmith",
    );
    let ingest = Ingest { dir: &dir, school: &place.place.school, keep: false };
    let erasure = Erasure { ingest, key: &key, person: &ben.unwrap() };
    let refused = erasure.run("request 8", &mut |_| Ok(()), &(), &mut |_| Ok(())).unwrap_err();
    assert!(refused.to_string().contains("--finish"), "{refused}");
    assert!(State::open(&place.place.root()).unwrap().deletions(0).unwrap().is_empty());
    place.erase(None).unwrap();
    let state = State::open(&place.place.root()).unwrap();
    assert_eq!(state.deletions(0).unwrap()[0].why, "request 7");
    assert!(state.erasing().unwrap().is_empty() && state.erasing_why().unwrap().is_none());
}

#[test]
fn what_refuses_under_the_lock_leaves_everything_as_it_was() {
    let place = Place::new();
    let before = place.place.everything();
    let dir = place.place.dir();
    let key = PrivateKey::open(&place.place.private, PASSPHRASE).unwrap();
    let reader = VaultReader::open(&place.place.root().vault(), &place.place.school.id, &key);
    let person =
        Person::find(&reader, &State::open(&place.place.root()).unwrap(), Some(&place.place.keyring()), "P1");
    let ingest = Ingest { dir: &dir, school: &place.place.school, keep: false };
    let erasure = Erasure { ingest, key: &key, person: &person.unwrap() };
    let refuse = &mut |_: &State| Err(Error::new(Kind::Configuration, "a hold"));
    assert!(erasure.run("request 7", refuse, &(), &mut |_| Ok(())).is_err());
    let lock = crate::pipeline::WriterLock::take(&place.place.root()).unwrap();
    let mut asked = false;
    let busy = erasure.run(
        "request 7",
        &mut |_| {
            asked = true;
            Ok(())
        },
        &(),
        &mut |_| Ok(()),
    );
    assert_eq!((busy.unwrap_err().kind(), asked), (Kind::Retry, false));
    drop(lock);
    let state = State::open(&place.place.root()).unwrap();
    assert!(state.erased_names().unwrap().is_empty() && state.erasing().unwrap().is_empty());
    assert_eq!(place.place.everything(), before);
}

#[test]
fn a_file_that_is_refused_after_the_erasure_does_not_have_her_either() {
    let place = Place::new();
    place.erase(None).unwrap();
    // Notes lie in the folder itself, files in a folder each.
    let folder = place.place.root().refused();
    let refused = || -> Vec<PathBuf> {
        let paths = files_below(&folder).into_iter().map(|(path, _)| path);
        paths.filter(|path| path.parent() != Some(folder.as_path())).collect()
    };
    let before = refused();
    let drop = |name: &str, bytes: &[u8]| {
        fs::write(place.place.root().inbox().join(name), bytes).unwrap();
        let report = place.place.run();
        assert!(matches!(report.files[0].outcome, Outcome::Refused(_)), "{name}: {report:?}");
    };
    let packed = |text: &str| {
        use std::io::Write as _;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    };
    let about_her = "Dear all,\nAmarantha Jones forgot her password again, once more.\n";
    drop("note.txt", about_her.as_bytes());
    drop("account.txt", b"Dear all,\nthe account ajones is locked.\n");
    drop("packed.gz", &packed("Dear all,\nJones, Amarantha was here.\n"));
    drop("amarantha jones.txt", b"Dear all,\nsee the name of this file.\n");
    let whole = packed(&"Dear all, there is nobody in this one.\n".repeat(200));
    drop("damaged.gz", &whole[..whole.len() / 2]);
    assert_eq!(refused(), before, "nothing of these is kept");
    assert!(place.traces().is_empty(), "{:?}", place.traces());
    let notes: String = files_below(&folder)
        .into_iter()
        .filter(|(path, _)| path.parent() == Some(folder.as_path()))
        .map(|(_, bytes)| String::from_utf8(bytes).unwrap())
        .collect();
    assert_eq!(notes.matches("it is not kept").count(), 5, "{notes}");
    // What has nobody erased waits for somebody to look, packed or not.
    drop("other.txt", b"Dear all,\nBen Smith forgot his password.\n");
    drop("other.gz", &packed("Dear all,\nBen Smith was here.\n"));
    assert_eq!(refused().len(), before.len() + 2);
}
