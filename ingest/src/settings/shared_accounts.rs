//! Accounts that several people use: `shared_accounts.csv` (`pattern,role,note`).

use std::collections::HashMap;

use super::sheet::Source;
use crate::error::Error;
use crate::event::Role;

/// What the school says about a shared account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The role of those who use it, where stated.
    pub role: Option<Role>,
    /// Stated by name, not by a pattern: wins over the roster.
    pub exact: bool,
}

/// The school's shared accounts.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SharedAccounts {
    exact: HashMap<String, Option<Role>>,
    patterns: Vec<(Vec<String>, Option<Role>)>,
}

impl SharedAccounts {
    pub(crate) fn read(source: &Source) -> Result<Self, Error> {
        let mut accounts = Self::default();
        for row in source.sheet(&["pattern"], &["role", "note"])?.rows() {
            let pattern = row.parse("pattern", "an account or a pattern with `*`", |text| {
                text.bytes().any(|byte| byte != b'*').then(|| text.to_lowercase())
            })?;
            let role = row.parse_optional("role", "pupil, staff or guest", Role::from_word)?;
            if pattern.contains('*') {
                accounts.patterns.push((pattern.split('*').map(str::to_owned).collect(), role));
            } else {
                accounts.exact.insert(pattern, role);
            }
        }
        Ok(accounts)
    }

    /// What is known of a canonical account; none when nothing says that it is shared.
    #[must_use]
    pub fn find(&self, account: &str) -> Option<Shared> {
        if let Some(role) = self.exact.get(account) {
            return Some(Shared { role: *role, exact: true });
        }
        let (_, role) = self.patterns.iter().find(|(pieces, _)| fits(pieces, account))?;
        Some(Shared { role: *role, exact: false })
    }
}

impl std::fmt::Debug for SharedAccounts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SharedAccounts({} names, {} patterns)", self.exact.len(), self.patterns.len())
    }
}

/// Whether text consists of the pieces with anything between them; there are at least two pieces.
fn fits(pieces: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = pieces else { return false };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for piece in middle {
        let Some(found) = rest.find(piece.as_str()) else { return false };
        rest = &rest[found + piece.len()..];
    }
    rest.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::*;

    fn accounts(text: &str) -> SharedAccounts {
        let school = Some(text.to_owned());
        let source =
            Source { name: "shared_accounts.csv", shipped: crate::settings::SHARED_ACCOUNTS, school };
        SharedAccounts::read(&source).unwrap()
    }

    #[test]
    fn names_and_patterns() {
        let accounts = accounts("pattern,role\nOak.Class,pupil\nks1-*,pupil\n*-ipad-*,\nlib*desk,staff\n");
        assert_eq!(accounts.find("oak.class"), Some(Shared { role: Some(Role::Pupil), exact: true }));
        assert_eq!(accounts.find("ks1-3"), Some(Shared { role: Some(Role::Pupil), exact: false }));
        assert_eq!(accounts.find("y2-ipad-07"), Some(Shared { role: None, exact: false }));
        assert!(accounts.find("library1desk").is_some());
        assert!(accounts.find("library1desks").is_none());
        assert!(accounts.find("ks2-3").is_none());
        assert!(accounts.find("jane.doe").is_none());
    }

    #[test]
    fn pieces_may_not_overlap() {
        let accounts = accounts("pattern\nab*ba\n");
        assert!(accounts.find("abba").is_some());
        assert!(accounts.find("aba").is_none());
    }
}
