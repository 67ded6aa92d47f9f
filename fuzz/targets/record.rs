//! Any lines to any format: no panic, and a reject points into its record.
#![no_main]

use ingest::formats;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let [choice, content @ ..] = content else { return };
    let format = formats::ALL[usize::from(*choice) % formats::ALL.len()];
    let (mut voter, mut reader) = (format.reader(), format.reader());
    for line in content.split(|byte| *byte == b'\n') {
        let _ = voter.vote(line);
        if let Err(reject) = reader.read(line) {
            assert!(reject.offset_bytes as usize <= line.len());
        }
    }
});
