//! SIGHUP: the configuration is read again. What a running server can take over holds at once, the rest is named; a
//! configuration with a fault changes nothing. The log file is opened anew in any case.

use api::Dialled;

use crate::config::reload::changes;
use crate::config::{Config, Loaded, Source};
use crate::logs::Logs;
use crate::platform::Platform;

/// Where the configuration comes from, and what runs.
pub(super) struct Reloading {
    source: Source,
    running: Loaded,
}

impl Reloading {
    pub(super) const fn new(source: Source, running: Loaded) -> Self {
        Self { source, running }
    }

    /// Reads everything again.
    pub(super) fn again(&mut self, logs: &Logs, platform: &Platform) {
        let read = match self.source.load() {
            Ok(read) => read,
            Err(failure) => {
                // A moved log file must be let go of all the same.
                self.log_again(logs, &self.running.config);
                let why = failure.in_a_line();
                tracing::error!(target: "tradewind::reload", why, "the configuration has a fault; nothing was changed");
                return;
            }
        };
        let changes = changes(&self.running, &read);
        if !self.log_again(logs, &read.config) {
            return;
        }
        platform.dials().set(&dialled(&read.config));
        let (now, later) = (changes.now.join(", "), changes.later.join(", "));
        tracing::info!(target: "tradewind::reload", changed = now, "the configuration was read again");
        if !later.is_empty() {
            tracing::warn!(target: "tradewind::reload", keys = later, "these settings wait for a restart");
        }
        // What waits for a restart stays as it runs, so that the next time it is named again.
        for (running, read) in self.running.values.iter_mut().zip(read.values) {
            if changes.now.contains(&running.name) {
                *running = read;
            }
        }
        self.running.config.log = read.config.log;
    }

    fn log_again(&self, logs: &Logs, config: &Config) -> bool {
        match logs.change(&config.log) {
            Ok(()) => true,
            Err(failure) => {
                let why = failure.in_a_line();
                tracing::error!(target: "tradewind::reload", why, "nothing was changed");
                false
            }
        }
    }
}

/// What of a configuration a running API takes over.
fn dialled(config: &Config) -> Dialled {
    Dialled {
        frontend: config.api.frontend.clone(),
        open_to_loopback: config.monitoring.loopback,
        limited: config.limited,
    }
}
