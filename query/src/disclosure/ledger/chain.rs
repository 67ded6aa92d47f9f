//! One entry of the ledger and what binds it to the one before.

use ring::digest::{Context, SHA256, digest};

use super::super::sealed::SealedSet;
use super::{SEALED, corrupt};
use crate::error::Error;

/// One row of the ledger.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) sequence: i64,
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) school: String,
    pub(super) audience: String,
    pub(super) period: String,
    pub(super) academic_year: String,
    pub(super) table_ids: String,
    pub(super) shape_id: String,
    pub(super) policy_version: String,
    pub(super) threshold_pupils: u32,
    pub(super) band_pupils: u32,
    pub(super) category_list_version: String,
    pub(super) roll_json: String,
    pub(super) sealed_on: String,
    pub(super) approver: String,
    pub(super) fallback_level: u8,
    pub(super) sealed_json: String,
    pub(super) sealed_sha256: String,
    pub(super) previous_hash: String,
    pub(super) entry_hash: String,
}

impl Record {
    /// Stands for the school in entries of a trust's own ledger; no school can have this name.
    pub(super) const TRUST: &'static str = "*";

    /// SHA-256 over every column but the hash itself, each with its length before it, so that no
    /// two different entries have the same bytes.
    pub(super) fn digest(&self) -> String {
        let mut context = Context::new(&SHA256);
        let numbers = [
            self.sequence.to_string(),
            self.threshold_pupils.to_string(),
            self.band_pupils.to_string(),
            self.fallback_level.to_string(),
        ];
        let texts = [
            &self.kind,
            &self.id,
            &self.school,
            &self.audience,
            &self.period,
            &self.academic_year,
            &self.table_ids,
            &self.shape_id,
            &self.policy_version,
            &self.category_list_version,
            &self.roll_json,
            &self.sealed_on,
            &self.approver,
            &self.sealed_sha256,
            &self.previous_hash,
        ];
        context.update(b"watershed release ledger 1\n");
        for column in numbers.iter().chain(texts) {
            context.update(&(column.len() as u64).to_be_bytes());
            context.update(column.as_bytes());
        }
        hex(context.finish().as_ref())
    }

    /// What is wrong with the entry at this place of the chain.
    pub(super) fn faults(&self, expected_sequence: i64, previous_hash: &str) -> Vec<&'static str> {
        let mut faults = Vec::new();
        if self.sequence != expected_sequence {
            faults.push("an entry before it is missing");
        }
        if self.previous_hash != previous_hash {
            faults.push("does not follow the entry before it");
        }
        if self.entry_hash != self.digest() {
            faults.push("the entry was changed");
        }
        if self.sealed_sha256 != sha256(self.sealed_json.as_bytes()) {
            faults.push("the sealed bytes were changed");
        }
        let named = if self.school == Self::TRUST { self.names_its_sum() } else { self.set().is_ok() };
        if self.kind == SEALED && !named {
            faults.push("the sealed set is not the one that the entry names");
        }
        faults
    }

    /// Refuses an entry that is not what was entered. Checked at every reading: a changed set must
    /// not be shown, however it was changed.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.faults(self.sequence, &self.previous_hash).is_empty() {
            Ok(())
        } else {
            Err(corrupt(&self.id))
        }
    }

    fn names_its_sum(&self) -> bool {
        serde_json::from_str::<super::TrustSums>(&self.sealed_json)
            .is_ok_and(|sums| sums.id == self.id && sums.period == self.period)
    }

    /// The set, if it is the one that the entry names.
    pub(super) fn set(&self) -> Result<SealedSet, Error> {
        serde_json::from_str::<SealedSet>(&self.sealed_json)
            .ok()
            .filter(|set| {
                set.id == self.id
                    && set.school == self.school
                    && set.audience == self.audience
                    && set.period == self.period
                    && set.policy.shape == self.shape_id
            })
            .ok_or_else(|| corrupt(&self.id))
    }
}

/// SHA-256 in hex digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
