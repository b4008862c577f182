//! Single orders: place, test, ask.

use std::sync::Arc;

use types::command::{NewOrder, Target};
use types::{Command, Market, OrderId, OrderType, Terms};

use super::market;
use super::outcome::Outcome;
use super::submit::{id_or_fresh, submit};
use super::terms::{Asked, one_of, stp};
use crate::call::{Call, Caller};
use crate::context::Context;
use crate::dispatch::{Answer, PendingAnswer};
use crate::error::ApiError;
use crate::filters;
use crate::json::Json;
use crate::params::{Params, invalid};
use crate::refusal::{Action, refused, unknown_outcome};
use crate::render;
use crate::render::account::RATE_SCALE;
use crate::render::order::{Placed, RESPONSE_TYPES, ResponseType};
use crate::words::store_failed;

/// The parameters of a new order.
pub(crate) const NEW_ORDER: &[&str] = &[
    "symbol",
    "side",
    "type",
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "newClientOrderId",
    "strategyId",
    "strategyType",
    "stopPrice",
    "trailingDelta",
    "icebergQty",
    "newOrderRespType",
    "selfTradePreventionMode",
    "computeCommissionRates",
];

/// `POST /api/v3/order`, `order.place`.
pub(crate) fn place(ctx: Arc<Context>, call: Call) -> PendingAnswer {
    Box::pin(async move {
        let caller = call.caller()?;
        let market = market(ctx.handle.view().catalog(), &call)?;
        let order = new_order(&ctx, caller, &market, &call.params)?;
        let detail = detail(&call.params, order.terms.order_type())?;
        let receipt = submit(&ctx, caller, Command::Place(order), Action::Place).await?;
        // The exchange reports every order it accepts; a receipt without it is a bug, and its effect is unknown.
        let made =
            Outcome::new(&receipt, caller.account).made(order.client_id).ok_or_else(unknown_outcome)?;
        count(&ctx, caller, &[&made]);
        Ok(render::order::placed(&market, &made, detail, call.unit))
    })
}

/// Counts orders that were placed and did not trade at once.
pub(super) fn count(ctx: &Context, caller: &Caller, made: &[&Placed]) {
    let unfilled = made.iter().filter(|placed| placed.fills.is_empty()).count();
    let unfilled = u32::try_from(unfilled).unwrap_or(u32::MAX);
    ctx.meters.count_orders(caller.account, unfilled, ctx.now());
}

/// A new order from its parameters.
pub(super) fn new_order(
    ctx: &Context,
    caller: &Caller,
    market: &Market,
    params: &Params,
) -> Result<NewOrder, ApiError> {
    let asked = Asked::new(params, market, "");
    let (side, terms) = (asked.side()?, asked.terms()?);
    Ok(NewOrder {
        account: caller.account,
        market: market.id,
        client_id: id_or_fresh(ctx, asked.client_id()?)?,
        side,
        terms,
        stp: stp(params)?,
        tags: asked.tags()?,
    })
}

/// `newOrderRespType`: MARKET and LIMIT answer FULL by default, all others ACK.
pub(super) fn detail(params: &Params, kind: OrderType) -> Result<ResponseType, ApiError> {
    let name = "newOrderRespType";
    let default = if matches!(kind, OrderType::Market | OrderType::Limit) {
        ResponseType::Full
    } else {
        ResponseType::Ack
    };
    Ok(params.word(name, RESPONSE_TYPES, || invalid(name))?.unwrap_or(default))
}

/// `POST /api/v3/order/test`, `order.test`: everything is checked that needs no balance and no book.
pub(crate) fn test(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let market = market(ctx.handle.view().catalog(), call)?;
    let order = new_order(ctx, caller, &market, &call.params)?;
    detail(&call.params, order.terms.order_type())?;
    filters::check(&market, &order.terms).map_err(|refusal| refused(&refusal, Action::Place))?;
    if call.params.bool("computeCommissionRates")? != Some(true) {
        return Ok(Json::object(|_| {}));
    }
    let account = ctx.handle.view().account(caller.account).ok_or_else(unknown_outcome)?;
    // An order that cannot take pays the maker's rate only; the venue still prints both.
    let (maker, taker) = match order.terms {
        Terms::LimitMaker { .. } => (account.maker, account.maker),
        _ => (account.maker, account.taker),
    };
    Ok(Json::object(|o| {
        o.object("standardCommissionForOrder", |o| {
            o.decimal("maker", i128::from(maker.0), RATE_SCALE);
            o.decimal("taker", i128::from(taker.0), RATE_SCALE);
        });
        for none in ["specialCommissionForOrder", "taxCommissionForOrder"] {
            o.object(none, |o| {
                o.decimal("maker", 0, RATE_SCALE);
                o.decimal("taker", 0, RATE_SCALE);
            });
        }
        o.object("discount", super::account::no_discount);
    }))
}

/// `GET /api/v3/order`, `order.status`.
pub(crate) fn query(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let view = ctx.handle.view();
    let market = market(view.catalog(), call)?;
    let target = target(&call.params, "orderId", "origClientOrderId")?;
    let find = |target: &Target| view.order(caller.account, market.id, target).map_err(|e| store_failed(&e));
    // With both ids the order is looked up by its own id, and the client's must be its.
    let (first, expected) = match target {
        Target::Both(id, client_id) => (Target::Id(id), Some(client_id)),
        target => (target, None),
    };
    let record = find(&first)?.ok_or_else(|| ApiError::new(-2013, "Order does not exist."))?;
    if expected.is_some_and(|client_id| client_id != record.order.client_id) {
        return Err(ApiError::new(-2039, "Client order ID is not correct for this order ID."));
    }
    Ok(render::order::queried(&market, &record, call.unit))
}

/// Which order is meant: by the exchange's id, the client's, or both.
pub(super) fn target(params: &Params, id_name: &str, client_name: &str) -> Result<Target, ApiError> {
    let id = params.int(id_name)?.map(|id| OrderId(id.unsigned_abs()));
    match (id, params.client_id(client_name)?) {
        (Some(id), Some(client_id)) => Ok(Target::Both(id, client_id)),
        (Some(id), None) => Ok(Target::Id(id)),
        (None, Some(client_id)) => Ok(Target::Client(client_id)),
        (None, None) => Err(one_of(client_name, id_name)),
    }
}
