//! Any bytes as gzip, zstd, zip, XLSX or UTF-16: read to the end within the limits, or refused.
#![no_main]

use std::io::{Read, Write};
use std::time::Duration;

use ingest::inbox::{Limits, gather};
use ingest::school::{SchoolId, SchoolRoot};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let mut file = tempfile::NamedTempFile::new_in("/dev/shm").expect("a temporary file");
    file.write_all(content).expect("memory can be written");
    let id = SchoolId::parse("fuzz").expect("a short name");
    let root = SchoolRoot::new(std::path::Path::new("/dev/shm/nothing-here"), &id);
    let Ok(claimed) = gather(&root, &[file.path().to_path_buf()], Duration::ZERO) else { return };
    let limits = Limits { unpacked_bytes: 1 << 22, ratio: 100, ratio_from_bytes: 1 << 16 };
    for part in claimed {
        let part = part.with_limits(limits);
        if let Ok(mut open) = part.open() {
            let mut chunk = [0; 4096];
            let mut total = 0;
            while let Ok(length) = open.read(&mut chunk) {
                if length == 0 {
                    break;
                }
                total += length;
            }
            // A decoder from UTF-16 makes at most three bytes of two.
            assert!(total <= (1 << 22) * 2 + 4096, "{total}");
        }
    }
});
