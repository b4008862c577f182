//! Users: who may log in, with which role. Names and e-mail addresses are kept in lower case, so they are unique whatever
//! the case; an address is free again once its user is inactive.

use crate::error::StoreError;
use crate::ids::UserId;
use crate::limits::PAGE_MAX;
use crate::record::words;
use crate::row::Row;
use crate::statement::sql;
use crate::tx::{Reader, Tx};
use crate::value::Ts;

words! {
    /// What a user may do.
    pub enum Role {
        /// Looks.
        Viewer = "viewer",
        /// Trades on own accounts.
        Trader = "trader",
        /// Administers, too.
        Admin = "admin",
    }
}

/// A user as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// Login name, lower case.
    pub username: String,
    /// E-mail address, lower case.
    pub email: Option<String>,
    /// PHC string of the password's hash.
    pub password_hash: String,
    /// What the user may do.
    pub role: Role,
    /// False: may not log in any more.
    pub active: bool,
    /// The second factor's secret, sealed; `None` without a second factor.
    pub totp_sealed: Option<Vec<u8>>,
    /// The last time step whose code was used: a code is good once.
    pub totp_last_step: Option<i64>,
    /// Failed logins in a row.
    pub failed_logins: i64,
    /// No login is tried before this moment.
    pub blocked_until: Option<Ts>,
    /// The last login.
    pub last_login: Option<Ts>,
    /// When the password was set.
    pub password_changed_at: Ts,
    /// When the user was added.
    pub created_at: Ts,
}

impl std::fmt::Debug for User {
    /// Without hash and secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("username", &self.username).finish_non_exhaustive()
    }
}

/// A user to be added.
#[derive(Clone)]
pub struct NewUser {
    /// Login name.
    pub username: String,
    /// E-mail address.
    pub email: Option<String>,
    /// PHC string of the password's hash.
    pub password_hash: String,
    /// What the user may do.
    pub role: Role,
}

const COLUMNS: &str = "id, username, email, password_hash, role, active, totp_sealed, totp_last_step, failed_logins, \
                       blocked_until, last_login, password_changed_at, created_at";

fn user(row: &Row) -> Result<User, StoreError> {
    Ok(User {
        id: UserId(row.get("id")?),
        username: row.get("username")?,
        email: row.maybe("email")?,
        password_hash: row.get("password_hash")?,
        role: row.parsed("role")?,
        active: row.get("active")?,
        totp_sealed: row.maybe("totp_sealed")?,
        totp_last_step: row.maybe("totp_last_step")?,
        failed_logins: row.get("failed_logins")?,
        blocked_until: row.maybe("blocked_until")?,
        last_login: row.maybe("last_login")?,
        password_changed_at: row.get("password_changed_at")?,
        created_at: row.get("created_at")?,
    })
}

fn select(rest: &str) -> crate::statement::Statement {
    crate::statement::composed(format!("SELECT {COLUMNS} FROM users {rest}")).kept()
}

/// Adds a user. `Taken` of `users.username` or `users.email`.
///
/// # Errors
/// `Taken`, and failures of the database.
pub async fn insert(tx: &mut Tx, new: &NewUser, now: Ts) -> Result<User, StoreError> {
    let id = UserId::new();
    let statement =
        sql("INSERT INTO users (id, username, email, password_hash, role, active, failed_logins, \
         password_changed_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $7, $7)");
    let statement = statement
        .bind(id)
        .bind(new.username.to_lowercase())
        .bind(new.email.as_ref().map(|email| email.to_lowercase()))
        .bind(new.password_hash.as_str())
        .bind(new.role.word())
        .bind(true)
        .bind(now);
    tx.execute(statement).await?;
    by_id(tx, id).await
}

/// The user with an id; `Absent` where there is none.
///
/// # Errors
/// `Absent`, and failures of the database.
pub async fn by_id(reader: &mut Reader, id: UserId) -> Result<User, StoreError> {
    user(&reader.one("user", select("WHERE id = $1").bind(id)).await?)
}

/// The active user with a login name or e-mail address.
///
/// # Errors
/// Failures of the database.
pub async fn for_login(reader: &mut Reader, name: &str) -> Result<Option<User>, StoreError> {
    let name = name.to_lowercase();
    let rest =
        if name.contains('@') { "WHERE email = $1 AND active" } else { "WHERE username = $1 AND active" };
    reader.optional(select(rest).bind(name)).await?.map(|row| user(&row)).transpose()
}

/// A page of all users by name, after a name. For administration.
///
/// # Errors
/// Failures of the database.
pub async fn page_of_all(reader: &mut Reader, after: &str, limit: u32) -> Result<Vec<User>, StoreError> {
    let statement = select("WHERE username > $1 ORDER BY username LIMIT $2");
    let rows = reader.all(statement.bind(after).bind(limit.min(PAGE_MAX))).await?;
    rows.iter().map(user).collect()
}

/// How many users there are.
///
/// # Errors
/// Failures of the database.
pub async fn count(reader: &mut Reader) -> Result<u64, StoreError> {
    reader.one("count", sql("SELECT count(*) AS n FROM users")).await?.count("n")
}

/// How many active administrators there are: the last one must not be lost.
///
/// # Errors
/// Failures of the database.
pub async fn count_admins(reader: &mut Reader) -> Result<u64, StoreError> {
    let text = "SELECT count(*) AS n FROM users WHERE role = 'admin' AND active";
    reader.one("count", sql(text)).await?.count("n")
}

/// Changes role and whether the user may log in.
///
/// # Errors
/// `Absent`, `Taken` of `users.email` if another active user has the address meanwhile, and failures of the database.
pub async fn set_role(tx: &mut Tx, id: UserId, role: Role, active: bool, now: Ts) -> Result<(), StoreError> {
    let text = "UPDATE users SET role = $2, active = $3, updated_at = $4 WHERE id = $1";
    tx.change("user", sql(text).bind(id).bind(role.word()).bind(active).bind(now)).await
}

/// Changes the e-mail address.
///
/// # Errors
/// `Absent`, `Taken` of `users.email`, and failures of the database.
pub async fn set_email(tx: &mut Tx, id: UserId, email: Option<&str>, now: Ts) -> Result<(), StoreError> {
    let text = "UPDATE users SET email = $2, updated_at = $3 WHERE id = $1";
    tx.change("user", sql(text).bind(id).bind(email.map(str::to_lowercase)).bind(now)).await
}

/// Sets the password's hash and forgets failed logins.
///
/// # Errors
/// `Absent`, and failures of the database.
pub async fn set_password(tx: &mut Tx, id: UserId, password_hash: &str, now: Ts) -> Result<(), StoreError> {
    let text = "UPDATE users SET password_hash = $2, password_changed_at = $3, updated_at = $3, failed_logins = 0, \
                blocked_until = NULL WHERE id = $1";
    tx.change("user", sql(text).bind(id).bind(password_hash).bind(now)).await
}

/// Sets or removes the second factor's sealed secret.
///
/// # Errors
/// `Absent`, and failures of the database.
pub async fn set_totp(tx: &mut Tx, id: UserId, sealed: Option<Vec<u8>>, now: Ts) -> Result<(), StoreError> {
    let text = "UPDATE users SET totp_sealed = $2, totp_last_step = NULL, updated_at = $3 WHERE id = $1";
    tx.change("user", sql(text).bind(id).bind(sealed).bind(now)).await
}

/// Uses up a time step of the second factor. `Stale` if it, or a later one, was used before: a code is good once.
///
/// # Errors
/// `Stale`, and failures of the database.
pub async fn use_totp_step(tx: &mut Tx, id: UserId, step: i64) -> Result<(), StoreError> {
    let text = "UPDATE users SET totp_last_step = $2 WHERE id = $1 AND coalesce(totp_last_step, -1) < $2";
    match tx.execute(sql(text).bind(id).bind(step)).await? {
        0 => Err(StoreError::Stale("the code was used before")),
        _ => Ok(()),
    }
}

/// A login succeeded.
///
/// # Errors
/// `Absent`, and failures of the database.
pub async fn login_succeeded(tx: &mut Tx, id: UserId, now: Ts) -> Result<(), StoreError> {
    let text = "UPDATE users SET last_login = $2, failed_logins = 0, blocked_until = NULL WHERE id = $1";
    tx.change("user", sql(text).bind(id).bind(now)).await
}

/// A login failed; gives the failures in a row, this one included.
///
/// # Errors
/// `Absent`, and failures of the database.
pub async fn login_failed(tx: &mut Tx, id: UserId) -> Result<u64, StoreError> {
    let text = "UPDATE users SET failed_logins = failed_logins + 1 WHERE id = $1 RETURNING failed_logins";
    tx.one("user", sql(text).bind(id)).await?.count("failed_logins")
}

/// No login is tried before `until`.
///
/// # Errors
/// `Absent`, and failures of the database.
pub async fn block_until(tx: &mut Tx, id: UserId, until: Ts) -> Result<(), StoreError> {
    tx.change("user", sql("UPDATE users SET blocked_until = $2 WHERE id = $1").bind(id).bind(until)).await
}
