//! The audited share as a sealed set may have it (release policy, rules 4 and 25).

use std::collections::{BTreeMap, BTreeSet};

use ingest::school::SchoolRoot;
use jiff::ToSpan;
use jiff::civil::Date;

use super::draw::{Design, Drawn};
use super::estimate::{AuditedShare, Verdict, judged, reportable_share};
use super::frame;
use super::store::{Labelled, Reviews};
use crate::error::Error;
use crate::service::School;

/// Per cent of the period's attempts that the samples must have been drawn from: a figure of a term that was drawn from
/// one week of it is no figure of the term.
const LEAST_DRAWN_FROM_PERCENT: u64 = 90;

/// Per cent of the drawn attempts that the lake may not know any more, by erasures and corrections of whose they are.
const MOST_LOST_PERCENT: u64 = 5;

/// The share of a period by its samples, where they rest on enough reviewed attempts which may be reported; none where
/// they do not.
///
/// Samples of different days of the period, reviewed to the end, are strata of one: addresses are kept for a shorter
/// time than a long term lasts, so that nobody could review the whole of it at its end. Of two that have days in common
/// the one that was drawn from more attempts counts, then the newer: which it is says nothing of what was found. What
/// may be drawn is settled on the day of the draw. A matter that was marked live since, a code that the school never
/// reports and what was erased are taken out now; visitors are in no figure of a set. `pupil` names the person behind
/// an account, if a pupil.
pub(crate) async fn audited_share(
    school: &School,
    (from, to): (Date, Date),
    never: &BTreeSet<String>,
    pupil: &(dyn Fn(i64) -> Option<i64> + Sync),
) -> Result<Option<AuditedShare>, Error> {
    let root = SchoolRoot::new(&school.dir, &school.id);
    if !root.state().exists() {
        return Ok(None);
    }
    let school_day = |day: Date| school.calendar.is_school_day(day);
    let samples = Reviews::of(&root)?.all()?;
    let Combined { design, mut verdicts, draws } =
        combined(&samples, &|sample| lies_within(sample, (from, to), &school_day));
    if verdicts.is_empty() {
        return Ok(None);
    }
    let (first, last) = (design.from.min(from), design.to.max(to));
    let (known, attempts) = frame::known(school, first, last).await?;
    let lost = verdicts.iter().filter(|(drawn, _)| !known.contains(&drawn.token)).count() as u64;
    drop(known);
    // What was marked live on the day of a draw and is so still could not be drawn, and must not be what decides.
    let mut live = 0;
    for (days, moment) in draws {
        live += frame::left_out_at(school, days, moment).await?;
    }
    let drawn_from = (design.attempts() + live) * 100 >= attempts * LEAST_DRAWN_FROM_PERCENT;
    let found = frame::attempts(school, from, to).await?;
    if !drawn_from || lost * 100 > verdicts.len() as u64 * MOST_LOST_PERCENT {
        return Ok(None);
    }
    // Actors are numbered within a sample, and one who is in two of them is one.
    let actors: BTreeMap<i64, i64> =
        found.iter().filter_map(|found| Some((found.candidate.token, found.candidate.actor?))).collect();
    let first_of: BTreeMap<i64, u64> = verdicts
        .iter()
        .rev()
        .filter_map(|(drawn, _)| Some((*actors.get(&drawn.token)?, drawn.actor)))
        .collect();
    for (drawn, _) in &mut verdicts {
        let same = actors.get(&drawn.token).and_then(|actor| first_of.get(actor));
        drawn.actor = same.copied().unwrap_or(drawn.actor);
    }
    let reportable: BTreeMap<i64, Option<i64>> = found
        .into_iter()
        .filter(|found| !found.visitor && !never.contains(&found.candidate.code))
        .map(|found| found.candidate)
        .map(|candidate| (candidate.token, candidate.actor.filter(|_| candidate.pupil).and_then(pupil)))
        .collect();
    Ok(reportable_share(&design, &verdicts, &reportable).filter(AuditedShare::carries_a_set))
}

/// Whether no school day of a sample lies outside of a period.
fn lies_within(design: &Design, (from, to): (Date, Date), school_day: &dyn Fn(Date) -> bool) -> bool {
    let days = |first: Date, last: Date| {
        std::iter::successors(Some(first), |day| day.checked_add(1.day()).ok())
            .take_while(move |day| *day <= last)
    };
    let outside = days(design.from, design.to).filter(|day| !(from..=to).contains(day));
    design.from <= to && design.to >= from && !outside.into_iter().any(school_day)
}

/// Samples as one.
struct Combined {
    design: Design,
    verdicts: Vec<(Drawn, Verdict)>,
    /// Days of each, and when it was drawn.
    draws: Vec<((Date, Date), jiff::Timestamp)>,
}

/// Samples that were reviewed to the end and have no day in common, as one: its strata are theirs.
fn combined(samples: &[Labelled], fits: &dyn Fn(&Design) -> bool) -> Combined {
    let mut taken: Vec<&Labelled> = Vec::new();
    let mut by_size: Vec<&Labelled> = samples.iter().rev().collect();
    by_size.sort_by_key(|sample| std::cmp::Reverse(sample.design.attempts()));
    for sample in by_size {
        let whole = sample.shares.first().is_some_and(AuditedShare::is_whole);
        let apart =
            |other: &&Labelled| sample.design.to < other.design.from || sample.design.from > other.design.to;
        if whole && fits(&sample.design) && taken.iter().all(apart) {
            taken.push(sample);
        }
    }
    taken.sort_by_key(|sample| sample.design.from);
    let draws = taken
        .iter()
        .map(|sample| {
            let moment = sample.made_utc.parse().unwrap_or(jiff::Timestamp::MAX);
            ((sample.design.from, sample.design.to), moment)
        })
        .collect();
    let mut verdicts = Vec::new();
    let mut design: Option<Design> = None;
    let (mut positions, mut actors) = (0, 0);
    for sample in taken {
        let all = design.get_or_insert_with(|| Design {
            strata: Vec::new(),
            drawn: Vec::new(),
            ..sample.design.clone()
        });
        let strata = all.strata.len();
        all.to = sample.design.to;
        all.strata.extend(sample.design.strata.iter().cloned());
        for (drawn, verdict) in judged(&sample.design, &sample.opinions) {
            let drawn = Drawn {
                position: drawn.position + positions,
                stratum: drawn.stratum + strata,
                actor: drawn.actor + actors,
                ..*drawn
            };
            all.drawn.push(drawn);
            verdicts.push((drawn, verdict));
        }
        positions = verdicts.iter().map(|(drawn, _)| drawn.position).max().unwrap_or(0);
        actors = verdicts.iter().map(|(drawn, _)| drawn.actor).max().unwrap_or(0);
    }
    let nothing = || Design {
        from: Date::MAX,
        to: Date::MIN,
        by: super::By::Group,
        seed: String::new(),
        wanted: 0,
        frame: String::new(),
        strata: Vec::new(),
        drawn: Vec::new(),
    };
    Combined { design: design.unwrap_or_else(nothing), verdicts, draws }
}
