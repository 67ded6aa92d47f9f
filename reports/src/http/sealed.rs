//! Sealed sets: governors' with an account, parents' without. No figure here was computed on request.

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use query::audit::Statement;
use query::disclosure::ledger::Entry;
use query::disclosure::sealed::SealedSet;
use query::{Error, Kind};
use serde::Deserialize;
use tower_sessions::Session;

use super::failure::Failure;
use super::pages::{self, GovernorsPage, Home, Release, Site};
use super::sessions::{SIGNED_IN, SignedIn};
use super::{App, apart};
use crate::chart::{self, Media, Width, png, words};
use crate::document::{self, Style};

type Page = Result<Response, Failure>;

/// Width of a picture in pixels.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Size {
    width: Option<u32>,
}

impl Size {
    /// One of two widths, so that caches hold two pictures and not a thousand.
    fn width(&self) -> Width {
        if self.width.is_some_and(|pixels| pixels < 520) { Width::NARROW } else { Width::WIDE }
    }
}

/// The start page: what it is, and what everybody may see.
pub(super) async fn home(State(app): State<App>, session: Session) -> Page {
    // Only for the bar at the top; each page behind it asks again.
    let known: Option<SignedIn> = session.get(SIGNED_IN).await.unwrap_or_default();
    apart(move || start(&app, known)).await
}

fn start(app: &App, known: Option<SignedIn>) -> Page {
    let mut releases = Vec::new();
    for school in app.schools() {
        let entries = app.source().entries(&school.id)?;
        let standing = |entry: &&Entry| entry.audience == "parents" && entry.withdrawn.is_none();
        for entry in entries.iter().filter(standing) {
            let Some(approval) = &entry.approved else { continue };
            releases.push(Release {
                address: format!("/public/{}/{}/index.html", school.id, entry.id),
                words: format!("{}: {}", school.name, words::period(&entry.period)),
                quiet: format!("Published on {}", words::day(&approval.approved_on)),
                withdrawn: None,
            });
        }
    }
    releases.reverse();
    let site = known.map_or_else(Site::anonymous, |signed_in| Site::of(&signed_in, "", ""));
    Ok(pages::answer(StatusCode::OK, &Home { site, releases }))
}

/// All governor sets of the school, newest first.
pub(super) async fn governor_list(State(app): State<App>, Extension(signed_in): Extension<SignedIn>) -> Page {
    apart(move || list(&app, &signed_in)).await
}

fn list(app: &App, signed_in: &SignedIn) -> Page {
    let school = app.school(&signed_in.school).ok_or_else(Failure::not_found)?;
    let mut releases: Vec<Release> = app
        .source()
        .entries(&school.id)?
        .into_iter()
        .filter(|entry| entry.audience == "governors")
        // Nobody of the audience learns of a set before a role has approved it.
        .filter_map(|entry| entry.approved.clone().map(|approval| (entry, approval)))
        .map(|(entry, approval)| Release {
            address: format!("/governors/{}", entry.id),
            words: words::sentence(&words::period(&entry.period)),
            quiet: format!(
                "Sealed on {}, approved by the {}",
                words::day(&entry.sealed_on),
                approval.approver
            ),
            withdrawn: entry
                .withdrawn
                .map(|gone| format!("Withdrawn on {}. {}", words::day(&gone.withdrawn_on), gone.statement)),
        })
        .collect();
    releases.reverse();
    let site = Site::of(signed_in, &school.name, "/governors");
    Ok(pages::answer(StatusCode::OK, &GovernorsPage { site, releases }))
}

/// The governors' page.
pub(super) async fn governor_page(
    State(app): State<App>,
    Extension(signed_in): Extension<SignedIn>,
    Path(id): Path<String>,
) -> Page {
    apart(move || governors(&app, &signed_in, &id)).await
}

fn governors(app: &App, signed_in: &SignedIn, id: &str) -> Page {
    let school = app.school(&signed_in.school).ok_or_else(Failure::not_found)?;
    standing(app, &signed_in.school, id, Some("governors"))?;
    let set = app.source().governors(&school.id, id)?;
    let audit = audit_of(app.source().audit(&school.id))?;
    Ok(Html(document::governor_text(set.value(), audit.as_ref(), Style::Linked)?).into_response())
}

/// A log that was tampered with takes no paper from its readers: they read that it was.
fn audit_of(statement: Result<Statement, Error>) -> Result<Option<Statement>, Error> {
    match statement {
        Ok(statement) => Ok(Some(statement)),
        Err(error) if error.kind() == Kind::Corrupt => Ok(None),
        Err(error) => Err(error),
    }
}

/// The governors' picture.
pub(super) async fn governor_chart(
    State(app): State<App>,
    Extension(signed_in): Extension<SignedIn>,
    Path((id, file)): Path<(String, String)>,
    Query(size): Query<Size>,
) -> Page {
    apart(move || governor_file(&app, &signed_in, &id, &file, &size)).await
}

fn governor_file(app: &App, signed_in: &SignedIn, id: &str, file: &str, size: &Size) -> Page {
    let school = app.school(&signed_in.school).ok_or_else(Failure::not_found)?;
    standing(app, &signed_in.school, id, Some("governors"))?;
    let set = app.source().governors(&school.id, id)?;
    picture(set.value(), file, size)?.ok_or_else(Failure::not_found)
}

/// What parents may see: picture, fragment, page.
pub(super) async fn public(
    State(app): State<App>,
    Path((school, id, file)): Path<(String, String, String)>,
    Query(size): Query<Size>,
) -> Page {
    apart(move || public_file(&app, &school, &id, &file, &size)).await
}

fn public_file(app: &App, school: &str, id: &str, file: &str, size: &Size) -> Page {
    standing(app, school, id, None)?;
    let school = app.school(school).ok_or_else(Failure::not_found)?;
    let set = app.source().parents(&school.id, id)?;
    match file {
        "index.html" => Ok(Html(document::parent_text(set.value(), Style::Linked)?).into_response()),
        "fragment.html" => Ok(Html(document::fragment_text(set.value())?).into_response()),
        _ => picture(set.value(), file, size)?.ok_or_else(Failure::not_found),
    }
}

/// Whether the set is in the ledger for this audience, approved and not withdrawn. Anything else is not
/// found, so that nobody learns which sets there are for others.
fn standing(app: &App, school: &str, id: &str, audience: Option<&str>) -> Result<(), Failure> {
    let school = app.school(school).ok_or_else(Failure::not_found)?;
    let audience = audience.unwrap_or("parents");
    let entry = app
        .source()
        .entries(&school.id)?
        .into_iter()
        .find(|entry| entry.id == id && entry.audience == audience && entry.approved.is_some())
        .ok_or_else(Failure::not_found)?;
    match entry.withdrawn {
        Some(gone) => Err(Failure::withdrawn(&words::day(&gone.withdrawn_on), &gone.statement)),
        None => Ok(()),
    }
}

fn picture(set: &SealedSet, file: &str, size: &Size) -> Result<Option<Response>, Failure> {
    let answer = |media: Media, bytes: Vec<u8>| {
        Some(([(header::CONTENT_TYPE, media.media_type())], bytes).into_response())
    };
    Ok(match file {
        "chart.svg" => answer(Media::Svg, chart::sealed(set, size.width())?.into_bytes()),
        "chart.png" => answer(Media::Png, png::from_svg(&chart::sealed(set, size.width())?)?),
        _ => None,
    })
}
