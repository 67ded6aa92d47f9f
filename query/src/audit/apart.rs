//! Which `investigations.csv` the audit knows: what it sets apart is in no figure, so who changes it is on record.

use super::{Access, AccessAudit, Entry, What};
use crate::error::Error;

/// Who enters a change that came without a key.
const PROGRAM: &str = "watershed";

impl AccessAudit {
    /// Enters that `investigations.csv` is another than the audit knows, if it is: it was changed without the
    /// command, and so without a key. `content` is the file as it is, empty where there is none.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub fn note_apart(&mut self, content: &str) -> Result<Option<Entry>, Error> {
        let digest = apart_digest(content);
        if self.known_apart()?.is_some_and(|(known, _)| known == digest)
            || (digest.is_empty() && self.known_apart()?.is_none())
        {
            return Ok(None);
        }
        let target = with_digest("changed without the command", &digest);
        let reason = "the file was changed by hand";
        let access = Access { who: PROGRAM, what: What::SetApart, reason, target: &target, rows: 0 };
        self.record(&access).map(Some)
    }

    /// On which day `investigations.csv` was found to be changed without the command, if nobody with a key has
    /// changed or confirmed it since; also where it is changed and no ingest has used it yet.
    ///
    /// # Errors
    /// When the state file cannot be read.
    pub fn apart_by_hand(&mut self, content: &str) -> Result<Option<String>, Error> {
        let digest = apart_digest(content);
        let today = || jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
        Ok(match self.known_apart()? {
            None if digest.is_empty() => None,
            None => Some(today()),
            Some((known, _)) if known != digest => Some(today()),
            Some((_, entry)) if entry.who == PROGRAM => Some(entry.at_utc.chars().take(10).collect()),
            Some(_) => None,
        })
    }

    /// The digest of the newest entry about the file.
    fn known_apart(&mut self) -> Result<Option<(String, Entry)>, Error> {
        let newest = self.entries()?.into_iter().rev().find(|entry| entry.what == What::SetApart.word());
        Ok(newest.map(|entry| {
            let digest = entry.target.rsplit_once("; file ").map(|(_, digest)| digest.to_owned());
            (digest.unwrap_or_default(), entry)
        }))
    }
}

/// What the audit says of a change, with the file as it is afterwards.
pub(crate) fn with_digest(what: &str, digest: &str) -> String {
    format!("{what}; file {digest}")
}

/// A digest of the rows; empty where there are none, whether or not there is a file.
pub(crate) fn apart_digest(content: &str) -> String {
    let rows: Vec<&str> = content.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()).collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut hasher = blake3::Hasher::new_derive_key("watershed 1 investigations.csv as known");
    for row in rows {
        hasher.update(&(row.len() as u64).to_le_bytes());
        hasher.update(row.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
