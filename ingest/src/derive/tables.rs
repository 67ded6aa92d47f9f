//! A derived day as record batches in the columns of `schema`.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Int16Builder, Int64Builder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};

use super::runs::{Attempt, Episode, Interest, Outcome, Person};
use super::{DayFacts, DerivedDay};
use crate::error::{Error, Kind};
use crate::schema::{self, ColumnType, TableSchema};
use crate::school::AcademicYear;

/// One cell on its way into a column.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Whole(i64),
    Flag(bool),
    Empty,
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Empty, Self::Text)
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::Empty, Self::Whole)
    }
}

impl From<Option<i16>> for Value<'_> {
    fn from(number: Option<i16>) -> Self {
        number.map_or(Self::Empty, |number| Self::Whole(i64::from(number)))
    }
}

enum Column {
    Timestamp(TimestampMicrosecondBuilder),
    Date(Date32Builder),
    Int16(Int16Builder),
    Int64(Int64Builder),
    Boolean(BooleanBuilder),
    Text(StringBuilder),
}

/// Collects rows of one table, cell by cell in the order of its columns.
pub(super) struct Rows {
    schema: &'static TableSchema,
    columns: Vec<Column>,
}

impl Rows {
    pub(super) fn new(schema: &'static TableSchema) -> Self {
        let columns = schema
            .columns
            .iter()
            .map(|column| match column.kind {
                ColumnType::Timestamp => {
                    Column::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
                }
                ColumnType::Date => Column::Date(Date32Builder::new()),
                ColumnType::Int16 => Column::Int16(Int16Builder::new()),
                ColumnType::Int32 | ColumnType::Int64 => Column::Int64(Int64Builder::new()),
                ColumnType::Boolean => Column::Boolean(BooleanBuilder::new()),
                ColumnType::Text => Column::Text(StringBuilder::new()),
            })
            .collect();
        Self { schema, columns }
    }

    pub(super) fn push(&mut self, values: &[Value<'_>]) {
        debug_assert_eq!(values.len(), self.columns.len(), "cells of a row of {}", self.schema.name);
        for (column, value) in self.columns.iter_mut().zip(values) {
            match (column, *value) {
                (Column::Timestamp(builder), Value::Whole(number)) => builder.append_value(number),
                (Column::Timestamp(builder), _) => builder.append_null(),
                (Column::Date(builder), Value::Whole(number)) => builder.append_value(number as i32),
                (Column::Date(builder), _) => builder.append_null(),
                (Column::Int16(builder), Value::Whole(number)) => builder.append_value(number as i16),
                (Column::Int16(builder), _) => builder.append_null(),
                (Column::Int64(builder), Value::Whole(number)) => builder.append_value(number),
                (Column::Int64(builder), _) => builder.append_null(),
                (Column::Boolean(builder), Value::Flag(flag)) => builder.append_value(flag),
                (Column::Boolean(builder), _) => builder.append_null(),
                (Column::Text(builder), Value::Text(text)) => builder.append_value(text),
                (Column::Text(builder), _) => builder.append_null(),
            }
        }
    }

    pub(super) fn finish(self) -> Result<(&'static TableSchema, RecordBatch), Error> {
        let schema = self.schema;
        let named = schema.columns.iter().zip(self.columns).map(|(description, column)| {
            let array: ArrayRef = match column {
                Column::Timestamp(mut builder) => Arc::new(builder.finish()),
                Column::Date(mut builder) => Arc::new(builder.finish()),
                Column::Int16(mut builder) => Arc::new(builder.finish()),
                Column::Int64(mut builder) => Arc::new(builder.finish()),
                Column::Boolean(mut builder) => Arc::new(builder.finish()),
                Column::Text(mut builder) => Arc::new(builder.finish()),
            };
            (description.name, array, description.nullable)
        });
        RecordBatch::try_from_iter_with_nullable(named).map(|batch| (schema, batch)).map_err(|error| {
            Error::new(Kind::Bug, format!("derived rows of `{}` do not fit", schema.name)).because(error)
        })
    }
}

/// Which set of derived tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Population {
    /// Everybody but staff.
    Pupils,
    /// Staff: tables of their own.
    Staff,
}

/// What the attempts of one actor in one theme amount to.
#[derive(Default)]
struct ThemeDay {
    theme: Option<u32>,
    four_c: Option<u32>,
    severity: i16,
    outcome: Outcome,
    attempts: i64,
    episodes: i64,
}

/// What the attempts of one actor on one site and code amount to.
struct SiteDay<'e> {
    first: &'e Interest,
    learning: bool,
    attempts: i64,
    records: i64,
}

impl DerivedDay {
    /// Whether the day had no row at all; its derived rows are then to be removed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.day.is_none()
    }

    /// The day's rows, one batch per derived table, partition column included.
    ///
    /// # Errors
    /// [`Kind::Bug`] when a row does not fit its schema.
    pub fn tables(&self, population: Population) -> Result<Vec<(&'static TableSchema, RecordBatch)>, Error> {
        let names: [&'static TableSchema; 6] = match population {
            Population::Pupils => [
                &schema::ATTEMPTS,
                &schema::EPISODES,
                &schema::ACTOR_DAYS,
                &schema::ACTOR_THEME_DAYS,
                &schema::ACTIVITY,
                &schema::BLOCKED_SITE_DAYS,
            ],
            Population::Staff => [
                &schema::STAFF_ATTEMPTS,
                &schema::STAFF_EPISODES,
                &schema::STAFF_ACTOR_DAYS,
                &schema::STAFF_ACTOR_THEME_DAYS,
                &schema::STAFF_ACTIVITY,
                &schema::STAFF_BLOCKED_SITE_DAYS,
            ],
        };
        let [mut attempts, mut episodes, mut actor_days, mut theme_days, mut activity, mut sites] =
            names.map(Rows::new);
        if let Some(day) = self.day {
            let year = academic_year(day.local_date);
            self.attempts(day, &year, &mut attempts);
            self.episodes(day, &year, &mut episodes);
            self.actor_days(day, &year, &mut actor_days);
            self.theme_days(day, &year, &mut theme_days);
            self.activity(day, &year, &mut activity);
            self.sites(day, &year, &mut sites);
        }
        let mut all = vec![attempts, episodes, actor_days, theme_days, activity, sites];
        if population == Population::Pupils {
            all.extend(self.of_pupils_alone());
        }
        all.into_iter().map(Rows::finish).collect()
    }

    /// Tables that staff have no counterpart of.
    fn of_pupils_alone(&self) -> [Rows; 4] {
        let [mut networks, mut themes, mut classes, mut panel] =
            [&schema::NETWORK_DAYS, &schema::NETWORK_THEME_DAYS, &schema::CLASS_MINUTES, &schema::PANEL_DAYS]
                .map(Rows::new);
        if let Some(day) = self.day {
            let year = academic_year(day.local_date);
            self.network_days(day, &year, &mut networks);
            self.network_theme_days(day, &year, &mut themes);
            self.class_minutes(day, &year, &mut classes);
            self.panel_days(day, &year, &mut panel);
        }
        [networks, themes, classes, panel]
    }

    fn text(&self, symbol: Option<u32>) -> Value<'_> {
        symbol.map(|symbol| self.symbols.word(symbol)).into()
    }

    fn word(&self, symbol: u32) -> Value<'_> {
        Value::Text(self.symbols.word(symbol))
    }

    pub(super) fn day(&self, day: DayFacts) -> [Value<'_>; 6] {
        [
            Value::Whole(i64::from(day.local_date)),
            Value::Whole(i64::from(day.week_start_date)),
            self.text(day.half_term),
            day.half_term_week.into(),
            self.word(day.day_type),
            Value::Flag(day.school_day),
        ]
    }

    pub(super) fn who(&self, actor: Option<i64>) -> [Value<'_>; 6] {
        self.people.get(&actor).map_or([Value::Empty; 6], |person| self.described(actor, person))
    }

    fn described(&self, actor: Option<i64>, person: &Person) -> [Value<'_>; 6] {
        [
            actor.into(),
            self.word(person.actor_kind),
            self.word(person.role),
            self.word(person.group_id),
            person.year_group.into(),
            self.text(person.key_stage),
        ]
    }

    fn started(&self, first: &Interest, end_us: i64) -> [Value<'_>; 4] {
        [
            Value::Whole(first.time_us),
            Value::Whole(end_us),
            Value::Whole(i64::from(first.local_minute)),
            self.text(first.lesson_period),
        ]
    }

    fn attempts(&self, day: DayFacts, year: &str, rows: &mut Rows) {
        for Attempt { first, end_us, severity, learning, records } in &self.runs.attempts {
            let mut cells = [self.day(day), self.who(first.actor)].concat();
            cells.extend(self.started(first, *end_us));
            cells.extend([
                self.word(first.code),
                self.text(first.theme),
                self.text(first.four_c),
                Value::Whole(i64::from(*severity)),
                self.text(first.site),
                first.search_token.into(),
                Value::Flag(*learning),
                Value::Flag(first.illegal),
                Value::Whole(*records),
                Value::Text(year),
            ]);
            rows.push(&cells);
        }
    }

    fn episodes(&self, day: DayFacts, year: &str, rows: &mut Rows) {
        for episode in &self.runs.episodes {
            let Episode { first, .. } = episode;
            let mut cells = [self.day(day), self.who(first.actor)].concat();
            cells.extend(self.started(first, episode.end_us));
            cells.extend([
                self.text(first.theme),
                self.text(first.four_c),
                Value::Whole(i64::from(episode.severity)),
                Value::Text(episode.outcome.word()),
                Value::Flag(episode.searched),
                Value::Flag(episode.persistent),
                Value::Flag(first.illegal),
                Value::Whole(episode.attempts),
                Value::Whole(episode.records),
                Value::Text(year),
            ]);
            rows.push(&cells);
        }
    }

    fn actor_days(&self, day: DayFacts, year: &str, rows: &mut Rows) {
        let (mut attempts, mut episodes) = (BTreeMap::new(), BTreeMap::new());
        for attempt in self.runs.attempts.iter().filter(|attempt| !attempt.first.illegal) {
            *attempts.entry(attempt.first.actor).or_insert(0_i64) += 1;
        }
        for episode in self.runs.episodes.iter().filter(|episode| !episode.first.illegal) {
            *episodes.entry(episode.first.actor).or_insert(0_i64) += 1;
        }
        let people: BTreeMap<_, _> = self.people.iter().collect();
        for (actor, person) in people {
            let mut cells = [self.day(day), self.described(*actor, person)].concat();
            cells.extend([
                Value::Whole(person.records),
                Value::Whole(person.primary_records),
                Value::Whole(person.blocked_records),
                Value::Whole(attempts.get(actor).copied().unwrap_or(0)),
                Value::Whole(episodes.get(actor).copied().unwrap_or(0)),
                Value::Text(year),
            ]);
            rows.push(&cells);
        }
    }

    fn theme_days(&self, day: DayFacts, year: &str, rows: &mut Rows) {
        let mut themes: BTreeMap<(Option<i64>, &str), ThemeDay> = BTreeMap::new();
        for episode in self.runs.episodes.iter().filter(|episode| !episode.first.illegal) {
            let theme = episode.first.theme;
            let name = theme.map_or("", |theme| self.symbols.word(theme));
            let total = themes.entry((episode.first.actor, name)).or_insert_with(|| ThemeDay {
                theme,
                four_c: episode.first.four_c,
                ..ThemeDay::default()
            });
            total.severity = total.severity.max(episode.severity);
            total.outcome.merge(episode.outcome);
            total.attempts += episode.attempts;
            total.episodes += 1;
        }
        for ((actor, _), total) in themes {
            let mut cells = [self.day(day), self.who(actor)].concat();
            cells.extend([
                self.text(total.theme),
                self.text(total.four_c),
                Value::Whole(i64::from(total.severity)),
                Value::Text(total.outcome.word()),
                Value::Whole(total.attempts),
                Value::Whole(total.episodes),
                Value::Text(year),
            ]);
            rows.push(&cells);
        }
    }

    fn activity(&self, day: DayFacts, year: &str, rows: &mut Rows) {
        let mut sorted: Vec<_> = self.activity.iter().collect();
        sorted.sort_by_key(|(key, _)| {
            let word = |symbol: u32| self.symbols.word(symbol);
            let optional = |symbol: Option<u32>| symbol.map_or("", word);
            (
                (
                    key.local_hour,
                    optional(key.lesson_period),
                    word(key.group_id),
                    word(key.code),
                    word(key.action),
                ),
                (word(key.role), word(key.actor_kind), word(key.visibility), optional(key.theme)),
            )
        });
        for (key, total) in sorted {
            let mut cells = self.day(day).to_vec();
            cells.extend([
                Value::Whole(i64::from(key.local_hour)),
                self.text(key.lesson_period),
                self.word(key.actor_kind),
                self.word(key.role),
                self.word(key.group_id),
                self.word(key.visibility),
                self.word(key.code),
                self.text(key.theme),
                self.word(key.action),
                Value::Whole(total.records),
                Value::Whole(total.primary_records),
                Value::Whole(total.response_bytes),
                Value::Text(year),
            ]);
            rows.push(&cells);
        }
    }

    fn sites(&self, day: DayFacts, year: &str, rows: &mut Rows) {
        let mut sites: BTreeMap<(Option<i64>, &str, &str), SiteDay<'_>> = BTreeMap::new();
        for attempt in self.runs.attempts.iter().filter(|attempt| !attempt.first.illegal) {
            let site = attempt.first.site.map_or("", |site| self.symbols.word(site));
            let entry = sites
                .entry((attempt.first.actor, site, self.symbols.word(attempt.first.code)))
                .or_insert(SiteDay { first: &attempt.first, learning: false, attempts: 0, records: 0 });
            entry.learning |= attempt.learning;
            entry.attempts += 1;
            entry.records += attempt.records;
        }
        for SiteDay { first, learning, attempts, records } in sites.into_values() {
            let mut cells = [self.day(day), self.who(first.actor)].concat();
            cells.extend([
                self.text(first.site),
                self.word(first.code),
                self.text(first.theme),
                Value::Flag(learning),
                Value::Whole(attempts),
                Value::Whole(records),
                Value::Text(year),
            ]);
            rows.push(&cells);
        }
    }
}

fn academic_year(days_since_epoch: i32) -> String {
    jiff::civil::date(1970, 1, 1)
        .checked_add(jiff::Span::new().days(i64::from(days_since_epoch)))
        .map_or_else(|_| String::new(), |date| AcademicYear::of(date).to_string())
}
