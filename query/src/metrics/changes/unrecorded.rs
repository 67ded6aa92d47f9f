//! Changes that nobody recorded: a site's decision flips for a group and no row of the ledger is near.
//!
//! For a site and a group, each school day has the actors who were blocked there and those who were let through.
//! Between two such days lies a flip when before it at least nine of ten actor-days were of one kind and after it
//! at least nine of ten of the other, on three days or more and by three actors or more on each side. Of several
//! splits the clearest counts, then the earliest.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::rows::{Change, all};
use super::{LET_THROUGH, detail_from, quoted};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, evidence, measure};
use crate::metrics::elapsed::shifted;
use crate::plan::{ILLEGAL, Reader};
use crate::session::Value;
use crate::wording;

/// Least days and least actors on each side.
const LEAST: usize = 3;
/// Least share of actor-days of one kind on each side.
const CLEAR: f64 = 0.9;
/// A row of the ledger this many days of the calendar before or after a flip records it.
const NEAR_DAYS: i64 = 7;
/// Sites that are looked at, those of most actors first.
const SITES: usize = 2000;

/// Who was blocked and who was let through on a day.
#[derive(Debug, Default, Clone)]
struct OfDay {
    blocked: BTreeSet<i64>,
    through: BTreeSet<i64>,
}

/// A decision that flipped.
#[derive(Debug, PartialEq)]
struct Flip {
    opened: bool,
    last_before: Date,
    first_after: Date,
    blocked_days: usize,
    through_days: usize,
    people: i64,
    largest_share: f64,
}

pub(super) async fn figures(reader: &Reader<'_>) -> Result<Figures, Error> {
    let ledger = all(reader).await?;
    let detail = detail_from(reader).await?;
    let from = detail.map_or(reader.window.from, |first| first.max(reader.window.from));
    let (codes, seen) = match detail {
        Some(_) => days(reader, from).await?,
        None => (BTreeMap::new(), BTreeMap::new()),
    };
    let mut rows: Vec<(Date, Vec<Cell>)> = Vec::new();
    let mut recorded = 0;
    for ((site, group), days) in &seen {
        let Some(flip) = flip(days) else { continue };
        let code = codes.get(site).cloned().unwrap_or_default();
        if ledger.iter().any(|change| records(change, &flip, site, group, &code)) {
            recorded += 1;
            continue;
        }
        let cells = vec![
            site.as_str().into(),
            group.as_str().into(),
            code.into(),
            if flip.opened { "blocked, then let through" } else { "let through, then blocked" }.into(),
            flip.last_before.to_string().into(),
            flip.first_after.to_string().into(),
            (flip.blocked_days as i64).into(),
            (flip.through_days as i64).into(),
            flip.people.into(),
            flip.largest_share.into(),
        ];
        rows.push((flip.first_after, cells));
    }
    rows.sort_by(|one, other| {
        let words = |cells: &[Cell]| [0, 1].map(|at| cells[at].text().map(str::to_owned));
        (other.0, words(&one.1)).cmp(&(one.0, words(&other.1)))
    });
    let reading = match (detail, rows.len() as i64) {
        (None, _) => "Not measurable: no single record is kept of these days.".to_owned(),
        (Some(_), 0) if recorded == 0 => {
            "No site's decision flipped for a group, as far as use shows.".to_owned()
        }
        (Some(_), 0) => format!(
            "{} seen, each with a row of the ledger near it.",
            wording::counted(recorded, "flip of a site's decision was", "flips of a site's decision were")
        ),
        (Some(_), n) => format!(
            "{} without a row of the ledger near {}; {} recorded. Who or what changed it these logs do not say: a vendor's list may have moved as well.",
            wording::counted(n, "flip of a site's decision for a group", "flips of a site's decision for a group"),
            if n == 1 { "it" } else { "them" },
            if recorded == 1 { "1 other is".to_owned() } else { format!("{} others are", wording::whole(recorded)) }
        ),
    };
    Ok(Figures {
        schema: "watershed.changes.unrecorded/1",
        title: "Changes that nobody recorded".to_owned(),
        unit: "sites and groups; days are school days, actors are people, shared accounts, devices and addresses",
        denominator: "",
        interval: "",
        about: About::People,
        columns: vec![
            dimension("site", "Site"),
            dimension("group_id", "Group"),
            dimension("code", "Category"),
            dimension("flip", "What changed"),
            dimension("last_before", "Last day before"),
            dimension("first_after", "First day after"),
            measure("blocked_days", "Blocked", "school days with somebody blocked"),
            measure("let_through_days", "Let through", "school days with somebody let through"),
            evidence("distinct_people", "Different actors", "actors on both sides"),
            evidence("largest_share_of_actor_days", "Most by one", "largest share of the actor-days by one actor"),
        ],
        rows: rows.into_iter().map(|(_, cells)| cells).collect(),
        notes: vec![
            format!("A flip: at least {LEAST} school days and {LEAST} actors on each side, at least 9 in 10 actor-days of one kind before and of the other after. A row of the ledger for the site or its category, for the group or for no group named, within {NEAR_DAYS} days records it; so does the end of a temporary one."),
            format!(
                "Looked at: sites blocked on {LEAST} school days or more, from {from} on, where single records are kept. A change of a site that few use is not seen."
            ),
        ],
        reading,
    })
}

type Seen = BTreeMap<(String, String), BTreeMap<Date, OfDay>>;

/// The code of each site, and who was blocked and let through there.
async fn days(reader: &Reader<'_>, from: Date) -> Result<(BTreeMap<String, String>, Seen), Error> {
    let mut values = vec![("first", Value::Day(from)), ("last", Value::Day(reader.window.to))];
    let mut only = format!("local_date BETWEEN $first AND $last AND school_day AND code NOT IN {ILLEGAL} AND site IS NOT NULL");
    if let Some(group) = &reader.ask.group {
        only.push_str(" AND group_id = $group");
        values.push(("group", Value::Word(group.clone())));
    }
    let statement = format!(
        "SELECT site, min(code) AS code, count(DISTINCT actor) AS actors FROM blocked_site_days WHERE {only} \
         GROUP BY site HAVING count(DISTINCT local_date) >= {LEAST} AND count(DISTINCT actor) >= {LEAST} \
         ORDER BY actors DESC, site LIMIT {SITES}"
    );
    let answer = reader.session.query(&statement, &values).await?;
    let codes: BTreeMap<String, String> = (0..answer.len())
        .filter_map(|row| Some((answer.text(row, "site")?, answer.text(row, "code").unwrap_or_default())))
        .collect();
    let mut seen = Seen::new();
    if codes.is_empty() {
        return Ok((codes, seen));
    }
    let sites = quoted(codes.keys().map(String::as_str));
    let blocked = format!(
        "SELECT DISTINCT site, group_id, local_date, actor FROM blocked_site_days \
         WHERE {only} AND site IN ({sites}) AND actor IS NOT NULL"
    );
    let through = format!(
        "SELECT DISTINCT site, group_id, local_date, actor FROM requests WHERE {only} AND site IN ({sites}) \
         AND actor IS NOT NULL AND action IN {LET_THROUGH} AND NOT record_noise AND NOT illegal"
    );
    for (statement, is_blocked) in [(blocked, true), (through, false)] {
        let answer = reader.session.query(&statement, &values).await?;
        for row in 0..answer.len() {
            let (Some(site), Some(group), Some(day), Some(actor)) = (
                answer.text(row, "site"),
                answer.text(row, "group_id"),
                answer.day(row, "local_date"),
                answer.integer(row, "actor"),
            ) else {
                continue;
            };
            let of_day = seen.entry((site, group)).or_default().entry(day).or_default();
            if is_blocked { of_day.blocked.insert(actor) } else { of_day.through.insert(actor) };
        }
    }
    Ok((codes, seen))
}

/// The clearest flip of a site's days for a group.
fn flip(days: &BTreeMap<Date, OfDay>) -> Option<Flip> {
    let days: Vec<(&Date, &OfDay)> = days.iter().collect();
    let mut best: Option<(f64, Flip)> = None;
    for split in 1..days.len() {
        let (before, after) = days.split_at(split);
        let (one, other) = (blocked_share(before), blocked_share(after));
        let opened = one > other;
        let (clear_before, clear_after) = if opened { (one, 1.0 - other) } else { (1.0 - one, other) };
        if clear_before < CLEAR || clear_after < CLEAR {
            continue;
        }
        if !enough(before, opened) || !enough(after, !opened) {
            continue;
        }
        let gap = (one - other).abs();
        if best.as_ref().is_some_and(|(known, _)| *known >= gap) {
            continue;
        }
        let mut per_actor: BTreeMap<i64, i64> = BTreeMap::new();
        for actor in days.iter().flat_map(|(_, of)| of.blocked.iter().chain(&of.through)) {
            *per_actor.entry(*actor).or_default() += 1;
        }
        let all: i64 = per_actor.values().sum();
        let most = per_actor.values().copied().max().unwrap_or(0);
        let count = |which: &dyn Fn(&OfDay) -> bool| days.iter().filter(|(_, of)| which(of)).count();
        let found = Flip {
            opened,
            last_before: *before.last()?.0,
            first_after: *after.first()?.0,
            blocked_days: count(&|of| !of.blocked.is_empty()),
            through_days: count(&|of| !of.through.is_empty()),
            people: per_actor.len() as i64,
            largest_share: most as f64 / all.max(1) as f64,
        };
        best = Some((gap, found));
    }
    best.map(|(_, flip)| flip)
}

fn blocked_share(days: &[(&Date, &OfDay)]) -> f64 {
    let blocked: usize = days.iter().map(|(_, of)| of.blocked.len()).sum();
    let through: usize = days.iter().map(|(_, of)| of.through.len()).sum();
    blocked as f64 / (blocked + through).max(1) as f64
}

/// Days and actors enough of the kind that a side is of.
fn enough(days: &[(&Date, &OfDay)], blocked: bool) -> bool {
    let of: Vec<&BTreeSet<i64>> =
        days.iter().map(|(_, of)| if blocked { &of.blocked } else { &of.through }).collect();
    let actors: BTreeSet<i64> = of.iter().flat_map(|actors| actors.iter().copied()).collect();
    of.iter().filter(|actors| !actors.is_empty()).count() >= LEAST && actors.len() >= LEAST
}

/// Whether a row of the ledger tells of a flip.
fn records(change: &Change, flip: &Flip, site: &str, group: &str, code: &str) -> bool {
    let about = match change.site.as_deref() {
        Some(named) => named == site,
        None => change.code == code,
    };
    let for_group = change.group.as_deref().is_none_or(|named| named == group);
    let (first, last) = (shifted(flip.last_before, -NEAR_DAYS), shifted(flip.first_after, NEAR_DAYS));
    let near = |day: Date| (first..=last).contains(&day);
    let starts = near(change.effective());
    let ends = change.end().is_some_and(near);
    let shut = change.made() && change.asked == "block";
    let tells = if flip.opened { (change.opened() && starts) || (shut && ends) } else { (shut && starts) || (change.opened() && ends) };
    about && for_group && tells
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn days(of: &[(i8, &[i64], &[i64])]) -> BTreeMap<Date, OfDay> {
        of.iter()
            .map(|(day, blocked, through)| {
                let actors = |actors: &[i64]| actors.iter().copied().collect();
                (date(2025, 9, *day), OfDay { blocked: actors(blocked), through: actors(through) })
            })
            .collect()
    }

    #[test]
    fn three_days_and_three_actors_on_each_side() {
        let clear = days(&[
            (1, &[1, 2], &[]),
            (2, &[3], &[]),
            (3, &[1], &[]),
            (8, &[], &[1, 2]),
            (9, &[], &[4]),
            (10, &[], &[5]),
        ]);
        // Eight actor-days, three of them actor 1's.
        let found = Flip {
            opened: true,
            last_before: date(2025, 9, 3),
            first_after: date(2025, 9, 8),
            blocked_days: 3,
            through_days: 3,
            people: 5,
            largest_share: 3.0 / 8.0,
        };
        assert_eq!(flip(&clear), Some(found));
        let two_days = days(&[(1, &[1, 2, 3], &[]), (2, &[3], &[]), (8, &[], &[1, 2]), (9, &[], &[4]), (10, &[], &[5])]);
        assert_eq!(flip(&two_days), None);
        let two_actors = days(&[(1, &[1], &[]), (2, &[2], &[]), (3, &[1], &[]), (8, &[], &[1, 2]), (9, &[], &[4]), (10, &[], &[5])]);
        assert_eq!(flip(&two_actors), None);
        assert_eq!(flip(&BTreeMap::new()), None);
    }

    #[test]
    fn a_site_of_mixed_decisions_never_flips() {
        // Its search pages are stopped, its front page is not.
        let mixed = days(&[(1, &[1, 2], &[3]), (2, &[3], &[1]), (3, &[1], &[2]), (8, &[], &[1, 2]), (9, &[], &[4]), (10, &[], &[5])]);
        assert_eq!(flip(&mixed), None);
    }

    #[test]
    fn what_records_a_flip() {
        let flip = Flip {
            opened: true,
            last_before: date(2025, 9, 10),
            first_after: date(2025, 9, 12),
            blocked_days: 3,
            through_days: 3,
            people: 3,
            largest_share: 0.5,
        };
        let row = Change {
            kind: "ledger".to_owned(),
            asked: "unblock".to_owned(),
            decision: "approved".to_owned(),
            site: Some("example.org".to_owned()),
            code: "EDU".to_owned(),
            requested: date(2025, 9, 19),
            ..Change::default()
        };
        let told = |change: &Change| records(change, &flip, "example.org", "Year 8", "EDU");
        assert!(told(&row), "seven days after the first day after");
        assert!(!told(&Change { requested: date(2025, 9, 20), ..row.clone() }));
        assert!(!told(&Change { group: Some("Year 9".to_owned()), ..row.clone() }));
        assert!(!told(&Change { decision: "refused".to_owned(), ..row.clone() }));
        assert!(told(&Change { site: None, ..row.clone() }), "by its category");
        assert!(!told(&Change { asked: "block".to_owned(), ..row.clone() }));
        let ended = Change { asked: "block".to_owned(), requested: date(2025, 6, 1), to: Some(date(2025, 9, 11)), ..row };
        assert!(told(&ended), "a block that ended");
    }
}
