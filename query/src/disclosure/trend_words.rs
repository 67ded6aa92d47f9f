//! What changed since the period before, in words, from sealed figures only (rule 14).

use super::band::governor_ends;
use super::cascade::parent_ends;
use super::policy::AudienceWord;
use super::sealed::Shown;

/// One row's figure and the public size of its group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figure<'a> {
    pub(super) shown: &'a Shown,
    pub(super) group: u32,
}

/// `higher`, `lower`, `no clear change`; none where either figure is small or missing, for then
/// the word would say more than the figure.
pub(super) fn change(before: Figure<'_>, now: Figure<'_>, audience: AudienceWord) -> Option<String> {
    let ends = |figure: Figure<'_>| match figure.shown {
        Shown::FewerThan { .. } => None,
        shown => match audience {
            AudienceWord::Governors => governor_ends(shown, figure.group),
            AudienceWord::Parents => parent_ends(shown, figure.group),
        },
    };
    let (before, now) = (ends(before)?, ends(now)?);
    let word = if now.0 > before.1 {
        "higher"
    } else if now.1 < before.0 {
        "lower"
    } else {
        "no clear change"
    };
    Some(word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(before: &Shown, now: &Shown) -> Option<String> {
        let at = |shown| Figure { shown, group: 410 };
        change(at(before), at(now), AudienceWord::Governors)
    }

    #[test]
    fn a_fall_below_ten_is_not_commented() {
        assert_eq!(said(&Shown::Band { from: 10, to: 14 }, &Shown::FewerThan { n: 10 }), None);
        assert_eq!(said(&Shown::FewerThan { n: 10 }, &Shown::Band { from: 10, to: 14 }), None);
        assert_eq!(said(&Shown::NotAvailable, &Shown::Band { from: 10, to: 14 }), None);
    }

    #[test]
    fn bands_that_touch_nowhere_are_higher_or_lower() {
        let (low, high) = (Shown::Band { from: 10, to: 14 }, Shown::Band { from: 15, to: 19 });
        assert_eq!(said(&low, &high).as_deref(), Some("higher"));
        assert_eq!(said(&high, &low).as_deref(), Some("lower"));
        assert_eq!(said(&low, &low).as_deref(), Some("no clear change"));
        assert_eq!(said(&Shown::Band { from: 395, to: 400 }, &Shown::AllOrNearly).as_deref(), Some("higher"));
    }

    #[test]
    fn bands_that_overlap_because_the_roll_changed_are_no_clear_change() {
        let (before, now) = (Shown::Band { from: 45, to: 50 }, Shown::Band { from: 50, to: 54 });
        let words = change(
            Figure { shown: &before, group: 60 },
            Figure { shown: &now, group: 64 },
            AudienceWord::Governors,
        );
        assert_eq!(words.as_deref(), Some("no clear change"));
    }
}
