//! What a source did until now is expected of it: its nights and their size.

use std::collections::VecDeque;

use jiff::civil::Date;

use super::{
    Finding, GIVEN_UP_AFTER, HABIT_DAYS, Judge, Kind, LEAST_MEDIAN, MEASURED_DAYS, SourceDays, median,
};
use crate::wording;

/// The last school days with data of a source.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// Ordinal of the school day, the day, its records.
    days: VecDeque<(usize, Date, i64)>,
}

impl Recent {
    pub(super) fn push(&mut self, index: usize, day: Date, records: i64) {
        if self.days.len() == MEASURED_DAYS {
            self.days.pop_front();
        }
        self.days.push_back((index, day, records));
    }

    /// Enough days, and data on at least two of three.
    fn is_habit(&self) -> bool {
        match (self.days.front(), self.days.back()) {
            (Some((first, ..)), Some((last, ..))) => {
                self.days.len() >= HABIT_DAYS && self.days.len() * 3 >= (last - first + 1) * 2
            }
            _ => false,
        }
    }

    /// Ordinal and day of the last one.
    fn last(&self) -> Option<(usize, Date)> {
        self.days.back().map(|(index, day, _)| (*index, *day))
    }

    fn forget(&mut self) {
        self.days.clear();
    }

    /// The usual number of records, if that many are under half of it.
    pub(super) fn fall(&self, records: i64) -> Option<i64> {
        let usual = median(self.days.iter().map(|(_, _, records)| *records));
        (self.days.len() >= HABIT_DAYS && usual >= LEAST_MEDIAN && 2 * records < usual).then_some(usual)
    }

    fn len(&self) -> i64 {
        self.days.len() as i64
    }
}

pub(super) fn records(count: i64) -> String {
    wording::counted(count, "record", "records")
}

/// What is said of a fall.
pub(super) fn fell(day: Date, source: String, seen: i64, usual: i64) -> Finding {
    Finding {
        day,
        source,
        kind: Kind::SuddenFall,
        seen: format!("{} of that day", records(seen)),
        expected: format!(
            "at least half of {}, the median of its last school days with data (10 at most)",
            records(usual)
        ),
    }
}

/// What is said of a night without data.
fn missed(day: Date, source: &str, recent: &Recent) -> Finding {
    let usual = median(recent.days.iter().map(|(_, _, records)| *records));
    Finding {
        day,
        source: source.to_owned(),
        kind: Kind::MissingNight,
        seen: "no record of that day".to_owned(),
        expected: format!(
            "about {} by habit: the median of its last {} with data",
            records(usual),
            wording::counted(recent.len(), "school day", "school days")
        ),
    }
}

/// What is said of a source whose place another one took.
pub(super) fn replaced(day: Date, missing: String, by: &SourceDays) -> Finding {
    Finding {
        day,
        source: missing,
        kind: Kind::FormatChange,
        seen: format!(
            "no record of that day, but {} in its folder as format {}",
            on(by, day),
            by.source.format
        ),
        expected: "the format that came there until then".to_owned(),
    }
}

fn on(rows: &SourceDays, day: Date) -> String {
    records(rows.days.get(&day).map_or(0, |of_day| of_day.records))
}

pub(super) fn findings(sources: &[SourceDays], judge: &Judge<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for rows in sources {
        of_source(rows, sources, judge, &mut found);
    }
    found
}

fn of_source(rows: &SourceDays, sources: &[SourceDays], judge: &Judge<'_>, found: &mut Vec<Finding>) {
    let (Some((first, _)), Some((last, of_last))) = (rows.days.first_key_value(), rows.days.last_key_value())
    else {
        return;
    };
    let source = rows.source.label();
    let until = judge.expected_until(rows);
    let mut recent = Recent::default();
    let mut missing = 0;
    let begin = judge.school_days.partition_point(|day| day < first);
    for (index, day) in judge.school_days.iter().copied().enumerate().skip(begin) {
        let governed = judge.governing(&rows.source, day).next().is_some();
        if let Some(of_day) = rows.days.get(&day) {
            if let Some(usual) = recent.fall(of_day.records).filter(|_| !governed && !rows.by_arrival) {
                found.push(fell(day, source.clone(), of_day.records, usual));
            }
            recent.push(index, day, of_day.records);
            missing = 0;
            continue;
        }
        if day > *last && day > until {
            break;
        }
        let Some((at, before)) = recent.last().filter(|_| recent.is_habit()) else { continue };
        if index - at > MEASURED_DAYS {
            continue;
        }
        if let Some(by) = judge.successor(sources, rows, before, day) {
            if judge.governing(&rows.source, day).all(|rule| rule.format.is_none()) {
                found.push(replaced(day, source.clone(), by));
            }
            recent.forget();
            continue;
        }
        // An archive that was taken in long after its days promises no further night.
        if governed || (day > *last && !of_last.prompt) {
            continue;
        }
        missing += 1;
        found.push(missed(day, &source, &recent));
        if missing == GIVEN_UP_AFTER {
            found.push(Finding {
                day,
                source: source.clone(),
                kind: Kind::SourceEnded,
                seen: format!(
                    "no record of {} in a row",
                    wording::counted(missing.into(), "school day", "school days")
                ),
                expected: format!("a log of every school day, as until {}", wording::day(before)),
            });
            recent.forget();
            missing = 0;
        }
    }
}
