//! What is wrong with the service at the moment.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use store::alerts::{self, Alert};
use utoipa::ToSchema;

use super::performance::Operator;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::from_store;
use crate::wire::{Json, Moment};

/// Most alerts in one answer.
const ALERTS_MAX: u32 = 1_000;

/// An alert of the service.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceAlert)]
pub(crate) struct AlertBody {
    /// Its id.
    id: String,
    /// The rule; `docs/runbooks/RULE.md` says what to do.
    rule: String,
    /// `low`, `medium`, `high` or `critical`.
    severity: String,
    /// `firing`, `acknowledged` or `resolved`.
    state: String,
    /// In one sentence, with the number.
    message: String,
    /// How often it fired while it lasts.
    occurrences: i64,
    /// When it first fired.
    created_at: Moment,
    /// When it last fired or changed.
    updated_at: Moment,
    /// When it was over.
    resolved_at: Option<Moment>,
}

impl AlertBody {
    pub(crate) fn of(alert: &Alert) -> Self {
        Self {
            id: alert.id.to_string(),
            rule: alert.rule.clone(),
            severity: alert.severity.word().to_owned(),
            state: alert.state.word().to_owned(),
            message: alert.message.clone(),
            occurrences: alert.occurrences,
            created_at: Moment(alert.created_at.time()),
            updated_at: Moment(alert.updated_at.time()),
            resolved_at: alert.resolved_at.map(|at| Moment(at.time())),
        }
    }
}

/// The service's alerts that last, newest first.
#[utoipa::path(get, path = "/api/monitoring/alerts", tag = "monitoring", operation_id = "listServiceAlerts",
    responses((status = 200, body = Vec<AlertBody>), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Operator) -> Result<Json<Vec<AlertBody>>, Problem> {
    let open = alerts::open_of_all(&mut app.store.read(), ALERTS_MAX).await.map_err(|e| from_store(&e))?;
    Ok(Json(open.iter().filter(|alert| alert.user_id.is_none()).map(AlertBody::of).collect()))
}
