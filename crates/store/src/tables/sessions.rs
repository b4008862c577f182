//! Logins: each is a family of refresh tokens, of which the newest may be used, once.
//!
//! Only hashes of tokens are stored. A token that comes a second time was stolen (or its answer was lost and somebody
//! repeats it): the whole family is revoked, so neither the thief nor the owner goes on without a new login.

use crate::error::StoreError;
use crate::ids::{Owner, SessionId, UserId};
use crate::row::Row;
use crate::statement::sql;
use crate::tx::{Reader, Tx};
use crate::value::Ts;

/// A login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which (`sid` of its access tokens).
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// The address it was made from.
    pub ip: String,
    /// What the program called itself, cut by the caller.
    pub user_agent: String,
    /// When it was made.
    pub created_at: Ts,
    /// The last refresh.
    pub last_used_at: Ts,
    /// When it ends by itself.
    pub expires_at: Ts,
    /// When it was ended.
    pub revoked_at: Option<Ts>,
    /// Why.
    pub revoked_why: Option<String>,
}

impl Session {
    /// True if it goes on.
    #[must_use]
    pub fn is_live(&self, now: Ts) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// Where a login comes from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// Address.
    pub ip: String,
    /// What the program calls itself.
    pub user_agent: String,
}

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It was the newest of a live login; the next one is stored.
    Rotated(Session),
    /// It was used before: the login is revoked now.
    Reused(Session),
    /// Unknown, or its login has ended.
    Refused,
}

const COLUMNS: &str =
    "id, user_id, ip, user_agent, created_at, last_used_at, expires_at, revoked_at, revoked_why";

fn session(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: SessionId(row.get("id")?),
        user_id: UserId(row.get("user_id")?),
        ip: row.get("ip")?,
        user_agent: row.get("user_agent")?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
        expires_at: row.get("expires_at")?,
        revoked_at: row.maybe("revoked_at")?,
        revoked_why: row.maybe("revoked_why")?,
    })
}

fn select(rest: &str) -> crate::statement::Statement {
    crate::statement::composed(format!("SELECT {COLUMNS} FROM sessions {rest}")).kept()
}

/// Begins a login with its first token's hash.
///
/// # Errors
/// Failures of the database.
pub async fn begin(
    tx: &mut Tx,
    owner: Owner,
    token_hash: &[u8],
    origin: &Origin,
    now: Ts,
    expires_at: Ts,
) -> Result<Session, StoreError> {
    let id = SessionId::new();
    let text = "INSERT INTO sessions (id, user_id, ip, user_agent, created_at, last_used_at, expires_at) \
                VALUES ($1, $2, $3, $4, $5, $5, $6)";
    let statement = sql(text).bind(id).bind(owner).bind(origin.ip.as_str()).bind(origin.user_agent.as_str());
    tx.execute(statement.bind(now).bind(expires_at)).await?;
    issue(tx, id, token_hash, now).await?;
    by_id(tx, id).await
}

async fn issue(tx: &mut Tx, id: SessionId, token_hash: &[u8], now: Ts) -> Result<(), StoreError> {
    let text = "INSERT INTO refresh_tokens (hash, session_id, issued_at) VALUES ($1, $2, $3)";
    tx.execute(sql(text).bind(token_hash).bind(id).bind(now)).await?;
    Ok(())
}

/// Uses a refresh token and stores the next one. Of two calls with the same token, however close, one is `Rotated` and
/// the other `Reused`. Keep the transaction also for `Reused`: it holds the revocation.
///
/// # Errors
/// Failures of the database.
pub async fn rotate(
    tx: &mut Tx,
    token_hash: &[u8],
    next_hash: &[u8],
    now: Ts,
    expires_at: Ts,
) -> Result<Rotation, StoreError> {
    let used =
        "UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL RETURNING session_id";
    let fresh = tx.optional(sql(used).bind(token_hash).bind(now)).await?;
    let Some(fresh) = fresh else { return reused(tx, token_hash, now).await };
    let id = SessionId(fresh.get("session_id")?);
    let text = "UPDATE sessions SET last_used_at = $2, expires_at = $3 \
                WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2";
    if tx.execute(sql(text).bind(id).bind(now).bind(expires_at)).await? == 0 {
        return Ok(Rotation::Refused);
    }
    issue(tx, id, next_hash, now).await?;
    Ok(Rotation::Rotated(by_id(tx, id).await?))
}

async fn reused(tx: &mut Tx, token_hash: &[u8], now: Ts) -> Result<Rotation, StoreError> {
    let text = "SELECT session_id FROM refresh_tokens WHERE hash = $1";
    let Some(known) = tx.optional(sql(text).bind(token_hash)).await? else { return Ok(Rotation::Refused) };
    let session = by_id(tx, SessionId(known.get("session_id")?)).await?;
    if !session.is_live(now) {
        return Ok(Rotation::Refused);
    }
    let text = "UPDATE sessions SET revoked_at = $2, revoked_why = $3 WHERE id = $1 AND revoked_at IS NULL";
    tx.execute(sql(text).bind(session.id).bind(now).bind("a refresh token was used twice")).await?;
    Ok(Rotation::Reused(by_id(tx, session.id).await?))
}

/// A login, also one that has ended.
///
/// # Errors
/// `Absent`, and failures of the database.
pub async fn by_id(reader: &mut Reader, id: SessionId) -> Result<Session, StoreError> {
    session(&reader.one("session", select("WHERE id = $1").bind(id)).await?)
}

/// A user's live logins, newest first.
///
/// # Errors
/// Failures of the database.
pub async fn live(reader: &mut Reader, owner: Owner, now: Ts) -> Result<Vec<Session>, StoreError> {
    let rest =
        "WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY created_at DESC LIMIT 1000";
    let rows = reader.all(select(rest).bind(owner).bind(now)).await?;
    rows.iter().map(session).collect()
}

/// Ends one of a user's logins. Ending it twice changes nothing.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn revoke(tx: &mut Tx, owner: Owner, id: SessionId, why: &str, now: Ts) -> Result<(), StoreError> {
    let text = "UPDATE sessions SET revoked_at = coalesce(revoked_at, $3), revoked_why = coalesce(revoked_why, $4) \
                WHERE id = $1 AND user_id = $2";
    tx.change("session", sql(text).bind(id).bind(owner).bind(now).bind(why)).await
}

/// Ends all of a user's logins but one; gives those that ended.
///
/// # Errors
/// Failures of the database.
pub async fn revoke_all(
    tx: &mut Tx,
    owner: Owner,
    but: Option<SessionId>,
    why: &str,
    now: Ts,
) -> Result<Vec<SessionId>, StoreError> {
    let text = "UPDATE sessions SET revoked_at = $3, revoked_why = $4 WHERE user_id = $1 AND revoked_at IS NULL \
                AND id <> $2 RETURNING id";
    // No login has the nil id.
    let but = but.unwrap_or(SessionId(uuid::Uuid::nil()));
    let statement = sql(text).bind(owner).bind(but).bind(now).bind(why);
    tx.all(statement).await?.iter().map(|row| Ok(SessionId(row.get("id")?))).collect()
}

/// Logins that were ended since a moment: what every instance must stop honouring.
///
/// # Errors
/// Failures of the database.
pub async fn revoked_since(reader: &mut Reader, since: Ts) -> Result<Vec<SessionId>, StoreError> {
    let text = "SELECT id FROM sessions WHERE revoked_at >= $1 ORDER BY revoked_at";
    reader.all(sql(text).bind(since)).await?.iter().map(|row| Ok(SessionId(row.get("id")?))).collect()
}

/// Removes logins that ended before `before`, at most `limit`; how many.
///
/// # Errors
/// Failures of the database.
pub async fn prune(tx: &mut Tx, before: Ts, limit: u32) -> Result<u64, StoreError> {
    let text = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2)";
    tx.execute(sql(text).bind(before).bind(limit)).await
}
