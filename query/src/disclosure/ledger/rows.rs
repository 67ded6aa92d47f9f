//! Reading and adding rows of the ledger.

use rusqlite::{OptionalExtension, Row, params};

use super::chain::Record;
use super::{Ledger, state_failed};
use crate::error::{Error, Kind};

impl Ledger {
    /// Adds entries, all or none. With `needs`, only if that sealed entry has not been withdrawn meanwhile.
    pub(super) fn add_all(&mut self, records: Vec<Record>, needs: Option<&str>) -> Result<(), Error> {
        // Immediate: of two processes that seal at once the second must see the first's entry.
        let transaction = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(|error| state_failed(&error))?;
        if let Some(id) = needs {
            let stands: bool = transaction
                .query_row(
                    "SELECT count(*) FILTER (WHERE kind = 'sealed') = 1 AND count(*) FILTER (WHERE kind = 'withdrawn') = 0 \
                     FROM release_ledger WHERE id = ?1",
                    [id],
                    |row| row.get(0),
                )
                .map_err(|error| state_failed(&error))?;
            if !stands {
                return Err(Error::new(Kind::Retry, format!("{id} was withdrawn meanwhile"))
                    .help("nothing was entered; look at `watershed releases list`"));
            }
        }
        let last = transaction
            .query_row(
                "SELECT sequence, entry_hash FROM release_ledger ORDER BY sequence DESC LIMIT 1",
                [],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
            )
            .optional()
            .map_err(|error| state_failed(&error))?;
        let (mut sequence, mut previous) = last.unwrap_or_default();
        for mut record in records {
            sequence += 1;
            record.sequence = sequence;
            record.previous_hash.clone_from(&previous);
            record.entry_hash = record.digest();
            previous.clone_from(&record.entry_hash);
            insert(&transaction, &record)?;
        }
        transaction.commit().map_err(|error| state_failed(&error))
    }

    pub(super) fn records(&self, kind: &str, id: Option<&str>) -> Result<Vec<Record>, Error> {
        self.select("WHERE kind = ?1 AND (?2 IS NULL OR id = ?2)", params![kind, id])
    }

    pub(super) fn chain(&self) -> Result<Vec<Record>, Error> {
        self.select("", params![])
    }

    pub(super) fn select(
        &self,
        condition: &str,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<Record>, Error> {
        let query = format!("SELECT * FROM release_ledger {condition} ORDER BY sequence");
        let mut statement = self.connection.prepare(&query).map_err(|error| state_failed(&error))?;
        let rows = statement.query_map(values, read_record).map_err(|error| state_failed(&error))?;
        rows.collect::<Result<_, _>>().map_err(|error| state_failed(&error))
    }
}

fn insert(transaction: &rusqlite::Transaction<'_>, record: &Record) -> Result<(), Error> {
    transaction
    .execute(
        "INSERT INTO release_ledger VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, \
         ?17, ?18, ?19, ?20, ?21)",
        params![
            record.sequence,
            record.kind,
            record.id,
            record.school,
            record.audience,
            record.period,
            record.academic_year,
            record.table_ids,
            record.shape_id,
            record.policy_version,
            record.threshold_pupils,
            record.band_pupils,
            record.category_list_version,
            record.roll_json,
            record.sealed_on,
            record.approver,
            record.fallback_level,
            record.sealed_json,
            record.sealed_sha256,
            record.previous_hash,
            record.entry_hash,
        ],
    )
    .map_err(|error| state_failed(&error))
        .map(|_| ())
}

fn read_record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        sequence: row.get("sequence")?,
        kind: row.get("kind")?,
        id: row.get("id")?,
        school: row.get("school")?,
        audience: row.get("audience")?,
        period: row.get("period")?,
        academic_year: row.get("academic_year")?,
        table_ids: row.get("table_ids")?,
        shape_id: row.get("shape_id")?,
        policy_version: row.get("policy_version")?,
        threshold_pupils: row.get("threshold_pupils")?,
        band_pupils: row.get("band_pupils")?,
        category_list_version: row.get("category_list_version")?,
        roll_json: row.get("roll_json")?,
        sealed_on: row.get("sealed_on")?,
        approver: row.get("approver")?,
        fallback_level: row.get("fallback_level")?,
        sealed_json: row.get("sealed_json")?,
        sealed_sha256: row.get("sealed_sha256")?,
        previous_hash: row.get("previous_hash")?,
        entry_hash: row.get("entry_hash")?,
    })
}
