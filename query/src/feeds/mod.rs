//! Health of the feeds: what each source brought day by day, and what is odd about it.
//!
//! A source is a folder of the inbox and a format. All here are pure functions over the ledger of
//! imports, the calendar and `feeds.csv`: a late file heals a finding, and so does a corrected
//! calendar. What is odd: [`habit`] and [`rules`] miss nights and notice falls, [`changes`] compares
//! each night with those before it.

mod changes;
mod habit;
mod reading;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use ingest::school::AcademicYear;
use ingest::settings::feeds::FeedDays;
use ingest::state::ExpectedFeed;
use jiff::Span;
use jiff::civil::{Date, date};

pub(crate) use reading::imports;

use crate::window::SchoolDays;

/// School days with data that make a habit, and those that it is measured by.
const HABIT_DAYS: usize = 5;
const MEASURED_DAYS: usize = 10;

/// Missing school days after which a source is no longer expected by habit.
const GIVEN_UP_AFTER: u32 = 10;

/// Days within which a file must follow its day to promise another one.
const PROMPT_DAYS: i32 = 7;

/// The least median from which under half of it is a sudden fall.
const LEAST_MEDIAN: i64 = 20;

/// A folder of the inbox, by its token (empty for the top), and a format.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    pub(crate) folder: String,
    pub(crate) format: String,
}

impl Source {
    fn label(&self) -> String {
        label(&self.folder, &self.format)
    }
}

/// The short form of a folder's token, and a format.
fn label(folder: &str, format: &str) -> String {
    match folder.get(..8) {
        Some(short) => format!("folder {short}, {format}"),
        None => format!("top of the inbox, {format}"),
    }
}

/// One file that was taken in.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) source: Source,
    /// Local day on which it was taken in.
    pub(crate) taken: Date,
    /// Version of the format or profile.
    pub(crate) version: String,
    /// Hash of the header, if it has one.
    pub(crate) header: Option<String>,
    /// Events of a web log by local day; none of an incident export.
    pub(crate) days: BTreeMap<Date, i64>,
    /// Rows in the lake.
    pub(crate) events: i64,
    /// Records that were new and could have become rows.
    pub(crate) candidates: i64,
    /// Those that could not be read.
    pub(crate) rejects: i64,
    /// Times in the hour that March skips.
    pub(crate) skipped_hour: i64,
    /// Times far from the rest of the file.
    pub(crate) far_times: i64,
    /// Lines in which the filter said that it lets everything through.
    pub(crate) outages: i64,
}

impl Import {
    /// The day that it is about: the one with most events, else that on which it came.
    fn day(&self) -> Date {
        let most = self.days.iter().max_by_key(|(day, events)| (**events, std::cmp::Reverse(**day)));
        most.map_or(self.taken, |(day, _)| *day)
    }
}

/// What sort of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Nothing of an expected day.
    MissingNight,
    /// Under half of what is usual, or under what the school says.
    SuddenFall,
    /// Another format, version or header in the same place.
    FormatChange,
    /// Times that cannot be right.
    ClockJump,
    /// The filter let everything through.
    FilterOpen,
    /// More records that cannot be read than is usual.
    RiseOfRejects,
    /// No longer expected.
    SourceEnded,
}

impl Kind {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::MissingNight => "missing night",
            Self::SuddenFall => "sudden fall",
            Self::FormatChange => "format change",
            Self::ClockJump => "clock jump",
            Self::FilterOpen => "filter open",
            Self::RiseOfRejects => "rise of rejects",
            Self::SourceEnded => "source ended",
        }
    }

    pub(crate) const fn to_do(self) -> &'static str {
        match self {
            Self::MissingNight => {
                "find that day's log at the filter and drop it late: the finding then goes; if the school was closed, say so in calendar.csv; if nothing is to come, in feeds.csv"
            }
            Self::SuddenFall => {
                "see whether a site, a filter or part of the day is missing from the log; a quiet day (exams, trips) needs nothing"
            }
            Self::FormatChange => {
                "ask the provider what was changed at the filter or its export, and look with `watershed formats check FILE` whether every field still means the same; after a change of watershed or of a profile, nothing"
            }
            Self::ClockJump => {
                "put right the filter's clock (time server, zone); times of these records count on the wrong day or hour"
            }
            Self::FilterOpen => {
                "ask the provider from when to when the filter let everything through, and why; blocks of that time are missing from every figure"
            }
            Self::RiseOfRejects => {
                "see the reasons in `watershed coverage --table rejects`; was the log cut, or its layout changed?"
            }
            Self::SourceEnded => {
                "switched off or replaced on purpose: nothing, it is no longer expected; else have it switched on again"
            }
        }
    }
}

/// Something odd about a feed on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Local day that it is about.
    pub(crate) day: Date,
    /// Folder and format.
    pub(crate) source: String,
    pub(crate) kind: Kind,
    /// What was seen, in words with units.
    pub(crate) seen: String,
    /// What was expected, and by what.
    pub(crate) expected: String,
}

/// A row of `feeds.csv`, its folder by the token that the imports here have.
#[derive(Clone, Debug)]
struct Rule {
    folder: String,
    format: Option<String>,
    line: u32,
    days: FeedDays,
    least_records: Option<i64>,
    from: Option<Date>,
    to: Option<Date>,
}

impl Rule {
    fn is_about(&self, source: &Source) -> bool {
        self.folder == source.folder && self.format.as_ref().is_none_or(|format| *format == source.format)
    }

    fn holds(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

/// What a source brought of one day.
#[derive(Clone, Copy, Debug)]
struct OfDay {
    records: i64,
    /// It came within a few days.
    prompt: bool,
}

/// A source, day by day; only days with data.
#[derive(Clone, Debug)]
struct SourceDays {
    source: Source,
    days: BTreeMap<Date, OfDay>,
    /// Days are those on which files came: of incident exports, whose own days are no nights.
    by_arrival: bool,
    /// The last day on which a file came.
    last_taken: Date,
}

/// What every finding is judged by.
struct Judge<'a> {
    calendar: &'a dyn SchoolDays,
    rules: Vec<Rule>,
    /// Folder tokens that the rules link over the years.
    linked: BTreeSet<String>,
    /// The last day whose logs must be there.
    until: Date,
    /// School days up to then, from the first with data.
    school_days: Vec<Date>,
    /// The day on which the first file of all was taken in.
    first_taken: Option<Date>,
}

/// All findings, the newest day first.
///
/// `until` is the last day whose logs must be there; later days are never missing.
pub(crate) fn findings(
    mut imports: Vec<Import>,
    feeds: &[ExpectedFeed],
    calendar: &dyn SchoolDays,
    until: Date,
) -> Vec<Finding> {
    let (rules, names) = linked(feeds);
    for import in &mut imports {
        if let Some(name) = names.get(&import.source.folder) {
            import.source.folder.clone_from(name);
        }
    }
    let sources = by_source(&imports);
    let first = sources.iter().filter_map(|source| source.days.keys().next().copied()).min();
    let judge = Judge {
        calendar,
        rules,
        linked: names.into_values().collect(),
        until,
        school_days: first.map_or_else(Vec::new, |first| school_days(calendar, first, until)),
        first_taken: imports.iter().map(|import| import.taken).min(),
    };
    let mut found = habit::findings(&sources, &judge);
    found.extend(rules::findings(&sources, &judge));
    found.extend(changes::findings(&imports));
    let order = |finding: &Finding| (std::cmp::Reverse(finding.day), finding.source.clone(), finding.kind);
    found.sort_by_key(order);
    found.dedup_by(|left, right| order(left) == order(right));
    found
}

/// The last day whose logs must be there by now: nobody misses a night before nine the next morning.
pub(crate) fn judged_until(now: &jiff::Zoned) -> Date {
    let yesterday = before(now.date(), 1);
    if now.hour() < 9 { before(yesterday, 1) } else { yesterday }
}

/// The first of the last 14 school days up to a day; three weeks before it where the calendar has none.
pub(crate) fn recently(calendar: &dyn SchoolDays, today: Date) -> Date {
    let mut school_days = 0;
    for back in 0..400 {
        let day = before(today, back);
        school_days += u8::from(calendar.is_school_day(day));
        if school_days == 14 {
            return day;
        }
    }
    before(today, 21)
}

fn before(day: Date, days: i64) -> Date {
    Span::new().try_days(days).ok().and_then(|span| day.checked_sub(span).ok()).unwrap_or(day)
}

fn days_between(from: Date, to: Date) -> i32 {
    to.since(from).map_or(i32::MAX, |span| span.get_days())
}

fn school_days(calendar: &dyn SchoolDays, from: Date, to: Date) -> Vec<Date> {
    let days = from.series(Span::new().days(1)).take_while(|day| *day <= to);
    days.filter(|day| calendar.is_school_day(*day)).collect()
}

/// The rules under the newest token of each folder, and that token for each token of the folder.
fn linked(feeds: &[ExpectedFeed]) -> (Vec<Rule>, BTreeMap<String, String>) {
    let mut newest: BTreeMap<u32, &ExpectedFeed> = BTreeMap::new();
    for feed in feeds {
        let known = newest.entry(feed.line).or_insert(feed);
        if feed.year > known.year {
            *known = feed;
        }
    }
    let names = feeds
        .iter()
        .filter(|feed| !feed.folder.is_empty())
        .filter_map(|feed| Some((feed.folder.clone(), newest.get(&feed.line)?.folder.clone())));
    let rules = newest.values().map(|feed| Rule {
        folder: feed.folder.clone(),
        format: feed.format.clone(),
        line: feed.line,
        days: feed.days,
        least_records: feed.least_records.map(|least| i64::try_from(least).unwrap_or(i64::MAX)),
        from: feed.from,
        to: feed.to,
    });
    (rules.collect(), names.collect())
}

fn by_source(imports: &[Import]) -> Vec<SourceDays> {
    let mut sources: BTreeMap<&Source, Vec<&Import>> = BTreeMap::new();
    for import in imports {
        sources.entry(&import.source).or_default().push(import);
    }
    sources
        .into_iter()
        .map(|(source, imports)| {
            let by_arrival = imports.iter().any(|import| import.days.is_empty() && import.events > 0);
            let mut days: BTreeMap<Date, OfDay> = BTreeMap::new();
            for import in &imports {
                let arrival = BTreeMap::from([(import.taken, import.events)]);
                for (day, records) in if by_arrival { &arrival } else { &import.days } {
                    let of_day = days.entry(*day).or_insert(OfDay { records: 0, prompt: false });
                    of_day.records += records;
                    of_day.prompt |= days_between(*day, import.taken) <= PROMPT_DAYS;
                }
            }
            let last_taken = imports.iter().map(|import| import.taken).max().unwrap_or_default();
            SourceDays { source: source.clone(), days, by_arrival, last_taken }
        })
        .collect()
}

impl Judge<'_> {
    /// The rules that speak for a source on a day.
    fn governing(&self, source: &Source, day: Date) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.is_about(source) && rule.holds(day))
    }

    /// The last day on which habit can expect a source. A folder that no rule names has another
    /// token from 1 September on.
    fn expected_until(&self, rows: &SourceDays) -> Date {
        let folder = &rows.source.folder;
        if folder.is_empty() || self.linked.contains(folder) {
            return self.until;
        }
        date(AcademicYear::of(rows.last_taken).first_year() + 1, 8, 31).min(self.until)
    }

    /// A source of the same folder that has data on a day and had none in the school days before
    /// `last`, when the missing one came last: it took its place.
    fn successor<'s>(
        &self,
        sources: &'s [SourceDays],
        missing: &SourceDays,
        last: Date,
        day: Date,
    ) -> Option<&'s SourceDays> {
        let end = self.school_days.partition_point(|school_day| *school_day < last);
        let earlier = &self.school_days[end.saturating_sub(MEASURED_DAYS)..end];
        sources.iter().find(|other| {
            other.source.folder == missing.source.folder
                && other.source.format != missing.source.format
                && other.by_arrival == missing.by_arrival
                && other.days.contains_key(&day)
                && !earlier.iter().any(|school_day| other.days.contains_key(school_day))
        })
    }
}

/// Median of some counts; 0 of none.
fn median(counts: impl Iterator<Item = i64>) -> i64 {
    let mut counts: Vec<i64> = counts.collect();
    counts.sort_unstable();
    match counts.len() {
        0 => 0,
        length if length % 2 == 1 => counts[length / 2],
        length => i64::midpoint(counts[length / 2 - 1], counts[length / 2]),
    }
}

#[cfg(test)]
mod tests;
