//! The table `steps`: weeks from which a series may have gone on at another level, and what was
//! recorded near them. A possible step is never a cause.

use jiff::Span;
use jiff::civil::Date;

use super::super::Place;
use super::confounders;
use super::series::{self, Counts, Measure, Week};
use super::{chart, heading, named, title};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, PEOPLE, dimension, evidence, measure};
use crate::plan::{By, Cells, Counted, PUPIL, Reader, Sum, sum};
use crate::session::Value;
use crate::statistics::stretches;
use crate::window::Window;
use crate::wording;

/// A level must last so many full weeks.
const LEAST_WEEKS: usize = 4;
/// So many days before and after a step a recorded change stands beside it.
const NEAR_DAYS: i64 = 14;

/// A possible step.
pub(super) struct Step {
    word: String,
    /// Monday of the first week of the new level.
    pub(super) monday: Date,
    last: Date,
    /// Level before and after, with the number of full weeks.
    before: (f64, usize),
    after: (f64, usize),
}

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    let split = super::split(reader.ask.by.as_deref())?;
    let of = Measure::of(reader.ask.measure.as_deref())?;
    let all = series::since_the_first(reader, place).await?;
    let history = series::history(&all, split, of).await?;
    let full = place.settings.charts().rules().full_week_days;
    let mut steps = Vec::new();
    let mut longest = 0;
    for (word, counts) in &history.series {
        let weeks: Vec<(&Week, &Counts)> = history
            .weeks
            .iter()
            .zip(counts)
            .filter(|(week, counts)| week.full(full) && counts.whole > 0)
            .collect();
        longest = longest.max(weeks.len());
        steps.extend(of_series(word, &weeks, of.factor()));
    }
    steps.retain(|step| step.monday >= reader.window.from && step.monday <= reader.window.to);
    steps.sort_by(|one, other| {
        (one.monday, wording::natural(&one.word)).cmp(&(other.monday, wording::natural(&other.word)))
    });
    let confounding = confounders::of(&all, place).await?;
    let mut rows = Vec::new();
    for step in &steps {
        let moved: Vec<String> = confounding
            .iter()
            .filter(|week| week.monday == Some(step.monday))
            .flat_map(|week| week.moved.clone())
            .collect();
        rows.push(row(step, &all, place, split, of, &moved).await?);
    }
    Ok(Figures {
        schema: "watershed.trend.steps/1",
        title: title("Possible steps", split),
        unit: of.part(),
        denominator: of.whole(),
        interval: "",
        about: About::People,
        columns: columns(split, of),
        rows,
        notes: vec![
            format!(
                "How: the split of the log rates of full weeks since the first record that loses least squared deviation \
                 at a price of 3 ln(weeks) variances a step, {LEAST_WEEKS} weeks a level at least. Another method may \
                 place a step elsewhere, or find none."
            ),
            format!(
                "Beside a step stands what was recorded up to {NEAR_DAYS} days before or after it. That the two are near \
                 each other does not make one the cause of the other."
            ),
            "No chart starts anew because of a possible step: only a row of `rebase.csv` does that.".to_owned(),
        ]
        .into_iter()
        .chain(super::networks_known(&all, split).await?)
        .collect(),
        reading: reading(&steps, longest, split),
    })
}

/// Possible steps of a series of full weeks.
pub(super) fn of_series(word: &str, weeks: &[(&Week, &Counts)], factor: f64) -> Vec<Step> {
    let logs: Vec<f64> = weeks
        .iter()
        .map(|(_, counts)| ((counts.part as f64 + 0.5) / (counts.whole as f64 + 0.5)).ln())
        .collect();
    // Nothing ever counted has no level but that of its denominators.
    if weeks.iter().all(|(_, counts)| counts.part == 0) {
        return Vec::new();
    }
    let starts = stretches(&logs, LEAST_WEEKS);
    let ends: Vec<usize> = starts.iter().copied().skip(1).chain([logs.len()]).collect();
    let level = |from: usize, to: usize| {
        let mean = logs[from..to].iter().sum::<f64>() / (to - from) as f64;
        (factor * mean.exp(), to - from)
    };
    (1..starts.len())
        .map(|at| Step {
            word: word.to_owned(),
            monday: weeks[starts[at]].0.monday,
            last: weeks[ends[at] - 1].0.monday,
            before: level(starts[at - 1], starts[at]),
            after: level(starts[at], ends[at]),
        })
        .collect()
}

fn columns(split: Option<By>, of: Measure) -> Vec<crate::TableColumn> {
    let mut columns = vec![dimension("week_start_date", "Possible step from"), dimension("week", "School week")];
    columns.extend(split.map(|by| dimension(by.id, heading(by))));
    columns.extend([
        measure("level_before", "Level before", of.unit()),
        measure("level_after", "Level after", of.unit()),
        measure("ratio", "Times", "level after over level before"),
        measure("weeks_before", "Weeks before", "full weeks of the level before"),
        measure("weeks_after", "Weeks after", "full weeks of the level after"),
        dimension("recorded", "Recorded near it"),
        dimension("moved", "What moved too"),
        evidence(PEOPLE, "Different people", "known pupils who make what is counted after the step"),
        evidence("largest_share", "Most by one", "largest share of it by one pupil"),
    ]);
    columns
}

async fn row(
    step: &Step,
    all: &Reader<'_>,
    place: &Place<'_>,
    split: Option<By>,
    of: Measure,
    moved: &[String],
) -> Result<Vec<Cell>, Error> {
    let until = step.last.checked_add(Span::new().days(6)).unwrap_or(step.last);
    let after = all.over(Window::between(step.monday, until.min(all.window.to), place.calendar));
    let (people, largest) = evidence_of(&after, split, &step.word, of).await?;
    let theme = split.filter(|by| by.id == "theme").map(|_| step.word.as_str()).or(all.ask.theme.as_deref());
    let near = recorded(all, place, theme, step.monday).await?;
    let mut row: Vec<Cell> =
        vec![step.monday.to_string().into(), place.calendar.week_name(step.monday).into()];
    row.extend(split.map(|_| Cell::from(step.word.clone())));
    row.extend([
        step.before.0.into(),
        step.after.0.into(),
        (step.after.0 / step.before.0).into(),
        (step.before.1 as i64).into(),
        (step.after.1 as i64).into(),
        if near.is_empty() { "nothing".into() } else { near.join("; ").into() },
        if moved.is_empty() { "nothing".into() } else { moved.join("; ").into() },
        people.into(),
        largest.into(),
    ]);
    Ok(row)
}

/// Different pupils after a step and the largest share of one.
async fn evidence_of(
    after: &Reader<'_>,
    split: Option<By>,
    word: &str,
    of: Measure,
) -> Result<(i64, Option<f64>), Error> {
    const DAYS: &[Sum<'_>] = &[sum("counted", "count(DISTINCT local_date)")];
    let by: Vec<By> = split.into_iter().collect();
    let counted = Counted::by(&by);
    let attempts = [sum("counted", counted.sum_of_attempts)];
    let (table, with, sums): (_, _, &[Sum<'_>]) = match of {
        Measure::Attempts => (counted.attempts, counted.with_attempts, &attempts),
        Measure::Rate | Measure::Prevalence => (counted.episodes, counted.with_episodes, DAYS),
    };
    let only = format!("{PUPIL} AND {with}");
    let answer = after.cells(&Cells { table, only: &only, by: &by, sums, weight: "counted" }).await?;
    let of_word = |row: &usize| split.is_none_or(|by| answer.text(*row, by.id).as_deref() == Some(word));
    let Some(row) = (0..answer.len()).find(of_word) else { return Ok((0, None)) };
    Ok((answer.count(row, "distinct_people"), answer.real(row, "largest_share")))
}

/// What was recorded near a day: rows of `rebase.csv`, and decided changes to the filter.
async fn recorded(
    all: &Reader<'_>,
    place: &Place<'_>,
    theme: Option<&str>,
    monday: Date,
) -> Result<Vec<String>, Error> {
    let days = Span::new().days(NEAR_DAYS);
    let from = monday.checked_sub(days).unwrap_or(monday);
    let to = monday.checked_add(days).unwrap_or(monday);
    let rebased = chart::rebased(place.settings.charts().rebased(), theme, all);
    let mut found: Vec<String> = rebased
        .iter()
        .filter(|rebase| rebase.date >= from && rebase.date <= to)
        .map(|rebase| format!("{} on {}", rebase.reason, rebase.date))
        .collect();
    let statement = "SELECT count(*) AS n, min(coalesce(applied_from, decided_date)) AS day FROM changes \
        WHERE decision = 'approved' AND NOT illegal AND coalesce(applied_from, decided_date) BETWEEN $first AND $last";
    let values = [("first", Value::Day(from)), ("last", Value::Day(to))];
    let answer = all.session.query(statement, &values).await?;
    let changes = answer.count(0, "n");
    if let (true, Some(day)) = (changes > 0, answer.day(0, "day")) {
        let changes = wording::counted(changes, "approved change", "approved changes");
        found.push(format!("{changes} to the filter, the first on {day}"));
    }
    Ok(found)
}

fn reading(steps: &[Step], longest: usize, split: Option<By>) -> String {
    if longest < 2 * LEAST_WEEKS {
        return format!(
            "Not measurable: a step needs {} full weeks with known pupils at least, and there are {longest}.",
            2 * LEAST_WEEKS
        );
    }
    let Some(last) = steps.last() else {
        return "No possible step in these days.".to_owned();
    };
    let way = if last.after.0 > last.before.0 { "higher" } else { "lower" };
    format!(
        "{}. The last: {} goes on at a {way} level from the week of {} ({} times). Why is not known from this.",
        wording::counted(steps.len() as i64, "possible step", "possible steps"),
        named(split, &last.word),
        wording::day(last.monday),
        wording::times(last.after.0 / last.before.0)
    )
}
