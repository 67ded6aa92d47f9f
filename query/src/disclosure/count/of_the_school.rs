//! What the figures for staff know of a period, as far as a set may have it: nothing about the head, nothing that is
//! marked live, nothing that the school never reports (rules 4, 25).

use std::collections::BTreeSet;

use ingest::event::Role;
use ingest::formats::profile::RecordSort;
use ingest::schema::{
    ACTIVITY, ACTOR_DAYS, ATTEMPTS, BLOCKED_SITE_DAYS, CHANGES, CLASS_MINUTES, IMPORTS, INCIDENTS,
    NETWORK_DAYS, STAFF_INCIDENT_LINKS, TableSchema,
};
use ingest::school::SchoolRoot;

use super::super::groups::GroupTree;
use super::super::operational::{AuditedShare, CanaryPanel, Operations};
use super::super::policy::LEAST_SEVERITY;
use super::Asked;
use crate::embargo::Embargoes;
use crate::error::Error;
use crate::metrics::overblocking::for_sets::{self, Known, Measured};
use crate::metrics::{Place, Unseen};
use crate::plan::{ILLEGAL, Reader};
use crate::review::{LEAST_ATTEMPTS, LEAST_PUPILS, frame, reportable};
use crate::service::{Ask, School};
use crate::session::{Limits, Session};
use crate::viewer::Viewer;
use crate::window::Window;

const TABLES: [&TableSchema; 10] = [
    &ATTEMPTS,
    &ACTIVITY,
    &IMPORTS,
    &ACTOR_DAYS,
    &BLOCKED_SITE_DAYS,
    &CHANGES,
    &CLASS_MINUTES,
    &NETWORK_DAYS,
    &INCIDENTS,
    &STAFF_INCIDENT_LINKS,
];

/// Adds over-blocking, lesson blocks, the panel and recorded concerns to what was found.
pub(super) async fn measured(
    school: &School,
    asked: &Asked<'_>,
    found: &mut Operations,
) -> Result<(), Error> {
    let root = SchoolRoot::new(&school.dir, &school.id);
    let mut session = Session::new(&Limits { rows: frame::MOST, ..school.limits })?;
    let embargoes = Embargoes::of(&root)?;
    let looked_up = embargoes.reads().iter().copied();
    let beside = looked_up.filter(|table| TABLES.iter().all(|known| known.name != table.name));
    let tables: Vec<&'static TableSchema> = TABLES.into_iter().chain(beside).collect();
    school.add(&mut session, &tables).await?;
    let (from, to, nothing) = (asked.from, asked.to, Ask::default());
    let window = Window { from, to, school_days: asked.school_days.to_vec() };
    // What may be told is found out before anything is left out: a live matter must not be what decides it.
    let (known, with_staff) = {
        let whole = Reader { session: &session, window: window.clone(), ask: &nothing, every_day: false };
        (Known::of(&whole, &school.zone, &school.settings, &root).await?, with_staff(&whole).await?)
    };
    Viewer::reviewers().restrict(&mut session, &root, &school.concerns, &embargoes).await?;
    never(&mut session, asked.never).await?;
    // Visitors are in no figure (rule 4).
    session.restrict(&ATTEMPTS, "coalesce(role, '') <> 'guest'").await?;
    let reader = Reader { session: &session, window, ask: &nothing, every_day: false };
    let now = jiff::Timestamp::now().to_zoned(school.zone.clone());
    let place = Place {
        dir: &school.dir,
        school: school.id.as_str(),
        zone: &school.zone,
        calendar: school.calendar.as_ref(),
        lesson_periods: &school.lesson_periods,
        settings: &school.settings,
        root: &root,
        newest: None,
        now: &now,
        feeds: &[],
        sees_listed: false,
        about_head: false,
        hidden_tokens: embargoes.tokens(),
        live: None,
    };
    if found.has_the_days() {
        let unseen = Box::pin(Unseen::of(&reader)).await?;
        let measured = Box::pin(for_sets::measured(&reader, &place, &unseen, known)).await?;
        found.overblocking_at_least = at_least(&measured, asked);
        found.lesson_blocks = measured.lesson_blocks;
        found.canary_panel =
            measured.panel.map(|panel| CanaryPanel { stopped: panel.stopped, sites: panel.sites });
        let pupil = |actor: i64| asked.pupil(actor, "pupil").map(|(person, _)| person);
        let share = Box::pin(reportable::audited_share(school, (from, to), asked.never, &pupil)).await?;
        found.overblocking =
            share.and_then(|share| share.percents()).map(|[percent, least_percent, most_percent]| {
                AuditedShare { percent, least_percent, most_percent }
            });
    }
    // Incidents go with their year: later nobody can tell none from gone.
    if asked.academic_year >= school.retention.first_year(asked.today) {
        found.recorded_concerns = recorded_concerns(&reader, &place, asked, &with_staff).await?;
    }
    Ok(())
}

/// Incidents in which staff are named beside the pupil: they may be under a procedure (rule 4).
async fn with_staff(reader: &Reader<'_>) -> Result<BTreeSet<i64>, Error> {
    let statement = "SELECT DISTINCT incident FROM staff_incident_links";
    let answer = reader.session.query(statement, &[]).await?;
    Ok((0..answer.len()).filter_map(|row| answer.integer(row, "incident")).collect())
}

/// Takes out what the school never reports.
async fn never(session: &mut Session, codes: &BTreeSet<String>) -> Result<(), Error> {
    if codes.is_empty() {
        return Ok(());
    }
    let listed: Vec<String> = codes.iter().map(|code| format!("'{}'", code.replace('\'', "''"))).collect();
    for table in TABLES.iter().filter(|table| table.columns.iter().any(|column| column.name == "code")) {
        session.restrict(table, &format!("code NOT IN ({})", listed.join(", "))).await?;
    }
    Ok(())
}

/// The lower bound of wrong blocks in whole per cents, downwards, from 100 attempts by 30 pupils on.
fn at_least(measured: &Measured, asked: &Asked<'_>) -> Option<u8> {
    let all: u64 = measured.attempts.iter().map(|blocked| blocked.attempts).sum();
    let by_pupils: Vec<(i64, u64)> = measured
        .attempts
        .iter()
        .filter_map(|blocked| Some((asked.pupil(blocked.person?, &blocked.role)?.0, blocked.attempts)))
        .collect();
    let pupils: BTreeSet<i64> = by_pupils.iter().map(|(person, _)| *person).collect();
    let theirs: u64 = by_pupils.iter().map(|(_, attempts)| attempts).sum();
    if theirs < LEAST_ATTEMPTS || (pupils.len() as u64) < LEAST_PUPILS {
        return None;
    }
    u8::try_from(measured.reversed? * 100 / all).ok()
}

/// Pupils whom a recorded concern of a row is about. None where no list of incidents was taken in after the
/// period's last day: what it held before that need not be all.
async fn recorded_concerns(
    reader: &Reader<'_>,
    place: &Place<'_>,
    asked: &Asked<'_>,
    with_staff: &BTreeSet<i64>,
) -> Result<Option<u32>, Error> {
    let complete = for_sets::taken_in_after(reader, place.zone, place.root, RecordSort::Incident).await?;
    if !complete {
        return Ok(None);
    }
    let statement = format!(
        "SELECT DISTINCT incident, subject, role, year_group, theme FROM incidents \
         WHERE local_date BETWEEN $first AND $last AND subject IS NOT NULL AND severity >= {LEAST_SEVERITY} \
         AND code NOT IN {ILLEGAL} ORDER BY incident, subject, role, year_group, theme"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let tree = GroupTree::of_roll(asked.roll);
    let pupils: BTreeSet<i64> = (0..answer.len())
        .filter(|row| {
            !answer.integer(*row, "incident").is_some_and(|incident| with_staff.contains(&incident))
        })
        .filter_map(|row| {
            asked.categories.row_of_theme(&answer.text(row, "theme")?)?;
            let role = answer.text(row, "role").unwrap_or_default();
            let (person, by_roster) = asked.pupil(answer.integer(row, "subject")?, &role)?;
            let in_row = || answer.integer(row, "year_group").and_then(|year| i16::try_from(year).ok());
            tree.leaf_of(by_roster.or_else(in_row)).map(|_| person)
        })
        .collect();
    Ok(Some(u32::try_from(pupils.len()).unwrap_or(u32::MAX)))
}

impl Asked<'_> {
    /// The person behind an account, if a pupil, and the year group that the roster has.
    fn pupil(&self, account: i64, role: &str) -> Option<(i64, Option<i16>)> {
        let known = self.known(account, Some(role))?;
        (known.role == Role::Pupil).then_some((known.person, known.year_group))
    }
}

#[cfg(test)]
mod tests;
