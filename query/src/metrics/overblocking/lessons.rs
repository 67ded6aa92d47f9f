//! Lesson-block events (OB6): a class met the same block together.
//!
//! An event is a site, a group and ten minutes of a lesson in which at least five different actors met a block of
//! the site, and at least half of those of the group who were active in these minutes. Ten minutes begin with an
//! attempt from which on five actors are met; the next may begin when they are over.
//!
//! Ten minutes are ten minutes of the clock, from that of the first attempt. Who was active in them stands in
//! `class_minutes`. Of days that were derived before there was that table, and whose requests are not kept any more,
//! those active on the whole day stand in: an event that passes so is one, and the others are counted as not told.

use std::collections::{BTreeMap, BTreeSet};

use ingest::schema;
use jiff::civil::Date;

use super::super::{Place, Unseen};
use super::changes::{Requests, days_between};
use super::{IN_LESSON, NOT_MEASURABLE, notes};
use crate::answer::Answer;
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, evidence_of_people, measure};
use crate::plan::Reader;
use crate::wording;

/// Different actors at least.
const LEAST_ACTORS: usize = 5;
/// Minutes of the clock that an event lasts.
const MINUTES: i64 = 10;
/// Sites blocked for one group at once from which on a fault is likely.
const SITES_AT_ONCE: usize = 3;
/// Events shown.
const SHOWN: usize = 60;
/// The class of a row: its group; where no rule fits, its year group.
const CLASS: &str = "CASE WHEN group_id <> 'unmatched' THEN group_id \
    WHEN year_group IS NOT NULL THEN 'year group ' || CAST(year_group AS VARCHAR) END";
/// Categories of what spreads among pupils.
const CRAZES: [&str; 5] = ["GAMES", "SOCIAL", "STREAM", "CHAT", "GENAI"];

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) day: Date,
    /// Minute of the first attempt, since midnight.
    pub(super) minute: i64,
    pub(super) lesson: String,
    pub(super) class: String,
    pub(super) site: String,
    pub(super) code: String,
    pub(super) learning: bool,
    pub(super) attempts: i64,
    pub(super) actors: BTreeSet<i64>,
    pub(super) people: i64,
    pub(super) most_by_one: i64,
    /// Actors of the class who were active; on the whole day where `whole_day`.
    pub(super) active: i64,
    pub(super) whole_day: bool,
}

/// The events of a window.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) events: Vec<Event>,
    /// Possible events of days whose requests are not kept any more.
    pub(super) not_told: usize,
    /// Hours of lessons in which a group was active, over all groups.
    pub(super) lesson_hours: f64,
}

impl Events {
    /// Finds them.
    pub(super) async fn of(reader: &Reader<'_>, place: &Place<'_>) -> Result<Self, Error> {
        let statement = format!(
            "WITH blocked AS (SELECT local_date, {CLASS} AS class, site, code, learning, lesson_period, actor, \
             actor_kind, CAST(start_utc AS BIGINT) AS start_us, local_minute FROM attempts WHERE {} AND {IN_LESSON} \
             AND actor IS NOT NULL AND site IS NOT NULL AND search_token IS NULL), \
             busy AS (SELECT local_date AS day, class AS busy_class, site AS busy_site FROM blocked \
             WHERE class IS NOT NULL GROUP BY local_date, class, site HAVING count(DISTINCT actor) >= {LEAST_ACTORS}) \
             SELECT local_date, class, site, code, learning, lesson_period, actor, actor_kind = 'person' AS person, \
             local_minute FROM blocked JOIN busy ON local_date = day AND class = busy_class AND site = busy_site \
             ORDER BY local_date, class, site, start_us, actor, code",
            reader.counted(&schema::ATTEMPTS, "")
        );
        let answer = reader.session.query(&statement, &reader.values()).await?;
        let mut events = together(&answer);
        let not_told = with_active(reader, &mut events).await?;
        let lesson_hours = lesson_hours(reader, place).await?;
        Ok(Self { events, not_told, lesson_hours })
    }

    /// Events per 1,000 lesson-hours.
    pub(super) fn rate(&self) -> Option<f64> {
        (self.lesson_hours > 0.0).then(|| self.events.len() as f64 * 1000.0 / self.lesson_hours)
    }
}

/// Ten minutes with five actors or more, from attempts in order of day, class, site and time.
fn together(answer: &Answer) -> Vec<Event> {
    let key = |row: usize| {
        (answer.day(row, "local_date"), answer.text(row, "class"), answer.text(row, "site"))
    };
    let minute = |row: usize| answer.integer(row, "local_minute").unwrap_or_default();
    let mut events = Vec::new();
    let mut first = 0;
    while first < answer.len() {
        let here = key(first);
        let end = (first..answer.len())
            .find(|row| key(*row) != here || minute(*row) - minute(first) >= MINUTES)
            .unwrap_or(answer.len());
        let actors: BTreeSet<i64> = (first..end).filter_map(|row| answer.integer(row, "actor")).collect();
        let (Some(day), Some(class), Some(site)) = here else { break };
        if actors.len() < LEAST_ACTORS {
            first += 1;
            continue;
        }
        let persons: BTreeSet<i64> =
            (first..end).filter(|row| answer.yes(*row, "person")).filter_map(|row| answer.integer(row, "actor")).collect();
        let mut by_actor: BTreeMap<i64, i64> = BTreeMap::new();
        for actor in (first..end).filter_map(|row| answer.integer(row, "actor")) {
            *by_actor.entry(actor).or_default() += 1;
        }
        events.push(Event {
            day,
            minute: minute(first),
            lesson: answer.text(first, "lesson_period").unwrap_or_default(),
            class,
            site,
            code: answer.text(first, "code").unwrap_or_default(),
            learning: (first..end).any(|row| answer.yes(row, "learning")),
            attempts: (end - first) as i64,
            people: persons.len() as i64,
            most_by_one: by_actor.values().max().copied().unwrap_or(0),
            actors,
            active: 0,
            whole_day: false,
        });
        first = end;
    }
    events
}

/// Keeps the events with half of the active ones; answers how many of the others cannot be told.
async fn with_active(reader: &Reader<'_>, events: &mut Vec<Event>) -> Result<usize, Error> {
    if events.is_empty() {
        return Ok(0);
    }
    let days: BTreeSet<Date> = events.iter().map(|event| event.day).collect();
    let days: Vec<String> = days.iter().map(|day| format!("DATE '{day}'")).collect();
    let days = days.join(", ");
    let statement = format!(
        "SELECT local_date, {CLASS} AS class, local_minute, active_actors FROM class_minutes WHERE local_date IN ({days})"
    );
    let answer = reader.session.query(&statement, &[]).await?;
    let in_minutes: BTreeMap<(Date, String, i64), i64> = (0..answer.len())
        .filter_map(|row| {
            let key = (answer.day(row, "local_date")?, answer.text(row, "class")?, answer.integer(row, "local_minute")?);
            Some((key, answer.integer(row, "active_actors")?))
        })
        .collect();
    let statement = format!(
        "SELECT local_date, class, count(DISTINCT actor) AS active FROM (SELECT local_date, {CLASS} AS class, \
         actor FROM actor_days WHERE local_date IN ({days}) AND primary_records > 0 AND actor IS NOT NULL) \
         AS active GROUP BY local_date, class"
    );
    let answer = reader.session.query(&statement, &[]).await?;
    let on_day: BTreeMap<(Date, String), i64> = (0..answer.len())
        .filter_map(|row| {
            let active = answer.integer(row, "active")?;
            Some(((answer.day(row, "local_date")?, answer.text(row, "class")?), active))
        })
        .collect();
    let mut not_told = 0;
    let mut kept = Vec::new();
    for mut event in events.drain(..) {
        let actors = event.actors.len() as i64;
        let known = in_minutes.get(&(event.day, event.class.clone(), event.minute)).copied();
        event.whole_day = known.is_none();
        let day = || on_day.get(&(event.day, event.class.clone())).copied();
        event.active = known.or_else(day).unwrap_or(0).max(actors);
        if actors * 2 >= event.active {
            kept.push(event);
        } else if known.is_none() {
            not_told += 1;
        }
    }
    *events = kept;
    Ok(not_told)
}

/// Hours of lessons by the bell times in which a group was active, summed over groups and school days.
async fn lesson_hours(reader: &Reader<'_>, place: &Place<'_>) -> Result<f64, Error> {
    let group = if reader.ask.group.is_some() { " AND group_id = $group" } else { "" };
    let statement = format!(
        "SELECT local_date, lesson_period, count(DISTINCT group_id) AS groups FROM activity \
         WHERE local_date BETWEEN $first AND $last AND school_day AND {IN_LESSON} AND primary_records > 0 \
         AND group_id <> 'unmatched'{group} GROUP BY local_date, lesson_period ORDER BY local_date, lesson_period"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let periods = place.settings.lesson_periods();
    let mut minutes_of: BTreeMap<Date, BTreeMap<&str, i64>> = BTreeMap::new();
    let mut minutes = 0;
    for row in 0..answer.len() {
        let (Some(day), Some(lesson)) = (answer.day(row, "local_date"), answer.text(row, "lesson_period")) else {
            continue;
        };
        let of_day = minutes_of.entry(day).or_insert_with(|| {
            let mut lengths = BTreeMap::new();
            for name in (0..1440).filter_map(|minute| periods.at(day, minute)) {
                *lengths.entry(name).or_default() += 1;
            }
            lengths
        });
        minutes += of_day.get(lesson.as_str()).copied().unwrap_or(0) * answer.count(row, "groups");
    }
    Ok(minutes as f64 / 60.0)
}

/// What may explain an event, by its category and by what happened beside it.
fn hint(event: &Event, events: &[Event]) -> &'static str {
    let at_once: BTreeSet<&str> = events
        .iter()
        .filter(|other| other.class == event.class && other.day == event.day && (other.minute - event.minute).abs() < MINUTES)
        .map(|other| other.site.as_str())
        .collect();
    if at_once.len() >= SITES_AT_ONCE {
        "several sites at once: a fault?"
    } else if event.learning {
        "for learning"
    } else if CRAZES.contains(&event.code.as_str()) {
        "a craze?"
    } else {
        "-"
    }
}

/// What the list of changes says within 30 days after an event.
fn afterwards(event: &Event, requests: &Requests) -> String {
    let near = |day: Date| (0..=super::changes::BEFORE_DAYS).contains(&days_between(event.day, day));
    let about: Vec<_> = requests.all.iter().filter(|request| request.is_about(&event.site, &event.class)).collect();
    if let Some(day) = about.iter().filter_map(|request| request.opened).filter(|day| near(*day)).min() {
        return format!("opened {day}");
    }
    let asked = about.iter().filter(|request| near(request.asked));
    let refused = asked.clone().any(|request| request.refused);
    match asked.count() {
        0 if requests.are_known() => "nobody asked".to_owned(),
        0 => "not known".to_owned(),
        _ if refused => "refused".to_owned(),
        _ => "asked for".to_owned(),
    }
}

/// Events by day and lesson, newest first.
pub(super) async fn lessons(
    reader: &Reader<'_>,
    place: &Place<'_>,
    unseen: &Unseen,
) -> Result<Figures, Error> {
    let (mut found, mut requests) = (Events::default(), Requests::default());
    if !unseen.shows_no_decision() {
        (found, requests) = (Events::of(reader, place).await?, Requests::of(reader, place).await?);
    }
    let reading = reading(&found, unseen);
    let mut notes = notes(unseen);
    notes.remove(0);
    notes.insert(
        0,
        "An event: within ten minutes of a lesson, from the minute of the first attempt, five or more of a group, and at \
         least half of those of it who were active then, met a block of the same site. Whether the lesson needed the site is for its teacher to say."
            .to_owned(),
    );
    if found.lesson_hours > 0.0 {
        notes.push(format!(
            "Lesson-hours: {} (lessons by the bell times in which a group was online, breaks and lunch left out).",
            wording::whole(found.lesson_hours.round() as i64)
        ));
    }
    if found.events.iter().any(|event| event.whole_day) || found.not_told > 0 {
        notes.push(format!(
            "Of some days nobody counted who was active in ten minutes: there, those active on the whole day stand in, and {} cannot be told.",
            wording::counted(found.not_told as i64, "possible event", "possible events")
        ));
    }
    if found.events.len() > SHOWN {
        notes.push(format!("{SHOWN} of {} events are shown.", found.events.len()));
    }
    let mut columns = vec![
        dimension("local_date", "Day"),
        dimension("lesson_period", "Lesson"),
        dimension("group_id", "Group"),
        dimension("site", "Site"),
        dimension("code", "Category"),
        dimension("hint", "May be"),
        dimension("afterwards", "Afterwards"),
        measure("actors", "Met it", "different actors who met the block"),
        measure("active_actors", "Active", "different actors of the group active in the ten minutes, or on the day"),
        measure("attempts", "Attempts", "blocked attempts by everybody but staff"),
    ];
    columns.extend(evidence_of_people("attempts"));
    let mut rows: Vec<&Event> = found.events.iter().collect();
    rows.sort_by(|one, other| {
        (other.day, other.minute, &one.class, &one.site).cmp(&(one.day, one.minute, &other.class, &other.site))
    });
    let rows = rows.into_iter().take(SHOWN).map(|event| -> Vec<Cell> {
        vec![
            event.day.to_string().into(),
            event.lesson.clone().into(),
            event.class.clone().into(),
            event.site.clone().into(),
            event.code.clone().into(),
            hint(event, &found.events).into(),
            afterwards(event, &requests).into(),
            (event.actors.len() as i64).into(),
            event.active.into(),
            event.attempts.into(),
            event.people.into(),
            (event.most_by_one as f64 / event.attempts.max(1) as f64).into(),
        ]
    });
    Ok(Figures {
        schema: "watershed.overblocking.lessons/1",
        title: "Lesson-block events (OB6, staff only)".to_owned(),
        unit: "lesson-block events",
        denominator: "lesson-hours: lessons in which a group was online",
        interval: "",
        about: About::People,
        columns,
        rows: rows.collect(),
        notes,
        reading,
    })
}

fn reading(found: &Events, unseen: &Unseen) -> String {
    if unseen.shows_no_decision() {
        return NOT_MEASURABLE.to_owned();
    }
    if found.events.is_empty() {
        return "In no lesson of these days did half of a group meet the same block together.".to_owned();
    }
    let mut sites: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &found.events {
        *sites.entry(&event.site).or_default() += 1;
    }
    let most = sites.iter().max_by_key(|(site, events)| (**events, std::cmp::Reverse(**site)));
    let rate = found.rate().map_or_else(String::new, |rate| format!(", {} per 1,000 lesson-hours", wording::rate(rate)));
    format!(
        "{}{rate}. Look first at {}.",
        wording::counted(found.events.len() as i64, "lesson-block event", "lesson-block events"),
        most.map_or("-", |(site, _)| site)
    )
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn event(site: &str, code: &str, minute: i64) -> Event {
        Event {
            day: date(2025, 9, 8),
            minute,
            lesson: "P1".to_owned(),
            class: "year_7".to_owned(),
            site: site.to_owned(),
            code: code.to_owned(),
            learning: code == "EDU",
            attempts: 5,
            actors: BTreeSet::new(),
            people: 5,
            most_by_one: 1,
            active: 8,
            whole_day: false,
        }
    }

    #[test]
    fn what_may_explain_an_event() {
        let events = [event("a.org", "EDU", 0), event("b.org", "GAMES", 3), event("c.org", "DRUGS", 40)];
        assert_eq!(events.each_ref().map(|one| hint(one, &events)), ["for learning", "a craze?", "-"]);
        let events = [event("a.org", "EDU", 0), event("b.org", "GAMES", 3), event("c.org", "DRUGS", 9)];
        assert_eq!(hint(&events[0], &events), "several sites at once: a fault?");
    }

    #[test]
    fn what_came_afterwards() {
        let request = |asked, opened, refused| super::super::changes::Request {
            site: "a.org".to_owned(),
            group: None,
            asked,
            opened,
            refused,
            temporary: false,
        };
        let of = |all| Requests { all, as_of: Some(date(2025, 12, 1)) };
        let event = event("a.org", "EDU", 0);
        let opened = request(date(2025, 9, 9), Some(date(2025, 9, 10)), false);
        assert_eq!(afterwards(&event, &of(vec![opened])), "opened 2025-09-10");
        assert_eq!(afterwards(&event, &of(vec![request(date(2025, 9, 9), None, true)])), "refused");
        assert_eq!(afterwards(&event, &of(vec![request(date(2025, 9, 9), None, false)])), "asked for");
        assert_eq!(afterwards(&event, &of(vec![request(date(2025, 11, 9), None, false)])), "nobody asked");
        assert_eq!(afterwards(&event, &Requests::default()), "not known");
    }
}
