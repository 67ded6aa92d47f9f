//! Counts to a governors' set, a governors' set to a parents' set: pure functions, nothing chosen.

use super::band::governors;
use super::cascade::parents;
use super::categories::CategoryList;
use super::gate::holds_back;
use super::operational::{Operations, for_parents};
use super::percentages::per_hundred;
use super::policy::{AudienceWord, POLICY_VERSION};
use super::sealed::{RollGroup, SealedPolicy, SealedRow, SealedSet, SealedTable, Shown};
use super::shape::{Period, Shape, counted};
use super::statements::{statements, year_words};
use super::trend_words::{Figure, change};
use crate::error::{Error, Kind};

const HEADLINE: &str = "Any of the rows below";

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
    pub(super) approver: String,
    pub(super) roll: Vec<YearOnRoll>,
}

/// Distinct pupils; never leaves this module's parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    /// One number for each row of the category list.
    pub(super) rows: Vec<u32>,
    /// In any of them.
    pub(super) any: u32,
}

/// A set before it is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Composed {
    pub(super) set: SealedSet,
    /// 0 none, 2 T0 dropped by the gate.
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

    pub(super) fn shape(&self, audience: AudienceWord) -> Shape {
        Shape::of(audience, counted(&self.public_roll()))
    }

    fn shared_years(&self) -> Vec<i8> {
        self.roll.iter().filter(|year| year.shared_log_ins).filter_map(|year| year.year_group).collect()
    }

    fn set(&self, audience: AudienceWord, categories: &CategoryList) -> SealedSet {
        let (policy, shape) = (audience.policy(), self.shape(audience));
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
            approver: self.approver.clone(),
            policy: SealedPolicy {
                version: POLICY_VERSION.to_owned(),
                threshold_pupils: policy.threshold_pupils,
                band_pupils: policy.band_pupils,
                category_list_version: categories.version().to_owned(),
                shape: shape.id(),
            },
            roll: self.public_roll(),
            tables: Vec::new(),
            operational: Vec::new(),
            statements: statements(audience, shape, &self.shared_years()),
        }
    }
}

/// The governors' set. `counts` are none where the logs cannot carry pupil figures.
pub(super) fn governor_set(
    facts: &Facts,
    categories: &CategoryList,
    counts: Option<&Counts>,
    operations: &Operations,
    before: Option<&SealedSet>,
) -> Result<Composed, Error> {
    let audience = AudienceWord::Governors;
    let mut set = facts.set(audience, categories);
    set.operational = operations.measures(facts.shape(AudienceWord::Parents).tables);
    let mut fallback_level = 0;
    if facts.shape(audience).tables {
        let group = counted(&set.roll);
        let show = |pupils: u32| {
            governors(pupils, group).ok_or_else(|| Error::new(Kind::Bug, "a table for too few pupils"))
        };
        let (headline, rows) = match counts {
            Some(counts) if counts.rows.len() == categories.rows().len() => {
                let rows = counts.rows.iter().map(|pupils| show(*pupils)).collect::<Result<Vec<_>, _>>()?;
                let headline = show(counts.any)?;
                if holds_back(&headline, &rows, group) {
                    fallback_level = 2;
                    (Shown::NotAvailable, rows)
                } else {
                    (headline, rows)
                }
            }
            Some(_) => return Err(Error::new(Kind::Bug, "counts and category list have not the same rows")),
            None => (Shown::NotAvailable, vec![Shown::NotAvailable; categories.rows().len()]),
        };
        let named =
            categories.rows().iter().map(|row| (row.name.clone(), row.heading.clone())).zip(rows).collect();
        set.tables = tables(headline, named, group, audience, comparable(&set, before));
    }
    Ok(Composed { set, fallback_level })
}

/// The parents' set, from the governors' set of the same period and from nothing else.
pub(super) fn parent_set(
    facts: &Facts,
    categories: &CategoryList,
    governors_set: &SealedSet,
    before: Option<&SealedSet>,
) -> Result<Composed, Error> {
    let audience = AudienceWord::Parents;
    let mut set = facts.set(audience, categories);
    let moved = |what: &str| {
        Err(Error::new(Kind::Configuration, format!("{what} changed since the governors' set of the period was sealed"))
            .help("put back the data file that it was sealed with; a parents' set is made from the governors' set alone"))
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
        let headline = row_of("T0", HEADLINE).ok_or_else(missing)?;
        let named = categories
            .rows()
            .iter()
            .filter(|row| row.for_parents)
            .map(|row| Some(((row.name.clone(), row.heading.clone()), row_of("T1", &row.name)?)))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(missing)?;
        set.tables = tables(headline, named, group, audience, comparable(&set, before));
    }
    Ok(Composed { set, fallback_level: 0 })
}

/// The set before, if its figures mean the same.
fn comparable<'a>(set: &SealedSet, before: Option<&'a SealedSet>) -> Option<&'a SealedSet> {
    before.filter(|before| before.policy == set.policy && before.audience == set.audience)
}

type Named = ((String, String), Shown);

fn tables(
    headline: Shown,
    rows: Vec<Named>,
    group: u32,
    audience: AudienceWord,
    before: Option<&SealedSet>,
) -> Vec<SealedTable> {
    let table = |id: &str, title: &str, rows: Vec<Named>| {
        let earlier = before.and_then(|set| set.tables.iter().find(|table| table.id == id));
        let rows = rows.into_iter().map(|((row, heading), shown)| {
            let change = earlier.and_then(|table| {
                let same = table.rows.iter().find(|known| known.row == row)?;
                change(
                    Figure { shown: &same.shown, group: table.roll },
                    Figure { shown: &shown, group },
                    audience,
                )
            });
            SealedRow { per_hundred: per_hundred(&shown, group), row, heading, shown, change }
        });
        SealedTable { id: id.to_owned(), title: title.to_owned(), roll: group, rows: rows.collect() }
    };
    let any = ((HEADLINE.to_owned(), String::new()), headline);
    vec![
        table("T0", "Pupils with at least one matter of concern", vec![any]),
        table("T1", "Pupils by kind of concern", rows),
    ]
}

#[cfg(test)]
mod tests;
