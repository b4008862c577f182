//! What the engine wants done, and what it lets others know.

use orders::{BotId, VenueOrder};
use risk::{Approved, Denied};
use strategy::Tag;
use types::{ClientOrderId, MarketId, Outcome, SignedQty, Time};

use crate::AddBotError;

/// One output of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this order. It is recorded already; the driver flushes its journal first.
    Submit(Approved<VenueOrder>),
    /// Ask the venue to cancel this order.
    Cancel {
        /// Where.
        market: MarketId,
        /// Which.
        client_id: ClientOrderId,
    },
    /// Wake a bot.
    SetTimer {
        /// Whom.
        bot: BotId,
        /// When.
        at: Time,
        /// Its own number for it.
        id: u32,
    },
    /// A bot that was asked for could not be made.
    NotCreated {
        /// Which.
        bot: BotId,
        /// Why.
        error: AddBotError,
    },
    /// Risk did not let an order out.
    Denied {
        /// Whose.
        bot: BotId,
        /// Its mark.
        tag: Tag,
        /// Why.
        denied: Denied,
    },
    /// A position was closed beyond zero by an order that guarded it (a venue filled both of a pair, or an order that had counted as
    /// lost). The excess is being closed.
    Overfilled {
        /// Whose.
        bot: BotId,
        /// Where.
        market: MarketId,
        /// What there is too much.
        qty: SignedQty,
    },
    /// An order of ours changed.
    Order {
        /// Whose.
        bot: BotId,
        /// Which.
        client_id: ClientOrderId,
        /// What the venue said.
        outcome: Outcome,
    },
    /// A venue speaks of an order that nobody here knows: the market's bots are stopped (order protocol, step 5).
    External {
        /// Where.
        market: MarketId,
        /// Its id there.
        client_id: ClientOrderId,
    },
}
