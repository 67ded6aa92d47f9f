//! What a query brought back, read by column name and widened to a few types.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, SchemaRef};
use jiff::civil::Date;

use crate::error::{Error, Kind};

/// Rows of a query, in memory.
#[derive(Debug)]
pub(crate) struct Answer {
    names: Vec<String>,
    batch: RecordBatch,
}

impl Answer {
    /// Joins batches and widens every column: integers to 64 bits, texts to `Utf8`.
    pub(crate) fn new(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Self, Error> {
        let failed = |_| Error::new(Kind::Bug, "a column of the answer has a type that cannot be shown");
        let names = schema.fields().iter().map(|field| field.name().clone()).collect();
        let joined = concat_batches(schema, batches).map_err(failed)?;
        let columns = joined.columns().iter().enumerate().map(|(index, column)| {
            let wide = match column.data_type() {
                kind if kind.is_integer() => DataType::Int64,
                kind if kind.is_numeric() => DataType::Float64,
                DataType::Date32 => DataType::Date32,
                DataType::Boolean => DataType::Boolean,
                _ => DataType::Utf8,
            };
            let wide = cast(column, &wide).map_err(failed)?;
            Ok((format!("c{index}"), wide))
        });
        let columns = columns.collect::<Result<Vec<_>, Error>>()?;
        if columns.is_empty() {
            return Err(Error::new(Kind::Input, "the statement asks for no column"));
        }
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, column)| (name, column, true)),
        )
        .map_err(failed)?;
        Ok(Self { names, batch })
    }

    /// Rows.
    pub(crate) fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Column names in order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    fn column(&self, row: usize, name: &str) -> Option<&dyn Array> {
        let index = self.names.iter().position(|known| known == name)?;
        self.at(row, index)
    }

    fn at(&self, row: usize, index: usize) -> Option<&dyn Array> {
        let column = self.batch.column(index);
        (row < column.len() && column.is_valid(row)).then_some(column.as_ref())
    }

    /// A whole number; none where it is missing.
    pub(crate) fn integer(&self, row: usize, name: &str) -> Option<i64> {
        let column = self.column(row, name)?;
        column.as_primitive_opt::<Int64Type>().map(|values| values.value(row))
    }

    /// A count; nothing is 0.
    pub(crate) fn count(&self, row: usize, name: &str) -> i64 {
        self.integer(row, name).unwrap_or(0)
    }

    /// A number; none where it is missing.
    pub(crate) fn real(&self, row: usize, name: &str) -> Option<f64> {
        let column = self.column(row, name)?;
        column.as_primitive_opt::<Float64Type>().map(|values| values.value(row))
    }

    /// A text; none where it is missing.
    pub(crate) fn text(&self, row: usize, name: &str) -> Option<String> {
        let column = self.column(row, name)?;
        column.as_string_opt::<i32>().map(|values| values.value(row).to_owned())
    }

    /// Yes or no; missing is no.
    pub(crate) fn yes(&self, row: usize, name: &str) -> bool {
        self.column(row, name)
            .and_then(|column| column.as_boolean_opt())
            .is_some_and(|values| values.value(row))
    }

    /// A day; none where it is missing.
    pub(crate) fn day(&self, row: usize, name: &str) -> Option<Date> {
        let column = self.column(row, name)?;
        column.as_primitive_opt::<Date32Type>().and_then(|values| day_of(values.value(row)))
    }

    /// A cell by position, for statements whose columns nobody knows beforehand.
    pub(crate) fn cell(&self, row: usize, index: usize) -> crate::Cell {
        use crate::Cell;
        let Some(column) = self.at(row, index) else { return Cell::Missing };
        match column.data_type() {
            DataType::Int64 => Cell::Integer(column.as_primitive::<Int64Type>().value(row)),
            DataType::Float64 => Cell::Real(column.as_primitive::<Float64Type>().value(row)),
            DataType::Boolean => Cell::Boolean(column.as_boolean().value(row)),
            DataType::Date32 => day_of(column.as_primitive::<Date32Type>().value(row))
                .map_or(Cell::Missing, |day| Cell::Text(day.to_string())),
            _ => column
                .as_string_opt::<i32>()
                .map_or(Cell::Missing, |values| Cell::Text(values.value(row).to_owned())),
        }
    }
}

fn day_of(days_since_1970: i32) -> Option<Date> {
    jiff::civil::date(1970, 1, 1)
        .checked_add(jiff::Span::new().try_days(i64::from(days_since_1970)).ok()?)
        .ok()
}

/// A pseudonym as it is written everywhere: 16 hex digits.
pub(crate) fn pseudonym(token: i64) -> String {
    format!("{:016x}", token.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::pseudonym;

    #[test]
    fn a_pseudonym_has_sixteen_digits_whatever_its_sign() {
        assert_eq!(pseudonym(1), "0000000000000001");
        assert_eq!(pseudonym(-1), "ffffffffffffffff");
        assert_eq!(pseudonym(i64::MIN), "8000000000000000");
    }
}
