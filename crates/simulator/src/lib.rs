//! Layer 5, a test's program: bots, their journal, the order protocol and a venue in one thread, in virtual time, under seeded
//! faults. Nothing is mocked: the engine, the conductor, the tracker, the journal (on a disk model with power cuts) and the
//! exchange core are the ones that run in production; only the wire between them is simulated.
//!
//! Faults: requests are lost, late (also after the venue's window, which refuses them) or answered by nobody; answers are lost;
//! reports are late, repeated or lost (the connection then says so); the process is killed or loses power at any point of its
//! loop, also between the commit and the send. A seed is a run; equal seeds, equal runs.
//!
//! Checked all the time and at the end, when the faults have stopped: see [`Finding`]. [`Plant`] breaks a rule on purpose; a test
//! shows that each is found. Limits: the venue itself does not crash here; reports of one
//! connection keep their order, as venues promise: a cancel whose fill comes after it, lost in a crash between the two, would be
//! noticed only by comparing ledger and account.

mod cast;
mod driver;
mod finding;
mod ghosts;
mod network;
mod plant;
mod random;
mod site;
mod world;

pub use finding::Finding;
pub use plant::Plant;
pub use world::{Counts, run, run_and_replay};
