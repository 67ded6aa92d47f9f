//! Counts to a governors' set, a governors' set to a parents' set: pure functions, nothing chosen.

use super::breakdown;
use super::cascade::parents;
use super::categories::{CategoryList, CategoryRow};
use super::gate;
use super::groups::GroupTree;
use super::operational::{Operations, for_parents, recorded_concerns};
use super::percentages::per_hundred;
use super::policy::{AudienceWord, POLICY_VERSION};
use super::sealed::{
    RollGroup, SealedCategory, SealedPolicy, SealedRow, SealedSet, SealedTable, Shown, WHOLE_SCHOOL,
};
use super::shape::{Period, Shape, counted};
use super::statements::{statements, year_words};
use super::trend_words::{Figure, change};
use crate::error::{Error, Kind};

/// Name of the union's rows.
pub(super) const HEADLINE: &str = "Any of the rows below";

/// One year group of the public roll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct YearOnRoll {
    /// None where the roll is known for the school as a whole only.
    pub(super) year_group: Option<i8>,
    pub(super) pupils: u32,
    pub(super) shared_log_ins: bool,
}

/// What is public about the school and the period.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) school: String,
    pub(super) school_name: String,
    pub(super) period: Period,
    pub(super) period_from: String,
    pub(super) period_to: String,
    pub(super) sealed_on: String,
    pub(super) roll: Vec<YearOnRoll>,
}

/// Distinct pupils of one leaf of the group tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LeafCounts {
    /// One number for each row of the category list.
    pub(super) rows: Vec<u32>,
    /// In any of them.
    pub(super) any: u32,
}

/// Distinct pupils; never leaves this module's parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    /// In the order of the group tree's leaves; a pupil is in one leaf.
    pub(super) leaves: Vec<LeafCounts>,
}

impl Counts {
    fn fit(&self, tree: &GroupTree, categories: &CategoryList) -> bool {
        self.leaves.len() == tree.leaf_groups().len()
            && self.leaves.iter().all(|leaf| leaf.rows.len() == categories.rows().len())
    }

    /// Pupils of each group in a row; in any row where none is named.
    fn of_groups(&self, tree: &GroupTree, row: Option<usize>) -> Vec<u32> {
        let of_leaf = |leaf: &LeafCounts| row.map_or(leaf.any, |row| leaf.rows[row]);
        tree.sums(&self.leaves.iter().map(of_leaf).collect::<Vec<_>>())
    }
}

/// A set before it is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Composed {
    pub(super) set: SealedSet,
    /// What the gate held back: 0 nothing, 1 T2 and T3, 2 T0 too, 3 everything.
    pub(super) fallback_level: u8,
}

impl Facts {
    pub(super) fn public_roll(&self) -> Vec<RollGroup> {
        self.roll
            .iter()
            .map(|year| RollGroup {
                group: year.year_group.map_or_else(|| "Whole school".to_owned(), year_words),
                pupils: year.pupils,
                counted: !year.shared_log_ins,
            })
            .collect()
    }

    pub(super) fn tree(&self) -> GroupTree {
        GroupTree::of_roll(&self.roll)
    }

    pub(super) fn shape(&self, audience: AudienceWord) -> Shape {
        Shape::of(audience, counted(&self.public_roll()))
    }

    fn shared_years(&self) -> Vec<i8> {
        self.roll.iter().filter(|year| year.shared_log_ins).filter_map(|year| year.year_group).collect()
    }

    fn set(&self, audience: AudienceWord, categories: &CategoryList) -> SealedSet {
        let (policy, shape) = (audience.policy(), self.shape(audience));
        let mut groups = self.tree().sealed();
        if audience == AudienceWord::Parents {
            groups = GroupTree::whole(groups[0].pupils).sealed();
        }
        SealedSet {
            schema: "watershed.sealed/1".to_owned(),
            id: format!("{}-{}-{}", self.school, self.period, audience.word()),
            school: self.school.clone(),
            school_name: self.school_name.clone(),
            audience: audience.word().to_owned(),
            period: self.period.to_string(),
            period_from: self.period_from.clone(),
            period_to: self.period_to.clone(),
            sealed_on: self.sealed_on.clone(),
            approver: String::new(),
            policy: SealedPolicy {
                version: POLICY_VERSION.to_owned(),
                threshold_pupils: policy.threshold_pupils,
                band_pupils: policy.band_pupils,
                category_list_version: categories.version().to_owned(),
                shape: shape.id(),
            },
            roll: self.public_roll(),
            groups,
            categories: categories
                .rows()
                .iter()
                .filter(|row| audience == AudienceWord::Governors || row.for_parents)
                .map(|row| SealedCategory { row: row.name.clone(), heading: row.heading.clone() })
                .collect(),
            tables: Vec::new(),
            operational: Vec::new(),
            statements: statements(audience, shape, &self.shared_years()),
        }
    }
}

/// The governors' set. `counts` are none where the logs cannot carry pupil figures; `earlier` are
/// the sets of the same period that were sealed before.
pub(super) fn governor_set(
    facts: &Facts,
    categories: &CategoryList,
    counts: Option<&Counts>,
    operations: &Operations,
    before: Option<&SealedSet>,
    earlier: &[SealedSet],
) -> Result<Composed, Error> {
    let audience = AudienceWord::Governors;
    let mut set = facts.set(audience, categories);
    set.operational = operations.measures(facts.shape(AudienceWord::Parents).tables);
    if !facts.shape(audience).tables {
        return Ok(Composed { set, fallback_level: 0 });
    }
    let tree = facts.tree();
    set.operational.extend(recorded_concerns(operations, tree.groups()[0].pupils));
    if counts.is_some_and(|counts| !counts.fit(&tree, categories)) {
        return Err(Error::new(Kind::Bug, "counts, group tree and category list do not fit each other"));
    }
    let forms = |row: Option<usize>| match counts {
        Some(counts) => breakdown::shown(&tree, &counts.of_groups(&tree, row)),
        None => {
            let groups = 0..tree.groups().len();
            groups.map(|group| tree.has_rows(group).then_some(Shown::NotAvailable)).collect()
        }
    };
    let (mut totals, mut parts) = (Vec::new(), Vec::new());
    let named = (0..categories.rows().len()).map(Some);
    for row in std::iter::once(None).chain(named) {
        let (name, heading) = row.map_or((HEADLINE, ""), |row| {
            let CategoryRow { name, heading, .. } = &categories.rows()[row];
            (name.as_str(), heading.as_str())
        });
        for (group, form) in tree.groups().iter().zip(forms(row)) {
            let into = if group.parent.is_none() { &mut totals } else { &mut parts };
            let cell = |shown| Cell { row: name, heading, group: &group.id, pupils: group.pupils, shown };
            into.extend(form.map(cell));
        }
    }
    if totals.len() != 1 + categories.rows().len() {
        return Err(Error::new(Kind::Bug, "a table for too few pupils"));
    }
    let headline = |cell: &Cell<'_>| cell.row == HEADLINE;
    let (of_any, of_rows): (Vec<_>, Vec<_>) = parts.into_iter().partition(headline);
    let (any, rows): (Vec<_>, Vec<_>) = totals.into_iter().partition(headline);
    let comparable = comparable(&set, before);
    let table = |id, cells| table(id, cells, tree.groups()[0].pupils, audience, comparable);
    let mut tables = vec![table("T0", any), table("T1", rows)];
    // A school whose parts are never rows, or whose roll is known as a whole, has no T2 and T3.
    if !of_any.is_empty() {
        tables.extend([table("T2", of_any), table("T3", of_rows)]);
    }
    set.tables = tables;
    gate::settle(&set, earlier)
}

/// The parents' set, from the governors' set of the same period and from nothing else.
pub(super) fn parent_set(
    facts: &Facts,
    categories: &CategoryList,
    governors_set: &SealedSet,
    before: Option<&SealedSet>,
    earlier: &[SealedSet],
) -> Result<Composed, Error> {
    let audience = AudienceWord::Parents;
    let mut set = facts.set(audience, categories);
    let moved = |what: &str| {
        Err(Error::new(Kind::Configuration, format!("{what} changed since the governors' set of the period was sealed"))
            .help("put back the data file that it was sealed with: a parents' set is made from the governors' set alone. Where an update of Watershed changed the shipped rows between the two, there is no parents' set for this period; seal both with one version from the next on"))
    };
    if governors_set.roll != set.roll {
        return moved("the roll");
    }
    if governors_set.policy.category_list_version != categories.version()
        || governors_set.policy.version != POLICY_VERSION
    {
        return moved("the category list or the release policy");
    }
    set.period_from.clone_from(&governors_set.period_from);
    set.period_to.clone_from(&governors_set.period_to);
    set.operational = for_parents(&governors_set.operational);
    if facts.shape(audience).tables {
        let group = counted(&set.roll);
        let row_of = |table: &str, name: &str| {
            let table = governors_set.tables.iter().find(|known| known.id == table)?;
            table.rows.iter().find(|row| row.row == name).map(|row| parents(&row.shown, group))
        };
        let missing = || Error::new(Kind::Bug, "the governors' set has not the rows of the category list");
        let cell = |row, heading, shown| Cell { row, heading, group: WHOLE_SCHOOL, pupils: group, shown };
        let any = cell(HEADLINE, "", row_of("T0", HEADLINE).ok_or_else(missing)?);
        let rows = categories
            .rows()
            .iter()
            .filter(|row| row.for_parents)
            .map(|row| Some(cell(&row.name, &row.heading, row_of("T1", &row.name)?)))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(missing)?;
        let comparable = comparable(&set, before);
        set.tables = vec![
            table("T0", vec![any], group, audience, comparable),
            table("T1", rows, group, audience, comparable),
        ];
    }
    gate::settle(&set, earlier)
}

/// The set before, if its figures mean the same.
fn comparable<'a>(set: &SealedSet, before: Option<&'a SealedSet>) -> Option<&'a SealedSet> {
    before.filter(|before| before.policy == set.policy && before.audience == set.audience)
}

/// A figure on its way into a table.
struct Cell<'a> {
    row: &'a str,
    heading: &'a str,
    group: &'a str,
    /// Public size of the group.
    pupils: u32,
    shown: Shown,
}

fn table(
    id: &str,
    cells: Vec<Cell<'_>>,
    roll: u32,
    audience: AudienceWord,
    before: Option<&SealedSet>,
) -> SealedTable {
    let earlier = before.and_then(|set| Some((set, set.tables.iter().find(|table| table.id == id)?)));
    let changed = |cell: &Cell<'_>| {
        let (set, table) = earlier?;
        let same = table.rows.iter().find(|known| known.row == cell.row && known.group == cell.group)?;
        let group = set.groups.iter().find(|group| group.id == cell.group);
        let pupils = group.map_or(table.roll, |group| group.pupils);
        let now = Figure { shown: &cell.shown, group: cell.pupils };
        change(Figure { shown: &same.shown, group: pupils }, now, audience)
    };
    let rows = cells.into_iter().map(|cell| SealedRow {
        change: changed(&cell),
        per_hundred: per_hundred(&cell.shown, cell.pupils),
        row: cell.row.to_owned(),
        heading: cell.heading.to_owned(),
        group: cell.group.to_owned(),
        shown: cell.shown,
    });
    let title = match id {
        "T0" => "Pupils with at least one matter of concern",
        "T1" => "Pupils by kind of concern",
        "T2" => "Pupils with at least one matter of concern, by key stage and year group",
        _ => "Pupils by kind of concern, by key stage and year group",
    };
    SealedTable { id: id.to_owned(), title: title.to_owned(), roll, rows: rows.collect() }
}

#[cfg(test)]
mod tests;
