//! The words about bots: what can be asked of them and what they say. JSON: decimals are texts, times RFC 3339.

use serde::{Deserialize, Serialize};

use crate::{Lane, Subscription, Topic};

/// Longest name of a bot: with the account's prefix it must fit an account's name.
pub const NAME_LEN_MAX: usize = 32;

/// Everything that can be asked of a driver about bots. Clone freely.
#[derive(Clone, Debug)]
pub struct Desk {
    /// What changes something.
    pub commands: Lane<BotCommand, BotReply>,
    /// What only asks.
    pub queries: Lane<BotQuery, BotReply>,
    /// What happens.
    pub events: Topic<BotEvent>,
}

impl Desk {
    /// Listens to everything that happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription<BotEvent> {
        self.events.subscribe()
    }
}

/// A request that changes something. Bots are named by name or number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum BotCommand {
    /// Makes a bot with an account of its own, paused. Answer: [`BotReply::Bot`].
    Create(Box<NewBot>),
    /// Lets it act; also releases its account's kill switch.
    Start {
        /// Which.
        bot: String,
    },
    /// Lets it listen but not act; its orders stay.
    Pause {
        /// Which.
        bot: String,
    },
    /// Lets it listen but not act, and cancels its orders.
    Stop {
        /// Which.
        bot: String,
    },
    /// Stops it and closes its positions at the market.
    Exit {
        /// Which.
        bot: String,
    },
    /// Hands it a message from outside.
    Signal {
        /// To whom.
        bot: String,
        /// What.
        text: String,
    },
    /// The kill switch of its account: cancels everything, lets nothing out.
    Halt {
        /// Which.
        bot: String,
        /// Whether positions are closed too.
        #[serde(default)]
        flatten: bool,
    },
    /// What it may do from now on, whatever it does just now. Nothing is closed; its own orders are cancelled if they could take it
    /// beyond, and until it is within its limits again only what reduces its positions leaves.
    Limits {
        /// Which.
        bot: String,
        /// All limits; absent ones are off.
        limits: Box<NewLimits>,
    },
}

/// A bot to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewBot {
    /// Its name; made of the strategy's and a number when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// The strategy's name.
    pub strategy: String,
    /// What it trades, in the strategy's order.
    pub markets: Vec<BotMarket>,
    /// The strategy's parameters.
    #[serde(default)]
    pub params: Vec<(String, String)>,
    /// Test money it starts with.
    #[serde(default)]
    pub funds: Vec<Holding>,
    /// What it may do.
    #[serde(default)]
    pub limits: NewLimits,
    /// A trained model that forecasts for the strategy `forecast`: `name` or `name@version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What guards its positions, whatever the strategy does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bracket: Option<NewBracket>,
    /// That model, as whoever took the request found it. It never travels: names do.
    #[serde(skip)]
    pub found: Option<FoundModel>,
}

/// A trained model, looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundModel {
    /// `name@version#hash`.
    pub label: String,
    /// The model, as the driver keeps it.
    pub bytes: Vec<u8>,
}

/// A market and the bars to decide on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BotMarket {
    /// `BTCUSDT` or `local:BTCUSDT`.
    pub symbol: String,
    /// `1m`.
    pub interval: String,
}

/// An amount of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holding {
    /// `USDT`.
    pub asset: String,
    /// Decimal text.
    pub amount: String,
}

/// Limits of a bot; absent ones are off. Quantities in the base asset of its first market, money in the quote asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewLimits {
    /// Most quantity in one order.
    pub order_qty_max: Option<String>,
    /// Most value of one order.
    pub order_notional_max: Option<String>,
    /// Largest position.
    pub position_max: Option<String>,
    /// Largest exposure.
    pub exposure_max: Option<String>,
    /// Largest exposure of all bots on its account together.
    pub account_exposure_max: Option<String>,
    /// Largest exposure of all bots of the server together.
    pub portfolio_exposure_max: Option<String>,
    /// Largest distance of a limit price from the last price, hundredths of a percent.
    pub price_band_bips: Option<u32>,
    /// Losing round trips in a row after which it opens nothing for a while.
    pub losing_streak_max: Option<u32>,
    /// How long it rests then, minutes; 60 when absent.
    pub cool_down_minutes: Option<u32>,
    /// Most orders in a minute.
    pub orders_per_minute: Option<u32>,
    /// Largest fall from the highest equity, hundredths of a percent.
    pub drawdown_max_bips: Option<u32>,
    /// Largest loss since the start of the UTC day.
    pub daily_loss_max: Option<String>,
}

/// A bracket: where every position of a bot is left, in hundredths of a percent from its average price. A stop and a trailing stop
/// exclude each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewBracket {
    /// Leaves with this loss.
    pub stop_loss_bps: Option<u32>,
    /// Leaves with this profit.
    pub take_profit_bps: Option<u32>,
    /// Leaves when the price has come back by this from its best since.
    pub trailing_bps: Option<u32>,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum BotQuery {
    /// All bots. Answer: [`BotReply::Bots`].
    List {},
    /// One bot. Answer: [`BotReply::Bot`].
    Show {
        /// Which.
        bot: String,
    },
    /// Its last decisions. Answer: [`BotReply::Why`].
    Why {
        /// Which.
        bot: String,
        /// At most so many, the last ones.
        limit: usize,
    },
    /// Its working orders. Answer: [`BotReply::Orders`].
    Orders {
        /// Which.
        bot: String,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotReply {
    /// One bot.
    Bot(Box<BotEntry>),
    /// All bots.
    Bots(Vec<BotEntry>),
    /// Decisions, oldest first.
    Why(Vec<Decision>),
    /// Working orders.
    Orders(Vec<WorkingOrder>),
}

/// A bot as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotEntry {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// The account it trades on.
    pub account: u32,
    /// Its strategy.
    pub strategy: String,
    /// What it trades.
    pub markets: Vec<BotMarket>,
    /// Its parameters as given.
    pub params: Vec<(String, String)>,
    /// The trained model that forecasts for it: `name@version#hash`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What guards its positions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bracket: Option<NewBracket>,
    /// What it may do.
    #[serde(default)]
    pub limits: NewLimits,
    /// `running`, `paused` or `stopped`.
    pub state: String,
    /// `off`, `reduce_only` or `full`: the kill switch of its account.
    pub halt: String,
    /// The asset it is valued in.
    pub quote: String,
    /// What it is worth; absent while something it holds has no price.
    pub equity: Option<String>,
    /// Realised and unrealised profit after fees and funding; absent without prices.
    pub profit: Option<String>,
    /// Fees paid in the quote asset.
    pub fees: String,
    /// What it started with.
    pub funds: Vec<Holding>,
    /// What it has.
    pub assets: Vec<Holding>,
    /// Its positions that are not flat.
    pub positions: Vec<PositionEntry>,
    /// How far its worth is below the highest it was, in hundredths of a percent.
    #[serde(default)]
    pub drawdown_bips: Option<u32>,
    /// At which fall it takes no new risk, in hundredths of a percent; absent when there is no such limit.
    #[serde(default)]
    pub drawdown_max_bips: Option<u32>,
    /// Number of working orders.
    pub orders: usize,
    /// Decisions made.
    pub decisions: u64,
    /// The last one.
    pub last: Option<Decision>,
}

/// A position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionEntry {
    /// Where.
    pub symbol: String,
    /// Negative when short.
    pub qty: String,
    /// What the open quantity cost.
    pub cost: String,
    /// What closing it at the mark would earn; absent without a price.
    pub unrealised: Option<String>,
    /// Earned by what was closed, before fees.
    pub realised: String,
}

/// A decision with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When it was last made.
    pub at: String,
    /// How often in a row.
    pub times: u64,
    /// A stable code.
    pub reason: String,
    /// The numbers that decided, as text.
    pub values: Vec<(String, String)>,
    /// What risk said to its last order, if it denied one.
    pub denied: Option<String>,
}

/// A working order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingOrder {
    /// Its id at the venue.
    pub client_id: String,
    /// Where.
    pub symbol: String,
    /// `buy` or `sell`.
    pub side: String,
    /// Its limit price, if it has one.
    pub price: Option<String>,
    /// The price at which it fires, if it waits for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_price: Option<String>,
    /// `stop`, `target` or `leave` for an order that guards a position; the strategy's own have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guards: Option<String>,
    /// What was asked for; absent for an order by quote amount.
    pub qty: Option<String>,
    /// What has traded.
    pub filled: String,
    /// `sent`, `unknown`, `live`, ...
    pub state: String,
    /// When it was recorded.
    pub recorded: String,
}

/// Something that happened to a bot, durable already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotEvent {
    /// The input's number in the journal.
    pub seq: u64,
    /// When.
    pub at: String,
    /// Which bot; absent for an account's or a market's news.
    pub bot: Option<u32>,
    /// What.
    pub what: Happened,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happened {
    /// A command changed it.
    State {
        /// `running`, `paused` or `stopped`.
        state: String,
    },
    /// An order left.
    Submitted {
        /// Which.
        client_id: String,
    },
    /// A venue's report about an order.
    Order {
        /// Which.
        client_id: String,
        /// `accepted`, `fill`, `canceled`, ...
        outcome: String,
    },
    /// Risk let no order out.
    Denied {
        /// A stable code.
        code: String,
    },
    /// Orders that guarded a position closed more than there was (a venue filled both of a pair); the excess is being closed.
    Overfilled {
        /// What there was too much, in the base asset's smallest units; below zero when it was sold.
        qty: String,
    },
    /// Somebody else trades on its account: it was stopped.
    External {
        /// The order.
        client_id: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_read_as_documented_and_unknown_fields_are_refused() {
        let text = r#"{"op":"create","strategy":"ema-cross","markets":[{"symbol":"BTCUSDT","interval":"1m"}],
            "params":[["fast","5"]],"funds":[{"asset":"USDT","amount":"10000"}]}"#;
        let BotCommand::Create(new) = serde_json::from_str(text).unwrap() else { panic!() };
        assert_eq!((new.name, new.params[0].1.as_str()), (None, "5"));
        assert!(serde_json::from_str::<BotCommand>(r#"{"op":"start","bot":"a","x":1}"#).is_err());
        assert!(serde_json::from_str::<BotQuery>(r#"{"op":"list","x":1}"#).is_err());
    }
}
