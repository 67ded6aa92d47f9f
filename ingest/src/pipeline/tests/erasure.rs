//! One person's erasure: every byte of the installation is searched for her; a run is killed at every step;
//! old files do not bring her back.

use std::collections::BTreeSet;

use super::*;
use crate::erasure::{Erasure, ErasureReport, STEPS};
use crate::people::PeopleImport;
use crate::pseudonymise::{Domain, Keyring, written};
use crate::schema::{ACTIVITY, CHANGES, CHECKS, EPISODES, INCIDENT_LINKS};
use crate::vault::rows::IncidentRow;

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
        let erasure = Erasure {
            ingest: Ingest { dir: &dir, school: &self.place.school, keep: false },
            key: &key,
            pseudonyms: self.tokens.clone(),
            accounts: BTreeSet::from(["ajones".to_owned()]),
            names: BTreeSet::from(["amarantha jones".to_owned()]),
        };
        erasure.run("request 7", &(), &mut |step| {
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
    place.place.put("other.log", &(his(2 * DAY) + &hers()));
    place
        .place
        .put("incidents.csv", &INCIDENTS_FILE.replace("Open", "Closed").replace(",Amarantha Jones\r", ",\r"));
    place.place.put(
        "changes.csv",
        &CHANGES_FILE.replace("C-", "D-").replace("Approved,Amarantha Jones", "Approved,"),
    );
    let report = place.place.run();
    assert!(report.files.iter().all(|file| !matches!(file.outcome, Outcome::Refused { .. })), "{report:?}");
    let left_out: u64 = report.files.iter().filter_map(|file| file.tally.other.get("erased")).sum();
    assert!(left_out >= 10, "{left_out}");
    fs::remove_dir_all(place.place.root().kept()).unwrap();
    assert_eq!(place.traces(), Vec::<String>::new());
    assert!(!sealed_text(&place.place).contains("\"ajones\""));
    assert!(place.incidents().iter().all(|row| row.subject_written.as_deref() == Some("Ben Smith")));
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
    for (key, reason) in
        [(PrivateKey::open(&stranger, PASSPHRASE).unwrap(), "request 7"), (mine, "for AJones")]
    {
        let erasure = Erasure {
            ingest: Ingest { dir: &dir, school: &place.place.school, keep: false },
            key: &key,
            pseudonyms: place.tokens.clone(),
            accounts: BTreeSet::from(["ajones".to_owned()]),
            names: BTreeSet::new(),
        };
        assert_eq!(erasure.run(reason, &(), &mut |_| Ok(())).unwrap_err().kind(), Kind::Configuration);
    }
    assert_eq!(place.place.everything(), before);
}
