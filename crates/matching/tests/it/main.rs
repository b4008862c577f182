//! One suite for the fast structures and their naive twins.
//!
//! Random runs print their seed when they fail; `MATCHING_SEED` repeats one run of each kind with that seed, and
//! `MATCHING_COMMANDS` sets the commands per kind of run (the soak uses millions).

#![allow(clippy::unwrap_used, reason = "a test may stop at what cannot happen")]

mod differential;
mod invariants;
mod random;
mod rules;
mod triggers;
mod twins;
