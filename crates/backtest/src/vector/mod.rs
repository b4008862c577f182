//! The vectorised path: for strategies whose decision is a function of indicator columns, the same fills and the same money as
//! the event path at a hundredth of the time.
//!
//! Indicator columns ([`cache`]) → stance per bar ([`kernel::Signal`], one per strategy in [`rules`]) → orders, fills, fees and
//! equity ([`kernel`], [`desk`]). Money is integers throughout; floats carry signals only and have the same bits as the
//! streaming indicators'. What this path cannot do it does not imitate: [`desk::NeedsEvents`].

pub mod cache;
mod columns;
pub mod desk;
mod judge;
pub mod kernel;
pub mod marks;
mod read;
pub mod rules;
pub mod scorer;
mod sliding;

pub use cache::Cache;
pub use columns::Columns;
pub use desk::{Desk, Fill, NeedsEvents, Size, Unfilled};
pub use judge::VectorJudge;
pub use kernel::{End, Signal, Watch};
pub use marks::Marks;
pub use rules::Rule;
pub use scorer::Scorer;

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// Above zero.
    Long,
    /// Nothing.
    Flat,
    /// Below zero.
    Short,
}

#[cfg(test)]
pub(crate) mod tests {
    use types::{Instrument, InstrumentId, InstrumentKind, MarketId, Price, Symbol, VenueName};

    /// A spot market with a tick of 0.01.
    pub(crate) fn spot() -> Instrument {
        let id =
            InstrumentId { venue: VenueName::new("file").unwrap(), symbol: Symbol::new("BTCUSDT").unwrap() };
        crate::listing(id, InstrumentKind::Spot, Price(1_000_000), MarketId(0)).unwrap()
    }
}
