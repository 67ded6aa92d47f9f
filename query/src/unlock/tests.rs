//! Unlocking: who, which rows, and what is written down.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use ingest::event::{
    ActorKind, ActorName, DeviceName, Event, Facts, Identified as Named, Moment, Page, Words,
};
use ingest::fields::{Action, RecordKind, TimeBasis};
use ingest::keys::{PrivateKey, PublicKey, new_key_pair};
use ingest::lake::Lake;
use ingest::people::PeopleImport;
use ingest::pseudonymise::{Domain, Keyring, Pseudonymiser};
use ingest::report::Place;
use ingest::schema::{ColumnType, EPISODES};
use ingest::school::AcademicYear;
use ingest::vault::VaultWriter;
use jiff::civil::date;

use super::*;

const PASSPHRASE: &str = "four quiet otters";
/// 2026-01-12T00:00:00Z.
const MIDNIGHT_US: i64 = 1_768_176_000_000_000;

struct Bench {
    folder: tempfile::TempDir,
    school: SchoolId,
    keyring: Keyring,
    private: PrivateKey,
    public: PublicKey,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let school = SchoolId::parse("st-annes").unwrap();
        let dir = folder.path().join("installation");
        fs::create_dir_all(SchoolRoot::new(&dir, &school).root()).unwrap();
        let keyring = Keyring::open(&folder.path().join("keys"), &school, &dir).unwrap();
        let (private, public) = new_key_pair(PASSPHRASE).unwrap();
        let private = PrivateKey::open(&private, PASSPHRASE).unwrap();
        Self { folder, school, keyring, private, public: PublicKey::parse(&public).unwrap() }
    }

    fn dir(&self) -> std::path::PathBuf {
        self.folder.path().join("installation")
    }

    fn root(&self) -> SchoolRoot {
        SchoolRoot::new(&self.dir(), &self.school)
    }

    fn seal(&self, minutes: &[(i64, &'static str, Action)]) {
        let mut writer = VaultWriter::create(
            &self.root().vault(),
            &self.school,
            std::slice::from_ref(&self.public),
            "00112233445566ff",
            date(2026, 1, 13),
            &self.keyring,
        )
        .unwrap();
        let mut wall = Pseudonymiser::new(&self.keyring);
        for (number, (minute, account, action)) in (1..).zip(minutes) {
            let event = event(number, *minute, account, *action);
            writer.push(&event, &wall.event(&event).unwrap()).unwrap();
        }
        writer.finish().unwrap();
    }

    fn pseudonym(&self, account: &str) -> i64 {
        self.keyring.token(year(), Domain::Account, account.as_bytes()).unwrap()
    }

    async fn unlock(&self, account: &str, reason: &str) -> Result<Identified<Timeline>, Error> {
        let monday = date(2026, 1, 12);
        unlock(
            &self.dir(),
            &self.school,
            &written(self.pseudonym(account)),
            monday,
            monday,
            reason,
            &self.private,
        )
        .await
    }

    async fn episode(&self, account: &str, start_minute: i64, end_minute: i64) {
        let lake = Lake::open(&self.root()).await.unwrap();
        lake.create_tables().await.unwrap();
        let batch = episode(self.pseudonym(account), start_minute, end_minute);
        let days = BTreeSet::from([date(2026, 1, 12)]);
        lake.replace_days(&[&EPISODES], &days, &mut |_| Ok(vec![(&EPISODES, batch.clone())])).await.unwrap();
    }

    fn entries(&self) -> Vec<crate::audit::Entry> {
        AccessAudit::open(&self.dir(), &self.school).unwrap().entries().unwrap()
    }
}

fn year() -> AcademicYear {
    AcademicYear::parse("2025-26").unwrap()
}

fn event(record: u64, minute: i64, account: &'static str, action: Action) -> Event<'static, Named> {
    Event {
        place: Place { record, line: record, offset_bytes: 0, length_bytes: 1 },
        read_by: None,
        moment: Moment {
            utc_us: MIDNIGHT_US + minute * 60_000_000,
            basis: TimeBasis::Start,
            local_date: date(2026, 1, 12),
            local_minute: i16::try_from(minute).unwrap(),
            utc_offset_minutes: 0,
            clock_fold: false,
            clock_ambiguous: false,
            academic_year: year(),
            week_start: date(2026, 1, 12),
            half_term: None,
            half_term_week: None,
            day_type: "term",
            school_day: true,
            lesson_period: None,
        },
        actor: ActorName {
            kind: ActorKind::Person,
            name: account.into(),
            written: account.to_uppercase().into(),
            member: None,
        },
        device: DeviceName::default(),
        page: Page { host: "river.example".into(), path: Some("/holt".into()), ..Page::default() },
        search: None,
        words: Words { group: Some("Y10 Amy block".into()), group_unmatched: true, ..Words::default() },
        facts: Facts { group_id: "unmatched", network: "unlisted", code: "GAMES", ..Facts::default() },
        method: Some("GET"),
        status: Some(200),
        response_bytes: None,
        duration_ms: None,
        action,
        block_reason: None,
        kind: RecordKind::Request,
        page_visible: true,
        html_page: false,
    }
}

/// One row of the table by its schema: zeros and empty words but for what matters here.
fn episode(actor: i64, start_minute: i64, end_minute: i64) -> RecordBatch {
    let columns = EPISODES.columns.iter().map(|column| {
        let array: ArrayRef = match column.kind {
            ColumnType::Timestamp => {
                let minute = if column.name == "start_utc" { start_minute } else { end_minute };
                let moment = MIDNIGHT_US + minute * 60_000_000;
                Arc::new(TimestampMicrosecondArray::from(vec![moment]).with_timezone("UTC"))
            }
            // 2026-01-12 is day 20465 of the epoch.
            ColumnType::Date => Arc::new(Date32Array::from(vec![20_465])),
            ColumnType::Int16 => Arc::new(Int16Array::from(vec![4])),
            ColumnType::Int32 => Arc::new(Int32Array::from(vec![1])),
            ColumnType::Int64 => {
                Arc::new(Int64Array::from(vec![if column.name == "actor" { actor } else { 1 }]))
            }
            ColumnType::Boolean => Arc::new(BooleanArray::from(vec![false])),
            ColumnType::Text => {
                let word = match column.name {
                    "academic_year" => "2025-26",
                    "outcome" => "allowed",
                    _ => "word",
                };
                Arc::new(StringArray::from(vec![word]))
            }
        };
        (column.name, array, column.nullable)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

#[tokio::test]
async fn rows_of_one_person_with_an_hour_around_the_episode() {
    let bench = Bench::new();
    let quiet = Action::Allowed;
    bench.seal(&[
        (479, "amy.otter", quiet),
        (480, "amy.otter", quiet),
        (540, "amy.otter", quiet),
        (541, "ben.badger", quiet),
        (560, "amy.otter", quiet),
        (620, "amy.otter", quiet),
        (621, "amy.otter", quiet),
    ]);
    bench.episode("amy.otter", 540, 560).await;
    let timeline = bench.unlock("amy.otter", "case 12").await.unwrap();
    let timeline = timeline.read();
    // 09:00 to 09:20, an hour around: 08:00 to 10:20, both included.
    let minutes: Vec<_> = timeline.rows.iter().map(|row| row.local_minute).collect();
    assert_eq!(minutes, [480, 540, 560, 620]);
    assert!(timeline.rows.iter().all(|row| row.user_written.as_deref() == Some("AMY.OTTER")));
    assert_eq!(timeline.episodes.len(), 1);
    assert_eq!((timeline.episodes[0].severity, timeline.episodes[0].outcome.as_str()), (4, "allowed"));

    let entries = bench.entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (entries[0].what.as_str(), entries[0].reason.as_str(), entries[0].rows),
        ("unlock", "case 12", 4)
    );
    // The chain is for good and a person can be erased: it does not have the pseudonym.
    assert_eq!(entries[0].target, "subject-1 from 2026-01-12 to 2026-01-12");
    assert_eq!(timeline.audit_head, entries[0].hash);
    let mut audit = AccessAudit::open(&bench.dir(), &bench.school).unwrap();
    assert_eq!(audit.about(&BTreeSet::from([bench.pseudonym("amy.otter")])).unwrap(), entries);
    assert!(entries[0].who.contains(&written(i64::from_be_bytes(bench.private.id()))));
}

#[tokio::test]
async fn a_day_that_waits_for_its_derived_rows_is_read_by_its_events() {
    let bench = Bench::new();
    bench.seal(&[
        (400, "amy.otter", Action::Allowed),
        (500, "amy.otter", Action::Blocked),
        (530, "amy.otter", Action::Allowed),
    ]);
    assert_eq!(
        bench.unlock("amy.otter", "case 12").await.unwrap().read().rows.len(),
        0,
        "no episode, no row"
    );
    State::open(&bench.root()).unwrap().mark_dirty([date(2026, 1, 12)]).unwrap();
    let timeline = bench.unlock("amy.otter", "case 12").await.unwrap();
    let minutes: Vec<_> = timeline.read().rows.iter().map(|row| row.local_minute).collect();
    assert_eq!(minutes, [500, 530]);
}

#[tokio::test]
async fn without_a_reason_or_a_key_nothing_is_opened_or_written_down() {
    let bench = Bench::new();
    bench.seal(&[(500, "amy.otter", Action::Blocked)]);
    assert_eq!(bench.unlock("amy.otter", "  ").await.unwrap_err().kind(), Kind::Configuration);
    let (stranger, _) = new_key_pair(PASSPHRASE).unwrap();
    let stranger = PrivateKey::open(&stranger, PASSPHRASE).unwrap();
    let monday = date(2026, 1, 12);
    let pseudonym = bench.pseudonym("amy.otter");
    let refused =
        extract(&bench.dir(), &bench.school, &written(pseudonym), monday, monday, "case 12", &stranger);
    assert_eq!(refused.unwrap_err().kind(), Kind::Configuration);
    assert!(bench.entries().is_empty());
    let sunday = date(2026, 1, 11);
    let backwards =
        extract(&bench.dir(), &bench.school, &written(pseudonym), monday, sunday, "case 12", &bench.private);
    assert_eq!(backwards.unwrap_err().kind(), Kind::Configuration);
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_shown() {
    let bench = Bench::new();
    bench.seal(&[(500, "amy.otter", Action::Blocked)]);
    AccessAudit::open(&bench.dir(), &bench.school).unwrap();
    let mut state = State::open(&bench.root()).unwrap();
    state
        .connection()
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON access_audit BEGIN SELECT RAISE(ABORT, 'full'); END",
        )
        .unwrap();
    let monday = date(2026, 1, 12);
    let pseudonym = bench.pseudonym("amy.otter");
    assert!(
        extract(&bench.dir(), &bench.school, &written(pseudonym), monday, monday, "case 12", &bench.private)
            .is_err()
    );
}

#[test]
fn an_extract_has_everything_and_the_roster_says_who() {
    let bench = Bench::new();
    let mut state = State::open(&bench.root()).unwrap();
    let vault = bench.root().vault();
    let import = PeopleImport {
        vault: &vault,
        school: &bench.school,
        recipients: std::slice::from_ref(&bench.public),
        keyring: &bench.keyring,
        year: year(),
    };
    let roster =
        b"person_key,accounts,mis_name,role\nP1,amy.otter,\"Otter, Amy\",pupil\nP2,ben.badger,Ben,pupil\n";
    import.run(roster, &mut state).unwrap();
    bench.seal(&[(400, "amy.otter", Action::Allowed), (500, "ben.badger", Action::Blocked)]);
    let monday = date(2026, 1, 12);
    let person = bench.keyring.token(year(), Domain::Person, b"P1").unwrap();
    let timeline =
        extract(&bench.dir(), &bench.school, &written(person), monday, monday, "request 3", &bench.private)
            .unwrap();
    assert_eq!(timeline.read().people.len(), 1);
    assert_eq!(timeline.read().people[0].mis_name.as_deref(), Some("Otter, Amy"));
    for who in ["P1", "amy.otter", "SCHOOL\\Amy.Otter", "Amy Otter", "otter, AMY (10B)"] {
        let same =
            extract(&bench.dir(), &bench.school, who, monday, monday, "request 3", &bench.private).unwrap();
        assert!(same.read().pseudonyms.contains(&person), "{who}");
    }
    for nobody in ["Amy Badger", ""] {
        let refused =
            extract(&bench.dir(), &bench.school, nobody, monday, monday, "request 3", &bench.private);
        assert_eq!(refused.unwrap_err().kind(), Kind::Configuration);
    }
    assert_eq!(
        format!("{timeline:?} {:?}", timeline.read()),
        "Identified(redacted) Timeline(0 rows, redacted)"
    );
    let account = bench.pseudonym("amy.otter");
    let timeline =
        extract(&bench.dir(), &bench.school, &written(account), monday, monday, "request 3", &bench.private)
            .unwrap();
    assert_eq!(timeline.read().rows.len(), 1, "rows without the roster's answer stay with their account");
}

#[tokio::test]
async fn a_subject_gets_everything_of_hers_and_nobody_elses() {
    let bench = Bench::new();
    let mut state = State::open(&bench.root()).unwrap();
    let vault = bench.root().vault();
    let import = PeopleImport {
        vault: &vault,
        school: &bench.school,
        recipients: std::slice::from_ref(&bench.public),
        keyring: &bench.keyring,
        year: year(),
    };
    let roster =
        b"person_key,accounts,mis_name,role\nP1,amy.otter,\"Otter, Amy\",pupil\nP2,ben.badger,Ben,pupil\n";
    import.run(roster, &mut state).unwrap();
    drop(state);
    bench.seal(&[(400, "amy.otter", Action::Allowed), (500, "ben.badger", Action::Blocked)]);
    bench.episode("amy.otter", 540, 560).await;
    let account = written(bench.pseudonym("amy.otter"));
    bench.unlock("amy.otter", "case 12").await.unwrap();
    let answer =
        subject_access(&bench.dir(), &bench.school, &account, "request 4", &bench.private).await.unwrap();
    let object = &answer.read().object;
    assert_eq!(object["vault"]["requests"].as_array().unwrap().len(), 1);
    assert_eq!(object["vault"]["requests"][0]["account"], "AMY.OTTER");
    assert_eq!(object["lake"]["episodes"].as_array().unwrap().len(), 1);
    assert_eq!(object["lake"]["episodes"][0]["severity"], "4");
    assert_eq!(object["access"][0]["reason"], "case 12");
    assert!(!object.to_string().to_lowercase().contains("badger"));
    let by_name =
        subject_access(&bench.dir(), &bench.school, "Amy Otter", "request 4", &bench.private).await.unwrap();
    assert_eq!(by_name.read().object["person"]["rosters"][0]["name"], "Otter, Amy");
    let entries = bench.entries();
    assert_eq!(entries.last().unwrap().what, "subject access");
    assert_eq!(entries.last().unwrap().hash, by_name.read().audit_head);
    assert_eq!(format!("{:?}", by_name.read()), "SubjectAccess(redacted)");
}

#[test]
fn unknown_words_are_listed_with_their_counts() {
    let bench = Bench::new();
    bench.seal(&[(400, "amy.otter", Action::Allowed), (500, "ben.badger", Action::Blocked)]);
    let words = unmapped(&bench.dir(), &bench.school, "mapping", &bench.private).unwrap();
    let words = words.read();
    assert_eq!(words.len(), 1);
    assert_eq!(
        (words[0].kind.as_str(), words[0].words.as_str(), words[0].records),
        ("group", "Y10 Amy block", 2)
    );
    assert_eq!(bench.entries()[0].what, "unmapped words");
}

#[test]
fn spans_join_where_their_hours_meet() {
    let hour = AROUND_US;
    assert_eq!(
        widened(vec![(10 * hour, 10 * hour), (5 * hour, 6 * hour), (7 * hour, 7 * hour)]),
        [(4 * hour, 8 * hour), (9 * hour, 11 * hour)]
    );
    let spans = [(4, 8), (9, 11)];
    let inside: Vec<_> = (3..13).filter(|moment| within(&spans, *moment)).collect();
    assert_eq!(inside, [4, 5, 6, 7, 8, 9, 10, 11]);
}
mod aging;
mod correcting;
mod embargoes;
mod recipients;
mod thinning;
mod wrong_incident;
