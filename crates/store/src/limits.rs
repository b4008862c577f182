//! The bounds of the store, each with its reason.

use std::time::Duration;

/// Writes that may wait for SQLite's writer. At a commit per millisecond this is a second's work; more is overload, and
/// waiting longer would only hide it.
pub const WRITES_WAITING_MAX: usize = 1_024;
/// Transactions that share one commit. Enough to make the sync cheap, few enough that the first does not wait long.
pub const GROUP_MAX: usize = 128;
/// A group takes no further transaction after this time.
pub const GROUP_TIME_MAX: Duration = Duration::from_millis(20);
/// Statements slower than this are logged and remembered.
pub const SLOW: Duration = Duration::from_secs(1);
/// Different slow statements that are remembered; beyond that only counted.
pub const SLOW_KINDS_MAX: usize = 200;
/// Characters of a statement that are logged.
pub const SQL_SHOWN_MAX: usize = 500;
/// Longest a statement may take unless its caller says otherwise.
pub const STATEMENT_TIME_MAX: Duration = Duration::from_secs(30);
/// Longest wait for a free connection.
pub const ACQUIRE_TIME_MAX: Duration = Duration::from_secs(30);
/// Longest wait for a new connection to PostgreSQL.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);
/// A connection of PostgreSQL that nobody used so long is closed, down to the pool's minimum.
pub const IDLE_TIME_MAX: Duration = Duration::from_secs(30);
/// A connection of PostgreSQL is not used longer than this, so that settings and fail-overs reach it.
pub const LIFETIME_MAX: Duration = Duration::from_secs(3_600);
/// Longest that the end of a program waits for maintenance on PostgreSQL: a REINDEX may take an hour, and is done again.
pub const MAINTENANCE_END_MAX: Duration = Duration::from_secs(5);
/// How often the pools are sampled.
pub const SAMPLE_EVERY: Duration = Duration::from_secs(5);
/// Rows of one page that a caller may ask for.
pub const PAGE_MAX: u32 = 1_000;
/// Readers of SQLite: each is a thread; reads share the disk, so more would not be faster.
pub const READERS_MAX: u32 = 10;
/// Readers of SQLite that are always there.
pub const READERS_MIN: u32 = 2;
/// Prepared statements kept per connection: more than the store has.
pub const STATEMENTS_KEPT: usize = 256;
