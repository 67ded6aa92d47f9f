//! What a sealed set may have of over-blocking (release policy, rule 25): no class, subject or site, and nobody.

use ingest::schema;

use super::super::{Place, Unseen};
use super::changes::Requests;
use super::lessons::Events;
use super::panel;
use crate::error::Error;
use crate::plan::Reader;

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
    /// Attempts on a site that was opened within 30 days after; none without a list of changes.
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

/// Measures a period. `classes_were_noted` says that of all of its days it is known how many of a class were active:
/// without that fewer events would be found than there were.
pub(crate) async fn measured(
    reader: &Reader<'_>,
    place: &Place<'_>,
    unseen: &Unseen,
    classes_were_noted: bool,
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
    let requests = Requests::of(reader, place).await?;
    let reversed = if requests.are_known() {
        Some(requests.reversed(reader).await?.attempts.unsigned_abs())
    } else {
        None
    };
    let lesson_blocks = if classes_were_noted && !place.lesson_periods.is_empty() {
        let found = Events::of(reader, place).await?;
        (found.not_told == 0).then_some(found.events.len() as u64)
    } else {
        None
    };
    let (sites, closed) = panel::closed(reader, place).await?;
    let panel = (sites > 0).then_some(PanelOfSites { stopped: closed.len(), sites });
    Ok(Measured { attempts, reversed, lesson_blocks, panel })
}
