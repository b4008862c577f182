//! The way to a WebSocket: a ticket instead of a token in an address.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Problem;
use crate::app::{App, now};
use crate::auth::principal::Viewer;
use crate::auth::{opaque_token, secret_hash};
use crate::wire::Json;

/// A ticket for one WebSocket.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ticket {
    /// Good once, for `/ws?ticket=`.
    ticket: String,
    /// Seconds.
    expires_in: i64,
}

/// A ticket for the live stream at `/ws` (docs/stream.md): good once, for 30 seconds.
#[utoipa::path(post, path = "/api/ws/ticket", tag = "stream", operation_id = "openStream",
    responses((status = 200, body = Ticket), (status = 401, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn ticket(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
) -> Result<Json<Ticket>, Problem> {
    let ticket = opaque_token("tws");
    app.tickets
        .open(secret_hash(&ticket), who, now().millis())
        .map_err(|_| Problem::unavailable("busy", "too many tickets are open; try again in a moment"))?;
    Ok(Json(Ticket { ticket, expires_in: stream::limits::TICKET_LIFE_MS / 1_000 }))
}
