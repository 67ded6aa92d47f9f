//! From labels to the audited share (OB1): verdicts, agreement, and the design-based estimate with its bounds.

use std::collections::{BTreeMap, BTreeSet};

use super::Label;
use super::draw::{Design, Drawn, LEAST_OF_PART};
use crate::statistics::{Interval, Kappa, Sampled, cohen_kappa, stratified_ratio};
use crate::wording::natural;

/// Reviewed attempts below which the share goes to nobody but staff (rule 25).
pub const LEAST_ATTEMPTS: u64 = 100;
/// Different pupils below which it does not (rule 25).
pub const LEAST_PUPILS: u64 = 30;

/// One label as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Place of the attempt in the list.
    pub(crate) position: u64,
    /// Who says so: a code, not a name.
    pub(crate) reviewer: String,
    /// What.
    pub(crate) label: Label,
    /// What both agreed on after they had talked.
    pub(crate) settles: bool,
}

/// What is known of a drawn attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Wrong,
    /// Nobody's act: outside of what is estimated.
    Outside,
    /// Cannot be told, or the reviewers differ and have not settled it.
    Open,
    /// Fewer than two reviewers have labelled it.
    Waiting,
}

impl Verdict {
    const fn of(label: Label) -> Self {
        match label {
            Label::Correct => Self::Right,
            Label::WrongCategory | Label::ShouldBeOpen => Self::Wrong,
            Label::SubRequest => Self::Outside,
            Label::CannotTell => Self::Open,
        }
    }
}

/// How many drawn attempts there are of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Rightly blocked.
    pub right: u64,
    /// Wrong category, or should be open to the group.
    pub wrong: u64,
    /// Parts of pages: nobody's act.
    pub outside: u64,
    /// Cannot be told, or not settled.
    pub open: u64,
    /// Not yet labelled by two.
    pub waiting: u64,
}

/// The audited share of wrong blocks among some attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditedShare {
    /// Group or category; empty for all attempts.
    pub part: String,
    /// Attempts that the figure speaks for.
    pub attempts: u64,
    /// Share of wrong blocks among those of which the reviewers could tell; none where they could of none.
    pub share: Option<f64>,
    /// Share if none of those that nobody could tell was wrong.
    pub least: f64,
    /// Share if all of them were.
    pub most: f64,
    /// From the lower end of the one to the upper end of the other, 95 % each.
    pub interval: Interval,
    /// Reviewed attempts behind it.
    pub reviewed: u64,
    /// Different known pupils behind those.
    pub pupils: u64,
    /// Different actors behind those.
    pub actors: u64,
    /// Largest share of the reviewed attempts of one actor.
    pub largest_share: f64,
    /// Share of the attempts that lie in strata of which something was reviewed.
    pub covered: f64,
    /// Verdicts behind it.
    pub verdicts: Verdicts,
}

impl AuditedShare {
    /// The share and its ends as whole per cents, the ends outwards; none where there is no share.
    #[must_use]
    pub fn percents(&self) -> Option<[u8; 3]> {
        let share = self.share?;
        Some([
            (share * 100.0).round() as u8,
            (self.interval.lower * 100.0).floor() as u8,
            (self.interval.upper * 100.0).ceil().min(100.0) as u8,
        ])
    }

    /// Whether everything that was drawn was reviewed, and of every stratum something.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.verdicts.waiting == 0 && self.covered >= 1.0 - 1e-9
    }

    /// Whether it rests on what rule 25 demands before it may stand in a set: 100 attempts by 30 pupils, nothing
    /// waiting, and every stratum seen.
    #[must_use]
    pub fn carries_a_set(&self) -> bool {
        self.reviewed >= LEAST_ATTEMPTS
            && self.pupils >= LEAST_PUPILS
            && self.is_whole()
            && self.share.is_some()
    }
}

/// The newest label of each reviewer by position, and what was settled.
#[derive(Debug, Default)]
pub(crate) struct Opinions {
    by_position: BTreeMap<u64, Vec<(String, Label)>>,
    settled: BTreeMap<u64, Label>,
}

impl Opinions {
    /// From the labels in the order in which they were recorded.
    pub(crate) fn of(recorded: &[Recorded]) -> Self {
        let mut opinions = Self::default();
        for known in recorded {
            if known.settles {
                opinions.settled.insert(known.position, known.label);
                continue;
            }
            let here = opinions.by_position.entry(known.position).or_default();
            match here.iter_mut().find(|(reviewer, _)| *reviewer == known.reviewer) {
                Some((_, label)) => *label = known.label,
                None => here.push((known.reviewer.clone(), known.label)),
            }
        }
        opinions
    }

    /// What follows for an attempt: what was settled; else what the first two reviewers both say, where "wrong
    /// category" and "should be open" are both wrong blocks.
    pub(crate) fn verdict(&self, position: u64) -> Verdict {
        if let Some(label) = self.settled.get(&position) {
            return Verdict::of(*label);
        }
        match self.by_position.get(&position).map(Vec::as_slice) {
            Some([(_, one), (_, other), ..]) if Verdict::of(*one) == Verdict::of(*other) => Verdict::of(*one),
            Some([_, _, ..]) => Verdict::Open,
            _ => Verdict::Waiting,
        }
    }

    /// Positions on which the first two reviewers differ, with their labels, and whether it was settled.
    pub(crate) fn differing(&self) -> Vec<(u64, Label, Label, Option<Label>)> {
        let two = self.by_position.iter().filter_map(|(position, labels)| match labels.as_slice() {
            [(_, one), (_, other), ..] if one != other => {
                Some((*position, *one, *other, self.settled.get(position).copied()))
            }
            _ => None,
        });
        two.collect()
    }

    /// The reviewers, in order of their codes.
    pub(crate) fn reviewers(&self) -> BTreeSet<&str> {
        self.by_position.values().flatten().map(|(reviewer, _)| reviewer.as_str()).collect()
    }

    /// Agreement of the two reviewers who labelled most attempts together, before anything was settled.
    pub(crate) fn kappa(&self) -> Option<([String; 2], Kappa)> {
        let mut together: BTreeMap<[&str; 2], u64> = BTreeMap::new();
        for labels in self.by_position.values() {
            for (at, (one, _)) in labels.iter().enumerate() {
                for (other, _) in labels.iter().skip(at + 1) {
                    let mut pair = [one.as_str(), other.as_str()];
                    pair.sort_unstable();
                    *together.entry(pair).or_default() += 1;
                }
            }
        }
        let (pair, _) =
            together.into_iter().max_by_key(|(pair, cases)| (*cases, std::cmp::Reverse(*pair)))?;
        let mut table = vec![vec![0_u64; Label::ALL.len()]; Label::ALL.len()];
        for labels in self.by_position.values() {
            let of = |reviewer: &str| {
                let (_, label) = labels.iter().find(|(known, _)| known == reviewer)?;
                Label::ALL.iter().position(|known| known == label)
            };
            if let (Some(row), Some(column)) = (of(pair[0]), of(pair[1])) {
                table[row][column] += 1;
            }
        }
        Some((pair.map(str::to_owned), cohen_kappa(&table)?))
    }
}

/// The audited share of all attempts, and of every part of which 20 were reviewed, in order. Empty where nothing
/// was reviewed by two.
pub(crate) fn audited(design: &Design, opinions: &Opinions) -> Vec<AuditedShare> {
    let all = share_of(design, &judged(design, opinions), "", &|_| true);
    let parts: BTreeSet<&str> = design.strata.iter().map(|stratum| stratum.part(design.by)).collect();
    let mut parts: Vec<&str> = parts.into_iter().collect();
    parts.sort_by_cached_key(|part| natural(part));
    let of_parts = parts.into_iter().filter_map(|part| {
        let inside = |index: usize| design.strata[index].part(design.by) == part;
        share_of(design, &judged(design, opinions), part, &inside)
            .filter(|share| share.reviewed >= LEAST_OF_PART)
    });
    let Some(all) = all else { return Vec::new() };
    std::iter::once(all).chain(of_parts).collect()
}

/// The audited share of what may stand in a set. `reportable` has the attempts that may by their tokens, with the
/// pupil behind each where one is known. Whatever else was drawn lies outside of what is estimated, as a page part
/// does. Only what pupils did counts for the 100 attempts by 30 pupils.
pub(crate) fn reportable_share(
    design: &Design,
    verdicts: &[(Drawn, Verdict)],
    reportable: &BTreeMap<i64, Option<i64>>,
) -> Option<AuditedShare> {
    let may = |drawn: &Drawn| reportable.contains_key(&drawn.token);
    let judged: Vec<(&Drawn, Verdict)> = verdicts
        .iter()
        .map(|(drawn, verdict)| (drawn, if may(drawn) { *verdict } else { Verdict::Outside }))
        .collect();
    let told = judged.iter().filter(|(_, verdict)| !matches!(verdict, Verdict::Outside | Verdict::Waiting));
    let by_pupils: Vec<i64> =
        told.filter_map(|(drawn, _)| reportable.get(&drawn.token).copied().flatten()).collect();
    let pupils: BTreeSet<i64> = by_pupils.iter().copied().collect();
    let share = share_of(design, &judged, "", &|_| true)?;
    Some(AuditedShare { reviewed: by_pupils.len() as u64, pupils: pupils.len() as u64, ..share })
}

/// The drawn attempts with their verdicts.
pub(super) fn judged<'d>(design: &'d Design, opinions: &Opinions) -> Vec<(&'d Drawn, Verdict)> {
    design.drawn.iter().map(|drawn| (drawn, opinions.verdict(drawn.position))).collect()
}

fn share_of(
    design: &Design,
    judged: &[(&Drawn, Verdict)],
    part: &str,
    inside: &dyn Fn(usize) -> bool,
) -> Option<AuditedShare> {
    let judged: Vec<(&Drawn, Verdict)> =
        judged.iter().copied().filter(|(drawn, _)| inside(drawn.stratum)).collect();
    let mut verdicts = Verdicts::default();
    for (_, verdict) in &judged {
        *match verdict {
            Verdict::Right => &mut verdicts.right,
            Verdict::Wrong => &mut verdicts.wrong,
            Verdict::Outside => &mut verdicts.outside,
            Verdict::Open => &mut verdicts.open,
            Verdict::Waiting => &mut verdicts.waiting,
        } += 1;
    }
    // A stratum outside the part has no size here, so that it does not count as not covered.
    let wholes: Vec<u64> = (0..design.strata.len())
        .map(|index| if inside(index) { design.strata[index].attempts } else { 0 })
        .collect();
    let estimate = |open_whole: f64, open_part: f64| {
        let sample: Vec<Sampled> = judged
            .iter()
            .filter_map(|(drawn, verdict)| {
                let (part, whole) = match verdict {
                    Verdict::Right => (0.0, 1.0),
                    Verdict::Wrong => (1.0, 1.0),
                    Verdict::Outside => (0.0, 0.0),
                    Verdict::Open => (open_part, open_whole),
                    Verdict::Waiting => return None,
                };
                Some(Sampled { stratum: drawn.stratum, cluster: drawn.actor, part, whole })
            })
            .collect();
        stratified_ratio(&wholes, &sample)
    };
    let (least, most) = (estimate(1.0, 0.0)?, estimate(1.0, 1.0)?);
    let mut by_actor: BTreeMap<u64, u64> = BTreeMap::new();
    let mut pupils = BTreeSet::new();
    let mut reviewed = 0;
    for (drawn, _) in judged.iter().filter(|(_, verdict)| *verdict != Verdict::Waiting) {
        reviewed += 1;
        *by_actor.entry(drawn.actor).or_default() += 1;
        if drawn.pupil {
            pupils.insert(drawn.actor);
        }
    }
    Some(AuditedShare {
        part: part.to_owned(),
        attempts: wholes.iter().sum(),
        share: estimate(0.0, 0.0).map(|known| known.ratio),
        least: least.ratio,
        most: most.ratio,
        interval: Interval { lower: least.interval().lower, upper: most.interval().upper },
        reviewed,
        pupils: pupils.len() as u64,
        actors: by_actor.len() as u64,
        largest_share: by_actor.values().max().copied().unwrap_or(0) as f64 / (reviewed as f64).max(1.0),
        covered: least.covered,
        verdicts,
    })
}

#[cfg(test)]
mod tests;
