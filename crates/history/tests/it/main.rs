//! The store against a plain list of everything that was fed.

#![allow(clippy::unwrap_used, reason = "a test may stop at what cannot happen")]

mod damage;
mod market;
mod pages;
mod restart;
mod retention;
