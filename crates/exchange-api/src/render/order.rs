//! Orders: the answers to placing, cancelling and asking for one. Field order and presence follow rest-api.md.

use exchange_host::view::OrderRecord;
use types::event::{ExpiryReason, Fill, Prevented};
use types::{ClientOrderId, Market, OrderStatus, OrderView, Price, Qty, Time};

use crate::call::TimeUnit;
use crate::json::{Json, Object};
use crate::words::{self, ORDER_TYPES, SIDES, STP_MODES, TIMES_IN_FORCE, word};

/// How much an answer to a new order tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseType {
    /// That it was taken.
    Ack,
    /// Its state.
    Result,
    /// Its state and its fills.
    Full,
}

/// `newOrderRespType`.
pub(crate) const RESPONSE_TYPES: &[(&str, ResponseType)] =
    &[("ACK", ResponseType::Ack), ("RESULT", ResponseType::Result), ("FULL", ResponseType::Full)];

/// An order after a command, and what happened to it within.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) record: OrderRecord,
    pub(crate) fills: Vec<Fill>,
    /// The matches with its own account that it was kept from as taker.
    pub(crate) prevented: Vec<Prevented>,
    /// When the command was taken in.
    pub(crate) at: Time,
}

/// A new order's answer.
pub(crate) fn placed(market: &Market, placed: &Placed, detail: ResponseType, unit: TimeUnit) -> Json {
    Json::object(|o| placed_members(o, market, placed, detail, unit))
}

/// The members of [`placed`], for `orderReports` too.
pub(crate) fn placed_members(
    o: &mut Object<'_>,
    market: &Market,
    placed: &Placed,
    detail: ResponseType,
    unit: TimeUnit,
) {
    let order = &placed.record.order;
    identity(o, market, order, order.client_id);
    o.time("transactTime", placed.at, unit);
    if detail == ResponseType::Ack {
        return;
    }
    amounts(o, market, order);
    conditional(o, market, &placed.record, unit);
    working_time(o, order, unit);
    o.text("selfTradePreventionMode", word(STP_MODES, order.stp));
    if detail == ResponseType::Full {
        o.array("fills", |a| {
            for fill in &placed.fills {
                a.object(|o| fill_members(o, market, fill));
            }
        });
    }
    if !placed.prevented.is_empty() {
        o.array("preventedMatches", |a| {
            for prevented in &placed.prevented {
                a.object(|o| prevented_members(o, market, prevented));
            }
        });
    }
}

/// One of `preventedMatches` (stp_faq.md): a quantity only where the order lost one.
fn prevented_members(o: &mut Object<'_>, market: &Market, prevented: &Prevented) {
    o.int("preventedMatchId", prevented.number);
    o.text("makerSymbol", market.symbol.as_str());
    o.int("makerOrderId", prevented.maker.0);
    o.price("price", prevented.price, market.price_scale);
    lost_members(o, market, prevented.taker_lost, prevented.maker_lost);
}

/// What the two orders of a prevented match lost.
pub(super) fn lost_members(o: &mut Object<'_>, market: &Market, taker: Option<Qty>, maker: Option<Qty>) {
    for (name, lost) in [("takerPreventedQuantity", taker), ("makerPreventedQuantity", maker)] {
        if let Some(lost) = lost {
            o.qty(name, lost, market.base.scale);
        }
    }
}

fn fill_members(o: &mut Object<'_>, market: &Market, fill: &Fill) {
    let fee_asset = if fill.fee_asset == market.base.id { &market.base } else { &market.quote };
    o.price("price", fill.price, market.price_scale);
    o.qty("qty", fill.qty, market.base.scale);
    o.money("commission", fill.fee, fee_asset.scale);
    o.text("commissionAsset", fee_asset.code.as_str());
    o.int("tradeId", fill.trade.0);
}

/// A cancelled order's answer: `clientOrderId` is the cancel's, `origClientOrderId` the order's.
pub(crate) fn canceled_members(
    o: &mut Object<'_>,
    market: &Market,
    record: &OrderRecord,
    by: ClientOrderId,
    at: Time,
    unit: TimeUnit,
) {
    let order = &record.order;
    o.text("symbol", market.symbol.as_str());
    o.text("origClientOrderId", order.client_id.as_str());
    o.int("orderId", order.id.0);
    list_id(o, order);
    o.text("clientOrderId", by.as_str());
    o.time("transactTime", at, unit);
    amounts(o, market, order);
    conditional(o, market, record, unit);
    o.text("selfTradePreventionMode", word(STP_MODES, order.stp));
}

/// An order as a query tells it.
pub(crate) fn queried(market: &Market, record: &OrderRecord, unit: TimeUnit) -> Json {
    Json::object(|o| queried_members(o, market, record, unit))
}

/// The members of [`queried`].
pub(crate) fn queried_members(o: &mut Object<'_>, market: &Market, record: &OrderRecord, unit: TimeUnit) {
    let order = &record.order;
    identity(o, market, order, order.client_id);
    o.price("price", order.terms.price().unwrap_or_default(), market.price_scale);
    o.qty("origQty", order.qty, market.base.scale);
    o.qty("executedQty", order.executed, market.base.scale);
    o.money("cummulativeQuoteQty", order.executed_quote, market.quote.scale);
    kind(o, order);
    o.price("stopPrice", stop_price(order).unwrap_or_default(), market.price_scale);
    trailing(o, order, unit);
    o.qty("icebergQty", order.terms.display().unwrap_or_default(), market.base.scale);
    o.time("time", order.created, unit);
    o.time("updateTime", order.updated, unit);
    o.bool("isWorking", order.working_since.is_some());
    working_time(o, order, unit);
    o.money("origQuoteOrderQty", order.quote_budget().unwrap_or_default(), market.quote.scale);
    tags(o, order);
    o.text("selfTradePreventionMode", word(STP_MODES, order.stp));
    prevented(o, market, record);
    expiry(o, record.expiry);
}

fn identity(o: &mut Object<'_>, market: &Market, order: &OrderView, client_id: ClientOrderId) {
    o.text("symbol", market.symbol.as_str());
    o.int("orderId", order.id.0);
    list_id(o, order);
    o.text("clientOrderId", client_id.as_str());
}

fn list_id(o: &mut Object<'_>, order: &OrderView) {
    o.int("orderListId", order.list.map_or(-1, |list| i128::from(list.0)));
}

fn amounts(o: &mut Object<'_>, market: &Market, order: &OrderView) {
    o.price("price", order.terms.price().unwrap_or_default(), market.price_scale);
    o.qty("origQty", order.qty, market.base.scale);
    o.qty("executedQty", order.executed, market.base.scale);
    o.money("origQuoteOrderQty", order.quote_budget().unwrap_or_default(), market.quote.scale);
    o.money("cummulativeQuoteQty", order.executed_quote, market.quote.scale);
    kind(o, order);
}

fn kind(o: &mut Object<'_>, order: &OrderView) {
    o.text("status", words::status(order.status));
    o.text("timeInForce", word(TIMES_IN_FORCE, order.terms.tif()));
    o.text("type", word(ORDER_TYPES, order.terms.order_type()));
    o.text("side", word(SIDES, order.side));
}

/// Members that are there only where they mean something (rest-api.md, "Conditional fields in Order Responses").
fn conditional(o: &mut Object<'_>, market: &Market, record: &OrderRecord, unit: TimeUnit) {
    let order = &record.order;
    if let Some(stop) = stop_price(order) {
        o.price("stopPrice", stop, market.price_scale);
    }
    trailing(o, order, unit);
    if let Some(display) = order.terms.display() {
        o.qty("icebergQty", display, market.base.scale);
    }
    tags(o, order);
    prevented(o, market, record);
    expiry(o, record.expiry);
}

fn stop_price(order: &OrderView) -> Option<Price> {
    order.terms.trigger().and_then(|trigger| trigger.stop)
}

fn trailing(o: &mut Object<'_>, order: &OrderView, unit: TimeUnit) {
    if let Some(delta) = order.terms.trigger().and_then(|trigger| trigger.trailing) {
        o.int("trailingDelta", delta.0);
        o.int("trailingTime", order.trailing_since.map_or(-1, |at| unit.print(at)));
    }
}

fn tags(o: &mut Object<'_>, order: &OrderView) {
    if let Some(id) = order.tags.strategy_id {
        o.int("strategyId", id);
    }
    if let Some(kind) = order.tags.strategy_type {
        o.int("strategyType", kind);
    }
}

/// What self-trade prevention took off an order, in base units: the prevented matches of DECREMENT, and all that was left
/// of an order that expired in a match (stp_faq.md, `preventedQuantity`).
pub(crate) fn prevented_qty(order: &OrderView) -> Qty {
    match order.status {
        OrderStatus::ExpiredInMatch => Qty((order.qty.0 - order.executed.0).max(order.prevented.0)),
        _ => order.prevented,
    }
}

/// An order that lost nothing to a prevented match (the taker of EXPIRE_MAKER, the maker of EXPIRE_TAKER) has neither field.
fn prevented(o: &mut Object<'_>, market: &Market, record: &OrderRecord) {
    let qty = prevented_qty(&record.order);
    if let Some(id) = record.prevented_match.filter(|_| !qty.is_zero()) {
        o.int("preventedMatchId", id);
    }
    if !qty.is_zero() {
        o.qty("preventedQuantity", qty, market.base.scale);
    }
}

fn expiry(o: &mut Object<'_>, reason: Option<ExpiryReason>) {
    if let Some(reason) = reason {
        o.text("expiryReason", words::expiry(reason));
    }
}

fn working_time(o: &mut Object<'_>, order: &OrderView, unit: TimeUnit) {
    o.int("workingTime", order.working_since.map_or(-1, |at| unit.print(at)));
}
