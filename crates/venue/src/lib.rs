//! Layer 3: what the drivers know of a venue. Ports (a market feed, an order gateway, accounts) that adapters implement, and the
//! order protocol's resolution of unknown outcomes as a state machine without I/O, so that it runs in the simulator too.
//!
//! Calls of a port never block; answers and news come to its [`Inbox`]. What this crate forbids: an adapter that decides by
//! itself whether an order may be sent again. Only [`Tracker`] judges what an answer, or its absence, means.

mod event;
mod facts;
mod port;
mod tracker;

pub use event::{Answer, Found, FoundState, OrderRef, VenueEvent};
pub use facts::Facts;
pub use port::{AccountError, Accounts, Full, Inbox, MarketFeed, NotSent, OrderGateway};
pub use tracker::{Action, Tracker};
