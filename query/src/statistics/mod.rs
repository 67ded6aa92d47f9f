//! Intervals, charts and ratios, one method per file, each held to published values or to another program.

mod chapman;
mod concentration;
mod count;
mod divergence;
mod false_discovery;
mod interrupted;
mod jackknife;
mod kaplan_meier;
mod kappa;
mod laney;
mod rare;
mod ratio;
mod run_rules;
mod segmentation;
mod share;
#[cfg(test)]
mod simulated_tests;
mod stratified;
mod student;
mod xmr;

pub use chapman::{Total, chapman};
pub use concentration::effective_number;
pub use count::count_interval;
pub use divergence::jensen_shannon;
pub use false_discovery::{benjamini_hochberg, same_share};
pub use interrupted::{Corners, LEAST, Moved, PartOf, interrupted};
pub use jackknife::{Cluster, ClusteredShare, clustered_share, clustered_wilson};
pub use kaplan_meier::{Curve, Step, TimeBy, Wait, kaplan_meier};
pub use kappa::{Kappa, cohen_kappa};
pub use laney::{Counted, Laney, laney_p, laney_u};
pub use rare::{from_nelson, g_chart, nelson, t_chart};
pub use ratio::{ClusteredRatio, clustered_ratio};
pub use run_rules::{Placed, Rule, RuleSet, Side, signals};
pub use segmentation::{median, stretches};
pub use share::wilson;
pub use stratified::{Sampled, StratifiedRatio, stratified_ratio};
pub use xmr::{Limits, individuals};

/// Two ends of an interval, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl Interval {
    /// Both ends times a factor (a share to a rate per 1,000).
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { lower: self.lower * factor, upper: self.upper * factor }
    }
}

/// Standard normal quantile of 0.975: every interval here has the level 95 %.
const Z: f64 = 1.959_963_984_540_054;
