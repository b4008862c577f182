//! The store against SQLite and PostgreSQL: one conformance suite, run against both.

#![allow(clippy::unwrap_used, reason = "tests")]

mod away;
mod conformance;
mod engines;
mod months;
mod old_files;
mod plans;
mod replica;
mod schema;
mod tenancy;
mod upkeep;
