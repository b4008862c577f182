//! Bounds of the exchange core, with their reasons.

/// Most assets: an id is 16 bits, and each costs a line in the ledger's totals.
pub const ASSETS_MAX: u16 = 4_096;

/// Most markets: an id is 16 bits, and each costs a book and its statistics.
pub const MARKETS_MAX: u16 = 4_096;

/// Most accounts: ten million rows of a few hundred bytes are what one machine holds.
pub const ACCOUNTS_MAX: u32 = 10_000_000;

/// Memo slots: the slot number is one byte.
pub const MEMO_SLOTS: usize = 256;

/// Most parts of an iceberg on any market: each part is an event of its own when a taker sweeps it, and one command's
/// events must stay bounded.
pub const ICEBERG_PARTS_MAX: u32 = 1_000;
