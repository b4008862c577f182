//! Cancels: one order, all orders of a market.

use std::sync::Arc;

use exchange_host::Receipt;
use types::command::{Cancel, Target};
use types::{ClientOrderId, Command, ListView, Market};

use super::market;
use super::order::target;
use super::outcome::Outcome;
use super::submit::{id_or_fresh, submit};
use crate::call::{Call, Caller, TimeUnit};
use crate::context::Context;
use crate::dispatch::PendingAnswer;
use crate::error::ApiError;
use crate::json::{Json, Object};
use crate::params::Params;
use crate::refusal::{Action, unknown_outcome};
use crate::render::list::list_members;
use crate::render::order::canceled_members;
use crate::words::CANCEL_RESTRICTIONS;

/// `DELETE /api/v3/order`, `order.cancel`.
pub(crate) fn one(ctx: Arc<Context>, call: Call) -> PendingAnswer {
    Box::pin(async move {
        let caller = call.caller()?;
        let market = market(ctx.handle.view().catalog(), &call)?;
        let target = target(&call.params, "orderId", "origClientOrderId")?;
        let id = id_or_fresh(&ctx, call.params.client_id("newClientOrderId")?)?;
        let cancel = cancel(caller, &market, target, id, &call.params)?;
        let receipt = submit(&ctx, caller, Command::Cancel(cancel), Action::Cancel).await;
        let receipt = receipt.map_err(|error| mismatch(&ctx, &cancel, error))?;
        let outcome = Outcome::new(&receipt, caller.account);
        canceled(&market, &outcome, id, call.unit)
    })
}

/// A cancel from its parameters.
pub(super) fn cancel(
    caller: &Caller,
    market: &Market,
    target: Target,
    client_id: ClientOrderId,
    params: &Params,
) -> Result<Cancel, ApiError> {
    let only_if = params.word("cancelRestrictions", CANCEL_RESTRICTIONS, || {
        let text = "cancelRestrictions has to be either ONLY_NEW or ONLY_PARTIALLY_FILLED.";
        ApiError::new(-1145, text)
    })?;
    Ok(Cancel { account: caller.account, market: market.id, target, client_id, only_if })
}

/// Tells "no such order" from "that order has another client id" where both ids were sent.
fn mismatch(ctx: &Context, cancel: &Cancel, error: ApiError) -> ApiError {
    let Target::Both(id, client_id) = cancel.target else { return error };
    let mut live = ctx.handle.view().open_orders(cancel.account, Some(cancel.market)).into_iter();
    match live.find(|order| order.id == id) {
        Some(order) if order.client_id != client_id => {
            ApiError::new(-2039, "Client order ID is not correct for this order ID.")
        }
        _ => error,
    }
}

/// The answer to a cancel: the order, or its whole list if it was part of one.
pub(super) fn canceled(
    market: &Market,
    outcome: &Outcome<'_>,
    by: ClientOrderId,
    unit: TimeUnit,
) -> Result<Json, ApiError> {
    if let Some(list) = outcome.lists().first() {
        return Ok(Json::object(|o| canceled_list_members(o, market, outcome, list, by, unit)));
    }
    let id = outcome.canceled().first().copied().ok_or_else(unknown_outcome)?;
    let order = outcome.order(id).ok_or_else(unknown_outcome)?;
    Ok(Json::object(|o| canceled_members(o, market, &order.record, by, order.at, unit)))
}

/// A cancelled list with a report per order that ended.
pub(super) fn canceled_list_members(
    o: &mut Object<'_>,
    market: &Market,
    outcome: &Outcome<'_>,
    list: &ListView,
    by: ClientOrderId,
    unit: TimeUnit,
) {
    let receipt: &Receipt = outcome.receipt;
    list_members(o, market, list, receipt.at, unit);
    o.array("orderReports", |a| {
        for (id, _) in list.orders.iter().take(usize::from(list.legs)) {
            if let Some(order) = outcome.order(*id) {
                a.object(|o| canceled_members(o, market, &order.record, by, order.at, unit));
            }
        }
    });
}

/// `DELETE /api/v3/openOrders`, `openOrders.cancelAll`: single orders first, then lists.
pub(crate) fn all(ctx: Arc<Context>, call: Call) -> PendingAnswer {
    Box::pin(async move {
        let caller = call.caller()?;
        let market = market(ctx.handle.view().catalog(), &call)?;
        let client_id = id_or_fresh(&ctx, None)?;
        let command = Command::CancelAll { account: caller.account, market: market.id, client_id };
        let receipt = submit(&ctx, caller, command, Action::Cancel).await?;
        let outcome = Outcome::new(&receipt, caller.account);
        let canceled = outcome.canceled();
        if canceled.is_empty() {
            return Err(ApiError::new(-2011, "Unknown order sent."));
        }
        Ok(Json::array(|a| {
            let orders = canceled.iter().filter_map(|id| outcome.order(*id));
            for order in orders.filter(|order| order.record.order.list.is_none()) {
                a.object(|o| canceled_members(o, &market, &order.record, client_id, order.at, call.unit));
            }
            for list in outcome.lists() {
                a.object(|o| canceled_list_members(o, &market, &outcome, &list, client_id, call.unit));
            }
        }))
    })
}
