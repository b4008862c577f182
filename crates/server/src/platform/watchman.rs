//! The evaluator of the service's own alerts: reads the telemetry every few seconds, writes what fires and what clears into the tables
//! and the log, and tells the stream's room `alerts`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alerts::{Change, Evaluator, RULES, Readings, Rule, Severity, Signal};
use api::Broadcast;
use http::Stop;
use store::alerts::{Alert, AlertState};
use store::{AlertId, Store, StoreError, Ts};
use tokio::time::MissedTickBehavior;

use super::telemetry::Measured;

/// How often the rules are judged.
const EVERY: Duration = Duration::from_secs(5);
/// What the service's own alerts are about.
const SUBJECT: &str = "service";

/// Starts; ends with `stop`.
pub(super) fn start(measured: Arc<Measured>, store: Store, told: Arc<Broadcast>, stop: Stop) {
    tokio::spawn(Watchman { measured, store, told }.run(stop));
}

struct Watchman {
    measured: Arc<Measured>,
    store: Store,
    told: Arc<Broadcast>,
}

impl Watchman {
    async fn run(self, mut stop: Stop) {
        // What the last run left behind is over until it is found again.
        for rule in RULES {
            self.clear(rule).await;
        }
        let (begun, mut evaluator) = (Instant::now(), Evaluator::new());
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.wait() => return,
            }
            let now_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
            let (readings, memory) = self.read();
            for change in evaluator.step(now_ms, readings, memory) {
                match change {
                    Change::Fires { rule, value, tell } => self.fire(rule, value, tell).await,
                    Change::Clears { rule, tell } => {
                        if tell {
                            tracing::info!(alert = rule.name, "an alert is over");
                        }
                        self.clear(rule).await;
                    }
                }
            }
        }
    }

    fn read(&self) -> (Readings, Option<f64>) {
        let (recent, system) = (self.measured.recent(), self.measured.system());
        let mut readings = Readings::default();
        for (signal, value) in [
            (Signal::ApiP95, recent.api_p95_s),
            (Signal::ApiP99, recent.api_p99_s),
            (Signal::DatabaseP95, recent.database_p95_s),
            (Signal::TradeP95, recent.trade_p95_s),
            (Signal::ErrorRate, recent.error_percent),
            (Signal::Memory, system.memory_percent),
            (Signal::Cpu, system.cpu_percent),
            (Signal::Pool, system.pool_percent),
            (Signal::CacheHits, self.measured.busy_hit_percent()),
            (Signal::RuntimeLag, system.runtime_lag_ms.map(|ms| ms / 1e3)),
        ] {
            readings.set(signal, value);
        }
        #[expect(clippy::cast_precision_loss, reason = "bytes beyond 2^53 are not worth a byte")]
        let memory = system.memory_bytes.map(|bytes| bytes as f64);
        (readings, memory)
    }

    async fn fire(&self, rule: &'static Rule, value: f64, tell: bool) {
        if tell {
            tracing::warn!(alert = rule.name, severity = rule.severity.word(), value, "{}", rule.about);
        }
        let now = Ts::now();
        let alert = Alert {
            id: AlertId::new(),
            user_id: None,
            scope: String::new(),
            rule: rule.name.to_owned(),
            severity: severity(rule.severity),
            state: AlertState::Firing,
            subject: SUBJECT.to_owned(),
            message: format!("{} It is {value:.3}, the bound is {}.", rule.about, rule.threshold),
            detail: "{}".to_owned(),
            occurrences: 1,
            created_at: now,
            updated_at: now,
            resolved_at: None,
        };
        let row = alert.clone();
        let raised =
            self.store.write(move |tx| Box::pin(async move { store::alerts::raise(tx, &row).await })).await;
        match raised {
            Ok((id, _)) => self.told.alert(&Alert { id, ..alert }),
            Err(error) => unwritten(&error),
        }
    }

    async fn clear(&self, rule: &'static Rule) {
        let open = match store::alerts::open_of_all(&mut self.store.read(), 1_000).await {
            Ok(open) => open.into_iter().find(|alert| alert.user_id.is_none() && alert.rule == rule.name),
            Err(error) => return unwritten(&error),
        };
        let Some(open) = open else { return };
        let now = Ts::now();
        let resolved = self
            .store
            .write(move |tx| {
                Box::pin(async move { store::alerts::resolve(tx, None, rule.name, SUBJECT, now).await })
            })
            .await;
        match resolved {
            Ok(_) => self.told.alert(&Alert {
                state: AlertState::Resolved,
                updated_at: now,
                resolved_at: Some(now),
                ..open
            }),
            Err(error) => unwritten(&error),
        }
    }
}

/// The log has the alert in any case.
fn unwritten(error: &StoreError) {
    tracing::error!(%error, "an alert cannot be written to the tables");
}

const fn severity(severity: Severity) -> store::alerts::Severity {
    match severity {
        Severity::Low => store::alerts::Severity::Low,
        Severity::Medium => store::alerts::Severity::Medium,
        Severity::High => store::alerts::Severity::High,
        Severity::Critical => store::alerts::Severity::Critical,
    }
}
