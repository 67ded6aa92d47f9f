//! What is expected of a key stage's use: `expected_use.csv`
//! (`key_stages,what,least_percent,most_percent,valid_from,valid_to,source`).
//!
//! A school's file takes the place of the shipped one whole: its numbers are starting points.

use jiff::civil::Date;

use super::sheet::{Source, Validity};
use crate::classify::Taxonomy;
use crate::error::Error;

/// Key stages as the lake names them.
const KEY_STAGES: [&str; 6] = ["EYFS", "KS1", "KS2", "KS3", "KS4", "KS5"];

/// What records a row is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UseOf {
    /// A category code.
    Code(String),
    /// A theme.
    Theme(String),
    /// Records under log-ins that several people use.
    SharedLogIns,
}

impl UseOf {
    /// The word in the file.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Code(word) | Self::Theme(word) => word,
            Self::SharedLogIns => "shared log-ins",
        }
    }
}

/// What is expected of one sort of use.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// Of which records.
    pub what: UseOf,
    /// Least share of a group's records, 0 to 1.
    pub least: f64,
    /// Greatest share, 0 to 1.
    pub most: f64,
}

/// All rows.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedUse {
    rows: Vec<(Vec<&'static str>, Expected, Validity)>,
    of_the_school: bool,
}

impl ExpectedUse {
    pub(crate) fn read(source: &Source, taxonomy: &Taxonomy) -> Result<Self, Error> {
        const REQUIRED: &[&str] = &["key_stages", "what", "least_percent", "most_percent"];
        const OPTIONAL: &[&str] = &["valid_from", "valid_to", "source"];
        let mut rows: Vec<(Vec<&'static str>, Expected, Validity)> = Vec::new();
        for row in source.sheet(REQUIRED, OPTIONAL)?.rows() {
            let key_stages = row.parse("key_stages", "key stages such as `KS3 KS4`", read_stages)?;
            let wanted = "a category code, a theme as `trend --by theme` prints it, or `shared log-ins`";
            let what = row.parse("what", wanted, |text| read_what(text, taxonomy))?;
            let least = row.parse("least_percent", "a number from 0 to 100", read_percent)?;
            let most = row.parse("most_percent", "a number from 0 to 100", read_percent)?;
            if least > most {
                return Err(row.error("least_percent is above most_percent"));
            }
            let days = row.validity()?;
            let meets = rows.iter().any(|(stages, known, of)| {
                known.what == what && of.meets(days) && stages.iter().any(|stage| key_stages.contains(stage))
            });
            if meets {
                return Err(row.error("this is stated twice for a key stage and a day"));
            }
            rows.push((key_stages, Expected { what, least, most }, days));
        }
        Ok(Self { rows, of_the_school: source.school.is_some() })
    }

    /// What is expected of a key stage on a day, in the order of the file.
    #[must_use]
    pub fn of(&self, key_stage: &str, day: Date) -> Vec<&Expected> {
        let holding =
            self.rows.iter().filter(|(stages, _, days)| stages.contains(&key_stage) && days.holds(day));
        holding.map(|(_, expected, _)| expected).collect()
    }

    /// Whether the school has set its own numbers.
    #[must_use]
    pub const fn is_of_the_school(&self) -> bool {
        self.of_the_school
    }
}

fn read_stages(text: &str) -> Option<Vec<&'static str>> {
    let stages: Option<Vec<&'static str>> =
        text.split_whitespace().map(|word| KEY_STAGES.into_iter().find(|stage| *stage == word)).collect();
    stages.filter(|stages| !stages.is_empty())
}

fn read_what(text: &str, taxonomy: &Taxonomy) -> Option<UseOf> {
    if text == "shared log-ins" {
        return Some(UseOf::SharedLogIns);
    }
    let codes = taxonomy.codes();
    // Severity 5 is what is on an illegal list or of children: it stands in no share.
    if codes.iter().any(|code| code.code == text && code.severity < 5) {
        return Some(UseOf::Code(text.to_owned()));
    }
    codes.iter().any(|code| code.theme.as_deref() == Some(text)).then(|| UseOf::Theme(text.to_owned()))
}

fn read_percent(text: &str) -> Option<f64> {
    let percent: f64 = text.parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use jiff::civil::date;

    use super::*;
    use crate::settings::testing::settings;

    #[test]
    fn every_key_stage_has_a_starting_point_that_says_so() {
        let shipped = settings(&[]).unwrap();
        let day = date(2026, 1, 5);
        for stage in KEY_STAGES {
            let expected = shipped.expected_use().of(stage, day);
            assert!(expected.iter().any(|row| row.what == UseOf::SharedLogIns), "{stage}");
            assert!(expected.iter().any(|row| row.what == UseOf::Code("GENAI".to_owned())), "{stage}");
        }
        assert!(!shipped.expected_use().is_of_the_school());
        let rows = crate::settings::EXPECTED_USE.lines().filter(|line| !line.starts_with('#')).skip(1);
        assert!(rows.clone().count() > 20);
        for row in rows {
            assert!(row.contains(",starting point"), "{row}");
        }
    }

    #[test]
    fn a_schools_own_file_replaces_it_and_mistakes_name_their_line() {
        let head = "key_stages,what,least_percent,most_percent,valid_from,valid_to\n";
        let with = |rows: &str| settings(&[("expected_use.csv", &format!("{head}{rows}"))]);
        let own = with("KS2 KS3,Bullying,0,2.5,2026-01-05,\n").unwrap();
        let expected = own.expected_use();
        assert!(expected.is_of_the_school() && expected.of("KS2", date(2026, 1, 4)).is_empty());
        let row = expected.of("KS3", date(2026, 1, 5))[0];
        assert_eq!((row.what.word(), row.least, row.most), ("Bullying", 0.0, 0.025));
        for (rows, words) in [
            ("KS9,GAMES,0,1,,\n", "key_stages"),
            ("KS2,Chess,0,1,,\n", "a category code"),
            ("KS2,ILL-CSAM,0,1,,\n", "a category code"),
            ("KS2,GAMES,0,101,,\n", "most_percent"),
            ("KS2,GAMES,5,1,,\n", "above most_percent"),
        ] {
            let error = with(rows).unwrap_err().to_string();
            assert!(error.starts_with("expected_use.csv:2: ") && error.contains(words), "{error}");
        }
        let twice = with("KS2 KS3,GAMES,0,1,,2026-01-31\nKS3,GAMES,0,2,2026-01-31,\n").unwrap_err();
        assert!(twice.to_string().starts_with("expected_use.csv:3: this is stated twice"), "{twice}");
    }
}
