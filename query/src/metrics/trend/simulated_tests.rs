//! Charts and possible steps of series from an independent program, which judges them too, by the published rules.
//!
//! `tests/simulation/charts.py` makes unchanged series and ones with a step of +50 %, and says of every point what a
//! chart says of it. Here the product judges the same series; then both say how often unchanged ones are
//! called unusual and how soon a step is found, and that is held against `tests/simulation/rates.json`, which that
//! program found over 2,000 schools of another seed. 100 schools of each kind in every test run;
//! `WATERSHED_SIMULATED_SCHOOLS=2000` for the whole (`tests/runs/simulation.md`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may"
)]

use std::path::PathBuf;
use std::process::Command;

use ingest::settings::charts::ChartRules;
use jiff::Span;
use jiff::civil::{Date, date};
use serde_json::Value;

use super::charting::{Charted, Making, Point, gaps};
use super::series::{Counts, DayCounts, Measure, Week};
use super::steps;
use crate::statistics::{Rule, Side};

const SEED: &str = "20261122";
const SCHOOLS: &str = "100";

/// The numbers of `chart_rules.csv` as it ships; Python has them from the published rules.
const RULES: ChartRules = ChartRules {
    baseline_weeks: 12,
    trial_points: 5,
    shift_points: 7,
    trend_points: 7,
    full_week_days: 3,
    large_denominator: 300,
    rare_per_week: 1,
    time_chart_days: 10,
};

fn folder() -> PathBuf {
    let query = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("run by cargo"));
    query.join("../tests/simulation")
}

fn made(schools: &str) -> Value {
    let python = std::env::var("WATERSHED_PYTHON")
        .expect("no second opinion without Python: run `tests/run`, which sets it up and names it in WATERSHED_PYTHON");
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    command.arg("-B").arg(folder().join("charts.py")).args(["series", SEED, schools]).arg(dir.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&std::fs::read(dir.path().join("series.json")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect()
}

fn after(day: Date, days: usize) -> Date {
    day.checked_add(Span::new().days(days as i64)).unwrap()
}

/// Weeks from Monday 2 September 2024 on: holidays change nothing here.
fn weeks(number: usize, short: &[i64]) -> Vec<Week> {
    let week = |at: usize| {
        let monday = after(date(2024, 9, 2), 7 * at);
        let days = if short.contains(&(at as i64)) { 2 } else { 5 };
        Week { monday, first: monday, school_days: days, days_with_data: days }
    };
    (0..number).map(week).collect()
}

fn text(point: &Point) -> String {
    let rule = |rule: Rule| match rule {
        Rule::Outside => 'O',
        Rule::Shift => 'S',
        Rule::Trend => 'T',
        Rule::TwoOfThree => 'N',
    };
    let side = |side: Side| if side == Side::Higher { '+' } else { '-' };
    point.signals.iter().flat_map(|(met, way)| [rule(*met), side(*way)]).collect()
}

/// The product's chart of one series, and the weeks its steps begin in.
struct Judged {
    chart: Charted,
    steps: Vec<usize>,
    weeks: Vec<Week>,
    counts: Vec<Counts>,
    known: Vec<Date>,
}

fn judged(series: &Value, measure: Measure, short: &[i64]) -> Judged {
    let (parts, wholes) = (numbers(&series["parts"]), numbers(&series["wholes"]));
    let weeks = weeks(parts.len(), short);
    let counts: Vec<Counts> =
        parts.iter().zip(&wholes).map(|(part, whole)| Counts { part: *part, whole: *whole, ..Counts::default() }).collect();
    let known: Vec<Date> =
        weeks.iter().flat_map(|week| (0..week.school_days).map(|day| after(week.monday, day))).collect();
    let events: Vec<DayCounts> = match series["events"].is_null() {
        true => Vec::new(),
        false => numbers(&series["events"])
            .into_iter()
            .map(|at| DayCounts { day: known[at as usize], part: 1, people: 1, largest: None })
            .collect(),
    };
    let making = Making { rules: RULES, rebased: Vec::new(), measure, weeks: &weeks };
    let kind = making.kind(&counts, false, &gaps(&events, &known, None));
    let chart = if kind.of_days_between() {
        making.days_between(kind, &events, &known)
    } else {
        making.weekly(kind, &counts)
    };
    let full: Vec<(&Week, &Counts)> =
        weeks.iter().zip(&counts).filter(|(week, _)| week.full(RULES.full_week_days)).collect();
    let steps = stepping(&full, measure);
    Judged { chart, steps, weeks, counts, known }
}

/// Positions among the full weeks from which a new level may have begun.
fn stepping(full: &[(&Week, &Counts)], measure: Measure) -> Vec<usize> {
    steps::of_series("", full, measure.factor())
        .iter()
        .map(|step| full.iter().position(|(week, _)| week.monday == step.monday).unwrap())
        .collect()
}

impl Judged {
    /// What the rules looked at.
    fn points(&self) -> Vec<&Point> {
        let between = self.chart.kind.of_days_between();
        let looked_at = |point: &&Point| !point.open && point.value.is_some() && (between || point.judged);
        self.chart.points.iter().filter(looked_at).collect()
    }

    /// Points that count for how often an unchanged series signals.
    fn counted(&self) -> Vec<&Point> {
        let points = self.points();
        match self.chart.kind.word() {
            "run chart" => points,
            _ if self.chart.kind.of_days_between() => points.into_iter().filter(|point| point.judged).collect(),
            _ => points.into_iter().skip(RULES.baseline_weeks).collect(),
        }
    }

    /// Weeks from a step in this week on until the chart says "more"; of days between: five school days each.
    fn found_after(&self, changed: usize) -> Option<usize> {
        let first = self.weeks[changed].monday;
        if self.chart.kind.of_days_between() {
            let at = |day: Date| self.known.partition_point(|other| *other < day);
            let more = |point: &&&Point| point.at >= first && text(point).contains('-');
            return self.points().iter().find(more).map(|point| (at(point.at) - at(first)) / 5 + 1);
        }
        let late = self.points().into_iter().filter(|point| point.at >= first);
        late.enumerate().find(|(_, point)| text(point).contains('+')).map(|(at, _)| at + 1)
    }

    /// Weeks until a possible step within two full weeks of it is shown.
    fn stepped_after(&self, changed: usize, measure: Measure) -> Option<usize> {
        let full: Vec<(&Week, &Counts)> =
            self.weeks.iter().zip(&self.counts).filter(|(week, _)| week.full(RULES.full_week_days)).collect();
        let place = full.iter().position(|(week, _)| week.monday == self.weeks[changed].monday)?;
        (place + 4..=full.len())
            .find(|until| stepping(&full[..*until], measure).iter().any(|at| at.abs_diff(place) <= 2))
            .map(|until| until - place)
    }
}

/// The product's limits are drawn between none and all.
fn drawn(line: &Value, measure: Measure, between: bool, lower: bool) -> Option<f64> {
    let line = line.as_f64()?;
    let most = if measure == Measure::Attempts || between { f64::INFINITY } else { measure.factor() };
    Some(if lower { line.max(0.0) } else { line.min(most) })
}

fn near(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * other.abs().max(1.0),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// Every point as the other program has it.
fn same(name: &str, number: usize, ours: &Judged, series: &Value, measure: Measure) {
    let points = ours.points();
    let said: Vec<String> = points.iter().map(|point| text(point)).collect();
    let theirs: Vec<&str> = series["said"].as_array().unwrap().iter().map(|said| said.as_str().unwrap()).collect();
    assert_eq!(said, theirs, "{name}, series {number}: {points:#?}");
    let between = ours.chart.kind.of_days_between();
    for (at, point) in points.iter().enumerate() {
        let line = if between { &series["lines"] } else { &series["lines"][at] };
        if line.is_null() {
            // Written for the first hundred only, and none for too few gaps.
            continue;
        }
        for (end, (line, drawn_at)) in line.as_array().unwrap().iter().zip([point.centre, point.lower, point.upper]).enumerate() {
            let theirs = if end == 0 { line.as_f64() } else { drawn(line, measure, between, end == 1) };
            assert!(near(drawn_at, theirs), "{name}, series {number}, point {at}: {drawn_at:?}, not {theirs:?}");
        }
    }
    if !series["steps"].is_null() {
        let theirs: Vec<usize> = numbers(&series["steps"]).into_iter().skip(1).map(|at| at as usize).collect();
        assert_eq!(ours.steps, theirs, "{name}, series {number}");
    }
}

/// Two shares of so many differ by no more than chance does: four standard errors.
fn alike(what: &str, ours: (usize, usize), theirs: (i64, i64), cluster: f64) {
    let (n, m) = (ours.1 as f64, theirs.1 as f64);
    let (one, other) = (ours.0 as f64 / n, theirs.0 as f64 / m);
    let pooled = ((ours.0 as f64 + theirs.0 as f64 + 1.0) / (n + m + 2.0)).min(1.0);
    let error = (cluster * pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    assert!((one - other).abs() <= 4.0 * error, "{what}: {one:.4}, and the other program {other:.4}");
}

/// Weeks after which half of the steps are found; `-` where fewer are in the year.
fn median(mut found: Vec<Option<usize>>) -> String {
    found.sort_by_key(|weeks| weeks.unwrap_or(usize::MAX));
    found.get(found.len() / 2).copied().flatten().map_or_else(|| "-".to_owned(), |weeks| weeks.to_string())
}

#[test]
fn charts_and_steps_are_those_of_an_independent_simulation() {
    let schools = std::env::var("WATERSHED_SIMULATED_SCHOOLS").unwrap_or_else(|_| SCHOOLS.to_owned());
    let made = made(&schools);
    let rates: Value = serde_json::from_slice(&std::fs::read(folder().join("rates.json")).unwrap()).unwrap();
    let short = numbers(&made["short"]);
    let within: Vec<usize> = numbers(&made["within"]).into_iter().map(|weeks| weeks as usize).collect();
    assert_eq!(rates["within"], made["within"]);
    println!("| chart | schools | unusual points | the other program | schools with any | the other program | with a possible step | found within 1, 2, 4, 8, 13, 19 weeks | the other program | median | as a possible step | the other program | median |");
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (scenario, expected) in made["scenarios"].as_array().unwrap().iter().zip(rates["scenarios"].as_array().unwrap()) {
        let name = scenario["name"].as_str().unwrap();
        assert_eq!(scenario["name"], expected["name"]);
        let measure = Measure::of(scenario["measure"].as_str()).unwrap();
        let changed = if scenario["chart"] == "run chart" { 5 } else { made["changed"].as_u64().unwrap() as usize };
        let (mut points, mut signals, mut any, mut stepped, mut unchanged) = (0, 0, 0, 0, 0);
        let (mut found, mut as_step) = (Vec::new(), Vec::new());
        for (number, series) in scenario["series"].as_array().unwrap().iter().enumerate() {
            let ours = judged(series, measure, &short);
            assert_eq!(ours.chart.kind.word(), scenario["chart"].as_str().unwrap(), "{name}, series {number}");
            same(name, number, &ours, series, measure);
            if series["step"] == Value::Bool(true) {
                found.push(ours.found_after(changed));
                as_step.push(ours.stepped_after(changed, measure));
                continue;
            }
            let counted = ours.counted();
            let unusual = counted.iter().filter(|point| !point.signals.is_empty()).count();
            unchanged += 1;
            points += counted.len();
            signals += unusual;
            any += usize::from(unusual > 0);
            stepped += usize::from(!ours.steps.is_empty());
        }
        let of = |kind: &str, key: &str| expected[kind][key].as_i64().unwrap();
        let all = of("unchanged", "schools");
        // Points of one series share their limits: between schools they vary as a few do.
        alike(&format!("{name}: unusual points"), (signals, points), (of("unchanged", "signals"), of("unchanged", "points")), 12.0);
        alike(&format!("{name}: series with any"), (any, unchanged), (of("unchanged", "any"), all), 1.0);
        let rare = ours_is_rare(scenario);
        if !rare {
            alike(&format!("{name}: possible steps"), (stepped, unchanged), (of("unchanged", "stepped"), all), 1.0);
        }
        let (mut charts, mut possible, mut theirs, mut their_steps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (at, most) in within.iter().enumerate() {
            let count = |found: &[Option<usize>]| found.iter().filter(|weeks| weeks.is_some_and(|weeks| weeks <= *most)).count();
            let steps_of = of("step", "schools");
            let percent = |part: f64, whole: f64| format!("{:.0}", 100.0 * part / whole);
            for (kind, list, key, into, other) in [
                ("found", &found, "within", &mut charts, &mut theirs),
                ("found as a step", &as_step, "steps_within", &mut possible, &mut their_steps),
            ] {
                let expected = expected["step"][key][at].as_i64().unwrap();
                if key == "within" || !rare {
                    alike(&format!("{name}: {kind} within {most} weeks"), (count(list), list.len()), (expected, steps_of), 1.0);
                }
                into.push(percent(count(list) as f64, list.len() as f64));
                other.push(percent(expected as f64, steps_of as f64));
            }
        }
        let percent = |part: f64, whole: f64| format!("{:.1} %", 100.0 * part / whole);
        let none = |text: String| if rare { "-".to_owned() } else { text };
        println!(
            "| {name} | {unchanged} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            percent(signals as f64, points as f64),
            percent(of("unchanged", "signals") as f64, of("unchanged", "points") as f64),
            percent(any as f64, unchanged as f64),
            percent(of("unchanged", "any") as f64, all as f64),
            none(percent(stepped as f64, unchanged as f64)),
            charts.join(", "),
            theirs.join(", "),
            median(found),
            none(possible.join(", ")),
            none(their_steps.join(", ")),
            none(median(as_step)),
        );
    }
}

/// Series of days between have no weekly rates that steps are looked for in here.
fn ours_is_rare(scenario: &Value) -> bool {
    scenario["chart"].as_str().is_some_and(|chart| chart.ends_with("between"))
}
