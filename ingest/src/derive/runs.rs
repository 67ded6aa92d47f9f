//! Runs of events: attempts (gap at most 60 s) and episodes (gap at most 10 min).

use super::columns::{Columns, Symbols, known};
use crate::quick_map::QuickMap;

/// Greatest gap between the records of an attempt.
const ATTEMPT_GAP_US: i64 = 60_000_000;
/// Greatest gap between the events of an episode.
const EPISODE_GAP_US: i64 = 600_000_000;
/// Attempts in a theme that make persistence (P3) within `EPISODE_GAP_US`.
const PERSISTENT_IN_TEN_MINUTES: usize = 3;
/// Attempts in a theme that make persistence (P3) on a school day.
const PERSISTENT_IN_A_DAY: usize = 5;
/// Severity that persistence lifts an episode to.
const PERSISTENT_SEVERITY: i16 = 3;

/// What a day knows of an actor, besides its runs.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) actor_kind: u32,
    pub(super) role: u32,
    pub(super) group_id: u32,
    pub(super) year_group: Option<i16>,
    pub(super) key_stage: Option<u32>,
    pub(super) records: i64,
    pub(super) primary_records: i64,
    pub(super) blocked_records: i64,
    /// Place of the record that the facts above come from: the first whose group a rule matched.
    from: (bool, i64, i64, i64),
}

impl Person {
    fn rank(columns: &Columns<'_>, row: usize, symbols: &mut Symbols) -> (bool, i64, i64, i64) {
        let group = columns.group_id.required(row, symbols);
        (
            group == known::UNMATCHED,
            columns.event_time_utc.value(row),
            columns.import_token.value(row),
            columns.record_number.value(row),
        )
    }

    /// The actor as one record has it.
    pub(super) fn of(columns: &Columns<'_>, row: usize, symbols: &mut Symbols) -> Self {
        Self {
            actor_kind: columns.actor_kind.required(row, symbols),
            role: columns.role.required(row, symbols),
            group_id: columns.group_id.required(row, symbols),
            year_group: columns.year_group(row),
            key_stage: columns.key_stage.symbol(row, symbols),
            records: 0,
            primary_records: 0,
            blocked_records: 0,
            from: Self::rank(columns, row, symbols),
        }
    }

    /// Takes the facts of a record that ranks before the one they come from, so that the order in
    /// which files are read changes nothing.
    pub(super) fn see(&mut self, columns: &Columns<'_>, row: usize, symbols: &mut Symbols) {
        if Self::rank(columns, row, symbols) < self.from {
            let counts = (self.records, self.primary_records, self.blocked_records);
            *self = Self::of(columns, row, symbols);
            (self.records, self.primary_records, self.blocked_records) = counts;
        }
    }
}

/// One event of interest.
#[derive(Clone, Debug)]
pub(super) struct Interest {
    pub(super) actor: Option<i64>,
    pub(super) time_us: i64,
    /// Import and record number: breaks ties of time, so that equal input gives equal rows.
    pub(super) order: (i64, i64),
    pub(super) local_minute: i16,
    pub(super) lesson_period: Option<u32>,
    pub(super) network: u32,
    pub(super) code: u32,
    pub(super) theme: Option<u32>,
    pub(super) four_c: Option<u32>,
    pub(super) severity: i16,
    pub(super) site: Option<u32>,
    pub(super) search_token: Option<i64>,
    pub(super) learning: bool,
    pub(super) illegal: bool,
    pub(super) blocked: bool,
    /// The record shows a decision.
    pub(super) decided: bool,
    pub(super) searched: bool,
}

/// A run of blocked primary records of one actor, code and site.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) first: Interest,
    pub(super) end_us: i64,
    pub(super) severity: i16,
    pub(super) learning: bool,
    pub(super) records: i64,
}

/// How the filter decided over a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    pub(super) blocked: bool,
    pub(super) let_through: bool,
}

impl Outcome {
    /// Takes another event or run in.
    pub(super) fn merge(&mut self, other: Self) {
        self.blocked |= other.blocked;
        self.let_through |= other.let_through;
    }

    /// The word in the lake.
    pub(super) const fn word(self) -> &'static str {
        match (self.blocked, self.let_through) {
            (true, true) => "mixed",
            (true, false) => "blocked",
            (false, true) => "allowed",
            (false, false) => "unknown",
        }
    }
}

/// A run of events of interest of one actor and theme.
#[derive(Debug)]
pub(super) struct Episode {
    pub(super) first: Interest,
    pub(super) end_us: i64,
    pub(super) severity: i16,
    pub(super) outcome: Outcome,
    pub(super) searched: bool,
    pub(super) persistent: bool,
    pub(super) attempts: i64,
    pub(super) records: i64,
}

/// All runs of a day.
#[derive(Debug, Default)]
pub(super) struct Runs {
    pub(super) attempts: Vec<Attempt>,
    pub(super) episodes: Vec<Episode>,
}

/// An episode's actor, theme and list: illegal-list hits never join another run, nor each other.
type Concern = (Option<i64>, Option<u32>, bool);

fn concern(event: &Interest) -> Concern {
    (event.actor, event.theme, event.illegal)
}

/// Builds attempts and episodes from a day's events of interest.
pub(super) fn build(events: &mut [Interest], school_day: bool) -> Runs {
    events.sort_unstable_by_key(|event| (event.time_us, event.order));
    let attempts = attempts(events);
    let mut episodes = episodes(events);
    join(&attempts, &mut episodes, school_day);
    Runs { attempts, episodes }
}

/// An attempt's actor, code, site, words searched for, and list.
type Aim = (Option<i64>, u32, Option<u32>, Option<i64>, bool);

fn attempts(events: &[Interest]) -> Vec<Attempt> {
    let mut open: QuickMap<Aim, usize> = QuickMap::default();
    let mut runs: Vec<Attempt> = Vec::new();
    for event in events.iter().filter(|event| event.blocked) {
        // Words searched for stand in the place of the site: two searches on one engine are two acts.
        let site = if event.search_token.is_some() { None } else { event.site };
        let key = (event.actor, event.code, site, event.search_token, event.illegal);
        // Hits of an illegal list are counted one by one.
        let joins = |index: &usize| !event.illegal && event.time_us - runs[*index].end_us <= ATTEMPT_GAP_US;
        let joined = open.get(&key).copied().filter(joins);
        if let Some(index) = joined {
            let run = &mut runs[index];
            run.end_us = event.time_us;
            run.severity = run.severity.max(event.severity);
            run.learning |= event.learning;
            run.records += 1;
        } else {
            open.insert(key, runs.len());
            runs.push(Attempt {
                first: event.clone(),
                end_us: event.time_us,
                severity: event.severity,
                learning: event.learning,
                records: 1,
            });
        }
    }
    runs
}

fn episodes(events: &[Interest]) -> Vec<Episode> {
    let mut open: QuickMap<Concern, usize> = QuickMap::default();
    let mut runs: Vec<Episode> = Vec::new();
    for event in events {
        let outcome = Outcome { blocked: event.blocked, let_through: event.decided && !event.blocked };
        let key = concern(event);
        let joins = |index: &usize| !event.illegal && event.time_us - runs[*index].end_us <= EPISODE_GAP_US;
        let joined = open.get(&key).copied().filter(joins);
        if let Some(index) = joined {
            let run = &mut runs[index];
            run.end_us = event.time_us;
            run.severity = run.severity.max(event.severity);
            run.outcome.merge(outcome);
            run.searched |= event.searched;
            run.records += 1;
        } else {
            open.insert(key, runs.len());
            runs.push(Episode {
                first: event.clone(),
                end_us: event.time_us,
                severity: event.severity,
                outcome,
                searched: event.searched,
                persistent: false,
                attempts: 0,
                records: 1,
            });
        }
    }
    runs
}

/// Gives each episode its attempts and marks persistence (P3).
fn join(attempts: &[Attempt], episodes: &mut [Episode], school_day: bool) {
    let mut starts: QuickMap<Concern, Vec<i64>> = QuickMap::default();
    for attempt in attempts {
        starts.entry(concern(&attempt.first)).or_default().push(attempt.first.time_us);
    }
    for episode in episodes {
        if episode.first.illegal {
            episode.attempts = i64::from(episode.first.blocked);
            continue;
        }
        let Some(times) = starts.get(&concern(&episode.first)) else { continue };
        let inside =
            times.iter().filter(|time| (episode.first.time_us..=episode.end_us).contains(time)).count();
        episode.attempts = inside as i64;
        let quick = times.windows(PERSISTENT_IN_TEN_MINUTES).any(|window| {
            let (first, last) = (window[0], window[PERSISTENT_IN_TEN_MINUTES - 1]);
            last - first <= EPISODE_GAP_US && first <= episode.end_us && last >= episode.first.time_us
        });
        let all_day = school_day && times.len() >= PERSISTENT_IN_A_DAY;
        if episode.first.theme.is_some() && (quick || all_day) {
            episode.persistent = true;
            episode.severity = episode.severity.max(PERSISTENT_SEVERITY);
        }
    }
}
