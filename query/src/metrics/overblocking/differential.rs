//! Unusual strictness (OB8): blocked here, and open to the same key stage in at least half of the schools of the
//! same phase.
//!
//! Reads the `requests` of every school of the installation for the days asked about, one after the other: of
//! another school nothing is used but whether it lets a key stage reach a site.

use std::collections::{BTreeMap, BTreeSet};

use ingest::schema::{self, REQUESTS};
use ingest::school::{Config, SchoolRoot};

use super::super::{Place, Unseen};
use super::NOT_MEASURABLE;
use super::share::WHOLE_SCHOOL;
use crate::disclosure::table::Cell;
use crate::embargo::Embargoes;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, evidence_of_people, measure};
use crate::plan::{By, Cells, ILLEGAL, Reader, Sum, sum};
use crate::service::School;
use crate::session::{Limits, Session};
use crate::viewer::Viewer;
use crate::wording;

/// Schools of the same phase, this one included, below which nothing is compared.
const LEAST_SCHOOLS: usize = 5;
/// Sites shown.
const SHOWN: usize = 50;

/// A site and a key stage.
type Reached = (String, String);

/// What a school lets which key stage reach: more went through than was blocked.
async fn open_in(place: &Place<'_>, school: &ingest::school::SchoolId, reader: &Reader<'_>) -> Result<BTreeSet<Reached>, Error> {
    let opened = School::open(place.dir, school).await?;
    let root = SchoolRoot::new(place.dir, school);
    let embargoes = Embargoes::of(&root)?;
    let mut session = Session::new(&Limits::default())?;
    let beside = embargoes.reads().iter().copied().filter(|table| table.name != REQUESTS.name);
    let tables: Vec<_> = std::iter::once(&REQUESTS).chain(beside).collect();
    opened.add(&mut session, &tables).await?;
    Viewer::reviewers().restrict(&mut session, &root, &opened.concerns, &embargoes).await?;
    let statement = format!(
        "SELECT site, key_stage, count(*) FILTER (WHERE action = 'allowed') AS open, \
         count(*) FILTER (WHERE action = 'blocked') AS blocked FROM requests \
         WHERE local_date BETWEEN $first AND $last AND school_day AND NOT record_noise AND NOT illegal \
         AND code NOT IN {ILLEGAL} AND site IS NOT NULL AND site NOT LIKE 'host-%' AND key_stage IS NOT NULL \
         GROUP BY site, key_stage"
    );
    let days = [
        ("first", crate::session::Value::Day(reader.window.from)),
        ("last", crate::session::Value::Day(reader.window.to)),
    ];
    let answer = session.query(&statement, &days).await?;
    let open = (0..answer.len()).filter(|row| answer.count(*row, "open") > answer.count(*row, "blocked"));
    Ok(open.filter_map(|row| Some((answer.text(row, "site")?, answer.text(row, "key_stage")?))).collect())
}

/// What at least half of the schools let the key stage reach, and how many do.
fn open_to_half(schools: &[BTreeSet<Reached>]) -> BTreeMap<Reached, usize> {
    let mut counts: BTreeMap<Reached, usize> = BTreeMap::new();
    for reached in schools.iter().flatten() {
        *counts.entry(reached.clone()).or_default() += 1;
    }
    counts.retain(|_, count| *count * 2 >= schools.len());
    counts
}

/// The share, then the sites with most attempts.
pub(super) async fn differential(
    reader: &Reader<'_>,
    place: &Place<'_>,
    unseen: &Unseen,
) -> Result<Figures, Error> {
    const SITE: By = By { id: "site", expression: "site" };
    const STAGE: By = By { id: "key_stage", expression: "key_stage" };
    const SUMS: &[Sum<'_>] = &[sum("attempts", "count(*)")];
    let config = Config::load(place.dir).ok();
    let phase = config.iter().flat_map(|config| &config.schools).find(|school| school.id.as_str() == place.school);
    let phase = phase.map(|school| school.phase);
    let alike: Vec<_> = config
        .iter()
        .flat_map(|config| &config.schools)
        .filter(|school| Some(school.phase) == phase && school.id.as_str() != place.school)
        .collect();
    let enough = alike.len() + 1 >= LEAST_SCHOOLS && !unseen.shows_no_decision();
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut notes = vec![
        "Another school may be too lax as well as this one too strict: a reason to look. Open there: more requests of the \
         key stage went through than were blocked in these days."
            .to_owned(),
    ];
    let mut reading = if unseen.shows_no_decision() {
        NOT_MEASURABLE.to_owned()
    } else {
        format!(
            "Not measurable: it takes {LEAST_SCHOOLS} schools of the same phase in this installation, and there {} {}.",
            if alike.is_empty() { "is" } else { "are" },
            alike.len() + 1
        )
    };
    if enough {
        let mut schools = Vec::new();
        for school in &alike {
            schools.push(open_in(place, &school.id, reader).await?);
        }
        let half = open_to_half(&schools);
        let only = "site IS NOT NULL AND key_stage IS NOT NULL AND search_token IS NULL";
        let whole = Cells { table: &schema::ATTEMPTS, only, by: &[], sums: SUMS, weight: "attempts" };
        let whole = reader.cells(&whole).await?;
        let by = [SITE, STAGE];
        let cells = Cells { table: &schema::ATTEMPTS, only, by: &by, sums: SUMS, weight: "attempts" };
        let answer = reader.cells(&cells).await?;
        let mut strict = Vec::new();
        for row in 0..answer.len() {
            let word = |id| answer.text(row, id).unwrap_or_default();
            let reached = (word("site"), word("key_stage"));
            if let Some(schools) = half.get(&reached) {
                strict.push((answer.count(row, "attempts"), reached, *schools, row));
            }
        }
        strict.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        let (part, all) = (strict.iter().map(|(attempts, ..)| attempts).sum::<i64>(), whole.count(0, "attempts"));
        reading = if all == 0 {
            "No attempt was blocked in these days.".to_owned()
        } else {
            format!(
                "{} of {} blocked attempts ({}) were on sites that at least half of {} other schools let the same key stage \
                 reach.",
                wording::whole(part),
                wording::whole(all),
                wording::percent(part as f64 / all as f64),
                alike.len()
            )
        };
        rows.push(vec![
            WHOLE_SCHOOL.into(),
            "all".into(),
            Cell::Missing,
            (alike.len() as i64).into(),
            part.into(),
            (all > 0).then(|| part as f64 / all as f64).into(),
            whole.integer(0, "distinct_people").into(),
            whole.real(0, "largest_share").into(),
        ]);
        if strict.len() > SHOWN {
            notes.push(format!("{SHOWN} of {} sites are shown.", strict.len()));
        }
        for (attempts, (site, stage), schools, row) in strict.into_iter().take(SHOWN) {
            rows.push(vec![
                site.into(),
                stage.into(),
                (schools as i64).into(),
                (alike.len() as i64).into(),
                attempts.into(),
                (all > 0).then(|| attempts as f64 / all as f64).into(),
                answer.integer(row, "distinct_people").into(),
                answer.real(row, "largest_share").into(),
            ]);
        }
    }
    let mut columns = vec![
        dimension("site", "Site"),
        dimension("key_stage", "Key stage"),
        measure("schools_open", "Open in", "other schools of the phase that let the key stage reach it"),
        measure("schools", "Schools", "other schools of the phase"),
        measure("attempts", "Attempts", "blocked attempts here by everybody but staff"),
        measure("share", "Share", "share of the blocked attempts of a known site and key stage"),
    ];
    columns.extend(evidence_of_people("attempts"));
    Ok(Figures {
        schema: "watershed.overblocking.differential/1",
        title: "Blocked here, open in most schools like this one (OB8)".to_owned(),
        unit: "blocked attempts",
        denominator: "blocked attempts on a known site by a known key stage",
        interval: "",
        about: About::People,
        columns,
        rows,
        notes,
        reading,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_schools_is_enough_and_less_is_not() {
        let reached = |site: &str| (site.to_owned(), "KS3".to_owned());
        let schools = [
            BTreeSet::from([reached("a.org"), reached("b.org")]),
            BTreeSet::from([reached("a.org")]),
            BTreeSet::new(),
            BTreeSet::from([reached("c.org")]),
        ];
        let half = open_to_half(&schools);
        assert_eq!(half.into_iter().collect::<Vec<_>>(), [(reached("a.org"), 2)]);
    }
}
