//! How much is kept. Zero switches a bound off.

/// Bounds of the store, so that its file stays bounded too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Trades per market; as many aggregated trades.
    pub trades: u64,
    /// Bars per market and interval.
    pub bars: u64,
    /// Closed orders of all accounts together, with their fills.
    pub orders: u64,
    /// Fills of all accounts together; the oldest closed orders go with theirs when there are more.
    pub fills: u64,
    /// Days after which a closed order goes.
    pub order_days: u32,
    /// Prevented matches of all accounts together.
    pub prevented: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            trades: 200_000,
            bars: 100_000,
            orders: 2_000_000,
            fills: 4_000_000,
            order_days: 0,
            prevented: 100_000,
        }
    }
}
