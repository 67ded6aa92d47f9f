//! Shares estimated from a stratified random sample whose inclusion probabilities are known.
//!
//! The estimate is the ratio of two Horvitz-Thompson totals: each observation stands for as many as its
//! stratum's whole over the stratum's sample. Its variance is the linearised one of stratified sampling without
//! replacement (Cochran, Sampling Techniques, 3rd edition, sections 5A.3 and 6.11). Observations of one pupil
//! resemble each other, so deviations are also summed within pupils, over the strata; the larger of the two
//! errors holds. The share then has the size of an equally informative simple sample (Korn and Graubard, Survey
//! Methodology 24, 1998), and that size enters the exact binomial interval.

use std::collections::BTreeMap;

use super::jackknife::exact;
use super::student::t_quantile;
use super::{Interval, Z};

/// One observation of the sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampled {
    /// Its stratum, an index into the wholes.
    pub stratum: usize,
    /// The pupil (or other actor) it is of.
    pub cluster: u64,
    /// What is summed above the line: 1 where the property is there.
    pub part: f64,
    /// What is summed below the line: 1, or 0 where it is outside what is asked about.
    pub whole: f64,
}

/// A ratio of two totals estimated from a stratified sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StratifiedRatio {
    /// The estimate.
    pub ratio: f64,
    /// Standard error of the design alone: random choice within strata.
    pub design_error: f64,
    /// Standard error with pupils as clusters, never less than the design's.
    pub standard_error: f64,
    /// Observations that count below the line.
    pub observations: u64,
    /// Different clusters among them.
    pub clusters: u64,
    /// Share of the whole population that lies in strata with an observation.
    pub covered: f64,
    /// Every stratum with an observation was observed whole.
    census: bool,
    /// Observations of equal weight that would tell as much, were there no strata (Kish).
    equal_weight_size: f64,
    /// Degrees of freedom.
    degrees: f64,
    /// Observed over all.
    fraction: f64,
}

/// Estimates part over whole. `wholes` has the size of each stratum; strata without an observation are left out
/// and lower `covered`. None where nothing counts below the line.
#[must_use]
pub fn stratified_ratio(wholes: &[u64], sample: &[Sampled]) -> Option<StratifiedRatio> {
    let mut sizes: BTreeMap<usize, f64> = BTreeMap::new();
    for observed in sample.iter().filter(|observed| observed.stratum < wholes.len()) {
        *sizes.entry(observed.stratum).or_default() += 1.0;
    }
    let whole_of = |stratum: usize| wholes.get(stratum).copied().unwrap_or(0) as f64;
    let weight = |stratum: usize| {
        let size = sizes.get(&stratum).copied().unwrap_or(0.0);
        if size > 0.0 { (whole_of(stratum) / size).max(1.0) } else { 0.0 }
    };
    let total = |value: &dyn Fn(&Sampled) -> f64| -> f64 {
        sample.iter().map(|observed| weight(observed.stratum) * value(observed)).sum()
    };
    let below = total(&|observed| observed.whole);
    if below <= 0.0 {
        return None;
    }
    let ratio = total(&|observed| observed.part) / below;
    let deviation =
        |observed: &Sampled| weight(observed.stratum) * (observed.part - ratio * observed.whole) / below;
    let mut means: BTreeMap<usize, f64> = BTreeMap::new();
    for observed in sample {
        *means.entry(observed.stratum).or_default() += deviation(observed);
    }
    let (mut design, mut by_cluster, mut census) = (0.0, BTreeMap::<u64, f64>::new(), true);
    for observed in sample {
        let Some(size) = sizes.get(&observed.stratum).copied() else { continue };
        let left_out = (1.0 - size / whole_of(observed.stratum).max(size)).max(0.0);
        census &= left_out == 0.0;
        // The variance within a stratum of one observation cannot be seen: its distance from the whole counts.
        let (mean, correction) = if size > 1.0 {
            (means.get(&observed.stratum).copied().unwrap_or(0.0) / size, size / (size - 1.0))
        } else {
            (0.0, 1.0)
        };
        let error = (deviation(observed) - mean) * (left_out * correction).sqrt();
        design += error * error;
        *by_cluster.entry(observed.cluster).or_default() += error;
    }
    let clustered: f64 = by_cluster.values().map(|sum| sum * sum).sum();
    let counting = || sample.iter().filter(|observed| observed.whole > 0.0);
    let mut clusters: Vec<u64> = counting().map(|observed| observed.cluster).collect();
    clusters.sort_unstable();
    clusters.dedup();
    let weights: f64 = counting().map(|observed| weight(observed.stratum)).sum();
    let squares: f64 = counting().map(|observed| weight(observed.stratum).powi(2)).sum();
    let observed: f64 = sizes.values().sum();
    let reached: f64 = sizes.keys().map(|stratum| whole_of(*stratum)).sum();
    let all: f64 = wholes.iter().map(|whole| *whole as f64).sum();
    Some(StratifiedRatio {
        ratio,
        design_error: design.sqrt(),
        standard_error: design.max(clustered).sqrt(),
        observations: counting().count() as u64,
        clusters: clusters.len() as u64,
        covered: if all > 0.0 { reached / all } else { 0.0 },
        census,
        equal_weight_size: weights * weights / squares,
        degrees: (observed - sizes.len() as f64).min(clusters.len() as f64 - 1.0).max(1.0),
        fraction: if reached > 0.0 { (observed / reached).min(1.0) } else { 1.0 },
    })
}

impl StratifiedRatio {
    /// 95 % interval of a share: exact binomial of the effective size. A population that was observed whole is
    /// known, and its ends are the share. Where all or none have the property the observations cannot show how
    /// alike those of one pupil are; the size is then the geometric mean of pupils and observations.
    #[must_use]
    pub fn interval(&self) -> Interval {
        let share = self.ratio.clamp(0.0, 1.0);
        if self.census {
            return Interval { lower: share, upper: share };
        }
        let binomial = share * (1.0 - share);
        let variance = self.standard_error.powi(2);
        let size = if binomial <= 1e-12 {
            (self.equal_weight_size * self.clusters as f64).sqrt()
        } else if variance > 0.0 {
            (binomial / variance).min(self.observations as f64 / (1.0 - self.fraction).max(1e-9))
        } else {
            self.equal_weight_size
        };
        let few = (Z / t_quantile(self.degrees)).powi(2).min(1.0);
        exact(share, (size * few).max(1.0))
    }
}

#[cfg(test)]
mod tests;
