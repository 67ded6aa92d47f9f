//! Blocks that staff overrode (OB4): of those who hold the right, how many blocks were followed by its use.
//!
//! Reads `staff_requests` for the days asked about: nothing else tells an override from an allowed page.

use std::collections::{BTreeMap, BTreeSet};

use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, ends, evidence_of_people, measure};
use crate::plan::{ILLEGAL, Reader};
use crate::statistics::{Cluster, clustered_wilson};
use crate::wording;

/// Microseconds within which an override belongs to a block.
const AFTERWARDS_US: i64 = 15 * 60 * 1_000_000;
/// Members of staff below which nothing is shown: the figure would be about one of them.
const LEAST_STAFF: usize = 5;

/// Attempts and overridden ones of each member of staff with the right; none where they are too few.
async fn by_actor(reader: &Reader<'_>) -> Result<Option<BTreeMap<i64, (i64, i64)>>, Error> {
    let statement = format!(
        "SELECT actor, site, CAST(event_time_utc AS BIGINT) AS us FROM staff_requests \
         WHERE local_date BETWEEN $first AND $last AND school_day AND action IN ('bypassed', 'proceeded') \
         AND NOT illegal AND code NOT IN {ILLEGAL} AND actor IS NOT NULL AND site IS NOT NULL ORDER BY actor, site, us"
    );
    let days = [
        ("first", crate::session::Value::Day(reader.window.from)),
        ("last", crate::session::Value::Day(reader.window.to)),
    ];
    let answer = reader.session.query(&statement, &days).await?;
    let mut overrides: BTreeMap<(i64, String), Vec<i64>> = BTreeMap::new();
    for row in 0..answer.len() {
        if let (Some(actor), Some(site), Some(us)) =
            (answer.integer(row, "actor"), answer.text(row, "site"), answer.integer(row, "us"))
        {
            overrides.entry((actor, site)).or_default().push(us);
        }
    }
    let holders: BTreeSet<i64> = overrides.keys().map(|(actor, _)| *actor).collect();
    if holders.len() < LEAST_STAFF {
        return Ok(None);
    }
    let statement = format!(
        "SELECT actor, site, CAST(end_utc AS BIGINT) AS us FROM staff_attempts \
         WHERE local_date BETWEEN $first AND $last AND school_day AND NOT illegal AND code NOT IN {ILLEGAL} \
         AND actor IS NOT NULL ORDER BY actor, us, site"
    );
    let answer = reader.session.query(&statement, &days).await?;
    let mut found: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for row in 0..answer.len() {
        let (Some(actor), Some(us)) = (answer.integer(row, "actor"), answer.integer(row, "us")) else { continue };
        if !holders.contains(&actor) {
            continue;
        }
        let later = answer.text(row, "site").and_then(|site| overrides.get(&(actor, site)));
        let overridden =
            later.is_some_and(|later| later.iter().any(|other| (0..=AFTERWARDS_US).contains(&(other - us))));
        let (part, whole) = found.entry(actor).or_default();
        *whole += 1;
        *part += i64::from(overridden);
    }
    Ok(Some(found))
}

/// One row over all staff who hold the right.
pub(super) async fn overrides(reader: &Reader<'_>) -> Result<Figures, Error> {
    let found = by_actor(reader).await?;
    let unit = "share of the blocked attempts of staff who may override";
    let mut columns = vec![
        dimension("who", "Who"),
        measure("attempts", "Attempts", "blocked attempts of staff who overrode a block in these days"),
        measure("overridden", "Overridden", "of them followed by an override of the same site within 15 minutes"),
        measure("overridden_share", "Share", unit),
    ];
    columns.extend(ends("overridden_share_lower", "overridden_share_upper", unit));
    columns.extend(evidence_of_people("attempts"));
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut reading =
        format!("Not shown: fewer than {LEAST_STAFF} members of staff overrode a block in these days, or none did.");
    if let Some(found) = found {
        let clusters: Vec<Cluster> =
            found.values().map(|(part, whole)| Cluster { part: *part as f64, whole: *whole as f64 }).collect();
        let (part, whole) =
            found.values().fold((0, 0), |(part, whole), (own, of)| (part + own, whole + of));
        let share = clustered_wilson(&clusters);
        let most = found.values().map(|(_, whole)| *whole).max().unwrap_or(0);
        reading = format!(
            "{} of {} blocks of staff who may override were overridden within 15 minutes. Some of that is convenience.",
            wording::whole(part),
            wording::whole(whole)
        );
        rows.push(vec![
            "staff who may override".into(),
            whole.into(),
            part.into(),
            share.map(|share| share.share).into(),
            share.map(|share| share.interval.lower).into(),
            share.map(|share| share.interval.upper).into(),
            (found.len() as i64).into(),
            (whole > 0).then(|| most as f64 / whole as f64).into(),
        ]);
    }
    Ok(Figures {
        schema: "watershed.overblocking.overrides/1",
        title: "Blocks that staff overrode (OB4)".to_owned(),
        unit: "blocked attempts of staff",
        denominator: "blocked attempts of staff who overrode a block in these days",
        interval: "95 %, Wilson with the effective size by leaving out one person at a time (jackknife), \
            allowing for one more like the most active; population: attempts of staff like these",
        about: About::People,
        columns,
        rows,
        notes: vec![
            "Who may override is told by who did. Pupils have no such right, and what they are warned of and go on to is not here."
                .to_owned(),
        ],
        reading,
    })
}
