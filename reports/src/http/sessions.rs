//! Sessions live in this process's memory: a restart signs everybody out, and nothing of them is on disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use super::accounts::Role;

/// Where a session keeps who signed in.
pub(super) const SIGNED_IN: &str = "signed-in";

/// A session ends after so long: a working day.
const LONGEST_SECONDS: i64 = 10 * 60 * 60;
/// More sessions than any school has staff: a flood must not fill the memory.
const MOST_SESSIONS: usize = 10_000;

/// Who signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SignedIn {
    /// School's short name.
    pub(super) school: String,
    /// Account.
    pub(super) name: String,
    /// What it may see.
    pub(super) role: Role,
    /// Generation of the account at sign-in.
    pub(super) generation: i64,
    /// When; seconds since 1970.
    pub(super) since_seconds: i64,
}

impl SignedIn {
    /// Whether the session has lasted too long, however busy it is, or is from a time to come.
    pub(super) const fn is_over(&self, now_seconds: i64) -> bool {
        let age_seconds = now_seconds - self.since_seconds;
        age_seconds < 0 || age_seconds > LONGEST_SECONDS
    }
}

/// The store.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<HashMap<Id, Record>>);

impl Memory {
    fn with<T>(&self, act: impl FnOnce(&mut HashMap<Id, Record>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Shares the store with every worker.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared(std::sync::Arc<Memory>);

#[async_trait]
impl SessionStore for Shared {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.0.with(|records| {
            if records.len() >= MOST_SESSIONS {
                let now = OffsetDateTime::now_utc();
                records.retain(|_, known| known.expiry_date > now);
            }
            if records.len() >= MOST_SESSIONS {
                return Err(Error::Backend("too many sessions".to_owned()));
            }
            while records.contains_key(&record.id) {
                record.id = Id::default();
            }
            records.insert(record.id, record.clone());
            Ok(())
        })
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.0.with(|records| records.insert(record.id, record.clone()));
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let now = OffsetDateTime::now_utc();
        Ok(self.0.with(|records| match records.get(id) {
            Some(record) if record.expiry_date > now => Some(record.clone()),
            Some(_) => {
                records.remove(id);
                None
            }
            None => None,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.with(|records| records.remove(id));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_over_after_a_working_day() {
        let signed_in = SignedIn {
            school: String::new(),
            name: String::new(),
            role: Role::Dsl,
            generation: 1,
            since_seconds: 1_000,
        };
        let after = [-1, 0, 36_000, 36_001].map(|age| signed_in.is_over(1_000 + age));
        assert_eq!(after, [true, false, false, true]);
    }
}
