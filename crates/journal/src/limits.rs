//! Every bound of the journal, with its reason.

/// Longest record payload in bytes. A full batch of 4,096 order lists stays below 3 MiB; twice that leaves room for memos.
pub const RECORD_LEN_MAX: usize = 8 * 1024 * 1024;
/// Default size of a segment file in bytes. The first one is filled with zeros while the program starts (some 20 ms on an
/// SSD, 150 ms on a hard disk), pruning frees disk space in these steps, recovery holds one segment in memory at a time.
pub const SEGMENT_LEN_DEFAULT: u64 = 16 * 1024 * 1024;
/// Smallest segment: the header and a few blocks; only tests go so low.
pub const SEGMENT_LEN_MIN: u64 = 8 * 1024;
/// Largest segment: bounds the memory of recovery and of a reader, and holds the largest commit.
pub const SEGMENT_LEN_MAX: u64 = 128 * 1024 * 1024;
/// Largest snapshot in bytes: bounds what a damaged length field can make a reader allocate (the file must be as long, too).
pub const SNAPSHOT_LEN_MAX: u64 = 8 * 1024 * 1024 * 1024;
/// Bytes appended but not committed at which `append` refuses: the caller forgot to commit.
pub const PENDING_LEN_MAX: usize = 64 * 1024 * 1024;
