//! Interval of a share whose observations come in clusters: a pupil's days, an actor's attempts.
//!
//! Days of one pupil are not independent, so counting them as such would make the interval too
//! short. Leaving out one cluster at a time (the jackknife) measures how far the share depends on
//! single pupils. The resulting variance is turned into the size of an equally informative sample
//! of independent observations, lowered for few clusters by the squared ratio of the normal to the
//! t quantile (Korn and Graubard, Survey Methodology 24, 1998), and that size enters the exact
//! binomial interval (or Wilson's). It is deterministic, keeps within 0 and 1, and has an upper end
//! when nothing was seen. Then the clusters cannot show how alike their observations are: all may be
//! alike within one, and the size is the number of clusters.
//!
//! What was seen cannot show that a pupil of unlike habits is still to come, and where few pupils make
//! nearly all, that pupil is most of the truth. The end nearer one half therefore allows for one: as in
//! the interval of Fay and Feuer (Statistics in Medicine 16, 1997) for sums of unequal weights, the
//! heaviest cluster is added to the share and its square to the variance, here with a beta for their
//! gamma distribution, because a share has an upper bound. Where no cluster weighs more than one
//! effective observation (each pupil counted once), the exact interval allows for as much already.
//!
//! At every size and concentration tried at least 93 % of the intervals hold the truth; how much wider
//! they are where habits are even stands in `tests/runs/simulation.md`.

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
    let found = effective(clusters)?;
    Some(found.with(exact(found.share, found.size)))
}

/// The same with Wilson's interval, for shares that the policy wants by Wilson's method.
#[must_use]
pub fn clustered_wilson(clusters: &[Cluster]) -> Option<ClusteredShare> {
    let found = effective(clusters)?;
    Some(found.with(wilson_of(found.share, found.size, Z)))
}

/// What the clusters tell.
struct Effective {
    share: f64,
    size: f64,
    /// Largest share of the whole in one cluster.
    heaviest: f64,
}

impl Effective {
    /// The interval, with one more cluster like the heaviest allowed for at the end nearer one half.
    fn with(&self, interval: Interval) -> ClusteredShare {
        let Interval { mut lower, mut upper } = interval;
        if self.heaviest * self.size > 1.0 {
            let reached = beyond(self.share.min(1.0 - self.share), self.size, self.heaviest);
            if self.share <= 0.5 {
                upper = upper.max(reached);
            }
            if self.share >= 0.5 {
                lower = lower.min(1.0 - reached);
            }
        }
        ClusteredShare { share: self.share, effective_size: self.size, interval: Interval { lower, upper } }
    }
}

/// Upper end with a cluster of this weight added: the 0.975 quantile of the beta distribution whose mean
/// is the share plus the weight, and whose variance that of the share plus the weight's square.
fn beyond(share: f64, size: f64, weight: f64) -> f64 {
    let mean = share + weight;
    let variance = share * (1.0 - share) / size + weight * weight;
    let sum = mean * (1.0 - mean) / variance - 1.0;
    if mean >= 1.0 || sum <= 0.0 { 1.0 } else { beta_quantile(mean * sum, (1.0 - mean) * sum, 0.975) }
}

fn effective(clusters: &[Cluster]) -> Option<Effective> {
    let seen: Vec<&Cluster> = clusters.iter().filter(|cluster| cluster.whole > 0.0).collect();
    let number = seen.len() as f64;
    let part: f64 = seen.iter().map(|cluster| cluster.part).sum();
    let whole: f64 = seen.iter().map(|cluster| cluster.whole).sum();
    if seen.is_empty() {
        return None;
    }
    let share = (part / whole).clamp(0.0, 1.0);
    if seen.len() == 1 {
        return Some(Effective { share, size: 1.0, heaviest: 1.0 });
    }
    let without: Vec<f64> =
        seen.iter().map(|cluster| (part - cluster.part) / (whole - cluster.whole)).collect();
    let mean = without.iter().sum::<f64>() / number;
    let variance = (number - 1.0) / number * without.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let binomial = share * (1.0 - share);
    let size = if binomial <= 0.0 {
        number
    } else if variance > NOISE * binomial {
        binomial / variance
    } else {
        whole
    };
    let few_clusters = (Z / t_quantile(number - 1.0)).powi(2);
    let heaviest = seen.iter().map(|cluster| cluster.whole).fold(0.0, f64::max) / whole;
    Some(Effective { share, size: (size * few_clusters).min(whole), heaviest })
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
        let Effective { share, size, heaviest } = effective(&clusters(&[(1, 2), (0, 2), (1, 2)])).unwrap();
        assert!((share - 1.0 / 3.0).abs() < 1e-12 && (heaviest - 1.0 / 3.0).abs() < 1e-12);
        assert!((size - 8.0 * (1.959_964_f64 / 4.302_653).powi(2)).abs() < 1e-5, "{size}");
    }

    /// Six alike, whose mean of equal shares rounds to another number: 600 observations, lowered by t with 5 degrees.
    #[test]
    fn clusters_that_are_alike_but_for_rounding() {
        let Effective { size, .. } = effective(&clusters(&[(20, 100); 6])).unwrap();
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
        // 100 pupils times (1.960 / 1.984)^2 = 97.6; 1 - 0.025^(1/97.6) = 0.0371.
        assert!((0.0370..0.0372).contains(&none.interval.upper), "{none:?}");
        assert_eq!(clustered_share(&clusters(&[(0, 0)])), None);
        assert_eq!(clustered_share(&clusters(&[(1, 1)])).unwrap().effective_size, 1.0);
    }

    /// By hand and with scipy's `beta.ppf`. Ten pupils of 20 days; one had 10, the others none: share 0.05;
    /// without the one 0, without another 1/18; variance 9/10 x (9 x 0.1^2 + 0.9^2) / 18^2 = 0.0025, so that
    /// the size is 19, lowered by (1.960 / 2.262)^2 to 14.26. A pupil like that weighs 1/10, more than one of
    /// 14.26: mean 0.15, variance 0.05 x 0.95 / 14.26 + 0.01; the beta with these ends at 0.4375.
    /// The mirror image has the mirrored ends.
    #[test]
    fn one_more_pupil_like_the_heaviest_is_allowed_for() {
        let mut one = vec![(0, 20); 10];
        one[0] = (10, 20);
        let found = clustered_share(&clusters(&one)).unwrap();
        assert!((found.effective_size - 14.26).abs() < 0.02, "{found:?}");
        assert!((found.interval.upper - FAY_FEUER).abs() < 0.001, "{found:?}");
        assert_eq!(found.interval.lower, exact(found.share, found.effective_size).lower);
        let others: Vec<(u32, u32)> = one.iter().map(|(part, whole)| (whole - part, *whole)).collect();
        let mirrored = clustered_share(&clusters(&others)).unwrap();
        assert!((mirrored.interval.lower - (1.0 - found.interval.upper)).abs() < 1e-12);
        assert!((mirrored.interval.upper - (1.0 - found.interval.lower)).abs() < 1e-12);
    }

    const FAY_FEUER: f64 = 0.437_461_121_455_706_7;

    /// Pupils who count once: the exact binomial interval and no more, but for the few-cluster factor.
    #[test]
    fn counted_once_no_pupil_weighs_more_than_an_observation() {
        let found = clustered_share(&clusters(&[&[(1, 1); 5][..], &[(0, 1); 15][..]].concat())).unwrap();
        assert_eq!(found.interval, exact(0.25, found.effective_size));
    }
}
