//! The evaluator of the service's own alerts: reads the telemetry every few seconds, writes what fires and what clears into the tables,
//! tells the stream's room `alerts`, and hands what people are to be told to the channels.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::alerts::{Change, Evaluator, Herald, News, Quiet, Readings, Rule, Severity, Signal};
use api::{AlertDetail, Broadcast};
use http::Stop;
use notify::{Entry, Message};
use store::alerts::{Alert, AlertState};
use store::{AlertId, Store, StoreError, Ts};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::MissedTickBehavior;

use super::alerting::Alerts;
use super::telemetry::Measured;

/// How often the rules are judged.
const EVERY: Duration = Duration::from_secs(5);
/// What an alert of the whole service is about.
const SUBJECT: &str = "service";
/// Open alerts looked at.
const OPEN_MAX: u32 = 1_000;
/// Messages that wait for slow channels; more are logged and dropped.
const MESSAGES_MAX: usize = 64;

/// Starts; ends with `stop`.
pub(super) fn start(
    measured: Arc<Measured>,
    store: Store,
    told: Arc<Broadcast>,
    alerts: Arc<Alerts>,
    stop: Stop,
) {
    let (messages, mut waiting) = mpsc::channel::<Message>(MESSAGES_MAX);
    let notifier = Arc::clone(alerts.notifier());
    // A channel that is away holds up the messages behind, not the judging of the rules.
    tokio::spawn(async move {
        while let Some(message) = waiting.recv().await {
            notifier.tell(&message).await;
        }
    });
    let looked = Arc::clone(&measured);
    let watchman =
        Watchman::new(store, told, alerts, messages, Box::new(move || largest(&looked.consumers())));
    tokio::spawn(watchman.run(measured, stop));
}

struct Watchman {
    store: Store,
    told: Arc<Broadcast>,
    alerts: Arc<Alerts>,
    messages: mpsc::Sender<Message>,
    evaluator: Evaluator,
    herald: Herald,
    /// What uses most of the process' memory, in words.
    largest: Largest,
}

type Largest = Box<dyn Fn() -> String + Send + Sync>;

impl Watchman {
    fn new(
        store: Store,
        told: Arc<Broadcast>,
        alerts: Arc<Alerts>,
        messages: mpsc::Sender<Message>,
        largest: Largest,
    ) -> Self {
        let (evaluator, herald) = (Evaluator::new(), Herald::default());
        Self { store, told, alerts, messages, evaluator, herald, largest }
    }

    /// What a rule is about, and of a growing process what it is that may grow.
    fn about(&self, rule: &Rule) -> String {
        match rule.signal {
            Signal::MemoryGrowth => format!("{} Known of it: {}.", rule.about, (self.largest)()),
            _ => rule.about.to_owned(),
        }
    }

    fn entry(&self, news: &News) -> Entry {
        let rule = news.rule;
        let labels: BTreeMap<_, _> =
            rule.by.map(|label| (label.to_owned(), news.subject.clone())).into_iter().collect();
        Entry {
            rule: rule.name.to_owned(),
            severity: rule.severity,
            labels: labels.into_iter().collect(),
            value: news.value,
            threshold: rule.threshold,
            summary: if news.firing { self.about(rule) } else { rule.about.to_owned() },
            firing: news.firing,
            again: news.again,
        }
    }

    async fn run(mut self, measured: Arc<Measured>, mut stop: Stop) {
        self.begin().await;
        self.alerts.stand(self.evaluator.standings());
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.wait() => return,
            }
            let now_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
            let (readings, memory) = read(&measured);
            self.judge(now_ms, readings, memory).await;
        }
    }

    /// What the last run left behind is over until it is found again.
    async fn begin(&self) {
        match store::alerts::open_of_all(&mut self.store.read(), OPEN_MAX).await {
            Ok(open) => {
                for alert in open.into_iter().filter(|alert| alert.user_id.is_none()) {
                    self.resolve(alert).await;
                }
            }
            Err(error) => unwritten(&error),
        }
    }

    /// One look at the service.
    async fn judge(&mut self, now_ms: i64, readings: Readings, memory: Option<f64>) {
        let changes = self.evaluator.step(now_ms, readings, memory);
        self.alerts.stand(self.evaluator.standings());
        for change in &changes {
            match change {
                Change::Fires { rule, subject, value } => self.fire(rule, subject, *value).await,
                Change::Clears { rule, subject, .. } => self.clear(rule, subject).await,
            }
        }
        if changes.is_empty() && self.herald.is_idle() {
            return;
        }
        let hush = self.hush().await;
        let news = self.herald.step(now_ms, &changes, |rule, subject| hush.of(rule, subject));
        if !news.is_empty() {
            self.tell(&news);
        }
    }

    /// What people want to hear nothing of. A database that is away hides nothing.
    async fn hush(&self) -> Hush {
        let mut hush = Hush::default();
        match store::silences::active_of_all(&mut self.store.read(), Ts::now()).await {
            Ok(silences) => hush.rules = silences.into_iter().map(|silence| silence.rule).collect(),
            Err(error) => unwritten(&error),
        }
        match store::alerts::open_of_all(&mut self.store.read(), OPEN_MAX).await {
            Ok(open) => {
                let known = open.into_iter().filter(|alert| alert.state == AlertState::Acknowledged);
                hush.known = known.map(|alert| (alert.rule, alert.subject)).collect();
            }
            Err(error) => unwritten(&error),
        }
        hush
    }

    fn tell(&self, news: &[News]) {
        let message = Message {
            service: self.alerts.service().to_owned(),
            at: api::wire::rfc3339(Ts::now().time()),
            entries: news.iter().map(|news| self.entry(news)).collect(),
        };
        if let Err(TrySendError::Full(message)) = self.messages.try_send(message) {
            tracing::error!(
                alerts = message.subject(),
                "people are not told: too many messages wait for the channels"
            );
        }
    }

    async fn fire(&self, rule: &'static Rule, subject: &str, value: f64) {
        let now = Ts::now();
        let detail = AlertDetail {
            value: Some(value),
            threshold: Some(rule.threshold),
            labels: rule.by.map(|label| (label.to_owned(), subject.to_owned())).into_iter().collect(),
        };
        let alert = Alert {
            id: AlertId::new(),
            user_id: None,
            scope: String::new(),
            rule: rule.name.to_owned(),
            severity: severity(rule.severity),
            state: AlertState::Firing,
            subject: kept(subject).to_owned(),
            message: format!("{} It is {value:.3}, the bound is {}.", self.about(rule), rule.threshold),
            detail: serde_json::to_string(&detail).unwrap_or_default(),
            occurrences: 1,
            created_at: now,
            updated_at: now,
            resolved_at: None,
            acknowledged_by: None,
            acknowledged_at: None,
        };
        let row = alert.clone();
        let raised =
            self.store.write(move |tx| Box::pin(async move { store::alerts::raise(tx, &row).await })).await;
        match raised {
            Ok((id, _)) => self.told.alert(&Alert { id, ..alert }),
            Err(error) => unwritten(&error),
        }
    }

    async fn clear(&self, rule: &'static Rule, subject: &str) {
        let open = match store::alerts::open_of_all(&mut self.store.read(), OPEN_MAX).await {
            Ok(open) => open.into_iter().find(|alert| {
                alert.user_id.is_none() && alert.rule == rule.name && alert.subject == kept(subject)
            }),
            Err(error) => return unwritten(&error),
        };
        if let Some(open) = open {
            self.resolve(open).await;
        }
    }

    async fn resolve(&self, open: Alert) {
        let (now, rule, subject) = (Ts::now(), open.rule.clone(), open.subject.clone());
        let resolved = self
            .store
            .write(move |tx| {
                Box::pin(async move { store::alerts::resolve(tx, None, &rule, &subject, now).await })
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

/// What people want to hear nothing of.
#[derive(Debug, Default)]
struct Hush {
    rules: Vec<String>,
    known: Vec<(String, String)>,
}

impl Hush {
    fn of(&self, rule: &Rule, subject: &str) -> Quiet {
        if self.rules.iter().any(|silenced| silenced == "*" || silenced == rule.name) {
            Quiet::Silenced
        } else if self.known.iter().any(|(known, of)| known == rule.name && of == kept(subject)) {
            Quiet::Acknowledged
        } else {
            Quiet::No
        }
    }
}

fn read(measured: &Measured) -> (Readings, Option<f64>) {
    let (recent, system) = (measured.recent(), measured.system());
    let mut readings = Readings::default();
    for (signal, value) in [
        (Signal::ApiP99, recent.api_p99_s),
        (Signal::DatabaseP95, recent.database_p95_s),
        (Signal::TradeP95, recent.trade_p95_s),
        (Signal::ErrorRate, recent.error_percent),
        (Signal::Memory, system.memory_percent),
        (Signal::Cpu, system.cpu_percent),
        (Signal::Pool, system.pool_percent),
        (Signal::CacheHits, measured.busy_hit_percent()),
        (Signal::RuntimeLag, system.runtime_lag_ms.map(|ms| ms / 1e3)),
    ] {
        readings.set(signal, value);
    }
    for (route, p95) in measured.routes() {
        readings.set_of(Signal::RouteP95, &route, p95);
    }
    for burn in measured.burns() {
        for (signal, rate) in [(Signal::FastBurn, burn.fast), (Signal::SlowBurn, burn.slow)] {
            rate.into_iter().for_each(|rate| readings.set_of(signal, burn.promise, rate));
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "bytes beyond 2^53 are not worth a byte")]
    let memory = system.memory_bytes.map(|bytes| bytes as f64);
    (readings, memory)
}

/// The subject as it is kept: there is always one.
fn kept(subject: &str) -> &str {
    if subject.is_empty() { SUBJECT } else { subject }
}

/// The largest consumers of memory in a few words.
fn largest(consumers: &[(String, u64)]) -> String {
    #[expect(clippy::cast_precision_loss, reason = "bytes beyond 2^53 are not worth a byte")]
    let words = consumers.iter().map(|(name, bytes)| format!("{name} {:.1} MB", *bytes as f64 / 1e6));
    words.collect::<Vec<_>>().join(", ")
}

/// The channels tell in any case.
fn unwritten(error: &StoreError) {
    tracing::error!(%error, "the tables of alerts cannot be read or written");
}

const fn severity(severity: Severity) -> store::alerts::Severity {
    match severity {
        Severity::Low => store::alerts::Severity::Low,
        Severity::Medium => store::alerts::Severity::Medium,
        Severity::High => store::alerts::Severity::High,
        Severity::Critical => store::alerts::Severity::Critical,
    }
}

#[cfg(test)]
#[path = "watchman_tests.rs"]
mod tests;
