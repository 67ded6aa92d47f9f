//! Rows of `investigations.csv` that somebody wrote by hand: noticed, on record, and without effect until a key of the
//! safeguarding lead says that they are meant.

use std::process::Output;

use super::night::Night;
use super::staff::{audit, cells, pseudonyms, refused, school, with_key};
use super::support::{out, run, watershed};

const HEADER: &str = "holder,purpose,valid_from,valid_to,reason,role\n";

fn write(night: &Night, rows: &str) {
    std::fs::write(night.root().settings().join("investigations.csv"), format!("{HEADER}{rows}")).unwrap();
}

fn row(pseudonym: &str) -> String {
    format!("{pseudonym},investigation,2025-10-06,2025-10-06,case 12,headteacher\n")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn ingest(night: &Night) -> String {
    let output = run(&mut night.command(watershed(), &["ingest"]));
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
    said(&output)
}

/// What `check` says of the file.
fn checked(night: &Night) -> String {
    let output = run(&mut night.command(watershed(), &["check", "--format", "json"]));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let of_file =
        found["findings"].as_array().unwrap().iter().find(|finding| finding["what"] == "investigations");
    of_file.unwrap()["says"].as_str().unwrap().to_owned()
}

/// Who entered what is set apart, oldest first.
fn entered(night: &Night) -> Vec<String> {
    audit(night).into_iter().filter(|(what, _)| what == "set apart").map(|(_, who)| who).collect()
}

/// Pupils of `attention` and staff of `staff`, of whom there is one each for these readers.
fn seen(night: &Night) -> (usize, usize) {
    (cells(night, &["attention", "--as", "dana"]).len(), cells(night, &["staff", "--as", "dana"]).len())
}

fn listed(night: &Night) -> String {
    out(&mut night.command(watershed(), &["investigations", "list"]))
}

#[test]
fn a_row_written_by_hand_hides_nothing_until_a_key_says_that_it_is_meant() {
    let night = school();
    let of_pupils = cells(&night, &["attention", "--as", "dana"]);
    let of_staff = cells(&night, &["staff", "--as", "dana"]);
    let (pupil, teacher) = (pseudonyms(&of_pupils)[0], pseudonyms(&of_staff)[0]);
    assert_eq!(seen(&night), (1, 1));
    assert!(checked(&night).contains("as somebody with a key left it"));

    // Whoever can write the file would have a pupil's and a teacher's day gone from every figure.
    let both = [row(pupil), row(teacher)].concat();
    write(&night, &both);
    assert!(checked(&night).contains("changed without the command"), "before any ingest");
    for _ in 0..2 {
        let told = ingest(&night);
        assert_eq!(seen(&night), (1, 1), "{told}");
    }
    out(&mut night.command(watershed(), &["watch", "--once"]));
    assert_eq!(seen(&night), (1, 1));
    assert_eq!(entered(&night), ["watershed"], "once, by the program");
    assert!(checked(&night).contains("changed without the command"), "{}", checked(&night));
    assert_eq!(listed(&night).matches("no key vouched for it").count(), 2, "{}", listed(&night));

    // Only a key of this vault confirms, and with a reason.
    let confirm = ["investigations", "confirm", "--reason", "case 12"];
    assert!(refused(&night, &confirm).contains("--key"));
    let other = night.disk().join("other");
    let passphrase = night.beside("passphrase");
    out(watershed().args(["keys", "new", "--out"]).arg(&other).arg("--passphrase-file").arg(&passphrase));
    let (other, passphrase) = (format!("{}.key", other.display()), passphrase.to_str().unwrap().to_owned());
    refused(&night, &[&confirm[..], &["--key", &other, "--passphrase-file", &passphrase]].concat());
    assert!(!run(&mut with_key(&night, &["investigations", "confirm", "--reason", " "])).status.success());
    ingest(&night);
    assert_eq!((seen(&night), entered(&night).len()), ((1, 1), 1));

    out(&mut with_key(&night, &confirm));
    assert!(checked(&night).contains("as somebody with a key left it"));
    ingest(&night);
    assert_eq!(seen(&night), (0, 0), "both are set apart");
    assert!(entered(&night)[1].contains("key "), "{:?}", entered(&night));

    // A row that is taken out by hand brings back what it hid, and put back by hand it waits for a key.
    write(&night, &row(pupil));
    assert!(ingest(&night).contains("changed without the command"));
    assert_eq!(seen(&night), (0, 1));
    assert!(checked(&night).contains("changed without the command"));
    write(&night, &both);
    ingest(&night);
    assert_eq!(seen(&night), (0, 1));
    assert!(checked(&night).contains("without the command"), "{}", checked(&night));
    out(&mut with_key(&night, &confirm));
    ingest(&night);
    assert_eq!(seen(&night), (0, 0));
}

#[test]
fn a_row_of_the_command_does_not_vouch_for_one_beside_it_nor_for_other_days() {
    let night = school();
    let of_staff = cells(&night, &["staff", "--as", "dana"]);
    let teacher = pseudonyms(&of_staff)[0];
    write(&night, &row(teacher));
    let add = [
        "investigations",
        "add",
        "--account",
        "ajones",
        "--purpose",
        "investigation",
        "--role",
        "headteacher",
    ];
    let days = ["--from", "2025-10-06", "--to", "2025-10-06", "--reason", "case 13"];
    out(&mut with_key(&night, &[&add[..], &days].concat()));
    ingest(&night);
    assert_eq!(seen(&night), (0, 1), "the pupil's as the key said, the teacher's not");
    assert!(checked(&night).contains("no key vouched for them: 1;"), "{}", checked(&night));
    let who = entered(&night);
    assert_eq!((who.len(), who[0].as_str()), (2, "watershed"), "{who:?}");
    assert!(who[1].contains("key "));

    // Longer by hand: the row is another, and so is nobody's.
    let path = night.root().settings().join("investigations.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("2025-10-06,2025-10-06,\"case 13\"", "2025-10-06,2025-12-06,\"case 13\""),
    )
    .unwrap();
    ingest(&night);
    assert_eq!(seen(&night), (1, 1));
}
