//! Orders of the one who asks: placing ([`place`]), what placing would do ([`preview`]), making smaller ([`amend`]), cancelling, looking.

pub(crate) mod amend;
mod intent;
pub(crate) mod place;
pub(crate) mod preview;
pub(crate) mod terms;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::orders::{Filter, Order};
use store::{Amount, OrderId, Owner, orders};
use types::{Instrument, Market, OrderStatus, OrderView, Terms, TimeInForce};
use utoipa::{IntoParams, ToSchema};

use super::accounts::meant;
use super::markets::from_port;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Principal, Trader, Viewer, from_store};
use crate::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::ports::Placed;
use crate::wire::{Decimal, Json, Moment, Query, id_of};

/// Longest `Idempotency-Key` in bytes.
const KEY_LEN_MAX: usize = 200;

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
    /// The exchange's number of the list it belongs to: of its orders one cancels the other.
    list_id: Option<String>,
    /// The answer to an order list: all its orders, the upper price first; empty for a single order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    legs: Vec<OrderBody>,
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
            list_id: order.list_id.clone(),
            legs: Vec::new(),
        }
    }

    /// One order as it is; several as the first one with all of them.
    fn of_all(all: &[Order]) -> Result<Self, Problem> {
        let first = all.first().ok_or_else(|| Problem::internal(&"an order without legs"))?;
        let mut body = Self::of(first);
        if all.len() > 1 {
            body.legs = all.iter().map(Self::of).collect();
        }
        Ok(body)
    }
}

/// The key with which a request may be repeated.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_LEN_MAX);
    let wrong = || Problem::invalid(format!("Idempotency-Key is a text of 1 to {KEY_LEN_MAX} bytes"));
    key.map(Some).ok_or_else(wrong)
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
    order.list_id = view.list.map(|list| list.0.to_string());
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
            let id: OrderId = id_of(&id, "order")?;
            let order = orders::by_id(&mut reader, who.owner(), id).await.map_err(|e| from_store(&e))?;
            Some((order.created_at, order.id))
        }
    };
    let account = query.account.map(|id| id_of(&id, "account")).transpose()?;
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
    let id: OrderId = id_of(id, "order")?;
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
    let live = at_exchange(&app, &who, &id).await?;
    let cancelled = app.desk.cancel(live.account, live.instrument.id, live.number).await;
    let placed = cancelled.map_err(|e| from_port(&e))?;
    app.audit(who.note("order.cancel", live.order.id, &json!({ "symbol": live.order.symbol }))).await;
    live.told(&app, &who, &placed)
}

/// A live order of somebody, and where it is.
struct AtExchange {
    order: Order,
    account: types::AccountId,
    instrument: Arc<Instrument>,
    number: types::OrderId,
}

/// One of one's own orders that can still change.
async fn at_exchange(app: &App, who: &Principal, id: &str) -> Result<AtExchange, Problem> {
    app.caught_up(who.user).await?;
    let order = one(app, who.owner(), id).await?;
    if !order.live {
        let detail = format!("the order is {} and cannot be changed or cancelled", order.status);
        return Err(Problem::conflict("not_live", detail));
    }
    let trading = meant(app, who.owner(), Some(&order.account_id.to_string())).await?;
    place::by_hand(&trading)?;
    let instrument = app.instrument(&format!("{}:{}", order.exchange, order.symbol))?;
    let number = order.exchange_order_id.as_deref().and_then(|text| text.parse().ok());
    let number = number
        .ok_or_else(|| Problem::conflict("pending", "the exchange has not told the order's number yet"))?;
    Ok(AtExchange { order, account: trading.number, instrument, number: types::OrderId(number) })
}

impl AtExchange {
    /// The order after a change of it.
    fn told(mut self, app: &App, who: &Principal, placed: &Placed) -> Result<Json<OrderBody>, Problem> {
        app.wrote(who.user, placed.seq);
        let view = placed.orders.iter().find(|view| view.id == self.number);
        let view = view.ok_or_else(|| Problem::not_found("order"))?;
        apply(&mut self.order, view, &self.instrument.market);
        Ok(Json(OrderBody::of(&self.order)))
    }
}
