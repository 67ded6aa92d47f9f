//! False alerts (OB9): what people said of the grave episodes that `attention` lists.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Place;
use super::share::WHOLE_SCHOOL;
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, ends, evidence, evidence_of_people, measure};
use crate::plan::Reader;
use crate::review::Reviews;
use crate::review::alerts::{FALSE, alert};
use crate::statistics::{Cluster, clustered_wilson};
use crate::wording;

/// Alerts of one theme, or of all.
#[derive(Debug, Default)]
struct Counted {
    alerts: i64,
    people: BTreeSet<i64>,
    most: BTreeMap<i64, i64>,
    labelled: BTreeMap<Option<i64>, (i64, i64)>,
}

/// Labelled and false alerts by theme; an alert is the grave episodes (severity 4 or 5, nothing on an illegal list)
/// of one actor in one theme on one day.
pub(super) async fn alerts(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    let mut only = String::new();
    if reader.ask.group.is_some() {
        only.push_str(" AND group_id = $group");
    }
    if reader.ask.theme.is_some() {
        only.push_str(" AND theme = $theme");
    }
    let statement = format!(
        "SELECT DISTINCT local_date, actor, actor_kind = 'person' AS person, theme FROM episodes \
         WHERE local_date BETWEEN $first AND $last AND severity >= 4 AND NOT illegal AND theme IS NOT NULL{only} \
         ORDER BY theme, local_date, actor"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let labels =
        if place.root.state().exists() { Reviews::of(place.root)?.alert_labels()? } else { BTreeMap::new() };
    let mut themes: BTreeMap<String, Counted> = BTreeMap::new();
    let mut all = Counted::default();
    for row in 0..answer.len() {
        let (Some(theme), Some(day)) = (answer.text(row, "theme"), answer.day(row, "local_date")) else { continue };
        let actor = answer.integer(row, "actor");
        let label = labels.get(&alert(actor, &theme, day));
        let of_theme = themes.entry(theme).or_default();
        for counted in [of_theme, &mut all] {
            counted.alerts += 1;
            if let Some(actor) = actor {
                *counted.most.entry(actor).or_default() += 1;
                if answer.yes(row, "person") {
                    counted.people.insert(actor);
                }
            }
            if let Some(label) = label {
                let (wrong, labelled) = counted.labelled.entry(actor).or_default();
                *labelled += 1;
                *wrong += i64::from(label == FALSE);
            }
        }
    }
    let reading = reading(&all);
    let unit = "share of labelled alerts";
    let mut columns = vec![
        dimension("theme", "Theme"),
        measure("alerts", "Alerts", "grave episodes of one actor, theme and day"),
        measure("labelled", "Labelled", "alerts that somebody called real or false"),
        measure("false_alerts", "False", "of them called false"),
        measure("false_share", "Share", unit),
    ];
    columns.extend(ends("false_share_lower", "false_share_upper", unit));
    columns.extend([evidence("labelled_share", "Looked at", "share of the alerts that are labelled")]);
    columns.extend(evidence_of_people("alerts"));
    let rows = std::iter::once((WHOLE_SCHOOL.to_owned(), all)).chain(themes);
    let rows = rows.filter(|(_, counted)| counted.alerts > 0).map(|(theme, counted)| -> Vec<Cell> {
        let clusters: Vec<Cluster> = counted
            .labelled
            .values()
            .map(|(wrong, labelled)| Cluster { part: *wrong as f64, whole: *labelled as f64 })
            .collect();
        let labelled: i64 = counted.labelled.values().map(|(_, labelled)| labelled).sum();
        let wrong: i64 = counted.labelled.values().map(|(wrong, _)| wrong).sum();
        let found = clustered_wilson(&clusters);
        let most = counted.most.values().max().copied().unwrap_or(0);
        vec![
            theme.into(),
            counted.alerts.into(),
            labelled.into(),
            wrong.into(),
            found.map(|found| found.share).into(),
            found.map(|found| found.interval.lower).into(),
            found.map(|found| found.interval.upper).into(),
            (labelled as f64 / counted.alerts as f64).into(),
            (counted.people.len() as i64).into(),
            (most as f64 / counted.alerts as f64).into(),
        ]
    });
    let rows = rows.collect();
    Ok(Figures {
        schema: "watershed.overblocking.alerts/1",
        title: "False alerts (OB9)".to_owned(),
        unit: "alerts",
        denominator: "alerts that somebody labelled",
        interval: "95 %, Wilson with the effective size by leaving out one actor at a time (jackknife), \
            allowing for one more like the most active; population: alerts like those that were labelled",
        about: About::People,
        columns,
        rows,
        notes: vec![
            "An alert: the episodes of severity 4 or 5 of one actor in one theme on one day, as `attention` lists them. \
             `watershed label alert` says of one that it was real or false; those that nobody labelled may be otherwise."
                .to_owned(),
        ],
        reading,
    })
}

fn reading(all: &Counted) -> String {
    let labelled: i64 = all.labelled.values().map(|(_, labelled)| labelled).sum();
    let wrong: i64 = all.labelled.values().map(|(wrong, _)| wrong).sum();
    let alerts = wording::counted(all.alerts, "alert", "alerts");
    match (all.alerts, labelled) {
        (0, _) => "There was no alert in these days.".to_owned(),
        (_, 0) => format!("Not measurable: none of the {alerts} is labelled (`watershed label alert`)."),
        _ => format!(
            "{} of {} labelled alerts were false; {} were not labelled.",
            wording::whole(wrong),
            wording::whole(labelled),
            wording::whole(all.alerts - labelled)
        ),
    }
}
