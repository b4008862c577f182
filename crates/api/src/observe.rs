//! What the API records of itself, through the `metrics` facade; names and buckets are in docs/metrics.md.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use types::{InstrumentId, Side};

use crate::ports::PortError;

/// A request that takes longer is logged.
pub(crate) const SLOW: Duration = Duration::from_secs(1);

/// The method as a label: what clients make up is one value.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// Counts something while it lives.
struct Counted(metrics::Gauge);

impl Counted {
    fn new(gauge: metrics::Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// Measures each request by its route's pattern, so that names in paths do not become labels.
pub(crate) async fn requests(request: Request, next: Next) -> Response {
    let method = method_label(request.method());
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let _in_flight = Counted::new(metrics::gauge!("http_requests_in_flight"));
    let started = Instant::now();
    let (response, statements) = store::counted(next.run(request)).await;
    // For whoever looks for pages that ask the database once per row.
    tracing::debug!(target: "api::statements", method, route, statements, "answered");
    let seconds = started.elapsed().as_secs_f64();
    let status = response.status().as_u16().to_string();
    let labels = [("method", method.to_owned()), ("endpoint", route.clone()), ("status", status.clone())];
    metrics::counter!("api_requests_total", &labels).increment(1);
    metrics::histogram!("api_request_duration_seconds", "method" => method, "endpoint" => route.clone())
        .record(seconds);
    let labels = [("method", method.to_owned()), ("route", route), ("status_code", status)];
    metrics::histogram!("http_request_duration_seconds", &labels).record(seconds);
    response
}

/// Questions to models and those that were answered, since the start.
#[derive(Debug, Default)]
pub(crate) struct Inferences {
    asked: AtomicU64,
    answered: AtomicU64,
}

/// Measures a question's way to a model and back. What the caller did wrong is no failure of the model's.
pub(crate) async fn inference<T>(
    counts: &Inferences,
    algorithm: String,
    asking: impl Future<Output = Result<T, PortError>>,
) -> Result<T, PortError> {
    let _waiting = Counted::new(metrics::gauge!("inference_queue_depth"));
    let started = Instant::now();
    let outcome = asking.await;
    metrics::histogram!("inference_latency_seconds", "algorithm" => algorithm)
        .record(started.elapsed().as_secs_f64());
    let failed = matches!(outcome, Err(PortError::Failed(_) | PortError::Unavailable(_)));
    let asked = counts.asked.fetch_add(1, Ordering::Relaxed) + 1;
    let good = u64::from(!failed);
    let answered = counts.answered.fetch_add(good, Ordering::Relaxed) + good;
    #[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
    metrics::gauge!("inference_success_ratio").set(answered as f64 / asked as f64);
    outcome
}

/// Measures an order's way to its durable outcome.
pub(crate) async fn order<T>(instrument: &InstrumentId, side: Side, placing: impl Future<Output = T>) -> T {
    let _pending = Counted::new(metrics::gauge!("pending_trades_queue_size"));
    let started = Instant::now();
    let outcome = placing.await;
    let labels = [
        ("exchange", instrument.venue.to_string()),
        ("symbol", instrument.symbol.to_string()),
        ("side", if side == Side::Buy { "buy" } else { "sell" }.to_owned()),
    ];
    metrics::histogram!("trade_execution_duration_seconds", &labels).record(started.elapsed().as_secs_f64());
    outcome
}
