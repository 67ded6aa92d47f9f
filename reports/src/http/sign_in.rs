//! Signing in and out. Wrong name and wrong password take the same time and get the same words.

use std::net::{IpAddr, SocketAddr};
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

/// Tries a minute for one account from one address.
const TRIES_BY_BOTH: u32 = 5;
/// Tries a minute for one account from wherever they come: so many that one room cannot lock somebody out, so few
/// that many machines cannot guess.
const TRIES_BY_ACCOUNT: u32 = 60;
/// Tries a minute from one address, for whatever account.
const TRIES_BY_ADDRESS: u32 = 20;
/// Hashes at a time: each takes 19 MiB and a moment of a processor.
const HASHES_AT_A_TIME: usize = 2;
/// Names and addresses remembered before those that rest are forgotten.
const REMEMBERED: usize = 10_000;

/// What holds guessing back.
pub(super) struct Brakes {
    by_both: DefaultKeyedRateLimiter<String>,
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
            by_both: RateLimiter::keyed(a_minute(TRIES_BY_BOTH)),
            by_account: RateLimiter::keyed(a_minute(TRIES_BY_ACCOUNT)),
            by_address: RateLimiter::keyed(a_minute(TRIES_BY_ADDRESS)),
            hashing: Semaphore::new(HASHES_AT_A_TIME),
            nobody: accounts::hashed(&unknown)?,
        })
    }

    /// Whether an address may try an account now. What one brake refuses feeds no other: the address' own comes
    /// first, so that nobody fills the memory with invented accounts or uses up the tries of somebody else.
    fn may_try(&self, account: &str, address: IpAddr) -> bool {
        for brake in [&self.by_both, &self.by_account, &self.by_address] {
            if brake.len() > REMEMBERED {
                brake.retain_recent();
            }
        }
        let address = one_holder(address);
        self.by_address.check_key(&address).is_ok()
            && self.by_both.check_key(&format!("{address} {account}")).is_ok()
            && self.by_account.check_key(&account.to_owned()).is_ok()
    }
}

/// An address as its holder has it: of IPv6 the network, in which a machine takes whatever address it likes.
fn one_holder(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
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
    // Schools and names that cannot be are one account that nobody has.
    let account = match app.school(&school) {
        Some(known) if !name.is_empty() => format!("{}/{name}", known.id),
        _ => String::new(),
    };
    if !app.brakes().may_try(&account, address.ip()) {
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
    let wanted = name.clone();
    let stored = app
        .with_accounts_apart(&school, move |accounts| accounts.stored(&wanted))
        .await
        .transpose()?
        .flatten();
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_room_cannot_lock_somebody_out_and_many_cannot_guess() {
        let brakes = Brakes::new().unwrap();
        let pupil = address("10.1.2.3");
        let tries = |account: &str, from| (0..30).filter(|_| brakes.may_try(account, from)).count();
        assert_eq!(tries("oak/dsl", pupil), 5);
        assert!(brakes.may_try("oak/dsl", address("10.1.2.4")), "the lead at another machine");
        // 5 and 1 of 60 are spent.
        let others = (0..30).map(|last| tries("oak/dsl", address(&format!("10.9.9.{last}")))).sum::<usize>();
        assert_eq!(others, 54);
    }

    #[test]
    fn what_an_address_may_no_more_try_is_not_remembered() {
        let brakes = Brakes::new().unwrap();
        // A machine takes another address of its network for each try.
        let flood = |at: u32| address(&format!("2001:db8:0:7::{at:x}"));
        let passed = (0..500).filter(|at| brakes.may_try(&format!("oak/{at}"), flood(*at))).count();
        assert_eq!((passed, brakes.by_account.len(), brakes.by_both.len()), (20, 20, 20));
        assert_eq!(brakes.by_address.len(), 1);
    }
}
