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
use store::{Owner, SessionId, StoreError, UserId, audit};

use crate::Problem;
use crate::app::{App, now};
use crate::auth::signed;

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The id of the request that is being answered.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

/// Somebody who proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    /// The user.
    pub(crate) user: UserId,
    /// The user's name.
    pub(crate) name: Arc<str>,
    /// What the user may do, cut to what the key may do.
    pub(crate) role: Role,
    /// The login; `None` for an API key.
    pub(crate) session: Option<SessionId>,
    /// From where.
    pub(crate) ip: IpAddr,
    /// In which request.
    pub(crate) request: Arc<str>,
}

impl Principal {
    /// For the store: the rows of this user.
    pub(crate) const fn owner(&self) -> Owner {
        Owner::of(self.user)
    }

    /// What the audit log is told of something that this user did. `detail` holds no secrets.
    pub(crate) fn note(
        &self,
        action: &str,
        object: impl std::fmt::Display,
        detail: &serde_json::Value,
    ) -> audit::Note {
        audit::Note {
            user_id: Some(self.user),
            actor: self.name.to_string(),
            action: action.to_owned(),
            object: object.to_string(),
            detail: detail.to_string(),
            ip: self.ip.to_string(),
            request_id: self.request.to_string(),
        }
    }
}

/// Anybody who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Viewer(pub(crate) Principal);

/// One who may trade.
#[derive(Clone, Debug)]
pub(crate) struct Trader(pub(crate) Principal);

/// One who administers.
#[derive(Clone, Debug)]
pub(crate) struct Admin(pub(crate) Principal);

/// The operator at the machine, acting for a user. Only this process puts it into a request ([`crate::Operator`]): a client cannot.
#[derive(Clone, Debug)]
pub(crate) struct ByOperator(pub(crate) Principal);

async fn principal(parts: &Parts, app: &App) -> Result<Principal, Problem> {
    if let Some(ByOperator(who)) = parts.extensions.get() {
        return Ok(who.clone());
    }
    if parts.headers.contains_key(signed::KEY) {
        let who = signed::principal(parts, app).await?;
        app.limited.signed(&app.cache, &who, parts.extensions.get()).await?;
        return Ok(who);
    }
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
    Ok(Principal {
        user: live.user,
        name: live.name,
        role: live.role,
        session: Some(session),
        ip: peer(parts),
        request: request_id(parts),
    })
}

pub(super) fn peer(parts: &Parts) -> IpAddr {
    parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip())
}

pub(super) fn request_id(parts: &Parts) -> Arc<str> {
    parts.extensions.get::<RequestId>().map_or_else(|| Arc::from(""), |id| Arc::clone(&id.0))
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
        least(principal(parts, app).await?, Role::Admin).map(Self)
    }
}

/// Anybody: who it is, if the request says so. A wrong token is an error, no token is not.
#[derive(Clone, Debug)]
pub(crate) struct Anybody(pub(crate) Option<Principal>);

impl FromRequestParts<Arc<App>> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let says = parts.headers.contains_key(AUTHORIZATION) || parts.headers.contains_key(signed::KEY);
        if says { principal(parts, app).await.map(|who| Self(Some(who))) } else { Ok(Self(None)) }
    }
}

/// Where a request comes from and what sent it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) ip: IpAddr,
    pub(crate) agent: String,
    pub(crate) request: Arc<str>,
}

impl Client {
    /// What the audit log is told of something that somebody tried who has not proved yet who they are, or who just did.
    pub(crate) fn note(&self, action: &str, user: Option<&store::users::User>, object: &str) -> audit::Note {
        audit::Note {
            user_id: user.map(|user| user.id),
            actor: user.map_or_else(|| "somebody".to_owned(), |user| user.username.clone()),
            action: action.to_owned(),
            object: object.to_owned(),
            detail: "{}".to_owned(),
            ip: self.ip.to_string(),
            request_id: self.request.to_string(),
        }
    }
}

/// Longest name of a program that is kept.
const AGENT_LEN_MAX: usize = 200;

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let agent = parts.headers.get(axum::http::header::USER_AGENT).and_then(|value| value.to_str().ok());
        let agent = agent.unwrap_or_default().chars().take(AGENT_LEN_MAX).collect();
        Ok(Self { ip: peer(parts), agent, request: request_id(parts) })
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
        StoreError::Away { retry_s, .. } => {
            let detail = "the database does not answer: what is only there cannot be read; markets and the stream go on";
            let mut problem = Problem::unavailable(Problem::DATABASE_AWAY, detail);
            problem.retry_after_s = Some(*retry_s);
            problem
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
