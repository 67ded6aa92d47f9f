//! How far two distributions are apart.

/// Jensen and Shannon's distance with logarithms to base 2: 0 for equal distributions, 1 for those that share
/// nothing (Lin, IEEE Transactions on Information Theory 37, 1991; the root is a metric, Endres and Schindelin 2003).
/// The counts of each side are made shares; none if a side has no count.
#[must_use]
pub fn jensen_shannon(one: &[f64], other: &[f64]) -> Option<f64> {
    let (all_one, all_other): (f64, f64) = (one.iter().sum(), other.iter().sum());
    if all_one <= 0.0 || all_other <= 0.0 || one.len() != other.len() {
        return None;
    }
    let part = |share: f64, middle: f64| if share > 0.0 { share * (share / middle).log2() } else { 0.0 };
    let divergence: f64 = one
        .iter()
        .zip(other)
        .map(|(first, second)| {
            let (first, second) = (first / all_one, second / all_other);
            let middle = f64::midpoint(first, second);
            (part(first, middle) + part(second, middle)) / 2.0
        })
        .sum();
    Some(divergence.clamp(0.0, 1.0).sqrt())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::jensen_shannon;

    /// Values of scipy 1.17, `scipy.spatial.distance.jensenshannon(p, q, 2)`; the first two stand in its manual.
    #[test]
    fn against_scipy() {
        for (one, other, distance) in [
            ([1.0, 0.0], [0.0, 1.0], 1.0),
            ([1.0, 0.0], [0.5, 0.5], 0.557_923_045_284_143_8),
            ([0.9, 0.1], [0.2, 0.8], 0.630_327_383_091_995_2),
            ([90.0, 10.0], [20.0, 80.0], 0.630_327_383_091_995_2),
            ([3.0, 1.0], [3.0, 1.0], 0.0),
        ] {
            let found = jensen_shannon(&one, &other).unwrap();
            assert!((found - distance).abs() < 1e-9, "{found} {distance}");
        }
        assert_eq!(jensen_shannon(&[0.0, 0.0], &[1.0, 0.0]), None);
    }
}
