//! What a live mark of a site still needs of records that go.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::error::Error;
use crate::lake::Lake;
use crate::lake::visits::visitors;
use crate::schema::REQUESTS;
use crate::state::{Embargo, State};

/// Notes who was at the sites of live marks on days whose single records are about to go. Done before anything
/// goes: a run that is killed notes the same again.
pub(super) async fn keep(lake: &Lake, state: &mut State, closing: &BTreeSet<Date>) -> Result<(), Error> {
    let (Some(first), Some(last)) = (closing.first(), closing.last()) else { return Ok(()) };
    for mark in state.embargoes()?.into_iter().filter(Embargo::is_live) {
        let Some(site) = &mark.site else { continue };
        let (from, to) = (mark.from.max(*first), mark.to.map_or(*last, |to| to.min(*last)));
        let mut there = BTreeSet::new();
        visitors(lake, &REQUESTS, site, from, to, &mut there).await?;
        there.retain(|(_, day)| closing.contains(day));
        if !there.is_empty() {
            state.note_embargo_visits(mark.id, &there)?;
        }
    }
    Ok(())
}
