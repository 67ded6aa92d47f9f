//! What no published figure may hold: `never_reported.csv` (`code,audience,valid_from,valid_to,note`).
//!
//! The shipped rows hold on every day. A school's file adds to them and takes nothing away: there is
//! no row that could.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::sheet::{Source, Validity};
use crate::classify::Taxonomy;
use crate::error::Error;

/// From whom a code is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// In no published figure and in no total.
    FromEveryone,
    /// In no figure for parents that is about one school.
    FromParents,
}

/// The codes that are kept out of published figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeverReported {
    rows: Vec<(String, Kept, Validity)>,
}

impl NeverReported {
    pub(crate) fn read(source: &Source, taxonomy: &Taxonomy) -> Result<Self, Error> {
        const OPTIONAL: &[&str] = &["valid_from", "valid_to", "note"];
        let mut rows: Vec<(String, Kept, Validity)> = Vec::new();
        let shipped = source.shipped_sheet(&["code", "audience"], OPTIONAL)?;
        let school = source.school_sheet(&["code", "audience"], OPTIONAL)?;
        let shipped_rows = shipped.rows().count();
        for (at, row) in shipped.rows().chain(school.iter().flat_map(|sheet| sheet.rows())).enumerate() {
            let code = row.parse("code", "a code of taxonomy.csv", |text| {
                taxonomy.codes().iter().any(|known| known.code == text).then(|| text.to_owned())
            })?;
            let kept = row.parse("audience", "everyone or parents", |text| match text {
                "everyone" => Some(Kept::FromEveryone),
                "parents" => Some(Kept::FromParents),
                _ => None,
            })?;
            let days = row.validity()?;
            let of_product =
                rows.iter().take(shipped_rows).any(|(known, of, _)| *known == code && *of == kept);
            if at >= shipped_rows && of_product && days != Validity::default() {
                return Err(
                    row.error("this code is never reported, on any day: a school's row cannot shorten that")
                );
            }
            rows.push((code, kept, days));
        }
        Ok(Self { rows })
    }

    /// Codes that are in no figure of days from the first to the last: on the list on any of them.
    #[must_use]
    pub fn codes_between(&self, from: Date, to: Date) -> BTreeSet<String> {
        self.between(Kept::FromEveryone, from, to)
    }

    /// Codes that are in no figure for parents of days from the first to the last.
    #[must_use]
    pub fn codes_not_for_parents_between(&self, from: Date, to: Date) -> BTreeSet<String> {
        self.between(Kept::FromParents, from, to)
    }

    fn between(&self, kept: Kept, from: Date, to: Date) -> BTreeSet<String> {
        let days = Validity { from: Some(from), to: Some(to) };
        let of = self.rows.iter().filter(|(_, of, known)| *of == kept && known.meets(days));
        of.map(|(code, ..)| code.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use jiff::civil::date;

    use crate::settings::testing::settings;

    const TERM: (jiff::civil::Date, jiff::civil::Date) = (date(2025, 9, 1), date(2025, 12, 19));

    fn with(rows: &str) -> Result<crate::settings::Settings, crate::error::Error> {
        settings(&[("never_reported.csv", &format!("code,audience,valid_from,valid_to\n{rows}"))])
    }

    #[test]
    fn a_school_adds_and_takes_nothing_away() {
        let shipped = settings(&[]).unwrap();
        let names: Vec<_> = shipped.never_reported().codes_between(TERM.0, TERM.1).into_iter().collect();
        assert_eq!(names, ["ILL-CSAM", "ILL-TERR", "IMG-CHILD"]);
        assert_eq!(shipped.never_reported().codes_not_for_parents_between(TERM.0, TERM.1).len(), 13);
        // An empty file of the school's own leaves the shipped rows.
        assert_eq!(with("").unwrap().never_reported(), shipped.never_reported());
        let more = with("BULLY,everyone,2025-12-19,2026-02-01\nGENAI,parents,,\n").unwrap();
        let held = |from, to| more.never_reported().codes_between(from, to).contains("BULLY");
        assert!(held(TERM.0, TERM.1), "one day of the period is enough");
        assert!(!held(date(2025, 9, 1), date(2025, 12, 18)) && !held(date(2026, 2, 2), date(2026, 3, 1)));
        assert!(more.never_reported().codes_not_for_parents_between(TERM.0, TERM.1).contains("GENAI"));
        assert_ne!(more.version(), shipped.version());
    }

    #[test]
    fn a_row_that_would_shorten_the_list_or_means_nothing_is_refused() {
        for (rows, words) in [
            ("ILL-CSAM,everyone,2025-09-01,2025-09-02\n", "cannot shorten"),
            ("PORN,parents,2030-01-01,\n", "cannot shorten"),
            ("CHESS,everyone,,\n", "a code of taxonomy.csv"),
            ("PORN,nobody,,\n", "everyone or parents"),
        ] {
            let error = with(rows).unwrap_err().to_string();
            assert!(error.starts_with("never_reported.csv:2: ") && error.contains(words), "{error}");
        }
    }
}
