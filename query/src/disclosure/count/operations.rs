//! The filter's work and how much of it the logs show: no pupil is counted here.

use std::collections::{BTreeMap, BTreeSet};

use ingest::lake::Lake;
use ingest::schema::{
    ACTIVITY, ACTOR_DAYS, ATTEMPTS, EPISODES, STAFF_ACTIVITY, STAFF_ACTOR_DAYS, STAFF_EPISODES,
};

use super::super::operational::{Operations, Share};
use super::super::policy::NEVER_REPORTED;
use super::rows::{Row, each_row};
use super::{Asked, decisions};
use crate::embargo::LiveMatters;
use crate::error::Error;

/// What the logs look like as logs. Live matters are in none of the figures that tell how much was asked for
/// or stopped (rule 4): `activity` knows nobody, so they are taken away by the tables that do.
pub(super) async fn measured(
    lake: &Lake,
    asked: &Asked<'_>,
    live: &LiveMatters,
) -> Result<Operations, Error> {
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
    let of_live = of_live_matters(lake, asked, live).await?;
    found.requests = found.requests.saturating_sub(of_live.requests);
    for (code, records) in &of_live.stopped {
        if let Some(stopped) = stopped.get_mut(code.as_str()) {
            *stopped -= records;
        }
    }
    let present = asked.school_days.iter().filter(|day| days.contains(day)).count();
    found.missing_days = found.school_days - u32::try_from(present).unwrap_or(found.school_days);
    // Ties by code, so that the same records always give the same words.
    let mut order: Vec<(&str, i64)> = stopped.into_iter().filter(|(_, records)| *records > 0).collect();
    order.sort_by_key(|(code, records)| (-records, *code));
    found.commonest_stopped =
        order.iter().take(3).filter_map(|(code, _)| asked.everyday.get(*code).cloned()).collect();
    found.tied = tied(lake, asked).await?;
    found.unblocks = decisions::unblocks(lake, asked, live).await?;
    found.checks = decisions::checks(lake, asked).await?;
    Ok(found)
}

/// Records of live matters.
#[derive(Debug, Default)]
struct OfLive {
    requests: u64,
    stopped: BTreeMap<String, i64>,
}

/// All records of a marked person's days; of a marked theme or site the events of interest, which is what the
/// derived tables know of them. That is exact enough for two significant figures.
async fn of_live_matters(lake: &Lake, asked: &Asked<'_>, live: &LiveMatters) -> Result<OfLive, Error> {
    let mut found = OfLive::default();
    for table in [&ACTOR_DAYS, &STAFF_ACTOR_DAYS] {
        each_row(lake, table, asked, &["local_date", "actor", "records"], &mut |row| {
            if live.covers_day(row.whole("actor"), row.date()) {
                found.requests += row.number("records");
            }
        })
        .await?;
    }
    let apart = |row: &Row<'_>| {
        let (actor, day) = (row.whole("actor"), row.date());
        !live.covers_day(actor, day) && live.covers(actor, day, row.text("theme"))
    };
    for table in [&EPISODES, &STAFF_EPISODES] {
        each_row(lake, table, asked, &["local_date", "actor", "theme", "records"], &mut |row| {
            if apart(row) {
                found.requests += row.number("records");
            }
        })
        .await?;
    }
    let columns = ["local_date", "actor", "theme", "code", "records"];
    each_row(lake, &ATTEMPTS, asked, &columns, &mut |row| {
        let (actor, day) = (row.whole("actor"), row.date());
        if live.covers_day(actor, day) || live.covers(actor, day, row.text("theme")) {
            let code = row.text("code").unwrap_or_default().to_owned();
            *found.stopped.entry(code).or_default() += row.number("records") as i64;
        }
    })
    .await?;
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
