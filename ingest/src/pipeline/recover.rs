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
        }
        self.state.mark_dirty(days)
    }
}
