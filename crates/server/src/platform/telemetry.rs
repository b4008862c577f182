//! The process's telemetry: what is sampled every few seconds, and the port through which operators see it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::Broadcast;
use api::monitoring::{
    CacheClass, CacheNumbers, Durations, Monitoring, NoProfile, Performance, PromiseBody, RequestNumbers,
    Sampled, Sampling, StatementNumbers, SystemNumbers,
};
use bus::Envelope;
use bus::bots::{BotQuery, BotReply, Desk};
use cache::{Cache, Layer};
use http::Stop;
use store::Store;
use telemetry::machine::Look;
use telemetry::profile::{self, ProfileError};
use telemetry::promises::Verdict;
use telemetry::{Latency, Promised, Recent, System, Telemetry};
use tokio::time::MissedTickBehavior;

/// How often the machine is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often the runtime's lag is sampled, by a sleep of this length.
const LAG_EVERY: Duration = Duration::from_secs(1);
/// Look-ups within five seconds below which the hit rate is nobody's concern.
const BUSY_LOOK_UPS: u64 = 500;
/// What a connection of the stream takes (bench/README.md), bytes.
const CONNECTION_BYTES: u64 = 16 * 1024;
/// A lag that is said in the log.
const LAG_WARN: Duration = Duration::from_millis(100);

/// The port.
pub(crate) struct Measured {
    telemetry: Telemetry,
    cache: Arc<Cache>,
    told: Arc<Broadcast>,
    started: Instant,
    // Held for a copy.
    system: Mutex<System>,
    /// Hits and misses when the alerts were judged last. Held for a swap.
    judged: Mutex<(u64, u64)>,
}

impl Measured {
    pub(crate) fn new(telemetry: Telemetry, cache: Arc<Cache>, told: Arc<Broadcast>) -> Arc<Self> {
        Arc::new(Self {
            telemetry,
            cache,
            told,
            started: Instant::now(),
            system: Mutex::default(),
            judged: Mutex::default(),
        })
    }

    /// Samples until `stop`.
    pub(crate) fn start(self: &Arc<Self>, store: Store, bots: Desk, stop: Stop) {
        tokio::spawn(Arc::clone(self).look(store, bots, stop.clone()));
        tokio::spawn(Arc::clone(self).lag(stop));
    }

    fn note(&self, note: impl FnOnce(&mut System)) {
        note(&mut self.system.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Notes how much of the time the service was ready, percent.
    pub(super) fn note_uptime(&self, percent: Option<f64>) {
        self.note(|system| system.uptime_percent = percent);
    }

    /// What of this process' memory it knows the use of, the largest first, in bytes: what a leak is looked for in. The rest is the
    /// exchange, the journals' buffers and running jobs, and the allocator.
    pub(crate) fn consumers(&self) -> Vec<(String, u64)> {
        let counts = self.told.hub().counts();
        let entries: u64 = self.cache.lines().iter().map(|line| line.entries).sum();
        let connections = u64::try_from(counts.connections).unwrap_or(u64::MAX);
        let series = self.telemetry.prometheus();
        let lines = series.lines().filter(|line| !line.starts_with('#')).count();
        let mut all = vec![
            (format!("{entries} answers in the cache"), self.cache.len_bytes()),
            (
                format!("{connections} connections of the stream"),
                connections.saturating_mul(CONNECTION_BYTES),
            ),
            (format!("{lines} series of metrics"), u64::try_from(series.len()).unwrap_or(u64::MAX)),
        ];
        all.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        all
    }

    /// The last minutes, for alerts.
    pub(crate) fn recent(&self) -> Recent {
        self.telemetry.recent()
    }

    /// 95th percentiles by route, for alerts.
    pub(crate) fn routes(&self) -> Vec<(String, f64)> {
        self.telemetry.routes()
    }

    /// How fast the promises' budgets are spent, for alerts.
    pub(crate) fn burns(&self) -> Vec<telemetry::Burn> {
        self.telemetry.burns()
    }

    /// The cache's hit rate since the last call, percent; absent below [`BUSY_LOOK_UPS`], where a rate tells nothing.
    pub(crate) fn busy_hit_percent(&self) -> Option<f64> {
        let lines = self.cache.lines();
        let memory = lines.iter().filter(|line| line.layer == Layer::Memory);
        let now = memory.fold((0, 0), |(h, m), line| (h + line.hits, m + line.misses));
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *judged, now);
        let (hits, misses) = (now.0 - before.0, now.1 - before.1);
        rate(hits, misses).filter(|_| hits + misses >= BUSY_LOOK_UPS).map(|rate| rate * 100.0)
    }

    pub(crate) fn system(&self) -> System {
        let system = *self.system.lock().unwrap_or_else(PoisonError::into_inner);
        // The cache's own warming looks up, too: a rate of little more than that is no promise broken.
        let look_ups = Some(self.look_ups()).filter(|all| all.operations >= BUSY_LOOK_UPS);
        let cache_hit_percent = look_ups.and_then(|all| all.hit_rate).map(|rate| rate * 100.0);
        System { uptime_s: self.started.elapsed().as_secs(), cache_hit_percent, ..system }
    }

    /// All look-ups of the memory layer, which every one passes.
    fn look_ups(&self) -> CacheNumbers {
        let lines = self.cache.lines();
        let memory = lines.iter().filter(|line| line.layer == Layer::Memory);
        let (hits, misses) = memory.fold((0, 0), |(h, m), line| (h + line.hits, m + line.misses));
        CacheNumbers { hit_rate: rate(hits, misses), operations: hits + misses }
    }

    fn record_caches(&self) {
        for line in self.cache.lines() {
            for (outcome, count) in [("hit", line.hits), ("miss", line.misses)] {
                let labels =
                    [("class", line.class.word()), ("layer", line.layer.word()), ("outcome", outcome)];
                metrics::counter!("cache_lookups_total", &labels).absolute(count);
            }
        }
        if let Some(state) = self.cache.redis() {
            metrics::gauge!("circuit_breaker_state", "of" => "redis").set(f64::from(state.number()));
        }
    }

    async fn look(self: Arc<Self>, store: Store, bots: Desk, mut stop: Stop) {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before: Option<(Look, Instant)> = None;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.wait() => return,
            }
            // Small files, but files: not on the async threads.
            let Ok(look) = tokio::task::spawn_blocking(Look::now).await else { continue };
            let at = Instant::now();
            let cpu = before.and_then(|(last, since)| look.cpu_percent(&last, at - since, processors));
            before = Some((look, at));
            self.telemetry.upkeep();
            machine(&look, cpu);
            active_bots(&bots).await;
            self.record_caches();
            let pool_percent = pools(&store);
            self.note(|system| {
                system.memory_bytes = look.rss;
                system.memory_percent = look.memory_percent();
                system.cpu_percent = cpu.or(system.cpu_percent);
                system.pool_percent = pool_percent;
            });
            metrics::gauge!("process_uptime_seconds").set(self.started.elapsed().as_secs_f64());
            let report = self.telemetry.report(self.system());
            metrics::gauge!("http_requests_error_rate").set(report.requests.error_rate);
        }
    }

    /// A task that sleeps for a second is woken late when the threads have too much to do.
    async fn lag(self: Arc<Self>, mut stop: Stop) {
        loop {
            let asleep = Instant::now();
            tokio::select! {
                () = tokio::time::sleep(LAG_EVERY) => {}
                () = stop.wait() => return,
            }
            let lag = asleep.elapsed().saturating_sub(LAG_EVERY);
            metrics::gauge!("runtime_lag_seconds").set(lag.as_secs_f64());
            self.note(|system| system.runtime_lag_ms = Some(lag.as_secs_f64() * 1e3));
            if lag > LAG_WARN {
                tracing::warn!(ms = lag.as_millis(), "timers are late: the machine has too much to do");
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes beyond 2^53 are not worth a byte")]
fn machine(look: &Look, cpu: Option<f64>) {
    let gauge = |name: &'static str, label: Option<(&'static str, &'static str)>, value: Option<f64>| {
        let Some(value) = value else { return };
        match label {
            Some(label) => metrics::gauge!(name, &[label]).set(value),
            None => metrics::gauge!(name).set(value),
        }
    };
    let bytes = |value: Option<u64>| value.map(|value| value as f64);
    for (kind, value) in
        [("rss", look.rss), ("vms", look.vms), ("shared", look.shared), ("anonymous", look.anonymous)]
    {
        gauge("process_memory_usage_bytes", Some(("type", kind)), bytes(value));
    }
    gauge("cpu_usage_percent", None, cpu);
    gauge("memory_usage_percent", None, look.memory_percent());
    gauge("process_open_files", None, bytes(look.open_files));
    for (name, pair, words) in [
        ("process_disk_bytes", look.disk, ["read", "write"]),
        ("network_bytes", look.network, ["receive", "transmit"]),
    ] {
        gauge(name, Some(("direction", words[0])), bytes(pair.map(|pair| pair.0)));
        gauge(name, Some(("direction", words[1])), bytes(pair.map(|pair| pair.1)));
    }
}

/// Records how many bots run. A driver that has no time says it the next time.
async fn active_bots(bots: &Desk) {
    let listed = bots.queries.submit(Envelope::of_operator(BotQuery::List {})).await;
    if let Ok(BotReply::Bots(bots)) = listed.map(|accepted| accepted.outcome) {
        let running = bots.iter().filter(|bot| bot.state == "running").count();
        metrics::gauge!("active_trading_bots").set(f64::from(u32::try_from(running).unwrap_or(u32::MAX)));
    }
}

/// Records the pools; gives the fullest one's use in percent.
fn pools(store: &Store) -> Option<f64> {
    let samples = store.pools();
    let sum = |of: fn(&store::PoolSample) -> u32| samples.iter().map(|s| f64::from(of(s))).sum::<f64>();
    metrics::gauge!("database_pool_size").set(sum(|s| s.total));
    metrics::gauge!("database_pool_active_connections").set(sum(|s| s.active));
    metrics::gauge!("database_pool_idle_connections").set(sum(|s| s.idle));
    let used = samples.iter().filter(|s| s.max > 1).map(|s| f64::from(s.active) / f64::from(s.max) * 100.0);
    used.reduce(f64::max)
}

fn durations(latency: Latency) -> Durations {
    Durations { count: latency.count, p50: latency.p50, p95: latency.p95, p99: latency.p99 }
}

/// Share of hits, 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "a share of counts beyond 2^53 is as good")]
fn rate(hits: u64, misses: u64) -> Option<f64> {
    let all = hits + misses;
    (all > 0).then(|| hits as f64 / all as f64)
}

fn promise(promised: &Promised) -> PromiseBody {
    let Promised { name, unit, target, acceptable, value, verdict, about } = *promised;
    let verdict = match verdict {
        Verdict::Met => "met",
        Verdict::Acceptable => "acceptable",
        Verdict::Missed => "missed",
        Verdict::NoData => "no_data",
    };
    PromiseBody { name, unit, target, acceptable, value, verdict, about }
}

/// Stacks of this process while they are sampled.
struct Stacks(profile::Sampling);

impl Sampling for Stacks {
    fn end(self: Box<Self>) -> Result<Sampled, NoProfile> {
        let profile = self.0.end().map_err(|error| no_profile(&error))?;
        let samples = profile.samples();
        let title = format!("tradewind {}: {samples} samples of processor time", env!("CARGO_PKG_VERSION"));
        Ok(Sampled {
            rate: profile::RATE,
            samples,
            folded: profile.folded(),
            flame_graph: profile.flame_graph(&title),
        })
    }
}

fn no_profile(error: &ProfileError) -> NoProfile {
    match error {
        ProfileError::Running => NoProfile::Running,
        ProfileError::Unsampled(_) => NoProfile::Unsampled(error.to_string()),
    }
}

impl Monitoring for Measured {
    fn prometheus(&self) -> String {
        self.telemetry.prometheus()
    }

    fn performance(&self) -> Performance {
        let report = self.telemetry.report(self.system());
        let (requests, database, system) = (report.requests, report.database, report.system);
        Performance {
            requests: RequestNumbers {
                total: requests.total,
                recent: requests.recent,
                average: requests.average,
                p50: requests.p50,
                p95: requests.p95,
                p99: requests.p99,
                error_rate: requests.error_rate,
            },
            database: StatementNumbers {
                queries: database.queries,
                average: database.average,
                p95: database.p95,
                slow: database.slow,
            },
            cache: self.look_ups(),
            trades: durations(report.trades),
            market_data: durations(report.market_data),
            websocket: durations(report.websocket),
            system: SystemNumbers {
                memory_bytes: system.memory_bytes,
                memory_percent: system.memory_percent,
                cpu_percent: system.cpu_percent,
                runtime_lag_ms: system.runtime_lag_ms,
                pool_percent: system.pool_percent,
                uptime_s: system.uptime_s,
            },
            promises: report.promises.iter().map(promise).collect(),
        }
    }

    fn runtime_lag_ms(&self) -> u64 {
        let lag = self.system.lock().unwrap_or_else(PoisonError::into_inner).runtime_lag_ms;
        // Whole milliseconds are enough, and a lag is never negative.
        let lag = lag.and_then(|lag| Duration::try_from_secs_f64(lag / 1e3).ok()).unwrap_or_default();
        u64::try_from(lag.as_millis()).unwrap_or(u64::MAX)
    }

    fn sample(&self) -> Result<Box<dyn Sampling>, NoProfile> {
        profile::Sampling::begin()
            .map(|running| Box::new(Stacks(running)) as _)
            .map_err(|error| no_profile(&error))
    }

    fn caches(&self) -> Vec<CacheClass> {
        let class = |line: cache::Line| CacheClass {
            class: line.class.word(),
            layer: line.layer.word(),
            hits: line.hits,
            misses: line.misses,
            hit_rate: rate(line.hits, line.misses),
            entries: line.entries,
            capacity: if line.layer == Layer::Memory { line.class.capacity() } else { 0 },
        };
        self.cache.lines().into_iter().map(class).collect()
    }
}
