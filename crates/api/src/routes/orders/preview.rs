//! What an order would cost and what it would do to each limit, before it is placed.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::place::wanted;
use super::terms::NewOrder;
use crate::Problem;
use crate::account_limits::LimitUse;
use crate::app::App;
use crate::auth::principal::Trader;
use crate::ports::{Flow, PortError};
use crate::routes::markets::{from_port, price, qty};
use crate::wire::{Decimal, Json};

/// An amount that the account pays or gets.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderFlow)]
pub(crate) struct FlowBody {
    /// Of which asset.
    asset: String,
    /// How much.
    amount: Decimal,
    /// What is free of it now.
    free: Decimal,
    /// What is free afterwards: when the order is placed for what it pays, when it is filled for what it gets (after the fee).
    free_after: Decimal,
}

/// Why an order would be refused.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderRefusal)]
pub(crate) struct RefusalBody {
    /// A stable name.
    code: String,
    /// What, why, with the numbers.
    detail: String,
    /// The limit, if it is one.
    limit: Option<LimitUse>,
}

/// What an order would do at this moment. Prices move: it is no promise.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderPreview)]
pub(crate) struct PreviewBody {
    /// Whether it would be accepted.
    accepted: bool,
    /// Why not.
    refusal: Option<RefusalBody>,
    /// The average price it would trade at; its own where it does not trade at once. Absent without a market.
    price: Option<Decimal>,
    /// Base quantity.
    quantity: Decimal,
    /// Base quantity that the book fills at once.
    fills_at_once: Decimal,
    /// What it pays; reserved from its placement on.
    pays: FlowBody,
    /// What it gets, before the fee.
    gets: FlowBody,
    /// The fee, in the asset it gets.
    fee: Decimal,
    /// Every limit of the account, before and after.
    limits: Vec<LimitUse>,
}

/// Says what an order would cost and what it would do to each limit. Nothing is sent, nothing is recorded.
#[utoipa::path(post, path = "/api/orders/preview", tag = "orders", operation_id = "previewOrder", request_body = NewOrder,
    responses((status = 200, body = PreviewBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn preview(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Json(new): Json<NewOrder>,
) -> Result<Json<PreviewBody>, Problem> {
    let wanted = wanted(&app, who.owner(), &new).await?;
    let request = wanted.request("preview")?;
    let seen = app.desk.preview(wanted.trading.number, request).await.map_err(|e| from_port(&e))?;
    let market = &wanted.instrument.market;
    let refusal = seen.refusal.as_ref().map(|error| {
        let Problem { code, detail, .. } = from_port(error);
        let limit = match error {
            PortError::Limit { limit, .. } => Some(LimitUse::clone(limit)),
            _ => None,
        };
        RefusalBody { code, detail, limit }
    });
    let flow = |flow: &Flow, change: i128| FlowBody {
        asset: flow.code.to_string(),
        amount: Decimal::of(flow.amount.0, flow.scale),
        free: Decimal::of(flow.free.0, flow.scale),
        free_after: Decimal::of(flow.free.0.saturating_add(change), flow.scale),
    };
    Ok(Json(PreviewBody {
        accepted: refusal.is_none(),
        refusal,
        price: seen.price.map(|p| price(market, p)),
        quantity: qty(market, seen.qty),
        fills_at_once: qty(market, seen.at_once),
        pays: flow(&seen.pays, -seen.pays.amount.0),
        gets: flow(&seen.gets, seen.gets.amount.0.saturating_sub(seen.fee.0)),
        fee: Decimal::of(seen.fee.0, seen.gets.scale),
        limits: seen.limits,
    }))
}
