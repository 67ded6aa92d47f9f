//! Which rows the holds keep.

use std::collections::BTreeSet;

use arrow::array::{Array, BooleanArray, Date32Array, Int64Array};
use arrow::record_batch::RecordBatch;
use jiff::civil::Date;

use crate::error::{Error, Kind};
use crate::lake::columns::epoch_days;
use crate::school::AcademicYear;
use crate::state::Hold;

/// Columns that say whom a row is about.
const WHO: [&str; 3] = ["actor", "subject", "linked"];

/// Holds that still hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Holding {
    holds: Vec<Hold>,
    /// Incidents about a held person, or that name one: they stay, with those named beside.
    incidents: BTreeSet<i64>,
}

impl Holding {
    pub(super) fn new(holds: Vec<Hold>) -> Self {
        Self { holds: holds.into_iter().filter(Hold::is_active).collect(), incidents: BTreeSet::new() }
    }

    /// Whether a hold keeps everybody's rows of some day of a stretch.
    pub(super) fn keeps_everybody(&self, first: Date, last: Date) -> bool {
        self.holds.iter().any(|hold| hold.person.is_none() && hold.touches(first, last))
    }

    /// Whether a hold of either sort touches a stretch of days.
    pub(super) fn touches(&self, first: Date, last: Date) -> bool {
        self.holds.iter().any(|hold| hold.touches(first, last))
    }

    pub(super) fn touches_year(&self, year: AcademicYear) -> bool {
        self.touches(year.first_day(), year.last_day())
    }

    /// Learns from links which incidents name a held person beside somebody else: without the incident the
    /// link would lead nowhere.
    pub(super) fn learn(&mut self, links: &RecordBatch) -> Result<(), Error> {
        let wrong = || Error::new(Kind::Bug, "a column that holds look at is of another type");
        let number = |name: &str| {
            links
                .column_by_name(name)
                .and_then(|column| column.as_any().downcast_ref::<Int64Array>())
                .ok_or_else(wrong)
        };
        let days = links.column_by_name("local_date").ok_or_else(wrong)?;
        let days = days.as_any().downcast_ref::<Date32Array>().ok_or_else(wrong)?;
        let (linked, incident) = (number("linked")?, number("incident")?);
        for row in 0..links.num_rows() {
            let named = self.holds.iter().any(|hold| {
                hold.person.is_some_and(|person| linked.is_valid(row) && linked.value(row) == person)
                    && (epoch_days(hold.from)..=epoch_days(hold.to)).contains(&days.value(row))
            });
            if named {
                self.incidents.insert(incident.value(row));
            }
        }
        Ok(())
    }

    /// Whether a hold is on one person.
    pub(super) fn is_of_persons(&self) -> bool {
        self.holds.iter().any(|hold| hold.person.is_some())
    }

    /// For each row whether it stays. Without a `local_date` nothing does.
    pub(super) fn keeps(&mut self, batch: &RecordBatch) -> Result<BooleanArray, Error> {
        let wrong = || Error::new(Kind::Bug, "a column that holds look at is of another type");
        let days = batch.column_by_name("local_date").ok_or_else(wrong)?;
        let days = days.as_any().downcast_ref::<Date32Array>().ok_or_else(wrong)?;
        let numbers = |name: &str| -> Result<Option<&Int64Array>, Error> {
            let Some(column) = batch.column_by_name(name) else { return Ok(None) };
            column.as_any().downcast_ref::<Int64Array>().map(Some).ok_or_else(wrong)
        };
        let mut who = Vec::new();
        for name in WHO {
            who.extend(numbers(name)?);
        }
        let (subject, incident) = (numbers("subject")?, numbers("incident")?);
        let mut kept = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let day = days.value(row);
            let is_about = |person: i64| {
                who.iter().any(|column| column.is_valid(row) && column.value(row) == person)
                    || incident.is_some_and(|column| self.incidents.contains(&column.value(row)))
            };
            let stays = self.holds.iter().any(|hold| {
                (epoch_days(hold.from)..=epoch_days(hold.to)).contains(&day)
                    && hold.person.is_none_or(is_about)
            });
            if stays && let (Some(_), Some(incident)) = (subject, incident) {
                self.incidents.insert(incident.value(row));
            }
            kept.push(stays);
        }
        Ok(BooleanArray::from(kept))
    }
}
