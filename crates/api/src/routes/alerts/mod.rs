//! What is wrong with the service, what was, and who knows of it.

pub(crate) mod channels;
pub(crate) mod silences;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use store::alerts::{self, Alert, AlertState, Search};
use store::{AlertId, StoreError, Ts, audit};
use utoipa::{IntoParams, ToSchema};

use super::orders::page_limit;
use super::performance::Operator;
use crate::Problem;
use crate::alerting::RuleBody;
use crate::app::App;
use crate::auth::principal::{Admin, from_store};
use crate::wire::{Json, Moment, Query, id_of};

/// Most alerts in one answer of the older path.
const ALERTS_MAX: u32 = 1_000;

/// An alert of the service that lasts.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceAlert)]
pub(crate) struct OpenBody {
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

impl OpenBody {
    fn of(alert: &Alert) -> Self {
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

/// The particulars of an alert as they are kept.
#[derive(Serialize, Deserialize, Default)]
pub struct Detail {
    /// The number that decided.
    #[serde(default)]
    pub value: Option<f64>,
    /// The bound.
    #[serde(default)]
    pub threshold: Option<f64>,
    /// What it is of, like `route`.
    #[serde(default)]
    pub labels: std::collections::BTreeMap<String, String>,
}

/// An alert of the service.
#[derive(Serialize, ToSchema)]
#[schema(as = Alert)]
pub(crate) struct AlertBody {
    /// Its id.
    alert_id: String,
    /// The rule that found it.
    rule: String,
    /// `low`, `medium`, `high` or `critical`.
    severity: String,
    /// `firing` or `resolved`.
    state: &'static str,
    /// When it fired.
    since: Moment,
    /// When it was over.
    resolved_at: Option<Moment>,
    /// The number that decided.
    value: Option<f64>,
    /// The bound.
    threshold: Option<f64>,
    /// In one sentence, with the number.
    summary: String,
    /// What it is of, like `route`; empty for what is of the whole service.
    labels: std::collections::BTreeMap<String, String>,
    /// Where the page is that says what to do.
    runbook: String,
    /// Who knows of it.
    acknowledged_by: Option<String>,
    /// Since when.
    acknowledged_at: Option<Moment>,
}

impl AlertBody {
    pub(crate) fn of(alert: &Alert) -> Self {
        let detail: Detail = serde_json::from_str(&alert.detail).unwrap_or_default();
        Self {
            alert_id: alert.id.to_string(),
            rule: alert.rule.clone(),
            severity: alert.severity.word().to_owned(),
            state: if alert.state == AlertState::Resolved { "resolved" } else { "firing" },
            since: Moment(alert.created_at.time()),
            resolved_at: alert.resolved_at.map(|at| Moment(at.time())),
            value: detail.value,
            threshold: detail.threshold,
            summary: alert.message.clone(),
            labels: detail.labels,
            runbook: runbook_path(&alert.rule),
            acknowledged_by: alert.acknowledged_by.clone(),
            acknowledged_at: alert.acknowledged_at.map(|at| Moment(at.time())),
        }
    }
}

/// Where a rule's page is.
#[must_use]
pub fn runbook_path(rule: &str) -> String {
    format!("/api/alerts/rules/{rule}/runbook")
}

/// The service's alerts that last, newest first; `GET /api/alerts` has their history.
#[utoipa::path(get, path = "/api/monitoring/alerts", tag = "monitoring", operation_id = "listServiceAlerts",
    responses((status = 200, body = Vec<OpenBody>), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn open(State(app): State<Arc<App>>, _: Operator) -> Result<Json<Vec<OpenBody>>, Problem> {
    let open = alerts::open_of_all(&mut app.store.read(), ALERTS_MAX).await.map_err(|e| from_store(&e))?;
    Ok(Json(open.iter().filter(|alert| alert.user_id.is_none()).map(OpenBody::of).collect()))
}

/// Which alerts.
#[derive(Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schema(as = AlertStateFilter)]
pub(crate) enum StateFilter {
    /// Those that last, acknowledged or not.
    Firing,
    /// Those that are over.
    Resolved,
}

/// Which alerts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertQuery {
    /// Only those that last, or those that are over; all without it.
    #[param(inline)]
    state: Option<StateFilter>,
    /// Those that fired before this moment, for the next page.
    #[param(value_type = Option<String>)]
    before: Option<Moment>,
    /// 1 to 1,000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// The service's alerts, those that last and those that are over, newest first.
#[utoipa::path(get, path = "/api/alerts", tag = "alerts", operation_id = "listAlerts", params(AlertQuery),
    responses((status = 200, body = Vec<AlertBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Operator,
    Query(query): Query<AlertQuery>,
) -> Result<Json<Vec<AlertBody>>, Problem> {
    let limit = page_limit(query.limit)?;
    let open = query.state.map(|state| matches!(state, StateFilter::Firing));
    let search = Search { open, before: query.before.map(|at| at.0.into()) };
    let found = alerts::page_of_system(&mut app.store.read(), search, limit).await;
    Ok(Json(found.map_err(|e| from_store(&e))?.iter().map(AlertBody::of).collect()))
}

/// The rules and how they stand now.
#[utoipa::path(get, path = "/api/alerts/rules", tag = "alerts", operation_id = "listAlertRules",
    responses((status = 200, body = Vec<RuleBody>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn rules(State(app): State<Arc<App>>, _: Operator) -> Json<Vec<RuleBody>> {
    Json(app.alerting.rules())
}

/// What a rule's alerts mean, what to look at and what to do: Markdown.
#[utoipa::path(get, path = "/api/alerts/rules/{rule}/runbook", tag = "alerts", operation_id = "getRunbook",
    params(("rule" = String, Path, description = "the rule's name")),
    responses((status = 200, body = String, content_type = "text/markdown"), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn runbook(
    State(app): State<Arc<App>>,
    _: Operator,
    Path(rule): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let page = app.alerting.runbook(&rule).ok_or_else(|| Problem::not_found("rule"))?;
    Ok(([(CONTENT_TYPE, "text/markdown; charset=utf-8")], page))
}

/// Says that somebody knows of an alert: no reminders. Twice changes nothing; the first one stays.
#[utoipa::path(post, path = "/api/alerts/{alert_id}/acknowledge", tag = "alerts", operation_id = "acknowledgeAlert",
    params(("alert_id" = String, Path, description = "the alert's id")),
    responses((status = 200, body = AlertBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn acknowledge(
    State(app): State<Arc<App>>,
    Admin(who): Admin,
    Path(id): Path<String>,
) -> Result<Json<AlertBody>, Problem> {
    let id: AlertId = id_of(&id, "alert that lasts")?;
    let note = who.note("alert.acknowledge", id, &serde_json::json!({}));
    let (by, now) = (who.name.to_string(), Ts::now());
    let known = app.store.write(move |tx| {
        Box::pin(async move {
            let alert = alerts::acknowledge_of_system(tx, id, &by, now).await?;
            audit::append(tx, note, now).await?;
            Ok(alert)
        })
    });
    let alert = known.await.map_err(|error: StoreError| match error {
        StoreError::Absent { .. } => Problem::not_found("alert that lasts"),
        error => from_store(&error),
    })?;
    app.broadcast.alert(&alert);
    Ok(Json(AlertBody::of(&alert)))
}
