//! Measures whose unit is not a pupil: the filter's work and how much of it the logs show; and recorded concerns,
//! whose unit is one (rules 6, 25, 26).

use super::band::governors;
use super::policy::{LEAST_IDENTIFIED_PERCENT, MOST_MISSING_DAYS_PERCENT};
use super::sealed::{OperationalMeasure, Shown};

/// Fewer requests than this are not told.
const LEAST_REQUESTS: u64 = 1_000;

/// Fewer than this of a count of events is not told (rule 25).
const LEAST_EVENTS: u64 = 10;

/// Said of a measure that needs records which nobody has kept for the period.
const NOT_MEASURED: &str = "Not measured";

/// The measures that parents may have as they stand (rule 26); of over-blocking they have a coarser one.
const FOR_PARENTS: [&str; 4] =
    ["checks_done", "sites_opened_nearest_5", "canary_panel", "commonest_stopped_categories"];

/// Over-blocking, for governors and for parents.
const OVERBLOCKING: [&str; 2] = ["overblocking_percent", "overblocking_nearest_5_percent"];

/// A part of a whole, both in records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) part: u64,
    pub(super) whole: u64,
}

/// Requests to open a site, and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unblocks {
    pub(super) requests: u64,
    pub(super) decided: u64,
    pub(super) opened: u64,
    /// Twice the median number of days from request to decision.
    pub(super) median_half_days: Option<u64>,
    /// Requests with a reason written down.
    pub(super) with_reason: Share,
    /// Decisions by another person than the one who asked, of those where both are known.
    pub(super) by_two: Share,
    /// Temporary openings that ran out and were not taken back on their day.
    pub(super) expired: u64,
    /// Different sites.
    pub(super) sites_opened: u64,
}

/// Tests of the filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Checks {
    pub(super) done: u64,
    /// Of those whose row tells what should have happened.
    pub(super) as_expected: Share,
    /// Different categories, groups and types of device that were tried.
    pub(super) categories: u64,
    pub(super) groups: u64,
    pub(super) device_types: u64,
}

/// Over-blocking by an audit of a sample, in whole per cents; made of reviewers' labels alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AuditedShare {
    pub(super) percent: u8,
    pub(super) least_percent: u8,
    pub(super) most_percent: u8,
}

/// Sites that pupils must be able to reach, and those of them that were stopped for some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CanaryPanel {
    pub(super) stopped: usize,
    pub(super) sites: usize,
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
    /// None where no list of changes and no ticket was taken in.
    pub(super) unblocks: Option<Unblocks>,
    /// None where no test was taken in.
    pub(super) checks: Option<Checks>,
    /// None where nobody has reviewed a sample of 100 attempts by 30 pupils.
    pub(super) overblocking: Option<AuditedShare>,
    /// Per cent of the blocked attempts whose site was opened soon after, downwards; none without a list of changes,
    /// or below 100 attempts by 30 pupils.
    pub(super) overblocking_at_least: Option<u8>,
    /// None where lessons, or who was active in them, are not known for the whole period.
    pub(super) lesson_blocks: Option<u64>,
    /// None where there is no panel, or where logs show no decision.
    pub(super) canary_panel: Option<CanaryPanel>,
    /// Distinct pupils, who are shown as a band alone; none where no list of incidents reaches the period's end.
    pub(super) recorded_concerns: Option<u32>,
}

impl Operations {
    /// Whether the logs can carry pupil figures at all (correction A).
    pub(super) fn can_carry_pupil_figures(&self) -> bool {
        let Share { part, whole } = self.tied;
        whole > 0 && part * 100 >= whole * LEAST_IDENTIFIED_PERCENT && self.has_the_days()
    }

    /// Whether there are logs of nearly all of the period: of a part of it nothing is told as if of the whole.
    pub(super) fn has_the_days(&self) -> bool {
        self.school_days > 0 && self.missing_days * 100 <= self.school_days * MOST_MISSING_DAYS_PERCENT
    }

    /// The measures in fixed order; what cannot be measured is left out.
    pub(super) fn measures(&self, of_parents_size: bool) -> Vec<OperationalMeasure> {
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
            measures.extend(percent(share).map(|shown| measure(id, title, shown)));
        }
        measures.extend(self.of_the_filter());
        measures.extend(self.unblocks.iter().flat_map(of_unblocks));
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

impl Operations {
    /// How the filter was tried and audited. What is not recorded says so in the same words.
    fn of_the_filter(&self) -> Vec<OperationalMeasure> {
        let or_not = |shown: Option<String>| shown.unwrap_or_else(|| NOT_MEASURED.to_owned());
        let mut measures = vec![
            measure(
                "overblocking_percent",
                "Stopped attempts that should have been let through, by staff's review of a random sample",
                or_not(self.overblocking.map(|share| {
                    format!(
                        "{} % (between {} and {} %)",
                        share.percent, share.least_percent, share.most_percent
                    )
                })),
            ),
            measure(
                "overblocking_at_least_percent",
                "Stopped attempts on a site that was opened for good within 30 days, so that stopping it was wrong",
                or_not(self.overblocking_at_least.map(|percent| format!("at least {percent} %"))),
            ),
            measure(
                "lesson_blocks",
                "Times that five or more of a year group or other group, and half of those of it who were online, met the same stopped site in a lesson",
                or_not(self.lesson_blocks.map(events)),
            ),
            measure(
                "canary_panel",
                "Sites for help and learning that are known to have been stopped for pupils who must be able to reach them; of what nobody asked for nothing is known",
                or_not(self.canary_panel.map(|panel| format!("{} of {} sites", panel.stopped, panel.sites))),
            ),
        ];
        let checks = self.checks.as_ref();
        measures.push(measure(
            "checks_done",
            "Tests of the filter",
            or_not(checks.map(|checks| format!("{} tests", thousands(checks.done)))),
        ));
        if let Some(checks) = checks {
            let coverage = format!(
                "{} categories, {} groups, {} types of device",
                checks.categories, checks.groups, checks.device_types
            );
            measures.push(measure("checks_coverage", "What the tests tried", coverage));
            let passed = percent(checks.as_expected);
            measures.extend(passed.map(|shown| {
                measure("checks_as_expected_percent", "Tests that ended as they should", shown)
            }));
        }
        measures
    }
}

fn of_unblocks(unblocks: &Unblocks) -> Vec<OperationalMeasure> {
    let number = |id, title, value| measure(id, title, thousands(value));
    let mut measures = vec![
        number("unblock_requests", "Requests to open a site", unblocks.requests),
        number("unblock_decided", "Of these, decided", unblocks.decided),
        number("unblock_opened", "Of these, opened", unblocks.opened),
    ];
    measures.extend(unblocks.median_half_days.map(|twice| {
        let half = if twice % 2 == 1 { ".5" } else { "" };
        measure(
            "unblock_median_days",
            "Days from a request to its decision, median",
            format!("{}{half} {}", twice / 2, if twice == 2 { "day" } else { "days" }),
        )
    }));
    for (id, title, share) in [
        ("unblock_reason_percent", "Requests with a reason written down", unblocks.with_reason),
        ("unblock_two_people_percent", "Decisions by another person than the one who asked", unblocks.by_two),
    ] {
        measures.extend(percent(share).map(|shown| measure(id, title, shown)));
    }
    measures.push(number(
        "unblock_expired",
        "Temporary openings that ran out and were not taken back in time",
        unblocks.expired,
    ));
    measures.push(measure(
        "sites_opened_nearest_5",
        "Sites opened after a request, to the nearest 5",
        format!("{} sites", thousands((unblocks.sites_opened + 2) / 5 * 5)),
    ));
    measures
}

fn measure(id: &str, title: &str, shown: String) -> OperationalMeasure {
    OperationalMeasure { id: id.to_owned(), title: title.to_owned(), shown }
}

/// A count of events; few are covered as few pupils are.
fn events(number: u64) -> String {
    if number < LEAST_EVENTS { format!("fewer than {LEAST_EVENTS}") } else { thousands(number) }
}

/// Those of a governors' set's measures that parents get, of nothing but that set (rule 2).
pub(super) fn for_parents(measures: &[OperationalMeasure]) -> Vec<OperationalMeasure> {
    let [exact, coarse] = OVERBLOCKING;
    let of_parents = |known: &OperationalMeasure| match known.id.as_str() {
        id if id == exact => Some(measure(
            coarse,
            "Stopped attempts that should have been let through, by staff's review of a random sample",
            nearest_5(&known.shown),
        )),
        id => FOR_PARENTS.contains(&id).then(|| known.clone()),
    };
    measures.iter().filter_map(of_parents).collect()
}

/// A whole per cent with its interval, to the nearest 5; other words as they are.
fn nearest_5(shown: &str) -> String {
    let percent = shown.split_once(" %").and_then(|(percent, _)| percent.parse::<u8>().ok());
    match percent.map(|percent| percent.saturating_add(2) / 5 * 5) {
        None => NOT_MEASURED.to_owned(),
        Some(0) => "less than 3 %".to_owned(),
        Some(percent) => format!("about {percent} %"),
    }
}

/// The measure of recorded concerns; it stands with the figures about pupils.
pub const RECORDED_CONCERNS: &str = "recorded_concerns_pupils";

/// Recorded concerns are pupils: a band, or the words that any group of pupils has (rules 10 and 25).
pub(super) fn recorded_concerns(operations: &Operations, counted: u32) -> Option<OperationalMeasure> {
    let shown = match operations.recorded_concerns {
        None => NOT_MEASURED.to_owned(),
        Some(pupils) => match governors(pupils, counted)? {
            band @ Shown::Band { .. } => format!("{} of {} pupils", band.words(), thousands(counted.into())),
            token => token.words(),
        },
    };
    Some(measure(
        RECORDED_CONCERNS,
        "Pupils with a concern on the school's own records of any of the kinds in the tables, without those that name staff",
        shown,
    ))
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
            measures.iter().find(|measure| measure.id == "requests").map(|measure| measure.shown.clone())
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
        assert_eq!(shown[..4], ["1 of 62 school days", "6.3 %", "66.7 %", "100.0 %"]);
    }

    #[test]
    fn parents_get_the_order_of_everyday_categories_and_no_number() {
        let operations = Operations {
            commonest_stopped: vec!["games".to_owned(), "adverts".to_owned()],
            requests: 50_000,
            ..logs(9, 10, 0, 60)
        };
        let shown = |of_parents_size| -> Vec<(String, String)> {
            let measures = for_parents(&operations.measures(of_parents_size)).into_iter();
            measures.map(|measure| (measure.id, measure.shown)).collect()
        };
        let pair = |id: &str, shown: &str| (id.to_owned(), shown.to_owned());
        let not = "Not measured";
        let small = [OVERBLOCKING[1], "canary_panel", "checks_done"].map(|id| pair(id, not));
        assert_eq!(shown(false), small, "roll under 200");
        assert_eq!(shown(true).last(), Some(&pair("commonest_stopped_categories", "games; adverts")));
    }

    #[test]
    fn what_staff_did_is_told_as_it_is() {
        let unblocks = Unblocks {
            requests: 40,
            decided: 36,
            opened: 30,
            median_half_days: Some(3),
            with_reason: Share { part: 30, whole: 40 },
            by_two: Share { part: 0, whole: 0 },
            expired: 2,
            sites_opened: 27,
        };
        let checks = Checks {
            done: 48,
            as_expected: Share { part: 47, whole: 48 },
            categories: 6,
            groups: 4,
            device_types: 2,
        };
        let operations =
            Operations { unblocks: Some(unblocks), checks: Some(checks), ..Operations::default() };
        let measures = operations.measures(false);
        let shown =
            |id: &str| measures.iter().find(|measure| measure.id == id).map(|measure| measure.shown.as_str());
        assert_eq!(shown("overblocking_percent"), Some("Not measured"));
        assert_eq!(shown("unblock_median_days"), Some("1.5 days"));
        assert_eq!(shown("unblock_reason_percent"), Some("75.0 %"));
        assert_eq!(shown("unblock_two_people_percent"), None, "nobody can tell");
        assert_eq!(shown("checks_coverage"), Some("6 categories, 4 groups, 2 types of device"));
        assert_eq!(shown("checks_as_expected_percent"), Some("97.9 %"));
        // 27 sites: 25; the exact number is the staff's process and for governors.
        assert_eq!(shown("sites_opened_nearest_5"), Some("25 sites"));
        let parents: Vec<_> = for_parents(&measures).into_iter().map(|measure| measure.id).collect();
        assert_eq!(parents, [OVERBLOCKING[1], "canary_panel", "checks_done", "sites_opened_nearest_5"]);
        assert_eq!((events(9).as_str(), events(10).as_str()), ("fewer than 10", "10"));
    }

    #[test]
    fn what_was_audited_is_coarser_for_parents() {
        let share = AuditedShare { percent: 13, least_percent: 8, most_percent: 21 };
        let operations = Operations {
            overblocking: Some(share),
            overblocking_at_least: Some(3),
            lesson_blocks: Some(9),
            canary_panel: Some(CanaryPanel { stopped: 2, sites: 31 }),
            ..Operations::default()
        };
        let measures = operations.measures(false);
        let shown = |measures: &[OperationalMeasure], id: &str| {
            measures.iter().find(|measure| measure.id == id).map(|measure| measure.shown.clone())
        };
        assert_eq!(shown(&measures, "overblocking_percent").as_deref(), Some("13 % (between 8 and 21 %)"));
        assert_eq!(shown(&measures, "overblocking_at_least_percent").as_deref(), Some("at least 3 %"));
        assert_eq!(shown(&measures, "lesson_blocks").as_deref(), Some("fewer than 10"));
        let parents = for_parents(&measures);
        assert_eq!(shown(&parents, OVERBLOCKING[1]).as_deref(), Some("about 15 %"));
        assert_eq!(shown(&parents, "canary_panel").as_deref(), Some("2 of 31 sites"));
        for id in ["overblocking_percent", "overblocking_at_least_percent", "lesson_blocks"] {
            assert_eq!(shown(&parents, id), None);
        }
        let rounded = [0, 2, 3, 7, 8, 97, 98, 100].map(|percent| nearest_5(&format!("{percent} % (between")));
        let about = ["5", "5", "10", "95", "100", "100"].map(|percent| format!("about {percent} %"));
        assert_eq!(rounded[..2], ["less than 3 %"; 2]);
        assert_eq!(rounded[2..], about);
        assert_eq!(nearest_5(NOT_MEASURED), NOT_MEASURED);
    }

    #[test]
    fn recorded_concerns_are_pupils() {
        let shown = |pupils| {
            let operations = Operations { recorded_concerns: pupils, ..Operations::default() };
            recorded_concerns(&operations, 410).map(|measure| measure.shown).unwrap_or_default()
        };
        assert_eq!(shown(None), "Not measured");
        for few in [0, 1, 9] {
            assert_eq!(shown(Some(few)), "fewer than 10 (may be none)");
        }
        assert_eq!(
            (shown(Some(10)), shown(Some(17))),
            ("10-14 of 410 pupils".into(), "15-19 of 410 pupils".into())
        );
        for many in [401, 410, 411] {
            assert_eq!(shown(Some(many)), "all or nearly all");
        }
        // `compose` has no such line for fewer than 30 pupils.
        let one = Operations { recorded_concerns: Some(1), ..Operations::default() };
        assert_eq!(recorded_concerns(&one, 29), None);
    }
}
