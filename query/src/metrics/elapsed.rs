//! How long something took, in school days: holidays and weekends are nobody's delay.

use jiff::Span;
use jiff::civil::Date;

use crate::window::SchoolDays;

/// The school days between two days, to count with.
#[derive(Debug)]
pub(super) struct Elapsed {
    days: Vec<Date>,
}

impl Elapsed {
    /// School days from the first to the last, both included.
    pub(super) fn between(calendar: &dyn SchoolDays, from: Date, to: Date) -> Self {
        let days = from.series(Span::new().days(1)).take_while(|day| *day <= to);
        Self { days: days.filter(|day| calendar.is_school_day(*day)).collect() }
    }

    /// School days after one day up to another, that one included; negative the other way round.
    pub(super) fn days(&self, from: Date, to: Date) -> i64 {
        let until = |day: Date| self.days.partition_point(|known| *known <= day) as i64;
        until(to) - until(from)
    }
}

/// A day some days later, or earlier for a negative number.
pub(super) fn shifted(day: Date, days: i64) -> Date {
    Span::new().try_days(days).ok().and_then(|span| day.checked_add(span).ok()).unwrap_or(day)
}

/// Value below or at which a share of sorted values lies: the smallest that reaches it.
pub(super) fn quantile(sorted: &[i64], share: f64) -> Option<i64> {
    let rank = (share * sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::window::tests::TwoTerms;

    #[test]
    fn weekends_and_half_term_take_no_time() {
        let elapsed = Elapsed::between(&TwoTerms, date(2025, 9, 1), date(2025, 12, 19));
        // Friday to Monday; the Friday before half-term to the Monday after; a Saturday to its Friday.
        assert_eq!(elapsed.days(date(2025, 9, 12), date(2025, 9, 15)), 1);
        assert_eq!(elapsed.days(date(2025, 10, 24), date(2025, 11, 3)), 1);
        assert_eq!(elapsed.days(date(2025, 9, 12), date(2025, 9, 13)), 0);
        assert_eq!(elapsed.days(date(2025, 9, 15), date(2025, 9, 12)), -1);
        assert_eq!(shifted(date(2025, 9, 15), -42), date(2025, 8, 4));
    }

    #[test]
    fn the_smallest_value_that_reaches_the_share() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[1, 2, 3, 4], 0.5), Some(2));
        assert_eq!(quantile(&[1, 2, 3, 4, 5], 0.5), Some(3));
        assert_eq!(quantile(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9), Some(9));
    }
}
