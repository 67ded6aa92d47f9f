//! What a sealed set may have of over-blocking (release policy, rule 25): no class, subject or site, and nobody.

use std::collections::BTreeSet;

use ingest::formats::profile::{ProfileSet, RecordSort};
use ingest::schema;
use ingest::school::SchoolRoot;
use ingest::settings::Settings;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::{Place, Unseen};
use super::changes::{Requests, newest_list};
use super::lessons::Events;
use super::panel;
use crate::error::Error;
use crate::plan::{NETWORK, Reader};

/// Sites of the panel that a group of the school must reach, and those of them that were stopped for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PanelOfSites {
    pub(crate) stopped: usize,
    pub(crate) sites: usize,
}

/// What was measured; none where it cannot be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Measured {
    /// All blocked attempts, by the actor with kind and role.
    pub(crate) attempts: Vec<Blocked>,
    /// Attempts on a site that was opened for good within 30 days after; none where no list of changes was taken in
    /// after the period.
    pub(crate) reversed: Option<u64>,
    /// Lesson-block events; none where a lesson or who was active in it cannot be told.
    pub(crate) lesson_blocks: Option<u64>,
    /// None where there is no panel, or no group that must reach any of it.
    pub(crate) panel: Option<PanelOfSites>,
}

/// One actor's blocked attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blocked {
    /// The actor, where it is a person.
    pub(crate) person: Option<i64>,
    pub(crate) role: String,
    pub(crate) attempts: u64,
}

/// What has to be known of a period before something can be measured, found out before anything is left out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// Of all days with logs it is known how many of a class were active: without that fewer events would be found
    /// than there were.
    pub(crate) classes: bool,
    /// A list of changes was taken in after the last day.
    pub(crate) changes: bool,
    /// Attempts stand in the lessons that the school's own bell times have for their minute.
    pub(crate) lessons: bool,
}

impl Known {
    /// Of a session from which nothing is left out yet.
    pub(crate) async fn of(
        reader: &Reader<'_>,
        zone: &TimeZone,
        settings: &Settings,
        root: &SchoolRoot,
    ) -> Result<Self, Error> {
        let noted: BTreeSet<Date> = reader.days_with_data(&[NETWORK]).await?.into_iter().collect();
        // A table that has rows of every day with logs, whatever was blocked: whether the measure stands says nothing
        // of its value. Days that were derived before there was that table, and whose records have gone, are not in it.
        let classes = reader.days_with_data(&[]).await?.iter().all(|day| noted.contains(day));
        // Of a layout that is built in the rows say what it is.
        let changes = taken_in_after(reader, zone, root, RecordSort::Change).await?
            || newest_list(reader, zone).await?.is_some_and(|day| day > reader.window.to);
        let lessons = settings.lesson_periods().is_own() && lessons_agree(reader, settings).await?;
        Ok(Self { classes, changes, lessons })
    }
}

/// Whether an export of a sort was taken in after the last day, also one that has nothing new to say. Layouts that are
/// built in have no profile and are not among these.
///
/// # Errors
/// When profiles or imports cannot be read.
pub(crate) async fn taken_in_after(
    reader: &Reader<'_>,
    zone: &TimeZone,
    root: &SchoolRoot,
    sort: RecordSort,
) -> Result<bool, Error> {
    let profiles = ProfileSet::load(&root.settings())?;
    let of_sort: BTreeSet<&str> = profiles
        .iter()
        .filter(|profile| profile.record() == sort)
        .map(ingest::formats::profile::Profile::id)
        .collect();
    let statement = "SELECT source_format, max(CAST(imported_utc AS BIGINT)) AS newest FROM imports \
        GROUP BY source_format ORDER BY source_format";
    let answer = reader.session.query(statement, &[]).await?;
    Ok((0..answer.len()).any(|row| {
        let newest = answer.integer(row, "newest").and_then(|us| Timestamp::from_microsecond(us).ok());
        let day = newest.map(|moment| moment.to_zoned(zone.clone()).date());
        let format = answer.text(row, "source_format").unwrap_or_default();
        of_sort.contains(format.as_str()) && day.is_some_and(|day| day > reader.window.to)
    }))
}

/// Whether attempts stand in the lesson that the bell times have for their minute: lessons are noted when a record is
/// taken in, and bell times may have been entered or changed later.
async fn lessons_agree(reader: &Reader<'_>, settings: &Settings) -> Result<bool, Error> {
    let statement = "SELECT local_date, local_minute, lesson_period, count(*) AS attempts FROM attempts \
        WHERE local_date BETWEEN $first AND $last AND school_day GROUP BY 1, 2, 3";
    let answer = reader.session.query(statement, &reader.values()).await?;
    let (mut all, mut other) = (0, 0);
    for row in 0..answer.len() {
        let (Some(day), Some(minute)) = (answer.day(row, "local_date"), answer.integer(row, "local_minute")) else {
            continue;
        };
        let attempts = answer.count(row, "attempts");
        let by_times = i16::try_from(minute).ok().and_then(|minute| settings.lesson_periods().at(day, minute));
        all += attempts;
        other += if by_times == answer.text(row, "lesson_period").as_deref() { 0 } else { attempts };
    }
    Ok(other * 100 <= all)
}

/// Measures a period.
pub(crate) async fn measured(
    reader: &Reader<'_>,
    place: &Place<'_>,
    unseen: &Unseen,
    known: Known,
) -> Result<Measured, Error> {
    if unseen.shows_no_decision() {
        return Ok(Measured::default());
    }
    let statement = format!(
        "SELECT CASE WHEN actor_kind = 'person' THEN actor END AS person, role, count(*) AS attempts \
         FROM attempts WHERE {} GROUP BY 1, 2 ORDER BY 1, 2",
        reader.counted(&schema::ATTEMPTS, "")
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let attempts = (0..answer.len())
        .map(|row| Blocked {
            person: answer.integer(row, "person"),
            role: answer.text(row, "role").unwrap_or_default(),
            attempts: answer.count(row, "attempts").unsigned_abs(),
        })
        .collect();
    let reversed = if known.changes {
        let reversed = Requests::of(reader, place).await?.reversed(reader).await?;
        // A site that was opened for one lesson may have been stopped rightly.
        Some((reversed.attempts - reversed.temporary).unsigned_abs())
    } else {
        None
    };
    let lesson_blocks = if known.classes && known.lessons {
        let found = Events::of(reader, place).await?;
        (found.not_told == 0).then_some(found.events.len() as u64)
    } else {
        None
    };
    let (sites, closed) = panel::closed(reader, place).await?;
    let panel = (sites > 0).then_some(PanelOfSites { stopped: closed.len(), sites });
    Ok(Measured { attempts, reversed, lesson_blocks, panel })
}
