//! Attempts, episodes and actor-days of one local day: a pure function of its `requests` rows.
//!
//! The rows are read twice. [`Deriver::observe`] collects what neighbours must know (pages, inner
//! requests of decrypted tunnels, warnings that were passed); [`Deriver::add`] then decides for each
//! row whether it is primary, counts it, and keeps only events of interest. So memory grows with
//! people, sites and events, and with pages; of days with very many a pass before ([`Deriver::foresee`])
//! leaves only the pages that stand just before a block. Definitions: attempt, episode, actor-day and event of
//! interest as in `README.md`, "What is counted"; runs end at local midnight.
//!
//! # Why the neighbour rules are narrow
//! A blocked host within two seconds of an allowed page on another site counts as page furniture
//! only when that page is known to be HTML: where the source has no MIME types the rule never
//! fires, because hiding a real attempt is worse than counting an advert.

mod apart;
mod classes;
mod columns;
mod networks;
mod panel;
mod primary;
mod runs;
mod tables;

use arrow::array::RecordBatch;

use crate::classify::taxonomy::Taxonomy;
use crate::error::Error;
use crate::quick_map::QuickMap;
use crate::settings::investigations::{Purpose, SetApartDay};
use apart::Apart;
use classes::Active;
use columns::{Columns, Symbols, known};
use networks::OnNetworks;
use panel::Panel;
use primary::Neighbours;
use runs::{Interest, Person};

pub use apart::{APART_COLUMNS, ApartCount};
pub use columns::{ADD_COLUMNS, FORESEE_COLUMNS, OBSERVE_COLUMNS};
pub use tables::Population;

/// What one local hour, group, category and action amount to.
#[derive(Clone, Copy, Debug, Default)]
struct Activity {
    records: i64,
    primary_records: i64,
    response_bytes: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ActivityKey {
    local_hour: i16,
    lesson_period: Option<u32>,
    actor_kind: u32,
    role: u32,
    group_id: u32,
    visibility: u32,
    code: u32,
    theme: Option<u32>,
    action: u32,
}

/// The calendar facts that every row of a local day shares.
#[derive(Clone, Copy, Debug)]
struct DayFacts {
    local_date: i32,
    week_start_date: i32,
    half_term: Option<u32>,
    half_term_week: Option<i16>,
    day_type: u32,
    school_day: bool,
}

/// Builds one local day's derived rows from its `requests` rows.
#[derive(Debug)]
pub struct Deriver<'t> {
    taxonomy: &'t Taxonomy,
    symbols: Symbols,
    neighbours: Neighbours,
    day: Option<DayFacts>,
    people: QuickMap<Option<i64>, Person>,
    activity: QuickMap<ActivityKey, Activity>,
    interests: Vec<Interest>,
    networks: OnNetworks,
    active: Active,
    panel: Panel,
    apart: Apart,
}

impl<'t> Deriver<'t> {
    /// A day without rows; the taxonomy says which themes are safeguarding themes.
    #[must_use]
    pub fn new(taxonomy: &'t Taxonomy) -> Self {
        Self {
            taxonomy,
            symbols: Symbols::default(),
            neighbours: Neighbours::default(),
            day: None,
            people: QuickMap::default(),
            activity: QuickMap::default(),
            interests: Vec::new(),
            networks: OnNetworks::default(),
            active: Active::default(),
            panel: Panel::default(),
            apart: Apart::default(),
        }
    }

    /// The same with records set apart, which then stand in no derived row. Every pass needs
    /// [`APART_COLUMNS`] too.
    #[must_use]
    pub fn with_apart(mut self, day: SetApartDay) -> Self {
        self.apart = Apart::new(day);
        self
    }

    /// The same with the sites of the day's canary panel.
    #[must_use]
    pub fn with_panel(mut self, sites: &[String]) -> Self {
        self.panel.sites = sites.iter().map(|site| self.symbols.number(site)).collect();
        self
    }

    /// The rows that are not set apart; none where all are wanted as they are.
    fn counted(&mut self, batch: &RecordBatch, last: bool) -> Result<Option<RecordBatch>, Error> {
        match self.apart.rows(batch, &mut self.symbols, last)? {
            Some(rows) => apart::without(batch, &rows).map(Some),
            None => Ok(None),
        }
    }

    /// A pass before the first, over the same rows, for days with very many: then the first remembers only
    /// what can decide something. What comes out is the same with it and without. Needs the columns of
    /// [`FORESEE_COLUMNS`].
    ///
    /// # Errors
    /// [`Kind::Corrupt`](crate::Kind::Corrupt) when a column is missing or of another type.
    pub fn foresee(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let counted = self.counted(batch, false)?;
        self.neighbours.foresee(counted.as_ref().unwrap_or(batch), &mut self.symbols)
    }

    /// First pass: what neighbours must know. Needs the columns of [`OBSERVE_COLUMNS`].
    ///
    /// # Errors
    /// [`Kind::Corrupt`](crate::Kind::Corrupt) when a column is missing or of another type.
    pub fn observe(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let counted = self.counted(batch, false)?;
        self.neighbours.observe(counted.as_ref().unwrap_or(batch), &mut self.symbols)
    }

    /// Second pass over the same rows. Needs the columns of [`ADD_COLUMNS`].
    ///
    /// # Errors
    /// [`Kind::Corrupt`](crate::Kind::Corrupt) when a column is missing or of another type.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.neighbours.settle();
        let counted = self.counted(batch, true)?;
        let batch = counted.as_ref().unwrap_or(batch);
        let columns = Columns::of(batch, &mut self.symbols)?;
        for row in 0..batch.num_rows() {
            self.add_row(&columns, row);
        }
        Ok(())
    }

    fn add_row(&mut self, columns: &Columns<'_>, row: usize) {
        let symbols = &mut self.symbols;
        if self.day.is_none() {
            self.day = Some(DayFacts {
                local_date: columns.local_date.value(row),
                week_start_date: columns.week_start_date.value(row),
                half_term: columns.half_term.symbol(row, symbols),
                half_term_week: columns.half_term_week(row),
                day_type: columns.day_type.required(row, symbols),
                school_day: columns.school_day.value(row),
            });
        }
        let actor = columns.actor(row);
        let time_us = columns.event_time_utc.value(row);
        let action = columns.action.required(row, symbols);
        let site = columns.site.symbol(row, symbols);
        let record_kind = columns.record_kind.required(row, symbols);
        let theme = columns.theme.symbol(row, symbols);
        let code = columns.code.required(row, symbols);
        let severity = columns.severity.value(row);
        let illegal = columns.illegal.value(row);
        let blocked = action == known::BLOCKED;
        // Of an illegal list every refusal counts: no neighbour makes it page furniture.
        let neighbours_agree =
            (illegal && blocked) || self.neighbours.is_primary(actor, time_us, site, record_kind, action);
        let primary = !columns.record_noise.value(row) && neighbours_agree;

        let person = self.people.entry(actor).or_insert_with(|| Person::of(columns, row, symbols));
        person.see(columns, row, symbols);
        person.records += 1;
        person.primary_records += i64::from(primary);
        // Rows on an illegal list stand in no trend: only the actor's activity is counted.
        person.blocked_records += i64::from(primary && blocked && !illegal);

        let minute = columns.local_minute.value(row);
        let network = columns.network.required(row, symbols);
        *self.networks.entry((actor, network)).or_default() += i64::from(primary);
        if !columns.record_noise.value(row) {
            if let Some(actor) = actor {
                self.active.entry(actor).or_default().see(minute);
            }
            let through =
                matches!(action, known::ALLOWED | known::PROCEEDED | known::BYPASSED | known::MONITORED);
            if let Some(site) = site.filter(|_| through && !illegal) {
                self.panel.see(site, actor);
            }
        }
        let lesson_period = columns.lesson_period.symbol(row, symbols);
        let key = ActivityKey {
            local_hour: minute / 60,
            lesson_period,
            actor_kind: columns.actor_kind.required(row, symbols),
            role: columns.role.required(row, symbols),
            group_id: columns.group_id.required(row, symbols),
            visibility: columns.visibility.required(row, symbols),
            code,
            theme,
            action,
        };
        let activity = self.activity.entry(key).or_default();
        activity.records += 1;
        activity.primary_records += i64::from(primary);
        activity.response_bytes += columns.response_bytes(row).unwrap_or(0).max(0);

        // The rows of a sealed set are the safeguarding themes; a vendor's severity makes no other.
        let safeguarding = severity >= 3
            && (illegal
                || theme.is_some_and(|theme| self.taxonomy.row_of_theme(symbols.word(theme)).is_some()));
        if primary && (blocked || safeguarding) {
            let search_token = columns.search_token(row);
            let search_theme = columns.search_theme.symbol(row, symbols);
            let code_source = columns.code_source.required(row, symbols);
            self.interests.push(Interest {
                actor,
                time_us,
                order: (columns.import_token.value(row), columns.record_number.value(row)),
                local_minute: minute,
                lesson_period,
                network,
                code,
                theme: if illegal { None } else { theme },
                four_c: columns.four_c.symbol(row, symbols),
                severity,
                site,
                search_token,
                learning: columns.learning.value(row),
                illegal,
                blocked,
                decided: blocked
                    || matches!(
                        action,
                        known::ALLOWED
                            | known::WARNED
                            | known::PROCEEDED
                            | known::BYPASSED
                            | known::MONITORED
                    ),
                searched: code_source == known::SEARCH || (theme.is_some() && search_theme == theme),
            });
        }
    }

    /// The day's derived rows.
    #[must_use]
    pub fn finish(mut self) -> DerivedDay {
        let school_day = self.day.is_some_and(|day| day.school_day);
        let runs = runs::build(&mut self.interests, school_day);
        DerivedDay {
            symbols: self.symbols,
            day: self.day,
            people: self.people,
            activity: self.activity,
            runs,
            networks: self.networks,
            active: self.active,
            panel: self.panel,
            apart: self.apart.counts(),
        }
    }
}

/// All derived rows of one local day.
#[derive(Debug)]
pub struct DerivedDay {
    symbols: Symbols,
    day: Option<DayFacts>,
    people: QuickMap<Option<i64>, Person>,
    activity: QuickMap<ActivityKey, Activity>,
    runs: runs::Runs,
    networks: OnNetworks,
    active: Active,
    panel: Panel,
    apart: Vec<(Purpose, ApartCount)>,
}

impl DerivedDay {
    /// How many records were set apart, by purpose.
    #[must_use]
    pub fn apart(&self) -> &[(Purpose, ApartCount)] {
        &self.apart
    }
}

#[cfg(test)]
mod tests;
