//! Any rows below the header of a shipped profile.
#![no_main]

use std::sync::LazyLock;

use ingest::detect::{Detection, detect};
use ingest::fields::Parsed;
use ingest::formats::profile::ProfileSet;
use ingest::read::read_records;
use ingest::report::Tally;
use libfuzzer_sys::fuzz_target;

static PROFILES: LazyLock<ProfileSet> =
    LazyLock::new(|| ProfileSet::shipped().expect("shipped profiles are sound"));

fuzz_target!(|content: &[u8]| {
    let [choice, rows @ ..] = content else { return };
    let profiles: Vec<_> = PROFILES.iter().collect();
    let profile = profiles[usize::from(*choice) % profiles.len()];
    let words: Vec<_> =
        profile.columns().filter_map(|(_, words, _)| words.first()).map(String::as_str).collect();
    let mut file = words.join(",").into_bytes();
    file.push(b'\n');
    file.extend_from_slice(rows);
    let Some(only) = PROFILES.only(profile.id()) else { return };
    let Detection::Found(detected) = detect(&file, &only) else { return };
    let mut tally = Tally::default();
    read_records(&mut &file[..], &detected, &mut tally, &mut |_, _, parsed, tally| {
        match parsed {
            Ok(Parsed::Other(kind)) => *tally.other.entry(kind.word()).or_default() += 1,
            Ok(_) => tally.events += 1,
            Err(reject) => tally.reject(reject.reason),
        }
        Ok(())
    })
    .expect("memory can be read");
    tally.conserve(tally.events).expect("nothing is lost");
});
