//! Linear programs over what is known. Their answers are proposals; see `whole_table`.

use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};

use super::super::policy::GOVERNORS;
use super::system::{Ends, System, UNION};

/// Why a breakdown is withheld, chosen for one program: a part with too many or too few pupils.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    pub(super) column: usize,
    pub(super) part: usize,
    /// Too few are in the row; else too few are outside of it.
    pub(super) few: bool,
}

impl Reason {
    /// The part's ends for that reason.
    pub(super) fn ends(self, system: &System) -> Ends {
        let pupils = system.tree.groups()[self.part].pupils;
        let (k, b) = (GOVERNORS.threshold_pupils, GOVERNORS.band_pupils);
        if self.few {
            Ends { least: 0, most: (k + b - 1).min(pupils) }
        } else {
            Ends { least: (pupils + 1).saturating_sub(k), most: pupils }
        }
    }
}

/// Numbers of each column and leaf for which the weighted sum is greatest; none where the solver
/// finds none.
pub(super) fn greatest(
    system: &System,
    bounds: &[Vec<Ends>],
    reasons: &[Reason],
    weight: &dyn Fn(usize, usize) -> f64,
) -> Option<Vec<Vec<f64>>> {
    let mut bounds = bounds.to_vec();
    for reason in reasons {
        let ends = reason.ends(system);
        let known = &mut bounds[reason.column][reason.part];
        known.least = known.least.max(ends.least);
        known.most = known.most.min(ends.most);
        if known.least > known.most {
            return None;
        }
    }
    let groups = system.tree.groups();
    let mut problem = Problem::new(OptimizationDirection::Maximize);
    let mut variables: Vec<Vec<Variable>> = Vec::with_capacity(bounds.len());
    for (column, ends) in bounds.iter().enumerate() {
        let of_leaf = |(leaf, group): (usize, &usize)| {
            let ends = ends[*group];
            problem.add_var(weight(column, leaf), (f64::from(ends.least), f64::from(ends.most)))
        };
        variables.push(system.tree.leaf_groups().iter().enumerate().map(of_leaf).collect());
    }
    for (column, ends) in bounds.iter().enumerate() {
        for (ends, group) in ends.iter().zip(groups).filter(|(_, group)| !group.parts.is_empty()) {
            let leaves = &variables[column][group.leaves.0..group.leaves.1];
            let sum: Vec<(Variable, f64)> = leaves.iter().map(|leaf| (*leaf, 1.0)).collect();
            if ends.least > 0 {
                problem.add_constraint(sum.as_slice(), ComparisonOp::Ge, f64::from(ends.least));
            }
            if ends.most < group.pupils {
                problem.add_constraint(sum.as_slice(), ComparisonOp::Le, f64::from(ends.most));
            }
        }
    }
    for leaf in 0..system.leaves() {
        let union = variables[UNION][leaf];
        let mut all = vec![(union, 1.0)];
        for column in &variables[UNION + 1..] {
            problem.add_constraint([(column[leaf], 1.0), (union, -1.0)].as_slice(), ComparisonOp::Le, 0.0);
            all.push((column[leaf], -1.0));
        }
        problem.add_constraint(all.as_slice(), ComparisonOp::Le, 0.0);
    }
    let solution = problem.solve().ok()?.into_solution().ok()?;
    Some(
        variables
            .iter()
            .map(|column| column.iter().map(|leaf| solution.var_value(*leaf)).collect())
            .collect(),
    )
}
