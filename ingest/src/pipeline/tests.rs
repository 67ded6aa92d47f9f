//! Files in, commits out: whole runs, runs killed at every step, the same file again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeMap;

use jiff::civil::date;
use tempfile::TempDir;

use super::*;
use crate::keys::{PrivateKey, new_key_pair};
use crate::lake::columns::epoch_days;
use crate::lake::{IMPORTED, TableSnapshot};
use crate::schema::{ACTOR_DAYS, IMPORTS, INCIDENTS, REJECTS, REQUESTS, TABLES, TableSchema};
use crate::school::{AcademicYear, Phase, RecipientSetting, SchoolId};
use crate::vault::read::{Selection, VaultReader};

mod apart;
mod derived;
mod erasure;
mod listed;
mod records;

const PASSPHRASE: &str = "seven blue herons by the weir";

pub(crate) struct Installation {
    pub(crate) folder: TempDir,
    pub(crate) school: SchoolConfig,
    private: String,
}

impl Installation {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (private, public_key) = new_key_pair(PASSPHRASE).unwrap();
        let id = SchoolId::parse("st-annes").unwrap();
        let school = SchoolConfig {
            id: id.clone(),
            name: "St Anne's".to_owned(),
            phase: Phase::Secondary,
            roll: 1000,
            zone: "Europe/London".to_owned(),
            pseudonym_key_dir: folder.path().join("keys"),
            inbox: None,
            recipients: vec![RecipientSetting { name: "DSL".to_owned(), public_key }],
            keep_sources_days: 0,
            settle_seconds: 0,
            retention: Default::default(),
        };
        let root = SchoolRoot::new(&folder.path().join("installation"), &id);
        fs::create_dir_all(root.inbox()).unwrap();
        Self { folder, school, private: private.to_string() }
    }

    /// Another installation with the same bytes and a copy of the keys.
    pub(crate) fn twin(&self) -> Self {
        fn copy(from: &Path, to: &Path) {
            fs::create_dir_all(to).unwrap();
            for entry in fs::read_dir(from).unwrap() {
                let entry = entry.unwrap();
                let target = to.join(entry.file_name());
                if entry.file_type().unwrap().is_dir() {
                    copy(&entry.path(), &target);
                } else {
                    fs::copy(entry.path(), target).unwrap();
                }
            }
            fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        copy(self.folder.path(), folder.path());
        let school = SchoolConfig { pseudonym_key_dir: folder.path().join("keys"), ..self.school.clone() };
        Self { folder, school, private: self.private.clone() }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().join("installation")
    }

    pub(crate) fn root(&self) -> SchoolRoot {
        SchoolRoot::new(&self.dir(), &self.school.id)
    }

    /// The DSL's key.
    pub(crate) fn key(&self) -> PrivateKey {
        PrivateKey::open(&self.private, PASSPHRASE).unwrap()
    }

    pub(crate) fn put(&self, name: &str, text: &str) {
        fs::write(self.root().inbox().join(name), text).unwrap();
    }

    pub(crate) fn run(&self) -> IngestReport {
        self.with(|ingest| ingest.run(&[], &()))
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&Ingest<'_>) -> Result<T, Error>) -> T {
        let dir = self.dir();
        work(&Ingest { dir: &dir, school: &self.school, keep: false }).unwrap()
    }

    pub(crate) fn snapshot(&self, table: &'static TableSchema) -> TableSnapshot {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { Lake::open(&self.root()).await?.readable(table).await }).unwrap()
    }

    /// Every row of a table as text, sorted; the moment of the import left out.
    pub(crate) fn rows(&self, table: &'static TableSchema) -> Vec<String> {
        let snapshot = self.snapshot(table);
        let mut rows = Vec::new();
        for file in &snapshot.files {
            snapshot
                .read(file, None, &mut |batch| {
                    for row in 0..batch.num_rows() {
                        let columns = batch
                            .schema()
                            .fields()
                            .iter()
                            .zip(batch.columns())
                            .filter(|(field, _)| field.name() != "imported_utc")
                            .map(|(field, column)| {
                                let cell = arrow::util::display::array_value_to_string(column, row).unwrap();
                                format!("{}={cell}", field.name())
                            })
                            .collect::<Vec<_>>();
                        rows.push(columns.join(" "));
                    }
                    Ok(())
                })
                .unwrap();
        }
        rows.sort();
        rows
    }

    /// Lake and vault, all of it.
    pub(crate) fn everything(&self) -> BTreeMap<&'static str, Vec<String>> {
        let mut all: BTreeMap<_, _> = TABLES.iter().map(|table| (table.name, self.rows(table))).collect();
        let key = PrivateKey::open(&self.private, PASSPHRASE).unwrap();
        let vault = VaultReader::open(&self.root().vault(), &self.school.id, &key);
        let selection =
            Selection { from: date(1970, 1, 1), to: date(2999, 1, 1), actor: None, between_us: None };
        let (mut requests, mut rejects, mut words) = (Vec::new(), Vec::new(), Vec::new());
        vault
            .requests(&selection, &mut |row| {
                requests.push(format!(
                    "{} {} {:?} {:?} {:?} {:?}",
                    row.import_token, row.record_number, row.actor, row.user_written, row.host, row.path
                ));
                Ok(())
            })
            .unwrap();
        vault
            .rejects(&selection, &mut |row| {
                rejects.push(format!("{} {:?}", row.record_number, row.raw));
                Ok(())
            })
            .unwrap();
        vault
            .words(&selection, &mut |row| {
                words.push(row.words.to_string());
                Ok(())
            })
            .unwrap();
        let (mut changes, mut checks) = (Vec::new(), Vec::new());
        vault
            .changes(&selection, &mut |row| {
                changes.push(format!("{} {:?} {:?}", row.change, row.reference, row.narrative));
                Ok(())
            })
            .unwrap();
        vault
            .checks(&selection, &mut |row| {
                checks.push(format!("{} {:?} {:?}", row.check, row.device_written, row.narrative));
                Ok(())
            })
            .unwrap();
        for (name, mut rows) in [
            ("vault requests", requests),
            ("vault changes", changes),
            ("vault checks", checks),
            ("vault rejects", rejects),
            ("vault words", words),
        ] {
            rows.sort();
            all.insert(name, rows);
        }
        all
    }
}

/// 2025-10-06T08:00:00Z, a Monday.
pub(crate) const EIGHT: i64 = 1_759_737_600;
pub(crate) const DAY: i64 = 86_400;

pub(crate) fn line(seconds: i64, user: &str, url: &str) -> String {
    format!(
        "{seconds}.250    120 10.1.2.3 TCP_MISS/200 4512 GET {url} {user} HIER_DIRECT/192.0.2.7 text/html\n"
    )
}

/// Two days of two people, one damaged line, one line without a request.
pub(crate) fn log() -> String {
    let mut text = String::new();
    for minute in 0..20 {
        text += &line(EIGHT + minute * 60, "ajones", "http://www.example.com/page?x=1");
        text += &line(EIGHT + DAY + minute * 60, "bsmith", "http://news.example.org/");
    }
    text += "1759737999.5 this line was cut\n";
    text
}

#[test]
fn a_log_becomes_rows_once() {
    let place = Installation::new();
    place.put("proxy.log", &log());
    let report = place.run();
    assert_eq!(report.files.len(), 1);
    let file = &report.files[0];
    assert_eq!(file.outcome, Outcome::Committed, "{file:?}");
    assert_eq!((file.tally.records, file.tally.events, file.tally.rejected()), (41, 40, 1));
    assert_eq!(file.tally.file_bytes, log().len() as u64);
    assert_eq!(report.days_derived, 2);
    assert_eq!(fs::read_dir(place.root().inbox()).unwrap().count(), 0, "the source is gone");

    assert_eq!(place.snapshot(&REQUESTS).rows(), Some(40));
    assert_eq!(place.snapshot(&REQUESTS).days(), BTreeSet::from([date(2025, 10, 6), date(2025, 10, 7)]));
    assert_eq!(place.snapshot(&REJECTS).rows(), Some(1));
    assert_eq!(place.snapshot(&ACTOR_DAYS).rows(), Some(2));
    assert!(place.rows(&ACTOR_DAYS).iter().all(|row| row.contains(" records=20 ")));
    let imports = place.rows(&IMPORTS);
    assert_eq!(imports.len(), 1);
    assert!(
        imports[0].contains(" records=41 events=40 other=0 folded=0 duplicate=0 rejects=1 "),
        "{}",
        imports[0]
    );
    let everything = place.everything();
    assert_eq!(everything["vault requests"].len(), 40);
    assert!(everything["vault requests"].iter().any(|row| row.contains("ajones")));
    assert_eq!(everything["vault rejects"].len(), 1);
    assert!(everything["vault words"].contains(&"proxy.log".to_owned()));

    let before = place.snapshot(&REQUESTS).version;
    place.put("the same under another name.log", &log());
    let again = place.run();
    assert_eq!(again.files[0].outcome, Outcome::AlreadyIngested);
    assert_eq!(again.days_derived, 0);
    assert_eq!(place.snapshot(&REQUESTS).version, before);
    assert_eq!(place.everything(), everything);
    assert_eq!(fs::read_dir(place.root().inbox()).unwrap().count(), 0, "the duplicate is gone too");
}

/// An export as Windows saves it, and the same with a status that changed.
#[test]
fn the_text_of_an_incident_is_in_the_vault_and_nowhere_else() {
    const TEXT: &str = "She told the heron keeper\nabout the zinnia chat";
    let place = Installation::new();
    let export = |status: &str| {
        let text = format!(
            "Student,Date,Category,Incident,Status\r\nMary Taylor,16/10/2025 11:20,Bullying,\"{TEXT}\",{status}\r\n\
             Tom Hill,16/10/2025 11:20,Bullying,\"{TEXT}\",{status}\r\n"
        );
        text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    for (name, status) in [("a.csv", "Open"), ("b.csv", "Closed")] {
        fs::write(place.root().inbox().join(name), export(status)).unwrap();
        let report = place.run();
        assert_eq!(report.files[0].outcome, Outcome::Committed);
        let tally = &report.files[0].tally;
        assert_eq!((tally.events, tally.directives, tally.records), (2, 1, 3));
        // Both names are strangers: there is no roster.
        assert_eq!(tally.notices, BTreeMap::from([(crate::report::Notice::NameUnknown.words(), 2)]));
    }
    let rows = place.rows(&INCIDENTS);
    let values = |name: &str| -> BTreeSet<String> {
        let start = format!("{name}=");
        rows.iter()
            .flat_map(|row| row.split(' ').filter(|cell| cell.starts_with(&start)))
            .map(str::to_owned)
            .collect()
    };
    // Two pupils of one incident, each of them twice: the older row is the history of the newer one.
    assert_eq!(rows.len(), 4);
    assert_eq!((values("incident").len(), values("incident_row").len(), values("status").len()), (1, 2, 2));

    let key = PrivateKey::open(&place.private, PASSPHRASE).unwrap();
    let vault = VaultReader::open(&place.root().vault(), &place.school.id, &key);
    let selection = Selection { from: date(1970, 1, 1), to: date(2999, 1, 1), actor: None, between_us: None };
    let mut texts = Vec::new();
    vault
        .incidents(&selection, &mut |row| {
            texts.push(row.narrative.map(|text| text.to_string()));
            Ok(())
        })
        .unwrap();
    assert_eq!(texts, vec![Some(TEXT.to_owned()); 4]);
    let elsewhere = format!("{:?}", place.everything());
    for word in ["heron", "zinnia", "Mary", "Tom Hill"] {
        assert!(!elsewhere.contains(word), "{word}");
        let narrow = word.as_bytes();
        let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (path, bytes) in files_below(&place.dir()) {
            let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
            assert!(!holds(narrow) && !holds(&wide), "{word} in {}", path.display());
        }
    }
}

#[test]
fn the_members_of_an_archive_are_taken_in_one_by_one() {
    use std::io::Write as _;
    let place = Installation::new();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let monday = log();
    let tuesday = line(EIGHT + 2 * DAY, "bbrown", "http://a.example/");
    for (name, text) in
        [("monday.log", monday.as_str()), ("read me.txt", "Logs of this week.\n"), ("tuesday.log", &tuesday)]
    {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    let packed = writer.finish().unwrap().into_inner();
    fs::write(place.root().inbox().join("week.zip"), &packed).unwrap();
    let report = place.run();
    let ends: Vec<_> =
        report.files.iter().map(|file| (file.argument, file.part, file.outcome.word())).collect();
    let (taken, refused) = (Outcome::Committed.word(), Outcome::Refused(String::new()).word());
    assert_eq!(ends, [(1, Some(1), taken), (1, Some(2), refused), (1, Some(3), taken)]);
    assert_eq!(report.files[0].tally.file_bytes, monday.len() as u64);
    assert_eq!(place.snapshot(&REQUESTS).rows(), Some(41));
    assert!(place.everything()["vault words"].contains(&"week.zip/monday.log".to_owned()));
    // The archive stands aside because of its note, with the reason, and nothing is left claimed.
    let notes: Vec<_> = files_below(&place.root().refused());
    assert_eq!(notes.len(), 2);
    assert!(notes.iter().any(|(_, bytes)| bytes.starts_with(b"part 2: no known layout fits")));
    assert!(files_below(&place.root().claimed()).is_empty());
    // The same logs unpacked are known.
    place.put("monday.log", &monday);
    fs::write(place.root().inbox().join("again.zip"), &packed).unwrap();
    let again = place.run();
    let known = Outcome::AlreadyIngested.word();
    assert_eq!(
        again.files.iter().map(|file| file.outcome.word()).collect::<Vec<_>>(),
        [known, refused, known, known]
    );
    assert_eq!(place.snapshot(&REQUESTS).rows(), Some(41));
}

/// Every file below a folder, with its bytes.
fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            files.push((path, bytes));
        }
    }
    files
}

#[test]
fn the_same_content_twice_in_a_run_counts_once() {
    let place = Installation::new();
    place.put("a.log", &log());
    place.put("b.log", &log());
    place.put("c.log", &line(EIGHT, "ajones", "http://www.example.com/").repeat(3));
    let outcomes: Vec<_> = place.run().files.into_iter().map(|file| file.outcome).collect();
    assert_eq!(outcomes, [Outcome::Committed, Outcome::AlreadyIngested, Outcome::Committed]);
    assert_eq!(place.snapshot(&REQUESTS).rows(), Some(43));
    assert_eq!(place.snapshot(&IMPORTS).files.len(), 1, "one commit for the group");
    assert_eq!(fs::read_dir(place.root().claimed()).unwrap().count(), 0);
}

#[test]
fn of_a_log_that_grew_only_the_new_part_is_taken_in() {
    let place = Installation::new();
    let whole = log() + &line(EIGHT + 2 * DAY, "cbrown", "http://www.example.net/").repeat(2);
    // The first copy was made while a line was being written; the second ends between text and line end.
    let first = log().len() + 30;
    place.put("access.log", &whole[..first]);
    let report = place.run();
    assert_eq!((report.files[0].tally.events, report.files[0].tally.rejected()), (40, 2));
    place.put("access.log", &whole[..whole.len() - 1]);
    let report = place.run();
    let tally = &report.files[0].tally;
    // The cut line is whole now, so it is new; all before it stood in the lake.
    assert_eq!((tally.records, tally.duplicate, tally.events, tally.rejected()), (43, 41, 2, 0));
    assert_eq!(report.days_derived, 1);
    // Copied again in the same run, under two names, longer and packed: only what follows is new.
    let longer = whole.clone() + &line(EIGHT + 3 * DAY, "cbrown", "http://www.example.net/");
    place.put("access.log", &longer);
    fs::write(place.root().inbox().join("access.log.1"), zstd::encode_all(whole.as_bytes(), 3).unwrap())
        .unwrap();
    let report = place.run();
    let counts: Vec<_> =
        report.files.iter().map(|file| (file.argument, file.tally.duplicate, file.tally.events)).collect();
    assert_eq!(counts, [(1, 43, 1), (2, 43, 0)]);

    let undisturbed = Installation::new();
    undisturbed.put("access.log", &longer);
    undisturbed.run();
    assert_eq!(place.snapshot(&REQUESTS).rows(), undisturbed.snapshot(&REQUESTS).rows());
    assert_eq!(place.everything()["vault requests"].len(), 43);
}

#[test]
fn of_exports_that_overlap_each_row_counts_once() {
    let place = Installation::new();
    let header = "Time,Username,Source IP,URL,Domain,Categories,Action\n";
    let row = |day: u8, minute: u8, user: &str| {
        format!(
            "{day:02}/10/2025 09:{minute:02}:00,{user},10.1.4.17,http://a.example/x,a.example,News,Allowed\n"
        )
    };
    // In the first week somebody asked twice within a minute: both are records.
    let first = [row(13, 1, "ajones"), row(13, 1, "ajones"), row(14, 2, "bsmith")].concat();
    place.put("october.csv", &format!("{header}{first}"));
    let tally = place.run().files.remove(0).tally;
    assert_eq!((tally.events, tally.duplicate), (3, 0), "{tally:?}");
    // The next export has the same days again, one of them with a record more, and a new day; the order
    // is another.
    let second = [
        row(15, 3, "ajones"),
        row(14, 2, "bsmith"),
        row(13, 1, "ajones"),
        row(13, 1, "ajones"),
        row(13, 1, "ajones"),
    ];
    place.put("october, later.csv", &format!("{header}{}", second.concat()));
    let tally = place.run().files.remove(0).tally;
    assert_eq!((tally.records, tally.events, tally.duplicate), (6, 2, 3), "{tally:?}");
    assert_eq!(place.snapshot(&REQUESTS).rows(), Some(5));
    // The export itself grew: a repeat behind the part that was taken in before is a record of its own.
    let grown = [header.to_owned(), second.concat(), row(15, 3, "ajones")].concat();
    place.put("october, grown.csv", &grown);
    let tally = place.run().files.remove(0).tally;
    assert_eq!((tally.records, tally.events, tally.duplicate), (7, 1, 5), "{tally:?}");
    assert_eq!(place.snapshot(&REQUESTS).rows(), Some(6));
    // A third that only repeats adds nothing, also beside the second in one run.
    place.put("again.csv", &format!("{header}{}{}", row(15, 3, "ajones"), row(13, 1, "ajones")));
    let tally = place.run().files.remove(0).tally;
    assert_eq!((tally.events, tally.duplicate), (0, 2), "{tally:?}");
}

#[test]
fn a_file_of_which_nearly_all_fails_is_refused_whole() {
    let place = Installation::new();
    let mut text = line(EIGHT, "ajones", "http://www.example.com/").repeat(250);
    text += &"1759737999.250 120 10.1.2.3 TCP_MISS/200 oops GET http://www.example.com/ - HIER_NONE/- -\n"
        .repeat(2500);
    place.put("proxy.log", &text);
    let report = place.run();
    let Outcome::Refused(reason) = &report.files[0].outcome else { panic!("{:?}", report.files[0]) };
    assert!(reason.contains("2500 of 2750 records cannot be read: not a number (2500)"), "{reason}");
    let everything = place.everything();
    assert!(everything.values().all(Vec::is_empty), "{everything:?}");
    assert!(State::open(&place.root()).unwrap().open_imports().unwrap().is_empty());
    assert_eq!(fs::read_dir(place.root().refused()).unwrap().count(), 2, "the file and its note");
}

#[test]
fn records_of_a_closed_day_are_rejected() {
    let place = Installation::new();
    place.run();
    State::open(&place.root()).unwrap().close_day(date(2025, 10, 7)).unwrap();
    place.put("proxy.log", &log());
    let report = place.run();
    assert_eq!(report.files[0].tally.rejects["day already closed by retention"], 20);
    assert_eq!(place.snapshot(&REQUESTS).days(), BTreeSet::from([date(2025, 10, 6)]));
}

/// A run that stops dead after so many steps of a group's commit.
fn stopped_after(ingest: &Ingest<'_>, steps: usize) -> Result<IngestReport, Error> {
    ingest.with(&(), |run| {
        run.recover()?;
        let files = inbox::gather(run.root, &[], Duration::ZERO)?;
        for (index, file) in files.into_iter().enumerate() {
            run.take(file, index + 1, 2)?;
            if steps == 0 {
                return Ok(());
            }
        }
        let group = std::mem::take(&mut run.group);
        type Stage<'s> = Box<dyn Fn(&mut Run<'_>) -> Result<(), Error> + 's>;
        let mut stages: Vec<Stage<'_>> = vec![
            Box::new(|run| run.flush(&group)),
            Box::new(|run| {
                // Only the first of the tables.
                let files = group.files_of(IMPORTED[0]);
                run.runtime.block_on(run.lake.commit(IMPORTED[0], files))
            }),
            Box::new(|run| run.commit_rows(&group)),
            Box::new(|run| run.enter(&group)),
        ];
        let mut steps = steps;
        if steps >= 3 {
            // All tables at once take the place of the first one.
            drop(stages.remove(1));
            steps -= 1;
        }
        stages.iter().take(steps).try_for_each(|stage| stage(run))
    })
}

#[test]
fn a_run_stopped_at_any_step_and_repeated_equals_an_undisturbed_one() {
    let more = line(EIGHT + 2 * DAY, "cbrown", "http://www.example.net/") + "1759737999.5 cut\n";
    let fill = |place: &Installation| {
        place.put("a.log", &log());
        place.put("b.log", &more.repeat(3));
    };
    let mut undisturbed = Installation::new();
    fill(&undisturbed);
    undisturbed.run();
    for steps in 0..=4 {
        // The same keys, so that tokens are the same.
        let place = Installation { folder: tempfile::tempdir().unwrap(), ..Installation::new() };
        let place = Installation {
            school: SchoolConfig {
                pseudonym_key_dir: undisturbed.school.pseudonym_key_dir.clone(),
                ..place.school
            },
            ..place
        };
        fs::create_dir_all(place.root().inbox()).unwrap();
        fill(&place);
        place.with(|ingest| stopped_after(ingest, steps));
        if steps < 4 {
            assert!(place.rows(&REQUESTS).is_empty(), "nobody sees an import without its row");
        }
        let report = place.run();
        assert!(report.files.len() == 2, "the claimed files are found again");
        assert_eq!(place.everything(), undisturbed.everything(), "stopped after step {steps}");
        assert_eq!(place.snapshot(&REQUESTS).rows(), Some(43));
        assert!(State::open(&place.root()).unwrap().open_imports().unwrap().is_empty());
        assert!(State::open(&place.root()).unwrap().dirty_days().unwrap().is_empty());
        assert_eq!(fs::read_dir(place.root().claimed()).unwrap().count(), 0);
    }
    undisturbed.school.keep_sources_days = 1;
}

#[test]
fn sources_are_kept_as_long_as_the_school_says() {
    let mut place = Installation::new();
    place.school.keep_sources_days = 3;
    let old = place.root().kept().join("2025-01-01");
    fs::create_dir_all(&old).unwrap();
    place.put("proxy.log", &log());
    place.run();
    let kept: Vec<_> =
        fs::read_dir(place.root().kept()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(kept, [today("Europe/London").unwrap().to_string().as_str()]);
    assert!(!old.exists());
}

#[test]
fn the_first_and_last_event_stand_in_the_ledger() {
    let place = Installation::new();
    place.put("proxy.log", &log());
    place.run();
    let imports = place.rows(&IMPORTS);
    // The stamp is the end of the request, 120 ms after its start.
    assert!(imports[0].contains("first_utc=2025-10-06T08:00:00.130Z"), "{}", imports[0]);
    assert!(imports[0].contains("last_utc=2025-10-07T08:19:00.130Z"), "{}", imports[0]);
    assert_eq!(epoch_days(date(2025, 10, 6)), 20_367);
}

#[test]
fn the_ledger_counts_days_and_the_state_knows_the_feeds() {
    let place = Installation::new();
    place.put("proxy.log", &log());
    place.run();
    let imports = place.rows(&IMPORTS);
    let log = imports.iter().find(|row| row.contains("source_format=squid-native")).unwrap();
    assert!(log.contains("event_days=2025-10-06=20;2025-10-07=20"), "{log}");
    assert!(State::open(&place.root()).unwrap().expected_feeds().unwrap().is_empty());

    fs::create_dir_all(place.root().settings()).unwrap();
    fs::write(place.root().settings().join("feeds.csv"), "folder,days\nproxy,school\n,none\n").unwrap();
    place.run();
    let feeds = State::open(&place.root()).unwrap().expected_feeds().unwrap();
    let this = AcademicYear::of(today("Europe/London").unwrap());
    let of_this_year: Vec<_> = feeds.iter().filter(|feed| feed.year == this).collect();
    assert_eq!(of_this_year.len(), 2);
    assert!(of_this_year[0].folder.len() == 16 && of_this_year[1].folder.is_empty());
}
