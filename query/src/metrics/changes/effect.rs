//! Whether a change moved anything: the weeks before and after it, beside groups that it did not touch.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::rows::{Change, NO_LEDGER, about, all};
use crate::disclosure::table::{Cell, TableColumn};
use crate::error::Error;
use crate::figures::{About, Figures, dimension, ends, evidence, measure};
use crate::metrics::elapsed::shifted;
use crate::plan::{ILLEGAL, PUPIL, Reader};
use crate::session::Value;
use crate::statistics::{Corners, Moved, PartOf, interrupted};
use crate::wording;

/// Days of the calendar on each side: six weeks.
const SIDE_DAYS: i64 = 42;
/// Least school days with data on each side.
const LEAST_DAYS: i64 = 10;
/// Changes that are looked at, the newest first.
const CHANGES: usize = 20;

/// What was found around one change.
struct Around {
    corners: Corners,
    people: i64,
    largest_share: Option<f64>,
    moved: Option<Moved>,
    why_not: Option<&'static str>,
}

pub(super) async fn figures(reader: &Reader<'_>) -> Result<Figures, Error> {
    let ledger = all(reader).await?;
    let inside = |change: &&Change| (reader.window.from..=reader.window.to).contains(&change.effective());
    let made: Vec<&Change> = ledger
        .iter()
        .filter(|change| change.made() && change.kind != "report")
        .filter(inside)
        .filter(|change| reader.ask.group.is_none() || change.group == reader.ask.group)
        .filter(|change| reader.ask.theme.is_none() || change.theme == reader.ask.theme)
        .collect();
    // Several rows about one group, theme and day are one change.
    let mut distinct: BTreeMap<(Date, &str, &str), Vec<&Change>> = BTreeMap::new();
    for change in &made {
        let key = (change.effective(), change.group.as_deref().unwrap_or(""), change.theme.as_deref().unwrap_or(""));
        distinct.entry(key).or_default().push(change);
    }
    let all_changes = distinct.len();
    let mut rows = Vec::new();
    let mut words = Vec::new();
    for ((day, group, theme), changes) in distinct.iter().rev().take(CHANGES) {
        let found = around(reader, *day, group, theme).await?;
        let others = ledger
            .iter()
            .filter(|other| other.made() && other.group.as_deref().is_none_or(|named| named == *group))
            .filter(|other| !changes.iter().any(|change| std::ptr::eq(*change, *other)))
            .filter(|other| (shifted(*day, -SIDE_DAYS)..shifted(*day, SIDE_DAYS)).contains(&other.effective()))
            .count();
        let said = said(&found);
        words.push(said);
        rows.push(row(*day, group, theme, changes, &found, others as i64, said));
    }
    let number = |word: &str| words.iter().filter(|said| said.starts_with(word)).count() as i64;
    let reading = if ledger.is_empty() {
        NO_LEDGER.to_owned()
    } else if rows.is_empty() {
        "No change was made in these days, by the ledger.".to_owned()
    } else {
        format!(
            "Of {}: {} with a higher rate after than the other groups' course lets expect, {} with a lower one, {} with no clear change, {} not measurable. What happened at the same time is not known to be the cause.",
            wording::counted(rows.len() as i64, "change", "changes"),
            wording::whole(number("higher")),
            wording::whole(number("lower")),
            wording::whole(number("no clear")),
            wording::whole(number("not measurable"))
        )
    };
    let mut notes = vec![
        "Ratio: rate after over rate before in the group, divided by the same in all other groups; 1 is no change beside them. The rate is pupils' days with an episode in the change's theme (blocked attempts where it has none) over active actor-days.".to_owned(),
        format!("Six weeks before the day and six from it on, school days only; at least {LEAST_DAYS} with data on each side, 5 actor-days in each corner and two pupils behind each."),
        "Several rows are several looks: of twenty changes that moved nothing one is likely to seem clear.".to_owned(),
    ];
    if all_changes > CHANGES {
        notes.push(format!("The newest {CHANGES} of {} changes are shown.", wording::whole(all_changes as i64)));
    }
    Ok(Figures {
        schema: "watershed.changes.effect/1",
        title: "Before and after a change, beside groups that it did not touch".to_owned(),
        unit: "pupils' actor-days in the theme, as rates per 1,000",
        denominator: "active actor-days of the same pupils and weeks",
        interval: "95 %, differences of differences on the logarithm's scale, one pupil left out at a time (jackknife), \
            Student's t",
        about: About::People,
        columns: columns(),
        rows,
        notes,
        reading,
    })
}

fn columns() -> Vec<TableColumn> {
    let ratio = "ratio of rate ratios";
    let rate = "actor-days in the theme per 1,000 active actor-days";
    let mut columns = vec![
        dimension("effective_date", "Day"),
        dimension("group_id", "Group"),
        dimension("theme", "Theme"),
        dimension("about", "Site or category"),
        dimension("said", "In words"),
        measure("affected_before_per_1000", "Before", rate),
        measure("affected_after_per_1000", "After", rate),
        measure("others_before_per_1000", "Others before", rate),
        measure("others_after_per_1000", "Others after", rate),
        measure("ratio", "Ratio", ratio),
    ];
    columns.extend(ends("ratio_lower", "ratio_upper", ratio));
    columns.extend([
        measure("other_changes", "Other changes", "changes for the group in the same weeks"),
        evidence("distinct_people", "Different people", "pupils with an actor-day in the theme"),
        evidence("largest_share_of_actor_days", "Most by one", "share of actor-days of one actor"),
    ]);
    columns
}

fn row(
    day: Date,
    group: &str,
    theme: &str,
    changes: &[&Change],
    found: &Around,
    others: i64,
    said: &'static str,
) -> Vec<Cell> {
    let or = |word: &str, none: &str| if word.is_empty() { none.to_owned() } else { word.to_owned() };
    let first = changes.first().map(|change| about(change)).unwrap_or_default();
    let what = if changes.len() > 1 { format!("{first} and {} more", changes.len() - 1) } else { first };
    let corners = &found.corners;
    let mut cells: Vec<Cell> = vec![
        day.to_string().into(),
        or(group, "no group named").into(),
        or(theme, "no theme").into(),
        what.into(),
        said.into(),
    ];
    for corner in
        [corners.affected_before, corners.affected_after, corners.others_before, corners.others_after]
    {
        cells.push(Some(1000.0 * corner.part / corner.whole).filter(|_| corner.whole > 0.0).into());
    }
    cells.push(found.moved.map(|moved| moved.ratio).into());
    cells.push(found.moved.map(|moved| moved.interval.lower).into());
    cells.push(found.moved.map(|moved| moved.interval.upper).into());
    cells.push(others.into());
    cells.push(found.people.into());
    cells.push(found.largest_share.into());
    cells
}

fn said(found: &Around) -> &'static str {
    match (found.moved, found.why_not) {
        (_, Some(why)) => why,
        (Some(moved), None) if moved.interval.lower > 1.0 => "higher after",
        (Some(moved), None) if moved.interval.upper < 1.0 => "lower after",
        (Some(_), None) => "no clear change",
        (None, None) => "not measurable: few actor-days",
    }
}

/// Pupils' corners around a day.
async fn around(reader: &Reader<'_>, day: Date, group: &str, theme: &str) -> Result<Around, Error> {
    let (first, last) = (shifted(day, -SIDE_DAYS), shifted(day, SIDE_DAYS - 1));
    let values = vec![
        ("first", Value::Day(first)),
        ("last", Value::Day(last)),
        ("day", Value::Day(day)),
        ("group", Value::Word(group.to_owned())),
    ];
    let by = "actor, (group_id = $group) AS affected, (local_date >= $day) AS later";
    let condition = format!("local_date BETWEEN $first AND $last AND school_day AND {PUPIL}");
    let active = format!(
        "SELECT {by}, count(*) AS days, count(*) FILTER (WHERE attempts > 0) AS tried FROM actor_days \
         WHERE {condition} AND primary_records > 0 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    );
    let answer = reader.session.query(&active, &values).await?;
    let mut pupils: BTreeMap<i64, Corners> = BTreeMap::new();
    for row in 0..answer.len() {
        let Some(actor) = answer.integer(row, "actor") else { continue };
        let corner = corner(pupils.entry(actor).or_default(), answer.yes(row, "affected"), answer.yes(row, "later"));
        corner.whole = answer.count(row, "days") as f64;
        if theme.is_empty() {
            corner.part = answer.count(row, "tried") as f64;
        }
    }
    if !theme.is_empty() {
        let in_theme = format!(
            "SELECT {by}, count(*) AS days FROM actor_theme_days WHERE {condition} AND theme = $theme \
             AND theme NOT IN {ILLEGAL} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        );
        let mut values = values.clone();
        values.push(("theme", Value::Word(theme.to_owned())));
        let answer = reader.session.query(&in_theme, &values).await?;
        for row in 0..answer.len() {
            let Some(actor) = answer.integer(row, "actor") else { continue };
            let corner = corner(pupils.entry(actor).or_default(), answer.yes(row, "affected"), answer.yes(row, "later"));
            corner.part = (answer.count(row, "days") as f64).min(corner.whole);
        }
    }
    let with_data = "SELECT count(DISTINCT local_date) FILTER (WHERE local_date < $day) AS before, \
        count(DISTINCT local_date) FILTER (WHERE local_date >= $day) AS after FROM activity \
        WHERE local_date BETWEEN $first AND $last AND school_day";
    let answer = reader.session.query(with_data, &values[..3]).await?;
    let days = (answer.count(0, "before"), answer.count(0, "after"));
    let pupils: Vec<Corners> = pupils.into_values().collect();
    let corners = Corners::sum(&pupils);
    let parts: Vec<f64> = pupils
        .iter()
        .map(|pupil| pupil.affected_before.part + pupil.affected_after.part + pupil.others_before.part + pupil.others_after.part)
        .collect();
    let total: f64 = parts.iter().sum();
    let most = parts.iter().copied().fold(0.0, f64::max);
    let why_not = if group.is_empty() {
        Some("not measurable: no group named")
    } else if days.0 < LEAST_DAYS || days.1 < LEAST_DAYS {
        Some("not measurable: few days with data")
    } else if corners.affected_before.whole + corners.affected_after.whole == 0.0 {
        Some("not measurable: group not seen")
    } else {
        None
    };
    Ok(Around {
        moved: interrupted(&pupils).filter(|_| why_not.is_none()),
        corners,
        people: parts.iter().filter(|part| **part > 0.0).count() as i64,
        largest_share: (total > 0.0).then(|| most / total),
        why_not,
    })
}

fn corner(of: &mut Corners, affected: bool, later: bool) -> &mut PartOf {
    match (affected, later) {
        (true, false) => &mut of.affected_before,
        (true, true) => &mut of.affected_after,
        (false, false) => &mut of.others_before,
        (false, true) => &mut of.others_after,
    }
}
