//! The net under the bands: holds the headline back where the rows would give a hidden one away.

use super::band::governor_ends;
use super::policy::GOVERNORS;
use super::sealed::Shown;

/// Whether the headline, less everything that the rows can account for, proves a hidden row to be
/// more than empty.
///
/// Of the hidden rows all but one may hold k - 1 pupils each; what is then left over must stand in
/// the last. Nobody chooses here: the answer follows from what would be shown.
pub(super) fn holds_back(headline: &Shown, rows: &[Shown], group: u32) -> bool {
    let Some((least, _)) = governor_ends(headline, group) else { return false };
    let mut accounted = 0_u64;
    let mut hidden = 0_u64;
    for row in rows {
        match row {
            Shown::FewerThan { .. } => hidden += 1,
            shown => accounted += governor_ends(shown, group).map_or(0, |(_, most)| u64::from(most)),
        }
    }
    accounted += u64::from(GOVERNORS.threshold_pupils - 1) * hidden.saturating_sub(1);
    u64::from(least) > accounted
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]
    use super::super::band::governors;
    use super::*;
    use proptest::prelude::*;

    const FEW: Shown = Shown::FewerThan { n: 10 };

    fn band(from: u32) -> Shown {
        Shown::Band { from, to: from + 4 }
    }

    #[test]
    fn village_primary_holds() {
        // 15 - 14 - 6 x 9 = -53.
        let rows = [vec![band(10)], vec![FEW; 7]].concat();
        assert!(!holds_back(&band(15), &rows, 62));
    }

    #[test]
    fn eleven_rows_that_hardly_overlap_give_the_twelfth_away() {
        // 11 x 14 = 154 in the shown rows: a headline of 155-159 leaves at least 1 for the last.
        let rows = [vec![band(10); 11], vec![FEW]].concat();
        assert!(holds_back(&band(155), &rows, 1_030));
        assert!(!holds_back(&band(150), &rows, 1_030));
        // With a second hidden row nine more may stand there: 154 + 9 - 14 = 149.
        let rows = [vec![band(10); 10], vec![FEW; 2]].concat();
        assert!(holds_back(&band(150), &rows, 1_030));
        assert!(!holds_back(&band(145), &rows, 1_030));
    }

    #[test]
    fn one_short_of_the_edge_is_one_short() {
        // 20 - 14 - 0 = 6 and, with a second hidden row, 20 - 14 - 9 = -3.
        assert!(holds_back(&band(20), &[band(10), FEW], 410));
        assert!(!holds_back(&band(20), &[band(10), FEW, FEW], 410));
    }

    #[test]
    fn a_small_or_missing_headline_is_never_held_back() {
        assert!(!holds_back(&FEW, &[FEW, FEW], 410));
        assert!(!holds_back(&Shown::NotAvailable, &[band(10), FEW], 410));
    }

    proptest! {
        /// What the net promises: if it lets the headline pass, any one hidden row may be empty.
        #[test]
        fn what_passes_leaves_every_hidden_row_deniable(
            group in 30..1_500_u32,
            rows in prop::collection::vec(0..60_u32, 2..13),
            extra in 0..400_u32,
        ) {
            let rows: Vec<u32> = rows.into_iter().map(|pupils| pupils.min(group)).collect();
            let most = rows.iter().sum::<u32>().min(group);
            let least = rows.iter().copied().max().unwrap();
            let union = (least + extra).min(most);
            let forms: Vec<Shown> = rows.iter().map(|pupils| governors(*pupils, group).unwrap()).collect();
            let headline = governors(union, group).unwrap();
            let lower = i64::from(governor_ends(&headline, group).unwrap().0);
            for empty in 0..forms.len() {
                if forms[empty] != FEW {
                    continue;
                }
                let others: i64 = forms.iter().enumerate().filter(|(index, _)| *index != empty)
                    .map(|(_, form)| i64::from(governor_ends(form, group).unwrap().1)).sum();
                prop_assert_eq!(lower > others, holds_back(&headline, &forms, group));
            }
        }
    }
}
