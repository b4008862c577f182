//! What must not be. Each names the invariant it breaks.

use types::ClientOrderId;

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// B1, O1: an order arrived at the venue twice.
    Twice(ClientOrderId),
    /// B1: an order left that no durable record holds.
    Unrecorded(ClientOrderId),
    /// B3: an order left after its bot's stop was acknowledged.
    AfterStop(ClientOrderId),
    /// B4: a position beyond its limit.
    Limit {
        /// The bot.
        bot: u32,
        /// Its position.
        qty: i64,
    },
    /// B6: a bot's ledger is not what its account holds.
    Ledger {
        /// The bot.
        bot: u32,
        /// Which asset.
        asset: u16,
        /// Ledger less holding.
        gap: i128,
    },
    /// B7: a position with a bracket has lacked for minutes what is believed to guard it.
    Unguarded,
    /// B7: what guarded a position closed more than there was, at a venue that never fills both of a pair.
    Overfilled,
    /// Somebody was taken for a stranger although nobody else trades here: an order counted as lost and lived.
    External(String),
    /// Something is still under way long after the faults have stopped.
    NotSettled {
        /// Orders that are open here or there.
        orders: usize,
        /// Those that are open here.
        open: String,
    },
    /// B1, O1: an order that the venue ended minutes ago still counts as live.
    Ghost(ClientOrderId),
    /// A command that was answered is gone.
    Forgotten(String),
    /// D1, D2, H6: the journal cannot be read, or does not lead to what it says.
    Journal(String),
    /// L1: the venue's own books do not balance.
    Venue(String),
}
