//! Rows that are not on disk yet, in memory, where readers find them.

use std::collections::BTreeMap;

use types::event::Trade;
use types::{ClientOrderId, ListView};

use crate::row::{FillOfOrder, Row};
use crate::{AccountFill, AggTrade, Amendment, Bar, ClosedOrder, PreventedMatch};

/// One table's pending rows.
pub(crate) type Layer<R> = BTreeMap<<R as Row>::Key, R>;

/// All pending rows, up to and with command `seq`.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) seq: u64,
    pub(crate) trades: Layer<Trade>,
    pub(crate) aggs: Layer<AggTrade>,
    pub(crate) bars: Layer<Bar>,
    pub(crate) orders: Layer<ClosedOrder>,
    pub(crate) order_clients: BTreeMap<(u32, u16, ClientOrderId), u64>,
    pub(crate) fills: Layer<AccountFill>,
    pub(crate) fills_of_order: Layer<FillOfOrder>,
    pub(crate) lists: Layer<ListView>,
    pub(crate) list_clients: BTreeMap<(u32, ClientOrderId), u64>,
    pub(crate) prevented: Layer<PreventedMatch>,
    pub(crate) amendments: Layer<Amendment>,
}

/// A row type's own layer in [`Pending`].
pub(crate) trait Layered: Row {
    /// The layer.
    fn layer(pending: &Pending) -> &Layer<Self>;
}

macro_rules! layered {
    ($($row:ty => $field:ident),*) => {
        $(impl Layered for $row {
            fn layer(pending: &Pending) -> &Layer<Self> {
                &pending.$field
            }
        })*
    };
}
layered!(
    Trade => trades,
    AggTrade => aggs,
    Bar => bars,
    ClosedOrder => orders,
    AccountFill => fills,
    FillOfOrder => fills_of_order,
    ListView => lists,
    PreventedMatch => prevented,
    Amendment => amendments
);

impl Pending {
    /// Number of rows; an index entry counts with its row.
    pub(crate) fn rows(&self) -> usize {
        self.trades.len()
            + self.aggs.len()
            + self.bars.len()
            + self.orders.len()
            + self.fills.len()
            + self.lists.len()
            + self.prevented.len()
            + self.amendments.len()
    }
}
