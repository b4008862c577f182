//! `tradewind order`, `tradewind position`: words of the command line.

use clap::{Args, Subcommand};

use super::Output;

/// Whose.
#[derive(Args, Debug, Clone)]
pub(crate) struct Whose {
    /// The user to act for [default: the only one there is]
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// One of the user's accounts, by its id [default: the user's default account]
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
}

/// How a command that trades is carried out.
#[derive(Args, Debug, Clone)]
pub(crate) struct Trade {
    /// The same key again is never a second order [default: a new one, told when the answer is lost]
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// Say what it would cost and what it would do to each limit; send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Orders of people on the running server. They pass the same limits as over the API
#[derive(Subcommand, Debug)]
pub(crate) enum Order {
    /// Place an order: tradewind order place BTCUSDT buy 0.01 --price 95000
    Place(Box<Place>),
    /// List orders, newest first
    List {
        /// Only those that can still trade
        #[arg(long)]
        live: bool,
        /// Only of this market
        #[arg(long, value_name = "SYMBOL")]
        symbol: Option<String>,
        /// Only in this state: new, partially_filled, filled, canceled, rejected, expired
        #[arg(long, value_name = "STATE")]
        status: Option<String>,
        /// At most so many (1 to 1000)
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        output: Output,
    },
    /// Cancel a live order (of a pair, both)
    Cancel {
        /// Its id, as `order list` shows it
        id: String,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        output: Output,
    },
}

/// A new order.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// What to trade, like BTCUSDT
    pub(crate) symbol: String,
    /// buy or sell
    pub(crate) side: String,
    /// How much of the base asset (not with --quote-quantity)
    #[arg(required_unless_present = "quote_quantity")]
    pub(crate) quantity: Option<String>,
    /// Market orders: how much of the quote asset to spend or to receive
    #[arg(long, value_name = "AMOUNT", conflicts_with = "quantity")]
    pub(crate) quote_quantity: Option<String>,
    /// The limit
    #[arg(long, value_name = "PRICE")]
    pub(crate) price: Option<String>,
    /// What starts a stop or a take-profit
    #[arg(long, value_name = "PRICE")]
    pub(crate) stop_price: Option<String>,
    /// Of a pair (--type oco): the limit of the stop when it fires [default: at market]
    #[arg(long, value_name = "PRICE")]
    pub(crate) stop_limit_price: Option<String>,
    /// market, limit, limit_maker, stop_loss, stop_loss_limit, take_profit, take_profit_limit or oco
    /// [default: limit with --price, else market]
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) order_type: Option<String>,
    /// gtc, ioc or fok [default: gtc]
    #[arg(long, value_name = "TIF")]
    pub(crate) time_in_force: Option<String>,
    #[command(flatten)]
    pub(crate) trade: Trade,
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(flatten)]
    pub(crate) output: Output,
}

impl Order {
    /// How it answers.
    pub(crate) const fn output(&self) -> Output {
        match self {
            Self::Place(place) => place.output,
            Self::List { output, .. } | Self::Cancel { output, .. } => *output,
        }
    }
}

/// Positions of people on the running server
#[derive(Subcommand, Debug)]
pub(crate) enum Position {
    /// List open positions with what they are worth
    List {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        output: Output,
    },
    /// Close a position at the market
    Close {
        /// Its market, like BTCUSDT
        symbol: String,
        #[command(flatten)]
        trade: Trade,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        output: Output,
    },
}

impl Position {
    /// How it answers.
    pub(crate) const fn output(&self) -> Output {
        match self {
            Self::List { output, .. } | Self::Close { output, .. } => *output,
        }
    }
}
