//! The API over a real host: what clients send, and what comes back.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails here

mod client;
mod desk;
mod errors;
mod hostile;
mod keys;
mod market;
mod orders;
mod private;
mod socket;
mod streams;
mod trading;
mod venue;
