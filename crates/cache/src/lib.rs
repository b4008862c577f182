//! Layer 3: a read cache of rendered answers. Memory first, then Redis where there is one, then the origin. What it forbids: a cache
//! that knows what it keeps, and a private value under a public key.
//!
//! Invariants
//! * One origin call per key at a time, however many wait ([`Cache::get`]); an origin that fails is asked again by the next caller.
//! * What is private has its owner in the key ([`Key::owned`]).
//! * Redis makes things slower at worst: every call has a time limit and a breaker ([`Breaker`]), and what it does not answer is asked
//!   of the origin. It is never the only place of anything.
//! * An entry lives no longer than its class and its key say, wherever it came from: its age travels with it. Whoever gives a version with
//!   the key never gets a value of another one.
//! * What is removed stays removed: a load that began before is not kept, and other instances with the same Redis are told
//!   (`invalidation.rs`).
//! * Each class is bounded in entries and in bytes.

mod bucket;
mod class;
mod invalidation;
mod key;
mod memory;
mod remote;
mod statistics;

pub use breaker::{Breaker, State};
pub use bucket::{SharedBucket, SharedRate};
pub use class::{Class, ENTRY_LEN};
pub use key::Key;
pub use memory::{Cache, Options};
pub use remote::RemoteError;
pub use statistics::{Layer, Line};
