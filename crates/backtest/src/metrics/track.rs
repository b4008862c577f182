//! A back-test as the metrics see it: what the account was worth, bar by bar, and its closed trades.
//!
//! Floats: a report, never a ledger. The exact amounts stay with the outcome that this is made from.

use types::Side;

use super::basis::Drawdown;

/// One back-test's course.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    /// When it began, UTC milliseconds: the opening of the first bar.
    pub from: i64,
    /// What the account was worth then, quote asset, above 0.
    pub start: f64,
    /// Times of the points below, rising, UTC milliseconds: the last millisecond of each bar.
    pub times: Vec<i64>,
    /// What the account was worth at each time, quote asset.
    pub equity: Vec<f64>,
    /// The deepest drawdown, where it is known more exactly than the points tell (they may stand for several bars each).
    pub exact: Option<Drawdown>,
    /// The price of the traded instrument at each time.
    pub price: Vec<f64>,
    /// The signed value of the position at each time, quote asset.
    pub position: Vec<f64>,
    /// Closed trades in the order of their end.
    pub trades: Vec<Trade>,
    /// Σ |price × quantity| of all fills, quote asset.
    pub traded: f64,
    /// Number of fills.
    pub fills: usize,
    /// Fees paid, quote asset.
    pub fees: f64,
    /// What fills cost against the price that the strategy decided on, quote asset.
    pub slippage: f64,
    /// Funding received (paid when below zero), quote asset.
    pub funding: f64,
}

/// A position from its opening to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Trade {
    /// Buy: a long one.
    pub side: Side,
    /// UTC milliseconds of the opening.
    pub entered: i64,
    /// UTC milliseconds of the end.
    pub exited: i64,
    /// Largest quantity, base asset.
    pub qty: f64,
    /// Average price of the opening.
    pub entry: f64,
    /// Average price of the closing.
    pub exit: f64,
    /// Profit after fees, quote asset.
    pub profit: f64,
    /// Fees of opening and closing, quote asset.
    pub fees: f64,
    /// Worst course against it while it was open, as a share of the entry price, not above 0.
    pub mae: f64,
    /// Best course for it while it was open, as a share of the entry price, not below 0.
    pub mfe: f64,
    /// Why it was closed: the strategy's reason.
    pub reason: String,
}

impl Trade {
    /// Profit after fees as a share of what was put in at the entry.
    #[must_use]
    pub fn share(&self) -> f64 {
        let put_in = self.entry * self.qty;
        if put_in > 0.0 { self.profit / put_in } else { 0.0 }
    }

    /// How long it was open, in milliseconds.
    #[must_use]
    pub const fn held(&self) -> i64 {
        self.exited - self.entered
    }
}

impl Track {
    /// What the account was worth at the end.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.equity.last().copied().unwrap_or(self.start)
    }

    /// From the beginning to the last point, in days of 24 hours.
    #[must_use]
    pub fn days(&self) -> f64 {
        let last = self.times.last().copied().unwrap_or(self.from);
        // The last millisecond of the last bar belongs to it.
        (last + 1 - self.from) as f64 / super::calendar::DAY_MS as f64
    }
}
