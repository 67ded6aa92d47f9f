//! The rows of a sealed set: a fixed list, fixed order, never merged or sorted by value (rule 19).

use std::collections::BTreeSet;

use super::policy::{NEVER_FOR_PARENTS, NEVER_REPORTED};
use crate::error::{Error, Kind};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CategoryRow {
    pub(super) name: String,
    pub(super) heading: String,
    pub(super) codes: Vec<String>,
    pub(super) themes: Vec<String>,
    pub(super) for_parents: bool,
}

/// The rows in order. T0 is their union and the union of nothing else.
#[derive(Clone, Debug)]
pub(super) struct CategoryList {
    rows: Vec<CategoryRow>,
    version: String,
}

impl CategoryList {
    /// Takes a list from the school's data files. What may never be reported, or not to parents,
    /// stands in the policy: no overlay of a data file can loosen it.
    pub(super) fn new(
        rows: Vec<CategoryRow>,
        never: &BTreeSet<String>,
        not_for_parents: &BTreeSet<String>,
    ) -> Result<Self, Error> {
        let never = |code: &String| NEVER_REPORTED.contains(&code.as_str()) || never.contains(code);
        let not_for_parents =
            |code: &String| NEVER_FOR_PARENTS.contains(&code.as_str()) || not_for_parents.contains(code);
        let refuse = |row: &CategoryRow, why: &str| {
            Err(Error::new(Kind::Configuration, format!("row `{}` of the sealed sets {why}", row.name))
                .help("put the taxonomy's rows back to the shipped ones"))
        };
        for row in &rows {
            if row.codes.iter().any(never) {
                return refuse(row, "holds a code that is never reported");
            }
            if row.for_parents && row.codes.iter().any(not_for_parents) {
                return refuse(row, "holds a code that parents are never given figures of");
            }
            if rows.iter().filter(|other| other.themes.iter().any(|theme| row.themes.contains(theme))).count()
                > 1
            {
                return refuse(row, "shares a theme with another row");
            }
        }
        let mut text = String::new();
        for row in &rows {
            let parents = if row.for_parents { "parents" } else { "governors" };
            let (codes, themes) = (row.codes.join(" "), row.themes.join(" "));
            text.push_str(&[row.name.as_str(), &row.heading, &codes, &themes, parents].join("\t"));
            text.push('\n');
        }
        let version = blake3::hash(text.as_bytes()).to_hex()[..16].to_owned();
        Ok(Self { rows, version })
    }

    pub(super) fn rows(&self) -> &[CategoryRow] {
        &self.rows
    }

    /// Hash of names, headings, codes, themes and permissions.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The row of a theme; none for a theme that staff alone see.
    pub(super) fn row_of_theme(&self, theme: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.themes.iter().any(|known| known == theme))
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]
    use super::*;

    /// A list of rows as `name, heading, codes, for parents`; codes are their own themes.
    pub(in super::super) fn list(rows: &[(&str, &str, &str, bool)]) -> Result<CategoryList, Error> {
        let split = |codes: &str| codes.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        CategoryList::new(
            rows.iter()
                .map(|(name, heading, codes, for_parents)| CategoryRow {
                    name: (*name).to_owned(),
                    heading: (*heading).to_owned(),
                    codes: split(codes),
                    themes: split(codes),
                    for_parents: *for_parents,
                })
                .collect(),
            &BTreeSet::new(),
            &BTreeSet::new(),
        )
    }

    /// The twelve rows of the design, written out again by hand.
    pub(in super::super) fn twelve() -> CategoryList {
        list(&[
            ("Sexual content", "content", "PORN ADULT", false),
            ("Self-harm, suicide, eating disorders", "content", "SELFHARM SUICIDE EATDIS", false),
            ("Violence and weapons", "content", "VIOLENCE WEAPON", true),
            ("Hate and extremism", "content", "HATE VAWG EXTREM", false),
            ("Drugs, alcohol, tobacco", "content", "DRUGS ALCTOB", false),
            ("Misleading content", "content", "MISINFO", true),
            ("Contact risks", "contact", "GROOM CHAT DATING", false),
            ("AI tools and companions", "contact", "GENAI AISIM", true),
            ("Getting round the filter", "conduct", "BYPASS", true),
            ("Bullying", "conduct", "BULLY", true),
            ("Hacking, piracy, crime", "conduct", "HACK PIRACY CRIME", true),
            ("Gambling, scams, malware", "commerce", "GAMBLE SCAM MALWARE", true),
        ])
        .unwrap()
    }

    #[test]
    fn no_data_file_can_loosen_the_policy() {
        assert!(list(&[("Abuse", "content", "ILL-CSAM", false)]).is_err());
        assert!(list(&[("Self-harm", "content", "SELFHARM", true)]).is_err());
        assert!(
            list(&[("One", "content", "BYPASS", true), ("Two", "content", "HACK BYPASS", true)]).is_err()
        );
        assert!(list(&[("Self-harm", "content", "SELFHARM", false)]).is_ok());
    }

    #[test]
    fn the_version_follows_the_list() {
        let version =
            |heading, parents| list(&[("Bullying", heading, "BULLY", parents)]).unwrap().version().to_owned();
        assert_eq!(version("conduct", true), version("conduct", true));
        assert_ne!(version("conduct", true), version("contact", true));
        assert_ne!(version("conduct", true), version("conduct", false));
        assert_eq!(twelve().row_of_theme("SUICIDE"), Some(1));
        assert_eq!(twelve().row_of_theme("GAMES"), None);
    }
}
