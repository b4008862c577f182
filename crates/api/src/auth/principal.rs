//! Who asks: extractors that a route names for the least role it needs.
//!
//! A request proves itself by a bearer token, or by an API key: headers `x-api-key`, `x-timestamp` (ms since 1970) and
//! `x-signature`, the lower-case hex HMAC-SHA256 of `timestamp\nMETHOD\npath?query\nhex(SHA-256(body))` under the key's secret.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use store::users::Role;
use store::{Owner, SessionId, StoreError, UserId};

use crate::Problem;
use crate::app::{App, now};

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Somebody who proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    /// The user.
    pub(crate) user: UserId,
    /// What the user may do, cut to what the key may do.
    pub(crate) role: Role,
    /// The login; `None` for an API key.
    pub(crate) session: Option<SessionId>,
}

impl Principal {
    /// For the store: the rows of this user.
    pub(crate) const fn owner(&self) -> Owner {
        Owner::of(self.user)
    }
}

/// Anybody who is logged in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Viewer(pub(crate) Principal);

/// One who may trade.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trader(pub(crate) Principal);

/// One who administers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admin;

async fn principal(parts: &Parts, app: &App) -> Result<Principal, Problem> {
    let header = parts.headers.get(AUTHORIZATION).ok_or_else(|| Problem::unauthorized("log in first"))?;
    let text = header.to_str().map_err(|_| Problem::unauthorized("the Authorization header is not text"))?;
    let token = text
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| Problem::unauthorized("the Authorization header must be `Bearer` and the token"))?;
    let seconds = now().millis() / 1_000;
    let claims = app
        .tokens
        .read(token, seconds)
        .map_err(|why| Problem::unauthorized(format!("{why}; log in again")))?;
    let session: SessionId = claims.sid.parse().map_err(|_| Problem::unauthorized("log in again"))?;
    let live = app.sessions.look_up(&app.store, session).await.map_err(|e| from_store(&e))?;
    let live = live.filter(|live| live.user.to_string() == claims.sub);
    let live = live.ok_or_else(|| Problem::unauthorized("this login has ended; log in again"))?;
    Ok(Principal { user: live.user, role: live.role, session: Some(session) })
}

fn least(principal: Principal, role: Role) -> Result<Principal, Problem> {
    if principal.role >= role {
        return Ok(principal);
    }
    Err(Problem::forbidden(format!("this needs the role {}, you are {}", role.word(), principal.role.word())))
}

impl FromRequestParts<Arc<App>> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        principal(parts, app).await.map(Self)
    }
}

impl FromRequestParts<Arc<App>> for Trader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        least(principal(parts, app).await?, Role::Trader).map(Self)
    }
}

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        least(principal(parts, app).await?, Role::Admin).map(|_| Self)
    }
}

/// Where a request comes from and what sent it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) ip: IpAddr,
    pub(crate) agent: String,
}

/// Longest name of a program that is kept.
const AGENT_LEN_MAX: usize = 200;

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let ip = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
        let agent = parts.headers.get(axum::http::header::USER_AGENT).and_then(|value| value.to_str().ok());
        let agent = agent.unwrap_or_default().chars().take(AGENT_LEN_MAX).collect();
        Ok(Self { ip, agent })
    }
}

/// A failure of the database as an answer.
pub(crate) fn from_store(error: &StoreError) -> Problem {
    match error {
        StoreError::Absent { what } => Problem::not_found(what),
        StoreError::Taken { what } => {
            let what = what.rsplit('.').next().unwrap_or(what).replace(',', " and ");
            Problem::conflict("taken", format!("this {what} is already taken"))
        }
        StoreError::Stale(why) => Problem::conflict("stale", *why),
        StoreError::Busy(_) | StoreError::TimedOut(_) => {
            Problem::unavailable("database_busy", "the database is busy; try again in a moment")
        }
        StoreError::Unreachable(_) => {
            tracing::error!(%error, "the database does not answer");
            Problem::unavailable(
                "database_down",
                "the database does not answer; nothing can be said about this request",
            )
        }
        _ => Problem::internal(error),
    }
}
