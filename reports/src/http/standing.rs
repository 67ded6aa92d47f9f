//! How the service listened last: on this machine only or on the network, encrypted or not. For papers that must
//! say what is so, because address and certificate are told on the command line and stand in no file.

use query::Error;
use rusqlite::{OptionalExtension, params};

use super::accounts::Accounts;

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS reports_service (
        only_one INTEGER PRIMARY KEY CHECK (only_one = 1), began_utc TEXT NOT NULL,
        loopback INTEGER NOT NULL, encrypted INTEGER NOT NULL) STRICT;
";

/// How the service listened when it began last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// When; UTC.
    pub began_utc: String,
    /// Whether it could be reached from this machine only.
    pub loopback: bool,
    /// Whether it had a certificate.
    pub encrypted: bool,
}

/// Notes how the service listens; called before it answers.
pub(super) fn note(accounts: &mut Accounts, loopback: bool, encrypted: bool) -> Result<(), Error> {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let state = accounts.state();
    let connection = state.connection();
    let written = connection.execute_batch(TABLE).and_then(|()| {
        connection.execute(
            "INSERT OR REPLACE INTO reports_service (only_one, began_utc, loopback, encrypted)
             VALUES (1, ?1, ?2, ?3)",
            params![now, loopback, encrypted],
        )
    });
    written.map(|_| ()).map_err(|error| state.failure(error).into())
}

/// How the service listened when it began last; none when it never did.
///
/// # Errors
/// When the state file cannot be read.
pub fn last(accounts: &mut Accounts) -> Result<Option<Standing>, Error> {
    let state = accounts.state();
    let connection = state.connection();
    let found = connection.execute_batch(TABLE).and_then(|()| {
        connection
            .query_row("SELECT began_utc, loopback, encrypted FROM reports_service", [], |row| {
                Ok(Standing { began_utc: row.get(0)?, loopback: row.get(1)?, encrypted: row.get(2)? })
            })
            .optional()
    });
    found.map_err(|error| state.failure(error).into())
}
