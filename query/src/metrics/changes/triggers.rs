//! What calls for a review out of turn: the triggers of the national standard, as far as data shows them.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::rows::{about, all, for_whom};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::feeds;
use crate::figures::{About, Figures, dimension, measure};
use crate::metrics::Place;
use crate::metrics::elapsed::shifted;
use crate::plan::Reader;
use crate::session::Value;
use crate::wording;

/// Days of history before a site can be called new.
const HISTORY_DAYS: i64 = 28;

/// The triggers, as the standard has them.
const RISK: &str = "safeguarding risk";
const TECHNOLOGY: &str = "new technology";
const AI: &str = "new AI tool";
const NETWORK: &str = "network or configuration";
const CHANGE: &str = "change of the filter";

struct Trigger {
    day: Date,
    trigger: &'static str,
    what: String,
    count: i64,
}

pub(super) async fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    let (from, to) = (reader.window.from, reader.window.to);
    let mut found = Vec::new();
    for change in all(reader).await?.iter().filter(|change| change.made() && change.kind != "report") {
        let day = change.effective();
        let wide = change.site.is_none() || change.severity >= 3;
        if wide && (from..=to).contains(&day) {
            let what = format!("{}: {} for {}", change.asked, about(change), for_whom(change));
            found.push(Trigger { day, trigger: CHANGE, what, count: 1 });
        }
    }
    for (day, network) in place.settings.networks().begun_between(from, to) {
        let what = format!("network {network} begins in networks.csv");
        found.push(Trigger { day, trigger: NETWORK, what, count: 1 });
    }
    formats(reader, place, &mut found).await?;
    tools(reader, &mut found).await?;
    if place.sees_listed {
        grave(reader, &mut found).await?;
    }
    found.sort_by(|one, other| (other.day, one.trigger, &one.what).cmp(&(one.day, other.trigger, &other.what)));
    let mut by: BTreeMap<&str, i64> = BTreeMap::new();
    for trigger in &found {
        *by.entry(trigger.trigger).or_default() += 1;
    }
    let reading = match found.first() {
        None => "Nothing in these days calls for a review out of turn, as far as data shows; what staff know (new devices, ways of working) is not in it.".to_owned(),
        Some(newest) => format!(
            "{}: {}. The newest is of {}. Each asks whether the yearly review still holds; whether it was looked at stands in `--table actions`.",
            wording::counted(found.len() as i64, "trigger", "triggers"),
            by.iter().map(|(word, number)| format!("{word} {number}")).collect::<Vec<_>>().join(", "),
            wording::day(newest.day)
        ),
    };
    let mut notes = vec![
        "Triggers: a safeguarding risk (days with an episode or incident of severity 5), new technology (another log format or version than before, a filter that let everything through), a new AI tool (first seen after four weeks of records), a network that begins, a change of a whole category or of severity 3 and above.".to_owned(),
    ];
    if !place.sees_listed {
        notes.push("Days of severity 5 are for the DSL and the head, and are left out here whether or not there are any.".to_owned());
    }
    Ok(Figures {
        schema: "watershed.changes.triggers/1",
        title: "What calls for a review out of turn".to_owned(),
        unit: "triggers: one for a day and what was seen",
        denominator: "",
        interval: "",
        about: About::Records,
        columns: vec![
            dimension("local_date", "Day"),
            dimension("trigger", "Trigger"),
            dimension("what", "What was seen"),
            measure("count", "Count", "rows, files, sites or episodes behind it"),
        ],
        rows: found
            .into_iter()
            .map(|trigger| {
                let cells: Vec<Cell> = vec![
                    trigger.day.to_string().into(),
                    trigger.trigger.into(),
                    trigger.what.into(),
                    trigger.count.into(),
                ];
                cells
            })
            .collect(),
        notes,
        reading,
    })
}

/// Formats and versions that began, and what the feeds say of the filter.
async fn formats(reader: &Reader<'_>, place: &Place<'_>, found: &mut Vec<Trigger>) -> Result<(), Error> {
    let (from, to) = (reader.window.from, reader.window.to);
    let imports = feeds::imports(reader.session, place.zone).await?;
    let mut first: BTreeMap<&str, Date> = BTreeMap::new();
    for import in &imports {
        let day = import.days.keys().next().copied().unwrap_or(import.taken);
        let known = first.entry(import.source.format.as_str()).or_insert(day);
        *known = (*known).min(day);
    }
    if let Some(start) = first.values().min().copied() {
        for (format, day) in first.iter().filter(|(_, day)| **day > start && (from..=to).contains(*day)) {
            let what = format!("first records of format {format}");
            found.push(Trigger { day: *day, trigger: TECHNOLOGY, what, count: 1 });
        }
    }
    let all = feeds::findings(imports, place.feeds, place.calendar, feeds::judged_until(place.now));
    for finding in all.iter().filter(|finding| (from..=to).contains(&finding.day)) {
        let trigger = match finding.kind {
            feeds::Kind::FilterOpen => RISK,
            feeds::Kind::FormatChange => TECHNOLOGY,
            _ => continue,
        };
        let what = format!("{}: {}", finding.kind.word(), finding.source);
        found.push(Trigger { day: finding.day, trigger, what, count: 1 });
    }
    Ok(())
}

/// AI sites whose first record, blocked or not, lies in these days.
async fn tools(reader: &Reader<'_>, found: &mut Vec<Trigger>) -> Result<(), Error> {
    let codes = "code IN ('GENAI', 'AISIM') AND site IS NOT NULL AND local_date <= $last";
    let statement = format!(
        "SELECT site, min(first) AS first, sum(records) AS records FROM (\
         SELECT site, min(local_date) AS first, sum(records) AS records FROM blocked_site_days WHERE {codes} GROUP BY site \
         UNION ALL \
         SELECT site, min(local_date) AS first, count(*) AS records FROM requests \
         WHERE {codes} AND action <> 'blocked' AND NOT record_noise AND NOT illegal GROUP BY site) AS seen \
         GROUP BY site ORDER BY site"
    );
    let last = [("last", Value::Day(reader.window.to))];
    let answer = reader.session.query(&statement, &last).await?;
    let start = reader.session.query("SELECT min(local_date) AS first FROM activity", &[]).await?.day(0, "first");
    let Some(start) = start else { return Ok(()) };
    for row in 0..answer.len() {
        if let (Some(site), Some(day)) = (answer.text(row, "site"), answer.day(row, "first"))
            && day >= reader.window.from
            && day >= shifted(start, HISTORY_DAYS)
        {
            let what = format!("first record of {site}");
            found.push(Trigger { day, trigger: AI, what, count: answer.count(row, "records") });
        }
    }
    Ok(())
}

/// Days with an episode or an incident of severity 5.
async fn grave(reader: &Reader<'_>, found: &mut Vec<Trigger>) -> Result<(), Error> {
    for (table, what, count, condition) in [
        ("episodes", "episodes of severity 5 in the web log", "count(*)", "(severity >= 5 OR illegal)"),
        ("incidents", "incidents of severity 5", "count(DISTINCT incident)", "severity >= 5"),
    ] {
        let statement = format!(
            "SELECT local_date, {count} AS number FROM {table} \
             WHERE local_date BETWEEN $first AND $last AND {condition} GROUP BY local_date ORDER BY local_date"
        );
        let values = [("first", Value::Day(reader.window.from)), ("last", Value::Day(reader.window.to))];
        let answer = reader.session.query(&statement, &values).await?;
        for row in 0..answer.len() {
            if let Some(day) = answer.day(row, "local_date") {
                let count = answer.count(row, "number");
                found.push(Trigger { day, trigger: RISK, what: what.to_owned(), count });
            }
        }
    }
    Ok(())
}
