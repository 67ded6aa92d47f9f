//! Schools beside each other, from sealed bands alone (rule 22): for a trust or local authority, never for parents.
//!
//! A school's share lies between the ends of its band over its public roll. It is said to differ from the others
//! together only where the whole of its range lies outside of theirs.

use serde::Serialize;

use super::super::audience::Governors;
use super::super::percentages::per_hundred;
use super::super::policy::AudienceWord;
use super::super::releasable::Releasable;
use super::super::sealed::{SealedSet, SealedTable, Shown};
use super::super::shape::Period;
use super::trust::{LEAST_SCHOOLS, TrustSchool, ends};
use crate::error::{Error, Kind};

/// One school in one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComparedRow {
    /// Row's name.
    pub row: String,
    /// The heading it stands under.
    pub heading: String,
    /// School's short name.
    pub school: String,
    /// Public roll that the share is of.
    pub roll: u32,
    /// The sealed figure in words.
    pub shown: String,
    /// Pupils in every hundred, in words; none without a band.
    pub per_hundred: Option<String>,
    /// `higher` or `lower` than the other schools together, `no clear difference`, or none where fewer than two
    /// others have a figure.
    pub against_others: Option<&'static str>,
}

/// All schools in all rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// `watershed.comparison/1`.
    pub schema: &'static str,
    /// The period.
    pub period: String,
    /// Ledger ids of the sets that are compared.
    pub releases: Vec<String>,
    /// Row by row, school by school in the order of the configuration: never by value.
    pub rows: Vec<ComparedRow>,
    /// Fixed sentences.
    pub statements: Vec<&'static str>,
}

/// Compares the approved governors' sets of a period.
///
/// # Errors
/// [`Kind::Configuration`] with fewer than three schools that have one with figures, or where their rows differ.
pub fn compare(schools: &[TrustSchool], period: Period) -> Result<Releasable<Comparison, Governors>, Error> {
    let mut sets: Vec<SealedSet> = Vec::new();
    for school in schools {
        let set = school.ledger.approved_set(AudienceWord::Governors, &period.to_string())?;
        sets.extend(set.filter(|set| !set.tables.is_empty()));
    }
    compared(&sets, period).map(Releasable::cleared)
}

/// A figure on its way into a row.
struct OfSchool<'s> {
    set: &'s SealedSet,
    roll: u32,
    shown: &'s Shown,
    ends: Option<(u32, u32)>,
}

fn compared(sets: &[SealedSet], period: Period) -> Result<Comparison, Error> {
    let Some(first) = sets.first().filter(|_| sets.len() >= LEAST_SCHOOLS) else {
        return Err(Error::new(
            Kind::Configuration,
            format!("fewer than {LEAST_SCHOOLS} schools have an approved governors' set with figures for this period"),
        )
        .help("`releases list` shows what a school has"));
    };
    if sets.iter().any(|set| set.policy.category_list_version != first.policy.category_list_version) {
        return Err(Error::new(Kind::Configuration, "the schools' sets have different category lists")
            .help("only sets of the same rows can be compared"));
    }
    let wanted = |table: &&SealedTable| ["T0", "T1"].contains(&table.id.as_str());
    let mut rows = Vec::new();
    for table in first.tables.iter().filter(wanted) {
        for row in &table.rows {
            let figures: Vec<OfSchool<'_>> = sets
                .iter()
                .filter_map(|set| {
                    let table = set.tables.iter().find(|known| known.id == table.id)?;
                    let shown = &table.rows.iter().find(|known| known.row == row.row)?.shown;
                    Some(OfSchool { set, roll: table.roll, shown, ends: ends(shown, table.roll) })
                })
                .collect();
            rows.extend((0..figures.len()).map(|at| ComparedRow {
                row: row.row.clone(),
                heading: row.heading.clone(),
                school: figures[at].set.school.clone(),
                roll: figures[at].roll,
                shown: figures[at].shown.words(),
                per_hundred: per_hundred(figures[at].shown, figures[at].roll),
                against_others: against(&figures, at),
            }));
        }
    }
    Ok(Comparison {
        schema: "watershed.comparison/1",
        period: period.to_string(),
        releases: sets.iter().map(|set| set.id.clone()).collect(),
        rows,
        statements: vec![
            super::super::statements::NEVER,
            "A school is said to differ only where its whole range lies outside the range of the others together.",
            "Schools differ in age, roll and what their filters log: a difference is a question, no ranking.",
        ],
    })
}

/// One school's range of shares against that of all others together, in whole numbers.
fn against(figures: &[OfSchool<'_>], at: usize) -> Option<&'static str> {
    let (least, most) = figures[at].ends?;
    let others: Vec<(u32, u32, u32)> = figures
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != at)
        .filter_map(|(_, figure)| figure.ends.map(|(least, most)| (least, most, figure.roll)))
        .collect();
    if others.len() + 1 < LEAST_SCHOOLS {
        return None;
    }
    let sum = |of: fn(&(u32, u32, u32)) -> u32| others.iter().map(|ends| u64::from(of(ends))).sum::<u64>();
    let (least_others, most_others, roll) = (sum(|ends| ends.0), sum(|ends| ends.1), sum(|ends| ends.2));
    let own = u64::from(figures[at].roll);
    Some(if u64::from(least) * roll > most_others * own {
        "higher"
    } else if u64::from(most) * roll < least_others * own {
        "lower"
    } else {
        "no clear difference"
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]
    use super::super::tests::set;
    use super::*;

    fn school(name: &str, roll: u32, any: Shown) -> SealedSet {
        let mut set = set(AudienceWord::Governors, "2025-autumn");
        name.clone_into(&mut set.school);
        set.tables[0].roll = roll;
        set.tables[0].rows[0].shown = any;
        set
    }

    /// By hand: c has 60 to 64 of 400, 15 to 16 %; the others 30 to 38 of 800, under 4.8 %. a has 10 to 14 of 400,
    /// at most 3.5 %; the others 80 to 88 of 800, at least 10 %: lower. b as a.
    #[test]
    fn outside_only_where_the_whole_range_is() {
        let band = |from| Shown::Band { from, to: from + 4 };
        let sets = [school("a", 400, band(10)), school("b", 400, band(20)), school("c", 400, band(60))];
        let period = Period::parse("2025-autumn").unwrap();
        let found = compared(&sets, period).unwrap();
        let of = |row: &str| -> Vec<(String, Option<&str>)> {
            let rows = found.rows.iter().filter(|known| known.row == row);
            rows.map(|row| (row.school.clone(), row.against_others)).collect()
        };
        // b: 20 to 24 of 400 are 5 to 6 %; the others 70 to 78 of 800 are 8.75 % at least.
        assert_eq!(
            of("Any"),
            [("a".into(), Some("lower")), ("b".into(), Some("lower")), ("c".into(), Some("higher"))]
        );
        // "Fewer than 10" is 0 to 9 everywhere.
        assert!(of("Other").iter().all(|(_, against)| *against == Some("no clear difference")));
        assert!(compared(&sets[..2], period).is_err());
        // A school without the figure is not said to differ, and two are not enough for the third.
        let sets = [sets[0].clone(), sets[1].clone(), school("c", 400, Shown::NotAvailable)];
        let found = compared(&sets, period).unwrap();
        assert!(found.rows.iter().filter(|row| row.row == "Any").all(|row| row.against_others.is_none()));
    }
}
