//! Bounds of this crate, each with its reason.

/// Rows of a block: what a reader holds in memory of one series (3 MB of bars), large enough that its cost per row is nil.
pub const BLOCK_ROWS_MAX: usize = 65_536;
/// Price levels of a block of book events: a thousand-level snapshot weighs as much as a thousand trades.
pub const BLOCK_LEVELS_MAX: usize = 524_288;
/// Longest line of a text that is imported: a snapshot of 5,000 levels a side has 400 KB.
pub const LINE_LEN_MAX: usize = 8 << 20;
/// Most columns of a CSV: the widest archive of a venue has twelve.
pub const CSV_COLUMNS_MAX: usize = 64;
/// Compressed market data shrinks 3 to 40 times; what grows more than this when it is unpacked is an attack.
pub const EXPANSION_MAX: u64 = 250;
/// Below this size nobody asks how much a file grew.
pub const EXPANSION_FREE: u64 = 64 << 20;
/// Largest manifest that is read: one year of trades in blocks has 2 MB.
pub const MANIFEST_LEN_MAX: u64 = 256 << 20;
/// Imports remembered for a series; the oldest are forgotten first.
pub const IMPORTS_KEPT_MAX: usize = 1_000;
/// Rows that `--sort` holds in memory at once (about 8 GB of bars).
pub const SORTED_ROWS_MAX: usize = 50_000_000;
/// Largest share of a venue's rows that may differ before a comparison stops telling examples.
pub const EXAMPLES_MAX: usize = 20;
