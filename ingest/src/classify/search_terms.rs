//! Words searched for: phrases of concern, found whole.
//!
//! A longer phrase swallows those inside it; one with code `NONE` thereby tells a film or a lesson
//! from a need.

use std::collections::HashMap;

use aho_corasick::AhoCorasick;
use jiff::civil::Date;

use super::data_file::{DataFile, Dated, Layer};
use super::taxonomy::{Taxonomy, UNCATEGORISED, UNMAPPED};
use crate::error::{Error, Kind};

pub(crate) const SHIPPED: &str = include_str!("../../data/search_terms.csv");
const COLUMNS: &[&str] = &["phrase", "common_code", "severity", "valid_from", "valid_to", "note"];
const HARMLESS: &str = "NONE";

/// What a phrase means; no code if it is harmless.
#[derive(Clone, Debug)]
struct Term {
    code: Option<String>,
    severity: Option<u8>,
}

/// A definition found in words searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SearchHit {
    /// Definition in the taxonomy.
    pub(crate) code: usize,
    /// The phrase's own severity, else the code's.
    pub(crate) severity: u8,
}

/// All phrases.
#[derive(Clone, Debug)]
pub(crate) struct SearchTerms {
    phrases: AhoCorasick,
    terms: Vec<Dated<Term>>,
}

impl SearchTerms {
    /// Reads and checks the file.
    pub(crate) fn read(file: &DataFile, taxonomy: &Taxonomy) -> Result<Self, Error> {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut terms: Vec<Dated<Term>> = Vec::new();
        let mut patterns: Vec<String> = Vec::new();
        for row in file.rows(COLUMNS)? {
            let mut phrase = String::new();
            spaced(row.required("phrase")?, &mut phrase);
            if phrase.is_empty() {
                return Err(row.place.error("column phrase has neither letter nor digit"));
            }
            let code = row.required("common_code")?;
            let term = if code == HARMLESS {
                Term { code: None, severity: None }
            } else {
                let known = taxonomy
                    .known(code)
                    .filter(|known| !known.illegal && ![UNCATEGORISED, UNMAPPED].contains(&code));
                if known.is_none() {
                    return Err(row.place.error("names a code that search words cannot have"));
                }
                Term { code: Some(code.to_owned()), severity: row.severity("severity")? }
            };
            let place = *places.entry(phrase).or_insert_with_key(|phrase| {
                patterns.push(phrase.clone());
                terms.push(Dated::default());
                terms.len() - 1
            });
            if row.place.layer == Layer::School && term.severity.is_none_or(|severity| severity < 5) {
                let grave = |term: &Term| term.severity == Some(5);
                if terms[place].all().any(|(layer, _, old)| layer == Layer::Shipped && grave(old)) {
                    return Err(row.place.error("severity 5 cannot be lowered"));
                }
            }
            terms[place].add(row.place, row.span()?, term)?;
        }
        let phrases = AhoCorasick::new(&patterns).map_err(|error| {
            Error::new(Kind::Configuration, "search_terms.csv is too large").because(error)
        })?;
        Ok(Self { phrases, terms })
    }

    /// Definitions that words searched for point to, gravest first; `spare` is scratch space.
    pub(crate) fn hits(
        &self,
        words: &str,
        taxonomy: &Taxonomy,
        date: Date,
        spare: &mut String,
    ) -> Vec<SearchHit> {
        spaced(words, spare);
        let mut matches: Vec<(usize, usize, &Term)> = self
            .phrases
            .find_overlapping_iter(spare.as_str())
            .filter_map(|found| {
                let term = self.terms[found.pattern().as_usize()].on(date)?;
                Some((found.start(), found.end(), term))
            })
            .collect();
        matches.sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
        // A phrase inside a longer one is not counted; phrases that merely overlap both are.
        let (mut hits, mut reach): (Vec<SearchHit>, usize) = (Vec::new(), 0);
        for (_, end, term) in matches {
            if end <= reach {
                continue;
            }
            reach = end;
            let Some(code) = term.code.as_ref().and_then(|code| taxonomy.index_on(code, date)) else {
                continue;
            };
            let severity = term.severity.unwrap_or(taxonomy.at(code).severity);
            match hits.iter_mut().find(|hit| hit.code == code) {
                Some(hit) => hit.severity = hit.severity.max(severity),
                None => hits.push(SearchHit { code, severity }),
            }
        }
        hits.sort_by_key(|hit| std::cmp::Reverse((hit.severity, taxonomy.weight(hit.code))));
        hits
    }
}

/// Small letters and digits only, each word between blanks of its own: neighbours share none, so
/// phrases side by side are both found.
fn spaced(text: &str, spaced: &mut String) {
    spaced.clear();
    let mut inside = false;
    for character in text.chars() {
        if character.is_alphanumeric() {
            if !inside {
                spaced.push(' ');
                inside = true;
            }
            spaced.extend(character.to_lowercase());
        } else if !matches!(character, '\'' | '\u{2019}') && inside {
            spaced.push(' ');
            inside = false;
        }
    }
    if inside {
        spaced.push(' ');
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use jiff::civil::date;

    use super::*;

    fn found(words: &str, school: &str) -> Vec<(String, u8)> {
        let taxonomy = Taxonomy::load(None).unwrap();
        let school = format!("phrase,common_code,severity,valid_from\n{school}");
        let file = DataFile::overlaid("search_terms.csv", SHIPPED, &school);
        let terms = SearchTerms::read(&file, &taxonomy).unwrap();
        let hits = terms.hits(words, &taxonomy, date(2026, 1, 12), &mut String::new());
        hits.iter().map(|hit| (taxonomy.at(hit.code).code.clone(), hit.severity)).collect()
    }

    fn codes(words: &str) -> String {
        found(words, "").iter().map(|(code, severity)| format!("{code}{severity} ")).collect()
    }

    #[test]
    fn phrases_are_found_whole_in_any_spelling() {
        assert_eq!(codes("How to KILL myself?"), "SUICIDE4 ");
        assert_eq!(codes("self-harm"), "SELFHARM4 ");
        assert_eq!(codes("i don\u{2019}t want to live+anymore"), "SUICIDE4 ");
        assert_eq!(codes("kill myselfie stick"), "");
        assert_eq!(codes("Scunthorpe school"), "");
        assert_eq!(codes(""), "");
        assert_eq!(codes("photosynthesis for kids"), "");
    }

    #[test]
    fn a_longer_harmless_phrase_swallows_a_grave_one_but_not_its_neighbour() {
        assert_eq!(codes("suicide"), "SUICIDE3 ");
        assert_eq!(codes("suicide squad trailer"), "");
        assert_eq!(codes("suicide squad self harm"), "SELFHARM4 ");
        assert_eq!(codes("proxy war causes"), "");
    }

    #[test]
    fn several_concerns_come_gravest_first() {
        assert_eq!(codes("buy weed online casino self harm"), "SELFHARM4 DRUGS3 GAMBLE2 ");
        assert_eq!(codes("buy weed buy weed"), "DRUGS3 ");
        assert_eq!(codes("unblocked games web proxy"), "BYPASS3 ");
    }

    #[test]
    fn a_school_adds_phrases_and_calms_others_from_a_day_on() {
        assert_eq!(found("green zork", "green zork,WEAPON,4,\n"), [("WEAPON".to_owned(), 4)]);
        assert_eq!(found("web proxy", "web proxy,NONE,,2026-01-12\n"), []);
        assert_eq!(found("web proxy", "web proxy,NONE,,2026-01-13\n"), [("BYPASS".to_owned(), 3)]);
        // An expired longer phrase must not hide the shorter one that still holds.
        assert_eq!(
            found("web proxy school", "web proxy school,NONE,,2026-01-13\n"),
            [("BYPASS".to_owned(), 3)]
        );
    }

    #[test]
    fn no_shipped_phrase_of_concern_hides_a_graver_one_inside_it() {
        let taxonomy = Taxonomy::load(None).unwrap();
        let file = DataFile::load("search_terms.csv", SHIPPED, None).unwrap();
        let spelled: Vec<(String, Option<u8>)> = file
            .rows(COLUMNS)
            .unwrap()
            .iter()
            .map(|row| {
                let mut phrase = String::new();
                spaced(row.text("phrase"), &mut phrase);
                let code = taxonomy.known(row.text("common_code"));
                (phrase, code.map(|code| row.severity("severity").unwrap().unwrap_or(code.severity)))
            })
            .collect();
        for (outer, severity) in spelled.iter().filter_map(|(text, severity)| Some((text, (*severity)?))) {
            let inside = spelled.iter().filter(|(inner, _)| inner != outer && outer.contains(inner));
            let gravest = inside.filter_map(|(_, severity)| *severity).max().unwrap_or(0);
            assert!(gravest <= severity, "{outer}");
        }
    }

    #[test]
    fn search_words_never_mark_illegal_content() {
        let taxonomy = Taxonomy::load(None).unwrap();
        let file = DataFile::overlaid("search_terms.csv", SHIPPED, "phrase,common_code\nzork,ILL-CSAM\n");
        let message = SearchTerms::read(&file, &taxonomy).unwrap_err().to_string();
        assert!(message.starts_with("settings/search_terms.csv line 2: names a code"), "{message}");
    }
}
