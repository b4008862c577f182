//! Amendments: less quantity, same place in the queue.

use std::sync::Arc;

use exchange_host::view::Range;
use types::{ClientOrderId, Command, Market, OrderId};

use super::market;
use super::order::target;
use super::outcome::Outcome;
use super::submit::submit;
use crate::call::{Call, TimeUnit};
use crate::context::Context;
use crate::dispatch::{Answer, PendingAnswer};
use crate::error::ApiError;
use crate::json::{Json, Object};
use crate::params::missing;
use crate::refusal::{Action, unknown_outcome};
use crate::render::list::list_members;
use crate::render::order::Placed;
use crate::words::{self, ORDER_TYPES, SIDES, STP_MODES, TIMES_IN_FORCE, store_failed, word};

/// `PUT /api/v3/order/amend/keepPriority`, `order.amend.keepPriority`.
pub(crate) fn keep_priority(ctx: Arc<Context>, call: Call) -> PendingAnswer {
    Box::pin(async move {
        let caller = call.caller()?;
        let view = ctx.handle.view();
        let market = market(view.catalog(), &call)?;
        let target = target(&call.params, "orderId", "origClientOrderId")?;
        let name = "newQty";
        let qty = call.params.qty(name, &market)?.ok_or_else(|| missing(name))?;
        if qty.is_zero() {
            return Err(ApiError::new(-1013, "Invalid quantity."));
        }
        let before = view.order(caller.account, market.id, &target).map_err(|e| store_failed(&e))?;
        let before = before.filter(|record| !record.order.status.is_terminal());
        let before = before.ok_or_else(|| ApiError::new(-2013, "Order does not exist."))?.order;
        if qty == before.qty {
            return Err(ApiError::new(-2038, "The requested action would change no state; rejecting."));
        }
        let client_id = call.params.client_id("newClientOrderId")?;
        let client_id = client_id.map_or_else(|| super::submit::id_or_fresh(&ctx, None), Ok)?;
        let command = Command::Amend { account: caller.account, market: market.id, target, qty, client_id };
        let receipt = submit(&ctx, caller, command, Action::Amend).await?;
        let outcome = Outcome::new(&receipt, caller.account);
        let after = outcome.order(before.id).ok_or_else(unknown_outcome)?;
        let execution = outcome.amended(before.id).ok_or_else(unknown_outcome)?;
        Ok(Json::object(|o| {
            o.time("transactTime", receipt.at, call.unit);
            o.int("executionId", execution);
            o.object("amendedOrder", |o| amended(o, &market, &after, before.client_id, call.unit));
            if let Some(list) = outcome.lists().first() {
                o.object("listStatus", |o| list_members(o, &market, list, receipt.at, call.unit));
            }
        }))
    })
}

fn amended(o: &mut Object<'_>, market: &Market, after: &Placed, previous: ClientOrderId, unit: TimeUnit) {
    let order = &after.record.order;
    o.text("symbol", market.symbol.as_str());
    o.int("orderId", order.id.0);
    o.int("orderListId", order.list.map_or(-1, |list| i128::from(list.0)));
    o.text("origClientOrderId", previous.as_str());
    o.text("clientOrderId", order.client_id.as_str());
    o.price("price", order.terms.price().unwrap_or_default(), market.price_scale);
    o.qty("qty", order.qty, market.base.scale);
    o.qty("executedQty", order.executed, market.base.scale);
    o.qty("preventedQty", order.prevented, market.base.scale);
    o.decimal("quoteOrderQty", 0, market.quote.scale);
    o.money("cumulativeQuoteQty", order.executed_quote, market.quote.scale);
    o.text("status", words::status(order.status));
    o.text("timeInForce", word(TIMES_IN_FORCE, order.terms.tif()));
    o.text("type", word(ORDER_TYPES, order.terms.order_type()));
    o.text("side", word(SIDES, order.side));
    o.int("workingTime", order.working_since.map_or(-1, |at| unit.print(at)));
    o.text("selfTradePreventionMode", word(STP_MODES, order.stp));
}

/// `GET /api/v3/order/amendments`, `order.amendments`.
pub(crate) fn history(ctx: &Context, call: &Call) -> Answer {
    let caller = call.caller()?;
    let market = market(ctx.handle.view().catalog(), call)?;
    let id = call.params.int("orderId")?.ok_or_else(|| missing("orderId"))?.unsigned_abs();
    let limit = call.params.limit(super::orders::PAGE.0, super::orders::PAGE.1)?;
    let from = call.params.int("fromExecutionId")?.map_or(0, i64::unsigned_abs);
    let range = Range::from_id(from, limit);
    let amendments = ctx.handle.view().amendments(caller.account, market.id, OrderId(id), &range);
    let amendments = amendments.map_err(|e| store_failed(&e))?;
    Ok(Json::array(|a| {
        for amendment in &amendments {
            a.object(|o| {
                o.text("symbol", market.symbol.as_str());
                o.int("orderId", amendment.order.0);
                o.int("executionId", amendment.execution);
                o.text("origClientOrderId", amendment.previous_id.as_str());
                o.text("newClientOrderId", amendment.client_id.as_str());
                o.qty("origQty", amendment.previous_qty, market.base.scale);
                o.qty("newQty", amendment.qty, market.base.scale);
                o.time("time", amendment.at, call.unit);
            });
        }
    }))
}
