//! Weekly counts of known pupils since the first record: what charts and steps are made of.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::super::Place;
use super::is_part_of_activity;
use crate::error::{Error, Kind};
use crate::plan::{ACTIVE_PUPIL, By, Cells, Counted, DAY, PUPIL, Reader, Sum, WEEK, sum};
use crate::window::Window;
use crate::wording;

/// What is charted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Pupils' days with an episode, out of their active days.
    Rate,
    /// Blocked attempts, for each of pupils' active days.
    Attempts,
    /// Pupils with an episode, out of active pupils.
    Prevalence,
}

impl Measure {
    /// The measure of a word; the rate of none.
    pub(super) fn of(word: Option<&str>) -> Result<Self, Error> {
        match word {
            None | Some("rate") => Ok(Self::Rate),
            Some("attempts") => Ok(Self::Attempts),
            Some("prevalence") => Ok(Self::Prevalence),
            Some(_) => Err(Error::new(Kind::Configuration, "there is no such measure")
                .help("use `--measure rate`, `--measure attempts` or `--measure prevalence`")),
        }
    }

    /// Shown value of a part of a whole is the share times this.
    pub(super) const fn factor(self) -> f64 {
        match self {
            Self::Rate | Self::Attempts => 1000.0,
            Self::Prevalence => 1.0,
        }
    }

    /// What is counted.
    pub(super) const fn part(self) -> &'static str {
        match self {
            Self::Rate => "pupils' days with at least one episode",
            Self::Attempts => "blocked attempts of known pupils",
            Self::Prevalence => "known pupils with at least one episode in the week",
        }
    }

    /// What it is divided by.
    pub(super) const fn whole(self) -> &'static str {
        match self {
            Self::Rate | Self::Attempts => "pupils' active actor-days",
            Self::Prevalence => "known pupils active in the week",
        }
    }

    /// Unit of the value.
    pub(super) const fn unit(self) -> &'static str {
        match self {
            Self::Rate => "actor-days per 1,000 active actor-days",
            Self::Attempts => "attempts per 1,000 active actor-days",
            Self::Prevalence => "share of active pupils",
        }
    }

    /// Unit of the values of a table in which charts of days between may stand among others.
    pub(super) const fn unit_of_charts(self) -> &'static str {
        match self {
            Self::Rate => {
                "actor-days per 1,000 active actor-days; days between: school days with data from one such day to the next"
            }
            Self::Attempts => {
                "attempts per 1,000 active actor-days; days between: school days with data from one such day to the next"
            }
            Self::Prevalence => {
                "share of active pupils; days between: school days with data from one such day to the next"
            }
        }
    }

    /// A value of this measure in a sentence.
    pub(super) fn words(self, value: f64) -> String {
        match self {
            Self::Rate | Self::Attempts => format!("{} per 1,000", wording::rate(value)),
            Self::Prevalence => wording::percent(value),
        }
    }
}

/// A school week.
#[derive(Clone, Debug)]
pub(super) struct Week {
    pub(super) monday: Date,
    /// First school day: a change before or on it holds for the whole week.
    pub(super) first: Date,
    pub(super) school_days: usize,
    pub(super) days_with_data: usize,
}

impl Week {
    /// Enough school days, and enough of them with data, to be compared with others.
    pub(super) fn full(&self, days: usize) -> bool {
        self.school_days.min(self.days_with_data) >= days
    }
}

/// Counts of one week.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) part: i64,
    pub(super) whole: i64,
    /// Different known pupils who make the part.
    pub(super) people: i64,
    /// Largest share of the part by one of them.
    pub(super) largest: Option<f64>,
}

/// Weeks from the first record to the end of the days asked about.
#[derive(Debug)]
pub(super) struct History {
    pub(super) weeks: Vec<Week>,
    /// By word of the split (one empty word without): counts of each week.
    pub(super) series: Vec<(String, Vec<Counts>)>,
    /// School days with data, in order.
    pub(super) days: Vec<Date>,
}

/// The same reader over all days from the first record to the end of those asked about.
pub(super) async fn since_the_first<'a>(reader: &Reader<'a>, place: &Place<'_>) -> Result<Reader<'a>, Error> {
    let statement = "SELECT min(local_date) AS day FROM actor_days";
    let first = reader.session.query(statement, &[]).await?.day(0, "day");
    let from = first.unwrap_or(reader.window.from).min(reader.window.from);
    Ok(reader.over(Window::between(from, reader.window.to, place.calendar)))
}

/// School weeks of a reader's days, and the days on which figures by some columns have data.
pub(super) async fn weeks(reader: &Reader<'_>, by: &[By]) -> Result<(Vec<Week>, Vec<Date>), Error> {
    let with_data = reader.days_with_data(by).await?;
    let mut weeks: Vec<Week> = Vec::new();
    for (monday, school_days) in reader.window.weeks() {
        let within = |day: &&Date| **day >= monday && monday.until(**day).is_ok_and(|span| span.get_days() < 7);
        let first = reader.window.school_days.iter().find(within).copied().unwrap_or(monday);
        let days_with_data = with_data.iter().filter(within).count();
        weeks.push(Week { monday, first, school_days, days_with_data });
    }
    Ok((weeks, with_data))
}

/// Reads the history of a measure, split or not.
pub(super) async fn history(
    reader: &Reader<'_>,
    split: Option<By>,
    measure: Measure,
) -> Result<History, Error> {
    const DAYS: &[Sum<'_>] = &[sum("counted", "count(DISTINCT local_date)")];
    const PUPILS: &[Sum<'_>] = &[sum("counted", "1")];
    let by: Vec<By> = [WEEK].into_iter().chain(split).collect();
    let per: Vec<By> = [WEEK].into_iter().chain(split.filter(|by| is_part_of_activity(*by))).collect();
    let counted = Counted::by(&by);
    let attempts = [sum("counted", counted.sum_of_attempts)];
    let (table, with, sums): (_, _, &[Sum<'_>]) = match measure {
        Measure::Rate => (counted.episodes, counted.with_episodes, DAYS),
        Measure::Attempts => (counted.attempts, counted.with_attempts, &attempts),
        Measure::Prevalence => (counted.episodes, counted.with_episodes, PUPILS),
    };
    let only = format!("{PUPIL} AND {with}");
    let parts = reader.cells(&Cells { table, only: &only, by: &by, sums, weight: "counted" }).await?;
    let sums = if measure == Measure::Prevalence { PUPILS } else { DAYS };
    let cells = Cells { table: counted.active, only: ACTIVE_PUPIL, by: &per, sums, weight: "counted" };
    let wholes = reader.cells(&cells).await?;

    let (weeks, days) = weeks(reader, &by).await?;
    let place: BTreeMap<String, usize> =
        weeks.iter().enumerate().map(|(at, week)| (week.monday.to_string(), at)).collect();
    let word_of = |answer: &crate::answer::Answer, row: usize, by: Option<By>| {
        by.and_then(|by| answer.text(row, by.id)).unwrap_or_default()
    };
    let mut words: BTreeSet<String> = (0..parts.len()).map(|row| word_of(&parts, row, split)).collect();
    if split.is_none() {
        words.insert(String::new());
    }
    let mut words: Vec<String> = words.into_iter().collect();
    words.sort_by_cached_key(|word| wording::natural(word));
    let mut series: Vec<(String, Vec<Counts>)> =
        words.into_iter().map(|word| (word, vec![Counts::default(); weeks.len()])).collect();
    let own = split.filter(|by| is_part_of_activity(*by));
    for row in 0..wholes.len() {
        let Some(at) = wholes.text(row, WEEK.id).and_then(|week| place.get(&week).copied()) else { continue };
        let word = word_of(&wholes, row, own);
        for (_, counts) in series.iter_mut().filter(|(known, _)| own.is_none() || *known == word) {
            counts[at].whole = wholes.count(row, "counted");
        }
    }
    for row in 0..parts.len() {
        let Some(at) = parts.text(row, WEEK.id).and_then(|week| place.get(&week).copied()) else { continue };
        let word = word_of(&parts, row, split);
        for (_, counts) in series.iter_mut().filter(|(known, _)| *known == word) {
            counts[at].part = parts.count(row, "counted");
            counts[at].people = parts.count(row, "distinct_people");
            counts[at].largest = parts.real(row, "largest_share");
        }
    }
    Ok(History { weeks, series, days })
}

/// What happened on one day.
#[derive(Clone, Copy, Debug)]
pub(super) struct DayCounts {
    pub(super) day: Date,
    pub(super) part: i64,
    pub(super) people: i64,
    pub(super) largest: Option<f64>,
}

/// School days on which a known pupil had one, by word, in order.
pub(super) async fn days_with(
    reader: &Reader<'_>,
    split: Option<By>,
    measure: Measure,
) -> Result<BTreeMap<String, Vec<DayCounts>>, Error> {
    let by: Vec<By> = [DAY].into_iter().chain(split).collect();
    let counted = Counted::by(&by);
    let (table, with, of_actor) = if measure == Measure::Attempts {
        (counted.attempts, counted.with_attempts, counted.sum_of_attempts)
    } else {
        (counted.episodes, counted.with_episodes, counted.sum_of_episodes)
    };
    let (only, sums) = (format!("{PUPIL} AND {with}"), [sum("counted", of_actor)]);
    let answer = reader.cells(&Cells { table, only: &only, by: &by, sums: &sums, weight: "counted" }).await?;
    let mut found: BTreeMap<String, Vec<DayCounts>> = BTreeMap::new();
    for row in 0..answer.len() {
        let day = answer.text(row, DAY.id).and_then(|day| day.parse().ok());
        let Some(day) = day.filter(|day| reader.window.school_days.binary_search(day).is_ok()) else { continue };
        let word = split.and_then(|by| answer.text(row, by.id)).unwrap_or_default();
        found.entry(word).or_default().push(DayCounts {
            day,
            part: answer.count(row, "counted"),
            people: answer.count(row, "distinct_people"),
            largest: answer.real(row, "largest_share"),
        });
    }
    found.values_mut().for_each(|days| days.sort_by_key(|of_day| of_day.day));
    Ok(found)
}
