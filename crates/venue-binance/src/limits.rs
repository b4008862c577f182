//! Bounds of this crate, each with its reason.

use std::time::Duration;

/// Markets of one feed: four streams each, and their snapshots, stay far below what Binance allows one address.
pub const MARKETS_MAX: usize = 32;
/// How long connecting, or one answer over REST, may take.
pub(crate) const REQUEST_MAX: Duration = Duration::from_secs(10);
/// Largest answer over REST: a book of 5,000 levels has 0.5 MB.
pub(crate) const ANSWER_LEN_MAX: usize = 8 << 20;
/// Lines of an answer's head.
pub(crate) const HEADERS_MAX: usize = 64;
/// Largest message of the stream.
pub(crate) const MESSAGE_LEN_MAX: usize = 4 << 20;
/// Levels of a snapshot: what Binance gives for a weight of 50.
pub(crate) const SNAPSHOT_LEVELS: u32 = 1_000;
/// Bars in one answer (Binance).
pub(crate) const BARS_MAX: u32 = 1_000;
/// Questions about bars that wait: one for each series of every bot that could be made in a moment.
pub(crate) const ASKS_MAX: usize = 1_024;
/// Nothing for so long: the connection is dead. Binance pings every 20 seconds.
pub(crate) const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Wait before the first attempt to connect again; doubled after each one that failed ...
pub(crate) const BACKOFF_MIN: Duration = Duration::from_millis(250);
/// ... up to this: Binance allows 300 connections in five minutes.
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Attempts to read bars before a bot goes without them.
pub(crate) const ATTEMPTS: u32 = 3;
