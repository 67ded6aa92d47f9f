//! The live pages: exact, pseudonymous, for staff on screen.

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use query::{Cell, Error, Staff, Table};
use serde::Deserialize;

use super::App;
use super::failure::Failure;
use super::pages::{self, Choice, Filter, Live, Part, Picture, Site};
use super::sessions::SignedIn;
use super::source::{Cleared, Question};
use crate::chart::{self, HeatChoice, LineChoice, Width, words};

/// What the forms send; an empty field is one left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    theme: String,
    group: String,
    from: String,
    to: String,
}

impl Asked {
    /// The question; one that cannot be read is said, since an answer to another would be taken for its own.
    fn question(&self, metric: &'static str) -> Result<Question, Failure> {
        let word = |text: &str, what: &str| match text.len() {
            0 => Ok(None),
            1..=LONGEST_WORD => Ok(Some(text.to_owned())),
            _ => Err(Failure::unclear(format!("there is no such {what}; choose one from the list"))),
        };
        let day = |text: &str| match words::date(text) {
            None if !text.is_empty() => Err(Failure::unclear("a day is written as 2025-09-01")),
            day => Ok(day),
        };
        Ok(Question {
            metric,
            theme: word(&self.theme, "theme")?,
            group: word(&self.group, "group")?,
            from: day(&self.from)?,
            to: day(&self.to)?,
            ..Question::default()
        })
    }

    fn filter(&self, summary: &'static str, choices: Vec<Choice>) -> Option<Filter> {
        let used = [&self.theme, &self.group, &self.from, &self.to].into_iter().any(|text| !text.is_empty());
        Some(Filter { summary, used, choices, from: self.from.clone(), to: self.to.clone() })
    }
}

/// Bytes of a theme or a group in a form.
const LONGEST_WORD: usize = 80;

type Page = Result<Response, Failure>;

impl App {
    async fn ask(&self, signed_in: &SignedIn, question: &Question) -> Result<Cleared<Table, Staff>, Failure> {
        let school = self.school(&signed_in.school).ok_or_else(Failure::not_found)?;
        let question = Question { account: signed_in.name.clone(), ..question.clone() };
        Ok(self.source().live(&school.id, &question).await?)
    }

    fn site(&self, signed_in: &SignedIn, current: &str) -> Site {
        let name = self.school(&signed_in.school).map(|school| school.name.clone()).unwrap_or_default();
        Site::of(signed_in, &name, current)
    }
}

/// Grave episodes: what needs somebody now.
pub(super) async fn attention(
    State(app): State<App>,
    Extension(signed_in): Extension<SignedIn>,
    Query(asked): Query<Asked>,
) -> Page {
    let pupils = app.ask(&signed_in, &asked.question("attention")?).await?;
    let parts = vec![Part::new("Pupils", pupils.value(), false)?];
    let mut page = Live::new(
        app.site(&signed_in, "/staff/attention"),
        "What needs attention",
        "Episodes of severity 4 or 5, blocked or allowed. A pupil stands here under a pseudonym. What concerns staff has a page of its own.",
        parts,
    );
    page.filter = asked.filter("Choose days", Vec::new());
    page.command = "watershed unlock PSEUDONYM --from DAY --to DAY --reason TEXT --key FILE";
    Ok(pages::answer(StatusCode::OK, &page))
}

/// Hits on illegal lists, one line each.
pub(super) async fn listed(
    State(app): State<App>,
    Extension(signed_in): Extension<SignedIn>,
    Query(asked): Query<Asked>,
) -> Page {
    let hits =
        app.ask(&signed_in, &Question { table: Some("listed"), ..asked.question("attention")? }).await?;
    let mut page = Live::new(
        app.site(&signed_in, "/staff/listed"),
        "Hits on illegal lists",
        "One line for each, without any address. Do not look for the address: the police are told first.",
        vec![Part::new("Hits", hits.value(), false)?],
    );
    page.filter = asked.filter("Choose days", Vec::new());
    Ok(pages::answer(StatusCode::OK, &page))
}

/// What concerns staff, less what concerns the reader and, for all but the school's chosen recipient, the head.
pub(super) async fn concerns(
    State(app): State<App>,
    Extension(signed_in): Extension<SignedIn>,
    Query(asked): Query<Asked>,
) -> Page {
    let staff =
        app.ask(&signed_in, &Question { table: Some("staff"), ..asked.question("attention")? }).await?;
    let mut page = Live::new(
        app.site(&signed_in, "/staff/concerns"),
        "What concerns staff",
        "Episodes of severity 4 or 5 of members of staff, under a pseudonym.",
        vec![Part::new("Staff", staff.value(), false)?],
    );
    page.filter = asked.filter("Choose days", Vec::new());
    Ok(pages::answer(StatusCode::OK, &page))
}

/// Is it more or less than before.
pub(super) async fn trend(
    State(app): State<App>,
    Extension(signed_in): Extension<SignedIn>,
    Query(asked): Query<Asked>,
) -> Page {
    let whole = app.ask(&signed_in, &asked.question("trend")?).await?;
    let mut first = Part::new("All", whole.value(), true)?;
    let named = if asked.theme.is_empty() { "all themes" } else { asked.theme.as_str() };
    first.pictures.extend(rate(whole.value(), named)?);
    let mut parts = vec![first];
    let everything = Question { theme: None, ..asked.question("trend")? };
    if asked.theme.is_empty() {
        let four = app.ask(&signed_in, &Question { by: Some("4c"), ..everything.clone() }).await?;
        let mut part = Part::new("By the four Cs", four.value(), true)?;
        part.pictures.extend(split(four.value(), "four_c", "Rate in each week by the four Cs")?);
        parts.push(part);
    }
    let themes = app.ask(&signed_in, &Question { by: Some("theme"), ..everything }).await?;
    if asked.theme.is_empty() {
        parts.push(Part::new("By theme", themes.value(), true)?);
    }
    let choice = Choice {
        name: "theme",
        label: "Theme",
        all: "All themes",
        options: values(themes.value(), "theme"),
        chosen: asked.theme.clone(),
    };
    let mut page = Live::new(
        app.site(&signed_in, "/staff/trend"),
        "Trend",
        "Each point is a school week. The shaded band shows where the true rate may lie.",
        parts,
    );
    page.filter = asked.filter("Choose theme and days", vec![choice]);
    Ok(pages::answer(StatusCode::OK, &page))
}

/// Which groups, themes, days and lessons stand out.
pub(super) async fn groups(
    State(app): State<App>,
    Extension(signed_in): Extension<SignedIn>,
    Query(asked): Query<Asked>,
) -> Page {
    let everybody = Question { group: None, ..asked.question("groups")? };
    let themes = app.ask(&signed_in, &Question { table: Some("themes"), ..everybody.clone() }).await?;
    let mut first = Part::new("Groups and themes", themes.value(), true)?;
    let table = themes.value();
    if let (Some(measure), false) = (figure(table), table.rows.is_empty()) {
        let choice = HeatChoice {
            title: "Groups and themes".to_owned(),
            down: "theme",
            across: "group_id",
            measure,
            absent_is_none: true,
            ..HeatChoice::default()
        };
        first.pictures.push(heat(table, &choice)?);
    }
    let lessons = Question { table: Some("lessons"), ..asked.question("groups")? };
    let lessons = app.ask(&signed_in, &lessons).await?;
    let mut second = Part::new("Days of the week and lessons", lessons.value(), true)?;
    let table = lessons.value();
    if let (Some(measure), false) = (figure(table), table.rows.is_empty()) {
        let choice = HeatChoice {
            title: "Days of the week and lessons, by group".to_owned(),
            down: "lesson_period",
            across: "weekday",
            panel: Some("group_id"),
            measure,
            ..HeatChoice::default()
        };
        second.pictures.push(heat(table, &choice)?);
    }
    let mix = app.ask(&signed_in, &Question { table: Some("mix"), ..asked.question("groups")? }).await?;
    let third = Part::new("What each group did most", mix.value(), true)?;
    let choice = Choice {
        name: "group",
        label: "Group",
        all: "All groups",
        options: values(themes.value(), "group_id"),
        chosen: asked.group.clone(),
    };
    let mut page = Live::new(
        app.site(&signed_in, "/staff/groups"),
        "Groups",
        "Darker means more. A dark cell can be one pupil: look at the number of different people first.",
        vec![first, second, third],
    );
    page.filter = asked.filter("Choose group and days", vec![choice]);
    Ok(pages::answer(StatusCode::OK, &page))
}

/// What could not be seen.
pub(super) async fn coverage(
    State(app): State<App>,
    Extension(signed_in): Extension<SignedIn>,
    Query(asked): Query<Asked>,
) -> Page {
    let mut parts = Vec::new();
    for (heading, table) in [
        ("Summary", "summary"),
        ("Findings about the feeds", "findings"),
        ("Day by day", "days"),
        ("Files taken in", "imports"),
        ("Lines that could not be read", "rejects"),
    ] {
        let found =
            app.ask(&signed_in, &Question { table: Some(table), ..asked.question("coverage")? }).await?;
        let mut part = Part::new(heading, found.value(), !["summary", "findings"].contains(&table))?;
        if table == "days" && found.value().rows.len() > 1 {
            let choice = LineChoice {
                title: "Records on each school day".to_owned(),
                x: "local_date",
                measure: "records",
                ..LineChoice::default()
            };
            part.pictures.extend(line(found.value(), &choice)?);
        }
        parts.push(part);
    }
    let mut page = Live::new(
        app.site(&signed_in, "/staff/coverage"),
        "Coverage",
        "A figure is only as good as the logs behind it: missing nights, lines without a person, damaged lines.",
        parts,
    );
    page.filter = asked.filter("Choose days", Vec::new());
    Ok(pages::answer(StatusCode::OK, &page))
}

/// The figure that a picture of groups shows: the rate where there is one.
fn figure(table: &Table) -> Option<&'static str> {
    ["rate_per_1000", "episodes", "attempts"].into_iter().find(|id| table.column(id).is_some())
}

/// Different values of a column in the table's order, for a form.
fn values(table: &Table, id: &str) -> Vec<String> {
    let Some(at) = table.column(id) else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    for text in table.rows.iter().filter_map(|row| row.get(at).and_then(Cell::text)) {
        if !text.is_empty() && !found.iter().any(|known| known == text) {
            found.push(text.to_owned());
        }
    }
    found
}

fn rate(table: &Table, named: &str) -> Result<Option<Picture>, Error> {
    if table.rows.is_empty() {
        return Ok(None);
    }
    let Some(mut choice) = LineChoice::usual(table) else { return Ok(None) };
    choice.title = format!("Rate in each school week, {named}");
    line(table, &choice)
}

fn split(table: &Table, series: &'static str, title: &str) -> Result<Option<Picture>, Error> {
    let Some(measure) = figure(table).filter(|_| table.column(series).is_some() && !table.rows.is_empty())
    else {
        return Ok(None);
    };
    let choice = LineChoice {
        title: title.to_owned(),
        x: "week_start_date",
        measure,
        series: Some(series),
        ..LineChoice::default()
    };
    line(table, &choice)
}

fn line(table: &Table, choice: &LineChoice<'_>) -> Result<Option<Picture>, Error> {
    Ok(Some(Picture {
        wide: chart::live_line(table, choice, Width::WIDE)?,
        narrow: chart::live_line(table, choice, Width::NARROW)?,
    }))
}

fn heat(table: &Table, choice: &HeatChoice<'_>) -> Result<Picture, Error> {
    Ok(Picture {
        wide: chart::live_heat(table, choice, Width::WIDE)?,
        narrow: chart::live_heat(table, choice, Width::NARROW)?,
    })
}
