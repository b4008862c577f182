//! An order as a venue's port gets it: what `risk` approves, what an adapter sends.

use types::{AccountId, ClientOrderId, MarketId, Side, Terms};

/// The second order of a pair: when one of the two trades or fires, the other ends. Both have the same side and quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherLeg {
    /// Our id for it.
    pub client_id: ClientOrderId,
    /// What.
    pub terms: Terms,
}

/// An order on its way to a venue, or a pair of which one cancels the other.
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
    /// The other one of a pair.
    pub other: Option<OtherLeg>,
}

impl VenueOrder {
    /// The ids of the orders in it: one, or two of a pair.
    pub fn client_ids(&self) -> impl Iterator<Item = ClientOrderId> + use<> {
        std::iter::once(self.client_id).chain(self.other.map(|leg| leg.client_id))
    }
}
