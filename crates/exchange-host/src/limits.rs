//! Bounds of this crate, with their reasons.

use std::time::Duration;
use types::AccountId;

/// Commands that wait for the writer. At 100,000 a second this is the work of 160 ms; beyond it callers are told `Busy`.
pub const QUEUE_MAX: usize = 16_384;

/// Commands of one group commit. Bounds the memory of a group (about 2 KB of events for each command) and the time until the
/// first of it is answered; with a sync of 10 ms it still lets 200,000 a second through.
pub const GROUP_MAX: usize = 2_048;

/// Bytes of the records of one group: far below what the journal takes in one commit.
pub const GROUP_BYTES_MAX: usize = 16 << 20;

/// Longest time that a command for which nobody waits stays uncommitted. It is also how old the news of such commands is when it is told.
pub const RELAXED_MAX: Duration = Duration::from_millis(5);

/// Groups between the writer and the views. Small: it only has to cover one sync.
pub const PUBLISH_QUEUE_MAX: usize = 4;

/// Commands whose effects are put into the views under one lock: bounds how long a reader can be held up, about 50 µs.
pub const VIEW_CHUNK: usize = 32;

/// Batches that a slow receiver of [`crate::Handle::batches`] may lag behind before it loses some (and is told so): half a
/// second at a sync each quarter of a millisecond, a tenth with buffered durability, so that a starved machine does not cost
/// stream clients their connections. Kept only while a receiver lags: groups of 64 commands, the usual size under load, make
/// it 256 MB at the worst.
pub const BATCHES_MAX: usize = 2_048;

/// Commands between two calls of the progress callback while recovering.
pub const PROGRESS_EVERY: u64 = 65_536;

/// Most levels per side of one answer about a book (Binance's largest `limit` of `depth`).
pub const DEPTH_MAX: usize = 5_000;

/// Depths of different limits kept ready for one state of a book: the venue names seven limits and three stream sizes.
pub const DEPTH_CACHED: usize = 10;

/// Minutes of rolling statistics kept per market: seven days, the longest window.
pub const MINUTES_MAX: u32 = 7 * 24 * 60;

/// Windows whose closed part is remembered until the minute ends; the venue's streams and tickers use four.
pub const WINDOWS_CACHED: usize = 16;

/// Accounts from this id on are the simulated participants'; customers' ids start at 1. Their orders are not kept in history.
pub const INTERNAL_FROM: AccountId = AccountId(1 << 31);

/// Records after which a snapshot is taken, whatever their number: replaying so much of the participants' batches takes about
/// 0.7 s, and they write as much in half an hour at normal speed.
pub const SNAPSHOT_BYTES: usize = 16 << 20;

/// Free space on the file system below which new commands are refused: what history and a snapshot may still write, twice over.
pub const DISK_LOW: u64 = 32 << 20;

/// Free space at which they are taken in again: two segments more.
pub const DISK_ENOUGH: u64 = DISK_LOW + (32 << 20);

/// Space in ready segments that must be left for new commands when no further segment can be made (at most a whole segment): one
/// batch of the largest size and what cancels need after it.
pub const JOURNAL_ENOUGH: u64 = 9 << 20;

/// Space in ready segments below which not even a cancel is taken in: some of them, of a few hundred bytes each.
pub const JOURNAL_LAST: u64 = 16 << 10;

/// Most of an asset in one transfer of the operator, in its smallest units: 10^15 whole coins at scale 8. The ledger's own
/// bound is above it, so a transfer that passes is not refused halfway through opening an account.
pub const TRANSFER_MAX: i128 = 100_000_000_000_000_000_000_000;
