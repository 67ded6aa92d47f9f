//! Which group and theme differs from the other groups, with the number of comparisons taken into account.

use std::collections::BTreeMap;

use super::super::rates::{self, Key};
use super::standing_notes;
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, PUPIL_INTERVAL, dimension, ends, evidence, measure};
use crate::plan::{GROUP, PUPIL, Reader, THEME};
use crate::statistics::{Cluster, ClusteredShare, benjamini_hochberg, clustered_share, same_share};
use crate::wording;

/// Adjusted p-value up to which a row stands out.
const LEVEL: f64 = 0.05;
/// Active pupils that a row and the others need at least.
const LEAST_PUPILS: usize = 5;

/// A row and the other groups beside it.
struct Compared {
    key: Key,
    own: ClusteredShare,
    others: ClusteredShare,
    actor_days: i64,
    people: i64,
    largest: Option<f64>,
    p_value: f64,
}

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>) -> Result<Figures, Error> {
    let compared = compared(reader).await?;
    let adjusted = benjamini_hochberg(&compared.iter().map(|row| row.p_value).collect::<Vec<_>>());
    let mut lines: Vec<(f64, &Compared)> = adjusted.into_iter().zip(&compared).collect();
    lines.sort_by(|one, other| one.0.total_cmp(&other.0).then_with(|| one.1.key.cmp(&other.1.key)));
    let unit = rates::RATE_UNIT;
    let mut columns = vec![
        dimension("group_id", "Group"),
        dimension("theme", "Theme"),
        dimension("against_others", "Against the other groups"),
        measure("rate_per_1000", "Rate per 1,000", unit),
    ];
    columns.extend(ends("rate_lower_per_1000", "rate_upper_per_1000", unit));
    columns.push(measure("others_rate_per_1000", "Others' rate", unit));
    columns.push(measure("actor_days", "Actor-days", "pupils' days with at least one episode in the theme"));
    columns.push(measure(
        "false_discovery_rate",
        "False discovery",
        "adjusted p-value (Benjamini and Hochberg) over all rows of this table",
    ));
    columns.push(evidence("distinct_people", "Different people", "people"));
    columns.push(evidence("largest_share_of_actor_days", "Most by one", "share of actor-days of one actor"));
    let out: Vec<&(f64, &Compared)> = lines.iter().filter(|(q, _)| *q <= LEVEL).collect();
    let reading = match (out.first(), lines.len() as i64) {
        (_, 0) => "No two groups have enough active pupils and episodes to be compared in these days.".to_owned(),
        (None, all) => format!(
            "None of {} of group and theme differs clearly from the other groups once the number of comparisons is \
             taken into account.",
            wording::counted(all, "row", "rows")
        ),
        (Some((_, row)), all) => format!(
            "{} of {} differ clearly from the other groups. Clearest: {} in {} is {} ({} against {} per 1,000 active \
             pupil-days), from {}.{}",
            wording::whole(out.len() as i64),
            wording::counted(all, "row", "rows"),
            row.key[1],
            row.key[0],
            word(row),
            wording::rate(row.own.share * 1000.0),
            wording::rate(row.others.share * 1000.0),
            wording::counted(row.people, "pupil", "different pupils"),
            if row.largest.is_some_and(|share| share > 0.5) { " One pupil makes most of it." } else { "" },
        ),
    };
    let rows = lines.iter().map(|(q, row)| {
        let ends = row.own.interval.scaled(1000.0);
        let against = if *q <= LEVEL { word(row) } else { "no clear difference" };
        vec![
            Cell::from(row.key[0].as_str()),
            row.key[1].as_str().into(),
            against.into(),
            (row.own.share * 1000.0).into(),
            ends.lower.into(),
            ends.upper.into(),
            (row.others.share * 1000.0).into(),
            row.actor_days.into(),
            (*q).into(),
            row.people.into(),
            row.largest.into(),
        ]
    });
    let mut notes = standing_notes();
    notes.push(format!(
        "Each row is compared with the pupils of all other groups together; at most one in twenty of the rows that are \
         said to differ does so by chance (false-discovery rate {} %). Rows with fewer than {LEAST_PUPILS} active pupils \
         are not compared. Groups differ in age and in what they are taught: a difference is no ranking.",
        LEVEL * 100.0
    ));
    Ok(Figures {
        schema: "watershed.groups.different/1",
        title: "Groups and themes that differ from the others".to_owned(),
        unit: "pupils' actor-days in the theme",
        denominator: "active actor-days of the group's pupils; of the other groups' pupils",
        interval: PUPIL_INTERVAL,
        about: About::People,
        columns,
        rows: rows.collect(),
        notes,
        reading,
    })
}

fn word(row: &Compared) -> &'static str {
    if row.own.share > row.others.share { "higher" } else { "lower" }
}

async fn compared(reader: &Reader<'_>) -> Result<Vec<Compared>, Error> {
    let days = "count(DISTINCT local_date)";
    let parts = reader.actors(&ingest::schema::EPISODES, PUPIL, &[GROUP, THEME], days, "0").await?;
    let active = format!("{PUPIL} AND primary_records > 0");
    let wholes = reader.actors(&ingest::schema::ACTOR_DAYS, &active, &[GROUP], "0", days).await?;
    let mut whole: BTreeMap<(String, i64), i64> = BTreeMap::new();
    for row in 0..wholes.len() {
        if let (Some(group), Some(actor)) = (wholes.text(row, "group_id"), wholes.integer(row, "actor")) {
            whole.insert((group, actor), wholes.count(row, "whole"));
        }
    }
    let mut of_theme: BTreeMap<String, BTreeMap<(String, i64), i64>> = BTreeMap::new();
    for row in 0..parts.len() {
        if let (Some(group), Some(theme), Some(actor)) =
            (parts.text(row, "group_id"), parts.text(row, "theme"), parts.integer(row, "actor"))
        {
            of_theme.entry(theme).or_default().insert((group, actor), parts.count(row, "part"));
        }
    }
    let mut groups: Vec<&String> = whole.keys().map(|(group, _)| group).collect();
    groups.dedup();
    let mut found = Vec::new();
    for (theme, parts) in &of_theme {
        for group in &groups {
            let clusters = |own: bool| -> Vec<Cluster> {
                whole
                    .iter()
                    .filter(|((of, _), _)| (of == *group) == own)
                    .map(|(key, whole)| Cluster {
                        part: parts.get(key).copied().unwrap_or(0).min(*whole) as f64,
                        whole: *whole as f64,
                    })
                    .collect()
            };
            let (own, others) = (clusters(true), clusters(false));
            if own.len() < LEAST_PUPILS || others.len() < LEAST_PUPILS {
                continue;
            }
            let (Some(own_share), Some(others)) = (clustered_share(&own), clustered_share(&others)) else { continue };
            let actor_days: f64 = own.iter().map(|cluster| cluster.part).sum();
            let largest = own.iter().map(|cluster| cluster.part).fold(0.0, f64::max);
            found.push(Compared {
                key: vec![(*group).clone(), theme.clone()],
                p_value: same_share(own_share, others),
                own: own_share,
                others,
                actor_days: actor_days as i64,
                people: own.iter().filter(|cluster| cluster.part > 0.0).count() as i64,
                largest: (actor_days > 0.0).then(|| largest / actor_days),
            });
        }
    }
    Ok(found)
}
