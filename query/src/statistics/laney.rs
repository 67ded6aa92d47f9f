//! Laney's u' and p' charts: limits that follow the denominator and the variation between points.
//!
//! Where denominators are large, the classical u and p charts call nearly every point unusual,
//! because they know the variation within a point only. Laney (Quality Engineering 14, 2002) measures
//! how much the standardised points vary from one to the next, and widens (or narrows) by that.

use super::xmr::{Limits, mean_moving_range};

/// A count over its denominator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    /// Count.
    pub part: f64,
    /// Denominator, above 0.
    pub whole: f64,
}

/// What the limits are made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Laney {
    /// All counts over all denominators.
    pub centre: f64,
    /// Variation from point to point over that within points: 1 is a classical chart.
    pub sigma_z: f64,
    shares: bool,
}

/// Mean range of two values of a standard normal distribution, as the paper rounds it.
const MEAN_RANGE: f64 = 1.128;

/// For counts of anything in its denominator (u'); none without two points that vary.
#[must_use]
pub fn laney_u(points: &[Counted]) -> Option<Laney> {
    laney(points, false)
}

/// For parts of their whole (p'); none without two points that vary.
#[must_use]
pub fn laney_p(points: &[Counted]) -> Option<Laney> {
    laney(points, true)
}

fn laney(points: &[Counted], shares: bool) -> Option<Laney> {
    let part: f64 = points.iter().map(|point| point.part).sum();
    let whole: f64 = points.iter().map(|point| point.whole).sum();
    let centre = part / whole;
    let within = Laney { centre, sigma_z: 1.0, shares };
    let scores: Vec<f64> =
        points.iter().map(|point| (point.part / point.whole - centre) / within.sigma(point.whole)).collect();
    let sigma_z = mean_moving_range(&scores)? / MEAN_RANGE;
    (sigma_z.is_finite() && sigma_z > 0.0).then_some(Laney { centre, sigma_z, shares })
}

impl Laney {
    fn sigma(&self, whole: f64) -> f64 {
        let rest = if self.shares { 1.0 - self.centre } else { 1.0 };
        (self.centre * rest / whole).sqrt() * self.sigma_z
    }

    /// Limits of a point with this denominator.
    #[must_use]
    pub fn limits(&self, whole: f64) -> Limits {
        let reach = 3.0 * self.sigma(whole);
        Limits { centre: self.centre, lower: self.centre - reach, upper: self.centre + reach }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::*;

    fn points(parts: &[f64], wholes: &[f64]) -> Vec<Counted> {
        parts.iter().zip(wholes).map(|(part, whole)| Counted { part: *part, whole: *whole }).collect()
    }

    /// Defects in 25 rolls of fabric of unlike size: SAS/QC User's Guide, the SHEWHART procedure, "Creating u Charts for
    /// Varying Numbers of Units" (SHWUEX3,
    /// <http://support.sas.com/documentation/cdl/en/qcug/63964/HTML/default/qcug_shewhart_a0000003804.htm>), whose mean is
    /// 0.28805. It has no Laney chart: sigma_z and the limits of the first roll are by the formulas of Laney's paper in
    /// NumPy 2.4.6.
    #[test]
    fn defects_in_fabric() {
        let defects = [
            7.0, 11.0, 15.0, 6.0, 11.0, 15.0, 5.0, 10.0, 8.0, 3.0, 3.0, 14.0, 3.0, 9.0, 7.0, 6.0, 7.0, 5.0,
            14.0, 13.0, 11.0, 6.0, 6.0, 9.0, 11.0,
        ];
        let metres = [
            30.0, 27.6, 30.4, 34.8, 26.0, 28.6, 28.0, 30.2, 28.2, 31.4, 30.3, 27.8, 27.0, 30.0, 32.1, 34.8,
            26.5, 30.0, 31.3, 31.6, 29.4, 28.6, 27.5, 32.6, 31.7,
        ];
        let found = laney_u(&points(&defects, &metres)).unwrap();
        assert!((found.centre - 0.28805).abs() < 5e-6, "{found:?}");
        assert!((found.centre - LANEY_U[0]).abs() < 1e-12, "{found:?}");
        assert!((found.sigma_z - LANEY_U[1]).abs() < 1e-12, "{found:?}");
        let limits = found.limits(30.0);
        assert!((limits.lower - LANEY_U[2]).abs() < 1e-12 && (limits.upper - LANEY_U[3]).abs() < 1e-12);
        let shares = laney_p(&points(&defects, &metres)).unwrap();
        assert!((shares.sigma_z - LANEY_P[0]).abs() < 1e-12, "{shares:?}");
        assert!((shares.limits(30.0).upper - LANEY_P[1]).abs() < 1e-12);
    }

    const LANEY_U: [f64; 4] =
        [0.2880493033226152, 1.3688111453040308, -0.11433179771469665, 0.690430404359927];
    const LANEY_P: [f64; 2] = [1.6222529517477269, 0.690430404359927];

    /// By hand: 10, 20 of 100, 100: mean 0.15; z = -/+ 0.05 / sqrt(0.0015) = 1.29099; range 2.58199;
    /// over 1.128: 2.28900.
    #[test]
    fn two_points_by_hand() {
        let found = laney_u(&points(&[10.0, 20.0], &[100.0, 100.0])).unwrap();
        assert!((found.sigma_z - 2.288_997).abs() < 1e-6, "{found:?}");
        // Equal denominators give the limits of an XmR chart: 0.15 + 3 x 0.1 / 1.128.
        assert!((found.limits(100.0).upper - (0.15 + 0.3 / 1.128)).abs() < 1e-12);
        assert!(found.limits(400.0).upper < found.limits(100.0).upper);
    }

    #[test]
    fn nothing_and_everything_have_no_limits() {
        assert_eq!(laney_u(&points(&[0.0, 0.0], &[50.0, 50.0])), None);
        assert_eq!(laney_p(&points(&[50.0, 50.0], &[50.0, 50.0])), None);
        assert_eq!(laney_u(&[]), None);
    }
}
