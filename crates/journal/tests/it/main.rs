//! The journal from outside: real files, injected failures, torn and damaged disks, power cuts.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod codec;
mod commands;
mod damage;
mod ext4;
mod faults;
mod golden;
mod life;
mod power;
mod reading;
mod script;
