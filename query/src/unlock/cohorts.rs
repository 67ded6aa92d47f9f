//! Pupils of a cohort (looked after, child in need, SEND ...) beside the others: for the DSL's key alone.
//!
//! Which pupil is in which cohort stands in the sealed rosters only. Nothing of it is written anywhere: the
//! rosters are opened, counted against the lake's episodes and forgotten.

use std::collections::{BTreeMap, BTreeSet};

use ingest::keys::PrivateKey;
use ingest::school::{AcademicYear, SchoolId};
use ingest::state::State;
use ingest::vault::VaultReader;
use jiff::civil::Date;

use super::{Identified, Question, episodes};
use crate::audit::What;
use crate::disclosure::policy::LEAST_SEVERITY;
use crate::error::{Error, Kind};

/// Words of a roster's cell that say no.
const NO: [&str; 6] = ["no", "n", "false", "0", "none", "-"];

/// One cohort, or those who are in it beside those who are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CohortLine {
    /// Academic year of the roster.
    pub year: AcademicYear,
    /// Column of the roster without `cohort_`, and its value where that is more than yes.
    pub cohort: String,
    /// Pupils in it.
    pub pupils: u64,
    /// Those of them with an episode of severity 2 or more.
    pub with_episode: u64,
    /// Such episodes of theirs.
    pub episodes: u64,
    /// Pupils of the same roster who are not in it.
    pub other_pupils: u64,
    /// Those of them with an episode.
    pub others_with_episode: u64,
    /// Their episodes.
    pub other_episodes: u64,
}

/// Counts pupils and episodes of each cohort of the rosters beside the other pupils, for some days of one
/// academic year.
///
/// # Errors
/// [`Kind::Configuration`] when the days lie in two academic years, no roster of the year was taken in or it has
/// no cohort; else as [`unlock`](super::unlock).
pub async fn cohorts(
    dir: &std::path::Path,
    school: &SchoolId,
    from: Date,
    to: Date,
    reason: &str,
    key: &PrivateKey,
) -> Result<Identified<Vec<CohortLine>>, Error> {
    let question = Question { dir, school, reason, key };
    let root = question.check(from, to)?;
    let year = AcademicYear::of(from);
    if AcademicYear::of(to) != year {
        return Err(Error::new(Kind::Configuration, "the days lie in two academic years")
            .help("ask for each year apart: a pupil has another pseudonym in each"));
    }
    let state = State::open(&root)?;
    let names: Vec<String> =
        state.sealed_rosters()?.into_iter().filter(|name| name.starts_with(&year.to_string())).collect();
    let people = VaultReader::open(&root.vault(), school, key).rosters(&names)?;
    let pupils: BTreeMap<i64, BTreeSet<String>> = people
        .iter()
        .filter(|row| row.role == "pupil")
        .map(|row| (row.person, flags(row.cohorts.as_deref().unwrap_or_default())))
        .collect();
    let cohorts: BTreeSet<&String> = pupils.values().flatten().collect();
    if cohorts.is_empty() {
        return Err(Error::new(Kind::Configuration, format!("no roster of {year} has a cohort"))
            .help("columns of people.csv whose names begin with `cohort_`; `watershed people import` takes it in again"));
    }
    // Records from before the roster have the accounts' tokens.
    let persons: BTreeMap<i64, i64> = state
        .roster()?
        .remove(&year)
        .unwrap_or_default()
        .into_iter()
        .map(|(account, member)| (account, member.person))
        .collect();
    let mut found: BTreeMap<i64, u64> = BTreeMap::new();
    for (actor, episode) in episodes::of_pupils(&root, from, to).await? {
        if episode.severity >= LEAST_SEVERITY && !episode.illegal {
            let person = persons.get(&actor).copied().unwrap_or(actor);
            *found.entry(person).or_default() += 1;
        }
    }
    let lines: Vec<CohortLine> = cohorts
        .into_iter()
        .map(|cohort| {
            let side = |inside: bool| {
                let persons = pupils.iter().filter(|(_, flags)| flags.contains(cohort) == inside);
                persons.fold((0, 0, 0), |(all, with, episodes), (person, _)| {
                    let own = found.get(person).copied().unwrap_or(0);
                    (all + 1, with + u64::from(own > 0), episodes + own)
                })
            };
            let ((pupils, with_episode, episodes), (other_pupils, others_with_episode, other_episodes)) =
                (side(true), side(false));
            CohortLine {
                year,
                cohort: cohort.clone(),
                pupils,
                with_episode,
                episodes,
                other_pupils,
                others_with_episode,
                other_episodes,
            }
        })
        .collect();
    question.record(What::Cohorts, &format!("all pupils from {from} to {to}"), lines.len())?;
    Ok(Identified::opened(lines))
}

/// Cohorts of a roster's row: `cohort_sen=K;cohort_eal=yes` is `sen: k` and `eal`.
fn flags(written: &str) -> BTreeSet<String> {
    written
        .split(';')
        .filter_map(|flag| {
            let (column, value) = flag.split_once('=')?;
            let value = value.trim().to_lowercase();
            let name = column.trim().trim_start_matches("cohort_").to_lowercase();
            match value.as_str() {
                "" => None,
                no if NO.contains(&no) => None,
                "yes" | "y" | "true" | "1" => Some(name),
                other => Some(format!("{name}: {other}")),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::flags;

    #[test]
    fn a_flag_is_a_column_that_does_not_say_no() {
        let found: Vec<_> =
            flags("cohort_sen=K;cohort_eal=Yes;cohort_cla=no;cohort_cin=").into_iter().collect();
        assert_eq!(found, ["eal", "sen: k"]);
    }
}
