//! Limits of a chart of individual values (XmR): mean plus and minus 2.66 mean moving ranges.

/// Centre line and natural process limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Centre line.
    pub centre: f64,
    /// Lower limit, below 0 where the variation says so.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

impl Limits {
    /// Distance of a value from the centre line in thirds of the way to the limit on its side: beyond 3
    /// it lies outside. None where the limit is the centre line.
    #[must_use]
    pub fn thirds(&self, value: f64) -> Option<f64> {
        let way = if value < self.centre { self.centre - self.lower } else { self.upper - self.centre };
        (way > 0.0).then(|| 3.0 * (value - self.centre) / way)
    }
}

/// 3 over 1.128, the mean range of two normal values, as Wheeler rounds it.
const TO_LIMIT: f64 = 2.66;

/// Limits from values in their order (Wheeler, Understanding Variation, 1993); none from fewer than
/// two, or from values that are all alike, which say nothing about usual variation.
#[must_use]
pub fn individuals(values: &[f64]) -> Option<Limits> {
    let range = mean_moving_range(values)?;
    let centre = values.iter().sum::<f64>() / values.len() as f64;
    let reach = TO_LIMIT * range;
    (range > 0.0).then_some(Limits { centre, lower: centre - reach, upper: centre + reach })
}

/// Mean of the distances between neighbours; none from fewer than two values.
pub(super) fn mean_moving_range(values: &[f64]) -> Option<f64> {
    let ranges: f64 = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
    (values.len() > 1).then(|| ranges / (values.len() - 1) as f64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::*;

    /// NIST/SEMATECH e-Handbook of Statistical Methods, section 6.3.2.2, "Individuals Control Charts"
    /// (<https://www.itl.nist.gov/div898/handbook/pmc/section3/pmc322.htm>), ten batches of a flow rate: mean 50.81, mean
    /// moving range 1.8778, limits 55.8041 and 45.8159. They divide by 1.128, which rounds to a factor of 2.66.
    #[test]
    fn flow_rate() {
        let rates = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1];
        assert!((mean_moving_range(&rates).unwrap() - 1.8778).abs() < 5e-5);
        let limits = individuals(&rates).unwrap();
        assert!((limits.centre - 50.81).abs() < 1e-9);
        assert!(
            (limits.lower - 45.8159).abs() < 0.001 && (limits.upper - 55.8041).abs() < 0.001,
            "{limits:?}"
        );
    }

    /// Costs of mortgage loans in 20 weeks, an example of textbooks whose page could not be looked up; recomputed with
    /// NumPy 2.4.6: mean 300.5, mean moving range 7.789, limits 279.78 and 321.22.
    #[test]
    fn mortgage_costs() {
        let costs = [
            310.0, 288.0, 297.0, 298.0, 307.0, 303.0, 294.0, 297.0, 308.0, 306.0, 294.0, 299.0, 297.0, 299.0,
            314.0, 295.0, 293.0, 306.0, 301.0, 304.0,
        ];
        assert!((mean_moving_range(&costs).unwrap() - 7.79).abs() < 0.005);
        let limits = individuals(&costs).unwrap();
        assert!((limits.centre - 300.5).abs() < 1e-9);
        assert!((limits.lower - 279.78).abs() < 0.005 && (limits.upper - 321.22).abs() < 0.005, "{limits:?}");
    }

    #[test]
    fn thirds_of_the_way_to_the_limit() {
        let limits = Limits { centre: 10.0, lower: 4.0, upper: 13.0 };
        assert_eq!(limits.thirds(13.0), Some(3.0));
        assert_eq!(limits.thirds(4.0), Some(-3.0));
        assert_eq!(limits.thirds(11.0), Some(1.0));
        assert_eq!(Limits { centre: 1.0, lower: 1.0, upper: 1.0 }.thirds(2.0), None);
    }

    #[test]
    fn what_does_not_vary_has_no_limits() {
        assert_eq!(individuals(&[3.0]), None);
        assert_eq!(individuals(&[]), None);
        assert_eq!(individuals(&[3.0; 12]), None);
    }
}
