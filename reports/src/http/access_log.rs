//! Who looked at which live page when: kept with the school, added to and never changed, until the
//! ledgers' clock has run out for it.

use query::Error;
use rusqlite::params;

use super::accounts::{Accounts, Role};

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS reports_page_views (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT, seen_utc TEXT NOT NULL,
        account TEXT NOT NULL, role TEXT NOT NULL, page TEXT NOT NULL) STRICT;
    CREATE TRIGGER IF NOT EXISTS reports_page_views_never_change BEFORE UPDATE ON reports_page_views
        BEGIN SELECT RAISE(ABORT, 'a page view is never changed'); END;
    CREATE TRIGGER IF NOT EXISTS reports_page_views_keep_a_year BEFORE DELETE ON reports_page_views
        WHEN OLD.seen_utc > strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 year')
        BEGIN SELECT RAISE(ABORT, 'a page view is kept'); END;
";

/// Writes one look down. The page is shown only if this worked.
pub(super) fn record(accounts: &mut Accounts, account: &str, role: Role, page: &str) -> Result<(), Error> {
    let state = accounts.state();
    let seen = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let connection = state.connection();
    let written = connection.execute_batch(TABLE).and_then(|()| {
        connection.execute(
            "INSERT INTO reports_page_views (seen_utc, account, role, page) VALUES (?1, ?2, ?3, ?4)",
            params![seen, account, role.word(), page],
        )
    });
    written.map(|_| ()).map_err(|error| state.failure(error).into())
}

/// One look at a live page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// Number, from 1; what the ledgers' clock dropped is missing at the beginning.
    pub(crate) sequence: i64,
    /// When; UTC.
    pub(crate) seen_utc: String,
    /// Whose account.
    pub(crate) account: String,
    /// Its role at that time.
    pub(crate) role: String,
    /// The page's route, without what was asked behind it.
    pub(crate) page: String,
}

/// All looks that are kept, in order.
pub(crate) fn views(accounts: &mut Accounts) -> Result<Vec<View>, Error> {
    let state = accounts.state();
    let connection = state.connection();
    let read = connection.execute_batch(TABLE).and_then(|()| {
        connection
            .prepare(
                "SELECT sequence, seen_utc, account, role, page FROM reports_page_views ORDER BY sequence",
            )?
            .query_map([], |row| {
                Ok(View {
                    sequence: row.get(0)?,
                    seen_utc: row.get(1)?,
                    account: row.get(2)?,
                    role: row.get(3)?,
                    page: row.get(4)?,
                })
            })?
            .collect()
    });
    read.map_err(|error| state.failure(error).into())
}
