//! Sheets of an XLSX workbook as CSV, dates written as `2025-09-03 11:20:00` so that nobody has to
//! guess which of day and month comes first.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xlsx};

use super::compression::{Limits, Refusal};
use super::container::{Part, open_member};

/// Unpacked bytes of all parts of a workbook: some millions of cells. It is read in memory.
const UNPACKED_MAXIMUM: u64 = 256 << 20;

/// Bytes of one sheet as CSV; cells can share one long text.
const TEXT_MAXIMUM: usize = 512 << 20;

/// Columns that a row may have: a report has some tens, and a single cell far out would write
/// thousands of delimiters in every row.
const COLUMNS_MAXIMUM: u32 = 1_024;

const DAMAGED: &str = "is a workbook that is damaged";

/// Visible sheets with a cell: position among all sheets, and name.
pub(super) fn sheets(path: &Path, parts: &[(String, Part)]) -> Result<Vec<(usize, String)>, &'static str> {
    verify(path, parts)?;
    guarded(|| {
        let mut book = open(path)?;
        let named: Vec<_> = book
            .sheets_metadata()
            .iter()
            .enumerate()
            .filter(|(_, sheet)| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
            .map(|(index, sheet)| (index, sheet.name.clone()))
            .collect();
        Some(named.into_iter().filter(|(_, name)| has_a_cell(&mut book, name)).collect())
    })
    .ok_or(DAMAGED)
}

/// Unpacks every part once into nothing: a part that swells beyond what its archive states must not
/// reach the reader, which trusts it.
fn verify(path: &Path, parts: &[(String, Part)]) -> Result<(), &'static str> {
    let mut unpacked = 0;
    for (_, part) in parts {
        let Part::Member(member) = part else {
            return Err("is a workbook locked with a password or damaged");
        };
        let limits = Limits { unpacked_bytes: UNPACKED_MAXIMUM, ..Limits::DEFAULT };
        let early = Arc::new(AtomicBool::new(false));
        unpacked += open_member(path, member, limits, early)
            .and_then(|mut content| io::copy(&mut content, &mut io::sink()))
            .map_err(|_| DAMAGED)?;
        if unpacked > UNPACKED_MAXIMUM {
            return Err("is a workbook of more than 256 MiB; save the sheet as `CSV UTF-8`");
        }
    }
    Ok(())
}

type Book = Xlsx<BufReader<File>>;

fn open(path: &Path) -> Option<Book> {
    Xlsx::new(BufReader::new(File::open(path).ok()?)).ok()
}

/// A workbook is input from anywhere, and its reader is not ours: should it panic, the file is
/// damaged and the run goes on.
fn guarded<T>(work: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok().flatten()
}

fn has_a_cell(book: &mut Book, name: &str) -> bool {
    let Ok(mut cells) = book.worksheet_cells_reader(name) else { return false };
    while let Ok(Some(cell)) = cells.next_cell() {
        if *cell.get_value() != DataRef::Empty {
            return true;
        }
    }
    false
}

/// One sheet as CSV.
pub(super) fn open_sheet(path: &Path, index: usize) -> io::Result<Box<dyn Read + Send>> {
    let text = guarded(|| Some(sheet(path, index))).unwrap_or(Err(Refusal::Damaged));
    text.map(|text| Box::new(io::Cursor::new(text)) as Box<dyn Read + Send>).map_err(io::Error::other)
}

fn sheet(path: &Path, index: usize) -> Result<Vec<u8>, Refusal> {
    let mut book = open(path).ok_or(Refusal::Damaged)?;
    let name = book.sheets_metadata().get(index).ok_or(Refusal::Damaged)?.name.clone();
    let mut cells = book.worksheet_cells_reader(&name).map_err(|_| Refusal::Damaged)?;
    let mut text = Vec::new();
    // Row and column that are written next.
    let (mut row, mut column) = (None, 0);
    while let Some(cell) = cells.next_cell().map_err(|_| Refusal::Damaged)? {
        let (at_row, at_column) = cell.get_position();
        if *cell.get_value() == DataRef::Empty {
            continue;
        }
        if row != Some(at_row) {
            if row.is_some() {
                text.extend_from_slice(b"\r\n");
            }
            (row, column) = (Some(at_row), 0);
        }
        if at_column >= COLUMNS_MAXIMUM || (at_column < column && column > 0) {
            return Err(Refusal::Damaged);
        }
        // `column` is the number of cells begun so far.
        let delimiters = if column == 0 { at_column } else { at_column + 1 - column };
        text.extend(std::iter::repeat_n(b',', delimiters as usize));
        column = at_column + 1;
        write(&mut text, cell.get_value());
        if text.len() > TEXT_MAXIMUM {
            return Err(Refusal::Bomb);
        }
    }
    if row.is_some() {
        text.extend_from_slice(b"\r\n");
    }
    Ok(text)
}

fn write(text: &mut Vec<u8>, value: &DataRef<'_>) {
    match value {
        DataRef::Empty | DataRef::Error(_) => {}
        DataRef::Int(number) => text.extend_from_slice(number.to_string().as_bytes()),
        DataRef::Float(number) => text.extend_from_slice(number.to_string().as_bytes()),
        DataRef::Bool(value) => text.extend_from_slice(if *value { b"TRUE" } else { b"FALSE" }),
        DataRef::DateTime(time) => text.extend_from_slice(moment(time).as_bytes()),
        DataRef::String(words) | DataRef::DateTimeIso(words) | DataRef::DurationIso(words) => {
            quoted(text, words)
        }
        DataRef::SharedString(words) => quoted(text, words),
    }
}

fn quoted(text: &mut Vec<u8>, words: &str) {
    if !words.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r' | b';' | b'\t' | b'|')) {
        return text.extend_from_slice(words.as_bytes());
    }
    text.push(b'"');
    for (index, piece) in words.split('"').enumerate() {
        text.extend_from_slice(if index > 0 { b"\"\"" } else { b"" });
        text.extend_from_slice(piece.as_bytes());
    }
    text.push(b'"');
}

/// A date, a time of day, or both.
fn moment(time: &ExcelDateTime) -> String {
    let value = time.as_f64();
    if !(0.0..2_958_466.0).contains(&value) {
        return value.to_string();
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    if time.is_duration() || value < 1.0 {
        let hours = (value.floor() as u64) * 24 + u64::from(hour);
        return format!("{hours:02}:{minute:02}:{second:02}");
    }
    if (hour, minute, second) == (0, 0, 0) {
        return format!("{year:04}-{month:02}-{day:02}");
    }
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}
