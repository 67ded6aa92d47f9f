//! Blocked sites in the order in which to look at them (Q8).

use std::collections::BTreeMap;

use ingest::schema;

use super::super::Place;
use super::changes::Requests;
use super::lessons::{Event, Events};
use super::{IN_LESSONS, NOT_MEASURABLE, Unseen, notes};
use crate::error::Error;
use crate::figures::{About, Figures, dimension, evidence_of_people, measure};
use crate::plan::{By, Cells, Reader, Sum, sum};
use crate::wording;

/// Sites shown.
const SITES: usize = 50;

/// What the ranking knows of a site.
#[derive(Debug)]
struct Blocked {
    attempts: i64,
    in_lessons: i64,
    learning: i64,
    people: i64,
    severity: i64,
    largest_share: f64,
    /// Lesson-block events.
    events: i64,
    /// Attempts within 30 days before it was opened.
    reversed: i64,
    /// Somebody asked to open it.
    asked: bool,
}

impl Blocked {
    /// 0 to 100: up to 30 for a category for learning (by its share of the attempts), 20 for ten or more
    /// different people (2 for each; half of it when one actor makes most attempts), 15 for attempts in lessons (by
    /// their share), 15 for lesson-block events (5 for each of three), 15 for a site that was opened afterwards (5
    /// for one that was only asked for), 5 for severity 0 or 1, less 20 from severity 3 on.
    fn score(&self) -> i64 {
        let share = |part: i64| part as f64 / self.attempts.max(1) as f64;
        let people = 2.0 * self.people.min(10) as f64;
        let spread = if self.largest_share > 0.5 && self.attempts >= 3 { people / 2.0 } else { people };
        let asked = match (self.reversed > 0, self.asked) {
            (true, _) => 15.0,
            (false, true) => 5.0,
            (false, false) => 0.0,
        };
        let severity = match self.severity {
            ..=1 => 5.0,
            2 => 0.0,
            _ => -20.0,
        };
        let events = 5.0 * self.events.min(3) as f64;
        let points = 30.0 * share(self.learning) + spread + 15.0 * share(self.in_lessons) + events + asked + severity;
        points.round().clamp(0.0, 100.0) as i64
    }
}

/// A blocked site with its score.
type Ranked = (i64, Blocked, String, String);

/// What the ranking needs beside the attempts.
#[derive(Debug)]
pub(super) struct Beside<'b> {
    pub(super) requests: &'b Requests,
    pub(super) reversed: &'b BTreeMap<String, i64>,
    pub(super) events: &'b [Event],
}

/// All blocked sites, first the one to look at first.
async fn ranked(reader: &Reader<'_>, beside: &Beside<'_>) -> Result<Vec<Ranked>, Error> {
    const SITE: By = By { id: "site", expression: "site" };
    const CODE: By = By { id: "code", expression: "code" };
    let sums = [
        sum("attempts", "count(*)"),
        sum("learning", "count(*) FILTER (WHERE learning)"),
        sum("in_lessons", IN_LESSONS),
        Sum { id: "severity", of_actor: "max(severity)", over: "max" },
    ];
    let by = [SITE, CODE];
    let cells =
        Cells { table: &schema::ATTEMPTS, only: "site IS NOT NULL", by: &by, sums: &sums, weight: "attempts" };
    let answer = reader.cells(&cells).await?;
    let mut events: BTreeMap<&str, i64> = BTreeMap::new();
    for event in beside.events {
        *events.entry(&event.site).or_default() += 1;
    }
    let mut ranked = Vec::new();
    for row in 0..answer.len() {
        let word = |id| answer.text(row, id).unwrap_or_default();
        let site = word("site");
        let blocked = Blocked {
            attempts: answer.count(row, "attempts"),
            in_lessons: answer.count(row, "in_lessons"),
            learning: answer.count(row, "learning"),
            people: answer.count(row, "distinct_people"),
            severity: answer.count(row, "severity"),
            largest_share: answer.real(row, "largest_share").unwrap_or(0.0),
            events: events.get(site.as_str()).copied().unwrap_or(0),
            reversed: beside.reversed.get(&site).copied().unwrap_or(0),
            asked: beside.requests.all.iter().any(|request| request.site == site),
        };
        ranked.push((blocked.score(), blocked, site, word("code")));
    }
    ranked.sort_by(|one, other| {
        (other.0, other.1.people, other.1.attempts)
            .cmp(&(one.0, one.1.people, one.1.attempts))
            .then_with(|| (&one.2, &one.3).cmp(&(&other.2, &other.3)))
    });
    Ok(ranked)
}

/// The site to look at first, in words; none where none was blocked.
pub(super) async fn first(reader: &Reader<'_>, beside: &Beside<'_>) -> Result<Option<String>, Error> {
    let ranked = ranked(reader, beside).await?;
    Ok(ranked.first().map(|(score, _, site, code)| format!("{site} ({code}, score {score})")))
}

pub(super) async fn sites(reader: &Reader<'_>, place: &Place<'_>, unseen: &Unseen) -> Result<Figures, Error> {
    let mut ranked = Vec::new();
    if !unseen.shows_no_decision() {
        let requests = Requests::of(reader, place).await?;
        let reversed = requests.reversed(reader).await?.by_site;
        let events = Events::of(reader, place).await?.events;
        let beside = Beside { requests: &requests, reversed: &reversed, events: &events };
        ranked = self::ranked(reader, &beside).await?;
    }
    let all = ranked.len();
    ranked.truncate(SITES);
    let mut notes = notes(unseen);
    notes.insert(
        1,
        "Score 0-100: up to 30 for a category for learning, 20 for ten or more different people (half if one actor \
         makes most), 15 for attempts in lessons, 15 for lesson-block events, 15 if it was opened within 30 days after \
         (5 if only asked for), 5 for severity 0 or 1; less 20 from severity 3. It orders the list; it is no probability."
            .to_owned(),
    );
    if all > SITES {
        notes.insert(2, format!("{SITES} of {} sites are shown.", wording::whole(all as i64)));
    }
    let reading = match ranked.first() {
        _ if unseen.shows_no_decision() => NOT_MEASURABLE.to_owned(),
        None => "No site was blocked in these days.".to_owned(),
        Some((score, first, site, code)) => format!(
            "Look first at {site} ({code}, score {score}): blocked in {} by {}, {} of them in lessons. Whether a block was \
             wrong is for a person to say.",
            wording::counted(first.attempts, "attempt", "attempts"),
            wording::counted(first.people, "known person", "different people"),
            wording::whole(first.in_lessons)
        ),
    };
    let mut columns = vec![
        dimension("site", "Site"),
        dimension("code", "Category"),
        measure("score", "Score", "0-100, order of review"),
        measure("attempts", "Attempts", "blocked attempts by everybody but staff"),
        measure("attempts_learning", "On learning", "of them with a category for learning"),
        measure("attempts_in_lessons", "In lessons", "of them in a lesson, breaks and lunch excepted"),
        measure("lesson_events", "Lesson blocks", "lesson-block events"),
        measure("attempts_reversed", "Opened later", "attempts within 30 days before it was opened to their group"),
        measure("severity", "Severity", "0 to 5"),
    ];
    columns.extend(evidence_of_people("attempts"));
    let rows = ranked.into_iter().map(|(score, blocked, site, code)| {
        vec![
            site.into(),
            code.into(),
            score.into(),
            blocked.attempts.into(),
            blocked.learning.into(),
            blocked.in_lessons.into(),
            blocked.events.into(),
            blocked.reversed.into(),
            blocked.severity.into(),
            blocked.people.into(),
            blocked.largest_share.into(),
        ]
    });
    Ok(Figures {
        schema: "watershed.overblocking.sites/2",
        title: "Blocked sites to review first (staff only)".to_owned(),
        unit: "blocked attempts",
        denominator: "",
        interval: "",
        about: About::People,
        columns,
        rows: rows.collect(),
        notes,
        reading,
    })
}

#[cfg(test)]
mod tests {
    use super::Blocked;

    #[test]
    fn the_score_by_hand() {
        let wide = Blocked {
            attempts: 20,
            in_lessons: 10,
            learning: 20,
            people: 12,
            severity: 0,
            largest_share: 0.1,
            events: 2,
            reversed: 3,
            asked: true,
        };
        // 30 learning, 20 people, 7.5 of 15 in lessons, 10 for two events, 15 opened, 5 mild: 87.5.
        assert_eq!(wide.score(), 88);
        // 2 points for one person, halved; nothing asked for or met in a lesson: 30 + 1 + 7.5 + 5.
        let one_pupil =
            Blocked { people: 1, largest_share: 1.0, events: 0, reversed: 0, asked: false, ..wide };
        assert_eq!(one_pupil.score(), 44);
        let asked = Blocked { learning: 0, in_lessons: 0, asked: true, ..one_pupil };
        assert_eq!(asked.score(), 11);
        let grave = Blocked { attempts: 4, people: 2, severity: 3, largest_share: 0.5, asked: false, ..asked };
        assert_eq!(grave.score(), 0);
    }
}
