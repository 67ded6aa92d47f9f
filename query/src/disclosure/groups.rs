//! The group tree: whole school, key stages, year groups. Its leaves partition the counted pupils.

use ingest::settings::year_group::sealed_key_stage;

use super::compose::YearOnRoll;
use super::policy::GOVERNORS;
use super::sealed::{Parts, SealedGroup, WHOLE_SCHOOL};
use super::statements::year_words;

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) id: String,
    name: String,
    pub(super) parent: Option<usize>,
    pub(super) parts: Vec<usize>,
    /// Public size in pupils.
    pub(super) pupils: u32,
    /// Its leaves: from the first, up to but without the second.
    pub(super) leaves: (usize, usize),
}

/// All groups, parents before their parts, leaves in the order of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GroupTree {
    groups: Vec<Group>,
    leaf_groups: Vec<usize>,
}

impl GroupTree {
    /// The tree of a public roll. Year groups that share log-ins are in none of its groups.
    pub(super) fn of_roll(roll: &[YearOnRoll]) -> Self {
        let mut years: Vec<(i8, u32)> = roll
            .iter()
            .filter(|year| !year.shared_log_ins)
            .filter_map(|year| Some((year.year_group?, year.pupils)))
            .collect();
        years.sort_unstable();
        let known: u32 = years.iter().map(|(_, pupils)| pupils).sum();
        let unknown: u32 = roll.iter().filter(|year| year.year_group.is_none()).map(|year| year.pupils).sum();
        let mut tree = Builder::new(known + unknown);
        // A roll that is known for the school as a whole has no parts.
        let mut stage: Option<(&'static str, usize)> = None;
        for (at, (year, pupils)) in years.iter().enumerate().filter(|_| unknown == 0) {
            let Some(key_stage) = sealed_key_stage(*year) else { continue };
            let parent = match stage.filter(|(known, _)| *known == key_stage) {
                Some((_, parent)) => parent,
                None => {
                    let of_stage: Vec<(i8, u32)> = years[at..]
                        .iter()
                        .take_while(|(year, _)| sealed_key_stage(*year) == Some(key_stage))
                        .copied()
                        .collect();
                    let sum = of_stage.iter().map(|(_, pupils)| pupils).sum();
                    tree.add(key_stage, stage_words(key_stage, &of_stage), 0, sum)
                }
            };
            stage = Some((key_stage, parent));
            tree.add(&year_id(*year), year_words(*year), parent, *pupils);
        }
        tree.finish()
    }

    /// A school that is not broken down.
    pub(super) fn whole(pupils: u32) -> Self {
        Builder::new(pupils).finish()
    }

    /// The tree of a sealed set; none if what stands there is no tree.
    pub(super) fn of_sealed(sealed: &[SealedGroup]) -> Option<Self> {
        let (first, rest) = sealed.split_first()?;
        if first.id != WHOLE_SCHOOL || !first.parent.is_empty() {
            return None;
        }
        let mut tree = Builder::new(first.pupils);
        for group in rest {
            let parent = tree.groups.iter().position(|known| known.id == group.parent)?;
            tree.add(&group.id, group.name.clone(), parent, group.pupils);
        }
        let tree = tree.finish();
        // Parts that stand apart, or that do not make up their group, are no tree of ours.
        let whole = tree.groups.iter().all(|group| {
            group.parts.is_empty()
                || group.parts.iter().map(|part| tree.groups[*part].pupils).sum::<u32>() == group.pupils
        });
        let in_order = tree.groups.iter().zip(sealed).all(|(group, sealed)| group.id == sealed.id);
        (whole && in_order).then_some(tree)
    }

    /// As it stands in a sealed set.
    pub(super) fn sealed(&self) -> Vec<SealedGroup> {
        let sealed = |(at, group): (usize, &Group)| SealedGroup {
            id: group.id.clone(),
            name: group.name.clone(),
            parent: group.parent.map(|parent| self.groups[parent].id.clone()).unwrap_or_default(),
            pupils: group.pupils,
            parts: self.parts(at),
        };
        self.groups.iter().enumerate().map(sealed).collect()
    }

    /// Whether the parts of a group have rows, by their public sizes alone.
    pub(super) fn parts(&self, group: usize) -> Parts {
        let parts = &self.groups[group].parts;
        let least = 3 * GOVERNORS.threshold_pupils;
        if parts.is_empty() {
            Parts::None
        } else if parts.iter().all(|part| self.groups[*part].pupils >= least) {
            Parts::Rows
        } else {
            Parts::Never
        }
    }

    /// Whether a group that is no whole school has rows: its group's parts do, and so on upwards.
    pub(super) fn has_rows(&self, group: usize) -> bool {
        match self.groups[group].parent {
            Some(parent) => self.parts(parent) == Parts::Rows && self.has_rows(parent),
            None => true,
        }
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Group of each leaf.
    pub(super) fn leaf_groups(&self) -> &[usize] {
        &self.leaf_groups
    }

    /// The leaf that a pupil of that year group is in; none if in no table (correction A).
    pub(super) fn leaf_of(&self, year_group: Option<i16>) -> Option<usize> {
        let year = i8::try_from(year_group?).ok()?;
        if self.groups.len() == 1 {
            return Some(0);
        }
        let id = year_id(year);
        self.leaf_groups.iter().position(|group| self.groups[*group].id == id)
    }

    /// Sums of a number of each leaf, for each group.
    pub(super) fn sums(&self, leaves: &[u32]) -> Vec<u32> {
        let sum = |group: &Group| leaves[group.leaves.0..group.leaves.1].iter().sum();
        self.groups.iter().map(sum).collect()
    }
}

struct Builder {
    groups: Vec<Group>,
}

impl Builder {
    fn new(pupils: u32) -> Self {
        let whole = Group {
            id: WHOLE_SCHOOL.to_owned(),
            name: "Whole school".to_owned(),
            parent: None,
            parts: Vec::new(),
            pupils,
            leaves: (0, 0),
        };
        Self { groups: vec![whole] }
    }

    fn add(&mut self, id: &str, name: String, parent: usize, pupils: u32) -> usize {
        let at = self.groups.len();
        self.groups[parent].parts.push(at);
        self.groups.push(Group {
            id: id.to_owned(),
            name,
            parent: Some(parent),
            parts: Vec::new(),
            pupils,
            leaves: (0, 0),
        });
        at
    }

    fn finish(mut self) -> GroupTree {
        let leaf_groups: Vec<usize> =
            (0..self.groups.len()).filter(|at| self.groups[*at].parts.is_empty()).collect();
        // Parts stand behind their group, one group after the other: leaves of a group are neighbours.
        for at in (0..self.groups.len()).rev() {
            let own = leaf_groups.iter().position(|leaf| *leaf == at).map(|leaf| (leaf, leaf + 1));
            let parts = self.groups[at].parts.iter().map(|part| self.groups[*part].leaves);
            let around = parts.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
            self.groups[at].leaves = own.or(around).unwrap_or_default();
        }
        GroupTree { groups: self.groups, leaf_groups }
    }
}

fn year_id(year: i8) -> String {
    match year {
        ..=-1 => "YN".to_owned(),
        0 => "YR".to_owned(),
        year => format!("Y{year}"),
    }
}

/// `Reception to Year 2`, after the year groups that are counted.
fn stage_words(key_stage: &str, years: &[(i8, u32)]) -> String {
    let number = key_stage.trim_start_matches("KS");
    match (years.first(), years.last()) {
        (Some((first, _)), Some((last, _))) if first == last => {
            format!("Key stage {number} ({})", year_words(*first))
        }
        (Some((first, _)), Some((last, _))) => {
            format!("Key stage {number} ({} to {})", year_words(*first), year_words(*last))
        }
        _ => format!("Key stage {number}"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]
    use super::*;

    /// A roll as `(year group, pupils)`.
    pub(in super::super) fn roll(years: &[(i8, u32)]) -> Vec<YearOnRoll> {
        let year = |(year, pupils): &(i8, u32)| YearOnRoll {
            year_group: Some(*year),
            pupils: *pupils,
            shared_log_ins: false,
        };
        years.iter().map(year).collect()
    }

    #[test]
    fn a_primary_is_cut_into_two_stages_and_reception_stands_in_the_first() {
        let tree =
            GroupTree::of_roll(&roll(&[(0, 60), (1, 58), (2, 60), (3, 57), (4, 60), (5, 55), (6, 60)]));
        let sealed = tree.sealed();
        let ids: Vec<&str> = sealed.iter().map(|group| group.id.as_str()).collect();
        assert_eq!(ids, ["school", "KS1", "YR", "Y1", "Y2", "KS2", "Y3", "Y4", "Y5", "Y6"]);
        assert_eq!((sealed[0].pupils, sealed[1].pupils, sealed[5].pupils), (410, 178, 232));
        assert_eq!(sealed[1].name, "Key stage 1 (Reception to Year 2)");
        assert_eq!(sealed[2].parent, "KS1");
        assert!(sealed.iter().all(|group| group.parts != Parts::Never));
        assert_eq!((tree.leaf_of(Some(0)), tree.leaf_of(Some(6))), (Some(0), Some(6)));
        assert_eq!((tree.leaf_of(Some(7)), tree.leaf_of(None)), (None, None));
        assert_eq!(tree.sums(&[1, 2, 3, 4, 5, 6, 7])[5], 22);
        assert_eq!(GroupTree::of_sealed(&sealed).unwrap(), tree);
    }

    #[test]
    fn a_small_part_keeps_all_parts_out() {
        let tree = GroupTree::of_roll(&roll(&[(0, 8), (1, 8), (2, 8), (3, 10), (4, 9), (5, 9), (6, 10)]));
        assert_eq!(tree.sealed()[0].parts, Parts::Never);
        assert!((1..tree.groups().len()).all(|group| !tree.has_rows(group)));
        assert!(tree.has_rows(0));
    }

    #[test]
    fn shared_log_ins_and_a_roll_without_years_leave_less_to_break_down() {
        let mut years = roll(&[(1, 30), (2, 30), (3, 40)]);
        years[0].shared_log_ins = true;
        let tree = GroupTree::of_roll(&years);
        assert_eq!(tree.groups()[0].pupils, 70);
        assert_eq!(tree.sealed()[1].name, "Key stage 1 (Year 2)");
        assert_eq!(tree.leaf_of(Some(1)), None);
        let whole =
            GroupTree::of_roll(&[YearOnRoll { year_group: None, pupils: 300, shared_log_ins: false }]);
        assert_eq!((whole.groups().len(), whole.leaf_groups().len()), (1, 1));
        assert_eq!((whole.leaf_of(Some(9)), whole.leaf_of(None)), (Some(0), None));
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let tree = GroupTree::of_roll(&roll(&[(7, 200), (8, 210)])).sealed();
        let mut wrong = tree.clone();
        wrong[2].pupils += 1;
        assert_eq!(GroupTree::of_sealed(&wrong), None);
        let mut wrong = tree.clone();
        wrong[1].parent = "KS9".to_owned();
        assert_eq!(GroupTree::of_sealed(&wrong), None);
        assert_eq!(GroupTree::of_sealed(&[]), None);
    }
}
