//! From a file's header row to the places of a profile's columns: by the set of header words, in any
//! order.

use std::collections::BTreeMap;

use super::Answered;
use super::column::Column;
use super::definition::{Profile, normalise};
use crate::frame::{Cells, Delimiter};

/// Where a decision stands that the school's answer reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BlockedCell {
    pub(super) index: usize,
    pub(super) values: Vec<Vec<u8>>,
}

/// A profile's columns found in a header.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) delimiter: Delimiter,
    /// Ordinal of the header among the file's records, from 1.
    pub(super) record: u64,
    /// The header as it stands, to know it again when files were joined.
    pub(super) raw: Vec<u8>,
    /// Cells of the header.
    pub(super) width: usize,
    /// Cells that no column of the profile claims.
    pub(super) unclaimed: u64,
    /// Place of each column found.
    pub(super) places: BTreeMap<Column, usize>,
    /// First eight hex digits of the hash of the normalised words.
    pub(super) hash: String,
}

/// How near a header came to a profile.
#[derive(Clone, Debug)]
pub(super) struct NearMiss {
    pub(super) profile: String,
    pub(super) found: Vec<&'static str>,
    pub(super) missing: Vec<String>,
    /// The header has a word that another profile is for.
    pub(super) excluded: bool,
}

/// Fits one row to one profile.
pub(super) fn fit(
    profile: &Profile,
    cells: &Cells,
    delimiter: Delimiter,
    record: u64,
    raw: &[u8],
) -> Result<Bound, NearMiss> {
    let words: Vec<Vec<u8>> = cells.iter().map(normalise).collect();
    let mut places = BTreeMap::new();
    for (column, rule) in &profile.columns {
        let place = rule.names.iter().find_map(|name| words.iter().position(|word| word == name));
        if let Some(place) = place {
            places.insert(*column, place);
        }
    }
    let missing = missing(profile, &words, &places);
    let excluded = words.iter().any(|word| profile.absent.contains(word));
    if !missing.is_empty() || excluded || places.len() < profile.min_matches {
        let found = places.keys().map(|column| column.name()).collect();
        return Err(NearMiss { profile: profile.id.clone(), found, missing, excluded });
    }
    for (column, rule) in &profile.columns {
        if let Some(place) = rule.of.and_then(|of| places.get(&of).copied()) {
            places.insert(*column, place);
        }
    }
    let unclaimed = words
        .iter()
        .enumerate()
        .filter(|(index, word)| {
            let claimed = places.values().any(|place| place == index) || profile.marks.contains(word);
            !word.is_empty() && !claimed
        })
        .count() as u64;
    Ok(Bound {
        delimiter,
        record,
        raw: raw.to_vec(),
        width: words.len(),
        unclaimed,
        places,
        hash: super::short_hash(&words.join(&b'\n')),
    })
}

/// What a header lacks, in the profile's own words: a file's words may be names.
fn missing(profile: &Profile, words: &[Vec<u8>], places: &BTreeMap<Column, usize>) -> Vec<String> {
    let spelled = |column: &Column| {
        let names = profile.columns.get(column).map(|rule| rule.spelled.join("`, `")).unwrap_or_default();
        format!("{} (called `{names}`)", column.name())
    };
    let mut missing: Vec<String> = profile
        .columns
        .iter()
        .filter(|(column, rule)| !rule.optional && rule.of.is_none() && !places.contains_key(column))
        .map(|(column, _)| spelled(column))
        .collect();
    if !profile.marks.is_empty() && !words.iter().any(|word| profile.marks.contains(word)) {
        missing
            .push(format!("a column that only its product has (`{}`)", profile.spelled_marks.join("`, `")));
    }
    for choice in &profile.one_of {
        if !choice.iter().any(|column| places.contains_key(column)) {
            missing.push(choice.iter().map(spelled).collect::<Vec<_>>().join(" or "));
        }
    }
    missing
}

/// The cell that the school's `blocked-when` names; an error sentence if this file has none.
pub(super) fn blocked_cell(answered: &Answered, bound: &Bound) -> Result<Option<BlockedCell>, String> {
    let Some(rule) = &answered.answers.blocked_when else { return Ok(None) };
    let by_name = Column::ALL
        .iter()
        .copied()
        .find(|column| normalise(column.name().as_bytes()) == rule.column)
        .and_then(|column| bound.places.get(&column).copied());
    let index = by_name.or_else(|| {
        let mut cells = Cells::new(bound.delimiter);
        cells.read(&bound.raw);
        cells.iter().position(|cell| normalise(cell) == rule.column)
    });
    match index {
        Some(index) => Ok(Some(BlockedCell { index, values: rule.values.clone() })),
        None => Err(format!(
            "the answer `blocked-when` of profile {} names a column that this file does not have; export it with \
             that column, or change the answer with `watershed formats set {} blocked-when=COLUMN=VALUE`",
            answered.profile.id, answered.profile.id
        )),
    }
}
