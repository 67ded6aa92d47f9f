//! Text that spreadsheets and Windows save as UTF-16 becomes UTF-8 before anything looks at it.
//!
//! It is a layer like unpacking: the content that is known by its hash, whose bytes and places are
//! counted, is the decoded one. So the same export saved in both ways is one file, and the records'
//! bytes add up. Windows-1252 cannot be told from a file's first bytes and often stands among UTF-8;
//! it is read value by value, with a notice.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_16BE, UTF_16LE};

/// Bytes that are looked at where there is no byte order mark.
const LOOK_BYTES: u64 = 1024;

/// Bytes taken from the input at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Gives out `content` as it is, or as UTF-8 if it is UTF-16. `replaced` becomes true when a half of a
/// character was missing.
pub(super) fn open(
    mut content: impl Read + Send + 'static,
    replaced: Arc<AtomicBool>,
) -> io::Result<Box<dyn Read + Send>> {
    let mut head = Vec::new();
    Read::by_ref(&mut content).take(LOOK_BYTES).read_to_end(&mut head)?;
    let encoding = encoding_of(&head);
    let whole = io::Cursor::new(head).chain(content);
    let Some(encoding) = encoding else { return Ok(Box::new(whole)) };
    Ok(Box::new(Decoded {
        inner: whole,
        decoder: encoding.new_decoder_with_bom_removal(),
        packed: vec![0; CHUNK_BYTES],
        // Three bytes of UTF-8 for two of UTF-16, and what a chunk before it left over.
        text: vec![0; CHUNK_BYTES * 2],
        given: 0,
        ready: 0,
        ended: false,
        replaced,
    }))
}

/// UTF-16, by its mark or because nearly every second byte is zero, on one side only. Four bytes for a
/// character (UTF-32) are left alone: detection refuses them.
fn encoding_of(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [0xff, 0xfe, 0, 0, ..] => return None,
        [0xff, 0xfe, ..] => return Some(UTF_16LE),
        [0xfe, 0xff, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let units = head.len() / 2;
    if units < 8 {
        return None;
    }
    let zeros = |side: usize| head.chunks_exact(2).filter(|unit| unit[side] == 0).count();
    match (zeros(0), zeros(1)) {
        // The other byte of a letter can be zero too, but rarely is.
        (low, high) if high * 4 >= units * 3 && low * 16 <= units => Some(UTF_16LE),
        (high, low) if high * 4 >= units * 3 && low * 16 <= units => Some(UTF_16BE),
        _ => None,
    }
}

struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    packed: Vec<u8>,
    text: Vec<u8>,
    /// Bytes of `text` that were given out, and that are there.
    given: usize,
    ready: usize,
    ended: bool,
    replaced: Arc<AtomicBool>,
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready {
            if self.ended {
                return Ok(0);
            }
            self.decode()?;
        }
        let length = buffer.len().min(self.ready - self.given);
        buffer[..length].copy_from_slice(&self.text[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

impl<R: Read> Decoded<R> {
    /// Decodes the next chunk. The output holds twice the input, so one call takes all of it.
    fn decode(&mut self) -> io::Result<()> {
        let length = self.inner.read(&mut self.packed)?;
        let last = length == 0;
        let (result, taken, written, errors) =
            self.decoder.decode_to_utf8(&self.packed[..length], &mut self.text, last);
        if errors {
            self.replaced.store(true, Ordering::Relaxed);
        }
        if taken < length || result == CoderResult::OutputFull {
            return Err(io::Error::other("the text cannot be decoded"));
        }
        (self.given, self.ready, self.ended) = (0, written, last);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    /// Gives out a byte count that falls into the middle of characters.
    struct Slow(io::Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(3);
            self.0.read(&mut buffer[..length])
        }
    }

    fn read(content: Vec<u8>) -> (String, bool) {
        let replaced = Arc::new(AtomicBool::new(false));
        let mut text = Vec::new();
        open(Slow(io::Cursor::new(content)), Arc::clone(&replaced)).unwrap().read_to_end(&mut text).unwrap();
        (String::from_utf8(text).unwrap(), replaced.load(Ordering::Relaxed))
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    }

    /// Letters of one to four bytes, longer than a look and than a chunk.
    fn text() -> String {
        "Date,Student,Category\r\n03/09/2025,Zoë Łuczak 😀,Bullying\r\n".repeat(3_000)
    }

    #[test]
    fn utf16_is_decoded_with_and_without_a_mark() {
        for big in [false, true] {
            assert_eq!(read(utf16(&text(), big)), (text(), false));
            assert_eq!(read(utf16(&format!("\u{feff}{}", text()), big)), (text(), false));
        }
    }

    #[test]
    fn everything_else_passes_as_it_is() {
        for content in ["", "a", "ab\n", "Zoë\n", "\u{feff}Date,Student\n"] {
            assert_eq!(read(content.as_bytes().to_vec()), (content.to_owned(), false));
        }
        assert_eq!(read(text().into_bytes()), (text(), false));
        // A crash leaves zero bytes on both sides, and Squid one at the end of a cut record.
        let crashed = format!("{}{}{}", "a log line\n".repeat(5), "\0".repeat(400), "a log line\n");
        assert_eq!(read(crashed.clone().into_bytes()), (crashed, false));
        let utf32: Vec<u8> =
            "\u{feff}Date,Student\n".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        let mut same = Vec::new();
        open(io::Cursor::new(utf32.clone()), Arc::default()).unwrap().read_to_end(&mut same).unwrap();
        assert_eq!(same, utf32);
    }

    #[test]
    fn half_a_character_is_replaced_and_said() {
        let mut content = utf16("Date,Student,Category\n", false);
        content.extend(0xd800_u16.to_le_bytes());
        content.extend(utf16("x\n", false));
        let (text, replaced) = read(content);
        assert_eq!((text.as_str(), replaced), ("Date,Student,Category\n\u{fffd}x\n", true));
        // A file cut in the middle of a unit.
        let mut content = utf16("Date,Student,Category\n", false);
        content.push(b'x');
        assert_eq!(read(content), ("Date,Student,Category\n\u{fffd}".to_owned(), true));
    }
}
