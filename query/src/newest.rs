//! Records as they stand: of the rows that several exports have of one, the newest import's.

use ingest::correction::Overlay;
use ingest::schema::{CHANGES, CHECKS, IMPORTS, INCIDENT_LINKS, INCIDENTS, TableSchema};

use crate::error::Error;
use crate::session::Session;

/// A table whose rows later exports repeat: what all of its rows stand under, and what tells that two rows
/// are of one record.
struct Repeated {
    table: &'static TableSchema,
    history: &'static str,
    key: &'static [&'static str],
}

const REPEATED: [Repeated; 3] = [
    Repeated { table: &INCIDENTS, history: "incident_history", key: &["incident", "incident_row"] },
    Repeated { table: &CHANGES, history: "change_history", key: &["change_token"] },
    Repeated { table: &CHECKS, history: "check_history", key: &["check_token"] },
];

/// Persons named in all rows of all exports.
const LINK_HISTORY: &str = "incident_link_history";

/// Narrows `incidents`, `incident_links`, `changes` and `checks` to the newest import of each row, where a
/// session has them, and leaves out rows of incidents that corrections say do not hold any more. All rows stay
/// there as `incident_history` and so on.
pub(crate) async fn newest_only(session: &mut Session, corrections: &Overlay) -> Result<(), Error> {
    if !has(session, &IMPORTS) {
        return Ok(());
    }
    for repeated in REPEATED.iter().filter(|repeated| has(session, repeated.table)).collect::<Vec<_>>() {
        // Two products may number theirs alike.
        let key = repeated.key.iter().chain(&["source_format"]);
        let key: Vec<_> = key.map(|column| format!("given.{column}")).collect();
        let newest = format!(
            "SELECT {} FROM (
                 SELECT given.*, row_number() OVER (
                     PARTITION BY {}
                     ORDER BY file.imported_utc DESC, given.import_token, given.record_number DESC) AS age
                 FROM {} AS given LEFT JOIN imports AS file ON given.import_token = file.import_token
                 WHERE {}
             ) AS given WHERE age = 1",
            columns(repeated.table),
            key.join(", "),
            repeated.history,
            if repeated.table.name == INCIDENTS.name { holding(corrections) } else { "true".to_owned() }
        );
        session.narrow(repeated.table, repeated.history, &newest).await?;
    }
    if has(session, &INCIDENTS) && has(session, &INCIDENT_LINKS) {
        let of_newest = format!(
            "SELECT {} FROM {LINK_HISTORY} AS given JOIN incidents AS newest
             ON given.import_token = newest.import_token AND given.record_number = newest.record_number",
            columns(&INCIDENT_LINKS)
        );
        session.narrow(&INCIDENT_LINKS, LINK_HISTORY, &of_newest).await?;
    }
    Ok(())
}

/// A condition on rows of incidents and the imports they came with.
fn holding(corrections: &Overlay) -> String {
    let gone: Vec<String> = corrections
        .incidents()
        .map(|(incident, source, before_us)| {
            format!(
                "(given.incident = {incident} AND given.source_format = '{}'
                  AND coalesce(CAST(file.imported_utc AS BIGINT), 0) < {before_us})",
                source.replace('\'', "''")
            )
        })
        .collect();
    if gone.is_empty() { "true".to_owned() } else { format!("NOT ({})", gone.join(" OR ")) }
}

fn has(session: &Session, table: &TableSchema) -> bool {
    session.tables().iter().any(|known| known.name == table.name)
}

fn columns(table: &TableSchema) -> String {
    let columns: Vec<_> = table.columns.iter().map(|column| format!("given.{}", column.name)).collect();
    columns.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;
    use crate::fixture;
    use crate::session::Limits;

    #[tokio::test]
    async fn of_an_incident_the_newest_import_holds_and_the_history_stays() {
        let import = |token, at| vec![("import_token", token), ("imported_utc", at)];
        // The greater token is the older import.
        let imports = [import("9", "2025-10-06T18:00:00Z"), import("4", "2025-11-06T18:00:00Z")];
        let row = |incident, row, token, number, status| {
            vec![
                ("incident", incident),
                ("incident_row", row),
                ("import_token", token),
                ("record_number", number),
                ("status", status),
            ]
        };
        let incidents = [
            row("1", "11", "9", "1", "open"),
            row("1", "12", "9", "2", "open"),
            row("2", "21", "9", "3", "open"),
            row("1", "11", "4", "1", "closed"),
            row("1", "12", "4", "2", "closed"),
            // Twice in one export: the later row.
            row("3", "31", "4", "3", "unread"),
            row("3", "31", "4", "4", "open"),
        ];
        let link = |token, number, linked| {
            vec![("import_token", token), ("record_number", number), ("linked", linked)]
        };
        let links = [link("9", "1", "77"), link("4", "1", "78"), link("9", "3", "79")];
        let mut session = Session::new(&Limits::default()).unwrap();
        session.add(&IMPORTS, fixture::table(&IMPORTS, &imports), 1).unwrap();
        session.add(&INCIDENTS, fixture::table(&INCIDENTS, &incidents), 1).unwrap();
        session.add(&INCIDENT_LINKS, fixture::table(&INCIDENT_LINKS, &links), 1).unwrap();
        newest_only(&mut session, &Overlay::default()).await.unwrap();
        let newest = session
            .query("SELECT incident_row, status FROM incidents ORDER BY incident_row", &[])
            .await
            .unwrap();
        let rows: Vec<_> = (0..newest.len())
            .map(|row| (newest.integer(row, "incident_row").unwrap(), newest.text(row, "status").unwrap()))
            .collect();
        let expected = [(11, "closed"), (12, "closed"), (21, "open"), (31, "open")];
        assert_eq!(rows, expected.map(|(row, status)| (row, status.to_owned())));
        let count = async |table: &str| {
            let statement = format!("SELECT count(*) AS n FROM {table}");
            session.query(&statement, &[]).await.unwrap().integer(0, "n").unwrap()
        };
        assert_eq!((count("incident_history").await, count("incident_link_history").await), (7, 3));
        let linked = session.query("SELECT linked FROM incident_links ORDER BY linked", &[]).await.unwrap();
        let linked: Vec<_> = (0..linked.len()).map(|row| linked.integer(row, "linked").unwrap()).collect();
        assert_eq!(linked, [78, 79]);
    }

    #[tokio::test]
    async fn so_with_changes_and_checks() {
        let imports = [("9", "2025-10-06T18:00:00Z"), ("4", "2025-11-06T18:00:00Z")];
        let imports = imports.map(|(token, at)| vec![("import_token", token), ("imported_utc", at)]);
        let change = |token, import, decision| {
            vec![
                ("change_token", token),
                ("source_format", "filter-change-ledger"),
                ("import_token", import),
                ("record_number", "1"),
                ("decision", decision),
            ]
        };
        let mut elsewhere = change("1", "9", "withdrawn");
        elsewhere[1].1 = "zendesk-tickets";
        let changes = [
            change("1", "9", "pending"),
            change("1", "4", "approved"),
            change("2", "9", "refused"),
            elsewhere,
        ];
        let check = |token, import, observed| {
            vec![
                ("check_token", token),
                ("import_token", import),
                ("record_number", "1"),
                ("observed", observed),
            ]
        };
        let checks = [check("5", "4", "blocked"), check("5", "9", "allowed")];
        let mut session = Session::new(&Limits::default()).unwrap();
        session.add(&IMPORTS, fixture::table(&IMPORTS, &imports), 1).unwrap();
        session.add(&CHANGES, fixture::table(&CHANGES, &changes), 1).unwrap();
        session.add(&CHECKS, fixture::table(&CHECKS, &checks), 1).unwrap();
        newest_only(&mut session, &Overlay::default()).await.unwrap();
        let words = async |column: &str, table: &str| -> Vec<String> {
            let statement = format!("SELECT {column} FROM {table} ORDER BY {column}");
            let found = session.query(&statement, &[]).await.unwrap();
            (0..found.len()).map(|row| found.text(row, column).unwrap()).collect()
        };
        assert_eq!(words("decision", "changes").await, ["approved", "refused", "withdrawn"]);
        assert_eq!(
            words("decision", "change_history").await,
            ["approved", "pending", "refused", "withdrawn"]
        );
        assert_eq!(words("observed", "checks").await, ["blocked"]);
        assert_eq!(words("observed", "check_history").await, ["allowed", "blocked"]);
    }

    #[tokio::test]
    async fn a_session_without_incidents_stays_as_it_is() {
        let mut session = Session::new(&Limits::default()).unwrap();
        session.add(&IMPORTS, fixture::table(&IMPORTS, &[]), 1).unwrap();
        newest_only(&mut session, &Overlay::default()).await.unwrap();
        assert_eq!(session.versions(), ["imports=1"]);
    }
}
