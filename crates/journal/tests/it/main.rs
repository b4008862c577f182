//! The journal from outside: real files, injected failures, torn and damaged disks, power cuts.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod damage;
mod faults;
mod life;
mod power;
mod script;
