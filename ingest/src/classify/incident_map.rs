//! Category words of incident exports (CPOMS and the like) and what they mean here.

use std::collections::HashMap;

use jiff::civil::Date;

use super::category_map::{CategoryMap, split};
use super::data_file::{DataFile, Dated, Layer, bare};
use super::taxonomy::{Taxonomy, UNMAPPED};
use crate::error::Error;

pub(crate) const SHIPPED: &str = include_str!("../../data/incident_map.csv");
const COLUMNS: &[&str] = &["category", "common_code", "severity", "route", "valid_from", "valid_to", "note"];
/// Marks between a category and its sub-category.
const LEVELS: &[u8] = b"/>:|-";

/// Words of incident exports to codes and severities.
#[derive(Clone, Debug, Default)]
pub(crate) struct IncidentMap {
    words: HashMap<String, Dated<(String, u8)>>,
    /// Words of illegal lists as they are written.
    of_lists: Vec<String>,
}

/// What an incident's words mean together.
#[derive(Clone, Debug, Default)]
pub(crate) struct IncidentAnswer<'a> {
    /// The gravest definition and its severity, if a word is known.
    pub(crate) gravest: Option<(usize, u8)>,
    /// Words that no map knows.
    pub(crate) unmapped: Vec<&'a str>,
}

impl IncidentMap {
    /// Reads and checks the file.
    pub(crate) fn read(file: &DataFile, taxonomy: &Taxonomy) -> Result<Self, Error> {
        let mut map = Self::default();
        for row in file.rows(COLUMNS)? {
            let word = bare(row.required("category")?).into_owned();
            if word.is_empty() {
                return Err(row.place.error("column category has neither letter nor digit"));
            }
            let code = row.required("common_code")?;
            let Some(known) = taxonomy.known(code).filter(|known| known.code != UNMAPPED) else {
                return Err(row.place.error("names a code that is not in taxonomy.csv"));
            };
            let severity = row.severity("severity")?.unwrap_or(known.severity);
            if known.illegal && severity < 5 {
                return Err(row.place.error("illegal content has severity 5"));
            }
            if known.illegal {
                map.of_lists.push(row.required("category")?.to_owned());
            }
            let dated = map.words.entry(word).or_default();
            let fixed = dated.all().any(|(layer, _, (_, old))| layer == Layer::Shipped && *old == 5);
            if row.place.layer == Layer::School && fixed && severity < 5 {
                return Err(row.place.error("severity 5 cannot be lowered"));
            }
            dated.add(row.place, row.span()?, (code.to_owned(), severity))?;
        }
        Ok(map)
    }

    /// Words of illegal lists as they are written.
    pub(crate) fn list_words(&self) -> impl Iterator<Item = &String> {
        self.of_lists.iter()
    }

    /// What an incident's words mean: each whole, else level by level, else as a web category.
    pub(crate) fn answer<'a>(
        &self,
        text: &'a str,
        separators: &[u8],
        categories: &CategoryMap,
        taxonomy: &Taxonomy,
        date: Date,
    ) -> IncidentAnswer<'a> {
        let meaning = |word: &str| {
            let own = self.words.get(bare(word).as_ref()).and_then(|dated| dated.on(date));
            match own {
                Some((code, severity)) => Some((taxonomy.index_on(code, date)?, *severity)),
                None => {
                    let index = categories.word(word, taxonomy, date)?;
                    Some((index, taxonomy.at(index).severity))
                }
            }
        };
        let mut answer = IncidentAnswer::default();
        let weigh = |found: &(usize, u8)| (found.1, taxonomy.weight(found.0));
        for word in split(text, separators) {
            let word = &text[word];
            let found = meaning(word)
                .or_else(|| split(word, LEVELS).filter_map(|level| meaning(&word[level])).max_by_key(weigh));
            match found {
                Some(found) => answer.gravest = answer.gravest.into_iter().chain([found]).max_by_key(weigh),
                None => answer.unmapped.push(word),
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use jiff::civil::date;

    use super::*;
    use crate::classify::category_map;

    fn answer(text: &str, school: &str) -> Result<String, Error> {
        let taxonomy = Taxonomy::load(None)?;
        let categories = DataFile::load("category_map.csv", category_map::SHIPPED, None)?;
        let categories = CategoryMap::read(&categories, &taxonomy)?;
        let school = format!("category,common_code,severity\n{school}");
        let map = IncidentMap::read(&DataFile::overlaid("incident_map.csv", SHIPPED, &school), &taxonomy)?;
        let answer = map.answer(text, b";", &categories, &taxonomy, date(2026, 1, 12));
        let code = answer.gravest.map(|(code, severity)| format!("{}{severity}", taxonomy.at(code).code));
        Ok(format!("{}|{}", code.unwrap_or_default(), answer.unmapped.join(",")))
    }

    #[test]
    fn the_gravest_word_counts_and_unknown_words_are_returned() {
        for (text, expected) in [
            ("Cyber-bullying", "BULLY3|"),
            ("Attendance; Online Grooming ;Bullying", "GROOM5|"),
            ("Child on Child: sexual harassment", "VAWG4|"),
            ("E-Safety / Sharing nudes", "IMG-CHILD5|"),
            ("Online safety", "UNCAT2|"),
            ("Attendance", "OFFLINE0|"),
            ("Blue form; Vaping", "ALCTOB2|Blue form"),
            ("Personal weapons", "WEAPON3|"),
            ("", "|"),
        ] {
            assert_eq!(answer(text, "").unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_school_adds_words_but_keeps_severity_5() {
        assert_eq!(answer("Blue form", "Blue form,HATE,5\n").unwrap(), "HATE5|");
        let message = answer("", "Grooming,GROOM,4\n").unwrap_err().to_string();
        assert_eq!(message, "settings/incident_map.csv line 2: severity 5 cannot be lowered");
    }
}
