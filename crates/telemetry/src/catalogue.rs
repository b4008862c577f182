//! Every metric by name: kind, labels, unit, buckets, meaning. `docs/metrics.md` is generated from this table and pinned by a test.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by size.
    Histogram(&'static [Buckets]),
}

/// Upper bounds of a histogram's buckets in its unit, rising over all parts.
pub type Buckets = &'static [f64];

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it tells, with its unit.
    pub about: &'static str,
}

const fn counter(name: &'static str, labels: &'static [&'static str], about: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, about }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], about: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, about }
}

const fn histogram(
    name: &'static str,
    labels: &'static [&'static str],
    buckets: &'static [Buckets],
    about: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Histogram(buckets), labels, about }
}

/// Finer than the usual ones: a loopback answer takes well below a millisecond.
const FINE: Buckets = &[0.000_1, 0.000_25, 0.000_5];
const HTTP: &[Buckets] = &[FINE, &[0.001, 0.002_5, 0.005], &[0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0]];
const DB: &[Buckets] = &[FINE, &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0]];
const TRADE: &[Buckets] = &[&[0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05], &[0.1, 0.5, 1.0, 2.0, 5.0, 10.0]];
const DELAY: &[Buckets] = &[&[0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0]];
const GROUP: &[Buckets] = &[&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]];
const JOB: &[Buckets] = &[&[0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0]];
const LONG: &[Buckets] = &[&[0.01, 0.1, 1.0, 10.0, 60.0, 600.0]];

/// All metrics, by what they are about.
pub const METRICS: &[Metric] = &[
    histogram(
        "http_request_duration_seconds",
        &["method", "route", "status_code"],
        HTTP,
        "From the whole request read to the answer made. `route` is the pattern; `unmatched` for paths that do not exist.",
    ),
    histogram(
        "api_request_duration_seconds",
        &["method", "endpoint"],
        HTTP,
        "The same by endpoint alone, for dashboards that expect this name.",
    ),
    counter("api_requests_total", &["method", "endpoint", "status"], "Requests answered."),
    gauge("http_requests_error_rate", &[], "Share of answers with status 5xx in the last hour, 0 to 1."),
    gauge("http_requests_in_flight", &[], "Requests being answered now."),
    histogram(
        "db_query_duration_seconds",
        &["query_type", "table"],
        DB,
        "One statement of the platform's database, waiting for a connection included.",
    ),
    histogram(
        "database_query_duration_seconds",
        &[],
        DB,
        "The same without labels, for dashboards that expect this name.",
    ),
    counter("db_queries_total", &["query_type", "table"], "Statements."),
    counter("db_query_errors_total", &["query_type", "table"], "Statements that failed."),
    counter("db_slow_queries_total", &[], "Statements that took longer than the limit of the slow log."),
    histogram(
        "db_group_commit_transactions",
        &[],
        GROUP,
        "Transactions that shared one commit (SQLite). Unit: transactions.",
    ),
    histogram("db_maintenance_seconds", &["task"], LONG, "One run of a maintenance task."),
    gauge("db_pool_connections", &["pool", "state"], "Connections of a pool by state."),
    gauge(
        "db_replica_age_seconds",
        &[],
        "How old at most what the standby (store.replica) answers is; -1 while it is not used.",
    ),
    gauge("database_pool_size", &[], "Connections to the database that are open, all pools."),
    gauge("database_pool_active_connections", &[], "Those in use."),
    gauge("database_pool_idle_connections", &[], "Those that wait for work."),
    histogram(
        "trade_execution_duration_seconds",
        &["exchange", "symbol", "side"],
        TRADE,
        "From an order that is recorded to its durable outcome at the exchange.",
    ),
    gauge(
        "pending_trades_queue_size",
        &[],
        "Orders on their way to an exchange whose outcome is not known yet.",
    ),
    histogram(
        "market_data_latency_seconds",
        &[],
        DELAY,
        "From a trade's time at the built-in exchange to the moment the live stream tells it; the disk's sync is in it.",
    ),
    histogram(
        "inference_latency_seconds",
        &["algorithm"],
        HTTP,
        "One question to a model until its answer, waiting for others that are answered with it included.",
    ),
    gauge(
        "inference_success_ratio",
        &[],
        "Share of questions to models since the start that were answered, 0 to 1.",
    ),
    gauge("inference_queue_depth", &[], "Questions to models that wait for their answer now."),
    gauge("active_trading_bots", &[], "Bots that run. Every 5 s."),
    counter("jobs_ended_total", &["kind", "outcome"], "Long jobs that ended."),
    histogram(
        "job_duration_seconds",
        &["kind"],
        JOB,
        "A long job that succeeded, from its start; waiting is not in it.",
    ),
    gauge("ws_connections", &[], "Open WebSockets of the live stream."),
    counter("ws_messages_total", &["direction"], "Messages of the live stream, `in` or `out`."),
    counter(
        "ws_errors_total",
        &["kind"],
        "Refused requests (`request`) and clients that read too slowly (`slow`).",
    ),
    histogram(
        "ws_delivery_delay_seconds",
        &[],
        DELAY,
        "From an event's publication to its hand-over to a client's socket; resolution 1 ms.",
    ),
    counter(
        "stream_relay_messages_total",
        &["direction"],
        "Messages about rooms between instances, `in` and `out`; `dropped`: more came from Redis than could be taken, and is asked for again.",
    ),
    counter(
        "stream_relay_gaps_total",
        &["outcome"],
        "Events of another instance's room that did not arrive: `asked` for, or `lost`, and then the listeners begin with a snapshot.",
    ),
    gauge(
        "stream_relay_rooms",
        &["side"],
        "Rooms of this instance that others hear (`offered`) and rooms of others that are heard here (`followed`).",
    ),
    counter(
        "trace_spans_total",
        &["outcome"],
        "Spans of traces: `sent` to the collector, `failed` because it did not take them, `dropped` because too many waited.",
    ),
    counter("rate_limited_total", &["class"], "Requests refused because a bucket was empty."),
    counter("shed_total", &["class"], "Requests put off because the server had too much to do."),
    counter(
        "cache_lookups_total",
        &["class", "layer", "outcome"],
        "Look-ups of the cache, `hit` or `miss`, in `memory` or `redis`. Every 5 s.",
    ),
    counter(
        "stale_answers_total",
        &[],
        "Public reads that failed and were answered with the last good answer, marked with its age.",
    ),
    gauge(
        "circuit_breaker_state",
        &["of"],
        "0 closed, 1 half-open, 2 open. Of `redis` (cache), `stream` (Redis between instances), `database_POOL`, `venue_HOST`, `alerts_CHANNEL`, `otlp`.",
    ),
    counter(
        "alert_messages_total",
        &["channel", "outcome"],
        "Messages about alerts: `sent`, `failed`, `skipped` because the channel's breaker is open, or `told_elsewhere` by an instance with the same Redis.",
    ),
    gauge(
        "cpu_usage_percent",
        &[],
        "Processor time of this process over the last 5 s, 100 is all processors.",
    ),
    gauge("memory_usage_percent", &[], "Memory of the machine that is in use."),
    gauge(
        "process_memory_usage_bytes",
        &["type"],
        "Memory of this process: `rss` resident, `vms` virtual, `shared`, `anonymous`. Every 5 s.",
    ),
    gauge(
        "process_disk_bytes",
        &["direction"],
        "Bytes this process made the disk read or write since it started.",
    ),
    gauge(
        "network_bytes",
        &["direction"],
        "Bytes through all of the machine's network interfaces since it started.",
    ),
    gauge("process_open_files", &[], "Open file descriptors."),
    gauge(
        "runtime_lag_seconds",
        &[],
        "How late a task was woken that sleeps for a second. Sampled every second.",
    ),
    gauge("process_uptime_seconds", &[], "Since the start."),
];

/// Names that the product will have but that nothing records yet, with the reason.
pub const RESERVED: &[(&str, &str)] = &[];

/// Histograms whose values are recorded under a second name without labels.
pub(crate) const ALIASES: &[(&str, &str)] =
    &[("db_query_duration_seconds", "database_query_duration_seconds")];

/// The metric with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// The bounds of a histogram's buckets, in one list.
#[must_use]
pub fn bounds(buckets: &[Buckets]) -> Vec<f64> {
    buckets.iter().flat_map(|part| part.iter().copied()).collect()
}

/// The catalogue as a page: `docs/metrics.md`.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(
        "# Metrics\n\nGenerated from `crates/telemetry/src/catalogue.rs`; renew it with `TRADEWIND_RENEW=1 cargo test -p telemetry`.\n\n\
         `GET /metrics` on the platform's address gives all of them in Prometheus' text format, to programs on this machine (see \
         `monitoring.loopback` in [configuration.md](configuration.md)) and to administrators' tokens. A metric with labels has \
         values once there are some; until then its `# HELP` and `# TYPE` stand alone. Durations are in seconds.\n\n| metric | kind | labels | what it tells |\n|---|---|---|---|\n",
    );
    for metric in METRICS {
        let (kind, buckets) = match metric.kind {
            Kind::Counter => ("counter", String::new()),
            Kind::Gauge => ("gauge", String::new()),
            Kind::Histogram(buckets) => {
                let list: Vec<String> = bounds(buckets).iter().map(f64::to_string).collect();
                ("histogram", format!(" Buckets: {}.", list.join(" ")))
            }
        };
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        page.push_str(&format!(
            "| `{}` | {kind} | {} | {}{buckets} |\n",
            metric.name,
            labels.join(" "),
            metric.about
        ));
    }
    if !RESERVED.is_empty() {
        page.push_str("\n## Reserved names\n\nNothing records these yet.\n\n| metric | why |\n|---|---|\n");
    }
    for (name, why) in RESERVED {
        page.push_str(&format!("| `{name}` | {why} |\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_buckets_rise() {
        let mut names: Vec<_> = METRICS.iter().map(|m| m.name).chain(RESERVED.iter().map(|r| r.0)).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for metric in METRICS {
            if let Kind::Histogram(buckets) = metric.kind {
                let bounds = bounds(buckets);
                assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]), "{}", metric.name);
            }
            assert!(metric.about.ends_with('.'), "{}", metric.name);
        }
        assert!(ALIASES.iter().all(|(of, name)| find(of).is_some() && find(name).is_some()));
    }

    /// The contract's own buckets stand in the finer ones.
    #[test]
    fn the_promised_buckets_are_there() {
        let promises: [(&str, Vec<f64>); 3] = [
            ("http_request_duration_seconds", vec![0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0]),
            ("db_query_duration_seconds", vec![0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0]),
            ("trade_execution_duration_seconds", vec![0.1, 0.5, 1.0, 2.0, 5.0, 10.0]),
        ];
        for (name, promised) in promises {
            let Some(Metric { kind: Kind::Histogram(buckets), .. }) = find(name) else { panic!("{name}") };
            let bounds = bounds(buckets);
            assert!(promised.iter().all(|p| bounds.iter().any(|b| b.to_bits() == p.to_bits())), "{name}");
        }
    }

    #[test]
    fn the_committed_page_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
        let current = page();
        if std::env::var_os("TRADEWIND_RENEW").is_some() {
            std::fs::write(path, &current).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == current,
            "docs/metrics.md is not what the catalogue says; renew it (see this test)"
        );
    }
}
