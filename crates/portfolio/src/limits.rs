//! Bounds of the ledger, with their reasons.

use types::Money;

/// Most of one asset that may exist at once, 2^96 units (about 8 × 10^20 whole coins at scale 8): no balance, no sum of
/// balances and no balance × fee rate (2^27) can then leave 128 bits, so settlement after matching cannot overflow.
pub const MONEY_MAX: Money = Money(1 << 96);

/// Most distinct assets in one transaction: a trade moves base and quote.
pub const TRANSACTION_ASSETS_MAX: usize = 2;
