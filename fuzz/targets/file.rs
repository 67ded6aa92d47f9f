//! Any file: it is refused, or every record of it is accounted for.
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
    let Detection::Found(detected) = detect(content, &PROFILES) else { return };
    let mut tally = Tally::default();
    read_records(&mut &content[..], &detected, &mut tally, &mut |_, _, parsed, tally| {
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
