//! What a newer state file of the same school has that a back-up has not: holds, sealed sets, the access audit,
//! marks of live matters, corrections, accounts. Brought back without it, a school would seal a period again
//! with other figures, drop what a hold keeps and forget who looked.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Transaction, params_from_iter};

use super::{Hold, State, thinning};
use crate::error::{Error, Kind};

/// Tables that only grow, each entry bound to the one before or never changed: what the back-up has must be
/// the beginning of what the newer file has.
const GROWING: [&str; 4] = ["corrections", "release_ledger", "access_audit", "reports_page_views"];

/// Tables whose newer rows hold, all of them.
const HOLDING: [&str; 22] = [
    "retention_holds",
    "embargoes",
    "embargo_persons",
    "embargo_rosters",
    "embargo_visits",
    "block_samples",
    "block_sample_strata",
    "block_sample_attempts",
    "block_sample_labels",
    "alert_labels",
    "correction_persons",
    "former_recipients",
    "resealing",
    "access_subjects",
    "access_links",
    "access_audit_mailed",
    "account_holders",
    "reports_accounts",
    "clock",
    "retention_runs",
    "former_accounts",
    "set_apart_vouched",
];

/// A row, column by column.
type Row = Vec<Value>;

impl State {
    /// Takes over what a newer state file of the same school knows beside what it deleted. The days of newer
    /// corrections are counted again by the next run.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when a ledger of this file is not the beginning of the newer one, or an erasure
    /// was interrupted there; else when a file cannot be read or written.
    pub(crate) fn carry_known(&mut self, newer: &Self) -> Result<(), Error> {
        if !newer.erasing()?.is_empty() {
            return Err(Error::new(
                Kind::Configuration,
                format!("{}: an erasure was interrupted there", newer.path.display()),
            )
            .help("finish it with `watershed erase --finish`, then restore again"));
        }
        self.follow_anchors(newer)?;
        let held = self.holds()?;
        let known: BTreeSet<i64> = self.corrections()?.into_iter().map(|correction| correction.id).collect();
        for table in GROWING {
            let (Some(definition), rows) = newer.table(table)? else { continue };
            let (here, own) = self.table(table)?;
            if here.is_some() && !rows.starts_with(&own) {
                return Err(Error::new(
                    Kind::Configuration,
                    format!("{}: its `{table}` does not begin as the back-up's", newer.path.display()),
                )
                .help("it is no later state of the same school"));
            }
            let new: Vec<Row> = rows.into_iter().skip(own.len()).collect();
            self.write(|transaction| {
                if here.is_none() {
                    make(transaction, &definition)?;
                }
                insert(transaction, table, &new)
            })?;
        }
        for table in HOLDING {
            let (Some(definition), rows) = newer.table(table)? else { continue };
            let (here, _) = self.table(table)?;
            self.write(|transaction| {
                if here.is_none() {
                    make(transaction, &definition)?;
                }
                transaction.execute(&format!("DELETE FROM {table}"), [])?;
                insert(transaction, table, &rows)
            })?;
        }
        // Of what the back-up has sealed, files are thinned for holds that are released since; and how far a
        // thinning had come that is finished there, the log that came along says.
        let still: BTreeSet<i64> =
            self.holds()?.into_iter().filter(Hold::is_active).map(|hold| hold.id).collect();
        let ended = newer.unfinished_thinning()? == 0;
        self.write(|transaction| {
            for hold in held.iter().filter(|hold| hold.is_active() && !still.contains(&hold.id)) {
                thinning::forget_of(transaction, hold)?;
            }
            if ended {
                transaction.execute("DELETE FROM thinning", [])?;
            }
            Ok(())
        })?;
        let closed: BTreeSet<_> = self.closed_days()?.into_iter().collect();
        let mut days = BTreeSet::new();
        for correction in self.corrections()?.into_iter().filter(|correction| !known.contains(&correction.id))
        {
            let mut day = correction.from;
            while day <= correction.to {
                days.insert(day);
                let Ok(next) = day.tomorrow() else { break };
                day = next;
            }
        }
        self.mark_dirty(days.difference(&closed).copied())
    }

    /// What makes a table with its indexes and triggers, none where there is no such table; and its rows by
    /// their key.
    fn table(&self, name: &str) -> Result<(Option<Vec<String>>, Vec<Row>), Error> {
        self.read(|connection| {
            let there: Option<i64> = connection
                .query_row("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", [name], |row| {
                    row.get(0)
                })
                .optional()?;
            if there.is_none() {
                return Ok((None, Vec::new()));
            }
            let definition = connection
                .prepare(
                    "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL
                     ORDER BY type = 'table' DESC, type, name",
                )?
                .query_map([name], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<String>>>()?;
            let mut statement = connection.prepare(&format!("SELECT * FROM {name} ORDER BY 1"))?;
            let columns = statement.column_count();
            let rows = statement
                .query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?
                .collect::<rusqlite::Result<Vec<Vec<Value>>>>()?;
            Ok((Some(definition), rows))
        })
    }
}

fn make(transaction: &Transaction<'_>, definition: &[String]) -> rusqlite::Result<()> {
    definition.iter().try_for_each(|statement| transaction.execute_batch(statement))
}

fn insert(transaction: &Transaction<'_>, table: &str, rows: &[Row]) -> rusqlite::Result<()> {
    for row in rows {
        let places = vec!["?"; row.len()].join(", ");
        transaction
            .execute(&format!("INSERT INTO {table} VALUES ({places})"), params_from_iter(row.iter()))?;
    }
    Ok(())
}
