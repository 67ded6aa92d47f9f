//! A school's small state: one SQLite file with tokens, counts and clocks, never a name.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Error, Kind, at};
use crate::event::{Member, Role};
use crate::school::{AcademicYear, SchoolRoot};

/// `WSST`: says whose file this is.
const APPLICATION_ID: i64 = 0x5753_5354;

/// One step per schema version; never edited, only added to.
const MIGRATIONS: &[&str] = &["
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
"];

/// The state file of one school, open.
#[derive(Debug)]
pub struct State {
    connection: Connection,
    path: PathBuf,
}

/// One account of the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RosterEntry {
    /// Token of the account, or of a name as incident exports write it.
    pub token: i64,
    /// Who it is.
    pub member: Member,
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

/// What sort of word no data file knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WordKind {
    /// A category word without a row in `category_map.csv`.
    Category,
    /// A group or policy name that no rule of `groups.toml` matches.
    Group,
}

impl WordKind {
    /// The word in the state file and in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Group => "group",
        }
    }

    /// The kind of a word in the state file.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Category, Self::Group].into_iter().find(|kind| kind.word() == word)
    }
}

/// A word that no data file knows, by its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmapped {
    /// Category or group.
    pub kind: WordKind,
    /// Academic year of the token.
    pub year: AcademicYear,
    /// Keyed token of the word.
    pub token: i64,
    /// Records that had it.
    pub records: u64,
    /// First local day.
    pub first_date: Date,
    /// Last local day.
    pub last_date: Date,
}

impl State {
    /// Opens a school's state file, makes it when there is none, brings it up to date.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when a newer version of the program wrote it, [`Kind::Corrupt`] when it
    /// is no state file or damaged, [`Kind::Retry`] when another process holds it.
    pub fn open(root: &SchoolRoot) -> Result<Self, Error> {
        let path = root.state();
        // The file is made here, because SQLite would make it readable for others.
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| at(&path, error))?;
        let mode = file.metadata().map_err(|error| at(&path, error))?.mode();
        if mode & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(|error| at(&path, error))?;
        }
        drop(file);
        let connection = Connection::open(&path).map_err(|error| failed(&path, error))?;
        let mut state = Self { connection, path };
        state.prepare()?;
        Ok(state)
    }

    fn prepare(&mut self) -> Result<(), Error> {
        let path = self.path.clone();
        let sql = |error| failed(&path, error);
        self.connection.busy_timeout(Duration::from_secs(10)).map_err(sql)?;
        // A deleted row must not stay in the file's free pages.
        self.connection
            .execute_batch(
                "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
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

    /// Replaces a year's roster.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn replace_roster(
        &mut self,
        year: AcademicYear,
        accounts: &[RosterEntry],
        names: &[RosterEntry],
    ) -> Result<(), Error> {
        self.write(|transaction| {
            let year = year.to_string();
            for (table, column, entries) in [("roster", "account", accounts), ("roster_names", "name", names)]
            {
                transaction.execute(&format!("DELETE FROM {table} WHERE academic_year = ?1"), [&year])?;
                let mut insert = transaction.prepare(&format!(
                    "INSERT INTO {table} (academic_year, {column}, person, role, year_group)
                     VALUES (?1, ?2, ?3, ?4, ?5)"
                ))?;
                for entry in entries {
                    let member = entry.member;
                    insert.execute(params![
                        year,
                        entry.token,
                        member.person,
                        member.role.word(),
                        member.year_group
                    ])?;
                }
            }
            Ok(())
        })
    }

    /// Accounts of every year's roster, by year and account token.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn roster(&self) -> Result<BTreeMap<AcademicYear, BTreeMap<i64, Member>>, Error> {
        self.members("SELECT academic_year, account, person, role, year_group FROM roster")
    }

    /// Names of every year's roster, by year and name token.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn roster_names(&self) -> Result<BTreeMap<AcademicYear, BTreeMap<i64, Member>>, Error> {
        self.members("SELECT academic_year, name, person, role, year_group FROM roster_names")
    }

    fn members(&self, query: &str) -> Result<BTreeMap<AcademicYear, BTreeMap<i64, Member>>, Error> {
        let mut years: BTreeMap<AcademicYear, BTreeMap<i64, Member>> = BTreeMap::new();
        let rows: Vec<(String, i64, i64, String, Option<i8>)> = self.read(|connection| {
            let mut statement = connection.prepare(query)?;
            statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?
                .collect()
        })?;
        for (year, token, person, role, year_group) in rows {
            let year = AcademicYear::parse(&year).ok_or_else(|| self.corrupt())?;
            let role = Role::from_word(&role).ok_or_else(|| self.corrupt())?;
            years.entry(year).or_default().insert(token, Member { person, role, year_group });
        }
        Ok(years)
    }

    /// Remembers the check value of a year's pseudonym key, or compares it with what it was.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] when the year had another key: its pseudonyms would all change.
    pub fn confirm_key(&mut self, year: AcademicYear, check_value: i64) -> Result<(), Error> {
        let name = year.to_string();
        let known: Option<i64> = self.read(|connection| {
            connection
                .query_row(
                    "SELECT check_value FROM pseudonym_keys WHERE academic_year = ?1",
                    [&name],
                    |row| row.get(0),
                )
                .optional()
        })?;
        match known {
            Some(value) if value == check_value => Ok(()),
            Some(_) => Err(Error::new(
                Kind::Corrupt,
                format!("the pseudonym key of {year} is not the one that the lake was made with"),
            )
            .help("restore the key file; with another key everybody would have a new pseudonym")),
            None => self.write(|transaction| {
                transaction.execute(
                    "INSERT OR IGNORE INTO pseudonym_keys VALUES (?1, ?2)",
                    params![name, check_value],
                )?;
                Ok(())
            }),
        }
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
            transaction.execute(
                "INSERT OR IGNORE INTO closed_days VALUES (?1, ?2)",
                params![day.to_string(), now],
            )?;
            Ok(())
        })
    }

    /// Replaces what an import counted of words that no data file knows; again is the same.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn record_unmapped(&mut self, import_token: i64, words: &[Unmapped]) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM unmapped_words WHERE import_token = ?1", [import_token])?;
            let mut insert =
                transaction.prepare("INSERT INTO unmapped_words VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
            for word in words {
                insert.execute(params![
                    word.kind.word(),
                    word.year.to_string(),
                    word.token,
                    import_token,
                    i64::try_from(word.records).unwrap_or(i64::MAX),
                    word.first_date.to_string(),
                    word.last_date.to_string(),
                ])?;
            }
            Ok(())
        })
    }

    /// Words that no data file knows, over all imports, commonest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn unmapped(&self) -> Result<Vec<Unmapped>, Error> {
        let rows: Vec<(String, String, i64, i64, String, String)> = self.read(|connection| {
            connection
                .prepare(
                    "SELECT kind, academic_year, token, sum(records), min(first_date), max(last_date)
                     FROM unmapped_words GROUP BY kind, academic_year, token
                     ORDER BY 4 DESC, kind, academic_year, token",
                )?
                .query_map([], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
                })?
                .collect()
        })?;
        rows.into_iter()
            .map(|(kind, year, token, records, first, last)| {
                Some(Unmapped {
                    kind: WordKind::from_word(&kind)?,
                    year: AcademicYear::parse(&year)?,
                    token,
                    records: u64::try_from(records).ok()?,
                    first_date: first.parse().ok()?,
                    last_date: last.parse().ok()?,
                })
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| self.corrupt())
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
