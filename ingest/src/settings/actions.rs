//! What was found and what is done about it: `actions.csv`
//! (`action,finding,source,raised,owner_role,due,closed,evidence,note`).

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::sheet::{Source, few_words};
use crate::error::Error;

/// Where a finding may come from.
const SOURCES: [&str; 8] =
    ["trend", "incidents", "overblocking", "changes", "coverage", "check", "review", "other"];

/// One action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Short name of the row.
    pub action: String,
    /// What was found.
    pub finding: String,
    /// Which figure or look found it.
    pub source: &'static str,
    /// Day on which it was found.
    pub raised: Date,
    /// Who does it, by role.
    pub owner_role: String,
    /// Day by which it is done.
    pub due: Date,
    /// Day on which it was done.
    pub closed: Option<Date>,
    /// Where it can be read that it was done.
    pub evidence: String,
}

/// The register.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    rows: Vec<Action>,
}

impl Actions {
    pub(crate) fn read(source: &Source) -> Result<Self, Error> {
        let mut rows: Vec<Action> = Vec::new();
        let mut known = BTreeSet::new();
        let columns = ["action", "finding", "source", "raised", "owner_role", "due"];
        for row in source.sheet(&columns, &["closed", "evidence", "note"])?.rows() {
            let words = |column| row.parse(column, "a few words, no address of a person", few_words);
            let action = Action {
                action: words("action")?,
                finding: words("finding")?,
                source: row.parse("source", &SOURCES.join(" or "), |text| {
                    SOURCES.into_iter().find(|known| *known == text)
                })?,
                raised: row.date("raised")?,
                owner_role: words("owner_role")?,
                due: row.date("due")?,
                closed: row.parse_optional("closed", "a day such as 2025-09-01", |text| text.parse().ok())?,
                evidence: row
                    .parse_optional("evidence", "a few words, no address of a person", few_words)?
                    .unwrap_or_default(),
            };
            if action.due < action.raised {
                return Err(row.error("`due` lies before `raised`"));
            }
            if action.closed.is_some_and(|closed| closed < action.raised) {
                return Err(row.error("`closed` lies before `raised`"));
            }
            if action.closed.is_some() && action.evidence.is_empty() {
                return Err(row.error("`evidence` must say where it can be read that this was done"));
            }
            if !known.insert(action.action.clone()) {
                return Err(row.error("this action is stated twice"));
            }
            rows.push(action);
        }
        Ok(Self { rows })
    }

    /// The rows in the order of the file.
    #[must_use]
    pub fn rows(&self) -> &[Action] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;

    fn read(rows: Option<&str>) -> Result<Actions, Error> {
        let header = "action,finding,source,raised,owner_role,due,closed,evidence\n";
        let school = rows.map(|rows| format!("{header}{rows}"));
        Actions::read(&Source { name: "actions.csv", shipped: crate::settings::ACTIONS, school })
    }

    #[test]
    fn rows_lead_from_a_finding_to_what_was_done() {
        assert!(read(None).unwrap().rows().is_empty());
        let rows = "A-1,guest network unlisted,coverage,2025-10-06,IT,2025-10-31,2025-10-20,ticket 12\n";
        let found = read(Some(rows)).unwrap();
        assert_eq!((found.rows()[0].closed, found.rows()[0].source), (Some(date(2025, 10, 20)), "coverage"));
    }

    #[test]
    fn slips_are_named_by_line() {
        for (row, wrong) in [
            ("A-1,x,gossip,2025-10-06,IT,2025-10-31,,", "`source` must be"),
            ("A-1,x,trend,2025-10-06,IT,2025-10-01,,", "`due` lies before"),
            ("A-1,x,trend,2025-10-06,IT,2025-10-31,2025-10-20,", "`evidence` must say"),
            ("A-1,x,trend,2025-10-06,IT,2025-10-31,2025-10-01,y", "`closed` lies before"),
            ("A-1,,trend,2025-10-06,IT,2025-10-31,,", "`finding` must be"),
        ] {
            let error = read(Some(&format!("{row}\n"))).unwrap_err().to_string();
            assert!(error.starts_with("actions.csv:2: ") && error.contains(wrong), "{error}");
        }
        let twice = "A-1,x,trend,2025-10-06,IT,2025-10-31,,\n".repeat(2);
        assert!(read(Some(&twice)).unwrap_err().to_string().starts_with("actions.csv:3: "));
    }
}
