//! False-discovery rate of a family of tests, and the test of two shares that feeds it.

use statrs::function::erf::erfc;

use super::ClusteredShare;

/// Adjusted p-values by Benjamini and Hochberg (Journal of the Royal Statistical Society B 57, 1995), in the order
/// of the given ones: rejecting where they are at most 0.05 lets one rejection in twenty be false on average, if
/// the tests do not work against each other.
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|one, other| p_values[*one].total_cmp(&p_values[*other]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 1.0_f64;
    for (rank, at) in order.iter().enumerate().rev() {
        least = least.min(p_values[*at] * p_values.len() as f64 / (rank + 1) as f64);
        adjusted[*at] = least;
    }
    adjusted
}

/// Two-sided p-value that two clustered shares are the same: the difference over the root of both binomial
/// variances at the effective sizes, by the normal distribution. Where nothing varies on either side it is 1.
#[must_use]
pub fn same_share(one: ClusteredShare, other: ClusteredShare) -> f64 {
    let variance = |share: ClusteredShare| {
        // One half more on both sides (Agresti and Caffo): a share of 0 or 1 has an uncertainty too.
        let size = share.effective_size + 2.0;
        let centre = (share.share * share.effective_size + 1.0) / size;
        (centre, centre * (1.0 - centre) / size)
    };
    let ((first, first_variance), (second, second_variance)) = (variance(one), variance(other));
    let spread = (first_variance + second_variance).sqrt();
    if spread > 0.0 { erfc((first - second).abs() / spread / std::f64::consts::SQRT_2) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::super::Interval;
    use super::*;

    /// The fifteen p-values of Benjamini and Hochberg's own example (Journal of the Royal Statistical Society B 57, 1995), as the
    /// manual of `scipy.stats.false_discovery_control` has them (SciPy 1.17.1): four are rejected at 0.05. Adjusted
    /// values by that and by statsmodels 0.15.0, `multipletests(method="fdr_bh")`.
    #[test]
    fn their_own_example() {
        let given = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.000,
        ];
        let adjusted = benjamini_hochberg(&given);
        assert_eq!(adjusted.iter().filter(|value| **value <= 0.05).count(), 4);
        let expected = [
            0.0015, 0.003, 0.0095, 0.035_625, 0.0603, 0.063_857, 0.063_857, 0.0645, 0.0765, 0.486, 0.581_182,
            0.714_875, 0.753_231, 0.813_214, 1.0,
        ];
        for (value, expected) in adjusted.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6, "{value} {expected}");
        }
        // In another order they are the same ones.
        let mut backwards: Vec<f64> = given.into_iter().rev().collect();
        backwards = benjamini_hochberg(&backwards);
        backwards.reverse();
        assert_eq!(backwards, adjusted);
        assert!(benjamini_hochberg(&[]).is_empty());
    }

    fn share(share: f64, effective_size: f64) -> ClusteredShare {
        ClusteredShare { share, effective_size, interval: Interval { lower: 0.0, upper: 1.0 } }
    }

    /// By hand: 30 of 98 and 10 of 98 with one more on both sides are 31/100 and 11/100; the variances 0.002139 and
    /// 0.000979; 0.2 / sqrt(0.003118) = 3.5817; the two-sided tail is 0.000341.
    #[test]
    fn two_shares_by_hand() {
        let p = same_share(share(30.0 / 98.0, 98.0), share(10.0 / 98.0, 98.0));
        assert!((p - 0.000_341).abs() < 5e-7, "{p}");
        assert!((same_share(share(0.2, 50.0), share(0.2, 50.0)) - 1.0).abs() < 1e-12);
        // Nothing seen in a large and in a small group tells nothing apart.
        assert!(same_share(share(0.0, 500.0), share(0.0, 8.0)) > 0.05);
    }
}
