//! What an account may do (its limits), and how far what is known for judging it goes.

use crate::error::StoreError;
use crate::ids::{AccountId, Owner, UserId};
use crate::record::record;
use crate::statement::sql;
use crate::tx::{Reader, Tx};
use crate::value::Ts;

record! {
    /// Limits and state of an account; both JSON, written and read by the platform.
    pub struct AccountRisk in "account_risk" {
        /// Which.
        account_id: AccountId,
        /// Whose.
        user_id: UserId,
        /// As set by its owner.
        limits: String,
        /// What was traded up to a fill, and results so far.
        state: String,
        /// When it last changed.
        updated_at: Ts,
    }
}

/// The row of one of a user's accounts; `None` if it was never limited nor weighed.
///
/// # Errors
/// Failures of the database.
pub async fn find(
    reader: &mut Reader,
    owner: Owner,
    account: AccountId,
) -> Result<Option<AccountRisk>, StoreError> {
    let statement = AccountRisk::select("WHERE account_id = $1 AND user_id = $2").bind(account).bind(owner);
    reader.all(statement).await?.first().map(AccountRisk::of).transpose()
}

/// Rows of accounts with limits, whoever's, in the order of their ids, after one: those that are watched all the time.
///
/// # Errors
/// Failures of the database.
pub async fn limited_of_all(
    reader: &mut Reader,
    after: Option<AccountId>,
    limit: u32,
) -> Result<Vec<AccountRisk>, StoreError> {
    let after = after.unwrap_or(AccountId(uuid::Uuid::nil()));
    let statement =
        AccountRisk::select("WHERE limits <> '{}' AND account_id > $1 ORDER BY account_id LIMIT $2");
    let limit = limit.min(crate::limits::PAGE_MAX);
    AccountRisk::all_of(&reader.all(statement.bind(after).bind(limit)).await?)
}

/// Sets an account's limits.
///
/// # Errors
/// Failures of the database.
pub async fn set_limits(
    tx: &mut Tx,
    owner: Owner,
    account: AccountId,
    limits: &str,
    now: Ts,
) -> Result<(), StoreError> {
    put(tx, owner, account, ("limits", limits), now).await
}

/// Notes the state.
///
/// # Errors
/// Failures of the database.
pub async fn set_state(
    tx: &mut Tx,
    owner: Owner,
    account: AccountId,
    state: &str,
    now: Ts,
) -> Result<(), StoreError> {
    put(tx, owner, account, ("state", state), now).await
}

async fn put(
    tx: &mut Tx,
    owner: Owner,
    account: AccountId,
    (column, text): (&'static str, &str),
    now: Ts,
) -> Result<(), StoreError> {
    let (limits, state) = if column == "limits" { (text, "{}") } else { ("{}", text) };
    let statement = if column == "limits" {
        sql(
            "INSERT INTO account_risk (account_id, user_id, limits, state, updated_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (account_id) DO UPDATE SET limits = excluded.limits, updated_at = excluded.updated_at",
        )
    } else {
        sql(
            "INSERT INTO account_risk (account_id, user_id, limits, state, updated_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (account_id) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at",
        )
    };
    let statement = statement.bind(account).bind(owner).bind(limits).bind(state).bind(now);
    tx.execute(statement).await.map(|_| ())
}
