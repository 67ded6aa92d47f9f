//! Data files: Parquet written by ourselves, with the statistics that go into the Delta log.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use deltalake::kernel::Add;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnPath;

use super::columns::{date_of, stored};
use crate::error::{Error, Kind, at};
use crate::folder;
use crate::schema::{Column, ColumnType, TableSchema};

/// Rows of one row group: large enough for dictionaries to pay, small enough for the memory target.
pub(crate) const ROW_GROUP_ROWS: usize = 131_072;

/// Ending of every data file.
pub(crate) const ENDING: &str = ".zst.parquet";

/// Least and greatest value of a column in a file: numbers as they are, days since 1970, or
/// microseconds since 1970.
pub type Ranges = BTreeMap<String, (i64, i64)>;

/// A Parquet file being written in its final place; nobody sees it before a commit names it.
pub(crate) struct DataFileWriter {
    file: WrittenFile,
    writer: ArrowWriter<File>,
}

impl std::fmt::Debug for DataFileWriter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "DataFileWriter({})", self.file.relative)
    }
}

/// A finished data file that no commit names yet.
#[derive(Clone, Debug)]
pub(crate) struct WrittenFile {
    pub(crate) table: &'static TableSchema,
    /// Path below the table's folder.
    pub(crate) relative: String,
    pub(crate) path: PathBuf,
    pub(crate) partition: String,
    pub(crate) size_bytes: u64,
    pub(crate) rows: u64,
    pub(crate) ranges: Ranges,
}

impl DataFileWriter {
    /// Begins `lake/<table>/<partition column>=<partition>/<stem>.zst.parquet`.
    pub(crate) fn create(
        lake: &Path,
        table: &'static TableSchema,
        partition: &str,
        stem: &str,
        schema: SchemaRef,
    ) -> Result<Self, Error> {
        let relative = format!("{}={partition}/{stem}{ENDING}", table.partition);
        let path = lake.join(table.name).join(&relative);
        if let Some(above) = path.parent() {
            folder::make(above, folder::AS_USUAL).map_err(|error| at(above, error))?;
        }
        let file = File::create(&path).map_err(|error| at(&path, error))?;
        let options =
            ArrowWriterOptions::new().with_properties(properties(table)).with_skip_arrow_metadata(true);
        let writer =
            ArrowWriter::try_new_with_options(file, schema, options).map_err(|error| failed(&path, error))?;
        let file = WrittenFile {
            table,
            relative,
            path,
            partition: partition.to_owned(),
            size_bytes: 0,
            rows: 0,
            ranges: Ranges::new(),
        };
        Ok(Self { file, writer })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.writer.write(batch).map_err(|error| failed(&self.file.path, error))
    }

    /// Writes the footer. The file is durable only after [`WrittenFile::sync`].
    pub(crate) fn finish(self) -> Result<WrittenFile, Error> {
        let Self { mut file, writer } = self;
        let metadata = writer.close().map_err(|error| failed(&file.path, error))?;
        file.rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or(0);
        file.size_bytes = fs::metadata(&file.path).map_err(|error| at(&file.path, error))?.len();
        file.ranges = ranges(file.table, &metadata);
        Ok(file)
    }
}

impl WrittenFile {
    /// Flushes contents and folder entry.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        File::open(&self.path).and_then(|file| file.sync_all()).map_err(|error| at(&self.path, error))
    }

    /// Removes a file that will not be committed.
    pub(crate) fn discard(&self) -> Result<(), Error> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at(&self.path, error)),
            _ => Ok(()),
        }
    }

    pub(crate) fn add_action(&self) -> Add {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Add {
            path: self.relative.clone(),
            partition_values: HashMap::from([(
                self.table.partition.to_owned(),
                Some(self.partition.clone()),
            )]),
            size: i64::try_from(self.size_bytes).unwrap_or(i64::MAX),
            modification_time: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
            data_change: true,
            stats: Some(stats_json(self.table, self.rows, &self.ranges)),
            ..Add::default()
        }
    }
}

/// Flushes files and, once each, the folders they lie in and those above: a run that was killed may have
/// made a folder and not flushed its name.
pub(crate) fn sync_all<'f>(files: impl IntoIterator<Item = &'f WrittenFile>) -> Result<(), Error> {
    let mut folders = std::collections::BTreeSet::new();
    for file in files {
        file.sync()?;
        folders.extend(file.path.ancestors().skip(1).take(2));
    }
    for above in folders {
        folder::flush(above).map_err(|error| at(above, error))?;
    }
    Ok(())
}

fn failed(path: &Path, error: parquet::errors::ParquetError) -> Error {
    Error::new(Kind::Environment, format!("{}: cannot be written", path.display())).because(error)
}

fn properties(table: &TableSchema) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_created_by("watershed".to_owned());
    for column in stored(table) {
        let path = ColumnPath::from(column.name);
        builder = builder.set_column_statistics_enabled(path.clone(), statistics(column));
        if runs_or_rises(column) {
            builder = builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    builder.build()
}

/// Words say nothing by their order. Rows are ordered by actor and time, so for these it pays to know
/// the pages.
fn statistics(column: &Column) -> EnabledStatistics {
    match column.kind {
        ColumnType::Text | ColumnType::Boolean => EnabledStatistics::None,
        _ if matches!(column.name, "actor" | "event_time_utc" | "local_date") => EnabledStatistics::Page,
        _ => EnabledStatistics::Chunk,
    }
}

/// Numbers of which neighbours are equal, or close, or of which none repeats: differences are shorter
/// than a dictionary and cheaper to make.
fn runs_or_rises(column: &Column) -> bool {
    column.kind == ColumnType::Timestamp
        || matches!(
            column.name,
            "record_number"
                | "response_bytes"
                | "duration_ms"
                | "local_minute"
                | "utc_offset_minutes"
                | "week_start_date"
                | "half_term_week"
                | "severity"
                | "year_group"
        )
}

/// Ranges of the numeric and time columns over all row groups; a column that has none anywhere, or
/// is empty throughout, is left out.
fn ranges(table: &TableSchema, metadata: &ParquetMetaData) -> Ranges {
    let mut ranges = Ranges::new();
    for (index, column) in stored(table).enumerate() {
        if matches!(column.kind, ColumnType::Text | ColumnType::Boolean) {
            continue;
        }
        let mut whole: Option<(i64, i64)> = None;
        for group in metadata.row_groups() {
            let statistics = group.column(index).statistics();
            let part = match statistics {
                Some(Statistics::Int32(values)) => values
                    .min_opt()
                    .zip(values.max_opt())
                    .map(|(least, greatest)| (i64::from(*least), i64::from(*greatest))),
                Some(Statistics::Int64(values)) => {
                    values.min_opt().zip(values.max_opt()).map(|(least, greatest)| (*least, *greatest))
                }
                _ => None,
            };
            whole = match (whole, part) {
                (Some(one), Some(two)) => Some((one.0.min(two.0), one.1.max(two.1))),
                (one, two) => one.or(two),
            };
        }
        if let Some(range) = whole {
            ranges.insert(column.name.to_owned(), range);
        }
    }
    ranges
}

/// Statistics as the Delta protocol spells them.
pub(crate) fn stats_json(table: &TableSchema, rows: u64, ranges: &Ranges) -> String {
    let spell = |pick: fn(&(i64, i64)) -> i64| {
        let values: serde_json::Map<_, _> = stored(table)
            .filter_map(|column| {
                let value = pick(ranges.get(column.name)?);
                let value = match column.kind {
                    ColumnType::Date => date_of(i32::try_from(value).ok()?)?.to_string().into(),
                    ColumnType::Timestamp => {
                        let stamp = jiff::Timestamp::from_microsecond(value).ok()?;
                        stamp.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string().into()
                    }
                    _ => value.into(),
                };
                Some((column.name.to_owned(), value))
            })
            .collect();
        serde_json::Value::Object(values)
    };
    serde_json::json!({
        "numRecords": rows,
        "minValues": spell(|range| range.0),
        "maxValues": spell(|range| range.1),
    })
    .to_string()
}

/// Reads [`stats_json`] back: rows and ranges. Statistics by others may lack either.
pub(crate) fn read_stats(table: &TableSchema, json: &str) -> (Option<u64>, Ranges) {
    let Ok(stats) = serde_json::from_str::<serde_json::Value>(json) else { return (None, Ranges::new()) };
    let number = |side: &str, name: &str, kind: ColumnType| {
        let value = stats.get(side)?.get(name)?;
        match kind {
            ColumnType::Date => Some(super::columns::epoch_days(value.as_str()?.parse().ok()?).into()),
            ColumnType::Timestamp => Some(value.as_str()?.parse::<jiff::Timestamp>().ok()?.as_microsecond()),
            ColumnType::Text | ColumnType::Boolean => None,
            _ => value.as_i64(),
        }
    };
    let ranges = stored(table)
        .filter_map(|column| {
            let least = number("minValues", column.name, column.kind)?;
            let mut greatest = number("maxValues", column.name, column.kind)?;
            if column.kind == ColumnType::Timestamp && greatest % 1000 == 0 {
                // Checkpoints by others may cut to milliseconds.
                greatest += 999;
            }
            Some((column.name.to_owned(), (least, greatest)))
        })
        .collect();
    (stats.get("numRecords").and_then(serde_json::Value::as_u64), ranges)
}
