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

/// What a look at one record found.
struct Scan {
    /// The line end that ends it; none where the bytes end first.
    end: Option<usize>,
    /// The first line end between quotes.
    inner: Option<usize>,
    lines: u64,
    columns: usize,
    /// No value goes on behind its closing quote.
    clean: bool,
    /// Still between quotes where the bytes end.
    open: bool,
}

fn scan(bytes: &[u8], delimiter: u8) -> Scan {
    let mut state = State::Start;
    let mut found = Scan { end: None, inner: None, lines: 1, columns: 1, clean: true, open: false };
    let mut at = 0;
    while at < bytes.len() {
        match state {
            State::Quoted => {
                // Most bytes of a long text are neither.
                let Some(step) = memchr::memchr2(b'"', b'\n', &bytes[at..]) else { break };
                at += step;
                if bytes[at] == b'"' {
                    state = State::Quote;
                } else {
                    found.inner.get_or_insert(at);
                    found.lines += 1;
                }
            }
            State::Bare => {
                let Some(step) = memchr::memchr2(delimiter, b'\n', &bytes[at..]) else { break };
                at += step;
                // A quote where a value ends closes one that began further ahead.
                found.clean &= at == 0 || bytes[at - 1] != b'"';
                if bytes[at] == b'\n' {
                    return Scan { end: Some(at), ..found };
                }
                found.columns += 1;
                state = State::Start;
            }
            State::Start | State::Quote => match bytes[at] {
                b'\n' => return Scan { end: Some(at), ..found },
                b'"' => state = State::Quoted,
                byte if byte == delimiter => {
                    found.columns += 1;
                    state = State::Start;
                }
                byte => {
                    // The first half of a line end is no more of the value.
                    found.clean &= state == State::Start || byte == b'\r';
                    state = State::Bare;
                }
            },
        }
        at += 1;
    }
    Scan { open: state == State::Quoted, ..found }
}

/// The first record of `rest`. Quotes that are still open where the file or the cap ends cost one
/// line: it is handed out with [`Reason::Quoting`], and framing begins again on the next. So does a row
/// that was cut between quotes, where `width` says how many columns a row has ([`cut_row`]).
pub(super) fn record(rest: &[u8], ended: bool, delimiter: Delimiter, width: Option<usize>) -> Look {
    let delimiter = delimiter.byte();
    let window = &rest[..rest.len().min(CAP_BYTES + 2)];
    let full = rest.len() > CAP_BYTES + 1;
    let found = scan(window, delimiter);
    if found.end.is_none() && !full && !ended {
        return Look::More;
    }
    match cut_row(window, full || ended, delimiter, width, &found) {
        Ok(Some((newline, lines))) => {
            return Look::Record(Cut { fault: Some(Reason::Quoting), ..terminated(rest, newline, lines) });
        }
        Ok(None) => {}
        Err(Undecided) => return Look::More,
    }
    if let Some(newline) = found.end {
        return Look::Record(terminated(rest, newline, found.lines));
    }
    match found.inner {
        // Still between quotes, or behind quotes that closed on a later line and then ran on.
        Some(newline) if full || found.open => {
            Look::Record(Cut { fault: Some(Reason::Quoting), ..terminated(rest, newline, 1) })
        }
        _ if full => Look::Skip,
        _ if found.open => {
            Look::Record(Cut { fault: Some(Reason::Quoting), ..unterminated(rest, found.lines) })
        }
        _ => Look::Record(unterminated(rest, found.lines)),
    }
}

/// The bytes at hand do not tell.
struct Undecided;

/// The line end at which a row was cut between quotes, so that the quotes ran on into the next row; and
/// how many lines the piece has.
///
/// A record over several lines is taken as it is if it has the columns of a row and each of its quotes
/// closes where a value may end. Otherwise it is two, if what follows one of the line ends between its
/// quotes is by itself such a row. Nothing is lost: the piece is a reject and the row is read. How far is
/// looked is bounded by the cap, all line ends together, so that a file of nothing but quotes takes no
/// longer than one look at each record's window more.
fn cut_row(
    window: &[u8],
    whole: bool,
    delimiter: u8,
    width: Option<usize>,
    found: &Scan,
) -> Result<Option<(usize, u64)>, Undecided> {
    let (Some(width), Some(first)) = (width.filter(|width| *width > 1), found.inner) else { return Ok(None) };
    let closed = !found.open;
    if closed && found.clean && found.columns == width {
        return Ok(None);
    }
    let end = found.end.unwrap_or(window.len());
    let mut budget = CAP_BYTES;
    // Line ends behind the closing quotes are not met: they would have ended the record.
    for (line, newline) in memchr::memchr_iter(b'\n', &window[first..end]).enumerate() {
        let begin = first + newline + 1;
        let next = &window[begin..window.len().min(begin + budget)];
        let limited = next.len() == budget;
        let row = scan(next, delimiter);
        let stopped = row.end.unwrap_or(next.len());
        if row.end.is_none() && !whole && !limited {
            return Err(Undecided);
        }
        let complete = row.end.is_some() || (whole && !limited && window.len() <= CAP_BYTES);
        if complete && !row.open && row.clean && row.columns == width {
            return Ok(Some((first + newline, line as u64 + 1)));
        }
        budget -= stopped.min(budget);
        if budget == 0 {
            break;
        }
    }
    Ok(None)
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
