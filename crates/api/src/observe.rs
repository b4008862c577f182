//! What the API records of itself, through the `metrics` facade; names and buckets are in docs/metrics.md.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use types::{InstrumentId, Side};

use crate::Problem;
use crate::app::App;
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

/// The series of one method, route and status.
#[derive(Clone)]
struct Series {
    total: metrics::Counter,
    by_endpoint: metrics::Histogram,
    by_route: metrics::Histogram,
}

impl Series {
    fn of(method: &'static str, route: &str, status: u16) -> Self {
        let (route, status) = (route.to_owned(), status.to_string());
        let labels = [("method", method.to_owned()), ("endpoint", route.clone()), ("status", status.clone())];
        let total = metrics::counter!("api_requests_total", &labels);
        let by_endpoint = metrics::histogram!("api_request_duration_seconds", "method" => method, "endpoint" => route.clone());
        let labels = [("method", method.to_owned()), ("route", route), ("status_code", status)];
        let by_route = metrics::histogram!("http_request_duration_seconds", &labels);
        Self { total, by_endpoint, by_route }
    }
}

/// By method and status, then by route.
type AllSeries = BTreeMap<(&'static str, u16), BTreeMap<String, Series>>;

/// What is recorded of requests. The series of a route are looked up by name once: that costs more than many an answer.
#[derive(Default)]
pub(crate) struct Observed {
    /// As many as there are routes and statuses. Locked for a look-up.
    series: RwLock<AllSeries>,
    in_flight: OnceLock<metrics::Gauge>,
}

impl Observed {
    /// A request that is being answered, until the returned value is dropped.
    fn begin(&self) -> Counted {
        Counted::new(self.in_flight.get_or_init(|| metrics::gauge!("http_requests_in_flight")).clone())
    }

    fn series(&self, method: &'static str, route: &str, status: u16) -> Series {
        let known = self.series.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = known.get(&(method, status)).and_then(|routes| routes.get(route)) {
            return series.clone();
        }
        drop(known);
        let series = Series::of(method, route, status);
        let mut all = self.series.write().unwrap_or_else(PoisonError::into_inner);
        all.entry((method, status)).or_default().insert(route.to_owned(), series.clone());
        series
    }

    /// A request was answered, `took` after it was known.
    fn end(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let (series, seconds) = (self.series(method, route, status), took.as_secs_f64());
        series.total.increment(1);
        series.by_endpoint.record(seconds);
        series.by_route.record(seconds);
    }

    /// Measures a read that is answered without its route.
    pub(crate) async fn read<T>(
        &self,
        route: &str,
        answer: impl Future<Output = Option<(u16, T)>>,
    ) -> Option<T> {
        let _in_flight = self.begin();
        let started = Instant::now();
        let (status, answer) = answer.await?;
        self.end("GET", route, status, started.elapsed());
        Some(answer)
    }
}

/// Measures each request by its route's pattern, so that names in paths do not become labels.
pub(crate) async fn requests(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let method = method_label(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("unmatched", MatchedPath::as_str);
    let _in_flight = app.observed.begin();
    let started = Instant::now();
    let (mut response, statements) = store::counted(next.run(request)).await;
    // For whoever looks for pages that ask the database once per row.
    tracing::debug!(target: "api::statements", method, route, statements, "answered");
    app.observed.end(method, route, response.status().as_u16(), started.elapsed());
    if !matches!(method, "GET" | "HEAD")
        && let Some(problem) = response.extensions_mut().get_mut::<Problem>()
    {
        problem.of_a_change();
    }
    if traces::is_on()
        && let Some(matched) = matched
    {
        // For the name of the request's span.
        response.extensions_mut().insert(matched);
    }
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
