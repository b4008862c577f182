//! `tradewind bot`, `tradewind session`, `tradewind replay`: words of the command line.

use clap::{Args, Subcommand};

use super::Output;
use super::bracket::Guards;
use crate::bots::Place;

#[derive(Subcommand, Debug)]
pub(crate) enum Bot {
    /// Make a bot with an exchange account of its own and test money; it is paused until it is started
    Create(Box<Create>),
    /// Let a bot act (also releases its account after a halt)
    Start(Named),
    /// Let a bot listen but not act; its orders stay
    Pause(Named),
    /// Stop a bot and cancel its orders; its position stays
    Stop(Named),
    /// Stop a bot and close its positions at the market
    Exit(Named),
    /// Kill switch of a bot's account: cancel everything, let nothing out until it is started again
    Halt {
        #[command(flatten)]
        bot: Named,
        /// Close the positions too
        #[arg(long)]
        flatten: bool,
    },
    /// Give a bot other limits, whatever it does just now: those named here and no others. Nothing is closed; its own orders are
    /// cancelled if they could take it beyond, and until it is within its limits only what reduces its positions leaves
    Limits {
        #[command(flatten)]
        bot: Named,
        #[command(flatten)]
        limits: Box<Limits>,
    },
    /// Hand a bot a message, as a webhook would
    Signal {
        /// Its name or number
        bot: String,
        /// What it hears
        text: String,
        #[command(flatten)]
        output: Output,
    },
    /// List all bots with what they are worth
    List(Output),
    /// Show one bot: money, positions, working orders
    Show(Named),
    /// Why a bot did, or did not, trade: its last decisions with their numbers
    Why {
        #[command(flatten)]
        bot: Named,
        /// How many decisions (equal ones in a row are one)
        #[arg(long, value_name = "N", default_value_t = 20)]
        last: usize,
    },
}

/// One bot.
#[derive(Args, Debug)]
pub(crate) struct Named {
    /// Its name or number
    pub(crate) bot: String,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What a bot may do; absent limits are off.
#[derive(Args, Clone, Debug)]
// The command of this name has a group of it, too.
#[group(skip)]
pub(crate) struct Limits {
    /// Largest position, base units
    #[arg(long, value_name = "QTY")]
    pub(crate) max_position: Option<String>,
    /// Most base units in one order
    #[arg(long, value_name = "QTY")]
    pub(crate) max_order: Option<String>,
    /// Most value at stake, working orders counted, quote asset
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_exposure: Option<String>,
    /// Most value of one order, quote asset
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_order_value: Option<String>,
    /// Most value at stake of all bots on its account together, quote asset
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_account_exposure: Option<String>,
    /// Most value at stake of all bots of the server together, quote asset
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_portfolio_exposure: Option<String>,
    /// Largest distance of a limit price from the last price, percent (two decimals)
    #[arg(long, value_name = "PERCENT")]
    pub(crate) price_band: Option<String>,
    /// Losing round trips in a row after which it opens nothing for a while
    #[arg(long, value_name = "N")]
    pub(crate) max_losing_streak: Option<u32>,
    /// How long it rests then, minutes [default: 60]
    #[arg(long, value_name = "MINUTES", requires = "max_losing_streak")]
    pub(crate) cool_down: Option<u32>,
    /// Largest loss in a UTC day, quote asset
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_daily_loss: Option<String>,
    /// Largest fall from the highest equity, percent (two decimals)
    #[arg(long, value_name = "PERCENT")]
    pub(crate) max_drawdown: Option<String>,
    /// Most orders in a minute
    #[arg(long, value_name = "N")]
    pub(crate) max_orders_per_minute: Option<u32>,
}

/// A new bot.
#[derive(Args, Debug)]
pub(crate) struct Create {
    /// The strategy, like ema-cross or grid
    pub(crate) strategy: String,
    /// What it trades, like BTCUSDT (repeat it for a strategy of several markets)
    #[arg(long = "symbol", value_name = "SYMBOL", required = true)]
    pub(crate) symbols: Vec<String>,
    /// Length of the bars it decides on: 1s, 1m, 5m, 1h, 1d ...
    #[arg(long, value_name = "INTERVAL", default_value = "1m")]
    pub(crate) interval: String,
    /// A parameter of the strategy, like fast=20 (may be repeated)
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    /// A trained model as the forecaster of the strategy forecast: NAME (the promoted version) or NAME@VERSION, see `tradewind model
    /// list`; the bot keeps the version it was made with
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Test money it starts with, like USDT=10000 (may be repeated)
    #[arg(long = "funds", visible_alias = "fund", value_name = "ASSET=AMOUNT", required = true)]
    pub(crate) funds: Vec<String>,
    /// Its name: letters, digits and . _ -, at most 32 [default: the strategy's name and a number]
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) guards: Guards,
    /// The same key again makes no second bot
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Session {
    /// List the recorded sessions: one for each run of the bots' process
    List {
        #[command(flatten)]
        shard: WhichBots,
        #[command(flatten)]
        output: Output,
    },
}

impl Session {
    pub(crate) const fn output(&self) -> Output {
        let Self::List { output, .. } = self;
        *output
    }
}

/// Whose sessions; those of the bots on the built-in exchange if nothing is said.
#[derive(Args, Debug, Clone, Copy)]
pub(crate) struct WhichBots {
    /// Of the bots on recorded markets
    #[arg(long)]
    paper: bool,
    /// Of the bots on a live market (`serve --feed`)
    #[arg(long, conflicts_with = "paper")]
    feed: bool,
}

impl WhichBots {
    pub(crate) const fn place(self) -> Place {
        match self {
            Self { paper: true, .. } => Place::Recorded,
            Self { feed: true, .. } => Place::Live,
            _ => Place::Builtin,
        }
    }
}

/// A session to look at again.
#[derive(Args, Debug)]
pub(crate) struct Recorded {
    /// Its number, from `tradewind session list`
    pub(crate) session: u64,
    #[command(flatten)]
    pub(crate) shard: WhichBots,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// A session to compare with the back-tester.
#[derive(Args, Debug)]
pub(crate) struct Parity {
    /// Its number, from `tradewind session list`
    pub(crate) session: u64,
    /// How long the back-test supposes that an order, and a report, travels (milliseconds)
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) latency_ms: u32,
    #[command(flatten)]
    pub(crate) shard: WhichBots,
    #[command(flatten)]
    pub(crate) output: Output,
}

impl Bot {
    pub(crate) fn output(&self) -> Output {
        match self {
            Self::Create(create) => create.output,
            Self::Start(bot) | Self::Pause(bot) | Self::Stop(bot) | Self::Exit(bot) | Self::Show(bot) => {
                bot.output
            }
            Self::Halt { bot, .. } | Self::Limits { bot, .. } | Self::Why { bot, .. } => bot.output,
            Self::Signal { output, .. } | Self::List(output) => *output,
        }
    }
}
