//! Who looked at which live page when: kept with the school, added to and never changed.

use query::Error;
use rusqlite::params;

use super::accounts::{Accounts, Role};

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS reports_page_views (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT, seen_utc TEXT NOT NULL,
        account TEXT NOT NULL, role TEXT NOT NULL, page TEXT NOT NULL) STRICT;
    CREATE TRIGGER IF NOT EXISTS reports_page_views_never_change BEFORE UPDATE ON reports_page_views
        BEGIN SELECT RAISE(ABORT, 'a page view is never changed'); END;
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

/// Pages and accounts in order, for the one who checks.
#[cfg(test)]
pub(super) fn views(accounts: &mut Accounts) -> Vec<(String, String)> {
    let connection = accounts.state().connection();
    let Ok(mut statement) =
        connection.prepare("SELECT account, page FROM reports_page_views ORDER BY sequence")
    else {
        return Vec::new();
    };
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.map(|rows| rows.filter_map(Result::ok).collect()).unwrap_or_default()
}
