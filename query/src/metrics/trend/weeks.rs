//! The table `weeks`: attempts, episodes, actor-days and their rate, whole school or split.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::super::rates::{self, Figure, Key};
use super::{Place, Unseen, is_part_of_activity};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, PUPIL_INTERVAL, dimension, evidence};
use crate::plan::{By, Counted, Reader, WEEK};
use crate::wording;

/// One row per week (and word).
struct Week {
    monday: Date,
    school_days: usize,
    days_with_data: usize,
    figures: Vec<(String, Figure)>,
}

/// Computes it.
pub(super) async fn figures(
    reader: &Reader<'_>,
    place: &Place<'_>,
    unseen: &Unseen,
) -> Result<Figures, Error> {
    let full = place.settings.charts().rules().full_week_days;
    let split = super::split(reader.ask.by.as_deref())?;
    let by: Vec<By> = [WEEK].into_iter().chain(split).collect();
    let per: Vec<By> = by.iter().copied().filter(|by| by.id == WEEK.id || is_part_of_activity(*by)).collect();
    let mut found = rates::figures(reader, &by, &per).await?;
    let words = match split {
        None => vec![String::new()],
        Some(by) if is_part_of_activity(by) => sorted(reader.words(Counted::by(&[by]).active, by).await?),
        Some(_) => distinct(&found),
    };
    // A group of which nothing can be counted in these days (guests, mostly) has no line.
    let words: Vec<String> = words
        .into_iter()
        .filter(|word| {
            let counts = |figure: &Figure| figure.attempts + figure.episodes + figure.active_days > 0;
            split.is_none() || found.iter().any(|(key, figure)| key.get(1) == Some(word) && counts(figure))
        })
        .collect();
    let with_data = reader.days_with_data(&by).await?;
    let weeks: Vec<Week> = reader
        .window
        .weeks()
        .into_iter()
        .map(|(monday, school_days)| {
            let within = |day: &&Date| **day >= monday && (monday.until(**day)).is_ok_and(|s| s.get_days() < 7);
            let figures = words.iter().map(|word| {
                let key: Key =
                    [monday.to_string()].into_iter().chain(split.map(|_| word.clone())).collect();
                let figure = found.remove(&key).unwrap_or_default();
                (word.clone(), figure)
            });
            Week {
                monday,
                school_days,
                days_with_data: with_data.iter().filter(within).count(),
                figures: figures.collect(),
            }
        })
        .collect();

    let mut columns = vec![dimension("week_start_date", "Week from"), dimension("week", "School week")];
    columns.extend(split.map(|by| dimension(by.id, super::heading(by))));
    columns.push(evidence("school_days", "School days", "school days of the week in the period"));
    columns.push(evidence("days_with_data", "Days with data", "school days of the week with any record"));
    columns.push(evidence("short_week", "Short week", "yes: fewer school days than a full week has"));
    columns.extend(rates::columns());

    let mut rows = Vec::new();
    for week in &weeks {
        for (word, figure) in &week.figures {
            let mut row: Vec<Cell> =
                vec![week.monday.to_string().into(), place.calendar.week_name(week.monday).into()];
            row.extend(split.map(|_| Cell::from(word.clone())));
            row.push((week.school_days as i64).into());
            row.push((week.days_with_data as i64).into());
            row.push((week.school_days < full).into());
            let cells = figure.cells();
            if week.days_with_data == 0 {
                row.extend(cells.iter().map(|_| Cell::Missing));
            } else {
                row.extend(cells);
            }
            rows.push(row);
        }
    }
    let mut notes = vec![
        format!("Only school days count; weeks with fewer than {full} of them are flagged and not compared."),
        "The rate counts pupils known as persons; illegal-list hits are in no trend.".to_owned(),
    ];
    if split.is_none() && reader.ask.theme.is_none() {
        notes.push("Every theme counts, games and social media that were blocked too; the trend by theme tells them apart.".to_owned());
    }
    notes.extend(super::networks_known(reader, split).await?);
    if unseen.records > 0 && weeks.iter().flat_map(|week| &week.figures).all(|(_, figure)| figure.active_days == 0) {
        notes.push(
            "No record of these days is tied to a pupil, so there is no rate; import the roster (`people import`)."
                .to_owned(),
        );
    }
    Ok(Figures {
        schema: "watershed.trend/1",
        title: super::title("Week by week", split),
        unit: "attempts; episodes; pupils' actor-days",
        denominator: "pupils' active actor-days",
        interval: PUPIL_INTERVAL,
        about: About::People,
        columns,
        rows,
        notes,
        reading: if split.is_none() { reading(&weeks, full) } else { reading_split(&weeks, full) },
    })
}

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort_by_cached_key(|word| wording::natural(word));
    words
}

fn distinct(found: &BTreeMap<Key, Figure>) -> Vec<String> {
    let mut words: Vec<String> = found.keys().filter_map(|key| key.get(1).cloned()).collect();
    words.sort();
    words.dedup();
    words
}

/// Full weeks with data, oldest first.
fn comparable(weeks: &[Week], full: usize) -> Vec<&Week> {
    weeks.iter().filter(|week| week.school_days.min(week.days_with_data) >= full).collect()
}

fn reading(weeks: &[Week], full: usize) -> String {
    let full = comparable(weeks, full);
    let Some((week, figure)) = full.last().and_then(|week| Some((week, &week.figures.first()?.1))) else {
        return "There is no full school week with data in these days.".to_owned();
    };
    let mut text = format!("In the week of {}: {}", wording::day(week.monday), counted(figure));
    let Some((rate, lower, upper)) = figure.rate() else {
        return format!("{text}. No pupil was active as a known person, so there is no rate.");
    };
    text.push_str(&format!(
        ". Pupils had at least one episode on {} of {} active days: {} per 1,000 ({} to {})",
        wording::whole(figure.actor_days),
        wording::whole(figure.active_days),
        wording::rate(rate),
        wording::rate(lower),
        wording::rate(upper)
    ));
    let before = full.len().checked_sub(2).and_then(|index| full[index].figures.first()?.1.rate());
    text.push_str(match before {
        None => ".",
        Some((_, _, earlier_upper)) if lower > earlier_upper => {
            ", higher than in the full school week before (the intervals do not meet)."
        }
        Some((_, earlier_lower, _)) if upper < earlier_lower => {
            ", lower than in the full school week before (the intervals do not meet)."
        }
        Some(_) => ". No clear change from the full school week before.",
    });
    text.push_str(&one_makes_most(figure));
    text
}

fn counted(figure: &Figure) -> String {
    format!(
        "{} and {} of {}",
        wording::counted(figure.attempts, "blocked attempt", "blocked attempts"),
        wording::counted(figure.episodes, "episode", "episodes"),
        wording::counted(figure.people, "known person", "known people")
    )
}

/// Says so when one actor makes more than half.
pub(in crate::metrics) fn one_makes_most(figure: &Figure) -> String {
    if figure.largest_of_attempts.is_some_and(|share| share > 0.5) && figure.attempts >= 3 {
        return format!(
            " One actor makes most of the attempts ({}).",
            wording::percent(figure.largest_of_attempts.unwrap_or_default())
        );
    }
    if figure.largest_of_episodes.is_some_and(|share| share > 0.5) && figure.episodes >= 3 {
        return format!(
            " One actor makes most of the episodes ({}).",
            wording::percent(figure.largest_of_episodes.unwrap_or_default())
        );
    }
    String::new()
}

fn reading_split(weeks: &[Week], full: usize) -> String {
    let full = comparable(weeks, full);
    let Some(week) = full.last() else {
        return "There is no full school week with data in these days.".to_owned();
    };
    let mut rated: Vec<(&str, (f64, f64, f64), &Figure)> = week
        .figures
        .iter()
        .filter_map(|(word, figure)| Some((word.as_str(), figure.rate()?, figure)))
        .filter(|(_, _, figure)| figure.actor_days > 0)
        .collect();
    rated.sort_by(|one, other| other.1.0.total_cmp(&one.1.0));
    let Some((word, (rate, lower, upper), figure)) = rated.first() else {
        return format!("No known pupil had an episode in the week of {}.", wording::day(week.monday));
    };
    let mut text = format!(
        "In the week of {}, the highest rate is that of {word}: {} per 1,000 active pupil-days ({} to {})",
        wording::day(week.monday),
        wording::rate(*rate),
        wording::rate(*lower),
        wording::rate(*upper)
    );
    match rated.get(1) {
        Some((next, (_, _, next_upper), _)) if lower <= next_upper => {
            text.push_str(&format!(", not clearly above {next}."));
        }
        _ => text.push('.'),
    }
    text.push_str(&one_makes_most(figure));
    text
}
