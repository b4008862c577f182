//! People: what an administrator may do with them, and what they may do with themselves.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::sessions::Session;
use store::users::Role;
use store::{Owner, SessionId, StoreError, Ts, UserId, audit, sessions, users};
use utoipa::{IntoParams, ToSchema};

use super::keys::by_login;
use super::session::UserBody;
use super::setup::{add, checked};
use crate::Problem;
use crate::app::App;
use crate::auth::check_strength;
use crate::auth::principal::{Admin, Viewer, from_store};
use crate::wire::{Json, Moment, Query, id_of};

/// A page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// The last name of the page before.
    after: Option<String>,
    /// 1 to 1,000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// All users, by name.
#[utoipa::path(get, path = "/api/users", tag = "users", operation_id = "listUsers", params(Page),
    responses((status = 200, body = Vec<UserBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _admin: Admin,
    Query(page): Query<Page>,
) -> Result<Json<Vec<UserBody>>, Problem> {
    let limit = page.limit.unwrap_or(100);
    if !(1..=1_000).contains(&limit) {
        return Err(Problem::invalid("limit is 1 to 1000"));
    }
    let after = page.after.unwrap_or_default();
    let found = users::page_of_all(&mut app.store.read(), &after, limit).await.map_err(|e| from_store(&e))?;
    Ok(Json(found.iter().map(UserBody::of).collect()))
}

/// A new user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    /// The name to log in with.
    username: String,
    /// An e-mail address, if wanted.
    email: Option<String>,
    /// The first password.
    password: String,
    /// `viewer`, `trader` or `admin`.
    #[schema(value_type = String)]
    role: Role,
}

/// Adds a user.
#[utoipa::path(post, path = "/api/users", tag = "users", operation_id = "addUser", request_body = NewPerson,
    responses((status = 201, body = UserBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Admin(who): Admin,
    Json(new): Json<NewPerson>,
) -> Result<(StatusCode, Json<UserBody>), Problem> {
    let names = checked(&new.username, new.email.as_deref(), &new.password)?;
    let note = who.note("user.create", &names.username, &serde_json::json!({ "role": new.role.word() }));
    let user = add(&app, names, new.password, new.role, note).await?;
    Ok((StatusCode::CREATED, Json(UserBody::of(&user))))
}

/// What changes of a user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonChange {
    /// The new role.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// Whether the user may log in.
    active: Option<bool>,
    /// A new password, to be told to the user; ends all logins.
    password: Option<String>,
    /// `true` removes a lost second factor.
    remove_totp: Option<bool>,
}

/// Changes a user. Ends the user's logins where that is needed; the last administrator stays one.
#[utoipa::path(patch, path = "/api/users/{user_id}", tag = "users", operation_id = "changeUser",
    params(("user_id" = String, Path, description = "the user's id")), request_body = PersonChange,
    responses((status = 200, body = UserBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    Admin(who): Admin,
    Path(id): Path<String>,
    Json(change): Json<PersonChange>,
) -> Result<Json<UserBody>, Problem> {
    let id: UserId = id_of(&id, "user")?;
    let user = users::by_id(&mut app.store.read(), id).await.map_err(|e| from_store(&e))?;
    let hash = match change.password {
        Some(password) => {
            if let Some(why) = check_strength(&password, &[&user.username]) {
                return Err(Problem::refused("password", why));
            }
            Some(
                app.passwords
                    .hash(password)
                    .await
                    .map_err(|e| Problem::unavailable("busy", e.to_string()))?,
            )
        }
        None => None,
    };
    let (role, active) = (change.role.unwrap_or(user.role), change.active.unwrap_or(user.active));
    let remove_totp = change.remove_totp == Some(true);
    let demoted = user.role == Role::Admin && user.active && (role != Role::Admin || !active);
    let detail = serde_json::json!({
        "username": user.username, "role": role.word(), "active": active, "password": hash.is_some(),
        "totp_removed": remove_totp,
    });
    let note = who.note("user.change", id, &detail);
    let changed = app.store.write(move |tx| {
        Box::pin(async move {
            if demoted && users::count_admins(tx).await? <= 1 {
                return Err(StoreError::Stale("this is the last administrator; make another one first"));
            }
            let now = Ts::now();
            audit::append(tx, note, now).await?;
            users::set_role(tx, id, role, active, now).await?;
            if let Some(hash) = &hash {
                users::set_password(tx, id, hash, now).await?;
            }
            if remove_totp {
                users::set_totp(tx, id, None, now).await?;
            }
            if !active || hash.is_some() {
                sessions::revoke_all(tx, Owner::of(id), None, "changed by an administrator", now).await?;
            }
            users::by_id(tx, id).await
        })
    });
    let user = changed.await.map_err(|e: StoreError| from_store(&e))?;
    app.sessions.forget_all();
    Ok(Json(UserBody::of(&user)))
}

/// A new password of one's own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// The present one.
    current: String,
    /// The next one.
    new: String,
}

/// Changes one's own password; all other logins end.
#[utoipa::path(post, path = "/api/me/password", tag = "session", operation_id = "changePassword", request_body = PasswordChange,
    responses((status = 204, description = "changed"), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Json(change): Json<PasswordChange>,
) -> Result<StatusCode, Problem> {
    by_login(&who)?;
    let user = users::by_id(&mut app.store.read(), who.user).await.map_err(|e| from_store(&e))?;
    let busy = |e: crate::auth::PasswordError| Problem::unavailable("busy", e.to_string());
    if !app.passwords.fits(change.current, Some(user.password_hash)).await.map_err(busy)? {
        return Err(Problem::refused("password", "the present password is wrong"));
    }
    if let Some(why) = check_strength(&change.new, &[&user.username]) {
        return Err(Problem::refused("password", why));
    }
    let hash = app.passwords.hash(change.new).await.map_err(busy)?;
    let done = app.store.write(move |tx| {
        Box::pin(async move {
            let now = Ts::now();
            users::set_password(tx, who.user, &hash, now).await?;
            audit::append(tx, who.note("password.change", who.user, &serde_json::json!({})), now).await?;
            sessions::revoke_all(tx, who.owner(), who.session, "the password was changed", now).await
        })
    });
    for ended in done.await.map_err(|e: StoreError| from_store(&e))? {
        app.sessions.forget(ended);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A login.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionBody {
    /// Its id.
    id: String,
    /// True for the one that asks.
    current: bool,
    /// The address it was made from.
    ip: String,
    /// What the program called itself.
    user_agent: String,
    /// When it was made.
    created_at: Moment,
    /// The last refresh.
    last_used_at: Moment,
}

impl SessionBody {
    fn of(session: &Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id.to_string(),
            current: Some(session.id) == current,
            ip: session.ip.clone(),
            user_agent: session.user_agent.clone(),
            created_at: Moment(session.created_at.time()),
            last_used_at: Moment(session.last_used_at.time()),
        }
    }
}

/// One's own logins that still hold.
#[utoipa::path(get, path = "/api/sessions", tag = "session", operation_id = "listSessions",
    responses((status = 200, body = Vec<SessionBody>), (status = 401, body = Problem)))]
pub(crate) async fn list_sessions(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
) -> Result<Json<Vec<SessionBody>>, Problem> {
    let live =
        sessions::live(&mut app.store.read(), who.owner(), Ts::now()).await.map_err(|e| from_store(&e))?;
    Ok(Json(live.iter().map(|session| SessionBody::of(session, who.session)).collect()))
}

/// Ends one of one's own logins.
#[utoipa::path(delete, path = "/api/sessions/{session_id}", tag = "session", operation_id = "endSession",
    params(("session_id" = String, Path, description = "the login's id")),
    responses((status = 204, description = "ended"), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn end_session(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    by_login(&who)?;
    let id: SessionId = id_of(&id, "session")?;
    let (owner, note) = (who.owner(), who.note("session.end", id, &serde_json::json!({})));
    let revoked = app.store.write(move |tx| {
        Box::pin(async move {
            let now = Ts::now();
            sessions::revoke(tx, owner, id, "ended by its owner", now).await?;
            audit::append(tx, note, now).await
        })
    });
    revoked.await.map_err(|e: StoreError| from_store(&e))?;
    app.sessions.forget(id);
    Ok(StatusCode::NO_CONTENT)
}
