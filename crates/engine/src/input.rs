//! Everything that can make the engine decide.

use orders::{BotId, Native};
use risk::Limits;
use types::{AccountId, ClientOrderId, Instrument, Liquidation, MarketEvent, MarketId, Report};

use crate::BotSpec;

/// One input of a shard; the driver stamps it with time and number and journals it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A market showed something.
    Market(MarketEvent),
    /// A venue said something about an order of ours.
    Execution(Report),
    /// A person (or the driver) wants something.
    Control(Control),
    /// A timer that a bot asked for.
    Timer {
        /// Whose.
        bot: BotId,
        /// Its own number for it.
        id: u32,
    },
    /// Something of the past for one bot alone: it hears it and cannot act on it.
    WarmUp {
        /// Whose.
        bot: BotId,
        /// A closed bar.
        event: MarketEvent,
    },
    /// Somebody else traded on an account of ours (order protocol, step 5): its bots stop.
    External {
        /// Which.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// The order's id there.
        client_id: ClientOrderId,
    },
    /// A venue closed positions of an account whose collateral ran out: the bots that held them book it and stop.
    Liquidation(Liquidation),
}

/// What people can ask of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Lets a bot act.
    Start(BotId),
    /// Lets it listen but not act; its orders stay.
    Pause(BotId),
    /// Lets it listen but not act, and cancels its orders (invariant B3).
    Stop(BotId),
    /// Stops it and closes its positions by market orders.
    Exit(BotId),
    /// Hands it a message from outside.
    Signal {
        /// To whom.
        bot: BotId,
        /// What.
        text: String,
    },
    /// Cancels one order.
    Cancel(ClientOrderId),
    /// The kill switch of an account: cancels everything, lets nothing out but what flattens (invariant B5).
    Halt {
        /// Whose.
        account: AccountId,
        /// Whether positions are closed too.
        flatten: bool,
    },
    /// Releases the kill switch; nothing else does.
    Resume(AccountId),
    /// What the venue keeps itself, from now on; everything until this is said.
    Native(Native),
    /// Adds an instrument; ignored unless its number is the next one.
    Instrument(Box<Instrument>),
    /// Adds a bot, paused.
    Create(Box<BotSpec>),
    /// From now on a bot may do this. Nothing is closed because of it, and what reduces its positions always may leave; its own orders
    /// are cancelled if they could take it beyond the new limits. Orders of the last minute count from when their rate was first limited.
    Limits {
        /// Which.
        bot: BotId,
        /// All limits; what is absent is off.
        limits: Box<Limits>,
    },
}
