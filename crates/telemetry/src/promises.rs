//! The promises: target, acceptable, and whether a measured value keeps them.

/// How a value stands to its promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// At the target or better.
    Met,
    /// Not at the target, but within what is acceptable.
    Acceptable,
    /// Worse than that.
    Missed,
    /// Nothing to judge by.
    NoData,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Better {
    Lower,
    Higher,
}

/// One promise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promise {
    /// A stable name.
    pub name: &'static str,
    /// Of the numbers.
    pub unit: &'static str,
    /// What is aimed at.
    pub target: f64,
    /// What is still acceptable.
    pub acceptable: f64,
    /// What it is about.
    pub about: &'static str,
    better: Better,
}

impl Promise {
    /// Whether a value keeps it. What is no number tells nothing.
    #[must_use]
    pub fn judge(&self, value: Option<f64>) -> Verdict {
        let Some(value) = value.filter(|value| value.is_finite()) else { return Verdict::NoData };
        let reaches = |bound: f64| match self.better {
            Better::Lower => value <= bound,
            Better::Higher => value >= bound,
        };
        if reaches(self.target) {
            Verdict::Met
        } else if reaches(self.acceptable) {
            Verdict::Acceptable
        } else {
            Verdict::Missed
        }
    }
}

const fn at_most(
    name: &'static str,
    unit: &'static str,
    (target, acceptable): (f64, f64),
    about: &'static str,
) -> Promise {
    Promise { name, unit, target, acceptable, about, better: Better::Lower }
}

const fn at_least(
    name: &'static str,
    unit: &'static str,
    (target, acceptable): (f64, f64),
    about: &'static str,
) -> Promise {
    Promise { name, unit, target, acceptable, about, better: Better::Higher }
}

/// All of them.
pub const PROMISES: &[Promise] = &[
    at_most("api_p50", "ms", (100.0, 100.0), "Answers of the API, median"),
    at_most("api_p95", "ms", (200.0, 500.0), "Answers of the API, 95th percentile"),
    at_most("api_p99", "ms", (1_000.0, 1_000.0), "Answers of the API, 99th percentile"),
    at_most(
        "market_data",
        "ms",
        (100.0, 200.0),
        "From a trade to its appearance in the stream, 95th percentile",
    ),
    at_most(
        "trade_execution",
        "ms",
        (500.0, 1_000.0),
        "An order's way to its durable outcome, 95th percentile",
    ),
    at_most("database_query", "ms", (50.0, 100.0), "One statement, 95th percentile"),
    at_most("websocket_delay", "ms", (10.0, 50.0), "From an event to a client's socket, 95th percentile"),
    at_most("error_rate", "%", (0.1, 0.1), "Answers with status 5xx"),
    at_most("memory", "MB", (512.0, 512.0), "Resident memory of the process"),
    at_most("cpu", "%", (50.0, 50.0), "Processor time of the process, all processors are 100"),
    at_most("pool_use", "%", (80.0, 80.0), "Database connections in use, of those a pool may have"),
    at_least("cache_hits", "%", (90.0, 90.0), "Look-ups that the cache answered"),
    at_most("prediction_p95", "ms", (200.0, 200.0), "One prediction, 95th percentile"),
    at_most("backtest_p95", "ms", (1_000.0, 1_000.0), "One back-test, 95th percentile"),
    at_most("training", "s", (60.0, 60.0), "One training, 95th percentile"),
    at_least(
        "uptime",
        "%",
        (99.9, 99.5),
        "Time in which it was ready, of the last 30 days without planned stops",
    ),
    at_least("users", "", (1_000.0, 500.0), "People at once; proved by load tests"),
    at_least("requests_per_second", "1/s", (10_000.0, 5_000.0), "Requests a second; proved by load tests"),
    at_least("data_points_per_day", "", (1_000_000.0, 500_000.0), "Data points a day; proved by load tests"),
];

/// The promise with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Promise> {
    PROMISES.iter().find(|promise| promise.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_at_the_bound_keeps_the_promise() {
        let p95 = find("api_p95").unwrap();
        for (value, verdict) in [
            (Some(200.0), Verdict::Met),
            (Some(200.1), Verdict::Acceptable),
            (Some(500.0), Verdict::Acceptable),
            (Some(500.1), Verdict::Missed),
            (None, Verdict::NoData),
            (Some(f64::NAN), Verdict::NoData),
        ] {
            assert_eq!(p95.judge(value), verdict, "{value:?}");
        }
        let uptime = find("uptime").unwrap();
        assert_eq!(uptime.judge(Some(99.9)), Verdict::Met);
        assert_eq!(uptime.judge(Some(99.6)), Verdict::Acceptable);
        assert_eq!(uptime.judge(Some(99.4)), Verdict::Missed);
    }
}
