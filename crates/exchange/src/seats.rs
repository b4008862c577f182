//! An account's place at a market: how many orders it has there and which. One short sorted row per account.

use crate::orders::Slot;
use portfolio::Holder;
use types::MarketId;

/// No order.
pub(crate) const NONE: Slot = Slot::MAX;

/// What one account has on one market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) market: MarketId,
    /// Live orders of any kind.
    pub(crate) orders: u32,
    /// Conditional orders that have not fired.
    pub(crate) stops: u32,
    /// Icebergs.
    pub(crate) icebergs: u32,
    /// Order lists.
    pub(crate) lists: u32,
    /// Base quantity that live buys may still bring.
    pub(crate) open_buys: i128,
    /// Ends of the list of orders.
    pub(crate) first: Slot,
    pub(crate) last: Slot,
}

impl Seat {
    pub(crate) const fn new(market: MarketId) -> Self {
        Self { market, orders: 0, stops: 0, icebergs: 0, lists: 0, open_buys: 0, first: NONE, last: NONE }
    }
}

/// All seats. A seat once taken stays (empty seats are not part of the state: no snapshot tells them).
#[derive(Clone, Debug, Default)]
pub(crate) struct Seats {
    rows: Vec<Vec<Seat>>,
}

impl Seats {
    pub(crate) fn get(&self, holder: Holder, market: MarketId) -> Option<&Seat> {
        let row = self.rows.get(holder.0 as usize)?;
        row.binary_search_by_key(&market, |seat| seat.market).ok().map(|at| &row[at])
    }

    /// The seat, made if there is none.
    pub(crate) fn take(&mut self, holder: Holder, market: MarketId) -> &mut Seat {
        let at = holder.0 as usize;
        if at >= self.rows.len() {
            self.rows.resize_with(at + 1, Vec::new);
        }
        let row = &mut self.rows[at];
        let at = row.binary_search_by_key(&market, |seat| seat.market).unwrap_or_else(|at| {
            row.insert(at, Seat::new(market));
            at
        });
        &mut row[at]
    }

    /// An account's seats by market.
    pub(crate) fn of(&self, holder: Holder) -> &[Seat] {
        self.rows.get(holder.0 as usize).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Holder, &Seat)> {
        let rows = (0_u32..).zip(&self.rows);
        rows.flat_map(|(holder, row)| row.iter().map(move |seat| (Holder(holder), seat)))
    }
}
