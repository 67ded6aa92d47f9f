//! What was done with sealed sets, in the audit too: the ledger's head goes where the audit's head goes.
//!
//! The ledger's entry comes first and the audit's second. A run that is killed in between leaves a decision that
//! stands and that the audit does not know; the next look enters it as found afterwards.

use std::path::Path;

use ingest::school::SchoolId;

use super::{Access, AccessAudit, What};
use crate::disclosure::ledger::Ledger;
use crate::error::Error;

/// Who enters what nobody entered.
const PROGRAM: &str = "watershed";

impl AccessAudit {
    /// Enters what the release ledger of a school has behind the last entry that this audit knows; answers how
    /// many there were. A ledger that does not verify is left to its own check.
    ///
    /// # Errors
    /// When the state file cannot be read or written.
    pub fn note_missed_releases(dir: &Path, school: &SchoolId) -> Result<u64, Error> {
        let ledger = Ledger::open(dir, school)?;
        Self::open(dir, school)?.note_missed(&ledger)
    }

    pub(crate) fn note_missed(&mut self, ledger: &Ledger) -> Result<u64, Error> {
        let found = ledger.verify()?;
        if !found.is_sound() {
            return Ok(0);
        }
        let entries = self.entries()?;
        let known: Vec<&str> = entries
            .iter()
            .filter(|entry| entry.what == What::Release.word())
            .map(|entry| entry.target.as_str())
            .collect();
        let last = found.entries.iter().rposition(|entry| known.contains(&entry.entry_hash.as_str()));
        let missed = match last {
            Some(last) => found.entries.get(last + 1..).unwrap_or_default(),
            // What the audit once said of these, the ledgers' clock has dropped.
            None if self.state.audit_anchor()?.sequence > 0 => &[],
            None => found.entries.as_slice(),
        };
        for entry in missed {
            let said = format!("{}: {}, found afterwards", entry.id, entry.kind);
            self.record(&Access {
                who: PROGRAM,
                what: What::Release,
                reason: &said,
                target: &entry.entry_hash,
                rows: 0,
            })?;
        }
        Ok(missed.len() as u64)
    }
}
