//! The bots of `tradewind serve`: a shard on the built-in exchange, reached through the control socket.

use std::path::{Path, PathBuf};

use bus::bots::{BotCommand, BotQuery, BotReply, Desk};
use bus::{Accepted, Envelope, LaneError};
use exchange_host::admin::Extension;
use exchange_host::{Handle, port};
use live::{OpenError, Ports, Running};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::failure::{Exit, Failure};

/// Where the bots' journal is in the data directory.
pub(crate) fn dir(data_dir: &Path) -> PathBuf {
    data_dir.join("bots")
}

/// A request about bots on the control socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Changes something.
    BotCommand {
        /// See [`Envelope::idempotency_key`].
        #[serde(default)]
        key: Option<String>,
        /// What.
        command: BotCommand,
    },
    /// Asks something.
    BotQuery {
        /// What.
        query: BotQuery,
    },
}

/// The answer to a [`Request`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// It was carried out.
    Bots {
        /// Number of the command's record; 0 for a question.
        seq: u64,
        /// What came of it.
        reply: BotReply,
    },
    /// It was not; the same shape as the exchange's own errors.
    Error {
        /// A stable word.
        code: String,
        /// For people.
        message: String,
    },
}

/// The bots' desk behind the control socket.
#[derive(Debug)]
struct Counter(Desk);

impl Extension for Counter {
    fn answer(&self, line: &[u8]) -> Option<Vec<u8>> {
        let request = serde_json::from_slice(line).ok()?;
        let result = match request {
            Request::BotCommand { key, command } => {
                let envelope = Envelope { idempotency_key: key, ..Envelope::of_operator(command) };
                self.0.commands.submit(envelope).wait()
            }
            Request::BotQuery { query } => self.0.queries.submit(Envelope::of_operator(query)).wait(),
        };
        let answer = match result {
            Ok(Accepted { seq, outcome }) => Answer::Bots { seq, reply: outcome },
            Err(error) => {
                let code = match &error {
                    LaneError::Refused(refusal) => refusal.code,
                    LaneError::Busy => "busy",
                    LaneError::Stopped => "stopped",
                };
                Answer::Error { code: code.to_owned(), message: error.to_string() }
            }
        };
        serde_json::to_vec(&answer).ok()
    }
}

/// Recovers the bots and lets them go on.
pub(crate) fn open(config: &Config, handle: &Handle) -> Result<Running, Failure> {
    let mut settings = live::Config::new(dir(&config.data_dir), env!("CARGO_PKG_VERSION"));
    settings.journal.durability = config.exchange.durability;
    let running = live::open(&settings, |inbox| {
        let (port, _) = port::open(handle.clone(), inbox)?;
        Ok(Ports { gateway: Box::new(port.clone()), feed: Box::new(port.clone()), accounts: Box::new(port) })
    });
    let running = running.map_err(|error| failure(&settings.dir, &error))?;
    handle.extend(Box::new(Counter(running.desk().clone())));
    Ok(running)
}

/// Why the bots' directory cannot be used, and what to do.
pub(crate) fn failure(dir: &Path, error: &OpenError) -> Failure {
    let failure = Failure::new(Exit::Failed, format!("cannot open the bots' journal {}", dir.display()));
    let advice = match error {
        OpenError::Replay(_) => {
            "nothing was changed; start the version of this program that wrote it, or restore a copy of the folder"
        }
        OpenError::Journal(_) | OpenError::Io(_) => "`tradewind doctor` checks the folder and the disk",
    };
    failure.because(error).advise(advice)
}
