//! How far the filtering of two groups really differs on sites that both asked for (Q11).

use std::collections::BTreeMap;

use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, measure};
use crate::plan::{ILLEGAL, Reader};
use crate::statistics::jensen_shannon;
use crate::wording;

/// Decided requests that a site needs in each of two groups.
const LEAST_REQUESTS: i64 = 5;
/// Sites named in a row.
const NAMED: usize = 3;

/// Allowed and blocked requests.
type Decisions = (i64, i64);

/// Computes it.
pub(super) async fn figures(reader: &Reader<'_>) -> Result<Figures, Error> {
    // A site that was blocked for nobody was decided alike for all; only the others need their single records.
    let statement = format!(
        "WITH blocked_once AS (
            SELECT DISTINCT site FROM blocked_site_days
            WHERE local_date BETWEEN $first AND $last AND school_day AND site IS NOT NULL AND code NOT IN {ILLEGAL})
         SELECT r.group_id, r.site,
                count(*) FILTER (WHERE r.action IN ('allowed', 'proceeded', 'bypassed', 'monitored')) AS allowed,
                count(*) FILTER (WHERE r.action = 'blocked') AS blocked
         FROM requests r JOIN blocked_once b ON r.site = b.site
         WHERE r.local_date BETWEEN $first AND $last AND r.school_day AND NOT r.illegal AND NOT r.record_noise
         GROUP BY r.group_id, r.site ORDER BY r.group_id, r.site"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let mut of_group: BTreeMap<String, BTreeMap<String, Decisions>> = BTreeMap::new();
    for row in 0..answer.len() {
        let decided = (answer.count(row, "allowed"), answer.count(row, "blocked"));
        if let (Some(group), Some(site)) = (answer.text(row, "group_id"), answer.text(row, "site"))
            && decided.0 + decided.1 >= LEAST_REQUESTS
        {
            of_group.entry(group).or_default().insert(site, decided);
        }
    }
    let mut groups: Vec<&String> = of_group.keys().collect();
    groups.sort_by_cached_key(|group| wording::natural(group));
    let mut pairs: Vec<(f64, Vec<Cell>, String)> = Vec::new();
    for (at, one) in groups.iter().enumerate() {
        for other in &groups[at + 1..] {
            pairs.extend(pair(one, &of_group[*one], other, &of_group[*other]));
        }
    }
    let reading = match pairs.iter().max_by(|one, other| one.0.total_cmp(&other.0)) {
        None => "No two groups asked often enough for a site that was blocked for anybody, or no single records are \
                 kept of these days."
            .to_owned(),
        Some((distance, ..)) if *distance < 0.05 => {
            "On the sites that both asked for, no two groups were filtered clearly differently.".to_owned()
        }
        Some((_, _, words)) => format!("Furthest apart: {words}"),
    };
    Ok(Figures {
        schema: "watershed.groups.profiles/1",
        title: "How differently two groups are filtered".to_owned(),
        unit: "mean Jensen-Shannon distance of the decisions on common sites",
        denominator: "sites that both groups asked for 5 times or more and that were blocked for anybody",
        interval: "",
        about: About::Records,
        columns: vec![
            dimension("group_id", "Group"),
            dimension("other_group_id", "Other group"),
            measure("distance", "Distance", "0 (decided alike) to 1 (always the opposite)"),
            measure("common_sites", "Common sites", "sites"),
            measure("opposite_sites", "Opposite", "sites mostly allowed for one and mostly blocked for the other"),
            dimension("examples", "For example"),
        ],
        rows: pairs.into_iter().map(|(_, cells, _)| cells).collect(),
        notes: vec![
            "Sites that were blocked for nobody are decided alike and not among them, so the distance is of what is in \
             dispute, not of everything. What one group never asks for cannot be compared."
                .to_owned(),
            "Staff are not here: their records are in tables of their own.".to_owned(),
        ],
        reading,
    })
}

fn pair(
    one: &str,
    own: &BTreeMap<String, Decisions>,
    other: &str,
    theirs: &BTreeMap<String, Decisions>,
) -> Option<(f64, Vec<Cell>, String)> {
    let shares = |decided: Decisions| [decided.0 as f64, decided.1 as f64];
    let mut distances = Vec::new();
    let mut opposite: Vec<(f64, &str)> = Vec::new();
    for (site, decided) in own {
        let Some(their) = theirs.get(site) else { continue };
        let Some(distance) = jensen_shannon(&shares(*decided), &shares(*their)) else { continue };
        distances.push(distance);
        let mostly = |decided: Decisions| decided.0 > decided.1;
        if mostly(*decided) != mostly(*their) && decided.0 != decided.1 && their.0 != their.1 {
            opposite.push((distance, site));
        }
    }
    if distances.is_empty() {
        return None;
    }
    opposite.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    let mean = distances.iter().sum::<f64>() / distances.len() as f64;
    let examples: Vec<&str> = opposite.iter().take(NAMED).map(|(_, site)| *site).collect();
    let words = format!(
        "{one} and {other}: distance {mean:.2} over {}; {} mostly allowed for one and mostly blocked for the other.",
        wording::counted(distances.len() as i64, "common site", "common sites"),
        wording::counted(opposite.len() as i64, "site", "sites"),
    );
    let cells = vec![
        one.into(),
        other.into(),
        mean.into(),
        (distances.len() as i64).into(),
        (opposite.len() as i64).into(),
        examples.join(", ").into(),
    ];
    Some((mean, cells, words))
}
