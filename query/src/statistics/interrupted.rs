//! An interrupted series with controls: whether a rate moved more where something was changed than elsewhere.
//!
//! The ratio of rate ratios, (after / before) of those affected over (after / before) of the others, on the
//! logarithm's scale: differences of differences. Days of one pupil are alike, so the interval leaves out
//! one pupil at a time (the jackknife) and widens for few pupils by Student's t.

use super::Interval;
use super::student::t_quantile;

/// Least count in each of the four corners; below, a ratio says nothing.
pub const LEAST: f64 = 5.0;

/// A count over a denominator.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PartOf {
    /// Days with what is counted.
    pub part: f64,
    /// All days.
    pub whole: f64,
}

/// What one pupil adds to each of the four corners.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Corners {
    /// Affected, before.
    pub affected_before: PartOf,
    /// Affected, after.
    pub affected_after: PartOf,
    /// Not affected, before.
    pub others_before: PartOf,
    /// Not affected, after.
    pub others_after: PartOf,
}

impl Corners {
    fn all(&self) -> [PartOf; 4] {
        [self.affected_before, self.affected_after, self.others_before, self.others_after]
    }

    fn from_all([affected_before, affected_after, others_before, others_after]: [PartOf; 4]) -> Self {
        Self { affected_before, affected_after, others_before, others_after }
    }

    /// The sum over pupils.
    #[must_use]
    pub fn sum(pupils: &[Self]) -> Self {
        let mut sum = [PartOf::default(); 4];
        for pupil in pupils {
            for (total, own) in sum.iter_mut().zip(pupil.all()) {
                total.part += own.part;
                total.whole += own.whole;
            }
        }
        Self::from_all(sum)
    }

    fn without(&self, pupil: &Self) -> Self {
        let mut left = self.all();
        for (total, own) in left.iter_mut().zip(pupil.all()) {
            total.part -= own.part;
            total.whole -= own.whole;
        }
        Self::from_all(left)
    }

    /// The logarithm of the ratio of rate ratios; none where a corner is empty.
    #[must_use]
    pub fn log_ratio(&self) -> Option<f64> {
        let mut logs = [0.0; 4];
        for (log, corner) in logs.iter_mut().zip(self.all()) {
            if corner.part <= 0.0 || corner.whole <= 0.0 {
                return None;
            }
            *log = (corner.part / corner.whole).ln();
        }
        Some((logs[1] - logs[0]) - (logs[3] - logs[2]))
    }
}

/// A ratio of rate ratios with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moved {
    /// The ratio; 1 is no change beside the others.
    pub ratio: f64,
    /// Interval, pupils left out one at a time.
    pub interval: Interval,
}

/// How far the rate of those affected moved beside that of the others; none where a corner counts fewer than
/// [`LEAST`] or rests on one pupil.
#[must_use]
pub fn interrupted(pupils: &[Corners]) -> Option<Moved> {
    let active: Vec<&Corners> =
        pupils.iter().filter(|pupil| pupil.all().iter().any(|corner| corner.whole > 0.0)).collect();
    let sum = Corners::sum(pupils);
    if sum.all().iter().any(|corner| corner.part < LEAST) {
        return None;
    }
    let log = sum.log_ratio()?;
    let without = active.iter().map(|pupil| sum.without(pupil).log_ratio()).collect::<Option<Vec<f64>>>()?;
    let number = without.len() as f64;
    let mean = without.iter().sum::<f64>() / number;
    let variance = (number - 1.0) / number * without.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let reach = t_quantile(number - 1.0) * variance.sqrt();
    Some(Moved {
        ratio: log.exp(),
        interval: Interval { lower: (log - reach).exp(), upper: (log + reach).exp() },
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::*;

    fn of(part: f64, whole: f64) -> PartOf {
        PartOf { part, whole }
    }

    /// John Snow, "On the Mode of Communication of Cholera", 2nd edition, 1855: deaths per 10,000 people supplied
    /// by Lambeth, which moved its intake, 85 in 1849 and 19 in 1854; by Southwark and Vauxhall, which did not, 135
    /// and 147 (as Coleman sums them up, "Causality in the Time of Cholera", 2019). (19 / 85) / (147 / 135) = 0.2053.
    #[test]
    fn snow_on_cholera() {
        let corners = Corners {
            affected_before: of(85.0, 10_000.0),
            affected_after: of(19.0, 10_000.0),
            others_before: of(135.0, 10_000.0),
            others_after: of(147.0, 10_000.0),
        };
        assert!((corners.log_ratio().unwrap().exp() - 0.205_282_112_845).abs() < 1e-9);
    }

    /// Six pupils, three of them affected; the interval from a few lines of numpy and scipy (leave-one-out of the log ratio,
    /// t with 5 degrees of freedom, 2.5706).
    #[test]
    fn six_pupils() {
        let affected = [(4.0, 1.0), (3.0, 2.0), (5.0, 3.0)];
        let others = [(4.0, 4.0), (2.0, 3.0), (5.0, 4.0)];
        let mut pupils: Vec<Corners> = affected
            .iter()
            .map(|(before, after)| Corners {
                affected_before: of(*before, 20.0),
                affected_after: of(*after, 20.0),
                ..Corners::default()
            })
            .collect();
        pupils.extend(others.iter().map(|(before, after)| Corners {
            others_before: of(*before, 20.0),
            others_after: of(*after, 20.0),
            ..Corners::default()
        }));
        let moved = interrupted(&pupils).unwrap();
        // Before 12 and 11, after 6 and 11: (6/12) / (11/11).
        assert!((moved.ratio - 0.5).abs() < 1e-12);
        assert!((moved.interval.lower - 0.218_932_85).abs() < 1e-7, "{moved:?}");
        assert!((moved.interval.upper - 1.141_902_62).abs() < 1e-7, "{moved:?}");
    }

    #[test]
    fn too_few_say_nothing() {
        let one = Corners {
            affected_before: of(9.0, 20.0),
            affected_after: of(9.0, 20.0),
            others_before: of(9.0, 20.0),
            others_after: of(4.0, 20.0),
        };
        assert_eq!(interrupted(&[one]), None, "four days in a corner");
        let enough = Corners { others_after: of(9.0, 20.0), ..one };
        assert_eq!(interrupted(&[enough]), None, "all of one pupil");
        assert_eq!(interrupted(&[]), None);
    }
}
