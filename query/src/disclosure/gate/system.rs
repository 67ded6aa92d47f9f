//! What sealed sets say, as bounds on unknown numbers of pupils.
//!
//! Unknown are x(g, c), the pupils of a leaf group g in a row c, and the union a(g) of all rows:
//! max over c of x(g, c) <= a(g) <= min(n(g), sum over c of x(g, c)). Of a group that has parts they
//! are the sums of its leaves', which share nobody.

use std::collections::BTreeMap;

use super::super::band::governor_ends;
use super::super::breakdown::may_be_shown;
use super::super::cascade::parent_ends;
use super::super::groups::GroupTree;
use super::super::policy::AudienceWord;
use super::super::sealed::{Parts, SealedGroup, SealedSet, Shown, WHOLE_SCHOOL};
use crate::error::{Error, Kind};

/// The column of the union.
pub(super) const UNION: usize = 0;

/// Least and greatest number of pupils.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) least: u32,
    pub(super) most: u32,
}

/// A group whose parts are not shown in a column though the group is: one of them at least may not
/// be shown, and a reader knows that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Withheld {
    pub(super) column: usize,
    pub(super) group: usize,
}

/// Everything that is known, of one school and period.
#[derive(Clone, Debug)]
pub(super) struct System {
    pub(super) tree: GroupTree,
    /// Name of each column; the union's first.
    pub(super) rows: Vec<String>,
    /// By column, then group.
    pub(super) bounds: Vec<Vec<Ends>>,
    pub(super) withheld: Vec<Withheld>,
}

impl System {
    /// Reads sets of one school and period; none where no figure is shown.
    pub(super) fn of(sets: &[&SealedSet]) -> Result<Option<Self>, Error> {
        let figures = |set: &&&SealedSet| {
            set.tables.iter().flat_map(|table| &table.rows).any(|row| row.shown != Shown::NotAvailable)
        };
        if !sets.iter().any(|set| figures(&set)) {
            return Ok(None);
        }
        let tree = tree(sets)?;
        let rows = columns(sets);
        let free: Vec<Ends> =
            tree.groups().iter().map(|group| Ends { least: 0, most: group.pupils }).collect();
        let mut system = Self { bounds: vec![free; rows.len()], withheld: Vec::new(), tree, rows };
        for set in sets {
            system.read(set)?;
        }
        Ok(Some(system))
    }

    fn read(&mut self, set: &SealedSet) -> Result<(), Error> {
        let audience = AudienceWord::parse(&set.audience).map_err(|_| unreadable(set))?;
        let mut shown: BTreeMap<(usize, usize), &Shown> = BTreeMap::new();
        for (table, row) in set.tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row)))
        {
            let group = self.tree.groups().iter().position(|group| group.id == row.group);
            let column = match table.id.as_str() {
                "T0" | "T2" => Some(UNION),
                _ => self.rows.iter().position(|name| *name == row.row).filter(|column| *column != UNION),
            };
            let (Some(group), Some(column)) = (group, column) else { return Err(unreadable(set)) };
            if shown.insert((column, group), &row.shown).is_some() {
                return Err(unreadable(set));
            }
            let pupils = self.tree.groups()[group].pupils;
            let ends = match audience {
                AudienceWord::Governors => governor_ends(&row.shown, pupils),
                AudienceWord::Parents => parent_ends(&row.shown, pupils),
            };
            if let Some((least, most)) = ends {
                let known = &mut self.bounds[column][group];
                known.least = known.least.max(least);
                known.most = known.most.min(most);
            }
        }
        for column in 0..self.rows.len() {
            for (at, group) in self.tree.groups().iter().enumerate() {
                if self.tree.parts(at) != Parts::Rows || !self.tree.has_rows(at) {
                    continue;
                }
                let form = |group: usize| shown.get(&(column, group)).copied();
                let is_shown = at == 0 || matches!(form(at), Some(Shown::Band { .. }));
                let none = group.parts.iter().all(|part| form(*part) == Some(&Shown::NotBrokenDown));
                if is_shown && none {
                    self.withheld.push(Withheld { column, group: at });
                }
            }
        }
        Ok(())
    }

    pub(super) fn leaves(&self) -> usize {
        self.tree.leaf_groups().len()
    }

    /// Whether the parts of a withheld breakdown leave a reason for it.
    pub(super) fn explains(&self, withheld: &Withheld, pupils: &[u32]) -> bool {
        let groups = self.tree.groups();
        !groups[withheld.group].parts.iter().all(|part| may_be_shown(pupils[*part], groups[*part].pupils))
    }

    /// Bounds that no number can escape, by repeated whole-number arithmetic; none if nothing fits.
    pub(super) fn narrowed(&self) -> Option<Vec<Vec<Ends>>> {
        let mut bounds = self.bounds.clone();
        // Each round narrows something; the numbers are small, so there is an end. A round less
        // leaves bounds too wide, never wrong.
        for _ in 0..64 {
            let before = bounds.clone();
            bounds.iter_mut().for_each(|column| self.narrow_sums(column));
            self.narrow_union(&mut bounds);
            if bounds.iter().flatten().any(|ends| ends.least > ends.most) {
                return None;
            }
            if bounds == before {
                break;
            }
        }
        Some(bounds)
    }

    fn narrow_sums(&self, column: &mut [Ends]) {
        for (at, group) in self.tree.groups().iter().enumerate().filter(|(_, group)| !group.parts.is_empty())
        {
            let least: u32 = group.parts.iter().map(|part| column[*part].least).sum();
            let most: u32 = group.parts.iter().map(|part| column[*part].most).sum();
            column[at].least = column[at].least.max(least);
            column[at].most = column[at].most.min(most);
            for part in &group.parts {
                let others_least = least - column[*part].least;
                let others_most = most - column[*part].most;
                let (from, to) = (column[at].least, column[at].most);
                let ends = &mut column[*part];
                ends.least = ends.least.max(from.saturating_sub(others_most));
                ends.most = ends.most.min(to.saturating_sub(others_least));
            }
            if column.iter().any(|ends| ends.least > ends.most) {
                return;
            }
        }
    }

    fn narrow_union(&self, bounds: &mut [Vec<Ends>]) {
        for group in self.tree.leaf_groups() {
            let group = *group;
            let union = bounds[UNION][group];
            let rest = &bounds[UNION + 1..];
            let (least, most) = rest.iter().fold((0, 0_u32), |(least, most), column| {
                (column[group].least.max(least), most.saturating_add(column[group].most))
            });
            let union = Ends { least: union.least.max(least), most: union.most.min(most) };
            bounds[UNION][group] = union;
            for column in &mut bounds[UNION + 1..] {
                column[group].most = column[group].most.min(union.most);
                let others = most - column[group].most.min(most);
                column[group].least = column[group].least.max(union.least.saturating_sub(others));
            }
        }
    }
}

/// The largest tree that a set states; the one group of a set without any.
fn tree(sets: &[&SealedSet]) -> Result<GroupTree, Error> {
    let stated = sets.iter().max_by_key(|set| set.groups.len());
    let whole: Vec<SealedGroup>;
    let groups = match stated {
        Some(set) if !set.groups.is_empty() => &set.groups,
        _ => {
            let pupils = sets.iter().flat_map(|set| &set.tables).map(|table| table.roll).max().unwrap_or(0);
            whole = vec![SealedGroup {
                id: WHOLE_SCHOOL.to_owned(),
                name: "Whole school".to_owned(),
                parent: String::new(),
                pupils,
                parts: Parts::None,
            }];
            &whole
        }
    };
    let tree = GroupTree::of_sealed(groups);
    let rolls = |pupils| sets.iter().flat_map(|set| &set.tables).all(|table| table.roll == pupils);
    tree.filter(|tree| rolls(tree.groups()[0].pupils)).ok_or_else(|| {
        Error::new(Kind::Corrupt, "sealed sets of one period do not agree on the roll")
            .help("run `watershed releases verify` and restore the state file from a back-up")
    })
}

/// The union's name and every category's that a set has, in their order.
fn columns(sets: &[&SealedSet]) -> Vec<String> {
    let mut rows = vec![String::new()];
    for set in sets {
        let listed = set.categories.iter().map(|category| &category.row);
        let stood = set.tables.iter().filter(|table| table.id == "T1").flat_map(|table| &table.rows);
        for name in listed.chain(stood.map(|row| &row.row)) {
            if !rows.contains(name) {
                rows.push(name.clone());
            }
        }
    }
    rows
}

fn unreadable(set: &SealedSet) -> Error {
    Error::new(
        Kind::Corrupt,
        format!("the sealed set {} has a row of no group or category of its own", set.id),
    )
    .help("run `watershed releases verify` and restore the state file from a back-up")
}
