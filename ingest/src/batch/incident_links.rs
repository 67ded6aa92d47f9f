//! Rows of `incident_links` and `staff_incident_links`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int16Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;

use crate::error::{Error, Kind};
use crate::event::{Member, Pseudonymous};
use crate::incident::Incident;
use crate::lake::columns::{epoch_days, file_schema};
use crate::schema::INCIDENT_LINKS;

/// Rows of one academic year under construction.
#[derive(Debug, Default)]
pub struct IncidentLinkBatch {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    incident: i64,
    incident_row: i64,
    local_date: i32,
    linked: Member,
    record_number: u64,
}

impl IncidentLinkBatch {
    /// Adds a person whom an incident names beside its subject.
    pub fn push(&mut self, incident: &Incident<'_, Pseudonymous>, linked: Member) {
        self.rows.push(Row {
            incident: incident.key,
            incident_row: incident.row,
            local_date: epoch_days(incident.occurred.local_date),
            linked,
            record_number: incident.place.record,
        });
    }

    /// The rows, as they stand in the file.
    ///
    /// # Errors
    /// [`Kind::Bug`] when the columns do not fit the schema.
    pub fn finish(&self, source_format: &str, import_token: i64) -> Result<RecordBatch, Error> {
        let rows = &self.rows;
        let whole = |pick: fn(&Row) -> Option<i64>| -> ArrayRef {
            Arc::new(rows.iter().map(pick).collect::<Int64Array>())
        };
        let columns: Vec<ArrayRef> = vec![
            whole(|row| Some(row.incident)),
            whole(|row| Some(row.incident_row)),
            Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| row.local_date))),
            whole(|row| Some(row.linked.person)),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.linked.role.word()))),
            Arc::new(rows.iter().map(|row| row.linked.year_group.map(i16::from)).collect::<Int16Array>()),
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n(source_format, rows.len()))),
            Arc::new(Int64Array::from_value(import_token, rows.len())),
            whole(|row| i64::try_from(row.record_number).ok()),
        ];
        RecordBatch::try_new(file_schema(&INCIDENT_LINKS), columns).map_err(|error| {
            Error::new(Kind::Bug, "rows of `incident_links` do not fit its columns").because(error)
        })
    }
}
