//! The canary panel (OB7): sites that pupils must be able to reach, by what each group met.
//!
//! Both what was blocked (`blocked_site_days`) and what was let through (`panel_days`) are derived tables, so the term
//! is whole when its records have gone. `panel_days` names nobody: whoever may not see what is marked live is told
//! that a group reached a site only when more actors did on one day than the marks could be about.

use std::collections::{BTreeMap, BTreeSet};

use ingest::settings::canary::CanarySite;

use super::super::{Place, Unseen};
use super::NOT_MEASURABLE;
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, measure};
use crate::plan::Reader;
use crate::wording;

/// What the groups that must reach a site met.
#[derive(Debug, Default, PartialEq, Eq)]
struct Met {
    blocked: Vec<String>,
    mixed: Vec<String>,
    open: Vec<String>,
    not_asked: Vec<String>,
    attempts: i64,
}

impl Met {
    /// The gravest of what was met, in one word.
    const fn state(&self) -> &'static str {
        if !self.blocked.is_empty() {
            "blocked"
        } else if !self.mixed.is_empty() {
            "mixed"
        } else if !self.open.is_empty() {
            "open"
        } else {
            "not asked for"
        }
    }

    const fn order(&self) -> u8 {
        match (self.blocked.is_empty(), self.mixed.is_empty(), self.open.is_empty()) {
            (false, ..) => 0,
            (true, false, _) => 1,
            (true, true, false) => 2,
            (true, true, true) => 3,
        }
    }

    /// Groups for which it was closed at some time.
    fn closed_for(&self) -> String {
        let mixed = self.mixed.iter().map(|group| format!("{group} (at times)"));
        let closed: Vec<String> = self.blocked.iter().cloned().chain(mixed).collect();
        if closed.is_empty() { "-".to_owned() } else { closed.join(", ") }
    }
}

/// What groups met on a site: attempts that were blocked, days on which somebody was let through.
type Decisions = BTreeMap<(String, String), (i64, i64)>;

/// What the groups of the right key stages met on a site.
fn met(site: &CanarySite, groups: &BTreeMap<String, BTreeSet<String>>, decisions: &Decisions) -> Met {
    let mut found = Met::default();
    let of_stage = groups.iter().filter(|(_, stages)| {
        stages.iter().any(|stage| site.key_stages.iter().any(|wanted| wanted == stage))
    });
    let mut in_order: Vec<&String> = of_stage.map(|(group, _)| group).collect();
    in_order.sort_by_cached_key(|group| wording::natural(group));
    for group in in_order {
        let key = (site.site.clone(), group.clone());
        let (blocked, open) = decisions.get(&key).copied().unwrap_or((0, 0));
        found.attempts += blocked;
        match (blocked > 0, open > 0) {
            (true, false) => &mut found.blocked,
            (true, true) => &mut found.mixed,
            (false, true) => &mut found.open,
            (false, false) => &mut found.not_asked,
        }
        .push(group.clone());
    }
    found
}

/// Groups of the window with their key stages, staff excepted.
async fn groups(reader: &Reader<'_>) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
    let only = if reader.ask.group.is_some() { " AND group_id = $group" } else { "" };
    let statement = format!(
        "SELECT DISTINCT group_id, key_stage FROM actor_days WHERE local_date BETWEEN $first AND $last \
         AND key_stage IS NOT NULL{only}"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in 0..answer.len() {
        if let (Some(group), Some(stage)) = (answer.text(row, "group_id"), answer.text(row, "key_stage")) {
            groups.entry(group).or_default().insert(stage);
        }
    }
    Ok(groups)
}

fn listed(panel: &[&CanarySite]) -> String {
    // The panel's sites have letters, digits, dots and hyphens only.
    let sites: Vec<String> = panel.iter().map(|site| format!("'{}'", site.site)).collect();
    sites.join(", ")
}

/// Days with records on which not every site of the panel was watched.
async fn days_unwatched(reader: &Reader<'_>, panel: &[&CanarySite]) -> Result<i64, Error> {
    let statement = format!(
        "WITH watched AS (SELECT local_date AS day, count(DISTINCT site) AS sites FROM panel_days WHERE group_id IS NULL \
         AND local_date BETWEEN $first AND $last AND site IN ({}) GROUP BY local_date) \
         SELECT count(*) AS days FROM (SELECT DISTINCT local_date FROM activity \
         WHERE local_date BETWEEN $first AND $last) AS seen LEFT JOIN watched ON local_date = day \
         WHERE coalesce(sites, 0) < {}",
        listed(panel),
        panel.len()
    );
    Ok(reader.session.query(&statement, &reader.values()).await?.count(0, "days"))
}

async fn blocked(reader: &Reader<'_>, panel: &[&CanarySite]) -> Result<Decisions, Error> {
    let mut decisions = Decisions::new();
    let statement = format!(
        "SELECT site, group_id, sum(attempts) AS records FROM blocked_site_days \
         WHERE local_date BETWEEN $first AND $last AND site IN ({}) GROUP BY site, group_id",
        listed(panel)
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    for row in 0..answer.len() {
        if let (Some(site), Some(group)) = (answer.text(row, "site"), answer.text(row, "group_id")) {
            decisions.entry((site, group)).or_default().0 += answer.count(row, "records");
        }
    }
    Ok(decisions)
}

/// Sites of the panel, and those of them that were blocked for a group that must reach them: from derived tables
/// alone.
pub(super) async fn closed(reader: &Reader<'_>, place: &Place<'_>) -> Result<(usize, Vec<String>), Error> {
    let panel = place.settings.canary().on(reader.window.to);
    if panel.is_empty() {
        return Ok((0, Vec::new()));
    }
    let (groups, decisions) = (groups(reader).await?, blocked(reader, &panel).await?);
    let stages: BTreeSet<&String> = groups.values().flatten().collect();
    let asked = panel.iter().filter(|site| site.key_stages.iter().any(|stage| stages.iter().any(|known| known == stage)));
    let closed = panel.iter().filter(|site| met(site, &groups, &decisions).attempts > 0);
    Ok((asked.count(), closed.map(|site| site.site.clone()).collect()))
}

/// The panel, what was blocked first.
pub(super) async fn panel(
    reader: &Reader<'_>,
    place: &Place<'_>,
    unseen: &Unseen,
) -> Result<Figures, Error> {
    let panel = place.settings.canary().on(reader.window.to);
    let mut found: Vec<(&CanarySite, Met)> = Vec::new();
    let mut unwatched = 0;
    if !unseen.shows_no_decision() && !panel.is_empty() {
        let groups = groups(reader).await?;
        let mut decisions = blocked(reader, &panel).await?;
        let statement = format!(
            "SELECT site, group_id, count(*) AS days FROM panel_days WHERE local_date BETWEEN $first AND $last \
             AND site IN ({}) AND group_id IS NOT NULL AND actors_through > {} GROUP BY site, group_id",
            listed(&panel),
            place.hidden_tokens
        );
        let answer = reader.session.query(&statement, &reader.values()).await?;
        for row in 0..answer.len() {
            if let (Some(site), Some(group)) = (answer.text(row, "site"), answer.text(row, "group_id")) {
                decisions.entry((site, group)).or_default().1 += answer.count(row, "days");
            }
        }
        unwatched = days_unwatched(reader, &panel).await?;
        found = panel
            .iter()
            .map(|site| (*site, met(site, &groups, &decisions)))
            .filter(|(_, met)| met.order() != 3 || !met.not_asked.is_empty())
            .collect();
    }
    // Within a state in the panel's own order: helplines first.
    found.sort_by_key(|(_, met)| met.order());
    let reading = reading(&found, unseen);
    let columns = vec![
        dimension("site", "Site"),
        dimension("title", "Name"),
        dimension("kind", "Kind"),
        dimension("state", "Met"),
        dimension("closed_for", "Blocked for"),
        measure("groups_blocked", "Blocked", "groups that met blocks only"),
        measure("groups_mixed", "Mixed", "groups that met both"),
        measure("groups_open", "Open", "groups for which it was open whenever asked for"),
        measure("groups_not_asked", "Not asked", "groups that did not ask for it"),
        measure("attempts", "Attempts", "blocked attempts of these groups"),
    ];
    let rows = found.into_iter().map(|(site, met)| -> Vec<Cell> {
        let count = |groups: &[String]| Cell::from(groups.len() as i64);
        vec![
            site.site.clone().into(),
            site.title.clone().into(),
            site.kind.clone().into(),
            met.state().into(),
            met.closed_for().into(),
            count(&met.blocked),
            count(&met.mixed),
            count(&met.open),
            count(&met.not_asked),
            met.attempts.into(),
        ]
    });
    Ok(Figures {
        schema: "watershed.overblocking.panel/1",
        title: "Sites that pupils must be able to reach (OB7)".to_owned(),
        unit: "sites of the panel",
        denominator: "groups of the key stages for which the site must be open",
        interval: "",
        about: About::Records,
        columns,
        rows: rows.collect(),
        notes: vec![
            "The panel is `canary.csv` as of the last day; a school adds sites, dates them, or takes them out. Nothing is fetched: \
             what nobody asked for in these days is not known to be open."
                .to_owned(),
            "A block counts on every day of the period, in and out of school, and so does getting through.".to_owned(),
        ]
        .into_iter()
        .chain((unwatched > 0).then(|| {
            format!(
                "On {} with records it was not noted for every site whether it was open: the site joined the panel later, \
                 or the days are from before panels were noted. There, \"not asked for\" may be wrong.",
                wording::counted(unwatched, "day", "days")
            )
        }))
        .chain(place.live.is_none().then(|| {
            "What the safeguarding lead has set aside is left out here; a site that few asked for may read as not asked for."
                .to_owned()
        }))
        .collect(),
        reading,
    })
}

fn reading(found: &[(&CanarySite, Met)], unseen: &Unseen) -> String {
    if unseen.shows_no_decision() {
        return NOT_MEASURABLE.to_owned();
    }
    if found.is_empty() {
        return "No group of a known key stage was active in these days, so nothing can be said of the panel.".to_owned();
    }
    let count = |state: &str| found.iter().filter(|(_, met)| met.state() == state).count() as i64;
    let closed: Vec<&str> =
        found.iter().filter(|(_, met)| met.order() < 2).map(|(site, _)| site.title.as_str()).collect();
    let closed = match closed.len() {
        0 => "None was blocked for a group that must reach it".to_owned(),
        1..=5 => format!("Blocked for some group, at least at times: {}", closed.join(", ")),
        more => format!("Blocked for some group, at least at times: {} and {} more", closed[..5].join(", "), more - 5),
    };
    format!(
        "{closed}. Of {}, {} met no block, and {} nobody asked for: not the same as open.",
        wording::counted(found.len() as i64, "site of the panel", "sites of the panel"),
        wording::whole(count("open")),
        wording::whole(count("not asked for"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_states_by_group() {
        let site = CanarySite {
            site: "a.org".to_owned(),
            title: "A".to_owned(),
            kind: "helpline".to_owned(),
            key_stages: vec!["KS3", "KS4"],
        };
        let groups: BTreeMap<String, BTreeSet<String>> =
            [("year_10", "KS4"), ("year_7", "KS3"), ("year_8", "KS3"), ("year_9", "KS3"), ("year_6", "KS2")]
                .into_iter()
                .map(|(group, stage)| (group.to_owned(), BTreeSet::from([stage.to_owned()])))
                .collect();
        let decisions: Decisions = [("year_10", (2, 0)), ("year_7", (1, 5)), ("year_8", (0, 3)), ("year_6", (9, 0))]
            .into_iter()
            .map(|(group, counts)| (("a.org".to_owned(), group.to_owned()), counts))
            .collect();
        let found = met(&site, &groups, &decisions);
        assert_eq!((found.blocked.join(","), found.mixed.join(",")), ("year_10".to_owned(), "year_7".to_owned()));
        assert_eq!((found.open.join(","), found.not_asked.join(",")), ("year_8".to_owned(), "year_9".to_owned()));
        // Year 6 need not reach it.
        assert_eq!((found.attempts, found.state()), (3, "blocked"));
        assert_eq!(found.closed_for(), "year_10, year_7 (at times)");
        assert_eq!(met(&site, &groups, &Decisions::new()).state(), "not asked for");
    }
}
