//! Logging in, going on, logging out.
//!
//! A login gives an access token (five minutes, kept in memory by the client) and a refresh token in a cookie that scripts
//! cannot read. Each refresh token is good once; one that comes twice ends the login.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use store::sessions::{Origin, Rotation};
use store::users::{Role, User};
use store::{Owner, SessionId, StoreError, Ts, audit, sessions, users};
use utoipa::ToSchema;

use crate::Problem;
use crate::app::{App, now};
use crate::auth::principal::{Client, Viewer, from_store};
use crate::auth::{LIFE_S, SecondFactor, TotpKey, Verdict, opaque_token, secret_hash};
use crate::wire::{Json, Moment};

/// How long a login lasts without being used, seconds.
const LOGIN_LIFE_S: i64 = 24 * 3_600;
/// The cookie with the refresh token. The prefix makes browsers insist on Secure, Path=/ and this very host.
const COOKIE_NAME: &str = "__Host-tradewind_refresh";
/// Purpose of a sealed second factor.
pub(crate) const TOTP_PURPOSE: &str = "totp";

/// Who wants in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// The user's name …
    username: Option<String>,
    /// … or the e-mail address.
    email: Option<String>,
    /// The password.
    password: String,
    /// The second factor's six digits, where there is one.
    totp: Option<String>,
}

/// A user as everybody may know themselves.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserBody {
    /// Its id.
    id: String,
    /// Its name.
    username: String,
    /// Its e-mail address.
    email: Option<String>,
    /// `viewer`, `trader` or `admin`.
    #[schema(value_type = String)]
    role: Role,
    /// Whether it may log in.
    active: bool,
    /// Whether there is a second factor.
    totp: bool,
    /// The last login.
    last_login: Option<Moment>,
    /// Since when it exists.
    created_at: Moment,
}

impl UserBody {
    pub(crate) fn of(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.clone(),
            email: user.email.clone(),
            role: user.role,
            active: user.active,
            totp: user.totp_sealed.is_some(),
            last_login: user.last_login.map(|at| Moment(at.time())),
            created_at: Moment(user.created_at.time()),
        }
    }
}

/// A login that holds.
#[derive(Serialize, ToSchema)]
pub(crate) struct Granted {
    /// The access token, for `Authorization: Bearer`.
    token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until it ends.
    expires_in: i64,
    /// Who.
    user: UserBody,
}

/// Logs in. The answer also sets the refresh cookie.
#[utoipa::path(post, path = "/api/auth/login", tag = "session", operation_id = "login", security(()), request_body = Login,
    responses((status = 200, body = Granted), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    client: Client,
    Json(login): Json<Login>,
) -> Result<Response, Problem> {
    let name = login.username.as_deref().or(login.email.as_deref());
    let name = name.ok_or_else(|| Problem::invalid("give `username` or `email`"))?.trim().to_lowercase();
    if name.len() > 320 || login.password.len() > 1_024 {
        return Err(Problem::invalid("the name or the password is too long"));
    }
    let now_ms = now().millis();
    if let Verdict::Wait { seconds } = app.throttle.ask(&name, client.ip, now_ms) {
        return Err(Problem::slow_down(
            "too_many_logins",
            "too many tries; wait before the next one",
            seconds,
        ));
    }
    let user = users::for_login(&mut app.store.read(), &name).await.map_err(|e| from_store(&e))?;
    let stored = user.as_ref().map(|user| user.password_hash.clone());
    let fits = app.passwords.fits(login.password, stored).await.map_err(|why| match why {
        crate::auth::PasswordError::Busy => Problem::slow_down("busy", why.to_string(), 1),
        crate::auth::PasswordError::Failed => Problem::internal(&why),
    })?;
    let Some(user) = user.as_ref().filter(|_| fits).cloned() else {
        app.throttle.failed(&name, client.ip, now_ms);
        app.audit(client.note("login.failed", user.as_ref(), "password")).await;
        return Err(Problem::unauthorized("the name or the password is wrong"));
    };
    if let Err(problem) = second_factor(&app, &user, login.totp.as_deref()).await {
        if problem.code == "totp_wrong" {
            app.throttle.failed(&name, client.ip, now_ms);
            app.audit(client.note("login.failed", Some(&user), "second factor")).await;
        }
        return Err(problem);
    }
    app.throttle.succeeded(&name, client.ip, now_ms);
    begin(&app, user, &client).await
}

/// The same at the address that older clients use.
#[utoipa::path(post, path = "/auth/login", tag = "session", operation_id = "loginAtOldPath", security(()), request_body = Login,
    responses((status = 200, body = Granted), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn login_at_old_path(
    state: State<Arc<App>>,
    client: Client,
    login: Json<Login>,
) -> Result<Response, Problem> {
    self::login(state, client, login).await
}

/// Checks the second factor of a user who has one, and uses the code up.
pub(crate) async fn second_factor(app: &App, user: &User, code: Option<&str>) -> Result<(), Problem> {
    let Some(sealed) = &user.totp_sealed else { return Ok(()) };
    let Some(code) = code else {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "totp_required",
            "the second factor's code is needed too",
        ));
    };
    let wrong = || {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "totp_wrong",
            "the second factor's code is wrong or was used before",
        )
    };
    let secret =
        app.vault.open(TOTP_PURPOSE, &user.id.to_string(), sealed).map_err(|e| Problem::internal(&e))?;
    let key = TotpKey::from_bytes(&secret, &user.username).ok_or_else(wrong)?;
    let seconds = u64::try_from(now().millis() / 1_000).unwrap_or(0);
    let last = user.totp_last_step.and_then(|step| u64::try_from(step).ok());
    let SecondFactor::Accepted { step } = key.check(code.trim(), seconds, last) else { return Err(wrong()) };
    let (id, step) = (user.id, i64::try_from(step).unwrap_or(i64::MAX));
    let used = app.store.write(move |tx| Box::pin(users::use_totp_step(tx, id, step))).await;
    used.map_err(|error| if matches!(error, StoreError::Stale(_)) { wrong() } else { from_store(&error) })
}

/// Begins a login for a user who proved who they are.
pub(crate) async fn begin(app: &App, user: User, client: &Client) -> Result<Response, Problem> {
    let refresh = opaque_token("twr");
    let hash = secret_hash(&refresh);
    let origin = Origin { ip: client.ip.to_string(), user_agent: client.agent.clone() };
    let id = user.id;
    let note = client.note("login", Some(&user), "");
    let session = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                let now = Ts::now();
                users::login_succeeded(tx, id, now).await?;
                audit::append(tx, note, now).await?;
                sessions::begin(tx, Owner::of(id), &hash, &origin, now, now.plus_seconds(LOGIN_LIFE_S)).await
            })
        })
        .await
        .map_err(|e: StoreError| from_store(&e))?;
    Ok(granted(app, &user, session.id, &refresh))
}

fn granted(app: &App, user: &User, session: SessionId, refresh: &str) -> Response {
    let token = app.tokens.make(&user.id.to_string(), &session.to_string(), now().millis() / 1_000);
    let body = Granted { token, token_type: "Bearer", expires_in: LIFE_S, user: UserBody::of(user) };
    let mut response = Json(body).into_response();
    set_cookie(&mut response, refresh, LOGIN_LIFE_S);
    response
}

fn set_cookie(response: &mut Response, value: &str, life_s: i64) {
    let cookie =
        format!("{COOKIE_NAME}={value}; Path=/; Max-Age={life_s}; HttpOnly; Secure; SameSite=Strict");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
}

/// Goes on with the login of the refresh cookie: a new access token and the next refresh token.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "session", operation_id = "refreshLogin", security(()),
    responses((status = 200, body = Granted), (status = 401, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn refresh(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    let ended = || Problem::unauthorized("there is no login to go on with; log in");
    let old = secret_hash(cookie(&headers).ok_or_else(ended)?);
    let next = opaque_token("twr");
    let next_hash = secret_hash(&next);
    let rotated = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                let now = Ts::now();
                sessions::rotate(tx, &old, &next_hash, now, now.plus_seconds(LOGIN_LIFE_S)).await
            })
        })
        .await
        .map_err(|e: StoreError| from_store(&e))?;
    match rotated {
        Rotation::Rotated(session) => {
            let user =
                users::by_id(&mut app.store.read(), session.user_id).await.map_err(|e| from_store(&e))?;
            if !user.active {
                return Err(ended());
            }
            Ok(granted(&app, &user, session.id, &next))
        }
        Rotation::Reused(session) => {
            app.sessions.forget(session.id);
            tracing::warn!(session = %session.id, "a refresh token came twice; the login is ended");
            Err(ended())
        }
        Rotation::Refused => Err(ended()),
    }
}

/// Ends this login; its tokens are good for nothing from now on.
#[utoipa::path(post, path = "/api/auth/logout", tag = "session", operation_id = "logout",
    responses((status = 204, description = "ended"), (status = 401, body = Problem)))]
pub(crate) async fn logout(State(app): State<Arc<App>>, Viewer(who): Viewer) -> Result<Response, Problem> {
    if let Some(session) = who.session {
        let (owner, note) = (who.owner(), who.note("logout", session, &serde_json::json!({})));
        let revoked = app.store.write(move |tx| {
            Box::pin(async move {
                let now = Ts::now();
                audit::append(tx, note, now).await?;
                sessions::revoke(tx, owner, session, "logout", now).await
            })
        });
        revoked.await.map_err(|e: StoreError| from_store(&e))?;
        app.sessions.forget(session);
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, "", 0);
    Ok(response)
}

/// Who one is.
#[utoipa::path(get, path = "/api/me", tag = "session", operation_id = "getMe",
    responses((status = 200, body = UserBody), (status = 401, body = Problem)))]
pub(crate) async fn me(State(app): State<Arc<App>>, Viewer(who): Viewer) -> Result<Json<UserBody>, Problem> {
    let user = users::by_id(&mut app.store.read(), who.user).await.map_err(|e| from_store(&e))?;
    Ok(Json(UserBody::of(&user)))
}
