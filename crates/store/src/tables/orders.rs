//! Orders of people and bots: a projection of the shards' journals.

use crate::conditions::Conditions;
use crate::error::StoreError;
use crate::ids::{AccountId, BotId, OrderId, Owner, UserId};
use crate::record::{insert_text, record, upsert};
use crate::statement::{composed, sql};
use crate::tables::Side;
use crate::tx::{Reader, Tx};
use crate::value::{Amount, Ts};

record! {
    /// An order.
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct Order in "orders" {
        /// Which.
        id: OrderId,
        /// Whose.
        user_id: UserId,
        /// On which account.
        account_id: AccountId,
        /// The bot that placed it.
        bot_id: Option<BotId>,
        /// The pair.
        trading_pair_id: i64,
        /// The exchange.
        exchange: String,
        /// The pair's symbol there.
        symbol: String,
        /// Our name for it at the exchange: its identity written down.
        client_order_id: String,
        /// The exchange's name for it.
        exchange_order_id: Option<String>,
        /// Buy or sell.
        side: Side,
        /// Limit, market, ... as the API spells it.
        order_type: String,
        /// How long it stands.
        time_in_force: String,
        /// Its limit, in the quote currency.
        price: Option<Amount>,
        /// What starts it, in the quote currency.
        stop_price: Option<Amount>,
        /// How much, in the base currency.
        quantity: Amount,
        /// How much of that is filled.
        filled_quantity: Amount,
        /// What was paid or received for it, in the quote currency, without fees.
        filled_quote: Amount,
        /// How far it is, as the API spells it.
        status: String,
        /// True as long as it can still fill.
        live: bool,
        /// Why it is in this state.
        reason: Option<String>,
        /// When it was placed.
        created_at: Ts,
        /// When it last changed.
        updated_at: Ts,
        /// The order list it belongs to: the exchange's number of it.
        list_id: Option<String>,
        /// What was asked for, in short: tells whether a request that comes again under the same name asks for the same. `None` for
        /// orders from elsewhere, and of before this was kept.
        asked: Option<String>,
    }
}

/// Which orders are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// On this account.
    pub account: Option<AccountId>,
    /// Of this pair.
    pub symbol: Option<String>,
    /// In this state.
    pub status: Option<String>,
    /// Of this bot.
    pub bot: Option<BotId>,
    /// Live ones only.
    pub live: bool,
    /// Before this order in time.
    pub before: Option<(Ts, OrderId)>,
}

/// What changes about an order.
const CHANGING: &[&str] = &[
    "exchange_order_id",
    "price",
    "stop_price",
    "quantity",
    "filled_quantity",
    "filled_quote",
    "status",
    "live",
    "reason",
    "updated_at",
    "list_id",
];

/// Notes an order, or what changed about it.
///
/// # Errors
/// `Taken` of `orders.account_id,client_order_id`, and failures of the database.
pub async fn put(tx: &mut Tx, order: &Order) -> Result<(), StoreError> {
    tx.execute(upsert(Order::TABLE, Order::COLUMNS, "id", CHANGING, order.values())).await.map(|_| ())
}

/// Notes a new order; one that is there already stays as it is.
///
/// # Errors
/// `Taken` of `orders.account_id,client_order_id`, and failures of the database.
pub async fn put_new(tx: &mut Tx, order: &Order) -> Result<(), StoreError> {
    let text = format!("{} ON CONFLICT (id) DO NOTHING", insert_text(Order::TABLE, Order::COLUMNS));
    tx.execute(composed(text).kept().bind_all(order.values())).await.map(|_| ())
}

/// Intents that were recorded and of which nothing was heard, whoever's, in the order of their ids, after one.
///
/// # Errors
/// Failures of the database.
pub async fn pending_of_all(
    reader: &mut Reader,
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<Order>, StoreError> {
    let after = after.unwrap_or(OrderId(uuid::Uuid::nil()));
    let rest =
        "WHERE live AND status = 'pending' AND exchange_order_id IS NULL AND id > $1 ORDER BY id LIMIT $2";
    let statement = Order::select(rest).bind(after).bind(limit.min(crate::limits::PAGE_MAX));
    Order::all_of(&reader.all(statement).await?)
}

/// One of a user's orders.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn by_id(reader: &mut Reader, owner: Owner, id: OrderId) -> Result<Order, StoreError> {
    let statement = Order::select("WHERE id = $1 AND user_id = $2").bind(id).bind(owner);
    Order::of(&reader.one("order", statement).await?)
}

/// One of a user's orders, by our name for it on an account.
///
/// # Errors
/// `Absent` if it is not the owner's, and failures of the database.
pub async fn by_client_id(
    reader: &mut Reader,
    owner: Owner,
    account: AccountId,
    client_order_id: &str,
) -> Result<Order, StoreError> {
    let rest = "WHERE account_id = $1 AND client_order_id = $2 AND user_id = $3";
    let statement = Order::select(rest).bind(account).bind(client_order_id).bind(owner);
    Order::of(&reader.one("order", statement).await?)
}

/// A user's orders, newest first.
///
/// # Errors
/// Failures of the database.
pub async fn page(
    reader: &mut Reader,
    owner: Owner,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<Order>, StoreError> {
    let mut conditions = Conditions::of("user_id =", owner);
    conditions.and_if("status =", filter.status.as_deref());
    conditions.and_if("account_id =", filter.account);
    conditions.and_if("symbol =", filter.symbol.as_deref());
    conditions.and_if("bot_id =", filter.bot);
    if filter.live {
        conditions.and_that("live");
    }
    conditions.and_beyond("<", filter.before.map(|(ts, id)| (ts, id.into())));
    let head = format!("SELECT {} FROM orders", Order::COLUMNS.join(", "));
    let tail = "ORDER BY created_at DESC, id DESC";
    Order::all_of(&reader.all(conditions.statement(&head, tail, limit)).await?)
}

/// All live orders of a pair, whoever's: what an engine takes up after a restart.
///
/// # Errors
/// Failures of the database.
pub async fn live_of_all(reader: &mut Reader, trading_pair_id: i64) -> Result<Vec<Order>, StoreError> {
    let rest = "WHERE trading_pair_id = $1 AND live";
    Order::all_of(&reader.all(Order::select(rest).bind(trading_pair_id)).await?)
}

/// The order a venue's report is about, whoever's.
///
/// # Errors
/// `Absent`, and failures of the database.
pub async fn by_exchange_id_of_all(
    reader: &mut Reader,
    exchange: &str,
    exchange_order_id: &str,
) -> Result<Order, StoreError> {
    let statement = Order::select("WHERE exchange_order_id = $1 AND exchange = $2");
    Order::of(&reader.one("order", statement.bind(exchange_order_id).bind(exchange)).await?)
}

/// How many live orders a user has.
///
/// # Errors
/// Failures of the database.
pub async fn count_live(reader: &mut Reader, owner: Owner) -> Result<u64, StoreError> {
    let text = "SELECT count(*) AS n FROM orders WHERE user_id = $1 AND live";
    reader.one("count", sql(text).bind(owner)).await?.count("n")
}
