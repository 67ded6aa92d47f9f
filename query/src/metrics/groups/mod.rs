//! Groups: which themes, when in the week, and what their episodes consist of.

mod expected;
mod profiles;
mod standing_out;
mod teaching;

use std::collections::BTreeMap;

use ingest::schema::{self, TableSchema};

use super::rates::{self, Figure, Key};
use super::{Place, Unseen, table_of};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, PUPIL_INTERVAL, dimension, ends, evidence_of_people, measure};
use crate::plan::{By, Cells, GROUP, LESSON, PUPIL, Reader, Sum, THEME, WEEKDAY, sum};
use crate::statistics::{Cluster, clustered_share};
use crate::wording;

/// Group by theme, by weekday and lesson or hour, the mix of each group, what differs from the other groups, how
/// differently groups are filtered, what to teach next, and what is used beside what is expected.
pub(super) const TABLES: &[&str] = &["themes", "lessons", "hours", "mix", "different", "profiles", "teaching", "expected"];
/// What it reads.
pub(super) const READS: &[&TableSchema] =
    &[
    &schema::ATTEMPTS,
    &schema::EPISODES,
    &schema::ACTOR_DAYS,
    &schema::BLOCKED_SITE_DAYS,
    &schema::REQUESTS,
    &schema::ACTIVITY,
    &schema::IMPORTS,
];

/// The hour by the wall clock, as `09:00`.
const HOUR: By = By {
    id: "hour",
    expression: "concat(lpad(CAST(CAST(floor(local_minute / 60) AS INT) AS VARCHAR), 2, '0'), ':00')",
};

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Computes it.
pub(super) async fn figures(
    reader: &Reader<'_>,
    place: &Place<'_>,
    _unseen: &Unseen,
) -> Result<Figures, Error> {
    match table_of(TABLES, reader.ask.table.as_deref())? {
        "lessons" => lessons(reader, place).await,
        "hours" => hours(reader).await,
        "different" => standing_out::figures(reader).await,
        "profiles" => profiles::figures(reader).await,
        "teaching" => teaching::figures(reader, place).await,
        "expected" => expected::figures(reader, place).await,
        "mix" => mix(reader).await,
        _ => themes(reader).await,
    }
}

async fn themes(reader: &Reader<'_>) -> Result<Figures, Error> {
    let found = rates::figures(reader, &[GROUP, THEME], &[GROUP]).await?;
    let mut columns = vec![dimension("group_id", "Group"), dimension("theme", "Theme")];
    columns.extend(rates::columns());
    let mut happened: Vec<(&Key, &Figure)> =
        found.iter().filter(|(_, figure)| figure.attempts + figure.episodes > 0).collect();
    happened.sort_by_cached_key(|(key, _)| (wording::natural(&key[0]), key[1].clone()));
    let rows = happened.iter().map(|(key, figure)| row(key, figure)).collect();
    Ok(Figures {
        schema: "watershed.groups.themes/1",
        title: "Groups and themes".to_owned(),
        unit: "attempts; episodes; pupils' actor-days in the theme",
        denominator: "active actor-days of the group's pupils",
        interval: PUPIL_INTERVAL,
        about: About::People,
        columns,
        rows,
        notes: standing_notes(),
        reading: highest(&found.iter().collect::<Vec<_>>(), |key| format!("{} in {}", key[1], key[0])),
    })
}

/// The key of a row with its weekday in words.
fn named(key: &Key) -> Key {
    let weekday = key[1].parse::<usize>().ok().and_then(|day| WEEKDAYS.get(day.wrapping_sub(1)));
    vec![key[0].clone(), weekday.copied().unwrap_or_default().to_owned(), key[2].clone()]
}

async fn hours(reader: &Reader<'_>) -> Result<Figures, Error> {
    let found = rates::figures(reader, &[GROUP, WEEKDAY, HOUR], &[GROUP, WEEKDAY]).await?;
    let mut columns = vec![
        dimension("group_id", "Group"),
        dimension("weekday", "Day of the week"),
        dimension("hour", "Hour from"),
    ];
    columns.extend(rates::columns());
    let mut sorted: Vec<(&Key, &Figure)> = found.iter().collect();
    sorted.sort_by_cached_key(|(key, _)| (wording::natural(&key[0]), key[1].clone(), key[2].clone()));
    Ok(Figures {
        schema: "watershed.groups.hours/1",
        title: "Groups by day of the week and hour".to_owned(),
        unit: "attempts; episodes; pupils' actor-days that began in the hour",
        denominator: "active actor-days of the group's pupils on that day of the week",
        interval: PUPIL_INTERVAL,
        about: About::People,
        columns,
        rows: sorted.iter().map(|(key, figure)| row(&named(key), figure)).collect(),
        notes: standing_notes(),
        reading: highest(&found.iter().collect::<Vec<_>>(), |key| {
            let key = named(key);
            format!("{} on {}s from {}", key[0], key[1], key[2])
        }),
    })
}

async fn lessons(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    let found = rates::figures(reader, &[GROUP, WEEKDAY, LESSON], &[GROUP, WEEKDAY]).await?;
    let mut columns = vec![
        dimension("group_id", "Group"),
        dimension("weekday", "Day of the week"),
        dimension("lesson_period", "Lesson"),
    ];
    columns.extend(rates::columns());
    let order = |lesson: &str| {
        place.lesson_periods.iter().position(|known| known == lesson).unwrap_or(place.lesson_periods.len())
    };
    let mut sorted: Vec<(&Key, &Figure)> = found.iter().collect();
    sorted.sort_by_cached_key(|(key, _)| {
        (wording::natural(&key[0]), key[1].clone(), order(&key[2]), key[2].clone())
    });
    let rows = sorted.iter().map(|(key, figure)| row(&named(key), figure)).collect();
    Ok(Figures {
        schema: "watershed.groups.lessons/1",
        title: "Groups by day of the week and lesson".to_owned(),
        unit: "attempts; episodes; pupils' actor-days that began in the lesson",
        denominator: "active actor-days of the group's pupils on that day of the week",
        interval: PUPIL_INTERVAL,
        about: About::People,
        columns,
        rows,
        notes: standing_notes(),
        reading: highest(&found.iter().collect::<Vec<_>>(), |key| {
            let key = named(key);
            let when = if key[2] == "outside lessons" { key[2].clone() } else { format!("in {}", key[2]) };
            format!("{} on {}s {when}", key[0], key[1])
        }),
    })
}

/// Share of each theme in a group's actor-days by theme.
async fn mix(reader: &Reader<'_>) -> Result<Figures, Error> {
    const DAYS: &[Sum<'_>] = &[sum("actor_days", "count(DISTINCT local_date)")];
    let by = [GROUP, THEME];
    let cells = Cells { table: &schema::EPISODES, only: PUPIL, by: &by, sums: DAYS, weight: "actor_days" };
    let answer = reader.cells(&cells).await?;
    let parts = reader.actors(&schema::EPISODES, PUPIL, &by, "count(DISTINCT local_date)", "0").await?;
    // Per group and pupil: days in each theme, and their sum over themes.
    let mut of_pupil: BTreeMap<String, BTreeMap<i64, BTreeMap<String, i64>>> = BTreeMap::new();
    for row in 0..parts.len() {
        if let (Some(group), Some(theme), Some(actor)) =
            (parts.text(row, "group_id"), parts.text(row, "theme"), parts.integer(row, "actor"))
        {
            let days = parts.count(row, "part");
            of_pupil.entry(group).or_default().entry(actor).or_default().insert(theme, days);
        }
    }
    let unit = "share of the group's actor-days by theme";
    let mut columns = vec![
        dimension("group_id", "Group"),
        dimension("theme", "Theme"),
        measure("actor_days", "Actor-days", "pupils' days with at least one episode in the theme"),
        measure("group_actor_days", "Of all", "actor-days of the group, summed over themes"),
        measure("share", "Share", unit),
    ];
    columns.extend(ends("share_lower", "share_upper", unit));
    columns.extend(evidence_of_people("actor_days"));
    let mut largest: Option<(f64, String)> = None;
    let rows = (0..answer.len()).map(|row| {
        let group = answer.text(row, "group_id").unwrap_or_default();
        let theme = answer.text(row, "theme").unwrap_or_default();
        let clusters: Vec<Cluster> = of_pupil
            .get(&group)
            .into_iter()
            .flat_map(BTreeMap::values)
            .map(|themes| Cluster {
                part: themes.get(&theme).copied().unwrap_or(0) as f64,
                whole: themes.values().sum::<i64>() as f64,
            })
            .collect();
        let share = clustered_share(&clusters);
        if let Some(found) = share.filter(|found| found.interval.lower > 0.5) {
            let text = format!("{theme} is most of what {group} did ({})", wording::percent(found.share));
            if largest.as_ref().is_none_or(|(known, _)| found.share > *known) {
                largest = Some((found.share, text));
            }
        }
        vec![
            group.into(),
            theme.into(),
            answer.integer(row, "actor_days").into(),
            (clusters.iter().map(|cluster| cluster.whole as i64).sum::<i64>()).into(),
            share.map(|found| found.share).into(),
            share.map(|found| found.interval.lower).into(),
            share.map(|found| found.interval.upper).into(),
            answer.integer(row, "distinct_people").into(),
            answer.real(row, "largest_share").into(),
        ]
    });
    let mut rows: Vec<Vec<Cell>> = rows.collect();
    rows.sort_by_cached_key(|row| {
        let word = |index: usize| row[index].text().map(wording::natural);
        (word(0), word(1))
    });
    Ok(Figures {
        schema: "watershed.groups.mix/1",
        title: "What each group's episodes consist of".to_owned(),
        unit: "share of actor-days by theme",
        denominator: "the group's pupils' actor-days, summed over themes",
        interval: "95 %, exact binomial with the effective size by leaving out one pupil at a time \
            (jackknife); population: pupils like those of the group who had an episode",
        about: About::People,
        columns,
        reading: match largest {
            Some((_, text)) => format!("{text}; its interval lies above one half."),
            None if rows.is_empty() => "No known pupil had an episode in these days.".to_owned(),
            None => "In no group does one theme clearly make up most of the episodes.".to_owned(),
        },
        rows,
        notes: standing_notes(),
    })
}

fn standing_notes() -> Vec<String> {
    vec![
        "Only school days count; illegal-list hits are in no table of groups.".to_owned(),
        "A small group's figures may be one pupil's: see the columns on different people and the most by one."
            .to_owned(),
    ]
}

fn row(words: &[String], figure: &Figure) -> Vec<Cell> {
    words.iter().map(|word| Cell::from(word.as_str())).chain(figure.cells()).collect()
}

/// The row with the highest lower end: the one that is surely high, not the one that may be.
fn highest(found: &[(&Key, &Figure)], name: impl Fn(&Key) -> String) -> String {
    let best = found
        .iter()
        .filter(|(_, figure)| figure.actor_days > 0)
        .filter_map(|(key, figure)| Some((*key, *figure, figure.rate()?)))
        .max_by(|one, other| one.2.1.total_cmp(&other.2.1));
    let Some((key, figure, (rate, lower, upper))) = best else {
        return "No known pupil had an episode in these days.".to_owned();
    };
    format!(
        "{} is the row that is most surely high: {} per 1,000 active pupil-days ({} to {}), from {}.{}",
        wording::sentence(&name(key)),
        wording::rate(rate),
        wording::rate(lower),
        wording::rate(upper),
        wording::counted(figure.people, "person", "different people"),
        super::trend::one_makes_most(figure)
    )
}

