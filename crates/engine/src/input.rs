//! Everything that can make the engine decide.

use orders::BotId;
use types::{AccountId, ClientOrderId, MarketEvent, Report};

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
}
