//! Interval of a count: Byar's approximation from 10 on, the exact one below.

use statrs::function::gamma::gamma_lr;

use super::{Interval, Z};

/// 95 % interval of the mean behind an observed count of independent events.
#[must_use]
pub fn count_interval(observed: u64) -> Interval {
    let count = observed as f64;
    if observed >= 10 {
        let end = |n: f64, sign: f64| n * (1.0 - 1.0 / (9.0 * n) + sign * Z / (3.0 * n.sqrt())).powi(3);
        return Interval { lower: end(count, -1.0), upper: end(count + 1.0, 1.0) };
    }
    // Half a chi-squared quantile with 2k degrees of freedom is the gamma quantile of shape k.
    let lower = if observed == 0 { 0.0 } else { gamma_quantile(count, 0.025) };
    Interval { lower, upper: gamma_quantile(count + 1.0, 0.975) }
}

/// Quantile of the standard gamma distribution, by halving: its distribution function only rises.
fn gamma_quantile(shape: f64, probability: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 100.0_f64);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if gamma_lr(shape, middle) < probability { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::count_interval;

    fn two(value: f64) -> f64 {
        (value * 100.0).round() / 100.0
    }

    /// APHO Technical Briefing 3 ("Commonly used public health statistics and their confidence
    /// intervals") and its tool: Byar for 10, exact for 3. Zero is the textbook 3.69.
    #[test]
    fn golden_values() {
        for (observed, lower, upper) in [(10, 4.79, 18.39), (3, 0.62, 8.77), (0, 0.0, 3.69)] {
            let interval = count_interval(observed);
            assert_eq!((two(interval.lower), two(interval.upper)), (lower, upper), "{observed}");
        }
    }
}
