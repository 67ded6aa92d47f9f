//! Unblocks and their use: those past their end and still used, those never used.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::rows::{Change, NO_LEDGER, about, all, for_whom};
use super::{LET_THROUGH, detail_from, quoted};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, evidence, measure};
use crate::metrics::Place;
use crate::metrics::elapsed::Elapsed;
use crate::plan::Reader;
use crate::session::Value;
use crate::wording;

/// School days that an unblock must have held before it is called never used.
const FAIR_CHANCE: i64 = 5;

/// What was found of an unblock, the most pressing first.
const FINDINGS: [&str; 8] = [
    "still used after its end",
    "never used",
    "running",
    "running, not used yet",
    "ended, not used since",
    "cannot be told: no single site",
    "cannot be told: its days are no longer kept",
    "cannot be told: no records of that group",
];

/// Uses of a site by a group on a day: records of each actor.
type Uses = BTreeMap<(String, String), BTreeMap<Date, BTreeMap<i64, i64>>>;

pub(super) async fn figures(reader: &Reader<'_>, place: &Place<'_>) -> Result<Figures, Error> {
    let ledger = all(reader).await?;
    let (from, to) = (reader.window.from, reader.window.to);
    let unblocks: Vec<&Change> = ledger
        .iter()
        .filter(|change| change.opened() && change.effective() <= to)
        .filter(|change| change.end().is_none_or(|end| end >= from))
        .filter(|change| reader.ask.group.is_none() || change.group == reader.ask.group)
        .filter(|change| reader.ask.theme.is_none() || change.theme == reader.ask.theme)
        .collect();
    let detail = detail_from(reader).await?;
    let (uses, groups) = uses(reader, &unblocks).await?;
    let start = unblocks.iter().map(|change| change.effective()).min().unwrap_or(from);
    let elapsed = Elapsed::between(place.calendar, start.min(from), to);
    let mut found: Vec<(usize, Vec<Cell>)> = unblocks
        .iter()
        .map(|change| line(change, &ledger, &uses, &groups, detail, to, &elapsed))
        .collect();
    found.sort_by(|one, other| {
        let words = |cells: &[Cell]| [0, 1, 3].map(|at| cells[at].text().map(str::to_owned));
        (one.0, words(&one.1)).cmp(&(other.0, words(&other.1)))
    });
    let number = |finding: usize| found.iter().filter(|(known, _)| *known == finding).count() as i64;
    let reading = if ledger.is_empty() {
        NO_LEDGER.to_owned()
    } else if found.is_empty() {
        "No unblock held in these days.".to_owned()
    } else {
        format!(
            "Of {}: {} past the end and still used, {} never used, {} running.",
            wording::counted(found.len() as i64, "unblock", "unblocks"),
            wording::whole(number(0)),
            wording::whole(number(1)),
            wording::whole(number(2) + number(3))
        )
    };
    let mut notes = vec![
        "A use is a record that was let through on the site, of the group named (of anybody but staff where none is); delivery and adverts excepted. Staff's own use is not read here.".to_owned(),
        format!("Never used: not one use from the first day on which it held, over {FAIR_CHANCE} school days or more."),
        "A use after the end may have another reason, such as a vendor's list that changed; days on which another row of the ledger opens the same site are not counted.".to_owned(),
    ];
    notes.push(detail.map_or_else(
        || "No single record is kept, so no use can be seen.".to_owned(),
        |first| format!("Single records are kept from {first} on; use before that day cannot be seen."),
    ));
    Ok(Figures {
        schema: "watershed.changes.temporary/1",
        title: "Unblocks and their use".to_owned(),
        unit: "unblocks that held in these days; uses are records let through",
        denominator: "",
        interval: "",
        about: About::People,
        columns: vec![
            dimension("finding", "Found"),
            dimension("about", "Site or category"),
            dimension("group_id", "Group"),
            dimension("applied_from", "From"),
            dimension("applied_to", "To"),
            measure("uses_within", "Uses within", "records let through while it held"),
            measure("uses_after", "Uses after", "records let through after its end"),
            dimension("last_use", "Last use"),
            measure("school_days_past_end", "Days past", "school days from its end to the last use"),
            evidence("distinct_people", "Different people", "actors who used it, within or after"),
            evidence("largest_share_of_uses", "Most by one", "largest share of the uses by one actor"),
        ],
        rows: found.into_iter().map(|(_, cells)| cells).collect(),
        notes,
        reading,
    })
}

/// Uses of the unblocked sites since the first of them, and all groups that have records at all.
async fn uses(reader: &Reader<'_>, unblocks: &[&Change]) -> Result<(Uses, BTreeSet<String>), Error> {
    let sites: BTreeSet<&str> = unblocks.iter().filter_map(|change| change.site.as_deref()).collect();
    let mut uses = Uses::new();
    let first = unblocks.iter().map(|change| change.effective()).min();
    if let (Some(first), false) = (first, sites.is_empty()) {
        let statement = format!(
            "SELECT site, group_id, local_date, actor, count(*) AS records FROM requests \
             WHERE site IN ({}) AND action IN {LET_THROUGH} AND NOT record_noise AND NOT illegal \
             AND local_date BETWEEN $first AND $last GROUP BY site, group_id, local_date, actor",
            quoted(sites.into_iter())
        );
        let values = [("first", Value::Day(first)), ("last", Value::Day(reader.window.to))];
        let answer = reader.session.query(&statement, &values).await?;
        for row in 0..answer.len() {
            let (Some(site), Some(group), Some(day)) =
                (answer.text(row, "site"), answer.text(row, "group_id"), answer.day(row, "local_date"))
            else {
                continue;
            };
            let actor = answer.integer(row, "actor").unwrap_or(0);
            let of_day = uses.entry((site, group)).or_default().entry(day).or_default();
            *of_day.entry(actor).or_default() += answer.count(row, "records");
        }
    }
    let answer = reader.session.query("SELECT DISTINCT group_id FROM activity", &[]).await?;
    Ok((uses, (0..answer.len()).filter_map(|row| answer.text(row, "group_id")).collect()))
}

/// The finding's place in [`FINDINGS`] and the row.
fn line(
    change: &Change,
    ledger: &[Change],
    uses: &Uses,
    groups: &BTreeSet<String>,
    detail: Option<Date>,
    last: Date,
    elapsed: &Elapsed,
) -> (usize, Vec<Cell>) {
    let (start, end) = (change.effective(), change.end());
    let mut within = 0;
    let mut after = 0;
    let mut last_use = None;
    let mut per_actor: BTreeMap<i64, i64> = BTreeMap::new();
    let of = uses.iter().filter(|((site, group), _)| {
        Some(site) == change.site.as_ref() && change.group.as_ref().is_none_or(|named| named == group)
    });
    for ((site, group), days) in of {
        for (day, actors) in days.iter().filter(|(day, _)| **day >= start) {
            let past = end.is_some_and(|end| *day > end);
            if past && ledger.iter().any(|other| covers(other, change, site, group, *day)) {
                continue;
            }
            let records: i64 = actors.values().sum();
            if past { after += records } else { within += records }
            last_use = last_use.max(Some(*day));
            for (actor, records) in actors {
                *per_actor.entry(*actor).or_default() += records;
            }
        }
    }
    let held_to = end.map_or(last, |end| end.min(last));
    let ended = end.is_some_and(|end| end < last);
    let finding = if change.site.is_none() {
        5
    } else if change.group.as_ref().is_some_and(|group| !groups.contains(group)) {
        7
    } else if after > 0 {
        0
    } else if detail.is_none_or(|first| held_to < first) {
        6
    } else if within == 0 && detail.is_some_and(|first| start >= first) && elapsed.days(start, held_to) >= FAIR_CHANCE {
        1
    } else if ended {
        4
    } else if within == 0 {
        3
    } else {
        2
    };
    let seen = finding < 5;
    let if_seen = |cell: Cell| if seen { cell } else { Cell::Missing };
    let most = per_actor.values().copied().max();
    let past = end.zip(last_use).filter(|(end, last)| last > end).map(|(end, last)| elapsed.days(end, last));
    let cells = vec![
        FINDINGS[finding].into(),
        about(change).into(),
        for_whom(change).into(),
        start.to_string().into(),
        end.map(|end| end.to_string()).into(),
        if_seen(within.into()),
        if_seen(Cell::from(Some(after).filter(|_| end.is_some()))),
        last_use.map(|day| day.to_string()).into(),
        past.into(),
        if_seen((per_actor.keys().filter(|actor| **actor != 0).count() as i64).into()),
        most.map(|most| most as f64 / (within + after) as f64).into(),
    ];
    (finding, cells)
}

/// Another row of the ledger opens the same site on that day.
fn covers(other: &Change, change: &Change, site: &str, group: &str, day: Date) -> bool {
    !std::ptr::eq(other, change)
        && other.opened()
        && other.site.as_deref() == Some(site)
        && other.group.as_deref().is_none_or(|named| named == group)
        && other.effective() <= day
        && other.end().is_none_or(|end| day <= end)
}
