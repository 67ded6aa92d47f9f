//! Sums from surveys and behaviour records: `aggregates.csv` (`kind,period,group,measure,people,value,unit,note`).

use super::calendar::Calendar;
use super::sheet::{Source, few_words};
use crate::error::Error;

/// A sum over fewer people is not taken in.
pub const LEAST_PEOPLE: u32 = 10;

const KINDS: [&str; 2] = ["survey", "behaviour"];
const UNITS: [&str; 3] = ["percent", "count", "score"];

/// One sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// `survey` or `behaviour`.
    pub kind: &'static str,
    /// Term or academic year.
    pub period: String,
    /// Whom it is about.
    pub group: String,
    /// The question, or what was counted.
    pub measure: String,
    /// People behind it.
    pub people: u32,
    /// The figure.
    pub value: f64,
    /// `percent`, `count` or `score`.
    pub unit: &'static str,
}

/// All sums.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aggregates {
    rows: Vec<Aggregate>,
}

impl Aggregates {
    pub(crate) fn read(source: &Source, calendar: &Calendar) -> Result<Self, Error> {
        let mut rows: Vec<Aggregate> = Vec::new();
        let columns = ["kind", "period", "group", "measure", "people", "value", "unit"];
        for row in source.sheet(&columns, &["note"])?.rows() {
            let words = |column| row.parse(column, "a few words, no address of a person", few_words);
            let unit = row
                .parse("unit", &UNITS.join(" or "), |text| UNITS.into_iter().find(|known| *known == text))?;
            let people = row.parse(
                "people",
                "at least 10: a sum over fewer people could tell about one of them",
                |text| text.parse().ok().filter(|people| *people >= LEAST_PEOPLE),
            )?;
            let wanted = match unit {
                "percent" => "a number from 0 to 100",
                "count" => "a number, 0 or more",
                _ => "a number",
            };
            let value = row.parse("value", wanted, |text| {
                let value: f64 = text.parse().ok()?;
                let sound = match unit {
                    "percent" => (0.0..=100.0).contains(&value),
                    "count" => value >= 0.0,
                    _ => true,
                };
                (value.is_finite() && sound).then_some(value)
            })?;
            let aggregate = Aggregate {
                kind: row.parse("kind", &KINDS.join(" or "), |text| {
                    KINDS.into_iter().find(|known| *known == text)
                })?,
                period: row.parse(
                    "period",
                    "a term such as 2025-autumn or a year such as 2025-26",
                    |text| calendar.period(text).is_ok().then(|| text.to_owned()),
                )?,
                group: words("group")?,
                measure: words("measure")?,
                people,
                value,
                unit,
            };
            let same = |known: &&Aggregate| {
                (&known.kind, &known.period, &known.group, &known.measure)
                    == (&aggregate.kind, &aggregate.period, &aggregate.group, &aggregate.measure)
            };
            if rows.iter().any(|known| same(&known)) {
                return Err(row.error("this sum is stated twice"));
            }
            rows.push(aggregate);
        }
        Ok(Self { rows })
    }

    /// The rows in the order of the file.
    #[must_use]
    pub fn rows(&self) -> &[Aggregate] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use crate::settings::testing::settings;

    const HEADER: &str = "kind,period,group,measure,people,value,unit\n";

    #[test]
    fn sums_over_ten_and_more_are_taken_in() {
        let sound =
            format!("{HEADER}survey,2025-autumn,Year 8,a site for school was blocked,10,35,percent\n");
        let found = settings(&[("aggregates.csv", &sound)]).unwrap();
        assert_eq!(found.aggregates().rows()[0].people, 10);
        assert!(settings(&[]).unwrap().aggregates().rows().is_empty());
    }

    #[test]
    fn slips_and_small_groups_are_refused_by_line() {
        for (row, wrong) in [
            ("survey,2025-autumn,Year 8,x,9,35,percent", "`people` must be at least 10"),
            ("survey,2025-autumn,Year 8,x,,35,percent", "`people` must be at least 10"),
            ("survey,2025-autumn,Year 8,x,40,135,percent", "`value` must be a number from 0 to 100"),
            ("survey,2025-autumn,Year 8,x,40,NaN,score", "`value` must be"),
            ("gossip,2025-autumn,Year 8,x,40,35,percent", "`kind` must be"),
            ("survey,2025-winter,Year 8,x,40,35,percent", "`period` must be"),
            ("survey,2025-autumn,Year 8,,40,35,percent", "`measure` must be"),
            ("survey,2025-autumn,Year 8,x,40,35,pounds", "`unit` must be"),
        ] {
            let error = settings(&[("aggregates.csv", &format!("{HEADER}{row}\n"))]).unwrap_err().to_string();
            assert!(error.starts_with("aggregates.csv:2: ") && error.contains(wrong), "{error}");
        }
        let twice = format!("{HEADER}{0}{0}", "survey,2025-autumn,Year 8,x,40,35,percent\n");
        let error = settings(&[("aggregates.csv", &twice)]).unwrap_err().to_string();
        assert!(error.starts_with("aggregates.csv:3: "), "{error}");
    }
}
