//! The columns of [`schema`](crate::schema) as Arrow, Delta and Parquet know them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deltalake::kernel::{DataType as DeltaType, PrimitiveType, StructField};
use jiff::civil::Date;

use crate::schema::{Column, ColumnType, TableSchema};

/// The Arrow type of a column; `Text` is plain UTF-8.
#[must_use]
pub fn arrow_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Date => DataType::Date32,
        ColumnType::Int16 => DataType::Int16,
        ColumnType::Int32 => DataType::Int32,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Text => DataType::Utf8,
    }
}

fn field(column: &Column) -> Field {
    Field::new(column.name, arrow_type(column.kind), column.nullable)
}

/// All columns of a table, the partition column last.
#[must_use]
pub fn table_schema(table: &TableSchema) -> SchemaRef {
    Arc::new(Schema::new(table.columns.iter().map(field).collect::<Vec<_>>()))
}

/// The columns that stand in a table's data files: all but the partition column.
#[must_use]
pub fn file_schema(table: &TableSchema) -> SchemaRef {
    Arc::new(Schema::new(stored(table).map(field).collect::<Vec<_>>()))
}

/// The same with text as a dictionary, which is how a batch builder holds it; the file on disk is
/// no different.
#[must_use]
pub fn dictionary_schema(table: &TableSchema) -> SchemaRef {
    let fields: Vec<_> = stored(table)
        .map(|column| match column.kind {
            ColumnType::Text => Field::new(
                column.name,
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                column.nullable,
            ),
            _ => field(column),
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// The columns in the files of a table, in order.
pub(crate) fn stored(table: &TableSchema) -> impl Iterator<Item = &'static Column> + use<> {
    let partition = table.partition;
    table.columns.iter().filter(move |column| column.name != partition)
}

/// The columns as the Delta log states them.
pub(crate) fn delta_fields(table: &TableSchema) -> Vec<StructField> {
    table
        .columns
        .iter()
        .map(|column| {
            let kind = match column.kind {
                ColumnType::Timestamp => PrimitiveType::Timestamp,
                ColumnType::Date => PrimitiveType::Date,
                ColumnType::Int16 => PrimitiveType::Short,
                ColumnType::Int32 => PrimitiveType::Integer,
                ColumnType::Int64 => PrimitiveType::Long,
                ColumnType::Boolean => PrimitiveType::Boolean,
                ColumnType::Text => PrimitiveType::String,
            };
            StructField::new(column.name, DeltaType::Primitive(kind), column.nullable)
        })
        .collect()
}

/// Days since 1970-01-01, as a `Date32` counts them.
#[must_use]
pub fn epoch_days(date: Date) -> i32 {
    // Days of the proleptic Gregorian calendar, with years that begin in March.
    let year = i32::from(date.year()) - i32::from(date.month() <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month = (i32::from(date.month()) + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + i32::from(date.day()) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The calendar day of a `Date32`, if jiff can express it.
#[must_use]
pub fn date_of(days: i32) -> Option<Date> {
    jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(i64::from(days)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;
    use crate::schema::{REQUESTS, TABLES};

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(epoch_days(date(1970, 1, 1)), 0);
        assert_eq!(epoch_days(date(1969, 12, 31)), -1);
        assert_eq!(epoch_days(date(2000, 2, 29)), 11_016);
        assert_eq!(epoch_days(date(2025, 10, 6)), 20_367);
        for days in [-800_000, -1, 0, 59, 60, 11_016, 20_367, 99_999] {
            assert_eq!(epoch_days(date_of(days).unwrap()), days);
        }
    }

    #[test]
    fn the_partition_column_is_the_last_and_not_in_the_files() {
        for table in TABLES {
            assert_eq!(table.columns.last().unwrap().name, table.partition, "{}", table.name);
            assert_eq!(file_schema(table).fields().len() + 1, table.columns.len());
            assert!(file_schema(table).field_with_name(table.partition).is_err());
            assert_eq!(table_schema(table).fields().len(), table.columns.len());
        }
        assert_eq!(dictionary_schema(&REQUESTS).fields().len(), file_schema(&REQUESTS).fields().len());
    }
}
