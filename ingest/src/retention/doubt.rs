//! Whether the machine's clock can be believed, and whether what would go is what was to be expected: what goes
//! cannot be brought back.

use jiff::ToSpan;
use jiff::civil::Date;

use super::clocks::{Clocks, days_before};
use super::report::RetainReport;
use super::tables;
use crate::error::{Error, Kind};
use crate::lake::Lake;
use crate::school::AcademicYear;
use crate::state::{RetentionRun, State};

/// Days that the clock may be ahead of all that is known: more than a summer without a record.
const AHEAD_DAYS: i32 = 45;

/// Whether a day is one that the school can have come to: not far ahead of the last day on which the clock was
/// believed, nor of the newest event that was taken in.
///
/// # Errors
/// When lake or state file cannot be read.
pub(crate) async fn is_believable(lake: &Lake, state: &State, today: Date) -> Result<bool, Error> {
    let known = state.latest_day()?;
    let near = |day: Date| day.checked_add(AHEAD_DAYS.days()).map_or(true, |last| today <= last);
    if known.is_some_and(near) {
        return Ok(true);
    }
    let newest = tables::newest_day(lake).await?;
    Ok(match known.max(newest) {
        Some(day) => near(day),
        // Nothing was ever taken in, so there is nothing to lose.
        None => true,
    })
}

/// An error that says what to do about a clock that is not believed.
pub(super) fn refused(today: Date) -> Error {
    Error::new(
        Kind::Configuration,
        format!("this machine's clock says {today}, which is more than {AHEAD_DAYS} days after anything that is known"),
    )
    .help(format!("nothing was dropped; set the clock, or if the day is right say `watershed retain --today-is {today}`"))
}

/// What a run of a day is like.
pub(super) fn run_of(clocks: &Clocks, keep_sources_days: u16, today: Date, closed: u64) -> RetentionRun {
    RetentionRun {
        day: today,
        detail: days_before(today, clocks.detail_days),
        events: clocks.first_year(today),
        others: Some((
            clocks.first_ledger_year(today),
            clocks.refused_days,
            // Whoever puts nothing away has no clock for it.
            if keep_sources_days == 0 { 0 } else { clocks.kept_days(keep_sources_days) },
        )),
        closed,
    }
}

/// What somebody should look at before a run drops anything: many more days than the last runs closed, or a clock
/// that was made shorter since. None where nothing was to go.
pub(super) fn unexpected(
    state: &State,
    now: &RetentionRun,
    report: &RetainReport,
) -> Result<Option<String>, Error> {
    // A thinning takes from what a hold keeps whole, under the same brake.
    if report.lines.is_empty() && report.keys_destroyed.is_empty() && report.sealed_whole == 0 {
        return Ok(None);
    }
    let (last, most) = state.retention_runs()?;
    if now.closed > (AHEAD_DAYS.unsigned_abs() as u64).max(2 * most) {
        return Ok(Some(format!(
            "{} days would be closed at once, and no run of late closed more than {most}",
            now.closed
        )));
    }
    let Some(last) = last else { return Ok(None) };
    // As far as the calendar went on, a bound may; what goes beyond is somebody's new setting.
    let passed = last.day.until(now.day).map_or(0, |span| span.get_days());
    let detail = last.detail.checked_add(passed.days()).unwrap_or(Date::MAX);
    if now.detail > detail {
        return Ok(Some(format!(
            "detail would be kept from {} on, and by the clock of the last run it was to be kept from {detail} on",
            now.detail
        )));
    }
    let years = |day: Date| AcademicYear::of(day).first_year();
    let later = |now_from: AcademicYear, last_from: AcademicYear| {
        now_from.first_year() > last_from.first_year() + (years(now.day) - years(last.day))
    };
    let would = |what: &str, from: AcademicYear| {
        format!(
            "{what} would be kept from {from} on, and by the clock of the last run from an earlier year on"
        )
    };
    if later(now.events, last.events) {
        return Ok(Some(would("events", now.events)));
    }
    if let (Some((ledgers, ..)), Some((last_ledgers, ..))) = (now.others, last.others)
        && later(ledgers, last_ledgers)
    {
        return Ok(Some(would("ledgers", ledgers)));
    }
    of_files(state, now)
}

/// The same of the clocks of files alone.
pub(super) fn of_files(state: &State, now: &RetentionRun) -> Result<Option<String>, Error> {
    let last = state.retention_runs()?.0.and_then(|last| last.others);
    let (Some((_, refused, kept)), Some((_, last_refused, last_kept))) = (now.others, last) else {
        return Ok(None);
    };
    let shorter = |what: &str, now: u16, last: u16| {
        is_shorter(now, last).then(|| {
            format!("{what} would be kept {now} days, and by the clock of the last run they were to be kept {last}")
        })
    };
    Ok(shorter("refused files", refused, last_refused).or_else(|| shorter("sources", kept, last_kept)))
}

/// Whether days to keep files were made fewer; 0 where none were kept.
pub(crate) const fn is_shorter(now: u16, last: u16) -> bool {
    now != 0 && now < last
}

/// An error where a run is not what was to be expected and nobody has said that it is right: with the number of days
/// that it closes.
pub(super) fn confirmed(report: &RetainReport, said: Option<u64>) -> Result<(), Error> {
    let days = report.days_closed;
    match said {
        Some(said) if said != days => {
            return Err(Error::new(
                Kind::Configuration,
                format!("this run would close {days} days, not {said}"),
            )
            .help("nothing was dropped; look at `watershed retain --dry-run` again"));
        }
        Some(_) => return Ok(()),
        None => {}
    }
    let Some(why) = &report.unexpected else { return Ok(()) };
    Err(Error::new(Kind::Configuration, why.clone()).help(format!(
        "no record was dropped; look at `watershed retain --dry-run` and at [school.retention], and if it is right \
         say `watershed retain --days-are {days}`"
    )))
}
