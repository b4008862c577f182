//! One's own keys of other exchanges.
//!
//! Key and secret are sealed together under a key that is not in the database, bound to owner, exchange, id and version: a row
//! that is copied to another owner does not open. They are never given out again; what is shown are the last four characters.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::keys::{self, VenueKey};
use store::{StoreError, Ts, VenueKeyId, audit, users};
use utoipa::ToSchema;

use super::accounts::name_of;
use super::keys::by_login;
use super::session::second_factor;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Trader, Viewer, from_store};
use crate::wire::{Json, Moment, id_of};

/// Exchanges whose keys are taken.
const VENUES: [&str; 2] = ["binance", "upbit"];
/// Purpose of the seal.
const PURPOSE: &str = "venue_key";
/// Longest key and longest secret in bytes: a PEM private key is the longest.
const LEN_MAX: usize = 4_096;
/// Most keys of one user.
const KEYS_MAX: usize = 50;

/// A key of another exchange.
#[derive(Serialize, ToSchema)]
#[schema(as = VenueKey)]
pub(crate) struct VenueKeyBody {
    /// Its id.
    id: String,
    /// The exchange.
    venue: String,
    /// What its owner calls it.
    label: String,
    /// The last four characters of its public part.
    tail: String,
    /// When it was added.
    created_at: Moment,
    /// When it was last used.
    last_used_at: Option<Moment>,
}

impl VenueKeyBody {
    fn of(key: &VenueKey) -> Self {
        Self {
            id: key.id.to_string(),
            venue: key.venue.clone(),
            label: key.label.clone(),
            tail: key.tail.clone(),
            created_at: Moment(key.created_at.time()),
            last_used_at: key.last_used_at.map(|at| Moment(at.time())),
        }
    }
}

/// A key to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VenueKeyRequest)]
pub(crate) struct KeyRequest {
    /// `binance` or `upbit`.
    venue: String,
    /// What to call it, 1 to 40 characters.
    label: String,
    /// The exchange's public part.
    key: String,
    /// The exchange's secret part.
    secret: String,
    /// A code of the second factor, for users who have one.
    totp: Option<String>,
}

/// What is authenticated with a seal.
fn owner_text(user: store::UserId, venue: &str, id: VenueKeyId, version: i64) -> String {
    format!("{user}:{venue}:{id}:{version}")
}

/// One's own keys of other exchanges.
#[utoipa::path(get, path = "/api/venue-keys", tag = "keys", operation_id = "listVenueKeys",
    responses((status = 200, body = Vec<VenueKeyBody>), (status = 401, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
) -> Result<Json<Vec<VenueKeyBody>>, Problem> {
    let found = keys::venue_keys(&mut app.store.read(), who.owner()).await.map_err(|e| from_store(&e))?;
    Ok(Json(found.iter().map(VenueKeyBody::of).collect()))
}

/// Keeps a key of another exchange, sealed.
#[utoipa::path(post, path = "/api/venue-keys", tag = "keys", operation_id = "addVenueKey", request_body = KeyRequest,
    responses((status = 201, body = VenueKeyBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem),
        (status = 415, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Json(request): Json<KeyRequest>,
) -> Result<(StatusCode, Json<VenueKeyBody>), Problem> {
    by_login(&who)?;
    if !VENUES.contains(&request.venue.as_str()) {
        return Err(Problem::refused("venue", format!("venue is one of {}", VENUES.join(", "))));
    }
    for (name, text) in [("key", &request.key), ("secret", &request.secret)] {
        let fine = (8..=LEN_MAX).contains(&text.len()) && text.is_ascii();
        if !fine {
            return Err(Problem::refused(name, format!("{name} has 8 to {LEN_MAX} plain characters")));
        }
    }
    let user = users::by_id(&mut app.store.read(), who.user).await.map_err(|e| from_store(&e))?;
    second_factor(&app, &user, request.totp.as_deref()).await?;
    let known = keys::venue_keys(&mut app.store.read(), who.owner()).await.map_err(|e| from_store(&e))?;
    if known.len() >= KEYS_MAX {
        return Err(Problem::refused("too_many_keys", format!("a user has at most {KEYS_MAX} venue keys")));
    }
    let (id, version, now) = (VenueKeyId::new(), 1, Ts::now());
    let plain = serde_json::json!({ "key": request.key, "secret": request.secret }).to_string();
    let key = VenueKey {
        id,
        user_id: who.user,
        label: name_of(&request.label)?,
        tail: request.key.get(request.key.len() - 4..).unwrap_or_default().to_owned(),
        sealed: app.vault.seal(PURPOSE, &owner_text(who.user, &request.venue, id, version), plain.as_bytes()),
        venue: request.venue,
        version,
        created_at: now,
        last_used_at: None,
    };
    let detail = serde_json::json!({ "venue": key.venue, "label": key.label, "tail": key.tail });
    let (note, row) = (who.note("venue_key.add", id, &detail), key.clone());
    let added = app.store.write(move |tx| {
        Box::pin(async move {
            keys::add_venue_key(tx, &row).await?;
            audit::append(tx, note, now).await
        })
    });
    added.await.map_err(|e: StoreError| match e {
        StoreError::Taken { .. } => {
            Problem::conflict("label_taken", "you have a key of this exchange with this label already")
        }
        error => from_store(&error),
    })?;
    Ok((StatusCode::CREATED, Json(VenueKeyBody::of(&key))))
}

/// Removes a key that no account uses.
#[utoipa::path(delete, path = "/api/venue-keys/{key_id}", tag = "keys", operation_id = "removeVenueKey",
    params(("key_id" = String, Path, description = "the key's id")),
    responses((status = 204, description = "removed"), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    by_login(&who)?;
    let id: VenueKeyId = id_of(&id, "venue key")?;
    let (owner, note) = (who.owner(), who.note("venue_key.remove", id, &serde_json::json!({})));
    let removed = app.store.write(move |tx| {
        Box::pin(async move {
            keys::remove_venue_key(tx, owner, id).await?;
            audit::append(tx, note, Ts::now()).await
        })
    });
    removed.await.map_err(|e: StoreError| match e {
        StoreError::Reference { .. } => {
            Problem::conflict("in_use", "an account trades with this key; take it off the account first")
        }
        error => from_store(&error),
    })?;
    Ok(StatusCode::NO_CONTENT)
}
