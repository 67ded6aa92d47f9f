//! Bell times: `periods.csv` (`name,from,to,weekdays,valid_from,valid_to`).

use std::collections::BTreeSet;

use jiff::civil::Date;

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
    /// One table for each span of days with the same bell times, the first from the beginning of time.
    tables: Vec<Table>,
    own: bool,
}

#[derive(Clone, PartialEq, Eq)]
struct Table {
    from: Date,
    /// 1-based index of the period, 0 for none; one cell per minute of the week.
    by_minute: Vec<u8>,
}

impl LessonPeriods {
    pub(crate) fn read(source: &Source) -> Result<Self, Error> {
        let sheet = source.sheet(&["name", "from", "to"], &["weekdays", "valid_from", "valid_to", "note"])?;
        let mut rows = Vec::new();
        let mut periods = Vec::new();
        let mut starts = BTreeSet::from([Date::MIN]);
        for row in sheet.rows() {
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
            let validity = row.validity()?;
            starts.extend(validity.from);
            starts.extend(validity.to.and_then(|to| to.tomorrow().ok()));
            periods.push(period);
            u8::try_from(periods.len()).map_err(|_| row.error("more than 255 periods"))?;
            rows.push((row, validity));
        }
        let table = |from: Date| {
            let mut by_minute = vec![0; 7 * MINUTES];
            for (index, ((row, validity), period)) in (1..).zip(rows.iter().zip(&periods)) {
                if validity.holds(from) && !enter(period, index, &mut by_minute) {
                    return Err(row.error("this period overlaps another one"));
                }
            }
            Ok(Table { from, by_minute })
        };
        let tables = starts.into_iter().map(table).collect::<Result<_, Error>>()?;
        Ok(Self { periods, tables, own: source.school.is_some() })
    }

    /// Whether they are the school's, and not those that ship with the program.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        self.own
    }

    /// The period of a local minute of a day, none between and outside periods.
    #[must_use]
    pub fn at(&self, date: Date, local_minute: i16) -> Option<&str> {
        let minute = usize::try_from(local_minute).ok().filter(|minute| *minute < MINUTES)?;
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).ok()?;
        let table = self.tables.iter().rev().find(|table| table.from <= date)?;
        let index = *table.by_minute.get(weekday * MINUTES + minute)?;
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

/// Enters a period into a week's minutes; false where another period stands.
fn enter(period: &LessonPeriod, index: u8, by_minute: &mut [u8]) -> bool {
    let minutes = period.from_minute as usize..period.to_minute as usize;
    let mut cells = (0..7).filter(|day| period.weekdays[*day]).flat_map(|day| {
        let day = day * MINUTES;
        day + minutes.start..day + minutes.end
    });
    cells.all(|cell| std::mem::replace(&mut by_minute[cell], index) == 0)
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

    /// A weekday of one week of November; 0 is Monday.
    fn day(weekday: i8) -> Date {
        jiff::civil::date(2025, 11, 10 + weekday)
    }

    #[test]
    fn bell_times_change() {
        let text = "name,from,to,weekdays,valid_from,valid_to\nP1,09:00,10:00,,,2025-11-11\n\
                    P1,09:30,10:30,,2025-11-12,\nP2,13:00,14:00,,,\n";
        let periods = periods(Some(text)).unwrap();
        assert_eq!((periods.at(day(1), 9 * 60), periods.at(day(1), 10 * 60 + 29)), (Some("P1"), None));
        assert_eq!((periods.at(day(2), 9 * 60), periods.at(day(2), 10 * 60 + 29)), (None, Some("P1")));
        assert_eq!((periods.at(day(1), 13 * 60), periods.at(day(2), 13 * 60)), (Some("P2"), Some("P2")));
        let overlap = "name,from,to,valid_from\nP1,09:00,10:00,\nP1,09:30,10:30,2025-11-12\n";
        assert!(super::tests::periods(Some(overlap)).unwrap_err().to_string().starts_with("periods.csv:3: "));
    }

    #[test]
    fn the_shipped_day_has_six_periods() {
        let periods = periods(None).unwrap();
        assert_eq!(periods.at(day(0), 9 * 60), Some("Period 1"));
        assert_eq!(periods.at(day(0), 9 * 60 + 49), Some("Period 1"));
        assert_eq!(periods.at(day(0), 9 * 60 + 50), Some("Period 2"));
        assert_eq!(periods.at(day(4), 15 * 60 + 9), Some("Period 6"));
        assert_eq!(periods.at(day(4), 15 * 60 + 10), None);
        assert_eq!(periods.at(day(5), 9 * 60), None, "Saturday");
        assert_eq!(periods.names().iter().filter(|name| name.starts_with("Period")).count(), 6);
    }

    #[test]
    fn a_friday_of_its_own() {
        let text = "name,from,to,weekdays\nP1,09:00,10:00,Mon-Thu\nP1,09:00,09:40,Fri\n";
        let periods = periods(Some(text)).unwrap();
        assert_eq!((periods.at(day(3), 590), periods.at(day(4), 590)), (Some("P1"), None));
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
