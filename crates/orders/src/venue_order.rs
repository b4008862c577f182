//! An order as a venue's port gets it: what `risk` approves, what an adapter sends.

use types::{AccountId, ClientOrderId, MarketId, Side, Terms};

/// An order on its way to a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueOrder {
    /// Our id for it.
    pub client_id: ClientOrderId,
    /// Whose account at the venue.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// Direction.
    pub side: Side,
    /// What.
    pub terms: Terms,
    /// May only make the position smaller.
    pub reduce_only: bool,
}
