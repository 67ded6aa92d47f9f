//! Real log files, where the variable `WATERSHED_CORPUS` names their folder. They have no licence
//! that would let them lie here; what is expected of each was counted by hand and by `awk`.

use std::path::PathBuf;

use serde_json::Value;

use super::support::{out, run, watershed};

/// File, records, events, other, rejects, blanks.
type Expected = (&'static str, u64, u64, u64, u64, u64);

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("WATERSHED_CORPUS").map(PathBuf::from);
    if folder.is_none() {
        println!("corpus absent: WATERSHED_CORPUS is not set");
    }
    folder
}

/// Takes all files of a folder in at once and returns what became of each.
fn take_in(folder: &str, expected_status: i32) -> Option<Vec<Value>> {
    let corpus = corpus()?;
    let place = tempfile::tempdir().unwrap();
    let passphrase = place.path().join("passphrase");
    std::fs::write(&passphrase, "correct horse battery staple\n").unwrap();
    out(watershed()
        .args(["keys", "new", "--out"])
        .arg(place.path().join("dsl"))
        .arg("--passphrase-file")
        .arg(&passphrase));
    out(watershed()
        .arg("--dir")
        .arg(place.path().join("installation"))
        .args([
            "--school",
            "st-a",
            "init",
            "--name",
            "St Anne's",
            "--phase",
            "secondary",
            "--roll",
            "300",
            "--yes",
        ])
        .arg("--dsl-key")
        .arg(place.path().join("dsl.pub"))
        .arg("--pseudonym-key-dir")
        .arg(place.path().join("pseudonym-keys")));
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(corpus.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let output = run(watershed()
        .arg("--dir")
        .arg(place.path().join("installation"))
        .args(["--school", "st-a", "ingest", "--format", "json"])
        .args(&files));
    assert_eq!(output.status.code(), Some(expected_status), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let ended = report["files"].as_array().unwrap().clone();
    assert_eq!(ended.len(), files.len());
    for (file, path) in ended.iter().zip(&files) {
        println!(
            "{folder}/{}: {} {} records {} events {} other {} rejects {} blanks {} {}",
            path.file_name().unwrap().to_string_lossy(),
            file["format"],
            file["outcome"],
            file["records"],
            file["events"],
            file["other"],
            file["rejects"],
            file["blanks"],
            file["reason"]
        );
    }
    Some(ended)
}

fn rejected(file: &Value) -> u64 {
    file["rejects"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

#[test]
fn csv_edge_cases_are_no_log_and_each_is_refused() {
    let Some(files) = take_in("csv-edge-cases", 1) else { return };
    for file in &files {
        assert_eq!(file["outcome"], "refused");
        assert!(!file["reason"].as_str().unwrap().is_empty());
    }
    println!("{} files of the corpus ran", files.len());
}

#[test]
fn real_squid_and_dansguardian_files_are_read_right() {
    let Some(files) = take_in("squid-native", 1) else { return };
    let Some(guardian) = take_in("dansguardian-format2-csv", 0) else { return };
    let sums = |file: &Value| -> Expected {
        let count = |key: &str| file[key].as_u64().unwrap();
        ("", count("records"), count("events"), count("other"), rejected(file), count("blanks"))
    };
    assert_eq!(sums(&guardian[0]), ("", 1, 1, 0, 0, 0));
    for file in &files {
        let (_, records, events, other, rejects, blanks) = sums(file);
        assert_eq!(records, events + other + rejects + blanks + file["directives"].as_u64().unwrap());
    }
    println!("{} files of the corpus ran", files.len() + guardian.len());
}
