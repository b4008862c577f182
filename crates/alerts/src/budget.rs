//! The promises whose breaking is counted: how many of the events may be bad, and how fast that budget may be spent.
//!
//! The method is the one of the Site Reliability Workbook, chapter 5 (multi-window, multi-burn-rate alerts): a burn rate of 1 spends a
//! month's budget in a month; 14.4 spends 2 % of it in an hour, 6 spends 5 % of it in six hours. A long window says that it matters, a
//! short one that it still lasts.

/// What makes an event bad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bad {
    /// It took longer than this bucket's bound, seconds.
    Slower(f64),
    /// It is an answer with status 5xx.
    Failed,
}

/// One promise's budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// The promise, as in `/api/monitoring/performance`.
    pub promise: &'static str,
    /// The histogram that counts its events.
    pub metric: &'static str,
    /// Which of them are bad.
    pub bad: Bad,
    /// The share of them that may be bad, 0 to 1.
    pub share: f64,
}

/// Events in the long window below which a rate tells nothing.
pub const EVENTS_MIN: u64 = 100;

const fn slower(promise: &'static str, metric: &'static str, bound_s: f64) -> Budget {
    // A 95th percentile is promised: one in twenty may be slower.
    Budget { promise, metric, bad: Bad::Slower(bound_s), share: 0.05 }
}

/// All of them.
pub const BUDGETS: &[Budget] = &[
    Budget { promise: "error_rate", metric: "http_request_duration_seconds", bad: Bad::Failed, share: 0.001 },
    slower("api_p95", "http_request_duration_seconds", 0.2),
    slower("database_query", "db_query_duration_seconds", 0.05),
    slower("trade_execution", "trade_execution_duration_seconds", 0.5),
    slower("market_data", "market_data_latency_seconds", 0.1),
    slower("websocket_delay", "ws_delivery_delay_seconds", 0.01),
];

impl Budget {
    /// The burn rate over a window in Prometheus' words.
    fn burn(&self, window: &str) -> String {
        let Self { metric, share, .. } = self;
        match self.bad {
            Bad::Failed => format!(
                "sum(rate({metric}_count{{status_code=~\"5..\"}}[{window}])) / sum(rate({metric}_count[{window}])) / {share}"
            ),
            Bad::Slower(bound) => format!(
                "(1 - sum(rate({metric}_bucket{{le=\"{bound}\"}}[{window}])) / sum(rate({metric}_count[{window}]))) / {share}"
            ),
        }
    }

    /// The condition for Prometheus: enough events, and both windows above the bound.
    #[must_use]
    pub fn expr(&self, (long, short): (&str, &str), bound: f64) -> String {
        let metric = self.metric;
        format!(
            "sum(increase({metric}_count[{long}])) >= {EVENTS_MIN} and {} > {bound} and {} > {bound}",
            self.burn(short),
            self.burn(long)
        )
    }
}
