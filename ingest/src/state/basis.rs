//! What figures rest on beside the lake, so that a change of it is noticed.

use rusqlite::types::ValueRef;

use super::State;
use crate::error::Error;

/// Marks, corrections, rosters, what was set apart, samples and their labels, and work that is not finished. Tables that
/// another crate keeps may be missing.
const TABLES: [&str; 18] = [
    "account_holders",
    "block_sample_attempts",
    "block_sample_labels",
    "block_sample_strata",
    "block_samples",
    "closed_days",
    "correction_persons",
    "corrections",
    "dirty_days",
    "embargo_persons",
    "embargo_rosters",
    "embargo_visits",
    "embargoes",
    "heads",
    "open_imports",
    "roster",
    "set_apart_days",
    "set_apart_vouched",
];

impl State {
    /// A digest of all in the state file that figures rest on: 64 hex digits, the same as long as none of it changed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn basis(&self) -> Result<String, Error> {
        self.read(|connection| {
            // One moment for all tables.
            let transaction = connection.unchecked_transaction()?;
            let mut hasher = blake3::Hasher::new();
            for table in TABLES {
                let exists = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
                if !transaction.query_row(exists, [table], |row| row.get::<_, bool>(0))? {
                    continue;
                }
                // As they lie there: a table that is written anew in another order was written to.
                let mut statement = transaction.prepare(&format!("SELECT * FROM {table}"))?;
                let columns = statement.column_count();
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    hasher.update(table.as_bytes());
                    for column in 0..columns {
                        let (sort, bytes): (u8, Vec<u8>) = match row.get_ref(column)? {
                            ValueRef::Null => (0, Vec::new()),
                            ValueRef::Integer(number) => (1, number.to_le_bytes().to_vec()),
                            ValueRef::Real(number) => (2, number.to_le_bytes().to_vec()),
                            ValueRef::Text(text) => (3, text.to_vec()),
                            ValueRef::Blob(bytes) => (4, bytes.to_vec()),
                        };
                        hasher.update(&[sort]).update(&(bytes.len() as u64).to_le_bytes()).update(&bytes);
                    }
                }
            }
            Ok(hasher.finalize().to_hex().to_string())
        })
    }
}
