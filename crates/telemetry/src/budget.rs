//! How fast the promises' budgets are spent: events and bad events by minute over the last six hours.
//!
//! Burn rate = share of bad events / share that may be bad; 1 spends a budget in the time it is for. The same table stands in the crate
//! `alerts` for Prometheus; a test of `server` holds them together. Memory: 6 KiB a promise.

/// What makes an event bad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bad {
    /// It took longer than this, seconds; one of the histogram's bounds.
    Slower(f64),
    /// It is an answer with status 5xx.
    Failed,
}

/// One promise's budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// The promise.
    pub promise: &'static str,
    /// The histogram that counts its events.
    pub metric: &'static str,
    /// Which of them are bad.
    pub bad: Bad,
    /// The share of them that may be bad, 0 to 1.
    pub share: f64,
}

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

/// How fast a budget is spent. Absent where there were too few events to tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burn {
    /// The promise.
    pub promise: &'static str,
    /// Over the last hour and the last five minutes: the lesser.
    pub fast: Option<f64>,
    /// Over the last six hours and the last thirty minutes: the lesser.
    pub slow: Option<f64>,
}

const MINUTES: usize = 361;
/// Events in the long window below which a rate tells nothing.
const EVENTS_MIN: u64 = 100;

#[derive(Clone, Copy, Debug, Default)]
struct Minute {
    /// Number of the minute since time 0, and one more: 0 is empty.
    at: u64,
    all: u32,
    bad: u32,
}

/// What was spent of all budgets.
#[derive(Debug)]
pub(crate) struct Spent {
    minutes: Vec<Vec<Minute>>,
}

impl Default for Spent {
    fn default() -> Self {
        Self { minutes: vec![vec![Minute::default(); MINUTES]; BUDGETS.len()] }
    }
}

impl Spent {
    /// One event of a histogram.
    pub(crate) fn record(&mut self, metric: &str, value: f64, failed: bool, now_s: u64) {
        for (budget, minutes) in BUDGETS.iter().zip(&mut self.minutes) {
            if budget.metric != metric {
                continue;
            }
            let at = now_s / 60 + 1;
            let place = usize::try_from(at % MINUTES as u64).unwrap_or(0);
            let minute = &mut minutes[place];
            if minute.at != at {
                *minute = Minute { at, ..Minute::default() };
            }
            let bad = match budget.bad {
                Bad::Slower(bound) => value > bound,
                Bad::Failed => failed,
            };
            minute.all = minute.all.saturating_add(1);
            minute.bad = minute.bad.saturating_add(u32::from(bad));
        }
    }

    /// How fast all budgets are spent.
    pub(crate) fn burns(&self, now_s: u64) -> Vec<Burn> {
        let of = |(budget, minutes): (&Budget, &Vec<Minute>)| {
            let rate = |window: u64| {
                let first = (now_s / 60 + 1).saturating_sub(window).max(1);
                let within = minutes.iter().filter(|minute| minute.at >= first);
                let (all, bad) =
                    within.fold((0, 0), |(all, bad), m| (all + u64::from(m.all), bad + u64::from(m.bad)));
                (all > 0).then(|| (all, bad as f64 / all as f64 / budget.share))
            };
            let lesser = |long: u64, short: u64| {
                let (count, long) = rate(long)?;
                let (_, short) = rate(short)?;
                (count >= EVENTS_MIN).then_some(long.min(short))
            };
            Burn { promise: budget.promise, fast: lesser(60, 5), slow: lesser(360, 30) }
        };
        BUDGETS.iter().zip(&self.minutes).map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Kind, bounds, find};

    fn burn(spent: &Spent, promise: &str, now_s: u64) -> Burn {
        spent.burns(now_s).into_iter().find(|burn| burn.promise == promise).unwrap()
    }

    #[test]
    fn a_budget_is_of_a_promise_and_its_bound_is_a_bucket() {
        for budget in BUDGETS {
            assert!(crate::promises::find(budget.promise).is_some(), "{}", budget.promise);
            let Some(Kind::Histogram(buckets)) = find(budget.metric).map(|m| m.kind) else {
                panic!("{}", budget.metric)
            };
            if let Bad::Slower(bound) = budget.bad {
                let is_one = bounds(buckets).iter().any(|b| b.to_bits() == bound.to_bits());
                assert!(is_one, "{}: {bound} is no bucket", budget.promise);
            }
        }
    }

    #[test]
    fn both_windows_must_agree() {
        let mut spent = Spent::default();
        // An hour in which one answer in ten fails: a hundred times the budget of one in a thousand.
        for s in 0..3_600 {
            spent.record("http_request_duration_seconds", 0.01, s % 10 == 0, s);
        }
        let now = burn(&spent, "error_rate", 3_599);
        assert!(now.fast.is_some_and(|fast| (fast - 100.0).abs() < 1.0), "{now:?}");
        assert!(now.slow.is_some_and(|slow| (slow - 100.0).abs() < 1.0), "{now:?}");
        assert_eq!(burn(&spent, "api_p95", 3_599).fast, Some(0.0), "they were quick");
        assert_eq!(burn(&spent, "trade_execution", 3_599).fast, None, "there were none");
        // Ten good minutes later it is over, though the hour was bad.
        for s in 3_600..4_200 {
            spent.record("http_request_duration_seconds", 0.01, false, s);
        }
        let later = burn(&spent, "error_rate", 4_199);
        assert_eq!(later.fast, Some(0.0));
        assert!(later.slow.is_some_and(|slow| slow > 50.0), "{later:?}");
        assert_eq!(
            burn(&spent, "error_rate", 4_200 + 6 * 3_600).slow,
            None,
            "six hours later nothing is known"
        );
    }

    #[test]
    fn a_few_events_tell_nothing() {
        let mut spent = Spent::default();
        (0..99).for_each(|s| spent.record("ws_delivery_delay_seconds", 1.0, false, s));
        assert_eq!(burn(&spent, "websocket_delay", 100).fast, None);
        spent.record("ws_delivery_delay_seconds", 1.0, false, 100);
        let all_bad = burn(&spent, "websocket_delay", 100).fast;
        assert!(all_bad.is_some_and(|burn| (burn - 20.0).abs() < 1e-9), "{all_bad:?}");
    }
}
