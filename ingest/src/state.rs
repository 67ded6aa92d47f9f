//! A school's small state: one SQLite file with tokens, counts and clocks, never a name.

use std::fs::OpenOptions;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;
use rusqlite::{Connection, params};

use crate::error::{Error, Kind, at};
use crate::school::{SchoolRoot, TRUST_LEDGER};

mod apart;
mod basis;
mod carrying;
mod clock;
mod corrections;
mod deletions;
mod derived;
mod embargoes;
mod erasure;
mod exports;
mod feeds;
mod followed;
mod holds;
mod ledgers;
mod lines;
mod links;
mod recipients;
mod retention;
mod roster;
mod runs;
mod thinning;
mod words;

pub use apart::SetApartCount;
pub use corrections::{Correction, NewCorrection, Wrong};
pub use deletions::{Deletion, DeletionChain};
pub use embargoes::{Embargo, NewEmbargo};
pub use erasure::ErasedNames;
pub(crate) use exports::ExportRow;
pub use feeds::{ExpectedFeed, KnownFinding};
pub use holds::{Hold, NewHold};
pub use ledgers::LedgerAnchor;
pub(crate) use lines::Lines;
pub use links::{AccountHolder, PersonOfYear};
pub use retention::DestroyedKey;
pub(crate) use retention::{Begun, Work, key_work};
pub use roster::RosterEntry;
pub(crate) use runs::RetentionRun;
pub(crate) use thinning::{ThinningFile, is_thinning};
pub use words::{Unmapped, WordKind};

/// `WSST`: says whose file this is.
const APPLICATION_ID: i64 = 0x5753_5354;

/// One step per schema version; never edited, only added to.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE roster (
        academic_year TEXT NOT NULL, account INTEGER NOT NULL, person INTEGER NOT NULL,
        role TEXT NOT NULL, year_group INTEGER,
        PRIMARY KEY (academic_year, account)) WITHOUT ROWID;
    CREATE TABLE roster_names (
        academic_year TEXT NOT NULL, name INTEGER NOT NULL, person INTEGER NOT NULL,
        role TEXT NOT NULL, year_group INTEGER,
        PRIMARY KEY (academic_year, name)) WITHOUT ROWID;
    CREATE TABLE pseudonym_keys (
        academic_year TEXT PRIMARY KEY, check_value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE open_imports (
        fingerprint TEXT PRIMARY KEY, attempt INTEGER NOT NULL, started_utc TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE dirty_days (local_date TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE closed_days (local_date TEXT PRIMARY KEY, closed_utc TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE unmapped_words (
        kind TEXT NOT NULL, academic_year TEXT NOT NULL, token INTEGER NOT NULL,
        import_token INTEGER NOT NULL, records INTEGER NOT NULL,
        first_date TEXT NOT NULL, last_date TEXT NOT NULL,
        PRIMARY KEY (kind, academic_year, token, import_token)) WITHOUT ROWID;
    CREATE TABLE kept_sources (
        fingerprint TEXT PRIMARY KEY, kept_since TEXT NOT NULL) WITHOUT ROWID;
",
    "
    CREATE TABLE export_rows (
        source_format TEXT NOT NULL, local_date TEXT NOT NULL, import_token INTEGER NOT NULL,
        row INTEGER NOT NULL, copies INTEGER NOT NULL,
        PRIMARY KEY (source_format, local_date, import_token, row)) WITHOUT ROWID;
",
    "
    CREATE TABLE expected_feeds (
        academic_year TEXT NOT NULL, line INTEGER NOT NULL, folder TEXT NOT NULL, format TEXT,
        days TEXT NOT NULL, least_records INTEGER, valid_from TEXT, valid_to TEXT,
        PRIMARY KEY (academic_year, line)) WITHOUT ROWID;
    CREATE TABLE known_findings (
        local_date TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL,
        PRIMARY KEY (local_date, source, kind)) WITHOUT ROWID;
",
    "
    CREATE TABLE import_lines (
        import_token INTEGER PRIMARY KEY, academic_year TEXT NOT NULL, taken_in TEXT NOT NULL,
        bytes INTEGER NOT NULL, chain BLOB NOT NULL);
",
    "
    CREATE TABLE deletion_log (
        entry INTEGER PRIMARY KEY, at_utc TEXT NOT NULL, what TEXT NOT NULL, why TEXT NOT NULL,
        rows INTEGER NOT NULL, detail TEXT NOT NULL);
    CREATE TABLE deletion_chain (entry INTEGER PRIMARY KEY, hash TEXT NOT NULL);
    CREATE TRIGGER deletion_log_never_changes BEFORE UPDATE ON deletion_log
        BEGIN SELECT RAISE(ABORT, 'the deletion log is append-only'); END;
    CREATE TRIGGER deletion_log_keeps_a_year BEFORE DELETE ON deletion_log
        WHEN OLD.at_utc > strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 year')
        BEGIN SELECT RAISE(ABORT, 'the deletion log is append-only'); END;
    CREATE TRIGGER deletion_chain_never_changes BEFORE UPDATE ON deletion_chain
        BEGIN SELECT RAISE(ABORT, 'the deletion log is append-only'); END;
    CREATE TABLE retention_holds (
        id INTEGER PRIMARY KEY AUTOINCREMENT, from_date TEXT NOT NULL, to_date TEXT NOT NULL,
        person INTEGER, reason TEXT NOT NULL, owner TEXT NOT NULL, review_date TEXT NOT NULL,
        added_utc TEXT NOT NULL, released_utc TEXT, released_why TEXT);
    CREATE TABLE destroyed_keys (
        academic_year TEXT PRIMARY KEY, destroyed_utc TEXT NOT NULL, check_value INTEGER) WITHOUT ROWID;
    CREATE TABLE retention_work (
        what TEXT PRIMARY KEY, why TEXT NOT NULL, rows INTEGER NOT NULL, detail TEXT NOT NULL) WITHOUT ROWID;
",
    "
    CREATE TABLE former_recipients (key_id TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE resealing (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), begun_utc TEXT NOT NULL);
    CREATE TABLE erased_names (
        academic_year TEXT NOT NULL, token INTEGER NOT NULL, up_to TEXT NOT NULL,
        PRIMARY KEY (academic_year, token)) WITHOUT ROWID;
    CREATE TABLE erasing (token INTEGER PRIMARY KEY);
",
    "
    CREATE TABLE set_apart_days (
        local_date TEXT NOT NULL, purpose TEXT NOT NULL, records INTEGER NOT NULL, illegal INTEGER NOT NULL,
        PRIMARY KEY (local_date, purpose)) WITHOUT ROWID;
    CREATE TABLE set_apart_rules (
        valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, what TEXT NOT NULL,
        PRIMARY KEY (valid_from, valid_to, what)) WITHOUT ROWID;
    CREATE TABLE account_holders (
        account TEXT NOT NULL, academic_year TEXT NOT NULL, person INTEGER,
        PRIMARY KEY (account, academic_year)) WITHOUT ROWID;
    CREATE TABLE current_rosters (academic_year TEXT PRIMARY KEY, sealed_name TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE heads (
        academic_year TEXT NOT NULL, person INTEGER NOT NULL,
        PRIMARY KEY (academic_year, person)) WITHOUT ROWID;
    CREATE TABLE embargoes (
        id INTEGER PRIMARY KEY AUTOINCREMENT, from_date TEXT NOT NULL, to_date TEXT,
        person INTEGER, theme TEXT, site TEXT, incident INTEGER, reason TEXT NOT NULL,
        reviewer TEXT NOT NULL, review_date TEXT NOT NULL, added_utc TEXT NOT NULL,
        lifted_utc TEXT, lifted_why TEXT);
",
    "
    CREATE TABLE corrections (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL CHECK (kind IN ('person', 'code', 'undo')),
        from_date TEXT NOT NULL, to_date TEXT NOT NULL, undoes INTEGER UNIQUE REFERENCES corrections (id),
        site TEXT, was_code TEXT, source_format TEXT, code TEXT,
        reason TEXT NOT NULL, made_by TEXT NOT NULL, made_utc TEXT NOT NULL);
    CREATE TRIGGER corrections_never_change BEFORE UPDATE ON corrections
        BEGIN SELECT RAISE(ABORT, 'corrections are append-only'); END;
    CREATE TRIGGER corrections_never_go BEFORE DELETE ON corrections
        BEGIN SELECT RAISE(ABORT, 'corrections are append-only'); END;
    CREATE TABLE correction_persons (
        correction INTEGER NOT NULL, academic_year TEXT NOT NULL, side TEXT NOT NULL, token INTEGER NOT NULL,
        role TEXT, year_group INTEGER, PRIMARY KEY (correction, side, token)) WITHOUT ROWID;
",
    "
    CREATE TABLE embargo_persons (
        embargo INTEGER NOT NULL, academic_year TEXT NOT NULL, person INTEGER NOT NULL,
        PRIMARY KEY (embargo, academic_year, person)) WITHOUT ROWID;
    CREATE TABLE embargo_rosters (
        embargo INTEGER NOT NULL, academic_year TEXT NOT NULL,
        PRIMARY KEY (embargo, academic_year)) WITHOUT ROWID;
",
    "
    CREATE TABLE erasing_why (
        only_one INTEGER PRIMARY KEY CHECK (only_one = 1), why TEXT NOT NULL, begun_utc TEXT NOT NULL);
    INSERT INTO erasing_why
        SELECT 1, 'an erasure that was interrupted', strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
        WHERE EXISTS (SELECT 1 FROM erasing);
    CREATE TABLE access_links (
        academic_year TEXT NOT NULL, pseudonym INTEGER NOT NULL, subject INTEGER NOT NULL,
        PRIMARY KEY (academic_year, pseudonym, subject)) WITHOUT ROWID;
    CREATE TABLE clock (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), latest_day TEXT NOT NULL);
    CREATE TABLE destroying_keys (academic_year TEXT PRIMARY KEY, check_value INTEGER) WITHOUT ROWID;
    CREATE TABLE deletion_anchor (
        only_one INTEGER PRIMARY KEY CHECK (only_one = 1), entry INTEGER NOT NULL, hash TEXT NOT NULL);
    INSERT INTO deletion_anchor
        SELECT 1, entry, hash FROM deletion_chain WHERE entry =
            coalesce((SELECT min(entry) FROM deletion_log) - 1, (SELECT max(entry) FROM deletion_chain));
",
    "
    CREATE TABLE embargo_visits (
        embargo INTEGER NOT NULL, academic_year TEXT NOT NULL, actor INTEGER NOT NULL, local_date TEXT NOT NULL,
        PRIMARY KEY (embargo, actor, local_date)) WITHOUT ROWID;
",
    "
    CREATE TABLE derived_basis (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), basis TEXT NOT NULL);
",
    "
    CREATE TABLE ledger_anchors (
        ledger TEXT PRIMARY KEY, sequence INTEGER NOT NULL, hash TEXT NOT NULL) WITHOUT ROWID;
    DROP TRIGGER IF EXISTS access_audit_never_shrinks;
    CREATE TABLE retention_runs (
        run INTEGER PRIMARY KEY AUTOINCREMENT, local_day TEXT NOT NULL, detail_from TEXT NOT NULL,
        events_from TEXT NOT NULL, days_closed INTEGER NOT NULL);
    CREATE TABLE thinned_files (place TEXT PRIMARY KEY) WITHOUT ROWID;
",
    "
    ALTER TABLE retention_runs ADD COLUMN ledgers_from TEXT;
    ALTER TABLE retention_runs ADD COLUMN refused_days INTEGER;
    ALTER TABLE retention_runs ADD COLUMN kept_days INTEGER;
",
    // Over a copy without keys: a row that takes another back would not let that one go.
    "
    CREATE TABLE corrections_before AS SELECT * FROM corrections;
    DROP TABLE corrections;
    CREATE TABLE corrections (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('person', 'code', 'incident', 'undo')),
        from_date TEXT NOT NULL, to_date TEXT NOT NULL, undoes INTEGER UNIQUE REFERENCES corrections (id),
        site TEXT, was_code TEXT, source_format TEXT, code TEXT,
        reason TEXT NOT NULL, made_by TEXT NOT NULL, made_utc TEXT NOT NULL,
        incident INTEGER, taken_in_before_us INTEGER);
    INSERT INTO corrections SELECT *, NULL, NULL FROM corrections_before ORDER BY id;
    DROP TABLE corrections_before;
    CREATE TRIGGER corrections_never_change BEFORE UPDATE ON corrections
        BEGIN SELECT RAISE(ABORT, 'corrections are append-only'); END;
    CREATE TRIGGER corrections_never_go BEFORE DELETE ON corrections
        BEGIN SELECT RAISE(ABORT, 'corrections are append-only'); END;
",
    // Holds on one person: a thinning that was begun, and accounts by rosters that were replaced.
    "
    CREATE TABLE thinning (place TEXT PRIMARY KEY, rows INTEGER NOT NULL, gone INTEGER) WITHOUT ROWID;
    CREATE TABLE former_accounts (
        academic_year TEXT NOT NULL, account INTEGER NOT NULL, person INTEGER NOT NULL,
        PRIMARY KEY (academic_year, account, person)) WITHOUT ROWID;
",
    // What was in force before rows were vouched for stays so: figures do not change by an upgrade.
    "
    CREATE TABLE set_apart_vouched (
        valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, what TEXT NOT NULL,
        PRIMARY KEY (valid_from, valid_to, what)) WITHOUT ROWID;
    INSERT OR IGNORE INTO set_apart_vouched SELECT valid_from, valid_to, what FROM set_apart_rules;
",
];

/// The state file of one school, open.
#[derive(Debug)]
pub struct State {
    connection: Connection,
    path: PathBuf,
}

/// An import that was begun and is not known to be finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenImport {
    /// Fingerprint of the content, 64 hex digits.
    pub fingerprint: String,
    /// How often it was begun, from 1.
    pub attempt: u32,
    /// When it was last begun; UTC.
    pub started_utc: String,
}

impl State {
    /// Opens a school's state file, makes it when there is none, brings it up to date.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when a newer version of the program wrote it, [`Kind::Corrupt`] when it
    /// is no state file or damaged, [`Kind::Retry`] when another process holds it.
    pub fn open(root: &SchoolRoot) -> Result<Self, Error> {
        let path = root.state();
        private_file(&path)?;
        let connection = Connection::open(&path).map_err(|error| failed(&path, error))?;
        let mut state = Self { connection, path };
        state.prepare()?;
        Ok(state)
    }

    fn prepare(&mut self) -> Result<(), Error> {
        let path = self.path.clone();
        let sql = |error| failed(&path, error);
        self.connection.busy_timeout(Duration::from_secs(10)).map_err(sql)?;
        // A deleted row must not stay in the file's free pages. EXTRA also flushes that the journal is gone:
        // one that comes back after a power cut would undo a change that was reported.
        self.connection
            .execute_batch(
                "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; PRAGMA secure_delete = ON;
                 PRAGMA foreign_keys = ON;",
            )
            .map_err(sql)?;
        let transaction = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(sql)?;
        let version: i64 =
            transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sql)?;
        let owner: i64 =
            transaction.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(sql)?;
        let known = MIGRATIONS.len() as i64;
        if owner != APPLICATION_ID && (owner != 0 || version != 0) {
            return Err(Error::new(
                Kind::Corrupt,
                format!("{}: not a state file of watershed", path.display()),
            )
            .help("restore it from a back-up"));
        }
        if version > known {
            return Err(Error::new(
                Kind::Configuration,
                format!(
                    "{}: written by a newer watershed (schema {version}, this one knows {known})",
                    path.display()
                ),
            )
            .help("use the newer program; an older one would lose what it does not know"));
        }
        for step in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
            transaction.execute_batch(step).map_err(sql)?;
        }
        if version < known || owner == 0 {
            transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(sql)?;
            transaction.pragma_update(None, "user_version", known).map_err(sql)?;
        }
        transaction.commit().map_err(sql)
    }

    /// The connection, for tables that other crates keep here. They prefix their tables' names and
    /// make them with `CREATE TABLE IF NOT EXISTS`.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// An SQLite failure of this file, without what the database says about values.
    #[must_use]
    pub fn failure(&self, error: rusqlite::Error) -> Error {
        failed(&self.path, error)
    }

    /// Writes one transaction's view of the file to a new place, without its free pages; on the disk when it
    /// returns.
    ///
    /// # Errors
    /// [`Kind::Environment`] when the place cannot be written.
    pub(crate) fn copy_to(&self, place: &std::path::Path) -> Result<(), Error> {
        copy_database(&self.connection, &self.path, place)
    }

    /// Notes that an import begins; answers how often it was begun, this time included.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn open_import(&mut self, fingerprint: &str) -> Result<u32, Error> {
        let now = jiff::Timestamp::now().to_string();
        self.write(|transaction| {
            transaction.query_row(
                "INSERT INTO open_imports VALUES (?1, 1, ?2)
                 ON CONFLICT (fingerprint) DO UPDATE SET attempt = attempt + 1, started_utc = ?2
                 RETURNING attempt",
                params![fingerprint, now],
                |row| row.get(0),
            )
        })
    }

    /// Imports that were begun and not closed, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open_imports(&self) -> Result<Vec<OpenImport>, Error> {
        self.read(|connection| {
            connection
                .prepare("SELECT fingerprint, attempt, started_utc FROM open_imports ORDER BY started_utc, fingerprint")?
                .query_map([], |row| {
                    Ok(OpenImport { fingerprint: row.get(0)?, attempt: row.get(1)?, started_utc: row.get(2)? })
                })?
                .collect()
        })
    }

    /// Notes that an import is finished or was taken back.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn close_import(&mut self, fingerprint: &str) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM open_imports WHERE fingerprint = ?1", [fingerprint])?;
            Ok(())
        })
    }

    /// Marks local days whose derived rows must be computed again.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn mark_dirty(&mut self, days: impl IntoIterator<Item = Date>) -> Result<(), Error> {
        self.write(|transaction| {
            let mut insert = transaction.prepare("INSERT OR IGNORE INTO dirty_days VALUES (?1)")?;
            for day in days {
                insert.execute([day.to_string()])?;
            }
            Ok(())
        })
    }

    /// Local days whose derived rows must be computed again, in order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn dirty_days(&self) -> Result<Vec<Date>, Error> {
        self.days("SELECT local_date FROM dirty_days ORDER BY local_date")
    }

    /// Marks a local day as derived.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn mark_clean(&mut self, day: Date) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM dirty_days WHERE local_date = ?1", [day.to_string()])?;
            Ok(())
        })
    }

    /// Local days whose detail the retention clock dropped, in order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn closed_days(&self) -> Result<Vec<Date>, Error> {
        self.days("SELECT local_date FROM closed_days ORDER BY local_date")
    }

    /// Closes a local day: its derived rows are frozen, late records are refused.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn close_day(&mut self, day: Date) -> Result<(), Error> {
        let now = jiff::Timestamp::now().to_string();
        self.write(|transaction| {
            transaction.execute("DELETE FROM export_rows WHERE local_date = ?1", [day.to_string()])?;
            transaction.execute(
                "INSERT OR IGNORE INTO closed_days VALUES (?1, ?2)",
                params![day.to_string(), now],
            )?;
            Ok(())
        })
    }

    /// Starts the clock of a source file that was put away after its commit.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_source(&mut self, fingerprint: &str, since: Date) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT OR IGNORE INTO kept_sources VALUES (?1, ?2)",
                params![fingerprint, since.to_string()],
            )?;
            Ok(())
        })
    }

    /// Fingerprints of source files put away on or before a day.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn sources_kept_since(&self, day: Date) -> Result<Vec<String>, Error> {
        self.read(|connection| {
            connection
                .prepare("SELECT fingerprint FROM kept_sources WHERE kept_since <= ?1 ORDER BY 1")?
                .query_map([day.to_string()], |row| row.get(0))?
                .collect()
        })
    }

    /// Forgets a source file that was deleted.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget_source(&mut self, fingerprint: &str) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM kept_sources WHERE fingerprint = ?1", [fingerprint])?;
            Ok(())
        })
    }

    fn days(&self, query: &str) -> Result<Vec<Date>, Error> {
        let days: Vec<String> =
            self.read(|connection| connection.prepare(query)?.query_map([], |row| row.get(0))?.collect())?;
        days.iter().map(|day| day.parse().map_err(|_| self.corrupt())).collect()
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        work(&self.connection).map_err(|error| failed(&self.path, error))
    }

    fn write<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let path = self.path.clone();
        let sql = |error| failed(&path, error);
        let transaction = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(sql)?;
        let answer = work(&transaction).map_err(sql)?;
        transaction.commit().map_err(sql)?;
        Ok(answer)
    }

    fn corrupt(&self) -> Error {
        Error::new(Kind::Corrupt, format!("{}: a value cannot be read", self.path.display()))
            .help("restore the state file from a back-up")
    }
}

/// Makes a data base's file where there is none, because SQLite would make it readable for others.
fn private_file(path: &std::path::Path) -> Result<(), Error> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|error| at(path, error))?;
    let mode = file.metadata().map_err(|error| at(path, error))?.mode();
    if mode & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(|error| at(path, error))?;
    }
    Ok(())
}

/// The file of a trust's sums in an installation's folder, made for its owner only where there is none.
///
/// # Errors
/// [`Kind::Environment`] when it cannot be made.
pub fn trust_ledger(dir: &std::path::Path) -> Result<std::path::PathBuf, Error> {
    let path = dir.join(TRUST_LEDGER);
    private_file(&path)?;
    Ok(path)
}

/// Writes one transaction's view of another data base of the installation to a new place.
///
/// # Errors
/// As [`State::copy_to`].
pub(crate) fn copy_other(path: &std::path::Path, place: &std::path::Path) -> Result<(), Error> {
    let connection = Connection::open(path).map_err(|error| failed(path, error))?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(|error| failed(path, error))?;
    copy_database(&connection, path, place)
}

fn copy_database(
    connection: &Connection,
    path: &std::path::Path,
    place: &std::path::Path,
) -> Result<(), Error> {
    // SQLite fills an empty file, and would make one that others can read.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(place)
        .map_err(|error| at(place, error))?;
    connection.execute("VACUUM INTO ?1", [place.to_string_lossy()]).map_err(|error| failed(path, error))?;
    std::fs::File::open(place).and_then(|file| file.sync_all()).map_err(|error| at(place, error))?;
    let above = place.parent().unwrap_or(place);
    crate::folder::flush(above).map_err(|error| at(above, error))
}

/// SQLite's own words can quote a statement's values: only its code is passed on.
fn failed(path: &std::path::Path, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    let place = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::new(Kind::Retry, format!("{place}: in use by another process")).help("try again")
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Error::new(Kind::Corrupt, format!("{place}: not a readable state file"))
                .help("restore the state file from a back-up")
        }
        Some(
            ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::SystemIoFailure,
        ) => Error::new(Kind::Environment, format!("{place}: cannot be read or written"))
            .help("check the disk and who owns the folder"),
        Some(code) => Error::new(Kind::Bug, format!("{place}: the database answers {code:?}")),
        None => Error::new(Kind::Corrupt, format!("{place}: a value is not what it should be")),
    }
}

#[cfg(test)]
mod tests;
mod visits;
