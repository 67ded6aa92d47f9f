//! Every set that was ever sealed, in order, each entry bound to the one before (rules 16, 17).
//!
//! Governors and parents read from here and from nowhere else. An entry is written once; the data
//! base refuses to change or delete it, and who goes around the data base breaks the chain.

use std::path::Path;

use ingest::school::{SchoolId, SchoolRoot};
use ingest::state::State;
use rusqlite::{Connection, OptionalExtension};

use super::audience::{Governors, Public, Staff};
use super::policy::AudienceWord;
use super::releasable::Releasable;
use super::sealed::SealedSet;
use crate::error::{Error, Kind};

mod audit;
mod chain;
mod compare;
mod decisions;
mod entry;
mod lookup;
mod rows;
mod tables;
mod trust;

pub use audit::AuditedPeriod;
use chain::{Record, sha256};
pub use compare::{ComparedRow, Comparison, compare};
pub use entry::{Approval, Checked, Entry, Verification, Withdrawal};
pub use trust::{TrustLedger, TrustRow, TrustSchool, TrustSums};

/// What stands in an entry.
const SEALED: &str = "sealed";
const APPROVED: &str = "approved";
const WITHDRAWN: &str = "withdrawn";

/// The release ledger of one school.
///
/// It is the only place that clears a sealed set. Anybody can read one from JSON, and nobody can
/// pass it on as cleared:
///
/// ```compile_fail
/// use query::disclosure::sealed::SealedSet;
/// use query::{Public, Releasable};
/// fn forge(set: SealedSet) -> Releasable<SealedSet, Public> {
///     Releasable::cleared(set)
/// }
/// ```
///
/// while a set from the ledger can be shown to those it was sealed for:
///
/// ```
/// use query::disclosure::ledger::Ledger;
/// use query::disclosure::sealed::SealedSet;
/// use query::{Error, Public, Releasable};
/// fn read(ledger: &Ledger, id: &str) -> Result<Releasable<SealedSet, Public>, Error> {
///     ledger.parents(id)
/// }
/// ```
///
/// A governors' set is none for parents:
///
/// ```compile_fail
/// use query::disclosure::ledger::Ledger;
/// use query::disclosure::sealed::SealedSet;
/// use query::{Error, Public, Releasable};
/// fn leak(ledger: &Ledger, id: &str) -> Result<Releasable<SealedSet, Public>, Error> {
///     ledger.governors(id)
/// }
/// ```
///
/// and neither are its bytes:
///
/// ```compile_fail
/// use query::disclosure::ledger::Ledger;
/// use query::{Error, Public, Releasable};
/// fn leak(ledger: &Ledger, id: &str) -> Result<Releasable<String, Public>, Error> {
///     ledger.json(id)
/// }
/// ```
///
/// while those of a parents' set are:
///
/// ```
/// use query::disclosure::ledger::Ledger;
/// use query::{Error, Public, Releasable};
/// fn read(ledger: &Ledger, id: &str) -> Result<Releasable<String, Public>, Error> {
///     ledger.parents_json(id)
/// }
/// ```
///
/// What was counted cannot be asked for:
///
/// ```compile_fail
/// use query::disclosure::count::LakeCounts;
/// ```
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
}

/// An entry that a role has approved; only such a one is shown to an audience.
struct ApprovedRecord {
    record: Record,
    approver: String,
}

impl std::ops::Deref for ApprovedRecord {
    type Target = Record;
    fn deref(&self) -> &Record {
        &self.record
    }
}

impl ApprovedRecord {
    /// The set, with the role that approved it.
    fn set(&self) -> Result<SealedSet, Error> {
        Ok(SealedSet { approver: self.approver.clone(), ..self.record.set()? })
    }
}

/// What a set is entered with beside itself.
#[derive(Clone, Debug)]
pub(super) struct Sealing<'a> {
    pub(super) set: &'a SealedSet,
    pub(super) academic_year: String,
    pub(super) fallback_level: u8,
}

impl Ledger {
    /// Opens a school's ledger.
    ///
    /// # Errors
    /// [`Kind::Environment`] when the state file cannot be opened.
    pub fn open(dir: &Path, school: &SchoolId) -> Result<Self, Error> {
        let root = SchoolRoot::new(dir, school);
        if !root.root().is_dir() {
            return Err(Error::new(
                Kind::Configuration,
                format!("there is no school `{}` here", school.as_str()),
            )
            .help("name the installation's folder with `--dir` and the school with `--school`"));
        }
        // Makes and checks the file; the ledger then has a connection of its own, so that reading
        // needs no exclusive access.
        drop(State::open(&root)?);
        Self::over(Connection::open(root.state()).map_err(|error| state_failed(&error))?)
    }

    pub(super) fn over(connection: Connection) -> Result<Self, Error> {
        connection
            .busy_timeout(std::time::Duration::from_secs(5))
            .and_then(|()| connection.execute_batch("PRAGMA synchronous = EXTRA; PRAGMA secure_delete = ON"))
            .and_then(|()| tables::prepare(&connection))
            .map_err(|error| state_failed(&error))?;
        Ok(Self { connection })
    }

    /// Every set, oldest first.
    ///
    /// # Errors
    /// [`Kind::Environment`] when the state file cannot be read, [`Kind::Corrupt`] when a
    /// withdrawal does not verify.
    pub fn list(&self) -> Result<Vec<Entry>, Error> {
        self.records(SEALED, None)?
            .into_iter()
            .map(|record| {
                let withdrawn = self.withdrawal(&record.id)?;
                let approved = self.approval(&record.id)?;
                Ok(Entry {
                    id: record.id,
                    school: record.school,
                    audience: record.audience,
                    period: record.period,
                    sealed_on: record.sealed_on,
                    approved,
                    policy_version: record.policy_version,
                    withdrawn,
                })
            })
            .collect()
    }

    /// A set for governors: one of theirs, or one of the parents', which they may see as well.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is no such set, nobody has approved it yet, or it was
    /// withdrawn; [`Kind::Corrupt`] when what is stored is not what was sealed.
    pub fn governors(&self, id: &str) -> Result<Releasable<SealedSet, Governors>, Error> {
        let record = self.approved(self.standing(id)?)?;
        if record.audience == AudienceWord::Parents.word() {
            return Ok(Releasable::<_, Public>::cleared(record.set()?).into());
        }
        Ok(Releasable::cleared(record.set()?))
    }

    /// A set for parents and everybody else. A governors' set is not found here.
    ///
    /// # Errors
    /// As [`Ledger::governors`].
    pub fn parents(&self, id: &str) -> Result<Releasable<SealedSet, Public>, Error> {
        Ok(Releasable::cleared(self.approved(self.parents_record(id)?)?.set()?))
    }

    /// A set for those who are to approve it or not, before or after.
    ///
    /// # Errors
    /// As [`Ledger::governors`], but for the approval.
    pub fn staff(&self, id: &str) -> Result<Releasable<SealedSet, Staff>, Error> {
        let mut set = self.standing(id)?.set()?;
        set.approver = self.approval(id)?.map(|approval| approval.approver).unwrap_or_default();
        Ok(Releasable::cleared(set))
    }

    /// The stored bytes of any set, exactly, for staff and for an auditor: before its approval, after,
    /// and after its withdrawal too, since who has read it keeps what it said.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when there is no such set; [`Kind::Corrupt`] when what is stored is not
    /// what was sealed.
    pub fn staff_json(&self, id: &str) -> Result<Releasable<String, Staff>, Error> {
        let record = self.records(SEALED, Some(id))?.pop().ok_or_else(unknown)?;
        record.check()?;
        Ok(Releasable::cleared(record.sealed_json))
    }

    /// The stored bytes of any approved set, exactly, cleared for those who may see every set.
    ///
    /// # Errors
    /// As [`Ledger::governors`].
    pub fn json(&self, id: &str) -> Result<Releasable<String, Governors>, Error> {
        Ok(Releasable::cleared(self.approved(self.standing(id)?)?.record.sealed_json))
    }

    /// The stored bytes of a parents' set, exactly.
    ///
    /// # Errors
    /// As [`Ledger::governors`].
    pub fn parents_json(&self, id: &str) -> Result<Releasable<String, Public>, Error> {
        Ok(Releasable::cleared(self.approved(self.parents_record(id)?)?.record.sealed_json))
    }

    /// What the gate held back in a set, for the DSL and the DPO and for no reader of it: 0 nothing, 1 T2 and
    /// T3, 2 T0 too, 3 everything (rule 18).
    ///
    /// # Errors
    /// As [`Ledger::staff_json`].
    pub fn held_back(&self, id: &str) -> Result<Releasable<u8, Staff>, Error> {
        let record = self.records(SEALED, Some(id))?.pop().ok_or_else(unknown)?;
        record.check()?;
        Ok(Releasable::cleared(record.fallback_level))
    }

    /// Reads the whole chain again and recomputes every digest.
    ///
    /// # Errors
    /// [`Kind::Environment`] when the state file cannot be read.
    pub fn verify(&self) -> Result<Verification, Error> {
        let mut previous = String::new();
        let mut entries = Vec::new();
        for (expected, record) in (1_i64..).zip(self.chain()?) {
            let entry_hash = record.digest();
            entries.push(Checked {
                faults: record.faults(expected, &previous),
                sequence: record.sequence,
                id: record.id.clone(),
                kind: record.kind.clone(),
                sealed_sha256: sha256(record.sealed_json.as_bytes()),
                entry_hash: entry_hash.clone(),
            });
            previous = record.entry_hash;
        }
        let written: i64 = self
            .connection
            .query_row(
                "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'release_ledger'",
                [],
                |row| row.get(0),
            )
            .map_err(|error| state_failed(&error))?;
        let present = entries.last().map_or(0, |entry| entry.sequence);
        Ok(Verification { entries, missing_entries: (written - present).max(0), head: previous })
    }

    /// Enters a set; its bytes are what everybody will read from now on. A parents' set is entered only
    /// while the governors' set that it was made from stands.
    pub(super) fn seal(&mut self, sealing: &Sealing<'_>) -> Result<(), Error> {
        let set = sealing.set;
        let json = serde_json::to_string(set).map_err(|_| unwritable())?;
        let above = match set.audience == AudienceWord::Parents.word() {
            true => self.find(AudienceWord::Governors, &set.period)?.map(|(id, _)| id),
            false => None,
        };
        let record = Record {
            sequence: 0,
            kind: SEALED.to_owned(),
            id: set.id.clone(),
            school: set.school.clone(),
            audience: set.audience.clone(),
            period: set.period.clone(),
            academic_year: sealing.academic_year.clone(),
            table_ids: set.tables.iter().map(|table| table.id.as_str()).collect::<Vec<_>>().join(" "),
            shape_id: set.policy.shape.clone(),
            policy_version: set.policy.version.clone(),
            threshold_pupils: set.policy.threshold_pupils,
            band_pupils: set.policy.band_pupils,
            category_list_version: set.policy.category_list_version.clone(),
            roll_json: serde_json::to_string(&set.roll).map_err(|_| unwritable())?,
            sealed_on: set.sealed_on.clone(),
            // The approval is an entry of its own.
            approver: String::new(),
            fallback_level: sealing.fallback_level,
            sealed_sha256: sha256(json.as_bytes()),
            sealed_json: json,
            previous_hash: String::new(),
            entry_hash: String::new(),
        };
        self.add_all(vec![record], above.as_deref())
    }

    /// A sealed entry whose digests hold and that was not withdrawn.
    fn standing(&self, id: &str) -> Result<Record, Error> {
        let record = self.records(SEALED, Some(id))?.pop().ok_or_else(unknown)?;
        record.check()?;
        if let Some(withdrawal) = self.withdrawal(id)? {
            return Err(Error::new(
                Kind::Configuration,
                format!("{id} was withdrawn on {}: {}", withdrawal.withdrawn_on, withdrawal.statement),
            ));
        }
        Ok(record)
    }

    fn approved(&self, record: Record) -> Result<ApprovedRecord, Error> {
        match self.approval(&record.id)? {
            Some(approval) => Ok(ApprovedRecord { record, approver: approval.approver }),
            None => Err(Error::new(Kind::Configuration, format!("{} was not approved yet", record.id))
                .help("nobody but staff sees it until `watershed releases approve ID --role ROLE` has recorded who approves it")),
        }
    }

    fn parents_record(&self, id: &str) -> Result<Record, Error> {
        // Asked for first and answered alike, so that nobody learns which governors' sets exist.
        let audience: Option<String> = self
            .connection
            .query_row("SELECT audience FROM release_ledger WHERE id = ?1 AND kind = 'sealed'", [id], |row| {
                row.get(0)
            })
            .optional()
            .map_err(|error| state_failed(&error))?;
        if audience.as_deref() != Some(AudienceWord::Parents.word()) {
            return Err(unknown());
        }
        self.standing(id)
    }
}

fn unknown() -> Error {
    // The id comes from an address or a command line, where anything may have been typed.
    Error::new(Kind::Configuration, "there is no release of that name")
        .help("`watershed releases list` shows what there is")
}

fn corrupt(id: &str) -> Error {
    Error::new(Kind::Corrupt, format!("the release ledger's entry {id} is not what was sealed"))
        .help("run `watershed releases verify` and restore the state file from a back-up; nothing is shown until then")
}

fn unwritable() -> Error {
    Error::new(Kind::Bug, "a sealed set could not be written as JSON")
}

fn state_failed(error: &rusqlite::Error) -> Error {
    let kind = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Kind::Retry,
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => Kind::Corrupt,
        Some(rusqlite::ErrorCode::ConstraintViolation) => Kind::Bug,
        _ => Kind::Environment,
    };
    let code =
        error.sqlite_error_code().map_or_else(|| "unexpected content".to_owned(), |code| format!("{code:?}"));
    Error::new(kind, format!("the release ledger in the state file: {code}"))
}

#[cfg(test)]
pub(crate) mod tests;
