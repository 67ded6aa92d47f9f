//! The attempts that a sample can be drawn from.

use std::collections::{BTreeMap, BTreeSet};

use ingest::schema::{ATTEMPTS, IMPORTS};
use ingest::school::SchoolRoot;
use jiff::civil::Date;

use super::draw::{Candidate, token};
use crate::embargo::Embargoes;
use crate::error::Error;
use crate::plan::ILLEGAL;
use crate::service::School;
use crate::session::{Limits, Session, Value};
use crate::viewer::Viewer;

/// A candidate with what finds its address in the vault.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) candidate: Candidate,
    pub(crate) day: Date,
    /// First record; microseconds since the epoch, UTC.
    pub(crate) start_us: i64,
    /// Site as the lake has it.
    pub(crate) site: Option<String>,
    /// Words that were searched for were blocked, not the site.
    pub(crate) searched: bool,
    /// By a visitor, who is no pupil and in no figure of a set.
    pub(crate) visitor: bool,
}

/// Attempts of a term of a big school; more are refused, not cut.
pub(crate) const MOST: usize = 6_000_000;

/// Blocked attempts of school days by everybody but staff that reviewers may see: nothing of severity 5, nothing on
/// an illegal list, nothing that is marked live, nothing of the head's.
pub(crate) async fn attempts(school: &School, from: Date, to: Date) -> Result<Vec<Found>, Error> {
    let embargoes = Embargoes::of(&SchoolRoot::new(&school.dir, &school.id))?;
    without(school, (from, to), &embargoes).await
}

/// How many attempts of some days could not be drawn at a moment because a matter was marked live then that is live
/// still.
pub(crate) async fn left_out_at(
    school: &School,
    days: (Date, Date),
    moment: jiff::Timestamp,
) -> Result<u64, Error> {
    let embargoes = Embargoes::of(&SchoolRoot::new(&school.dir, &school.id))?.made_before(moment);
    if embargoes.is_empty() {
        return Ok(0);
    }
    let all = without(school, days, &Embargoes::default()).await?.len();
    Ok((all - without(school, days, &embargoes).await?.len().min(all)) as u64)
}

async fn without(
    school: &School,
    (from, to): (Date, Date),
    embargoes: &Embargoes,
) -> Result<Vec<Found>, Error> {
    let root = SchoolRoot::new(&school.dir, &school.id);
    let mut session = Session::new(&Limits { rows: MOST, ..school.limits })?;
    let beside = embargoes
        .reads()
        .iter()
        .copied()
        .filter(|table| ![ATTEMPTS.name, IMPORTS.name].contains(&table.name));
    let tables: Vec<_> = [&ATTEMPTS, &IMPORTS].into_iter().chain(beside).collect();
    school.add(&mut session, &tables).await?;
    Viewer::reviewers().restrict(&mut session, &root, &school.concerns, embargoes).await?;
    of_session(&session, from, to).await
}

/// Tokens of all attempts of school days that the lake has by now, whoever may see them, and how many of these could
/// be drawn if nothing were marked live.
pub(crate) async fn known(school: &School, from: Date, to: Date) -> Result<(BTreeSet<i64>, u64), Error> {
    let mut session = Session::new(&Limits { rows: MOST, ..school.limits })?;
    school.add(&mut session, &[&ATTEMPTS, &IMPORTS]).await?;
    let found = of_table(&session, (from, to), "").await?;
    let drawable = of_session(&session, from, to).await?.len() as u64;
    Ok((found.into_iter().map(|found| found.candidate.token).collect(), drawable))
}

/// The same as [`attempts`] from a session that has the table.
pub(crate) async fn of_session(session: &Session, from: Date, to: Date) -> Result<Vec<Found>, Error> {
    let only = format!(
        " AND NOT illegal AND severity < 5 AND code NOT IN {ILLEGAL} \
         AND (theme IS NULL OR theme NOT IN {ILLEGAL})"
    );
    of_table(session, (from, to), &only).await
}

async fn of_table(session: &Session, (from, to): (Date, Date), only: &str) -> Result<Vec<Found>, Error> {
    let statement = format!(
        "SELECT local_date, CAST(start_utc AS BIGINT) AS start_us, actor, group_id, code, site, search_token, \
         actor_kind = 'person' AND role = 'pupil' AS pupil, coalesce(role, '') = 'guest' AS visitor FROM attempts \
         WHERE local_date BETWEEN $first AND $last AND school_day{only}"
    );
    let answer = session.query(&statement, &[("first", Value::Day(from)), ("last", Value::Day(to))]).await?;
    let mut seen: BTreeMap<i64, u64> = BTreeMap::new();
    let mut found: Vec<Found> = (0..answer.len())
        .filter_map(|row| {
            let site = answer.text(row, "site");
            let words = answer.integer(row, "search_token");
            let target = match (words, &site) {
                (Some(words), _) => token(&[b"words", &words.to_be_bytes()]),
                (None, site) => token(&[b"site", site.as_deref().unwrap_or_default().as_bytes()]),
            };
            let code = answer.text(row, "code")?;
            let start_us = answer.integer(row, "start_us")?;
            let actor = answer.integer(row, "actor");
            let who = actor.map_or_else(Vec::new, |actor| actor.to_be_bytes().to_vec());
            // Not of the category: one that reviewers found wrong is corrected, and the attempt is the same.
            let token = token(&[b"attempt", &who, &target.to_be_bytes(), &start_us.to_be_bytes()]);
            let candidate = Candidate {
                token,
                group: answer.text(row, "group_id")?,
                code,
                target,
                actor,
                pupil: answer.yes(row, "pupil"),
            };
            let day = answer.day(row, "local_date")?;
            let (searched, visitor) = (words.is_some(), answer.yes(row, "visitor"));
            Some(Found { candidate, day, start_us, site, searched, visitor })
        })
        .collect();
    // Two attempts that are alike in all of it (nobody is named in either) are told apart by a number.
    found.sort_by(|one, other| {
        let key = |found: &'_ Found| {
            let Candidate { token, group, code, .. } = &found.candidate;
            (*token, found.day, group.clone(), code.clone())
        };
        key(one).cmp(&key(other))
    });
    for known in &mut found {
        let times = seen.entry(known.candidate.token).or_default();
        *times += 1;
        if *times > 1 {
            known.candidate.token = token(&[&known.candidate.token.to_be_bytes(), &times.to_be_bytes()]);
        }
    }
    Ok(found)
}
