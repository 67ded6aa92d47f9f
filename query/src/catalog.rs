//! A lake table as the query engine sees it: the files of one Delta version, no more.
//!
//! The list is taken once, so a query sees one version whatever is committed meanwhile. Texts are read as views
//! (`Utf8View`), which are compared, filtered and grouped without their bytes being copied; partition columns are plain
//! `Utf8` or `Date32`: dictionaries fail once a plan runs on several machines.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema as ScanSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use ingest::lake::TableSnapshot;
use ingest::lake::columns::{arrow_type, table_schema};
use ingest::schema::TableSchema;
use object_store::ObjectMeta;
use object_store::path::Path;

use crate::error::{Error, Kind};

/// One file of a table.
#[derive(Clone, Debug)]
pub(crate) struct ListedFile {
    /// Where it lies, absolute.
    pub(crate) path: std::path::PathBuf,
    /// Bytes.
    pub(crate) size_bytes: u64,
    /// Value of the partition column as the commit log spells it.
    pub(crate) partition: String,
}

/// The files of one version of one table.
#[derive(Debug)]
pub(crate) struct FileList {
    table: &'static TableSchema,
    schema: SchemaRef,
    files: Vec<(PartitionedFile, ScalarValue)>,
}

impl FileList {
    /// The table of a snapshot, whose protocol the lake has checked.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn of(snapshot: &TableSnapshot) -> Result<Self, Error> {
        let files: Vec<ListedFile> = snapshot
            .files
            .iter()
            .map(|file| ListedFile {
                path: snapshot.folder.join(&file.path),
                size_bytes: file.size_bytes,
                partition: file.partition.clone(),
            })
            .collect();
        Self::new(snapshot.table, &files)
    }

    /// A table over these files; none gives a table without rows.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] when a partition value or path of the commit log cannot be read.
    pub(crate) fn new(table: &'static TableSchema, files: &[ListedFile]) -> Result<Self, Error> {
        let broken = |what: &str| {
            Error::new(
                Kind::Corrupt,
                format!("table `{}`: {what} in its commit log cannot be read", table.name),
            )
            .help("run `watershed check`, then restore the lake's folder from a back-up")
        };
        let kind = table
            .columns
            .last()
            .filter(|column| column.name == table.partition)
            .ok_or_else(|| {
                Error::new(Kind::Bug, format!("table `{}`: the partition column is not last", table.name))
            })?
            .kind;
        let listed = files
            .iter()
            .map(|file| {
                let value = ScalarValue::try_from_string(file.partition.clone(), &arrow_type(kind))
                    .map_err(|_| broken("a partition value"))?;
                let location = std::path::absolute(&file.path)
                    .ok()
                    .and_then(|path| Path::from_absolute_path(path).ok())
                    .ok_or_else(|| broken("a file's path"))?;
                let meta = ObjectMeta {
                    location,
                    last_modified: Default::default(),
                    size: file.size_bytes,
                    e_tag: None,
                    version: None,
                };
                let part = PartitionedFile::new_from_meta(meta).with_partition_values(vec![value.clone()]);
                Ok((part, value))
            })
            .collect::<Result<Vec<_>, Error>>()?;
        Ok(Self { table, schema: read_schema(table), files: listed })
    }

    /// The files whose partition value can satisfy the filters.
    fn wanted(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<PartitionedFile>> {
        let last = self.schema.fields().len() - 1;
        let partition = Arc::new(Schema::new(vec![Arc::clone(&self.schema.fields()[last])]));
        let decisive: Vec<Expr> = filters
            .iter()
            .filter(|filter| {
                !filter.is_volatile()
                    && filter.column_refs().iter().all(|column| column.name == self.table.partition)
            })
            .cloned()
            .collect();
        let Some(filter) = conjunction(decisive).filter(|_| !self.files.is_empty()) else {
            return Ok(self.files.iter().map(|(file, _)| file.clone()).collect());
        };
        let values: ArrayRef = ScalarValue::iter_to_array(self.files.iter().map(|(_, value)| value.clone()))?;
        let batch = RecordBatch::try_new(Arc::clone(&partition), vec![values])?;
        let test = state.create_physical_expr(filter, &DFSchema::try_from(partition)?)?;
        let answer = test.evaluate(&batch)?.into_array(batch.num_rows())?;
        let Some(keep) = answer.as_any().downcast_ref::<BooleanArray>() else {
            return Ok(self.files.iter().map(|(file, _)| file.clone()).collect());
        };
        let wanted = self.files.iter().zip(keep).filter(|(_, keep)| *keep == Some(true));
        Ok(wanted.map(|((file, _), _)| file.clone()).collect())
    }
}

/// The columns of a table as a scan gives them.
fn read_schema(table: &TableSchema) -> SchemaRef {
    let whole = table_schema(table);
    let view = |field: &FieldRef| match field.data_type() {
        DataType::Utf8 if field.name() != table.partition => {
            Arc::new(Field::new(field.name(), DataType::Utf8View, field.is_nullable()))
        }
        _ => Arc::clone(field),
    };
    Arc::new(Schema::new(whole.fields().iter().map(view).collect::<Vec<_>>()))
}

#[async_trait]
impl TableProvider for FileList {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.wanted(state, filters)?;
        if files.is_empty() {
            let schema = match projection {
                Some(indices) => Arc::new(self.schema.project(indices)?),
                None => Arc::clone(&self.schema),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let last = self.schema.fields().len() - 1;
        let in_file = Arc::new(Schema::new(self.schema.fields()[..last].to_vec()));
        let scanned = ScanSchema::builder(in_file)
            .with_table_partition_cols(vec![Arc::clone(&self.schema.fields()[last])])
            .build();
        let mut source = ParquetSource::new(scanned);
        if let Some(filter) = conjunction(filters.to_vec()) {
            let columns = DFSchema::try_from(Arc::clone(&self.schema))?;
            source = source.with_predicate(state.create_physical_expr(filter, &columns)?);
        }
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let scan = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use std::fs::File;

    use datafusion::parquet::arrow::ArrowWriter;
    use ingest::schema;

    use super::*;
    use crate::fixture;
    use crate::session::{Limits, Session};

    /// Two school days of attempts, one Parquet file each, without the partition column inside.
    fn two_files(dir: &std::path::Path) -> Vec<ListedFile> {
        ["2024-25", "2025-26"]
            .into_iter()
            .zip([&["2025-06-02", "2025-06-03"][..], &["2025-09-08"][..]])
            .map(|(year, days)| {
                let rows: Vec<Vec<(&str, &str)>> =
                    days.iter().map(|day| vec![("local_date", *day), ("records", "3")]).collect();
                let batch = fixture::batch(&schema::ATTEMPTS, &rows);
                let width = batch.num_columns() - 1;
                let inside = batch.project(&(0..width).collect::<Vec<_>>()).unwrap();
                let path = dir.join(format!("academic_year={year}")).join("part-0.parquet");
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                let mut writer =
                    ArrowWriter::try_new(File::create(&path).unwrap(), inside.schema(), None).unwrap();
                writer.write(&inside).unwrap();
                writer.close().unwrap();
                let size_bytes = std::fs::metadata(&path).unwrap().len();
                ListedFile { path, size_bytes, partition: year.to_owned() }
            })
            .collect()
    }

    async fn count(session: &Session, statement: &str) -> i64 {
        session.query(statement, &[]).await.unwrap().integer(0, "n").unwrap()
    }

    #[tokio::test]
    async fn rows_come_back_and_partitions_filter() {
        let dir = tempfile::tempdir().unwrap();
        let mut session = Session::new(&Limits::default()).unwrap();
        let list = FileList::new(&schema::ATTEMPTS, &two_files(dir.path())).unwrap();
        session.add(&schema::ATTEMPTS, Arc::new(list), 7).unwrap();
        assert_eq!(count(&session, "SELECT count(*) AS n FROM attempts").await, 3);
        assert_eq!(count(&session, "SELECT sum(records) AS n FROM attempts").await, 9);
        let of_year = "SELECT count(*) AS n FROM attempts WHERE academic_year = '2024-25'";
        assert_eq!(count(&session, of_year).await, 2);
        let of_none = "SELECT count(*) AS n FROM attempts WHERE academic_year = '2023-24'";
        assert_eq!(count(&session, of_none).await, 0);
        let both = "SELECT count(*) AS n FROM attempts WHERE local_date >= DATE '2025-06-03' AND academic_year > '2024'";
        assert_eq!(count(&session, both).await, 2);
        let grouped = session
            .query("SELECT academic_year, count(*) AS n FROM attempts GROUP BY academic_year ORDER BY 1", &[])
            .await
            .unwrap();
        assert_eq!(grouped.text(1, "academic_year").as_deref(), Some("2025-26"));
        assert_eq!(session.versions(), ["attempts=7"]);
    }

    #[tokio::test]
    async fn a_file_older_than_a_column_is_empty_there() {
        let dir = tempfile::tempdir().unwrap();
        let row = vec![("fingerprint", "aa"), ("events", "3"), ("academic_year", "2025-26")];
        let batch = fixture::batch(&schema::IMPORTS, &[row]);
        let columns = schema::IMPORTS.columns;
        let old = ["header_hash", "event_days", "academic_year"];
        let keep: Vec<usize> = (0..columns.len()).filter(|at| !old.contains(&columns[*at].name)).collect();
        let inside = batch.project(&keep).unwrap();
        let path = dir.path().join("part-0.parquet");
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), inside.schema(), None).unwrap();
        writer.write(&inside).unwrap();
        writer.close().unwrap();
        let size_bytes = std::fs::metadata(&path).unwrap().len();
        let file = ListedFile { path, size_bytes, partition: "2025-26".to_owned() };
        let mut session = Session::new(&Limits::default()).unwrap();
        let list = FileList::new(&schema::IMPORTS, &[file]).unwrap();
        session.add(&schema::IMPORTS, Arc::new(list), 0).unwrap();
        let statement =
            "SELECT sum(events) AS n FROM imports WHERE event_days IS NULL AND header_hash IS NULL";
        assert_eq!(count(&session, statement).await, 3);
        let imports = crate::feeds::imports(&session, &jiff::tz::TimeZone::UTC).await.unwrap();
        assert_eq!(imports.len(), 1);
    }

    #[tokio::test]
    async fn a_table_without_files_has_its_columns_and_no_rows() {
        let mut session = Session::new(&Limits::default()).unwrap();
        let list = FileList::new(&schema::EPISODES, &[]).unwrap();
        session.add(&schema::EPISODES, Arc::new(list), 0).unwrap();
        let answer =
            session.query("SELECT severity, theme FROM episodes WHERE severity > 3", &[]).await.unwrap();
        assert_eq!(answer.len(), 0);
        assert_eq!(answer.names(), ["severity", "theme"]);
    }

    #[test]
    fn a_partition_value_that_is_no_day_is_an_error() {
        let file =
            ListedFile { path: "/x/y.parquet".into(), size_bytes: 1, partition: "not a day".to_owned() };
        let error = FileList::new(&schema::REQUESTS, &[file]).unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt);
        assert!(!error.to_string().contains("not a day"));
    }
}
