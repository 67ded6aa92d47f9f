//! The table `year`: this period's school weeks beside the same half-term weeks a year before, by theme
//! and key stage, what moved most first.

use std::collections::{BTreeMap, BTreeSet};

use ingest::schema;
use ingest::school::AcademicYear;
use jiff::Span;
use jiff::civil::Date;

use super::super::Place;
use super::series::{self, Week};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, PEOPLE, dimension, ends, evidence, measure};
use crate::plan::{ACTIVE_PUPIL, By, KEY_STAGE, PUPIL, Reader, THEME, WEEK};
use crate::statistics::{Cluster, ClusteredRatio, clustered_ratio};
use crate::window::Window;
use crate::wording;

const ALL: &str = "all";
const INTERVAL: &str = "95 % of the ratio, on the log scale, leaving out one pupil at a time (jackknife), with \
    Student's t by the effective number of pupils; population: pupils like those who were active";

/// One side: by (theme, key stage) the pupils' days with an episode, by key stage their active days.
#[derive(Default)]
struct Side {
    parts: BTreeMap<(String, String), BTreeMap<i64, i64>>,
    wholes: BTreeMap<String, BTreeMap<i64, i64>>,
    weeks: usize,
}

impl Side {
    fn clusters(&self, theme: &str, key_stage: &str) -> Vec<Cluster> {
        let none = BTreeMap::new();
        let parts = self.parts.get(&(theme.to_owned(), key_stage.to_owned())).unwrap_or(&none);
        let wholes = self.wholes.get(key_stage).unwrap_or(&none);
        let part = |actor: &i64, whole: i64| parts.get(actor).copied().unwrap_or(0).min(whole) as f64;
        wholes
            .iter()
            .map(|(actor, whole)| Cluster { part: part(actor, *whole), whole: *whole as f64 })
            .collect()
    }
}

struct Compared {
    theme: String,
    key_stage: String,
    here: Vec<Cluster>,
    before: Vec<Cluster>,
    ratio: Option<ClusteredRatio>,
    why_not: &'static str,
}

impl Compared {
    /// The ratio, where its interval says anything: one over four powers of ten does not.
    fn told(&self) -> Option<ClusteredRatio> {
        self.ratio.filter(|found| found.interval.upper / found.interval.lower <= WIDEST)
    }
}

/// Upper end over lower end of the widest interval that is shown.
const WIDEST: f64 = 10_000.0;

/// The Monday of the same half-term week in the academic year before.
fn a_year_before(place: &Place<'_>, monday: Date) -> Option<Date> {
    let name = place.calendar.week_name(monday)?;
    let year = AcademicYear::of(monday.checked_add(Span::new().days(6)).ok()?);
    (44..=60).find_map(|weeks| {
        let other = monday.checked_sub(Span::new().weeks(weeks)).ok()?;
        let of_other = AcademicYear::of(other.checked_add(Span::new().days(6)).ok()?);
        let same = place.calendar.week_name(other).is_some_and(|known| known == name);
        (same && of_other.first_year() + 1 == year.first_year()).then_some(other)
    })
}

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    let full = place.settings.charts().rules().full_week_days;
    let (weeks, _) = series::weeks(reader, &[]).await?;
    let pairs: Vec<(&Week, Date)> =
        weeks.iter().filter_map(|week| Some((week, a_year_before(place, week.monday)?))).collect();
    let first = pairs.iter().map(|(_, before)| *before).min();
    let last = pairs.iter().map(|(_, before)| *before).max();
    let earlier = match (first, last.and_then(|last| last.checked_add(Span::new().days(6)).ok())) {
        (Some(first), Some(last)) => Some(reader.over(Window::between(first, last, place.calendar))),
        _ => None,
    };
    let (mut here_days, mut before_days) = (BTreeSet::new(), BTreeSet::new());
    if let Some(earlier) = &earlier {
        let (known, _) = series::weeks(earlier, &[]).await?;
        for (week, before) in &pairs {
            let other = known.iter().find(|other| other.monday == *before);
            if week.full(full) && other.is_some_and(|other| other.full(full)) {
                here_days.insert(week.monday.to_string());
                before_days.insert(before.to_string());
            }
        }
    }
    let here = side(reader, &here_days).await?;
    let before = match &earlier {
        Some(earlier) => side(earlier, &before_days).await?,
        None => Side::default(),
    };
    let mut compared = compare(&here, &before);
    compared.sort_by(|one, other| {
        let evidence = |row: &Compared| match (row.told(), row.ratio) {
            (Some(ratio), _) => ratio.evidence,
            (None, Some(_)) => -0.5,
            (None, None) => -1.0,
        };
        evidence(other).total_cmp(&evidence(one)).then_with(|| {
            (wording::natural(&one.theme), wording::natural(&one.key_stage))
                .cmp(&(wording::natural(&other.theme), wording::natural(&other.key_stage)))
        })
    });
    let rows = compared.iter().map(row).collect();
    Ok(Figures {
        schema: "watershed.trend.year/1",
        title: match here.weeks {
            0 => "Beside the same half-term weeks a year before".to_owned(),
            1 => "One school week beside the same half-term week a year before".to_owned(),
            weeks => format!("{weeks} school weeks beside the same half-term weeks a year before"),
        },
        unit: "pupils' days with at least one episode",
        denominator: "pupils' active actor-days",
        interval: INTERVAL,
        about: About::People,
        columns: columns(),
        rows,
        notes: notes(&weeks, &here_days, full, &compared),
        reading: reading(&compared, here.weeks, place, reader.window.from),
    })
}

async fn side(reader: &Reader<'_>, mondays: &BTreeSet<String>) -> Result<Side, Error> {
    let mut side = Side { weeks: mondays.len(), ..Side::default() };
    if mondays.is_empty() {
        return Ok(side);
    }
    let days = "count(DISTINCT local_date)";
    let by: &[By] = &[WEEK, THEME, KEY_STAGE];
    let answer = reader.actors(&schema::EPISODES, PUPIL, by, days, "0").await?;
    for row in 0..answer.len() {
        let week = answer.text(row, WEEK.id).unwrap_or_default();
        let (Some(actor), true) = (answer.integer(row, "actor"), mondays.contains(&week)) else { continue };
        let theme = answer.text(row, THEME.id).unwrap_or_default();
        let key_stage = answer.text(row, KEY_STAGE.id).unwrap_or_default();
        for of_stage in [key_stage, ALL.to_owned()] {
            *side.parts.entry((theme.clone(), of_stage)).or_default().entry(actor).or_default() +=
                answer.count(row, "part");
        }
    }
    let answer = reader.actors(&schema::ACTOR_DAYS, ACTIVE_PUPIL, &[WEEK, KEY_STAGE], "0", days).await?;
    for row in 0..answer.len() {
        let week = answer.text(row, WEEK.id).unwrap_or_default();
        let (Some(actor), true) = (answer.integer(row, "actor"), mondays.contains(&week)) else { continue };
        let key_stage = answer.text(row, KEY_STAGE.id).unwrap_or_default();
        for of_stage in [key_stage, ALL.to_owned()] {
            *side.wholes.entry(of_stage).or_default().entry(actor).or_default() += answer.count(row, "whole");
        }
    }
    Ok(side)
}

fn compare(here: &Side, before: &Side) -> Vec<Compared> {
    let themes: BTreeSet<&String> =
        here.parts.keys().chain(before.parts.keys()).map(|(theme, _)| theme).collect();
    let mut stages: BTreeSet<&str> =
        here.wholes.keys().chain(before.wholes.keys()).map(String::as_str).collect();
    if stages.len() == 2 {
        // One key stage alone is the whole school.
        stages.retain(|stage| *stage == ALL);
    }
    let mut compared = Vec::new();
    for theme in themes {
        for stage in &stages {
            let (now, then) = (here.clusters(theme, stage), before.clusters(theme, stage));
            let any = now.iter().chain(&then).any(|cluster| cluster.part > 0.0);
            if !any {
                continue;
            }
            let why_not = match (now.is_empty(), then.is_empty()) {
                (_, true) => "not comparable: no data a year before",
                (true, _) => "not comparable: no data now",
                _ => "",
            };
            let ratio = clustered_ratio(&now, &then);
            compared.push(Compared {
                theme: theme.clone(),
                key_stage: (*stage).to_owned(),
                here: now,
                before: then,
                ratio,
                why_not,
            });
        }
    }
    compared
}

fn columns() -> Vec<crate::TableColumn> {
    let rate = "actor-days per 1,000 active actor-days";
    let ratio = "rate now over rate a year before";
    let mut columns = vec![
        dimension("theme", "Theme"),
        dimension("key_stage", "Key stage"),
        dimension("comparison", "Comparison"),
        measure("rate_per_1000", "Rate now", rate),
        measure("rate_before_per_1000", "Rate a year before", rate),
        measure("ratio", "Ratio", ratio),
    ];
    columns.extend(ends("ratio_lower", "ratio_upper", ratio));
    columns.extend([
        measure("evidence", "Evidence", "distance from no change in reaches of the interval; above 1, it holds no 1"),
        measure("actor_days", "Actor-days now", "pupils' days with at least one episode"),
        measure("active_actor_days", "Active now", "pupils' days with at least one primary record"),
        measure("actor_days_before", "Actor-days then", "pupils' days with at least one episode, a year before"),
        measure("active_actor_days_before", "Active then", "pupils' active days, a year before"),
        evidence(PEOPLE, "Different people", "pupils with an episode now"),
        evidence("people_before", "People then", "pupils with an episode a year before"),
        evidence("largest_share_of_actor_days", "Most by one", "largest share of actor-days now by one pupil"),
    ]);
    columns
}

fn row(compared: &Compared) -> Vec<Cell> {
    let part = |side: &[Cluster]| side.iter().map(|cluster| cluster.part).sum::<f64>();
    let whole = |side: &[Cluster]| side.iter().map(|cluster| cluster.whole).sum::<f64>();
    let people = |side: &[Cluster]| side.iter().filter(|cluster| cluster.part > 0.0).count() as i64;
    let rate = |side: &[Cluster]| (whole(side) > 0.0).then(|| 1000.0 * part(side) / whole(side));
    let known = |side: &[Cluster], value: i64| (!side.is_empty()).then_some(value);
    let (here, before) = (&compared.here, &compared.before);
    let most = here.iter().map(|cluster| cluster.part).fold(0.0, f64::max);
    let told = compared.told();
    let comparison = match told {
        None if compared.ratio.is_some() => "too few to say",
        None => compared.why_not,
        Some(ratio) if ratio.interval.lower > 1.0 => "higher",
        Some(ratio) if ratio.interval.upper < 1.0 => "lower",
        Some(_) => "no clear change",
    };
    vec![
        compared.theme.clone().into(),
        compared.key_stage.clone().into(),
        comparison.into(),
        rate(here).into(),
        rate(before).into(),
        compared.ratio.and_then(|found| found.ratio).into(),
        told.map(|found| found.interval.lower).into(),
        told.map(|found| found.interval.upper).into(),
        told.map(|found| found.evidence).into(),
        known(here, part(here) as i64).into(),
        known(here, whole(here) as i64).into(),
        known(before, part(before) as i64).into(),
        known(before, whole(before) as i64).into(),
        known(here, people(here)).into(),
        known(before, people(before)).into(),
        (part(here) > 0.0).then(|| most / part(here)).into(),
    ]
}

fn notes(weeks: &[Week], matched: &BTreeSet<String>, full: usize, compared: &[Compared]) -> Vec<String> {
    let left: Vec<Date> =
        weeks.iter().filter(|week| !matched.contains(&week.monday.to_string())).map(|week| week.monday).collect();
    let mut notes = vec![format!(
        "Compared are weeks of the same number in the same half-term, with at least {full} school days and days with \
         data on both sides."
    )];
    if !left.is_empty() {
        notes.push(format!("Left out, because one of the two sides is not there: weeks of {}.", wording::days(&left)));
    }
    notes.push(
        "A pupil has another pseudonym each school year: the two sides count as different pupils. Where either side has \
         none there is an interval and no ratio; where the interval would span more than 10,000 times, neither."
            .to_owned(),
    );
    let tried = compared.iter().filter(|row| row.told().is_some()).count();
    let found = compared.iter().filter(|row| row.ratio.is_some_and(|ratio| ratio.evidence > 1.0)).count();
    if tried > 0 {
        notes.push(format!(
            "{} compared: by chance alone about 1 in 20 would look changed; {} did.",
            wording::counted(tried as i64, "row was", "rows were"),
            found
        ));
    }
    notes
}

fn reading(compared: &[Compared], weeks: usize, place: &Place<'_>, from: Date) -> String {
    if weeks == 0 {
        let named = place.calendar.week_name(ingest::settings::calendar::week_start(from)).is_some();
        return if named {
            "Not comparable: no school week of these days has data now and a year before.".to_owned()
        } else {
            "Not comparable: the calendar does not number the school weeks of these days.".to_owned()
        };
    }
    let Some(first) = compared.first() else {
        return "No known pupil had an episode in these weeks, nor a year before.".to_owned();
    };
    let Some(ratio) = first.told() else {
        return if first.ratio.is_some() {
            "Too few episodes in either year to say anything.".to_owned()
        } else {
            "Not comparable: one of the two years has no known pupils.".to_owned()
        };
    };
    let who = if first.key_stage == ALL { String::new() } else { format!(" in {}", first.key_stage) };
    let range =
        format!("{} to {} times", wording::times(ratio.interval.lower), wording::times(ratio.interval.upper));
    if ratio.evidence <= 1.0 {
        return format!(
            "No clear change from a year before in any theme; the strongest hint is {}{who} ({range} the rate of then).",
            first.theme
        );
    }
    let more = if ratio.interval.lower > 1.0 { "higher" } else { "lower" };
    let parts: Vec<f64> = first.here.iter().map(|cluster| cluster.part).collect();
    let (all, most) = (parts.iter().sum::<f64>(), parts.iter().copied().fold(0.0, f64::max));
    let one = if all >= 3.0 && most / all > 0.5 {
        format!(" One pupil makes most of it ({}).", wording::percent(most / all))
    } else {
        String::new()
    };
    format!("Clearest: {}{who} is {more} than a year before, {range} the rate of then.{one}", first.theme)
}
