//! The table `out-of-hours`: activity on days without school, and on school days outside lessons, on a
//! calendar and over a denominator of its own.

use std::collections::{BTreeMap, HashMap};

use ingest::schema;

use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::metrics::Place;
use crate::figures::{About, Figures, PEOPLE, PUPIL_INTERVAL, dimension, ends, evidence, measure};
use crate::plan::{By, Cells, PUPIL, Reader, Sum, sum};
use crate::service::Ask;
use crate::statistics::{Cluster, clustered_share};
use crate::wording;

/// First hour and words of each band.
const BANDS: [(i64, &str); 6] = [
    (0, "0 to 6, night"),
    (6, "6 to 9, before school"),
    (9, "9 to 15, day"),
    (15, "15 to 18, after school"),
    (18, "18 to 22, evening"),
    (22, "22 to 24, late"),
];
const WHOLE_DAY: &str = "all hours";
/// Days without school, and school days outside every lesson period.
const OUTSIDE: &str = "NOT school_day OR lesson_period IS NULL";
const DAY_TYPE: By = By { id: "day_type", expression: "day_type" };
const HOUR_OF_EPISODE: By = By { id: "hour", expression: "CAST(local_minute / 60 AS VARCHAR)" };
const HOUR_OF_ACTIVITY: By = By { id: "hour", expression: "CAST(local_hour AS VARCHAR)" };

#[derive(Default)]
struct Found {
    primary: i64,
    blocked: i64,
    episodes: i64,
}

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    // Records have no actor: beside the episodes that a viewer may see they would tell that there are others.
    let shows_blocked = place.live.is_some();
    const EPISODES: &[Sum<'_>] = &[sum("episodes", "count(*)")];
    let every = Reader {
        session: reader.session,
        window: reader.window.clone(),
        ask: reader.ask,
        every_day: true,
    };
    // A theme narrows what is counted, and not what it is divided by.
    let whole = Ask { theme: None, ..reader.ask.clone() };
    let all = Reader { session: reader.session, window: reader.window.clone(), ask: &whole, every_day: true };

    let mut found: BTreeMap<(String, usize), Found> = BTreeMap::new();
    let statement = format!(
        "SELECT day_type, {hour} AS hour, sum(primary_records) AS records, \
         sum(primary_records) FILTER (WHERE action = 'blocked') AS blocked \
         FROM activity WHERE {counted} GROUP BY day_type, {hour}",
        hour = HOUR_OF_ACTIVITY.expression,
        counted = all.counted(&schema::ACTIVITY, OUTSIDE),
    );
    let activity = all.session.query(&statement, &all.values()).await?;
    for row in 0..activity.len() {
        let cell = found.entry(key(&activity, row)).or_default();
        cell.primary += activity.count(row, "records");
        cell.blocked += activity.count(row, "blocked");
    }
    let statement = format!(
        "SELECT day_type, count(DISTINCT local_date) AS days FROM activity WHERE {} GROUP BY day_type",
        all.counted(&schema::ACTIVITY, "")
    );
    let answer = all.session.query(&statement, &all.values()).await?;
    let days: HashMap<String, i64> = (0..answer.len())
        .filter_map(|row| Some((answer.text(row, "day_type")?, answer.count(row, "days"))))
        .collect();

    // Bands join hours, and people of one band are not the sum of those of its hours.
    let mut people: BTreeMap<(String, Option<usize>), Actors> = BTreeMap::new();
    let answer = every
        .cells(&Cells {
            table: &schema::EPISODES,
            only: OUTSIDE,
            by: &[DAY_TYPE, HOUR_OF_EPISODE],
            sums: EPISODES,
            weight: "episodes",
        })
        .await?;
    for row in 0..answer.len() {
        found.entry(key(&answer, row)).or_default().episodes += answer.count(row, "episodes");
    }
    let kind = "max(CASE WHEN actor_kind = 'person' THEN 1 ELSE 0 END)";
    let actors =
        every.actors(&schema::EPISODES, OUTSIDE, &[DAY_TYPE, HOUR_OF_EPISODE], "count(*)", kind).await?;
    for row in 0..actors.len() {
        let (day_type, band) = key(&actors, row);
        for part in [Some(band), None] {
            let of_actor = people.entry((day_type.clone(), part)).or_default();
            let entry = of_actor.entry(actors.integer(row, "actor")).or_default();
            entry.0 += actors.count(row, "part");
            entry.1 |= actors.count(row, "whole") > 0;
        }
    }
    let rates = rates(&every, &all).await?;

    let mut types: Vec<String> = found.keys().map(|(day_type, _)| day_type.clone()).collect();
    types.dedup();
    types.sort_by_key(|day_type| order(day_type));
    let mut rows = Vec::new();
    let mut totals: Vec<(String, Found)> = Vec::new();
    for day_type in &types {
        let mut total = Found::default();
        let of_type = found.iter().filter(|((known, _), _)| known == day_type);
        let mut bands = Vec::new();
        for ((_, band), cell) in of_type {
            total.primary += cell.primary;
            total.blocked += cell.blocked;
            total.episodes += cell.episodes;
            let evidence = evidence_of(people.get(&(day_type.clone(), Some(*band))));
            bands.push(row(day_type, BANDS[*band].1, cell, days.get(day_type), None, evidence, shows_blocked));
        }
        let evidence = evidence_of(people.get(&(day_type.clone(), None)));
        rows.push(row(day_type, WHOLE_DAY, &total, days.get(day_type), rates.get(day_type), evidence, shows_blocked));
        rows.extend(bands);
        totals.push((day_type.clone(), total));
    }
    Ok(Figures {
        schema: "watershed.trend.out-of-hours/1",
        title: "Out of hours, by sort of day and time".to_owned(),
        unit: "episodes; pupils' actor-days",
        denominator: "primary records of the same hours; pupils' active actor-days of days without school",
        interval: PUPIL_INTERVAL,
        about: About::People,
        columns: columns(),
        rows,
        notes: vec![
            "School days count here outside the lesson periods of `periods.csv` only; all other days count whole. No other \
             table has the days without school."
                .to_owned(),
            "What a device does by itself at night is mostly left out as no primary record; not all of it is.".to_owned(),
            "Actor-days and their rate are known for whole days only, so school days have none here.".to_owned(),
        ]
        .into_iter()
        .chain((!shows_blocked).then(|| {
            "Blocked records are shown to the safeguarding lead only: what is set aside here is among them.".to_owned()
        }))
        .collect(),
        reading: reading(&totals),
    })
}

fn key(answer: &crate::answer::Answer, row: usize) -> (String, usize) {
    let hour: i64 = answer.text(row, "hour").and_then(|hour| hour.parse().ok()).unwrap_or(0);
    let band = BANDS.iter().rposition(|(first, _)| *first <= hour).unwrap_or(0);
    (answer.text(row, DAY_TYPE.id).unwrap_or_default(), band)
}

/// By actor: episodes, and whether it is a person.
type Actors = HashMap<Option<i64>, (i64, bool)>;

type Rate = (i64, i64, f64, f64, f64);

/// Pupils' actor-days over their active actor-days, by sort of day without school.
async fn rates(every: &Reader<'_>, all: &Reader<'_>) -> Result<BTreeMap<String, Rate>, Error> {
    let days = "count(DISTINCT local_date)";
    let free = format!("{PUPIL} AND NOT school_day");
    let answer = every.actors(&schema::EPISODES, &free, &[DAY_TYPE], days, "0").await?;
    let mut parts: HashMap<(String, i64), i64> = HashMap::new();
    for row in 0..answer.len() {
        if let (Some(day_type), Some(actor)) = (answer.text(row, DAY_TYPE.id), answer.integer(row, "actor")) {
            parts.insert((day_type, actor), answer.count(row, "part"));
        }
    }
    let active = format!("{free} AND primary_records > 0");
    let answer = all.actors(&schema::ACTOR_DAYS, &active, &[DAY_TYPE], "0", days).await?;
    let mut wholes: BTreeMap<String, BTreeMap<i64, i64>> = BTreeMap::new();
    for row in 0..answer.len() {
        if let (Some(day_type), Some(actor)) = (answer.text(row, DAY_TYPE.id), answer.integer(row, "actor")) {
            wholes.entry(day_type).or_default().insert(actor, answer.count(row, "whole"));
        }
    }
    let mut rates = BTreeMap::new();
    for (day_type, actors) in wholes {
        let part = |actor: &i64, whole: i64| {
            parts.get(&(day_type.clone(), *actor)).copied().unwrap_or(0).min(whole)
        };
        let clusters: Vec<Cluster> = actors
            .iter()
            .map(|(actor, whole)| Cluster { part: part(actor, *whole) as f64, whole: *whole as f64 })
            .collect();
        if let Some(share) = clustered_share(&clusters) {
            let ends = share.interval.scaled(1000.0);
            let with: f64 = clusters.iter().map(|cluster| cluster.part).sum();
            let active: f64 = clusters.iter().map(|cluster| cluster.whole).sum();
            rates.insert(day_type, (with as i64, active as i64, share.share * 1000.0, ends.lower, ends.upper));
        }
    }
    Ok(rates)
}

fn evidence_of(actors: Option<&Actors>) -> (i64, Option<f64>) {
    let Some(actors) = actors else { return (0, None) };
    let people = actors.values().filter(|(_, person)| *person).count() as i64;
    let all: i64 = actors.values().map(|(episodes, _)| *episodes).sum();
    let told_apart = actors.iter().filter(|(actor, _)| actor.is_some());
    let most = told_apart.map(|(_, (episodes, _))| *episodes).max();
    (people, most.filter(|_| all > 0).map(|most| most as f64 / all as f64))
}

fn columns() -> Vec<crate::TableColumn> {
    let rate = "actor-days per 1,000 active actor-days";
    let mut columns = vec![
        dimension("day_type", "Sort of day"),
        dimension("hours", "Hours"),
        evidence("days", "Days", "days of this sort with any record"),
        measure("primary_records", "Primary records", "primary records of everybody but staff"),
        measure("blocked_records", "Blocked", "blocked primary records"),
        measure("episodes", "Episodes", "episodes of everybody but staff, blocked or allowed"),
        measure("episodes_per_1000", "Per 1,000 records", "episodes per 1,000 primary records"),
        measure("actor_days", "Actor-days", "pupils' days with at least one episode"),
        measure("active_actor_days", "Active actor-days", "pupils' days with at least one primary record"),
        measure("rate_per_1000", "Rate per 1,000", rate),
    ];
    columns.extend(ends("rate_lower_per_1000", "rate_upper_per_1000", rate));
    columns.extend([
        evidence(PEOPLE, "Different people", "people with an episode"),
        evidence("largest_share_of_episodes", "Most by one", "largest share of episodes made by one actor"),
    ]);
    columns
}

fn row(
    day_type: &str,
    hours: &str,
    found: &Found,
    days: Option<&i64>,
    rate: Option<&Rate>,
    (people, largest): (i64, Option<f64>),
    shows_blocked: bool,
) -> Vec<Cell> {
    let per = (found.primary > 0).then(|| 1000.0 * found.episodes as f64 / found.primary as f64);
    vec![
        words(day_type).into(),
        hours.into(),
        days.copied().into(),
        found.primary.into(),
        shows_blocked.then_some(found.blocked).into(),
        found.episodes.into(),
        per.into(),
        rate.map(|rate| rate.0).into(),
        rate.map(|rate| rate.1).into(),
        rate.map(|rate| rate.2).into(),
        rate.map(|rate| rate.3).into(),
        rate.map(|rate| rate.4).into(),
        people.into(),
        largest.into(),
    ]
}

/// School days first, then days off as they are met.
fn order(day_type: &str) -> usize {
    const ORDER: [&str; 8] =
        ["term", "part", "weekend", "half_term", "holiday", "bank_holiday", "inset", "closure"];
    ORDER.iter().position(|known| *known == day_type).unwrap_or(ORDER.len())
}

fn words(day_type: &str) -> String {
    match day_type {
        "term" => "school day, outside lessons".to_owned(),
        "part" => "part school day, outside lessons".to_owned(),
        "inset" => "day for teachers only".to_owned(),
        "half_term" => "half-term holiday".to_owned(),
        other => other.replace('_', " "),
    }
}

fn reading(totals: &[(String, Found)]) -> String {
    let all: i64 = totals.iter().map(|(_, found)| found.primary).sum();
    let episodes: i64 = totals.iter().map(|(_, found)| found.episodes).sum();
    if all == 0 && episodes == 0 {
        return "Nothing was recorded out of hours in these days. Devices that leave the school's network may not be \
                logged there."
            .to_owned();
    }
    let most = totals.iter().max_by_key(|(day_type, found)| (found.episodes, std::cmp::Reverse(order(day_type))));
    let mut text = format!(
        "Out of hours there were {} in {}.",
        wording::counted(episodes, "episode", "episodes"),
        wording::counted(all, "primary record", "primary records")
    );
    if let Some((day_type, found)) = most.filter(|_| episodes > 0) {
        text.push_str(&format!(" Most of them: {}, {}.", words(day_type), wording::whole(found.episodes)));
    }
    text
}
