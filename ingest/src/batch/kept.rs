//! Rows of the small tables by academic year: incidents, changes of the filter, tests of it.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int16Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::record_batch::RecordBatch;

use crate::error::{Error, Kind};
use crate::lake::columns::{file_schema, stored};
use crate::pseudonymise::Storable;
use crate::schema::{ColumnType, TableSchema};
use crate::school::AcademicYear;

/// A record that stands in a table by academic year. Only what crossed wall 1 can be one.
pub(crate) trait Kept: Storable {
    /// Its table.
    fn table(&self) -> &'static TableSchema;
    /// The partition.
    fn academic_year(&self) -> AcademicYear;
    /// When, in microseconds since the epoch, UTC; rows are ordered by it.
    fn utc_us(&self) -> i64;
    /// Ordinal of the record in its file.
    fn record(&self) -> u64;
    /// The values of the table's columns in their order, without the three of the import and the
    /// partition.
    fn cells(&self) -> Vec<Cell>;
}

/// One value; what sort of number it is, the column says.
#[derive(Debug)]
pub(crate) enum Cell {
    /// Any column of whole numbers, days or moments.
    Number(Option<i64>),
    /// True or false.
    Flag(Option<bool>),
    /// A word of a closed dictionary, or a domain.
    Word(Option<String>),
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Cell {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(Some(flag))
    }
}

impl From<Option<bool>> for Cell {
    fn from(flag: Option<bool>) -> Self {
        Self::Flag(flag)
    }
}

impl From<&str> for Cell {
    fn from(word: &str) -> Self {
        Self::Word(Some(word.to_owned()))
    }
}

impl From<Option<&str>> for Cell {
    fn from(word: Option<&str>) -> Self {
        Self::Word(word.map(str::to_owned))
    }
}

/// Rows of one table and academic year under construction. An export has hundreds, not millions.
#[derive(Debug)]
pub struct KeptBatch {
    table: &'static TableSchema,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    utc_us: i64,
    record: u64,
    cells: Vec<Cell>,
}

/// What an import says of all its rows, at the end of every such table.
const OF_IMPORT: [&str; 3] = ["source_format", "import_token", "record_number"];

impl KeptBatch {
    /// An empty batch.
    #[must_use]
    pub const fn new(table: &'static TableSchema) -> Self {
        Self { table, rows: Vec::new() }
    }

    /// Whose rows these are.
    #[must_use]
    pub const fn table(&self) -> &'static TableSchema {
        self.table
    }

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
    pub(crate) fn push(&mut self, record: &impl Kept) {
        self.rows.push(Row { utc_us: record.utc_us(), record: record.record(), cells: record.cells() });
    }

    /// The rows, ordered by time.
    ///
    /// # Errors
    /// [`Kind::Bug`] when the columns do not fit the schema.
    pub fn finish(mut self, source_format: &str, import_token: i64) -> Result<RecordBatch, Error> {
        self.rows.sort_by_key(|row| (row.utc_us, row.record));
        let wrong = || Error::new(Kind::Bug, format!("rows of `{}` do not fit its columns", self.table.name));
        let count = self.rows.len();
        let mut columns: Vec<ArrayRef> = Vec::new();
        for column in stored(self.table) {
            if OF_IMPORT.contains(&column.name) {
                continue;
            }
            let index = columns.len();
            let cells = self.rows.iter().map(|row| row.cells.get(index));
            columns.push(array(column.kind, cells).ok_or_else(wrong)?);
        }
        if self.rows.iter().any(|row| row.cells.len() != columns.len()) {
            return Err(wrong());
        }
        columns.push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(source_format, count))));
        columns.push(Arc::new(Int64Array::from_value(import_token, count)));
        let numbers = self.rows.iter().map(|row| i64::try_from(row.record).ok());
        columns.push(Arc::new(numbers.collect::<Int64Array>()));
        RecordBatch::try_new(file_schema(self.table), columns).map_err(|error| wrong().because(error))
    }
}

/// The values of one column; none when one of them is of another sort or too great.
fn array<'c>(kind: ColumnType, cells: impl Iterator<Item = Option<&'c Cell>>) -> Option<ArrayRef> {
    match kind {
        ColumnType::Boolean => {
            let flags = cells.map(|cell| match cell {
                Some(Cell::Flag(flag)) => Some(*flag),
                _ => None,
            });
            Some(Arc::new(flags.collect::<Option<BooleanArray>>()?))
        }
        ColumnType::Text => {
            let words = cells.map(|cell| match cell {
                Some(Cell::Word(word)) => Some(word.as_deref()),
                _ => None,
            });
            Some(Arc::new(words.collect::<Option<StringArray>>()?))
        }
        _ => {
            let numbers = cells
                .map(|cell| match cell {
                    Some(Cell::Number(number)) => Some(*number),
                    _ => None,
                })
                .collect::<Option<Vec<Option<i64>>>>()?;
            whole(kind, numbers)
        }
    }
}

fn whole(kind: ColumnType, numbers: Vec<Option<i64>>) -> Option<ArrayRef> {
    fn narrow<N: TryFrom<i64>>(numbers: Vec<Option<i64>>) -> Option<Vec<Option<N>>> {
        numbers.into_iter().map(|number| number.map(N::try_from).transpose().ok()).collect()
    }
    Some(match kind {
        ColumnType::Timestamp => Arc::new(TimestampMicrosecondArray::from(numbers).with_timezone("UTC")),
        ColumnType::Date => Arc::new(Date32Array::from(narrow::<i32>(numbers)?)),
        ColumnType::Int16 => Arc::new(Int16Array::from(narrow::<i16>(numbers)?)),
        ColumnType::Int32 => Arc::new(Int32Array::from(narrow::<i32>(numbers)?)),
        ColumnType::Int64 => Arc::new(Int64Array::from(numbers)),
        ColumnType::Boolean | ColumnType::Text => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;
    use crate::schema::CHECKS;

    #[test]
    fn values_of_another_sort_are_a_fault_of_ours() {
        for cells in [Vec::new(), (0..11).map(|_| Cell::from("x")).collect()] {
            let mut batch = KeptBatch::new(&CHECKS);
            batch.rows.push(Row { utc_us: 0, record: 1, cells });
            let error = batch.finish("x", 1).unwrap_err();
            assert_eq!(error.to_string(), "rows of `checks` do not fit its columns");
        }
        assert_eq!(KeptBatch::new(&CHECKS).finish("x", 1).unwrap().num_rows(), 0);
    }

    #[test]
    fn numbers_that_do_not_fit_are_not_cut() {
        let cells = [Cell::from(40_000_i64)];
        assert!(array(ColumnType::Int16, cells.iter().map(Some)).is_none());
        assert!(array(ColumnType::Int32, cells.iter().map(Some)).is_some());
    }
}
