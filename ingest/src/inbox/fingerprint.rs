//! What a file is: a hash of its decompressed content, so that one log under two names, or packed
//! and unpacked, is one log.

use std::fmt;
use std::io::Read;

/// BLAKE3 of a file's decompressed content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Hashes everything `input` has; also says how many bytes that was.
    ///
    /// # Errors
    /// What reading fails with.
    pub fn of(input: &mut dyn Read) -> std::io::Result<(Self, u64)> {
        Self::of_growing(input, &[], &mut |_, _| ())
    }

    /// The same, telling on the way the fingerprint of the first so many bytes for each of `lengths`
    /// (ascending) that is less than the whole.
    ///
    /// # Errors
    /// What reading fails with.
    pub fn of_growing(
        input: &mut dyn Read,
        lengths: &[u64],
        begins: &mut dyn FnMut(u64, Self),
    ) -> std::io::Result<(Self, u64)> {
        let mut hasher = blake3::Hasher::new();
        let mut chunk = vec![0; 256 * 1024];
        let mut lengths = lengths.iter().copied().skip_while(|length| *length == 0).peekable();
        loop {
            match input.read(&mut chunk) {
                Ok(0) => return Ok((Self(*hasher.finalize().as_bytes()), hasher.count())),
                Ok(length) => {
                    let mut rest = &chunk[..length];
                    while let Some(mark) = lengths.next_if(|mark| *mark < hasher.count() + rest.len() as u64)
                    {
                        let (before, after) = rest.split_at((mark - hasher.count()) as usize);
                        hasher.update(before);
                        begins(mark, Self(*hasher.finalize().as_bytes()));
                        rest = after;
                    }
                    hasher.update(rest);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// 64 hex digits.
    #[must_use]
    pub fn hex(&self) -> String {
        use fmt::Write as _;
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// The first 16 hex digits, which reports and file names show.
    #[must_use]
    pub fn short(&self) -> String {
        let mut text = self.hex();
        text.truncate(16);
        text
    }

    /// The first eight bytes, big-endian, for columns of whole numbers.
    #[must_use]
    pub fn token(&self) -> i64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        i64::from_be_bytes(first)
    }

    /// Reads what [`hex`](Self::hex) wrote.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = (high * 16 + low) as u8;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.short())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    #[test]
    fn the_empty_input_has_the_published_hash() {
        let (fingerprint, bytes) = Fingerprint::of(&mut &b""[..]).unwrap();
        // The first test vector of the BLAKE3 specification.
        assert_eq!(fingerprint.hex(), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
        assert_eq!(fingerprint.short(), "af1349b9f5f9a1a6");
        assert_eq!(fingerprint.token(), 0xaf13_49b9_f5f9_a1a6_u64 as i64);
        assert_eq!(bytes, 0);
        assert_eq!(Fingerprint::from_hex(&fingerprint.hex()), Some(fingerprint));
        assert_eq!(Fingerprint::from_hex("af"), None);
        assert_eq!(Fingerprint::from_hex(&"g".repeat(64)), None);
    }

    #[test]
    fn beginnings_are_told_apart_from_the_whole() {
        let content: Vec<u8> = (0..700_000_u32).map(|number| (number % 251) as u8).collect();
        let lengths = [0, 1, 1024, 262_144, 262_145, 600_000, 700_000, 700_001];
        let mut told = Vec::new();
        let whole = Fingerprint::of_growing(&mut &content[..], &lengths, &mut |length, begin| {
            told.push((length, begin))
        });
        assert_eq!(whole.unwrap(), Fingerprint::of(&mut &content[..]).unwrap());
        let apart = |length: u64| (length, Fingerprint::of(&mut &content[..length as usize]).unwrap().0);
        assert_eq!(told, [1, 1024, 262_144, 262_145, 600_000].map(apart));
    }
}
