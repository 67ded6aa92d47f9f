//! Whether the machine's clock can be believed: what it lets go cannot be brought back.

use jiff::ToSpan;
use jiff::civil::Date;

use super::tables;
use crate::error::{Error, Kind};
use crate::lake::Lake;
use crate::state::State;

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
