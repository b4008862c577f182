//! Every function by name: a stream gives the bits of the batch, and a restored one goes on as if nothing had happened.

#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

mod series;
mod streams;
