//! The checks of `tradewind doctor`, one function each.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use exchange_host::Keys;
use exchange_host::admin::Client;
use history::{Failure, Inspected};
use journal::{From, Reader, Tail};

use super::Check;
use crate::config::Config;

/// Below this much free space nothing should be started (bytes): one snapshot and an hour of a busy journal.
const DISK_FREE_MIN: u64 = 256 * 1024 * 1024;
/// Below this much free space somebody should look (bytes).
const DISK_FREE_LOW: u64 = 2 * 1024 * 1024 * 1024;
/// Open files that a busy server needs: one per connection.
const FILES_MIN: u64 = 4_096;
/// 2026-01-01 UTC in seconds: no clock that is right shows less.
const CLOCK_MIN: u64 = 1_767_225_600;

/// Files of the data directory that hold keys, hashes or addresses: nobody but their owner may get at them.
pub(super) const SECRET_FILES: &[&str] = &[
    "master.key",
    "keys.sealed",
    "platform.key",
    "platform.db",
    "platform.db-wal",
    "platform.db-shm",
    "audit.checkpoint",
];

/// All checks, in the order they are printed.
pub(super) fn all(config: &Config) -> Vec<Check> {
    let running = matches!(Client::connect(&config.data_dir), Ok(Some(_)));
    vec![
        folder(&config.data_dir),
        disk(&config.data_dir),
        server(running),
        port("port", "--exchange-addr", config.exchange.addr, running),
        port("platform port", "--api-addr", config.api.addr, running),
        key_file(&config.data_dir),
        keys(&config.data_dir),
        journal(&config.data_dir, running),
        intents(&config.data_dir, running),
        history(&config.data_dir),
        database(config),
        clock(&config.data_dir),
        files(),
    ]
}

fn folder(dir: &Path) -> Check {
    let name = "data directory";
    let shown = dir.display();
    match std::fs::metadata(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Check::good(name, format!("{shown} will be made by the first start"))
        }
        Err(error) => Check::bad(name, format!("{shown}: {error}"), "give another folder with --data-dir"),
        Ok(found) if !found.is_dir() => {
            Check::bad(name, format!("{shown} is not a folder"), "give another folder with --data-dir")
        }
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            let mode = found.permissions().mode() & 0o777;
            Check::doubtful(
                name,
                format!("{shown} is open to others (mode {mode:o})"),
                format!("chmod 700 {shown} (`doctor --fix` does it)"),
            )
        }
        Ok(_) => match tempfile_in(dir) {
            Ok(()) => Check::good(name, shown.to_string()),
            Err(error) => {
                Check::bad(name, format!("{shown} cannot be written: {error}"), "start as its owner")
            }
        },
    }
}

/// Makes and removes a file.
fn tempfile_in(dir: &Path) -> std::io::Result<()> {
    let path = dir.join(format!("doctor-{}.tmp", std::process::id()));
    std::fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)
}

fn disk(dir: &Path) -> Check {
    let name = "disk space";
    let Some(existing) = dir.ancestors().find(|folder| folder.is_dir()) else {
        return Check::bad(
            name,
            format!("no folder above {}", dir.display()),
            "give another folder with --data-dir",
        );
    };
    let free = match rustix::fs::statvfs(existing) {
        Ok(system) => system.f_bavail.saturating_mul(system.f_frsize),
        Err(error) => return Check::doubtful(name, error.to_string(), "look with df"),
    };
    let found = format!("{} MiB free", free / (1024 * 1024));
    let advice = "make room, or give a folder on another disk with --data-dir";
    match free {
        _ if free < DISK_FREE_MIN => Check::bad(name, found, advice),
        _ if free < DISK_FREE_LOW => Check::doubtful(name, found, advice),
        _ => Check::good(name, found),
    }
}

/// The platform's database answers, has a schema this program knows, and its pools fit the server.
fn database(config: &Config) -> Check {
    let name = "database";
    let advice = "look at --store and at the server; `tradewind db status` tells more";
    let location = match crate::platform::location(config) {
        Ok(location) => location,
        Err(failure) => return Check::bad(name, failure.to_string(), advice),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Check::bad(name, error.to_string(), "look at the limits of processes"),
    };
    let asked = runtime.block_on(async {
        let versions = store::Store::versions(&location).await?;
        Ok::<_, store::StoreError>((versions, store::statistics::connections_available(&location).await?))
    });
    let (versions, available) = match asked {
        Ok(asked) => asked,
        Err(error) => return Check::bad(name, format!("{location}: {error}"), advice),
    };
    let needed = i64::from(config.store.pool().total());
    if versions.iter().any(|v| v.version > store::newest_version()) {
        return Check::bad(name, format!("{location} is of a newer program"), "start the newer program");
    }
    match available {
        Some(available) if available < needed => Check::bad(
            name,
            format!("the pools may open {needed} connections, the server gives {available}"),
            "choose a smaller store.pool, or raise max_connections (`tradewind db tune`)",
        ),
        Some(available) => Check::good(name, format!("{location}, {needed} of {available} connections")),
        None if versions.iter().any(|v| !v.done) => {
            Check::good(name, format!("{location} will be made or renewed by the next start"))
        }
        None => Check::good(name, location.to_string()),
    }
}

fn server(running: bool) -> Check {
    Check::good("server", if running { "running" } else { "not running" })
}

fn port(name: &'static str, flag: &str, addr: SocketAddr, running: bool) -> Check {
    match TcpListener::bind(addr) {
        Ok(_) => Check::good(name, format!("{addr} is free")),
        Err(error) if running && error.kind() == std::io::ErrorKind::AddrInUse => {
            Check::good(name, format!("{addr} is in use, presumably by the running server"))
        }
        Err(error) => {
            let advice = format!("stop the other program, or choose another port with {flag}");
            Check::bad(name, format!("{addr}: {error}"), advice)
        }
    }
}

/// Nobody else can read what is secret.
fn key_file(dir: &Path) -> Check {
    let name = "key file";
    let mut there = 0;
    for file in SECRET_FILES {
        let path = dir.join(file);
        match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Check::bad(name, format!("{}: {error}", path.display()), "start as its owner");
            }
            Ok(found) if found.permissions().mode() & 0o077 != 0 => {
                let advice = format!(
                    "chmod 600 {} (`doctor --fix` does it), and revoke the API keys and change the passwords made so far",
                    path.display()
                );
                return Check::bad(name, format!("{} is open to others", path.display()), advice);
            }
            Ok(_) => there += 1,
        }
    }
    match there {
        0 => Check::good(name, "none yet"),
        files => Check::good(name, format!("{files} files, private (mode 600)")),
    }
}

/// The sealed API keys can be opened with the key file.
fn keys(dir: &Path) -> Check {
    let name = "API keys";
    match Keys::inspect(dir) {
        Ok(0) => Check::good(name, "none yet"),
        Ok(count) => Check::good(name, format!("{count}, all can be opened")),
        Err(error) => Check::bad(name, error.to_string(), "restore keys.sealed and master.key from one copy"),
    }
}

/// Every row of the history can be read.
fn history(dir: &Path) -> Check {
    let name = "history";
    match history::inspect(&dir.join("history.redb")) {
        Ok(Inspected::Missing) => Check::good(name, "none yet"),
        Ok(Inspected::InUse) => Check::good(name, "in use by the running server"),
        Ok(Inspected::Unclosed) => Check::good(name, "was not closed; the next start repairs it"),
        Ok(Inspected::Sound { applied, rows }) => {
            Check::good(name, format!("{rows} rows up to command {applied}, all can be read"))
        }
        Err(error @ Failure::Storage(_)) => Check::bad(name, error.to_string(), "start as its owner"),
        Err(error) => {
            let advice = "move history.redb away: it is made again from what the journal still has";
            Check::bad(name, error.to_string(), advice)
        }
    }
}

/// Every record since the newest snapshot can be read.
fn journal(dir: &Path, running: bool) -> Check {
    let advice = "nothing was changed; `tradewind exchange verify` tells more; restore the file from a copy";
    readable("journal", &dir.join("journal"), running, advice)
}

/// The same of people's orders that are on their way into the database.
fn intents(dir: &Path, running: bool) -> Check {
    let advice = "nothing was changed; restore the file from a copy";
    readable("orders' intents", &dir.join("intents"), running, advice)
}

fn readable(name: &'static str, path: &Path, running: bool, advice: &str) -> Check {
    if !path.is_dir() {
        return Check::good(name, "none yet");
    }
    let tail = if running { Tail::Growing } else { Tail::Final };
    let read = || {
        let mut reader = Reader::open(path, From::Newest, tail)?;
        let mut last = reader.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
        while let Some(record) = reader.records.next()? {
            last = record.seq;
        }
        Ok(last)
    };
    match read() {
        Ok(last) => Check::good(name, format!("readable up to number {last}")),
        Err(journal::Failure::Pruned { .. }) => Check::good(name, "readable (it was pruned meanwhile)"),
        Err(error) => Check::bad(name, error.to_string(), advice),
    }
}

/// The clock is plausible, and not behind what was already written.
fn clock(dir: &Path) -> Check {
    let name = "clock";
    let now = SystemTime::now();
    if now.duration_since(UNIX_EPOCH).is_ok_and(|since| since.as_secs() < CLOCK_MIN) {
        return Check::bad(name, "it shows a year before 2026", "set the clock (timedatectl set-ntp true)");
    }
    let latest = newest(dir, 3).unwrap_or(UNIX_EPOCH);
    match latest.duration_since(now) {
        Ok(ahead) if ahead > Duration::from_secs(5) => {
            let found = format!("it is {} s behind files of the data directory", ahead.as_secs());
            Check::bad(name, found, "set the clock; the exchange's time never runs backwards")
        }
        _ => Check::good(name, "plausible"),
    }
}

/// When anything in `dir` was last written, down to `depth` folders.
fn newest(dir: &Path, depth: u32) -> Option<SystemTime> {
    let entries = std::fs::read_dir(dir).ok()?.flatten();
    let times = entries.filter_map(|entry| {
        let found = entry.metadata().ok()?;
        let inside = if found.is_dir() && depth > 0 { newest(&entry.path(), depth - 1) } else { None };
        found.modified().ok().max(inside)
    });
    times.max()
}

fn files() -> Check {
    let name = "open files";
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    match limit {
        Some(most) if most < FILES_MIN => Check::doubtful(
            name,
            format!("at most {most}"),
            format!("raise the limit: ulimit -n {FILES_MIN}"),
        ),
        Some(most) => Check::good(name, format!("at most {most}")),
        None => Check::good(name, "unlimited"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::State;

    #[test]
    fn an_open_key_file_is_found() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(key_file(dir.path()).state, State::Good);
        let path = dir.path().join("master.key");
        std::fs::write(&path, "secret").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(key_file(dir.path()).state, State::Bad);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(key_file(dir.path()).state, State::Good);
    }

    #[test]
    fn a_clock_behind_the_data_is_found() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(clock(dir.path()).state, State::Good);
        let file = std::fs::File::create(dir.path().join("journal")).unwrap();
        file.set_modified(SystemTime::now() + Duration::from_secs(3_600)).unwrap();
        assert_eq!(clock(dir.path()).state, State::Bad);
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_found() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(folder(file.path()).state, State::Bad);
        assert_eq!(folder(&file.path().join("below")).state, State::Bad);
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(folder(&dir.path().join("new")).state, State::Good);
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(folder(dir.path()).state, State::Doubtful);
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(folder(dir.path()).state, State::Good);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
