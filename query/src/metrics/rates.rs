//! Attempts, episodes, actor-days and their rate, over any columns: what trend and groups share.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::answer::Answer;
use crate::disclosure::table::{Cell, TableColumn};
use crate::error::Error;
use crate::figures::{ends, evidence, measure};
use crate::plan::{By, Cells, Counted, PUPIL, Reader, sum};
use crate::statistics::{Cluster, ClusteredShare, clustered_share};

/// Unit of the rate.
pub(super) const RATE_UNIT: &str = "actor-days per 1,000 active actor-days";

/// Figures of one row.
#[derive(Clone, Debug, Default)]
pub(super) struct Figure {
    /// Attempts of everybody but staff.
    pub(super) attempts: i64,
    /// Episodes of everybody but staff.
    pub(super) episodes: i64,
    /// Those of them that are not tied to one pupil.
    pub(super) episodes_untied: i64,
    /// Pupils' days with at least one episode.
    pub(super) actor_days: i64,
    /// Pupils' days with at least one primary record.
    pub(super) active_days: i64,
    /// Different people with an episode.
    pub(super) people: i64,
    /// Largest share of the attempts made by one actor.
    pub(super) largest_of_attempts: Option<f64>,
    /// Largest share of the episodes made by one actor.
    pub(super) largest_of_episodes: Option<f64>,
    /// Actor-days over active actor-days with their interval.
    pub(super) share: Option<ClusteredShare>,
}

impl Figure {
    /// Rate per 1,000 with its ends.
    pub(super) fn rate(&self) -> Option<(f64, f64, f64)> {
        let share = self.share?;
        let ends = share.interval.scaled(1000.0);
        Some((share.share * 1000.0, ends.lower, ends.upper))
    }

    /// Cells of the columns of [`columns`].
    pub(super) fn cells(&self) -> Vec<Cell> {
        let rate = self.rate();
        vec![
            self.attempts.into(),
            self.episodes.into(),
            self.episodes_untied.into(),
            self.actor_days.into(),
            self.active_days.into(),
            rate.map(|(value, _, _)| value).into(),
            rate.map(|(_, lower, _)| lower).into(),
            rate.map(|(_, _, upper)| upper).into(),
            self.people.into(),
            self.largest_of_attempts.into(),
            self.largest_of_episodes.into(),
        ]
    }
}

/// Columns of a row of figures.
pub(super) fn columns() -> Vec<TableColumn> {
    let [lower, upper] = ends("rate_lower_per_1000", "rate_upper_per_1000", RATE_UNIT);
    vec![
        measure("attempts", "Attempts", "blocked attempts by everybody but staff"),
        measure("episodes", "Episodes", "episodes by everybody but staff, blocked or allowed"),
        measure(
            "episodes_untied",
            "Not tied to a pupil",
            "episodes of shared accounts, devices, addresses, guests",
        ),
        measure("actor_days", "Actor-days", "pupils' days with at least one episode"),
        measure("active_actor_days", "Active actor-days", "pupils' days with at least one primary record"),
        measure("rate_per_1000", "Rate per 1,000", RATE_UNIT),
        lower,
        upper,
        evidence("distinct_people", "Different people", "people with an episode"),
        evidence(
            "largest_share_of_attempts",
            "Attempts by one",
            "largest share of the attempts made by one actor",
        ),
        evidence(
            "largest_share_of_episodes",
            "Episodes by one",
            "largest share of the episodes made by one actor",
        ),
    ]
}

/// The words of a row, in the order of its columns.
pub(super) type Key = Vec<String>;

fn key(answer: &Answer, row: usize, by: &[By]) -> Key {
    by.iter().map(|by| answer.text(row, by.id).unwrap_or_default()).collect()
}

/// Figures by the columns `by`. The denominator of a row is taken over its columns `per`, which are
/// some of `by`: a theme's rate is divided by all activity of its week.
pub(super) async fn figures(
    reader: &Reader<'_>,
    by: &[By],
    per: &[By],
) -> Result<BTreeMap<Key, Figure>, Error> {
    let counted = Counted::by(by);
    let attempts = [sum("attempts", counted.sum_of_attempts)];
    let tied = format!("coalesce({} FILTER (WHERE {PUPIL}), 0)", counted.sum_of_episodes);
    let episodes = [sum("episodes", counted.sum_of_episodes), sum("tied", &tied)];
    let mut rows: BTreeMap<Key, Figure> = BTreeMap::new();

    let cells = Cells {
        table: counted.attempts,
        only: counted.with_attempts,
        by,
        sums: &attempts,
        weight: "attempts",
    };
    let answer = reader.cells(&cells).await?;
    for row in 0..answer.len() {
        let figure = rows.entry(key(&answer, row, by)).or_default();
        figure.attempts = answer.count(row, "attempts");
        figure.largest_of_attempts = answer.real(row, "largest_share");
    }

    let cells = Cells {
        table: counted.episodes,
        only: counted.with_episodes,
        by,
        sums: &episodes,
        weight: "episodes",
    };
    let answer = reader.cells(&cells).await?;
    for row in 0..answer.len() {
        let figure = rows.entry(key(&answer, row, by)).or_default();
        figure.episodes = answer.count(row, "episodes");
        figure.episodes_untied = figure.episodes - answer.count(row, "tied");
        figure.people = answer.count(row, "distinct_people");
        figure.largest_of_episodes = answer.real(row, "largest_share");
    }

    let days = "count(DISTINCT local_date)";
    let of_pupils = format!("{PUPIL} AND {}", counted.with_episodes);
    let parts = reader.actors(counted.episodes, &of_pupils, by, days, "0").await?;
    let mut by_actor: HashMap<Key, HashMap<i64, i64>> = HashMap::new();
    for row in 0..parts.len() {
        let key = key(&parts, row, by);
        let days = parts.count(row, "part");
        rows.entry(key.clone()).or_default().actor_days += days;
        if let Some(actor) = parts.integer(row, "actor") {
            by_actor.entry(key).or_default().insert(actor, days);
        }
    }

    let active = format!("{PUPIL} AND primary_records > 0");
    let wholes = reader.actors(counted.active, &active, per, "0", days).await?;
    let mut activity: HashMap<Key, Vec<(i64, i64)>> = HashMap::new();
    for row in 0..wholes.len() {
        if let Some(actor) = wholes.integer(row, "actor") {
            activity.entry(key(&wholes, row, per)).or_default().push((actor, wholes.count(row, "whole")));
        }
    }
    // Sums of fractions follow the order: equal data give equal digits.
    activity.values_mut().for_each(|actors| actors.sort_unstable());
    let kept: Vec<usize> =
        by.iter().enumerate().filter(|(_, by)| per.iter().any(|p| p.id == by.id)).map(|(i, _)| i).collect();
    // The grid is whole: what did not happen in a week or group is 0 over the same denominator.
    let rest_of = |key: &Key| -> Key {
        (0..by.len()).filter(|index| !kept.contains(index)).map(|index| key[index].clone()).collect()
    };
    let rests: BTreeSet<Key> =
        rows.keys().map(rest_of).chain((kept.len() == by.len()).then(Key::new)).collect();
    for denominator in activity.keys() {
        for rest in &rests {
            let (mut given, mut other) = (denominator.iter(), rest.iter());
            let key: Option<Key> = (0..by.len())
                .map(|index| if kept.contains(&index) { given.next() } else { other.next() }.cloned())
                .collect();
            rows.entry(key.unwrap_or_default()).or_default();
        }
    }
    let nobody = HashMap::new();
    for (key, figure) in &mut rows {
        let denominator: Key = kept.iter().map(|index| key[*index].clone()).collect();
        let parts = by_actor.get(key).unwrap_or(&nobody);
        let clusters: Vec<Cluster> = activity
            .get(&denominator)
            .into_iter()
            .flatten()
            .map(|(actor, whole)| Cluster {
                part: parts.get(actor).copied().unwrap_or(0).min(*whole) as f64,
                whole: *whole as f64,
            })
            .collect();
        figure.active_days = clusters.iter().map(|cluster| cluster.whole as i64).sum();
        figure.share = clustered_share(&clusters);
    }
    Ok(rows)
}
