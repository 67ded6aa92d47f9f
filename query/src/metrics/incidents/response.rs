//! From an alert to a concern to its outcome, with times.
//!
//! An alert is an episode of severity 4 or 5 of a known pupil. It was followed when an incident about the same
//! pupil stands in the records within ten school days. Alerts near the end of the records are still waited for
//! and are censored, not counted as never followed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::rows::{Records, Row};
use crate::disclosure::table::{Cell, TableColumn};
use crate::error::Error;
use crate::figures::{About, Figures, dimension, ends, evidence, measure};
use crate::metrics::Place;
use crate::metrics::elapsed::{Elapsed, shifted};
use crate::plan::{PUPIL, Reader};
use crate::statistics::{Wait, kaplan_meier};
use crate::wording;

/// School days within which an incident is taken to follow an alert.
const WITHIN: i64 = 10;
/// Days of the calendar that surely hold that many school days, holidays included.
const REACH_DAYS: i64 = 90;

struct Alert {
    actor: i64,
    day: Date,
    /// Microseconds since the epoch.
    start: i64,
    theme: String,
}

/// What became of one alert.
struct Followed<'a> {
    actor: i64,
    theme: &'a str,
    wait: Wait,
    /// How far the school is with the incident that followed.
    status: Option<&'static str>,
    /// An incident stood there in as many school days before.
    before: bool,
}

pub(super) async fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    let (alerts, untied) = alerts(reader).await?;
    let (from, to) = (shifted(reader.window.from, -REACH_DAYS), shifted(reader.window.to, REACH_DAYS));
    // The theme and group asked about are those of the alert; the record may be of another sort.
    let ask = crate::service::Ask { group: None, theme: None, ..reader.ask.clone() };
    let whole = Records::whole(reader, place, &ask, from, to).await?;
    let followed = follow(&alerts, &whole, place);
    let rows = rows(&alerts, &followed, whole.reach.is_some());
    let mut notes = vec![
        format!("An alert is an episode of severity 4 or 5 of a known pupil, hits on illegal lists excepted. It is followed by the first incident of any type about the same pupil within {WITHIN} school days; that the two belong together is inferred from person and time, nobody said so."),
        "`Before` counts alerts of a pupil with an incident in as many school days before the alert: as many before as after would mean that the meeting is chance.".to_owned(),
        "Times run to the day that the record names, which may be that of the event and not of its writing; 0 is the same day, 1 the next school day. Alerts whose days the records do not reach are left out, those near the end are censored (Kaplan and Meier).".to_owned(),
        "When an alert was viewed, and when an incident was closed, is not recorded in these exports.".to_owned(),
    ];
    if untied > 0 {
        notes.push(format!(
            "{} of severity 4 or 5 cannot be tied to one pupil and cannot be followed.",
            wording::counted(untied, "episode", "episodes")
        ));
    }
    notes.extend(whole.notes(place));
    Ok(Figures {
        schema: "watershed.incidents.response/1",
        title: "From alert to concern to outcome".to_owned(),
        unit: "alerts (episodes of severity 4 or 5 of known pupils)",
        denominator: "alerts that the incident records reach",
        interval: "95 %, Kaplan and Meier with Greenwood's variance on the log-log scale; as if alerts were \
            independent, which those of one pupil are not: where one pupil makes many, the true interval is wider",
        about: About::People,
        columns: columns(),
        reading: reading(&alerts, &followed, whole.reach.is_some()),
        rows,
        notes,
    })
}

fn columns() -> Vec<TableColumn> {
    let share = "share of alerts by Kaplan and Meier";
    let days = "school days";
    let mut columns = vec![
        dimension("step", "Step"),
        dimension("theme", "Theme"),
        measure("alerts", "Alerts", "alerts that can be followed"),
        measure("reached", "Reached", "alerts"),
        measure("within_one_day_share", "In one day", share),
    ];
    columns.extend(ends("within_one_day_share_lower", "within_one_day_share_upper", share));
    columns.push(measure("median_school_days", "Median", days));
    columns.extend(ends("median_lower", "median_upper", days));
    columns.extend([
        measure("p90_school_days", "90 in 100 by", days),
        measure("alerts_before", "Before", "alerts with an incident in as many school days before"),
        evidence("distinct_people", "Different people", "people with an alert"),
        evidence("largest_share_of_alerts", "Most by one", "largest share of the alerts of one pupil"),
    ]);
    columns
}

async fn alerts(reader: &Reader<'_>) -> Result<(Vec<Alert>, i64), Error> {
    let mut only = "local_date BETWEEN $first AND $last AND severity >= 4 AND NOT illegal".to_owned();
    if reader.ask.group.is_some() {
        only.push_str(" AND group_id = $group");
    }
    if reader.ask.theme.is_some() {
        only.push_str(" AND coalesce(theme, 'no theme') = $theme");
    }
    let statement = format!(
        "SELECT actor, local_date, CAST(start_utc AS BIGINT) AS start, coalesce(theme, 'no theme') AS theme, \
         coalesce({PUPIL}, false) AS pupil FROM episodes WHERE {only} ORDER BY start_utc, actor, theme"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let (mut alerts, mut untied) = (Vec::new(), 0);
    for row in 0..answer.len() {
        let known = answer.integer(row, "actor").filter(|_| answer.yes(row, "pupil"));
        match known.zip(answer.day(row, "local_date")) {
            Some((actor, day)) => alerts.push(Alert {
                actor,
                day,
                start: answer.count(row, "start"),
                theme: answer.text(row, "theme").unwrap_or_default(),
            }),
            None => untied += 1,
        }
    }
    Ok((alerts, untied))
}

/// What became of the alerts that the records reach.
fn follow<'a>(alerts: &'a [Alert], records: &Records, place: &Place<'_>) -> Vec<Followed<'a>> {
    let (Some((first, last)), Some(from), Some(to)) =
        (records.reach, alerts.first().map(|alert| alert.day), alerts.last().map(|alert| alert.day))
    else {
        return Vec::new();
    };
    let elapsed =
        Elapsed::between(place.calendar, shifted(from, -REACH_DAYS).min(first), shifted(to, REACH_DAYS).max(last));
    let mut of_person: BTreeMap<i64, Vec<&Row>> = BTreeMap::new();
    for row in &records.rows {
        if let Some(person) = row.subject {
            of_person.entry(person).or_default().push(row);
        }
    }
    let mut followed = Vec::new();
    for alert in alerts.iter().filter(|alert| (first..=last).contains(&alert.day)) {
        let own = of_person.get(&alert.actor).map_or(&[][..], Vec::as_slice);
        let later = |row: &&&Row| {
            let days = elapsed.days(alert.day, row.day);
            let sooner = row.day < alert.day || (row.day == alert.day && row.time_known && row.occurred < alert.start);
            !sooner && (0..=WITHIN).contains(&days)
        };
        let earlier = |row: &&Row| {
            row.day < alert.day && (1..=WITHIN).contains(&elapsed.days(row.day, alert.day))
        };
        let found = own.iter().filter(later).min_by_key(|row| (row.day, row.occurred, row.incident));
        let wait = match found {
            Some(row) => Wait { time: elapsed.days(alert.day, row.day) as f64, ended: true },
            None => Wait { time: elapsed.days(alert.day, last).min(WITHIN) as f64, ended: false },
        };
        let status = found.map(|row| {
            let of_incident = own.iter().filter(|other| other.incident == row.incident);
            super::rows::least_finished(&of_incident.map(|row| row.status).collect::<BTreeSet<_>>())
        });
        let before = own.iter().any(earlier);
        followed.push(Followed { actor: alert.actor, theme: &alert.theme, wait, status, before });
    }
    followed
}

fn rows(alerts: &[Alert], followed: &[Followed<'_>], known: bool) -> Vec<Vec<Cell>> {
    let all: Vec<&Followed<'_>> = followed.iter().collect();
    let mut rows = vec![line("alert", "all", &all, Some(alerts.len() as i64), None)];
    rows.push(line("viewed: not recorded in this export", "all", &all, None, None));
    let reached = |these: &[&Followed<'_>]| {
        known.then(|| these.iter().filter(|one| one.wait.ended).count() as i64)
    };
    rows.push(line("concern", "all", &all, reached(&all), Some(&all)));
    for status in ["closed", "open", "unread", "other", "unknown"] {
        let number = all.iter().filter(|one| one.status == Some(status)).count() as i64;
        if known && (number > 0 || matches!(status, "closed" | "open")) {
            rows.push(line(&format!("outcome: {status}"), "all", &all, Some(number), None));
        }
    }
    let themes: BTreeSet<&str> = followed.iter().map(|one| one.theme).collect();
    for theme in themes {
        let these: Vec<&Followed<'_>> = followed.iter().filter(|one| one.theme == theme).collect();
        rows.push(line("concern", theme, &these, reached(&these), Some(&these)));
    }
    rows
}

/// One row; the times only where a curve is asked for.
fn line(
    step: &str,
    theme: &str,
    of: &[&Followed<'_>],
    reached: Option<i64>,
    timed: Option<&[&Followed<'_>]>,
) -> Vec<Cell> {
    let mut per_actor: BTreeMap<i64, i64> = BTreeMap::new();
    for one in of {
        *per_actor.entry(one.actor).or_default() += 1;
    }
    let most = per_actor.values().copied().max();
    let mut row: Vec<Cell> = vec![step.into(), theme.into(), (of.len() as i64).into(), reached.into()];
    let waits: Vec<Wait> = timed.into_iter().flatten().map(|one| one.wait).collect();
    match kaplan_meier(&waits) {
        Some(curve) => {
            let (share, interval) = curve.ended_by(1.0);
            let median = curve.time_by(0.5);
            row.extend([share.into(), interval.lower.into(), interval.upper.into()]);
            row.extend([median.time.into(), median.lower.into(), median.upper.into()]);
            row.push(curve.time_by(0.9).time.into());
            row.push((of.iter().filter(|one| one.before).count() as i64).into());
        }
        None => row.extend(std::iter::repeat_n(Cell::Missing, 8)),
    }
    row.push((per_actor.len() as i64).into());
    row.push(most.map(|most| most as f64 / of.len() as f64).into());
    row
}

fn reading(alerts: &[Alert], followed: &[Followed<'_>], known: bool) -> String {
    if alerts.is_empty() {
        return "No episode of severity 4 or 5 of a known pupil was seen in these days.".to_owned();
    }
    if !known {
        return "Not measurable: no incident export was taken in, so nobody can say what followed an alert.".to_owned();
    }
    let waits: Vec<Wait> = followed.iter().map(|one| one.wait).collect();
    let Some(curve) = kaplan_meier(&waits) else {
        return "Not measurable: the incident records do not reach the days of these alerts.".to_owned();
    };
    let reached = followed.iter().filter(|one| one.wait.ended).count() as i64;
    let before = followed.iter().filter(|one| one.before).count() as i64;
    let (share, interval) = curve.ended_by(1.0);
    let mut text = format!(
        "Of {}, {} followed by an incident about the same pupil within {WITHIN} school days; within one school day {} ({} to {}).",
        wording::counted(followed.len() as i64, "alert", "alerts"),
        if reached == 1 { "1 was".to_owned() } else { format!("{} were", wording::whole(reached)) },
        wording::percent(share),
        wording::percent(interval.lower),
        wording::percent(interval.upper)
    );
    if reached > 0 && reached <= before {
        text.push_str(&format!(
            " No fewer ({}) had one in as many days before, so these may have met by chance.",
            wording::whole(before)
        ));
    }
    text.push_str(" Whether anybody looked at an alert these exports do not record.");
    text
}
