//! Layer 3: the core of the live stream of `docs/stream.md`. Rooms number their events and remember the last ones, connections hold
//! what waits for a client, and both are bounded. What it forbids: a room that knows a session, a market or a socket.
//!
//! Invariants
//! * The offsets that a connection is handed of one room rise, and whoever comes back with an offset gets everything after it or is
//!   told that it cannot be had ([`Recovery`]).
//! * An event is written out once and deflated at most once, however many hear it ([`Frame`]).
//! * A private room belongs to one owner: the owner is part of a room's address ([`Channel`]), taken from the connection, never
//!   from what a client says.
//! * A slow client costs at most [`limits::BACKLOG_MAX`] events or [`limits::BACKLOG_BYTES_MAX`] bytes; conflated events replace each
//!   other before they count.
//! * A room has one origin that numbers its events. Another process may mirror it ([`relay`]): it has the origin's epoch and offsets, and
//!   what did not arrive is asked for or told as lost, never passed over.
//! * An event is sent past a client's server only while that has nothing in hand and nothing waits ([`Serves`]); the order is the same.
//!
//! No I/O, no clock: time comes with every call that needs it. Locks are held for a push, a copy or one message sent at once; a room's
//! lock is taken before a connection's, never the other way round.

mod backlog;
mod connection;
mod deflate;
mod frame;
mod hub;
pub mod limits;
mod pace;
pub mod protocol;
pub mod relay;
mod ring;
mod room;
mod tickets;

pub use connection::{Connection, Full, Over, Serves, TooManyRooms};
pub use frame::{Format, Frame, batch, batch_deflated, deflated};
pub use hub::{Counts, Errand, Hub, Mirrored};
pub use pace::{Pace, Verdict};
pub use ring::{Recovery, Since};
pub use room::{Channel, Owner, Room, RoomError};
pub use tickets::Tickets;
