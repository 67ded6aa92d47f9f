//! A disk that is full, that fails, that may only be read, and a program that is killed, at every call
//! of an ingest: it says so, and run again it leaves what an undisturbed run leaves.
//!
//! The calls fail within the program under test, which is the one that is shipped: `disk.c` is loaded
//! between it and the C library. Every test run tries the steps of a night by name and one call of each
//! kind; `WATERSHED_FAULTS=1` tries every call, `WATERSHED_FAULTS=5` every fifth (`tests/runs/README.md` has
//! what came of it).

use std::process::{Output, Stdio};
use std::time::Instant;

use ingest::pipeline::WriterLock;

use super::disk::{CHANGES, Fault, OPENS, Operation, READS, SPACE, counted, faulty, on_disk, operations};
use super::night::{Contents, Night, difference};
use super::support::watershed;

const ENOSPC: i32 = 28;
const EIO: i32 = 5;
const EACCES: i32 = 13;
const EROFS: i32 = 30;

const KILL: Fault = Fault { deed: "kill", which: CHANGES, error: 0 };
const FULL: Fault = Fault { deed: "on", which: SPACE, error: ENOSPC };

/// What is tried at every call, with the words of the committed table.
const FAULTS: [(&str, Fault); 9] = [
    ("killed before the call", KILL),
    ("killed with half of a write done", Fault { deed: "torn", which: CHANGES, error: 0 }),
    ("the call fails once (EIO)", Fault { deed: "once", which: CHANGES, error: EIO }),
    ("no space for the call, once (ENOSPC)", Fault { deed: "once", which: SPACE, error: ENOSPC }),
    ("the disk is full from the call on (ENOSPC)", FULL),
    ("half of a write is done, then the disk is full", Fault { deed: "short", which: SPACE, error: ENOSPC }),
    (
        "the folder may only be read from the call on (EROFS)",
        Fault { deed: "on", which: CHANGES, error: EROFS },
    ),
    ("nothing may be opened from the call on (EACCES)", Fault { deed: "on", which: OPENS, error: EACCES }),
    ("reading fails once (EIO)", Fault { deed: "once", which: READS, error: EIO }),
];

/// The steps of a night in their order: the letter of the call and what stands in its path.
const STEPS: [(&str, char, &str); 7] = [
    ("claim", 'R', "/claimed/"),
    ("stage", 'C', "/lake/requests/local_date="),
    ("seal", 'R', "/vault/2025-10-06/"),
    ("commit", 'L', "/lake/requests/_delta_log/00000000000000000001.json"),
    ("import", 'L', "/lake/imports/_delta_log/00000000000000000001.json"),
    ("delete", 'U', "/claimed/"),
    ("derive", 'L', "/lake/attempts/_delta_log/00000000000000000001.json"),
];

/// A night that nobody disturbed, and how often a run begins where it began.
struct Undisturbed {
    night: Night,
    expected: Contents,
    code: Option<i32>,
}

/// How runs ended that were disturbed.
#[derive(Debug, Default)]
struct Ends {
    runs: u32,
    as_usual: u32,
    said: u32,
    killed: u32,
    set_aside: u32,
}

impl Undisturbed {
    fn new() -> Self {
        let night = Night::new();
        for mut command in night.set_up(&watershed) {
            assert!(command.output().unwrap().status.success(), "{command:?}");
        }
        night.drop_files();
        night.save("before");
        let code = night.command(watershed(), &["ingest"]).output().unwrap().status.code();
        assert!(matches!(code, Some(0 | 1)));
        let expected = night.contents();
        assert_eq!((expected["requests"].len(), expected["incidents"].len()), (4, 1));
        assert_eq!(expected["incident_links"].len(), 1);
        assert!(expected["claimed"].is_empty() && expected["state open_imports"].is_empty());
        Self { night, expected, code }
    }

    /// The calls of a kind in a run that is left alone.
    fn calls(&self, which: u32) -> (usize, Vec<Operation>) {
        self.night.restore("before");
        let log = self.night.beside("calls");
        // An earlier count would be added to.
        let _absent = std::fs::remove_file(&log);
        let mut command = self.night.command(on_disk(&self.night.disk()), &["ingest"]);
        command.env("DISK_LOG", &log).env("DISK_WHICH", which.to_string());
        assert_eq!(command.output().unwrap().status.code(), self.code);
        assert_eq!(difference(&self.expected, &self.night.contents()), None, "being watched changes nothing");
        (counted(&log), operations(&log))
    }

    /// One run with a fault, and another without.
    fn disturb(&self, fault: Fault, at: usize, ends: &mut Ends) {
        let night = &self.night;
        night.restore("before");
        let place = format!("{fault:?} at call {at}");
        let output = night.command(faulty(&night.disk(), fault, at), &["ingest"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "{place}: {said}");
        ends.runs += 1;
        match output.status.code() {
            None => ends.killed += 1,
            code if code == self.code => ends.as_usual += 1,
            Some(1 | 2) => {
                assert!(!said.is_empty(), "{place}: it ended without a word");
                ends.said += 1;
            }
            code => panic!("{place}: ended with {code:?}: {said}"),
        }
        self.again(&place, output.status.code() == self.code, ends);
    }

    /// The run after a disturbed one. A file that could not be read stands aside and is dropped again.
    fn again(&self, place: &str, reported: bool, ends: &mut Ends) {
        let night = &self.night;
        let refused = night.root().refused();
        if reported && std::fs::read_dir(&refused).map_or(0, Iterator::count) == 0 {
            let stored = night.stored();
            let expected: Contents = self
                .expected
                .iter()
                .filter(|(name, _)| stored.contains_key(*name))
                .map(|(name, rows)| (name.clone(), rows.clone()))
                .collect();
            assert_eq!(difference(&expected, &stored), None, "{place}: it reported what is not there");
        }
        let again = || night.command(watershed(), &["ingest"]).output().unwrap();
        let mut output = again();
        let aside: Vec<_> =
            std::fs::read_dir(&refused).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        if !aside.is_empty() {
            ends.set_aside += 1;
            for folder in aside.iter().filter(|path| path.is_dir()) {
                for file in std::fs::read_dir(folder).unwrap() {
                    let file = file.unwrap();
                    std::fs::rename(file.path(), night.root().inbox().join(file.file_name())).unwrap();
                }
            }
            assert!(aside.iter().any(|path| path.is_file()), "{place}: refused without a reason");
            std::fs::remove_dir_all(&refused).unwrap();
            std::fs::create_dir(&refused).unwrap();
            output = again();
        }
        let said = || String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{place}: the run after it says {}", said());
        assert_eq!(difference(&self.expected, &night.contents()), None, "{place}");
    }
}

/// How many calls are gone on to the next that is tried; none where each kind is tried once.
pub(crate) fn every() -> Option<usize> {
    let every = std::env::var("WATERSHED_FAULTS").ok()?;
    Some(every.parse::<usize>().ok().filter(|every| *every > 0).expect("WATERSHED_FAULTS is a number from 1"))
}

#[test]
fn after_a_kill_or_a_full_disk_at_each_step_another_run_makes_good() {
    let undisturbed = Undisturbed::new();
    let (calls, operations) = undisturbed.calls(CHANGES);
    assert!(calls > 100, "{calls} calls: the program is not watched");
    let mut ends = Ends::default();
    for (step, what, part) in STEPS {
        let found = operations.iter().find(|operation| {
            let path = if operation.new.as_os_str().is_empty() { &operation.path } else { &operation.new };
            operation.what == what && path.to_string_lossy().contains(part)
        });
        let point = found.unwrap_or_else(|| panic!("no call for step `{step}`")).point;
        undisturbed.disturb(KILL, point, &mut ends);
        if step == "import" {
            // The import stands, its sources are still there.
            undisturbed.disturb(KILL, point + 1, &mut ends);
        }
    }
    assert_eq!(ends.killed, ends.runs, "{ends:?}");
    let (needing_space, _) = undisturbed.calls(SPACE);
    for at in [needing_space / 3, 2 * needing_space / 3] {
        undisturbed.disturb(FULL, at, &mut ends);
    }
    assert_eq!(ends.said, 2, "a full disk goes unnoticed: {ends:?}");
}

#[test]
fn after_a_fault_at_any_call_another_run_makes_good() {
    // Every call of every kind is some thousands of runs; without the word, each kind is tried once.
    let every = every();
    let undisturbed = Undisturbed::new();
    let mut felt = 0;
    for (index, (what, fault)) in FAULTS.into_iter().enumerate() {
        let begun = Instant::now();
        let mut ends = Ends::default();
        let chosen: Vec<usize> = match every {
            Some(every) => {
                (1..=undisturbed.calls(fault.which).0).skip(index % every).step_by(every).collect()
            }
            None => vec![20 + 15 * index],
        };
        for at in chosen {
            undisturbed.disturb(fault, at, &mut ends);
        }
        let Ends { runs, as_usual, said, killed, set_aside } = ends;
        println!(
            "| {what} | {runs} | {killed} | {said} | {as_usual} | {set_aside} | 0 | {} s |",
            begun.elapsed().as_secs()
        );
        felt += said + killed;
    }
    assert!(felt > 0, "no fault was felt");
}

#[test]
fn of_two_runs_at_once_one_is_told_to_wait_and_nothing_counts_twice() {
    let undisturbed = Undisturbed::new();
    let night = &undisturbed.night;
    night.restore("before");
    let held = WriterLock::take(&night.root()).unwrap();
    let refused: Output = night.command(watershed(), &["ingest"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("another process is writing") && said.contains("try again"), "{said}");
    assert_eq!(std::fs::read_dir(night.root().inbox()).unwrap().count(), 2, "nothing was claimed");
    drop(held);
    let mut both: Vec<_> = (0..2)
        .map(|_| {
            let mut command = night.command(watershed(), &["ingest"]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    let codes: Vec<_> = both.iter_mut().map(|child| child.wait().unwrap().code()).collect();
    // The second may come after the first has ended.
    assert!(
        codes.iter().all(|code| matches!(code, Some(0..=2))) && codes.contains(&undisturbed.code),
        "{codes:?}"
    );
    assert_eq!(difference(&undisturbed.expected, &night.contents()), None);
}
