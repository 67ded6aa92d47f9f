//! The clock of ledgers that other crates keep in the state file: the access audit and the log of page views.
//!
//! Their oldest rows go, in one transaction with an anchor, which has the number and the hash of the last row
//! that went, and with the entry of the deletion log that says so. Of a chain the last row whose clock has run
//! out stays: whoever cuts off younger rows would have to find a row older than a year from whose hash the
//! chain goes on, and there is no other than this one.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{State, deletions};
use crate::error::{Error, Kind};

/// A ledger of another crate, by table.
struct Aged {
    table: &'static str,
    /// What `retain` and the deletion log call it.
    place: &'static str,
    /// Column with the moment of a row, UTC.
    moment: &'static str,
    /// Expression for the hash of a row.
    hash: &'static str,
    /// Rows that stay although their clock has run out.
    stay: i64,
}

const AUDIT: Aged =
    Aged { table: "access_audit", place: "access audit", moment: "at_utc", hash: "hash", stay: 1 };

const VIEWS: Aged =
    Aged { table: "reports_page_views", place: "page views", moment: "seen_utc", hash: "''", stay: 0 };

/// Up to where the ledgers' clock has dropped a ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerAnchor {
    /// Number of the last row that went; 0 when none did.
    pub sequence: i64,
    /// Its hash, 64 hex digits; empty when none went, or where rows have none.
    pub hash: String,
}

impl Aged {
    fn work(&self) -> String {
        format!("ledger {}", self.place)
    }

    fn detail(&self, anchor: &LedgerAnchor) -> String {
        match anchor.hash.is_empty() {
            true => format!("up to row {}", anchor.sequence),
            false => format!("up to entry {}, hash {}", anchor.sequence, anchor.hash),
        }
    }

    /// The last row that goes: nothing from the first row on that is young is touched, whatever the clock said
    /// when a later one was written.
    fn last_old(&self, connection: &Connection, before: Date) -> rusqlite::Result<Option<LedgerAnchor>> {
        if !exists(connection, self.table)? {
            return Ok(None);
        }
        let Self { table, moment, hash, stay, .. } = self;
        connection
            .query_row(
                &format!(
                    "SELECT sequence, {hash} FROM {table} WHERE sequence < coalesce(
                         (SELECT min(sequence) FROM {table} WHERE substr({moment}, 1, 10) >= ?1
                              OR {moment} > strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 year')),
                         9223372036854775807)
                     ORDER BY sequence DESC LIMIT 1 OFFSET {stay}"
                ),
                [before.to_string()],
                |row| Ok(LedgerAnchor { sequence: row.get(0)?, hash: row.get(1)? }),
            )
            .optional()
    }
}

impl State {
    /// Rows of each of these ledgers that its clock has run out for, with the name of the ledger; at most those
    /// older than a year.
    pub(crate) fn ledger_rows_before(&self, before: Date) -> Result<Vec<(&'static str, u64)>, Error> {
        self.read(|connection| {
            let mut found = Vec::new();
            for ledger in [AUDIT, VIEWS] {
                let Some(last) = ledger.last_old(connection, before)? else { continue };
                let statement = format!("SELECT count(*) FROM {} WHERE sequence <= ?1", ledger.table);
                let rows: i64 = connection.query_row(&statement, [last.sequence], |row| row.get(0))?;
                found.push((ledger.place, rows.unsigned_abs()));
            }
            Ok(found)
        })
    }

    /// Drops these rows, with an anchor and an entry of the deletion log for each ledger.
    pub(crate) fn drop_ledger_rows_before(&mut self, before: Date, why: &str) -> Result<(), Error> {
        self.write(|transaction| {
            for ledger in [AUDIT, VIEWS] {
                let Some(last) = ledger.last_old(transaction, before)? else { continue };
                let persons = if ledger.table == AUDIT.table {
                    persons(transaction, "sequence <= ?1", last.sequence)?
                } else {
                    BTreeSet::new()
                };
                let gone = drop_up_to(transaction, &ledger, &last)?;
                forget_persons(transaction, persons)?;
                deletions::append(transaction, &ledger.work(), why, gone as u64, &ledger.detail(&last))?;
            }
            Ok(())
        })
    }

    /// Where the access audit begins now.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] when the deletion log knows of another beginning or of none, or does not hold itself;
    /// else when the file cannot be read.
    pub fn audit_anchor(&self) -> Result<LedgerAnchor, Error> {
        let anchor = self.anchor(&AUDIT)?;
        self.verify_deletions()?;
        let logged = self.deletions(0)?;
        let newest = logged.iter().rev().find(|entry| entry.what == AUDIT.work());
        let fits = match newest {
            Some(entry) => entry.detail == AUDIT.detail(&anchor),
            // The log itself goes by the same clock: of a beginning from before its own it knows nothing.
            None => anchor.sequence == 0 || self.dropped_deletions()?.entries > 0,
        };
        if fits {
            return Ok(anchor);
        }
        Err(Error::new(
            Kind::Corrupt,
            format!("{}: the access audit does not begin where the deletion log says", self.path.display()),
        )
        .help("tell the data protection officer; compare with a back-up of the state file"))
    }

    fn anchor(&self, ledger: &Aged) -> Result<LedgerAnchor, Error> {
        let found = self.read(|connection| {
            connection
                .query_row(
                    "SELECT sequence, hash FROM ledger_anchors WHERE ledger = ?1",
                    [ledger.table],
                    |row| Ok(LedgerAnchor { sequence: row.get(0)?, hash: row.get(1)? }),
                )
                .optional()
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Drops what a newer state file of the same school dropped from these ledgers since this one was copied, so
    /// that what is left is the beginning of what the newer one has.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the newer one begins behind another row than this one has there.
    pub(super) fn follow_anchors(&mut self, newer: &Self) -> Result<(), Error> {
        for ledger in [AUDIT, VIEWS] {
            let theirs = newer.anchor(&ledger)?;
            if theirs.sequence <= self.anchor(&ledger)?.sequence {
                continue;
            }
            let own: Option<String> = self.read(|connection| {
                if !exists(connection, ledger.table)? {
                    return Ok(None);
                }
                let statement = format!("SELECT {} FROM {} WHERE sequence = ?1", ledger.hash, ledger.table);
                connection.query_row(&statement, [theirs.sequence], |row| row.get(0)).optional()
            })?;
            if own.is_some_and(|own| own != theirs.hash) {
                return Err(Error::new(
                    Kind::Configuration,
                    format!(
                        "{}: its `{}` does not go on from the back-up's",
                        newer.path.display(),
                        ledger.table
                    ),
                )
                .help("it is no later state of the same school"));
            }
            self.write(|transaction| drop_up_to(transaction, &ledger, &theirs).map(|_| ()))?;
        }
        Ok(())
    }
}

fn drop_up_to(transaction: &Transaction<'_>, ledger: &Aged, last: &LedgerAnchor) -> rusqlite::Result<usize> {
    transaction.execute(
        "INSERT OR REPLACE INTO ledger_anchors VALUES (?1, ?2, ?3)",
        params![ledger.table, last.sequence, last.hash],
    )?;
    if !exists(transaction, ledger.table)? {
        return Ok(0);
    }
    let statement = format!("DELETE FROM {} WHERE sequence <= ?1", ledger.table);
    let gone = transaction.execute(&statement, [last.sequence])?;
    if ledger.table == AUDIT.table && exists(transaction, "access_audit_mailed")? {
        // The head of the anchor stays one that was mailed.
        transaction.execute("DELETE FROM access_audit_mailed WHERE entries < ?1", [last.sequence])?;
    }
    Ok(gone)
}

/// The numbers of the persons whom entries are about.
fn persons(connection: &Connection, which: &str, sequence: i64) -> rusqlite::Result<BTreeSet<i64>> {
    let targets: Vec<String> = connection
        .prepare(&format!("SELECT target FROM access_audit WHERE {which}"))?
        .query_map([sequence], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let number = |target: &String| target.split(' ').next()?.strip_prefix("subject-")?.parse().ok();
    Ok(targets.iter().filter_map(number).collect())
}

/// Forgets whom a number stands for when no entry is left that has it.
fn forget_persons(transaction: &Transaction<'_>, mut gone: BTreeSet<i64>) -> rusqlite::Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let left = persons(transaction, "sequence > ?1", 0)?;
    gone.retain(|person| !left.contains(person));
    for person in gone {
        transaction.execute("DELETE FROM access_subjects WHERE subject = ?1", [person])?;
        transaction.execute("DELETE FROM access_links WHERE subject = ?1", [person])?;
    }
    Ok(())
}

fn exists(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let statement = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    Ok(connection.query_row(statement, [table], |_| Ok(())).optional()?.is_some())
}
