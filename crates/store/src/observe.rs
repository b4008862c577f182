//! What the store tells about itself: counters and latencies for the `metrics` facade, slow statements, statements per
//! request.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::limits::{SLOW, SLOW_KINDS_MAX, SQL_SHOWN_MAX};
use crate::statement::{masked, shape};

tokio::task_local! {
    /// Counts the statements of the request that runs in this task.
    static STATEMENTS: Arc<AtomicU64>;
}

/// A statement that was slow at least once.
#[derive(Clone, Debug, Serialize)]
pub struct SlowStatement {
    /// Its text, masked and cut.
    pub sql: String,
    /// How often it was slow.
    pub count: u64,
    /// The longest, in milliseconds.
    pub longest_ms: u64,
    /// All slow ones together, in milliseconds.
    pub total_ms: u64,
}

/// Counters of one store.
#[derive(Debug, Default)]
pub(crate) struct Observe {
    /// Rarely locked (only by slow statements and reports), never across an await.
    slow: Mutex<BTreeMap<String, SlowStatement>>,
    pub(crate) slow_total: AtomicU64,
    pub(crate) statements: AtomicU64,
    /// Transactions carried out, and commits that made them durable (fewer on SQLite: group commit).
    pub(crate) transactions: AtomicU64,
    pub(crate) commits: AtomicU64,
}

impl Observe {
    /// One statement is done.
    pub(crate) fn statement(&self, text: &str, started: Instant, failed: bool) {
        let took = started.elapsed();
        self.statements.fetch_add(1, Ordering::Relaxed);
        let _ = STATEMENTS.try_with(|count| count.fetch_add(1, Ordering::Relaxed));
        let shape = shape(text);
        let labels = [("query_type", shape.kind.to_owned()), ("table", shape.table.to_owned())];
        metrics::histogram!("db_query_duration_seconds", &labels).record(took.as_secs_f64());
        metrics::counter!("db_queries_total", &labels).increment(1);
        if failed {
            metrics::counter!("db_query_errors_total", &labels).increment(1);
        }
        if took >= SLOW {
            self.slow(text, took);
        }
    }

    fn slow(&self, text: &str, took: Duration) {
        let shown = masked(text, SQL_SHOWN_MAX);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(target: "store::slow", ms, sql = shown, "slow statement");
        metrics::counter!("db_slow_queries_total").increment(1);
        self.slow_total.fetch_add(1, Ordering::Relaxed);
        let mut slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        if slow.len() >= SLOW_KINDS_MAX && !slow.contains_key(&shown) {
            return;
        }
        let entry = slow.entry(shown.clone()).or_insert(SlowStatement {
            sql: shown,
            count: 0,
            longest_ms: 0,
            total_ms: 0,
        });
        entry.count += 1;
        entry.longest_ms = entry.longest_ms.max(ms);
        entry.total_ms = entry.total_ms.saturating_add(ms);
    }

    /// The slow statements, the costliest first.
    pub(crate) fn slow_statements(&self) -> Vec<SlowStatement> {
        let slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<SlowStatement> = slow.values().cloned().collect();
        list.sort_by_key(|statement| std::cmp::Reverse(statement.total_ms));
        list
    }
}

/// Runs `future` and tells how many statements it made, also those of its writes. For tests and tracing: a page must
/// not make a statement per row.
pub async fn counted<F: Future>(future: F) -> (F::Output, u64) {
    let count = Arc::new(AtomicU64::new(0));
    let output = STATEMENTS.scope(Arc::clone(&count), future).await;
    (output, count.load(Ordering::Relaxed))
}

/// The counter of the running request, to take along to another task.
pub(crate) fn counter() -> Option<Arc<AtomicU64>> {
    STATEMENTS.try_with(Arc::clone).ok()
}

/// Runs `future` under a counter that came along.
pub(crate) async fn under<F: Future>(counter: Option<Arc<AtomicU64>>, future: F) -> F::Output {
    match counter {
        Some(counter) => STATEMENTS.scope(counter, future).await,
        None => future.await,
    }
}

/// How many wait for something (sqlx does not count them).
#[derive(Debug, Default)]
pub(crate) struct Waiting(AtomicUsize);

impl Waiting {
    /// Counts the caller as waiting until the guard is gone.
    pub(crate) fn enter(&self) -> WaitingGuard<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        WaitingGuard(self)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// See [`Waiting::enter`].
pub(crate) struct WaitingGuard<'w>(&'w Waiting);

impl Drop for WaitingGuard<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
