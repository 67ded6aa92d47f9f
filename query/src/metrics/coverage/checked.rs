//! The matrix of checks: which groups, networks and sorts of device were tested, when, and with what result.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, measure};
use crate::metrics::Place;
use crate::plan::Reader;
use crate::wording;

/// Tests of one field of the matrix.
#[derive(Debug, Default)]
struct Field {
    /// In the days asked about.
    tests: i64,
    as_expected: i64,
    not_as_expected: i64,
    kinds: BTreeSet<String>,
    /// Ever, up to the last day asked about.
    last: Option<Date>,
    last_result: Option<bool>,
    visits: i64,
}

/// Group, network, sort of device; none where the source does not say.
type Key = (Option<String>, Option<String>, Option<String>);

pub(super) async fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    let mut fields: BTreeMap<Key, Field> = BTreeMap::new();
    checks(reader, &mut fields).await?;
    let networks = visits(reader, place, &mut fields).await?;
    let groups = groups(reader).await?;
    let tested = |at: &dyn Fn(&Key) -> Option<&String>, name: &String| {
        fields.iter().any(|(key, field)| at(key) == Some(name) && (field.tests > 0 || field.visits > 0))
    };
    let no_group: Vec<String> = groups.into_iter().filter(|group| !tested(&|key| key.0.as_ref(), group)).collect();
    let no_network: Vec<String> =
        networks.into_iter().filter(|network| !tested(&|key| key.1.as_ref(), network)).collect();
    for group in &no_group {
        // A field with an old test of that group stands there already.
        if !fields.keys().any(|key| key.0.as_ref() == Some(group)) {
            fields.entry((Some(group.clone()), None, None)).or_default();
        }
    }
    for network in &no_network {
        fields.entry((None, Some(network.clone()), None)).or_default();
    }
    let mut sorted: Vec<(&Key, &Field)> = fields.iter().collect();
    sorted.sort_by_cached_key(|(key, field)| {
        let group = key.0.as_deref().map(wording::natural);
        (urgency(field), group.is_none(), group, (*key).clone())
    });
    let failed: i64 = fields.values().map(|field| field.not_as_expected).sum();
    let tests: i64 = fields.values().map(|field| field.tests).sum();
    let visits: i64 = fields.values().map(|field| field.visits).sum();
    Ok(Figures {
        schema: "watershed.coverage.tests/1",
        title: "Tests of the filter: group, network, sort of device".to_owned(),
        unit: "tests on record; visits of test pages are records of the web log",
        denominator: "",
        interval: "",
        about: About::Records,
        columns: vec![
            dimension("state", "State"),
            dimension("group_id", "Group"),
            dimension("network", "Network"),
            dimension("device_type", "Device"),
            measure("tests", "Tests", "tests on record in these days"),
            measure("not_as_expected", "Not as expected", "tests on record in these days"),
            measure("test_page_records", "Page visits", "records of test pages in the web log"),
            dimension("kinds", "Tried"),
            dimension("last_date", "Last"),
        ],
        rows: sorted.into_iter().map(|(key, field)| row(key, field)).collect(),
        notes: vec![
            "Tests on record come from the school's own results (`filter-test-results`), which name group and device but no network; visits of test pages (`test_pages.csv`) from the web log, which has group and network but neither the sort of device nor the result. Staff's visits count.".to_owned(),
            "Not tested in these days: the group or network has records in the log and no test. Single records are kept for fewer days than the figures, so a visit of an early day may be gone.".to_owned(),
            "A test page shows that a list is active, not how well the filter works.".to_owned(),
        ],
        reading: reading(tests, visits, failed, &no_group, &no_network),
    })
}

async fn checks(reader: &Reader<'_>, fields: &mut BTreeMap<Key, Field>) -> Result<(), Error> {
    let only = if reader.ask.group.is_some() { " AND group_id = $group" } else { "" };
    let statement = format!(
        "SELECT group_id, device_type, code, local_date, (local_date >= $first) AS here, \
         CASE WHEN as_expected IS NULL THEN NULL WHEN as_expected THEN 1 ELSE 0 END AS as_expected FROM checks \
         WHERE local_date <= $last{only} ORDER BY local_date, checked_utc, check_token"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    for row in 0..answer.len() {
        let key = (answer.text(row, "group_id"), None, answer.text(row, "device_type"));
        let field = fields.entry(key).or_default();
        let result = answer.integer(row, "as_expected").map(|expected| expected == 1);
        field.last = answer.day(row, "local_date");
        field.last_result = result;
        if answer.yes(row, "here") {
            field.tests += 1;
            field.as_expected += i64::from(result == Some(true));
            field.not_as_expected += i64::from(result == Some(false));
            field.kinds.extend(answer.text(row, "code"));
        }
    }
    Ok(())
}

/// Adds visits of test pages; gives the networks that have records.
async fn visits(
    reader: &Reader<'_>,
    place: &Place<'_>,
    fields: &mut BTreeMap<Key, Field>,
) -> Result<BTreeSet<String>, Error> {
    let pages = place.settings.test_pages().between(reader.window.from, reader.window.to);
    let pages: Vec<String> = pages.iter().map(|page| format!("'{page}'")).collect();
    let on_page = if pages.is_empty() { "false".to_owned() } else { format!("site IN ({})", pages.join(", ")) };
    let only = if reader.ask.group.is_some() { " AND group_id = $group" } else { "" };
    let statement = format!(
        "SELECT group_id, network, count(*) FILTER (WHERE {on_page}) AS visits, \
         max(local_date) FILTER (WHERE {on_page}) AS last FROM (\
         SELECT group_id, network, site, local_date FROM requests UNION ALL \
         SELECT group_id, network, site, local_date FROM staff_requests) AS seen \
         WHERE local_date BETWEEN $first AND $last{only} GROUP BY group_id, network ORDER BY group_id, network"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let mut networks = BTreeSet::new();
    for row in 0..answer.len() {
        let network = answer.text(row, "network");
        networks.extend(network.clone());
        let number = answer.count(row, "visits");
        if number > 0 {
            let field = fields.entry((answer.text(row, "group_id"), network, None)).or_default();
            field.visits += number;
            field.last = answer.day(row, "last");
        }
    }
    Ok(networks)
}

/// Groups that have records in these days, those of staff among them.
async fn groups(reader: &Reader<'_>) -> Result<BTreeSet<String>, Error> {
    let only = if reader.ask.group.is_some() { " AND group_id = $group" } else { "" };
    let statement = format!(
        "SELECT group_id FROM activity WHERE local_date BETWEEN $first AND $last{only} \
         UNION SELECT group_id FROM staff_activity WHERE local_date BETWEEN $first AND $last{only}"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    Ok((0..answer.len()).filter_map(|row| answer.text(row, "group_id")).collect())
}

fn urgency(field: &Field) -> u8 {
    match field {
        Field { not_as_expected: 1.., .. } => 0,
        Field { tests: 0, visits: 0, .. } => 1,
        Field { tests: 0, .. } => 2,
        _ => 3,
    }
}

fn row(key: &Key, field: &Field) -> Vec<Cell> {
    let state = match urgency(field) {
        0 => "not as expected",
        1 => "not tested in these days",
        2 => "test page visited; the log has no result",
        _ if field.as_expected == field.tests => "as expected",
        _ => "result not said",
    };
    let kinds: Vec<&str> = field.kinds.iter().map(String::as_str).collect();
    let of_checks = |number: i64| Cell::from(Some(number).filter(|_| field.visits == 0));
    vec![
        state.into(),
        key.0.as_deref().into(),
        key.1.as_deref().into(),
        key.2.as_deref().into(),
        of_checks(field.tests),
        of_checks(field.not_as_expected),
        Cell::from(Some(field.visits).filter(|visits| *visits > 0)),
        Cell::from(Some(kinds.join(" ")).filter(|kinds| !kinds.is_empty())),
        field.last.map(|day| day.to_string()).into(),
    ]
}

fn reading(tests: i64, visits: i64, failed: i64, groups: &[String], networks: &[String]) -> String {
    let mut text = if tests == 0 && visits == 0 {
        "No test of the filter is on record in these days, and no test page was visited.".to_owned()
    } else {
        format!(
            "{} on record, {} not as expected; {} of test pages in the log.",
            wording::counted(tests, "test", "tests"),
            if failed == 0 { "none".to_owned() } else { wording::whole(failed) },
            wording::counted(visits, "record", "records")
        )
    };
    for (what, names) in [("Groups", groups), ("Networks", networks)] {
        if !names.is_empty() {
            let mut names = names.to_vec();
            names.sort_by_cached_key(|name| wording::natural(name));
            text.push_str(&format!(" {what} not tested: {}.", names.join(", ")));
        }
    }
    text
}
