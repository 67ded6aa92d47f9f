//! Bell times: `periods.csv` (`name,from,to,weekdays`).

use super::sheet::{Row, Source};
use crate::error::Error;

const MINUTES: usize = 24 * 60;
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// One period of the school day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonPeriod {
    /// Its name in figures.
    pub name: String,
    /// First minute after local midnight.
    pub from_minute: i16,
    /// First minute after the period.
    pub to_minute: i16,
    /// Monday first.
    pub weekdays: [bool; 7],
}

/// The school's bell times, ready to be looked up by minute.
#[derive(Clone, PartialEq, Eq)]
pub struct LessonPeriods {
    periods: Vec<LessonPeriod>,
    /// 1-based index of the period, 0 for none; one cell per minute of the week.
    by_minute: Vec<u8>,
}

impl LessonPeriods {
    pub(crate) fn read(source: &Source) -> Result<Self, Error> {
        let mut periods: Vec<LessonPeriod> = Vec::new();
        let mut by_minute = vec![0; 7 * MINUTES];
        for row in source.sheet(&["name", "from", "to"], &["weekdays", "note"])?.rows() {
            let period = LessonPeriod {
                name: row.parse("name", "a short name", |text| {
                    (!text.is_empty() && text.len() <= 40).then(|| text.to_owned())
                })?,
                from_minute: minute(&row, "from")?,
                to_minute: minute(&row, "to")?,
                weekdays: row.parse("weekdays", "days such as Mon-Fri or Mon Wed", weekdays)?,
            };
            if period.from_minute >= period.to_minute {
                return Err(row.error("`from` must lie before `to`"));
            }
            periods.push(period);
            let index = u8::try_from(periods.len()).map_err(|_| row.error("more than 255 periods"))?;
            let period = &periods[periods.len() - 1];
            for day in (0..7).filter(|day| period.weekdays[*day]) {
                for cell in
                    &mut by_minute[day * MINUTES..][period.from_minute as usize..period.to_minute as usize]
                {
                    if *cell != 0 {
                        return Err(row.error("this period overlaps another one"));
                    }
                    *cell = index;
                }
            }
        }
        Ok(Self { periods, by_minute })
    }

    /// The period of a minute of a weekday (0 is Monday), none between and outside periods.
    #[must_use]
    pub fn at(&self, weekday: usize, local_minute: i16) -> Option<&str> {
        let minute = usize::try_from(local_minute).ok().filter(|minute| *minute < MINUTES)?;
        let index = *self.by_minute.get(weekday * MINUTES + minute)?;
        self.periods.get(usize::from(index).checked_sub(1)?).map(|period| period.name.as_str())
    }

    /// All periods in the order of the file; a name may stand several times.
    #[must_use]
    pub fn all(&self) -> &[LessonPeriod] {
        &self.periods
    }

    /// The names of the periods in the order of the day, each once.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut sorted: Vec<_> = self.periods.iter().collect();
        sorted.sort_by_key(|period| period.from_minute);
        let mut names: Vec<&str> = Vec::new();
        for period in sorted {
            if !names.contains(&period.name.as_str()) {
                names.push(&period.name);
            }
        }
        names
    }
}

impl std::fmt::Debug for LessonPeriods {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("LessonPeriods").field(&self.periods).finish()
    }
}

fn minute(row: &Row<'_>, column: &str) -> Result<i16, Error> {
    row.parse(column, "a time such as 09:05", |text| {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute): (i16, i16) = (hour.parse().ok()?, minute.parse().ok()?);
        ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
    })
}

fn weekdays(text: &str) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    let find = |word: &str| WEEKDAYS.iter().position(|day| word.to_ascii_lowercase().starts_with(day));
    for word in text.split([' ', ';']).filter(|word| !word.is_empty()) {
        let (from, to) = word.split_once('-').unwrap_or((word, word));
        let (from, to) = (find(from)?, find(to)?);
        days.get_mut(from..=to)?.fill(true);
    }
    if text.is_empty() {
        days[..5].fill(true);
    }
    Some(days)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::*;

    fn periods(text: Option<&str>) -> Result<LessonPeriods, Error> {
        let school = text.map(str::to_owned);
        LessonPeriods::read(&Source { name: "periods.csv", shipped: crate::settings::PERIODS, school })
    }

    #[test]
    fn the_shipped_day_has_six_periods() {
        let periods = periods(None).unwrap();
        assert_eq!(periods.at(0, 9 * 60), Some("Period 1"));
        assert_eq!(periods.at(0, 9 * 60 + 49), Some("Period 1"));
        assert_eq!(periods.at(0, 9 * 60 + 50), Some("Period 2"));
        assert_eq!(periods.at(4, 15 * 60 + 9), Some("Period 6"));
        assert_eq!(periods.at(4, 15 * 60 + 10), None);
        assert_eq!(periods.at(5, 9 * 60), None, "Saturday");
        assert_eq!(periods.names().iter().filter(|name| name.starts_with("Period")).count(), 6);
    }

    #[test]
    fn a_friday_of_its_own() {
        let text = "name,from,to,weekdays\nP1,09:00,10:00,Mon-Thu\nP1,09:00,09:40,Fri\n";
        let periods = periods(Some(text)).unwrap();
        assert_eq!((periods.at(3, 590), periods.at(4, 590)), (Some("P1"), None));
        assert_eq!(periods.names(), ["P1"]);
    }

    #[test]
    fn slips_are_named() {
        let overlap =
            periods(Some("name,from,to,weekdays\nP1,09:00,10:00,\nP2,09:59,11:00,Fri\n")).unwrap_err();
        assert!(overlap.to_string().starts_with("periods.csv:3: "), "{overlap}");
        assert!(periods(Some("name,from,to\nP1,25:00,26:00\n")).is_err());
        assert!(periods(Some("name,from,to\nP1,10:00,09:00\n")).is_err());
        assert!(periods(Some("name,from,to,weekdays\nP1,09:00,10:00,Fri-Mon\n")).is_err());
    }
}
