//! What staff decided about the filter, and how they tried it.

use std::collections::{BTreeMap, BTreeSet};

use ingest::lake::Lake;
use ingest::schema::{CHANGES, CHECKS, IMPORTS, TableSchema};
use jiff::civil::Date;

use super::super::operational::{Checks, Share, Unblocks};
use super::super::policy::NEVER_REPORTED;
use super::Asked;
use super::rows::{Row, read};
use crate::embargo::LiveMatters;
use crate::error::Error;

/// When a row was taken in: of two exports of one record the later holds.
type Age = (i64, std::cmp::Reverse<i64>, i64);

/// The newest row of each record of a table, as what `take` makes of it.
async fn newest<T>(
    lake: &Lake,
    table: &'static TableSchema,
    key: &str,
    columns: &[&str],
    take: &dyn Fn(&Row<'_>) -> T,
) -> Result<Vec<T>, Error> {
    let mut imported: BTreeMap<i64, i64> = BTreeMap::new();
    read(lake, &IMPORTS, None, &["import_token", "imported_utc"], &mut |row| {
        if let (Some(token), Some(at)) = (row.whole("import_token"), row.micros("imported_utc")) {
            imported.insert(token, at);
        }
    })
    .await?;
    let of_every_table = [key, "source_format", "import_token", "record_number", "local_date"];
    let columns = [&of_every_table, columns].concat();
    let mut found: BTreeMap<(Option<i64>, String), (Age, T)> = BTreeMap::new();
    read(lake, table, None, &columns, &mut |row| {
        let import = row.whole("import_token").unwrap_or_default();
        let age = (
            imported.get(&import).copied().unwrap_or(i64::MIN),
            std::cmp::Reverse(import),
            row.whole("record_number").unwrap_or_default(),
        );
        let record = (row.whole(key), row.text("source_format").unwrap_or_default().to_owned());
        if found.get(&record).is_none_or(|(known, _)| *known < age) {
            found.insert(record, (age, take(row)));
        }
    })
    .await?;
    Ok(found.into_values().map(|(_, row)| row).collect())
}

/// A decision about a site, as the newest export has it.
struct Change {
    of_ledger: bool,
    counts: bool,
    asked_on: Option<Date>,
    decided_on: Option<Date>,
    decided: bool,
    opened: bool,
    reason: bool,
    by_another: Option<bool>,
    applied_to: Option<Date>,
    closed_on: Option<Date>,
    site: Option<String>,
}

fn change(asked: &Asked<'_>, row: &Row<'_>) -> Change {
    let text = |column| row.text(column).unwrap_or_default();
    let never = NEVER_REPORTED.contains(&text("code")) || asked.never.contains(text("code"));
    Change {
        of_ledger: text("kind") == "ledger",
        counts: text("asked") == "unblock" && text("kind") != "report" && !row.yes("illegal") && !never,
        asked_on: row.date(),
        decided_on: row.day("decided_date"),
        decided: ["approved", "refused"].contains(&text("decision")),
        opened: text("decision") == "approved",
        reason: row.yes("reason_given"),
        by_another: row.truth("decided_by_other"),
        applied_to: row.day("applied_to"),
        closed_on: row.day("closed_date"),
        site: row.text("site").map(str::to_owned),
    }
}

/// Requests to open a site, and what became of them. The school's own list of changes counts; where
/// it keeps none, the tickets do: one request is often in both.
pub(super) async fn unblocks(
    lake: &Lake,
    asked: &Asked<'_>,
    live: &LiveMatters,
) -> Result<Option<Unblocks>, Error> {
    let columns = [
        "kind",
        "asked",
        "code",
        "illegal",
        "decision",
        "decided_date",
        "decided_by_other",
        "reason_given",
        "applied_to",
        "closed_date",
        "site",
        "theme",
    ];
    let take = |row: &Row<'_>| {
        let mut change = change(asked, row);
        change.counts &= !live.covers_change(row.text("site"), row.text("theme"), row.date());
        change
    };
    let mut changes = newest(lake, &CHANGES, "change_token", &columns, &take).await?;
    changes.retain(|change| change.counts);
    let in_period = |day: Option<Date>| day.is_some_and(|day| (asked.from..=asked.to).contains(&day));
    let has_ledger = changes.iter().any(|change| change.of_ledger && in_period(change.asked_on));
    changes.retain(|change| change.of_ledger == has_ledger);
    // A temporary opening that ran out in the period and was not taken back on its day.
    let expired = changes.iter().filter(|change| {
        let late = |end: Date| change.closed_on.is_none_or(|closed| closed > end);
        change.opened && in_period(change.applied_to) && change.applied_to.is_some_and(late)
    });
    let expired = expired.count();
    changes.retain(|change| in_period(change.asked_on));
    if changes.is_empty() && expired == 0 {
        return Ok(None);
    }
    let number = |of: &dyn Fn(&Change) -> bool| changes.iter().filter(|change| of(change)).count() as u64;
    let mut days: Vec<i64> = changes
        .iter()
        .filter(|change| change.decided)
        .filter_map(|change| Some(i64::from((change.decided_on? - change.asked_on?).get_days())))
        .filter(|days| *days >= 0)
        .collect();
    days.sort_unstable();
    let sites: BTreeSet<&str> =
        changes.iter().filter(|change| change.opened).filter_map(|change| change.site.as_deref()).collect();
    Ok(Some(Unblocks {
        requests: number(&|_| true),
        decided: number(&|change| change.decided),
        opened: number(&|change| change.opened),
        median_half_days: median_twice(&days),
        with_reason: Share { part: number(&|change| change.reason), whole: number(&|_| true) },
        by_two: Share {
            part: number(&|change| change.decided && change.by_another == Some(true)),
            whole: number(&|change| change.decided && change.by_another.is_some()),
        },
        expired: expired as u64,
        sites_opened: sites.len() as u64,
    }))
}

/// Twice the median, a whole number of half days.
fn median_twice(sorted: &[i64]) -> Option<u64> {
    let middle = sorted.len() / 2;
    let twice = match (sorted.len() % 2, sorted.get(middle)) {
        (_, None) => return None,
        (1, Some(value)) => 2 * value,
        (_, Some(value)) => value + sorted.get(middle.checked_sub(1)?)?,
    };
    u64::try_from(twice).ok()
}

/// Tests of the filter in the period.
pub(super) async fn checks(lake: &Lake, asked: &Asked<'_>) -> Result<Option<Checks>, Error> {
    let columns = ["code", "as_expected", "group_id", "device_type"];
    let take = |row: &Row<'_>| {
        let text = |column| row.text(column).map(str::to_owned);
        (row.date(), row.truth("as_expected"), text("code"), text("group_id"), text("device_type"))
    };
    let mut tried = newest(lake, &CHECKS, "check_token", &columns, &take).await?;
    tried.retain(|(day, ..)| day.is_some_and(|day| (asked.from..=asked.to).contains(&day)));
    if tried.is_empty() {
        return Ok(None);
    }
    let different =
        |values: Vec<&Option<String>>| values.into_iter().flatten().collect::<BTreeSet<_>>().len() as u64;
    Ok(Some(Checks {
        done: tried.len() as u64,
        as_expected: Share {
            part: tried.iter().filter(|row| row.1 == Some(true)).count() as u64,
            whole: tried.iter().filter(|row| row.1.is_some()).count() as u64,
        },
        categories: different(tried.iter().map(|row| &row.2).collect()),
        groups: different(tried.iter().map(|row| &row.3).collect()),
        device_types: different(tried.iter().map(|row| &row.4).collect()),
    }))
}

#[cfg(test)]
mod tests {
    use super::median_twice;

    #[test]
    fn a_median_is_a_whole_number_of_half_days() {
        assert_eq!(median_twice(&[]), None);
        assert_eq!(median_twice(&[3]), Some(6));
        assert_eq!(median_twice(&[0, 1]), Some(1));
        assert_eq!(median_twice(&[0, 1, 2, 9]), Some(3));
    }
}
