//! Fills of users' orders: a projection of the shards' journals. On PostgreSQL one partition per month, made ahead.

use std::collections::BTreeMap;

use crate::backend::Engine;
use crate::bulk;
use crate::conditions::Conditions;
use crate::error::StoreError;
use crate::ids::{AccountId, BotId, OrderId, Owner, TradeId, UserId};
use crate::record::record;
use crate::statement::sql;
use crate::tables::Side;
use crate::tx::{Reader, Tx};
use crate::value::{Amount, Ts};

record! {
    /// A fill.
    pub struct Trade in "trades" {
        /// Which.
        id: TradeId,
        /// Whose.
        user_id: UserId,
        /// On which account.
        account_id: AccountId,
        /// The bot whose order it was.
        bot_id: Option<BotId>,
        /// The order.
        order_id: OrderId,
        /// The pair.
        trading_pair_id: i64,
        /// The exchange.
        exchange: String,
        /// The pair's symbol there.
        symbol: String,
        /// What was traded.
        base: String,
        /// Buy or sell.
        side: Side,
        /// In the quote currency per base.
        price: Amount,
        /// In the base currency.
        quantity: Amount,
        /// Paid for it.
        fee: Amount,
        /// In this currency.
        fee_currency: String,
        /// Realised profit after fees, in the quote currency; `None` for a fill that only opened.
        pnl: Option<Amount>,
        /// The exchange's name for it.
        venue_trade_id: String,
        /// When it happened.
        created_at: Ts,
    }
}

/// Which fills are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// On this account.
    pub account: Option<AccountId>,
    /// Of this pair.
    pub symbol: Option<String>,
    /// Buys or sells.
    pub side: Option<Side>,
    /// From this moment on.
    pub from: Option<Ts>,
    /// Until before this moment.
    pub to: Option<Ts>,
    /// Of this order.
    pub order: Option<OrderId>,
}

/// A page by key.
#[derive(Clone, Copy, Debug, Default)]
pub enum Place {
    /// The newest.
    #[default]
    Newest,
    /// Those before a fill.
    Before(Ts, TradeId),
    /// Those after a fill.
    After(Ts, TradeId),
}

/// What of a fill counts for performance; read from the index alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Performance {
    /// Which.
    pub id: TradeId,
    /// The pair's symbol.
    pub symbol: String,
    /// What was traded.
    pub base: String,
    /// Buy or sell.
    pub side: Side,
    /// In the quote currency per base.
    pub price: Amount,
    /// In the base currency.
    pub quantity: Amount,
    /// Realised profit.
    pub pnl: Option<Amount>,
    /// When it happened.
    pub created_at: Ts,
}

/// Notes fills. One that is there already is left alone. Cost: a statement per 128 fills, and on PostgreSQL one per month.
///
/// # Errors
/// Failures of the database.
pub async fn put(tx: &mut Tx, trades: &[Trade]) -> Result<(), StoreError> {
    make_partitions(tx, trades.iter().map(|trade| trade.created_at)).await?;
    let rows = trades.iter().map(Trade::values).collect();
    bulk::put(tx, Trade::TABLE, Trade::COLUMNS, rows, "ON CONFLICT (id, created_at) DO NOTHING")
        .await
        .map(|_| ())
}

/// Notes many fills that are not there yet (an import), by COPY where there is one; how many.
///
/// # Errors
/// `Taken` if one is there already (then none is noted), and failures of the database.
pub async fn import(tx: &mut Tx, trades: &[Trade]) -> Result<u64, StoreError> {
    make_partitions(tx, trades.iter().map(|trade| trade.created_at)).await?;
    bulk::insert(tx, Trade::TABLE, Trade::COLUMNS, trades.iter().map(Trade::values)).await
}

/// Makes the partitions of the months of some moments; their names. Nothing to do on SQLite.
///
/// # Errors
/// Failures of the database.
pub async fn make_partitions(
    tx: &mut Tx,
    moments: impl Iterator<Item = Ts> + Send,
) -> Result<Vec<String>, StoreError> {
    if tx.engine() == Engine::Sqlite {
        return Ok(Vec::new());
    }
    let months: BTreeMap<(i64, i64), Ts> = moments.map(|moment| (moment.year_month(), moment)).collect();
    let mut names = Vec::with_capacity(months.len());
    for moment in months.into_values() {
        let made = tx.one("partition", sql("SELECT trades_partition($1) AS name").bind(moment)).await?;
        names.push(made.get("name")?);
    }
    Ok(names)
}

/// A user's fills, newest first (also for [`Place::After`]).
///
/// # Errors
/// Failures of the database.
pub async fn page(
    reader: &mut Reader,
    owner: Owner,
    filter: &Filter,
    place: Place,
    limit: u32,
) -> Result<Vec<Trade>, StoreError> {
    let mut conditions = Conditions::of("user_id =", owner);
    conditions.and_if("created_at >=", filter.from);
    conditions.and_if("created_at <", filter.to);
    conditions.and_if("account_id =", filter.account);
    conditions.and_if("symbol =", filter.symbol.as_deref());
    conditions.and_if("side =", filter.side);
    conditions.and_if("order_id =", filter.order);
    let newest_first = "ORDER BY created_at DESC, id DESC";
    let order = match place {
        Place::Newest => newest_first,
        Place::Before(ts, id) => {
            conditions.and_beyond("<", Some((ts, id.into())));
            newest_first
        }
        Place::After(ts, id) => {
            conditions.and_beyond(">", Some((ts, id.into())));
            "ORDER BY created_at, id"
        }
    };
    let head = format!("SELECT {} FROM trades", Trade::COLUMNS.join(", "));
    let mut trades = Trade::all_of(&reader.all(conditions.statement(&head, order, limit)).await?)?;
    if order != newest_first {
        trades.reverse();
    }
    Ok(trades)
}

/// A user's fills of a span for performance figures, newest first.
///
/// # Errors
/// Failures of the database.
pub async fn performance(
    reader: &mut Reader,
    owner: Owner,
    from: Ts,
    to: Ts,
    limit: u32,
) -> Result<Vec<Performance>, StoreError> {
    let mut conditions = Conditions::of("user_id =", owner);
    conditions.and("created_at >=", from);
    conditions.and("created_at <", to);
    let head = "SELECT id, symbol, base, side, price, quantity, pnl, created_at FROM trades";
    let rows = reader.all(conditions.statement(head, "ORDER BY created_at DESC", limit)).await?;
    rows.iter()
        .map(|row| {
            Ok(Performance {
                id: TradeId(row.get("id")?),
                symbol: row.get("symbol")?,
                base: row.get("base")?,
                side: row.parsed("side")?,
                price: row.get("price")?,
                quantity: row.get("quantity")?,
                pnl: row.maybe("pnl")?,
                created_at: row.get("created_at")?,
            })
        })
        .collect()
}

/// An order's fills, oldest first.
///
/// # Errors
/// Failures of the database.
pub async fn of_order(reader: &mut Reader, owner: Owner, order: OrderId) -> Result<Vec<Trade>, StoreError> {
    let rest = "WHERE order_id = $1 AND user_id = $2 ORDER BY created_at, id LIMIT 1000";
    Trade::all_of(&reader.all(Trade::select(rest).bind(order).bind(owner)).await?)
}
