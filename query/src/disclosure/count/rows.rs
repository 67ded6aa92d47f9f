//! Rows of the lake, read by column name.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int16Type, Int64Type, TimestampMicrosecondType};
use ingest::lake::Lake;
use ingest::lake::columns::{date_of, epoch_days};
use ingest::schema::TableSchema;
use jiff::civil::Date;

use super::Asked;
use crate::error::Error;

/// One row of a batch, read by column name.
pub(super) struct Row<'b> {
    pub(super) batch: &'b RecordBatch,
    pub(super) at: usize,
}

impl<'b> Row<'b> {
    fn column(&self, name: &str) -> Option<&'b dyn Array> {
        self.batch.column_by_name(name).filter(|column| column.is_valid(self.at)).map(AsRef::as_ref)
    }

    pub(super) fn text(&self, name: &str) -> Option<&'b str> {
        self.column(name)?.as_string_opt::<i32>().map(|values| values.value(self.at))
    }

    pub(super) fn whole(&self, name: &str) -> Option<i64> {
        self.column(name)?.as_primitive_opt::<Int64Type>().map(|values| values.value(self.at))
    }

    /// A count of records; missing and negative are none.
    pub(super) fn number(&self, name: &str) -> u64 {
        self.whole(name).and_then(|value| u64::try_from(value).ok()).unwrap_or(0)
    }

    pub(super) fn small(&self, name: &str) -> Option<i16> {
        self.column(name)?.as_primitive_opt::<Int16Type>().map(|values| values.value(self.at))
    }

    pub(super) fn yes(&self, name: &str) -> bool {
        self.column(name)
            .and_then(|column| column.as_boolean_opt())
            .is_some_and(|values| values.value(self.at))
    }

    pub(super) fn epoch_day(&self) -> Option<i32> {
        self.column("local_date")?.as_primitive_opt::<Date32Type>().map(|values| values.value(self.at))
    }

    /// Yes, no, or empty.
    pub(super) fn truth(&self, name: &str) -> Option<bool> {
        self.column(name)?.as_boolean_opt().map(|values| values.value(self.at))
    }

    /// A day; empty where there is none.
    pub(super) fn day(&self, name: &str) -> Option<Date> {
        let days = self.column(name)?.as_primitive_opt::<Date32Type>()?.value(self.at);
        date_of(days)
    }

    /// A moment in microseconds, UTC.
    pub(super) fn micros(&self, name: &str) -> Option<i64> {
        self.column(name)?.as_primitive_opt::<TimestampMicrosecondType>().map(|values| values.value(self.at))
    }

    pub(super) fn date(&self) -> Option<Date> {
        self.epoch_day().and_then(date_of)
    }

    pub(super) fn moment(&self, name: &str) -> Option<Date> {
        const DAY_US: i64 = 86_400_000_000;
        let micros = self.column(name)?.as_primitive_opt::<TimestampMicrosecondType>()?.value(self.at);
        i32::try_from(micros.div_euclid(DAY_US)).ok().and_then(date_of)
    }
}

/// The rows of the period's local days.
pub(super) async fn each_row(
    lake: &Lake,
    table: &'static TableSchema,
    asked: &Asked<'_>,
    columns: &[&str],
    take: &mut dyn FnMut(&Row<'_>),
) -> Result<(), Error> {
    let days = epoch_days(asked.from)..=epoch_days(asked.to);
    let year = asked.academic_year.to_string();
    read(lake, table, Some(&year), columns, &mut |row| {
        if row.epoch_day().is_some_and(|day| days.contains(&day)) {
            take(row);
        }
    })
    .await
}

pub(super) async fn read(
    lake: &Lake,
    table: &'static TableSchema,
    partition: Option<&str>,
    columns: &[&str],
    take: &mut dyn FnMut(&Row<'_>),
) -> Result<(), Error> {
    let snapshot = lake.readable(table).await?;
    for file in snapshot.files.iter().filter(|file| partition.is_none_or(|wanted| file.partition == wanted)) {
        snapshot.read(file, Some(columns), &mut |batch| {
            for at in 0..batch.num_rows() {
                take(&Row { batch: &batch, at });
            }
            Ok(())
        })?;
    }
    Ok(())
}
