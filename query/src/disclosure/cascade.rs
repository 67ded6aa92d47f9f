//! The parents' figure, from the governors' band and from nothing else (rule 2, correction C).

use super::band::{governor_ends, governors};
use super::policy::PARENTS;
use super::sealed::Shown;

/// The parents' form of a governors' form.
pub(super) fn parents(shown: &Shown, group: u32) -> Shown {
    let (k, b) = (PARENTS.threshold_pupils, PARENTS.band_pupils);
    let Some((from, to)) = governor_ends(shown, group) else { return shown.clone() };
    if to + k > group {
        Shown::AllOrNearly
    } else if from < k {
        Shown::FewerThan { n: k }
    } else {
        let from = from / b * b;
        Shown::Band { from, to: from + b - 1 }
    }
}

/// The least and the greatest number of pupils behind a parents' form; none where there is no
/// figure.
pub(super) fn parent_ends(shown: &Shown, group: u32) -> Option<(u32, u32)> {
    match shown {
        Shown::Band { from, to } => Some((*from, *to)),
        Shown::FewerThan { n } => Some((0, n - 1)),
        Shown::AllOrNearly => {
            // The governors' band that holds n - k is the first to be "all or nearly all", unless
            // it ends there.
            let edge = group.saturating_sub(PARENTS.threshold_pupils);
            let (from, to) = governor_ends(&governors(edge, group)?, group)?;
            Some((if to > edge { from } else { edge + 1 }, group))
        }
        Shown::NotBrokenDown | Shown::NotAvailable => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]
    use super::*;

    fn band(from: u32, to: u32) -> Shown {
        Shown::Band { from, to }
    }

    #[test]
    fn secondary_of_1030() {
        assert_eq!(parents(&band(95, 99), 1_030), band(90, 99));
        assert_eq!(parents(&band(25, 29), 1_030), band(20, 29));
        assert_eq!(parents(&band(15, 19), 1_030), Shown::FewerThan { n: 20 });
        assert_eq!(parents(&Shown::FewerThan { n: 10 }, 1_030), Shown::FewerThan { n: 20 });
        assert_eq!(parents(&Shown::FewerThan { n: 10 }, 1_030).words(), "fewer than 20 (may be none)");
    }

    #[test]
    fn nearly_all_begins_twenty_from_the_end() {
        assert_eq!(parents(&band(175, 179), 200), band(170, 179));
        assert_eq!(parents(&band(180, 184), 200), Shown::AllOrNearly);
        assert_eq!(parents(&Shown::AllOrNearly, 200), Shown::AllOrNearly);
        assert_eq!(parent_ends(&Shown::AllOrNearly, 200), Some((180, 200)));
        // 204 - 20 = 184 ends a governors' band.
        assert_eq!(parent_ends(&Shown::AllOrNearly, 204), Some((185, 204)));
    }

    #[test]
    fn what_is_missing_stays_missing() {
        assert_eq!(parents(&Shown::NotAvailable, 300), Shown::NotAvailable);
    }

    /// Whoever holds both sets knows what the governors' set says and no more: each parents' form
    /// is a union of whole governors' forms.
    #[test]
    fn parents_forms_are_unions_of_governors_forms() {
        for group in 60..=1_500_u32 {
            let mut last: Option<Shown> = None;
            let mut seen: Vec<Shown> = Vec::new();
            for pupils in 0..=group {
                let above = governors(pupils, group).unwrap();
                let below = parents(&above, group);
                let (from, to) = governor_ends(&above, group).unwrap();
                let (wide_from, wide_to) = parent_ends(&below, group).unwrap();
                assert!(wide_from <= from && to <= wide_to, "{pupils} of {group}: {above:?} in {below:?}");
                if let Shown::Band { from, to } = below {
                    assert!(from >= 20 && to - from == 9);
                    assert!(pupils >= 20 && group - pupils >= 20);
                }
                if last.as_ref() != Some(&below) {
                    assert!(!seen.contains(&below), "{below:?} comes twice at {group}");
                    seen.push(below.clone());
                    last = Some(below);
                }
            }
        }
    }
}
