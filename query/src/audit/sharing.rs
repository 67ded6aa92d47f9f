//! The sharing log: what was given to whom on which basis, as entries of the audit's chain.

use serde::{Deserialize, Serialize};

use super::{Access, AccessAudit, Entry, REASON_CHARACTERS, What};
use crate::error::{Error, Kind};

/// Something that was given to another controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharing<'a> {
    /// With whom: an organisation or an office.
    pub with: &'a str,
    /// What: the sort of data and a case number, no name.
    pub what: &'a str,
    /// On which legal basis.
    pub basis: &'a str,
    /// Who decided: a role.
    pub by: &'a str,
}

/// An entry of the sharing log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// On which day it was noted, UTC.
    pub date: String,
    /// With whom.
    pub with: String,
    /// What.
    pub what: String,
    /// On which legal basis.
    pub basis: String,
    /// Who decided.
    pub by: String,
}

/// How the audit keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Target {
    with: String,
    what: String,
}

impl AccessAudit {
    /// Enters something that was shared; it can be neither changed nor taken back.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when a text is empty, too long or has line ends; else as
    /// [`record`](Self::record).
    pub fn share(&mut self, sharing: &Sharing<'_>) -> Result<Entry, Error> {
        let with = checked(sharing.with, "with")?.to_owned();
        let what = checked(sharing.what, "what")?.to_owned();
        let (basis, by) = (checked(sharing.basis, "basis")?, checked(sharing.by, "by")?);
        let target = serde_json::to_string(&Target { with, what })
            .map_err(|_| Error::new(Kind::Bug, "an entry of the sharing log cannot be written"))?;
        self.record(&Access { who: by, what: What::Sharing, reason: basis, target: &target, rows: 0 })
    }

    /// The sharing log, oldest first.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] when an entry is none, else when the state file cannot be read.
    pub fn shared(&mut self) -> Result<Vec<Shared>, Error> {
        let entries = self.entries()?;
        let of_sharing = entries.into_iter().filter(|entry| entry.what == What::Sharing.word());
        of_sharing
            .map(|entry| {
                let target: Target = serde_json::from_str(&entry.target).map_err(|_| {
                    Error::new(Kind::Corrupt, format!("entry {} of the sharing log", entry.sequence))
                        .help("run `watershed audit verify`")
                })?;
                Ok(Shared {
                    date: entry.at_utc.chars().take(10).collect(),
                    with: target.with,
                    what: target.what,
                    basis: entry.reason,
                    by: entry.who,
                })
            })
            .collect()
    }
}

fn checked<'a>(text: &'a str, flag: &str) -> Result<&'a str, Error> {
    let text = text.trim();
    let fits = text.chars().any(char::is_alphanumeric)
        && text.chars().count() <= REASON_CHARACTERS
        && !text.chars().any(char::is_control);
    if fits {
        return Ok(text);
    }
    Err(Error::new(Kind::Configuration, format!("`--{flag}` says nothing, or too much"))
        .help(format!("give one line of at most {REASON_CHARACTERS} characters, without a name")))
}
