//! What is to be blocked for whom, and since when: `policy_snapshot.csv`
//! (`group,common_code,stance,valid_from,valid_to,reason,approved_by`).
//!
//! It is also the school's record of what is blocked and why. Nothing ships in it: where a school has
//! recorded nothing, the usual stance of `taxonomy.csv` holds, and figures say which of the two they rest on.

use jiff::civil::Date;

use super::sheet::{Source, Validity};
use crate::classify::Taxonomy;
use crate::error::Error;

/// Every group of pupils.
const EVERY_GROUP: &str = "*";

/// What the filter is to do with a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// To be blocked.
    Block,
    /// To be allowed, watched or decided case by case.
    Open,
}

impl Stance {
    fn of_word(word: &str) -> Option<Self> {
        match word {
            "block" | "must block" | "block and alert" => Some(Self::Block),
            "allow" | "alert" | "context" => Some(Self::Open),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PolicyRow {
    group: String,
    code: String,
    stance: Stance,
    days: Validity,
}

/// The school's filtering policy by group, category and day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    rows: Vec<PolicyRow>,
}

impl Policy {
    pub(crate) fn read(source: &Source, taxonomy: &Taxonomy) -> Result<Self, Error> {
        const REQUIRED: &[&str] = &["group", "common_code", "stance"];
        const OPTIONAL: &[&str] = &["valid_from", "valid_to", "reason", "approved_by"];
        let mut rows: Vec<PolicyRow> = Vec::new();
        for row in source.sheet(REQUIRED, OPTIONAL)?.rows() {
            let group = row.parse("group", "a group's id as `groups` prints it, or *", |text| {
                (!text.is_empty()).then(|| text.to_owned())
            })?;
            let code = row.parse("common_code", "a code of taxonomy.csv", |text| {
                taxonomy.codes().iter().any(|known| known.code == text).then(|| text.to_owned())
            })?;
            let stance = row.parse(
                "stance",
                "must block, block, block and alert, alert, context or allow",
                Stance::of_word,
            )?;
            let days = row.validity()?;
            if stance == Stance::Open
                && taxonomy.codes().iter().any(|known| known.code == code && known.illegal)
            {
                return Err(row.error("an illegal list is always to be blocked"));
            }
            if rows.iter().any(|known| known.group == group && known.code == code && known.days.meets(days)) {
                return Err(
                    row.error("this group and code have another row that holds on some of these days")
                );
            }
            rows.push(PolicyRow { group, code, stance, days });
        }
        Ok(Self { rows })
    }

    /// Whether the school has recorded anything at all.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Whether a category is to be blocked for a group on a day: by the group's row, else by the row of every
    /// group, else by the taxonomy's usual stance.
    #[must_use]
    pub fn is_to_be_blocked(&self, taxonomy: &Taxonomy, group: &str, code: &str, day: Date) -> bool {
        let of = |wanted: &str| {
            self.rows
                .iter()
                .find(|row| row.group == wanted && row.code == code && row.days.holds(day))
                .map(|row| row.stance)
        };
        let usual = || taxonomy.code(code, day).and_then(|code| Stance::of_word(&code.stance));
        of(group).or_else(|| of(EVERY_GROUP)).or_else(usual) == Some(Stance::Block)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use jiff::civil::date;

    use crate::settings::testing::settings;

    fn with(rows: &str) -> Result<crate::settings::Settings, crate::error::Error> {
        settings(&[(
            "policy_snapshot.csv",
            &format!("group,common_code,stance,valid_from,valid_to,reason,approved_by\n{rows}"),
        )])
    }

    #[test]
    fn the_groups_own_row_wins_on_its_days() {
        let found =
            with("*,GAMES,block,2025-09-01,,,head\nyear_12,GAMES,allow,2026-01-05,,for media studies,head\n")
                .unwrap();
        let blocked = |group: &str, code: &str, day| {
            found.policy().is_to_be_blocked(found.taxonomy(), group, code, day)
        };
        assert!(found.policy().is_recorded());
        assert!(
            blocked("year_9", "GAMES", date(2025, 9, 1)) && !blocked("year_9", "GAMES", date(2025, 8, 31))
        );
        assert!(
            blocked("year_12", "GAMES", date(2026, 1, 4)) && !blocked("year_12", "GAMES", date(2026, 1, 5))
        );
        // What is not in the file follows the taxonomy's usual stance.
        assert!(blocked("year_9", "PORN", date(2025, 10, 1)) && !blocked("year_9", "EDU", date(2025, 10, 1)));
        let shipped = settings(&[]).unwrap();
        assert!(!shipped.policy().is_recorded());
        assert_ne!(shipped.version(), found.version());
    }

    #[test]
    fn mistakes_name_file_and_line() {
        for (rows, words) in [
            ("*,CHESS,block,,,,\n", "a code of taxonomy.csv"),
            ("*,GAMES,perhaps,,,,\n", "must block"),
            ("*,ILL-CSAM,allow,,,,\n", "always to be blocked"),
            (",GAMES,block,,,,\n", "a group's id"),
        ] {
            let error = with(rows).unwrap_err().to_string();
            assert!(error.starts_with("policy_snapshot.csv:2: ") && error.contains(words), "{error}");
        }
        let twice =
            with("*,GAMES,block,,2026-01-05,,\n*,GAMES,allow,2026-01-05,,,\n").unwrap_err().to_string();
        assert!(twice.starts_with("policy_snapshot.csv:3: "), "{twice}");
    }
}
