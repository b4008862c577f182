//! Layer 3: how much each user and each address may ask for. Buckets by route class ([`Buckets`]), a user's conduct
//! ([`Conduct`]), and what is put off when the machine has too much to do ([`Shedder`]). What it forbids: a limit that knows HTTP, a
//! session or a clock.
//!
//! Invariants
//! * Nobody's bucket is touched by another's requests; a flood by one user empties that user's buckets only.
//! * Orders and cancels are put off last, whatever the load.
//! * Maps are bounded; what is forgotten first is full again anyway, so that forgetting gives nobody more than waiting would.
//!
//! Times are milliseconds of any clock that goes on, given by the caller.

mod bucket;
mod class;
mod conduct;
mod shed;
mod table;

pub use bucket::{Bucket, Rate, Refused, Standing};
pub use class::{Class, Priority, Tier, rate};
pub use conduct::Conduct;
pub use shed::{Load, Shedder};
pub use table::{Buckets, Decision, Key};
