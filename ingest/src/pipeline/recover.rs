//! What an interrupted run left is finished or taken back.

use std::collections::BTreeSet;

use super::Run;
use crate::error::Error;
use crate::vault;

impl Run<'_> {
    /// An import begun and not closed, with a row in `imports`: finished, only its intent was left
    /// (its source is found again in `claimed/` and put away as known content). Without one: nothing
    /// of it may stay. Its intent stays open, so that the next attempt has a greater number.
    pub(super) fn recover(&mut self) -> Result<(), Error> {
        // A copy that was sealed for other recipients is as readable as the file, and nobody would look for it.
        vault::remove_unfinished(&self.root.vault())?;
        self.imported = self.runtime.block_on(self.lake.finished_imports())?;
        let mut unfinished = BTreeSet::new();
        for open in self.state.open_imports()? {
            let digits: String = open.fingerprint.chars().take(16).collect();
            if self.imported.contains_key(&digits) {
                self.state.close_import(&open.fingerprint)?;
            } else {
                unfinished.insert(digits);
            }
        }
        if unfinished.is_empty() {
            return Ok(());
        }
        let days = self.runtime.block_on(self.lake.undo(&unfinished))?;
        for digits in &unfinished {
            vault::remove_import(&self.root.vault(), digits)?;
            if let Some(token) = token_of(digits) {
                self.state.forget_export_rows(token)?;
                self.state.forget_lines(token)?;
            }
        }
        self.state.mark_dirty(days)
    }
}

/// The token of an import by the first 16 digits of its fingerprint.
pub(super) fn token_of(digits: &str) -> Option<i64> {
    u64::from_str_radix(digits, 16).ok().map(u64::cast_signed)
}
