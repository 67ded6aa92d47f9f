//! A log that was copied earlier and comes later: a file whose lines are the first lines of one that was
//! taken in.
//!
//! Of each import the state file keeps a chain: for every line a keyed hash of it and of all lines before,
//! 32 bits each. A file is the beginning of an import when the chain of the import begins with all of the
//! file's chain, so a stranger is taken for a copy once in 4,000 million cases at most, where it differs in its last
//! line only; what differs earlier differs in every value from there on. What is not hashed,
//! and so bounds it:
//!
//! - A last line that breaks off within its text. Behind [`SURE_LINES`] known lines of a log it is known
//!   too. Behind fewer, or in an export, whose rows may come in another order, it is a record of its own.
//! - Files of more than [`MOST_LINES`] lines are neither kept nor compared.
//! - Chains are kept for [`KEPT_DAYS`] days, and compared within an academic year of imports: they hang on
//!   its key.

use std::io::Read;

use super::Run;
use crate::detect::{Detected, Layout};
use crate::error::Error;
use crate::pseudonymise::{Domain, Keyring};
use crate::school::AcademicYear;
use crate::state::Lines;

/// No header has as many lines.
const SURE_LINES: usize = 16;
/// 32 MB of chain.
const MOST_LINES: usize = 8 << 20;
/// A copy that was forgotten longer counts as new.
pub(crate) const KEPT_DAYS: u16 = 14;
/// Bytes of the chain for each line.
const LINK: usize = 4;

/// How much of a file is the beginning of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Beginning {
    /// Bytes of the known lines.
    whole_lines: u64,
    /// The last line, which breaks off, may be known as well.
    sure: bool,
}

impl Beginning {
    /// Bytes that are known, once it is known what the file is.
    pub(super) fn known_bytes(self, bytes: u64, detected: &Detected) -> u64 {
        let is_log = !matches!(detected.layout(), Layout::Profile(_));
        if self.sure && is_log { bytes } else { self.whole_lines }
    }
}

/// Passes content on and hashes its lines.
pub(super) struct LineReader<R> {
    inner: R,
    hasher: blake3::Hasher,
    before: [u8; 8],
    chain: Vec<u8>,
    whole_lines: u64,
    begun_bytes: u64,
    overfull: bool,
}

impl<R> std::fmt::Debug for LineReader<R> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "LineReader({} lines)", self.chain.len() / LINK)
    }
}

/// The lines of a whole file.
#[derive(Debug)]
pub(super) struct HashedLines {
    year: AcademicYear,
    chain: Vec<u8>,
    /// Hash of a last line without its end, as if it were whole.
    rest: Option<[u8; LINK]>,
    whole_lines: u64,
    bytes: u64,
}

impl<R: Read> LineReader<R> {
    /// Reads from `inner`; the chain hangs on the key of a year.
    pub(super) fn new(inner: R, keyring: &Keyring, year: AcademicYear) -> Result<Self, Error> {
        let mut key = [0; 32];
        for (number, part) in (0_u8..).zip(key.chunks_exact_mut(8)) {
            part.copy_from_slice(&keyring.token(year, Domain::Lines, &[number])?.to_be_bytes());
        }
        Ok(Self {
            inner,
            hasher: blake3::Hasher::new_keyed(&key),
            before: [0; 8],
            chain: Vec::new(),
            whole_lines: 0,
            begun_bytes: 0,
            overfull: false,
        })
    }

    fn hash(&mut self, part: &[u8]) {
        if self.begun_bytes == 0 {
            self.hasher.reset().update(&self.before);
        }
        self.hasher.update(part);
        self.begun_bytes += part.len() as u64;
    }

    fn end_line(&mut self) {
        self.before.copy_from_slice(&self.hasher.finalize().as_bytes()[..8]);
        self.chain.extend_from_slice(&self.before[..LINK]);
        self.whole_lines += self.begun_bytes + 1;
        self.begun_bytes = 0;
    }

    fn see(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            if self.chain.len() / LINK >= MOST_LINES {
                self.overfull = true;
                return;
            }
            if end == 0 && self.begun_bytes == 0 {
                self.hasher.reset().update(&self.before);
            }
            self.hash(&bytes[..end]);
            self.end_line();
            bytes = &bytes[end + 1..];
        }
        self.hash(bytes);
    }

    /// What was read; none if it was too much or nothing.
    pub(super) fn finish(self, year: AcademicYear) -> Option<HashedLines> {
        let Self { hasher, chain, whole_lines, begun_bytes, overfull, .. } = self;
        let mut rest = [0; LINK];
        rest.copy_from_slice(&hasher.finalize().as_bytes()[..LINK]);
        (!overfull && !chain.is_empty()).then(|| HashedLines {
            year,
            chain,
            rest: (begun_bytes > 0).then_some(rest),
            whole_lines,
            bytes: whole_lines + begun_bytes,
        })
    }
}

impl<R: Read> Read for LineReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.inner.read(buffer)?;
        if !self.overfull {
            self.see(&buffer[..length]);
        }
        Ok(length)
    }
}

impl HashedLines {
    /// What the state file keeps of them.
    fn kept(&self, import_token: i64) -> Lines<'_> {
        Lines { import_token, year: self.year, bytes: self.bytes, chain: &self.chain }
    }
}

impl Run<'_> {
    /// How much of a file is the beginning of a longer import, of this run or an earlier one.
    pub(super) fn beginning(&self, lines: &HashedLines) -> Result<Beginning, Error> {
        let mut found = Beginning::default();
        for longer in self.state.longer_imports(&lines.kept(0), LINK)? {
            if !self.stands(longer.import_token) {
                continue;
            }
            let next: Option<[u8; LINK]> = longer.next.try_into().ok();
            let sure = match (lines.rest, next) {
                (None, _) => true,
                // Only its line end is missing.
                (Some(rest), Some(next)) if rest == next => true,
                (Some(_), next) => next.is_some() && lines.chain.len() / LINK >= SURE_LINES,
            };
            let whole_lines =
                if lines.rest.is_some() && next == lines.rest { lines.bytes } else { lines.whole_lines };
            found.whole_lines = found.whole_lines.max(whole_lines);
            found.sure |= sure;
        }
        Ok(found)
    }

    /// Whether an import stands in the lake or in the group at hand.
    fn stands(&self, import_token: i64) -> bool {
        let digits = format!("{:016x}", import_token.cast_unsigned());
        self.imported.contains_key(&digits) || self.group.holds(&digits)
    }

    /// Keeps the lines of an import, and forgets those whose days are over.
    pub(super) fn keep_lines(&mut self, import_token: i64, lines: &HashedLines) -> Result<(), Error> {
        let forget = self.today.saturating_sub(jiff::Span::new().days(i64::from(KEPT_DAYS)));
        self.state.record_lines(&lines.kept(import_token), self.today, forget)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;
    use crate::school::SchoolId;

    fn lines(content: &[u8], piece: usize) -> Option<HashedLines> {
        let folder = tempfile::tempdir().unwrap();
        let (keys, dir) = (folder.path().join("keys"), folder.path().join("installation"));
        std::fs::create_dir_all(&keys).unwrap();
        std::fs::write(keys.join("a-2025-26.key"), [7; 32]).unwrap();
        use std::os::unix::fs::PermissionsExt as _;
        for (path, mode) in [(keys.clone(), 0o700), (keys.join("a-2025-26.key"), 0o400)] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let keyring = Keyring::open(&keys, &SchoolId::parse("a").unwrap(), &dir).unwrap();
        let year = AcademicYear::parse("2025-26").unwrap();
        let mut reader = LineReader::new(content, &keyring, year).unwrap();
        let mut buffer = vec![0; piece];
        while reader.read(&mut buffer).unwrap() > 0 {}
        reader.finish(year)
    }

    #[test]
    fn a_chain_begins_with_the_chain_of_its_beginning() {
        let content = b"one\ntwo\n\n\nthree\r\nfour";
        let whole = lines(content, 1000).unwrap();
        assert_eq!((whole.chain.len() / LINK, whole.whole_lines, whole.bytes), (5, 17, 21));
        for piece in [1, 2, 5] {
            let again = lines(content, piece).unwrap();
            assert_eq!((&again.chain, again.rest), (&whole.chain, whole.rest), "in pieces of {piece}");
        }
        for end in 4..content.len() {
            let part = lines(&content[..end], 1000).unwrap();
            assert!(whole.chain.starts_with(&part.chain));
        }
        let whole_line = lines(b"one\ntwo\n\n\nthree\r\nfour\n", 1000).unwrap();
        assert_eq!(
            whole.rest.unwrap(),
            whole_line.chain[5 * LINK..],
            "a last line without its end is the same line"
        );
        let other = lines(b"one\ntwi\n\n\nthree\r\n", 1000).unwrap();
        assert_eq!(other.chain[..LINK], whole.chain[..LINK]);
        for (one, two) in other.chain.chunks(LINK).zip(whole.chain.chunks(LINK)).skip(1) {
            assert_ne!(one, two, "what differs once differs from there on");
        }
        assert!(lines(b"no line end", 1000).is_none() && lines(b"", 1000).is_none());
    }
}
