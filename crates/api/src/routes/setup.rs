//! The first start: the one-time code from the terminal makes the first administrator.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use store::users::{NewUser, Role};
use store::{StoreError, Ts, audit, users};
use utoipa::ToSchema;

use super::session::begin;
use crate::Problem;
use crate::app::App;
use crate::auth::check_strength;
use crate::auth::principal::{Client, from_store};
use crate::wire::Json;

/// Whether there is anything to set up.
#[derive(Serialize, ToSchema)]
pub(crate) struct Setup {
    /// True until the first administrator exists.
    needed: bool,
}

/// Whether the first administrator is still to be made.
#[utoipa::path(get, path = "/api/setup", tag = "session", operation_id = "getSetup", security(()),
    responses((status = 200, body = Setup)))]
pub(crate) async fn needed(State(app): State<Arc<App>>) -> Json<Setup> {
    Json(Setup { needed: app.setup.is_open() })
}

/// The first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstAdmin {
    /// The code that the terminal shows.
    code: String,
    /// The name to log in with: letters, digits and . _ -, 3 to 40.
    username: String,
    /// An e-mail address, if wanted.
    email: Option<String>,
    /// At least 12 characters, not a common one.
    password: String,
}

/// Makes the first administrator and logs in.
#[utoipa::path(post, path = "/api/setup", tag = "session", operation_id = "setUp", security(()), request_body = FirstAdmin,
    responses((status = 200, description = "as after a login"), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn set_up(
    State(app): State<Arc<App>>,
    client: Client,
    Json(first): Json<FirstAdmin>,
) -> Result<Response, Problem> {
    let new = checked(&first.username, first.email.as_deref(), &first.password)?;
    let claim = app.setup.claim(&first.code).ok_or_else(|| {
        Problem::new(
            StatusCode::FORBIDDEN,
            "setup_code",
            "this is not the code that the terminal shows, or setup is done",
        )
    })?;
    let note = client.note("user.create", None, &new.username);
    let user = add(&app, new, first.password, Role::Admin, note).await?;
    claim.done();
    begin(&app, user, &client).await.map(|response| response.into_response())
}

/// A user's name and address, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Lower case.
    pub username: String,
    /// Lower case.
    pub email: Option<String>,
}

/// Checks what a new user is to have.
pub(crate) fn checked(username: &str, email: Option<&str>, password: &str) -> Result<Names, Problem> {
    let names = checked_names(username, email).map_err(|why| Problem::refused("names", why))?;
    if let Some(why) =
        check_strength(password, &[&names.username, names.email.as_deref().unwrap_or_default()])
    {
        return Err(Problem::refused("password", why));
    }
    Ok(names)
}

/// Checks a user's name and address and puts them into the form that is stored.
///
/// # Errors
/// What is wrong with them.
pub fn checked_names(username: &str, email: Option<&str>) -> Result<Names, &'static str> {
    let username = username.trim().to_lowercase();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !(3..=40).contains(&username.len()) || !username.chars().all(allowed) {
        return Err("a name has 3 to 40 letters, digits or . _ -");
    }
    let email = email.map(|email| email.trim().to_lowercase()).filter(|email| !email.is_empty());
    if let Some(email) = &email {
        let sound = email.len() <= 254
            && email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
            && !email.contains(char::is_whitespace);
        if !sound {
            return Err("this is not an e-mail address");
        }
    }
    Ok(Names { username, email })
}

/// Adds a user.
pub(crate) async fn add(
    app: &App,
    names: Names,
    password: String,
    role: Role,
    note: audit::Note,
) -> Result<store::users::User, Problem> {
    let hash = app.passwords.hash(password).await.map_err(|e| Problem::unavailable("busy", e.to_string()))?;
    let new = NewUser { username: names.username, email: names.email, password_hash: hash, role };
    let added = app.store.write(move |tx| {
        Box::pin(async move {
            let now = Ts::now();
            audit::append(tx, note, now).await?;
            users::insert(tx, &new, now).await
        })
    });
    added.await.map_err(|e: StoreError| from_store(&e))
}
