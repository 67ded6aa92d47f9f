//! Intervals, one method per file, each held to published values.

mod count;
mod divergence;
mod false_discovery;
mod jackknife;
mod share;

pub use count::count_interval;
pub use divergence::jensen_shannon;
pub use false_discovery::{benjamini_hochberg, same_share};
pub use jackknife::{Cluster, ClusteredShare, clustered_share, clustered_wilson};
pub use share::wilson;

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
