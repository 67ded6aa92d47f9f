//! Local accounts of one school: who may sign in, as what. No account and no password is there to begin with.

use std::path::Path;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use ingest::school::{SchoolId, SchoolRoot};
use ingest::state::{AccountHolder, State};
use query::{Error, Kind, Seat, Viewer};
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS reports_accounts (
        name TEXT PRIMARY KEY, role TEXT NOT NULL, password_hash TEXT NOT NULL,
        disabled INTEGER NOT NULL DEFAULT 0, generation INTEGER NOT NULL DEFAULT 1,
        added_utc TEXT NOT NULL, changed_utc TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

/// Fewest characters of a password.
pub const SHORTEST_PASSWORD: usize = 12;
const LONGEST_PASSWORD_BYTES: usize = 512;
const LONGEST_NAME: usize = 64;

/// What an account may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Designated safeguarding lead and deputies: everything live.
    Dsl,
    /// The headteacher: live figures, hits on illegal lists, what concerns other staff.
    Head,
    /// Senior leaders: live figures, no single episodes.
    Slt,
    /// Governors: sealed governor sets.
    Governor,
    /// The IT provider: whether the logs are whole.
    It,
    /// The chair of governors: the governor sets, and what concerns the headteacher.
    Chair,
    /// The local authority: what concerns the headteacher, where the school says so.
    Authority,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Dsl, Self::Head, Self::Slt, Self::Governor, Self::It, Self::Chair, Self::Authority];

    /// The word on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dsl => "dsl",
            Self::Head => "head",
            Self::Slt => "slt",
            Self::Governor => "governor",
            Self::It => "it",
            Self::Chair => "chair",
            Self::Authority => "authority",
        }
    }

    /// In words, for pages.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Dsl => "safeguarding lead",
            Self::Head => "headteacher",
            Self::Slt => "senior leader",
            Self::Governor => "governor",
            Self::It => "IT provider",
            Self::Chair => "chair of governors",
            Self::Authority => "local authority",
        }
    }

    /// Where the account's holder sits when a question is asked; none for those who see sealed sets alone.
    #[must_use]
    pub const fn seat(self) -> Option<Seat> {
        match self {
            Self::Dsl => Some(Seat::Dsl),
            Self::Head => Some(Seat::Head),
            Self::Slt => Some(Seat::Leader),
            Self::It => Some(Seat::It),
            Self::Chair => Some(Seat::Chair),
            Self::Authority => Some(Seat::Authority),
            Self::Governor => None,
        }
    }

    /// The role of a word.
    ///
    /// # Errors
    /// [`Kind::Configuration`] for any other word.
    pub fn parse(word: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|role| role.word() == word).ok_or_else(|| {
            Error::new(Kind::Configuration, "there is no such role")
                .help("use `dsl`, `head`, `slt`, `governor`, `it`, `chair` or `authority`")
        })
    }
}

/// An account as it is listed; never its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Name to sign in with.
    pub name: String,
    /// What it may see.
    pub role: Role,
    /// Whether it can sign in no more.
    pub disabled: bool,
    /// When it was added; UTC.
    pub added_utc: String,
    /// When its password or standing last changed; UTC.
    pub changed_utc: String,
}

/// What stands behind a name.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) role: Role,
    pub(crate) password_hash: String,
    pub(crate) disabled: bool,
    /// Goes up with every change, so that older sessions end.
    pub(crate) generation: i64,
}

/// The accounts of one school, in its state file.
#[derive(Debug)]
pub struct Accounts {
    state: State,
}

impl Accounts {
    /// Opens the accounts of a school.
    ///
    /// # Errors
    /// When the school is not there or its state file cannot be opened.
    pub fn open(dir: &Path, school: &SchoolId) -> Result<Self, Error> {
        let root = SchoolRoot::new(dir, school);
        if !root.root().is_dir() {
            return Err(Error::new(Kind::Configuration, format!("there is no school `{school}` here"))
                .help("name the installation's folder with `--dir` and the school with `--school`"));
        }
        let mut state = State::open(&root)?;
        let made = state.connection().execute_batch(TABLE);
        made.map_err(|error| state.failure(error))?;
        Ok(Self { state })
    }

    /// Adds an account.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the name is taken or no name, or the password too weak.
    pub fn add(&mut self, name: &str, role: Role, password: &str) -> Result<(), Error> {
        let name = canonical(name)?;
        let hash = hash(&name, password)?;
        let now = now();
        let added = self.state.connection().execute(
            "INSERT INTO reports_accounts (name, role, password_hash, added_utc, changed_utc)
             VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT (name) DO NOTHING",
            params![name, role.word(), hash, now],
        );
        match added.map_err(|error| self.state.failure(error))? {
            0 => Err(Error::new(Kind::Configuration, "an account of that name is already there")
                .help("use `accounts reset` to give it a new password")),
            _ => Ok(()),
        }
    }

    /// Gives an account a new password, lets it sign in again, ends its sessions.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is no such account or the password is too weak.
    pub fn reset(&mut self, name: &str, password: &str) -> Result<(), Error> {
        let name = canonical(name)?;
        let hash = hash(&name, password)?;
        let changed = self.state.connection().execute(
            "UPDATE reports_accounts SET password_hash = ?2, disabled = 0, generation = generation + 1,
             changed_utc = ?3 WHERE name = ?1",
            params![name, hash, now()],
        );
        self.found(changed)
    }

    /// Lets an account sign in no more and ends its sessions.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is no such account.
    pub fn disable(&mut self, name: &str) -> Result<(), Error> {
        let name = canonical(name)?;
        let changed = self.state.connection().execute(
            "UPDATE reports_accounts SET disabled = 1, generation = generation + 1, changed_utc = ?2
             WHERE name = ?1",
            params![name, now()],
        );
        self.found(changed)
    }

    /// All accounts by name.
    ///
    /// # Errors
    /// When the state file cannot be read.
    pub fn list(&mut self) -> Result<Vec<Account>, Error> {
        let read = read_all(self.state.connection());
        read.map_err(|error| self.state.failure(error))?
            .into_iter()
            .map(|(name, role, disabled, added_utc, changed_utc)| {
                Ok(Account { name, role: Role::parse(&role)?, disabled, added_utc, changed_utc })
            })
            .collect()
    }

    /// What stands behind a name, if anything does.
    pub(crate) fn stored(&mut self, name: &str) -> Result<Option<Stored>, Error> {
        let Ok(name) = canonical(name) else { return Ok(None) };
        let read = self.state.connection().query_row(
            "SELECT role, password_hash, disabled, generation FROM reports_accounts WHERE name = ?1",
            params![name],
            |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        );
        let read = read.optional().map_err(|error| self.state.failure(error))?;
        read.map(|(role, password_hash, disabled, generation)| {
            Ok(Stored { role: Role::parse(&role)?, password_hash, disabled, generation })
        })
        .transpose()
    }

    /// Says whose account it is; what is about that person is never shown to it. Ends its sessions.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is no such account.
    pub fn link(&mut self, name: &str, holder: &AccountHolder) -> Result<(), Error> {
        let name = canonical(name)?;
        let changed = self.state.connection().execute(
            "UPDATE reports_accounts SET generation = generation + 1, changed_utc = ?2 WHERE name = ?1",
            params![name, now()],
        );
        self.found(changed)?;
        Ok(self.state.link_account(&name, holder)?)
    }

    /// For whom a question with this account is answered.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is no such account, or it is disabled or for sealed sets alone.
    pub(crate) fn viewer(&mut self, root: &SchoolRoot, name: &str) -> Result<Viewer, Error> {
        let stored = self.stored(name)?.filter(|stored| !stored.disabled);
        let seat = stored.and_then(|stored| stored.role.seat()).ok_or_else(|| {
            Error::new(Kind::Forbidden, "there is no account of that name that may ask")
                .help("`accounts list` shows them")
        })?;
        Viewer::of_account(root, &canonical(name)?, seat)
    }

    /// The state file, for what else is kept beside the accounts.
    pub(super) fn state(&mut self) -> &mut State {
        &mut self.state
    }

    fn found(&self, changed: rusqlite::Result<usize>) -> Result<(), Error> {
        match changed.map_err(|error| self.state.failure(error))? {
            0 => Err(Error::new(Kind::Configuration, "there is no account of that name")
                .help("`accounts list` shows them")),
            _ => Ok(()),
        }
    }
}

type Row = (String, String, bool, String, String);

fn read_all(connection: &rusqlite::Connection) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection
        .prepare("SELECT name, role, disabled, added_utc, changed_utc FROM reports_accounts ORDER BY name")?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
    rows.collect()
}

/// Small letters, no space around, nothing that could confuse a page or a log.
pub(crate) fn canonical(name: &str) -> Result<String, Error> {
    let name = name.trim().to_lowercase();
    let sound = (1..=LONGEST_NAME).contains(&name.chars().count())
        && name.chars().all(|c| c.is_alphanumeric() || "._-@+".contains(c));
    if sound {
        Ok(name)
    } else {
        Err(Error::new(Kind::Configuration, "that is no name for an account")
            .help("use letters, digits and . _ - @ +, at most 64 of them"))
    }
}

fn hash(name: &str, password: &str) -> Result<String, Error> {
    let weak = |why: &str| {
        Err(Error::new(Kind::Configuration, format!("the password {why}"))
            .help("use at least 12 characters; three or four unrelated words are good"))
    };
    if password.chars().count() < SHORTEST_PASSWORD {
        return weak("is too short");
    }
    if password.len() > LONGEST_PASSWORD_BYTES {
        return weak("is too long");
    }
    if password.to_lowercase().contains(name) && name.len() > 2 {
        return weak("holds the account's name");
    }
    let mut characters: Vec<char> = password.chars().collect();
    characters.sort_unstable();
    characters.dedup();
    if characters.len() < 5 {
        return weak("repeats too few characters");
    }
    hashed(password.as_bytes())
}

/// Argon2id with the library's parameters (19 MiB, two passes) and a salt of its own.
pub(crate) fn hashed(password: &[u8]) -> Result<String, Error> {
    Argon2::default()
        .hash_password(password)
        .map(|hash| hash.to_string())
        .map_err(|_| Error::new(Kind::Environment, "the password could not be hashed"))
}

/// Whether the password is the one that was hashed. Takes as long for a wrong one.
pub(crate) fn matches(password: &str, hash: &str) -> bool {
    password.len() <= LONGEST_PASSWORD_BYTES
        && Argon2::default().verify_password(password.as_bytes(), hash).is_ok()
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]
    use super::*;

    fn fresh() -> (tempfile::TempDir, Accounts) {
        let dir = tempfile::tempdir().unwrap();
        let school = SchoolId::parse("northbrook").unwrap();
        std::fs::create_dir_all(SchoolRoot::new(dir.path(), &school).root()).unwrap();
        let accounts = Accounts::open(dir.path(), &school).unwrap();
        (dir, accounts)
    }

    const PASSWORD: &str = "tulip anchor seven";

    #[test]
    fn nobody_is_there_to_begin_with() {
        let (_dir, mut accounts) = fresh();
        assert_eq!(accounts.list().unwrap(), []);
        assert!(accounts.stored("admin").unwrap().is_none());
    }

    #[test]
    fn a_password_is_kept_as_an_argon2id_hash_only() {
        let (dir, mut accounts) = fresh();
        accounts.add("Dana.Lee", Role::Dsl, PASSWORD).unwrap();
        let stored = accounts.stored("dana.lee").unwrap().unwrap();
        assert!(stored.password_hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(matches(PASSWORD, &stored.password_hash));
        assert!(!matches("tulip anchor eight", &stored.password_hash));
        let root = SchoolRoot::new(dir.path(), &SchoolId::parse("northbrook").unwrap());
        let bytes = std::fs::read(root.state()).unwrap();
        assert!(!bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes()));
    }

    #[test]
    fn weak_passwords_and_odd_names_are_refused() {
        let (_dir, mut accounts) = fresh();
        for weak in ["short", "aaaaaaaaaaaaaaaa", "my dana.lee password", &"x".repeat(600)] {
            assert!(accounts.add("dana.lee", Role::Dsl, weak).is_err(), "{weak}");
        }
        for odd in ["", " ", "a b", "<b>", &"n".repeat(65), "line\nbreak"] {
            assert!(accounts.add(odd, Role::Dsl, PASSWORD).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_name_is_taken_once_and_can_be_reset_and_disabled() {
        let (_dir, mut accounts) = fresh();
        accounts.add("gov", Role::Governor, PASSWORD).unwrap();
        assert!(accounts.add("GOV", Role::Dsl, PASSWORD).is_err());
        let before = accounts.stored("gov").unwrap().unwrap().generation;
        accounts.disable("gov").unwrap();
        assert!(accounts.stored("gov").unwrap().unwrap().disabled);
        accounts.reset("gov", "another long phrase").unwrap();
        let after = accounts.stored("gov").unwrap().unwrap();
        assert!(!after.disabled && after.generation > before);
        assert!(matches("another long phrase", &after.password_hash));
        assert!(accounts.disable("nobody").is_err());
    }
}
