//! Episodes of severity 4 and 5, blocked or allowed, newest first.

use std::collections::HashMap;

use ingest::schema::{self, TableSchema};
use jiff::civil::Date;

use super::{Place, Unseen, table_of};
use crate::answer::{Answer, pseudonym};
use crate::disclosure::table::Cell;
use crate::error::Error;
use crate::figures::{About, Figures, dimension, measure};
use crate::plan::Reader;
use crate::wording;

/// Staff are listed apart: what concerns them goes to whom `concerns.csv` names. `listed` has the hits on illegal
/// lists of all.
pub(super) const TABLES: &[&str] = &["pupils", "staff", "listed"];
/// What it reads.
pub(super) const READS: &[&TableSchema] =
    &[&schema::EPISODES, &schema::STAFF_EPISODES, &schema::ACTIVITY, &schema::IMPORTS];

/// What stands for the theme of a hit on an illegal-content list.
const ILLEGAL: &str = "illegal-list hit";

/// Computes it.
pub(super) async fn figures(
    reader: &Reader<'_>,
    place: &Place<'_>,
    _unseen: &Unseen,
) -> Result<Figures, Error> {
    let asked = table_of(TABLES, reader.ask.table.as_deref())?;
    let both = format!(
        "(SELECT * FROM {} UNION ALL SELECT * FROM {})",
        schema::EPISODES.name,
        schema::STAFF_EPISODES.name
    );
    let (table, which) = match asked {
        "staff" => (schema::STAFF_EPISODES.name, "(severity >= 4 OR illegal)"),
        "listed" => (both.as_str(), "illegal"),
        _ => (schema::EPISODES.name, "(severity >= 4 OR illegal)"),
    };
    // What concerns staff is in no set, and shown to those whom `concerns.csv` names, marked or not.
    let live = place.live.map_or_else(
        || "false".to_owned(),
        |live| format!("({} AND coalesce(role, '') <> 'staff')", live.flag(&schema::EPISODES)),
    );
    let mut only = String::new();
    if reader.ask.group.is_some() {
        only.push_str(" AND group_id = $group");
    }
    if reader.ask.theme.is_some() {
        only.push_str(" AND (CASE WHEN illegal THEN 'illegal-list hit' ELSE coalesce(theme, 'no theme') END) = $theme");
    }
    let statement = format!(
        "SELECT local_date, local_minute, lesson_period, group_id, theme, severity, outcome, searched, illegal, \
         actor, actor_kind, attempts, records, {live} AS live FROM {table} \
         WHERE local_date BETWEEN $first AND $last AND {which}{only} \
         ORDER BY start_utc DESC, severity DESC, actor, theme"
    );
    let answer = reader.session.query(&statement, &reader.values()).await?;
    let rows: Vec<Vec<Cell>> = (0..answer.len()).map(|row| line(&answer, row, place.school)).collect();
    let mut notes = vec![freshness(place)];
    // The same words whether or not there is anything: their presence tells nothing.
    notes.push(
        match asked {
            "staff" if place.about_head => "This list is about the headteacher and nobody else. Of an academic year whose roster does not say who that is, nothing stands here.",
            "staff" => {
                "What concerns the reader of this list is left out of it, and what concerns the headteacher is routed elsewhere, whether or not there is anything. Of an academic year whose roster does not say who leads the school, or whose roster the reader's account is not tied to, nothing stands here."
            }
            "listed" => {
                "Hits on illegal lists, one line each, without any address: follow the school's procedure for the police first. What concerns the reader or the headteacher is routed elsewhere, whether or not there is anything. Staff are here for those alone to whom the table `staff` shows them. Of what `investigations.csv` sets apart, hits on lists are here; those of recorded tests are not."
            }
            _ => {
                "Staff are not in this list; they have a table of their own, `staff`, for the roles that `concerns.csv` names."
            }
        }
        .to_owned(),
    );
    if place.live.is_some() && asked != "staff" {
        notes.push(
            "A line marked live is of a matter under embargo: it is in no paper and no set, and nobody else sees it."
                .to_owned(),
        );
    }
    notes.push(
        "A pseudonym is not a name: `unlock` shows who it is to a holder of the DSL key, with a reason, and is recorded."
            .to_owned(),
    );
    Ok(Figures {
        schema: "watershed.attention/1",
        title: "Needs attention: severity 4 and 5".to_owned(),
        unit: "episodes",
        denominator: "",
        interval: "",
        about: About::OneActor,
        columns: vec![
            dimension("school", "School"),
            dimension("local_time", "Local time"),
            dimension("lesson_period", "Lesson"),
            dimension("group_id", "Group"),
            dimension("theme", "Theme"),
            measure("severity", "Severity", "1 to 5"),
            dimension("outcome", "Outcome"),
            dimension("searched", "Words searched for"),
            dimension("actor_kind", "Who"),
            dimension("pseudonym", "Pseudonym"),
            measure("attempts", "Attempts", "blocked attempts in the episode"),
            measure("records", "Records", "records in the episode"),
            dimension("live", "Live"),
        ],
        reading: reading(&answer, reader.window.from, reader.window.to, place),
        rows,
        notes,
    })
}

fn line(answer: &Answer, row: usize, school: &str) -> Vec<Cell> {
    let illegal = answer.yes(row, "illegal");
    let minute = answer.count(row, "local_minute");
    let time = answer.day(row, "local_date").map(|day| format!("{day} {:02}:{:02}", minute / 60, minute % 60));
    // Of a hit on an illegal list only time, group, who and whether it was stopped are told.
    let unless_illegal = |cell: Cell| if illegal { Cell::Missing } else { cell };
    vec![
        school.into(),
        time.into(),
        answer.text(row, "lesson_period").into(),
        answer.text(row, "group_id").into(),
        if illegal { ILLEGAL.into() } else { answer.text(row, "theme").into() },
        if illegal { Cell::Integer(5) } else { answer.integer(row, "severity").into() },
        answer.text(row, "outcome").into(),
        unless_illegal(answer.yes(row, "searched").into()),
        answer.text(row, "actor_kind").into(),
        answer.integer(row, "actor").map(pseudonym).into(),
        unless_illegal(answer.integer(row, "attempts").into()),
        unless_illegal(answer.integer(row, "records").into()),
        answer.yes(row, "live").into(),
    ]
}

fn freshness(place: &Place<'_>) -> String {
    let newest = place.newest.map(|newest| newest.to_zoned(place.zone.clone()));
    match newest {
        Some(newest) => format!(
            "Nightly, not live monitoring; newest record {} {:02}:{:02}.",
            newest.date(),
            newest.hour(),
            newest.minute()
        ),
        None => "Nightly, not live monitoring; nothing has been taken in yet.".to_owned(),
    }
}

fn reading(answer: &Answer, from: Date, to: Date, place: &Place<'_>) -> String {
    let days = format!("from {} to {}", wording::day(from), wording::day(to));
    if answer.len() == 0 {
        return match place.newest {
            Some(_) => format!(
                "No episode of severity 4 or 5 was seen {days}. That is no proof that there was none: see what could not be seen."
            ),
            None => "Nothing has been taken in yet, so nothing can be said.".to_owned(),
        };
    }
    let total = answer.len() as i64;
    let passed = (0..answer.len()).filter(|row| answer.text(*row, "outcome").as_deref() != Some("blocked")).count();
    let illegal = (0..answer.len()).filter(|row| answer.yes(*row, "illegal")).count();
    let mut per_actor: HashMap<i64, i64> = HashMap::new();
    let mut untied = 0;
    for row in 0..answer.len() {
        match (answer.integer(row, "actor"), answer.text(row, "actor_kind").as_deref()) {
            (Some(actor), Some("person")) => *per_actor.entry(actor).or_default() += 1,
            _ => untied += 1,
        }
    }
    let people = per_actor.len() as i64;
    let mut text = format!(
        "{} {} by {}",
        wording::counted(total, "episode", "episodes"),
        days,
        wording::counted(people, "known person", "known people")
    );
    let last_week = to.checked_sub(jiff::Span::new().days(6)).unwrap_or(from);
    let recent = (0..answer.len()).filter(|row| answer.day(*row, "local_date") >= Some(last_week)).count();
    if from < last_week {
        text.push_str(&format!(", {} of them in the last 7 of these days", if recent == 0 { "none".to_owned() } else { recent.to_string() }));
    }
    if untied > 0 {
        text.push_str(&format!("; {} cannot be tied to a person", wording::whole(untied)));
    }
    text.push_str(&match passed as i64 {
        0 => "; all were blocked.".to_owned(),
        1 => "; 1 was not, or not wholly, blocked.".to_owned(),
        n => format!("; {} were not, or not wholly, blocked.", wording::whole(n)),
    });
    if illegal > 0 {
        text.push_str(&format!(
            " {} among them: follow the school's procedure for the police first.",
            wording::counted(illegal as i64, "illegal-list hit", "illegal-list hits")
        ));
    }
    let most = per_actor.values().copied().max().unwrap_or(0);
    if total >= 3 && most * 2 > total {
        text.push_str(&format!(" One person makes most of them ({} of {}).", most, wording::whole(total)));
    }
    text
}
