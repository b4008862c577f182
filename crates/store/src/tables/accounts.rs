//! Trading accounts of users: on the built-in exchange, on a simulated venue, or on a real one.

use crate::error::StoreError;
use crate::ids::{AccountId, BotId, Owner, UserId, VenueKeyId};
use crate::record::{record, words};
use crate::statement::sql;
use crate::tx::{Reader, Tx};
use crate::value::Ts;

words! {
    /// What an account's orders meet.
    pub enum Mode {
        /// The built-in exchange.
        Builtin = "builtin",
        /// A simulated venue.
        Paper = "paper",
        /// A real venue.
        Live = "live",
    }
}

record! {
    /// An account.
    pub struct Account in "accounts" {
        /// Which.
        id: AccountId,
        /// Whose.
        user_id: UserId,
        /// What the owner calls it.
        name: String,
        /// The venue it trades on.
        venue: String,
        /// What its orders meet.
        mode: Mode,
        /// Its name there.
        venue_account: Option<String>,
        /// The key it trades with there.
        venue_key_id: Option<VenueKeyId>,
        /// The one that is meant when none is named.
        is_default: bool,
        /// Since when it takes no new orders.
        halted_at: Option<Ts>,
        /// Why.
        halt_reason: Option<String>,
        /// When it was opened.
        created_at: Ts,
        /// The bot it belongs to: nothing else trades on it.
        bot_id: Option<BotId>,
    }
}

/// Opens an account. The first of a user, and one with `is_default`, becomes the default; a bot's account never does.
///
/// # Errors
/// `Taken` of `accounts.user_id,name`, and failures of the database.
pub async fn open(tx: &mut Tx, account: &Account) -> Result<(), StoreError> {
    tx.execute(account.insert()).await?;
    if account.bot_id.is_some() {
        return Ok(());
    }
    let first = "SELECT count(*) AS n FROM accounts WHERE user_id = $1 AND is_default";
    let defaults = tx.one("count", sql(first).bind(account.user_id)).await?.count("n")?;
    if account.is_default || defaults == 0 {
        set_default(tx, Owner::of(account.user_id), account.id).await?;
    }
    Ok(())
}

/// Makes one of a user's accounts the default.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn set_default(tx: &mut Tx, owner: Owner, id: AccountId) -> Result<(), StoreError> {
    by_id(tx, owner, id).await?;
    let text = "UPDATE accounts SET is_default = (id = $2) WHERE user_id = $1";
    tx.change("account", sql(text).bind(owner).bind(id)).await
}

/// One of a user's accounts.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn by_id(reader: &mut Reader, owner: Owner, id: AccountId) -> Result<Account, StoreError> {
    let statement = Account::select("WHERE id = $1 AND user_id = $2").bind(id).bind(owner);
    Account::of(&reader.one("account", statement).await?)
}

/// The account that is meant when none is named.
///
/// # Errors
/// `Absent` for a user without accounts, and failures of the database.
pub async fn default(reader: &mut Reader, owner: Owner) -> Result<Account, StoreError> {
    let statement = Account::select("WHERE user_id = $1 AND is_default").bind(owner);
    Account::of(&reader.one("account", statement).await?)
}

/// A user's accounts by name.
///
/// # Errors
/// Failures of the database.
pub async fn list(reader: &mut Reader, owner: Owner) -> Result<Vec<Account>, StoreError> {
    let rest = "WHERE user_id = $1 ORDER BY name LIMIT 1000";
    Account::all_of(&reader.all(Account::select(rest).bind(owner)).await?)
}

/// All accounts of all users, in the order of their ids, after one: what the engines trade for.
///
/// # Errors
/// Failures of the database.
pub async fn page_of_all(
    reader: &mut Reader,
    after: Option<AccountId>,
    limit: u32,
) -> Result<Vec<Account>, StoreError> {
    let after = after.unwrap_or(AccountId(uuid::Uuid::nil()));
    let statement = Account::select("WHERE id > $1 ORDER BY id LIMIT $2");
    let limit = limit.min(crate::limits::PAGE_MAX);
    Account::all_of(&reader.all(statement.bind(after).bind(limit)).await?)
}

/// Halts one of a user's accounts (`Some` reason) or lets it go on.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn set_halt(
    tx: &mut Tx,
    owner: Owner,
    id: AccountId,
    reason: Option<&str>,
    now: Ts,
) -> Result<(), StoreError> {
    let text = "UPDATE accounts SET halted_at = $3, halt_reason = $4 WHERE id = $1 AND user_id = $2";
    let since = reason.map(|_| now);
    tx.change("account", sql(text).bind(id).bind(owner).bind(since).bind(reason)).await
}

/// Tells an account its name at the venue.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn set_venue_account(
    tx: &mut Tx,
    owner: Owner,
    id: AccountId,
    name: &str,
) -> Result<(), StoreError> {
    let text = "UPDATE accounts SET venue_account = $3 WHERE id = $1 AND user_id = $2";
    tx.change("account", sql(text).bind(id).bind(owner).bind(name)).await
}

/// Removes one of a user's accounts that the venue never had.
///
/// # Errors
/// `Absent` if it is not the owner's or is open at the venue, and failures of the database.
pub async fn remove_unused(tx: &mut Tx, owner: Owner, id: AccountId) -> Result<(), StoreError> {
    let text = "DELETE FROM accounts WHERE id = $1 AND user_id = $2 AND venue_account IS NULL";
    tx.change("account", sql(text).bind(id).bind(owner)).await
}
