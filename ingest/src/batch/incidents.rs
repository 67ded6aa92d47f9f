//! Rows of `incidents` and `staff_incidents`.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int16Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::record_batch::RecordBatch;

use crate::error::{Error, Kind};
use crate::event::Pseudonymous;
use crate::incident::Incident;
use crate::lake::columns::{epoch_days, file_schema};
use crate::schema::INCIDENTS;

/// Rows of one academic year under construction. An export has hundreds, not millions.
#[derive(Debug, Default)]
pub struct IncidentBatch {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    incident: i64,
    incident_row: i64,
    occurred_utc_us: i64,
    local_date: i32,
    time_known: bool,
    subject: Option<i64>,
    role: &'static str,
    year_group: Option<i8>,
    key_stage: Option<String>,
    code: String,
    theme: Option<String>,
    four_c: Option<String>,
    severity: u8,
    status: &'static str,
    linked_count: u32,
    record_number: u64,
}

impl IncidentBatch {
    /// Rows so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row.
    pub fn push(&mut self, incident: &Incident<'_, Pseudonymous>) {
        self.rows.push(Row {
            incident: incident.key,
            incident_row: incident.row,
            occurred_utc_us: incident.occurred.utc_us,
            local_date: epoch_days(incident.occurred.local_date),
            time_known: incident.time_known,
            subject: incident.subject,
            role: incident.role.word(),
            year_group: incident.year_group,
            key_stage: incident.key_stage.map(str::to_owned),
            code: incident.code.to_owned(),
            theme: incident.theme.map(str::to_owned),
            four_c: incident.four_c.map(str::to_owned),
            severity: incident.severity,
            status: incident.status.word(),
            linked_count: incident.linked_count,
            record_number: incident.place.record,
        });
    }

    /// The rows, ordered by time, and an empty batch to go on with.
    ///
    /// # Errors
    /// [`Kind::Bug`] when the columns do not fit the schema.
    pub fn finish(&mut self, source_format: &str, import_token: i64) -> Result<RecordBatch, Error> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_by_key(|row| (row.occurred_utc_us, row.record_number));
        let count = rows.len();
        let text = |pick: fn(&Row) -> Option<&str>| -> ArrayRef {
            Arc::new(rows.iter().map(pick).collect::<StringArray>())
        };
        let whole = |pick: fn(&Row) -> Option<i64>| -> ArrayRef {
            Arc::new(rows.iter().map(pick).collect::<Int64Array>())
        };
        let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.occurred_utc_us));
        let columns: Vec<ArrayRef> = vec![
            whole(|row| Some(row.incident)),
            whole(|row| Some(row.incident_row)),
            Arc::new(times.with_timezone("UTC")),
            Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| row.local_date))),
            Arc::new(rows.iter().map(|row| Some(row.time_known)).collect::<BooleanArray>()),
            whole(|row| row.subject),
            text(|row| Some(row.role)),
            Arc::new(rows.iter().map(|row| row.year_group.map(i16::from)).collect::<Int16Array>()),
            text(|row| row.key_stage.as_deref()),
            text(|row| Some(&row.code)),
            text(|row| row.theme.as_deref()),
            text(|row| row.four_c.as_deref()),
            Arc::new(Int16Array::from_iter_values(rows.iter().map(|row| i16::from(row.severity)))),
            text(|row| Some(row.status)),
            Arc::new(Int32Array::from_iter_values(
                rows.iter().map(|row| i32::try_from(row.linked_count).unwrap_or(i32::MAX)),
            )),
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n(source_format, count))),
            Arc::new(Int64Array::from_value(import_token, count)),
            whole(|row| i64::try_from(row.record_number).ok()),
        ];
        RecordBatch::try_new(file_schema(&INCIDENTS), columns).map_err(|error| {
            Error::new(Kind::Bug, "rows of `incidents` do not fit its columns").because(error)
        })
    }
}
