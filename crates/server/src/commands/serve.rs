//! `tradewind serve`: recover, listen, run until told to stop, drain, close.
//!
//! Order of stopping: no new requests → open ones end → the host finishes what waits and writes a snapshot → exit. The
//! first SIGINT or SIGTERM starts it; a second one ends the process at once with code 130 (nothing accepted is lost:
//! the journal is the record).
//! SIGHUP reads the configuration again and opens the log file anew; when the terminal it was started on is gone, it stops.

mod reloading;

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use exchange_api::{ApiConfig, BoundServer, RateLimits};
use exchange_host::{Handle, Host, HostConfig, OpenError, Participants, Progress};
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::{Config, Loaded, Source};
use crate::failure::{Exit, Failure};
use crate::logs::Logs;
use crate::platform::{self, Platform};
use crate::serving;
use crate::terminal::{answer, note};

/// Shortest time between two lines of progress.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Runs the server until it is stopped.
pub(crate) fn run(loaded: Loaded, source: Source, json: bool) -> Result<ExitCode, Failure> {
    let config = &loaded.config.clone();
    refuse_public(config)?;
    let logs = crate::logs::start(&config.log)?;
    for idle in config.cluster.idle() {
        note(idle);
    }
    let host = open(&config.host()).map_err(|error| open_failure(&config.data_dir, error))?;
    let bots = match crate::bots::open(config, &host.handle()) {
        Ok(bots) => bots,
        Err(failure) => {
            host.shutdown();
            return Err(failure);
        }
    };
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    if config.cluster.workers > 0 {
        threads.worker_threads(config.cluster.workers);
    }
    let runtime = threads
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failed, "cannot start threads").because(error))?;
    let reloading = reloading::Reloading::new(source, loaded);
    let ended = runtime.block_on(serve(config, host.handle(), &bots, logs, reloading, json));
    serving::forget(&config.data_dir);
    note("closing the journals");
    // First: what they still decide is journaled, and nothing of it leaves.
    drop(bots);
    host.shutdown();
    let code = ended?;
    note("stopped");
    Ok(code)
}

/// Opens the data directory and recovers, telling how far it is.
pub(crate) fn open(settings: &HostConfig) -> Result<Host, OpenError> {
    let mut last = Instant::now();
    exchange_host::open(settings, &mut |progress| match progress {
        Progress::Replaying { commands, .. } if last.elapsed() >= PROGRESS_EVERY => {
            last = Instant::now();
            note(format!("recovering: {commands} commands applied"));
        }
        Progress::Ready { replayed, .. } if replayed > 0 => {
            note(format!("recovered: {replayed} commands applied"));
        }
        Progress::Snapshot { .. } | Progress::Replaying { .. } | Progress::Ready { .. } => {}
    })
}

/// Why the data directory could not be opened, and what to do.
pub(crate) fn open_failure(dir: &Path, error: OpenError) -> Failure {
    let what = format!("cannot open the data directory {}", dir.display());
    let failure = Failure::new(Exit::Failed, what);
    match error {
        OpenError::Locked { pid, .. } => failure
            .because(format!("process {pid} is using it"))
            .advise("stop that server, or give another folder with --data-dir"),
        OpenError::Io { path, source } => failure
            .because(format!("{}: {source}", path.display()))
            .advise("`tradewind doctor` checks the folder and the disk"),
        OpenError::Damaged(why) => failure.because(why).advise(
            "nothing was changed; `tradewind exchange verify` tells how far the journal is good; restore a copy of the folder",
        ),
        OpenError::Journal(why) => failure.because(why).advise("`tradewind doctor` checks the folder and the disk"),
        OpenError::History(why) => failure.because(why).advise("`tradewind doctor` checks the folder and the disk"),
        OpenError::Keys(why) => failure.because(why).advise("`tradewind doctor` checks the key files"),
    }
}

/// An address that others can reach needs a word of the operator: there is no TLS here.
fn refuse_public(config: &Config) -> Result<(), Failure> {
    let addr = config.exchange.addr;
    if addr.ip().is_loopback() || config.exchange.allow_public {
        return Ok(());
    }
    Err(Failure::new(Exit::Config, format!("will not listen on {addr}"))
        .because("other machines could reach it, and there is no TLS here")
        .advise("listen on 127.0.0.1, or put a reverse proxy in front and give --allow-public"))
}

async fn serve(
    config: &Config,
    handle: Handle,
    bots: &crate::bots::Bots,
    logs: Logs,
    mut reloading: reloading::Reloading,
    json: bool,
) -> Result<ExitCode, Failure> {
    let cannot_wait = |error| Failure::new(Exit::Failed, "cannot wait for signals").because(error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot_wait)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot_wait)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(cannot_wait)?;
    let on_terminal = std::io::stdin().is_terminal();
    let (stopper, stop) = http::stop();
    let server = exchange_api::serve(handle.clone(), config.exchange_api(), stop.clone())
        .await
        .map_err(|error| listen_failure("--exchange-addr", error.addr, &error.source))?;
    let ring = std::sync::Arc::clone(&logs.ring);
    let platform = platform::start(config, &handle, bots.desk(), ring, stop).await?;
    // Once: this is the only platform of the process.
    let _ = bots.platform().set((platform.operator().clone(), tokio::runtime::Handle::current()));
    serving::tell(&config.data_dir, server.local_addr(), platform.local_addr());
    announce(config, &server, &platform, json);
    let mut ousted = None;
    loop {
        tokio::select! {
            () = told_to_stop(&mut interrupt, &mut terminate) => break,
            by = platform.ousted() => {
                note(format!("{by} took the database: nothing can be kept any more"));
                ousted = Some(by);
                break;
            }
            _ = hang_up.recv() => {
                if on_terminal && std::fs::File::open("/dev/tty").is_err() {
                    break;
                }
                reloading.again(&logs, &platform);
            }
        }
    }
    drain(config, &platform, &mut interrupt, &mut terminate).await;
    note("stopping: open requests end first (once more to stop at once)");
    stopper.stop();
    tokio::select! {
        () = async { tokio::join!(server.ended(), platform.ended()); } => {}
        () = told_to_stop(&mut interrupt, &mut terminate) => std::process::exit(Exit::Interrupted as i32),
    }
    if let Some(by) = ousted {
        return Err(Failure::new(Exit::Failed, "stopped: another server uses the database").because(by).advise(
            "nothing is lost: what the database lacks is in the data directory and gets there by the next start",
        ));
    }
    Ok(match handle.status().stopped {
        None => ExitCode::SUCCESS,
        Some(why) => {
            note(format!("the exchange had stopped: {why}"));
            Exit::Failed.into()
        }
    })
}

/// Tells load balancers to look elsewhere and gives them time for it, unless the operator is in a hurry.
async fn drain(config: &Config, platform: &Platform, interrupt: &mut Signal, terminate: &mut Signal) {
    platform.dials().drain();
    let wait = Duration::from_secs(config.api.drain_seconds);
    if wait.is_zero() {
        return;
    }
    note(format!("stopping in {} s: /ready says no (once more to begin at once)", wait.as_secs()));
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = told_to_stop(interrupt, terminate) => {}
    }
}

async fn told_to_stop(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

pub(crate) fn listen_failure(flag: &str, addr: SocketAddr, error: &std::io::Error) -> Failure {
    let mut other = addr;
    other.set_port(other.port().wrapping_add(1));
    let failure = Failure::new(Exit::Failed, format!("cannot listen on {addr}")).because(error);
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            failure.advise(format!("stop the program that uses the port, or choose another: {flag} {other}"))
        }
        std::io::ErrorKind::PermissionDenied => {
            failure.advise(format!("choose a port above 1023 with {flag}"))
        }
        _ => failure.advise(format!("choose an address of this machine with {flag}")),
    }
}

/// Says where everything is.
fn announce(config: &Config, server: &BoundServer, platform: &Platform, json: bool) {
    let addr = server.local_addr();
    let api = platform.local_addr();
    let dir = config.data_dir.display();
    if json {
        answer(json!({
            "v": 1,
            "event": "ready",
            "pid": std::process::id(),
            "exchange": { "http": format!("http://{addr}"), "ws": format!("ws://{addr}") },
            "api": { "http": format!("http://{api}"), "setup_code": platform.setup_code },
            "data_dir": dir.to_string(),
        }));
        return;
    }
    let program = std::env::args().next().unwrap_or_else(|| "tradewind".into());
    let market = if config.exchange.participants {
        "simulated participants trade"
    } else {
        "no participants, empty books"
    };
    answer(format!(
        "Tradewind {version}: a trading platform with a Binance-compatible spot exchange ({market})\n\
         \n  dashboard      http://{api}\
         \n  platform API   http://{api}/api/docs\
         \n  REST           http://{addr}/api/v3\
         \n  streams        ws://{addr}/ws and ws://{addr}/stream\
         \n  WebSocket API  ws://{addr}/ws-api/v3\
         \n  data           {dir}\
         \n\
         \nMake an account, in another terminal:\
         \n  {program} exchange account create alice --fund USDT=100000 --fund BTC=5{data_dir}\
         \n\
         {setup}\nStop with Ctrl-C.",
        setup = setup_note(platform),
        version = env!("CARGO_PKG_VERSION"),
        data_dir = data_dir_option(config),
    ));
}

/// What to do at the first start; nothing later.
fn setup_note(platform: &Platform) -> String {
    let Some(code) = &platform.setup_code else { return String::new() };
    let api = platform.local_addr();
    format!("\nFirst start: open http://{api} and make the administrator with the one-time code {code}\n")
}

/// ` --data-dir DIR` where the command line would not find it by itself.
fn data_dir_option(config: &Config) -> String {
    if config.data_dir_is_default {
        String::new()
    } else {
        format!(" --data-dir {}", config.data_dir.display())
    }
}

impl Config {
    /// The exchange's API's part of the configuration.
    pub(crate) fn exchange_api(&self) -> ApiConfig {
        let exchange = &self.exchange;
        let limits = http::Limits {
            connections_max: exchange.connections_max,
            connections_per_ip_max: exchange.connections_per_ip_max,
            ..http::Limits::default()
        };
        let rate = exchange.rate_limits.then(RateLimits::default);
        ApiConfig { addr: exchange.addr, http: limits, rate }
    }

    /// The host's part of the configuration.
    pub(crate) fn host(&self) -> HostConfig {
        let exchange = &self.exchange;
        let participants = Participants {
            seed: exchange.participants_seed,
            speed_percent: exchange.participants_speed_percent,
        };
        HostConfig {
            durability: exchange.durability,
            participants: exchange.participants.then_some(participants),
            past_minutes: exchange.participants_past_minutes,
            snapshot_every: exchange.snapshot_every,
            snapshots_kept: exchange.snapshots_kept,
            retention: self.history,
            ..HostConfig::new(&self.data_dir)
        }
    }
}
