//! Derived rows of the days that changed, before they are marked clean.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::progress::Progress;
use crate::classify::Taxonomy;
use crate::correction::{CorrectedRequests, Overlay};
use crate::derive::{ADD_COLUMNS, Deriver, FORESEE_COLUMNS, OBSERVE_COLUMNS, Population};
use crate::error::Error;
use crate::lake::Lake;
use crate::schema::{
    ACTIVITY, ACTOR_DAYS, ACTOR_THEME_DAYS, ATTEMPTS, BLOCKED_SITE_DAYS, EPISODES, REQUESTS, STAFF_ACTIVITY,
    STAFF_ACTOR_DAYS, STAFF_ACTOR_THEME_DAYS, STAFF_ATTEMPTS, STAFF_BLOCKED_SITE_DAYS, STAFF_EPISODES,
    STAFF_REQUESTS, TableSchema,
};
use crate::state::State;

/// Records of a day from which on its pages would take more memory than reading it once more takes time.
const MANY_RECORDS: u64 = 1_000_000;

/// Every derived table.
pub const DERIVED: [&TableSchema; 12] = [
    &ATTEMPTS,
    &EPISODES,
    &ACTOR_DAYS,
    &ACTOR_THEME_DAYS,
    &ACTIVITY,
    &BLOCKED_SITE_DAYS,
    &STAFF_ATTEMPTS,
    &STAFF_EPISODES,
    &STAFF_ACTOR_DAYS,
    &STAFF_ACTOR_THEME_DAYS,
    &STAFF_ACTIVITY,
    &STAFF_BLOCKED_SITE_DAYS,
];

/// Computes the derived rows of all dirty days again; returns how many days that were.
pub(super) async fn dirty_days(
    lake: &Lake,
    state: &mut State,
    taxonomy: &Taxonomy,
    progress: &dyn Progress,
) -> Result<u64, Error> {
    let marked = state.dirty_days()?;
    let frozen: BTreeSet<Date> = state.closed_days()?.into_iter().collect();
    let days: BTreeSet<Date> = marked.iter().copied().filter(|day| !frozen.contains(day)).collect();
    if !days.is_empty() {
        let pupils = lake.readable(&REQUESTS).await?;
        let staff = lake.readable(&STAFF_REQUESTS).await?;
        let overlay = Overlay::load(state)?;
        let mut number = 0;
        lake.replace_days(&DERIVED, &days, &mut |day| {
            number += 1;
            progress.deriving(number, days.len());
            let of = |population| CorrectedRequests {
                pupils: &pupils,
                staff: &staff,
                population,
                day,
                overlay: overlay.day(day, taxonomy),
                taxonomy,
            };
            let mut rows = derived(&of(Population::Pupils))?;
            rows.extend(derived(&of(Population::Staff))?);
            Ok(rows)
        })
        .await?;
    }
    for day in marked {
        state.mark_clean(day)?;
    }
    Ok(days.len() as u64)
}

fn derived(requests: &CorrectedRequests<'_>) -> Result<crate::lake::derived::DerivedRows, Error> {
    let mut deriver = Deriver::new(requests.taxonomy);
    if requests.rows() > MANY_RECORDS {
        requests.each(FORESEE_COLUMNS, &mut |batch| deriver.foresee(&batch))?;
    }
    requests.each(OBSERVE_COLUMNS, &mut |batch| deriver.observe(&batch))?;
    requests.each(ADD_COLUMNS, &mut |batch| deriver.add(&batch))?;
    deriver.finish().tables(requests.population)
}
