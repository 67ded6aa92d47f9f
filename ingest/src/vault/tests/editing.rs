//! Rows taken out of sealed files.

use super::*;
use crate::vault::edit::{Edited, VaultEditor};

#[test]
fn rows_go_or_change_and_the_rest_is_as_it_was() {
    let bench = Bench::new();
    let mut writer = bench.writer();
    for (minute, account) in [(1, "amy.otter"), (2, "ben.badger"), (3, "amy.otter")] {
        bench.push(&mut writer, &on(date(2026, 1, 5), minute, account));
    }
    bench.push(&mut writer, &on(date(2026, 1, 6), 4, "amy.otter"));
    bench.push(&mut writer, &on(date(2026, 1, 7), 5, "ben.badger"));
    writer.finish().unwrap();
    let before = bench.read(&pairs()[0].0, &everything()).unwrap();
    let amy = before.iter().find(|row| row.record_number == 2).unwrap().actor;
    let untouched = bench.vault.join("2026-01-07").join(format!("{FINGERPRINT}-0.parquet"));
    let bytes = fs::read(&untouched).unwrap();

    let recipients = [pairs()[1].1.clone()];
    let reader = VaultReader::open(&bench.vault, &bench.school, &pairs()[0].0);
    let editor = VaultEditor { reader, recipients: &recipients };
    let edited = editor.requests(&mut |row| if row.actor == amy { Edited::Gone } else { Edited::Same(row) });
    assert_eq!(edited.unwrap(), 3);
    assert!(!bench.vault.join("2026-01-06").exists(), "nothing was left of that day");
    assert_eq!(fs::read(&untouched).unwrap(), bytes);
    let expected: Vec<_> = before.into_iter().filter(|row| row.actor != amy).collect();
    assert_eq!(expected.len(), 2);
    // The file that was sealed anew is for the present recipients only.
    let rows = bench.read(&pairs()[1].0, &everything()).unwrap();
    assert!(rows == expected);
    assert_eq!(bench.read(&pairs()[0].0, &everything()).unwrap_err().kind(), Kind::Configuration);
    let reader = VaultReader::open(&bench.vault, &bench.school, &pairs()[1].0);
    let editor = VaultEditor { reader, recipients: &recipients };
    assert_eq!(
        editor.requests(&mut |row| if row.actor == amy { Edited::Gone } else { Edited::Same(row) }).unwrap(),
        0
    );
    let edited = editor.requests(&mut |mut row| {
        row.address = None;
        Edited::Changed(row)
    });
    assert_eq!(edited.unwrap(), 2);
    assert!(bench.read(&pairs()[1].0, &everything()).unwrap().iter().all(|row| row.address.is_none()));
}
