//! A figure by key stage and year group: all parts or none (rule 11).

use super::band::governors;
use super::groups::GroupTree;
use super::policy::GOVERNORS;
use super::sealed::Shown;

/// Whether a part of `group` pupils, `pupils` of them in the row, may be shown beside its siblings.
pub(super) fn may_be_shown(pupils: u32, group: u32) -> bool {
    let (k, b) = (GOVERNORS.threshold_pupils, GOVERNORS.band_pupils);
    group >= 3 * k && pupils >= k + b && pupils + k <= group
}

/// The form of each group's figure, from the number of pupils in each; none for a group that is in
/// no row. The whole school's comes first and is its own band.
///
/// A part is shown if all of its siblings may be, and the group that they are parts of is. Nothing
/// is chosen: whoever knows that one part may not be shown does not learn which.
pub(super) fn shown(tree: &GroupTree, pupils: &[u32]) -> Vec<Option<Shown>> {
    let groups = tree.groups();
    let mut forms: Vec<Option<Shown>> = Vec::with_capacity(groups.len());
    for (at, group) in groups.iter().enumerate() {
        let form = match group.parent {
            None => governors(pupils[at], group.pupils),
            Some(_) if !tree.has_rows(at) => None,
            Some(parent) => {
                let is_shown = parent == 0 || matches!(forms[parent], Some(Shown::Band { .. }));
                let all =
                    groups[parent].parts.iter().all(|part| may_be_shown(pupils[*part], groups[*part].pupils));
                if is_shown && all { governors(pupils[at], group.pupils) } else { Some(Shown::NotBrokenDown) }
            }
        };
        forms.push(form);
    }
    forms
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]
    use super::super::groups::tests::roll;
    use super::*;
    use proptest::prelude::*;

    fn words(years: &[(i8, u32)], leaves: &[u32]) -> Vec<String> {
        let tree = GroupTree::of_roll(&roll(years));
        let forms = shown(&tree, &tree.sums(leaves));
        forms.iter().map(|form| form.as_ref().map_or_else(|| "-".to_owned(), Shown::words)).collect()
    }

    const NOT: &str = "Not broken down";

    #[test]
    fn one_small_part_and_no_part_is_shown() {
        let years = [(7, 200), (8, 200), (10, 180), (11, 180)];
        // KS3 40 of 400, KS4 35 of 360; year 8 has 14.
        assert_eq!(words(&years, &[26, 14, 18, 17]), ["75-79", "40-44", NOT, NOT, "35-39", "15-19", "15-19"]);
        // KS4 14: neither stage, and no year group of either.
        assert_eq!(words(&years, &[26, 26, 7, 7]), ["65-69", NOT, NOT, NOT, NOT, NOT, NOT]);
    }

    #[test]
    fn nearly_all_of_a_part_is_covered_like_few() {
        let years = [(7, 40), (10, 40)];
        // 31 of 40 leave 9.
        assert_eq!(words(&years, &[31, 20]), ["50-54", NOT, NOT, NOT, NOT]);
        // 30 of 40 leave 10.
        assert_eq!(
            words(&years, &[30, 20]),
            ["50-54", "30-34", "30-34", "20-24", "20-24"].map(|w| {
                // n - k is 30: the last band is one pupil wide and joins the one below.
                if w == "30-34" { "25-30" } else { w }
            })
        );
    }

    #[test]
    fn parts_of_fewer_than_thirty_are_no_rows() {
        assert_eq!(
            words(&[(7, 29), (8, 60), (10, 80)], &[15, 15, 20]),
            ["50-54", "30-34", "-", "-", "20-24", "20-24"]
        );
    }

    proptest! {
        /// Each shown part is a band about 15 or more pupils that leaves 10 or more; siblings are
        /// shown together, and never below a group that is not.
        #[test]
        fn parts_come_together(
            sizes in prop::collection::vec(20..260_u32, 7),
            fills in prop::collection::vec(0.0..1.0_f64, 7),
        ) {
            let years: Vec<(i8, u32)> = [3, 4, 5, 6, 7, 8, 9].into_iter().zip(sizes.iter().copied()).collect();
            let leaves: Vec<u32> = sizes.iter().zip(&fills).map(|(n, f)| (f64::from(*n) * f) as u32).collect();
            let tree = GroupTree::of_roll(&roll(&years));
            let sums = tree.sums(&leaves);
            let forms = shown(&tree, &sums);
            for (at, group) in tree.groups().iter().enumerate().skip(1) {
                let parent = group.parent.unwrap();
                let band = |at: usize| matches!(forms[at], Some(Shown::Band { .. }));
                if let Some(Shown::Band { from, to }) = forms[at] {
                    prop_assert!(from >= 15 && to + 10 <= group.pupils && from <= sums[at] && sums[at] <= to);
                    prop_assert!(parent == 0 || band(parent));
                } else {
                    prop_assert!(matches!(forms[at], None | Some(Shown::NotBrokenDown)));
                }
                for sibling in &tree.groups()[parent].parts {
                    prop_assert_eq!(band(at), band(*sibling));
                }
            }
        }
    }
}
