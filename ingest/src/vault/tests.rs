//! What goes into the vault comes out whole for its recipients, and for nobody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::OnceLock;

use jiff::civil::{Date, date};

use super::rows::{RejectRow, RequestRow, WordRow};
use super::*;
use crate::error::Kind;
use crate::event::{Event, Identified};
use crate::keys::{PrivateKey, PublicKey, new_key_pair};
use crate::pseudonymise::{
    Keyring, Pseudonymiser,
    tests::{sample_event, sample_incident},
};
use crate::report::{Place, Reason};
use crate::school::SchoolId;
use crate::state::WordKind;

const FINGERPRINT: &str = "00112233445566ff";

/// Three pairs for all tests: a passphrase hash takes its time.
fn pairs() -> &'static [(PrivateKey, PublicKey); 3] {
    static PAIRS: OnceLock<[(PrivateKey, PublicKey); 3]> = OnceLock::new();
    PAIRS.get_or_init(|| {
        [1, 2, 3].map(|_| {
            let (private, public) = new_key_pair("four quiet otters").unwrap();
            (PrivateKey::open(&private, "four quiet otters").unwrap(), PublicKey::parse(&public).unwrap())
        })
    })
}

struct Bench {
    _folder: tempfile::TempDir,
    vault: PathBuf,
    school: SchoolId,
    keyring: Keyring,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let school = SchoolId::parse("st-annes").unwrap();
        let dir = folder.path().join("installation");
        let keyring = Keyring::open(&folder.path().join("keys"), &school, &dir).unwrap();
        Self { vault: dir.join("vault"), _folder: folder, school, keyring }
    }

    fn writer(&self) -> VaultWriter {
        let recipients = [pairs()[0].1.clone(), pairs()[1].1.clone()];
        VaultWriter::create(
            &self.vault,
            &self.school,
            &recipients,
            FINGERPRINT,
            date(2026, 1, 20),
            &self.keyring,
        )
        .unwrap()
    }

    fn push(&self, writer: &mut VaultWriter, event: &Event<'_, Identified>) {
        let pseudonymous = Pseudonymiser::new(&self.keyring).event(event).unwrap();
        writer.push(event, &pseudonymous).unwrap();
    }

    fn seal_one(&self, event: &Event<'_, Identified>) -> PathBuf {
        let mut writer = self.writer();
        self.push(&mut writer, event);
        writer.finish().unwrap();
        self.vault.join("2026-01-12").join(format!("{FINGERPRINT}-0.parquet"))
    }

    fn read(&self, key: &PrivateKey, selection: &Selection) -> Result<Vec<RequestRow<'static>>, Error> {
        let mut rows = Vec::new();
        VaultReader::open(&self.vault, &self.school, key).requests(selection, &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = day_folders(&self.vault)
            .unwrap()
            .into_iter()
            .flat_map(|(_, folder)| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
            .collect();
        files.sort();
        files
    }
}

fn everything() -> Selection {
    Selection { from: Date::MIN, to: Date::MAX, actor: None, between_us: None }
}

fn on(day: Date, minute: i64, account: &'static str) -> Event<'static, Identified> {
    let mut event = sample_event();
    event.moment.local_date = day;
    event.moment.utc_us += minute * 60_000_000;
    event.place.record = u64::try_from(minute).unwrap() + 1;
    event.actor.name = account.into();
    event
}

fn holds(bytes: &[u8], marker: &str) -> bool {
    memchr::memmem::find(bytes, marker.as_bytes()).is_some()
}

#[test]
fn a_request_comes_back_whole_for_each_recipient() {
    let bench = Bench::new();
    let event = sample_event();
    bench.seal_one(&event);
    for (private, _) in &pairs()[..2] {
        let rows = bench.read(private, &everything()).unwrap();
        let [row] = rows.as_slice() else { panic!("{} rows", rows.len()) };
        assert_eq!(row.user_written.as_deref(), Some(r"SCHOOL\Amy.Otter"));
        assert_eq!(row.address.as_deref(), Some("10.20.30.40"));
        assert_eq!(row.client_host.as_deref(), Some("amy-ipad.local"));
        assert_eq!(row.user_agent.as_deref(), Some("Otterbrowser/7"));
        assert_eq!(row.host.as_deref(), Some("www.river-otters.co.uk"));
        assert_eq!(row.port, Some(443));
        assert_eq!(row.path.as_deref(), Some("/holts/secret-page"));
        assert_eq!(row.query.as_deref(), Some("q=private"));
        assert_eq!(row.search_words.as_deref(), Some("How do  Otters sleep"));
        assert_eq!(row.group_words.as_deref(), Some("Y10 Amy block"));
        assert_eq!(row.category_words.as_deref(), Some("Animals & Wildlife"));
        assert_eq!(row.local_date, date(2026, 1, 12));
        assert_eq!(row.event_time_utc_us, 1_768_210_200_000_000);
        assert_eq!((row.action.as_ref(), row.code.as_ref()), ("allowed", "UNMAPPED"));
        assert_eq!(row.local_time(), "09:30:00");
        let address = "https://www.river-otters.co.uk:443/holts/secret-page?q=private";
        assert_eq!(row.whole_address().as_deref(), Some(address));
        assert_eq!(row.import_token, 0x0011_2233_4455_66ff);
        let token = Pseudonymiser::new(&bench.keyring).event(&event).unwrap().actor.token;
        assert_eq!(row.actor, token);
        assert!(token.is_some());
    }
}

#[test]
fn a_key_that_is_no_recipient_opens_nothing_and_is_told_so() {
    let bench = Bench::new();
    bench.seal_one(&sample_event());
    let error = bench.read(&pairs()[2].0, &everything()).unwrap_err();
    assert_eq!(error.kind(), Kind::Configuration);
    assert!(error.to_string().contains("sealed for other keys"), "{error}");
}

#[test]
fn no_byte_of_a_sealed_file_tells_what_is_in_it() {
    let bench = Bench::new();
    let mut writer = bench.writer();
    for minute in 0..50 {
        bench.push(&mut writer, &on(date(2026, 1, 12), minute, "amy.otter"));
    }
    writer.push_reject(Place::default(), Reason::Columns, b"raw marker line").unwrap();
    writer.file_name("Amy Otter Y10.log");
    writer.finish().unwrap();
    let files = bench.files();
    assert_eq!(files.len(), 3, "requests, rejects, words");
    for path in files {
        let bytes = fs::read(&path).unwrap();
        for marker in [
            "Otter",
            "otter",
            "10.20.30.40",
            "secret-page",
            "private",
            "Animals",
            "Y10 Amy",
            "raw marker",
            "UNMAPPED",
            "user_written",
            "actor",
            "st-annes",
            "allowed",
            "watershed",
            "ARROW",
        ] {
            assert!(!holds(&bytes, marker), "{marker} in {}", path.display());
        }
        assert!(!holds(path.to_str().unwrap().rsplit("vault").next().unwrap().as_bytes(), "Otter"));
    }
}

#[test]
fn files_and_folders_are_for_their_owner() {
    let bench = Bench::new();
    let path = bench.seal_one(&sample_event());
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(&bench.vault).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn a_damaged_a_moved_and_a_planted_file_are_refused() {
    let bench = Bench::new();
    let key = &pairs()[0].0;
    let path = bench.seal_one(&sample_event());
    let whole = fs::read(&path).unwrap();

    for position in [100, whole.len() / 2, whole.len() - 700] {
        let mut damaged = whole.clone();
        damaged[position] ^= 1;
        fs::write(&path, &damaged).unwrap();
        // A bit of an unused slot's random bytes does not matter; no bit gives wrong rows.
        match bench.read(key, &everything()) {
            Err(error) => assert_eq!(error.kind(), Kind::Corrupt, "byte {position}: {error}"),
            Ok(rows) => assert_eq!(rows[0].path.as_deref(), Some("/holts/secret-page")),
        }
    }
    fs::write(&path, &whole[..whole.len() - 10]).unwrap();
    assert_eq!(bench.read(key, &everything()).unwrap_err().kind(), Kind::Corrupt);
    fs::write(&path, b"PAR1 in clear").unwrap();
    assert_eq!(bench.read(key, &everything()).unwrap_err().kind(), Kind::Corrupt);

    fs::remove_file(&path).unwrap();
    let other_day = bench.vault.join("2026-01-13");
    fs::create_dir(&other_day).unwrap();
    let moved = other_day.join(format!("{FINGERPRINT}-0.parquet"));
    fs::write(&moved, &whole).unwrap();
    assert_eq!(bench.read(key, &everything()).unwrap_err().kind(), Kind::Corrupt);
    fs::rename(&moved, &path).unwrap();
    assert_eq!(bench.read(key, &everything()).unwrap().len(), 1);
}

#[test]
fn the_first_bytes_of_every_page_are_authenticated() {
    let bench = Bench::new();
    let path = bench.seal_one(&sample_event());
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 0x80;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(bench.read(&pairs()[0].0, &everything()).unwrap_err().kind(), Kind::Corrupt);
}

#[test]
fn rows_are_chosen_by_person_day_and_moment() {
    let bench = Bench::new();
    let mut writer = bench.writer();
    let (monday, tuesday) = (date(2026, 1, 12), date(2026, 1, 13));
    for minute in 0..30 {
        bench
            .push(&mut writer, &on(monday, minute, if minute % 3 == 0 { "amy.otter" } else { "ben.badger" }));
        bench.push(&mut writer, &on(tuesday, minute, "amy.otter"));
    }
    assert_eq!(
        writer.finish().unwrap().rows,
        62,
        "60 requests, an unknown category word and an unknown group"
    );
    let key = &pairs()[0].0;
    let amy = Pseudonymiser::new(&bench.keyring).event(&on(monday, 0, "amy.otter")).unwrap().actor.token;
    let chosen = |selection| bench.read(key, &selection).unwrap().len();
    assert_eq!(chosen(everything()), 60);
    assert_eq!(chosen(Selection { actor: amy, ..everything() }), 40);
    assert_eq!(chosen(Selection { actor: amy, to: monday, ..everything() }), 10);
    let start = sample_event().moment.utc_us;
    let between_us = Some((start + 3 * 60_000_000, start + 9 * 60_000_000));
    assert_eq!(chosen(Selection { actor: amy, to: monday, between_us, ..everything() }), 3);
    let rows = bench.read(key, &Selection { to: monday, ..everything() }).unwrap();
    assert!(rows.is_sorted_by_key(|row| (row.actor, row.event_time_utc_us)));
}

#[test]
fn an_illegal_list_row_keeps_who_and_when_and_a_hash() {
    let bench = Bench::new();
    let mut event = sample_event();
    event.facts.illegal = true;
    bench.seal_one(&event);
    let rows = bench.read(&pairs()[0].0, &everything()).unwrap();
    let row = &rows[0];
    assert_eq!(row.user_written.as_deref(), Some(r"SCHOOL\Amy.Otter"));
    for part in [&row.scheme, &row.host, &row.path, &row.query, &row.search_words, &row.category_words] {
        assert_eq!(part.as_deref(), None);
    }
    assert_eq!(row.port, None);
    assert!(row.illegal_token.is_some());

    let mut words = Vec::new();
    VaultReader::open(&bench.vault, &bench.school, &pairs()[0].0)
        .words(&everything(), &mut |row| {
            words.push(row.kind.into_owned());
            Ok(())
        })
        .unwrap();
    assert_eq!(words, ["group"], "category words of an illegal row are not collected");
}

#[test]
fn rejects_keep_their_bytes_and_words_their_tokens() {
    let bench = Bench::new();
    let mut writer = bench.writer();
    for minute in 0..3 {
        bench.push(&mut writer, &on(date(2026, 1, 12), minute, "amy.otter"));
    }
    let place = Place { record: 4, line: 5, offset_bytes: 600, length_bytes: 9 };
    writer.push_reject(place, Reason::Columns, b"\xffbroken\0 line").unwrap();
    writer.file_name("amy.log");
    let sealed = writer.finish().unwrap();
    assert_eq!(sealed.unmapped.len(), 2);
    assert!(sealed.unmapped.iter().all(|word| word.records == 3));

    let reader = VaultReader::open(&bench.vault, &bench.school, &pairs()[1].0);
    let import_day = Selection { from: date(2026, 1, 20), to: date(2026, 1, 20), ..everything() };
    let mut rejects: Vec<RejectRow<'_>> = Vec::new();
    reader
        .rejects(&import_day, &mut |row| {
            rejects.push(row);
            Ok(())
        })
        .unwrap();
    assert_eq!(rejects.len(), 1);
    assert_eq!(rejects[0].raw.as_ref(), b"\xffbroken\0 line");
    assert_eq!((rejects[0].record_number, rejects[0].line_number, rejects[0].offset_bytes), (4, 5, 600));
    assert_eq!(rejects[0].reason, "wrong number of columns");

    let mut words: Vec<WordRow<'_>> = Vec::new();
    reader
        .words(&import_day, &mut |row| {
            words.push(row);
            Ok(())
        })
        .unwrap();
    let name = words.iter().find(|word| word.kind == "file name").unwrap();
    assert_eq!(name.words, "amy.log");
    let group = words.iter().find(|word| word.kind == WordKind::Group.word()).unwrap();
    assert_eq!(group.words, "Y10 Amy block");
    let counted = sealed.unmapped.iter().find(|word| word.kind == WordKind::Group).unwrap();
    assert_eq!(group.token, Some(counted.token));
}

#[test]
fn abandoning_dropping_and_removing_leave_nothing() {
    let bench = Bench::new();
    let mut writer = bench.writer();
    bench.push(&mut writer, &sample_event());
    writer.push_reject(Place::default(), Reason::Columns, b"x").unwrap();
    assert!(!bench.files().is_empty(), "something was begun");
    writer.abandon();
    assert!(day_folders(&bench.vault).unwrap().is_empty());

    let mut writer = bench.writer();
    bench.push(&mut writer, &sample_event());
    // As after a crash: the partial file stays.
    std::mem::forget(writer);
    assert_eq!(bench.files().len(), 1);
    assert_eq!(remove_import(&bench.vault, "ffffffffffffffff").unwrap(), 0);
    assert_eq!(remove_import(&bench.vault, FINGERPRINT).unwrap(), 1);
    assert!(day_folders(&bench.vault).unwrap().is_empty());

    bench.seal_one(&sample_event());
    assert_eq!(remove_import(&bench.vault, FINGERPRINT).unwrap(), 2);
    assert!(day_folders(&bench.vault).unwrap().is_empty());
    assert_eq!(remove_import(&bench.vault.join("missing"), FINGERPRINT).unwrap(), 0);
}

#[test]
fn more_days_than_open_files_lose_nothing() {
    let bench = Bench::new();
    let mut writer = bench.writer();
    let first = date(2026, 1, 5);
    for round in 0..3 {
        for day in 0..11 {
            let day = first.checked_add(jiff::Span::new().days(day)).unwrap();
            bench.push(&mut writer, &on(day, round, "amy.otter"));
        }
    }
    writer.finish().unwrap();
    let rows = bench.read(&pairs()[0].0, &everything()).unwrap();
    assert_eq!(rows.len(), 33);
    let of_first = Selection { from: first, to: first, ..everything() };
    let minutes: Vec<_> =
        bench.read(&pairs()[0].0, &of_first).unwrap().iter().map(|row| row.record_number).collect();
    assert_eq!(minutes.len(), 3);
    assert!(
        bench.files().iter().all(|path| path.extension().is_some_and(|extension| extension == "parquet"))
    );
}

#[test]
fn lists_of_no_and_of_five_recipients_are_refused() {
    let bench = Bench::new();
    let public = pairs()[0].1.clone();
    for count in [0, 5] {
        let recipients = vec![public.clone(); count];
        let made = VaultWriter::create(
            &bench.vault,
            &bench.school,
            &recipients,
            FINGERPRINT,
            date(2026, 1, 20),
            &bench.keyring,
        );
        assert_eq!(made.unwrap_err().kind(), Kind::Configuration);
    }
}

#[test]
fn names_of_files_tell_their_content() {
    for content in [
        Content::Requests,
        Content::Incidents,
        Content::Changes,
        Content::Checks,
        Content::Rejects,
        Content::Words,
    ] {
        assert_eq!(Content::of(&content.file_name(FINGERPRINT, 3)), Some(content));
    }
    assert_eq!(Content::of("00112233445566ff-0.parquet.partial"), None);
    assert_eq!(Content::of("00112233445566ff-other-0.parquet"), None);
}

#[test]
fn an_incident_comes_back_whole_and_its_file_tells_nothing() {
    let bench = Bench::new();
    let mut writer = bench.writer();
    let incident = sample_incident();
    let pseudonymous = Pseudonymiser::new(&bench.keyring).incident(&incident).unwrap();
    writer.push_incident(&incident, &pseudonymous).unwrap();
    let sealed = writer.finish().unwrap();
    assert_eq!((sealed.files, sealed.rows, sealed.unmapped.len()), (2, 2, 1));
    let path = bench.vault.join("2026-01-12").join(format!("{FINGERPRINT}-incidents-0.parquet"));
    let bytes = fs::read(path).unwrap();
    for marker in ["Amy said", "Badger", "the holt", "C-1017", "Riverbank", "narrative"] {
        assert!(!holds(&bytes, marker), "{marker}");
    }
    let reader = VaultReader::open(&bench.vault, &bench.school, &pairs()[1].0);
    let mut rows = Vec::new();
    let about = Selection { actor: Some(42), ..everything() };
    reader
        .incidents(&about, &mut |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].narrative.as_deref(), Some("Amy said that Ben had shown her the holt."));
    assert_eq!(rows[0].reference.as_deref(), Some("C-1017"));
    assert_eq!(rows[0].subject_written.as_deref(), Some("Otter, Amy (10B)"));
    assert_eq!(rows[0].incident, pseudonymous.key);
    reader.incidents(&Selection { actor: Some(43), ..everything() }, &mut |_| panic!("not hers")).unwrap();
}

mod editing;
mod resealing;
