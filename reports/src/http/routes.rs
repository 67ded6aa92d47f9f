//! Every route and who it is for, on one screen. What is not here is not found.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};

use super::accounts::Role::{self, Authority, Chair, Dsl, Governor, Head, It, Slt};
use super::failure::{self, Failure};
use super::gate::{self, Gate};
use super::sessions::Shared;
use super::{App, headers, sealed, sign_in, staff};
use crate::{chart::png, document};

/// A session ends after so much rest.
const IDLE_MINUTES: i64 = 30;
/// A page that takes longer is given up.
const PAGE_SECONDS: u64 = 30;
/// Larger than any form here.
const LARGEST_BODY_BYTES: usize = 16 * 1024;

/// Who reads the governors' sets.
const GOVERNING: [Role; 5] = [Dsl, Head, Slt, Governor, Chair];

/// Routes of one audience each; `/staff` and `/governors` need an account, `/public` none.
pub(super) fn all(app: &App) -> Router {
    let only = |roles: &'static [Role], route: MethodRouter<App>| {
        route.layer(middleware::from_fn_with_state(Gate { app: app.clone(), roles }, gate::pass))
    };
    let routes = Router::new()
        .route("/", get(sealed::home))
        .route("/healthz", get(|| async { "ok" }))
        .route("/sign-in", get(sign_in::form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/static/{file}", get(file))
        .route("/public/{school}/{id}/{file}", get(sealed::public))
        .route("/governors", only(&GOVERNING, get(sealed::governor_list)))
        .route("/governors/{id}", only(&GOVERNING, get(sealed::governor_page)))
        .route("/governors/{id}/{file}", only(&GOVERNING, get(sealed::governor_chart)))
        .route("/staff/attention", only(&[Dsl], get(staff::attention)))
        .route("/staff/listed", only(&[Dsl, Head], get(staff::listed)))
        // `concerns.csv` decides which of these see anything, and the head's own go past the first two.
        .route("/staff/concerns", only(&[Dsl, Head, Chair, Authority], get(staff::concerns)))
        .route("/staff/trend", only(&[Dsl, Head, Slt], get(staff::trend)))
        .route("/staff/groups", only(&[Dsl, Head, Slt], get(staff::groups)))
        .route("/staff/coverage", only(&[Dsl, Head, Slt, It], get(staff::coverage)))
        .fallback(|| async { Failure::not_found() })
        .method_not_allowed_fallback(|| async {
            Failure::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "Not possible",
                "This page cannot be used like that.",
            )
        })
        .with_state(app.clone());

    let encrypted = app.encrypted();
    let sessions = SessionManagerLayer::new(Shared::default())
        // The prefix makes browsers refuse the cookie unless it came encrypted, from this host alone.
        .with_name(if encrypted { "__Host-watershed" } else { "watershed" })
        .with_path("/")
        .with_http_only(true)
        .with_same_site(SameSite::Strict)
        .with_secure(encrypted)
        // Reading is activity: without this the half hour would count from the sign-in.
        .with_always_save(true)
        .with_expiry(Expiry::OnInactivity(time::Duration::minutes(IDLE_MINUTES)));
    routes
        .layer(sessions)
        .layer(CsrfLayer::new())
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            Duration::from_secs(PAGE_SECONDS),
        ))
        .layer(CatchPanicLayer::custom(failure::panicked))
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            headers::set(encrypted, request, next)
        }))
}

/// The few files that pages need; nothing is read from disk.
async fn file(axum::extract::Path(name): axum::extract::Path<String>) -> Result<impl IntoResponse, Failure> {
    let (media, bytes): (&str, &'static [u8]) = match name.as_str() {
        "style.css" => ("text/css; charset=utf-8", document::STYLE.as_bytes()),
        "fonts.css" => ("text/css; charset=utf-8", include_bytes!("../../assets/fonts.css")),
        "NotoSans-Regular.ttf" => ("font/ttf", png::REGULAR),
        "NotoSans-Bold.ttf" => ("font/ttf", png::BOLD),
        _ => return Err(Failure::not_found()),
    };
    Ok(([(header::CONTENT_TYPE, media)], bytes))
}
