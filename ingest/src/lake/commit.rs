//! One commit of one table.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Remove, Transaction};
use deltalake::protocol::{DeltaOperation, SaveMode};

use super::{CHECKPOINT_INTERVAL, DataFile, Lake, WrittenFile, failed};
use crate::error::{Error, Kind};
use crate::schema::TableSchema;

/// What a commit adds, removes and remembers.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// Files that are durable already.
    pub(crate) add: Vec<WrittenFile>,
    pub(crate) remove: Vec<DataFile>,
    /// Application transactions: outsiders can ask the log whether an import is in.
    pub(crate) transactions: Vec<String>,
}

impl Change {
    pub(crate) const fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}

impl Lake {
    /// Commits a change. A change of nothing is no commit.
    pub(crate) async fn commit(&self, table: &'static TableSchema, change: Change) -> Result<(), Error> {
        if change.is_empty() {
            return Ok(());
        }
        let Some(mut handle) = self.newest(table).await? else {
            return Err(Error::new(Kind::Bug, format!("table `{}` was never created", table.name)));
        };
        let operation = if change.add.is_empty() {
            DeltaOperation::Delete { predicate: None }
        } else {
            let mode = if change.remove.is_empty() { SaveMode::Append } else { SaveMode::Overwrite };
            let partition_by = Some(vec![table.partition.to_owned()]);
            DeltaOperation::Write { mode, partition_by, predicate: None }
        };
        let removed = change.remove.iter().map(|file| Action::Remove(remove_action(table, file)));
        let added = change.add.iter().map(|file| Action::Add(file.add_action()));
        let transactions = change.transactions.iter().map(|id| Transaction::new(id, 1)).collect();
        let state = handle.snapshot().map_err(|error| failed(table, error))?;
        // The log is cleared of what is old where a checkpoint is made, as Delta's own protocol has it: to
        // look for it at each commit costs more with each commit there is.
        let checkpoint = (state.version() + 2).is_multiple_of(CHECKPOINT_INTERVAL);
        let properties = CommitProperties::default()
            .with_application_transactions(transactions)
            .with_cleanup_expired_logs(Some(checkpoint));
        CommitBuilder::from(properties)
            .with_actions(removed.chain(added).collect())
            .build(Some(state), handle.log_store(), operation)
            .await
            .map_err(|error| failed(table, error))?;
        handle.update_state().await.map_err(|error| failed(table, error))?;
        self.keep(table, &handle);
        Ok(())
    }
}

fn remove_action(table: &TableSchema, file: &DataFile) -> Remove {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Remove {
        path: file.path.clone(),
        data_change: true,
        deletion_timestamp: i64::try_from(now.as_millis()).ok(),
        extended_file_metadata: Some(true),
        partition_values: Some(HashMap::from([(table.partition.to_owned(), Some(file.partition.clone()))])),
        size: i64::try_from(file.size_bytes).ok(),
        ..Remove::default()
    }
}
