//! Making a live order smaller. It keeps its place in the queue; another price is another order.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;
use types::Qty;
use utoipa::ToSchema;

use super::{OrderBody, at_exchange, terms};
use crate::Problem;
use crate::app::App;
use crate::auth::principal::Trader;
use crate::routes::markets::from_port;
use crate::wire::{Decimal, Json};

/// What changes of an order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrderChange)]
pub(crate) struct ChangeBody {
    /// The new quantity in all: below the present one, above what is filled.
    quantity: Decimal,
}

/// Makes a live order smaller; it keeps its place in the queue.
#[utoipa::path(patch, path = "/api/orders/{order_id}", tag = "orders", operation_id = "amendOrder", request_body = ChangeBody,
    params(("order_id" = String, Path, description = "the order's id")),
    responses((status = 200, body = OrderBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem), (status = 504, body = Problem)))]
pub(crate) async fn amend(
    State(app): State<Arc<App>>,
    Trader(who): Trader,
    Path(id): Path<String>,
    Json(change): Json<ChangeBody>,
) -> Result<Json<OrderBody>, Problem> {
    let live = at_exchange(&app, &who, &id).await?;
    let qty = terms::units("quantity", Some(&change.quantity), live.instrument.market.base.scale)?;
    let amended = app.desk.amend(live.account, live.instrument.id, live.number, Qty(qty)).await;
    let placed = amended.map_err(|e| from_port(&e))?;
    let detail = json!({ "symbol": live.order.symbol, "quantity": change.quantity.as_str() });
    app.audit(who.note("order.amend", live.order.id, &detail)).await;
    live.told(&app, &who, &placed)
}
