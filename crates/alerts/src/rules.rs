//! The rules.

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For information.
    Low,
    /// Somebody should look.
    Medium,
    /// Somebody should look soon.
    High,
    /// Somebody must act now.
    Critical,
}

impl Severity {
    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of this name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High, Self::Critical].into_iter().find(|s| s.word() == word)
    }

    /// How long after it was told an alert is not told again, ms.
    #[must_use]
    pub const fn cool_down_ms(self) -> i64 {
        match self {
            Self::Low => 300_000,
            Self::Medium => 180_000,
            Self::High => 60_000,
            Self::Critical => 30_000,
        }
    }
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// 95th percentile of one route's answers over the last five minutes, seconds.
    RouteP95,
    /// 99th percentile of the API's answers, seconds.
    ApiP99,
    /// 95th percentile of statements, seconds.
    DatabaseP95,
    /// 95th percentile of an order's way, seconds.
    TradeP95,
    /// Answers with status 5xx, percent.
    ErrorRate,
    /// Memory of the machine in use, percent.
    Memory,
    /// Growth of the process's memory within five minutes, bytes.
    MemoryGrowth,
    /// Processor time of the process, percent.
    Cpu,
    /// Database connections in use, percent.
    Pool,
    /// Look-ups that the cache answered, percent.
    CacheHits,
    /// How late timers are, seconds.
    RuntimeLag,
    /// How many times too fast a promise's budget was spent, over the last hour and the last five minutes: the lesser.
    FastBurn,
    /// The same over the last six hours and the last thirty minutes.
    SlowBurn,
}

impl Signal {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::SlowBurn as usize + 1;
}

/// Which side of the threshold is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// More than it.
    Above,
    /// Less than it.
    Below,
}

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Its name; the runbook is `docs/runbooks/NAME.md`.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it looks at.
    pub signal: Signal,
    /// The label by which one rule is many alerts, like one per route.
    pub by: Option<&'static str>,
    /// Which side is wrong.
    pub comparison: Comparison,
    /// The bound.
    pub threshold: f64,
    /// How long it must hold, seconds.
    pub for_s: u32,
    /// In one sentence.
    pub about: &'static str,
    /// The same condition for Prometheus; empty where there is one per promise (see `budget.rs`).
    pub expr: &'static str,
}

impl Rule {
    /// The rule of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.name == name)
    }
}

const fn above(
    name: &'static str,
    severity: Severity,
    signal: Signal,
    (threshold, for_s): (f64, u32),
    about: &'static str,
    expr: &'static str,
) -> Rule {
    Rule { name, severity, signal, by: None, comparison: Comparison::Above, threshold, for_s, about, expr }
}

const fn by(label: &'static str, rule: Rule) -> Rule {
    Rule { by: Some(label), ..rule }
}

use Severity::{Critical, High, Medium};

/// All of them.
pub const RULES: &[Rule] = &[
    by(
        "route",
        above(
            "HighAPILatency",
            Medium,
            Signal::RouteP95,
            (0.5, 120),
            "One in twenty answers of a route takes more than half a second.",
            "sum by (route) (increase(http_request_duration_seconds_count[5m])) >= 20 and \
             histogram_quantile(0.95, sum by (route, le) (rate(http_request_duration_seconds_bucket[5m]))) > 0.5",
        ),
    ),
    above(
        "VeryHighAPILatency",
        High,
        Signal::ApiP99,
        (2.0, 120),
        "One in a hundred answers of the API takes more than two seconds.",
        "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 2",
    ),
    above(
        "SlowDatabaseQueries",
        Medium,
        Signal::DatabaseP95,
        (0.1, 60),
        "One in twenty statements of the database takes more than a tenth of a second.",
        "histogram_quantile(0.95, sum by (le) (rate(db_query_duration_seconds_bucket[5m]))) > 0.1",
    ),
    above(
        "SlowTradeExecution",
        Medium,
        Signal::TradeP95,
        (0.5, 60),
        "One in twenty orders takes more than half a second to its outcome.",
        "histogram_quantile(0.95, sum by (le) (rate(trade_execution_duration_seconds_bucket[5m]))) > 0.5",
    ),
    above(
        "VerySlowTradeExecution",
        Critical,
        Signal::TradeP95,
        (5.0, 60),
        "One in twenty orders takes more than five seconds to its outcome.",
        "histogram_quantile(0.95, sum by (le) (rate(trade_execution_duration_seconds_bucket[5m]))) > 5",
    ),
    above(
        "HighErrorRate",
        Critical,
        Signal::ErrorRate,
        (1.0, 60),
        "More than one answer in a hundred is a failure of ours.",
        "100 * sum(rate(http_request_duration_seconds_count{status_code=~\"5..\"}[5m])) / \
         sum(rate(http_request_duration_seconds_count[5m])) > 1",
    ),
    above(
        "HighMemoryUsage",
        Medium,
        Signal::Memory,
        (80.0, 300),
        "More than 80 % of the machine's memory is in use.",
        "memory_usage_percent > 80",
    ),
    above(
        "CriticalMemoryUsage",
        Critical,
        Signal::Memory,
        (90.0, 300),
        "More than 90 % of the machine's memory is in use.",
        "memory_usage_percent > 90",
    ),
    above(
        "MemoryGrowth",
        High,
        Signal::MemoryGrowth,
        (50e6, 300),
        "The process's memory has grown by more than 50 MB in five minutes, and goes on.",
        "delta(process_memory_usage_bytes{type=\"rss\"}[5m]) > 5e7",
    ),
    above(
        "HighCPUUsage",
        Medium,
        Signal::Cpu,
        (80.0, 300),
        "The process uses more than 80 % of all processors.",
        "cpu_usage_percent > 80",
    ),
    above(
        "PoolExhaustion",
        High,
        Signal::Pool,
        (90.0, 60),
        "More than 90 % of the database's connections are in use.",
        "100 * sum by (pool) (db_pool_connections{state=\"active\"}) / sum by (pool) (db_pool_connections{state=\"max\"}) > 90",
    ),
    Rule {
        name: "LowCacheHitRate",
        severity: Severity::Low,
        signal: Signal::CacheHits,
        by: None,
        comparison: Comparison::Below,
        threshold: 90.0,
        for_s: 600,
        about: "Fewer than nine of ten look-ups are answered by the cache, of more than a hundred a second.",
        expr: "sum(rate(cache_lookups_total{layer=\"memory\"}[5m])) > 100 and \
               100 * sum(rate(cache_lookups_total{layer=\"memory\",outcome=\"hit\"}[5m])) / \
               sum(rate(cache_lookups_total{layer=\"memory\"}[5m])) < 90",
    },
    above(
        "RuntimeLag",
        High,
        Signal::RuntimeLag,
        (0.25, 60),
        "Timers are more than a quarter of a second late: the machine has too much to do.",
        "runtime_lag_seconds > 0.25",
    ),
    by(
        "promise",
        above(
            "FastBudgetBurn",
            Critical,
            Signal::FastBurn,
            (14.4, 120),
            "A promise is being broken so often that a month's budget would be gone in two days.",
            "",
        ),
    ),
    by(
        "promise",
        above(
            "SlowBudgetBurn",
            High,
            Signal::SlowBurn,
            (6.0, 900),
            "A promise is being broken so often that a month's budget would be gone in five days.",
            "",
        ),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_named_once_and_has_a_runbook() {
        for (n, rule) in RULES.iter().enumerate() {
            assert!(RULES[n + 1..].iter().all(|other| other.name != rule.name), "{}", rule.name);
            assert!(rule.about.ends_with('.') && rule.for_s > 0);
            let page = crate::runbook(rule.name).unwrap_or_else(|| panic!("no runbook for {}", rule.name));
            assert!(page.starts_with(&format!("# {}\n", rule.name)), "{}", rule.name);
            for part in ["## What it means", "## What to look at", "## What to do"] {
                assert!(page.contains(part), "{} has no {part:?}", rule.name);
            }
        }
        assert!(crate::runbook("Nonsense").is_none());
    }
}
