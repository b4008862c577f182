//! Layer 1: the life of an order from our side, at a venue that we do not control.
//!
//! An intent is recorded before it leaves and has a deterministic identity; a report is applied once, in whatever order and
//! however often it comes; an outcome that is not known stays UNKNOWN and keeps its reservation until the venue resolves it
//! (order protocol, steps 1–4; invariants O1, O2, B1). A [`Bracket`] says where a position is to be left; what keeps it is the
//! engine.

mod book;
pub mod bracket;
mod identity;
pub mod limits;
mod native;
mod order;
mod saved;
mod venue_order;

pub use book::{Anomalies, OrderBook};
pub use bracket::{Bracket, BracketError, Level};
pub use identity::{BotId, Identity};
pub use native::Native;
pub use order::{Anomaly, Change, Order, State};
pub use saved::Form;
pub use venue_order::{OtherLeg, VenueOrder};
