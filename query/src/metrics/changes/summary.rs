//! Requests and decisions: how many, how fast, with a reason, by another person than the one who asked.

use std::collections::{BTreeMap, BTreeSet};

use ingest::event::Role;
use ingest::school::AcademicYear;
use ingest::state::State;
use jiff::civil::Date;

use super::rows::{Change, NO_LEDGER, all};
use crate::disclosure::table::{Cell, TableColumn};
use crate::error::Error;
use crate::figures::{About, Figures, dimension, ends, measure};
use crate::metrics::Place;
use crate::metrics::elapsed::Elapsed;
use crate::plan::Reader;
use crate::statistics::{Interval, Wait, kaplan_meier, wilson};
use crate::wording;

/// What is shown of the same requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// What became of them and how fast.
    Decisions,
    /// Whether the process was kept: reasons, two persons, notes on the risk.
    Process,
}

pub(super) async fn figures(
    reader: &Reader<'_>,
    place: &Place<'_>,
    shown: Shown,
) -> Result<Figures, Error> {
    let ledger = all(reader).await?;
    let window = &reader.window;
    let asked: Vec<&Change> = ledger
        .iter()
        .filter(|change| (window.from..=window.to).contains(&change.requested))
        .filter(|change| reader.ask.group.is_none() || change.group == reader.ask.group)
        .filter(|change| reader.ask.theme.is_none() || change.theme == reader.ask.theme)
        .collect();
    let elapsed = Elapsed::between(place.calendar, window.from, window.to);
    // Requests of a part of the school are not divided by all of its staff.
    let whole = reader.ask.group.is_none() && reader.ask.theme.is_none();
    let staff = if whole { staff(place, window.to)? } else { None };
    let requests: Vec<&Change> = asked.iter().copied().filter(|change| change.kind != "report").collect();
    let mut rows = Vec::new();
    let mut line = |by: &str, value: &str, these: &[&Change]| {
        rows.push(match shown {
            Shown::Decisions => row(by, value, these, &elapsed, window.to, staff.filter(|_| by == "all")),
            Shown::Process => process(by, value, these),
        });
    };
    if !ledger.is_empty() {
        line("all", "requests", &requests);
        for (by, word) in [
            ("asked", (|change| &change.asked) as fn(&Change) -> &String),
            ("asked by", |change| &change.requester_role),
        ] {
            let mut of: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
            for change in &requests {
                of.entry(word(change)).or_default().push(change);
            }
            for (value, these) in of {
                line(by, value, &these);
            }
        }
        let reports: Vec<&Change> = asked.iter().copied().filter(|change| change.kind == "report").collect();
        line("all", "reported sites", &reports);
    }
    let (schema, title, denominator, interval, columns, said) = match shown {
        Shown::Decisions => (
            "watershed.changes.summary/1",
            "Requests to change the filter",
            "",
            "95 %, Kaplan and Meier with Greenwood's variance on the log-log scale; those still pending are censored on \
                the last day asked about",
            columns(),
            reading(&requests, &elapsed, window.to),
        ),
        Shown::Process => (
            "watershed.changes.process/1",
            "How requests to change the filter were handled",
            "all requests; decided ones of which it can be told who decided; changes that were made",
            "95 %, Wilson",
            process_columns(),
            process_reading(&requests),
        ),
    };
    Ok(Figures {
        schema,
        title: title.to_owned(),
        unit: "requests; days to a decision in school days",
        denominator,
        interval,
        about: About::Records,
        columns,
        reading: if ledger.is_empty() { NO_LEDGER.to_owned() } else { said },
        rows,
        notes: notes(&requests, staff),
    })
}

fn columns() -> Vec<TableColumn> {
    let days = "school days from request to decision";
    let mut columns = vec![
        dimension("by", "By"),
        dimension("value", "Value"),
        measure("requests", "Requests", "requests"),
        measure("decided", "Decided", "requests"),
        measure("opened", "Opened", "unblocks approved"),
        measure("refused", "Refused", "requests"),
        measure("pending", "Pending", "requests"),
        measure("withdrawn", "Withdrawn", "requests"),
        measure("median_school_days", "Median days", days),
    ];
    columns.extend(ends("median_lower", "median_upper", days));
    columns.push(measure("p90_school_days", "90 in 100 by", days));
    columns.push(measure("per_100_staff", "Per 100 staff", "requests per 100 staff of the roster"));
    columns
}

fn process_columns() -> Vec<TableColumn> {
    let reason = "share of requests with a reason";
    let other = "share of decided requests of which it can be told";
    let risk = "share of changes made with a note on the risk";
    let mut columns = vec![
        dimension("by", "By"),
        dimension("value", "Value"),
        measure("requests", "Requests", "requests"),
        measure("reason_share", "With a reason", reason),
    ];
    columns.extend(ends("reason_share_lower", "reason_share_upper", reason));
    columns.push(measure("decided", "Decided", "requests"));
    columns.push(measure("by_other_share", "By another", other));
    columns.extend(ends("by_other_share_lower", "by_other_share_upper", other));
    columns.push(measure("by_other_unknown", "Cannot tell", "decided requests"));
    columns.push(measure("risk_noted_share", "Risk noted", risk));
    columns.extend(ends("risk_noted_share_lower", "risk_noted_share_upper", risk));
    columns
}

fn decided(change: &Change) -> bool {
    matches!(change.decision.as_str(), "approved" | "refused")
}

fn pending(change: &Change) -> bool {
    matches!(change.decision.as_str(), "pending" | "unknown")
}

/// Waits from request to decision; a decision without a day says nothing of how long it took.
fn waits(these: &[&Change], elapsed: &Elapsed, last: Date) -> Vec<Wait> {
    let wait = |change: &&Change| match change.decided.filter(|_| decided(change)) {
        Some(day) if day > last => {
            Some(Wait { time: elapsed.days(change.requested, last) as f64, ended: false })
        }
        Some(day) => Some(Wait { time: elapsed.days(change.requested, day.max(change.requested)) as f64, ended: true }),
        None if pending(change) => {
            Some(Wait { time: elapsed.days(change.requested, last) as f64, ended: false })
        }
        None => None,
    };
    these.iter().filter_map(wait).collect()
}

fn of_share(part: usize, whole: usize) -> [Cell; 3] {
    let found: Option<Interval> = wilson(part as u64, whole as u64);
    let share = found.map(|_| part as f64 / whole as f64);
    [share.into(), found.map(|f| f.lower).into(), found.map(|f| f.upper).into()]
}

fn row(
    by: &str,
    value: &str,
    these: &[&Change],
    elapsed: &Elapsed,
    last: Date,
    staff: Option<i64>,
) -> Vec<Cell> {
    let number = |which: &dyn Fn(&Change) -> bool| these.iter().filter(|change| which(change)).count();
    let mut row: Vec<Cell> = vec![by.into(), value.into()];
    for count in [
        these.len(),
        number(&decided),
        number(&|change| change.decision == "approved" && change.asked == "unblock"),
        number(&|change| change.decision == "refused"),
        number(&pending),
        number(&|change| change.decision == "withdrawn"),
    ] {
        row.push((count as i64).into());
    }
    let curve = kaplan_meier(&waits(these, elapsed, last));
    let median = curve.as_ref().map(|curve| curve.time_by(0.5));
    row.push(median.and_then(|median| median.time).into());
    row.push(median.and_then(|median| median.lower).into());
    row.push(median.and_then(|median| median.upper).into());
    row.push(curve.and_then(|curve| curve.time_by(0.9).time).into());
    row.push(staff.filter(|staff| *staff > 0).map(|staff| 100.0 * these.len() as f64 / staff as f64).into());
    row
}

fn process(by: &str, value: &str, these: &[&Change]) -> Vec<Cell> {
    let number = |which: &dyn Fn(&Change) -> bool| these.iter().filter(|change| which(change)).count();
    let told = number(&|change| decided(change) && change.by_other.is_some());
    let mut row: Vec<Cell> = vec![by.into(), value.into(), (these.len() as i64).into()];
    row.extend(of_share(number(&|change| change.reason), these.len()));
    row.push((number(&decided) as i64).into());
    row.extend(of_share(number(&|change| decided(change) && change.by_other == Some(true)), told));
    row.push(((number(&decided) - told) as i64).into());
    row.extend(of_share(number(&|change| change.made() && change.risk), number(&Change::made)));
    row
}

/// Staff on the roster of the year of a day; none where no roster was taken in.
fn staff(place: &Place<'_>, day: Date) -> Result<Option<i64>, Error> {
    if !place.root.state().exists() {
        return Ok(None);
    }
    let mut rosters = State::open(place.root)?.roster()?;
    let roster = rosters.remove(&AcademicYear::of(day));
    Ok(roster.map(|roster| {
        let staff = roster.values().filter(|member| member.role == Role::Staff);
        staff.map(|member| member.person).collect::<BTreeSet<_>>().len() as i64
    }))
}

fn notes(requests: &[&Change], staff: Option<i64>) -> Vec<String> {
    let mut notes = vec![
        "Decided is approved or refused. A request of no known decision counts as pending; a decision without its day is in no time.".to_owned(),
        "Opened over decided is what became of the requests, not a rate of over-blocking: only some ask.".to_owned(),
        match staff {
            Some(staff) => format!("{} on the roster with an account.", wording::counted(staff, "member of staff", "members of staff")),
            None => "Requests per 100 staff: not known for these days and requests (it takes a roster, and the whole school).".to_owned(),
        },
    ];
    let undated = requests.iter().filter(|change| decided(change) && change.decided.is_none()).count() as i64;
    if undated > 0 {
        notes.push(format!("{} without a day of decision.", wording::counted(undated, "decided request is", "decided requests are")));
    }
    let unnoted = requests.iter().filter(|change| change.made() && !change.risk).count() as i64;
    if unnoted > 0 {
        notes.push(format!("{} made without a note on the risk.", wording::counted(unnoted, "change was", "changes were")));
    }
    notes
}

fn reading(requests: &[&Change], elapsed: &Elapsed, last: Date) -> String {
    if requests.is_empty() {
        return "No request to change the filter was recorded in these days.".to_owned();
    }
    let number = |which: &dyn Fn(&Change) -> bool| requests.iter().filter(|change| which(change)).count() as i64;
    let mut text = format!(
        "{}: {} decided, {} opened, {} refused, {} pending.",
        wording::counted(requests.len() as i64, "request", "requests"),
        wording::whole(number(&decided)),
        wording::whole(number(&|change| change.decision == "approved" && change.asked == "unblock")),
        wording::whole(number(&|change| change.decision == "refused")),
        wording::whole(number(&pending))
    );
    let median = kaplan_meier(&waits(requests, elapsed, last)).and_then(|curve| curve.time_by(0.5).time);
    if let Some(days) = median {
        text.push_str(&format!(" Half were decided within {}.", wording::counted(days as i64, "school day", "school days")));
    }
    text
}

fn process_reading(requests: &[&Change]) -> String {
    if requests.is_empty() {
        return "No request to change the filter was recorded in these days.".to_owned();
    }
    let number = |which: &dyn Fn(&Change) -> bool| requests.iter().filter(|change| which(change)).count() as i64;
    let mut text = format!(
        "{} of {} give a reason.",
        wording::whole(number(&|change| change.reason)),
        wording::counted(requests.len() as i64, "request", "requests")
    );
    let told = number(&|change| decided(change) && change.by_other.is_some());
    let alone = number(&|change| decided(change) && change.by_other == Some(false));
    match alone {
        _ if told == 0 => text.push_str(" Who decided cannot be told of any."),
        0 => text.push_str(" None of which it can be told was decided by the person who asked."),
        _ => 
text.push_str(&format!(
            " {} decided by the person who asked; it should be none.",
            if alone == 1 { "1 was".to_owned() } else { format!("{} were", wording::whole(alone)) }
        )),
    }
    text
}
