//! Which head of the audit was mailed, and which is to be: a head that lies elsewhere shows whether entries were
//! cut off later.
//!
//! That a mail went out is noted beside the chain, because an entry would make the head that was just mailed an
//! old one. That one did not go out is an entry, once until another event follows.

use ingest::school::SchoolId;
use rusqlite::params;

use super::{Access, AccessAudit, What};
use crate::error::Error;

/// What a mail about the audit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailedHead {
    /// Hash of the newest entry, 64 hex digits; empty when there is none.
    pub head: String,
    /// Entries up to it.
    pub entries: u64,
}

impl AccessAudit {
    /// The head as it is, if it was not mailed since the last event that has to be: every entry but those about
    /// statements over the pseudonymous tables and about mails.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn mail_due(&mut self) -> Result<Option<MailedHead>, Error> {
        let now = self.verify()?;
        let mailed = mailed(self)?;
        let entries = self.entries()?;
        let since = entries.iter().rev().take_while(|entry| !mailed.contains(&entry.hash));
        let quiet = [What::Sql.word(), What::Mail.word(), What::Begun.word()];
        let due = since.into_iter().any(|entry| !quiet.contains(&entry.what.as_str()));
        Ok(due.then_some(MailedHead { head: now.head, entries: now.entries }))
    }

    /// Notes that a head went out by mail.
    ///
    /// # Errors
    /// When the state file cannot be written.
    pub fn note_mailed(&mut self, mailed: &MailedHead) -> Result<(), Error> {
        let at = jiff::Timestamp::now().to_string();
        let entries = i64::try_from(mailed.entries).unwrap_or(i64::MAX);
        let written = self.state.connection().execute(
            "INSERT OR IGNORE INTO access_audit_mailed (head, entries, mailed_utc) VALUES (?1, ?2, ?3)",
            params![mailed.head, entries, at],
        );
        written.map(|_| ()).map_err(|error| self.state.failure(error).into())
    }

    /// Notes in the audit that the head could not be mailed, unless the newest entry says so already.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub fn note_not_mailed(&mut self, school: &SchoolId, why: &str) -> Result<(), Error> {
        let newest = self.entries()?.pop();
        if newest.as_ref().is_some_and(|entry| entry.what == What::Mail.word()) {
            return Ok(());
        }
        let head = newest.map(|entry| entry.hash).unwrap_or_default();
        let who = format!("watershed of {school}");
        self.record(&Access { who: &who, what: What::Mail, reason: why, target: &head, rows: 0 }).map(|_| ())
    }
}

fn mailed(audit: &mut AccessAudit) -> Result<Vec<String>, Error> {
    let read = |connection: &rusqlite::Connection| -> rusqlite::Result<Vec<String>> {
        connection.prepare("SELECT head FROM access_audit_mailed")?.query_map([], |row| row.get(0))?.collect()
    };
    let found = read(audit.state.connection());
    found.map_err(|error| audit.state.failure(error).into())
}
