//! A disk that is full, a flush that fails, a rename that is refused: at one call or from one on, an
//! ingest says so, and run again it leaves what an undisturbed one leaves.
//!
//! The faults are injected by strace into the program's own calls. They take long and need a machine
//! where a program may be traced, so they run where the variable `WATERSHED_FAULTS` says so: `some` for
//! the first, a middle and the last call of each kind, `all` for every one of them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use super::crash::{SCHOOL, copy, ingest, prepare, vault_rows};
use super::support::python;

/// Calls that change what is on the disk, and how they fail.
const FAULTS: [(&str, &str); 5] = [
    ("write,pwrite64", "ENOSPC"),
    ("fsync,fdatasync", "EIO"),
    ("rename,renameat,renameat2,link,linkat", "EIO"),
    ("unlink,unlinkat,rmdir", "EIO"),
    ("mkdir,mkdirat", "ENOSPC"),
];

/// Runs an ingest under strace with these further arguments.
fn traced(dir: &Path, arguments: &[&str]) -> std::process::Output {
    let plain = ingest(dir);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]).args(arguments).arg(plain.get_program()).args(plain.get_args());
    command.env_remove("WATERSHED_DIR").env_remove("WATERSHED_SCHOOL");
    command.stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap()
}

/// The number of calls of the busiest thread in an undisturbed run.
fn calls(base: &Path, folder: &Path, names: &str) -> usize {
    let dir = folder.join("counted");
    copy(base, &dir);
    let log = folder.join("calls");
    traced(&dir, &["-e", &format!("trace={names}"), "-o", log.to_str().unwrap()]);
    std::fs::remove_dir_all(&dir).unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    let mut threads = std::collections::BTreeMap::new();
    for line in text.lines() {
        *threads.entry(line.split(' ').next().unwrap().to_owned()).or_insert(0) += 1;
    }
    threads.into_values().max().unwrap_or(0)
}

#[test]
fn after_any_fault_of_the_disk_another_run_makes_good() {
    let Ok(which) = std::env::var("WATERSHED_FAULTS") else { return };
    let all = which == "all";
    let folder = tempfile::tempdir().unwrap();
    let base = prepare(folder.path(), 37);
    let undisturbed = folder.path().join("undisturbed");
    copy(&base, &undisturbed);
    ingest(&undisturbed).status().unwrap();
    let expected = vault_rows(folder.path(), &undisturbed);
    assert!(expected.len() > 500, "too few rows to mean anything");
    let lake = |dir: &Path| dir.join("schools").join(SCHOOL).join("lake");
    let (mut runs, mut failed) = (0, 0);
    for (names, error) in FAULTS {
        let most = calls(&base, folder.path(), names);
        assert!(most > 0, "{names}: no call to fail");
        let sample: BTreeSet<usize> = if all {
            (1..=most).collect()
        } else {
            [1, most / 2, most].into_iter().filter(|at| *at > 0).collect()
        };
        for at in sample {
            // Once, and from then on: a disk that is full stays so.
            for when in [format!("{at}"), format!("{at}+")] {
                let dir = folder.path().join("faulty");
                copy(&base, &dir);
                let inject = format!("inject={names}:error={error}:when={when}");
                let output =
                    traced(&dir, &["-o", "/dev/null", "-e", &format!("trace={names}"), "-e", &inject]);
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(!said.contains("panicked"), "{inject}: {said}");
                let ended = output.status.code();
                assert!(matches!(ended, Some(0..=2)), "{inject}: ended with {ended:?}");
                failed += u32::from(ended == Some(2));
                runs += 1;
                ingest(&dir).status().unwrap();
                assert!(vault_rows(folder.path(), &dir) == expected, "{inject}: the vault differs");
                python("same_lake.py", &[&lake(&undisturbed), &lake(&dir)]);
                std::fs::remove_dir_all(&dir).unwrap();
            }
        }
    }
    println!("{runs} runs with a fault, {failed} of which ended with a failure");
    assert!(failed > 0, "no fault was felt");
}
