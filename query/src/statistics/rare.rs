//! Charts of what is rare: days from one event to the next, by the g and the t chart.

use super::xmr::{Limits, individuals};

/// Limits of days between (1: the very next day) that are geometric: mean plus 3 standard deviations
/// (Benneyan, Health Care Management Science 4, 2001, with 1 as the least count). The centre line is
/// the median, 0.693 of the mean, because the counts are skewed; there is no lower limit. None from
/// fewer than two, or where each day has an event.
#[must_use]
pub fn g_chart(gaps_days: &[f64]) -> Option<Limits> {
    let mean = gaps_days.iter().sum::<f64>() / gaps_days.len() as f64;
    let reach = 3.0 * ((mean - 1.0) * mean).sqrt();
    let usable = gaps_days.len() > 1 && mean > 1.0;
    usable.then_some(Limits { centre: std::f64::consts::LN_2 * mean, lower: 0.0, upper: mean + reach })
}

/// Power after which times between events look normal (Nelson, Journal of Quality Technology 26, 1994).
const NELSON: f64 = 0.2777;

/// Times after Nelson's transformation, on which all rules work.
#[must_use]
pub fn nelson(time: f64) -> f64 {
    time.max(0.0).powf(NELSON)
}

/// Back from Nelson's transformation; what lies below 0 is 0.
#[must_use]
pub fn from_nelson(transformed: f64) -> f64 {
    transformed.max(0.0).powf(1.0 / NELSON)
}

/// Limits of times between events on Nelson's scale: an XmR chart of the transformed times.
#[must_use]
pub fn t_chart(times: &[f64]) -> Option<Limits> {
    let transformed: Vec<f64> = times.iter().map(|time| nelson(*time)).collect();
    individuals(&transformed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::*;

    /// Hours between failures of a valve, an example of textbooks whose page could not be looked up. The transformed times,
    /// their mean and the limits by 2.66 mean moving ranges were recomputed with NumPy 2.4.6.
    #[test]
    fn valve_failures() {
        let hours = [
            286.0, 948.0, 536.0, 124.0, 816.0, 729.0, 4.0, 143.0, 431.0, 8.0, 2837.0, 596.0, 81.0, 227.0,
            603.0, 492.0, 1199.0, 1214.0, 2831.0, 96.0,
        ];
        for (time, transformed) in [(286.0, 4.80986), (948.0, 6.70903), (536.0, 5.72650)] {
            assert!((nelson(time) - transformed).abs() < 5e-6);
        }
        let limits = t_chart(&hours).unwrap();
        assert!((limits.centre - 5.386).abs() < 0.001, "{limits:?}");
        assert!((limits.lower + 0.889).abs() < 0.001 && (limits.upper - 11.662).abs() < 0.001, "{limits:?}");
        assert!((from_nelson(nelson(816.0)) - 816.0).abs() < 1e-9);
        assert_eq!(from_nelson(limits.lower), 0.0);
    }

    /// Kaminsky and others (Journal of Quality Technology 24, 1992): mean plus 3 times the root of
    /// mean times mean plus 1, for the days *without* an event. By hand: days between 3, 5, 1, 7: mean
    /// 4, that is 3 without; 3 + 3 sqrt(12) = 13.392 without, 14.392 between. Median 4 ln 2 = 2.773.
    #[test]
    fn geometric_days() {
        let limits = g_chart(&[3.0, 5.0, 1.0, 7.0]).unwrap();
        assert!((limits.upper - 14.392_305).abs() < 1e-6 && (limits.centre - 2.772_589).abs() < 1e-6);
        assert_eq!(g_chart(&[1.0, 1.0, 1.0]), None);
        assert_eq!(g_chart(&[4.0]), None);
    }
}
