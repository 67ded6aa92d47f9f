//! Sums over the schools of a trust or local authority, from sealed governors' sets alone (rules 2, 22).

use serde::Serialize;

use super::super::audience::{Governors, Public};
use super::super::band::governor_ends;
use super::super::policy::AudienceWord;
use super::super::releasable::Releasable;
use super::super::sealed::{SealedSet, Shown};
use super::Ledger;
use crate::error::{Error, Kind};

/// Fewer schools are not summed.
const LEAST_SCHOOLS: usize = 3;

/// Name, heading and ends of a school's row; none without a figure.
type OfSchool = (String, String, Option<(u32, u32)>);

/// One row over all schools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustRow {
    /// Row's name.
    pub row: String,
    /// The heading it stands under.
    pub heading: String,
    /// Schools with a figure in the row.
    pub schools: usize,
    /// Sum of the ranges' ends, in pupils; none with figures of fewer than three schools.
    pub range: Option<(u32, u32)>,
}

/// Sums of sealed bands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustSums {
    /// `watershed.trust/1`.
    pub schema: &'static str,
    /// The period.
    pub period: String,
    /// Ledger ids that the sums are made of; empty for parents, to whom no school is named.
    pub releases: Vec<String>,
    /// Schools in the sums.
    pub schools: usize,
    /// Pupils on their rolls who are counted.
    pub roll: u32,
    /// The union first, then the categories.
    pub rows: Vec<TrustRow>,
    /// Fixed sentences.
    pub statements: Vec<&'static str>,
}

/// Sums the approved governors' sets of a period. "Fewer than 10" counts as 0 to 9.
///
/// # Errors
/// [`Kind::Configuration`] with fewer than three schools that have one with figures, or when their
/// category lists differ.
pub fn trust_sums(ledgers: &[Ledger], period: &str) -> Result<Releasable<TrustSums, Governors>, Error> {
    let mut sets: Vec<SealedSet> = Vec::new();
    for ledger in ledgers {
        let Some(set) = ledger.standing_set(AudienceWord::Governors, period)? else { continue };
        if ledger.approval(&set.id)?.is_some() && !set.tables.is_empty() {
            sets.push(set);
        }
    }
    summed(&sets, period).map(Releasable::cleared)
}

/// The same for parents: no school is named.
///
/// # Errors
/// As [`trust_sums`].
pub fn trust_sums_for_parents(
    ledgers: &[Ledger],
    period: &str,
) -> Result<Releasable<TrustSums, Public>, Error> {
    let sums = trust_sums(ledgers, period)?;
    Ok(Releasable::cleared(TrustSums { releases: Vec::new(), ..sums.value().clone() }))
}

fn summed(sets: &[SealedSet], period: &str) -> Result<TrustSums, Error> {
    let Some(first) = sets.first().filter(|_| sets.len() >= LEAST_SCHOOLS) else {
        return Err(Error::new(
            Kind::Configuration,
            format!("fewer than {LEAST_SCHOOLS} schools have an approved governors' set with figures for this period"),
        )
        .help("a sum over two schools would let each subtract its own; `releases list` shows what a school has"));
    };
    let same = |set: &SealedSet| {
        set.policy.category_list_version == first.policy.category_list_version
            && set.policy.version == first.policy.version
    };
    if !sets.iter().all(same) {
        return Err(Error::new(
            Kind::Configuration,
            "the schools' sets have different category lists or policies",
        )
        .help("only sets of the same rows are summed; see `policy` in `releases show ID --format json`"));
    }
    let totals = |set: &SealedSet| -> Vec<OfSchool> {
        let tables = set.tables.iter().filter(|table| ["T0", "T1"].contains(&table.id.as_str()));
        tables
            .flat_map(|table| {
                table.rows.iter().map(|row| {
                    let ends = match &row.shown {
                        Shown::FewerThan { n } => Some((0, n - 1)),
                        shown => governor_ends(shown, table.roll),
                    };
                    (row.row.clone(), row.heading.clone(), ends)
                })
            })
            .collect()
    };
    let of_schools: Vec<_> = sets.iter().map(totals).collect();
    let rows = of_schools[0].iter().map(|(name, heading, _)| {
        let found: Vec<(u32, u32)> =
            of_schools.iter().filter_map(|rows| rows.iter().find(|(row, ..)| row == name)?.2).collect();
        let range = found.iter().fold((0, 0), |sum, ends| (sum.0 + ends.0, sum.1 + ends.1));
        TrustRow {
            row: name.clone(),
            heading: heading.clone(),
            schools: found.len(),
            range: (found.len() >= LEAST_SCHOOLS).then_some(range),
        }
    });
    Ok(TrustSums {
        schema: "watershed.trust/1",
        period: period.to_owned(),
        releases: sets.iter().map(|set| set.id.clone()).collect(),
        schools: sets.len(),
        roll: sets.iter().filter_map(|set| Some(set.tables.first()?.roll)).sum(),
        rows: rows.collect(),
        statements: vec![
            super::super::statements::NEVER,
            "Each range is the sum of the schools' ranges; \"fewer than 10\" counts as 0 to 9.",
            "A row is summed over the schools that have a figure in it, three at least.",
        ],
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]
    use super::super::tests::{ledger_of, set};
    use super::*;

    fn school(name: &str, any: Shown, other: Shown) -> SealedSet {
        let mut set = set(AudienceWord::Governors, "2025-autumn");
        set.id = format!("{name}-2025-autumn-governors");
        set.school = name.to_owned();
        set.tables[0].rows[0].shown = any;
        set.tables[0].rows[1].shown = other;
        set
    }

    #[test]
    fn ranges_are_summed_and_few_count_as_none_to_nine() {
        let band = |from| Shown::Band { from, to: from + 4 };
        let few = Shown::FewerThan { n: 10 };
        let schools = [
            school("a", band(20), few.clone()),
            school("b", band(30), few.clone()),
            // All but 9 of 410 at least.
            school("c", Shown::AllOrNearly, Shown::NotAvailable),
        ];
        let mut ledgers: Vec<Ledger> =
            schools.iter().map(|set| ledger_of(std::slice::from_ref(set))).collect();
        let day = jiff::civil::date(2026, 1, 6);
        assert!(trust_sums(&ledgers, "2025-autumn").is_err(), "nobody has approved them");
        for (ledger, set) in ledgers.iter_mut().zip(&schools) {
            ledger.approve(&set.id, "headteacher", day).unwrap();
        }
        let sums = trust_sums(&ledgers, "2025-autumn").unwrap();
        let rows = &sums.value().rows;
        // 20 + 30 + 401 to 24 + 34 + 410.
        assert_eq!((rows[0].schools, rows[0].range), (3, Some((451, 468))));
        assert_eq!((rows[1].schools, rows[1].range), (2, None));
        assert_eq!(sums.value().roll, 3 * 410);
        let parents = trust_sums_for_parents(&ledgers, "2025-autumn").unwrap();
        assert!(parents.value().releases.is_empty() && parents.value().rows == *rows);
        assert!(trust_sums(&ledgers[..2], "2025-autumn").is_err());
    }
}
