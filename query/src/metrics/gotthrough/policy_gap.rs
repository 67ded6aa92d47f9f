//! B3a: allowed although the policy of that group and day says that it is to be blocked.

use std::collections::BTreeMap;

use ingest::schema;
use jiff::civil::Date;

use super::super::{Place, Unseen};
use super::NOT_MEASURABLE;
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, ends, evidence_of_people, measure};
use crate::plan::{By, GROUP, PUPIL, Reader, THEME};
use crate::statistics::{Cluster, clustered_share};
use crate::wording;

const DAY: By = By { id: "local_day", expression: "CAST(local_date AS VARCHAR)" };
const CODE: By = By { id: "code", expression: "code" };

/// Of one group and theme.
#[derive(Debug, Default)]
struct Gap {
    /// Primary records of categories that are to be blocked, let through and stopped.
    allowed: i64,
    blocked: i64,
    /// Pupils' episodes on days on which every category of the theme is to be blocked: all and with something
    /// let through, by actor.
    by_actor: BTreeMap<i64, (i64, i64)>,
    /// On some day every category of the theme was to be blocked: only then do episodes say anything.
    whole: bool,
}

/// Computes it.
pub(super) async fn figures(
    reader: &Reader<'_>,
    place: &Place<'_>,
    unseen: &Unseen,
) -> Result<Figures, Error> {
    let measurable = !unseen.shows_no_decision();
    let gaps = if measurable { gaps(reader, place).await? } else { BTreeMap::new() };
    let unit = "share of pupils' episodes with a decision";
    let mut columns = vec![
        dimension("group_id", "Group"),
        dimension("theme", "Theme"),
        measure("episodes_through", "Got through", "pupils' episodes with something let through"),
        measure("episodes", "Episodes", "pupils' episodes with a decision"),
        measure("through_share", "Share", unit),
    ];
    columns.extend(ends("through_share_lower", "through_share_upper", unit));
    columns.push(measure(
        "records_allowed",
        "Records allowed",
        "primary records, everybody but staff, categories to be blocked",
    ));
    columns.push(measure(
        "records_blocked",
        "Records blocked",
        "primary records, everybody but staff, categories to be blocked",
    ));
    columns.extend(evidence_of_people("episodes"));
    let mut lines: Vec<(f64, i64, Vec<Cell>, String)> = Vec::new();
    for ((group, theme), gap) in &gaps {
        let clusters: Vec<Cluster> = gap
            .by_actor
            .values()
            .map(|(through, all)| Cluster { part: *through as f64, whole: *all as f64 })
            .collect();
        let through: i64 = gap.by_actor.values().map(|(through, _)| through).sum();
        let all: i64 = gap.by_actor.values().map(|(_, all)| all).sum();
        let people = gap.by_actor.values().filter(|(through, _)| *through > 0).count() as i64;
        let largest = gap.by_actor.values().map(|(through, _)| *through).max().unwrap_or(0);
        let share = clustered_share(&clusters);
        let words = share.filter(|_| through > 0).map_or_else(String::new, |found| {
            format!(
                "{theme} in {group}: something was let through in {} of {}{}, by {}",
                wording::whole(through),
                wording::counted(all, "episode", "episodes"),
                // An interval that leaves nearly everything open says nothing.
                if found.interval.upper - found.interval.lower < 0.8 {
                    format!(
                        " ({} to {})",
                        wording::percent(found.interval.lower),
                        wording::percent(found.interval.upper)
                    )
                } else {
                    String::new()
                },
                wording::counted(people, "pupil", "pupils"),
            )
        });
        let cells = vec![
            group.as_str().into(),
            theme.as_str().into(),
            gap.whole.then_some(through).into(),
            gap.whole.then_some(all).into(),
            share.map(|found| found.share).into(),
            share.map(|found| found.interval.lower).into(),
            share.map(|found| found.interval.upper).into(),
            // `activity` knows nobody, so a live matter cannot be taken out of records: only who sees it anyway does.
            place.live.map(|_| gap.allowed).into(),
            place.live.map(|_| gap.blocked).into(),
            gap.whole.then_some(people).into(),
            (through > 0).then(|| largest as f64 / through as f64).into(),
        ];
        let surely = share.map_or(0.0, |found| found.interval.lower);
        lines.push((surely, through, cells, words));
    }
    // What surely got through first; then what may have.
    lines.sort_by(|one, other| other.0.total_cmp(&one.0).then(other.1.cmp(&one.1)));
    let reading = reading(&lines, measurable);
    let mut notes = vec![
        if place.settings.policy().is_recorded() {
            "What is to be blocked is what policy_snapshot.csv says for the group and day, and the taxonomy's usual \
             stance where it says nothing."
        } else {
            "No policy snapshot is recorded, so the taxonomy's usual stance stands for what is to be blocked: record \
             the school's own in policy_snapshot.csv."
        }
        .to_owned(),
        "An episode counts here on days on which every category of its theme is to be blocked for the group; where that \
         is on no day, episodes say nothing and the cells are empty. Records depend on how heavy pages are, so they are \
         no headline, and are for the safeguarding lead alone: what is marked live cannot be taken out of them."
            .to_owned(),
        "Allowed by the log's word. What the filter put under no category, or a wrong one, is not seen here: the \
         tables `recategorised`, `reported` and `tests` show some of it."
            .to_owned(),
    ];
    if !measurable {
        notes.push(NOT_MEASURABLE.to_owned());
    }
    Ok(Figures {
        schema: "watershed.gotthrough.policy/1",
        title: "Let through although the policy says block (B3a)".to_owned(),
        unit: "pupils' episodes; primary records",
        denominator: "pupils' episodes with a decision, on days on which the whole theme is to be blocked",
        interval: "95 %, exact binomial with the effective size by leaving out one pupil at a time (jackknife); \
            population: episodes of pupils like those who had one",
        about: About::People,
        columns,
        rows: lines.into_iter().map(|(_, _, cells, _)| cells).collect(),
        notes,
        reading,
    })
}

/// The row whose lower end is highest: the one that surely let something through.
fn reading(lines: &[(f64, i64, Vec<Cell>, String)], measurable: bool) -> String {
    if !measurable {
        return NOT_MEASURABLE.to_owned();
    }
    let with: Vec<_> = lines.iter().filter(|line| line.1 > 0).collect();
    let Some(first) = with.iter().max_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1))) else {
        return "No pupil's episode in a theme that is wholly to be blocked had anything let through in these days. \
                That does not say that nothing got through: see what could not be seen."
            .to_owned();
    };
    let groups = with.len() as i64;
    format!(
        "{}. In {} of group and theme something was let through; look at these first.",
        wording::sentence(&first.3),
        wording::counted(groups, "row", "rows")
    )
}

/// Rows of group and theme where the policy has something to be blocked and there was any of it.
async fn gaps(
    reader: &Reader<'_>,
    place: &Place<'_>,
) -> Result<BTreeMap<(String, String), Gap>, Error> {
    let taxonomy = place.settings.taxonomy();
    let policy = place.settings.policy();
    let blocked_on = |group: &str, code: &str, day: Date| policy.is_to_be_blocked(taxonomy, group, code, day);
    let is_wholly_blocked = |group: &str, theme: &str, day: Date| {
        let mut codes = taxonomy
            .codes()
            .iter()
            .filter(|code| {
                code.theme.as_deref() == Some(theme) && taxonomy.code(&code.code, day).is_some()
            })
            .peekable();
        codes.peek().is_some() && codes.all(|code| blocked_on(group, &code.code, day))
    };
    let mut gaps: BTreeMap<(String, String), Gap> = BTreeMap::new();

    let records = reader.activity_records(&[GROUP, THEME, CODE, DAY]).await?;
    for row in 0..records.len() {
        let word = |id| records.text(row, id).unwrap_or_default();
        let (group, theme, code) = (word("group_id"), word("theme"), word("code"));
        let Ok(day) = word("local_day").parse::<Date>() else { continue };
        if theme == "no theme" || !blocked_on(&group, &code, day) {
            continue;
        }
        let whole = is_wholly_blocked(&group, &theme, day);
        let gap = gaps.entry((group, theme)).or_default();
        gap.whole |= whole;
        gap.allowed += records.count(row, "allowed");
        gap.blocked += records.count(row, "blocked");
    }

    let through = "count(*) FILTER (WHERE outcome IN ('allowed', 'mixed'))";
    let decided = "count(*) FILTER (WHERE outcome <> 'unknown')";
    let parts = reader.actors(&schema::EPISODES, PUPIL, &[GROUP, THEME, DAY], through, decided).await?;
    for row in 0..parts.len() {
        let word = |id| parts.text(row, id).unwrap_or_default();
        let (group, theme) = (word("group_id"), word("theme"));
        let (Ok(day), Some(actor)) = (word("local_day").parse::<Date>(), parts.integer(row, "actor")) else {
            continue;
        };
        if !is_wholly_blocked(&group, &theme, day) {
            continue;
        }
        let gap = gaps.entry((group, theme)).or_default();
        gap.whole = true;
        let found = gap.by_actor.entry(actor).or_default();
        found.0 += parts.count(row, "part");
        found.1 += parts.count(row, "whole");
    }
    // Nor may a row stand for records alone then: it would say that there is something.
    let records = |gap: &Gap| place.live.is_some() && gap.allowed + gap.blocked > 0;
    gaps.retain(|_, gap| records(gap) || !gap.by_actor.is_empty());
    Ok(gaps)
}
