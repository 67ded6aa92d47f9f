//! Each night of a source compared with those before it: header, version, rejects, clock; and what
//! the filter said of itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::civil::Date;

use super::{Finding, HABIT_DAYS, Import, Kind, MEASURED_DAYS, Source, days_between, median};
use crate::wording;

/// Fewest rejected records that are a rise.
const LEAST_REJECTS: i64 = 10;

/// Days by which the times of a file may lie elsewhere than usual.
const JUMP_DAYS: i64 = 31;

/// What the files of one day of one source say together.
#[derive(Debug, Default)]
struct Night {
    candidates: i64,
    rejects: i64,
    skipped_hour: i64,
    far_times: i64,
    outages: i64,
    versions: BTreeSet<String>,
    headers: BTreeSet<String>,
}

impl Night {
    fn add(&mut self, import: &Import) {
        self.candidates += import.candidates;
        self.rejects += import.rejects;
        self.skipped_hour += import.skipped_hour;
        self.far_times += import.far_times;
        self.outages += import.outages;
        self.versions.insert(import.version.clone());
        self.headers.extend(import.header.clone());
    }

    fn reject_share(&self) -> f64 {
        if self.candidates > 0 { self.rejects as f64 / self.candidates as f64 } else { 0.0 }
    }
}

pub(super) fn findings(imports: &[Import]) -> Vec<Finding> {
    let mut sources: BTreeMap<&Source, Vec<&Import>> = BTreeMap::new();
    for import in imports {
        sources.entry(&import.source).or_default().push(import);
    }
    let mut found = Vec::new();
    for (source, imports) in sources {
        let mut nights: BTreeMap<Date, Night> = BTreeMap::new();
        for import in &imports {
            nights.entry(import.day()).or_default().add(import);
        }
        let label = source.label();
        of_nights(&label, &nights, &mut found);
        jumps(&label, &imports, &mut found);
    }
    found
}

fn of_nights(source: &str, nights: &BTreeMap<Date, Night>, found: &mut Vec<Finding>) {
    let mut before: VecDeque<&Night> = VecDeque::new();
    for (day, night) in nights {
        let mut add = |kind, seen: String, expected: String| {
            found.push(Finding { day: *day, source: source.to_owned(), kind, seen, expected });
        };
        if night.outages > 0 {
            add(
                Kind::FilterOpen,
                format!(
                    "{} in which the filter said that it lets everything through",
                    wording::counted(night.outages, "line", "lines")
                ),
                "no such line".to_owned(),
            );
        }
        if night.skipped_hour + night.far_times > 0 {
            add(Kind::ClockJump, odd_times(night), "no such time".to_owned());
        }
        if before.len() >= HABIT_DAYS {
            if let Some(seen) = changed(&before, night) {
                add(Kind::FormatChange, seen, "what its files of the days before had".to_owned());
            }
            let usual = median_share(before.iter().map(|night| night.reject_share()));
            let share = night.reject_share();
            if night.rejects >= LEAST_REJECTS && share > 0.01 && share > 2.0 * usual {
                add(
                    Kind::RiseOfRejects,
                    format!(
                        "{} of {} could not be read ({})",
                        wording::whole(night.rejects),
                        wording::counted(night.candidates, "record", "records"),
                        wording::percent(share)
                    ),
                    format!(
                        "at most 1.0 %, or twice the median of its last days ({})",
                        wording::percent(usual)
                    ),
                );
            }
        }
        if before.len() == MEASURED_DAYS {
            before.pop_front();
        }
        before.push_back(night);
    }
}

fn odd_times(night: &Night) -> String {
    let mut parts = Vec::new();
    if night.skipped_hour > 0 {
        parts.push(format!(
            "{} in the hour that March skips: the clock seems to be on UTC",
            wording::counted(night.skipped_hour, "time", "times")
        ));
    }
    if night.far_times > 0 {
        parts.push(format!(
            "{} more than a day ahead or 400 days behind the rest",
            wording::counted(night.far_times, "time", "times")
        ));
    }
    parts.join("; ")
}

/// What no night before had.
fn changed(before: &VecDeque<&Night>, night: &Night) -> Option<String> {
    let is_new = |part: fn(&Night) -> &BTreeSet<String>| {
        let known = before.iter().any(|earlier| !part(earlier).is_empty());
        let mut values = part(night).iter();
        known && values.any(|value| !before.iter().any(|earlier| part(earlier).contains(value)))
    };
    let mut parts = Vec::new();
    if is_new(|night| &night.headers) {
        parts.push("another header: columns were added, taken away, renamed or moved".to_owned());
    }
    if is_new(|night| &night.versions) {
        let versions: Vec<&str> = night.versions.iter().map(String::as_str).collect();
        parts.push(format!("read by another version of the format or profile ({})", versions.join(", ")));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn median_share(shares: impl Iterator<Item = f64>) -> f64 {
    // Parts in a million are near enough, and whole numbers have an order.
    median(shares.map(|share| (share * 1e6) as i64)) as f64 / 1e6
}

/// Days on which files came of which none holds a time near where it usually lies.
fn jumps(source: &str, imports: &[&Import], found: &mut Vec<Finding>) {
    let mut nearest: BTreeMap<Date, i64> = BTreeMap::new();
    for import in imports {
        for day in import.days.keys() {
            let away = i64::from(days_between(*day, import.taken)).abs();
            let known = nearest.entry(import.taken).or_insert(away);
            *known = (*known).min(away);
        }
    }
    let mut before: VecDeque<i64> = VecDeque::new();
    for (taken, away) in nearest {
        let usual = median(before.iter().copied());
        if before.len() >= HABIT_DAYS && (away - usual).abs() > JUMP_DAYS {
            found.push(Finding {
                day: taken,
                source: source.to_owned(),
                kind: Kind::ClockJump,
                seen: format!(
                    "no time in the files that came that day lies nearer to it than {}",
                    wording::counted(away, "day", "days")
                ),
                expected: format!("about {}, as in the files before", wording::counted(usual, "day", "days")),
            });
        }
        if before.len() == MEASURED_DAYS {
            before.pop_front();
        }
        before.push_back(away);
    }
}
