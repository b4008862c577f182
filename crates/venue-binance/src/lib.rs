//! Layer 3: market data of a venue that speaks Binance spot (stream and REST as documented in July 2026), for bots that trade on paper.
//!
//! ```text
//! stream ─► messages ─► Line (one market's book, by Binance's procedure) ─┐
//! REST ──► snapshots, bars ─► Series (closed bars, none missing or twice) ─┴─► Outlet
//! ```
//! A market is DOWN until its book is continuous and the bars that closed meanwhile were told, and again from the moment the
//! connection ends; a gap in the book asks for a new snapshot, and until it came the book says by itself that it is stale (M1, M2).
//! Recorded and live messages are read by the same code (`archive`). What this crate forbids: a connection to an address that nobody
//! looked at ([`Endpoint`]), and an order: it has no keys and no way to send one.
//!
//! Limits: see [`limits`]; bars carry no quantity of their last trade, for a kline has none.

mod address;
mod error;
mod follow;
pub mod limits;
mod line;
mod listing;
mod rest;
mod series;
mod wire;

pub use address::{Endpoint, Judge, Reach, Tls};
pub use error::FeedError;
pub use follow::{Asker, Following, Outlet, follow};
pub use listing::{VENUE, listed};
