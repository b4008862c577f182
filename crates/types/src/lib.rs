//! Layer 0: the words every other crate speaks. Plain data, no I/O, no clock, std only.
//!
//! Numbers are integers at a permanent decimal scale ([`Price`], [`Qty`], [`Money`]); time is UTC nanoseconds and
//! always comes with the input ([`Time`]). [`command`] and [`event`] are the exchange's one way in and one way out.

mod bar;
pub mod codec;
pub mod command;
pub mod decimal;
pub mod depth;
pub mod event;
pub mod execution;
mod ids;
pub mod instrument;
mod instrument_id;
mod interval;
mod market_event;
mod number;
pub mod order;
pub mod refusal;
mod text;
mod time;
pub mod wire;

pub use bar::Bar;
pub use command::{Command, Stamped};
pub use event::Event;
pub use execution::{Liquidation, Outcome, Report, VenueFill, VenueReason};
pub use ids::{AccountId, AssetId, ListId, MarketId, OrderId, TradeId};
pub use instrument::{Asset, Market};
pub use instrument_id::{Instrument, InstrumentId, InstrumentKind};
pub use interval::Interval;
pub use market_event::{FeedState, MarketEvent, MarketNews, Print};
pub use number::{Bips, FeeRate, Money, Overflow, Price, Qty, SignedQty};
pub use order::{ListView, OrderStatus, OrderType, OrderView, Side, StpMode, Terms, TimeInForce};
pub use refusal::Refusal;
pub use text::{AccountName, AssetCode, ClientOrderId, Symbol, TextError, VenueName};
pub use time::Time;
