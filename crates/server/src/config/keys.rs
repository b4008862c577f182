//! The keys of the configuration: name, unit, default, meaning, and how a text becomes the typed value.
//!
//! The reference `docs/configuration.md` is generated from this table and pinned by a test.

use std::net::SocketAddr;

use exchange_host::participants::PAST_MINUTES_MAX;

use super::Config;
use super::alert_keys::ALERTS;
use super::readers::{
    absolute_file, address, collector, deflate_from, durability, filter, instance, live_indicators, origin,
    paper_percent, parse, prefix, put, range, redis_database, redis_url, replica_url, speed_percent,
    store_url, symbols, with_database, word,
};

/// One key.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    /// Dotted name: section and key of the TOML file.
    pub(crate) name: &'static str,
    /// What its values are.
    pub(crate) unit: &'static str,
    /// The default as text; empty for the data directory, which depends on the user.
    pub(crate) default: &'static str,
    /// The flag of `tradewind serve` that sets it.
    pub(crate) flag: Option<&'static str>,
    /// What it does.
    pub(crate) about: &'static str,
    /// Reads a value.
    pub(crate) set: fn(&mut Config, &str) -> Result<(), String>,
}

/// Highest speed of the simulated market, in times of normal.
pub(crate) const SPEED_MAX: u32 = 1_000;
/// Most connections that can be configured: more than the open files that one process may have.
const CONNECTIONS_MAX: usize = 100_000;
/// Most snapshots kept: each is as large as the whole state.
const SNAPSHOTS_MAX: usize = 100;

/// All keys, in the order of the reference.
pub(crate) const KEYS: &[Key] = &joined::<{ BASE.len() + ALERTS.len() }>(BASE, ALERTS);

/// Two lists as one.
const fn joined<const N: usize>(first: &[Key], second: &[Key]) -> [Key; N] {
    let mut all = [first[0]; N];
    let mut n = 0;
    while n < N {
        all[n] = if n < first.len() { first[n] } else { second[n - first.len()] };
        n += 1;
    }
    all
}

const BASE: &[Key] = &[
    Key {
        name: "data_dir",
        unit: "folder",
        default: "",
        flag: Some("--data-dir"),
        about: "Everything the program writes lies here. One running server per folder.",
        set: |config, text| {
            config.data_dir = text.into();
            if text.is_empty() { Err("is empty".into()) } else { Ok(()) }
        },
    },
    Key {
        name: "exchange.addr",
        unit: "IP address and port",
        default: "127.0.0.1:8081",
        flag: Some("--exchange-addr"),
        about: "Where the exchange listens. Port 0 takes a free one, which is printed.",
        set: |config, text| {
            put(&mut config.exchange.addr, parse::<SocketAddr>(text, "an address like 127.0.0.1:8081"))
        },
    },
    Key {
        name: "exchange.allow_public",
        unit: "true or false",
        default: "false",
        flag: Some("--allow-public"),
        about: "Allows an address that other machines can reach. There is no TLS here: put a reverse proxy in front.",
        set: |config, text| put(&mut config.exchange.allow_public, parse(text, "true or false")),
    },
    Key {
        name: "exchange.durability",
        unit: "fsync or buffered",
        default: "fsync",
        flag: Some("--durability"),
        about: "When a command counts as accepted: after fdatasync (survives a power cut) or after write (survives the \
                end of the process, not of the machine).",
        set: |config, text| put(&mut config.exchange.durability, durability(text)),
    },
    Key {
        name: "exchange.snapshot_every",
        unit: "commands, 1000 or more",
        default: "500000",
        flag: None,
        about: "A snapshot of the whole state is written after so many commands. Fewer: quicker restart, more writing.",
        set: |config, text| put(&mut config.exchange.snapshot_every, range(text, 1_000, u64::MAX)),
    },
    Key {
        name: "exchange.snapshots_kept",
        unit: "snapshots, 1 to 100",
        default: "2",
        flag: None,
        about: "So many snapshots, and the journal since the oldest of them, are kept. `exchange verify` starts there.",
        set: |config, text| put(&mut config.exchange.snapshots_kept, range(text, 1, SNAPSHOTS_MAX)),
    },
    Key {
        name: "exchange.participants",
        unit: "true or false",
        default: "true",
        flag: Some("--no-participants"),
        about: "Simulated market makers and takers keep the markets alive. Without them the exchange is empty and silent.",
        set: |config, text| put(&mut config.exchange.participants, parse(text, "true or false")),
    },
    Key {
        name: "exchange.participants_seed",
        unit: "whole number",
        default: "1",
        flag: Some("--participants-seed"),
        about: "Same seed, same market. Takes effect when a data directory is first used.",
        set: |config, text| put(&mut config.exchange.participants_seed, range(text, 0, u64::MAX)),
    },
    Key {
        name: "exchange.participants_speed",
        unit: "times normal, 0 to 1000, two decimals",
        default: "1",
        flag: Some("--participants-speed"),
        about: "How fast the simulated market lives; 0 halts it. `tradewind exchange speed` changes it while it runs.",
        set: |config, text| put(&mut config.exchange.participants_speed_percent, speed_percent(text)),
    },
    Key {
        name: "exchange.participants_past",
        unit: "minutes, 0 to 10,080",
        default: "60",
        flag: None,
        about: "A new exchange starts with so many minutes of its participants' market behind it, so that charts are not empty.",
        set: |config, text| {
            put(&mut config.exchange.participants_past_minutes, range(text, 0, PAST_MINUTES_MAX))
        },
    },
    Key {
        name: "exchange.rate_limits",
        unit: "true or false",
        default: "true",
        flag: None,
        about: "Refuses clients that go beyond Binance's request weights and order counts; without it they are only counted.",
        set: |config, text| put(&mut config.exchange.rate_limits, parse(text, "true or false")),
    },
    Key {
        name: "exchange.connections_max",
        unit: "connections, 1 to 100000",
        default: "10000",
        flag: None,
        about: "Most connections at once, WebSockets included; further ones are closed at once.",
        set: |config, text| put(&mut config.exchange.connections_max, range(text, 1, CONNECTIONS_MAX)),
    },
    Key {
        name: "exchange.connections_per_ip_max",
        unit: "connections, 1 to 100000",
        default: "5000",
        flag: None,
        about: "Most connections at once from one address.",
        set: |config, text| put(&mut config.exchange.connections_per_ip_max, range(text, 1, CONNECTIONS_MAX)),
    },
    Key {
        name: "api.addr",
        unit: "IP address and port",
        default: "127.0.0.1:8080",
        flag: Some("--api-addr"),
        about: "Where the platform listens. Port 0 takes a free one; so does the default when another program has its port.",
        set: |config, text| {
            put(&mut config.api.addr, parse::<SocketAddr>(text, "an address like 127.0.0.1:8080"))
        },
    },
    Key {
        name: "api.docs",
        unit: "true or false",
        default: "true",
        flag: None,
        about: "Serves the API's description at /api/openapi.json and /api/docs.",
        set: |config, text| put(&mut config.api.docs, parse(text, "true or false")),
    },
    Key {
        name: "api.frontend",
        unit: "origin like https://desk.example.org, or none",
        default: "none",
        flag: None,
        about: "The one other origin whose pages may call the API from a browser (CORS). Also understood: FRONTEND_URL.",
        set: |config, text| put(&mut config.api.frontend, origin(text)),
    },
    Key {
        name: "api.connections_max",
        unit: "connections, 1 to 100000",
        default: "12000",
        flag: None,
        about: "Most connections to the platform at once, WebSockets included (of which there are 10,000 at most); further ones are \
                closed at once.",
        set: |config, text| put(&mut config.api.connections_max, range(text, 1, CONNECTIONS_MAX)),
    },
    Key {
        name: "api.connections_per_ip_max",
        unit: "connections, 1 to 100000",
        default: "5000",
        flag: None,
        about: "Most connections to the platform at once from one address.",
        set: |config, text| put(&mut config.api.connections_per_ip_max, range(text, 1, CONNECTIONS_MAX)),
    },
    Key {
        name: "api.drain",
        unit: "seconds, 0 to 600",
        default: "0",
        flag: None,
        about: "When the server is told to stop, /ready says no for so long before new connections are refused, so that load \
                balancers look elsewhere first. A second signal ends the wait.",
        set: |config, text| put(&mut config.api.drain_seconds, range(text, 0, 600)),
    },
    Key {
        name: "monitoring.loopback",
        unit: "true or false",
        default: "true",
        flag: None,
        about: "Programs on this machine read /metrics and /api/monitoring without a login, unless a proxy sent them. Others need \
                an administrator's token.",
        set: |config, text| put(&mut config.monitoring.loopback, parse(text, "true or false")),
    },
    Key {
        name: "limits.enabled",
        unit: "true or false",
        default: "true",
        flag: None,
        about: "Refuses users and addresses that ask for more than their share, and puts reads off under load so that orders go \
                first. The shares let ordinary automation through; without them nothing is counted.",
        set: |config, text| put(&mut config.limited, parse(text, "true or false")),
    },
    Key {
        name: "stream.indicators",
        unit: "functions of TA-Lib with their parameters, separated by commas, at most 10",
        default: "SMA(20),EMA(20),RSI(14),NATR(14)",
        flag: None,
        about: "What the stream's rooms indicators:SYM:INT tell, over a market's last 1,000 candles. NATR is the volatility: the \
                average true range in percent of the price.",
        set: |config, text| put(&mut config.stream_indicators, live_indicators(text)),
    },
    Key {
        name: "stream.deflate_from",
        unit: "bytes, 100 to 1,048,576, or none",
        default: "1024",
        flag: None,
        about: "Messages of the stream's public rooms of at least so many bytes are deflated for clients that can inflate \
                (permessage-deflate), each once for all who hear it. What is somebody's own never is.",
        set: |config, text| put(&mut config.stream_deflate_from, deflate_from(text)),
    },
    Key {
        name: "stream.instance",
        unit: "a name of at most 12 small letters and digits, or none",
        default: "none",
        flag: None,
        about: "What this instance is called among those that share cache.redis and cache.prefix; each has another name. Their \
                clients can follow this one's markets as book:NAME:BTCUSDT, and this one's clients theirs. What is kept in Redis \
                about markets is kept under the name.",
        set: |config, text| put(&mut config.stream_instance, instance(text)),
    },
    Key {
        name: "telemetry.otlp",
        unit: "http://HOST:PORT or https://HOST/PATH, or none",
        default: "none",
        flag: None,
        about: "The collector of traces: OTLP over HTTP, binary, at /v1/traces below this address. One that is away costs nothing but \
                the traces. Also understood: OTEL_EXPORTER_OTLP_ENDPOINT.",
        set: |config, text| put(&mut config.otlp, collector(text)),
    },
    Key {
        name: "cache.redis",
        unit: "redis://HOST:PORT/DB, or none",
        default: "none",
        flag: None,
        about: "Redis behind the cache in memory, shared by instances. When it does not answer, the service goes on without it.",
        set: |config, text| put(&mut config.cache.redis, redis_url(text)),
    },
    Key {
        name: "cache.prefix",
        unit: "text of 1 to 40 letters, digits, - _ . and :",
        default: "tradewind",
        flag: None,
        about: "In front of every key in Redis, so that several installations can share one. Also understood: REDIS_KEY_PREFIX.",
        set: |config, text| put(&mut config.cache.prefix, prefix(text)),
    },
    Key {
        name: "cache.database",
        unit: "0 to 15, or none",
        default: "none",
        flag: None,
        about: "The database in Redis, instead of the one in cache.redis. Also understood: REDIS_DB.",
        set: |config, text| {
            let database = redis_database(text)?;
            if let (Some(database), Some(url)) = (database, &config.cache.redis) {
                config.cache.redis = Some(with_database(url, database));
            }
            Ok(())
        },
    },
    Key {
        name: "store.url",
        unit: "sqlite:PATH, postgres://USER:PASSWORD@HOST:PORT/NAME, or none",
        default: "none",
        flag: Some("--store"),
        about: "The platform's database; none is the file platform.db in the data directory. TRADEWIND__STORE__URL_FILE \
                names a file that holds the URL. PostgreSQL's certificate is checked with ?sslmode=verify-full. Also \
                understood: DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD.",
        set: |config, text| put(&mut config.store.url, store_url(text)),
    },
    Key {
        name: "store.replica",
        unit: "postgres://USER:PASSWORD@HOST:PORT/NAME, or none",
        default: "none",
        flag: None,
        about: "A standby of the database in store.url (streaming replication) for long reads: exports and analytics. It answers while it \
                is less than ten seconds behind; else, and while it is away, the primary does. TRADEWIND__STORE__REPLICA_FILE \
                names a file that holds the URL.",
        set: |config, text| put(&mut config.store.replica, replica_url(text)),
    },
    Key {
        name: "store.pool",
        unit: "low, medium or high",
        default: "medium",
        flag: None,
        about: "Connections to PostgreSQL for requests: 10, 20 or 40, and half as many more while somebody waits. Reports \
                have a quarter of that, maintenance two.",
        set: |config, text| {
            put(&mut config.store.preset, text.parse().map_err(|e: store::StoreError| e.to_string()))
        },
    },
    Key {
        name: "store.pool_max",
        unit: "connections, 0 for the preset's, at most 1000",
        default: "0",
        flag: None,
        about: "Most connections to PostgreSQL for requests. Also understood: DB_POOL_MAX.",
        set: |config, text| put(&mut config.store.pool_max, range(text, 0, 1_000)),
    },
    Key {
        name: "store.pool_min",
        unit: "connections, 0 for the preset's, at most 1000",
        default: "0",
        flag: None,
        about: "Connections to PostgreSQL that are always open. Also understood: DB_POOL_MIN.",
        set: |config, text| put(&mut config.store.pool_min, range(text, 0, 1_000)),
    },
    Key {
        name: "store.pool_idle",
        unit: "seconds, 0 for 30",
        default: "0",
        flag: None,
        about: "An idle connection to PostgreSQL beyond the minimum is closed after this time. Also understood: DB_POOL_IDLE.",
        set: |config, text| put(&mut config.store.pool_idle_seconds, range(text, 0, 86_400)),
    },
    Key {
        name: "history.trades",
        unit: "trades per market, 0 for all",
        default: "200000",
        flag: None,
        about: "So many trades of each market are kept, and as many aggregated ones.",
        set: |config, text| put(&mut config.history.trades, range(text, 0, u64::MAX)),
    },
    Key {
        name: "history.bars",
        unit: "bars per market and interval, 0 for all",
        default: "100000",
        flag: None,
        about: "So many bars of each market and interval are kept.",
        set: |config, text| put(&mut config.history.bars, range(text, 0, u64::MAX)),
    },
    Key {
        name: "history.orders",
        unit: "orders, 0 for all",
        default: "1000000",
        flag: None,
        about: "So many closed orders of all accounts together are kept; the oldest go first, with their fills.",
        set: |config, text| put(&mut config.history.orders, range(text, 0, u64::MAX)),
    },
    Key {
        name: "history.fills",
        unit: "fills, 0 for all",
        default: "2000000",
        flag: None,
        about: "So many fills of all accounts together are kept; the oldest closed orders go with theirs.",
        set: |config, text| put(&mut config.history.fills, range(text, 0, u64::MAX)),
    },
    Key {
        name: "history.order_days",
        unit: "days, 0 for ever",
        default: "0",
        flag: None,
        about: "Closed orders older than this are removed.",
        set: |config, text| put(&mut config.history.order_days, range(text, 0, u32::MAX)),
    },
    Key {
        name: "bots.snapshot_every",
        unit: "records, 1000 or more",
        default: "200000",
        flag: None,
        about: "A snapshot of all bots is written after so many records of their journal, and at the beginning and end of each session.",
        set: |config, text| put(&mut config.bots.snapshot_every, range(text, 1_000, u64::MAX)),
    },
    Key {
        name: "bots.snapshots_kept",
        unit: "snapshots, 1 to 10000",
        default: "64",
        flag: None,
        about: "So many snapshots of the bots, and their journal since the oldest of them, are kept: what `tradewind replay` can \
                reach back to. A session makes two and one more for each `bots.snapshot_every` records; older ones are removed.",
        set: |config, text| put(&mut config.bots.snapshots_kept, range(text, 1, 10_000)),
    },
    Key {
        name: "models.trainings",
        unit: "trainings, 1 to 64",
        default: "2",
        flag: None,
        about: "So many models are trained at once, one thread each; others wait for their turn. A machine that trades keeps a core free.",
        set: |config, text| put(&mut config.trainings, range(text, 1, 64)),
    },
    Key {
        name: "paper.symbols",
        unit: "symbols, separated by commas, or none",
        default: "none",
        flag: Some("--paper"),
        about: "Imported markets that are played to bots while the server runs, like BTC-PERP: paper trading on recorded data. \
                Their bots are kept under paper/ in the data directory.",
        set: |config, text| put(&mut config.paper.symbols, symbols(text)),
    },
    Key {
        name: "paper.speed",
        unit: "times as fast as recorded, 0.01 to 1000000, two decimals",
        default: "1",
        flag: Some("--paper-speed"),
        about: "How fast the recorded markets are played. They stand still until a bot listens, and while the bots are behind.",
        set: |config, text| put(&mut config.paper.speed_percent, paper_percent(text)),
    },
    Key {
        name: "feed.url",
        unit: "ws:// or wss:// address, or none",
        default: "none",
        flag: Some("--feed"),
        about: "A live market that bots trade on paper: the stream of a venue that speaks Binance spot, like \
                wss://stream.example.org:9443. Its instruments are feed:BTCUSDT and so on; their bots are kept under feed/ in the data \
                directory. This machine may be named as it is; see feed.allow_remote.",
        set: |config, text| put(&mut config.feed.url, address(text, ["ws", "wss"])),
    },
    Key {
        name: "feed.symbols",
        unit: "symbols, separated by commas, or none",
        default: "none",
        flag: Some("--feed-symbols"),
        about: "What of it is followed, like BTCUSDT,ETHUSDT (at most 32). A market that bots know already stays known.",
        set: |config, text| put(&mut config.feed.symbols, symbols(text)),
    },
    Key {
        name: "feed.rest_url",
        unit: "http:// or https:// address, or none",
        default: "none",
        flag: Some("--feed-rest"),
        about: "Where the venue answers over REST (listing, snapshots, bars), if that is not the stream's host and port.",
        set: |config, text| put(&mut config.feed.rest_url, address(text, ["http", "https"])),
    },
    Key {
        name: "feed.allow_remote",
        unit: "true or false",
        default: "false",
        flag: Some("--feed-allow-remote"),
        about: "The feed may come from another machine: from public addresses only, and encrypted (wss://, https://).",
        set: |config, text| put(&mut config.feed.allow_remote, parse(text, "true or false")),
    },
    Key {
        name: "research.slots",
        unit: "jobs, 1 to 64",
        default: "2",
        flag: None,
        about: "So many back-tests and sweeps run beside each other. One user has at most all but one of them while there are \
                several, and who waited longest goes first.",
        set: |config, text| put(&mut config.research.slots, range(text, 1, 64)),
    },
    Key {
        name: "cluster.workers",
        unit: "threads, 0 for one per processor, at most 1024",
        default: "0",
        flag: None,
        about: "Threads that serve requests: one process does what a cluster of workers did. Also understood: CLUSTER_WORKERS.",
        set: |config, text| put(&mut config.cluster.workers, range(text, 0, 1_024)),
    },
    Key {
        name: "cluster.enabled",
        unit: "true or false",
        default: "false",
        flag: None,
        about: "Accepted from old deployments (CLUSTER_ENABLED) and without effect: this version runs as one instance.",
        set: |config, text| put(&mut config.cluster.enabled, parse(text, "true or false")),
    },
    Key {
        name: "cluster.scaling",
        unit: "true or false",
        default: "false",
        flag: None,
        about: "Accepted from old deployments (AUTO_SCALING_ENABLED) and without effect: this version runs as one instance.",
        set: |config, text| put(&mut config.cluster.scaling, parse(text, "true or false")),
    },
    Key {
        name: "gateway.strategy",
        unit: "a word, or none",
        default: "none",
        flag: None,
        about: "Accepted from old deployments (LB_STRATEGY) and without effect: this version has no gateway.",
        set: |config, text| put(&mut config.cluster.strategy, word(text)),
    },
    Key {
        name: "log.filter",
        unit: "level, or target=level list",
        default: "info",
        flag: Some("--log"),
        about: "What is logged: error, warn, info, debug, trace; per target as in `info,http=debug`.",
        set: |config, text| put(&mut config.log.filter, filter(text)),
    },
    Key {
        name: "log.json",
        unit: "true or false",
        default: "false",
        flag: None,
        about: "Logs one JSON object per line instead of text.",
        set: |config, text| put(&mut config.log.json, parse(text, "true or false")),
    },
    Key {
        name: "log.file",
        unit: "a file's full path, or none",
        default: "none",
        flag: None,
        about: "Where the log goes; none is standard error. SIGHUP opens it anew, after logrotate moved it away.",
        set: |config, text| put(&mut config.log.file, absolute_file(text)),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_takes_its_default_and_refuses_nonsense() {
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            assert_eq!((key.set)(&mut Config::blank(), key.default), Ok(()), "{}", key.name);
            assert!((key.set)(&mut Config::blank(), "=?").is_err(), "{}", key.name);
            assert!(!key.unit.is_empty() && key.about.ends_with('.'), "{}", key.name);
        }
    }
}
