//! Currencies and the pairs that can be traded, per exchange.

use crate::error::StoreError;
use crate::record::record;
use crate::statement::{composed, sql};
use crate::tx::{Reader, Tx};
use crate::value::{Amount, Ts};

record! {
    /// A currency.
    pub struct Currency in "currencies" {
        /// Its code, like BTC.
        code: String,
        /// Its name.
        name: String,
        /// Decimals of its smallest unit, 0 to 18.
        scale: i64,
        /// Whether it can be traded.
        active: bool,
        /// When this was noted.
        updated_at: Ts,
    }
}

record! {
    /// A pair on an exchange.
    pub struct Pair in "trading_pairs" {
        /// Which; permanent.
        id: i64,
        /// The exchange.
        exchange: String,
        /// Its symbol there.
        symbol: String,
        /// What is traded.
        base: String,
        /// What it is paid with.
        quote: String,
        /// Decimals of a price.
        price_scale: i64,
        /// Decimals of a quantity.
        quantity_scale: i64,
        /// Step of prices.
        tick: Amount,
        /// Step of quantities.
        lot: Amount,
        /// Smallest price times quantity of an order.
        notional_min: Amount,
        /// Whether it can be traded.
        active: bool,
        /// When this was noted.
        updated_at: Ts,
    }
}

/// Notes a currency, or what changed about it.
///
/// # Errors
/// Failures of the database.
pub async fn put_currency(tx: &mut Tx, currency: &Currency) -> Result<(), StoreError> {
    let updated = ["name", "scale", "active", "updated_at"];
    let statement =
        crate::record::upsert(Currency::TABLE, Currency::COLUMNS, "code", &updated, currency.values());
    tx.execute(statement).await.map(|_| ())
}

/// Notes a pair, or what changed about it, and gives its permanent id (`pair.id` is not looked at).
///
/// # Errors
/// `Reference` for an unknown currency, and failures of the database.
pub async fn put_pair(tx: &mut Tx, pair: &Pair) -> Result<i64, StoreError> {
    let columns = &Pair::COLUMNS[1..];
    let places: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let updated: Vec<String> = columns[2..].iter().map(|c| format!("{c} = excluded.{c}")).collect();
    let text = format!(
        "INSERT INTO trading_pairs (id, {}) VALUES ((SELECT coalesce(max(id), 0) + 1 FROM trading_pairs), {}) \
         ON CONFLICT (exchange, symbol) DO UPDATE SET {} RETURNING id",
        columns.join(", "),
        places.join(", "),
        updated.join(", ")
    );
    let statement = composed(text).kept().bind_all(pair.values().into_iter().skip(1));
    tx.one("pair", statement).await?.get("id")
}

/// The currencies by code.
///
/// # Errors
/// Failures of the database.
pub async fn currencies(reader: &mut Reader) -> Result<Vec<Currency>, StoreError> {
    Currency::all_of(&reader.all(Currency::select("ORDER BY code LIMIT 10000")).await?)
}

/// The pairs of an exchange by symbol.
///
/// # Errors
/// Failures of the database.
pub async fn pairs(reader: &mut Reader, exchange: &str) -> Result<Vec<Pair>, StoreError> {
    let rest = "WHERE exchange = $1 ORDER BY symbol LIMIT 10000";
    Pair::all_of(&reader.all(Pair::select(rest).bind(exchange)).await?)
}

/// The pair with a symbol on an exchange.
///
/// # Errors
/// `Absent`, and failures of the database.
pub async fn pair(reader: &mut Reader, exchange: &str, symbol: &str) -> Result<Pair, StoreError> {
    let statement = Pair::select("WHERE exchange = $1 AND symbol = $2").bind(exchange).bind(symbol);
    Pair::of(&reader.one("pair", statement).await?)
}

/// How many pairs there are.
///
/// # Errors
/// Failures of the database.
pub async fn count_pairs(reader: &mut Reader) -> Result<u64, StoreError> {
    reader.one("count", sql("SELECT count(*) AS n FROM trading_pairs")).await?.count("n")
}
