//! The sources' category words and what they mean here.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use jiff::civil::Date;

use super::data_file::{DataFile, DataRow, Dated, Layer, bare};
use super::taxonomy::{Taxonomy, UNCATEGORISED, UNMAPPED};
use crate::error::Error;

pub(crate) const SHIPPED: &str = include_str!("../../data/category_map.csv");
const COLUMNS: &[&str] = &[
    "vendor",
    "vendor_category_id",
    "vendor_category",
    "common_code",
    "secondary_code",
    "is_noise",
    "excludes",
    "confidence",
    "valid_from",
    "valid_to",
    "source",
    "note",
];

/// What one word means.
#[derive(Clone, Debug)]
struct Meaning {
    codes: Vec<String>,
    excludes: Vec<String>,
    noise: bool,
}

/// What a record's category words mean together.
#[derive(Clone, Debug, Default)]
pub(crate) struct CategoryAnswer {
    /// Definitions that count, gravest first.
    pub(crate) kept: Vec<usize>,
    /// Definitions that a category for learning stands beside, gravest first.
    pub(crate) dropped: Vec<usize>,
    /// A word for what nobody asks for is present.
    pub(crate) noise: bool,
    /// Where the words stand that no map knows.
    pub(crate) unmapped: Vec<Range<usize>>,
}

/// Words to codes.
#[derive(Clone, Debug, Default)]
pub(crate) struct CategoryMap {
    words: HashMap<String, Dated<Meaning>>,
    /// Words of illegal lists, on whatever day, as they are written.
    of_lists: Vec<String>,
}

impl CategoryMap {
    /// Reads and checks the file.
    pub(crate) fn read(file: &DataFile, taxonomy: &Taxonomy) -> Result<Self, Error> {
        let mut map = Self::default();
        for row in file.rows(COLUMNS)? {
            let word = bare(row.required("vendor_category")?).into_owned();
            if word.is_empty() {
                return Err(row.place.error("column vendor_category has neither letter nor digit"));
            }
            let meaning = read_meaning(&row, taxonomy)?;
            if meaning.codes.iter().any(|code| taxonomy.known(code).is_some_and(|known| known.illegal)) {
                map.of_lists.push(row.required("vendor_category")?.to_owned());
            }
            let dated = map.words.entry(word).or_default();
            if row.place.layer == Layer::School {
                check_overlay(&row, dated, &meaning, taxonomy)?;
            }
            dated.add(row.place, row.span()?, meaning)?;
        }
        Ok(map)
    }

    /// Words of illegal lists as they are written.
    pub(crate) fn list_words(&self) -> impl Iterator<Item = &String> {
        self.of_lists.iter()
    }

    /// Adds the days on which a word changes its meaning.
    pub(crate) fn boundaries(&self, days: &mut BTreeSet<Date>) {
        for dated in self.words.values() {
            dated.all().for_each(|(_, span, _)| span.boundaries(days));
        }
    }

    /// The meaning of one word: as it stands, else without a closing remark in brackets.
    fn meaning(&self, word: &str, date: Date) -> Option<Cow<'_, Meaning>> {
        let find = |word: &str| self.words.get(bare(word).as_ref())?.on(date);
        let whole = find(word).or_else(|| {
            let (stem, _) = word.trim_end().strip_suffix(')')?.rsplit_once('(')?;
            find(stem)
        });
        whole.map(Cow::Borrowed)
    }

    /// The definition a single word stands for, for sources that are no web logs.
    pub(crate) fn word(&self, word: &str, taxonomy: &Taxonomy, date: Date) -> Option<usize> {
        taxonomy.index_on(self.meaning(word, date)?.codes.first()?, date)
    }

    /// What the words of a record mean. A text that is one known word is not split: names of
    /// categories hold commas of their own.
    pub(crate) fn answer(
        &self,
        text: &str,
        separators: &[u8],
        taxonomy: &Taxonomy,
        date: Date,
    ) -> CategoryAnswer {
        let mut answer = CategoryAnswer::default();
        let mut found: Vec<Cow<'_, Meaning>> = Vec::new();
        if let Some(meaning) = self.known(text, taxonomy, date) {
            found.push(meaning);
        } else {
            for word in split(text, separators) {
                match self.known(&text[word.clone()], taxonomy, date) {
                    Some(meaning) => found.push(meaning),
                    None => answer.unmapped.push(word),
                }
            }
        }
        let present = |code: &String| found.iter().any(|meaning| meaning.codes.contains(code));
        for meaning in &found {
            answer.noise |= meaning.noise;
            let excluded = meaning.excludes.iter().any(present);
            for code in &meaning.codes {
                let Some(index) = taxonomy.index_on(code, date) else { continue };
                answer.noise |= taxonomy.at(index).noise;
                let list = if excluded { &mut answer.dropped } else { &mut answer.kept };
                if !list.contains(&index) {
                    list.push(index);
                }
            }
        }
        let kept = answer.kept.clone();
        answer.dropped.retain(|index| !kept.contains(index));
        for list in [&mut answer.kept, &mut answer.dropped] {
            list.sort_by_key(|index| std::cmp::Reverse(taxonomy.weight(*index)));
        }
        if answer.kept.iter().any(|index| taxonomy.at(*index).code != UNCATEGORISED) {
            answer.kept.retain(|index| taxonomy.at(*index).code != UNCATEGORISED);
        }
        answer
    }

    /// A word of the map, or a common code written out; nothing if its code does not hold then.
    fn known(&self, word: &str, taxonomy: &Taxonomy, date: Date) -> Option<Cow<'_, Meaning>> {
        let meaning = self.meaning(word, date).or_else(|| {
            let code = word.trim().to_ascii_uppercase();
            taxonomy.known(&code).filter(|known| known.code != UNMAPPED)?;
            Some(Cow::Owned(Meaning { codes: vec![code], excludes: Vec::new(), noise: false }))
        })?;
        meaning.codes.iter().any(|code| taxonomy.index_on(code, date).is_some()).then_some(meaning)
    }
}

/// Where the words of a text stand; pieces without letter or digit are no words.
pub(crate) fn split<'t>(text: &'t str, separators: &'t [u8]) -> impl Iterator<Item = Range<usize>> + 't {
    let separates = |character: char| {
        u8::try_from(character).is_ok_and(|byte| byte.is_ascii() && separators.contains(&byte))
    };
    let mut start = 0;
    text.split(separates).filter_map(move |piece| {
        let begin = start + (piece.len() - piece.trim_start().len());
        start += piece.len() + 1;
        let word = piece.trim();
        word.contains(char::is_alphanumeric).then(|| begin..begin + word.len())
    })
}

fn read_meaning(row: &DataRow, taxonomy: &Taxonomy) -> Result<Meaning, Error> {
    let mut codes = vec![row.required("common_code")?.to_owned()];
    codes.extend(Some(row.text("secondary_code").to_owned()).filter(|code| !code.is_empty()));
    let excludes: Vec<String> = row.text("excludes").split_whitespace().map(str::to_owned).collect();
    for code in codes.iter().chain(&excludes) {
        if code == UNMAPPED || taxonomy.known(code).is_none() {
            return Err(row
                .place
                .error("names a code that is not in taxonomy.csv")
                .help("look the codes up in taxonomy.csv; a word without concern is GENERAL"));
        }
    }
    let illegal = |code: &String| taxonomy.known(code).is_some_and(|known| known.illegal);
    if codes.iter().any(illegal) && !excludes.is_empty() {
        return Err(row.place.error("an illegal list cannot be excluded by another category"));
    }
    Ok(Meaning { codes, excludes, noise: row.yes("is_noise")? })
}

/// A school may not take a word off severity 5.
fn check_overlay(
    row: &DataRow,
    shipped: &Dated<Meaning>,
    meaning: &Meaning,
    taxonomy: &Taxonomy,
) -> Result<(), Error> {
    let gravest = |meaning: &Meaning| {
        let severities =
            meaning.codes.iter().filter_map(|code| taxonomy.known(code)).map(|code| code.severity);
        severities.max().unwrap_or(0)
    };
    let fixed = shipped.all().any(|(layer, _, old)| layer == Layer::Shipped && gravest(old) == 5);
    if fixed && gravest(meaning) < 5 {
        return Err(row.place.error("a word of severity 5 cannot be given a lower one"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use jiff::civil::date;

    use super::*;

    fn shipped() -> (CategoryMap, Taxonomy) {
        let taxonomy = Taxonomy::load(None).unwrap();
        let file = DataFile::load("category_map.csv", SHIPPED, None).unwrap();
        (CategoryMap::read(&file, &taxonomy).unwrap(), taxonomy)
    }

    fn kept(text: &str, separators: &[u8]) -> String {
        let (map, taxonomy) = shipped();
        let answer = map.answer(text, separators, &taxonomy, date(2026, 1, 12));
        let codes = |list: &[usize]| {
            list.iter().map(|index| taxonomy.at(*index).code.clone()).collect::<Vec<_>>().join(" ")
        };
        let unmapped: Vec<&str> = answer.unmapped.iter().map(|range| &text[range.clone()]).collect();
        format!("{}|{}|{}", codes(&answer.kept), codes(&answer.dropped), unmapped.join(","))
    }

    #[test]
    fn several_words_resolve_to_the_gravest_and_all_are_remembered() {
        assert_eq!(kept("Online games;Pornography;News", b";"), "PORN GAMES NEWS||");
        assert_eq!(kept(" gambling ;; GAMBLING", b";"), "GAMBLE||");
        assert_eq!(kept("agressif", b""), "VIOLENCE HATE||");
        assert_eq!(kept("Uncategorised, Education", b","), "EDU||");
    }

    #[test]
    fn learning_beside_a_theme_drops_it_but_not_pornography_nor_an_illegal_list() {
        assert_eq!(kept("Drugs;Education and Reference", b";"), "EDU|DRUGS|");
        assert_eq!(kept("Terrorism; Intolerance; Medical Information", b";"), "HEALTH|EXTREM HATE|");
        assert_eq!(kept("Pornography;Education", b";"), "PORN EDU||");
        assert_eq!(kept("Child Abuse (IWF);Education", b";"), "ILL-CSAM EDU||");
        assert_eq!(kept("Drugs;News", b";"), "DRUGS NEWS||");
    }

    #[test]
    fn words_of_every_vendor_are_known_in_any_spelling() {
        for (word, code) in [
            ("self-harm", "SELFHARM"),
            ("Weapons (Sales)", "WEAPON"),
            ("Pornography (Danish)", "PORN"),
            ("drogue", "DRUGS"),
            ("social_networks", "SOCIAL"),
            ("ADs", "ADVERT"),
            ("Proxies", "BYPASS"),
            ("Terrorism (CTIRU list)", "ILL-TERR"),
            ("Alcohol & Tobacco", "ALCTOB"),
            ("bypass", "BYPASS"),
            ("illegal drugs", "DRUGS"),
        ] {
            assert_eq!(kept(word, b";"), format!("{code}||"), "{word}");
        }
    }

    #[test]
    fn unknown_words_are_returned_as_written_and_marks_are_no_words() {
        assert_eq!(kept("Zork talk; Gambling ;Élan vital", b";"), "GAMBLE||Zork talk,Élan vital");
        assert_eq!(kept("-", b";"), "||");
        assert_eq!(kept("Clubs, bars", b""), "||Clubs, bars");
        assert_eq!(kept("Pubs, clubs and restaurants", b","), "GENERAL||");
    }

    #[test]
    fn a_school_answers_words_but_cannot_lower_severity_5() {
        let taxonomy = Taxonomy::load(None).unwrap();
        let read = |rows: &str| {
            let school = format!("vendor_category,common_code,valid_from\n{rows}");
            CategoryMap::read(&DataFile::overlaid("category_map.csv", SHIPPED, &school), &taxonomy)
        };
        let map = read("Zork talk,WEAPON,\nGambling,GAMES,2026-01-05\n").unwrap();
        let code =
            |word: &str, day| map.word(word, &taxonomy, day).map(|index| taxonomy.at(index).code.as_str());
        assert_eq!(code("zork-talk", date(2026, 1, 5)), Some("WEAPON"));
        assert_eq!(code("gambling", date(2026, 1, 4)), Some("GAMBLE"));
        assert_eq!(code("gambling", date(2026, 1, 5)), Some("GAMES"));
        let message = |rows: &str| read(rows).unwrap_err().to_string();
        assert!(
            message("IWF list,GENERAL,\n")
                .starts_with("settings/category_map.csv line 2: a word of severity 5")
        );
        assert!(message("Zork,NOPE,\n").starts_with("settings/category_map.csv line 2: names a code"));
        assert!(message("Zork,UNMAPPED,\n").contains("names a code"));
    }
}
