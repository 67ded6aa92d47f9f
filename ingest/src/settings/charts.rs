//! How control charts are drawn (`chart_rules.csv`: `setting,value,note`) and where they start anew
//! (`rebase.csv`: `date,reason,who,theme`).

use jiff::civil::Date;

use super::sheet::{Sheet, Source};
use crate::error::Error;

const RULE_COLUMNS: &[&str] = &["setting", "value"];

/// The numbers behind control charts; each chart prints them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartRules {
    /// First full weeks that the limits are computed from (gaps, on charts of days between).
    pub baseline_weeks: usize,
    /// With fewer points there are no limits.
    pub trial_points: usize,
    /// Points in a row on one side of the centre line that are a signal.
    pub shift_points: usize,
    /// Points in a row, each above or each below the one before, that are a signal.
    pub trend_points: usize,
    /// School days, and days with data, that make a full week.
    pub full_week_days: usize,
    /// Denominator of a usual week from which limits follow it.
    pub large_denominator: i64,
    /// Mean a week below which the days between are charted.
    pub rare_per_week: i64,
    /// Mean of school days between from which a t chart is drawn.
    pub time_chart_days: i64,
}

/// A recorded change after which charts start anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebase {
    /// First day under the new conditions.
    pub date: Date,
    /// What changed, in the school's words.
    pub reason: String,
    /// Role that decided it.
    pub who: String,
    /// Only charts of this theme; all if none.
    pub theme: Option<String>,
}

/// Settings of control charts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charts {
    rules: ChartRules,
    rebased: Vec<Rebase>,
}

impl Charts {
    pub(crate) fn read(rules: &Source, rebase: &Source) -> Result<Self, Error> {
        let mut read = ChartRules {
            baseline_weeks: 0,
            trial_points: 0,
            shift_points: 0,
            trend_points: 0,
            full_week_days: 0,
            large_denominator: 0,
            rare_per_week: 0,
            time_chart_days: 0,
        };
        apply(&mut read, &rules.shipped_sheet(RULE_COLUMNS, &["note"])?)?;
        if let Some(own) = rules.school_sheet(RULE_COLUMNS, &["note"])? {
            apply(&mut read, &own)?;
        }
        let mut rebased: Vec<Rebase> = Vec::new();
        for row in rebase.sheet(&["date", "reason", "who"], &["theme"])?.rows() {
            let words = |column| {
                row.parse(column, "stated: a chart starts anew for a recorded reason only", |text| {
                    (!text.trim().is_empty()).then(|| text.to_owned())
                })
            };
            let theme = Some(row.get("theme").to_owned()).filter(|theme| !theme.is_empty());
            let found =
                Rebase { date: row.date("date")?, reason: words("reason")?, who: words("who")?, theme };
            if rebased.iter().any(|known| known.date == found.date && known.theme == found.theme) {
                return Err(row.error("this day is stated twice"));
            }
            rebased.push(found);
        }
        rebased.sort_by(|one, other| (one.date, &one.theme).cmp(&(other.date, &other.theme)));
        Ok(Self { rules: read, rebased })
    }

    /// The numbers behind the charts.
    #[must_use]
    pub const fn rules(&self) -> ChartRules {
        self.rules
    }

    /// Recorded changes, oldest first.
    #[must_use]
    pub fn rebased(&self) -> &[Rebase] {
        &self.rebased
    }
}

fn apply(rules: &mut ChartRules, sheet: &Sheet) -> Result<(), Error> {
    let mut seen: Vec<&str> = Vec::new();
    for row in sheet.rows() {
        let setting = row.get("setting");
        if seen.contains(&setting) {
            return Err(row.error("this setting is stated twice"));
        }
        seen.push(setting);
        let within = |least: i64, most: i64| {
            let wanted = format!("a whole number from {least} to {most}");
            row.parse("value", &wanted, |text| {
                text.parse().ok().filter(|value| (least..=most).contains(value))
            })
        };
        let size =
            |least: i64, most: i64| within(least, most).map(|value| usize::try_from(value).unwrap_or(0));
        match setting {
            "baseline_weeks" => rules.baseline_weeks = size(8, 40)?,
            "trial_points" => rules.trial_points = size(3, 12)?,
            "shift_points" => rules.shift_points = size(5, 12)?,
            "trend_points" => rules.trend_points = size(5, 12)?,
            "full_week_days" => rules.full_week_days = size(1, 5)?,
            "large_denominator" => rules.large_denominator = within(20, 1_000_000)?,
            "rare_per_week" => rules.rare_per_week = within(0, 10)?,
            "time_chart_days" => rules.time_chart_days = within(1, 1000)?,
            _ => return Err(row.error("`setting` must be one that the shipped chart_rules.csv names")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use jiff::civil::date;

    use super::*;

    fn charts(rules: Option<&str>, rebase: Option<&str>) -> Result<Charts, Error> {
        let source =
            |name, shipped, school: Option<&str>| Source { name, shipped, school: school.map(str::to_owned) };
        Charts::read(
            &source("chart_rules.csv", crate::settings::CHART_RULES, rules),
            &source("rebase.csv", crate::settings::REBASE, rebase),
        )
    }

    #[test]
    fn as_it_ships_every_rule_has_a_number_and_nothing_is_rebased() {
        let charts = charts(None, None).unwrap();
        let rules = charts.rules();
        assert_eq!((rules.baseline_weeks, rules.shift_points, rules.trend_points), (12, 7, 7));
        assert_eq!((rules.full_week_days, rules.trial_points), (3, 5));
        assert_eq!((rules.large_denominator, rules.rare_per_week, rules.time_chart_days), (300, 1, 10));
        assert!(charts.rebased().is_empty());
    }

    #[test]
    fn a_school_changes_what_it_names_and_dates_its_changes() {
        let charts = charts(
            Some("setting,value\nshift_points,8\n"),
            Some("date,reason,who,theme\n2026-01-06,other filter,head of IT,\n2025-11-03,list revised,DSL,SELFHARM\n"),
        )
        .unwrap();
        assert_eq!((charts.rules().shift_points, charts.rules().trend_points), (8, 7));
        let days: Vec<_> =
            charts.rebased().iter().map(|rebase| (rebase.date, rebase.theme.as_deref())).collect();
        assert_eq!(days, [(date(2025, 11, 3), Some("SELFHARM")), (date(2026, 1, 6), None)]);
    }

    #[test]
    fn slips_are_named_by_file_and_line() {
        for (rules, rebase, says) in [
            (
                Some("setting,value\nshift_points,99\n"),
                None,
                "chart_rules.csv:2: `value` must be a whole number from 5",
            ),
            (Some("setting,value\ncolour,7\n"), None, "chart_rules.csv:2: `setting`"),
            (Some("setting,value\nshift_points,8\nshift_points,7\n"), None, "chart_rules.csv:3: "),
            (None, Some("date,reason,who\n2025-09-31,x,y\n"), "rebase.csv:2: `date`"),
            (None, Some("date,reason,who\n2025-09-30,,DSL\n"), "rebase.csv:2: `reason`"),
            (None, Some("date,reason,who\n2025-09-30,x,DSL\n2025-09-30,y,DSL\n"), "rebase.csv:3: "),
        ] {
            let error = charts(rules, rebase).unwrap_err().to_string();
            assert!(error.starts_with(says), "{error}");
        }
    }
}
