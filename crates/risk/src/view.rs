//! What risk looks at. The engine fills it in; risk reads no clock and no state of its own.

use types::{Instrument, Money, Price, Qty, Side, SignedQty, Terms, Time};

use crate::Limits;

/// An order that somebody wants to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Direction.
    pub side: Side,
    /// What is asked for.
    pub terms: Terms,
    /// May only make the position smaller.
    pub reduce_only: bool,
}

/// The kill switch of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Halt {
    /// Orders may leave.
    #[default]
    Off,
    /// Only orders that reduce a position may leave: the switch flattens.
    ReduceOnly,
    /// Nothing leaves.
    Full,
}

/// Results so far that limit what may follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Equity now.
    pub equity: Money,
    /// Highest equity so far.
    pub highest: Money,
    /// Equity at the start of the UTC day.
    pub day_start: Money,
    /// Losing round trips in a row.
    pub streak: u32,
    /// When the last of them ended.
    pub streak_ended: Time,
}

/// Everything that decides about one proposal, at one moment.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Now.
    pub now: Time,
    /// The instrument.
    pub instrument: &'a Instrument,
    /// The limits that apply.
    pub limits: &'a Limits,
    /// The kill switch.
    pub halt: Halt,
    /// Whether the bot runs (manual orders: true).
    pub running: bool,
    /// The side on which nothing new may be opened: a bracket has just closed, or is closing, such a position.
    pub barred: Option<Side>,
    /// Whether the market's data may be used.
    pub fresh: bool,
    /// Last price, or the mid of the book.
    pub last: Option<Price>,
    /// Money of the paying asset that no working order has reserved.
    pub free: Money,
    /// The bot's position.
    pub position: SignedQty,
    /// Quantity of its working buys.
    pub working_buys: Qty,
    /// Quantity of its working sells.
    pub working_sells: Qty,
    /// Exposure at last prices, working orders counted, without this proposal: bot, account, portfolio.
    pub exposure: [Money; 3],
    /// Orders sent in the rate window.
    pub sent_in_window: u32,
    /// Results so far.
    pub losses: Losses,
}
