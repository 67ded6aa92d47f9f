//! Which rows the holds keep.

use std::collections::BTreeSet;

use arrow::array::{Array, BooleanArray, Date32Array, Int64Array};
use arrow::record_batch::RecordBatch;
use jiff::civil::Date;

use crate::correction::Overlay;
use crate::error::{Error, Kind};
use crate::lake::columns::{date_of, epoch_days};
use crate::school::AcademicYear;
use crate::state::{Hold, State};

/// Columns that say whom a row is about.
const WHO: [&str; 3] = ["actor", "subject", "linked"];

/// Holds that still hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Holding {
    holds: Vec<Held>,
    /// Records stand as they were taken in; a correction says whose they are.
    overlay: Overlay,
    /// Incidents about a held person, or that name one: they stay, with those named beside.
    incidents: BTreeSet<i64>,
}

/// A hold, and the pseudonyms under which its person's rows may stand; none where it is on everybody.
#[derive(Clone, Debug)]
struct Held {
    hold: Hold,
    persons: Option<BTreeSet<i64>>,
}

impl Held {
    fn touches(&self, first: Date, last: Date) -> bool {
        self.hold.touches(first, last)
    }

    fn covers(&self, day: i32) -> bool {
        (epoch_days(self.hold.from)..=epoch_days(self.hold.to)).contains(&day)
    }
}

impl Holding {
    pub(super) fn of(state: &State) -> Result<Self, Error> {
        let mut holds = Vec::new();
        for hold in state.holds()?.into_iter().filter(Hold::is_active) {
            let persons = hold.person.map(|person| state.pseudonyms_beside(person)).transpose()?;
            holds.push(Held { hold, persons });
        }
        Ok(Self { holds, overlay: Overlay::load(state)?, incidents: BTreeSet::new() })
    }

    /// Whether a hold keeps everybody's rows of some day of a stretch.
    pub(super) fn keeps_everybody(&self, first: Date, last: Date) -> bool {
        self.holds.iter().any(|held| held.persons.is_none() && held.touches(first, last))
    }

    /// Whether a hold of either sort touches a stretch of days.
    pub(super) fn touches(&self, first: Date, last: Date) -> bool {
        self.holds.iter().any(|held| held.touches(first, last))
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
            let named = self.holds.iter().any(|held| {
                let is_named = |persons: &BTreeSet<i64>| persons.contains(&linked.value(row));
                linked.is_valid(row)
                    && held.persons.as_ref().is_some_and(is_named)
                    && held.covers(days.value(row))
            });
            if named {
                self.incidents.insert(incident.value(row));
            }
        }
        Ok(())
    }

    /// Whether a hold is on one person.
    pub(super) fn is_of_persons(&self) -> bool {
        self.holds.iter().any(|held| held.persons.is_some())
    }

    /// For each row whether it stays. Without a `local_date` nothing does. `as_recorded` where rows stand as they
    /// were taken in: what was recorded as a held person's stays, and what is corrected to be hers or nobody's. An
    /// incident whose pupil no roster could tell may be the held person's.
    pub(super) fn keeps(&mut self, batch: &RecordBatch, as_recorded: bool) -> Result<BooleanArray, Error> {
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
            let truly = |token: i64| date_of(day).and_then(|day| self.overlay.person(token, day));
            let is_about = |persons: &BTreeSet<i64>| {
                let mut tokens =
                    who.iter().filter(|column| column.is_valid(row)).map(|column| column.value(row));
                tokens.any(|token| {
                    persons.contains(&token)
                        // Corrected to be nobody's, it may be anybody's.
                        || (as_recorded && truly(token).is_none_or(|person| persons.contains(&person)))
                }) || incident.is_some_and(|column| self.incidents.contains(&column.value(row)))
                    || (incident.is_some() && subject.is_some_and(|column| column.is_null(row)))
            };
            let stays =
                self.holds.iter().any(|held| held.covers(day) && held.persons.as_ref().is_none_or(is_about));
            if stays && let (Some(_), Some(incident)) = (subject, incident) {
                self.incidents.insert(incident.value(row));
            }
            kept.push(stays);
        }
        Ok(BooleanArray::from(kept))
    }
}
