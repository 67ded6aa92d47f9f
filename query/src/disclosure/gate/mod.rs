//! The release gate (rules 18, 19): what could be worked out from a new set and every sealed set of
//! the same school and period, the public roll and this code.
//!
//! Its input is sealed objects and nothing else, so that its answer follows from what readers see.
//! A cell passes only with proof: whole-number tables that fit everything shown and in which the
//! cell has values enough. The solver only proposes them; each is checked by whole-number
//! arithmetic, so that a fault of the solver can hold a figure back and never let one through.

mod examine;
mod programs;
mod system;
mod whole_table;

use serde::Serialize;

use super::compose::Composed;
use super::sealed::{SealedSet, Shown};
use crate::error::{Error, Kind};
use system::System;

/// Nothing is held back.
const NOTHING: u8 = 0;
/// Everything is.
const EVERYTHING: u8 = 3;

/// What an examination found. For the DSL and the DPO: a reader who knew which cell could be worked
/// out would have worked it out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Examined {
    /// Cells that may hold fewer than k pupils, or leave fewer than k of their group outside: a group and a
    /// row, or the union of all rows.
    pub cells: usize,
    /// Linear programs that were solved.
    pub programs: usize,
    /// Whole-number tables that fit everything shown.
    pub fitting_tables: usize,
    /// Cells without proof that they cannot be worked out.
    pub disclosed: Vec<DisclosedCell>,
    /// The sets contradict each other or the roll: nothing can be proven.
    pub contradiction: bool,
}

/// A cell that could be worked out, or for which nobody could show the opposite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DisclosedCell {
    /// Id of the group.
    pub group: String,
    /// Name of the row.
    pub row: String,
    /// Those who are outside of it are the few.
    pub outside: bool,
    /// What is wrong: the first of the four conditions that no table disproves.
    pub fault: &'static str,
}

impl Examined {
    /// Whether no cell can be worked out.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.disclosed.is_empty() && !self.contradiction
    }
}

/// Examines sets of one school and period together.
///
/// # Errors
/// [`Kind::Corrupt`] when they are of different schools or periods, or a set is none of ours.
pub(super) fn examine(sets: &[&SealedSet]) -> Result<Examined, Error> {
    if sets.windows(2).any(|pair| (&pair[0].school, &pair[0].period) != (&pair[1].school, &pair[1].period)) {
        return Err(Error::new(Kind::Bug, "sets of two schools or periods were examined together"));
    }
    match System::of(sets)? {
        Some(system) => Ok(examine::examine(&system)),
        None => Ok(Examined::default()),
    }
}

/// The new set as far as it may be shown beside the earlier ones of the period: whole; without T2
/// and T3; without T0 too; without any figure.
pub(super) fn settle(set: &SealedSet, earlier: &[SealedSet]) -> Result<Composed, Error> {
    for fallback_level in NOTHING..EVERYTHING {
        let candidate = held_back(set, fallback_level);
        let mut all: Vec<&SealedSet> = earlier.iter().collect();
        all.push(&candidate);
        if examine(&all)?.is_sound() {
            return Ok(Composed { set: candidate, fallback_level });
        }
    }
    Ok(Composed { set: held_back(set, EVERYTHING), fallback_level: EVERYTHING })
}

/// The set without what a step holds back; in its place stand the words for incomplete logs.
fn held_back(set: &SealedSet, fallback_level: u8) -> SealedSet {
    let dropped: &[&str] = match fallback_level {
        NOTHING => &[],
        1 => &["T2", "T3"],
        2 => &["T0", "T2", "T3"],
        _ => &["T0", "T1", "T2", "T3"],
    };
    let mut set = set.clone();
    for row in set
        .tables
        .iter_mut()
        .filter(|table| dropped.contains(&table.id.as_str()))
        .flat_map(|table| &mut table.rows)
    {
        row.shown = Shown::NotAvailable;
        row.per_hundred = None;
        row.change = None;
    }
    set
}

#[cfg(test)]
mod tests;
