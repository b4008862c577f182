//! The last hour in one piece: what `GET /api/monitoring/performance` and `tradewind status` show.

use std::sync::atomic::Ordering;

use serde::Serialize;

use crate::budget::Burn;
use crate::promises::{PROMISES, Promise, Verdict};
use crate::recorder::{Followed, Telemetry};
use crate::window::Summary;

/// Requests to the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Requests {
    /// Since the start.
    pub total: u64,
    /// In the last hour.
    pub recent: u64,
    /// Mean of the last hour, ms.
    pub average: f64,
    /// Median of the last hour, ms.
    pub p50: f64,
    /// 95th percentile of the last hour, ms.
    pub p95: f64,
    /// 99th percentile of the last hour, ms.
    pub p99: f64,
    /// Share of answers with status 5xx in the last hour, 0 to 1.
    pub error_rate: f64,
}

/// Statements of the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Database {
    /// In the last hour.
    pub queries: u64,
    /// Mean, ms.
    pub average: f64,
    /// 95th percentile, ms.
    pub p95: f64,
    /// Slow ones since the start.
    pub slow: u64,
}

/// Durations of one kind in the last hour, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Number.
    pub count: u64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// The process on its machine. What the system does not tell is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct System {
    /// Resident memory, bytes.
    pub memory_bytes: Option<u64>,
    /// Memory of the machine in use, percent.
    pub memory_percent: Option<f64>,
    /// Processor time over the last seconds, percent of all processors.
    pub cpu_percent: Option<f64>,
    /// How late the runtime's timers are, ms.
    pub runtime_lag_ms: Option<f64>,
    /// Database connections in use, percent of those that may be open.
    pub pool_percent: Option<f64>,
    /// Look-ups that the cache answered, percent.
    pub cache_hit_percent: Option<f64>,
    /// Seconds since the start.
    pub uptime_s: u64,
    /// Share of the last thirty days in which the service was ready, percent.
    pub uptime_percent: Option<f64>,
}

/// A promise and how it stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Promised {
    /// Which.
    pub name: &'static str,
    /// Unit of the numbers.
    pub unit: &'static str,
    /// What is aimed at.
    pub target: f64,
    /// What is still acceptable.
    pub acceptable: f64,
    /// What was measured.
    pub value: Option<f64>,
    /// How it stands.
    pub verdict: Verdict,
    /// What it is about.
    pub about: &'static str,
}

/// The last hour.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Requests to the API.
    pub requests: Requests,
    /// Statements of the database.
    pub database: Database,
    /// Orders.
    pub trades: Latency,
    /// From a trade to the stream.
    pub market_data: Latency,
    /// From an event to a client's socket.
    pub websocket: Latency,
    /// Questions to models.
    pub predictions: Latency,
    /// Back-tests that succeeded.
    pub backtests: Latency,
    /// Trainings that succeeded.
    pub trainings: Latency,
    /// The process.
    pub system: System,
    /// All promises.
    pub promises: Vec<Promised>,
}

/// What is going on now: the last five to ten minutes, in seconds and percent. Absent without values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recent {
    /// 99th percentile of the API's answers.
    pub api_p99_s: Option<f64>,
    /// 95th percentile of statements.
    pub database_p95_s: Option<f64>,
    /// 95th percentile of an order's way.
    pub trade_p95_s: Option<f64>,
    /// Answers with status 5xx, percent.
    pub error_percent: Option<f64>,
}

fn latency(summary: Summary) -> Latency {
    Latency { count: summary.count, p50: summary.p50_ms, p95: summary.p95_ms, p99: summary.p99_ms }
}

impl Telemetry {
    /// What is going on now.
    #[must_use]
    pub fn recent(&self) -> Recent {
        let followed = &*self.followed;
        let api = followed.recent(&followed.api);
        let known = |summary: &Summary, ms: f64| (summary.count > 0).then_some(ms / 1e3);
        let (database, trades) = (followed.recent(&followed.database), followed.recent(&followed.trades));
        let errors = followed.recent(&followed.errors).count;
        Recent {
            api_p99_s: known(&api, api.p99_ms),
            database_p95_s: known(&database, database.p95_ms),
            trade_p95_s: known(&trades, trades.p95_ms),
            error_percent: (api.count > 0).then(|| errors as f64 / api.count as f64 * 100.0),
        }
    }

    /// 95th percentile in seconds of each route that answered often enough in the last five minutes to tell.
    #[must_use]
    pub fn routes(&self) -> Vec<(String, f64)> {
        self.followed.routes().p95(self.followed.now_s())
    }

    /// How fast the promises' budgets are spent.
    #[must_use]
    pub fn burns(&self) -> Vec<Burn> {
        self.followed.spent().burns(self.followed.now_s())
    }

    /// The last hour, with what the caller knows of the process.
    #[must_use]
    pub fn report(&self, system: System) -> Report {
        let followed = &*self.followed;
        let api = followed.summary(&followed.api);
        let errors = followed.summary(&followed.errors).count;
        let statements = followed.summary(&followed.database);
        let error_rate = if api.count > 0 { errors as f64 / api.count as f64 } else { 0.0 };
        let mut report = Report {
            requests: Requests {
                total: Followed::total(&followed.api),
                recent: api.count,
                average: api.average_ms,
                p50: api.p50_ms,
                p95: api.p95_ms,
                p99: api.p99_ms,
                error_rate,
            },
            database: Database {
                queries: statements.count,
                average: statements.average_ms,
                p95: statements.p95_ms,
                slow: followed.slow_statements.load(Ordering::Relaxed),
            },
            trades: latency(followed.summary(&followed.trades)),
            market_data: latency(followed.summary(&followed.market_data)),
            websocket: latency(followed.summary(&followed.websocket)),
            predictions: latency(followed.summary(&followed.predictions)),
            backtests: latency(followed.summary(&followed.backtests)),
            trainings: latency(followed.summary(&followed.trainings)),
            system,
            promises: Vec::new(),
        };
        report.promises = PROMISES.iter().map(|promise| report.judge(promise)).collect();
        report
    }
}

impl Report {
    fn judge(&self, promise: &Promise) -> Promised {
        let value = self.value(promise.name);
        Promised {
            name: promise.name,
            unit: promise.unit,
            target: promise.target,
            acceptable: promise.acceptable,
            value,
            verdict: promise.judge(value),
            about: promise.about,
        }
    }

    /// What was measured for a promise.
    fn value(&self, name: &str) -> Option<f64> {
        let p95 = |latency: &Latency| (latency.count > 0).then_some(latency.p95);
        let requests = |value: f64| (self.requests.recent > 0).then_some(value);
        match name {
            "api_p50" => requests(self.requests.p50),
            "api_p95" => requests(self.requests.p95),
            "api_p99" => requests(self.requests.p99),
            "error_rate" => requests(self.requests.error_rate * 100.0),
            "market_data" => p95(&self.market_data),
            "trade_execution" => p95(&self.trades),
            "websocket_delay" => p95(&self.websocket),
            "prediction_p95" => p95(&self.predictions),
            "backtest_p95" => p95(&self.backtests),
            "training" => p95(&self.trainings).map(|ms| ms / 1e3),
            "uptime" => self.system.uptime_percent,
            "database_query" => (self.database.queries > 0).then_some(self.database.p95),
            "memory" => self.system.memory_bytes.map(|bytes| bytes as f64 / 1e6),
            "cpu" => self.system.cpu_percent,
            "pool_use" => self.system.pool_percent,
            "cache_hits" => self.system.cache_hit_percent,
            // How much it can serve is told by load tests, not by what it is asked.
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use metrics::with_local_recorder;

    use super::*;
    use crate::recorder;

    #[test]
    fn the_report_judges_what_was_measured_and_nothing_else() {
        let (recorder, telemetry) = recorder().unwrap();
        let verdict = |report: &Report, name: &str| {
            report.promises.iter().find(|p| p.name == name).map(|p| p.verdict).unwrap()
        };
        let empty = telemetry.report(System::default());
        assert_eq!(empty.promises.len(), PROMISES.len());
        assert!(empty.promises.iter().all(|p| p.verdict == Verdict::NoData), "{empty:?}");
        with_local_recorder(&recorder, || {
            for (status, seconds) in [("200", 0.3), ("500", 0.3)] {
                metrics::histogram!("http_request_duration_seconds", "method" => "GET", "route" => "/", "status_code" => status)
                    .record(seconds);
            }
            metrics::histogram!("trade_execution_duration_seconds", "exchange" => "local", "symbol" => "A", "side" => "buy")
                .record(0.004);
            metrics::histogram!("ws_delivery_delay_seconds").record(0.06);
            for (kind, seconds) in [("backtest", 0.4), ("training", 70.0), ("sweep", 500.0)] {
                metrics::histogram!("job_duration_seconds", "kind" => kind).record(seconds);
            }
        });
        let system = System { memory_bytes: Some(600_000_000), cpu_percent: Some(10.0), ..System::default() };
        let system = System { uptime_percent: Some(99.7), ..system };
        let report = telemetry.report(system);
        assert_eq!(verdict(&report, "api_p95"), Verdict::Acceptable);
        assert_eq!(verdict(&report, "error_rate"), Verdict::Missed, "half of two");
        assert_eq!(verdict(&report, "trade_execution"), Verdict::Met);
        assert_eq!(verdict(&report, "websocket_delay"), Verdict::Missed);
        assert_eq!(verdict(&report, "memory"), Verdict::Missed);
        assert_eq!(verdict(&report, "cpu"), Verdict::Met);
        assert_eq!(verdict(&report, "uptime"), Verdict::Acceptable);
        assert_eq!(verdict(&report, "backtest_p95"), Verdict::Met, "a sweep is no back-test");
        assert_eq!(verdict(&report, "training"), Verdict::Missed);
        assert_eq!(verdict(&report, "users"), Verdict::NoData);
        assert_eq!((report.requests.total, report.requests.recent), (2, 2));
    }
}
