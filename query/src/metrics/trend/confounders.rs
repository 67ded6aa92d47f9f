//! The table `confounders`: what else may move a trend, week by week, and which of it moved.

use std::collections::{BTreeMap, BTreeSet};

use ingest::schema;
use jiff::civil::Date;

use super::super::Place;
use super::series::{self, Week};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, evidence, measure};
use crate::plan::{ACTIVE_PUPIL, Cells, Reader, Sum, WEEK, sum};
use crate::statistics::{Limits, individuals};
use crate::wording;

/// What a week was seen under.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) monday: Option<Date>,
    active_pupils: Option<f64>,
    identified: Option<f64>,
    decrypted: Option<f64>,
    uncategorised: Option<f64>,
    records: i64,
    settings: BTreeSet<String>,
    formats: BTreeSet<String>,
    nights_missing: i64,
    school_days: i64,
    /// What lies outside its usual range, or is new, in words.
    pub(super) moved: Vec<String>,
}

/// What is watched: its words, and where it stands.
type Measured = (&'static str, fn(&Seen) -> Option<f64>);

const MEASURED: [Measured; 4] = [
    ("active pupils", |seen| seen.active_pupils),
    ("the identified share", |seen| seen.identified),
    ("the decrypted share", |seen| seen.decrypted),
    ("the uncategorised share", |seen| seen.uncategorised),
];

/// Reads the weeks of a reader; what moved is judged against its first full weeks.
pub(super) async fn of(reader: &Reader<'_>, place: &Place<'_>) -> Result<Vec<Seen>, Error> {
    const PUPILS: &[Sum<'_>] = &[sum("pupils", "1")];
    let (weeks, _) = series::weeks(reader, &[]).await?;
    let mut seen: Vec<Seen> = weeks.iter().map(of_week).collect();
    let at: BTreeMap<String, usize> =
        weeks.iter().enumerate().map(|(at, week)| (week.monday.to_string(), at)).collect();
    // Themes are no matter here: what could be seen is the same for all.
    let everything = crate::service::Ask { theme: None, ..reader.ask.clone() };
    let reader =
        Reader { session: reader.session, window: reader.window.clone(), ask: &everything, every_day: false };

    let cells =
        Cells { table: &schema::ACTOR_DAYS, only: ACTIVE_PUPIL, by: &[WEEK], sums: PUPILS, weight: "pupils" };
    let pupils = reader.cells(&cells).await?;
    for row in 0..pupils.len() {
        if let Some(at) = pupils.text(row, WEEK.id).and_then(|week| at.get(&week)) {
            seen[*at].active_pupils = Some(pupils.count(row, "pupils") as f64);
        }
    }
    let statement = format!(
        "SELECT CAST(week_start_date AS VARCHAR) AS week_start_date, sum(records) AS records, \
         sum(records) FILTER (WHERE actor_kind = 'person') AS identified, \
         sum(records) FILTER (WHERE visibility = 'host') AS host_only, \
         sum(records) FILTER (WHERE code = 'UNCAT') AS uncategorised \
         FROM activity WHERE {} GROUP BY week_start_date ORDER BY week_start_date",
        reader.counted(&schema::ACTIVITY, "")
    );
    let shares = reader.session.query(&statement, &reader.values()).await?;
    for row in 0..shares.len() {
        let Some(at) = shares.text(row, WEEK.id).and_then(|week| at.get(&week)) else { continue };
        let records = shares.count(row, "records");
        let share = |part: i64| (records > 0).then(|| part as f64 / records as f64);
        let of_week = &mut seen[*at];
        of_week.records = records;
        of_week.identified = share(shares.count(row, "identified"));
        of_week.decrypted = share(records - shares.count(row, "host_only"));
        of_week.uncategorised = share(shares.count(row, "uncategorised"));
    }
    versions(&reader, &weeks, &mut seen).await?;
    mark(&mut seen, &weeks, place);
    Ok(seen)
}

fn of_week(week: &Week) -> Seen {
    Seen {
        monday: Some(week.monday),
        nights_missing: week.school_days as i64 - week.days_with_data as i64,
        school_days: week.school_days as i64,
        ..Seen::default()
    }
}

/// Versions of the data files and of the formats that a week's records came in under.
async fn versions(reader: &Reader<'_>, weeks: &[Week], seen: &mut [Seen]) -> Result<(), Error> {
    let statement = "SELECT settings_version, source_format, format_version, event_days, \
        CAST(first_utc AS DATE) AS first_day, CAST(last_utc AS DATE) AS last_day FROM imports \
        WHERE first_utc IS NOT NULL AND CAST(first_utc AS DATE) <= $last AND CAST(last_utc AS DATE) >= $first";
    let answer = reader.session.query(statement, &reader.values()).await?;
    // Exports of incidents have no days of a web log, and move no trend. Files taken in by old versions have none either.
    let told = (0..answer.len()).any(|row| answer.text(row, "event_days").is_some_and(|days| !days.is_empty()));
    for row in 0..answer.len() {
        let (Some(first), Some(last)) = (answer.day(row, "first_day"), answer.day(row, "last_day")) else { continue };
        let named = answer.text(row, "event_days").unwrap_or_default();
        let days: Vec<Date> =
            named.split(';').filter_map(|pair| pair.split('=').next()?.parse().ok()).collect();
        if told && days.is_empty() {
            continue;
        }
        let format = answer.text(row, "source_format").unwrap_or_default();
        let version = answer.text(row, "format_version").unwrap_or_default();
        for (week, of_week) in weeks.iter().zip(seen.iter_mut()) {
            let within =
                |day: Date| day >= week.monday && week.monday.until(day).is_ok_and(|span| span.get_days() < 7);
            let touches = if days.is_empty() {
                first <= week.monday.checked_add(jiff::Span::new().days(6)).unwrap_or(week.monday)
                    && last >= week.monday
            } else {
                days.iter().any(|day| within(*day))
            };
            if touches {
                of_week.settings.extend(answer.text(row, "settings_version"));
                of_week.formats.insert(format!("{format} {version}"));
            }
        }
    }
    Ok(())
}

/// Marks what lies outside its usual range, or is new since the week before.
fn mark(seen: &mut [Seen], weeks: &[Week], place: &Place<'_>) {
    let rules = place.settings.charts().rules();
    let full: Vec<usize> = (0..weeks.len()).filter(|at| weeks[*at].full(rules.full_week_days)).collect();
    for (name, read) in MEASURED {
        let first: Vec<f64> =
            full.iter().filter_map(|at| read(&seen[*at])).take(rules.baseline_weeks).collect();
        let Some(limits) = individuals(&first).filter(|_| first.len() >= rules.trial_points) else { continue };
        for at in &full {
            let side = read(&seen[*at]).and_then(|value| outside(limits, value));
            seen[*at].moved.extend(side.map(|side| format!("{name} {side} than usual")));
        }
    }
    for at in 1..seen.len() {
        let before = seen[..at].iter().rev().find(|week| week.records > 0).cloned().unwrap_or_default();
        let of_week = &mut seen[at];
        if before.records > 0 && of_week.settings.difference(&before.settings).next().is_some() {
            of_week.moved.push("the data files changed".to_owned());
        }
        if before.records > 0 && of_week.formats.difference(&before.formats).next().is_some() {
            of_week.moved.push("a new source or layout of logs".to_owned());
        }
    }
    for of_week in seen.iter_mut().filter(|week| week.nights_missing > 0 && week.records > 0) {
        let nights = wording::counted(of_week.nights_missing, "night missing", "nights missing");
        of_week.moved.push(nights);
    }
}

fn outside(limits: Limits, value: f64) -> Option<&'static str> {
    match limits.thirds(value) {
        Some(thirds) if thirds > 3.0 => Some("higher"),
        Some(thirds) if thirds < -3.0 => Some("lower"),
        _ => None,
    }
}

/// A sentence where something moved in the week of a signal.
pub(super) fn moved_with(seen: &[Seen], monday: Option<Date>) -> Option<String> {
    let monday = monday?;
    let of_week = seen.iter().find(|week| week.monday == Some(monday))?;
    Some(if of_week.moved.is_empty() {
        format!(
            "In the unusual week of {} none of what `--table confounders` watches moved.",
            wording::day(monday)
        )
    } else {
        format!(
            "In the unusual week of {} this moved too, and may explain some of it: {}.",
            wording::day(monday),
            of_week.moved.join("; ")
        )
    })
}

/// Computes the table.
pub(super) async fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    let all = series::since_the_first(reader, place).await?;
    let seen = of(&all, place).await?;
    let from = ingest::settings::calendar::week_start(reader.window.from);
    let shown: Vec<&Seen> = seen.iter().filter(|week| week.monday >= Some(from)).collect();
    let share = "share of all records of the week's school days";
    let columns = vec![
        dimension("week_start_date", "Week from"),
        dimension("week", "School week"),
        dimension("moved", "What moved"),
        measure("active_pupils", "Active pupils", "known pupils with a primary record"),
        measure("identified_share", "Identified", share),
        measure("decrypted_share", "Decrypted", share),
        measure("uncategorised_share", "Uncategorised", share),
        dimension("settings", "Data files"),
        dimension("formats", "Sources and layouts"),
        measure("nights_missing", "Nights missing", "school days without a record"),
        evidence("school_days", "School days", "school days of the week"),
        evidence("records", "Records", "records of the week's school days, staff left out"),
    ];
    let rows = shown.iter().filter_map(|week| {
        let monday = week.monday?;
        let joined = |words: &BTreeSet<String>| words.iter().cloned().collect::<Vec<_>>().join(", ");
        let known = |cell: Cell| if week.records > 0 { cell } else { Cell::Missing };
        Some(vec![
            monday.to_string().into(),
            place.calendar.week_name(monday).into(),
            week.moved.join("; ").into(),
            known(week.active_pupils.map_or(0, |pupils| pupils as i64).into()),
            week.identified.into(),
            week.decrypted.into(),
            week.uncategorised.into(),
            joined(&week.settings).into(),
            joined(&week.formats).into(),
            week.nights_missing.into(),
            week.school_days.into(),
            week.records.into(),
        ])
    });
    let moved = shown.iter().filter(|week| !week.moved.is_empty()).count();
    let rules = place.settings.charts().rules();
    let reading = match (shown.iter().any(|week| week.records > 0), moved) {
        (false, _) => "These days have no records.".to_owned(),
        (true, 0) => "Nothing that is watched moved in these weeks.".to_owned(),
        (true, some) => format!(
            "In {} of {} something moved that can change a trend by itself: look here before reading a rise or a fall.",
            some,
            wording::counted(shown.len() as i64, "week", "weeks")
        ),
    };
    Ok(Figures {
        schema: "watershed.trend.confounders/1",
        title: "What else may move a trend".to_owned(),
        unit: "known pupils; records",
        denominator: "records of the week's school days",
        interval: "",
        about: About::Records,
        columns,
        rows: rows.collect(),
        notes: vec![
            format!(
                "Moved: outside the limits of an XmR chart over the first {} full weeks since the first record.",
                rules.baseline_weeks
            ),
            "Data files: the version (a hash) of the school's settings that the week's logs were taken in under. The \
             filter's own list has no version in its logs."
                .to_owned(),
        ],
        reading,
    })
}
