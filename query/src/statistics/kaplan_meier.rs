//! Kaplan and Meier's estimate: how long something took where some are still waiting.
//!
//! Journal of the American Statistical Association 53, 1958. The interval is Greenwood's variance on the
//! scale of log(-log S), which keeps within 0 and 1. Where nothing was seen yet, or all was, that
//! variance is 0 and would feign certainty: there the exact binomial end of those still at risk stands.

use super::{Interval, Z};

/// What is small beside every survival that counts of people can make.
const ROUNDING: f64 = 1e-12;

/// One wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wait {
    /// How long, in whatever unit; 0 or more.
    pub time: f64,
    /// It ended then; else it was still going on when it was last looked at.
    pub ended: bool,
}

/// One time at which waits ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The time.
    pub time: f64,
    /// Waits that had not ended before it.
    pub at_risk: u64,
    /// Waits that ended at it.
    pub ended: u64,
    /// Share that goes on after it.
    pub survival: f64,
    /// Greenwood's sum up to it: the variance of the logarithm of `survival`.
    pub greenwood: f64,
}

/// The share that still waits, over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    steps: Vec<Step>,
    waits: Vec<Wait>,
}

/// A time by which a share of waits has ended, and its interval; an end is none where the waits were not
/// followed for long enough to tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeBy {
    /// The time.
    pub time: Option<f64>,
    /// Lower end, 95 % (Brookmeyer and Crowley, Biometrics 38, 1982).
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
}

/// The curve of some waits; none of none.
#[must_use]
pub fn kaplan_meier(waits: &[Wait]) -> Option<Curve> {
    let mut waits: Vec<Wait> = waits.iter().copied().filter(|wait| wait.time >= 0.0).collect();
    if waits.is_empty() {
        return None;
    }
    waits.sort_by(|one, other| one.time.total_cmp(&other.time));
    let mut times: Vec<f64> = waits.iter().filter(|wait| wait.ended).map(|wait| wait.time).collect();
    times.dedup();
    let (mut survival, mut greenwood) = (1.0, 0.0);
    let steps = times.into_iter().map(|time| {
        let at_risk = waits.iter().filter(|wait| wait.time >= time).count() as u64;
        let ended = waits.iter().filter(|wait| wait.ended && wait.time == time).count() as u64;
        let (risk, gone) = (at_risk as f64, ended as f64);
        survival *= (risk - gone) / risk;
        greenwood += gone / (risk * (risk - gone));
        Step { time, at_risk, ended, survival, greenwood }
    });
    Some(Curve { steps: steps.collect(), waits })
}

impl Curve {
    /// The times at which waits ended, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Share of waits that have ended by a time, with its 95 % interval.
    #[must_use]
    pub fn ended_by(&self, time: f64) -> (f64, Interval) {
        let survival =
            self.steps.iter().rev().find(|step| step.time <= time).map_or(1.0, |step| step.survival);
        let of = self.going_on(time);
        (1.0 - survival, Interval { lower: 1.0 - of.upper, upper: 1.0 - of.lower })
    }

    /// Interval of the share that goes on after a time.
    fn going_on(&self, time: f64) -> Interval {
        match self.steps.iter().rev().find(|step| step.time <= time) {
            Some(step) if step.survival > ROUNDING => {
                let reach = Z * step.greenwood.sqrt() / step.survival.ln().abs();
                Interval { lower: step.survival.powf(reach.exp()), upper: step.survival.powf((-reach).exp()) }
            }
            Some(_) => Interval { lower: 0.0, upper: 1.0 - 0.025_f64.powf(1.0 / self.waits.len() as f64) },
            None => {
                let followed = self.waits.iter().filter(|wait| wait.time >= time).count().max(1);
                Interval { lower: 0.025_f64.powf(1.0 / followed as f64), upper: 1.0 }
            }
        }
    }

    /// The first time by which at least this share of the waits has ended.
    #[must_use]
    pub fn time_by(&self, share: f64) -> TimeBy {
        let left = 1.0 - share + ROUNDING;
        let first =
            |of: &dyn Fn(&Step) -> f64| self.steps.iter().find(|step| of(step) <= left).map(|step| step.time);
        TimeBy {
            time: first(&|step| step.survival),
            lower: first(&|step| self.going_on(step.time).lower),
            upper: first(&|step| self.going_on(step.time).upper),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::*;

    fn waits(text: &str) -> Vec<Wait> {
        let wait = |word: &str| Wait {
            time: word.trim_end_matches('+').parse().unwrap(),
            ended: !word.ends_with('+'),
        };
        text.split_whitespace().map(wait).collect()
    }

    /// Weeks in remission under 6-mercaptopurine (Freireich and others, Blood 21, 1963).
    const REMISSION: &str = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+";

    /// The table that R's `survival` prints for these data (`summary(survfit(Surv(t2, relapse) ~ 1, data = drug6mp))`, the
    /// data set of the package KMsurv, which goes with Klein and Moeschberger, "Survival Analysis").
    #[test]
    fn remission_under_mercaptopurine() {
        let curve = kaplan_meier(&waits(REMISSION)).unwrap();
        let expected = [
            (6.0, 21, 3, 0.857, 0.0764),
            (7.0, 17, 1, 0.807, 0.0869),
            (10.0, 15, 1, 0.753, 0.0963),
            (13.0, 12, 1, 0.690, 0.1068),
            (16.0, 11, 1, 0.627, 0.1141),
            (22.0, 7, 1, 0.538, 0.1282),
            (23.0, 6, 1, 0.448, 0.1346),
        ];
        assert_eq!(curve.steps().len(), expected.len());
        for (step, (time, at_risk, ended, survival, error)) in curve.steps().iter().zip(expected) {
            assert_eq!((step.time, step.at_risk, step.ended), (time, at_risk, ended));
            assert!((step.survival - survival).abs() < 5e-4, "{step:?}");
            assert!((step.survival * step.greenwood.sqrt() - error).abs() < 1e-4, "{step:?}");
        }
        // lifelines 0.30: KaplanMeierFitter, whose interval is the same; R's `conf.type = "log-log"` agrees.
        let (ended, interval) = curve.ended_by(10.5);
        assert!((ended - 0.247_058_823_529_411_7).abs() < 1e-12);
        assert!((interval.lower - (1.0 - 0.889_362)).abs() < 1e-6, "{interval:?}");
        assert!((interval.upper - (1.0 - 0.503_200)).abs() < 1e-6, "{interval:?}");
        assert_eq!(curve.time_by(0.5), TimeBy { time: Some(23.0), lower: Some(13.0), upper: None });
        assert_eq!(curve.time_by(0.9).time, None);
    }

    #[test]
    fn nothing_seen_and_everything_seen_are_no_certainty() {
        assert_eq!(kaplan_meier(&[]), None);
        let none = kaplan_meier(&waits("10+ 10+ 10+ 10+")).unwrap();
        // 4 followed, none ended: 1 - 0.025^(1/4) = 0.6024.
        let (share, interval) = none.ended_by(1.0);
        assert_eq!((share, interval.lower), (0.0, 0.0));
        assert!((interval.upper - 0.6024).abs() < 5e-5);
        assert_eq!(none.time_by(0.5), TimeBy { time: None, lower: None, upper: None });
        let all = kaplan_meier(&waits("0 0 0 0")).unwrap();
        let (share, interval) = all.ended_by(0.0);
        assert_eq!((share, interval.upper), (1.0, 1.0));
        assert!((interval.lower - (1.0 - 0.6024)).abs() < 5e-5, "{interval:?}");
    }

    #[test]
    fn a_wait_that_is_cut_off_when_another_ends_was_still_at_risk() {
        let curve = kaplan_meier(&waits("2 2+ 5")).unwrap();
        assert_eq!(curve.steps()[0].at_risk, 3);
        assert!((curve.steps()[0].survival - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(curve.steps()[1].survival, 0.0);
    }
}
