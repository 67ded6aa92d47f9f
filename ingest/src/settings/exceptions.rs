//! Exceptions from the filter's rules: `exceptions.csv`
//! (`reference,holder,what,owner_role,review,valid_from,valid_to,note`).

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::sheet::{Source, few_words};
use crate::error::Error;

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Short name of the row.
    pub reference: String,
    /// Group, network or device token that it holds for.
    pub holder: String,
    /// Site, code or words.
    pub what: String,
    /// Who answers for it, by role.
    pub owner_role: String,
    /// Day by which it is looked at again.
    pub review: Date,
    /// First day.
    pub from: Date,
    /// Last day; none while open.
    pub to: Option<Date>,
}

/// All exceptions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions {
    rows: Vec<Exception>,
}

impl Exceptions {
    pub(crate) fn read(source: &Source) -> Result<Self, Error> {
        let mut rows: Vec<Exception> = Vec::new();
        let mut known = BTreeSet::new();
        let columns = ["reference", "holder", "what", "owner_role", "review", "valid_from"];
        for row in source.sheet(&columns, &["valid_to", "note"])?.rows() {
            let words = |column| row.parse(column, "a few words, no address of a person", few_words);
            let days = row.validity()?;
            let Some(from) = days.from else { return Err(row.error("`valid_from` is missing")) };
            let exception = Exception {
                reference: words("reference")?,
                holder: words("holder")?,
                what: words("what")?,
                owner_role: words("owner_role")?,
                review: row.date("review")?,
                from,
                to: days.to,
            };
            if exception.review < from {
                return Err(row.error("`review` lies before `valid_from`"));
            }
            if !known.insert(exception.reference.clone()) {
                return Err(row.error("this reference is stated twice"));
            }
            rows.push(exception);
        }
        Ok(Self { rows })
    }

    /// The rows in the order of the file.
    #[must_use]
    pub fn rows(&self) -> &[Exception] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use jiff::civil::date;

    use super::*;

    fn read(rows: Option<&str>) -> Result<Exceptions, Error> {
        let header = "reference,holder,what,owner_role,review,valid_from,valid_to\n";
        let school = rows.map(|rows| format!("{header}{rows}"));
        Exceptions::read(&Source { name: "exceptions.csv", shipped: crate::settings::EXCEPTIONS, school })
    }

    #[test]
    fn rows_say_what_for_whom_and_when_to_look_again() {
        assert!(read(None).unwrap().rows().is_empty());
        let found = read(Some("E-1,Staff,social media,headteacher,2026-01-31,2025-09-01,\n")).unwrap();
        let [row] = found.rows() else { panic!("{found:?}") };
        assert_eq!((row.holder.as_str(), row.review, row.to), ("Staff", date(2026, 1, 31), None));
    }

    #[test]
    fn slips_are_named_by_line_and_never_quoted() {
        let sound = "E-1,Staff,social media,headteacher,2026-01-31,2025-09-01,\n";
        for (row, wrong) in [
            (",Staff,x,head,2026-01-31,2025-09-01,", "`reference` must be"),
            ("E-2,zq@school.uk,x,head,2026-01-31,2025-09-01,", "`holder` must be"),
            ("E-2,Staff,x,,2026-01-31,2025-09-01,", "`owner_role` must be"),
            ("E-2,Staff,x,head,soon,2025-09-01,", "`review` must be"),
            ("E-2,Staff,x,head,2026-01-31,,", "`valid_from` is missing"),
            ("E-2,Staff,x,head,2025-01-31,2025-09-01,", "`review` lies before"),
            ("E-1,Staff,x,head,2026-01-31,2025-09-01,", "stated twice"),
        ] {
            let error = read(Some(&format!("{sound}{row}\n"))).unwrap_err().to_string();
            assert!(error.starts_with("exceptions.csv:3: ") && error.contains(wrong), "{error}");
            assert!(!error.contains("zq@"), "{error}");
        }
    }
}
