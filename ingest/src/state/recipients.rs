//! Keys that may no longer open the vault, and whether it is being sealed anew.

use std::collections::BTreeSet;

use super::State;
use crate::error::Error;
use crate::keys::{from_hex, to_hex};

impl State {
    /// Notes, before anything changes, that the vault is being sealed anew, and the keys that shall open
    /// nothing from then on (a key that came back among the recipients is none of them).
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin_resealing(&mut self, former: &[[u8; 8]], recipients: &[[u8; 8]]) -> Result<(), Error> {
        let now = jiff::Timestamp::now().to_string();
        self.write(|transaction| {
            transaction.execute("INSERT OR IGNORE INTO resealing VALUES (1, ?1)", [&now])?;
            for key in former {
                transaction.execute("INSERT OR IGNORE INTO former_recipients VALUES (?1)", [to_hex(key)])?;
            }
            for key in recipients {
                transaction.execute("DELETE FROM former_recipients WHERE key_id = ?1", [to_hex(key)])?;
            }
            Ok(())
        })
    }

    /// When a sealing anew began that is not finished; none otherwise. UTC.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn resealing(&self) -> Result<Option<String>, Error> {
        let found: Vec<String> = self.read(|connection| {
            connection.prepare("SELECT begun_utc FROM resealing")?.query_map([], |row| row.get(0))?.collect()
        })?;
        Ok(found.into_iter().next())
    }

    /// Notes that every file of the vault is sealed for exactly the recipients.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn end_resealing(&mut self) -> Result<(), Error> {
        self.write(|transaction| transaction.execute("DELETE FROM resealing", []).map(|_| ()))
    }

    /// Ids of keys that were recipients once and are none now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn former_recipients(&self) -> Result<BTreeSet<[u8; 8]>, Error> {
        let ids: Vec<String> = self.read(|connection| {
            connection
                .prepare("SELECT key_id FROM former_recipients")?
                .query_map([], |row| row.get(0))?
                .collect()
        })?;
        ids.iter().map(|id| from_hex(id).ok_or_else(|| self.corrupt())).collect()
    }
}
