//! Balances per account and currency: a projection of the shards' journals.

use crate::conditions::Conditions;
use crate::error::StoreError;
use crate::ids::{AccountId, Owner, UserId};
use crate::record::{record, upsert};
use crate::tx::{Reader, Tx};
use crate::value::{Amount, Ts};

record! {
    /// A balance.
    pub struct Balance in "balances" {
        /// On which account.
        account_id: AccountId,
        /// In which currency.
        currency: String,
        /// Whose.
        user_id: UserId,
        /// What can be used.
        free: Amount,
        /// What open orders hold.
        locked: Amount,
        /// When it last changed.
        updated_at: Ts,
    }
}

/// Notes a balance.
///
/// # Errors
/// Failures of the database.
pub async fn put(tx: &mut Tx, balance: &Balance) -> Result<(), StoreError> {
    let changing = ["free", "locked", "updated_at"];
    let key = "account_id, currency";
    tx.execute(upsert(Balance::TABLE, Balance::COLUMNS, key, &changing, balance.values())).await.map(|_| ())
}

/// A user's balances by currency; of one account or in one currency if it is named.
///
/// # Errors
/// Failures of the database.
pub async fn list(
    reader: &mut Reader,
    owner: Owner,
    account: Option<AccountId>,
    currency: Option<&str>,
) -> Result<Vec<Balance>, StoreError> {
    let mut conditions = Conditions::of("user_id =", owner);
    conditions.and_if("currency =", currency);
    conditions.and_if("account_id =", account);
    let head = format!("SELECT {} FROM balances", Balance::COLUMNS.join(", "));
    Balance::all_of(&reader.all(conditions.statement(&head, "ORDER BY currency", u32::MAX)).await?)
}
