//! The filter's work and how much of it the logs show: no pupil is counted here.

use std::collections::{BTreeMap, BTreeSet};

use ingest::lake::Lake;
use ingest::schema::{ACTIVITY, ACTOR_DAYS, STAFF_ACTIVITY};

use super::super::operational::{Operations, Share};
use super::super::policy::NEVER_REPORTED;
use super::rows::each_row;
use super::{Asked, decisions};
use crate::error::Error;

/// What the logs look like as logs.
pub(super) async fn measured(lake: &Lake, asked: &Asked<'_>) -> Result<Operations, Error> {
    let mut found = Operations {
        school_days: u32::try_from(asked.school_days.len()).unwrap_or(u32::MAX),
        ..Operations::default()
    };
    let mut days = BTreeSet::new();
    let mut stopped: BTreeMap<&str, i64> = BTreeMap::new();
    let columns = ["local_date", "actor_kind", "visibility", "code", "action", "records"];
    for (table, pupils) in [(&ACTIVITY, true), (&STAFF_ACTIVITY, false)] {
        each_row(lake, table, asked, &columns, &mut |row| {
            let (code, action) =
                (row.text("code").unwrap_or_default(), row.text("action").unwrap_or_default());
            let records = row.number("records");
            if NEVER_REPORTED.contains(&code) || asked.never.contains(code) {
                return;
            }
            if action != "challenged" {
                found.requests += records;
            }
            if !pupils {
                return;
            }
            if records > 0 {
                days.extend(row.date());
            }
            let has_category = !["UNCAT", "UNMAPPED"].contains(&code);
            for (share, belongs) in [
                (&mut found.identified, row.text("actor_kind") == Some("person")),
                (&mut found.decrypted, row.text("visibility") == Some("page")),
                (&mut found.categorised, has_category),
            ] {
                share.whole += records;
                share.part += if belongs { records } else { 0 };
            }
            if action == "blocked"
                && let Some((code, _)) = asked.everyday.get_key_value(code)
            {
                *stopped.entry(code).or_default() += records as i64;
            }
        })
        .await?;
    }
    let present = asked.school_days.iter().filter(|day| days.contains(day)).count();
    found.missing_days = found.school_days - u32::try_from(present).unwrap_or(found.school_days);
    // Ties by code, so that the same records always give the same words.
    let mut order: Vec<(&str, i64)> = stopped.into_iter().filter(|(_, records)| *records > 0).collect();
    order.sort_by_key(|(code, records)| (-records, *code));
    found.commonest_stopped =
        order.iter().take(3).filter_map(|(code, _)| asked.everyday.get(*code).cloned()).collect();
    found.tied = tied(lake, asked).await?;
    found.unblocks = decisions::unblocks(lake, asked).await?;
    found.checks = decisions::checks(lake, asked).await?;
    Ok(found)
}

/// Acts tied to one pupil of a known year group, of all that a counted pupil may have done: not that of guests, nor of the year groups that share log-ins.
async fn tied(lake: &Lake, asked: &Asked<'_>) -> Result<Share, Error> {
    let mut share = Share::default();
    let some_share = asked.roll.iter().any(|year| year.shared_log_ins);
    let columns = ["local_date", "actor", "actor_kind", "role", "year_group", "primary_records"];
    each_row(lake, &ACTOR_DAYS, asked, &columns, &mut |row| {
        let person = asked.person(row);
        let year = person.as_ref().map_or_else(|| row.small("year_group"), |person| person.year_group);
        let of_sharers = match year {
            Some(year) => asked.shares_log_ins(year),
            // A shared account that says no year group belongs to those who share.
            None => some_share && row.text("actor_kind") == Some("shared"),
        };
        if of_sharers
            || row.text("role") == Some("guest")
            || person.as_ref().is_some_and(|person| person.is_staff)
        {
            return;
        }
        let records = row.number("primary_records");
        share.whole += records;
        if person.is_some_and(|person| person.is_pupil && person.year_group.is_some()) {
            share.part += records;
        }
    })
    .await?;
    Ok(share)
}
