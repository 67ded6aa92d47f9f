//! What the generator knows about the files it wrote, for an independent check.
//!
//! `truth.json` holds, for a school: `days` (per local day, group, code and action: records of
//! roster persons), `active_pupil_days` (per ISO week: pupil-days with an act), `episodes` (every planted
//! one), `attempts` (per day and theme), `files` (per file written: lines of each kind) and
//! `markers` (strings that may stand in no output: names, accounts, addresses, paths, words).

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use super::people::{Person, Post};
use super::record::Request;

/// One planted episode.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PlannedEpisode {
    pub(super) local_date: String,
    pub(super) person_key: String,
    pub(super) group: String,
    pub(super) theme: String,
    pub(super) severity: u8,
    pub(super) start_ms: i64,
    pub(super) outcome: &'static str,
    pub(super) attempts: u8,
}

/// Lines of one file.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct FileTruth {
    pub(super) folder: String,
    pub(super) name: String,
    pub(super) format: &'static str,
    pub(super) requests: u64,
    pub(super) damaged: u64,
    pub(super) blank: u64,
    pub(super) other: u64,
    pub(super) headers: u64,
    /// Same content as another file.
    pub(super) duplicate: bool,
}

/// Everything known about one school.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Truth {
    pub(super) school: String,
    /// `date|group|code|action` to records, roster pupils only.
    pub(super) days: BTreeMap<String, u64>,
    /// ISO week's Monday to pupil-days with at least one act, school days only.
    pub(super) active_pupil_days: BTreeMap<String, u64>,
    /// `date|theme` to attempts of pupils.
    pub(super) attempts: BTreeMap<String, u64>,
    pub(super) episodes: Vec<PlannedEpisode>,
    pub(super) files: Vec<FileTruth>,
    pub(super) markers: BTreeSet<String>,
    pub(super) missing_night: String,
    #[serde(skip)]
    pub(super) active: BTreeSet<(String, Date, String)>,
}

fn monday(date: Date) -> String {
    let back = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(jiff::Span::new().days(back)).unwrap_or(date).to_string()
}

impl Truth {
    /// Counts a request; `person` is given only for people counted one by one.
    pub(super) fn saw(&mut self, date: Date, request: &Request, person: Option<&Person>) {
        let Some(person) = person.filter(|person| person.post == Post::Pupil) else { return };
        let key = format!("{date}|{}|{}|{}", person.group(), request.code, request.decision.word());
        *self.days.entry(key).or_default() += 1;
        if request.act && date.weekday().to_monday_zero_offset() < 5 {
            self.active.insert((monday(date), date, person.key.clone()));
        }
    }

    /// Takes the requests of a night that was never written back out again.
    pub(super) fn forget_day(&mut self, date: Date) {
        let prefix = format!("{date}|");
        self.days.retain(|key, _| !key.starts_with(&prefix));
        self.active.retain(|(_, day, _)| *day != date);
        self.attempts.retain(|key, _| !key.starts_with(&prefix));
        self.episodes.retain(|episode| episode.local_date != date.to_string());
        self.missing_night = date.to_string();
    }

    /// A planted episode and its attempts.
    #[expect(clippy::too_many_arguments, reason = "each is a column of the list")]
    pub(super) fn episode(
        &mut self,
        date: Date,
        person: &Person,
        theme: &str,
        severity: u8,
        start_ms: i64,
        outcome: &'static str,
        attempts: u8,
    ) {
        self.episodes.push(PlannedEpisode {
            local_date: date.to_string(),
            person_key: person.key.clone(),
            group: person.group(),
            theme: theme.to_owned(),
            severity,
            start_ms,
            outcome,
            attempts,
        });
        if attempts > 0 {
            *self.attempts.entry(format!("{date}|{theme}")).or_default() += u64::from(attempts);
        }
    }

    /// A blocked attempt on a site for learning.
    pub(super) fn lesson_attempt(&mut self, date: Date) {
        *self.attempts.entry(format!("{date}|Education and reference")).or_default() += 1;
    }

    /// Adds up what can only be counted at the end.
    pub(super) fn close(&mut self) {
        for (week, _, _) in &self.active {
            *self.active_pupil_days.entry(week.clone()).or_default() += 1;
        }
    }
}
