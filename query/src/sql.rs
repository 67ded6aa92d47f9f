//! Read-only SQL over the pseudonymous tables: limited, and every statement is on record first.

use std::borrow::Cow;
use std::time::Duration;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use ingest::schema::{TABLES, TableSchema};
use ingest::school::SchoolRoot;
use ingest::state::State;

use crate::answer::pseudonym;
use crate::disclosure::table::{Cell, ColumnRole, TableColumn};
use crate::error::{Error, Kind};
use crate::figures::{About, Figures};
use crate::session::{Limits, Session};

/// What one statement may use.
pub(crate) const LIMITS: Limits =
    Limits { memory_bytes: 256 << 20, time: Duration::from_secs(60), rows: 10_000 };

/// Columns that hold keyed tokens: shown as 16 hex digits, as everywhere.
const TOKENS: [&str; 6] = ["actor", "device", "search_token", "subject", "incident", "import_token"];

/// The tables that can be asked: those of staff are not among them.
pub(crate) fn tables() -> Vec<&'static TableSchema> {
    TABLES.iter().filter(|table| !table.name.starts_with("staff_")).collect()
}

/// Refuses whatever is not one query, before anything is planned.
pub(crate) fn only_a_query(statement: &str) -> Result<(), Error> {
    let parsed = DFParserBuilder::new(statement)
        .with_recursion_limit(60)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| crate::refusal::unreadable(&error))?;
    let one = parsed.len() == 1;
    let query = parsed.iter().all(|statement| match statement {
        Statement::Statement(inner) => matches!(inner.as_ref(), SqlStatement::Query(_)),
        _ => false,
    });
    if one && query {
        return Ok(());
    }
    Err(Error::new(
        Kind::Input,
        if one { "only reading is allowed here" } else { "this is not one statement" },
    )
    .help("write one SELECT statement"))
}

/// A statement's place in the record.
#[derive(Debug)]
pub(crate) struct Recorded(i64);

/// Writes down who asks what, before it runs. A statement that cannot be recorded does not run.
pub(crate) fn record(root: &SchoolRoot, account: &str, statement: &str) -> Result<Recorded, Error> {
    let mut state = State::open(root)?;
    let at = jiff::Timestamp::now().to_string();
    let connection = state.connection();
    let written = connection
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS query_statements (id INTEGER PRIMARY KEY, at_utc TEXT NOT NULL, \
             account TEXT NOT NULL, statement TEXT NOT NULL, outcome TEXT)",
        )
        .and_then(|()| {
            connection.execute(
                "INSERT INTO query_statements (at_utc, account, statement) VALUES (?1, ?2, ?3)",
                (at, account, statement),
            )
        })
        .map(|_| Recorded(connection.last_insert_rowid()));
    written.map_err(unrecorded)
}

/// Writes down how it ended.
pub(crate) fn record_outcome(root: &SchoolRoot, recorded: &Recorded, outcome: &str) -> Result<(), Error> {
    let mut state = State::open(root)?;
    let written = state
        .connection()
        .execute("UPDATE query_statements SET outcome = ?1 WHERE id = ?2", (outcome, recorded.0));
    written.map(|_| ()).map_err(unrecorded)
}

fn unrecorded(_: rusqlite::Error) -> Error {
    Error::new(Kind::Environment, "the statement cannot be recorded, so it is not run")
        .help("check that the school's state file can be written")
}

/// The rows of a statement.
pub(crate) async fn answer(session: &Session, statement: &str) -> Result<Figures, Error> {
    only_a_query(statement)?;
    let (answer, cut) = session.query_some(statement, &[]).await?;
    let columns: Vec<TableColumn> = answer
        .names()
        .iter()
        .map(|name| TableColumn {
            id: Cow::Owned(name.clone()),
            heading: Cow::Owned(name.clone()),
            unit: "",
            role: ColumnRole::Dimension,
        })
        .collect();
    let token: Vec<bool> = answer.names().iter().map(|name| TOKENS.contains(&name.as_str())).collect();
    let rows: Vec<Vec<Cell>> = (0..answer.len())
        .map(|row| {
            let cell = |index: usize| match answer.cell(row, index) {
                Cell::Integer(value) if token[index] => Cell::Text(pseudonym(value)),
                cell => cell,
            };
            (0..columns.len()).map(cell).collect()
        })
        .collect();
    let mut notes = Vec::new();
    if cut {
        notes.push(format!(
            "Cut after {} rows: there are more. Ask for sums, or for fewer days.",
            crate::wording::whole(LIMITS.rows as i64)
        ));
    }
    Ok(Figures {
        schema: "watershed.sql/1",
        title: "Answer".to_owned(),
        unit: "as the statement says",
        denominator: "",
        interval: "",
        about: About::Records,
        reading: match (rows.len(), cut) {
            (0, _) => "No row answers the statement.".to_owned(),
            (n, false) => format!("{}.", crate::wording::counted(n as i64, "row", "rows")),
            (n, true) => format!("The first {} rows; there are more.", crate::wording::whole(n as i64)),
        },
        columns,
        rows,
        notes,
    })
}
