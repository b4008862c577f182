//! Layer 0: the words every other crate speaks. Plain data, no I/O, no clock, std only.
//!
//! Numbers are integers at a permanent decimal scale ([`Price`], [`Qty`], [`Money`]); time is UTC nanoseconds and
//! always comes with the input ([`Time`]). [`command`] and [`event`] are the exchange's one way in and one way out.

pub mod command;
pub mod decimal;
pub mod event;
mod ids;
pub mod instrument;
mod number;
pub mod order;
pub mod refusal;
mod text;
mod time;
pub mod wire;

pub use command::{Command, Stamped};
pub use event::Event;
pub use ids::{AccountId, AssetId, ListId, MarketId, OrderId, TradeId};
pub use instrument::{Asset, Market};
pub use number::{Bips, FeeRate, Money, Overflow, Price, Qty};
pub use order::{ListView, OrderStatus, OrderType, OrderView, Side, StpMode, Terms, TimeInForce};
pub use refusal::Refusal;
pub use text::{AccountName, AssetCode, ClientOrderId, Symbol, TextError};
pub use time::Time;
