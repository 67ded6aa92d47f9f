//! Rows of `requests` (and of `staff_requests`): the only way into them is a pseudonymous event.

use std::sync::Arc;

use arrow::array::DictionaryArray;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int16Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Int32Type, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::dictionary::TextColumn;
use crate::error::{Error, Kind};
use crate::event::{Event, Pseudonymous, Site};
use crate::fields::TimeBasis;
use crate::lake::columns::{dictionary_schema, epoch_days};
use crate::quick_map::QuickMap;
use crate::schema::REQUESTS;

/// Rows of one local day under construction, column by column.
#[derive(Default)]
pub struct RequestBatch {
    event_time_utc: Vec<i64>,
    time_basis: TextColumn,
    local_minute: Vec<i16>,
    utc_offset_minutes: Vec<i16>,
    clock_fold: Vec<bool>,
    clock_ambiguous: Vec<bool>,
    week_start_date: Vec<i32>,
    half_term: TextColumn,
    half_term_week: Vec<Option<i16>>,
    day_type: TextColumn,
    school_day: Vec<bool>,
    lesson_period: TextColumn,
    actor: Vec<Option<i64>>,
    actor_kind: TextColumn,
    role: TextColumn,
    group_id: TextColumn,
    year_group: Vec<Option<i16>>,
    key_stage: TextColumn,
    device: Vec<Option<i64>>,
    network: TextColumn,
    record_kind: TextColumn,
    method: TextColumn,
    status: Vec<Option<i32>>,
    response_bytes: Vec<Option<i64>>,
    duration_ms: Vec<Option<i64>>,
    action: TextColumn,
    block_reason: TextColumn,
    site: TextColumn,
    /// Numbers in `site` of hosts that are tokens, so that each is spelled once.
    site_tokens: QuickMap<i64, i32>,
    visibility: TextColumn,
    html_page: Vec<bool>,
    code: TextColumn,
    other_codes: TextColumn,
    theme: TextColumn,
    four_c: TextColumn,
    severity: Vec<i16>,
    code_source: TextColumn,
    learning: Vec<bool>,
    search_token: Vec<Option<i64>>,
    search_theme: TextColumn,
    record_noise: Vec<bool>,
    illegal: Vec<bool>,
    record_number: Vec<i64>,
    /// Rows that another format than the file's read; nearly always none.
    foreign: Vec<(usize, &'static str)>,
}

impl std::fmt::Debug for RequestBatch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "RequestBatch({} rows)", self.len())
    }
}

impl RequestBatch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Rows so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.event_time_utc.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.event_time_utc.is_empty()
    }

    /// Columns of the batches: the files' columns, text as a dictionary.
    #[must_use]
    pub fn schema() -> SchemaRef {
        dictionary_schema(&REQUESTS)
    }

    /// Adds a row.
    pub fn push(&mut self, event: &Event<'_, Pseudonymous>) {
        let (moment, facts) = (&event.moment, &event.facts);
        self.event_time_utc.push(moment.utc_us);
        let basis = match moment.basis {
            TimeBasis::Start => "start",
            TimeBasis::End => "end",
            TimeBasis::Unknown => "unknown",
        };
        self.time_basis.push_variant(moment.basis as usize, basis);
        self.local_minute.push(moment.local_minute);
        self.utc_offset_minutes.push(moment.utc_offset_minutes);
        self.clock_fold.push(moment.clock_fold);
        self.clock_ambiguous.push(moment.clock_ambiguous);
        self.week_start_date.push(epoch_days(moment.week_start));
        self.half_term.push(moment.half_term);
        self.half_term_week.push(moment.half_term_week.map(i16::from));
        self.day_type.push(Some(moment.day_type));
        self.school_day.push(moment.school_day);
        self.lesson_period.push(moment.lesson_period);
        self.actor.push(event.actor.token);
        self.actor_kind.push_variant(event.actor.kind as usize, event.actor.kind.word());
        self.role.push_variant(facts.role as usize, facts.role.word());
        self.group_id.push(Some(facts.group_id));
        self.year_group.push(facts.year_group.map(i16::from));
        self.key_stage.push(facts.key_stage);
        self.device.push(event.device);
        self.network.push(Some(facts.network));
        self.record_kind.push_variant(event.kind as usize, event.kind.word());
        self.method.push(event.method);
        self.status.push(event.status);
        self.response_bytes.push(event.response_bytes);
        self.duration_ms.push(event.duration_ms);
        self.action.push_variant(event.action as usize, event.action.word());
        self.block_reason.push(event.block_reason.map(crate::fields::BlockReason::word));
        self.push_site(&event.page, facts.illegal);
        let visibility = if event.page_visible { "page" } else { "host" };
        self.visibility.push_variant(usize::from(event.page_visible), visibility);
        self.html_page.push(event.html_page);
        self.code.push(Some(facts.code));
        self.other_codes.push(Some(&*facts.other_codes).filter(|codes| !codes.is_empty()));
        self.theme.push(facts.theme);
        self.four_c.push(facts.four_c);
        self.severity.push(i16::from(facts.severity));
        self.code_source.push(Some(facts.code_source));
        self.learning.push(facts.learning);
        self.search_token.push(event.search);
        self.search_theme.push(facts.search_theme);
        self.record_noise.push(facts.record_noise);
        self.illegal.push(facts.illegal);
        if let Some(format) = event.read_by {
            self.foreign.push((self.record_number.len(), format));
        }
        self.record_number.push(event.place.record as i64);
    }

    fn push_site(&mut self, site: &Site<'_>, illegal: bool) {
        match site {
            // A row of an illegal list has no site anywhere, whatever came before (decision A2b).
            _ if illegal => self.site.push(None),
            Site::Domain(domain) => self.site.push(Some(domain)),
            Site::Token(token) => {
                let number = *self
                    .site_tokens
                    .entry(*token)
                    .or_insert_with(|| self.site.number(&format!("host-{token:016x}")));
                self.site.push_number(number);
            }
            Site::None => self.site.push(None),
        }
    }

    /// The rows, ordered by actor and time, and an empty batch to go on with.
    ///
    /// # Errors
    /// [`Kind::Bug`] when the columns do not fit the schema.
    pub fn finish(&mut self, source_format: &str, import_token: i64) -> Result<RecordBatch, Error> {
        let order = self.order();
        let batch = self
            .columns(&order, source_format, import_token)
            .and_then(|columns| RecordBatch::try_new(Self::schema(), columns));
        self.clear();
        batch.map_err(|error| {
            Error::new(Kind::Bug, "rows of `requests` do not fit its columns").because(error)
        })
    }

    fn order(&self) -> Vec<u32> {
        let mut keys: Vec<(Option<i64>, i64, u32)> =
            (0..self.len()).map(|row| (self.actor[row], self.event_time_utc[row], row as u32)).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, _, row)| row).collect()
    }

    fn columns(&self, order: &[u32], format: &str, token: i64) -> Result<Vec<ArrayRef>, ArrowError> {
        macro_rules! take {
            (all $array:ident $column:ident) => {
                Arc::new($array::from_iter_values(order.iter().map(|row| self.$column[*row as usize])))
                    as ArrayRef
            };
            (flag $column:ident) => {
                Arc::new(BooleanArray::from(
                    order.iter().map(|row| self.$column[*row as usize]).collect::<Vec<bool>>(),
                )) as ArrayRef
            };
            ($array:ident $column:ident) => {
                Arc::new(order.iter().map(|row| self.$column[*row as usize]).collect::<$array>()) as ArrayRef
            };
        }
        let time = TimestampMicrosecondArray::from_iter_values(
            order.iter().map(|row| self.event_time_utc[*row as usize]),
        );
        let format = self.formats(order, format)?;
        Ok(vec![
            Arc::new(time.with_timezone("UTC")),
            self.time_basis.array(order)?,
            take!(all Int16Array local_minute),
            take!(all Int16Array utc_offset_minutes),
            take!(flag clock_fold),
            take!(flag clock_ambiguous),
            take!(all Date32Array week_start_date),
            self.half_term.array(order)?,
            take!(Int16Array half_term_week),
            self.day_type.array(order)?,
            take!(flag school_day),
            self.lesson_period.array(order)?,
            take!(Int64Array actor),
            self.actor_kind.array(order)?,
            self.role.array(order)?,
            self.group_id.array(order)?,
            take!(Int16Array year_group),
            self.key_stage.array(order)?,
            take!(Int64Array device),
            self.network.array(order)?,
            self.record_kind.array(order)?,
            self.method.array(order)?,
            take!(Int32Array status),
            take!(Int64Array response_bytes),
            take!(Int64Array duration_ms),
            self.action.array(order)?,
            self.block_reason.array(order)?,
            self.site.array(order)?,
            self.visibility.array(order)?,
            take!(flag html_page),
            self.code.array(order)?,
            self.other_codes.array(order)?,
            self.theme.array(order)?,
            self.four_c.array(order)?,
            take!(all Int16Array severity),
            self.code_source.array(order)?,
            take!(flag learning),
            take!(Int64Array search_token),
            self.search_theme.array(order)?,
            take!(flag record_noise),
            take!(flag illegal),
            Arc::new(format),
            Arc::new(Int64Array::from_value(token, order.len())),
            take!(all Int64Array record_number),
        ])
    }

    fn formats(&self, order: &[u32], own: &str) -> Result<DictionaryArray<Int32Type>, ArrowError> {
        if self.foreign.is_empty() {
            let numbers = Int32Array::from_value(0, order.len());
            return DictionaryArray::try_new(numbers, Arc::new(StringArray::from_iter_values([own])));
        }
        let mut words = vec![own; self.record_number.len()];
        for (row, format) in &self.foreign {
            words[*row] = format;
        }
        Ok(order.iter().map(|row| words[*row as usize]).collect())
    }

    fn clear(&mut self) {
        self.foreign.clear();
        macro_rules! clear {
            ($($column:ident)*) => {$( self.$column.clear(); )*};
        }
        clear!(event_time_utc time_basis local_minute utc_offset_minutes clock_fold clock_ambiguous
            week_start_date half_term half_term_week day_type school_day lesson_period actor actor_kind role
            group_id year_group key_stage device network record_kind method status response_bytes duration_ms
            action block_reason visibility html_page code other_codes theme four_c severity code_source learning
            search_token search_theme record_noise illegal record_number);
        if self.site.clear() {
            self.site_tokens.clear();
        }
    }
}
