//! What the process tells operators, as a port: `server` puts the telemetry behind it.

use serde::Serialize;
use utoipa::ToSchema;

/// Numbers of the process.
pub trait Monitoring: Send + Sync + 'static {
    /// All metrics in Prometheus' text format.
    fn prometheus(&self) -> String;
    /// How late the runtime's timers were last, ms. Cheap: asked with every request.
    fn runtime_lag_ms(&self) -> u64;
    /// The last hour.
    fn performance(&self) -> Performance;
    /// The caches, one entry per class and layer.
    fn caches(&self) -> Vec<CacheClass>;
    /// Begins to sample where processor time goes.
    ///
    /// # Errors
    /// [`NoProfile`].
    fn sample(&self) -> Result<Box<dyn Sampling>, NoProfile>;
}

/// A sampling that runs; dropping it stops it.
pub trait Sampling: Send {
    /// What was sampled since the beginning. Takes processor time: not for an async thread.
    ///
    /// # Errors
    /// [`NoProfile::Unsampled`].
    fn end(self: Box<Self>) -> Result<Sampled, NoProfile>;
}

/// Stacks sampled by processor time.
#[derive(Clone, Debug, Default)]
pub struct Sampled {
    /// Samples a second of processor time.
    pub rate: u32,
    /// How many were taken.
    pub samples: u64,
    /// One stack a line, frames parted by semicolons, then how often it was met.
    pub folded: String,
    /// A flame graph as SVG.
    pub flame_graph: String,
}

/// Why nothing was sampled.
#[derive(Debug, thiserror::Error)]
pub enum NoProfile {
    /// Somebody else samples.
    #[error("the service is being sampled already; ask again when that has ended")]
    Running,
    /// The system gave no timer, or stacks could not be read.
    #[error("{0}")]
    Unsampled(String),
}

/// The last hour. Durations are in ms.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Performance {
    /// Requests to the API.
    pub requests: RequestNumbers,
    /// Statements of the database.
    pub database: StatementNumbers,
    /// All caches together.
    pub cache: CacheNumbers,
    /// Orders, from recorded to their durable outcome.
    pub trades: Durations,
    /// From a trade to the live stream.
    pub market_data: Durations,
    /// From an event to a client's socket.
    pub websocket: Durations,
    /// The process on its machine.
    pub system: SystemNumbers,
    /// What the product promises, and how that stands.
    pub promises: Vec<PromiseBody>,
}

/// Requests to the API.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct RequestNumbers {
    /// Since the start.
    pub total: u64,
    /// In the last hour.
    pub recent: u64,
    /// Mean.
    pub average: f64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Share of answers with status 5xx, 0 to 1.
    pub error_rate: f64,
}

/// Statements of the database.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct StatementNumbers {
    /// In the last hour.
    pub queries: u64,
    /// Mean.
    pub average: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Slow ones since the start.
    pub slow: u64,
}

/// Look-ups in caches.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct CacheNumbers {
    /// Share answered by a cache, 0 to 1; absent before the first look-up.
    pub hit_rate: Option<f64>,
    /// Look-ups since the start.
    pub operations: u64,
}

/// Durations of one kind in the last hour.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Durations {
    /// Number.
    pub count: u64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// The process on its machine; what the system does not tell is absent.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct SystemNumbers {
    /// Resident memory, bytes.
    pub memory_bytes: Option<u64>,
    /// Memory of the machine in use, percent.
    pub memory_percent: Option<f64>,
    /// Processor time, percent of all processors.
    pub cpu_percent: Option<f64>,
    /// How late timers are, ms.
    pub runtime_lag_ms: Option<f64>,
    /// Database connections in use, percent.
    pub pool_percent: Option<f64>,
    /// Seconds since the start.
    pub uptime_s: u64,
}

/// A promise and how it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Promise)]
pub struct PromiseBody {
    /// Which.
    pub name: &'static str,
    /// Unit of the numbers.
    pub unit: &'static str,
    /// What is aimed at.
    pub target: f64,
    /// What is still acceptable.
    pub acceptable: f64,
    /// What was measured; absent when nothing in this process can tell.
    pub value: Option<f64>,
    /// `met`, `acceptable`, `missed` or `no_data`.
    pub verdict: &'static str,
    /// What it is about.
    pub about: &'static str,
}

/// One class of one layer of the cache.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CacheClass {
    /// What is kept.
    pub class: &'static str,
    /// `memory` or `redis`.
    pub layer: &'static str,
    /// Look-ups answered.
    pub hits: u64,
    /// Look-ups passed on.
    pub misses: u64,
    /// Share answered, 0 to 1; absent before the first look-up.
    pub hit_rate: Option<f64>,
    /// Entries now, about.
    pub entries: u64,
    /// Most entries; 0 where another program decides.
    pub capacity: u64,
}
