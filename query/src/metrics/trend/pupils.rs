//! The table `pupils`: is it one pupil or many? Prevalence and concentration of each week.

use std::collections::{BTreeMap, HashMap};

use super::super::Place;
use super::series::{self, Week};
use super::{heading, is_part_of_activity, named, title};
use crate::answer::Answer;
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, PEOPLE, PUPIL_INTERVAL, dimension, ends, evidence, measure};
use crate::plan::{ACTIVE_PUPIL, By, Cells, Counted, PUPIL, Reader, Sum, WEEK, sum};
use crate::statistics::{Cluster, clustered_share, effective_number};
use crate::wording;

type Key = (String, String);

#[derive(Default)]
struct Found {
    pupils: i64,
    active: i64,
    /// Episodes of each actor, known or not, largest first.
    episodes: Vec<i64>,
}

impl Found {
    fn prevalence(&self) -> Option<(f64, f64, f64)> {
        let pupil = |index: i64| Cluster { part: f64::from(u8::from(index < self.pupils)), whole: 1.0 };
        let clusters: Vec<Cluster> = (0..self.active).map(pupil).collect();
        let share = clustered_share(&clusters)?;
        Some((share.share, share.interval.lower, share.interval.upper))
    }

    fn effective(&self) -> Option<f64> {
        let counts: Vec<f64> = self.episodes.iter().map(|count| *count as f64).collect();
        effective_number(&counts)
    }

    fn all_episodes(&self) -> i64 {
        self.episodes.iter().sum()
    }

    fn largest(&self) -> Option<f64> {
        self.episodes.first().map(|most| *most as f64 / self.all_episodes() as f64)
    }
}

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    const PUPILS: &[Sum<'_>] = &[sum("pupils", "1")];
    let split = super::split(reader.ask.by.as_deref())?;
    let own = split.filter(|by| is_part_of_activity(*by));
    let by: Vec<By> = [WEEK].into_iter().chain(split).collect();
    let per: Vec<By> = [WEEK].into_iter().chain(own).collect();
    let mut found: BTreeMap<Key, Found> = BTreeMap::new();
    let key = |answer: &Answer, row: usize, by: Option<By>| -> Key {
        let word = by.and_then(|by| answer.text(row, by.id)).unwrap_or_default();
        (answer.text(row, WEEK.id).unwrap_or_default(), word)
    };

    let counted = Counted::by(&by);
    let of_pupils = format!("{PUPIL} AND {}", counted.with_episodes);
    let cells = Cells { table: counted.episodes, only: &of_pupils, by: &by, sums: PUPILS, weight: "pupils" };
    let answer = reader.cells(&cells).await?;
    for row in 0..answer.len() {
        found.entry(key(&answer, row, split)).or_default().pupils = answer.count(row, "pupils");
    }
    let told_apart = format!("actor IS NOT NULL AND {}", counted.with_episodes);
    let answer = reader.actors(counted.episodes, &told_apart, &by, counted.sum_of_episodes, "0").await?;
    for row in 0..answer.len() {
        found.entry(key(&answer, row, split)).or_default().episodes.push(answer.count(row, "part"));
    }
    found.values_mut().for_each(|of_key| of_key.episodes.sort_unstable_by(|one, other| other.cmp(one)));
    let cells = Cells { table: counted.active, only: ACTIVE_PUPIL, by: &per, sums: PUPILS, weight: "pupils" };
    let answer = reader.cells(&cells).await?;
    let actives: HashMap<Key, i64> =
        (0..answer.len()).map(|row| (key(&answer, row, own), answer.count(row, "pupils"))).collect();

    let mut words: Vec<String> = found.keys().map(|(_, word)| word.clone()).collect();
    if split.is_none() {
        words.push(String::new());
    }
    words.sort_by_cached_key(|word| wording::natural(word));
    words.dedup();
    let (weeks, _) = series::weeks(reader, &by).await?;
    let mut rows = Vec::new();
    let mut last: Vec<(String, Found, &Week)> = Vec::new();
    let full = place.settings.charts().rules().full_week_days;
    for week in &weeks {
        let in_full = week.full(full);
        for word in &words {
            let monday = week.monday.to_string();
            let mut of_week = found.remove(&(monday.clone(), word.clone())).unwrap_or_default();
            let whole = if own.is_some() { word.clone() } else { String::new() };
            of_week.active = actives.get(&(monday, whole)).copied().unwrap_or(0);
            rows.push(row(week, word, &of_week, split, place, full));
            if in_full {
                last.retain(|(_, _, known)| known.monday == week.monday);
                last.push((word.clone(), of_week, week));
            }
        }
    }
    Ok(Figures {
        schema: "watershed.trend.pupils/1",
        title: title("One pupil or many", split),
        unit: "known pupils with at least one episode in the week; episodes",
        denominator: "known pupils active in the week",
        interval: PUPIL_INTERVAL,
        about: About::People,
        columns: columns(split),
        rows,
        notes: vec![
            "A pupil counts once in a week, however many episodes: 300 of one pupil move the share by one pupil.".to_owned(),
            "Effective number: 1 over the sum of squared shares of the episodes; as many actors with equal shares would \
             be as concentrated. Everybody but staff who is told apart counts in it, devices and shared accounts too."
                .to_owned(),
            format!("Weeks with fewer than {full} school days or days with data are shown and not compared."),
        ]
        .into_iter()
        .chain(super::networks_known(reader, split).await?)
        .collect(),
        reading: reading(&last, split),
    })
}

fn columns(split: Option<By>) -> Vec<crate::TableColumn> {
    let mut columns = vec![dimension("week_start_date", "Week from"), dimension("week", "School week")];
    columns.extend(split.map(|by| dimension(by.id, heading(by))));
    columns.extend([
        measure("pupils", "Pupils", "known pupils with at least one episode"),
        measure("active_pupils", "Active pupils", "known pupils with a primary record"),
        measure("prevalence_share", "Prevalence", "share of active pupils"),
    ]);
    columns.extend(ends("prevalence_lower_share", "prevalence_upper_share", "share of active pupils"));
    columns.extend([
        measure("episodes", "Episodes", "episodes of everybody but staff who is told apart"),
        measure("effective_actors", "Effective number", "actors with equal shares of the episodes"),
        evidence(PEOPLE, "Different people", "known pupils with an episode"),
        evidence("largest_share_of_episodes", "Most by one", "largest share of the episodes by one actor"),
        evidence("school_days", "School days", "school days of the week in the period"),
        evidence("full_week", "Full week", "yes: enough school days with data to be compared"),
    ]);
    columns
}

fn row(
    week: &Week,
    word: &str,
    found: &Found,
    split: Option<By>,
    place: &Place<'_>,
    full: usize,
) -> Vec<Cell> {
    let mut row: Vec<Cell> =
        vec![week.monday.to_string().into(), place.calendar.week_name(week.monday).into()];
    row.extend(split.map(|_| Cell::from(word)));
    let prevalence = found.prevalence();
    let seen = |cell: Cell| if week.days_with_data > 0 { cell } else { Cell::Missing };
    row.extend([
        seen(found.pupils.into()),
        seen(found.active.into()),
        prevalence.map(|(share, ..)| share).into(),
        prevalence.map(|(_, lower, _)| lower).into(),
        prevalence.map(|(.., upper)| upper).into(),
        seen(found.all_episodes().into()),
        found.effective().into(),
        seen(found.pupils.into()),
        found.largest().into(),
        (week.school_days as i64).into(),
        week.full(full).into(),
    ]);
    row
}

fn reading(last: &[(String, Found, &Week)], split: Option<By>) -> String {
    let most = last.iter().filter(|(_, found, _)| found.active > 0).max_by(|one, other| {
        let share = |found: &Found| found.pupils as f64 / found.active as f64;
        share(&one.1).total_cmp(&share(&other.1)).then(other.0.cmp(&one.0))
    });
    let Some((word, found, week)) = most else {
        return "Not measurable: no full school week of these days has a known pupil's activity.".to_owned();
    };
    let Some((share, lower, upper)) = found.prevalence() else {
        return "Not measurable: no known pupil was active.".to_owned();
    };
    let lead = match split {
        None => String::new(),
        Some(_) => format!("The widest spread is that of {}: ", named(split, word)),
    };
    let mut text = format!(
        "{lead}{} of {} active pupils had at least one episode in the week of {} ({}; {} to {}).",
        wording::whole(found.pupils),
        wording::whole(found.active),
        wording::day(week.monday),
        wording::percent(share),
        wording::percent(lower),
        wording::percent(upper)
    );
    if let (Some(effective), Some(largest)) = (found.effective(), found.largest()) {
        text.push_str(&match (found.all_episodes(), largest > 0.5) {
            (..=2, _) => " So few episodes say nothing about one or many.".to_owned(),
            (_, true) => format!(" One makes most of the episodes ({}).", wording::percent(largest)),
            (_, false) => format!(
                " It is not one pupil: the episodes are spread as over {} equal actors.",
                wording::rate(effective)
            ),
        });
    }
    text
}
