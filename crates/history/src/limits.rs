//! Every bound of the store, with its reason.

/// Most items of one read: Binance's largest page.
pub const PAGE_MAX: usize = 1_000;
/// Rows kept in memory before the store's thread is woken to write them, about 10 MB: large transactions are several
/// times cheaper per row than small ones.
pub const PENDING_WAKE: usize = 32_768;
/// Rows kept in memory before feeding waits for the disk, about 100 MB. Only a replay is that fast for that long.
pub const PENDING_MAX: usize = 8 * PENDING_WAKE;
/// Longest time in seconds that a row stays in memory only. A crash then re-feeds at most that much from the journal.
pub const PENDING_SECONDS_MAX: u64 = 15;
/// Most rows that retention removes in one transaction, so that a lowered limit does not stall reads and writes.
pub const RETIRED_PER_WRITE_MAX: usize = 4 * PENDING_WAKE;
/// Ended things in one entry of the retention queue; retention works in such steps.
pub const RETIRING_PACK: usize = 64;
/// Page cache of the database in bytes: hot tails of all tables fit many times over.
pub const CACHE_BYTES: usize = 16 << 20;
/// Free space in bytes below which nothing is written, beside what the rows take: the database must never meet a full disk in
/// the middle of a transaction, because then it has to be opened anew.
pub const FREE_MIN: u64 = 8 << 20;
/// Bytes that a pending row takes in the file at most, with its indexes and what a transaction copies.
pub const ROW_BYTES: u64 = 512;
/// Files below this many bytes are not worth compacting.
pub const COMPACT_FILE_MIN: u64 = 64 << 20;
/// A file this many times larger than its rows is compacted when it is opened.
pub const COMPACT_SHARE: u64 = 4;
