//! The command line: verbs after nouns, every option with its unit and default.

pub(crate) mod backtest;
mod benchmark;
mod bot;
pub(crate) mod bracket;
pub(crate) mod cache;
pub(crate) mod data;
mod db;
pub(crate) mod indicator;
mod loadtest;
pub(crate) mod model;
pub(crate) mod order;
pub(crate) mod profile;
pub(crate) mod strategy;
pub(crate) mod sweep;
pub(crate) mod user;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::Flags;

pub(crate) use benchmark::Benchmark;
pub(crate) use bot::{Bot, Create as CreateBot, Limits as BotLimits, Parity, Recorded, Session};
pub(crate) use db::{Audit, Db};
pub(crate) use loadtest::{LoadRun, LoadTest};
pub(crate) use user::User;

const AFTER: &str = "\
Without a command, `tradewind` is `tradewind serve`.

Examples:
  tradewind                                            start the exchange
  tradewind exchange account create alice --fund USDT=100000 --fund BTC=5
  tradewind exchange verify                            check the ledger
  tradewind backtest run ema-cross --file bars.csv --param fast=20 --param slow=100
  tradewind data import bars.csv --symbol BTC-PERP     bring in market data
  tradewind doctor                                     check the machine and the data directory
  tradewind status                                     how the running server is

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 wrong configuration, 4 no server reachable,
5 refused by the exchange (nothing changed), 130 interrupted.";

/// A trading platform on your own machine: an exchange with simulated participants that speaks the Binance spot protocol, bots,
/// back-tests, forecasts, and a dashboard.
#[derive(Parser, Debug)]
#[command(name = "tradewind", version, after_help = AFTER, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Folder that holds everything the program writes [default: tradewind in the user's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// Configuration file (TOML) [default: none]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The platform's database: sqlite:PATH or postgres://USER@HOST/NAME [default: a file in the data directory]
    #[arg(long, global = true, value_name = "URL")]
    store: Option<String>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run exchange, platform and dashboard until stopped (Ctrl-C or SIGTERM)
    Serve(Serve),
    /// Administer the exchange, whether its server runs or not
    #[command(subcommand)]
    Exchange(Exchange),
    /// People of the platform
    #[command(subcommand)]
    User(User),
    /// API keys for programs
    #[command(subcommand)]
    Token(user::Token),
    /// Market data on disk: import files, list, verify, resample, export
    #[command(subcommand)]
    Data(data::Recorded),
    /// The platform's database: migrate, back up, check, look after
    #[command(subcommand)]
    Db(Db),
    /// The audit log
    #[command(subcommand)]
    Audit(Audit),
    /// How the running server is: its parts, and what it promises with what was measured
    Status(Output),
    /// Write a configuration file to begin with; what is there is never overwritten
    Init(Init),
    /// Check the machine and the data directory; says how to mend what is wrong, or mends it
    Doctor(Doctor),
    /// Technical indicators: what there is, with parameters and outputs
    #[command(subcommand)]
    Indicator(indicator::Indicator),
    /// Trading strategies: what there is, with parameters and failure modes
    #[command(subcommand)]
    Strategy(strategy::Strategy),
    /// Bots on the running server: make, start, stop, look, ask why
    #[command(subcommand)]
    Bot(Bot),
    /// Trade by hand on the running server: place, list, cancel orders
    #[command(subcommand)]
    Order(order::Order),
    /// Positions on the running server: list, close
    #[command(subcommand)]
    Position(order::Position),
    /// The running server's caches: how they do, warm them, empty them
    #[command(subcommand)]
    Cache(cache::Cache),
    Profile(profile::ProfileArgs),
    /// Recorded sessions of the bots
    #[command(subcommand)]
    Session(Session),
    /// Decide a recorded session again and compare every decision and the state hash; code 1 on any difference
    Replay(Recorded),
    /// Run a session's minutes through the back-tester and explain the difference order by order
    Parity(Parity),
    /// Forecasting models: fit, train, keep, compare, ask
    #[command(subcommand)]
    Model(model::Model),
    /// Run strategies on recorded data
    #[command(subcommand)]
    Backtest(backtest::Backtest),
    /// Try many parameter sets of a strategy, honestly counted
    #[command(subcommand)]
    Sweep(sweep::Sweep),
    /// Measure small parts of this program a thousand times, and compare with earlier runs
    Benchmark(Benchmark),
    /// Load a server by a scenario and judge the promises
    #[command(subcommand, name = "loadtest")]
    LoadTest(LoadTest),
    /// Show the resolved configuration
    #[command(subcommand)]
    Config(Settings),
    /// Print what a shell loads to complete commands: source <(tradewind completions bash)
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write the pages of all commands into a folder
    Man {
        /// The folder; made if it is missing
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// Options of `init`.
#[derive(Args, Debug)]
pub(crate) struct Init {
    /// Where the file goes [default: what --config names, else tradewind.toml here]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Options of `doctor`.
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// Mend what can be mended without a risk: modes of files, a missing folder, what a crash left behind
    #[arg(long)]
    pub(crate) fix: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Options of `serve`.
#[derive(Args, Debug, Default)]
pub(crate) struct Serve {
    /// Where the exchange listens (port 0 takes a free one) [default: 127.0.0.1:8081]
    #[arg(long, value_name = "IP:PORT")]
    exchange_addr: Option<String>,
    /// Where the platform listens (port 0 takes a free one) [default: 127.0.0.1:8080]
    #[arg(long, value_name = "IP:PORT")]
    api_addr: Option<String>,
    /// Allow an address that other machines can reach; there is no TLS here
    #[arg(long)]
    allow_public: bool,
    /// When a command counts as accepted: fsync (survives a power cut) or buffered [default: fsync]
    #[arg(long, value_name = "MODE")]
    durability: Option<String>,
    /// An empty, silent exchange
    #[arg(long)]
    no_participants: bool,
    /// Seed of the simulated market (whole number; same seed, same market) [default: 1]
    #[arg(long, value_name = "N")]
    participants_seed: Option<String>,
    /// Speed of the simulated market (times normal, 0 to 1000; 0 halts it) [default: 1]
    #[arg(long, value_name = "X")]
    participants_speed: Option<String>,
    /// Play these imported markets to bots, like BTC-PERP,BTCUSDT (paper trading on recorded data)
    #[arg(long, value_name = "SYMBOLS")]
    paper: Option<String>,
    /// How fast they are played (times as fast as recorded) [default: 1]
    #[arg(long, value_name = "X")]
    paper_speed: Option<String>,
    /// Let bots trade on paper on a live market: the stream of a venue that speaks Binance spot (ws:// or wss:// address)
    #[arg(long, value_name = "URL")]
    feed: Option<String>,
    /// What of it is followed, like BTCUSDT,ETHUSDT
    #[arg(long, value_name = "SYMBOLS")]
    feed_symbols: Option<String>,
    /// Where it answers over REST (http:// or https:// address) [default: the stream's host and port]
    #[arg(long, value_name = "URL")]
    feed_rest: Option<String>,
    /// The feed may come from another machine: a public one, encrypted
    #[arg(long)]
    feed_allow_remote: bool,
    /// What is logged to standard error (error, warn, info, debug, trace) [default: info]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// Print the start line as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a command answers.
#[derive(Args, Debug, Clone, Copy)]
pub(crate) struct Output {
    /// Answer with one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Exchange {
    /// Accounts, their money and their API keys
    #[command(subcommand)]
    Account(Account),
    /// Replay the journal and check every ledger invariant; prints the state hash, exit code 1 on any violation
    Verify(Output),
    /// Write a snapshot now
    Snapshot(Output),
    /// Show or set the speed of the simulated market (a running server's)
    Speed {
        /// Times normal, 0 to 1000, two decimals; 0 halts it
        #[arg(value_name = "X")]
        speed: Option<String>,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum Account {
    /// Open an account, fund it, and print its API key and secret (shown this once)
    Create {
        /// Its name: letters, digits and . _ - @, at most 40
        name: String,
        /// Money from outside, like USDT=100000 (may be repeated)
        #[arg(long = "fund", value_name = "ASSET=AMOUNT")]
        funds: Vec<String>,
        /// An Ed25519 or RSA public key (PEM) instead of a generated HMAC secret
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// List the accounts with their balances
    List(Output),
    /// Give an account money from outside
    Fund {
        /// Its name
        name: String,
        /// How much of what, like USDT=100000 (may be repeated)
        #[arg(value_name = "ASSET=AMOUNT", required = true)]
        funds: Vec<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Void all API keys of an account (or one of them); its money and orders stay
    Revoke {
        /// Its name
        name: String,
        /// Only this API key
        #[arg(long, value_name = "API_KEY")]
        key: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// API keys of an account
    #[command(subcommand)]
    Key(Key),
}

#[derive(Subcommand, Debug)]
pub(crate) enum Key {
    /// Add an API key to an account
    Add {
        /// The account's name
        name: String,
        /// An Ed25519 or RSA public key (PEM) instead of a generated HMAC secret
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
        /// The key may read but not trade
        #[arg(long)]
        read_only: bool,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum Settings {
    /// Print every setting and its value
    Show {
        /// Also where each value came from
        #[arg(long)]
        origin: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Print the reference of all settings (Markdown)
    Reference,
}

impl Arguments {
    /// Settings that the command line gives.
    pub(crate) fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        if let Some(dir) = &self.global.data_dir {
            flags.push(("data_dir", dir.clone()));
        }
        if let Some(url) = &self.global.store {
            flags.push(("store.url", url.clone()));
        }
        if let Command::Serve(serve) = &self.command {
            serve.flags(&mut flags);
        }
        flags
    }

    /// True if errors are wanted as JSON too.
    pub(crate) fn wants_json(&self) -> bool {
        match &self.command {
            Command::Serve(serve) => serve.json,
            Command::Data(data) => data.output().json,
            Command::Db(db) => db.json(),
            Command::Audit(audit) => audit.json(),
            Command::Status(output) => output.json,
            Command::Init(init) => init.output.json,
            Command::Doctor(doctor) => doctor.output.json,
            Command::Completions { .. } | Command::Man { .. } => false,
            Command::User(user) => user.output().json,
            Command::Token(user::Token::Create { output, .. }) => output.json,
            Command::Config(Settings::Show { output, .. }) => output.json,
            Command::Config(Settings::Reference) => false,
            Command::Exchange(exchange) => exchange.output().json,
            Command::Bot(bot) => bot.output().json,
            Command::Order(order) => order.output().json,
            Command::Position(position) => position.output().json,
            Command::Cache(
                cache::Cache::Stats(whom) | cache::Cache::Warm(whom) | cache::Cache::Clear(whom),
            ) => whom.output.json,
            Command::Profile(profile) => profile.output.json,
            Command::Session(session) => session.output().json,
            Command::Replay(recorded) => recorded.output.json,
            Command::Parity(parity) => parity.output.json,
            Command::Model(model) => model.output().json,
            Command::Backtest(backtest) => backtest.output().json,
            Command::Indicator(indicator) => indicator.output().json,
            Command::Strategy(strategy) => strategy.output().json,
            Command::Sweep(sweep) => sweep.output().json,
            Command::LoadTest(load) => load.output().json,
            Command::Benchmark(benchmark) => benchmark.output.json,
        }
    }
}

impl Exchange {
    fn output(&self) -> Output {
        match self {
            Self::Verify(output) | Self::Snapshot(output) | Self::Speed { output, .. } => *output,
            Self::Account(account) => match account {
                Account::List(output)
                | Account::Create { output, .. }
                | Account::Fund { output, .. }
                | Account::Revoke { output, .. }
                | Account::Key(Key::Add { output, .. }) => *output,
            },
        }
    }
}

impl Serve {
    fn flags(&self, flags: &mut Flags) {
        let texts = [
            ("exchange.addr", &self.exchange_addr),
            ("api.addr", &self.api_addr),
            ("exchange.durability", &self.durability),
            ("exchange.participants_seed", &self.participants_seed),
            ("exchange.participants_speed", &self.participants_speed),
            ("paper.symbols", &self.paper),
            ("paper.speed", &self.paper_speed),
            ("feed.url", &self.feed),
            ("feed.symbols", &self.feed_symbols),
            ("feed.rest_url", &self.feed_rest),
            ("log.filter", &self.log),
        ];
        flags.extend(texts.into_iter().filter_map(|(key, text)| Some((key, text.clone()?))));
        if self.no_participants {
            flags.push(("exchange.participants", "false".into()));
        }
        if self.allow_public {
            flags.push(("exchange.allow_public", "true".into()));
        }
        if self.feed_allow_remote {
            flags.push(("feed.allow_remote", "true".into()));
        }
    }
}

/// The arguments with `serve` put in where a person left it out: `tradewind --no-participants`.
pub(crate) fn with_default_command(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let mut at = 1;
    while let Some(argument) = arguments.get(at).and_then(|a| a.to_str()) {
        match argument {
            "--data-dir" | "--config" | "--store" => at += 2,
            a if ["--data-dir=", "--config=", "--store="].iter().any(|o| a.starts_with(o)) => at += 1,
            "-h" | "--help" | "-V" | "--version" => return arguments,
            a if a.starts_with('-') => break,
            _ => return arguments,
        }
    }
    arguments.insert(at.min(arguments.len()), "serve".into());
    arguments
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        let words = std::iter::once("tradewind").chain(line.split_whitespace()).map(OsString::from);
        Arguments::try_parse_from(with_default_command(words))
    }

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_command_means_serve() {
        for line in [
            "",
            "--data-dir d",
            "--data-dir=d --no-participants",
            "--no-participants --data-dir d",
            "serve --json",
        ] {
            assert!(matches!(parse(line).unwrap().command, Command::Serve(_)), "{line}");
        }
        let flags =
            parse("--data-dir d --no-participants --exchange-addr 127.0.0.1:0 --participants-speed 2")
                .unwrap()
                .flags();
        let expected = [
            ("data_dir", "d"),
            ("exchange.addr", "127.0.0.1:0"),
            ("exchange.participants_speed", "2"),
            ("exchange.participants", "false"),
        ];
        assert_eq!(flags.iter().map(|(k, v)| (*k, v.as_str())).collect::<Vec<_>>(), expected);
        assert!(parse("sreve").is_err());
    }

    #[test]
    fn the_data_directory_goes_with_every_command_and_stands_anywhere() {
        for line in [
            "--data-dir d exchange account list",
            "exchange account list --data-dir d",
            "doctor --data-dir d --json",
        ] {
            assert_eq!(parse(line).unwrap().flags(), [("data_dir", "d".to_owned())], "{line}");
        }
    }
}
