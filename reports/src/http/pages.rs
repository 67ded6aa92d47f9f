//! The site's pages as templates.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use query::{Error, Kind, Table};

use super::accounts::Role;
use super::sessions::SignedIn;
use crate::chart::{data_table, words};

/// One entry of the bar of sections.
pub(super) struct Section {
    pub(super) address: &'static str,
    pub(super) label: &'static str,
    pub(super) current: bool,
}

/// What all pages share.
pub(super) struct Site {
    pub(super) school: String,
    pub(super) who: Option<String>,
    pub(super) sections: Vec<Section>,
}

const SECTIONS: [(&str, &str, &[Role]); 7] = [
    ("/staff/attention", "Attention", &[Role::Dsl]),
    ("/staff/trend", "Trend", &[Role::Dsl, Role::Head, Role::Slt]),
    ("/staff/groups", "Groups", &[Role::Dsl, Role::Head, Role::Slt]),
    ("/staff/coverage", "Coverage", &[Role::Dsl, Role::Head, Role::Slt, Role::It]),
    ("/staff/listed", "Illegal lists", &[Role::Dsl, Role::Head]),
    ("/staff/concerns", "Staff", &[Role::Dsl, Role::Head, Role::Chair, Role::Authority]),
    ("/governors", "Governor releases", &[Role::Dsl, Role::Head, Role::Slt, Role::Governor, Role::Chair]),
];

impl Site {
    /// For somebody who has not signed in.
    pub(super) fn anonymous() -> Self {
        Self { school: String::new(), who: None, sections: Vec::new() }
    }

    pub(super) fn of(signed_in: &SignedIn, school: &str, current: &str) -> Self {
        let sections = SECTIONS
            .into_iter()
            .filter(|(_, _, roles)| roles.contains(&signed_in.role))
            .map(|(address, label, _)| Section { address, label, current: address == current })
            .collect();
        let who = Some(format!("{}, {}", signed_in.name, signed_in.role.in_words()));
        Self { school: school.to_owned(), who, sections }
    }
}

/// Where an account goes first.
pub(super) fn first_page(role: Role) -> &'static str {
    SECTIONS.into_iter().find(|(_, _, roles)| roles.contains(&role)).map_or("/", |(address, _, _)| address)
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    site: Site,
    heading: &'a str,
    words: &'a str,
}

/// A released paper in a list.
pub(super) struct Release {
    pub(super) address: String,
    pub(super) words: String,
    pub(super) quiet: String,
    pub(super) withdrawn: Option<String>,
}

#[derive(Template)]
#[template(path = "home.html")]
pub(super) struct Home {
    pub(super) site: Site,
    pub(super) releases: Vec<Release>,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
pub(super) struct SignInPage {
    pub(super) site: Site,
    /// Short and full names; asked for only where there are several.
    pub(super) schools: Vec<(String, String)>,
    pub(super) problem: Option<&'static str>,
    pub(super) name: String,
}

#[derive(Template)]
#[template(path = "governors.html")]
pub(super) struct GovernorsPage {
    pub(super) site: Site,
    pub(super) releases: Vec<Release>,
}

/// A picture at both widths.
pub(super) struct Picture {
    pub(super) wide: String,
    pub(super) narrow: String,
}

/// One table of a staff page, with its pictures and all that must be said beside it.
pub(super) struct Part {
    pub(super) heading: String,
    pub(super) reading: String,
    pub(super) pictures: Vec<Picture>,
    pub(super) table: String,
    pub(super) empty: bool,
    pub(super) folded: bool,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) notes: Vec<String>,
}

impl Part {
    pub(super) fn new(heading: &str, table: &Table, folded: bool) -> Result<Self, Error> {
        let mut facts = vec![("Counts", table.unit.to_owned())];
        if !table.denominator.is_empty() {
            facts.push(("Out of", table.denominator.to_owned()));
        }
        if !table.interval.is_empty() {
            facts.push(("Range", table.interval.to_owned()));
        }
        facts.push((
            "Period",
            format!(
                "{} to {}, {} school days",
                words::day(&table.period.from),
                words::day(&table.period.to),
                table.period.school_days
            ),
        ));
        let lake = if table.versions.lake.is_empty() {
            String::new()
        } else {
            format!("; {}", table.versions.lake.join(", "))
        };
        facts.push((
            "Made from",
            format!("watershed {}, settings {}{lake}", table.versions.watershed, table.versions.settings),
        ));
        Ok(Self {
            heading: heading.to_owned(),
            reading: table.reading.clone(),
            pictures: Vec::new(),
            table: data_table::live(table)?,
            empty: table.rows.is_empty(),
            folded,
            facts,
            notes: table.notes.clone(),
        })
    }
}

/// A choice in a form.
pub(super) struct Choice {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) all: &'static str,
    pub(super) options: Vec<String>,
    pub(super) chosen: String,
}

/// The form above a staff page.
pub(super) struct Filter {
    pub(super) summary: &'static str,
    /// Whether anything was chosen; an unused form stays folded.
    pub(super) used: bool,
    pub(super) choices: Vec<Choice>,
    pub(super) from: String,
    pub(super) to: String,
}

#[derive(Template)]
#[template(path = "live.html")]
pub(super) struct Live {
    pub(super) site: Site,
    pub(super) heading: &'static str,
    pub(super) explains: &'static str,
    /// What the DSL types to learn a name; empty elsewhere.
    pub(super) command: &'static str,
    pub(super) filter: Option<Filter>,
    pub(super) parts: Vec<Part>,
    /// Notes of all parts, each once.
    pub(super) notes: Vec<String>,
}

impl Live {
    /// The page of these parts.
    pub(super) fn new(site: Site, heading: &'static str, explains: &'static str, parts: Vec<Part>) -> Self {
        let mut notes: Vec<String> = Vec::new();
        for note in parts.iter().flat_map(|part| &part.notes) {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
        Self { site, heading, explains, command: "", filter: None, parts, notes }
    }
}

/// The page as an answer.
pub(super) fn answer(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(_) => {
            let error = Error::new(Kind::Bug, "a page could not be written");
            tracing::error!(%error, "a template failed");
            (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong.").into_response()
        }
    }
}

/// A page with a few words.
pub(super) fn message(status: StatusCode, heading: &str, words: &str) -> Response {
    answer(status, &Message { site: Site::anonymous(), heading, words })
}
