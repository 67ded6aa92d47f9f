//! Bytes to records: chunk-safe, limited in length, without loss. Every byte of a file belongs to
//! exactly one record, so the records' lengths add up to the file.

use std::io::{self, Read};
use std::ops::Range;

use crate::report::{Place, Reason};

mod csv;

pub(crate) use csv::Cells;
pub use csv::Delimiter;

/// Longest record that is read, without its line end.
pub const CAP_BYTES: usize = 64 * 1024;

/// Squid cuts a record here and writes a NUL in place of the line end; through its `daemon:` module,
/// which is Debian's default, it writes nothing in that place.
const SQUID_CUT: usize = 8_191;

/// Bytes asked of the input at a time.
const CHUNK_BYTES: usize = 256 * 1024;

const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// What ends a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// A line end.
    Lines,
    /// A line end outside double quotes.
    Csv(Delimiter),
}

/// One record as it stands in the file.
#[derive(Clone, Copy)]
pub struct RawRecord<'a> {
    /// Where it stands.
    pub place: Place,
    /// Its bytes without line end and byte order mark; the first [`CAP_BYTES`] if it is too long.
    pub bytes: &'a [u8],
    /// Why it cannot be parsed, if the framing alone shows it.
    pub fault: Option<Reason>,
    /// The file ended without a line end here.
    pub unterminated: bool,
}

crate::event::redacted!(RawRecord);

/// The next record in a buffer, before it is cut out.
struct Cut {
    content: Range<usize>,
    /// Bytes from the record's first to the next record's first.
    length: usize,
    /// Line ends passed over.
    lines: u64,
    fault: Option<Reason>,
    unterminated: bool,
}

/// What a look at the buffer found.
enum Look {
    Record(Cut),
    /// Not enough bytes to tell.
    More,
    /// Longer than the cap and no line end in sight: skip to the next one.
    Skip,
}

/// A record that is too long, while its end is looked for.
struct Long {
    head: Vec<u8>,
    length: u64,
}

/// Cuts a stream of bytes into records.
pub struct Framer {
    framing: Framing,
    /// How many columns a row has, and how many records stand before the rows.
    rows: Option<(usize, u64)>,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    began: bool,
    long: Option<Long>,
    /// Head of the long record handed out last.
    head: Vec<u8>,
    file_bytes: u64,
    offset_bytes: u64,
    line: u64,
    records: u64,
}

impl std::fmt::Debug for Framer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Framer({:?}, after record {}, redacted)", self.framing, self.records)
    }
}

impl Framer {
    /// A framer at the beginning of a file.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self {
            framing,
            rows: None,
            buffer: Vec::new(),
            start: 0,
            ended: false,
            began: false,
            long: None,
            head: Vec::new(),
            file_bytes: 0,
            offset_bytes: 0,
            line: 1,
            records: 0,
        }
    }

    /// The same, of a file whose rows have so many columns from the record after `header` on: a row that
    /// was cut between quotes then does not take the next one with it.
    #[must_use]
    pub fn with_rows(framing: Framing, columns: usize, header: u64) -> Self {
        Self { rows: Some((columns, header)), ..Self::new(framing) }
    }

    /// Bytes taken in so far.
    #[must_use]
    pub const fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Takes in the next bytes; false at the end of the input.
    ///
    /// # Errors
    /// What reading fails with.
    pub fn fill(&mut self, input: &mut dyn Read) -> io::Result<bool> {
        self.compact();
        let filled = self.buffer.len();
        let wanted = filled + CHUNK_BYTES;
        self.buffer.resize(wanted, 0);
        let mut end = filled;
        let outcome = loop {
            if end == wanted {
                break Ok(true);
            }
            match input.read(&mut self.buffer[end..]) {
                Ok(0) => {
                    self.ended = true;
                    break Ok(end > filled);
                }
                Ok(length) => end += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.buffer.truncate(end);
        self.file_bytes += (end - filled) as u64;
        outcome
    }

    /// Takes in bytes that are at hand.
    pub fn push(&mut self, chunk: &[u8]) {
        self.compact();
        self.buffer.extend_from_slice(chunk);
        self.file_bytes += chunk.len() as u64;
    }

    /// Says that nothing follows: what is left is the last record.
    pub const fn end(&mut self) {
        self.ended = true;
    }

    fn compact(&mut self) {
        self.buffer.drain(..self.start);
        self.start = 0;
    }

    /// The next whole record, none if more bytes are needed.
    pub fn record(&mut self) -> Option<RawRecord<'_>> {
        let mark = self.byte_order_mark()?;
        if self.long.is_none() {
            match self.look(mark) {
                Look::Record(cut) => return Some(self.cut(cut)),
                Look::More => return None,
                Look::Skip => self.long = Some(Long { head: Vec::new(), length: 0 }),
            }
        }
        self.skip(mark)
    }

    /// Length of a byte order mark where the next record begins; none if that cannot be told yet.
    fn byte_order_mark(&self) -> Option<usize> {
        if self.began || self.long.is_some() {
            return Some(0);
        }
        let rest = &self.buffer[self.start..];
        if rest.starts_with(BYTE_ORDER_MARK) {
            Some(BYTE_ORDER_MARK.len())
        } else if !self.ended && BYTE_ORDER_MARK.starts_with(rest) {
            None
        } else {
            Some(0)
        }
    }

    fn look(&self, mark: usize) -> Look {
        let rest = &self.buffer[self.start..];
        if rest.is_empty() {
            return Look::More;
        }
        let found = match self.framing {
            Framing::Lines => line(&rest[mark..], self.ended),
            Framing::Csv(delimiter) => {
                let width =
                    self.rows.filter(|(_, header)| self.records >= *header).map(|(columns, _)| columns);
                csv::record(&rest[mark..], self.ended, delimiter, width)
            }
        };
        match found {
            Look::Record(cut) => Look::Record(Cut {
                content: cut.content.start + mark..cut.content.end + mark,
                length: cut.length + mark,
                ..cut
            }),
            other => other,
        }
    }

    fn cut(&mut self, cut: Cut) -> RawRecord<'_> {
        let begin = self.start;
        let place = self.step(cut.length as u64, cut.lines);
        self.start += cut.length;
        RawRecord {
            place,
            bytes: &self.buffer[begin + cut.content.start..begin + cut.content.end],
            fault: cut.fault,
            unterminated: cut.unterminated,
        }
    }

    /// Passes over the rest of a record that is too long.
    fn skip(&mut self, mark: usize) -> Option<RawRecord<'_>> {
        let rest = &self.buffer[self.start..];
        let newline = memchr::memchr(b'\n', rest);
        let taken = newline.map_or(rest.len(), |at| at + 1);
        let long = self.long.as_mut()?;
        let wanted = CAP_BYTES.saturating_sub(long.head.len());
        let visible = &rest[mark.min(taken)..newline.unwrap_or(taken)];
        long.head.extend_from_slice(&visible[..visible.len().min(wanted)]);
        long.length += taken as u64;
        self.start += taken;
        if newline.is_none() && !self.ended {
            self.began = true;
            return None;
        }
        let Long { head, length } = self.long.take()?;
        self.head = head;
        let place = self.step(length, u64::from(newline.is_some()));
        Some(RawRecord {
            place,
            bytes: &self.head,
            fault: Some(Reason::TooLong),
            unterminated: newline.is_none(),
        })
    }

    fn step(&mut self, length_bytes: u64, lines: u64) -> Place {
        self.began = true;
        self.records += 1;
        let place =
            Place { record: self.records, line: self.line, offset_bytes: self.offset_bytes, length_bytes };
        self.offset_bytes += length_bytes;
        self.line += lines;
        place
    }
}

/// The first line of `rest`.
fn line(rest: &[u8], ended: bool) -> Look {
    let newline = memchr::memchr(b'\n', &rest[..rest.len().min(CAP_BYTES + 2)]);
    if newline.is_none_or(|at| at > SQUID_CUT) && rest.get(SQUID_CUT) == Some(&0) {
        return Look::Record(Cut {
            content: 0..SQUID_CUT,
            length: SQUID_CUT + 1,
            lines: 0,
            fault: Some(Reason::Truncated),
            unterminated: false,
        });
    }
    let whole = newline.is_some() || ended || rest.len() > CAP_BYTES + 1;
    if whole && newline.is_none_or(|at| at > SQUID_CUT) && begins_anew(rest) {
        return Look::Record(Cut {
            content: 0..SQUID_CUT,
            length: SQUID_CUT,
            lines: 0,
            fault: Some(Reason::Truncated),
            unterminated: false,
        });
    }
    match newline {
        Some(at) => Look::Record(terminated(rest, at, 1)),
        None if rest.len() > CAP_BYTES + 1 => Look::Skip,
        None if ended => Look::Record(unterminated(rest, 1)),
        None => Look::More,
    }
}

/// Whether Squid's next record follows at the place of the cut: both begin with a time or both with an
/// address, as the first word.
fn begins_anew(rest: &[u8]) -> bool {
    let Some(next) = rest.get(SQUID_CUT..) else { return false };
    let word = |text: &[u8]| {
        let end = memchr::memchr(b' ', &text[..text.len().min(46)])?;
        std::str::from_utf8(&text[..end]).ok().map(str::to_owned)
    };
    let is_time = |word: &str| {
        word.split_once('.').is_some_and(|(seconds, thousandths)| {
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            seconds.len() == 10 && thousandths.len() == 3 && digits(seconds) && digits(thousandths)
        })
    };
    let is_address = |word: &str| word.parse::<std::net::IpAddr>().is_ok();
    let (Some(first), Some(second)) = (word(rest), word(next)) else { return false };
    (is_time(&first) && is_time(&second)) || (is_address(&first) && is_address(&second))
}

/// A record that ends with the line end at `newline`.
fn terminated(rest: &[u8], newline: usize, lines: u64) -> Cut {
    let end = if newline > 0 && rest[newline - 1] == b'\r' { newline - 1 } else { newline };
    capped(Cut { content: 0..end, length: newline + 1, lines, fault: None, unterminated: false })
}

/// The last record of a file that ends without a line end.
fn unterminated(rest: &[u8], lines: u64) -> Cut {
    let end = rest.len() - usize::from(rest.last() == Some(&b'\r'));
    capped(Cut { content: 0..end, length: rest.len(), lines, fault: None, unterminated: true })
}

fn capped(cut: Cut) -> Cut {
    if cut.content.end <= CAP_BYTES {
        return cut;
    }
    Cut { content: 0..CAP_BYTES, fault: Some(Reason::TooLong), ..cut }
}

#[cfg(test)]
mod tests;
