//! Rows of `imports` and `rejects`: counts and places, no text of a log.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use jiff::civil::Date;

use crate::error::{Error, Kind};
use crate::lake::columns::{epoch_days, file_schema};
use crate::report::{Place, Reject, Tally};
use crate::schema::{IMPORTS, REJECTS, TableSchema};

/// One record that could not be read.
#[derive(Clone, Copy, Debug)]
pub struct RejectRow {
    /// Where it stands.
    pub place: Place,
    /// Why.
    pub reject: Reject,
}

/// One file that was taken in.
#[derive(Clone, Debug)]
pub struct ImportRow {
    /// Fingerprint, 64 hex digits.
    pub fingerprint: String,
    /// Its first 64 bits.
    pub import_token: i64,
    /// When the import was prepared, microseconds since the epoch.
    pub imported_utc_us: i64,
    /// Format or profile.
    pub source_format: String,
    /// Its version.
    pub format_version: String,
    /// Hash of the settings.
    pub settings_version: String,
    /// Keyed token of the inbox sub-folder, 16 hex digits; empty at its top.
    pub folder: String,
    /// The counts.
    pub tally: Tally,
    /// Earliest and latest event, microseconds since the epoch.
    pub span_utc_us: Option<(i64, i64)>,
    /// Hash of the header, where the file has one.
    pub header_hash: Option<String>,
    /// Events of a web log by local day; none of an incident export.
    pub event_days: BTreeMap<Date, u64>,
}

fn built(table: &TableSchema, columns: Vec<ArrayRef>) -> Result<RecordBatch, Error> {
    RecordBatch::try_new(file_schema(table), columns).map_err(|error| {
        Error::new(Kind::Bug, format!("rows of `{}` do not fit its columns", table.name)).because(error)
    })
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Rows of `rejects`.
///
/// # Errors
/// [`Kind::Bug`] when the columns do not fit the schema.
pub fn rejects(rows: &[RejectRow], import_token: i64, ingest_date: Date) -> Result<RecordBatch, Error> {
    let numbers = |pick: fn(&Place) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| count(pick(&row.place)))))
    };
    built(
        &REJECTS,
        vec![
            Arc::new(Int64Array::from_value(import_token, rows.len())),
            numbers(|place| place.record),
            numbers(|place| place.line),
            numbers(|place| place.offset_bytes),
            numbers(|place| place.length_bytes),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.reject.reason.word()))),
            Arc::new(Int32Array::from_iter_values(
                rows.iter().map(|row| i32::try_from(row.reject.offset_bytes).unwrap_or(i32::MAX)),
            )),
            Arc::new(Date32Array::from_value(epoch_days(ingest_date), rows.len())),
        ],
    )
}

/// Rows of `imports`.
///
/// # Errors
/// [`Kind::Bug`] when the columns do not fit the schema.
pub fn imports(rows: &[ImportRow]) -> Result<RecordBatch, Error> {
    let text = |pick: fn(&ImportRow) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(pick)))
    };
    let counts = |pick: fn(&Tally) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| count(pick(&row.tally)))))
    };
    let times = |values: Vec<Option<i64>>| -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"))
    };
    let notices = rows.iter().map(|row| {
        let notices: Vec<_> =
            row.tally.notices.iter().map(|(kind, count)| format!("{kind}={count}")).collect();
        notices.join(";")
    });
    let days = rows.iter().map(|row| {
        let days: Vec<_> = row.event_days.iter().map(|(day, events)| format!("{day}={events}")).collect();
        days.join(";")
    });
    built(
        &IMPORTS,
        vec![
            text(|row| &row.fingerprint),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.import_token))),
            times(rows.iter().map(|row| Some(row.imported_utc_us)).collect()),
            text(|row| &row.source_format),
            text(|row| &row.format_version),
            text(|row| &row.settings_version),
            text(|row| &row.folder),
            counts(|tally| tally.records),
            counts(|tally| tally.events),
            counts(Tally::others),
            counts(|tally| tally.folded),
            counts(|tally| tally.duplicate),
            counts(Tally::rejected),
            counts(|tally| tally.directives),
            counts(|tally| tally.blanks),
            counts(|tally| tally.file_bytes),
            counts(|tally| tally.record_bytes),
            times(rows.iter().map(|row| row.span_utc_us.map(|span| span.0)).collect()),
            times(rows.iter().map(|row| row.span_utc_us.map(|span| span.1)).collect()),
            Arc::new(StringArray::from_iter_values(notices)),
            Arc::new(StringArray::from_iter(rows.iter().map(|row| row.header_hash.as_deref()))),
            Arc::new(StringArray::from_iter_values(days)),
        ],
    )
}
