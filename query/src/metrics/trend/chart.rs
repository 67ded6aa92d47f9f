//! The table `chart`: a control chart of each series, its limits, and which points are unusual.

use ingest::settings::charts::Rebase;
use jiff::civil::Date;

use super::super::Place;
use super::charting::{Charted, Kind, Making, Point, Standing, gaps};
use super::series::{self, History, Measure};
use super::{confounders, heading, named, title};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, PEOPLE, dimension, evidence, measure};
use crate::plan::{By, Reader};
use crate::statistics::{Rule, Side};
use crate::wording;

/// The series of the gravest, whose days between are always charted.
const GRAVEST: &str = "5";

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    let split = super::split(reader.ask.by.as_deref())?;
    let of = Measure::of(reader.ask.measure.as_deref())?;
    let all = series::since_the_first(reader, place).await?;
    let history = series::history(&all, split, of).await?;
    let days = series::days_with(&all, split, of).await?;
    let charts = place.settings.charts();
    let mut charted: Vec<(String, Charted)> = Vec::new();
    for (word, counts) in &history.series {
        let theme = split.filter(|by| by.id == "theme").map(|_| word.as_str()).or(reader.ask.theme.as_deref());
        let rebased = rebased(charts.rebased(), theme, &all);
        let making = Making { rules: charts.rules(), rebased, measure: of, weeks: &history.weeks };
        let events = days.get(word).map_or(&[][..], Vec::as_slice);
        let since = making.rebased.last().map(|rebase| rebase.date);
        let gravest = split.is_some_and(|by| by.id == "severity") && word == GRAVEST;
        let kind = making.kind(counts, gravest, &gaps(events, &history.days, since));
        let chart = if kind.of_days_between() {
            making.days_between(kind, events, &history.days)
        } else {
            making.weekly(kind, counts)
        };
        charted.push((word.clone(), chart));
    }
    let shown = |at: Date| at >= monday_of(reader.window.from) && at <= reader.window.to;
    let mut rows = Vec::new();
    for (word, chart) in &charted {
        let inside = chart.points.iter().filter(|point| shown(point.at));
        rows.extend(inside.map(|point| row(point, word, chart, &history, split, place, of)));
    }
    let confounding = confounders::of(&all, place).await?;
    let mut notes = notes(&charted, place, split, of);
    notes.extend(super::networks_known(&all, split).await?);
    notes.extend(confounders::moved_with(&confounding, last_signal(&charted, shown)));
    Ok(Figures {
        schema: "watershed.trend.chart/1",
        title: title("Control chart", split),
        unit: of.part(),
        denominator: of.whole(),
        interval: "",
        about: About::People,
        columns: columns(split, of),
        rows,
        notes,
        reading: reading(&charted, split, of, shown),
    })
}

fn monday_of(day: Date) -> Date {
    ingest::settings::calendar::week_start(day)
}

/// Changes that hold for a series. Those before its first record, or after its last, part nothing.
pub(super) fn rebased<'a>(all: &'a [Rebase], theme: Option<&str>, days: &Reader<'_>) -> Vec<&'a Rebase> {
    all.iter()
        .filter(|rebase| rebase.theme.is_none() || rebase.theme.as_deref() == theme)
        .filter(|rebase| rebase.date > days.window.from && rebase.date <= days.window.to)
        .collect()
}

fn columns(split: Option<By>, of: Measure) -> Vec<crate::TableColumn> {
    let value = of.unit_of_charts();
    let mut columns = vec![dimension("week_start_date", "From"), dimension("week", "School week")];
    columns.extend(split.map(|by| dimension(by.id, heading(by))));
    columns.extend([
        dimension("chart", "Chart"),
        dimension("signal", "Unusual"),
        measure("value", "Value", value),
        measure("centre", "Centre line", value),
        measure("lower_limit", "Lower limit", value),
        measure("upper_limit", "Upper limit", value),
        dimension("value_unit", "Unit"),
        dimension("limits", "Limits"),
        dimension("rebased", "Starts anew for"),
        measure("counted", "Counted", of.part()),
        measure("out_of", "Out of", of.whole()),
        evidence("school_days", "School days", "school days of the week"),
        evidence("days_with_data", "Days with data", "school days of the week with any record"),
        evidence("judged", "Judged", "yes: the rules look at this point"),
        evidence(PEOPLE, "Different people", "known pupils who make what is counted"),
        evidence("largest_share", "Most by one", "largest share of what is counted by one pupil"),
    ]);
    columns
}

fn row(
    point: &Point,
    word: &str,
    chart: &Charted,
    history: &History,
    split: Option<By>,
    place: &Place<'_>,
    of: Measure,
) -> Vec<Cell> {
    let week = point.week.and_then(|at| history.weeks.get(at));
    let between = chart.kind.of_days_between();
    // Of a week without data nobody knows what was counted.
    let known = between || week.is_some_and(|week| week.days_with_data > 0);
    let phase = &chart.phases[point.phase];
    let begins = chart.points.iter().find(|other| other.phase == point.phase).is_some_and(|o| o.at == point.at);
    let rebase = phase.rebase.as_ref().filter(|_| begins && !point.open);
    let mut row: Vec<Cell> =
        vec![point.at.to_string().into(), place.calendar.week_name(monday_of(point.at)).into()];
    row.extend(split.map(|_| Cell::from(word)));
    row.extend([
        chart.kind.word().into(),
        signal(chart.kind, point).into(),
        point.value.into(),
        point.centre.into(),
        point.lower.into(),
        point.upper.into(),
        unit(chart.kind, of).into(),
        limits(phase.standing, phase.baseline).into(),
        rebase.map(|rebase| format!("{} ({})", rebase.reason, rebase.who)).into(),
        if known { point.part.into() } else { Cell::Missing },
        if between || !known { Cell::Missing } else { point.whole.into() },
        week.map(|week| week.school_days as i64).into(),
        week.map(|week| week.days_with_data as i64).into(),
        (point.judged && !point.open).into(),
        if known { point.people.into() } else { Cell::Missing },
        point.largest.into(),
    ]);
    row
}

fn unit(kind: Kind, of: Measure) -> &'static str {
    match (kind.of_days_between(), of) {
        (true, _) => "days between",
        (false, Measure::Prevalence) => "share",
        (false, Measure::Rate | Measure::Attempts) => "per 1,000",
    }
}

/// `locked from 2024-09-09`: the first point of the baseline.
fn limits(standing: Standing, baseline: Option<(Date, Date)>) -> String {
    let from = baseline.map(|(from, _)| format!(" from {from}")).unwrap_or_default();
    match standing {
        Standing::Locked => format!("locked{from}"),
        Standing::Trial => format!("trial{from}"),
        Standing::None => "none".to_owned(),
    }
}

/// `higher: above the limit`; empty where nothing is unusual.
fn signal(kind: Kind, point: &Point) -> String {
    let Some((_, side)) = point.signals.first() else { return String::new() };
    let rules: Vec<&str> = point.signals.iter().map(|(rule, side)| rule_words(*rule, *side)).collect();
    format!("{}: {}", direction(kind, *side, point.open), rules.join("; "))
}

/// Compared with what is usual.
fn direction(kind: Kind, side: Side, open: bool) -> &'static str {
    match (kind.of_days_between(), side) {
        (true, Side::Higher) if open => "longer without",
        (true, Side::Higher) => "rarer",
        (true, Side::Lower) => "more often",
        (false, Side::Higher) => "higher",
        (false, Side::Lower) => "lower",
    }
}

const fn rule_words(rule: Rule, side: Side) -> &'static str {
    match (rule, side) {
        (Rule::Outside, Side::Higher) => "above the limit",
        (Rule::Outside, Side::Lower) => "below the limit",
        (Rule::Shift, Side::Higher) => "row above the centre",
        (Rule::Shift, Side::Lower) => "row below the centre",
        (Rule::Trend, Side::Higher) => "row of rises",
        (Rule::Trend, Side::Lower) => "row of falls",
        (Rule::TwoOfThree, _) => "2 of 3 near the limit",
    }
}

fn notes(charted: &[(String, Charted)], place: &Place<'_>, split: Option<By>, of: Measure) -> Vec<String> {
    let rules = place.settings.charts().rules();
    let mut notes = vec![
        format!(
            "Which chart: fewer than {} full weeks, a run chart (median, no limits); fewer than {} a week on average, or \
             severity 5, days between (t from {} school days on average, else g); {} or more {} in a usual week, Laney's \
             u' or p'; else XmR (mean and 2.66 mean moving ranges).",
            rules.baseline_weeks,
            rules.rare_per_week,
            rules.time_chart_days,
            rules.large_denominator,
            of.whole()
        ),
        format!(
            "Unusual is: outside the limits; {} in a row on one side of the centre line; {} in a row each above or each \
             below the one before; 2 of 3 in the outer third on one side. On a g chart only the upper limit and the row \
             on one side.",
            rules.shift_points, rules.trend_points
        ),
        format!(
            "Limits come from the first {} full weeks (or gaps) and are then locked; from fewer they are on trial, from \
             fewer than {} there are none. They start anew only for a change in `rebase.csv`. The numbers are those of \
             `chart_rules.csv`.",
            rules.baseline_weeks, rules.trial_points
        ),
        format!(
            "Weeks with fewer than {} school days or days with data are shown and judged by no rule.",
            rules.full_week_days
        ),
        "More is neither good nor bad by itself: a filter that blocks more, or a lesson about the matter, shows too. \
         Known pupils only; what is not tied to one is in no chart."
            .to_owned(),
    ];
    for (word, chart) in charted {
        for phase in &chart.phases {
            if let Some((from, to)) = phase.baseline.filter(|_| split.is_none() && phase.standing != Standing::None) {
                let standing = if phase.standing == Standing::Locked { "locked" } else { "on trial" };
                notes.push(format!("Limits from {} to {}: {standing}.", wording::day(from), wording::day(to)));
            }
            if let Some(rebase) = &phase.rebase {
                let name = if word.is_empty() { String::new() } else { format!("{}: ", named(split, word)) };
                notes.push(format!(
                    "{name}starts anew on {} for a recorded change: {} ({}).",
                    wording::day(rebase.date),
                    rebase.reason,
                    rebase.who
                ));
            }
        }
    }
    if split.is_some() {
        notes.push(format!(
            "{} were looked at: the more there are, the more will look unusual by chance.",
            wording::counted(charted.len() as i64, "chart", "charts")
        ));
    }
    notes.dedup();
    notes
}

/// Monday of the last judged week that is unusual in any series, if it is the last judged one.
fn last_signal(charted: &[(String, Charted)], shown: impl Fn(Date) -> bool) -> Option<Date> {
    let last = |chart: &Charted| {
        let judged = chart.points.iter().filter(|point| point.judged && point.week.is_some() && shown(point.at));
        judged.last().filter(|point| !point.signals.is_empty()).map(|point| point.at)
    };
    charted.iter().filter_map(|(_, chart)| last(chart)).max()
}

fn reading(
    charted: &[(String, Charted)],
    split: Option<By>,
    of: Measure,
    shown: impl Fn(Date) -> bool,
) -> String {
    let Some(split) = split else {
        return charted.first().map_or_else(nothing, |(_, chart)| one(chart, of, &shown));
    };
    let mut unusual = Vec::new();
    let mut judged = 0;
    for (word, chart) in charted {
        let Some(point) = latest(chart, &shown) else { continue };
        judged += 1;
        if let Some((_, side)) = point.signals.first() {
            let most = one_makes_most(point);
            unusual.push(format!(
                "{}: {} than usual{}{most}",
                named(Some(split), word),
                direction(chart.kind, *side, point.open),
                for_the(chart, point, *side, &shown)
            ));
        }
    }
    match (judged, unusual.len()) {
        (0, _) => nothing(),
        (_, 0) => format!(
            "Nothing unusual at the end of these days in {}.",
            wording::counted(judged, "chart", "charts")
        ),
        _ => format!("{}. Of {judged} looked at, no others stand out.", unusual.join(". ")),
    }
}

fn nothing() -> String {
    "Not measurable: no full school week of these days has a known pupil's activity.".to_owned()
}

/// The last point that the rules judged in the days shown; an open one that is unusual goes first.
fn latest(chart: &Charted, shown: impl Fn(Date) -> bool) -> Option<&Point> {
    let inside = || chart.points.iter().filter(|point| shown(point.at));
    let open = inside().rfind(|point| point.open && !point.signals.is_empty());
    open.or_else(|| inside().rfind(|point| point.judged && !point.open))
}

/// `, for the third week`: judged points in a row that are unusual on the same side.
fn for_the(chart: &Charted, point: &Point, side: Side, shown: impl Fn(Date) -> bool) -> String {
    if point.open || chart.kind.of_days_between() {
        return String::new();
    }
    let judged = chart.points.iter().filter(|other| other.judged && other.at <= point.at && shown(other.at));
    let number = judged
        .rev()
        .take_while(|other| other.signals.first().is_some_and(|(_, known)| *known == side))
        .count();
    match number {
        0 | 1 => String::new(),
        2 => " for the second week".to_owned(),
        3 => " for the third week".to_owned(),
        many => format!(" for {many} weeks"),
    }
}

/// That the weeks right before were unusual, where they were.
fn before_it(chart: &Charted, point: &Point, shown: impl Fn(Date) -> bool) -> String {
    if chart.kind.of_days_between() {
        return String::new();
    }
    let judged = chart.points.iter().filter(|other| other.judged && other.at < point.at && shown(other.at));
    let before: Vec<Side> =
        judged.rev().map_while(|other| other.signals.first().map(|(_, side)| *side)).collect();
    let Some(side) = before.first() else { return String::new() };
    let weeks = before.iter().take_while(|other| *other == side).count();
    let weeks = if weeks == 1 { "week before was".to_owned() } else { format!("{weeks} weeks before were") };
    format!(" The {weeks} {} than usual.", direction(chart.kind, *side, false))
}

fn one_makes_most(point: &Point) -> String {
    let most = point.largest.filter(|share| *share > 0.5 && point.part >= 3);
    most.map(|share| format!("; one pupil makes most of it ({})", wording::percent(share))).unwrap_or_default()
}

fn one(chart: &Charted, of: Measure, shown: &impl Fn(Date) -> bool) -> String {
    let Some(point) = latest(chart, shown) else {
        return match chart.kind {
            Kind::G | Kind::T if chart.points.iter().any(|point| point.value.is_some()) => {
                "It happened on too few days to say what is usual.".to_owned()
            }
            Kind::G | Kind::T => "It happened on no two days, so there are no days between.".to_owned(),
            _ => nothing(),
        };
    };
    let phase = &chart.phases[point.phase];
    let value = point.value.unwrap_or_default();
    let lead = if chart.kind.of_days_between() {
        let days = wording::counted(value as i64, "school day", "school days");
        if point.open { format!("{days} since the last one") } else { format!("The last one came {days} after the one before") }
    } else {
        format!("Week of {}: {}", wording::day(point.at), of.words(value))
    };
    let usual = match (phase.standing, point.lower, point.upper) {
        (Standing::None, ..) if chart.kind == Kind::Run => {
            "there are too few weeks for limits, so only a long row on one side or in one direction would show"
                .to_owned()
        }
        (Standing::None, ..) => "there is no usual range to compare it with".to_owned(),
        (_, lower, Some(upper)) if chart.kind.of_days_between() => {
            format!("usual is {} to {} school days", wording::rate(lower.unwrap_or(1.0).max(1.0)), wording::rate(upper))
        }
        (_, lower, upper) => format!(
            "usual is {} to {}",
            of.words(lower.unwrap_or_default()),
            of.words(upper.unwrap_or_default())
        ),
    };
    let trial = if phase.standing == Standing::Trial { " (limits on trial)" } else { "" };
    let most = one_makes_most(point);
    match point.signals.first() {
        None => format!("{lead}. No clear change: {usual}{trial}{most}.{}", before_it(chart, point, shown)),
        Some((rule, side)) => format!(
            "{lead}. That is {} than usual{} ({}): {usual}{trial}{most}.",
            direction(chart.kind, *side, point.open),
            for_the(chart, point, *side, shown),
            rule_words(*rule, *side)
        ),
    }
}
