//! Looks for whole-number tables until every small cell has values enough, or none more is found.

use std::collections::BTreeMap;

use super::super::policy::GOVERNORS;
use super::programs::{Reason, greatest};
use super::system::{Ends, System, UNION};
use super::whole_table::WholeTable;
use super::{DisclosedCell, Examined};
use crate::disclosure::compose::HEADLINE;

/// Values that a cell must be able to have (G3): one less than k.
const LEAST_VALUES: usize = (GOVERNORS.threshold_pupils - 1) as usize;
/// Starting fractions tried for each rounding.
const ROUNDINGS: usize = 10;
/// Choices of reasons tried for one aim.
const CHOICES: usize = 4;

/// A number that looks random and is the same every time: the answer may depend on nothing but the
/// sets.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % (end.max(1) as u64)) as usize
    }

    /// Between 0.05 and 0.95.
    fn fraction(&mut self) -> f64 {
        0.05 + 0.9 * (self.below(1_000_000) as f64) / 1_000_000.0
    }
}

/// A cell that may hold fewer than k pupils, or leave fewer than k of its group outside, and the values that
/// it was seen with.
struct Small {
    column: usize,
    group: usize,
    pupils: u32,
    /// Those that are in no such matter are the few: "all or nearly all" exposes the odd one out.
    outside: bool,
    /// Pupils in the cell, and the table that has them.
    seen: BTreeMap<u32, usize>,
}

impl Small {
    /// The first condition of G3 that the tables do not disprove.
    fn fault(&self) -> Option<&'static str> {
        // The public size of a tiny group caps its cells whatever is released.
        let cap = (GOVERNORS.threshold_pupils - 1).min(self.pupils);
        let values = LEAST_VALUES.min(self.pupils as usize + 1);
        let (Some((fewest, _)), Some((greatest, _))) =
            (self.seen.first_key_value(), self.seen.last_key_value())
        else {
            return Some("no table fits");
        };
        let (least, most) = if self.outside {
            (self.pupils.saturating_sub(*greatest), self.pupils.saturating_sub(*fewest))
        } else {
            (*fewest, *greatest)
        };
        if least == most && self.pupils > 0 {
            Some("it can be pinned")
        } else if least > 0 && most < GOVERNORS.threshold_pupils {
            Some("it is known to be neither empty nor 10 or more")
        } else if most < cap {
            Some("its upper end is below 9")
        } else if self.seen.len() < values {
            Some("it has fewer than 9 values")
        } else {
            None
        }
    }
}

struct Search<'a> {
    system: &'a System,
    bounds: Vec<Vec<Ends>>,
    small: Vec<Small>,
    tables: Vec<WholeTable>,
    programs: usize,
    numbers: Numbers,
}

/// Examines a system.
pub(super) fn examine(system: &System) -> Examined {
    let Some(bounds) = system.narrowed() else {
        return Examined { contradiction: true, ..Examined::default() };
    };
    let mut small = Vec::new();
    for (column, ends) in bounds.iter().enumerate() {
        for (group, ends) in ends.iter().enumerate() {
            let pupils = system.tree.groups()[group].pupils;
            let mut target = |outside| {
                small.push(Small { column, group, pupils, outside, seen: BTreeMap::new() });
            };
            if ends.least < GOVERNORS.threshold_pupils && pupils > 0 {
                target(false);
            }
            if ends.most + GOVERNORS.threshold_pupils > pupils && pupils > 0 {
                target(true);
            }
        }
    }
    let cells = small.len();
    let mut search = Search {
        system,
        bounds,
        small,
        tables: Vec::new(),
        programs: 0,
        numbers: Numbers(0x9e37_79b9_7f4a_7c15),
    };
    search.look_around();
    search.look_closely();
    let disclosed = search.small.iter().filter_map(|cell| {
        let row = if cell.column == UNION { HEADLINE } else { &system.rows[cell.column] };
        cell.fault().map(|fault| DisclosedCell {
            group: system.tree.groups()[cell.group].id.clone(),
            row: row.to_owned(),
            outside: cell.outside,
            fault,
        })
    });
    Examined {
        cells,
        programs: search.programs,
        fitting_tables: search.tables.len(),
        disclosed: disclosed.collect(),
        contradiction: false,
    }
}

impl Search<'_> {
    /// A few tables that are far apart: in each another leaf has the most of each row.
    fn look_around(&mut self) {
        let leaves = self.system.leaves();
        for round in 0..leaves + 6 {
            if self.settled() {
                return;
            }
            let tilt: Vec<f64> = (0..self.bounds.len() * leaves).map(|_| self.numbers.fraction()).collect();
            let union = if round % 3 == 0 { -1.0 } else { 1.0 };
            let weight = |column: usize, leaf: usize| {
                let tilt = tilt[column * leaves + leaf];
                if column == UNION {
                    union * tilt
                } else if round < leaves {
                    if (leaf + column) % leaves == round { 3.0 } else { -tilt }
                } else {
                    tilt - 0.3
                }
            };
            self.aim(&weight, &[]);
            if round % 4 == 3 {
                self.fill();
            }
        }
        self.fill();
    }

    /// Each cell that is left: as few as can be, as many as can be, and what lies between.
    fn look_closely(&mut self) {
        for at in 0..self.small.len() {
            if self.small[at].fault().is_none() {
                continue;
            }
            let (column, group) = (self.small[at].column, self.small[at].group);
            let (first, last) = self.system.tree.groups()[group].leaves;
            for sign in [-1.0, 1.0] {
                let weight = |of: usize, leaf: usize| {
                    if of == column && (first..last).contains(&leaf) { sign } else { 0.0 }
                };
                for preferred in self.preferred(column, group, sign > 0.0) {
                    self.aim(&weight, &preferred);
                    self.fill_cell(at);
                    if self.small[at].fault().is_none() {
                        break;
                    }
                }
            }
            self.pin_values(at);
        }
    }

    /// A program for each value that no table has shown yet between two that some have.
    fn pin_values(&mut self, at: usize) {
        let (column, group) = (self.small[at].column, self.small[at].group);
        let ends = |cell: &Small| Some((*cell.seen.first_key_value()?.0, *cell.seen.last_key_value()?.0));
        let Some((least, most)) = ends(&self.small[at]) else { return };
        let leaves = self.system.leaves();
        // From the end that matters: few in the cell, or few outside of it.
        let mut values: Vec<u32> = (least..most).collect();
        if self.small[at].outside {
            values.reverse();
        }
        for value in values.into_iter().take(2 * LEAST_VALUES) {
            if self.small[at].fault().is_none() {
                return;
            }
            if self.small[at].seen.contains_key(&value) {
                continue;
            }
            let tilt: Vec<f64> =
                (0..self.bounds.len() * leaves).map(|_| self.numbers.fraction() - 0.3).collect();
            let kept = std::mem::replace(&mut self.bounds[column][group], Ends { least: value, most: value });
            self.aim(&|of, leaf| tilt[of * leaves + leaf], &[]);
            self.bounds[column][group] = kept;
        }
    }

    fn settled(&self) -> bool {
        self.small.iter().all(|cell| cell.fault().is_none())
    }

    /// Reasons worth trying for a cell that should be great or small: that the fault lies with the
    /// cell's own group, or with one of its siblings.
    fn preferred(&self, column: usize, group: usize, great: bool) -> Vec<Vec<Reason>> {
        let groups = self.system.tree.groups();
        let Some(parent) = groups[group].parent else { return vec![Vec::new()] };
        if !self.system.withheld.iter().any(|held| held.column == column && held.group == parent) {
            return vec![Vec::new()];
        }
        let mut tried = Vec::new();
        let own = Reason { column, part: group, few: !great };
        let siblings = groups[parent].parts.iter().filter(|part| **part != group);
        let of_siblings =
            siblings.flat_map(|part| [true, false].map(|few| Reason { column, part: *part, few }));
        if great {
            tried.extend(of_siblings);
            tried.push(own);
        } else {
            tried.push(own);
            tried.extend(of_siblings);
        }
        tried.push(Reason { few: great, ..own });
        tried.into_iter().map(|reason| vec![reason]).collect()
    }

    /// Solves one program and takes the tables near its answer.
    fn aim(&mut self, weight: &dyn Fn(usize, usize) -> f64, preferred: &[Reason]) {
        for _ in 0..CHOICES {
            let Some(reasons) = self.reasons(preferred) else { return };
            self.programs += 1;
            let Some(fractions) = greatest(self.system, &self.bounds, &reasons, weight) else { continue };
            if let Some(table) = self.rounded(&fractions) {
                self.take(table);
                return;
            }
        }
    }

    /// A reason for each withheld breakdown, chosen among those that are possible; none if one has
    /// none.
    fn reasons(&mut self, preferred: &[Reason]) -> Option<Vec<Reason>> {
        let system = self.system;
        let mut chosen = Vec::new();
        for held in &system.withheld {
            let parts = &system.tree.groups()[held.group].parts;
            let ends = &self.bounds[held.column];
            let given =
                preferred.iter().find(|reason| reason.column == held.column && parts.contains(&reason.part));
            if let Some(given) = given {
                chosen.push(*given);
                continue;
            }
            let possible = |reason: &Reason| self.possible(held.group, *reason);
            let few: Vec<Reason> = parts
                .iter()
                .map(|part| Reason { column: held.column, part: *part, few: true })
                .filter(possible)
                .collect();
            if few.iter().any(|reason| ends[reason.part].most <= reason.ends(system).most) {
                continue;
            }
            let many = parts.iter().map(|part| Reason { column: held.column, part: *part, few: false });
            let all = if few.is_empty() { many.filter(possible).collect() } else { few };
            let pick = self.numbers.below(all.len());
            chosen.push(*all.get(pick)?);
        }
        Some(chosen)
    }

    /// Whether the siblings can make up for what a reason leaves to the part.
    fn possible(&self, group: usize, reason: Reason) -> bool {
        let bounds = &self.bounds[reason.column];
        let ends = reason.ends(self.system);
        let own = Ends {
            least: ends.least.max(bounds[reason.part].least),
            most: ends.most.min(bounds[reason.part].most),
        };
        let others = || {
            let parts = self.system.tree.groups()[group].parts.iter();
            parts.filter(|part| **part != reason.part).map(|part| bounds[*part])
        };
        let most = own.most + others().map(|ends| ends.most).sum::<u32>();
        let least = own.least + others().map(|ends| ends.least).sum::<u32>();
        own.least <= own.most && most >= bounds[group].least && least <= bounds[group].most
    }

    fn rounded(&mut self, fractions: &[Vec<f64>]) -> Option<WholeTable> {
        for attempt in 0..ROUNDINGS {
            let starts: Vec<f64> =
                fractions.iter().map(|_| if attempt == 0 { 0.5 } else { self.numbers.fraction() }).collect();
            if let Some(table) = WholeTable::near(self.system, fractions, &starts) {
                return Some(table);
            }
        }
        None
    }

    fn take(&mut self, table: WholeTable) {
        let at = self.tables.len();
        for cell in &mut self.small {
            cell.seen.entry(table.pupils(cell.column, cell.group)).or_insert(at);
        }
        self.tables.push(table);
    }

    fn fill(&mut self) {
        for at in 0..self.small.len() {
            self.fill_cell(at);
        }
    }

    /// Tables between two that were found, for values of the cell that were not.
    fn fill_cell(&mut self, at: usize) {
        let (column, group) = (self.small[at].column, self.small[at].group);
        let known: Vec<(u32, usize)> =
            self.small[at].seen.iter().map(|(value, table)| (*value, *table)).collect();
        for pair in known.windows(2) {
            let ((least, one), (most, other)) = (pair[0], pair[1]);
            // Nine values are enough, wherever they lie.
            for value in (least + 1..most).take(LEAST_VALUES) {
                if self.small[at].fault().is_none() {
                    return;
                }
                let part = f64::from(value - least) / f64::from(most - least);
                let fractions = self.tables[one].towards(&self.tables[other], part);
                if let Some(table) =
                    self.rounded(&fractions).filter(|table| table.pupils(column, group) == value)
                {
                    self.take(table);
                }
            }
        }
    }
}
