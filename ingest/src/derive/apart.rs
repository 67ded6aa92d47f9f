//! Records that are set apart: an investigator's, a test's. They are counted and stand in nothing else.

use arrow::array::{Array, RecordBatch};

use super::columns::{Symbols, flag, instant, text, whole};
use crate::error::Error;
use crate::quick_map::QuickMap;
use crate::settings::investigations::{Purpose, SetApartDay};

/// Columns that tell whether a record is set apart; read only on days on which one may be.
pub const APART_COLUMNS: &[&str] = &["event_time_utc", "actor", "device", "network", "illegal"];

/// How many records of a day are set apart for one purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApartCount {
    /// Records.
    pub records: i64,
    /// Those of an illegal list among them.
    pub illegal: i64,
}

/// What is set apart on the day at hand.
#[derive(Debug, Default)]
pub(super) struct Apart {
    day: SetApartDay,
    counts: QuickMap<Purpose, ApartCount>,
}

impl Apart {
    pub(super) fn new(day: SetApartDay) -> Self {
        Self { day, counts: QuickMap::default() }
    }

    /// For each row of a batch whether it is set apart; none where nothing is on that day.
    pub(super) fn rows(
        &mut self,
        batch: &RecordBatch,
        symbols: &mut Symbols,
        counted: bool,
    ) -> Result<Option<Vec<bool>>, Error> {
        if self.day.is_empty() {
            return Ok(None);
        }
        let (times, actors) = (instant(batch, "event_time_utc")?, whole(batch, "actor")?);
        let (devices, networks) = (whole(batch, "device")?, text(batch, "network", symbols)?);
        let listed = flag(batch, "illegal")?;
        let wanted: Vec<(u32, Purpose)> =
            self.day.networks.iter().map(|(name, purpose)| (symbols.number(name), *purpose)).collect();
        let mut apart = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let actor = (!actors.is_null(row)).then(|| actors.value(row));
            let device = (!devices.is_null(row)).then(|| devices.value(row));
            let network = networks.required(row, symbols);
            let (time_us, illegal) = (times.value(row), listed.value(row));
            let is = |token: i64| Some(token) == actor || Some(token) == device;
            // A hit on an illegal list is somebody's until a recorded test says otherwise: no investigation and no
            // bench needs one.
            let of_token = self.day.tokens.iter().find(|(token, _)| is(*token)).map(|(_, purpose)| *purpose);
            let of_network = || wanted.iter().find(|(name, _)| *name == network).map(|(_, purpose)| *purpose);
            let of_test = || {
                let tested =
                    |(token, from, to): &(i64, i64, i64)| is(*token) && (*from..=*to).contains(&time_us);
                self.day.tests.iter().any(tested).then_some(Purpose::Test)
            };
            let purpose = if illegal { of_test() } else { of_token.or_else(of_network) };
            if let Some(purpose) = purpose.filter(|_| counted) {
                let count = self.counts.entry(purpose).or_default();
                count.records += 1;
                count.illegal += i64::from(illegal);
            }
            apart.push(purpose.is_some());
        }
        Ok(Some(apart))
    }

    /// What was set apart, by purpose.
    pub(super) fn counts(&self) -> Vec<(Purpose, ApartCount)> {
        Purpose::ALL
            .into_iter()
            .filter_map(|purpose| self.counts.get(&purpose).map(|count| (purpose, *count)))
            .collect()
    }
}

/// The rows of a batch that are not set apart.
pub(super) fn without(batch: &RecordBatch, apart: &[bool]) -> Result<RecordBatch, Error> {
    let keep: arrow::array::BooleanArray = apart.iter().map(|apart| Some(!apart)).collect();
    arrow::compute::filter_record_batch(batch, &keep)
        .map_err(|error| Error::new(crate::error::Kind::Bug, "records could not be set apart").because(error))
}
