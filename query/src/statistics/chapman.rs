//! Two lists of the same things, found apart: how many there may be in all (capture-recapture).

use super::{Interval, Z};

/// An estimate of a whole from two lists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Total {
    /// Chapman's estimate, (n1 + 1)(n2 + 1) / (m + 1) - 1.
    pub total: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// 95 % interval on a logit scale.
    pub interval: Interval,
}

/// The size of the whole behind two lists of `first` and `second` things of which `both` stand in both. The
/// estimate is Chapman's (University of California Publications in Statistics 1, 1951), its error Seber's (1970),
/// the interval that of Sadinle (Communications in Statistics 38, 2009), which keeps above what was found. It
/// assumes lists that know nothing of each other; where one helps the other, the whole is larger than it says.
/// None without anything on one of the lists, or where more stands in both than in one.
#[must_use]
pub fn chapman(first: u64, second: u64, both: u64) -> Option<Total> {
    if first == 0 || second == 0 || both > first.min(second) {
        return None;
    }
    let [n, k, m] = [first, second, both].map(|count| count as f64);
    let total = (n + 1.0) * (k + 1.0) / (m + 1.0) - 1.0;
    let variance = (n + 1.0) * (k + 1.0) * (n - m) * (k - m) / ((m + 1.0).powi(2) * (m + 2.0));
    let (only_first, only_second, common) = (n - m + 0.5, k - m + 0.5, m + 0.5);
    let spread =
        (1.0 / common + 1.0 / only_first + 1.0 / only_second + common / (only_first * only_second)).sqrt();
    let unseen = only_first * only_second / common;
    let end = |sign: f64| n + k - m - 0.5 + unseen * (sign * Z * spread).exp();
    let found = n + k - m;
    let interval = Interval { lower: end(-1.0).max(found), upper: end(1.0).max(found) };
    Some(Total { total, standard_error: variance.sqrt(), interval })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::chapman;

    /// Skalski, Robson and Simmons, Ecology 64 (1983): cottontail rabbits, 87 marked, 14 seen of which 7 were marked. As
    /// worked in the notes of the course WILD8390, "Lincoln-Petersen model"
    /// (<https://sites.google.com/site/wild8390/home/spring-2019/lecture-lab-schedule/5-capture-mark-recapture-cmr/lincoln-petersen-model>):
    /// 93.8 to 234.2 by two errors either side of the estimate, which is then 164 with error 35.8.
    #[test]
    fn cottontail_rabbits() {
        let found = chapman(87, 14, 7).unwrap();
        assert!((found.total - 164.0).abs() < 1e-9, "{found:?}");
        let reach = 1.96 * found.standard_error;
        assert!(
            (found.total - reach - 93.8).abs() < 0.05 && (found.total + reach - 234.2).abs() < 0.05,
            "{found:?}"
        );
    }

    /// A usual example, 10 marked, 15 caught of which 5 were marked: 16 x 11 / 6 - 1 = 28.3 by hand, and 21.94 to 64.67 by the
    /// formula of Sadinle's interval in NumPy 2.4.6 and SciPy 1.17.1. No printed source was at hand.
    #[test]
    fn turtles() {
        let found = chapman(10, 15, 5).unwrap();
        assert!((found.total - 28.333_333_333).abs() < 1e-8, "{found:?}");
        assert_eq!((found.interval.lower.round(), found.interval.upper.round()), (22.0, 65.0), "{found:?}");
    }

    #[test]
    fn lists_that_tell_nothing() {
        assert_eq!(chapman(0, 5, 0), None);
        assert_eq!(chapman(5, 3, 4), None);
        let apart = chapman(5, 3, 0).unwrap();
        assert_eq!(apart.total, 23.0);
        assert!(apart.interval.upper > 100.0, "{apart:?}");
        let same = chapman(4, 4, 4).unwrap();
        assert_eq!((same.total, same.standard_error, same.interval.lower), (4.0, 0.0, 4.0));
    }
}
