//! The runbooks, compiled in: what to do about an alert can be read where nothing but the program is at hand.

/// A page of `docs/runbooks`.
macro_rules! page {
    ($name:literal) => {
        include_str!(concat!("../../../docs/runbooks/", $name, ".md"))
    };
}

/// The page of a rule (Markdown): what it means, what to look at, what to do.
#[must_use]
pub fn runbook(rule: &str) -> Option<&'static str> {
    Some(match rule {
        "CriticalMemoryUsage" => page!("CriticalMemoryUsage"),
        "FastBudgetBurn" => page!("FastBudgetBurn"),
        "HighAPILatency" => page!("HighAPILatency"),
        "HighCPUUsage" => page!("HighCPUUsage"),
        "HighErrorRate" => page!("HighErrorRate"),
        "HighMemoryUsage" => page!("HighMemoryUsage"),
        "LowCacheHitRate" => page!("LowCacheHitRate"),
        "MemoryGrowth" => page!("MemoryGrowth"),
        "PoolExhaustion" => page!("PoolExhaustion"),
        "RuntimeLag" => page!("RuntimeLag"),
        "SlowBudgetBurn" => page!("SlowBudgetBurn"),
        "SlowDatabaseQueries" => page!("SlowDatabaseQueries"),
        "SlowTradeExecution" => page!("SlowTradeExecution"),
        "VeryHighAPILatency" => page!("VeryHighAPILatency"),
        "VerySlowTradeExecution" => page!("VerySlowTradeExecution"),
        _ => return None,
    })
}
