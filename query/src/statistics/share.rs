//! Wilson's score interval of a share.

use super::{Interval, Z};

/// 95 % interval of `part / whole`; none without a whole. It works at 0 and at the whole.
#[must_use]
pub fn wilson(part: u64, whole: u64) -> Option<Interval> {
    (whole > 0 && part <= whole).then(|| wilson_of(part as f64 / whole as f64, whole as f64, Z))
}

/// The same for a share of an effective size, which need not be whole.
pub(super) fn wilson_of(share: f64, size: f64, quantile: f64) -> Interval {
    let square = quantile * quantile;
    let centre = share + square / (2.0 * size);
    let reach = quantile * (share * (1.0 - share) / size + square / (4.0 * size * size)).sqrt();
    let scale = 1.0 + square / size;
    Interval { lower: ((centre - reach) / scale).max(0.0), upper: ((centre + reach) / scale).min(1.0) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::wilson;

    fn three(value: f64) -> f64 {
        (value * 1000.0).round() / 1000.0
    }

    /// Published by the Office for Health Improvement and Disparities, "Public health technical
    /// guide: confidence intervals"; the list of design golden values repeats them.
    #[test]
    fn golden_values() {
        for (part, whole, lower, upper) in
            [(0, 20, 0.000, 0.161), (5, 20, 0.112, 0.469), (1300, 1881, 0.670, 0.712)]
        {
            let interval = wilson(part, whole).unwrap();
            assert_eq!((three(interval.lower), three(interval.upper)), (lower, upper), "{part} of {whole}");
        }
    }

    #[test]
    fn the_ends_stay_between_nothing_and_everything() {
        assert_eq!(wilson(0, 0), None);
        assert_eq!(wilson(0, 5).unwrap().lower, 0.0);
        assert_eq!(wilson(5, 5).unwrap().upper, 1.0);
        assert_eq!(wilson(6, 5), None);
    }
}
