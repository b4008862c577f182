//! Is it alive, is it ready, how is it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::wire::{Json, Moment};

/// The process answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
    /// Of the program.
    version: &'static str,
    /// Seconds since it started.
    uptime_s: u64,
    /// Now.
    time: Moment,
}

/// Liveness: the process answers. Says nothing about what it depends on.
#[utoipa::path(get, path = "/api/health", tag = "health", operation_id = "getHealth", security(()),
    responses((status = 200, body = Health)))]
pub(crate) async fn alive(State(app): State<Arc<App>>) -> impl IntoResponse {
    Json(Health {
        status: "ok",
        version: app.version,
        uptime_s: app.started.elapsed().as_secs(),
        time: Moment(crate::app::now()),
    })
}
