//! Keys for programs. How a request is signed with one stands in `auth/signed.rs` and in the API's description.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::keys::{self, ApiKey};
use store::{StoreError, Ts, UserId, audit};
use utoipa::ToSchema;

use super::accounts::name_of;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Principal, Viewer, from_store};
use crate::auth::signed::{Network, PURPOSE};
use crate::auth::{Vault, opaque_token};
use crate::wire::{Json, Moment};

/// Most keys of one user that can be used at the same time.
const KEYS_MAX: usize = 50;
/// Most entries of an address list.
const NETWORKS_MAX: usize = 50;
/// Longest life of a key in days.
const DAYS_MAX: u32 = 3_650;

/// A key for programs.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct KeyBody {
    /// Its id, for the header `x-api-key`.
    id: String,
    /// What its owner calls it.
    label: String,
    /// `read`, or `read` and `trade`.
    scopes: Vec<String>,
    /// Addresses and networks it may be used from; empty for all.
    ip_list: Vec<String>,
    /// When it was made.
    created_at: Moment,
    /// When it was last used, to the minute.
    last_used_at: Option<Moment>,
    /// When it ends by itself.
    expires_at: Option<Moment>,
    /// When it was revoked.
    revoked_at: Option<Moment>,
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

impl KeyBody {
    fn of(key: &ApiKey) -> Self {
        Self {
            id: key.id.clone(),
            label: key.label.clone(),
            scopes: words(&key.scopes),
            ip_list: words(&key.ip_list),
            created_at: Moment(key.created_at.time()),
            last_used_at: key.last_used_at.map(|at| Moment(at.time())),
            expires_at: key.expires_at.map(|at| Moment(at.time())),
            revoked_at: key.revoked_at.map(|at| Moment(at.time())),
        }
    }
}

/// A new key with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = NewApiKey)]
pub(crate) struct MadeBody {
    /// The key.
    #[serde(flatten)]
    key: KeyBody,
    /// Its secret: the key of the HMAC, as this text.
    secret: String,
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ApiKeyRequest)]
pub struct KeyRequest {
    /// What to call it, 1 to 40 characters.
    pub label: String,
    /// What it may do: `read`, `trade` (which includes `read`). Never more than its owner.
    pub scopes: Vec<String>,
    /// Addresses and networks it may be used from, like `192.0.2.7` or `10.0.0.0/8`; all when absent.
    #[serde(default)]
    pub ip_list: Vec<String>,
    /// Days after which it ends by itself, 1 to 3,650; never when absent.
    #[schema(minimum = 1, maximum = 3650)]
    pub expires_in_days: Option<u32>,
}

/// Keys are made and revoked by people: a stolen key must not make others.
pub(super) fn by_login(who: &Principal) -> Result<(), Problem> {
    if who.session.is_some() {
        return Ok(());
    }
    Err(Problem::forbidden("this needs a login; an API key cannot do it"))
}

/// One's own keys, newest first.
#[utoipa::path(get, path = "/api/keys", tag = "keys", operation_id = "listApiKeys",
    responses((status = 200, body = Vec<KeyBody>), (status = 401, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
) -> Result<Json<Vec<KeyBody>>, Problem> {
    let found = keys::api_keys(&mut app.store.read(), who.owner()).await.map_err(|e| from_store(&e))?;
    Ok(Json(found.iter().map(KeyBody::of).collect()))
}

/// Makes a key. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/keys", tag = "keys", operation_id = "createApiKey", request_body = KeyRequest,
    responses((status = 201, body = MadeBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Json(request): Json<KeyRequest>,
) -> Result<(StatusCode, Json<MadeBody>), Problem> {
    by_login(&who)?;
    let now = Ts::now();
    let known = keys::api_keys(&mut app.store.read(), who.owner()).await.map_err(|e| from_store(&e))?;
    if known.iter().filter(|key| key.is_live(now)).count() >= KEYS_MAX {
        return Err(Problem::refused("too_many_keys", format!("a user has at most {KEYS_MAX} live keys")));
    }
    let (key, secret) = new_api_key(&app.vault, who.user, &request, now)?;
    let detail = serde_json::json!({ "label": key.label, "scopes": key.scopes, "ip_list": key.ip_list });
    let (note, row) = (who.note("api_key.create", &key.id, &detail), key.clone());
    let added = app.store.write(move |tx| {
        Box::pin(async move {
            keys::add_api_key(tx, &row).await?;
            audit::append(tx, note, now).await
        })
    });
    added.await.map_err(|e: StoreError| from_store(&e))?;
    Ok((StatusCode::CREATED, Json(MadeBody { key: KeyBody::of(&key), secret })))
}

/// A new key and its secret, which is nowhere else.
///
/// # Errors
/// 422 with what is wrong about the request.
pub fn new_api_key(
    vault: &Vault,
    user: UserId,
    request: &KeyRequest,
    now: Ts,
) -> Result<(ApiKey, String), Problem> {
    let (id, secret) = (opaque_token("twk"), opaque_token("tws"));
    // An id is shown and logged: a third of a secret's length is unique enough.
    let id = id.chars().take(20).collect::<String>();
    let key = ApiKey {
        secret_sealed: vault.seal(PURPOSE, &id, secret.as_bytes()),
        id,
        user_id: user,
        label: name_of(&request.label)?,
        scopes: scopes(&request.scopes)?,
        ip_list: networks(&request.ip_list)?,
        created_at: now,
        last_used_at: None,
        expires_at: request.expires_in_days.map(|days| expiry(now, days)).transpose()?,
        revoked_at: None,
    };
    Ok((key, secret))
}

fn expiry(now: Ts, days: u32) -> Result<Ts, Problem> {
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Problem::refused("expires_in_days", format!("a key lives 1 to {DAYS_MAX} days")));
    }
    Ok(now.plus_seconds(i64::from(days) * 86_400))
}

fn scopes(wanted: &[String]) -> Result<String, Problem> {
    if wanted.is_empty() || wanted.iter().any(|scope| scope != "read" && scope != "trade") {
        return Err(Problem::refused("scopes", "scopes are read and trade; give at least one"));
    }
    let trades = wanted.iter().any(|scope| scope == "trade");
    Ok(if trades { "read trade" } else { "read" }.to_owned())
}

fn networks(wanted: &[String]) -> Result<String, Problem> {
    if wanted.len() > NETWORKS_MAX {
        return Err(Problem::refused("ip_list", format!("at most {NETWORKS_MAX} addresses and networks")));
    }
    if let Some(wrong) = wanted.iter().find(|text| Network::parse(text).is_none()) {
        let detail = format!("{wrong:?} is neither an address nor a network like 10.0.0.0/8");
        return Err(Problem::refused("ip_list", detail));
    }
    Ok(wanted.join(" "))
}

/// Revokes a key; nothing is done with it from now on. Twice changes nothing.
#[utoipa::path(delete, path = "/api/keys/{key_id}", tag = "keys", operation_id = "revokeApiKey",
    params(("key_id" = String, Path, description = "the key's id")),
    responses((status = 204, description = "revoked"), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    by_login(&who)?;
    let (owner, note) = (who.owner(), who.note("api_key.revoke", &id, &serde_json::json!({})));
    let revoked = app.store.write(move |tx| {
        Box::pin(async move {
            let now = Ts::now();
            keys::revoke_api_key(tx, owner, &id, now).await?;
            audit::append(tx, note, now).await
        })
    });
    revoked.await.map_err(|e: StoreError| from_store(&e))?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_and_networks_are_checked() {
        let of = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        assert_eq!(scopes(&of(&["trade"])).unwrap(), "read trade");
        assert_eq!(scopes(&of(&["read", "read"])).unwrap(), "read");
        assert!(scopes(&[]).is_err() && scopes(&of(&["admin"])).is_err());
        assert_eq!(networks(&of(&["10.0.0.0/8", "::1"])).unwrap(), "10.0.0.0/8 ::1");
        assert!(networks(&of(&["10.0.0.0/8 ::1"])).is_err() && networks(&of(&["x"])).is_err());
        assert!(expiry(Ts(0), 0).is_err() && expiry(Ts(0), 1) == Ok(Ts(86_400_000_000)));
    }
}
