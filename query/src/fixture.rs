//! Small tables written by hand, for tests.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use ingest::lake::columns::{arrow_type, table_schema};
use ingest::schema::{ColumnType, TableSchema};
use ingest::school::AcademicYear;
use jiff::civil::Date;

/// One row: column and value as text; what is left out is empty, 0, false, or follows from the day.
pub(crate) type Row<'a> = Vec<(&'a str, &'a str)>;

/// A batch of a lake table.
pub(crate) fn batch(table: &TableSchema, rows: &[Row<'_>]) -> RecordBatch {
    for row in rows {
        for (name, _) in row {
            assert!(table.columns.iter().any(|column| column.name == *name), "no column {name}");
        }
    }
    let arrays = table.columns.iter().map(|column| {
        let kind = arrow_type(column.kind);
        let values = rows.iter().map(|row| {
            let given =
                row.iter().find(|(name, _)| *name == column.name).map(|(_, value)| (*value).to_owned());
            let given = given.or_else(|| follows(column.name, row)).or_else(|| {
                (!column.nullable).then(|| {
                    match column.kind {
                        ColumnType::Timestamp => "1970-01-01T00:00:00Z",
                        ColumnType::Date => "1970-01-01",
                        ColumnType::Int16 | ColumnType::Int32 | ColumnType::Int64 => "0",
                        ColumnType::Boolean => "false",
                        ColumnType::Text => "",
                    }
                    .to_owned()
                })
            });
            match given {
                Some(text) => ScalarValue::try_from_string(text, &kind).unwrap(),
                None => ScalarValue::try_from(&kind).unwrap(),
            }
        });
        let values: Vec<_> = values.collect();
        if values.is_empty() {
            arrow::array::new_empty_array(&kind)
        } else {
            ScalarValue::iter_to_array(values).unwrap()
        }
    });
    RecordBatch::try_new(table_schema(table), arrays.collect()).unwrap()
}

fn follows(column: &str, row: &Row<'_>) -> Option<String> {
    let day: Date = row.iter().find(|(name, _)| *name == "local_date")?.1.parse().unwrap();
    match column {
        "week_start_date" => {
            let back = i64::from(day.weekday().to_monday_zero_offset());
            Some(day.checked_sub(jiff::Span::new().days(back)).unwrap().to_string())
        }
        "academic_year" => Some(AcademicYear::of(day).to_string()),
        "school_day" => Some((day.weekday().to_monday_zero_offset() < 5).to_string()),
        "day_type" => Some("term".to_owned()),
        _ => None,
    }
}

/// The rows as a table in memory.
pub(crate) fn table(schema: &TableSchema, rows: &[Row<'_>]) -> Arc<MemTable> {
    Arc::new(MemTable::try_new(table_schema(schema), vec![vec![batch(schema, rows)]]).unwrap())
}
