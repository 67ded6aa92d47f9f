//! How a number of pupils is shown: a band, or words (rule 10, correction B).

use super::policy::GOVERNORS;
use super::sealed::Shown;

/// The governors' form of `pupils` out of a group of public size `group`; none if the group is too
/// small to be a row at all (n < 3k).
///
/// Whether anybody stands in a group of fewer than k can never be told, and neither can whether
/// anybody stands outside of all but k: both ends are covered alike.
pub(super) fn governors(pupils: u32, group: u32) -> Option<Shown> {
    let (k, b) = (GOVERNORS.threshold_pupils, GOVERNORS.band_pupils);
    if group < 3 * k {
        return None;
    }
    if pupils < k {
        return Some(Shown::FewerThan { n: k });
    }
    // Somebody who left during the year can make more pupils than the October roll has.
    if group.saturating_sub(pupils) < k {
        return Some(Shown::AllOrNearly);
    }
    let top = group - k;
    let top_band = top / b * b;
    let from = pupils / b * b;
    // The last band is cut off at n - k. Cut narrower than b it would say more than any other, so
    // it and the band below it are one.
    let narrow = top - top_band + 1 < b;
    Some(if narrow && from + b >= top_band {
        Shown::Band { from: top_band - b, to: top }
    } else {
        Shown::Band { from, to: from + b - 1 }
    })
}

/// The least and the greatest number of pupils behind a governors' form; none where there is no
/// figure.
pub(super) fn governor_ends(shown: &Shown, group: u32) -> Option<(u32, u32)> {
    match shown {
        Shown::Band { from, to } => Some((*from, *to)),
        Shown::FewerThan { n } => Some((0, n - 1)),
        Shown::AllOrNearly => Some((group + 1 - GOVERNORS.threshold_pupils, group)),
        Shown::NotBrokenDown | Shown::NotAvailable => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]
    use super::*;
    use proptest::prelude::*;

    fn words(pupils: u32, group: u32) -> String {
        governors(pupils, group).unwrap().words()
    }

    #[test]
    fn village_primary_of_62() {
        assert_eq!(words(17, 62), "15-19");
        assert_eq!(words(11, 62), "10-14");
        for few in [6, 1, 2, 0, 3] {
            assert_eq!(words(few, 62), "fewer than 10 (may be none)");
        }
        assert_eq!(governors(5, 24), None, "24 infants are never a row");
    }

    #[test]
    fn eight_of_a_year_group_of_31() {
        assert_eq!(words(8, 31), "fewer than 10 (may be none)");
    }

    #[test]
    fn all_of_a_group_is_covered_like_none() {
        assert_eq!(words(30, 30), "all or nearly all");
        assert_eq!(words(21, 30), "all or nearly all");
        assert_eq!(words(20, 30), "15-20");
        assert_eq!(words(400, 390), "all or nearly all");
    }

    #[test]
    fn a_narrow_last_band_joins_the_one_below() {
        for pupils in 45..=50 {
            assert_eq!(words(pupils, 60), "45-50");
        }
        assert_eq!(words(44, 60), "40-44");
        assert_eq!(words(51, 60), "all or nearly all");
        // n - k = 54: the last band is whole.
        assert_eq!(words(54, 64), "50-54");
        assert_eq!(words(49, 64), "45-49");
    }

    #[test]
    fn every_group_is_cut_into_wide_bands_that_leave_no_gap() {
        for group in 30..=1_500_u32 {
            let mut next = 0;
            while next <= group {
                let shown = governors(next, group).unwrap();
                let (from, to) = governor_ends(&shown, group).unwrap();
                assert_eq!(from, next, "bands of {group} touch");
                assert!(to - from + 1 >= 5);
                if let Shown::Band { .. } = shown {
                    assert!(from >= 10 && to + 10 <= group);
                    assert!(to - from < 9);
                }
                for inside in from..=to {
                    assert_eq!(governors(inside, group).as_ref(), Some(&shown), "{inside} of {group}");
                }
                next = to + 1;
            }
        }
    }

    proptest! {
        #[test]
        fn more_pupils_never_look_like_fewer(group in 30..3_000_u32, a in 0..3_100_u32, b in 0..3_100_u32) {
            let (few, many) = (a.min(b), a.max(b));
            let few = governor_ends(&governors(few, group).unwrap(), group).unwrap();
            let many = governor_ends(&governors(many, group).unwrap(), group).unwrap();
            prop_assert!(few.0 <= many.0 && few.1 <= many.1);
        }
    }
}
