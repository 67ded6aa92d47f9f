//! Any bytes in any chunks: every byte belongs to one record, and where a chunk ends changes nothing.
#![no_main]

use ingest::frame::{Delimiter, Framer, Framing};
use libfuzzer_sys::fuzz_target;

fn records(framing: Framing, content: &[u8], chunk: usize) -> (Vec<(u64, u64, Vec<u8>)>, u64) {
    let mut framer = Framer::new(framing);
    let mut records = Vec::new();
    let mut take = |framer: &mut Framer| {
        while let Some(record) = framer.record() {
            records.push((record.place.offset_bytes, record.place.length_bytes, record.bytes.to_vec()));
        }
    };
    for piece in content.chunks(chunk.max(1)) {
        framer.push(piece);
        take(&mut framer);
    }
    framer.end();
    take(&mut framer);
    let bytes = framer.file_bytes();
    (records, bytes)
}

fuzz_target!(|content: &[u8]| {
    let [choice, chunk, content @ ..] = content else { return };
    let framing = match choice % 5 {
        0 => Framing::Lines,
        1 => Framing::Csv(Delimiter::Comma),
        2 => Framing::Csv(Delimiter::Semicolon),
        3 => Framing::Csv(Delimiter::Tab),
        _ => Framing::Csv(Delimiter::Bar),
    };
    let (whole, bytes) = records(framing, content, content.len());
    assert_eq!(bytes, content.len() as u64);
    assert_eq!(whole.iter().map(|(_, length, _)| length).sum::<u64>(), bytes);
    assert_eq!(records(framing, content, usize::from(*chunk)).0, whole);
});
