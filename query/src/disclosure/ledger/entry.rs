//! What the ledger tells of its entries: no figure.

use serde::{Deserialize, Serialize};

/// One set in the list: what it is, no figure and no digest of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Ledger id.
    pub id: String,
    /// School's short name.
    pub school: String,
    /// `governors` or `parents`.
    pub audience: String,
    /// `2025-autumn` or `2025-26`.
    pub period: String,
    /// Day of sealing.
    pub sealed_on: String,
    /// Who approved it for its audience, and when; until then nobody of the audience sees it.
    pub approved: Option<Approval>,
    /// Policy that it was sealed under.
    pub policy_version: String,
    /// Day and statement of its withdrawal, where it was withdrawn.
    pub withdrawn: Option<Withdrawal>,
}

/// That a role has approved a set for its audience (rule 17).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// `watershed.approval/1`.
    pub schema: String,
    /// Ledger id of the set.
    pub id: String,
    /// Day of approval.
    pub approved_on: String,
    /// Role that approved it.
    pub approver: String,
    /// SHA-256 of the bytes that were approved; for staff, as that of [`Checked`].
    pub sealed_sha256: String,
}

/// Why a set no longer stands (rule 16). Nothing takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// `watershed.withdrawal/1`.
    pub schema: String,
    /// Ledger id of the set.
    pub id: String,
    /// Day of withdrawal.
    pub withdrawn_on: String,
    /// Role that withdrew it.
    pub approver: String,
    /// What readers are told.
    pub statement: String,
}

/// One entry as the check found it. For staff: whoever holds the digest of a governors' set can
/// try all bands until one fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Position in the chain, from 1.
    pub sequence: i64,
    /// Ledger id.
    pub id: String,
    /// `sealed`, `approved` or `withdrawn`.
    pub kind: String,
    /// SHA-256 of the stored bytes, as computed now.
    pub sealed_sha256: String,
    /// SHA-256 over the whole entry and the entry before it, as computed now.
    pub entry_hash: String,
    /// What is wrong with it; empty if it is sound.
    pub faults: Vec<&'static str>,
}

/// What the check of the whole chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Entries in order.
    pub entries: Vec<Checked>,
    /// Entries that once stood at the end and are gone.
    pub missing_entries: i64,
    /// Hash of the last entry; written down elsewhere it proves that nothing was rewritten.
    pub head: String,
}

impl Verification {
    /// Whether every entry is sound and none is missing.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.missing_entries == 0 && self.entries.iter().all(|entry| entry.faults.is_empty())
    }
}
