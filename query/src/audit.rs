//! Who opened what, when and why: an append-only list in the state file, each entry bound to the one
//! before.
//!
//! The database refuses to change an entry, or to delete one before the ledgers' clock has run out; what the
//! clock drops leaves the number and the hash of the last entry that went, from which the chain goes on with an
//! entry whose clock has run out, too. Who goes around the database breaks the chain. That the newest entries were cut off shows only against a head that was noted elsewhere
//! ([`Verification::head`]). A reason is kept as it was given: a case number, not a name.

mod access;
pub(crate) mod apart;
mod mailing;
mod releases;
mod sharing;

use std::path::Path;

use ingest::school::{SchoolId, SchoolRoot};
use ingest::state::{PersonOfYear, State};
use jiff::ToSpan;
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use crate::error::{Error, Kind};

pub use access::AccessReview;
pub use mailing::MailedHead;
pub use sharing::{Shared, Sharing};

/// Characters that a reason may have at most.
const REASON_CHARACTERS: usize = 500;

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS access_audit (
        sequence INTEGER PRIMARY KEY, at_utc TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
        reason TEXT NOT NULL, target TEXT NOT NULL, rows INTEGER NOT NULL, hash TEXT NOT NULL);
    CREATE TRIGGER IF NOT EXISTS access_audit_never_changes BEFORE UPDATE ON access_audit
        BEGIN SELECT RAISE(ABORT, 'the access audit is append-only'); END;
    CREATE TRIGGER IF NOT EXISTS access_audit_keeps_a_year BEFORE DELETE ON access_audit
        WHEN OLD.at_utc > strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 year')
        BEGIN SELECT RAISE(ABORT, 'the access audit is append-only'); END;
    CREATE TABLE IF NOT EXISTS access_subjects (
        subject INTEGER PRIMARY KEY AUTOINCREMENT, pseudonym INTEGER UNIQUE);
    CREATE TABLE IF NOT EXISTS access_audit_mailed (
        head TEXT PRIMARY KEY, entries INTEGER NOT NULL, mailed_utc TEXT NOT NULL) WITHOUT ROWID;
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
    /// Everything about one person, for that person.
    SubjectAccess,
    /// All of one person's rows are deleted.
    Erasure,
    /// What no hold keeps of held days is dropped from the vault.
    Thinning,
    /// Some records are somebody else's.
    Correction,
    /// The vault is sealed for other keys.
    Keys,
    /// Cohorts of pupils beside the others.
    Cohorts,
    /// A sample of blocked attempts, for its reviewers.
    Sample,
    /// What concerns staff.
    StaffConcerns,
    /// Hits on illegal lists.
    Listed,
    /// Who led the school was taken back.
    HeadOfSchool,
    /// Records are set apart from what is counted.
    SetApart,
    /// A matter was marked live, or the mark lifted.
    Embargo,
    /// Somebody looked at the entries before this one.
    Review,
    /// Somebody looked through the access rights.
    AccessReview,
    /// Something was given to another controller.
    Sharing,
    /// A set was sealed, approved or withdrawn: the target is the head of the release ledger after it.
    Release,
    /// The head could not be mailed.
    Mail,
    /// The chain begins, so that a paper with its head does not tell that nobody opened anything yet.
    Begun,
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
            Self::SubjectAccess => "subject access",
            Self::Erasure => "erasure",
            Self::Thinning => "held days thinned",
            Self::Correction => "correction",
            Self::Keys => "keys",
            Self::Cohorts => "cohorts",
            Self::Sample => "sample",
            Self::StaffConcerns => "staff concerns",
            Self::Listed => "illegal-list hits",
            Self::HeadOfSchool => "head of the school",
            Self::SetApart => "set apart",
            Self::Embargo => "embargo",
            Self::Review => "review",
            Self::AccessReview => "access review",
            Self::Sharing => "sharing",
            Self::Release => "release",
            Self::Mail => "mail not sent",
            Self::Begun => "begun",
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

impl Entry {
    /// Whether the ledgers' clock may have dropped what came before it.
    fn is_a_year_old(&self) -> bool {
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        let written = self.at_utc.parse::<jiff::Timestamp>();
        written.is_ok_and(|written| now.checked_sub(1.year()).is_ok_and(|then| written <= then.timestamp()))
    }
}

/// An audit whose chain holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Number of the newest entry: of all that were ever made.
    pub entries: u64,
    /// How many of these the ledgers' clock has dropped.
    pub dropped: u64,
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
        let anchor = self.state.audit_anchor()?;
        let dropped = anchor.sequence.unsigned_abs();
        let (mut head, mut count) = (anchor.hash, dropped);
        let entries = self.entries()?;
        if dropped > 0 && !entries.first().is_some_and(Entry::is_a_year_old) {
            return Err(Error::new(
                Kind::Corrupt,
                "the access audit has lost entries that are not a year old",
            )
            .help("tell the data protection officer, unless this machine's clock is wrong: then set it"));
        }
        for (expected, entry) in (anchor.sequence + 1..).zip(entries) {
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
        Ok(Verification { entries: count, dropped, head })
    }

    /// Checks the chain and that it goes on from a head noted earlier: so entries that were cut off, and a
    /// chain that was written anew from some entry on, are noticed.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the head is none, [`Kind::Corrupt`] when the chain does not hold or
    /// does not contain it.
    pub fn verify_from(&mut self, head: &str) -> Result<Verification, Error> {
        let head = head.trim().to_ascii_lowercase();
        if head.len() != 64 || !head.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Error::new(Kind::Configuration, "this is no head of the access audit")
                .help("copy all 64 hex digits from the mail or the paper that has them"));
        }
        let verification = self.verify()?;
        let anchor = self.state.audit_anchor()?;
        if anchor.hash == head || self.entries()?.iter().any(|entry| entry.hash == head) {
            return Ok(verification);
        }
        let help = match anchor.sequence {
            0 => "tell the data protection officer; compare with a back-up of the state file".to_owned(),
            last => format!(
                "a head of an entry before number {last} went with it by the ledgers' clock, as `watershed \
                 retain log` says: look for a newer one. Else tell the data protection officer"
            ),
        };
        Err(Error::new(
            Kind::Corrupt,
            "the access audit does not contain this head: entries were cut off or written anew",
        )
        .help(help))
    }

    /// What a paper may say of the audit: its head, and who reviewed the entries last. How many openings
    /// there were is no part of it (rule G of the release policy).
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn statement(&mut self) -> Result<Statement, Error> {
        let head = self.verify()?.head;
        let newest = self.entries()?;
        let reviewed = newest.iter().rev().find(|entry| entry.what == What::Review.word());
        let reviewed = reviewed.map(|entry| Reviewed {
            role: entry.who.clone(),
            date: entry.at_utc.chars().take(10).collect(),
            head: entry.target.clone(),
        });
        Ok(Statement { head, reviewed })
    }

    /// The [`statement`](Self::statement) for a paper: an audit without entries begins with one that says so,
    /// because a paper without a head would say that nothing was ever opened.
    ///
    /// # Errors
    /// As [`statement`](Self::statement) and [`record`](Self::record).
    pub fn statement_for_paper(&mut self) -> Result<Statement, Error> {
        if self.verify()?.head.is_empty() {
            let begun = Access {
                who: "watershed",
                what: What::Begun,
                reason: "the audit begins",
                target: "",
                rows: 0,
            };
            self.record(&begun)?;
        }
        self.statement()
    }

    /// Notes that somebody reviewed all entries so far.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] when the chain does not hold, else as [`record`](Self::record).
    pub fn review(&mut self, role: &str, remark: &str) -> Result<Entry, Error> {
        let role = checked_reason(role)?.to_owned();
        let head = self.verify()?.head;
        self.record(&Access { who: &role, what: What::Review, reason: remark, target: &head, rows: 0 })
    }

    /// Takes back that a person led the school in a year, with an entry that says by whom and why; answers
    /// whether a roster had said so.
    ///
    /// # Errors
    /// As [`record`](Self::record); nothing is taken back then.
    pub fn remove_head(
        dir: &Path,
        school: &SchoolId,
        known: PersonOfYear,
        who: &str,
        reason: &str,
    ) -> Result<bool, Error> {
        let mut audit = Self::open(dir, school)?;
        let reason = checked_reason(reason)?;
        let target = format!("{}: one person no longer", known.year);
        let access = Access { who, what: What::HeadOfSchool, reason, target: &target, rows: 0 };
        let removed = audit
            .state
            .remove_head(known, &mut |transaction| enter(transaction, reason, &access).map(|_| ()))?;
        Ok(removed)
    }

    /// The name under which the audit speaks of a person: it stands for the pseudonym in a list beside the
    /// audit, which the end of an erasure shortens and the chain does not cover.
    ///
    /// # Errors
    /// When the state file cannot be read or written.
    pub fn subject(&mut self, pseudonym: i64) -> Result<String, Error> {
        let found = subject(&mut self.state, pseudonym);
        found.map_err(|error| self.state.failure(error).into())
    }

    /// The same for a person of the rosters, who has a pseudonym in each year: the number leads from each of
    /// them, so that it still does when the key of a year is destroyed.
    ///
    /// # Errors
    /// When the state file cannot be read or written.
    pub fn subject_of(&mut self, years: &std::collections::BTreeSet<PersonOfYear>) -> Result<String, Error> {
        let found = linked(&mut self.state, years);
        found.map_err(|error| self.state.failure(error).into())
    }

    /// The entries about a person.
    ///
    /// # Errors
    /// When the state file cannot be read.
    pub fn about(&mut self, pseudonyms: &std::collections::BTreeSet<i64>) -> Result<Vec<Entry>, Error> {
        let found = subjects(self.state.connection(), pseudonyms.iter().copied());
        let names: Vec<String> =
            found.map_err(|error| self.state.failure(error))?.into_iter().map(subject_name).collect();
        let mut entries = self.entries()?;
        entries.retain(|entry| {
            entry.target.split(' ').next().is_some_and(|first| names.iter().any(|name| name == first))
        });
        Ok(entries)
    }
}

fn subject_name(subject: i64) -> String {
    format!("subject-{subject}")
}

fn subject(state: &mut State, pseudonym: i64) -> rusqlite::Result<String> {
    let transaction = state.connection().transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("INSERT OR IGNORE INTO access_subjects (pseudonym) VALUES (?1)", [pseudonym])?;
    let subject = transaction.query_row(
        "SELECT subject FROM access_subjects WHERE pseudonym = ?1",
        [pseudonym],
        |row| row.get(0),
    )?;
    transaction.commit()?;
    Ok(subject_name(subject))
}

/// The numbers under which persons of these pseudonyms stand.
fn subjects(
    connection: &rusqlite::Connection,
    pseudonyms: impl Iterator<Item = i64>,
) -> rusqlite::Result<std::collections::BTreeSet<i64>> {
    let mut found = std::collections::BTreeSet::new();
    for pseudonym in pseudonyms {
        let mut statement = connection.prepare_cached(
            "SELECT subject FROM access_subjects WHERE pseudonym = ?1
             UNION SELECT subject FROM access_links WHERE pseudonym = ?1",
        )?;
        for subject in statement.query_map([pseudonym], |row| row.get(0))? {
            found.insert(subject?);
        }
    }
    Ok(found)
}

fn linked(state: &mut State, years: &std::collections::BTreeSet<PersonOfYear>) -> rusqlite::Result<String> {
    let transaction = state.connection().transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut known = subjects(&transaction, years.iter().map(|year| year.person))?;
    let newest = years.last().map(|year| year.person);
    if known.is_empty() {
        transaction.execute("INSERT INTO access_subjects (pseudonym) VALUES (?1)", [newest])?;
        known.insert(transaction.last_insert_rowid());
    }
    for year in years {
        for subject in &known {
            transaction.execute(
                "INSERT OR IGNORE INTO access_links VALUES (?1, ?2, ?3)",
                params![year.year.to_string(), year.person, subject],
            )?;
        }
    }
    transaction.commit()?;
    Ok(known.last().copied().map(subject_name).unwrap_or_default())
}

/// What a paper may say of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Hash of the newest entry, 64 hex digits; empty when there is none.
    pub head: String,
    /// The newest review, if there was one.
    pub reviewed: Option<Reviewed>,
}

/// A review of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// By whom: a role.
    pub role: String,
    /// On which day, UTC.
    pub date: String,
    /// The head that was reviewed.
    pub head: String,
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
    let entry = enter(&transaction, reason, access)?;
    transaction.commit()?;
    Ok(entry)
}

/// Writes an entry with what it is about, so that neither stands without the other. The audit must have been
/// opened before, and the reason be a [`checked_reason`].
pub(crate) fn enter(
    transaction: &Transaction<'_>,
    reason: &str,
    access: &Access<'_>,
) -> rusqlite::Result<Entry> {
    let newest: Option<(i64, String)> = transaction
        .query_row(
            "SELECT sequence, hash FROM access_audit
             UNION ALL SELECT sequence, hash FROM ledger_anchors WHERE ledger = 'access_audit'
             ORDER BY sequence DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
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
mod tests;
