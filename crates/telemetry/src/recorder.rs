//! One recorder for the process: Prometheus' registry, and windows of the last hour that see the same values.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::budget::Spent;
use crate::catalogue::{ALIASES, Kind, METRICS, bounds};
use crate::routes::Routes;
use crate::window::{Summary, Window};

/// Why nothing is recorded.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A part of the program has installed one already.
    #[error("another recorder of metrics is in place")]
    Taken,
    /// The catalogue's buckets are not acceptable.
    #[error("the buckets of {name} are not usable: {why}")]
    Buckets {
        /// Which metric.
        name: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// A window that many record into.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    // Held for one value or one copy, never across an await.
    window: Mutex<Window>,
}

impl Shared {
    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is followed beside Prometheus.
#[derive(Debug)]
pub(crate) struct Followed {
    begun: Instant,
    pub(crate) api: Shared,
    pub(crate) database: Shared,
    pub(crate) trades: Shared,
    pub(crate) market_data: Shared,
    pub(crate) websocket: Shared,
    pub(crate) predictions: Shared,
    pub(crate) backtests: Shared,
    pub(crate) trainings: Shared,
    /// Answers with status 5xx, as a window of their own: its count is what matters.
    pub(crate) errors: Shared,
    pub(crate) slow_statements: AtomicU64,
    /// Answers by route. Held for one value or one copy, never across an await.
    routes: Mutex<Routes>,
    /// How much of the promises' budgets is used. Held for one value or one copy, never across an await.
    spent: Mutex<Spent>,
}

impl Followed {
    pub(crate) fn now_s(&self) -> u64 {
        self.begun.elapsed().as_secs()
    }

    /// The window that follows a histogram; `kind` is its label of this name.
    fn of(&self, name: &str, kind: Option<&str>) -> Option<&Shared> {
        match name {
            "http_request_duration_seconds" => Some(&self.api),
            "db_query_duration_seconds" => Some(&self.database),
            "trade_execution_duration_seconds" => Some(&self.trades),
            "market_data_latency_seconds" => Some(&self.market_data),
            "ws_delivery_delay_seconds" => Some(&self.websocket),
            "inference_latency_seconds" => Some(&self.predictions),
            "job_duration_seconds" => match kind? {
                "backtest" => Some(&self.backtests),
                "training" => Some(&self.trainings),
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn summary(&self, of: &Shared) -> Summary {
        of.window().summary(self.now_s())
    }

    pub(crate) fn recent(&self, of: &Shared) -> Summary {
        of.window().recent(self.now_s())
    }

    pub(crate) fn routes(&self) -> MutexGuard<'_, Routes> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn total(of: &Shared) -> u64 {
        of.window().total()
    }
}

/// The process's telemetry, to be read. Clone freely.
#[derive(Clone)]
pub struct Telemetry {
    prometheus: PrometheusHandle,
    pub(crate) followed: Arc<Followed>,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Telemetry")
    }
}

impl Telemetry {
    /// Everything in Prometheus' text format. What has no value yet is named all the same.
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut text = self.prometheus.render();
        let named = |text: &str| -> BTreeSet<String> {
            let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
            types.filter_map(|rest| rest.split(' ').next()).map(str::to_owned).collect()
        };
        let known = named(&text);
        for metric in METRICS.iter().filter(|metric| !known.contains(metric.name)) {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram(_) => "histogram",
            };
            text.push_str(&format!("# HELP {0} {1}\n# TYPE {0} {kind}\n\n", metric.name, metric.about));
        }
        text
    }

    /// Puts what was recorded in order; to be called every few seconds, or memory grows until somebody asks.
    pub fn upkeep(&self) {
        self.prometheus.run_upkeep();
    }
}

/// Makes the recorder of this process the one that everybody records to.
///
/// # Errors
/// See [`InstallError`].
pub fn install() -> Result<Telemetry, InstallError> {
    let (recorder, telemetry) = recorder()?;
    metrics::set_global_recorder(recorder).map_err(|_| InstallError::Taken)?;
    describe();
    begin();
    Ok(telemetry)
}

/// A recorder that is not installed, with what reads it.
///
/// # Errors
/// See [`InstallError`].
pub fn recorder() -> Result<(impl Recorder + Send + Sync + 'static, Telemetry), InstallError> {
    let mut builder = PrometheusBuilder::new();
    for metric in METRICS {
        if let Kind::Histogram(buckets) = metric.kind {
            let set = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), &bounds(buckets));
            builder = set.map_err(|why| InstallError::Buckets { name: metric.name, why: why.to_string() })?;
        }
    }
    let prometheus = builder.build_recorder();
    let followed = Arc::new(Followed {
        begun: Instant::now(),
        api: Shared::default(),
        database: Shared::default(),
        trades: Shared::default(),
        market_data: Shared::default(),
        websocket: Shared::default(),
        predictions: Shared::default(),
        backtests: Shared::default(),
        trainings: Shared::default(),
        errors: Shared::default(),
        slow_statements: AtomicU64::new(0),
        routes: Mutex::default(),
        spent: Mutex::default(),
    });
    let telemetry = Telemetry { prometheus: prometheus.handle(), followed: Arc::clone(&followed) };
    Ok((Both { prometheus, followed }, telemetry))
}

/// Says what each metric is; Prometheus shows it as HELP.
fn describe() {
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.about),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.about),
            Kind::Histogram(_) => metrics::describe_histogram!(metric.name, metric.about),
        }
    }
}

/// Counts that are nothing until something happens are 0 and not absent: rates and alerts need a beginning.
fn begin() {
    for name in [
        "http_requests_error_rate",
        "pending_trades_queue_size",
        "inference_queue_depth",
        "active_trading_bots",
        "ws_connections",
    ] {
        metrics::gauge!(name).set(0.0);
    }
    for name in ["db_slow_queries_total", "stale_answers_total"] {
        metrics::counter!(name).absolute(0);
    }
}

struct Both {
    prometheus: PrometheusRecorder,
    followed: Arc<Followed>,
}

impl Recorder for Both {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.prometheus.describe_counter(key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.prometheus.describe_gauge(key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.prometheus.describe_histogram(key, unit, description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        let inner = self.prometheus.register_counter(key, metadata);
        if key.name() == "db_slow_queries_total" {
            let followed = Arc::clone(&self.followed);
            return Counter::from_arc(Arc::new(SlowStatements { inner, followed }));
        }
        inner
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.prometheus.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let inner = self.prometheus.register_histogram(key, metadata);
        let kind = key.labels().find(|label| label.key() == "kind").map(|label| label.value().to_owned());
        if self.followed.of(key.name(), kind.as_deref()).is_none() {
            return inner;
        }
        let alias = ALIASES.iter().find(|(of, _)| *of == key.name());
        let alias =
            alias.map(|(_, name)| self.prometheus.register_histogram(&Key::from_name(*name), metadata));
        // An answer with status 5xx counts as an error.
        let failed = key.labels().any(|label| label.key() == "status_code" && label.value().starts_with('5'));
        let route = key.labels().find(|label| label.key() == "route").map(|label| label.value().to_owned());
        let (name, followed) = (key.name().to_owned(), Arc::clone(&self.followed));
        Histogram::from_arc(Arc::new(Durations { inner, alias, name, kind, failed, route, followed }))
    }
}

struct SlowStatements {
    inner: Counter,
    followed: Arc<Followed>,
}

impl CounterFn for SlowStatements {
    fn increment(&self, value: u64) {
        self.inner.increment(value);
        self.followed.slow_statements.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.inner.absolute(value);
        self.followed.slow_statements.fetch_max(value, Ordering::Relaxed);
    }
}

struct Durations {
    inner: Histogram,
    alias: Option<Histogram>,
    name: String,
    kind: Option<String>,
    failed: bool,
    route: Option<String>,
    followed: Arc<Followed>,
}

impl HistogramFn for Durations {
    fn record(&self, value: f64) {
        self.inner.record(value);
        if let Some(alias) = &self.alias {
            alias.record(value);
        }
        let now_s = self.followed.now_s();
        if let Some(shared) = self.followed.of(&self.name, self.kind.as_deref()) {
            shared.window().record(value, now_s);
        }
        if self.failed {
            self.followed.errors.window().record(value, now_s);
        }
        self.followed.spent().record(&self.name, value, self.failed, now_s);
        if let Some(route) = &self.route {
            self.followed.routes().record(route, value, now_s);
        }
    }
}

#[cfg(test)]
mod tests {
    use metrics::with_local_recorder;

    use super::*;

    #[test]
    fn one_value_is_seen_by_prometheus_by_its_alias_and_by_the_window() {
        let (recorder, telemetry) = recorder().unwrap();
        with_local_recorder(&recorder, || {
            for ms in [1, 2, 3, 400] {
                metrics::histogram!("db_query_duration_seconds", "query_type" => "SELECT", "table" => "orders")
                    .record(f64::from(ms) / 1e3);
            }
            metrics::counter!("db_slow_queries_total").increment(3);
        });
        let text = telemetry.prometheus();
        for line in [
            "db_query_duration_seconds_bucket{query_type=\"SELECT\",table=\"orders\",le=\"0.005\"} 3",
            "db_query_duration_seconds_count{query_type=\"SELECT\",table=\"orders\"} 4",
            "database_query_duration_seconds_count 4",
            "database_query_duration_seconds_bucket{le=\"0.5\"} 4",
            "db_slow_queries_total 3",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        let summary = telemetry.followed.summary(&telemetry.followed.database);
        assert_eq!(summary.count, 4);
        assert!(summary.p95_ms > 390.0 && summary.p50_ms < 3.0, "{summary:?}");
        assert_eq!(telemetry.followed.slow_statements.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn what_has_no_value_yet_is_named() {
        let (recorder, telemetry) = recorder().unwrap();
        with_local_recorder(&recorder, || metrics::gauge!("ws_connections").set(3.0));
        let text = telemetry.prometheus();
        for metric in METRICS {
            let types = text.lines().filter(|line| line.starts_with(&format!("# TYPE {} ", metric.name)));
            assert_eq!(types.count(), 1, "{}", metric.name);
        }
        assert!(
            text.contains("ws_connections 3\n")
                && text.contains("# TYPE inference_latency_seconds histogram\n")
        );
    }

    #[test]
    fn failed_answers_are_counted_apart() {
        let (recorder, telemetry) = recorder().unwrap();
        with_local_recorder(&recorder, || {
            for (status, times) in [("200", 98), ("404", 1), ("500", 1)] {
                for _ in 0..times {
                    metrics::histogram!("http_request_duration_seconds", "method" => "GET", "route" => "/a", "status_code" => status)
                        .record(0.01);
                }
            }
        });
        let followed = &telemetry.followed;
        assert_eq!(
            (followed.summary(&followed.api).count, followed.summary(&followed.errors).count),
            (100, 1)
        );
    }
}
