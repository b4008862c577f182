//! Keys: those of the platform's own API, and a user's keys of other exchanges. Secrets are stored sealed by the caller;
//! the store never sees them.

use crate::error::StoreError;
use crate::ids::{Owner, UserId, VenueKeyId};
use crate::record::record;
use crate::statement::sql;
use crate::tx::{Reader, Tx};
use crate::value::Ts;

record! {
    /// A key for programs.
    pub struct ApiKey in "api_keys" {
        /// The public part.
        id: String,
        /// Whose.
        user_id: UserId,
        /// What the owner calls it.
        label: String,
        /// The HMAC secret, sealed.
        secret_sealed: Vec<u8>,
        /// Scopes, separated by spaces.
        scopes: String,
        /// Addresses and networks it may be used from, separated by spaces; empty for all.
        ip_list: String,
        /// When it was made.
        created_at: Ts,
        /// When it was last used, to the minute or so.
        last_used_at: Option<Ts>,
        /// When it ends by itself.
        expires_at: Option<Ts>,
        /// When it was revoked.
        revoked_at: Option<Ts>,
    }
}

record! {
    /// A key of another exchange.
    pub struct VenueKey in "venue_keys" {
        /// Which.
        id: VenueKeyId,
        /// Whose.
        user_id: UserId,
        /// The exchange.
        venue: String,
        /// What the owner calls it.
        label: String,
        /// The last four characters of the public part: all that is ever shown.
        tail: String,
        /// Key and secret, sealed for this owner, exchange, id and version.
        sealed: Vec<u8>,
        /// Rises with every new sealing.
        version: i64,
        /// When it was added.
        created_at: Ts,
        /// When it was last used.
        last_used_at: Option<Ts>,
    }
}

impl ApiKey {
    /// True if it may be used.
    #[must_use]
    pub fn is_live(&self, now: Ts) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Adds an API key.
///
/// # Errors
/// `Taken` of `api_keys.id`, and failures of the database.
pub async fn add_api_key(tx: &mut Tx, key: &ApiKey) -> Result<(), StoreError> {
    tx.execute(key.insert()).await.map(|_| ())
}

/// The API key with a public part, whoever asks: this is how a signed request finds its user.
///
/// # Errors
/// Failures of the database.
pub async fn api_key(reader: &mut Reader, id: &str) -> Result<Option<ApiKey>, StoreError> {
    reader.optional(ApiKey::select("WHERE id = $1").bind(id)).await?.map(|row| ApiKey::of(&row)).transpose()
}

/// A user's API keys, newest first.
///
/// # Errors
/// Failures of the database.
pub async fn api_keys(reader: &mut Reader, owner: Owner) -> Result<Vec<ApiKey>, StoreError> {
    let rest = "WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1000";
    ApiKey::all_of(&reader.all(ApiKey::select(rest).bind(owner)).await?)
}

/// Voids one of a user's API keys. Twice changes nothing.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn revoke_api_key(tx: &mut Tx, owner: Owner, id: &str, now: Ts) -> Result<(), StoreError> {
    let text = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3) WHERE id = $1 AND user_id = $2";
    tx.change("API key", sql(text).bind(id).bind(owner).bind(now)).await
}

/// Voids all of a user's API keys; how many.
///
/// # Errors
/// Failures of the database.
pub async fn revoke_api_keys(tx: &mut Tx, owner: Owner, now: Ts) -> Result<u64, StoreError> {
    let text = "UPDATE api_keys SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL";
    tx.execute(sql(text).bind(owner).bind(now)).await
}

/// Notes that an API key was used.
///
/// # Errors
/// Failures of the database.
pub async fn api_key_used(tx: &mut Tx, id: &str, now: Ts) -> Result<(), StoreError> {
    tx.execute(sql("UPDATE api_keys SET last_used_at = $2 WHERE id = $1").bind(id).bind(now))
        .await
        .map(|_| ())
}

/// Adds a key of another exchange.
///
/// # Errors
/// `Taken` of `venue_keys.user_id,venue,label`, and failures of the database.
pub async fn add_venue_key(tx: &mut Tx, key: &VenueKey) -> Result<(), StoreError> {
    tx.execute(key.insert()).await.map(|_| ())
}

/// One of a user's keys of other exchanges.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn venue_key(reader: &mut Reader, owner: Owner, id: VenueKeyId) -> Result<VenueKey, StoreError> {
    let statement = VenueKey::select("WHERE id = $1 AND user_id = $2").bind(id).bind(owner);
    VenueKey::of(&reader.one("venue key", statement).await?)
}

/// A user's keys of other exchanges, by exchange and label.
///
/// # Errors
/// Failures of the database.
pub async fn venue_keys(reader: &mut Reader, owner: Owner) -> Result<Vec<VenueKey>, StoreError> {
    let rest = "WHERE user_id = $1 ORDER BY venue, label LIMIT 1000";
    VenueKey::all_of(&reader.all(VenueKey::select(rest).bind(owner)).await?)
}

/// Replaces the sealed part, from the version that was read; `Stale` if somebody was faster.
///
/// # Errors
/// `Stale`, and failures of the database.
pub async fn reseal_venue_key(
    tx: &mut Tx,
    owner: Owner,
    id: VenueKeyId,
    version: i64,
    sealed: Vec<u8>,
) -> Result<(), StoreError> {
    let text = "UPDATE venue_keys SET sealed = $4, version = version + 1 \
                WHERE id = $1 AND user_id = $2 AND version = $3";
    match tx.execute(sql(text).bind(id).bind(owner).bind(version).bind(sealed)).await? {
        0 => Err(StoreError::Stale("the key was changed by somebody else")),
        _ => Ok(()),
    }
}

/// Removes one of a user's keys of other exchanges. `Reference` while an account uses it.
///
/// # Errors
/// `Absent`, `Reference`, and failures of the database.
pub async fn remove_venue_key(tx: &mut Tx, owner: Owner, id: VenueKeyId) -> Result<(), StoreError> {
    tx.change("venue key", sql("DELETE FROM venue_keys WHERE id = $1 AND user_id = $2").bind(id).bind(owner))
        .await
}
