//! The host as its users see it, on real files in a temporary directory.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

mod control;
mod durability;
mod fixture;
mod full_disk;
mod gate;
mod lifecycle;
mod recovery;
mod soak;
mod views;
