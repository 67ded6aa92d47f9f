//! A read-only query session: bounded in memory and time, blind to files outside its tables.

use std::sync::Arc;
use std::time::Duration;

use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use futures::StreamExt;
use ingest::schema::TableSchema;
use jiff::civil::Date;

use crate::answer::Answer;
use crate::error::{Error, Kind};
use crate::refusal;

/// What one query may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of memory for sorting and grouping.
    pub(crate) memory_bytes: usize,
    /// Wall-clock time.
    pub(crate) time: Duration,
    /// Rows that come back.
    pub(crate) rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_bytes: 512 << 20, time: Duration::from_secs(120), rows: 1_000_000 }
    }
}

/// A value for a `$name` of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A day.
    Day(Date),
    /// A word.
    Word(String),
}

/// Tables of one school at one version each, and the engine over them.
pub(crate) struct Session {
    context: SessionContext,
    limits: Limits,
    tables: Vec<&'static TableSchema>,
    /// Tables that [`narrow`](Self::narrow) left whole under another name.
    whole: Vec<(&'static TableSchema, &'static str)>,
    versions: Vec<String>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Session({})", self.versions.join(" "))
    }
}

impl Session {
    /// A session without tables. It writes nothing to a disk: what does not fit in memory is refused.
    pub(crate) fn new(limits: &Limits) -> Result<Self, Error> {
        let pool =
            TrackConsumersPool::new(FairSpillPool::new(limits.memory_bytes), std::num::NonZeroUsize::MIN);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(pool))
            .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
            .build_arc()
            .map_err(|_| Error::new(Kind::Environment, "the query engine cannot start"))?;
        // Two partitions: the smallest machine has two cores, and every plan then crosses one exchange.
        let config = SessionConfig::new().with_target_partitions(2).with_information_schema(false);
        let context = SessionContext::new_with_config_rt(config, runtime);
        Ok(Self { context, limits: *limits, tables: Vec::new(), whole: Vec::new(), versions: Vec::new() })
    }

    /// Adds a table at a version.
    pub(crate) fn add(
        &mut self,
        table: &'static TableSchema,
        provider: Arc<dyn TableProvider>,
        version: i64,
    ) -> Result<(), Error> {
        self.context
            .register_table(table.name, provider)
            .map_err(|_| Error::new(Kind::Bug, format!("table `{}` is there twice", table.name)))?;
        self.tables.push(table);
        self.versions.push(format!("{}={version}", table.name));
        Ok(())
    }

    /// Puts what a statement selects in the place of a table, whose own rows go on under another name.
    pub(crate) async fn narrow(
        &mut self,
        table: &'static TableSchema,
        whole: &'static str,
        statement: &str,
    ) -> Result<(), Error> {
        if self.replace(table.name, whole, statement).await? {
            self.whole.push((table, whole));
        }
        Ok(())
    }

    /// Leaves in a table, and in what it was before it was narrowed, only the rows that fit a condition; the
    /// others can be asked for under no name.
    pub(crate) async fn restrict(
        &mut self,
        table: &'static TableSchema,
        condition: &str,
    ) -> Result<(), Error> {
        const WHOLE: &str = "before_restriction";
        let statement = format!("SELECT * FROM {WHOLE} WHERE {condition}");
        let broken = |_| Error::new(Kind::Bug, format!("table `{}` cannot be restricted", table.name));
        let narrowed = self.whole.iter().filter(|(known, _)| known.name == table.name);
        let names: Vec<&str> = std::iter::once(table.name).chain(narrowed.map(|(_, name)| *name)).collect();
        for name in names {
            self.replace(name, WHOLE, &statement).await?;
            self.context.deregister_table(WHOLE).map_err(broken)?;
        }
        Ok(())
    }

    /// Puts a statement in a table's place; answers whether the table was there.
    async fn replace(&mut self, name: &str, whole: &str, statement: &str) -> Result<bool, Error> {
        let broken = |_| Error::new(Kind::Bug, format!("table `{name}` cannot be replaced"));
        let Some(provider) = self.context.deregister_table(name).map_err(broken)? else { return Ok(false) };
        self.context.register_table(whole, provider).map_err(broken)?;
        let chosen = Box::pin(self.context.sql_with_options(statement, only_read())).await.map_err(broken)?;
        self.context.register_table(name, chosen.into_view()).map_err(broken)?;
        Ok(true)
    }

    /// `table=version` of each table.
    pub(crate) fn versions(&self) -> &[String] {
        &self.versions
    }

    /// The tables that can be asked.
    pub(crate) fn tables(&self) -> &[&'static TableSchema] {
        &self.tables
    }

    /// Answers one `SELECT` within the limits. More rows than the limit is an error.
    pub(crate) async fn query(&self, statement: &str, values: &[(&str, Value)]) -> Result<Answer, Error> {
        let (answer, cut) = self.query_some(statement, values).await?;
        if cut {
            return Err(Error::new(Kind::Input, format!("more than {} rows", self.limits.rows))
                .help("ask for fewer days"));
        }
        Ok(answer)
    }

    /// Answers one `SELECT` with at most the limit's rows, and whether there were more.
    pub(crate) async fn query_some(
        &self,
        statement: &str,
        values: &[(&str, Value)],
    ) -> Result<(Answer, bool), Error> {
        let work = Box::pin(self.run(statement, values));
        match tokio::time::timeout(self.limits.time, work).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::new(
                Kind::Input,
                format!("the query took longer than {} s and was stopped", self.limits.time.as_secs()),
            )
            .help("ask for fewer days, or for sums instead of rows")),
        }
    }

    async fn run(&self, statement: &str, values: &[(&str, Value)]) -> Result<(Answer, bool), Error> {
        let refuse = |error| refusal::explain(&error, self);
        let mut frame =
            Box::pin(self.context.sql_with_options(statement, only_read())).await.map_err(refuse)?;
        if !values.is_empty() {
            let values: Vec<(&str, ScalarValue)> =
                values.iter().map(|(name, value)| (*name, scalar(value))).collect();
            frame = frame.with_param_values(values).map_err(refuse)?;
        }
        let mut stream = Box::pin(frame.execute_stream()).await.map_err(refuse)?;
        let schema = stream.schema();
        let mut batches = Vec::new();
        let mut left = self.limits.rows;
        let mut cut = false;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(refuse)?;
            if batch.num_rows() > left {
                cut = true;
                batches.push(batch.slice(0, left));
                break;
            }
            left -= batch.num_rows();
            batches.push(batch);
        }
        Ok((Answer::new(&schema, &batches)?, cut))
    }
}

/// Queries, and nothing that writes.
fn only_read() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}

fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::Word(word) => ScalarValue::Utf8(Some(word.clone())),
        Value::Day(day) => {
            let since = day.since(jiff::civil::date(1970, 1, 1)).map_or(0, |span| span.get_days());
            ScalarValue::Date32(Some(since))
        }
    }
}
