//! Who may pass: looked up again for every page, so that a disabled account is out at once.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use query::{Error, Kind};
use tower_sessions::Session;

use super::App;
use super::access_log;
use super::accounts::Role;
use super::failure::Failure;
use super::sessions::{SIGNED_IN, SignedIn};

/// Which accounts a route is for.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) app: App,
    pub(super) roles: &'static [Role],
}

/// Lets those through whom the route is for, with who they are; everybody else is told what to do.
pub(super) async fn pass(
    State(gate): State<Gate>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let failed = |_| Failure::from(Error::new(Kind::Environment, "the session could not be read"));
    let known: Option<SignedIn> = session.get(SIGNED_IN).await.map_err(failed)?;
    let Some(mut signed_in) = known else { return Ok(to_sign_in()) };
    let name = signed_in.name.clone();
    let stored = gate
        .app
        .with_accounts_apart(&signed_in.school, move |accounts| accounts.stored(&name))
        .await
        .transpose()?
        .flatten();
    let is_over = signed_in.is_over(jiff::Timestamp::now().as_second());
    let standing = stored
        .filter(|stored| !stored.disabled && stored.generation == signed_in.generation)
        .filter(|_| !is_over);
    let Some(stored) = standing else {
        session.flush().await.map_err(failed)?;
        return Ok(to_sign_in());
    };
    signed_in.role = stored.role;
    if !gate.roles.contains(&signed_in.role) {
        return Err(Failure::forbidden());
    }
    // The route, not what was typed behind it.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let page = route.unwrap_or_default();
    let (name, role) = (signed_in.name.clone(), signed_in.role);
    gate.app
        .with_accounts_apart(&signed_in.school, move |accounts| {
            access_log::record(accounts, &name, role, &page)
        })
        .await
        .transpose()?;
    request.extensions_mut().insert(signed_in);
    Ok(next.run(request).await)
}

fn to_sign_in() -> Response {
    Redirect::to("/sign-in").into_response()
}
