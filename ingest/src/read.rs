//! A detected file, record by record: framed, parsed, counted.

use std::io::Read;

use crate::detect::{Detected, Layout};
use crate::error::{Error, Kind};
use crate::fields::Parsed;
use crate::formats::Format;
use crate::frame::{Framer, RawRecord};
use crate::report::{Notice, Place, Reason, Reject, Tally};

/// What takes the records: place, bytes without line end, and what they were read as.
pub type Sink<'s> =
    &'s mut dyn FnMut(Place, &[u8], Result<Parsed<'_>, Reject>, &mut Tally) -> Result<(), Error>;

/// Reads all records of `input`. Records, their bytes, the file's bytes, blanks, directives and
/// notices are counted here; events, other records and rejects by `sink`, which sees every record
/// that is neither blank nor directive.
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
        Layout::Format(format) => read_format(input, format, tally, sink),
    }
}

fn read_format(
    input: &mut dyn Read,
    format: &Format,
    tally: &mut Tally,
    sink: Sink<'_>,
) -> Result<(), Error> {
    let mut framer = Framer::new(format.framing);
    loop {
        let more = fill(&mut framer, input)?;
        while let Some(record) = framer.record() {
            let parsed = || (format.parse)(record.bytes);
            take(&record, parsed, tally, sink)?;
        }
        if !more {
            tally.file_bytes = framer.file_bytes();
            return Ok(());
        }
    }
}

fn fill(framer: &mut Framer, input: &mut dyn Read) -> Result<bool, Error> {
    framer.fill(input).map_err(|error| {
        // A refusal of the unpacker must stay recognisable; its words name nothing.
        Error::new(Kind::Input, format!("the file cannot be read to its end: {error}")).because(error)
    })
}

/// Counts one record and hands it on.
fn take<'r>(
    record: &RawRecord<'r>,
    parse: impl FnOnce() -> Result<Parsed<'r>, Reject>,
    tally: &mut Tally,
    sink: Sink<'_>,
) -> Result<(), Error> {
    tally.records += 1;
    tally.record_bytes += record.place.length_bytes;
    if record.fault.is_none() && record.bytes.trim_ascii().is_empty() {
        tally.blanks += 1;
        return Ok(());
    }
    let parsed = match record.fault {
        Some(reason) => Err(Reject::at(reason, record.bytes.len())),
        None => parse(),
    };
    match parsed {
        Ok(Parsed::Directive) => {
            tally.directives += 1;
            Ok(())
        }
        Ok(parsed) => {
            if let Some(notice) = notice(&parsed) {
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

const fn notice(parsed: &Parsed<'_>) -> Option<Notice> {
    match parsed {
        Parsed::Request(fields) => fields.notice,
        _ => None,
    }
}

#[cfg(test)]
mod tests;
