//! What a run gave.

use types::{MarketId, Money, Price, Qty, Side, Time};

use crate::{EquityCurve, RunSpec};

/// Most fills, and most trades, that a run records one by one; beyond it the sums go on and a warning says so.
pub const RECORDS_MAX: usize = 1_000_000;

/// The outcome of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What was run.
    pub run: RunSpec,
    /// Worth over time.
    pub equity: EquityCurve,
    /// Every fill, in order.
    pub fills: Vec<FillRecord>,
    /// Every round trip that has ended, in the order of the ends.
    pub trades: Vec<ClosedTrade>,
    /// What became of the orders.
    pub orders: OrderCounts,
    /// Fees paid, rebates subtracted, in the quote asset.
    pub fees: Money,
    /// Funding received (paid: negative), in the quote asset.
    pub funding: Money,
    /// Σ price × quantity of all fills, in the quote asset.
    pub turnover: Money,
    /// What takers lost against the price without slippage, in the quote asset.
    pub slippage: Money,
    /// The strategy's reasons that fills point to.
    pub reasons: Vec<String>,
    /// What a reader of the result must know.
    pub warnings: Vec<String>,
    /// Processor time of the run, seconds; data reading included.
    pub cpu_seconds: f64,
    /// The engine's rolling hash of all decisions (invariant H6).
    pub digest: u64,
}

/// One fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FillRecord {
    /// When the venue filled it.
    pub at: Time,
    /// Where.
    pub market: MarketId,
    /// Direction.
    pub side: Side,
    /// True for a resting order.
    pub is_maker: bool,
    /// Price.
    pub price: Price,
    /// Base quantity.
    pub qty: Qty,
    /// Fee in the quote asset; negative for a rebate.
    pub fee: Money,
    /// Profit of what it closed, by average cost, before fees.
    pub realised: Money,
    /// The strategy's mark on the order.
    pub tag: u32,
    /// The strategy's reason, by its place in [`Outcome::reasons`].
    pub reason: u16,
}

/// One round trip: from flat to flat, or to the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedTrade {
    /// First fill.
    pub opened: Time,
    /// Last fill.
    pub closed: Time,
    /// Where.
    pub market: MarketId,
    /// `Buy`: it was long.
    pub side: Side,
    /// All that was opened, base units.
    pub qty: Qty,
    /// Average price of what opened it, rounded down to the price's scale.
    pub entry: Price,
    /// Average price of what closed it, rounded down to the price's scale.
    pub exit: Price,
    /// Profit after its fees (funding not included).
    pub pnl: Money,
    /// Its fees, in `pnl` already.
    pub fees: Money,
    /// Maximum adverse excursion: the worst profit before fees while it was open, at bars' highs and lows; zero or below.
    pub mae: Money,
    /// Maximum favourable excursion: the best profit before fees while it was open; zero or above.
    pub mfe: Money,
    /// Bars it was open.
    pub bars: u32,
}

/// What became of the orders of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderCounts {
    /// Sent to the venue.
    pub sent: u64,
    /// Filled completely.
    pub filled: u64,
    /// Cancelled with something left.
    pub canceled: u64,
    /// Ended by their own terms with something left.
    pub expired: u64,
    /// Refused by the venue.
    pub rejected: u64,
    /// Lost on the way.
    pub never_arrived: u64,
    /// Live, or unknown, when the run ended.
    pub open: u64,
    /// Cancels sent.
    pub cancels: u64,
    /// Not let out by risk, by reason, sorted.
    pub denied: Vec<(String, u64)>,
}

impl Outcome {
    /// What the bot is worth at the end.
    #[must_use]
    pub fn final_equity(&self) -> Money {
        self.equity.last()
    }

    /// The reason of the fill that closed a trade; empty when it is not known.
    #[must_use]
    pub fn exit_reason(&self, trade: &ClosedTrade) -> &str {
        // Fills are in order of time: the last one at the trade's end closed it.
        let after = self.fills.partition_point(|f| f.at <= trade.closed);
        let fills = self.fills[..after].iter().rev().take_while(|f| f.at == trade.closed);
        let closing = fills.into_iter().find(|f| f.market == trade.market && f.side != trade.side);
        closing.map_or("", |f| self.reason(f))
    }

    /// The reason of a fill; empty when it is not known.
    #[must_use]
    pub fn reason(&self, fill: &FillRecord) -> &str {
        self.reasons.get(usize::from(fill.reason)).map_or("", String::as_str)
    }
}
