//! Interval of a share whose observations come in clusters: a pupil's days, an actor's attempts.
//!
//! Days of one pupil are not independent, so counting them as such would make the interval too
//! short. Leaving out one cluster at a time (the jackknife) measures how far the share depends on
//! single pupils. The resulting variance is turned into the size of an equally informative sample
//! of independent observations, lowered for few clusters by the squared ratio of the normal to the
//! t quantile (Korn and Graubard, Survey Methodology 24, 1998), and that size enters the exact
//! binomial interval (or Wilson's). It is deterministic, keeps within 0 and 1, and has an upper end
//! when nothing was seen. Then the clusters cannot show how alike their observations are, and the
//! size is the geometric mean of the number of clusters (all alike within one) and of observations
//! (independent).
//!
//! Over a week at least 93 % of the intervals hold the truth at every size tried (the test below).
//! Over a whole term, where a few pupils of very unlike habits make nearly all, fewer do: about 85 %
//! in simulation, 78 % at worst. Such a row shows few different people and a large share of one.

use statrs::function::beta::beta_reg;

use super::share::wilson_of;
use super::student::t_quantile;
use super::{Interval, Z};

/// Below this part of the binomial variance a difference between clusters is one of rounding: they are all alike.
const NOISE: f64 = 1e-24;

/// One cluster's part and whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cluster {
    /// Its observations with the property.
    pub part: f64,
    /// All its observations.
    pub whole: f64,
}

/// A share and how much the clusters tell about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClusteredShare {
    /// Sum of the parts over sum of the wholes.
    pub share: f64,
    /// Observations in an equally informative sample without clusters.
    pub effective_size: f64,
    /// 95 % interval.
    pub interval: Interval,
}

/// A share over clusters with the exact binomial interval of its effective size; none without a
/// whole. Clusters whose whole is 0 say nothing and are left out.
#[must_use]
pub fn clustered_share(clusters: &[Cluster]) -> Option<ClusteredShare> {
    let (share, effective_size) = effective(clusters)?;
    let interval = exact(share, effective_size);
    Some(ClusteredShare { share, effective_size, interval })
}

/// The same with Wilson's interval, for shares that the policy wants by Wilson's method.
#[must_use]
pub fn clustered_wilson(clusters: &[Cluster]) -> Option<ClusteredShare> {
    let (share, effective_size) = effective(clusters)?;
    let interval = wilson_of(share, effective_size, Z);
    Some(ClusteredShare { share, effective_size, interval })
}

fn effective(clusters: &[Cluster]) -> Option<(f64, f64)> {
    let seen: Vec<&Cluster> = clusters.iter().filter(|cluster| cluster.whole > 0.0).collect();
    let number = seen.len() as f64;
    let part: f64 = seen.iter().map(|cluster| cluster.part).sum();
    let whole: f64 = seen.iter().map(|cluster| cluster.whole).sum();
    if seen.is_empty() {
        return None;
    }
    let share = (part / whole).clamp(0.0, 1.0);
    if seen.len() == 1 {
        return Some((share, 1.0));
    }
    let without: Vec<f64> =
        seen.iter().map(|cluster| (part - cluster.part) / (whole - cluster.whole)).collect();
    let mean = without.iter().sum::<f64>() / number;
    let variance = (number - 1.0) / number * without.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let binomial = share * (1.0 - share);
    let size = if binomial <= 0.0 {
        (number * whole).sqrt()
    } else if variance > NOISE * binomial {
        binomial / variance
    } else {
        whole
    };
    let few_clusters = (Z / t_quantile(number - 1.0)).powi(2);
    Some((share, (size * few_clusters).min(whole)))
}

/// The exact (Clopper and Pearson) interval for a size that need not be whole.
pub(super) fn exact(share: f64, size: f64) -> Interval {
    let part = share * size;
    let rest = size - part;
    let lower = if part <= 1e-9 { 0.0 } else { beta_quantile(part, rest + 1.0, 0.025) };
    let upper = if rest <= 1e-9 { 1.0 } else { beta_quantile(part + 1.0, rest, 0.975) };
    Interval { lower, upper }
}

/// Quantile of the beta distribution, by halving: its distribution function only rises.
fn beta_quantile(a: f64, b: f64, probability: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if beta_reg(a, b, middle) < probability { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::*;

    fn clusters(pairs: &[(u32, u32)]) -> Vec<Cluster> {
        pairs
            .iter()
            .map(|(part, whole)| Cluster { part: f64::from(*part), whole: f64::from(*whole) })
            .collect()
    }

    /// Clopper and Pearson, 5 of 20: 0.0866 to 0.4910 (the values of R's `binom.test(5, 20)`).
    #[test]
    fn exact_binomial() {
        let interval = exact(0.25, 20.0);
        assert!((interval.lower - 0.0866).abs() < 5e-5 && (interval.upper - 0.4910).abs() < 5e-5);
    }

    /// By hand: parts 1, 0, 1 of wholes 2, 2, 2. Without one each: 1/4, 2/4, 1/4; their mean 1/3;
    /// variance 2/3 * (1/144 + 1/36 + 1/144) = 1/36; share 1/3; size (2/9) / (1/36) = 8, capped by
    /// t: (1.96 / 4.3027)^2 * 8 = 1.660.
    #[test]
    fn three_clusters_by_hand() {
        let (share, size) = effective(&clusters(&[(1, 2), (0, 2), (1, 2)])).unwrap();
        assert!((share - 1.0 / 3.0).abs() < 1e-12);
        assert!((size - 8.0 * (1.959_964_f64 / 4.302_653).powi(2)).abs() < 1e-5, "{size}");
    }

    /// Six alike, whose mean of equal shares rounds to another number: 600 observations, lowered by t with 5 degrees.
    #[test]
    fn clusters_that_are_alike_but_for_rounding() {
        let (_, size) = effective(&clusters(&[(20, 100); 6])).unwrap();
        assert!((size - 600.0 * (1.959_963_984_540_f64 / 2.570_581_835_636).powi(2)).abs() < 1e-6, "{size}");
    }

    #[test]
    fn one_pupil_who_makes_it_all_widens_the_interval() {
        let spread: Vec<(u32, u32)> = (0..20).map(|pupil| (u32::from(pupil < 5), 5)).collect();
        let one: Vec<(u32, u32)> = (0..20).map(|pupil| (if pupil == 0 { 5 } else { 0 }, 5)).collect();
        let spread = clustered_share(&clusters(&spread)).unwrap();
        let one = clustered_share(&clusters(&one)).unwrap();
        assert_eq!(spread.share, one.share);
        assert!(one.interval.upper > spread.interval.upper && one.interval.lower < spread.interval.lower);
    }

    #[test]
    fn nothing_seen_has_an_upper_end_by_the_number_of_pupils() {
        let none = clustered_share(&clusters(&[(0, 5); 100])).unwrap();
        assert_eq!(none.interval.lower, 0.0);
        // sqrt(100 x 500) = 223.6, times (1.960 / 1.984)^2 = 218.2; 1 - 0.025^(1/218.2) = 0.0168.
        assert!((0.0167..0.0169).contains(&none.interval.upper), "{none:?}");
        assert_eq!(clustered_share(&clusters(&[(0, 0)])), None);
        assert_eq!(clustered_share(&clusters(&[(1, 1)])).unwrap().effective_size, 1.0);
    }

    /// Pupils with habits of their own (a part of them never, some often), 1,000 made-up schools of
    /// each size from a fixed seed: at least 93 % of the intervals must hold the truth.
    #[test]
    fn intervals_hold_the_truth() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut uniform = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for pupils in [10, 30, 120] {
            for (habit_share, habit_rate) in
                [(1.0, 0.02), (1.0, 0.3), (0.2, 0.1), (0.1, 0.5), (0.05, 0.9), (0.02, 0.3)]
            {
                let truth = habit_share * habit_rate;
                let mut held = 0;
                for _ in 0..1000 {
                    let school: Vec<Cluster> = (0..pupils)
                        .map(|_| {
                            let rate = if uniform() < habit_share { habit_rate } else { 0.0 };
                            let days = 3 + (uniform() * 3.0) as u32;
                            let part = (0..days).filter(|_| uniform() < rate).count();
                            Cluster { part: part as f64, whole: f64::from(days) }
                        })
                        .collect();
                    let interval = clustered_share(&school).unwrap().interval;
                    held += u32::from(interval.lower <= truth && truth <= interval.upper);
                }
                assert!(held >= 930, "{pupils} pupils, {habit_share} x {habit_rate}: {held} of 1000");
            }
        }
    }
}
