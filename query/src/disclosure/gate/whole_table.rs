//! Whole-number tables that fit what is shown; the only proof that the gate takes.

use super::system::{System, UNION};

/// One number for each column and leaf, and their sums for each group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WholeTable {
    leaves: Vec<Vec<u32>>,
    sums: Vec<Vec<u32>>,
}

impl WholeTable {
    /// The table, if it fits everything that the system knows.
    pub(super) fn fitting(system: &System, leaves: Vec<Vec<u32>>) -> Option<Self> {
        let sums: Vec<Vec<u32>> = leaves.iter().map(|column| system.tree.sums(column)).collect();
        let within = sums.iter().zip(&system.bounds).all(|(sums, bounds)| {
            sums.iter().zip(bounds).all(|(sum, ends)| (ends.least..=ends.most).contains(sum))
        });
        let united = (0..system.leaves()).all(|leaf| {
            let rows = leaves[UNION + 1..].iter().map(|column| column[leaf]);
            let union = leaves[UNION][leaf];
            rows.clone().all(|pupils| pupils <= union) && union <= rows.sum::<u32>()
        });
        let explained = || system.withheld.iter().all(|held| system.explains(held, &sums[held.column]));
        (within && united && explained()).then_some(Self { leaves, sums })
    }

    /// Pupils of a group in a column.
    pub(super) fn pupils(&self, column: usize, group: usize) -> u32 {
        self.sums[column][group]
    }

    /// A table near one of fractions, rounded along the leaves from a starting fraction for each
    /// column: sums of neighbouring leaves, and every group is one, are rounded up or down too.
    pub(super) fn near(system: &System, fractions: &[Vec<f64>], starts: &[f64]) -> Option<Self> {
        let mut leaves: Vec<Vec<u32>> = fractions
            .iter()
            .zip(starts)
            .map(|(column, start)| {
                let (mut sum, mut before) = (0.0, 0.0);
                column
                    .iter()
                    .map(|value| {
                        sum += value.max(0.0);
                        let now = (sum + start).floor();
                        let whole = now - before;
                        before = now;
                        whole.clamp(0.0, f64::from(u32::MAX)) as u32
                    })
                    .collect()
            })
            .collect();
        for leaf in 0..system.leaves() {
            let rows = leaves[UNION + 1..].iter().map(|column| column[leaf]);
            let (least, most) = (rows.clone().max().unwrap_or(0), rows.sum());
            leaves[UNION][leaf] = leaves[UNION][leaf].max(least).min(most);
        }
        Self::fitting(system, leaves)
    }

    /// The fractions on the way to another table, `part` of it done.
    pub(super) fn towards(&self, other: &Self, part: f64) -> Vec<Vec<f64>> {
        let between = |(one, two): (&u32, &u32)| f64::from(*one) + (f64::from(*two) - f64::from(*one)) * part;
        self.leaves
            .iter()
            .zip(&other.leaves)
            .map(|(one, two)| one.iter().zip(two).map(between).collect())
            .collect()
    }
}
