//! Orders of people and bots: a projection of the shards' journals.

use crate::bulk;
use crate::conditions::Conditions;
use crate::error::StoreError;
use crate::ids::{AccountId, BotId, OrderId, Owner, UserId};
use crate::record::{changing, record, upsert};
use crate::statement::sql;
use crate::tables::Side;
use crate::tx::{Reader, Tx};
use crate::value::{Amount, Ts, Value};

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

/// [`put`] of many, each once. Cost: a statement per 128 orders.
///
/// # Errors
/// As [`put`]; then none is noted once the transaction has ended.
pub async fn put_all(tx: &mut Tx, orders: impl IntoIterator<Item = &Order>) -> Result<(), StoreError> {
    let rows = orders.into_iter().map(Order::values).collect();
    bulk::put(tx, Order::TABLE, Order::COLUMNS, rows, &changing("id", CHANGING)).await.map(|_| ())
}

/// Notes new orders; one that is there already stays as it is. Cost: a statement per 128 orders.
///
/// # Errors
/// `Taken` of `orders.account_id,client_order_id`, and failures of the database.
pub async fn put_new(tx: &mut Tx, orders: impl IntoIterator<Item = &Order>) -> Result<(), StoreError> {
    let rows = orders.into_iter().map(Order::values).collect();
    bulk::put(tx, Order::TABLE, Order::COLUMNS, rows, "ON CONFLICT (id) DO NOTHING").await.map(|_| ())
}

/// Orders by their ids, whoever's; those that are not there are left out. Cost: a statement per 128 ids.
///
/// # Errors
/// Failures of the database.
pub async fn by_ids_of_all(reader: &mut Reader, ids: &[OrderId]) -> Result<Vec<Order>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(AT_ONCE) {
        let places = padded(some, 1);
        let statement = Order::select(&format!("WHERE id IN ({})", places.text));
        found.extend(Order::all_of(&reader.all(statement.bind_all(places.values)).await?)?);
    }
    Ok(found)
}

/// Orders by our names for them on an account, whoever's; those that are not there are left out. Cost: a statement per 128 names.
///
/// # Errors
/// Failures of the database.
pub async fn by_client_ids_of_all(
    reader: &mut Reader,
    account: AccountId,
    names: &[String],
) -> Result<Vec<Order>, StoreError> {
    let mut found = Vec::with_capacity(names.len());
    for some in names.chunks(AT_ONCE) {
        let places = padded(some, 2);
        let rest = format!("WHERE account_id = $1 AND client_order_id IN ({})", places.text);
        let statement = Order::select(&rest).bind(account).bind_all(places.values);
        found.extend(Order::all_of(&reader.all(statement).await?)?);
    }
    Ok(found)
}

/// Ids or names that one statement asks for.
const AT_ONCE: usize = 128;

/// Placeholders and their values.
struct Places {
    text: String,
    values: Vec<Value>,
}

/// Placeholders from `$first` on for a list: a power of two of them, the last value repeated, so that few texts are prepared.
fn padded<T: Clone + Into<Value>>(list: &[T], first: usize) -> Places {
    let wanted = list.len().next_power_of_two();
    let values = list.iter().chain(list.last().into_iter().cycle()).take(wanted);
    let text: Vec<String> = (first..first + wanted).map(|n| format!("${n}")).collect();
    Places { text: text.join(", "), values: values.cloned().map(Into::into).collect() }
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

/// Live orders of a pair that have a price, whoever's, page by page: after a price and an order, in the order in which the engine
/// keeps prices. On SQLite that is the order of their texts: fit to walk through all of them, not to show them.
///
/// # Errors
/// Failures of the database.
pub async fn live_of_all(
    reader: &mut Reader,
    trading_pair_id: i64,
    after: Option<(Amount, OrderId)>,
    limit: u32,
) -> Result<Vec<Order>, StoreError> {
    let mut conditions = Conditions::of("trading_pair_id =", trading_pair_id);
    conditions.and_that("live");
    match after {
        None => conditions.and_that("price IS NOT NULL"),
        Some((price, id)) => conditions.and_pair("(price, id) >", (price.into(), id.into())),
    }
    let head = format!("SELECT {} FROM orders", Order::COLUMNS.join(", "));
    Order::all_of(&reader.all(conditions.statement(&head, "ORDER BY price, id", limit)).await?)
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
