//! What the school says it expects: rows of `feeds.csv`. They hold until their last day; habit does
//! not end them.

use std::collections::BTreeMap;

use ingest::settings::feeds::FeedDays;
use jiff::Span;
use jiff::civil::Date;

use super::habit::{Recent, fell, records, replaced};
use super::{Finding, Judge, Kind, OfDay, Rule, Source, SourceDays, days_between, label};

/// A gap between two days with data after which what lies before does not begin the expectation: a
/// clock that stood in another year.
const OTHER_TIMES_DAYS: i32 = 400;

pub(super) fn findings(sources: &[SourceDays], judge: &Judge<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in judge.rules.iter().filter(|rule| rule.days != FeedDays::Never) {
        of_rule(rule, sources, judge, &mut found);
    }
    found
}

fn of_rule(rule: &Rule, sources: &[SourceDays], judge: &Judge<'_>, found: &mut Vec<Finding>) {
    let unit = together(rule, sources);
    let Some(begin) = rule.from.or_else(|| begin(&unit.days)).or(judge.first_taken) else { return };
    let end = rule.to.map_or(judge.until, |to| to.min(judge.until));
    let source = label(&rule.folder, rule.format.as_deref().unwrap_or("any format"));
    let by = format!("by line {} of feeds.csv", rule.line);
    let mut recent = Recent::default();
    let mut last = None;
    let days = begin.series(Span::new().days(1)).take_while(|day| *day <= end);
    for (index, day) in days.enumerate() {
        let school_day = judge.calendar.is_school_day(day);
        if let Some(of_day) = unit.days.get(&day) {
            last = Some(day);
            let expected = school_day || rule.days == FeedDays::Every;
            match rule.least_records {
                _ if unit.by_arrival || !expected => {}
                Some(least) if of_day.records < least => found.push(Finding {
                    day,
                    source: source.clone(),
                    kind: Kind::SuddenFall,
                    seen: format!("{} of that day", records(of_day.records)),
                    expected: format!("at least {} {by}", records(least)),
                }),
                Some(_) => {}
                None => {
                    let usual = recent.fall(of_day.records).filter(|_| school_day);
                    found.extend(usual.map(|usual| fell(day, source.clone(), of_day.records, usual)));
                }
            }
            if school_day {
                recent.push(index, day, of_day.records);
            }
        } else if school_day || rule.days == FeedDays::Every {
            let successor = last.filter(|_| rule.format.is_some());
            let successor = successor.and_then(|last| judge.successor(sources, &unit, last, day));
            found.push(match successor {
                Some(other) => replaced(day, source.clone(), other),
                None => Finding {
                    day,
                    source: source.clone(),
                    kind: Kind::MissingNight,
                    seen: "no record of that day".to_owned(),
                    expected: match rule.least_records {
                        Some(least) => format!("at least {} {by}", records(least)),
                        None => format!("a log of that day {by}"),
                    },
                },
            });
        }
    }
}

/// The sources that a rule is about, as one.
fn together(rule: &Rule, sources: &[SourceDays]) -> SourceDays {
    let format = rule.format.clone().unwrap_or_default();
    let mut unit = SourceDays {
        source: Source { folder: rule.folder.clone(), format },
        days: BTreeMap::new(),
        by_arrival: false,
        last_taken: Date::default(),
    };
    for rows in sources.iter().filter(|rows| rule.is_about(&rows.source)) {
        unit.by_arrival |= rows.by_arrival;
        for (day, of_day) in &rows.days {
            let sum = unit.days.entry(*day).or_insert(OfDay { records: 0, prompt: false });
            sum.records += of_day.records;
            sum.prompt |= of_day.prompt;
        }
    }
    unit
}

/// The first day with data, days of other times left out.
fn begin(days: &BTreeMap<Date, OfDay>) -> Option<Date> {
    let mut begin: Option<Date> = None;
    for day in days.keys().rev() {
        if begin.is_some_and(|later| days_between(*day, later) > OTHER_TIMES_DAYS) {
            break;
        }
        begin = Some(*day);
    }
    begin
}
