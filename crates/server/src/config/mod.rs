//! The configuration: one typed structure, filled from flags, environment, file and defaults, in this order of
//! precedence. Works with no file. Unknown keys are errors.

mod alert_keys;
pub(crate) mod document;
mod foreign;
mod keys;
mod load;
mod readers;
pub(crate) mod reload;
mod suggest;

use std::net::SocketAddr;
use std::path::PathBuf;

use exchange_host::Durability;

pub(crate) use load::{Flags, Loaded, Source, Value};
#[cfg(test)]
pub(crate) use load::{Origin, load};
pub(crate) use readers::speed_percent;
pub(crate) use suggest::nearest as closest;

/// Everything that can be configured. The keys, their units and defaults stand in [`keys::KEYS`].
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) data_dir: PathBuf,
    /// True if nobody named the data directory.
    pub(crate) data_dir_is_default: bool,
    pub(crate) exchange: Exchange,
    pub(crate) api: Api,
    pub(crate) monitoring: Monitoring,
    /// `[limits]`
    pub(crate) limited: bool,
    /// `[cache]`
    pub(crate) cache: cache::Options,
    /// `[stream]`: what the rooms of indicators tell.
    pub(crate) stream_indicators: Vec<indicators::Settings>,
    pub(crate) stream_deflate_from: Option<usize>,
    /// `[stream]`: what other instances call this one.
    pub(crate) stream_instance: Option<types::VenueName>,
    /// `[telemetry]`: where traces are collected.
    pub(crate) otlp: Option<String>,
    pub(crate) store: Database,
    /// `[alerts]`
    pub(crate) alerts: notify::Settings,
    /// Whether alerts are published in the cache's Redis.
    pub(crate) publish_alerts: bool,
    /// `[history]`
    pub(crate) history: history::Retention,
    pub(crate) bots: Bots,
    /// `models.trainings`
    pub(crate) trainings: usize,
    pub(crate) paper: Paper,
    pub(crate) feed: Feed,
    pub(crate) research: Research,
    pub(crate) cluster: Cluster,
    pub(crate) log: Log,
}

/// `[exchange]`
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) addr: SocketAddr,
    pub(crate) allow_public: bool,
    pub(crate) durability: Durability,
    pub(crate) snapshot_every: u64,
    pub(crate) snapshots_kept: usize,
    pub(crate) participants: bool,
    pub(crate) participants_seed: u64,
    pub(crate) participants_speed_percent: u32,
    pub(crate) participants_past_minutes: u32,
    pub(crate) rate_limits: bool,
    pub(crate) connections_max: usize,
    pub(crate) connections_per_ip_max: usize,
}

/// `[api]`
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) addr: SocketAddr,
    /// True if nobody chose the address.
    pub(crate) addr_is_default: bool,
    pub(crate) docs: bool,
    pub(crate) frontend: Option<String>,
    pub(crate) connections_max: usize,
    pub(crate) connections_per_ip_max: usize,
    /// How long `/ready` says no before the server stops.
    pub(crate) drain_seconds: u64,
}

/// `[monitoring]`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Monitoring {
    pub(crate) loopback: bool,
}

/// `[store]`
#[derive(Clone)]
pub(crate) struct Database {
    /// `None`: a file in the data directory.
    pub(crate) url: Option<String>,
    /// A standby of PostgreSQL for long reads.
    pub(crate) replica: Option<String>,
    pub(crate) preset: store::PoolSize,
    /// 0: as the preset says. The same for the next two.
    pub(crate) pool_max: u32,
    pub(crate) pool_min: u32,
    pub(crate) pool_idle_seconds: u64,
}

impl Database {
    /// The requests' pool: the preset, changed where a number says so.
    pub(crate) fn pool(&self) -> store::PoolSize {
        let mut size = self.preset;
        if self.pool_max > 0 {
            (size.base, size.overflow) = (self.pool_max, 0);
        }
        if self.pool_min > 0 {
            size.min = self.pool_min;
        }
        size.min = size.min.min(size.max());
        size
    }
}

impl std::fmt::Debug for Database {
    /// The URL may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("pool", &self.pool()).finish_non_exhaustive()
    }
}

/// `[bots]`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bots {
    pub(crate) snapshot_every: u64,
    pub(crate) snapshots_kept: usize,
}

/// `[paper]`
#[derive(Clone, Debug)]
pub(crate) struct Paper {
    pub(crate) symbols: Vec<String>,
    pub(crate) speed_percent: u32,
}

/// `[feed]`
#[derive(Clone, Debug, Default)]
pub(crate) struct Feed {
    pub(crate) url: Option<String>,
    pub(crate) symbols: Vec<String>,
    pub(crate) rest_url: Option<String>,
    pub(crate) allow_remote: bool,
}

/// `[research]`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Research {
    /// Jobs beside each other.
    pub(crate) slots: usize,
}

/// `[cluster]` and `[gateway]`: what old deployments say about more than one instance.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    /// Threads; 0: one per processor.
    pub(crate) workers: usize,
    pub(crate) enabled: bool,
    pub(crate) scaling: bool,
    pub(crate) strategy: String,
}

impl Cluster {
    /// What is set here and has no effect, for people.
    pub(crate) fn idle(&self) -> Vec<&'static str> {
        let mut idle = Vec::new();
        if self.enabled {
            idle.push("cluster.enabled is accepted and has no effect: this version runs as one instance");
        }
        if self.scaling {
            idle.push("cluster.scaling is accepted and has no effect: this version runs as one instance");
        }
        if self.strategy != "none" {
            idle.push("gateway.strategy is accepted and has no effect: this version has no gateway yet");
        }
        idle
    }
}

/// `[log]`
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) filter: String,
    pub(crate) json: bool,
    /// `None`: standard error.
    pub(crate) file: Option<PathBuf>,
}

impl Config {
    /// Alerts' channels with what other sections say.
    pub(crate) fn alert_channels(&self) -> notify::Settings {
        let mut settings = self.alerts.clone();
        settings.redis = self.cache.redis.clone().filter(|_| self.publish_alerts);
        settings.redis_channel = format!("{}:alerts", self.cache.prefix);
        settings.agree = self.cache.redis.clone().map(|url| (url, self.cache.prefix.clone()));
        // Each judges itself: the memory of one is not that of the other, and nobody may be silent because the other has told of its own.
        if let Some(instance) = &self.stream_instance {
            settings.service = format!("{} ({instance})", settings.service);
        }
        settings
    }

    /// A structure to be filled by the defaults of every key.
    fn blank() -> Self {
        let addr = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            data_dir: PathBuf::new(),
            data_dir_is_default: false,
            exchange: Exchange {
                addr,
                allow_public: false,
                durability: Durability::Fsync,
                snapshot_every: 1,
                snapshots_kept: 1,
                participants: false,
                participants_seed: 0,
                participants_speed_percent: 0,
                participants_past_minutes: 0,
                rate_limits: true,
                connections_max: 1,
                connections_per_ip_max: 1,
            },
            api: Api {
                addr,
                addr_is_default: false,
                docs: true,
                frontend: None,
                connections_max: 1,
                connections_per_ip_max: 1,
                drain_seconds: 0,
            },
            monitoring: Monitoring { loopback: true },
            limited: true,
            cache: cache::Options::default(),
            stream_indicators: Vec::new(),
            stream_deflate_from: None,
            stream_instance: None,
            otlp: None,
            store: Database {
                url: None,
                replica: None,
                preset: store::PoolSize::MEDIUM,
                pool_max: 0,
                pool_min: 0,
                pool_idle_seconds: 0,
            },
            alerts: notify::Settings::default(),
            publish_alerts: true,
            history: history::Retention::default(),
            bots: Bots { snapshot_every: 1, snapshots_kept: 1 },
            trainings: 1,
            paper: Paper { symbols: Vec::new(), speed_percent: 100 },
            feed: Feed::default(),
            research: Research { slots: 1 },
            cluster: Cluster { workers: 0, enabled: false, scaling: false, strategy: "none".to_owned() },
            log: Log { filter: String::new(), json: false, file: None },
        }
    }
}
