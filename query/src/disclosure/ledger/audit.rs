//! The gate once more, over everything that was ever sealed (rule 27).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::gate::{DisclosedCell, examine};
use super::super::sealed::SealedSet;
use super::super::shape::Period;
use super::Ledger;
use crate::error::{Error, Kind};

/// What the audit of one period found. For the DSL, the DPO and an auditor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditedPeriod {
    /// The period.
    pub period: String,
    /// Ledger ids of its sets, whoever they are for, withdrawn ones too.
    pub sets: Vec<String>,
    /// Cells that may hold fewer than 10 pupils.
    pub cells: usize,
    /// Linear programs that were solved.
    pub programs: usize,
    /// Whole-number tables found that fit all of the sets.
    pub fitting_tables: usize,
    /// Cells without proof that they cannot be worked out.
    pub disclosed: Vec<DisclosedCell>,
    /// What else is wrong, in words.
    pub faults: Vec<&'static str>,
}

impl AuditedPeriod {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.disclosed.is_empty() && self.faults.is_empty()
    }
}

/// Whether a period has two spans of days, or one that meets another period's (rule 9). Days are texts, year first.
fn overlaps(spans: &BTreeMap<String, BTreeSet<(String, String)>>, period: &str) -> bool {
    let own = &spans[period];
    let others = || spans.iter().filter(|(other, _)| *other != period).flat_map(|(_, spans)| spans);
    own.len() > 1 || own.iter().any(|(from, to)| others().any(|(first, last)| first <= to && from <= last))
}

impl Ledger {
    /// Examines every period's sets of all audiences together. Periods do not touch each other: no
    /// pupil figure spans two terms (rule 9), and where a year has both kinds, that is a fault.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] when an entry is not what was sealed; as reading the state file.
    pub fn audit(&self) -> Result<Vec<AuditedPeriod>, Error> {
        let mut periods: BTreeMap<String, Vec<SealedSet>> = BTreeMap::new();
        let mut kinds: BTreeMap<String, (bool, bool)> = BTreeMap::new();
        let mut spans: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
        for entered in self.all_sealed()? {
            let period = Period::parse(&entered.set.period)
                .map_err(|_| Error::new(Kind::Corrupt, "the release ledger has a period that is none"))?;
            let kind = kinds.entry(entered.academic_year).or_default();
            if period.is_year() {
                kind.0 = true
            } else {
                kind.1 = true
            }
            let span = (entered.set.period_from.clone(), entered.set.period_to.clone());
            spans.entry(entered.set.period.clone()).or_default().insert(span);
            periods.entry(entered.set.period.clone()).or_default().push(entered.set);
        }
        let mut audited = Vec::new();
        for (period, sets) in periods {
            let examined = examine(&sets.iter().collect::<Vec<_>>())?;
            let year = Period::parse(&period)?.academic_year().to_string();
            let mut faults = Vec::new();
            if examined.contradiction {
                faults.push("the sets contradict each other or the roll");
            }
            if kinds.get(&year) == Some(&(true, true)) {
                faults.push("the academic year has both yearly and termly sets");
            }
            if overlaps(&spans, &period) {
                faults.push(
                    "its days are not those of its other sets, or another period's sets span some of them",
                );
            }
            audited.push(AuditedPeriod {
                period,
                sets: sets.iter().map(|set| set.id.clone()).collect(),
                cells: examined.cells,
                programs: examined.programs,
                fitting_tables: examined.fitting_tables,
                disclosed: examined.disclosed,
                faults,
            });
        }
        Ok(audited)
    }
}
