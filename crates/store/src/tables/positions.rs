//! Positions: a projection of the shards' journals.

use crate::bulk;
use crate::conditions::Conditions;
use crate::error::StoreError;
use crate::ids::{AccountId, BotId, Owner, PositionId, UserId};
use crate::record::{changing, record};
use crate::tables::FAR;
use crate::tx::{Reader, Tx};
use crate::value::{Amount, Ts};

record! {
    /// A position.
    pub struct Position in "positions" {
        /// Which.
        id: PositionId,
        /// Whose.
        user_id: UserId,
        /// On which account.
        account_id: AccountId,
        /// The bot that holds it.
        bot_id: Option<BotId>,
        /// The exchange.
        exchange: String,
        /// The pair's symbol there.
        symbol: String,
        /// What is held.
        base: String,
        /// How much of it; negative when short.
        quantity: Amount,
        /// Average price of entry, in the quote currency.
        entry_price: Amount,
        /// Realised profit so far, in the quote currency.
        realised_pnl: Amount,
        /// Fees so far, in the quote currency.
        fees: Amount,
        /// False once closed.
        is_open: bool,
        /// When it was opened.
        opened_at: Ts,
        /// When it last changed.
        updated_at: Ts,
        /// When it was closed.
        closed_at: Option<Ts>,
    }
}

/// Notes a position, or what changed about it.
///
/// # Errors
/// Failures of the database.
pub async fn put(tx: &mut Tx, position: &Position) -> Result<(), StoreError> {
    put_all(tx, [position]).await
}

/// [`put`] of many, each once. Cost: a statement per 128 positions.
///
/// # Errors
/// Failures of the database.
pub async fn put_all(tx: &mut Tx, positions: impl IntoIterator<Item = &Position>) -> Result<(), StoreError> {
    let columns = ["quantity", "entry_price", "realised_pnl", "fees", "is_open", "updated_at", "closed_at"];
    let rows = positions.into_iter().map(Position::values).collect();
    bulk::put(tx, Position::TABLE, Position::COLUMNS, rows, &changing("id", &columns)).await.map(|_| ())
}

/// A user's open positions, by pair; of one account if it is named.
///
/// # Errors
/// Failures of the database.
pub async fn open(
    reader: &mut Reader,
    owner: Owner,
    account: Option<AccountId>,
) -> Result<Vec<Position>, StoreError> {
    let mut conditions = Conditions::of("user_id =", owner);
    conditions.and_that("is_open");
    conditions.and_if("account_id =", account);
    let head = format!("SELECT {} FROM positions", Position::COLUMNS.join(", "));
    let statement = conditions.statement(&head, "ORDER BY symbol, base", u32::MAX);
    Position::all_of(&reader.all(statement).await?)
}

/// A user's positions, also closed ones, the last opened first, before a moment.
///
/// # Errors
/// Failures of the database.
pub async fn page(
    reader: &mut Reader,
    owner: Owner,
    before: Option<Ts>,
    limit: u32,
) -> Result<Vec<Position>, StoreError> {
    let mut conditions = Conditions::of("user_id =", owner);
    conditions.and("opened_at <", before.unwrap_or(FAR));
    let head = format!("SELECT {} FROM positions", Position::COLUMNS.join(", "));
    Position::all_of(&reader.all(conditions.statement(&head, "ORDER BY opened_at DESC", limit)).await?)
}

/// One of a user's positions.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn by_id(reader: &mut Reader, owner: Owner, id: PositionId) -> Result<Position, StoreError> {
    let statement = Position::select("WHERE id = $1 AND user_id = $2").bind(id).bind(owner);
    Position::of(&reader.one("position", statement).await?)
}
