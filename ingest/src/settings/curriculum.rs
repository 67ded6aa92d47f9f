//! Which strands of the curriculum a theme touches: `curriculum.csv` (`theme,key_stage,strand,valid_from,valid_to,source`).

use jiff::civil::Date;

use super::sheet::{Source, Validity};
use crate::classify::Taxonomy;
use crate::error::Error;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Strand {
    theme: String,
    key_stage: String,
    strand: String,
    days: Validity,
}

/// Strands by theme and key stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curriculum {
    rows: Vec<Strand>,
}

impl Curriculum {
    pub(crate) fn read(source: &Source, taxonomy: &Taxonomy) -> Result<Self, Error> {
        const REQUIRED: &[&str] = &["theme", "strand"];
        const OPTIONAL: &[&str] = &["key_stage", "valid_from", "valid_to", "source"];
        let mut rows = Vec::new();
        for row in source.sheet(REQUIRED, OPTIONAL)?.rows() {
            let theme = row.parse("theme", "a theme as `trend --by theme` prints it", |text| {
                taxonomy
                    .codes()
                    .iter()
                    .any(|code| code.theme.as_deref() == Some(text))
                    .then(|| text.to_owned())
            })?;
            let key_stage = row.get("key_stage");
            if !["", "EYFS", "KS1", "KS2", "KS3", "KS4", "KS5"].contains(&key_stage) {
                return Err(row.error("column key_stage is none of EYFS, KS1, KS2, KS3, KS4, KS5"));
            }
            let strand =
                row.parse("strand", "the strand's name", |text| (!text.is_empty()).then(|| text.to_owned()))?;
            rows.push(Strand { theme, key_stage: key_stage.to_owned(), strand, days: row.validity()? });
        }
        Ok(Self { rows })
    }

    /// Strands of a theme for a key stage on a day, in the order of the file.
    #[must_use]
    pub fn of(&self, theme: &str, key_stage: &str, day: Date) -> Vec<&str> {
        self.rows
            .iter()
            .filter(|row| row.theme == theme && (row.key_stage.is_empty() || row.key_stage == key_stage))
            .filter(|row| row.days.holds(day))
            .map(|row| row.strand.as_str())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use jiff::civil::date;

    use crate::settings::testing::settings;

    #[test]
    fn every_theme_of_the_rows_has_a_strand() {
        let shipped = settings(&[]).unwrap();
        let day = date(2026, 1, 5);
        for row in shipped.taxonomy().rows() {
            for theme in &row.staff_themes {
                assert!(!shipped.curriculum().of(theme, "KS3", day).is_empty(), "{theme}");
            }
        }
        assert_eq!(shipped.curriculum().of("Bullying", "KS2", day), ["Online bullying", "Online reputation"]);
        assert!(shipped.curriculum().of("Games", "KS2", day).is_empty());
    }

    #[test]
    fn a_schools_own_file_replaces_it_and_mistakes_name_their_line() {
        let with =
            |rows: &str| settings(&[("curriculum.csv", &format!("theme,key_stage,strand,valid_to\n{rows}"))]);
        let own = with("Bullying,KS3,Kindness weeks,2026-01-04\n").unwrap();
        assert_eq!(own.curriculum().of("Bullying", "KS3", date(2026, 1, 4)), ["Kindness weeks"]);
        for (key_stage, day) in [("KS2", date(2026, 1, 4)), ("KS3", date(2026, 1, 5))] {
            assert!(own.curriculum().of("Bullying", key_stage, day).is_empty());
        }
        for (rows, words) in [
            ("Chess,,Openings,\n", "a theme"),
            ("Bullying,KS9,x,\n", "key_stage"),
            ("Bullying,,,\n", "strand"),
        ] {
            let error = with(rows).unwrap_err().to_string();
            assert!(error.starts_with("curriculum.csv:2: ") && error.contains(words), "{error}");
        }
    }
}
