//! Reviews of who can see what: who looked through the list, when, and whether it has changed since.

use super::{Access, AccessAudit, Entry, What, checked_reason};
use crate::error::Error;

/// The newest review of the access rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessReview {
    /// By whom: a role.
    pub role: String,
    /// On which day, UTC.
    pub date: String,
    /// Whether the rights are those that were reviewed.
    pub unchanged: bool,
}

impl AccessAudit {
    /// Notes that somebody looked through the access rights; `rights` is their list, of which a digest is kept.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub fn review_access(&mut self, role: &str, remark: &str, rights: &str) -> Result<Entry, Error> {
        let role = checked_reason(role)?.to_owned();
        let target = digest(rights);
        self.record(&Access {
            who: &role,
            what: What::AccessReview,
            reason: remark,
            target: &target,
            rows: 0,
        })
    }

    /// The newest review of the access rights, if there was one; `rights` is the list as it is.
    ///
    /// # Errors
    /// When the state file cannot be read.
    pub fn access_reviewed(&mut self, rights: &str) -> Result<Option<AccessReview>, Error> {
        let entries = self.entries()?;
        let newest = entries.into_iter().rev().find(|entry| entry.what == What::AccessReview.word());
        Ok(newest.map(|entry| AccessReview {
            date: entry.at_utc.chars().take(10).collect(),
            unchanged: entry.target == digest(rights),
            role: entry.who,
        }))
    }
}

fn digest(rights: &str) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("watershed 1 access rights as reviewed");
    hasher.update(rights.as_bytes());
    hasher.finalize().to_hex().to_string()
}
