//! What happened on the exchange, on disk: trades, aggregated trades, bars, closed orders, fills, amendments, closed
//! lists and prevented matches; paged by id and time.
//!
//! A projection of the journal's events, applied once by command number. [`Feed`] takes events into memory, where every
//! [`Reader`] sees them at once; a thread of the store's own writes them to the file in large transactions, together
//! with the number of the last command in them. What a crash loses is fed again from the journal, and what is stored
//! already is skipped; so the journal may be pruned up to [`Reader::durable_seq`] and no further.
//!
//! Limits: see [`limits`]. Live orders are not here: the exchange's core has them.

mod codec;
mod codec_terms;
mod disk;
mod error;
mod feed;
mod fold;
mod inspect;
pub mod limits;
mod page;
mod pending;
mod range;
mod reader;
mod record;
mod retention;
mod retiring;
mod row;
mod shared;

pub use error::Failure;
pub use feed::{Applied, Config, Feed, open};
pub use inspect::{Inspected, inspect, last_command};
pub use range::Range;
pub use reader::Reader;
pub use record::{AccountFill, AggTrade, Amendment, ClosedOrder, PreventedMatch};
pub use retention::Retention;
pub use types::{Bar, Interval};
