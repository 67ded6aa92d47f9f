//! Over-blocking, quick proxy: blocked attempts on learning categories, and the sites to look at first.

use std::collections::BTreeMap;

use ingest::schema::{self, TableSchema};

use super::{Place, Unseen, table_of};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, ends, evidence_of_people, measure};
use crate::plan::{By, Cells, GROUP, Reader, Sum, sum};
use crate::statistics::{Cluster, clustered_wilson};
use crate::wording;

/// The share (OB5), and the sites to review first.
pub(super) const TABLES: &[&str] = &["share", "sites"];
/// What it reads.
pub(super) const READS: &[&TableSchema] = &[&schema::ATTEMPTS, &schema::ACTIVITY, &schema::IMPORTS];

/// Sites shown.
const SITES: usize = 50;
/// Attempts in a bell-time period that is not a break or lunch by its name.
const IN_LESSONS: &str = "count(*) FILTER (WHERE lesson_period IS NOT NULL \
    AND lower(lesson_period) NOT LIKE '%break%' AND lower(lesson_period) NOT LIKE '%lunch%')";
/// A row for the school as a whole.
const WHOLE_SCHOOL: &str = "whole school";
const NOT_MEASURABLE: &str = "Not measurable: this export shows no decision.";

/// Computes it.
pub(super) async fn figures(
    reader: &Reader<'_>,
    _place: &Place<'_>,
    unseen: &Unseen,
) -> Result<Figures, Error> {
    match table_of(TABLES, reader.ask.table.as_deref())? {
        "sites" => sites(reader, unseen).await,
        _ => share(reader, unseen).await,
    }
}

async fn share(reader: &Reader<'_>, unseen: &Unseen) -> Result<Figures, Error> {
    const SUMS: &[Sum] = &[sum("attempts_learning", "count(*) FILTER (WHERE learning)"), sum("attempts", "count(*)")];
    let unit = "share of blocked attempts";
    let mut columns = vec![
        dimension("group_id", "Group"),
        measure("attempts_learning", "On learning", "blocked attempts with a category for learning"),
        measure("attempts", "Attempts", "blocked attempts by everybody but staff"),
        measure("learning_share", "Share", unit),
    ];
    columns.extend(ends("learning_share_lower", "learning_share_upper", unit));
    columns.extend(evidence_of_people("attempts"));
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut reading = NOT_MEASURABLE.to_owned();
    if !unseen.shows_no_decision() {
        reading = "No attempt was blocked in these days.".to_owned();
        for by in [&[][..], &[GROUP][..]] {
            let cells = Cells { table: &schema::ATTEMPTS, only: "", by, sums: SUMS, weight: "attempts" };
            let answer = reader.cells(&cells).await?;
            let mut clusters = clusters(reader, by).await?;
            for row in 0..answer.len() {
                let group = answer.text(row, "group_id").unwrap_or_else(|| WHOLE_SCHOOL.to_owned());
                let attempts = answer.count(row, "attempts");
                let found = clustered_wilson(&clusters.remove(&group).unwrap_or_default());
                if let Some(found) = found.filter(|_| by.is_empty()) {
                    reading = format!(
                        "{} of {} blocked attempts were on sites with a category for learning: {} ({} to {}). \
                         This is a proxy for where to look, not the rate of wrong blocks.",
                        wording::whole(answer.count(row, "attempts_learning")),
                        wording::whole(attempts),
                        wording::percent(found.share),
                        wording::percent(found.interval.lower),
                        wording::percent(found.interval.upper)
                    );
                    if answer.real(row, "largest_share").is_some_and(|share| share > 0.5) && attempts >= 3 {
                        reading.push_str(" One actor makes most of the attempts.");
                    }
                }
                rows.push(vec![
                    group.into(),
                    answer.count(row, "attempts_learning").into(),
                    attempts.into(),
                    found.map(|found| found.share).into(),
                    found.map(|found| found.interval.lower).into(),
                    found.map(|found| found.interval.upper).into(),
                    answer.integer(row, "distinct_people").into(),
                    answer.real(row, "largest_share").into(),
                ]);
            }
        }
        if let Some(groups) = rows.get_mut(1..) {
            groups.sort_by_cached_key(|row| row[0].text().map(wording::natural));
        }
    }
    Ok(Figures {
        schema: "watershed.overblocking.share/1",
        title: "Over-blocking, quick proxy: blocked attempts on learning categories (OB5)".to_owned(),
        unit: "blocked attempts",
        denominator: "all blocked attempts by everybody but staff",
        interval: "95 %, Wilson with the effective size by leaving out one actor at a time (jackknife); population: \
            attempts of actors like those who were blocked",
        about: About::People,
        columns,
        rows,
        notes: notes(unseen),
        reading,
    })
}

/// Per group (or the whole school), each actor's attempts on learning of all their attempts.
async fn clusters(reader: &Reader<'_>, by: &[By]) -> Result<BTreeMap<String, Vec<Cluster>>, Error> {
    let part = "count(*) FILTER (WHERE learning)";
    let answer = reader.actors(&schema::ATTEMPTS, "", by, part, "count(*)").await?;
    let mut clusters: BTreeMap<String, Vec<Cluster>> = BTreeMap::new();
    for row in 0..answer.len() {
        let group = answer.text(row, "group_id").unwrap_or_else(|| WHOLE_SCHOOL.to_owned());
        let cluster =
            Cluster { part: answer.count(row, "part") as f64, whole: answer.count(row, "whole") as f64 };
        clusters.entry(group).or_default().push(cluster);
    }
    Ok(clusters)
}

/// What the ranking knows of a site.
#[derive(Debug)]
struct Blocked {
    attempts: i64,
    in_lessons: i64,
    learning: i64,
    people: i64,
    severity: i64,
    largest_share: f64,
}

impl Blocked {
    /// 0 to 100: up to 40 for a category for learning (by its share of the attempts), 30 for ten or
    /// more different people (3 for each; half of it when one actor makes most attempts), 20 for
    /// attempts in lessons (by their share), 10 for severity 0 or 1, less 20 from severity 3 on.
    fn score(&self) -> i64 {
        let share = |part: i64| part as f64 / self.attempts.max(1) as f64;
        let people = 3.0 * self.people.min(10) as f64;
        let spread = if self.largest_share > 0.5 && self.attempts >= 3 { people / 2.0 } else { people };
        let severity = match self.severity {
            ..=1 => 10.0,
            2 => 0.0,
            _ => -20.0,
        };
        let points = 40.0 * share(self.learning) + spread + 20.0 * share(self.in_lessons) + severity;
        points.round().clamp(0.0, 100.0) as i64
    }
}

async fn sites(reader: &Reader<'_>, unseen: &Unseen) -> Result<Figures, Error> {
    const SITE: By = By { id: "site", expression: "site" };
    const CODE: By = By { id: "code", expression: "code" };
    const SUMS: &[Sum] = &[
        sum("attempts", "count(*)"),
        sum("learning", "count(*) FILTER (WHERE learning)"),
        sum("in_lessons", IN_LESSONS),
        Sum { id: "severity", of_actor: "max(severity)", over: "max" },
    ];
    let mut ranked: Vec<(i64, Blocked, String, String)> = Vec::new();
    if !unseen.shows_no_decision() {
        let by = [SITE, CODE];
        let cells =
            Cells { table: &schema::ATTEMPTS, only: "site IS NOT NULL", by: &by, sums: SUMS, weight: "attempts" };
        let answer = reader.cells(&cells).await?;
        for row in 0..answer.len() {
            let blocked = Blocked {
                attempts: answer.count(row, "attempts"),
                in_lessons: answer.count(row, "in_lessons"),
                learning: answer.count(row, "learning"),
                people: answer.count(row, "distinct_people"),
                severity: answer.count(row, "severity"),
                largest_share: answer.real(row, "largest_share").unwrap_or(0.0),
            };
            let word = |id| answer.text(row, id).unwrap_or_default();
            ranked.push((blocked.score(), blocked, word("site"), word("code")));
        }
    }
    ranked.sort_by(|one, other| {
        (other.0, other.1.people, other.1.attempts).cmp(&(one.0, one.1.people, one.1.attempts)).then(one.2.cmp(&other.2))
    });
    let all = ranked.len();
    ranked.truncate(SITES);
    let mut notes = notes(unseen);
    notes.insert(
        1,
        "Score 0-100: up to 40 for a category for learning, 30 for ten or more different people (half if one actor \
         makes most), 20 for attempts in lessons, 10 for severity 0 or 1; less 20 from severity 3. It orders the \
         list; it is no probability."
            .to_owned(),
    );
    if all > SITES {
        notes.insert(2, format!("{SITES} of {} sites are shown.", wording::whole(all as i64)));
    }
    let reading = match ranked.first() {
        _ if unseen.shows_no_decision() => NOT_MEASURABLE.to_owned(),
        None => "No site was blocked in these days.".to_owned(),
        Some((score, first, site, code)) => format!(
            "Look first at {site} ({code}, score {score}): blocked in {} by {}, {} of them in lessons. Whether a block was \
             wrong is for a person to say.",
            wording::counted(first.attempts, "attempt", "attempts"),
            wording::counted(first.people, "known person", "different people"),
            wording::whole(first.in_lessons)
        ),
    };
    let mut columns = vec![
        dimension("site", "Site"),
        dimension("code", "Category"),
        measure("score", "Score", "0-100, order of review"),
        measure("attempts", "Attempts", "blocked attempts by everybody but staff"),
        measure("attempts_learning", "On learning", "of them with a category for learning"),
        measure("attempts_in_lessons", "In lessons", "of them in a lesson, breaks and lunch excepted"),
        measure("severity", "Severity", "0 to 5"),
    ];
    columns.extend(evidence_of_people("attempts"));
    let rows = ranked.into_iter().map(|(score, blocked, site, code)| {
        vec![
            site.into(),
            code.into(),
            score.into(),
            blocked.attempts.into(),
            blocked.learning.into(),
            blocked.in_lessons.into(),
            blocked.severity.into(),
            blocked.people.into(),
            blocked.largest_share.into(),
        ]
    });
    Ok(Figures {
        schema: "watershed.overblocking.sites/1",
        title: "Blocked sites to review first (staff only)".to_owned(),
        unit: "blocked attempts",
        denominator: "",
        interval: "",
        about: About::People,
        columns,
        rows: rows.collect(),
        notes,
        reading,
    })
}

fn notes(unseen: &Unseen) -> Vec<String> {
    let mut notes = vec![
        "A learning category on a blocked site is a reason to look, not proof of a wrong block; wrong blocks without \
         such a category are not seen here."
            .to_owned(),
    ];
    if unseen.shows_no_decision() {
        notes.push(format!(
            "{NOT_MEASURABLE} Ask the filter's provider for an export with the action, or answer its profile with `formats set`."
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::Blocked;

    #[test]
    fn the_score_by_hand() {
        let wide = Blocked { attempts: 20, in_lessons: 10, learning: 20, people: 12, severity: 0, largest_share: 0.1 };
        assert_eq!(wide.score(), 40 + 30 + 10 + 10);
        let one_pupil = Blocked { people: 1, largest_share: 1.0, ..wide };
        // 3 points for one person, halved.
        assert_eq!(one_pupil.score(), 62);
        let grave = Blocked { attempts: 4, in_lessons: 0, learning: 0, people: 2, severity: 3, largest_share: 0.5 };
        assert_eq!(grave.score(), 0);
    }
}
