//! What was deleted, when, why and how much: an append-only list, each entry bound to the one before.

use jiff::ToSpan;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::State;
use crate::error::{Error, Kind};

/// An entry of the deletion log. It names tables, days and counts, never a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// Ordinal, from 1.
    pub entry: i64,
    /// When; UTC.
    pub at_utc: String,
    /// What went.
    pub what: String,
    /// By which clock or on whose word.
    pub why: String,
    /// Rows that went.
    pub rows: u64,
    /// Tables, files and bytes.
    pub detail: String,
}

/// A deletion log whose chain holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeletionChain {
    /// Ordinal of the newest entry, 0 when there is none.
    pub entries: i64,
    /// Hash of the newest entry, 64 hex digits; empty when there is none.
    pub head: String,
}

impl State {
    /// Appends an entry to the deletion log; answers its ordinal.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn log_deletion(&mut self, what: &str, why: &str, rows: u64, detail: &str) -> Result<i64, Error> {
        self.write(|transaction| append(transaction, what, why, rows, detail))
    }

    /// The deletion log from an entry on, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn deletions(&self, from_entry: i64) -> Result<Vec<Deletion>, Error> {
        self.read(|connection| read(connection, from_entry))
    }

    /// Checks every entry against its hash and the one before.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] with the first entry that does not fit.
    pub fn verify_deletions(&self) -> Result<DeletionChain, Error> {
        let entries = self.deletions(0)?;
        let dropped = self.dropped_deletions()?;
        let mut chain = dropped.clone();
        let year_ago = year_ago();
        if dropped.entries > 0 && entries.first().is_none_or(|first| first.at_utc > year_ago) {
            return Err(Error::new(
                Kind::Corrupt,
                format!("{}: the deletion log has lost entries that are not a year old", self.path.display()),
            )
            .help("tell the data protection officer, unless this machine's clock is wrong: then set it"));
        }
        let wrong = |entry: i64| {
            Error::new(
                Kind::Corrupt,
                format!(
                    "{}: entry {entry} of the deletion log does not fit the one before",
                    self.path.display()
                ),
            )
            .help("somebody changed the file; restore it from a back-up")
        };
        for deletion in entries {
            let hash = hash(&chain.head, &deletion);
            if deletion.entry != chain.entries + 1 || self.hash_of(deletion.entry)?.as_ref() != Some(&hash) {
                return Err(wrong(deletion.entry));
            }
            chain = DeletionChain { entries: deletion.entry, head: hash };
        }
        let last: Option<i64> = self.read(|connection| {
            connection.query_row("SELECT max(entry) FROM deletion_chain", [], |row| row.get(0))
        })?;
        let anchored = dropped.entries == 0 || self.hash_of(dropped.entries)?.as_ref() == Some(&dropped.head);
        if last.unwrap_or(0) != chain.entries || !anchored {
            return Err(wrong(chain.entries + 1));
        }
        Ok(chain)
    }

    /// Up to where the ledgers' clock has dropped the log, with the hash of the last entry that went.
    pub(super) fn dropped_deletions(&self) -> Result<DeletionChain, Error> {
        let found: Option<(i64, String)> = self.read(|connection| {
            connection
                .query_row("SELECT entry, hash FROM deletion_anchor", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()
        })?;
        let (entries, head) = found.unwrap_or_default();
        Ok(DeletionChain { entries, head })
    }

    /// Takes over what a newer state file of the same school deleted since this one was copied: the entries
    /// of its log, closed days, destroyed keys and the marks of erased names. Answers the entries.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when this log is not the beginning of the newer one.
    pub(crate) fn carry_deletions(&mut self, newer: &Self) -> Result<Vec<Deletion>, Error> {
        let own = self.verify_deletions()?;
        newer.verify_deletions()?;
        let known = newer.hash_of(own.entries)?.unwrap_or_default();
        if own.entries > 0 && known != own.head {
            return Err(Error::new(
                Kind::Configuration,
                format!("{}: its deletion log does not begin as the back-up's", newer.path.display()),
            )
            .help("it is no later state of the same school"));
        }
        let entries = newer.deletions(own.entries + 1)?;
        if entries.first().is_some_and(|first| first.entry != own.entries + 1) {
            return Err(Error::new(
                Kind::Configuration,
                format!(
                    "{}: entries since the back-up were dropped by the ledgers' clock",
                    newer.path.display()
                ),
            ));
        }
        let closed = newer.closed_days()?;
        let destroyed = newer.destroyed_keys()?;
        let erased = newer.erased_names()?;
        let now = jiff::Timestamp::now().to_string();
        self.write(|transaction| {
            let mut head = own.head.clone();
            for deletion in &entries {
                head = hash(&head, deletion);
                insert(transaction, deletion, &head)?;
            }
            for day in &closed {
                transaction.execute(
                    "INSERT OR IGNORE INTO closed_days VALUES (?1, ?2)",
                    params![day.to_string(), now],
                )?;
            }
            for key in &destroyed {
                transaction.execute(
                    "INSERT OR IGNORE INTO destroyed_keys VALUES (?1, ?2, ?3)",
                    params![key.year.to_string(), key.destroyed_utc, key.check_value],
                )?;
            }
            for (year, names) in &erased {
                for (mark, up_to) in names {
                    transaction.execute(
                        "INSERT OR REPLACE INTO erased_names VALUES (?1, ?2, ?3)",
                        params![year.to_string(), mark, up_to.to_string()],
                    )?;
                }
            }
            Ok(())
        })?;
        self.verify_deletions()?;
        Ok(entries)
    }

    fn hash_of(&self, entry: i64) -> Result<Option<String>, Error> {
        self.read(|connection| {
            connection
                .query_row("SELECT hash FROM deletion_chain WHERE entry = ?1", [entry], |row| row.get(0))
                .optional()
        })
    }

    /// Drops the log's entries before a day, at most those older than a year. The newest of them stays, and of
    /// the one before it the hash: so the chain begins with an entry that says itself how old it is. Answers how
    /// many went.
    pub(crate) fn drop_deletions_before(&mut self, day: Date) -> Result<u64, Error> {
        self.write(|transaction| {
            let dropped = transaction.execute(
                "DELETE FROM deletion_log WHERE entry <
                     (SELECT max(entry) FROM deletion_log WHERE entry < coalesce(
                         (SELECT min(entry) FROM deletion_log WHERE substr(at_utc, 1, 10) >= ?1 OR at_utc > ?2),
                         9223372036854775807))",
                [day.to_string(), year_ago()],
            )?;
            if dropped > 0 {
                transaction.execute(
                    "INSERT OR REPLACE INTO deletion_anchor
                         SELECT 1, entry, hash FROM deletion_chain
                         WHERE entry = (SELECT min(entry) FROM deletion_log) - 1",
                    [],
                )?;
                transaction.execute(
                    "DELETE FROM deletion_chain WHERE entry < (SELECT entry FROM deletion_anchor)",
                    [],
                )?;
            }
            Ok(dropped as u64)
        })
    }
}

/// The same moment of a year ago, as the log writes moments.
fn year_ago() -> String {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let then = now.checked_sub(1.year()).unwrap_or(now);
    then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn read(connection: &Connection, from_entry: i64) -> rusqlite::Result<Vec<Deletion>> {
    connection
        .prepare(
            "SELECT entry, at_utc, what, why, rows, detail FROM deletion_log WHERE entry >= ?1 ORDER BY entry",
        )?
        .query_map([from_entry], |row| {
            Ok(Deletion {
                entry: row.get(0)?,
                at_utc: row.get(1)?,
                what: row.get(2)?,
                why: row.get(3)?,
                rows: row.get::<_, i64>(4)?.unsigned_abs(),
                detail: row.get(5)?,
            })
        })?
        .collect()
}

/// Appends within a transaction of the caller's.
pub(super) fn append(
    transaction: &Transaction<'_>,
    what: &str,
    why: &str,
    rows: u64,
    detail: &str,
) -> rusqlite::Result<i64> {
    let newest: Option<(i64, String)> = transaction
        .query_row("SELECT entry, hash FROM deletion_chain ORDER BY entry DESC LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let (last, head) = newest.unwrap_or_default();
    let deletion = Deletion {
        entry: last + 1,
        at_utc: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        what: what.to_owned(),
        why: why.to_owned(),
        rows,
        detail: detail.to_owned(),
    };
    insert(transaction, &deletion, &hash(&head, &deletion))?;
    Ok(deletion.entry)
}

fn insert(transaction: &Transaction<'_>, deletion: &Deletion, hash: &str) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO deletion_log VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            deletion.entry,
            deletion.at_utc,
            deletion.what,
            deletion.why,
            i64::try_from(deletion.rows).unwrap_or(i64::MAX),
            deletion.detail
        ],
    )?;
    transaction.execute("INSERT INTO deletion_chain VALUES (?1, ?2)", params![deletion.entry, hash])?;
    Ok(())
}

/// BLAKE3 over the hash before and the entry, each part with its length before it.
fn hash(before: &str, deletion: &Deletion) -> String {
    let mut hasher = blake3::Hasher::new();
    let (entry, rows) = (deletion.entry.to_string(), deletion.rows.to_string());
    for part in [before, &entry, &deletion.at_utc, &deletion.what, &deletion.why, &rows, &deletion.detail] {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;
    use crate::school::{SchoolId, SchoolRoot};

    fn state(folder: &tempfile::TempDir) -> State {
        let root = SchoolRoot::new(folder.path(), &SchoolId::parse("a").unwrap());
        std::fs::create_dir_all(root.root()).unwrap();
        State::open(&root).unwrap()
    }

    #[test]
    fn the_log_only_grows_and_a_change_behind_its_back_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = state(&folder);
        assert_eq!(state.verify_deletions().unwrap(), DeletionChain::default());
        for number in 1..=3 {
            assert_eq!(state.log_deletion("detail", "R0", number, "x").unwrap(), number as i64);
        }
        let chain = state.verify_deletions().unwrap();
        assert_eq!((chain.entries, chain.head.len()), (3, 64));
        for forbidden in [
            "UPDATE deletion_log SET rows = 0",
            "DELETE FROM deletion_log",
            "UPDATE deletion_chain SET hash = ''",
        ] {
            assert!(state.connection().execute(forbidden, []).is_err(), "{forbidden}");
        }
        state.connection().execute_batch("DROP TRIGGER deletion_log_never_changes").unwrap();
        state.connection().execute("UPDATE deletion_log SET rows = 9 WHERE entry = 2", []).unwrap();
        assert!(state.verify_deletions().unwrap_err().to_string().contains("entry 2"));
        state.connection().execute("UPDATE deletion_log SET rows = 2 WHERE entry = 2", []).unwrap();
        state.verify_deletions().unwrap();
        state.connection().execute_batch("DROP TRIGGER deletion_log_keeps_a_year").unwrap();
        state.connection().execute("DELETE FROM deletion_log WHERE entry = 3", []).unwrap();
        assert!(state.verify_deletions().unwrap_err().to_string().contains("entry 3"), "a cut end shows");
        state.connection().execute("DELETE FROM deletion_log", []).unwrap();
        assert!(
            state.verify_deletions().unwrap_err().to_string().contains("entry 1"),
            "an emptied log shows"
        );
        state.connection().execute("DELETE FROM deletion_chain WHERE entry > 1", []).unwrap();
        assert!(state.verify_deletions().is_err(), "with its chain cut short, too");
    }

    #[test]
    fn old_entries_go_by_their_clock_and_the_chain_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = state(&folder);
        let mut head = String::new();
        for (entry, at_utc) in
            [(1, "2017-01-01T00:00:00Z"), (2, "2018-01-01T00:00:00Z"), (3, "2020-02-02T00:00:00Z")]
        {
            let deletion = Deletion {
                entry,
                at_utc: at_utc.to_owned(),
                what: "w".to_owned(),
                why: "y".to_owned(),
                rows: 1,
                detail: String::new(),
            };
            head = hash(&head, &deletion);
            state.write(|transaction| insert(transaction, &deletion, &head)).unwrap();
        }
        let kept = |state: &State| -> Vec<i64> {
            state.deletions(0).unwrap().iter().map(|deletion| deletion.entry).collect()
        };
        assert_eq!(state.drop_deletions_before(date(2019, 9, 1)).unwrap(), 1);
        assert_eq!(kept(&state), [2, 3], "the newest whose clock has run out shows how old the beginning is");
        assert_eq!(state.verify_deletions().unwrap().entries, 3);
        assert_eq!(state.drop_deletions_before(date(2019, 9, 1)).unwrap(), 0);
        state.log_deletion("more", "R0", 1, "").unwrap();
        assert_eq!(state.verify_deletions().unwrap().entries, 4);
        assert_eq!(state.drop_deletions_before(date(2999, 1, 1)).unwrap(), 1, "a young one stays");
        assert_eq!(kept(&state), [3, 4]);
        state.log_deletion("more", "R0", 1, "").unwrap();
        assert_eq!(state.verify_deletions().unwrap().entries, 5);
        // Whoever goes around the triggers and moves the beginning behind a young entry is noticed.
        for statement in [
            "DROP TRIGGER deletion_log_keeps_a_year",
            "DELETE FROM deletion_log WHERE entry < 5",
            "UPDATE deletion_anchor SET entry = 4, hash = (SELECT hash FROM deletion_chain WHERE entry = 4)",
        ] {
            state.connection().execute(statement, []).unwrap();
        }
        assert!(state.verify_deletions().unwrap_err().to_string().contains("not a year old"));
    }
}
