//! One line of a transaction: a pot, an asset, an amount.

use crate::Holder;
use types::{AssetId, Money};

/// Where money lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pot {
    /// A customer's money that can be spent.
    Available(Holder),
    /// A customer's money reserved by live orders.
    Locked(Holder),
    /// What the exchange earned in fees.
    Fees,
    /// The world outside: minus everything that came in and has not left. The only pot that may be negative.
    House,
}

/// One line of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Which pot changes.
    pub pot: Pot,
    /// In which asset.
    pub asset: AssetId,
    /// By how much, negative when taken away.
    pub delta: Money,
}

/// Why a transaction was not booked. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostingError {
    /// The amounts of an asset do not add up to zero (invariant L2).
    Unbalanced,
    /// More than [`crate::TRANSACTION_ASSETS_MAX`] assets.
    TooManyAssets,
    /// A pot other than the house would fall below zero (invariant L3).
    Negative {
        /// The asset.
        asset: AssetId,
        /// What the pot holds at that line.
        has: Money,
        /// What the line takes.
        takes: Money,
    },
    /// More of an asset than [`crate::MONEY_MAX`] would exist.
    TooMuch,
    /// No such holder or asset was opened.
    Unknown,
}

impl std::fmt::Display for PostingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unbalanced => f.write_str("the postings of a transaction do not add up to zero"),
            Self::TooManyAssets => f.write_str("a transaction moves more assets than a trade can"),
            Self::Negative { asset, has, takes } => {
                write!(f, "asset {asset}: takes {} out of {}", takes.0, has.0)
            }
            Self::TooMuch => f.write_str("more of an asset would exist than the ledger can count"),
            Self::Unknown => f.write_str("no such holder or asset"),
        }
    }
}
impl std::error::Error for PostingError {}
