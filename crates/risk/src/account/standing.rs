//! An account as its venue tells it, read in one piece.

use types::{AssetId, ClientOrderId, MarketId, Money, Qty, Side, Time};

use super::Marks;

/// Something that may still trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Working {
    /// Its id at the venue; of a list, that of its first leg.
    pub client_id: ClientOrderId,
    /// Where.
    pub market: MarketId,
    /// Direction.
    pub side: Side,
    /// What may still trade; of two legs of which one cancels the other, the larger.
    pub open: Qty,
}

/// What the venue says of an account at one moment. Holdings and orders belong together: an order that is not open any more has its
/// fills in the holdings.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Now.
    pub now: Time,
    /// The asset that the account is valued in.
    pub currency: AssetId,
    /// All it holds, reserved or not.
    pub holdings: &'a [(AssetId, Money)],
    /// What it can spend.
    pub free: &'a [(AssetId, Money)],
    /// What may still trade.
    pub working: &'a [Working],
    /// The markets and their last prices.
    pub marks: Marks<'a>,
    /// The kill switch.
    pub halted: bool,
    /// Whether the venue's data may be used.
    pub fresh: bool,
}
