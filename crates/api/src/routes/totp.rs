//! Enrolling and removing the second factor.
//!
//! Until the first right code the secret is not stored: it travels, sealed for this user, with the enrolment and comes back
//! with the code. So an enrolment that is not finished locks nobody out, and works on any instance.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use store::{StoreError, Ts, users};
use utoipa::ToSchema;

use super::keys::by_login;
use super::session::{TOTP_PURPOSE, second_factor};
use crate::Problem;
use crate::app::{App, now};
use crate::auth::principal::{Viewer, from_store};
use crate::auth::{SecondFactor, TotpKey};
use crate::wire::Json;

/// Purpose of the seal of an enrolment.
const PENDING: &str = "totp_pending";

/// A second factor that waits for its first code.
#[derive(Serialize, ToSchema)]
pub(crate) struct Enrolment {
    /// For an authenticator program: `otpauth://totp/…`.
    url: String,
    /// Send this back with the first code.
    pending: String,
}

/// Begins to enrol a second factor.
#[utoipa::path(post, path = "/api/auth/totp/enrol", tag = "session", operation_id = "enrolTotp",
    responses((status = 200, body = Enrolment), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn enrol(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
) -> Result<Json<Enrolment>, Problem> {
    by_login(&who)?;
    let user = users::by_id(&mut app.store.read(), who.user).await.map_err(|e| from_store(&e))?;
    if user.totp_sealed.is_some() {
        return Err(Problem::conflict("totp_exists", "there is a second factor already; remove it first"));
    }
    let (key, secret) =
        TotpKey::generate(&user.username).ok_or_else(|| Problem::internal(&"no second factor"))?;
    let sealed = app.vault.seal(PENDING, &user.id.to_string(), &secret);
    Ok(Json(Enrolment { url: key.url(), pending: URL_SAFE_NO_PAD.encode(sealed) }))
}

/// The first code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstCode {
    /// What the enrolment gave.
    pending: String,
    /// The six digits.
    code: String,
}

/// Finishes the enrolment with the first right code.
#[utoipa::path(post, path = "/api/auth/totp/verify", tag = "session", operation_id = "verifyTotp", request_body = FirstCode,
    responses((status = 204, description = "from now on logins need a code"), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Json(first): Json<FirstCode>,
) -> Result<StatusCode, Problem> {
    by_login(&who)?;
    let foreign = || Problem::invalid("`pending` is not from an enrolment of yours; begin again");
    let user = users::by_id(&mut app.store.read(), who.user).await.map_err(|e| from_store(&e))?;
    let sealed = URL_SAFE_NO_PAD.decode(&first.pending).map_err(|_| foreign())?;
    let secret = app.vault.open(PENDING, &user.id.to_string(), &sealed).map_err(|_| foreign())?;
    let key = TotpKey::from_bytes(&secret, &user.username).ok_or_else(foreign)?;
    let seconds = u64::try_from(now().millis() / 1_000).unwrap_or(0);
    let SecondFactor::Accepted { step } = key.check(first.code.trim(), seconds, None) else {
        return Err(Problem::refused(
            "totp_wrong",
            "the code does not fit; is the clock of the device right?",
        ));
    };
    let stored = app.vault.seal(TOTP_PURPOSE, &user.id.to_string(), &secret);
    let (id, step) = (user.id, i64::try_from(step).unwrap_or(i64::MAX));
    let done = app.store.write(move |tx| {
        Box::pin(async move {
            users::set_totp(tx, id, Some(stored), Ts::now()).await?;
            users::use_totp_step(tx, id, step).await
        })
    });
    done.await.map_err(|e: StoreError| from_store(&e))?;
    app.audit(who.note("totp.enrol", who.user, &serde_json::json!({}))).await;
    Ok(StatusCode::NO_CONTENT)
}

/// What proves that it is really the owner who removes the second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    /// A code of the second factor.
    code: String,
}

/// Removes the second factor; needs one more code of it.
#[utoipa::path(post, path = "/api/auth/totp/remove", tag = "session", operation_id = "removeTotp", request_body = Proof,
    responses((status = 204, description = "removed"), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Json(proof): Json<Proof>,
) -> Result<StatusCode, Problem> {
    by_login(&who)?;
    let user = users::by_id(&mut app.store.read(), who.user).await.map_err(|e| from_store(&e))?;
    second_factor(&app, &user, Some(&proof.code)).await?;
    let removed = app.store.write(move |tx| Box::pin(users::set_totp(tx, who.user, None, Ts::now())));
    removed.await.map_err(|e: StoreError| from_store(&e))?;
    app.audit(who.note("totp.remove", who.user, &serde_json::json!({}))).await;
    Ok(StatusCode::NO_CONTENT)
}
