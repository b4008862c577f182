//! Orders of the one who asks.
//!
//! An intent is recorded before it leaves, under a client id of its own; what the exchange says is applied to that record by
//! the projection, once. A key sent as `Idempotency-Key` becomes the client id, so a request that is repeated after a lost
//! answer finds the first one and is never a second order (invariant O1).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::orders::{Filter, Order};
use store::{Amount, OrderId, Owner, StoreError, Ts, audit, orders};
use types::order::Amount as OrderAmount;
use types::order::{AfterTrigger, StopKind, Trigger};
use types::{ClientOrderId, Instrument, Market, OrderStatus, OrderView, Side, Terms, TimeInForce};
use utoipa::{IntoParams, ToSchema};

use super::accounts::{Trading, meant};
use super::markets::from_port;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Principal, Trader, Viewer, from_store};
use crate::auth::secret_hash;
use crate::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::observe;
use crate::ports::{OrderRequest, PortError};
use crate::wire::{Decimal, Json, Moment, Query};

/// Longest `Idempotency-Key` in bytes.
const KEY_LEN_MAX: usize = 200;

/// What to trade.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    /// `BTCUSDT` or `local:BTCUSDT`.
    symbol: String,
    /// `buy` or `sell`.
    side: String,
    /// `market`, `limit`, `limit_maker`, `stop_loss`, `stop_loss_limit`, `take_profit` or `take_profit_limit`.
    #[serde(alias = "type")]
    order_type: String,
    /// How much of the base asset.
    #[serde(alias = "qty")]
    quantity: Option<Decimal>,
    /// Market orders: how much of the quote asset to spend or to receive, instead of a quantity.
    quote_quantity: Option<Decimal>,
    /// The limit.
    price: Option<Decimal>,
    /// What starts a stop or a take-profit.
    stop_price: Option<Decimal>,
    /// `gtc` (default), `ioc` or `fok`.
    time_in_force: Option<String>,
    /// Which account; the default one when absent.
    account: Option<String>,
}

/// An order.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderBody {
    /// Its id.
    id: String,
    /// The account.
    account: String,
    /// The bot that placed it.
    bot: Option<String>,
    /// `BTCUSDT`.
    symbol: String,
    /// `buy` or `sell`.
    side: String,
    /// As placed.
    order_type: String,
    /// `gtc`, `ioc` or `fok`.
    time_in_force: String,
    /// The limit.
    price: Option<Decimal>,
    /// What starts it.
    stop_price: Option<Decimal>,
    /// How much of the base asset.
    quantity: Decimal,
    /// How much of it traded.
    filled_quantity: Decimal,
    /// Quote amount traded.
    filled_quote: Decimal,
    /// Average price of what traded.
    average_price: Option<Decimal>,
    /// `pending`, `new`, `partially_filled`, `filled`, `canceled`, `rejected`, `expired` or `unknown`.
    status: String,
    /// Whether it can still trade.
    live: bool,
    /// Why it is in this state.
    reason: Option<String>,
    /// Our name for it at the exchange.
    client_order_id: String,
    /// The exchange's name for it.
    exchange_order_id: Option<String>,
    /// When it was placed.
    created_at: Moment,
    /// When it last changed.
    updated_at: Moment,
}

pub(crate) fn decimal(amount: Amount) -> Decimal {
    Decimal::text(amount.to_string())
}

impl OrderBody {
    pub(crate) fn of(order: &Order) -> Self {
        Self {
            id: order.id.to_string(),
            account: order.account_id.to_string(),
            bot: order.bot_id.map(|id| id.to_string()),
            symbol: order.symbol.clone(),
            side: order.side.word().to_owned(),
            order_type: order.order_type.clone(),
            time_in_force: order.time_in_force.clone(),
            price: order.price.map(decimal),
            stop_price: order.stop_price.map(decimal),
            quantity: decimal(order.quantity),
            filled_quantity: decimal(order.filled_quantity),
            filled_quote: decimal(order.filled_quote),
            average_price: order.filled_quote.over(order.filled_quantity).map(decimal),
            status: order.status.clone(),
            live: order.live,
            reason: order.reason.clone(),
            client_order_id: order.client_order_id.clone(),
            exchange_order_id: order.exchange_order_id.clone(),
            created_at: Moment(order.created_at.time()),
            updated_at: Moment(order.updated_at.time()),
        }
    }
}

/// Places an order. The answer is the order after it met the book.
#[utoipa::path(post, path = "/api/orders", tag = "orders", operation_id = "placeOrder", request_body = NewOrder,
    params(("Idempotency-Key" = Option<String>, Header, description = "the same key is never a second order")),
    responses((status = 201, body = OrderBody), (status = 200, body = OrderBody, description = "placed before with this key"),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem), (status = 504, body = Problem)))]
pub(crate) async fn place(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    headers: HeaderMap,
    Json(new): Json<NewOrder>,
) -> Result<(StatusCode, Json<OrderBody>), Problem> {
    let owner = who.owner();
    let instrument = app.instrument(&new.symbol)?;
    let (side, terms) = read_terms(&new, &instrument.market)?;
    let trading = meant(&app, owner, new.account.as_deref()).await?;
    if trading.account.halted_at.is_some() {
        let detail = "trading of this account is halted; POST /api/resume releases it";
        return Err(Problem::refused("trading_halted", detail));
    }
    by_hand(&trading)?;
    let client_id = client_id(&trading, &headers)?;
    let mut intent = intent(&trading, &instrument, side, &terms, client_id);
    intent.trading_pair_id = app.pairs.get(&instrument.market.id).copied().unwrap_or_default();
    fits(&app, &instrument, &terms)?;
    if let Some(known) = record(&app, &who, &intent).await? {
        return repeated(&known, &intent);
    }
    let request = OrderRequest { instrument: instrument.id, side, terms, client_id };
    let placing = app.desk.place(trading.number, request);
    match observe::order(&instrument.id, side, placing).await {
        Ok(placed) => {
            app.wrote(who.user, placed.seq);
            let mut order = intent;
            apply(&mut order, &placed.order, &instrument.market);
            Ok((StatusCode::CREATED, Json(OrderBody::of(&order))))
        }
        Err(error) => Err(settle(&app, intent, error).await),
    }
}

/// A bot's account is the bot's alone: an order from elsewhere would make its books wrong.
fn by_hand(trading: &Trading) -> Result<(), Problem> {
    if trading.account.bot_id.is_none() {
        return Ok(());
    }
    let detail = "this account belongs to a bot and only the bot trades on it; stop or exit the bot instead";
    Err(Problem::refused("bots_account", detail))
}

/// Refuses an order whose value has more digits than the tables hold: its record would not be exact.
fn fits(app: &App, instrument: &Instrument, terms: &Terms) -> Result<(), Problem> {
    let market = &instrument.market;
    let last = || app.markets.ticker(&instrument.id).map(|ticker| ticker.last);
    let (Some(price), Some(qty)) = (terms.price().or_else(last), terms.qty()) else { return Ok(()) };
    let units = i128::from(price.0) * i128::from(qty.0);
    if Amount::from_units(units, market.price_scale + market.base.scale).is_some() {
        return Ok(());
    }
    let detail =
        "price times quantity has more than 28 digits, which no record holds exactly; send smaller orders";
    Err(Problem::refused("too_large", detail))
}

/// Records an intent; the earlier one if its client id was used before.
async fn record(app: &App, who: &Principal, intent: &Order) -> Result<Option<Order>, Problem> {
    let (row, owner) = (intent.clone(), who.owner());
    let detail = json!({
        "account": intent.account_id.to_string(), "symbol": intent.symbol, "side": intent.side.word(),
        "type": intent.order_type, "quantity": intent.quantity.to_string(),
        "price": intent.price.map(|price| price.to_string()),
    });
    let note = who.note("order.place", intent.id, &detail);
    let recorded = app.store.write(move |tx| {
        Box::pin(async move {
            orders::put(tx, &row).await?;
            audit::append(tx, note, row.created_at).await.map(|_| ())
        })
    });
    match recorded.await {
        Ok(()) => Ok(None),
        Err(StoreError::Taken { .. }) => {
            let mut reader = app.store.read();
            let known =
                orders::by_client_id(&mut reader, owner, intent.account_id, &intent.client_order_id).await;
            known.map(Some).map_err(|e| from_store(&e))
        }
        Err(error) => Err(from_store(&error)),
    }
}

fn repeated(known: &Order, intent: &Order) -> Result<(StatusCode, Json<OrderBody>), Problem> {
    let same = known.symbol == intent.symbol
        && known.side == intent.side
        && known.order_type == intent.order_type
        && known.time_in_force == intent.time_in_force
        && known.quantity == intent.quantity
        && known.price == intent.price
        && known.stop_price == intent.stop_price;
    if same {
        return Ok((StatusCode::OK, Json(OrderBody::of(known))));
    }
    Err(Problem::conflict("idempotency_key_reused", "this Idempotency-Key was used for another order"))
}

/// What became of an intent that has no order: the record says so, and the caller is told.
async fn settle(app: &App, mut intent: Order, error: PortError) -> Problem {
    let problem = from_port(&error);
    if matches!(error, PortError::Unknowable(_) | PortError::Failed(_)) {
        // The record stays pending; it is resolved when the exchange tells, or after a restart.
        return problem;
    }
    intent.status = "rejected".to_owned();
    intent.live = false;
    intent.reason = Some(problem.detail.clone());
    intent.updated_at = Ts::now();
    let noted = app.store.write(move |tx| Box::pin(async move { orders::put(tx, &intent).await })).await;
    if let Err(error) = noted {
        let error: StoreError = error;
        tracing::error!(%error, "a refusal could not be noted");
    }
    problem
}

/// The key with which a request may be repeated.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_LEN_MAX);
    let wrong = || Problem::invalid(format!("Idempotency-Key is a text of 1 to {KEY_LEN_MAX} bytes"));
    key.map(Some).ok_or_else(wrong)
}

fn client_id(trading: &Trading, headers: &HeaderMap) -> Result<ClientOrderId, Problem> {
    let text = match idempotency_key(headers)? {
        None => format!("p{}", OrderId::new().0.simple()),
        Some(key) => {
            let hash = secret_hash(&format!("{}\n{key}", trading.account.id));
            let hex: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
            format!("i{hex}")
        }
    };
    ClientOrderId::new(&text).map_err(|e| Problem::internal(&e))
}

fn intent(
    trading: &Trading,
    instrument: &Instrument,
    side: Side,
    terms: &Terms,
    client_id: ClientOrderId,
) -> Order {
    let market = &instrument.market;
    let units = |value: i64, scale| Amount::from_units(i128::from(value), scale).unwrap_or_default();
    let now = Ts::now();
    Order {
        id: OrderId::new(),
        user_id: trading.account.user_id,
        account_id: trading.account.id,
        bot_id: None,
        trading_pair_id: 0,
        exchange: instrument.id.venue.to_string(),
        symbol: instrument.id.symbol.to_string(),
        client_order_id: client_id.to_string(),
        exchange_order_id: None,
        side: if side == Side::Buy { store::Side::Buy } else { store::Side::Sell },
        order_type: type_word(terms).to_owned(),
        time_in_force: tif_word(terms.tif()).to_owned(),
        price: terms.price().map(|p| units(p.0, market.price_scale)),
        stop_price: terms.trigger().and_then(|t| t.stop).map(|p| units(p.0, market.price_scale)),
        quantity: terms.qty().map_or_else(Amount::default, |q| units(q.0, market.base.scale)),
        filled_quantity: Amount::default(),
        filled_quote: Amount::default(),
        status: "pending".to_owned(),
        live: true,
        reason: None,
        created_at: now,
        updated_at: now,
    }
}

/// Takes over what the exchange says of an order. A value of more than 28 digits, which no record holds, is rounded to them
/// (towards zero), never lost: orders of the platform are refused before they can get there, those of other clients are not.
pub fn apply(order: &mut Order, view: &OrderView, market: &Market) {
    let units = |value: i128, scale| Amount::from_units_rounded(value, scale);
    order.exchange_order_id = Some(view.id.0.to_string());
    order.quantity = units(i128::from(view.qty.0), market.base.scale);
    order.filled_quantity = units(i128::from(view.executed.0), market.base.scale);
    order.filled_quote = units(view.executed_quote.0, market.quote.scale);
    order.status = status_word(view.status).to_owned();
    order.live = !view.status.is_terminal();
    order.updated_at = view.updated.into();
}

/// How the API spells a state.
#[must_use]
pub const fn status_word(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::New | OrderStatus::PendingNew => "new",
        OrderStatus::PartiallyFilled => "partially_filled",
        OrderStatus::Filled => "filled",
        OrderStatus::Canceled => "canceled",
        OrderStatus::Rejected => "rejected",
        OrderStatus::Expired | OrderStatus::ExpiredInMatch => "expired",
    }
}

/// How the API spells a kind of order.
#[must_use]
pub const fn type_word(terms: &Terms) -> &'static str {
    use types::OrderType as T;
    match terms.order_type() {
        T::Limit => "limit",
        T::LimitMaker => "limit_maker",
        T::Market => "market",
        T::StopLoss => "stop_loss",
        T::StopLossLimit => "stop_loss_limit",
        T::TakeProfit => "take_profit",
        T::TakeProfitLimit => "take_profit_limit",
    }
}

/// How the API spells a time in force.
#[must_use]
pub const fn tif_word(tif: TimeInForce) -> &'static str {
    match tif {
        TimeInForce::Gtc => "gtc",
        TimeInForce::Ioc => "ioc",
        TimeInForce::Fok => "fok",
    }
}

/// Reads side and terms at the market's scales, naming the field that does not fit.
fn read_terms(new: &NewOrder, market: &Market) -> Result<(Side, Terms), Problem> {
    let side = match new.side.to_ascii_lowercase().as_str() {
        "buy" => Side::Buy,
        "sell" => Side::Sell,
        _ => return Err(Problem::refused("side", "side is buy or sell")),
    };
    let read = |name: &str, value: &Option<Decimal>, scale: u8| -> Result<i64, Problem> {
        let text = value.as_ref().ok_or_else(|| Problem::refused(name, format!("{name} is missing")))?;
        let units = types::decimal::parse_unsigned(text.as_str(), scale);
        let units = units.map_err(|why| {
            Problem::refused(name, format!("{name} {} {why} ({scale} decimals)", text.as_str()))
        })?;
        if units == 0 { Err(Problem::refused(name, format!("{name} must be above zero"))) } else { Ok(units) }
    };
    let qty = || read("quantity", &new.quantity, market.base.scale).map(types::Qty);
    let price = || read("price", &new.price, market.price_scale).map(types::Price);
    let stop = || read("stop_price", &new.stop_price, market.price_scale).map(types::Price);
    let tif = match new.time_in_force.as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("gtc") => TimeInForce::Gtc,
        Some("ioc") => TimeInForce::Ioc,
        Some("fok") => TimeInForce::Fok,
        Some(_) => return Err(Problem::refused("time_in_force", "time_in_force is gtc, ioc or fok")),
    };
    let conditional = |kind, limit: bool| -> Result<Terms, Problem> {
        let then = if limit {
            AfterTrigger::Limit { price: price()?, tif, display: None }
        } else {
            AfterTrigger::Market
        };
        Ok(Terms::Stop { trigger: Trigger { kind, stop: Some(stop()?), trailing: None }, qty: qty()?, then })
    };
    let terms = match new.order_type.to_ascii_lowercase().as_str() {
        "market" => match &new.quote_quantity {
            Some(_) if new.quantity.is_some() => {
                return Err(Problem::refused("quantity", "give quantity or quote_quantity, not both"));
            }
            Some(_) => {
                let quote = read("quote_quantity", &new.quote_quantity, market.quote.scale)?;
                Terms::Market { amount: OrderAmount::Quote(types::Money(i128::from(quote))) }
            }
            None => Terms::Market { amount: OrderAmount::Base(qty()?) },
        },
        "limit" => Terms::Limit { price: price()?, qty: qty()?, tif, display: None },
        "limit_maker" => Terms::LimitMaker { price: price()?, qty: qty()?, display: None },
        "stop_loss" | "stop" => conditional(StopKind::StopLoss, false)?,
        "stop_loss_limit" | "stop_limit" => conditional(StopKind::StopLoss, true)?,
        "take_profit" => conditional(StopKind::TakeProfit, false)?,
        "take_profit_limit" => conditional(StopKind::TakeProfit, true)?,
        other => return Err(Problem::refused("order_type", format!("{other:?} is not a kind of order"))),
    };
    Ok((side, terms))
}

/// Which orders.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderQuery {
    /// Of this account; all of one's own when absent.
    account: Option<String>,
    /// Of this market.
    symbol: Option<String>,
    /// In this state.
    status: Option<String>,
    /// `true`: only those that can still trade.
    live: Option<bool>,
    /// Those before this order, for the next page.
    before: Option<String>,
    /// 1 to 1,000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// One's own orders, newest first.
#[utoipa::path(get, path = "/api/orders", tag = "orders", operation_id = "listOrders", params(OrderQuery),
    responses((status = 200, body = Vec<OrderBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Query(query): Query<OrderQuery>,
) -> Result<Json<Vec<OrderBody>>, Problem> {
    app.caught_up(who.user).await?;
    let limit = page_limit(query.limit)?;
    let mut reader = app.store.read();
    let before = match query.before {
        None => None,
        Some(id) => {
            let id: OrderId = id.parse().map_err(|_| Problem::not_found("order"))?;
            let order = orders::by_id(&mut reader, who.owner(), id).await.map_err(|e| from_store(&e))?;
            Some((order.created_at, order.id))
        }
    };
    let account =
        query.account.map(|id| id.parse().map_err(|_| Problem::not_found("account"))).transpose()?;
    let symbol =
        query.symbol.map(|text| app.instrument(&text).map(|i| i.id.symbol.to_string())).transpose()?;
    let live = query.live == Some(true);
    let filter = Filter { account, symbol, status: query.status, bot: None, live, before };
    let found = orders::page(&mut reader, who.owner(), &filter, limit).await.map_err(|e| from_store(&e))?;
    Ok(Json(found.iter().map(OrderBody::of).collect()))
}

pub(crate) fn page_limit(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(PAGE_DEFAULT);
    if (1..=PAGE_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::invalid(format!("limit is 1 to {PAGE_MAX}")))
    }
}

async fn one(app: &App, owner: Owner, id: &str) -> Result<Order, Problem> {
    let id: OrderId = id.parse().map_err(|_| Problem::not_found("order"))?;
    orders::by_id(&mut app.store.read(), owner, id).await.map_err(|e| from_store(&e))
}

/// One of one's own orders.
#[utoipa::path(get, path = "/api/orders/{order_id}", tag = "orders", operation_id = "getOrder",
    params(("order_id" = String, Path, description = "the order's id")),
    responses((status = 200, body = OrderBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Path(id): Path<String>,
) -> Result<Json<OrderBody>, Problem> {
    app.caught_up(who.user).await?;
    one(&app, who.owner(), &id).await.map(|order| Json(OrderBody::of(&order)))
}

/// Cancels a live order.
#[utoipa::path(delete, path = "/api/orders/{order_id}", tag = "orders", operation_id = "cancelOrder",
    params(("order_id" = String, Path, description = "the order's id")),
    responses((status = 200, body = OrderBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
) -> Result<Json<OrderBody>, Problem> {
    app.caught_up(who.user).await?;
    let mut order = one(&app, who.owner(), &id).await?;
    if !order.live {
        return Err(Problem::conflict(
            "not_live",
            format!("the order is {} and cannot be cancelled", order.status),
        ));
    }
    let trading = meant(&app, who.owner(), Some(&order.account_id.to_string())).await?;
    by_hand(&trading)?;
    let instrument = app.instrument(&format!("{}:{}", order.exchange, order.symbol))?;
    let number = order.exchange_order_id.as_deref().and_then(|text| text.parse().ok());
    let number = number
        .ok_or_else(|| Problem::conflict("pending", "the exchange has not told the order's number yet"))?;
    let placed = app
        .desk
        .cancel(trading.number, instrument.id, types::OrderId(number))
        .await
        .map_err(|e| from_port(&e))?;
    app.wrote(who.user, placed.seq);
    app.audit(who.note("order.cancel", order.id, &json!({ "symbol": order.symbol }))).await;
    apply(&mut order, &placed.order, &instrument.market);
    Ok(Json(OrderBody::of(&order)))
}
