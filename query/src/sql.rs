//! Read-only SQL over the pseudonymous tables: limited, and every statement is on record first.

mod recorded;
mod size;

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use ingest::schema::{ACTIVITY, IMPORTS, INCIDENT_LINKS, INCIDENTS, TABLES, TableSchema};
use ingest::school::SchoolId;

use crate::answer::pseudonym;
use crate::audit::{Access, AccessAudit, What};
use crate::disclosure::table::{Cell, ColumnRole, TableColumn};
use crate::error::{Error, Kind};
use crate::figures::{About, Figures};
use crate::session::{Limits, Session};

/// What one statement may use.
pub(crate) const LIMITS: Limits =
    Limits { memory_bytes: 256 << 20, time: Duration::from_secs(60), rows: 10_000 };

/// A longer statement is refused; of it, this much goes on record.
const STATEMENT_CHARACTERS: usize = 20_000;

/// Columns that hold keyed tokens: shown as 16 hex digits, as everywhere.
const TOKENS: [&str; 10] = [
    "actor",
    "device",
    "search_token",
    "subject",
    "incident",
    "incident_row",
    "linked",
    "change_token",
    "check_token",
    "import_token",
];

/// The tables that can be asked: those of staff are not among them.
fn tables() -> Vec<&'static TableSchema> {
    TABLES.iter().filter(|table| !table.name.starts_with("staff_")).collect()
}

/// The tables that an answer needs: those that the statement names, and what every answer says of its days. All of
/// them when it names one that there is not, so that the refusal can name those there are.
///
/// # Errors
/// When it is not one query.
pub(crate) fn needed(statement: &str) -> Result<Vec<&'static TableSchema>, Error> {
    let parsed = only_a_query(statement)?;
    let Ok((named, _)) = resolve_table_references(&parsed, true) else { return Ok(tables()) };
    let names = |table: &&TableSchema| named.iter().any(|name| name.table() == table.name);
    if !named.iter().all(|name| tables().iter().any(|table| table.name == name.table())) {
        return Ok(tables());
    }
    // Links are those of incidents as they stand.
    let links = names(&&INCIDENT_LINKS);
    let always = |table: &TableSchema| {
        [ACTIVITY.name, IMPORTS.name].contains(&table.name) || links && table.name == INCIDENTS.name
    };
    Ok(tables().into_iter().filter(|table| names(table) || always(table)).collect())
}

/// The statement, where it is one query; whatever else is refused before anything is planned.
fn only_a_query(statement: &str) -> Result<Statement, Error> {
    if statement.chars().count() > STATEMENT_CHARACTERS {
        return Err(Error::new(
            Kind::Input,
            format!("the statement is longer than {STATEMENT_CHARACTERS} characters"),
        )
        .help("ask in several statements"));
    }
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
    match parsed.into_iter().next() {
        Some(Statement::Statement(inner)) if one && query => {
            size::refuse_too_big(&inner)?;
            Ok(Statement::Statement(inner))
        }
        _ => Err(Error::new(
            Kind::Input,
            if one { "only reading is allowed here" } else { "this is not one statement" },
        )
        .help("write one SELECT statement")),
    }
}

/// Writes down who asks what, before it runs: what cannot be recorded does not run.
pub(crate) fn record(dir: &Path, school: &SchoolId, account: &str, statement: &str) -> Result<(), Error> {
    enter(dir, school, account, "asked", statement, 0)
}

/// Writes down how it ended, before anything is shown.
pub(crate) fn record_outcome(
    dir: &Path,
    school: &SchoolId,
    account: &str,
    statement: &str,
    outcome: Result<usize, Kind>,
) -> Result<(), Error> {
    match outcome {
        Ok(rows) => enter(dir, school, account, "answered", statement, rows as u64),
        Err(kind) => enter(dir, school, account, &format!("refused: {kind:?}"), statement, 0),
    }
}

fn enter(
    dir: &Path,
    school: &SchoolId,
    account: &str,
    reason: &str,
    statement: &str,
    rows: u64,
) -> Result<(), Error> {
    // Its shape only: a text in it may name somebody, and the record stays for good.
    let target: String = recorded::shape(statement).chars().take(STATEMENT_CHARACTERS).collect();
    let access = Access { who: account, what: What::Sql, reason, target: &target, rows };
    AccessAudit::open(dir, school)?.record(&access).map(|_| ())
}

/// The rows of a statement.
pub(crate) async fn answer(session: &Session, statement: &str) -> Result<Figures, Error> {
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
