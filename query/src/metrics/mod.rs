//! The metrics: one file or folder each and one word in the list below.

mod elapsed;
mod kept;
mod rates;
mod unseen;

use ingest::schema::TableSchema;

use crate::error::{Error, Kind};
use crate::figures::Figures;
use crate::plan::Reader;

pub(crate) use kept::without_what_is_gone;
pub(crate) use unseen::Unseen;

/// What a metric needs beside the lake.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    /// The installation's folder.
    pub(crate) dir: &'a std::path::Path,
    /// School's short name.
    pub(crate) school: &'a str,
    /// Time zone of the school.
    pub(crate) zone: &'a jiff::tz::TimeZone,
    /// Calendar.
    pub(crate) calendar: &'a dyn crate::window::SchoolDays,
    /// Lesson periods in the order of the day.
    pub(crate) lesson_periods: &'a [String],
    /// The school's data files.
    pub(crate) settings: &'a ingest::settings::Settings,
    /// The school's folder: state file, settings.
    pub(crate) root: &'a ingest::school::SchoolRoot,
    /// Newest record of any import.
    pub(crate) newest: Option<jiff::Timestamp>,
    /// The moment of the question, by the school's clocks.
    pub(crate) now: &'a jiff::Zoned,
    /// What `feeds.csv` expects.
    pub(crate) feeds: &'a [ingest::state::ExpectedFeed],
    /// What is for the DSL and the head alone (images of children, illegal lists) is shown.
    pub(crate) sees_listed: bool,
    /// What is asked about staff is about the head alone.
    pub(crate) about_head: bool,
    /// Pseudonyms that are marked live where that is not shown: so many actors may have to be left out of a count that
    /// names nobody.
    pub(crate) hidden_tokens: usize,
    /// What is marked live, where that is shown.
    pub(crate) live: Option<&'a crate::embargo::Embargoes>,
}

/// A metric as the list knows it.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The command's word.
    pub word: &'static str,
    /// What it answers, one line.
    pub answers: &'static str,
    /// Its tables, the default first; empty when it has one only.
    pub tables: &'static [&'static str],
    /// Lake tables that it reads.
    pub(crate) reads: &'static [&'static TableSchema],
}

macro_rules! metrics {
    ($($word:ident $answers:literal)*) => {
        $(pub(crate) mod $word;)*
        /// Every metric.
        pub const METRICS: &[Metric] = &[$(Metric {
            word: stringify!($word),
            answers: $answers,
            tables: $word::TABLES,
            reads: $word::READS,
        }),*];

        /// Computes a metric of the list.
        pub(crate) async fn compute(
            word: &str,
            reader: &Reader<'_>,
            place: &Place<'_>,
            unseen: &Unseen,
        ) -> Result<Figures, Error> {
            match word {
                $(stringify!($word) => Box::pin($word::figures(reader, place, unseen)).await,)*
                _ => Err(Error::new(Kind::Bug, "there is no such metric")),
            }
        }
    };
}

metrics! {
    attention "which grave episodes (severity 4 or 5) were there, blocked or allowed"
    trend "is it more or less than usual, one pupil or many, and what else moved"
    groups "which groups, themes, weekdays and lessons stand out"
    overblocking "how much of what was blocked was wrong, between which bounds, and where to look first"
    gotthrough "what got through the filter, against policy, blocked later, reported or tested"
    incidents "what the school has on record, how soon after an alert, and what is still open"
    changes "who asked for what of the filter, what outlived its end, what nobody recorded"
    searches "what was searched for and first seen, ways round the filter, generative AI"
    coverage "what could not be seen, and what was tested"
}

/// The metric of a word.
pub(crate) fn metric(word: &str) -> Result<&'static Metric, Error> {
    METRICS
        .iter()
        .find(|metric| metric.word == word)
        .ok_or_else(|| Error::new(Kind::Bug, "there is no such metric"))
}

/// The table asked for, in the singular or plural; the first if none is.
pub(crate) fn table_of<'a>(tables: &'a [&'static str], asked: Option<&str>) -> Result<&'a str, Error> {
    match asked {
        None => Ok(tables.first().copied().unwrap_or_default()),
        Some(word) => tables
            .iter()
            .copied()
            .find(|table| table.trim_end_matches('s') == word.trim_end_matches('s'))
            .ok_or_else(|| {
                let error = Error::new(Kind::Configuration, "there is no such table here");
                if tables.is_empty() {
                    error.help("leave `--table` out")
                } else {
                    error.help(format!("the tables are: {}", tables.join(", ")))
                }
            }),
    }
}
