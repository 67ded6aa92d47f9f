//! Measures whose unit is not a pupil: the filter's work and how much of it the logs show
//! (rules 6, 25, 26).

use super::policy::{LEAST_IDENTIFIED_PERCENT, MOST_MISSING_DAYS_PERCENT};
use super::sealed::OperationalMeasure;

/// Fewer requests than this are not told.
const LEAST_REQUESTS: u64 = 1_000;

/// The one measure so far that parents may have as well.
const FOR_PARENTS: [&str; 1] = ["commonest_stopped_categories"];

/// A part of a whole, both in records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) part: u64,
    pub(super) whole: u64,
}

/// What the period's logs look like as logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Operations {
    /// School days by the calendar.
    pub(super) school_days: u32,
    /// Those without any record.
    pub(super) missing_days: u32,
    /// Records of everybody, without what is never reported.
    pub(super) requests: u64,
    /// Acts tied to one pupil of a known year group, of all that a counted pupil may have done.
    pub(super) tied: Share,
    /// Records tied to one person, of those of everybody but staff, as in `coverage`.
    pub(super) identified: Share,
    /// Records whose whole address the filter saw.
    pub(super) decrypted: Share,
    /// Records with a category that the taxonomy knows.
    pub(super) categorised: Share,
    /// Everyday categories most often stopped, commonest first.
    pub(super) commonest_stopped: Vec<String>,
}

impl Operations {
    /// Whether the logs can carry pupil figures at all (correction A).
    pub(super) fn can_carry_pupil_figures(&self) -> bool {
        let Share { part, whole } = self.tied;
        self.school_days > 0
            && whole > 0
            && part * 100 >= whole * LEAST_IDENTIFIED_PERCENT
            && self.missing_days * 100 <= self.school_days * MOST_MISSING_DAYS_PERCENT
    }

    /// The measures in fixed order; what cannot be measured is left out.
    pub(super) fn measures(&self, of_parents_size: bool) -> Vec<OperationalMeasure> {
        let measure = |id: &str, title: &str, shown: String| OperationalMeasure {
            id: id.to_owned(),
            title: title.to_owned(),
            shown,
        };
        let mut measures = Vec::new();
        if self.school_days > 0 {
            measures.push(measure(
                "missing_days",
                "School days without any log",
                format!("{} of {} school days", self.missing_days, self.school_days),
            ));
        }
        if self.requests >= LEAST_REQUESTS {
            measures.push(measure(
                "requests",
                "Requests that the filter handled, all users together",
                format!("about {} requests", thousands(two_figures(self.requests))),
            ));
        }
        for (id, title, share) in [
            (
                "identified_percent",
                "Records of everybody but staff that are tied to one person",
                self.identified,
            ),
            (
                "decrypted_percent",
                "Records of everybody but staff whose whole address the filter could see",
                self.decrypted,
            ),
            ("categorised_percent", "Records of everybody but staff with a known category", self.categorised),
        ] {
            if let Some(shown) = percent(share) {
                measures.push(measure(id, title, shown));
            }
        }
        if of_parents_size && !self.commonest_stopped.is_empty() {
            measures.push(measure(
                "commonest_stopped_categories",
                "Commonest everyday categories among the requests that were stopped, in order",
                self.commonest_stopped.join("; "),
            ));
        }
        measures
    }
}

/// Those of a governors' set's measures that parents get.
pub(super) fn for_parents(measures: &[OperationalMeasure]) -> Vec<OperationalMeasure> {
    measures.iter().filter(|measure| FOR_PARENTS.contains(&measure.id.as_str())).cloned().collect()
}

/// Per cent with one decimal place, rounded half up.
fn percent(share: Share) -> Option<String> {
    let Share { part, whole } = share;
    let thousandths = (u128::from(part) * 2_000 + u128::from(whole)).checked_div(u128::from(whole) * 2)?;
    Some(format!("{}.{} %", thousandths / 10, thousandths % 10))
}

/// Two significant figures, rounded half up.
fn two_figures(value: u64) -> u64 {
    let mut step = 1;
    while value / step >= 100 {
        step *= 10;
    }
    (value + step / 2) / step * step
}

fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs(part: u64, whole: u64, missing_days: u32, school_days: u32) -> Operations {
        Operations {
            school_days,
            missing_days,
            tied: Share { part, whole },
            identified: Share { part, whole },
            ..Operations::default()
        }
    }

    #[test]
    fn incomplete_logs_carry_no_pupil_figures() {
        assert!(logs(80, 100, 6, 60).can_carry_pupil_figures());
        assert!(!logs(79, 100, 0, 60).can_carry_pupil_figures());
        assert!(!logs(100, 100, 7, 60).can_carry_pupil_figures());
        assert!(!logs(0, 0, 0, 60).can_carry_pupil_figures());
        assert!(!logs(100, 100, 0, 0).can_carry_pupil_figures());
    }

    #[test]
    fn requests_have_two_figures_and_are_many() {
        assert_eq!(two_figures(1_049), 1_000);
        assert_eq!(two_figures(1_050), 1_100);
        assert_eq!(two_figures(99_499), 99_000);
        assert_eq!(two_figures(99_500), 100_000);
        assert_eq!(two_figures(1_234_567), 1_200_000);
        let shown = |requests| {
            let measures = Operations { requests, ..Operations::default() }.measures(false);
            measures.first().map(|measure| measure.shown.clone())
        };
        assert_eq!(shown(999), None);
        assert_eq!(shown(1_000).as_deref(), Some("about 1,000 requests"));
        // One more request, on an illegal list or not, changes no visible digit.
        assert_eq!(shown(1_234_567), shown(1_234_568));
        assert_eq!(shown(1_234_567).as_deref(), Some("about 1,200,000 requests"));
    }

    #[test]
    fn shares_and_days_are_exact() {
        let operations = Operations {
            decrypted: Share { part: 2, whole: 3 },
            categorised: Share { part: 1, whole: 1 },
            ..logs(1, 16, 1, 62)
        };
        let shown: Vec<_> = operations.measures(true).into_iter().map(|measure| measure.shown).collect();
        assert_eq!(shown, ["1 of 62 school days", "6.3 %", "66.7 %", "100.0 %"]);
    }

    #[test]
    fn parents_get_the_order_of_everyday_categories_and_no_number() {
        let operations = Operations {
            commonest_stopped: vec!["games".to_owned(), "adverts".to_owned()],
            requests: 50_000,
            ..logs(9, 10, 0, 60)
        };
        let parents = for_parents(&operations.measures(true));
        assert_eq!(parents.len(), 1);
        assert_eq!(parents[0].shown, "games; adverts");
        assert!(for_parents(&operations.measures(false)).is_empty(), "roll under 200");
    }
}
