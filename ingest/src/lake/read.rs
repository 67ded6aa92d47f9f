//! Reading data files back, with the partition column put in its place.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, StringArray};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use jiff::civil::Date;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::columns::{dictionary_schema, epoch_days, table_schema};
use super::{DataFile, Lake, TableSnapshot};
use crate::error::{Error, Kind, at};
use crate::schema::{ColumnType, TableSchema};

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;

/// Takes batch after batch.
pub type Sink<'s> = &'s mut dyn FnMut(RecordBatch) -> Result<(), Error>;

/// How text columns are handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    Spelled,
    Numbered,
}

impl TableSnapshot {
    /// Reads a file batch by batch: `columns` (all if none) in the order of the schema.
    ///
    /// # Errors
    /// When the file is missing or not what the table says it is.
    pub fn read(&self, file: &DataFile, columns: Option<&[&str]>, sink: Sink<'_>) -> Result<(), Error> {
        self.read_as(Words::Spelled, file, columns, sink)
    }

    /// Reads all rows of a local day, batch by batch; rows of other days in the same files too when
    /// the table is not partitioned by day.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_day(&self, day: Date, columns: Option<&[&str]>, sink: Sink<'_>) -> Result<(), Error> {
        let mut files = self.files.iter().filter(|file| file.may_hold(day));
        files.try_for_each(|file| self.read_as(Words::Spelled, file, columns, sink))
    }

    /// The same with text columns as dictionaries: words are not spelled out for each row.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_day_numbered(
        &self,
        day: Date,
        columns: Option<&[&str]>,
        sink: Sink<'_>,
    ) -> Result<(), Error> {
        let mut files = self.files.iter().filter(|file| file.may_hold(day));
        files.try_for_each(|file| self.read_as(Words::Numbered, file, columns, sink))
    }

    fn read_as(
        &self,
        words: Words,
        file: &DataFile,
        columns: Option<&[&str]>,
        sink: Sink<'_>,
    ) -> Result<(), Error> {
        let path = self.folder.join(&file.path);
        let broken = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(Kind::Corrupt, format!("{}: cannot be read", path.display())).because(error)
        };
        let open = || File::open(&path).map_err(|error| at(&path, error));
        let numbered = match words {
            Words::Spelled => None,
            // Another program's compaction may have stored text in another way: then it is spelled.
            Words::Numbered => {
                let options = ArrowReaderOptions::new().with_schema(dictionary_schema(self.table));
                ParquetRecordBatchReaderBuilder::try_new_with_options(open()?, options).ok()
            }
        };
        let (builder, schema) = match numbered {
            Some(builder) => (builder, numbered_schema(self.table)),
            None => {
                let builder = ParquetRecordBatchReaderBuilder::try_new(open()?);
                (builder.map_err(|error| broken(Box::new(error)))?, table_schema(self.table))
            }
        };
        let schema = projected(&schema, columns);
        let mask = ProjectionMask::columns(
            builder.parquet_schema(),
            schema.fields().iter().map(|field| field.name().as_str()),
        );
        let reader = builder
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|error| broken(Box::new(error)))?;
        for batch in reader {
            let batch = batch.map_err(|error| broken(Box::new(error)))?;
            sink(complete(&batch, &schema, self.table, &file.partition).map_err(&broken)?)?;
        }
        Ok(())
    }
}

impl Lake {
    /// All rows of one local day of a table that is partitioned by day, finished imports only.
    ///
    /// # Errors
    /// As [`TableSnapshot::read`].
    pub async fn read_day(&self, table: &'static TableSchema, day: Date) -> Result<Vec<RecordBatch>, Error> {
        let mut batches = Vec::new();
        self.readable(table).await?.read_day(day, None, &mut |batch| {
            batches.push(batch);
            Ok(())
        })?;
        Ok(batches)
    }
}

/// The table's columns with text as dictionaries, the partition column as it is.
fn numbered_schema(table: &TableSchema) -> SchemaRef {
    let files = dictionary_schema(table);
    let whole = table_schema(table);
    let fields: Vec<_> = whole
        .fields()
        .iter()
        .map(|field| {
            files
                .field_with_name(field.name())
                .map_or_else(|_| Arc::clone(field), |field| Arc::new(field.clone()))
        })
        .collect();
    Arc::new(Schema::new(fields))
}

fn projected(schema: &SchemaRef, columns: Option<&[&str]>) -> SchemaRef {
    let Some(columns) = columns else { return Arc::clone(schema) };
    let fields: Vec<_> =
        schema.fields().iter().filter(|field| columns.contains(&field.name().as_str())).cloned().collect();
    Arc::new(Schema::new(fields))
}

fn complete(
    batch: &RecordBatch,
    schema: &SchemaRef,
    table: &TableSchema,
    partition: &str,
) -> Result<RecordBatch, Box<dyn std::error::Error + Send + Sync>> {
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let array = if field.name() == table.partition {
            constant(table, partition, batch.num_rows())?
        } else if let Some(array) = batch.column_by_name(field.name()) {
            arrow::compute::cast(array, field.data_type())?
        } else if field.is_nullable() {
            // The file is older than the column.
            arrow::array::new_null_array(field.data_type(), batch.num_rows())
        } else {
            return Err("a column is missing".into());
        };
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?)
}

fn constant(
    table: &TableSchema,
    partition: &str,
    rows: usize,
) -> Result<ArrayRef, Box<dyn std::error::Error + Send + Sync>> {
    let by_day = table.columns.last().is_some_and(|column| column.kind == ColumnType::Date);
    Ok(if by_day {
        Arc::new(Date32Array::from_value(epoch_days(partition.parse()?), rows))
    } else {
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(partition, rows)))
    })
}
