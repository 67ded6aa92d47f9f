//! Which days a question is about.

use ingest::settings::calendar::Calendar;
use jiff::Span;
use jiff::civil::Date;

use crate::disclosure::table::CoveredPeriod;
use crate::error::{Error, Kind};
use crate::service::Ask;

/// What the figures need to know of a school's calendar.
pub(crate) trait SchoolDays: std::fmt::Debug + Send + Sync {
    /// Whether pupils are in school.
    fn is_school_day(&self, date: Date) -> bool;
    /// First and last day of `2025-autumn` or `2025-26`.
    fn period(&self, word: &str) -> Option<(Date, Date)>;
    /// `A1 week 3`, where the calendar knows.
    fn week_name(&self, monday: Date) -> Option<String>;
}

impl SchoolDays for Calendar {
    fn is_school_day(&self, date: Date) -> bool {
        self.day(date).school_day
    }

    fn period(&self, word: &str) -> Option<(Date, Date)> {
        Self::period(self, word).ok().map(|period| (period.from, period.to))
    }

    fn week_name(&self, monday: Date) -> Option<String> {
        let sunday = monday.checked_add(Span::new().days(6)).ok()?;
        let week = self.weeks(monday, sunday).into_iter().next()?;
        Some(format!("{} week {}", week.half_term?.word(), week.half_term_week?))
    }
}

/// The days asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// First local day.
    pub(crate) from: Date,
    /// Last local day.
    pub(crate) to: Date,
    /// School days within, in order.
    pub(crate) school_days: Vec<Date>,
}

impl Window {
    /// The days that `ask` names, else the last term that began before the newest data, up to the
    /// newest data or yesterday: tonight's file is not missing yet.
    pub(crate) fn choose(
        ask: &Ask,
        calendar: &dyn SchoolDays,
        newest: Option<Date>,
        today: Date,
    ) -> Result<Self, Error> {
        let known = newest.unwrap_or(today);
        let finished = known.max(today.yesterday().unwrap_or(today));
        let from = ask.from.or(ask.since);
        let (from, to) = if let Some(word) = ask.period.as_deref().filter(|_| from.is_none()) {
            let (first, last) = calendar.period(word).ok_or_else(|| {
                Error::new(Kind::Configuration, "the calendar has no period of that name")
                    .help("name a term as `2025-autumn` or an academic year as `2025-26`; `watershed check` lists them")
            })?;
            (first, ask.to.unwrap_or_else(|| last.min(finished.max(first))))
        } else {
            let (first, last) = last_term(calendar, known).unwrap_or((days_before(known, 89), known));
            let to = ask.to.unwrap_or(if from.is_some() { finished } else { last.min(finished.max(first)) });
            (from.unwrap_or(first.min(to)), to)
        };
        if from > to {
            return Err(Error::new(
                Kind::Configuration,
                format!("the first day {from} is after the last day {to}"),
            )
            .help("give an earlier `--from` or a later `--to`"));
        }
        Ok(Self::between(from, to, calendar))
    }

    /// The days between two, both included.
    pub(crate) fn between(from: Date, to: Date, calendar: &dyn SchoolDays) -> Self {
        let days = from.series(Span::new().days(1)).take_while(|day| *day <= to);
        Self { from, to, school_days: days.filter(|day| calendar.is_school_day(*day)).collect() }
    }

    /// As stated on a table.
    pub(crate) fn covered(&self) -> CoveredPeriod {
        CoveredPeriod {
            from: self.from.to_string(),
            to: self.to.to_string(),
            school_days: u32::try_from(self.school_days.len()).unwrap_or(u32::MAX),
        }
    }

    /// Mondays of the weeks that have a school day, with the number of their school days.
    pub(crate) fn weeks(&self) -> Vec<(Date, usize)> {
        let mut weeks: Vec<(Date, usize)> = Vec::new();
        for day in &self.school_days {
            let monday = days_before(*day, i64::from(day.weekday().to_monday_zero_offset()));
            match weeks.last_mut() {
                Some((last, number)) if *last == monday => *number += 1,
                _ => weeks.push((monday, 1)),
            }
        }
        weeks
    }
}

fn days_before(date: Date, days: i64) -> Date {
    Span::new().try_days(days).ok().and_then(|span| date.checked_sub(span).ok()).unwrap_or(date)
}

/// The term that began last on or before a day.
fn last_term(calendar: &dyn SchoolDays, date: Date) -> Option<(Date, Date)> {
    let year = date.year();
    [(year, "autumn"), (year, "summer"), (year, "spring"), (year - 1, "autumn")]
        .into_iter()
        .filter_map(|(year, term)| calendar.period(&format!("{year}-{term}")))
        .filter(|(first, _)| *first <= date)
        .max()
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use jiff::civil::date;

    use super::*;

    /// Two terms; weekdays are school days but for 27 to 31 October.
    #[derive(Debug)]
    pub(crate) struct TwoTerms;

    impl SchoolDays for TwoTerms {
        fn is_school_day(&self, day: Date) -> bool {
            let in_term = ["2025-autumn", "2026-spring"]
                .iter()
                .any(|word| self.period(word).is_some_and(|(first, last)| (first..=last).contains(&day)));
            let half_term = (date(2025, 10, 27)..=date(2025, 10, 31)).contains(&day);
            in_term && !half_term && day.weekday().to_monday_zero_offset() < 5
        }
        fn period(&self, word: &str) -> Option<(Date, Date)> {
            match word {
                "2025-autumn" => Some((date(2025, 9, 3), date(2025, 12, 19))),
                "2026-spring" => Some((date(2026, 1, 5), date(2026, 3, 27))),
                "2025-26" => Some((date(2025, 9, 1), date(2026, 8, 31))),
                _ => None,
            }
        }
        fn week_name(&self, monday: Date) -> Option<String> {
            (monday == date(2025, 9, 8)).then(|| "A1 week 2".to_owned())
        }
    }

    #[test]
    fn without_days_it_is_the_last_term_with_data() {
        let today = date(2026, 7, 1);
        let window = Window::choose(&Ask::default(), &TwoTerms, Some(date(2025, 12, 12)), today).unwrap();
        assert_eq!((window.from, window.to), (date(2025, 9, 3), date(2025, 12, 19)));
        // 3 September to 19 December are 78 weekdays; five are half-term.
        assert_eq!(window.school_days.len(), 73);
    }

    #[test]
    fn a_term_that_still_runs_ends_yesterday_or_with_the_data() {
        let today = date(2025, 11, 12);
        let quiet = Window::choose(&Ask::default(), &TwoTerms, Some(date(2025, 11, 7)), today).unwrap();
        assert_eq!(quiet.to, date(2025, 11, 11));
        let live = Window::choose(&Ask::default(), &TwoTerms, Some(today), today).unwrap();
        assert_eq!(live.to, today);
    }

    #[test]
    fn days_and_periods_can_be_named() {
        let today = date(2026, 7, 1);
        let ask = Ask { period: Some("2026-spring".to_owned()), ..Ask::default() };
        assert_eq!(Window::choose(&ask, &TwoTerms, None, today).unwrap().from, date(2026, 1, 5));
        let ask = Ask { period: Some("2031-autumn".to_owned()), ..Ask::default() };
        let unknown = Window::choose(&ask, &TwoTerms, None, today).unwrap_err();
        // What was typed may be a name: it is not said again.
        assert!(
            unknown.to_string().contains("no period of that name") && !unknown.to_string().contains("2031")
        );
        assert!(unknown.helping().is_some_and(|help| help.contains("2025-autumn")));
        let ask = Ask { from: Some(date(2025, 10, 1)), to: Some(date(2025, 9, 1)), ..Ask::default() };
        assert_eq!(Window::choose(&ask, &TwoTerms, None, today).unwrap_err().kind(), Kind::Configuration);
    }

    #[test]
    fn weeks_count_school_days_only() {
        let window = Window::between(date(2025, 9, 1), date(2025, 11, 4), &TwoTerms);
        let weeks = window.weeks();
        assert_eq!(weeks.first(), Some(&(date(2025, 9, 1), 3)));
        assert_eq!(weeks.last(), Some(&(date(2025, 11, 3), 2)));
        assert!(weeks.iter().all(|(monday, _)| *monday != date(2025, 10, 27)));
    }
}
