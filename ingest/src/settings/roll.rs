//! Pupils on roll: the public denominators.
//!
//! `roll.csv` has one row per year group (`year_group,pupils,counted,academic_year`). `counted = no`
//! marks a year group that shares log-ins: it is no part of any pupil figure nor of its n.

use std::collections::BTreeMap;

use super::sheet::Source;
use super::year_group;
use crate::error::Error;
use crate::school::{AcademicYear, SchoolConfig};

/// One year group on roll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YearRoll {
    /// -1 Nursery, 0 Reception, 1-13.
    pub year_group: i8,
    /// Pupils on the October roll.
    pub pupils: u32,
    /// Has log-ins of its own; else it stands in no pupil figure.
    pub counted: bool,
}

/// One key stage of a sealed set, Nursery and Reception within KS1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageRoll {
    /// `KS1` to `KS5`.
    pub key_stage: &'static str,
    /// Pupils of its counted year groups.
    pub pupils: u32,
    /// Its counted year groups.
    pub year_groups: Vec<YearRoll>,
}

/// Pupils on roll in one academic year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollOfYear {
    total: u32,
    years: BTreeMap<i8, YearRoll>,
}

impl RollOfYear {
    /// Pupils of the whole school, those of shared log-ins included.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// Pupils whom figures can count: the public n of the whole school.
    #[must_use]
    pub fn counted(&self) -> u32 {
        if self.years.is_empty() {
            self.total
        } else {
            self.year_groups().iter().map(|year| year.pupils).sum()
        }
    }

    /// Whether the roll is known by year group.
    #[must_use]
    pub fn by_year(&self) -> bool {
        !self.years.is_empty()
    }

    /// The counted year groups, youngest first; empty when only the total is known.
    #[must_use]
    pub fn year_groups(&self) -> Vec<YearRoll> {
        self.years.values().filter(|year| year.counted).copied().collect()
    }

    /// The year groups that share log-ins, youngest first.
    #[must_use]
    pub fn not_counted(&self) -> Vec<YearRoll> {
        self.years.values().filter(|year| !year.counted).copied().collect()
    }

    /// The counted year groups by key stage, youngest first.
    #[must_use]
    pub fn key_stages(&self) -> Vec<StageRoll> {
        let mut stages: Vec<StageRoll> = Vec::new();
        for year in self.year_groups() {
            let Some(key_stage) = year_group::sealed_key_stage(year.year_group) else { continue };
            match stages.last_mut().filter(|stage| stage.key_stage == key_stage) {
                Some(stage) => {
                    stage.pupils += year.pupils;
                    stage.year_groups.push(year);
                }
                None => {
                    stages.push(StageRoll { key_stage, pupils: year.pupils, year_groups: vec![year] });
                }
            }
        }
        stages
    }

    /// Whether a pupil of that year group stands in pupil figures.
    #[must_use]
    pub fn counts(&self, year_group: i8) -> bool {
        self.years.get(&year_group).is_some_and(|year| year.counted)
    }

    /// Pupils of a group id such as `Year 7`, where the roll states it.
    #[must_use]
    pub fn of_group(&self, group_id: &str) -> Option<u32> {
        self.years
            .values()
            .find(|year| year_group::name(year.year_group) == Some(group_id))
            .map(|year| year.pupils)
    }
}

/// The school's rolls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roll {
    always: RollOfYear,
    dated: BTreeMap<AcademicYear, RollOfYear>,
}

impl Roll {
    pub(crate) fn read(source: &Source, config: &SchoolConfig) -> Result<Self, Error> {
        let mut always = RollOfYear { total: config.roll, years: BTreeMap::new() };
        let mut dated: BTreeMap<AcademicYear, RollOfYear> = BTreeMap::new();
        let sheet = source.sheet(&["year_group", "pupils"], &["counted", "academic_year", "note"])?;
        for row in sheet.rows() {
            let number = row.parse("year_group", "Nursery, Reception or 1 to 13", year_group::parse)?;
            let pupils = row.parse("pupils", "a number of pupils", |text| text.parse().ok())?;
            let counted = row.parse_optional("counted", "yes or no", |text| match text {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            })?;
            let wanted = "an academic year such as 2025-26";
            let roll = match row.parse_optional("academic_year", wanted, AcademicYear::parse)? {
                Some(year) => dated.entry(year).or_insert(RollOfYear { total: 0, years: BTreeMap::new() }),
                None => &mut always,
            };
            let year = YearRoll { year_group: number, pupils, counted: counted.unwrap_or(true) };
            if roll.years.insert(number, year).is_some() {
                return Err(row.error("this year group is stated twice"));
            }
        }
        for roll in dated.values_mut().chain([&mut always]) {
            if roll.by_year() {
                roll.total = roll.years.values().map(|year| year.pupils).sum();
            }
        }
        Ok(Self { always, dated })
    }

    /// The roll that holds for an academic year.
    #[must_use]
    pub fn of(&self, year: AcademicYear) -> &RollOfYear {
        self.dated.get(&year).unwrap_or(&self.always)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::*;
    use crate::settings::testing::config;

    fn roll(text: Option<&str>) -> Result<Roll, Error> {
        let source =
            Source { name: "roll.csv", shipped: crate::settings::ROLL, school: text.map(str::to_owned) };
        Roll::read(&source, &config())
    }

    #[test]
    fn without_a_file_only_the_total_is_known() {
        let roll = roll(None).unwrap();
        let year = roll.of(AcademicYear::parse("2025-26").unwrap());
        assert_eq!((year.total(), year.counted(), year.by_year()), (300, 300, false));
        assert!(year.key_stages().is_empty() && !year.counts(7));
    }

    #[test]
    fn shared_log_ins_leave_the_denominator_and_reception_joins_key_stage_one() {
        let text = "year_group,pupils,counted\nReception,30,no\n1,28,yes\n2,29,\nYear 3,31,\n";
        let roll = roll(Some(text)).unwrap();
        let year = roll.of(AcademicYear::parse("2025-26").unwrap());
        assert_eq!((year.total(), year.counted()), (118, 88));
        let stages: Vec<_> = year.key_stages().iter().map(|stage| (stage.key_stage, stage.pupils)).collect();
        assert_eq!(stages, [("KS1", 57), ("KS2", 31)]);
        assert_eq!(year.not_counted().len(), 1);
        assert!(!year.counts(0) && year.counts(1) && !year.counts(9));
        assert_eq!((year.of_group("Year 3"), year.of_group("Year 4")), (Some(31), None));
    }

    #[test]
    fn nursery_reception_and_year_one_are_one_stage() {
        let roll = roll(Some("year_group,pupils\nNursery,10\nR,30\n1,28\n")).unwrap();
        let stages = roll.of(AcademicYear::parse("2025-26").unwrap()).key_stages();
        assert_eq!(stages.iter().map(|stage| stage.pupils).collect::<Vec<_>>(), [68]);
    }

    #[test]
    fn a_roll_may_be_of_one_year() {
        let roll = roll(Some("year_group,pupils,academic_year\n7,60,2025-26\n7,55,2026-27\n")).unwrap();
        assert_eq!(roll.of(AcademicYear::parse("2026-27").unwrap()).total(), 55);
        assert_eq!(roll.of(AcademicYear::parse("2027-28").unwrap()).total(), 300);
    }

    #[test]
    fn slips_are_named() {
        let error = roll(Some("year_group,pupils\n7,sixty\n")).unwrap_err();
        assert!(error.to_string().starts_with("roll.csv:2: `pupils`"), "{error}");
        assert!(
            roll(Some("year_group,pupils\n7,60\nYear 7,61\n")).unwrap_err().to_string().contains("twice")
        );
        assert!(roll(Some("year,pupils\n7,60\n")).unwrap_err().to_string().starts_with("roll.csv:1:"));
    }
}
