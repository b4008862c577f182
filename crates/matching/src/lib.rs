//! Layer 1: price-time-priority order book and matching rules, and the triggers of conditional orders.
//!
//! [`Book`] is the fast book, [`naive::Book`] its twin in the fewest words; one suite drives both and compares every
//! event, every remainder and every queue (invariants O3, O4, O5). Both are plain state: no clock, no I/O, no
//! floats, no iteration in hash order. Commands write what happened into a buffer that the caller reuses.
//!
//! The rules, in one place:
//! * **Priority** is price, then an arrival stamp that the book gives by itself when an order joins the back of a
//!   level's queue. A partial fill and [`Book::reduce`] keep the stamp; an iceberg's new slice gets a new one.
//! * **Price of a trade** is the maker's.
//! * **Self-trade prevention** follows the taker's mode, at the moment an own maker is next in priority and would
//!   trade. `Decrement` takes the smaller *whole* remainder (hidden part included) from both.
//! * **Fill or kill** is decided before anything happens. Hidden iceberg quantity counts. Own makers do not count
//!   under `ExpireMaker`; under `ExpireTaker`, `ExpireBoth` and `Decrement` an own maker ends the taker's way, so
//!   only what stands before it counts. A killed order leaves the book untouched, own makers included.
//! * **Reducing** an iceberg (by command or by `Decrement`) takes the hidden part first; the shown slice shrinks
//!   only when no more than it is left.
//! * **Budgets** are spent in whole lots: the taker stops at the first maker of which it cannot pay one lot.

pub mod book;
pub mod event;
pub mod naive;
pub mod order;
mod taker;
pub mod triggers;

pub use book::Book;
pub use event::{MatchEvent, Removal};
pub use order::{Cost, Incoming, Kind, Resting, RestoreError, Units};
pub use triggers::{Conditional, TriggerEvent, Triggers, Waiting};
