//! The service for those who look after it: metrics, the last hour, the promises, the stream, the caches.
//!
//! For administrators; with `monitoring.loopback` also for programs on this machine that come without a proxy.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, FORWARDED};
use axum::http::request::Parts;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Admin, Peer};
use crate::monitoring::{CacheClass, Performance};
use crate::ports::Condition;
use crate::wire::Json;

/// Timers later than this are a sign of too little processor time.
const LAG_MAX_MS: f64 = 100.0;

/// One who may see the service's numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operator;

impl FromRequestParts<Arc<App>> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if app.dials.is_open_to_loopback() && is_local(parts) {
            return Ok(Self);
        }
        Admin::from_request_parts(parts, app).await.map(|_| Self)
    }
}

/// A program on this machine. What a proxy passes on is somebody else's, wherever the proxy runs.
fn is_local(parts: &Parts) -> bool {
    let local = parts.extensions.get::<Peer>().is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
    let passed_on = ["x-forwarded-for", "x-real-ip"].iter().any(|name| parts.headers.contains_key(*name))
        || parts.headers.contains_key(FORWARDED);
    // A browser's page of another origin is no program.
    let from_a_page = parts.headers.contains_key("sec-fetch-site");
    local && !passed_on && !from_a_page
}

/// All metrics in Prometheus' text format; docs/metrics.md names them.
#[utoipa::path(get, path = "/metrics", tag = "monitoring", operation_id = "getMetrics",
    responses((status = 200, body = String, content_type = "text/plain"), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub(crate) async fn metrics(State(app): State<Arc<App>>, _: Operator) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.monitoring.prometheus())
}

/// One thing that the service needs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Check {
    /// What.
    name: &'static str,
    /// Whether it is as it should be.
    ok: bool,
    /// What is known about it.
    detail: String,
}

/// Whether the service is as it should be.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthNumbers {
    /// `ok` or `degraded`.
    status: &'static str,
    /// What it depends on.
    checks: Vec<Check>,
}

async fn health_of(app: &App) -> HealthNumbers {
    let parts = super::health::components(app).await.into_iter();
    let parts =
        parts.map(|part| Check { name: part.name, ok: part.condition == Condition::Ok, detail: part.detail });
    let system = app.monitoring.performance().system;
    let lag = system.runtime_lag_ms;
    let timers = Check {
        name: "timers",
        ok: lag.is_none_or(|lag| lag <= LAG_MAX_MS),
        detail: lag.map_or_else(|| "not sampled yet".to_owned(), |lag| format!("{lag:.1} ms late")),
    };
    let counts = app.broadcast.hub().counts();
    let stream = Check {
        name: "stream",
        ok: counts.connections < stream::limits::CONNECTIONS_MAX,
        detail: format!("{} of {} connections", counts.connections, stream::limits::CONNECTIONS_MAX),
    };
    let checks: Vec<Check> = parts.chain([timers, stream]).collect();
    let status = if checks.iter().all(|check| check.ok) { "ok" } else { "degraded" };
    HealthNumbers { status, checks }
}

/// Whether what the service depends on is there.
#[utoipa::path(get, path = "/api/monitoring/health", tag = "monitoring", operation_id = "getServiceHealth",
    responses((status = 200, body = HealthNumbers), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn health(State(app): State<Arc<App>>, _: Operator) -> Json<HealthNumbers> {
    Json(health_of(&app).await)
}

/// The last hour and the promises.
#[utoipa::path(get, path = "/api/monitoring/performance", tag = "monitoring", operation_id = "getPerformance",
    responses((status = 200, body = Performance), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn performance(State(app): State<Arc<App>>, _: Operator) -> Json<Performance> {
    Json(app.monitoring.performance())
}

/// The caches by class and layer.
#[derive(Serialize, ToSchema)]
pub(crate) struct CacheBody {
    /// Each class of each layer; empty while nothing is cached.
    classes: Vec<CacheClass>,
}

/// Hits and misses of the caches.
#[utoipa::path(get, path = "/api/monitoring/cache", tag = "monitoring", operation_id = "getCaches",
    responses((status = 200, body = CacheBody), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn cache(State(app): State<Arc<App>>, _: Operator) -> Json<CacheBody> {
    Json(CacheBody { classes: app.monitoring.caches() })
}

/// What clearing did.
#[derive(Serialize, ToSchema)]
pub(crate) struct CacheCleared {
    /// Values that Redis forgot; absent without Redis, or when it does not answer.
    redis: Option<u64>,
}

/// Forgets everything that is cached, in this instance and in Redis. Costs time, never data: what is asked for next is read anew.
#[utoipa::path(delete, path = "/api/monitoring/cache", tag = "monitoring", operation_id = "clearCaches",
    responses((status = 200, body = CacheCleared), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn clear_cache(State(app): State<Arc<App>>, Admin(who): Admin) -> Json<CacheCleared> {
    let redis = app.cache.clear_everywhere().await;
    app.audit(who.note("cache.clear", "all", &serde_json::json!({ "redis": redis }))).await;
    Json(CacheCleared { redis })
}

/// Reads into the cache what most people ask for first, in the background.
#[utoipa::path(post, path = "/api/monitoring/cache/warm", tag = "monitoring", operation_id = "warmCaches",
    responses((status = 202, description = "It begins."), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn warm_cache(State(app): State<Arc<App>>, _: Admin) -> StatusCode {
    app.warming.notify_one();
    StatusCode::ACCEPTED
}

/// The gateway in front of several instances.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoadBalancerBody {
    /// Whether there is one.
    configured: bool,
    /// What is known about it.
    detail: &'static str,
}

const NO_GATEWAY: LoadBalancerBody = LoadBalancerBody {
    configured: false,
    detail: "no gateway is configured; this instance serves its clients itself",
};

/// The gateway, where there is one.
#[utoipa::path(get, path = "/api/monitoring/loadbalancer", tag = "monitoring", operation_id = "getLoadBalancer",
    responses((status = 200, body = LoadBalancerBody), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn loadbalancer(_: Operator) -> Json<LoadBalancerBody> {
    Json(NO_GATEWAY)
}

/// The live stream.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreamBody {
    /// Connections now.
    connections: usize,
    /// Rooms now.
    rooms: usize,
    /// Events published since the start.
    events: u64,
    /// Events handed to connections since the start.
    deliveries: u64,
    /// Connections closed because their client read too slowly.
    slow: u64,
    /// Connections refused because of a limit.
    refused: u64,
}

/// Everything at once.
#[derive(Serialize, ToSchema)]
pub(crate) struct DashboardBody {
    health: HealthNumbers,
    performance: Performance,
    cache: CacheBody,
    loadbalancer: LoadBalancerBody,
    stream: StreamBody,
}

/// Health, the last hour, caches, gateway and stream in one answer.
#[utoipa::path(get, path = "/api/monitoring/dashboard", tag = "monitoring", operation_id = "getMonitoringDashboard",
    responses((status = 200, body = DashboardBody), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn dashboard(State(app): State<Arc<App>>, _: Operator) -> Json<DashboardBody> {
    let counts = app.broadcast.hub().counts();
    Json(DashboardBody {
        health: health_of(&app).await,
        performance: app.monitoring.performance(),
        cache: CacheBody { classes: app.monitoring.caches() },
        loadbalancer: NO_GATEWAY,
        stream: StreamBody {
            connections: counts.connections,
            rooms: counts.rooms,
            events: counts.events_total,
            deliveries: counts.deliveries_total,
            slow: counts.slow_total,
            refused: counts.refused_total,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(peer: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = axum::http::Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(Peer(peer.parse().unwrap()));
        parts
    }

    #[test]
    fn a_program_on_this_machine_is_local_and_nobody_behind_a_proxy_is() {
        for (peer, headers, local) in [
            ("127.0.0.1:1", vec![], true),
            ("[::1]:1", vec![], true),
            ("[::ffff:127.0.0.1]:1", vec![], true),
            ("10.0.0.1:1", vec![], false),
            ("127.0.0.1:1", vec![("x-forwarded-for", "127.0.0.1")], false),
            ("127.0.0.1:1", vec![("forwarded", "for=1.2.3.4")], false),
            ("127.0.0.1:1", vec![("x-real-ip", "1.2.3.4")], false),
            ("127.0.0.1:1", vec![("sec-fetch-site", "cross-site")], false),
        ] {
            assert_eq!(is_local(&parts(peer, &headers)), local, "{peer} {headers:?}");
        }
        let (nobody, ()) = axum::http::Request::new(()).into_parts();
        assert!(!is_local(&nobody));
    }
}
