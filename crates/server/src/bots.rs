//! The bots of `tradewind serve`: a shard on the built-in exchange, another on recorded markets and one on a live feed if there are any,
//! all reached through the control socket.

mod feed;
mod paper;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bus::bots::{BotCommand, BotQuery, BotReply, Desk, NewBot};
use bus::{Accepted, Envelope, LaneError, Refusal};
use exchange_host::admin::Extension;
use exchange_host::{Handle, port};
use live::{OpenError, Ports, Running};
use serde::{Deserialize, Serialize};

use crate::commands::model::found::Found;
use crate::config::Config;
use crate::failure::{Exit, Failure};

/// Where the bots' journal is in the data directory.
pub(crate) fn dir(data_dir: &Path) -> PathBuf {
    data_dir.join("bots")
}

/// What bots trade on; each has a shard of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The built-in exchange.
    Builtin,
    /// Recorded markets.
    Recorded,
    /// A live feed.
    Live,
}

/// Where a shard's journal is in the data directory.
pub(crate) fn dir_of(data_dir: &Path, place: Place) -> PathBuf {
    match place {
        Place::Builtin => dir(data_dir),
        Place::Recorded => data_dir.join("paper"),
        Place::Live => data_dir.join("feed"),
    }
}

/// What symbols of the built-in exchange may begin with.
const LOCAL: &str = "local";

/// A request on the control socket about what is not the exchange's: bots, and the platform's API.
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
    /// A request to a route of the platform's API, in the name of a user.
    Api {
        /// Who; the only active user when absent.
        #[serde(default)]
        user: Option<String>,
        /// `GET`, `POST`, ...
        method: String,
        /// Path and query.
        path: String,
        /// The idempotency key.
        #[serde(default)]
        key: Option<String>,
        /// A body of JSON.
        #[serde(default)]
        body: Option<serde_json::Value>,
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
    /// What the API answered.
    Api {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: serde_json::Value,
    },
    /// It was not; the same shape as the exchange's own errors.
    Error {
        /// A stable word.
        code: String,
        /// For people.
        message: String,
    },
}

/// The bots' desks behind the control socket: those on the built-in exchange, on recorded markets, and on a live feed.
#[derive(Debug)]
struct Counter {
    local: Desk,
    /// Symbols of the built-in exchange.
    listed: Vec<String>,
    paper: Option<Desk>,
    feed: Option<Desk>,
    /// What the feed shows.
    followed: Vec<String>,
    /// Trained models, by name.
    models: training::Registry,
    platform: PlatformDoor,
}

/// The platform's API, once it runs, and where its work is done.
pub(crate) type PlatformDoor = Arc<OnceLock<(api::Operator, tokio::runtime::Handle)>>;

type Outcome = Result<Accepted<BotReply>, LaneError>;

impl Extension for Counter {
    fn answer(&self, line: &[u8]) -> Option<Vec<u8>> {
        let request = serde_json::from_slice(line).ok()?;
        let result = match request {
            Request::BotCommand { key, command } => self.command(key, command),
            Request::BotQuery { query } => self.query(query),
            Request::Api { user, method, path, key, body } => {
                let Some((operator, runtime)) = self.platform.get() else {
                    let message = "the platform is starting or stopping".to_owned();
                    return serde_json::to_vec(&Answer::Error { code: "starting".to_owned(), message }).ok();
                };
                let body = body.map(|body| body.to_string()).unwrap_or_default();
                let asked = operator.ask(user.as_deref(), &method, &path, key.as_deref(), body);
                let (status, body) = runtime.block_on(asked);
                let body = serde_json::from_slice(&body).unwrap_or_default();
                return serde_json::to_vec(&Answer::Api { status, body }).ok();
            }
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

impl Counter {
    fn command(&self, key: Option<String>, command: BotCommand) -> Outcome {
        let named = match &command {
            BotCommand::Create(new) => return self.create(key, new.clone()),
            BotCommand::Start { bot }
            | BotCommand::Pause { bot }
            | BotCommand::Stop { bot }
            | BotCommand::Exit { bot }
            | BotCommand::Signal { bot, .. }
            | BotCommand::Limits { bot, .. }
            | BotCommand::Halt { bot, .. } => bot,
        };
        send(self.desk_of(named), key, command)
    }

    /// All desks; the first one is always there.
    fn desks(&self) -> impl Iterator<Item = &Desk> {
        std::iter::once(&self.local).chain(&self.paper).chain(&self.feed)
    }

    /// Where a market is: a symbol without a venue means the built-in exchange's market if there is one, then the feed's.
    fn desk_for(&self, symbols: &[String]) -> &Desk {
        let any = |venue: &str, listed: &[String]| {
            symbols.iter().any(|symbol| symbol.strip_prefix(venue).is_some_and(|rest| rest.starts_with(':')))
                || symbols.iter().any(|symbol| listed.contains(symbol))
        };
        if any(LOCAL, &self.listed) {
            return &self.local;
        }
        match (&self.feed, &self.paper) {
            (Some(feed), _) if any(venue_binance::VENUE, &self.followed) => feed,
            (_, Some(paper)) => paper,
            _ => &self.local,
        }
    }

    /// A new bot goes where its markets are; its name is new on all desks.
    fn create(&self, key: Option<String>, mut new: Box<NewBot>) -> Outcome {
        if let Some(label) = &new.model {
            let found = Found::find(&self.models, label).and_then(Found::for_bot);
            let found = found.map_err(|why| {
                let message = format!("the model {label} cannot be used: {why}");
                LaneError::Refused(Refusal { code: "bad_model", message })
            });
            new.found = Some(found?);
        }
        let symbols: Vec<String> = new.markets.iter().map(|market| market.symbol.clone()).collect();
        let here = self.desk_for(&symbols);
        let elsewhere =
            |name: &&String| self.desks().any(|desk| !std::ptr::eq(desk, here) && knows(desk, name.as_str()));
        if let Some(name) = new.name.as_ref().filter(elsewhere) {
            let message = format!("there is a bot {name:?} already");
            return Err(LaneError::Refused(Refusal { code: "name_taken", message }));
        }
        send(here, key, BotCommand::Create(new))
    }

    fn query(&self, query: BotQuery) -> Outcome {
        match &query {
            BotQuery::List {} => {
                let mut all = ask(&self.local, query.clone())?;
                for desk in self.desks().skip(1) {
                    if let (BotReply::Bots(bots), BotReply::Bots(more)) =
                        (&mut all.outcome, ask(desk, query.clone())?.outcome)
                    {
                        bots.extend(more);
                    }
                }
                Ok(all)
            }
            BotQuery::Show { bot } | BotQuery::Why { bot, .. } | BotQuery::Orders { bot } => {
                ask(self.desk_of(bot), query)
            }
        }
    }

    /// The desk that knows a bot; the first one if none does, which says so.
    fn desk_of(&self, bot: &str) -> &Desk {
        self.desks().find(|desk| knows(desk, bot)).unwrap_or(&self.local)
    }
}

fn knows(desk: &Desk, bot: &str) -> bool {
    ask(desk, BotQuery::Show { bot: bot.to_owned() }).is_ok()
}

fn ask(desk: &Desk, query: BotQuery) -> Outcome {
    desk.queries.submit(Envelope::of_operator(query)).wait()
}

fn send(desk: &Desk, key: Option<String>, command: BotCommand) -> Outcome {
    let envelope = Envelope { idempotency_key: key, ..Envelope::of_operator(command) };
    desk.commands.submit(envelope).wait()
}

/// All bots of a server. Dropping it stops them in order.
pub(crate) struct Bots {
    local: Running,
    _paper: Option<paper::Paper>,
    _feed: Option<feed::Live>,
    platform: PlatformDoor,
}

impl Bots {
    /// Those on the built-in exchange.
    pub(crate) fn desk(&self) -> &Desk {
        self.local.desk()
    }

    /// Where the platform says that it can be asked.
    pub(crate) const fn platform(&self) -> &PlatformDoor {
        &self.platform
    }
}

/// Recovers the bots and lets them go on.
pub(crate) fn open(config: &Config, handle: &Handle) -> Result<Bots, Failure> {
    let settings = settings(config, dir(&config.data_dir));
    let running = live::open(&settings, |inbox, _| {
        let (port, _) = port::open(handle.clone(), inbox)?;
        Ok(Ports { gateway: Box::new(port.clone()), feed: Box::new(port.clone()), accounts: Box::new(port) })
    });
    let local = running.map_err(|error| failure(&settings.dir, &error))?;
    let paper = paper::open(config)?;
    let feed = feed::open(config)?;
    let listed = handle.view().catalog().markets.iter().map(|market| market.symbol.to_string()).collect();
    let models = training::Registry::open(&config.data_dir.join("models"));
    let platform = PlatformDoor::default();
    let desks = Counter {
        local: local.desk().clone(),
        listed,
        paper: paper.as_ref().map(|p| p.desk().clone()),
        feed: feed.as_ref().map(|feed| feed.desk().clone()),
        followed: config.feed.symbols.clone(),
        models,
        platform: Arc::clone(&platform),
    };
    handle.extend(Box::new(desks));
    Ok(Bots { local, _paper: paper, _feed: feed, platform })
}

/// How a shard is kept.
fn settings(config: &Config, dir: PathBuf) -> live::Config {
    let mut settings = live::Config::new(dir, env!("CARGO_PKG_VERSION"));
    settings.journal.durability = config.exchange.durability;
    settings.snapshot_every = config.bots.snapshot_every;
    settings.snapshots_kept = config.bots.snapshots_kept;
    settings
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
