//! Unpacking by magic number, never by name, and never without limits.

use std::fmt;
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How far a packed file may swell before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Unpacked bytes of one file.
    pub unpacked_bytes: u64,
    /// Unpacked bytes for each packed byte.
    pub ratio: u64,
    /// Unpacked bytes below which the ratio does not matter.
    pub ratio_from_bytes: u64,
}

impl Limits {
    /// A busy school's log of a month is under 20 GB; real logs pack 10 to 60 times.
    pub const DEFAULT: Self = Self { unpacked_bytes: 64 << 30, ratio: 400, ratio_from_bytes: 64 << 20 };
}

/// Why unpacking stopped for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A limit was passed.
    Bomb,
    /// The packed data contradicts itself.
    Damaged,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Bomb => "the packed file swells beyond the limits",
            Self::Damaged => "the packed file is damaged",
        })
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// The refusal inside an error of a read, if that is what it was.
    pub(super) fn of(error: &io::Error) -> Option<Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()).copied()
    }
}

/// Counts packed bytes on their way into the decompressor.
pub(super) struct Counted<R> {
    pub(super) inner: R,
    pub(super) bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.bytes.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// Unpacked bytes: limited, and a file that breaks off ends where it broke.
pub(super) struct Unpacked {
    inner: Box<dyn Read + Send>,
    packed_bytes: Arc<AtomicU64>,
    unpacked_bytes: u64,
    limits: Limits,
    ended_early: Arc<AtomicBool>,
    ended: bool,
}

impl Unpacked {
    /// `packed_bytes` counts what `inner` has taken.
    pub(super) fn new(
        inner: Box<dyn Read + Send>,
        packed_bytes: Arc<AtomicU64>,
        limits: Limits,
        ended_early: Arc<AtomicBool>,
    ) -> Self {
        Self { inner, packed_bytes, unpacked_bytes: 0, limits, ended_early, ended: false }
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        match self.inner.read(buffer) {
            Ok(0) => {
                self.ended = true;
                Ok(0)
            }
            Ok(length) => {
                self.unpacked_bytes += length as u64;
                let packed = self.packed_bytes.load(Ordering::Relaxed).max(1);
                let swollen = self.unpacked_bytes > self.limits.ratio_from_bytes
                    && self.unpacked_bytes / packed > self.limits.ratio;
                if swollen || self.unpacked_bytes > self.limits.unpacked_bytes {
                    self.ended = true;
                    return Err(io::Error::other(Refusal::Bomb));
                }
                Ok(length)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.ended = true;
                self.ended_early.store(true, Ordering::Relaxed);
                Ok(0)
            }
            Err(error) if error.raw_os_error().is_some() => Err(error),
            Err(_) => {
                self.ended = true;
                Err(io::Error::other(Refusal::Damaged))
            }
        }
    }
}

/// Unpacks `file` if its first bytes say that it is packed. `ended_early` becomes true when packed
/// data breaks off; what stood before the break is given out.
pub(super) fn open(
    mut file: impl Read + Send + 'static,
    limits: Limits,
    ended_early: Arc<AtomicBool>,
) -> io::Result<Box<dyn Read + Send>> {
    let mut magic = Vec::with_capacity(4);
    Read::by_ref(&mut file).take(4).read_to_end(&mut magic)?;
    let packed_bytes = Arc::new(AtomicU64::new(0));
    let kind = match magic.as_slice() {
        [0x1f, 0x8b, ..] => Kind::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd] => Kind::Zstd,
        _ => Kind::Plain,
    };
    let whole = io::Cursor::new(magic).chain(file);
    let inner: Box<dyn Read + Send> = match kind {
        Kind::Plain => return Ok(Box::new(whole)),
        Kind::Gzip => {
            let counted = Counted { inner: whole, bytes: Arc::clone(&packed_bytes) };
            Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(1 << 17, counted)))
        }
        Kind::Zstd => {
            let counted = Counted { inner: whole, bytes: Arc::clone(&packed_bytes) };
            Box::new(zstd::stream::read::Decoder::new(counted)?)
        }
    };
    Ok(Box::new(Unpacked::new(inner, packed_bytes, limits, ended_early)))
}

enum Kind {
    Plain,
    Gzip,
    Zstd,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use std::io::Write as _;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        writer.write_all(content).unwrap();
        writer.finish().unwrap()
    }

    fn read(packed: Vec<u8>, limits: Limits) -> (io::Result<Vec<u8>>, bool) {
        let early = Arc::new(AtomicBool::new(false));
        let mut content = Vec::new();
        let result = open(io::Cursor::new(packed), limits, Arc::clone(&early))
            .and_then(|mut reader| reader.read_to_end(&mut content));
        (result.map(|_| content), early.load(Ordering::Relaxed))
    }

    /// Text that packs badly enough for a cut in the middle to leave something.
    fn text() -> Vec<u8> {
        (0..40_000_u64)
            .flat_map(|n| format!("{:x}\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).into_bytes())
            .collect()
    }

    #[test]
    fn plain_and_short_files_pass() {
        for content in [&b""[..], b"a", b"abc\n", b"\x1f"] {
            assert_eq!(read(content.to_vec(), Limits::DEFAULT).0.unwrap(), content);
        }
    }

    #[test]
    fn all_members_of_a_gzip_file_are_read() {
        let mut packed = gzip(b"first\n");
        packed.extend(gzip(b"second\n"));
        let (content, early) = read(packed, Limits::DEFAULT);
        assert_eq!(content.unwrap(), b"first\nsecond\n");
        assert!(!early);
    }

    #[test]
    fn a_broken_off_file_keeps_what_was_read_and_says_so() {
        for packed in [gzip(&text()), zstd::encode_all(&text()[..], 1).unwrap()] {
            let half = packed[..packed.len() / 2].to_vec();
            let (content, early) = read(half, Limits::DEFAULT);
            let content = content.unwrap();
            assert!(early);
            assert!(!content.is_empty() && text().starts_with(&content));
            let (content, early) = read(packed, Limits::DEFAULT);
            assert_eq!(content.unwrap(), text());
            assert!(!early);
        }
    }

    #[test]
    fn bombs_and_damage_are_refused() {
        let limits = Limits { unpacked_bytes: 1 << 30, ratio: 50, ratio_from_bytes: 100_000 };
        let (content, _) = read(gzip(&vec![b'a'; 1_000_000]), limits);
        assert_eq!(Refusal::of(&content.unwrap_err()), Some(Refusal::Bomb));
        let (content, _) = read(gzip(&text()), Limits { unpacked_bytes: 1_000, ..limits });
        assert_eq!(Refusal::of(&content.unwrap_err()), Some(Refusal::Bomb));
        // Below the size from which the ratio counts, a dull log is a log.
        let (content, _) = read(gzip(&vec![b'a'; 90_000]), limits);
        assert_eq!(content.unwrap().len(), 90_000);
        let mut packed = gzip(&text());
        let middle = packed.len() / 2;
        for byte in &mut packed[middle..middle + 64] {
            *byte ^= 0x55;
        }
        let (content, _) = read(packed, Limits::DEFAULT);
        assert_eq!(Refusal::of(&content.unwrap_err()), Some(Refusal::Damaged));
    }
}
