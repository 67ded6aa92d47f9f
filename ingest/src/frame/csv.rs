//! CSV records: a line end inside double quotes belongs to the value. The rules are those of the
//! CSV reader that later takes the record apart, so that the two never disagree.

use super::{CAP_BYTES, Cut, Look, terminated, unterminated};
use crate::report::Reason;

/// The byte between values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`, which spreadsheets write where the comma is the decimal sign.
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Bar,
}

impl Delimiter {
    /// Every delimiter, in the order in which they are tried.
    pub const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Bar];

    /// The byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Bar => b'|',
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the first byte of a value.
    Start,
    /// In a value that did not begin with a quote.
    Bare,
    /// Between quotes.
    Quoted,
    /// After a quote between quotes: an end, or the first of two that stand for one.
    Quote,
}

/// The first record of `rest`. Quotes that are still open where the file or the cap ends cost one
/// line: it is handed out with [`Reason::Quoting`], and framing begins again on the next.
pub(super) fn record(rest: &[u8], ended: bool, delimiter: Delimiter) -> Look {
    let delimiter = delimiter.byte();
    let mut state = State::Start;
    let mut inner: Option<usize> = None;
    let mut lines = 1;
    let window = &rest[..rest.len().min(CAP_BYTES + 2)];
    let mut at = 0;
    while at < window.len() {
        match state {
            State::Quoted => {
                // Most bytes of a long text are neither.
                let Some(step) = memchr::memchr2(b'"', b'\n', &window[at..]) else { break };
                at += step;
                if window[at] == b'"' {
                    state = State::Quote;
                } else {
                    inner.get_or_insert(at);
                    lines += 1;
                }
            }
            State::Bare => {
                let Some(step) = memchr::memchr2(delimiter, b'\n', &window[at..]) else { break };
                at += step;
                if window[at] == b'\n' {
                    return Look::Record(terminated(rest, at, lines));
                }
                state = State::Start;
            }
            State::Start | State::Quote => match window[at] {
                b'\n' => return Look::Record(terminated(rest, at, lines)),
                b'"' => state = State::Quoted,
                byte if byte == delimiter => state = State::Start,
                _ => state = State::Bare,
            },
        }
        at += 1;
    }
    let full = rest.len() > CAP_BYTES + 1;
    if !full && !ended {
        return Look::More;
    }
    match inner {
        // Still between quotes, or behind quotes that closed on a later line and then ran on.
        Some(newline) if full || state == State::Quoted => {
            Look::Record(Cut { fault: Some(Reason::Quoting), ..terminated(rest, newline, 1) })
        }
        _ if full => Look::Skip,
        _ if state == State::Quoted => {
            Look::Record(Cut { fault: Some(Reason::Quoting), ..unterminated(rest, lines) })
        }
        _ => Look::Record(unterminated(rest, lines)),
    }
}

/// Takes one record apart into reused buffers.
pub(crate) struct Cells {
    reader: csv_core::Reader,
    delimiter: Delimiter,
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl std::fmt::Debug for Cells {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Cells({} values, redacted)", self.count)
    }
}

impl Cells {
    /// Buffers for records of this delimiter.
    pub(crate) fn new(delimiter: Delimiter) -> Self {
        let reader = csv_core::ReaderBuilder::new()
            .delimiter(delimiter.byte())
            // The framer has taken the line end off; what is left inside belongs to a value.
            .terminator(csv_core::Terminator::Any(b'\n'))
            .build();
        Self { reader, delimiter, text: Vec::new(), ends: Vec::new(), count: 0 }
    }

    /// Reads a record's values, quotes undone.
    pub(crate) fn read(&mut self, record: &[u8]) {
        self.reader.reset();
        let most = memchr::memchr_iter(self.delimiter.byte(), record).count() + 1;
        if self.text.len() < record.len() + 1 {
            self.text.resize(record.len() + 1, 0);
        }
        if self.ends.len() < most {
            self.ends.resize(most, 0);
        }
        let (_, _, written, ended) = self.reader.read_record(record, &mut self.text, &mut self.ends);
        // No input means the end of the file: the last value ends here.
        let (_, _, _, last) =
            self.reader.read_record(&[], &mut self.text[written..], &mut self.ends[ended..]);
        self.count = ended + last;
    }

    /// How many values there are.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// One value.
    pub(crate) fn get(&self, index: usize) -> Option<&[u8]> {
        if index >= self.count {
            return None;
        }
        let begin = if index == 0 { 0 } else { self.ends[index - 1] };
        self.text.get(begin..self.ends[index])
    }

    /// All values in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.count).filter_map(|index| self.get(index))
    }
}
