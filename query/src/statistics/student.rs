//! The 0.975 quantile of Student's t, to the last digits, for any number of degrees of freedom.
//!
//! Beyond `t` on both sides lies the regularised incomplete beta function of `degrees / (degrees + t^2)` with
//! `degrees / 2` and `1 / 2` (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.5.27 and 26.7.1), which
//! only falls as `t` grows: halving finds where it is 0.05. From [`MANY`] degrees on the expansion in powers of
//! `1 / degrees` (the same, 26.7.5) leaves out less than the last digit, while the beta function of so large a
//! number would lose some.

use statrs::function::beta::beta_reg;

use super::Z;

/// Degrees from which four terms of the expansion are exact: the fifth is below 1e-17 of the quantile.
const MANY: f64 = 2_000.0;

/// The point that Student's t lies beyond, on either side together, with probability 0.05. Fewer degrees than 1
/// count as 1.
pub(super) fn t_quantile(degrees: f64) -> f64 {
    let degrees = degrees.max(1.0);
    if degrees >= MANY {
        return expansion(degrees);
    }
    let beyond = |t: f64| beta_reg(degrees / 2.0, 0.5, degrees / (degrees + t * t));
    // At one degree it is tan(0.475 pi) = 12.706, and it falls to the normal quantile.
    let (mut low, mut high) = (Z, 13.0_f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if beyond(middle) > 0.05 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Abramowitz and Stegun, 26.7.5.
fn expansion(degrees: f64) -> f64 {
    let square = Z * Z;
    let terms = [
        Z * (square + 1.0) / 4.0,
        Z * ((5.0 * square + 16.0) * square + 3.0) / 96.0,
        Z * (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0,
        Z * ((((79.0 * square + 776.0) * square + 1482.0) * square - 1920.0) * square - 945.0) / 92_160.0,
    ];
    Z + terms.iter().rev().fold(0.0, |sum, term| (sum + term) / degrees)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The column 0.025 of the table "Upper Critical Values of Student's t Distribution" in the NIST/SEMATECH e-Handbook
    /// of Statistical Methods, three places.
    #[test]
    fn a_published_table() {
        let table = [
            (1.0, 12.706),
            (2.0, 4.303),
            (3.0, 3.182),
            (4.0, 2.776),
            (5.0, 2.571),
            (6.0, 2.447),
            (7.0, 2.365),
            (8.0, 2.306),
            (9.0, 2.262),
            (10.0, 2.228),
            (15.0, 2.131),
            (20.0, 2.086),
            (25.0, 2.060),
            (30.0, 2.042),
            (40.0, 2.021),
            (60.0, 2.000),
            (100.0, 1.984),
        ];
        for (degrees, value) in table {
            assert!((t_quantile(degrees) - value).abs() < 5e-4, "{degrees}: {}", t_quantile(degrees));
        }
    }

    /// Closed forms: tan(0.475 pi) for one degree; for two, t with t^2 / (2 + t^2) = 0.95^2.
    #[test]
    fn closed_forms() {
        let one = (0.475 * std::f64::consts::PI).tan();
        let two = (2.0 * 0.9025 / 0.0975_f64).sqrt();
        assert!((t_quantile(1.0) - one).abs() < 1e-12 && (t_quantile(2.0) - two).abs() < 1e-13);
    }

    /// Degrees that need not be whole: `scipy.stats.t.ppf(0.975, degrees)` of SciPy 1.17.1.
    #[test]
    fn by_another_program() {
        for (degrees, value) in GOLDEN {
            assert!((t_quantile(degrees) / value - 1.0).abs() < 1e-12, "{degrees}: {}", t_quantile(degrees));
        }
        assert_eq!(t_quantile(0.3), t_quantile(1.0));
        assert_eq!(t_quantile(f64::INFINITY), Z);
    }

    const GOLDEN: [(f64, f64); 12] = [
        (1.2, 8.648826510748867),
        (1.5, 6.016663104427929),
        (2.4, 3.683504289675019),
        (3.0, 3.1824463052837078),
        (4.7, 2.62072607535317),
        (9.0, 2.262157162798205),
        (17.3, 2.1070320037534676),
        (58.0, 2.0017174841452356),
        (199.5, 1.9719263079015248),
        (1999.0, 1.9611514201705613),
        (2000.0, 1.9611508260994377),
        (123456.0, 1.9599832002451867),
    ];
}
