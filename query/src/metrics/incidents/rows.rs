//! Rows of incident exports, and sums over them.

use std::collections::{BTreeMap, BTreeSet};

use ingest::settings::year_group;
use jiff::civil::Date;

use crate::error::{Error, Kind};
use crate::metrics::Place;
use crate::plan::{ILLEGAL, Reader};
use crate::service::Ask;
use crate::session::Value;

/// Words for how far the school is with an incident, the least finished first.
const STATUSES: [&str; 5] = ["open", "unread", "other", "unknown", "closed"];

/// One row of an incident.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) incident: i64,
    pub(super) subject: Option<i64>,
    pub(super) day: Date,
    /// Microseconds since the epoch.
    pub(super) occurred: i64,
    pub(super) time_known: bool,
    pub(super) year_group: Option<i8>,
    pub(super) key_stage: Option<String>,
    pub(super) code: String,
    pub(super) four_c: Option<String>,
    pub(super) severity: i64,
    pub(super) status: &'static str,
}

/// The rows of some days and how far the records reach.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) rows: Vec<Row>,
    /// First and last day of any incident in the lake; none when no export was ever taken in.
    pub(super) reach: Option<(Date, Date)>,
}

/// What some rows add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) incidents: i64,
    pub(super) people: i64,
    /// Incidents in which no row names somebody of the roster.
    pub(super) untied: i64,
    /// Incidents that are not closed.
    pub(super) not_closed: i64,
    pub(super) largest_share: Option<f64>,
}

impl Records {
    /// The rows of the days, the theme and the year group asked about.
    pub(super) async fn of(reader: &Reader<'_>, place: &Place<'_>) -> Result<Self, Error> {
        Self::whole(reader, place, reader.ask, reader.window.from, reader.window.to).await
    }

    /// The rows between other days, for another theme or year group.
    pub(super) async fn whole(
        reader: &Reader<'_>,
        place: &Place<'_>,
        ask: &Ask,
        from: Date,
        to: Date,
    ) -> Result<Self, Error> {
        let mut only = String::new();
        if !place.sees_listed {
            only.push_str(&format!(" AND code NOT IN {ILLEGAL}"));
        }
        let mut values = vec![("first", Value::Day(from)), ("last", Value::Day(to))];
        if let Some(theme) = &ask.theme {
            only.push_str(" AND coalesce(theme, 'no theme') = $theme");
            values.push(("theme", Value::Word(theme.clone())));
        }
        let year = match &ask.group {
            None => None,
            Some(group) => Some(year_of(group)?),
        };
        if let Some(year) = year {
            only.push_str(&format!(" AND year_group = {year}"));
        }
        let statement = format!(
            "SELECT incident, subject, local_date, CAST(occurred_utc AS BIGINT) AS occurred, time_known, year_group, \
             key_stage, code, four_c, severity, status FROM incidents \
             WHERE local_date BETWEEN $first AND $last{only} ORDER BY local_date, incident, incident_row"
        );
        let answer = reader.session.query(&statement, &values).await?;
        let row = |row: usize| {
            let status = answer.text(row, "status").unwrap_or_default();
            Some(Row {
                incident: answer.integer(row, "incident")?,
                subject: answer.integer(row, "subject"),
                day: answer.day(row, "local_date")?,
                occurred: answer.count(row, "occurred"),
                time_known: answer.yes(row, "time_known"),
                year_group: answer.integer(row, "year_group").and_then(|year| i8::try_from(year).ok()),
                key_stage: answer.text(row, "key_stage"),
                code: answer.text(row, "code").unwrap_or_default(),
                four_c: answer.text(row, "four_c"),
                severity: answer.count(row, "severity"),
                status: STATUSES.into_iter().find(|known| *known == status).unwrap_or("unknown"),
            })
        };
        let rows = (0..answer.len()).filter_map(row).collect();
        let whole = "SELECT min(local_date) AS first, max(local_date) AS last FROM incidents";
        let whole = reader.session.query(whole, &[]).await?;
        Ok(Self { rows, reach: whole.day(0, "first").zip(whole.day(0, "last")) })
    }

    /// Whether the records reach into some days at all: only then is none a number.
    pub(super) fn reach_into(&self, from: Date, to: Date) -> bool {
        self.reach.is_some_and(|(first, last)| first <= to && from <= last)
    }

    /// What to say of the days; what stands on every table.
    pub(super) fn notes(&self, place: &Place<'_>) -> Vec<String> {
        let mut notes = vec![match self.reach {
            None => "No incident export was taken in: how many there were is unknown, not none.".to_owned(),
            Some((first, last)) => format!(
                "Incident records in the lake reach from {first} to {last}; after that nothing is known yet. Those about staff stand apart."
            ),
        }];
        if !place.sees_listed {
            notes.push(
                "What goes to the DSL and the head alone (images of children, illegal lists) is left out here, whether or not there is anything."
                    .to_owned(),
            );
        }
        notes
    }
}

fn year_of(group: &str) -> Result<i8, Error> {
    (-1..=13).find(|year| year_group::name(*year) == Some(group)).ok_or_else(|| {
        Error::new(Kind::Configuration, "incident exports know year groups, not groups of the filter")
            .help("name a year group such as `Year 8`, or leave `--group` out")
    })
}

/// Sums over rows.
pub(super) fn tally<'a>(rows: impl Iterator<Item = &'a Row>) -> Tally {
    let mut of_person: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    let mut incidents: BTreeMap<i64, (bool, bool)> = BTreeMap::new();
    for row in rows {
        let incident = incidents.entry(row.incident).or_insert((false, true));
        incident.0 |= row.subject.is_some();
        incident.1 &= row.status == "closed";
        if let Some(person) = row.subject {
            of_person.entry(person).or_default().insert(row.incident);
        }
    }
    let number = incidents.len() as i64;
    let most = of_person.values().map(BTreeSet::len).max();
    Tally {
        incidents: number,
        people: of_person.len() as i64,
        untied: incidents.values().filter(|(tied, _)| !tied).count() as i64,
        not_closed: incidents.values().filter(|(_, closed)| !closed).count() as i64,
        largest_share: most.filter(|_| number > 0).map(|most| most as f64 / number as f64),
    }
}

/// How far the school is with an incident of several rows: the least finished of them.
pub(super) fn least_finished(statuses: &BTreeSet<&'static str>) -> &'static str {
    STATUSES.into_iter().find(|known| statuses.contains(known)).unwrap_or("unknown")
}
