//! The table `persistence`: who keeps trying (P3), by group and theme, and how many episodes there were
//! before and after an incident about the same pupil. Counts only, nobody named.

use std::collections::{BTreeMap, BTreeSet};

use ingest::schema;
use ingest::school::AcademicYear;
use jiff::civil::Date;

use super::super::Place;
use super::series;
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, PEOPLE, dimension, evidence, measure};
use crate::plan::{Cells, GROUP, PUPIL, Reader, Sum, THEME, sum};
use crate::wording;

/// School days with data looked at before an incident, and as many after it.
const MOST_DAYS: usize = 20;
/// With fewer on either side an incident is left out.
const LEAST_DAYS: usize = 5;

type Key = (String, String);

/// What pupils with an incident did around it.
#[derive(Default)]
struct Around {
    pupils: BTreeSet<i64>,
    before: i64,
    after: i64,
    school_days: usize,
}

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    const SUMS: &[Sum<'_>] = &[
        sum("episodes", "count(*)"),
        sum("persistent", "count(*) FILTER (WHERE persistent)"),
        sum("pupils", "max(CASE WHEN persistent THEN 1 ELSE 0 END)"),
    ];
    let by = [GROUP, THEME];
    let cells = Cells { table: &schema::EPISODES, only: PUPIL, by: &by, sums: SUMS, weight: "persistent" };
    let answer = reader.cells(&cells).await?;
    let (around, incidents, left_out) = around_incidents(reader, place).await?;
    let mut rows: BTreeMap<Key, Vec<Cell>> = BTreeMap::new();
    let mut most: Option<(i64, i64, Option<f64>, Key)> = None;
    let mut all = 0;
    for row in 0..answer.len() {
        let key = (
            answer.text(row, GROUP.id).unwrap_or_default(),
            answer.text(row, THEME.id).unwrap_or_default(),
        );
        let (persistent, pupils) = (answer.count(row, "persistent"), answer.count(row, "pupils"));
        if persistent == 0 && !around.contains_key(&key) {
            continue;
        }
        all += persistent;
        let largest = answer.real(row, "largest_share");
        if persistent > 0 && most.as_ref().is_none_or(|(known, ..)| persistent > *known) {
            most = Some((persistent, pupils, largest, key.clone()));
        }
        let figures = [answer.count(row, "episodes"), persistent, pupils];
        rows.insert(key.clone(), cells_of(&key, figures, largest, around.get(&key)));
    }
    for (key, found) in &around {
        rows.entry(key.clone()).or_insert_with(|| cells_of(key, [0, 0, 0], None, Some(found)));
    }
    let mut rows: Vec<(Key, Vec<Cell>)> = rows.into_iter().collect();
    rows.sort_by_cached_key(|((group, theme), _)| (wording::natural(group), wording::natural(theme)));
    Ok(Figures {
        schema: "watershed.trend.persistence/1",
        title: "Who keeps trying, by group and theme".to_owned(),
        unit: "episodes of known pupils",
        denominator: "",
        interval: "",
        about: About::People,
        columns: columns(),
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        notes: notes(incidents, left_out),
        reading: reading(all, most, &around),
    })
}

fn columns() -> Vec<crate::TableColumn> {
    vec![
        dimension("group_id", "Group"),
        dimension("theme", "Theme"),
        measure("episodes", "Episodes", "episodes of known pupils"),
        measure("persistent_episodes", "Persistent", "episodes with 3 attempts in 10 minutes, or 5 in a school day"),
        evidence(PEOPLE, "Persistent people", "known pupils with a persistent episode"),
        evidence("largest_share_of_persistent", "Most by one", "largest share of the persistent episodes by one pupil"),
        measure("pupils_with_incident", "With an incident", "known pupils with an incident in the period and an episode near it"),
        measure("episodes_before", "Episodes before", "their episodes on so many school days before their first incident"),
        measure("episodes_after", "Episodes after", "their episodes on as many school days after it"),
        measure("school_days_each", "School days", "school days with data looked at on each side, summed over these pupils"),
    ]
}

fn cells_of(key: &Key, figures: [i64; 3], largest: Option<f64>, around: Option<&Around>) -> Vec<Cell> {
    let [episodes, persistent, pupils] = figures;
    vec![
        key.0.clone().into(),
        key.1.clone().into(),
        episodes.into(),
        persistent.into(),
        pupils.into(),
        largest.into(),
        around.map_or(0, |found| found.pupils.len() as i64).into(),
        around.map(|found| found.before).into(),
        around.map(|found| found.after).into(),
        around.map(|found| found.school_days as i64).into(),
    ]
}

/// Episodes around the first incident of each pupil in the period; incidents of matched pupils, and those
/// left out because too few days lie before or after.
async fn around_incidents(
    reader: &Reader<'_>,
    place: &Place<'_>,
) -> Result<(BTreeMap<Key, Around>, i64, i64), Error> {
    let statement = "SELECT subject, min(local_date) AS day FROM incidents \
        WHERE subject IS NOT NULL AND role = 'pupil' AND local_date BETWEEN $first AND $last \
        GROUP BY subject ORDER BY subject";
    let answer = reader.session.query(statement, &reader.values()).await?;
    let incidents: BTreeMap<i64, Date> = (0..answer.len())
        .filter_map(|row| Some((answer.integer(row, "subject")?, answer.day(row, "day")?)))
        .collect();
    let mut around: BTreeMap<Key, Around> = BTreeMap::new();
    let number = incidents.len() as i64;
    if incidents.is_empty() {
        return Ok((around, number, 0));
    }
    // Days near the ends of the period reach beyond it.
    let all = series::since_the_first(reader, place).await?;
    let newest = place.newest.map(|newest| newest.to_zoned(place.zone.clone()).date());
    let until = newest.unwrap_or(all.window.to).max(all.window.to);
    let all = all.over(crate::window::Window::between(all.window.from, until, place.calendar));
    let days = all.days_with_data(&[]).await?;
    let mut spans: BTreeMap<i64, (Vec<Date>, Vec<Date>)> = BTreeMap::new();
    let mut left_out = 0;
    for (subject, day) in &incidents {
        // A pseudonym holds for one school year.
        let of_year = |other: &&Date| AcademicYear::of(**other) == AcademicYear::of(*day);
        let before: Vec<Date> =
            days.iter().filter(of_year).filter(|other| *other < day).rev().take(MOST_DAYS).copied().collect();
        let after: Vec<Date> =
            days.iter().filter(of_year).filter(|other| *other > day).take(MOST_DAYS).copied().collect();
        let each = before.len().min(after.len());
        if each < LEAST_DAYS {
            left_out += 1;
        } else {
            spans.insert(*subject, (before[..each].to_vec(), after[..each].to_vec()));
        }
    }
    let statement = format!(
        "SELECT actor, CAST(local_date AS VARCHAR) AS local_date, group_id, {theme} AS theme, count(*) AS episodes \
         FROM episodes WHERE {counted} AND actor IN (SELECT subject FROM incidents WHERE subject IS NOT NULL) \
         GROUP BY actor, local_date, group_id, {theme}",
        theme = THEME.expression,
        counted = all.counted(&schema::EPISODES, PUPIL),
    );
    let episodes = all.session.query(&statement, &all.values()).await?;
    for row in 0..episodes.len() {
        let (Some(actor), Some(day)) = (
            episodes.integer(row, "actor"),
            episodes.text(row, "local_date").and_then(|day| day.parse::<Date>().ok()),
        ) else {
            continue;
        };
        let Some((before, after)) = spans.get(&actor) else { continue };
        let (is_before, is_after) = (before.contains(&day), after.contains(&day));
        if !is_before && !is_after {
            continue;
        }
        let key = (
            episodes.text(row, "group_id").unwrap_or_default(),
            episodes.text(row, "theme").unwrap_or_default(),
        );
        let found = around.entry(key).or_default();
        if found.pupils.insert(actor) {
            found.school_days += before.len();
        }
        let number = episodes.count(row, "episodes");
        if is_before { found.before += number } else { found.after += number }
    }
    Ok((around, number, left_out))
}

fn notes(incidents: i64, left_out: i64) -> Vec<String> {
    let mut notes = vec![
        "Known pupils only: nobody is counted who shares an account or is not told apart.".to_owned(),
        format!(
            "Before and after: up to {MOST_DAYS} school days with data on each side of a pupil's first incident in the \
             period, as many before as after, the day itself left out, within one school year."
        ),
        "An incident is often written down when there was most to see, so fewer episodes after it are to be expected \
         even where nothing was done; and what was done is not in these exports."
            .to_owned(),
    ];
    if incidents == 0 {
        notes.push(
            "No incident of these days is about a pupil of the roster, so there is nothing before or after.".to_owned(),
        );
    } else if left_out > 0 {
        notes.push(format!(
            "{} of {incidents} left out: fewer than {LEAST_DAYS} school days with data before or after.",
            wording::counted(left_out, "pupil with an incident is", "pupils with an incident are")
        ));
    }
    notes
}

fn reading(all: i64, most: Option<(i64, i64, Option<f64>, Key)>, around: &BTreeMap<Key, Around>) -> String {
    let mut text = match most {
        None => "No known pupil had a persistent episode in these days.".to_owned(),
        Some((number, pupils, largest, (group, theme))) => {
            let one = largest.filter(|share| *share > 0.5 && number >= 3);
            format!(
                "{} in all; most of {theme} in {group}: {number} by {}{}.",
                wording::counted(all, "persistent episode", "persistent episodes"),
                wording::counted(pupils, "pupil", "pupils"),
                one.map(|share| format!(", most by one ({})", wording::percent(share))).unwrap_or_default()
            )
        }
    };
    let (before, after) =
        around.values().fold((0, 0), |(before, after), found| (before + found.before, after + found.after));
    if before + after > 0 {
        text.push_str(&format!(
            " Pupils with an incident had {} before it and {} after it, over equal numbers of school days.",
            wording::counted(before, "episode", "episodes"),
            wording::whole(after)
        ));
    }
    text
}
