//! A detected file, record by record: framed, parsed, counted.

use std::io::Read;

use crate::detect::{Detected, Layout};
use crate::envelope;
use crate::error::{Error, Kind};
use crate::fields::{OtherKind, Parsed, Twin, When};
use crate::formats::profile::{Fitted, RowReader, is_blank};
use crate::formats::{self, Reader, Reading, Vote};
use crate::frame::{Framer, Framing, RawRecord};
use crate::report::{Notice, Place, Reason, Reject, Tally};

mod twins;

use twins::{Next, Twins};

/// What takes the records: place, bytes without line end, and what they were read as.
pub type Sink<'s> =
    &'s mut dyn FnMut(Place, &[u8], Result<Parsed<'_>, Reject>, &mut Tally) -> Result<(), Error>;

/// Reads all records of `input`. Records, their bytes, the file's bytes, blanks, directives, notices
/// and the weaker of two rows about one request (as duplicates) are counted here; events, other records
/// and rejects by `sink`, which sees every other record, in their order.
///
/// # Errors
/// What `sink` returns, or [`Kind::Input`] when `input` cannot be read to its end.
pub fn read_records(
    input: &mut dyn Read,
    detected: &Detected,
    tally: &mut Tally,
    sink: Sink<'_>,
) -> Result<(), Error> {
    match detected.layout() {
        Layout::Format { format, wrapped } => read_format(input, format.reader(), *wrapped, tally, sink),
        Layout::Profile(fitted) => read_profile(input, fitted, tally, sink),
    }
}

fn read_format(
    input: &mut dyn Read,
    mut reader: Reader,
    wrapped: bool,
    tally: &mut Tally,
    sink: Sink<'_>,
) -> Result<(), Error> {
    let mut framer = Framer::new(reader.framing());
    let mut twins = Twins::default();
    loop {
        let more = fill(&mut framer, input)?;
        while let Some(record) = framer.record() {
            let blank = record.bytes.trim_ascii().is_empty();
            let outcome = look(&record, blank, || parse(&mut reader, wrapped, record.bytes));
            let twin = twin(&outcome);
            match twins.see(twin) {
                Next::HandOn => take(&record, outcome, tally, sink)?,
                Next::LeaveOut => leave_out(&record, tally),
                Next::Hold => {
                    twins.hold(&record, twin);
                    release(&mut twins, false, &mut reader, wrapped, tally, sink)?;
                }
            }
        }
        if !more {
            release(&mut twins, true, &mut reader, wrapped, tally, sink)?;
            tally.file_bytes = framer.file_bytes();
            return Ok(());
        }
    }
}

fn read_profile(
    input: &mut dyn Read,
    fitted: &Fitted,
    tally: &mut Tally,
    sink: Sink<'_>,
) -> Result<(), Error> {
    let delimiter = fitted.delimiter();
    let mut framer = Framer::with_rows(Framing::Csv(delimiter), fitted.width(), fitted.header_record());
    let mut reader = RowReader::new(fitted.clone());
    for _ in 0..fitted.unclaimed() {
        tally.notice(Notice::ExtraColumns);
    }
    loop {
        let more = fill(&mut framer, input)?;
        while let Some(record) = framer.record() {
            let blank = is_blank(record.bytes, delimiter);
            let outcome = look(&record, blank, || reader.read(record.place, record.bytes));
            take(&record, outcome, tally, sink)?;
        }
        if !more {
            tally.file_bytes = framer.file_bytes();
            return Ok(());
        }
    }
}

/// Hands on what need not wait any longer. It is read again: what was read before was borrowed.
fn release(
    twins: &mut Twins,
    ended: bool,
    reader: &mut Reader,
    wrapped: bool,
    tally: &mut Tally,
    sink: Sink<'_>,
) -> Result<(), Error> {
    while let Some(held) = twins.release(ended) {
        let record = held.record();
        if held.left_out() {
            leave_out(&record, tally);
            continue;
        }
        let blank = record.bytes.trim_ascii().is_empty();
        let outcome = look(&record, blank, || parse(reader, wrapped, record.bytes));
        take(&record, outcome, tally, sink)?;
    }
    Ok(())
}

/// Counts the weaker of two rows about one request.
const fn leave_out(record: &RawRecord<'_>, tally: &mut Tally) {
    tally.records += 1;
    tally.record_bytes += record.place.length_bytes;
    tally.duplicate += 1;
}

/// A parsed record, and the notice that belongs to it.
type Noticed<'r> = (Parsed<'r>, Option<Notice>);

fn parse<'r>(reader: &mut Reader, wrapped: bool, record: &'r [u8]) -> Result<Noticed<'r>, Reject> {
    let (inner, time) = if wrapped { envelope::open(record, reader) } else { (record, When::Missing) };
    match reader.read(inner) {
        Ok(Parsed::Request(mut fields)) => {
            if fields.time == When::Missing {
                fields.time = time;
            }
            let notice = fields.notice;
            Ok((Parsed::Request(fields), notice))
        }
        Ok(parsed) => {
            let notice = matches!(parsed, Parsed::Other(OtherKind::Outage)).then_some(Notice::FilterOutage);
            Ok((parsed, notice))
        }
        Err(reject) => {
            if let Some(mut parsed) = in_another_layout(reader, inner) {
                if let Parsed::Request(fields) = &mut parsed
                    && fields.time == When::Missing
                {
                    fields.time = time;
                }
                return Ok((parsed, Some(Notice::OtherLayout)));
            }
            // After a crash a log holds runs of NUL bytes; that says more than the column they broke.
            match memchr::memchr(0, record) {
                Some(at) => Err(Reject::at(Reason::Bytes, at)),
                None => Err(reject.shifted(record.len() - inner.len())),
            }
        }
    }
}

/// A record that the file's format cannot read and that has another's signature: the producer was set
/// to another layout and went on in the same file.
fn in_another_layout<'r>(reader: &Reader, record: &'r [u8]) -> Option<Parsed<'r>> {
    let other = formats::ALL.iter().filter(|format| format.id != reader.format().id).find(
        |format| matches!(format.reading, Reading::Records { sniff, .. } if sniff(record) == Vote::Yes),
    )?;
    let mut parsed = other.reader().read(record).ok()?;
    if let Parsed::Request(fields) = &mut parsed {
        fields.read_by = Some(other.id);
    }
    Some(parsed)
}

fn fill(framer: &mut Framer, input: &mut dyn Read) -> Result<bool, Error> {
    framer.fill(input).map_err(|error| {
        // A refusal of the unpacker must stay recognisable; its words name nothing.
        Error::new(Kind::Input, format!("the file cannot be read to its end: {error}")).because(error)
    })
}

/// What a record is; none for a blank one.
fn look<'r>(
    record: &RawRecord<'_>,
    blank: bool,
    parse: impl FnOnce() -> Result<Noticed<'r>, Reject>,
) -> Option<Result<Noticed<'r>, Reject>> {
    match record.fault {
        Some(reason) => Some(Err(Reject::at(reason, record.bytes.len()))),
        None if blank => None,
        None => Some(parse()),
    }
}

/// Which of two rows a record may be.
const fn twin(outcome: &Option<Result<Noticed<'_>, Reject>>) -> Option<Twin> {
    match outcome {
        Some(Ok((Parsed::Request(fields), _))) => fields.twin,
        _ => None,
    }
}

/// Counts one record and hands it on.
fn take<'r>(
    record: &RawRecord<'_>,
    outcome: Option<Result<Noticed<'r>, Reject>>,
    tally: &mut Tally,
    sink: Sink<'_>,
) -> Result<(), Error> {
    tally.records += 1;
    tally.record_bytes += record.place.length_bytes;
    let Some(parsed) = outcome else {
        tally.blanks += 1;
        return Ok(());
    };
    match parsed {
        Ok((Parsed::Directive, _)) => {
            tally.directives += 1;
            Ok(())
        }
        Ok((parsed, notice)) => {
            if let Some(notice) = notice {
                tally.notice(notice);
            }
            sink(record.place, record.bytes, Ok(parsed), tally)
        }
        // A last line that does not end and cannot be read was still being written.
        Err(reject) if record.unterminated && reject.reason != Reason::TooLong => {
            sink(record.place, record.bytes, Err(Reject { reason: Reason::Truncated, ..reject }), tally)
        }
        Err(reject) => sink(record.place, record.bytes, Err(reject), tally),
    }
}

#[cfg(test)]
mod sample_log_tests;
#[cfg(test)]
mod tests;
