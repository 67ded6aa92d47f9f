//! A first draft of a profile from a file's header, for a person to finish. It holds column names and
//! never a value: what the rows say shows only in which questions are left open.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::ProfileSet;
use super::column::Column;
use super::definition::{RecordSort, normalise};
use super::fit::each;
use super::row::is_blank;
use super::time::OrderEvidence;
use crate::error::{Error, Kind};
use crate::frame::{Cells, Delimiter};

/// Rows among which the header is looked for.
const HEADER_ROWS: usize = 20;

/// A row with fewer known names may be data, and data is not printed. Lists of changes and tests have words
/// in their rows that are names of columns elsewhere: `approved`, `closed`, `test`.
const fn known_at_least(sort: RecordSort) -> usize {
    match sort {
        RecordSort::Request | RecordSort::Incident => 2,
        RecordSort::Change | RecordSort::Check => 4,
    }
}

/// The sorts of export; of two that know equally many names the first is drafted.
const SORTS: [RecordSort; 4] =
    [RecordSort::Incident, RecordSort::Request, RecordSort::Change, RecordSort::Check];

/// Columns that a word stands for in the profiles of one sort, and in how many of them.
type Aliases = BTreeMap<Vec<u8>, BTreeMap<Column, usize>>;

/// The row that is taken for the header.
struct Header {
    delimiter: Delimiter,
    /// Ordinal among the records, from 1.
    record: u64,
    words: Vec<Vec<u8>>,
    sort: RecordSort,
    known: usize,
}

/// Drafts a profile for the beginning of a file.
///
/// # Errors
/// [`Kind::Input`] when no row among the first twenty has two column names that a profile knows.
pub fn draft(sample: &[u8], profiles: &ProfileSet) -> Result<String, Error> {
    let aliases = SORTS.map(|sort| (sort, aliases(profiles, sort)));
    let header = header(sample, &aliases).ok_or_else(|| {
        Error::new(Kind::Input, "no row at the beginning has two column names that any profile knows")
            .help("give the columns plainer names in the export, or write the profile by hand")
    })?;
    let known = aliases.iter().find(|(sort, _)| *sort == header.sort).map(|(_, known)| known);
    Ok(known.map_or_else(String::new, |known| written(&header, known, sample)))
}

fn aliases(profiles: &ProfileSet, sort: RecordSort) -> Aliases {
    let mut aliases = Aliases::new();
    for profile in profiles.iter().filter(|profile| profile.record == sort) {
        for (column, rule) in &profile.columns {
            for name in &rule.names {
                *aliases.entry(name.clone()).or_default().entry(*column).or_default() += 1;
            }
        }
    }
    aliases
}

/// The row with the most known names, the first of several.
fn header(sample: &[u8], aliases: &[(RecordSort, Aliases)]) -> Option<Header> {
    let mut best: Option<Header> = None;
    for delimiter in Delimiter::ALL {
        let mut cells = Cells::new(delimiter);
        let mut rows = 0;
        each(sample, true, delimiter, |record| {
            if record.fault.is_some() || is_blank(record.bytes, delimiter) {
                return true;
            }
            rows += 1;
            cells.read(record.bytes);
            for (sort, known) in aliases {
                let words: BTreeSet<_> = cells.iter().map(normalise).collect();
                let known = words.iter().filter(|word| known.contains_key(*word)).count();
                if known >= known_at_least(*sort) && best.as_ref().is_none_or(|best| known > best.known) {
                    let words = cells.iter().map(|cell| cell.trim_ascii().to_vec()).collect();
                    best = Some(Header { delimiter, record: record.place.record, words, sort: *sort, known });
                }
            }
            rows < HEADER_ROWS
        });
    }
    best
}

/// Which column each word is; a column goes to the word that most profiles know it by.
fn guessed(header: &Header, aliases: &Aliases) -> BTreeMap<Column, usize> {
    let mut guesses: BTreeMap<Column, (usize, usize)> = BTreeMap::new();
    for (index, word) in header.words.iter().enumerate() {
        let Some(columns) = aliases.get(&normalise(word)) else { continue };
        let Some((column, votes)) = columns.iter().max_by_key(|(_, votes)| **votes) else { continue };
        let place = guesses.entry(*column).or_insert((index, *votes));
        if *votes > place.1 {
            *place = (index, *votes);
        }
    }
    guesses.into_iter().map(|(column, (index, _))| (column, index)).collect()
}

/// What the dates say about the order of day and month.
fn order(header: &Header, time: Option<usize>, sample: &[u8]) -> OrderEvidence {
    let mut evidence = OrderEvidence::default();
    let Some(time) = time else { return evidence };
    let mut cells = Cells::new(header.delimiter);
    each(sample, false, header.delimiter, |record| {
        if record.place.record > header.record && record.fault.is_none() {
            cells.read(record.bytes);
            evidence.look(cells.get(time).unwrap_or_default().trim_ascii());
        }
        true
    });
    evidence
}

fn written(header: &Header, aliases: &Aliases, sample: &[u8]) -> String {
    let guesses = guessed(header, aliases);
    let evidence = order(header, guesses.get(&Column::Time).copied(), sample);
    let sort = header.sort;
    let mut text = format!(
        "# A draft from one file's header. Every line below is a guess until somebody who knows the export has read it.\n\
         # Keep it as `settings/profiles/NAME.toml`; `watershed formats check FILE` then says what would be read.\n\n\
         [profile]\nid = \"our-export\"\nversion = 1\ntitle = \"\"\norigin = \"\"\nstatus = \"unconfirmed\"\n\
         record = \"{}\"\n\n[file]\nheader_rows = {HEADER_ROWS}\nmin_matches = {}\n",
        sort.word(),
        guesses.len().max(2)
    );
    if sort == RecordSort::Request {
        text.push_str("one_of = [[\"url\", \"host\", \"search_words\"]]\n");
    }
    text.push_str("\n[time]\nformats = [\"usual\"]\n");
    match (evidence.day_first > 0, evidence.month_first > 0) {
        (true, false) => text.push_str("order = \"day-first\"\n"),
        (false, true) => text.push_str("order = \"month-first\"\n"),
        _ => text.push_str("# The dates of this file do not show it.\n# order = \"day-first\"\n"),
    }
    text.push_str("\n[columns]\n");
    for (column, index) in &guesses {
        text.push_str(&rule(*column, &header.words[*index], sort));
    }
    for missing in sort.needed().iter().filter(|column| !guesses.contains_key(column)) {
        let _ = writeln!(text, "# {} = [\"\"]  # needed; no column looks like it", missing.name());
    }
    let taken: BTreeSet<usize> = guesses.values().copied().collect();
    let left: Vec<_> = header.words.iter().enumerate().filter(|(index, _)| !taken.contains(index)).collect();
    if !left.is_empty() {
        text.push_str("# Columns that are not read:\n");
        for (_, word) in left {
            let _ = writeln!(text, "#   {}", quoted(word));
        }
    }
    text.push_str("\n[options]\n");
    text.push_str(&options(sort, guesses.contains_key(&Column::Action)));
    text
}

/// Facts about the export that the header does not show.
fn options(sort: RecordSort, has_action: bool) -> String {
    const ACTIONS: &str = "[actions]\n\"allowed\" = \"allowed\"\n\"blocked\" = \"blocked\"\n";
    match sort {
        RecordSort::Incident => {
            "# What is one row: a whole incident, a pupil of one, or a category of one? Counts depend on it.\n\
             # rows_per = \"incident\"\n# rows_per = \"student\"\n# rows_per = \"category\"\n\
             key_if_absent = [\"time\", \"narrative\"]\n"
                .to_owned()
        }
        RecordSort::Request if has_action => format!(
            "includes_page_furniture = \"ask\"\n\n# Words of the decision, and allowed, blocked, warned, proceeded, \
             challenged, bypassed, monitored or error.\n{ACTIONS}"
        ),
        RecordSort::Request => "includes_page_furniture = \"ask\"\nblocked_when = \"ask\"\n".to_owned(),
        RecordSort::Change => {
            "# What list is it: tickets of a help desk, the school's ledger of changes, or sites that people reported?\n\
             # kind = \"ticket\"\n# kind = \"ledger\"\n# kind = \"report\"\n"
                .to_owned()
        }
        RecordSort::Check => format!(
            "# Words of the result, and allowed, blocked or error.\n{ACTIONS}"
        ),
    }
}

fn rule(column: Column, word: &[u8], sort: RecordSort) -> String {
    let (name, word) = (column.name(), quoted(word));
    let split = match column {
        Column::Categories | Column::Linked => ", split = [\";\", \",\"]",
        _ => "",
    };
    if sort.needed().contains(&column) && split.is_empty() {
        format!("{name} = [{word}]\n")
    } else {
        let optional = if sort.needed().contains(&column) { "" } else { ", optional = true" };
        format!("{name} = {{ names = [{word}]{split}{optional} }}\n")
    }
}

/// A column name as TOML writes it, on one line.
fn quoted(word: &[u8]) -> String {
    let word: String = String::from_utf8_lossy(word)
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    toml::Value::String(word).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;
    use crate::formats::profile::Profile;

    #[test]
    fn a_draft_of_incidents_asks_what_a_row_is() {
        let file = "Autumn term\n\nPupil,Date,Concern type,Shoe \"size\",Details of concern\n\
                    Mary Taylor,23/09/2025,Neglect,38,made-up words\n";
        let text = draft(file.as_bytes(), &ProfileSet::shipped().unwrap()).unwrap();
        for line in [
            "record = \"incident\"",
            "order = \"day-first\"",
            "time = [\"Date\"]",
            "subject = { names = [\"Pupil\"], optional = true }",
            "categories = { names = [\"Concern type\"], split = [\";\", \",\"] }",
            "narrative = { names = [\"Details of concern\"], optional = true }",
            "# rows_per = \"student\"",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        for value in ["Mary", "23/09", "Neglect", "38", "made-up", "Autumn"] {
            assert!(!text.contains(value), "{value}");
        }
        let refused = Profile::parse(&text, "draft").err().unwrap().to_string();
        assert!(refused.contains("rows_per"), "{refused}");
        let finished = text.replace("# rows_per = \"student\"", "rows_per = \"student\"");
        assert_eq!(Profile::parse(&finished, "draft").unwrap().columns().count(), 4);
    }

    #[test]
    fn a_draft_of_changes_asks_what_list_it_is() {
        let shipped = ProfileSet::shipped().unwrap();
        let file = "Date,Requested by,Website,Reason,Approved by,Approved,Colour\n\
                    23/09/2025,Mary Taylor,a.example,made-up words,Tom Hill,yes,red\n";
        let text = draft(file.as_bytes(), &shipped).unwrap();
        for line in [
            "record = \"change\"",
            "time = [\"Date\"]",
            "requester = { names = [\"Requested by\"], optional = true }",
            "decided_by = { names = [\"Approved by\"], optional = true }",
            "#   \"Colour\"",
            "# kind = \"ledger\"",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        for value in ["Mary", "23/09", "a.example", "made-up", "Tom", "red"] {
            assert!(!text.contains(value), "{value}");
        }
        let refused = Profile::parse(&text, "draft").err().unwrap().to_string();
        assert!(refused.contains("`kind`"), "{refused}");
        Profile::parse(&text.replace("# kind = \"ledger\"", "kind = \"ledger\""), "draft").unwrap();
        // Without its header, the words in a row are no names of columns.
        let row = "Mary Taylor,Approved,Closed,Test\n";
        assert!(draft(row.as_bytes(), &shipped).is_err());
        let tests = "Test date,Category tested,Device,Expected,Result\n23/09/2025,IWF,PC-1,Blocked,Blocked\n";
        let text = draft(tests.as_bytes(), &shipped).unwrap();
        assert!(text.contains("record = \"check\"") && text.contains("[actions]"), "{text}");
        Profile::parse(&text, "draft").unwrap();
    }

    #[test]
    fn a_draft_of_requests_leaves_the_decision_open() {
        let file = "When;Timestamp;Username;URL\n1;2025-09-10 10:46:10;mtaylor;http://a.example/\n";
        let text = draft(file.as_bytes(), &ProfileSet::shipped().unwrap()).unwrap();
        assert!(text.contains("blocked_when = \"ask\"") && text.contains("# order ="), "{text}");
        assert!(text.contains("#   \"When\"") && !text.contains("mtaylor") && !text.contains("a.example"));
        Profile::parse(&text, "draft").unwrap();
        let with = file.replace("When", "Action");
        assert!(draft(with.as_bytes(), &ProfileSet::shipped().unwrap()).unwrap().contains("[actions]"));
    }

    #[test]
    fn rows_without_known_names_are_not_printed() {
        for file in ["Mary Taylor,9B\nTom Hill,8A\n", "", "\0\0\n", "Date,Mary Taylor\n1,2\n"] {
            let error = draft(file.as_bytes(), &ProfileSet::shipped().unwrap()).unwrap_err();
            assert!(!error.to_string().contains("Mary"));
        }
    }
}
