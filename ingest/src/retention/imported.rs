//! When imports came, and which days they brought.

use std::collections::BTreeMap;

use arrow::array::{Array, StringArray, TimestampMicrosecondArray};
use jiff::ToSpan;
use jiff::civil::Date;

use super::tables::day_of;
use crate::error::{Error, Kind};
use crate::lake::Lake;
use crate::schema::IMPORTS;

/// Days that a record may lie ahead of its import: zones, and clocks that are a little apart.
const AHEAD_DAYS: i32 = 1;

/// What the ledger says of imports, by the first 16 digits of their fingerprints.
#[derive(Debug)]
pub(super) struct Imported {
    today: Date,
    by_import: BTreeMap<String, Import>,
}

/// UTC days of an import.
#[derive(Clone, Copy, Debug)]
struct Import {
    came: Option<Date>,
    /// Of the first and the last event.
    span: Option<(Date, Date)>,
}

impl Imported {
    pub(super) async fn read(lake: &Lake, today: Date) -> Result<Self, Error> {
        let snapshot = lake.snapshot(&IMPORTS).await?;
        let mut found = Self { today, by_import: BTreeMap::new() };
        const COLUMNS: [&str; 4] = ["fingerprint", "imported_utc", "first_utc", "last_utc"];
        for file in &snapshot.files {
            snapshot.read(file, Some(&COLUMNS), &mut |batch| {
                let wrong = || Error::new(Kind::Bug, "columns of `imports` are of other types");
                let moments = |name: &str| {
                    let column = batch.column_by_name(name).ok_or_else(wrong)?;
                    column.as_any().downcast_ref::<TimestampMicrosecondArray>().ok_or_else(wrong)
                };
                let fingerprints = batch.column_by_name("fingerprint").ok_or_else(wrong)?;
                let fingerprints = fingerprints.as_any().downcast_ref::<StringArray>().ok_or_else(wrong)?;
                let (came, first, last) =
                    (moments("imported_utc")?, moments("first_utc")?, moments("last_utc")?);
                for row in 0..batch.num_rows() {
                    let import =
                        Import { came: day_of(came, row), span: day_of(first, row).zip(day_of(last, row)) };
                    let key = fingerprints.value(row).chars().take(16).collect();
                    found.by_import.insert(key, import);
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    fn of(&self, import: Option<&str>) -> Option<&Import> {
        self.by_import.get(import?)
    }

    /// First and last day of the events of an import.
    pub(super) fn span(&self, import: Option<&str>) -> Option<(Date, Date)> {
        self.of(import)?.span
    }

    /// The day from which a clock counts: the day of the events, or the day on which they came where they are
    /// dated more than a day after it and even after today. Once the day is over nobody can tell a date that
    /// was ahead from a clock that was behind when the import came, and by such a clock nothing goes early.
    pub(super) fn earlier(&self, import: Option<&str>, day: Date) -> Date {
        if day <= self.today {
            return day;
        }
        let came = self.of(import).and_then(|import| import.came);
        match came {
            Some(came) if came.checked_add(AHEAD_DAYS.days()).is_ok_and(|latest| latest < day) => came,
            _ => day,
        }
    }
}
