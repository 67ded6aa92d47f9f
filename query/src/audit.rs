//! Who opened what, when and why: an append-only list in the state file, each entry bound to the one
//! before.
//!
//! The database refuses to change or delete an entry; who goes around the database breaks the chain.
//! That the newest entries were cut off shows only against a head that was noted elsewhere
//! ([`Verification::head`]). A reason is kept as it was given: a case number, not a name.

use std::path::Path;

use ingest::school::{SchoolId, SchoolRoot};
use ingest::state::State;
use rusqlite::{OptionalExtension, TransactionBehavior, params};

use crate::error::{Error, Kind};

/// Characters that a reason may have at most.
const REASON_CHARACTERS: usize = 500;

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS access_audit (
        sequence INTEGER PRIMARY KEY, at_utc TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
        reason TEXT NOT NULL, target TEXT NOT NULL, rows INTEGER NOT NULL, hash TEXT NOT NULL);
    CREATE TRIGGER IF NOT EXISTS access_audit_never_changes BEFORE UPDATE ON access_audit
        BEGIN SELECT RAISE(ABORT, 'the access audit is append-only'); END;
    CREATE TRIGGER IF NOT EXISTS access_audit_never_shrinks BEFORE DELETE ON access_audit
        BEGIN SELECT RAISE(ABORT, 'the access audit is append-only'); END;
";

/// What was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// One person's rows around their episodes.
    Unlock,
    /// All of one person's rows.
    Extract,
    /// Words that no data file knows.
    UnmappedWords,
    /// A statement over the pseudonymous tables.
    Sql,
}

impl What {
    /// The word in the audit.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unlock => "unlock",
            Self::Extract => "extract",
            Self::UnmappedWords => "unmapped words",
            Self::Sql => "sql",
        }
    }
}

/// What is about to be shown.
#[derive(Clone, Debug)]
pub struct Access<'a> {
    /// Whose key or account.
    pub who: &'a str,
    /// What sort of look.
    pub what: What,
    /// Why, as the person said.
    pub reason: &'a str,
    /// Pseudonym, days, statement: what was asked for.
    pub target: &'a str,
    /// Rows that will be shown.
    pub rows: u64,
}

/// An entry of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Ordinal, from 1.
    pub sequence: i64,
    /// When; UTC.
    pub at_utc: String,
    /// Whose key or account.
    pub who: String,
    /// What sort of look.
    pub what: String,
    /// Why.
    pub reason: String,
    /// What was asked for.
    pub target: String,
    /// Rows that were shown.
    pub rows: i64,
    /// Hash over this entry and the one before, 64 hex digits.
    pub hash: String,
}

/// An audit whose chain holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Entries.
    pub entries: u64,
    /// Hash of the newest entry, to be noted elsewhere; empty when there is none.
    pub head: String,
}

/// The access audit of one school.
#[derive(Debug)]
pub struct AccessAudit {
    state: State,
}

impl AccessAudit {
    /// Opens a school's audit.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is no such school, else when the state file cannot be opened.
    pub fn open(dir: &Path, school: &SchoolId) -> Result<Self, Error> {
        let root = SchoolRoot::new(dir, school);
        if !root.root().is_dir() {
            return Err(Error::new(Kind::Configuration, format!("there is no school `{school}` here"))
                .help("name the installation's folder with `--dir` and the school with `--school`"));
        }
        let mut state = State::open(&root)?;
        state.connection().execute_batch(TABLE).map_err(|error| state.failure(error))?;
        Ok(Self { state })
    }

    /// Writes an entry; returns once it is on the disk. Nothing may be shown before.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the reason is empty or too long, else when the state file cannot be
    /// written.
    pub fn record(&mut self, access: &Access<'_>) -> Result<Entry, Error> {
        let reason = checked_reason(access.reason)?;
        let written = write(&mut self.state, reason, access);
        written.map_err(|error| self.state.failure(error).into())
    }

    /// All entries, oldest first.
    ///
    /// # Errors
    /// When the state file cannot be read.
    pub fn entries(&mut self) -> Result<Vec<Entry>, Error> {
        let found = read(&mut self.state);
        found.map_err(|error| self.state.failure(error).into())
    }

    /// Checks the chain.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] with the first entry that does not hold.
    pub fn verify(&mut self) -> Result<Verification, Error> {
        let mut head = String::new();
        let mut count = 0;
        for (expected, entry) in (1_i64..).zip(self.entries()?) {
            if entry.sequence != expected || entry.hash != chained(&head, &entry) {
                return Err(Error::new(
                    Kind::Corrupt,
                    format!("entry {expected} of the access audit was changed"),
                )
                .help("tell the data protection officer; compare with a back-up of the state file"));
            }
            head = entry.hash;
            count += 1;
        }
        Ok(Verification { entries: count, head })
    }
}

/// A reason that says something, without blanks around it.
pub(crate) fn checked_reason(reason: &str) -> Result<&str, Error> {
    let reason = reason.trim();
    let fits = reason.chars().any(char::is_alphanumeric)
        && reason.chars().count() <= REASON_CHARACTERS
        && !reason.chars().any(char::is_control);
    if fits {
        return Ok(reason);
    }
    Err(Error::new(Kind::Configuration, "a reason is needed to open names").help(format!(
        "give one of at most {REASON_CHARACTERS} characters with `--reason`: a case number, not a name"
    )))
}

fn write(state: &mut State, reason: &str, access: &Access<'_>) -> rusqlite::Result<Entry> {
    let transaction = state.connection().transaction_with_behavior(TransactionBehavior::Immediate)?;
    let newest: Option<(i64, String)> = transaction
        .query_row("SELECT sequence, hash FROM access_audit ORDER BY sequence DESC LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let (sequence, previous) = newest.unwrap_or_default();
    let mut entry = Entry {
        sequence: sequence + 1,
        at_utc: jiff::Timestamp::now().to_string(),
        who: access.who.to_owned(),
        what: access.what.word().to_owned(),
        reason: reason.to_owned(),
        target: access.target.to_owned(),
        rows: i64::try_from(access.rows).unwrap_or(i64::MAX),
        hash: String::new(),
    };
    entry.hash = chained(&previous, &entry);
    transaction.execute(
        "INSERT INTO access_audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            entry.sequence,
            entry.at_utc,
            entry.who,
            entry.what,
            entry.reason,
            entry.target,
            entry.rows,
            entry.hash
        ],
    )?;
    transaction.commit()?;
    Ok(entry)
}

fn read(state: &mut State) -> rusqlite::Result<Vec<Entry>> {
    state
        .connection()
        .prepare("SELECT sequence, at_utc, who, what, reason, target, rows, hash FROM access_audit ORDER BY sequence")?
        .query_map([], |row| {
            Ok(Entry {
                sequence: row.get(0)?,
                at_utc: row.get(1)?,
                who: row.get(2)?,
                what: row.get(3)?,
                reason: row.get(4)?,
                target: row.get(5)?,
                rows: row.get(6)?,
                hash: row.get(7)?,
            })
        })?
        .collect()
}

fn chained(previous: &str, entry: &Entry) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("watershed 1 access audit entry");
    let (sequence, rows) = (entry.sequence.to_string(), entry.rows.to_string());
    for part in
        [previous, &sequence, &entry.at_utc, &entry.who, &entry.what, &entry.reason, &entry.target, &rows]
    {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    fn audit() -> (tempfile::TempDir, AccessAudit) {
        let folder = tempfile::tempdir().unwrap();
        let school = SchoolId::parse("st-annes").unwrap();
        std::fs::create_dir_all(SchoolRoot::new(folder.path(), &school).root()).unwrap();
        let audit = AccessAudit::open(folder.path(), &school).unwrap();
        (folder, audit)
    }

    fn access(reason: &str) -> Access<'_> {
        Access { who: "key 01", what: What::Unlock, reason, target: "00000000000000ff", rows: 3 }
    }

    #[test]
    fn entries_are_chained_and_verified() {
        let (folder, mut audit) = audit();
        assert_eq!(audit.verify().unwrap(), Verification { entries: 0, head: String::new() });
        audit.record(&access(" case 12 ")).unwrap();
        let second = audit.record(&access("case 13")).unwrap();
        assert_eq!(second.sequence, 2);
        let school = SchoolId::parse("st-annes").unwrap();
        let mut again = AccessAudit::open(folder.path(), &school).unwrap();
        assert_eq!(again.verify().unwrap(), Verification { entries: 2, head: second.hash });
        let entries = again.entries().unwrap();
        assert_eq!((entries[0].reason.as_str(), entries[0].rows), ("case 12", 3));
    }

    #[test]
    fn entries_can_be_neither_changed_nor_deleted() {
        let (_folder, mut audit) = audit();
        audit.record(&access("case 12")).unwrap();
        for statement in ["UPDATE access_audit SET reason = 'x'", "DELETE FROM access_audit"] {
            assert!(audit.state.connection().execute_batch(statement).is_err(), "{statement}");
        }
        assert_eq!(audit.verify().unwrap().entries, 1);
    }

    #[test]
    fn a_change_around_the_triggers_breaks_the_chain() {
        for statement in [
            "UPDATE access_audit SET reason = 'case 99' WHERE sequence = 2",
            "UPDATE access_audit SET rows = 0 WHERE sequence = 1",
            "DELETE FROM access_audit WHERE sequence = 2",
            "DELETE FROM access_audit WHERE sequence = 1",
        ] {
            let (_folder, mut audit) = audit();
            for reason in ["case 12", "case 13", "case 14"] {
                audit.record(&access(reason)).unwrap();
            }
            audit
                .state
                .connection()
                .execute_batch(
                    "DROP TRIGGER access_audit_never_changes; DROP TRIGGER access_audit_never_shrinks",
                )
                .unwrap();
            audit.state.connection().execute_batch(statement).unwrap();
            assert_eq!(audit.verify().unwrap_err().kind(), Kind::Corrupt, "{statement}");
        }
    }

    #[test]
    fn a_reason_must_say_something() {
        let (_folder, mut audit) = audit();
        for reason in ["", "  ", "-", "two\nlines", &"x".repeat(501)] {
            assert_eq!(audit.record(&access(reason)).unwrap_err().kind(), Kind::Configuration);
        }
        assert!(audit.entries().unwrap().is_empty());
    }
}
