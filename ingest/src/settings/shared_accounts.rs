//! Accounts that several people use: `shared_accounts.csv` (`pattern,role,note,valid_from,valid_to`).

use jiff::civil::Date;

use super::sheet::{Source, Validity};
use crate::error::Error;
use crate::event::Role;
use crate::quick_map::QuickMap;

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
    exact: QuickMap<String, Vec<(Validity, Option<Role>)>>,
    patterns: Vec<(Vec<String>, Validity, Option<Role>)>,
}

impl SharedAccounts {
    pub(crate) fn read(source: &Source) -> Result<Self, Error> {
        let mut accounts = Self::default();
        for row in source.sheet(&["pattern"], &["role", "note", "valid_from", "valid_to"])?.rows() {
            let pattern = row.parse("pattern", "an account or a pattern with `*`", |text| {
                text.bytes().any(|byte| byte != b'*').then(|| text.to_lowercase())
            })?;
            let role = row.parse_optional("role", "pupil, staff or guest", Role::from_word)?;
            let validity = row.validity()?;
            if pattern.contains('*') {
                accounts.patterns.push((pattern.split('*').map(str::to_owned).collect(), validity, role));
            } else {
                accounts.exact.entry(pattern).or_default().push((validity, role));
            }
        }
        Ok(accounts)
    }

    /// What is known of a canonical account on a day; none when nothing says that it is shared.
    #[must_use]
    pub fn find(&self, account: &str, date: Date) -> Option<Shared> {
        let mut exact = self.exact.get(account).into_iter().flatten();
        if let Some((_, role)) = exact.find(|(days, _)| days.holds(date)) {
            return Some(Shared { role: *role, exact: true });
        }
        let mut patterns = self.patterns.iter();
        let (_, _, role) = patterns.find(|(pieces, days, _)| days.holds(date) && fits(pieces, account))?;
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

    const DAY: Date = jiff::civil::date(2025, 11, 12);

    fn accounts(text: &str) -> SharedAccounts {
        let school = Some(text.to_owned());
        let source =
            Source { name: "shared_accounts.csv", shipped: crate::settings::SHARED_ACCOUNTS, school };
        SharedAccounts::read(&source).unwrap()
    }

    #[test]
    fn names_and_patterns() {
        let accounts = accounts("pattern,role\nOak.Class,pupil\nks1-*,pupil\n*-ipad-*,\nlib*desk,staff\n");
        assert_eq!(accounts.find("oak.class", DAY), Some(Shared { role: Some(Role::Pupil), exact: true }));
        assert_eq!(accounts.find("ks1-3", DAY), Some(Shared { role: Some(Role::Pupil), exact: false }));
        assert_eq!(accounts.find("y2-ipad-07", DAY), Some(Shared { role: None, exact: false }));
        assert!(accounts.find("library1desk", DAY).is_some());
        assert!(accounts.find("library1desks", DAY).is_none());
        assert!(accounts.find("ks2-3", DAY).is_none());
        assert!(accounts.find("jane.doe", DAY).is_none());
    }

    #[test]
    fn an_account_is_shared_for_a_while() {
        let accounts = accounts("pattern,valid_from,valid_to\nlab,2025-09-01,2025-11-11\nlab2,2025-11-12,\n");
        assert!(accounts.find("lab", DAY).is_none());
        assert!(accounts.find("lab", jiff::civil::date(2025, 9, 1)).is_some());
        assert!(accounts.find("lab2", DAY).is_some());
    }

    #[test]
    fn pieces_may_not_overlap() {
        let accounts = accounts("pattern\nab*ba\n");
        assert!(accounts.find("abba", DAY).is_some());
        assert!(accounts.find("aba", DAY).is_none());
    }
}
