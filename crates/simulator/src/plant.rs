//! Rules broken on purpose.

/// A rule broken on purpose, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// Nothing.
    None,
    /// An order without an answer is sent again.
    ResendOnTimeout,
    /// A repeated report of a fill counts as another fill.
    DoubleFill,
    /// Orders leave before their record is durable.
    SendBeforeCommit,
    /// "Not found" counts at once, as if no request could be under way.
    BelieveNotFound,
    /// Nobody asks about orders whose fate is not known.
    NeverAsk,
    /// Reports that were lost are not said to be lost.
    SilentLoss,
    /// A stop is acknowledged, and the bot goes on.
    DeafToStop,
    /// Of a pair only the first order leaves; the other one is believed to be there.
    HalfPair,
}
