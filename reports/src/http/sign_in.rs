//! Signing in and out. Wrong name and wrong password take the same time and get the same words.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use axum::extract::{ConnectInfo, Form, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use query::{Error, Kind};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tower_sessions::Session;

use super::App;
use super::accounts;
use super::failure::Failure;
use super::pages::{self, SignInPage, Site};
use super::sessions::{SIGNED_IN, SignedIn};

/// Tries a minute for one account, from wherever they come.
const TRIES_BY_ACCOUNT: u32 = 5;
/// Tries a minute from one address, for whatever account.
const TRIES_BY_ADDRESS: u32 = 20;
/// Hashes at a time: each takes 19 MiB and a moment of a processor.
const HASHES_AT_A_TIME: usize = 2;
/// Names and addresses remembered before those that rest are forgotten.
const REMEMBERED: usize = 10_000;

/// What holds guessing back.
pub(super) struct Brakes {
    by_account: DefaultKeyedRateLimiter<String>,
    by_address: DefaultKeyedRateLimiter<String>,
    hashing: Semaphore,
    /// Hash of a password that nobody has, for names that are not there.
    nobody: String,
}

impl Brakes {
    pub(super) fn new() -> Result<Self, Error> {
        let mut unknown = [0u8; 32];
        getrandom::fill(&mut unknown)
            .map_err(|_| Error::new(Kind::Environment, "the system gives no random numbers"))?;
        Ok(Self {
            by_account: RateLimiter::keyed(a_minute(TRIES_BY_ACCOUNT)),
            by_address: RateLimiter::keyed(a_minute(TRIES_BY_ADDRESS)),
            hashing: Semaphore::new(HASHES_AT_A_TIME),
            nobody: accounts::hashed(&unknown)?,
        })
    }

    fn may_try(&self, account: String, address: String) -> bool {
        for brake in [&self.by_account, &self.by_address] {
            if brake.len() > REMEMBERED {
                brake.retain_recent();
            }
        }
        // Both count every try.
        let address = self.by_address.check_key(&address).is_ok();
        let account = self.by_account.check_key(&account).is_ok();
        address && account
    }
}

fn a_minute(tries: u32) -> Quota {
    Quota::per_minute(NonZeroU32::new(tries).unwrap_or(NonZeroU32::MIN))
}

/// The form.
#[derive(Deserialize)]
pub(super) struct Credentials {
    #[serde(default)]
    school: String,
    name: String,
    password: String,
}

/// Shows the form.
pub(super) async fn form(State(app): State<App>) -> Response {
    page(&app, StatusCode::OK, None, String::new())
}

fn page(app: &App, status: StatusCode, problem: Option<&'static str>, name: String) -> Response {
    let schools = app.schools().iter().map(|school| (school.id.to_string(), school.name.clone())).collect();
    pages::answer(status, &SignInPage { site: Site::anonymous(), schools, problem, name })
}

/// Tries the credentials.
pub(super) async fn sign_in(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    session: Session,
    Form(credentials): Form<Credentials>,
) -> Result<Response, Failure> {
    let Credentials { school, name, password } = credentials;
    let name = accounts::canonical(&name).unwrap_or_default();
    if !app.brakes().may_try(format!("{school}/{name}"), address.ip().to_string()) {
        tracing::warn!("too many tries to sign in");
        let mut answer = page(
            &app,
            StatusCode::TOO_MANY_REQUESTS,
            Some("There were too many tries. Wait a minute, then try again."),
            name,
        );
        answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("60"));
        return Ok(answer);
    }
    let stored = app.with_accounts(&school, |accounts| accounts.stored(&name)).transpose()?.flatten();
    let permit = app.brakes().hashing.acquire().await;
    let hash =
        stored.as_ref().map_or_else(|| app.brakes().nobody.clone(), |stored| stored.password_hash.clone());
    let right =
        tokio::task::spawn_blocking(move || accounts::matches(&password, &hash)).await.unwrap_or(false);
    drop(permit);
    let Some(stored) = stored.filter(|stored| right && !stored.disabled) else {
        tracing::warn!("a sign-in was refused");
        let problem = Some("Account name or password is wrong.");
        return Ok(page(&app, StatusCode::UNAUTHORIZED, problem, name));
    };
    let signed_in = SignedIn {
        school,
        name,
        role: stored.role,
        generation: stored.generation,
        since_seconds: jiff::Timestamp::now().as_second(),
    };
    let first = pages::first_page(signed_in.role);
    // A fresh id: one that somebody slipped to the browser before must not become theirs.
    let failed = |_| Error::new(Kind::Environment, "the session could not be kept");
    session.cycle_id().await.map_err(failed)?;
    session.insert(SIGNED_IN, signed_in).await.map_err(failed)?;
    Ok(Redirect::to(first).into_response())
}

/// Ends the session.
pub(super) async fn sign_out(session: Session) -> Result<Response, Failure> {
    session.flush().await.map_err(|_| Error::new(Kind::Environment, "the session could not be ended"))?;
    Ok(Redirect::to("/").into_response())
}
