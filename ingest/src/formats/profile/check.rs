//! A dry run over one file: what would be read, without addresses, names or text.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use jiff::tz::TimeZone;

use super::ProfileSet;
use super::column::Column;
use super::row::Fitted;
use crate::detect::{Detected, Detection, Layout, SAMPLE_BYTES, detect};
use crate::error::{Error, Kind};
use crate::fields::{Action, Parsed, When};
use crate::frame::Cells;
use crate::read::read_records;
use crate::report::Tally;

/// Dates that are shown.
const TIMES_SHOWN: usize = 3;

/// More unknown decision words than this are counted, not shown: the column is then no decision.
const WORDS_SHOWN: usize = 12;

/// A column of the file's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderColumn {
    /// Position, from 1.
    pub position: usize,
    /// What it is taken for; none if it is ignored.
    pub column: Option<&'static str>,
}

/// A time as written and as understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeSample {
    /// As the file has it.
    pub written: String,
    /// In UTC, or the day alone.
    pub utc: String,
}

/// A decision word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionWord {
    /// As the file has it; none for those that are only counted.
    pub word: Option<String>,
    /// What it is taken for.
    pub action: &'static str,
    /// Records with it.
    pub records: u64,
}

/// What a dry run found.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// Format or profile.
    pub layout: String,
    /// Its version.
    pub version: String,
    /// The header's columns; empty for formats without a header.
    pub header: Vec<HeaderColumn>,
    /// The first few times.
    pub times: Vec<TimeSample>,
    /// Decisions, most frequent first.
    pub actions: Vec<ActionWord>,
    /// Distinct category words that no map knows.
    pub unmapped_words: u64,
    /// Records with at least one of them.
    pub unmapped_records: u64,
    /// The counts.
    pub tally: Tally,
}

impl CheckReport {
    /// Share of the records that cannot be read, from 0 to 1; blanks and directives left out.
    #[must_use]
    pub fn reject_share(&self) -> f64 {
        let candidates = self.tally.records - self.tally.blanks - self.tally.directives;
        if candidates == 0 { 0.0 } else { self.tally.rejected() as f64 / candidates as f64 }
    }
}

/// Reads a file as `ingest` would and stores nothing. `profile` leaves only that one in question;
/// `zone` is the school's; `known_category` says whether a category word is mapped.
///
/// # Errors
/// [`Kind::Input`] with the sentence of a refusal, [`Kind::Configuration`] when there is no such profile.
pub fn check(
    mut content: &mut dyn Read,
    profiles: &ProfileSet,
    profile: Option<&str>,
    zone: &str,
    known_category: &dyn Fn(&str) -> bool,
) -> Result<CheckReport, Error> {
    let only;
    let profiles = match profile {
        None => profiles,
        Some(id) => {
            only = profiles.only(id).ok_or_else(|| {
                Error::new(Kind::Configuration, "there is no profile of that name")
                    .help("`watershed formats` lists the profiles")
            })?;
            &only
        }
    };
    let mut sample = Vec::new();
    Read::by_ref(&mut content)
        .take(SAMPLE_BYTES as u64)
        .read_to_end(&mut sample)
        .map_err(|error| Error::new(Kind::Input, format!("the file cannot be read: {}", error.kind())))?;
    let detected = match detect(&sample, profiles) {
        Detection::Found(detected) => detected,
        Detection::Refused(sentence) => return Err(Error::new(Kind::Input, sentence)),
    };
    if let Some(id) = profile
        && detected.format_id() != id
    {
        return Err(Error::new(Kind::Input, format!("this file is {} and not {id}", detected.format_id())));
    }
    let mut look = Look::new(&detected, zone, known_category)?;
    let mut tally = Tally::default();
    let mut whole = sample.as_slice().chain(content);
    read_records(&mut whole, &detected, &mut tally, &mut |_, record, parsed, tally| {
        match parsed {
            Ok(Parsed::Other(kind)) => *tally.other.entry(kind.word()).or_default() += 1,
            Ok(parsed) => {
                tally.events += 1;
                look.record(record, &parsed);
            }
            Err(reject) => tally.reject(reject.reason),
        }
        Ok(())
    })?;
    Ok(look.report(&detected, tally))
}

/// What is gathered on the way.
struct Look<'c> {
    zone: TimeZone,
    fitted: Option<Fitted>,
    cells: Option<Cells>,
    known_category: &'c dyn Fn(&str) -> bool,
    times: Vec<TimeSample>,
    actions: BTreeMap<(Option<String>, Action), u64>,
    unmapped: BTreeSet<[u8; 32]>,
    unmapped_records: u64,
}

impl<'c> Look<'c> {
    fn new(detected: &Detected, zone: &str, known_category: &'c dyn Fn(&str) -> bool) -> Result<Self, Error> {
        let zone = detected.zone().unwrap_or(zone);
        let zone = TimeZone::get(zone)
            .map_err(|_| Error::new(Kind::Configuration, "the school's time zone is not known"))?;
        let fitted = match detected.layout() {
            Layout::Profile(fitted) => Some(fitted.clone()),
            Layout::Format { .. } => None,
        };
        let cells = fitted.as_ref().map(|fitted| Cells::new(fitted.delimiter()));
        Ok(Self {
            zone,
            fitted,
            cells,
            known_category,
            times: Vec::new(),
            actions: BTreeMap::new(),
            unmapped: BTreeSet::new(),
            unmapped_records: 0,
        })
    }

    fn record(&mut self, record: &[u8], parsed: &Parsed<'_>) {
        if let Some(cells) = &mut self.cells {
            cells.read(record);
        }
        match parsed {
            Parsed::Request(fields) => {
                self.time(fields.time);
                let word = self.written(Column::Action).map(|word| word.to_ascii_lowercase());
                *self.actions.entry((word, fields.action)).or_default() += 1;
                self.categories(fields.categories.as_deref(), fields.category_separators);
            }
            Parsed::Incident(fields) => {
                self.time(fields.occurred);
                self.categories(fields.categories.as_deref(), &fields.separators);
            }
            Parsed::Change(fields) => {
                self.time(fields.requested);
                self.categories(fields.categories.as_deref(), &fields.separators);
            }
            Parsed::Check(fields) => {
                self.time(fields.checked);
                let word = self.written(Column::Action).map(|word| word.to_ascii_lowercase());
                *self.actions.entry((word, fields.observed)).or_default() += 1;
                if fields.code.is_none() {
                    self.categories(fields.categories.as_deref(), &fields.separators);
                }
            }
            Parsed::Other(_) | Parsed::Directive => {}
        }
    }

    /// A cell as written, if it is a short plain word.
    fn written(&self, column: Column) -> Option<String> {
        let place = self.fitted.as_ref()?.bound.places.get(&column)?;
        let cell = self.cells.as_ref()?.get(*place)?.trim_ascii();
        let text = std::str::from_utf8(cell).ok()?;
        (!text.is_empty() && text.len() <= 32).then(|| text.to_owned())
    }

    fn time(&mut self, when: When) {
        if self.times.len() >= TIMES_SHOWN {
            return;
        }
        let utc = match when {
            When::Instant(micros) => {
                jiff::Timestamp::from_microsecond(micros).map(|time| time.to_string()).ok()
            }
            When::Local(time) => {
                time.to_zoned(self.zone.clone()).map(|time| time.timestamp().to_string()).ok()
            }
            When::Day(day) => Some(day.to_string()),
            When::Missing | When::Yearless { .. } => None,
        };
        let Some(utc) = utc else { return };
        let written = self.written(Column::Time).unwrap_or_else(|| match when {
            When::Local(time) => time.to_string(),
            _ => utc.clone(),
        });
        if !self.times.iter().any(|sample| sample.written == written) {
            self.times.push(TimeSample { written, utc });
        }
    }

    fn categories(&mut self, words: Option<&[u8]>, separators: &[u8]) {
        let Some(words) = words else { return };
        let mut unmapped = false;
        for word in words.split(|byte| separators.contains(byte)) {
            let word = String::from_utf8_lossy(word.trim_ascii());
            if !word.is_empty() && !(self.known_category)(&word) {
                unmapped = true;
                // Only counted, so only a hash of it is kept.
                self.unmapped.insert(*blake3::hash(word.as_bytes()).as_bytes());
            }
        }
        self.unmapped_records += u64::from(unmapped);
    }

    fn report(self, detected: &Detected, tally: Tally) -> CheckReport {
        let header = self.fitted.as_ref().map_or_else(Vec::new, |fitted| {
            (0..fitted.bound.width)
                .map(|index| HeaderColumn {
                    position: index + 1,
                    column: fitted
                        .bound
                        .places
                        .iter()
                        .find(|(_, place)| **place == index)
                        .map(|(column, _)| column.name()),
                })
                .collect()
        });
        CheckReport {
            layout: detected.format_id().to_owned(),
            version: detected.version().to_owned(),
            header,
            times: self.times,
            actions: action_words(self.actions),
            unmapped_words: self.unmapped.len() as u64,
            unmapped_records: self.unmapped_records,
            tally,
        }
    }
}

/// Decisions with their counts. Unknown words are shown while they are few and look like words.
fn action_words(counts: BTreeMap<(Option<String>, Action), u64>) -> Vec<ActionWord> {
    let unknown = counts.keys().filter(|(word, action)| word.is_some() && *action == Action::Unknown).count();
    let mut shown: BTreeMap<(Option<String>, &'static str), u64> = BTreeMap::new();
    for ((word, action), records) in counts {
        let plain =
            |word: &String| word.bytes().all(|byte| byte.is_ascii_alphabetic() || b" -_".contains(&byte));
        let word = word.filter(|word| action != Action::Unknown || (unknown <= WORDS_SHOWN && plain(word)));
        *shown.entry((word, action.word())).or_default() += records;
    }
    let mut words: Vec<_> =
        shown.into_iter().map(|((word, action), records)| ActionWord { word, action, records }).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.records));
    words
}
