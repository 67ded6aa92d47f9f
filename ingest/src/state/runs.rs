//! What runs of retention were like: by them the next one knows what is usual.

use jiff::civil::Date;
use rusqlite::{OptionalExtension, Transaction, params};

use super::State;
use crate::error::Error;
use crate::school::AcademicYear;

/// Runs that say what is usual.
const LOOKED_AT: i64 = 10;

/// A run of retention as it was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetentionRun {
    /// The local day that it was.
    pub(crate) day: Date,
    /// First local day whose detail its clock kept.
    pub(crate) detail: Date,
    /// First academic year whose events its clock kept.
    pub(crate) events: AcademicYear,
    /// First academic year whose ledgers its clock kept, and for how many days refused files and sources that were
    /// put away; none where the run is of a version that did not note them.
    pub(crate) others: Option<(AcademicYear, u16, u16)>,
    /// Local days that it closed.
    pub(crate) closed: u64,
}

impl State {
    /// The newest run, and the most days that one of the last ten closed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn retention_runs(&self) -> Result<(Option<RetentionRun>, u64), Error> {
        type Noted = (String, String, String, i64, Option<String>, Option<u16>, Option<u16>);
        let newest: Option<Noted> = self.read(|connection| {
            connection
                .query_row(
                    "SELECT local_day, detail_from, events_from, days_closed, ledgers_from, refused_days, kept_days
                     FROM retention_runs ORDER BY run DESC LIMIT 1",
                    [],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?)),
                )
                .optional()
        })?;
        let most: Option<i64> = self.read(|connection| {
            connection.query_row(
                "SELECT max(days_closed) FROM
                     (SELECT days_closed FROM retention_runs ORDER BY run DESC LIMIT ?1)",
                [LOOKED_AT],
                |row| row.get(0),
            )
        })?;
        let run = newest.map(|(day, detail, events, closed, ledgers, refused, kept)| {
            let ledgers = match ledgers {
                Some(year) => Some(AcademicYear::parse(&year)?),
                None => None,
            };
            Some(RetentionRun {
                others: ledgers
                    .zip(refused)
                    .zip(kept)
                    .map(|((ledgers, refused), kept)| (ledgers, refused, kept)),
                day: day.parse().ok()?,
                detail: detail.parse().ok()?,
                events: AcademicYear::parse(&events)?,
                closed: closed.unsigned_abs(),
            })
        });
        match run {
            Some(None) => Err(self.corrupt()),
            found => Ok((found.flatten(), most.unwrap_or(0).unsigned_abs())),
        }
    }
}

/// Notes a run, within the transaction in which it begins; older ones than are looked at go.
pub(super) fn note(transaction: &Transaction<'_>, run: &RetentionRun) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO retention_runs
             (local_day, detail_from, events_from, days_closed, ledgers_from, refused_days, kept_days)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            run.day.to_string(),
            run.detail.to_string(),
            run.events.to_string(),
            i64::try_from(run.closed).unwrap_or(i64::MAX),
            run.others.map(|(ledgers, ..)| ledgers.to_string()),
            run.others.map(|(_, refused_days, _)| refused_days),
            run.others.map(|(.., kept_days)| kept_days)
        ],
    )?;
    transaction.execute(
        "DELETE FROM retention_runs WHERE run <= (SELECT max(run) FROM retention_runs) - ?1",
        [LOOKED_AT],
    )?;
    Ok(())
}
